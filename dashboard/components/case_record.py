"""Show one case: its head, its facts, the steps of its life, who covers the place, its kin.

Used by the screen of a case. Knows nothing of the store and of actions.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Final, Literal

import streamlit as st

from dashboard.components.case_list import open_case, unit_text
from dashboard.components.case_words import (
    LIGHT_SIGNS,
    actor_text,
    kind_text,
    remaining_text,
    span_words,
    state_text,
    title_text,
    when_text,
)
from dashboard.components.formats import DASH, moment, percent
from dashboard.components.plain import plain
from dashboard.viewmodels.cases import remaining
from data.lifecycle import WAITING_STATES, Light

if TYPE_CHECKING:
    from collections.abc import Mapping

    from dashboard.text import Words
    from dashboard.viewmodels.cases_page import CasePage, Stage
    from data.repositories.case_records import CaseRecord
    from data.repositories.people import DutyRecord

_FAR_OVER: Final = 10.0
_BADGES: Final[Mapping[Light, Literal["green", "orange", "red"]]] = {
    Light.GREEN: "green",
    Light.YELLOW: "orange",
    Light.RED: "red",
}


def head(words: Words, page: CasePage, tz: str) -> None:
    """Show what it is, its state and its light."""
    record = page.record
    st.markdown(f"### {plain(title_text(words, record))}")
    with st.container(horizontal=True, vertical_alignment="center"):
        if record.has_lifecycle:
            st.badge(plain(state_text(words, page.state.status.value)), color="blue")
        if page.light is not Light.NONE:
            sign = LIGHT_SIGNS[page.light]
            text = f"{sign.mark} {words(f'case_light.{page.light.value}')}"
            st.badge(text, color=_BADGES.get(page.light, "gray"))
        left = remaining(record, page.now)
        if left is not None:
            due = moment(record.due_at, tz)
            used = _used_text(words, page.share)
            st.caption(words("case.due", due=due, left=remaining_text(words, left), used=used))
        if not record.has_lifecycle:
            st.caption(words("case.no_lifecycle"))
    if page.is_root_open:
        st.warning(words("case.root_open"))
    if record.description:
        st.text(record.description)


def _used_text(words: Words, share: float | None) -> str:
    if share is not None and share > _FAR_OVER:
        return words("case.far_over")
    return words("case.used", share=percent(share))


def facts(words: Words, page: CasePage, tz: str) -> None:
    """Show where, how and since when."""
    record = page.record
    level = record.level if record.has_lifecycle else None
    rows = [
        ("unit", unit_text(words, page.unit, record)),
        ("found", when_text(record.occurred_at, record.time_precision, tz)),
        ("channel", words.label("channel", record.channel)),
        ("severity", words.label("severity", record.severity) if record.severity else DASH),
        ("level", words.label("case_level", level) if level else DASH),
        ("loop", words.label("case_loop", record.loop) if record.loop else DASH),
        ("rework", str(record.rework_count) if record.rework_count else DASH),
        ("source", f"{record.source}" + (f" : {record.line}" if record.line else "")),
        ("version", str(record.version)),
    ]
    shown = [
        f"{words(f'case_fact.{name}')} **{plain(value)}**" for name, value in rows if value != DASH
    ]
    st.markdown("  \n".join(shown))


def time_line(words: Words, page: CasePage, tz: str) -> None:
    """Show the steps, oldest first, and how long each stage took."""
    st.markdown(f"**{words('case.time_line')}**")
    if not page.stages:
        st.caption(words("case.no_steps"))
        return
    for stage in page.stages:
        st.markdown(_stage_text(words, stage, tz))
        if stage.step.note:
            with st.container(border=True):
                st.text(stage.step.note)
    if any(stage.step.is_derived for stage in page.stages):
        st.caption(words("case.derived"))


def _stage_text(words: Words, stage: Stage, tz: str) -> str:
    step = stage.step
    when = when_text(step.at, step.precision, tz)
    action = words(f"case_action.{step.action}")
    after = state_text(words, step.status_after)
    text = f"`{when}` **{plain(action)}** → {plain(after)} · {plain(actor_text(words, step))}"
    if stage.lasted is not None and stage.lasted.total_seconds() >= 0:
        key = "case.running" if stage.is_running else "case.lasted"
        text += f"  \n:gray[{words(key, span=span_words(words, stage.lasted))}]"
    return text


def covered_by(words: Words, page: CasePage) -> None:
    """Show who covers the grid and its community today: titles and service numbers only."""
    st.markdown(f"**{words('case.covered_by')}**")
    if not page.duties:
        st.caption(words("case.nobody"))
        return
    groups: dict[tuple[str, str], list[str]] = {}
    for duty in page.duties:
        where = (duty.place_name, words.label("position", duty.position))
        groups.setdefault(where, []).append(_holder_text(words, duty))
    stop = words("case.and")
    lines = [
        f"- **{plain(position)}** · {plain(place)}  \n  {stop.join(map(plain, holders))}"
        for (place, position), holders in groups.items()
    ]
    st.markdown("\n".join(lines))


def _holder_text(words: Words, duty: DutyRecord) -> str:
    text = duty.holder_title + (f" ({duty.holder_code})" if duty.holder_code else "")
    if not duty.is_on_leave:
        return text
    if duty.substitute_title:
        return f"{text} {words('case.stand_in', title=duty.substitute_title)}"
    return f"{text} {words('case.on_leave')}"


def kin(words: Words, page: CasePage) -> None:
    """Show the root hazard, the disputes that grew from it, and possible duplicates."""
    if page.root is not None:
        st.markdown(f"**{words('case.root')}**")
        _link(words, page.root, "root")
    elif page.record.root_hazard_ref:
        st.caption(words("case.root_missing", ref=plain(page.record.root_hazard_ref)))
    if page.disputes:
        st.markdown(f"**{words('case.disputes')}**")
        for place, dispute in enumerate(page.disputes):
            _link(words, dispute, f"dispute_{place}")
    if page.near:
        st.markdown(f"**{words('case.near')}**")
        for place, (other, metres) in enumerate(page.near):
            _link(words, other, f"near_{place}", words("case.metres", n=round(metres)))


def _link(words: Words, record: CaseRecord, name: str, more: str = "") -> None:
    state = record.state().status
    waits = "○" if state in WAITING_STATES else "✓"
    kind = kind_text(words, record.layer.value, record.kind)
    parts = [f"{waits} {record.external_id}", kind, state_text(words, record.status), more]
    st.button(
        plain(" · ".join(part for part in parts if part)), key=f"case_kin_{name}",
        on_click=open_case, args=(record.key.as_text(),), type="tertiary",
    )  # fmt: skip
