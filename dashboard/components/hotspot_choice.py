"""Ask a hotspot question: what, where, when, of which kinds, on which units, from which channel.

Used by the hotspot screen. Knows nothing of records; choices go to `dashboard.session`.
"""

from __future__ import annotations

from dataclasses import replace
from typing import TYPE_CHECKING, Final

import streamlit as st

from dashboard import session as visitor
from dashboard.components.fields import SHIFTS, area_field, codes_field, period_days
from dashboard.components.grids_choice import DAY, grids_day, grids_field
from dashboard.session import PERIODS
from dashboard.viewmodels.hotspots_wanted import (
    CHANNELS,
    LATTICES,
    METHODS,
    UNITS,
    WEEKDAYS,
)
from data.repositories.places import today_here

if TYPE_CHECKING:
    from collections.abc import Callable, Sequence
    from datetime import date

    from dashboard.session import Session
    from dashboard.text import Words
    from dashboard.viewmodels.town import Town

SIZES_M: Final = (0, 100, 150, 200, 250, 300, 400, 500, 1_000)
HOURS: Final[dict[str, tuple[int, int] | None]] = {"all": None, **SHIFTS}
GRIDS_KEY: Final = "hotspot_as_of"
_OTHER: Final = "other"


def ask_question(words: Words, town: Town, session: Session, latest_on: date | None) -> Session:
    """Show the question with its line, and the choices; keep what was chosen."""
    held = session.hotspots
    first = st.columns((1.8, 1.0, 0.9, 0.7, 1.1, 1.1), gap="small", vertical_alignment="bottom")
    with first[0]:
        method = _one(words("hotspot.question"), METHODS, held.method, "hotspot_method",
                      lambda code: words(f"hotspot_method.{code}"))  # fmt: skip
    with first[1]:
        key = _one(words("filter.period"), PERIODS, session.period.key, "hotspot_period",
                   lambda code: words(f"hotspot_period.{code}"))  # fmt: skip
    with first[2]:
        units = _one(words("hotspot.units"), UNITS, held.units, "hotspot_units",
                     lambda code: words(f"hotspot_units.{code}"))  # fmt: skip
    with first[3]:
        size_m = _size(words, held.size_m, is_free=units in LATTICES)
    with first[4]:
        area = area_field(words, town, session.area, key="hotspot_area")
    with first[5]:
        as_of = grids_field(words, session.as_of, key=GRIDS_KEY)
    days = st.container(horizontal=True)
    with st.expander(words("hotspot.more"), expanded=bool(held.hours or held.weekdays)):
        kinds, hours, weekdays, channel = _narrower(words, session)
    with days:
        period = period_days(words, key, session.period, latest_on or today_here(), page="hotspot")
        if as_of == DAY:
            as_of = grids_day(words, session.as_of, key=f"{GRIDS_KEY}_day")
    if channel != CHANNELS[0]:
        st.warning(words("hotspot.channel_warning"))
    chosen = replace(held, method=method, units=units, size_m=size_m, hours=hours,
                     weekdays=weekdays, channel=channel)  # fmt: skip
    return visitor.update(area=area, period=period, kinds=kinds, hotspots=chosen, as_of=as_of)


def _narrower(
    words: Words, session: Session
) -> tuple[tuple[str, ...], tuple[int, int] | None, tuple[int, ...], str]:
    boxes = st.columns((1.4, 1.2, 1.2, 1.2), gap="small", vertical_alignment="bottom")
    held = session.hotspots
    with boxes[0]:
        kinds = codes_field(words, "kinds", session.kinds, key="hotspot_kinds",
                            help_key="hotspot.kinds_help")  # fmt: skip
    with boxes[1]:
        hours = _hours(words, held.hours)
    with boxes[2]:
        visitor.seed("hotspot_weekdays", list(held.weekdays))
        weekdays = st.multiselect(
            words("hotspot.weekdays"),
            WEEKDAYS,
            format_func=lambda day: words(f"hotspot_weekday.{day}"),
            key="hotspot_weekdays",
            placeholder=words("filter.any"),
            wrap=False,
        )
    with boxes[3]:
        channel = _one(words("hotspot.channel"), CHANNELS, held.channel, "hotspot_channel",
                       lambda code: words(f"hotspot_channel.{code}"))  # fmt: skip
    return kinds, hours, tuple(sorted(weekdays)), channel


def _one(
    label: str, options: Sequence[str], chosen: str, key: str, told: Callable[[str], str]
) -> str:
    visitor.seed(key, chosen)
    return str(st.selectbox(label, options, format_func=told, key=key))


def _size(words: Words, held_m: int, *, is_free: bool) -> int:
    """Offer round widths, and the one from the address; grids and communities have none."""
    options = sorted({*SIZES_M, held_m})
    visitor.seed("hotspot_size", held_m)
    chosen = st.selectbox(
        words("hotspot.size"),
        options,
        format_func=lambda size: (
            words("hotspot.size_m", n=f"{size:,}") if size else words("hotspot.size_auto")
        ),
        key="hotspot_size",
        disabled=not is_free,
    )
    return int(chosen)


def _hours(words: Words, held: tuple[int, int] | None) -> tuple[int, int] | None:
    name = next((name for name, hours in HOURS.items() if hours == held), _OTHER)
    chosen = _one(words("hotspot.hours"), [*HOURS, _OTHER], name, "hotspot_hours",
                  lambda code: words(f"hotspot_hours.{code}"))  # fmt: skip
    if chosen in HOURS:
        return HOURS[chosen]
    left, right = st.columns(2, gap="small")
    start, end = held or (8, 16)
    visitor.seed("hotspot_from", start)
    visitor.seed("hotspot_to", end)
    since = int(left.number_input(words("hotspot.from_hour"), 0, 23, key="hotspot_from"))
    until = int(right.number_input(words("hotspot.to_hour"), 1, 24, key="hotspot_to"))
    return None if (until - since) % 24 == 0 else (since, until)
