"""Show what a second planner did meanwhile, drawings that wait to be taken up, and comments.

Used by the planner's editor. Nothing that somebody drew is lost: it waits here in the store.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Final

import streamlit as st

from dashboard import cache
from dashboard import session as visitor
from dashboard.actions import plans as acts
from dashboard.cache import planner as kept
from dashboard.components.formats import moment
from dashboard.components.plain import plain
from dashboard.components.plan_turns import attempt, planner, settle, settled, turn_of
from dashboard.components.plan_words import codes_text, facts_of
from dashboard.viewmodels.planner import sketch_of
from data.repositories.plan_records import LONGEST_NOTE

if TYPE_CHECKING:
    from collections.abc import Mapping
    from typing import Any

    from dashboard.text import Words
    from dashboard.viewmodels.planner import PlanState
    from data.repositories.plans import AsideRecord

_LISTED: Final = 6


def show_conflict(words: Words, state: PlanState) -> None:
    """Say what came meanwhile, where somebody else was quicker; mine waits below."""
    told = visitor.load().plan_desk.conflict
    if told is None:
        return
    with st.container(border=True, key="plan_conflict"):
        tz = cache.facts().tz
        st.warning(
            words(
                "planner.conflict",
                by=plain(told["by"]),
                at=moment(told["at"], tz),
                yours=told["yours"],
                current=told["current"],
            )
        )
        edits = list(told.get("edits") or ())
        lines = [_edit_line(words, edit, tz) for edit in edits[:_LISTED]]
        lines = lines or [words("planner.conflict_other", action=_action(words, told))]
        st.markdown("\n".join(f"- {line}" for line in lines))
        if told.get("aside"):
            st.caption(words("planner.yours_waits", number=told["aside"]))
        st.button(words("planner.seen"), key="plan_seen", on_click=_seen)
    del state


def _action(words: Words, told: Mapping[str, Any]) -> str:
    return words.label("plan_action", str(told.get("action")))


def _edit_line(words: Words, edit: Mapping[str, Any], tz: str) -> str:
    return words(
        "planner.edit_line",
        number=edit["number"],
        kind=words.label("plan_edit_kind", str(edit["kind"])),
        codes=plain(codes_text(edit["grids"])),
        by=plain(edit["by"]),
        at=moment(edit["at"], tz),
    )


def _seen() -> None:
    visitor.at_plan_desk(conflict=None)


def show_waiting(words: Words, state: PlanState, asides: tuple[AsideRecord, ...]) -> None:
    """List the drawings that wait: take up again, or dismiss."""
    if not asides:
        return
    with st.container(border=True, key="plan_asides"):
        st.markdown(f"**{words('planner.waiting')}**", help=words("planner.waiting_help"))
        for aside in asides[-_LISTED:]:
            _aside(words, state, aside)
        if len(asides) > _LISTED:
            st.caption(words("planner.waiting_more", n=len(asides) - _LISTED))


def _aside(words: Words, state: PlanState, aside: AsideRecord) -> None:
    sketch, tz = sketch_of(aside), cache.facts().tz
    line = words(
        "planner.edit_line",
        number=aside.id,
        kind=words.label("plan_edit_kind", sketch.kind),
        codes=plain(codes_text(sketch.codes)),
        by=plain(aside.author),
        at=moment(aside.at, tz),
    )
    st.markdown(line)
    st.caption(plain(words.error(aside.reason, facts_of(words, aside.fields, tz))))
    row = st.container(horizontal=True)
    row.button(
        words("planner.take_up"), key=f"plan_take_{aside.id}", on_click=_take_up,
        args=(words, state.plan.id, aside.id),
    )  # fmt: skip
    row.button(
        words("planner.dismiss"), key=f"plan_dismiss_{aside.id}", on_click=_dismiss,
        args=(words, state.plan.id, aside.id),
    )  # fmt: skip


def _take_up(words: Words, plan_id: int, aside: int) -> None:
    settle(
        words,
        attempt(
            words,
            plan_id,
            lambda turn: acts.take_up(cache.database(), planner(), aside, turn, kept.options()),
        ),
    )


def _dismiss(words: Words, plan_id: int, aside: int) -> None:
    settled(words, lambda: acts.dismiss(cache.database(), planner(), aside, turn_of(plan_id)))
    if visitor.load().plan_desk.conflict is not None:
        _seen()


def show_notes(words: Words, state: PlanState, chosen: str) -> None:
    """Show the comments, and a field for a new one on the chosen grid or the whole plan."""
    notes, tz = kept.notes(state.plan.id), cache.facts().tz
    with st.expander(words("planner.notes", n=len(notes)), key="plan_notes"):
        for note in notes:
            where = note.grid_code or words("planner.whole_plan")
            row = st.container(horizontal=True, vertical_alignment="center")
            row.markdown(f"**{plain(where)}** {plain(note.note)}", width="stretch")
            row.button(
                words("planner.close_note"), key=f"plan_note_close_{note.id}",
                on_click=_close_note, args=(words, note.id),
            )  # fmt: skip
            st.caption(plain(f"{note.author} · {moment(note.at, tz)}"))
        key = f"plan_note_{state.plan.id}_{visitor.load().plan_desk.done}"
        where = chosen or words("planner.whole_plan")
        st.text_area(
            words("planner.new_note", where=where), key=key, height=70, max_chars=LONGEST_NOTE,
            help=words("planner.note_help"),
        )  # fmt: skip
        st.button(
            words("planner.save_note"), key="plan_note_save", on_click=_save_note,
            args=(words, state.plan.id, key, chosen or None),
        )  # fmt: skip


def _save_note(words: Words, plan_id: int, key: str, grid_code: str | None) -> None:
    text = str(visitor.value(key) or "")
    settled(
        words,
        lambda: acts.add_note(cache.database(), planner(), turn_of(plan_id), text, grid_code),
    )


def _close_note(words: Words, note: int) -> None:
    settled(words, lambda: acts.close_note(cache.database(), planner(), note, cache.written_at()))
