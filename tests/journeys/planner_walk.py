"""The ten tasks of a planner, walked through on the sample town: one story, task after task.

`docs/take_planner_pictures.py` walks the same story to take its pictures: `shoot(name)` is called
where there is something to see.
"""

import io
import json
import re
import subprocess
from dataclasses import dataclass
from datetime import date

import openpyxl
import pytest
import shapely
from click.testing import CliRunner
from playwright.sync_api import expect

from dashboard.cli import gridbeat
from data.repositories.places import street_rows
from tests.journeys import planner_steps as steps
from tests.journeys.steps import choose, settle

COMMUNITY = "632801004"
LOWER, UPPER = f"{COMMUNITY}003004", f"{COMMUNITY}003006"
"""Two neighbours with a long straight border between them."""
CUT, STREET = f"{COMMUNITY}001002", "DL0010"
"""The grid with most to do, and a street that crosses it."""
SMALL = (f"{COMMUNITY}007005", f"{COMMUNITY}007006")
"""Two neighbours with the fewest households."""
BAND = (300, 500)
BY_M = 50
STOOD_ON, MONDAY = date(2023, 3, 5), date(2023, 3, 6)
"""The sample town stands on Friday 3 March 2023: the Sunday before publishing, and that Monday."""
SINCE, UNTIL = "2022-03-03", "2023-03-03"
"""The page's period when it is opened: the year that ends with the latest incident."""
APPROVER, PUBLISHER = "632801", "632802"


@dataclass
class Walk:
    """One planner at one page.

    Parameters
    ----------
    store
        Reads the store beside the page.
    address
        Address of the same store, for the command line.
    """

    page: object
    server: str
    store: steps.PlanStore
    address: str
    words: object = steps.EN
    shoot: object = staticmethod(lambda _name: None)
    plan: int = 0
    head: int = 0

    def command(self, *arguments):
        """What the command line says of the same store."""
        line = [*map(str, arguments), "--json", "--store", str(self.address)]
        told = CliRunner().invoke(gridbeat, line, standalone_mode=False)
        assert told.exception is None, told.exception
        return json.loads(told.stdout)

    def figures(self):
        """The figures of the plan over the page's period, from the command line."""
        return self.command("plan", "figures", self.plan, "--from", SINCE, "--to", UNTIL)

    def figures_of(self, code):
        return next(row for row in self.figures()["grids"] if row["code"] == code)

    def view(self, name):
        """Go to another view of the plan."""
        chosen = self.page.locator(".st-key-plan_view").get_by_text(
            self.words(f"planner.view_{name}"), exact=True
        )
        chosen.click()
        settle(self.page)

    def edited(self, *, of=None):
        """One more edit is in force, on the page and in the store."""
        self.head += 1
        steps.edits_are(self.page, self.head, of or self.head, words=self.words)
        return self.store(self.plan)

    def cells(self, about, text):
        """Cells with just this text in the table that lists something."""
        named = self.page.locator(f'[aria-label$="{self.words(about)}"]')
        table = self.page.get_by_test_id("stDataFrame").filter(has=named)
        return table.locator("td").filter(has_text=re.compile(f"^{re.escape(text)}$"))


def list_faults(walk, name):
    """Task 1: open the present grids; gaps, overlaps, slivers, parts are listed."""
    walk.plan = steps.begin(walk.page, walk.server, name, words=walk.words)
    walk.head = 0
    walk.view("check")
    told = walk.command("plan", "check", walk.plan)
    assert told["valid_coverage"]
    assert told["new"] == []
    remarks = len(told["to_settle"]) + sum(told["faults"].values()) + len(told["bands"])
    expect(
        walk.page.get_by_text(walk.words("plan_check.publishable", new=0, old=remarks))
    ).to_be_visible()
    walk.shoot("1_faults")
    walk.view("edit")
    steps.wait_for_plan(walk.page)


