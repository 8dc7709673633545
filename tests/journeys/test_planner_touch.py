"""A planner with a tablet: fingers alone select a grid, drag a border, draw a cut."""

import pytest
import shapely
from playwright.sync_api import expect

from tests.dashboard import tiny_town
from tests.journeys import planner_steps as steps
from tests.journeys.steps import settle

pytestmark = [pytest.mark.browser, pytest.mark.slow]
TABLET = {"width": 1024, "height": 768}
WEST, SOUTH, STEP = tiny_town.WEST, tiny_town.SOUTH, tiny_town.STEP


@pytest.fixture(scope="module")
def store(tmp_path_factory):
    database = tiny_town.build(tmp_path_factory.mktemp("touch"))
    database.dispose()
    return database.path


@pytest.fixture(scope="module")
def server(run_gridbeat, store):
    return run_gridbeat("--store", store)


@pytest.fixture
def opened(store):
    reads = steps.PlanStore(store)
    yield reads
    reads.close()


@pytest.fixture
def tablet(chromium):
    """A page that only fingers touch; script errors fail the test."""
    context = chromium.new_context(locale="en-US", viewport=TABLET, has_touch=True, is_mobile=True)
    context.set_default_timeout(30_000)
    page, faults = context.new_page(), []
    page.on("pageerror", lambda error: faults.append(str(error)))
    yield page
    context.close()
    assert faults == []


class Finger:
    """One finger on the glass, by the browser's own protocol."""

    def __init__(self, page):
        self.page = page
        self.session = page.context.new_cdp_session(page)

    def _send(self, kind, *places):
        points = [{"x": x, "y": y} for x, y in places]
        self.session.send("Input.dispatchTouchEvent", {"type": kind, "touchPoints": points})

    def tap(self, place):
        self.page.touchscreen.tap(*place)

    def down(self, place):
        self._send("touchStart", place)

    def move(self, start, end, steps=8):
        for k in range(1, steps + 1):
            part = k / steps
            at = tuple(a + (b - a) * part for a, b in zip(start, end, strict=True))
            self._send("touchMove", at)

    def up(self):
        self._send("touchEnd")


def tap_tool(page, name):
    page.locator(f".gb-tool[data-tool={name}]").tap()
    steps.wait(page, f"e.mode === '{name}'")


def cell(page, column, across=0.5, up=0.5):
    return steps.where(page, WEST + (column + across) * STEP, SOUTH + up * STEP)


def test_a_border_is_dragged_and_a_grid_cut_by_fingers(tablet, server, opened):
    page, finger = tablet, Finger(tablet)
    plan_id = steps.begin(page, server, "By hand")
    before = opened(plan_id)
    page.locator(".gb-map").scroll_into_view_if_needed()
    finger.tap(cell(page, 0, 0.5, 0.75))
    page.wait_for_selector(".gb-map[data-selected=A1]")
    settle(page)

    tap_tool(page, "move")
    steps.wait(page, "e.middles > 0")
    start = cell(page, 1, 0, 0.5)
    end = (start[0] + 40, start[1])
    finger.down(start)
    steps.wait(page, "e.isBusy")
    finger.move(start, end)
    expect(page.locator(".gb-tool-figure")).to_have_count(2)
    finger.up()
    steps.edits_are(page, 1, 1)
    was, now = steps.areas(before), steps.areas(opened(plan_id))
    assert now["A1"] > was["A1"]
    assert now["A2"] < was["A2"]
    assert sum(now.values()) == pytest.approx(sum(was.values()), rel=1e-12)

    tap_tool(page, "split")
    for n, up in enumerate((-0.2, 1.2), start=1):
        finger.tap(cell(page, 3, 0.4, up))
        steps.wait(page, f"e.points === {n}")
    page.locator(".gb-tool[data-tool=finish]").tap()
    steps.edits_are(page, 2, 2)
    split = opened(plan_id)
    assert len(split.tiling.codes) == 5
    assert shapely.coverage_is_valid(split.tiling.shapes)
    assert sum(steps.areas(split).values()) == pytest.approx(sum(was.values()), rel=1e-12)

    page.locator(".gb-tool[data-tool=undo]").tap()
    steps.edits_are(page, 1, 2)
    assert steps.areas(opened(plan_id)) == now


def test_a_finger_that_moves_on_moves_the_map_and_no_border(tablet, server, opened):
    page, finger = tablet, Finger(tablet)
    plan_id = steps.begin(page, server, "Only looking")
    page.locator(".gb-map").scroll_into_view_if_needed()
    finger.tap(cell(page, 0, 0.5, 0.75))
    page.wait_for_selector(".gb-map[data-selected=A1]")
    settle(page)
    tap_tool(page, "move")
    steps.wait(page, "e.middles > 0")
    before = page.get_attribute(".gb-map", "data-bounds")
    start = cell(page, 1, 0, 0.5)
    finger.down(start)
    finger.move(start, (start[0] + 80, start[1]))
    finger.up()
    page.wait_for_function(
        "was => document.querySelector('.gb-map').dataset.bounds !== was", arg=before
    )
    steps.wait(page, "!e.isBusy && !e.isPending")
    settle(page)
    assert opened(plan_id).plan.log_head == 0
