"""Keep hotspot answers, their proofs and the reasons of cells, by revision and question.

Used by the hotspot screen: a rerun of the page never works anything out twice.
"""

from __future__ import annotations

from datetime import date
from threading import Lock
from typing import TYPE_CHECKING, Any, Final

import streamlit as st

from dashboard import cache
from dashboard.viewmodels.hotspots import HotspotView, question_of, view_of
from dashboard.viewmodels.hotspots_why import CellCard, card_of, proved_question, week_of
from dashboard.viewmodels.overview import Span, Wanted, latest_moment, span_of
from data.analysis.grids_of import grids_valid_in
from data.analysis.hotspots import (
    BacktestAnswer,
    HotspotQuestion,
    UnitsAnswer,
    backtest_of,
    ground_of,
    hotspots_of,
    units_compared,
)
from data.grids_of import AS_OF_EVENT, AS_OF_TODAY, GridsOf
from data.repositories.places import today_here
from data.viewer import Viewer
from data.vocabulary import EventLayer

if TYPE_CHECKING:
    from collections.abc import Callable
    from datetime import datetime

    from dashboard.session import Session
    from data.analysis.hotspots import HotspotGround
    from geo.hotspots import HourWeekday

_SETS: Final = ("places", "incidents", "settings")
_AS_TEXT: Final[dict[str | type, Callable[[Any], str]]] = {
    tuple: repr, HotspotQuestion: repr, Viewer: repr,
}  # fmt: skip
_Key = tuple[str, cache.Revisions, date]
_ASKING: Final = Lock()
_PROVING: Final = Lock()
"""One question at a time: what a ground has worked out is shared by all who ask it. A long
back-test keeps nobody from an answer."""


def ground(grids_of: str = AS_OF_TODAY) -> HotspotGround:
    """Give the incidents on one set of grids, ready to be asked about."""
    day = today_here()
    return _ground(cache.store_key(), _revisions(grids_of), (day, grids_of), cache.viewer())


def _revisions(grids_of: str) -> cache.Revisions:
    return (*cache.some_revisions(_SETS), *cache.plan_revision(grids_of))


def latest_at() -> datetime | None:
    """Say when the latest incident with a sound time happened."""
    return latest_moment(ground().placed)


def question(session: Session) -> HotspotQuestion:
    """Put what the visitor has chosen as a question.

    Raises
    ------
    ConfigError
        Those of `HotspotQuestion`; `grids_changed_within`.
    """
    period = session.period
    wanted = Wanted(period=period.key, since_on=period.since_on, last_on=period.last_on)
    span = span_of(wanted, latest_at(), cache.facts().tz)
    place = (session.area, session.kinds)
    return question_of(session.hotspots, place, span, ground(), _grids_of(session.as_of, span))


def _grids_of(as_of: str, span: Span) -> str:
    """Name one set of grids; those valid then must have held all through the period."""
    if as_of != AS_OF_EVENT:
        return as_of
    bounds, tz = (span.since, span.until), cache.facts().tz
    with cache.database().read() as session:
        return grids_valid_in(session, bounds, today=today_here(), tz=tz).as_of


def view(asked: HotspotQuestion) -> HotspotView:
    """Give the answer to a question.

    Raises
    ------
    DataError, GeoError
        Those of `hotspots_of`.
    """
    revisions = _revisions(asked.grids_of)
    return _view(cache.store_key(), revisions, today_here(), asked, cache.viewer())


@st.cache_resource(max_entries=4, show_spinner=False, hash_funcs=_AS_TEXT)
def _ground(
    path: str, revisions: cache.Revisions, asked: tuple[date, str], viewer: Viewer
) -> HotspotGround:
    del path, revisions  # part of the key
    today, grids_of = asked
    placed = cache.placed_layers(grids_of, today, viewer)[EventLayer.INCIDENTS]
    day = GridsOf(grids_of).day(today)
    with cache.database().read() as session:
        return ground_of(session, viewer, as_of=day, tz=cache.facts().tz, placed=placed)


@st.cache_resource(max_entries=16, show_spinner=False, hash_funcs=_AS_TEXT)
def _view(
    path: str, revisions: cache.Revisions, today: date, asked: HotspotQuestion, viewer: Viewer
) -> HotspotView:
    del path, revisions, today  # part of the key
    town = cache.town(asked.grids_of)
    with _ASKING:
        return view_of(hotspots_of(ground(asked.grids_of), viewer, asked, now=cache.clock()), town)


def card(asked: HotspotQuestion, cell_id: str) -> CellCard:
    """Give what stands behind one cell of an answer.

    Raises
    ------
    RecordNotFound
        `no_such_cell`.
    """
    revisions = cache.some_revisions()
    key = (cache.store_key(), revisions, today_here())
    return _card(key, (asked, cell_id), cache.viewer())


def proof(asked: HotspotQuestion, methods: tuple[str, ...]) -> BacktestAnswer:
    """Give the back-test of some methods on the events and cells of a question.

    Raises
    ------
    DataError, GeoError
        Those of `backtest_of`.
    """
    key = (cache.store_key(), _revisions(asked.grids_of), today_here())
    return _proof(key, (proved_question(asked), methods), cache.viewer())


def units(asked: HotspotQuestion) -> UnitsAnswer:
    """Give what flips on other units.

    Raises
    ------
    DataError, GeoError
        Those of `units_compared`.
    """
    key = (cache.store_key(), _revisions(asked.grids_of), today_here())
    return _units(key, asked, cache.viewer())


def week(asked: HotspotQuestion) -> HourWeekday:
    """Give the counts of the 168 hours of a week.

    Raises
    ------
    GeoError
        Those of `geo.hotspots.hour_weekday`.
    """
    key = (cache.store_key(), _revisions(asked.grids_of), today_here())
    return _week(key, asked, cache.viewer())


@st.cache_resource(max_entries=64, show_spinner=False, hash_funcs=_AS_TEXT)
def _card(key: _Key, asked: tuple[HotspotQuestion, str], viewer: Viewer) -> CellCard:
    question, cell_id = asked
    layers = cache.placed_layers(question.grids_of, key[2], viewer)
    answer = view(question).answer
    with _ASKING:
        return card_of(answer, viewer, cell_id, layers)


@st.cache_resource(max_entries=16, show_spinner=False, hash_funcs=_AS_TEXT)
def _proof(
    key: _Key, asked: tuple[HotspotQuestion, tuple[str, ...]], viewer: Viewer
) -> BacktestAnswer:
    del key
    question, methods = asked
    with _PROVING:
        source = ground(question.grids_of)
        return backtest_of(source, viewer, question, methods=methods, now=cache.clock())


@st.cache_resource(max_entries=8, show_spinner=False, hash_funcs=_AS_TEXT)
def _units(key: _Key, asked: HotspotQuestion, viewer: Viewer) -> UnitsAnswer:
    del key
    with _PROVING:
        return units_compared(ground(asked.grids_of), viewer, asked, now=cache.clock())


@st.cache_resource(max_entries=8, show_spinner=False, hash_funcs=_AS_TEXT)
def _week(key: _Key, asked: HotspotQuestion, viewer: Viewer) -> HourWeekday:
    del key, viewer
    return week_of(view(asked).answer)
