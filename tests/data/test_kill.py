"""Fifty kills with SIGKILL at random moments of imports and edits, on both stores.

One process has everything loaded and forks a child for each moment, so that a kill costs
milliseconds; the moments come from a seeded generator, spread over the time that a whole run takes.
"""

import os
import random
import signal
import subprocess
import sys
import time
from datetime import UTC, datetime
from pathlib import Path

import pytest
from sqlalchemy import func, select, text

from data.backup import integrity
from data.database import Database
from data.importers.events import run
from data.importers.options import EventOptions
from data.models import AuditEntry, ImportBatch, Incident, RejectedRow, Setting
from data.repositories.audit import is_intact
from data.viewer import LOCAL_STEWARD
from data.vocabulary import EventLayer
from geo.crs import Datum

pytestmark = pytest.mark.slow
ROOT = Path(__file__).resolve().parents[2]
ROWS, CHUNK = 1000, 50
KILLS = 25
NOW = datetime(2026, 6, 1, tzinfo=UTC)
MAPPING = {"external_id": "id", "lon": "lon", "lat": "lat", "occurred_at": "time", "kind": "kind"}
NURSERY = """
import os, sys
from datetime import UTC, datetime
from pathlib import Path
from data.database import Database, bump_revision
from data.importers.events import run
from data.importers.options import EventOptions
from data.models import Setting
from data.repositories.audit import append_audit
from data.viewer import LOCAL_STEWARD
from data.vocabulary import EventLayer
from geo.crs import Datum
import data.frames, psycopg, alembic

NOW = datetime(2026, 6, 1, tzinfo=UTC)
MAPPING = {"external_id": "id", "lon": "lon", "lat": "lat", "occurred_at": "time", "kind": "kind"}

def work(url, what):
    db = Database(url)
    if what != "edit":
        options = EventOptions(EventLayer.INCIDENTS, MAPPING, datum=Datum.WGS84, chunk_rows=50)
        run(db, Path(what), options, LOCAL_STEWARD, now=NOW)
        return
    for _ in range(30):
        with db.write() as session:
            entry = Setting(key=f"edit-{os.urandom(6).hex()}", value={"x": 1})
            session.add(entry)
            session.flush()
            append_audit(session, LOCAL_STEWARD, "edit", entry.key, 1, None, datetime.now(UTC))
            bump_revision(session, "settings")

for line in sys.stdin:
    url, what = line.rstrip("\\n").split("\\t")
    child = os.fork()
    if child == 0:
        try:
            work(url, what)
        except BaseException as error:
            print(repr(error), file=sys.stderr, flush=True)
            os._exit(3)
        os._exit(0)
    print(child, flush=True)
    sys.stdin.readline()
    print(os.waitpid(child, 0)[1], flush=True)
"""


class Nursery:
    """The process that forks a child for each job."""

    def __init__(self):
        self.process = subprocess.Popen(
            [sys.executable, "-W", "ignore", "-c", NURSERY],
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
            env={**os.environ, "PYTHONPATH": str(ROOT)},
            cwd=ROOT,
            text=True,
        )

    def run(self, url, what, *, kill_after_s=None):
        """Do a job, to the end or to its kill; gives seconds and whether it was killed."""
        self.process.stdin.write(f"{url}\t{what}\n")
        self.process.stdin.flush()
        child = int(self.process.stdout.readline())
        began = time.monotonic()
        if kill_after_s is not None:
            time.sleep(kill_after_s)
            os.kill(child, signal.SIGKILL)  # a finished child waits to be reaped: no stranger
        self.process.stdin.write("reap\n")
        self.process.stdin.flush()
        status = int(self.process.stdout.readline())
        was_killed = os.WIFSIGNALED(status)
        assert was_killed or os.WEXITSTATUS(status) == 0, status
        return time.monotonic() - began, was_killed

    def close(self):
        self.process.stdin.close()
        self.process.wait(20)
        self.process.stdout.close()


@pytest.fixture(scope="module")
def nursery():
    process = Nursery()
    yield process
    process.close()


def calls(folder, number):
    """A file of calls, some bad, some with repeated ids."""
    chosen = random.Random(number)  # noqa: S311 - the same file each time
    path = folder / f"calls{number}.csv"
    lines = ["id,lon,lat,time,kind"]
    for n in range(ROWS):
        moment = "soon" if chosen.random() < 0.02 else f"2026-03-{1 + n % 28:02d} 08:30"
        lat = 95 if chosen.random() < 0.01 else round(33 + chosen.random() / 20, 6)
        name = f"F{number}-{chosen.randrange(n + 1) if chosen.random() < 0.03 else n}"
        lines.append(f"{name},{round(97 + chosen.random() / 20, 6)},{lat},{moment},盗窃")
    path.write_text("\n".join(lines) + "\n", encoding="utf-8")
    return path


