"""Look at a file and import it: one way for every kind of content.

Used by the import screen. Knows nothing of screens; the importers do the work and decide.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any, Final

from dashboard.actions.import_kinds import ImportKind
from data.importers import events, people, places, registers, streets
from data.importers.boundaries import declares_place, has_shapes, read_raw
from data.importers.options import EventOptions
from data.importers.people_columns import FIELDS as PEOPLE_FIELDS
from data.importers.people_columns import PeopleLayer, PeopleOptions
from data.importers.place_columns import PlaceOptions
from data.importers.place_columns import suggest_columns as suggest_places
from data.importers.place_files import recommendation, shape_options
from data.importers.place_stage import KnownPlaces
from data.importers.preview import SAMPLE_ROWS, SHOWN_ROWS, preview
from data.importers.registers import RegisterOptions
from data.importers.registers.fields import suggest_columns as suggest_register
from data.importers.street_columns import FIELDS as LINE_FIELDS
from data.importers.streets import LineLayer, StreetOptions
from data.importers.tables import TableOptions, open_table
from data.importers.times import TimeRules
from data.privacy import mask_value, person_columns
from data.vocabulary import EventLayer, GridKind, PlaceLevel, RegisterLayer
from geo.crs import Datum

if TYPE_CHECKING:
    from datetime import date
    from pathlib import Path

    from data.database import Database
    from data.importers.columns import Suggestion
    from data.importers.place_report import PlaceReport
    from data.importers.preview import Preview
    from data.importers.report import Caution, ImportReport
    from data.viewer import Viewer

__all__ = ["DATUMS", "ImportKind", "Look", "Plan", "look", "run"]

Progress = Callable[[int, int], None]
DATUMS: Final = tuple(datum.value for datum in Datum)
_TITLES: Final = ("name", "label_zh")
"""Fields whose headers look like persons' although they name things."""


@dataclass(frozen=True)
class Look:
    """What a file looks like before it is imported; persons are masked.

    Attributes
    ----------
    suggested
        Field → column, with how sure the guess is.
    person_columns
        Columns that will be dropped.
    needs_datum
        Whether a datum or CRS has to be declared.
    advice
        The datum audit's findings; `recommended` is empty where it cannot tell.
    """

    columns: tuple[str, ...]
    rows: tuple[Mapping[str, str], ...]
    lines: tuple[int, ...]
    suggested: Mapping[str, Suggestion]
    encoding: str
    delimiter: str
    crs: str
    row_count_hint: int | None
    person_columns: tuple[str, ...]
    needs_datum: bool
    advice: Mapping[str, Any]
    warnings: tuple[Caution, ...]


@dataclass(frozen=True)
class Plan:
    """How a file is to be imported; see the options of each importer for what a field means."""

    kind: ImportKind
    mapping: Mapping[str, str] = field(default_factory=dict)
    keep: tuple[str, ...] = ()
    datum: str | None = None
    crs: str | None = None
    times: TimeRules = field(default_factory=TimeRules)
    duplicate_rule: str = "last"
    trusts_datum: bool = False
    grid_kind: str = GridKind.BASE.value
    effective: date | None = None
    repair: bool = False
    source: str | None = None
    table: TableOptions = field(default_factory=TableOptions)


def look(
    database: Database,
    viewer: Viewer,
    path: Path,
    kind: ImportKind,
    table: TableOptions,
    mapping: Mapping[str, str] | None = None,
) -> Look:
    """Look at the first rows of a file.

    Parameters
    ----------
    mapping
        What was chosen so far; the audit of the datum reads the columns named there.

    Raises
    ------
    ImportRefused
        The file cannot be read: the codes of `open_table` and of `read_raw`.
    """
    found, suggested = _previewed(database, viewer, path, (kind, table, mapping))
    persons, rows = [person.column for person in found.person_columns], found.rows
    title = next((suggested[name].column for name in _TITLES if name in suggested), "")
    if title in persons and not (kind.is_event or kind.is_people):
        names = _names_of_places(path, table, title)
        if names:
            persons.remove(title)
            rows = tuple({**row, title: name} for row, name in zip(rows, names, strict=True))
    if kind.is_register and "office_phone" in suggested:
        persons = [column for column in persons if column != suggested["office_phone"].column]
    suggested = {name: guess for name, guess in suggested.items() if guess.column not in persons}
    needs_datum, advice = found.needs_datum, found.datum_advice
    if not kind.is_event:
        chosen = mapping or {name: guess.column for name, guess in suggested.items()}
        needs_datum, advice = _datum_of(database, viewer, path, (kind, table, chosen))
    return Look(
        columns=found.columns,
        rows=rows,
        lines=found.lines,
        suggested=suggested,
        encoding=found.encoding,
        delimiter=found.delimiter,
        crs="" if needs_datum else found.crs,
        row_count_hint=found.row_count_hint,
        person_columns=tuple(persons),
        needs_datum=needs_datum,
        advice=advice,
        warnings=found.warnings,
    )


def run(
    database: Database,
    viewer: Viewer,
    path: Path,
    plan: Plan,
    progress: Progress,
    checking: Progress | None = None,
) -> ImportReport | PlaceReport:
    """Import a file as planned.

    Parameters
    ----------
    progress
        Called while rows are written.
    checking
        Called while a file of events is looked over, which takes as long as a third of the whole.

    Raises
    ------
    ImportRefused, AccessRefused, StaleRevision
        Those of the importer of that kind; nothing was written.
    """
    if plan.kind.is_event:
        told_events = _event_options(plan)
        return events.run(database, path, told_events, viewer, progress=progress, checking=checking)
    if plan.kind.is_people:
        told = PeopleOptions(
            PeopleLayer(plan.kind.value), plan.mapping, plan.source, plan.datum, plan.table
        )
        return people.run(database, path, told, viewer, progress=progress)
    if plan.kind.is_line:
        return streets.run(database, path, _line_options(plan), viewer, progress=progress)
    if plan.kind.is_register:
        return registers.run(database, path, _register_options(plan), viewer, progress=progress)
    return places.run(database, path, _place_options(plan), viewer, progress=progress)


