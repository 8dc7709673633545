"""Write office-holders, leave, posts, appointments and staffing patterns; never a name.

Used by the importers of people; every call runs in the caller's write transaction.
Knows nothing of files and of headers.
"""

from collections import defaultdict
from collections.abc import Mapping, Sequence
from dataclasses import asdict, dataclass
from datetime import date
from enum import StrEnum
from typing import Any

import shapely
from sqlalchemy import select
from sqlalchemy.orm import Session

from data.models import (
    Absence,
    Appointment,
    OfficeHolder,
    Place,
    Post,
    RosterSlot,
    RosterTemplate,
)
from data.repositories.fingerprints import content_hash
from data.vocabulary import PlaceLevel

_SEARCH = (
    PlaceLevel.COMMUNITY,
    PlaceLevel.GRID,
    PlaceLevel.STATION,
    PlaceLevel.SUBDISTRICT,
    PlaceLevel.COUNTY,
    PlaceLevel.CITY,
    PlaceLevel.PROVINCE,
)
"""Levels in which a place's code is looked for, when none is stated."""


class PersonWritten(StrEnum):
    """What became of one row."""

    INSERTED = "inserted"
    UPDATED = "updated"
    UNCHANGED = "unchanged"
    UNKNOWN_PRINCIPAL = "unknown_principal"
    OVERLAPPING = "overlapping_appointment"


@dataclass(frozen=True, slots=True)
class HolderChange:
    """What an office-holder is to be."""

    kind: str
    title: str
    station_id: int | None
    is_party_member: bool | None
    office_phone: str | None


@dataclass(frozen=True, slots=True)
class LeaveChange:
    """One span of leave, half-open."""

    since: date
    until: date | None
    reason: str


@dataclass(frozen=True, slots=True)
class AppointmentChange:
    """What an appointment is to be; the post is made where it is missing.

    Parameters
    ----------
    substitutes
        Id of an appointment, or service number of a holder in the same place and position, whom
        this holder stands in for; empty for none.
    planned_count, point
        Of the post; None leaves what is stored. The point is in EPSG:4326.
    reviewed_on, submitted_on, decided_on, filed_on
        Days on which the candidate was reviewed, put forward, decided upon and put on file.
    criteria_met
        How many of the criteria the candidate met.
    """

    holder_id: int
    place_id: int
    position: str
    post_title: str
    since: date | None
    until: date | None
    substitutes: str
    is_part_time: bool | None
    is_seat: bool | None
    document_no: str | None
    planned_count: int | None
    point: shapely.Point | None
    reviewed_on: date | None = None
    submitted_on: date | None = None
    decided_on: date | None = None
    filed_on: date | None = None
    criteria_met: int | None = None


