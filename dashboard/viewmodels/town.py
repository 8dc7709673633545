"""Gather what the map stands on, whatever is asked of it: units, outlines, streets, areas, posts.

Used by `dashboard.cache`, which keeps it by revision, and by the other view models.
Knows nothing of filters and of languages.
"""

from __future__ import annotations

from dataclasses import dataclass
from functools import cached_property
from typing import TYPE_CHECKING, Final

import numpy as np

from dashboard.viewmodels.posts import PostMark, Staffing, posts_of, staffing_of
from data.frames import grids_frame, places_frame, streets_frame
from data.vocabulary import PlaceLevel

if TYPE_CHECKING:
    from collections.abc import Mapping
    from datetime import date

    import geopandas as gpd
    from numpy.typing import NDArray
    from sqlalchemy.orm import Session

    from data.grids_of import ChosenGrids
    from data.viewer import Viewer

UNIT_LEVELS: Final = (
    PlaceLevel.GRID,
    PlaceLevel.COMMUNITY,
    PlaceLevel.SUBDISTRICT,
    PlaceLevel.COUNTY,
    PlaceLevel.STATION,
)
"""Levels that can be shaded; the first one that the store holds is."""
AREA_LEVELS: Final = (PlaceLevel.SUBDISTRICT, PlaceLevel.COMMUNITY)


@dataclass(frozen=True)
class Area:
    """A place that the screens can be limited to."""

    level: str
    code: str
    name: str

    @property
    def key(self) -> str:
        """Its name in the address."""
        return f"{self.level}:{self.code}"


@dataclass(frozen=True)
class Town:
    """The places of one day.

    Attributes
    ----------
    level
        Level of the units that are shaded and counted: grids, or the finest there is.
    units
        EPSG:4326, code as index; `name`, `residents`, `households`, `area_m2`, codes above.
    outlines
        Communities (subdistricts where units are communities).
    names
        (level, code) → name of every place of the day.
    staffing
        Unit code → posts filled and planned, and what is missing; empty on a plan's grids.
    plan
        The plan whose grids the units are; None for grids that hold or held.
    held
        The units that hold that day, where those of a plan are shown: posts belong to them.
    """

    as_of: date
    level: PlaceLevel
    units: gpd.GeoDataFrame
    outlines: gpd.GeoDataFrame
    streets: gpd.GeoDataFrame
    areas: tuple[Area, ...]
    names: Mapping[tuple[str, str], str]
    posts: tuple[PostMark, ...]
    staffing: Mapping[str, Staffing]
    plan: ChosenGrids | None = None
    held: gpd.GeoDataFrame | None = None

    @cached_property
    def estimated(self) -> Mapping[str, frozenset[str]]:
        """Households and residents → codes of the units whose count was shared out."""
        names = ("households", "residents")
        return {name: self.plan.estimated(name) if self.plan else frozenset() for name in names}

    @property
    def is_empty(self) -> bool:
        """Whether there is nothing to draw."""
        return self.units.empty

    def area(self, key: str) -> Area | None:
        """Find an area by its key in the address."""
        return next((area for area in self.areas if area.key == key), None)

    def in_area(self, area: Area | None) -> NDArray[np.bool_]:
        """Rows of `units` inside an area; all without one."""
        return _in_area(self.units, area)

    def posts_in(self, area: Area | None) -> tuple[PostMark, ...]:
        """Give the posts of an area: of its units and of their communities; all without one."""
        if area is None:
            return self.posts
        every = self.units if self.held is None else self.held
        units = every[_in_area(every, area)]
        codes = {(str(self.level), str(code)) for code in units.index} | {(area.level, area.code)}
        if "community_code" in units.columns:
            codes |= {(str(PlaceLevel.COMMUNITY), str(code)) for code in units["community_code"]}
        return tuple(post for post in self.posts if (post.place_level, post.place_code) in codes)

    def bounds(self, area: Area | None) -> tuple[float, float, float, float]:
        """West, south, east, north (degrees) of the units of an area, or of all."""
        chosen = self._boxes[self.in_area(area)]
        boxes = chosen if len(chosen) else self._boxes
        west, south = np.fmin.reduce(boxes[:, :2], initial=np.nan).tolist()
        east, north = np.fmax.reduce(boxes[:, 2:], initial=np.nan).tolist()
        return west, south, east, north

    @cached_property
    def _boxes(self) -> NDArray[np.float64]:
        """West, south, east, north (degrees) of each unit."""
        return self.units.geometry.bounds.to_numpy(dtype=np.float64)

    def name(self, level: str, code: object) -> str:
        """Name of a place; empty where it has none."""
        return self.names.get((level, str(code)), "") if code else ""


