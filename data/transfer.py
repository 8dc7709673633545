"""Copy a whole store into an empty one, of either kind, and prove that both hold the same.

Used by the command line (`gridbeat copy`, `gridbeat backup` of a served store). Keys are kept. All
is written in one transaction: a copy that is interrupted, or not equal, leaves the target empty.
"""

import hashlib
import json
from collections import deque
from collections.abc import Callable, Generator, Iterator, Mapping, Sequence
from contextlib import closing
from dataclasses import dataclass
from datetime import date, datetime
from itertools import islice
from pathlib import Path
from typing import Any, Final

import shapely
from shapely.geometry.base import BaseGeometry
from sqlalchemy import Column, Table, Text, bindparam, func, insert, select, update
from sqlalchemy.orm import Session

from data.database import Database
from data.dialects import SERVED, dialect_of
from data.errors import StoreUnavailable
from data.geometry import Geom, utc_text
from data.models import Base
from data.models.base import JsonText
from data.postgis import copy_rows, json_text, reset_sequences


@dataclass(frozen=True)
class FileReport:
    """Size of a file that holds a whole store; `integrity` is `ok`: it was compared, row by row."""

    bytes: int
    integrity: str = "ok"


Progress = Callable[[int, int | None], None]
"""Called with rows done and rows in all."""
_ROWS_AT_A_TIME: Final = 2000


@dataclass(frozen=True, slots=True)
class TableProof:
    """One table of which source and target hold the same: how many rows, and their digest.

    Attributes
    ----------
    digest
        SHA-256 over every column of every row in the order of their keys, in a form that is the
        same for both kinds of store: moments in UTC to the millisecond, shapes as WKB, JSON with
        sorted keys, texts without NUL (which PostgreSQL does not keep).
    """

    table: str
    rows: int
    digest: str


@dataclass(frozen=True, slots=True)
class CopyReport:
    """What was copied, by table in the order of writing."""

    source: str
    target: str
    tables: tuple[TableProof, ...]

    @property
    def rows(self) -> int:
        """Rows of all tables."""
        return sum(proof.rows for proof in self.tables)

    def as_json(self) -> dict[str, Any]:
        """Give the document of `gridbeat copy`."""
        return {
            "from": self.source,
            "to": self.target,
            "tables": [
                {"table": proof.table, "rows": proof.rows, "sha256": proof.digest}
                for proof in self.tables
            ],
            "rows": self.rows,
            "equal": True,
        }


def copy_store(
    source: Database, target: Database, *, progress: Progress | None = None
) -> CopyReport:
    """Copy every table of one store into another that is empty; its schema is made when missing.

    The source is read as of one moment, while others may write. Sequences of a served target go on
    after the greatest key.

    Raises
    ------
    StoreUnavailable
        `copy_target_not_empty`: fields `store`, `table`, `rows`; `copy_source_outdated`: migrate it
        first; `copy_differs`: target and source were not the same afterwards, nothing was kept;
        and those of `Database`.
    """
    if not source.exists() or not source.is_current():
        raise StoreUnavailable("copy_source_outdated", store=source.label)
    target.create_or_migrate()
    with source.read() as reading, target.write() as writing:
        _require_empty(writing, target.label)
        total = sum(_count(reading, table) for table in _tables())
        report = _Run(reading, writing, total, progress).copy_all(source.label, target.label)
        if target.is_served:
            reset_sequences(writing.connection())
    return report


def copy_to_file(source: Database, out: Path) -> FileReport:
    """Copy a store into a GeoPackage of its own, checked; what stands at `out` is left alone.

    Raises
    ------
    StoreUnavailable
        `backup_exists`; and those of `copy_store`.
    """
    if out.exists():
        raise StoreUnavailable("backup_exists", file=str(out))
    out.parent.mkdir(parents=True, exist_ok=True)
    partial = out.with_name(out.name + ".part")
    _remove(partial)
    target = Database(str(partial))
    try:
        copy_store(source, target)
        target.close_file()
        partial.replace(out)
    finally:
        target.dispose()
        _remove(partial)
    return FileReport(out.stat().st_size)


