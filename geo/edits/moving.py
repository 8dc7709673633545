"""Make the changes of dragged vertices and of ground won outside the tiling.

Used by `geo.edits.applying`.
Knows nothing of counts; `geo.edits.verifying` checks what comes out.
"""

from collections import Counter
from collections.abc import Mapping
from itertools import pairwise

import shapely

from geo.edits.cutting import give_vertices, joined, metres_per_degree
from geo.edits.drafting import Draft, require_known, require_open
from geo.edits.drawing import cut_outer
from geo.edits.noding import node_line
from geo.edits.outlines import (
    Edge,
    directed_edges,
    edge_set,
    one_way,
    ring_places,
    rings_of,
    with_moved,
)
from geo.edits.refusal import refused
from geo.edits.report import EditOptions
from geo.edits.tiling import EditTiling
from geo.edits.values import CUT, LonLat, MoveOuter, MoveVertices


def move_vertices(tiling: EditTiling, edit: MoveVertices) -> Draft:
    """Drag vertices of all grids that have them.

    Raises
    ------
    EditRefused
        ``no_such_vertex``, ``no_such_edge``, ``grid_locked``, ``outer_edge`` (an outer vertex
        without `outer`), ``vertices_meet``, ``line_too_short`` (nothing to move).
    """
    moves = dict(edit.moves)
    if len(moves) != len(edit.moves) or not (moves or edit.bends):
        raise refused("line_too_short" if not edit.moves else "vertices_meet")
    shapes: dict[str, shapely.Geometry] = {}
    for first, last, new in edit.bends:
        bent = give_vertices(tiling, shapes, {one_way((first, last)): [new]})
        if not bent:
            raise refused("no_such_edge", (), shapely.LineString([first, last]))
        if len(bent) == 1 and not edit.outer:
            raise refused("outer_edge", tuple(sorted(bent)), shapely.Point(new))
    _follow(tiling, moves, shapes)
    require_open(tiling, shapes)
    if not edit.outer:
        _refuse_outer(tiling, moves, shapes)
    after = {code: with_moved(shape, moves) for code, shape in shapes.items()}
    for code, shape in after.items():
        _refuse_meeting(code, shape, {*moves.values(), *(new for _, _, new in edit.bends)})
    return Draft(after, is_outer_stated=edit.outer, is_moved_open=True)


def _follow(
    tiling: EditTiling, moves: Mapping[LonLat, LonLat], shapes: dict[str, shapely.Geometry]
) -> None:
    """Collect the grids that have any of the vertices; refuse a place that is none's vertex."""
    found: set[LonLat] = set()
    for place in moves:
        for row in tiling.find((*place, *place)):
            code = tiling.codes[row]
            shape = shapes.get(code, tiling.shapes[row])
            xy = shapely.get_coordinates(shape)
            if ((xy[:, 0] == place[0]) & (xy[:, 1] == place[1])).any():
                found.add(place)
                shapes[code] = shape
    for place in moves:
        if place not in found:
            raise refused("no_such_vertex", (), shapely.Point(place))


def _refuse_outer(
    tiling: EditTiling, moves: Mapping[LonLat, LonLat], shapes: Mapping[str, shapely.Geometry]
) -> None:
    borne = Counter(
        one_way(edge)
        for shape in shapes.values()
        for edge in directed_edges(shape)
        if edge[0] in moves or edge[1] in moves
    )
    for edge, times in borne.items():
        if times == 1:
            place = edge[0] if edge[0] in moves else edge[1]
            codes = tuple(
                sorted(c for c in shapes if shapely.intersects_xy(tiling.shape(c), *place))
            )
            raise refused("outer_edge", codes, shapely.Point(place))


def _refuse_meeting(code: str, shape: shapely.Geometry, moved: set[LonLat]) -> None:
    """Refuse a vertex dragged onto another one of a ring."""
    for ring in rings_of(shape):
        places = ring_places(ring)[1:]
        times = Counter(places)
        for place, count in times.items():
            if count > 1 and place in moved:
                raise refused("vertices_meet", (code,), shapely.Point(place))


def move_outer(tiling: EditTiling, edit: MoveOuter, options: EditOptions) -> Draft:
    """Extend a grid over no one's ground, or give up ground at the outer edge.

    Raises
    ------
    EditRefused
        Those of `cut_outer`; ``line_misses``, ``line_touches_only``, ``line_cuts_others``,
        ``line_ends_inside``, ``nothing_enclosed``.
    """
    require_known(tiling, (edit.code,))
    require_open(tiling, (edit.code,))
    if edit.how == CUT:
        return cut_outer(tiling, edit.code, edit.line, options)
    return _extend(tiling, edit, options)


