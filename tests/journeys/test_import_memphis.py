"""From an empty store to reconciled counts of a real city, by hand in the browser."""

import json

import pytest

from tests.journeys.steps import choose, expect_metric

pytestmark = [pytest.mark.browser, pytest.mark.shared, pytest.mark.slow]
ROBBERIES = 2245


@pytest.fixture
def empty(run_gridbeat, tmp_path):
    return run_gridbeat("--store", tmp_path / "memphis.gpkg")


def test_memphis_through_the_wizard(open_page, empty, shared_data):
    page = open_page(empty, locale="en-US")
    page.get_by_text("There are no grids yet").wait_for()
    page.get_by_role("link", name="Go to the import").click()
    page.get_by_text("Choose the content and a file").wait_for()

    page.locator("input[type=file]").set_input_files(shared_data / "memphis" / "precincts.gpkg")
    page.get_by_text("9 rows, 1 columns").wait_for()
    choose(page, "Code *", "precinct")
    choose(page, "Name", "precinct")
    page.get_by_role("button", name="Import", exact=True).click()
    page.get_by_text("Grids: report on precincts.gpkg").wait_for()
    expect_metric(page, "Inserted", "9")

    choose(page, "What the file holds", "Events · Incidents")
    page.locator("input[type=file]").set_input_files(shared_data / "memphis" / "robberies_2019.csv")
    page.get_by_text(f"{ROBBERIES:,} rows, 5 columns").wait_for()
    page.get_by_text("The audit recommends WGS-84").wait_for()
    choose(page, "Coordinates are", "WGS-84")
    page.get_by_role("button", name="Import", exact=True).click()
    page.get_by_text("Incidents: report on robberies_2019.csv").wait_for()
    expect_metric(page, "Inserted", f"{ROBBERIES:,}")
    page.get_by_text("2245 accepted = 2244 in grids + 1 outside + 0 unlocated").wait_for()

    page.get_by_role("link", name="Overview").click()
    page.wait_for_selector(".gb-map[data-ready=true]")
    choose(page, "Period", "all")
    page.get_by_text("2,244 in the grids + 1 outside + 0 unlocated = 2,245 incidents").wait_for()
    layers = page.eval_on_selector(".gb-map", "root => root.dataset.layers")
    assert json.loads(layers)["units"]["marks"] == 2 * 9  # each precinct and its class letter
