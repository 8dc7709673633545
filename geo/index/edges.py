"""Take the edges out of a tiling and pair the two sides of every shared border.

Used by `geo.index`.
Knows nothing of cells and of points: polygons in, plain arrays out.

Every edge runs from its lower end a to its upper end b (by y, then by x). Its `left` is the row of
the polygon west of it (of a horizontal edge: north), its `right` the one east (south); -1 where
none is. An edge that two neighbours share bit for bit stands once; all others stand once for each
polygon, so borders that meet without common vertices lose nothing.
"""

import hashlib
from dataclasses import dataclass
from typing import Final

import numpy as np
import numpy.typing as npt
import shapely

from geo.index.outlines import AREAL, Rings

FloatArray = npt.NDArray[np.float64]
IntArray = npt.NDArray[np.int64]
RowArray = npt.NDArray[np.int32]
BoolArray = npt.NDArray[np.bool_]
ObjectArray = npt.NDArray[np.object_]
Ends = tuple[FloatArray, FloatArray, FloatArray, FloatArray]
Joined = tuple[Ends, tuple[RowArray, RowArray], RowArray, RowArray]

_MIX: Final = (0x9E3779B97F4A7C15, 0xC2B2AE3D27D4EB4F, 0x165667B19E3779F9, 0xD6E8FEB86659FD93)


@dataclass(frozen=True, slots=True)
class TilingEdges:
    """The edges of a tiling's sound polygons.

    Attributes
    ----------
    ax, ay, bx, by
        Ends, a below b; float64.
    left, right
        Row of the polygon on either side, -1 where none is.
    ring_edge
        Ring after ring the edges in the ring's own order; ``~edge`` where the ring runs b to a.
    ring_start
        Where each ring begins in `ring_edge`; one longer than the rings.
    ring_row
        Row of each ring's polygon.
    ring_is_hole
        Whether it bounds a hole of the shell before it.
    """

    ax: FloatArray
    ay: FloatArray
    bx: FloatArray
    by: FloatArray
    left: RowArray
    right: RowArray
    ring_edge: RowArray
    ring_start: RowArray
    ring_row: RowArray
    ring_is_hole: BoolArray


def tiling_edges(rings: Rings, *, use_compiled: bool = False) -> TilingEdges:
    """Take out the edges of sound rings."""
    is_turned = (rings.turn > 0) == rings.is_hole  # the area lies right of the ring
    join = joined_edges
    if use_compiled:
        from geo.index.pairing import compiled

        join = compiled.joined_edges
    ends, sides, ring_edge, ring_start = join(rings.xy, rings.start, is_turned, rings.row)
    return TilingEdges(*ends, *sides, ring_edge, ring_start, rings.row, rings.is_hole)


def joined_edges(
    xy: FloatArray, starts: IntArray, is_turned: BoolArray, ring_row: RowArray
) -> Joined:
    """Pair the two sides of shared edges.

    Parameters
    ----------
    xy
        Vertices, ring after ring, without negative zeros.
    starts
        Where each ring begins; one longer than the rings.
    is_turned
        Whether the area lies right of the ring.
    ring_row
        Row of each ring's polygon.

    Returns
    -------
    ends, sides, ring_edge, ring_start
        As in `TilingEdges`.
    """
    x, y = xy.T
    ring_of_vertex = np.repeat(np.arange(len(ring_row)), np.diff(starts))
    joined = ring_of_vertex[:-1] == ring_of_vertex[1:]
    joined &= (x[:-1] != x[1:]) | (y[:-1] != y[1:])
    x1, y1, x2, y2 = x[:-1][joined], y[:-1][joined], x[1:][joined], y[1:][joined]
    ring = ring_of_vertex[:-1][joined]
    is_up = (y1 < y2) | ((y1 == y2) & (x1 < x2))
    ends = np.empty((len(ring), 4))
    for column, (up, down) in enumerate(((x1, x2), (y1, y2), (x2, x1), (y2, y1))):
        ends[:, column] = np.where(is_up, up, down)
    owner = ring_row[ring]
    is_left = is_up ^ is_turned[ring]
    first = _pairs(ends, is_left)
    stays = first == np.arange(len(first))
    edge = (np.cumsum(stays) - 1)[first].astype(np.int32)
    left, right = (np.full(int(stays.sum()), -1, dtype=np.int32) for _ in range(2))
    left[edge[is_left]] = owner[is_left]
    right[edge[~is_left]] = owner[~is_left]
    ax, ay, bx, by = np.ascontiguousarray(ends[stays].T)
    ring_start = np.searchsorted(ring, np.arange(len(starts))).astype(np.int32)
    return (ax, ay, bx, by), (left, right), np.where(is_up, edge, ~edge), ring_start


