"""Offer what may be done to a case now, with the fields each action demands.

Used by the screen of a case. What was typed stays until it is saved, whoever else saves meanwhile.
"""

from __future__ import annotations

from dataclasses import replace
from datetime import datetime, time, timedelta
from typing import TYPE_CHECKING, Final
from zoneinfo import ZoneInfo

import streamlit as st

from dashboard import cache
from dashboard import session as visitor
from dashboard.actions import cases as acts
from dashboard.cache.cases import desks
from dashboard.components.case_words import state_text, worded
from dashboard.components.formats import moment
from dashboard.components.notices import guard
from dashboard.components.plain import plain
from data.errors import DataError, StaleRevision
from data.lifecycle import DEMANDS, LEVELS, CaseAction, Demand, Move
from data.repositories.case_writes import LONGEST_NOTE
from data.viewer import Role
from data.vocabulary import CaseLevel

if TYPE_CHECKING:
    from dashboard.text import Words
    from dashboard.viewmodels.cases_page import CasePage
    from data.viewer import Viewer

_END_OF_WORK: Final = time(18)


def acting(words: Words) -> Viewer:
    """Ask under which service number the visitor acts; the account itself otherwise.

    Without accounts of their own all visitors of a store would be one person, and nobody could
    check another's work.
    """
    account = cache.viewer()
    held = visitor.load().case_desk
    found = {desk.name: desk for desk in desks()}
    options = ["", *found]
    visitor.seed("case_actor", held.actor if held.actor in found else "")
    name = st.selectbox(
        words("case.acting"), options, key="case_actor", help=words("case.acting_help"),
        format_func=lambda code: (
            words("case.account", name=account.name, role=words.label("role", account.role.value))
            if not code
            else f"{found[code].title} · {code} · {found[code].place}"
            if code in found
            else code  # a word of the other language is nobody
        ),
    )  # fmt: skip
    role = found[name].role.value if name in found else ""
    if (name, role) != (held.actor, held.role):
        visitor.update(case_desk=replace(visitor.load().case_desk, actor=name, role=role))
    return acts.acting_as(account, name, Role(role)) if name else account


def actor_name() -> str:
    """Say under which name the visitor acts, without asking."""
    return visitor.load().case_desk.actor or cache.viewer().name


def move_panel(words: Words, page: CasePage, tz: str) -> Viewer:
    """Show who acts, what they may do, the fields, and save; give who acts."""
    record, key = page.record, page.record.key.as_text()
    st.markdown(f"**{words('case.next_step')}**")
    viewer = acting(words)
    desk = visitor.load().case_desk
    if desk.seen[0] != key:
        desk = replace(desk, seen=(key, record.version))
        visitor.update(case_desk=desk)
    seen = desk.seen[1]
    if seen != record.version:
        _conflict(words, page, seen, tz)
    actions = page.actions(viewer)
    if CaseAction.VERIFY in page.actions(replace(viewer, name="")) and (
        viewer.name in page.state.workers
    ):
        st.caption(words("case.second_person"))
    if not actions:
        st.caption(words("case.nothing_to_do", role=words.label("role", viewer.role.value)))
    action = _choose(words, actions, key, desk.done)
    note = _note(words, action, key, desk.done)
    if action is None:
        return viewer
    move = Move(action, note, _due(words, page, action, tz), _level(words, page, action))
    if st.button(words("case.save", action=words(f"case_action.{action.value}")), type="primary",
                 key="case_save"):  # fmt: skip
        _save(words, page, viewer, move, seen)
    return viewer


def _saw(key: str, version: int) -> None:
    """Remember which version the visitor has seen: the next change is made against it."""
    visitor.update(case_desk=replace(visitor.load().case_desk, seen=(key, version)))


