"""Turn the file's coordinates into longitude and latitude (EPSG:4326), or say why not.

Used by `data.importers.survey`, `data.importers.events` and the preview. The datum is never
guessed: it is declared, or the file carries a CRS; the audit only recommends.
"""

from dataclasses import dataclass
from typing import Any, Final

import numpy as np
import numpy.typing as npt
import pandas as pd
import shapely
from sqlalchemy.orm import Session

from data.errors import ImportRefused
from data.frames import grids_frame, places_frame
from data.importers.numbers import (
    BoolArray,
    FloatArray,
    decimal_comma_share,
    is_empty,
    parse_numbers,
)
from data.viewer import Viewer
from data.vocabulary import PlaceLevel
from geo.crs import Datum, crs_from, crs_label, is_stored, transform_xy
from geo.datum_audit import DatumAudit, Hypothesis, audit_datum
from geo.errors import GeoError
from geo.gcj02 import to_wgs84

REASONS: Final = (
    "",
    "not_a_number",
    "half_a_coordinate",
    "null_island",
    "swapped_axes",
    "metres_not_degrees",
    "out_of_range",
    "outside_crs_area",
    "not_a_point",
)
"""Row-level reasons; a row's code is the index."""
_NEARLY_ALL: Final = 0.9
_CHINA_LON: Final = (73.0, 136.0)
_CHINA_LAT: Final = (3.0, 54.0)
_METRES: Final = 1000.0
_ORIGIN_DEG: Final = 1e-6
_AUDIT_ROWS: Final = 20_000
_AUDIT_LEVELS: Final = (
    PlaceLevel.COMMUNITY, PlaceLevel.STATION, PlaceLevel.SUBDISTRICT, PlaceLevel.COUNTY,
)  # fmt: skip


@dataclass(frozen=True, slots=True)
class Points:
    """Coordinates as the file has them: numbers, and what is wrong with each row already."""

    x: FloatArray
    y: FloatArray
    is_empty: BoolArray
    reason: npt.NDArray[np.int8]


@dataclass(frozen=True, slots=True)
class Located:
    """Coordinates as they are stored.

    Parameters
    ----------
    lon, lat
        Degrees, EPSG:4326; NaN for unlocated and rejected rows.
    src_x, src_y
        The file's numbers where they were converted, else NaN.
    reason
        Index into `REASONS`; 0 is good.
    label
        What the numbers were taken to be: `wgs84`, `gcj02`, … or `EPSG:n`.
    """

    lon: FloatArray
    lat: FloatArray
    src_x: FloatArray
    src_y: FloatArray
    reason: npt.NDArray[np.int8]
    label: str


def points_of_columns(lon: pd.Series, lat: pd.Series, *, decimal: str) -> Points:
    """Read two text columns.

    Raises
    ------
    ImportRefused
        `decimal_comma`: (nearly) all numbers are written with a comma and `--decimal ,` is missing.
    """
    x, y = parse_numbers(lon, decimal=decimal), parse_numbers(lat, decimal=decimal)
    no_x, no_y = is_empty(lon), is_empty(lat)
    if decimal == "." and decimal_comma_share(lon) >= _NEARLY_ALL:
        raise ImportRefused("decimal_comma", columns=[lon.name, lat.name])
    reason = np.zeros(len(x), dtype=np.int8)
    reason[(~np.isfinite(x) & ~no_x) | (~np.isfinite(y) & ~no_y)] = REASONS.index("not_a_number")
    reason[no_x != no_y] = REASONS.index("half_a_coordinate")
    return Points(x, y, no_x & no_y, reason)


def points_of_geometry(geometry: npt.NDArray[Any]) -> Points:
    """Read points; a multi-point of one is a point, other shapes are refused row by row."""
    missing = shapely.is_missing(geometry) | shapely.is_empty(geometry)
    kinds = shapely.get_type_id(geometry)
    single = np.where(
        (kinds == 4) & (shapely.get_num_geometries(geometry) == 1),  # noqa: PLR2004 - GEOS: MultiPoint
        shapely.get_geometry(geometry, 0),
        geometry,
    )
    is_point = shapely.get_type_id(single) == 0
    reason = np.zeros(len(geometry), dtype=np.int8)
    reason[~missing & ~is_point] = REASONS.index("not_a_point")
    usable = single.copy()
    usable[~is_point | missing] = None
    return Points(shapely.get_x(usable), shapely.get_y(usable), np.asarray(missing), reason)


