"""Carry out the repairs that were decided, and say which ground and which counts moved.

Used by `data.importers.place_decisions`. Nothing moves that was not accepted or changed; what was
refused, or not decided, stays as it was and stays listed.
Knows nothing of files and of the store.

Rings first (read even-odd), then doubled rows, overlaps, gaps. Then GEOS's coverage cleaning makes
the shared borders of the touched grids and their neighbours identical vertex by vertex; grids of
a refused overlap are kept out of it, for it would settle that as well.
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from typing import Final

import geopandas as gpd
import numpy as np
import pandas as pd
import shapely

from geo.errors import TilingError
from geo.repairs.counts import Handover, shared_out
from geo.repairs.ground import Ground, ground_of, parts
from geo.repairs.values import (
    Decision,
    GroundMoved,
    RepairAction,
    RepairOptions,
    RepairOutcome,
    RepairProposal,
    Verdict,
)
from geo.surfaces import TOUCH_M, ObjectArray, is_areal, mean_width_m, polygonal
from geo.tiling import FaultKind, find_faults

_SNAP_M: Final = 1e-6
_SEAM_M: Final = 1e-3
"""Cracks narrower than this are the noise of laying pieces together, and are closed."""
_CRUMB_M: Final = 1e-4
_WIDE_SEAM_M: Final = 1e-2
_STILL_M2: Final = 1e-4
_RANK: Final = {FaultKind.INVALID: 0, FaultKind.DUPLICATE_CODE: 1}
_DUPLICATES: Final = frozenset({RepairAction.DROP_DUPLICATE, RepairAction.JOIN_DUPLICATE})


@dataclass
class _Bench:
    """The grids while they are worked on."""

    ground: Ground
    areas: ObjectArray
    raw_rows: set[int]
    held: set[int] = field(default_factory=set)
    touched: set[int] = field(default_factory=set)
    handovers: list[Handover] = field(default_factory=list)
    failed: dict[str, str] = field(default_factory=dict)
    applied: list[str] = field(default_factory=list)


def apply_repairs(
    frame: gpd.GeoDataFrame,
    proposals: Sequence[RepairProposal],
    decisions: Mapping[str, Decision],
    options: RepairOptions | None = None,
) -> RepairOutcome:
    """Return the grids with the accepted repairs, and a report of all that moved.

    Parameters
    ----------
    frame
        The frame that the proposals were made of.
    decisions
        Proposal id → decision; a proposal without one is not carried out.

    Raises
    ------
    TilingError
        ``repairs_unknown`` (field `ids`): decisions of another file, or of another state of it;
        ``repair_taker`` (fields `taker`, `known`): that grid does not border on the fault.
    CrsError, FrameError
        Those of `find_faults`.
    """
    chosen = options or RepairOptions()
    wanted = _wanted(proposals, decisions)
    ground = ground_of(frame)
    areal = np.flatnonzero(is_areal(ground.raw)).tolist()
    bad = {row for row in areal if not _is_sound(ground.raw[row])}
    bench = _Bench(ground, ground.areas.copy(), bad)
    _hold(bench, proposals, wanted)
    for proposal in sorted(proposals, key=lambda one: _RANK.get(one.kind, 3 if one.is_gap else 2)):
        if proposal.id in wanted:
            _carry_out(bench, proposal, wanted[proposal.id])
    if bench.applied:
        _match_borders(bench)
    return _outcome(bench, frame, proposals, chosen)


def _wanted(
    proposals: Sequence[RepairProposal], decisions: Mapping[str, Decision]
) -> dict[str, str]:
    """Give for each proposal to be carried out the grid that gets the ground."""
    known = {proposal.id: proposal for proposal in proposals}
    strange = sorted(set(decisions) - set(known))
    if strange:
        raise TilingError("repairs_unknown", ids=strange)
    wanted = {}
    for name, decision in decisions.items():
        proposal = known[name]
        if decision.verdict is Verdict.CHANGE:
            if decision.taker not in proposal.takers:
                raise TilingError("repair_taker", taker=decision.taker, known=list(proposal.takers))
            wanted[name] = decision.taker
        elif decision.verdict is Verdict.ACCEPT and proposal.action is not RepairAction.LEAVE:
            wanted[name] = proposal.taker
    return wanted


def _hold(bench: _Bench, proposals: Sequence[RepairProposal], wanted: Mapping[str, str]) -> None:
    """Keep grids out of the cleaning that would settle a refused fault of theirs."""
    for proposal in proposals:
        is_thin = proposal.is_gap and proposal.width_m < _WIDE_SEAM_M
        if proposal.id not in wanted and (proposal.is_overlap or is_thin):
            for code in proposal.codes:
                bench.held.update(bench.ground.rows[code])


def _carry_out(bench: _Bench, proposal: RepairProposal, taker: str) -> None:
    rows = bench.ground.rows
    if proposal.kind is FaultKind.INVALID:
        row_set = set(rows[proposal.codes[0]])
        bench.raw_rows -= row_set
        bench.touched |= row_set
        bench.applied.append(proposal.id)
        return
    concerned = {row for code in {*proposal.codes, taker} for row in rows.get(code, ())}
    if proposal.is_gap:
        concerned = set(rows[taker])
    if concerned & bench.raw_rows:
        bench.failed[proposal.id] = "needs_make_valid"
        return
    if proposal.action in _DUPLICATES:
        fault = _settle_code(bench, proposal)
    elif proposal.is_overlap:
        fault = _settle_overlap(bench, proposal, taker)
    else:
        fault = _settle_gap(bench, proposal, taker)
    if fault:
        bench.failed[proposal.id] = fault
    else:
        bench.applied.append(proposal.id)


def _settle_code(bench: _Bench, proposal: RepairProposal) -> str:
    """Give the ground of the later rows of a code to the first.

    Of pieces the counts follow; what stood there twice keeps its counts on the dropped row, so
    that they are neither lost nor counted again.
    """
    first, *others = bench.ground.rows[proposal.codes[0]]
    for row in others:
        piece = bench.areas[row]
        if proposal.action is RepairAction.JOIN_DUPLICATE:
            bench.areas[first] = polygonal(shapely.union(bench.areas[first], piece))
            bench.handovers.append(Handover(proposal.id, row, first, piece))
        bench.areas[row] = shapely.Polygon()
        bench.touched |= {first, row}
    return ""


def _settle_overlap(bench: _Bench, proposal: RepairProposal, taker: str) -> str:
    giver = next(code for code in proposal.codes if code != taker)
    (to,), (of,) = bench.ground.rows[taker], bench.ground.rows[giver]
    piece = polygonal(shapely.intersection(bench.areas[of], bench.areas[to]))
    bench.touched |= {to, of}
    if shapely.is_empty(piece):
        return ""  # another repair settled it on the way
    rest, crumbs = _parted(polygonal(shapely.difference(bench.areas[of], bench.areas[to])))
    if shapely.is_empty(rest) and taker == proposal.taker:
        return "would_vanish"  # only a steward's change does away with a grid
    bench.areas[of] = rest
    if not shapely.is_empty(crumbs):
        bench.areas[to] = polygonal(shapely.union(bench.areas[to], crumbs))
    bench.handovers.append(Handover(proposal.id, of, to, piece))
    return ""


def _parted(shape: shapely.Geometry) -> tuple[shapely.Geometry, shapely.Geometry]:
    """Part an area from the hairs that lines which nearly coincide leave of it."""
    pieces = shapely.get_parts(shape)
    is_crumb = mean_width_m(pieces) < _CRUMB_M
    if not is_crumb.any():
        return shape, shapely.Polygon()
    return polygonal(shapely.union_all(pieces[~is_crumb])), shapely.union_all(pieces[is_crumb])


def _settle_gap(bench: _Bench, proposal: RepairProposal, taker: str) -> str:
    to = bench.ground.rows[taker][0]
    gap = bench.ground.lay(proposal.geometry)
    near = np.flatnonzero(shapely.dwithin(bench.areas, gap, TOUCH_M))
    around = shapely.GeometryCollection(bench.areas[near].tolist())
    piece: shapely.Geometry = shapely.make_valid(shapely.snap(gap, around, _SNAP_M))
    is_open = proposal.detail == "open_gap"
    if is_open:  # cracks are found by buffers and fall short of the borders
        grown = shapely.buffer(piece, _SEAM_M / 2.0, join_style="mitre")
        piece = polygonal(shapely.intersection(grown, shapely.convex_hull(around)))
    piece = polygonal(shapely.difference(piece, shapely.union_all(bench.areas[near])))
    piece = _parted(piece)[0] if is_open else piece
    if shapely.is_empty(piece):
        return "nothing_left"
    joined = polygonal(shapely.union(bench.areas[to], piece))
    if parts(joined) > parts(bench.areas[to]):  # borders that coincide but for rounding
        others = shapely.union_all(bench.areas[near[near != to]])
        lapped = shapely.union(bench.areas[to], shapely.buffer(piece, _CRUMB_M, join_style="mitre"))
        joined = _parted(polygonal(shapely.difference(lapped, others)))[0]
    if parts(joined) > parts(bench.areas[to]):
        return "would_detach"
    bench.areas[to] = joined
    bench.touched |= {to, *map(int, near)}
    bench.handovers.append(Handover(proposal.id, -1, to, piece))
    return ""


def _match_borders(bench: _Bench) -> None:
    """Make the borders of touched grids and of their neighbours identical, vertex by vertex."""
    tree = shapely.STRtree(bench.areas)
    own = np.array(sorted(bench.touched), dtype=np.int64)
    found = tree.query(bench.areas[own], predicate="dwithin", distance=TOUCH_M)[1]
    out = bench.held | bench.raw_rows
    rows = np.array(sorted((set(map(int, found)) | bench.touched) - out), dtype=np.int64)
    if len(rows) == 0 or shapely.coverage_is_valid(bench.areas[rows], gap_width=_SEAM_M):
        return
    # the published type stubs stop before shapely 2.2
    cleaned = shapely.coverage_clean(bench.areas[rows], gap_width=_SEAM_M)  # type: ignore[attr-defined]
    bench.areas[rows] = np.asarray(cleaned, dtype=object)


def _outcome(
    bench: _Bench,
    frame: gpd.GeoDataFrame,
    proposals: Sequence[RepairProposal],
    options: RepairOptions,
) -> RepairOutcome:
    ground = bench.ground
    repaired = frame.copy()
    name = frame.geometry.name
    laid = [shapely.normalize(shapes) for shapes in (bench.areas, ground.areas)]
    is_new = ~shapely.equals_identical(laid[0], laid[1])
    mended = [row for row in bench.touched if not _is_sound(ground.raw[row])]
    is_new[mended] = True
    is_new[sorted(bench.raw_rows)] = False
    shapes = ground.raw.copy()
    shapes[is_new] = ground.lift(bench.areas)[is_new]
    repaired[name] = gpd.GeoSeries(shapes, index=frame.index, crs=frame.crs)
    repaired = repaired.set_geometry(name, crs=frame.crs)
    sizes = ground.area_m2([one.piece for one in bench.handovers])
    before_m2 = ground.area_m2(ground.areas)
    counted = shared_out(repaired, bench.handovers, sizes, before_m2, options.counts)
    moved = tuple(
        GroundMoved(
            one.proposal_id,
            "" if one.giver < 0 else ground.codes[one.giver],
            ground.codes[one.taker],
            float(size),
            counts,
            shape,
        )
        for one, size, counts, shape in zip(
            bench.handovers, sizes, counted.moved,
            ground.lift(np.array([one.piece for one in bench.handovers], dtype=object)),
            strict=True,
        )
    )  # fmt: skip
    after_m2 = ground.area_m2(bench.areas)
    gone = [row for row in np.flatnonzero(is_new) if bench.areas[row].is_empty]
    done = set(bench.applied)
    return RepairOutcome(
        frame=counted.frame,
        moved=moved,
        changed=_changed(bench, frame, counted.frame, (before_m2, after_m2), options.counts),
        applied=tuple(one.id for one in proposals if one.id in done),
        refused=tuple(o.id for o in proposals if o.id not in done and o.id not in bench.failed),
        failed=dict(bench.failed),
        dropped=tuple(ground.codes[row] for row in gone),
        sums=counted.sums,
        faults=find_faults(
            counted.frame,
            parents=options.parents,
            min_area_m2=options.min_area_m2,
            sliver_width_m=options.sliver_width_m,
        ),
    )


def _is_sound(shape: shapely.Geometry | None) -> bool:
    return shape is None or bool(shapely.is_valid(shape))


def _changed(
    bench: _Bench,
    before: gpd.GeoDataFrame,
    after: gpd.GeoDataFrame,
    areas_m2: tuple[np.ndarray, np.ndarray],
    counts: tuple[str, ...],
) -> pd.DataFrame:
    difference = shapely.symmetric_difference(bench.ground.areas, bench.areas)
    shapes = np.array([polygonal(shape) for shape in difference], dtype=object)
    moved_m2 = bench.ground.area_m2(shapes)
    table = pd.DataFrame(
        {
            "grid_code": before["grid_code"].to_numpy(dtype=object),
            "area_before_m2": areas_m2[0],
            "area_after_m2": areas_m2[1],
            "moved_m2": moved_m2,
        },
        index=before.index,
    )
    is_changed = moved_m2 >= _STILL_M2
    for column in counts:
        if column in before.columns:
            table[f"{column}_before"] = before[column]
            table[f"{column}_after"] = after[column]
            pairs = zip(before[column].tolist(), after[column].tolist(), strict=True)
            is_changed |= np.array([str(a) != str(b) for a, b in pairs], dtype=bool)
    return table[is_changed]
