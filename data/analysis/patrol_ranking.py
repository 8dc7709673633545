"""Rank the places of an area for the hours of a shift, by the method that won the back-test.

Used by the patrol brief. A place is a square of about 200 m, or a grid; what police found
themselves never ranks one. It is a count of the past. Knows nothing of sentences.
"""

from dataclasses import dataclass, replace
from datetime import date, datetime, timedelta
from functools import cached_property
from typing import Any, Final

import numpy as np
import numpy.typing as npt
import shapely

from data.analysis.hotspot_answer import HotspotAnswer, hotspots_of
from data.analysis.hotspot_cells import DEFAULT_CELL_M, placed_in
from data.analysis.hotspot_ground import HotspotGround
from data.analysis.hotspot_proof import BacktestAnswer, backtest_of
from data.analysis.hotspot_question import HotspotQuestion, Units, select_events
from data.analysis.hotspot_why import HOURS, NearRepeats, moment_of, near_repeats
from data.counting import local_midnight, moment64
from data.viewer import DisplayLevel, Viewer
from geo.hotspots import RECOMMENDED, HotspotOptions
from geo.proof import BacktestOptions

IntArray = npt.NDArray[np.int64]

LONG_PLACES: Final = 50
PROOF_MONTHS: Final = 12
_HOUR_MS: Final = 3_600_000
_PEAK_SHARE: Final = 0.5
_DAYS: Final = (28, 365)


@dataclass(frozen=True)
class PatrolRank:
    """One place and what it stands on.

    Attributes
    ----------
    rank
        1 is first.
    outline
        The place, EPSG:4326.
    lon, lat
        Mean of its events in the hours, degrees.
    score
        What ranks it: count in the hours, and a light kernel.
    n_hours, n_all
        Events in the hours of the shift, and at any hour (with a known one).
    n_28_days, n_365_days
        Events at any hour in the days before the shift.
    by_hour
        24 counts of local hours.
    peak_hours
        The fewest hours of the shift, busiest first, that hold half of `n_hours`.
    kinds
        (code, count) of those in the hours, most first.
    last_at
        Latest of those in the hours, aware.
    near_repeats
        Of the events in the hours in and around the place.
    grid_code
        Grid that holds the middle; empty outside all.
    """

    rank: int
    cell_id: str
    outline: shapely.Polygon | shapely.MultiPolygon
    lon: float
    lat: float
    score: float
    n_hours: int
    n_all: int
    n_28_days: int
    n_365_days: int
    by_hour: tuple[int, ...]
    peak_hours: tuple[int, ...]
    kinds: tuple[tuple[str, int], ...]
    last_at: datetime
    near_repeats: NearRepeats
    grid_code: str


@dataclass(frozen=True, eq=False)
class PatrolRanking:
    """The places of an area for some hours.

    Attributes
    ----------
    places
        First ranked first; only places with an event in the hours.
    scores
        Score of every such place, falling (a rotation needs those behind `places` as well).
    report
        As `HotspotAnswer.report`: what was counted, left out and chosen.
    hit_rates
        Of the method in the back-test given, one dict for each share of ground.
    """

    places: tuple[PatrolRank, ...]
    scores: tuple[float, ...]
    report: dict[str, Any]
    hit_rates: tuple[dict[str, float], ...]


@dataclass(frozen=True)
class PatrolHours:
    """Which ranking is asked for.

    Parameters
    ----------
    area
        Code of a place, or `level:code`; empty for all.
    hours
        Local hours of the shift, half-open, 0 to 24; `(22, 6)` runs over midnight; None for all.
    day
        Day of the shift: history ends at its local midnight.
    kinds
        Kinds that rank; empty for all.
    units
        `squares` or `grids`.
    cell_m
        Side of a square, metres.
    history_days
        How far back; None for all there is.
    """

    area: str
    hours: tuple[int, int] | None
    day: date
    kinds: tuple[str, ...] = ()
    units: Units = Units.SQUARES
    cell_m: float = DEFAULT_CELL_M
    history_days: int | None = None

    def question(self, tz: str) -> HotspotQuestion:
        """Put it as a hotspot question."""
        until = local_midnight(self.day, tz)
        back = self.history_days
        is_square = Units(self.units) is not Units.GRIDS
        return HotspotQuestion(
            since=None if back is None else until - timedelta(days=back),
            until=until,
            kinds=self.kinds,
            hours=self.hours,
            method=RECOMMENDED,
            units=Units(self.units),
            cell_m=self.cell_m if is_square else None,
            options=HotspotOptions(),
            area=self.area,
        )


def patrol_ranking_of(
    ground: HotspotGround,
    viewer: Viewer,
    asked: PatrolHours,
    *,
    places: int = LONG_PLACES,
    proof: BacktestAnswer | None = None,
    now: datetime,
) -> PatrolRanking:
    """Rank the places of an area for the hours of a shift.

    Parameters
    ----------
    ground
        Incidents on the grids of the shift's day.
    places
        How many are described; `scores` holds all.
    proof
        What `patrol_proof_of` gave, for the hit rates.

    Raises
    ------
    AccessRefused
        `level_too_low`: exact places are for `INTERNAL` and above.
    FrameError, ConfigError, RecordNotFound
        As `hotspots_of`.
    """
    viewer.require_level(DisplayLevel.INTERNAL)
    question = asked.question(ground.tz)
    answer = hotspots_of(ground, viewer, question, now=now)
    held = _held(answer, viewer)
    frame = answer.frame
    order = np.argsort(frame["rank"].to_numpy(), kind="stable")
    order = order[frame["n"].to_numpy()[order] > 0]
    scores = tuple(frame["score"].to_numpy(dtype=np.float64)[order].tolist())
    ranked = tuple(
        _place(answer, held, (number, int(row)), asked)
        for number, row in enumerate(order[:places].tolist(), start=1)
    )
    rates: tuple[dict[str, float], ...] = ()
    if proof is not None:
        areas = sorted(set(proof.frame["area_pct"]))
        found = (proof.hit_rate(RECOMMENDED.value, area) for area in areas)
        rates = tuple(rate for rate in found if rate is not None)
    return PatrolRanking(ranked, scores, answer.report, rates)


