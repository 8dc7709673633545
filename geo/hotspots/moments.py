"""Put events on the nodes of a raster by their moments, for smooth kernels.

Used by `transformed` for the Gaussian.
Knows nothing of metres and kernels: all lengths are in nodes.

Each event goes to its nearest node with the products of its offsets up to the third degree. A
kernel K around the event is then K - d K' + d^2 K''/2 - d^3 K'''/6 around the node, whatever the
direction of d: the derivatives are taken of the raster of moments, by differences over seven nodes,
before the kernel is applied. What is left out is the fourth degree: see `moments_error`.
"""

from collections.abc import Iterator
from typing import Final

import numpy as np
import numpy.typing as npt

FloatArray = npt.NDArray[np.float64]

RIM: Final = 10
"""Nodes that differences need around every node that holds events."""

_AT_ONCE: Final = 1 << 20
_DIFFERENCES: Final = (1 / 60, -3 / 20, 3 / 4, 0.0, -3 / 4, 3 / 20, -1 / 60)
_DEGREE: Final = 3


def moments_error(bandwidth: float) -> float:
    """Bound the error of one event's Gaussian as a share of its peak; bandwidth in nodes.

    The fourth derivative of a Gaussian in any direction is at most 3/h^4 of its peak, an event lies
    at most the root of 1/2 from its node: 3/24 x (1/2)^2 / h^4. Differences of the sixth order miss
    the derivative by at most E|w|^7 / 140 = 0.28 / h^7, twice (axes), times an offset of 1/2; the
    inner derivatives add less than a tenth of that.
    """
    return 0.03125 / bandwidth**4 + 0.31 / bandwidth**7


def with_moments(u: FloatArray, v: FloatArray, shape: tuple[int, int]) -> FloatArray:
    """Give the raster to which a kernel is applied.

    Parameters
    ----------
    u, v
        Events: column and row in nodes; at least `RIM` nodes from every side.
    shape
        Rows and columns.
    """
    moments: dict[tuple[int, int], FloatArray] = {}
    for start in range(0, len(u), _AT_ONCE):
        part = slice(start, start + _AT_ONCE)
        for a, b, sums in _binned(u[part], v[part], shape):
            if (a, b) in moments:
                moments[a, b] += sums
            else:
                moments[a, b] = sums
    total = np.zeros(shape[::-1])
    for b in range(_DEGREE, -1, -1) if moments else ():
        row = moments[_DEGREE - b, b]
        for a in range(_DEGREE - b, 0, -1):
            row = moments[a - 1, b] - _slope(row, a)
        turned = np.ascontiguousarray(row.reshape(shape).T)
        if b < _DEGREE:
            turned -= _slope(total.ravel(), b + 1).reshape(turned.shape)
        total = turned
    return np.ascontiguousarray(total.T)


def _binned(
    u: FloatArray, v: FloatArray, shape: tuple[int, int]
) -> Iterator[tuple[int, int, FloatArray]]:
    """Sum the products of offsets at each node, degree by degree."""
    size = shape[0] * shape[1]
    column, up = np.rint(u), np.rint(v)
    east, north = np.subtract(u, column), np.subtract(v, up)
    up *= shape[1]
    up += column
    at = up.astype(np.int64)
    yield 0, 0, np.bincount(at, minlength=size).astype(np.float64)
    weight = column  # the room is used again: fresh pages cost more than the products
    for b in range(_DEGREE + 1):
        np.copyto(up, north) if b == 1 else np.multiply(up, north, out=up)
        for a in range(_DEGREE + 1 - b):
            if a == 0 and b == 0:
                continue
            if b == 0:
                np.copyto(weight, east) if a == 1 else np.multiply(weight, east, out=weight)
            elif a:
                np.multiply(weight if a > 1 else up, east, out=weight)
            sums = np.bincount(at, weight if a else up, minlength=size)
            yield a, b, np.asarray(sums, dtype=np.float64)


def _slope(flat: FloatArray, divisor: int) -> FloatArray:
    """Differentiate along a raster laid out flat, whose sides hold nothing; divide."""
    return np.convolve(flat, np.asarray(_DIFFERENCES) / divisor, mode="same")
