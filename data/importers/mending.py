"""Take a quarantined row of events once more, mended by a person, under its import's own rules.

Used by the data-quality screen and by `gridbeat rejected --resubmit`. The row passes the same
checks as in the import (`data.importers.survey`, `data.importers.stage`) with the options of its
batch; what only a whole column could tell then (order of day and month, calendar, months only) is
taken from the batch's report. Other kinds of rows can be dismissed here, and are mended in the
file.
"""

import re
from collections.abc import Mapping
from dataclasses import dataclass, replace
from datetime import UTC, datetime
from typing import Any, Final

import numpy as np
import pandas as pd
import shapely
from sqlalchemy.orm import Session

from data.database import Database, bump_revision
from data.errors import ImportRefused
from data.importers.columns import fields as event_fields
from data.importers.keys import pseudonym_key
from data.importers.locate import REASONS, locate
from data.importers.options import EventOptions
from data.importers.report import Rejection
from data.importers.rows import Chunk, Table, TableOptions
from data.importers.sighting import look_over
from data.importers.stage import SHAPE, Stage, Tally, staged_rejections, staged_rows
from data.importers.survey import needed_columns, read_points, read_times, survey
from data.importers.times import TimeRules
from data.privacy import mask_row, mask_value
from data.repositories.audit import append_audit
from data.repositories.event_writes import widen_extent, write_events
from data.repositories.imports import DONE
from data.repositories.mends import (
    DISMISSED,
    MENDED,
    OPEN,
    HeldRow,
    batch_of_record,
    held_row,
    hold_again,
    require_unchanged,
    settle,
)
from data.viewer import Viewer
from data.vocabulary import EventLayer
from geo.crs import Datum

SUPERSEDED: Final = "newer_in_store"
_TIME_CODES: Final = frozenset({"time_format_needed", "bad_time_format", "serial_days_undeclared"})
_HIDDEN: Final = re.compile(r"\[(?:id|mobile|card|plate|phone|person|email)\]")
_MIDNIGHT: Final = re.compile(r"[T ]0?0:00(?::00)?(?:\.0+)?$")
_FIRST: Final = re.compile(r"^(\d{4}[-/.]\d{1,2})[-/.]0?1$")
LONGEST_NOTE: Final = 500


@dataclass(frozen=True, slots=True)
class MendForm:
    """What a person sees who mends a row.

    Attributes
    ----------
    values
        Column → text to start from, masked; mapped columns first, in the order of the fields.
    fields
        Column → field it is mapped to, where it is.
    at_fault
        Column that the reason speaks of; empty when the whole row is meant.
    can_mend
        False for rows that are no events, or whose import has not finished.
    whole_text
        The row as it stood, where it could not be cut into columns.
    """

    held: HeldRow
    values: Mapping[str, str]
    fields: Mapping[str, str]
    at_fault: str
    can_mend: bool
    whole_text: str


@dataclass(frozen=True, slots=True)
class MendResult:
    """What became of a row: `mended`, `dismissed`, or still `open` with its new reason."""

    state: str
    reason: str = ""
    column: str = ""
    inserted: int = 0
    updated: int = 0
    unchanged: int = 0


def mend_form(session: Session, viewer: Viewer, rejected_id: int) -> MendForm:
    """Give what a form needs to mend one row.

    Raises
    ------
    RecordNotFound
        `no_such_rejected_row`.
    AccessRefused
        `level_too_low`.
    """
    held = held_row(session, viewer, rejected_id)
    mapping = dict(held.options.get("mapping") or {}) if _is_event(held) else {}
    fields = {str(column): str(name) for name, column in mapping.items()}
    known = [name for name in held.raw if name]
    further = [*fields, *held.options.get("keep", ())] if _is_event(held) else []
    order = list(event_fields(EventLayer(held.layer))) if _is_event(held) else []
    place = {column: order.index(name) for column, name in fields.items() if name in order}
    columns = sorted(dict.fromkeys([*known, *further]), key=lambda c: place.get(c, len(order)))
    values = {name: str(held.raw.get(name, "")) for name in columns if name != SHAPE}
    can_mend = _is_event(held) and held.batch_state == DONE and held.state == OPEN
    at_fault = held.column if held.column in values else ""
    return MendForm(held, values, fields, at_fault, can_mend, str(held.raw.get("", "")))


