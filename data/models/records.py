"""Rows about the rows: import batches, quarantine, declared figures, audit, revisions, settings."""

from datetime import date, datetime
from typing import Any

from sqlalchemy import Date, Double, ForeignKey, Text, UniqueConstraint
from sqlalchemy.orm import Mapped, mapped_column

from data.geometry import Utc
from data.models.base import BIG_KEY, Base, JsonText, PrimaryKey


class ImportBatch(Base):
    """One file read with one set of options; `row_offset` moves with each committed chunk."""

    __tablename__ = "import_batch"
    __table_args__ = (UniqueConstraint("layer", "file_sha256", "options_hash"),)

    id: Mapped[PrimaryKey]
    layer: Mapped[str] = mapped_column(Text)
    file_name: Mapped[str] = mapped_column(Text)
    file_sha256: Mapped[str] = mapped_column(Text)
    options: Mapped[dict[str, Any]] = mapped_column(JsonText)
    options_hash: Mapped[str] = mapped_column(Text)
    actor: Mapped[str] = mapped_column(Text)
    state: Mapped[str] = mapped_column(Text)
    row_offset: Mapped[int] = mapped_column(default=0)
    counts: Mapped[dict[str, Any] | None] = mapped_column(JsonText)
    started_at: Mapped[datetime] = mapped_column(Utc)
    finished_at: Mapped[datetime | None] = mapped_column(Utc)


class RejectedRow(Base):
    """A row in quarantine, with its line, column and reason; persons already masked."""

    __tablename__ = "rejected_row"
    __table_args__ = (UniqueConstraint("batch_id", "line", "reason"),)

    id: Mapped[PrimaryKey]
    batch_id: Mapped[int] = mapped_column(BIG_KEY, ForeignKey("import_batch.id"))
    line: Mapped[int]
    column: Mapped[str | None] = mapped_column(Text)
    value: Mapped[str | None] = mapped_column(Text)
    reason: Mapped[str] = mapped_column(Text)
    raw: Mapped[dict[str, Any]] = mapped_column(JsonText)
    state: Mapped[str] = mapped_column(Text, default="open")


class DeclaredFigure(Base):
    """A published number with its source, for units whose rows we do not hold."""

    __tablename__ = "declared_figure"
    __table_args__ = (UniqueConstraint("measure", "scope"),)

    id: Mapped[PrimaryKey]
    kpi: Mapped[str | None] = mapped_column(Text)
    measure: Mapped[str] = mapped_column(Text)
    scope: Mapped[str] = mapped_column(Text)
    value: Mapped[float | None] = mapped_column(Double)
    numerator: Mapped[float | None] = mapped_column(Double)
    denominator: Mapped[float | None] = mapped_column(Double)
    since: Mapped[date | None] = mapped_column(Date)
    until: Mapped[date | None] = mapped_column(Date)
    source: Mapped[str] = mapped_column(Text)
    quote: Mapped[str | None] = mapped_column(Text)


class AuditEntry(Base):
    """One line of the append-only audit log; each carries the hash of the one before."""

    __tablename__ = "audit_entry"

    id: Mapped[PrimaryKey]
    at: Mapped[datetime] = mapped_column(Utc)
    actor: Mapped[str] = mapped_column(Text)
    role: Mapped[str] = mapped_column(Text)
    action: Mapped[str] = mapped_column(Text)
    subject: Mapped[str] = mapped_column(Text)
    row_count: Mapped[int | None]
    detail: Mapped[dict[str, Any] | None] = mapped_column(JsonText)
    previous_hash: Mapped[str] = mapped_column(Text)
    entry_hash: Mapped[str] = mapped_column(Text)


class Revision(Base):
    """A counter for each set of rows: cache key and optimistic lock."""

    __tablename__ = "revision"

    id: Mapped[PrimaryKey]
    name: Mapped[str] = mapped_column(Text, unique=True)
    number: Mapped[int]
    changed_at: Mapped[datetime] = mapped_column(Utc)


class Setting(Base):
    """A value that an operator or a scenario set."""

    __tablename__ = "setting"

    id: Mapped[PrimaryKey]
    key: Mapped[str] = mapped_column(Text, unique=True)
    value: Mapped[Any] = mapped_column(JsonText)
