"""Copy the edits in force of one plan into another that begins on the same grids.

Used by `data.planning`, in its write transaction. Knows nothing of what an edit means.
"""

from sqlalchemy import select
from sqlalchemy.orm import Session

from data.models import Plan, PlanEdit, PlanSnapshot


def copy_log(session: Session, source_id: int, target_id: int, *, until: int) -> None:
    """Copy edits up to a position, with who drew them and when, and the snapshots among them.

    Parameters
    ----------
    until
        Position of the last edit copied; what was left or undone stays behind.
    """
    target = session.get_one(Plan, target_id)
    rows = session.scalars(
        select(PlanEdit)
        .where(
            PlanEdit.plan_id == source_id,
            PlanEdit.is_left.is_(False),
            PlanEdit.position <= until,
        )
        .order_by(PlanEdit.position)
    ).all()
    numbers = {row.number: row.position for row in rows}
    session.add_all(
        PlanEdit(
            plan_id=target_id,
            number=row.position,
            position=row.position,
            version=target.version,
            kind=row.kind,
            codes=row.codes,
            edit=row.edit,
            inverse=row.inverse,
            outcome=row.outcome,
            report=row.report,
            author=row.author,
            at=row.at,
        )
        for row in rows
    )
    snapshots = session.scalars(select(PlanSnapshot).where(PlanSnapshot.plan_id == source_id))
    session.add_all(
        PlanSnapshot(plan_id=target_id, number=numbers[kept.number], outcome=kept.outcome)
        for kept in snapshots.all()
        if kept.number in numbers
    )
    target.head = target.log_head = len(rows)
    session.flush()
