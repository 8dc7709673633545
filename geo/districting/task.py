"""Check what is asked for and lay out the ground on which proposals may move atoms.

Used by `geo.districting.proposals`. Knows nothing of how a division is improved.
"""

from collections.abc import Iterable, Sequence
from dataclasses import dataclass, replace

import numpy as np
import numpy.typing as npt
import shapely

from geo.districting.atoms import Atoms
from geo.districting.balance import sound_counts
from geo.districting.goals import Goal, ProposalOptions, Regroup
from geo.districting.graph import Neighbours, parts_of
from geo.districting.ground import Ground
from geo.errors import FrameError, GeoError

FloatArray = npt.NDArray[np.float64]
IntArray = npt.NDArray[np.int64]

_NAMED = 5
_EACH_ATOM = 0.01
"""What an atom without households costs when it changes hands, against a mean atom's."""


@dataclass(frozen=True, slots=True, eq=False)
class Pool:
    """Atoms that may change places among each other, as numbers of their own.

    Attributes
    ----------
    rows
        Rows of the atoms.
    grids
        Which of `Task.codes` the ground's grids are.
    start
        Grid of each atom today, as a number of the ground.
    """

    rows: list[int]
    grids: list[int]
    start: list[int]
    ground: Ground


@dataclass(frozen=True, slots=True, eq=False)
class Task:
    """What is asked for, checked.

    Attributes
    ----------
    codes
        Grids asked about, sorted.
    labels
        For each atom a row of `codes`; -1 for atoms of other grids.
    locked
        Which of `codes` stay.
    load, households, worth
        Of each atom; households is None where none are counted.
    mean
        Load of a mean grid of the answer.
    """

    atoms: Atoms
    start: tuple[str, ...]
    codes: tuple[str, ...]
    labels: IntArray
    locked: npt.NDArray[np.bool_]
    load: FloatArray
    households: FloatArray | None
    worth: FloatArray
    mean: float
    neighbours: Neighbours
    options: ProposalOptions

    def loads(self) -> FloatArray:
        """Give the load of each grid today."""
        inside = self.labels >= 0
        return np.bincount(
            self.labels[inside], weights=self.load[inside], minlength=len(self.codes)
        ).astype(np.float64)


def prepare(atoms: Atoms, assignment: Sequence[str], goal: Goal, options: ProposalOptions) -> Task:
    """Check a question; see `geo.districting.proposals.propose` for what is refused."""
    start = tuple(assignment)
    if len(atoms) == 0:
        raise FrameError("no_atoms", rows=0)
    if len(start) != len(atoms):
        raise FrameError("atoms_length", expected=len(atoms), got=len(start))
    known = set(start)
    _require_known(goal.grids, known)
    _require_known(options.locked, known)
    codes = tuple(sorted(set(goal.grids) or known))
    row = {code: k for k, code in enumerate(codes)}
    labels = np.array([row.get(code, -1) for code in start], dtype=np.int64)
    locked = np.array([code in options.locked for code in codes])
    neighbours = atoms.graph.lists()
    wanted = goal.into if isinstance(goal, Regroup) else len(codes)
    if isinstance(goal, Regroup):
        _check_regroup(atoms, goal, codes, labels, neighbours, locked)
    elif locked.all():
        raise GeoError("all_grids_locked", grids=len(codes))
    _check_start(atoms, codes, labels, locked, neighbours)
    load = _measure(atoms, options.measure)
    total = float(load[labels >= 0].sum())
    if total <= 0:
        raise GeoError("nothing_to_balance", measure=options.measure, grids=len(codes))
    households = _households(atoms, labels)
    worth = _worth(households, labels, wanted)
    mean = total / wanted
    return Task(
        atoms, start, codes, labels, locked, load, households, worth, mean, neighbours, options
    )


def pools_of(task: Task) -> list[Pool]:
    """Part the atoms that may move: by community, and where locked grids or gaps part them."""
    is_free = (task.labels >= 0) & ~task.locked[task.labels]
    by_parent: dict[str, list[int]] = {}
    for k in np.flatnonzero(is_free).tolist():
        by_parent.setdefault(task.atoms.parents[k], []).append(k)
    pools = []
    for parent in sorted(by_parent):
        for rows in parts_of(task.neighbours, by_parent[parent]):
            grids = sorted(set(task.labels[rows].tolist()))
            if len(grids) > 1:
                number = {grid: k for k, grid in enumerate(grids)}
                start = [number[grid] for grid in task.labels[rows].tolist()]
                ground = _limited(ground_of(task, rows, start, len(grids)), task.options.most_moved)
                pools.append(Pool(rows, grids, start, ground))
    return pools


