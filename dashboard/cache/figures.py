"""Keep the figures of the KPI engine, by revision, period, place and grids.

Used by the board of figures below the overview.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Any, Final

import streamlit as st

from dashboard import cache
from data.kpi import Figure, Question, figures, plan_labels
from data.repositories.places import today_here
from data.viewer import Viewer

if TYPE_CHECKING:
    from collections.abc import Callable
    from datetime import date, datetime


@dataclass(frozen=True)
class Asked:
    """Which figures: bounded or open period, a place's code or none, on which grids."""

    since: datetime | None
    until: datetime | None
    unit: str | None
    as_of: str


_AS_TEXT: Final[dict[str | type, Callable[[Any], str]]] = {tuple: repr, Viewer: repr, Asked: repr}


def board(asked: Asked) -> tuple[Figure, ...]:
    """Give every figure that the store can answer.

    Raises
    ------
    RecordNotFound
        `unknown_unit`, `unit_not_on_plan`, `no_such_plan`.
    """
    revisions = (*cache.some_revisions(), *cache.plan_revision(asked.as_of))
    return _board(cache.store_key(), revisions, (stands_on(), asked), cache.viewer())


def row_labels() -> dict[str, dict[str, str]]:
    """Give the names of targets and campaigns."""
    with cache.database().read() as session:
        return plan_labels(session, cache.viewer())


def stands_on() -> date:
    """Say of which day the answers are: today, or the day on which a scenario stands."""
    return cache.stands_on() or today_here()


@st.cache_resource(max_entries=12, show_spinner=False, hash_funcs=_AS_TEXT)
def _board(
    path: str, revisions: cache.Revisions, key: tuple[date, Asked], viewer: Viewer
) -> tuple[Figure, ...]:
    del path, revisions  # part of the key
    today, asked = key
    question = Question(
        today, asked.since, asked.until, asked.unit, cache.facts().tz, as_of=asked.as_of
    )
    plan = cache.plan_grids(asked.as_of)
    with cache.database().read() as session:
        return figures(session, viewer, question, plan)
