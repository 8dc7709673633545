"""The ten tasks of a planner in one story on the sample town, and its core on a served store."""

import pytest

from dashboard.text import Words
from tests.journeys import planner_steps as steps
from tests.journeys import planner_walk as tasks
from tests.journeys.conftest import COMMAND

pytestmark = [pytest.mark.browser, pytest.mark.slow, pytest.mark.timeout(900)]
SCENARIO = ("--scenario", "golmud_hexi")


@pytest.fixture
def read(request):
    """Read plans beside the page: `read(address)`."""

    def open_at(address):
        reads = steps.PlanStore(address)
        request.addfinalizer(reads.close)
        return reads

    return open_at


@pytest.mark.poppler
def test_the_ten_tasks_on_one_file(run_gridbeat, chromium_page, read, tmp_path):
    store = tmp_path / "town.gpkg"
    server = run_gridbeat("--store", store, *SCENARIO)
    walk = tasks.Walk(chromium_page(server), server, read(store), str(store))
    tasks.ten_tasks(walk, chromium_page(server))


def test_the_core_of_it_on_a_served_store(start_server, served_url, chromium_page, read):
    command = [*COMMAND, "--store", served_url, *SCENARIO]
    server = start_server(lambda port: [*command, "--port", str(port)], path="/api/health")
    page = chromium_page(server, locale="zh-CN")
    walk = tasks.Walk(page, server, read(served_url), served_url, Words("zh"))
    tasks.list_faults(walk, "甲")
    tasks.move_border(walk)
    tasks.read_figures(walk)
    unsplit = walk.store(walk.plan)
    new = tasks.split_along_street(walk)
    tasks.merge_small(walk)
    tasks.undo_and_redo(walk, unsplit)
    tasks.publish_from_monday(walk, new)
