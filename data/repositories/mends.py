"""Keep what became of quarantined rows: held, mended and taken, or dismissed.

Used by `data.importers.mending`. Knows nothing of how a row is read; what it holds is masked.
"""

import hashlib
import json
from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime
from typing import Any, Final

from sqlalchemy import select
from sqlalchemy.orm import Session

from data.errors import RecordNotFound, StaleRevision
from data.models import ImportBatch, RejectedRow
from data.repositories.event_writes import table_of
from data.viewer import DisplayLevel, Viewer
from data.vocabulary import EventLayer

OPEN: Final = "open"
MENDED: Final = "mended"
DISMISSED: Final = "dismissed"


@dataclass(frozen=True, slots=True)
class HeldRow:
    """A row in quarantine with the import it belongs to.

    Attributes
    ----------
    raw
        Column → text, masked; a row that could not be cut into columns stands under "".
    options, counts
        What the import was told, and its report.
    token
        Changes with every change of the row: who mends shows the one they saw.
    """

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
    options: Mapping[str, Any]
    counts: Mapping[str, Any]
    batch_state: str
    started_at: datetime

    @property
    def token(self) -> str:
        """Fingerprint of what may change."""
        told = [self.state, self.reason, self.column, dict(self.raw)]
        text = json.dumps(told, ensure_ascii=False, sort_keys=True)
        return hashlib.sha256(text.encode()).hexdigest()[:16]


def held_row(session: Session, viewer: Viewer, rejected_id: int, *, locks: bool = False) -> HeldRow:
    """Give one quarantined row.

    Parameters
    ----------
    locks
        Hold the row until the transaction ends, so that a second one waits and then sees this one.

    Raises
    ------
    RecordNotFound
        `no_such_rejected_row`.
    AccessRefused
        `level_too_low`.
    """
    viewer.require_level(DisplayLevel.INTERNAL)
    row = session.get(RejectedRow, rejected_id, with_for_update=locks or None)
    if row is None:
        raise RecordNotFound("no_such_rejected_row", row=rejected_id)
    batch = session.get_one(ImportBatch, row.batch_id)
    return HeldRow(
        row.id, row.batch_id, batch.layer, batch.file_name, row.line, row.column or "",
        row.value or "", row.reason, row.raw, row.state, batch.options, batch.counts or {},
        batch.state, batch.started_at,
    )  # fmt: skip


def require_unchanged(held: HeldRow, token: str | None) -> None:
    """Refuse to go on with a row that somebody else mended or dismissed meanwhile.

    Raises
    ------
    StaleRevision
        `row_mended_elsewhere`.
    """
    if held.state != OPEN or (token is not None and token != held.token):
        raise StaleRevision(
            "row_mended_elsewhere", row=held.id, line=held.line, yours=token, current=held.token
        )


def settle(session: Session, held: HeldRow, state: str, *, raw: Mapping[str, str]) -> None:
    """Close a row as mended or dismissed; `raw` must be masked."""
    row = session.get_one(RejectedRow, held.id)
    row.state, row.raw = state, dict(raw)
    session.flush()


def hold_again(
    session: Session, held: HeldRow, fault: tuple[str, str, str], *, raw: Mapping[str, str]
) -> None:
    """Keep a row in quarantine with its new values and why they will not do.

    Parameters
    ----------
    fault
        Reason, column and value, masked.
    """
    reason, column, value = fault
    row = session.get_one(RejectedRow, held.id)
    taken = session.scalar(
        select(RejectedRow.id).where(
            RejectedRow.batch_id == held.batch_id,
            RejectedRow.line == held.line,
            RejectedRow.reason == reason,
            RejectedRow.id != held.id,
        )
    )
    if taken is None:
        row.reason = reason
    row.column, row.value, row.raw = column or None, value or None, dict(raw)
    session.flush()


def batch_of_record(
    session: Session, layer: EventLayer, source: str, external_id: str
) -> int | None:
    """Give the import that wrote a stored record last; none where there is no such record."""
    table = table_of(layer)
    found = session.execute(
        select(table.c.batch_id).where(table.c.source == source, table.c.external_id == external_id)
    ).first()
    return None if found is None else int(found.batch_id or 0)
