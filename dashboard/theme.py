"""Choose the colours, shapes and class breaks of every map and table.

Used by `dashboard.maps` and the screens.
Knows nothing of Streamlit, layers and languages.

Colours are told apart by people with the common colour-vision defects: classes differ in
lightness, kinds of points differ in shape as well, states carry a sign beside the colour.
"""

from __future__ import annotations

from dataclasses import dataclass
from enum import StrEnum
from typing import TYPE_CHECKING, Literal

import numpy as np

if TYPE_CHECKING:
    from numpy.typing import NDArray

__all__ = [
    "BOUNDARY_COLOUR",
    "CELL_SIGNS",
    "CLUSTER_COLOUR",
    "COVERAGE_EDGES",
    "INK",
    "MAX_CLASSES",
    "NO_BASE_COLOUR",
    "PAPER",
    "POINT_SIGNS",
    "POST_SIGNS",
    "SELECTED_COLOUR",
    "STATUS_SIGNS",
    "STREET_COLOUR",
    "ZERO_COLOUR",
    "Edges",
    "Method",
    "Shape",
    "Sign",
    "class_colours",
    "class_edges",
]

INK = "#1c2430"
PAPER = "#f7f6f2"
STREET_COLOUR = "#b9b4a8"
BOUNDARY_COLOUR = "#5d6675"
SELECTED_COLOUR = "#111827"
CLUSTER_COLOUR = "#33415c"
NO_BASE_COLOUR = "#d8d8d8"
ZERO_COLOUR = "#fbfbf7"
MAX_CLASSES = 7

# A share of 100 %: below half, two steps, nearly all, and all of it in a class of its own.
COVERAGE_EDGES = (0.0, 50.0, 75.0, 90.0, 100.0, 101.0)

Method = Literal["quantile", "equal", "natural", "coverage"]


class Shape(StrEnum):
    """Name the shapes a point is drawn with; a kind is never told by colour alone."""

    CIRCLE = "circle"
    SQUARE = "square"
    TRIANGLE = "triangle"
    DIAMOND = "diamond"
    CROSS = "cross"
    STAR = "star"
    DOWN = "down"  # a triangle on its tip
    DOWN_HOLLOW = "down_hollow"


@dataclass(frozen=True, slots=True)
class Sign:
    """Join a colour ("#rrggbb"), a shape and a character that says the same without colour."""

    colour: str
    shape: Shape
    mark: str


# One sign for each kind of point, in the order a screen lists its kinds.
POINT_SIGNS: tuple[Sign, ...] = (
    Sign("#0b6e99", Shape.CIRCLE, "●"),
    Sign("#c2410c", Shape.TRIANGLE, "▲"),
    Sign("#3f7d20", Shape.SQUARE, "■"),
    Sign("#7b2d8e", Shape.DIAMOND, "◆"),
    Sign("#8a6d00", Shape.STAR, "★"),
    Sign("#41454d", Shape.CROSS, "✚"),
)

# A post with staff and one without: shapes that no kind of record has.
POST_SIGNS: tuple[Sign, Sign] = (
    Sign("#1b7f5c", Shape.DOWN, "▼"),
    Sign("#a61e2f", Shape.DOWN_HOLLOW, "▽"),
)

# States of a figure, a roster or a hazard, worst last.
STATUS_SIGNS: dict[str, Sign] = {
    "good": Sign("#1b7f5c", Shape.CIRCLE, "✓"),
    "note": Sign("#0b6e99", Shape.CIRCLE, "i"),
    "warn": Sign("#a15c00", Shape.TRIANGLE, "!"),
    "bad": Sign("#a61e2f", Shape.DIAMOND, "✕"),
}

# Classes of statistical cells: orange is high, blue is low; lightness and a mark say it as well.
CELL_SIGNS: dict[str, tuple[str, str]] = {
    "hot_99": ("#8f2d04", "+3"),
    "hot_95": ("#d9660f", "+2"),
    "hot_90": ("#f7b267", "+1"),
    "cold_90": ("#a9cfe8", "−1"),
    "cold_95": ("#4a93c9", "−2"),
    "cold_99": ("#0b4a85", "−3"),
    "high_high": ("#8f2d04", "HH"),
    "high_low": ("#f7b267", "HL"),
    "low_high": ("#a9cfe8", "LH"),
    "low_low": ("#0b4a85", "LL"),
    "up": ("#b8470a", "↑"),
    "down": ("#2673b3", "↓"),
    "new": ("#fde0a8", "N"),
    "consecutive": ("#f7b267", "C"),
    "intensifying": ("#7a1f04", "I"),
    "persistent": ("#b8470a", "P"),
    "diminishing": ("#d98a4f", "D"),
    "sporadic": ("#c9b4d9", "S"),
    "oscillating": ("#8c6bb1", "O"),
    "historical": ("#7fb3a6", "H"),
    "none": ("#f4f2ea", ""),
    "few_events": ("#e6e2d6", "<"),
    "no_neighbours": ("#ececec", "·"),
    "zero": (ZERO_COLOUR, "0"),
}

