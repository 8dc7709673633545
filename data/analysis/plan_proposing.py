"""Make proposals for a plan, and turn the one that is chosen into ordinary edits.

Used by `gridbeat plan propose` and the planner's screen. Knows nothing of sentences.

A proposal says which atom belongs to which grid. Drawn it is a row of splits, transfers and merges
that the log keeps and undo takes back, each checked as if a person had drawn it; between two of
them a grid may lie in parts, at the end none does that did not before.
"""

from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass, replace
from typing import Final

import geopandas as gpd
import numpy as np
import numpy.typing as npt
import pandas as pd
import shapely
from sqlalchemy.orm import Session

from data.analysis.plan_counts import PlanCounts
from data.analysis.plan_figures import PlanGround, plan_figures
from data.analysis.plan_points import PlanPoints
from data.errors import DataError
from data.frames import compounds_frame, homes_frame, streets_frame
from data.viewer import Viewer
from geo.crs import STORED_CRS
from geo.districting.atoms import Atoms, cut_atoms
from geo.districting.goals import Proposal
from geo.edits.applying import apply
from geo.edits.refusal import EditRefused
from geo.edits.renumbering import next_code
from geo.edits.report import Applied, EditOptions
from geo.edits.report import Atoms as Homes
from geo.edits.tiling import COUNTS, EditTiling
from geo.edits.values import Edit, Merge, Split, Transfer

IntArray = npt.NDArray[np.int64]
LOAD: Final = "load"
HARM: Final = "harm"
_SNAP_M: Final = 0.05
_HALF: Final = 0.49
"""Most of a giver that the first piece of a new grid may be: the larger part keeps the code."""
Step = tuple[str, str, IntArray]
"""Giver, taker and the rows of the atoms that go."""


@dataclass(frozen=True, eq=False)
class Matter:
    """All that is read of a store for proposals: it may be cut and searched in another process.

    Attributes
    ----------
    grids
        The chosen grids with their counts, EPSG:4326.
    counts
        Those of `COUNTS` that every chosen grid has.
    lines, pieces, homes
        Streets, compounds and buildings with households; None where the store has none.
    points, ground
        What makes the work: `read_points`, `read_ground`.
    """

    grids: gpd.GeoDataFrame
    counts: tuple[str, ...]
    lines: gpd.GeoDataFrame | None
    pieces: gpd.GeoDataFrame | None
    homes: gpd.GeoDataFrame | None
    points: Mapping[str, PlanPoints]
    ground: PlanGround


def read_matter(
    session: Session,
    viewer: Viewer,
    tiling: EditTiling,
    codes: Iterable[str],
    asked: tuple[Mapping[str, PlanPoints], PlanGround],
) -> Matter:
    """Read what the chosen grids are cut by, and what lies in them; see `plan_atoms`."""
    frame = tiling.frame()
    grids = gpd.GeoDataFrame(frame[frame["grid_code"].isin(set(codes))])
    counts = tuple(
        name for name in COUNTS
        if name in grids.columns and len(grids) and bool(grids[name].notna().all())
    )  # fmt: skip
    compounds = compounds_frame(session, viewer).rename(columns={"compound_id": "piece_code"})
    homes = homes_frame(session, viewer)
    points, ground = asked
    return Matter(
        grids=grids,
        counts=counts,
        lines=_known(streets_frame(session, viewer)),
        pieces=_known(compounds),
        homes=homes if counts and len(homes) else None,
        points=points,
        ground=replace(ground, _held=[]),
    )


def cut_matter(matter: Matter) -> Atoms:
    """Cut the grids, and say what work and what harm lies in each piece; see `plan_atoms`."""
    atoms = cut_atoms(
        matter.grids,
        lines=matter.lines,
        pieces=matter.pieces,
        points=matter.homes,
        counts=matter.counts,
    )
    found = _figures(atoms, matter.points, matter.ground)
    atoms = atoms.with_counts(HARM, found["harm"])
    return atoms.with_counts(LOAD, found["load_minutes"], is_estimated=bool(atoms.estimated))


