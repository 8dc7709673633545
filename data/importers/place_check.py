"""Check places before they are stored: shapes, codes, parents, and how they tile.

Used by the importer of places, by `gridbeat check grids` and by the data quality screen.
Knows nothing of writing. Nothing is repaired here.
"""

from collections import Counter
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field, replace
from typing import Any, Final

import geopandas as gpd
import numpy as np
import pandas as pd
import shapely
from shapely.geometry.base import BaseGeometry

from data.importers.place_columns import PlaceDraft
from data.importers.report import Caution, Rejection
from data.repositories.places import PlaceRecord
from geo.crs import STORED_CRS
from geo.measure import area_m2
from geo.tiling import FaultKind, Faults, find_faults

_MIN_SHARE: Final = 0.5
_INSIDE_SHARE: Final = 0.99
_GRID_DIGITS: Final = 15
_COMMUNITY_DIGITS: Final = 12
_TILING: Final = frozenset({FaultKind.GAP.value, FaultKind.SLIVER.value})


@dataclass(frozen=True, slots=True)
class Standing:
    """Drafts that can stand in the store, and rows that cannot."""

    rows: tuple[PlaceDraft, ...]
    rejections: tuple[Rejection, ...]
    warnings: tuple[Caution, ...] = ()


@dataclass(frozen=True, slots=True)
class CheckResult:
    """The faults of a set of areas.

    Attributes
    ----------
    features
        How many areas were checked.
    faults
        One row for each fault, EPSG:4326 (see `geo.tiling.Faults`).
    """

    features: int
    faults: Faults
    warnings: Sequence[Caution] = ()
    rejections: Sequence[Rejection] = ()
    strays: Sequence[Mapping[str, Any]] = field(default=())

    @property
    def is_valid_coverage(self) -> bool:
        """Whether the areas tile."""
        return self.faults.is_valid_coverage and not self.rejections

    def as_json(self) -> dict[str, Any]:
        """Give every fault in one JSON document; every key is always there."""
        by_kind = {kind: _rows(self.faults, kind) for kind in FaultKind}
        return {
            "features": self.features,
            "invalid": [_at(r) for r in by_kind[FaultKind.INVALID]],
            "gaps": [
                {"area_m2": r.area_m2, "neighbours": list(r.codes), "detail": r.detail} | _place(r)
                for r in by_kind[FaultKind.GAP]
            ],
            "overlaps": [_pair(r) for r in by_kind[FaultKind.OVERLAP]],
            "slivers": [
                {"area_m2": r.area_m2, "width_m": r.width_m, "codes": list(r.codes)}
                | {"detail": r.detail}
                | _place(r)
                for r in by_kind[FaultKind.SLIVER]
            ],
            "multipart": [
                {"code": r.grid_code, "parts": int(r.detail)} for r in by_kind[FaultKind.MULTIPART]
            ],
            "duplicate_codes": [
                {"code": r.grid_code, "n": int(r.detail)} for r in by_kind[FaultKind.DUPLICATE_CODE]
            ],
            "outside_parent": [
                {"code": r.grid_code, "parent": r.other_code, "area_m2": r.area_m2}
                | {"detail": r.detail}
                | _place(r)
                for r in by_kind[FaultKind.OUTSIDE_PARENT]
            ],
            "empty": [r.grid_code for r in by_kind[FaultKind.EMPTY]],
            "strays": [dict(stray) for stray in self.strays],
            "valid_coverage": self.is_valid_coverage,
            "rejected": len(self.rejections),
            "warnings": [warning.as_json() for warning in self.warnings],
        }


def standing(
    drafts: Sequence[PlaceDraft], *, needs_shape: bool, known: frozenset[str] | None = None
) -> Standing:
    """Set aside rows that cannot stand: no area, or a code that an earlier row bears.

    Of rows with one code the first stays; the others go to quarantine as ``duplicate_code``.
    Polygons are taken out of collections (``collection_flattened``); lines and points are
    ``not_an_area``; missing and empty shapes ``empty_geometry``. Bad rings stay as they are.
    A table without shapes may bring news of `known` codes only (none: of any code).
    """
    kept: list[PlaceDraft] = []
    rejections: list[Rejection] = []
    flattened: list[str] = []
    seen: dict[str, int] = {}
    for draft in drafts:
        shape, reason = _area_of(draft.geometry) if needs_shape else (None, "")
        if known is not None and draft.code not in known:
            reason = "empty_geometry"
        if not reason and draft.code in seen:
            reason = "duplicate_code"
        if reason:
            raw = {"code": draft.code, "name": draft.name or ""}
            if reason == "duplicate_code":
                raw["first_line"] = str(seen[draft.code])
            rejections.append(Rejection(draft.line, "code", draft.code, reason, raw))
            continue
        if shape is not None and shape is not draft.geometry:
            flattened.append(draft.code)
        seen[draft.code] = draft.line
        kept.append(replace(draft, geometry=shape))
    notes = (Caution("collection_flattened", {"places": flattened}),) if flattened else ()
    return Standing(tuple(kept), tuple(rejections), notes)


