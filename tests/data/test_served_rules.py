"""What PostgreSQL keeps by triggers: known batches, on both stores alike, and spatial indexes."""

import threading
from datetime import UTC, datetime

import psycopg
import pytest
from alembic import command
from alembic.config import Config as AlembicConfig
from sqlalchemy import select, text, update
from sqlalchemy.exc import IntegrityError

from data import served_rules
from data.database import MIGRATIONS, Database
from data.importers.events import run
from data.importers.options import EventOptions
from data.models import SCHEMA_VERSION, Dispute, Hazard, ImportBatch, Incident
from data.repositories.event_writes import begin_load, end_load
from data.viewer import LOCAL_STEWARD
from data.vocabulary import EventLayer
from geo.crs import Datum

AT = datetime(2026, 6, 1, tzinfo=UTC)
MODELS = (Incident, Hazard, Dispute)
FOREIGN_KEYS = "SELECT conname FROM pg_constraint WHERE contype = 'f'"
INDEX = "SELECT count(*) FROM pg_indexes WHERE indexname = 'gix_incident_geom'"


def batch(session, number=1):
    session.add(
        ImportBatch(
            id=number, layer="incidents", file_name="x.csv", file_sha256=f"{number}", options={},
            options_hash="h", actor="a", state="done", row_offset=0, started_at=AT,
        )
    )  # fmt: skip
    session.flush()


def event(model, batch_id, ref="A1"):
    return model(
        source="t", external_id=ref, kind="other", channel="other", channel_group="other",
        time_precision="minute", content_hash="0", batch_id=batch_id,
    )  # fmt: skip


@pytest.mark.parametrize("model", MODELS)
def test_an_unknown_batch_is_refused(db, model):
    with db.write() as session:
        batch(session)
        session.add(event(model, 1))
        session.add(event(model, None, "A2"))
    with pytest.raises(IntegrityError), db.write() as session:
        session.add(event(model, 2, "A3"))
    with pytest.raises(IntegrityError), db.write() as session:
        session.execute(update(model).values(batch_id=2))
    with db.read() as session:
        assert session.scalars(select(model.batch_id).order_by(model.id)).all() == [1, None]


@pytest.mark.parametrize("model", MODELS)
def test_a_batch_that_rows_refer_to_stays(db, model):
    with db.write() as session:
        batch(session)
        batch(session, 2)
        session.add(event(model, 1))
    for statement in ("DELETE FROM import_batch", "UPDATE import_batch SET id = 7 WHERE id = 1"):
        with pytest.raises(IntegrityError), db.write() as session:
            session.execute(text(statement))
    with db.write() as session:
        session.execute(text("UPDATE import_batch SET id = 7 WHERE id = 2"))
        session.execute(text("DELETE FROM import_batch WHERE id = 7"))
        session.execute(text("UPDATE import_batch SET state = 'running'"))
    with db.read() as session:
        found = session.execute(text("SELECT id, state FROM import_batch")).all()
    assert found == [(1, "running")]


def test_batches_are_not_cut_away_under_their_rows(served):
    with served.write() as session:
        batch(session)
        session.add(event(Incident, 1))
    with pytest.raises(IntegrityError), served.write() as session:
        session.execute(text("TRUNCATE import_batch CASCADE"))


def test_rows_of_a_dump_find_their_batch(served):
    """`pg_restore --data-only` writes with an empty search path."""
    row = "('t', 'A1', 'other', 'other', 'other', 'minute', '0', :batch)"
    columns = "source, external_id, kind, channel, channel_group, time_precision, content_hash"
    insert = f"INSERT INTO public.incident ({columns}, batch_id) VALUES {row}"  # noqa: S608 - ours
    with served.write() as session:
        batch(session)
        session.execute(text("SET LOCAL search_path = ''"))
        session.execute(text(insert), {"batch": 1})
    with pytest.raises(IntegrityError, match="is not"), served.write() as session:
        session.execute(text("SET LOCAL search_path = ''"))
        session.execute(text(insert.replace("A1", "A2")), {"batch": 2})


def test_a_batch_cannot_go_while_its_first_row_comes(served):
    """The row's writer holds the batch; whoever deletes it waits, and is refused."""
    with served.write() as session:
        batch(session)
    refused = []

    def remove(isolation):
        address = served.url.replace("+psycopg", "")
        with psycopg.connect(address) as connection:
            connection.execute(f"SET TRANSACTION ISOLATION LEVEL {isolation}")
            connection.execute("SELECT count(*) FROM incident")
            started.set()
            try:
                connection.execute("DELETE FROM import_batch")
            except psycopg.Error as error:
                refused.append(error.sqlstate)

    for isolation in ("read committed", "repeatable read"):
        started = threading.Event()
        with served.write() as session:
            session.add(event(Incident, 1, isolation))
            session.flush()
            removing = threading.Thread(target=remove, args=(isolation,))
            removing.start()
            assert started.wait(10)
        removing.join(20)
    assert refused == ["23503", "25000"]


# -- migration


@pytest.fixture(params=["embedded", "served"])
def bare(request, tmp_path):
    """A store without a schema, of either kind."""
    if request.param == "embedded":
        database = Database(str(tmp_path / "old.gpkg"))
        yield database
        database.dispose()
        return
    server = request.getfixturevalue("served_server")
    name = server.fresh()
    database = Database(server.url(name))
    yield database
    database.dispose()
    server.drop(name)


