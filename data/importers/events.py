"""Import incidents, hazards and disputes: check the whole file, then write it in whole batches.

Used by the command line, the wizard and the scenarios. The file is looked over first
(`data.importers.survey`); then each chunk is written in one transaction together with the batch's
offset and counts, so that an import killed anywhere goes on to the same state.
"""

from collections.abc import Sequence
from contextlib import closing
from dataclasses import replace
from datetime import UTC, datetime
from functools import partial
from pathlib import Path
from typing import Final

import numpy as np
import numpy.typing as npt
import pandas as pd
from sqlalchemy.orm import Session

from data.database import Database, bump_revision
from data.errors import ImportRefused
from data.frames import grids_frame
from data.importers.ahead import Staged, beside, one_ahead, staged_chunks
from data.importers.keys import pseudonym_key
from data.importers.locate import Located, Points, advice_fields, advise, fit_of, locate
from data.importers.options import EventOptions
from data.importers.report import Caution, ImportReport, report_of
from data.importers.sighting import Progress, look_over
from data.importers.stage import Stage, Tally, safe_unit
from data.importers.survey import (
    Survey,
    Times,
    flag_counts,
    needed_columns,
    read_points,
    read_times,
    survey,
    whole_column,
)
from data.importers.tables import Chunk, Table, open_table
from data.privacy import is_person_header, person_columns
from data.repositories.audit import append_audit
from data.repositories.event_writes import (
    begin_load,
    end_load,
    has_older_rows,
    widen_extent,
    write_events,
)
from data.repositories.fingerprints import fingerprint
from data.repositories.imports import (
    DONE,
    BatchKey,
    BatchRecord,
    advance_batch,
    find_batch,
    finish_batch,
    quarantine,
    start_batch,
)
from data.viewer import Viewer
from geo.assign import assign_lonlat
from geo.crs import Datum, crs_from, crs_label, is_stored
from geo.datum_audit import DatumAudit

_SAYS_WRONG: Final = 0.5
_SAYS_RIGHT: Final = 0.9
_MOVED_DATUMS: Final = frozenset({Datum.GCJ02, Datum.BD09})


def run(  # noqa: PLR0913 - the options of the import, by name
    db: Database,
    path: Path,
    options: EventOptions,
    viewer: Viewer,
    *,
    progress: Progress | None = None,
    checking: Progress | None = None,
    now: datetime | None = None,
) -> ImportReport:
    """Import one file of events.

    Rows without coordinates are kept as unlocated, rows outside every grid are kept and counted,
    bad rows go to quarantine with line, column and reason. Rows are upserted by (source, id). The
    same file with the same options is done once; a killed import goes on where it stopped.

    Parameters
    ----------
    progress
        Called after each committed chunk.
    checking
        Called after each chunk of the first pass, in which the file is looked over.
    now
        Aware moment against which times lie in the future; the clock's when left out.

    Raises
    ------
    ImportRefused
        Nothing was written: the codes of `open_table`, `bad_options`, `datum_required`,
        `crs_conflict`, `datum_with_projected_crs`, `wrong_datum`, `decimal_comma`, `swapped_axes`,
        `metres_not_degrees`, `out_of_range`, `outside_crs_area`, `time_format_needed`,
        `bad_time_format`, `serial_days_undeclared`, `person_column_mapped`, `nothing_readable`.
        `file_changed` while it was written: start again.
    AccessRefused
        `role_may_not_write`.
    StaleRevision
        `import_in_progress`: another process goes on with the same import.
    """
    viewer.require_write()
    path, now = Path(path), now or datetime.now(UTC)
    table = open_table(path, options.table)
    options.require_valid(table)
    key = BatchKey(options.layer.value, fingerprint(path), options.hash_of(path))
    with db.read() as session:
        earlier = find_batch(session, key)
    if earlier is not None and earlier.state == DONE:
        return report_of(earlier.counts, earlier.id)
    if earlier is not None:
        options = replace(options, chunk_rows=int(earlier.counts["chunk_rows"]))
        now = earlier.started_at
    work = _Import(db, path, options, viewer, now)
    return work.run(table, key, earlier, (checking, progress))


