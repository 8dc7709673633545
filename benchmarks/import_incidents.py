"""Time the import of 100,000 incidents beside `ogr2ogr` on the same CSV.

Run: `python benchmarks/import_incidents.py [ROWS] [ROUNDS]`. Both write a GeoPackage; ours checks
every row, masks persons, tests the datum by the stated grids, puts each point in its grid, upserts
by id and keeps whole batches. Rounds are interleaved; medians.
`import` is the work alone, `process` the same in a fresh Python, its start included.
"""

import os
import resource
import statistics
import subprocess
import sys
import tempfile
import time
from collections.abc import Callable
from importlib.metadata import version
from pathlib import Path

import numpy as np
import pandas as pd
from shapely import MultiPolygon, box

from data.database import Database
from data.importers.events import run
from data.importers.options import EventOptions
from data.models import Boundary, Place
from data.viewer import LOCAL_STEWARD
from data.vocabulary import EventLayer
from geo.crs import Datum

ROOT = Path(__file__).resolve().parent.parent
MAPPING = {
    "external_id": "id",
    "lon": "lon",
    "lat": "lat",
    "occurred_at": "time",
    "kind": "kind",
    "stated_unit": "unit",
    "description": "description",
}
Timing = tuple[float, float]


def write_csv(path: Path, rows: int) -> None:
    """Write made-up calls: seven columns, one text in fifty with a telephone number."""
    rng = np.random.default_rng(20260305)
    minutes = rng.integers(0, 365 * 1440, rows)
    moments = pd.Timestamp("2025-01-01") + pd.to_timedelta(minutes, unit="min")
    texts = [f"小区楼道堆物影响通行，已通知物业处理，第{each}件" for each in range(rows)]
    for each in range(0, rows, 50):
        texts[each] += f"，回电1380013{each % 10000:04d}"
    lon, lat = np.round(97.0 + rng.random(rows) * 0.05, 6), np.round(33 + rng.random(rows) / 20, 6)
    square = np.minimum((lon - 97.0) // 0.005, 9) * 10 + np.minimum((lat - 33.0) // 0.005, 9)
    pd.DataFrame(
        {
            "id": [f"A{each:07d}" for each in range(rows)],
            "lon": lon,
            "lat": lat,
            "time": moments.strftime("%Y-%m-%d %H:%M:%S"),
            "kind": rng.choice(["刑事", "治安", "交通", "纠纷", "求助"], rows),
            "unit": [f"632723001{int(each):03d}" for each in square],
            "description": texts,
        }
    ).to_csv(path, index=False)


def timed(job: Callable[[], None], *, of_children: bool) -> Timing:
    """Give wall and CPU seconds of a job."""
    who = resource.RUSAGE_CHILDREN if of_children else resource.RUSAGE_SELF
    before, start = resource.getrusage(who), time.perf_counter()
    job()
    wall, after = time.perf_counter() - start, resource.getrusage(who)
    cpu = after.ru_utime + after.ru_stime - before.ru_utime - before.ru_stime
    return wall, cpu


def by_ogr(csv: Path, folder: Path) -> None:
    """Let GDAL do it."""
    target = folder / "ogr.gpkg"
    target.unlink(missing_ok=True)
    columns = ["-oo", "X_POSSIBLE_NAMES=lon", "-oo", "Y_POSSIBLE_NAMES=lat"]
    subprocess.run(
        ["ogr2ogr", "-f", "GPKG", str(target), str(csv), *columns, "-a_srs", "EPSG:4326"],
        check=True,
    )


def add_grids(database: Database) -> None:
    """Put a hundred base grids into a store."""
    with database.write() as session:
        for number in range(100):
            west, south = 97.0 + number // 10 * 0.005, 33.0 + number % 10 * 0.005
            code = f"632723001{number:03d}"
            place = Place(level="grid", kind="base", code=code, name=code, source="benchmark")
            session.add(place)
            session.flush()
            shape = MultiPolygon([box(west, south, west + 0.005, south + 0.005)])
            session.add(Boundary(place_id=place.id, geom=shape))


def fresh_store(folder: Path) -> Path:
    """Make a store with a hundred base grids; not part of what is timed."""
    for part in folder.glob("ours.gpkg*"):
        part.unlink()
    database = Database(str(folder / "ours.gpkg"))
    database.create_or_migrate()
    add_grids(database)
    database.dispose()
    return folder / "ours.gpkg"


def by_import(csv: Path, store: Path | str) -> None:
    """Do it ourselves."""
    database = Database(str(store))
    options = EventOptions(EventLayer.INCIDENTS, MAPPING, datum=Datum.CGCS2000)
    report = run(database, csv, options, LOCAL_STEWARD)
    database.dispose()
    if report.rejected or report.was_already_done:
        raise SystemExit(f"the benchmark's file was not imported whole: {report.as_json()}")


def by_process(csv: Path, store: Path) -> None:
    """Do it in a fresh Python."""
    subprocess.run(
        [sys.executable, __file__, "--once", str(csv), str(store)],
        check=True,
        env={
            **os.environ,
            "PYTHONPATH": str(ROOT),
            "PYTHONDONTWRITEBYTECODE": "",
            "PYTHONPYCACHEPREFIX": str(store.parent / "compiled"),
        },
        cwd=ROOT,
    )


def main(rows: int, rounds: int) -> None:
    """Time both and print the table."""
    found: dict[str, list[Timing]] = {"ogr2ogr": [], "import": [], "process": []}
    with tempfile.TemporaryDirectory() as name:
        folder = Path(name)
        csv = folder / "calls.csv"
        write_csv(csv, rows)
        by_process(csv, fresh_store(folder))  # compiles the modules, as an installation has done
        for _ in range(rounds):
            found["ogr2ogr"].append(timed(lambda: by_ogr(csv, folder), of_children=True))
            store = fresh_store(folder)
            found["import"].append(timed(lambda s=store: by_import(csv, s), of_children=False))
            store = fresh_store(folder)
            found["process"].append(timed(lambda s=store: by_process(csv, s), of_children=True))
        size = csv.stat().st_size
    peer = subprocess.run(["ogr2ogr", "--version"], check=True, capture_output=True, text=True)
    print(f"{rows:,} rows, {size / 1e6:.1f} MB, medians of {rounds}; {peer.stdout.strip()}")
    packages = ", ".join(f"{each} {version(each)}" for each in ("pandas", "pyarrow", "sqlalchemy"))
    print(f"Python {sys.version.split()[0]}, {packages}")
    print("| what | wall s | CPU s | wall ratio | CPU ratio |\n|---|---|---|---|---|")
    base = [statistics.median(side) for side in zip(*found["ogr2ogr"], strict=True)]
    for what, timings in found.items():
        wall, cpu = (statistics.median(side) for side in zip(*timings, strict=True))
        ratios = f"{wall / base[0]:.2f} | {cpu / base[1]:.2f}"
        print(f"| {what} | {wall:.2f} | {cpu:.2f} | {ratios} |")


if __name__ == "__main__":
    if sys.argv[1:2] == ["--once"]:
        by_import(Path(sys.argv[2]), sys.argv[3])
    else:
        numbers = [int(each) for each in sys.argv[1:]]
        main(numbers[0] if numbers else 100_000, numbers[1] if len(numbers) > 1 else 5)
