"""Keep a division of atoms into grids with its costs, one move at a time.

Used by the search and by the trees. Knows nothing of codes: atoms and grids are numbers. Plain
lists, since moves are made one by one.
"""

from collections.abc import Sequence
from dataclasses import dataclass
from math import inf, pi, sqrt

from geo.districting.balance import Bands
from geo.districting.goals import Aim
from geo.districting.graph import Neighbours, can_leave

_INSIDE = 0.9
"""Where a deviation begins to cost when the band is free: a little before its edge."""
Sums = tuple[float, float, float, float]
"""Load, households, area and outline of a grid."""


@dataclass(frozen=True, slots=True, eq=False)
class Ground:
    """Atoms that may go from grid to grid, and nothing else.

    Attributes
    ----------
    load, households, area, outline
        Of each atom.
    worth
        What it costs when an atom changes hands, as a share of a mean grid.
    neighbours
        Among these atoms.
    home
        Grid of each atom today; -1 where that grid will be no more.
    grids
        How many there are to be.
    mean
        Load of a mean grid, against which deviations are measured.
    bands
        Of load and households.
    has_households
        Whether households are counted.
    most_moved
        So many households, or atoms where none are counted, may change hands.
    """

    load: list[float]
    households: list[float]
    area: list[float]
    outline: list[float]
    worth: list[float]
    neighbours: Neighbours
    home: list[int]
    grids: int
    mean: float
    bands: Bands
    has_households: bool
    most_moved: float = inf

    def __len__(self) -> int:
        """How many atoms."""
        return len(self.load)

    def paid(self, atom: int) -> float:
        """Say what counts as moved when an atom changes hands: its households, or itself."""
        return self.households[atom] if self.has_households else 1.0


class Division:
    """Atoms in grids, with the sums of every grid and what they cost under an aim."""

    def __init__(self, ground: Ground, labels: Sequence[int], aim: Aim) -> None:
        self.ground = ground
        self.aim = aim
        self.labels = list(labels)
        grids = ground.grids
        self.load = [0.0] * grids
        self.households = [0.0] * grids
        self.area = [0.0] * grids
        self.outline = [0.0] * grids
        self.size = [0] * grids
        self.costs = [0.0] * grids
        self._per_mean = 1.0 / ground.mean
        self._load = aim.load / ground.bands.load**2
        self._slack = _INSIDE * ground.bands.load if aim.is_band_free else 0.0
        self._low, self._high = ground.bands.households
        half = (self._high - self._low) / 2.0
        self._people = aim.households / half**2 if ground.has_households else 0.0
        self._shape = aim.shape / sqrt(4.0 * pi)
        for atom, grid in enumerate(self.labels):
            inner = sum(m for near, m in ground.neighbours[atom] if self.labels[near] == grid)
            self.load[grid] += ground.load[atom]
            self.households[grid] += ground.households[atom]
            self.area[grid] += ground.area[atom]
            self.outline[grid] += ground.outline[atom] - inner
            self.size[grid] += 1
        moved = (a for a, grid in enumerate(self.labels) if grid != ground.home[a])
        self.moved = sum(ground.paid(atom) for atom in moved)
        self.refresh(range(grids))

    def cost(self, load: float, households: float, area: float, outline: float) -> float:
        """Say what a grid with these sums costs."""
        away = abs(load * self._per_mean - 1.0) - self._slack
        total = self._load * away * away if away > 0.0 else 0.0
        if self._people:
            outside = 0.0
            if households < self._low:
                outside = self._low - households
            elif households > self._high:
                outside = households - self._high
            total += self._people * outside * outside
        return total + self._shape * outline / sqrt(area) if area > 0.0 else total

    def refresh(self, grids: Sequence[int] | range) -> None:
        """Work out again what some grids cost."""
        for grid in grids:
            self.costs[grid] = self.cost(
                self.load[grid], self.households[grid], self.area[grid], self.outline[grid]
            )

    def total(self) -> float:
        """Say what the whole division costs, changes included."""
        ground = self.ground
        moved = sum(
            worth
            for worth, home, label in zip(ground.worth, ground.home, self.labels, strict=True)
            if home != label
        )
        return sum(self.costs) + self.aim.change * moved

    def other_cost(self) -> float:
        """Say what shapes and households cost, a part of `total`."""
        grids = zip(self.households, self.area, self.outline, strict=True)
        return sum(self.cost(self.ground.mean, *sums) for sums in grids)

    def _outlines(self, atom: int, own: int, to: int) -> tuple[float, float]:
        """Give what the outlines of both grids change by when an atom goes."""
        labels = self.labels
        with_own = with_other = 0.0
        for near, border_m in self.ground.neighbours[atom]:
            label = labels[near]
            if label == own:
                with_own += border_m
            elif label == to:
                with_other += border_m
        outline = self.ground.outline[atom]
        return 2.0 * with_own - outline, outline - 2.0 * with_other

    def gain(self, atom: int, to: int) -> float:
        """Say by how much the cost grows when an atom goes to another grid."""
        ground, own = self.ground, self.labels[atom]
        load, people, area = ground.load[atom], ground.households[atom], ground.area[atom]
        shorter, longer = self._outlines(atom, own, to)
        home = ground.home[atom]
        paid = self.aim.change * ground.worth[atom] * ((to != home) - (own != home))
        left = self.cost(
            self.load[own] - load, self.households[own] - people,
            self.area[own] - area, self.outline[own] + shorter,
        )  # fmt: skip
        right = self.cost(
            self.load[to] + load, self.households[to] + people,
            self.area[to] + area, self.outline[to] + longer,
        )  # fmt: skip
        return left + right - self.costs[own] - self.costs[to] + paid

    def may_go(self, atom: int) -> bool:
        """Tell whether the atom's grid hangs together, and is not empty, without it."""
        return self.size[self.labels[atom]] > 1 and can_leave(
            self.ground.neighbours, self.labels, atom
        )

    def more_moved(self, atom: int, to: int) -> float:
        """Say how much more, or less (-), has changed hands when an atom goes."""
        home = self.ground.home[atom]
        return self.ground.paid(atom) * ((to != home) - (self.labels[atom] != home))

    def keeps(self, more: float) -> bool:
        """Tell whether so much more may change hands; what lowers the sum always may."""
        return more <= 0.0 or self.moved + more <= self.ground.most_moved

    def move(self, atom: int, to: int) -> None:
        """Put an atom into another grid."""
        ground, own = self.ground, self.labels[atom]
        self.moved += self.more_moved(atom, to)
        shorter, longer = self._outlines(atom, own, to)
        for grid, sign, outline in ((own, -1, shorter), (to, 1, longer)):
            self.load[grid] += sign * ground.load[atom]
            self.households[grid] += sign * ground.households[atom]
            self.area[grid] += sign * ground.area[atom]
            self.outline[grid] += outline
            self.size[grid] += sign
        self.labels[atom] = to
        self.refresh((own, to))

    def put(self, grid: int, size: int, sums: Sums) -> None:
        """Set the sums of a grid whose atoms were given by hand."""
        self.load[grid], self.households[grid], self.area[grid], self.outline[grid] = sums
        self.size[grid] = size
        self.costs[grid] = self.cost(*sums)

    def max_deviation(self) -> float:
        """Give the largest distance of a grid's load from the mean, as a share of it."""
        return max(abs(load / self.ground.mean - 1.0) for load in self.load)

    def squares(self) -> float:
        """Give the sum of squares of loads in units of the mean: less is more even."""
        return sum((load / self.ground.mean) ** 2 for load in self.load)
