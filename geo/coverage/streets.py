"""Make a network of street lines and measure along it.

Used by the coverage analysis where streets are loaded. Knows nothing of one-way streets, levels and
turns: lines that cross are joined, bridges among them.
"""

from dataclasses import dataclass
from typing import Final

import geopandas as gpd
import numpy as np
import numpy.typing as npt
import shapely
from scipy.sparse import coo_array, csr_array
from scipy.sparse.csgraph import connected_components, dijkstra

from geo.coverage.metres import (
    BoolArray,
    FloatArray,
    IntArray,
    ObjectArray,
    codes_of,
    point_coordinates,
    require_metres,
    require_reach,
)
from geo.coverage.nearest import POST_CODE, TIE_M, Nearest
from geo.errors import FrameError

JOIN_M: Final = 0.2
"""Lines are joined on a lattice this wide: an end that misses a line by less than half of it meets
it. Straight edges in degrees bend by a few centimetres on the plane."""
FARTHEST_M: Final = 150.0
"""Points farther from any street are not reached along streets."""
_LEAST_M: Final = 1e-9
_LINES: Final = (1, 5)
_MATRIX_AT_A_TIME: Final = 4_000_000


@dataclass(frozen=True, slots=True)
class StreetNetwork:
    """Pieces of streets between crossings and ends.

    Attributes
    ----------
    pieces
        Lines in metres; `start`, `end` are their nodes and `length_m` their lengths.
    nodes
        How many nodes there are.
    component
        For each node the number of the connected part it lies in, 0 the longest.
    component_m
        Length of each part in metres, longest first.
    frame
        The pieces as a frame, which carries their CRS.
    """

    pieces: ObjectArray
    start: IntArray
    end: IntArray
    length_m: FloatArray
    nodes: int
    component: IntArray
    component_m: FloatArray
    frame: gpd.GeoDataFrame

    @property
    def total_m(self) -> float:
        """Length of all streets in metres."""
        return float(self.length_m.sum())

    @property
    def connected_share(self) -> float | None:
        """Share of the length that lies in the longest connected part."""
        return float(self.component_m[0]) / self.total_m if self.total_m > 0 else None


@dataclass(frozen=True, slots=True)
class Snapped:
    """Where points meet the street: piece (-1: none near), metres along it, metres beside it."""

    piece: IntArray
    along_m: FloatArray
    beside_m: FloatArray


@dataclass(frozen=True, slots=True)
class StreetReach:
    """Nearest posts along streets; distances include the way from the point and post to the street.

    Attributes
    ----------
    nearest
        Post and metres along the street for each point; -1 and NaN beyond the limit or unreachable.
    snap_m
        Metres from each point to the street; NaN where it is farther than allowed.
    off_street
        Points with coordinates farther from any street than allowed.
    cut_off
        Points on a part of the network on which no post lies.
    posts_off_street
        Posts with coordinates farther from any street than allowed.
    street_within_m
        Metres of street within the limit.
    """

    nearest: Nearest
    snap_m: FloatArray
    off_street: int
    cut_off: int
    posts_off_street: int
    street_within_m: float


def build_network(streets: gpd.GeoDataFrame) -> StreetNetwork:
    """Cut street lines where they meet or cross and find which parts hang together.

    Parameters
    ----------
    streets
        Lines in a projected CRS in metres; rows without a shape are passed over.

    Raises
    ------
    CrsError
        ``needs_metres``.
    FrameError
        ``wrong_geometry_type``; ``no_street_lines``: there is no line.
    """
    require_metres(streets)
    lines = streets.geometry.to_numpy()
    lines = lines[~(shapely.is_missing(lines) | shapely.is_empty(lines))]
    strange = lines[~np.isin(shapely.get_type_id(lines), _LINES)]
    if len(strange):
        got = str(strange[0].geom_type)
        raise FrameError("wrong_geometry_type", frame="streets", expected="LineString", got=got)
    joined = shapely.union_all(lines, grid_size=JOIN_M) if len(lines) else None
    pieces = shapely.get_parts(np.array([joined], dtype=object)) if joined is not None else lines
    pieces = pieces[shapely.length(pieces) > 0.0]
    if len(pieces) == 0:
        raise FrameError("no_street_lines", rows=len(streets))
    ends = np.stack([shapely.get_point(pieces, 0), shapely.get_point(pieces, -1)])
    xy = shapely.get_coordinates(ends)
    found, node = np.unique(xy, axis=0, return_inverse=True)
    start, end = node.reshape(2, -1)
    length = shapely.length(pieces)
    component, size = _components(start, end, length, len(found))
    frame = gpd.GeoDataFrame({"piece": np.arange(len(pieces))}, geometry=pieces, crs=streets.crs)
    return StreetNetwork(pieces, start, end, length, len(found), component, size, frame)


