"""Sum kernels on a raster directly: every event, every pixel within reach.

Used by `density` for small bandwidths and few events.
Knows nothing of metres: all lengths are in pixels.
"""

from math import ceil
from typing import Final

import numpy as np
import numpy.typing as npt

from geo.hotspots.kernels import fall, reach_m
from geo.hotspots.options import Kernel

FloatArray = npt.NDArray[np.float64]
IntArray = npt.NDArray[np.int64]

_MANY: Final = 20
_CHUNK: Final = 2_000_000


def direct_on_raster(
    u: FloatArray, v: FloatArray, shape: tuple[int, int], bandwidth: float, kernel: Kernel
) -> FloatArray:
    """Sum the kernels, each with peak one, at the pixels' centres.

    Parameters
    ----------
    u, v
        Events: column and row in pixels, the centre of pixel 0 at 0.
    shape
        Rows and columns of the raster.
    bandwidth
        In pixels.
    kernel
        Shape.
    """
    radius = reach_m(kernel, bandwidth)
    near = (u > -radius - 1) & (u < shape[1] + radius) & (v > -radius - 1) & (v < shape[0] + radius)
    u, v = u[near], v[near]
    window = 2 * ceil(radius) + 1
    if kernel is Kernel.QUARTIC and len(u) > _MANY * window**2:
        return _by_offsets(u, v, shape, bandwidth, kernel)
    return _by_tiles(u, v, shape, bandwidth, kernel)


def _by_offsets(
    u: FloatArray, v: FloatArray, shape: tuple[int, int], bandwidth: float, kernel: Kernel
) -> FloatArray:
    """Go through the pixels around an event, all events at once."""
    pad = ceil(bandwidth) + 1
    width = shape[1] + 2 * pad
    size = width * (shape[0] + 2 * pad)
    image = np.zeros(size)
    column, row = np.rint(u), np.rint(v)
    du, dv = (column - u) / bandwidth, (row - v) / bandwidth
    inside = (column >= 1 - pad) & (column < shape[1] + pad - 1)
    inside &= (row >= 1 - pad) & (row < shape[0] + pad - 1)
    du, dv = du[inside], dv[inside]
    at = ((row[inside] + pad) * width + column[inside] + pad).astype(np.int64)
    rim = size + pad * (width + 1)
    for j in range(-pad + 1, pad):
        up = (dv + j / bandwidth) ** 2
        for i in range(-pad + 1, pad):
            share = fall(kernel, up + (du + i / bandwidth) ** 2)
            part = np.bincount(at, share, minlength=rim)
            offset = j * width + i
            low, high = max(0, offset), min(size, size + offset)
            image[low:high] += part[low - offset : high - offset]
    return np.ascontiguousarray(image.reshape(-1, width)[pad:-pad, pad:-pad])


def _by_tiles(
    u: FloatArray, v: FloatArray, shape: tuple[int, int], bandwidth: float, kernel: Kernel
) -> FloatArray:
    """Go through tiles of events; each adds to the pixels within reach of its tile."""
    image = np.zeros(shape)
    radius = ceil(reach_m(kernel, bandwidth)) + 1
    side = max(8, min(radius, 64))
    tile_u, tile_v = np.floor(u / side).astype(np.int64), np.floor(v / side).astype(np.int64)
    order = np.lexsort((tile_u, tile_v))
    u, v, tile_u, tile_v = u[order], v[order], tile_u[order], tile_v[order]
    changes = np.flatnonzero((np.diff(tile_u) != 0) | (np.diff(tile_v) != 0)) + 1
    starts = np.concatenate([[0], changes, [len(u)]]) if len(u) else np.zeros(1, dtype=np.int64)
    for start, stop in zip(starts[:-1].tolist(), starts[1:].tolist(), strict=True):
        columns = _reached(int(tile_u[start]), side, radius, shape[1])
        rows = _reached(int(tile_v[start]), side, radius, shape[0])
        if len(columns) == 0 or len(rows) == 0:
            continue
        step = max(1, _CHUNK // (len(rows) * len(columns)))
        if kernel is Kernel.GAUSSIAN:
            step = max(1, _CHUNK // (len(rows) + len(columns)))
        total = np.zeros((len(rows), len(columns)))
        for first in range(start, stop, step):
            part = slice(first, min(stop, first + step))
            if kernel is Kernel.GAUSSIAN:
                north, east = _bells(v[part], rows, bandwidth), _bells(u[part], columns, bandwidth)
                total += north.T @ east
            else:
                away_u = ((columns - u[part, None]) / bandwidth) ** 2
                away_v = ((rows - v[part, None]) / bandwidth) ** 2
                total += fall(kernel, away_v[:, :, None] + away_u[:, None, :]).sum(axis=0)
        image[rows[0] : rows[-1] + 1, columns[0] : columns[-1] + 1] += total
    return image


def _bells(at: FloatArray, pixels: IntArray, bandwidth: float) -> FloatArray:
    """Give the Gaussian of each event along one axis, shape (events, pixels).

    From bandwidths of one pixel on by two exponentials an event and a running product, since
    exp(-(k-f)^2/2h^2) = exp(-k^2/2h^2) exp(-f^2/2h^2) exp(f/h^2)^k; below, powers could overflow.
    """
    if bandwidth < 1.0:
        return fall(Kernel.GAUSSIAN, ((pixels - at[:, None]) / bandwidth) ** 2)
    middle = float(pixels[len(pixels) // 2])
    f, k = (at - middle) / bandwidth, (pixels - middle) / bandwidth
    powers = np.empty((len(at), len(pixels)))
    powers[:, 0] = np.exp(f * (k[0] - 0.5 * f))
    powers[:, 1:] = np.exp(f / bandwidth)[:, None]
    np.multiply.accumulate(powers, axis=1, out=powers)
    return np.asarray(powers * np.exp(-0.5 * k * k), dtype=np.float64)


def _reached(tile: int, side: int, radius: int, size: int) -> IntArray:
    return np.arange(max(0, tile * side - radius), min(size, (tile + 1) * side + radius))
