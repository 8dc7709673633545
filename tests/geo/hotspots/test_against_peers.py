"""The numbers are those of sfhotspot, esda, pointpats and scipy, without their quirks."""

import json

import esda
import geopandas as gpd
import libpysal
import numpy as np
import pandas as pd
import pointpats
import pytest
import shapely
from scipy import sparse, stats
from scipy.spatial import cKDTree

from geo.hotspots import HotspotOptions, Kernel, Method, find_hotspots, knox
from geo.hotspots.layers import read_cells
from geo.hotspots.local_g import gi, gi_star, permutation_p
from geo.hotspots.local_moran import local_moran
from geo.hotspots.neighbours import neighbours_of
from geo.hotspots.options import Contiguity
from geo.hotspots.significance import benjamini_hochberg


@pytest.fixture(scope="module")
def robberies(shared_data):
    folder = shared_data / "sf_robbery_reference"
    rows = pd.read_csv(folder / "robberies_2019.csv")
    points = gpd.points_from_xy(rows["longitude"], rows["latitude"], crs=4326).to_crs(32610)
    events = gpd.GeoDataFrame({"event_id": rows["uid"]}, geometry=points)
    cells = gpd.read_file(folder / "sfhotspot_grid.gpkg")
    return events, cells, pd.read_csv(folder / "sfhotspot_gistar_kde.csv").set_index("cell_id")


@pytest.mark.shared
def test_gi_star_is_sfhotspots_but_the_correction_is_over_all_cells(robberies):
    events, cells, reference = robberies
    options = HotspotOptions(neighbours_m=500 * 2**0.5 + 1)
    found = find_hotspots(events, cells, "gistar", options).frame.set_index("cell_id")
    assert found["n"].tolist() == reference["n"].tolist()
    assert np.abs(found["z"] - reference["gistar"]).max() < 1e-6
    assert np.abs(found["p"] - reference["pvalue"]).max() < 1e-6
    assert int(((found["p"] < 0.05) & (found["z"] > 0)).sum()) == 55
    expected = stats.false_discovery_control(reference["pvalue"], method="bh")
    assert np.abs(found["p_bh"] - expected).max() < 1e-6
    assert int(found["class"].isin(["hot_95", "hot_99"]).sum()) < 55


@pytest.mark.shared
def test_touching_squares_are_the_same_neighbours_as_the_distance(robberies):
    events, cells, reference = robberies
    found = find_hotspots(events, cells, "gistar").frame.set_index("cell_id")
    assert np.abs(found["z"] - reference["gistar"]).max() < 1e-6


@pytest.mark.shared
def test_quartic_density_is_sfhotspots_scaled_to_one_event(robberies):
    events, cells, reference = robberies
    options = HotspotOptions(bandwidth_m=1500.0, kernel=Kernel.QUARTIC)
    found = find_hotspots(events, cells, Method.KDE, options)
    unscaled = found.frame.set_index("cell_id")["kde"] * (np.pi * 1500.0**2 / 3.0)
    assert np.abs(unscaled - reference["kde"]).max() < 1e-6
    assert found.report["density_way"] == "direct"


@pytest.mark.shared
def test_the_small_vectors_of_gi_and_gi_star(shared_data):
    known = json.loads((shared_data / "peer_vectors/peer_vectors.json").read_text())["g_local"]
    pairs = cKDTree(known["points"]).query_pairs(known["threshold"], output_type="ndarray")
    both = np.concatenate([pairs, pairs[:, ::-1]])
    n = len(known["y"])
    weights = sparse.csr_array((np.ones(len(both)), (both[:, 0], both[:, 1])), shape=(n, n))
    y = np.array(known["y"], dtype=float)
    assert gi(y, weights).z[0] == pytest.approx(known["gi_binary_Z0"], abs=1e-7)
    assert gi_star(y, weights).z[0] == pytest.approx(known["gi_star_binary_Z0"], abs=1e-7)
    # with row-standardised weights esda takes S1 = 1 where it is 1 / k: a score too small by
    others, k = n - 1, 2
    assert gi(y, weights).z[0] * np.sqrt((others / k - 1) / (others - 1)) == pytest.approx(
        known["gi_rowstd_Z0"], abs=1e-7
    )
    general = y @ (weights @ y) / (y.sum() ** 2 - (y * y).sum())
    assert general == pytest.approx(known["global_G"], abs=1e-7)


def _lattice(cells, seed):
    layer = read_cells(cells)
    neighbours = neighbours_of(layer, Contiguity.QUEEN, None)
    rng = np.random.default_rng(seed)
    return layer, neighbours, rng.gamma(2.0, 3.0, len(layer))


def _esda_weights(neighbours):
    return libpysal.weights.WSP(sparse.csr_matrix(neighbours)).to_W()