def _components(
    start: IntArray, end: IntArray, length: FloatArray, nodes: int
) -> tuple[IntArray, FloatArray]:
    joined = coo_array((np.ones(len(start)), (start, end)), shape=(nodes, nodes))
    count, part = connected_components(joined.tocsr(), directed=False)
    size = np.bincount(part[start], weights=length, minlength=count)
    order = np.argsort(-size, kind="stable")
    rank = np.empty(count, dtype=np.int64)
    rank[order] = np.arange(count)
    return rank[part], np.asarray(size[order], dtype=np.float64)


def snap(network: StreetNetwork, xy: FloatArray, farthest_m: float = FARTHEST_M) -> Snapped:
    """Find the nearest place on a street for each point."""
    piece = np.full(len(xy), -1, dtype=np.int64)
    along, beside = np.full(len(xy), np.nan), np.full(len(xy), np.nan)
    known = np.flatnonzero(np.isfinite(xy).all(axis=1))
    points = np.asarray(shapely.points(xy[known]), dtype=object)
    tree = shapely.STRtree(network.pieces)
    (row, found), gap = tree.query_nearest(
        points, max_distance=farthest_m, return_distance=True, all_matches=False
    )
    rows = known[row]
    piece[rows], beside[rows] = found, gap
    along[rows] = shapely.line_locate_point(network.pieces[found], points[row])
    return Snapped(piece, along, beside)


def street_reach(
    network: StreetNetwork,
    points: gpd.GeoDataFrame,
    posts: gpd.GeoDataFrame,
    within_m: float,
    *,
    farthest_m: float = FARTHEST_M,
) -> StreetReach:
    """Find the nearest post of each point along streets, up to a distance.

    One search starts at all posts together. Of posts equally near (within `TIE_M`) the lowest code
    wins.

    Parameters
    ----------
    points, posts
        As `nearest_post`, in the CRS of the network.
    within_m
        Metres along streets, the ways to the street included.
    farthest_m
        How far from a street a point or a post may lie.

    Raises
    ------
    CrsError, FrameError
        As `nearest_post`.
    GeoError
        ``bad_reach``.
    """
    require_metres(network.frame, points, posts)
    limit = require_reach(within_m)
    codes = codes_of(posts, POST_CODE, name="posts")
    order = np.argsort(codes.astype(str), kind="stable")
    places, xy = point_coordinates(posts)[order], point_coordinates(points)
    bases, feet = snap(network, places, farthest_m), snap(network, xy, farthest_m)
    kept = np.flatnonzero(bases.piece >= 0)
    bases = Snapped(bases.piece[kept], bases.along_m[kept], bases.beside_m[kept])
    gap, label = _search(network, bases, limit)
    rank, distance = _at_feet(network, feet, bases, (gap, label))
    with np.errstate(invalid="ignore"):
        far = ~(distance <= limit)
    rank[far], distance[far] = -1, np.nan
    row = np.append(order[kept], [-1])[rank].astype(np.int32)
    on_street = feet.piece >= 0
    held = np.isin(network.component, network.component[network.start[bases.piece]])
    return StreetReach(
        nearest=Nearest(row, distance, codes),
        snap_m=feet.beside_m,
        off_street=int((~on_street & np.isfinite(xy).all(axis=1)).sum()),
        cut_off=int((~held[network.start[feet.piece[on_street]]]).sum()),
        posts_off_street=int(np.isfinite(places).all(axis=1).sum()) - len(kept),
        street_within_m=_street_within(network, bases, gap, limit),
    )


