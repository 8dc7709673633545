"""State what a proposal is asked for, and what it is when it comes.

Used by `geo.districting.proposals` and by everyone who reads its answers. Knows nothing of how
proposals are found.
"""

from dataclasses import dataclass, field
from typing import Final, Literal

import numpy as np
import numpy.typing as npt

from geo.districting.balance import Bands

IntArray = npt.NDArray[np.int64]
AimName = Literal["fewest_changes", "best_balance", "most_compact"]
BoundBy = Literal["milp", "sums", "none"]
Method = Literal["start", "recom_swap", "milp"]

_FEW_SWEEPS: Final = 80
_MANY_SWEEPS: Final = 160
_STEPS: Final = 180_000
AIM_NAMES: Final[tuple[AimName, ...]] = ("fewest_changes", "best_balance", "most_compact")


@dataclass(frozen=True, slots=True)
class Rebalance:
    """Even out the load of grids without changing how many there are.

    Attributes
    ----------
    grids
        Codes of the grids to balance, such as those of one community; empty: all.
    """

    grids: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True)
class Regroup:
    """Make another number of grids out of some: two into three.

    Attributes
    ----------
    grids
        Codes of the grids to take apart; they must hang together and lie in one community.
    into
        How many to make of them.
    new_codes
        Codes of the grids that are added; provisional ones (``new-1``) where they run out. A plan
        gives final codes when it is published.
    """

    grids: tuple[str, ...]
    into: int
    new_codes: tuple[str, ...] = ()


Goal = Rebalance | Regroup


