"""Propose one repair for each fault of a set of boundaries, with the reason and other takers.

Used by `data.importers.place_decisions`. Nothing is changed here; large holes are never proposed
to be filled. Knows nothing of what a steward decides.

Rules: a gap or crack narrower than the stated width goes to the neighbour with the longest common
border (as GEOS's coverage cleaning does, ties to the lower code). Of two grids that overlap, the
one keeps the ground that would otherwise lose at least half of itself, else the one whose giving
it up would tear it apart, else that with the longest common border with the piece (ties to the
lower code).
"""

import hashlib
from collections import Counter, defaultdict
from dataclasses import dataclass, replace
from typing import Any, Final

import geopandas as gpd
import numpy as np
import shapely

from geo.repairs.ground import Ground, common_border_m, ground_of, parts
from geo.repairs.values import RepairAction, RepairOptions, RepairProposal
from geo.surfaces import TOUCH_M, polygonal
from geo.tiling import FaultKind, find_faults

_HALF: Final = 0.5
_SAME: Final = 1.0 - 1e-6
"""Two shapes that share this much of both are the same ground."""
_CORNER_M: Final = 5.0 * TOUCH_M
"""A grid that meets a gap along no more than this touches a corner of it, and cannot get it."""
_LEAST_REST: Final = 0.01
_PLACE_DIGITS: Final = 9


@dataclass(frozen=True, slots=True)
class _Advice:
    action: RepairAction
    why: str
    giver: str = ""
    taker: str = ""
    alternatives: tuple[str, ...] = ()


def propose_repairs(
    frame: gpd.GeoDataFrame, options: RepairOptions | None = None
) -> tuple[RepairProposal, ...]:
    """Propose a repair for every fault that `find_faults` lists, in its order.

    Parameters
    ----------
    frame
        `grid_code` and geometry, EPSG:4326 or a metric CRS; codes may repeat, shapes may be bad
        or missing. Columns of counts, where there are any, tell doubled rows from different ones.

    Raises
    ------
    CrsError, FrameError
        Those of `find_faults`.
    """
    chosen = options or RepairOptions()
    faults = find_faults(
        frame,
        parents=chosen.parents,
        min_area_m2=chosen.min_area_m2,
        sliver_width_m=chosen.sliver_width_m,
    )
    ground = ground_of(frame)
    seen: Counter[str] = Counter()
    proposals = []
    for fault in faults.frame.itertuples(index=False):
        made = _proposal(fault, ground, frame, chosen)
        seen[made.id] += 1
        twin = seen[made.id]
        proposals.append(made if twin == 1 else replace(made, id=f"{made.id}-{twin}"))
    return tuple(_spared(proposals, ground))


def _spared(proposals: list[RepairProposal], ground: Ground) -> list[RepairProposal]:
    """Leave overlaps to the steward where all of them together would use a grid up."""
    claimed: dict[str, list[shapely.Geometry]] = defaultdict(list)
    for proposal in proposals:
        if proposal.giver:
            claimed[proposal.giver].append(ground.lay(proposal.geometry))
    used = set()
    for code, pieces in claimed.items():
        area = ground.areas[ground.rows[code][0]]
        rest = shapely.area(shapely.difference(area, shapely.union_all(pieces)))
        if rest < _LEAST_REST * shapely.area(area):
            used.add(code)
    return [
        replace(
            one, action=RepairAction.LEAVE, why="used_up", giver="", taker="",
            alternatives=one.codes,
        )
        if one.giver in used
        else one
        for one in proposals
    ]  # fmt: skip


def _proposal(
    fault: Any,  # noqa: ANN401 - a named tuple of the faults frame
    ground: Ground,
    frame: gpd.GeoDataFrame,
    options: RepairOptions,
) -> RepairProposal:
    kind = FaultKind(fault.kind)
    codes = tuple(fault.codes)
    if kind in _PLAIN:
        advice = _plain(kind, fault.detail)
    elif kind is FaultKind.DUPLICATE_CODE:
        advice = _doubled(ground, frame, codes[0], options.counts)
    elif fault.detail == "overlap" or kind is FaultKind.OVERLAP:
        advice = _overlap(ground, codes, is_sliver=kind is FaultKind.SLIVER)
    else:
        advice = _gap(ground, fault, options.gap_width_m)
    return RepairProposal(
        id=_id_of(kind, codes, fault.geometry),
        kind=kind,
        codes=codes,
        action=advice.action,
        giver=advice.giver,
        taker=advice.taker,
        alternatives=advice.alternatives,
        area_m2=float(fault.area_m2),
        width_m=float(fault.width_m),
        geometry=fault.geometry,
        why=advice.why,
        detail=str(fault.detail),
    )


_PLAIN: Final = {
    FaultKind.INVALID: (RepairAction.MAKE_VALID, "even_odd"),
    FaultKind.EMPTY: (RepairAction.LEAVE, "no_shape"),
    FaultKind.MULTIPART: (RepairAction.LEAVE, "parts_may_be_meant"),
    FaultKind.OUTSIDE_PARENT: (RepairAction.LEAVE, "outside_parent"),
}
"""Kinds that need no look at the ground."""


