"""A planner begins a plan, drags, splits, merges, undoes, reloads; a second one is quicker.

What the screen says is held against the store afterwards.
"""

import re

import pytest
from playwright.sync_api import expect

from tests.dashboard import tiny_town
from tests.journeys import planner_steps as steps
from tests.journeys.planner_steps import areas, edits_are, tool, wait, where
from tests.journeys.steps import settle

pytestmark = [pytest.mark.browser, pytest.mark.slow]
WEST, SOUTH, STEP = tiny_town.WEST, tiny_town.SOUTH, tiny_town.STEP


@pytest.fixture(scope="module")
def store(tmp_path_factory):
    database = tiny_town.build(tmp_path_factory.mktemp("planner"))
    database.dispose()
    return database.path


@pytest.fixture(scope="module")
def server(run_gridbeat, store):
    return run_gridbeat("--store", store)


@pytest.fixture
def opened(store):
    """Read a plan from the store."""
    reads = steps.PlanStore(store)
    yield reads
    reads.close()


def begin(open_page, server, name):
    """Begin a plan by the form; give the page and the number of the plan."""
    page = open_page(server, "/plan", locale="en-US")
    return page, steps.begin(page, server, name)


def cell(page, column, across=0.5, up=0.5):
    return where(page, WEST + (column + across) * STEP, SOUTH + up * STEP)


def take_border(page, code, column):
    """Select a grid and take up the tool that moves its borders."""
    steps.select_at(page, code, WEST + (column + 0.5) * STEP, SOUTH + 0.75 * STEP)
    tool(page, "move")
    wait(page, "e.middles > 0")


def drag_border(page, column, by_px):
    """Bend the border to the east of a grid."""
    x, y = cell(page, column + 1, 0, 0.5)
    page.mouse.move(x, y)
    page.mouse.down()
    for k in range(1, 7):
        page.mouse.move(x + by_px * k / 6, y)
    page.mouse.up()


def test_a_plan_is_drawn_undone_and_found_again_after_a_reload(open_page, server, opened):
    page, plan_id = begin(open_page, server, "Spring plan")
    before = areas(opened(plan_id))
    take_border(page, "A1", 0)
    drag_border(page, 0, 40)
    edits_are(page, 1, 1)
    bent = areas(opened(plan_id))
    assert bent["A1"] > before["A1"]
    assert bent["A2"] < before["A2"]
    assert sum(bent.values()) == pytest.approx(sum(before.values()), rel=1e-12)
    expect(page.locator(".st-key-plan_touched")).to_contain_text("A2")

    tool(page, "split")
    for up in (-0.2, 1.2):
        page.mouse.click(*cell(page, 3, 0.4, up))
    page.keyboard.press("Enter")
    edits_are(page, 2, 2)
    split = opened(plan_id)
    assert len(split.tiling.codes) == 5
    assert "B2" in split.tiling
    assert sum(areas(split).values()) == pytest.approx(sum(before.values()), rel=1e-12)

    page.get_by_text("Without a mouse").click()
    box = page.get_by_label("Grids to merge")
    expect(box).to_be_visible()
    settle(page)
    for code in ("A1", "A2"):
        if page.locator(".st-key-plan_forms").get_by_text(re.compile(f"· {code}$")).count() == 0:
            box.click()
            box.fill(code)
            page.get_by_role("option", name=re.compile(f"· {code}$")).click()
            settle(page)
    page.keyboard.press("Escape")
    page.get_by_role("button", name="Do it").click()
    edits_are(page, 3, 3)
    assert len(opened(plan_id).tiling.codes) == 4

    page.locator(".st-key-plan_undo button").click()
    edits_are(page, 2, 3)
    after = opened(plan_id)
    assert steps.is_same(after, split)

    page.reload()
    wait(page, "e.rev !== ''")
    edits_are(page, 2, 3)
    page.locator(".gb-tool[data-tool=redo]").click()
    edits_are(page, 3, 3)
    assert len(opened(plan_id).tiling.codes) == 4


def test_a_line_that_misses_is_refused_in_one_sentence_and_kept(open_page, server, opened):
    page, plan_id = begin(open_page, server, "Missed")
    tool(page, "split")
    for across in (0.3, 0.6):
        page.mouse.click(*cell(page, 0, across, 0.5))
    page.keyboard.press("Enter")
    wait(page, "!e.isPending && e.refused !== ''")
    expect(page.get_by_role("button", name="Try again")).to_be_visible()
    expect(page.locator(".st-key-plan_asides")).to_contain_text("Split")
    (aside,) = opened.asides(plan_id)
    assert aside.edit["kind"] == "split"
    page.reload()
    wait(page, "e.rev !== ''")
    page.get_by_role("button", name="Dismiss").click()
    expect(page.locator(".st-key-plan_asides")).to_have_count(0)
    assert opened.asides(plan_id) == ()
    assert opened(plan_id).plan.head == 0


def test_a_second_planner_was_quicker_and_neither_drawing_is_lost(open_page, server, opened):
    page, plan_id = begin(open_page, server, "Two hands")
    take_border(page, "A1", 0)
    second = open_page(server, f"/plan?plan={plan_id}", locale="en-US")
    wait(second, "e.rev !== ''")
    tool(second, "lock")
    second.mouse.click(*cell(second, 3, 0.5, 0.5))
    edits_are(second, 1, 1)

    drag_border(page, 0, 40)
    conflict = page.locator(".st-key-plan_conflict")
    expect(conflict).to_contain_text("changed the plan first")
    expect(conflict).to_contain_text("B2")
    (aside,) = opened.asides(plan_id)
    assert opened.kinds(plan_id) == ["lock"]
    assert aside.reason == "plan_changed"

    settle(page)
    page.get_by_role("button", name="Take up again").click()
    edits_are(page, 2, 2)
    expect(conflict).to_have_count(0)
    assert opened.asides(plan_id) == ()
    assert opened.kinds(plan_id) == ["lock", "move_vertices"]
    assert opened(plan_id).tiling.locked == {"B2"}
