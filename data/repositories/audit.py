"""Append to the audit log and prove that its chain of hashes is whole.

Used by importers, actions and the command line. Nothing here updates or deletes: a trigger
refuses it as well.
"""

import hashlib
import json
from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from sqlalchemy import select
from sqlalchemy.orm import Session

from data.geometry import utc_text
from data.models import AuditEntry
from data.viewer import DisplayLevel, Viewer

GENESIS = "0" * 64


@dataclass(frozen=True)
class AuditRecord:
    """One line of the log."""

    at: datetime
    actor: str
    role: str
    action: str
    subject: str
    row_count: int | None
    detail: Mapping[str, Any] | None


def append_audit(  # noqa: PLR0913, PLR0917 - the columns of the log
    session: Session,
    viewer: Viewer,
    action: str,
    subject: str,
    row_count: int | None,
    detail: Mapping[str, Any] | None,
    at: datetime,
) -> None:
    """Write one line within the caller's transaction.

    Parameters
    ----------
    session
        A write session: its lock keeps the chain in one line.
    action, subject
        Codes: what was done to what.
    row_count
        How many records it touched.
    detail
        Facts without persons.
    at
        Aware moment.
    """
    previous = session.scalar(select(AuditEntry.entry_hash).order_by(AuditEntry.id.desc()).limit(1))
    entry = AuditEntry(
        at=at,
        actor=viewer.name,
        role=viewer.role.value,
        action=action,
        subject=subject,
        row_count=row_count,
        detail=dict(detail) if detail is not None else None,
        previous_hash=previous or GENESIS,
        entry_hash="",
    )
    entry.entry_hash = _hash_of(entry)
    session.add(entry)
    session.flush()


def is_intact(session: Session) -> bool:
    """Whether every line still carries the hash of its content and of the line before."""
    previous = GENESIS
    for entry in session.scalars(select(AuditEntry).order_by(AuditEntry.id)):
        if entry.previous_hash != previous or entry.entry_hash != _hash_of(entry):
            return False
        previous = entry.entry_hash
    return True


def latest(session: Session, viewer: Viewer, *, limit: int = 50) -> tuple[AuditRecord, ...]:
    """Give the newest lines, newest first.

    Raises
    ------
    AccessRefused
        `level_too_low`: the log is for `ADMIN`.
    """
    viewer.require_level(DisplayLevel.ADMIN)
    rows = session.scalars(select(AuditEntry).order_by(AuditEntry.id.desc()).limit(limit))
    return tuple(
        AuditRecord(e.at, e.actor, e.role, e.action, e.subject, e.row_count, e.detail) for e in rows
    )


def _hash_of(entry: AuditEntry) -> str:
    content = [
        entry.previous_hash,
        utc_text(entry.at),
        entry.actor,
        entry.role,
        entry.action,
        entry.subject,
        entry.row_count,
        entry.detail,
    ]
    text = json.dumps(content, ensure_ascii=False, sort_keys=True, separators=(",", ":"))
    return hashlib.sha256(text.encode()).hexdigest()