def copy_from_file(target: Database, source: Path) -> FileReport:
    """Fill an empty store from a GeoPackage.

    Raises
    ------
    StoreUnavailable
        `backup_missing`; and those of `copy_store`.
    """
    if not source.is_file():
        raise StoreUnavailable("backup_missing", file=str(source))
    giving = Database(str(source))
    try:
        copy_store(giving, target)
    finally:
        giving.dispose()
    return FileReport(source.stat().st_size)


def _remove(partial: Path) -> None:
    for ending in ("", "-wal", "-shm"):
        partial.with_name(partial.name + ending).unlink(missing_ok=True)


def digest_of(session: Session, table: Table) -> TableProof:
    """Read a table and give its count and digest (see `TableProof`)."""
    proof = _Digest(table)
    with closing(_rows(session, table)) as rows:
        proof.exhaust(rows)
    return proof.result()


class _Run:
    """One copy on its way."""

    def __init__(
        self, reading: Session, writing: Session, total: int, progress: Progress | None
    ) -> None:
        self.reading, self.writing = reading, writing
        self.total, self.progress, self.done = total, progress, 0

    def copy_all(self, source: str, target: str) -> CopyReport:
        proofs = []
        for table in _tables():
            given = self._copy(table)
            held = digest_of(self.writing, table)
            if given != held:
                raise StoreUnavailable(
                    "copy_differs",
                    store=target,
                    table=table.name,
                    yours=given.rows,
                    current=held.rows,
                )
            proofs.append(given)
        return CopyReport(source, target, tuple(proofs))

    def _copy(self, table: Table) -> TableProof:
        proof = _Digest(table)
        with closing(_rows(self.reading, table)) as rows:
            self._write(table, self._counted(proof.passing(rows)))
        return proof.result()

    def _write(self, table: Table, rows: Iterator[Mapping[str, Any]]) -> None:
        own = _references_to_itself(table)
        later: list[dict[str, Any]] = []
        ready = _without(rows, own, later) if own else rows
        if dialect_of(self.writing) == SERVED:
            self._through_copy(table, ready)
        else:
            while block := [dict(row) for row in islice(ready, _ROWS_AT_A_TIME)]:
                self.writing.execute(insert(table), block)
        if later:
            values: dict[str, Any] = {
                column.name: bindparam(f"new_{column.name}") for column in own
            }
            self.writing.connection().execute(
                update(table).where(table.c.id == bindparam("key")).values(values), later
            )

    def _through_copy(self, table: Table, rows: Iterator[Mapping[str, Any]]) -> None:
        dialect = self.writing.get_bind().dialect
        columns = list(table.columns)
        makers = [_text_maker(column, dialect) for column in columns]
        names = [column.name for column in columns]
        copy_rows(
            self.writing,
            table.name,
            names,
            (
                [
                    value if value is None or make is None else make(value)
                    for make, value in zip(makers, (row[name] for name in names), strict=True)
                ]
                for row in rows
            ),
        )

    def _counted(self, rows: Iterator[Mapping[str, Any]]) -> Iterator[Mapping[str, Any]]:
        for row in rows:
            yield row
            self.done += 1
            if self.progress is not None and self.done % _ROWS_AT_A_TIME == 0:
                self.progress(self.done, self.total)
        if self.progress is not None:
            self.progress(self.done, self.total)


