"""Open a file of places: shapes or a table, with the audit's advice where the datum is missing.

Used by the importer and the check of places.
Knows nothing of what is done with the rows.
"""

from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Final

import geopandas as gpd
import numpy as np
import pandas as pd
import shapely
from shapely.geometry.base import BaseGeometry

from data.errors import ImportRefused
from data.importers.boundaries import (
    AREAS,
    RawShapes,
    ShapeOptions,
    declares_place,
    has_shapes,
    located,
    read_raw,
    read_shapes,
)
from data.importers.place_columns import PlaceOptions, code_text, suggest_columns
from data.importers.report import Caution, Rejection
from data.importers.tables import open_table
from data.privacy import person_columns
from geo.datum_audit import audit_datum
from geo.errors import GeoError

_INSET_M: Final = 150.0
_METRES_PER_DEG: Final = 111_320.0
_INSET_SHARE: Final = 0.15
_SAMPLE: Final = 400
_DEGREES: Final = 360.0


@dataclass(frozen=True)
class PlaceFile:
    """The rows of a file of places.

    Attributes
    ----------
    table
        Attribute columns, 0-based.
    lines
        Line (table) or feature number (from 1) of each row.
    shapes
        EPSG:4326; None where a row has none.
    dropped_columns
        Columns that hold persons; `unmapped_columns`: neither mapped nor kept.
    """

    table: pd.DataFrame
    lines: tuple[int, ...]
    shapes: tuple[BaseGeometry | None, ...]
    has_geometry: bool
    rejections: tuple[Rejection, ...] = ()
    warnings: tuple[Caution, ...] = ()
    dropped_columns: tuple[str, ...] = ()
    unmapped_columns: tuple[str, ...] = ()
    encoding: str = ""
    datum: str = ""
    layer: str = ""
    vertices_added: int = 0
    max_shift_m: float = 0.0


@dataclass(frozen=True)
class CheckedFile:
    """Areas of a file that is only checked."""

    codes: tuple[str, ...]
    shapes: tuple[BaseGeometry | None, ...]
    rejections: tuple[Rejection, ...]
    warnings: tuple[Caution, ...]


def shape_options(options: PlaceOptions, *, is_trial: bool = False) -> ShapeOptions:
    """Give the part of the options that reading shapes needs."""
    return ShapeOptions(
        layer=options.table.layer,
        crs=options.crs,
        datum=options.datum,
        encoding=options.table.encoding,
        max_bytes=options.table.max_bytes,
        is_trial=is_trial,
    )


def read_place_file(path: Path, options: PlaceOptions, comparison: gpd.GeoDataFrame) -> PlaceFile:
    """Read a file of places.

    Parameters
    ----------
    comparison
        Stored areas (`grid_code`, `name`, geometry) that a file without CRS is tested against.

    Raises
    ------
    ImportRefused
        ``datum_required``: fields `recommended` (a datum, ``EPSG:n``, or empty where the audit
        cannot tell), `share` and `margin` of the best reading, `tested` points, `compared` areas;
        and those of `read_shapes` and `open_table`.
    """
    if not has_shapes(path):
        return _from_table(path, options)
    chosen = shape_options(options)
    raw = read_raw(path, chosen)
    if not declares_place(raw, chosen):
        raise ImportRefused("datum_required", **recommendation(raw, options, comparison))
    shapes = located(raw, chosen)
    doubts = _doubts(raw, options, comparison)
    table = pd.DataFrame(shapes.frame.drop(columns=shapes.frame.geometry.name))
    dropped, unmapped = _left_out(table, options)
    return PlaceFile(
        table=table,
        lines=tuple(range(1, len(table) + 1)),
        shapes=tuple(shapes.frame.geometry),
        has_geometry=True,
        warnings=(*shapes.warnings, *doubts),
        dropped_columns=dropped,
        unmapped_columns=unmapped,
        encoding=shapes.encoding,
        datum=shapes.datum,
        layer=shapes.layer,
        vertices_added=shapes.vertices_added,
        max_shift_m=shapes.max_shift_m,
    )


def exploded(path: Path, options: PlaceOptions) -> CheckedFile:
    """Read the areas of a file for a check; members of collections count as features.

    Raises
    ------
    ImportRefused
        Those of `read_shapes`; ``unknown_column`` for a stated code column that is not there.
    """
    shapes = read_shapes(path, shape_options(options, is_trial=True))
    columns = list(shapes.attributes)
    if options.code is not None and options.code not in columns:
        raise ImportRefused("unknown_column", column=options.code, columns=columns)
    guess = suggest_columns(columns).get("code")
    column = options.code or (guess.column if guess is not None else None)
    codes: list[str] = []
    areas: list[BaseGeometry | None] = []
    rejections = []
    for k, shape in enumerate(shapes.frame.geometry):
        code, reason = code_text(shapes.frame[column].iloc[k]) if column else (str(k + 1), "")
        if reason and options.code is not None:
            rejections.append(Rejection(k + 1, options.code, "", reason, {}))
            continue
        code = code or str(k + 1)
        members = _members(shape)
        if len(members) == 1:
            codes.append(code)
            areas.append(members[0])
            continue
        alone = len(shapes.frame) == 1
        codes += [str(n) if alone else f"{code}.{n}" for n in range(1, len(members) + 1)]
        areas += members
    return CheckedFile(tuple(codes), tuple(areas), tuple(rejections), shapes.warnings)


