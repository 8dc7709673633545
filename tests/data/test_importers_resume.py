"""An import killed with SIGKILL leaves whole batches and goes on to the same state."""

import os
import shutil
import signal
import sqlite3
import subprocess
import sys
import time
from datetime import UTC, datetime
from pathlib import Path

import numpy as np
import pandas as pd
import pytest

from data.database import Database
from data.errors import StaleRevision
from data.importers.events import run
from data.importers.options import EventOptions
from data.repositories.imports import advance_batch
from data.viewer import LOCAL_STEWARD
from data.vocabulary import EventLayer
from geo.crs import Datum

ROOT = Path(__file__).resolve().parents[2]
ROWS, CHUNK = 60_000, 2000
NOW = datetime(2026, 6, 1, tzinfo=UTC)
MAPPING = {
    "external_id": "id", "lon": "lon", "lat": "lat", "occurred_at": "time", "kind": "kind",
    "stated_unit": "unit", "description": "text",
}  # fmt: skip
SCRIPT = """
import sys
from datetime import UTC, datetime
from pathlib import Path
from data.database import Database
from data.importers.events import run
from data.importers.options import EventOptions
from data.viewer import LOCAL_STEWARD
from data.vocabulary import EventLayer
from geo.crs import Datum
mapping = dict(pair.split("=") for pair in sys.argv[3].split(","))
options = EventOptions(
    EventLayer.INCIDENTS, mapping, datum=Datum.WGS84, chunk_rows=int(sys.argv[4])
)
run(Database(sys.argv[1]), Path(sys.argv[2]), options, LOCAL_STEWARD,
    now=datetime(2026, 6, 1, tzinfo=UTC),
    progress=lambda done, total: print(done, flush=True))
"""


def options(**changes):
    return EventOptions(EventLayer.INCIDENTS, MAPPING, datum=Datum.WGS84, **changes)


@pytest.fixture(scope="module")
def big_file(tmp_path_factory):
    """60,000 calls, a twentieth with repeated ids, some bad."""
    rng = np.random.default_rng(3)
    number = np.arange(ROWS)
    again = rng.random(ROWS) < 0.05
    ids = np.where(again, rng.integers(0, ROWS, ROWS), number)
    frame = pd.DataFrame(
        {
            "id": [f"A{each:06d}" for each in ids],
            "lon": np.round(97 + rng.random(ROWS) * 0.05, 6),
            "lat": np.where(rng.random(ROWS) < 0.01, 95.0, np.round(33 + rng.random(ROWS) / 20, 6)),
            "time": np.where(rng.random(ROWS) < 0.01, "soon", "2026-03-05 08:30"),
            "kind": rng.choice(["盗窃", "火灾", "怪事"], ROWS),
            "unit": "G1",
            "text": [f"第{each}起，电话{each if each % 50 else 13800138000}" for each in number],
        }
    )
    path = tmp_path_factory.mktemp("big") / "calls.csv"
    frame.to_csv(path, index=False)
    return path


def state(path):
    """Everything an import leaves, but for clock times and the audit's hashes."""
    connection = sqlite3.connect(path)
    try:
        assert connection.execute("PRAGMA integrity_check").fetchone() == ("ok",)
        queries = {
            "incident": "SELECT * FROM incident ORDER BY id",
            "rejected": "SELECT * FROM rejected_row ORDER BY id",
            "batch": "SELECT layer, file_sha256, options_hash, state, row_offset FROM import_batch",
            "audit": "SELECT action, subject, row_count FROM audit_entry",
        }
        return {name: connection.execute(query).fetchall() for name, query in queries.items()}
    finally:
        connection.close()


def test_kill_9_leaves_whole_batches_and_resumes_to_the_same_state(empty_store, big_file, tmp_path):
    whole, broken = tmp_path / "whole.gpkg", tmp_path / "broken.gpkg"
    shutil.copy(empty_store, whole)
    shutil.copy(empty_store, broken)
    database = Database(str(whole))
    calm = run(database, big_file, options(chunk_rows=CHUNK), LOCAL_STEWARD, now=NOW)
    database.dispose()
    kill_in_the_middle(broken, big_file)
    half = state(broken)
    (batch,) = half["batch"]
    assert batch[3] == "running"
    assert 0 < batch[4] < ROWS
    assert batch[4] % CHUNK == 0
    assert 0 < len(half["incident"]) + len(half["rejected"]) == batch[4]
    assert not half["audit"]

    database = Database(str(broken))
    resumed = run(database, big_file, options(chunk_rows=7777), LOCAL_STEWARD)
    database.dispose()
    assert resumed.was_resumed
    assert state(broken) == state(whole)
    told, calmly = resumed.as_json(), calm.as_json()
    assert told.pop("was_resumed")
    assert not calmly.pop("was_resumed")
    assert told == calmly
    assert calm.rejected == sum(calm.reasons.values()) > 3000
    assert calm.inserted + calm.rejected == ROWS


def kill_in_the_middle(store, path):
    mapping = ",".join(f"{name}={column}" for name, column in MAPPING.items())
    environment = {**os.environ, "PYTHONPATH": str(ROOT)}
    with subprocess.Popen(
        [sys.executable, "-c", SCRIPT, str(store), str(path), mapping, str(CHUNK)],
        stdout=subprocess.PIPE,
        env=environment,
        cwd=ROOT,
    ) as child:
        for _ in range(6):
            assert child.stdout.readline()
        time.sleep(0.013)
        os.kill(child.pid, signal.SIGKILL)
        child.wait()
    assert child.returncode == -signal.SIGKILL


def test_two_processes_do_not_go_on_with_one_import(db, tmp_path):
    path = tmp_path / "calls.csv"
    path.write_text("id,lon,lat,time,kind,unit,text\n1,97,33,2026-03-05,盗窃,G,x\n", "utf-8")
    report = run(db, path, options(), LOCAL_STEWARD, now=NOW)
    with db.write() as session, pytest.raises(StaleRevision) as stale:
        advance_batch(session, report.batch_id, (0, 1), {})
    assert (stale.value.code, stale.value.fields["current"]) == ("import_in_progress", 1)
