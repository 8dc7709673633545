"""Import a file of one register: check every row, then write it and the books at once.

Used by the command line, the import wizard and the scenarios.
Knows nothing of screens. A whole import is one transaction.
"""

from collections import Counter
from collections.abc import Callable
from dataclasses import dataclass, replace
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import numpy as np
import shapely
from sqlalchemy.orm import Session

from data.database import Database, bump_revision
from data.errors import ImportRefused
from data.frames import grids_frame
from data.importers.registers.cells import Known, Readings, read_cells
from data.importers.registers.drafts import Drafts, draft
from data.importers.registers.fields import LOCATED, SITE_CELLS, Cell
from data.importers.registers.options import RegisterColumns, RegisterOptions, choose_columns
from data.importers.registers.sheet import Sheet, open_sheet
from data.importers.registers.sites import Sites, find_sites
from data.importers.report import Caution, ImportReport, Rejection
from data.repositories.audit import append_audit
from data.repositories.imports import begin_batch, close_batch, reason_counts
from data.repositories.register_writes import (
    RegisterCounts,
    known_holders,
    known_places,
    put_records,
)
from data.repositories.registers import require_reader
from data.viewer import Viewer
from geo.assign import assign_lonlat

Progress = Callable[[int, int], None]
"""Called with rows done and rows in all."""


@dataclass(frozen=True, slots=True)
class _File:
    """A file that was read and checked, before anything is written."""

    sheet: Sheet
    columns: RegisterColumns
    read: Readings
    sites: Sites
    drafts: Drafts
    rejections: tuple[Rejection, ...]

    @property
    def row_count(self) -> int:
        """Rows of the file."""
        return len(self.sheet.frame) + len(self.sheet.faults)


def run(
    db: Database,
    path: Path,
    options: RegisterOptions,
    viewer: Viewer,
    *,
    progress: Progress | None = None,
    now: datetime | None = None,
) -> ImportReport:
    """Import a table (CSV, TSV, also .gz, XLSX), or for located registers a file of shapes.

    Upsert by (source, id): the same file twice changes nothing, and a row that the store knows
    with a later `updated_at` is left alone. Rows that cannot be taken go to quarantine with line,
    column and reason; nothing is dropped in silence.

    Parameters
    ----------
    progress
        Called once all rows are written.
    now
        Aware moment for the books; None is now.

    Raises
    ------
    ImportRefused
        Nothing was written: those of `open_sheet`, `choose_columns`, `read_cells` and
        `find_sites`; ``nothing_readable``.
    AccessRefused
        ``role_may_not_write``; ``role_may_not_read`` for appraisals below level ADMIN.
    """
    viewer.require_write()
    require_reader(viewer, options.layer)
    path, at = Path(path), now or datetime.now(UTC)
    file = _read(db, path, options, viewer, at)
    layer = options.layer
    with db.write() as session:
        batch_id = begin_batch(
            session, viewer, path, layer=layer.value, options=options.as_json(path), now=at
        )
        counts = put_records(
            session, layer, file.drafts.changes, source=options.source_of(path), batch_id=batch_id
        )
        report = _report(session, viewer, file, options, (counts, batch_id))
        close_batch(
            session,
            batch_id,
            file.rejections,
            counts=report.as_json(),
            now=at,
            code_columns=file.columns.of_places,
            dropped=file.columns.dropped,
        )
        if counts.inserted or counts.updated:
            bump_revision(session, layer.value)
        bump_revision(session, "imports")
        detail = {"inserted": counts.inserted, "updated": counts.updated, "batch": batch_id}
        append_audit(session, viewer, f"import_{layer.value}", path.name, report.rows, detail, at)
    if progress is not None:
        progress(report.rows, report.rows)
    return report