def _extend(tiling: EditTiling, edit: MoveOuter, options: EditOptions) -> Draft:
    scale = metres_per_degree(tiling.shape(edit.code))
    drawn = shapely.LineString(edit.line) if len(set(edit.line)) > 1 else None
    if drawn is None:
        raise refused("line_too_short", (edit.code,))
    if not drawn.is_simple:
        raise refused("line_crosses_itself", (edit.code,), drawn)
    margin = 8.0 * options.snap_m / scale
    box = shapely.bounds(shapely.union_all([drawn, tiling.shape(edit.code)]))
    rows = tiling.find((*(box[:2] - margin).tolist(), *(box[2:] + margin).tolist()))
    around = {tiling.codes[row]: tiling.shapes[row] for row in rows}
    edges = edge_set(around.values())
    noded = node_line(list(edit.line), edges, scale, options.snap_m)
    cuts = _free_steps(edit, noded.places, noded.is_node, around, edges | noded.pieces())
    ends = {xy for edge in cuts for xy in edge}
    added = {edge: [xy for xy in new if xy in ends] for edge, new in noded.added.items()}
    shapes: dict[str, shapely.Geometry] = {}
    give_vertices(tiling, shapes, {edge: new for edge, new in added.items() if new})
    won = _enclosed(edit, {**around, **shapes}, cuts)
    draft = Draft(shapes, is_outer_stated=True, thin_matters=True)
    own = draft.shapes.get(edit.code, tiling.shape(edit.code))
    draft.shapes[edit.code] = joined([own, won])
    draft.moved = [("", edit.code, won)]
    return draft


def _free_steps(
    edit: MoveOuter,
    places: list[LonLat],
    is_node: list[bool],
    around: Mapping[str, shapely.Geometry],
    known: set[Edge],
) -> list[Edge]:
    """Return the steps of the line that run outside all grids between two nodes."""
    nodes = [k for k, node in enumerate(is_node) if node]
    drawn = shapely.LineString(edit.line)
    if len(nodes) < 2:  # noqa: PLR2004 - from outline to outline
        raise refused("line_touches_only" if nodes else "line_misses", (edit.code,), drawn)
    cuts: list[Edge] = []
    for first, last in pairwise(nodes):
        run = places[first : last + 1]
        steps = list(pairwise(run))
        if len(steps) == 1 and one_way(steps[0]) in known:
            continue
        (ax, ay), (bx, by) = steps[len(steps) // 2]
        middle = (ax + bx) / 2.0, (ay + by) / 2.0
        holder = next((c for c, s in around.items() if shapely.contains_xy(s, *middle)), "")
        if holder:
            codes = (edit.code,) if holder == edit.code else (edit.code, holder)
            raise refused("line_cuts_others", codes, shapely.LineString(run), others=[holder])
        cuts += steps
    if not cuts:
        raise refused("line_touches_only", (edit.code,), drawn)
    return cuts


def _enclosed(
    edit: MoveOuter, around: Mapping[str, shapely.Geometry], cuts: list[Edge]
) -> shapely.Geometry:
    """Return the no one's ground that the cuts enclose at the grid."""
    owned = {edge for shape in around.values() for edge in directed_edges(shape)}
    own = {edge[::-1] for edge in directed_edges(around[edit.code])}
    drawn = {one_way(edge) for edge in cuts}
    lines = shapely.linestrings(sorted({one_way(edge) for edge in owned} | drawn))
    won = []
    for face in shapely.get_parts(shapely.polygonize(lines)):
        edges = directed_edges(face)
        is_free = not any(edge in owned for edge in edges)
        if is_free and any(edge in own for edge in edges) and drawn & {one_way(e) for e in edges}:
            won.append(face)
    if not won:
        raise refused("nothing_enclosed", (edit.code,), shapely.LineString(edit.line))
    sides = [{edge for edge in directed_edges(face) if one_way(edge) in drawn} for face in won]
    if any(edge[::-1] in other for k, own_side in enumerate(sides) for edge in own_side
           for other in sides[k + 1 :]):  # fmt: skip
        smaller: shapely.Geometry = min(won, key=shapely.area)
        return smaller  # both sides are enclosed, as in a lake
    return joined(won)