def resubmit(
    db: Database,
    rejected_id: int,
    values: Mapping[str, str],
    viewer: Viewer,
    *,
    token: str | None = None,
    now: datetime | None = None,
) -> MendResult:
    """Put mended values through the import's checks; take the row, or keep it with its new fault.

    Parameters
    ----------
    values
        Column of the file → text; columns left out keep what stands in quarantine.
    token
        `HeldRow.token` of what was seen; none skips the check for changes, not that for the state.

    Raises
    ------
    AccessRefused
        `role_may_not_write`, `level_too_low`.
    RecordNotFound
        `no_such_rejected_row`.
    StaleRevision
        `row_mended_elsewhere`.
    ImportRefused
        `mend_in_file` (no event, or its place stands in the file's own shapes only),
        `batch_not_done`, `unknown_column`.
    """
    viewer.require_write()
    at = now or datetime.now(UTC)
    with db.write() as session:
        held = held_row(session, viewer, rejected_id, locks=True)
        require_unchanged(held, token)
        _require_mendable(held)
        row = _Row(held, values, at)
        row.require_columns()
        result, rejection = _taken(session, row)
        detail = {"batch": held.batch_id, "line": held.line, "columns": sorted(row.changed)}
        if rejection is not None:
            fault = (rejection.reason, rejection.column, rejection.value)
            hold_again(session, held, fault, raw=rejection.raw)
            result = MendResult(OPEN, rejection.reason, rejection.column)
            detail["reason"] = rejection.reason
        else:
            settle(session, held, MENDED, raw=mask_row(row.raw, ()))
            if result.inserted or result.updated:
                bump_revision(session, held.layer)
        bump_revision(session, "imports")
        touched = result.inserted + result.updated
        append_audit(session, viewer, "mend", held.layer, touched, detail, at)
    return result


def dismiss(
    db: Database,
    rejected_id: int,
    note: str,
    viewer: Viewer,
    *,
    token: str | None = None,
    now: datetime | None = None,
) -> MendResult:
    """Close a row that will not be taken; the note says why and stands, masked, in the audit log.

    Raises
    ------
    AccessRefused
        `role_may_not_write`, `level_too_low`.
    RecordNotFound
        `no_such_rejected_row`.
    StaleRevision
        `row_mended_elsewhere`.
    ImportRefused
        `note_required`.
    """
    viewer.require_write()
    if not note.strip():
        raise ImportRefused("note_required", row=rejected_id)
    with db.write() as session:
        held = held_row(session, viewer, rejected_id, locks=True)
        require_unchanged(held, token)
        settle(session, held, DISMISSED, raw=held.raw)
        shown = mask_value(note.strip()[:LONGEST_NOTE])
        detail = {"batch": held.batch_id, "line": held.line, "note": shown}
        bump_revision(session, "imports")
        append_audit(session, viewer, "dismiss", held.layer, 0, detail, now or datetime.now(UTC))
    return MendResult(DISMISSED)


def _is_event(held: HeldRow) -> bool:
    return held.layer in set(EventLayer)


def _require_mendable(held: HeldRow) -> None:
    if not _is_event(held):
        raise ImportRefused("mend_in_file", file=held.file_name, line=held.line)
    if held.batch_state != DONE:
        raise ImportRefused("batch_not_done", file=held.file_name, batch=held.batch_id)
    has_columns = {"lon", "lat"} <= set(held.options.get("mapping") or {})
    if held.counts.get("datum") and not has_columns and SHAPE not in held.raw:
        raise ImportRefused("mend_in_file", file=held.file_name, line=held.line)


class _Row:
    """One mended row with the rules of its import."""

    def __init__(self, held: HeldRow, values: Mapping[str, str], at: datetime) -> None:
        self.held, self.at = held, at
        self.given = {str(name): str(text) for name, text in values.items()}
        self.options = _options(held)
        kept = {name: text for name, text in held.raw.items() if name}
        self.raw = {**dict.fromkeys(self.columns, ""), **kept, **self.given}
        self.changed = [n for n, text in self.given.items() if text != held.raw.get(n, "")]

    @property
    def columns(self) -> tuple[str, ...]:
        """Columns that the import knew."""
        known = [name for name in self.held.raw if name and name != SHAPE]
        further = [*self.options.mapping.values(), *self.options.keep]
        return tuple(dict.fromkeys([*known, *further]))

    def require_columns(self) -> None:
        """Refuse values for columns that the file never had."""
        for name in self.given:
            if name not in self.columns:
                raise ImportRefused("unknown_column", column=name, columns=list(self.columns))

    def chunk(self) -> Chunk:
        """Give the row as a chunk of one."""
        texts = {name: [self._read_as(name, self.raw[name])] for name in self.columns}
        frame = pd.DataFrame(texts, dtype="str")
        shapes = None
        if SHAPE in self.held.raw and SHAPE not in self.options.mapping.values():
            shapes = shapely.from_wkt(np.array([self.held.raw[SHAPE]], dtype=object))
        line = np.array([self.held.line], dtype=np.int64)
        return Chunk(frame, line, shapes, (), 1)

    def _read_as(self, column: str, text: str) -> str:
        """Cut what the import found to mean nothing over the whole column."""
        for warning in self.held.counts.get("warnings", ()):
            if warning.get("column") != column:
                continue
            if warning["code"] == "midnight_only":
                text = _MIDNIGHT.sub("", text.strip())
            elif warning["code"] == "month_only_dates":
                text = _FIRST.sub(r"\1", text.strip())
        return text

    def masked(self, reason: str, column: str) -> Rejection:
        """Give the row for the quarantine."""
        value = mask_value(self.raw.get(column, ""))
        return Rejection(self.held.line, column, value, reason, mask_row(self.raw, ()))