def test_a_store_of_0002_moves_up_with_its_rows(bare):
    settings = AlembicConfig()
    settings.set_main_option("script_location", str(MIGRATIONS))
    settings.attributes["database"] = bare
    command.upgrade(settings, "0002")
    assert (bare.schema_version(), bare.is_current()) == ("0002", False)
    with bare.write() as session:
        batch(session)
        session.add_all(event(model, 1) for model in MODELS)
    bare.create_or_migrate()
    assert (bare.schema_version(), bare.is_current()) == (SCHEMA_VERSION, True)
    command.check(settings)
    with bare.read() as session:
        for model in MODELS:
            found = session.execute(select(model.external_id, model.batch_id))
            assert found.all() == [("A1", 1)]
        if bare.is_served:
            keys = set(session.scalars(text(FOREIGN_KEYS)))
            assert "fk_boundary_batch_id" in keys
            assert not keys & {f"fk_{model.__tablename__}_batch_id" for model in MODELS}
    with pytest.raises(IntegrityError), bare.write() as session:
        session.add(event(Hazard, 9, "A2"))
    with pytest.raises(IntegrityError), bare.write() as session:
        session.execute(text("DELETE FROM import_batch"))


# -- the spatial index of a large load


def begin(database, rows):
    with database.write() as session:
        begin_load(session, EventLayer.INCIDENTS, rows)


def index_is_there(database):
    with database.read() as session:
        return bool(session.scalar(text(INDEX)))


def test_a_large_load_lays_the_index_aside_and_puts_it_back(served, monkeypatch):
    monkeypatch.setattr(served_rules, "LARGE_LOAD", 3)
    begin(served, 2)
    assert index_is_there(served)  # too few
    with served.write() as session:
        session.add_all(event(Incident, None, f"A{n}") for n in range(4))
    begin(served, 3)
    assert index_is_there(served)  # more stand there than come
    begin(served, 4)
    assert not index_is_there(served)
    begin(served, 4)  # an import that goes on
    for _ in range(2):
        with served.write() as session:
            end_load(session, EventLayer.INCIDENTS)
        assert index_is_there(served)


def test_the_index_stays_while_somebody_reads(served, monkeypatch):
    monkeypatch.setattr(served_rules, "LARGE_LOAD", 1)
    with served.read() as session:
        session.execute(text("SELECT count(*) FROM incident"))
        begin(served, 4)
        assert index_is_there(served)
    begin(served, 4)
    assert not index_is_there(served)
    served.create_or_migrate()  # as after a load that was killed
    assert index_is_there(served)


class CutOffError(Exception):
    """Ends an import as a kill does."""


def test_an_import_that_was_cut_off_brings_the_index_back(served, tmp_path, monkeypatch):
    monkeypatch.setattr(served_rules, "LARGE_LOAD", 10)
    path = tmp_path / "calls.csv"
    lines = [f"A{n},97.{n},33,2026-03-05 08:{n}" for n in range(10, 30)]
    path.write_text("\n".join(["id,lon,lat,time", *lines]) + "\n", encoding="utf-8")
    mapping = {"external_id": "id", "lon": "lon", "lat": "lat", "occurred_at": "time"}
    options = EventOptions(EventLayer.INCIDENTS, mapping, datum=Datum.WGS84, chunk_rows=5)
    seen = []

    def cut(done, total):
        seen.append((done, total, index_is_there(served)))
        if done == 10:
            raise CutOffError

    with pytest.raises(CutOffError):
        run(served, path, options, LOCAL_STEWARD, progress=cut, now=AT)
    assert not index_is_there(served)
    report = run(served, path, options, LOCAL_STEWARD, progress=cut, now=AT)
    assert (report.was_resumed, report.inserted, index_is_there(served)) == (True, 20, True)
    assert seen == [(done, 20, False) for done in (5, 10, 15, 20)]
    with served.read() as session:
        assert session.scalar(text("SELECT count(*) FROM incident WHERE geom IS NOT NULL")) == 20


def test_a_role_that_does_not_own_the_table_leaves_the_index(served, served_server, monkeypatch):
    monkeypatch.setattr(served_rules, "LARGE_LOAD", 1)
    served_server.sql("CREATE ROLE typist LOGIN")
    served_server.sql("GRANT SELECT ON incident TO typist", served.name)
    typist = Database(served_server.url(served.name, "typist"))
    try:
        begin(typist, 4)
        assert index_is_there(served)
        begin(served, 4)
        with typist.write() as session:
            end_load(session, EventLayer.INCIDENTS)
            assert session.scalar(text("SELECT 1")) == 1  # the transaction goes on
        assert not index_is_there(served)
    finally:
        typist.dispose()
        served_server.sql("DROP OWNED BY typist", served.name)
        served_server.sql("DROP ROLE typist")


def test_an_embedded_store_has_nothing_to_lay_aside(embedded, monkeypatch):
    monkeypatch.setattr(served_rules, "LARGE_LOAD", 1)
    before = embedded.path.read_bytes()
    begin(embedded, 4)
    with embedded.write() as session:
        end_load(session, EventLayer.INCIDENTS)
    assert embedded.path.read_bytes() == before
