"""Read spans of leave from rows of a table and hand them to the store.

Used by `data.importers.people`.
Knows nothing of files. Leave that a later file no longer states stays.
"""

from collections.abc import Sequence

from sqlalchemy.orm import Session

from data.importers.people_columns import day_of, safe_text
from data.importers.people_rows import PersonRow, Tally, first_of_each
from data.repositories.people_writes import HolderWriter, LeaveChange


def write_absences(
    session: Session, rows: Sequence[PersonRow], *, source: str, batch_id: int
) -> Tally:
    """Insert or correct one span of leave (half-open) for each row.

    Leave is known by the office-holder and its first day. A number that several sources use is
    looked for in the named source first.

    Returns
    -------
    Tally
        Reasons: ``unknown_officer``, ``ambiguous_officer``, ``missing_time``, ``bad_date``,
        ``until_before_since``, ``duplicate_id`` (the same holder and first day twice).
    """
    tally = Tally()
    writer = HolderWriter(session, source=source, batch_id=batch_id)
    drafts: dict[int, tuple[int, LeaveChange]] = {}
    usable = []
    for row in rows:
        holder_id, fault = writer.holder(row["officer"].strip())
        if holder_id is None:
            tally.reject(row, "officer", fault)
            continue
        leave, problem = _leave_of(row)
        if leave is None:
            tally.reject(row, *problem)
            continue
        drafts[row.line] = (holder_id, leave)
        usable.append(row)
    keys = [f"{drafts[row.line][0]}|{drafts[row.line][1].since}" for row in usable]
    for row, _key in first_of_each(usable, keys, tally, name="officer"):
        tally.count(writer.put_leave(*drafts[row.line]))
    return tally


def _leave_of(row: PersonRow) -> tuple[LeaveChange | None, tuple[str, str]]:
    since, is_bad_since = day_of(row["since"])
    until, is_bad_until = day_of(row["until"])
    if is_bad_since or is_bad_until:
        return None, ("since" if is_bad_since else "until", "bad_date")
    if since is None:
        return None, ("since", "missing_time")
    if until is not None and until <= since:
        return None, ("until", "until_before_since")
    return LeaveChange(since, until, safe_text(row["reason"]) or "leave"), ("", "")