class HolderWriter:
    """Write office-holders of one source."""

    def __init__(self, session: Session, *, source: str, batch_id: int) -> None:
        self._session, self._source, self._batch_id = session, source, batch_id
        self._stored = {
            holder.external_id: holder
            for holder in session.scalars(select(OfficeHolder).where(OfficeHolder.source == source))
        }
        stations = session.execute(
            select(Place.id, Place.code, Place.name).where(Place.level == PlaceLevel.STATION.value)
        ).all()
        by_name = {row.name: row.id for row in stations}
        self.stations: Mapping[str, int] = by_name | {row.code: row.id for row in stations}

    def put_leave(self, holder_id: int, leave: LeaveChange) -> PersonWritten:
        """Insert or correct one span of leave; it is known by the holder and its first day."""
        before = self._session.scalar(
            select(Absence.id).where(
                Absence.office_holder_id == holder_id, Absence.since == leave.since
            )
        )
        if not self._put_leave(holder_id, leave):
            return PersonWritten.UNCHANGED
        return PersonWritten.INSERTED if before is None else PersonWritten.UPDATED

    def holder(self, code: str) -> tuple[int | None, str]:
        """Give the key of the holder with a service number, or the reason why there is none."""
        own = self._stored.get(code)
        if own is not None:
            return own.id, ""
        found = self._session.scalars(
            select(OfficeHolder.id).where(OfficeHolder.external_id == code)
        ).all()
        if len(found) == 1:
            return found[0], ""
        return None, "ambiguous_officer" if found else "unknown_officer"

    def put(self, key: str, change: HolderChange, leave: LeaveChange | None) -> PersonWritten:
        """Insert or update one holder, and add or correct one span of leave."""
        digest = content_hash(asdict(change))
        holder = self._stored.get(key)
        is_new = holder is None
        if holder is None:
            holder = OfficeHolder(source=self._source, external_id=key, kind="", title="")
            self._session.add(holder)
            self._stored[key] = holder
        is_other = holder.content_hash != digest
        if is_other:
            for name, value in asdict(change).items():
                setattr(holder, name, value)
            holder.content_hash, holder.batch_id = digest, self._batch_id
            self._session.flush()
        has_new_leave = leave is not None and self._put_leave(holder.id, leave)
        if is_new:
            return PersonWritten.INSERTED
        return PersonWritten.UPDATED if is_other or has_new_leave else PersonWritten.UNCHANGED

    def _put_leave(self, holder_id: int, leave: LeaveChange) -> bool:
        stored = self._session.scalar(
            select(Absence).where(
                Absence.office_holder_id == holder_id, Absence.since == leave.since
            )
        )
        if stored is None:
            self._session.add(Absence(office_holder_id=holder_id, **asdict(leave)))
            self._session.flush()
            return True
        if (stored.until, stored.reason) == (leave.until, leave.reason):
            return False
        stored.until, stored.reason = leave.until, leave.reason
        return True


