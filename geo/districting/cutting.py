"""Cut the ground of grids along lines into faces that share their vertices.

Used by `geo.districting.atoms`. Knows nothing of counts: shapes in degrees, codes only for errors.
All lines are noded together once, so that both sides of a border get the same new vertices.
"""

from dataclasses import dataclass

import geopandas as gpd
import numpy as np
import numpy.typing as npt
import shapely

from geo.crs import STORED_CRS, to_working
from geo.districting.graph import Neighbours, build_graph
from geo.errors import FrameError, TilingError
from geo.surfaces import mean_width_m

FloatArray = npt.NDArray[np.float64]
IntArray = npt.NDArray[np.int64]
ObjectArray = npt.NDArray[np.object_]


@dataclass(frozen=True, slots=True)
class Cut:
    """What is too little to be a piece of its own.

    Attributes
    ----------
    least_m2
        Smaller pieces join a neighbour of their grid.
    least_width_m
        So do pieces narrower than this: strips between a street and a border drawn beside it.
    """

    least_m2: float = 400.0
    least_width_m: float = 5.0


def cut_faces(
    grids: ObjectArray, lines: ObjectArray, pieces: ObjectArray, codes: tuple[str, ...], cut: Cut
) -> tuple[ObjectArray, IntArray, IntArray]:
    """Cut grids; give the faces, and for each its row among the grids and the pieces (-1: none).

    Raises
    ------
    FrameError
        ``no_atoms``: there is no ground.
    TilingError
        ``atoms_overlap``: two grids claim the same ground (field `codes`).
    """
    drawn = [shapely.boundary(grids)]
    if len(pieces):
        drawn.append(shapely.boundary(pieces))
    if len(lines):
        open_lines = shapely.difference(lines, shapely.union_all(pieces)) if len(pieces) else lines
        drawn.append(np.asarray(open_lines, dtype=object))
    net = shapely.union_all(np.concatenate(drawn))
    faces = shapely.get_parts(shapely.polygonize(shapely.get_parts(net)))
    inside = shapely.point_on_surface(faces)
    grid = _holder(inside, grids, codes)
    kept = grid >= 0
    if not kept.any():
        raise FrameError("no_atoms", rows=len(grids))
    faces, grid = faces[kept], grid[kept]
    piece = _first_holder(inside[kept], pieces)
    group = _joined(faces, grid, piece, cut)
    return _united(faces, grid, piece, group)


def _holder(places: ObjectArray, grids: ObjectArray, codes: tuple[str, ...]) -> IntArray:
    place, row = shapely.STRtree(grids).query(places, predicate="within")
    times = np.bincount(place, minlength=len(places))
    if (times > 1).any():
        first = np.flatnonzero(times > 1)[0]
        claimed = ", ".join(sorted(codes[k] for k in row[place == first]))
        raise TilingError("atoms_overlap", codes=claimed, count=int((times > 1).sum()))
    found = np.full(len(places), -1, dtype=np.int64)
    found[place] = row
    return found


def _first_holder(places: ObjectArray, pieces: ObjectArray) -> IntArray:
    """Give the first piece that holds each place; compounds that overlap are no fault here."""
    found = np.full(len(places), len(pieces), dtype=np.int64)
    if len(pieces):
        place, row = shapely.STRtree(pieces).query(places, predicate="within")
        np.minimum.at(found, place, row)
    found[found == len(pieces)] = -1
    return found


def _joined(faces: ObjectArray, grid: IntArray, piece: IntArray, cut: Cut) -> IntArray:
    """Give every face the group it becomes part of: compounds whole, slivers with a neighbour."""
    metric = to_working(gpd.GeoDataFrame(geometry=faces, crs=STORED_CRS)).geometry.to_numpy()
    neighbours = build_graph(metric).lists()
    area = np.asarray(shapely.area(metric), dtype=np.float64)
    root = list(range(len(faces)))
    for a, near in enumerate(neighbours):
        for b, _ in near:
            if b > a and piece[a] >= 0 and piece[a] == piece[b] and grid[a] == grid[b]:
                _join(root, a, b)
    is_small = (area < cut.least_m2) | (mean_width_m(metric) < cut.least_width_m)
    members: dict[int, list[int]] = {}
    for k in range(len(faces)):
        members.setdefault(_top(root, k), []).append(k)
    for small in sorted(np.flatnonzero(is_small).tolist(), key=lambda k: (area[k], k)):
        own = _top(root, small)
        if not all(is_small[k] for k in members[own]) or (
            len(members[own]) > 1 and sum(area[k] for k in members[own]) >= cut.least_m2
        ):
            continue
        other = _closest(neighbours, members[own], root, grid)
        if other is None:
            continue
        _join(root, own, other)
        gone = max(own, other)
        members[min(own, other)] += members.pop(gone)
    return np.array([_top(root, k) for k in range(len(faces))], dtype=np.int64)


def _closest(
    neighbours: Neighbours, members: list[int], root: list[int], grid: IntArray
) -> int | None:
    """Find the neighbouring group of the same grid with the longest common border."""
    shared: dict[int, float] = {}
    own = _top(root, members[0])
    for member in members:
        for near, border_m in neighbours[member]:
            group = _top(root, near)
            if group != own and grid[near] == grid[member]:
                shared[group] = shared.get(group, 0.0) + border_m
    return min(shared, key=lambda group: (-shared[group], group)) if shared else None


def _top(root: list[int], k: int) -> int:
    while root[k] != k:
        root[k] = root[root[k]]
        k = root[k]
    return k


def _join(root: list[int], a: int, b: int) -> None:
    one, other = _top(root, a), _top(root, b)
    root[max(one, other)] = min(one, other)


def _united(
    faces: ObjectArray, grid: IntArray, piece: IntArray, group: IntArray
) -> tuple[ObjectArray, IntArray, IntArray]:
    """Melt the faces of each group; what is a compound for its greater part counts as it."""
    own, first, size = np.unique(group, return_index=True, return_counts=True)
    order = np.argsort(group, kind="stable")
    ends = np.append(0, np.cumsum(size))
    shapes = faces[first].copy()
    held = piece[first].copy()
    for k in np.flatnonzero(size > 1).tolist():
        rows = order[ends[k] : ends[k + 1]]
        shapes[k] = shapely.coverage_union_all(faces[rows])
        held[k] = piece[rows[np.argmax(shapely.area(faces[rows]))]]
    return shapes, grid[first], held[: len(own)]
