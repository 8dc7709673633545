"""The made-up town that the tests of the maps draw."""

import importlib.util
from pathlib import Path

import pytest


@pytest.fixture(scope="session")
def town_scene():
    """The made-up town of 60 grids, as a module."""
    spec = importlib.util.spec_from_file_location(
        "town_scene", Path(__file__).with_name("town_scene.py")
    )
    module = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(module)
    return module
