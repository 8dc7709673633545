"""Say who fills which post on a day, who is missing, and how far each unit's roster is complete.

Used by `dashboard.cache.people` and the people screen.
Knows nothing of languages and of drawing. Role titles and service numbers only.
"""

from __future__ import annotations

from dataclasses import dataclass
from enum import StrEnum
from typing import TYPE_CHECKING, Final

from data.repositories.appointments import list_holders, post_histories
from data.repositories.people import coverage, list_posts, roster_gaps
from data.repositories.places import place_tree
from data.vocabulary import PlaceLevel, Position

if TYPE_CHECKING:
    from collections.abc import Iterable
    from datetime import date

    from sqlalchemy.orm import Session

    from data.repositories.appointments import AppointmentRecord, HolderRecord, PostHistory
    from data.repositories.people import Coverage, DutyRecord, PostRecord, RosterState
    from data.repositories.places import PlaceTree
    from data.viewer import Viewer

BEAT_POSITIONS: Final = (Position.BEAT_OFFICER, Position.BEAT_CHIEF, Position.DEPUTY_SECRETARY)
MEMBER_POSITIONS: Final = (
    Position.GRID_LEADER,
    Position.FULL_TIME_MEMBER,
    Position.PART_TIME_MEMBER,
)
STEPS: Final = ("reviewed", "submitted", "decided", "filed")
"""The four steps of an appointment (domain note 4.4), in order."""
CRITERIA: Final = 6
"""How many criteria an appointee has to meet (domain note 4.2)."""


class SeatState(StrEnum):
    """Whether a post's work is done on a day, best to worst."""

    FILLED = "filled"
    SUBSTITUTED = "substituted"
    SHORT = "short"
    ON_LEAVE = "on_leave"
    VACANT = "vacant"


MISSING_STATES: Final = frozenset({SeatState.SHORT, SeatState.ON_LEAVE, SeatState.VACANT})


@dataclass(frozen=True)
class Seat:
    """A post, how it stands on the day, and its history.

    Attributes
    ----------
    community
        Name of the community it belongs to, or of its place when it lies above.
    """

    post: PostRecord
    state: SeatState
    history: PostHistory
    community: str

    @property
    def is_missing(self) -> bool:
        """Whether fewer do the work than are planned."""
        return self.state in MISSING_STATES


@dataclass(frozen=True)
class Step:
    """One step of an appointment: its day, and days since the step before (None: unknown)."""

    code: str
    on: date | None
    days: int | None


@dataclass(frozen=True)
class Covered:
    """K1: units with somebody appointed and on duty; `gaps` name the others."""

    level: str
    units: int
    covered: int
    gaps: tuple[str, ...]

    @property
    def share(self) -> float | None:
        """Covered of all; none without units."""
        return self.covered / self.units if self.units else None


@dataclass(frozen=True)
class People:
    """Everything the people screen shows of one day and area.

    Attributes
    ----------
    seats
        Posts by place, position and title.
    filled, planned
        Persons who do the work of the posts, never more than planned at any one, and how many
        are planned.
    police, members
        K1 of communities (beat officers) and of grids (grid members).
    rosters
        Places that have an active staffing pattern.
    holders
        Who can be appointed.
    """

    as_of: date
    seats: tuple[Seat, ...]
    filled: int
    planned: int
    police: Covered
    members: Covered
    rosters: tuple[RosterState, ...]
    holders: tuple[HolderRecord, ...]

    @property
    def missing(self) -> tuple[Seat, ...]:
        """Posts where somebody is missing, worst first."""
        order = list(SeatState)
        found = [seat for seat in self.seats if seat.is_missing]
        return tuple(sorted(found, key=lambda seat: -order.index(seat.state)))

    def count(self, *states: SeatState) -> int:
        """How many posts are in one of these states."""
        return sum(seat.state in states for seat in self.seats)


