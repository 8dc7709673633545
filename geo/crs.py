"""Choose and change coordinate reference systems; the only place that reprojects frames.

Used by geo, by the importers and by everything that measures metres.
Knows nothing of datums that no EPSG code describes (see `geo.gcj02`).
"""

from dataclasses import dataclass
from enum import StrEnum
from functools import lru_cache
from math import floor, isfinite
from typing import Any, Final

import geopandas as gpd
import numpy as np
import numpy.typing as npt
import pyproj
import shapely

from geo.errors import CrsError, FrameError

STORED_CRS: Final = "EPSG:4326"
"""Longitude and latitude in degrees, x = longitude; CGCS2000 (EPSG:4490) is taken as equal."""

_EQUAL_TO_STORED: Final = frozenset({4326, 4490})
_CHINA_LON: Final = (73.5, 135.1)
_CHINA_LAT: Final = (16.0, 54.0)
_UTM_LAT: Final = (-80.0, 84.0)
_SAME_UNIT: Final = 1e-12  # metres
_FIRST_MERIDIAN, _LAST_MERIDIAN = 75, 135


class Datum(StrEnum):
    """The datums in which Chinese longitudes and latitudes arrive."""

    WGS84 = "wgs84"
    CGCS2000 = "cgcs2000"
    GCJ02 = "gcj02"
    BD09 = "bd09"


@dataclass(frozen=True, slots=True)
class LonLat:
    """A place in degrees, WGS-84 (= CGCS2000)."""

    lon: float
    lat: float


@dataclass(frozen=True, slots=True)
class Zone:
    """One CGCS2000 Gauss-Krueger zone.

    Attributes
    ----------
    epsg
        EPSG code.
    central_meridian_deg
        Longitude of the axis, degrees.
    width_deg
        3 or 6.
    prefix
        Zone number in front of the easting in millions (38 in 38529251.8); 0 where there is none.
    """

    epsg: int
    central_meridian_deg: int
    width_deg: int
    prefix: int


@lru_cache(maxsize=256)
def crs_from(name: str | int) -> pyproj.CRS:
    """Build a CRS from a code or WKT once and keep it (building one costs milliseconds)."""
    return pyproj.CRS.from_user_input(name)


@lru_cache(maxsize=1)
def gauss_kruger_zones() -> tuple[Zone, ...]:
    """List the CGCS2000 zones that differ from each other.

    3-degree zones 25-45 with prefix (EPSG:4513-4533), 6-degree zones 13-23 with prefix
    (EPSG:4491-4501), 3-degree zones by central meridian 75E-135E without prefix (EPSG:4534-4554).
    The 6-degree zones without prefix (EPSG:4502-4512) are the same projections as every second
    one of the last and are left out.
    """
    prefixed_3 = [Zone(4513 + k, 75 + 3 * k, 3, 25 + k) for k in range(21)]
    prefixed_6 = [Zone(4491 + k, 75 + 6 * k, 6, 13 + k) for k in range(11)]
    plain = [Zone(4534 + k, 75 + 3 * k, 3, 0) for k in range(21)]
    return (*prefixed_3, *prefixed_6, *plain)


def utm_crs(lon: float, lat: float) -> pyproj.CRS:
    """Return the WGS 84 UTM zone that holds a place given in degrees.

    Raises
    ------
    CrsError
        ``no_working_crs``: the place is not on the globe or too near a pole for UTM.
    """
    on_globe = isfinite(lon) and -180.0 <= lon <= 180.0  # noqa: PLR2004 - degrees of a full turn
    if not (on_globe and _UTM_LAT[0] <= lat <= _UTM_LAT[1]):
        raise CrsError("no_working_crs", expected="UTM", got=f"{lon}, {lat}", lon=lon, lat=lat)
    zone = min(60, floor((lon + 180.0) / 6.0) + 1)
    return crs_from((32700 if lat < 0 else 32600) + zone)


