"""Ask how far, along what, on which day, whose posts, and what counts.

Used by the coverage screen. Knows nothing of records; choices go to `dashboard.session`.
"""

from __future__ import annotations

from dataclasses import replace
from datetime import date, timedelta
from typing import TYPE_CHECKING, Final

import streamlit as st

from dashboard import session as visitor
from dashboard.session import FIRST_DAY, LAST_DAY, PERIODS, Period
from dashboard.viewmodels.coverage_wanted import (
    CHANNELS,
    COUNTS,
    DEMANDS,
    METRES,
    MINUTES,
    NETWORKS,
    SPEEDS_KMH,
    UNITS,
    WHO,
)
from data.vocabulary import IncidentKind

if TYPE_CHECKING:
    from collections.abc import Sequence

    from dashboard.session import Session
    from dashboard.text import Words
    from dashboard.viewmodels.coverage_wanted import CoverageChoice

_WIDTHS: Final = (1.0, 0.9, 1.1, 1.2, 1.3, 1.1)
_DAY_HOURS: Final = tuple(range(24))
_MONTH_DAYS: Final = 27


def ask_coverage(words: Words, session: Session, day: date, *, has_streets: bool) -> Session:
    """Show the choices and keep them; `day` is meant where none is chosen."""
    held = session.coverage
    boxes = st.columns(_WIDTHS, gap="small", vertical_alignment="bottom")
    with boxes[0]:
        unit = _one(words, "unit", UNITS, held.unit)
    with boxes[1]:
        chosen = _far(words, replace(held, unit=unit))
    with boxes[2]:
        network = _network(words, held.network, has_streets=has_streets)
    with boxes[3]:
        who = _one(words, "who", WHO, held.who)
    with boxes[4]:
        options = COUNTS if network == NETWORKS[0] else DEMANDS
        counts = _one(words, "counts", options, held.counts)
    with boxes[5]:
        picked = _day(words, "day", held.day or day)
    chosen = replace(
        chosen, network=network, who=who, counts=counts, day=None if picked == day else picked
    )
    with st.expander(words("cover.more")):
        period, kinds, chosen = _narrower(words, session, chosen, day)
    if not has_streets:
        st.caption(words("cover.no_streets"))
    return visitor.update(period=period, kinds=kinds, coverage=chosen)


def _one(words: Words, name: str, options: Sequence[str], held: str) -> str:
    key = f"coverage_{name}"
    if visitor.value(key) not in options:
        visitor.put(key, held if held in options else options[0])
    help_key = f"cover.{name}_help"
    chosen = st.selectbox(
        words(f"cover.{name}"),
        options,
        format_func=lambda code: words(f"cover_{name}.{code}"),
        key=key,
        help=words(help_key) if words.has(help_key) else None,
    )
    return str(chosen)


def _far(words: Words, held: CoverageChoice) -> CoverageChoice:
    is_metres = held.unit == UNITS[0]
    name, bounds, step = ("within_m", METRES, 50) if is_metres else ("minutes", MINUTES, 1)
    visitor.seed(f"coverage_{name}", held.far)
    number = int(
        st.number_input(
            words(f"cover.{name}"), bounds[0], bounds[1], step=step, key=f"coverage_{name}"
        )
    )
    return replace(held, within_m=number) if is_metres else replace(held, minutes=number)


def _network(words: Words, held: str, *, has_streets: bool) -> str:
    """Offer streets only where some are loaded."""
    return _one(words, "network", NETWORKS if has_streets else NETWORKS[:1], held)


def _day(words: Words, name: str, held: date) -> date:
    visitor.seed(f"coverage_{name}", min(max(held, FIRST_DAY), LAST_DAY))
    picked = st.date_input(
        words(f"cover.{name}"),
        min_value=FIRST_DAY,
        max_value=LAST_DAY,
        format="YYYY-MM-DD",
        key=f"coverage_{name}",
    )
    return picked if isinstance(picked, date) else held


def _narrower(
    words: Words, session: Session, chosen: CoverageChoice, day: date
) -> tuple[Period, tuple[str, ...], CoverageChoice]:
    boxes = st.columns((1, 1.3, 1.2, 1.2, 1.1), gap="small", vertical_alignment="bottom")
    with boxes[0]:
        visitor.seed("coverage_period", session.period.key)
        key = st.selectbox(
            words("filter.period"),
            PERIODS,
            format_func=lambda one: words(f"period.{one}"),
            help=words("filter.period_help"),
            key="coverage_period",
        )
    with boxes[1]:
        options = [kind.value for kind in IncidentKind]
        visitor.seed("coverage_kinds", [kind for kind in session.kinds if kind in options])
        kinds = st.multiselect(
            words("filter.kinds"),
            options,
            format_func=lambda code: words.label("incident_kind", code),
            key="coverage_kinds",
            placeholder=words("filter.any"),
            wrap=False,
        )
    with boxes[2]:
        channel = _one(words, "channel", CHANNELS, chosen.channel)
    with boxes[3]:
        visitor.seed("coverage_hour", chosen.hour)
        hour = st.selectbox(
            words("cover.hour"),
            [None, *_DAY_HOURS],
            format_func=lambda at: words("cover.hour_any") if at is None else f"{at:02d}:00",
            help=words("cover.hour_help"),
            key="coverage_hour",
        )
    with boxes[4]:
        speed = _one(words, "speed", tuple(SPEEDS_KMH), chosen.speed)
    period = _period(words, str(key), session.period, day)
    return period, tuple(kinds), replace(chosen, channel=channel, hour=hour, speed=speed)


def _period(words: Words, key: str, held: Period, day: date) -> Period:
    if key != "custom":
        return Period(key)
    start_on = held.since_on or day - timedelta(days=_MONTH_DAYS)
    end_on = held.last_on or day
    boxes = st.columns(2, gap="small")
    with boxes[0]:
        since_on = _day(words, "since", start_on)
    with boxes[1]:
        last_on = _day(words, "until", end_on)
    return Period("custom", since_on, last_on) if since_on <= last_on else held
