"""Work out what the wall says of single grids: changes, late closing, news, who covers them.

Used by `dashboard.cache.wall` and the wall's components.
Knows nothing of languages, and of single records: of a fresh incident only its grid and its quarter
of an hour leave here, and nothing at all of kinds that are never shown by place.
"""

from __future__ import annotations

from collections import defaultdict
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from typing import TYPE_CHECKING, Final

import numpy as np

from dashboard.viewmodels.wall import (
    STOPPED,
    inside,
    mapped,
    on_time_rows,
    per_unit,
)
from data.counting import EventFilter, moment64
from data.kpi import Figure, change_figure, same_span_last_year, span_before
from data.lifecycle import CaseAction
from data.repositories.case_records import CASE_LAYERS
from data.repositories.cases import stepped_ids
from data.repositories.people import list_posts
from data.repositories.places import list_places
from data.repositories.registers import service_points
from data.vocabulary import EventLayer, PlaceLevel, Position

if TYPE_CHECKING:
    from collections.abc import Mapping
    from datetime import date

    from numpy.typing import NDArray
    from sqlalchemy.orm import Session

    from dashboard.viewmodels.town import Town
    from dashboard.viewmodels.wall import Known, Moment
    from data.counting import Placed
    from data.repositories.people import PostRecord
    from data.viewer import Viewer

HANDOVER: Final = timedelta(hours=12)
"""What a hand-over looks back on: one half of the day."""
SOON: Final = timedelta(hours=4)
"""What a hand-over looks ahead to."""
RECENT: Final = timedelta(days=28)
"""Compared with the days before them where nothing is known of a year ago."""
FEWEST_DUE: Final = 5
"""A unit with fewer cases than these has no rate of closing that says anything."""
MOST_NEWS: Final = 3
QUARTER_S: Final = 900
"""Times on a wall are given by the quarter of an hour (domain note 6.3)."""
_DAY: Final = timedelta(days=1)
_COVERING: Final = (
    (PlaceLevel.COMMUNITY, Position.BEAT_OFFICER),
    (PlaceLevel.COMMUNITY, Position.BEAT_CHIEF),
    (PlaceLevel.GRID, Position.FULL_TIME_MEMBER),
    (PlaceLevel.GRID, Position.GRID_LEADER),
    (PlaceLevel.COMMUNITY, Position.DEPUTY_SECRETARY),
)
"""Who answers for a grid, the first that is filled."""


@dataclass(frozen=True)
class Cover:
    """Who answers for a unit: a position, never a person.

    Attributes
    ----------
    state
        `on_duty`, `substitute` (the holder is on leave) or `vacant`.
    office_phone
        Of the post, its community, a service point there, or the station; None where none is known.
    """

    position: str
    state: str
    office_phone: str | None


@dataclass(frozen=True)
class UnitChange:
    """Incidents of one unit now and before."""

    code: str
    name: str
    figure: Figure

    @property
    def difference(self) -> int:
        """More (or, below zero, fewer) incidents than before."""
        return int((self.figure.numerator or 0) - (self.figure.denominator or 0))


@dataclass(frozen=True)
class Changes:
    """Incidents of every shown unit against a span before.

    Attributes
    ----------
    basis
        `year` (the same days a year before), `before` (as many days right before) or `days` (the
        last 28 days and the 28 before them); the first that has records.
    since, until
        The span that is compared, half-open.
    differences
        For each shown row of the town's units.
    """

    basis: str
    since: datetime
    until: datetime
    units: tuple[UnitChange, ...]
    differences: NDArray[np.int64]

    @property
    def rises(self) -> tuple[UnitChange, ...]:
        """Units with more than before, the most first, ties by code."""
        found = [unit for unit in self.units if unit.difference > 0]
        return tuple(sorted(found, key=lambda unit: (-unit.difference, unit.code)))

    @property
    def falls(self) -> tuple[UnitChange, ...]:
        """Units with fewer than before, the most first, ties by code."""
        found = [unit for unit in self.units if unit.difference < 0]
        return tuple(sorted(found, key=lambda unit: (unit.difference, unit.code)))


@dataclass(frozen=True)
class LateUnit:
    """How a unit closes its cases: those on time of those closed or due, and who answers for it."""

    code: str
    name: str
    on_time: int
    due: int
    cover: Cover | None


