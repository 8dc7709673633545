"""Load a scenario into a store through the importers that users use.

Used by the command line and by the first start. A scenario is written to a temporary folder first:
nothing gets into the store that a file could not bring.
"""

import csv
import json
from collections import Counter
from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass
from datetime import UTC, date, datetime
from functools import partial
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import Any, Final
from zoneinfo import ZoneInfo

from data.database import Database, bump_revision
from data.errors import DataError, RecordNotFound
from data.importers import events, people, places, registers, streets
from data.importers.options import EventOptions
from data.importers.people import PeopleLayer, PeopleOptions
from data.importers.places import PlaceOptions
from data.importers.registers import RegisterOptions
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
from data.repositories.step_writes import put_steps
from data.scenarios.big import NAME as BIG
from data.scenarios.big import BigSize, write_big
from data.scenarios.catalogue import SPECS
from data.scenarios.files import LEVELS, STEPS, write_scenario
from data.viewer import Viewer
from data.vocabulary import EventLayer, PlaceLevel, RegisterLayer
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
_EVENT_ORDER: Final = (EventLayer.HAZARDS, EventLayer.DISPUTES, EventLayer.INCIDENTS)
_OWN_BOOKS: Final = frozenset({"settings", "imports"})
_DATUM: Final = Datum.CGCS2000


def list_scenarios() -> tuple[str, ...]:
    """Name the built-in scenarios: five towns, and `big` of any size."""
    return (*SPECS, BIG)


def write_files(name: str, folder: Path, size: BigSize | None = None) -> dict[str, Path]:
    """Write the files of a scenario, the same bytes on every run.

    Parameters
    ----------
    name
        One of `list_scenarios()`.
    folder
        Made if it is missing; files of the same names are replaced.
    size
        Of `big`; the towns have the size they have.

    Returns
    -------
    dict
        Name of each file → its path, in the order in which they are imported.

    Raises
    ------
    RecordNotFound
        `unknown_scenario`: fields `name` and `known`.
    DataError
        `bad_scenario_size`: fields `field`, `value`, `least`, `most`.
    """
    _require_known(name)
    folder.mkdir(parents=True, exist_ok=True)
    if name == BIG:
        return write_big(size or BigSize(), folder)
    return write_scenario(SPECS[name], folder)


def load(
    db: Database,
    name: str,
    viewer: Viewer,
    *,
    size: BigSize | None = None,
    progress: Progress | None = None,
    now: datetime | None = None,
) -> dict[str, int]:
    """Write a scenario's files to a temporary folder and import them, parents before children.

    Loading the same scenario again changes nothing; a load that was interrupted goes on.

    Parameters
    ----------
    size
        Of `big`; the towns have the size they have.
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
        `bad_scenario_size`, as in `write_files`.
    AccessRefused
        `role_may_not_write`.
    """
    _require_known(name)
    viewer.require_write()
    _begin(db, name)
    with TemporaryDirectory(prefix="gridbeat-") as folder:
        files = write_files(name, Path(folder), size)
        return load_files(db, name, files, viewer, progress=progress, now=now)


def load_files(
    db: Database,
    name: str,
    files: Mapping[str, Path],
    viewer: Viewer,
    *,
    progress: Progress | None = None,
    now: datetime | None = None,
) -> dict[str, int]:
    """Import a scenario's files that `write_files` wrote; otherwise as `load`."""
    _require_known(name)
    viewer.require_write()
    _begin(db, name)
    steps = list(_Loading(db, name, viewer, now or datetime.now(UTC), files).steps())
    counts: Counter[str] = Counter()
    for done, step in enumerate(steps, 1):
        table, rows = step()
        counts[table] += rows
        if progress is not None:
            progress(done, len(steps))
    return dict(counts)


def _require_known(name: str) -> None:
    if name not in list_scenarios():
        raise RecordNotFound("unknown_scenario", name=name, known=list(list_scenarios()))


