"""Change who fills a post: leave, substitution, end of an appointment; one transaction each.

Used by the people screen. Knows nothing of screens; `data.repositories.appointment_writes` checks
and decides.
"""

from __future__ import annotations

from dataclasses import dataclass
from datetime import UTC, datetime
from typing import TYPE_CHECKING

from data.repositories.appointment_writes import (
    Change,
    Span,
    appoint_substitute,
    end_appointment,
    record_leave,
)

if TYPE_CHECKING:
    from datetime import date

    from data.database import Database
    from data.viewer import Viewer


@dataclass(frozen=True)
class Target:
    """Which appointment, and the state of its post that the form was drawn with."""

    appointment_id: int
    token: str

    def change(self) -> Change:
        """Date the change now."""
        return Change(self.appointment_id, self.token, datetime.now(UTC))


def leave(database: Database, viewer: Viewer, target: Target, span: Span, reason: str) -> None:
    """Record leave of the holder.

    Raises
    ------
    AccessRefused, RecordNotFound, StaleRevision, DataError
        Those of `record_leave`; nothing was written.
    """
    with database.write() as session:
        record_leave(session, viewer, target.change(), span, reason)


def substitute(
    database: Database, viewer: Viewer, target: Target, span: Span, holder_id: int
) -> None:
    """Appoint who stands in for the holder.

    Raises
    ------
    AccessRefused, RecordNotFound, StaleRevision, DataError
        Those of `appoint_substitute`; nothing was written.
    """
    with database.write() as session:
        appoint_substitute(session, viewer, target.change(), span, holder_id)


def end(database: Database, viewer: Viewer, target: Target, until: date) -> None:
    """End the appointment; `until` is the first day on which it holds no more.

    Raises
    ------
    AccessRefused, RecordNotFound, StaleRevision, DataError
        Those of `end_appointment`; nothing was written.
    """
    with database.write() as session:
        end_appointment(session, viewer, target.change(), until)
