"""Read the incidents that rank the places of a patrol, and rank places by the recommended method.

Used by `dashboard.viewmodels.patrol` and `patrol_proof`. Knows nothing of languages and of who
shows a place.

The method is `geo.hotspots`' recommended one (`count-kernel`, the winner of the back-tests): how
many incidents the whole history holds in a square in the hours asked for, plus a light share of
what a quartic kernel expects there from those around. Reported and sensed incidents only: what
police found themselves, and kinds that are found by looking for them, would lead a patrol back to
where it was (Ensign et al. 2018). It is a past count.
"""

from __future__ import annotations

from dataclasses import dataclass, field
from functools import cached_property
from typing import TYPE_CHECKING, Final

import numpy as np
import pandas as pd

from dashboard.viewmodels.patrol_values import CELL_M, FOUND, RANKING_GROUPS, PatrolAsked
from data.counting import EventFilter, local_midnight
from data.privacy import is_proactive
from data.repositories.kind_words import ids_of_words, kind_words
from data.vocabulary import EventLayer
from geo.cells import SquareCells
from geo.crs import working_crs
from geo.hotspots import Kernel, density_at
from geo.hotspots.kernels import fall, peak_of
from geo.hotspots.options import LIGHT_BANDWIDTH_M, LIGHT_SHARE

if TYPE_CHECKING:
    from collections.abc import Mapping

    from numpy.typing import NDArray
    from sqlalchemy.orm import Session

    from dashboard.viewmodels.patrol_values import Ground
    from dashboard.viewmodels.town import Area, Town
    from data.counting import Placed

_SHIFT: Final = 1 << 30
_TIE: Final = 9
"""Scores are compared to this many decimals: sums in another order must not decide a rank."""
_REACH: Final = 2
"""Squares that the light kernel reaches beyond a square, at most."""


