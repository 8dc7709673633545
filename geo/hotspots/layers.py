"""Read events and cells into arrays once, and put each event in its cell.

Used by every method of hotspots and by the back-test, which asks many times about the same cells.
Knows nothing of methods.
"""

from dataclasses import dataclass
from functools import cached_property
from typing import Any, Final

import geopandas as gpd
import numpy as np
import numpy.typing as npt
import pandas as pd
import pyproj
import shapely

from geo.crs import require_crs
from geo.errors import FrameError
from geo.hotspots.cells import LATTICE, SQUARE
from geo.hotspots.checks import known_to, require_cells, require_events
from geo.index import TilingIndex, build_index

BoolArray = npt.NDArray[np.bool_]
FloatArray = npt.NDArray[np.float64]
IntArray = npt.NDArray[np.int64]
ObjectArray = npt.NDArray[np.object_]

_FAR: Final = 2**30


@dataclass(frozen=True)
class Lattice:
    """Where cells stand on a regular lattice.

    Attributes
    ----------
    shape
        ``square`` or ``hexagon``.
    size_m
        Side, or width across the flats, metres.
    column, row
        Lattice numbers of each cell.
    whole
        The cell was not clipped.
    """

    shape: str
    size_m: float
    column: IntArray
    row: IntArray
    whole: BoolArray

    @cached_property
    def order(self) -> tuple[IntArray, IntArray]:
        """Keys of the cells, sorted, and the rows they stand in."""
        keys = _keys(self.column, self.row)
        order = np.argsort(keys, kind="stable")
        return keys[order], order

    def rows_at(self, column: IntArray, row: IntArray) -> IntArray:
        """Find the row of the cell with these lattice numbers, -1 where there is none."""
        keys, order = self.order
        wanted = _keys(column, row)
        at = np.minimum(np.searchsorted(keys, wanted), len(keys) - 1)
        return np.where(keys[at] == wanted, order[at], -1)


@dataclass(frozen=True)
class CellLayer:
    """Cells as arrays.

    Attributes
    ----------
    frame
        As it came.
    shapes
        Polygons.
    base
        Denominators, NaN where there is none; None where the frame has no column `base`.
    lattice
        None where the cells stand on none.
    """

    frame: gpd.GeoDataFrame
    shapes: ObjectArray
    base: FloatArray | None
    lattice: Lattice | None

    def __len__(self) -> int:
        return len(self.shapes)

    @property
    def crs(self) -> pyproj.CRS:
        """The CRS in metres."""
        return require_crs(self.frame)

    @cached_property
    def rank(self) -> IntArray:
        """Position of each cell in the order of `cell_id`: what decides ties and random draws."""
        ids = self.frame["cell_id"]
        plain = ids.to_numpy() if pd.api.types.is_numeric_dtype(ids) else ids.astype(str).to_numpy()
        rank = np.empty(len(self), dtype=np.int64)
        rank[np.argsort(plain, kind="stable")] = np.arange(len(self))
        return rank

    @cached_property
    def area_m2(self) -> FloatArray:
        """Ground of each cell in the plane of the CRS."""
        return np.asarray(shapely.area(self.shapes), dtype=np.float64)

    @cached_property
    def centres(self) -> FloatArray:
        """Where densities are taken, shape (n, 2): lattice centre, or centroid off a lattice."""
        lattice = self.lattice
        if lattice is None:
            return np.asarray(shapely.get_coordinates(shapely.centroid(self.shapes)))
        size = lattice.size_m
        if lattice.shape == SQUARE:
            return np.column_stack([(lattice.column + 0.5) * size, (lattice.row + 0.5) * size])
        return np.column_stack([lattice.column * size / 2.0, lattice.row * size / np.sqrt(12.0)])

    @cached_property
    def kept(self) -> dict[Any, Any]:
        """What was worked out about these cells once and is asked for again (neighbours)."""
        return {}

    @cached_property
    def width_m(self) -> float:
        """Width of a cell: the lattice's size, or the root of the median area."""
        if self.lattice is not None:
            return self.lattice.size_m
        return float(np.sqrt(np.median(self.area_m2)))


@dataclass(frozen=True)
class EventLayer:
    """Events as arrays.

    Attributes
    ----------
    xy
        Metres, shape (n, 2).
    cell
        Row of the cell, -1 outside all cells.
    time_s
        Seconds since 1970 (UTC); None where the events have no usable times.
    ids
        Event ids as text; None where there are none.
    known
        How finely the times are known (`checks.known_to`).
    """

    xy: FloatArray
    cell: IntArray
    time_s: FloatArray | None
    ids: ObjectArray | None
    known: str = "minute"

    def __len__(self) -> int:
        return len(self.xy)

    def counts(self, n_cells: int) -> FloatArray:
        """Count the events of each cell."""
        inside = self.cell[self.cell >= 0]
        return np.bincount(inside, minlength=n_cells).astype(np.float64)

    def where(self, kept: BoolArray) -> "EventLayer":
        """Keep some of the events."""
        time_s = None if self.time_s is None else self.time_s[kept]
        ids = None if self.ids is None else self.ids[kept]
        return EventLayer(self.xy[kept], self.cell[kept], time_s, ids, self.known)


