"""Keep what is dear to read, by revision: the one `Database`, places, placed events, view models.

Used by `dashboard.app` and the screens; the only place with Streamlit's caches. Keys are the
store's path, the revision numbers of the sets that were read, the day, the viewer and the choice;
a write makes a new key, so nothing is ever cleared.
"""

from __future__ import annotations

import logging
from contextlib import contextmanager
from contextvars import ContextVar
from dataclasses import dataclass, field, replace
from datetime import UTC, date, datetime
from functools import cache
from typing import TYPE_CHECKING, Any, Final, NamedTuple, TypeVar

import streamlit as st

from dashboard.viewmodels.facts import Facts, load_facts
from dashboard.viewmodels.overview import (
    Overview,
    Wanted,
    build_overview,
    latest_moment,
    lattice_of,
    shaded_by,
)
from dashboard.viewmodels.town import Town, load_town
from dashboard.viewmodels.unit_card import UnitCard, build_card
from data.analysis.grids_of import chosen_grids
from data.config import Config
from data.counting import Placed, place_events
from data.database import Database
from data.errors import RecordNotFound
from data.grids_of import ChosenGrids, GridsOf, plan_number
from data.repositories.events import EventArrays, event_arrays
from data.repositories.places import today_here
from data.repositories.plans import list_plans
from data.viewer import LOCAL_STEWARD, DisplayLevel, Viewer
from data.vocabulary import EventLayer

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator, Mapping

    from dashboard.maps.clusters import Lattice
    from data.repositories.plan_records import PlanStatus

# Each cached function below says on reading that no server runs yet: true, and no news.
logging.getLogger("streamlit.runtime.caching.cache_data_api").setLevel(logging.ERROR)

PLACE_SETS: Final = ("places", "streets", "people", "settings")
Revisions = tuple[tuple[str, int], ...]
_Made = TypeVar("_Made")


class ListedPlan(NamedTuple):
    """A plan by name, with what decides whether its grids are offered and kept."""

    id: int
    name: str
    status: PlanStatus
    version: int
    is_template: bool


_PROCESS: Final[dict[str, Config]] = {}
_AS_TEXT: Final[dict[str | type, Callable[[Any], str]]] = {tuple: repr, Wanted: repr, Viewer: repr}
"""Keys of what is asked many times on each page: Streamlit's own walk through them is ten times as
slow as the text that says the same."""


@dataclass(frozen=True, slots=True)
class _Reading:
    """One state of the store, for a page that only reads, and what was asked of it already."""

    database: Database
    revisions: Mapping[str, int]
    answers: dict[tuple[str, object], Any] = field(default_factory=dict)


_READING: Final[ContextVar[_Reading | None]] = ContextVar("reading", default=None)


def use_config(config: Config | None) -> None:
    """Say, before the first page, which store this process shows; None takes the word back."""
    _PROCESS.clear()
    if config is not None:
        _PROCESS["config"] = config


def config() -> Config:
    """Give what this process was told; without a word, what the environment says."""
    return _PROCESS.get("config") or _from_env()


@cache
def _from_env() -> Config:
    return Config.from_env()


def viewer() -> Viewer:
    """Say who is looking: the local steward, until accounts exist."""
    return LOCAL_STEWARD


def database() -> Database:
    """Give the one database of this process, migrated.

    Raises
    ------
    StoreUnavailable
        `store_newer`, `store_damaged`.
    """
    held = _READING.get()
    return _database(config().store_url) if held is None else held.database


@st.cache_resource(max_entries=4, show_spinner=False)
def _database(store_url: str) -> Database:
    opened = Database(store_url)
    if not opened.exists() or not opened.is_current():
        opened.create_or_migrate()
    return opened


def revisions() -> Mapping[str, int]:
    """Read the revision number of every set; within `one_reading` those read at its beginning."""
    held = _READING.get()
    return database().revisions() if held is None else held.revisions


@contextmanager
def one_reading() -> Iterator[None]:
    """Read the revision numbers once for all that is asked within: for a page that only reads.

    So all figures of the page are of one state of the store, and neither the store nor Streamlit's
    caches are asked dozens of times for the same.
    """
    held = _database(config().store_url)
    token = _READING.set(_Reading(held, held.revisions()))
    try:
        yield
    finally:
        _READING.reset(token)


def _once(name: str, asked: object, make: Callable[[], _Made]) -> _Made:
    """Ask once within `one_reading`: a look-up of Streamlit's takes a tenth of a millisecond."""
    held = _READING.get()
    if held is None:
        return make()
    if (name, asked) not in held.answers:
        held.answers[name, asked] = make()
    found: _Made = held.answers[name, asked]
    return found


