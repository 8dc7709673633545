"""Intervals cover, corrections are monotone, and nothing hangs on the order of rows."""

from datetime import UTC, datetime

import geopandas as gpd
import numpy as np
import pandas as pd
import pytest
import shapely
from hypothesis import given, settings
from hypothesis import strategies as st
from scipy import stats

from geo.hotspots import HotspotOptions, Method, Repeats, colocation, find_hotspots, knox
from geo.hotspots.emerging import emerging_words, mann_kendall, space_time_scores
from geo.hotspots.intervals import (
    difference_interval,
    poisson_interval,
    poisson_p,
    ratio_interval,
    ratio_p,
    wilson_interval,
)
from geo.hotspots.layers import read_cells
from geo.hotspots.local_g import gi_star
from geo.hotspots.neighbours import neighbours_of
from geo.hotspots.options import Contiguity
from geo.hotspots.significance import benjamini_hochberg, bonferroni, hot_and_cold

SPLIT = datetime(2024, 7, 1, tzinfo=UTC)
EVERY = HotspotOptions(split_at=SPLIT, permutations=49, min_slices=10)


@pytest.mark.parametrize("known_to", ["second", "day"])
@pytest.mark.parametrize("method", list(Method))
def test_the_order_of_rows_changes_nothing(method, known_to, cells, make_events):
    events, based = make_events(300), cells.assign(base=np.arange(100.0))
    if known_to == "day":  # many events at one and the same time
        events["occurred_at"] = events["occurred_at"].dt.normalize()
    rng = np.random.default_rng(0)
    turned = events.iloc[rng.permutation(300)], based.iloc[rng.permutation(100)]
    a = find_hotspots(events, based, method, EVERY)
    b = find_hotspots(*turned, method, EVERY)
    a, b = (found.frame.set_index("cell_id").sort_index() for found in (a, b))
    columns = [name for name in a.columns if name != "geometry"]
    pd.testing.assert_frame_equal(
        pd.DataFrame(a[columns]), pd.DataFrame(b[columns]), rtol=1e-9, atol=1e-12
    )


@given(st.lists(st.floats(0, 1), min_size=1, max_size=60))
def test_corrections_are_monotone_and_ordered(values):
    p = np.array(values)
    bh, strict = benjamini_hochberg(p), bonferroni(p)
    order = np.argsort(p, kind="stable")
    assert (np.diff(bh[order]) >= 0).all()
    assert (p <= bh + 1e-15).all()
    assert (bh <= strict + 1e-15).all()
    assert (bh <= 1).all()


def test_classes_hold_their_levels():
    p = np.array([0.10, 0.1001, 0.05, 0.01, 0.01, np.nan])
    sign = np.array([1.0, 1.0, -1.0, 1.0, 0.0, 1.0])
    assert hot_and_cold(sign, p).tolist() == ["hot_90", "none", "cold_95", "hot_99", "none", "none"]


@pytest.mark.parametrize(
    ("n", "low", "high"), [(0, 0.0, 3.689), (1, 0.025, 5.572), (10, 4.795, 18.390)]
)
def test_garwoods_table(n, low, high):
    found = poisson_interval(n, 0.95)
    assert found[0] == pytest.approx(low, abs=5e-4)
    assert found[1] == pytest.approx(high, abs=5e-4)


@given(n=st.integers(0, 40), mean=st.floats(0.1, 40))
def test_exact_interval_and_exact_p_agree(n, mean):
    low, high = poisson_interval(n, 0.95)
    assert (low <= mean <= high) == (poisson_p(n, mean) >= 0.05 - 1e-9)


@given(before=st.integers(0, 40), after=st.integers(0, 40), exposure=st.floats(0.2, 5))
def test_ratio_interval_and_its_p_agree(before, after, exposure):
    low, high = ratio_interval(before, after, exposure, 0.95)
    p = ratio_p(before, after, exposure)
    if before + after == 0:
        assert np.isnan([low, high, p]).all()
        return
    assert (low <= 1.0 <= high) == (p >= 0.05 - 1e-9)
    if before > 0:
        assert low <= after / before / exposure <= high


def test_ratio_p_is_scipys_exact_test_where_exposures_are_equal():
    for before, after in ((3, 12), (7, 7), (0, 6)):
        smaller = min(
            stats.binomtest(after, before + after, 0.5, alternative=side).pvalue
            for side in ("less", "greater")
        )
        assert ratio_p(before, after, 1.0) == pytest.approx(min(1.0, 2 * smaller))


def test_the_difference_interval_covers():
    rng = np.random.default_rng(0)
    before, after = rng.poisson(6, 20_000), rng.poisson(9 * 2, 20_000)
    low, high = difference_interval(before, after, 2.0, 0.95)
    covered = ((low <= 6.0) & (high >= 6.0)).mean()
    assert 0.94 <= covered <= 0.99


