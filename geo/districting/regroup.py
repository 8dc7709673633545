"""Make first divisions of some grids into another number of grids.

Used by `geo.districting.proposals`. Knows nothing of aims: loads only.
"""

from collections.abc import Sequence
from typing import Final

import numpy as np
import numpy.typing as npt
from scipy.optimize import linear_sum_assignment

from geo.districting.graph import parts_of
from geo.districting.ground import Ground
from geo.districting.trees import tree_cuts

IntArray = npt.NDArray[np.int64]

_DRAWS: Final = 24


def stepwise(ground: Ground, start: Sequence[int], rng: np.random.Generator) -> list[int]:
    """Halve the heaviest grid, or join the two lightest neighbours, until the number is right.

    Parameters
    ----------
    ground
        With the number of grids that is wanted.
    start
        Grid of each atom today, 0 and up.
    rng
        Of the trees.

    Returns
    -------
    list of int
        Labels from 0; grids that stay keep their order, new ones follow.
    """
    labels = list(start)
    while len(set(labels)) < ground.grids:
        _halve(ground, labels, rng)
    while len(set(labels)) > ground.grids:
        _merge(ground, labels)
    if max(labels) < ground.grids:
        return labels
    number = {label: k for k, label in enumerate(sorted(set(labels)))}
    return [number[label] for label in labels]


def _loads(ground: Ground, labels: Sequence[int]) -> dict[int, float]:
    loads: dict[int, float] = {}
    for atom, label in enumerate(labels):
        loads[label] = loads.get(label, 0.0) + ground.load[atom]
    return loads


def _halve(ground: Ground, labels: list[int], rng: np.random.Generator) -> None:
    """Halve the heaviest grid that has two atoms, by the most even of some trees."""
    loads = _loads(ground, labels)
    sizes = np.bincount(labels)
    grid = max((k for k in loads if sizes[k] > 1), key=lambda k: (loads[k], -k))
    members = [atom for atom, label in enumerate(labels) if label == grid]
    side = _best_side(ground, members, loads[grid] / 2.0, rng)
    fresh = max(labels) + 1
    smaller = side if 2 * len(side) <= len(members) else sorted(set(members) - set(side))
    for atom in smaller:
        labels[atom] = fresh


def _best_side(
    ground: Ground, members: list[int], wanted: float, rng: np.random.Generator
) -> list[int]:
    sides = [
        tree_cuts(ground.neighbours, members, ground.load, wanted, rng, 1)[0] for _ in range(_DRAWS)
    ]
    return min(sides, key=lambda side: (abs(sum(ground.load[k] for k in side) - wanted), side))


def _merge(ground: Ground, labels: list[int]) -> None:
    """Join the two neighbours that weigh least together."""
    loads = _loads(ground, labels)
    pairs = {
        (min(own, labels[near]), max(own, labels[near]))
        for atom, own in enumerate(labels)
        for near, _ in ground.neighbours[atom]
        if labels[near] != own
    }
    one, other = min(pairs, key=lambda pair: (loads[pair[0]] + loads[pair[1]], pair))
    stays, goes = (one, other) if loads[one] >= loads[other] else (other, one)
    for atom, label in enumerate(labels):
        if label == goes:
            labels[atom] = stays


def carved(ground: Ground, rng: np.random.Generator) -> list[int]:
    """Cut grids of the mean load off the whole, one after the other; the most even of some tries.

    A piece whose rest would be too small to be divided further is not taken.
    """
    best: tuple[float, list[int]] | None = None
    for _ in range(_DRAWS // 2):
        labels = _carve_once(ground, rng)
        loads = _loads(ground, labels)
        worst = max(abs(load - ground.mean) for load in loads.values())
        if len(loads) == ground.grids and (best is None or (worst, labels) < best):
            best = (worst, labels)
    return best[1] if best is not None else []


def _carve_once(ground: Ground, rng: np.random.Generator) -> list[int]:
    labels = [ground.grids - 1] * len(ground)
    left = list(range(len(ground)))
    for grid in range(ground.grids - 1):
        still = ground.grids - 1 - grid
        wanted = sum(ground.load[k] for k in left) / (still + 1)
        for side in tree_cuts(ground.neighbours, left, ground.load, wanted, rng):
            if len(left) - len(side) >= still:
                break
        else:
            return []
        for atom in side:
            labels[atom] = grid
        left = sorted(set(left) - set(side))
    return labels if all(len(p) == 1 for p in _parts(ground, labels)) else []


def _parts(ground: Ground, labels: list[int]) -> list[list[list[int]]]:
    grids = sorted(set(labels))
    members: dict[int, list[int]] = {grid: [] for grid in grids}
    for atom, label in enumerate(labels):
        members[label].append(atom)
    return [parts_of(ground.neighbours, members[grid]) for grid in grids]


def matched(labels: Sequence[int], former: Sequence[int], worth: Sequence[float]) -> dict[int, int]:
    """Say which former grid each new one carries on, so that least worth changes hands.

    Returns
    -------
    dict
        By new label the former one; new labels without a former grid are left out.
    """
    kept = np.zeros((max(labels) + 1, max(former) + 1))
    np.add.at(kept, (np.asarray(labels), np.asarray(former)), np.asarray(worth))
    rows, columns = linear_sum_assignment(kept, maximize=True)
    return {int(row): int(column) for row, column in zip(rows, columns, strict=True)}


def renamed(ground: Ground, labels: Sequence[int]) -> list[int]:
    """Give labels the numbers of their home grids where they can, so that least changes hands."""
    kept = np.zeros((ground.grids, ground.grids))
    for atom, (label, home) in enumerate(zip(labels, ground.home, strict=True)):
        if home >= 0:
            kept[label, home] += ground.worth[atom]
    _, columns = linear_sum_assignment(kept, maximize=True)
    return [int(columns[label]) for label in labels]
