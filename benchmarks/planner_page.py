"""Measure the planner's page in a real browser: opening a plan, and mouse-up to new figures.

Run: `.venv/bin/python benchmarks/planner_page.py [--store F] [--drags 12] [--profile FOLDER]`.
A plan of all grids is begun in a copy of the store. The page is opened cold (a server that has
answered nothing yet), warm (a new visitor: the program of the page is loaded as well) and from the
list of plans by a click, then a vertex that grids share is dragged by the
mouse to and fro. Times are taken inside the page, from the release of the mouse: `sent` when the
message has left, `first answer` when bytes come back, `figures` when the table of touched grids
shows others, `drawn` when the map has the server's grids and the script has ended. Needs Chromium.
"""

import argparse
import json
import math
import shutil
import statistics
import sys
import tempfile
from datetime import UTC, datetime
from pathlib import Path

import numpy as np
import shapely
from playwright.sync_api import Browser, Page, sync_playwright

sys.path[:0] = [str(Path(__file__).resolve().parent)]

from overview import CHROMIUM_FLAGS, build_store, start  # noqa: E402 - beside this file

from data.database import Database  # noqa: E402 - beside this file
from data.planning.opening import Begin, FromDay, OpenPlan, begin_plan, open_plan  # noqa: E402
from data.viewer import LOCAL_STEWARD  # noqa: E402

PATIENCE_MS = 180_000
LIST_OPENINGS = 5
GRID_PX = 150
DRAG_PX = (14, 1)
WATCH = """
window.__frames = [];
const Plain = window.WebSocket;
window.WebSocket = class extends Plain {
  constructor(...told) {
    super(...told);
    this.addEventListener("message", ({data}) =>
      window.__frames.push([performance.now(), data.byteLength ?? data.size ?? data.length]));
  }
  send(bytes) {
    window.__sent = performance.now();
    super.send(bytes);
  }
};
window.__ready = new Promise((done) => {
  const look = () => {
    const told = document.querySelector('.gb-map[data-ready="true"]')?.dataset.editor;
    if (told && JSON.parse(told).rev) requestAnimationFrame(() => done(performance.now()));
    else requestAnimationFrame(look);
  };
  look();
});
"""
ARM = """
() => {
  const idle = '[data-testid="stApp"][data-test-script-state="notRunning"]';
  const figures = () => document.querySelector(".st-key-plan_touched")?.innerText ?? "";
  const editor = () => JSON.parse(document.querySelector(".gb-map").dataset.editor);
  const balances = () => document.querySelector(".st-key-plan_balances")?.innerText ?? "";
  const [was, even, rev] = [figures(), balances(), editor().rev];
  window.__drag = new Promise((done) => {
    document.addEventListener("pointerup", () => {
      const start = performance.now();
      window.__frames = [];
      const at = {};
      const note = (name) => { at[name] ??= performance.now() - start; };
      const look = () => {
        if (window.__sent >= start) at.sent = at.sent ?? window.__sent - start;
        if (figures() !== was) note("figures");
        if (balances() !== even) note("balances");
        const told = editor();
        if (!told.isPending && told.rev !== rev) note("map");
        if (told.refused) { done({refused: told.refused}); return; }
        if (at.figures && at.map && document.querySelector(idle)) {
          note("drawn");
          const frames = window.__frames;
          at["first answer"] = frames[0][0] - start;
          at["last answer"] = frames[frames.length - 1][0] - start;
          at.kB = frames.reduce((sum, [, size]) => sum + size, 0) / 1000;
          done(at);
        } else requestAnimationFrame(look);
      };
      requestAnimationFrame(look);
      setTimeout(() => done({refused: `no answer: ${JSON.stringify([at, editor()])}`}), 20000);
    }, {once: true, capture: true});
  });
}
"""


def begin(store: Path) -> OpenPlan:
    """Begin a plan of all grids in the store."""
    database = Database(str(store))
    if not database.is_current():
        database.create_or_migrate()
    plan = begin_plan(database, LOCAL_STEWARD, FromDay(), Begin("Measured", datetime.now(UTC)))
    with database.read() as session:
        opened = open_plan(session, LOCAL_STEWARD, plan.id)
    database.dispose()
    return opened