# Anchors of the ramp in OKLab (lightness, green-red, blue-yellow): straw, teal, deep blue.
_RAMP = np.array([[0.93, -0.015, 0.060], [0.72, -0.055, 0.000], [0.52, -0.045, -0.075],
                  [0.31, 0.000, -0.115]])  # fmt: skip
_OKLAB_TO_LMS = np.array(
    [[1.0, 0.3963377774, 0.2158037573], [1.0, -0.1055613458, -0.0638541728],
     [1.0, -0.0894841775, -1.2914855480]])  # fmt: skip
_LMS_TO_RGB = np.array(
    [[4.0767416621, -3.3077115913, 0.2309699292], [-1.2684380046, 2.6097574011, -0.3413193965],
     [-0.0041960863, -0.7034186147, 1.7076147010]])  # fmt: skip
_SRGB_KNEE = 0.0031308


def class_colours(n: int) -> tuple[str, ...]:
    """Give `n` colours from light to dark, each clearly darker than the one before.

    Made by walking evenly along a ramp in OKLab (B. Ottosson, 2020), so that steps look even and
    stay apart without colour vision.

    Raises
    ------
    ValueError
        When `n` is below 0 or above `MAX_CLASSES`.
    """
    if not 0 <= n <= MAX_CLASSES:
        raise ValueError(f"between 0 and {MAX_CLASSES} classes")
    at = np.linspace(0.0, 1.0, n) if n > 1 else np.full(n, 0.55)
    along = np.linspace(0.0, 1.0, len(_RAMP))
    lab = np.column_stack([np.interp(at, along, _RAMP[:, axis]) for axis in range(3)])
    linear = np.clip((lab @ _OKLAB_TO_LMS.T) ** 3 @ _LMS_TO_RGB.T, 0.0, 1.0)
    curved = np.where(
        linear <= _SRGB_KNEE, 12.92 * linear, 1.055 * np.power(linear, 1 / 2.4) - 0.055
    )
    return tuple("#{:02x}{:02x}{:02x}".format(*rgb) for rgb in np.rint(curved * 255).astype(int))


@dataclass(frozen=True, slots=True)
class Edges:
    """Hold class edges: n + 1 rising numbers, and whether the first class is exactly zero."""

    edges: tuple[float, ...]
    has_zero: bool


def class_edges(
    values: NDArray[np.float64],
    *,
    method: Method = "quantile",
    n: int = 5,
    is_count: bool = False,
) -> Edges:
    """Divide values into at most `n` classes with round edges, zero apart.

    Parameters
    ----------
    values
        The measure; NaN (no base) is left out.
    method
        "quantile": about as many shapes in each class; "equal": classes as wide as each other;
        "natural": least spread within classes (exact, on at most 400 distinct values, else on
        400 quantiles); "coverage": `COVERAGE_EDGES` as they are, for shares in percent; zeros are
        in the lowest class, `n` and `is_count` are not read, and the last edge grows with a share
        above 100.
    n
        Classes beside the zero class, 1 to 6. Fewer come back where values do not differ enough;
        two distinct values always give two classes (but for n = 1).
    is_count
        Values are whole numbers, and so are the edges; the last one is the greatest value + 1. Up
        to `n` distinct values beside zero have a class each, whatever the method.

    Returns
    -------
    Edges
        Every value lies within the outer edges. A class holds its lower edge, the last class both.
        Without a single value: one edge (0,) and no class.
    """
    if not 1 <= n < MAX_CLASSES:
        raise ValueError(f"between 1 and {MAX_CLASSES - 1} classes")
    known = np.asarray(values, dtype=np.float64)
    known = known[np.isfinite(known)]
    if known.size == 0:
        return Edges((0.0,), has_zero=False)
    if method == "coverage":
        last = max(COVERAGE_EDGES[-1], float(known.max()))
        return Edges((*COVERAGE_EDGES[:-1], last), has_zero=False)
    has_zero = bool(known.min() == 0.0)
    if has_zero:
        known = known[known > 0]
        if known.size == 0:
            return Edges((0.0, 1.0), has_zero=True)
    distinct = np.unique(known)
    if is_count and distinct.size <= n:
        edges = (*(float(value) for value in distinct), float(distinct[-1]) + 1.0)
    elif method == "equal" and not is_count:
        edges = _even_edges(known, n)
    else:
        edges = _rounded(_raw_edges(known, method, n), known, is_count=is_count)
    return Edges((0.0, *edges), has_zero=True) if has_zero else Edges(edges, has_zero=False)