def recommendation(
    raw: RawShapes, options: PlaceOptions, comparison: gpd.GeoDataFrame
) -> dict[str, Any]:
    """Test in which datum the shapes of a file are, against stored areas of the same place.

    Points a little inside each shape's outline must fall in the stored area with the same code,
    with the same name, or whose code begins theirs; the reading under which clearly most do is
    recommended (`geo.datum_audit`).
    """
    advice: dict[str, Any] = {
        "layer": raw.layer,
        "recommended": "",
        "share": 0.0,
        "margin": 0.0,
        "tested": 0,
        "compared": len(comparison),
    }
    xy, owner = _inner_points(raw.shapes)
    if len(comparison) == 0 or len(xy) == 0:
        return advice
    stated = _stated_units(raw.table, options, comparison)
    try:
        audit = audit_datum(
            xy[:, 0], xy[:, 1], comparison, stated=np.array(stated, dtype=object)[owner]
        )
    except GeoError:
        return advice
    best = audit.hypotheses[0]
    advice |= {"share": round(best.share, 4), "margin": round(audit.margin, 4), "tested": best.n}
    if audit.recommended is not None and not best.is_swapped:
        is_datum = best.crs == "EPSG:4326"
        advice["recommended"] = best.datum.value if is_datum else best.crs
    elif audit.recommended is not None:
        advice["recommended"] = best.key
    return advice


def _doubts(
    raw: RawShapes, options: PlaceOptions, comparison: gpd.GeoDataFrame
) -> tuple[Caution, ...]:
    """Say so when stored areas speak clearly for another datum than the declared one."""
    declared = options.datum or options.crs
    if raw.stated_crs is not None or declared is None or len(comparison) == 0:
        return ()
    advice = recommendation(raw, options, comparison)
    same = {"cgcs2000": "wgs84", "EPSG:4326": "wgs84", "EPSG:4490": "wgs84"}
    if not advice["recommended"] or advice["recommended"] == same.get(declared, declared):
        return ()
    told = {"declared": declared, "recommended": advice["recommended"], "share": advice["share"]}
    return (Caution("boundary_datum_doubtful", told),)


def _from_table(path: Path, options: PlaceOptions) -> PlaceFile:
    table = open_table(path, options.table)
    chunks = list(table.chunks())
    frame = pd.concat([chunk.frame for chunk in chunks], ignore_index=True)
    dropped, unmapped = _left_out(frame, options)
    return PlaceFile(
        table=frame,
        lines=tuple(int(line) for chunk in chunks for line in chunk.line),
        shapes=(None,) * len(frame),
        has_geometry=False,
        rejections=tuple(fault for chunk in chunks for fault in chunk.faults),
        warnings=tuple(table.warnings),
        dropped_columns=dropped,
        unmapped_columns=unmapped,
        encoding=table.encoding,
    )


def _left_out(
    table: pd.DataFrame, options: PlaceOptions
) -> tuple[tuple[str, ...], tuple[str, ...]]:
    mapped = set(options.columns().values())
    others = [str(c) for c in table.columns if c not in mapped]
    text = table[others].map(lambda cell: "" if cell is None else str(cell))
    persons = {found.column for found in person_columns(text, others)}
    kept = persons & set(options.keep)
    if kept:
        raise ImportRefused("column_holds_persons", columns=sorted(kept))
    unmapped = [c for c in others if c not in persons and c not in options.keep]
    return tuple(c for c in others if c in persons), tuple(unmapped)


def _members(shape: BaseGeometry | None) -> list[BaseGeometry | None]:
    if shape is None or shape.geom_type != "GeometryCollection" or shape.is_empty:
        return [shape]
    return list(shapely.get_parts(shape))


def _inner_points(shapes: Any) -> tuple[Any, Any]:  # noqa: ANN401 - arrays of shapes, points
    """Points a little inside the outlines, in the file's own numbers, and whose they are."""
    bounds = shapely.total_bounds(shapes)
    is_degrees = np.isfinite(bounds).all() and np.abs(bounds).max() <= _DEGREES
    inset = _INSET_M / _METRES_PER_DEG if is_degrees else _INSET_M
    points, owners = [], []
    for k, shape in enumerate(shapes):
        if shape is None or shape.is_empty or shape.geom_type not in AREAS:
            continue
        whole = shapely.make_valid(shape, method="structure", keep_collapsed=False)
        depth = min(inset, _INSET_SHARE * float(np.sqrt(whole.area)))
        outline = shapely.boundary(shapely.buffer(whole, -depth))
        if outline.is_empty:
            continue
        places = np.linspace(0.0, 1.0, _SAMPLE, endpoint=False)
        found = shapely.line_interpolate_point(
            shapely.line_merge(outline)
            if outline.geom_type == "LineString"
            else max(shapely.get_parts(outline), key=shapely.length),
            places,
            normalized=True,
        )
        points.append(shapely.get_coordinates(found))
        owners.append(np.full(len(found), k))
    if not points:
        return np.zeros((0, 2)), np.zeros(0, dtype=np.int64)
    return np.concatenate(points), np.concatenate(owners)


def _stated_units(
    table: pd.DataFrame, options: PlaceOptions, comparison: gpd.GeoDataFrame
) -> list[str | None]:
    known = comparison["grid_code"].tolist()
    code_of_name = dict(zip(comparison["name"].tolist(), known, strict=True))
    columns = options.columns()
    codes = _texts(table, columns.get("code"))
    names = _texts(table, columns.get("name"))
    by_length = sorted(known, key=len, reverse=True)
    return [
        next((unit for unit in by_length if code and code.startswith(unit)), None)
        or code_of_name.get(name)
        for code, name in zip(codes, names, strict=True)
    ]


def _texts(table: pd.DataFrame, column: str | None) -> Sequence[str]:
    if column is None or column not in table.columns:
        return [""] * len(table)
    return ["" if value is None else str(value).strip() for value in table[column]]