def plan_atoms(
    session: Session,
    viewer: Viewer,
    tiling: EditTiling,
    codes: Iterable[str],
    asked: tuple[Mapping[str, PlanPoints], PlanGround],
) -> Atoms:
    """Cut the chosen grids by compounds and streets, and say what work lies in each piece.

    Parameters
    ----------
    codes
        Grids to cut; those that the tiling has not are left out.
    asked
        Points that are counted, and posts, weights and bands (`read_points`, `read_ground`).

    Raises
    ------
    FrameError, TilingError, GeoError
        Those of `geo.districting.atoms.cut_atoms`.
    """
    return cut_matter(read_matter(session, viewer, tiling, codes, asked))


def _known(frame: gpd.GeoDataFrame) -> gpd.GeoDataFrame | None:
    shapes = frame.geometry
    kept = gpd.GeoDataFrame(frame[shapes.notna() & ~shapes.is_empty])
    return kept.explode(index_parts=False, ignore_index=True) if len(kept) else None


def _figures(
    atoms: Atoms, points: Mapping[str, PlanPoints], ground: PlanGround
) -> dict[str, npt.NDArray[np.float64]]:
    """Give minutes of work and harm of each piece."""
    frame = gpd.GeoDataFrame(
        {
            "grid_code": np.array(atoms.codes, dtype=object),
            "name": "",
            "parent_code": np.array([code or None for code in atoms.parents], dtype=object),
            **{
                name: pd.array(np.rint(values).astype(np.int64), dtype="Int64")
                for name, values in atoms.counts.items()
            },
        },
        geometry=atoms.shapes,
        crs=STORED_CRS,
    )
    found = plan_figures(frame, PlanCounts(frame, points), replace(ground, _held=[]))
    return {
        name: np.asarray(found.columns[name], dtype=np.float64) for name in ("load_minutes", "harm")
    }


def new_codes(tiling: EditTiling, parent: str, count: int) -> tuple[str, ...]:
    """Give codes for new grids of a community, none of them ever used.

    Raises
    ------
    EditRefused
        ``codes_used_up``.
    """
    found: list[str] = []
    for _ in range(count):
        taken = replace(tiling, retired=tiling.retired | set(found))
        found.append(next_code(taken, parent))
    return tuple(found)


def edits_of(
    tiling: EditTiling, atoms: Atoms, proposal: Proposal, options: EditOptions
) -> tuple[tuple[Edit, ...], EditOptions]:
    """Give the edits that lead from a tiling to a proposal, and how they are to be applied.

    Raises
    ------
    DataError
        `plan_proposal_not_drawn`, as `steps_of`.
    """
    steps, how = steps_of(tiling, atoms, proposal, options)
    return tuple(edit for edit, _ in steps), how


def steps_of(
    tiling: EditTiling,
    atoms: Atoms,
    proposal: Proposal,
    options: EditOptions,
    told: Callable[[float], object] | None = None,
) -> tuple[tuple[tuple[Edit, Applied], ...], EditOptions]:
    """Give the edits that lead from a tiling to a proposal, each with what it made.

    Counts go with the atoms, so that the draft has the very figures that the proposal told.

    Parameters
    ----------
    told
        Told the share done.

    Raises
    ------
    DataError
        `plan_proposal_not_drawn` (fields `codes`, `why`): no order of edits gets through, or a
        grid would end in parts; draw it by hand, or cut finer.
    """
    counts = {m: np.rint(atoms.counts[m]).astype(np.int64) for m in COUNTS if m in atoms.counts}
    how = replace(
        options,
        allow_parts=True,
        clip=True,
        sliver_m=0.0,
        snap_m=min(options.snap_m, _SNAP_M),
        atoms=Homes(atoms.shapes, counts) if counts else options.atoms,
    )
    pending = [(a, b, rows) for (a, b), rows in proposal.transfers(atoms.grids).items()]
    whole = max(1, len(pending))
    staying = set(proposal.grids)
    made: list[tuple[Edit, Applied]] = []
    why = ""
    while pending:
        left: list[Step] = []
        is_stuck = True
        for step in pending:
            drawn = _drawn(tiling, atoms, step, staying, how)
            if isinstance(drawn, str):
                why = drawn
                left.append(step)
                continue
            is_stuck = False
            applied, edit, rest = drawn
            tiling = applied.tiling
            made.append((edit, applied))
            left += rest
            if told is not None:
                told(min(1.0, len(made) / whole))
        if is_stuck:
            codes = sorted({code for a, b, _ in left for code in (a, b)})
            raise DataError("plan_proposal_not_drawn", codes=codes[:20], why=why)
        pending = left
    _require_whole(tiling, atoms, proposal)
    return tuple(made), how


