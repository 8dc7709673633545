"""Correct p-values for many tests at once and turn them into class words.

Used by every method that gives a p for each cell.
Knows nothing of where the p came from.
"""

from typing import Final

import numpy as np
import numpy.typing as npt
from scipy import stats

from geo.hotspots.options import CellClass

FloatArray = npt.NDArray[np.float64]
ObjectArray = npt.NDArray[np.object_]

_HOT: Final = {
    CellClass.HOT_90,
    CellClass.HOT_95,
    CellClass.HOT_99,
    CellClass.HIGH_HIGH,
    CellClass.HIGH_LOW,
    CellClass.UP,
    CellClass.NEW,
    CellClass.CONSECUTIVE,
    CellClass.INTENSIFYING,
    CellClass.PERSISTENT,
    CellClass.DIMINISHING,
    CellClass.SPORADIC,
    CellClass.OSCILLATING,
    CellClass.HISTORICAL,
}
_LEVELS: Final = ((0.10, "90"), (0.05, "95"), (0.01, "99"))


def two_sided(z: FloatArray) -> FloatArray:
    """Give the two-sided p of a standard normal score; NaN stays NaN."""
    return np.asarray(2.0 * stats.norm.sf(np.abs(z)), dtype=np.float64)


def benjamini_hochberg(p: FloatArray) -> FloatArray:
    """Adjust p-values by Benjamini and Hochberg (1995) over all tests together.

    A test whose p is NaN is none: it is left out of their number and stays NaN.
    """
    adjusted = np.full(p.shape, np.nan)
    tested = np.isfinite(p)
    if tested.any():
        adjusted[tested] = stats.false_discovery_control(p[tested], method="bh")
    return adjusted


def bonferroni(p: FloatArray) -> FloatArray:
    """Adjust p-values by Bonferroni over all tests that have a p."""
    return np.asarray(np.minimum(1.0, p * np.isfinite(p).sum()), dtype=np.float64)


def hot_and_cold(sign: FloatArray, p: FloatArray) -> ObjectArray:
    """Class cells as hot or cold at 90, 95 and 99 % by an adjusted p.

    Parameters
    ----------
    sign
        Above zero: hot; below: cold.
    p
        Adjusted p; a cell with p = 0.05 is still hot or cold at 95 %.
    """
    words = np.full(p.shape, CellClass.NONE.value, dtype=object)
    for level, name in _LEVELS:
        passed = p <= level
        words[passed & (sign > 0)] = f"hot_{name}"
        words[passed & (sign < 0)] = f"cold_{name}"
    return words


def is_hot_word(words: ObjectArray) -> npt.NDArray[np.bool_]:
    """Tell which words call a cell hot in some way (what needs enough events)."""
    return np.isin(words.astype(str), sorted(_HOT))
