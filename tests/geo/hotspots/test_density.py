"""Densities keep their mass, move with their events, and stay within the error they state."""

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from geo.errors import FrameError
from geo.hotspots import HotspotOptions, Kernel, Raster, density_at, density_on_raster
from geo.hotspots.find import find_hotspots
from geo.hotspots.kernels import fall, peak_of

RASTER = Raster(1000.0, 2000.0, 20.0, 96, 80)


def direct(x, y, raster, bandwidth_m, kernel):
    east = raster.west + (np.arange(raster.columns) + 0.5) * raster.pixel_m
    north = raster.south + (np.arange(raster.rows) + 0.5) * raster.pixel_m
    away = (north[:, None, None] - y) ** 2 + (east[None, :, None] - x) ** 2
    return fall(kernel, away / bandwidth_m**2).sum(axis=2) * peak_of(kernel, bandwidth_m)


def scattered(seed, n):
    rng = np.random.default_rng(seed)
    return rng.uniform(700, 3200, n), rng.uniform(1800, 3900, n)


@pytest.mark.parametrize("kernel", list(Kernel))
@pytest.mark.parametrize("pixels", [0.4, 1.5, 4.0, 8.0, 11.3])
def test_every_way_stays_within_its_stated_error(kernel, pixels):
    x, y = scattered(1, 300)
    bandwidth_m = pixels * RASTER.pixel_m
    want = direct(x, y, RASTER, bandwidth_m, kernel)
    for copies in (1, 200):  # 60,000 events are past what is cheap to sum directly
        found = density_on_raster(
            np.tile(x, copies), np.tile(y, copies), RASTER, bandwidth_m, kernel
        )
        error = np.abs(found.per_m2 / copies - want).max() / want.max()
        assert error <= found.error_share
    assert found.way == ("transformed" if pixels >= 8 else "direct")


@pytest.mark.parametrize(("kernel", "bar"), [(Kernel.GAUSSIAN, 1e-5), (Kernel.QUARTIC, 1e-3)])
@given(east=st.floats(0, 1), north=st.floats(0, 1), pixels=st.floats(8, 30))
@settings(max_examples=25)
def test_all_events_on_one_point_are_the_worst_case_and_meet_the_bar(
    kernel, bar, east, north, pixels
):
    x = np.full(30_000, 2000.0 + 20.0 * east)
    y = np.full(30_000, 2800.0 + 20.0 * north)
    found = density_on_raster(x, y, RASTER, pixels * 20.0, kernel)
    want = direct(x[:1], y[:1], RASTER, pixels * 20.0, kernel) * len(x)
    assert found.way == "transformed"
    assert np.abs(found.per_m2 - want).max() / peak_of(kernel, pixels * 20.0) / len(x) <= bar
    assert found.error_share <= bar


@pytest.mark.parametrize("kernel", list(Kernel))
def test_a_far_inner_event_keeps_its_mass(kernel):
    raster = Raster(0.0, 0.0, 10.0, 200, 200)
    found = density_on_raster(np.array([1003.0]), np.array([996.0]), raster, 100.0, kernel)
    assert found.per_m2.sum() * 100.0 == pytest.approx(1.0, abs=1e-3)


@pytest.mark.parametrize("kernel", list(Kernel))
def test_bare_places_get_what_the_raster_gets(kernel):
    x, y = scattered(2, 500)
    rows, columns = np.mgrid[0:80:9, 0:96:7].reshape(2, -1)
    places = np.column_stack([1000.0 + (columns + 0.5) * 20.0, 2000.0 + (rows + 0.5) * 20.0])
    want = direct(x, y, RASTER, 150.0, kernel)[rows, columns]
    found = density_at(np.column_stack([x, y]), places, 150.0, kernel)
    assert np.abs(found.per_m2 - want).max() <= 1e-9 * want.max() + 1e-18


@pytest.mark.parametrize("kernel", list(Kernel))
def test_interpolated_places_stay_within_the_stated_error(kernel, monkeypatch):
    monkeypatch.setattr("geo.hotspots.density._MOST_PAIRS", 10)
    x, y = scattered(3, 4000)
    places = np.column_stack(scattered(4, 300))
    found = density_at(np.column_stack([x, y]), places, 200.0, kernel)
    away = ((places[:, None] - np.column_stack([x, y])[None]) ** 2).sum(axis=2)
    want = fall(kernel, away / 200.0**2).sum(axis=1) * peak_of(kernel, 200.0)
    assert np.abs(found.per_m2 - want).max() <= found.error_share * want.max()


@given(east=st.integers(-50, 50), north=st.integers(-50, 50))
@settings(max_examples=20)
def test_moving_events_and_raster_together_changes_nothing(east, north):
    x, y = scattered(5, 200)
    moved = Raster(1000.0 + east * 64, 2000.0 + north * 64, 20.0, 96, 80)
    a = density_on_raster(x, y, RASTER, 130.0, Kernel.QUARTIC).per_m2
    b = density_on_raster(x + east * 64, y + north * 64, moved, 130.0, Kernel.QUARTIC).per_m2
    assert np.allclose(a, b, rtol=1e-7, atol=1e-12 * a.max())


def test_the_cells_hold_the_events_in_all(cells, make_events):
    events = make_events(500)
    inner = events[events.geometry.x.between(500_700, 501_300)]
    inner = inner[inner.geometry.y.between(4_000_700, 4_001_300)]
    found = find_hotspots(inner, cells, "kde", HotspotOptions(bandwidth_m=600.0))
    assert found.report["mass_in_cells"] == pytest.approx(len(inner), rel=0.02)


@pytest.mark.parametrize("bandwidth_m", [0.0, -5.0, float("nan")])
def test_a_bandwidth_must_be_positive(bandwidth_m):
    with pytest.raises(FrameError) as caught:
        density_on_raster(np.zeros(3), np.zeros(3), RASTER, bandwidth_m, Kernel.QUARTIC)
    assert caught.value.code == "bad_bandwidth"


@given(east=st.floats(0, 1), north=st.floats(0, 1))
@settings(max_examples=10)
def test_the_lattice_of_very_many_events_keeps_its_bound_on_one_point(east, north):
    point = np.array([2000.0 + east * 200.0 / 36.0, 3000.0 + north * 200.0 / 36.0])
    places = np.column_stack(scattered(6, 2000))
    found = density_at(np.tile(point, (200_001, 1)), places, 200.0, Kernel.QUARTIC)
    away = ((places - point) ** 2).sum(axis=1) / 200.0**2
    want = fall(Kernel.QUARTIC, away) * peak_of(Kernel.QUARTIC, 200.0) * 200_001
    assert found.way == "lattice"
    assert found.error_share <= 1e-3
    error = np.abs(found.per_m2 - want).max() / 200_001 / peak_of(Kernel.QUARTIC, 200.0)
    assert error <= found.error_share
