"""The edit mode in a real Chromium: drags, draws, keyboard and touch, and what the server hears."""

import json
import math
import re
from pathlib import Path

import pytest
from playwright.sync_api import expect

from tests.dashboard import plan_scene

pytestmark = pytest.mark.browser

HERE = Path(__file__).resolve().parent
WEST, SOUTH, STEP = plan_scene.WEST, plan_scene.SOUTH, plan_scene.STEP


@pytest.fixture(scope="module")
def server(serve_script):
    return serve_script(HERE / "plan_page.py")


@pytest.fixture
def plan(chromium_page, server):
    """Open the page with a query and wait until the map stands."""

    def open_plan(query="", **options):
        page = chromium_page(server, **options)
        page.goto(f"{server}/?{query}")
        page.wait_for_selector(".gb-map[data-ready=true]")
        wait(page, "e.rev !== ''")
        return page

    return open_plan


def editor(page):
    return json.loads(page.get_attribute(".gb-map", "data-editor"))


def wait(page, condition):
    """Wait until the edit mode says so: `e` is what it tells."""
    page.wait_for_function(
        """condition => {
            const told = document.querySelector(".gb-map")?.dataset.editor;
            return told !== undefined && new Function("e", `return ${condition}`)(JSON.parse(told));
        }""",
        arg=condition,
    )


def where(page, lon, lat):
    """The page position of a place, from what the map says of its view."""
    box = page.locator(".gb-pane").bounding_box()
    bounds = page.get_attribute(".gb-map", "data-bounds")
    west, south, east, north = map(float, bounds.split(","))

    def mercator(degrees):
        return math.log(math.tan(math.pi / 4 + math.radians(degrees) / 2))

    x = (lon - west) / (east - west) * box["width"]
    y = (mercator(north) - mercator(lat)) / (mercator(north) - mercator(south)) * box["height"]
    return box["x"] + x, box["y"] + y


def cell(page, column, row, across=0.5, up=0.5):
    return where(page, WEST + (column + across) * STEP, SOUTH + (row + up) * STEP)


def tool(page, name):
    page.locator(f".gb-tool[data-tool={name}]").click()
    expect(page.locator(f".gb-tool[data-tool={name}]")).to_have_attribute("aria-pressed", "true")
    wait(page, f"e.mode === '{name}'")


def select(page, column, row):
    page.mouse.click(*cell(page, column, row, 0.5, 0.75))
    page.wait_for_selector(f".gb-map[data-selected=G{row:02d}{column:02d}]")


def drag(page, start, end, steps=8, *, is_dropped=True):
    page.mouse.move(*start)
    page.mouse.down()
    for k in range(1, steps + 1):
        t = k / steps
        page.mouse.move(start[0] + t * (end[0] - start[0]), start[1] + t * (end[1] - start[1]))
    if is_dropped:
        page.mouse.up()


def text(page, name):
    """A line of the page's own report."""
    return page.get_by_text(re.compile(f"^{name}"))


def answered(page, seq, refused="None"):
    expect(text(page, "answered=")).to_have_text(f"answered={seq} refused={refused}")
    wait(page, f"e.seq === {seq} && !e.isPending")


def said(page):
    """The edit that the server made of the last drawing (after `answered`)."""
    return json.loads(text(page, "said=").inner_text().removeprefix("said="))


def area(page):
    return float(text(page, "selected=").inner_text().split("area=")[1])


def test_a_dragged_vertex_takes_all_neighbours_along_and_nothing_is_sent_before_the_end(plan):
    page = plan()
    before, rev = area(page), editor(page)["rev"]
    select(page, 2, 1)
    tool(page, "move")
    wait(page, "e.handles === 16")
    base = plan_scene.corner(3, 2)
    start = where(page, *base)
    drag(page, start, (start[0] + 15, start[1] + 22), is_dropped=False)
    wait(page, "e.isBusy && e.figures.length === 4")
    figures = editor(page)["figures"]
    assert sum(one["change_m2"] for one in figures) == pytest.approx(0, abs=0.01)
    assert max(abs(one["change_m2"]) for one in figures) > 1000
    assert sum(one["changes"][0] for one in figures) == 0
    expect(page.locator(".gb-tool-figure")).to_have_count(4)
    expect(page.locator(".gb-tool-figures")).to_contain_text("km²")
    expect(text(page, "answered=")).to_have_text("answered=0 refused=None")
    page.mouse.up()
    answered(page, 1)
    edit = said(page)
    ((was, goes),) = edit["moves"]
    assert edit["kind"] == "move_vertices"
    assert tuple(was) == base  # bit for bit
    assert goes != was
    assert editor(page)["rev"] != rev
    assert area(page) == pytest.approx(before, rel=1e-12)
    # the next drag of the same vertex starts where this one ended
    start = where(page, *goes)
    drag(page, start, (start[0] - 9, start[1] - 4))
    answered(page, 2)
    assert said(page)["moves"][0][0] == goes


