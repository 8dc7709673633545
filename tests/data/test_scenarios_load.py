"""The sample towns through the importers into a real store: complete, clean, and as published."""

import csv
import json
import shutil
from datetime import date, datetime
from functools import partial
from zoneinfo import ZoneInfo

import pytest
from sqlalchemy import func, select

from data.database import Database
from data.errors import AccessRefused, DataError, RecordNotFound
from data.importers import events
from data.importers.options import EventOptions
from data.importers.places import check_store
from data.kpi import Question, figures
from data.models import Absence, AuditEntry, Base, Incident, Place, RejectedRow
from data.repositories.figures import settings
from data.repositories.people import coverage, roster_gaps
from data.scenarios import BigSize, load, load_files
from data.transfer import copy_store
from data.viewer import LOCAL_STEWARD, DisplayLevel, Role, Viewer
from data.vocabulary import EventLayer

AT = datetime(2026, 1, 5, 9, 0, tzinfo=ZoneInfo("Asia/Shanghai"))
NAMES = ("golmud_hexi", "xining_chengxi", "jilin_integration", "wuhan_baibuting", "yushu_18")
GRIDS = {
    "golmud_hexi": 42, "xining_chengxi": 60, "jilin_integration": 153, "wuhan_baibuting": 40,
    "yushu_18": 90,
}  # fmt: skip
PUBLISHED = {
    "golmud_hexi": 2, "xining_chengxi": 7, "jilin_integration": 22, "wuhan_baibuting": 11,
    "yushu_18": 8,
}  # fmt: skip
TABLES = {
    "grids": "place", "streets": "street", "blocks": "compound", "officers": "office_holder",
    "appointments": "appointment", "hazards": "hazard", "disputes": "dispute",
    "incidents": "incident", "case_steps": "case_step",
}  # fmt: skip
IMPORTED_INTO_SERVED = ("golmud_hexi", "wuhan_baibuting")
"""With all registers and steps between them; the other towns are copied there from the file."""
BOOKS = {"import_batch", "audit_entry", "revision", "post"}


class _Stores:
    """Each scenario in each kind of store, loaded when a test first asks for it."""

    def __init__(self, files, address):
        self.files, self.address, self.made = files, address, {}

    def __call__(self, kind, name):
        if (kind, name) not in self.made:
            database = Database(self.address(kind, name))
            if kind == "served" and name not in IMPORTED_INTO_SERVED:
                source, counts = self("embedded", name)
                copy_store(source, database)  # proves by digests that both are equal
            else:
                counts = load_files(database, name, self.files(name), LOCAL_STEWARD, now=AT)
            self.made[kind, name] = (database, counts)
        return self.made[kind, name]


@pytest.fixture(scope="session")
def stores(empty_store, scenario_files, request, tmp_path_factory):
    folder = tmp_path_factory.mktemp("scenarios")

    def address(kind, name):
        if kind == "served":
            server = request.getfixturevalue("served_server")
            return server.url(server.fresh(request.getfixturevalue("served_template")))
        path = folder / f"{name}.gpkg"
        shutil.copy(empty_store, path)
        return str(path)

    made = _Stores(scenario_files, address)
    yield made
    for database, _ in made.made.values():
        database.dispose()


@pytest.fixture(params=["embedded", "served"])
def kind(request):
    return request.param


@pytest.fixture(params=NAMES)
def name(request):
    return request.param


@pytest.fixture
def store(stores, kind, name):
    """A scenario in a store, and the counts that loading it gave."""
    return stores(kind, name)


def content(database):
    """Every stored row apart from the books that note each import."""
    with database.read() as session:
        return {
            table.name: [tuple(row) for row in session.execute(select(table).order_by("id"))]
            for table in Base.metadata.sorted_tables
            if table.name not in BOOKS
        }


def rows_of(path):
    text = path.read_text(encoding="utf-8")
    if path.suffix == ".geojson":
        return len(json.loads(text)["features"])
    return len(list(csv.DictReader(text.splitlines())))


