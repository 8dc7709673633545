"""Draw what the posts of an answer reach, as areas in degrees, for a map.

Used by the coverage screen. Shares are never measured on these shapes: `geo.coverage` measures
them exactly. Knows nothing of stores and of colours.
"""

from typing import Final

import geopandas as gpd
import numpy as np
import numpy.typing as npt
import shapely

from data.analysis.coverage import STREETS, CoverageAnswer
from geo.coverage import build_network, street_reach
from geo.crs import to_stored, to_working

STREET_SIDE_M: Final = 25.0
"""Half the width of a reached street when it is drawn as an area."""
STREET_BIT_M: Final = 20.0
"""Streets are cut into bits of at most this length; a bit is reached where its middle is."""
Area = shapely.Polygon | shapely.MultiPolygon
ObjectArray = npt.NDArray[np.object_]
_QUARTER: Final = 24
_STREET_QUARTER: Final = 4


def reach_shape(answer: CoverageAnswer, streets: gpd.GeoDataFrame) -> Area:
    """Give the union of the circles round the posts, or of the reached streets.

    Parameters
    ----------
    answer
        What `data.analysis.coverage.coverage_of` found.
    streets
        Street lines, EPSG:4326; read where the answer was measured along streets.

    Returns
    -------
    Geometry
        Polygon or MultiPolygon, EPSG:4326; empty where nothing is reached. Circles have 96 sides;
        a reached street is drawn `STREET_SIDE_M` to each side.
    """
    posts = answer.posts.at_work
    if posts.empty:
        return shapely.MultiPolygon()
    if answer.question.network == STREETS:
        shape = _streets(answer, to_working(streets, posts.crs))
    else:
        circles = shapely.buffer(posts.geometry.to_numpy(), answer.reach_m, quad_segs=_QUARTER)
        shape = shapely.union_all(circles)
    stored = to_stored(gpd.GeoDataFrame(geometry=[shape], crs=posts.crs))
    found = stored.geometry.iloc[0]
    return found if isinstance(found, Area) else shapely.MultiPolygon()


def _streets(answer: CoverageAnswer, lines: gpd.GeoDataFrame) -> shapely.Geometry:
    network = build_network(lines)
    bits = _bits(network.pieces)
    middles = gpd.GeoDataFrame(
        geometry=shapely.line_interpolate_point(bits, 0.5, normalized=True), crs=lines.crs
    )
    found = street_reach(network, middles, answer.posts.at_work, answer.reach_m)
    reached = shapely.MultiLineString(list(bits[found.nearest.post >= 0]))
    area: shapely.Geometry = shapely.line_merge(reached).buffer(
        STREET_SIDE_M, quad_segs=_STREET_QUARTER
    )
    return area


def _bits(lines: ObjectArray) -> ObjectArray:
    """Cut lines at every vertex, and so that no bit is longer than `STREET_BIT_M`."""
    xy, owner = shapely.get_coordinates(shapely.segmentize(lines, STREET_BIT_M), return_index=True)
    same = owner[1:] == owner[:-1]
    ends = np.stack([xy[:-1][same], xy[1:][same]], axis=1)
    return np.asarray(shapely.linestrings(ends), dtype=object)
