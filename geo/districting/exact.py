"""Write a small division as an integer programme and solve it with HiGHS.

Used by `geo.districting.proposals` for a handful of dozen atoms. Knows nothing of codes.

Sources: Shirabe (2009), Districting modeling with exact contiguity constraints: in every grid each
atom sends one unit along borders to the grid's one root.
"""

from dataclasses import dataclass
from math import isfinite
from typing import Final, Literal

import numpy as np
import numpy.typing as npt
from scipy.optimize import Bounds, LinearConstraint, milp
from scipy.sparse import coo_array

from geo.districting.ground import Ground

FloatArray = npt.NDArray[np.float64]
Wish = Literal["max_deviation", "moved", "border_m"]

_IS_IN: Final = 0.5
_OPTIMAL: Final = 0
_MOST_COLUMNS: Final = 6_000


@dataclass(frozen=True, slots=True)
class Exact:
    """What the programme found out.

    Attributes
    ----------
    labels
        A best division; None where it was not proven best in time.
    bound
        No division can have less; None where nothing was found out.
    """

    labels: tuple[int, ...] | None
    bound: float | None


class _Rows:
    """Rows of a programme, collected entry by entry."""

    def __init__(self) -> None:
        self.row: list[int] = []
        self.column: list[int] = []
        self.value: list[float] = []
        self.low: list[float] = []
        self.high: list[float] = []

    def add(self, entries: list[tuple[int, float]], low: float, high: float) -> None:
        """Add one row: low <= sum of value times variable <= high."""
        for column, value in entries:
            self.row.append(len(self.low))
            self.column.append(column)
            self.value.append(value)
        self.low.append(low)
        self.high.append(high)

    def constraint(self, columns: int) -> LinearConstraint:
        """Give the rows as scipy wants them."""
        entries = (self.value, (self.row, self.column))
        matrix = coo_array(entries, shape=(len(self.low), columns)).tocsr()
        return LinearConstraint(matrix, self.low, self.high)


class _Columns:
    """Where the variables stand: membership, root, flow, deviation, cut borders."""

    def __init__(self, ground: Ground) -> None:
        self.atoms, self.grids = len(ground), ground.grids
        self.borders = [
            (a, b, m) for a, near in enumerate(ground.neighbours) for b, m in near if a < b
        ]
        self.arcs = [(a, b) for a, b, _ in self.borders] + [(b, a) for a, b, _ in self.borders]
        self.root = self.atoms * self.grids
        self.flow = 2 * self.root
        self.deviation = self.flow + len(self.arcs) * self.grids
        self.cut = self.deviation + 1
        self.count = self.cut + len(self.borders)

    def member(self, atom: int, grid: int) -> int:
        """Atom lies in grid."""
        return atom * self.grids + grid

    def root_of(self, atom: int, grid: int) -> int:
        """Atom is the root of grid."""
        return self.root + atom * self.grids + grid

    def flow_on(self, arc: int, grid: int) -> int:
        """Flow of a grid along an arc."""
        return self.flow + arc * self.grids + grid


def solve(ground: Ground, wish: Wish, paid: list[float], limit: float, seconds: float) -> Exact:
    """Look for the division that has least of what is wished.

    Parameters
    ----------
    ground
        Atoms and grids.
    wish
        What is to be least.
    paid
        What each atom costs when it leaves its home, for ``moved``.
    limit
        Largest deviation allowed, as a share of the mean.
    seconds
        When to stop; past it there is only a bound.
    """
    place = _Columns(ground)
    if place.count > _MOST_COLUMNS or seconds <= 0:
        return Exact(None, None)
    rows = _Rows()
    _add_membership(rows, place)
    _add_flow(rows, place)
    if wish != "moved":
        _add_order(rows, place)
    _add_balance(rows, place, ground)
    cost = np.zeros(place.count)
    if wish == "max_deviation":
        cost[place.deviation] = 1.0
    elif wish == "moved":
        for atom, home in enumerate(ground.home):
            for grid in range(place.grids):
                cost[place.member(atom, grid)] = 0.0 if grid == home else paid[atom]
    else:
        _add_cuts(rows, place)
        cost[place.cut :] = [m for _, _, m in place.borders]
    scale = float(cost.max()) or 1.0
    upper = np.ones(place.count)
    upper[place.flow : place.deviation] = float(place.atoms)
    upper[place.deviation] = limit
    whole = np.zeros(place.count, dtype=np.int64)
    whole[: place.flow] = 1
    found = milp(
        cost / scale,
        integrality=whole,
        bounds=Bounds(0.0, upper),
        constraints=rows.constraint(place.count),
        options={"time_limit": seconds, "mip_rel_gap": 0.0},
    )
    bound: float | None = found.get("mip_dual_bound")
    if found.status != _OPTIMAL or found.x is None:
        is_known = bound is not None and isfinite(bound)
        return Exact(None, bound * scale if bound is not None and is_known else None)
    member = found.x[: place.root].reshape(place.atoms, place.grids) > _IS_IN
    labels = tuple(int(k) for k in member.argmax(axis=1))
    return Exact(labels, float(found.fun) * scale)