def test_every_row_of_the_files_is_stored(name, store, scenario_files):
    database, counts = store
    wanted = {}
    for file, path in scenario_files(name).items():
        stem = "grids" if file.startswith("places_") else file.split(".", 1)[0]
        if path.suffix != ".json":
            table = TABLES.get(stem, stem)
            wanted[table] = wanted.get(table, 0) + rows_of(path)
    assert {table: counts[table] for table in wanted} == wanted
    with database.read() as session:
        rejected = session.scalars(select(RejectedRow.reason)).all()
        levels = dict(
            session.execute(select(Place.level, func.count()).group_by(Place.level)).all()
        )
        sources = set(session.scalars(select(Incident.source)))
        absences = session.scalars(select(Absence.reason)).all()
    assert rejected == []
    assert levels["grid"] == GRIDS[name]
    assert sources == {f"scenario:{name}"}
    assert absences == (["leave", "leave"] if name == "golmud_hexi" else [])


@pytest.mark.parametrize("name", ["golmud_hexi", "wuhan_baibuting"])
def test_loading_again_changes_nothing(name, kind, stores, scenario_files):
    """Two of the five, with all registers and steps between them."""
    database, counts = stores(kind, name)
    before, revisions = content(database), database.revisions()
    assert load_files(database, name, scenario_files(name), LOCAL_STEWARD, now=AT) == counts
    assert content(database) == before
    again = database.revisions()
    assert {key: again[key] for key in again if key != "imports"} == {
        key: revisions[key] for key in revisions if key != "imports"
    }


def test_the_stored_grids_tile(store):
    database, _ = store
    with database.read() as session:
        faults = check_store(session, LOCAL_STEWARD).as_json()
    assert faults["valid_coverage"]
    assert not faults["gaps"]
    assert not faults["overlaps"]
    assert not faults["multipart"]


def answer(database, wanted, unit, asked):
    """Ask the engine, once for each period and unit, and find the wanted figure."""
    zone = ZoneInfo("Asia/Shanghai")
    since, until = (
        datetime.fromisoformat(wanted[end]).replace(tzinfo=zone) if wanted[end] else None
        for end in ("since", "until")
    )
    today = date.fromisoformat(wanted["as_of"])
    question = Question(today, since, until, unit=unit)
    if question not in asked:
        with database.read() as session:
            found = figures(session, LOCAL_STEWARD, question)
        asked[question] = {(f.measure, f.scope): f for f in found}
    return asked[question].get((wanted["measure"], wanted["scope"]))


def test_published_figures(name, store, scenario_files):
    """Every figure of the article comes out of the engine: from rows, else as declared."""
    database, _ = store
    every = json.loads(scenario_files(name)["published_kpi.json"].read_text(encoding="utf-8"))
    assert len(every) == PUBLISHED[name]
    asked = {}
    for wanted in every:
        ours = partial(answer, database, wanted, asked=asked)
        found = ours(unit=None) or ours(unit=wanted["scope"])
        assert found is not None, wanted["measure"]
        assert (found.id, found.source) == (wanted["id"], wanted["source"]), wanted["measure"]
        if wanted["bound"] == "planned":
            assert found.denominator == wanted["value"]
            assert 0 < found.value < 1
        elif wanted["bound"] == "at_least":
            assert found.value >= wanted["value"]
        else:
            close = wanted["tolerance"] + 1e-12
            assert found.value == pytest.approx(wanted["value"], abs=close), wanted["measure"]
        for part in ("numerator", "denominator"):
            assert wanted[part] is None or getattr(found, part) == wanted[part]
        if wanted["low"] is not None:
            sure = pytest.approx((wanted["low"], wanted["high"]), abs=0.005)
            assert (found.low, found.high) == sure


def test_cases_and_registers_feed_the_figures_of_stages(store):
    """K13-K20 and K26 have rows to stand on in every town."""
    database, _ = store
    with database.read() as session:
        held = settings(session)
        question = Question(today=date.fromisoformat(held["scenario_as_of"]))
        found = {f.measure: f for f in figures(session, LOCAL_STEWARD, question)}
    wanted = {
        "hazards_disposal_rate", "disputes_disposal_rate", "hazards_rework_rate",
        "hazards_filing_rate", "hazards_missed_report_rate", "hazards_on_time_verification",
        "hazards_dispatch_accuracy", "disputes_response_rate", "disputes_solved_rate",
        "disputes_satisfaction_rate", "hazards_minutes_median", "disputes_minutes_p90",
        "grids_visited", "households_visited", "time_in_community", "meetings_held",
        "contact_card_coverage", "star_unit_coverage", "patrol_police_led",
    }  # fmt: skip
    assert wanted - set(found) == set()
    assert [m for m in wanted if found[m].value is None or not found[m].denominator] == []
    assert [measure for measure, figure in found.items() if "failed" in figure.note] == []


