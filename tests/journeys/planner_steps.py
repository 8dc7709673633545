"""What every walk on the planner's page does: begin a plan, point at the map, draw, read the store.

Places are longitude and latitude; the page position is worked out from what the map says of its
view.
"""

import json
import math
import re

import numpy as np
import shapely
from playwright.sync_api import expect

from dashboard.text import Words
from data.database import Database
from data.planning.opening import open_plan
from data.repositories.plans import list_asides, list_edits
from data.viewer import LOCAL_STEWARD
from tests.journeys.steps import choose, settle

FIRST_MS = 120_000  # the first page of a server reads every package
WAIT_MS = 30_000
EN = Words("en")
METRE_DEG = 1 / 111_320


class PlanStore:
    """Reads plans from the store, beside the page."""

    def __init__(self, address):
        self.database = Database(str(address))

    def __call__(self, plan_id):
        with self.database.read() as session:
            return open_plan(session, LOCAL_STEWARD, plan_id)

    def kinds(self, plan_id):
        """Kinds of all logged edits, those undone among them."""
        with self.database.read() as session:
            return [edit.kind for edit in list_edits(session, LOCAL_STEWARD, plan_id)]

    def asides(self, plan_id):
        with self.database.read() as session:
            return list_asides(session, LOCAL_STEWARD, plan_id)

    def close(self):
        self.database.dispose()


def areas(plan):
    """Area of each grid in square degrees: what must add up to the last bit."""
    return dict(zip(plan.tiling.codes, shapely.area(plan.tiling.shapes), strict=True))


def is_same(one, other):
    """Whether two plans hold the same grids bit for bit."""
    return one.tiling.codes == other.tiling.codes and bool(
        np.all(shapely.equals_identical(one.tiling.shapes, other.tiling.shapes))
    )


def wait(page, condition, *, timeout=WAIT_MS):
    """Wait until the edit mode says so: `e` is what it tells."""
    page.wait_for_function(
        """condition => {
            const told = document.querySelector(".gb-map")?.dataset.editor;
            return told !== undefined && new Function("e", `return ${condition}`)(JSON.parse(told));
        }""",
        arg=condition,
        timeout=timeout,
    )


def wait_for_plan(page):
    wait(page, "e.rev !== ''", timeout=FIRST_MS)
    settle(page)


def told(page):
    return json.loads(page.get_attribute(".gb-map", "data-editor"))


def begin(page, server, name, *, words=EN, start=""):
    """Begin a plan by the form on the page of plans; give its number."""
    if not re.fullmatch(rf"{re.escape(server)}/plan(\?lang=\w+)?", page.url):
        page.goto(f"{server}/plan")
    field = page.get_by_label(words("planner.name"), exact=True)
    field.fill(name, timeout=FIRST_MS)
    field.press("Tab")
    settle(page)
    if start:
        choose(page, words("planner.start"), start)
        settle(page)
    page.get_by_role("button", name=words("planner.begin")).click()
    page.wait_for_url(re.compile(r"plan=\d+"))
    wait_for_plan(page)
    return int(re.search(r"plan=(\d+)", page.url)[1])


def where(page, lon, lat):
    """The page position of a place, from what the map says of its view."""
    box = page.locator(".gb-pane").bounding_box()
    west, south, east, north = bounds(page)

    def mercator(degrees):
        return math.log(math.tan(math.pi / 4 + math.radians(degrees) / 2))

    x = (lon - west) / (east - west) * box["width"]
    y = (mercator(north) - mercator(lat)) / (mercator(north) - mercator(south)) * box["height"]
    return box["x"] + x, box["y"] + y


def bounds(page):
    return tuple(map(float, page.get_attribute(".gb-map", "data-bounds").split(",")))


def zoom_to(page, lon, lat, width_m):
    """Turn the wheel over a place until the view is no wider than this; the place stays put."""
    page.mouse.move(*where(page, lon, lat))
    for _ in range(6):
        west, _, east, _ = bounds(page)
        if (east - west) / METRE_DEG * math.cos(math.radians(lat)) <= width_m:
            break
        before = page.get_attribute(".gb-map", "data-bounds")
        page.mouse.wheel(0, -200)
        page.wait_for_function(
            "was => document.querySelector('.gb-map').dataset.bounds !== was", arg=before
        )
    settle(page)


def see_all(page, tiling):
    """Show all grids again."""
    page.locator(".gb-home").click()
    page.wait_for_function(
        """box => {
            const now = document.querySelector(".gb-map").dataset.bounds.split(",").map(Number);
            return now[0] < box[0] && now[1] < box[1] && now[2] > box[2] && now[3] > box[3];
        }""",
        arg=list(shapely.total_bounds(tiling.shapes)),
    )
    settle(page)


def tool(page, name):
    page.locator(f".gb-tool[data-tool={name}]").click()
    wait(page, f"e.mode === '{name}'")


def edits_are(page, head, of, *, words=EN):
    """Wait until the page says how many edits are in force, and rests."""
    expect(page.get_by_text(words("planner.edits", head=head, of=of), exact=True)).to_be_visible()
    wait(page, "!e.isPending")
    settle(page)


def select_at(page, code, lon, lat):
    """Select a grid by a click on a place in it."""
    tool(page, "select")
    page.mouse.click(*where(page, lon, lat))
    page.wait_for_selector(f".gb-map[data-selected='{code}']")
    settle(page)


def drag(page, start, end, *, steps=8):
    """Press, move and let go, from one place to another."""
    (x, y), (to_x, to_y) = where(page, *start), where(page, *end)
    page.mouse.move(x, y)
    page.mouse.down()
    page.mouse.move(to_x, to_y, steps=steps)
    page.mouse.up()


def click_line(page, places):
    """Click a line place by place, and send it."""
    for place in places:
        page.mouse.click(*where(page, *place))
    wait(page, f"e.points === {len(places)}")
    page.keyboard.press("Enter")


def shared_line(tiling, one, other):
    """The border of two grids."""
    found = shapely.intersection(tiling.shape(one), tiling.shape(other))
    return shapely.line_merge(found)


def bend_of(line, by_m, *, far_m=60):
    """A vertex in the middle of a border whose neighbours are far, and where it goes.

    Gives both places; the second lies `by_m` metres off, at right angles to the border.
    """
    narrow = math.cos(math.radians(line.centroid.y))
    path = shapely.get_coordinates(line) * (narrow, 1) / METRE_DEG
    inner = range(1, len(path) - 1)
    steps = np.hypot(*np.diff(path, axis=0).T)
    roomy = [k for k in inner if min(steps[k - 1], steps[k]) > far_m]
    at = min(roomy, key=lambda k: abs(k - len(path) / 2))
    along = path[at + 1] - path[at - 1]
    across = np.array([-along[1], along[0]]) / np.hypot(*along)
    places = np.array([path[at], path[at] + by_m * across]) * METRE_DEG / (narrow, 1)
    return tuple(places[0].tolist()), tuple(places[1].tolist())
