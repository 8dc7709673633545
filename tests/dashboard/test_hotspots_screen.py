"""The hotspot page: what it asks, shades, says, proves and writes, on a town small enough to check."""

import sqlite3
import zlib
from datetime import UTC, datetime
from io import BytesIO

import geopandas as gpd
import numpy as np
import pytest
import shapely
from PIL import Image
from streamlit.testing.v1 import AppTest

from dashboard import cache
from dashboard.cache import hotspots as answers
from dashboard.components import hotspot_export
from dashboard.components.hotspot_bars import every_month, month_bars, rate_bar, week_table
from dashboard.components.hotspot_map import hotspot_scene, shades_of
from dashboard.components.hotspot_words import (
    cell_name,
    heading,
    p_text,
    report_lines,
    table_columns,
    table_rows,
    warning_lines,
)
from dashboard.maps.layers import NO_BASE, Basemap
from dashboard.printing.page import Imprint
from dashboard.printing.sketch import Box, Part, draw_sketch
from dashboard.screens import hotspots
from dashboard.session import Period, Session, from_address, to_address
from dashboard.text import Words
from dashboard.viewmodels.hotspots import HotspotView, question_of, records_span
from dashboard.viewmodels.hotspots_wanted import (
    METHODS,
    HotspotChoice,
    hotspot_choice_from,
)
from dashboard.viewmodels.hotspots_why import tested_method, tested_question
from dashboard.viewmodels.overview import Span
from data.analysis.hotspots import Units
from data.config import Config
from data.importers import events as event_import
from data.importers.options import EventOptions
from data.viewer import LOCAL_STEWARD
from data.vocabulary import EventLayer
from geo.crs import Datum
from geo.hotspots import Method
from tests.dashboard import tiny_town

ALL_TIME = Session(period=Period("all"))


def town_of_hundreds(folder):
    """The tiny town with 300 more incidents over 2025: most in one corner of A1, in the evening."""
    database = tiny_town.build(folder)
    rng = np.random.default_rng(7)
    lines = ["编号,发生时间,类别,渠道,经度,纬度"]
    for k in range(300):
        near = k % 3 != 0
        lon = 94.9021 + rng.uniform(0, 0.0018) if near else 94.90 + rng.uniform(0, 0.04)
        lat = 36.4021 + rng.uniform(0, 0.0014) if near else 36.40 + rng.uniform(0, 0.01)
        hour = 20 if near else int(rng.integers(0, 24))
        day = f"2025-{k % 12 + 1:02d}-{k % 27 + 1:02d}"
        lines.append(f"x{k},{day} {hour:02d}:15,盗窃,110,{lon:.6f},{lat:.6f}")
    path = folder / "more.csv"
    path.write_text("\n".join(lines), encoding="utf-8")
    options = EventOptions(
        columns={"external_id": "编号", "kind": "类别", "lon": "经度", "lat": "纬度",
                 "occurred_at": "发生时间", "channel": "渠道"},
        declared=Datum.WGS84,
    )  # fmt: skip
    event_import.import_events(database, LOCAL_STEWARD, EventLayer.INCIDENTS, path, options)
    return database


@pytest.fixture(scope="module")
def store(tmp_path_factory):
    database = town_of_hundreds(tmp_path_factory.mktemp("hotspots"))
    yield database
    database.dispose()


@pytest.fixture
def configured(store):
    cache.use_config(Config(store_url=str(store.path)))
    yield store
    cache.use_config(None)