def working_crs(lon: float, lat: float) -> pyproj.CRS:
    """Return the metric CRS for lengths and areas around a place given in degrees.

    Inside 73.5-135.1 E, 16-54 N: the CGCS2000 3-degree Gauss-Krueger zone by central meridian
    (EPSG:4534-4554; a place half-way between two meridians takes the eastern one). Elsewhere: the
    local WGS 84 UTM zone. Within its zone the scale is off by at most 2e-4 (Gauss-Krueger) or
    4e-4 (UTM).

    Raises
    ------
    CrsError
        ``no_working_crs``: not on the globe or too near a pole.
    """
    in_china = _CHINA_LON[0] <= lon <= _CHINA_LON[1] and _CHINA_LAT[0] <= lat <= _CHINA_LAT[1]
    if not in_china:
        return utm_crs(lon, lat)
    meridian = 3 * floor((lon + 1.5) / 3.0)
    meridian = max(_FIRST_MERIDIAN, min(_LAST_MERIDIAN, meridian))
    return crs_from(4534 + (meridian - _FIRST_MERIDIAN) // 3)


@lru_cache(maxsize=256)
def _is_stored_wkt(wkt: str) -> bool:
    crs = pyproj.CRS.from_wkt(wkt)
    if not crs.is_geographic:
        return False
    authority = crs.to_authority()
    if authority is not None and authority[0] == "OGC":
        return bool(authority[1] == "CRS84")
    return bool(crs.to_epsg() in _EQUAL_TO_STORED)


def is_stored(crs: Any) -> bool:  # noqa: ANN401 - whatever pyproj or a frame's `.crs` gives
    """Tell whether a CRS is EPSG:4326 or counts as equal (EPSG:4490, OGC:CRS84)."""
    if crs is None:
        return False
    return _is_stored_wkt(pyproj.CRS.from_user_input(crs).to_wkt())


def crs_label(crs: Any) -> str:  # noqa: ANN401 - whatever pyproj or a frame's `.crs` gives
    """Name a CRS shortly, as ``EPSG:4547`` where it has a code; empty for none."""
    if crs is None:
        return ""
    known = pyproj.CRS.from_user_input(crs)
    authority = known.to_authority()
    return ":".join(authority) if authority else str(known.name)


def is_in_metres(crs: pyproj.CRS) -> bool:
    """Tell whether coordinates are metres of a plane: projected, and its unit is one metre."""
    unit_m = crs.axis_info[0].unit_conversion_factor if crs.is_projected else 0.0
    return abs(unit_m - 1.0) <= _SAME_UNIT


def require_crs(frame: gpd.GeoDataFrame) -> pyproj.CRS:
    """Return the frame's CRS or refuse the frame.

    Raises
    ------
    CrsError
        ``no_crs``: the frame states none.
    """
    if frame.crs is None:
        raise CrsError("no_crs", expected=STORED_CRS, got="")
    return frame.crs


def require_stored(frame: gpd.GeoDataFrame) -> None:
    """Refuse a frame that is not in the stored CRS (EPSG:4326, or 4490 taken as equal).

    Raises
    ------
    CrsError
        ``no_crs`` or ``crs_mismatch``.
    """
    crs = require_crs(frame)
    if not is_stored(crs):
        raise CrsError("crs_mismatch", expected=STORED_CRS, got=crs_label(crs))


def require_same_crs(a: gpd.GeoDataFrame, b: gpd.GeoDataFrame) -> None:
    """Refuse two frames whose coordinates cannot be compared.

    EPSG:4326 and EPSG:4490 count as the same.

    Raises
    ------
    CrsError
        ``no_crs`` or ``crs_mismatch`` with both labels.
    """
    first, second = require_crs(a), require_crs(b)
    if is_stored(first) and is_stored(second):
        return
    if first != second:
        raise CrsError("crs_mismatch", expected=crs_label(first), got=crs_label(second))


def declare_crs(frame: gpd.GeoDataFrame, crs: str) -> gpd.GeoDataFrame:
    """State the CRS of a frame that carries none; coordinates stay as they are.

    Raises
    ------
    CrsError
        ``crs_mismatch``: the frame already states another one.
    """
    stated = crs_from(crs)
    if frame.crs is None:
        return frame.set_crs(stated)
    if frame.crs == stated or (is_stored(frame.crs) and is_stored(stated)):
        return frame
    raise CrsError("crs_mismatch", expected=crs_label(stated), got=crs_label(frame.crs))


def to_stored(frame: gpd.GeoDataFrame) -> gpd.GeoDataFrame:
    """Return the frame in EPSG:4326, x = longitude; vertices only, edges are not densified.

    EPSG:4490 is relabelled, its numbers are not touched. Boundaries in metres go through
    `geo.densify.densify_shared` instead, which keeps their edges in place.

    Raises
    ------
    CrsError
        ``no_crs``.
    """
    crs = require_crs(frame)
    if is_stored(crs):
        return frame.set_crs(STORED_CRS, allow_override=True)
    return frame.to_crs(STORED_CRS)


def centre_of(frame: gpd.GeoDataFrame) -> LonLat:
    """Return the centre of the frame's extent in degrees.

    Raises
    ------
    CrsError
        ``no_crs``.
    FrameError
        ``no_geometry``: nothing in the frame has coordinates.
    """
    bounds = to_stored(frame[[frame.geometry.name]]).geometry.bounds.to_numpy(dtype=np.float64)
    bounds = bounds[np.isfinite(bounds).all(axis=1)]
    if len(bounds) == 0:
        raise FrameError("no_geometry", rows=len(frame))
    west, south = bounds[:, :2].min(axis=0)
    east, north = bounds[:, 2:].max(axis=0)
    return LonLat(float(west + east) / 2.0, float(south + north) / 2.0)


def to_working(frame: gpd.GeoDataFrame, crs: pyproj.CRS | None = None) -> gpd.GeoDataFrame:
    """Return the frame in metres, in `crs` or in the working CRS of its own centre.

    Raises
    ------
    CrsError
        ``no_crs``, ``no_working_crs``.
    FrameError
        ``no_geometry``.
    """
    require_crs(frame)
    if crs is None:
        centre = centre_of(frame)
        crs = working_crs(centre.lon, centre.lat)
    return _projected(to_stored(frame), crs)


def _projected(frame: gpd.GeoDataFrame, crs: pyproj.CRS) -> gpd.GeoDataFrame:
    """Do what `to_crs` does, with a transformer that is quick in a new thread as well."""
    shapes = np.asarray(frame.geometry.to_numpy(), dtype=object)
    stored = crs_from(STORED_CRS)
    if stored.is_exact_same(crs) or shapely.has_z(shapes).any():
        return frame.to_crs(crs)
    moved = shapely.transform(shapes, lambda xy: transform_xy(xy, stored, crs))
    name = frame.geometry.name
    return frame.set_geometry(gpd.GeoSeries(moved, index=frame.index, crs=crs, name=name))


@lru_cache(maxsize=256)
def _transformer(source: str, target: str) -> pyproj.Transformer:
    """Give a transformer made of its steps where these are known.

    pyproj sets every transformer up anew in each thread, and each run of a page is a new thread:
    that takes hundreds of milliseconds from two CRSs, less than one from the steps they stand for.
    """
    made = pyproj.Transformer.from_crs(source, target, always_xy=True)
    steps = str(made.definition)
    return pyproj.Transformer.from_pipeline(steps) if steps.startswith("proj=pipeline") else made


def transform_xy(
    xy: npt.NDArray[np.float64], source: pyproj.CRS, target: pyproj.CRS
) -> npt.NDArray[np.float64]:
    """Convert coordinates of shape (n, 2), x first whatever the CRS says; inf where undefined."""
    x, y = _transformer(source.to_wkt(), target.to_wkt()).transform(xy[:, 0], xy[:, 1])
    return np.column_stack([x, y]).astype(np.float64, copy=False)
