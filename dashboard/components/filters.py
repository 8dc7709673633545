"""Ask what to show: measure, area, period, kind, channel, and the grids of which day.

Used by the overview. Knows nothing of records; choices go to `dashboard.session`.
"""

from __future__ import annotations

from dataclasses import replace
from typing import TYPE_CHECKING
from zoneinfo import ZoneInfo

import streamlit as st

from dashboard import session as visitor
from dashboard.components.fields import area_field, codes_field, period_days
from dashboard.components.formats import area_text
from dashboard.components.grids_choice import DAY as _DAY
from dashboard.components.grids_choice import grids_day, grids_field, grids_name
from dashboard.components.plain import plain
from dashboard.session import (
    AS_OF_TODAY,
    MEASURES,
    PERIODS,
    Period,
)
from dashboard.viewmodels.overview import Wanted
from data.config import DEFAULT_TZ
from data.repositories.places import today_here

if TYPE_CHECKING:
    from datetime import date, datetime

    from dashboard.session import Session
    from dashboard.text import Words
    from dashboard.viewmodels.town import Town

_FORESEEN = ("measure", "area", "kinds", "channels", "period", "as_of")
_WIDTHS = (1.35, 1.35, 1.1, 1.35, 1.35, 1.0)


def filters(words: Words, town: Town, session: Session, latest_at: datetime | None) -> Session:
    """Show the row of filters and keep what was chosen; a phone shows them when asked to."""
    with st.container(key="phone_filters", horizontal=True, vertical_alignment="center"):
        st.toggle(words("filter.show"), key="filters_shown", help=words("filter.show_help"))
        st.caption(plain(_told(words, town, foreseen(session))), width="content")
    with st.container(key="filters"):
        return _filters(words, town, session, latest_at)


def foreseen(session: Session) -> Session:
    """Give the choices that the filters will say in this run, before they are drawn.

    What they ask for can so be worked out first, and the page reaches the browser in one go. A
    wrong guess costs time alone: what is shown goes by what the filters say.
    """
    held = {name: visitor.value(f"filter_{name}") for name in _FORESEEN}
    texts = {name: said for name, said in held.items() if isinstance(said, str)}
    lists = {name: tuple(said) for name, said in held.items() if isinstance(said, list | tuple)}
    period = texts.get("period", "custom")
    as_of = texts.get("as_of", _DAY)
    return replace(
        session,
        measure=texts.get("measure", session.measure),
        area=texts.get("area", session.area),
        kinds=lists.get("kinds", session.kinds),
        channel_groups=lists.get("channels", session.channel_groups),
        period=session.period if period == "custom" else Period(period),
        as_of=session.as_of if as_of == _DAY else as_of,
    )


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
        *([] if session.as_of == AS_OF_TODAY else [grids_name(words, session.as_of)]),
    )
    return " · ".join(parts)


def _filters(words: Words, town: Town, session: Session, latest_at: datetime | None) -> Session:
    boxes = st.columns(_WIDTHS, gap="small", vertical_alignment="bottom")
    with boxes[0]:
        measure = _choice(words, "measure", MEASURES, session.measure, group="measure")
    with boxes[1]:
        area = area_field(words, town, session.area, key="filter_area")
    with boxes[2]:
        key = _choice(words, "period", PERIODS, session.period.key, group="period")
    with boxes[3]:
        kinds = codes_field(words, "kinds", session.kinds, key="filter_kinds")
    with boxes[4]:
        channels = codes_field(words, "channels", session.channel_groups, key="filter_channels",
                               help_key="filter.channels_help")  # fmt: skip
    with boxes[5]:
        as_of = grids_field(words, session.as_of, key="filter_as_of")
    days = st.container(horizontal=True) if key == "custom" or as_of == _DAY else st.container()
    with days:
        period = period_days(words, key, session.period, _local_day(latest_at), page="filter")
        is_day = as_of == _DAY
        day = grids_day(words, session.as_of, key="filter_as_of_day") if is_day else as_of
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


def _local_day(moment: datetime | None) -> date:
    return moment.astimezone(ZoneInfo(DEFAULT_TZ)).date() if moment else today_here()
