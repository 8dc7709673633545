"""Say what an import did: counts, quarantined rows, warnings.

Used by every importer, by the command line and by the import screen.
Knows nothing of languages: codes and fields only.
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field, fields
from typing import Any


@dataclass(frozen=True, slots=True)
class Rejection:
    """One row (or one cell) that cannot be taken as it stands.

    Parameters
    ----------
    line
        Line of the file, the header being line 1 (workbook: row; feature file: 1-based feature).
    column
        Name of the column as the file spells it; empty when the whole row is meant.
    value
        The offending value. Masked before it is written or shown.
    reason
        Code; `dashboard/text` has a sentence for each.
    raw
        The whole row, column → text. Masked before it is written or shown.
    """

    line: int
    column: str
    value: str
    reason: str
    raw: Mapping[str, str] = field(default_factory=dict)


@dataclass(frozen=True, slots=True)
class Caution:
    """Something a reader of the report should know; nothing was refused for it."""

    code: str
    fields: Mapping[str, Any] = field(default_factory=dict)

    def as_json(self) -> dict[str, Any]:
        """Give code and fields in one flat document."""
        return {"code": self.code, **self.fields}


@dataclass(frozen=True, slots=True)
class ImportReport:
    """What one import did; all counts are of rows of the file.

    `rows = inserted + updated + unchanged + stale + rejected`, where the losers of repeated ids
    are part of `rejected`. `outside` and `on_border` speak of located rows against today's base
    grids.

    Parameters
    ----------
    stale
        Rows whose `updated_at` is older than the stored record's, which stays as it is.
    duplicate_ids
        Ids that stand in the file more than once (not rows).
    unlocated_by_stated_unit
        Stated unit → accepted rows without coordinates ("" where no unit is stated).
    reasons
        Reason code → quarantined rows.
    dropped_columns
        Columns that hold persons; never written.
    unmapped_columns
        Columns that are neither mapped nor named to be kept; not written.
    masked_values
        Kind of person number → cells in which one was masked.
    time_flags
        Flag → accepted rows whose times are kept out of durations.
    datum
        What the coordinates were taken to be (`wgs84` … or `EPSG:n`); empty without coordinates.
    """

    rows: int = 0
    inserted: int = 0
    updated: int = 0
    unchanged: int = 0
    stale: int = 0
    rejected: int = 0
    duplicate_ids: int = 0
    unlocated: int = 0
    outside: int = 0
    on_border: int = 0
    reasons: Mapping[str, int] = field(default_factory=dict)
    warnings: Sequence[Caution] = ()
    dropped_columns: Sequence[str] = ()
    kept_columns: Sequence[str] = ()
    unmapped_columns: Sequence[str] = ()
    masked_values: Mapping[str, int] = field(default_factory=dict)
    time_flags: Mapping[str, int] = field(default_factory=dict)
    unlocated_by_stated_unit: Mapping[str, int] = field(default_factory=dict)
    encoding: str = ""
    delimiter: str = ""
    datum: str = ""
    batch_id: int | None = None
    was_resumed: bool = False
    was_already_done: bool = False

    @property
    def accepted(self) -> int:
        """Rows that stand in the store: units + outside + unlocated."""
        return self.inserted + self.updated + self.unchanged + self.stale

    def as_json(self) -> dict[str, Any]:
        """Give the report as one JSON document; every key is always there."""
        return {
            "rows": self.rows,
            "inserted": self.inserted,
            "updated": self.updated,
            "unchanged": self.unchanged,
            "stale": self.stale,
            "rejected": self.rejected,
            "duplicate_ids": self.duplicate_ids,
            "unlocated": self.unlocated,
            "outside": self.outside,
            "on_border": self.on_border,
            "reasons": dict(self.reasons),
            "warnings": [warning.as_json() for warning in self.warnings],
            "dropped_columns": list(self.dropped_columns),
            "kept_columns": list(self.kept_columns),
            "unmapped_columns": list(self.unmapped_columns),
            "masked_values": dict(self.masked_values),
            "time_flags": dict(self.time_flags),
            "unlocated_by_stated_unit": dict(self.unlocated_by_stated_unit),
            "encoding": self.encoding,
            "delimiter": self.delimiter,
            "datum": self.datum,
            "batch_id": self.batch_id,
            "was_resumed": self.was_resumed,
            "was_already_done": self.was_already_done,
        }


def report_fields() -> tuple[str, ...]:
    """Name the fields of a report."""
    return tuple(each.name for each in fields(ImportReport))


def report_of(told: Mapping[str, Any], batch_id: int) -> ImportReport:
    """Say what a finished batch said; nothing is new."""
    plain = {name: told[name] for name in report_fields() if name in told}
    warnings = tuple(
        Caution(str(each["code"]), {k: v for k, v in each.items() if k != "code"})
        for each in told.get("warnings", ())
    )
    accepted = int(told["inserted"]) + int(told["updated"]) + int(told["unchanged"])
    plain |= {"warnings": warnings, "batch_id": batch_id, "was_already_done": True}
    plain |= {"inserted": 0, "updated": 0, "unchanged": accepted, "was_resumed": False}
    return ImportReport(**plain)
