"""Workload with visible weights, balances side by side, bands."""

import numpy as np
import pytest

from geo.apportion import apportion, apportion_groups
from geo.districting.balance import Bands, Weights, Workload, balance_of, balances
from geo.errors import GeoError

COUNTS = {
    "calls": [10, 0],
    "open_hazards": [2, 1],
    "disputes": [1, 0],
    "households": [300, 500],
    "visits": [4, 4],
}


def test_minutes_are_counts_times_weights():
    work = Workload(Weights(calls=40, open_hazards=30, disputes=100, households=1, visits=15))
    parts = work.parts(COUNTS)
    assert list(parts) == ["calls", "open_hazards", "disputes", "households", "visits"]
    assert parts["calls"].tolist() == [400, 0]
    assert work.minutes(COUNTS).tolist() == [400 + 60 + 100 + 300 + 60, 30 + 500 + 60]


def test_a_measure_without_weight_may_be_missing():
    counts = {name: values for name, values in COUNTS.items() if name != "visits"}
    with pytest.raises(GeoError) as refused:
        Workload().minutes(counts)
    assert (refused.value.code, refused.value.fields["measure"]) == ("missing_measure", "visits")
    assert Workload(Weights(visits=0)).minutes(counts).shape == (2,)


@pytest.mark.parametrize("minutes", [-1.0, float("nan"), float("inf")])
def test_weights_are_minutes(minutes):
    with pytest.raises(GeoError) as refused:
        Workload(Weights(disputes=minutes))
    assert (refused.value.code, refused.value.fields["measure"]) == (
        "bad_workload_weight", "disputes",
    )  # fmt: skip


def test_negative_counts_are_refused():
    with pytest.raises(GeoError) as refused:
        Workload().minutes({**COUNTS, "calls": [-1, np.nan]})
    assert refused.value.code == "bad_counts"
    assert refused.value.fields == {"measure": "calls", "bad": 2}


def test_spread_of_one_measure():
    found = balance_of("load", [80, 100, 120, 100])
    assert found.mean == 100
    assert found.deviation == pytest.approx([-0.2, 0, 0.2, 0])
    assert found.max_deviation == pytest.approx(0.2)
    assert found.variation == pytest.approx(np.sqrt(200) / 100)
    assert found.max_over_min == pytest.approx(1.5)
    assert found.states.tolist() == ["under", "in", "over", "in"]
    assert found.share_within == 0.5


def test_the_edge_of_a_band_belongs_to_it():
    assert balance_of("load", [90, 110]).share_within == 1.0
    states = Bands().household_states([299, 300, 500, 501, np.nan])
    assert states.tolist() == ["under", "in", "in", "over", "unknown"]


def test_several_balances_stand_side_by_side():
    found = balances({"load": [1, 3], "distance": [500, np.nan], "harm": [0, 0], "none": [np.nan]})
    assert [each.name for each in found] == ["load", "distance", "harm", "none"]
    load, distance, harm, none = found
    assert load.max_deviation == 0.5
    assert (distance.mean, distance.share_within) == (500, 1.0)
    assert distance.states.tolist() == ["in", "unknown"]
    assert (harm.variation, harm.max_over_min, harm.max_deviation) == (None, None, 0.0)
    assert (none.mean, none.share_within) == (None, None)


@pytest.mark.parametrize("band", [(500, 300), (-1, 5), (300, 300), (0, float("nan"))])
def test_a_band_has_two_ends(band):
    with pytest.raises(GeoError) as refused:
        Bands(households=band)
    assert refused.value.code == "bad_band"


def test_a_load_band_is_wider_than_nothing():
    with pytest.raises(GeoError) as refused:
        Bands(load=0.0)
    assert refused.value.code == "bad_band"


def test_largest_remainders():
    assert apportion(10, [1, 1, 1]).tolist() == [4, 3, 3]
    assert apportion(7, [0, 0]).tolist() == [4, 3]
    assert apportion(5, [0, 1]).tolist() == [0, 5]
    assert apportion(0, [2, 3]).tolist() == [0, 0]
    assert apportion(3, []).tolist() == []


@pytest.mark.parametrize("seed", range(30))
def test_sharing_out_loses_nobody(seed):
    draw = np.random.default_rng(seed)
    group = draw.integers(0, 8, 60)
    group[:8] = np.arange(8)
    weights = draw.gamma(0.4, 50, 60)
    totals = draw.integers(0, 900, 8)
    given = apportion_groups(totals, group, weights)
    assert np.bincount(group, weights=given).tolist() == totals.tolist()
    exact = totals[group] * weights / np.bincount(group, weights=weights)[group]
    assert (np.abs(given - exact) < 1).all()
