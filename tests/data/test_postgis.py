"""The served store: addresses, extensions, locks, notices, plans, and a server that goes away."""

import os
import subprocess
import sys
import threading
import time
from concurrent.futures import ThreadPoolExecutor
from datetime import UTC, datetime
from pathlib import Path

import numpy as np
import pytest
import shapely
from sqlalchemy import func, select, text
from sqlalchemy.exc import IntegrityError

from data import postgis
from data.config import served_url as address_of
from data.database import Database, bump_revision
from data.errors import ConfigError, StoreUnavailable
from data.geometry import InBox
from data.importers.events import run
from data.importers.options import EventOptions
from data.models import (
    AuditEntry,
    Boundary,
    Hazard,
    ImportBatch,
    Incident,
    Place,
    RejectedRow,
    Setting,
)
from data.repositories.audit import append_audit, is_intact
from data.repositories.event_writes import EventBlock, write_events
from data.repositories.events import event_arrays
from data.repositories.imports import SUPERSEDED, list_rejected, rejected_counts
from data.viewer import LOCAL_STEWARD
from data.vocabulary import EventLayer
from geo.crs import Datum

ROOT = Path(__file__).resolve().parents[2]
AT = datetime(2026, 6, 1, tzinfo=UTC)
MAPPING = {
    "external_id": "id", "lon": "lon", "lat": "lat", "occurred_at": "time", "kind": "kind",
    "stated_unit": "unit", "description": "text",
}  # fmt: skip


def options(layer=EventLayer.INCIDENTS, **changes):
    return EventOptions(layer, MAPPING, datum=Datum.WGS84, **changes)


def calls(path, rows=40, *, bad=2):
    """Some calls: bad coordinates, no coordinates, quotes, tabs, no unit."""
    lines = ["id,lon,lat,time,kind,unit,text"]
    for n in range(rows):
        lat = 95 if n < bad else 33 + n / 1000
        place = "," if n % 5 == 4 else f"{97 + n / 1000},{lat}"
        unit = "" if n % 3 else f"G{n % 4}"
        lines.append(f'A{n},{place},2026-03-05 08:{n % 60:02d},盗窃,{unit},"第 {n} 起	""x"""')
    path.write_text("\n".join(lines) + "\n", encoding="utf-8")
    return path


# -- addresses


@pytest.mark.parametrize(
    ("url", "shown"),
    [
        ("postgresql+psycopg://u:s3cret@h:5433/d", "postgresql+psycopg://u@h:5433/d"),
        ("postgresql://u:s3cret@h/d?password=s3cret", "postgresql+psycopg://u@h/d"),
        ("postgres://u:s%403@h/d?sslmode=require", "postgresql+psycopg://u@h/d?sslmode=require"),
    ],
)
def test_an_address_is_shown_without_its_password(url, shown):
    database = Database(url)
    assert (database.is_served, database.label, database.name) == (True, shown, "d")
    assert database.identity == shown
    assert database.is_present()
    with pytest.raises(ConfigError, match="store_is_served"):
        _ = database.path


def test_an_embedded_store_is_shown_by_its_path(embedded):
    assert not embedded.is_served
    assert embedded.label == str(embedded.path)
    assert embedded.name == "store.gpkg"
    assert address_of(embedded.url) is None


# -- extensions and migration


@pytest.fixture
def plain_owner(served_server):
    """A database of its own role, which is no superuser; without extensions."""
    name = served_server.fresh()
    served_server.sql("DROP ROLE IF EXISTS clerk")
    served_server.sql("CREATE ROLE clerk LOGIN")
    served_server.sql(f"ALTER DATABASE {name} OWNER TO clerk")
    database = Database(served_server.url(name, "clerk"))
    yield database
    database.dispose()
    served_server.drop(name)
    served_server.sql("DROP ROLE clerk")


def test_an_administrator_is_told_what_to_run_and_then_it_works(plain_owner, served_server):
    with pytest.raises(StoreUnavailable) as refusal:
        plain_owner.create_or_migrate()
    assert refusal.value.code == "store_extension_missing"
    assert refusal.value.fields["sql"] == "CREATE EXTENSION postgis;"
    assert plain_owner.schema_version() is None
    served_server.sql(refusal.value.fields["sql"], plain_owner.name)
    plain_owner.create_or_migrate()
    assert plain_owner.is_current()
    assert plain_owner.server_versions()[1]


