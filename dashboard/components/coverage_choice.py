"""Ask how far, along what, on which day, whose posts, and what counts.

Used by the coverage screen. Knows nothing of records; choices go to `dashboard.session`.
"""

from __future__ import annotations

from dataclasses import replace
from typing import TYPE_CHECKING, Final

import streamlit as st

from dashboard import session as visitor
from dashboard.components.fields import codes_field, day_field, period_days
from dashboard.session import PERIODS
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

if TYPE_CHECKING:
    from collections.abc import Sequence
    from datetime import date

    from dashboard.session import Period, Session
    from dashboard.text import Words
    from dashboard.viewmodels.coverage_wanted import CoverageChoice

_WIDTHS: Final = (1.0, 0.9, 1.1, 1.2, 1.3, 1.1)
_DAY_HOURS: Final = tuple(range(24))


def ask_coverage(words: Words, session: Session, day: date, *, has_streets: bool) -> Session:
    """Show the choices and keep them; `day` is meant where none is chosen."""
    held = session.coverage
    boxes = st.columns(_WIDTHS, gap="small", vertical_alignment="bottom")
    with boxes[0]:
        unit = coded_field(words, "unit", UNITS, held.unit)
    with boxes[1]:
        chosen = _far(words, replace(held, unit=unit))
    with boxes[2]:
        network = _network(words, held.network, has_streets=has_streets)
    with boxes[3]:
        who = coded_field(words, "who", WHO, held.who)
    with boxes[4]:
        options = COUNTS if network == NETWORKS[0] else DEMANDS
        counts = coded_field(words, "counts", options, held.counts)
    with boxes[5]:
        first = held.day or day
        picked = day_field(words("cover.day"), first, key="coverage_day") or first
    chosen = replace(
        chosen, network=network, who=who, counts=counts, day=None if picked == day else picked
    )
    with st.expander(words("cover.more")):
        period, kinds, chosen = _narrower(words, session, chosen, day)
    if not has_streets:
        st.caption(words("cover.no_streets"))
    return visitor.update(period=period, kinds=kinds, coverage=chosen)


def coded_field(
    words: Words, name: str, options: Sequence[str], held: str, *, page: str = "coverage"
) -> str:
    """Offer codes whose labels are `cover_<name>.<code>`; what is no option gives the first.

    Parameters
    ----------
    page
        What the key of the field begins with.
    """
    key = f"{page}_{name}"
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
    return coded_field(words, "network", NETWORKS if has_streets else NETWORKS[:1], held)


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
        kinds = codes_field(words, "kinds", session.kinds, key="coverage_kinds")
    with boxes[2]:
        channel = coded_field(words, "channel", CHANNELS, chosen.channel)
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
        speed = coded_field(words, "speed", tuple(SPEEDS_KMH), chosen.speed)
    with st.container(horizontal=True):
        period = period_days(words, str(key), session.period, day, page="coverage")
    return period, kinds, replace(chosen, channel=channel, hour=hour, speed=speed)
