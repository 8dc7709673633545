"""Read appointments and leave over all time: who held a post, from when, by which four steps.

Used by the people screen's view models. Reads of one day stand in `data.repositories.people`.
Knows nothing of drawing.
"""

import hashlib
from collections import defaultdict
from collections.abc import Collection, Iterable
from dataclasses import dataclass
from datetime import date

from sqlalchemy import select
from sqlalchemy.orm import Session

from data.models import Absence, Appointment, OfficeHolder, Post
from data.repositories.places import place_tree
from data.viewer import DisplayLevel, Viewer


@dataclass(frozen=True, slots=True)
class AbsenceRecord:
    """One span of leave of an office-holder, half-open; `until` None: until further."""

    id: int
    holder_id: int
    reason: str
    since: date
    until: date | None


@dataclass(frozen=True, slots=True)
class AppointmentRecord:
    """One appointment to a post, in force or not.

    Attributes
    ----------
    holder_title, holder_code, document_no
        Role title, service number and letter of appointment.
    substitutes_id
        Appointment that this one stands in for; None for an appointment of one's own.
    reviewed_on, submitted_on, decided_on, filed_on
        Days of the four steps; None where the file said nothing.
    criteria_met
        How many of the six criteria were met; None where the file said nothing.
    """

    id: int
    holder_id: int
    holder_title: str
    holder_code: str
    substitutes_id: int | None
    is_part_time: bool | None
    is_seat: bool | None
    document_no: str | None
    reviewed_on: date | None
    submitted_on: date | None
    decided_on: date | None
    filed_on: date | None
    criteria_met: int | None
    since: date | None
    until: date | None

    def holds_on(self, day: date) -> bool:
        """Whether it is in force on a day."""
        return (self.since is None or self.since <= day) and (
            self.until is None or day < self.until
        )


@dataclass(frozen=True, slots=True)
class PostHistory:
    """Everything that was ever written about one post.

    Attributes
    ----------
    appointments
        By first day; those without one first.
    absences
        Leave of everybody who ever held the post, by first day.
    token
        Changes with every change of the above: a form sends back what it was drawn with.
    """

    post_id: int
    appointments: tuple[AppointmentRecord, ...]
    absences: tuple[AbsenceRecord, ...]
    token: str


@dataclass(frozen=True, slots=True)
class HolderRecord:
    """An office-holder who may be appointed: role title and service number."""

    id: int
    kind: str
    title: str
    code: str


def post_histories(
    session: Session, viewer: Viewer, *, as_of: date | None = None
) -> dict[int, PostHistory]:
    """Give the history of every post at a place that exists on a day, by the post's key.

    Raises
    ------
    AccessRefused
        `level_too_low`: service numbers and letters are for `INTERNAL`.
    """
    viewer.require_level(DisplayLevel.INTERNAL)
    own = place_tree(session, viewer, as_of=as_of).own
    posts = [key for key, place in session.execute(select(Post.id, Post.place_id)) if place in own]
    return histories_of(session, posts)


def histories_of(session: Session, post_ids: Collection[int]) -> dict[int, PostHistory]:
    """Give the histories of these posts; inside a write session they are what is being changed."""
    held: dict[int, list[AppointmentRecord]] = defaultdict(list)
    rows = session.execute(
        select(Appointment, OfficeHolder).join(
            OfficeHolder, OfficeHolder.id == Appointment.office_holder_id
        )
    )
    wanted = set(post_ids)
    for appointment, holder in rows:
        if appointment.post_id in wanted:
            held[appointment.post_id].append(_record(appointment, holder))
    leave: dict[int, list[AbsenceRecord]] = defaultdict(list)
    for row in session.scalars(select(Absence).order_by(Absence.since)):
        leave[row.office_holder_id].append(
            AbsenceRecord(row.id, row.office_holder_id, row.reason, row.since, row.until)
        )
    return {key: _history(key, held[key], leave) for key in post_ids}


def list_holders(session: Session, viewer: Viewer) -> tuple[HolderRecord, ...]:
    """List the office-holders who hold or held a post the viewer may see, by service number.

    Raises
    ------
    AccessRefused
        `level_too_low`: service numbers are for `INTERNAL`.
    """
    viewer.require_level(DisplayLevel.INTERNAL)
    rows = session.scalars(select(OfficeHolder).order_by(OfficeHolder.external_id))
    holders = [HolderRecord(row.id, row.kind, row.title, row.external_id) for row in rows]
    if viewer.sees_everything:
        return tuple(holders)
    seen = {
        record.holder_id
        for history in post_histories(session, viewer).values()
        for record in history.appointments
    }
    return tuple(holder for holder in holders if holder.id in seen)


def _history(
    post_id: int, appointments: list[AppointmentRecord], leave: dict[int, list[AbsenceRecord]]
) -> PostHistory:
    ordered = tuple(sorted(appointments, key=lambda a: (a.since or date.min, a.id)))
    holders = dict.fromkeys(record.holder_id for record in ordered)
    absences = tuple(
        sorted(
            (absence for holder in holders for absence in leave.get(holder, [])),
            key=lambda a: (a.since, a.id),
        )
    )
    return PostHistory(post_id, ordered, absences, _token((*ordered, *absences)))


def _token(records: Iterable[AppointmentRecord | AbsenceRecord]) -> str:
    told = "\n".join(repr(record) for record in records)
    return hashlib.sha256(told.encode()).hexdigest()[:16]


def _record(row: Appointment, holder: OfficeHolder) -> AppointmentRecord:
    return AppointmentRecord(
        id=row.id,
        holder_id=holder.id,
        holder_title=holder.title,
        holder_code=holder.external_id,
        substitutes_id=row.substitutes_id,
        is_part_time=row.is_part_time,
        is_seat=row.is_seat,
        document_no=row.document_no,
        reviewed_on=row.reviewed_on,
        submitted_on=row.submitted_on,
        decided_on=row.decided_on,
        filed_on=row.filed_on,
        criteria_met=row.criteria_met,
        since=row.since,
        until=row.until,
    )
