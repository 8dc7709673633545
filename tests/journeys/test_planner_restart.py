"""A server dies under a planner and is started again: the plan stands, nothing is sent twice."""

import pytest

from tests.dashboard import tiny_town
from tests.journeys import planner_steps as steps
from tests.journeys.served import Served
from tests.journeys.steps import settle

pytestmark = [pytest.mark.browser, pytest.mark.slow]
WEST, SOUTH, STEP = tiny_town.WEST, tiny_town.SOUTH, tiny_town.STEP
BACK_MS = 90_000  # a new server reads every package before the page heals


@pytest.fixture
def served(tmp_path):
    database = tiny_town.build(tmp_path)
    database.dispose()
    server = Served(database.path, tmp_path / "server.log")
    yield server
    if server.process.poll() is None:
        server.kill()


@pytest.fixture
def opened(served):
    reads = steps.PlanStore(served.store)
    yield reads
    reads.close()


def cell(column, across=0.5, up=0.5):
    return WEST + (column + across) * STEP, SOUTH + up * STEP


def is_connected(page, state):
    selector = f'[data-testid="stApp"]{state}'
    page.wait_for_selector(selector, state="attached", timeout=BACK_MS)


def restart(page, served):
    """Kill the server, see that the page notices, start it again, and wait until it heals."""
    served.kill()
    is_connected(page, ':not([data-test-connection-state="CONNECTED"])')
    served.start()
    is_connected(page, '[data-test-connection-state="CONNECTED"]')
    settle(page)


def test_a_restart_loses_nothing_and_sends_nothing_twice(chromium_page, served, opened):
    page = chromium_page(served.url)
    plan_id = steps.begin(page, served.url, "Through the night")
    steps.select_at(page, "A1", *cell(0, 0.5, 0.75))
    steps.tool(page, "move")
    steps.wait(page, "e.middles > 0")
    steps.drag(page, cell(1, 0, 0.5), cell(1, 0.2, 0.5))
    steps.edits_are(page, 1, 1)
    kept = opened(plan_id)

    steps.tool(page, "split")
    page.mouse.click(*steps.where(page, *cell(3, 0.4, -0.2)))
    steps.wait(page, "e.points === 1")
    restart(page, served)
    steps.wait(page, "e.points === 1 && e.mode === 'split'")
    steps.edits_are(page, 1, 1)
    assert steps.is_same(opened(plan_id), kept)
    assert opened.kinds(plan_id) == ["move_vertices"]

    page.mouse.click(*steps.where(page, *cell(3, 0.4, 1.2)))
    steps.wait(page, "e.points === 2")
    page.keyboard.press("Enter")
    steps.edits_are(page, 2, 2)
    assert opened.kinds(plan_id) == ["move_vertices", "split"]
    assert opened.asides(plan_id) == ()

    restart(page, served)
    page.reload()
    steps.wait_for_plan(page)
    steps.edits_are(page, 2, 2)
    page.locator(".gb-tool[data-tool=undo]").click()
    steps.edits_are(page, 1, 2)
    assert steps.is_same(opened(plan_id), kept)


def test_what_is_drawn_while_the_server_is_away_waits(chromium_page, served, opened):
    page = chromium_page(served.url)
    plan_id = steps.begin(page, served.url, "Cut off")
    steps.tool(page, "split")
    for n, up in enumerate((-0.2, 1.2), start=1):
        page.mouse.click(*steps.where(page, *cell(3, 0.4, up)))
        steps.wait(page, f"e.points === {n}")
    served.kill()
    is_connected(page, ':not([data-test-connection-state="CONNECTED"])')
    page.locator(".gb-pane").press("Enter")
    steps.wait(page, "e.points === 0")
    served.start()
    is_connected(page, '[data-test-connection-state="CONNECTED"]')
    # it went into the void: it is kept on the map, to be sent again
    steps.wait(page, "!e.isPending && e.refused !== ''", timeout=BACK_MS)
    assert opened.kinds(plan_id) == []
    settle(page)
    page.locator(".gb-tool[data-tool=again]").click()
    steps.wait(page, "e.points === 2")
    page.locator(".gb-pane").press("Enter")
    steps.edits_are(page, 1, 1)
    assert opened.kinds(plan_id) == ["split"]
    assert opened.asides(plan_id) == ()
