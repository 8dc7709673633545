"""Cut grids along drawn lines: nodes first, then pieces, then faces made of existing coordinates.

Used by the edits that draw: redraw, transfer, split, move of the outer edge.
Knows nothing of what the faces are for. No polygons are overlaid, so no coordinate is computed but
the new vertices that `geo.edits.noding` puts into edges, the same in every grid that has the edge.
"""

from collections.abc import Iterable, Sequence
from dataclasses import dataclass, field
from functools import lru_cache
from itertools import pairwise
from typing import Final

import numpy as np
import shapely

from geo.crs import STORED_CRS, crs_from
from geo.edits.noding import FloatArray, Noded, node_line
from geo.edits.outlines import Edge, directed_edges, edge_set, has_edge, one_way, with_vertices
from geo.edits.refusal import refused
from geo.edits.tiling import EditTiling
from geo.edits.values import LonLat
from geo.plane import plane_of
from geo.surfaces import mean_width_m

_AREA_SHARE: Final = 1e-9


@dataclass(frozen=True, slots=True)
class Face:
    """One area between edges and cuts.

    Attributes
    ----------
    shape
        Polygon.
    code
        The grid it was part of; empty where no grid lay.
    is_left, is_right
        Whether it lies on that side of a cut.
    """

    shape: shapely.Geometry
    code: str
    is_left: bool
    is_right: bool


@dataclass(slots=True)
class Cutting:
    """Grids while they are cut.

    Attributes
    ----------
    tiling
        Before the edit.
    codes
        The grids whose ground is cut.
    snap_m
        See `EditOptions`.
    shapes
        Every grid that got a vertex so far, and the grids of `codes`.
    cuts
        Edges of the pieces in the direction of the line, and the grid each runs in.
    """

    tiling: EditTiling
    codes: tuple[str, ...]
    snap_m: float
    shapes: dict[str, shapely.Geometry] = field(default_factory=dict)
    cuts: dict[Edge, str] = field(default_factory=dict)

    def __post_init__(self) -> None:
        self.shapes = {code: self.tiling.shape(code) for code in self.codes}

    @property
    def scale(self) -> FloatArray:
        """Metres per degree of longitude and of latitude about the first grid."""
        return metres_per_degree(self.tiling.shape(self.codes[0]))

    def draw(self, line: Sequence[LonLat], *, is_strict: bool = True) -> int:
        """Cut along a line and return how many nodes it has.

        Parameters
        ----------
        line
            As drawn.
        is_strict
            Refuse ways through other grids and ends inside; False for the ring of a piece, whose
            ways outside are not cuts.

        Raises
        ------
        EditRefused
            ``line_too_short``, ``line_crosses_itself``, ``line_too_tangled``,
            ``line_ends_inside``, ``line_cuts_others``.
        """
        drawn = _drawn(line, self.codes)
        edges = edge_set(self.shapes[code] for code in self.codes)
        noded = node_line(drawn, edges, self.scale, self.snap_m)
        known = edges | noded.pieces()
        used: set[LonLat] = set()
        for run, loose in _runs(noded):
            if len(run) == 2 and one_way((run[0], run[1])) in known:  # noqa: PLR2004 - one edge
                continue
            owner = self._owner(run)
            if not owner:
                if is_strict:
                    self._refuse_strangers(run, loose)
                continue
            if loose:
                raise refused("line_ends_inside", (owner,), shapely.MultiPoint(loose))
            used.update((run[0], run[-1]))
            self._add(run, owner)
        self._give_vertices(noded, used)
        return sum(noded.is_node)

    def faces(self) -> list[Face]:
        """Return the faces of the cut grids, and the enclosed ground that is no one's.

        Raises
        ------
        EditRefused
            ``line_does_not_divide``; ``line_crosses_itself``: the pieces cross each other.
        """
        inside = {edge: code for code in self.codes for edge in directed_edges(self.shapes[code])}
        steps = {one_way(edge) for edge in (*inside, *self.cuts)}
        unmet = {one_way(edge) for edge in self.cuts}
        found = []
        for shape in shapely.get_parts(shapely.polygonize(shapely.linestrings(sorted(steps)))):
            own = directed_edges(shape)
            unmet.difference_update(one_way(edge) for edge in own)
            left = [self.cuts[edge] for edge in own if edge in self.cuts]
            right = [self.cuts[edge[::-1]] for edge in own if edge[::-1] in self.cuts]
            code = next((inside[edge] for edge in own if edge in inside), "")
            if not code and not any(edge[::-1] in inside for edge in own):
                code = next(iter((*left, *right)), "")
            found.append(Face(shape, code, bool(left), bool(right)))
        if unmet:  # ground on both sides of it is one
            place = shapely.MultiLineString([list(edge) for edge in unmet])
            raise refused("line_does_not_divide", self.codes, place)
        before = sum(shapely.area(self.shapes[code]) for code in self.codes)
        after = sum(shapely.area(face.shape) for face in found if face.code)
        if abs(after - before) > _AREA_SHARE * before:
            raise refused("line_crosses_itself", self.codes)
        return found

    def _owner(self, run: Sequence[LonLat]) -> str:
        """Name the grid a run lies in by the middle of its longest step."""
        steps = np.array(run, dtype=np.float64)
        lengths = np.hypot(*((steps[1:] - steps[:-1]) * self.scale).T)
        k = int(lengths.argmax())
        x, y = (steps[k] + steps[k + 1]) / 2.0
        return next((c for c in self.codes if shapely.contains_xy(self.shapes[c], x, y)), "")

    def _refuse_strangers(self, run: Sequence[LonLat], loose: list[LonLat]) -> None:
        """Refuse a way through grids that are not to be cut; an overshoot may end in one."""
        way = shapely.LineString(run)
        west, south, east, north = way.bounds
        rows = self.tiling.find((west, south, east, north))
        crossed = []
        for row in rows:
            code = self.tiling.codes[row]
            shape = self.tiling.shapes[row]
            if code in self.codes or any(shapely.intersects_xy(shape, *end) for end in loose):
                continue
            inner = shapely.intersection(way, shape)
            if length_m(inner, self.scale) > self.snap_m:
                crossed.append((code, inner))
        if crossed:
            place = shapely.union_all([inner for _, inner in crossed])
            codes = (*self.codes, *(code for code, _ in crossed))
            raise refused("line_cuts_others", codes, place, others=[c for c, _ in crossed])

    def _add(self, run: Sequence[LonLat], owner: str) -> None:
        for edge in pairwise(run):
            if edge in self.cuts or edge[::-1] in self.cuts:
                raise refused("line_crosses_itself", self.codes, shapely.LineString(edge))
            self.cuts[edge] = owner

    def _give_vertices(self, noded: Noded, used: set[LonLat]) -> None:
        """Put the nodes that are ends of pieces into every grid that has their edge."""
        added = {edge: [xy for xy in new if xy in used] for edge, new in noded.added.items()}
        give_vertices(self.tiling, self.shapes, {e: new for e, new in added.items() if new})


