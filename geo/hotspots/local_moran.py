"""Work out the local Moran statistic of every cell and the quadrant it lies in.

Used by the method `moran`.
Knows nothing of where the values came from.

Sources: Anselin (1995) for the statistic; Sokal, Oden and Thomson (1998) for its mean and variance
given the cell's own value, which the score uses.
"""

from dataclasses import dataclass

import numpy as np
import numpy.typing as npt

from geo.hotspots.local_g import gi
from geo.hotspots.neighbours import Weights
from geo.hotspots.options import CellClass

FloatArray = npt.NDArray[np.float64]
ObjectArray = npt.NDArray[np.object_]


@dataclass(frozen=True, slots=True)
class LocalMoran:
    """The statistic, its score and its quadrant.

    Attributes
    ----------
    moran
        (n - 1) z_i sum_j w_ij z_j / sum z^2, z the deviation from the mean.
    z
        Standard score given the cell's own value; NaN as for Gi, and where that value is the mean.
    quadrant
        ``high_high``, ``low_low``, ``high_low`` (high among low), ``low_high``.
    """

    moran: FloatArray
    z: FloatArray
    quadrant: ObjectArray


def local_moran(values: FloatArray, neighbours: Weights) -> LocalMoran:
    """Work out local Moran.

    Parameters
    ----------
    values
        One number for each cell.
    neighbours
        Of ones, without the cell itself; standardised here (the neighbours' mean is taken).

    Notes
    -----
    Given the cell's own value only the neighbours' sum varies, so the score is that of Gi with the
    sign of the cell's own deviation.
    """
    away = values - values.mean()
    degree = np.diff(neighbours.indptr)
    around = np.asarray(neighbours @ away) / np.maximum(1, degree)
    squares = float(away @ away)
    n = len(values)
    moran = (n - 1) * away * around / squares if squares > 0 else np.full(n, np.nan)
    z = np.sign(away) * gi(values, neighbours).z
    z[away == 0] = np.nan
    names = np.where(
        away > 0,
        np.where(around > 0, CellClass.HIGH_HIGH.value, CellClass.HIGH_LOW.value),
        np.where(around > 0, CellClass.LOW_HIGH.value, CellClass.LOW_LOW.value),
    )
    return LocalMoran(moran, z, names.astype(object))