def test_wilson_is_scipys():
    low, high = wilson_interval([0, 3, 10], [10, 10, 10], 0.95)
    for k, a, b in zip((0, 3, 10), low, high, strict=True):
        known = stats.binomtest(k, 10).proportion_ci(method="wilson")
        assert (a, b) == pytest.approx((known.low, known.high))
    assert np.isnan(wilson_interval(0, 0, 0.95)[0])


def test_change_says_what_grew_and_where_there_was_nothing(cells, make_events):
    events = make_events(10)
    corner = cells.geometry.iloc[0].centroid
    rows = []
    for day, count in ((40, 3), (300, 30)):
        rows += [
            (pd.Timestamp("2024-01-01", tz="UTC") + pd.Timedelta(days=day, minutes=k))
            for k in range(count)
        ]
    grown = gpd.GeoDataFrame({"occurred_at": rows}, geometry=[corner] * len(rows), crs=cells.crs)
    both = pd.concat([events.drop(columns="event_id"), grown], ignore_index=True)
    both["occurred_at"] = pd.to_datetime(both["occurred_at"], utc=True)
    options = HotspotOptions(
        split_at=SPLIT,
        since_at=datetime(2024, 1, 1, tzinfo=UTC),
        until_at=datetime(2024, 12, 30, tzinfo=UTC),
    )
    found = find_hotspots(both, cells, "change", options)
    first = found.frame.iloc[0]
    exposure = found.report["days_after"] / found.report["days_before"]
    assert exposure == 1.0
    assert first["class"] == "up"
    assert first["change"] == first["n_after"] / first["n_before"]
    assert first["low"] > 1
    empty = found.frame[found.frame["n_before"] == 0]
    assert empty["change"].isna().all()
    assert set(empty["class"]) <= {"no_base", "few_events"}


H, C, N = 1, -1, 0


@pytest.mark.parametrize(
    ("history", "trend", "word"),
    [
        ([N] * 9 + [H], 0, "new"),
        ([C] * 3 + [N] * 6 + [H], 0, "new"),
        ([N] * 8 + [H] * 2, 0, "consecutive"),
        ([N] * 2 + [H] * 8, 0, "consecutive"),
        ([N] + [H] * 9, 0, "persistent"),
        ([H] * 10, 0, "persistent"),
        ([H] * 10, 1, "intensifying"),
        ([H] * 10, -1, "diminishing"),
        ([H] * 9 + [N], 0, "historical"),
        ([H] * 9 + [C], -1, "historical"),
        ([H] * 8 + [N] * 2, 0, "none"),
        ([H, N] * 4 + [N, H], 0, "sporadic"),
        ([H] + [N] * 7 + [H] * 2, 0, "sporadic"),
        ([C] + [N] * 7 + [H, H], 0, "consecutive"),
        ([H, C] * 4 + [N, H], 0, "oscillating"),
        ([N] * 10, 0, "none"),
        ([C] * 10, -1, "none"),
        ([N, H] * 4 + [H, H], 1, "sporadic"),
    ],
)
def test_emerging_words_follow_the_written_rules(history, trend, word):
    marks = np.array([history])
    assert emerging_words(marks == H, marks == C, np.array([float(trend)])).tolist() == [word]


@given(st.lists(st.integers(-3, 3), min_size=4, max_size=12))
def test_mann_kendall_is_kendalls_tau(values):
    found = mann_kendall(np.array([values], dtype=float))
    pairs = [np.sign(b - a) for i, a in enumerate(values) for b in values[i + 1 :]]
    assert found.s[0] == sum(pairs)
    assert abs(found.z[0]) <= 0 or np.sign(found.z[0]) == np.sign(found.s[0])
    mirrored = mann_kendall(-np.array([values], dtype=float))
    assert mirrored.z[0] == pytest.approx(-found.z[0])


def test_mann_kendall_with_ties_worked_by_hand():
    values = np.array([[10.0, 22.0, 21.0, 30.0, 22.0, 30.0, 40.0, 40.0]])
    found = mann_kendall(values)
    assert found.s[0] == 7 + 3 + 5 + 1 + 3 + 2 + 0
    variance = (8 * 7 * 21 - 3 * (2 * 1 * 9)) / 18
    assert found.z[0] == pytest.approx(20 / np.sqrt(variance))


def test_space_time_scores_with_one_slice_back_are_gi_star_of_the_whole_cube(cells):
    layer = read_cells(cells)
    neighbours = neighbours_of(layer, Contiguity.QUEEN, None)
    cube = np.random.default_rng(0).poisson(2, (100, 6)).astype(float)
    from scipy import sparse

    back = sparse.csr_array(np.eye(6) + np.eye(6, k=-1))
    whole = sparse.csr_array(sparse.kron(neighbours + sparse.eye_array(100), back))
    total = whole @ cube.ravel()
    sums = np.asarray(whole.sum(axis=1)).ravel()
    n = cube.size
    z = (total - sums * cube.mean()) / (cube.std() * np.sqrt((n * sums - sums**2) / (n - 1)))
    assert np.abs(space_time_scores(cube, neighbours, 1).ravel() - z).max() < 1e-12
    alone = space_time_scores(cube, neighbours, 0)[:, 0]
    assert np.corrcoef(alone, gi_star(cube[:, 0], neighbours).z)[0, 1] > 0.99


