"""Work out how sure a figure is, and how uneven a set of counts.

Used by the measures. Knows nothing of rows. Every interval is a 95 % interval.
"""

import math
from typing import Final

import numpy as np
import numpy.typing as npt

Z_95: Final = 1.959963984540054
RULE_OF_THREE: Final = 3.0


def change_interval(current: int, previous: int) -> tuple[float, float] | None:
    """95 % interval of (C - P) / P from the log ratio (K5); none where either is zero.

    Source: Wald interval of a ratio of two Poisson counts, exp(ln(C/P) ± 1.96·sqrt(1/C + 1/P)) - 1.
    """
    if current <= 0 or previous <= 0:
        return None
    centre, half = math.log(current / previous), Z_95 * math.sqrt(1 / current + 1 / previous)
    return math.exp(centre - half) - 1, math.exp(centre + half) - 1


def wilson(part: float, whole: float) -> tuple[float, float] | None:
    """95 % interval of a share; none where the whole is zero or the part is not within it.

    Source: E. B. Wilson, 1927, score interval without continuity correction.
    """
    if whole <= 0 or not 0 <= part <= whole:
        return None
    share, square = part / whole, Z_95 * Z_95
    centre = (share + square / (2 * whole)) / (1 + square / whole)
    spread = math.sqrt(share * (1 - share) / whole + square / (4 * whole * whole))
    half = Z_95 * spread / (1 + square / whole)
    return max(0.0, min(centre - half, share)), min(1.0, max(centre + half, share))


def zero_rate_upper(years: float) -> float | None:
    """Give the highest yearly rate that nothing in `years` years leaves likely (K8): 3 / years.

    Source: rule of three, the 95 % upper bound of a Poisson rate with no event.
    """
    return RULE_OF_THREE / years if years > 0 else None


def gini(counts: npt.ArrayLike) -> float | None:
    """Gini coefficient of counts: 0 all alike, near 1 all in one; none without any event.

    Source: mean absolute difference form, 2·Σ i·x_i / (n·Σ x) - (n + 1)/n with x ascending.
    """
    ordered = np.sort(np.asarray(counts, dtype=np.float64))
    total, size = float(ordered.sum()), len(ordered)
    if size == 0 or total <= 0:
        return None
    ranks = np.arange(1, size + 1)
    return float(2 * (ranks * ordered).sum() / (size * total) - (size + 1) / size)


def falls_at_the_end(counts: npt.ArrayLike) -> int:
    """Count how many times in a row, up to the last, each number was under the one before (K7)."""
    steps = np.diff(np.asarray(counts, dtype=np.float64)) < 0
    if steps.all():
        return len(steps)
    return int(np.argmin(steps[::-1]))
