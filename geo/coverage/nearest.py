"""Find the nearest post of each point, equal distances decided by the lowest code.

Used by reach, siting and the coverage analysis. Knows nothing of streets and of what points are.

Many points are answered by a table: the plane is cut into cells, and a cell knows every post that
can be the nearest of any point in it: those no farther from its middle than the nearest one plus
the cell's diagonal. Cells that would need more than a few posts, and few points, ask a k-d tree.
"""

from dataclasses import dataclass
from math import ceil, hypot, sqrt
from typing import Final

import geopandas as gpd
import numpy as np
import numpy.typing as npt
from scipy.spatial import cKDTree

from geo.coverage.metres import (
    BoolArray,
    FloatArray,
    ask_tree,
    codes_of,
    point_coordinates,
    require_metres,
)

Rows = npt.NDArray[np.int32]

TIE_M: Final = 1e-8
"""Posts whose distances differ by no more are equally near: coordinates of millions of metres are
doubles of 5e-10 m."""
POST_CODE: Final = "post_code"
_CANDIDATES: Final = 6
_CELLS_PER_POST: Final = 32
_MOST_CELLS: Final = 1 << 20
_BLOCK: Final = 1 << 16
_POINTS_PER_CELL: Final = 2
"""Below so many points a cell the table costs more than it saves."""


@dataclass(frozen=True, slots=True)
class Nearest:
    """The nearest post of each point.

    Attributes
    ----------
    post
        Row of `posts`; -1 where a point has no coordinates or there is no post.
    distance_m
        Straight line in metres; NaN where `post` is -1.
    post_code
        Codes of the posts, by row of `posts`.
    """

    post: Rows
    distance_m: FloatArray
    post_code: npt.NDArray[np.object_]

    @property
    def unlocated(self) -> int:
        """Points without an answer."""
        return int(np.count_nonzero(self.post < 0))

    def codes(self) -> npt.NDArray[np.object_]:
        """Code of each point's post; None where there is none."""
        return np.append(self.post_code, [None])[self.post]


def nearest_post(points: gpd.GeoDataFrame, posts: gpd.GeoDataFrame) -> Nearest:
    """Find the nearest post of each point.

    Parameters
    ----------
    points
        Points in a projected CRS in metres; rows without a point are answered with -1.
    posts
        Points in the same CRS with `post_code`, which is unique; posts without a point are nobody's
        nearest.

    Returns
    -------
    Nearest
        Of posts equally near (within `TIE_M`) the one whose code is lowest as text, whatever the
        order of rows.

    Raises
    ------
    CrsError
        ``needs_metres``, ``crs_mismatch``.
    FrameError
        ``missing_columns``, ``missing_codes``, ``duplicate_codes``, ``wrong_geometry_type``.

    Examples
    --------
    >>> nearest_post(incidents, posts).codes().tolist()
    ['P-02', 'P-01']
    """
    require_metres(points, posts)
    codes = codes_of(posts, POST_CODE, name="posts")
    xy, places = point_coordinates(points), point_coordinates(posts)
    rows, distance = nearest_rows(xy, places, codes)
    return Nearest(rows, distance, codes)


def nearest_rows(
    xy: FloatArray, places: FloatArray, codes: npt.NDArray[np.object_]
) -> tuple[Rows, FloatArray]:
    """Answer `nearest_post` on bare coordinates of shape (n, 2) in metres."""
    order = np.argsort(codes.astype(str), kind="stable")
    order = order[_is_known(places[order])]
    kept = np.sort(np.unique(places[order], axis=0, return_index=True)[1])
    order = order[kept]  # of posts at one place the lowest code answers for all
    sites = np.ascontiguousarray(places[order])
    rows = np.full(len(xy), -1, dtype=np.int32)
    distance = np.full(len(xy), np.nan)
    known = _is_known(xy)
    if len(sites) == 0 or not known.any():
        return rows, distance
    table = _table(xy, sites)
    if table is None or not known.all():
        found, gap = _by_tree(cKDTree(sites), xy[known])
        rows[known], distance[known] = order[found], gap
        return rows, distance
    for start in range(0, len(xy), _BLOCK):
        part = slice(start, start + _BLOCK)
        found, distance[part] = table.ask(xy[part])
        rows[part] = order[found]
    return rows, distance


