"""Hold what a screen of repairs shows: faults in degrees, decisions, and what they would do.

Used by the repair components, through `dashboard.cache.repairs`. Knows nothing of languages.
"""

from __future__ import annotations

from collections import Counter
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any, Final

import geopandas as gpd
import numpy as np
import shapely

from geo.crs import to_stored
from geo.errors import GeoError
from geo.repairs import Decision, RepairAction, Verdict

if TYPE_CHECKING:
    from collections.abc import Iterable, Mapping

    from data.importers.place_decisions import GridsToRepair
    from geo.repairs import RepairProposal

OPEN: Final = "open"
STATES: Final = (OPEN, *(verdict.value for verdict in Verdict))
Told = tuple[str, str]
"""Verdict and the grid that gets the ground (empty: as proposed)."""
_AROUND_DEG: Final = 0.0004


@dataclass(frozen=True)
class RepairView:
    """Grids and faults on a map, in the order of the proposals.

    Attributes
    ----------
    grids, faults
        EPSG:4326; faults without a shape are missing ones.
    bounds
        West, south, east, north of everything, degrees.
    """

    found: GridsToRepair
    grids: np.ndarray[Any, np.dtype[np.object_]]
    faults: np.ndarray[Any, np.dtype[np.object_]]
    bounds: tuple[float, float, float, float]

    @property
    def proposals(self) -> tuple[RepairProposal, ...]:
        """Proposals, each at the place of its fault in `faults`."""
        return self.found.proposals

    def around(self, proposal_id: str) -> tuple[float, float, float, float]:
        """Give the surroundings of one fault; of everything where it has no place."""
        at = [k for k, one in enumerate(self.proposals) if one.id == proposal_id]
        if not at or self.faults[at[0]] is None or self.faults[at[0]].is_empty:
            return self.bounds
        west, south, east, north = shapely.bounds(self.faults[at[0]]).tolist()
        margin = max(east - west, north - south, _AROUND_DEG)
        return west - margin, south - margin, east + margin, north + margin


def build_view(found: GridsToRepair) -> RepairView:
    """Bring grids and faults to degrees for the map; figures stay those of the proposals."""
    grids = _in_degrees(found.grids.geometry.to_numpy(), found)
    shapes = np.array([one.geometry for one in found.proposals], dtype=object)
    faults = _in_degrees(shapes, found) if len(shapes) else shapes
    edges = shapely.total_bounds(grids[~shapely.is_missing(grids)])
    west, south, east, north = edges if np.isfinite(edges).all() else (73.0, 18.0, 135.0, 54.0)
    return RepairView(found, grids, faults, (float(west), float(south), float(east), float(north)))


def _in_degrees(
    shapes: np.ndarray[Any, np.dtype[np.object_]], found: GridsToRepair
) -> np.ndarray[Any, np.dtype[np.object_]]:
    frame = gpd.GeoDataFrame(geometry=shapes, crs=found.grids.crs)
    try:
        return np.asarray(to_stored(frame).geometry.to_numpy(), dtype=object)
    except GeoError:
        return np.full(len(shapes), None, dtype=object)


def decisions_of(told: Mapping[str, Told]) -> dict[str, Decision]:
    """Turn what was told on a screen into decisions."""
    return {name: Decision(Verdict(verdict), taker) for name, (verdict, taker) in told.items()}


def state_of(told: Mapping[str, Told], proposal_id: str) -> str:
    """Give one of `STATES`."""
    return told[proposal_id][0] if proposal_id in told else OPEN


def counted(told: Mapping[str, Told], proposals: Iterable[RepairProposal]) -> dict[str, int]:
    """Count the proposals by state, zeros included."""
    found = Counter(state_of(told, one.id) for one in proposals)
    return {state: found[state] for state in STATES}


def told_for(proposal: RepairProposal, taker: str) -> Told:
    """Say what choosing a taker means: as proposed, another grid, or leave."""
    if taker == proposal.taker:
        return Verdict.ACCEPT.value, ""
    if not taker:
        return Verdict.REFUSE.value, ""
    return Verdict.CHANGE.value, taker


def all_of_kind(
    told: Mapping[str, Told], proposals: Iterable[RepairProposal], kind: str, verdict: str
) -> dict[str, Told]:
    """Decide all proposals of one kind alike."""
    return {**told, **{one.id: (verdict, "") for one in proposals if one.kind.value == kind}}


def next_open(told: Mapping[str, Told], view: RepairView, after: str) -> str:
    """Give the next undecided proposal, from one on round; that one where none is left."""
    ids = [one.id for one in view.proposals]
    start = ids.index(after) + 1 if after in ids else 0
    return next((name for name in (*ids[start:], *ids[:start]) if name not in told), after)


def acts(told: Mapping[str, Told], view: RepairView) -> bool:
    """Whether any decision changes the grids."""
    return any(
        state_of(told, one.id) == Verdict.CHANGE.value
        or (state_of(told, one.id) == Verdict.ACCEPT.value and one.action is not RepairAction.LEAVE)
        for one in view.proposals
    )
