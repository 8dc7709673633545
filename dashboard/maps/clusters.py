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

__all__ = ["ClusterOptions", "Lattice", "cluster_layer", "cluster_levels", "layer_of"]

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
    """Build a cluster layer; see `Lattice` for how points are gathered."""
    chosen = options or ClusterOptions()
    levels = cluster_levels(lon, lat, chosen)
    return layer_of(levels, layer_id=layer_id, title=title, options=chosen)


def layer_of(
    levels: tuple[ClusterLevel, ...], *, layer_id: str, title: str, options: ClusterOptions
) -> ClusterLayer:
    """Name the clusters of each zoom as a layer."""
    return ClusterLayer(
        id=layer_id,
        title=title,
        levels=levels,
        colour=CLUSTER_COLOUR,
        points_from_zoom=options.points_from_zoom,
    )


def cluster_levels(
    lon: NDArray[np.float64], lat: NDArray[np.float64], options: ClusterOptions
) -> tuple[ClusterLevel, ...]:
    """Gather points for every zoom; as `Lattice.levels` of all of them.

    Raises
    ------
    ValueError
        When a coordinate is not finite, or as `Lattice`.
    """
    if not (np.isfinite(lon).all() and np.isfinite(lat).all()):
        raise ValueError("clusters need finite longitudes and latitudes")
    return Lattice(lon, lat, options).levels()


class Lattice:
    """Know the cell of every point at every zoom, so that any choice of them is clustered at once.

    Sorting the points into cells is the dear part, and does not hang on which of them are chosen:
    on 1,000,000 points a choice takes a hundredth of it.

    Parameters
    ----------
    lon, lat
        Degrees, EPSG:4326; points without coordinates (NaN) are in no cell. Latitudes beyond
        85.05 degrees lie in the outermost cells.
    options
        Zooms, cell size and the limit of clusters.

    Raises
    ------
    ValueError
        When lengths differ.
    """

    def __init__(
        self, lon: NDArray[np.float64], lat: NDArray[np.float64], options: ClusterOptions
    ) -> None:
        if len(lon) != len(lat):
            raise ValueError("clusters need longitudes and latitudes of one length")
        self.options = options
        self._lon = np.asarray(lon, np.float64)
        self._lat = np.asarray(lat, np.float64)
        self._depth = options.max_zoom + options.cell_bits
        located = np.isfinite(self._lon) & np.isfinite(self._lat)
        column, row = _cells(self._lon[located], self._lat[located], self._depth)
        keys, where = np.unique((column << 32) | row, return_inverse=True)
        self._where = np.full(len(lon), -1, dtype=np.int32)
        self._where[located] = where
        self._parents: list[NDArray[np.intp]] = []
        for _ in range(self._depth):
            above = ((keys >> 33) << 32) | ((keys & 0xFFFFFFFF) >> 1)
            keys, parent = np.unique(above, return_inverse=True)
            self._parents.append(parent)
        self._finest = len(self._parents[0]) if self._parents else len(keys)

    def levels(
        self, chosen: NDArray[np.bool_] | NDArray[np.integer] | None = None
    ) -> tuple[ClusterLevel, ...]:
        """Give the clusters of the chosen points; counts add up to their number.

        Parameters
        ----------
        chosen
            A mask of the points, or the numbers of those wanted, each once; None: all.

        Returns
        -------
        tuple of ClusterLevel
            Rising by zoom. Centres are the mean longitude and latitude of the points of a cell. A
            zoom whose clusters equal those of the zoom before is left out: a renderer takes the
            highest level that is not above its zoom, or the first.
        """
        keep = self._chosen(chosen)
        where = self._where[keep]
        sums = _Sums(
            np.bincount(where, minlength=self._finest).astype(np.int64),
            _summed(where, self._lon[keep], self._finest),
            _summed(where, self._lat[keep], self._finest),
        )
        depth, options = self._depth, self.options
        levels: list[ClusterLevel] = []
        for zoom in range(options.max_zoom, options.min_zoom - 1, -1):
            bits = zoom + options.cell_bits
            while depth > bits or (sums.filled > options.max_cells and depth > 0):
                sums, depth = sums.joined(self._parents[self._depth - depth]), depth - 1
            level = sums.level(zoom)
            if levels and levels[-1].count.size == level.count.size:
                levels.pop()  # no cluster was split between these two zooms
            levels.append(level)
        return tuple(reversed(levels))

    def _chosen(
        self, chosen: NDArray[np.bool_] | NDArray[np.integer] | None
    ) -> NDArray[np.bool_] | NDArray[np.integer]:
        """Leave out what is in no cell."""
        if chosen is None:
            return np.asarray(self._where >= 0)
        if chosen.dtype == np.bool_:
            return np.asarray((self._where >= 0) & chosen)
        return np.asarray(chosen[self._where[chosen] >= 0])


@dataclass(frozen=True, slots=True, eq=False)
class _Sums:
    """What lies in each cell of one depth, empty cells included."""

    count: NDArray[np.int64]
    lon: NDArray[np.float64]
    lat: NDArray[np.float64]

    @property
    def filled(self) -> int:
        return int(np.count_nonzero(self.count))

    def joined(self, parent: NDArray[np.intp]) -> _Sums:
        """Join each two by two cells into one."""
        size = int(parent.max(initial=-1)) + 1
        count = _summed(parent, self.count.astype(np.float64), size).astype(np.int64)
        return _Sums(count, _summed(parent, self.lon, size), _summed(parent, self.lat, size))

    def level(self, zoom: int) -> ClusterLevel:
        full = self.count > 0
        n = self.count[full]
        return ClusterLevel(zoom, self.lon[full] / n, self.lat[full] / n, n)


def _summed(
    where: NDArray[np.intp] | NDArray[np.int32], weights: NDArray[np.float64], size: int
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