def frame_of(
    codes: Sequence[str], shapes: Sequence[BaseGeometry | None], **columns: Sequence[Any]
) -> gpd.GeoDataFrame:
    """Build a frame of grids (EPSG:4326) for `geo`; shapes may be missing."""
    geometry = np.empty(len(shapes), dtype=object)
    geometry[:] = list(shapes)
    table = pd.DataFrame({"grid_code": pd.Series(list(codes), dtype=object)})
    for name, values in columns.items():
        table[name] = pd.Series(list(values), dtype=object)
    return gpd.GeoDataFrame(table, geometry=gpd.GeoSeries(geometry, crs=STORED_CRS))


def check_frame(
    grids: gpd.GeoDataFrame, parents: gpd.GeoDataFrame | None, *, is_tiling: bool
) -> Faults:
    """List the faults; gaps and slivers only of areas that must tile.

    A parent that is not known or has no shape is no fault of the shape: the report counts it.
    """
    faults = find_faults(grids, parents=parents if parents is not None and len(parents) else None)
    drop = faults.frame["detail"] == "parent_unknown"
    if not is_tiling:
        drop |= faults.frame["kind"].isin(_TILING)
    return Faults(faults.frame[~drop].reset_index(drop=True))


def areas_m2(shapes: Sequence[BaseGeometry | None]) -> list[float | None]:
    """Measure shapes in square metres in one working CRS; None where there is none."""
    frame = frame_of([""] * len(shapes), shapes)
    if all(shape is None for shape in shapes):
        return [None] * len(shapes)
    measured = area_m2(frame).tolist()
    return [
        None if shape is None else float(area) for shape, area in zip(shapes, measured, strict=True)
    ]


@dataclass(frozen=True, slots=True)
class Parents:
    """Which place is above each draft, and how that was found.

    Attributes
    ----------
    keys
        Key of the parent for each draft, None where none was found.
    ways
        Counts of ``column``, ``prefix``, ``overlap``, ``none``.
    unknown
        Stated parents that are not in the store.
    mismatched
        Codes that do not begin with their parent's code.
    """

    keys: tuple[int | None, ...]
    ways: Mapping[str, int]
    unknown: tuple[str, ...]
    mismatched: tuple[str, ...]


def find_parents(
    drafts: Sequence[PlaceDraft],
    uppers: Sequence[PlaceRecord],
    shapes: Mapping[int, BaseGeometry],
    *,
    by_prefix: bool = True,
) -> Parents:
    """Find the place above each draft: by the stated code, else by prefix, else by overlap.

    Parameters
    ----------
    uppers
        Places that may be parents, the nearest level first.
    shapes
        Shapes of those places by key; a draft belongs to the one that holds most of it, if that
        is at least half.
    by_prefix
        Whether the code's prefix may decide (not for stations and micro grids).
    """
    by_code: dict[str, PlaceRecord] = {}
    for record in uppers:
        by_code.setdefault(record.code, record)
    found = _Overlap({k: shapes[k] for r in uppers if (k := r.id) in shapes})
    keys: list[int | None] = []
    ways: Counter[str] = Counter({"column": 0, "prefix": 0, "overlap": 0, "none": 0})
    unknown: set[str] = set()
    mismatched: list[str] = []
    for draft in drafts:
        key: int | None = None
        way = "none"
        above: PlaceRecord | None
        if draft.parent is not None:
            above = by_code.get(draft.parent)
            key, way = (above.id, "column") if above is not None else (None, "none")
            if above is None:
                unknown.add(draft.parent)
        else:
            above = _by_prefix(draft.code, by_code) if by_prefix else None
            key, way = (above.id, "prefix") if above is not None else (None, "none")
            if key is None:
                key = found.best(draft.geometry)
                way = "overlap" if key is not None else "none"
        if by_prefix and above is not None and _breaks_prefix(draft.code, above.code):
            mismatched.append(draft.code)
        keys.append(key)
        ways[way] += 1
    return Parents(tuple(keys), dict(ways), tuple(sorted(unknown)), tuple(mismatched))


