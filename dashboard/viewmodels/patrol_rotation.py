"""Turn the round of a patrol from day to day without dropping a place that stands out.

Used by `dashboard.viewmodels.patrol`. Knows nothing of places: it sees scores in order of rank, and
metres. The same area, shift and day always give the same round. Why: stops at random among the hot
places, never in one order, are what worked (Koper 1995; Telep, Mitchell & Weisburd 2014).
"""

from __future__ import annotations

import hashlib
import math
from dataclasses import dataclass
from typing import TYPE_CHECKING, Final

from geo.rounds import visiting_order

if TYPE_CHECKING:
    from collections.abc import Sequence

    import numpy as np
    from numpy.typing import NDArray

LONGER: Final = 1.25
"""A day's walk is at most this many times the shortest one."""
_POOL: Final = 2
_MOST_STARTS: Final = 8


@dataclass(frozen=True)
class Rotation:
    """Which ranks are on today.

    Attributes
    ----------
    ranks
        Ranks (from 0) of the places of the day, best first.
    kept
        How many of the best are on every day.
    pool
        How many places take turns in the slots that are left; 0: nothing is turned.
    """

    ranks: tuple[int, ...]
    kept: int
    pool: int

    @property
    def slots(self) -> int:
        """How many places of the pool are on each day."""
        return len(self.ranks) - self.kept


NOT_TURNED: Final = Rotation((), 0, 0)


def turned(
    scores: Sequence[float], most: int, seed: str, day: int, *, error: float | None = None
) -> Rotation:
    """Choose the places of a day.

    On every day: the better half, and whatever lies more than one standard error above the last
    place that fits. The rest of the slots go round among the places within one standard
    error of that last place, at most twice as many as there are slots; each has its turn before any
    comes again.

    Parameters
    ----------
    scores
        Scores of all places, best first.
    most
        How many places fit.
    seed
        What makes one round differ from another: area and shift.
    day
        Ordinal of the day.
    error
        Standard error of the score of the last place that fits; None: scores are plain counts, so
        its root.
    """
    if len(scores) <= most or most < 1:
        return Rotation(tuple(range(min(most, len(scores)))), min(most, len(scores)), 0)
    last = scores[most - 1]
    error = math.sqrt(max(last, 0.0)) if error is None else error
    clear = sum(score > last + error for score in scores[:most])
    kept = max(clear, math.ceil(most / 2))
    slots = most - kept
    near = [rank for rank in range(kept, len(scores)) if scores[rank] >= last - error]
    pool = near[: _POOL * slots]
    if len(pool) <= slots:
        return Rotation(tuple(range(most)), most, 0)
    cycle, turn = divmod(day, math.ceil(len(pool) / slots))
    order = sorted(pool, key=lambda rank: _lot(seed, cycle, rank))
    first = min(turn * slots, len(pool) - slots)
    return Rotation((*range(kept), *sorted(order[first : first + slots])), kept, len(pool))


def walk_of_day(
    xy_m: NDArray[np.float64], seed: str, day: int
) -> tuple[tuple[int, ...], float, float]:
    """Give the order of the day's walk, its metres, and those of the shortest walk.

    From every place as a start the shortest walk is found (up to 8 places; above, the shortest walk
    and its reverse); those at most `LONGER` times the shortest take turns, so that two days running
    never have the same one.

    Raises
    ------
    GeoError
        `too_many_places`, as `geo.rounds.visiting_order`.
    """
    order, shortest_m = visiting_order(xy_m)
    if len(order) < 2:  # noqa: PLR2004 - a walk has two ends
        return order, shortest_m, shortest_m
    found = {order: shortest_m, tuple(reversed(order)): shortest_m}
    if len(order) <= _MOST_STARTS:
        for x_m, y_m in xy_m:
            other, length_m = visiting_order(xy_m, (float(x_m), float(y_m)))
            found.setdefault(other, length_m)
    walks = sorted(
        (length_m, other) for other, length_m in found.items() if length_m <= LONGER * shortest_m
    )
    length_m, chosen = walks[(_lot(seed, 0, 0) + day) % len(walks)]
    return chosen, length_m, shortest_m


def _lot(seed: str, cycle: int, rank: int) -> int:
    """Draw a number that is the same on every machine."""
    text = f"{seed}|{cycle}|{rank}".encode()
    return int.from_bytes(hashlib.blake2b(text, digest_size=8).digest())