def give_vertices(
    tiling: EditTiling, shapes: dict[str, shapely.Geometry], added: dict[Edge, list[LonLat]]
) -> set[str]:
    """Put vertices into every grid that has the edges; return the codes of those grids.

    Parameters
    ----------
    tiling
        Before the edit.
    shapes
        What the edit changed so far; extended here.
    added
        New vertices in order, by edge as `one_way` gives it.
    """
    if not added:
        return set()
    ends = np.array(list(added), dtype=np.float64).reshape(-1, 2)
    rows = tiling.find((*ends.min(axis=0).tolist(), *ends.max(axis=0).tolist()))
    codes = [tiling.codes[row] for row in rows]
    codes += [code for code in shapes if code not in tiling]
    now = [shapes.get(code) or tiling.shape(code) for code in codes]
    changed = set()
    for k in np.flatnonzero(has_edge(now, added)):
        made = with_vertices(now[k], added)
        if made is not None:
            shapes[codes[k]] = made
            changed.add(codes[k])
    return changed


def metres_per_degree(shape: shapely.Geometry) -> FloatArray:
    """Return metres per degree of longitude and of latitude about the middle of a shape."""
    _, south, _, north = shapely.bounds(shape).tolist()
    return _metres_at(round((south + north) / 2.0, 2))


@lru_cache(maxsize=1024)
def _metres_at(lat: float) -> FloatArray:
    plane = plane_of(np.array([shapely.Point(0.0, lat)], dtype=object), crs_from(STORED_CRS))
    scale = np.array(plane.scale, dtype=np.float64)
    scale.flags.writeable = False
    return scale


def length_m(shape: shapely.Geometry, scale: FloatArray) -> float:
    """Return the length of a line in degrees in metres, with the scale of the place."""
    return float(shapely.length(shapely.transform(shape, lambda xy: xy * scale)))


def width_m(shape: shapely.Geometry, scale: FloatArray) -> float:
    """Return the mean width of an area in metres: its area over half its outline."""
    laid = shapely.transform(np.array([shape], dtype=object), lambda xy: xy * scale)
    return float(mean_width_m(laid)[0])


def joined(shapes: Iterable[shapely.Geometry]) -> shapely.Geometry:
    """Unite areas that share vertices bit for bit; no coordinate changes."""
    return shapely.coverage_union_all(np.array(list(shapes), dtype=object))


def _drawn(line: Sequence[LonLat], codes: tuple[str, ...]) -> list[LonLat]:
    places = [line[k] for k in range(len(line)) if k == 0 or line[k] != line[k - 1]]
    if len(places) < 2:  # noqa: PLR2004 - a line has two ends
        raise refused("line_too_short", codes)
    if not shapely.is_simple(shapely.LineString(places)):
        raise refused("line_crosses_itself", codes, shapely.LineString(places))
    return places


def _runs(noded: Noded) -> list[tuple[list[LonLat], list[LonLat]]]:
    """Divide a noded line at its nodes; give with each run its loose ends."""
    places, nodes = noded.places, [k for k, is_node in enumerate(noded.is_node) if is_node]
    if len(places) < 2:  # noqa: PLR2004 - nothing is left of it
        return []
    is_closed = places[0] == places[-1]
    if is_closed and nodes and nodes[0] != 0:
        at_nodes = {places[k] for k in nodes}
        places = [*places[nodes[0] :], *places[1 : nodes[0] + 1]]
        nodes = [k for k, xy in enumerate(places) if xy in at_nodes]
    if not nodes:
        return [(places, [] if is_closed else [places[0], places[-1]])]
    found: list[tuple[list[LonLat], list[LonLat]]] = []
    if nodes[0] > 0:
        found.append((places[: nodes[0] + 1], [places[0]]))
    found += [(places[a : b + 1], []) for a, b in pairwise(nodes)]
    if nodes[-1] < len(places) - 1:
        found.append((places[nodes[-1] :], [places[-1]]))
    return found