def _add_membership(rows: _Rows, place: _Columns) -> None:
    """Every atom lies in one grid; the first atom of every grid is its root."""
    for atom in range(place.atoms):
        rows.add([(place.member(atom, grid), 1.0) for grid in range(place.grids)], 1.0, 1.0)
    for grid in range(place.grids):
        rows.add([(place.root_of(atom, grid), 1.0) for atom in range(place.atoms)], 1.0, 1.0)
        for atom in range(place.atoms):
            entries = [(place.member(atom, grid), 1.0), (place.root_of(atom, grid), -1.0)]
            rows.add(entries, 0.0, np.inf)
            before = [(place.member(other, grid), 1.0) for other in range(atom)]
            rows.add([(entries[1][0], 1.0), (entries[0][0], -1.0), *before], 0.0, np.inf)


def _add_order(rows: _Rows, place: _Columns) -> None:
    """Put grids in the order of their roots: names do not matter, one order stands for all."""
    for grid in range(1, place.grids):
        last = [(place.root_of(atom, grid - 1), -float(atom)) for atom in range(place.atoms)]
        own = [(place.root_of(atom, grid), float(atom)) for atom in range(place.atoms)]
        rows.add([*last, *own], 1.0, np.inf)
        rows.add([(place.member(atom, grid), 1.0) for atom in range(grid)], 0.0, 0.0)


def _add_flow(rows: _Rows, place: _Columns) -> None:
    """Every atom but the root sends on one unit more than it gets; only members get any."""
    most = float(place.atoms)
    enters: list[list[int]] = [[] for _ in range(place.atoms)]
    leaves: list[list[int]] = [[] for _ in range(place.atoms)]
    for arc, (a, b) in enumerate(place.arcs):
        leaves[a].append(arc)
        enters[b].append(arc)
    for grid in range(place.grids):
        for atom in range(place.atoms):
            got = [(place.flow_on(arc, grid), 1.0) for arc in enters[atom]]
            sent = [(place.flow_on(arc, grid), 1.0) for arc in leaves[atom]]
            member = place.member(atom, grid)
            sinks = [(place.root_of(atom, grid), most), (member, -1.0)]
            rows.add([*sent, *((column, -1.0) for column, _ in got), *sinks], 0.0, np.inf)
            rows.add([*got, (member, -(most - 1.0))], -np.inf, 0.0)


def _add_balance(rows: _Rows, place: _Columns, ground: Ground) -> None:
    """No grid lies farther from the mean than the deviation."""
    for grid in range(place.grids):
        load = [
            (place.member(atom, grid), ground.load[atom] / ground.mean)
            for atom in range(place.atoms)
        ]
        rows.add([*load, (place.deviation, -1.0)], -np.inf, 1.0)
        rows.add([*load, (place.deviation, 1.0)], 1.0, np.inf)


def _add_cuts(rows: _Rows, place: _Columns) -> None:
    """Count a border as cut where its two atoms lie in different grids."""
    for k, (a, b, _) in enumerate(place.borders):
        for grid in range(place.grids):
            one, other = place.member(a, grid), place.member(b, grid)
            rows.add([(place.cut + k, 1.0), (one, -1.0), (other, 1.0)], 0.0, np.inf)