def locate(points: Points, *, crs: str | None, datum: Datum | None) -> Located:
    """Convert to lon/lat; each row that cannot be right gets a reason.

    Parameters
    ----------
    crs
        Projected or geographic CRS of the numbers; none means degrees in `datum`.
    datum
        Datum of degrees. With a geographic `crs` of EPSG:4326 or 4490 it wins (files labelled
        WGS 84 often hold GCJ-02).

    Raises
    ------
    ImportRefused
        `swapped_axes`, `metres_not_degrees`, `out_of_range`, `outside_crs_area`: (nearly) all
        located rows share that fault. `unknown_crs`.
    """
    known = _crs(crs) if crs else None
    is_degrees = known is None or is_stored(known)
    x = np.where(points.reason == 0, points.x, np.nan)
    y = np.where(points.reason == 0, points.y, np.nan)
    reason = points.reason.copy()
    nothing = np.full(len(x), np.nan)
    if known is None or is_degrees:
        declared = datum or Datum.WGS84
        _check_degrees(x, y, reason, is_chinese=declared is not Datum.WGS84)
        x, y = np.where(reason == 0, x, np.nan), np.where(reason == 0, y, np.nan)
        is_moved = declared in {Datum.GCJ02, Datum.BD09}
        lon, lat = to_wgs84(x, y, declared) if is_moved else (x, y)
        label = declared.value if datum or known is None else crs_label(known)
        source = (x, y) if is_moved else (nothing, nothing)
    else:
        usable = np.isfinite(x) & np.isfinite(y)
        lon, lat = nothing.copy(), nothing.copy()
        if usable.any():
            xy = transform_xy(np.column_stack([x[usable], y[usable]]), known, crs_from(4326))
            lon[usable], lat[usable] = xy[:, 0], xy[:, 1]
        is_lost = usable & ~(np.isfinite(lon) & np.isfinite(lat))
        is_lost |= usable & ((np.abs(lon) > 180) | (np.abs(lat) > 90))  # noqa: PLR2004 - the globe
        is_lost |= usable & (np.hypot(x, y) < 1.0)  # the origin of a projection: an empty pair
        reason[is_lost] = REASONS.index("outside_crs_area")
        lon, lat = np.where(is_lost, np.nan, lon), np.where(is_lost, np.nan, lat)
        label, source = crs_label(known), (x, y)
    _refuse_wholesale(points, reason, label)
    return Located(lon, lat, source[0], source[1], reason, label)


def _crs(name: str) -> Any:  # noqa: ANN401 - pyproj.CRS
    try:
        return crs_from(name)
    except (GeoError, ValueError, RuntimeError) as error:
        raise ImportRefused("unknown_crs", crs=name) from error


def _check_degrees(
    x: FloatArray, y: FloatArray, reason: npt.NDArray[np.int8], *, is_chinese: bool
) -> None:
    """Write reasons for degrees that cannot be; `x` should be the longitude."""
    with np.errstate(invalid="ignore"):
        here = np.isfinite(x) & np.isfinite(y) & (reason == 0)
        looks_turned = (
            (x >= _CHINA_LAT[0]) & (x <= _CHINA_LAT[1])
            & (y >= _CHINA_LON[0]) & (y <= _CHINA_LON[1])
        )  # fmt: skip
        turned = (np.abs(y) > 90) & (np.abs(y) <= 180) & (np.abs(x) <= 90)  # noqa: PLR2004 - degrees
        turned |= looks_turned & is_chinese
        metres = (np.abs(x) > _METRES) | (np.abs(y) > _METRES)
        out = (np.abs(x) > 180) | (np.abs(y) > 90)  # noqa: PLR2004 - degrees
        origin = (np.abs(x) < _ORIGIN_DEG) & (np.abs(y) < _ORIGIN_DEG)
    for word, rows in (
        ("out_of_range", out),
        ("metres_not_degrees", metres),
        ("swapped_axes", turned & ~metres),
        ("null_island", origin),
    ):
        reason[here & rows] = REASONS.index(word)


