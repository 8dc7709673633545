"""Pairs close in space are all found once, and counts under permuted times are exact."""

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from geo.errors import FrameError
from geo.hotspots import HotspotOptions, knox_of_points
from geo.hotspots.close_pairs import ClosePairs, _clock, _counts, _draw, pairs_within


def by_hand(xy, radius_m):
    i, j = np.triu_indices(len(xy), 1)
    away = xy[i] - xy[j]
    near = away[:, 0] ** 2 + away[:, 1] ** 2 <= radius_m**2
    return set(zip(i[near].tolist(), j[near].tolist(), strict=True))


@given(seed=st.integers(0, 99), radius_m=st.sampled_from([0.5, 10.0, 100.0, 5000.0]))
@settings(max_examples=40)
def test_pairs_are_those_of_a_plain_double_loop(seed, radius_m):
    rng = np.random.default_rng(seed)
    xy = np.round(rng.uniform(0, 1000, (80, 2)) / 50) * 50 + 4e6  # many at exactly the radius
    xy[:20] += rng.uniform(-5e5, 5e5, 2)
    a, b, _ = pairs_within(xy, radius_m)
    found = [(min(p), max(p)) for p in zip(a.tolist(), b.tolist(), strict=True)]
    assert len(found) == len(set(found))
    assert set(found) == by_hand(xy, radius_m)


@pytest.mark.parametrize("step_s", [86_400.0, 60.0, 1.0, 1e-3])
def test_counts_under_permuted_times_are_those_of_the_times_themselves(step_s):
    rng = np.random.default_rng(1)
    time_s = rng.integers(0, int(3e7 / step_s), 300) * step_s
    time_s[:100] = rng.integers(0, 30, 100) * 86_400.0  # many exactly at a limit
    limits_s = np.array([0.0, 3.0, 14.0, 400.0]) * 86_400.0
    a, b, _ = pairs_within(rng.uniform(0, 1000, (300, 2)), 200.0)
    pairs = ClosePairs(a, b, np.array([0, len(a) // 3, len(a)]))
    drawn = _draw(rng, 7, 300)
    assert (np.sort(drawn, axis=1) == np.arange(300)).all()
    found = _counts(_clock(time_s, limits_s), drawn, pairs)
    ordered = np.sort(time_s)
    for p, row in enumerate(drawn):
        close = np.abs(ordered[row[a]] - ordered[row[b]])[:, None] <= limits_s
        want = [close[: len(a) // 3].sum(axis=0), close[len(a) // 3 :].sum(axis=0)]
        assert (found[:, :, p] == want).all()


def test_plain_arrays_are_refused_with_reasons():
    some, hole = np.arange(3.0), np.array([0.0, np.nan, 1.0])
    options = HotspotOptions(near_m=(10.0,), near_days=(1.0,))
    assert knox_of_points(some, some, some, options).bands["observed"].iloc[0] == 3
    for x, times, code in (
        (hole, some, "points_without_coordinates"),
        (some, hole, "times_missing"),
        (some[:0], some[:0], "no_events"),
    ):
        with pytest.raises(FrameError) as caught:
            knox_of_points(x, x, times, options)
        assert caught.value.code == code
