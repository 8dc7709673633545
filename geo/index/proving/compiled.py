"""Prove, compiled, that rings are simple, so that GEOS need not be asked for most of them.

Used by `geo.index.outlines` where its caller wants it and numba is installed; importing needs
numba.
Knows nothing of edges, cells and points: vertices in, proofs out.

Seen from a place c, a ring whose every side turns the same way, and which goes round c once, never
meets itself: along it the direction seen from c runs round the circle once and never back. Where
the mean of the vertices is no such place, or a float filter cannot tell a side's turn, nothing is
said of the ring.
"""

# mypy: disable-error-code="no-untyped-def,no-untyped-call,no-any-return,assignment,arg-type"
# ruff: noqa: ANN001, ANN202 - numba finds the types of what it compiles, anew for each call

from typing import Final

import numpy as np
import numpy.typing as npt

from geo.index.orientation import FILTER, UNDERFLOW
from geo.index.pairing.compiled import jit

_ULP: Final = 2.0**-52


@jit
def _look(xy, start, turn, is_simple):
    """Write the sign of the area of rings, 0 where it is not sure, and which are proven simple."""
    for ring in range(len(start) - 1):
        first, last = start[ring], start[ring + 1] - 1
        turn[ring], is_simple[ring] = 0, False
        if last - first < 3:  # noqa: PLR2004 - no area
            continue
        cx, cy = 0.0, 0.0
        for v in range(first, last):
            cx += xy[v, 0]
            cy += xy[v, 1]
        cx /= last - first
        cy /= last - first
        n_left, n_right, n_doubtful, n_up = 0, 0, 0, 0
        area, terms = 0.0, 0.0
        x1, y1 = xy[first, 0], xy[first, 1]
        dx, dy = x1 - cx, y1 - cy
        for v in range(first + 1, last + 1):
            x2, y2 = xy[v, 0], xy[v, 1]
            ex, ey = x2 - cx, y2 - cy
            one, other = dx * ey, dy * ex
            size = abs(one) + abs(other)
            area += one - other
            terms += size
            bound = FILTER * size + UNDERFLOW
            is_side = x1 != x2 or y1 != y2
            n_left += is_side and one - other > bound
            n_right += is_side and other - one > bound
            n_doubtful += is_side and not abs(one - other) > bound
            n_up += y1 < cy <= y2
            x1, y1, dx, dy = x2, y2, ex, ey
        bound = (last - first + 4) * (_ULP * terms + UNDERFLOW)
        turn[ring] = np.int64(area > bound) - np.int64(area < -bound)
        is_turning = n_doubtful == 0 and (n_left == 0 or n_right == 0)
        is_simple[ring] = is_turning and n_up == 1 and turn[ring] != 0


def proven_turns(
    xy: npt.NDArray[np.float64], start: npt.NDArray[np.int64]
) -> tuple[npt.NDArray[np.int8], npt.NDArray[np.bool_]]:
    """Tell which way rings turn, and of which it is proven that they are simple.

    Parameters
    ----------
    xy
        Vertices, ring after ring, each ring closed.
    start
        Where each ring begins; one longer than the rings.

    Returns
    -------
    turn, is_simple
        1 against the clock, -1 with it, 0 where rounding hides it; of a ring that meets itself it
        tells the sign of the area only.
    """
    turn = np.empty(len(start) - 1, dtype=np.int8)
    is_simple = np.empty(len(turn), dtype=np.bool_)
    _look(xy, start, turn, is_simple)
    return turn, is_simple
