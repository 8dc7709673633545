"""Hold what an import of incidents, hazards or disputes was told, and name every fault at once.

Used by the command line, the wizard and the scenarios. Knows nothing of rows.
"""

import hashlib
import json
from collections.abc import Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from data.errors import ImportRefused
from data.importers.columns import TIME_FIELDS, TIME_PARTS, fields
from data.importers.tables import Table, TableOptions
from data.importers.times import TimeRules
from data.importers.words import known_kinds
from data.vocabulary import CHANNEL_GROUPS, EventLayer
from geo.crs import Datum, crs_from

DUPLICATE_RULES = ("last", "first")


@dataclass(frozen=True)
class EventOptions:
    """How to read one file of events.

    Parameters
    ----------
    layer
        Incidents, hazards or disputes.
    mapping
        Field (`data.importers.columns.fields`) → column of the file. The time of occurrence is
        `occurred_at`, or `date` with an optional `clock`, or the parts `year`, `month`, ….
    keep
        Unmapped columns to keep as attributes; columns that hold persons are dropped all the same.
    crs, datum
        What the coordinates are (`EPSG:n`; `wgs84`, `cgcs2000`, `gcj02`, `bd09`). One of them is
        needed where the file carries no CRS. With a file in EPSG:4326 or 4490 a datum wins.
    times
        Zone, format and calendar.
    source
        Name of the system the rows come from; upsert is by (source, id). The file's stem when
        left out.
    duplicate_rule
        Which row of a repeated id is taken: the `last` or the `first` good one in the file; the
        others go to quarantine.
    default_kind, default_channel
        Codes for rows that state none; the layer's "other" and `unknown` when left out.
    checks_grids
        Whether to count rows outside today's base grids and on their borders.
    trusts_datum
        Import although the audit says that the declared datum cannot be right.
    chunk_rows
        Rows committed at a time.
    """

    layer: EventLayer
    mapping: Mapping[str, str]
    keep: tuple[str, ...] = ()
    crs: str | None = None
    datum: Datum | None = None
    times: TimeRules = field(default_factory=TimeRules)
    source: str | None = None
    table: TableOptions = field(default_factory=TableOptions)
    duplicate_rule: str = "last"
    default_kind: str | None = None
    default_channel: str = "unknown"
    checks_grids: bool = True
    trusts_datum: bool = False
    chunk_rows: int = 20_000

    def source_of(self, path: Path) -> str:
        """Name the source: as stated, else the file's name without its endings."""
        return self.source or Path(path).name.split(".", 1)[0]

    @property
    def time_parts(self) -> dict[str, str]:
        """Part of the time → column, where the time stands in parts."""
        return {part: self.mapping[part] for part in TIME_PARTS if part in self.mapping}

    @property
    def has_coordinates(self) -> bool:
        """Whether coordinate columns are mapped."""
        return "lon" in self.mapping and "lat" in self.mapping

    def require_valid(self, table: Table) -> None:
        """Check against the columns of a file.

        Raises
        ------
        ImportRefused
            `bad_options` with `faults`, a list of documents that each carry a `code`.
        """
        faults = [*self._mapping_faults(table.columns), *self._time_faults(), *self._rule_faults()]
        if faults:
            raise ImportRefused("bad_options", faults=faults)

    def _mapping_faults(self, columns: tuple[str, ...]) -> list[dict[str, Any]]:
        known = fields(self.layer)
        faults: list[dict[str, Any]] = [
            {"code": "unknown_field", "field": name, "known": list(known)}
            for name in self.mapping
            if name not in known
        ]
        faults += [
            {"code": "unknown_column", "field": name, "column": column, "known": list(columns)}
            for name, column in self.mapping.items()
            if column not in columns
        ]
        faults += [
            {"code": "unknown_column", "field": "keep", "column": column, "known": list(columns)}
            for column in self.keep
            if column not in columns
        ]
        if ("lon" in self.mapping) != ("lat" in self.mapping):
            faults.append({"code": "lon_without_lat"})
        return faults

    def _time_faults(self) -> list[dict[str, Any]]:
        ways = [
            "occurred_at" in self.mapping,
            "date" in self.mapping,
            any(part in self.mapping for part in TIME_PARTS),
        ]
        faults: list[dict[str, Any]] = [{"code": code} for code in self.times.faults()]
        if sum(ways) == 0:
            faults.append({"code": "time_required"})
        elif sum(ways) > 1:
            faults.append({"code": "time_stated_twice"})
        if "clock" in self.mapping and "date" not in self.mapping:
            faults.append({"code": "clock_without_date"})
        if ways[2] and not {"year", "month"} <= set(self.mapping):
            faults.append({"code": "time_parts_incomplete"})
        return faults

    def _rule_faults(self) -> list[dict[str, Any]]:
        faults: list[dict[str, Any]] = []
        if self.duplicate_rule not in DUPLICATE_RULES:
            faults.append({"code": "unknown_rule", "value": self.duplicate_rule})
        if self.default_kind is not None and self.default_kind not in known_kinds(self.layer):
            faults.append({"code": "unknown_kind", "value": self.default_kind})
        if self.default_channel not in CHANNEL_GROUPS:
            faults.append({"code": "unknown_channel", "value": self.default_channel})
        if self.datum is not None and self.datum not in set(Datum):
            faults.append({"code": "unknown_datum", "value": str(self.datum)})
        if self.table.decimal not in {".", ","}:
            faults.append({"code": "unknown_decimal", "value": self.table.decimal})
        if self.crs is not None and not _is_crs(self.crs):
            faults.append({"code": "unknown_crs", "value": self.crs})
        if self.chunk_rows < 1:
            faults.append({"code": "unknown_rule", "value": str(self.chunk_rows)})
        return faults

    def as_json(self, path: Path) -> dict[str, Any]:
        """Write what decides about the result; stored with the batch."""
        return {
            "mapping": dict(sorted(self.mapping.items())),
            "keep": sorted(self.keep),
            "crs": self.crs,
            "datum": None if self.datum is None else str(self.datum),
            "tz": self.times.tz,
            "time_format": self.times.time_format,
            "calendar": self.times.calendar,
            "source": self.source_of(path),
            "encoding": self.table.encoding,
            "delimiter": self.table.delimiter,
            "decimal": self.table.decimal,
            "sheet": self.table.sheet,
            "layer": self.table.layer,
            "duplicate_rule": self.duplicate_rule,
            "default_kind": self.default_kind,
            "default_channel": self.default_channel,
        }

    def hash_of(self, path: Path) -> str:
        """Fingerprint of `as_json`: the same file with the same hash is the same import."""
        text = json.dumps(self.as_json(path), ensure_ascii=False, sort_keys=True)
        return hashlib.sha256(text.encode()).hexdigest()

    @property
    def time_columns(self) -> dict[str, str]:
        """Further times (reported, closed, …) → column."""
        return {name: self.mapping[name] for name in TIME_FIELDS if name in self.mapping}


def _is_crs(name: str) -> bool:
    from pyproj.exceptions import CRSError

    try:
        crs_from(name)
    except CRSError:
        return False
    return True
