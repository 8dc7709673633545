"""Read boundary plans: list, log of edits, notes, drawings set aside, crosswalk.

Used by `data.planning`, the planner's view models and the command line.
Knows nothing of what an edit means; writes stand in `data.repositories.plan_writes`.
"""

from collections.abc import Collection
from dataclasses import dataclass
from datetime import date, datetime
from typing import Any, Final

from sqlalchemy import select
from sqlalchemy.orm import Session, aliased

from data.errors import RecordNotFound
from data.models import Crosswalk, Plan, PlanAside, PlanBase, PlanEdit, PlanNote, PlanSnapshot
from data.repositories.places import place_tree
from data.repositories.plan_bases import LATEST, BaseChanges, changes_since
from data.repositories.plan_records import (
    PLAN_FIELDS,
    AsideRecord,
    BaseKind,
    CrosswalkRecord,
    EditRecord,
    NoteRecord,
    PlanRecord,
    PlanStatus,
    aside_of,
    crosswalk_of,
    edit_of,
    note_of,
)
from data.viewer import DisplayLevel, Viewer

__all__ = [
    "AsideRecord",
    "CrosswalkRecord",
    "EditRecord",
    "NoteRecord",
    "PlanRecord",
    "PlanStatus",
    "PublishedChange",
    "base_changes",
    "crosswalk",
    "find_plan",
    "list_asides",
    "list_edits",
    "list_notes",
    "list_plans",
    "published_changes",
]

_FORMER: Final = aliased(PlanBase)
_PLANS: Final = (
    select(Plan, PlanBase, _FORMER)
    .join(PlanBase, PlanBase.id == Plan.base_id)
    .join(_FORMER, _FORMER.id == Plan.former_id)
    .execution_options(populate_existing=True)
)


@dataclass(frozen=True, slots=True)
class PublishedChange:
    """A plan that was published: from which day, by whom, why."""

    plan_id: int
    name: str
    effective_on: date
    published_by: str
    published_at: datetime | None
    reason: str | None


def list_plans(
    session: Session,
    viewer: Viewer,
    *,
    statuses: Collection[str] | None = None,
    is_template: bool | None = None,
) -> tuple[PlanRecord, ...]:
    """List the plans of the viewer's areas, changed last first.

    Parameters
    ----------
    statuses
        Keep only these; None keeps all.
    is_template
        Keep only templates, or only others; None keeps both.

    Raises
    ------
    AccessRefused
        `level_too_low`.
    """
    viewer.require_level(DisplayLevel.INTERNAL)
    query = _PLANS
    if statuses is not None:
        query = query.where(Plan.status.in_(list(statuses)))
    if is_template is not None:
        query = query.where(Plan.is_template.is_(is_template))
    rows = session.execute(query.order_by(Plan.changed_at.desc(), Plan.id.desc())).all()
    own = _own_codes(session, viewer)
    return tuple(_record(*row) for row in rows if own is None or row[2].scope_code in own)


def find_plan(session: Session, viewer: Viewer, plan_id: int) -> PlanRecord:
    """Give one plan.

    Raises
    ------
    RecordNotFound
        `no_such_plan`: none of that number that this viewer may see.
    AccessRefused
        `level_too_low`.
    """
    viewer.require_level(DisplayLevel.INTERNAL)
    row = session.execute(_PLANS.where(Plan.id == plan_id)).first()
    own = _own_codes(session, viewer)
    if row is None or (own is not None and row[2].scope_code not in own):
        raise RecordNotFound("no_such_plan", plan=plan_id)
    return _record(*row)


def list_edits(  # noqa: PLR0913 - filters, by name
    session: Session,
    viewer: Viewer,
    plan_id: int,
    *,
    after: int = 0,
    until: int | None = None,
    kinds: Collection[str] | None = None,
    with_left: bool = False,
) -> tuple[EditRecord, ...]:
    """List the edits of a plan in the order in which they were drawn.

    Parameters
    ----------
    after, until
        Only those whose position is beyond `after` and at most `until`.
    kinds
        Only these kinds of edit; None gives all.
    with_left
        Those that an edit after an undo cut off, too.
    """
    plan = find_plan(session, viewer, plan_id)
    query = select(PlanEdit).where(PlanEdit.plan_id == plan.id, PlanEdit.position > after)
    if until is not None:
        query = query.where(PlanEdit.position <= until)
    if kinds is not None:
        query = query.where(PlanEdit.kind.in_(list(kinds)))
    if not with_left:
        query = query.where(PlanEdit.is_left.is_(False))
    rows = session.scalars(query.order_by(PlanEdit.number)).all()
    return tuple(edit_of(row) for row in rows)