class _Import:
    """One import on its way: what all its steps share."""

    def __init__(
        self, db: Database, path: Path, options: EventOptions, viewer: Viewer, now: datetime
    ) -> None:
        self.db, self.path, self.options = db, path, options
        self.viewer, self.now = viewer, now
        self.warnings: list[Caution] = []
        self.stated: pd.Series | None = None
        self.stamp = _stamp(path)

    def run(
        self,
        table: Table,
        key: BatchKey,
        earlier: BatchRecord | None,
        shown: tuple[Progress | None, Progress | None],
    ) -> ImportReport:
        checking, progress = shown
        seen = look_over(
            table,
            needed_columns(self.options),
            size=self.options.chunk_rows,
            makes_ids="external_id" not in self.options.mapping,
            progress=checking,
        )
        if seen.row_count == 0:
            raise ImportRefused("nothing_readable", file=self.path.name, rejected=seen.fault_count)
        self.warnings += table.warnings
        dropped = self._persons(table, seen.sample)
        rules = replace(
            self.options.times,
            date_system=table.date_system,
            latest_ms=int(self.now.timestamp() * 1000),
        )
        times = read_times(seen.chunks, replace(self.options, times=rules), self.now)
        located = self._located(table, seen.chunks)
        batch, secret = self._batch(key, earlier)
        found = survey(seen, self.options, times, located, secret)
        consumed = seen.consumed
        del seen
        kept = tuple(name for name in self.options.keep if name not in dropped)
        stage = Stage(
            self.options, self.options.source_of(self.path), batch.id, found, kept, dropped, secret
        )
        tally = self._write(stage, (table, consumed), batch, progress)
        return self._finish(stage, table, tally, was_resumed=earlier is not None)

    def _persons(self, table: Table, sample: pd.DataFrame) -> tuple[str, ...]:
        """Find the columns that hold persons; refuse a mapping to one of them."""
        mapped = set(self.options.mapping.values())
        at_fault = {
            name: column
            for name, column in self.options.mapping.items()
            if name != "external_id" and is_person_header(column)
        }
        if at_fault:
            raise ImportRefused("person_column_mapped", fields=at_fault)
        others = [name for name in table.columns if name not in mapped]
        dropped = [person.column for person in person_columns(sample, others)]
        wanted = [name for name in self.options.keep if name in dropped]
        if wanted:
            self.warnings.append(Caution("person_columns_not_kept", {"columns": wanted}))
        id_column = self.options.mapping.get("external_id")
        if id_column is not None and is_person_header(id_column):
            dropped.append(id_column)
        return tuple(dropped)

    def _located(self, table: Table, chunks: Sequence[Chunk]) -> Located:
        """Read, declare, convert and check the coordinates."""
        points = read_points(chunks, self.options)
        crs = self.options.crs
        if not self.options.has_coordinates and chunks[0].geometry is not None:
            crs = self._crs_of_file(table.crs)
        has_points = bool((~points.is_empty).any())
        if "stated_unit" in self.options.mapping:
            self.stated = whole_column(chunks, self.options.mapping["stated_unit"])
        if has_points and crs is None and self.options.datum is None:
            audit = self._audit(points)
            raise ImportRefused("datum_required", file=self.path.name, **advice_fields(audit))
        if crs is not None and not is_stored(crs_from(crs)) and self.options.datum in _MOVED_DATUMS:
            raise ImportRefused("datum_with_projected_crs", crs=crs, datum=self.options.datum)
        located = locate(points, crs=crs, datum=self.options.datum)
        if has_points and not self.options.trusts_datum:
            self._doubt(self._audit(points), located.label)
        return located if has_points else replace(located, label="")

    def _crs_of_file(self, carried: str | None) -> str | None:
        if carried is None or self.options.crs is None:
            return self.options.crs or carried
        ours, theirs = crs_from(self.options.crs), crs_from(carried)
        if ours != theirs and not (is_stored(ours) and is_stored(theirs)):
            raise ImportRefused("crs_conflict", declared=self.options.crs, stated=crs_label(theirs))
        return carried

    def _audit(self, points: Points) -> DatumAudit | None:
        with self.db.read() as session:
            return advise(session, self.viewer, points, self.stated)

    def _doubt(self, audit: DatumAudit | None, label: str) -> None:
        """Refuse a datum that the rows' own units contradict; warn when another fits better."""
        if audit is None or audit.recommended is None:
            return
        best, declared = audit.recommended, fit_of(audit, label)
        if declared is None or declared.key == best.key or declared.key in audit.tied:
            return
        facts = {
            "declared": label, "declared_share": round(declared.share, 4), **advice_fields(audit),
        }  # fmt: skip
        if declared.share < _SAYS_WRONG and best.share >= _SAYS_RIGHT:
            raise ImportRefused("wrong_datum", **facts)
        self.warnings.append(Caution("datum_doubtful", facts))

    def _batch(self, key: BatchKey, earlier: BatchRecord | None) -> tuple[BatchRecord, bytes]:
        with self.db.write() as session:
            secret = pseudonym_key(session)
            batch = earlier or start_batch(
                session,
                self.viewer,
                key,
                path=self.path,
                options=self.options.as_json(self.path),
                counts={"chunk_rows": self.options.chunk_rows},
                at=self.now,
            )
        return batch, secret

    def _write(
        self,
        stage: Stage,
        source: tuple[Table, int],
        batch: BatchRecord,
        progress: Progress | None,
    ) -> Tally:
        """Read again, and write the chunks that are still to be written, each in a transaction."""
        table, total = source
        tally = Tally.from_json(batch.counts)
        with self.db.read() as session:
            older = has_older_rows(session, self.options.layer, stage.source, batch.id)
        with self.db.write() as session:
            begin_load(session, self.options.layer, total - batch.row_offset)
        chunks = staged_chunks(stage, table, batch.row_offset, self._require_same_file)
        if self.db.is_served:
            chunks = one_ahead(chunks)
        with closing(chunks):
            for staged in chunks:
                self._require_same_file()
                tally.add(staged.tally)
                self._write_chunk(staged, batch, tally, may_exist=older)
                if progress is not None:
                    progress(staged.until, total)
        return tally

    def _write_chunk(
        self, staged: Staged, batch: BatchRecord, tally: Tally, *, may_exist: bool
    ) -> None:
        with self.db.write() as session:
            if staged.block is not None:
                counts = write_events(session, staged.block, may_exist=may_exist)
                tally.count(counts)
                if counts.inserted or counts.updated:
                    bump_revision(session, self.options.layer.value)
            quarantine(session, batch.id, staged.rejections)
            told = {"chunk_rows": self.options.chunk_rows, **tally.as_json()}
            advance_batch(session, batch.id, (staged.since, staged.until), told)

    def _require_same_file(self) -> None:
        """Refuse to go on when the file changed since it was looked over."""
        if _stamp(self.path) != self.stamp:
            raise ImportRefused("file_changed", file=self.path.name)

    def _finish(
        self, stage: Stage, table: Table, tally: Tally, *, was_resumed: bool
    ) -> ImportReport:
        found = stage.survey
        with self.db.write() as session:
            outside, on_border = self._against_grids(session, found)
            end_load(session, self.options.layer)
            report = self._report(stage, table, tally, (outside, on_border))
            report = replace(report, was_resumed=was_resumed)
            finish_batch(session, stage.batch_id, report.as_json(), at=datetime.now(UTC))
            bump_revision(session, "imports")
            self._note_extent(session, found)
            append_audit(
                session,
                self.viewer,
                "import",
                self.options.layer.value,
                tally.inserted + tally.updated,
                {"batch": stage.batch_id, "file": self.path.name, "rejected": tally.rejected},
                datetime.now(UTC),
            )
        return report

    def _note_extent(self, session: Session, found: Survey) -> None:
        take = found.is_accepted & np.isfinite(found.located.lon)
        if take.any():
            lon, lat = found.located.lon[take], found.located.lat[take]
            box = (float(lon.min()), float(lat.min()), float(lon.max()), float(lat.max()))
            widen_extent(session, self.options.layer, box, datetime.now(UTC))

    def _against_grids(self, session: Session, found: Survey) -> tuple[int, int]:
        """Count accepted, located rows outside today's base grids and on their borders."""
        if not self.options.checks_grids:
            return 0, 0
        take = found.is_accepted & np.isfinite(found.located.lon)
        grids = grids_frame(session, self.viewer)
        if len(grids) == 0:
            self.warnings.append(Caution("no_grids"))
            return 0, 0
        if not take.any():
            return 0, 0
        points = found.located.lon[take], found.located.lat[take]
        places = beside(
            partial(assign_lonlat, *points, grids), partial(end_load, session, self.options.layer)
        )
        return int((places.grid < 0).sum()), int(places.on_border.sum())

    def _report(
        self, stage: Stage, table: Table, tally: Tally, against: tuple[int, int]
    ) -> ImportReport:
        found, options = stage.survey, self.options
        accepted = found.is_accepted
        unlocated = accepted & ~np.isfinite(found.located.lon)
        warnings = [*self.warnings, *found.times.warnings, *found.warnings, *tally.cautions()]
        used = {*options.mapping.values(), *stage.kept, *stage.dropped}
        return ImportReport(
            rows=tally.inserted + tally.updated + tally.unchanged + tally.stale + tally.rejected,
            inserted=tally.inserted,
            updated=tally.updated,
            unchanged=tally.unchanged,
            stale=tally.stale,
            rejected=tally.rejected,
            duplicate_ids=found.duplicate_ids,
            unlocated=int(unlocated.sum()),
            outside=against[0],
            on_border=against[1],
            reasons=dict(sorted(tally.reasons.items())),
            warnings=tuple(warnings),
            dropped_columns=stage.dropped,
            kept_columns=stage.kept,
            unmapped_columns=tuple(name for name in table.columns if name not in used),
            masked_values=dict(sorted(tally.masked.items())),
            time_flags=flag_counts(_accepted_flags(found.times, accepted)),
            unlocated_by_stated_unit=_by_unit(self.stated, unlocated),
            encoding=table.encoding,
            delimiter=table.delimiter,
            datum=found.located.label,
            batch_id=stage.batch_id,
        )


def _stamp(path: Path) -> tuple[int, int]:
    """Size and time of change, by which a file that changes under the import is known."""
    found = path.stat()
    return found.st_size, found.st_mtime_ns


def _accepted_flags(times: Times, accepted: npt.NDArray[np.bool_]) -> npt.NDArray[np.int8]:
    flags: npt.NDArray[np.int8] = times.flags[accepted]
    return flags


def _by_unit(units: pd.Series | None, unlocated: npt.NDArray[np.bool_]) -> dict[str, int]:
    """Count unlocated rows by the unit they state; "" where they state none."""
    if not unlocated.any():
        return {}
    if units is None:
        return {"": int(unlocated.sum())}
    counts = units.loc[unlocated].map(lambda unit: safe_unit(str(unit))).value_counts()
    return {str(unit): int(count) for unit, count in sorted(counts.items())}