@dataclass(frozen=True, slots=True)
class ProposalOptions:
    """What proposals keep to.

    Attributes
    ----------
    measure
        Count of the atoms that is balanced: minutes of work (`load`), or `households`, ….
    bands
        Of households and of the measure.
    locked
        Codes of grids that stay as they are.
    posts
        Metres x and y of the post of a grid, in the plane of `Atoms.shapes_m`; the longest way of a
        grid without one is measured from its centre.
    seed
        Of the random numbers: the same seed gives the same proposals.
    most_moved
        Largest share of the households (of the pieces where none are counted) that may change
        grids when grids are balanced, community by community; 1: any.
    sweeps
        How long to look: each sweep tries as many moves as there are atoms. None: 160 of them for
        up to 1,100 atoms, fewer for more, 80 from 2,250 atoms on.
    exact_atoms
        Up to so many atoms the answer is also sought, or bounded, by an integer programme.
    exact_s
        Seconds for each of the three; past them only its bound is used.
    time_limit_s
        Seconds after which the best so far is given; none: until done. An answer cut short depends
        on the machine and says `is_finished` false.
    """

    measure: str = "load"
    bands: Bands = field(default_factory=Bands)
    locked: frozenset[str] = frozenset()
    posts: dict[str, tuple[float, float]] = field(default_factory=dict)
    seed: int = 0
    most_moved: float = 1.0
    sweeps: int | None = None
    exact_atoms: int = 60
    exact_s: float = 2.0
    time_limit_s: float | None = None

    def sweeps_for(self, atoms: int) -> int:
        """Say how many sweeps a task of so many atoms gets."""
        if self.sweeps is not None:
            return max(0, self.sweeps)
        return max(_FEW_SWEEPS, min(_MANY_SWEEPS, _STEPS // max(1, atoms)))


@dataclass(frozen=True, slots=True)
class Aim:
    """What one of the three alternatives cares for; the search adds these up, nothing else.

    Of what was found `fewest_changes` takes the least sum with a tenth of the part of shapes and
    households, so that a rounder plan that moves more people does not win; `best_balance`
    takes the least coefficient of variation.

    Attributes
    ----------
    name
        Of the alternative.
    load
        For each grid times the square of (deviation from the mean / band); where the band is free
        only of what lies beyond.
    is_band_free
        Whether deviations inside nine tenths of the band cost nothing.
    households
        For each grid times the square of (households outside the band / half its width).
    shape
        For each grid times outline / outline of the circle of that area (1 / root of
        Polsby-Popper).
    change
        For each household that changes hands, as a share of a mean grid.
    heat
        Where the annealing starts, in the same unit.
    """

    name: AimName
    load: float
    is_band_free: bool
    households: float
    shape: float
    change: float
    heat: float


AIMS: Final = (
    Aim("fewest_changes", 24.0, True, 0.5, 1.0, 3.0, 0.1),
    Aim("best_balance", 8.0, False, 0.25, 1.0, 0.1, 0.3),
    Aim("most_compact", 24.0, True, 0.5, 4.0, 0.1, 0.3),
)


@dataclass(frozen=True, slots=True)
class DivisionFigures:
    """What a division looks like on the grids that were asked about.

    Attributes
    ----------
    grids
        How many.
    max_deviation, variation, max_over_min
        Of the balanced measure, see `balance.Balance`.
    largest
        The heaviest grid's measure.
    within_load_band, within_household_band
        Shares of grids inside; None where no households are counted.
    moved_atoms, moved_households
        What changes hands against the start; None where no households are counted.
    changed_grids
        Grids that give or get something, or are new.
    mean_polsby_popper, least_polsby_popper
        Of the grids, in metres of the working CRS.
    border_m
        Length of all borders between the grids.
    longest_m
        Longest straight line from a grid's post, or centre, to its farthest point.
    """

    grids: int
    max_deviation: float
    variation: float
    max_over_min: float | None
    largest: float
    within_load_band: float
    within_household_band: float | None
    moved_atoms: int
    moved_households: int | None
    changed_grids: int
    mean_polsby_popper: float
    least_polsby_popper: float
    border_m: float
    longest_m: float


@dataclass(frozen=True, slots=True)
class Merit:
    """How good a proposal is at what it aims for, and how good any could be.

    Attributes
    ----------
    name
        ``moved`` (households, or atoms where none are counted), ``max_deviation`` or ``border_m``;
        the less the better.
    value
        Of this proposal.
    bound
        No division that keeps the rules can have less; for ``moved`` and ``border_m``: none that
        is as well balanced as this one or inside the band. None where nothing is known.
    bound_by
        ``milp``, ``sums`` (simple counting) or ``none``.
    """

    name: Literal["moved", "max_deviation", "border_m"]
    value: float
    bound: float | None
    bound_by: BoundBy

    @property
    def gap(self) -> float | None:
        """How far the best possible may lie below the value; None where nothing is known.

        As a share of the value; of ``max_deviation``, which is a share already, the difference.
        """
        if self.bound is None:
            return None
        below = max(0.0, self.value - self.bound)
        if self.name == "max_deviation":
            return below
        return below / self.value if self.value > 0 else 0.0


@dataclass(frozen=True, slots=True, eq=False)
class Proposal:
    """One alternative: an ordinary draft that nobody has to take.

    Attributes
    ----------
    aim
        What it cares for.
    grids
        Code of the grid of each atom, in the order of the atoms.
    before, after
        Figures of the start and of the proposal.
    method
        ``start``: nothing better was found; ``recom_swap``: recombination over spanning trees
        (DeFord, Duchin & Solomon 2021, Recombination: a family of Markov chains for
        redistricting) and annealed swaps along borders, a heuristic; ``milp``: integer programme
        with contiguity as flow (Shirabe 2009), HiGHS.
    is_optimal
        Proven best in its merit.
    merit
        Value and bound of what it aims for.
    is_finished
        False where it was cancelled or ran out of time: best so far.
    same_as
        Name of an earlier alternative that is the same division; empty otherwise.
    seed
        Of the random numbers.
    """

    aim: AimName
    grids: tuple[str, ...]
    before: DivisionFigures
    after: DivisionFigures
    method: Method
    is_optimal: bool
    merit: Merit
    is_finished: bool
    same_as: str
    seed: int

    def transfers(self, start: tuple[str, ...]) -> dict[tuple[str, str], IntArray]:
        """Group the rows of atoms that change hands by (giver, taker), in the order of codes."""
        moved: dict[tuple[str, str], list[int]] = {}
        for row, (giver, taker) in enumerate(zip(start, self.grids, strict=True)):
            if giver != taker:
                moved.setdefault((giver, taker), []).append(row)
        return {pair: np.array(rows, dtype=np.int64) for pair, rows in sorted(moved.items())}
