"""Show the first rows of a file and what an import would make of it; nothing is written.

Used by the import wizard and by `--dry-run` style checks. Persons are masked here as well.
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any, Final

import pandas as pd

from data.database import Database
from data.errors import ImportRefused
from data.importers.columns import Suggestion, suggest
from data.importers.locate import advice_fields, advise
from data.importers.options import EventOptions
from data.importers.report import Caution, Rejection
from data.importers.survey import read_points
from data.importers.tables import Chunk, Table, TableOptions, open_table
from data.privacy import PersonColumn, mask_row, mask_text, person_columns
from data.viewer import LOCAL_STEWARD, Viewer
from data.vocabulary import EventLayer

SHOWN_ROWS: Final = 20
SAMPLE_ROWS: Final = 5000


@dataclass(frozen=True, slots=True)
class Preview:
    """What a file looks like before it is imported.

    Parameters
    ----------
    columns
        Headers as the file spells them.
    rows
        The first rows, column → masked text; columns that hold persons show `[person]`.
    lines
        Line of each shown row.
    suggested
        Field → column, with how sure the guess is.
    person_columns
        Columns that will be dropped.
    needs_datum
        Whether a datum or CRS has to be declared, given the suggested (or given) mapping.
    datum_advice
        The audit's findings (see `data.importers.locate.advice_fields`).
    crs
        What the file carries; empty for none.
    rejections
        Rows of the sample that cannot even be read as rows, masked.
    """

    columns: tuple[str, ...]
    rows: tuple[Mapping[str, str], ...]
    lines: tuple[int, ...]
    suggested: Mapping[str, Suggestion]
    encoding: str
    delimiter: str
    kind: str
    crs: str
    row_count_hint: int | None
    person_columns: tuple[PersonColumn, ...]
    needs_datum: bool
    datum_advice: Mapping[str, Any]
    rejections: tuple[Rejection, ...]
    warnings: tuple[Caution, ...]


def preview(
    db: Database,
    path: Path,
    layer: EventLayer,
    options: TableOptions | None = None,
    *,
    mapping: Mapping[str, str] | None = None,
    viewer: Viewer = LOCAL_STEWARD,
) -> Preview:
    """Look at the first rows of a file.

    Parameters
    ----------
    mapping
        Field → column as chosen so far; the suggestion when left out. Used for the datum's audit.

    Raises
    ------
    ImportRefused
        The codes of `open_table`.
    """
    table = open_table(Path(path), options or TableOptions())
    chunk = next(table.chunks(SAMPLE_ROWS), None)
    if chunk is None:
        raise ImportRefused("header_only", file=Path(path).name, columns=list(table.columns))
    suggested = suggest(table.columns, layer)
    chosen = mapping or {name: guess.column for name, guess in suggested.items()}
    persons = person_columns(chunk.frame, table.columns)
    hidden = [person.column for person in persons]
    has_columns = "lon" in chosen and "lat" in chosen
    has_points = has_columns or chunk.geometry is not None
    carries_crs = not has_columns and table.crs is not None
    advice = _advice(db, viewer, chunk, (layer, chosen, table, options)) if has_points else {}
    return Preview(
        columns=table.columns,
        rows=_shown(chunk.frame.head(SHOWN_ROWS), hidden),
        lines=tuple(chunk.line[:SHOWN_ROWS].tolist()),
        suggested=suggested,
        encoding=table.encoding,
        delimiter=table.delimiter,
        kind=table.kind,
        crs=table.crs or "",
        row_count_hint=table.row_count_hint,
        person_columns=persons,
        needs_datum=has_points and not carries_crs,
        datum_advice=advice,
        rejections=tuple(_masked(rejection) for rejection in chunk.faults),
        warnings=table.warnings,
    )


def _advice(
    db: Database,
    viewer: Viewer,
    chunk: Chunk,
    read: tuple[EventLayer, Mapping[str, str], Table, TableOptions | None],
) -> dict[str, Any]:
    layer, chosen, table, options = read
    usable = {name: column for name, column in chosen.items() if column in table.columns}
    told = EventOptions(layer, usable, table=options or TableOptions())
    try:
        points = read_points([chunk], told)
    except ImportRefused as refusal:
        return {"refused": refusal.code, **refusal.fields}
    stated = chunk.frame[usable["stated_unit"]] if "stated_unit" in usable else None
    with db.read() as session:
        return advice_fields(advise(session, viewer, points, stated))


def _shown(frame: pd.DataFrame, hidden: Sequence[str]) -> tuple[Mapping[str, str], ...]:
    shown = pd.DataFrame(
        {
            name: frame[name].where(frame[name] == "", "[person]")
            if name in hidden
            else mask_text(frame[name])[0]
            for name in frame.columns
        }
    )
    return tuple(
        {str(name): str(text) for name, text in row.items()} for row in shown.to_dict("records")
    )


def _masked(rejection: Rejection) -> Rejection:
    value = mask_row({"": rejection.value}, ()).get("", "")
    return replace(rejection, value=value, raw=mask_row(rejection.raw, ()))
