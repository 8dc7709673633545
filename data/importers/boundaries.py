"""Read files of areas or lines into EPSG:4326, with the datum declared and every choice reported.

Used by the importers of places, streets and compounds and by the check of a file.
Knows nothing of the store, of columns and of tilings: shapes and attribute text only.
"""

import re
import warnings
from collections.abc import Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any, Final

import geopandas as gpd
import numpy as np
import pandas as pd
import pyarrow as pa
import pyarrow.parquet as pq
import pyogrio
import pyproj
import shapely
from pyogrio.errors import DataLayerError, DataSourceError
from pyproj.exceptions import CRSError as UnknownCrs

from data.errors import ImportRefused
from data.importers.archives import opened
from data.importers.columnar import PARQUET_ENDINGS, holds_shapes
from data.importers.report import Caution
from geo.crs import STORED_CRS, Datum, crs_from, crs_label, is_stored, to_stored
from geo.densify import densify_shared
from geo.errors import GeoError
from geo.gcj02 import to_wgs84

SHAPE_SUFFIXES: Final = (".geojson", ".json", ".gpkg", ".shp", ".zip", ".fgb", *PARQUET_ENDINGS)
"""Endings of files that may hold shapes."""
AREAS: Final = frozenset({"Polygon", "MultiPolygon"})
LINES: Final = frozenset({"LineString", "MultiLineString"})
_JSON: Final = (".geojson", ".json")
_CRS_MEMBER: Final = re.compile(rb'"crs"\s*:\s*\{')
_UNREADABLE: Final = (
    DataSourceError,
    DataLayerError,
    UnicodeDecodeError,
    LookupError,
    RuntimeError,
)
_LON, _LAT = 180.0, 90.0
_WIDTH: Final = 1e7
_METRIC_STAND_IN: Final = "EPSG:32650"  # any metric CRS: a check only measures


@dataclass(frozen=True, slots=True)
class ShapeOptions:
    """How to read a file of shapes.

    Parameters
    ----------
    layer
        Layer of a file with several.
    crs
        CRS of a file that states none, such as ``EPSG:4547``.
    datum
        ``wgs84``, ``cgcs2000``, ``gcj02`` or ``bd09`` for longitudes and latitudes.
    encoding
        Encoding of a Shapefile's table; None takes its .cpg, else UTF-8, else GB18030.
    max_bytes
        Largest file accepted; None accepts any.
    is_trial
        For a check only: without a CRS, degrees (or metres) are assumed, with a warning.
    """

    layer: str | None = None
    crs: str | None = None
    datum: str | None = None
    encoding: str | None = None
    max_bytes: int | None = None
    is_trial: bool = False


@dataclass(frozen=True, slots=True)
class ShapeFile:
    """What a file of shapes holds.

    Attributes
    ----------
    frame
        EPSG:4326, index 0 … n-1 in the order of the file; attribute columns as the file types
        them (text, whole numbers, …), never changed.
    datum
        What the coordinates were taken to be: a datum or ``EPSG:n``.
    vertices_added, max_shift_m
        What densifying projected edges took; 0 for degrees.
    """

    frame: gpd.GeoDataFrame
    layer: str
    datum: str
    encoding: str
    vertices_added: int
    max_shift_m: float
    warnings: tuple[Caution, ...] = ()
    attributes: tuple[str, ...] = field(default=())


@dataclass(frozen=True, slots=True)
class RawShapes:
    """Shapes as the file has them, before any CRS is applied."""

    table: pd.DataFrame
    shapes: Any
    stated_crs: str | None
    layer: str
    encoding: str


def has_shapes(path: Path) -> bool:
    """Whether the file may hold shapes (a table otherwise): by name, Parquet by what it states."""
    suffix = path.suffix.lower()
    if suffix in PARQUET_ENDINGS and path.is_file():
        return holds_shapes(path)
    return suffix in SHAPE_SUFFIXES