def _plain(kind: FaultKind, detail: str) -> _Advice:
    if detail == "not_a_polygon":
        return _Advice(RepairAction.LEAVE, "not_an_area")
    return _Advice(*_PLAIN[kind])


def _doubled(
    ground: Ground, frame: gpd.GeoDataFrame, code: str, counts: tuple[str, ...]
) -> _Advice:
    """Drop rows that say the same twice, join pieces that touch; anything else is the steward's."""
    rows = ground.rows[code]
    first, others = ground.areas[rows[0]], ground.areas[rows[1:]]
    if all(_is_same(first, other) for other in others):
        known = [column for column in counts if column in frame.columns]
        told = {tuple(str(frame[column].iloc[row]) for column in known) for row in rows}
        if len(told) == 1:
            return _Advice(RepairAction.DROP_DUPLICATE, "same_twice", taker=code)
        return _Advice(RepairAction.LEAVE, "which_is_meant")
    joined = shapely.union_all(ground.areas[rows])
    apart = float(shapely.area(ground.areas[rows]).sum() - shapely.area(joined))
    if parts(joined) == 1 and apart <= 1e-6 * shapely.area(joined):
        return _Advice(RepairAction.JOIN_DUPLICATE, "touching_pieces", taker=code)
    return _Advice(RepairAction.LEAVE, "which_is_meant")


def _is_same(a: shapely.Geometry, b: shapely.Geometry) -> bool:
    common = float(shapely.area(shapely.intersection(a, b)))
    largest = float(max(shapely.area(a), shapely.area(b)))
    return largest > 0.0 and common >= _SAME * largest


def _overlap(ground: Ground, codes: tuple[str, ...], *, is_sliver: bool) -> _Advice:
    if any(len(ground.rows[code]) > 1 for code in codes) or codes[0] == codes[1]:
        return _Advice(RepairAction.LEAVE, "settle_code_first")
    pair = np.array([ground.areas[ground.rows[code][0]] for code in codes], dtype=object)
    if _is_same(pair[0], pair[1]):
        return _Advice(RepairAction.LEAVE, "same_ground", alternatives=codes)
    keeper, why = _keeper(pair, is_sliver=is_sliver)
    action = RepairAction.DISSOLVE_SLIVER if is_sliver else RepairAction.TAKE_OVERLAP
    taker, giver = codes[keeper], codes[1 - keeper]
    return _Advice(action, why, giver, taker, (giver,))


def _keeper(pair: Any, *, is_sliver: bool) -> tuple[int, str]:  # noqa: ANN401 - two areas
    """Say which of two grids keeps the ground both claim, and why."""
    piece = polygonal(shapely.intersection(pair[0], pair[1]))
    shares = shapely.area(piece) / shapely.area(pair)
    if shares.max() >= _HALF:
        return int(np.argmax(shares)), "would_vanish"
    rest = [polygonal(shapely.difference(pair[k], pair[1 - k])) for k in (0, 1)]
    torn = [parts(rest[k]) > parts(pair[k]) for k in (0, 1)]
    if torn[0] != torn[1]:
        return (0 if torn[0] else 1), "would_be_torn"
    border_m = common_border_m(piece, np.array(rest, dtype=object))
    why = "hairline" if is_sliver else "longest_border"
    return int(np.argmax(np.round(border_m, 6))), why


def _gap(ground: Ground, fault: Any, gap_width_m: float) -> _Advice:  # noqa: ANN401 - a fault
    if not fault.codes:
        return _Advice(RepairAction.LEAVE, "no_neighbour")
    gap = ground.lay(fault.geometry)
    codes = np.array(fault.codes, dtype=object)
    areas = np.array(
        [shapely.union_all(ground.areas[ground.rows[code]]) for code in codes], dtype=object
    )
    border_m = np.round(common_border_m(gap, areas), 6)
    order = np.argsort(-border_m, kind="stable")
    sides = [k for k in order if border_m[k] > _CORNER_M] or order[:1].tolist()
    takers = tuple(str(codes[k]) for k in sides)
    if fault.detail != "open_gap" and _width_m(gap, gap_width_m) >= gap_width_m:
        return _Advice(RepairAction.LEAVE, "large_hole", alternatives=takers)
    is_sliver = fault.kind == FaultKind.SLIVER.value
    action = RepairAction.DISSOLVE_SLIVER if is_sliver else RepairAction.GIVE_GAP
    return _Advice(action, "longest_border", "", takers[0], takers[1:])


def _width_m(gap: shapely.Geometry, gap_width_m: float) -> float:
    """Give the diameter of the largest circle inside a gap, near enough to compare it."""
    tolerance_m = max(gap_width_m / 100.0, float(np.sqrt(shapely.area(gap))) / 1000.0)
    piece: Any = gap
    return 2.0 * float(shapely.length(shapely.maximum_inscribed_circle(piece, tolerance_m)))


def _id_of(kind: FaultKind, codes: tuple[str, ...], shape: shapely.Geometry | None) -> str:
    """Name a fault by what it is and where, the same in every run."""
    place = "" if shape is None else np.round(shapely.bounds(shape), _PLACE_DIGITS).tolist()
    told = "\x1f".join((kind.value, *codes, str(place)))
    return f"{kind.value}-{hashlib.sha256(told.encode()).hexdigest()[:10]}"