@dataclass(frozen=True)
class Arrival:
    """A fresh incident as a wall may tell it.

    Attributes
    ----------
    number
        Rises with every incident that is written.
    at
        When it happened, down to the quarter of an hour.
    """

    number: int
    code: str
    name: str
    at: datetime
    cover: Cover | None


@dataclass(frozen=True)
class Handover:
    """What the next shift must know: of the half day before the moment, and of the hours after.

    Attributes
    ----------
    fresh
        New records by layer.
    escalated, breached, due
        Cases passed upwards and cases whose limit ran out in the half day; cases whose limit runs
        out within four hours.
    due_units
        Name and number of due cases of the units that have any, most first.
    """

    fresh: Mapping[EventLayer, int]
    closed: int
    escalated: int
    breached: int
    due: int
    due_units: tuple[tuple[str, int], ...]


@dataclass(frozen=True)
class GridView:
    """Everything that is told of single grids; `changes` is None where there is nothing before."""

    changes: Changes | None
    late: tuple[LateUnit, ...]
    arrivals: tuple[Arrival, ...]
    handover: Handover


def covers_of(session: Session, viewer: Viewer, town: Town, as_of: date) -> Mapping[str, Cover]:
    """Say who answers for each unit of the town on a day; units without any post are left out."""
    posts: dict[tuple[str, str, str], list[PostRecord]] = defaultdict(list)
    for post in list_posts(session, viewer, as_of=as_of):
        posts[post.place_level, post.place_code, post.position].append(post)
    phones = _phones(session, viewer, as_of)
    units = town.units
    communities = units.get("community_code", units.index)
    stations = units.get("station_code", units.index)
    found: dict[str, Cover] = {}
    for code, community, station in zip(map(str, units.index), communities, stations, strict=True):
        own = {PlaceLevel.COMMUNITY: str(community), PlaceLevel.GRID: code}
        wanted = [
            post
            for level, position in _COVERING
            for post in posts[str(level), own[level], str(position)]
        ]
        if wanted:
            chosen = next((post for post in wanted if post.filled_count), wanted[0])
            phone = chosen.office_phone or phones.get(str(community)) or phones.get(str(station))
            found[code] = Cover(chosen.position, _state(chosen), phone)
    return found


def _phones(session: Session, viewer: Viewer, as_of: date) -> dict[str, str]:
    """Give an office phone for each place that has one: its own before one of a point there."""
    points = service_points(session, viewer)
    found = {str(point.place_code): point.office_phone for point in points if point.office_phone}
    places = list_places(session, viewer, as_of=as_of)
    return found | {place.code: place.office_phone for place in places if place.office_phone}


def _state(post: PostRecord) -> str:
    if not post.filled_count:
        return "vacant"
    filled = [duty for duty in post.duties if duty.is_filled]
    return "substitute" if all(duty.is_on_leave for duty in filled) else "on_duty"


def build_grids(
    session: Session,
    town: Town,
    placed: Mapping[EventLayer, Placed],
    moment: Moment,
    asked: tuple[str, Known, Mapping[str, Cover]],
) -> GridView:
    """Count by grid what the wall tells of them.

    Parameters
    ----------
    asked
        Key of the area the wall is limited to (empty: all), what is known beside the events, and
        who covers which unit.
    """
    area_key, known, covers = asked
    area = town.area(area_key)
    own = {layer: inside(town, one, area) for layer, one in placed.items()}
    shown = mapped(own[EventLayer.INCIDENTS], known)
    rows = np.flatnonzero(town.in_area(area))
    return GridView(
        changes=_changes(town, (placed[EventLayer.INCIDENTS], shown), moment, rows),
        late=_late(town, own, moment, covers),
        arrivals=_arrivals(town, shown, moment, covers),
        handover=_handover(session, town, own, moment),
    )


def _changes(
    town: Town, incidents: tuple[Placed, Placed], moment: Moment, rows: NDArray[np.int64]
) -> Changes | None:
    """Compare with the first span that the store, wherever it looked, has records of."""
    everywhere, shown = incidents
    since, until, tz = moment.since, moment.until, moment.tz
    last = moment.at - RECENT
    spans = {
        "year": ((since, until), same_span_last_year(since, until, tz)),
        "before": ((since, until), span_before(since, until, tz)),
        "days": ((last, moment.at), (last - RECENT, last)),
    }
    for basis, (now, before) in spans.items():
        if not EventFilter(*before).mask(everywhere.events).any():
            continue
        then = per_unit(town, shown, EventFilter(*before))[rows]
        counted = per_unit(town, shown, EventFilter(*now))[rows]
        codes, names = town.units.index[rows], town.units["name"].iloc[rows]
        units = tuple(
            UnitChange(
                str(code), str(name), change_figure("K5", "incidents", str(code), int(n), int(was))
            )
            for code, name, n, was in zip(codes, names, counted, then, strict=True)
        )
        return Changes(basis, *now, units, counted - then)
    return None


