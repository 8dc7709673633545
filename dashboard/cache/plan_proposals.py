"""Hold the search of each visitor and what it found; few searches run at a time.

Used by the planner's proposals. A search lives in the visitor's session: whoever comes back to the
page finds it, and it ends with the session.
"""

from __future__ import annotations

from dataclasses import dataclass, replace
from threading import Lock
from typing import TYPE_CHECKING, Final
from weakref import WeakSet

import streamlit as st

from dashboard import cache
from dashboard import session as visitor
from dashboard.actions.plan_search import Search
from dashboard.cache import planner as kept
from dashboard.viewmodels.plan_proposals import SearchTask, check_ask
from data.analysis.plan_proposing import read_matter
from data.errors import DataError

if TYPE_CHECKING:
    from dashboard.viewmodels.plan_proposals import Ask
    from dashboard.viewmodels.planner import PlanState
    from data.analysis.plan_weights import PlanWeights
    from geo.districting.balance import Bands

LIMIT_S: Final = 150.0
"""After so many seconds of searching the best so far is given."""
MOST: Final = 2
"""So many searches run at a time, whoever asked for them."""
_KEY: Final = "plan_proposals_held"


@dataclass(frozen=True, eq=False)
class Held:
    """A visitor's search, and what was done with it.

    Attributes
    ----------
    weights, bands
        Those that it was worked out with.
    taken
        How many edits were taken into the plan, and the version that came of it; zeros: none.
    """

    search: Search
    weights: PlanWeights
    bands: Bands
    taken: tuple[int, int] = (0, 0)


class _Running:
    """The searches of this process."""

    def __init__(self) -> None:
        self.lock = Lock()
        self.searches: WeakSet[Search] = WeakSet()


@st.cache_resource(show_spinner=False)
def _running() -> _Running:
    return _Running()


def held(plan_id: int) -> Held | None:
    """Give the visitor's search for a plan."""
    found = visitor.value(_KEY)
    is_own = isinstance(found, Held) and found.search.plan_id == plan_id
    return found if is_own and isinstance(found, Held) else None


def start(state: PlanState, ask: Ask) -> None:
    """Begin a search; a former one of this visitor ends.

    Raises
    ------
    DataError
        Those of `check_ask`; `proposals_busy` (field `most`).
    """
    check_ask(state.opened.tiling, ask)
    drop()
    tiling = state.opened.tiling
    with cache.database().read() as session:
        asked = (kept.points(), state.ground)
        matter = read_matter(session, cache.viewer(), tiling, ask.codes, asked)
    task = SearchTask(
        plan_id=state.plan.id,
        version=state.plan.version,
        ask=ask,
        tiling=tiling,
        matter=matter,
        options=replace(kept.options(), streets=()),
        limit_s=LIMIT_S,
    )
    shop = _running()
    with shop.lock:
        if sum(not each.is_over for each in shop.searches) >= MOST:
            raise DataError("proposals_busy", most=MOST)
        search = Search(task)
        shop.searches.add(search)
    visitor.put(_KEY, Held(search, state.ground.weights, state.ground.bands))


def drop() -> None:
    """End the visitor's search and forget what it found."""
    found = visitor.value(_KEY)
    if isinstance(found, Held) and not found.search.is_over:
        found.search.cancel()
    visitor.put(_KEY, None)


def note_taken(found: Held, edits: int, version: int) -> None:
    """Remember that a proposal went into the plan, so that it can be taken back whole."""
    visitor.put(_KEY, replace(found, taken=(edits, version)))
