"""Measure how good a division into grids is, and propose better ones.

Used by the planner of `data` and `dashboard`. Knows nothing of stores, of edits and of screens.
"""

from geo.districting.atoms import Atoms, atoms_of, cut_atoms
from geo.districting.balance import (
    Balance,
    Bands,
    BandState,
    Weights,
    Workload,
    balance_of,
    balances,
)
from geo.districting.cutting import Cut
from geo.districting.goals import (
    AIM_NAMES,
    AIMS,
    DivisionFigures,
    Goal,
    Merit,
    Proposal,
    ProposalOptions,
    Rebalance,
    Regroup,
)
from geo.districting.proposals import propose, proposed_shapes
from geo.districting.shape import (
    POLSBY_POPPER_EXAMPLES,
    REOCK_EXAMPLES,
    farthest_m,
    polsby_popper,
    reock,
    shape_figures,
)

__all__ = [
    "AIMS",
    "AIM_NAMES",
    "POLSBY_POPPER_EXAMPLES",
    "REOCK_EXAMPLES",
    "Atoms",
    "Balance",
    "BandState",
    "Bands",
    "Cut",
    "DivisionFigures",
    "Goal",
    "Merit",
    "Proposal",
    "ProposalOptions",
    "Rebalance",
    "Regroup",
    "Weights",
    "Workload",
    "atoms_of",
    "balance_of",
    "balances",
    "cut_atoms",
    "farthest_m",
    "polsby_popper",
    "propose",
    "proposed_shapes",
    "reock",
    "shape_figures",
]
