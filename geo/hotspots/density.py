"""Estimate the density of events on a raster or at given places, saying how exactly.

Used by the methods `kde` and `count-kernel`, and by maps that draw a surface.
Knows nothing of cells and classes.

Two ways. The direct sum adds every event's kernel at every place within its reach. The
transformed sum puts the events on nodes and applies the kernel in one Fourier transform; its error
is bounded for each event, wherever it lies. Gaussian: moments at the nearest node (`moments`).
Quartic: cubic B-splines over 4 x 4 nodes, whose own blur is taken out (the scheme of non-uniform
transforms: Dutt and Rokhlin 1993, Greengard and Lee 2004). The direct sum is taken where it is
cheap, and where the bandwidth is under 8 pixels.
"""

from dataclasses import dataclass
from math import ceil, pi
from typing import Final

import numpy as np
import numpy.typing as npt
from scipy import ndimage
from scipy.spatial import cKDTree

from geo.errors import FrameError
from geo.hotspots.direct import direct_on_raster
from geo.hotspots.kernels import fall, peak_of, reach_m
from geo.hotspots.moments import moments_error
from geo.hotspots.options import Kernel
from geo.hotspots.transformed import Nodes, transformed_sum
from geo.hotspots.windows import QUARTIC_ERROR, quartic_at

FloatArray = npt.NDArray[np.float64]

SMALL_PIXELS: Final = 8.0
"""Bandwidths under this many pixels are summed directly."""

_CHEAP: Final = 5e6
_QUARTIC_NODES: Final = 24.0
_MOST_PAIRS: Final = 2e6
_MOST_EVENTS: Final = 200_000
_MOST_NODES: Final = 3e7
_PAIRS_A_BLOCK: Final = 2_000_000
_STEPS_A_BANDWIDTH: Final = 10.0
_EXACT_ERROR: Final = 1e-9
_SPLINE_ORDER: Final = 4


@dataclass(frozen=True, slots=True)
class Raster:
    """A raster of square pixels in a CRS in metres; row 0 is the southernmost.

    Attributes
    ----------
    west, south
        Lower left corner, metres.
    pixel_m
        Side of a pixel.
    columns, rows
        Size.
    """

    west: float
    south: float
    pixel_m: float
    columns: int
    rows: int


@dataclass(frozen=True, slots=True)
class Density:
    """A density and how it was worked out.

    Attributes
    ----------
    per_m2
        Events per square metre.
    way
        ``direct``, ``transformed`` or ``lattice``.
    error_share
        Largest error of one event's kernel, as a share of its peak. Kernel and error fall off
        together, so it is also about the largest error against the highest density.
    """

    per_m2: FloatArray
    way: str
    error_share: float


def density_on_raster(
    x: FloatArray, y: FloatArray, raster: Raster, bandwidth_m: float, kernel: Kernel
) -> Density:
    """Estimate the density at the pixels' centres.

    Parameters
    ----------
    x, y
        Events, metres, finite; those beyond the raster count where their kernel reaches it.
    raster
        Where the density is wanted.
    bandwidth_m
        Radius (quartic) or standard deviation (Gaussian), metres.
    kernel
        Shape; both integrate to one event over the plane. Nothing is put back at borders.

    Returns
    -------
    Density
        `per_m2` of shape (rows, columns).

    Raises
    ------
    FrameError
        ``bad_bandwidth`` (field `bandwidth_m`).
    """
    _refuse_bad(bandwidth_m)
    radius = reach_m(kernel, bandwidth_m) / raster.pixel_m
    cheap = len(x) * (2.0 * radius + 1.0) ** 2 <= _CHEAP
    if cheap or bandwidth_m < SMALL_PIXELS * raster.pixel_m:
        u = (x - raster.west) / raster.pixel_m - 0.5
        v = (y - raster.south) / raster.pixel_m - 0.5
        bandwidth = bandwidth_m / raster.pixel_m
        sums = direct_on_raster(u, v, (raster.rows, raster.columns), bandwidth, kernel)
        return Density(sums * peak_of(kernel, bandwidth_m), "direct", _EXACT_ERROR)
    finer = 1
    if kernel is Kernel.QUARTIC:
        finer = max(1, ceil(_QUARTIC_NODES * raster.pixel_m / bandwidth_m))
    node_m = raster.pixel_m / finer
    u = (x - raster.west - raster.pixel_m / 2.0) / node_m
    v = (y - raster.south - raster.pixel_m / 2.0) / node_m
    nodes = Nodes((raster.rows - 1) * finer + 1, (raster.columns - 1) * finer + 1, finer)
    values = transformed_sum(u, v, nodes, bandwidth_m / node_m, kernel)
    if kernel is Kernel.GAUSSIAN:
        share = moments_error(bandwidth_m / node_m) + _EXACT_ERROR
    else:
        share = _transform_error(kernel, bandwidth_m / node_m)
    return Density(values * peak_of(kernel, bandwidth_m), "transformed", share)