def test_a_refused_drag_snaps_back_and_stays_as_a_ghost_to_try_again(plan):
    page = plan("refuse=1")
    select(page, 2, 1)
    tool(page, "move")
    rev = editor(page)["rev"]
    base = plan_scene.corner(3, 2)
    start = where(page, *base)
    drag(page, start, (start[0] + 12, start[1] + 18))
    answered(page, 1, "No: the house says no.")
    expect(page.get_by_role("alert")).to_contain_text("No: the house says no.")
    assert editor(page)["rev"] == rev
    first = said(page)
    page.get_by_role("button", name="Try again").click()
    wait(page, "e.isBusy && e.refused === ''")
    page.keyboard.press("ArrowLeft")
    page.keyboard.press("Enter")
    answered(page, 2)
    again = said(page)
    assert again["moves"][0][0] == first["moves"][0][0]
    assert again["moves"][0][1] != first["moves"][0][1]
    assert editor(page)["rev"] != rev
    expect(page.get_by_role("alert")).to_have_count(0)


def test_a_refused_drawing_can_be_thrown_away(plan):
    page = plan("refuse=1")
    tool(page, "split")
    for across, up in ((0.5, -0.3), (0.5, 1.3)):
        page.mouse.click(*cell(page, 1, 1, across, up))
    page.keyboard.press("Enter")
    answered(page, 1, "No: the house says no.")
    page.locator(".gb-pane").focus()
    page.keyboard.press("Escape")
    wait(page, "e.refused === ''")
    expect(page.get_by_role("button", name="Try again")).to_have_count(0)


def test_a_small_handle_between_two_vertices_bends_the_border(plan):
    page = plan()
    select(page, 2, 1)
    tool(page, "move")
    page.mouse.move(*cell(page, 3, 1, 0, 0.5))
    for _ in range(4):
        page.mouse.wheel(0, -300)
        page.wait_for_timeout(350)
    wait(page, "e.middles > 0 && e.handles > 0")
    ends = plan_scene.side(plan_scene.corner(3, 1), plan_scene.corner(3, 2), plan_scene.SIDE)
    (x1, y1), (x2, y2) = ends[2], ends[3]
    start = where(page, (x1 + x2) / 2, (y1 + y2) / 2)
    drag(page, start, (start[0] + 30, start[1] + 3))
    answered(page, 1)
    edit = said(page)
    assert edit["moves"] == []
    ((a, b, new),) = edit["bends"]
    assert {tuple(a), tuple(b)} == {(x1, y1), (x2, y2)}
    assert new[0] > (x1 + x2) / 2 + 2e-5
    expect(text(page, "selected=")).to_contain_text("grids=24")


def test_the_outer_edge_moves_only_when_that_is_said(plan):
    page = plan()
    select(page, 0, 1)
    tool(page, "move")
    base = plan_scene.corner(0, 1)
    start = where(page, *base)
    drag(page, start, (start[0] + 20, start[1]))
    expect(page.locator(".gb-tool-hint")).to_contain_text("outer edge")
    expect(text(page, "answered=")).to_have_text("answered=0 refused=None")
    page.get_by_role("button", name="Outer edge too").click()
    wait(page, "e.isOuterFree")
    start = where(page, *base)
    before = area(page)
    drag(page, start, (start[0] + 20, start[1]))
    answered(page, 1)
    assert said(page)["outer"] is True
    assert area(page) < before


def test_a_vertex_snaps_to_a_street(plan):
    page = plan()
    select(page, 2, 1)
    tool(page, "move")
    ends = plan_scene.side(plan_scene.corner(3, 1), plan_scene.corner(3, 2), plan_scene.SIDE)
    start = where(page, *ends[2])
    lon = ends[2][0] + 0.0002
    street = plan_scene.streets()[1]
    (x1, y1), (x2, y2) = street.coords
    lat = y1 + (lon - x1) / (x2 - x1) * (y2 - y1)
    end = where(page, lon, lat)
    drag(page, start, (end[0], end[1] + 4))
    answered(page, 1)
    x, y = said(page)["moves"][0][1]
    assert y == pytest.approx(
        y1 + (x - x1) / (x2 - x1) * (y2 - y1), abs=1e-9
    )  # streets travel as float32


