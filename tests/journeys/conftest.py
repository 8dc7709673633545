"""Whole walks in a real browser against the real command: `gridbeat run` with its own store."""

import sys

import pytest

COMMAND = [sys.executable, "-m", "dashboard.cli", "run"]


@pytest.fixture(scope="session")
def run_gridbeat(start_server):
    """Start `gridbeat run` with options: `run_gridbeat("--store", path) -> base_url`."""

    def run(*options):
        return start_server(
            lambda port: [*COMMAND, "--port", str(port), *map(str, options)], path="/api/health"
        )

    return run


@pytest.fixture(scope="session")
def golmud(run_gridbeat, tmp_path_factory):
    """A server that shows the built-in town."""
    store = tmp_path_factory.mktemp("golmud") / "golmud.gpkg"
    return run_gridbeat("--store", store, "--scenario", "golmud_hexi")


@pytest.fixture
def open_page(chromium_page):
    """Open a page and wait for its map; any request outside the origin fails the test."""

    def open_at(base_url, path="/", *, locale="zh-CN"):
        page = chromium_page(base_url, locale=locale)
        page.goto(base_url + path)
        return page

    return open_at
