"""Put the values of a register together row by row: ids, checks between cells, repeated ids.

Used by the importer of registers. Knows nothing of files and of the store.
"""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import UTC, datetime
from typing import Final

import pandas as pd
import shapely

from data.importers.place_columns import code_text
from data.importers.registers.cells import Readings
from data.importers.registers.fields import FIELDS, SITE_CELLS, Cell
from data.importers.registers.options import RegisterColumns, RegisterOptions
from data.importers.registers.sites import LINES, Sites, lengths_m
from data.importers.registers.words import VOCABULARIES
from data.importers.report import Caution
from data.privacy import mask_text, person_number
from data.repositories.fingerprints import content_hash
from data.repositories.register_writes import RegisterChange
from data.vocabulary import PatrolTargetKind, RegisterLayer

_SPANS: Final = (("starts_at", "ends_at"), ("since", "until"))
"""Pairs of which the second must be later than the first."""
_STAYS: Final = ("arrived_at", "left_at")
"""A pair of which the second must not be earlier."""
_MIDNIGHT_OF_TIME: Final = datetime.min.replace(tzinfo=UTC)


@dataclass(frozen=True, slots=True)
class Drafts:
    """The records of a file, and how many ids stood there more than once."""

    changes: tuple[RegisterChange, ...]
    duplicate_ids: int
    warnings: tuple[Caution, ...]


def draft(
    frame: pd.DataFrame,
    lines: Sequence[int],
    columns: RegisterColumns,
    options: RegisterOptions,
    found: tuple[Readings, Sites],
) -> Drafts:
    """Check each row as a whole and make its record; faults go to the readings.

    Of several rows with one id, that with the latest `updated_at` is taken, else the last; the
    others are ``duplicate_id``. Without an id column the id is made from the row's content and
    its ordinal among equal rows.
    """
    read, sites = found
    for row, (name, reason) in sites.faults.items():
        read.note(row, name, reason)
    _complete(read, sites, options.layer)
    _compare(read, options.layer)
    ids = _ids(read, sites, options.layer)
    repeated = _settle(read, ids)
    attributes = _attributes(frame, columns, read)
    names = _columns_of(options.layer)
    updated = read.of("updated_at")
    cells = {name: read.of(name) for name in names}
    changes = tuple(
        RegisterChange(
            key=ids[row],
            line=lines[row],
            cells={**{name: cells[name][row] for name in names}, "attributes": attributes[row]},
            shape=sites.shapes[row],
            updated_at=updated[row],
        )
        for row in range(read.count)
        if row not in read.faults
    )
    warnings = []
    if "external_id" not in columns.mapped and changes:
        warnings.append(Caution("ids_made", {"count": len(changes)}))
    return Drafts(changes, repeated, tuple(warnings))


def _columns_of(layer: RegisterLayer) -> list[str]:
    """Name the columns of the table that the file may fill, and those that are worked out."""
    apart = {Cell.ID, Cell.CLOCK_DAY, *SITE_CELLS}
    names = [
        each.name for each in FIELDS[layer] if each.cell not in apart and each.name != "updated_at"
    ]
    return [*names, "length_m"] if layer is RegisterLayer.PATROL_TARGETS else names


def _complete(read: Readings, sites: Sites, layer: RegisterLayer) -> None:
    """Fill what follows from other cells."""
    if layer in {RegisterLayer.TARGETS, RegisterLayer.CAMPAIGNS, RegisterLayer.PROGRAMMES}:
        zh, en = read.of("label_zh"), read.of("label_en")
        measures = read.of("measure")
        both = list(zip(zh, en, measures, strict=True))
        read.cells["label_zh"] = [a or b or c for a, b, c in both]
        read.cells["label_en"] = [b or a or c for a, b, c in both]
    for each in FIELDS[layer]:
        if each.cell is Cell.CODE and each.name not in read.cells:
            read.cells[each.name] = [VOCABULARIES[each.vocabulary].default] * read.count
    if layer is RegisterLayer.PATROL_TARGETS:
        _complete_targets(read, sites)


def _complete_targets(read: Readings, sites: Sites) -> None:
    kinds = read.cells["kind"]
    for row, shape in enumerate(sites.shapes):
        is_line = shape is not None and shape.geom_type in LINES
        wanted = PatrolTargetKind.MUST_LINE if is_line else PatrolTargetKind.MUST_POINT
        if kinds[row] is None:
            kinds[row] = wanted.value
        elif shape is not None and kinds[row] != wanted:
            read.note(row, "kind", "shape_not_of_kind")
    read.cells["length_m"] = lengths_m(sites.shapes, kinds)


def _compare(read: Readings, layer: RegisterLayer) -> None:
    for first, second in _SPANS:
        for row, (since, until) in enumerate(zip(read.of(first), read.of(second), strict=True)):
            if since is not None and until is not None and until <= since:
                read.note(row, second, "until_before_since")
    for row, pair in enumerate(zip(*(read.of(name) for name in _STAYS), strict=True)):
        if None not in pair and pair[1] < pair[0]:
            read.note(row, _STAYS[1], "until_before_since")
    if layer is RegisterLayer.MEETINGS:
        days = zip(read.of("planned_on"), read.of("held_on"), strict=True)
        for row, (planned, held) in enumerate(days):
            if planned is None and held is None:
                read.note(row, "held_on", "missing_time")


def _ids(read: Readings, sites: Sites, layer: RegisterLayer) -> list[str]:
    if "external_id" not in read.cells:
        return _content_ids(read, sites, layer)
    ids = []
    for row, text in enumerate(read.of("external_id")):
        key, fault = code_text(text)
        if fault == "missing_code":
            fault = "missing_id"
        if not fault and person_number(key) is not None:
            fault = "id_is_person_number"
        if fault:
            read.note(row, "external_id", fault)
        ids.append(key)
    return ids


def _content_ids(read: Readings, sites: Sites, layer: RegisterLayer) -> list[str]:
    seen: dict[str, int] = {}
    ids = []
    names = [name for name in _columns_of(layer) if name in read.cells]
    for row in range(read.count):
        shape = sites.shapes[row]
        wkb = b"" if shape is None else shapely.to_wkb(shape)
        digest = content_hash({name: read.cells[name][row] for name in names}, wkb)[:16]
        if row not in read.faults:
            seen[digest] = seen.get(digest, 0) + 1
        ids.append(f"c-{digest}-{seen.get(digest, 0)}")
    return ids


def _settle(read: Readings, ids: Sequence[str]) -> int:
    """Put all but one row of each id in quarantine; count the ids that were repeated."""
    updated = read.of("updated_at")
    rows_of: dict[str, list[int]] = {}
    for row, key in enumerate(ids):
        if row not in read.faults:
            rows_of.setdefault(key, []).append(row)
    repeated = 0
    for rows in rows_of.values():
        if len(rows) > 1:
            repeated += 1
            best = max(rows, key=lambda row: (updated[row] or _MIDNIGHT_OF_TIME, row))
            for row in rows:
                if row != best:
                    read.note(row, "external_id", "duplicate_id")
    return repeated


def _attributes(
    frame: pd.DataFrame, columns: RegisterColumns, read: Readings
) -> list[dict[str, str] | None]:
    if not columns.kept:
        return [None] * read.count
    texts: dict[str, list[str]] = {}
    for column in columns.kept:
        shown, counts = mask_text(frame[column])
        read.masked.update(counts)
        texts[column] = shown.tolist()
    return [
        {name: cells[row] for name, cells in texts.items() if cells[row].strip()} or None
        for row in range(read.count)
    ]