def town(as_of: str) -> Town:
    """Give the places of a day (`today`, `event` (today's) or an ISO date), or a plan's grids."""
    revisions = (*some_revisions(PLACE_SETS), *plan_revision(as_of))
    asked = (day_of(as_of), as_of)
    return _once("town", asked, lambda: _town(store_key(), revisions, asked, viewer()))


def plans() -> tuple[ListedPlan, ...]:
    """List the plans that the viewer may see, changed last first; none for who sees no plans."""
    names = ("plans", "places")
    return _once("plans", (), lambda: _plans(store_key(), some_revisions(names), viewer()))


def plan_revision(as_of: str) -> Revisions:
    """Give the version of the plan that `as_of` names, as part of a key; empty for other grids.

    Raises
    ------
    RecordNotFound
        `no_such_plan`.
    """
    number = plan_number(as_of)
    if number is None:
        return ()
    version = next((plan.version for plan in plans() if plan.id == number), None)
    if version is None:
        raise RecordNotFound("no_such_plan", plan=number)
    return ((as_of, version),)


def plan_grids(as_of: str) -> ChosenGrids | None:
    """Give the grids of the plan that `as_of` names, with their people; None for other grids.

    Raises
    ------
    RecordNotFound
        `no_such_plan`.
    """
    version = plan_revision(as_of)
    if not version:
        return None
    revisions = (*some_revisions(("places", "people")), *version)
    return _plan_grids(store_key(), revisions, (today_here(), as_of), viewer())


def overview(wanted: Wanted) -> Overview:
    """Give the overview under one choice; with another measure nothing is counted again."""
    plain = replace(wanted, measure=Wanted.measure)
    shown = _overview(store_key(), some_revisions(), today_here(), plain, viewer())
    if wanted == plain:
        return shown
    return shaded_by(town(wanted.as_of), shown, wanted.measure)


def unit_card(wanted: Wanted, code: str) -> UnitCard | None:
    """Give the card of one unit; None where no such unit holds on that day."""
    return _unit_card(store_key(), some_revisions(), today_here(), (wanted, code), viewer())


def drawn(how: tuple[object, ...], make: Callable[[], _Made]) -> _Made:
    """Give what is dear to draw; `how` names everything that it shows beside the records."""
    made: _Made = _drawn(store_key(), some_revisions(), (today_here(), viewer(), *how), make)
    return made


def facts() -> Facts:
    """Give what every page says of the store."""
    return _once("facts", (), lambda: _facts(store_key(), some_revisions(), viewer()))


def stands_on() -> date | None:
    """Say on which day a scenario's clock stands still; None where the clock runs."""
    return facts().stands_on(_latest_at())


def clock() -> datetime:
    """Give the moment that lights and ages are measured at: now, or a scenario's day."""
    return facts().clock(_latest_at(), datetime.now(UTC))


def written_at() -> datetime:
    """Give the moment of a change made now; in a scenario, its day at this time of day."""
    return facts().written_at(_latest_at(), datetime.now(UTC))


def _latest_at() -> datetime | None:
    if facts().scenario_on is None:
        return None
    today = (today_here(), viewer())
    return _once(
        "latest", today, lambda: latest_moment(placed_layers("today", *today)[EventLayer.INCIDENTS])
    )


def day_of(as_of: str) -> date:
    """Say on which day's boundaries things are drawn."""
    try:
        return date.fromisoformat(as_of)
    except ValueError:
        return today_here()


def store_key() -> str:
    """Name the store for keys: screens of one process never mix two."""
    return database().identity


def some_revisions(names: tuple[str, ...] | None = None) -> Revisions:
    """Give the revisions of some sets, or of all, as part of a key."""
    found = revisions()
    own = (pair for pair in found.items() if names is None or pair[0] in names)
    return _once("revisions", names, lambda: tuple(sorted(own)))


# Shared, not copied for each visitor, as are events and views of them: nobody writes into them, and
# a copy of a town or of a million rows takes longer than the answer.
@st.cache_resource(max_entries=8, show_spinner=False, hash_funcs=_AS_TEXT)
def _town(path: str, revisions: Revisions, asked: tuple[date, str], viewer: Viewer) -> Town:
    del path, revisions  # part of the key
    day, as_of = asked
    plan = plan_grids(as_of)
    with database().read() as session:
        return load_town(session, viewer, as_of=day, plan=plan)


