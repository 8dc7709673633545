"""Read what coverage is asked of, in metres: posts at work, incidents, hazards, households, area.

Used by the coverage and siting analyses. Knows nothing of distances.
"""

from collections.abc import Collection, Mapping, Sequence
from dataclasses import dataclass, field, replace
from datetime import date, datetime
from functools import cached_property
from typing import Final

import geopandas as gpd
import numpy as np
import numpy.typing as npt
import pandas as pd
import shapely
from sqlalchemy.orm import Session

from data.counting import EventFilter, Placed, place_events
from data.errors import RecordNotFound
from data.frames import grids_frame, posts_frame, streets_frame
from data.repositories.register_records import BuildingRecord
from data.repositories.registers import DutyShiftRecord, register_records
from data.viewer import Viewer
from data.vocabulary import ChannelGroup, EventLayer, RegisterLayer
from geo.crs import STORED_CRS, crs_from, require_crs, to_working, transform_xy

FloatArray = npt.NDArray[np.float64]
IntArray = npt.NDArray[np.int64]

HOTSPOT_CHANNELS: Final = (ChannelGroup.REPORTED.value, ChannelGroup.SENSED.value)
"""Channels that say where things happen and not where somebody looked (domain note 6.4)."""
SITE_PREFIX: Final = "site/"
"""What the `post_code` of a proposed site begins with."""


@dataclass(frozen=True)
class Period:
    """Which incidents are meant: aware moments, half-open, codes of kinds and channel groups."""

    since: datetime | None = None
    until: datetime | None = None
    kinds: tuple[str, ...] = ()
    channel_groups: tuple[str, ...] = HOTSPOT_CHANNELS


@dataclass(frozen=True)
class Things:
    """Points in metres, what each weighs, and the row of the grid it lies in (-1: in none).

    Attributes
    ----------
    unlocated
        Things of the same question without a place.
    """

    points: gpd.GeoDataFrame
    weight: FloatArray
    grid: IntArray
    unlocated: int


@dataclass(frozen=True)
class Ground:
    """The grids of a viewer on one day, in degrees and in metres.

    Attributes
    ----------
    grids
        Base grids, EPSG:4326.
    plane
        The same in the working CRS of their middle.
    placed
        Layers that were read and placed on these grids already.
    """

    session: Session
    viewer: Viewer
    as_of: date
    grids: gpd.GeoDataFrame
    placed: Mapping[EventLayer, Placed] = field(default_factory=dict)

    @cached_property
    def plane(self) -> gpd.GeoDataFrame:
        """Grids in metres."""
        return to_working(self.grids)

    @cached_property
    def sound(self) -> npt.NDArray[np.object_]:
        """Shapes of the grids in metres, made valid."""
        shapes = self.plane.geometry.to_numpy()
        return np.asarray(shapely.make_valid(shapes, method="structure", keep_collapsed=False))

    @property
    def middles(self) -> gpd.GeoDataFrame:
        """A point inside each grid, in metres."""
        inside = shapely.point_on_surface(self.sound)
        return gpd.GeoDataFrame(geometry=inside, crs=self.plane.crs)

    @cached_property
    def households(self) -> FloatArray:
        """Households of each grid; 0 where they are not stated."""
        stated = self.grids["households"].fillna(0)
        return np.asarray(stated.to_numpy(dtype=np.float64))

    def metres(self, lon: FloatArray, lat: FloatArray) -> gpd.GeoDataFrame:
        """Give points of degrees on the plane."""
        metric = require_crs(self.plane)
        xy = transform_xy(np.column_stack([lon, lat]), crs_from(STORED_CRS), metric)
        return gpd.GeoDataFrame(geometry=shapely.points(xy), crs=metric)


def ground_of(
    session: Session,
    viewer: Viewer,
    as_of: date,
    placed: Mapping[EventLayer, Placed] | None = None,
) -> Ground:
    """Read the base grids of a day.

    Parameters
    ----------
    placed
        Layers that were read for this viewer already; those placed on this day's grids are used.

    Raises
    ------
    RecordNotFound
        `no_grids_for_reach`: the viewer has no grid with a shape that day.
    """
    grids = grids_frame(session, viewer, as_of=as_of)
    grids = grids[~(grids.geometry.isna() | grids.geometry.is_empty)]
    if grids.empty:
        raise RecordNotFound("no_grids_for_reach", as_of=as_of.isoformat())
    fitting = {
        layer: held
        for layer, held in (placed or {}).items()
        if held.as_of == as_of.isoformat() and held.grids.index.equals(grids.index)
    }
    return Ground(session, viewer, as_of, grids, fitting)


@dataclass(frozen=True)
class Posts:
    """Posts at work on a day, as points in metres with `post_code`, `place_code`, `place_name`.

    Attributes
    ----------
    total, filled
        Posts asked for, and those of them that somebody fills: the holder, or a substitute.
    on_shift
        Filled posts with a shift at the moment asked; None where none was asked.
    without_place
        Posts at work that lie nowhere: they reach nothing.
    derived
        Posts at work that stand at a point inside their place, for want of one of their own.
    """

    at_work: gpd.GeoDataFrame
    total: int
    filled: int
    on_shift: int | None
    without_place: int
    derived: int


