"""Keep who fills which post, the work around it, and contact cards, by revision.

Used by the people screen.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Final

import streamlit as st

from dashboard import cache
from dashboard.viewmodels.contact import build_cards
from dashboard.viewmodels.people import People, build_people
from dashboard.viewmodels.people_work import Work, build_work
from data.repositories.places import today_here

if TYPE_CHECKING:
    from datetime import date

    from dashboard.printing.contact_card import ContactCard
    from data.viewer import Viewer

_SETS: Final = ("places", "people", "settings")
_WORK_SETS: Final = (*_SETS, "talks", "debriefs", "appraisals", "agreements", "meetings")
_CARD_SETS: Final = (*_SETS, "service_points")


def first_day() -> date:
    """Say which day is shown first: today, or the day on which a scenario stands."""
    return cache.facts().scenario_on or today_here()


def people(day: date, area: str) -> People:
    """Give the posts of a day and area.

    Raises
    ------
    AccessRefused
        `level_too_low`.
    """
    return _people(cache.store_key(), cache.some_revisions(_SETS), (day, area), cache.viewer())


def work(day: date, area: str, period: str) -> Work:
    """Give talks, debriefs, appraisals, agreements and meetings of a day and area.

    Raises
    ------
    AccessRefused
        `level_too_low`.
    """
    asked = (day, area, period)
    return _work(cache.store_key(), cache.some_revisions(_WORK_SETS), asked, cache.viewer())


def cards(day: date, codes: tuple[str, ...], address: str | None) -> tuple[ContactCard, ...]:
    """Give the contact cards of communities.

    Raises
    ------
    RecordNotFound, ConfigError
        Those of `build_cards`.
    """
    asked = (day, codes, address)
    return _cards(cache.store_key(), cache.some_revisions(_CARD_SETS), asked, cache.viewer())


@st.cache_data(max_entries=8, show_spinner=False)
def _people(
    path: str, revisions: cache.Revisions, asked: tuple[date, str], viewer: Viewer
) -> People:
    del path, revisions  # part of the key
    day, area = asked
    with cache.database().read() as session:
        return build_people(session, viewer, as_of=day, area=area)


@st.cache_data(max_entries=8, show_spinner=False)
def _work(
    path: str, revisions: cache.Revisions, asked: tuple[date, str, str], viewer: Viewer
) -> Work:
    del path, revisions  # part of the key
    day, area, period = asked
    with cache.database().read() as session:
        return build_work(session, viewer, people(day, area), period=period)


@st.cache_data(max_entries=4, show_spinner=False)
def _cards(
    path: str,
    revisions: cache.Revisions,
    asked: tuple[date, tuple[str, ...], str | None],
    viewer: Viewer,
) -> tuple[ContactCard, ...]:
    del path, revisions  # part of the key
    day, codes, address = asked
    with cache.database().read() as session:
        return build_cards(session, viewer, as_of=day, codes=codes, address=address)
