"""Keep opened plans, their counts and figures, by plan version; the store alone holds the truth.

Used by the planner's page and its parts. A version that is not kept is opened from the log; its
counts come from those of a version that is, by what differs (`PlanCounts.update_to`): points are
placed once and shared.
"""

from __future__ import annotations

from dataclasses import replace
from threading import RLock
from typing import TYPE_CHECKING, Final

import streamlit as st

from dashboard import cache
from dashboard import session as visitor
from dashboard.maps.editing import shared_vertices
from dashboard.viewmodels.overview import Span, Wanted, latest_moment, span_of
from dashboard.viewmodels.planner import Followed, PlanState, followed, question_of
from data.analysis.plan_counts import PlanCounts
from data.analysis.plan_figures import plan_figures, read_ground
from data.analysis.plan_points import (
    DISPUTES,
    HAZARDS,
    INCIDENTS,
    OPEN,
    PlanPoints,
    read_points,
)
from data.frames import compounds_frame
from data.planning.opening import edit_options, open_plan, reopened
from data.repositories.places import today_here
from data.repositories.plan_records import PlanStatus
from data.repositories.plans import (
    base_changes,
    find_plan,
    list_asides,
    list_edits,
    list_notes,
    list_plans,
)
from data.viewer import Viewer
from data.vocabulary import EventLayer

if TYPE_CHECKING:
    from collections.abc import Callable
    from datetime import date
    from typing import Any

    import geopandas as gpd

    from dashboard.maps.editing import SharedVertices
    from data.analysis.plan_figures import PlanFigures, PlanGround
    from data.planning.opening import OpenPlan
    from data.repositories.plans import AsideRecord, EditRecord, NoteRecord, PlanRecord
    from geo.edits.report import EditOptions
    from geo.edits.tiling import EditTiling

_AS_TEXT: Final[dict[str | type, Callable[[Any], str]]] = {tuple: repr, Viewer: repr}
_VERSIONS: Final = 6
"""So many versions of a plan are kept: those on the screens of planners who work on it."""
_GROUND_SETS: Final = ("places", "people", "settings")
_NOT_COUNTED: Final = frozenset({"plans", "people", "settings"})
_Asked = tuple["date", Span, str]


class _Opened:
    """The last versions of one plan."""

    def __init__(self) -> None:
        self.lock = RLock()
        self.held: dict[int, OpenPlan] = {}
        self._shared: tuple[EditTiling, SharedVertices] | None = None

    def keep(self, opened: OpenPlan) -> None:
        self.held[opened.plan.version] = opened
        while len(self.held) > _VERSIONS:
            del self.held[min(self.held)]

    def vertices(self, tiling: EditTiling) -> SharedVertices:
        """Give the shared vertices; those of the tiling that was asked for last are kept."""
        held = self._shared
        if held is None or held[0] is not tiling:
            held = self._shared = (tiling, shared_vertices(tiling.codes, tiling.shapes))
        return held[1]


class _Counted:
    """One version of a plan with its counts, and its figures by state of posts and settings."""

    def __init__(self, tiling: EditTiling, frame: gpd.GeoDataFrame, counts: PlanCounts) -> None:
        self.tiling, self.frame, self.counts = tiling, frame, counts
        self._figures: dict[cache.Revisions, PlanFigures] = {}

    def figures(self, revisions: cache.Revisions, ground: PlanGround) -> PlanFigures:
        if revisions not in self._figures:
            made = plan_figures(self.frame, self.counts, ground)
            self._figures = {revisions: made}
        return self._figures[revisions]


class _Tally:
    """Counts of one plan: at its beginning, and of its last versions."""

    def __init__(self, plan: OpenPlan, points: dict[str, PlanPoints]) -> None:
        self.lock = RLock()
        frame = plan.base.frame()
        self.start = _Counted(plan.base, frame, PlanCounts(frame, points))
        self.held: dict[int, _Counted] = {}

    def counted(self, now: OpenPlan) -> _Counted:
        """Give a version; it is counted from the latest one that is kept."""
        version = now.plan.version
        if version not in self.held or self.held[version].tiling is not now.tiling:
            near = self.held[max(self.held)] if self.held else self.start
            frame, counts = now.tiling.frame(), near.counts.copy()
            counts.update_to(frame)
            self.held[version] = _Counted(now.tiling, frame, counts)
            while len(self.held) > _VERSIONS:
                del self.held[min(self.held)]
        return self.held[version]


