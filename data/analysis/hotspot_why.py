"""Say what one cell of a hotspot answer stands on: dates, hours, channels, repeats, hazards.

Used by the why-card of the hotspot screen. Dates and counts are as fine as the viewer's level.
Knows nothing of sentences.
"""

from dataclasses import dataclass
from typing import Any, Final

import numpy as np
import numpy.typing as npt
import pandas as pd
import shapely
from scipy.spatial import cKDTree

from data.analysis.hotspot_answer import HotspotAnswer
from data.analysis.hotspot_cells import placed_in
from data.analysis.hotspot_ground import metres_of
from data.analysis.hotspot_proof import BacktestAnswer
from data.counting import Placed
from data.errors import RecordNotFound
from data.privacy import is_withheld
from data.repositories.events import Coded, EventArrays
from data.viewer import DisplayLevel, Viewer
from data.vocabulary import ChannelGroup

IntArray = npt.NDArray[np.int64]

HOURS: Final = 24
DATES_SHOWN: Final = 30
_QUARTER_MS: Final = 15 * 60 * 1000
_HOUR_MS: Final = 3_600_000
_DAY_S: Final = 86_400.0
_MOST_PAIRS: Final = 4_000_000
"""Pairs within squares of a repeat's reach: those within reach are a few times as many at most."""


@dataclass(frozen=True)
class NearRepeats:
    """Events that follow another closely, in and around a place.

    Attributes
    ----------
    within_m, within_days
        The first bands of the question.
    events
        Events in the place or within `within_m` of it.
    repeats
        Those of them in the place that follow another within both; None where there are too many
        pairs to count.
    """

    within_m: float
    within_days: float
    events: int
    repeats: int | None


@dataclass(frozen=True)
class CellWhy:
    """What one cell stands on.

    Attributes
    ----------
    n
        Events that count; None where the viewer's level withholds it.
    values
        Row of the answer: the method's columns.
    by_kind, by_month, by_channel
        (code, count), kinds most first, months (`2026-03`) oldest first, channel groups of all that
        pass but for the channel. Counts of 1 to 4 are None for the public.
    by_hour
        24 counts of local hours; empty where no hour is known or where the level withholds it.
    no_hour
        Events of the cell whose hour nobody knows.
    discovered_share
        Share found by police among all channels of the cell.
    dates
        Newest first, as fine as level and record allow (`2026-03-04 21:15`, to the quarter of an
        hour on walls; days, months; none for the public); sensitive kinds are never dated.
    undated
        Events of the cell that `dates` leaves out.
    hazards
        (kind, count) of hazards that are open there.
    hit_rates
        Of the answer's method in the back-test, one dict for each share of ground.
    """

    cell_id: Any
    name: str
    n: int | None
    values: dict[str, Any]
    by_kind: tuple[tuple[str, int | None], ...]
    by_month: tuple[tuple[str, int | None], ...]
    by_channel: tuple[tuple[str, int | None], ...]
    by_hour: tuple[int, ...]
    no_hour: int
    discovered_share: float | None
    dates: tuple[str, ...]
    undated: int
    near_repeats: NearRepeats | None
    hazards: tuple[tuple[str, int | None], ...]
    hit_rates: tuple[dict[str, float], ...]