def _pairs(ends: FloatArray, is_left: BoolArray) -> IntArray:
    """Give every half edge the position of the one that stands for its edge."""
    n = len(is_left)
    place = np.arange(n, dtype=np.int64)
    if n == 0:
        return place
    order, is_same = _equal_runs(ends)
    starts = np.flatnonzero(np.concatenate([[True], ~is_same]))
    is_pair = np.diff(np.append(starts, n)) == 2  # noqa: PLR2004 - two sides
    one, other = order[starts[is_pair]], order[starts[is_pair] + 1]
    faces = is_left[one] != is_left[other]
    one, other = one[faces], other[faces]
    place[np.maximum(one, other)] = np.minimum(one, other)
    return place


def _equal_runs(ends: FloatArray) -> tuple[IntArray, BoolArray]:
    """Order half edges so that equal ones follow each other; tell which equal the one before.

    A sort of whole numbers (the hash above, the position below) is several times as fast as an
    argsort; half edges whose shortened hashes collide are put in order by their coordinates.
    """
    n = len(ends)
    below = np.uint64((1 << max(n - 1, 1).bit_length()) - 1)
    key = (_hash(ends) & ~below) | np.arange(n, dtype=np.uint64)
    key.sort()
    order = (key & below).astype(np.int64)
    key &= ~below
    alike = np.flatnonzero(key[1:] == key[:-1])
    is_same = np.zeros(n - 1, dtype=np.bool_)
    is_same[alike] = _are_equal(ends, order[alike], order[alike + 1])
    clash = alike[~is_same[alike]]
    if len(clash):
        clashing = np.flatnonzero(np.isin(key, key[clash]))
        members = order[clashing]
        by = (*ends[members].T, key[clashing])
        order[clashing] = members[np.lexsort(by)]
        is_same[alike] = _are_equal(ends, order[alike], order[alike + 1])
    return order, is_same


def _are_equal(ends: FloatArray, one: IntArray, other: IntArray) -> BoolArray:
    same: BoolArray = (ends.take(one, axis=0) == ends.take(other, axis=0)).all(axis=1)
    return same


def _hash(ends: FloatArray) -> npt.NDArray[np.uint64]:
    mixed = np.zeros(len(ends), dtype=np.uint64)
    for column, odd in enumerate(_MIX):
        mixed ^= ends[:, column].view(np.uint64)
        mixed *= np.uint64(odd)
        mixed ^= mixed >> np.uint64(29)
    return mixed


def ring_shapes(edges: TilingEdges, n_rows: int) -> ObjectArray:
    """Put the polygons together again from their edges; rows without rings become None."""
    shapes = np.full(n_rows, None, dtype=object)
    if len(edges.ring_row) == 0:
        return shapes
    is_down = edges.ring_edge < 0
    edge = np.where(is_down, ~edges.ring_edge, edges.ring_edge)
    x = np.where(is_down, edges.bx[edge], edges.ax[edge])
    y = np.where(is_down, edges.by[edge], edges.ay[edge])
    ring = np.repeat(np.arange(len(edges.ring_row)), np.diff(edges.ring_start))
    rings = np.asarray(shapely.linearrings(np.column_stack([x, y]), indices=ring), dtype=object)
    first = np.flatnonzero(~edges.ring_is_hole)
    parts = np.asarray(shapely.polygons(rings[first]), dtype=object)
    after = np.append(first[1:], len(rings))
    for k in np.flatnonzero(after - first > 1):
        parts[k] = shapely.Polygon(rings[first[k]], list(rings[first[k] + 1 : after[k]]))
    rows, place, count = np.unique(edges.ring_row[first], return_index=True, return_counts=True)
    shapes[rows[count == 1]] = parts[place[count == 1]]
    for k in np.flatnonzero(count > 1):
        shapes[rows[k]] = shapely.MultiPolygon(list(parts[place[k] : place[k] + count[k]]))
    return shapes


def tiling_key(polygons: ObjectArray, codes: ObjectArray, *words: object) -> str:
    """Give the SHA-256 of codes and coordinates; `words` are options that count too."""
    parts, row_of_part = shapely.get_parts(polygons, return_index=True)
    rings, part_of_ring = shapely.get_rings(parts, return_index=True)
    xy, ring_of_vertex = shapely.get_coordinates(rings, return_index=True)
    digest = hashlib.sha256(repr((*words, len(polygons))).encode())
    digest.update("\0".join(str(code) for code in codes).encode())
    for values in (xy, ring_of_vertex.astype(np.int32), part_of_ring, row_of_part):
        digest.update(np.ascontiguousarray(values).data)
    others = np.flatnonzero(~np.isin(shapely.get_type_id(polygons), AREAL))
    for row, text in zip(others, shapely.to_wkb(polygons[others]), strict=True):
        digest.update(repr((int(row), text)).encode())
    return digest.hexdigest()
