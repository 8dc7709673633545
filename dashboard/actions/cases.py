"""Report and move cases for a screen: one write transaction each.

Used by the screens of cases. Knows nothing of Streamlit and of sentences.
"""

from __future__ import annotations

from dataclasses import replace
from datetime import UTC, datetime
from typing import TYPE_CHECKING

from data.repositories.case_records import CaseRecord
from data.repositories.case_roots import set_root_hazard
from data.repositories.case_writes import HERE, move_case, report_case
from data.repositories.cases import near_cases

if TYPE_CHECKING:
    from data.database import Database
    from data.lifecycle import Move
    from data.repositories.case_records import CaseKey
    from data.repositories.case_writes import Report
    from data.viewer import Role, Viewer


def acting_as(viewer: Viewer, name: str, role: Role) -> Viewer:
    """Let a viewer without an account of their own act under a service number and its role.

    What they may see does not change by it.
    """
    return replace(viewer, name=name, role=role)


def move(
    database: Database,
    viewer: Viewer,
    key: CaseKey,
    wanted: Move,
    *,
    expected_version: int,
    now: datetime | None = None,
) -> CaseRecord:
    """Take one step at an aware moment; without one, now.

    Raises
    ------
    StaleRevision, RecordNotFound, AccessRefused, DataError
        As `data.repositories.case_writes.move_case`.
    """
    at = now or datetime.now(UTC)
    with database.write() as session:
        return move_case(session, viewer, key, wanted, expected_version=expected_version, now=at)


def set_root(
    database: Database,
    viewer: Viewer,
    key: CaseKey,
    ref: str | None,
    *,
    expected_version: int,
    now: datetime,
) -> CaseRecord:
    """Say which hazard a dispute grew from; None takes the word back.

    Raises
    ------
    StaleRevision, RecordNotFound, AccessRefused
        As `data.repositories.case_roots.set_root_hazard`.
    """
    with database.write() as session:
        return set_root_hazard(
            session, viewer, key, ref, expected_version=expected_version, now=now
        )


def report(database: Database, viewer: Viewer, told: Report, *, now: datetime) -> CaseRecord:
    """Write a new case, found at `now` (aware).

    Raises
    ------
    AccessRefused, DataError
        As `data.repositories.case_writes.report_case`.
    """
    with database.write() as session:
        return report_case(session, viewer, told, now=now)


def duplicates(
    database: Database, viewer: Viewer, told: Report, now: datetime
) -> tuple[tuple[CaseRecord, float], ...]:
    """Find what may already be the same thing as a report: same kind, within 30 m and 24 h."""
    draft = CaseRecord(
        layer=told.layer, id=0, source=HERE, external_id="", kind=told.kind, kind_source=None,
        channel=told.channel, occurred_at=None, occurred_until=None, time_precision="minute",
        time_flags=None, reported_at=None, accepted_at=None, handled_at=None, closed_at=None,
        due_at=None, status=None, outcome=None, stated_unit=told.stated_unit, description=None,
        line=None, batch_id=None, version=0, lon=told.lon, lat=told.lat,
    )  # fmt: skip
    with database.read() as session:
        return near_cases(session, viewer, draft, now)