class _Digest:
    """Take the digest of rows that pass by."""

    def __init__(self, table: Table) -> None:
        self._table = table.name
        columns = sorted(table.columns, key=lambda column: column.name)
        self._names = [column.name for column in columns]
        self._makers = [_json_text if _is_json(column) else _canonical for column in columns]
        self._whole = hashlib.sha256("\x1f".join(self._names).encode())
        self._rows = 0

    def passing(self, rows: Iterator[Mapping[str, Any]]) -> Iterator[Mapping[str, Any]]:
        """Give the rows on, and count them in."""
        for row in rows:
            pairs = zip(self._makers, self._names, strict=True)
            text = "\x1f".join(make(row[name]) for make, name in pairs)
            self._whole.update(text.encode() + b"\x1e")
            self._rows += 1
            yield row

    def exhaust(self, rows: Iterator[Mapping[str, Any]]) -> None:
        """Count all rows in and give none on."""
        deque(self.passing(rows), maxlen=0)

    def result(self) -> TableProof:
        """Say what passed."""
        return TableProof(self._table, self._rows, self._whole.hexdigest())


def _tables() -> list[Table]:
    return list(Base.metadata.sorted_tables)


def _count(session: Session, table: Table) -> int:
    return int(session.scalar(select(func.count()).select_from(table)) or 0)


def _require_empty(session: Session, label: str) -> None:
    for table in _tables():
        rows = _count(session, table)
        if rows:
            raise StoreUnavailable(
                "copy_target_not_empty", store=label, table=table.name, rows=rows
            )


def _rows(session: Session, table: Table) -> Generator[Mapping[str, Any]]:
    found = session.execute(
        select(table).order_by(table.c.id), execution_options={"yield_per": _ROWS_AT_A_TIME}
    )
    try:
        for row in found.mappings():
            yield dict(row)
    finally:
        found.close()


def _references_to_itself(table: Table) -> list[Column[Any]]:
    return [
        column
        for column in table.columns
        if any(key.column.table is table for key in column.foreign_keys)
    ]


def _without(
    rows: Iterator[Mapping[str, Any]], own: Sequence[Column[Any]], later: list[dict[str, Any]]
) -> Iterator[Mapping[str, Any]]:
    """Leave out what may point at a row that is yet to come; remember it for afterwards."""
    for row in rows:
        pointing = {f"new_{column.name}": row[column.name] for column in own}
        if any(value is not None for value in pointing.values()):
            later.append({"key": row["id"], **pointing})
        yield {**row, **dict.fromkeys(column.name for column in own)}


def _text_maker(column: Column[Any], dialect: Any) -> Callable[[Any], Any] | None:  # noqa: ANN401 - SQLAlchemy's dialect
    """Give what turns a value into what COPY takes; None where the driver knows it as it is."""
    if isinstance(column.type, Geom):
        kind = column.type
        return lambda shape: kind.process_bind_param(shape, dialect)
    if _is_json(column):
        return json_text
    if isinstance(column.type, Text):
        return lambda text: text.replace("\x00", "")
    return None


def _canonical(value: Any) -> str:  # noqa: ANN401 - any column's value
    if value is None:
        return "\x00"
    if isinstance(value, BaseGeometry):
        return str(shapely.to_wkb(value, hex=True, byte_order=1, include_srid=False))
    if isinstance(value, datetime):
        return utc_text(value)
    if isinstance(value, date):
        return value.isoformat()
    return repr(value) if isinstance(value, float) else str(value).replace("\x00", "")


def _is_json(column: Column[Any]) -> bool:
    return isinstance(column.type, JsonText)


def _json_text(value: Any) -> str:  # noqa: ANN401 - any JSON value
    text = json.dumps(_plain(value), ensure_ascii=False, sort_keys=True)
    return "\x00" if value is None else text


def _plain(value: Any) -> Any:  # noqa: ANN401 - any JSON value
    """Write whole numbers alike: PostgreSQL keeps 1e16 as digits."""
    if isinstance(value, dict):
        return {str(key).replace("\x00", ""): _plain(item) for key, item in value.items()}
    if isinstance(value, list):
        return [_plain(item) for item in value]
    if isinstance(value, float) and value.is_integer():
        return int(value)
    return value.replace("\x00", "") if isinstance(value, str) else value
