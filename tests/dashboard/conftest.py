"""The towns that the tests of the dashboard stand on: a made-up map, and the tiny store."""

import importlib.util
from pathlib import Path

import pytest

from dashboard import cache
from data.config import Config
from data.database import Database
from tests.dashboard import tiny_town


@pytest.fixture(scope="session")
def town_scene():
    """The made-up town of 60 grids, as a module."""
    spec = importlib.util.spec_from_file_location(
        "town_scene", Path(__file__).with_name("town_scene.py")
    )
    module = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(module)
    return module


@pytest.fixture(scope="module")
def database(tmp_path_factory):
    """The tiny town, built once for each file of tests, open."""
    found = tiny_town.build(tmp_path_factory.mktemp("tiny"))
    yield found
    found.dispose()


@pytest.fixture(scope="module")
def read(database):
    """The places of the tiny town and its events on them, as of `tiny_town.TODAY`."""
    return tiny_town.read(database)


@pytest.fixture(scope="module")
def standing_built(tmp_path_factory):
    """The tiny town as a closed scenario, built once for each file of tests."""
    found = tiny_town.build(tmp_path_factory.mktemp("standing"))
    tiny_town.stand_still(found)
    found.dispose()
    return found.path


@pytest.fixture
def standing_store(standing_built, tmp_path):
    """A copy of that scenario, open, and shown by this process."""
    found = Database(str(tiny_town.copied(standing_built, tmp_path)))
    cache.use_config(Config(store_url=str(found.path)))
    yield found
    cache.use_config(None)
    found.dispose()
