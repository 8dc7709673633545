"""Report a hazard or dispute and move it through its life, each in one transaction of the caller.

Used by `dashboard.actions.cases`. A change writes the row, its step, an audit line and the layer's
revision together; whoever saved first wins, and the other is told. Free text is masked first.
Knows nothing of screens.
"""

import secrets
from dataclasses import asdict, dataclass
from datetime import UTC, datetime
from typing import Any, Final
from zoneinfo import ZoneInfo

import shapely
from sqlalchemy import func, select
from sqlalchemy.orm import Session

from data.database import bump_revision
from data.errors import AccessRefused, DataError, RecordNotFound, StaleRevision
from data.lifecycle import ROLES, CaseAction, Move, apply
from data.models import CaseStep, Dispute, Hazard
from data.privacy import mask_value
from data.repositories.audit import append_audit
from data.repositories.case_records import CaseKey, CaseRecord, StepRecord, record_of
from data.repositories.cases import case_steps, find_case, require_inside, rules_of, workers_of
from data.repositories.event_writes import widen_extent
from data.repositories.fingerprints import content_hash
from data.viewer import DisplayLevel, Viewer
from data.vocabulary import (
    CHANNEL_GROUPS,
    CaseLevel,
    CaseStatus,
    DisputeKind,
    EventLayer,
    HazardKind,
    Severity,
)

HERE: Final = "gridbeat"
"""Source of records that were reported on a screen."""
LONGEST_NOTE: Final = 1000
_KINDS: Final[dict[EventLayer, set[Any]]] = {
    EventLayer.HAZARDS: set(HazardKind),
    EventLayer.DISPUTES: set(DisputeKind),
}
_WORLD: Final = (-180.0, -90.0, 180.0, 90.0)


@dataclass(frozen=True, slots=True)
class Report:
    """A hazard or dispute somebody reports.

    Parameters
    ----------
    lon, lat
        Degrees, EPSG:4326; None where only the unit is known.
    stated_unit
        Code of the grid it is in; needed where there is no point.
    description
        What is wrong with the place, never who: person numbers are masked before writing.
    root_hazard_ref
        Id of the hazard at the root of a dispute.
    """

    layer: EventLayer
    kind: str
    severity: str
    channel: str
    description: str = ""
    lon: float | None = None
    lat: float | None = None
    stated_unit: str | None = None
    root_hazard_ref: str | None = None


def report_case(session: Session, viewer: Viewer, report: Report, *, now: datetime) -> CaseRecord:
    """Write a new case in state `reported`, due to be accepted within the store's limit.

    Parameters
    ----------
    session
        A write session; nothing is committed here.
    now
        Aware moment; also when it was found.

    Raises
    ------
    AccessRefused
        `case_role_refused`, `case_not_yours`, `level_too_low`.
    DataError
        `case_bad_field`: a code that is none of ours; `case_no_place`: neither point nor unit;
        `case_place_off_earth`; `case_note_too_long`.
    """
    viewer.require_level(DisplayLevel.INTERNAL)
    if viewer.role not in ROLES[CaseAction.REPORT]:
        raise AccessRefused(
            "case_role_refused", role=viewer.role.value, action=CaseAction.REPORT.value
        )
    _check(report)
    require_inside(session, viewer, report.lon, report.lat, report.stated_unit)
    model = Hazard if report.layer is EventLayer.HAZARDS else Dispute
    rules = rules_of(session)
    values = asdict(report) | {"layer": report.layer.value, "now": now}
    due_at = rules.limits.accept_by(report.severity, now)
    row = model(
        source=HERE,
        external_id=_new_id(session, report.layer, now, rules.tz),
        kind=report.kind,
        channel=report.channel,
        channel_group=CHANNEL_GROUPS[report.channel].value,
        occurred_at=now,
        reported_at=now,
        time_precision="minute",
        status=CaseStatus.REPORTED.value,
        severity=report.severity,
        level=CaseLevel.GRID.value,
        due_at=due_at,
        limit_minutes=round((due_at - now).total_seconds() / 60),
        stated_unit=report.stated_unit,
        description=_masked(report.description),
        updated_at=now,
        content_hash=content_hash(values),
        version=1,
    )
    if report.lon is not None and report.lat is not None:
        row.geom = shapely.Point(report.lon, report.lat)
        box = (report.lon, report.lat, report.lon, report.lat)
        widen_extent(session, report.layer, box, now)
    if isinstance(row, Dispute):
        row.root_hazard_ref = report.root_hazard_ref
    session.add(row)
    session.flush()
    record = record_of(report.layer, row)
    step = StepRecord(
        now, viewer.name, viewer.role.value, CaseAction.REPORT.value, None,
        CaseStatus.REPORTED.value, CaseLevel.GRID.value, None,
    )  # fmt: skip
    write_step(session, viewer, record, step)
    return record