def test_two_starts_at_once_make_one_schema(served_server):
    script = "import sys; from data.database import Database; Database(sys.argv[1])"
    fresh = served_server.url(served_server.fresh())
    started = [
        subprocess.Popen(
            [sys.executable, "-c", f"{script}.create_or_migrate()", fresh],
            env={**os.environ, "PYTHONPATH": str(ROOT)},
            cwd=ROOT,
        )
        for _ in range(2)
    ]
    assert [process.wait(60) for process in started] == [0, 0]
    database = Database(fresh)
    assert database.is_current()
    database.dispose()


# -- constraints, plans, locks


def test_a_served_audit_log_cannot_be_emptied(served):
    with served.write() as session:
        append_audit(session, LOCAL_STEWARD, "import", "grids", 1, None, AT)
    with pytest.raises(IntegrityError, match="append-only"), served.write() as session:
        session.execute(text("TRUNCATE audit_entry"))


def test_box_queries_use_the_gist_index(served):
    with served.write() as session:
        place = Place(level="grid", kind="base", code="1", name="x", source="t")
        session.add(place)
        session.flush()
        square = shapely.MultiPolygon([shapely.box(94, 36, 94.1, 36.1)])
        session.add(Boundary(place_id=place.id, geom=square))
    statement = select(Boundary.place_id).where(InBox(Boundary.geom, 94.05, 36, 94.06, 36.005))
    with served.read() as session:
        assert session.scalars(statement).all() == [place.id]
        session.execute(text("SET LOCAL enable_seqscan = off"))
        compiled = statement.compile(served.write_engine, compile_kwargs={"literal_binds": True})
        plan = " ".join(session.scalars(text(f"EXPLAIN {compiled}")))
    assert "gix_boundary_geom" in plan


def test_writers_wait_for_each_other_and_the_chain_stays_whole(db):
    def write(n):
        with db.write() as session:
            append_audit(session, LOCAL_STEWARD, "edit", str(n), 1, None, AT)
            return bump_revision(session, "places")

    with ThreadPoolExecutor(6) as pool:
        numbers = list(pool.map(write, range(40)))
    assert sorted(numbers) == list(range(1, 41))
    with db.read() as session:
        assert is_intact(session)
        assert session.scalar(select(func.count()).select_from(AuditEntry)) == 40


def test_a_reader_sees_one_state_while_others_write(db):
    with db.read() as session:
        before = session.scalar(select(func.count()).select_from(Place))
        with db.write() as other:
            other.add(Place(level="grid", kind="base", code="1", name="x", source="t"))
        assert session.scalar(select(func.count()).select_from(Place)) == before


def test_a_writer_that_waits_too_long_is_told_so(served, monkeypatch):
    monkeypatch.setattr(postgis, "_SETTINGS", "-c timezone=UTC -c lock_timeout=100")
    hurried = Database(served.url)
    with served.write(), pytest.raises(StoreUnavailable, match="store_busy"), hurried.write():
        pass
    hurried.dispose()


# -- notices


def test_a_change_is_told_at_once(db):
    seen = db.revisions()
    assert db.wait_for_change(seen, 0.05) == seen

    def change():
        time.sleep(0.2)
        with db.write() as session:
            bump_revision(session, "hazards")

    changing = threading.Thread(target=change)
    began = time.monotonic()
    changing.start()
    found = db.wait_for_change(seen, 20)
    took_s = time.monotonic() - began
    changing.join()
    assert found == {**seen, "hazards": 1}
    assert took_s < 3


def test_a_notice_names_the_set_and_its_number(served):
    import psycopg

    plain = served.url.replace("+psycopg", "")
    with psycopg.connect(plain, autocommit=True) as listener:
        listener.execute(f"LISTEN {postgis.CHANNEL}")
        with served.write() as session:
            bump_revision(session, "places")
            bump_revision(session, "places")
        told = [n.payload for n in listener.notifies(timeout=5, stop_after=2)]
    assert told == ["places:1", "places:2"]


# -- bulk reading and writing