def strays_from_base(
    drafts: Sequence[PlaceDraft], base: Mapping[str, BaseGeometry], *, is_micro: bool
) -> list[dict[str, Any]]:
    """List exclusive grids that leave the base grids and micro grids that leave their one grid.

    Returns
    -------
    list
        `kind` (``outside_base`` or ``across_base_grids``), `code`, `share` inside.
    """
    codes = list(base)
    solid = _sound([base[code] for code in codes])
    tree = shapely.STRtree(solid)
    strays = []
    for draft in drafts:
        if draft.geometry is None:
            continue
        shape = _sound([draft.geometry])[0]
        near = tree.query(shape, predicate="intersects")
        parts = shapely.area(shapely.intersection(shape, solid[near])) if len(near) else []
        whole = float(shape.area) or 1.0
        share = float(max(parts, default=0.0) if is_micro else sum(parts)) / whole
        if share < _INSIDE_SHARE:
            kind = "across_base_grids" if is_micro else "outside_base"
            strays.append({"kind": kind, "code": draft.code, "share": round(share, 4)})
    return strays


class _Overlap:
    """The stored area that holds most of a shape."""

    def __init__(self, shapes: Mapping[int, BaseGeometry]) -> None:
        self._keys = list(shapes)
        self._areas = _sound(list(shapes.values()))
        self._tree = shapely.STRtree(self._areas)

    def best(self, geometry: BaseGeometry | None) -> int | None:
        if geometry is None or not self._keys:
            return None
        shape = _sound([geometry])[0]
        near = self._tree.query(shape, predicate="intersects")
        if len(near) == 0 or shape.area == 0.0:
            return None
        shares = shapely.area(shapely.intersection(shape, self._areas[near])) / shape.area
        best = int(np.argmax(shares))
        return self._keys[near[best]] if shares[best] >= _MIN_SHARE else None


def _sound(shapes: Sequence[BaseGeometry]) -> Any:  # noqa: ANN401 - an array of shapes
    whole = np.empty(len(shapes), dtype=object)
    whole[:] = list(shapes)
    return shapely.make_valid(whole, method="structure", keep_collapsed=False)


def _by_prefix(code: str, by_code: Mapping[str, PlaceRecord]) -> PlaceRecord | None:
    for cut in range(len(code) - 1, 1, -1):
        padded = code[:cut] + "0" * (len(code) - cut)
        for candidate in (code[:cut], padded if padded != code else ""):
            if candidate in by_code:
                return by_code[candidate]
    return None


def _breaks_prefix(code: str, parent: str) -> bool:
    """Only 15-digit grid codes under 12-digit community codes make the promise."""
    is_default = len(code) == _GRID_DIGITS and len(parent) == _COMMUNITY_DIGITS
    return is_default and code.isdigit() and parent.isdigit() and not code.startswith(parent)


def _area_of(geometry: BaseGeometry | None) -> tuple[BaseGeometry | None, str]:
    if geometry is None or geometry.is_empty:
        return None, "empty_geometry"
    if geometry.geom_type in ("Polygon", "MultiPolygon"):
        return geometry, ""
    if geometry.geom_type != "GeometryCollection":
        return None, "not_an_area"
    parts = shapely.get_parts(shapely.get_parts(geometry))
    areas = [part for part in parts if part.geom_type == "Polygon"]
    return (shapely.MultiPolygon(areas), "") if areas else (None, "not_an_area")


def _rows(faults: Faults, kind: FaultKind) -> list[Any]:
    return list(faults.of_kind(kind).itertuples())


def _place(row: Any) -> dict[str, Any]:  # noqa: ANN401 - a named tuple of the faults frame
    shape = row.geometry
    if shape is None or shape.is_empty:
        return {"lon": None, "lat": None}
    point = shape.representative_point()
    return {"lon": round(point.x, 7), "lat": round(point.y, 7)}


def _at(row: Any) -> dict[str, Any]:  # noqa: ANN401 - as above
    return {"code": row.grid_code, "reason": row.detail} | _place(row)


def _pair(row: Any) -> dict[str, Any]:  # noqa: ANN401 - as above
    return {"a": row.grid_code, "b": row.other_code, "area_m2": row.area_m2} | _place(row)
