"""A whole store is copied into an empty one of either kind, and both hold the same."""

import json
import shutil
from datetime import UTC, date, datetime

import pytest
import shapely
from sqlalchemy import func, select, text

from data import transfer
from data.backup import integrity
from data.database import Database, bump_revision
from data.errors import StoreUnavailable
from data.models import (
    Appointment,
    AuditEntry,
    Base,
    Boundary,
    Hazard,
    Incident,
    OfficeHolder,
    Place,
    Post,
    Setting,
)
from data.repositories.audit import append_audit, is_intact
from data.transfer import copy_from_file, copy_store, copy_to_file
from data.viewer import LOCAL_STEWARD

AT = datetime(2026, 3, 5, 8, 30, 1, 123456, tzinfo=UTC)


def fill(database):
    """Rows of every difficult type, a row that points at a later one of its own table."""
    with database.write() as session:
        place = Place(level="grid", kind="base", code="001", name="一格", source="t")
        session.add(place)
        session.flush()
        square = shapely.MultiPolygon([shapely.box(94.1, 36.2, 94.30000000000001, 36.4)])
        session.add(Boundary(place_id=place.id, valid_from=date(2020, 2, 29), geom=square))
        holder = OfficeHolder(source="t", external_id="1", kind="police", title="社区民警 01")
        post = Post(place_id=place.id, position="beat_officer", title="01", planned_count=1)
        session.add_all([holder, post])
        session.flush()
        named = {"office_holder_id": holder.id, "post_id": post.id, "source": "t"}
        session.add_all(
            [
                Appointment(id=1, external_id="a", substitutes_id=None, **named),
                Appointment(id=7, external_id="b", is_seat=True, **named),
            ]
        )
        session.flush()
        session.get(Appointment, 1).substitutes_id = 7
        shared = {
            "source": "t", "kind": "10", "channel": "unknown", "channel_group": "unknown",
            "time_precision": "minute", "content_hash": "",
        }  # fmt: skip
        session.add_all(
            Incident(
                external_id=f"第{n}\t\\起\x00\n",
                occurred_at=AT if n else None,
                description='引号"和，逗号',
                attributes={"b": 1e16, "a": [1.5, None, "丙"]} if n else None,
                src_x=0.1 + 0.2,
                geom=shapely.Point(94.1 + n / 7, 36.3) if n else None,
                **shared,
            )
            for n in range(4)
        )
        session.add(Hazard(external_id="h", is_major=True, geom=None, **shared))
        session.add(Setting(key="k", value="text"))
        session.add(Setting(key="l", value={"n": 2.0, "empty": "", "nul": "a\x00b"}))
        append_audit(session, LOCAL_STEWARD, "import", "grids", 1, {"n": 1.5}, AT)
        append_audit(session, LOCAL_STEWARD, "import", "grids", 2, None, AT)
        bump_revision(session, "places")


@pytest.fixture
def other(request, db, tmp_path, empty_store):
    """An empty store of the other kind."""
    if not db.is_served:
        return request.getfixturevalue("served")
    path = tmp_path / "other.gpkg"
    shutil.copy(empty_store, path)
    return Database(str(path))


def test_both_ways_every_table_is_equal(db, other):
    fill(db)
    told = []
    report = copy_store(db, other, progress=lambda done, total: told.append((done, total)))
    rows = {proof.table: proof.rows for proof in report.tables if proof.rows}
    assert rows == {
        "place": 1, "boundary": 1, "office_holder": 1, "post": 1, "appointment": 2, "incident": 4,
        "hazard": 1, "setting": 2, "audit_entry": 2, "revision": 1,
    }  # fmt: skip
    assert told[-1] == (16, 16)
    assert json.loads(json.dumps(report.as_json()))["equal"] is True
    with other.read() as session:
        assert is_intact(session)
        incident = session.scalars(select(Incident).order_by(Incident.id.desc())).first()
        assert incident.occurred_at == AT.replace(microsecond=123000)
        assert incident.attributes == {"a": [1.5, None, "丙"], "b": 1e16}
        assert incident.geom.equals_exact(shapely.Point(94.1 + 3 / 7, 36.3), 0)
        assert session.get(Appointment, 1).substitutes_id == 7
        assert session.scalar(select(Setting.value).where(Setting.key == "k")) == "text"
    assert other.revisions() == db.revisions()


