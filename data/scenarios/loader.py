"""Load a scenario into a store through the importers that users use.

Used by the command line and by the first start. A scenario is written to a temporary folder first:
nothing gets into the store that a file could not bring.
"""

import csv
import json
from collections import Counter
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from datetime import UTC, date, datetime
from functools import partial
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import Any, Final

from data.database import Database, bump_revision
from data.errors import DataError, RecordNotFound
from data.importers import events, people, places, streets
from data.importers.options import EventOptions
from data.importers.people import PeopleLayer, PeopleOptions
from data.importers.places import PlaceOptions
from data.importers.streets import LineLayer, StreetOptions
from data.importers.times import TimeRules
from data.repositories.audit import append_audit
from data.repositories.figures import (
    DeclaredRecord,
    declared_figures,
    save_declared,
    save_setting,
    settings,
)
from data.scenarios.files import LEVELS, SPECS, write_scenario
from data.scenarios.spec import ScenarioSpec
from data.viewer import Viewer
from data.vocabulary import EventLayer, PlaceLevel
from geo.crs import Datum

Progress = Callable[[int, int], None]
NAME_SETTING: Final = "scenario"
_TABLES: Final = {
    PeopleLayer.OFFICERS: "office_holder",
    PeopleLayer.APPOINTMENTS: "appointment",
    LineLayer.STREETS: "street",
    LineLayer.BLOCKS: "compound",
    EventLayer.HAZARDS: "hazard",
    EventLayer.DISPUTES: "dispute",
    EventLayer.INCIDENTS: "incident",
}
_OWN_BOOKS: Final = frozenset({"settings", "imports"})
_DATUM: Final = Datum.CGCS2000


def list_scenarios() -> tuple[str, ...]:
    """Name the built-in scenarios."""
    return tuple(SPECS)


def write_files(name: str, folder: Path) -> dict[str, Path]:
    """Write the files of a scenario, the same bytes on every run.

    Parameters
    ----------
    name
        One of `list_scenarios()`.
    folder
        Made if it is missing; files of the same names are replaced.

    Returns
    -------
    dict
        Name of each file → its path, in the order in which they are imported.

    Raises
    ------
    RecordNotFound
        `unknown_scenario`: fields `name` and `known`.
    """
    folder.mkdir(parents=True, exist_ok=True)
    return write_scenario(_spec(name), folder)


def load(
    db: Database,
    name: str,
    viewer: Viewer,
    *,
    progress: Progress | None = None,
    now: datetime | None = None,
) -> dict[str, int]:
    """Write a scenario's files to a temporary folder and import them, parents before children.

    Loading the same scenario again changes nothing; a load that was interrupted goes on.

    Parameters
    ----------
    progress
        Called with (done, total) files.
    now
        Aware moment for the books; None is now.

    Returns
    -------
    dict
        Table → rows of the files that stand in it afterwards.

    Raises
    ------
    RecordNotFound
        `unknown_scenario`: fields `name` and `known`.
    DataError
        `store_not_empty`: something else was written; fields `wanted`, `present` (the scenario
        that is there, empty for somebody's own rows) and `sets` (what was written).
    AccessRefused
        `role_may_not_write`.
    """
    spec = _spec(name)
    viewer.require_write()
    at = now or datetime.now(UTC)
    _begin(db, name)
    with TemporaryDirectory(prefix="gridbeat-") as folder:
        files = write_scenario(spec, Path(folder))
        loading = _Loading(db, spec, viewer, at, files)
        steps = list(loading.steps())
        counts: Counter[str] = Counter()
        for done, step in enumerate(steps, 1):
            table, rows = step()
            counts[table] += rows
            if progress is not None:
                progress(done, len(steps))
    return dict(counts)


