"""Say which events happened at the same place (K24).

Used by the measures and by whoever ranks places.
Knows nothing of rows. "Place" is: the same exact point, or within 25 m of it. Points are taken in
order of their events (most first; ties by longitude, then latitude); each that is still free
becomes a place and takes every free point within 25 m. No chains: two events of one place are
never more than 50 m apart.
"""

from typing import Final

import numpy as np
import numpy.typing as npt
import shapely

from geo.crs import STORED_CRS, crs_from
from geo.plane import plane_of

PLACE_RADIUS_M: Final = 25.0
_FREE: Final = -1


def place_of(
    lon: npt.NDArray[np.float64], lat: npt.NDArray[np.float64], radius_m: float = PLACE_RADIUS_M
) -> npt.NDArray[np.int64]:
    """Give each point the number of its place.

    Parameters
    ----------
    lon, lat
        Degrees, EPSG:4326, finite. Distances are taken on a local plane: 0.1 % off ten kilometres
        north or south of the points' middle.
    """
    if len(lon) == 0:
        return np.zeros(0, dtype=np.int64)
    spots, row, n = np.unique(
        np.column_stack([lon, lat]), axis=0, return_inverse=True, return_counts=True
    )
    points = np.asarray(shapely.points(spots), dtype=object)
    points = plane_of(points, crs_from(STORED_CRS)).lay(points)
    one, other = shapely.STRtree(points).query(points, predicate="dwithin", distance=radius_m)
    order = np.argsort(one, kind="stable")
    starts = np.searchsorted(one[order], np.arange(len(points) + 1))
    near = other[order]
    place = np.full(len(points), _FREE, dtype=np.int64)
    for seed in np.lexsort((spots[:, 1], spots[:, 0], -n)):
        if place[seed] == _FREE:
            around = near[starts[seed] : starts[seed + 1]]
            place[around[place[around] == _FREE]] = seed
    return np.asarray(place[row.ravel()])


def events_per_place(
    lon: npt.NDArray[np.float64], lat: npt.NDArray[np.float64], radius_m: float = PLACE_RADIUS_M
) -> npt.NDArray[np.int64]:
    """Count the events of each place that has any."""
    return np.unique(place_of(lon, lat, radius_m), return_counts=True)[1]
