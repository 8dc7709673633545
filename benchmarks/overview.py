"""Measure the overview in a real browser: first map, filter change, bytes sent.

Run: `.venv/bin/python benchmarks/overview.py [--small 1000] [--large 100000] [--rounds 5]`.
Two stores hold the same town, one with few incidents and one with many; each has its own warm
server, and the rounds take turns. Times are taken inside the page: `first paint` is when Streamlit
shows its first own element, `map` when the live map has drawn; both from the start of navigation.
Needs Chromium.
"""

import argparse
import csv
import os
import shutil
import socket
import statistics
import subprocess
import sys
import tempfile
import time
import urllib.request
from datetime import datetime, timedelta
from pathlib import Path

import numpy as np
from playwright.sync_api import Page, sync_playwright

ROOT = Path(__file__).resolve().parent.parent
CHROMIUM_FLAGS = [
    "--headless",
    "--no-sandbox",
    "--disable-gpu",
    "--disable-quic",
    "--no-first-run",
    "--disable-background-networking",
    "--disable-component-update",
    "--disable-sync",
]
WATCH = """
window.__t = {};
new MutationObserver(() => {
  const main = document.querySelector('[data-testid="stMainBlockContainer"]');
  if (!window.__t.paint && main && main.querySelector('[data-testid="stElementContainer"]'))
    window.__t.paint = performance.now();
  const map = document.querySelector('.gb-map[data-ready="true"]');
  if (!window.__t.map && map) window.__t.map = performance.now();
}).observe(document, {childList: true, subtree: true, attributes: true});
"""
CHANGED = """
(rev) => new Promise((done) => {
  const start = performance.now();
  const look = () => {
    const map = document.querySelector('.gb-map');
    if (map && map.dataset.rev !== rev) done(performance.now() - start);
    else requestAnimationFrame(look);
  };
  look();
})
"""


def make_incidents(path: Path, count: int) -> None:
    """Write clustered points in the scenario's town, over the year before its day."""
    draw = np.random.default_rng(7)
    centres = draw.uniform((94.885, 36.388), (94.921, 36.416), (60, 2))
    weights = draw.pareto(1.2, 60) + 0.1
    chosen = draw.choice(60, count, p=weights / weights.sum())
    points = centres[chosen] + draw.normal(0, 0.0012, (count, 2))
    minutes = draw.integers(0, 364 * 1440, count)
    kinds = draw.choice(["刑事", "治安", "交通", "群众求助", "其他"], count)
    last = datetime(2023, 3, 2)  # noqa: DTZ001 - local wall time, as in such files
    with path.open("w", newline="", encoding="utf-8") as file:
        rows = csv.writer(file)
        rows.writerow(["编号", "经度", "纬度", "发生时间", "类别"])
        for n in range(count):
            moment = last - timedelta(minutes=int(minutes[n]))
            x, y = points[n]
            rows.writerow([f"B{n}", f"{x:.6f}", f"{y:.6f}", moment.isoformat(" "), kinds[n]])


def gridbeat(*words: str, store: Path) -> None:
    """Run one command of the command line."""
    command = [sys.executable, "-m", "dashboard.cli", *words, "--store", str(store)]
    subprocess.run(command, cwd=ROOT, check=True, capture_output=True)


def build_store(folder: Path, count: int) -> Path:
    """Load the scenario and import `count` more incidents."""
    store, table = folder / f"{count}.gpkg", folder / f"{count}.csv"
    gridbeat("scenario", "load", "golmud_hexi", store=store)
    make_incidents(table, count)
    columns = ["--id", "编号", "--lon", "经度", "--lat", "纬度", "--time", "发生时间"]
    kind = ["--kind", "类别", "--datum", "wgs84", "--source", "bench"]
    gridbeat("import", "incidents", str(table), *columns, *kind, store=store)
    return store


def start(store: Path) -> tuple[subprocess.Popen[bytes], str]:
    """Start a server on a free loopback port and wait until it answers."""
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        port = probe.getsockname()[1]
    command = [sys.executable, "-m", "dashboard.cli", "run", "--port", str(port)]
    server = subprocess.Popen(
        [*command, "--store", str(store)],
        cwd=ROOT,
        stdout=subprocess.DEVNULL,
        stderr=subprocess.DEVNULL,
        env={**os.environ, "PYTHONPATH": str(ROOT)},
    )
    url = f"http://127.0.0.1:{port}"
    for _ in range(300):
        try:
            urllib.request.urlopen(f"{url}/api/health", timeout=1)  # noqa: S310 - loopback
        except OSError:
            time.sleep(0.1)
        else:
            return server, url
    raise RuntimeError("the server did not start")


def visit(page: Page, url: str) -> dict[str, float]:
    """Open the overview once, change the measure once; give milliseconds and bytes."""
    received: list[int] = []
    page.on(
        "websocket",
        lambda socket: socket.on("framereceived", lambda frame: received.append(len(frame))),
    )
    page.add_init_script(WATCH)
    page.goto(url)
    page.wait_for_selector('.gb-map[data-ready="true"]', timeout=60_000)
    page.wait_for_timeout(1_500)
    times = page.evaluate("window.__t")
    opened = sum(received)
    page.get_by_label("Shade by").first.click()
    option = page.get_by_role("option").nth(1)
    option.wait_for()
    rev = page.get_attribute(".gb-map", "data-rev")
    option.click()
    changed = page.evaluate(CHANGED, rev)
    return {
        "first paint": times["paint"],
        "map after first paint": times["map"] - times["paint"],
        "filter change": changed,
        "kB received": opened / 1000,
    }


def main() -> None:
    """Build both stores, take turns, print medians and the ratio."""
    asked = argparse.ArgumentParser(description=__doc__)
    asked.add_argument("--small", type=int, default=1_000)
    asked.add_argument("--large", type=int, default=100_000)
    asked.add_argument("--rounds", type=int, default=5)
    given = asked.parse_args()
    sizes = (given.small, given.large)
    with tempfile.TemporaryDirectory() as folder, sync_playwright() as playwright:
        servers = {size: start(build_store(Path(folder), size)) for size in sizes}
        browser = playwright.chromium.launch(
            executable_path=shutil.which("chromium"), args=CHROMIUM_FLAGS
        )
        found: dict[int, list[dict[str, float]]] = {size: [] for size in sizes}
        try:
            for turn in range(given.rounds + 1):
                for size, (_, url) in servers.items():
                    context = browser.new_context(
                        locale="en-GB", viewport={"width": 1440, "height": 900}
                    )
                    result = visit(context.new_page(), url)
                    context.close()
                    if turn:  # the first visit warms the server
                        found[size].append(result)
        finally:
            browser.close()
            for server, _ in servers.values():
                server.terminate()
    print(f"medians of {given.rounds}; milliseconds unless said")
    print(f"{'':24}{given.small:>12,}{given.large:>12,}{'ratio':>8}")
    for name in found[given.small][0]:
        few, many = (statistics.median(row[name] for row in found[size]) for size in sizes)
        print(f"{name:24}{few:12.0f}{many:12.0f}{many / few:8.2f}")


if __name__ == "__main__":
    main()
