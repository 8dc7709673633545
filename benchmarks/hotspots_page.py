"""Measure the hotspots page in a real browser: a question never asked before, and one asked again.

Run: `.venv/bin/python benchmarks/hotspots_page.py [--incidents 1000000] [--grids 600] [--store F]`.
The server is warm: it has shown the overview, so it holds the events of this revision. Times run
from the click on an option to the map with the new answer. Needs Chromium.
"""

import argparse
import shutil
import statistics
import sys
import tempfile
from pathlib import Path

from playwright.sync_api import Page, sync_playwright

sys.path[:0] = [str(Path(__file__).resolve().parent)]

from overview import CHANGED, CHROMIUM_FLAGS, build_store, start  # noqa: E402 - beside this file

IDLE = '[data-testid="stApp"][data-test-script-state="notRunning"]'
READY = '.gb-map[data-ready="true"]'
QUESTIONS = ("count-kernel", "count", "kde", "gistar", "moran")
PATIENCE_MS = 300_000


def settle(page: Page) -> None:
    """Wait until the whole page stands, its back-test included."""
    page.wait_for_timeout(500)
    page.wait_for_selector(IDLE, state="attached", timeout=PATIENCE_MS)


def answer_ms(page: Page, number: int) -> float:
    """Choose the question with this number; give milliseconds until the map shows its answer."""
    settle(page)
    page.get_by_label("Question").first.click()
    option = page.get_by_role("option").nth(number)
    option.wait_for()
    rev = page.get_attribute(".gb-map", "data-rev")
    option.click()
    return float(page.evaluate(CHANGED, rev))


def measure(page: Page, url: str, units: str) -> dict[str, list[float]]:
    """Ask every question once, then all of them again."""
    page.set_default_timeout(PATIENCE_MS)
    page.goto(url)
    page.wait_for_selector(READY)
    settle(page)
    page.goto(f"{url}/hotspots?period=all&h_units={units}")
    page.wait_for_selector(READY)
    numbers = range(1, len(QUESTIONS))
    first = [answer_ms(page, number) for number in numbers]
    answer_ms(page, 0)
    again = [answer_ms(page, number) for number in numbers]
    return {"first answer": first, "asked again": again}


def main() -> None:
    """Build a town, ask on squares and on grids, print medians and worst."""
    asked = argparse.ArgumentParser(description=__doc__)
    asked.add_argument("--incidents", type=int, default=1_000_000)
    asked.add_argument("--grids", type=int, default=600)
    asked.add_argument("--store", type=Path, help="a store that is there already")
    given = asked.parse_args()
    with tempfile.TemporaryDirectory() as folder, sync_playwright() as playwright:
        store = given.store or build_store(Path(folder), given.incidents, given.grids)
        server, url = start(store)
        browser = playwright.chromium.launch(
            executable_path=shutil.which("chromium"), args=CHROMIUM_FLAGS
        )
        try:
            print(f"{'milliseconds':30}{'median':>10}{'worst':>10}")
            for units in ("squares", "grids", "hexagons"):
                size = {"width": 1440, "height": 900}
                context = browser.new_context(locale="en-GB", viewport=size)
                for name, taken in measure(context.new_page(), url, units).items():
                    middle = statistics.median(taken)
                    print(f"{units + ', ' + name:30}{middle:10.0f}{max(taken):10.0f}", flush=True)
                context.close()
        finally:
            browser.close()
            server.terminate()


if __name__ == "__main__":
    main()