@dataclass(frozen=True)
class _Loading:
    """One load on its way."""

    db: Database
    name: str
    viewer: Viewer
    at: datetime
    files: Mapping[str, Path]

    @property
    def source(self) -> str:
        """Name under which the rows are imported."""
        return f"scenario:{self.name}"

    @property
    def rules(self) -> TimeRules:
        """Say how the files' times are read."""
        return TimeRules(tz=_document(self.files["scenario.json"])["tz"])

    def steps(self) -> Iterator[Callable[[], tuple[str, int]]]:
        """Give what is to be done, in order; files that a scenario lacks are passed over."""
        wanted: list[tuple[str, Callable[[], tuple[str, int]]]] = [
            *((_file_of(level), partial(self._places, level)) for level in LEVELS),
            *((f"{layer}.geojson", partial(self._lines, layer)) for layer in LineLayer),
            *((f"{layer}.csv", partial(self._people, layer)) for layer in PeopleLayer),
            ("roster.json", self._roster),
            *((f"{layer}.csv", partial(self._events, layer)) for layer in _EVENT_ORDER),
            *((f"{layer}.csv", partial(self._register, layer)) for layer in RegisterLayer),
            (STEPS, self._case_steps),
            ("scenario.json", self._facts),
        ]
        yield from (step for file, step in wanted if file in self.files)

    def _places(self, level: str) -> tuple[str, int]:
        options = PlaceOptions(
            level=level,
            code="code",
            name="name",
            parent="parent",
            station="station" if level == PlaceLevel.COMMUNITY else None,
            mapping={"households": "households", "residents": "residents", "kind": "kind"},
            source=self.source,
        )
        report = places.run(self.db, self.files[_file_of(level)], options, self.viewer, now=self.at)
        return "place", report.inserted + report.updated + report.unchanged

    def _lines(self, layer: LineLayer) -> tuple[str, int]:
        path = self.files[f"{layer.value}.geojson"]
        options = StreetOptions(layer, source=self.source)
        report = streets.run(self.db, path, options, self.viewer, now=self.at)
        return _TABLES[layer], report.accepted

    def _people(self, layer: PeopleLayer) -> tuple[str, int]:
        path = self.files[f"{layer.value}.csv"]
        columns = {"external_id": "id", "place_level": "level"}
        own = _header(path)
        mapping = {field: column for field, column in columns.items() if column in own}
        mapping |= {column: column for column in own if column not in mapping.values()}
        options = PeopleOptions(layer, mapping=mapping, source=self.source, datum=_DATUM.value)
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
            times=self.rules,
            source=self.source,
        )
        report = events.run(self.db, path, options, self.viewer, now=self.at)
        return _TABLES[layer], report.accepted

    def _register(self, layer: RegisterLayer) -> tuple[str, int]:
        path = self.files[f"{layer.value}.csv"]
        is_located = {"lon", "wkt"} & set(_header(path))
        options = RegisterOptions(
            layer,
            mapping={column: column for column in _header(path)},
            datum=_DATUM.value if is_located else None,
            times=self.rules,
            source=self.source,
        )
        report = registers.run(self.db, path, options, self.viewer, now=self.at)
        return layer.value, report.accepted

    def _case_steps(self) -> tuple[str, int]:
        """Write the time lines of single cases once: a table that only screens write else."""
        zone = ZoneInfo(self.rules.tz)
        with self.files[STEPS].open(encoding="utf-8", newline="") as stream:
            read = csv.DictReader(stream)
            told = [{name: text or None for name, text in row.items()} for row in read]
        steps: list[dict[str, Any]] = [
            {
                **row,
                "sequence": int(str(row["sequence"])),
                "at": datetime.fromisoformat(str(row["at"])).replace(tzinfo=zone).astimezone(UTC),
            }
            for row in told
        ]
        with self.db.write() as session:
            put_steps(session, self.source, steps)
        return "case_step", len(told)

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
                    session, self.viewer, "load_scenario", self.name, None, detail, self.at
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


def _file_of(level: str) -> str:
    return "grids.geojson" if level == PlaceLevel.GRID else f"places_{level}.geojson"