def why_cell(
    answer: HotspotAnswer,
    viewer: Viewer,
    cell_id: Any,  # noqa: ANN401 - text, or whatever the cells' file uses
    *,
    hazards: Placed | None = None,
    proof: BacktestAnswer | None = None,
) -> CellWhy:
    """Say what a cell stands on.

    Parameters
    ----------
    answer
        What `hotspots_of` gave to the same viewer.
    cell_id
        One of `answer.frame["cell_id"]`.
    hazards
        Hazards placed on the same day's grids; none are told without them.
    proof
        A back-test of the same cells, for the hit rates.

    Raises
    ------
    RecordNotFound
        `no_such_cell`.
    """
    row = _row_of(answer, cell_id)
    ground, question = answer.ground, answer.question
    events = ground.events
    rows = _inside(answer, row, answer.selection.rows)
    others = _inside(answer, row, answer.selection.others)
    here = events.take(rows)
    is_public = viewer.level is DisplayLevel.PUBLIC
    channels = dict(_counted(here.channel_group))
    if question.channel == "reported":
        channels[ChannelGroup.DISCOVERED.value] = len(others)
    total = sum(channels.values())
    hidden = ground.sensitive[rows]
    dates = () if is_public else _dates(here.take(~hidden), viewer, ground.tz)
    known = here.take(~here.is_hourless & ~np.isnat(here.occurred_at))
    hour = known.local_ms(ground.tz) // _HOUR_MS % HOURS
    by_hour = tuple(np.bincount(hour, minlength=HOURS).tolist()) if len(known) else ()
    values = {str(k): v for k, v in answer.frame.drop(columns="geometry").iloc[row].items()}
    found = channels.get(ChannelGroup.DISCOVERED.value, 0)
    return CellWhy(
        cell_id=cell_id,
        name=str(values["name"]),
        n=_shown(len(rows), is_public=is_public),
        values=values,
        by_kind=_hidden(_counted(here.kind), is_public=is_public),
        by_month=_hidden(_months(here, ground.tz), is_public=is_public),
        by_channel=_hidden(tuple(sorted(channels.items())), is_public=is_public),
        by_hour=() if is_public else by_hour,
        no_hour=0 if is_public else len(here) - len(known),
        discovered_share=None if is_public or not total else found / total,
        dates=dates,
        undated=len(rows) - len(dates),
        near_repeats=None if is_public else _repeats(answer, row, rows),
        hazards=_hidden(_hazards(answer, row, hazards), is_public=is_public),
        hit_rates=_hit_rates(proof, question.method.value),
    )


def open_in_cell(
    answer: HotspotAnswer,
    cell_id: Any,  # noqa: ANN401 - as `why_cell`
    placed: Placed,
) -> tuple[tuple[str, int], ...]:
    """Count what is open in a cell of hazards or disputes: (kind, count), most first.

    Raises
    ------
    RecordNotFound
        `no_such_cell`.
    """
    return _hazards(answer, _row_of(answer, cell_id), placed)


def _row_of(answer: HotspotAnswer, cell_id: Any) -> int:  # noqa: ANN401 - as `why_cell`
    at = np.flatnonzero((answer.frame["cell_id"] == cell_id).to_numpy())
    if len(at) == 0:
        raise RecordNotFound("no_such_cell", cell=str(cell_id), cells=len(answer.frame))
    return int(at[0])


def _inside(answer: HotspotAnswer, row: int, rows: IntArray) -> IntArray:
    """Rows of the ground's events in one cell; only those near it are looked at."""
    ground, cells = answer.ground, answer.cells
    if cells.grid_cell is not None:
        here = rows[ground.placed.of_grids(cells.grid_cell == row, missing=False, rows=rows)]
    else:
        near = _near(answer, row, rows, 0.0)
        here = near[placed_in(ground, cells, near, needs_metres=True).cell == row]
    return np.asarray(here, dtype=np.int64)


def _near(answer: HotspotAnswer, row: int, rows: IntArray, by_m: float) -> IntArray:
    """Give those rows whose events lie in a cell's bounding box, widened (metres)."""
    ground = answer.ground
    west, south, east, north = answer.cells.layer.shapes[row].bounds
    box = (west - by_m, south - by_m, east + by_m, north + by_m)
    if answer.cells.crs.equals(ground.crs):
        wanted = np.zeros(len(ground.events), dtype=bool)
        wanted[rows] = True
        return np.flatnonzero(wanted & _boxed(ground.xy, box))
    return rows[_boxed(ground.metres(rows, answer.cells.crs), box)]


def _boxed(
    xy: npt.NDArray[np.float64], box: tuple[float, float, float, float]
) -> npt.NDArray[np.bool_]:
    x, y = xy[:, 0], xy[:, 1]
    return np.asarray((x >= box[0]) & (y >= box[1]) & (x <= box[2]) & (y <= box[3]))


def _counted(column: Coded) -> tuple[tuple[str, int], ...]:
    """Count the values of a column, most first, then by value."""
    labels = (*column.labels, "")
    totals = np.bincount(column.codes % len(labels), minlength=len(labels)).tolist()
    found = [(label, n) for label, n in zip(labels, totals, strict=True) if n]
    return tuple(sorted(found, key=lambda pair: (-pair[1], pair[0])))


def _months(events: EventArrays, tz: str) -> tuple[tuple[str, int], ...]:
    timed = events.take(~np.isnat(events.occurred_at))
    months = timed.local_ms(tz).astype("datetime64[ms]").astype("datetime64[M]")
    words, n = np.unique(months, return_counts=True)
    return tuple(zip(words.astype(str).tolist(), n.tolist(), strict=True))