def _is_known(xy: FloatArray) -> BoolArray:
    known: BoolArray = np.isfinite(xy[:, 0] + xy[:, 1])
    return known


def _corners(xy: FloatArray) -> tuple[FloatArray, FloatArray]:
    """Give the low and the high corner; column by column, which is ten times as quick."""
    columns = xy[:, 0], xy[:, 1]
    return np.array([c.min() for c in columns]), np.array([c.max() for c in columns])


@dataclass(frozen=True, slots=True)
class _Table:
    """Cells and the posts that can be nearest in them, in the order of their distance.

    Attributes
    ----------
    posts
        Shape (cells, `_CANDIDATES`); the first is the nearest of the cell's middle.
    count
        How many of them matter; 0 where they would not be enough.
    """

    tree: cKDTree
    sites: FloatArray
    low: FloatArray
    per_m: float
    shape: tuple[int, int]
    posts: Rows
    count: npt.NDArray[np.int8]

    def ask(self, xy: FloatArray) -> tuple[npt.NDArray[np.intp], FloatArray]:
        """Give the nearest site of points inside the table and its distance."""
        x, y = np.ascontiguousarray(xy[:, 0]), np.ascontiguousarray(xy[:, 1])
        column = np.minimum(((x - self.low[0]) * self.per_m).astype(np.int32), self.shape[0] - 1)
        row = np.minimum(((y - self.low[1]) * self.per_m).astype(np.int32), self.shape[1] - 1)
        cell = row * self.shape[0] + column
        best = self.posts[cell, 0].astype(np.intp)
        gap = self._gaps(x, y, best)
        count = self.count[cell]
        is_tied = np.zeros(len(xy), dtype=bool)
        open_rows = np.flatnonzero(count > 1)
        for k in range(1, _CANDIDATES):
            if k > 1:
                open_rows = open_rows[count[open_rows] > k]
            rival = self.posts[cell[open_rows], k].astype(np.intp)
            other = self._gaps(x[open_rows], y[open_rows], rival)
            lead = gap[open_rows] - other
            is_tied[open_rows[np.abs(lead) <= TIE_M]] = True
            won = open_rows[lead > 0]
            best[won], gap[won] = rival[lead > 0], other[lead > 0]
        tied = np.flatnonzero(is_tied)
        if len(tied):
            best[tied], gap[tied] = self._settle(xy[tied], cell[tied])
        left = np.flatnonzero(count == 0)
        if len(left):
            best[left], gap[left] = _by_tree(self.tree, xy[left])
        return best, gap

    def _gaps(self, x: FloatArray, y: FloatArray, post: npt.NDArray[np.intp]) -> FloatArray:
        dx, dy = x - self.sites[:, 0][post], y - self.sites[:, 1][post]
        gaps: FloatArray = np.sqrt(dx * dx + dy * dy)
        return gaps

    def _settle(
        self, xy: FloatArray, cell: npt.NDArray[np.int32]
    ) -> tuple[npt.NDArray[np.intp], FloatArray]:
        """Choose the lowest code of those equally near: sites are in the order of their codes."""
        posts = self.posts[cell].astype(np.intp)
        gaps = np.hypot(xy[:, :1] - self.sites[:, 0][posts], xy[:, 1:] - self.sites[:, 1][posts])
        gaps[np.arange(_CANDIDATES) >= self.count[cell][:, None]] = np.inf
        return _lowest(posts, gaps)


