"""The store: migration, transactions, validity, append-only log, revisions."""

import os
import signal
import subprocess
import sys
import time
from datetime import date
from pathlib import Path

import pytest
import shapely
from alembic import command
from alembic.config import Config as AlembicConfig
from sqlalchemy import func, select, text
from sqlalchemy.exc import IntegrityError

from data.backup import integrity
from data.database import MIGRATIONS, Database, bump_revision, raise_revision
from data.errors import ConfigError, StoreUnavailable
from data.geometry import InBox
from data.models import SCHEMA_VERSION, AuditEntry, Boundary, Place


def _grid(session, code="632801001001001"):
    place = Place(level="grid", kind="base", code=code, name="一格", source="test")
    session.add(place)
    session.flush()
    return place


def test_models_and_migrations_say_the_same(db):
    settings = AlembicConfig()
    settings.set_main_option("script_location", str(MIGRATIONS))
    settings.attributes["database"] = db
    command.check(settings)


def test_migrating_twice_changes_nothing(db):
    before = db.schema_version()
    assert before == SCHEMA_VERSION
    db.create_or_migrate()
    assert db.schema_version() == before
    assert db.is_current()


def test_a_store_of_a_later_version_is_refused(db):
    with db.write() as session:
        session.execute(text("UPDATE alembic_version SET version_num = '9999'"))
    with pytest.raises(StoreUnavailable) as refusal:
        db.create_or_migrate()
    assert refusal.value.code == "store_newer"


def test_a_file_that_is_no_database_is_named(tmp_path):
    path = tmp_path / "x.gpkg"
    path.write_bytes(b"this is not a database, whatever its name" * 40)
    with pytest.raises(StoreUnavailable) as refusal:
        Database(str(path)).create_or_migrate()
    assert refusal.value.code == "store_damaged"


def test_another_kind_of_store_is_refused():
    with pytest.raises(ConfigError):
        Database("oracle://somewhere/else")


@pytest.mark.parametrize(
    ("first", "second", "is_refused"),
    [
        ((None, None), (date(2026, 1, 1), None), True),
        ((None, date(2026, 1, 1)), (date(2026, 1, 1), None), False),
        ((date(2025, 1, 1), date(2026, 1, 1)), (None, date(2025, 1, 2)), True),
        ((date(2025, 1, 1), date(2026, 1, 1)), (None, date(2025, 1, 1)), False),
        ((date(2025, 1, 1), date(2026, 1, 1)), (date(2025, 5, 1), date(2025, 6, 1)), True),
    ],
)
def test_versions_of_one_place_never_overlap_in_time(db, first, second, is_refused):
    with db.write() as session:
        place = _grid(session)
        session.add(Boundary(place_id=place.id, valid_from=first[0], valid_to=first[1]))

    def add():
        with db.write() as session:
            session.add(Boundary(place_id=place.id, valid_from=second[0], valid_to=second[1]))

    if is_refused:
        with pytest.raises(IntegrityError, match=r"overlapping.validity.period"):
            add()
    else:
        add()


def test_moving_a_version_onto_another_is_refused_too(db):
    with db.write() as session:
        place = _grid(session)
        session.add(Boundary(place_id=place.id, valid_to=date(2026, 1, 1)))
        later = Boundary(place_id=place.id, valid_from=date(2026, 1, 1))
        session.add(later)
    with pytest.raises(IntegrityError, match="overlapping"), db.write() as session:
        session.get(Boundary, later.id).valid_from = date(2025, 12, 31)


def test_the_audit_log_takes_no_change(db):
    from datetime import UTC, datetime

    from data.repositories.audit import append_audit, is_intact
    from data.viewer import LOCAL_STEWARD

    with db.write() as session:
        for n in range(3):
            append_audit(session, LOCAL_STEWARD, "import", "grids", n, {"n": n}, datetime.now(UTC))
    with db.read() as session:
        assert is_intact(session)
    for change in ("UPDATE audit_entry SET row_count = 9", "DELETE FROM audit_entry"):
        with pytest.raises(IntegrityError, match="append-only"), db.write() as session:
            session.execute(text(change))


