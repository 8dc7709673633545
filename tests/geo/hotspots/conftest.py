"""Towns for the hotspot tests: metres, a few clusters, real times."""

import geopandas as gpd
import numpy as np
import pandas as pd
import pytest
import shapely

from geo.hotspots import square_cells

CRS = 4547
CORNER = (500_000.0, 4_000_000.0)


@pytest.fixture
def town():
    """A square town of 2 km, 100 cells of 200 m, and what makes events in it."""
    return gpd.GeoDataFrame(
        geometry=[shapely.box(*CORNER, CORNER[0] + 2000, CORNER[1] + 2000)], crs=CRS
    )


@pytest.fixture
def cells(town):
    return square_cells(town, 200.0)


@pytest.fixture
def make_events():
    def make(n=400, seed=1, days=400):
        rng = np.random.default_rng(seed)
        spread = rng.uniform(0, 2000, (n - n // 2, 2))
        close = rng.normal((500, 700), 90, (n // 2, 2))
        xy = np.concatenate([spread, close]) + CORNER
        start = pd.Timestamp("2024-01-01", tz="Asia/Shanghai")
        times = start + pd.to_timedelta(rng.integers(0, days * 86400, n), unit="s")
        return gpd.GeoDataFrame(
            {"event_id": [f"e{k}" for k in range(n)], "occurred_at": times},
            geometry=shapely.points(xy),
            crs=CRS,
        )

    return make
