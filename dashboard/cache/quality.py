"""Keep what the data-quality screen shows, by revision and day.

Used by the data-quality screen.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

import streamlit as st

from dashboard import cache
from dashboard.viewmodels.quality import BoundaryFaults, Quality, build_quality, load_faults
from data.repositories.places import today_here

if TYPE_CHECKING:
    from datetime import date

    from data.viewer import Viewer


def quality(as_of: str) -> Quality:
    """Give what the data-quality screen shows on the grids of a day."""
    return _quality(
        cache.store_key(), cache.some_revisions(), (today_here(), as_of), cache.viewer()
    )


def faults(as_of: str) -> BoundaryFaults:
    """Give the boundary faults of a day's base grids."""
    revisions = cache.some_revisions(("places",))
    return _faults(cache.store_key(), revisions, cache.day_of(as_of), cache.viewer())


@st.cache_data(max_entries=4, show_spinner=False)
def _quality(
    path: str, revisions: cache.Revisions, asked: tuple[date, str], viewer: Viewer
) -> Quality:
    del path, revisions  # part of the key
    today, as_of = asked
    placed = cache.placed_layers(as_of, today, viewer)
    with cache.database().read() as session:
        return build_quality(session, viewer, (cache.town(as_of), placed))


@st.cache_data(max_entries=4, show_spinner=False)
def _faults(path: str, revisions: cache.Revisions, day: date, viewer: Viewer) -> BoundaryFaults:
    del path, revisions  # part of the key
    with cache.database().read() as session:
        return load_faults(session, viewer, as_of=day)
