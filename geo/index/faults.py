"""Say what keeps indexed grids from being a tiling.

Used by `geo.index`; for the faults that users see, with areas and places, see `geo.tiling`.
Knows nothing of codes and of the table: edges, and a way to ask where points fall.

Answers do not depend on this list: gaps and borders without common vertices are counted right by
the edge sum, and a point in an overlap or in the box of an odd shape is answered pair by pair.
"""

from collections.abc import Callable
from dataclasses import dataclass

import numpy as np
import numpy.typing as npt
import shapely

from geo.index.direct import Located
from geo.index.edges import FloatArray, ObjectArray, RowArray, TilingEdges
from geo.index.lookup import Met

Asked = Callable[[FloatArray, FloatArray], tuple[Located, Met]]


@dataclass(frozen=True, slots=True)
class TilingFaults:
    """What keeps grids from being a tiling.

    Attributes
    ----------
    odd
        Rows that are no sound areas: bad rings, lines, points, strange numbers. Sorted.
    t_junctions
        Rows whose border passes through a vertex of a neighbour without having one there. Sorted.
    gaps
        Areas that the grids enclose and none covers; shapely polygons.
    overlaps
        Areas that several grids cover.
    """

    odd: RowArray
    t_junctions: RowArray
    gaps: ObjectArray
    overlaps: ObjectArray

    def __bool__(self) -> bool:
        """Whether there is any."""
        return any(len(part) for part in (self.odd, self.t_junctions, self.gaps, self.overlaps))


def faults_of(edges: TilingEdges, odd: RowArray, ask: Asked) -> TilingFaults:
    """List the faults.

    Parameters
    ----------
    edges
        Of the sound grids.
    odd
        Rows of the others.
    ask
        Tells where points fall and which edges they lie on.
    """
    lone = np.flatnonzero((edges.left < 0) | (edges.right < 0))
    if len(lone) == 0:
        nothing = np.zeros(0, dtype=object)
        return TilingFaults(odd, np.zeros(0, dtype=np.int32), nothing, nothing)
    faces = _faces(edges, lone)
    within = shapely.point_on_surface(faces)
    located, _ = ask(shapely.get_x(within), shapely.get_y(within))
    return TilingFaults(
        odd=odd,
        t_junctions=_t_junctions(edges, lone, ask),
        gaps=faces[located.row < 0],
        overlaps=faces[located.in_overlap],
    )


def _faces(edges: TilingEdges, lone: npt.NDArray[np.intp]) -> ObjectArray:
    """Give the areas that edges with one side only enclose."""
    ends = np.stack([edges.ax[lone], edges.ay[lone], edges.bx[lone], edges.by[lone]], axis=1)
    lines = np.asarray(shapely.linestrings(ends.reshape(-1, 2, 2)), dtype=object)
    noded = shapely.get_parts(shapely.node(shapely.multilinestrings(lines)))
    return np.asarray(shapely.get_parts(shapely.polygonize(noded)), dtype=object)


def _t_junctions(edges: TilingEdges, lone: npt.NDArray[np.intp], ask: Asked) -> RowArray:
    x = np.concatenate([edges.ax[lone], edges.bx[lone]])
    y = np.concatenate([edges.ay[lone], edges.by[lone]])
    _, met = ask(x, y)
    px, py, edge = x[met.point], y[met.point], met.edge
    is_end = (px == edges.ax[edge]) & (py == edges.ay[edge])
    is_end |= (px == edges.bx[edge]) & (py == edges.by[edge])
    passed = edge[~is_end]
    rows = np.unique(np.concatenate([edges.left[passed], edges.right[passed]]))
    return rows[rows >= 0].astype(np.int32)