def _table(xy: FloatArray, sites: FloatArray) -> _Table | None:
    """Build the table over the points; None where it would not pay."""
    if len(sites) <= _CANDIDATES:
        return None
    low, high = _corners(xy)  # NaN where a point has no coordinates
    if not np.isfinite(low).all() or not (high > low).all():
        return None
    cells = min(_MOST_CELLS, _CELLS_PER_POST * len(sites))
    if len(xy) < _POINTS_PER_CELL * cells:
        return None
    width, height = (high - low).tolist()
    side = sqrt(width * height / cells)
    shape = (max(1, ceil(width / side)), max(1, ceil(height / side)))
    if shape[0] * shape[1] > 4 * cells:
        return None
    side *= 1.0 + 1e-12  # so that the last cell holds the last point
    middles = [low[k] + (np.arange(shape[k]) + 0.5) * side for k in (0, 1)]
    centres = np.stack(np.meshgrid(*middles), axis=-1).reshape(-1, 2)
    tree = cKDTree(sites)
    gaps, posts = ask_tree(tree, centres, _CANDIDATES)
    limit = gaps[:, 0] + side * hypot(1.0, 1.0) * (1.0 + 1e-9) + 4.0 * TIE_M
    count = (gaps <= limit[:, None]).sum(axis=1).astype(np.int8)
    count[count == _CANDIDATES] = 0
    return _Table(tree, sites, low, 1.0 / side, shape, np.asarray(posts, dtype=np.int32), count)


def _by_tree(tree: cKDTree, xy: FloatArray) -> tuple[npt.NDArray[np.intp], FloatArray]:
    """Ask the tree, in the order of the plane, and widen the question where posts are tied."""
    order = morton_order(xy)
    k = min(2, tree.n)
    gaps, posts = ask_tree(tree, xy[order], k)
    best, gap = posts[:, 0].astype(np.intp), gaps[:, 0].copy()
    tied: BoolArray = gaps[:, -1] - gap <= TIE_M if k > 1 else np.zeros(len(xy), dtype=bool)
    rows = np.flatnonzero(tied)
    while len(rows):
        k = min(4 * k, tree.n)
        gaps, posts = ask_tree(tree, xy[order[rows]], k)
        best[rows], gap[rows] = _lowest(posts, gaps)
        if k == tree.n:
            break
        rows = rows[gaps[:, -1] - gaps[:, 0] <= TIE_M]
    found, distance = np.empty_like(best), np.empty_like(gap)
    found[order], distance[order] = best, gap
    return found, distance


def _lowest(
    posts: npt.NDArray[np.intp], gaps: FloatArray
) -> tuple[npt.NDArray[np.intp], FloatArray]:
    """Take the lowest row among those equally near, and its own distance."""
    near = gaps <= gaps.min(axis=1)[:, None] + TIE_M
    chosen = np.where(near, posts, np.iinfo(np.intp).max).min(axis=1)
    is_chosen = near & (posts == chosen[:, None])
    return chosen, gaps[np.arange(len(posts)), is_chosen.argmax(axis=1)]


def morton_order(xy: FloatArray) -> npt.NDArray[np.intp]:
    """Give the order in which points that lie together come together (Z-order, 1,024 a side)."""
    if len(xy) == 0:
        return np.empty(0, dtype=np.intp)
    low, high = _corners(xy)
    span = np.maximum(high - low, np.finfo(np.float64).tiny)
    cells = ((xy - low) / span * 1023.0).astype(np.uint32)
    keys = _spread(cells[:, 0]) | (_spread(cells[:, 1]) << np.uint32(1))
    return np.argsort(keys, kind="stable")


def _spread(values: npt.NDArray[np.uint32]) -> npt.NDArray[np.uint32]:
    """Put a zero between the bits of numbers below 65,536."""
    spread = values
    for shift, mask in ((8, 0x00FF00FF), (4, 0x0F0F0F0F), (2, 0x33333333), (1, 0x55555555)):
        spread = (spread | (spread << np.uint32(shift))) & np.uint32(mask)
    return spread
