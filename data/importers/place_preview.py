"""Show what a file of places, streets or people holds before it is imported; nothing is written.

Used by the import wizard.
Knows nothing of screens. Columns that hold persons are masked here as well.
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any, Final

import geopandas as gpd
import pandas as pd

from data.database import Database
from data.importers.boundaries import declares_place, has_shapes, read_raw
from data.importers.columns import Suggestion, match_columns
from data.importers.place_columns import FIELDS as PLACE_FIELDS
from data.importers.place_columns import PlaceOptions, cell_text
from data.importers.place_files import recommendation, shape_options
from data.importers.place_stage import KnownPlaces
from data.importers.tables import TableOptions, open_table
from data.privacy import mask_value, person_columns
from data.viewer import Viewer

SHOWN_ROWS: Final = 20


@dataclass(frozen=True, slots=True)
class PlacePreview:
    """What a file looks like before it is imported.

    Attributes
    ----------
    columns
        Headers as the file spells them.
    rows
        The first rows, column → text; columns that hold persons show `[person]`.
    suggested
        Field → column, with how sure the guess is.
    person_columns
        Columns that will be dropped.
    crs
        What the file carries; empty for none.
    needs_datum
        Whether a CRS or datum has to be declared.
    datum_advice
        Fields of ``datum_required`` (see `data.importers.place_files.recommendation`); empty
        where none is needed.
    """

    columns: tuple[str, ...]
    rows: tuple[Mapping[str, str], ...]
    row_count: int
    suggested: Mapping[str, Suggestion]
    person_columns: tuple[str, ...]
    encoding: str
    layer: str
    crs: str
    needs_datum: bool
    datum_advice: Mapping[str, Any]


def preview_places(db: Database, path: Path, options: PlaceOptions, viewer: Viewer) -> PlacePreview:
    """Show a file of places; where the datum is missing, test it against stored places.

    The code and name columns of `options`, else the suggested ones, name the units that the test
    looks for.

    Raises
    ------
    ImportRefused
        Those of `read_shapes` (but ``datum_required``) and of `open_table`.
    """
    if not has_shapes(path):
        return preview_table(path, PLACE_FIELDS, options.table)
    chosen = shape_options(options)
    raw = read_raw(path, chosen)
    suggested = match_columns([str(c) for c in raw.table.columns], PLACE_FIELDS)
    needs = not declares_place(raw, chosen)
    advice: Mapping[str, Any] = {}
    if needs:
        with db.read() as session:
            comparison = KnownPlaces.read(session, viewer, options).comparison
        advice = recommendation(raw, _with_columns(options, suggested), comparison)
    crs = gpd.GeoSeries([], crs=raw.stated_crs).crs if raw.stated_crs else None
    shown = _Shown.of(raw.table)
    return PlacePreview(
        columns=tuple(str(c) for c in raw.table.columns),
        rows=shown.rows,
        row_count=len(raw.table),
        suggested=suggested,
        person_columns=shown.persons,
        encoding=raw.encoding,
        layer=raw.layer,
        crs=crs.to_string() if crs is not None else "",
        needs_datum=needs,
        datum_advice=advice,
    )


def preview_table(
    path: Path, fields: Mapping[str, Sequence[str]], options: TableOptions | None = None
) -> PlacePreview:
    """Show a table without shapes: places, officers or appointments.

    Parameters
    ----------
    fields
        Field → headers it is known under (`place_columns.FIELDS`, `people_columns.FIELDS[layer]`).

    Raises
    ------
    ImportRefused
        Those of `open_table`.
    """
    table = open_table(path, options)
    frames = [chunk.frame for chunk in table.chunks()]
    frame = pd.concat(frames, ignore_index=True)
    suggested = match_columns(table.columns, fields)
    shown = _Shown.of(frame)
    return PlacePreview(
        columns=table.columns,
        rows=shown.rows,
        row_count=len(frame),
        suggested=suggested,
        person_columns=tuple(
            c for c in shown.persons if c not in {s.column for s in suggested.values()}
        ),
        encoding=table.encoding,
        layer="",
        crs="",
        needs_datum="lon" in suggested and "lat" in suggested,
        datum_advice={},
    )


@dataclass(frozen=True, slots=True)
class _Shown:
    rows: tuple[Mapping[str, str], ...]
    persons: tuple[str, ...]

    @classmethod
    def of(cls, table: pd.DataFrame) -> "_Shown":
        text = table.map(cell_text)
        names = [str(c) for c in text.columns]
        persons = tuple(found.column for found in person_columns(text, names))
        rows = tuple(
            {
                str(name): "[person]" if name in persons and value else mask_value(str(value))
                for name, value in row.items()
            }
            for row in text.head(SHOWN_ROWS).to_dict("records")
        )
        return cls(rows, persons)


def _with_columns(options: PlaceOptions, suggested: Mapping[str, Suggestion]) -> PlaceOptions:
    found = {name: suggested[name].column for name in ("code", "name") if name in suggested}
    return replace(
        options,
        code=options.code or found.get("code"),
        name=options.name or found.get("name"),
    )
