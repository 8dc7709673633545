"""Keep points placed in a plan's grids, and after an edit place again only what it can concern.

Used by the figures of plans and the planner's screen. Knows nothing of stores and weights.

Which grid a point falls in depends only on the edges around it. Where none of the edges of the
touched grids that went or came lies, and outside the box of those that did, nothing has changed:
so only points in these boxes are placed again, by the same exact rule, among the grids that meet
the boxes. The counts are those of placing every point anew.
"""

from collections import Counter
from collections.abc import Mapping
from copy import copy
from dataclasses import dataclass
from itertools import pairwise
from typing import Final

import geopandas as gpd
import numpy as np
import numpy.typing as npt
import shapely
from shapely.geometry.base import BaseGeometry

from data.analysis.plan_points import PlanPoints
from data.errors import DataError
from data.tiling_files import index_where_it_pays
from geo.assign import pays_to_build
from geo.crs import require_stored
from geo.index import build_index
from geo.index.direct import code_order, locate_directly
from geo.index.moves import PointBuckets
from geo.schema import GRIDS, require

IntArray = npt.NDArray[np.int64]
FloatArray = npt.NDArray[np.float64]
ObjectArray = npt.NDArray[np.object_]
Change = tuple[BaseGeometry | None, BaseGeometry | None]
"""A grid's former and its new shape; None: it was not there, or is there no more."""
Box = tuple[float, float, float, float]
_OUTSIDE: Final = -1
_NOTHING: Final = shapely.Polygon()


@dataclass(frozen=True, slots=True)
class Updated:
    """What an edit made of the counts.

    Attributes
    ----------
    codes
        Grids whose counts changed, sorted.
    examined, moved
        Points that were placed again, and those that changed hands.
    """

    codes: tuple[str, ...]
    examined: int
    moved: int


