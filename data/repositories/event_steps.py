"""Keep what was done on a screen from later files, and write the step of a state a file changes.

Used by `data.repositories.event_writes`. Knows nothing of files and of who may take a step.
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any, Final

from sqlalchemy import ARRAY, ColumnElement, Table, Text, any_, bindparam, func, insert, select
from sqlalchemy import update as update_of
from sqlalchemy.orm import Session

from data.dialects import SERVED, dialect_of
from data.models import CaseStep
from data.vocabulary import CaseStatus, EventLayer

IMPORTED: Final = "import"
"""Action of a step that a file caused; its actor is the source."""
LIFE_COLUMNS: Final = frozenset({
    "status", "accepted_at", "handled_at", "closed_at", "due_at", "updated_at", "filed_at",
    "assigned_at", "verified_at", "level", "limit_minutes", "suspended_minutes", "rework_count",
    "dispatch_count", "is_solved",
})  # fmt: skip
"""Columns that a step on a screen sets: a file that does not tell them leaves them as they are."""
_STAMPS: Final = (
    "reported_at", "accepted_at", "filed_at", "assigned_at", "handled_at", "verified_at",
    "closed_at",
)  # fmt: skip
MOMENTS: Final = ("updated_at", *_STAMPS)
"""Columns that tell how new a row of a file is."""
_IDS_AT_A_TIME: Final = 900


@dataclass(frozen=True, slots=True)
class StateChange:
    """A state that a file changed; `level` is where the file puts the case, if it says so."""

    external_id: str
    before: str | None
    after: str | None
    level: str | None = None


def screen_changes(
    session: Session, layer: EventLayer, source: str, ids: Sequence[str]
) -> dict[str, datetime]:
    """Give, for records that somebody changed on a screen, when that was last done."""
    found: dict[str, datetime] = {}
    for of_ids in _of_ids(session, ids):
        query = (
            select(CaseStep.external_id, func.max(CaseStep.at).label("at"))
            .where(CaseStep.layer == layer.value, CaseStep.source == source, of_ids)
            .where(CaseStep.actor != source)
            .group_by(CaseStep.external_id)
        )
        found |= {row.external_id: row.at for row in session.execute(query)}
    return found


def newest_moment(row: Mapping[str, str | None]) -> datetime | None:
    """Give the moment of which a row of a file tells: when it was updated, else its last stage.

    Parameters
    ----------
    row
        Column → moment as the store writes it.
    """
    told = row.get("updated_at") or max((row.get(name) or "" for name in _STAMPS), default="")
    return datetime.fromisoformat(told) if told else None


def put_import_steps(
    session: Session,
    layer: EventLayer,
    source: str,
    changes: Sequence[StateChange],
    *,
    at: datetime,
) -> None:
    """Append one step to each record whose state a file changed.

    Parameters
    ----------
    at
        Aware moment of the import.
    """
    if not changes:
        return
    last: dict[str, int] = {}
    for of_ids in _of_ids(session, [change.external_id for change in changes]):
        query = (
            select(CaseStep.external_id, func.max(CaseStep.sequence).label("last"))
            .where(CaseStep.layer == layer.value, CaseStep.source == source, of_ids)
            .group_by(CaseStep.external_id)
        )
        last |= {row.external_id: row.last for row in session.execute(query)}
    rows: list[dict[str, Any]] = [
        {
            "layer": layer.value,
            "source": source,
            "external_id": change.external_id,
            "sequence": last.get(change.external_id, 0) + 1,
            "at": at,
            "actor": source,
            "role": "",
            "action": IMPORTED,
            "status_before": change.before,
            "status_after": change.after or CaseStatus.REPORTED.value,
            "level": change.level,
            "note": None,
        }
        for change in changes
    ]
    session.execute(insert(CaseStep), rows)


def start_stopped_clocks(session: Session, table: Table, source: str) -> None:
    """Let the clock of suspended cases run again where a file gave them another state."""
    resumed = update_of(table).where(
        table.c.source == source,
        table.c.suspended_at.is_not(None),
        table.c.status.is_distinct_from(CaseStatus.SUSPENDED.value),
    )
    session.execute(resumed.values(suspended_at=None))


def _of_ids(session: Session, ids: Sequence[str]) -> list[ColumnElement[bool]]:
    """Give conditions that together choose ids: one on a server, else few enough for SQLite."""
    if dialect_of(session) == SERVED:
        return [CaseStep.external_id == any_(bindparam("ids", list(ids), ARRAY(Text)))]
    parts = range(0, len(ids), _IDS_AT_A_TIME)
    return [CaseStep.external_id.in_(ids[at : at + _IDS_AT_A_TIME]) for at in parts]
