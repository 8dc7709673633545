"""Import officers, appointments, leave and staffing patterns.

Used by the command line, the import wizard and the scenarios.
Knows nothing of screens. A whole import is one transaction. Names of persons are not stored.
"""

import json
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import pandas as pd
from sqlalchemy.orm import Session

from data.database import Database, bump_revision
from data.errors import ImportRefused
from data.importers.absences import write_absences
from data.importers.appointments import write_appointments
from data.importers.officers import write_officers
from data.importers.people_columns import (
    PeopleColumns,
    PeopleLayer,
    PeopleOptions,
    choose_columns,
)
from data.importers.people_rows import PersonRow, Tally
from data.importers.report import Caution, ImportReport, Rejection
from data.importers.tables import Table, open_table
from data.repositories.audit import append_audit
from data.repositories.imports import begin_batch, close_batch, reason_counts
from data.repositories.people_writes import put_template
from data.viewer import Viewer
from data.vocabulary import PlaceLevel, Position
from geo.crs import Datum

__all__ = ["PeopleLayer", "PeopleOptions", "RosterReport", "import_roster", "run"]

Progress = Callable[[int, int], None]


@dataclass(frozen=True, slots=True)
class RosterReport:
    """What an import of staffing patterns did, counted in patterns."""

    templates: int
    inserted: int
    updated: int
    unchanged: int

    def as_json(self) -> dict[str, int]:
        """Give the report as one JSON document."""
        return {
            "templates": self.templates,
            "inserted": self.inserted,
            "updated": self.updated,
            "unchanged": self.unchanged,
        }


def run(
    db: Database,
    path: Path,
    options: PeopleOptions,
    viewer: Viewer,
    *,
    progress: Progress | None = None,
    now: datetime | None = None,
) -> ImportReport:
    """Import a table of officers, of appointments or of leave (CSV, TSV, also .gz, XLSX).

    Upsert by (source, id): the same file twice changes nothing. Rows that cannot be taken go to
    quarantine with line, column and reason.

    Parameters
    ----------
    progress
        Called with (done, total) rows.
    now
        Aware moment for the books; None is now.

    Raises
    ------
    ImportRefused
        Those of `open_table` and `choose_columns`; ``unknown_datum``.
    AccessRefused
        ``role_may_not_write``.
    """
    viewer.require_write()
    at = now or datetime.now(UTC)
    table = open_table(path, options.table)
    rows, faults, columns = _read(table, options)
    with db.write() as session:
        batch_id = begin_batch(
            session,
            viewer,
            path,
            layer=options.layer.value,
            options=options.as_json(path),
            now=at,
        )
        tally = _written(session, rows, options, path, batch_id)
        tally.rejections += faults
        report = _report(table, columns, tally, len(rows) + len(faults), batch_id)
        close_batch(
            session,
            batch_id,
            tally.rejections,
            counts=report.as_json(),
            now=at,
            code_columns=columns.of_places,
            dropped=columns.dropped,
        )
        if tally.has_changes:
            bump_revision(session, "people")
        bump_revision(session, "imports")
        detail = {"inserted": tally.inserted, "updated": tally.updated, "batch": batch_id}
        action = f"import_{options.layer.value}"
        append_audit(session, viewer, action, path.name, report.rows, detail, at)
    if progress is not None:
        progress(len(rows), len(rows))
    return report


def import_roster(
    db: Database, path: Path, viewer: Viewer, *, now: datetime | None = None
) -> RosterReport:
    """Import staffing patterns from JSON: one object or a list of them.

    Each has `key`, `level`, `label_zh`, `label_en`, optional `is_active`, and `slots`: a list of
    `slot`, `min_count`, `positions`, `label_zh`, `label_en` in the order they are shown. A
    pattern with a known key is replaced.

    Raises
    ------
    ImportRefused
        ``file_missing``, ``file_damaged`` (no JSON), ``bad_roster`` (fields `key`, `problem`:
        the missing or unknown word).
    AccessRefused
        ``role_may_not_write``.
    """
    viewer.require_write()
    at = now or datetime.now(UTC)
    templates = _read_roster(path)
    counts = {"inserted": 0, "updated": 0, "unchanged": 0}
    with db.write() as session:
        for template in templates:
            counts[_put_template(session, template)] += 1
        if counts["inserted"] or counts["updated"]:
            bump_revision(session, "people")
        append_audit(session, viewer, "import_roster", path.name, len(templates), counts, at)
    return RosterReport(len(templates), **counts)


