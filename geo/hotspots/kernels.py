"""Evaluate the kernels of a density: their shape, their reach, their peak.

Used by the exact and the transformed density.
Knows nothing of rasters.
"""

from math import pi
from typing import Final

import numpy as np
import numpy.typing as npt

from geo.hotspots.options import Kernel

FloatArray = npt.NDArray[np.float64]

GAUSSIAN_REACH: Final = 6.5
"""Standard deviations after which a Gaussian is cut: it has fallen to 7e-10 of its peak."""


def reach_m(kernel: Kernel, bandwidth_m: float) -> float:
    """Tell how far from an event its kernel is counted, metres."""
    return bandwidth_m * (GAUSSIAN_REACH if kernel is Kernel.GAUSSIAN else 1.0)


def peak_of(kernel: Kernel, bandwidth_m: float) -> float:
    """Give the density at an event itself, events per m2: 3/(pi b^2), or 1/(2 pi h^2)."""
    if kernel is Kernel.GAUSSIAN:
        return 1.0 / (2.0 * pi * bandwidth_m**2)
    return 3.0 / (pi * bandwidth_m**2)


def fall(kernel: Kernel, squared: FloatArray) -> FloatArray:
    """Give the kernel as a share of its peak, from squared distances in bandwidths."""
    if kernel is Kernel.GAUSSIAN:
        return np.asarray(np.exp(-0.5 * squared), dtype=np.float64)
    rest = np.maximum(0.0, 1.0 - squared)
    return np.asarray(rest * rest, dtype=np.float64)
