"""Put each point in exactly one grid (落格), or report it as outside.

Used by the counting of data, by the importers' reports and by the datum audit.
Knows nothing of grid kinds and dates: callers pass the grids that hold on the day they ask for,
one kind at a time.
"""

from dataclasses import dataclass
from typing import Final

import geopandas as gpd
import numpy as np
import numpy.typing as npt
import pandas as pd
import shapely

from geo.crs import require_stored
from geo.errors import FrameError
from geo.index import Located, TilingIndex, build_index
from geo.index.direct import code_order, locate_directly
from geo.rings import BoolArray, FloatArray, IntArray
from geo.schema import GRIDS, POINTS, require

_DUST: Final = 1e-290  # degrees; GEOS loses the sign of products of such numbers
_FEW_POINTS: Final = 4_000
_VERTEX_COST: Final = 0.45  # of building, in points tested pair by pair


@dataclass(frozen=True, slots=True)
class Positions:
    """Where bare coordinates fall.

    Attributes
    ----------
    grid
        Row position in the grids frame, -1 outside.
    on_border
        The point lies on the border of at least one grid.
    in_overlap
        At least two grids claim the point; the lowest code got it.
    """

    grid: IntArray
    on_border: BoolArray
    in_overlap: BoolArray


@dataclass(frozen=True, slots=True)
class Assignment:
    """Where a frame's points fall; three Series with the index of the points.

    Attributes
    ----------
    grid_code
        Text, ``<NA>`` outside.
    on_border
        The point lies on the border of at least one grid.
    in_overlap
        At least two grids claim the point; the lowest code got it.
    """

    grid_code: pd.Series
    on_border: pd.Series
    in_overlap: pd.Series

    @property
    def outside_count(self) -> int:
        """How many points lie in no grid."""
        return int(self.grid_code.isna().sum())


def assign_points(
    points: gpd.GeoDataFrame, grids: gpd.GeoDataFrame, *, index: TilingIndex | None = None
) -> Assignment:
    """Put each point in one grid, or outside.

    A point on a shared border goes to the grid just east of it (horizontal border: just north),
    that is to the grid that holds (x + e, y + e^2) for an infinitely small e; where no grid lies
    there (outer border), to the lowest code of the grids it touches; flagged `on_border`. Where
    grids overlap the lowest code decides; flagged `in_overlap`. The answer does not depend on the
    order of points or of grids.

    Parameters
    ----------
    points
        Frame satisfying `schema.POINTS`, EPSG:4326 (4490 equal), every row with coordinates.
    grids
        Frame satisfying `schema.GRIDS`, EPSG:4326 (4490 equal), edges straight in it. Missing and
        empty shapes hold nothing; self-crossing rings count even-odd, as `shapely.make_valid`
        reads them. Repeated codes are taken as one grid of several rows.
    index
        Of these very grids, from `geo.index.build_index`, where one is kept. Without it one is
        built for many points; a few points are tested pair by pair. The answer is the same.

    Returns
    -------
    Assignment
        Indexed like `points`.

    Raises
    ------
    CrsError
        ``no_crs``, ``crs_mismatch``.
    FrameError
        ``points_without_coordinates`` (fields `count`, `rows`: the first labels), and those of
        `schema.require`.

    Notes
    -----
    Exact in double coordinates for touching points. Does not modify its inputs. About linear in
    points and vertices.

    Examples
    --------
    >>> assign_points(points, grids).grid_code.tolist()
    ['A-01', 'A-02', <NA>]
    """
    require(points, POINTS)
    require_stored(points)
    shapes = points.geometry.to_numpy()
    lost: BoolArray = np.asarray(shapely.is_missing(shapes) | shapely.is_empty(shapes))
    if lost.any():
        _refuse(lost, points.index)
    xy = shapely.get_coordinates(shapes)
    found = _assign(xy, grids, points.index, index)
    codes = np.append(grids["grid_code"].to_numpy(dtype=object), [pd.NA])
    return Assignment(
        pd.Series(codes[found.grid], index=points.index, dtype="string", name="grid_code"),
        pd.Series(found.on_border, index=points.index, name="on_border"),
        pd.Series(found.in_overlap, index=points.index, name="in_overlap"),
    )


def assign_lonlat(
    lon: npt.ArrayLike,
    lat: npt.ArrayLike,
    grids: gpd.GeoDataFrame,
    *,
    index: TilingIndex | None = None,
) -> Positions:
    """Put bare coordinates in grids by the rule of `assign_points`.

    Parameters
    ----------
    lon, lat
        Degrees, EPSG:4326 (CGCS2000 equal), one-dimensional, finite.
    grids, index
        As in `assign_points`.

    Returns
    -------
    Positions
        Row positions in `grids`; the first row of a repeated code.

    Raises
    ------
    CrsError, FrameError
        As `assign_points`; `rows` are positions in the arrays.
    """
    x = np.atleast_1d(np.asarray(lon, dtype=np.float64))
    y = np.atleast_1d(np.asarray(lat, dtype=np.float64))
    return _assign(np.column_stack([x, y]), grids, pd.RangeIndex(len(x)), index)


def _refuse(lost: BoolArray, labels: pd.Index) -> None:
    raise FrameError(
        "points_without_coordinates", count=int(lost.sum()), rows=labels[lost][:10].tolist()
    )


def _assign(
    xy: FloatArray, grids: gpd.GeoDataFrame, labels: pd.Index, index: TilingIndex | None
) -> Positions:
    require(grids, GRIDS)
    require_stored(grids)
    if index is not None and len(index) != len(grids):
        raise ValueError((len(index), len(grids)))
    lost: BoolArray = np.asarray(~np.isfinite(xy).all(axis=1))
    if lost.any():
        _refuse(lost, labels)
    shapes = np.asarray(grids.geometry.to_numpy(), dtype=object)
    codes = grids["grid_code"].to_numpy(dtype=object)
    if index is None and pays_to_build(len(xy), shapes):
        index = build_index(shapes, codes)
    if index is None:
        found = locate_directly(xy, shapes, code_order(codes))
    else:
        found = index.locate_with_borders(xy[:, 0], xy[:, 1])
        _settle_dust(found, xy, shapes, codes)
    return Positions(found.row.astype(np.int64), found.on_border, found.in_overlap)


def _settle_dust(
    found: Located, xy: FloatArray, shapes: npt.NDArray[np.object_], codes: npt.NDArray[np.object_]
) -> None:
    """Give places nearer to zero than GEOS can tell apart the answer GEOS gives, as ever."""
    dust = np.flatnonzero(((np.abs(xy) < _DUST) & (xy != 0.0)).any(axis=1))
    if len(dust) == 0:
        return
    said = locate_directly(xy[dust], shapes, code_order(codes))
    found.row[dust] = said.row
    found.on_border[dust], found.in_overlap[dust] = said.on_border, said.in_overlap


def pays_to_build(n_points: int, shapes: npt.NDArray[np.object_]) -> bool:
    """Tell whether an index of the shapes, used once, costs less than testing pairs.

    Measured: building takes for a vertex a little less than half of what a point takes without
    the index, and for the smallest tiling as long as a few thousand points. Both ways give the
    same answer.
    """
    if n_points < _FEW_POINTS:
        return False
    return n_points > int(shapely.get_num_coordinates(shapes).sum()) * _VERTEX_COST