def _limited(ground: Ground, share: float) -> Ground:
    """Say how much may change hands on a ground; nothing is limited by the whole."""
    if share >= 1.0:
        return ground
    whole = sum(ground.paid(atom) for atom in range(len(ground)))
    return replace(ground, most_moved=max(0.0, share) * whole)


def ground_of(task: Task, rows: list[int], home: list[int], grids: int) -> Ground:
    """Lay out some atoms for the search."""
    number = {row: k for k, row in enumerate(rows)}
    neighbours = [
        [(number[near], m) for near, m in task.neighbours[row] if near in number] for row in rows
    ]
    people = task.households if task.households is not None else np.zeros(len(task.load))
    return Ground(
        load=task.load[rows].tolist(),
        households=people[rows].tolist(),
        area=shapely.area(task.atoms.shapes_m[rows]).tolist(),
        outline=task.atoms.graph.outline_m[rows].tolist(),
        worth=task.worth[rows].tolist(),
        neighbours=neighbours,
        home=home,
        grids=grids,
        mean=task.mean,
        bands=task.options.bands,
        has_households=task.households is not None,
    )


def _require_known(codes: Iterable[str], known: set[str]) -> None:
    strange = sorted(set(codes) - known)
    if strange:
        raise GeoError("unknown_grids", count=len(strange), codes=", ".join(strange[:_NAMED]))


def _check_regroup(
    atoms: Atoms,
    goal: Regroup,
    codes: tuple[str, ...],
    labels: IntArray,
    neighbours: Neighbours,
    locked: npt.NDArray[np.bool_],
) -> None:
    named = ", ".join(codes[:_NAMED])
    rows = np.flatnonzero(labels >= 0).tolist()
    if not goal.grids or goal.into < 1:
        raise GeoError("bad_regroup", grids=len(goal.grids), into=goal.into)
    if goal.into > len(rows):
        raise GeoError("more_grids_than_atoms", grids=goal.into, atoms=len(rows))
    if locked.any():
        held = [code for code, is_held in zip(codes, locked, strict=True) if is_held]
        raise GeoError("regroup_locked", codes=", ".join(held[:_NAMED]), count=len(held))
    parents = sorted({atoms.parents[k] for k in rows})
    if len(parents) > 1:
        raise GeoError("regroup_across_communities", codes=named, parents=", ".join(parents))
    parts = parts_of(neighbours, rows)
    if len(parts) > 1:
        raise GeoError("regroup_apart", codes=named, parts=len(parts))


def _check_start(
    atoms: Atoms,
    codes: tuple[str, ...],
    labels: IntArray,
    locked: npt.NDArray[np.bool_],
    neighbours: Neighbours,
) -> None:
    members: list[list[int]] = [[] for _ in codes]
    for atom, label in enumerate(labels.tolist()):
        if label >= 0:
            members[label].append(atom)
    open_rows = [k for k in range(len(codes)) if not locked[k]]
    torn = [codes[k] for k in open_rows if len(parts_of(neighbours, members[k])) > 1]
    if torn:
        raise GeoError("grids_in_parts", codes=", ".join(torn[:_NAMED]), count=len(torn))
    mixed = [codes[k] for k in open_rows if len({atoms.parents[a] for a in members[k]}) > 1]
    if mixed:
        raise GeoError(
            "grids_across_communities", codes=", ".join(mixed[:_NAMED]), count=len(mixed)
        )


def _measure(atoms: Atoms, measure: str) -> FloatArray:
    if measure not in atoms.counts:
        known = ", ".join(sorted(atoms.counts)) or "-"
        raise GeoError("missing_measure", measure=measure, known=known)
    return sound_counts(measure, atoms.counts[measure])


def _households(atoms: Atoms, labels: IntArray) -> FloatArray | None:
    if "households" not in atoms.counts:
        return None
    found = sound_counts("households", atoms.counts["households"])
    return found if found[labels >= 0].sum() > 0 else None


def _worth(households: FloatArray | None, labels: IntArray, grids: int) -> FloatArray:
    """Say what each atom costs when it changes hands, as a share of a mean grid."""
    inside = labels >= 0
    each = np.full(len(labels), grids / int(inside.sum()))
    if households is None:
        return each
    return households * grids / float(households[inside].sum()) + _EACH_ATOM * each
