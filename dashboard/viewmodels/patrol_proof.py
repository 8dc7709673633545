"""Say how the ranking of a patrol's places would have done in the months before the shift.

Used by the patrol brief, which works it out after everything else. Knows nothing of languages.

For each of the last whole months the squares are ranked on what was known before it, and as many as
the brief shows are compared with what the month brought in the hours of the shift. It is the
back-test of `geo.proof` at the share of ground that these places cover.
"""

from __future__ import annotations

from dataclasses import dataclass
from datetime import date, timedelta
from itertools import pairwise
from typing import TYPE_CHECKING, Final

import numpy as np

from dashboard.viewmodels.patrol_ranking import ranked_cells, read_ranking, squares_of
from data.counting import local_midnight, moment64
from geo.crs import to_working
from geo.hotspots.intervals import wilson_interval
from geo.hotspots.options import LIGHT_SHARE
from geo.proof.backtest import FEW_TEST_EVENTS

if TYPE_CHECKING:
    from collections.abc import Sequence

    from sqlalchemy.orm import Session

    from dashboard.viewmodels.patrol_ranking import Ranking
    from dashboard.viewmodels.patrol_values import Ground, PatrolAsked

MONTHS: Final = 12
CONFIDENCE: Final = 0.95


@dataclass(frozen=True)
class PatrolProof:
    """How the first places did.

    Attributes
    ----------
    places
        How many places were taken each month.
    area_share
        Share of the grids' ground that they cover, 0 to 1: also what places drawn by lot would
        have held.
    months
        Months tested: those with anything before them and anything in them.
    n, hits, count_hits
        Incidents of these hours in those months; those in the places ranked first; those in the
        places that the plain count ranks first.
    low, high
        Wilson's interval of the hit rate, 95 %.
    """

    places: int
    area_share: float
    months: int
    n: int
    hits: int
    count_hits: int
    low: float
    high: float

    @property
    def rate(self) -> float:
        """Share of the incidents that lay in the places ranked first."""
        return self.hits / self.n

    @property
    def is_few(self) -> bool:
        """Whether too few incidents were tested to say much."""
        return self.n < FEW_TEST_EVENTS


def prove_brief(
    session: Session, ground: Ground, asked: PatrolAsked, places: int, *, tz: str
) -> PatrolProof | None:
    """Test the ranking of a brief; None where no month has both history and incidents.

    Parameters
    ----------
    places
        How many places the brief shows.
    """
    town = ground.town
    area = town.area(asked.area)
    cells = squares_of(town, area)
    units = town.units[town.in_area(area)]
    area_m2 = float(to_working(units[["geometry"]], cells.crs).area.sum()) if len(units) else 0.0
    ranking = read_ranking(session, ground, asked, cells, tz)
    return prove(ranking, _months(asked.day, tz), places, area_m2)


def prove(
    ranking: Ranking, starts: Sequence[np.datetime64], places: int, area_m2: float
) -> PatrolProof | None:
    """Run the test.

    Parameters
    ----------
    starts
        Where the months begin (UTC), and where the last one ends.
    places
        How many places are taken each month.
    area_m2
        Ground of all grids asked about.
    """
    if places < 1 or area_m2 <= 0:
        return None
    cell, occurred = ranking.cell[ranking.in_hours], ranking.occurred[ranking.in_hours]
    months, n = 0, 0
    hits = dict.fromkeys((LIGHT_SHARE, 0.0), 0)
    for start, stop in pairwise(starts):
        test = cell[(occurred >= start) & (occurred < stop)]
        if len(test) == 0 or not (occurred < start).any():
            continue
        months, n = months + 1, n + len(test)
        for share in hits:
            best = ranked_cells(ranking, start, light_share=share, most=places)
            hits[share] += sum(int((test == np.array(one)).all(axis=1).sum()) for one, _ in best)
    if not months:
        return None
    low, high = wilson_interval(hits[LIGHT_SHARE], n, CONFIDENCE)
    share = min(1.0, places * ranking.cells.size_m**2 / area_m2)
    return PatrolProof(
        places, share, months, n, hits[LIGHT_SHARE], hits[0.0], float(low), float(high)
    )


def _months(day: date, tz: str) -> list[np.datetime64]:
    """Give where the last whole months before a day begin, and where the last one ends."""
    firsts = [day.replace(day=1)]
    for _ in range(MONTHS):
        firsts.append((firsts[-1] - timedelta(days=1)).replace(day=1))
    return [moment64(local_midnight(first, tz)) for first in reversed(firsts)]
