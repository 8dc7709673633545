"""Keep answers about reach and proposals of sites, by revision and question.

Used by the coverage screen.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, Final

import streamlit as st

from dashboard import cache
from dashboard.actions.coverage_files import CoverageSheets, coverage_file
from dashboard.viewmodels.coverage import CoverageView, build_coverage
from dashboard.viewmodels.overview import Span, Wanted, latest_moment, span_of
from data.analysis.coverage import CoverageQuestion
from data.analysis.siting import SiteAnswer, SiteQuestion, site_of
from data.repositories.places import today_here
from data.viewer import Viewer
from data.vocabulary import EventLayer

if TYPE_CHECKING:
    from collections.abc import Callable
    from datetime import date, datetime

_SETS: Final = (
    "places", "streets", "people", "incidents", "hazards", "buildings", "duty_shifts", "settings",
)  # fmt: skip
_SITE_SETS: Final = (*_SETS, "service_points")
_AS_TEXT: Final[dict[str | type, Callable[[Any], str]]] = {
    tuple: repr, CoverageQuestion: repr, SiteQuestion: repr, Viewer: repr,
}  # fmt: skip


def first_day() -> date:
    """Say which day is shown first: today, or the day on which a scenario stands."""
    return cache.stands_on() or today_here()


def span(wanted: Wanted) -> Span:
    """Bound the period of a choice; days count back from the latest incident's."""
    placed = cache.placed_layers("today", today_here(), cache.viewer())
    return span_of(wanted, latest_moment(placed[EventLayer.INCIDENTS]), cache.facts().tz)


def coverage(question: CoverageQuestion) -> CoverageView:
    """Answer a question of reach.

    Raises
    ------
    ConfigError, RecordNotFound, GeoError
        As `dashboard.viewmodels.coverage.build_coverage`.
    """
    return _coverage(cache.store_key(), cache.some_revisions(_SETS), question, cache.viewer())


def sites(question: SiteQuestion) -> SiteAnswer:
    """Propose sites.

    Raises
    ------
    ConfigError, RecordNotFound, GeoError
        As `data.analysis.siting.site_of`.
    """
    return _sites(cache.store_key(), cache.some_revisions(_SITE_SETS), question, cache.viewer())


def file(sheets: CoverageSheets, ending: str, now: datetime) -> bytes:
    """Write an answer to a file and log it.

    Raises
    ------
    AccessRefused
        `level_too_low`.
    """
    return coverage_file(cache.database(), cache.viewer(), sheets, ending, now)


# Shared, not copied for each visitor: nobody writes into an answer. Who asks the same while it is
# worked out waits for that answer; the solver leaves other visitors' pages alone meanwhile.
@st.cache_resource(max_entries=24, show_spinner=False, hash_funcs=_AS_TEXT)
def _coverage(
    path: str, revisions: cache.Revisions, question: CoverageQuestion, viewer: Viewer
) -> CoverageView:
    del path, revisions  # part of the key
    day = question.as_of.isoformat()
    ground = cache.town(day), cache.placed_layers(day, today_here(), viewer)
    return build_coverage(cache.database(), viewer, ground, question)


@st.cache_resource(max_entries=24, show_spinner=False, hash_funcs=_AS_TEXT)
def _sites(
    path: str, revisions: cache.Revisions, question: SiteQuestion, viewer: Viewer
) -> SiteAnswer:
    del path, revisions  # part of the key
    placed = cache.placed_layers(question.as_of.isoformat(), today_here(), viewer)
    return site_of(cache.database(), viewer, question, placed=placed)
