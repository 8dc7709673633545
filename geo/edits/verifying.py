"""Check what an edit touched before it holds: rings, neighbours, area, parts, slivers, communities.

Used by `geo.edits.applying`.
Knows nothing of how the changes came about; the whole tiling is `geo.edits.checking`'s to check.
"""

import re
from collections.abc import Mapping
from typing import Final

import numpy as np
import shapely

from geo.edits.cutting import metres_per_degree, width_m
from geo.edits.drafting import Draft
from geo.edits.grounds import moved_between
from geo.edits.refusal import refused
from geo.edits.report import EditOptions
from geo.edits.tiling import EditTiling, ObjectArray
from geo.surfaces import is_areal, polygonal

_AREA_SHARE: Final = 1e-9
_DUST_M: Final = 0.01
_OVERLAP_M: Final = 0.001
_SAME_DEG: Final = 1e-9
"""Edges this close are the same: a tenth of a millimetre."""
_PLACE: Final = re.compile(r"\[(?P<x>\S+) (?P<y>\S+?)[\s\]]")


def verify(tiling: EditTiling, draft: Draft, options: EditOptions) -> None:
    """Refuse changes that would break the tiling; fill in what ground moved where that is open.

    Raises
    ------
    EditRefused
        ``rings_cross``, ``grids_overlap``, ``edit_leaves_gap``, ``detached_part``,
        ``giver_cut_in_two``, ``piece_not_at_taker``, ``sliver``, ``across_communities``,
        ``outside_community``.
    """
    if not draft.shapes or draft.carried:
        return
    _require_rings(draft)
    require_fit(tiling, draft.shapes, draft.removed)
    if not draft.is_outer_stated:
        _require_area(tiling, draft)
    if not options.allow_parts:
        _require_parts(tiling, draft)
    _require_width(tiling, draft, options)
    if draft.is_moved_open:
        was = {code: tiling.shape(code) for code in draft.shapes}
        draft.moved = moved_between(was, draft.shapes)
    _require_communities(tiling, draft, options)


def _require_rings(draft: Draft) -> None:
    codes = list(draft.shapes)
    shapes = np.array(list(draft.shapes.values()), dtype=object)
    bad = ~shapely.is_valid(shapes) | ~is_areal(shapes)
    for k in np.flatnonzero(bad):
        match = _PLACE.search(shapely.is_valid_reason(shapes[k]))
        place = shapely.Point(float(match["x"]), float(match["y"])) if match else None
        raise refused("rings_cross", (codes[k],), place)


def require_fit(
    tiling: EditTiling, shapes: Mapping[str, shapely.Geometry], removed: tuple[str, ...]
) -> None:
    """Refuse shapes that overlap a neighbour or leave its border: ``grids_overlap``.

    A fault that the grids had before, such as those of a file that a plan began with, is no reason.
    """
    names, both = _around(tiling, shapes, removed)
    edges = shapely.coverage_invalid_edges(both)
    wrong = np.flatnonzero(~shapely.is_empty(edges))
    if not len(wrong):
        return
    known = _known_faults(tiling, {*shapes, *removed})
    place = shapely.difference(shapely.union_all(edges[wrong]), known)
    if not place.is_empty:
        near = wrong[shapely.intersects(both[wrong], place)]
        raise refused("grids_overlap", tuple(sorted(names[k] for k in near)), place)


def _known_faults(tiling: EditTiling, codes: set[str]) -> shapely.Geometry:
    """Return where the borders of grids and their neighbours did not fit before an edit."""
    former = {code: tiling.shape(code) for code in sorted(codes) if code in tiling}
    if not former:
        return shapely.Polygon()
    _, both = _around(tiling, former, ())
    edges = shapely.coverage_invalid_edges(both)
    return shapely.buffer(shapely.union_all(edges), _SAME_DEG, cap_style="square")


def require_room(
    tiling: EditTiling, shapes: Mapping[str, shapely.Geometry], removed: tuple[str, ...]
) -> None:
    """Refuse former shapes whose ground was taken since: ``undo_out_of_turn``.

    Notes
    -----
    Digests already prove that the borders are those that the edit left; what remains is ground
    that another grid won outside. Only a real overlap counts, for an undo must never fail by a
    rounding of the check.
    """
    names, both = _around(tiling, shapes, removed)
    wrong = np.flatnonzero(~shapely.is_empty(shapely.coverage_invalid_edges(both)))
    for k in wrong.tolist():
        others = [m for m in range(len(both)) if m != k]
        inner = shapely.intersection(both[k], both[others])
        scale = metres_per_degree(both[k])
        for m, shape in zip(others, inner, strict=True):
            if width_m(polygonal(shape), scale) > _OVERLAP_M:
                raise refused("undo_out_of_turn", tuple(sorted((names[k], names[m]))), shape)


