"""Make the changes of edits that draw a line or a piece: redraw, split, transfer, outer edge.

Used by `geo.edits.applying`.
Knows nothing of counts and of what is done with the changes; `geo.edits.verifying` checks them.
"""

from collections.abc import Iterable, Sequence

import numpy as np
import shapely

from geo.edits.cutting import Cutting, Face, joined, metres_per_degree, width_m
from geo.edits.drafting import Draft, require_known, require_new, require_open
from geo.edits.outlines import edge_set, one_way, ring_places, rings_of
from geo.edits.refusal import refused
from geo.edits.report import EditOptions
from geo.edits.streets import along_street
from geo.edits.tiling import EditTiling
from geo.edits.values import LonLat, RedrawBorder, Split, Transfer


def are_neighbours(one: shapely.Geometry, other: shapely.Geometry) -> bool:
    """Tell whether two grids have an edge in common."""
    return not edge_set([one]).isdisjoint(edge_set([other]))


def redraw(tiling: EditTiling, edit: RedrawBorder, options: EditOptions) -> Draft:
    """Let a line be the border of two neighbours.

    Raises
    ------
    EditRefused
        ``grid_unknown``, ``grid_locked``, ``not_neighbours``, ``line_misses``,
        ``line_touches_only``, ``line_does_not_divide``, and those of `Cutting`.
    """
    require_known(tiling, (edit.a, edit.b))
    require_open(tiling, (edit.a, edit.b))
    if edit.a == edit.b or not are_neighbours(tiling.shape(edit.a), tiling.shape(edit.b)):
        raise refused("not_neighbours", (edit.a, edit.b))
    cutting = Cutting(tiling, (edit.a, edit.b), options.snap_m)
    follows = _draw(cutting, edit.line, options)
    faces = _own_faces(cutting)
    before = [face.code for face in faces]
    both_ways = ((edit.a, edit.b), (edit.b, edit.a))
    choices = [_labelled(faces, left, right) for left, right in both_ways]
    best = min(choices, key=lambda after: _cost(faces, before, after))
    draft = Draft(dict(cutting.shapes), followed_street=follows)
    for code, other in both_ways:
        own = [f.shape for f, label in zip(faces, best, strict=True) if label == code]
        if not own:
            raise refused("whole_grid", (code, other), tiling.shape(code))
        draft.shapes[code] = joined(own)
        given = [f.shape for f, was, now in zip(faces, before, best, strict=True)
                 if was == code and now == other]  # fmt: skip
        if given:
            draft.moved.append((code, other, joined(given)))
    return draft


def split(tiling: EditTiling, edit: Split, options: EditOptions) -> Draft:
    """Cut a grid in two.

    Raises
    ------
    EditRefused
        ``grid_unknown``, ``grid_locked``, ``code_empty``, ``code_taken``, ``code_retired``,
        ``line_misses``, ``line_touches_only``, ``line_does_not_divide``, and those of `Cutting`.
    """
    require_known(tiling, (edit.code,))
    require_open(tiling, (edit.code,))
    require_new(tiling, edit.new_code)
    cutting = Cutting(tiling, (edit.code,), options.snap_m)
    follows = _draw(cutting, edit.line, options)
    faces = _own_faces(cutting)
    smaller = _smaller_side(faces)
    stays = [face.shape for face in faces if not any(face is each for each in smaller)]
    part = joined(face.shape for face in smaller)
    draft = Draft(dict(cutting.shapes), thin_matters=True, followed_street=follows)
    draft.shapes[edit.code] = joined(stays)
    draft.shapes[edit.new_code] = part
    draft.names[edit.new_code] = edit.new_name
    if edit.code in tiling.parents:
        draft.parents[edit.new_code] = tiling.parents[edit.code]
    draft.moved = [(edit.code, edit.new_code, part)]
    return draft


def cut_outer(tiling: EditTiling, code: str, line: Sequence[LonLat], options: EditOptions) -> Draft:
    """Give up the smaller side of a line through a grid at the outer edge.

    Raises
    ------
    EditRefused
        As `split`, and ``cut_leaves_hole``: the ground given up is not at the outer edge.
    """
    cutting = Cutting(tiling, (code,), options.snap_m)
    _draw(cutting, line, options)
    faces = _own_faces(cutting)
    smaller = _smaller_side(faces)
    part = joined(face.shape for face in smaller)
    if not _at_outer_edge(cutting, part):
        raise refused("cut_leaves_hole", (code,), part)
    stays = [face.shape for face in faces if not any(face is each for each in smaller)]
    draft = Draft(dict(cutting.shapes), is_outer_stated=True, thin_matters=True)
    draft.shapes[code] = joined(stays)
    draft.moved = [(code, "", part)]
    return draft


