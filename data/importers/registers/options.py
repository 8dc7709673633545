"""Hold what an import of a register was told, and settle which column holds which field.

Used by the importer of registers, the command line and the wizard. Knows nothing of rows.
"""

from collections.abc import Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import pandas as pd

from data.errors import ImportRefused
from data.importers.boundaries import ShapeOptions
from data.importers.columns import EXACT, normal_header
from data.importers.registers.fields import (
    FIELDS,
    Cell,
    Field,
    field_names,
    headers_of,
    required_names,
    suggest_columns,
)
from data.importers.report import Caution
from data.importers.tables import TableOptions
from data.importers.times import TimeRules
from data.privacy import is_person_header, person_columns
from data.vocabulary import RegisterLayer
from geo.crs import Datum


@dataclass(frozen=True, slots=True)
class RegisterOptions:
    """How to read a file of one register.

    Parameters
    ----------
    layer
        Which register it is.
    mapping
        Field → column; what is left out is taken from known headers, and the report says so.
    keep
        Further columns to keep as attributes; those that hold persons are dropped all the same.
    source
        Name of the source; None takes the file's name. Upsert is by (source, id).
    crs, datum
        What the coordinates are (`EPSG:n`; `wgs84`, `cgcs2000`, `gcj02`, `bd09`), for a file that
        does not say.
    times
        Zone, format and calendar.
    table
        Encoding, delimiter, sheet or layer, size limit.
    trusts_datum
        Import although the audit says that the declared datum cannot be right.
    guesses_columns
        Whether fields left out of `mapping` are taken from known headers.
    """

    layer: RegisterLayer
    mapping: Mapping[str, str] = field(default_factory=dict)
    keep: tuple[str, ...] = ()
    source: str | None = None
    crs: str | None = None
    datum: str | None = None
    times: TimeRules = field(default_factory=TimeRules)
    table: TableOptions = field(default_factory=TableOptions)
    trusts_datum: bool = False
    guesses_columns: bool = True

    def source_of(self, path: Path) -> str:
        """Name the source: as stated, else the file's name without its endings."""
        return self.source or path.name.split(".", 1)[0]

    def declared_datum(self) -> Datum | None:
        """Give the datum that was declared.

        Raises
        ------
        ImportRefused
            ``unknown_datum``.
        """
        if self.datum is None:
            return None
        try:
            return Datum(self.datum.lower())
        except ValueError as error:
            known = [each.value for each in Datum]
            raise ImportRefused("unknown_datum", datum=self.datum, known=known) from error

    def shapes(self) -> ShapeOptions:
        """Give the part of the options that reading shapes needs."""
        return ShapeOptions(
            layer=self.table.layer,
            crs=self.crs,
            datum=self.datum,
            encoding=self.table.encoding,
            max_bytes=self.table.max_bytes,
        )

    def as_json(self, path: Path) -> dict[str, Any]:
        """Give what tells two imports of one file apart."""
        return {
            "mapping": dict(sorted(self.mapping.items())),
            "keep": sorted(self.keep),
            "source": self.source_of(path),
            "crs": self.crs,
            "datum": self.datum,
            "tz": self.times.tz,
            "time_format": self.times.time_format,
            "calendar": self.times.calendar,
            "encoding": self.table.encoding,
            "delimiter": self.table.delimiter,
            "decimal": self.table.decimal,
            "sheet": self.table.sheet,
            "layer": self.table.layer,
        }


@dataclass(frozen=True, slots=True)
class RegisterColumns:
    """What becomes of each column of a file; `fields` are those that a column fills."""

    mapped: Mapping[str, str]
    guessed: Mapping[str, str]
    kept: tuple[str, ...]
    dropped: tuple[str, ...]
    unmapped: tuple[str, ...]
    warnings: tuple[Caution, ...]
    fields: tuple[Field, ...]

    @property
    def of_places(self) -> list[str]:
        """Columns that hold codes of places: masking leaves them alone."""
        return [self.mapped[each.name] for each in self.fields if each.cell is Cell.PLACE]


def choose_columns(frame: pd.DataFrame, options: RegisterOptions) -> RegisterColumns:
    """Settle which column holds which field; columns that hold persons are dropped.

    Raises
    ------
    ImportRefused
        ``bad_options`` (fields or columns that are not there, half a coordinate, impossible time
        rules), ``column_required``, ``person_column_mapped`` (text would be read from a column
        whose header names persons).
    """
    columns = [str(column) for column in frame.columns]
    known = headers_of(options.layer)
    _require_valid(columns, options, known)
    taken = {*options.mapping.values(), *options.keep}
    rest = [column for column in columns if column not in taken]
    guessed = {
        name: found.column
        for name, found in suggest_columns(rest, options.layer).items()
        if found.confidence >= EXACT and name not in options.mapping and options.guesses_columns
    }
    mapped = {**guessed, **options.mapping}
    if ("lon" in mapped) != ("lat" in mapped):
        raise ImportRefused("bad_options", faults=[{"code": "lon_without_lat"}])
    for name in required_names(options.layer):
        if name not in mapped:
            raise ImportRefused("column_required", field=name, suggested="", columns=columns)
    if not mapped:
        field = next(name for name in field_names(options.layer) if name != "external_id")
        raise ImportRefused("column_required", field=field, suggested="", columns=columns)
    _require_no_persons(mapped, options.layer, known)
    others = [column for column in columns if column not in mapped.values()]
    persons = {found.column for found in person_columns(frame, others)}
    refused = [column for column in options.keep if column in persons]
    kept = tuple(c for c in options.keep if c in others and c not in persons)
    warnings = [Caution("person_columns_not_kept", {"columns": refused})] if refused else []
    if guessed:
        warnings.append(Caution("columns_by_header", {"mapping": dict(guessed)}))
    return RegisterColumns(
        mapped,
        guessed,
        kept,
        tuple(column for column in others if column in persons),
        tuple(column for column in others if column not in persons and column not in kept),
        tuple(warnings),
        tuple(each for each in FIELDS[options.layer] if each.name in mapped),
    )


def _require_valid(
    columns: list[str], options: RegisterOptions, known: Mapping[str, tuple[str, ...]]
) -> None:
    faults: list[dict[str, Any]] = [{"code": code} for code in options.times.faults()]
    faults += [
        {"code": "unknown_field", "field": name, "known": list(known)}
        for name in options.mapping
        if name not in known
    ]
    named = [*options.mapping.items(), *(("keep", column) for column in options.keep)]
    faults += [
        {"code": "unknown_column", "field": name, "column": column, "known": columns}
        for name, column in named
        if column not in columns
    ]
    if faults:
        raise ImportRefused("bad_options", faults=faults)


def _require_no_persons(
    mapped: Mapping[str, str], layer: RegisterLayer, known: Mapping[str, tuple[str, ...]]
) -> None:
    """Refuse to read text from a column whose header names persons, unless the field owns it."""
    text = {each.name for each in FIELDS[layer] if each.cell in {Cell.TEXT, Cell.REF}}
    at_fault = {
        name: column
        for name, column in mapped.items()
        if name in text
        and is_person_header(column)
        and normal_header(column) not in {normal_header(header) for header in known[name]}
    }
    if at_fault:
        raise ImportRefused("person_column_mapped", fields=at_fault)
