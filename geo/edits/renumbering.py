"""Number the grids of a community from west to east and from north to south.

Used by the planner's renumbering and by whatever gives a new grid its code.
Knows nothing of stores: retired codes are those that the tiling knows.
"""

from bisect import bisect_left, bisect_right
from collections.abc import Collection, Iterator, Sequence
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
    tiling: EditTiling,
    parent: str,
    *,
    digits: int = DIGITS,
    starts_at: int = 1,
    given: Collection[str] = (),
) -> Renumber:
    """Return the edit that numbers the grids of a community in reading order.

    A code belongs to one grid for ever: no grid gets one that stands in `given`, but it may keep
    its own, and as many grids as the order allows do. The others get the lowest numbers that were
    never given. Grids out of order are therefore not swapped: they get fresh codes.

    Parameters
    ----------
    tiling
        With parents.
    parent
        Code of the community; the new codes are it and a running number.
    digits
        Of the running number.
    starts_at
        The first number; retired codes are passed over, codes of grids of the community that move
        out of the edit and are not `given` count as free, and locked grids keep theirs.
    given
        Codes that were given out before the plan, to whichever grid.

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
    order = reading_order(tiling, moving)
    kept = set(given) & set(moving)
    borne = [_number_of(code, parent, digits) if code in kept else None for code in order]
    most = max((n for n in borne if n is not None), default=starts_at - 1)
    numbers = (digits, starts_at)
    free: list[int] = []
    beyond = 0
    for number, _ in _free_numbers(tiling, parent, set(moving) - kept, numbers, set(given)):
        free.append(number)
        beyond += number > most
        if beyond >= len(order):  # behind every number that may stay there is one for each grid
            break
    found = _numbered([n if n is None or n >= starts_at else None for n in borne], free)
    if found is None:
        raise refused("codes_used_up", own, shapely.Point(), digits=digits, parents=[parent])
    pairs = [(was, f"{parent}{n:0{digits}d}") for was, n in zip(order, found, strict=True)]
    return Renumber(tuple((was, new) for was, new in pairs if was != new))


def _number_of(code: str, parent: str, digits: int) -> int | None:
    tail = code.removeprefix(parent) if code.startswith(parent) else ""
    is_running = len(tail) == digits and tail.isascii() and tail.isdecimal()
    return int(tail) if is_running else None


def _numbered(borne: Sequence[int | None], free: Sequence[int]) -> list[int] | None:
    """Give a row rising numbers, keeping as many borne ones as leave room for the others.

    None where the free numbers do not suffice. Among equals the earlier grid keeps its number.
    """
    first, last = -1, len(borne)
    value = {first: -1, last: 1 << 62}
    value |= {k: n for k, n in enumerate(borne) if n is not None}
    best: dict[int, tuple[int, int]] = {first: (0, first)}
    for k in sorted(value)[1:]:
        ways = [
            (best[j][0] + 1, -j)
            for j in best
            if value[j] < value[k] and _room(free, value[j], value[k]) >= k - j - 1
        ]
        if ways:
            most, j = max(ways)
            best[k] = (most, -j)
    if last not in best:
        return None
    found, k = [0] * len(borne), last
    while k != first:
        j = best[k][1]
        start = bisect_right(free, value[j])
        found[j + 1 : k] = free[start : start + k - j - 1]
        if k != last:
            found[k] = value[k]
        k = j
    return found


def _room(free: Sequence[int], low: int, high: int) -> int:
    return bisect_left(free, high) - bisect_right(free, low)


def _free_numbers(
    tiling: EditTiling,
    parent: str,
    leaving: set[str],
    numbers: tuple[int, int],
    given: set[str],
) -> Iterator[tuple[int, str]]:
    digits, starts_at = numbers
    for number in range(starts_at, 10**digits):
        code = f"{parent}{number:0{digits}d}"
        if code in given or code in tiling.retired:
            continue
        if code not in tiling or code in leaving:
            yield number, code


def next_code(tiling: EditTiling, parent: str, *, digits: int = DIGITS) -> str:
    """Return the lowest running number of a community that no grid bears or ever bore.

    Raises
    ------
    EditRefused
        ``codes_used_up``.
    """
    found = next(_free_numbers(tiling, parent, set(), (digits, 1), set()), None)
    if found is None:
        raise refused("codes_used_up", (), digits=digits, parents=[parent])
    return found[1]
