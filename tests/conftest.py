"""Fixtures and markers that every test shares."""

import os
import shutil
from pathlib import Path

import pytest

ROOT = Path(__file__).resolve().parent.parent
SHARED = ROOT.parent / "shared" / "data"


def _missing(item) -> str | None:
    if item.get_closest_marker("shared") and not SHARED.is_dir():
        return "the real data sets are not beside this checkout"
    if item.get_closest_marker("browser") and shutil.which("chromium") is None:
        return "chromium is not installed"
    if item.get_closest_marker("gdal") and shutil.which("ogr2ogr") is None:
        return "GDAL's command-line tools are not installed"
    return None


def pytest_runtest_setup(item):
    reason = _missing(item)
    if reason is None:
        return
    if os.environ.get("CI") == "true":
        pytest.fail(f"CI must run everything: {reason}", pytrace=False)
    pytest.skip(reason)


@pytest.fixture(scope="session")
def shared_data() -> Path:
    """The folder of real data sets (tests that ask for it carry the `shared` mark)."""
    return SHARED