def _late(
    town: Town,
    own: Mapping[EventLayer, Placed],
    moment: Moment,
    covers: Mapping[str, Cover],
) -> tuple[LateUnit, ...]:
    """Rank units by their closing on time of what was due in the period, the worst first."""
    due = np.zeros(len(town.units), dtype=np.int64)
    good = np.zeros(len(town.units), dtype=np.int64)
    for layer in CASE_LAYERS:
        events = own[layer].events
        is_due, is_good = on_time_rows(events, moment.at)
        here = events.due_at >= moment64(moment.since)
        due += per_unit(town, own[layer].take(is_due & here), EventFilter())
        good += per_unit(town, own[layer].take(is_good & here), EventFilter())
    made = [
        LateUnit(str(code), str(name), int(on_time), int(all_due), covers.get(str(code)))
        for code, name, on_time, all_due in zip(
            town.units.index, town.units["name"], good, due, strict=True
        )
        if all_due >= FEWEST_DUE and on_time < all_due
    ]
    return tuple(sorted(made, key=lambda unit: (unit.on_time / unit.due, -unit.due, unit.code)))


def _arrivals(
    town: Town, shown: Placed, moment: Moment, covers: Mapping[str, Cover]
) -> tuple[Arrival, ...]:
    """Give the latest written incidents of the last day that lie in a grid, newest first."""
    events = shown.events
    fresh = EventFilter(moment.at - _DAY, moment.at).mask(events) & (shown.position >= 0)
    rows = np.flatnonzero(fresh)
    newest = rows[np.argsort(events.ids[rows], kind="stable")[::-1][:MOST_NEWS]]
    made = []
    for row in newest:
        alone = np.zeros(len(events), dtype=bool)
        alone[row] = True
        counts = per_unit(town, shown.take(alone), EventFilter())
        if not counts.any():
            continue
        unit = int(np.argmax(counts))
        code = str(town.units.index[unit])
        at = _quarter(events.occurred_at[row])
        number = int(events.ids[row])
        made.append(Arrival(number, code, str(town.units["name"].iloc[unit]), at, covers.get(code)))
    return tuple(made)


def _quarter(at: np.datetime64) -> datetime:
    seconds = int(at.astype("datetime64[s]").astype("int64"))
    return datetime.fromtimestamp(seconds - seconds % QUARTER_S, UTC)


def _handover(
    session: Session, town: Town, own: Mapping[EventLayer, Placed], moment: Moment
) -> Handover:
    since, at = moment.at - HANDOVER, moment.at
    half_day = EventFilter(since, at)
    closed = escalated = breached = due = 0
    due_here = np.zeros(len(town.units), dtype=np.int64)
    for layer in CASE_LAYERS:
        events = own[layer].events
        runs = events.is_open & ~events.status.is_in(STOPPED)
        closed += _between(events.closed_at, since, at, ~events.is_open)
        breached += _between(events.due_at, since, at, runs)
        is_due = runs & (events.due_at >= moment64(at)) & (events.due_at < moment64(at + SOON))
        due += int(is_due.sum())
        due_here += per_unit(town, own[layer].take(is_due), EventFilter())
        raised = stepped_ids(session, layer, CaseAction.ESCALATE, since, at)
        escalated += int(np.isin(events.ids, raised).sum())
    found = [(str(name), int(n)) for name, n in zip(town.units["name"], due_here, strict=True) if n]
    return Handover(
        fresh={layer: int(half_day.mask(placed.events).sum()) for layer, placed in own.items()},
        closed=closed,
        escalated=escalated,
        breached=breached,
        due=due,
        due_units=tuple(sorted(found, key=lambda pair: (-pair[1], pair[0]))),
    )


def _between(
    moments: NDArray[np.datetime64], since: datetime, until: datetime, keep: NDArray[np.bool_]
) -> int:
    here = (moments >= moment64(since)) & (moments < moment64(until))
    return int(np.count_nonzero(here & keep))
