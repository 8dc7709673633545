"""Rankings are scored on exactly the ground asked for, beside plain count and random."""

from datetime import UTC, datetime

import geopandas as gpd
import numpy as np
import pandas as pd
import pytest
import shapely
from hypothesis import given
from hypothesis import strategies as st

from geo.errors import FrameError
from geo.hotspots import HotspotOptions, Kernel, Method, hexagon_cells, square_cells
from geo.proof import BacktestOptions, Contender, backtest, compare_units, default_contenders
from geo.proof.scoring import best_hits, hits_at, ranking

CRS = 4547
AREA = gpd.GeoDataFrame(geometry=[shapely.box(5e5, 4e6, 502_000, 4_002_000)], crs=CRS)


def town(n=900, seed=0, months=18):
    rng = np.random.default_rng(seed)
    spots = rng.uniform(200, 1800, (6, 2))
    xy = np.where(
        rng.random((n, 1)) < 0.7,
        spots[rng.integers(0, 6, n)] + rng.normal(0, 40, (n, 2)),
        rng.uniform(0, 2000, (n, 2)),
    )
    start = pd.Timestamp("2023-01-01", tz="Asia/Shanghai")
    seconds = rng.integers(0, int(months * 30.4 * 86400), n)
    return gpd.GeoDataFrame(
        {"occurred_at": start + pd.to_timedelta(seconds, unit="s")},
        geometry=shapely.points(np.array([5e5, 4e6]) + np.clip(xy, 0, 1999)),
        crs=CRS,
    )


def test_the_last_cell_counts_in_part_and_ties_go_by_cell_id():
    order = ranking(np.array([1.0, 3.0, 3.0, np.nan]), np.array([0, 2, 1, 3]))
    assert order.tolist() == [2, 1, 0, 3]
    n, ground = np.array([4.0, 0.0, 10.0, 2.0]), np.array([100.0, 100.0, 100.0, 100.0])
    assert hits_at(order, n, ground, np.array([0.125, 0.25, 0.5, 1.0])).tolist() == [5, 10, 10, 16]


@given(seed=st.integers(0, 10_000))
def test_no_ranking_beats_the_best_and_all_ground_holds_all(seed):
    rng = np.random.default_rng(seed)
    n, ground = rng.poisson(2, 30).astype(float), rng.uniform(1, 5, 30)
    shares = np.array([0.01, 0.1, 0.5, 1.0])
    hits = hits_at(rng.permutation(30), n, ground, shares)
    best = best_hits(n, ground, np.arange(30), shares)
    assert (hits <= best + 1e-9).all()
    assert (np.diff(hits) >= 0).all()
    assert hits[-1] == pytest.approx(n.sum())


def test_a_clustered_town_is_found_and_random_gets_its_share():
    found = backtest(town(), square_cells(AREA, 100.0), None, BacktestOptions(tests=6))
    table = found.frame.pivot_table(index="method", columns="area_pct", values="hit_rate")
    assert {"count", "count-kernel", "kde", "gistar", "near-repeat", "random"} <= set(table.index)
    assert table.loc["random"].tolist() == pytest.approx([0.01, 0.05, 0.1, 0.2])
    assert table.loc["count-kernel", 10.0] > 0.5
    assert table.loc["count", 10.0] > 0.5
    frame = found.frame
    assert np.allclose(frame["hit_rate"], frame["hits"] / frame["n"])
    assert np.allclose(frame["pai"], frame["hit_rate"] / (frame["area_pct"] / 100))
    assert ((frame["low"] <= frame["hit_rate"]) & (frame["hit_rate"] <= frame["high"])).all()
    assert (frame["pei"] <= 1 + 1e-9).all()
    assert found.report["cell_width_m"] == 100.0
    assert found.report["tests"] == 6
    assert found.report["warnings"] == []


def test_only_what_came_before_a_month_is_learnt():
    first = town(60, seed=1, months=2)
    late = first.copy()
    late["occurred_at"] += pd.Timedelta(days=150)
    late = late[late.geometry.x < 501_500]
    moved = first.set_geometry(
        gpd.GeoSeries(shapely.points(np.full((60, 2), (501_950.0, 4_001_950.0))), crs=CRS)
    )
    cells = square_cells(AREA, 100.0)
    both = pd.concat([moved, late], ignore_index=True)
    options = BacktestOptions(tests=2, areas_pct=(1.0,))
    end = late["occurred_at"].min().normalize().replace(day=1) + pd.DateOffset(months=1)
    early = BacktestOptions(tests=1, areas_pct=(0.25,), until_at=end.to_pydatetime())
    found = backtest(both, cells, [("count", Method.COUNT, HotspotOptions())], early).frame
    assert found.loc[0, "hits"] == 0
    window = BacktestOptions(tests=2, areas_pct=(1.0,), train_days=20)
    assert backtest(both, cells, [], window).report["train_days"] == 20
    assert backtest(both, cells, [], options).report["tests"] >= 1


