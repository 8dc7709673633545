"""State what a planner asks of proposals, check it, and put what was found side by side.

Used by `dashboard.actions.plan_search`, which works it out in a process of its own, and by the
planner's page. Knows nothing of languages and of Streamlit.
"""

from __future__ import annotations

import hashlib
from collections.abc import Callable
from dataclasses import dataclass, replace
from time import monotonic
from typing import TYPE_CHECKING, Any, Final, Literal

import geopandas as gpd
import numpy as np
import shapely

from data.analysis.plan_posts import covered
from data.analysis.plan_proposing import cut_matter, new_codes, steps_of
from data.errors import DataError
from data.planning.drawing import logged
from geo.crs import STORED_CRS
from geo.districting.balance import Balance, balance_of
from geo.districting.goals import ProposalOptions, Rebalance, Regroup
from geo.districting.proposals import propose, proposed_shapes
from geo.districting.shape import farthest_m

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

    from numpy.typing import NDArray

    from data.analysis.plan_proposing import Matter
    from data.repositories.plan_records import DrawnEdit
    from geo.districting.atoms import Atoms
    from geo.districting.goals import Goal, Proposal
    from geo.edits.report import EditOptions
    from geo.edits.tiling import EditTiling

GOALS: Final = ("balance", "regroup")
LEADING: Final = ("load", "harm", "residents", "households")
"""What can lead the search; the distance follows from shapes and posts, it is told beside them."""
BALANCED: Final = ("load", "harm", "distance", "residents", "households")
STAGES: Final = ("read", "cut", "search", "draw")
_SHARES: Final = {"read": (0.0, 0.03), "cut": (0.03, 0.1), "search": (0.1, 0.6), "draw": (0.6, 1.0)}
_COUNTED: Final = frozenset({"residents", "households"})
_LEAST: Final = 2
_LISTED: Final = 20
Told = Callable[[str, float], bool]
"""Told the stage and the share of the whole; False asks the search to end with its best so far."""


@dataclass(frozen=True)
class Ask:
    """What is asked for.

    Attributes
    ----------
    goal
        ``balance``: as many grids as now; ``regroup``: `into` grids out of the chosen ones.
    codes
        Chosen grids.
    measure
        One of `LEADING`: what the search balances.
    most_moved
        Largest share of the chosen grids' households that may change grids; None: any.
    """

    goal: Literal["balance", "regroup"]
    codes: tuple[str, ...]
    into: int = 0
    measure: str = "load"
    most_moved: float | None = None


@dataclass(frozen=True, eq=False)
class SearchTask:
    """All that a search needs, read at one version of a plan.

    Attributes
    ----------
    options
        How the edits of a proposal are applied.
    limit_s
        Seconds after which the search ends with its best so far.
    """

    plan_id: int
    version: int
    ask: Ask
    tiling: EditTiling
    matter: Matter
    options: EditOptions
    limit_s: float


@dataclass(frozen=True, eq=False)
class Offer:
    """One proposal with its trade-offs, ready to be taken.

    Attributes
    ----------
    balances
        `BALANCED`, over the grids asked about.
    grids
        `grid_code`, `name`, `parent_code` and geometry (EPSG:4326) of the proposal's grids.
    ground
        `from_grid`, `to_grid` and geometry of what changes hands.
    moved_m2
        Area of it.
    moved_residents
        None where residents are not counted.
    drawn, after
        Edits as a log keeps them, and the grids that they lead to; nothing and None where the
        proposal is the start, the same as an earlier one, or cannot be drawn.
    fault
        Code and fields of what keeps it from being drawn; None: nothing does.
    """

    proposal: Proposal
    balances: tuple[Balance, ...]
    grids: gpd.GeoDataFrame
    ground: gpd.GeoDataFrame
    moved_m2: float
    moved_residents: int | None
    drawn: tuple[DrawnEdit, ...] = ()
    after: EditTiling | None = None
    fault: tuple[str, Mapping[str, Any]] | None = None

    @property
    def aim(self) -> str:
        """What it cares for."""
        return self.proposal.aim

    @property
    def can_be_taken(self) -> bool:
        """Whether there is something to draw, and it can be drawn."""
        return self.after is not None

    def moved_share(self, households: int | None) -> float | None:
        """Give the share of households that change grids; None where none are counted."""
        moved = self.proposal.after.moved_households
        return moved / households if households and moved is not None else None