class AppointmentWriter:
    """Look rows up in the store and write appointments of one source."""

    def __init__(self, session: Session, *, source: str, batch_id: int) -> None:
        self._session, self._source, self._batch_id = session, source, batch_id
        self._holders: dict[str, list[OfficeHolder]] = defaultdict(list)
        for holder in session.scalars(select(OfficeHolder)):
            self._holders[holder.external_id].append(holder)
        self._places = {
            (row.level, row.code): row.id
            for row in session.execute(select(Place.id, Place.level, Place.code))
        }
        self._posts = {(p.place_id, p.position, p.title): p for p in session.scalars(select(Post))}
        self._stored: dict[str, Appointment] = {}
        self._by_seat: dict[tuple[int, str], list[Appointment]] = defaultdict(list)
        posts = {post.id: post for post in self._posts.values()}
        for appointment in session.scalars(select(Appointment)):
            if appointment.source == source:
                self._stored[appointment.external_id] = appointment
            post = posts[appointment.post_id]
            self._by_seat[post.place_id, post.position].append(appointment)

    def holder(self, code: str) -> tuple[int | None, str]:
        """Give the key of the holder with a service number, or the reason why there is none."""
        found = self._holders.get(code, [])
        own = [holder for holder in found if holder.source == self._source]
        if len(own) == 1 or len(found) == 1:
            return (own or found)[0].id, ""
        return None, "ambiguous_officer" if found else "unknown_officer"

    def place(self, code: str, level: str) -> int | None:
        """Give the key of a place; without a known level, communities are looked at first."""
        levels = [level] if level in set(PlaceLevel) else [known.value for known in _SEARCH]
        return next(
            (self._places[one, code] for one in levels if (one, code) in self._places), None
        )

    def put(self, key: str, change: AppointmentChange) -> PersonWritten:
        """Insert or update one appointment and its post."""
        stored = self._stored.get(key)
        principal = self._principal(change, stored)
        if change.substitutes and principal is None:
            return PersonWritten.UNKNOWN_PRINCIPAL
        if self._clashes(change, stored):
            return PersonWritten.OVERLAPPING
        post, has_new_post = self._post(change)
        values: dict[str, Any] = {
            "office_holder_id": change.holder_id,
            "post_id": post.id,
            "substitutes_id": principal.id if principal is not None else None,
            "is_part_time": change.is_part_time,
            "is_seat": change.is_seat,
            "document_no": change.document_no,
            "reviewed_on": change.reviewed_on,
            "submitted_on": change.submitted_on,
            "decided_on": change.decided_on,
            "filed_on": change.filed_on,
            "criteria_met": change.criteria_met,
            "since": change.since,
            "until": change.until,
        }
        digest = content_hash(values)
        if stored is None:
            made = Appointment(source=self._source, external_id=key, **values)
            made.batch_id, made.content_hash = self._batch_id, digest
            self._session.add(made)
            self._session.flush()
            self._stored[key] = made
            self._by_seat[change.place_id, change.position].append(made)
            return PersonWritten.INSERTED
        if stored.content_hash == digest and not has_new_post:
            return PersonWritten.UNCHANGED
        for name, value in values.items():
            setattr(stored, name, value)
        stored.content_hash, stored.batch_id = digest, self._batch_id
        return PersonWritten.UPDATED

    def _principal(
        self, change: AppointmentChange, stored: Appointment | None
    ) -> Appointment | None:
        if not change.substitutes:
            return None
        named = self._stored.get(change.substitutes)
        if named is not None and named is not stored:
            return named
        ids = {holder.id for holder in self._holders.get(change.substitutes, [])}
        seat = self._by_seat[change.place_id, change.position]
        found = [a for a in seat if a.office_holder_id in ids]
        found = [a for a in found if _overlaps(a, change)] or found
        return found[0] if found else None

    def _clashes(self, change: AppointmentChange, stored: Appointment | None) -> bool:
        return any(
            other is not stored
            and other.office_holder_id == change.holder_id
            and _overlaps(other, change)
            for other in self._by_seat[change.place_id, change.position]
        )

    def _post(self, change: AppointmentChange) -> tuple[Post, bool]:
        key = (change.place_id, change.position, change.post_title)
        post = self._posts.get(key)
        if post is None:
            post = Post(place_id=key[0], position=key[1], title=key[2])
            post.planned_count, post.geom = change.planned_count or 1, change.point
            self._session.add(post)
            self._session.flush()
            self._posts[key] = post
            return post, True
        before = (post.planned_count, post.geom)
        if change.planned_count is not None:
            post.planned_count = change.planned_count
        if change.point is not None and (
            post.geom is None or not shapely.equals_identical(change.point, post.geom)
        ):
            post.geom = change.point
        return post, (post.planned_count, post.geom) != before


def put_template(session: Session, wanted: Mapping[str, Any], slots: Sequence[Any]) -> str:
    """Insert or replace one staffing pattern; tell ``inserted``, ``updated`` or ``unchanged``.

    Parameters
    ----------
    wanted
        `key`, `level`, `label_zh`, `label_en`, `is_active`.
    slots
        Mappings with `slot`, `sequence`, `min_count`, `positions`, `label_zh`, `label_en`.
    """
    stored = session.scalar(select(RosterTemplate).where(RosterTemplate.key == wanted["key"]))
    if stored is None:
        template = RosterTemplate(**wanted)
        session.add(template)
        session.flush()
        session.add_all(RosterSlot(template_id=template.id, **slot) for slot in slots)
        return "inserted"
    old = session.scalars(
        select(RosterSlot).where(RosterSlot.template_id == stored.id).order_by(RosterSlot.sequence)
    ).all()
    before = [{name: getattr(row, name) for name in slots[0]} for row in old]
    if before == list(slots) and all(getattr(stored, n) == v for n, v in wanted.items()):
        return "unchanged"
    for name, value in wanted.items():
        setattr(stored, name, value)
    for row in old:
        session.delete(row)
    session.flush()
    session.add_all(RosterSlot(template_id=stored.id, **slot) for slot in slots)
    return "updated"


def _overlaps(other: Appointment, change: AppointmentChange) -> bool:
    starts = other.until is None or change.since is None or change.since < other.until
    ends = change.until is None or other.since is None or other.since < change.until
    return starts and ends
