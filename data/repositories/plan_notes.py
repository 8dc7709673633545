"""Write comments on plans, and keep the drawings that were refused until somebody decides.

Used by `data.planning`; every call runs in the caller's write transaction, with audit and revision.
Knows nothing of what an edit means.
"""

from collections.abc import Mapping
from datetime import datetime
from typing import Any, Final

from sqlalchemy import update
from sqlalchemy.orm import Session

from data.database import bump_revision
from data.errors import DataError, RecordNotFound
from data.models import PlanAside, PlanNote
from data.repositories.audit import append_audit
from data.repositories.plan_records import masked, require_planner
from data.repositories.plan_writes import PLANS, Turn
from data.repositories.plans import find_aside, find_plan
from data.viewer import Viewer

TOO_LATE: Final = frozenset({"plan_changed", "plan_base_changed", "plan_not_draft"})
"""Reasons that lie in the plan, not in the drawing."""


def comment(
    session: Session,
    viewer: Viewer,
    plan_id: int,
    *,
    text: str,
    grid_code: str | None,
    at: datetime,
) -> int:
    """Comment on a grid, or on the plan; anybody who plans may, at any time. Gives the key.

    Raises
    ------
    DataError
        `plan_note_empty`, `plan_text_too_long`.
    """
    require_planner(viewer)
    plan = find_plan(session, viewer, plan_id)
    told = masked(text)
    if told is None:
        raise DataError("plan_note_empty")
    note = PlanNote(plan_id=plan.id, grid_code=grid_code, note=told, author=viewer.name, at=at)
    session.add(note)
    session.flush()
    append_audit(session, viewer, "plan_comment", f"plan:{plan.id}", 1, {"grid": grid_code}, at)
    bump_revision(session, PLANS)
    return note.id


def close_comment(session: Session, viewer: Viewer, note_id: int, *, at: datetime) -> None:
    """Mark a comment as dealt with.

    Raises
    ------
    RecordNotFound
        `no_such_note`.
    """
    require_planner(viewer)
    note = session.get(PlanNote, note_id)
    if note is None:
        raise RecordNotFound("no_such_note", note=note_id)
    find_plan(session, viewer, note.plan_id)
    if note.closed_at is None:
        note.closed_by, note.closed_at = viewer.name, at
        append_audit(session, viewer, "plan_close_comment", f"plan:{note.plan_id}", 1, None, at)
        bump_revision(session, PLANS)


def set_aside(
    session: Session, viewer: Viewer, turn: Turn, edit: Mapping[str, Any], fault: DataError
) -> int:
    """Keep a drawing that was refused; gives its key.

    Of drawings that meant nothing on the grids only the author's last one waits: those before it
    are dismissed. Those that somebody was quicker than all wait.
    """
    require_planner(viewer)
    plan = find_plan(session, viewer, turn.plan_id)
    if fault.code not in TOO_LATE:
        session.execute(
            update(PlanAside)
            .where(
                PlanAside.plan_id == plan.id,
                PlanAside.author == viewer.name,
                PlanAside.state == "open",
                PlanAside.reason.not_in(sorted(TOO_LATE)),
            )
            .values(state="dismissed", closed_by=viewer.name, closed_at=turn.at)
        )
    row = PlanAside(
        plan_id=plan.id,
        edit=dict(edit),
        reason=fault.code,
        fields={name: plain(value) for name, value in fault.fields.items()},
        seen_version=turn.seen_version,
        current_version=plan.version,
        author=viewer.name,
        at=turn.at,
    )
    session.add(row)
    session.flush()
    detail = {"reason": fault.code, "aside": row.id}
    append_audit(session, viewer, "plan_set_aside", f"plan:{plan.id}", 1, detail, turn.at)
    bump_revision(session, PLANS)
    return row.id


def close_aside(
    session: Session, viewer: Viewer, aside_id: int, *, state: str, at: datetime
) -> None:
    """Mark a drawing that was set aside as `applied` or `dismissed`.

    Raises
    ------
    RecordNotFound
        `no_such_aside`.
    DataError
        `aside_is_closed`.
    """
    require_planner(viewer)
    aside = find_aside(session, viewer, aside_id)
    row = session.get_one(PlanAside, aside_id, with_for_update=True, populate_existing=True)
    if row.state != "open":
        raise DataError("aside_is_closed", aside=aside_id, by=row.closed_by or "", state=row.state)
    row.state, row.closed_by, row.closed_at = state, viewer.name, at
    session.flush()
    subject = f"plan:{aside.plan_id}"
    append_audit(session, viewer, f"plan_aside_{state}", subject, 1, {"aside": aside_id}, at)
    bump_revision(session, PLANS)


def plain(value: Any) -> Any:  # noqa: ANN401 - any field of an error
    """Write a field of an error as a JSON value."""
    if isinstance(value, Mapping):
        return {str(key): plain(item) for key, item in value.items()}
    if isinstance(value, list | tuple | set | frozenset):
        return [plain(item) for item in value]
    return value if value is None or isinstance(value, bool | int | float | str) else str(value)