def _around(
    tiling: EditTiling, shapes: Mapping[str, shapely.Geometry], removed: tuple[str, ...]
) -> tuple[list[str], ObjectArray]:
    """Return shapes with the grids whose boxes meet theirs, and the codes of all."""
    codes = list(shapes)
    own = np.array(list(shapes.values()), dtype=object)
    boxes = shapely.bounds(own)
    whole = (*boxes[:, :2].min(axis=0).tolist(), *boxes[:, 2:].max(axis=0).tolist())
    around = [
        row
        for row in tiling.find(whole).tolist()
        if tiling.codes[row] not in shapes and tiling.codes[row] not in removed
    ]
    if len(codes) > 1 and around:
        near = tiling.bounds[around]
        meets = (near[:, None, 0] <= boxes[None, :, 2]) & (near[:, None, 2] >= boxes[None, :, 0])
        meets &= (near[:, None, 1] <= boxes[None, :, 3]) & (near[:, None, 3] >= boxes[None, :, 1])
        around = [
            row
            for row, is_near in zip(around, np.atleast_1d(meets.any(axis=1)), strict=True)
            if is_near
        ]
    both = np.concatenate([own, tiling.shapes[around]])
    names = [*codes, *(tiling.codes[row] for row in around)]
    return names, both


def _require_area(tiling: EditTiling, draft: Draft) -> None:
    former = {code for code in draft.shapes if code in tiling} | set(draft.removed)
    before = sum(float(shapely.area(tiling.shape(code))) for code in former)
    after = sum(float(shapely.area(shape)) for shape in draft.shapes.values())
    if abs(after - before) > _AREA_SHARE * before:
        raise refused("edit_leaves_gap", tuple(sorted(former)))


def _parts(shape: shapely.Geometry) -> int:
    return int(shapely.get_num_geometries(shape))


def _require_parts(tiling: EditTiling, draft: Draft) -> None:
    givers = {giver for giver, _, _ in draft.moved}
    takers = {taker for _, taker, _ in draft.moved}
    of_code = {new: was for was, new in draft.carried.items()}
    for code, shape in draft.shapes.items():
        former = of_code.get(code, code)
        allowed = _parts(tiling.shape(former)) if former in tiling else 1
        merged = [c for c in draft.removed if c not in draft.carried]
        allowed += sum(_parts(tiling.shape(c)) - 1 for c in merged)
        if _parts(shape) <= allowed:
            continue
        listed = sorted(shapely.get_parts(shape), key=shapely.area)
        is_giver, is_taker = code in givers, code in takers
        word = "detached_part" if is_giver == is_taker or former not in tiling else (
            "giver_cut_in_two" if is_giver else "piece_not_at_taker")  # fmt: skip
        raise refused(word, (code,), listed[0], parts=len(listed))


def _require_width(tiling: EditTiling, draft: Draft, options: EditOptions) -> None:
    """Refuse slivers: parts that were none before, and moved ground where that matters."""
    scale = metres_per_degree(next(iter(draft.shapes.values())))
    fresh = [(code, part) for code, shape in draft.shapes.items() if code not in
             set(draft.carried.values()) for part in shapely.get_parts(shape)]  # fmt: skip
    if draft.thin_matters:
        fresh += [
            (taker or giver, part)
            for giver, taker, ground in draft.moved
            for part in shapely.get_parts(ground)
        ]
    for code, part in fresh:
        width = width_m(part, scale)
        if width >= options.sliver_m:
            continue
        was = tiling.shape(code) if code in tiling else None
        if was is not None and min(width_m(p, scale) for p in shapely.get_parts(was)) <= width:
            continue  # no worse than it was
        raise refused("sliver", (code,), part, width_m=round(width, 2), sliver_m=options.sliver_m)


def _require_communities(tiling: EditTiling, draft: Draft, options: EditOptions) -> None:
    if options.across_parents:
        return
    scale = metres_per_degree(next(iter(draft.shapes.values())))
    for giver, taker, ground in draft.moved:
        own = draft.parents.get(taker, tiling.parents.get(taker, ""))
        other = tiling.parents.get(giver, "")
        is_real = width_m(ground, scale) > _DUST_M
        if giver and taker and own and other and own != other and is_real:
            raise refused("across_communities", (giver, taker), ground, parents=[other, own])
        shape = options.parents.get(own)
        if taker and shape is not None:
            rest = polygonal(shapely.difference(ground, shape))
            if width_m(rest, scale) > _DUST_M:
                raise refused("outside_community", (taker,), rest, parents=[own])