def patrol_proof_of(
    ground: HotspotGround,
    viewer: Viewer,
    asked: PatrolHours,
    *,
    months: int = PROOF_MONTHS,
    now: datetime,
) -> BacktestAnswer:
    """Back-test the recommended method on the places and hours of a shift, beside plain count.

    Raises
    ------
    FrameError, ConfigError, RecordNotFound
        As `backtest_of`.
    """
    question = asked.question(ground.tz)
    options = BacktestOptions(tests=months)
    return backtest_of(ground, viewer, question, options, methods=(RECOMMENDED,), now=now)


@dataclass(frozen=True)
class _Held:
    """Events at any hour with the cell of each, and which of them are in the hours."""

    rows: IntArray
    cell: IntArray
    in_hours: npt.NDArray[np.bool_]
    xy: npt.NDArray[np.float64]

    @cached_property
    def by_cell(self) -> tuple[IntArray, IntArray]:
        """Events by cell, and where each cell's begin (those in none come first)."""
        order = np.argsort(self.cell, kind="stable")
        return order, np.searchsorted(self.cell[order], np.arange(int(self.cell.max()) + 2))

    def inside(self, row: int) -> IntArray:
        """Events of one cell."""
        order, starts = self.by_cell
        return order[starts[row] : starts[row + 1]]


def _held(answer: HotspotAnswer, viewer: Viewer) -> _Held:
    ground, question = answer.ground, answer.question
    rows = select_events(ground, viewer, replace(question, hours=None)).rows
    placed = placed_in(ground, answer.cells, rows, needs_metres=True)
    in_hours = np.zeros(len(ground.events), dtype=bool)
    in_hours[answer.selection.rows] = True
    return _Held(rows, placed.cell, in_hours[rows], placed.xy)


def _place(
    answer: HotspotAnswer, held: _Held, ranked: tuple[int, int], asked: PatrolHours
) -> PatrolRank:
    rank, row = ranked
    ground, frame = answer.ground, answer.frame
    inside = held.inside(row)
    here = ground.events.take(held.rows[inside])
    chosen = here.take(held.in_hours[inside])
    hour = here.take(~here.is_hourless).local_ms(ground.tz) // _HOUR_MS % HOURS
    by_hour = np.bincount(hour, minlength=HOURS)
    end = local_midnight(asked.day, ground.tz)
    since = [moment64(end - timedelta(days=days)) for days in _DAYS]
    kinds = np.bincount(chosen.kind.codes + 1, minlength=len(chosen.kind.labels) + 1)[1:].tolist()
    listed = [pair for pair in zip(chosen.kind.labels, kinds, strict=True) if pair[1]]
    lon, lat = float(chosen.lon.mean()), float(chosen.lat.mean())
    return PatrolRank(
        rank=rank,
        cell_id=str(frame["cell_id"].iloc[row]),
        outline=answer.cells.degrees(ground)[row],
        lon=lon,
        lat=lat,
        score=float(frame["score"].iloc[row]),
        n_hours=len(chosen),
        n_all=int(by_hour.sum()),
        n_28_days=int((here.occurred_at >= since[0]).sum()),
        n_365_days=int((here.occurred_at >= since[1]).sum()),
        by_hour=tuple(by_hour.tolist()),
        peak_hours=_peaks(by_hour, asked.hours),
        kinds=tuple(sorted(listed, key=lambda pair: (-pair[1], pair[0]))),
        last_at=moment_of(chosen.occurred_at.max()),
        near_repeats=_repeats(answer, held, row),
        grid_code=_grid_code(ground, lon, lat),
    )


def _repeats(answer: HotspotAnswer, held: _Held, row: int) -> NearRepeats:
    """Count near repeats among the events in the hours, in and around one place."""
    options = answer.question.options
    metres = options.near_m[0]
    shape = answer.cells.layer.shapes[row]
    west, south, east, north = shape.bounds
    x, y = held.xy[:, 0], held.xy[:, 1]
    near = held.in_hours & (x >= west - metres) & (x <= east + metres)
    near &= (y >= south - metres) & (y <= north + metres)
    at = np.flatnonzero(near)
    at = at[np.asarray(shapely.dwithin(shape, shapely.points(held.xy[at]), metres))]
    events = answer.ground.events.take(held.rows[at])
    return near_repeats(events, held.xy[at], held.cell[at] == row, (metres, options.near_days[0]))


def _peaks(by_hour: npt.NDArray[np.int64], hours: tuple[int, int] | None) -> tuple[int, ...]:
    """Give the fewest hours of the shift that hold half of its events; equal ones by clock."""
    first, last = hours or (0, HOURS)
    length = (last - first - 1) % HOURS + 1
    shift = [(first + k) % HOURS for k in range(length)]
    total, found, held = sum(int(by_hour[hour]) for hour in shift), [], 0
    for hour in sorted(shift, key=lambda hour: (-int(by_hour[hour]), shift.index(hour))):
        if held >= _PEAK_SHARE * total:
            break
        found.append(hour)
        held += int(by_hour[hour])
    return tuple(found)


def _grid_code(ground: HotspotGround, lon: float, lat: float) -> str:
    grids = ground.placed.grids
    hits = grids.sindex.query(shapely.Point(lon, lat), predicate="intersects")
    return str(min(grids.index[hits])) if len(hits) else ""
