"""Test in which datum, axis order or projection a table's coordinates are.

Used by the importers before coordinates are taken, and by `gridbeat check`.
Knows nothing of files; converts nothing for good: it recommends, a person declares.

Each hypothesis is scored by the share of points that fall in their stated unit or, where the rows
state none, in any unit; the mean distance from the points to their units breaks ties.
"""

from collections.abc import Callable, Iterator
from dataclasses import dataclass
from math import sqrt
from typing import Final

import geopandas as gpd
import numpy as np
import numpy.typing as npt
import pandas as pd
import pyproj
import shapely

from geo.crs import (
    STORED_CRS,
    Datum,
    LonLat,
    centre_of,
    crs_from,
    gauss_kruger_zones,
    require_stored,
    transform_xy,
    utm_crs,
)
from geo.errors import CrsError, DatumError
from geo.gcj02 import LonLats, in_offset_box, to_wgs84
from geo.plane import plane_of
from geo.schema import GRIDS, require

FloatArray = npt.NDArray[np.float64]
IntArray = npt.NDArray[np.int64]
BoolArray = npt.NDArray[np.bool_]

_SAMPLE: Final = 5_000
_METRES_FROM: Final = 1_000.0  # no longitude or latitude is as large, hardly any easting as small
_MILLION: Final = 1_000_000.0
_MIN_SHARE: Final = 0.5
_MIN_MARGIN: Final = 0.05
_SIGMAS: Final = 3.0
_NEAR_MERIDIANS_DEG: Final = 9.0
_FAR_M: Final = 1e7


@dataclass(frozen=True, slots=True)
class Hypothesis:
    """One reading of the coordinates and how well it fits.

    Attributes
    ----------
    key
        Stable word: ``wgs84``, ``gcj02``, ``bd09``, ``epsg_4547``, each also with ``_swapped``.
    crs
        ``EPSG:...`` to declare for the file.
    datum
        Datum to declare with it.
    is_swapped
        The first column holds the latitude or the northing.
    share
        Points in their unit over points tested, 0 to 1.
    n
        Points tested.
    mean_distance_m
        Mean distance from the points to their unit, 0 inside, cut at 10,000 km.
    """

    key: str
    crs: str
    datum: Datum
    is_swapped: bool
    share: float
    n: int
    mean_distance_m: float


@dataclass(frozen=True, slots=True)
class DatumAudit:
    """The ranking of all readings.

    Attributes
    ----------
    hypotheses
        Best first.
    recommended
        The best one if it is decisively best, else None.
    margin
        Share of the best less share of the second; 0 with fewer than two.
    tied
        Keys that the points cannot tell from the best, itself included.
    is_by_stated_unit
        Whether rows named their unit; without that only large errors show.
    """

    hypotheses: tuple[Hypothesis, ...]
    recommended: Hypothesis | None
    margin: float
    tied: tuple[str, ...]
    is_by_stated_unit: bool


@dataclass(frozen=True, slots=True)
class _Reading:
    key: str
    crs: str
    datum: Datum
    is_swapped: bool
    convert: Callable[[FloatArray, FloatArray], LonLats]


@dataclass(frozen=True, slots=True)
class _Score:
    reading: _Reading
    is_hit: BoolArray
    mean_distance_m: float