def _raw_edges(known: NDArray[np.float64], method: Method, n: int) -> NDArray[np.float64]:
    low, high = float(known.min()), float(known.max())
    n = min(n, int(np.unique(known).size))
    if method == "equal":
        return np.linspace(low, high, n + 1)
    if method == "quantile":
        return _quantiles(known, n)
    return _natural(known, n)


def _quantiles(known: NDArray[np.float64], n: int) -> NDArray[np.float64]:
    """Divide at quantiles; a lowest value that fills whole classes has one, the rest share n - 1.

    `n` is at most the number of distinct values. Without this, ties at the bottom leave one class.
    """
    made = np.quantile(known, np.linspace(0.0, 1.0, n + 1))
    low = float(made[0])
    if n == 1 or made[1] > low:
        return made
    return np.concatenate([[low], _quantiles(known[known > low], n - 1)])


def _even_edges(known: NDArray[np.float64], n: int) -> tuple[float, ...]:
    """Lay at most `n` classes of one round width over the values."""
    low, high = float(known.min()), float(known.max())
    n = min(n, int(np.unique(known).size))
    width = (high - low) / n or abs(high) or 1.0
    power = 10.0 ** np.floor(np.log10(width))
    for factor in (1.0, 1.5, 2.0, 2.5, 3.0, 4.0, 5.0, 6.0, 8.0, 10.0, 15.0, 20.0):
        step = factor * power
        start = np.floor(low / step + 1e-9) * step
        if step >= width and start + n * step >= high:
            break
    used = max(1, int(np.ceil((high - start) / step - 1e-9)))
    edges = [float(round(start + k * step, 14)) + 0.0 for k in range(used + 1)]
    if low > 0 >= edges[0]:
        edges[0] = _roundest(0.0, low)
    edges[-1] = max(edges[-1], high)
    return tuple(edges)


def _natural(known: NDArray[np.float64], n: int) -> NDArray[np.float64]:
    """Find the division with the least sum of squares within classes (W. D. Fisher, 1958)."""
    limit = 400
    distinct, weight = np.unique(known, return_counts=True)
    if distinct.size > limit:
        distinct = np.unique(np.quantile(known, np.linspace(0.0, 1.0, limit)))
        weight = np.ones(distinct.size, dtype=np.int64)
    size = distinct.size
    w, s, q = (np.concatenate([[0.0], np.cumsum(weight * distinct**power)]) for power in (0, 1, 2))
    first, last = np.arange(size)[:, None], np.arange(1, size + 1)[None, :]
    count = np.where(last > first, w[last] - w[first], 1.0)
    cost = (q[last] - q[first]) - (s[last] - s[first]) ** 2 / count
    cost = np.where(last > first, cost, np.inf)  # cost[i, j - 1]: one class of values i .. j - 1
    best, starts = cost[0], []
    for _ in range(n - 1):
        total = np.concatenate([[np.inf], best[:-1]])[:, None] + cost
        starts.append(np.argmin(total, axis=0))
        best = np.min(total, axis=0)
    edges, end = [float(distinct[-1])], size - 1
    for start in reversed(starts):
        begin = int(start[end])
        edges.append(float(distinct[begin]))
        end = begin - 1
    edges.append(float(distinct[0]))
    return np.array(edges[::-1])


def _rounded(
    edges: NDArray[np.float64], known: NDArray[np.float64], *, is_count: bool
) -> tuple[float, ...]:
    """Round edges as far as no value changes its class; outer edges are rounded outwards."""
    low, high = float(known.min()), float(known.max())
    if is_count:
        inner = np.unique(np.ceil(edges[1:-1]))
        inner = inner[(inner > low) & (inner <= high)]
        return (low, *(float(edge) for edge in inner), high + 1.0)
    span = high - low or abs(high) or 1.0
    room = span / 20
    bottom = _roundest(max(low - room, 0.0) if low > 0 else low - room, low)
    top = -_roundest(-(high + room), -high)
    top = top if top > bottom else bottom + room
    distinct = np.unique(known)
    between: set[float] = set()
    for edge in edges[1:-1]:
        above = int(np.searchsorted(distinct, edge))  # the first value that is not below the edge
        if 0 < above < distinct.size:
            under, over = float(distinct[above - 1]), float(distinct[above])
            found = _roundest(under, over)
            # An edge on the top one would part nothing: take one half way.
            between.add(found if found < top else _roundest(under, (under + over) / 2))
    return (bottom, *sorted(edge for edge in between if bottom < edge < top), top)


def _roundest(low: float, high: float) -> float:
    """Give the roundest number above `low` and up to `high`."""
    start = int(np.floor(np.log10(max(abs(low), abs(high))))) + 1
    for power in range(start, start - 14, -1):
        for factor in (5, 2, 1):
            step = factor * 10.0**power
            found = float(round(np.floor(high / step + 1e-9) * step, 14)) + 0.0
            if low < found <= high:
                return found
    return high
