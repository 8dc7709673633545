"""Ask for a new hazard or dispute: kind, place, what is wrong, severity, channel.

Used by the screen of cases; made for a phone first. Warns of what may already be reported before
anything is saved.
"""

from __future__ import annotations

from dataclasses import replace
from typing import TYPE_CHECKING, Final

import streamlit as st

from dashboard import cache
from dashboard import session as visitor
from dashboard.actions import cases as acts
from dashboard.components.case_list import open_case
from dashboard.components.case_moves import acting
from dashboard.components.case_words import KIND_GROUPS, kind_text, state_text
from dashboard.components.notices import guard
from dashboard.components.plain import plain
from dashboard.viewmodels.cases_page import unit_of
from dashboard.viewmodels.cases_wanted import ALL_KINDS
from data.repositories.case_records import CASE_LAYERS
from data.repositories.case_writes import LONGEST_NOTE, Report
from data.vocabulary import CHANNEL_GROUPS, EventLayer, Severity

if TYPE_CHECKING:
    from collections.abc import Sequence

    from dashboard.components.map_panel import MapEvent
    from dashboard.text import Words
    from dashboard.viewmodels.town import Town
    from data.repositories.case_records import CaseRecord
    from data.viewer import Viewer

_FIRST_CHANNELS: Final = ("grid_inspection", "police_visit", "patrol", "scan", "visit_or_phone")
_CHANNELS: Final = (*_FIRST_CHANNELS, *(c for c in CHANNEL_GROUPS if c not in _FIRST_CHANNELS))
_GRADES: Final = tuple(reversed(Severity))


def report_form(words: Words, town: Town, event: MapEvent) -> tuple[float, float, str] | None:
    """Show the form; give the place chosen so far, for the map to ring.

    Parameters
    ----------
    event
        What was clicked on the map: a place, and the grid it is in.
    """
    number = visitor.load().case_desk.done
    st.markdown(f"**{words('report.title')}**")
    layer = st.segmented_control(
        words("report.layer"), [one.value for one in CASE_LAYERS], key=f"r_layer_{number}",
        default=CASE_LAYERS[0].value, required=True, label_visibility="collapsed",
        format_func=lambda code: words.label("case_layer", code),
    )  # fmt: skip
    kind = _choice(
        words, "kind", ALL_KINDS[EventLayer(layer)], KIND_GROUPS[layer], f"{layer}_{number}"
    )
    unit = _grid(words, town, event, number)
    place = event.place
    if place is not None:
        found = unit_of(town, place[0], place[1], None)
        st.caption(words("report.place_at", lon=f"{place[0]:.6f}", lat=f"{place[1]:.6f}",
                         unit=plain(found[1] if found else words("case.outside"))))  # fmt: skip
    else:
        st.caption(words("report.click_map"))
    text = st.text_area(
        words("report.text"), key=f"r_text_{number}", max_chars=LONGEST_NOTE, height=90,
        placeholder=words("report.text_hint"), help=words("case.note_help"),
    )  # fmt: skip
    severity = _choice(words, "severity", [g.value for g in _GRADES], "severity", str(number), 1)
    channel = _choice(words, "channel", _CHANNELS, "channel", str(number))
    viewer = acting(words)
    lon, lat = place or (None, None)
    told = Report(EventLayer(layer), kind, severity, channel, text, lon, lat, unit or None)
    near = acts.duplicates(cache.database(), viewer, told, cache.written_at()) if place else ()
    _warn(words, near)
    _buttons(words, viewer, told, is_doubtful=bool(near))
    return (place[0], place[1], words("report.here")) if place else None


def _choice(
    words: Words, name: str, options: Sequence[str], group: str, suffix: str, index: int = 0
) -> str:
    return str(
        st.selectbox(
            words(f"report.{name}"), list(options), index=index, key=f"r_{name}_{suffix}",
            format_func=lambda code: words.label(group, code),
        )
    )  # fmt: skip


def _grid(words: Words, town: Town, event: MapEvent, number: int) -> str:
    """Offer the grids by name; the one clicked on the map is taken over."""
    names = {str(code): str(name) for code, name in town.units["name"].items()}
    key = f"r_unit_{number}"
    at = unit_of(town, *event.place, None) if event.place else None
    clicked = at[0] if at else ""
    if clicked and visitor.value(f"{key}_said") != clicked:
        visitor.put(f"{key}_said", clicked)
        visitor.put(key, clicked)
    visitor.seed(key, "")
    return st.selectbox(
        words("report.unit"), ["", *names], key=key,
        format_func=lambda code: f"{names[code]} · {code}" if code else words("report.unit_none"),
    )  # fmt: skip


def _warn(words: Words, near: tuple[tuple[CaseRecord, float], ...]) -> None:
    for place, (other, metres) in enumerate(near[:3]):
        st.warning(
            words(
                "report.near",
                n=round(metres),
                id=plain(other.external_id),
                kind=plain(kind_text(words, other.layer.value, other.kind)),
                state=plain(state_text(words, other.status)),
            )
        )
        st.button(
            words("cases.open"), key=f"r_near_{place}", on_click=_open_instead,
            args=(other.key.as_text(),),
        )  # fmt: skip


def _open_instead(key: str) -> None:
    close_form()
    open_case(key)


def close_form() -> None:
    """Leave the form without saving."""
    visitor.update(case_desk=replace(visitor.load().case_desk, is_reporting=False))


def _buttons(words: Words, viewer: Viewer, told: Report, *, is_doubtful: bool) -> None:
    with st.container(horizontal=True):
        label = words("report.save_anyway" if is_doubtful else "report.save")
        is_saved = st.button(label, key="r_save", type="primary")
        st.button(words("report.cancel"), key="r_cancel", on_click=close_form)
    if not is_saved:
        return
    with guard(words):
        made = acts.report(cache.database(), viewer, told, now=cache.written_at())
        session = visitor.load()
        visitor.update(
            case_desk=replace(
                session.case_desk,
                is_reporting=False,
                done=session.case_desk.done + 1,
                told=("report.saved", made.external_id),
                seen=("", 0),
            ),
            cases=replace(session.cases, opened=made.key.as_text()),
        )
        st.rerun()
