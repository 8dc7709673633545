"""A store that goes away is said once on every page within seconds, and heals without a hand."""

import sys

import pytest

from dashboard.components.notices import guard, one_voice
from dashboard.text import Words
from data.errors import DataError, StoreUnavailable


@pytest.fixture
def said(monkeypatch):
    sentences = []
    monkeypatch.setattr("dashboard.components.notices.st.error", sentences.append)
    return sentences


def fail(error):
    with guard(Words("en")):
        raise error


def test_one_run_says_once_that_the_store_is_away(said):
    away = StoreUnavailable("store_unreachable", store="s", problem="gone")
    with one_voice() as codes:
        fail(away)
        fail(StoreUnavailable("store_busy", store="s"))
        fail(DataError("case_no_place"))
    assert len(said) == 2
    assert codes == ["store_unreachable", "store_busy"]
    fail(away)  # a fragment that runs by itself
    assert len(said) == 3
    with one_voice() as codes:
        pass
    assert codes == []


@pytest.mark.slow
@pytest.mark.browser
def test_pages_say_that_the_server_is_away_and_come_back(
    served_server, served_url, start_server, chromium_page
):
    command = [sys.executable, "-m", "dashboard.cli", "run", "--store", served_url]
    base_url = start_server(lambda port: [*command, "--port", str(port)])
    cases, wall = (chromium_page(base_url) for _page in range(2))
    cases.goto(f"{base_url}/cases")
    wall.goto(f"{base_url}/wall")
    away = "cannot be reached"
    cases.get_by_text("Store: ").first.wait_for()
    served_server.stop()
    try:
        for page in (cases, wall):
            page.get_by_text(away).first.wait_for(timeout=25_000)
        cases.reload()  # a page that is opened meanwhile
        cases.get_by_text(away).first.wait_for(timeout=25_000)
        assert cases.get_by_text(away).count() == 1
    finally:
        served_server.start()
    for page in (cases, wall):
        page.get_by_text(away).first.wait_for(state="hidden", timeout=40_000)
    cases.get_by_text("Store: ").first.wait_for()
