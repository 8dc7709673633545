"""Find pairs of events close in space, and count how many are close in time under permuted times.

Used by `near_repeat`.
Knows nothing of frames, options and bands' names.

Counting under permuted times is what a Knox test spends its time on. Times are written as whole
numbers of 16 bits, fine enough that almost every pair is decided by them; the few pairs at a limit
are decided by the times themselves. So the counts are those of the exact times.
"""

from dataclasses import dataclass
from math import floor
from typing import Final

import numpy as np
import numpy.typing as npt

FloatArray = npt.NDArray[np.float64]
IntArray = npt.NDArray[np.int64]
CodeArray = npt.NDArray[np.int16]

_MOST_CODE: Final = 32_000
_FAR: Final = 2**40
_SLACK: Final = 1e-6
_ROUNDING: Final = 1e-14
_IN_BYTE: Final = 255
_BYTES: Final = 4_000_000
_CANDIDATES: Final = 4_000_000


@dataclass(frozen=True, slots=True)
class ClosePairs:
    """Pairs within the largest distance, sorted by distance band.

    Attributes
    ----------
    a, b
        Numbers of the two events.
    edges
        Where each band starts; one more at the end.
    """

    a: IntArray
    b: IntArray
    edges: IntArray


@dataclass(frozen=True, slots=True)
class _Clock:
    """Times as codes: |difference of codes| <= sure is close, > unsure is not."""

    codes: CodeArray
    ordered_s: FloatArray
    sure: IntArray
    unsure: IntArray
    limits_s: FloatArray


def pairs_within(xy: FloatArray, radius_m: float) -> tuple[IntArray, IntArray, FloatArray]:
    """Find all pairs no further apart than a radius, and their squared distances.

    Strips as high as the radius are swept from west to east: each event meets those east of it in
    its strip and those around it in the strip north of it.

    Parameters
    ----------
    xy
        Metres, shape (n, 2), finite.
    radius_m
        Inclusive; above 0.
    """
    x, y = xy[:, 0], xy[:, 1]
    strip = np.floor((y - y.min()) / (radius_m * (1.0 + _SLACK)))
    order = np.lexsort((x, strip))
    x, y, strip = x[order], y[order], strip[order]
    steps = np.minimum(np.diff(strip, prepend=strip[0]), 2.0)  # 2: not the next one
    span = 4.0 * (float(np.ptp(x)) + radius_m)
    along = np.cumsum(steps) * span + (x - x.min())
    reach = radius_m * (1.0 + _SLACK) + _ROUNDING * (float(along[-1]) + 2.0 * span)
    own = np.arange(1, len(x) + 1), np.searchsorted(along, along + reach, side="right")
    north = along + span
    next_one = (
        np.searchsorted(along, north - reach, side="left"),
        np.searchsorted(along, north + reach, side="right"),
    )
    found = [_swept((x, y), low, high, radius_m) for low, high in (own, next_one)]
    a, b, squared = (np.concatenate(parts) for parts in zip(*found, strict=True))
    return order[a], order[b], squared


def _swept(
    places: tuple[FloatArray, FloatArray], low: IntArray, high: IntArray, radius_m: float
) -> tuple[IntArray, IntArray, FloatArray]:
    """Keep the pairs (i, j), low[i] <= j < high[i], within the radius."""
    x, y = places
    many = np.maximum(0, high - low)
    ends = np.cumsum(many)
    kept: list[tuple[IntArray, IntArray, FloatArray]] = []
    start, n = 0, len(x)
    while start < n:
        done = int(ends[start - 1]) if start else 0
        stop = max(start + 1, int(np.searchsorted(ends, done + _CANDIDATES, side="right")))
        some = many[start:stop]
        a = np.repeat(np.arange(start, stop), some)
        b = np.arange(len(a)) + np.repeat(low[start:stop] - (ends[start:stop] - some - done), some)
        away_x, away_y = x[a] - x[b], y[a] - y[b]
        squared = away_x * away_x + away_y * away_y
        near = np.flatnonzero(squared <= radius_m * radius_m)
        kept.append((a[near], b[near], squared[near]))
        start = stop
    a, b, squared = (np.concatenate(parts) for parts in zip(*kept, strict=True))
    return a, b, squared


