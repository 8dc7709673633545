"""Look at a file and import it: one way for every kind of content.

Used by the import screen. Knows nothing of screens; the importers do the work and decide.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from enum import StrEnum
from typing import TYPE_CHECKING, Any, Final

from data.importers import events, people, places, streets
from data.importers.boundaries import declares_place, has_shapes, read_raw
from data.importers.columns import fields as event_fields
from data.importers.options import EventOptions
from data.importers.people_columns import FIELDS as PEOPLE_FIELDS
from data.importers.people_columns import REQUIRED as PEOPLE_REQUIRED
from data.importers.people_columns import PeopleLayer, PeopleOptions
from data.importers.place_columns import FIELDS as PLACE_FIELDS
from data.importers.place_columns import PlaceOptions
from data.importers.place_columns import suggest_columns as suggest_places
from data.importers.place_files import recommendation, shape_options
from data.importers.place_stage import KnownPlaces
from data.importers.preview import SAMPLE_ROWS, SHOWN_ROWS, preview
from data.importers.street_columns import FIELDS as LINE_FIELDS
from data.importers.streets import LineLayer, StreetOptions
from data.importers.tables import TableOptions, open_table
from data.importers.times import TimeRules
from data.privacy import mask_value, person_columns
from data.vocabulary import EventLayer, GridKind, PlaceLevel
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

Progress = Callable[[int, int], None]
DATUMS: Final = tuple(datum.value for datum in Datum)


class ImportKind(StrEnum):
    """What a file holds."""

    GRIDS = "grids"
    COMMUNITY = "community"
    SUBDISTRICT = "subdistrict"
    COUNTY = "county"
    CITY = "city"
    PROVINCE = "province"
    STATION = "station"
    INCIDENTS = "incidents"
    HAZARDS = "hazards"
    DISPUTES = "disputes"
    OFFICERS = "officers"
    APPOINTMENTS = "appointments"
    STREETS = "streets"
    BLOCKS = "blocks"

    @property
    def is_event(self) -> bool:
        """Whether rows are things that happened."""
        return self.value in set(EventLayer)

    @property
    def is_people(self) -> bool:
        """Whether rows are officers or their appointments."""
        return self.value in set(PeopleLayer)

    @property
    def is_line(self) -> bool:
        """Whether rows are the plain ground: streets, compounds."""
        return self.value in set(LineLayer)

    @property
    def is_place(self) -> bool:
        """Whether rows are places of the tree."""
        return not (self.is_event or self.is_people or self.is_line)

    @property
    def level(self) -> str:
        """Level of the places."""
        return PlaceLevel.GRID.value if self is ImportKind.GRIDS else self.value

    @property
    def fields(self) -> tuple[str, ...]:
        """Fields that a column may be mapped to."""
        if self.is_event:
            return tuple(event_fields(EventLayer(self.value)))
        if self.is_people:
            return tuple(PEOPLE_FIELDS[PeopleLayer(self.value)])
        return tuple(LINE_FIELDS[LineLayer(self.value)] if self.is_line else PLACE_FIELDS)

    @property
    def required(self) -> tuple[str, ...]:
        """Fields without which nothing can be imported."""
        if self.is_people:
            return tuple(PEOPLE_REQUIRED[PeopleLayer(self.value)])
        return ("code",) if self.is_place else ()


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
    title = suggested["name"].column if "name" in suggested else ""
    if title in persons and (kind.is_place or kind.is_line):
        names = _names_of_places(path, table, title)
        if names:
            persons.remove(title)
            rows = tuple({**row, title: name} for row, name in zip(rows, names, strict=True))
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
    database: Database, viewer: Viewer, path: Path, plan: Plan, progress: Progress
) -> ImportReport | PlaceReport:
    """Import a file as planned.

    Raises
    ------
    ImportRefused, AccessRefused, StaleRevision
        Those of the importer of that kind; nothing was written.
    """
    if plan.kind.is_event:
        return events.run(database, path, _event_options(plan), viewer, progress=progress)
    if plan.kind.is_people:
        told = PeopleOptions(
            PeopleLayer(plan.kind.value), plan.mapping, plan.source, plan.datum, plan.table
        )
        return people.run(database, path, told, viewer, progress=progress)
    if plan.kind.is_line:
        return streets.run(database, path, _line_options(plan), viewer, progress=progress)
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