def plans() -> tuple[PlanRecord, ...]:
    """List the plans, changed last first.

    Raises
    ------
    AccessRefused
        `level_too_low`.
    """
    with cache.database().read() as session:
        return list_plans(session, cache.viewer())


def opened(plan_id: int) -> OpenPlan:
    """Give a plan as it is in the store now.

    Raises
    ------
    RecordNotFound
        `no_such_plan`.
    """
    shelf = _opened(cache.store_key(), plan_id, cache.viewer())
    with shelf.lock, cache.database().read() as session:
        if shelf.held:
            now = reopened(session, cache.viewer(), shelf.held[max(shelf.held)])
        else:
            now = open_plan(session, cache.viewer(), plan_id)
        shelf.keep(now)
        return now


def opened_at(plan_id: int, version: int) -> OpenPlan | None:
    """Give a plan as it was at a version, where that is still kept."""
    return _opened(cache.store_key(), plan_id, cache.viewer()).held.get(version)


def keep(now: OpenPlan) -> None:
    """Keep what an edit has just made of a plan: nothing is read again."""
    shelf = _opened(cache.store_key(), now.plan.id, cache.viewer())
    with shelf.lock:
        shelf.keep(now)


def vertices(now: OpenPlan) -> SharedVertices:
    """Give the vertices that the grids of a plan share, as the map is drawn from them."""
    return _opened(cache.store_key(), now.plan.id, cache.viewer()).vertices(now.tiling)


def state(plan_id: int) -> PlanState:
    """Give a plan as it is now, with its figures.

    Raises
    ------
    RecordNotFound
        `no_such_plan`.
    """
    now = opened(plan_id)
    asked, revisions = _asked(), cache.some_revisions(_GROUND_SETS)
    ground = _ground(cache.store_key(), revisions, (plan_id, now.plan.base_id), cache.viewer())
    key = (plan_id, now.plan.base_id)
    tally = _tally(cache.store_key(), _counted_sets(), asked, key, cache.viewer())
    with tally.lock:
        counted, start = tally.counted(now), tally.start.figures(revisions, ground)
        figures = counted.figures(revisions, ground)
    return PlanState(now, counted.frame, counted.counts, ground, figures, start, _last(now.plan))


def _last(plan: PlanRecord) -> EditRecord | None:
    if plan.head == 0:
        return None
    with cache.database().read() as session:
        found = list_edits(session, cache.viewer(), plan.id, after=plan.head - 1, until=plan.head)
    return found[0] if found else None


def options() -> EditOptions:
    """Give how edits are applied: communities, compounds, streets to follow."""
    return _options(cache.store_key(), _counted_sets(), cache.viewer())


def pieces() -> gpd.GeoDataFrame:
    """Give the compounds that can be picked for a transfer, by `compound_id`."""
    return _pieces(cache.store_key(), _counted_sets(), cache.viewer())


def sample() -> Followed:
    """Give the points that the browser follows while dragging."""
    return _sample(cache.store_key(), _counted_sets(), _asked(), cache.viewer())


def points() -> dict[str, PlanPoints]:
    """Give all points that plans count, in the period that is asked for."""
    return _points(cache.store_key(), _counted_sets(), _asked(), cache.viewer())


def span() -> Span:
    """Give the period whose incidents make the load."""
    return _asked()[1]


def asides(plan_id: int) -> tuple[AsideRecord, ...]:
    """List the drawings that wait."""
    with cache.database().read() as session:
        return list_asides(session, cache.viewer(), plan_id)


def notes(plan_id: int) -> tuple[NoteRecord, ...]:
    """List the comments that are open."""
    with cache.database().read() as session:
        return list_notes(session, cache.viewer(), plan_id)


def stale_codes(plan: PlanRecord) -> tuple[str, ...]:
    """List the grids whose ground changed since the plan was begun; for a plan still to come."""
    if plan.status not in {PlanStatus.DRAFT, PlanStatus.APPROVED}:
        return ()
    key = (plan.id, plan.former_id)
    return _stale_codes(cache.store_key(), cache.some_revisions(("places",)), key, cache.viewer())


def edits_since(plan_id: int, version: int) -> tuple[EditRecord, ...]:
    """List what was drawn after a version, undone or not."""
    with cache.database().read() as session:
        found = list_edits(session, cache.viewer(), plan_id, with_left=True)
    return tuple(edit for edit in found if edit.version > version)


