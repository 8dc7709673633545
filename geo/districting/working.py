"""Search one pool of atoms under every aim, and prove what can be proven on a small one.

Used by `geo.districting.proposals`. Knows nothing of what is reported.
"""

import time
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field, replace
from math import inf
from typing import Final

import numpy as np

from geo.districting.exact import Exact, Wish, solve
from geo.districting.goals import AIMS, Aim, AimName, ProposalOptions, Regroup
from geo.districting.ground import Division, Ground
from geo.districting.regroup import carved, matched, renamed, stepwise
from geo.districting.search import Guard, Run, improved, rank
from geo.districting.task import Pool, Task, ground_of

Progress = Callable[[float], bool | None]
"""Told the share done, 0 to 1; False asks to stop."""
Labels = list[int]

MERITS: Final[Mapping[AimName, Wish]] = {
    "fewest_changes": "moved",
    "best_balance": "max_deviation",
    "most_compact": "border_m",
}
_TOLERANCE: Final = 1e-9
_POLISH: Final = 20


@dataclass(slots=True, eq=False)
class Work:
    """One pool and what was found on it.

    Attributes
    ----------
    guard
        What divisions must not exceed.
    seeds
        Divisions to start from; the first is allowed by the guard.
    names
        Code of each label.
    wanted
        Deviation that is demanded of all as soon as the search for balance has reached it; inf
        where the guard says all.
    found
        By aim the best division.
    by_programme
        Aims whose division the integer programme gave.
    bounds
        By aim what no division of this pool can have less of.
    """

    pool: Pool
    guard: Guard
    seeds: list[Labels]
    names: list[str]
    wanted: float = inf
    found: dict[AimName, Labels] = field(default_factory=dict)
    by_programme: set[AimName] = field(default_factory=set)
    bounds: dict[AimName, float] = field(default_factory=dict)

    def allows(self, labels: Labels) -> bool:
        """Tell whether a division keeps to the guard."""
        return self.guard.allows(Division(self.pool.ground, labels, AIMS[0]))

    def best(self, candidates: list[Labels], aim: Aim) -> Labels:
        """Choose the division that ranks best under an aim; of equal ones the first."""
        ranks = [rank(Division(self.pool.ground, each, aim)) for each in candidates]
        return candidates[ranks.index(min(ranks))]


class Clock:
    """Tells progress and learns when to stop."""

    def __init__(self, progress: Progress | None, atoms: int, options: ProposalOptions) -> None:
        self.progress = progress
        self.sweeps = options.sweeps_for(atoms)
        self.whole = max(1, len(AIMS) * self.sweeps * atoms)
        self.done = 0
        self.is_stopped = False
        limit_s = options.time_limit_s
        self.until = inf if limit_s is None else time.monotonic() + limit_s

    def tick(self, steps: int) -> bool:
        """Count work done; False where it is time to stop."""
        self.done += steps
        if not self.is_stopped:
            share = min(0.99, self.done / self.whole)
            is_called_off = self.progress is not None and self.progress(share) is False
            self.is_stopped = is_called_off or time.monotonic() >= self.until
        return not self.is_stopped

    def finish(self) -> None:
        """Tell that all is done."""
        if self.progress is not None and not self.is_stopped:
            self.progress(1.0)


def balance_work(task: Task, pool: Pool) -> Work:
    """Lay out a pool whose grids stay as many as they are."""
    start = Division(pool.ground, pool.start, AIMS[0])
    guard = Guard(start.max_deviation(), start.squares())
    return Work(pool, guard, [pool.start], [task.codes[grid] for grid in pool.grids])


def regroup_work(task: Task, goal: Regroup) -> Work:
    """Lay out a regrouping: labels of grids that stay are theirs, new ones have new codes."""
    rng = np.random.default_rng((task.options.seed, 0xA11))  # other draws than the search's
    rows = np.flatnonzero(task.labels >= 0).tolist()
    former = task.labels[rows].tolist()
    bare = ground_of(task, rows, former, goal.into)
    plain = stepwise(bare, former, rng)
    stays = matched(plain, former, bare.worth)
    label_of = {old: new for new, old in stays.items()}
    ground = replace(bare, home=[label_of.get(old, -1) for old in former])
    seeds = [plain]
    fresh = carved(ground, rng)
    if fresh:
        seeds.append(renamed(ground, fresh))
    before = task.loads()
    deviation = float(np.abs(before / before.mean() - 1.0).max())
    wanted = max(deviation, task.options.bands.load)
    limit = max(wanted, Division(ground, plain, AIMS[0]).max_deviation())
    largest = float(before.max()) if goal.into >= len(task.codes) else inf
    pool = Pool(rows, list(range(goal.into)), plain, ground)
    return Work(pool, Guard(limit, largest=largest), seeds, _names(task, goal, stays), wanted)


