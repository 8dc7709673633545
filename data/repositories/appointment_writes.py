"""Change who fills a post: record leave, appoint a substitute, end an appointment.

Used by `dashboard.actions.people`. Each call checks inside the caller's write transaction that the
post still is what the form was drawn with, refuses what overlaps, and writes the audit line and
the revision of the set `people` beside the change.
Knows nothing of forms. Leave and reasons are codes, never free text.
"""

from dataclasses import dataclass
from datetime import date, datetime
from typing import Any, Final
from uuid import uuid4

from sqlalchemy import select
from sqlalchemy.orm import Session

from data.database import bump_revision
from data.errors import DataError, RecordNotFound, StaleRevision
from data.models import Absence, Appointment, OfficeHolder, Place, Post
from data.repositories.appointments import (
    AbsenceRecord,
    AppointmentRecord,
    PostHistory,
    histories_of,
)
from data.repositories.audit import append_audit
from data.repositories.places import place_tree
from data.viewer import Viewer

SCREEN_SOURCE: Final = "screen"
"""Source of appointments that were made by hand, not by an import."""
LEAVE_REASONS: Final = ("leave", "sick", "training", "secondment", "other")
_OPEN: Final = "…"


@dataclass(frozen=True, slots=True)
class Change:
    """Who changes what, as the form saw it.

    Parameters
    ----------
    appointment_id
        The appointment that is changed, stood in for, or whose holder goes on leave.
    token
        `PostHistory.token` that the form was drawn with.
    at
        Aware moment of the change.
    """

    appointment_id: int
    token: str
    at: datetime


@dataclass(frozen=True, slots=True)
class Span:
    """Days, half-open: `until` is the first day after; None leaves it open."""

    since: date
    until: date | None

    def overlaps(self, since: date | None, until: date | None) -> bool:
        """Whether a day lies in both."""
        starts = until is None or self.since < until
        ends = self.until is None or since is None or since < self.until
        return starts and ends


def record_leave(session: Session, viewer: Viewer, change: Change, span: Span, reason: str) -> None:
    """Record that the holder of an appointment is away.

    Raises
    ------
    AccessRefused
        `role_may_not_write`.
    RecordNotFound
        `no_such_appointment`.
    StaleRevision
        `post_changed`: somebody changed the post since the form was drawn.
    DataError
        `span_upside_down`; `unknown_leave_reason`; `leave_overlaps` (fields `since`, `until` of
        the leave that stands already).
    """
    _, history, own = _opened(session, viewer, change, span)
    if reason not in LEAVE_REASONS:
        raise DataError("unknown_leave_reason", reason=reason, known=", ".join(LEAVE_REASONS))
    for absence in history.absences:
        if absence.holder_id == own.holder_id and span.overlaps(absence.since, absence.until):
            raise DataError("leave_overlaps", holder=own.holder_title, **_days(absence))
    session.add(
        Absence(office_holder_id=own.holder_id, reason=reason, since=span.since, until=span.until)
    )
    _close(session, viewer, change, "record_leave", {"reason": reason, **_told(span)})


def appoint_substitute(
    session: Session, viewer: Viewer, change: Change, span: Span, holder_id: int
) -> None:
    """Appoint somebody to stand in for the holder of an appointment.

    The substitute counts on the days the holder is on leave.

    Raises
    ------
    AccessRefused
        `role_may_not_write`.
    RecordNotFound
        `no_such_appointment`, `no_such_holder`.
    StaleRevision
        `post_changed`.
    DataError
        `span_upside_down`; `substitute_is_holder`; `outside_appointment`; `substitute_overlaps`;
        `substitute_on_leave`.
    """
    appointment, history, own = _opened(session, viewer, change, span)
    holder = session.get(OfficeHolder, holder_id)
    if holder is None:
        raise RecordNotFound("no_such_holder", holder=holder_id)
    if holder_id == own.holder_id or own.substitutes_id is not None:
        raise DataError("substitute_is_holder", holder=holder.title)
    is_early = own.since is not None and span.since < own.since
    is_late = own.until is not None and (span.until is None or span.until > own.until)
    if is_early or is_late:
        raise DataError("outside_appointment", **_days(own))
    for other in history.appointments:
        is_clash = other.substitutes_id == own.id or other.holder_id == holder_id
        if is_clash and span.overlaps(other.since, other.until):
            raise DataError("substitute_overlaps", holder=other.holder_title, **_days(other))
    for absence in session.scalars(select(Absence).where(Absence.office_holder_id == holder_id)):
        if span.overlaps(absence.since, absence.until):
            days = _span_text(absence.since, absence.until)
            raise DataError("substitute_on_leave", holder=holder.title, **days)
    session.add(
        Appointment(
            source=SCREEN_SOURCE,
            external_id=uuid4().hex,
            office_holder_id=holder_id,
            post_id=appointment.post_id,
            substitutes_id=appointment.id,
            since=span.since,
            until=span.until,
        )
    )
    _close(session, viewer, change, "appoint_substitute", {"holder": holder_id, **_told(span)})


