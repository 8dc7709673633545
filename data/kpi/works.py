"""Answer how the work goes: shifts, meetings, talks, debriefs, agreements, plans (K10), grades.

Used by the engine. Knows nothing of events but what campaigns count.
"""

from collections import Counter
from collections.abc import Iterable
from datetime import timedelta
from typing import Final
from zoneinfo import ZoneInfo

from data.counting import EventFilter, local_midnight
from data.kpi.desk import DAY, Desk, Measure, gives
from data.kpi.figure import Figure
from data.kpi.spans import month_of
from data.kpi.staffing import officers_of_talks
from data.repositories.registers import (
    AgreementRecord,
    AreaGradeRecord,
    CampaignRecord,
    DebriefRecord,
    DutyShiftRecord,
    MeetingRecord,
    ProgrammeItemRecord,
    TalkRecord,
    TargetRecord,
)
from data.vocabulary import (
    CLOSED_STATES,
    UNCOUNTED_STATES,
    AreaGradeColour,
    DebriefBody,
    DutyKind,
    EventLayer,
    MeetingKind,
    MeetingParty,
    ProgrammeStatus,
    RegisterLayer,
    TargetUnit,
)

DUE_WITHIN: Final = timedelta(days=60)
FOUR_PARTIES: Final = frozenset(
    {
        MeetingParty.RESIDENTS_COMMITTEE.value,
        MeetingParty.PARTY_BRANCH.value,
        MeetingParty.OWNERS_COMMITTEE.value,
        MeetingParty.PROPERTY_COMPANY.value,
    }
)
"""Who must sit at a joint meeting (red property, S1)."""
GOOD_GRADES: Final = frozenset({AreaGradeColour.GREEN.value, AreaGradeColour.BLUE.value})


@gives("time_in_community", "contacts_per_day", *(f"shifts_{kind}" for kind in DutyKind))
def _shifts(desk: Desk) -> Iterable[Figure]:
    """Time in the community, of shifts that state it; contacts of each officer and local day."""
    shifts = desk.register(DutyShiftRecord, RegisterLayer.DUTY_SHIFTS, in_period=True)
    for kind, n in sorted(Counter(shift.kind for shift in shifts).items()):
        if kind in frozenset(DutyKind):
            yield desk.figure(f"shifts_{kind}", n)
    noted = [shift for shift in shifts if shift.minutes_in_community is not None]
    if noted:
        there = sum(shift.minutes_in_community or 0 for shift in noted)
        on_duty = sum((s.ends_at - s.starts_at).total_seconds() / 60 for s in noted)
        yield desk.figure("time_in_community", there, on_duty)
    counted = [shift for shift in shifts if shift.contact_count is not None]
    if counted:
        zone = ZoneInfo(desk.question.tz)
        days = {(s.holder_ref or s.place_code, s.starts_at.astimezone(zone).date())
                for s in counted}  # fmt: skip
        yield desk.figure("contacts_per_day", sum(s.contact_count or 0 for s in counted), len(days))


@gives("meetings_held", "meetings_with_police", "meetings_with_quorum")
def _meetings(desk: Desk) -> Iterable[Figure]:
    """Of the meetings planned up to now those held; of those held, who sat there."""
    meetings = desk.register(MeetingRecord, RegisterLayer.MEETINGS, in_period=True)
    today = desk.question.today
    planned = [m for m in meetings if m.planned_on is not None and m.planned_on <= today]
    held = [m for m in meetings if m.held_on is not None and m.held_on <= today]
    if planned:
        held_ids = {m.id for m in held}
        done = sum(m.id in held_ids for m in planned)
        yield desk.figure("meetings_held", done, len(planned))
    noted = [m for m in held if m.is_police_present is not None]
    if noted:
        present = sum(bool(m.is_police_present) for m in noted)
        yield desk.figure("meetings_with_police", present, len(noted))
    joint = [m for m in held if m.kind == MeetingKind.JOINT and m.parties is not None]
    if joint:
        full = sum(set(m.parties or ()) >= FOUR_PARTIES for m in joint)
        yield desk.figure("meetings_with_quorum", full, len(joint))


@gives("monthly_talks")
def _talks(desk: Desk) -> Iterable[Figure]:
    """Officers with a talk in the local month in which the period (or today) ends."""
    talks = desk.register(TalkRecord, RegisterLayer.TALKS)
    officers = officers_of_talks(desk)
    if not talks or not officers:
        return
    last = desk.cut - timedelta(microseconds=1)
    first_on, next_on = month_of(last, desk.question.tz)
    talked = {talk.holder_ref for talk in talks if first_on <= talk.held_on < next_on}
    yield desk.figure("monthly_talks", len(talked & officers), len(officers))


@gives("debriefs_done")
def _debriefs(desk: Desk) -> Iterable[Figure]:
    """Of two debriefs for each officer, one to each body, those held in the period."""
    officers = officers_of_talks(desk)
    if not desk.has_register(DebriefRecord, RegisterLayer.DEBRIEFS) or not officers:
        return
    rows = desk.register(DebriefRecord, RegisterLayer.DEBRIEFS, in_period=True)
    held = {(row.holder_ref, row.body) for row in rows if row.held_on is not None}
    done = sum(holder in officers for holder, _ in held)
    yield desk.figure("debriefs_done", done, len(DebriefBody) * len(officers))


