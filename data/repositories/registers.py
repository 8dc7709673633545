"""Read the registers: things with a place, and the work itself.

Used by figures, scenarios, exports, screens and the command line.
Knows nothing of files; writes stand in `data.repositories.register_writes`.
"""

from dataclasses import dataclass, fields
from datetime import date, datetime, time
from typing import Any, Final, TypeVar, cast
from zoneinfo import ZoneInfo

import shapely
from sqlalchemy import ColumnElement, and_, or_, select
from sqlalchemy.orm import Session

from data.config import DEFAULT_TZ
from data.errors import AccessRefused
from data.models import (
    Agreement,
    Appointment,
    Appraisal,
    AreaGrade,
    Building,
    Campaign,
    Debrief,
    Device,
    DutyShift,
    Meeting,
    OfficeHolder,
    PatrolStop,
    PatrolTarget,
    Post,
    ProgrammeItem,
    ServicePoint,
    Talk,
    Target,
)
from data.repositories.places import code_history, place_tree, shapes_of
from data.repositories.register_records import (
    AgreementRecord,
    AppraisalRecord,
    AreaGradeRecord,
    BuildingRecord,
    CampaignRecord,
    DebriefRecord,
    DeviceRecord,
    DutyShiftRecord,
    MeetingRecord,
    PatrolStopRecord,
    PatrolTargetRecord,
    ProgrammeItemRecord,
    RegisterRecord,
    ServicePointRecord,
    TalkRecord,
    TargetRecord,
)
from data.viewer import DisplayLevel, Role, Viewer
from data.vocabulary import RegisterLayer

__all__ = [
    "AgreementRecord",
    "AppraisalRecord",
    "AreaGradeRecord",
    "BuildingRecord",
    "CampaignRecord",
    "DebriefRecord",
    "DeviceRecord",
    "DutyShiftRecord",
    "MeetingRecord",
    "PatrolStopRecord",
    "PatrolTargetRecord",
    "ProgrammeItemRecord",
    "RegisterRecord",
    "ServicePointRecord",
    "TalkRecord",
    "TargetRecord",
    "agreements",
    "appraisals",
    "area_grades",
    "buildings",
    "campaigns",
    "debriefs",
    "devices",
    "duty_shifts",
    "meetings",
    "patrol_stops",
    "patrol_targets",
    "programme_items",
    "record_columns",
    "register_records",
    "require_reader",
    "service_points",
    "talks",
    "targets",
]

Day = date | datetime
"""A bound of a span: a day of Asia/Shanghai, or an aware moment."""
_Record = TypeVar("_Record", bound=RegisterRecord)
_REVIEWERS: Final = frozenset({Role.HR_REVIEWER, Role.STEWARD})
_FREE_TEXT: Final = ("attributes", "subject", "team")


@dataclass(frozen=True, slots=True)
class _Register:
    """Where a register stands: its row class, its record, and the columns that date a row.

    `days` and `moments` date a row each by itself; `has_span` says that `since` and `until` do.
    """

    model: Any
    record: type[RegisterRecord]
    days: tuple[str, ...] = ()
    moments: tuple[str, ...] = ()
    has_span: bool = False


_REGISTERS: Final[dict[RegisterLayer, _Register]] = {
    RegisterLayer.BUILDINGS: _Register(Building, BuildingRecord),
    RegisterLayer.DEVICES: _Register(Device, DeviceRecord),
    RegisterLayer.SERVICE_POINTS: _Register(ServicePoint, ServicePointRecord),
    RegisterLayer.PATROL_TARGETS: _Register(PatrolTarget, PatrolTargetRecord),
    RegisterLayer.PATROL_STOPS: _Register(PatrolStop, PatrolStopRecord, moments=("arrived_at",)),
    RegisterLayer.DUTY_SHIFTS: _Register(DutyShift, DutyShiftRecord, moments=("starts_at",)),
    RegisterLayer.MEETINGS: _Register(Meeting, MeetingRecord, days=("planned_on", "held_on")),
    RegisterLayer.TALKS: _Register(Talk, TalkRecord, days=("held_on",)),
    RegisterLayer.DEBRIEFS: _Register(Debrief, DebriefRecord, days=("held_on",)),
    RegisterLayer.APPRAISALS: _Register(Appraisal, AppraisalRecord, days=("appraised_on",)),
    RegisterLayer.AGREEMENTS: _Register(Agreement, AgreementRecord, has_span=True),
    RegisterLayer.TARGETS: _Register(Target, TargetRecord, has_span=True),
    RegisterLayer.CAMPAIGNS: _Register(Campaign, CampaignRecord, has_span=True),
    RegisterLayer.PROGRAMMES: _Register(ProgrammeItem, ProgrammeItemRecord),
    RegisterLayer.AREA_GRADES: _Register(AreaGrade, AreaGradeRecord, days=("month_on",)),
}
_EVERYBODYS: Final = frozenset(
    {RegisterLayer.TARGETS, RegisterLayer.CAMPAIGNS, RegisterLayer.PROGRAMMES}
)
"""Registers whose rows without a place speak of the whole store: every viewer reads them."""


