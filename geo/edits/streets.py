"""Lay a drawn line along a street that runs beside it.

Used by the edits that cut along a line, when the caller hands streets in.
Knows nothing of networks: a line follows one street, or a chain of them without forks.
"""

from collections.abc import Sequence
from typing import Final

import numpy as np
import numpy.typing as npt
import shapely

from geo.edits.values import LonLat

_STEP_M: Final = 5.0


def along_street(
    line: Sequence[LonLat],
    streets: Sequence[shapely.Geometry],
    scale: npt.NDArray[np.float64],
    street_m: float,
) -> tuple[list[LonLat], bool]:
    """Return the part of a street beside a line, and whether there is one.

    Parameters
    ----------
    line
        As drawn, degrees.
    streets
        LineStrings, degrees.
    scale
        Metres per degree of longitude and of latitude.
    street_m
        Every place of the line must be this near to the street.

    Notes
    -----
    Of several, the street with the smallest greatest distance from the line. Ends that the street
    does not reach keep the drawn ends.
    """
    drawn = shapely.LineString(np.array(line) * scale)
    if not streets or drawn.length <= 0.0:
        return list(line), False
    listed = np.array(list(streets), dtype=object)
    near = listed[shapely.dwithin(_laid(listed, scale), drawn, street_m)]
    if not len(near):
        return list(line), False
    chains = shapely.get_parts(shapely.line_merge(shapely.union_all(_laid(near, scale))))
    probes = shapely.points(
        [drawn.interpolate(d).coords[0] for d in np.arange(0.0, drawn.length + _STEP_M, _STEP_M)]
    )
    gaps = [float(shapely.distance(probes, chain).max()) for chain in chains]
    best = int(np.argmin(gaps))
    if gaps[best] > street_m:
        return list(line), False
    return _part(chains[best], drawn, scale), True


def _laid(
    shapes: npt.NDArray[np.object_], scale: npt.NDArray[np.float64]
) -> npt.NDArray[np.object_]:
    return np.asarray(shapely.transform(shapes, lambda xy: xy * scale), dtype=object)


def _part(
    chain: shapely.LineString, drawn: shapely.LineString, scale: npt.NDArray[np.float64]
) -> list[LonLat]:
    """Cut the chain from beside the first to beside the last place of the drawn line."""
    ends = [shapely.Point(drawn.coords[0]), shapely.Point(drawn.coords[-1])]
    since, until = (float(shapely.line_locate_point(chain, end)) for end in ends)
    low, high = sorted((since, until))
    at = [float(shapely.line_locate_point(chain, shapely.Point(xy))) for xy in chain.coords]
    middle = [xy for xy, d in zip(chain.coords, at, strict=True) if low < d < high]
    bounds = [chain.interpolate(d).coords[0] for d in (low, high)]
    places = [bounds[0], *middle, bounds[1]]
    if since > until:
        places.reverse()
    if since in (0.0, chain.length):
        places.insert(0, drawn.coords[0])
    if until in (0.0, chain.length):
        places.append(drawn.coords[-1])
    return [(float(x / scale[0]), float(y / scale[1])) for x, y in places]
