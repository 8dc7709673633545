"""Move coordinates into the datum of the basemap, at the window and nowhere else.

Used by both renderers and by the map panel (for the view the window reports).
Knows nothing of layers and drawing.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np
import shapely

from dashboard.maps.layers import Basemap, MapView
from geo.crs import Datum
from geo.gcj02 import from_wgs84, to_wgs84

if TYPE_CHECKING:
    from collections.abc import Sequence

    from numpy.typing import NDArray
    from shapely.geometry.base import BaseGeometry

__all__ = ["Window", "has_tiles"]


def has_tiles(basemap: Basemap) -> bool:
    """Tell whether a basemap asks for tiles."""
    return basemap.kind == "xyz"


class Window:
    """Shift lon/lat (EPSG:4326) to what the basemap shows, and back.

    With a plain or WGS84 basemap nothing moves, bit for bit.
    """

    def __init__(self, basemap: Basemap) -> None:
        self._is_shifted = has_tiles(basemap) and basemap.datum == "gcj02"

    def points(
        self, lon: NDArray[np.float64], lat: NDArray[np.float64]
    ) -> tuple[NDArray[np.float64], NDArray[np.float64]]:
        """Shift longitudes and latitudes (degrees)."""
        if not self._is_shifted or len(lon) == 0:
            return np.asarray(lon, np.float64), np.asarray(lat, np.float64)
        there = from_wgs84(np.asarray(lon, np.float64), np.asarray(lat, np.float64), Datum.GCJ02)
        return np.asarray(there[0], np.float64), np.asarray(there[1], np.float64)

    def points_back(
        self, lon: NDArray[np.float64], lat: NDArray[np.float64]
    ) -> tuple[NDArray[np.float64], NDArray[np.float64]]:
        """Bring longitudes and latitudes of the window (degrees) back to EPSG:4326."""
        if not self._is_shifted or len(lon) == 0:
            return np.asarray(lon, np.float64), np.asarray(lat, np.float64)
        back = to_wgs84(np.asarray(lon, np.float64), np.asarray(lat, np.float64), Datum.GCJ02)
        return np.asarray(back[0], np.float64), np.asarray(back[1], np.float64)

    def shapes(self, geometries: Sequence[BaseGeometry]) -> NDArray[np.object_]:
        """Shift every vertex of geometries."""
        held = np.empty(len(geometries), dtype=object)
        held[:] = list(geometries)
        if not self._is_shifted:
            return held

        def shift(pairs: NDArray[np.float64]) -> NDArray[np.float64]:
            return np.column_stack(self.points(pairs[:, 0], pairs[:, 1]))

        return np.asarray(shapely.transform(held, shift), dtype=object)

    def bounds(
        self, bounds: tuple[float, float, float, float]
    ) -> tuple[float, float, float, float]:
        """Shift west, south, east, north."""
        lon, lat = self.points(np.array(bounds[0::2]), np.array(bounds[1::2]))
        return float(lon[0]), float(lat[0]), float(lon[1]), float(lat[1])

    def back(self, view: MapView) -> MapView:
        """Bring the view that a window reports back to EPSG:4326."""
        if not self._is_shifted:
            return view
        lon, lat = self.points_back(
            np.array([view.west, view.east]), np.array([view.south, view.north])
        )
        return MapView(float(lon[0]), float(lat[0]), float(lon[1]), float(lat[1]), view.zoom)