def test_a_forged_audit_line_breaks_the_chain(db):
    from datetime import UTC, datetime

    from data.repositories.audit import append_audit, is_intact
    from data.viewer import LOCAL_STEWARD

    with db.write() as session:
        append_audit(session, LOCAL_STEWARD, "import", "grids", 1, None, datetime.now(UTC))
    with db.write() as session:
        on_table = " ON audit_entry" if db.is_served else ""
        session.execute(text(f"DROP TRIGGER audit_entry_no_update{on_table}"))
        session.execute(text("UPDATE audit_entry SET row_count = 2"))
    with db.read() as session:
        assert not is_intact(session)
        assert session.scalar(select(AuditEntry.row_count)) == 2


def test_revisions_count_up_and_can_be_raised(db):
    with db.write() as session:
        first = bump_revision(session, "places")
        second = bump_revision(session, "places")
    assert second == first + 1
    with db.write() as session:
        raise_revision(session, "places", above=40)
    assert db.revisions()["places"] == 41


def test_an_error_rolls_everything_back(db):
    with pytest.raises(RuntimeError, match="stop"), db.write() as session:
        _grid(session)
        bump_revision(session, "places")
        raise RuntimeError("stop")
    with db.read() as session:
        assert session.scalar(select(Place.id)) is None
    assert "places" not in db.revisions()


def test_box_queries_use_the_rtree(embedded):
    with embedded.write() as session:
        for n in range(50):
            place = _grid(session, f"g{n:03d}")
            square = shapely.box(94 + n / 100, 36, 94.009 + n / 100, 36.01)
            session.add(Boundary(place_id=place.id, geom=shapely.MultiPolygon([square])))
    statement = select(Boundary.place_id).where(InBox(Boundary.geom, 94.1, 36, 94.105, 36.005))
    with embedded.read() as session:
        found = session.scalars(statement).all()
        compiled = statement.compile(embedded.write_engine, compile_kwargs={"literal_binds": True})
        plan = session.execute(text(f"EXPLAIN QUERY PLAN {compiled}")).all()
    assert found == [11]
    assert not any("SCAN boundary" in row.detail for row in plan), plan
    assert any("rtree" in row.detail.lower() or "VIRTUAL TABLE" in row.detail for row in plan)


def test_upserts_keep_rtree_and_rows_in_step(embedded):
    with embedded.write() as session:
        place = _grid(session)
        square = shapely.MultiPolygon([shapely.box(94, 36, 94.1, 36.1)])
        version = Boundary(place_id=place.id, geom=square)
        session.add(version)
        session.flush()
        version.geom = shapely.MultiPolygon([shapely.box(95, 36, 95.1, 36.1)])
        session.flush()
        assert session.scalar(text("SELECT minx FROM rtree_boundary_geom")) == pytest.approx(95)
        version.geom = None
        session.flush()
        assert session.scalar(text("SELECT count(*) FROM rtree_boundary_geom")) == 0


def test_a_foreign_blob_is_refused(embedded):
    with pytest.raises(IntegrityError, match="ck_boundary_blob"), embedded.write() as session:
        place = _grid(session)
        session.execute(
            text("INSERT INTO boundary (place_id, geom) VALUES (:p, X'0001')"), {"p": place.id}
        )


WRITER = """
import sys
from data.database import Database, bump_revision
from data.models import Place
db = Database(sys.argv[1])
n = 0
while True:
    with db.write() as session:
        for _ in range(10):
            n += 1
            session.add(Place(level="grid", kind="base", code=f"k{n}", name="x", source="t"))
            session.flush()
        bump_revision(session, "places")
    print(n, flush=True)
"""


def test_kill_9_leaves_whole_transactions(db, tmp_path):
    script = tmp_path / "writer.py"
    script.write_text(WRITER)
    environment = {**os.environ, "PYTHONPATH": str(Path.cwd())}
    with subprocess.Popen(
        [sys.executable, str(script), db.url], stdout=subprocess.PIPE, env=environment
    ) as writer:
        for _ in range(5):
            writer.stdout.readline()
        time.sleep(0.01)
        writer.send_signal(signal.SIGKILL)
    if not db.is_served:
        assert integrity(db.path) == "ok"
    with db.read() as session:
        rows = session.scalar(select(func.count()).select_from(Place))
    revision = db.revisions()["places"]
    assert rows >= 50
    assert rows == 10 * revision