def version_of(plan_id: int) -> int:
    """Read the version of a plan in the store.

    Raises
    ------
    RecordNotFound
        `no_such_plan`.
    """
    with cache.database().read() as session:
        return find_plan(session, cache.viewer(), plan_id).version


def _counted_sets() -> cache.Revisions:
    """Give the revisions of all but plans, posts and settings: no edit places points anew."""
    return tuple(pair for pair in cache.some_revisions() if pair[0] not in _NOT_COUNTED)


def _asked() -> _Asked:
    """Say which incidents count: those of the period that the pages share."""
    period, tz = visitor.load().period, cache.facts().tz
    wanted = Wanted(period=period.key, since_on=period.since_on, last_on=period.last_on)
    revisions = cache.some_revisions(("places", "incidents"))
    found = _span(cache.store_key(), revisions, (today_here(), wanted, tz), cache.viewer())
    return today_here(), found, tz


@st.cache_resource(max_entries=16, show_spinner=False, hash_funcs=_AS_TEXT)
def _span(
    path: str, revisions: cache.Revisions, asked: tuple[date, Wanted, str], viewer: Viewer
) -> Span:
    del path, revisions  # part of the key
    today, wanted, tz = asked
    placed = cache.placed_layers("today", today, viewer)
    return span_of(wanted, latest_moment(placed[EventLayer.INCIDENTS]), tz)


@st.cache_resource(max_entries=12, show_spinner=False, hash_funcs=_AS_TEXT)
def _opened(path: str, plan_id: int, viewer: Viewer) -> _Opened:
    del path, plan_id, viewer  # part of the key
    return _Opened()


@st.cache_resource(max_entries=8, show_spinner=False, hash_funcs=_AS_TEXT)
def _tally(
    path: str, revisions: cache.Revisions, asked: _Asked, key: tuple[int, int], viewer: Viewer
) -> _Tally:
    return _Tally(opened(key[0]), _points(path, revisions, asked, viewer))


@st.cache_resource(max_entries=3, show_spinner=False, hash_funcs=_AS_TEXT)
def _points(
    path: str, revisions: cache.Revisions, asked: _Asked, viewer: Viewer
) -> dict[str, PlanPoints]:
    del path, revisions  # part of the key
    today, since, tz = asked
    placed = cache.placed_layers("today", today, viewer)
    events = {layer: placed[layer].events for layer in EventLayer}
    with cache.database().read() as session:
        return read_points(session, viewer, question_of(since, today, tz), events)


@st.cache_resource(max_entries=3, show_spinner=False, hash_funcs=_AS_TEXT)
def _sample(path: str, revisions: cache.Revisions, asked: _Asked, viewer: Viewer) -> Followed:
    held = _points(path, revisions, asked, viewer)
    period = next(iter(held[INCIDENTS].periods))
    return followed(held, {INCIDENTS: period, HAZARDS: OPEN, DISPUTES: OPEN})


@st.cache_resource(max_entries=8, show_spinner=False, hash_funcs=_AS_TEXT)
def _ground(
    path: str, revisions: cache.Revisions, key: tuple[int, int], viewer: Viewer
) -> PlanGround:
    del path, revisions  # part of the key
    frame = opened(key[0]).base.frame()
    as_of = cache.stands_on() or today_here()
    with cache.database().read() as session:
        return read_ground(session, viewer, frame, as_of=as_of)


@st.cache_resource(max_entries=12, show_spinner=False, hash_funcs=_AS_TEXT)
def _stale_codes(
    path: str, revisions: cache.Revisions, key: tuple[int, int], viewer: Viewer
) -> tuple[str, ...]:
    del path, revisions  # part of the key
    with cache.database().read() as session:
        return base_changes(session, viewer, key[0]).ground


@st.cache_resource(max_entries=3, show_spinner=False, hash_funcs=_AS_TEXT)
def _options(path: str, revisions: cache.Revisions, viewer: Viewer) -> EditOptions:
    del path, revisions  # part of the key
    with cache.database().read() as session:
        made = edit_options(session, viewer)
    town = cache.town("today")
    return replace(made, streets=tuple(town.streets.geometry.to_numpy()))


@st.cache_resource(max_entries=3, show_spinner=False, hash_funcs=_AS_TEXT)
def _pieces(path: str, revisions: cache.Revisions, viewer: Viewer) -> gpd.GeoDataFrame:
    del path, revisions  # part of the key
    with cache.database().read() as session:
        frame = compounds_frame(session, viewer)
    return frame[frame.geometry.notna() & ~frame.geometry.is_empty]
