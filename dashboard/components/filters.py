"""Ask what to show: measure, area, period, kind, channel, and the grids of which day.

Used by the overview. Knows nothing of records; choices go to `dashboard.session`.
"""

from __future__ import annotations

from datetime import date, timedelta
from typing import TYPE_CHECKING
from zoneinfo import ZoneInfo

import streamlit as st

from dashboard import session as visitor
from dashboard.components.formats import area_text
from dashboard.components.plain import plain
from dashboard.session import (
    AS_OF_EVENT,
    AS_OF_TODAY,
    FIRST_DAY,
    LAST_DAY,
    MEASURES,
    PERIODS,
    Period,
)
from dashboard.viewmodels.overview import Wanted
from data.config import DEFAULT_TZ
from data.repositories.places import today_here
from data.vocabulary import ChannelGroup, IncidentKind

if TYPE_CHECKING:
    from datetime import datetime

    from dashboard.session import Session
    from dashboard.text import Words
    from dashboard.viewmodels.town import Town

_DAY = "date"
_WIDTHS = (1.35, 1.35, 1.1, 1.35, 1.35, 1.0)


def filters(words: Words, town: Town, session: Session, latest_at: datetime | None) -> Session:
    """Show the row of filters and keep what was chosen; a phone shows them when asked to."""
    with st.container(key="phone_filters", horizontal=True, vertical_alignment="center"):
        st.toggle(words("filter.show"), key="filters_shown", help=words("filter.show_help"))
        st.caption(plain(_told(words, town, session)), width="content")
    with st.container(key="filters"):
        return _filters(words, town, session, latest_at)


def _told(words: Words, town: Town, session: Session) -> str:
    """Say what is chosen, for who does not see the filters."""
    area = town.area(session.area)
    kinds = [words.label("incident_kind", kind) for kind in session.kinds]
    groups = [words.label("channel_group", group) for group in session.channel_groups]
    parts = (
        words(f"measure.{session.measure}"),
        area_text(words, area) if area else words("filter.all_areas"),
        words(f"period.{session.period.key}"),
        *kinds,
        *groups,
    )
    return " · ".join(parts)


def _filters(words: Words, town: Town, session: Session, latest_at: datetime | None) -> Session:
    boxes = st.columns(_WIDTHS, gap="small", vertical_alignment="bottom")
    with boxes[0]:
        measure = _choice(words, "measure", MEASURES, session.measure, group="measure")
    with boxes[1]:
        area = _area(words, town, session)
    with boxes[2]:
        key = _choice(words, "period", PERIODS, session.period.key, group="period")
    with boxes[3]:
        kinds = _many(words, "kinds", [kind.value for kind in IncidentKind], "incident_kind",
                      session.kinds)  # fmt: skip
    with boxes[4]:
        groups = [group.value for group in ChannelGroup]
        channels = _many(words, "channels", groups, "channel_group", session.channel_groups)
    with boxes[5]:
        as_of = _as_of(words, session)
    days = st.container(horizontal=True) if key == "custom" or as_of == _DAY else st.container()
    with days:
        period = _period(words, key, session.period, latest_at)
        day = _as_of_day(words, session.as_of) if as_of == _DAY else as_of
    return visitor.update(
        measure=measure,
        area=area,
        period=period,
        kinds=kinds,
        channel_groups=channels,
        as_of=day,
    )


def wanted_of(session: Session) -> Wanted:
    """Turn the visitor's choices into the question that the view models answer."""
    return Wanted(
        area=session.area,
        measure=session.measure,
        period=session.period.key,
        since_on=session.period.since_on,
        last_on=session.period.last_on,
        kinds=session.kinds,
        channel_groups=session.channel_groups,
        as_of=session.as_of,
    )


def _choice(words: Words, name: str, options: tuple[str, ...], chosen: str, *, group: str) -> str:
    help_key = f"filter.{name}_help"
    visitor.seed(f"filter_{name}", chosen)
    return st.selectbox(
        words(f"filter.{name}"),
        options,
        format_func=lambda option: words(f"{group}.{option}"),
        key=f"filter_{name}",
        help=words(help_key) if words.has(help_key) else None,
    )


def _many(
    words: Words, name: str, options: list[str], group: str, chosen: tuple[str, ...]
) -> tuple[str, ...]:
    help_key = f"filter.{name}_help"
    visitor.seed(f"filter_{name}", [code for code in chosen if code in options])
    return tuple(
        st.multiselect(
            words(f"filter.{name}"),
            options,
            format_func=lambda code: words.label(group, code),
            key=f"filter_{name}",
            placeholder=words("filter.any"),
            help=words(help_key) if words.has(help_key) else None,
            wrap=False,
        )
    )


def _area(words: Words, town: Town, session: Session) -> str:
    options = ["", *(area.key for area in town.areas)]
    labels = {area.key: area_text(words, area) for area in town.areas}
    visitor.seed("filter_area", session.area if session.area in options else "")
    return st.selectbox(
        words("filter.area"),
        options,
        format_func=lambda key: labels.get(key, words("filter.all_areas")),
        key="filter_area",
    )


def _as_of(words: Words, session: Session) -> str:
    options = (AS_OF_TODAY, AS_OF_EVENT, _DAY)
    chosen = session.as_of if session.as_of in options else _DAY
    visitor.seed("filter_as_of", chosen)
    return st.selectbox(
        words("filter.as_of"),
        options,
        format_func=lambda option: words(f"filter.as_of_{option}"),
        key="filter_as_of",
        help=words("filter.as_of_help"),
    )


def _as_of_day(words: Words, chosen: str) -> str:
    try:
        day = date.fromisoformat(chosen)
    except ValueError:
        day = today_here()
    picked = _day_input(words, "as_of_day", day)
    return picked.isoformat() if picked is not None else AS_OF_TODAY


def _period(words: Words, key: str, held: Period, latest_at: datetime | None) -> Period:
    if key != "custom":
        return Period(key)
    last_on = _local_day(latest_at)
    start_on = held.since_on or last_on - timedelta(days=27)
    end_on = held.last_on or last_on
    since_on = _day_input(words, "since", start_on)
    until_on = _day_input(words, "until", end_on)
    if since_on is None or until_on is None or until_on < since_on:
        return Period("custom", start_on, end_on)
    return Period("custom", since_on, until_on)


def _day_input(words: Words, name: str, day: date) -> date | None:
    visitor.seed(f"filter_{name}", min(max(day, FIRST_DAY), LAST_DAY))
    picked = st.date_input(
        words(f"filter.{name}"),
        min_value=FIRST_DAY,
        max_value=LAST_DAY,
        key=f"filter_{name}",
        format="YYYY-MM-DD",
        width=220,
    )
    return picked if isinstance(picked, date) else None


def _local_day(moment: datetime | None) -> date:
    return moment.astimezone(ZoneInfo(DEFAULT_TZ)).date() if moment else today_here()