def _read(
    table: Table, options: PeopleOptions
) -> tuple[list[PersonRow], list[Rejection], PeopleColumns]:
    chunks = list(table.chunks())
    frame = pd.concat([chunk.frame for chunk in chunks], ignore_index=True)
    lines = [int(line) for chunk in chunks for line in chunk.line]
    faults = [fault for chunk in chunks for fault in chunk.faults]
    columns = choose_columns(frame, options)
    return _rows(frame, lines, columns), faults, columns


def _rows(frame: pd.DataFrame, lines: list[int], columns: PeopleColumns) -> list[PersonRow]:
    names = list(columns.mapped)
    cells = [frame[columns.mapped[name]].tolist() for name in names]
    shown = [str(c) for c in frame.columns if c not in columns.dropped]
    raws = frame[shown].to_dict("records")
    return [
        PersonRow(
            line,
            {name: str(cell) for name, cell in zip(names, values, strict=True)},
            columns.mapped,
            {str(name): str(cell) for name, cell in raw.items()},
        )
        for line, values, raw in zip(lines, zip(*cells, strict=True), raws, strict=True)
    ]


def _written(
    session: Session, rows: list[PersonRow], options: PeopleOptions, path: Path, batch_id: int
) -> Tally:
    source = options.source_of(path)
    if options.layer is PeopleLayer.OFFICERS:
        return write_officers(session, rows, source=source, batch_id=batch_id)
    if options.layer is PeopleLayer.ABSENCES:
        return write_absences(session, rows, source=source, batch_id=batch_id)
    try:
        datum = Datum(options.datum.lower()) if options.datum else None
    except ValueError as error:
        known = [d.value for d in Datum]
        raise ImportRefused("unknown_datum", datum=options.datum, known=known) from error
    return write_appointments(session, rows, source=source, batch_id=batch_id, datum=datum)


def _report(
    table: Table, columns: PeopleColumns, tally: Tally, count: int, batch_id: int
) -> ImportReport:
    warnings = [*table.warnings, *tally.warnings]
    if columns.guessed:
        warnings.append(Caution("columns_by_header", {"mapping": dict(columns.guessed)}))
    return ImportReport(
        rows=count,
        inserted=tally.inserted,
        updated=tally.updated,
        unchanged=tally.unchanged,
        rejected=len(tally.rejections),
        duplicate_ids=tally.duplicate_ids,
        reasons=reason_counts(tally.rejections),
        warnings=tuple(warnings),
        dropped_columns=columns.dropped,
        unmapped_columns=columns.unmapped,
        encoding=table.encoding,
        delimiter=table.delimiter,
        batch_id=batch_id,
    )


def _read_roster(path: Path) -> list[Mapping[str, Any]]:
    if not path.is_file():
        raise ImportRefused("file_missing", file=path.name)
    try:
        content = json.loads(path.read_text(encoding="utf-8"))
    except (ValueError, UnicodeDecodeError) as error:
        raise ImportRefused("file_damaged", file=path.name) from error
    templates = content if isinstance(content, list) else [content]
    for template in templates:
        problem = _problem_of(template)
        if problem:
            key = template.get("key", "") if isinstance(template, dict) else ""
            raise ImportRefused("bad_roster", key=key, problem=problem)
    return templates


def _problem_of(template: Any) -> str:  # noqa: ANN401 - any JSON value
    if not isinstance(template, dict):
        return "object"
    for name in ("key", "level", "label_zh", "label_en", "slots"):
        if not template.get(name):
            return name
    if template["level"] not in set(PlaceLevel):
        return str(template["level"])
    for slot in template["slots"]:
        for name in ("slot", "min_count", "positions", "label_zh", "label_en"):
            if name not in slot:
                return name
        unknown = [word for word in slot["positions"] if word not in set(Position)]
        if unknown:
            return str(unknown[0])
    return ""


def _put_template(session: Session, wanted: Mapping[str, Any]) -> str:
    values = {name: wanted[name] for name in ("key", "level", "label_zh", "label_en")}
    slots = [
        {
            "slot": slot["slot"],
            "sequence": order,
            "min_count": int(slot["min_count"]),
            "positions": list(slot["positions"]),
            "label_zh": slot["label_zh"],
            "label_en": slot["label_en"],
        }
        for order, slot in enumerate(wanted["slots"], start=1)
    ]
    is_active = bool(wanted.get("is_active", True))
    return put_template(session, values | {"is_active": is_active}, slots)
