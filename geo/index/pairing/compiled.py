"""Stand in, compiled, for the pairing of the two sides of every border; same arrays.

Used by `geo.index.edges` where its caller wants it and numba is installed; importing needs numba.
Knows nothing of cells and points: vertices in, edges out.
"""

# mypy: disable-error-code="no-untyped-def,no-untyped-call,no-any-return,assignment,arg-type"
# ruff: noqa: ANN001, ANN202 - numba finds the types of what it compiles, anew for each call

from collections.abc import Callable
from typing import Any, Final, TypeVar, cast

import numba
import numpy as np
import numpy.typing as npt

FloatArray = npt.NDArray[np.float64]
IntArray = npt.NDArray[np.int64]
RowArray = npt.NDArray[np.int32]
BoolArray = npt.NDArray[np.bool_]
Ends = tuple[FloatArray, FloatArray, FloatArray, FloatArray]
_Function = TypeVar("_Function", bound=Callable[..., Any])

_MIX: Final = np.uint64(0x9E3779B97F4A7C15)
_SHIFT: Final = np.uint64(29)
_MANY: Final = 3
_SIDES: Final = 2


def jit(function: _Function) -> _Function:
    """Compile on first call, free of the lock of the interpreter.

    The machine code is kept beside this file, or in the user's cache folder where that may not be
    written to; where neither may, it is made anew in each process.
    """
    try:
        return cast("_Function", numba.njit(cache=True, nogil=True)(function))
    except RuntimeError:
        return cast("_Function", numba.njit(nogil=True)(function))


@jit
def _mixed(a, b, c, d):
    mixed = (a ^ _MIX) * _MIX
    mixed = ((mixed ^ (mixed >> _SHIFT)) ^ b) * _MIX
    mixed = ((mixed ^ (mixed >> _SHIFT)) ^ c) * _MIX
    mixed = ((mixed ^ (mixed >> _SHIFT)) ^ d) * _MIX
    return mixed ^ (mixed >> _SHIFT)


@jit
def _pair(xy, bits, starts, is_turned, halves, table):  # noqa: C901 - calls with arrays cost much
    """Give half edges numbers, and for each the first with its ends; tell how many there are."""
    low, high, alike, last, count, is_left = halves
    mask = np.uint64(len(table) - 1)
    n = 0
    for ring in range(len(starts) - 1):
        begin = n
        for v in range(starts[ring], starts[ring + 1] - 1):
            x1, y1, x2, y2 = xy[v, 0], xy[v, 1], xy[v + 1, 0], xy[v + 1, 1]
            if x1 == x2 and y1 == y2:
                continue
            is_up = y1 < y2 or (y1 == y2 and x1 < x2)
            a, b = (v, v + 1) if is_up else (v + 1, v)
            low[n], high[n] = a, b
            is_left[n] = is_up != is_turned[ring]
            ax, ay, bx, by = xy[a, 0], xy[a, 1], xy[b, 0], xy[b, 1]
            found = -1
            if n > begin and alike[n - 1] != n - 1:  # neighbours mostly share several edges on end
                for step in (-1, 1):
                    near = np.int64(alike[n - 1]) + step
                    if 0 <= near < n and alike[near] == near:
                        c, d = low[near], high[near]
                        if xy[c, 0] == ax and xy[c, 1] == ay and xy[d, 0] == bx and xy[d, 1] == by:
                            found = near
                            break
            if found < 0:
                slot = _mixed(bits[a, 0], bits[a, 1], bits[b, 0], bits[b, 1]) & mask
                while table[slot] >= 0:
                    near = np.int64(table[slot])
                    c, d = low[near], high[near]
                    if xy[c, 0] == ax and xy[c, 1] == ay and xy[d, 0] == bx and xy[d, 1] == by:
                        found = near
                        break
                    slot = (slot + np.uint64(1)) & mask
                if found < 0:
                    table[slot] = n
                    found = n
            alike[n] = found
            last[found] = n
            count[found] += np.int8(count[found] < _MANY)
            n += 1
    return n


@jit
def _number(xy, rings, halves, ends, sides, ring_edge):
    """Give edges their numbers, ends and sides; a half edge of a sound pair goes to its first."""
    starts, row, ring_start = rings
    low, high, alike, last, count, is_left = halves
    ax, ay, bx, by = ends
    left, right = sides
    n, n_edges = 0, 0
    for ring in range(len(starts) - 1):
        ring_start[ring] = n
        for v in range(starts[ring], starts[ring + 1] - 1):
            if xy[v, 0] == xy[v + 1, 0] and xy[v, 1] == xy[v + 1, 1]:
                continue
            first = alike[n]
            is_second = first != n and count[first] == _SIDES and is_left[first] != is_left[n]
            edge = last[first] if is_second else n_edges
            if not is_second:
                a, b = low[n], high[n]
                ax[edge], ay[edge], bx[edge], by[edge] = xy[a, 0], xy[a, 1], xy[b, 0], xy[b, 1]
                left[edge], right[edge] = -1, -1
                if first == n and count[n] == _SIDES and is_left[last[n]] != is_left[n]:
                    last[n] = edge
                n_edges += 1
            if is_left[n]:
                left[edge] = row[ring]
            else:
                right[edge] = row[ring]
            ring_edge[n] = edge if low[n] == v else ~edge
            n += 1
    ring_start[len(starts) - 1] = n
    return n_edges


def joined_edges(
    xy: FloatArray, starts: IntArray, is_turned: BoolArray, ring_row: RowArray
) -> tuple[Ends, tuple[RowArray, RowArray], RowArray, RowArray]:
    """Do what `geo.index.edges.joined_edges` does.

    Parameters
    ----------
    xy
        Vertices, ring after ring, without negative zeros.
    starts
        Where each ring begins; one longer than the rings.
    is_turned
        Whether the area lies right of the ring.
    ring_row
        Row of each ring's polygon.

    Returns
    -------
    ends, sides, ring_edge, ring_start
        As in `TilingEdges`.
    """
    most = max(len(xy) - len(starts) + 1, 0)
    low, high, alike, last = (np.empty(most, dtype=np.int32) for _ in range(4))
    halves = (low, high, alike, last, np.zeros(most, dtype=np.int8), np.empty(most, np.bool_))
    table = np.full(1 << max(most + most // 4, 1).bit_length(), -1, dtype=np.int32)
    n = _pair(xy, xy.view(np.uint64), starts, is_turned, halves, table)
    del table
    ends = tuple(np.empty(n) for _ in range(4))
    left, right, ring_edge = (np.empty(n, dtype=np.int32) for _ in range(3))
    ring_start = np.empty(len(starts), dtype=np.int32)
    rings = (starts, ring_row, ring_start)
    m = _number(xy, rings, halves, ends, (left, right), ring_edge)
    ax, ay, bx, by = (values[:m].copy() for values in ends)
    return (ax, ay, bx, by), (left[:m].copy(), right[:m].copy()), ring_edge, ring_start