def _drawn(
    tiling: EditTiling, atoms: Atoms, step: Step, staying: set[str], how: EditOptions
) -> tuple[Applied, Edit, list[Step]] | str:
    """Draw one step; give what it made, its edit and what is left, or why it cannot be yet."""
    giver, taker, rows = step
    try:
        if taker not in tiling:
            return _begun(tiling, atoms, step, how)
        edit: Edit = Transfer.of(giver, taker, _melted(atoms, rows))
        try:
            applied = apply(tiling, edit, how)
        except EditRefused as fault:
            if fault.code != "whole_grid" or giver in staying:
                raise
            edit = Merge((giver, taker), taker)
            applied = apply(tiling, edit, how)
    except EditRefused as fault:
        return fault.code
    return applied, edit, []


def _begun(
    tiling: EditTiling, atoms: Atoms, step: Step, how: EditOptions
) -> tuple[Applied, Edit, list[Step]] | str:
    """Split a new grid off with as much of the step as is the smaller part of its giver.

    Tried are the whole step, then its atoms, largest first; the rest is transferred afterwards.
    """
    giver, taker, rows = step
    whole = shapely.area(tiling.shape(giver))
    areas = shapely.area(atoms.shapes[rows])
    tries = [rows, *(rows[[k]] for k in np.argsort(-areas, kind="stable").tolist())]
    why = "line_does_not_divide"
    for chosen in tries:
        part = _melted(atoms, chosen)
        if shapely.area(part) > _HALF * whole:
            continue
        line = _cut_of(tiling.shape(giver), part)
        if line is None:
            continue
        edit = Split(
            giver, tuple((x, y) for x, y in shapely.get_coordinates(line).tolist()), taker, taker
        )
        try:
            applied = apply(tiling, edit, how)
        except EditRefused as fault:
            why = fault.code
            continue
        rest = np.setdiff1d(rows, chosen)
        return applied, edit, [(giver, taker, rest)] if len(rest) else []
    return why


def _melted(atoms: Atoms, rows: IntArray) -> shapely.Geometry:
    melted: shapely.Geometry = shapely.coverage_union_all(atoms.shapes[rows])
    return melted


def _cut_of(grid: shapely.Geometry, part: shapely.Geometry) -> shapely.Geometry | None:
    """Give the one line along which a part leaves its grid; None where it is not one line."""
    if shapely.get_num_geometries(part) != 1:
        return None
    inner = shapely.difference(shapely.boundary(part), shapely.boundary(grid))
    line = shapely.line_merge(inner)
    is_one = line.geom_type in {"LineString", "LinearRing"} and not line.is_empty
    return line if is_one else None


def _require_whole(tiling: EditTiling, atoms: Atoms, proposal: Proposal) -> None:
    """Refuse a drawing that left a grid of the proposal in parts."""
    parts = {
        code: int(shapely.get_num_geometries(tiling.shape(code)))
        for code in set(proposal.grids)
        if code in tiling
    }
    broken = sorted(
        code
        for code, count in parts.items()
        if count > 1 and shapely.get_num_geometries(_own(atoms, proposal, code)) < count
    )
    missing = sorted(set(proposal.grids) - parts.keys())
    if broken or missing:
        raise DataError(
            "plan_proposal_not_drawn", codes=[*broken, *missing][:20], why="detached_part"
        )


def _own(atoms: Atoms, proposal: Proposal, code: str) -> shapely.Geometry:
    rows = [row for row, grid in enumerate(proposal.grids) if grid == code]
    return _melted(atoms, np.array(rows, dtype=np.int64))
