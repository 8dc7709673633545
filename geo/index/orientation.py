"""Tell on which side of a line a point lies, exactly, for whole arrays.

Used by the building and by the reading of the tiling index.
Knows nothing of rings, grids and cells: bare coordinates only.

A float filter decides nearly all (Shewchuk 1997, doi:10.1007/PL00009321); what it cannot decide is
summed without error as an expansion of doubles, and where numbers are so small or so large that
products lose bits, in rational numbers.
"""

from fractions import Fraction
from typing import Final

import numpy as np
import numpy.typing as npt

FloatArray = npt.NDArray[np.float64]
SignArray = npt.NDArray[np.int8]
BoolArray = npt.NDArray[np.bool_]

FILTER: Final = 3.3306690738754716e-16
"""(3 + 16 u) u with u = 2**-53: bound of the relative error of the float sign."""
UNDERFLOW: Final = 1e-290
"""Products smaller than this may have lost their sign."""
_SPLITTER: Final = 134217729.0  # 2**27 + 1
_SMALLEST: Final = 1e-120  # factors between these keep every bit of their products
_LARGEST: Final = 1e120

Triple = tuple[FloatArray, FloatArray, FloatArray, FloatArray, FloatArray, FloatArray]


def is_right_or_on(ends: Triple) -> BoolArray:
    """Tell exactly whether p lies right of the line from a to b, or on it.

    Parameters
    ----------
    ends
        ax, ay, bx, by, px, py: arrays of one length, finite.
    """
    ax, ay, bx, by, px, py = ends
    left = (bx - ax) * (py - ay)
    right = (by - ay) * (px - ax)
    turn = left - right
    answer: BoolArray = turn <= 0.0
    doubtful = np.abs(turn) <= FILTER * (np.abs(left) + np.abs(right)) + UNDERFLOW
    if doubtful.any():
        answer[doubtful] = exact_side(_chosen(ends, doubtful)) <= 0
    return answer


def exact_side(ends: Triple) -> SignArray:
    """Give the sign of the turn a, b, p without error: 1 left, 0 on the line, -1 right."""
    ax, ay, bx, by, px, py = ends
    dx, dy, ex, ey = bx - ax, by - ay, px - ax, py - ay
    # a difference of two doubles is zero only if they are equal: these products are truly zero
    is_zero = ((dx == 0.0) | (ey == 0.0)) & ((dy == 0.0) | (ex == 0.0))
    is_zero |= (px == bx) & (py == by)
    sign = np.zeros(len(ax), dtype=np.int8)
    rest = np.flatnonzero(~is_zero)
    if len(rest):
        sign[rest] = _side_of_rest(_chosen(ends, rest))
    return sign


def _chosen(ends: Triple, chosen: npt.NDArray[np.bool_] | npt.NDArray[np.intp]) -> Triple:
    ax, ay, bx, by, px, py = ends
    return ax[chosen], ay[chosen], bx[chosen], by[chosen], px[chosen], py[chosen]


def _side_of_rest(ends: Triple) -> SignArray:
    ax, ay, bx, by, px, py = ends
    factors = [_difference(bx, ax), _difference(py, ay), _difference(by, ay), _difference(px, ax)]
    is_plain = np.ones(len(ax), dtype=np.bool_)
    for parts in factors:
        for part in parts:
            size = np.abs(part)
            is_plain &= (size == 0.0) | ((size > _SMALLEST) & (size < _LARGEST))
    sign = np.zeros(len(ax), dtype=np.int8)
    plain = np.flatnonzero(is_plain)
    if len(plain):
        sign[plain] = _sign_of_expansion([(high[plain], low[plain]) for high, low in factors])
    for k in np.flatnonzero(~is_plain):
        sign[k] = _rational_side(tuple(float(values[k]) for values in ends))
    return sign


def _rational_side(ends: tuple[float, ...]) -> int:
    ax, ay, bx, by, px, py = (Fraction(value) for value in ends)
    turn = (bx - ax) * (py - ay) - (by - ay) * (px - ax)
    return (turn > 0) - (turn < 0)


def _difference(a: FloatArray, b: FloatArray) -> tuple[FloatArray, FloatArray]:
    """Split a - b into its rounded value and the exact rest."""
    high = a - b
    share = a - high
    return high, (a - (high + share)) + (share - b)


def _sum(a: FloatArray, b: FloatArray) -> tuple[FloatArray, FloatArray]:
    high = a + b
    share = high - a
    return high, (a - (high - share)) + (b - share)


def _product(a: FloatArray, b: FloatArray) -> tuple[FloatArray, FloatArray]:
    high = a * b
    wide = _SPLITTER * a
    a_high = wide - (wide - a)
    a_low = a - a_high
    wide = _SPLITTER * b
    b_high = wide - (wide - b)
    b_low = b - b_high
    return high, a_low * b_low - (((high - a_high * b_high) - a_low * b_high) - a_high * b_low)


def _sign_of_expansion(factors: list[tuple[FloatArray, FloatArray]]) -> SignArray:
    """Sum (dx * ey - dy * ex) without error; the last part that is not zero has the sign."""
    dx, ey, dy, ex = factors
    terms: list[FloatArray] = []
    for first, second, way in ((dx, ey, 1.0), (dy, ex, -1.0)):
        for a in first:
            for b in second:
                terms.extend(_product(way * a, b))
    parts: list[FloatArray] = []
    for term in terms:
        rest = term
        for k, part in enumerate(parts):
            rest, parts[k] = _sum(rest, part)
        parts.append(rest)
    sign = np.zeros(len(terms[0]), dtype=np.int8)
    for part in parts:
        sign = np.where(part != 0.0, np.sign(part).astype(np.int8), sign)
    return sign