class PlanCounts:
    """Points of several layers in the grids of a plan, and how many of each kind each grid has.

    Parameters
    ----------
    grids
        `grid_code` and geometry, EPSG:4326.
    points
        Layer → its points.

    Notes
    -----
    One writer at a time; `copy` gives another plan its own counts and shares the points.
    """

    def __init__(self, grids: gpd.GeoDataFrame, points: Mapping[str, PlanPoints]) -> None:
        require(grids, GRIDS)
        require_stored(grids)
        self._points = dict(points)
        shapes = _shapes_of(grids)
        self._codes = grids["grid_code"].astype(str).tolist()
        self._shapes: list[BaseGeometry | None] = list(shapes)
        self._slot = {code: slot for slot, code in enumerate(self._codes)}
        self._bounds: FloatArray = _bounds(shapes)
        self._held = {name: _Held(grids, layer) for name, layer in self._points.items()}

    @property
    def codes(self) -> tuple[str, ...]:
        """Grids of now, sorted."""
        return tuple(sorted(self._slot))

    def copy(self) -> "PlanCounts":
        """Give the same counts to another plan; the points are shared, not copied."""
        twin = copy(self)
        twin._codes, twin._shapes = list(self._codes), list(self._shapes)  # noqa: SLF001 - its twin
        twin._slot, twin._bounds = dict(self._slot), self._bounds.copy()  # noqa: SLF001 - its twin
        twin._held = {name: held.copy() for name, held in self._held.items()}  # noqa: SLF001 - its twin
        return twin

    def kinds(self, layer: str) -> tuple[str, ...]:
        """Kinds of a layer: the columns of `table`; the last, empty, is of points without one."""
        return self._points[layer].kinds

    def periods(self, layer: str) -> tuple[str, ...]:
        """Names of the periods of a layer, in order."""
        return tuple(self._points[layer].periods)

    def table(self, layer: str, period: str, codes: npt.ArrayLike) -> IntArray:
        """Count by grid (rows, in the order of `codes`) and kind (columns)."""
        rows = [self._slot[str(code)] for code in np.asarray(codes, dtype=object)]
        return self._held[layer].tables[period][np.array(rows, dtype=np.int64)]

    def total(self, layer: str, period: str) -> int:
        """All that passes: in grids, outside and unlocated."""
        return self._held[layer].located[period] + self.unlocated(layer, period)

    def outside(self, layer: str, period: str) -> int:
        """Count what is located and lies in no grid."""
        held = self._held[layer]
        return held.located[period] - int(held.tables[period].sum())

    def unlocated(self, layer: str, period: str) -> int:
        """Count what lies nowhere."""
        return self._points[layer].periods[period].unlocated

    def imprecise(self, layer: str, period: str) -> int:
        """Count what may lie in the period or not: its time is not known finely enough."""
        return self._points[layer].periods[period].imprecise

    def weeks(self, layer: str, period: str) -> float:
        """Length of a period in weeks."""
        return self._points[layer].periods[period].weeks

    def update_to(self, grids: gpd.GeoDataFrame) -> Updated:
        """Take over the grids of a plan's next state; what differs is found by its coordinates."""
        after = dict(zip(grids["grid_code"].astype(str), _shapes_of(grids), strict=True))
        both = [(code, self._slot[code]) for code in after if code in self._slot]
        now = np.array([after[code] for code, _ in both], dtype=object)
        held = np.array([self._shapes[slot] for _, slot in both], dtype=object)
        is_same = shapely.equals_identical(held, now)
        changes: dict[str, Change] = {
            code: (self._shapes[slot], None)
            for code, slot in self._slot.items()
            if code not in after
        }
        changes |= {code: (None, shape) for code, shape in after.items() if code not in self._slot}
        for k in np.flatnonzero(~is_same).tolist():
            changes[both[k][0]] = (held[k], now[k])
        return self.update(changes)

    def update(self, changes: Mapping[str, Change]) -> Updated:
        """Count again after an edit.

        Parameters
        ----------
        changes
            Code of each touched grid → its former and its new shape, EPSG:4326.

        Raises
        ------
        DataError
            `plan_counts_stale`: a former shape is not the one that is held (field `grid`); nothing
            was changed.
        """
        for code, (old, _) in changes.items():
            slot = self._slot.get(code)
            held = None if slot is None else self._shapes[slot]
            if held is not old and not shapely.equals_identical(held, old):
                raise DataError("plan_counts_stale", grid=code)
        boxes = [box for old, new in changes.values() for box in _changed_boxes(old, new)]
        for code, (_, new) in changes.items():
            self._put(code, new)
        near = self._meeting(boxes)
        around = _Around(
            np.array([self._shapes[slot] for slot in near], dtype=object),
            np.array([self._codes[slot] for slot in near], dtype=object),
            near,
        )
        examined = moved = 0
        touched: set[int] = set()
        for layer in self._held.values():
            places = layer.in_boxes(boxes)
            changed = layer.place_again(places, around)
            examined, moved = examined + len(places), moved + len(changed[0])
            touched |= set(changed[0].tolist()) | set(changed[1].tolist())
        codes = {self._codes[slot] for slot in touched if slot >= 0}
        return Updated(tuple(sorted(codes & set(self._slot))), examined, moved)

    def _put(self, code: str, shape: BaseGeometry | None) -> None:
        slot = self._slot.get(code)
        if slot is None:
            slot = len(self._codes)
            self._codes.append(code)
            self._shapes.append(None)
            self._bounds = np.vstack([self._bounds, np.full(4, np.nan)])
            self._slot[code] = slot
            for held in self._held.values():
                held.grow()
        self._shapes[slot] = shape
        self._bounds[slot] = _bounds(np.array([shape], dtype=object))[0]
        if shape is None:
            del self._slot[code]

    def _meeting(self, boxes: list[Box]) -> IntArray:
        """Slots of the grids whose box meets one of the boxes."""
        west, south, east, north = self._bounds.T
        meets = np.zeros(len(west), dtype=bool)
        for x0, y0, x1, y1 in boxes:
            meets |= (west <= x1) & (east >= x0) & (south <= y1) & (north >= y0)
        return np.flatnonzero(meets)


@dataclass(frozen=True, slots=True)
class _Around:
    """Grids that meet the boxes of an edit."""

    shapes: ObjectArray
    codes: ObjectArray
    slot: IntArray

    def locate(self, x: FloatArray, y: FloatArray) -> IntArray:
        """Give the slot of the grid of each point; -1 outside."""
        if len(self.shapes) == 0:
            return np.full(len(x), _OUTSIDE, dtype=np.int64)
        if pays_to_build(len(x), self.shapes):
            row = build_index(self.shapes, self.codes).locate(x, y)
        else:
            xy = np.column_stack([x, y])
            row = locate_directly(xy, self.shapes, code_order(self.codes)).row
        return np.append(self.slot, _OUTSIDE)[row]


