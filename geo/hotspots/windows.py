"""Sum quartic kernels of very many events at chosen places, through a lattice of fine steps.

Used by `density`.
Knows nothing of densities: kernels have peak one.

Each event is shared among the four nodes around it, so that the kernel between nodes is a straight
one; each place then sums the kernel over the nodes around it. The lattice is laid strip by strip.
"""

from collections.abc import Iterator
from typing import Final

import numpy as np
import numpy.typing as npt

from geo.hotspots.kernels import fall
from geo.hotspots.options import Kernel

FloatArray = npt.NDArray[np.float64]

STEPS: Final = 36
"""Nodes a bandwidth."""

QUARTIC_ERROR: Final = (1.0 + 4.3 / STEPS) / STEPS**2
"""Bound of the error of one event's kernel, as a share of its peak.

Straight lines on both axes miss by at most 1/8 of the squared step times |Kxx| + |Kyy|. Inside the
rim that sum is at most 8, and within one cell of the lattice it grows by at most 24 sqrt(2) steps.
"""

_NODES: Final = 4_000_000
_PLACES: Final = 12
_SPAN: Final = 2 * STEPS


def quartic_at(xy: FloatArray, places: FloatArray, bandwidth_m: float) -> FloatArray:
    """Sum the quartic kernels of all events at each place.

    Parameters
    ----------
    xy
        Events, metres, shape (n, 2).
    places
        Metres, shape (m, 2).
    bandwidth_m
        Radius of the kernel.
    """
    step_m = bandwidth_m / STEPS
    corner = places.min(axis=0) - (STEPS + 1) * step_m
    at = (places - corner) / step_m
    cell = np.floor(at).astype(np.int64)
    columns = int(cell[:, 0].max()) + STEPS + 2
    total = np.zeros(len(places))
    u, v = _inside(xy, corner, step_m, (columns, int(cell[:, 1].max()) + STEPS + 2))
    line = np.floor(v)
    for first, members in _strips(cell[:, 1], columns):
        last = int(cell[members[-1], 1])
        low, high = np.searchsorted(line, [first - STEPS, last + STEPS + 1])
        rows = last - first + _SPAN + 2
        nodes = _shared(u[low:high], v[low:high] - (first - STEPS), (rows, columns))
        windows = np.lib.stride_tricks.sliding_window_view(nodes, (_SPAN, _SPAN))
        for start in range(0, len(members), _PLACES):
            some = members[start : start + _PLACES]
            east, north = (
                ((cell[some, axis] - at[some, axis])[:, None] + np.arange(1 - STEPS, STEPS + 1))
                / STEPS
                for axis in (0, 1)
            )
            weight = fall(Kernel.QUARTIC, north[:, :, None] ** 2 + east[:, None, :] ** 2)
            around = windows[cell[some, 1] - first + 1, cell[some, 0] - STEPS + 1]
            total[some] = np.einsum("prc,prc->p", around, weight)
    return total


def _inside(
    xy: FloatArray, corner: FloatArray, step_m: float, size: tuple[int, int]
) -> tuple[FloatArray, FloatArray]:
    """Give the events on the lattice, in steps from its corner, row by row."""
    u, v = (xy[:, 0] - corner[0]) / step_m, (xy[:, 1] - corner[1]) / step_m
    kept = np.flatnonzero((u >= 0) & (u < size[0] - 1) & (v >= 0) & (v < size[1] - 1))
    row = np.floor(v[kept])
    key = row.astype(np.uint16 if size[1] < 2**16 else np.int64)  # small numbers sort by digits
    kept = kept[np.argsort(key, kind="stable")]
    return u[kept], v[kept]


def _strips(row: npt.NDArray[np.int64], columns: int) -> Iterator[tuple[int, npt.NDArray[np.intp]]]:
    """Group places by rows, from south to north: the first row and the places of each strip."""
    order = np.argsort(row, kind="stable")
    ordered = row[order]
    height = max(_SPAN, _NODES // columns - _SPAN)
    start = 0
    while start < len(order):
        stop = int(np.searchsorted(ordered, ordered[start] + height))
        yield int(ordered[start]), order[start:stop]
        start = stop


def _shared(u: FloatArray, v: FloatArray, shape: tuple[int, int]) -> FloatArray:
    """Share each event among the four nodes around it."""
    size = shape[0] * shape[1]
    if len(u) == 0:
        return np.zeros(shape)
    column, row = np.floor(u), np.floor(v)
    at = (row * shape[1] + column).astype(np.int64)
    east, north = u - column, v - row
    both = east * north
    corners = np.concatenate([at, at + 1, at + shape[1], at + shape[1] + 1])
    shares = np.concatenate([1.0 - east - north + both, east - both, north - both, both])
    nodes = np.bincount(corners, shares, minlength=size)
    return np.asarray(nodes, dtype=np.float64).reshape(shape)