def vertex_of(opened: OpenPlan) -> tuple[str, tuple[float, float], tuple[float, float]]:
    """Find a grid in the midst of the town, a place in it, and a vertex that it shares."""
    shapes = opened.tiling.shapes
    inside = shapely.get_coordinates(shapely.point_on_surface(shapes))
    middle = np.median(inside, axis=0)
    row = int(np.argmin(np.hypot(*(inside - middle).T)))
    pairs, count = np.unique(
        np.vstack([np.unique(shapely.get_coordinates(shape), axis=0) for shape in shapes]),
        axis=0, return_counts=True,
    )  # fmt: skip
    shared = {tuple(pair) for pair in pairs[count > 1].tolist()}
    own = [tuple(pair) for pair in shapely.get_coordinates(shapes[row]).tolist()]
    level = [pair for pair in own if pair in shared]
    vertex = min(level, key=lambda pair: abs(pair[1] - inside[row, 1]))  # in sight with the grid
    return opened.tiling.codes[row], tuple(inside[row].tolist()), vertex


def where(page: Page, lon: float, lat: float) -> tuple[float, float]:
    """Give the place of a point in the window, from what the map says of its view."""
    box = page.locator(".gb-pane").bounding_box()
    west, south, east, north = map(float, page.get_attribute(".gb-map", "data-bounds").split(","))

    def mercator(degrees: float) -> float:
        return math.log(math.tan(math.pi / 4 + math.radians(degrees) / 2))

    down = (mercator(north) - mercator(lat)) / (mercator(north) - mercator(south))
    return (
        box["x"] + (lon - west) / (east - west) * box["width"],
        box["y"] + down * box["height"],
    )


def wait(page: Page, condition: str) -> None:
    """Wait until the edit mode says so: `e` is what it tells."""
    page.wait_for_function(
        """condition => {
            const told = document.querySelector(".gb-map")?.dataset.editor;
            return told !== undefined && new Function("e", `return ${condition}`)(JSON.parse(told));
        }""",
        arg=condition,
    )


def settle(page: Page) -> None:
    """Wait until nothing runs any more."""
    page.wait_for_timeout(300)
    page.wait_for_selector(
        '[data-testid="stApp"][data-test-script-state="notRunning"]', state="attached"
    )


def open_page(browser: Browser, url: str, plan_id: int) -> tuple[Page, dict[str, float]]:
    """Open the plan as a new visitor; give milliseconds until the map can be edited, and kB."""
    context = browser.new_context(locale="en-GB", viewport={"width": 1440, "height": 900})
    page = context.new_page()
    page.set_default_timeout(PATIENCE_MS)
    page.add_init_script(WATCH)
    page.goto(f"{url}/plan?plan={plan_id}")
    taken = float(page.evaluate("window.__ready"))
    settle(page)
    size = float(page.evaluate("window.__frames.reduce((sum, [, n]) => sum + n, 0)"))
    return page, {"ms": taken, "kB": size / 1000}


def open_from_list(page: Page, url: str, plan_id: int) -> float:
    """Click the plan in the list of plans; give milliseconds until the map can be edited."""
    page.goto(f"{url}/plan")
    button = page.locator(f".st-key-plan_open_{plan_id} button")
    button.wait_for()
    settle(page)
    page.evaluate("""() => document.addEventListener(
        "click", () => { window.__clicked = performance.now(); }, {once: true, capture: true})""")
    button.click()
    return float(page.evaluate("async () => await window.__ready - window.__clicked"))


