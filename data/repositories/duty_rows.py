"""Read the appointments in force on a day as plain columns, leave and substitution resolved.

Used by `data.repositories.people`. Knows nothing of patterns and of coverage.
"""

from collections.abc import Collection, Mapping
from dataclasses import dataclass
from datetime import date
from typing import Any

from sqlalchemy import ColumnElement, Select, and_, or_, select
from sqlalchemy.orm import Session
from sqlalchemy.orm.attributes import InstrumentedAttribute

from data.models import Absence, Appointment, OfficeHolder, Post
from data.repositories.places import PlaceTree
from data.viewer import DisplayLevel, Viewer


@dataclass(frozen=True, slots=True)
class DutyRecord:
    """One appointment that is in force on a day.

    Attributes
    ----------
    holder_title, holder_code, document_no
        Role title, service number and letter of appointment; below display level INTERNAL the
        title is the position's code and the others are None.
    is_on_leave
        The holder is absent that day.
    substitute_title
        Who stands in while the holder is on leave; None without one.
    is_filled
        Somebody does the work that day: the holder, or a substitute.
    since, until
        Half-open span of the appointment.
    """

    post_id: int
    place_id: int
    place_code: str
    place_name: str
    place_level: str
    position: str
    post_title: str
    holder_title: str
    holder_kind: str
    holder_code: str | None
    is_on_leave: bool
    substitute_title: str | None
    is_filled: bool
    is_part_time: bool | None
    is_seat: bool | None
    document_no: str | None
    since: date | None
    until: date | None


def duties_on(
    session: Session, viewer: Viewer, tree: PlaceTree, *, own_only: bool = True
) -> tuple[DutyRecord, ...]:
    """List the duties of the day of a tree, leave and substitution resolved, by place and position.

    Parameters
    ----------
    own_only
        Only at the viewer's places; otherwise at those above them too.
    """
    rows = session.execute(_held_on(tree.as_of)).all()
    absent = set(
        session.scalars(
            select(Absence.office_holder_id).where(_holds(Absence.since, Absence.until, tree.as_of))
        )
    )
    active = {row.id for row in rows}
    stand_ins: dict[int, str] = {}
    for row in rows:
        principal = row.substitutes_id
        if principal in active and principal is not None and row.holder_id not in absent:
            stand_ins[principal] = row.holder_title
    shown = tree.own if own_only else set(tree.records)
    day = _Day(tree, viewer, absent, stand_ins)
    duties = [
        day.duty(row) for row in rows if row.place_id in shown and row.substitutes_id not in active
    ]
    return tuple(sorted(duties, key=lambda d: (d.place_code, d.position, d.holder_title)))


def _held_on(day: date) -> Select[*tuple[Any, ...]]:
    """Ask for the appointments in force on a day, as plain columns: rows may be many."""
    query: Select[*tuple[Any, ...]] = select(
        Appointment.id,
        Appointment.substitutes_id,
        Appointment.is_part_time,
        Appointment.is_seat,
        Appointment.document_no,
        Appointment.since,
        Appointment.until,
        Post.id.label("post_id"),
        Post.place_id,
        Post.position,
        Post.title.label("post_title"),
        OfficeHolder.id.label("holder_id"),
        OfficeHolder.title.label("holder_title"),
        OfficeHolder.kind.label("holder_kind"),
        OfficeHolder.external_id.label("holder_code"),
    )
    return (
        query.join(Post, Post.id == Appointment.post_id)
        .join(OfficeHolder, OfficeHolder.id == Appointment.office_holder_id)
        .where(_holds(Appointment.since, Appointment.until, day))
    )


@dataclass(frozen=True)
class _Day:
    """The circumstances of one day: who is away, and who stands in for which appointment."""

    tree: PlaceTree
    viewer: Viewer
    absent: Collection[int]
    stand_ins: Mapping[int, str]

    def duty(self, row: Any) -> DutyRecord:  # noqa: ANN401 - a result row of `_held_on`
        place = self.tree.records[row.place_id]
        is_on_leave = row.holder_id in self.absent
        substitute = self.stand_ins.get(row.id) if is_on_leave else None
        is_inside = self.viewer.level >= DisplayLevel.INTERNAL
        return DutyRecord(
            post_id=row.post_id,
            place_id=place.id,
            place_code=place.code,
            place_name=place.name,
            place_level=place.level,
            position=row.position,
            post_title=row.post_title,
            holder_title=row.holder_title if is_inside else row.position,
            holder_kind=row.holder_kind,
            holder_code=row.holder_code if is_inside else None,
            is_on_leave=is_on_leave,
            substitute_title=substitute if is_inside or substitute is None else row.position,
            is_filled=not is_on_leave or substitute is not None,
            is_part_time=row.is_part_time,
            is_seat=row.is_seat,
            document_no=row.document_no if is_inside else None,
            since=row.since,
            until=row.until,
        )


def _holds(
    since: InstrumentedAttribute[Any], until: InstrumentedAttribute[Any], day: date
) -> ColumnElement[bool]:
    return and_(or_(since.is_(None), since <= day), or_(until.is_(None), until > day))
