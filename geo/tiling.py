"""List the faults of a tiling (无缝拼接): bad rings, gaps, overlaps, slivers, stray grids.

Used by the importers, `gridbeat check` and the data quality screen.
Knows nothing of grid kinds: callers pass base grids alone, because only they must tile.
`repair` is handed on from `geo.repair`; listing changes nothing. GEOS calls a tiling a "coverage".
"""

import re
from collections.abc import Iterable, Iterator
from dataclasses import dataclass, field
from enum import StrEnum
from typing import Final, NamedTuple

import geopandas as gpd
import numpy as np
import numpy.typing as npt
import pandas as pd
import pyproj
import shapely

from geo.crs import require_crs, require_same_crs
from geo.measure import area_m2
from geo.plane import Plane, plane_of
from geo.repair import Repaired, repair
from geo.schema import CODED, PARENTS, require
from geo.surfaces import (
    ObjectArray,
    areal_only,
    closed_gaps,
    is_areal,
    mean_width_m,
    neighbours,
    open_gaps,
    polygonal,
    sound,
)

__all__ = ["FaultKind", "Faults", "Repaired", "find_faults", "repair"]

_REASON_AT: Final = re.compile(r"^(?P<reason>[^\[]+)(\[(?P<x>\S+) (?P<y>\S+?)[\s\]].*)?$")


class FaultKind(StrEnum):
    """What can be wrong with boundaries."""

    INVALID = "invalid"
    EMPTY = "empty"
    MULTIPART = "multipart"
    DUPLICATE_CODE = "duplicate_code"
    GAP = "gap"
    OVERLAP = "overlap"
    SLIVER = "sliver"
    OUTSIDE_PARENT = "outside_parent"


_TILING_KINDS: Final = frozenset(FaultKind) - {FaultKind.MULTIPART, FaultKind.OUTSIDE_PARENT}


@dataclass(frozen=True, slots=True)
class Faults:
    """The faults of a set of grids.

    Attributes
    ----------
    frame
        One row per fault, in the CRS of the grids: `kind`, `grid_code`, `other_code` (empty where
        there is none), `codes` (tuple of all grids concerned, sorted), `area_m2`, `width_m` (area
        over half the outline, 0 where it has no meaning), `detail` (machine word), `geometry`.
        Sorted by kind, then by area, largest first.
    """

    frame: gpd.GeoDataFrame

    def counts(self) -> dict[str, int]:
        """Return the number of faults of each kind, zeros included."""
        found = self.frame["kind"].value_counts()
        return {kind.value: int(found.get(kind.value, 0)) for kind in FaultKind}

    def of_kind(self, kind: FaultKind) -> gpd.GeoDataFrame:
        """Return the faults of one kind."""
        return self.frame[self.frame["kind"] == kind.value]

    @property
    def is_valid_coverage(self) -> bool:
        """Whether the grids tile; several parts or a place outside the parent do not count."""
        return not self.frame["kind"].isin([kind.value for kind in _TILING_KINDS]).any()


@dataclass(frozen=True, slots=True)
class _Fault:
    kind: FaultKind
    codes: tuple[str, ...]
    detail: str
    shape: shapely.Geometry | None
    width_m: float = 0.0
    other_code: str = ""


@dataclass(frozen=True, slots=True)
class _Grids:
    """Grids on the plane, made sound."""

    codes: list[str]
    raw: ObjectArray
    areas: ObjectArray
    plane: Plane
    crs: pyproj.CRS
    tree: shapely.STRtree = field(init=False)

    def __post_init__(self) -> None:
        object.__setattr__(self, "tree", shapely.STRtree(self.areas))

    def area_m2(self, shapes: ObjectArray) -> npt.NDArray[np.float64]:
        """Measure shapes that lie on the plane: degrees by the working CRS, metres as they are."""
        if self.crs.is_projected:
            return np.asarray(shapely.area(shapes), dtype=np.float64)
        frame = gpd.GeoDataFrame(geometry=self.plane.lift(shapes), crs=self.crs)
        return area_m2(frame).to_numpy(dtype=np.float64)