def _refuse_wholesale(points: Points, reason: npt.NDArray[np.int8], label: str) -> None:
    filled = int((~points.is_empty & (points.reason == 0)).sum())
    for word in ("swapped_axes", "metres_not_degrees", "out_of_range", "outside_crs_area"):
        rows = np.flatnonzero(reason == REASONS.index(word))
        if filled and len(rows) >= max(filled * _NEARLY_ALL, 1):
            raise ImportRefused(
                word,
                declared=label,
                rows=len(rows),
                of=filled,
                x=float(points.x[rows[0]]),
                y=float(points.y[rows[0]]),
            )


def advise(
    session: Session, viewer: Viewer, points: Points, stated: pd.Series | None
) -> DatumAudit | None:
    """Try every datum, axis order and projection against the store's places.

    Units are today's base grids, or the level whose codes or names the rows state most often;
    none without places or without points.
    """
    points, stated = _sampled(points, stated)
    units = grids_frame(session, viewer)
    words = None if stated is None else stated.astype(object).to_numpy()
    if words is not None:
        best = _hits(words, units, "grid_code")
        for level in _AUDIT_LEVELS:
            frame = places_frame(session, viewer, level=level.value)
            found = _hits(words, frame, "code")
            if found > best:
                best, units = found, frame.rename(columns={"code": "grid_code"})
    if len(units) == 0 or not np.isfinite(points.x).any():
        return None
    try:
        return audit_datum(points.x, points.y, units, stated=words)
    except GeoError:
        return None


def _sampled(points: Points, stated: pd.Series | None) -> tuple[Points, pd.Series | None]:
    """Take evenly spaced rows with coordinates: the audit looks at few of them anyway."""
    rows = np.flatnonzero(np.isfinite(points.x) & np.isfinite(points.y))
    if len(rows) > _AUDIT_ROWS:
        rows = rows[np.linspace(0, len(rows) - 1, _AUDIT_ROWS).astype(np.int64)]
    few = Points(points.x[rows], points.y[rows], points.is_empty[rows], points.reason[rows])
    return few, None if stated is None else stated.iloc[rows]


def _hits(words: npt.NDArray[Any], units: pd.DataFrame, code: str) -> int:
    if len(units) == 0:
        return 0
    known = {*units[code].astype(str), *units["name"].dropna().astype(str)}
    return int(pd.Series(words).isin(known).sum())


def advice_fields(audit: DatumAudit | None) -> dict[str, Any]:
    """Write an audit as fields of an error or warning."""
    if audit is None:
        return {"recommended": None, "hypotheses": []}
    best = audit.recommended
    is_turned = all(key.endswith("_swapped") for key in audit.tied)
    agreed = best.key if best is not None else (audit.tied[0] if is_turned else None)
    return {
        "recommended": agreed,
        "recommended_crs": None if best is None else best.crs,
        "recommended_datum": None if best is None else best.datum.value,
        "is_swapped": None if best is None else best.is_swapped,
        "share": None if best is None else round(best.share, 4),
        "margin": round(audit.margin, 4),
        "is_by_stated_unit": audit.is_by_stated_unit,
        "hypotheses": [
            {"key": h.key, "share": round(h.share, 4), "n": h.n} for h in audit.hypotheses[:6]
        ],
    }


def fit_of(audit: DatumAudit, label: str) -> Hypothesis | None:
    """Find the reading that was declared (`wgs84`, `EPSG:4547`) among the audited ones."""
    key = label.lower().replace(":", "_")
    key = {"cgcs2000": "wgs84", "epsg_4326": "wgs84", "epsg_4490": "wgs84"}.get(key, key)
    return next((h for h in audit.hypotheses if h.key == key), None)
