"""Divide a town into square cells that stay where they are, whatever is counted in them.

Used by the patrol brief. A cell is a statistical square, never a grid (网格).
Knows nothing of what is counted.

Edges lie on multiples of the size in the working CRS (metres): the same town gives the same cells
on every day, whatever points are asked about.
"""

from dataclasses import dataclass

import numpy as np
import numpy.typing as npt
import pyproj
import shapely

from geo.crs import STORED_CRS, crs_from, transform_xy
from geo.errors import GeoError

FloatArray = npt.NDArray[np.float64]
IntArray = npt.NDArray[np.int64]


@dataclass(frozen=True, slots=True)
class SquareCells:
    """A lattice of squares in a metric CRS.

    Parameters
    ----------
    crs
        Working CRS (metres).
    size_m
        Side of a cell.

    Raises
    ------
    GeoError
        `bad_cell_size`: the side is not a positive number.
    """

    crs: pyproj.CRS
    size_m: float

    def __post_init__(self) -> None:
        if not (np.isfinite(self.size_m) and self.size_m > 0):
            raise GeoError("bad_cell_size", size_m=self.size_m)

    def index(self, lon: FloatArray, lat: FloatArray) -> IntArray:
        """Give column and row of each point, shape (n, 2).

        A point on an edge belongs to the cell east of it (horizontal edge: north of it).

        Parameters
        ----------
        lon, lat
            Degrees, EPSG:4326, finite.
        """
        xy = self.metres(lon, lat)
        return np.floor(xy / self.size_m).astype(np.int64)

    def metres(self, lon: FloatArray, lat: FloatArray) -> FloatArray:
        """Take points to the working CRS, shape (n, 2), metres."""
        pairs = np.column_stack([lon, lat]).astype(np.float64, copy=False)
        return transform_xy(pairs, crs_from(STORED_CRS), self.crs)

    def outline(self, column: int, row: int) -> shapely.Polygon:
        """Give one cell's outline in degrees, EPSG:4326."""
        x, y = column * self.size_m, row * self.size_m
        ring = np.array(shapely.box(x, y, x + self.size_m, y + self.size_m).exterior.coords)
        return shapely.Polygon(transform_xy(ring, self.crs, crs_from(STORED_CRS)))