def find_faults(
    grids: gpd.GeoDataFrame,
    *,
    parents: gpd.GeoDataFrame | None = None,
    min_area_m2: float = 1.0,
    sliver_width_m: float = 1.0,
) -> Faults:
    """List everything that keeps grids from being a tiling; bad rings never raise.

    Parameters
    ----------
    grids
        `grid_code` and geometry, EPSG:4326 or any metric CRS. `parent_code`, where there is one,
        names the row of `parents` each grid must lie in; without it, all parents together.
    parents
        `code` and geometry, same CRS.
    min_area_m2
        Gaps, overlaps, slivers and parts outside the parent smaller than this are not listed.
    sliver_width_m
        Gaps and overlaps narrower than this are slivers. Cracks that reach the outside are looked
        for up to this width; wider ones are bays.

    Returns
    -------
    Faults
        `detail` says for *invalid* GEOS's reason as a word (``self_intersection``,
        ``not_a_polygon`` …; the geometry is the place, where GEOS gives one), for *multipart* and
        *duplicate_code* the number, for *sliver* ``gap``, ``open_gap`` or ``overlap``, for *empty*
        ``missing`` or ``empty``, for *outside_parent* ``outside`` or ``parent_unknown``.

    Raises
    ------
    CrsError
        ``no_crs``, ``crs_mismatch``.
    FrameError
        ``missing_columns``, ``missing_codes``, ``wrong_dtype``, ``no_geometry_column``.

    Notes
    -----
    Self-crossing rings take part even-odd, as `geo.assign` reads them. A ring that encloses an
    area which no grid covers is a gap even if it is meant (a lake): the user decides.
    """
    require(grids, CODED)
    crs = require_crs(grids)
    raw = np.asarray(shapely.force_2d(grids.geometry.to_numpy()), dtype=object)
    usable = areal_only(raw)
    plane = plane_of(usable, crs)
    laid = _Grids(grids["grid_code"].tolist(), raw, sound(plane.lay(usable)), plane, crs)
    found = [*_shape_faults(laid), *_code_faults(laid)]
    spatial = [*_overlaps(laid, sliver_width_m), *_gaps(laid, sliver_width_m)]
    if parents is not None:
        require(parents, PARENTS)
        require_same_crs(grids, parents)
        named = grids["parent_code"].tolist() if "parent_code" in grids.columns else None
        spatial += _outside_parent(laid, parents, named)
    return Faults(_frame(found, spatial, laid, min_area_m2))


def _shape_faults(grids: _Grids) -> Iterator[_Fault]:
    for code, shape in zip(grids.codes, grids.raw, strict=True):
        if shape is None or shape.is_empty:
            detail = "missing" if shape is None else "empty"
            yield _Fault(FaultKind.EMPTY, (code,), detail, None)
        elif not is_areal(np.array([shape], dtype=object))[0]:
            yield _Fault(FaultKind.INVALID, (code,), "not_a_polygon", shape)
        else:
            if not shape.is_valid:
                yield _invalid(code, shape)
            parts = int(shapely.get_num_geometries(shape))
            if parts > 1:
                yield _Fault(FaultKind.MULTIPART, (code,), str(parts), shape)


def _invalid(code: str, shape: shapely.Geometry) -> _Fault:
    match = _REASON_AT.match(shapely.is_valid_reason(shape))
    reason = match["reason"] if match else "invalid"
    word = re.sub(r"[^a-z]+", "_", reason.lower()).strip("_")
    x, y = (float(match["x"]), float(match["y"])) if match and match["x"] else (np.nan, np.nan)
    place = shapely.Point(x, y) if np.isfinite([x, y]).all() else shape
    return _Fault(FaultKind.INVALID, (code,), word, place)


def _code_faults(grids: _Grids) -> Iterator[_Fault]:
    counts = pd.Series(grids.codes, dtype=object).value_counts()
    for code in sorted(counts.index[counts > 1]):
        rows = [k for k, own in enumerate(grids.codes) if own == code]
        both = grids.plane.lift(np.array([shapely.union_all(grids.areas[rows])], dtype=object))[0]
        yield _Fault(FaultKind.DUPLICATE_CODE, (code,), str(len(rows)), both)