def move_border(walk):
    """Tasks 2 and 4: a shared border moves 50 m; both grids follow, and their figures live."""
    page, before = walk.page, walk.store(walk.plan)
    line = steps.shared_line(before.tiling, LOWER, UPPER)
    start, end = steps.bend_of(line, BY_M)
    steps.zoom_to(page, *start, 2600)
    inside = before.tiling.shape(LOWER).representative_point()
    steps.select_at(page, LOWER, inside.x, inside.y)
    steps.tool(page, "move")
    steps.wait(page, "e.middles > 0")
    (x, y), (to_x, to_y) = steps.where(page, *start), steps.where(page, *end)
    page.mouse.move(x, y)
    page.mouse.down()
    page.mouse.move(to_x, to_y, steps=10)
    expect(page.locator(".gb-tool-figure")).to_have_count(2)
    expect(page.locator(".gb-tool-figures")).to_contain_text("km²")
    walk.shoot("2_drag")
    page.mouse.up()
    after = walk.edited()
    was, now = steps.areas(before), steps.areas(after)
    assert {code for code in was if was[code] != now[code]} == {LOWER, UPPER}
    assert sum(now.values()) == pytest.approx(sum(was.values()), rel=1e-12)
    border = steps.shared_line(after.tiling, LOWER, UPPER)
    assert border.distance(shapely.Point(end)) < 4 * steps.METRE_DEG
    moved = shapely.Point(start).distance(border) / steps.METRE_DEG
    assert 0.4 * BY_M < moved <= BY_M + 4
    assert shapely.coverage_is_valid(after.tiling.shapes)
    return before


def read_figures(walk):
    """Tasks 4 and 5: households, deviation from the mean, compactness, parts, as the store has."""
    page, words = walk.page, walk.words
    touched = page.locator(".st-key-plan_touched")
    for code in (LOWER, UPPER):
        found = walk.figures_of(code)
        expect(touched).to_contain_text(found["name"])
        expect(touched).to_contain_text(f"{found['polsby_popper']:.2f}")
        expect(touched).to_contain_text(f"{round(found['households'])}")
        sign = "+" if found["load_deviation"] > 0 else "−"
        expect(touched).to_contain_text(f"{sign}{abs(found['load_deviation']):.1%}")
        assert found["parts"] == 1
    load = next(row for row in walk.figures()["balances"] if row["measure"] == "load")
    tile = page.locator(".st-key-plan_balances [data-testid=stMetric]")
    expect(tile.filter(has_text=words("plan_balance.load"))).to_contain_text(
        f"±{load['max_deviation']:.1%}"
    )
    walk.shoot("4_figures")


def split_along_street(walk):
    """Task 3: an overloaded grid is split along a street that crosses it."""
    page, before = walk.page, walk.store(walk.plan)
    shape = before.tiling.shape(CUT)
    with walk.store.database.read() as session:
        street = next(row.geom for row in street_rows(session) if row.external_id == STREET)
    inside = shapely.line_merge(shapely.intersection(street, shape))
    steps.see_all(page, before.tiling)
    middle = shape.representative_point()
    steps.zoom_to(page, middle.x, middle.y, 3000)
    steps.select_at(page, CUT, middle.x, middle.y)
    steps.tool(page, "split")
    places = shapely.get_coordinates(inside).tolist()
    for place in places:
        page.mouse.click(*steps.where(page, *place))
    steps.wait(page, f"e.points === {len(places)}")
    walk.shoot("3_split")
    page.keyboard.press("Enter")
    after = walk.edited()
    (new,) = set(after.tiling.codes) - set(before.tiling.codes)
    cut = steps.shared_line(after.tiling, CUT, new)
    assert cut.hausdorff_distance(inside) < 15 * steps.METRE_DEG
    assert shapely.intersection(cut, street.buffer(steps.METRE_DEG)).length > 0.9 * cut.length
    halves = [after.tiling.counts["households"][code] for code in (CUT, new)]
    assert sum(halves) == before.tiling.counts["households"][CUT]
    # every household lives in a building of the register: both halves are counted, not estimated
    assert not {("households", CUT), ("households", new)} & after.tiling.estimated
    return new


def merge_small(walk):
    """Task 3: two small neighbours become one."""
    page, before = walk.page, walk.store(walk.plan)
    steps.see_all(page, before.tiling)
    steps.tool(page, "merge")
    for code in SMALL:
        place = before.tiling.shape(code).representative_point()
        page.mouse.click(*steps.where(page, place.x, place.y))
    steps.wait(page, "e.picked.length === 2")
    page.keyboard.press("Enter")
    after = walk.edited()
    assert set(before.tiling.codes) - set(after.tiling.codes) == {SMALL[1]}
    households = before.tiling.counts["households"]
    assert after.tiling.counts["households"][SMALL[0]] == sum(households[code] for code in SMALL)
    return before


