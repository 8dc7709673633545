"""Cut grids into the pieces that a proposal may move: compounds, and what streets part.

Used by the planner before it asks for proposals. Knows nothing of goals and loads beyond counts.
Pieces share their vertices bit for bit, cover the grids exactly and belong to one grid each.
"""

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, replace
from typing import Final

import geopandas as gpd
import numpy as np
import numpy.typing as npt
import pandas as pd
import shapely

from geo.apportion import apportion_groups
from geo.assign import assign_points
from geo.crs import require_same_crs, require_stored, to_working
from geo.districting.balance import sound_counts
from geo.districting.cutting import Cut, cut_faces
from geo.districting.graph import AtomGraph, build_graph
from geo.errors import FrameError, TilingError
from geo.schema import GRIDS, Contract, require

FloatArray = npt.NDArray[np.float64]
IntArray = npt.NDArray[np.int64]
ObjectArray = npt.NDArray[np.object_]

READY: Final = Contract("atoms", ("atom_code", "grid_code"), frozenset({"POLYGON", "MULTIPOLYGON"}))
"""`atom_code`, `grid_code` (the grid of today), optional `parent_code`, counts, polygons."""

_COUNTS: Final = ("households", "residents")


@dataclass(frozen=True, slots=True, eq=False)
class Atoms:
    """Pieces that cover some grids exactly.

    Attributes
    ----------
    codes
        Of the atoms, each once.
    shapes
        Polygons in EPSG:4326 that share their vertices.
    grids
        Code of the grid that each atom belongs to today: the start of a proposal.
    parents
        Code of the community of each atom; empty where none is stated.
    counts
        By measure one number for each atom.
    estimated
        Measures that were shared out and not counted at the atom.
    graph
        Neighbours, lengths in metres of the working CRS.
    shapes_m
        The same polygons in metres, for areas, centres and distances.
    """

    codes: tuple[str, ...]
    shapes: ObjectArray
    grids: tuple[str, ...]
    parents: tuple[str, ...]
    counts: Mapping[str, FloatArray]
    estimated: frozenset[str]
    graph: AtomGraph
    shapes_m: ObjectArray

    def __len__(self) -> int:
        """How many atoms."""
        return len(self.codes)

    def with_counts(
        self, name: str, values: npt.ArrayLike, *, is_estimated: bool = False
    ) -> "Atoms":
        """Return the atoms with one more measure, such as `load` in minutes.

        Raises
        ------
        GeoError
            ``bad_counts``: negative or missing numbers.
        FrameError
            ``atoms_length``: another number of values than atoms (fields `expected`, `got`).
        """
        found = sound_counts(name, values)
        if found.shape != (len(self),):
            raise FrameError("atoms_length", expected=len(self), got=int(found.size))
        estimated = self.estimated | {name} if is_estimated else self.estimated - {name}
        return replace(self, counts={**self.counts, name: found}, estimated=estimated)

    def count_points(self, points: gpd.GeoDataFrame) -> IntArray:
        """Count points in each atom, by the border rule of `geo.assign`; not those outside.

        Raises
        ------
        CrsError, FrameError
            Those of `geo.assign.assign_points`.
        """
        frame = gpd.GeoDataFrame({"grid_code": list(self.codes)}, geometry=self.shapes, crs=4326)
        placed = assign_points(points, frame).grid_code
        rows = pd.Index(self.codes).get_indexer(pd.Index(placed[placed.notna()].astype(object)))
        return np.bincount(rows, minlength=len(self)).astype(np.int64)


def atoms_of(frame: gpd.GeoDataFrame, *, counts: Sequence[str] = _COUNTS) -> Atoms:
    """Take ready atoms, such as census blocks that already tile the grids.

    Parameters
    ----------
    frame
        Satisfying `READY`, EPSG:4326; neighbours share their vertices.
    counts
        Columns of counts; those that the frame lacks are left out.

    Raises
    ------
    CrsError
        ``no_crs``, ``crs_mismatch``.
    FrameError
        ``no_atoms``, ``duplicate_codes``, those of `schema.require`.
    TilingError
        ``atoms_not_a_coverage`` (fields `count`, `codes`): borders without common vertices, or
        overlaps. `cut_atoms` mends what only lacks vertices.
    GeoError
        ``bad_counts``.
    """
    require(frame, READY)
    require_stored(frame)
    _require_codes(frame, "atom_code")
    shapes = frame.geometry.to_numpy()
    faults = shapely.coverage_invalid_edges(shapes)
    bad = np.flatnonzero(~shapely.is_empty(faults))
    codes = tuple(frame["atom_code"])
    if len(bad):
        named = ", ".join(codes[k] for k in bad[:5])
        raise TilingError("atoms_not_a_coverage", count=len(bad), codes=named)
    given = {name: sound_counts(name, frame[name]) for name in counts if name in frame.columns}
    return _built(codes, shapes, tuple(frame["grid_code"]), _parents(frame), given)


