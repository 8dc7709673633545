"""Propose divisions into grids that are better balanced, and say how good they are.

Used by the planner and by `gridbeat plan propose`. Knows nothing of stores and of edits: a proposal
says which atom belongs to which grid, its caller makes an ordinary draft of it.

Sources: recombination over random spanning trees (DeFord, Duchin & Solomon 2021) with annealed
swaps along borders; for few atoms an integer programme with contiguity as flow (Shirabe 2009).
"""

from collections.abc import Sequence

import numpy as np
import shapely

from geo.districting.atoms import Atoms
from geo.districting.bounds import least_deviation, least_moved
from geo.districting.figures import division_figures
from geo.districting.goals import (
    AIMS,
    Aim,
    BoundBy,
    DivisionFigures,
    Goal,
    Merit,
    Method,
    Proposal,
    ProposalOptions,
    Regroup,
)
from geo.districting.ground import Division
from geo.districting.task import Task, pools_of, prepare
from geo.districting.working import (
    MERITS,
    Clock,
    Progress,
    Work,
    balance_work,
    cut_m,
    paid_for,
    prove,
    regroup_work,
    search,
)
from geo.errors import FrameError

_ROUNDING = 1e-7


def propose(
    atoms: Atoms,
    assignment: Sequence[str],
    goal: Goal,
    options: ProposalOptions | None = None,
    progress: Progress | None = None,
) -> tuple[Proposal, ...]:
    """Propose three divisions: fewest changes, best balance, most compact.

    Grids of a proposal hang together along borders and lie in one community; locked grids stay.
    With `Rebalance` no proposal is less balanced than its start, neither in the largest deviation
    nor in the coefficient of variation: where nothing better is found it is the start. With
    `Regroup` every load lies inside the band or no farther from the mean than before, unless no
    such division was found; then all three are as even as the most even one that was. No grid is
    heavier than the heaviest one before, unless there are to be fewer grids.

    Parameters
    ----------
    atoms
        Pieces to move, with their counts.
    assignment
        Grid code of each atom at the start.
    goal
        `Rebalance` or `Regroup`.
    options
        What to keep to.
    progress
        Called with the share done; when it returns False the best so far is given, and
        `is_finished` says so.

    Returns
    -------
    tuple of Proposal
        In the order of `goals.AIM_NAMES`. Depends on nothing but the input and the seed, unless a
        time limit cut it short or the integer programme ran into its own.

    Raises
    ------
    FrameError
        ``no_atoms``, ``atoms_length``.
    GeoError
        ``unknown_grids``, ``all_grids_locked``, ``grids_in_parts`` (a grid that is not locked does
        not hang together), ``grids_across_communities``, ``missing_measure``, ``bad_counts``,
        ``nothing_to_balance`` (the measure is 0 everywhere), ``bad_regroup``,
        ``more_grids_than_atoms``, ``regroup_locked``, ``regroup_across_communities``,
        ``regroup_apart``.

    Examples
    --------
    >>> [each.aim for each in propose(atoms, atoms.grids, Regroup(("A-01", "A-02"), 3))]
    ['fewest_changes', 'best_balance', 'most_compact']
    """
    task = prepare(atoms, assignment, goal, options or ProposalOptions())
    if isinstance(goal, Regroup):
        works = [regroup_work(task, goal)]
    else:
        works = [balance_work(task, pool) for pool in pools_of(task)]
    clock = Clock(progress, sum(len(each.pool.rows) for each in works), task.options)
    for number, work in enumerate(works):
        search(work, clock, np.random.default_rng((task.options.seed, number)))
    is_small = len(works) == 1 and len(works[0].pool.rows) <= task.options.exact_atoms
    before = division_figures(task, task.start)
    found: list[Proposal] = []
    for aim in AIMS:
        if is_small and not clock.is_stopped:
            prove(works[0], aim, task)
        grids = _assigned(task, works, aim)
        after = division_figures(task, grids)
        merit = _merit(task, works, aim, after)
        found.append(
            Proposal(
                aim=aim.name,
                grids=grids,
                before=before,
                after=after,
                method=_method(task, works, aim, grids),
                is_optimal=_is_tight(merit),
                merit=merit,
                is_finished=not clock.is_stopped,
                same_as=next((each.aim for each in found if each.grids == grids), ""),
                seed=task.options.seed,
            )
        )
    clock.finish()
    return tuple(found)


def proposed_shapes(atoms: Atoms, grids: Sequence[str]) -> dict[str, shapely.Geometry]:
    """Melt the atoms of each grid into its polygon, by code; the vertices stay bit for bit.

    Raises
    ------
    FrameError
        ``atoms_length``.
    """
    if len(grids) != len(atoms):
        raise FrameError("atoms_length", expected=len(atoms), got=len(grids))
    rows: dict[str, list[int]] = {}
    for row, code in enumerate(grids):
        rows.setdefault(code, []).append(row)
    return {code: shapely.coverage_union_all(atoms.shapes[rows[code]]) for code in sorted(rows)}


def _assigned(task: Task, works: list[Work], aim: Aim) -> tuple[str, ...]:
    grids = list(task.start)
    for work in works:
        for row, label in zip(work.pool.rows, work.found[aim.name], strict=True):
            grids[row] = work.names[label]
    return tuple(grids)


def _method(task: Task, works: list[Work], aim: Aim, grids: tuple[str, ...]) -> Method:
    if grids == task.start:
        return "start"
    return "milp" if any(aim.name in work.by_programme for work in works) else "recom_swap"


def _merit(task: Task, works: list[Work], aim: Aim, after: DivisionFigures) -> Merit:
    """Hold a proposal against what no division can undercut."""
    wish = MERITS[aim.name]
    is_proven = bool(works) and all(aim.name in work.bounds for work in works)
    proven = [work.bounds.get(aim.name, 0.0) for work in works]
    by: BoundBy = "milp" if is_proven else "sums"
    if wish == "max_deviation":
        counted = [least_deviation(work.pool.ground) for work in works]
        bound = max([*proven, *counted, _held_deviation(task, works)])
        bound = bound if bound > _ROUNDING else 0.0
        return Merit(wish, after.max_deviation, min(bound, after.max_deviation), by)
    if wish == "moved":
        people = after.moved_households
        value = float(after.moved_atoms if people is None else people)
        counted = [_least_moved(task, work, aim) for work in works]
        bound = sum(max(each) for each in zip(proven, counted, strict=True))
        return Merit(wish, value, min(bound, value), by)
    if not is_proven:
        return Merit(wish, after.border_m, None, "none")
    inner = sum(cut_m(work.pool.ground, work.found[aim.name]) for work in works)
    bound = min(after.border_m, after.border_m - inner + sum(proven))
    return Merit(wish, after.border_m, bound, by)


def _least_moved(task: Task, work: Work, aim: Aim) -> float:
    ground = work.pool.ground
    reached = Division(ground, work.found[aim.name], aim).max_deviation()
    limit = max(reached, task.options.bands.load)
    return least_moved(ground, paid_for(task, work.pool), limit)


def _held_deviation(task: Task, works: list[Work]) -> float:
    """Give the largest deviation among grids that cannot change."""
    is_held = task.labels >= 0
    for work in works:
        is_held[work.pool.rows] = False
    away = np.abs(task.loads() / task.mean - 1.0)
    return float(away[np.unique(task.labels[is_held])].max(initial=0.0))


def _is_tight(merit: Merit) -> bool:
    return merit.bound is not None and merit.value - merit.bound <= _ROUNDING * max(
        1.0, merit.value
    )