def take_vertex(page: Page, opened: OpenPlan) -> tuple[float, float]:
    """Come near to a grid, select it, and take the tool that moves vertices; give the vertex."""
    code, inside, vertex = vertex_of(opened)
    west, _, east, _ = shapely.bounds(opened.tiling.shape(code)).tolist()
    for _ in range(20):
        left, right = where(page, west, inside[1])[0], where(page, east, inside[1])[0]
        if right - left > GRID_PX:
            break
        page.mouse.move(*where(page, *inside))
        page.mouse.wheel(0, -120)
        page.wait_for_timeout(400)
    page.locator(".gb-tool[data-tool=select]").click()
    beside = [
        (a + b) / 2 for a, b in zip(inside, vertex, strict=True)
    ]  # a post stands in the midst
    page.mouse.click(*where(page, *beside))
    page.wait_for_selector(f".gb-map[data-selected='{code}']")
    settle(page)
    page.locator(".gb-tool[data-tool=move]").click()
    wait(page, "e.mode === 'move' && e.handles > 0")
    return vertex


def drag(page: Page, at: tuple[float, float], by: tuple[int, int]) -> dict[str, float]:
    """Drag what is at a place by some pixels; give milliseconds since the mouse was released."""
    page.mouse.move(*at)
    page.mouse.down()
    for k in range(1, 6):
        page.mouse.move(at[0] + by[0] * k / 5, at[1] + by[1] * k / 5)
    page.evaluate(ARM)
    page.mouse.up()
    told = page.evaluate("window.__drag")
    if "refused" in told:
        raise RuntimeError(told["refused"])
    settle(page)
    return told


def drags(page: Page, opened: OpenPlan, count: int) -> list[dict[str, float]]:
    """Drag a shared vertex to and fro; the first drag warms the server and is left out."""
    x, y = where(page, *take_vertex(page, opened))
    found = []
    for turn in range(count + 1):
        sign = 1 if turn % 2 == 0 else -1
        found.append(drag(page, (x, y), (sign * DRAG_PX[0], sign * DRAG_PX[1])))
        x, y = x + sign * DRAG_PX[0], y + sign * DRAG_PX[1]
    return found[1:]


def show(found: list[dict[str, float]]) -> None:
    """Print medians and worst."""
    print(f"{'after the mouse is released':30}{'median':>10}{'worst':>10}")
    for name in (
        "sent",
        "first answer",
        "figures",
        "balances",
        "map",
        "last answer",
        "drawn",
        "kB",
    ):
        values = [row[name] for row in found if name in row]
        if values:
            print(f"{name:30}{statistics.median(values):10.1f}{max(values):10.1f}")


def main() -> None:
    """Begin a plan in a copy of a store, open it, drag, print."""
    asked = argparse.ArgumentParser(description=__doc__)
    asked.add_argument("--incidents", type=int, default=1_000_000)
    asked.add_argument("--grids", type=int, default=600)
    asked.add_argument("--store", type=Path, help="a store that is there already; it is copied")
    asked.add_argument("--drags", type=int, default=12)
    asked.add_argument("--picture", type=Path, help="where a picture of the page is put")
    given = asked.parse_args()
    with tempfile.TemporaryDirectory() as folder, sync_playwright() as playwright:
        held = given.store or build_store(Path(folder), given.incidents, given.grids)
        store = Path(shutil.copy(held, Path(folder) / "measured.gpkg"))
        opened = begin(store)
        server, url = start(store)
        browser = playwright.chromium.launch(
            executable_path=shutil.which("chromium"), args=CHROMIUM_FLAGS
        )
        try:
            for name in ("cold", "warm", "warm again"):
                page, taken = open_page(browser, url, opened.plan.id)
                print(f"opened {name}: {taken['ms']:.0f} ms, {taken['kB']:.0f} kB", flush=True)
                if name != "warm again":
                    page.context.close()
            clicked = [open_from_list(page, url, opened.plan.id) for _ in range(LIST_OPENINGS)]
            print(f"opened from the list: {', '.join(f'{one:.0f}' for one in clicked)} ms")
            show(drags(page, opened, given.drags))
            if given.picture:
                page.screenshot(path=str(given.picture))
            print(json.dumps({"grids": len(opened.tiling.codes)}))
        finally:
            browser.close()
            server.terminate()


if __name__ == "__main__":
    main()
