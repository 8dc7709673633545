"""Write boundary plans: begin, log an edit, undo, redo, approve, withdraw.

Used by `data.planning`; every call runs in the caller's write transaction, checks the version that
the caller saw, and writes the audit line and the revision of the set `plans` beside the change.
Knows nothing of what an edit means. Comments and drawings set aside stand in
`data.repositories.plan_notes`, publishing in `data.repositories.plan_publishing`.
"""

from dataclasses import dataclass
from datetime import datetime
from typing import Any, Final

from sqlalchemy import func, select, update
from sqlalchemy.orm import Session

from data.database import bump_revision
from data.errors import AccessRefused, DataError, PlanConflict
from data.models import Plan, PlanBase, PlanEdit, PlanSnapshot
from data.repositories.audit import append_audit
from data.repositories.plan_bases import changes_since
from data.repositories.plan_records import (
    LONGEST_NAME,
    DrawnEdit,
    PlanRecord,
    PlanStatus,
    edit_of,
    masked,
    require_planner,
)
from data.repositories.plans import find_plan
from data.viewer import Viewer

PLANS: Final = "plans"
"""Name of the revision of plans."""
_LISTED: Final = 20


@dataclass(frozen=True, slots=True)
class Turn:
    """Who changes which plan, as it was seen, and when.

    Parameters
    ----------
    seen_version
        Version of the plan that the viewer saw.
    at
        Aware moment.
    """

    plan_id: int
    seen_version: int
    at: datetime


@dataclass(frozen=True, slots=True)
class NewPlan:
    """What a plan is called and stands on (keys of `plan_base`)."""

    name: str
    base_id: int
    former_id: int
    note: str = ""
    is_template: bool = False
    source_plan_id: int | None = None


def create_plan(session: Session, viewer: Viewer, new: NewPlan, *, at: datetime) -> PlanRecord:
    """Begin a draft.

    Raises
    ------
    AccessRefused
        `plan_role_refused`.
    DataError
        `plan_without_name`, `plan_text_too_long`.
    """
    require_planner(viewer)
    plan = Plan(
        name=_name(new.name),
        author=viewer.name,
        note=masked(new.note),
        status=PlanStatus.DRAFT.value,
        is_template=new.is_template,
        base_id=new.base_id,
        former_id=new.former_id,
        source_plan_id=new.source_plan_id,
        created_at=at,
        changed_at=at,
        changed_by=viewer.name,
        last_action="create",
    )
    session.add(plan)
    session.flush()
    _tell(session, viewer, plan, "create", {}, at)
    return find_plan(session, viewer, plan.id)


def append_edit(session: Session, viewer: Viewer, turn: Turn, drawn: DrawnEdit) -> PlanRecord:
    """Write an edit behind the head; what was undone is cut off and kept as left.

    Raises
    ------
    PlanConflict
        `plan_changed`: somebody changed the plan first. `data.planning` keeps the drawing.
    DataError
        `plan_not_draft`; `plan_base_changed`: the store's grids are no longer those of the plan.
    """
    plan = locked_plan(session, viewer, turn)
    require_draft(plan)
    require_same_ground(session, viewer, plan)
    leave_undone(session, plan)
    add_edit(session, plan, drawn, author=viewer.name, at=turn.at)
    detail = {
        "kind": drawn.kind,
        "codes": list(drawn.codes[:_LISTED]),
        "count": len(drawn.codes),
        "position": plan.head,
    }
    return mark_changed(session, viewer, plan, "edit", detail, turn.at)


def add_edit(
    session: Session, plan: Plan, drawn: DrawnEdit, *, author: str, at: datetime
) -> PlanEdit:
    """Put one edit behind the head and move the head onto it; the version is the caller's."""
    last = session.scalar(select(func.max(PlanEdit.number)).where(PlanEdit.plan_id == plan.id))
    row = PlanEdit(
        plan_id=plan.id,
        number=(last or 0) + 1,
        position=plan.head + 1,
        version=plan.version + 1,
        kind=drawn.kind,
        codes=list(drawn.codes),
        edit=dict(drawn.edit),
        inverse=dict(drawn.inverse),
        outcome=dict(drawn.outcome),
        report=dict(drawn.report) if drawn.report is not None else None,
        author=author,
        at=at,
    )
    session.add(row)
    plan.head = plan.log_head = plan.head + 1
    session.flush()
    return row