class _Held:
    """Points of one layer, sorted by place, with the slot of each and the tables of counts."""

    def __init__(self, grids: gpd.GeoDataFrame, points: PlanPoints) -> None:
        index = index_where_it_pays(grids, len(points.lon))
        if index is None:
            shapes = np.asarray(grids.geometry.to_numpy(), dtype=object)
            index = build_index(shapes, grids["grid_code"].to_numpy(dtype=object))
        self.buckets = PointBuckets(index, points.lon, points.lat)
        order = self.buckets.order
        self.kind = {name: asked.kind[order] for name, asked in points.periods.items()}
        self.weight = None if points.weight is None else points.weight[order]
        self.tables: dict[str, IntArray] = {}
        self.located: dict[str, int] = {}
        shape = (len(grids), len(points.kinds))
        for name, kind in self.kind.items():
            is_in = (kind >= 0) & (self.buckets.row >= 0)
            cell = self.buckets.row[is_in].astype(np.int64) * shape[1] + kind[is_in]
            weight = None if self.weight is None else self.weight[is_in]
            counted = np.bincount(cell, weight, minlength=shape[0] * shape[1])
            self.tables[name] = counted.astype(np.int64).reshape(shape)
            asked_for = kind >= 0
            self.located[name] = int(
                asked_for.sum() if self.weight is None else self.weight[asked_for].sum()
            )

    def copy(self) -> "_Held":
        """Share what edits leave alone."""
        twin = copy(self)
        twin.buckets = copy(self.buckets)
        twin.buckets.row = self.buckets.row.copy()
        twin.tables = {name: table.copy() for name, table in self.tables.items()}
        return twin

    def grow(self) -> None:
        """Make room for one more grid."""
        for name, table in self.tables.items():
            self.tables[name] = np.vstack([table, np.zeros((1, table.shape[1]), dtype=np.int64)])

    def in_boxes(self, boxes: list[Box]) -> IntArray:
        """Give the places of the points in any of the boxes, each once."""
        if not boxes or len(self.buckets.x) == 0:
            return np.empty(0, dtype=np.int64)
        found = [self.buckets.in_box(*box) for box in boxes]
        return found[0] if len(found) == 1 else np.unique(np.concatenate(found))

    def place_again(self, places: IntArray, around: _Around) -> tuple[IntArray, IntArray]:
        """Place the points at these places again; give the former and new slots of the moved."""
        buckets = self.buckets
        now = around.locate(buckets.x[places], buckets.y[places])
        before = buckets.row[places].astype(np.int64)
        differs = before != now
        moved, before, now = places[differs], before[differs], now[differs]
        for name, table in self.tables.items():
            kind = self.kind[name][moved].astype(np.int64)
            weight = np.ones(len(moved), np.int64) if self.weight is None else self.weight[moved]
            leaves, comes = (kind >= 0) & (before >= 0), (kind >= 0) & (now >= 0)
            np.subtract.at(table, (before[leaves], kind[leaves]), weight[leaves])
            np.add.at(table, (now[comes], kind[comes]), weight[comes])
        buckets.row[moved] = now
        return before, now


def _shapes_of(grids: gpd.GeoDataFrame) -> ObjectArray:
    """Give the shapes, a missing one as an empty polygon: None says that a grid is not there."""
    shapes = np.array(grids.geometry.to_numpy(), dtype=object)
    shapes[shapely.is_missing(shapes)] = _NOTHING
    return shapes


def _bounds(shapes: ObjectArray) -> FloatArray:
    return np.asarray(shapely.bounds(shapes), dtype=np.float64).reshape(-1, 4)


def _changed_boxes(old: BaseGeometry | None, new: BaseGeometry | None) -> list[Box]:
    """Give the box of the edges that went or came; of rings that cross themselves the whole."""
    shapes = [shape for shape in (old, new) if shape is not None and not shape.is_empty]
    if len(shapes) < 2 or not all(shape.is_valid for shape in shapes):  # noqa: PLR2004 - both
        return [shape.bounds for shape in shapes]
    before, after = (Counter(_edges(shape)) for shape in shapes)
    differing = [*(before - after), *(after - before)]
    if not differing:
        return []
    ends = np.array(differing)
    x, y = ends[:, [0, 2]], ends[:, [1, 3]]
    return [(float(x.min()), float(y.min()), float(x.max()), float(y.max()))]


def _edges(shape: BaseGeometry) -> list[tuple[float, float, float, float]]:
    """Give both ends of each edge, the lower one first: which way a ring runs says nothing."""
    rings = shapely.get_rings(shapely.get_parts(shapely.force_2d(shape)))
    found = []
    for ring in rings:
        xy = shapely.get_coordinates(ring).tolist()
        for (ax, ay), (bx, by) in pairwise(xy):
            found.append((ax, ay, bx, by) if (ax, ay) <= (bx, by) else (bx, by, ax, ay))
    return found
