"""Keep what the planner's views show, by revision and plan: impact, comparison, checks, history.

Used by the planner's views. Every answer is of one state of the store: a write makes a new key.
"""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import TYPE_CHECKING, Any, Final

import streamlit as st

from dashboard import cache
from dashboard.viewmodels.overview import latest_moment
from dashboard.viewmodels.plan_checks import PlanFindings, build_findings
from dashboard.viewmodels.plan_compare import Comparison, Side, figures_of
from dashboard.viewmodels.plan_impact import (
    Occasion,
    build_impact,
    changed_ground,
    plan_grids,
)
from data.analysis.impact import impact_of
from data.analysis.plan_counting import whole_grids
from data.analysis.plan_history import HistoryQuestion, Restated, restated
from data.analysis.plan_points import PlanPeriod, PlanPoints, PlanQuestion, read_points
from data.counting import local_midnight
from data.frames import grids_frame
from data.planning.opening import open_plan
from data.repositories.places import today_here
from data.repositories.plans import find_plan, list_plans
from data.viewer import Viewer
from data.vocabulary import EventLayer

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping
    from datetime import date

    import geopandas as gpd

    from dashboard.printing.impact import PlanImpact
    from data.analysis.plan_figures import PlanFigures
    from data.repositories.plan_records import PlanRecord

TODAY: Final = 0
"""Stands for the grids that hold, where a plan's number is asked for."""
YEAR_DAYS: Final = 365
_DAY: Final = timedelta(days=1)
_GROUND: Final = ("places", "people", "settings")
_COUNTED: Final = (*_GROUND, "incidents", "hazards", "disputes", "patrol_targets", "plans")


@dataclass(frozen=True)
class Asked:
    """A question about the past: which grids, how many days back from the latest incident."""

    on: str
    days: int = YEAR_DAYS
    kinds: tuple[str, ...] = ()


_AS_TEXT: Final[dict[str | type, Callable[[Any], str]]] = {tuple: repr, Viewer: repr, Asked: repr}


def first_day() -> date:
    """Say which day counts as today: today, or the day on which a scenario stands."""
    return cache.stands_on() or today_here()


def plans() -> tuple[PlanRecord, ...]:
    """List the plans of the viewer's areas, changed last first; read afresh each time."""
    with cache.database().read() as session:
        return list_plans(session, cache.viewer())


def plan(plan_id: int) -> PlanRecord:
    """Give one plan as it is now.

    Raises
    ------
    RecordNotFound
        `no_such_plan`.
    """
    with cache.database().read() as session:
        return find_plan(session, cache.viewer(), plan_id)


def impact(plan_id: int) -> PlanImpact:
    """Give what a plan changes.

    Raises
    ------
    RecordNotFound, AccessRefused
        As `build_impact`.
    """
    return _impact(cache.store_key(), cache.some_revisions(), (plan_id, first_day()),
                   cache.viewer())  # fmt: skip


def findings(plan_id: int) -> PlanFindings:
    """Give what stands against a plan."""
    return _findings(cache.store_key(), cache.some_revisions(), (plan_id, first_day()),
                     cache.viewer())  # fmt: skip


def comparison(plan_id: int, other_id: int) -> Comparison:
    """Put another plan, or the grids of today (`TODAY`), beside a plan; the plan comes second."""
    return _comparison(cache.store_key(), cache.some_revisions(),
                       (plan_id, other_id, first_day()), cache.viewer())  # fmt: skip


def history(plan_id: int, asked: Asked) -> Restated:
    """Count the past on the grids that are asked for: ``event``, ``today`` or ``plan``."""
    return _history(cache.store_key(), cache.some_revisions(), (plan_id, asked, today_here()),
                    cache.viewer())  # fmt: skip


def _grids(plan_id: int, day: date, viewer: Viewer) -> tuple[str, gpd.GeoDataFrame]:
    """Give name and grids of a plan with those around its scope, or the grids of a day."""
    with cache.database().read() as session:
        if plan_id == TODAY:
            return "", grids_frame(session, viewer, as_of=day).reset_index(drop=True)
        found = whole_grids(session, viewer, plan_id, as_of=day)
        return find_plan(session, viewer, plan_id).name, found.reset_index(drop=True)


def _points(day: date, viewer: Viewer) -> Mapping[str, PlanPoints]:
    return _read_points(cache.store_key(), cache.some_revisions(_COUNTED), day, viewer)