def leave_undone(session: Session, plan: Plan) -> None:
    """Cut off what was undone; it is kept as left."""
    session.execute(
        update(PlanEdit)
        .where(
            PlanEdit.plan_id == plan.id,
            PlanEdit.position > plan.head,
            PlanEdit.is_left.is_(False),
        )
        .values(is_left=True)
    )


def leave_all(session: Session, plan: Plan) -> None:
    """Cut the whole log off: its edits are kept as left, the head is at the beginning."""
    session.execute(
        update(PlanEdit)
        .where(PlanEdit.plan_id == plan.id, PlanEdit.is_left.is_(False))
        .values(is_left=True)
    )
    plan.head = plan.log_head = 0
    session.flush()


def move_head(session: Session, viewer: Viewer, turn: Turn, steps: int) -> PlanRecord:
    """Undo (negative) or redo (positive) edits.

    Raises
    ------
    PlanConflict
        `plan_changed`.
    DataError
        `plan_not_draft`; `plan_nothing_to_undo`, `plan_nothing_to_redo`.
    """
    plan = locked_plan(session, viewer, turn)
    require_draft(plan)
    to = plan.head + steps
    if to < 0:
        raise DataError("plan_nothing_to_undo", plan=plan.name, head=plan.head)
    if to > plan.log_head:
        raise DataError("plan_nothing_to_redo", plan=plan.name, head=plan.head)
    plan.head = to
    action = "undo" if steps < 0 else "redo"
    return mark_changed(session, viewer, plan, action, {"position": to}, turn.at)


def save_snapshot(session: Session, plan_id: int, position: int, outcome: Any) -> None:  # noqa: ANN401 - a JSON value
    """Keep what all edits up to a position made of the base."""
    number = session.scalar(
        select(PlanEdit.number).where(
            PlanEdit.plan_id == plan_id,
            PlanEdit.position == position,
            PlanEdit.is_left.is_(False),
        )
    )
    if number is not None:
        session.add(PlanSnapshot(plan_id=plan_id, number=number, outcome=outcome))
        session.flush()


def describe(
    session: Session, viewer: Viewer, turn: Turn, *, name: str, note: str, is_template: bool
) -> PlanRecord:
    """Change name, note and whether the plan is a template."""
    plan = locked_plan(session, viewer, turn)
    plan.name, plan.note, plan.is_template = _name(name), masked(note), is_template
    return mark_changed(session, viewer, plan, "describe", {}, turn.at)


def approve(session: Session, viewer: Viewer, turn: Turn) -> PlanRecord:
    """Approve a draft: by another person than its author.

    Raises
    ------
    AccessRefused
        `plan_own_approval`.
    DataError
        `plan_not_draft`, `plan_is_template`; `plan_base_changed`.
    PlanConflict
        `plan_changed`.
    """
    plan = locked_plan(session, viewer, turn)
    require_draft(plan)
    if plan.is_template:
        raise DataError("plan_is_template", plan=plan.name)
    if viewer.name == plan.author:
        raise AccessRefused("plan_own_approval", plan=plan.name, author=plan.author)
    require_same_ground(session, viewer, plan)
    plan.status = PlanStatus.APPROVED.value
    plan.approved_by, plan.approved_at = viewer.name, turn.at
    return mark_changed(session, viewer, plan, "approve", {"author": plan.author}, turn.at)


def reopen(session: Session, viewer: Viewer, turn: Turn) -> PlanRecord:
    """Make a draft of an approved or withdrawn plan again; its approval is gone.

    Raises
    ------
    DataError
        `plan_is_published`: rolled back by publishing the former grids.
    """
    plan = locked_plan(session, viewer, turn)
    _require_unpublished(plan)
    plan.status, plan.approved_by, plan.approved_at = PlanStatus.DRAFT.value, None, None
    return mark_changed(session, viewer, plan, "reopen", {}, turn.at)


def withdraw(session: Session, viewer: Viewer, turn: Turn, *, reason: str = "") -> PlanRecord:
    """Give a plan up; it is kept.

    Raises
    ------
    DataError
        `plan_is_published`.
    """
    plan = locked_plan(session, viewer, turn)
    _require_unpublished(plan)
    plan.status, plan.reason = PlanStatus.WITHDRAWN.value, masked(reason)
    return mark_changed(session, viewer, plan, "withdraw", {}, turn.at)


