"""Bring projected boundaries to longitude/latitude without moving a border by more than 1 cm.

Used by the importers of grids and upper units.
Knows nothing of files; repairs nothing.

An edge that is straight in metres is slightly bent in degrees. Stored edges are straight in
degrees, so long ones get extra vertices. Each undirected edge is treated once, and both neighbours
receive the same inserted vertices bit for bit: what fitted together still fits together.
"""

from dataclasses import dataclass
from typing import Final

import geopandas as gpd
import numpy as np
import numpy.typing as npt
import pyproj
import shapely

from geo.crs import STORED_CRS, crs_from, require_crs, to_stored, transform_xy
from geo.errors import TilingError
from geo.schema import Contract, require

FloatArray = npt.NDArray[np.float64]
IntArray = npt.NDArray[np.int64]

_TOUCH_M: Final = 1e-4  # a vertex this near to another grid's edge is meant to lie on it
_ROUNDS: Final = 12
_MAX_PIECES: Final = 100_000
_PROBES: Final = (0.25, 0.5, 0.75)
_AREAS: Final = Contract("areas", (), frozenset({"POLYGON", "MULTIPOLYGON"}))


@dataclass(frozen=True, slots=True)
class Densified:
    """Boundaries in EPSG:4326 and what it took.

    Attributes
    ----------
    frame
        Same rows, index and attributes, EPSG:4326.
    vertices_added
        How many places were inserted, each counted once however many areas share it.
    max_shift_m
        Largest distance found between the stored border and the border as it came, metres.
    """

    frame: gpd.GeoDataFrame
    vertices_added: int
    max_shift_m: float


@dataclass(frozen=True, slots=True)
class _Net:
    """Rings as runs of vertex numbers, and the undirected edges between vertices."""

    xy: FloatArray  # unique vertices
    walk: IntArray  # vertex numbers, ring after ring, closing vertex included
    ring_start: IntArray  # offsets into `walk`
    edges: IntArray  # (e, 2) vertex numbers, lower one first
    edge_of: IntArray  # edge of each step of the walk; -1 between rings
    is_forward: npt.NDArray[np.bool_]


def densify_shared(frame: gpd.GeoDataFrame, *, tolerance_m: float = 0.01) -> Densified:
    """Return boundaries in EPSG:4326 whose straight edges follow the projected ones.

    Parameters
    ----------
    frame
        Polygons or MultiPolygons in any CRS. Degrees come back unchanged in number (EPSG:4490 is
        relabelled, other geographic CRSs are transformed), because their edges already are
        straight in degrees.
    tolerance_m
        How far an edge may depart from the projected straight line, metres of that projection.

    Returns
    -------
    Densified
        A vertex of one area that lies on another's edge (within 0.1 mm) is inserted there too, so
        that borders which met only geometrically meet by vertices afterwards.

    Raises
    ------
    CrsError
        ``no_crs``.
    FrameError
        ``wrong_geometry_type``, ``no_geometry_column``.
    TilingError
        ``edge_cannot_be_stored``: an edge leaves the area where its CRS is defined.
    """
    crs = require_crs(frame)
    require(frame, _AREAS)
    if not crs.is_projected:
        return Densified(to_stored(frame), 0, 0.0)
    shapes = frame.geometry.to_numpy()
    kept = np.flatnonzero(~(shapely.is_missing(shapes) | shapely.is_empty(shapes)))
    if len(kept) == 0:
        return Densified(to_stored(frame), 0, 0.0)
    unit_m = float(crs.axis_info[0].unit_conversion_factor)
    flat = shapely.force_2d(shapes[kept])
    kind, coordinates, offsets = shapely.to_ragged_array(flat)
    net, matched = _matched(_net(coordinates, offsets[0]), _TOUCH_M / unit_m)
    bent = _Bend(net, crs, tolerance_m, unit_m)
    pieces, max_shift_m = bent.settle()
    lonlat, ring_start = bent.insert(pieces)
    stored = shapes.copy()
    outer = [np.asarray(offset, dtype=np.int64) for offset in offsets[1:]]
    rebuilt = shapely.from_ragged_array(kind, lonlat, [ring_start, *outer])
    is_single = shapely.get_type_id(flat) == shapely.GeometryType.POLYGON
    rebuilt[is_single] = shapely.get_parts(rebuilt[is_single])  # a mixed frame comes back as multi
    stored[kept] = rebuilt
    result = frame.copy()
    result[frame.geometry.name] = gpd.GeoSeries(stored, index=frame.index, crs=STORED_CRS)
    result = result.set_geometry(frame.geometry.name, crs=STORED_CRS)
    return Densified(result, matched + int((pieces - 1).sum()), max_shift_m)


def _net(coordinates: FloatArray, ring_start: npt.ArrayLike) -> _Net:
    xy, walk = np.unique(coordinates, axis=0, return_inverse=True)
    return _net_of(xy, walk.reshape(-1).astype(np.int64), np.asarray(ring_start, dtype=np.int64))