def register_records(
    session: Session,
    viewer: Viewer,
    layer: RegisterLayer,
    *,
    since: Day | None = None,
    until: Day | None = None,
) -> tuple[RegisterRecord, ...]:
    """Read one register in the order of its ids.

    Parameters
    ----------
    viewer
        With areas, only rows come back that state a place of those areas (under any code it ever
        bore), or, stating none, lie there or speak of an office-holder appointed there. Below
        display level INTERNAL free text (`attributes`, `subject`, `team`) is None; shapes stay,
        for counting only: who shows a wall shows counts.
    since, until
        Half-open; a plain date begins at midnight in Asia/Shanghai. A row counts by the day it
        happened (a meeting by the planned or the held day, a stop by its arrival, a shift by its
        start), one with a span when the spans meet. With either side given, rows without a day
        are left out; things (buildings, devices, service points, patrol targets) and programmes
        are not cut at all.

    Raises
    ------
    AccessRefused
        `role_may_not_read`: appraisals are for `HR_REVIEWER` and `STEWARD` at level ADMIN.
    """
    require_reader(viewer, layer)
    register = _REGISTERS[layer]
    names = record_columns(layer)
    if viewer.level < DisplayLevel.INTERNAL:  # what is hidden is not read either
        names = [name for name in names if name not in _FREE_TEXT]
    hidden: dict[str, Any] = dict.fromkeys(set(record_columns(layer)).difference(names))
    columns = [getattr(register.model, _column_of(name)) for name in names]
    query = select(*columns).order_by(register.model.id)
    for condition in _conditions(register, since, until):
        query = query.where(condition)
    rows = session.execute(query)
    made = [register.record(**dict(zip(names, row, strict=True)), **hidden) for row in rows]
    return tuple(_within(session, viewer, layer, made))


def require_reader(viewer: Viewer, layer: RegisterLayer) -> None:
    """Refuse appraisals to everybody but the reviewing roles at level ADMIN.

    Raises
    ------
    AccessRefused
        `role_may_not_read` (fields `role`, `layer`).
    """
    if layer is not RegisterLayer.APPRAISALS:
        return
    if viewer.role not in _REVIEWERS or viewer.level < DisplayLevel.ADMIN:
        raise AccessRefused("role_may_not_read", role=viewer.role.value, layer=layer.value)


def record_columns(layer: RegisterLayer) -> list[str]:
    """Name the fields of a register's records, in their order."""
    return [each.name for each in fields(_REGISTERS[layer].record)]


def model_of(layer: RegisterLayer) -> Any:  # noqa: ANN401 - one of the fifteen row classes
    """Give the row class of a register; for the writes beside this file only."""
    return _REGISTERS[layer].model


def buildings(session: Session, viewer: Viewer) -> tuple[BuildingRecord, ...]:
    """Read the buildings."""
    return _typed(BuildingRecord, session, viewer, RegisterLayer.BUILDINGS)


def devices(session: Session, viewer: Viewer) -> tuple[DeviceRecord, ...]:
    """Read the devices."""
    return _typed(DeviceRecord, session, viewer, RegisterLayer.DEVICES)


def service_points(session: Session, viewer: Viewer) -> tuple[ServicePointRecord, ...]:
    """Read the service points."""
    return _typed(ServicePointRecord, session, viewer, RegisterLayer.SERVICE_POINTS)


def patrol_targets(session: Session, viewer: Viewer) -> tuple[PatrolTargetRecord, ...]:
    """Read the must-reach points and must-patrol lines."""
    return _typed(PatrolTargetRecord, session, viewer, RegisterLayer.PATROL_TARGETS)


def patrol_stops(
    session: Session, viewer: Viewer, *, since: Day | None = None, until: Day | None = None
) -> tuple[PatrolStopRecord, ...]:
    """Read the stops of teams by their arrival."""
    return _typed(PatrolStopRecord, session, viewer, RegisterLayer.PATROL_STOPS, (since, until))


def duty_shifts(
    session: Session, viewer: Viewer, *, since: Day | None = None, until: Day | None = None
) -> tuple[DutyShiftRecord, ...]:
    """Read the shifts by their start."""
    return _typed(DutyShiftRecord, session, viewer, RegisterLayer.DUTY_SHIFTS, (since, until))


def meetings(
    session: Session, viewer: Viewer, *, since: Day | None = None, until: Day | None = None
) -> tuple[MeetingRecord, ...]:
    """Read the meetings that were planned or held in a span."""
    return _typed(MeetingRecord, session, viewer, RegisterLayer.MEETINGS, (since, until))


def talks(
    session: Session, viewer: Viewer, *, since: Day | None = None, until: Day | None = None
) -> tuple[TalkRecord, ...]:
    """Read the talks held in a span."""
    return _typed(TalkRecord, session, viewer, RegisterLayer.TALKS, (since, until))


def debriefs(
    session: Session, viewer: Viewer, *, since: Day | None = None, until: Day | None = None
) -> tuple[DebriefRecord, ...]:
    """Read the debriefs held in a span; without one also those still owed."""
    return _typed(DebriefRecord, session, viewer, RegisterLayer.DEBRIEFS, (since, until))