def undo_and_redo(walk, unsplit):
    """Task 3: both are undone, bit for bit, and done again."""
    page, whole = walk.page, walk.store(walk.plan)
    for back in (1, 2):
        page.locator(".gb-tool[data-tool=undo]").click()
        steps.edits_are(page, walk.head - back, walk.head, words=walk.words)
    assert steps.is_same(walk.store(walk.plan), unsplit)
    walk.shoot("3_undone")
    page.reload()
    steps.wait_for_plan(page)
    for back in (1, 0):
        page.locator(".gb-tool[data-tool=redo]").click()
        steps.edits_are(page, walk.head - back, walk.head, words=walk.words)
    assert steps.is_same(walk.store(walk.plan), whole)


def see_all_figures(walk):
    """Tasks 4 and 5: every grid with its band, load and compactness."""
    walk.view("figures")
    merged = walk.figures_of(SMALL[0])
    assert merged["households"] > BAND[1]
    assert merged["households_state"] == "over"
    table = walk.page.get_by_test_id("stDataFrame").first
    for text in (CUT, walk.words("plan_band_state.in"), f"{walk.figures_of(CUT)['area_m2']:.1f}"):
        expect(table.locator("td").filter(has_text=text).first).to_be_attached()
    expect(walk.page.get_by_text(walk.words("planner.compactness"))).to_be_attached()
    walk.shoot("5_compactness")
    walk.view("edit")
    steps.wait_for_plan(walk.page)


def compare_two(walk, name):
    """Task 6: plan B begins from plan A, and both are set side by side."""
    page, words, first = walk.page, walk.words, walk.plan
    second = steps.begin(
        page, walk.server, name, words=words, start=words("planner.start_plan", name="A")
    )
    steps.tool(page, "merge")
    tiling = walk.store(second).tiling
    for code in (f"{COMMUNITY}002001", f"{COMMUNITY}002003"):
        place = tiling.shape(code).representative_point()
        page.mouse.click(*steps.where(page, place.x, place.y))
    steps.wait(page, "e.picked.length === 2")
    page.keyboard.press("Enter")
    steps.edits_are(page, walk.head + 1, walk.head + 1, words=words)
    walk.plan = second
    walk.view("compare")
    choose(page, words("plan_compare.other"), "A")
    found = walk.command("plan", "compare", first, second)
    told = found["summary"]
    assert (told["before"], told["after"]) == (42, 41)
    sentence = words("impact.sentence", **{key: told[key] for key in (
        "adjusted", "added", "retired", "before", "after")})  # fmt: skip
    expect(page.get_by_text(sentence)).to_be_visible()
    expect(page.locator(".gb-map[data-ready=true]")).to_have_count(2)
    moved = next(row for row in found["moves"] if row["thing"] == "key_place")
    expect(walk.cells("plan_compare.affected", str(moved["grids"])).first).to_be_attached()
    still = {"residents", "households"}  # of no period
    still = [row for row in found["balances"]["to"] if row["measure"] in still]
    assert len(still) == 2
    for balance in still:
        worst = walk.cells("plan_compare.balances", f"{balance['max_deviation']:.1%}")
        expect(worst.first).to_be_attached()
    walk.shoot("6_compare")
    walk.plan = first
    return second


def two_planners(walk, colleague):
    """Task 10: a colleague edits the same plan meanwhile; both edits are shown and kept."""
    page, words = walk.page, walk.words
    page.goto(f"{walk.server}/plan?plan={walk.plan}")
    steps.wait_for_plan(page)
    tiling = walk.store(walk.plan).tiling
    colleague.goto(f"{walk.server}/plan?plan={walk.plan}")
    steps.wait_for_plan(colleague)
    steps.tool(colleague, "lock")
    place = tiling.shape(f"{COMMUNITY}006004").representative_point()
    colleague.mouse.click(*steps.where(colleague, place.x, place.y))
    steps.edits_are(colleague, walk.head + 1, walk.head + 1, words=words)

    steps.tool(page, "lock")
    place = tiling.shape(f"{COMMUNITY}004001").representative_point()
    page.mouse.click(*steps.where(page, place.x, place.y))
    conflict = page.locator(".st-key-plan_conflict")
    expect(conflict).to_contain_text(f"{COMMUNITY}006004")
    settle(page)
    (aside,) = walk.store.asides(walk.plan)
    assert aside.reason == "plan_changed"
    assert walk.store(walk.plan).tiling.locked == {f"{COMMUNITY}006004"}
    walk.shoot("10_conflict")
    page.get_by_role("button", name=words("planner.take_up")).click()
    steps.edits_are(page, walk.head + 2, walk.head + 2, words=words)
    expect(conflict).to_have_count(0)
    walk.head += 2
    assert walk.store(walk.plan).tiling.locked == {f"{COMMUNITY}006004", f"{COMMUNITY}004001"}