def nearest_snapshot(session: Session, plan_id: int, position: int) -> tuple[int, Any] | None:
    """Give position and outcome of the last snapshot that is in force at a position."""
    row = session.execute(
        select(PlanEdit.position, PlanSnapshot.outcome)
        .join(
            PlanEdit,
            (PlanEdit.plan_id == PlanSnapshot.plan_id) & (PlanEdit.number == PlanSnapshot.number),
        )
        .where(
            PlanSnapshot.plan_id == plan_id,
            PlanEdit.is_left.is_(False),
            PlanEdit.position <= position,
        )
        .order_by(PlanEdit.position.desc())
        .limit(1)
    ).first()
    return None if row is None else (row[0], row[1])


def list_notes(
    session: Session, viewer: Viewer, plan_id: int, *, with_closed: bool = False
) -> tuple[NoteRecord, ...]:
    """List the comments of a plan, oldest first."""
    plan = find_plan(session, viewer, plan_id)
    query = select(PlanNote).where(PlanNote.plan_id == plan.id)
    if not with_closed:
        query = query.where(PlanNote.closed_at.is_(None))
    return tuple(note_of(row) for row in session.scalars(query.order_by(PlanNote.id)))


def list_asides(
    session: Session, viewer: Viewer, plan_id: int, *, state: str | None = "open"
) -> tuple[AsideRecord, ...]:
    """List the drawings of a plan that were refused and kept, oldest first.

    Parameters
    ----------
    state
        open, applied or dismissed; None gives all.
    """
    plan = find_plan(session, viewer, plan_id)
    query = select(PlanAside).where(PlanAside.plan_id == plan.id)
    if state is not None:
        query = query.where(PlanAside.state == state)
    return tuple(aside_of(row) for row in session.scalars(query.order_by(PlanAside.id)))


def find_aside(session: Session, viewer: Viewer, aside_id: int) -> AsideRecord:
    """Give one drawing that was set aside.

    Raises
    ------
    RecordNotFound
        `no_such_aside`.
    """
    row = session.get(PlanAside, aside_id)
    if row is None:
        raise RecordNotFound("no_such_aside", aside=aside_id)
    find_plan(session, viewer, row.plan_id)
    return aside_of(row)


def crosswalk(session: Session, viewer: Viewer, plan_id: int) -> tuple[CrosswalkRecord, ...]:
    """Give which share of which former grid went where when a plan was published.

    Grids that the plan left alone are not listed.
    """
    plan = find_plan(session, viewer, plan_id)
    rows = session.scalars(
        select(Crosswalk)
        .where(Crosswalk.plan_id == plan.id)
        .order_by(Crosswalk.old_code, Crosswalk.new_code)
    )
    return tuple(crosswalk_of(row) for row in rows)


def published_changes(
    session: Session, viewer: Viewer, *, since: date | None = None, until: date | None = None
) -> tuple[PublishedChange, ...]:
    """List the plans that were published, by the day from which they hold (half-open span)."""
    found = [
        PublishedChange(
            p.id, p.name, p.effective_on, p.published_by or "", p.published_at, p.reason
        )
        for p in list_plans(session, viewer, statuses=(PlanStatus.PUBLISHED.value,))
        if p.effective_on is not None
        and (since is None or p.effective_on >= since)
        and (until is None or p.effective_on < until)
    ]
    return tuple(sorted(found, key=lambda change: (change.effective_on, change.plan_id)))


def base_changes(session: Session, viewer: Viewer, plan_id: int) -> BaseChanges:
    """Tell how the grids that a plan would replace changed since it was begun."""
    plan = find_plan(session, viewer, plan_id)
    return changes_since(session, viewer, plan.former_id)


def _own_codes(session: Session, viewer: Viewer) -> set[str] | None:
    if viewer.sees_everything:
        return None
    tree = place_tree(session, viewer, as_of=LATEST)
    return {tree.records[key].code for key in tree.own}


def _record(plan: Plan, base: PlanBase, former: PlanBase) -> PlanRecord:
    values = {name: getattr(plan, name) for name in PLAN_FIELDS}
    return PlanRecord(
        **values,
        status=PlanStatus(plan.status),
        base_kind=BaseKind(base.kind),
        base_on=base.base_on,
        base_key=base.key,
        file_name=base.file_name,
        scope_code=former.scope_code,
    )