def _previewed(
    database: Database,
    viewer: Viewer,
    path: Path,
    told: tuple[ImportKind, TableOptions, Mapping[str, str] | None],
) -> tuple[Preview, Mapping[str, Suggestion]]:
    """Read the first rows and guess the columns of that kind."""
    kind, table, mapping = told
    if kind.is_event:
        found = preview(
            database, path, EventLayer(kind.value), table, mapping=mapping, viewer=viewer
        )
        return found, found.suggested
    found = preview(database, path, EventLayer.INCIDENTS, table, mapping={}, viewer=viewer)
    return found, _suggested(kind, found.columns)


def _names_of_places(path: Path, table: TableOptions, column: str) -> list[str] | None:
    """Read the shown cells, masked, of a column whose header alone looks like persons'.

    None where its values look like persons too.
    """
    chunk = next(open_table(path, table).chunks(SAMPLE_ROWS), None)
    if chunk is None:
        return None
    texts = chunk.frame[[column]].set_axis(["place"], axis=1)
    if person_columns(texts, ("place",)):
        return None
    return [mask_value(str(text)) for text in texts["place"].head(SHOWN_ROWS)]


def _suggested(kind: ImportKind, columns: tuple[str, ...]) -> Mapping[str, Suggestion]:
    from data.importers.columns import match_columns

    if kind.is_people:
        return match_columns(columns, PEOPLE_FIELDS[PeopleLayer(kind.value)])
    if kind.is_line:
        return match_columns(columns, LINE_FIELDS[LineLayer(kind.value)])
    if kind.is_register:
        return suggest_register(columns, RegisterLayer(kind.value))
    return suggest_places(columns)


def _datum_of(
    database: Database,
    viewer: Viewer,
    path: Path,
    told: tuple[ImportKind, TableOptions, Mapping[str, str]],
) -> tuple[bool, Mapping[str, Any]]:
    """Say whether a datum has to be declared, and what the audit recommends."""
    kind, table, mapping = told
    if kind.is_people:
        return "lon" in mapping and "lat" in mapping, {}
    if kind.is_register:
        return _datum_of_register(database, viewer, path, told)
    if not has_shapes(path):
        return False, {}
    options = _place_options(Plan(kind, mapping=mapping, table=table))
    chosen = shape_options(options)
    raw = read_raw(path, chosen)
    if declares_place(raw, chosen):
        return False, {}
    with database.read() as session:
        known = KnownPlaces.read(session, viewer, options)
    return True, recommendation(raw, options, known.comparison)


def _datum_of_register(
    database: Database,
    viewer: Viewer,
    path: Path,
    told: tuple[ImportKind, TableOptions, Mapping[str, str]],
) -> tuple[bool, Mapping[str, Any]]:
    """As `_datum_of`: coordinates stand in columns, in WKT, or are the file's own shapes."""
    kind, table, mapping = told
    has_columns = "lon" in mapping and "lat" in mapping
    if not kind.is_located or not (has_columns or "wkt" in mapping or has_shapes(path)):
        return False, {}
    if "wkt" in mapping and not has_columns:
        return True, {}
    chosen = {name: mapping[name] for name in ("lon", "lat") if has_columns}
    if "place_code" in mapping:
        chosen["stated_unit"] = mapping["place_code"]
    layer = EventLayer.INCIDENTS
    found = preview(database, path, layer, table, mapping=chosen, viewer=viewer)
    return found.needs_datum, found.datum_advice


def _register_options(plan: Plan) -> RegisterOptions:
    return RegisterOptions(
        layer=RegisterLayer(plan.kind.value),
        mapping=dict(plan.mapping),
        keep=plan.keep,
        source=plan.source,
        crs=plan.crs,
        datum=plan.datum,
        times=plan.times,
        table=plan.table,
        trusts_datum=plan.trusts_datum,
        guesses_columns=False,
    )


def _event_options(plan: Plan) -> EventOptions:
    return EventOptions(
        layer=EventLayer(plan.kind.value),
        mapping=dict(plan.mapping),
        keep=plan.keep,
        crs=plan.crs,
        datum=Datum(plan.datum) if plan.datum else None,
        times=plan.times,
        source=plan.source,
        table=plan.table,
        duplicate_rule=plan.duplicate_rule,
        trusts_datum=plan.trusts_datum,
    )


def _place_options(plan: Plan) -> PlaceOptions:
    named = {"code", "name", "parent", "station"}
    is_place = plan.kind.is_place
    return PlaceOptions(
        level=plan.kind.level if is_place else PlaceLevel.GRID.value,
        grid_kind=plan.grid_kind,
        code=plan.mapping.get("code"),
        name=plan.mapping.get("name"),
        parent=plan.mapping.get("parent"),
        station=plan.mapping.get("station"),
        mapping={k: v for k, v in plan.mapping.items() if k not in named} if is_place else {},
        keep=plan.keep,
        crs=plan.crs,
        datum=plan.datum,
        effective=plan.effective,
        repair=plan.repair,
        source=plan.source,
        table=plan.table,
    )


def _line_options(plan: Plan) -> StreetOptions:
    return StreetOptions(
        layer=LineLayer(plan.kind.value),
        mapping=plan.mapping,
        source=plan.source,
        crs=plan.crs,
        datum=plan.datum,
        file_layer=plan.table.layer,
        encoding=plan.table.encoding,
        max_bytes=plan.table.max_bytes,
    )