def _options(held: HeldRow) -> EventOptions:
    told = held.options
    warned = {str(each["code"]): each for each in held.counts.get("warnings", ())}
    calendar = told.get("calendar") or ("roc" if "roc_calendar" in warned else None)
    rules = TimeRules(
        told["tz"],
        told.get("time_format"),
        calendar,
        warned.get("day_order", {}).get("day_first"),
        warned.get("serial_days", {}).get("system", ""),
        int(held.started_at.timestamp() * 1000),
    )
    crs, datum, label = told.get("crs"), told.get("datum"), str(held.counts.get("datum") or "")
    if crs is None and datum is None and label:
        datum, crs = (label, None) if label in set(Datum) else (None, label)
    return EventOptions(
        EventLayer(held.layer),
        dict(told["mapping"]),
        keep=tuple(told.get("keep", ())),
        crs=crs,
        datum=Datum(datum) if datum else None,
        times=rules,
        source=told["source"],
        table=TableOptions(decimal=told.get("decimal") or "."),
        duplicate_rule=told.get("duplicate_rule") or "last",
        default_kind=told.get("default_kind"),
        default_channel=told.get("default_channel") or "unknown",
        trusts_datum=True,
    )


def _taken(session: Session, row: _Row) -> tuple[MendResult, Rejection | None]:
    """Check and write; give the fault instead where there is one."""
    options, held, chunk = row.options, row.held, row.chunk()
    try:
        stage = _stage(session, row, chunk)
    except ImportRefused as refusal:
        return MendResult(OPEN), row.masked(*_fault_of(refusal, row))
    tally = Tally()
    id_column = options.mapping.get("external_id", "")
    if id_column and _HIDDEN.search(row.raw[id_column]):
        return MendResult(OPEN), row.masked("missing_id", id_column)
    block = staged_rows(stage, chunk, 0, tally)
    if block is None:
        (rejection,) = staged_rejections(stage, chunk, 0, tally)
        return MendResult(OPEN), rejection
    external_id = str(block.columns["external_id"][0])
    stored = batch_of_record(session, options.layer, block.source, external_id)
    if stored is not None and stored >= held.batch_id:
        reason = "duplicate_id" if stored == held.batch_id else SUPERSEDED
        return MendResult(OPEN), row.masked(reason, id_column)
    counts = write_events(session, block, may_exist=True)
    if counts.stale:
        return MendResult(OPEN), row.masked(SUPERSEDED, options.mapping.get("updated_at", ""))
    lon, lat = stage.survey.located.lon, stage.survey.located.lat
    if np.isfinite(lon[0]):
        east, north = float(lon[0]), float(lat[0])
        widen_extent(session, options.layer, (east, north, east, north), row.at)
    return MendResult(MENDED, "", "", counts.inserted, counts.updated, counts.unchanged), None


def _stage(session: Session, row: _Row, chunk: Chunk) -> Stage:
    options = row.options
    table = Table("text", row.columns, "", "", None, 1, (), lambda _size, _skip: iter([chunk]))
    options.require_valid(table)
    has_ids = "external_id" in options.mapping
    seen = look_over(table, needed_columns(options), size=1, makes_ids=not has_ids)
    times = read_times(seen.chunks, options, row.at)
    located = locate(read_points(seen.chunks, options), crs=options.crs, datum=options.datum)
    if not np.isfinite(located.lon).any():
        located = replace(located, label="")
    key = pseudonym_key(session)
    found = survey(seen, options, times, located, key)
    dropped = tuple(row.held.counts.get("dropped_columns", ()))
    kept = tuple(name for name in options.keep if name not in dropped)
    return Stage(options, str(options.source), row.held.batch_id, found, kept, dropped, key)


def _fault_of(refusal: ImportRefused, row: _Row) -> tuple[str, str]:
    """Turn a refusal of a whole column into the fault of its one row."""
    mapping: Mapping[str, Any] = row.options.mapping
    if refusal.code in _TIME_CODES:
        column = refusal.fields.get("column") or mapping.get("occurred_at", "")
        return "not_a_time", str(column)
    if refusal.code == "decimal_comma":
        return "not_a_number", str(mapping.get("lon", ""))
    if refusal.code in REASONS:
        return refusal.code, str(mapping.get("lon", ""))
    raise refusal