def read_shapes(path: Path, options: ShapeOptions) -> ShapeFile:
    """Read a GeoJSON, GeoPackage, Shapefile (zipped too), FlatGeobuf or GeoParquet file.

    A CRS in the file is used; else `crs` or `datum` must be declared. EPSG:4490 counts as 4326.
    GCJ-02 and BD-09 are converted vertex by vertex; projected boundaries are densified once on
    each shared edge (`geo.densify`).

    Raises
    ------
    ImportRefused
        ``file_missing``, ``file_empty``, ``file_too_large``, ``damaged_zip``,
        ``file_damaged``, ``layer_required``, ``unknown_layer``, ``no_features``,
        ``no_geometry``, ``datum_required``, ``unknown_crs``, ``crs_conflict``,
        ``coordinates_out_of_range``.
    """
    raw = read_raw(path, options)
    return located(raw, options)


def read_raw(path: Path, options: ShapeOptions) -> RawShapes:
    """Read shapes and attributes as they stand, without applying any CRS.

    Raises
    ------
    ImportRefused
        As `read_shapes`, without those about the CRS.
    """
    with opened(path, max_bytes=options.max_bytes) as source:
        is_parquet = source.suffix.lower() in PARQUET_ENDINGS
        raw = _read_parquet(source) if is_parquet else _read_ogr(source, options)
    if len(raw.shapes) == 0:
        raise ImportRefused("no_features", file=path.name, layer=raw.layer)
    if bool(shapely.is_missing(raw.shapes).all()):
        raise ImportRefused("no_shapes", file=path.name, layer=raw.layer)
    return raw


def located(raw: RawShapes, options: ShapeOptions) -> ShapeFile:
    """Bring raw shapes to EPSG:4326 by the CRS they carry or the one declared.

    Raises
    ------
    ImportRefused
        ``datum_required``, ``unknown_crs``, ``unknown_datum``, ``crs_conflict``,
        ``coordinates_out_of_range``.
    """
    warnings: list[Caution] = []
    datum = _datum(options.datum)
    crs = _crs_of(raw, options, datum, warnings)
    shapes = shapely.force_2d(raw.shapes)
    if datum in (Datum.GCJ02, Datum.BD09):
        shapes = _shifted(shapes, datum)
        warnings.append(Caution("datum_converted", {"datum": datum.value}))
    frame = gpd.GeoDataFrame(raw.table, geometry=gpd.GeoSeries(shapes, crs=crs))
    _require_on_globe(frame)
    label = datum.value if datum is not None else crs_label(crs)
    frame, added, shift_m = _stored(frame)
    return ShapeFile(
        frame=frame,
        layer=raw.layer,
        datum=label,
        encoding=raw.encoding,
        vertices_added=added,
        max_shift_m=shift_m,
        warnings=tuple(warnings),
        attributes=tuple(str(column) for column in raw.table.columns),
    )


def shapes_crs(raw: RawShapes, options: ShapeOptions, warnings: list[Caution]) -> pyproj.CRS:
    """Give the CRS of raw shapes, of the file or declared; `warnings` gets what was assumed.

    Raises
    ------
    ImportRefused
        ``datum_required``, ``unknown_crs``, ``unknown_datum``, ``crs_conflict``.
    """
    return _crs_of(raw, options, _datum(options.datum), warnings)


def declares_place(raw: RawShapes, options: ShapeOptions) -> bool:
    """Whether the file carries a CRS or the user declared one."""
    return raw.stated_crs is not None or options.crs is not None or options.datum is not None


def _stored(frame: gpd.GeoDataFrame) -> tuple[gpd.GeoDataFrame, int, float]:
    try:
        if set(frame.geometry.geom_type.dropna()) <= AREAS:
            dense = densify_shared(frame)
            return dense.frame, dense.vertices_added, dense.max_shift_m
        return to_stored(frame), 0, 0.0
    except GeoError as error:
        raise ImportRefused(error.code, **error.fields) from error