def test_both_stores_give_the_same_arrays(embedded, served, tmp_path):
    path = calls(tmp_path / "calls.csv")
    found = []
    for database in (embedded, served):
        for layer in (EventLayer.INCIDENTS, EventLayer.HAZARDS):
            run(database, path, options(layer), LOCAL_STEWARD, now=AT)
        with database.read() as session:
            found += [event_arrays(session, LOCAL_STEWARD, layer) for layer in EventLayer]
    for ours, theirs in zip(found[:3], found[3:], strict=True):
        for name, value in vars(ours).items():
            other = getattr(theirs, name)
            if name == "layer":
                assert value == other
            elif hasattr(value, "labels"):
                assert value.labels == other.labels, name
                np.testing.assert_array_equal(value.codes, other.codes)
            else:
                assert value.dtype == other.dtype
                np.testing.assert_array_equal(value, other)
    assert len(found[0]) == 38
    assert len(found[2]) == 0


def test_changed_rows_are_updated_and_others_left(served, tmp_path):
    path = calls(tmp_path / "calls.csv")
    run(served, path, options(), LOCAL_STEWARD, now=AT)
    text_of = path.read_text(encoding="utf-8")
    path.write_text(text_of.replace("第 7 起", "第 7 改") + "B1,97,33,2026-03-06,火灾,,\n", "utf-8")
    report = run(served, path, options(source="calls"), LOCAL_STEWARD, now=AT)
    assert (report.inserted, report.updated, report.unchanged) == (1, 1, 37)
    with served.read() as session:
        row = session.scalars(select(Incident).where(Incident.external_id == "A7")).one()
    assert row.description.startswith("第 7 改")


def test_nul_characters_are_left_out_of_both_stores(db, tmp_path):
    path = tmp_path / "calls.csv"
    path.write_text(
        "id,lon,lat,time,kind,unit,text,more\n"
        "A\x001,97,33,2026-03-05,盗\x00窃,G\x001,a\x00,b\x00\nB,97,95,2026-03-05,\x00,G\x00,c,d\n",
        encoding="utf-8",
    )
    report = run(db, path, options(keep=("more",)), LOCAL_STEWARD, now=AT)
    assert (report.inserted, report.rejected) == (1, 1)
    with db.read() as session:
        (row,) = session.scalars(select(Incident))
        (rejected,) = list_rejected(session, LOCAL_STEWARD)
    told = (row.external_id, row.stated_unit, row.description, row.attributes["more"])
    assert told == ("A1", "G1", "a", "b")
    assert rejected.raw["unit"] == "G"
    with db.write() as session:
        session.add(Place(level="grid", kind="base", code="1", name="x", source="t"))
        session.add(Setting(key="a", value={"b": ["c\x00"]}))


def test_truths_and_numbers_with_gaps_are_of_their_columns_type(db):
    """A column with gaps arrives as 1.0 and None: both stores take it."""
    columns = {
        "source": ["t"] * 3, "external_id": ["1", "2", "3"], "kind": ["10"] * 3,
        "channel": ["unknown"] * 3, "channel_group": ["unknown"] * 3,
        "time_precision": ["minute"] * 3, "content_hash": ["a", "b", "c"],
        "is_major": [1.0, None, 0.0], "limit_minutes": [90.0, None, 3],
    }  # fmt: skip
    block = EventBlock(EventLayer.HAZARDS, "t", columns)
    with db.write() as session:
        assert write_events(session, block, may_exist=True).inserted == 3
    changed = {**columns, "content_hash": ["a", "x", "y"], "is_major": [1.0, 1.0, None]}
    with db.write() as session:
        block = EventBlock(EventLayer.HAZARDS, "t", changed)
        assert write_events(session, block, may_exist=True).updated == 2
    with db.read() as session:
        rows = session.execute(
            select(Hazard.is_major, Hazard.limit_minutes).order_by(Hazard.external_id)
        ).all()
    assert [tuple(row) for row in rows] == [(True, 90), (True, None), (None, 3)]


# -- quarantine of a file imported again


def test_rows_of_an_import_with_other_options_are_superseded(db, tmp_path):
    path = calls(tmp_path / "calls.csv")
    first = run(db, path, options(), LOCAL_STEWARD, now=AT)
    second = run(db, path, options(source="other"), LOCAL_STEWARD, now=AT)
    assert first.rejected == second.rejected == 2
    with db.read() as session:
        assert {row.batch_id for row in list_rejected(session, LOCAL_STEWARD)} == {second.batch_id}
        assert set(rejected_counts(session, LOCAL_STEWARD)) == {(second.batch_id, "out_of_range")}
        older = list_rejected(session, LOCAL_STEWARD, batch_id=first.batch_id, state=None)
        assert [row.state for row in older] == [SUPERSEDED] * 2
        assert list_rejected(session, LOCAL_STEWARD, batch_id=first.batch_id) == ()