@dataclass(frozen=True, eq=False)
class Offers:
    """What was found for one question at one version of a plan.

    Attributes
    ----------
    key
        Of the grids that they begin from, see `key_of`.
    start
        Balances of the grids asked about as they are.
    households
        Of the grids asked about; None where they are not counted.
    pieces
        Into how many pieces the grids were cut.
    estimated
        Measures that were shared out over the pieces.
    search_s
        Seconds that all took.
    """

    plan_id: int
    version: int
    key: str
    ask: Ask
    start: tuple[Balance, ...]
    offers: tuple[Offer, ...]
    households: int | None
    pieces: int
    estimated: frozenset[str]
    search_s: float

    def is_over_limit(self, offer: Offer) -> bool:
        """Whether more households change grids than were allowed."""
        share = offer.moved_share(self.households)
        return self.ask.most_moved is not None and (share or 0.0) > self.ask.most_moved


def key_of(tiling: EditTiling) -> str:
    """Name the grids of a tiling by what they are: the same after an undo, other after an edit."""
    made = hashlib.sha256("\n".join(tiling.codes).encode())
    made.update("\n".join(sorted(tiling.locked)).encode())
    made.update(b"".join(shapely.to_wkb(tiling.shapes).tolist()))
    return made.hexdigest()


def check_ask(tiling: EditTiling, ask: Ask) -> None:
    """Refuse at once what no search could answer.

    Raises
    ------
    DataError
        `proposal_no_grids`, `proposal_one_grid`, `proposal_locked` (fields `grids`,
        `locked`), `proposal_uncounted` (fields `measure`, `count`, `codes`).
    """
    if not ask.codes:
        raise DataError("proposal_no_grids")
    locked = [code for code in ask.codes if code in tiling.locked]
    if ask.goal == "balance":
        if len(ask.codes) < _LEAST:
            raise DataError("proposal_one_grid", codes=ask.codes[0])
        if len(ask.codes) - len(locked) < _LEAST:
            raise DataError("proposal_locked", grids=len(ask.codes), locked=len(locked))
    if ask.measure in _COUNTED:
        counted = tiling.counts.get(ask.measure, {})
        missing = [code for code in ask.codes if code not in counted]
        if missing:
            raise DataError("proposal_uncounted", measure=ask.measure, count=len(missing),
                            codes=missing[:_LISTED])  # fmt: skip


def find_offers(task: SearchTask, told: Told) -> Offers:
    """Cut, search and draw: all that is dear about proposals.

    Raises
    ------
    DataError
        `proposal_no_pieces` (field `grids`): nothing cuts the grids, so nothing could move.
    GeoError
        Those of `geo.districting.proposals.propose` and of `cut_atoms`.
    """
    began_at, ask = monotonic(), task.ask
    told("cut", _share("cut", 0.0))
    atoms = cut_matter(task.matter)
    if ask.goal == "balance" and len(atoms) == len(set(atoms.grids)):
        raise DataError("proposal_no_pieces", grids=len(atoms))
    options = ProposalOptions(
        measure=ask.measure,
        bands=task.matter.ground.bands,
        locked=task.tiling.locked & set(atoms.grids),
        most_moved=1.0 if ask.most_moved is None else ask.most_moved,
        time_limit_s=task.limit_s,
    )

    def searching(share: float) -> bool:
        return told("search", _share("search", share))

    found = propose(atoms, atoms.grids, _goal(task), options, searching)
    different = [each for each in found if not each.same_as and each.method != "start"]
    offers = []
    for each in found:
        at = different.index(each) if each in different else None
        offer = _offer(task, atoms, each)
        if at is not None:
            offer = _with_edits(task, atoms, offer, told, (at, len(different)))
        offers.append(offer)
    told("draw", 1.0)
    households = atoms.counts.get("households")
    return Offers(
        plan_id=task.plan_id,
        version=task.version,
        key=key_of(task.tiling),
        ask=ask,
        start=_balances(task, atoms, atoms.grids),
        offers=tuple(offers),
        households=None if households is None else round(float(households.sum())),
        pieces=len(atoms),
        estimated=atoms.estimated,
        search_s=monotonic() - began_at,
    )


