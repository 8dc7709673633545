"""Keep the briefs of shifts, by revision.

Used by the patrol screen.
"""

from __future__ import annotations

from datetime import date, timedelta
from typing import TYPE_CHECKING, Final

import streamlit as st

from dashboard import cache
from dashboard.viewmodels.patrol import build_brief
from dashboard.viewmodels.patrol_phones import duty_phones
from dashboard.viewmodels.patrol_proof import PatrolProof, prove_brief
from dashboard.viewmodels.patrol_values import Brief, Ground, PatrolAsked
from data.repositories.places import today_here
from data.repositories.registers import patrol_stops, patrol_targets

if TYPE_CHECKING:
    from collections.abc import Mapping

    from dashboard.printing.contact_card import ContactLine
    from data.viewer import Viewer

_SETS: Final = (
    "places", "streets", "incidents", "hazards", "disputes", "patrol_stops", "patrol_targets",
    "settings",
)  # fmt: skip
_RANKING: Final = ("places", "incidents", "settings")
_STOPS_DAYS: Final = 366
"""How far back the last stop at a place is looked for."""


def brief(asked: PatrolAsked) -> Brief:
    """Give the brief of one shift, on the boundaries of its day."""
    return _brief(cache.store_key(), cache.some_revisions(_SETS), asked, cache.viewer())


@st.cache_data(max_entries=32, show_spinner=False)
def _brief(path: str, revisions: cache.Revisions, asked: PatrolAsked, viewer: Viewer) -> Brief:
    del path, revisions  # part of the key
    day = asked.day.isoformat()
    placed = cache.placed_layers(day, today_here(), viewer)
    since, until = asked.day - timedelta(days=_STOPS_DAYS), asked.day + timedelta(days=1)
    with cache.database().read() as session:
        ground = Ground(
            town=cache.town(day),
            placed=placed,
            stops=patrol_stops(session, viewer, since=since, until=until),
            targets=patrol_targets(session, viewer),
        )
        return build_brief(session, viewer, ground, asked, tz=cache.facts().tz)


def proof(asked: PatrolAsked, places: int) -> PatrolProof | None:
    """Say how the ranking of a brief would have done; the slow part, kept by itself."""
    return _proof(cache.store_key(), cache.some_revisions(_RANKING), asked, places, cache.viewer())


@st.cache_data(max_entries=64, show_spinner=False)
def _proof(
    path: str, revisions: cache.Revisions, asked: PatrolAsked, places: int, viewer: Viewer
) -> PatrolProof | None:
    del path, revisions  # part of the key
    day = asked.day.isoformat()
    ground = Ground(cache.town(day), cache.placed_layers(day, today_here(), viewer))
    with cache.database().read() as session:
        return prove_brief(session, ground, asked, places, tz=cache.facts().tz)


def phones(codes: frozenset[str], day: str) -> Mapping[str, tuple[ContactLine, ...]]:
    """Give the duty telephones of who covers some units on a day."""
    sets = cache.some_revisions(("places", "people", "service_points", "settings"))
    return _phones(cache.store_key(), sets, (codes, day), cache.viewer())


@st.cache_data(max_entries=32, show_spinner=False)
def _phones(
    path: str, revisions: cache.Revisions, asked: tuple[frozenset[str], str], viewer: Viewer
) -> Mapping[str, tuple[ContactLine, ...]]:
    del path, revisions  # part of the key
    codes, day = asked
    with cache.database().read() as session:
        return duty_phones(session, viewer, cache.town(day), codes)


def shift_day() -> date:
    """Say for which day a brief is made: today, or the day on which a scenario stands."""
    return cache.stands_on() or today_here()