def test_repeated_records_are_counted_and_dropped_before_pairs(make_events):
    events = make_events(200, days=300)
    doubled = pd.concat([events, events.iloc[:40]], ignore_index=True)
    options = HotspotOptions(near_m=(100.0,), near_days=(7.0,))
    plain = knox(events, options).bands.iloc[0]
    guarded = knox(doubled, options)
    assert guarded.report["repeated_ids"] == 40
    assert guarded.report["repeats_dropped"] == 40
    assert guarded.bands["observed"].iloc[0] == plain["observed"]
    kept = knox(doubled, HotspotOptions(near_m=(100.0,), near_days=(7.0,), repeats=Repeats.KEEP))
    assert kept.bands["observed"].iloc[0] > plain["observed"] + 39
    nameless = doubled.drop(columns="event_id")
    options = HotspotOptions(near_m=(100.0,), near_days=(7.0,), repeats=Repeats.DROP_ALL)
    found = knox(nameless, options)
    assert found.report["repeated_place_and_time"] == 40
    assert found.bands["observed"].iloc[0] == plain["observed"]


def test_knox_bands_are_those_of_a_plain_count(make_events):
    events = make_events(120, days=60)
    options = HotspotOptions(near_m=(100.0, 300.0), near_days=(3.0, 10.0), permutations=9)
    found = knox(events, options).bands
    xy = shapely.get_coordinates(events.geometry.to_numpy())
    days = events["occurred_at"].astype("int64").to_numpy() / 1e6 / 86400
    if events["occurred_at"].dtype.unit != "us":
        days = (
            events["occurred_at"] - events["occurred_at"].min()
        ).dt.total_seconds().to_numpy() / 86400
    i, j = np.triu_indices(120, 1)
    away, gap = np.hypot(*(xy[i] - xy[j]).T), np.abs(days[i] - days[j])
    for row in found.itertuples():
        near = (away <= row.to_m) & ((away > row.from_m) | (row.from_m == 0))
        soon = (gap <= row.to_days) & ((gap > row.from_days) | (row.from_days == 0))
        assert row.observed == int((near & soon).sum())
    assert found["expected"].sum() <= len(i)


def test_events_that_breed_events_are_found_and_shuffled_ones_are_not(make_events):
    parents = make_events(80, days=300)
    children = parents.copy()
    children["event_id"] += "c"
    children["occurred_at"] += pd.Timedelta(days=2)
    bred = pd.concat([parents, children], ignore_index=True)
    options = HotspotOptions(near_m=(50.0,), near_days=(7.0,), permutations=199)
    assert knox(bred, options).bands["p_sim"].iloc[0] <= 0.01
    shuffled = bred.copy()
    shuffled["occurred_at"] = bred["occurred_at"].sample(frac=1, random_state=3).to_numpy()
    assert knox(shuffled, options).bands["p_sim"].iloc[0] > 0.05


def test_places_that_lie_together_are_told_from_places_that_do_not(make_events):
    a = make_events(80)
    beside = a.set_geometry(a.translate(5, 0))
    found = colocation(a, beside, (20.0, 200.0), permutations=199).bands
    assert found["ratio"].iloc[0] > 1.5
    assert found["p"].iloc[0] <= 0.02
    halves = make_events(200, seed=9)
    none = colocation(halves.iloc[::2], halves.iloc[1::2], (50.0, 200.0), permutations=199).bands
    assert (none["p"] > 0.02).all()
    assert ((none["low"] <= none["ratio"]) & (none["ratio"] <= none["high"])).all()
    xy = [shapely.get_coordinates(part.geometry.to_numpy()) for part in (a, beside)]
    away = np.hypot(*np.moveaxis(xy[0][:, None] - xy[1][None], 2, 0))
    assert found["observed"].tolist() == [(away <= 20).sum(), (away <= 200).sum()]


@given(seed=st.integers(0, 1000))
@settings(max_examples=15)
def test_counts_keep_every_event(seed):
    rng = np.random.default_rng(seed)
    area = gpd.GeoDataFrame(geometry=[shapely.box(5e5, 4e6, 501_000, 4_001_000)], crs=4547)
    from geo.hotspots import hexagon_cells

    points = shapely.points(np.array([5e5, 4e6]) + rng.uniform(0, 1000, (60, 2)))
    events = gpd.GeoDataFrame(geometry=points, crs=4547)
    assert find_hotspots(events, hexagon_cells(area, 130.0), "count").frame["n"].sum() == 60
