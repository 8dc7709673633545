"""Fill the public version of a bulletin: whole months, counted by community, small counts withheld.

Used by `dashboard.cache.bulletin` and `gridbeat bulletin --level public`.
Knows nothing of languages and of paper; free text and persons are never read.
"""

from __future__ import annotations

from typing import TYPE_CHECKING
from zoneinfo import ZoneInfo

import numpy as np

from dashboard.printing.public_bulletin import FEWEST_RESIDENTS, PublicBulletin, PublicRow
from dashboard.viewmodels.bulletin import count_imprecise, found_and_closed, place_of
from dashboard.viewmodels.overview import PER
from data.counting import EventFilter, local_midnight
from data.errors import DataError, RecordNotFound
from data.exports.counts import is_withheld
from data.kpi import change_figure, same_span_last_year
from data.vocabulary import EventLayer, PlaceLevel

if TYPE_CHECKING:
    from collections.abc import Mapping
    from datetime import date, datetime

    from numpy.typing import NDArray

    from dashboard.viewmodels.bulletin import BulletinAsked
    from dashboard.viewmodels.town import Area, Town
    from data.counting import Placed

    Span = tuple[datetime, datetime]


def build_public_bulletin(
    town: Town, placed: Mapping[EventLayer, Placed], asked: BulletinAsked
) -> PublicBulletin:
    """Count by community.

    Raises
    ------
    DataError
        `public_whole_months`: the days are not whole months that are over.
    RecordNotFound
        `no_such_place`: no such area on that day; `no_units`: the store has no grids that name
        their community or subdistrict.
    """
    _require_whole_months(asked)
    area = place_of(town, asked.area)
    column, codes = _communities(town, area)
    since = local_midnight(asked.since_on, asked.tz)
    until = local_midnight(asked.until_on, asked.tz)
    before = same_span_last_year(since, until, asked.tz)
    sorter = _Sorter(column, codes)
    incidents = placed[EventLayer.INCIDENTS]
    at = sorter.rows_of(incidents)
    now_n, before_n = (
        sorter.counts(at, EventFilter(*span).mask(incidents.events))
        for span in ((since, until), before)
    )
    cases = [
        sorter.counts(sorter.rows_of(placed[layer]), mask)
        for layer in (EventLayer.HAZARDS, EventLayer.DISPUTES)
        for mask in found_and_closed(placed[layer].events, since, until)
    ]
    level = column.removesuffix("_code")
    residents = _residents(town, column, codes)
    rows = tuple(
        _row(
            (code, town.name(level, code)),
            (int(now_n[k]), int(before_n[k])),
            residents[k],
            [int(counts[k]) for counts in cases],
        )
        for k, code in enumerate(codes)
    )
    return PublicBulletin(
        code=area.code if area else "",
        name=area.name if area else "",
        since_on=asked.since_on,
        until_on=asked.until_on,
        made_at=asked.now,
        tz=asked.tz,
        scenario=asked.scenario,
        rows=rows,
        imprecise=_published(_imprecise(incidents, at, ((since, until), before))),
    )


def is_published(span: tuple[date, date], today: date) -> bool:
    """Whether half-open days are whole months that are over."""
    since_on, until_on = span
    return since_on.day == 1 == until_on.day and since_on < until_on <= today


class _Sorter:
    """Sorts events into communities by the grid that they lie in."""

    def __init__(self, column: str, codes: tuple[str, ...]) -> None:
        self.column = column
        self.rank = {code: k for k, code in enumerate(codes)}

    def rows_of(self, placed: Placed) -> NDArray[np.int64]:
        """Give the number of each event's community; -1 in none of them."""
        of_grid = [self.rank.get(str(code), -1) for code in placed.grids[self.column]]
        table = np.array([*of_grid, -1, -1], dtype=np.int64)  # outside and unlocated: from the end
        return np.asarray(table[placed.position])

    def counts(self, at: NDArray[np.int64], mask: NDArray[np.bool_]) -> NDArray[np.int64]:
        """Count the events of a mask in each community."""
        return np.bincount(at[mask & (at >= 0)], minlength=len(self.rank))


def _require_whole_months(asked: BulletinAsked) -> None:
    today = asked.now.astimezone(ZoneInfo(asked.tz)).date()
    if not is_published((asked.since_on, asked.until_on), today):
        raise DataError(
            "public_whole_months",
            since=asked.since_on.isoformat(),
            until=asked.until_on.isoformat(),
        )


def _communities(town: Town, area: Area | None) -> tuple[str, tuple[str, ...]]:
    """Name the column of the grids that is counted by, and its codes in the area."""
    inside = town.units[town.in_area(area)]
    for level in (PlaceLevel.COMMUNITY, PlaceLevel.SUBDISTRICT):
        column = f"{level}_code"
        if town.level is PlaceLevel.GRID and column in inside.columns:
            codes = tuple(sorted({str(code) for code in inside[column].dropna()}))
            if codes:
                return column, codes
    raise RecordNotFound("no_units", level=PlaceLevel.GRID.value, as_of=town.as_of.isoformat())


def _residents(town: Town, column: str, codes: tuple[str, ...]) -> list[int | None]:
    """Add up the residents of each community; none where a grid does not state them."""
    stated = town.units["residents"].to_numpy(np.float64, na_value=np.nan)
    of_unit = town.units[column].astype(str).to_numpy()
    sums = [stated[of_unit == code].sum() for code in codes]
    return [int(total) if np.isfinite(total) else None for total in sums]


def _row(
    place: tuple[str, str], incidents: tuple[int, int], residents: int | None, cases: list[int]
) -> PublicRow:
    now, before = (_published(n) for n in incidents)
    has_both = now is not None and before is not None
    has_rate = now is not None and residents is not None and residents >= FEWEST_RESIDENTS
    return PublicRow(
        *place,
        now,
        before,
        change_figure("K5", "incidents_yoy", place[0], *incidents) if has_both else None,
        PER * now / residents if has_rate and now is not None and residents else None,
        *(_published(n) for n in cases),
    )


def _published(n: int) -> int | None:
    return None if is_withheld(n) else n


def _imprecise(placed: Placed, at: NDArray[np.int64], spans: tuple[Span, Span]) -> int:
    """Count events of the communities whose time is too coarse for either span."""
    return count_imprecise(placed.events.take(at >= 0), *spans)
