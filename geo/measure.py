"""Measure areas, lengths and distances in metres.

Used by densities, boundary faults, reports and cards.
Knows nothing of what is measured; coordinates stay in degrees everywhere else.
"""

from typing import Final

import geopandas as gpd
import numpy as np
import numpy.typing as npt
import pandas as pd
import pyproj
import shapely

from geo.crs import require_crs, require_same_crs, to_stored, to_working

FloatArray = npt.NDArray[np.float64]

_WIDE_DEG: Final = 6.0
_GEOD: Final = pyproj.Geod(ellps="GRS80")


def _shapes(frame: gpd.GeoDataFrame) -> gpd.GeoDataFrame:
    return frame[[frame.geometry.name]]


def _is_blank(frame: gpd.GeoDataFrame) -> bool:
    require_crs(frame)
    return bool((frame.geometry.isna() | frame.geometry.is_empty).all())


def is_wide(frame: gpd.GeoDataFrame) -> bool:
    """Tell whether a frame spans more than 6 degrees of longitude, too wide for one zone."""
    bounds = to_stored(_shapes(frame)).total_bounds
    return bool(bounds[2] - bounds[0] > _WIDE_DEG)


def _by_row(values: npt.ArrayLike, frame: gpd.GeoDataFrame, name: str) -> pd.Series:
    numbers = np.array(values, dtype=np.float64)
    numbers[~np.isfinite(numbers)] = 0.0
    return pd.Series(numbers, index=frame.index, name=name)


def area_m2(frame: gpd.GeoDataFrame) -> pd.Series:
    """Return each row's area in square metres, indexed like the frame.

    Measured in one working CRS, chosen by the centre of the whole frame, so that parts add up to
    their whole; off by at most 4e-4 inside a Gauss-Krueger zone, 8e-4 in UTM. Frames wider than
    6 degrees are measured on the ellipsoid (GRS80 geodesic edges). Missing and empty shapes
    measure 0.

    Parameters
    ----------
    frame
        Any CRS.

    Raises
    ------
    CrsError
        ``no_crs``, ``no_working_crs``.
    """
    if _is_blank(frame):
        return _by_row(np.zeros(len(frame)), frame, "area_m2")
    if not is_wide(frame):
        return _by_row(to_working(_shapes(frame)).geometry.area, frame, "area_m2")
    shapes = shapely.orient_polygons(to_stored(_shapes(frame)).geometry.to_numpy())
    areas = [
        0.0 if s is None or s.is_empty else _GEOD.geometry_area_perimeter(s)[0] for s in shapes
    ]
    return _by_row(np.abs(areas), frame, "area_m2")


def length_m(frame: gpd.GeoDataFrame) -> pd.Series:
    """Return each row's length in metres (a polygon's: its outline), indexed like the frame.

    One working CRS for the frame as in `area_m2`; frames wider than 6 degrees on the ellipsoid.

    Raises
    ------
    CrsError
        ``no_crs``, ``no_working_crs``.
    """
    if _is_blank(frame):
        return _by_row(np.zeros(len(frame)), frame, "length_m")
    if not is_wide(frame):
        return _by_row(to_working(_shapes(frame)).geometry.length, frame, "length_m")
    shapes = to_stored(_shapes(frame)).geometry.to_numpy()
    lengths = [0.0 if s is None or s.is_empty else _GEOD.geometry_length(s) for s in shapes]
    return _by_row(lengths, frame, "length_m")


def distance_m(frame: gpd.GeoDataFrame, other: gpd.GeoDataFrame) -> pd.Series:
    """Return the distance in metres between row k of one frame and row k of the other.

    Measured in the working CRS of the centre of the first frame; 0 where shapes meet, NaN where
    one is missing. Meant for places of one town; between far places use `lonlat_distance_m`.

    Raises
    ------
    CrsError
        ``no_crs``, ``crs_mismatch``, ``no_working_crs``.
    ValueError
        The frames differ in length.
    """
    require_same_crs(frame, other)
    if len(frame) == 0 and len(other) == 0:
        return pd.Series(np.zeros(0), index=frame.index, name="distance_m")
    first = to_working(_shapes(frame))
    second = to_working(_shapes(other), first.crs)
    gaps = shapely.distance(first.geometry.to_numpy(), second.geometry.to_numpy())
    return pd.Series(gaps, index=frame.index, name="distance_m")


def lonlat_distance_m(
    lon: npt.ArrayLike, lat: npt.ArrayLike, other_lon: npt.ArrayLike, other_lat: npt.ArrayLike
) -> FloatArray:
    """Return distances on the ellipsoid in metres between places in degrees, any distance apart."""
    columns = [np.asarray(v, dtype=np.float64) for v in (lon, lat, other_lon, other_lat)]
    lon_a, lat_a, lon_b, lat_b = np.broadcast_arrays(*columns)
    _, _, gaps = _GEOD.inv(lon_a, lat_a, lon_b, lat_b)
    return np.asarray(gaps, dtype=np.float64)