@dataclass(frozen=True)
class _Loading:
    """One load on its way."""

    db: Database
    spec: ScenarioSpec
    viewer: Viewer
    at: datetime
    files: dict[str, Path]

    def steps(self) -> Iterator[Callable[[], tuple[str, int]]]:
        """Give what is to be done, in order."""
        for level in LEVELS:
            yield partial(self._places, level)
        yield partial(self._lines, LineLayer.STREETS)
        yield partial(self._lines, LineLayer.BLOCKS)
        yield partial(self._people, PeopleLayer.OFFICERS)
        yield partial(self._people, PeopleLayer.APPOINTMENTS)
        yield self._roster
        for layer in (EventLayer.HAZARDS, EventLayer.DISPUTES, EventLayer.INCIDENTS):
            yield partial(self._events, layer)
        yield self._facts

    def _places(self, level: str) -> tuple[str, int]:
        name = "grids.geojson" if level == PlaceLevel.GRID else f"places_{level}.geojson"
        options = PlaceOptions(
            level=level,
            code="code",
            name="name",
            parent="parent",
            station="station" if level == PlaceLevel.COMMUNITY else None,
            mapping={"households": "households", "residents": "residents", "kind": "kind"},
            source=self.spec.source,
        )
        report = places.run(self.db, self.files[name], options, self.viewer, now=self.at)
        return "place", report.inserted + report.updated + report.unchanged

    def _lines(self, layer: LineLayer) -> tuple[str, int]:
        path = self.files[f"{layer.value}.geojson"]
        options = StreetOptions(layer, source=self.spec.source)
        report = streets.run(self.db, path, options, self.viewer, now=self.at)
        return _TABLES[layer], report.accepted

    def _people(self, layer: PeopleLayer) -> tuple[str, int]:
        path = self.files[f"{layer.value}.csv"]
        columns = {"external_id": "id", "place_level": "level"}
        own = _header(path)
        mapping = {field: column for field, column in columns.items() if column in own}
        mapping |= {column: column for column in own if column not in mapping.values()}
        options = PeopleOptions(layer, mapping=mapping, source=self.spec.source, datum=_DATUM.value)
        report = people.run(self.db, path, options, self.viewer, now=self.at)
        return _TABLES[layer], report.accepted

    def _roster(self) -> tuple[str, int]:
        path = self.files["roster.json"]
        report = people.import_roster(self.db, path, self.viewer, now=self.at)
        return "roster_template", report.templates

    def _events(self, layer: EventLayer) -> tuple[str, int]:
        path = self.files[f"{layer.value}.csv"]
        own = _header(path)
        options = EventOptions(
            layer,
            mapping={"external_id" if column == "id" else column: column for column in own},
            datum=_DATUM,
            times=TimeRules(tz=self.spec.tz),
            source=self.spec.source,
        )
        report = events.run(self.db, path, options, self.viewer, now=self.at)
        return _TABLES[layer], report.accepted

    def _facts(self) -> tuple[str, int]:
        """Store declared figures and settings, and write the load to the audit log once."""
        records = [_declared(row) for row in _document(self.files["declared_figures.json"])]
        wanted: dict[str, Any] = _document(self.files["scenario.json"])
        with self.db.write() as session:
            present = settings(session)
            changed = {key: value for key, value in wanted.items() if present.get(key) != value}
            known = set(declared_figures(session, self.viewer))
            new = [record for record in records if record not in known]
            if new:
                save_declared(session, new)
                bump_revision(session, "figures")
            for key, value in changed.items():
                save_setting(session, key, value)
            if changed:
                bump_revision(session, "settings")
                detail = {"files": len(self.files)}
                append_audit(
                    session, self.viewer, "load_scenario", self.spec.name, None, detail, self.at
                )

        return "declared_figure", len(records)


def _begin(db: Database, name: str) -> None:
    """Take the store for this scenario, or refuse one in which something else was written."""
    written = sorted(set(db.revisions()) - _OWN_BOOKS)
    with db.write() as session:
        present = settings(session).get(NAME_SETTING, "")
        if present == name:
            return
        if present or written:
            raise DataError("store_not_empty", wanted=name, present=present, sets=written)
        save_setting(session, NAME_SETTING, name)


def _declared(row: dict[str, Any]) -> DeclaredRecord:
    spans = {key: date.fromisoformat(row[key]) if row[key] else None for key in ("since", "until")}
    return DeclaredRecord(**{**row, **spans})


def _document(path: Path) -> Any:  # noqa: ANN401 - any JSON value
    return json.loads(path.read_text(encoding="utf-8"))


def _header(path: Path) -> list[str]:
    with path.open(encoding="utf-8", newline="") as stream:
        return next(csv.reader(stream))


def _spec(name: str) -> ScenarioSpec:
    if name not in SPECS:
        raise RecordNotFound("unknown_scenario", name=name, known=list(SPECS))
    return SPECS[name]
