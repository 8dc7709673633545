"""Name what a patrol brief is asked for and what it says.

Used by `dashboard.viewmodels.patrol`, which fills it, by the screen, the sheet and the map.
Knows nothing of languages.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Final

from dashboard.viewmodels.patrol_rotation import NOT_TURNED, Rotation
from data.repositories.case_records import CaseKey
from data.vocabulary import ChannelGroup, EventLayer, IncidentKind

if TYPE_CHECKING:
    from collections.abc import Mapping
    from datetime import date, datetime

    import shapely

    from dashboard.viewmodels.town import Area, Town
    from data.counting import Placed
    from data.repositories.registers import PatrolStopRecord, PatrolTargetRecord

CELL_M: Final = 150.0
FEW: Final = 5
"""Below this many incidents a place is shown with the remark that they are few."""
NEAR_M: Final = 100.0
"""Open hazards and disputes this near to a place's middle belong to it, besides those inside it."""
MOST_CASES: Final = 6
STAY_MINUTES: Final = (10, 15)
WALK_KM_PER_HOUR: Final = 4.5
DEFAULT_KINDS: Final = (
    IncidentKind.CRIMINAL.value,
    IncidentKind.PUBLIC_ORDER.value,
    IncidentKind.TRAFFIC.value,
    IncidentKind.DISPUTE_CALL.value,
)
RANKING_GROUPS: Final = frozenset({ChannelGroup.REPORTED.value, ChannelGroup.SENSED.value})
FOUND: Final = ChannelGroup.DISCOVERED.value
HOURS: Final = 24
RECENT_DAYS: Final = 14
RECENT_M: Final = 200.0
"""Near repeats: incidents of the last two weeks within this reach of a place (Townsley 2003)."""
_PEAKS: Final = 2
DATES: Final = 2
"""How many of the latest incidents of a place are told by date."""


@dataclass(frozen=True)
class PatrolAsked:
    """What a brief is for.

    Parameters
    ----------
    area
        Key of an area; empty: the whole store.
    start_hour, end_hour
        Local hours, half-open; an end that is not after the start lies on the next day.
    day
        Day of the shift: history ends at its midnight.
    kinds
        Incident kinds that rank.
    places
        How many places at most.
    """

    area: str
    start_hour: int
    end_hour: int
    day: date
    kinds: tuple[str, ...] = DEFAULT_KINDS
    places: int = 5

    @property
    def hours(self) -> frozenset[int]:
        """Hours of the day in the shift; all of them when start and end are equal."""
        length = (self.end_hour - self.start_hour) % HOURS or HOURS
        return frozenset((self.start_hour + k) % HOURS for k in range(length))

    @property
    def seed(self) -> str:
        """What the turning of the round goes by, besides the day: area and hours."""
        return f"{self.area}|{self.start_hour}-{self.end_hour}"


@dataclass(frozen=True)
class OpenCase:
    """A hazard or dispute that waits at a place."""

    layer: EventLayer
    source: str
    external_id: str
    kind: str
    status: str | None
    due_at: datetime | None
    distance_m: float

    @property
    def key(self) -> str:
        """Write what names the record, as its page's address does."""
        return CaseKey(self.layer, self.source, self.external_id).as_text()


