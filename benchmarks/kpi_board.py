"""Measure the KPI board cold: every figure of a store, in a fresh Python and in a running one.

Run: `.venv/bin/python benchmarks/kpi_board.py [--scenario jilin_integration] [--incidents 0]
[--disputes 0] [--rounds 5]`. Loads the scenario, adds clustered incidents and closed disputes
around its town (written as rows, because importing is not what is measured), then asks for all
figures of the last year. `cold` opens the store anew each round, so nothing is cached; `process`
is `gridbeat kpi --json` with the start of Python. Medians; the bar of the board is 1 s cold.
"""

import argparse
import statistics
import subprocess
import sys
import tempfile
import time
from datetime import UTC, date, datetime, timedelta
from pathlib import Path
from zoneinfo import ZoneInfo

import numpy as np
import shapely
from sqlalchemy import insert

ROOT = Path(__file__).resolve().parent.parent
sys.path.insert(0, str(ROOT))

from data.counting import local_midnight  # noqa: E402 - the checkout, not an installed copy
from data.database import Database  # noqa: E402
from data.frames import grids_frame  # noqa: E402
from data.kpi import Question, figures  # noqa: E402
from data.models import Dispute, Incident  # noqa: E402
from data.repositories.figures import settings  # noqa: E402
from data.viewer import LOCAL_STEWARD  # noqa: E402

CHUNK = 20_000
ZONE = ZoneInfo("Asia/Shanghai")


def add_rows(database: Database, model: type, count: int, day: date) -> None:
    """Write `count` events of two years, clustered in the store's grids."""
    draw = np.random.default_rng(7)
    with database.read() as session:
        shapes = grids_frame(session, LOCAL_STEWARD, as_of=day).geometry
    centres = shapely.get_coordinates(shapely.point_on_surface(shapes.to_numpy()))
    weights = draw.pareto(1.2, len(centres)) + 0.1
    chosen = draw.choice(len(centres), count, p=weights / weights.sum())
    points = shapely.points(centres[chosen] + draw.normal(0, 0.001, (count, 2)))
    minutes = draw.integers(0, 730 * 1440, count)
    last = datetime(day.year, day.month, day.day, tzinfo=ZONE)
    for start in range(0, count, CHUNK):
        rows = [
            _row(model, k, last - timedelta(minutes=int(minutes[k])), points[k])
            for k in range(start, min(count, start + CHUNK))
        ]
        with database.write() as session:
            session.execute(insert(model), rows)


def _row(model: type, k: int, moment: datetime, point: shapely.Point) -> dict[str, object]:
    at = moment.astimezone(UTC)
    row: dict[str, object] = {
        "source": "bench", "external_id": f"B{k}", "occurred_at": at, "geom": point,
        "channel": "call_110", "channel_group": "reported", "time_precision": "minute",
        "content_hash": str(k), "kind": ("10", "20", "30", "50", "90")[k % 5],
    }  # fmt: skip
    if model is Dispute:
        done = k % 28 > 0
        row |= {
            "kind": "neighbour", "status": "closed" if done else "handling", "accepted_at": at,
            "closed_at": at + timedelta(hours=k % 90) if done else None,
            "due_at": at + timedelta(hours=72),
        }  # fmt: skip
    return row


def board(path: str, day: date) -> tuple[float, float, int]:
    """Ask every figure of the year before `day` of a store that was just opened."""
    start, cpu = time.perf_counter(), time.process_time()
    database = Database(path)
    question = Question(
        day, local_midnight(day - timedelta(days=365), ZONE.key), local_midnight(day, ZONE.key)
    )
    with database.read() as session:
        found = figures(session, LOCAL_STEWARD, question)
    took, cpu = time.perf_counter() - start, time.process_time() - cpu
    database.dispose()
    failed = [figure.measure for figure in found if figure.note == "failed"]
    if failed:
        raise SystemExit(f"failed: {failed}")
    return took, cpu, len(found)


def main() -> None:
    """Build the store, take the rounds, print medians."""
    asked = argparse.ArgumentParser(description=__doc__)
    asked.add_argument("--scenario", default="jilin_integration")
    asked.add_argument("--store", help="a store that is there already; nothing is added")
    asked.add_argument("--incidents", type=int, default=0)
    asked.add_argument("--disputes", type=int, default=0)
    asked.add_argument("--rounds", type=int, default=5)
    given = asked.parse_args()
    with tempfile.TemporaryDirectory() as folder:
        path = given.store or str(Path(folder) / "board.gpkg")
        command = [sys.executable, "-m", "dashboard.cli"]
        if not given.store:
            load = [*command, "scenario", "load", given.scenario, "--store", path]
            subprocess.run(load, cwd=ROOT, check=True, capture_output=True)
        database = Database(path)
        with database.read() as session:
            told = settings(session).get("scenario_as_of")
        day = date.fromisoformat(str(told)) if told else datetime.now(ZONE).date()
        if not given.store:
            add_rows(database, Incident, given.incidents, day)
            add_rows(database, Dispute, given.disputes, day)
        database.dispose()
        cold, worked, whole, count = [], [], [], 0
        for _ in range(given.rounds):
            took, cpu, count = board(path, day)
            cold.append(took)
            worked.append(cpu)
            start = time.perf_counter()
            kpi = [*command, "kpi", "--json", "--as-of", day.isoformat(), "--store", path]
            subprocess.run(kpi, cwd=ROOT, check=True, capture_output=True)
            whole.append(time.perf_counter() - start)
    print(f"{given.scenario}: {count} figures; medians of {given.rounds}")
    print(f"cold, store opened anew   {statistics.median(cold):6.2f} s (bar 1 s)")
    print(f"cold, CPU                 {statistics.median(worked):6.2f} s")
    print(f"first of the process      {cold[0]:6.2f} s")
    print(f"process, Python included  {statistics.median(whole):6.2f} s")


if __name__ == "__main__":
    main()
