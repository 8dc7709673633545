"""Measure whether the wall stays flat over many refreshes, and how soon a warm server paints it.

Run: `.venv/bin/python benchmarks/wall.py [--refreshes 200] [--every 25] [--opened 5]`.
Each refresh closes or reopens one hazard in the store and waits until the wall shows it, so that
the rows stay as many and what grows is not their number. The browser's heap is
read after a forced garbage collection through the DevTools protocol, the server's resident set from
/proc. A first paint is the time from asking for the page, in a new browser context with nothing in
its cache, to key numbers on the screen, and to the drawn map. Slopes are least squares over the
second half, when caches are full. Needs Chromium, Linux.
"""

import argparse
import json
import os
import shutil
import signal
import socket
import statistics
import subprocess
import sys
import tempfile
import time
import urllib.request
from datetime import UTC, datetime
from pathlib import Path

import numpy as np
from playwright.sync_api import Browser, CDPSession, Page, sync_playwright
from sqlalchemy import update

from data.database import Database, bump_revision
from data.models import Hazard

ROOT = Path(__file__).resolve().parent.parent
CHROMIUM_FLAGS = [
    "--headless",
    "--no-sandbox",
    "--disable-gpu",
    "--no-first-run",
    "--disable-background-networking",
    "--disable-component-update",
    "--disable-sync",
]
SHOWN = """n => document.querySelector(
  '.gb-tile[data-key="hazards"] .gb-tile-value')?.textContent.replaceAll(',', '') === n"""
MEGABYTE = 1024 * 1024


