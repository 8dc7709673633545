"""Time the import of a million incidents into both stores beside `ogr2ogr` on the same CSV.

Run: `python benchmarks/million.py [ROWS] [ROUNDS] [STORE]`, where STORE is `geopackage` or
`postgis`, and both where it is left out. The embedded store is a GeoPackage, the served
one a PostgreSQL with PostGIS that this starts for itself, with its default settings (every commit
waits for the disk). Rounds are interleaved; medians. Each of ours is a fresh Python with its start
included. CPU is of the client and, where there is one, of the server; memory is the client's.
"""

import os
import shutil
import statistics
import subprocess
import sys
import tempfile
import time
from pathlib import Path
from typing import NamedTuple

sys.path[:0] = [str(Path(__file__).resolve().parents[1]), str(Path(__file__).resolve().parent)]

from import_incidents import (  # noqa: E402 - it stands beside this file
    ROOT,
    add_grids,
    fresh_store,
    write_csv,
)

from data.database import Database  # noqa: E402 - the checkout, not an installed copy

_TICKS_PER_S = os.sysconf("SC_CLK_TCK")


class Cost(NamedTuple):
    """Seconds, and megabytes at the peak."""

    wall_s: float
    cpu_s: float
    server_cpu_s: float
    peak_mb: float


class Server:
    """A PostgreSQL of our own on a Unix socket; as root it runs as another user."""

    def __init__(self, folder: Path) -> None:
        self.folder = folder
        found = sorted(Path("/usr/lib/postgresql").glob("*/bin"), reverse=True)
        program = shutil.which("initdb")
        self.programs = found[0] if found else Path(program or "initdb").parent
        self.before: list[str] = []
        if os.geteuid() == 0:
            self.before = ["setpriv", "--reuid=nobody", "--regid=nogroup", "--clear-groups"]
            shutil.chown(folder, "nobody", "nogroup")
        self._run("initdb", "-D", str(folder / "cluster"), "-U", "app", "-A", "trust",
                  "-E", "UTF8", "--no-locale", "-N")  # fmt: skip
        self._pg_ctl("-o", f"-k {folder} -c listen_addresses=''", "start")

    def fresh(self, name: str) -> str:
        """Make a database anew, migrated and with the grids; give its address."""
        url = f"postgresql+psycopg://app@/{name}?host={self.folder}"
        self.sql(f"DROP DATABASE IF EXISTS {name}")
        self.sql(f"CREATE DATABASE {name}")
        database = Database(url)
        database.create_or_migrate()
        add_grids(database)
        database.dispose()
        self.sql("CHECKPOINT")
        return url

    def sql(self, statement: str) -> None:
        """Run a statement in the server's own database."""
        where = ["-h", str(self.folder), "-U", "app", "-q", "-X", "postgres", "-c", statement]
        subprocess.run(["psql", *where], check=True, stderr=subprocess.DEVNULL)

    def cpu_s(self) -> float:
        """CPU seconds of the server and of every process it ever had."""
        own = int((self.folder / "cluster" / "postmaster.pid").read_text().split()[0])
        ticks = 0
        for entry in Path("/proc").glob("[0-9]*/stat"):
            try:
                told = entry.read_text().rsplit(")", 1)[1].split()
            except OSError:  # it ended meanwhile
                continue
            if int(entry.parent.name) == own:
                ticks += sum(map(int, told[11:15]))
            elif int(told[1]) == own:
                ticks += sum(map(int, told[11:13]))
        return ticks / _TICKS_PER_S

    def stop(self) -> None:
        """End it."""
        self._pg_ctl("-m", "fast", "stop")

    def _pg_ctl(self, *arguments: str) -> None:
        log = str(self.folder / "log")
        self._run("pg_ctl", "-D", str(self.folder / "cluster"), "-w", "-l", log, *arguments)

    def _run(self, program: str, *arguments: str) -> None:
        command = [*self.before, str(self.programs / program), *arguments]
        subprocess.run(command, check=True, cwd="/", stdout=subprocess.DEVNULL)


