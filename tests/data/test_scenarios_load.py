"""The sample towns through the importers into a real store: complete, clean, and as published."""

import json
import shutil
from datetime import date, datetime
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
from data.scenarios import list_scenarios, load, write_files
from data.viewer import LOCAL_STEWARD, DisplayLevel, Role, Viewer
from data.vocabulary import EventLayer

AT = datetime(2026, 1, 5, 9, 0, tzinfo=ZoneInfo("Asia/Shanghai"))
ROWS = {
    "golmud_hexi": {"place": 55, "hazard": 120, "dispute": 60, "incident": 300},
    "yushu_18": {"place": 119, "hazard": 150, "dispute": 84, "incident": 379},
}
BOOKS = {"import_batch", "audit_entry", "revision", "post"}


@pytest.fixture(scope="module")
def stores(empty_store, tmp_path_factory):
    """Both scenarios, each in a store of its own, with the counts that loading gave."""
    folder, made = tmp_path_factory.mktemp("scenarios"), {}
    for name in list_scenarios():
        path = folder / f"{name}.gpkg"
        shutil.copy(empty_store, path)
        database = Database(str(path))
        made[name] = (database, load(database, name, LOCAL_STEWARD, now=AT))
    yield made
    for database, _ in made.values():
        database.dispose()


@pytest.fixture(params=("golmud_hexi", "yushu_18"))
def name(request):
    return request.param


def content(database):
    """Every stored row apart from the books that note each import."""
    with database.read() as session:
        return {
            table.name: [tuple(row) for row in session.execute(select(table).order_by("id"))]
            for table in Base.metadata.sorted_tables
            if table.name not in BOOKS
        }


def published(name, folder):
    path = write_files(name, folder)["published_kpi.json"]
    return json.loads(path.read_text(encoding="utf-8"))


def test_every_row_of_the_files_is_stored(name, stores):
    database, counts = stores[name]
    assert {key: counts[key] for key in ROWS[name]} == ROWS[name]
    with database.read() as session:
        rejected = session.scalars(select(RejectedRow.reason)).all()
        levels = dict(
            session.execute(select(Place.level, func.count()).group_by(Place.level)).all()
        )
        sources = set(session.scalars(select(Incident.source)))
        absences = session.scalars(select(Absence.reason)).all()
    assert rejected == []
    assert levels["grid"] == {"golmud_hexi": 42, "yushu_18": 90}[name]
    assert sources == {f"scenario:{name}"}
    assert absences == (["leave", "leave"] if name == "golmud_hexi" else [])


def test_loading_again_changes_nothing(name, stores):
    database, counts = stores[name]
    before, revisions = content(database), database.revisions()
    assert load(database, name, LOCAL_STEWARD, now=AT) == counts
    assert content(database) == before
    again = database.revisions()
    assert {key: again[key] for key in again if key != "imports"} == {
        key: revisions[key] for key in revisions if key != "imports"
    }


def test_the_stored_grids_tile(name, stores):
    database, _ = stores[name]
    with database.read() as session:
        faults = check_store(session, LOCAL_STEWARD).as_json()
    assert faults["valid_coverage"]
    assert not faults["gaps"]
    assert not faults["overlaps"]
    assert not faults["multipart"]


def test_published_figures(name, stores, tmp_path):
    database, _ = stores[name]
    zone = ZoneInfo("Asia/Shanghai")
    for wanted in published(name, tmp_path):
        since, until = (
            datetime.fromisoformat(wanted[end]).replace(tzinfo=zone) if wanted[end] else None
            for end in ("since", "until")
        )
        question = Question(today=date.fromisoformat(wanted["as_of"]), since=since, until=until)
        with database.read() as session:
            answers = {(f.measure, f.scope): f for f in figures(session, LOCAL_STEWARD, question)}
        found = answers[wanted["measure"], wanted["scope"]]
        assert (found.id, found.source) == (wanted["id"], wanted["source"])
        assert found.value == pytest.approx(wanted["value"], abs=wanted["tolerance"] + 1e-12)
        assert (found.numerator, found.denominator) == (wanted["numerator"], wanted["denominator"])
        if wanted["low"] is not None:
            assert (found.low, found.high) == pytest.approx((wanted["low"], wanted["high"]))


def test_leave_shows_on_duty_today_but_not_in_appointments(stores):
    database, _ = stores["golmud_hexi"]
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


def test_settings_say_that_all_is_synthetic(name, stores):
    database, _ = stores[name]
    with database.read() as session:
        found = settings(session)
        actions = session.scalars(select(AuditEntry.action)).all()
    assert found["scenario"] == name
    assert found["scenario_is_synthetic"] is True
    assert found["tz"] == "Asia/Shanghai"
    assert found["period_since"] < found["period_until"] == found["scenario_as_of"]
    assert actions.count("load_scenario") == 1


def test_another_scenario_is_refused(stores):
    database, _ = stores["golmud_hexi"]
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
    assert refusal.value.fields == {"name": "atlantis", "known": ["golmud_hexi", "yushu_18"]}


def test_only_a_steward_loads(db):
    with pytest.raises(AccessRefused):
        load(db, "golmud_hexi", Viewer("guest", Role.ANALYST, DisplayLevel.INTERNAL))
    with db.read() as session:
        assert settings(session) == {}
