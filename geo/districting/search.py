"""Look for a better division: annealed moves along borders and recombination of two grids.

Used by `geo.districting.proposals`. Knows nothing of codes and of what is reported.

Sources: recombination as in `geo.districting.trees`; Kirkpatrick, Gelatt & Vecchi (1983),
Optimization by simulated annealing. Every division on the way hangs together: a move that would
cut a grid in two is not made.
"""

from collections.abc import Callable
from dataclasses import dataclass
from math import exp, inf
from typing import Final

import numpy as np

from geo.districting.goals import Aim
from geo.districting.ground import Division, Ground
from geo.districting.pairs import Pair
from geo.districting.trees import tree_cuts

Tick = Callable[[int], bool]
"""Told how many sweeps-times-atoms were done; False asks to stop."""

_COOL: Final = 1.0 / 200.0
"""Heat at the end, as a share of that at the start."""
_SAME: Final = 1e-12
_PASSES: Final = 30
_HARDLY: Final = 0.9
_ROUNDING: Final = 1e-10


@dataclass(frozen=True, slots=True)
class Guard:
    """What a division must not exceed: the evenness of the start.

    Attributes
    ----------
    max_deviation
        Largest deviation of a grid from the mean.
    squares
        Sum of squares of the loads, in units of the mean.
    largest
        Load of the heaviest grid.
    """

    max_deviation: float
    squares: float = inf
    largest: float = inf

    def allows(self, division: Division) -> bool:
        """Tell whether a division is no less balanced than the start and moves no more than may."""
        return (
            division.max_deviation() <= self.max_deviation + _ROUNDING
            and division.moved <= division.ground.most_moved
            and division.squares() <= self.squares * (1.0 + _ROUNDING)
            and max(division.load) <= self.largest * (1.0 + _ROUNDING)
        )


def rank(division: Division) -> tuple[float, float]:
    """Give what decides between divisions under their aim; the less the better."""
    cost = division.total()
    if division.aim.name == "best_balance":
        return (round(division.squares(), 9), cost)
    if division.aim.name == "fewest_changes":  # shape and band steer, they do not decide
        return (cost - _HARDLY * division.other_cost(), cost)
    return (cost, 0.0)


@dataclass(frozen=True, slots=True)
class Run:
    """How long to look, with which random numbers, and whom to tell.

    Attributes
    ----------
    sweeps
        Each tries as many moves as there are atoms.
    rng
        Of moves and trees.
    tick
        See `Tick`.
    """

    sweeps: int
    rng: np.random.Generator
    tick: Tick


def improved(ground: Ground, start: list[int], aim: Aim, guard: Guard, run: Run) -> list[int]:
    """Look for a division that ranks better than the start under an aim.

    Returns
    -------
    list of int
        Grid of each atom; the start itself where nothing better, allowed by the guard, was found.
    """
    division = Division(ground, start, aim)
    best, best_rank = list(start), rank(division) if guard.allows(division) else (inf, inf)
    for turn in range(run.sweeps):
        heat = aim.heat * _COOL ** (turn / max(1, run.sweeps - 1))
        _sweep(division, heat, run.rng)
        _recombine_some(division, run.rng)
        if turn == run.sweeps - 1:
            descend(division)
        goes_on = run.tick(len(ground))
        found = rank(division)
        if found < best_rank and guard.allows(division):
            best, best_rank = list(division.labels), found
        if not goes_on:
            break
    settled = Division(ground, best, aim)
    descend(settled)
    if rank(settled) < best_rank and guard.allows(settled):
        return settled.labels
    return best


def _sweep(division: Division, heat: float, rng: np.random.Generator) -> None:
    """Try as many moves across borders as there are atoms."""
    ground, labels = division.ground, division.labels
    count = len(ground)
    atoms = rng.integers(0, count, count).tolist()
    picks = rng.random(count).tolist()
    chances = rng.random(count).tolist()
    for atom, pick, chance in zip(atoms, picks, chances, strict=True):
        near = ground.neighbours[atom]
        if not near:
            continue
        to = labels[near[int(pick * len(near))][0]]
        if to == labels[atom]:
            continue
        worse = division.gain(atom, to)
        is_wanted = worse <= 0.0 or chance < exp(-worse / heat)
        if is_wanted and division.keeps(division.more_moved(atom, to)) and division.may_go(atom):
            division.move(atom, to)


def descend(division: Division) -> None:
    """Make every single move that lowers the cost until none is left."""
    ground, labels = division.ground, division.labels
    for _ in range(_PASSES):
        is_done = True
        for atom in range(len(ground)):
            own = labels[atom]
            others = {labels[near] for near, _ in ground.neighbours[atom]} - {own}
            if not others:
                continue
            worse, to = min((division.gain(atom, other), other) for other in others)
            can_move = worse < -_SAME and division.keeps(division.more_moved(atom, to))
            if can_move and division.may_go(atom):
                division.move(atom, to)
                is_done = False
        if is_done:
            return


def _recombine_some(division: Division, rng: np.random.Generator) -> None:
    """Recombine some pairs of neighbouring grids, costly ones sooner."""
    ground, labels = division.ground, division.labels
    grids = ground.grids
    members: list[list[int]] = [[] for _ in range(grids)]
    for atom, label in enumerate(labels):
        members[label].append(atom)
    shuffled = rng.permutation(grids).tolist()
    order = sorted(shuffled, key=lambda grid: -division.costs[grid])[: grids // 4 + 1]
    touched: set[int] = set()
    for grid in order:
        if grid in touched:
            continue
        beside = {labels[near] for atom in members[grid] for near, _ in ground.neighbours[atom]}
        others = sorted(beside - {grid} - touched)
        if not others:
            continue
        other = others[int(rng.integers(0, len(others)))]
        touched.update((grid, other))
        _recombine(division, (grid, other), sorted(members[grid] + members[other]), rng)


def _recombine(
    division: Division, pair: tuple[int, int], members: list[int], rng: np.random.Generator
) -> None:
    """Divide two grids anew along a spanning tree where that costs less."""
    ground = division.ground
    both = Pair(division, pair, members)
    best, chosen = both.cost_now() - _SAME, None
    is_free = ground.most_moved == inf
    half = (division.load[pair[0]] + division.load[pair[1]]) / 2.0
    for side in tree_cuts(ground.neighbours, members, ground.load, half, rng):
        cut = both.cut(side)
        if cut.cost < best and (is_free or division.keeps(both.more_moved(cut))):
            best, chosen = cut.cost, cut
    if chosen is not None:
        both.take(chosen)
