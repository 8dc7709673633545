"""Say which atoms share a border, how long it is, and which sets of them hang together.

Used by the other files of `geo.districting`. Knows nothing of codes and counts: rows of shapes.
Two atoms are neighbours where they share an edge (rook); a common corner joins nothing.
"""

from collections.abc import Iterable, Sequence
from dataclasses import dataclass

import numpy as np
import numpy.typing as npt
import shapely

FloatArray = npt.NDArray[np.float64]
IntArray = npt.NDArray[np.int64]
ObjectArray = npt.NDArray[np.object_]
Neighbours = list[list[tuple[int, float]]]


@dataclass(frozen=True, slots=True, eq=False)
class AtomGraph:
    """Neighbours of every atom.

    Attributes
    ----------
    start
        Where the neighbours of each atom begin in `other`; one longer than the atoms.
    other
        Rows of neighbours, ascending for each atom.
    border_m
        Length of each shared border.
    outline_m
        Length of each atom's whole outline.
    """

    start: IntArray
    other: IntArray
    border_m: FloatArray
    outline_m: FloatArray

    def __len__(self) -> int:
        """How many atoms."""
        return len(self.outline_m)

    def pairs(self) -> tuple[IntArray, IntArray, FloatArray]:
        """Give each pair of neighbours once, ``a < b``, and the length of its border."""
        a = np.repeat(np.arange(len(self), dtype=np.int64), np.diff(self.start))
        once = a < self.other
        return a[once], self.other[once], self.border_m[once]

    def lists(self) -> Neighbours:
        """Give for each atom its neighbours with the length of the border, as plain lists."""
        pairs = list(zip(self.other.tolist(), self.border_m.tolist(), strict=True))
        ends = self.start.tolist()
        return [pairs[ends[k] : ends[k + 1]] for k in range(len(self))]


def build_graph(shapes_m: ObjectArray) -> AtomGraph:
    """Find the shared borders of polygons on a plane in metres that share their vertices."""
    a, b, border_m = _shared_edges(shapes_m)
    outline_m = np.asarray(shapely.length(shapes_m), dtype=np.float64)
    pair, place = np.unique((a << 32) | b, return_inverse=True)
    summed = np.bincount(place, weights=border_m, minlength=len(pair)).astype(np.float64)
    return graph_of(len(shapes_m), pair >> 32, pair & 0xFFFFFFFF, summed, outline_m)


def _shared_edges(shapes_m: ObjectArray) -> tuple[IntArray, IntArray, FloatArray]:
    """Find edges that two shapes have bit for bit: rows ``a < b`` and length of each."""
    parts, row_of_part = shapely.get_parts(shapes_m, return_index=True)
    rings, part_of_ring = shapely.get_rings(parts, return_index=True)
    xy, ring = shapely.get_coordinates(rings, return_index=True)
    on = ring[:-1] == ring[1:]
    one, other = xy[:-1][on], xy[1:][on]
    row = row_of_part[part_of_ring][ring[:-1][on]].astype(np.int64)
    is_up = (one[:, 1] < other[:, 1]) | ((one[:, 1] == other[:, 1]) & (one[:, 0] < other[:, 0]))
    low = np.where(is_up[:, None], one, other)
    high = np.where(is_up[:, None], other, one)
    order = np.lexsort((high[:, 1], high[:, 0], low[:, 1], low[:, 0]))
    ends = np.hstack([low, high])[order]
    row = row[order]
    same = np.flatnonzero((ends[1:] == ends[:-1]).all(axis=1) & (row[1:] != row[:-1]))
    border_m = np.hypot(*(ends[same, 2:] - ends[same, :2]).T)
    first, second = row[same], row[same + 1]
    return np.minimum(first, second), np.maximum(first, second), border_m


def graph_of(
    count: int, a: IntArray, b: IntArray, border_m: FloatArray, outline_m: FloatArray
) -> AtomGraph:
    """Build a graph from pairs of neighbours, each given once."""
    one, other = np.concatenate([a, b]), np.concatenate([b, a])
    order = np.lexsort((other, one))
    start = np.zeros(count + 1, dtype=np.int64)
    np.cumsum(np.bincount(one, minlength=count), out=start[1:])
    length = np.concatenate([border_m, border_m])[order]
    return AtomGraph(start, other[order], length, outline_m)


def parts_of(neighbours: Neighbours, members: Iterable[int]) -> list[list[int]]:
    """Split a set of atoms into what hangs together, each part and the parts in ascending order."""
    left = set(members)
    parts = []
    for first in sorted(left):
        if first not in left:
            continue
        left.discard(first)
        part, stack = [first], [first]
        while stack:
            for near, _ in neighbours[stack.pop()]:
                if near in left:
                    left.discard(near)
                    part.append(near)
                    stack.append(near)
        parts.append(sorted(part))
    return parts


def is_contiguous(graph: AtomGraph, members: Sequence[int]) -> bool:
    """Tell whether a set of atoms hangs together along borders; an empty set does not."""
    return len(parts_of(graph.lists(), members)) == 1


def can_leave(neighbours: Neighbours, labels: Sequence[int], atom: int) -> bool:
    """Tell whether a grid still hangs together, and is not empty, without one of its atoms.

    Looks no farther than it must: from one neighbour in the grid until the others are met.
    """
    grid = labels[atom]
    goals = [near for near, _ in neighbours[atom] if labels[near] == grid]
    if len(goals) <= 1:
        return len(goals) == 1
    wanted = set(goals[1:])
    seen = {atom, goals[0]}
    queue = [goals[0]]
    for here in queue:
        for near, _ in neighbours[here]:
            if near not in seen and labels[near] == grid:
                wanted.discard(near)
                if not wanted:
                    return True
                seen.add(near)
                queue.append(near)
    return False