def main() -> int:
    """Run and print one JSON document."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--refreshes", type=int, default=200)
    parser.add_argument("--every", type=int, default=25)
    parser.add_argument("--opened", type=int, default=5)
    parser.add_argument("--scenario", default="golmud_hexi")
    asked = parser.parse_args()
    with tempfile.TemporaryDirectory() as folder:
        store = Path(folder) / "wall.gpkg"
        port = free_port()
        server = start(store, asked.scenario, port)
        try:
            print(json.dumps(measure(store, port, server.pid, asked), indent=2))
        finally:
            os.kill(server.pid, signal.SIGTERM)
            server.wait(20)
    return 0


def measure(store: Path, port: int, pid: int, asked: argparse.Namespace) -> dict[str, object]:
    """Refresh, and read memory at every `every`-th refresh."""
    database = Database(str(store))
    waits: list[float] = []
    rows: list[tuple[int, float, float, int]] = []
    paints: list[tuple[float, float]] = []
    with sync_playwright() as playwright:
        browser = playwright.chromium.launch(
            executable_path=shutil.which("chromium"), args=CHROMIUM_FLAGS
        )
        page = browser.new_page(viewport={"width": 1920, "height": 1080})
        page.set_default_timeout(60_000)
        begin = time.monotonic()
        page.goto(f"http://127.0.0.1:{port}/wall?lang=zh")
        page.wait_for_selector(".gb-wall[data-state=live] .gb-kiosk[data-ready=true]")
        first_s = time.monotonic() - begin
        paints += [first_paint(browser, port) for _ in range(asked.opened)]
        tools = page.context.new_cdp_session(page)
        shown = int(page.inner_text('.gb-tile[data-key="hazards"] .gb-tile-value'))
        rows.append((0, *memory(page, tools, pid)))
        for turn in range(1, asked.refreshes + 1):
            write(database, turn)
            since = time.monotonic()
            page.wait_for_function(SHOWN, arg=str(shown + turn % 2))
            waits.append(time.monotonic() - since)
            if turn % asked.every == 0:
                rows.append((turn, *memory(page, tools, pid)))
                print(rows[-1], file=sys.stderr)
        browser.close()
    database.dispose()
    return report(rows, waits, paints) | {"first_picture_s": round(first_s, 2)}


def first_paint(browser: Browser, port: int) -> tuple[float, float]:
    """Open the wall anew; give seconds to the key numbers and to the map."""
    context = browser.new_context(viewport={"width": 1920, "height": 1080})
    page = context.new_page()
    page.set_default_timeout(60_000)
    begin = time.monotonic()
    page.goto(f"http://127.0.0.1:{port}/wall?lang=zh", wait_until="commit")
    page.wait_for_selector(".gb-wall[data-state=live] .gb-tile-value")
    numbers_s = time.monotonic() - begin
    page.wait_for_selector(".gb-wall[data-state=live] .gb-kiosk[data-ready=true]")
    map_s = time.monotonic() - begin
    context.close()
    return numbers_s, map_s


def write(database: Database, turn: int) -> None:
    """Open one hazard on odd turns and close it on even ones, as a screen would."""
    now = datetime.now(UTC)
    with database.write() as session:
        if turn == 1:
            session.add(
                Hazard(
                    source="benchmark",
                    external_id="1",
                    content_hash="1",
                    kind="H10",
                    channel="patrol",
                    channel_group="discovered",
                    occurred_at=now,
                    time_precision="minute",
                    status="handling",
                )
            )
        else:
            session.execute(
                update(Hazard)
                .where(Hazard.source == "benchmark")
                .values(
                    status="handling" if turn % 2 else "closed",
                    closed_at=None if turn % 2 else now,
                )
            )
        bump_revision(session, "hazards")


def memory(page: Page, tools: CDPSession, pid: int) -> tuple[float, float, int]:
    """Give heap after garbage collection and resident set in megabytes, and DOM nodes."""
    for _ in range(3):
        tools.send("HeapProfiler.collectGarbage")
    heap = tools.send("Runtime.getHeapUsage")["usedSize"] / MEGABYTE
    nodes = int(page.evaluate("document.querySelectorAll('*').length"))
    status = Path(f"/proc/{pid}/status").read_text(encoding="ascii")
    resident_kb = next(line.split()[1] for line in status.splitlines() if line.startswith("VmRSS"))
    return round(heap, 2), round(int(resident_kb) / 1024, 1), nodes


def report(
    rows: list[tuple[int, float, float, int]],
    waits: list[float],
    paints: list[tuple[float, float]],
) -> dict[str, object]:
    """Give slopes in kilobytes per refresh, how long news took, and first paints when warm."""
    table = np.array(rows, dtype=float)
    late = table[len(table) // 2 :]
    slope = {
        name: round(1024 * float(np.polyfit(late[:, 0], late[:, column], 1)[0]), 2)
        if len(late) > 1
        else None
        for column, name in ((1, "heap"), (2, "rss"))
    }
    return {
        "refreshes": len(waits),
        "warm_numbers_s": [round(numbers_s, 2) for numbers_s, _ in paints],
        "warm_map_s": [round(map_s, 2) for _, map_s in paints],
        "news_median_s": round(statistics.median(waits), 2) if waits else None,
        "news_worst_s": round(max(waits), 2) if waits else None,
        "heap_mb": [rows[0][1], rows[-1][1]],
        "heap_slope_kb_per_refresh": slope["heap"],
        "server_rss_mb": [rows[0][2], rows[-1][2]],
        "server_rss_slope_kb_per_refresh": slope["rss"],
        "dom_nodes": [rows[0][3], rows[-1][3]],
        "load_average": os.getloadavg()[0],
    }


def start(store: Path, scenario: str, port: int) -> subprocess.Popen[bytes]:
    """Start the real command and wait until it answers."""
    command = [sys.executable, "-m", "dashboard.cli", "run", "--store", str(store)]
    server = subprocess.Popen(
        [*command, "--scenario", scenario, "--port", str(port)],
        cwd=ROOT,
        stdout=subprocess.DEVNULL,
        stderr=subprocess.DEVNULL,
    )
    for _ in range(600):
        try:
            with urllib.request.urlopen(f"http://127.0.0.1:{port}/_stcore/health", timeout=2):
                return server
        except OSError:
            time.sleep(0.2)
    raise RuntimeError("the server did not answer within two minutes")


def free_port() -> int:
    """Give a free loopback port."""
    with socket.socket() as held:
        held.bind(("127.0.0.1", 0))
        return int(held.getsockname()[1])


if __name__ == "__main__":
    raise SystemExit(main())
