"""Convert between WGS-84, GCJ-02 and BD-09 (偏移坐标), six ways, on NumPy arrays.

Used by the importers (offset coordinates stop at the door), by the exports and the datum audit.
Knows nothing of frames, and never guesses a datum: callers declare it.

The formulas are the public, reverse-engineered approximation of GCJ-02 (Krassovsky ellipsoid,
a = 6378245 m) and of Baidu's second shift. A round trip here is exact to well below 1 mm; against
a vendor's own service expect 1-5 m, because vendors add noise and rounding.
"""

from typing import Final, NamedTuple

import numpy as np
import numpy.typing as npt

from geo.crs import Datum

FloatArray = npt.NDArray[np.float64]

_SEMI_MAJOR_M: Final = 6378245.0
_ECCENTRICITY_SQUARED: Final = 0.00669342162296594323
_BD_TURN: Final = np.pi * 3000.0 / 180.0
_BD_LON_DEG, _BD_LAT_DEG = 0.0065, 0.006
_ITERATIONS: Final = 6  # each one gains about three digits; 6 leaves nanometres

# The box outside which every implementation of the formula leaves coordinates alone.
_BOX_LON: Final = (72.004, 137.8347)
_BOX_LAT: Final = (0.8293, 55.8271)


class LonLats(NamedTuple):
    """Longitudes and latitudes in degrees, two arrays of one shape."""

    lon: FloatArray
    lat: FloatArray


def in_offset_box(lon: npt.ArrayLike, lat: npt.ArrayLike) -> npt.NDArray[np.bool_]:
    """Tell which places lie in the box where GCJ-02 and BD-09 differ from WGS-84.

    The box holds more than China (Hanoi, Seoul, Taipei). It is no evidence of a datum.
    """
    x, y = np.asarray(lon, dtype=np.float64), np.asarray(lat, dtype=np.float64)
    inside = (x >= _BOX_LON[0]) & (x <= _BOX_LON[1]) & (y >= _BOX_LAT[0]) & (y <= _BOX_LAT[1])
    return np.asarray(inside)


def _waves(v: FloatArray, long_a: float, long_b: float) -> FloatArray:
    """Add the sines in one coordinate `v` that both shifts share; long waves weigh differently."""
    short = 20.0 * np.sin(v * np.pi) + 40.0 * np.sin(v / 3.0 * np.pi)
    wide = long_a * np.sin(v / 12.0 * np.pi) + long_b * np.sin(v / 30.0 * np.pi)
    return np.asarray((short + wide) * 2.0 / 3.0)


def _gcj_shift(lon: FloatArray, lat: FloatArray) -> LonLats:
    """GCJ-02 minus WGS-84 in degrees at WGS-84 places inside the box."""
    x, y = lon - 105.0, lat - 35.0
    root = np.sqrt(np.abs(x))
    ripple = (20.0 * np.sin(6.0 * x * np.pi) + 20.0 * np.sin(2.0 * x * np.pi)) * 2.0 / 3.0
    north = -100.0 + 2.0 * x + 3.0 * y + 0.2 * y * y + 0.1 * x * y + 0.2 * root + ripple
    north += _waves(y, 160.0, 320.0)
    east = 300.0 + x + 2.0 * y + 0.1 * x * x + 0.1 * x * y + 0.1 * root + ripple
    east += _waves(x, 150.0, 300.0)
    phi = np.radians(lat)
    magic = 1.0 - _ECCENTRICITY_SQUARED * np.sin(phi) ** 2
    root_magic = np.sqrt(magic)
    meridian_m = _SEMI_MAJOR_M * (1.0 - _ECCENTRICITY_SQUARED) / (magic * root_magic)
    parallel_m = _SEMI_MAJOR_M / root_magic * np.cos(phi)
    return LonLats(np.degrees(east / parallel_m), np.degrees(north / meridian_m))


def _bd_shift(lon: FloatArray, lat: FloatArray) -> LonLats:
    """BD-09 minus GCJ-02 in degrees at GCJ-02 places."""
    radius = np.hypot(lon, lat) + 0.00002 * np.sin(lat * _BD_TURN)
    angle = np.arctan2(lat, lon) + 0.000003 * np.cos(lon * _BD_TURN)
    return LonLats(
        radius * np.cos(angle) + _BD_LON_DEG - lon,
        radius * np.sin(angle) + _BD_LAT_DEG - lat,
    )


class _Boxed(NamedTuple):
    """Inputs split for the formulas: what lies outside the box stands at a harmless place."""

    lon: FloatArray
    lat: FloatArray
    safe_lon: FloatArray
    safe_lat: FloatArray
    inside: npt.NDArray[np.bool_]


