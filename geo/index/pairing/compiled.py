"""Stand in, compiled, for the pairing of the two sides of every border; same arrays.

Used by `geo.index.edges` where its caller wants it and numba is installed; importing needs numba.
Knows nothing of cells and points: vertices in, edges out.
"""

# mypy: disable-error-code="no-untyped-def,no-untyped-call,no-any-return,assignment,arg-type"
# ruff: noqa: ANN001, ANN201, ANN202 - numba finds the types of what it compiles, anew for each call

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
_SPREAD: Final = np.uint64(0xC2B2AE3D27D4EB4F)
_SHIFT: Final = np.uint64(32)
_ONE: Final = np.uint64(1)
_NONE: Final = -1
_SEVERAL: Final = -2
_KEYS_AT_ONCE: Final = 13  # two to this power: keys in a bucket, and their table in the cache
_MOST_BUCKETS: Final = 11  # two to this power


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
def _mixed(x, y):
    mixed = (x ^ _MIX) * _MIX
    mixed = ((mixed ^ (mixed >> _SHIFT)) ^ y) * _SPREAD
    mixed = (mixed ^ (mixed >> _SHIFT)) * _MIX
    return mixed ^ (mixed >> _SHIFT)


@jit
def _keys(xy, bits, starts, is_turned, own, into):
    """Give half edges keys: hash of both ends above, first vertex and side below; count buckets.

    Both ways along an edge the hash is the same, as it is a sum over the ends.
    """
    below, shift = own
    keys, count = into
    n = 0
    for ring in range(len(starts) - 1):
        v = starts[ring]
        x1, y1 = xy[v, 0], xy[v, 1]
        mixed = _mixed(bits[v, 0], bits[v, 1])
        for w in range(starts[ring] + 1, starts[ring + 1]):
            x2, y2 = xy[w, 0], xy[w, 1]
            if x1 != x2 or y1 != y2:
                other = _mixed(bits[w, 0], bits[w, 1])
                is_up = y1 < y2 or (y1 == y2 and x1 < x2)
                side = np.uint64(is_up != is_turned[ring])
                key = ((mixed + other) & ~below) | (np.uint64(w - 1) << _ONE) | side
                keys[n] = key
                count[key >> shift] += 1
                n += 1
                x1, y1, mixed = x2, y2, other
    return n


@jit
def _deal(keys, shift, place, dealt):
    """Put keys into their buckets, in order."""
    for key in keys:
        bucket = key >> shift
        dealt[place[bucket]] = key
        place[bucket] += 1


@jit
def _is_same(xy, v, w):
    """Tell whether the half edges from two vertices have the same ends."""
    a, b, c, d = xy[v, 0], xy[v, 1], xy[v + 1, 0], xy[v + 1, 1]
    e, f, g, h = xy[w, 0], xy[w, 1], xy[w + 1, 0], xy[w + 1, 1]
    return (a == e and b == f and c == g and d == h) or (a == g and b == h and c == e and d == f)


@jit
def _match(dealt, below, xy, mates, table, is_strict):
    """Write for half edges the one on the other side, -1 where none is and -2 where several are.

    Gives how many pairs there are. Unless `is_strict`, equal hashes are taken for equal ends.
    """
    keys, begin = dealt
    half = below >> _ONE
    n_pairs = 0
    for bucket in range(len(begin) - 1):
        size = 4
        while size < 2 * (begin[bucket + 1] - begin[bucket]):
            size *= 2
        table[:size] = -1
        last = np.uint64(size - 1)
        for p in range(begin[bucket], begin[bucket + 1]):
            key = keys[p]
            v = np.int64((key >> _ONE) & half)
            slot = (key >> _SHIFT) & last
            while True:
                q = table[slot]
                if q < 0:
                    table[slot] = p
                    mates[v] = _NONE
                    break
                first = np.int64((keys[q] >> _ONE) & half)
                if (keys[q] ^ key) <= below and not (is_strict and not _is_same(xy, v, first)):
                    other = mates[first]
                    if other == _NONE and (keys[q] ^ key) & _ONE:
                        mates[v], mates[first] = first, v
                        n_pairs += 1
                    else:
                        mates[v], mates[first] = _SEVERAL, _SEVERAL
                        if other >= 0:
                            mates[other] = _SEVERAL
                            n_pairs -= 1
                    break
                slot = (slot + _ONE) & last
    return n_pairs


@jit
def number_edges(xy, rings, mates, ends, sides, ring_edge):
    """Give edges their numbers, ends and sides; the second half edge of a pair goes to its first.

    Overwrites the mates. Tells whether all have the same ends as theirs.
    """
    starts, row, is_turned, ring_start = rings
    ax, ay, bx, by = ends
    left, right = sides
    n, n_edges, is_sound = 0, 0, True
    for ring in range(len(starts) - 1):
        ring_start[ring] = n
        for v in range(starts[ring], starts[ring + 1] - 1):
            x1, y1, x2, y2 = xy[v, 0], xy[v, 1], xy[v + 1, 0], xy[v + 1, 1]
            if x1 == x2 and y1 == y2:
                continue
            is_up = (y1 < y2) | ((y1 == y2) & (x1 < x2))
            is_left = is_up != is_turned[ring]
            mate = np.int64(mates[v])
            if mate < _SEVERAL:
                edge = _SEVERAL - 1 - mate
                if is_left:
                    left[edge] = row[ring]
                else:
                    right[edge] = row[ring]
            else:
                edge = np.int64(n_edges)
                n_edges += 1
                ax[edge], ay[edge] = x1 if is_up else x2, y1 if is_up else y2
                bx[edge], by[edge] = x2 if is_up else x1, y2 if is_up else y1
                left[edge] = row[ring] if is_left else np.int32(-1)
                right[edge] = np.int32(-1) if is_left else row[ring]
                if mate >= 0:
                    is_sound &= _is_same(xy, v, mate)
                    mates[mate] = _SEVERAL - 1 - edge
            ring_edge[n] = edge if is_up else ~edge
            n += 1
    ring_start[len(starts) - 1] = n
    return is_sound


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
    below = np.uint64((1 << (max(len(xy), 1).bit_length() + 1)) - 1)
    n_bits = min(max(len(xy).bit_length() - _KEYS_AT_ONCE, 1), _MOST_BUCKETS)
    shift = np.uint64(64 - n_bits)
    keys, count = np.empty(len(xy), dtype=np.uint64), np.zeros(1 << n_bits, dtype=np.int64)
    n = _keys(xy, xy.view(np.uint64), starts, is_turned, (below, shift), (keys, count))
    begin = np.append(0, np.cumsum(count))
    dealt = np.empty(n, dtype=np.uint64)
    _deal(keys[:n], shift, begin[:-1].copy(), dealt)
    most = 1 << (2 * int(count.max())).bit_length()
    table = np.empty(max(most, 4), dtype=np.int32)
    mates = np.empty(len(xy), dtype=np.int32)
    ring_edge, ring_start = np.empty(n, dtype=np.int32), np.empty(len(starts), dtype=np.int32)
    rings = (starts, ring_row, is_turned, ring_start)
    for is_strict in (False, True):
        m = n - _match((dealt, begin), below, xy, mates, table, is_strict)
        ends = (np.empty(m), np.empty(m), np.empty(m), np.empty(m))
        sides = (np.empty(m, dtype=np.int32), np.empty(m, dtype=np.int32))
        if number_edges(xy, rings, mates, ends, sides, ring_edge):
            break
    return ends, sides, ring_edge, ring_start