@dataclass(frozen=True)
class PatrolPlace:
    """One place and what it stands on.

    Attributes
    ----------
    lon, lat
        Mean of the ranking incidents, EPSG:4326.
    outline
        The cell, EPSG:4326.
    street, grid_code
        Nearest named street (empty: none within 150 m), and the grid in which the middle lies.
    n_hours
        Incidents in the hours of the shift, of the whole history: what ranks, with `score`.
    n_hours_28_days, n_hours_365_days
        Of these, those of the days before the shift.
    score
        `n_hours` and a light share of what lies around (`patrol_ranking`).
    n_all, n_28_days, n_365_days
        Ranking incidents at any hour: of the whole history, and of the days before the shift.
    latest
        When the latest few of those in the hours happened, the last one first.
    near
        When incidents happened in the last `RECENT_DAYS` days within `RECENT_M` of its ground (or
        on it), at any hour: near repeats.
    by_hour
        Ranking incidents of each local hour.
    kinds
        (code, count) of those in the hours, most first.
    last_at
        When the latest of those in the hours happened.
    last_stop
        The latest stop of a team here before the shift; None: none is known.
    near_stop
        Where `last_stop` is None: the latest stop anywhere in the grid.
    stop_gap_m
        Metres from the middle to whichever of the two is given; 0: a line walked through here.
    rank
        Place among all places of the area and hours, from 1.
    """

    lon: float
    lat: float
    outline: shapely.Polygon
    street: str
    grid_code: str
    n_hours: int
    n_all: int
    n_28_days: int
    n_365_days: int
    by_hour: tuple[int, ...]
    kinds: tuple[tuple[str, int], ...]
    last_at: datetime
    cases: tuple[OpenCase, ...] = ()
    n_cases: int = 0
    last_stop: PatrolStopRecord | None = None
    near_stop: PatrolStopRecord | None = None
    stop_gap_m: float | None = None
    rank: int = 0
    score: float = 0.0
    n_hours_28_days: int = 0
    n_hours_365_days: int = 0
    near: tuple[datetime, ...] = ()
    latest: tuple[datetime, ...] = ()

    @property
    def is_few(self) -> bool:
        """Whether too few incidents stand behind it to say much."""
        return self.n_hours < FEW

    def peaks(self, hours: frozenset[int]) -> tuple[tuple[int, int], ...]:
        """Name the busiest of some hours with their incidents, most first; at most two."""
        ranked = sorted(hours, key=lambda hour: (-self.by_hour[hour], hour))[:_PEAKS]
        return tuple((hour, self.by_hour[hour]) for hour in ranked if self.by_hour[hour])


@dataclass(frozen=True)
class Brief:
    """The brief of one shift.

    Attributes
    ----------
    places
        Best first.
    order
        Rows of `places` in the order of the walk, another one every day.
    walk_m, shortest_m
        Straight-line metres of the walk, and of the shortest one.
    rotation
        Which ranks are on today, and how many take turns.
    stops_since
        The earliest stop that is known; None: no stop at all is.
    first_at
        When the history begins; None without any.
    n_ranked, n_unclocked, n_discovered, n_unlocated
        Incidents of the area and kinds before the shift: those that rank (at any hour); those
        left out because their hour is not known, because police found them, or (of the whole
        store) because they have no place.
    n_proactive, n_unknown
        Left out as well: kinds that are found by looking for them, and channels that are not
        stated.
    is_stated
        Whether any incident says through which channel it came; where none does, all rank.
    targets_due
        Patrol targets of the area with stops of the last seven days and stops due a week.
    """

    asked: PatrolAsked
    area: Area | None
    places: tuple[PatrolPlace, ...]
    order: tuple[int, ...]
    walk_m: float
    first_at: datetime | None
    n_ranked: int
    n_in_hours: int
    n_unclocked: int
    n_discovered: int
    n_unlocated: int
    targets_due: tuple[tuple[PatrolTargetRecord, int], ...] = ()
    shortest_m: float = 0.0
    rotation: Rotation = NOT_TURNED
    stops_since: datetime | None = None
    n_proactive: int = 0
    n_unknown: int = 0
    is_stated: bool = True

    @property
    def minutes(self) -> tuple[int, int]:
        """Least and most minutes of the round: stops of 10-15 minutes and the walk at 4.5 km/h."""
        walk = round(self.walk_m / 1000 / WALK_KM_PER_HOUR * 60)
        low, high = (stay * len(self.places) + walk for stay in STAY_MINUTES)
        return low, high


@dataclass(frozen=True)
class Ground:
    """What a brief is made from."""

    town: Town
    placed: Mapping[EventLayer, Placed]
    stops: tuple[PatrolStopRecord, ...] = ()
    targets: tuple[PatrolTargetRecord, ...] = ()
