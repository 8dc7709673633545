"""Turn a measure's values into shaded classes with colours, letters and labels.

Used by the screens that shade grids.
Knows nothing of what is measured: titles arrive ready in the screen's language.
"""

from __future__ import annotations

from itertools import pairwise
from typing import TYPE_CHECKING

import numpy as np

from dashboard.maps.signs import Classes
from dashboard.theme import COVERAGE_EDGES, ZERO_COLOUR, Edges, Method, class_colours, class_edges

if TYPE_CHECKING:
    from numpy.typing import NDArray

__all__ = ["classes_for"]


def classes_for(
    values: NDArray[np.float64],
    *,
    title: str,
    no_base_label: str,
    method: Method = "quantile",
    n: int = 5,
    is_count: bool = False,
) -> Classes:
    """Divide a measure into at most `n` classes, zeros apart, NaN ("no base") apart.

    Labels are numbers alone: "3" or "3–7" for counts; "1.5–<3" for others, the last "3–8" (its
    upper edge belongs to it). A class that holds one value alone, among counts of which each has
    its own, is labelled with that value. The method "coverage" gives "<50", "50–<75", "75–<90",
    "90–<100", "100" ("≥100" where a share is above 100). Marks are letters from A for the
    lightest, "0" for the zeros.
    """
    made = class_edges(values, method=method, n=n, is_count=is_count)
    shaded = len(made.edges) - 1 - int(made.has_zero)
    letters = tuple("ABCDEFG"[:shaded])
    alone = np.unique(values[np.isfinite(values) & (values != 0)])
    if method == "coverage":
        labels = _coverage_labels(made)
    elif shaded == alone.size and (is_count or shaded == 1):
        labels = (*(("0",) if made.has_zero else ()), *(_number(float(one)) for one in alone))
    else:
        labels = _labels(made, is_count=is_count)
    return Classes(
        title=title,
        breaks=made.edges,
        colours=(*((ZERO_COLOUR,) if made.has_zero else ()), *class_colours(shaded)),
        labels=labels,
        marks=(*(("0",) if made.has_zero else ()), *letters),
        has_zero=made.has_zero,
        no_base_label=no_base_label,
    )


def _labels(made: Edges, *, is_count: bool) -> tuple[str, ...]:
    first = 1 if made.has_zero else 0
    labels = ["0"] if made.has_zero else []
    pairs = list(zip(made.edges[first:-1], made.edges[first + 1 :], strict=True))
    for position, (low, high) in enumerate(pairs):
        if is_count:
            last = high - 1
            labels.append(f"{low:,.0f}" if last == low else f"{low:,.0f}–{last:,.0f}")
        else:
            joint = "–" if position == len(pairs) - 1 else "–<"
            labels.append(f"{_number(low)}{joint}{_number(high)}")
    return tuple(labels)


def _coverage_labels(made: Edges) -> tuple[str, ...]:
    """Write fixed classes of shares: below the first edge, between edges, the last alone."""
    inner = made.edges[1:-1]
    if not inner:
        return ()
    steps = (f"{_number(low)}–<{_number(high)}" for low, high in pairwise(inner))
    is_over = made.edges[-1] > COVERAGE_EDGES[-1]
    last = f"≥{_number(inner[-1])}" if is_over else _number(inner[-1])
    return (f"<{_number(inner[0])}", *steps, last)


def _number(edge: float) -> str:
    """Write an edge shortly, without an exponent; thousands parted by commas."""
    whole = f"{edge:,.0f}" if edge == round(edge) else ""
    return whole or np.format_float_positional(edge, trim="-")
