"""Put intervals around counts, rates, shares and changes.

Used by rate, risk, change and the back-test.
Knows nothing of cells.

Sources: Garwood (1936) for a Poisson mean; Przyborowski and Wilenski (1940) with Clopper and
Pearson (1934) for the ratio of two Poisson means; Zou and Donner (2008) for their difference;
Wilson (1927) for a share.
"""

from typing import Final

import numpy as np
import numpy.typing as npt
from scipy import stats

FloatArray = npt.NDArray[np.float64]
Interval = tuple[FloatArray, FloatArray]

_HALF: Final = 0.5


def poisson_interval(count: npt.ArrayLike, confidence: float) -> Interval:
    """Give Garwood's exact interval of a Poisson mean.

    Parameters
    ----------
    count
        Events seen, at least 0.
    confidence
        Such as 0.95; each tail gets half of the rest. At 0 the lower bound is 0.
    """
    n = np.asarray(count, dtype=np.float64)
    tail = (1.0 - confidence) / 2.0
    low = np.where(n > 0, stats.chi2.ppf(tail, 2.0 * np.maximum(n, _HALF)) / 2.0, 0.0)
    return low, np.asarray(stats.chi2.ppf(1.0 - tail, 2.0 * n + 2.0) / 2.0)


def poisson_p(count: npt.ArrayLike, expected: npt.ArrayLike) -> FloatArray:
    """Give the exact two-sided p of a count against a known mean: twice the smaller tail."""
    n = np.asarray(count, dtype=np.float64)
    mean = np.asarray(expected, dtype=np.float64)
    tail = np.minimum(stats.poisson.cdf(n, mean), stats.poisson.sf(n - 1.0, mean))
    return np.asarray(np.minimum(1.0, 2.0 * tail), dtype=np.float64)


def ratio_interval(
    before: npt.ArrayLike, after: npt.ArrayLike, exposure: float, confidence: float
) -> Interval:
    """Give the exact conditional interval of the ratio of two Poisson rates, after to before.

    Parameters
    ----------
    before, after
        Counts of the two periods.
    exposure
        Length of the second period over the length of the first.
    confidence
        Such as 0.95.

    Returns
    -------
    tuple
        (low, high): low is 0 where `after` is 0, high is infinite where `before` is 0; both NaN
        where both are 0.
    """
    x, y = np.asarray(before, dtype=np.float64), np.asarray(after, dtype=np.float64)
    tail = (1.0 - confidence) / 2.0
    low_share = np.where(y > 0, stats.beta.ppf(tail, np.maximum(y, _HALF), x + 1.0), 0.0)
    high_share = np.where(x > 0, stats.beta.ppf(1.0 - tail, y + 1.0, np.maximum(x, _HALF)), 1.0)
    with np.errstate(divide="ignore"):
        low = low_share / (1.0 - low_share) / exposure
        high = high_share / (1.0 - high_share) / exposure
    none = (x + y) == 0
    return np.where(none, np.nan, low), np.where(none, np.nan, high)


def ratio_p(before: npt.ArrayLike, after: npt.ArrayLike, exposure: float) -> FloatArray:
    """Give the exact conditional two-sided p that two Poisson rates are equal; NaN for 0 and 0."""
    x, y = np.asarray(before, dtype=np.float64), np.asarray(after, dtype=np.float64)
    share = exposure / (1.0 + exposure)
    tail = np.minimum(stats.binom.cdf(y, x + y, share), stats.binom.sf(y - 1.0, x + y, share))
    return np.where(x + y == 0, np.nan, np.minimum(1.0, 2.0 * tail))


def difference_interval(
    before: npt.ArrayLike, after: npt.ArrayLike, exposure: float, confidence: float
) -> Interval:
    """Give an interval of the difference, after - exposure x before, from the two exact intervals.

    Square-and-add of Zou and Donner (2008) on Garwood's limits.
    """
    x = np.asarray(before, dtype=np.float64) * exposure
    y = np.asarray(after, dtype=np.float64)
    x_low, x_high = (bound * exposure for bound in poisson_interval(before, confidence))
    y_low, y_high = poisson_interval(after, confidence)
    low = y - x - np.sqrt((y - y_low) ** 2 + (x_high - x) ** 2)
    high = y - x + np.sqrt((y_high - y) ** 2 + (x - x_low) ** 2)
    return low, high


def wilson_interval(hits: npt.ArrayLike, n: npt.ArrayLike, confidence: float) -> Interval:
    """Give Wilson's score interval of a share; NaN where n is 0."""
    k, total = np.asarray(hits, dtype=np.float64), np.asarray(n, dtype=np.float64)
    z = float(stats.norm.ppf(1.0 - (1.0 - confidence) / 2.0))
    safe = np.where(total > 0, total, np.nan)
    share = k / safe
    middle = (share + z * z / (2.0 * safe)) / (1.0 + z * z / safe)
    half = (
        np.sqrt(share * (1.0 - share) / safe + (z / (2.0 * safe)) ** 2) * z / (1.0 + z * z / safe)
    )
    low = np.where(k <= 0, np.where(total > 0, 0.0, np.nan), middle - half)
    high = np.where(k >= total, np.where(total > 0, 1.0, np.nan), middle + half)
    return low, high