def _dates(events: EventArrays, viewer: Viewer, tz: str) -> tuple[str, ...]:
    """Write the newest moments, as fine as the record and the level are."""
    timed = events.take(~np.isnat(events.occurred_at))
    newest = np.argsort(timed.occurred_at, kind="stable")[::-1][:DATES_SHOWN]
    wall = timed.local_ms(tz)[newest]
    if viewer.level is DisplayLevel.WALL:
        wall = wall // _QUARTER_MS * _QUARTER_MS
    moments = pd.to_datetime(wall, unit="ms")
    labels = (*timed.precision.labels, "none")
    codes = timed.precision.codes[newest] % len(labels)
    forms = {"day": "%Y-%m-%d", "month": "%Y-%m"}
    pairs = zip(moments, codes.tolist(), strict=True)
    return tuple(at.strftime(forms.get(labels[code], "%Y-%m-%d %H:%M")) for at, code in pairs)


def _repeats(answer: HotspotAnswer, row: int, inside: IntArray) -> NearRepeats:
    options = answer.question.options
    metres, days = options.near_m[0], options.near_days[0]
    rows = _near(answer, row, answer.selection.rows, metres)
    xy = answer.ground.metres(rows, answer.cells.crs)
    shape = answer.cells.layer.shapes[row]
    shapely.prepare(shape)
    close = np.asarray(shapely.dwithin(shape, shapely.points(xy), metres))
    rows, xy = rows[close], xy[close]
    return near_repeats(answer.ground.events.take(rows), xy, np.isin(rows, inside), (metres, days))


def near_repeats(
    events: EventArrays,
    xy: npt.NDArray[np.float64],
    inside: npt.NDArray[np.bool_],
    bands: tuple[float, float],
) -> NearRepeats:
    """Count the events inside a place that follow another within metres and days.

    Events whose day nobody knows follow nothing. Two at one moment count as one that follows.
    """
    metres, days = bands
    dated = ~events.precision.is_in(frozenset({"month", "none"})) & ~np.isnat(events.occurred_at)
    xy, inside = xy[dated], inside[dated]
    time_s = events.occurred_at[dated].astype("datetime64[ms]").astype(np.int64) / 1e3
    if len(xy) == 0:
        return NearRepeats(metres, days, len(events), 0)
    squares = np.unique(np.floor(xy / metres), axis=0, return_counts=True)[1].astype(np.int64)
    if int((squares**2).sum()) > _MOST_PAIRS:
        return NearRepeats(metres, days, len(events), None)
    tree = cKDTree(xy)
    pairs = tree.query_pairs(metres, output_type="ndarray")
    gap_s = time_s[pairs[:, 1]] - time_s[pairs[:, 0]]
    soon = np.abs(gap_s) <= days * _DAY_S
    later = np.where(gap_s[soon] >= 0, pairs[soon, 1], pairs[soon, 0])
    follows = np.zeros(len(xy), dtype=bool)
    follows[later] = True
    return NearRepeats(metres, days, len(events), int((follows & inside).sum()))


def _hazards(
    answer: HotspotAnswer, row: int, hazards: Placed | None
) -> tuple[tuple[str, int], ...]:
    if hazards is None:
        return ()
    events = hazards.events
    rows = np.flatnonzero(events.is_open & events.is_located)
    xy = metres_of(events, rows, answer.cells.crs)
    shape = answer.cells.layer.shapes[row]
    shapely.prepare(shape)
    here = np.asarray(shapely.intersects_xy(shape, xy[:, 0], xy[:, 1]))
    return _counted(events.kind.take(rows[here]))


def _hit_rates(proof: BacktestAnswer | None, method: str) -> tuple[dict[str, float], ...]:
    if proof is None:
        return ()
    rates = (proof.hit_rate(method, area) for area in sorted(set(proof.frame["area_pct"])))
    return tuple(rate for rate in rates if rate is not None)


def _shown(n: int, *, is_public: bool) -> int | None:
    return None if is_public and is_withheld(n) else n


def _hidden(
    counts: tuple[tuple[str, int], ...], *, is_public: bool
) -> tuple[tuple[str, int | None], ...]:
    return tuple((code, _shown(n, is_public=is_public)) for code, n in counts)
