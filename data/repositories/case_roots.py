"""Name the hazard at the root of a dispute, in one transaction of the caller.

Used by `dashboard.actions.cases`. Works as a step: row, step, audit line and revision together.
Knows nothing of screens.
"""

from datetime import datetime
from typing import Final

from sqlalchemy import select
from sqlalchemy.orm import Session

from data.errors import AccessRefused, RecordNotFound, StaleRevision
from data.lifecycle import ROLES, CaseAction, status_of
from data.models import Dispute, Hazard
from data.repositories.case_records import CaseKey, CaseRecord, StepRecord, record_of
from data.repositories.case_writes import write_step
from data.repositories.cases import case_steps, find_case
from data.viewer import Viewer
from data.vocabulary import EventLayer

ROOT_STEP: Final = "root"
"""Action of the step; it moves no state."""


def set_root_hazard(
    session: Session,
    viewer: Viewer,
    key: CaseKey,
    ref: str | None,
    *,
    expected_version: int,
    now: datetime,
) -> CaseRecord:
    """Say which hazard a dispute grew from.

    Parameters
    ----------
    session
        A write session; nothing is committed here.
    ref
        Id of the hazard; None takes the word back.
    expected_version
        Version of the dispute that the viewer saw.
    now
        Aware moment of the step.

    Raises
    ------
    RecordNotFound
        `no_such_case`: no dispute of this key, or no hazard of this id.
    AccessRefused
        `case_role_refused`, and those of `find_case`.
    StaleRevision
        `case_changed`: somebody saved first; fields `yours`, `current`, `by`, `at`.
    """
    if key.layer is not EventLayer.DISPUTES:
        raise RecordNotFound("no_such_case", case=key.external_id, layer="disputes")
    if viewer.role not in ROLES[CaseAction.REPORT]:
        raise AccessRefused("case_role_refused", role=viewer.role.value, action=ROOT_STEP)
    number = find_case(session, viewer, key).id
    row = session.scalars(
        select(Dispute)
        .where(Dispute.id == number)
        .with_for_update()
        .execution_options(populate_existing=True)
    ).one()
    before = record_of(key.layer, row)
    if row.version != expected_version:
        last = next(reversed(case_steps(session, before)), None)
        raise StaleRevision(
            "case_changed",
            yours=expected_version,
            current=row.version,
            by=last.actor if last else "",
            at=last.at if last else row.updated_at,
        )
    is_known = select(Hazard.id).where(Hazard.external_id == ref).limit(1)
    if ref is not None and session.scalar(is_known) is None:
        raise RecordNotFound("no_such_case", case=ref, layer="hazards")
    row.root_hazard_ref = ref
    row.version, row.updated_at = row.version + 1, now
    session.flush()
    status = status_of(before.status).value
    step = StepRecord(
        now, viewer.name, viewer.role.value, ROOT_STEP, before.status, status, before.level, ref
    )
    changed = record_of(key.layer, row)
    write_step(session, viewer, changed, step)
    return changed