def test_few_events_empty_months_and_refusing_methods_are_said():
    events = town(120, seed=2, months=3)
    gap = events[events["occurred_at"] < pd.Timestamp("2023-02-01", tz="Asia/Shanghai")]
    later = gap.copy()
    later["occurred_at"] += pd.DateOffset(months=3)
    both = pd.concat([gap, later], ignore_index=True)
    trial = [Contender("emerging", Method.EMERGING, HotspotOptions())]
    found = backtest(both, square_cells(AREA, 100.0), trial, BacktestOptions(tests=5))
    assert found.report["months"] == ["2023-04"]
    assert found.report["months_without_events"] == ["2023-02", "2023-03"]
    assert found.report["months_without_history"] == ["2022-12", "2023-01"]
    codes = [warning["code"] for warning in found.report["warnings"]]
    assert codes == ["few_test_events", "method_left_out"]
    assert set(found.frame["method"]) == {"count", "random"}
    with pytest.raises(FrameError, match="no_test_months"):
        backtest(gap, square_cells(AREA, 100.0), [], BacktestOptions(tests=2))
    until = datetime(2023, 1, 1, tzinfo=UTC)
    with pytest.raises(FrameError, match="no_test_months"):
        backtest(both, square_cells(AREA, 100.0), [], BacktestOptions(until_at=until))


def test_names_are_one_each_and_shares_are_shares():
    cells, events = square_cells(AREA, 200.0), town(100)
    twice = [("a", Method.COUNT, HotspotOptions())] * 2
    with pytest.raises(FrameError, match="repeated_method_names"):
        backtest(events, cells, twice)
    with pytest.raises(FrameError, match="bad_areas"):
        backtest(events, cells, [], BacktestOptions(areas_pct=(0.0,)))
    assert default_contenders()[0].method is Method.COUNT_KERNEL


@pytest.mark.shared
def test_memphis_is_what_was_published_for_it(shared_data):
    folder = shared_data / "memphis"
    rows = pd.read_csv(folder / "robberies_2019.csv")
    precincts = gpd.read_file(folder / "precincts.gpkg").to_crs(32616)
    precincts["geometry"] = precincts.geometry.make_valid()
    local = pd.to_datetime(rows["date"]).dt.tz_localize(
        "America/Chicago", nonexistent="shift_forward", ambiguous=True
    )
    points = gpd.points_from_xy(rows["longitude"], rows["latitude"], crs=4326).to_crs(32616)
    events = gpd.GeoDataFrame({"occurred_at": local}, geometry=points)
    wide = HotspotOptions(bandwidth_m=300.0, kernel=Kernel.GAUSSIAN)
    trial = [
        ("count-kernel", Method.COUNT_KERNEL, HotspotOptions()),
        ("kde", Method.KDE, wide),
    ]
    cells = square_cells(precincts, 200.0)
    found = backtest(events, cells, trial, BacktestOptions(tests=6))
    table = found.frame.pivot_table(index="method", columns="area_pct", values="hit_rate") * 100
    assert found.report["n"] == pytest.approx(1162, abs=2)
    # one run with random ties, 1,162 events: 13.3 and 33.3 for counts, 11.9 to 69.1 for the kernel
    assert table.loc["count", [1.0, 5.0]].tolist() == pytest.approx([13.3, 33.3], abs=1.5)
    assert table.loc["kde"].tolist() == pytest.approx([11.9, 29.5, 47.0, 69.1], abs=2.0)
    assert (table.loc["count-kernel"] >= table.loc["count"]).all()


def test_units_that_agree_do_not_flip_and_units_that_do_not_do():
    events = town()
    squares = square_cells(AREA, 200.0)
    same = compare_units(events, {"a": squares, "b": squares.copy()})
    assert not same.frame["flips"].any()
    assert same.report["agreement"]["a+b"] == pytest.approx(1.0)
    systems = {
        "squares": squares,
        "hexagons": hexagon_cells(AREA, 250.0),
        "halves": gpd.GeoDataFrame(
            {"cell_id": ["w", "e"]},
            geometry=shapely.box([5e5, 501_000], 4e6, [501_000, 502_000], 4_002_000),
            crs=CRS,
        ),
    }
    found = compare_units(events, systems, area_pct=10.0)
    assert set(found.frame["system"]) == set(systems)
    squares_to_hexagons = found.frame.query("system == 'squares' and other == 'hexagons'")
    assert squares_to_hexagons["rank"].tolist() == list(range(1, len(squares_to_hexagons) + 1))
    assert found.frame["share_on_top"].between(0, 1).all()
    assert (found.frame["flips"] == (found.frame["share_on_top"] < 0.5)).all()
    assert found.report["tops"]["halves"] == 1
    assert found.report["flips"]["halves>squares"] == 1
    with pytest.raises(FrameError, match="too_few_systems"):
        compare_units(events, {"a": squares})
    with pytest.raises(FrameError, match="bad_areas"):
        compare_units(events, {"a": squares, "b": squares}, area_pct=0.0)