def _overlaps(grids: _Grids, sliver_width_m: float) -> Iterator[_Fault]:
    first, second = grids.tree.query(grids.areas, predicate="intersects")
    first, second = first[first < second], second[first < second]
    shared = shapely.intersection(grids.areas[first], grids.areas[second])
    areas = np.array([polygonal(shape) for shape in shared], dtype=object)
    widths = mean_width_m(areas) if len(areas) else np.zeros(0)
    for k in np.flatnonzero(~shapely.is_empty(areas)):
        codes = tuple(sorted((grids.codes[first[k]], grids.codes[second[k]])))
        is_sliver = widths[k] < sliver_width_m
        kind = FaultKind.SLIVER if is_sliver else FaultKind.OVERLAP
        yield _Fault(kind, codes, "overlap", areas[k], float(widths[k]))


def _gaps(grids: _Grids, sliver_width_m: float) -> Iterator[_Fault]:
    union = shapely.union_all(grids.areas)
    closed = closed_gaps(union)
    cracks = open_gaps(union, sliver_width_m)
    for gap, detail in [(g, "gap") for g in closed] + [(g, "open_gap") for g in cracks]:
        near = neighbours(gap, grids.tree)
        codes = tuple(sorted({grids.codes[k] for k in near}))
        if detail == "open_gap" and len(near) <= 1:
            continue  # a narrow bay of one grid's own outline
        width_m = float(mean_width_m(np.array([gap], dtype=object))[0])
        kind = FaultKind.SLIVER if width_m < sliver_width_m else FaultKind.GAP
        yield _Fault(kind, codes, detail, gap, width_m)


def _outside_parent(
    grids: _Grids, parents: gpd.GeoDataFrame, named: list[str] | None
) -> Iterator[_Fault]:
    shapes = np.asarray(shapely.force_2d(parents.geometry.to_numpy()), dtype=object)
    areas = sound(grids.plane.lay(areal_only(shapes)))
    codes = parents["code"].to_numpy(dtype=object)
    if named is None:
        by_code = {"": shapely.union_all(areas)}
        named = [""] * len(grids.codes)
    else:
        by_code = {code: shapely.union_all(areas[codes == code]) for code in set(codes)}
    for code, shape, parent in zip(grids.codes, grids.areas, named, strict=True):
        is_known = isinstance(parent, str) and parent in by_code
        rest = polygonal(shapely.difference(shape, by_code[parent])) if is_known else shape
        if shapely.is_empty(rest):
            continue
        width_m = float(mean_width_m(np.array([rest], dtype=object))[0])
        detail = "outside" if is_known else "parent_unknown"
        other = parent if isinstance(parent, str) else ""
        yield _Fault(FaultKind.OUTSIDE_PARENT, (code,), detail, rest, width_m, other)


def _frame(
    found: Iterable[_Fault], spatial: list[_Fault], grids: _Grids, min_area_m2: float
) -> gpd.GeoDataFrame:
    shapes = np.array([fault.shape for fault in spatial], dtype=object)
    areas = grids.area_m2(shapes) if spatial else np.zeros(0)
    lifted = grids.plane.lift(shapes) if spatial else shapes
    rows = [_row(fault, 0.0, fault.shape) for fault in found]
    rows += [
        _row(fault, float(area), shape)
        for fault, area, shape in zip(spatial, areas, lifted, strict=True)
        if area >= min_area_m2
    ]
    order = {kind.value: rank for rank, kind in enumerate(FaultKind)}
    rows.sort(key=lambda row: (order[row.kind], -row.area_m2, row.codes))
    table = pd.DataFrame(rows, columns=list(_Row._fields))
    return gpd.GeoDataFrame(table, geometry="geometry", crs=grids.crs)


class _Row(NamedTuple):
    kind: str
    grid_code: str
    other_code: str
    codes: tuple[str, ...]
    area_m2: float
    width_m: float
    detail: str
    geometry: shapely.Geometry | None


def _row(fault: _Fault, area_in_m2: float, shape: shapely.Geometry | None) -> _Row:
    second = fault.codes[1] if len(fault.codes) > 1 else ""
    return _Row(
        kind=fault.kind.value,
        grid_code=fault.codes[0] if fault.codes else "",
        other_code=fault.other_code or second,
        codes=fault.codes,
        area_m2=area_in_m2,
        width_m=fault.width_m,
        detail=fault.detail,
        geometry=shape,
    )