def move_case(
    session: Session,
    viewer: Viewer,
    key: CaseKey,
    move: Move,
    *,
    expected_version: int,
    now: datetime,
) -> CaseRecord:
    """Take one step in the life of a hazard or dispute.

    Parameters
    ----------
    session
        A write session; nothing is committed here.
    expected_version
        Version of the record that the viewer saw.
    now
        Aware moment of the step.

    Raises
    ------
    StaleRevision
        `case_changed`: somebody saved first; fields `yours`, `current`, `by`, `at`.
    RecordNotFound
        `no_such_case`; `case_has_no_lifecycle`: an incident.
    AccessRefused, DataError
        As `data.lifecycle.apply` and `find_case`; `case_note_too_long`.
    """
    record = find_case(session, viewer, key)
    if not record.has_lifecycle:
        raise RecordNotFound("case_has_no_lifecycle", layer=key.layer.value)
    model: Any = Hazard if key.layer is EventLayer.HAZARDS else Dispute
    row = session.scalars(
        select(model)
        .where(model.id == record.id)
        .with_for_update()
        .execution_options(populate_existing=True)
    ).one()
    record = record_of(key.layer, row)
    steps = case_steps(session, record)
    if row.version != expected_version:
        last = steps[-1] if steps else None
        raise StaleRevision(
            "case_changed",
            yours=expected_version,
            current=row.version,
            by=last.actor if last else "",
            at=last.at if last else row.updated_at,
        )
    note = _masked(move.note)
    outcome = apply(
        record.state(workers_of(steps)),
        Move(move.action, note or "", move.due_at, move.level),
        actor=viewer.name,
        role=viewer.role,
        now=now,
        rules=rules_of(session),
    )
    for name, value in outcome.changes.items():
        setattr(row, name, value)
    row.version, row.updated_at = row.version + 1, now
    session.flush()
    step = StepRecord(
        now, viewer.name, viewer.role.value, move.action.value, record.status,
        outcome.status.value, outcome.level.value, note,
    )  # fmt: skip
    changed = record_of(key.layer, row)
    write_step(session, viewer, changed, step)
    return changed


def write_step(session: Session, viewer: Viewer, record: CaseRecord, step: StepRecord) -> None:
    """Write the step, the audit line and the revision of one change."""
    layer = record.layer.value
    of_case = (
        CaseStep.layer == layer,
        CaseStep.source == record.source,
        CaseStep.external_id == record.external_id,
    )
    last = session.scalar(select(func.max(CaseStep.sequence)).where(*of_case))
    session.add(
        CaseStep(
            layer=layer,
            source=record.source,
            external_id=record.external_id,
            sequence=(last or 0) + 1,
            at=step.at,
            actor=step.actor,
            role=step.role,
            action=step.action,
            status_before=step.status_before,
            status_after=step.status_after,
            level=step.level,
            note=step.note,
        )
    )
    detail = {
        "case": record.key.as_text(),
        "before": step.status_before,
        "after": step.status_after,
        "version": record.version,
    }
    written_at = datetime.now(UTC)  # the log tells when it was written, whatever day a demo shows
    append_audit(session, viewer, f"case_{step.action}", layer, 1, detail, written_at)
    bump_revision(session, layer)


def _check(report: Report) -> None:
    known = {
        "layer": {layer.value for layer in _KINDS},
        "kind": {str(kind) for kind in _KINDS.get(report.layer, ())},
        "severity": {grade.value for grade in Severity},
        "channel": set(CHANNEL_GROUPS),
    }
    for name, codes in known.items():
        if str(getattr(report, name)) not in codes:
            raise DataError("case_bad_field", field=name, value=str(getattr(report, name)))
    if report.lon is None or report.lat is None:
        if not report.stated_unit:
            raise DataError("case_no_place")
        return
    west, south, east, north = _WORLD
    if not (west <= report.lon <= east and south <= report.lat <= north):
        raise DataError("case_place_off_earth", lon=report.lon, lat=report.lat)


def _masked(text: str) -> str | None:
    """Mask person numbers; None for nothing."""
    told = text.strip()
    if len(told) > LONGEST_NOTE:
        raise DataError("case_note_too_long", length=len(told), most=LONGEST_NOTE)
    return mask_value(told) if told else None


def _new_id(session: Session, layer: EventLayer, now: datetime, tz: str) -> str:
    """Make an id of the local day and six signs; a taken one is thrown again."""
    model = Hazard if layer is EventLayer.HAZARDS else Dispute
    day = now.astimezone(ZoneInfo(tz)).strftime("%Y%m%d")
    letter = "H" if layer is EventLayer.HAZARDS else "D"
    while True:
        made = f"{letter}{day}-{secrets.token_hex(3).upper()}"
        taken = select(model.id).where(model.source == HERE, model.external_id == made)
        if session.scalar(taken) is None:
            return made
