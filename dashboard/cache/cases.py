"""Keep lists of cases by revision and minute; pages of single cases are always read afresh.

Used by the screens of cases.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Final

import streamlit as st

from dashboard import cache
from dashboard.viewmodels.cases import CaseList, build_cases, load_clocks
from dashboard.viewmodels.cases_page import CasePage, Desk, build_case_page, desks_of
from dashboard.viewmodels.cases_roots import root_choices as near_hazards
from dashboard.viewmodels.handover import Handover, Shift, build_handover
from data.repositories.places import today_here
from data.vocabulary import EventLayer

if TYPE_CHECKING:
    from datetime import datetime

    from dashboard.viewmodels.cases_wanted import CaseWanted
    from data.repositories.case_records import CaseKey, CaseRecord
    from data.repositories.cases import Clocks
    from data.viewer import Viewer

_SETS: Final = ("places", "settings", "incidents", "hazards", "disputes")


def cases(wanted: CaseWanted, actor: str) -> CaseList:
    """Give the page of cases that is asked for, with lights of this minute.

    In a scenario the lights are those of its day.
    """
    minute = cache.clock().replace(second=0, microsecond=0)
    key = (wanted, actor, minute)
    return _cases(cache.store_key(), cache.some_revisions(_SETS), key, cache.viewer())


def case_page(key: CaseKey) -> CasePage:
    """Give the page of one case as it is now.

    Raises
    ------
    RecordNotFound, AccessRefused
        As `data.repositories.cases.find_case`.
    """
    with cache.database().read() as session:
        town = cache.town("today")
        return build_case_page(session, cache.viewer(), town, key, cache.clock())


def handover(shift: Shift) -> Handover:
    """Give what one shift hands to the next, with lights of this minute or a scenario's day."""
    now = cache.clock().replace(second=0, microsecond=0)
    sets = cache.some_revisions((*_SETS, "people"))
    return _handover(cache.store_key(), sets, (shift, now), cache.viewer())


@st.cache_data(max_entries=16, show_spinner=False)
def _handover(
    path: str, revisions: cache.Revisions, asked: tuple[Shift, datetime], viewer: Viewer
) -> Handover:
    del path, revisions  # part of the key
    shift, now = asked
    placed = cache.placed_layers("today", today_here(), viewer)
    with cache.database().read() as session:
        held = (cache.town("today"), placed, _clocks_of(viewer))
        return build_handover(session, viewer, held, shift, now)


def root_choices(dispute: CaseRecord) -> tuple[tuple[CaseRecord, float], ...]:
    """Give the hazards that a dispute may have grown from, with their metres."""
    placed = cache.placed_layers("today", today_here(), cache.viewer())
    with cache.database().read() as session:
        return near_hazards(session, cache.viewer(), placed[EventLayer.HAZARDS], dispute)


def desks() -> tuple[Desk, ...]:
    """Give who is on duty today and may act on cases."""
    sets = cache.some_revisions(("places", "people"))
    return _desks(cache.store_key(), sets, today_here().isoformat(), cache.viewer())


@st.cache_data(max_entries=32, show_spinner=False)
def _cases(
    path: str,
    revisions: cache.Revisions,
    asked: tuple[CaseWanted, str, datetime],
    viewer: Viewer,
) -> CaseList:
    del path, revisions  # part of the key
    wanted, actor, now = asked
    placed = cache.placed_layers("today", today_here(), viewer)
    with cache.database().read() as session:
        held = (cache.town("today"), placed, _clocks_of(viewer))
        return build_cases(session, viewer, held, wanted, (now, cache.facts().tz), actor)


def _clocks_of(viewer: Viewer) -> dict[EventLayer, Clocks]:
    sets = cache.some_revisions(("hazards", "disputes"))
    return _clocks(cache.store_key(), sets, viewer)


@st.cache_data(max_entries=8, show_spinner=False)
def _clocks(path: str, revisions: cache.Revisions, viewer: Viewer) -> dict[EventLayer, Clocks]:
    del path, revisions  # part of the key
    with cache.database().read() as session:
        return load_clocks(session, viewer)


@st.cache_data(max_entries=4, show_spinner=False)
def _desks(path: str, revisions: cache.Revisions, day: str, viewer: Viewer) -> tuple[Desk, ...]:
    del path, revisions  # part of the key
    with cache.database().read() as session:
        return desks_of(session, viewer, cache.town(day))