def _net_of(xy: FloatArray, walk: IntArray, ring_start: IntArray) -> _Net:
    steps = np.column_stack([walk[:-1], walk[1:]])
    is_step = np.ones(len(steps), dtype=np.bool_)
    is_step[ring_start[1:-1] - 1] = False
    pairs = np.sort(steps, axis=1)
    keys = pairs[:, 0] * np.int64(len(xy)) + pairs[:, 1]
    unique, inverse = np.unique(keys[is_step], return_inverse=True)
    edge_of = np.full(len(steps), -1, dtype=np.int64)
    edge_of[is_step] = inverse
    edges = np.column_stack([unique // len(xy), unique % len(xy)])
    return _Net(xy, walk, ring_start, edges, edge_of, steps[:, 0] <= steps[:, 1])


def _spread(net: _Net, count: IntArray, inserted: IntArray) -> tuple[IntArray, IntArray]:
    """Insert numbers into the walk: `count` per edge, listed edge by edge in edge direction."""
    first = np.cumsum(count) - count
    extra = np.where(net.edge_of >= 0, count[net.edge_of], 0)
    size = np.append(1 + extra, 1)
    start = np.cumsum(size) - size
    step = np.repeat(np.arange(len(size)), size)
    within = np.arange(len(step)) - start[step]
    walk = net.walk[step].copy()
    is_new = within > 0
    at = step[is_new]
    rank = within[is_new] - 1
    edge = net.edge_of[at]
    rank = np.where(net.is_forward[at], rank, count[edge] - 1 - rank)
    walk[is_new] = inserted[first[edge] + rank]
    ring_start = np.append(start, len(walk))[net.ring_start]
    return walk, ring_start


def _matched(net: _Net, reach: float) -> tuple[_Net, int]:
    """Insert vertices that lie on other areas' edges into those edges."""
    ends = net.xy[net.edges]
    tree = shapely.STRtree(np.atleast_1d(np.asarray(shapely.points(net.xy))))
    edge, vertex = tree.query(shapely.linestrings(ends), predicate="dwithin", distance=reach)
    is_end = (vertex == net.edges[edge, 0]) | (vertex == net.edges[edge, 1])
    edge, vertex = edge[~is_end], vertex[~is_end]
    along = ends[edge, 1] - ends[edge, 0]
    way = net.xy[vertex] - ends[edge, 0]
    share = (way * along).sum(axis=1) / np.maximum((along * along).sum(axis=1), 1e-300)
    back = net.xy[vertex] - ends[edge, 1]
    clear = 10.0 * reach  # next to an end there is nothing to insert, only a spike to make
    between = (share > 0.0) & (share < 1.0)
    between &= (np.hypot(way[:, 0], way[:, 1]) > clear) & (np.hypot(back[:, 0], back[:, 1]) > clear)
    edge, vertex, share = edge[between], vertex[between], share[between]
    if len(edge) == 0:
        return net, 0
    order = np.lexsort((share, edge))
    count = np.bincount(edge, minlength=len(net.edges)).astype(np.int64)
    walk, ring_start = _spread(net, count, vertex[order])
    return _net_of(net.xy, walk, ring_start), len(edge)


@dataclass(frozen=True, slots=True)
class _Bend:
    """How the edges of a net bend between a projected CRS and degrees."""

    net: _Net
    crs: pyproj.CRS
    tolerance_m: float
    unit_m: float

    def _cuts(self, edge: IntArray, share: FloatArray) -> FloatArray:
        a, b = self.net.xy[self.net.edges[edge, 0]], self.net.xy[self.net.edges[edge, 1]]
        return np.asarray(a + (b - a) * share[:, None])

    def _lonlat(self, xy: FloatArray) -> FloatArray:
        lonlat = transform_xy(xy, self.crs, crs_from(STORED_CRS))
        if not np.isfinite(lonlat).all():
            raise TilingError("edge_cannot_be_stored", crs=self.crs.to_string())
        return lonlat

    def shift_m(self, edges: IntArray, pieces: IntArray) -> FloatArray:
        """Measure for each edge how far its stored pieces leave the projected straight line."""
        count = pieces[edges]
        owner = np.repeat(np.arange(len(edges)), count)
        within = np.arange(len(owner)) - np.repeat(np.cumsum(count) - count, count)
        start = self._lonlat(self._cuts(edges[owner], within / count[owner]))
        stop = self._lonlat(self._cuts(edges[owner], (within + 1) / count[owner]))
        a = self.net.xy[self.net.edges[edges[owner], 0]]
        along = self.net.xy[self.net.edges[edges[owner], 1]] - a
        length = np.maximum(np.hypot(along[:, 0], along[:, 1]), 1e-300)
        worst = np.zeros(len(edges))
        for probe in _PROBES:
            back = transform_xy(start + (stop - start) * probe, crs_from(STORED_CRS), self.crs) - a
            off = np.abs(along[:, 0] * back[:, 1] - along[:, 1] * back[:, 0]) / length
            np.maximum.at(worst, owner, off * self.unit_m)
        return worst

    def settle(self) -> tuple[IntArray, float]:
        """Choose the number of pieces per edge; the departure falls with its square."""
        pieces = np.ones(len(self.net.edges), dtype=np.int64)
        shift = self.shift_m(np.arange(len(pieces)), pieces)
        for _ in range(_ROUNDS):
            long = np.flatnonzero(~(shift < self.tolerance_m))
            if len(long) == 0:
                return pieces, float(shift.max(initial=0.0))
            more = np.ceil(pieces[long] * np.sqrt(shift[long] / (0.8 * self.tolerance_m)))
            pieces[long] = np.maximum(more, pieces[long] + 1)
            if pieces.max() > _MAX_PIECES:
                break
            shift[long] = self.shift_m(long, pieces)
        raise TilingError("edge_cannot_be_stored", crs=self.crs.to_string())

    def insert(self, pieces: IntArray) -> tuple[FloatArray, IntArray]:
        """Return the longitudes and latitudes of all rings and where each ring starts."""
        count = pieces - 1
        edge = np.repeat(np.arange(len(pieces)), count)
        within = np.arange(len(edge)) - np.repeat(np.cumsum(count) - count, count) + 1
        cuts = self._cuts(edge, within / pieces[edge])
        places = self._lonlat(np.concatenate([self.net.xy, cuts]))
        inserted = np.arange(len(cuts)) + len(self.net.xy)
        walk, ring_start = _spread(self.net, count, inserted)
        return places[walk], ring_start
