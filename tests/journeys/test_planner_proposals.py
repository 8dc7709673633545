"""A planner asks for proposals, watches, cancels, asks again, takes one and takes it back.

What the screen says is held against the store afterwards.
"""

import json
import re

import pytest
import shapely
from playwright.sync_api import expect

from data.database import Database
from data.planning.opening import open_plan
from data.repositories.plans import list_edits
from data.viewer import LOCAL_STEWARD
from tests.journeys.steps import choose, settle

pytestmark = [pytest.mark.browser, pytest.mark.slow]
FIRST_MS = 120_000  # the first page of a server reads every package
SEARCH_MS = 180_000  # a search gives way to everything else that the machine does
COMMUNITY_GRIDS = 6


@pytest.fixture(scope="module")
def store(tmp_path_factory):
    return tmp_path_factory.mktemp("proposals") / "golmud.gpkg"


@pytest.fixture(scope="module")
def server(run_gridbeat, store):
    return run_gridbeat("--store", store, "--scenario", "golmud_hexi")


@pytest.fixture
def opened(server, store):
    """Read a plan from the store."""
    assert server
    database = Database(str(store))

    def read(plan_id):
        with database.read() as session:
            return open_plan(session, LOCAL_STEWARD, plan_id)

    read.database = database
    yield read
    database.dispose()


def begin(open_page, server, name):
    """Begin a plan by the form and look at its proposals; give the page and the plan's number."""
    page = open_page(server, "/plan", locale="en-US")
    field = page.get_by_label("Name", exact=True)
    field.fill(name, timeout=FIRST_MS)
    field.press("Tab")
    settle(page)
    page.get_by_role("button", name="Begin and open").click()
    page.wait_for_url(re.compile(r"plan=\d+"))
    expect(page.locator(".st-key-plan_undo")).to_be_visible(timeout=FIRST_MS)
    settle(page)
    view(page, "Proposals")
    expect(page.locator(".st-key-plan_propose_start button")).to_be_enabled(timeout=FIRST_MS)
    settle(page)
    return page, int(re.search(r"plan=(\d+)", page.url)[1])


def view(page, name):
    page.locator(".st-key-plan_view").get_by_text(name, exact=True).click()


def start(page):
    page.locator(".st-key-plan_propose_start button").click()
    expect(page.locator(".st-key-plan_propose_progress")).to_be_visible()


def cards(page):
    for aim in ("fewest_changes", "best_balance", "most_compact"):
        card = page.locator(f".st-key-plan_propose_card_{aim}")
        expect(card).to_be_visible(timeout=SEARCH_MS)
    settle(page)


def look_away_and_come_back(page):
    """A new visit begins anew; a search that runs goes on while another view is looked at."""
    page.reload()
    expect(page.locator(".st-key-plan_propose_start button")).to_be_enabled(timeout=FIRST_MS)
    settle(page)
    choose(page, "What to balance first", "Households")
    settle(page)
    start(page)
    view(page, "Figures")
    expect(page.get_by_text("Weights and bands")).to_be_visible()
    settle(page)
    view(page, "Proposals")
    cards(page)


def test_proposals_are_watched_cancelled_taken_and_taken_back(open_page, server, opened):
    page, plan_id = begin(open_page, server, "Proposals")
    before = opened(plan_id)
    choose(page, "What to balance first", "Households")
    settle(page)

    start(page)
    expect(page.get_by_text(re.compile(r"\d+ s so far"))).to_be_visible()
    page.locator(".st-key-plan_propose_cancel button").click()
    expect(page.get_by_text("Cancelled; the plan is unchanged.")).to_be_visible(timeout=5_000)
    assert opened(plan_id).plan.version == before.plan.version

    settle(page)
    start(page)
    cards(page)
    best = page.locator(".st-key-plan_propose_card_best_balance")
    expect(best.locator(".gb-map")).to_be_visible()
    expect(best.get_by_text("Households: largest deviation")).to_be_visible()
    expect(best.get_by_text(re.compile("heuristic|integer programme")).first).to_be_visible()

    look_away_and_come_back(page)
    page.locator(".st-key-plan_propose_take_best_balance button:visible").first.click()
    back = page.locator(".st-key-plan_propose_back button")
    expect(back).to_be_visible()
    taken = opened(plan_id)
    with opened.database.read() as session:
        edits = list_edits(session, LOCAL_STEWARD, plan_id)
    assert len(edits) == taken.plan.head > 0
    assert {edit.kind for edit in edits} <= {"transfer", "split", "merge"}
    assert taken.tiling.codes == before.tiling.codes
    whole = shapely.area(before.tiling.shapes).sum()
    assert shapely.area(taken.tiling.shapes).sum() == pytest.approx(whole, rel=1e-12)
    parents = {before.tiling.parents[code] for edit in edits for code in edit.codes}
    assert len(parents) == 1
    own = [c for c in before.tiling.codes if before.tiling.parents[c] in parents]

    def spread(plan):
        counts = [plan.tiling.counts["households"][code] for code in own]
        return max(counts) - min(counts)

    assert len(own) == COMMUNITY_GRIDS
    assert spread(taken) < spread(before)
    assert sum(taken.tiling.counts["households"].values()) == sum(
        before.tiling.counts["households"].values()
    )

    settle(page)
    back.click()
    expect(back).to_have_count(0)
    settle(page)
    undone = opened(plan_id)
    assert undone.plan.head == 0
    assert shapely.equals_identical(undone.tiling.shapes, before.tiling.shapes).all()


def test_two_grids_are_made_into_three_in_a_new_draft(open_page, server, opened):
    page, plan_id = begin(open_page, server, "Two into three")
    before = opened(plan_id)
    choose(page, "What to do", "Make N into M")
    settle(page)
    near = neighbours(before.tiling)
    box = page.locator('[data-testid="stMultiSelect"]').locator("input")
    for code in near:
        box.click()
        box.fill(code)
        page.get_by_role("option", name=re.compile(f"· {re.escape(code)}$")).click()
        settle(page)
    page.keyboard.press("Escape")
    expect(page.get_by_label("How many to make")).to_have_value("3")
    start(page)
    cards(page)
    page.locator(".st-key-plan_propose_draft_fewest_changes button").click()
    expect(page.get_by_text("Two into three (Fewest changes)")).to_be_visible(timeout=FIRST_MS)
    page.wait_for_url(re.compile(rf"plan=(?!{plan_id}(&|$))\d+"))
    number = int(re.search(r"plan=(\d+)", page.url)[1])
    made = opened(number)
    assert len(made.tiling) == len(before.tiling) + 1
    assert set(before.tiling.codes) < set(made.tiling.codes)
    assert opened(plan_id).plan.version == before.plan.version


def neighbours(tiling):
    """Two grids of one community that share a border, by their codes."""
    first = tiling.codes[0]
    for code in tiling.codes[1:]:
        shared = shapely.intersection(tiling.shape(first), tiling.shape(code))
        if tiling.parents[code] == tiling.parents[first] and shapely.length(shared) > 0:
            return first, code
    raise AssertionError(json.dumps(tiling.codes))