def test_a_border_is_redrawn_along_clicks(plan):
    page = plan()
    before = area(page)
    tool(page, "border")
    low, high = plan_scene.corner(3, 1), plan_scene.corner(3, 2)
    page.mouse.click(*where(page, *low))
    page.mouse.click(*cell(page, 3, 1, 0.3, 0.4))
    page.mouse.click(*cell(page, 3, 1, 0.25, 0.7))
    wait(page, "e.points === 3")
    page.mouse.dblclick(*where(page, *high))
    answered(page, 1)
    edit = said(page)
    assert edit["kind"] == "redraw_border"
    assert {edit["a"], edit["b"]} == {"G0102", "G0103"}
    assert (tuple(edit["line"][0]), tuple(edit["line"][-1])) == (low, high)
    assert area(page) == pytest.approx(before, rel=1e-12)


def test_a_line_that_meets_no_border_is_kept_and_explained(plan):
    page = plan()
    tool(page, "border")
    page.mouse.click(*cell(page, 2, 1, 0.5, 0.3))
    page.mouse.click(*cell(page, 2, 1, 0.6, 0.8))
    page.get_by_role("button", name="Finish").click()
    expect(page.get_by_role("alert")).to_contain_text("border of two neighbours")
    expect(text(page, "answered=")).to_have_text("answered=0 refused=None")
    page.get_by_role("button", name="Try again").click()
    wait(page, "e.points === 2")


def test_a_lasso_goes_to_the_neighbour_it_reaches(plan):
    page = plan()
    before = area(page)
    select(page, 2, 1)
    tool(page, "transfer")
    ring = [(0.7, 0.2), (1.3, 0.2), (1.3, 0.6), (0.7, 0.6), (0.7, 0.25)]
    page.mouse.move(*cell(page, 2, 1, *ring[0]))
    page.mouse.down()
    for across, up in ring[1:]:
        page.mouse.move(*cell(page, 2, 1, across, up), steps=6)
    page.mouse.up()
    wait(page, "e.taker === 'G0103'")
    page.keyboard.press("Tab")
    wait(page, "e.taker !== 'G0103'")
    page.keyboard.press("Shift+Tab")
    wait(page, "e.taker === 'G0103'")
    page.keyboard.press("Enter")
    answered(page, 1)
    edit = said(page)
    assert (edit["kind"], edit["giver"], edit["taker"]) == ("transfer", "G0102", "G0103")
    assert area(page) == pytest.approx(before, rel=1e-12)


def test_compounds_are_picked_and_given_away(plan):
    page = plan("pieces=1")
    select(page, 2, 1)
    tool(page, "transfer")
    page.mouse.click(*cell(page, 2, 1, 0.8, 0.5))
    wait(page, "e.pieces.length === 1 && e.pieces[0] === 'C0102'")
    page.keyboard.press("Enter")
    wait(page, "e.taker !== ''")
    page.mouse.click(*cell(page, 3, 1, 0.6, 0.9))
    answered(page, 1)
    edit = said(page)
    assert (edit["giver"], edit["taker"]) == ("G0102", "G0103")
    drawn = [tuple(place) for place in edit["piece"][0][0]]
    codes, shapes = plan_scene.compounds()
    assert drawn == list(shapes[codes.index("C0102")].exterior.coords)