@gives("agreements_active", "agreements_due")
def _agreements(desk: Desk) -> Iterable[Figure]:
    agreements = desk.register(AgreementRecord, RegisterLayer.AGREEMENTS)
    if not agreements:
        return
    day = desk.question.today
    active = [a for a in agreements if a.since <= day and (a.until is None or a.until > day)]
    due = [a for a in active if a.until is not None and a.until <= day + DUE_WITHIN]
    yield desk.figure("agreements_active", len(active))
    yield desk.figure("agreements_due", len(due))


@gives("areas_good", *(f"areas_{grade}" for grade in AreaGradeColour))
def _grades(desk: Desk) -> Iterable[Figure]:
    """Areas by grade in the newest month that began by the end of the period (or today)."""
    last_on = (desk.cut - timedelta(microseconds=1)).astimezone(ZoneInfo(desk.question.tz)).date()
    rows = [
        row
        for row in desk.register(AreaGradeRecord, RegisterLayer.AREA_GRADES)
        if row.month_on <= last_on
    ]
    if not rows:
        return
    month_on = max(row.month_on for row in rows)
    grades = Counter(row.grade for row in rows if row.month_on == month_on)
    for grade in AreaGradeColour:
        yield desk.figure(f"areas_{grade}", grades[grade.value])
    good = sum(grades[name] for name in GOOD_GRADES)
    yield desk.figure("areas_good", good, sum(grades.values()))


@gives("programme_*")
def _programmes(desk: Desk) -> Iterable[Figure]:
    """Tiles in place of each programme board."""
    items = desk.register(ProgrammeItemRecord, RegisterLayer.PROGRAMMES)
    for programme in sorted({item.programme for item in items}):
        tiles = [item for item in items if item.programme == programme]
        done = sum(tile.status == ProgrammeStatus.IN_PLACE for tile in tiles)
        yield desk.figure(f"programme_{programme}", done, len(tiles))


@gives("campaign_*_days", "campaign_*_rate")
def _campaigns(desk: Desk) -> Iterable[Figure]:
    """Day n of N, and how many of the cases found in the campaign's days were closed."""
    tz, today = desk.question.tz, desk.question.today
    closed_states = frozenset(str(state) for state in CLOSED_STATES)
    void = frozenset(str(state) for state in UNCOUNTED_STATES)
    for row in desk.register(CampaignRecord, RegisterLayer.CAMPAIGNS):
        days = (row.until - row.since).days
        day = min(days, max(0, (today - row.since).days + 1))
        name, scope = f"campaign_{row.external_id}", row.place_code or desk.question.scope
        yield desk.figure(f"{name}_days", day, days, scope=scope)
        span = (local_midnight(row.since, tz), local_midnight(row.until, tz))
        found = desk.events(EventLayer(row.layer), EventFilter(*span))
        found = found.take(~found.status.is_in(void))
        closed = int(found.status.is_in(closed_states).sum())
        yield desk.figure(f"{name}_rate", closed, len(found), scope=scope)


@gives("target_*", "target_*_expected", "target_*_achieved")
def _targets(desk: Desk) -> Iterable[Figure]:
    """K10 of the plan that holds on the day (or ended last); done comes from the engine if unsaid.

    Runs last: a target whose measure is one of the engine's takes that figure's value.
    """
    day = (desk.cut - timedelta(microseconds=1)).astimezone(ZoneInfo(desk.question.tz)).date()
    newest: dict[tuple[str, str], TargetRecord] = {}
    for row in desk.register(TargetRecord, RegisterLayer.TARGETS):
        key = (row.measure, row.place_code or desk.question.scope)
        if row.since <= day and (key not in newest or newest[key].since < row.since):
            newest[key] = row
    for (measure, scope), row in newest.items():
        name = f"target_{measure}"
        elapsed_on = min(day + DAY, row.until)
        passed, whole = (elapsed_on - row.since).days, (row.until - row.since).days
        yield desk.figure(f"{name}_expected", passed, whole, scope=scope)
        done = _done(desk, row, scope)
        if done is None:
            continue
        yield desk.figure(name, done, row.planned, scope=scope)
        if row.unit == TargetUnit.SHARE:
            base = row.base or 1.0
            yield desk.figure(f"{name}_achieved", done * base, base, scope=scope)


def _done(desk: Desk, row: TargetRecord, scope: str) -> float | None:
    """Give what is done, in the unit of the plan; a share stated as a count is divided by base."""
    if row.done is None:
        figure = desk.found.get((row.measure, scope))
        return figure.value if figure is not None else None
    if row.unit == TargetUnit.SHARE and row.base and row.done > 1:
        return row.done / row.base
    return row.done


MEASURES: Final[tuple[Measure, ...]] = (
    _shifts,
    _meetings,
    _talks,
    _debriefs,
    _agreements,
    _grades,
    _programmes,
    _campaigns,
    _targets,
)