@st.cache_resource(max_entries=4, show_spinner=False, hash_funcs=_AS_TEXT)
def _plans(path: str, revisions: Revisions, viewer: Viewer) -> tuple[ListedPlan, ...]:
    del path, revisions  # part of the key
    if viewer.level < DisplayLevel.INTERNAL:
        return ()
    with database().read() as session:
        found = list_plans(session, viewer)
    return tuple(ListedPlan(p.id, p.name, p.status, p.version, p.is_template) for p in found)


@st.cache_resource(max_entries=4, show_spinner=False, hash_funcs=_AS_TEXT)
def _plan_grids(
    path: str, revisions: Revisions, asked: tuple[date, str], viewer: Viewer
) -> ChosenGrids:
    del path, revisions  # part of the key
    today, as_of = asked
    with database().read() as session:
        return chosen_grids(session, viewer, GridsOf(as_of), today=today)


@st.cache_resource(max_entries=6, show_spinner=False, hash_funcs=_AS_TEXT)
def _events(path: str, revisions: Revisions, layer: EventLayer, viewer: Viewer) -> EventArrays:
    """Read a layer once, whichever days' grids it is then put on."""
    del path, revisions  # part of the key
    with database().read() as session:
        return event_arrays(session, viewer, layer)


@st.cache_resource(max_entries=12, show_spinner=False, hash_funcs=_AS_TEXT)
def _placed(
    path: str, revisions: Revisions, today: date, asked: tuple[EventLayer, str], viewer: Viewer
) -> Placed:
    layer, as_of = asked
    own = tuple(pair for pair in revisions if pair[0] == layer.value)
    events, plan = _events(path, own, layer, viewer), plan_grids(as_of)
    grids = None if plan is None else plan.frame
    with database().read() as session:
        return place_events(
            session, viewer, layer, today=today, as_of=as_of, events=events, grids=grids
        )


def placed_layers(as_of: str, today: date, viewer: Viewer) -> dict[EventLayer, Placed]:
    """Give the three layers on the grids of a day or a plan, each cached by itself."""
    version = plan_revision(as_of)

    def placed(layer: EventLayer) -> Placed:
        revisions = (*some_revisions(("places", layer.value)), *version)
        return _placed(store_key(), revisions, today, (layer, as_of), viewer)

    asked = (as_of, today, viewer)
    return _once("placed", asked, lambda: {layer: placed(layer) for layer in EventLayer})


@st.cache_resource(max_entries=24, show_spinner=False, hash_funcs=_AS_TEXT)
def _overview(
    path: str, revisions: Revisions, today: date, wanted: Wanted, viewer: Viewer
) -> Overview:
    del revisions  # part of the key
    layers = placed_layers(wanted.as_of, today, viewer)
    own = (*some_revisions(("places", "incidents")), *plan_revision(wanted.as_of))
    lattice = _lattice(path, own, today, wanted.as_of, viewer)
    return build_overview(town(wanted.as_of), layers, wanted, tz=facts().tz, lattice=lattice)


@st.cache_resource(max_entries=4, show_spinner=False, hash_funcs=_AS_TEXT)
def _lattice(path: str, revisions: Revisions, today: date, as_of: str, viewer: Viewer) -> Lattice:
    placed = _placed(path, revisions, today, (EventLayer.INCIDENTS, as_of), viewer)
    return lattice_of(placed)


@st.cache_data(max_entries=64, show_spinner=False, hash_funcs=_AS_TEXT)
def _unit_card(
    path: str, revisions: Revisions, today: date, asked: tuple[Wanted, str], viewer: Viewer
) -> UnitCard | None:
    del path, revisions  # part of the key
    wanted, code = asked
    place, placed = town(wanted.as_of), placed_layers(wanted.as_of, today, viewer)
    with database().read() as session:
        return build_card(session, viewer, (place, placed), wanted, code, tz=facts().tz)


@st.cache_resource(max_entries=24, show_spinner=False, hash_funcs=_AS_TEXT)
def _drawn(
    path: str, revisions: Revisions, how: tuple[object, ...], _make: Callable[[], Any]
) -> Any:  # noqa: ANN401 - what is made
    del path, revisions, how  # part of the key
    return _make()


@st.cache_resource(max_entries=4, show_spinner=False, hash_funcs=_AS_TEXT)
def _facts(path: str, revisions: Revisions, viewer: Viewer) -> Facts:
    del path, revisions  # part of the key
    with database().read() as session:
        return load_facts(session, viewer, store=database().name)