def test_splitting_merging_undo_and_redo_by_keyboard_alone(plan):
    page = plan()
    pane = page.locator(".gb-pane")
    pane.focus()
    page.keyboard.press("5")
    wait(page, "e.mode === 'split'")
    x, y = cell(page, 2, 1, 0.5, 1.3)
    box = pane.bounding_box()
    steer(page, x - box["x"], y - box["y"])
    page.keyboard.press("Space")
    wait(page, "e.points === 1")
    _, below = cell(page, 2, 1, 0.5, -0.3)
    steer(page, x - box["x"], below - box["y"])
    page.keyboard.press("Space")
    wait(page, "e.points === 2")
    page.keyboard.press("Enter")
    answered(page, 1)
    assert said(page)["code"] == "G0102"
    expect(text(page, "selected=")).to_contain_text("grids=25")
    page.keyboard.press("Control+z")
    answered(page, 2)
    expect(text(page, "selected=")).to_contain_text("grids=24")
    page.keyboard.press("Control+Shift+z")
    answered(page, 3)
    expect(text(page, "selected=")).to_contain_text("grids=25")
    page.keyboard.press("6")
    wait(page, "e.mode === 'merge'")
    for column in (3, 4):
        x, y = cell(page, column, 2, 0.5, 0.7)
        steer(page, x - box["x"], y - box["y"])
        page.keyboard.press("Space")
    wait(page, "e.picked.length === 2")
    page.keyboard.press("Enter")
    answered(page, 4)
    assert said(page)["codes"] == ["G0203", "G0204"]
    assert said(page)["into"] == "G0203"
    expect(text(page, "selected=")).to_contain_text("grids=24")


def steer(page, x, y):
    """Bring the keyboard's cross within a few pixels of a place of the pane."""
    page.keyboard.press("ArrowRight")
    wait(page, "e.cursor !== null")  # the map tells it with its next frame
    for axis, to, less, more in (("x", x, "Left", "Right"), ("y", y, "Up", "Down")):
        for _ in range(80):
            away = to - editor(page)["cursor"][axis]
            if abs(away) <= 5:
                break
            before = editor(page)["cursor"][axis]
            far = "Shift+" if abs(away) > 42 else ""
            page.keyboard.press(f"{far}Arrow{more if away > 0 else less}")
            wait(page, f"e.cursor.{axis} !== {before}")


def test_a_vertex_is_moved_by_keys(plan):
    page = plan()
    select(page, 2, 1)
    page.locator(".gb-pane").focus()
    page.keyboard.press("2")
    wait(page, "e.mode === 'move'")
    page.keyboard.press("Tab")
    wait(page, "e.active !== null")
    first = editor(page)["active"]
    page.keyboard.press("Tab")
    page.wait_for_function(
        "was => document.querySelector('.gb-map').dataset.editor.indexOf(was) < 0",
        arg=json.dumps(first, separators=(",", ":")),
    )
    base = editor(page)["active"]
    page.keyboard.press("Shift+ArrowRight")
    page.keyboard.press("ArrowDown")
    wait(page, "e.isBusy")
    page.keyboard.press("Escape")
    wait(page, f"!e.isBusy && e.active[0] === {base[0]!r}")
    page.keyboard.press("Shift+ArrowRight")
    wait(page, "e.isBusy")
    page.keyboard.press("Enter")
    answered(page, 1)
    ((was, goes),) = said(page)["moves"]
    assert was == base
    assert goes[0] > was[0]
    assert goes[1] == pytest.approx(was[1], abs=1e-9)
    # past the last handle the focus goes on: the map is no trap
    for _ in range(20):
        page.keyboard.press("Tab")
    expect(page.locator(".gb-pane")).not_to_be_focused()


def test_a_locked_grid_is_left_alone(plan):
    page = plan()
    tool(page, "lock")
    page.mouse.click(*cell(page, 3, 1, 0.5, 0.8))
    answered(page, 1)
    expect(text(page, "locked=")).to_have_text("locked=G0103")
    tool(page, "select")
    select(page, 2, 1)
    tool(page, "move")
    start = where(page, *plan_scene.corner(3, 2))
    drag(page, start, (start[0] + 12, start[1] + 18))
    expect(page.locator(".gb-tool-hint")).to_contain_text("locked grid")
    expect(text(page, "answered=")).to_have_text("answered=1 refused=None")
    tool(page, "lock")
    page.mouse.click(*cell(page, 3, 1, 0.5, 0.8))
    answered(page, 2)
    expect(text(page, "locked=")).to_have_text("locked=")


def test_two_quick_edits_wait_for_one_another(plan):
    page = plan("slow=1")
    select(page, 2, 1)
    tool(page, "move")
    for column, row in ((3, 2), (2, 1)):
        start = where(page, *plan_scene.corner(column, row))
        drag(page, start, (start[0] + 8, start[1] + 9), steps=3)
    wait(page, "e.waiting === 1")
    answered(page, 2)
    assert tuple(said(page)["moves"][0][0]) == plan_scene.corner(2, 1)