def build_people(session: Session, viewer: Viewer, *, as_of: date, area: str = "") -> People:
    """Gather one day.

    Parameters
    ----------
    area
        `level:code` of a subdistrict or community; empty: everything the viewer may see.

    Raises
    ------
    AccessRefused
        `level_too_low`: service numbers are for `INTERNAL`.
    """
    tree = place_tree(session, viewer, as_of=as_of)
    inside = _inside(tree, area)
    histories = post_histories(session, viewer, as_of=as_of)
    posts = [post for post in list_posts(session, viewer, as_of=as_of) if post.place_id in inside]
    seats = tuple(
        Seat(post, state_of(post), histories[post.id], _community(tree, post.place_id))
        for post in posts
    )
    codes = {(tree.records[key].level, tree.records[key].code) for key in inside}
    rosters = roster_gaps(session, viewer, as_of=as_of)
    asked = ((PlaceLevel.COMMUNITY, BEAT_POSITIONS), (PlaceLevel.GRID, MEMBER_POSITIONS))
    police, members = (
        _covered(
            coverage(session, viewer, level=level.value, positions=list(positions), as_of=as_of),
            tree, codes,
        )
        for level, positions in asked
    )  # fmt: skip
    return People(
        as_of=as_of,
        seats=seats,
        filled=sum(min(post.filled_count, post.planned_count) for post in posts),
        planned=sum(post.planned_count for post in posts),
        police=police,
        members=members,
        rosters=tuple(roster for roster in rosters if roster.place_id in inside),
        holders=list_holders(session, viewer),
    )


def state_of(post: PostRecord) -> SeatState:
    """Say how a post stands on the day it was read for."""
    if post.filled_count >= post.planned_count:
        stood_in = any(duty.substitute_title is not None for duty in post.duties)
        return SeatState.SUBSTITUTED if stood_in else SeatState.FILLED
    if post.filled_count:
        return SeatState.SHORT
    return SeatState.ON_LEAVE if post.duties else SeatState.VACANT


def steps_of(appointment: AppointmentRecord) -> tuple[Step, ...]:
    """Give the four steps with the days that each took after the one before."""
    days = [getattr(appointment, f"{code}_on") for code in STEPS]
    steps = []
    for at, (code, on) in enumerate(zip(STEPS, days, strict=True)):
        before = days[at - 1] if at else None
        took = (on - before).days if on is not None and before is not None else None
        steps.append(Step(code, on, took))
    return tuple(steps)


def work_of(duties: Iterable[DutyRecord]) -> tuple[str, ...]:
    """Name who does a post's work: the holder, or who stands in; nobody for those away."""
    return tuple(duty.substitute_title or duty.holder_title for duty in duties if duty.is_filled)


def _inside(tree: PlaceTree, area: str) -> frozenset[int]:
    """Keys of the places in an area, with the stations that look after them."""
    if not area:
        return tree.own
    level, _, code = area.partition(":")
    inside: set[int] = set()
    stations: set[str] = set()
    for key in tree.own:
        record = tree.records[key]
        above = tree.ancestors(key).get(level)
        if (record.level, record.code) == (level, code) or (above and above.code == code):
            inside.add(key)
            stations.add(tree.station_code(key) or "")
    by_code = tree.by_code(PlaceLevel.STATION.value)
    inside |= {by_code[one].id for one in stations if one in by_code}
    return frozenset(inside)


def _community(tree: PlaceTree, place_id: int) -> str:
    own = tree.records[place_id]
    above = tree.ancestors(place_id).get(PlaceLevel.COMMUNITY.value)
    return above.name if above is not None else own.name


def _covered(found: Coverage, tree: PlaceTree, codes: set[tuple[str, str]]) -> Covered:
    """Limit a coverage to the units of an area."""
    gaps = tuple(gap.name for gap in found.gaps if (found.level, gap.code) in codes)
    if len(codes) >= len(tree.own):
        return Covered(found.level, found.units, found.covered, gaps)
    base = {code for level, code in codes if level == found.level}
    micro = {
        record.code
        for record in tree.records.values()
        if record.level == found.level and record.kind not in {"base", found.level}
    }
    units = len(base - micro)
    return Covered(found.level, units, units - len(gaps), gaps)