def _names(task: Task, goal: Regroup, stays: dict[int, int]) -> list[str]:
    """Name every label: its former grid, or a new code."""
    taken = set(task.start)
    provisional = (f"new-{k}" for k in range(1, goal.into + len(taken) + 1))
    fresh = [code for code in (*dict.fromkeys(goal.new_codes), *provisional) if code not in taken]
    added = iter(fresh)
    return [
        task.codes[stays[label]] if label in stays else next(added) for label in range(goal.into)
    ]


def search(work: Work, clock: Clock, rng: np.random.Generator) -> None:
    """Search under every aim, balance first, then let each aim choose among all that was found."""
    ground = work.pool.ground
    run = Run(clock.sweeps, rng, clock.tick)
    candidates = [each for each in work.seeds if work.allows(each)]
    for aim in sorted(AIMS, key=lambda each: each.name != "best_balance"):
        if clock.is_stopped:
            break
        start = work.best(work.seeds, aim)
        found = improved(ground, start, aim, work.guard, run)
        if work.allows(found):
            candidates.append(found)
        if aim.name == "best_balance":
            reached = min(Division(ground, each, aim).max_deviation() for each in candidates)
            limit = min(work.guard.max_deviation, max(work.wanted, reached))
            work.guard = replace(work.guard, max_deviation=limit)
            candidates = [each for each in candidates if work.allows(each)]
    for aim in AIMS:
        work.found[aim.name] = work.best(candidates, aim)


def prove(work: Work, aim: Aim, task: Task) -> None:
    """Ask the integer programme for the best division in an aim's merit, or for a bound."""
    ground = work.pool.ground
    found = Division(ground, work.found[aim.name], aim)
    wish = MERITS[aim.name]
    limit = found.max_deviation()
    if wish != "max_deviation":
        limit = max(limit, task.options.bands.load)
    paid = paid_for(task, work.pool)
    answer = solve(ground, wish, paid, limit + _TOLERANCE, task.options.exact_s)
    if answer.bound is not None:
        work.bounds[aim.name] = answer.bound
    better = _better(work, aim, answer, paid)
    if better is not None:
        work.found[aim.name] = better
        work.by_programme.add(aim.name)


def _better(work: Work, aim: Aim, answer: Exact, paid: list[float]) -> Labels | None:
    """Take the programme's division where it is better and breaks nothing else."""
    ground, wish = work.pool.ground, MERITS[aim.name]
    if answer.labels is None:
        return None
    labels = list(answer.labels) if wish == "moved" else renamed(ground, answer.labels)
    former, other = (Division(ground, each, aim) for each in (work.found[aim.name], labels))
    was, now = value_of(former, wish, paid), value_of(other, wish, paid)
    is_better = now < was - _TOLERANCE * max(1.0, was)
    if not is_better or within_households(other) < within_households(former):
        return None
    if not work.guard.allows(other):
        return None
    if wish == "max_deviation":  # of equally even divisions a better shaped one
        guard = replace(work.guard, max_deviation=other.max_deviation())
        run = Run(_POLISH, np.random.default_rng(0), lambda _: True)
        labels = improved(ground, labels, aim, guard, run)
    return labels


def value_of(division: Division, wish: Wish, paid: list[float]) -> float:
    """Measure a division in a merit."""
    ground, labels = division.ground, division.labels
    if wish == "max_deviation":
        return division.max_deviation()
    if wish == "moved":
        return sum(p for p, h, k in zip(paid, ground.home, labels, strict=True) if h != k)
    return cut_m(ground, labels)


def cut_m(ground: Ground, labels: Labels) -> float:
    """Give the length of the borders between grids of a pool."""
    return sum(
        m
        for atom, near in enumerate(ground.neighbours)
        for other, m in near
        if atom < other and labels[atom] != labels[other]
    )


def within_households(division: Division) -> int:
    """Count the grids inside the band of households."""
    low, high = division.ground.bands.households
    return sum(low <= households <= high for households in division.households)


def paid_for(task: Task, pool: Pool) -> list[float]:
    """Say what counts as moved: households, or atoms where none are counted."""
    if task.households is None:
        return [1.0] * len(pool.rows)
    return [float(value) for value in task.households[pool.rows].tolist()]
