"""Reduce any shapes to sound polygons, and find the holes and cracks they leave.

Used by `geo.tiling` (which reports) and `geo.repair` (which mends).
Knows nothing of codes and CRSs: shapes lie on a plane in metres.
"""

from typing import Final

import numpy as np
import numpy.typing as npt
import shapely

FloatArray = npt.NDArray[np.float64]
ObjectArray = npt.NDArray[np.object_]
BoolArray = npt.NDArray[np.bool_]

_AREAL: Final = (3, 6)  # Polygon, MultiPolygon
_COLLECTION: Final = 7
_NOISE_M: Final = 1e-4
TOUCH_M: Final = 1e-3
"""How near a grid counts as bordering on a gap, metres."""


def is_areal(shapes: ObjectArray) -> BoolArray:
    """Tell which shapes are non-empty Polygons or MultiPolygons."""
    return np.isin(shapely.get_type_id(shapes), _AREAL) & ~shapely.is_empty(shapes)


def areal_only(shapes: ObjectArray) -> ObjectArray:
    """Return a copy with None in place of everything that is not an area."""
    result = shapes.copy()
    result[~is_areal(shapes)] = None
    return result


def polygonal(shape: shapely.Geometry | None) -> shapely.Geometry:
    """Keep the areas of a shape, drop its lines and points."""
    if shape is None:
        return shapely.Polygon()
    if shapely.get_type_id(shape) in _AREAL:
        return shape
    if shapely.get_type_id(shape) != _COLLECTION:
        return shapely.Polygon()
    areas = [polygonal(part) for part in shapely.get_parts(shape)]
    return shapely.union_all(areas or [shapely.Polygon()])


def sound(shapes: ObjectArray) -> ObjectArray:
    """Return valid polygons: bad rings read even-odd, anything else empty."""
    result = np.full(len(shapes), shapely.Polygon(), dtype=object)
    for k in np.flatnonzero(is_areal(shapes)):
        shape = shapes[k]
        if not np.isfinite(shapely.get_coordinates(shape)).all():
            continue
        result[k] = shape if shape.is_valid else polygonal(shapely.make_valid(shape))
    return result


def mean_width_m(areas: ObjectArray) -> FloatArray:
    """Return area over half the outline: the width of a long strip, half the side of a square."""
    half = shapely.length(areas) / 2.0
    return np.asarray(shapely.area(areas) / np.where(half > 0.0, half, 1.0))


def closed_gaps(union: shapely.Geometry) -> ObjectArray:
    """List what a union of areas encloses without covering it."""
    rings = [ring for part in shapely.get_parts(union) for ring in part.interiors]
    if not rings:
        return np.empty(0, dtype=object)
    holes = shapely.difference(shapely.polygons(rings), union)
    return shapely.get_parts([polygonal(hole) for hole in np.atleast_1d(holes)])


def open_gaps(union: shapely.Geometry, width_m: float) -> ObjectArray:
    """List cracks narrower than `width_m` that reach the outside.

    Closing (grow, then shrink by half the width) fills exactly the narrow places.
    """
    if width_m <= 0.0 or shapely.is_empty(union):
        return np.empty(0, dtype=object)
    shells = [shapely.Polygon(part.exterior) for part in shapely.get_parts(union)]
    filled = shapely.union_all(shells)
    grown = shapely.buffer(filled, width_m / 2.0, join_style="mitre", mitre_limit=2.0)
    shut = shapely.buffer(grown, -width_m / 2.0, join_style="mitre", mitre_limit=2.0)
    noise_m = min(_NOISE_M, width_m / 1000.0)  # buffers leave hair-thin strips along straight edges
    cracks = shapely.buffer(shapely.difference(shut, filled), -noise_m, join_style="mitre")
    return shapely.get_parts(polygonal(shapely.buffer(cracks, noise_m, join_style="mitre")))


def neighbours(gap: shapely.Geometry, tree: shapely.STRtree) -> npt.NDArray[np.int64]:
    """Return the positions of the areas that border on a gap, in order."""
    found = tree.query(gap, predicate="dwithin", distance=TOUCH_M)
    return np.sort(np.asarray(found, dtype=np.int64))