def test_keys_go_on_after_the_copied_ones(db, other):
    fill(db)
    copy_store(db, other)
    with other.write() as session:
        place = Place(level="grid", kind="base", code="002", name="二", source="t")
        entry = Setting(key="new", value=1)
        session.add_all([place, entry])
        session.flush()
        assert place.id == 2
        assert entry.id == 3


def test_a_store_that_holds_something_is_no_target(db, other):
    fill(db)
    with other.write() as session:
        session.add(Setting(key="mine", value=1))
    with pytest.raises(StoreUnavailable) as refusal:
        copy_store(db, other)
    assert refusal.value.code == "copy_target_not_empty"
    assert (refusal.value.fields["table"], refusal.value.fields["rows"]) == ("setting", 1)
    with other.read() as session:
        assert session.scalar(select(func.count()).select_from(Place)) == 0


def test_an_interrupted_copy_leaves_nothing(db, other, monkeypatch):
    fill(db)
    monkeypatch.setattr(transfer, "_ROWS_AT_A_TIME", 1)

    def stop(done, _total):
        if done == 12:
            raise KeyboardInterrupt

    with pytest.raises(KeyboardInterrupt):
        copy_store(db, other, progress=stop)
    with other.read() as session:
        for table in Base.metadata.sorted_tables:
            assert session.scalar(select(func.count()).select_from(table)) == 0, table.name
    assert copy_store(db, other).rows == 16


def test_a_copy_that_came_out_different_is_undone(db, other):
    """The target changes a value behind our back: the proof finds it."""
    fill(db)
    with other.write() as session:
        if other.is_served:
            session.execute(
                text(
                    "CREATE FUNCTION spoil() RETURNS trigger LANGUAGE plpgsql AS "
                    "$$ BEGIN NEW.description = 'x'; RETURN NEW; END $$"
                )
            )
            session.execute(
                text(
                    "CREATE TRIGGER spoil BEFORE INSERT ON incident "
                    "FOR EACH ROW EXECUTE FUNCTION spoil()"
                )
            )
        else:
            session.execute(
                text(
                    "CREATE TRIGGER spoil AFTER INSERT ON incident BEGIN "
                    "UPDATE incident SET description = 'x' WHERE id = NEW.id; END"
                )
            )
    with pytest.raises(StoreUnavailable) as refusal:
        copy_store(db, other)
    assert refusal.value.code == "copy_differs"
    assert refusal.value.fields["table"] == "incident"
    with other.read() as session:
        assert session.scalar(select(func.count()).select_from(AuditEntry)) == 0


def test_a_served_store_is_kept_in_a_file_and_put_back(served, served_server, tmp_path):
    fill(served)
    out = tmp_path / "kept" / "copy.gpkg"
    report = copy_to_file(served, out)
    assert report.bytes == out.stat().st_size
    assert integrity(out) == "ok"
    assert [each.name for each in out.parent.iterdir()] == ["copy.gpkg"]
    with pytest.raises(StoreUnavailable, match="backup_exists"):
        copy_to_file(served, out)
    name = served_server.fresh()
    empty = Database(served_server.url(name))
    copy_from_file(empty, out)
    assert empty.revisions() == served.revisions()
    empty.dispose()
    served_server.drop(name)


def test_a_source_without_a_schema_is_refused(db, tmp_path):
    with pytest.raises(StoreUnavailable, match="copy_source_outdated"):
        copy_store(Database(str(tmp_path / "none.gpkg")), db)
    with pytest.raises(StoreUnavailable, match="backup_missing"):
        copy_from_file(db, tmp_path / "none.gpkg")
