"""A planner uploads a faulty boundary file, declares the datum, mends it and begins a plan."""

import json

import geopandas as gpd
import pytest
import shapely
from playwright.sync_api import expect

from data.database import Database
from data.planning.opening import open_plan
from data.repositories.plans import list_notes, list_plans
from data.viewer import LOCAL_STEWARD
from tests.dashboard import tiny_town
from tests.journeys.steps import choose, settle

pytestmark = [pytest.mark.browser, pytest.mark.slow]
FIRST_MS = 120_000  # the first page of a server reads every package
WEST, SOUTH, STEP = tiny_town.WEST, tiny_town.SOUTH, tiny_town.STEP


def square(column, *, width=1.0):
    west = WEST + column * STEP
    return shapely.box(west, SOUTH, west + width * STEP, SOUTH + STEP)


def faulty(path):
    """A2 reaches into B1, N1 takes the place of B2, one row has no code; no CRS is stated."""
    rows = {
        "code": ["A1", "A2", "B1", "N1", None],
        "name": ["one", "two", "three", "four", "five"],
        "户数": [100, 101, 102, 103, 104],
        "colour": ["red"] * 5,
    }
    shapes = [square(0), square(1, width=1.1), square(2), square(3), square(4)]
    frame = gpd.GeoDataFrame(rows, geometry=shapes, crs="EPSG:4326")
    path.write_text(json.dumps(json.loads(frame.to_json(drop_id=True))), encoding="utf-8")
    return path


@pytest.fixture(scope="module")
def store(tmp_path_factory):
    database = tiny_town.build(tmp_path_factory.mktemp("plan_file"))
    database.dispose()
    return database.path


def press(page, target):
    target.click()
    settle(page)


def test_a_faulty_file_is_mended_and_becomes_a_plan(open_page, run_gridbeat, store, tmp_path):
    page = open_page(run_gridbeat("--store", store), "/plan?lang=en", locale="en-US")
    name = page.get_by_label("Name", exact=True)
    name.fill("Of a file", timeout=FIRST_MS)
    name.press("Tab")
    settle(page)
    choose(page, "Begin from", "A boundary file (upload)")
    expect(page.get_by_text("Upload a GeoPackage, a GeoJSON or a zipped shapefile")).to_be_visible()
    begin = page.get_by_role("button", name="Begin and open")
    expect(begin).to_be_disabled()
    page.locator("input[type=file]").set_input_files(faulty(tmp_path / "grids.geojson"))
    expect(page.get_by_text("Still to declare what the coordinates are")).to_be_visible()
    choose(page, "Coordinates are", "WGS-84")

    # what comes in, what it changes, what is left out and why
    expect(page.get_by_text("Households: 406 in all")).to_be_visible()
    expect(page.get_by_text("same code 3 (A1, A2, B1); new codes 1 (N1)")).to_be_visible()
    expect(page.get_by_text("does not have 1 (B2)")).to_be_visible()
    expect(page.get_by_text("leaves out: colour")).to_be_visible()
    expect(page.get_by_text("Rows that cannot be grids and are left out: 1")).to_be_visible()
    expect(page.get_by_text("Row 5 (no code)")).to_be_visible()

    # the overlap is accepted on the page
    page.get_by_text("Repair the boundaries one by one").click()
    page.wait_for_selector(".gb-map[data-ready=true]")
    press(page, page.locator(".st-key-repair_all_accept_overlap button"))
    expect(page.get_by_text("What the repairs do")).to_be_visible()
    press(page, page.get_by_role("button", name="Go on with the repaired boundaries"))
    expect(begin).to_be_enabled()
    press(page, begin)
    expect(page.get_by_text("All plans")).to_be_visible()
    expect(page.locator(".gb-map")).to_be_visible()

    database = Database(str(store))
    with database.read() as session:
        (made,) = list_plans(session, LOCAL_STEWARD)
        tiling = open_plan(session, LOCAL_STEWARD, made.id).tiling
        (note,) = list_notes(session, LOCAL_STEWARD, made.id)
    database.dispose()
    assert (made.name, made.file_name) == ("Of a file", "grids_repaired.geojson")
    assert tiling.codes == ("A1", "A2", "B1", "N1")
    assert sum(tiling.counts["households"].values()) == 406
    assert tiling.names["N1"] == "four"
    assert shapely.area(shapely.intersection(tiling.shape("A2"), tiling.shape("B1"))) == 0.0
    assert "Row 5 (no code)" in note.note