def test_root_hazards_tell_two_stages_apart(stores, kind):
    """A settled dispute whose root hazard is still there counts as settled, its root does not."""
    database, _ = stores(kind, "jilin_integration")
    with database.read() as session:
        question = Question(today=date(2024, 5, 24))
        found = {f.measure: f for f in figures(session, LOCAL_STEWARD, question)}
    roots = found["disputes_root_fixed"]
    assert roots.numerator == roots.denominator - 1


def test_leave_shows_on_duty_today_but_not_in_appointments(stores, kind):
    database, _ = stores(kind, "golmud_hexi")
    with database.read() as session:
        asked = {"level": "community", "positions": ("beat_officer",)}
        today = coverage(session, LOCAL_STEWARD, **asked, as_of=date(2023, 3, 3))
        earlier = coverage(session, LOCAL_STEWARD, **asked, as_of=date(2022, 7, 10))
        rosters = roster_gaps(session, LOCAL_STEWARD, as_of=date(2022, 12, 1))
    assert (today.covered, today.units) == (6, 7)
    assert [gap.on_leave for gap in today.gaps] == [1]
    assert (earlier.covered, earlier.units) == (7, 7)
    missing = [{slot.slot for slot in state.slots if slot.missing} for state in rosters]
    assert len(missing) == 42
    assert sorted(map(tuple, missing))[-3:] == [("building_leader",)] * 3
    assert sum(map(bool, missing)) == 3


def test_settings_say_that_all_is_synthetic(name, store):
    database, _ = store
    with database.read() as session:
        found = settings(session)
        actions = session.scalars(select(AuditEntry.action)).all()
    assert found["scenario"] == name
    assert found["scenario_is_synthetic"] is True
    assert found["tz"] == "Asia/Shanghai"
    assert found["period_since"] < found["period_until"] == found["scenario_as_of"]
    assert actions.count("load_scenario") == 1


def test_another_scenario_is_refused(stores, kind):
    database, _ = stores(kind, "golmud_hexi")
    before = content(database)
    with pytest.raises(DataError) as refusal:
        load(database, "yushu_18", LOCAL_STEWARD, now=AT)
    assert refusal.value.code == "store_not_empty"
    assert refusal.value.fields["present"] == "golmud_hexi"
    assert content(database) == before


def test_a_store_of_ones_own_is_refused(db, tmp_path):
    path = tmp_path / "own.csv"
    path.write_text("id,time\n1,2024-05-01 10:00\n", encoding="utf-8")
    mapping = {"external_id": "id", "occurred_at": "time"}
    events.run(db, path, EventOptions(EventLayer.INCIDENTS, mapping), LOCAL_STEWARD, now=AT)
    with pytest.raises(DataError) as refusal:
        load(db, "golmud_hexi", LOCAL_STEWARD, now=AT)
    assert refusal.value.code == "store_not_empty"
    assert refusal.value.fields["sets"] == ["incidents"]


def test_an_unknown_scenario_is_refused_with_the_known_ones(db):
    with pytest.raises(RecordNotFound) as refusal:
        load(db, "atlantis", LOCAL_STEWARD)
    assert refusal.value.fields == {"name": "atlantis", "known": [*NAMES, "big"]}


def test_only_a_steward_loads(db):
    with pytest.raises(AccessRefused):
        load(db, "golmud_hexi", Viewer("guest", Role.ANALYST, DisplayLevel.INTERNAL))
    with db.read() as session:
        assert settings(session) == {}


def test_big_loads_through_the_importers(db):
    """Small here; the benchmarks load a million."""
    size = BigSize(grids=36, officers=40, incidents=500)
    counts = load(db, "big", LOCAL_STEWARD, size=size, now=AT)
    assert {key: counts[key] for key in ("office_holder", "appointment", "incident")} == {
        "office_holder": 40, "appointment": 40, "incident": 500,
    }  # fmt: skip
    with db.read() as session:
        assert session.scalars(select(RejectedRow.reason)).all() == []
        assert check_store(session, LOCAL_STEWARD).as_json()["valid_coverage"]
        assert settings(session)["scenario_size"]["incidents"] == 500
