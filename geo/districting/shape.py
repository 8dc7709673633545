"""Measure how compact grids are and how far their farthest corner lies.

Used by the planner's figures and by proposals. Knows nothing of workloads; bare shapes here lie on
a plane in metres, frames are brought there first.

Sources: Polsby & Popper (1991), The third criterion; Reock (1961), Measuring compactness as a
requirement of legislative apportionment. The three examples of each are those that public
redistricting tools show beside a plan's own figures (poor, middle, good).
"""

from math import pi
from typing import Final

import geopandas as gpd
import numpy as np
import numpy.typing as npt
import pandas as pd
import shapely

from geo.crs import require_same_crs, to_working
from geo.schema import GRIDS, require

FloatArray = npt.NDArray[np.float64]
ObjectArray = npt.NDArray[np.object_]

POLSBY_POPPER_EXAMPLES: Final = (0.15, 0.34, 0.56)
REOCK_EXAMPLES: Final = (0.22, 0.44, 0.66)
"""A poor, a middling and a good shape; a square has 0.785 and 0.637, a circle 1 and 1."""


def polsby_popper(shapes: ObjectArray) -> FloatArray:
    """Return 4 pi area / outline^2 of shapes on a plane: 1 for a circle, 0.785 for a square.

    Holes lengthen the outline. NaN for missing and empty shapes.
    """
    area, outline = shapely.area(shapes), shapely.length(shapes)
    return _ratio(4.0 * pi * area, outline * outline)


def reock(shapes: ObjectArray) -> FloatArray:
    """Return the area over that of the smallest circle around it: 1 circle, 0.637 square.

    NaN for missing and empty shapes.
    """
    radius = shapely.minimum_bounding_radius(shapes)
    return _ratio(np.asarray(shapely.area(shapes)), pi * radius * radius)


def _ratio(above: FloatArray, below: FloatArray) -> FloatArray:
    with np.errstate(invalid="ignore", divide="ignore"):
        return np.where(below > 0.0, above / below, np.nan).astype(np.float64)


def farthest_m(shapes: ObjectArray, xy_m: FloatArray) -> FloatArray:
    """Return metres in a straight line from place k to the farthest point of shape k.

    Parameters
    ----------
    shapes
        On a plane in metres; a multipart shape counts with all its parts.
    xy_m
        Posts or centres in the same plane, shape (n, 2); NaN where a grid has none.

    Returns
    -------
    array of float
        NaN where the shape or the place is missing.
    """
    corners, row = shapely.get_coordinates(shapes, return_index=True)
    gaps = np.hypot(*(corners - xy_m[row]).T)
    found = np.full(len(shapes), -np.inf)
    known = np.isfinite(gaps)
    np.maximum.at(found, row[known], gaps[known])
    return np.where(np.isfinite(found), found, np.nan)


def shape_figures(grids: gpd.GeoDataFrame, posts: gpd.GeoDataFrame | None = None) -> pd.DataFrame:
    """Measure every grid of a frame.

    Parameters
    ----------
    grids
        Frame satisfying `schema.GRIDS`, any CRS.
    posts
        Points in the same CRS with `grid_code`. Of several posts of a grid the one whose longest
        way is the shortest counts. Grids without a post are measured from their centre of area.

    Returns
    -------
    DataFrame
        By `grid_code`: `area_m2`, `outline_m`, `polsby_popper`, `reock`, `parts`, `longest_m`
        (straight line to the farthest point), `is_from_post`. In the working CRS of the whole
        frame.

    Raises
    ------
    CrsError
        ``no_crs``, ``crs_mismatch``, ``no_working_crs``.
    FrameError
        Those of `schema.require`.
    """
    require(grids, GRIDS)
    codes = pd.Index(grids["grid_code"], name="grid_code")
    metric = to_working(grids[["grid_code", grids.geometry.name]])
    shapes = metric.geometry.to_numpy()
    longest = farthest_m(shapes, shapely.get_coordinates(_centres(shapes)))
    is_from_post = np.zeros(len(grids), dtype=np.bool_)
    if posts is not None and len(posts):
        require_same_crs(grids, posts)
        there = to_working(posts[["grid_code", posts.geometry.name]], metric.crs)
        row = codes.get_indexer(pd.Index(there["grid_code"]))
        kept = row >= 0
        ways = farthest_m(shapes[row[kept]], shapely.get_coordinates(there.geometry[kept]))
        best = np.full(len(grids), np.inf)
        np.minimum.at(best, row[kept], ways)
        is_from_post = np.isfinite(best)
        longest = np.where(is_from_post, best, longest)
    return pd.DataFrame(
        {
            "area_m2": shapely.area(shapes),
            "outline_m": shapely.length(shapes),
            "polsby_popper": polsby_popper(shapes),
            "reock": reock(shapes),
            "parts": shapely.get_num_geometries(shapes),
            "longest_m": longest,
            "is_from_post": is_from_post,
        },
        index=codes,
    )


def _centres(shapes: ObjectArray) -> ObjectArray:
    centres = np.asarray(shapely.centroid(shapes), dtype=object)
    nowhere = shapely.is_missing(centres) | shapely.is_empty(centres)
    centres[nowhere] = shapely.Point(np.nan, np.nan)
    return centres
