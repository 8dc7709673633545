"""Take shapes apart into rings and directed edges, and put vertices into them.

Used by the noding of drawn lines and by the assembly of faces.
Knows nothing of edits; a coordinate that comes in goes out bit for bit.
"""

from collections.abc import Callable, Iterable, Mapping, Sequence
from itertools import pairwise

import numpy as np
import numpy.typing as npt
import shapely

from geo.edits.values import LonLat

FloatArray = npt.NDArray[np.float64]
ObjectArray = npt.NDArray[np.object_]
Edge = tuple[LonLat, LonLat]
"""From one place to the next; the grid or the face lies on its left."""


def ring_places(ring: shapely.Geometry) -> list[LonLat]:
    """List the vertices of a ring, the first again at the end."""
    return [(x, y) for x, y in shapely.get_coordinates(ring).tolist()]


def rings_of(shape: shapely.Geometry) -> list[shapely.Geometry]:
    """List the rings of a Polygon or MultiPolygon, shells and holes."""
    return [ring for part in shapely.get_parts(shape) for ring in (part.exterior, *part.interiors)]


def directed_edges(shape: shapely.Geometry) -> list[Edge]:
    """List the edges of an area with its inside on the left, whatever way its rings run."""
    turned = shapely.orient_polygons(shape, exterior_cw=False)
    found: list[Edge] = []
    for ring in rings_of(turned):
        places = ring_places(ring)
        found += [(here, there) for here, there in pairwise(places) if here != there]
    return found


def one_way(edge: Edge) -> Edge:
    """Return an edge in the direction that both its grids agree on."""
    return edge if edge[0] <= edge[1] else (edge[1], edge[0])


def edge_set(shapes: Iterable[shapely.Geometry]) -> set[Edge]:
    """Return the edges of areas, each once, in the direction that both its grids agree on."""
    return {one_way(edge) for shape in shapes for edge in directed_edges(shape)}


def with_vertices(
    shape: shapely.Geometry, added: Mapping[Edge, Sequence[LonLat]]
) -> shapely.Geometry | None:
    """Put vertices into the edges of a shape, or return None where it has none of the edges.

    Parameters
    ----------
    shape
        Polygon or MultiPolygon.
    added
        New vertices in order, by edge as `one_way` gives it.
    """
    is_changed = False

    def lengthened(ring: shapely.Geometry) -> list[LonLat]:
        nonlocal is_changed
        places = ring_places(ring)
        longer = places[:1]
        for here, there in pairwise(places):
            new = added.get(one_way((here, there)))
            if new is not None:
                is_changed = True
                longer += new if here <= there else reversed(new)
            longer.append(there)
        return longer

    made = rebuilt(shape, lengthened)
    return made if is_changed else None


def with_moved(shape: shapely.Geometry, moves: Mapping[LonLat, LonLat]) -> shapely.Geometry:
    """Take vertices elsewhere."""
    return rebuilt(shape, lambda ring: [moves.get(xy, xy) for xy in ring_places(ring)])


def rebuilt(
    shape: shapely.Geometry, of_ring: Callable[[shapely.Geometry], list[LonLat]]
) -> shapely.Geometry:
    """Build a shape again from what a function makes of each of its rings."""
    parts = [
        shapely.Polygon(of_ring(part.exterior), [of_ring(ring) for ring in part.interiors])
        for part in shapely.get_parts(shape)
    ]
    if isinstance(shape, shapely.MultiPolygon):
        return shapely.MultiPolygon(parts)
    return parts[0]


def has_edge(shapes: Iterable[shapely.Geometry], edges: Iterable[Edge]) -> npt.NDArray[np.bool_]:
    """Tell which shapes have at least one of the edges, in either direction."""
    listed = np.array([(*a, *b) for a, b in edges], dtype=np.float64).reshape(-1, 4)
    shape_list = np.array(list(shapes), dtype=object)
    xy, owner = shapely.get_coordinates(shape_list, return_index=True)
    found = np.zeros(len(shape_list), dtype=bool)
    if len(xy) < 2 or not len(listed):  # noqa: PLR2004 - an edge has two ends
        return found
    is_step = owner[:-1] == owner[1:]
    own = np.hstack([xy[:-1], xy[1:]])[is_step]
    rows = owner[:-1][is_step]
    for edge in np.vstack([listed, listed[:, [2, 3, 0, 1]]]):
        hit = own[:, 0] == edge[0]
        if hit.any():
            hit &= (own == edge).all(axis=1)
            found[rows[hit]] = True
    return found
