"""Group neighbouring blocks into connected parts of fair weight, along the widest streets.

Used by the town builder for communities and grids. Knows nothing of coordinates' frame or of codes.
"""

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
import numpy.typing as npt

_DIRECTIONS = 8
_SHIFTS = (0, -1, 1)
_PASSES = 5


@dataclass(frozen=True)
class BlockGraph:
    """Blocks with their weight and place, and what it costs to part two neighbours.

    `costs[(i, j)]` with i < j is the length of the border that i and j share, made cheaper where it
    runs along a wide street, a river or a railway.
    """

    weights: npt.NDArray[np.float64]
    places: npt.NDArray[np.float64]
    costs: dict[tuple[int, int], float]
    neighbours: tuple[tuple[int, ...], ...]
    loads: tuple[float, ...]


def graph_of(
    weights: npt.NDArray[np.float64],
    places: npt.NDArray[np.float64],
    costs: dict[tuple[int, int], float],
) -> BlockGraph:
    """Make the graph of blocks from the costs of their shared borders."""
    near: list[list[int]] = [[] for _ in weights]
    for first, second in sorted(costs):
        near[first].append(second)
        near[second].append(first)
    neighbours = tuple(tuple(sorted(each)) for each in near)
    return BlockGraph(weights, places, costs, neighbours, tuple(weights.tolist()))


def partition(graph: BlockGraph, members: Sequence[int], parts: int) -> list[list[int]]:
    """Divide blocks into connected parts of nearly equal weight.

    Halves again and again: each time the blocks are swept in several directions, the connected
    halving with the cheapest border is taken, and its border is then smoothed block by block.

    Parameters
    ----------
    graph
        All blocks.
    members
        Connected blocks to divide.
    parts
        Number of parts; at least as many blocks must be there.

    Returns
    -------
    list of list of int
        The parts, each sorted; every member stands in exactly one.
    """
    if parts == 1:
        return [sorted(members)]
    left_parts = parts // 2
    left, right = _halve(graph, sorted(members), left_parts, parts)
    return partition(graph, left, left_parts) + partition(graph, right, parts - left_parts)


def _halve(
    graph: BlockGraph, members: list[int], left_parts: int, parts: int
) -> tuple[list[int], list[int]]:
    weights = graph.weights[members]
    goal = float(weights.sum()) * left_parts / parts
    halving = _Halving(graph, frozenset(members), goal, float(weights.sum()) / parts)
    best, cheapest = None, float("inf")
    for turn in range(_DIRECTIONS * (1 if left_parts * 2 == parts else 2)):
        angle = np.pi * turn / _DIRECTIONS
        along = graph.places[members] @ np.array([np.cos(angle), np.sin(angle)])
        order = np.lexsort((members, np.round(along, 3)))
        middle = int(np.searchsorted(np.cumsum(weights[order]), goal))
        for shift in _SHIFTS:
            count = min(max(middle + shift, left_parts), len(members) - (parts - left_parts))
            left = frozenset(members[i] for i in order[:count])
            price = halving.price(left)
            if price < cheapest - 1e-6 and halving.holds(left):
                best, cheapest = left, price
    if best is None:
        return _grown(graph, members, goal, left_parts)
    left = halving.smooth(best)
    if len(left) < left_parts or len(members) - len(left) < parts - left_parts:
        left = best
    return sorted(left), sorted(halving.members - left)


@dataclass(frozen=True)
class _Halving:
    """One halving: which blocks, what the left half should weigh, what one part weighs."""

    graph: BlockGraph
    members: frozenset[int]
    goal: float
    unit: float

    def price(self, left: frozenset[int]) -> float:
        """Cost of the border between the halves, dearer the further the weights are off."""
        graph, right = self.graph, self.members - left
        border = sum(
            graph.costs[min(i, j), max(i, j)]
            for i in sorted(left)
            for j in graph.neighbours[i]
            if j in right
        )
        off = abs(sum(graph.loads[i] for i in sorted(left)) - self.goal) / self.unit
        return border * (1.0 + 6.0 * off * off) + 4_000.0 * max(0.0, off - 0.15)

    def holds(self, left: frozenset[int]) -> bool:
        """Whether both halves are connected."""
        return _connected(self.graph, left) and _connected(self.graph, self.members - left)

    def smooth(self, left: frozenset[int]) -> frozenset[int]:
        """Move single blocks over the border while that makes the halving cheaper."""
        price = self.price(left)
        for _ in range(_PASSES):
            moved = False
            for block in self._edge(left):
                other = left ^ {block}
                if not other or other == self.members:
                    continue
                cost = self.price(other)
                if cost < price - 1e-6 and self.holds(other):
                    left, price, moved = other, cost, True
            if not moved:
                break
        return left

    def _edge(self, left: frozenset[int]) -> list[int]:
        near, members = self.graph.neighbours, self.members
        return [
            block
            for block in sorted(members)
            if any(n in members and (n in left) != (block in left) for n in near[block])
        ]


def _grown(
    graph: BlockGraph, members: list[int], goal: float, at_least: int
) -> tuple[list[int], list[int]]:
    """Grow one half from a corner when no sweep gives two connected halves."""
    inside = frozenset(members)
    far = min(members, key=lambda b: (graph.places[b][0], b))
    left = {far}
    while float(graph.weights[sorted(left)].sum()) < goal or len(left) < at_least:
        edge = sorted({n for b in left for n in graph.neighbours[b] if n in inside} - left)
        fit = [n for n in edge if _connected(graph, inside - left - {n})]
        if not fit:
            break
        origin = graph.places[far]
        left.add(min(fit, key=lambda n: (float(np.hypot(*(graph.places[n] - origin))), n)))
    return sorted(left), sorted(inside - left)


def _connected(graph: BlockGraph, members: frozenset[int]) -> bool:
    if not members:
        return False
    start = min(members)
    seen, waiting = {start}, [start]
    while waiting:
        for near in graph.neighbours[waiting.pop()]:
            if near in members and near not in seen:
                seen.add(near)
                waiting.append(near)
    return len(seen) == len(members)
