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
from dashboard.viewmodels.overview import Wanted, latest_moment, span_of
from data.analysis.hotspots import (
    BacktestAnswer,
    HotspotQuestion,
    UnitsAnswer,
    backtest_of,
    ground_of,
    hotspots_of,
    units_compared,
)
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


def ground() -> HotspotGround:
    """Give the incidents on today's boundaries, ready to be asked about."""
    return _ground(cache.store_key(), cache.some_revisions(_SETS), today_here(), cache.viewer())


def latest_at() -> datetime | None:
    """Say when the latest incident with a sound time happened."""
    return latest_moment(ground().placed)


def question(session: Session) -> HotspotQuestion:
    """Put what the visitor has chosen as a question.

    Raises
    ------
    ConfigError
        Those of `HotspotQuestion`.
    """
    period = session.period
    wanted = Wanted(period=period.key, since_on=period.since_on, last_on=period.last_on)
    span = span_of(wanted, latest_at(), cache.facts().tz)
    return question_of(session.hotspots, (session.area, session.kinds), span, ground())


def view(asked: HotspotQuestion) -> HotspotView:
    """Give the answer to a question.

    Raises
    ------
    DataError, GeoError
        Those of `hotspots_of`.
    """
    revisions = cache.some_revisions(_SETS)
    return _view(cache.store_key(), revisions, today_here(), asked, cache.viewer())


@st.cache_resource(max_entries=2, show_spinner=False, hash_funcs=_AS_TEXT)
def _ground(path: str, revisions: cache.Revisions, today: date, viewer: Viewer) -> HotspotGround:
    del path, revisions  # part of the key
    placed = cache.placed_layers("today", today, viewer)[EventLayer.INCIDENTS]
    with cache.database().read() as session:
        return ground_of(session, viewer, tz=cache.facts().tz, placed=placed)


@st.cache_resource(max_entries=16, show_spinner=False, hash_funcs=_AS_TEXT)
def _view(
    path: str, revisions: cache.Revisions, today: date, asked: HotspotQuestion, viewer: Viewer
) -> HotspotView:
    del path, revisions, today  # part of the key
    town = cache.town("today")
    with _ASKING:
        return view_of(hotspots_of(ground(), viewer, asked, now=cache.clock()), town)


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
    key = (cache.store_key(), cache.some_revisions(_SETS), today_here())
    return _proof(key, (proved_question(asked), methods), cache.viewer())


def units(asked: HotspotQuestion) -> UnitsAnswer:
    """Give what flips on other units.

    Raises
    ------
    DataError, GeoError
        Those of `units_compared`.
    """
    key = (cache.store_key(), cache.some_revisions(_SETS), today_here())
    return _units(key, asked, cache.viewer())


def week(asked: HotspotQuestion) -> HourWeekday:
    """Give the counts of the 168 hours of a week.

    Raises
    ------
    GeoError
        Those of `geo.hotspots.hour_weekday`.
    """
    key = (cache.store_key(), cache.some_revisions(_SETS), today_here())
    return _week(key, asked, cache.viewer())


@st.cache_resource(max_entries=64, show_spinner=False, hash_funcs=_AS_TEXT)
def _card(key: _Key, asked: tuple[HotspotQuestion, str], viewer: Viewer) -> CellCard:
    question, cell_id = asked
    layers = cache.placed_layers("today", key[2], viewer)
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
        return backtest_of(ground(), viewer, question, methods=methods, now=cache.clock())


@st.cache_resource(max_entries=8, show_spinner=False, hash_funcs=_AS_TEXT)
def _units(key: _Key, asked: HotspotQuestion, viewer: Viewer) -> UnitsAnswer:
    del key
    with _PROVING:
        return units_compared(ground(), viewer, asked, now=cache.clock())


@st.cache_resource(max_entries=8, show_spinner=False, hash_funcs=_AS_TEXT)
def _week(key: _Key, asked: HotspotQuestion, viewer: Viewer) -> HourWeekday:
    del key, viewer
    return week_of(view(asked).answer)