def _read_ogr(source: Path, options: ShapeOptions) -> RawShapes:
    try:
        layer = _layer(source, options.layer)
        encoding = options.encoding or _dbf_encoding(source)
        reads: dict[str, Any] = {"layer": layer, "encoding": encoding or None}
        info = pyogrio.read_info(source, **reads)
        with warnings.catch_warnings():
            warnings.simplefilter("ignore", RuntimeWarning)  # GDAL's own words about bad shapes
            meta, arrow = pyogrio.read_arrow(source, **reads)
    except (
        DataSourceError,
        DataLayerError,
        UnicodeDecodeError,
        LookupError,
        RuntimeError,
    ) as error:
        raise ImportRefused("file_damaged", file=source.name) from error
    name = meta.get("geometry_name") or "wkb_geometry"
    if name not in arrow.column_names:
        raise ImportRefused("no_shapes", file=source.name, layer=layer)
    columns = {_safe(c): arrow.column(c).to_pylist() for c in arrow.column_names if c != name}
    table = _table(columns, arrow.num_rows)
    shapes = shapely.from_wkb(
        np.array(arrow.column(name).to_pylist(), dtype=object), on_invalid="ignore"
    )
    stated = info["crs"] if _carries_crs(source) else None
    return RawShapes(table, shapes, stated, layer, encoding or str(info.get("encoding") or ""))


def _read_parquet(source: Path) -> RawShapes:
    try:
        pq.read_schema(source)
        if not holds_shapes(source):
            raise ImportRefused("no_shapes", file=source.name, layer=source.stem)
        frame = gpd.read_parquet(source)
    except (ValueError, OSError, pa.ArrowException) as error:
        raise ImportRefused("file_damaged", file=source.name) from error
    shapes = frame.geometry.to_numpy()
    names = [c for c in frame.columns if c != frame.geometry.name]
    table = _table({_safe(str(c)): frame[c].tolist() for c in names}, len(frame))
    stated = frame.crs.to_wkt() if frame.crs is not None else None
    return RawShapes(table, shapes, stated, source.stem, "")


def _safe(column: str) -> str:
    return f"{column}_" if column == "geometry" else column


def _table(columns: Mapping[str, list[Any]], count: int) -> pd.DataFrame:
    table = pd.DataFrame(index=pd.RangeIndex(count))
    for name, values in columns.items():
        cells = np.empty(count, dtype=object)
        cells[:] = values
        table[name] = pd.Series(cells, dtype=object)
    return table


def _layer(source: Path, wanted: str | None) -> str:
    layers = pyogrio.list_layers(source)
    names = [str(name) for name in layers[:, 0]]
    if wanted is not None:
        if wanted not in names:
            raise ImportRefused("unknown_layer", layer=wanted, known=names)
        return wanted
    spatial = [str(name) for name, kind in layers if kind is not None]
    if not names:
        raise ImportRefused("no_features", file=source.name, layer="")
    if len(spatial) > 1:
        raise ImportRefused("layer_required", file=source.name, layers=spatial)
    return spatial[0] if spatial else names[0]


def _carries_crs(source: Path) -> bool:
    """GeoJSON without a `crs` member is read as EPSG:4326 by GDAL: that is no statement."""
    if source.suffix.lower() not in _JSON:
        return True
    return _CRS_MEMBER.search(source.read_bytes()) is not None


def _dbf_encoding(source: Path) -> str:
    if source.suffix.lower() != ".shp":
        return ""
    cpg = next((p for p in source.parent.glob(f"{source.stem}.*") if _is(p, ".cpg")), None)
    dbf = next((p for p in source.parent.glob(f"{source.stem}.*") if _is(p, ".dbf")), None)
    if dbf is None:
        return ""
    if cpg is not None:
        stated = cpg.read_text(encoding="ascii", errors="ignore").strip()
        return {"936": "GBK", "950": "BIG5"}.get(stated, stated)
    raw = dbf.read_bytes()
    for encoding in ("utf-8", "gb18030"):
        try:
            raw[int.from_bytes(raw[8:10], "little") :].decode(encoding)
        except UnicodeDecodeError:
            continue
        return encoding.upper()
    return ""