def permuted_counts(
    time_s: FloatArray, pairs: ClosePairs, limits_s: FloatArray, permutations: int, seed: int
) -> IntArray:
    """Count the pairs of each distance band within each time limit under permuted times.

    Parameters
    ----------
    time_s
        Times of the events, seconds.
    pairs
        Pairs close in space.
    limits_s
        Increasing, inclusive.
    permutations
        How many are drawn; each shuffles all times over all events.
    seed
        Of the draws.

    Returns
    -------
    numpy.ndarray
        Counts, shape (distance bands, limits, permutations).
    """
    n = len(time_s)
    clock = _clock(time_s, limits_s)
    rng = np.random.default_rng(seed)
    result = np.empty((len(pairs.edges) - 1, len(limits_s), permutations), dtype=np.int64)
    at_once = max(1, min(128, permutations, 8_000_000 // n))
    for start in range(0, permutations, at_once):
        some = min(at_once, permutations - start)
        drawn = _draw(rng, some, n)
        result[:, :, start : start + some] = _counts(clock, drawn, pairs)
    return result


def _draw(rng: np.random.Generator, permutations: int, n: int) -> IntArray:
    """Draw permutations of 0..n-1, one a row: the order of random keys that hold the numbers."""
    mask = (1 << max(1, (n - 1).bit_length())) - 1
    keys = rng.integers(0, 2**64, (permutations, n), dtype=np.uint64)
    keys &= np.uint64(2**64 - 1 - mask)
    keys |= np.arange(n, dtype=np.uint64)
    keys.sort(axis=1)
    keys &= np.uint64(mask)
    return keys.view(np.int64)


def _clock(time_s: FloatArray, limits_s: FloatArray) -> _Clock:
    """Write the times as codes: exactly where a common unit allows, else finely."""
    ordered = np.sort(time_s)
    since = ordered - ordered[0]
    whole = since.astype(np.int64) if since[-1] < float(_FAR) else np.zeros(0, dtype=np.int64)
    if len(whole) and bool((whole == since).all()):
        unit = max(1, int(np.gcd.reduce(whole)))
        if since[-1] <= _MOST_CODE * unit:
            sure = [min(_MOST_CODE, int(limit // unit)) for limit in limits_s.tolist()]
            limits = np.asarray(sure, dtype=np.int64)
            codes = (whole // unit).astype(np.int16)
            return _Clock(codes, ordered, limits, limits, limits_s)
    scale = _MOST_CODE / float(since[-1])
    codes = np.floor(since * scale).astype(np.int16)
    middle = np.asarray([floor(min(2.0 * _MOST_CODE, v * scale)) for v in limits_s.tolist()])
    sure = np.minimum(middle - 2, _MOST_CODE)
    unsure = np.minimum(middle + 2, _MOST_CODE)
    return _Clock(codes, ordered, sure, unsure, limits_s)


def _counts(clock: _Clock, drawn: IntArray, pairs: ClosePairs) -> IntArray:
    """Count by blocks of pairs; a row of codes holds one event under all drawn permutations."""
    columns = len(drawn)
    codes = np.ascontiguousarray(np.take(clock.codes, drawn).T)
    rows = _IN_BYTE * max(1, min(8, _BYTES // (_IN_BYTE * 8 * columns)))
    gap, other = np.empty((2, rows, columns), dtype=np.int16)
    result = np.zeros((len(pairs.edges) - 1, len(clock.sure), columns), dtype=np.int64)
    for band, (low, high) in enumerate(zip(pairs.edges[:-1], pairs.edges[1:], strict=True)):
        for start in range(int(low), int(high), rows):
            stop = min(int(high), start + rows)
            some, beside = gap[: stop - start], other[: stop - start]
            np.take(codes, pairs.a[start:stop], axis=0, out=some, mode="clip")
            np.take(codes, pairs.b[start:stop], axis=0, out=beside, mode="clip")
            np.subtract(some, beside, out=some)
            np.abs(some, out=some)
            for k in range(len(clock.sure)):
                result[band, k] += _close(some, clock, k, (drawn, pairs, start))
    return result


def _close(
    gap: CodeArray, clock: _Clock, k: int, about: tuple[IntArray, ClosePairs, int]
) -> IntArray:
    """Count the close ones of each column: by codes, and by times next to the limit."""
    sure, unsure = np.int16(clock.sure[k]), np.int16(clock.unsure[k])
    close = gap <= sure
    if sure != unsure:
        drawn, pairs, start = about
        row, column = np.divmod(np.flatnonzero(close != (gap <= unsure)), gap.shape[1])
        first = clock.ordered_s[drawn[column, pairs.a[start + row]]]
        last = clock.ordered_s[drawn[column, pairs.b[start + row]]]
        close[row, column] = np.abs(first - last) <= clock.limits_s[k]
    flat = close.view(np.uint8)
    full = len(flat) // _IN_BYTE * _IN_BYTE
    blocks = flat[:full].reshape(-1, _IN_BYTE, flat.shape[1])
    inner = np.add.reduce(blocks, axis=1, dtype=np.uint8).sum(axis=0, dtype=np.int64)
    rest: IntArray = np.add.reduce(flat[full:], axis=0, dtype=np.uint8).astype(np.int64)
    return np.asarray(inner + rest, dtype=np.int64)
