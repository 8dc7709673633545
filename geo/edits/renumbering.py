"""Number the grids of a community from west to east and from north to south.

Used by the planner's renumbering and by whatever gives a new grid its code.
Knows nothing of stores: retired codes are those that the tiling knows.
"""

from collections.abc import Iterator
from itertools import count
from typing import Final

import numpy as np
import shapely

from geo.edits.refusal import refused
from geo.edits.tiling import EditTiling
from geo.edits.values import Renumber

DIGITS: Final = 3
"""Of the running number behind the community's code."""


def reading_order(tiling: EditTiling, codes: tuple[str, ...]) -> tuple[str, ...]:
    """Sort grids as a page is read: rows from north to south, in each row from west to east.

    A row is as high as the median grid; a grid is in the row of its middle (of its box). Ties go
    to the lower code.
    """
    if not codes:
        return ()
    rows = [tiling.row(code) for code in codes]
    boxes = tiling.bounds[rows]
    middle_x, middle_y = (boxes[:, 0] + boxes[:, 2]) / 2.0, (boxes[:, 1] + boxes[:, 3]) / 2.0
    height = float(np.median(boxes[:, 3] - boxes[:, 1]))
    band = np.floor((middle_y.max() - middle_y) / height + 0.5)
    keys = zip(band.tolist(), middle_x.tolist(), codes, strict=True)
    return tuple(code for _, _, code in sorted(keys))


def renumbering(
    tiling: EditTiling, parent: str, *, digits: int = DIGITS, starts_at: int = 1
) -> Renumber:
    """Return the edit that numbers the grids of a community in reading order.

    Parameters
    ----------
    tiling
        With parents.
    parent
        Code of the community; the new codes are it and a running number.
    digits
        Of the running number.
    starts_at
        The first number to try. Numbers of retired codes and of grids elsewhere are passed over,
        so that no code is ever given twice; a grid of the community that keeps its code is left
        out of the edit, and locked grids keep theirs.

    Raises
    ------
    EditRefused
        ``community_unknown``: no grid names it as its parent; ``codes_used_up``: the numbers do not
        suffice (field `digits`).
    """
    own = tuple(code for code in tiling.codes if tiling.parents.get(code) == parent)
    if not own:
        raise refused("community_unknown", (), parents=[parent])
    moving = tuple(code for code in own if code not in tiling.locked)
    leaving = set(moving)
    free = _free_codes(tiling, parent, leaving, (digits, starts_at))
    pairs = []
    for code in reading_order(tiling, moving):
        new = next(free, "")
        if not new:
            raise refused("codes_used_up", own, shapely.Point(), digits=digits, parents=[parent])
        pairs.append((code, new))
    return Renumber(tuple((was, new) for was, new in pairs if was != new))


def _free_codes(
    tiling: EditTiling, parent: str, leaving: set[str], numbers: tuple[int, int]
) -> Iterator[str]:
    digits, starts_at = numbers
    for number in count(starts_at):
        if number >= 10**digits:
            return
        code = f"{parent}{number:0{digits}d}"
        if code not in tiling.retired and (code not in tiling or code in leaving):
            yield code


def next_code(tiling: EditTiling, parent: str, *, digits: int = DIGITS) -> str:
    """Return the lowest running number of a community that no grid bears or ever bore.

    Raises
    ------
    EditRefused
        ``codes_used_up``.
    """
    found = next(_free_codes(tiling, parent, set(), (digits, 1)), "")
    if not found:
        raise refused("codes_used_up", (), digits=digits, parents=[parent])
    return found