def audit_datum(
    x: npt.ArrayLike,
    y: npt.ArrayLike,
    units: gpd.GeoDataFrame,
    *,
    stated: npt.ArrayLike | None = None,
) -> DatumAudit:
    """Rank datums, axis orders and projections by how well points fit their units.

    Parameters
    ----------
    x, y
        The two columns as they came (x: longitude or easting, if they are not swapped). Rows
        without a number are left out; at most 5,000 evenly spaced rows are tested.
    units
        Grids, communities or counties in EPSG:4326: `grid_code` holds the unit's code, `name`
        (optional) its name.
    stated
        Code or name of the unit each row says it lies in. Rows that state none, or one that does
        not exist, are left out; if no row states a known one, any unit counts.

    Returns
    -------
    DatumAudit
        `recommended` needs a share of at least 0.5 and a lead over the second of at least 0.05
        and of three standard errors of the difference (paired, McNemar 1947,
        doi:10.1007/BF02295996).

    Raises
    ------
    DatumError
        ``audit_without_points``, ``audit_without_units``.
    CrsError
        ``no_crs``, ``crs_mismatch`` of the units.
    FrameError
        Those of `schema.require`.
    """
    require(units, GRIDS)
    require_stored(units)
    known = units[~(units.geometry.isna() | units.geometry.is_empty)]
    if len(known) == 0:
        raise DatumError("audit_without_units", units=len(units))
    first = np.atleast_1d(np.asarray(x, dtype=np.float64))
    second = np.atleast_1d(np.asarray(y, dtype=np.float64))
    is_usable = np.isfinite(first) & np.isfinite(second)
    unit = _unit_of(stated, known, len(first))
    is_stated = bool((is_usable & (unit >= 0)).any())
    rows = np.flatnonzero(is_usable & (unit >= 0) if is_stated else is_usable)
    if len(rows) == 0:
        raise DatumError("audit_without_points", rows=len(first))
    if len(rows) > _SAMPLE:
        rows = rows[np.linspace(0, len(rows) - 1, _SAMPLE).astype(np.int64)]
    target = _Target(known, unit[rows] if is_stated else None)
    scores = [
        target.score(reading, first[rows], second[rows])
        for reading in _readings(first[rows], second[rows], known)
    ]
    return _ranked(scores, is_by_stated_unit=is_stated)


def _unit_of(stated: npt.ArrayLike | None, units: gpd.GeoDataFrame, n: int) -> IntArray:
    """Return the row of the stated unit, -1 where none is known; codes go before names."""
    if stated is None:
        return np.full(n, -1, dtype=np.int64)
    row_of: dict[str, int] = {}
    names = units["name"] if "name" in units.columns else units["grid_code"]
    for label in (units["grid_code"], names):
        for row, word in enumerate(label.to_numpy(dtype=object)):
            if isinstance(word, str):
                row_of.setdefault(word.strip(), row)
    words = pd.Series(np.asarray(stated, dtype=object))
    rows = words.map(lambda word: row_of.get(word.strip(), -1) if isinstance(word, str) else -1)
    return rows.to_numpy(dtype=np.int64)


class _Target:
    """Units to hit: the stated one of each point, or any."""

    def __init__(self, units: gpd.GeoDataFrame, unit: IntArray | None) -> None:
        shapes = np.asarray(shapely.force_2d(units.geometry.to_numpy()), dtype=object)
        if unit is None:
            bad = ~shapely.is_valid(shapes)
            shapes[bad] = shapely.make_valid(shapes[bad])
            shapes = np.array([shapely.union_all(shapes)], dtype=object)
        self._plane = plane_of(shapes, crs_from(STORED_CRS))
        self._laid = self._plane.lay(shapes)
        self._shapes = shapes
        shapely.prepare(self._shapes)
        shapely.prepare(self._laid)
        self._unit = unit

    def score(self, reading: _Reading, x: FloatArray, y: FloatArray) -> _Score:
        """Convert the points by one reading and test them."""
        first, second = (y, x) if reading.is_swapped else (x, y)
        lonlat = np.column_stack(reading.convert(first, second))
        on_globe = np.isfinite(lonlat).all(axis=1)
        on_globe &= (np.abs(lonlat[:, 0]) <= 180.0) & (np.abs(lonlat[:, 1]) <= 90.0)  # noqa: PLR2004 - degrees of the globe
        unit = np.zeros(len(x), dtype=np.int64) if self._unit is None else self._unit
        is_hit = np.zeros(len(x), dtype=np.bool_)
        place, own = lonlat[on_globe], unit[on_globe]
        is_hit[on_globe] = shapely.intersects_xy(self._shapes[own], place[:, 0], place[:, 1])
        away_m = np.full(len(x), _FAR_M)
        away_m[is_hit] = 0.0
        missed = on_globe & ~is_hit
        laid = shapely.points(self._plane.to_plane(lonlat[missed]))
        away_m[missed] = np.minimum(_FAR_M, shapely.distance(self._laid[unit[missed]], laid))
        return _Score(reading, is_hit, float(away_m.mean()))