def transfer(tiling: EditTiling, edit: Transfer, options: EditOptions) -> Draft:
    """Give a piece of one grid to another.

    Raises
    ------
    EditRefused
        ``grid_unknown``, ``grid_locked``, ``same_grid``, ``piece_not_areal``, ``piece_misses``,
        ``piece_reaches_others``, ``whole_grid``, and those of `Cutting`.
    """
    require_known(tiling, (edit.giver, edit.taker))
    require_open(tiling, (edit.giver, edit.taker))
    if edit.giver == edit.taker:
        raise refused("same_grid", (edit.giver,))
    piece = _piece(edit)
    if not options.clip:
        _refuse_reach(tiling, edit, piece, options)
    cutting = Cutting(tiling, (edit.giver,), options.snap_m)
    turned = shapely.orient_polygons(piece, exterior_cw=False)
    for ring in rings_of(turned):
        cutting.draw(ring_places(ring), is_strict=False)
    goes: list[shapely.Geometry] = []
    stays: list[shapely.Geometry] = []
    for face in cutting.faces():
        if face.code:
            (goes if _is_in_piece(face, piece) else stays).append(face.shape)
    if not goes:
        raise refused("piece_misses", (edit.giver, edit.taker), piece)
    if not stays:
        raise refused("whole_grid", (edit.giver, edit.taker), piece)
    draft = Draft(dict(cutting.shapes), thin_matters=True)
    taker = draft.shapes.get(edit.taker, tiling.shape(edit.taker))
    draft.shapes[edit.giver] = joined(stays)
    draft.shapes[edit.taker] = joined([taker, *goes])
    draft.moved = [(edit.giver, edit.taker, joined(goes))]
    return draft


def _draw(cutting: Cutting, line: Sequence[LonLat], options: EditOptions) -> bool:
    """Cut along a line, or along the street it follows; refuse what cuts nothing."""
    laid, follows = along_street(line, options.streets, cutting.scale, options.street_m)
    nodes = cutting.draw(laid)
    if not cutting.cuts:
        place = shapely.LineString(line)
        word = "line_touches_only" if nodes else "line_misses"
        raise refused(word, cutting.codes, place)
    return follows


def _own_faces(cutting: Cutting) -> list[Face]:
    """Return the faces of the grids that are cut; refuse a line with one face on both sides."""
    faces = [face for face in cutting.faces() if face.code]
    if any(face.is_left and face.is_right for face in faces):
        place = shapely.MultiLineString([list(edge) for edge in cutting.cuts])
        raise refused("line_does_not_divide", cutting.codes, place)
    return faces


def _labelled(faces: Sequence[Face], left: str, right: str) -> list[str]:
    return [left if f.is_left else right if f.is_right else f.code for f in faces]


def _cost(
    faces: Sequence[Face], before: Sequence[str], after: Sequence[str]
) -> tuple[int, int, float]:
    """Compare choices: grids that vanish, parts, area that moves."""
    lost = len(set(before) - set(after))
    parts = sum(
        int(shapely.get_num_geometries(joined(
            f.shape for f, label in zip(faces, after, strict=True) if label == code)))
        for code in set(after)
    )  # fmt: skip
    moved = sum(
        float(shapely.area(f.shape))
        for f, was, now in zip(faces, before, after, strict=True)
        if was != now
    )
    return lost, parts, moved


def _smaller_side(faces: Sequence[Face]) -> list[Face]:
    left = [face for face in faces if face.is_left]
    right = [face for face in faces if face.is_right]
    return left if _area(left) < _area(right) else right


def _area(faces: Iterable[Face]) -> float:
    return float(sum(shapely.area(face.shape) for face in faces))


def _at_outer_edge(cutting: Cutting, part: shapely.Geometry) -> bool:
    """Tell whether a part has an edge that no other grid has."""
    rows = cutting.tiling.find(tuple(shapely.bounds(part).tolist()))
    codes = [cutting.tiling.codes[row] for row in rows]
    strange = [
        cutting.shapes.get(code, cutting.tiling.shape(code))
        for code in codes
        if code not in cutting.codes
    ]
    taken = edge_set(strange) | {one_way(edge) for edge in cutting.cuts}
    return not edge_set([part]) <= taken


def _piece(edit: Transfer) -> shapely.Geometry:
    """Build the piece; compounds side by side become one."""
    polygons = []
    for rings in edit.piece:
        if not rings or any(len(ring) < 4 for ring in rings):  # noqa: PLR2004 - a closed triangle
            raise refused("piece_not_areal", (edit.giver, edit.taker))
        for ring in rings:
            if ring[0] != ring[-1]:
                raise refused("piece_not_areal", (edit.giver, edit.taker))
        polygon = shapely.Polygon(rings[0], rings[1:])
        if not polygon.is_valid:
            place = shapely.LineString(rings[0])
            raise refused("line_crosses_itself", (edit.giver, edit.taker), place)
        polygons.append(polygon)
    if not polygons:
        raise refused("piece_not_areal", (edit.giver, edit.taker))
    return polygons[0] if len(polygons) == 1 else shapely.union_all(polygons)


def _refuse_reach(
    tiling: EditTiling, edit: Transfer, piece: shapely.Geometry, options: EditOptions
) -> None:
    """Refuse a piece that reaches well into grids other than giver and taker."""
    scale = metres_per_degree(tiling.shape(edit.giver))
    rows = tiling.find(tuple(shapely.bounds(piece).tolist()))
    own = {edit.giver, edit.taker}
    met = [row for row in rows if tiling.codes[row] not in own]
    found = []
    for row in met:
        inner = shapely.intersection(piece, tiling.shapes[row])
        if shapely.area(inner) > 0.0 and width_m(inner, scale) > options.snap_m:
            found.append((tiling.codes[row], inner))
    if found:
        others = [code for code, _ in found]
        place = shapely.union_all([inner for _, inner in found])
        codes = (edit.giver, edit.taker, *others)
        raise refused("piece_reaches_others", codes, place, others=others)


def _is_in_piece(face: Face, piece: shapely.Geometry) -> bool:
    """Tell by the cut beside it, else by a place inside, whether a face is of the piece."""
    if face.is_left != face.is_right:
        return face.is_left
    inside = np.asarray(shapely.get_coordinates(shapely.point_on_surface(face.shape)))[0]
    return bool(shapely.contains_xy(piece, *inside))