@st.cache_resource(max_entries=4, show_spinner=False, hash_funcs=_AS_TEXT)
def _read_points(
    path: str, revisions: cache.Revisions, day: date, viewer: Viewer
) -> Mapping[str, PlanPoints]:
    del path, revisions  # part of the key
    layers = cache.placed_layers("today", today_here(), viewer)
    events = {layer: placed.events for layer, placed in layers.items()}
    since, until = span(YEAR_DAYS)
    periods = (PlanPeriod("year", since, until),)
    question = PlanQuestion(day, periods, tz=cache.facts().tz)
    with cache.database().read() as session:
        return read_points(session, viewer, question, events)


def span(days: int) -> tuple[datetime, datetime]:
    """Bound the days that end with the latest incident's local day, or today."""
    tz = cache.facts().tz
    events = cache.placed_layers("today", today_here(), cache.viewer())[EventLayer.INCIDENTS]
    latest_at = latest_moment(events)
    until_on = (first_day() if latest_at is None else _local_day(latest_at, tz)) + _DAY
    return local_midnight(until_on - timedelta(days=days), tz), local_midnight(until_on, tz)


def _local_day(moment: datetime, tz: str) -> date:
    return moment.astimezone(local_midnight(moment.date(), tz).tzinfo).date()


def _figures(plan_id: int, day: date, viewer: Viewer) -> PlanFigures:
    key = (plan_id, day)
    return _figures_of(cache.store_key(), cache.some_revisions(_COUNTED), key, viewer)


@st.cache_resource(max_entries=12, show_spinner=False, hash_funcs=_AS_TEXT)
def _figures_of(
    path: str, revisions: cache.Revisions, key: tuple[int, date], viewer: Viewer
) -> PlanFigures:
    del path, revisions  # part of the key
    plan_id, day = key
    points = _points(day, viewer)
    _, grids = _grids(plan_id, day, viewer)
    with cache.database().read() as session:
        return figures_of(session, viewer, grids, points, day)


# Shared, not copied for each visitor: nobody writes into an answer.
@st.cache_resource(max_entries=12, show_spinner=False, hash_funcs=_AS_TEXT)
def _impact(
    path: str, revisions: cache.Revisions, key: tuple[int, date], viewer: Viewer
) -> PlanImpact:
    del path, revisions  # part of the key
    plan_id, day = key
    occasion = Occasion(day, cache.clock(), cache.facts())
    placed = cache.placed_layers("today", today_here(), viewer)
    with cache.database().read() as session:
        return build_impact(
            session, viewer, plan_id, occasion, placed[EventLayer.INCIDENTS].events
        )  # fmt: skip


@st.cache_resource(max_entries=12, show_spinner=False, hash_funcs=_AS_TEXT)
def _findings(
    path: str, revisions: cache.Revisions, key: tuple[int, date], viewer: Viewer
) -> PlanFindings:
    del path, revisions  # part of the key
    plan_id, day = key
    found = impact(plan_id)
    points = _points(day, viewer)
    with cache.database().read() as session:
        opened = open_plan(session, viewer, plan_id)
        before, after = plan_grids(session, opened)
        both = [figures_of(session, viewer, grids, points, day) for grids in (before, after)]
        return build_findings(
            session, viewer, opened, (both[0], both[1]), found.impact
        )  # fmt: skip


@st.cache_resource(max_entries=8, show_spinner=False, hash_funcs=_AS_TEXT)
def _comparison(
    path: str, revisions: cache.Revisions, key: tuple[int, int, date], viewer: Viewer
) -> Comparison:
    del path, revisions  # part of the key
    plan_id, other_id, day = key
    sides = []
    for number in (other_id, plan_id):
        name, grids = _grids(number, day, viewer)
        sides.append(Side(name, grids, _figures(number, day, viewer)))
    first, second = sides
    with cache.database().read() as session:
        found = impact_of(session, viewer, first.grids, second.grids, as_of=day,
                          tz=cache.facts().tz)  # fmt: skip
    ground = changed_ground(first.grids, second.grids, found.ground)
    return Comparison((first, second), ground, found)


@st.cache_resource(max_entries=12, show_spinner=False, hash_funcs=_AS_TEXT)
def _history(
    path: str, revisions: cache.Revisions, key: tuple[int, Asked, date], viewer: Viewer
) -> Restated:
    del path, revisions  # part of the key
    plan_id, asked, today = key
    since, until = span(asked.days)
    question = HistoryQuestion(
        today, periods=(PlanPeriod("year", since, until),), kinds=asked.kinds, tz=cache.facts().tz
    )
    on = _grids(plan_id, today, viewer)[1] if asked.on == "plan" else asked.on
    as_of = "today" if asked.on == "plan" else asked.on
    placed = cache.placed_layers(as_of, today, viewer)[EventLayer.INCIDENTS]
    with cache.database().read() as session:
        (found,) = restated(session, viewer, question, on, placed)
    return found