# -- a server that does not answer, or not to us


def test_a_server_that_is_down_is_said_and_heals(served, served_server):
    with served.write() as session:
        bump_revision(session, "places")
    served_server.stop()
    try:
        for ask in (served.revisions, served.schema_version, served.create_or_migrate):
            with pytest.raises(StoreUnavailable) as refusal:
                ask()
            assert refusal.value.code == "store_unreachable"
            assert refusal.value.fields["store"] == served.label
        with pytest.raises(StoreUnavailable), served.write():
            pass
        with pytest.raises(StoreUnavailable):
            served.wait_for_change({}, 0.1)
    finally:
        served_server.start()
    assert served.revisions() == {"places": 1}
    with served.write() as session:
        assert bump_revision(session, "places") == 2


def test_a_server_that_goes_away_within_a_session_is_said(served, served_server):
    try:
        with pytest.raises(StoreUnavailable, match="store_unreachable"), served.write() as session:
            bump_revision(session, "places")
            served_server.stop()
            bump_revision(session, "places")
    finally:
        served_server.start()
    assert served.revisions() == {}


@pytest.mark.parametrize(
    ("name", "user", "code"),
    [("nowhere", "app", "store_no_database"), ("postgres", "stranger", "store_refused")],
)
def test_the_wrong_name_is_told_apart(served_server, name, user, code):
    with pytest.raises(StoreUnavailable) as refusal:
        Database(served_server.url(name, user)).revisions()
    assert refusal.value.code == code
    assert name in refusal.value.fields["store"]


def test_a_wrong_password_is_told_and_not_shown(served_server):
    rules = served_server.cluster / "pg_hba.conf"
    before = rules.read_text()
    served_server.sql("CREATE ROLE locked LOGIN PASSWORD 'right'")
    rules.write_text(f"local all locked scram-sha-256\n{before}")
    served_server.sql("SELECT pg_reload_conf()")
    time.sleep(0.3)
    host = f"?host={served_server.folder}"
    try:
        with pytest.raises(StoreUnavailable) as refusal:
            Database(f"postgresql+psycopg://locked:wr0ng@/postgres{host}").revisions()
        assert refusal.value.code == "store_refused"
        assert "wr0ng" not in str(refusal.value)
        right = Database(f"postgresql+psycopg://locked:right@/postgres{host}")
        assert right.schema_version() is None
        right.dispose()
    finally:
        rules.write_text(before)
        served_server.sql("SELECT pg_reload_conf()")
        served_server.sql("DROP ROLE locked")


def test_an_import_goes_on_after_the_server_came_back(served, embedded, served_server, tmp_path):
    path = calls(tmp_path / "calls.csv", rows=2000, bad=30)

    def stop(done, _total):
        if done >= 900 and not stopped:
            stopped.append(done)
            served_server.stop()

    stopped = []
    with pytest.raises(StoreUnavailable, match="store_unreachable"):
        run(served, path, options(chunk_rows=100), LOCAL_STEWARD, progress=stop, now=AT)
    served_server.start()
    with served.read() as session:
        (batch,) = session.scalars(select(ImportBatch))
        rows = session.scalar(select(func.count()).select_from(Incident))
        rejected = session.scalar(select(func.count()).select_from(RejectedRow))
    assert batch.row_offset == stopped[0] == rows + rejected
    resumed = run(served, path, options(), LOCAL_STEWARD, now=AT)
    calm = run(embedded, path, options(chunk_rows=100), LOCAL_STEWARD, now=AT)
    told, calmly = resumed.as_json(), calm.as_json()
    assert told.pop("was_resumed")
    assert not calmly.pop("was_resumed")
    assert told == calmly
    with served.read() as ours, embedded.read() as theirs:
        columns = (Incident.external_id, Incident.occurred_at, Incident.content_hash)
        query = select(*columns).order_by(Incident.external_id)
        assert ours.execute(query).all() == theirs.execute(query).all()