def _is(path: Path, suffix: str) -> bool:
    return path.suffix.lower() == suffix


def _datum(name: str | None) -> Datum | None:
    if name is None:
        return None
    try:
        return Datum(name.lower())
    except ValueError as error:
        known = [d.value for d in Datum]
        raise ImportRefused("unknown_datum", datum=name, known=known) from error


def _crs_of(
    raw: RawShapes, options: ShapeOptions, datum: Datum | None, warnings: list[Caution]
) -> pyproj.CRS:
    declared = _declared(options.crs)
    stated = crs_from(raw.stated_crs) if raw.stated_crs is not None else None
    if stated is not None and declared is not None and not _same(stated, declared):
        raise ImportRefused("crs_conflict", stated=crs_label(stated), declared=options.crs)
    crs = stated if stated is not None else declared
    if datum is None:
        return crs if crs is not None else _assumed(raw, options, warnings)
    if crs is not None and not crs.is_geographic:
        raise ImportRefused("crs_conflict", stated=crs_label(crs), declared=datum.value)
    if stated is not None and datum in (Datum.GCJ02, Datum.BD09):
        fields = {"datum": datum.value, "stated": crs_label(stated)}
        warnings.append(Caution("datum_overrides_crs", fields))
    return crs_from(STORED_CRS)


def _declared(name: str | None) -> pyproj.CRS | None:
    if name is None:
        return None
    try:
        return crs_from(f"EPSG:{name}" if name.isdigit() else name)
    except UnknownCrs as error:
        raise ImportRefused("unknown_crs", crs=name) from error


def _same(a: pyproj.CRS, b: pyproj.CRS) -> bool:
    return bool((is_stored(a) and is_stored(b)) or a.equals(b, ignore_axis_order=True))


def _assumed(raw: RawShapes, options: ShapeOptions, warnings: list[Caution]) -> pyproj.CRS:
    if not options.is_trial:
        raise ImportRefused("datum_required", recommended="", layer=raw.layer)
    bounds = shapely.total_bounds(raw.shapes)
    if max(abs(bounds[0]), abs(bounds[2])) <= _LON and max(abs(bounds[1]), abs(bounds[3])) <= _LAT:
        warnings.append(Caution("crs_assumed", {"crs": STORED_CRS}))
        return crs_from(STORED_CRS)
    if not 0 <= bounds[0] <= bounds[2] <= _WIDTH / 10 or not 0 <= bounds[1] <= bounds[3] <= _WIDTH:
        raise ImportRefused("datum_required", recommended="", layer=raw.layer)
    warnings.append(Caution("crs_assumed", {"crs": "metres"}))
    return crs_from(_METRIC_STAND_IN)


def _shifted(shapes: Any, datum: Datum) -> Any:  # noqa: ANN401 - arrays of shapes
    def shift(xy: Any) -> Any:  # noqa: ANN401 - coordinates (n, 2)
        moved = to_wgs84(xy[:, 0], xy[:, 1], datum)
        return np.column_stack([moved.lon, moved.lat])

    return shapely.transform(shapes, shift)


def _require_on_globe(frame: gpd.GeoDataFrame) -> None:
    if frame.crs is None or not frame.crs.is_geographic:
        return
    bounds = frame.geometry.bounds.to_numpy(dtype=np.float64)
    bounds = bounds[np.isfinite(bounds).all(axis=1)]
    if len(bounds) == 0:
        return
    west, south = bounds[:, :2].min(axis=0)
    east, north = bounds[:, 2:].max(axis=0)
    is_turned = max(-south, north) <= _LON and max(-west, east) <= _LAT
    if is_turned and max(-south, north) > _LAT:
        raise ImportRefused("boundary_axes_swapped", declared=crs_label(frame.crs))
    if west < -_LON or east > _LON or south < -_LAT or north > _LAT:
        corner = [float(west), float(south), float(east), float(north)]
        raise ImportRefused("coordinates_out_of_range", bounds=corner, crs=crs_label(frame.crs))