def read_cells(cells: gpd.GeoDataFrame) -> CellLayer:
    """Check cells and read them into arrays.

    Raises
    ------
    FrameError, CrsError
        As `checks.require_cells`; ``wrong_dtype`` for a `base` that is no number;
        ``negative_base`` (fields `count`, `ids`).
    """
    require_cells(cells)
    base = None
    if "base" in cells.columns:
        if not pd.api.types.is_numeric_dtype(cells["base"]):
            raise FrameError("wrong_dtype", frame="cells", column="base", expected="number")
        base = cells["base"].to_numpy(dtype=np.float64, na_value=np.nan)
        if (base < 0).any():
            shown = [str(code) for code in cells["cell_id"][base < 0][:10]]
            raise FrameError("negative_base", count=int((base < 0).sum()), ids=shown)
    return CellLayer(cells, cells.geometry.to_numpy(), base, _lattice(cells))


def read_events(events: gpd.GeoDataFrame, cells: CellLayer) -> EventLayer:
    """Check events, put them in cells, and read them into arrays.

    Raises
    ------
    FrameError, CrsError
        As `checks.require_events`; ``events_miss_cells`` (fields `count`, `events`, `cells`: the
        two bounding boxes) where no event lies in any cell.
    """
    require_events(events, cells.crs)
    xy = shapely.get_coordinates(events.geometry.to_numpy())
    cell = place(xy, cells)
    if (cell < 0).all():
        raise FrameError(
            "events_miss_cells",
            count=len(xy),
            events=[round(float(v), 1) for v in (*xy.min(axis=0), *xy.max(axis=0))],
            cells=[round(float(v), 1) for v in shapely.total_bounds(cells.shapes)],
        )
    time_s, known = None, "minute"
    if "occurred_at" in events.columns:
        times = events["occurred_at"]
        if isinstance(times.dtype, pd.DatetimeTZDtype) and not times.isna().any():
            time_s, known = seconds_of(times), known_to(times)
    ids = None
    if "event_id" in events.columns:
        ids = events["event_id"].astype(str).to_numpy(dtype=object)
    return EventLayer(xy, cell, time_s, ids, known)


def seconds_of(times: pd.Series) -> FloatArray:
    """Turn aware times into seconds since 1970 UTC (exact to the microsecond until 2255)."""
    micro = times.dt.tz_convert("UTC").dt.tz_localize(None).to_numpy(dtype="datetime64[us]")
    return np.asarray(micro.astype(np.int64) / 1e6, dtype=np.float64)


def place(xy: FloatArray, cells: CellLayer) -> IntArray:
    """Find the cell of each point, -1 outside all cells.

    On square cells by exact arithmetic: a point on an edge belongs to the cell east of it (north of
    a horizontal one); where a cell was clipped the point must lie in or on what is left; where the
    area ends on the edge, the lowest `cell_id` that touches the point takes it. On other cells by
    the same rule through the tiling index.

    Parameters
    ----------
    xy
        Metres in the CRS of the cells, shape (n, 2), finite.
    cells
        The cells.
    """
    lattice = cells.lattice
    if lattice is None or lattice.shape != SQUARE:
        return _located(xy, cells)
    column, line = _step(xy[:, 0], lattice.size_m), _step(xy[:, 1], lattice.size_m)
    row = lattice.rows_at(column, line)
    unsure = np.flatnonzero((row >= 0) & ~lattice.whole[row])
    if len(unsure):
        shapes = cells.shapes[row[unsure]]
        inside = shapely.intersects_xy(shapes, xy[unsure, 0], xy[unsure, 1])
        row[unsure[~inside]] = -1
    on_edge = (column * lattice.size_m == xy[:, 0]) | (line * lattice.size_m == xy[:, 1])
    lost = np.flatnonzero((row < 0) & on_edge)
    best = np.full(len(lost), len(cells), dtype=np.int64)
    for west, south in ((1, 0), (0, 1), (1, 1)):
        found = lattice.rows_at(column[lost] - west, line[lost] - south)
        touches = shapely.intersects_xy(cells.shapes[found], xy[lost, 0], xy[lost, 1])
        found = np.where(touches & (found >= 0), found, -1)
        best = np.minimum(best, np.where(found >= 0, cells.rank[found], len(cells)))
    row[lost] = np.append(np.argsort(cells.rank), -1)[best]
    return row


def _step(values: FloatArray, size_m: float) -> IntArray:
    """Find the k whose half-open interval [k size, (k + 1) size) holds each value, exactly."""
    k = np.floor(values / size_m)
    k -= k * size_m > values
    k += (k + 1.0) * size_m <= values
    return np.clip(k, -_FAR // 2, _FAR // 2).astype(np.int64)


def _located(xy: FloatArray, cells: CellLayer) -> IntArray:
    """Find cells by the tiling index; its lowest code is the lowest `cell_id`."""
    if "index" not in cells.kept:
        codes = [f"{rank:012d}" for rank in cells.rank.tolist()]
        cells.kept["index"] = build_index(cells.shapes, codes)
    index: TilingIndex = cells.kept["index"]
    return np.asarray(index.locate(xy[:, 0], xy[:, 1]), dtype=np.int64)


def _keys(column: IntArray, row: IntArray) -> IntArray:
    return np.asarray((column + _FAR) * (4 * _FAR) + (row + _FAR), dtype=np.int64)


def _lattice(cells: gpd.GeoDataFrame) -> Lattice | None:
    known = cells.attrs.get(LATTICE)
    if known is None or not {"column", "row", "whole"} <= set(cells.columns):
        return None
    return Lattice(
        str(known["shape"]),
        float(known["size_m"]),
        cells["column"].to_numpy(dtype=np.int64),
        cells["row"].to_numpy(dtype=np.int64),
        cells["whole"].to_numpy(dtype=np.bool_),
    )
