"""Write shifts, meetings, talks, debriefs and appraisals: by post and service number, no names.

Used by the stories of the scenarios. Columns are named as the fields of the registers.
"""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import date, datetime, time, timedelta

import numpy as np

from data.scenarios.incidents import Row
from data.scenarios.people import Staff
from data.scenarios.stages import flag
from data.scenarios.town import Town
from data.vocabulary import (
    AppraisalKind,
    DebriefBody,
    DutyKind,
    MeetingKind,
    MeetingParty,
    Position,
)

_DUTIES = (
    DutyKind.PATROL, DutyKind.HAZARD_SURVEY, DutyKind.MEDIATION, DutyKind.REGISTRATION,
    DutyKind.PARTY_BUILDING, DutyKind.JOINT_PREVENTION, DutyKind.RECEPTION,
)  # fmt: skip
_STARTS = (time(8, 30), time(8, 30), time(8, 30), time(14, 0))
_SHIFT = timedelta(hours=8)
_WORK_DAYS = 5
_WEEKEND_TURN = 3
_WEEKEND_STARTS = (time(8, 30), time(14, 0))
_WEEKEND_DUTIES = (DutyKind.PATROL, DutyKind.MEDIATION, DutyKind.RECEPTION)
_HELD, _POLICE_COMES = 0.95, 0.92
_ALL_FOUR = (
    MeetingParty.RESIDENTS_COMMITTEE, MeetingParty.PARTY_BRANCH, MeetingParty.OWNERS_COMMITTEE,
    MeetingParty.PROPERTY_COMPANY,
)  # fmt: skip
_SITTING = {
    MeetingKind.WEEKLY: (
        MeetingParty.RESIDENTS_COMMITTEE, MeetingParty.POLICE, MeetingParty.PROPERTY_COMPANY
    ),
    MeetingKind.TWO_COMMITTEES: (
        MeetingParty.PARTY_BRANCH, MeetingParty.RESIDENTS_COMMITTEE, MeetingParty.POLICE
    ),
}  # fmt: skip
_SUBJECTS = {MeetingKind.WEEKLY: "一周治安会商", MeetingKind.TWO_COMMITTEES: "“两委”联席议事"}
_WEDNESDAY = 2


@dataclass(frozen=True)
class ShiftOrder:
    """Shifts of the last weeks: share of time in the community, and least contacts of a day.

    The share is exact over all shifts. `weekends`: whether a third of the posts works on them.
    """

    weeks: int
    share: float
    contacts: int
    weekends: bool = False


def shift_rows(
    staff: Staff, as_of: date, order: ShiftOrder, dice: np.random.Generator
) -> list[Row]:
    """Give every beat officer a shift on each working day; at weekends one in three, if asked.

    Pairs of shifts balance the share; those at weekends, in turn, keep to it one by one.
    """
    minutes = int(_SHIFT.total_seconds() / 60)
    rows: list[Row] = []
    posts = [
        row
        for row in staff.appointments
        if row["position"] in {Position.BEAT_OFFICER.value, Position.BEAT_CHIEF.value}
        and row["until"] is None
    ]
    off = 0
    for days_back in range(7 * order.weeks, 0, -1):
        day = as_of - timedelta(days=days_back)
        if day.weekday() >= _WORK_DAYS:
            continue
        for post in posts:
            off = -off if off > 0 else int(dice.integers(5, 60))
            starts = datetime.combine(day, _STARTS[int(dice.integers(len(_STARTS)))])
            rows.append(
                {
                    "external_id": "",
                    "place_code": post["place"],
                    "position": post["position"],
                    "holder_ref": post["officer"],
                    "kind": _DUTIES[int(dice.integers(len(_DUTIES)))].value,
                    "starts_at": starts,
                    "ends_at": starts + _SHIFT,
                    "minutes_in_community": round(order.share * minutes) + off,
                    "contact_count": order.contacts + int(dice.poisson(2.6)),
                }
            )
    if len(rows) % 2:
        rows[-1]["minutes_in_community"] = round(order.share * minutes)
    if order.weekends:
        rows += _weekend_rows(posts, as_of, order, dice.spawn(1)[0])
    for at, row in enumerate(rows, 1):
        row["external_id"] = f"BC{at:05d}"
    return rows


