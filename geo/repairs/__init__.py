"""Propose a repair for every fault of a set of boundaries, and carry out what a steward decides.

Used by `data.importers.place_decisions`, and through it by the command line and the screens.
Knows nothing of files, of the store and of languages; `geo.repair` mends without asking.
"""

from geo.repairs.applying import apply_repairs
from geo.repairs.proposing import propose_repairs
from geo.repairs.values import (
    Decision,
    GroundMoved,
    RepairAction,
    RepairOptions,
    RepairOutcome,
    RepairProposal,
    Verdict,
)

__all__ = [
    "Decision",
    "GroundMoved",
    "RepairAction",
    "RepairOptions",
    "RepairOutcome",
    "RepairProposal",
    "Verdict",
    "apply_repairs",
    "propose_repairs",
]
