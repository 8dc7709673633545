"""Hold what hotspot questions stand on: a layer's events as arrays, the ground, the cells.

Used by the hotspot questions, the proof and the patrol ranking; a caller keeps one by revision and
asks it many times. Knows nothing of methods and of sentences.
"""

from collections import OrderedDict
from collections.abc import Mapping
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass, field
from datetime import date
from functools import cached_property
from typing import Any, Final

import geopandas as gpd
import numpy as np
import numpy.typing as npt
import pyproj
import shapely
from sqlalchemy.orm import Session

from data.config import DEFAULT_TZ
from data.counting import AS_OF_EVENT, AS_OF_TODAY, Placed, place_events
from data.grids_of import estimated_codes, plan_number
from data.privacy import is_proactive
from data.repositories.cases import sensitive_ids
from data.repositories.events import EventArrays
from data.repositories.kind_words import ids_of_words, kind_words
from data.repositories.places import place_tree, today_here
from data.viewer import Viewer
from data.vocabulary import EventLayer, PlaceLevel
from geo.crs import STORED_CRS, crs_from, to_working, transform_xy, working_crs

BoolArray = npt.NDArray[np.bool_]
FloatArray = npt.NDArray[np.float64]

FROM_GRIDS: Final = "grids"
FROM_EVENTS: Final = "events"
_MOST_KEPT: Final = 8
_MANY: Final = 100_000


@dataclass(frozen=True, eq=False)
class HotspotGround:
    """Events of one layer on the grids of one day, ready to be asked about.

    Attributes
    ----------
    placed
        The layer's events with the base grid of each; only what the viewer may see.
    tz
        Zone of hours, weekdays and months.
    as_of
        The day whose grids are the ground; of a plan's grids the day of the places above them.
    proactive
        Rows of kinds that are found by looking for them (domain note 6.4).
    sensitive
        Rows of kinds that are never drawn as points (domain note 6.2).
    names
        (level, code) → name of the places of that day.
    kept
        What was worked out and is asked for again, the latest few of them.
    """

    placed: Placed
    tz: str
    as_of: date
    proactive: BoolArray
    sensitive: BoolArray
    names: Mapping[tuple[str, str], str]
    kept: "OrderedDict[Any, Any]" = field(default_factory=OrderedDict, repr=False)

    @property
    def events(self) -> EventArrays:
        """The events."""
        return self.placed.events

    @cached_property
    def has_shape(self) -> BoolArray:
        """Rows of the grids that have ground."""
        shapes = self.placed.grids.geometry.to_numpy()
        return np.asarray(~(shapely.is_missing(shapes) | shapely.is_empty(shapes)))

    @cached_property
    def crs(self) -> pyproj.CRS:
        """The working CRS (metres) of the grids, or of the events where there are none."""
        if self.has_shape.any():
            west, south, east, north = self.placed.grids.total_bounds.tolist()
            return working_crs((west + east) / 2.0, (south + north) / 2.0)
        rows = self.events.is_located
        return working_crs(
            float(np.median(self.events.lon[rows])), float(np.median(self.events.lat[rows]))
        )

    @cached_property
    def xy(self) -> FloatArray:
        """Metres of each event in `crs`, shape (n, 2); inf or NaN where there is no point."""
        return metres_of(self.events, None, self.crs)

    @cached_property
    def plane(self) -> gpd.GeoDataFrame:
        """Grids with ground, in metres and valid, with `row` (their row in the placed grids)."""
        grids = self.placed.grids[self.has_shape]
        plane = to_working(grids, self.crs)
        shapes = plane.geometry.to_numpy()
        if not shapely.is_valid(shapes).all():
            shapes = shapely.make_valid(shapes, method="structure", keep_collapsed=False)
        plane = plane.set_geometry(gpd.GeoSeries(shapes, index=plane.index, crs=self.crs))
        plane["row"] = np.flatnonzero(self.has_shape)
        return plane

    @cached_property
    def area(self) -> tuple[gpd.GeoDataFrame, str]:
        """The real area in metres, and what it comes from: `grids`, or `events` (their hull)."""
        if self.has_shape.any():
            whole = shapely.union_all(self.plane.geometry.to_numpy())
            return gpd.GeoDataFrame(geometry=[whole], crs=self.crs), FROM_GRIDS
        rows = self.events.is_located
        hull = shapely.MultiPoint(self.xy[rows]).convex_hull
        return gpd.GeoDataFrame(geometry=[hull], crs=self.crs), FROM_EVENTS

    def metres(self, rows: npt.NDArray[np.int64], crs: pyproj.CRS) -> FloatArray:
        """Give metres of some events in any CRS; those of the ground's own are worked out once."""
        return self.xy[rows] if crs.equals(self.crs) else metres_of(self.events, rows, crs)

    @property
    def grids_of(self) -> str:
        """Which grids the ground is: `today`, an ISO date or `plan:<number>`."""
        as_of = self.placed.as_of
        is_word = as_of == AS_OF_TODAY or plan_number(as_of) is not None
        return as_of if is_word else self.as_of.isoformat()

    @cached_property
    def estimated(self) -> BoolArray:
        """Rows of the grids whose residents were shared out and not counted."""
        codes = estimated_codes(self.placed.grids, ("residents",))
        return np.array([str(code) in codes for code in self.placed.grids.index], dtype=bool)

    def keep(self, key: Any, made: Any) -> Any:  # noqa: ANN401 - whatever a caller works out
        """Keep something under a key; the one that was kept longest ago goes."""
        self.kept[key] = made
        for oldest in list(self.kept)[:-_MOST_KEPT]:
            self.kept.pop(oldest, None)  # another visitor may have been quicker
        return made


