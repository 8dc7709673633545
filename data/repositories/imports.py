"""Keep the books of imports: batches and the quarantine.

Used by importers, by the command line's `rejected` and by the data-quality screen. A batch is one
file read with one set of options. An import in one transaction calls `begin_batch` and
`close_batch`; one that writes by chunks calls `start_batch`, `advance_batch` in the transaction of
each chunk, and `finish_batch`. Knows nothing of what is imported.
"""

from collections import Counter
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from pathlib import Path
from typing import Any, Final, Protocol

from sqlalchemy import delete, func, select, update
from sqlalchemy.orm import Session, aliased

from data.dialects import insert_for
from data.errors import RecordNotFound, StaleRevision
from data.models import ImportBatch, RejectedRow
from data.privacy import mask_value
from data.repositories.fingerprints import content_hash, fingerprint
from data.viewer import DisplayLevel, Viewer

RUNNING: Final = "running"
DONE: Final = "done"
OPEN: Final = "open"
"""State of a quarantined row that still waits to be mended."""
SUPERSEDED: Final = "superseded"
"""State of a quarantined row whose file was imported again with other options."""


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
    def line(self) -> int:
        """Line of the file."""

    @property
    def column(self) -> str:
        """Column; empty when the whole row is meant."""

    @property
    def value(self) -> str:
        """The offending value."""

    @property
    def reason(self) -> str:
        """Code of the reason."""

    @property
    def raw(self) -> Mapping[str, str]:
        """The whole row."""


def begin_batch(
    session: Session,
    viewer: Viewer,
    path: Path,
    *,
    layer: str,
    options: Mapping[str, Any],
    now: datetime,
) -> int:
    """Open the batch of an import in one transaction, and give its key; again reopens it.

    Parameters
    ----------
    options
        JSON values; they tell two imports of one file apart.
    now
        Aware moment.

    Raises
    ------
    AccessRefused
        `role_may_not_write`.
    """
    key = BatchKey(layer, fingerprint(path), content_hash(options))
    batch = find_batch(session, key)
    if batch is None:
        batch = start_batch(session, viewer, key, path=path, options=options, counts=None, at=now)
    return batch.id


def close_batch(  # noqa: PLR0913 - the columns of a batch
    session: Session,
    batch_id: int,
    rejections: Sequence[Quarantined],
    *,
    counts: Mapping[str, Any],
    now: datetime,
    code_columns: Sequence[str] = (),
    dropped: Sequence[str] = (),
) -> None:
    """Close the batch of an import in one transaction, with what it counted and its quarantine.

    The quarantine replaces the open rows of an earlier run. Values and raw rows are masked here,
    before they are written.

    Parameters
    ----------
    code_columns
        Columns that hold codes of places: left as they are, or a 15-digit grid code would be
        taken for an old identity number.
    dropped
        Columns that hold persons: left out of the raw rows.
    """
    codes = set(code_columns)
    waiting = RejectedRow.state.in_((OPEN, SUPERSEDED))
    session.execute(delete(RejectedRow).where(RejectedRow.batch_id == batch_id, waiting))
    rows = [
        _quarantined(
            batch_id,
            rejection,
            _masked(rejection.column, rejection.value, codes),
            {k: _masked(k, v, codes) for k, v in rejection.raw.items() if k not in dropped},
        )
        for rejection in rejections
    ]
    _put_rejected(session, rows)
    finish_batch(session, batch_id, counts, at=now)
    offset = int(counts.get("rows", 0))
    session.execute(update(ImportBatch).where(ImportBatch.id == batch_id).values(row_offset=offset))


def reason_counts(rejections: Sequence[Quarantined]) -> dict[str, int]:
    """Count rows for the quarantine by reason, sorted by code."""
    return dict(sorted(Counter(rejection.reason for rejection in rejections).items()))


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
    counts: Mapping[str, Any] | None,
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
        counts=dict(counts) if counts is not None else None,
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
    """Close a batch with its report; what an import of the same file left open is superseded."""
    session.execute(
        update(ImportBatch)
        .where(ImportBatch.id == batch_id)
        .values(state=DONE, counts=dict(counts), finished_at=at)
    )
    this, other = aliased(ImportBatch), aliased(ImportBatch)
    older = (
        select(other.id)
        .join(this, (this.layer == other.layer) & (this.file_sha256 == other.file_sha256))
        .where(this.id == batch_id, other.id != batch_id)
    )
    session.execute(
        update(RejectedRow)
        .where(RejectedRow.batch_id.in_(older), RejectedRow.state == OPEN)
        .values(state=SUPERSEDED)
        .execution_options(synchronize_session=False)
    )


def quarantine(session: Session, batch_id: int, rejections: Sequence[Quarantined]) -> None:
    """Write rows to the quarantine; they must be masked already. A line counts once a reason."""
    _put_rejected(
        session,
        [_quarantined(batch_id, each, each.value or None, dict(each.raw)) for each in rejections],
    )


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
    session: Session,
    viewer: Viewer,
    *,
    batch_id: int | None = None,
    limit: int | None = None,
    state: str | None = OPEN,
) -> tuple[RejectedRecord, ...]:
    """List quarantined rows by batch and line; of one batch, or of all.

    Parameters
    ----------
    state
        Only rows in this state: those still open, unless asked otherwise. None lists all.

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
    if state is not None:
        query = query.where(RejectedRow.state == state)
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
    """Count the rows that are still open by batch and reason.

    Raises
    ------
    AccessRefused
        `level_too_low`.
    """
    viewer.require_level(DisplayLevel.INTERNAL)
    rows = session.execute(
        select(RejectedRow.batch_id, RejectedRow.reason, func.count().label("n"))
        .where(RejectedRow.state == OPEN)
        .group_by(RejectedRow.batch_id, RejectedRow.reason)
        .order_by(RejectedRow.batch_id, RejectedRow.reason)
    )
    return {(row.batch_id, row.reason): row.n for row in rows}


def _record(row: ImportBatch) -> BatchRecord:
    return BatchRecord(
        row.id, row.layer, row.file_name, row.actor, row.state, row.row_offset, row.counts or {},
        row.started_at, row.finished_at,
    )  # fmt: skip


def _quarantined(
    batch_id: int, rejection: Quarantined, value: str | None, raw: Mapping[str, str]
) -> dict[str, Any]:
    """Give the row as it is written; a NUL is left out, PostgreSQL keeps none in text."""
    return {
        "batch_id": batch_id,
        "line": rejection.line,
        "column": rejection.column.replace("\x00", "") or None,
        "value": None if value is None else value.replace("\x00", ""),
        "reason": rejection.reason,
        "raw": {k.replace("\x00", ""): str(v).replace("\x00", "") for k, v in raw.items()},
        "state": OPEN,
    }


def _put_rejected(session: Session, rows: Sequence[Mapping[str, Any]]) -> None:
    if rows:
        session.execute(insert_for(session, RejectedRow).on_conflict_do_nothing(), list(rows))


def _masked(column: str, value: str, code_columns: set[str]) -> str:
    return value if column in code_columns else mask_value(value)