def _boxed(lon: npt.ArrayLike, lat: npt.ArrayLike) -> _Boxed:
    x, y = np.broadcast_arrays(np.asarray(lon, dtype=np.float64), np.asarray(lat, dtype=np.float64))
    inside = in_offset_box(x, y)
    return _Boxed(x, y, np.where(inside, x, 105.0), np.where(inside, y, 35.0), inside)


def _merged(boxed: _Boxed, lon: FloatArray, lat: FloatArray) -> LonLats:
    return LonLats(np.where(boxed.inside, lon, boxed.lon), np.where(boxed.inside, lat, boxed.lat))


def wgs84_to_gcj02(lon: npt.ArrayLike, lat: npt.ArrayLike) -> LonLats:
    """Convert WGS-84 degrees to GCJ-02; unchanged outside the box, NaN stays NaN."""
    boxed = _boxed(lon, lat)
    shift = _gcj_shift(boxed.safe_lon, boxed.safe_lat)
    return _merged(boxed, boxed.safe_lon + shift.lon, boxed.safe_lat + shift.lat)


def gcj02_to_wgs84(lon: npt.ArrayLike, lat: npt.ArrayLike) -> LonLats:
    """Convert GCJ-02 degrees to WGS-84 by fixed-point iteration.

    Unchanged outside the box, NaN stays NaN. Six rounds; the round trip is exact to nanometres.
    """
    boxed = _boxed(lon, lat)
    x, y = boxed.safe_lon, boxed.safe_lat
    for _ in range(_ITERATIONS):
        shift = _gcj_shift(x, y)
        x, y = boxed.safe_lon - shift.lon, boxed.safe_lat - shift.lat
    return _merged(boxed, x, y)


def gcj02_to_bd09(lon: npt.ArrayLike, lat: npt.ArrayLike) -> LonLats:
    """Convert GCJ-02 degrees to BD-09; unchanged outside the box, NaN stays NaN."""
    boxed = _boxed(lon, lat)
    shift = _bd_shift(boxed.safe_lon, boxed.safe_lat)
    return _merged(boxed, boxed.safe_lon + shift.lon, boxed.safe_lat + shift.lat)


def bd09_to_gcj02(lon: npt.ArrayLike, lat: npt.ArrayLike) -> LonLats:
    """Convert BD-09 degrees to GCJ-02 by fixed-point iteration.

    Unchanged outside the box, NaN stays NaN. Six rounds; the round trip is exact to nanometres.
    """
    boxed = _boxed(lon, lat)
    x, y = boxed.safe_lon - _BD_LON_DEG, boxed.safe_lat - _BD_LAT_DEG
    for _ in range(_ITERATIONS):
        shift = _bd_shift(x, y)
        x, y = boxed.safe_lon - shift.lon, boxed.safe_lat - shift.lat
    return _merged(boxed, x, y)


def wgs84_to_bd09(lon: npt.ArrayLike, lat: npt.ArrayLike) -> LonLats:
    """Convert WGS-84 degrees to BD-09 through GCJ-02."""
    return gcj02_to_bd09(*wgs84_to_gcj02(lon, lat))


def bd09_to_wgs84(lon: npt.ArrayLike, lat: npt.ArrayLike) -> LonLats:
    """Convert BD-09 degrees to WGS-84 through GCJ-02."""
    return gcj02_to_wgs84(*bd09_to_gcj02(lon, lat))


def _unchanged(lon: npt.ArrayLike, lat: npt.ArrayLike) -> LonLats:
    return LonLats(np.asarray(lon, dtype=np.float64), np.asarray(lat, dtype=np.float64))


_TO_WGS84: Final = {
    Datum.WGS84: _unchanged,
    Datum.CGCS2000: _unchanged,
    Datum.GCJ02: gcj02_to_wgs84,
    Datum.BD09: bd09_to_wgs84,
}
_FROM_WGS84: Final = {
    Datum.WGS84: _unchanged,
    Datum.CGCS2000: _unchanged,
    Datum.GCJ02: wgs84_to_gcj02,
    Datum.BD09: wgs84_to_bd09,
}


def to_wgs84(lon: npt.ArrayLike, lat: npt.ArrayLike, datum: Datum) -> LonLats:
    """Convert degrees in the declared datum to WGS-84; CGCS2000 is taken as equal."""
    return _TO_WGS84[Datum(datum)](lon, lat)


def from_wgs84(lon: npt.ArrayLike, lat: npt.ArrayLike, datum: Datum) -> LonLats:
    """Convert WGS-84 degrees to a datum, as exports and basemaps in that datum need."""
    return _FROM_WGS84[Datum(datum)](lon, lat)