def appraisals(
    session: Session, viewer: Viewer, *, since: Day | None = None, until: Day | None = None
) -> tuple[AppraisalRecord, ...]:
    """Read the appraisals; only the reviewing roles may (see `require_reader`)."""
    return _typed(AppraisalRecord, session, viewer, RegisterLayer.APPRAISALS, (since, until))


def agreements(
    session: Session, viewer: Viewer, *, since: Day | None = None, until: Day | None = None
) -> tuple[AgreementRecord, ...]:
    """Read the agreements in force at some time of a span."""
    return _typed(AgreementRecord, session, viewer, RegisterLayer.AGREEMENTS, (since, until))


def targets(
    session: Session, viewer: Viewer, *, since: Day | None = None, until: Day | None = None
) -> tuple[TargetRecord, ...]:
    """Read the plan figures whose period meets a span."""
    return _typed(TargetRecord, session, viewer, RegisterLayer.TARGETS, (since, until))


def campaigns(
    session: Session, viewer: Viewer, *, since: Day | None = None, until: Day | None = None
) -> tuple[CampaignRecord, ...]:
    """Read the campaigns that meet a span."""
    return _typed(CampaignRecord, session, viewer, RegisterLayer.CAMPAIGNS, (since, until))


def programme_items(session: Session, viewer: Viewer) -> tuple[ProgrammeItemRecord, ...]:
    """Read the tiles of the programme boards."""
    return _typed(ProgrammeItemRecord, session, viewer, RegisterLayer.PROGRAMMES)


def area_grades(
    session: Session, viewer: Viewer, *, since: Day | None = None, until: Day | None = None
) -> tuple[AreaGradeRecord, ...]:
    """Read the monthly grades of the months that begin in a span."""
    return _typed(AreaGradeRecord, session, viewer, RegisterLayer.AREA_GRADES, (since, until))


def _typed(
    record: type[_Record],
    session: Session,
    viewer: Viewer,
    layer: RegisterLayer,
    span: tuple[Day | None, Day | None] = (None, None),
) -> tuple[_Record, ...]:
    found = register_records(session, viewer, layer, since=span[0], until=span[1])
    return tuple(each for each in found if isinstance(each, record))


def _column_of(name: str) -> str:
    return "geom" if name == "geometry" else name


def _conditions(
    register: _Register, since: Day | None, until: Day | None
) -> list[ColumnElement[bool]]:
    model = register.model
    found: list[ColumnElement[bool]] = []
    if register.has_span:
        if until is not None:
            found.append(model.since < _day(until))
        if since is not None:
            found.append(or_(model.until.is_(None), model.until > _day(since)))
        return found
    if since is None and until is None:
        return found
    ways = []
    for name in (*register.days, *register.moments):
        column = getattr(model, name)
        bound = _moment if name in register.moments else _day
        sides = [column.is_not(None)]
        if since is not None:
            sides.append(column >= bound(since))
        if until is not None:
            sides.append(column < bound(until))
        ways.append(and_(*sides))
    return [or_(*ways)] if ways else []


def _day(bound: Day) -> date:
    """Give a bound as a day of Asia/Shanghai."""
    return bound.astimezone(ZoneInfo(DEFAULT_TZ)).date() if isinstance(bound, datetime) else bound


def _moment(bound: Day) -> datetime:
    if isinstance(bound, datetime):
        return bound
    return datetime.combine(bound, time(), ZoneInfo(DEFAULT_TZ))


def _within(
    session: Session, viewer: Viewer, layer: RegisterLayer, made: list[RegisterRecord]
) -> list[RegisterRecord]:
    """Keep what lies in the viewer's areas."""
    if viewer.sees_everything or not made:
        return made
    tree = place_tree(session, viewer)
    codes = {tree.records[key].code for key in tree.own if key in tree.records}
    codes |= {period.code for period in code_history(session, viewer)}
    holders = _holders_at(session, tree.own)
    keep, loose = [], []
    for record in made:
        code = getattr(record, "place_code", None)
        holder = getattr(record, "holder_ref", None)
        if code is not None:
            keep.append(code in codes)
        elif holder is not None:
            keep.append(holder in holders)
        else:
            keep.append(layer in _EVERYBODYS)
            if getattr(record, "geometry", None) is not None:
                loose.append(len(keep) - 1)
    if loose:
        shapes = list(shapes_of(session, tree.own, as_of=tree.as_of).values())
        spots = [cast("Any", made[k]).geometry.representative_point() for k in loose]
        hits = shapely.STRtree(shapes).query(spots, predicate="intersects")[0] if shapes else []
        for hit in set(hits):
            keep[loose[int(hit)]] = True
    return [record for record, is_own in zip(made, keep, strict=True) if is_own]


def _holders_at(session: Session, places: frozenset[int]) -> set[str]:
    """Service numbers of everybody who ever held a post at one of the places."""
    query = (
        select(OfficeHolder.external_id, Post.place_id)
        .join(Appointment, Appointment.office_holder_id == OfficeHolder.id)
        .join(Post, Post.id == Appointment.post_id)
    )
    return {row.external_id for row in session.execute(query) if row.place_id in places}
