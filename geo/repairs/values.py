"""Hold what a repair of boundaries is made of: proposals, decisions, options, the outcome.

Used by the other files of `geo.repairs` and by everyone who shows or writes them.
Knows nothing of how a proposal is found or carried out.
"""

from collections.abc import Mapping
from dataclasses import dataclass, field
from enum import StrEnum

import geopandas as gpd
import pandas as pd
import shapely

from geo.tiling import FaultKind, Faults


class RepairAction(StrEnum):
    """What is proposed to be done about a fault."""

    MAKE_VALID = "make_valid"
    GIVE_GAP = "give_gap"
    TAKE_OVERLAP = "take_overlap"
    DISSOLVE_SLIVER = "dissolve_sliver"
    DROP_DUPLICATE = "drop_duplicate"
    JOIN_DUPLICATE = "join_duplicate"
    LEAVE = "leave"


class Verdict(StrEnum):
    """What a steward says about a proposal."""

    ACCEPT = "accept"
    CHANGE = "change"
    REFUSE = "refuse"


@dataclass(frozen=True, slots=True)
class Decision:
    """One decision; `taker` is the grid that gets the ground, for `change` alone."""

    verdict: Verdict
    taker: str = ""


@dataclass(frozen=True)
class RepairOptions:
    """What counts as a fault, and what may be proposed for it.

    Attributes
    ----------
    gap_width_m
        Gaps at least this wide (diameter of the largest circle inside) are large holes: leaving
        them is proposed, and a grid gets them only by a steward's change.
    sliver_width_m, min_area_m2
        As in `find_faults`.
    counts
        Columns of whole numbers that follow the ground: households, residents.
    parents
        `code` and geometry of the places above, in the CRS of the grids; None: not looked at.
    """

    gap_width_m: float = 1.0
    sliver_width_m: float = 1.0
    min_area_m2: float = 1.0
    counts: tuple[str, ...] = ("households", "residents")
    parents: gpd.GeoDataFrame | None = None


@dataclass(frozen=True)
class RepairProposal:
    """What is proposed for one fault.

    Attributes
    ----------
    id
        Made from kind, codes and place: the same fault of the same file has it again.
    codes
        All grids concerned, sorted.
    giver
        Grid that an overlap is taken from; empty otherwise.
    taker
        Grid that gets the ground; empty where nothing moves.
    alternatives
        Other grids that could get it, that with the longest common border first.
    area_m2, width_m
        Of the fault; 0 where they have no meaning.
    geometry
        Of the fault, in the CRS of the grids; None for a grid without a shape.
    why
        Machine word of the reason: ``even_odd``, ``longest_border``, ``would_vanish``,
        ``would_be_torn``, ``hairline``, ``same_twice``, ``touching_pieces``; for leaving
        ``large_hole``, ``same_ground``, ``used_up``, ``not_an_area``, ``no_shape``,
        ``parts_may_be_meant``, ``which_is_meant``, ``settle_code_first``, ``outside_parent``,
        ``no_neighbour``.
    detail
        As in `Faults`.
    """

    id: str
    kind: FaultKind
    codes: tuple[str, ...]
    action: RepairAction
    giver: str
    taker: str
    alternatives: tuple[str, ...]
    area_m2: float
    width_m: float
    geometry: shapely.Geometry | None
    why: str
    detail: str

    @property
    def takers(self) -> tuple[str, ...]:
        """Grids that may get the ground, the proposed one first."""
        return (self.taker, *self.alternatives) if self.taker else self.alternatives

    @property
    def is_overlap(self) -> bool:
        """Whether two grids claim the same ground."""
        return self.kind is FaultKind.OVERLAP or self.detail == "overlap"

    @property
    def is_gap(self) -> bool:
        """Whether nobody claims the ground."""
        return self.detail in {"gap", "open_gap"}


@dataclass(frozen=True)
class GroundMoved:
    """Ground that a repair gave away.

    Attributes
    ----------
    giver
        Empty where nobody had it.
    area_m2
        Of the piece.
    counts
        Column → units that went along, estimated by area.
    geometry
        In the CRS of the grids.
    """

    proposal_id: str
    giver: str
    taker: str
    area_m2: float
    counts: Mapping[str, int]
    geometry: shapely.Geometry


@dataclass(frozen=True)
class RepairOutcome:
    """Grids after the accepted repairs.

    Attributes
    ----------
    frame
        Same rows, index, codes and attributes; shapes and counts changed where accepted. A row
        without ground (a doubled grid) has an empty shape and stands in `dropped`.
    moved
        Every piece that changed hands, in the order of the proposals.
    changed
        Rows whose ground or counts changed: `grid_code`, `area_before_m2` (even-odd),
        `area_after_m2`, `moved_m2` (gained plus lost) and for each count `<count>_before`,
        `<count>_after` (estimated).
    applied, refused
        Ids of proposals; `refused` holds also those nobody decided and those to be left.
    failed
        Id → machine word: accepted, but not possible after the others (``needs_make_valid``,
        ``would_detach``, ``would_vanish``, ``nothing_left``).
    dropped
        Codes of rows that lost their whole ground.
    sums
        Count → its sum before and after; equal, to the last unit.
    faults
        What is still wrong, by `find_faults`.
    """

    frame: gpd.GeoDataFrame
    moved: tuple[GroundMoved, ...]
    changed: pd.DataFrame
    applied: tuple[str, ...]
    refused: tuple[str, ...]
    failed: Mapping[str, str]
    dropped: tuple[str, ...]
    sums: Mapping[str, tuple[int, int]]
    faults: Faults = field(repr=False)