@pytest.mark.filterwarnings("ignore")
def test_scores_are_esdas_to_1e_9(cells):
    _, neighbours, values = _lattice(cells, 3)
    w = _esda_weights(neighbours)
    for star, score in ((True, gi_star), (False, gi)):
        theirs = esda.G_Local(values, w, star=star, transform="b", permutations=0)
        assert np.abs(score(values, neighbours).z - theirs.Zs).max() < 1e-9
    theirs = esda.Moran_Local(values, w, permutations=0)
    ours = local_moran(values, neighbours)
    n = len(values)
    assert np.abs(ours.moran - theirs.Is).max() < 1e-9
    conditional = (theirs.Is * n / (n - 1) - theirs.EIc) / np.sqrt(theirs.VIc)
    assert np.abs(ours.z - conditional).max() < 1e-9
    names = np.array(["", "high_high", "low_high", "low_low", "high_low"])
    assert ours.quadrant.tolist() == names[theirs.q].tolist()


def test_permutation_p_is_that_of_plain_simulation(cells):
    layer, neighbours, values = _lattice(cells, 4)
    ours = permutation_p(values, neighbours, layer.rank, 4999, 2)
    rng = np.random.default_rng(7)
    seen = neighbours @ values
    for i in range(0, len(values), 7):
        k = int(np.diff(neighbours.indptr)[i])
        others = np.delete(values, i)
        sums = np.array([rng.choice(others, k, replace=False).sum() for _ in range(1500)])
        plain = min(1.0, 2 * min((sums >= seen[i]).mean(), (sums <= seen[i]).mean()))
        assert ours[i] == pytest.approx(plain, abs=0.08)


def test_permutation_p_is_the_exact_one_on_a_tiny_town():
    from itertools import permutations

    values = np.array([5.0, 1.0, 0.0, 2.0, 7.0, 3.0])
    a, b = np.array([0, 0, 1, 2, 3]), np.array([1, 2, 3, 4, 5])
    both = (np.concatenate([a, b]), np.concatenate([b, a]))
    weights = sparse.csr_array((np.ones(10), both), shape=(6, 6))
    ours = permutation_p(values, weights, np.arange(6), 20_000, 0)
    seen = weights @ values
    for i in range(6):
        others = np.delete(values, i)
        k = int(np.diff(weights.indptr)[i])
        sums = np.array([sum(order[:k]) for order in permutations(others)])
        exact = min(1.0, 2 * min((sums >= seen[i]).mean(), (sums <= seen[i]).mean()))
        assert ours[i] == pytest.approx(exact, abs=0.02)


@pytest.mark.shared
def test_the_knox_vector(shared_data):
    folder = shared_data / "peer_vectors"
    known = json.loads((folder / "peer_vectors.json").read_text())["knox"]
    rows = pd.read_csv(folder / "burkitt.csv")
    start = pd.Timestamp("2000-01-01", tz="UTC")
    events = gpd.GeoDataFrame(
        {"occurred_at": start + pd.to_timedelta(rows["T"], unit="D")},
        geometry=shapely.points(rows[["X", "Y"]].to_numpy()),
        crs=4547,
    )
    options = HotspotOptions(near_m=(20.0,), near_days=(5.0,), permutations=999)
    band = knox(events, options).bands.iloc[0]
    expected = known["expected"][0][0]
    assert band["observed"] == known["statistic"]
    # pointpats counts strictly more pairs in its Poisson p; at least as many is the p of a test
    assert stats.poisson.sf(13, expected) == pytest.approx(known["p_poisson"], abs=1e-6)
    assert band["p_poisson"] == pytest.approx(stats.poisson.sf(12, expected), abs=1e-6)
    assert band["expected"] == pytest.approx(expected, rel=0.05)


@pytest.mark.filterwarnings("ignore")
def test_knox_counts_what_pointpats_counts(make_events):
    events = make_events(150, seed=5, days=120)
    xy = shapely.get_coordinates(events.geometry.to_numpy())
    hours = (events["occurred_at"] - events["occurred_at"].min()).dt.total_seconds() / 3600
    np.random.seed(0)  # noqa: NPY002 - pointpats draws from the global stream
    theirs = pointpats.Knox(xy, hours.to_numpy()[:, None], 150.0, 240.0, permutations=99)
    options = HotspotOptions(near_m=(150.0,), near_days=(10.0,), permutations=999)
    band = knox(events, options).bands.iloc[0]
    assert band["observed"] == theirs.statistic_
    assert band["p_sim"] == pytest.approx(theirs.p_sim, abs=0.15)


def test_benjamini_hochberg_is_scipys_and_leaves_untested_cells_out():
    rng = np.random.default_rng(0)
    p = rng.random(500) ** 3
    assert np.array_equal(benjamini_hochberg(p), stats.false_discovery_control(p))
    holes = np.insert(p, [3, 100], np.nan)
    adjusted = benjamini_hochberg(holes)
    assert np.array_equal(adjusted[~np.isnan(holes)], stats.false_discovery_control(p))
    assert np.isnan(adjusted[np.isnan(holes)]).all()
