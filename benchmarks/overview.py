"""Measure the overview in a real browser: first map, filter change, bytes sent.

Run: `.venv/bin/python benchmarks/overview.py [--small 10000] [--large 1000000] [--grids 600]`.
Two stores hold towns of as many grids, one with few incidents and one with many; each has its own
warm server, and the rounds take turns. Times are taken inside the page: `first paint` is when
Streamlit shows its first own element, `map` when the live map has drawn; both from the start of
navigation.
Needs Chromium.
"""

import argparse
import os
import shutil
import socket
import statistics
import subprocess
import sys
import tempfile
import time
import urllib.request
from pathlib import Path

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


def gridbeat(*words: str, store: Path) -> None:
    """Run one command of the command line."""
    command = [sys.executable, "-m", "dashboard.cli", *words, "--store", str(store)]
    subprocess.run(command, cwd=ROOT, check=True, capture_output=True)


def build_store(folder: Path, count: int, grids: int) -> Path:
    """Make a town of any size and load it through the importers."""
    store = folder / f"{count}.gpkg"
    size = ["--grids", str(grids), "--officers", str(grids), "--incidents", str(count)]
    gridbeat("scenario", "load", "big", *size, store=store)
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
    for _ in range(900):
        try:
            urllib.request.urlopen(f"{url}/api/health", timeout=1)  # noqa: S310 - loopback
        except OSError:
            time.sleep(0.1)
        else:
            return server, url
    raise RuntimeError("the server did not start")


def visit(page: Page, url: str, turn: int) -> dict[str, float]:
    """Open the overview, change the measure, filter by a kind; give milliseconds and bytes.

    Every turn asks for another kind: the server has never answered it before.
    """
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
    page.wait_for_timeout(1_000)
    page.get_by_label("Incident kind").first.click()
    option = page.get_by_role("option").nth(turn + 1)  # the first one chooses all
    option.wait_for()
    rev = page.get_attribute(".gb-map", "data-rev")
    option.click()
    filtered = page.evaluate(CHANGED, rev)
    return {
        "first paint": times["paint"],
        "map after first paint": times["map"] - times["paint"],
        "measure changed": changed,
        "filter by a kind": filtered,
        "kB received": opened / 1000,
    }


def main() -> None:
    """Build both stores, take turns, print medians and the ratio."""
    asked = argparse.ArgumentParser(description=__doc__)
    asked.add_argument("--small", type=int, default=10_000)
    asked.add_argument("--large", type=int, default=1_000_000)
    asked.add_argument("--grids", type=int, default=600)
    asked.add_argument("--rounds", type=int, default=5)
    given = asked.parse_args()
    sizes = (given.small, given.large)
    with tempfile.TemporaryDirectory() as folder, sync_playwright() as playwright:
        servers = {size: start(build_store(Path(folder), size, given.grids)) for size in sizes}
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
                    result = visit(context.new_page(), url, turn)
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