def _in_area(units: gpd.GeoDataFrame, area: Area | None) -> NDArray[np.bool_]:
    if area is None:
        return np.ones(len(units), dtype=bool)
    column = f"{area.level}_code"
    if column not in units.columns:
        return np.zeros(len(units), dtype=bool)
    return np.asarray(units[column].to_numpy() == area.code, dtype=bool)


def load_town(
    session: Session,
    viewer: Viewer,
    *,
    as_of: date,
    staffed_on: date | None = None,
    plan: ChosenGrids | None = None,
) -> Town:
    """Read the places that hold on one day, with a plan's grids in place of its own.

    Parameters
    ----------
    plan
        A plan's grids; nobody is appointed to them, so they have no staffing.
    staffed_on
        Day on which posts are filled or not, where it is another one: that of a scenario.
    """
    staffed_on = staffed_on or as_of
    level, held = _units(session, viewer, as_of)
    units = held
    if plan is not None:
        level, units = PlaceLevel.GRID, _drawable(plan.frame)
    upper = {
        name: places_frame(session, viewer, level=name, as_of=as_of)
        for name in (PlaceLevel.COMMUNITY, PlaceLevel.SUBDISTRICT, PlaceLevel.STATION)
    }
    coarser = PlaceLevel.SUBDISTRICT if level is PlaceLevel.COMMUNITY else PlaceLevel.COMMUNITY
    names = {
        (str(name), str(code)): str(text)
        for name, frame in upper.items()
        for code, text in zip(frame.index, frame["name"], strict=True)
    }
    names |= {
        (str(level), str(code)): str(text)
        for code, text in zip(units.index, units["name"], strict=True)
    }
    areas = tuple(
        Area(str(name), str(code), str(text))
        for name in AREA_LEVELS
        if name is not level
        for code, text in zip(upper[name].index, upper[name]["name"], strict=True)
    )
    return Town(
        as_of=as_of,
        level=level,
        units=units,
        outlines=_drawable(upper[coarser]),
        streets=_drawable(streets_frame(session, viewer)),
        areas=areas,
        names=names,
        posts=posts_of(session, viewer, as_of=staffed_on),
        staffing={}
        if plan is not None
        else staffing_of(session, viewer, codes=set(map(str, units.index)), as_of=staffed_on),
        plan=plan,
        held=None if plan is None else held,
    )


def _units(session: Session, viewer: Viewer, as_of: date) -> tuple[PlaceLevel, gpd.GeoDataFrame]:
    grids = _drawable(grids_frame(session, viewer, as_of=as_of))
    if len(grids):
        return PlaceLevel.GRID, grids
    for level in UNIT_LEVELS[1:]:
        frame = _drawable(places_frame(session, viewer, level=level, as_of=as_of))
        if len(frame):
            return level, frame
    return PlaceLevel.GRID, grids


def _drawable(frame: gpd.GeoDataFrame) -> gpd.GeoDataFrame:
    """Keep what has a shape; places without one are counted but not drawn."""
    return frame[frame.geometry.notna() & ~frame.geometry.is_empty]
