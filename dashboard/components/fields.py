"""Ask for what several pages ask for: an area, codes of a vocabulary, days, hours of a shift.

Used by the filters and the questions of the pages. Knows nothing of records; whoever asks keeps the
answer in `dashboard.session`. Each field holds its value under a key of its page.
"""

from __future__ import annotations

from datetime import date, timedelta
from typing import TYPE_CHECKING, Final

import streamlit as st

from dashboard import session as visitor
from dashboard.components.formats import area_text
from dashboard.session import FIRST_DAY, LAST_DAY, Period
from data.vocabulary import ChannelGroup, IncidentKind

if TYPE_CHECKING:
    from collections.abc import Iterable
    from enum import StrEnum

    from dashboard.text import Words
    from dashboard.viewmodels.town import Town

SHIFTS: Final = {"day": (8, 16), "evening": (16, 24), "night": (20, 2), "late": (0, 8)}
"""Usual local hours, half-open; an end that is not after the start lies on the next day."""
_CODES: Final[dict[str, tuple[str, type[StrEnum]]]] = {
    "kinds": ("incident_kind", IncidentKind), "channels": ("channel_group", ChannelGroup),
}  # fmt: skip
_MONTH_DAYS: Final = 27
DAY_PX: Final = 220


def area_field(words: Words, town: Town, held: str, *, key: str) -> str:
    """Offer the whole store and every place above the grids; give the key of the chosen one."""
    labels = {area.key: area_text(words, area) for area in town.areas}
    visitor.seed(key, held if held in labels else "")
    chosen = st.selectbox(
        words("filter.area"),
        ["", *labels],
        format_func=lambda area: labels.get(area, area or words("filter.all_areas")),
        key=key,
    )
    return str(chosen)


def codes_field(
    words: Words, name: str, held: Iterable[str], *, key: str, help_key: str = ""
) -> tuple[str, ...]:
    """Offer kinds of incidents or groups of channels; none chosen means all.

    Parameters
    ----------
    name
        `kinds` or `channels`; the label is `filter.<name>`.
    """
    group, codes = _CODES[name]
    options = [code.value for code in codes]
    visitor.seed(key, [code for code in held if code in options])
    chosen = st.multiselect(
        words(f"filter.{name}"),
        options,
        format_func=lambda code: words.label(group, code),
        key=key,
        placeholder=words("filter.any"),
        help=words(help_key) if help_key else None,
        wrap=False,
    )
    return tuple(chosen)


def day_field(label: str, day: date, *, key: str, width_px: int | None = None) -> date | None:
    """Offer a day; None while the field is empty. As wide as its box without a width."""
    visitor.seed(key, min(max(day, FIRST_DAY), LAST_DAY))
    picked = st.date_input(
        label,
        min_value=FIRST_DAY,
        max_value=LAST_DAY,
        format="YYYY-MM-DD",
        key=key,
        width=width_px or "stretch",
    )
    return picked if isinstance(picked, date) else None


def period_days(words: Words, kind: str, held: Period, last_on: date, *, page: str) -> Period:
    """Give the period of a kind; ask for both days of one's own.

    Parameters
    ----------
    kind
        One of `dashboard.session.PERIODS`.
    last_on
        Where one's own days end at first; they begin four weeks before.
    page
        What the keys of the fields begin with.
    """
    if kind != "custom":
        return Period(kind)
    start_on = held.since_on or last_on - timedelta(days=_MONTH_DAYS)
    end_on = held.last_on or last_on
    since_on, until_on = (
        day_field(words(f"filter.{name}"), day, key=f"{page}_{name}", width_px=DAY_PX)
        for name, day in (("since", start_on), ("until", end_on))
    )
    if since_on is None or until_on is None or until_on < since_on:
        return Period("custom", start_on, end_on)
    return Period("custom", since_on, until_on)
