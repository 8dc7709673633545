"""Keep import batches and the quarantine.

Used by importers, by the command line's `rejected` and by the data-quality screen. A batch is one
file read with one set of options; its offset moves in the transaction of the chunk it counts.
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from pathlib import Path
from typing import Any, Final, Protocol

from sqlalchemy import func, select, update
from sqlalchemy.orm import Session

from data.dialects import insert_for
from data.errors import RecordNotFound, StaleRevision
from data.models import ImportBatch, RejectedRow
from data.viewer import DisplayLevel, Viewer

RUNNING: Final = "running"
DONE: Final = "done"


@dataclass(frozen=True, slots=True)
class BatchKey:
    """What makes two imports the same."""

    layer: str
    file_sha256: str
    options_hash: str


@dataclass(frozen=True, slots=True)
class BatchRecord:
    """One import."""

    id: int
    layer: str
    file_name: str
    actor: str
    state: str
    row_offset: int
    counts: Mapping[str, Any]
    started_at: datetime
    finished_at: datetime | None


@dataclass(frozen=True, slots=True)
class RejectedRecord:
    """One row in quarantine; persons are masked."""

    id: int
    batch_id: int
    layer: str
    file_name: str
    line: int
    column: str
    value: str
    reason: str
    raw: Mapping[str, str]
    state: str


class Quarantined(Protocol):
    """What a row needs to be quarantined (`data.importers.report.Rejection` has it)."""

    @property
    def line(self) -> int: ...  # noqa: D102 - a field
    @property
    def column(self) -> str: ...  # noqa: D102 - a field
    @property
    def value(self) -> str: ...  # noqa: D102 - a field
    @property
    def reason(self) -> str: ...  # noqa: D102 - a field
    @property
    def raw(self) -> Mapping[str, str]: ...  # noqa: D102 - a field


def find_batch(session: Session, key: BatchKey) -> BatchRecord | None:
    """Give the batch of the same file and options, whatever its state."""
    row = session.scalar(
        select(ImportBatch).where(
            ImportBatch.layer == key.layer,
            ImportBatch.file_sha256 == key.file_sha256,
            ImportBatch.options_hash == key.options_hash,
        )
    )
    return None if row is None else _record(row)


def start_batch(  # noqa: PLR0913 - the columns of a batch
    session: Session,
    viewer: Viewer,
    key: BatchKey,
    *,
    path: Path,
    options: Mapping[str, Any],
    counts: Mapping[str, Any],
    at: datetime,
) -> BatchRecord:
    """Open a new batch.

    Raises
    ------
    AccessRefused
        `role_may_not_write`.
    """
    viewer.require_write()
    row = ImportBatch(
        layer=key.layer,
        file_name=path.name,
        file_sha256=key.file_sha256,
        options=dict(options),
        options_hash=key.options_hash,
        actor=viewer.name,
        state=RUNNING,
        row_offset=0,
        counts=dict(counts),
        started_at=at,
    )
    session.add(row)
    session.flush()
    return _record(row)


def advance_batch(
    session: Session, batch_id: int, offsets: tuple[int, int], counts: Mapping[str, Any]
) -> None:
    """Move the offset from `offsets[0]` to `offsets[1]` in the transaction of the rows it counts.

    Raises
    ------
    StaleRevision
        `import_in_progress`: another process has moved it.
    """
    was, is_now = offsets
    statement = (
        update(ImportBatch)
        .where(ImportBatch.id == batch_id, ImportBatch.row_offset == was)
        .values(row_offset=is_now, counts=dict(counts))
        .returning(ImportBatch.id)
    )
    if session.execute(statement).scalar_one_or_none() is None:
        current = session.scalar(select(ImportBatch.row_offset).where(ImportBatch.id == batch_id))
        raise StaleRevision("import_in_progress", batch=batch_id, yours=was, current=current)


def finish_batch(
    session: Session, batch_id: int, counts: Mapping[str, Any], *, at: datetime
) -> None:
    """Close a batch with its report."""
    session.execute(
        update(ImportBatch)
        .where(ImportBatch.id == batch_id)
        .values(state=DONE, counts=dict(counts), finished_at=at)
    )


def quarantine(session: Session, batch_id: int, rejections: Sequence[Quarantined]) -> None:
    """Write rows to the quarantine; they must be masked already. A line counts once a reason."""
    if not rejections:
        return
    rows = [
        {
            "batch_id": batch_id,
            "line": rejection.line,
            "column": rejection.column or None,
            "value": rejection.value or None,
            "reason": rejection.reason,
            "raw": dict(rejection.raw),
            "state": "open",
        }
        for rejection in rejections
    ]
    session.execute(insert_for(session, RejectedRow).on_conflict_do_nothing(), rows)


def list_batches(session: Session, viewer: Viewer, *, limit: int = 50) -> tuple[BatchRecord, ...]:
    """Give the newest imports, newest first.

    Raises
    ------
    AccessRefused
        `level_too_low`: imports are not for walls or the public.
    """
    viewer.require_level(DisplayLevel.INTERNAL)
    rows = session.scalars(select(ImportBatch).order_by(ImportBatch.id.desc()).limit(limit))
    return tuple(_record(row) for row in rows)


def find_batch_by_id(session: Session, viewer: Viewer, batch_id: int) -> BatchRecord:
    """Give one import.

    Raises
    ------
    RecordNotFound
        `no_such_batch`.
    AccessRefused
        `level_too_low`.
    """
    viewer.require_level(DisplayLevel.INTERNAL)
    row = session.get(ImportBatch, batch_id)
    if row is None:
        raise RecordNotFound("no_such_batch", batch=batch_id)
    return _record(row)


def list_rejected(
    session: Session, viewer: Viewer, *, batch_id: int | None = None, limit: int | None = None
) -> tuple[RejectedRecord, ...]:
    """List quarantined rows by batch and line; of one batch, or of all.

    Raises
    ------
    AccessRefused
        `level_too_low`.
    """
    viewer.require_level(DisplayLevel.INTERNAL)
    query = (
        select(RejectedRow, ImportBatch.layer, ImportBatch.file_name)
        .join(ImportBatch, ImportBatch.id == RejectedRow.batch_id)
        .order_by(RejectedRow.batch_id, RejectedRow.line, RejectedRow.id)
    )
    if batch_id is not None:
        query = query.where(RejectedRow.batch_id == batch_id)
    if limit is not None:
        query = query.limit(limit)
    return tuple(
        RejectedRecord(
            row.id, row.batch_id, layer, file_name, row.line, row.column or "", row.value or "",
            row.reason, row.raw, row.state,
        )
        for row, layer, file_name in session.execute(query)
    )  # fmt: skip


def rejected_counts(session: Session, viewer: Viewer) -> dict[tuple[int, str], int]:
    """Count quarantined rows by batch and reason.

    Raises
    ------
    AccessRefused
        `level_too_low`.
    """
    viewer.require_level(DisplayLevel.INTERNAL)
    rows = session.execute(
        select(RejectedRow.batch_id, RejectedRow.reason, func.count().label("n"))
        .group_by(RejectedRow.batch_id, RejectedRow.reason)
        .order_by(RejectedRow.batch_id, RejectedRow.reason)
    )
    return {(row.batch_id, row.reason): row.n for row in rows}


def _record(row: ImportBatch) -> BatchRecord:
    return BatchRecord(
        row.id, row.layer, row.file_name, row.actor, row.state, row.row_offset, row.counts or {},
        row.started_at, row.finished_at,
    )  # fmt: skip