def end_appointment(session: Session, viewer: Viewer, change: Change, until: date) -> None:
    """End an appointment: `until` is the first day on which it holds no more.

    Substitutes of this appointment end with it.

    Raises
    ------
    AccessRefused
        `role_may_not_write`.
    RecordNotFound
        `no_such_appointment`.
    StaleRevision
        `post_changed`.
    DataError
        `ends_before_start`; `ended_already`; `substitute_begins_later`.
    """
    appointment, history, own = _opened(session, viewer, change, None)
    if own.since is not None and until <= own.since:
        raise DataError("ends_before_start", since=own.since.isoformat(), until=until.isoformat())
    if own.until is not None and own.until <= until:
        raise DataError("ended_already", until=own.until.isoformat())
    for other in history.appointments:
        if other.substitutes_id != own.id or (other.until is not None and other.until <= until):
            continue
        if other.since is not None and other.since >= until:
            raise DataError("substitute_begins_later", holder=other.holder_title, **_days(other))
        _row(session, other.id).until = until
    appointment.until = until
    _close(session, viewer, change, "end_appointment", {"until": until.isoformat()})


def _opened(
    session: Session, viewer: Viewer, change: Change, span: Span | None
) -> tuple[Appointment, PostHistory, AppointmentRecord]:
    """Check the right to write and that the post is as the form saw it."""
    viewer.require_write()
    if span is not None and span.until is not None and span.until <= span.since:
        raise DataError("span_upside_down", **_told(span))
    appointment = _row(session, change.appointment_id)
    if not viewer.sees_everything and not _is_own(session, viewer, appointment.post_id):
        raise RecordNotFound("no_such_appointment", appointment=change.appointment_id)
    history = histories_of(session, [appointment.post_id])[appointment.post_id]
    if history.token != change.token:
        title = session.scalar(select(Post.title).where(Post.id == appointment.post_id))
        raise StaleRevision("post_changed", post=title, yours=change.token, current=history.token)
    own = next(record for record in history.appointments if record.id == appointment.id)
    return appointment, history, own


def _is_own(session: Session, viewer: Viewer, post_id: int) -> bool:
    place_id = session.scalar(select(Post.place_id).where(Post.id == post_id))
    return place_id in place_tree(session, viewer).own


def _row(session: Session, key: int) -> Appointment:
    found = session.get(Appointment, key)
    if found is None:
        raise RecordNotFound("no_such_appointment", appointment=key)
    return found


def _close(
    session: Session, viewer: Viewer, change: Change, action: str, detail: dict[str, Any]
) -> None:
    """Write the audit line and the new revision."""
    where = session.execute(
        select(Place.code, Post.position)
        .join(Post, Post.place_id == Place.id)
        .join(Appointment, Appointment.post_id == Post.id)
        .where(Appointment.id == change.appointment_id)
    ).one()
    facts = {"appointment": change.appointment_id, "place": where.code, "position": where.position}
    append_audit(session, viewer, action, "people", 1, facts | detail, change.at)
    bump_revision(session, "people")


def _days(record: AppointmentRecord | AbsenceRecord) -> dict[str, str]:
    return _span_text(record.since, record.until)


def _told(span: Span) -> dict[str, str]:
    return _span_text(span.since, span.until)


def _span_text(since: date | None, until: date | None) -> dict[str, str]:
    return {
        "since": since.isoformat() if since else _OPEN,
        "until": until.isoformat() if until else _OPEN,
    }