def measured(command: list[str], server: Server | None) -> Cost:
    """Give what a command costs."""
    before, start = server.cpu_s() if server else 0.0, time.perf_counter()
    environment = {**os.environ, "PYTHONPATH": str(ROOT)}
    with subprocess.Popen(command, env=environment, cwd=ROOT) as child:
        _, status, used = os.wait4(child.pid, 0)
        child.returncode = os.waitstatus_to_exitcode(status)
    wall_s = time.perf_counter() - start
    if child.returncode:
        raise SystemExit(f"failed: {command[0]}")
    server_s = server.cpu_s() - before if server else 0.0
    return Cost(wall_s, used.ru_utime + used.ru_stime, server_s, used.ru_maxrss / 1024)


def ogr_command(csv: Path, driver: str, target: str) -> list[str]:
    """Let GDAL copy the file."""
    columns = ["-oo", "X_POSSIBLE_NAMES=lon", "-oo", "Y_POSSIBLE_NAMES=lat"]
    return ["ogr2ogr", "-f", driver, target, str(csv), *columns, "-a_srs", "EPSG:4326",
            "-nln", "calls"]  # fmt: skip


def our_command(csv: Path, store: str) -> list[str]:
    """Let Gridbeat import it."""
    return [sys.executable, str(ROOT / "benchmarks" / "import_incidents.py"), "--once",
            str(csv), store]  # fmt: skip


def round_embedded(csv: Path, folder: Path, found: dict[str, list[Cost]]) -> None:
    """Run both once on a GeoPackage."""
    file = folder / "ogr.gpkg"
    file.unlink(missing_ok=True)
    found["GeoPackage: ogr2ogr"].append(measured(ogr_command(csv, "GPKG", str(file)), None))
    store = str(fresh_store(folder))
    found["GeoPackage: Gridbeat"].append(measured(our_command(csv, store), None))


def round_served(csv: Path, server: Server, found: dict[str, list[Cost]]) -> None:
    """Run both once on PostgreSQL."""
    server.fresh("theirs")
    target = f"PG:host={server.folder} dbname=theirs user=app"
    found["PostGIS: ogr2ogr"].append(measured(ogr_command(csv, "PostgreSQL", target), server))
    found["PostGIS: Gridbeat"].append(measured(our_command(csv, server.fresh("ours")), server))


def main(rows: int, rounds: int, only: str) -> None:
    """Time both on the stores asked for and print the table."""
    stores = [name for name in ("GeoPackage", "PostGIS") if only in {"", name.lower()}]
    names = [f"{s}: {w}" for s in stores for w in ("ogr2ogr", "Gridbeat")]
    found: dict[str, list[Cost]] = {name: [] for name in names}
    with tempfile.TemporaryDirectory(prefix="gridbeat-") as made:
        folder = Path(made)
        folder.chmod(0o755)
        (folder / "pg").mkdir(mode=0o755)
        csv = folder / "calls.csv"
        write_csv(csv, rows)
        server = Server(folder / "pg")
        try:
            for _ in range(rounds):
                if "GeoPackage" in stores:
                    round_embedded(csv, folder, found)
                if "PostGIS" in stores:
                    round_served(csv, server, found)
        finally:
            server.stop()
        print(f"{rows:,} rows, {csv.stat().st_size / 1e6:.0f} MB, medians of {rounds}")
    print("| what | wall s | CPU s (client + server) | MB | wall ratio | CPU ratio |")
    print("|---|---|---|---|---|---|")
    base = (0.0, 0.0)
    for name, costs in found.items():
        wall, cpu, server_cpu, peak = (statistics.median(s) for s in zip(*costs, strict=True))
        if name.endswith("ogr2ogr"):
            base = (wall, cpu + server_cpu)
        ratios = f"{wall / base[0]:.2f} | {(cpu + server_cpu) / base[1]:.2f}"
        print(f"| {name} | {wall:.1f} | {cpu:.1f} + {server_cpu:.1f} | {peak:.0f} | {ratios} |")


if __name__ == "__main__":
    numbers = [int(each) for each in sys.argv[1:] if each.isdecimal()]
    named = [each for each in sys.argv[1:] if not each.isdecimal()]
    main(
        numbers[0] if numbers else 1_000_000,
        numbers[1] if len(numbers) > 1 else 3,
        named[0] if named else "",
    )