def density_at(xy: FloatArray, places: FloatArray, bandwidth_m: float, kernel: Kernel) -> Density:
    """Estimate the density at given places.

    Parameters
    ----------
    xy
        Events, metres, shape (n, 2).
    places
        Where the density is wanted, metres, shape (m, 2).
    bandwidth_m, kernel
        As `density_on_raster`.

    Notes
    -----
    Direct for up to 200,000 events while events and places make at most about 2e6 pairs within
    reach. Beyond that, quartic: events are shared among the nodes of a lattice of bandwidth / 36
    (`windows`), within 1e-3; Gaussian: a raster of bandwidth / 10 is filled and interpolated by
    cubic splines, within 1e-5, or direct where the raster would pass 3e7 pixels.
    """
    _refuse_bad(bandwidth_m)
    radius_m = reach_m(kernel, bandwidth_m)
    span = np.maximum(np.ptp(places, axis=0), 2.0 * radius_m)
    pairs = len(xy) * len(places) * min(1.0, pi * radius_m**2 / float(span.prod()))
    if pairs > _MOST_PAIRS or len(xy) > _MOST_EVENTS:
        if kernel is Kernel.QUARTIC:
            sums = quartic_at(xy, places, bandwidth_m)
            return Density(sums * peak_of(kernel, bandwidth_m), "lattice", QUARTIC_ERROR)
        if float(span.prod()) * (_STEPS_A_BANDWIDTH / bandwidth_m) ** 2 <= _MOST_NODES:
            return _interpolated(xy, places, bandwidth_m, kernel)
    spots, weight = _gathered(xy)
    pairs *= len(spots) / len(xy)
    total = np.zeros(len(places))
    tree = cKDTree(spots)
    step = max(1, int(_PAIRS_A_BLOCK * len(places) / max(1.0, pairs)))
    for start in range(0, len(places), step):
        block = places[start : start + step]
        found = cKDTree(block).sparse_distance_matrix(tree, radius_m, output_type="ndarray")
        value = fall(kernel, (found["v"] / bandwidth_m) ** 2) * weight[found["j"]]
        total[start : start + step] = np.bincount(found["i"], value, minlength=len(block))
    return Density(total * peak_of(kernel, bandwidth_m), "direct", _EXACT_ERROR)


def _interpolated(
    xy: FloatArray, places: FloatArray, bandwidth_m: float, kernel: Kernel
) -> Density:
    pixel_m = bandwidth_m / _STEPS_A_BANDWIDTH
    low = places.min(axis=0) - 8.0 * pixel_m
    high = places.max(axis=0) + 8.0 * pixel_m
    columns, rows = (np.ceil((high - low) / pixel_m).astype(int) + 1).tolist()
    raster = Raster(float(low[0]), float(low[1]), pixel_m, columns, rows)
    surface = density_on_raster(xy[:, 0], xy[:, 1], raster, bandwidth_m, kernel)
    at = (places - low) / pixel_m - 0.5
    values = ndimage.map_coordinates(surface.per_m2, [at[:, 1], at[:, 0]], order=3, mode="nearest")
    share = surface.error_share + _transform_error(kernel, _STEPS_A_BANDWIDTH)
    return Density(np.maximum(0.0, values), surface.way, share)


def _gathered(xy: FloatArray) -> tuple[FloatArray, FloatArray]:
    """Give the places at which events lie, from west to east, and how many lie at each."""
    order = np.lexsort((xy[:, 1], xy[:, 0]))
    ordered = xy[order]
    first = np.ones(len(xy), dtype=np.bool_)
    first[1:] = (ordered[1:] != ordered[:-1]).any(axis=1)
    starts = np.append(np.flatnonzero(first), len(xy))
    return ordered[first], np.diff(starts).astype(np.float64)


def _transform_error(kernel: Kernel, bandwidth: float) -> float:
    """Bound the error of one event's kernel as a share of its peak; bandwidth in nodes.

    Gaussian: the first images of the cubic spline on both axes, 4 x E|w|^4 / (2 pi)^4 with w normal
    of deviation 1/bandwidth. Quartic: a cubic spline through a curve whose second derivative jumps
    by 8/bandwidth^2 at its rim.
    """
    if kernel is Kernel.GAUSSIAN:
        return 4.0 * 3.0 / (2.0 * pi * bandwidth) ** _SPLINE_ORDER + _EXACT_ERROR
    return 0.4 / bandwidth**2


def _refuse_bad(bandwidth_m: float) -> None:
    if not (np.isfinite(bandwidth_m) and bandwidth_m > 0):
        raise FrameError("bad_bandwidth", bandwidth_m=bandwidth_m)
