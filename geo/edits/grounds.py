"""Find the ground that passed between grids, from their shapes before and after.

Used where an edit does not say itself what moves: dragged vertices, undo.
Knows nothing of edits. These overlays are told in the report; they never become shapes of grids.
"""

from collections.abc import Mapping

import numpy as np
import shapely

from geo.edits.drafting import Moved
from geo.surfaces import polygonal

_DUST_DEG = 1e-12


def moved_between(
    before: Mapping[str, shapely.Geometry], after: Mapping[str, shapely.Geometry]
) -> list[Moved]:
    """List the ground that passed between grids, and to and from the outside.

    Parameters
    ----------
    before, after
        Shapes by code of everything that changed; valid.
    """
    moved: list[Moved] = []
    codes = sorted(after)
    shapes = np.array([after[code] for code in codes], dtype=object)
    tree = shapely.STRtree(shapes)
    old_whole = shapely.union_all(list(before.values()))
    new_whole = shapely.union_all(shapes)
    is_same_ground = bool(shapely.equals(old_whole, new_whole))
    for giver in sorted(before):
        was = before[giver]
        if giver in after and shapely.equals_exact(was, after[giver]):
            continue
        for k in sorted(tree.query(was, predicate="intersects").tolist()):
            if codes[k] != giver:
                _note(moved, giver, codes[k], shapely.intersection(was, shapes[k]))
        if not is_same_ground:
            _note(moved, giver, "", shapely.difference(was, new_whole))
    if not is_same_ground:
        for code, shape in zip(codes, shapes, strict=True):
            _note(moved, "", code, shapely.difference(shape, old_whole))
    return moved


def _note(moved: list[Moved], giver: str, taker: str, shape: shapely.Geometry) -> None:
    ground = polygonal(shape)
    length = shapely.length(ground)
    if length > 0.0 and 2.0 * shapely.area(ground) / length > _DUST_DEG:
        moved.append((giver, taker, ground))
