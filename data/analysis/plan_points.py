"""Read what a plan counts, once: incidents by period, open hazards and disputes, visits due.

Used by the live counts of plans. Knows nothing of grids: points and what is asked of them.
"""

from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import date, datetime
from typing import Final

import numpy as np
import numpy.typing as npt
import shapely
from sqlalchemy.orm import Session

from data.config import DEFAULT_TZ
from data.counting import EventFilter, place_events
from data.repositories.events import EventArrays, event_arrays
from data.repositories.register_records import PatrolTargetRecord
from data.repositories.registers import patrol_targets
from data.viewer import Viewer
from data.vocabulary import EventLayer

FloatArray = npt.NDArray[np.float64]
KindArray = npt.NDArray[np.int16]

INCIDENTS: Final = "incidents"
HAZARDS: Final = "hazards"
DISPUTES: Final = "disputes"
VISITS: Final = "visits"
OPEN: Final = "open"
"""The one period of open hazards and disputes: now."""
DUE: Final = "week"
"""The one period of visits: how many are due a week."""
NOT_ASKED: Final = -1
_WEEK_MS: Final = 7 * 86_400_000


@dataclass(frozen=True, slots=True)
class PlanPeriod:
    """A named, half-open span; aware moments, None is open."""

    name: str
    since: datetime | None = None
    until: datetime | None = None


@dataclass(frozen=True, slots=True)
class PlanQuestion:
    """What is counted.

    Parameters
    ----------
    periods
        Of incidents; the first is the one whose calls make the load.
    kinds, channel_groups
        Codes of incidents; empty means all.
    today
        Day of the grids that limit a viewer with areas.
    """

    today: date
    periods: tuple[PlanPeriod, ...] = (PlanPeriod("all"),)
    kinds: tuple[str, ...] = ()
    channel_groups: tuple[str, ...] = ()
    tz: str = DEFAULT_TZ


@dataclass(frozen=True, slots=True)
class Asked:
    """One period of a layer.

    Attributes
    ----------
    kind
        For each point the place of its kind in `PlanPoints.kinds`, or `NOT_ASKED`.
    unlocated
        What passes and lies nowhere (by weight).
    imprecise
        What is not known finely enough to say: in no count.
    weeks
        Length of the period in weeks; of an open one from the first event to the last. 0 where
        there is none.
    """

    kind: KindArray
    unlocated: int
    imprecise: int = 0
    weeks: float = 0.0


@dataclass(frozen=True, slots=True)
class PlanPoints:
    """Points of one layer in degrees, EPSG:4326, all located.

    Attributes
    ----------
    kinds
        Codes; the last one, empty, is of points without a kind.
    weight
        What each point counts; None: one.
    periods
        Name → what is asked.
    """

    lon: FloatArray
    lat: FloatArray
    kinds: tuple[str, ...]
    periods: Mapping[str, Asked]
    weight: npt.NDArray[np.int64] | None = field(default=None)


def read_points(
    session: Session,
    viewer: Viewer,
    question: PlanQuestion,
    events: Mapping[EventLayer, EventArrays] | None = None,
) -> dict[str, PlanPoints]:
    """Read everything that plans count.

    Parameters
    ----------
    events
        Layers that were read for this viewer already, cut to the viewer's areas.

    Notes
    -----
    A viewer limited to areas gets what lies in today's grids of these areas.
    """
    held = dict(events or {})
    for layer in EventLayer:
        if layer not in held:
            held[layer] = _seen(session, viewer, layer, question)
    asked = {
        period.name: EventFilter(
            period.since, period.until, question.kinds, question.channel_groups, tz=question.tz
        )
        for period in question.periods
    }
    still_open = {OPEN: EventFilter(is_open=True)}
    return {
        INCIDENTS: points_of(held[EventLayer.INCIDENTS], asked),
        HAZARDS: points_of(held[EventLayer.HAZARDS], still_open),
        DISPUTES: points_of(held[EventLayer.DISPUTES], still_open),
        VISITS: _visits(patrol_targets(session, viewer)),
    }


def points_of(events: EventArrays, asked: Mapping[str, EventFilter]) -> PlanPoints:
    """Keep the located events that pass for some period, and say of each period which do."""
    passing = {name: wanted.mask(events) for name, wanted in asked.items()}
    kept = np.zeros(len(events), dtype=bool)
    for rows in passing.values():
        kept |= rows
    located = np.flatnonzero(kept & events.is_located)
    kinds = (*events.kind.labels, "")
    kind = np.where(events.kind.codes < 0, len(kinds) - 1, events.kind.codes).astype(np.int16)
    periods = {}
    for name, wanted in asked.items():
        rows = passing[name]
        periods[name] = Asked(
            kind=np.where(rows, kind, np.int16(NOT_ASKED))[located],
            unlocated=int(np.count_nonzero(rows & ~events.is_located)),
            imprecise=int(np.count_nonzero(wanted.imprecise(events))),
            weeks=_weeks(wanted, events.occurred_at[rows]),
        )
    return PlanPoints(events.lon[located], events.lat[located], kinds, periods)


def _seen(
    session: Session, viewer: Viewer, layer: EventLayer, question: PlanQuestion
) -> EventArrays:
    if viewer.sees_everything:
        return event_arrays(session, viewer, layer)
    return place_events(session, viewer, layer, today=question.today, tz=question.tz).events


def _weeks(wanted: EventFilter, times: npt.NDArray[np.datetime64]) -> float:
    if wanted.since is not None and wanted.until is not None:
        return (wanted.until - wanted.since).total_seconds() * 1000 / _WEEK_MS
    known = times[~np.isnat(times)]
    if len(known) == 0:
        return 0.0
    span = (known.max() - known.min()).astype("timedelta64[ms]").astype(np.int64)
    return float(span) / _WEEK_MS


def _visits(targets: tuple[PatrolTargetRecord, ...]) -> PlanPoints:
    """Put a line's visits at its middle: a line over a border is one grid's."""
    has_place = [t for t in targets if t.geometry is not None and not t.geometry.is_empty]
    spots = [
        target.geometry.interpolate(0.5, normalized=True)
        if target.geometry is not None and target.geometry.geom_type == "LineString"
        else shapely.point_on_surface(target.geometry)
        for target in has_place
    ]
    xy = shapely.get_coordinates(spots) if spots else np.empty((0, 2))
    kinds = (*sorted({target.kind for target in has_place}), "")
    kind = np.array([kinds.index(target.kind) for target in has_place], dtype=np.int16)
    lost = sum(t.due_per_week for t in targets) - sum(t.due_per_week for t in has_place)
    weight = np.array([target.due_per_week for target in has_place], dtype=np.int64)
    due = {DUE: Asked(kind, lost, weeks=1.0)}
    return PlanPoints(xy[:, 0].copy(), xy[:, 1].copy(), kinds, due, weight)
