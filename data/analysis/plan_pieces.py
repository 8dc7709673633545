"""Share the people of old grids out among the pieces that new grids make of them.

Used by the crosswalk, the impact and the restated history of plans. Knows nothing of stores.

Whole numbers stay whole: a cut grid's households are shared out by the largest remainder, so that
the parts add up to what was counted, and are marked as estimated.
"""

from collections.abc import Sequence
from dataclasses import dataclass

import geopandas as gpd
import numpy as np
import numpy.typing as npt
import pandas as pd
import shapely

from data.repositories.register_records import BuildingRecord
from geo.apportion import apportion_groups
from geo.assign import assign_lonlat
from geo.overlay import NOWHERE, Pieces

FloatArray = npt.NDArray[np.float64]
IntArray = npt.NDArray[np.int64]


@dataclass(frozen=True, slots=True, eq=False)
class Shared:
    """Whole numbers of old grids, shared out among the pieces.

    Attributes
    ----------
    n
        Of each piece; 0 for land that was in no grid.
    is_known
        Whether the old grid's number is known.
    is_estimated
        Whether the piece is a part of its old grid: the number was shared out, not counted.
    by_buildings
        Whether the households of buildings shared it out, and not the area.
    """

    n: IntArray
    is_known: npt.NDArray[np.bool_]
    is_estimated: npt.NDArray[np.bool_]
    by_buildings: npt.NDArray[np.bool_]


def share_out(pieces: Pieces, totals: FloatArray, weights: FloatArray | None = None) -> Shared:
    """Share each old grid's number out among its pieces; the parts add up to it exactly.

    Parameters
    ----------
    totals
        Whole numbers of the old grids; NaN where unknown.
    weights
        Of each piece, such as the households of its buildings; where an old grid's are all 0 its
        pieces' areas count.
    """
    known = np.isfinite(totals)
    whole = np.where(known, totals, 0.0).astype(np.int64)
    has_old = pieces.old >= 0
    built = np.zeros(len(whole), dtype=bool)
    weight = pieces.area_m2
    if weights is not None:
        sums = np.bincount(pieces.old[has_old], weights[has_old], minlength=len(whole))
        built = sums > 0
        weight = np.where(built[pieces.old] & has_old, weights, weight)
    n = apportion_groups(whole, pieces.old, weight)
    return Shared(
        n=n,
        is_known=has_old & known[pieces.old] if len(known) else has_old,
        is_estimated=has_old & pieces.is_cut[pieces.old] if len(known) else has_old,
        by_buildings=has_old & built[pieces.old] if len(known) else has_old,
    )


def building_weights(
    pieces: Pieces,
    old: gpd.GeoDataFrame,
    new: gpd.GeoDataFrame,
    buildings: Sequence[BuildingRecord],
    measure: str = "households",
) -> FloatArray:
    """Count the people of buildings in each piece, each at a point inside its building.

    Parameters
    ----------
    measure
        ``households`` or ``residents``; where no building states its residents, households.
    """
    counted = [b for b in buildings if b.household_count and _has_place(b)]
    is_residents = measure == "residents" and any(b.resident_count for b in counted)
    found = np.zeros(len(pieces.old))
    if not counted:
        return found
    xy = shapely.get_coordinates(shapely.point_on_surface([b.geometry for b in counted]))
    rows = [_rows(frame, xy) for frame in (old, new)]
    numbers = [b.resident_count if is_residents else b.household_count for b in counted]
    table = pd.Series([float(number or 0) for number in numbers])
    sums = table.groupby([rows[0], rows[1]]).sum().to_dict()
    for k, pair in enumerate(zip(pieces.old.tolist(), pieces.new.tolist(), strict=True)):
        found[k] = sums.get(pair, 0.0)
    return found


def carried(
    pieces: Pieces, shared: Shared, count: int
) -> tuple[pd.arrays.IntegerArray, npt.NDArray[np.bool_], int]:
    """Add the parts up by new grid.

    Returns
    -------
    tuple
        Int64 of each of the `count` new grids (<NA> where a part's number is unknown), whether
        it holds a shared part, and what lies in no new grid any more. Sums are exact.
    """
    is_in = (pieces.new >= 0) & (pieces.old >= 0)
    new = pieces.new[is_in]
    n = np.zeros(count, dtype=np.int64)
    np.add.at(n, new, shared.n[is_in])
    unknown = np.bincount(new[~shared.is_known[is_in]], minlength=count) > 0
    unknown |= np.bincount(new, minlength=count) == 0
    estimated = np.bincount(new[shared.is_estimated[is_in]], minlength=count) > 0
    lost = int(shared.n[(pieces.new < 0) & (pieces.old >= 0)].sum())
    return pd.arrays.IntegerArray(n, unknown), estimated, lost


def _rows(frame: gpd.GeoDataFrame, xy: FloatArray) -> IntArray:
    if len(frame) == 0:
        return np.full(len(xy), NOWHERE, dtype=np.int64)
    return assign_lonlat(xy[:, 0], xy[:, 1], frame).grid


def _has_place(building: BuildingRecord) -> bool:
    return building.geometry is not None and not building.geometry.is_empty