@dataclass(frozen=True)
class Ranking:
    """The ranking incidents, a column at a time.

    Attributes
    ----------
    cells
        The squares.
    lon, lat, xy
        Degrees, and metres in the cells' CRS, shape (n, 2).
    occurred
        UTC, milliseconds.
    hour, kind
        Local hour, and code of the kind.
    in_hours
        Those in the hours of the shift.
    cell
        Column and row of the square, shape (n, 2).
    left_out
        `unclocked, discovered, proactive, unknown, unlocated`: incidents of the area and kinds that
        do not rank (`unlocated`: of the whole store).
    is_stated
        Whether any incident says through which channel it came; where none does, all rank.
    """

    cells: SquareCells
    lon: NDArray[np.float64]
    lat: NDArray[np.float64]
    xy: NDArray[np.float64]
    occurred: NDArray[np.datetime64]
    hour: NDArray[np.int64]
    kind: NDArray[np.object_]
    in_hours: NDArray[np.bool_]
    cell: NDArray[np.int64]
    left_out: Mapping[str, int] = field(default_factory=dict)
    is_stated: bool = True

    @cached_property
    def squares(self) -> tuple[NDArray[np.int64], NDArray[np.int64]]:
        """Squares with any incident in the hours, and which of them each such incident lies in."""
        chosen = self.cell[self.in_hours]
        keys = (chosen[:, 0] + _SHIFT) * (2 * _SHIFT) + chosen[:, 1] + _SHIFT
        found, where = np.unique(keys, return_inverse=True)
        squares = np.column_stack([found // (2 * _SHIFT) - _SHIFT, found % (2 * _SHIFT) - _SHIFT])
        return squares, where.ravel()

    def middle(self, squares: NDArray[np.int64]) -> NDArray[np.float64]:
        """Give the middles of squares, metres, shape (n, 2)."""
        return np.asarray((squares + 0.5) * self.cells.size_m, dtype=np.float64)


def squares_of(town: Town, area: Area | None) -> SquareCells:
    """Lay the squares of a brief: in the working CRS of the middle of what it is for."""
    west, south, east, north = town.bounds(area)
    return SquareCells(working_crs((west + east) / 2, (south + north) / 2), CELL_M)


def read_ranking(
    session: Session, ground: Ground, asked: PatrolAsked, cells: SquareCells, tz: str
) -> Ranking:
    """Choose what ranks, and count what does not."""
    placed = ground.placed[EventLayer.INCIDENTS]
    wanted = EventFilter(until=local_midnight(asked.day, tz), kinds=asked.kinds)
    keep = wanted.mask(placed.events) & ~np.isnat(placed.events.occurred_at)
    unlocated = int((keep & ~placed.events.is_located).sum())
    found = placed.take(keep & placed.events.is_located & _in_area(ground.town, placed, asked.area))
    of_channel, is_stated = _by_channel(found)
    words = [word for word in kind_words(session) if is_proactive(word)]
    looked_for = np.isin(found.events.ids, ids_of_words(session, words))
    discovered = found.events.channel_group.is_in(frozenset({FOUND}))
    ranks = of_channel & ~looked_for
    clocked = found.events.precision.is_in(frozenset({"minute"}))
    events = found.events.take(ranks & clocked)
    local = pd.DatetimeIndex(events.occurred_at).tz_localize("UTC").tz_convert(tz)
    hour = np.asarray(local.hour, dtype=np.int64)
    return Ranking(
        cells=cells,
        lon=events.lon,
        lat=events.lat,
        xy=cells.metres(events.lon, events.lat),
        occurred=events.occurred_at,
        hour=hour,
        kind=np.array([*events.kind.labels, ""], dtype=object)[events.kind.codes],
        in_hours=np.isin(hour, sorted(asked.hours)),
        cell=cells.index(events.lon, events.lat),
        left_out={
            "unclocked": int((ranks & ~clocked).sum()),
            "discovered": int(discovered.sum()),
            "proactive": int((looked_for & ~discovered).sum()),
            "unknown": int((~of_channel & ~discovered & ~looked_for).sum()),
            "unlocated": unlocated,
        },
        is_stated=is_stated,
    )


def _by_channel(found: Placed) -> tuple[NDArray[np.bool_], bool]:
    """Say which rows came from the public or a device; all, where no row says how it came."""
    groups = found.events.channel_group
    is_stated = bool(groups.is_in(RANKING_GROUPS | {FOUND}).any()) or len(found.events) == 0
    return (groups.is_in(RANKING_GROUPS) if is_stated else np.ones(len(found.events), bool)), (
        is_stated
    )


def _in_area(town: Town, placed: Placed, key: str) -> NDArray[np.bool_]:
    """Events in the area; without one, all that lie in any unit or outside of all."""
    area = town.area(key)
    if area is None:
        return np.ones(len(placed.events), dtype=bool)
    codes = set(town.units.index[town.in_area(area)])
    inside = np.array([*(code in codes for code in placed.grids.index), False, False])
    return np.asarray(inside[placed.position])


def ranked_cells(
    ranking: Ranking,
    before: np.datetime64 | None = None,
    *,
    light_share: float = LIGHT_SHARE,
    most: int | None = None,
) -> list[tuple[tuple[int, int], float]]:
    """Rank the squares with any incident in the hours, each with its score.

    Parameters
    ----------
    before
        Learn only from what happened before this moment (UTC); None: from all.
    light_share
        Weight of the kernel's events; 0 is the plain count.
    most
        How many are wanted; None: all. The kernel is summed only where it could matter.

    Notes
    -----
    The score is that of `geo.hotspots.find_hotspots(..., "count-kernel")` on whole squares. Ties go
    to the later last incident, then to the lower column and row.
    """
    squares, where = ranking.squares
    xy, occurred = ranking.xy[ranking.in_hours], ranking.occurred[ranking.in_hours]
    if before is not None:
        kept = occurred < before
        xy, occurred, where = xy[kept], occurred[kept], where[kept]
    if len(where) == 0:
        return []
    n = np.bincount(where, minlength=len(squares)).astype(np.float64)
    last = np.full(len(squares), np.datetime64(0, "ms"))
    np.maximum.at(last, where, occurred)
    score = n.copy()
    rows = np.flatnonzero(n)
    if light_share:
        size_m = ranking.cells.size_m
        if most is not None and most < len(rows):
            rows = rows[_could_be_first(squares, n, most, light_share * _peak(size_m))[rows]]
            low, high = squares[rows].min(axis=0) - _REACH, squares[rows].max(axis=0) + 1 + _REACH
            xy = xy[((xy >= low * size_m) & (xy <= high * size_m)).all(axis=1)]
        middles = ranking.middle(squares[rows])
        density = density_at(xy, middles, LIGHT_BANDWIDTH_M, Kernel.QUARTIC).per_m2
        score[rows] += light_share * density * size_m**2
    score = np.round(score, _TIE)
    keys = (squares[rows, 1], squares[rows, 0], -last[rows].astype(np.int64), -score[rows])
    return [
        ((int(squares[k, 0]), int(squares[k, 1])), float(score[k]))
        for k in rows[np.lexsort(keys)][:most]
    ]


def _could_be_first(
    squares: NDArray[np.int64], n: NDArray[np.float64], most: int, peak: float
) -> NDArray[np.bool_]:
    """Say which squares could be among the first few.

    A square's kernel reaches no further than two squares away, so that its score is at most its
    count and the kernel's peak times what lies in the 25 squares around.
    """
    keys = squares[:, 0] * _SHIFT + squares[:, 1]
    order = np.argsort(keys)
    around = np.zeros(len(squares))
    for step in np.ndindex(2 * _REACH + 1, 2 * _REACH + 1):
        wanted = keys + (step[0] - _REACH) * _SHIFT + step[1] - _REACH
        at = order[np.minimum(np.searchsorted(keys[order], wanted), len(keys) - 1)]
        around += np.where(keys[at] == wanted, n[at], 0)
    return np.asarray(n + peak * around >= np.partition(n, -most)[-most])


def _peak(size_m: float) -> float:
    """Give how many events of a square one event at its middle is to the kernel."""
    return peak_of(Kernel.QUARTIC, LIGHT_BANDWIDTH_M) * size_m**2


def score_error(ranking: Ranking, cell: tuple[int, int]) -> float:
    """Give the standard error of a square's score.

    The score is a sum over incidents of a weight: one inside the square, plus the light kernel's
    share of it by distance. Each incident being one draw of a Poisson process, the variance is the
    sum of the squared weights (for a plain count: the count).
    """
    chosen = ranking.in_hours
    square = np.array(cell, dtype=np.int64)
    gaps_m2 = ((ranking.xy[chosen] - ranking.middle(square[None, :])[0]) ** 2).sum(axis=1)
    light = (
        LIGHT_SHARE
        * _peak(ranking.cells.size_m)
        * fall(Kernel.QUARTIC, gaps_m2 / LIGHT_BANDWIDTH_M**2)
    )
    weight = (ranking.cell[chosen] == square).all(axis=1) + light
    return float(np.sqrt((weight**2).sum()))


def recent_near(
    ranking: Ranking, cell: tuple[int, int], since: np.datetime64, reach_m: float
) -> NDArray[np.datetime64]:
    """Give when incidents happened, at any hour since a moment, within reach of a square's ground.

    Parameters
    ----------
    since
        UTC, inclusive.
    reach_m
        Metres from the square's edge, inclusive; inside it is 0.
    """
    rows = np.flatnonzero(ranking.occurred >= since)
    low = np.array(cell) * ranking.cells.size_m
    xy = ranking.xy[rows]
    gaps = np.maximum(0.0, np.maximum(low - xy, xy - low - ranking.cells.size_m))
    return np.sort(ranking.occurred[rows[np.hypot(*gaps.T) <= reach_m]])
