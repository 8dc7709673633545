"""Ask for which shift a brief is made: area, hours, day, kinds.

Used by the patrol screen. Knows nothing of records; choices go to `dashboard.session`.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Final

import streamlit as st

from dashboard import session as visitor
from dashboard.components.fields import SHIFTS, area_field, day_field
from dashboard.session import PatrolChoice
from data.vocabulary import IncidentKind

if TYPE_CHECKING:
    from datetime import date

    from dashboard.session import Session
    from dashboard.text import Words
    from dashboard.viewmodels.town import Town

_OTHER: Final = "other"
_SENSITIVE: Final = frozenset({IncidentKind.CROWD.value})


def ask_shift(words: Words, town: Town, session: Session, today: date) -> Session:
    """Show the choices and keep them; most need none: area and shift are remembered."""
    held = session.patrol
    boxes = st.columns((1.4, 1.2, 0.9, 1.6), gap="small", vertical_alignment="bottom")
    with boxes[0]:
        area = area_field(words, town, session.area, key="patrol_area")
    with boxes[1]:
        hours = _hours(words, held)
    with boxes[2]:
        first = held.day or today
        day = day_field(words("patrol.day"), first, key="patrol_day") or first
    with boxes[3]:
        kinds = _kinds(words, held)
    chosen = PatrolChoice(*hours, day if day != today else None, kinds)
    return visitor.update(area=area, patrol=chosen)


def _hours(words: Words, held: PatrolChoice) -> tuple[int, int]:
    now = (held.start_hour, held.end_hour)
    name = next((name for name, hours in SHIFTS.items() if hours == now), _OTHER)
    visitor.seed("patrol_shift", name)
    chosen = st.selectbox(
        words("patrol.shift"),
        [*SHIFTS, _OTHER],
        format_func=lambda shift: words(f"patrol.shift_{shift}"),
        key="patrol_shift",
    )
    if chosen in SHIFTS:
        return SHIFTS[chosen]
    left, right = st.columns(2, gap="small")
    visitor.seed("patrol_from", held.start_hour)
    visitor.seed("patrol_to", held.end_hour)
    start = left.number_input(words("patrol.from_hour"), 0, 23, key="patrol_from")
    end = right.number_input(words("patrol.to_hour"), 1, 24, key="patrol_to")
    return int(start), int(end)


def _kinds(words: Words, held: PatrolChoice) -> tuple[str, ...]:
    options = [kind.value for kind in IncidentKind if kind.value not in _SENSITIVE]
    visitor.seed("patrol_kinds", [kind for kind in held.kinds if kind in options])
    return tuple(
        st.multiselect(
            words("patrol.kinds"),
            options,
            format_func=lambda code: words.label("incident_kind", code),
            key="patrol_kinds",
            placeholder=words("patrol.kinds_default"),
            wrap=False,
        )
    )
