"""Keep the books of an import that runs in one transaction: batch row, quarantine, fingerprints.

Used by the importers of places, streets, compounds and people; events keep their own, by chunks.
Knows nothing of what is imported.
"""

from collections.abc import Mapping, Sequence
from datetime import datetime
from pathlib import Path
from typing import Any, Protocol

from sqlalchemy import delete, select
from sqlalchemy.orm import Session

from data.models import ImportBatch, RejectedRow
from data.privacy import mask_value
from data.repositories.fingerprints import content_hash, fingerprint
from data.viewer import Viewer


class Rejected(Protocol):
    """A row in quarantine, as the importers give it."""

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
    """Open the batch of one file with one set of options, and give its key; again reopens it.

    Parameters
    ----------
    options
        JSON values; they tell two imports of one file apart.
    now
        Aware moment.
    """
    sha256, options_hash = fingerprint(path), content_hash(options)
    batch = session.scalar(
        select(ImportBatch).where(
            ImportBatch.layer == layer,
            ImportBatch.file_sha256 == sha256,
            ImportBatch.options_hash == options_hash,
        )
    )
    if batch is None:
        batch = ImportBatch(
            layer=layer,
            file_name=path.name,
            file_sha256=sha256,
            options=dict(options),
            options_hash=options_hash,
            actor=viewer.name,
            state="running",
            row_offset=0,
            started_at=now,
        )
        session.add(batch)
        session.flush()
    return batch.id


def finish_batch(  # noqa: PLR0913 - the columns of a batch
    session: Session,
    batch_id: int,
    rejections: Sequence[Rejected],
    *,
    counts: Mapping[str, Any],
    now: datetime,
    code_columns: Sequence[str] = (),
    dropped: Sequence[str] = (),
) -> None:
    """Close a batch: what it counted, and its quarantine, which replaces that of an earlier run.

    Values and raw rows are masked here, before they are written.

    Parameters
    ----------
    code_columns
        Columns that hold codes of places: left as they are, or a 15-digit grid code would be
        taken for an old identity number.
    dropped
        Columns that hold persons: left out of the raw rows.
    """
    codes = set(code_columns)
    session.execute(delete(RejectedRow).where(RejectedRow.batch_id == batch_id))
    seen: set[tuple[int, str]] = set()
    for rejection in rejections:
        if (rejection.line, rejection.reason) in seen:
            continue
        seen.add((rejection.line, rejection.reason))
        session.add(
            RejectedRow(
                batch_id=batch_id,
                line=rejection.line,
                column=rejection.column or None,
                value=_masked(rejection.column, rejection.value, codes),
                reason=rejection.reason,
                raw={
                    name: _masked(name, value, codes)
                    for name, value in rejection.raw.items()
                    if name not in dropped
                },
            )
        )
    batch = session.get_one(ImportBatch, batch_id)
    batch.state = "done"
    batch.row_offset = int(counts.get("rows", 0))
    batch.counts = dict(counts)
    batch.finished_at = now
    session.flush()


def reason_counts(rejections: Sequence[Rejected]) -> dict[str, int]:
    """Count rows in quarantine by reason, sorted by code."""
    counts: dict[str, int] = {}
    for rejection in rejections:
        counts[rejection.reason] = counts.get(rejection.reason, 0) + 1
    return dict(sorted(counts.items()))


def _masked(column: str, value: str, code_columns: set[str]) -> str:
    return value if column in code_columns else mask_value(value)