def _read(
    db: Database, path: Path, options: RegisterOptions, viewer: Viewer, now: datetime
) -> _File:
    sheet = open_sheet(path, options)
    if not len(sheet.frame):
        raise ImportRefused("nothing_readable", file=path.name, rejected=len(sheet.faults))
    columns = choose_columns(sheet.frame, options)
    with db.read() as session:
        known = Known(known_places(session), known_holders(session))
    wanted = [
        (each, columns.mapped[each.name]) for each in columns.fields if each.cell not in SITE_CELLS
    ]
    latest_ms = int(now.timestamp() * 1000)
    rules = replace(options.times, date_system=sheet.date_system, latest_ms=latest_ms)
    read = read_cells(sheet.frame, wanted, rules, known)
    _note_empty_rows(sheet, read)
    if options.layer in LOCATED:
        sites = find_sites(db, viewer, sheet, columns, options)
    else:
        sites = Sites(np.full(len(sheet.frame), None, dtype=object), {}, [])
    drafts = draft(sheet.frame, sheet.lines, columns, options, (read, sites))
    return _File(sheet, columns, read, sites, drafts, _rejections(sheet, columns, read))


def _note_empty_rows(sheet: Sheet, read: Readings) -> None:
    """Say of a row without any text that it is empty, whatever else is missing then."""
    if sheet.shapes is not None:
        return
    is_blank = (sheet.frame.apply(lambda column: column.str.strip()) == "").all(axis=1)
    for row in np.flatnonzero(is_blank.to_numpy()).tolist():
        read.faults[row] = ("", "empty_row")


def _rejections(sheet: Sheet, columns: RegisterColumns, read: Readings) -> tuple[Rejection, ...]:
    """Put the faulty rows in quarantine, which more people read than scores: those stay out."""
    scores = {columns.mapped[each.name] for each in columns.fields if each.cell is Cell.SCORE}
    hidden = {*columns.dropped, *scores}
    shown = sheet.frame[[column for column in sheet.frame.columns if column not in hidden]]
    made = []
    for row, (name, reason) in sorted(read.faults.items()):
        raw = {str(column): str(text) for column, text in shown.iloc[row].items()}
        column = columns.mapped.get(name, "")
        made.append(Rejection(sheet.lines[row], column, raw.get(column, ""), reason, raw))
    return (*sheet.faults, *made)


def _report(
    session: Session,
    viewer: Viewer,
    file: _File,
    options: RegisterOptions,
    written: tuple[RegisterCounts, int],
) -> ImportReport:
    counts, batch_id = written
    warnings = [
        *file.sheet.warnings, *file.read.warnings, *file.sites.warnings, *file.drafts.warnings,
        *file.columns.warnings,
    ]  # fmt: skip
    if counts.older:
        warnings.append(Caution("older_rows_left", {"count": counts.older}))
    located = _located(session, viewer, file, warnings) if options.layer in LOCATED else {}
    return ImportReport(
        rows=file.row_count,
        inserted=counts.inserted,
        updated=counts.updated,
        unchanged=counts.unchanged,
        rejected=len(file.rejections),
        duplicate_ids=file.drafts.duplicate_ids,
        reasons=reason_counts(file.rejections),
        warnings=tuple(warnings),
        dropped_columns=file.columns.dropped,
        kept_columns=file.columns.kept,
        unmapped_columns=file.columns.unmapped,
        masked_values=dict(sorted(file.read.masked.items())),
        encoding=file.sheet.encoding,
        delimiter=file.sheet.delimiter,
        datum=file.sites.datum,
        batch_id=batch_id,
        **located,
    )


def _located(
    session: Session, viewer: Viewer, file: _File, warnings: list[Caution]
) -> dict[str, Any]:
    """Count accepted rows that lie nowhere, outside today's base grids, and on their borders."""
    changes = file.drafts.changes
    bare = [change for change in changes if change.shape is None]
    units = Counter(str(change.cells.get("place_code") or "") for change in bare)
    facts = {"unlocated": len(bare), "unlocated_by_stated_unit": dict(sorted(units.items()))}
    spots = [change.shape.representative_point() for change in changes if change.shape is not None]
    if not spots:
        return facts
    grids = grids_frame(session, viewer)
    if len(grids) == 0:
        warnings.append(Caution("no_grids"))
        return facts
    found = assign_lonlat(shapely.get_x(spots), shapely.get_y(spots), grids)
    outside, on_border = int((found.grid < 0).sum()), int(found.on_border.sum())
    return {**facts, "outside": outside, "on_border": on_border}