def ground_of(
    session: Session,
    viewer: Viewer,
    layer: EventLayer = EventLayer.INCIDENTS,
    *,
    as_of: date | None = None,
    tz: str = DEFAULT_TZ,
    placed: Placed | None = None,
) -> HotspotGround:
    """Read what hotspot questions about one layer stand on.

    Parameters
    ----------
    as_of
        Day of the boundaries; None is today.
    tz
        Zone of the store.
    placed
        The layer placed on the grids of that day, where a caller holds it already; or on a
        plan's grids (`data.analysis.grids_of.place_on`), which are the ground then.
    """
    day = as_of or today_here()
    if placed is None or placed.as_of == AS_OF_EVENT:
        wanted = AS_OF_TODAY if as_of is None else day.isoformat()
        placed = place_events(session, viewer, layer, today=day, as_of=wanted, tz=tz)
    proactive, sensitive = _apart(session, placed.events)
    tree = place_tree(session, viewer, as_of=day)
    levels = {str(level) for level in PlaceLevel}
    return HotspotGround(
        placed=placed,
        tz=tz,
        as_of=day,
        proactive=proactive,
        sensitive=sensitive,
        names={
            (record.level, record.code): record.name
            for record in tree.records.values()
            if record.level in levels and record.code
        }
        | _grid_names(placed),
    )


def _grid_names(placed: Placed) -> dict[tuple[str, str], str]:
    """Names of a plan's grids, which no place of the day bears."""
    if plan_number(placed.as_of) is None:
        return {}
    pairs = zip(placed.grids.index, placed.grids["name"], strict=True)
    return {(PlaceLevel.GRID.value, str(code)): str(name) for code, name in pairs}


def metres_of(events: EventArrays, rows: npt.NDArray[Any] | None, crs: pyproj.CRS) -> FloatArray:
    """Project the points of events (of some rows, or of all) to metres, on two threads."""
    lon, lat = (part if rows is None else part[rows] for part in (events.lon, events.lat))
    lonlat = np.column_stack([lon, lat])
    stored = crs_from(STORED_CRS)
    if len(lonlat) < _MANY:
        return transform_xy(lonlat, stored, crs)
    with ThreadPoolExecutor(2) as pool:
        halves = pool.map(lambda part: transform_xy(part, stored, crs), np.array_split(lonlat, 2))
        return np.concatenate(list(halves))


def _apart(session: Session, events: EventArrays) -> tuple[BoolArray, BoolArray]:
    """Say which rows are of kinds found by looking for them, and of kinds never drawn as points."""
    if events.layer is not EventLayer.INCIDENTS:
        nobody = np.zeros(len(events), dtype=bool)
        return nobody, nobody
    words = kind_words(session)
    proactive = ids_of_words(session, [word for word in words if is_proactive(word)])
    sensitive = sensitive_ids(session, words)
    return _among(events.ids, proactive), _among(events.ids, sensitive)


def _among(ids: npt.NDArray[np.int64], wanted: npt.NDArray[np.int64]) -> BoolArray:
    """Say which ids are wanted; both rise."""
    if len(wanted) == 0 or len(ids) == 0:
        return np.zeros(len(ids), dtype=bool)
    at = np.minimum(np.searchsorted(wanted, ids), len(wanted) - 1)
    return np.asarray(wanted[at] == ids)