def _save(words: Words, page: CasePage, viewer: Viewer, move: Move, seen: int) -> None:
    record = page.record
    with guard(words):
        try:
            changed = acts.move(
                cache.database(), viewer, record.key, move, expected_version=seen,
                now=max(cache.written_at(), page.last_at),
            )  # fmt: skip
        except StaleRevision:
            if seen == record.version:  # saved between our reading and our writing
                raise
            return  # the conflict is shown already
        except DataError as error:
            tz = cache.facts().tz
            raise type(error)(error.code, **worded(words, error.fields, tz)) from error
        desk = visitor.load().case_desk
        visitor.update(
            case_desk=replace(
                desk,
                seen=(record.key.as_text(), changed.version),
                done=desk.done + 1,
                told=("case.saved", state_text(words, changed.status)),
            )
        )
        st.rerun()


def _conflict(words: Words, page: CasePage, seen: int, tz: str) -> None:
    """Say that somebody saved first: what was seen, what it is now, by whom and when."""
    record = page.record
    if visitor.value("case_save"):
        st.error(words("case.not_saved"))
    later = [stage.step for stage in page.stages if not stage.step.is_derived]
    newer = later[-(record.version - seen) :] if record.version > seen else []
    before = newer[0].status_before if newer else record.status
    by = newer[-1].actor if newer else ""
    st.warning(
        words(
            "case.conflict",
            yours=seen,
            before=plain(state_text(words, before)),
            current=record.version,
            after=plain(state_text(words, record.status)),
            by=plain(by),
            at=moment(newer[-1].at if newer else None, tz),
        )
    )
    st.button(
        words("case.go_on"), key="case_go_on", on_click=_saw,
        args=(record.key.as_text(), record.version),
    )  # fmt: skip


def _choose(
    words: Words, actions: tuple[CaseAction, ...], key: str, done: int
) -> CaseAction | None:
    if not actions:
        return None
    names = [action.value for action in actions]
    chosen = st.pills(
        words("case.action"), names, key=f"case_action_{key}_{done}_{'_'.join(names)}",
        format_func=lambda name: words(f"case_action.{name}"), label_visibility="collapsed",
    )  # fmt: skip
    return CaseAction(chosen) if chosen in names else None


def _note(words: Words, action: CaseAction | None, key: str, done: int) -> str:
    """Ask for the note or evidence; the field stays whatever the action becomes."""
    demands = DEMANDS.get(action, ()) if action else ()
    label = "case_demand.optional"
    if Demand.EVIDENCE in demands:
        label = "case_demand.evidence"
    elif Demand.NOTE in demands:
        label = "case_demand.note"
    name = f"case_note_{key}_{done}"
    if action is None and not visitor.value(name):
        return ""
    st.caption(words(label))
    return st.text_area(
        words("case.note"), key=name, max_chars=LONGEST_NOTE, height=90,
        label_visibility="collapsed", help=words("case.note_help"),
    )  # fmt: skip


def _due(words: Words, page: CasePage, action: CaseAction, tz: str) -> datetime | None:
    if action is not CaseAction.EXTEND:
        return None
    local = (page.record.due_at or page.now).astimezone(ZoneInfo(tz))
    start = max(local.date(), page.now.astimezone(ZoneInfo(tz)).date()) + timedelta(days=1)
    day = st.date_input(
        words("case_demand.due"), value=start, key=f"case_due_{page.record.key.as_text()}",
        format="YYYY-MM-DD",
    )  # fmt: skip
    return datetime.combine(day, _END_OF_WORK, ZoneInfo(tz))


def _level(words: Words, page: CasePage, action: CaseAction) -> CaseLevel | None:
    if action is not CaseAction.ESCALATE:
        return None
    higher = [level.value for level in LEVELS[LEVELS.index(page.state.level) + 1 :]]
    chosen = st.selectbox(
        words("case_demand.level"), higher, key=f"case_level_{page.record.key.as_text()}",
        format_func=lambda level: words.label("case_level", level),
    )  # fmt: skip
    return CaseLevel(chosen) if chosen else None