def _weekend_rows(
    posts: Sequence[Row], as_of: date, order: ShiftOrder, dice: np.random.Generator
) -> list[Row]:
    """Let a third of the posts work on each weekend day, by day and evening, each in its turn."""
    rows: list[Row] = []
    for days_back in range(7 * order.weeks, 0, -1):
        day = as_of - timedelta(days=days_back)
        if day.weekday() < _WORK_DAYS:
            continue
        for at, post in enumerate(posts):
            if (at + days_back) % _WEEKEND_TURN:
                continue
            starts = datetime.combine(day, _WEEKEND_STARTS[len(rows) % len(_WEEKEND_STARTS)])
            kind = _WEEKEND_DUTIES[int(dice.integers(len(_WEEKEND_DUTIES)))]
            rows.append(
                {
                    "external_id": "",
                    "place_code": post["place"],
                    "position": post["position"],
                    "holder_ref": post["officer"],
                    "kind": kind.value,
                    "starts_at": starts,
                    "ends_at": starts + _SHIFT,
                    "minutes_in_community": round(order.share * int(_SHIFT.total_seconds() / 60)),
                    "contact_count": order.contacts + int(dice.poisson(2.6)),
                }
            )
    return rows


def meeting_rows(town: Town, as_of: date, weeks: int, dice: np.random.Generator) -> list[Row]:
    """Plan a weekly consultation and a monthly sitting with the two committees; most are held."""
    rows: list[Row] = []
    first = as_of - timedelta(days=7 * weeks)
    first += timedelta(days=(_WEDNESDAY - first.weekday()) % 7)
    for week in range(weeks):
        day = first + timedelta(days=7 * week)
        for community in town.of("community"):
            kind = MeetingKind.TWO_COMMITTEES if week % 4 == 0 else MeetingKind.WEEKLY
            is_held = bool(dice.random() < _HELD) and day < as_of
            has_police = bool(dice.random() < _POLICE_COMES)
            parties = [p for p in _SITTING[kind] if has_police or p is not MeetingParty.POLICE]
            rows.append(
                {
                    "external_id": f"HY{len(rows) + 1:04d}",
                    "place_code": community.code,
                    "kind": kind.value,
                    "planned_on": day,
                    "held_on": day if is_held else None,
                    "parties": _listed(parties) if is_held else None,
                    "is_police_present": flag(has_police) if is_held else None,
                    "hazard_ref": None,
                    "subject": _SUBJECTS[kind],
                }
            )
    return rows


def joint_meetings(rows: list[Row], hazards: Sequence[Row]) -> None:
    """Add a four-party meeting about each of some hazards; one in four lacks a party."""
    for at, hazard in enumerate(hazards):
        found = hazard["occurred_at"]
        if not isinstance(found, datetime):
            continue
        parties = _ALL_FOUR[:3] if at % 4 == 3 else _ALL_FOUR  # noqa: PLR2004 - every fourth
        rows.append(
            {
                "external_id": f"HY{len(rows) + 1:04d}",
                "place_code": hazard["stated_unit"],
                "kind": MeetingKind.JOINT.value,
                "planned_on": found.date() + timedelta(days=1),
                "held_on": found.date() + timedelta(days=1),
                "parties": _listed([*parties, MeetingParty.POLICE]),
                "is_police_present": "true",
                "hazard_ref": hazard["id"],
                "subject": "四方联动议事",
            }
        )


def talk_rows(staff: Staff, months: Sequence[date], dice: np.random.Generator) -> list[Row]:
    """Give every deputy secretary one talk in each month (first days of months)."""
    rows: list[Row] = []
    for month in months:
        for seat in deputies(staff):
            day = month + timedelta(days=int(dice.integers(2, 26)))
            rows.append(
                {
                    "external_id": f"TX{len(rows) + 1:04d}",
                    "holder_ref": seat["officer"],
                    "place_code": seat["place"],
                    "held_on": day,
                }
            )
    return rows


def debrief_rows(staff: Staff, period: str, held_on: date) -> list[Row]:
    """Give every deputy secretary two debriefs: to the city's police and to the subdistrict."""
    return [
        {
            "external_id": f"SZ{2 * at + number:04d}",
            "holder_ref": seat["officer"],
            "body": body.value,
            "period": period,
            "held_on": held_on + timedelta(days=at % 5),
        }
        for at, seat in enumerate(deputies(staff))
        for number, body in enumerate(DebriefBody, 1)
    ]


def appraisal_rows(
    staff: Staff, period: str, appraised_on: date, dice: np.random.Generator
) -> list[Row]:
    """Give every deputy secretary a score for each part of the appraisal, 78 to 98 points."""
    return [
        {
            "external_id": f"KH{3 * at + number:04d}",
            "holder_ref": seat["officer"],
            "kind": kind.value,
            "period": period,
            "score": float(np.round(dice.uniform(78.0, 98.0), 1)),
            "appraised_on": appraised_on,
        }
        for at, seat in enumerate(deputies(staff))
        for number, kind in enumerate(AppraisalKind, 1)
    ]


def deputies(staff: Staff) -> list[Row]:
    """Appointments as deputy secretary."""
    return [r for r in staff.appointments if r["position"] == Position.DEPUTY_SECRETARY.value]


def _listed(parties: Sequence[MeetingParty]) -> str:
    return ";".join(party.value for party in parties)