def require_seen(session: Session, viewer: Viewer, turn: Turn) -> None:
    """Refuse when the plan is no longer as the viewer saw it (see `locked_plan`)."""
    record = find_plan(session, viewer, turn.plan_id)
    if record.version != turn.seen_version:
        plan = session.get_one(Plan, record.id)
        raise PlanConflict("plan_changed", **_meanwhile(session, plan, turn.seen_version))


def locked_plan(session: Session, viewer: Viewer, turn: Turn) -> Plan:
    """Give the row of a plan, held until the transaction ends, if it is as the viewer saw it.

    Raises
    ------
    PlanConflict
        `plan_changed`: fields `plan`, `yours`, `current`, `by`, `at`, `action` and `edits`, what
        was drawn meanwhile (number, kind, codes, author, at).
    """
    require_planner(viewer)
    record = find_plan(session, viewer, turn.plan_id)
    plan = session.get_one(Plan, record.id, with_for_update=True, populate_existing=True)
    if plan.version != turn.seen_version:
        raise PlanConflict("plan_changed", **_meanwhile(session, plan, turn.seen_version))
    return plan


def _meanwhile(session: Session, plan: Plan, seen_version: int) -> dict[str, Any]:
    rows = session.scalars(
        select(PlanEdit)
        .where(PlanEdit.plan_id == plan.id, PlanEdit.version > seen_version)
        .order_by(PlanEdit.number)
    )
    drawn = [edit_of(row) for row in rows]
    return {
        "plan": plan.name,
        "yours": seen_version,
        "current": plan.version,
        "by": plan.changed_by,
        "at": plan.changed_at,
        "action": plan.last_action,
        "aside": None,
        "edits": [
            {"number": e.number, "kind": e.kind, "grids": e.codes, "by": e.author, "at": e.at}
            for e in drawn
        ],
    }


def require_same_ground(session: Session, viewer: Viewer, plan: Plan) -> None:
    """Refuse to go on with a plan whose former grids are no longer those of the store.

    Raises
    ------
    DataError
        `plan_base_changed`: fields `plan`, `codes` (first twenty), `count`, `gone`, `added`,
        `shape`, `parent`; `others`, names of the plans published meanwhile.
    """
    changes = changes_since(session, viewer, plan.former_id, remember=True)
    if changes.ground:
        raise DataError(
            "plan_base_changed",
            plan=plan.name,
            codes=changes.ground[:_LISTED],
            count=len(changes.ground),
            gone=changes.gone,
            added=changes.added,
            shape=changes.shape,
            parent=changes.parent,
            others=_published_since(session, plan),
        )


def _published_since(session: Session, plan: Plan) -> tuple[str, ...]:
    begun = session.scalar(select(PlanBase.created_at).where(PlanBase.id == plan.former_id))
    rows = session.scalars(
        select(Plan.name)
        .where(Plan.status == PlanStatus.PUBLISHED.value, Plan.published_at >= begun)
        .order_by(Plan.published_at, Plan.id)
    )
    return tuple(rows)


def require_draft(plan: Plan) -> None:
    """Refuse changes of what is approved, published or withdrawn (`plan_not_draft`)."""
    if plan.status != PlanStatus.DRAFT.value:
        raise DataError("plan_not_draft", plan=plan.name, status=plan.status)


def _require_unpublished(plan: Plan) -> None:
    if plan.status == PlanStatus.PUBLISHED.value:
        raise DataError("plan_is_published", plan=plan.name, effective=plan.effective_on)


def mark_changed(
    session: Session, viewer: Viewer, plan: Plan, action: str, detail: dict[str, Any], at: datetime
) -> PlanRecord:
    """Count the version up and write the books: who did what when, audit line, revision."""
    plan.version += 1
    plan.changed_at, plan.changed_by, plan.last_action = at, viewer.name, action
    session.flush()
    _tell(session, viewer, plan, action, detail, at)
    return find_plan(session, viewer, plan.id)


def _tell(
    session: Session, viewer: Viewer, plan: Plan, action: str, detail: dict[str, Any], at: datetime
) -> None:
    told = {"version": plan.version, "status": plan.status, **detail}
    append_audit(session, viewer, f"plan_{action}", f"plan:{plan.id}", 1, told, at)
    bump_revision(session, PLANS)


def _name(text: str) -> str:
    named = masked(text, LONGEST_NAME)
    if named is None:
        raise DataError("plan_without_name")
    return named
