"""Keep what the wall shows: one picture for each area and revision, and the last good one.

Used by the wall screen. A wall is never left without an answer: whatever goes wrong comes back as
a `Fault` beside the last picture, so that the screen can say so over it.
"""

from __future__ import annotations

import logging
from dataclasses import dataclass, replace
from datetime import UTC, datetime, timedelta
from typing import TYPE_CHECKING, Any, Final, TypeVar

import streamlit as st
from sqlalchemy.exc import SQLAlchemyError

from dashboard import cache
from dashboard.viewmodels.overview import latest_moment
from dashboard.viewmodels.town import Town, load_town
from dashboard.viewmodels.wall import Known, WallPicture, build_picture, moment_of
from dashboard.viewmodels.wall_grids import Cover, GridView, build_grids, covers_of
from dashboard.viewmodels.wall_programme import Programme, build_programme
from data.errors import DataError
from data.repositories.cases import sensitive_ids
from data.repositories.feeds import FeedState, feed_states
from data.repositories.figures import settings
from data.repositories.places import today_here
from data.repositories.registers import duty_shifts
from data.viewer import DisplayLevel, Role, Viewer
from data.vocabulary import EventLayer, RegisterLayer
from geo.errors import GeoError

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping
    from datetime import date

    from dashboard.cache import Revisions

_LOG = logging.getLogger("gridbeat")
WALL_VIEWER: Final = Viewer("wall", Role.KIOSK, DisplayLevel.WALL)
"""Who stands before a wall: nobody in particular, at the wall's level of detail."""
SLOT_S: Final = 300
"""A picture is made anew at least this often: cases become overdue without any write."""
SHIFT_DAYS: Final = timedelta(days=7)
"""A store with a shift in these days before the moment keeps shifts."""
TOWN_SETS: Final = (*cache.PLACE_SETS, str(RegisterLayer.SERVICE_POINTS))
FAULT_STORE: Final = "wall_store_failed"
FAULT_PROGRAM: Final = "wall_failed"
_Made = TypeVar("_Made")


@dataclass(frozen=True)
class Fault:
    """Why no new picture could be made: a code of the catalogue and its facts."""

    code: str
    fields: Mapping[str, Any]


@dataclass(frozen=True)
class Content:
    """What one picture stands on and shows; `settings` are facts about the store itself."""

    town: Town
    picture: WallPicture
    programme: Programme
    grids: GridView
    settings: Mapping[str, Any]


@dataclass(frozen=True)
class WallState:
    """What the wall knows at one beat.

    Attributes
    ----------
    key
        Names the picture; the same key shows the same.
    content
        None before the first picture of this process.
    feeds
        When each set of rows last changed.
    checked_at
        When the store last answered that this picture is its newest.
    """

    key: tuple[object, ...] = ()
    content: Content | None = None
    feeds: tuple[FeedState, ...] = ()
    checked_at: datetime | None = None
    fault: Fault | None = None


def look(area: str) -> WallState:
    """Ask for revisions only, make a new picture when one changed, and never raise.

    Parameters
    ----------
    area
        Key of an area (`level:code`); empty: the whole store.
    """
    held = _held()
    place = (cache.config().store_url, area)
    try:
        state = _fresh(area)
    except (DataError, GeoError) as error:
        fault = Fault(error.code, error.fields)
    except SQLAlchemyError:
        _LOG.exception("the wall cannot read the store")
        fault = Fault(FAULT_STORE, {})
    except Exception:  # noqa: BLE001 - a wall must say that it failed, and try again
        _LOG.exception("the wall cannot be drawn")
        fault = Fault(FAULT_PROGRAM, {})
    else:
        held[place] = state
        return state
    return replace(held.get(place, WallState()), fault=fault)


def board_part(key: tuple[object, ...], make: Callable[[], _Made]) -> _Made:
    """Give a part of the board that was made under this key, or make it.

    Unlike `cache.drawn`, nothing is added to the key: a wall's state names its own revisions.
    """
    made: _Made = _board_part(key, make)
    return made


def _fresh(area: str) -> WallState:
    now = datetime.now(UTC)
    with cache.database().read() as session:
        feeds = feed_states(session)
    revisions: Revisions = tuple((feed.name, feed.number) for feed in feeds)
    slot, today = int(now.timestamp()) // SLOT_S, today_here()
    key = (cache.store_key(), revisions, (today, slot), area)
    return WallState(key, _content(*key, WALL_VIEWER), feeds, now)


@st.cache_resource(max_entries=1, show_spinner=False)
def _held() -> dict[tuple[str, str], WallState]:
    """Last good state for each store and area."""
    return {}


@st.cache_resource(max_entries=16, show_spinner=False)
def _board_part(key: tuple[object, ...], _make: Callable[[], Any]) -> Any:  # noqa: ANN401 - what is made
    del key  # what it is kept under
    return _make()


@st.cache_resource(max_entries=4, show_spinner=False)
def _town(
    store: str, revisions: Revisions, today: date, staffed_on: date
) -> tuple[Town, Mapping[str, Cover]]:
    """Give today's places, with the posts of the day that the wall speaks of."""
    del store, revisions  # part of the key
    with cache.database().read() as session:
        town = load_town(session, WALL_VIEWER, as_of=today, staffed_on=staffed_on)
        return town, covers_of(session, WALL_VIEWER, town, staffed_on)


@st.cache_resource(max_entries=8, show_spinner=False)
def _content(
    store: str, revisions: Revisions, when: tuple[date, int], area: str, viewer: Viewer
) -> Content:
    today, slot = when
    placed = cache.placed_layers("today", today, viewer)
    with cache.database().read() as session:
        known = settings(session)
        moment = moment_of(
            known,
            latest_moment(placed[EventLayer.INCIDENTS]),
            datetime.fromtimestamp((slot + 1) * SLOT_S, UTC),
        )
        places = tuple(one for one in revisions if one[0] in TOWN_SETS)
        town, covers = _town(store, places, today, moment.as_of_on or today)
        shifts = duty_shifts(session, viewer, since=moment.at - SHIFT_DAYS, until=moment.at)
        beside = Known(sensitive_ids(session), shifts)
        picture = build_picture(town, placed, moment, area, beside)
        unit = picture.area.code if picture.area else None
        programme = build_programme(session, viewer, placed, moment, unit)
        grids = build_grids(session, town, placed, moment, (area, beside, covers))
    return Content(town, picture, programme, grids, known)