def _share(stage: str, part: float) -> float:
    low, high = _SHARES[stage]
    return low + (high - low) * min(1.0, max(0.0, part))


def _goal(task: SearchTask) -> Goal:
    ask, tiling = task.ask, task.tiling
    if ask.goal == "balance":
        return Rebalance(ask.codes)
    more = max(0, ask.into - len(ask.codes))
    return Regroup(
        ask.codes, ask.into, new_codes(tiling, tiling.parents.get(ask.codes[0], ""), more)
    )


def _with_edits(
    task: SearchTask, atoms: Atoms, offer: Offer, told: Told, turn: tuple[int, int]
) -> Offer:
    """Draw a proposal edit by edit, as a log keeps it."""
    at, of = turn

    def drawing(share: float) -> bool:
        return told("draw", _share("draw", (at + share) / of))

    try:
        steps, _ = steps_of(task.tiling, atoms, offer.proposal, task.options, drawing)
    except DataError as fault:
        return replace(offer, fault=(fault.code, dict(fault.fields)))
    tiling, drawn = task.tiling, []
    for edit, applied in steps:
        drawn.append(logged(tiling, edit, applied))
        tiling = applied.tiling
    return replace(offer, drawn=tuple(drawn), after=tiling)


def _offer(task: SearchTask, atoms: Atoms, proposal: Proposal) -> Offer:
    names, parents = task.tiling.names, dict(zip(atoms.grids, atoms.parents, strict=True))
    shapes = proposed_shapes(atoms, proposal.grids)
    parent_of = dict(zip(proposal.grids, atoms.parents, strict=True))
    grids = gpd.GeoDataFrame(
        {
            "grid_code": list(shapes),
            "name": [names.get(code, code) for code in shapes],
            "parent_code": [parents.get(code, parent_of[code]) or None for code in shapes],
        },
        geometry=list(shapes.values()),
        crs=STORED_CRS,
    )
    transfers = proposal.transfers(atoms.grids)
    ground = gpd.GeoDataFrame(
        {
            "from_grid": [giver for giver, _ in transfers],
            "to_grid": [taker for _, taker in transfers],
        },
        geometry=[shapely.coverage_union_all(atoms.shapes[rows]) for rows in transfers.values()],
        crs=STORED_CRS,
    )
    moved = np.array([a != b for a, b in zip(atoms.grids, proposal.grids, strict=True)])
    residents = atoms.counts.get("residents")
    return Offer(
        proposal=proposal,
        balances=_balances(task, atoms, proposal.grids),
        grids=grids,
        ground=ground,
        moved_m2=float(shapely.area(atoms.shapes_m[moved]).sum()),
        moved_residents=None if residents is None else round(float(residents[moved].sum())),
    )


def _balances(task: SearchTask, atoms: Atoms, grids: Sequence[str]) -> tuple[Balance, ...]:
    """Say how even each measure is over the grids of a division."""
    codes, row = np.unique(np.array(grids, dtype=object), return_inverse=True)
    band = task.matter.ground.bands.load
    found = []
    for name in BALANCED:
        if name == "distance":
            values = _distances(task, atoms, grids)
        elif name in atoms.counts:
            values = np.bincount(row, atoms.counts[name], len(codes)).astype(np.float64)
        else:
            values = np.full(len(codes), np.nan)
        found.append(balance_of(name, values, band))
    return tuple(found)


def _distances(task: SearchTask, atoms: Atoms, grids: Sequence[str]) -> NDArray[np.float64]:
    """Metres from the best post that looks after a grid to its farthest corner; NaN without one."""
    ground = task.matter.ground
    parent_of = dict(zip(grids, atoms.parents, strict=True))
    shapes = proposed_shapes(atoms, grids)
    frame = gpd.GeoDataFrame(
        {
            "grid_code": list(shapes),
            "parent_code": [parent_of[code] or None for code in shapes],
        },
        geometry=list(shapes.values()),
        crs=STORED_CRS,
    )
    pairs = covered(ground.posts, frame)
    found = np.full(len(frame), np.inf)
    if len(pairs.grid):
        ways = farthest_m(ground.meter.metric(frame)[pairs.grid], ground.places_m[pairs.post])
        known = np.isfinite(ways)
        np.minimum.at(found, pairs.grid[known], ways[known])
    return np.where(np.isfinite(found), found, np.nan)