def posts_of(ground: Ground, positions: Collection[str], on_duty_at: datetime | None) -> Posts:
    """Read the posts at work: filled that day, and on shift where a moment is asked.

    A shift speaks of the posts of its place, and of one position where it names one.
    """
    frame = posts_frame(ground.session, ground.viewer, as_of=ground.as_of)
    if positions:
        frame = frame[frame["position"].isin(set(positions))]
    filled = frame[frame["is_filled"].astype(bool)]
    at_work = filled
    if on_duty_at is not None:
        held = _on_shift(ground, on_duty_at)
        pairs = zip(filled["place_code"], filled["position"], strict=True)
        at_work = filled[[(c, p) in held or (c, None) in held for c, p in pairs]]
    has_place = ~(at_work.geometry.isna() | at_work.geometry.is_empty)
    placed = at_work[has_place]
    lonlat = shapely.get_coordinates(placed.geometry.to_numpy())
    points = ground.metres(lonlat[:, 0], lonlat[:, 1])
    points["post_code"] = [
        f"{code}/{position}/{key}"
        for code, position, key in zip(
            placed["place_code"], placed["position"], placed["post_id"], strict=True
        )
    ]
    for column in ("place_code", "place_name", "position", "title"):
        points[column] = placed[column].to_numpy(dtype=object)
    return Posts(
        at_work=points,
        total=len(frame),
        filled=len(filled),
        on_shift=len(at_work) if on_duty_at is not None else None,
        without_place=int((~has_place).sum()),
        derived=int(placed["is_derived"].astype(bool).sum()),
    )


def with_added(
    ground: Ground, posts: Posts, added: Sequence[tuple[str, float, float]], *, is_alone: bool
) -> Posts:
    """Put proposed sites (code, degrees) beside the posts at work, or in their stead.

    A site's `post_code` is ``site/<code>``, its position is empty; counts of posts stay as they
    are, for a proposal is no post.
    """
    if not added:
        return posts
    codes, lon, lat = (list(column) for column in zip(*added, strict=True))
    sites = ground.metres(np.array(lon, dtype=np.float64), np.array(lat, dtype=np.float64))
    sites["post_code"] = [f"{SITE_PREFIX}{code}" for code in codes]
    sites["place_code"] = sites["place_name"] = codes
    sites["position"] = sites["title"] = ""
    if not (is_alone or posts.at_work.empty):
        sites = gpd.GeoDataFrame(pd.concat([posts.at_work, sites], ignore_index=True))
    return replace(posts, at_work=sites)


def _on_shift(ground: Ground, moment: datetime) -> set[tuple[str, str | None]]:
    rows = register_records(ground.session, ground.viewer, RegisterLayer.DUTY_SHIFTS)
    return {
        (row.place_code, row.position)
        for row in rows
        if isinstance(row, DutyShiftRecord) and row.starts_at <= moment < row.ends_at
    }


def events_of(ground: Ground, layer: EventLayer, wanted: EventFilter) -> Things:
    """Read located events of a layer that pass a filter; each weighs one."""
    placed = ground.placed.get(layer) or place_events(
        ground.session,
        ground.viewer,
        layer,
        today=ground.as_of,
        as_of=ground.as_of.isoformat(),
        grids=ground.grids,
    )
    passing = wanted.mask(placed.events)
    kept = passing & placed.events.is_located
    events = placed.events
    points = ground.metres(events.lon[kept], events.lat[kept])
    grid = placed.position[kept]
    unlocated = int((passing & ~events.is_located).sum())
    return Things(points, np.ones(len(points)), np.where(grid < 0, -1, grid), unlocated)


def incidents_of(ground: Ground, period: Period) -> Things:
    """Read the incidents of a period."""
    wanted = EventFilter(period.since, period.until, period.kinds, period.channel_groups)
    return events_of(ground, EventLayer.INCIDENTS, wanted)


def hazards_of(ground: Ground) -> Things:
    """Read the hazards that wait to be closed."""
    return events_of(ground, EventLayer.HAZARDS, EventFilter(is_open=True))


def households_of(ground: Ground) -> Things | None:
    """Read the households at their buildings; None where no building states any."""
    rows = register_records(ground.session, ground.viewer, RegisterLayer.BUILDINGS)
    counted = [r for r in rows if isinstance(r, BuildingRecord) and r.household_count]
    if not counted:
        return None
    placed = [r for r in counted if r.geometry is not None and not r.geometry.is_empty]
    spots = shapely.point_on_surface(np.array([r.geometry for r in placed], dtype=object))
    lonlat = shapely.get_coordinates(spots)
    weight = np.array([r.household_count for r in placed], dtype=np.float64)
    points = ground.metres(lonlat[:, 0], lonlat[:, 1])
    tree = shapely.STRtree(ground.plane.geometry.to_numpy())
    row, grid = tree.query(points.geometry.to_numpy(), predicate="intersects")
    first = np.full(len(points), len(ground.grids), dtype=np.int64)
    np.minimum.at(first, row, grid)
    return Things(
        points, weight, np.where(first == len(ground.grids), -1, first), len(counted) - len(placed)
    )


def streets_of(ground: Ground) -> gpd.GeoDataFrame:
    """Read the street lines on the plane.

    Raises
    ------
    RecordNotFound
        `no_streets_loaded`.
    """
    lines = streets_frame(ground.session, ground.viewer)
    lines = lines[~(lines.geometry.isna() | lines.geometry.is_empty)]
    if lines.empty:
        raise RecordNotFound("no_streets_loaded")
    return to_working(lines, ground.plane.crs)
