"""Find where the rows of a register lie: shapes of the file, WKT, or longitude and latitude.

Used by the importer of registers. The datum is never guessed: it is declared, or the file carries
a CRS; the audit only recommends, and refuses what it can show to be wrong.
"""

from dataclasses import dataclass
from typing import Any, Final

import geopandas as gpd
import numpy as np
import numpy.typing as npt
import pandas as pd
import shapely

from data.database import Database
from data.errors import ImportRefused
from data.importers.boundaries import RawShapes, located
from data.importers.locate import (
    REASONS,
    Points,
    advice_fields,
    advise,
    fit_of,
    locate,
    points_of_columns,
)
from data.importers.registers.options import RegisterColumns, RegisterOptions
from data.importers.registers.sheet import Sheet
from data.importers.report import Caution
from data.viewer import Viewer
from data.vocabulary import PatrolTargetKind, RegisterLayer
from geo.crs import STORED_CRS
from geo.measure import length_m

POINTS: Final = frozenset({"Point"})
_AREAS: Final = frozenset({"Polygon", "MultiPolygon"})
LINES: Final = frozenset({"LineString", "MultiLineString"})
_ALLOWED: Final = {
    RegisterLayer.BUILDINGS: (POINTS | _AREAS, "not_a_point_or_area"),
    RegisterLayer.PATROL_TARGETS: (POINTS | LINES, "not_a_point_or_line"),
}
_SAYS_WRONG: Final = 0.5
_SAYS_RIGHT: Final = 0.9

Shapes = npt.NDArray[np.object_]


@dataclass(slots=True)
class Sites:
    """Shape of each row in EPSG:4326 (none where it has none), and the rows with a fault."""

    shapes: Shapes
    faults: dict[int, tuple[str, str]]
    warnings: list[Caution]
    datum: str = ""


def find_sites(
    db: Database, viewer: Viewer, sheet: Sheet, columns: RegisterColumns, options: RegisterOptions
) -> Sites:
    """Read, convert and check where the rows lie.

    Raises
    ------
    ImportRefused
        ``datum_required``, ``unknown_datum``, ``wrong_datum``, those of `locate` and `located`.
    """
    count = len(sheet.frame)
    sites = Sites(np.full(count, None, dtype=object), {}, [], sheet.datum)
    if sheet.shapes is not None:
        sites.shapes = sheet.shapes.copy()
    else:
        if "lon" in columns.mapped:
            _of_columns(db, viewer, sheet, (columns, options), sites)
        if "wkt" in columns.mapped:
            _of_texts(sheet.frame[columns.mapped["wkt"]], options, sites)
    _check(sites, options.layer)
    return sites


def lengths_m(shapes: Shapes, kinds: list[Any]) -> list[float | None]:
    """Measure the lines of must-patrol lines, in metres on the ellipsoid; none for points."""
    rows = [
        row
        for row, shape in enumerate(shapes)
        if shape is not None and kinds[row] == PatrolTargetKind.MUST_LINE
    ]
    found: list[float | None] = [None] * len(shapes)
    if rows:
        frame = gpd.GeoDataFrame(geometry=gpd.GeoSeries(shapes[rows], crs=STORED_CRS))
        for row, value in zip(rows, length_m(frame), strict=True):
            found[row] = float(value)
    return found


def _of_columns(
    db: Database,
    viewer: Viewer,
    sheet: Sheet,
    told: tuple[RegisterColumns, RegisterOptions],
    sites: Sites,
) -> None:
    columns, options = told
    lon, lat = (sheet.frame[columns.mapped[name]] for name in ("lon", "lat"))
    points = points_of_columns(lon, lat, decimal=options.table.decimal)
    for row in np.flatnonzero(points.reason).tolist():
        sites.faults[row] = ("lon", REASONS[int(points.reason[row])])
    if bool((points.is_empty | (points.reason != 0)).all()):
        return
    datum = options.declared_datum()
    stated = None
    if "place_code" in columns.mapped:
        stated = sheet.frame[columns.mapped["place_code"]]
    if options.crs is None and datum is None:
        advice = _advice(db, viewer, points, stated)
        raise ImportRefused("datum_required", layer=options.layer.value, **advice)
    found = locate(points, crs=options.crs, datum=datum)
    for row in np.flatnonzero(found.reason).tolist():
        sites.faults[row] = ("lon", REASONS[int(found.reason[row])])
    rows = np.flatnonzero(np.isfinite(found.lon) & np.isfinite(found.lat))
    sites.shapes[rows] = shapely.points(found.lon[rows], found.lat[rows])
    sites.datum = found.label
    if not options.trusts_datum:
        _doubt(db, viewer, (points, stated), sites)


def _advice(
    db: Database, viewer: Viewer, points: Points, stated: pd.Series | None
) -> dict[str, Any]:
    with db.read() as session:
        advice = advice_fields(advise(session, viewer, points, stated))
    return {**advice, "recommended": advice["recommended"] or ""}


def _doubt(
    db: Database, viewer: Viewer, told: tuple[Points, pd.Series | None], sites: Sites
) -> None:
    """Refuse a datum that the rows' own places contradict; warn when another fits better."""
    with db.read() as session:
        audit = advise(session, viewer, *told)
    if audit is None or audit.recommended is None:
        return
    best, declared = audit.recommended, fit_of(audit, sites.datum)
    if declared is None or declared.key == best.key or declared.key in audit.tied:
        return
    facts = {
        "declared": sites.datum, "declared_share": round(declared.share, 4), **advice_fields(audit),
    }  # fmt: skip
    if declared.share < _SAYS_WRONG and best.share >= _SAYS_RIGHT:
        raise ImportRefused("wrong_datum", **facts)
    sites.warnings.append(Caution("datum_doubtful", facts))


def _of_texts(texts: pd.Series, options: RegisterOptions, sites: Sites) -> None:
    """Read WKT where it is filled; coordinates are taken as the options declare them."""
    filled = np.flatnonzero(texts.str.strip().to_numpy() != "")
    shapes = shapely.from_wkt(texts.to_numpy(dtype=object)[filled], on_invalid="ignore")
    is_read = ~shapely.is_missing(shapes)
    for row in filled[~is_read].tolist():
        sites.faults[row] = ("wkt", "bad_wkt")
    rows, shapes = filled[is_read], shapes[is_read]
    if not len(rows):
        return
    table = pd.DataFrame(index=pd.RangeIndex(len(rows)))
    raw = RawShapes(table, shapes, None, options.layer.value, "")
    file = located(raw, options.shapes())
    sites.shapes[rows] = np.array(file.frame.geometry, dtype=object)
    sites.datum = sites.datum or file.datum
    sites.warnings += file.warnings


def _check(sites: Sites, layer: RegisterLayer) -> None:
    """Take only shapes that the register knows; a collection of one point is a point."""
    allowed, reason = _ALLOWED.get(layer, (POINTS, "not_a_point"))
    for row, shape in enumerate(sites.shapes):
        if shape is None or shape.is_empty:
            sites.shapes[row] = None
            continue
        if shape.geom_type == "MultiPoint" and len(shape.geoms) == 1:
            sites.shapes[row] = shape.geoms[0]
        elif shape.geom_type not in allowed:
            sites.faults.setdefault(row, ("wkt", reason))
        elif not shape.is_valid:
            sites.faults.setdefault(row, ("wkt", "invalid_shape"))