def cut_atoms(
    grids: gpd.GeoDataFrame,
    *,
    lines: gpd.GeoDataFrame | None = None,
    pieces: gpd.GeoDataFrame | None = None,
    points: gpd.GeoDataFrame | None = None,
    counts: Sequence[str] = _COUNTS,
    cut: Cut = Cut(),  # noqa: B008 - frozen
) -> Atoms:
    """Cut grids by compounds and streets.

    A compound (`pieces`) stays whole: streets inside it do not cut it; only a grid border of today
    does, and then each side is an atom. Pieces too small or too narrow join the neighbour of the
    same grid with which they share the longest border. Streets that end inside a grid cut nothing.

    Parameters
    ----------
    grids
        Satisfying `schema.GRIDS`, EPSG:4326, optional `parent_code` and columns of counts.
    lines
        Streets, rivers: LineStrings in the same CRS.
    pieces
        Compounds or blocks: polygons in the same CRS, optional `piece_code`.
    points
        Where the counts live (buildings), with the same columns: a grid's count is shared out in
        proportion to them. Without them in proportion to area. Either way whole numbers, the sum
        of each grid kept exactly, and the measure marked as estimated.
    counts
        Columns of the grids to share out; those that the frame lacks are left out.
    cut
        Smallest area and width of a piece.

    Returns
    -------
    Atoms
        Codes are the piece's where it is one atom, else the grid's with a number from north to
        south, then west to east.

    Raises
    ------
    CrsError
        ``no_crs``, ``crs_mismatch``.
    FrameError
        ``no_atoms``, ``duplicate_codes``, those of `schema.require`.
    TilingError
        ``atoms_overlap`` (field `codes`): two grids claim the same ground.
    GeoError
        ``bad_counts``.
    """
    require(grids, GRIDS)
    require_stored(grids)
    _require_codes(grids, "grid_code")
    for each in (lines, pieces, points):
        if each is not None:
            require_same_crs(grids, each)
    given = {name: sound_counts(name, grids[name]) for name in counts if name in grids.columns}
    shapes, grid, piece = cut_faces(
        grids.geometry.to_numpy(), _shapes(lines), _shapes(pieces), tuple(grids["grid_code"]), cut
    )
    shapes, grid, piece = _ordered(shapes, grid, piece)
    own = tuple(grids["grid_code"].to_numpy(dtype=object)[grid])
    above = np.array(_parents(grids), dtype=object)[grid]
    codes = _codes(own, piece, pieces)
    bare = _built(codes, shapes, own, tuple(above), {})
    area = np.asarray(shapely.area(bare.shapes_m), dtype=np.float64)
    shared = {}
    for name, totals in given.items():
        weight = area if points is None or name not in points.columns else _sums(bare, points, name)
        shared[name] = apportion_groups(np.rint(totals).astype(np.int64), grid, weight)
    return replace(
        bare,
        counts={name: values.astype(np.float64) for name, values in shared.items()},
        estimated=frozenset(shared),
    )


def _require_codes(frame: gpd.GeoDataFrame, column: str) -> None:
    if len(frame) == 0:
        raise FrameError("no_atoms", rows=0)
    repeated = frame[column][frame[column].duplicated()]
    if len(repeated):
        raise FrameError("duplicate_codes", codes=", ".join(repeated.unique()[:5]))


def _parents(frame: gpd.GeoDataFrame) -> tuple[str, ...]:
    if "parent_code" not in frame.columns:
        return ("",) * len(frame)
    return tuple(frame["parent_code"].fillna("").astype(str))


def _shapes(frame: gpd.GeoDataFrame | None) -> ObjectArray:
    if frame is None:
        return np.empty(0, dtype=object)
    return np.asarray(frame.geometry.to_numpy(), dtype=object)


def _built(
    codes: tuple[str, ...],
    shapes: ObjectArray,
    grids: tuple[str, ...],
    parents: tuple[str, ...],
    counts: Mapping[str, FloatArray],
) -> Atoms:
    frame = gpd.GeoDataFrame(geometry=shapes, crs=4326)
    shapes_m = to_working(frame).geometry.to_numpy()
    graph = build_graph(shapes_m)
    return Atoms(codes, shapes, grids, parents, counts, frozenset(), graph, shapes_m)


def _ordered(
    shapes: ObjectArray, grid: IntArray, piece: IntArray
) -> tuple[ObjectArray, IntArray, IntArray]:
    """Put pieces in the order of their grids, then north to south, west to east."""
    xy = shapely.get_coordinates(shapely.point_on_surface(shapes))
    order = np.lexsort((xy[:, 0], -xy[:, 1], grid))
    return shapes[order], grid[order], piece[order]


def _codes(
    grids: Sequence[str], piece: IntArray, pieces: gpd.GeoDataFrame | None
) -> tuple[str, ...]:
    """Give a compound's own code where it is one atom, else grid code and number."""
    named: tuple[str, ...] = ()
    if pieces is not None and "piece_code" in pieces.columns:
        named = tuple(pieces["piece_code"].astype(str))
    alone = np.bincount(piece[piece >= 0], minlength=1) == 1
    found = list(_numbered(grids))
    taken = {name for name in named if named.count(name) > 1} | set(found)
    for k, row in enumerate(piece.tolist()):
        if row >= 0 and named and alone[row] and named[row] not in taken:
            found[k] = named[row]
    return tuple(found)


def _numbered(grids: Sequence[str]) -> Iterator[str]:
    last, number = "", 0
    for code in grids:
        number = number + 1 if code == last else 1
        last = code
        yield f"{code}/{number:03d}"


def _sums(atoms: Atoms, points: gpd.GeoDataFrame, name: str) -> FloatArray:
    """Add up a column of points for each atom."""
    frame = gpd.GeoDataFrame({"grid_code": list(atoms.codes)}, geometry=atoms.shapes, crs=4326)
    placed = assign_points(points, frame).grid_code.to_numpy(dtype=object, na_value="")
    rows = pd.Index(atoms.codes).get_indexer(pd.Index(placed))
    values = sound_counts(name, points[name])
    kept = rows >= 0
    sums = np.bincount(rows[kept], weights=values[kept], minlength=len(atoms))
    return sums.astype(np.float64)