def test_a_rerun_keeps_view_tool_and_unfinished_line(plan):
    page = plan()
    tool(page, "split")
    page.mouse.click(*cell(page, 2, 1, 0.5, -0.3))
    wait(page, "e.points === 1")
    bounds = page.get_attribute(".gb-map", "data-bounds")
    page.get_by_role("button", name="again").click()
    page.wait_for_timeout(400)
    now = editor(page)
    assert (now["mode"], now["points"]) == ("split", 1)
    assert page.get_attribute(".gb-map", "data-bounds") == bounds


def test_a_finger_that_rests_takes_hold_of_a_vertex(chromium, server):
    context = chromium.new_context(has_touch=True, viewport={"width": 900, "height": 1000})
    page = context.new_page()
    page.goto(f"{server}/")
    page.wait_for_selector(".gb-map[data-ready=true]")
    page.touchscreen.tap(*cell(page, 2, 1, 0.5, 0.75))
    page.wait_for_selector(".gb-map[data-selected=G0102]")
    page.locator(".gb-tool[data-tool=move]").tap()
    wait(page, "e.mode === 'move'")
    fingers = context.new_cdp_session(page)
    x, y = where(page, *plan_scene.corner(3, 2))

    def touch(kind, *points):
        told = [{"x": x, "y": y} for x, y in points]
        fingers.send("Input.dispatchTouchEvent", {"type": kind, "touchPoints": told})

    bounds = page.get_attribute(".gb-map", "data-bounds")
    touch("touchStart", (x + 6, y + 5))
    wait(page, "e.isBusy")
    for k in range(1, 7):
        touch("touchMove", (x + 6 + 3 * k, y + 5 + 3 * k))
    touch("touchEnd")
    answered(page, 1)
    assert tuple(said(page)["moves"][0][0]) == plan_scene.corner(3, 2)
    assert page.get_attribute(".gb-map", "data-bounds") == bounds
    # a finger that moves at once moves the map
    touch("touchStart", (x, y))
    for k in range(1, 9):
        touch("touchMove", (x + 12 * k, y))
    touch("touchEnd")
    page.wait_for_function(
        "b => document.querySelector('.gb-map').dataset.bounds !== b", arg=bounds
    )
    expect(text(page, "answered=")).to_have_text("answered=1 refused=None")
    context.close()


FRAMES = """async ([x, y]) => {
    const pane = document.querySelector(".gb-pane");
    const own = window.requestAnimationFrame.bind(window);
    let drawn = 0;
    window.requestAnimationFrame = (draw) => own((time) => {
        const start = performance.now();
        draw(time);
        drawn += performance.now() - start;
    });
    const costs = [];
    for (let k = 0; k < 60; k += 1) {
        drawn = 0;
        const start = performance.now();
        pane.dispatchEvent(new PointerEvent("pointermove", {
            bubbles: true, pointerId: 1, isPrimary: true, pointerType: "mouse",
            clientX: x + 25 * Math.cos(k / 8), clientY: y + 25 * Math.sin(k / 8),
        }));
        const moved = performance.now() - start;
        await new Promise((done) => own(() => setTimeout(done)));
        costs.push(moved + drawn);
    }
    window.requestAnimationFrame = own;
    return costs.sort((a, b) => a - b);
}"""


def test_a_drag_among_600_grids_of_52_vertices_is_redrawn_within_a_frame(plan):
    page = plan("size=30x20&steps=13")
    select(page, 14, 9)
    tool(page, "move")
    x, y = where(page, *plan_scene.corner(15, 10))
    page.mouse.move(x, y)
    page.mouse.down()
    page.mouse.move(x + 6, y + 2)
    wait(page, "e.isBusy")
    costs = page.evaluate(FRAMES, [x, y])
    page.keyboard.press("Escape")
    page.mouse.up()
    assert costs[len(costs) // 2] < 16


def test_the_tools_speak_chinese(plan):
    page = plan("lang=zh", locale="zh-CN")
    expect(page.get_by_role("toolbar", name="网格编辑工具")).to_be_visible()
    tool(page, "move")
    expect(page.locator(".gb-tool-hint")).to_have_text("先选中一个网格。")
    select(page, 2, 1)
    start = where(page, *plan_scene.corner(3, 2))
    drag(page, start, (start[0] + 15, start[1] + 22), is_dropped=False)
    expect(page.locator(".gb-tool-figures")).to_contain_text("户数")
    page.mouse.up()
    answered(page, 1)
