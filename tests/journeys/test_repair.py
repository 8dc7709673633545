"""A faulty file: accept, change, refuse, import the repaired tiling, look at the store."""

import json
import re

import geopandas as gpd
import pytest
import shapely
from playwright.sync_api import expect
from shapely import Polygon, box

from data.database import Database
from data.frames import grids_frame
from data.viewer import LOCAL_STEWARD
from tests.journeys.steps import choose, settle

pytestmark = [pytest.mark.browser, pytest.mark.slow]
WEST, SOUTH, STEP = 94.90, 36.40, 0.01


def square(x, y, *, west=0.0):
    return box(WEST + (x + west) * STEP, SOUTH + y * STEP, WEST + (x + 1) * STEP,
               SOUTH + (y + 1) * STEP)  # fmt: skip


def faulty(path):
    """G10 reaches into G00, a crack is left of G32, G11 is missing, the ring of G02 crosses."""
    shapes = {f"G{x}{y}": square(x, y) for x in range(4) for y in range(3)}
    del shapes["G11"]
    shapes["G10"] = square(1, 0, west=-0.1)
    shapes["G32"] = square(3, 2, west=0.0004)
    x, y = WEST, SOUTH + 2 * STEP
    shapes["G02"] = Polygon([(x, y), (x + STEP, y + STEP), (x + STEP, y), (x, y + STEP)])
    rows = {"code": list(shapes), "households": [100 + k for k in range(len(shapes))]}
    frame = gpd.GeoDataFrame(rows, geometry=list(shapes.values()), crs="EPSG:4326")
    path.write_text(json.dumps(json.loads(frame.to_json(drop_id=True))), encoding="utf-8")
    return path


def button(page, name):
    return page.get_by_role("button", name=name, exact=True)


def press(page, target):
    target.click()
    settle(page)


@pytest.fixture
def stored():
    def read(path):
        database = Database(str(path))
        with database.read() as session:
            frame = grids_frame(session, LOCAL_STEWARD)
        database.dispose()
        return frame

    return read


def test_decide_on_the_map_and_import(open_page, run_gridbeat, tmp_path, stored):
    store = tmp_path / "store.gpkg"
    page = open_page(run_gridbeat("--store", store), "/import?lang=en", locale="en-US")
    file = faulty(tmp_path / "grids.geojson")
    page.locator("input[type=file]").set_input_files(file)
    page.get_by_text("11 rows").wait_for()
    choose(page, "Coordinates are", "WGS-84")
    page.get_by_text("have 4 faults").wait_for()
    page.get_by_text("Repair the boundaries one by one").click()
    page.wait_for_selector(".gb-map[data-ready=true]")
    expect(page.get_by_text("No repair is accepted yet")).to_be_visible()

    # the ring first: accepted, and the next undecided fault comes up by itself
    expect(page.get_by_text("Proposed: read the ring anew")).to_be_visible()
    press(page, button(page, "Accept"))
    expect(page.get_by_text("What the repairs do")).to_be_visible()
    # the large hole is to be left; it is refused all the same
    expect(page.get_by_text("the hole is large")).to_be_visible()
    press(page, button(page, "Refuse"))
    # the overlap goes to the other grid than proposed
    expect(page.get_by_text("Proposed: G00 keeps the overlap")).to_be_visible()
    expect(page.locator(".st-key-repair_pick input")).to_have_value(re.compile("Overlap"))
    choose(page, "Which grid gets it", "G10")
    settle(page)
    press(page, button(page, "Give it to G10"))
    # the sliver: all of its kind
    press(page, page.locator(".st-key-repair_all_accept_sliver button"))
    expect(page.get_by_text("1 given to another grid")).to_be_visible()
    expect(page.get_by_text("Still there: Several parts 1; Gap 1")).to_be_visible()

    press(page, button(page, "Go on with the repaired boundaries"))
    expect(page.get_by_text("The repaired boundaries will be imported")).to_be_visible()
    press(page, button(page, "Import"))
    page.get_by_text("Grids: report on grids.geojson").wait_for()

    frame = stored(store)
    assert len(frame) == 11
    assert frame.geometry.is_valid.all()
    assert shapely.intersection(frame.geometry["G00"], frame.geometry["G10"]).area == 0.0
    assert frame.geometry["G10"].area > frame.geometry["G00"].area  # the change, not the proposal
    assert frame["households"].sum() == sum(range(100, 111))
    hole = shapely.centroid(square(1, 1))
    assert not shapely.covers(shapely.union_all(frame.geometry.to_numpy()), hole)  # never filled
