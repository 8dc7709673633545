"""Gather many points into counted clusters, one set for each zoom.

Used by the screens that show incidents; the result is drawn by both renderers.
Knows nothing of records: it sees bare longitudes and latitudes.

Points fall into square cells of Web Mercator that halve from zoom to zoom, as map tiles do, so a
cluster splits into four at most. The same points always give the same clusters.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

import numpy as np

from dashboard.maps.layers import ClusterLayer, ClusterLevel
from dashboard.theme import CLUSTER_COLOUR

if TYPE_CHECKING:
    from numpy.typing import NDArray

__all__ = ["ClusterOptions", "cluster_layer", "cluster_levels"]

_MAX_LATITUDE_DEG = 85.05112878  # edge of the square Web Mercator world
_TILE_PX = 256


@dataclass(frozen=True, slots=True)
class ClusterOptions:
    """Choose zooms and size.

    Attributes
    ----------
    min_zoom, max_zoom
        First and last zoom that get their own clusters, both included, 0 to 20.
    cell_bits
        Cells along a tile of 256 px are 2 ** cell_bits: 2 gives cells of 64 px.
    max_cells
        Most clusters in one zoom; where there would be more, cells are doubled until they fit.
    points_from_zoom
        Zoom from which the points themselves are shown; None: never.
    """

    min_zoom: int = 3
    max_zoom: int = 16
    cell_bits: int = 2
    max_cells: int = 4000
    points_from_zoom: float | None = None


def cluster_layer(
    lon: NDArray[np.float64],
    lat: NDArray[np.float64],
    *,
    layer_id: str,
    title: str,
    options: ClusterOptions | None = None,
) -> ClusterLayer:
    """Build a cluster layer; see `cluster_levels` for how points are gathered."""
    chosen = options or ClusterOptions()
    return ClusterLayer(
        id=layer_id,
        title=title,
        levels=cluster_levels(lon, lat, chosen),
        colour=CLUSTER_COLOUR,
        points_from_zoom=chosen.points_from_zoom,
    )


def cluster_levels(
    lon: NDArray[np.float64], lat: NDArray[np.float64], options: ClusterOptions
) -> tuple[ClusterLevel, ...]:
    """Gather points for every zoom; counts of each level add up to the number of points.

    Parameters
    ----------
    lon, lat
        Degrees, EPSG:4326, finite. Latitudes beyond 85.05 degrees lie in the outermost cells.
    options
        Zooms, cell size and the limit of clusters.

    Returns
    -------
    tuple of ClusterLevel
        Rising by zoom. Centres are the mean longitude and latitude of the points of a cell. A
        zoom whose clusters equal those of the zoom before is left out: a renderer takes the
        highest level that is not above its zoom, or the first.

    Raises
    ------
    ValueError
        When lengths differ or a coordinate is not finite.
    """
    if len(lon) != len(lat) or not (np.isfinite(lon).all() and np.isfinite(lat).all()):
        raise ValueError("clusters need finite longitudes and latitudes of one length")
    depth = options.max_zoom + options.cell_bits
    column, row = _cells(np.asarray(lon, np.float64), np.asarray(lat, np.float64), depth)
    key, where = np.unique((column << 32) | row, return_inverse=True)
    cells = _Cells(
        key >> 32,
        key & 0xFFFFFFFF,
        np.bincount(where, minlength=key.size).astype(np.int64),
        _summed(where, lon, key.size),
        _summed(where, lat, key.size),
    )
    levels: list[ClusterLevel] = []
    for zoom in range(options.max_zoom, options.min_zoom - 1, -1):
        bits = zoom + options.cell_bits
        while depth > bits or (cells.count.size > options.max_cells and depth > 0):
            cells, depth = cells.halved(), depth - 1
        level = ClusterLevel(
            zoom, cells.sum_lon / cells.count, cells.sum_lat / cells.count, cells.count
        )
        if levels and levels[-1].count.size == level.count.size:
            levels.pop()  # no cluster was split between these two zooms
        levels.append(level)
    return tuple(reversed(levels))


@dataclass(frozen=True, slots=True, eq=False)
class _Cells:
    column: NDArray[np.int64]
    row: NDArray[np.int64]
    count: NDArray[np.int64]
    sum_lon: NDArray[np.float64]
    sum_lat: NDArray[np.float64]

    def halved(self) -> _Cells:
        """Join each two by two cells into one."""
        key, where = np.unique(((self.column >> 1) << 32) | (self.row >> 1), return_inverse=True)
        count = np.zeros(key.size, dtype=np.int64)
        np.add.at(count, where, self.count)
        return _Cells(
            key >> 32,
            key & 0xFFFFFFFF,
            count,
            _summed(where, self.sum_lon, key.size),
            _summed(where, self.sum_lat, key.size),
        )


def _summed(
    where: NDArray[np.intp], weights: NDArray[np.float64], size: int
) -> NDArray[np.float64]:
    return np.bincount(where, weights=weights, minlength=size).astype(np.float64)


def _cells(
    lon: NDArray[np.float64], lat: NDArray[np.float64], depth: int
) -> tuple[NDArray[np.int64], NDArray[np.int64]]:
    side = 1 << depth
    sine = np.sin(np.radians(np.clip(lat, -_MAX_LATITUDE_DEG, _MAX_LATITUDE_DEG)))
    x = (lon + 180.0) / 360.0
    y = 0.5 - np.log((1 + sine) / (1 - sine)) / (4 * np.pi)
    column, row = (np.clip((part * side).astype(np.int64), 0, side - 1) for part in (x, y))
    return column, row
