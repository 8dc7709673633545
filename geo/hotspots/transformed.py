"""Sum kernels over many events through one Fourier transform, with an error bound for each event.

Used by `density`.
Knows nothing of metres: all lengths are in nodes.
"""

from dataclasses import dataclass
from math import ceil
from typing import Any, Final

import numpy as np
import numpy.typing as npt
from scipy import fft

from geo.hotspots.kernels import fall, reach_m
from geo.hotspots.moments import RIM, with_moments
from geo.hotspots.options import Kernel

FloatArray = npt.NDArray[np.float64]

_BLOCK: Final = 32_768
_TAPS: Final = 4


@dataclass(frozen=True, slots=True)
class Nodes:
    """The nodes on which the sum is made.

    Attributes
    ----------
    rows, columns
        Nodes of the wanted window.
    every
        Only every so many-th node is wanted.
    """

    rows: int
    columns: int
    every: int


def transformed_sum(
    u: FloatArray, v: FloatArray, nodes: Nodes, bandwidth: float, kernel: Kernel
) -> FloatArray:
    """Sum the kernels, each with peak one, at the wanted nodes.

    Parameters
    ----------
    u, v
        Events: column and row in nodes, node 0 at 0.
    nodes
        What is wanted.
    bandwidth
        In nodes; at least 8 (Gaussian) or 24 (quartic) for the bounds that `density` states.
    kernel
        Shape.
    """
    rim = RIM if kernel is Kernel.GAUSSIAN else _TAPS
    pad = ceil(reach_m(kernel, bandwidth)) + rim
    shape = (
        fft.next_fast_len(nodes.rows + 2 * pad, real=True),
        fft.next_fast_len(nodes.columns + 2 * pad, real=True),
    )
    u, v = u + pad, v + pad
    east, north = nodes.columns + 2 * pad - rim, nodes.rows + 2 * pad - rim
    if len(u) and (min(u.min(), v.min()) < rim or u.max() >= east or v.max() >= north):
        kept = (u >= rim) & (u < east) & (v >= rim) & (v < north)
        u, v = u[kept], v[kept]
    spread = with_moments if kernel is Kernel.GAUSSIAN else _spread
    spectrum = fft.rfft2(spread(u, v, shape))
    spectrum *= _filter(shape, bandwidth, kernel)
    total = fft.irfft2(spectrum, s=shape)
    window = total[pad : pad + nodes.rows : nodes.every, pad : pad + nodes.columns : nodes.every]
    return np.maximum(0.0, window)


def _spread(u: FloatArray, v: FloatArray, shape: tuple[int, int]) -> FloatArray:
    """Share each event among 4 x 4 nodes by cubic B-splines; rows are taken in order (cache)."""
    width = shape[1]
    image = np.zeros(shape[0] * width)
    north = np.floor(v).astype(np.uint16)
    order = np.argsort(north, kind="stable")
    u, v = u[order], v[order]
    for start in range(0, len(u), _BLOCK):
        some_u, some_v = u[start : start + _BLOCK], v[start : start + _BLOCK]
        column, row = np.floor(some_u), np.floor(some_v)
        first, last = int(row[0]) - 1, int(row[-1]) - 1
        at = ((row - (1 + first)) * width + (column - 1.0)).astype(np.int64)
        size = (last - first + 1) * width
        across, along = _taps(some_u - column), _taps(some_v - row)
        for j, up in enumerate(along):
            for i, east in enumerate(across):
                offset = (first + j) * width + i
                part = np.bincount(at, up * east, minlength=size)
                stop = min(size, len(image) - offset)
                image[offset : offset + stop] += part[:stop]
    return image.reshape(shape)


def _taps(f: FloatArray) -> tuple[FloatArray, FloatArray, FloatArray, FloatArray]:
    g = 1.0 - f
    ff, gg = f * f, g * g
    return (
        gg * g / 6.0,
        2.0 / 3.0 - ff * (1.0 - 0.5 * f),
        2.0 / 3.0 - gg * (1.0 - 0.5 * g),
        ff * f / 6.0,
    )


def _filter(shape: tuple[int, int], bandwidth: float, kernel: Kernel) -> npt.NDArray[Any]:
    """Transform the kernel; for the quartic one take out the blur of the splines on both axes."""
    if kernel is Kernel.GAUSSIAN:
        south, east = fft.fftfreq(shape[0]), fft.rfftfreq(shape[1])
        by_row, by_column = (
            bandwidth * np.sqrt(2.0 * np.pi) * np.exp(-2.0 * (np.pi * bandwidth * f) ** 2)
            for f in (south, east)
        )
        return np.asarray(by_row[:, None] * by_column)
    rows, columns = (np.fft.fftfreq(n, 1.0 / n) / bandwidth for n in shape)
    image = fall(kernel, rows[:, None] ** 2 + columns**2)
    blurs = []
    for n, frequency in zip(shape, (fft.fftfreq(shape[0]), fft.rfftfreq(shape[1])), strict=True):
        spread = np.zeros(n)
        spread[[-1, 0, 1]] = (1.0 / 6.0, 2.0 / 3.0, 1.0 / 6.0)
        blurs.append(np.asarray(2.0 / 3.0 + np.cos(2.0 * np.pi * frequency) / 3.0))
    return np.asarray(fft.rfft2(image) / (blurs[0][:, None] * blurs[1]))