def print_impact(walk):
    """Task 7: who hands over what to whom, on screen, on paper and as a workbook."""
    page = walk.page
    walk.view("impact")
    told = walk.command("plan", "impact", walk.plan)
    button = page.locator(".st-key-plan_impact_pdf button")
    expect(button).to_be_visible()
    settle(page)
    expect(page.locator(".gb-map[data-ready=true]")).to_have_count(2)
    walk.shoot("7_impact")
    with page.expect_download() as got:
        button.click()
    printed = subprocess.run(
        ["pdftotext", "-layout", str(got.value.path()), "-"],
        capture_output=True, check=True, timeout=60,
    ).stdout.decode()  # fmt: skip
    flat = re.sub(r"\s", "", printed)
    for code in (LOWER, UPPER, CUT, SMALL[1]):
        assert code in flat
    with page.expect_download() as got:
        page.locator(".st-key-plan_impact_xlsx button").click()
    book = openpyxl.load_workbook(io.BytesIO(got.value.path().read_bytes()))
    rows = [[str(cell.value) for cell in row] for sheet in book for row in sheet.iter_rows()]
    flat = " ".join(cell for row in rows for cell in row)
    for code in (LOWER, UPPER, CUT, SMALL[1]):
        assert code in flat
    moved = told["moves"]
    assert len(moved) > 0
    assert all(str(row["id"]) in flat for row in moved if "id" in row)


def publish_from_monday(walk, new):
    """Task 8: another person approves; from next Monday on; the days before keep their grids."""
    page, words = walk.page, walk.words
    walk.view("publish")
    field = page.locator(".st-key-plan_person_approve input")
    field.fill(APPROVER)
    field.press("Tab")
    page.get_by_role("button", name=words("plan_publish.do_approve"), exact=True).click()
    day = page.locator(".st-key-plan_effective input")
    expect(day).to_have_value(re.compile(MONDAY.strftime("%Y[-/.]%m[-/.]%d")))
    field = page.locator(".st-key-plan_person_publish input")
    field.fill(PUBLISHER)
    field.press("Tab")
    settle(page)
    walk.shoot("8_publish")
    page.get_by_role("button", name=words("plan_publish.do_publish"), exact=True).click()
    expect(page.get_by_text(words("plan_publish.roll_back"), exact=True)).to_be_visible()
    assert walk.store(walk.plan).plan.effective_on == MONDAY
    for on, is_new in ((STOOD_ON, False), (MONDAY, True)):
        counted = walk.command("count", "--as-of", on.isoformat())
        codes = {unit["code"] for unit in counted["units"]}
        assert (new in codes, SMALL[1] in codes) == (is_new, not is_new)
        page.goto(f"{walk.server}/?asof={on.isoformat()}")
        page.wait_for_selector(".gb-map[data-ready=true]")
        settle(page)
        box = page.get_by_test_id("stSelectbox").locator("input").last
        for code, is_there in ((new, is_new), (SMALL[1], not is_new)):
            box.fill(code)
            option = page.get_by_role("option", name=re.compile(f"{code}$"))
            expect(option).to_have_count(1 if is_there else 0)
            page.keyboard.press("Escape")
        walk.shoot(f"8_overview_{'after' if is_new else 'before'}")


def restate_past(walk):
    """Task 9: last year's incidents on the new grids; every set of grids adds up to the same."""
    page, words = walk.page, walk.words
    page.goto(f"{walk.server}/plan?plan={walk.plan}&p_view=history")
    expect(page.get_by_text(words("plan_past.sums"), exact=True)).to_be_visible()
    settle(page)
    totals = set()
    for on in ("plan", "today", "event"):
        found = walk.command("plan", "count", walk.plan, "--on", on)
        inside = sum(unit["n"] for unit in found["units"])
        assert inside + found["outside"] + found["unlocated"] == found["total"]
        totals.add((inside, found["total"]))
        expect(walk.cells("plan_past.sums", str(inside)).first).to_be_attached()
    assert totals == {(291, 300)}
    walk.shoot("9_past")


def ten_tasks(walk, colleague):
    """Walk all ten, one after the other; `colleague` is another person's page."""
    list_faults(walk, "A")
    move_border(walk)
    read_figures(walk)
    unsplit = walk.store(walk.plan)
    new = split_along_street(walk)
    merge_small(walk)
    undo_and_redo(walk, unsplit)
    see_all_figures(walk)
    compare_two(walk, "B")
    two_planners(walk, colleague)
    print_impact(walk)
    publish_from_monday(walk, new)
    restate_past(walk)