def street_distances(
    network: StreetNetwork, xy: FloatArray, places: FloatArray, within_m: float
) -> FloatArray:
    """Give metres along streets from every point to every place, shape (points, places).

    `inf` beyond the limit or where one of them is not on the network. Memory is 8 bytes a pair.
    """
    limit = require_reach(within_m)
    feet, bases = snap(network, xy), snap(network, places)
    result = np.full((len(xy), len(places)), np.inf)
    rows, kept = np.flatnonzero(feet.piece >= 0), np.flatnonzero(bases.piece >= 0)
    at_feet = Snapped(feet.piece[rows], feet.along_m[rows], feet.beside_m[rows])
    step = max(1, _MATRIX_AT_A_TIME // (network.nodes + len(rows) + 1))
    for first in range(0, len(kept), step):
        part = kept[first : first + step]
        own = Snapped(bases.piece[part], bases.along_m[part], bases.beside_m[part])
        graph = _graph(network, own)
        sources = np.arange(network.nodes, network.nodes + len(part))
        gap = dijkstra(graph, indices=sources, limit=limit + TIE_M)[:, : network.nodes]
        found = _ways(network, at_feet, gap)
        direct = own.beside_m[:, None] + np.abs(own.along_m[:, None] - at_feet.along_m)
        same = own.piece[:, None] == at_feet.piece
        found = np.minimum(found, np.where(same, direct, np.inf)) + at_feet.beside_m
        result[np.ix_(rows, part)] = np.where(found <= limit, found, np.inf).T
    return result


def _ways(network: StreetNetwork, feet: Snapped, gap: FloatArray) -> FloatArray:
    """Give the shorter of the ways over the two ends of each foot's piece."""
    rest = network.length_m[feet.piece] - feet.along_m
    over_start = gap[..., network.start[feet.piece]] + feet.along_m
    ways: FloatArray = np.minimum(over_start, gap[..., network.end[feet.piece]] + rest)
    return ways


def _graph(network: StreetNetwork, bases: Snapped) -> csr_array:
    """Build the directed graph: streets both ways, posts towards the two ends of their piece."""
    own = network.nodes + np.arange(len(bases.piece))
    start, end, length = network.start, network.end, network.length_m
    head = start[bases.piece], end[bases.piece]
    rest = length[bases.piece] - bases.along_m
    rows = np.concatenate([start, end, own, own])
    columns = np.concatenate([end, start, *head])
    ways = bases.beside_m + bases.along_m, bases.beside_m + rest
    weight = np.maximum(np.concatenate([length, length, *ways]), _LEAST_M)
    order = np.lexsort((weight, columns, rows))
    rows, columns, weight = rows[order], columns[order], weight[order]
    first = np.ones(len(rows), dtype=bool)  # of parallel pieces the shortest
    first[1:] = (rows[1:] != rows[:-1]) | (columns[1:] != columns[:-1])
    size = network.nodes + len(bases.piece)
    return coo_array((weight[first], (rows[first], columns[first])), shape=(size, size)).tocsr()


def _search(
    network: StreetNetwork, bases: Snapped, limit: float
) -> tuple[FloatArray, npt.NDArray[np.int64]]:
    """Give each node's distance to its nearest post and that post's row, lowest of those tied."""
    none = len(bases.piece)
    if none == 0:
        return np.full(network.nodes, np.inf), np.zeros(network.nodes, dtype=np.int64)
    graph = _graph(network, bases)
    sources = np.arange(network.nodes, network.nodes + none)
    gap = dijkstra(graph, indices=sources, min_only=True, limit=limit + TIE_M)
    arcs = graph.tocoo()
    row, column = arcs.coords
    with np.errstate(invalid="ignore"):
        tight = np.isfinite(gap[row]) & (np.abs(gap[row] + arcs.data - gap[column]) <= TIE_M)
    row, column = row[tight], column[tight]
    label = np.full(len(gap), none, dtype=np.int64)
    label[sources] = np.arange(none)
    while True:
        better = label[row] < label[column]
        if not better.any():
            break
        np.minimum.at(label, column[better], label[row[better]])
    return gap[: network.nodes], label[: network.nodes]


def _at_feet(
    network: StreetNetwork,
    feet: Snapped,
    bases: Snapped,
    found: tuple[FloatArray, npt.NDArray[np.int64]],
) -> tuple[npt.NDArray[np.int64], FloatArray]:
    """Carry distances from the nodes to the feet, and compare posts on the same piece."""
    gap, label = found
    none = len(bases.piece)
    rank, best = np.full(len(feet.piece), none), np.full(len(feet.piece), np.inf)
    rows = np.flatnonzero(feet.piece >= 0)
    piece, along = feet.piece[rows], feet.along_m[rows]
    ends = (network.start[piece], along), (network.end[piece], network.length_m[piece] - along)
    offers = [(rows, label[node], gap[node] + way) for node, way in ends]
    order = np.argsort(bases.piece, kind="stable")
    low = np.searchsorted(bases.piece[order], piece, side="left")
    count = np.searchsorted(bases.piece[order], piece, side="right") - low
    foot = np.repeat(np.arange(len(rows)), count)
    post = order[np.repeat(low - np.cumsum(count) + count, count) + np.arange(len(foot))]
    direct = bases.beside_m[post] + np.abs(bases.along_m[post] - along[foot])
    offers.append((rows[foot], post, direct))
    for row, _, way in offers:
        np.minimum.at(best, row, way)
    for row, who, way in offers:
        near: BoolArray = np.isfinite(way) & (way <= best[row] + TIE_M)
        np.minimum.at(rank, row[near], who[near])
    rank[rank == none] = -1
    return rank, best + feet.beside_m


def _street_within(network: StreetNetwork, bases: Snapped, gap: FloatArray, limit: float) -> float:
    """Measure the street within the limit: what is reached from both ends and from posts on it."""
    piece = np.arange(len(network.pieces))
    length = network.length_m
    from_start, from_end = (np.maximum(limit - gap[n], 0.0) for n in (network.start, network.end))
    rest = np.maximum(limit - bases.beside_m, 0.0)
    owner = np.concatenate([piece, piece, bases.piece])
    low = np.concatenate([np.zeros(len(piece)), length - from_end, bases.along_m - rest])
    high = np.concatenate([from_start, length, bases.along_m + rest])
    low, high = np.maximum(low, 0.0), np.minimum(high, length[owner])
    order = np.lexsort((low, owner))
    owner, low, high = owner[order], low[order], high[order]
    base = np.concatenate([[0.0], np.cumsum(length + 1.0)])[owner]  # pieces one after the other
    reached = np.maximum.accumulate(base + high)
    before = np.concatenate([[-np.inf], reached[:-1]])
    return float(np.maximum(reached - np.maximum(before, base + low), 0.0).sum())
