"""Lay grids on a local plane in metres on which straight edges stay straight.

Used by `geo.tiling` and `geo.repair`, whose widths are in metres.
Knows nothing of codes; areas that people see are measured by `geo.measure`, not here.

Degrees are only shifted and scaled (by the metres of a degree at the frame's middle), so borders
that fit together in degrees fit together here. Scale is off by about 0.1 % ten kilometres north or
south of the middle, which matters for no width of a gap.
"""

from dataclasses import dataclass
from math import cos, radians, sin, sqrt
from typing import Final

import numpy as np
import numpy.typing as npt
import pyproj
import shapely

FloatArray = npt.NDArray[np.float64]
ObjectArray = npt.NDArray[np.object_]

_SEMI_MAJOR_M: Final = 6378137.0
_ECCENTRICITY_SQUARED: Final = 0.006694380022901


@dataclass(frozen=True, slots=True)
class Plane:
    """A shifted and scaled copy of a frame's coordinates.

    Attributes
    ----------
    origin
        Middle of the frame, in its own coordinates.
    scale
        Metres per unit of x and of y.
    """

    origin: tuple[float, float]
    scale: tuple[float, float]

    def lay(self, shapes: ObjectArray) -> ObjectArray:
        """Take shapes from the frame's coordinates to the plane (metres)."""
        return np.asarray(shapely.transform(shapes, self.to_plane), dtype=object)

    def lift(self, shapes: ObjectArray, kept: ObjectArray | None = None) -> ObjectArray:
        """Take shapes back; vertices that `kept` (frame coordinates) already had return exactly."""
        if kept is None:
            return np.asarray(shapely.transform(shapes, self._back), dtype=object)
        own = np.unique(shapely.get_coordinates(kept), axis=0)
        places = self.to_plane(own)
        known = {(x, y): k for k, (x, y) in enumerate(places.tolist())}

        def restore(xy: FloatArray) -> FloatArray:
            at = np.array([known.get((x, y), -1) for x, y in xy.tolist()], dtype=np.int64)
            result = self._back(xy)
            result[at >= 0] = own[at[at >= 0]]
            return result

        return np.asarray(shapely.transform(shapes, restore), dtype=object)

    def to_plane(self, xy: FloatArray) -> FloatArray:
        """Take coordinates of shape (n, 2) to the plane."""
        return np.asarray((xy - np.array(self.origin)) * np.array(self.scale))

    def _back(self, xy: FloatArray) -> FloatArray:
        return np.asarray(xy / np.array(self.scale) + np.array(self.origin))


def plane_of(shapes: ObjectArray, crs: pyproj.CRS) -> Plane:
    """Build the plane for shapes in a geographic CRS (degrees) or a projected one."""
    bounds = shapely.bounds(shapes)
    bounds = bounds[np.isfinite(bounds).all(axis=1)]
    if len(bounds) == 0:
        return Plane((0.0, 0.0), (1.0, 1.0))
    west, south = bounds[:, :2].min(axis=0)
    east, north = bounds[:, 2:].max(axis=0)
    origin = (float(west + east) / 2.0, float(south + north) / 2.0)
    if crs.is_projected:
        unit_m = float(crs.axis_info[0].unit_conversion_factor)
        return Plane(origin, (unit_m, unit_m))
    phi = radians(max(-89.0, min(89.0, origin[1])))
    root = sqrt(1.0 - _ECCENTRICITY_SQUARED * sin(phi) ** 2)
    meridian_m = _SEMI_MAJOR_M * (1.0 - _ECCENTRICITY_SQUARED) / root**3
    parallel_m = _SEMI_MAJOR_M / root * cos(phi)
    return Plane(origin, (radians(parallel_m), radians(meridian_m)))