def require_whole(database):
    """Whole batches, whole edits, sound files."""
    if not database.is_served:
        assert integrity(database.path) == "ok"
    with database.read() as session:
        for batch in session.scalars(select(ImportBatch)):
            written = session.scalar(
                select(func.count()).select_from(Incident).where(Incident.batch_id == batch.id)
            )
            held = session.scalar(select(func.count()).where(RejectedRow.batch_id == batch.id))
            assert written + held == batch.row_offset, batch.file_name
            assert batch.row_offset % CHUNK == 0
            assert (batch.state == "done") <= (batch.row_offset == ROWS)
        edits = session.scalar(select(func.count()).where(AuditEntry.action == "edit"))
        kept = session.scalar(select(func.count()).where(Setting.key.like("edit-%")))
        assert edits == kept
        assert is_intact(session)
    assert database.revisions().get("settings", 0) >= edits


def require_sound_indexes(database, server):
    """What SQLite's and PostgreSQL's own checkers say of the indexes."""
    if not database.is_served:
        with database.read() as session:
            assert session.scalar(text("SELECT rtreecheck('rtree_boundary_geom')")) == "ok"
        return
    name = database.write_engine.url.database
    server.sql("CREATE EXTENSION IF NOT EXISTS amcheck", name)
    checked = server.sql(
        "SELECT c.relname, bt_index_check(c.oid, true) FROM pg_class c "
        "JOIN pg_am a ON a.oid = c.relam JOIN pg_namespace n ON n.oid = c.relnamespace "
        "WHERE a.amname = 'btree' AND c.relkind = 'i' AND n.nspname = 'public'",
        name,
    )
    assert len(checked) > 40
    through_index = "SET enable_seqscan = off; SET enable_bitmapscan = on; "
    by_scan = server.sql("SELECT count(*) FROM incident WHERE ST_X(geom) IS NOT NULL", name)
    whole = "SELECT count(*) FROM incident WHERE geom && ST_MakeEnvelope(-180,-90,180,90,4326)"
    server.sql(through_index, name)
    assert server.sql(whole, name) == by_scan


def content(database):
    """All that the imports leave but keys, which a served store does not give twice."""
    left_out = {"id", "batch_id"}
    with database.read() as session:
        columns = [c for c in Incident.__table__.columns if c.name not in left_out]
        order = (Incident.source, Incident.external_id)
        incidents = [
            tuple(v.wkb if hasattr(v, "wkb") else v for v in row)
            for row in session.execute(select(*columns).order_by(*order))
        ]
        rejected = session.execute(
            select(ImportBatch.file_name, RejectedRow.line, RejectedRow.reason, RejectedRow.raw)
            .join(ImportBatch, ImportBatch.id == RejectedRow.batch_id)
            .order_by(ImportBatch.file_name, RejectedRow.line, RejectedRow.reason)
        ).all()
        books = session.execute(
            select(ImportBatch.file_name, ImportBatch.state, ImportBatch.row_offset).order_by(
                ImportBatch.file_name
            )
        ).all()
    return incidents, [tuple(row) for row in rejected], [tuple(row) for row in books]


def test_killed_at_any_moment_the_store_is_whole_and_goes_on(
    db, nursery, served_server_if, tmp_path
):
    chosen = random.Random(20260305)  # noqa: S311 - the same moments each time
    calm = Database(str(tmp_path / "calm.gpkg"))
    calm.create_or_migrate()
    first = calls(tmp_path, 0)
    whole_s, _ = nursery.run(calm.url, first)
    edits_s, _ = nursery.run(db.url, "edit")
    number, kills, pending = 0, 0, first
    while kills < KILLS:
        if kills % 3 == 2:
            _, was_killed = nursery.run(
                db.url, "edit", kill_after_s=chosen.uniform(0.005, 0.8 * edits_s)
            )
        else:
            _, was_killed = nursery.run(
                db.url, pending, kill_after_s=chosen.uniform(0.1, 0.9) * whole_s
            )
        kills += was_killed
        require_whole(db)
        with db.read() as session:
            done = session.scalar(
                select(ImportBatch.id).where(
                    ImportBatch.file_name == pending.name, ImportBatch.state == "done"
                )
            )
        if done is not None:
            number += 1
            pending = calls(tmp_path, number)
    nursery.run(db.url, pending)
    require_whole(db)
    require_sound_indexes(db, served_server_if)
    options = EventOptions(EventLayer.INCIDENTS, MAPPING, datum=Datum.WGS84, chunk_rows=CHUNK)
    for k in range(1, number + 1):
        run(calm, tmp_path / f"calls{k}.csv", options, LOCAL_STEWARD, now=NOW)
    assert content(db) == content(calm)
    calm.dispose()


@pytest.fixture
def served_server_if(request, db):
    """The server, where the store is on one."""
    return request.getfixturevalue("served_server") if db.is_served else None