def _readings(x: FloatArray, y: FloatArray, units: gpd.GeoDataFrame) -> Iterator[_Reading]:
    yield from _both_ways("wgs84", STORED_CRS, Datum.WGS84, _degrees(Datum.WGS84))
    centre = centre_of(units)
    if in_offset_box(centre.lon, centre.lat):  # elsewhere all datums are one
        yield from _both_ways("gcj02", STORED_CRS, Datum.GCJ02, _degrees(Datum.GCJ02))
        yield from _both_ways("bd09", STORED_CRS, Datum.BD09, _degrees(Datum.BD09))
    sizes = np.median(np.abs(np.column_stack([x, y])), axis=0)
    if sizes.max() < _METRES_FROM:
        return
    for crs in _projections(sizes, centre):
        label = f"EPSG:{crs.to_epsg()}"
        key = label.lower().replace(":", "_")
        yield from _both_ways(key, label, Datum.CGCS2000, _metres(crs))


def _both_ways(
    key: str, crs: str, datum: Datum, convert: Callable[[FloatArray, FloatArray], LonLats]
) -> Iterator[_Reading]:
    yield _Reading(key, crs, datum, is_swapped=False, convert=convert)
    yield _Reading(f"{key}_swapped", crs, datum, is_swapped=True, convert=convert)


def _degrees(datum: Datum) -> Callable[[FloatArray, FloatArray], LonLats]:
    return lambda lon, lat: to_wgs84(lon, lat, datum)


def _metres(crs: pyproj.CRS) -> Callable[[FloatArray, FloatArray], LonLats]:
    def convert(east: FloatArray, north: FloatArray) -> LonLats:
        lonlat = transform_xy(np.column_stack([east, north]), crs, crs_from(STORED_CRS))
        return LonLats(lonlat[:, 0], lonlat[:, 1])

    return convert


def _projections(sizes: FloatArray, centre: LonLat) -> Iterator[pyproj.CRS]:
    """List the projections whose eastings have the size of one of the columns."""
    prefixes = {int(size // _MILLION) for size in sizes if size >= _MILLION}
    for zone in gauss_kruger_zones():
        is_near = abs(zone.central_meridian_deg - centre.lon) <= _NEAR_MERIDIANS_DEG
        if zone.prefix in prefixes if zone.prefix else (is_near and sizes.min() < _MILLION):
            yield crs_from(zone.epsg)
    if sizes.min() >= _MILLION:
        return
    for shift_deg in (-6.0, 0.0, 6.0):
        lon = (centre.lon + shift_deg + 180.0) % 360.0 - 180.0
        try:
            yield utm_crs(lon, centre.lat)
        except CrsError:
            return


def _ranked(scores: list[_Score], *, is_by_stated_unit: bool) -> DatumAudit:
    scores = sorted(
        scores, key=lambda s: (-int(s.is_hit.sum()), s.mean_distance_m, s.reading.is_swapped)
    )
    hypotheses = tuple(
        Hypothesis(
            key=score.reading.key,
            crs=score.reading.crs,
            datum=score.reading.datum,
            is_swapped=score.reading.is_swapped,
            share=float(score.is_hit.mean()),
            n=len(score.is_hit),
            mean_distance_m=score.mean_distance_m,
        )
        for score in scores
    )
    margin = hypotheses[0].share - hypotheses[1].share
    tied = tuple(s.reading.key for s in scores if not _is_worse(s.is_hit, scores[0].is_hit))
    is_decisive = hypotheses[0].share >= _MIN_SHARE and len(tied) == 1
    return DatumAudit(
        hypotheses=hypotheses,
        recommended=hypotheses[0] if is_decisive else None,
        margin=margin,
        tied=tied,
        is_by_stated_unit=is_by_stated_unit,
    )


def _is_worse(hits: BoolArray, best: BoolArray) -> bool:
    """Tell whether one reading is clearly worse than the best, point by point."""
    gained, lost = int((best & ~hits).sum()), int((hits & ~best).sum())
    lead = gained - lost
    return lead >= _MIN_MARGIN * len(best) and lead > _SIGMAS * sqrt(gained + lost)
