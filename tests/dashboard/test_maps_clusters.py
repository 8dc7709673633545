import numpy as np
import pytest

from dashboard.maps.clusters import ClusterOptions, Lattice, cluster_layer, cluster_levels

RNG = np.random.default_rng(7)
LON = RNG.normal(116.4, 0.1, 20_000)
LAT = RNG.normal(39.9, 0.1, 20_000)


def test_counts_of_each_level_add_up_and_levels_grow():
    levels = cluster_levels(LON, LAT, ClusterOptions())
    assert [int(level.count.sum()) for level in levels] == [20_000] * len(levels)
    sizes = [level.count.size for level in levels]
    assert sizes == sorted(set(sizes))
    assert [level.zoom for level in levels] == sorted({level.zoom for level in levels})


def test_no_level_is_larger_than_allowed():
    levels = cluster_levels(LON, LAT, ClusterOptions(max_cells=100))
    assert max(level.count.size for level in levels) <= 100
    assert max(level.count.size for level in cluster_levels(LON, LAT, ClusterOptions())) > 1000


def test_the_order_of_points_does_not_matter():
    order = RNG.permutation(LON.size)
    one = cluster_levels(LON, LAT, ClusterOptions())
    other = cluster_levels(LON[order], LAT[order], ClusterOptions())
    for a, b in zip(one, other, strict=True):
        assert (a.count == b.count).all()
        np.testing.assert_allclose(a.lon, b.lon, atol=1e-9)


def test_a_centre_is_the_mean_of_its_points():
    lon, lat = np.array([10.0, 10.2, 50.0]), np.array([5.0, 5.2, 5.0])
    level = cluster_levels(lon, lat, ClusterOptions(min_zoom=3, max_zoom=3))[0]
    assert sorted(zip(level.lon.round(9), level.lat.round(9), level.count, strict=True)) == [
        (10.1, 5.1, 2),
        (50.0, 5.0, 1),
    ]


def test_far_away_and_wrong_points():
    poles = cluster_levels(np.array([180.0, -180.0]), np.array([90.0, -90.0]), ClusterOptions())
    assert poles[-1].count.sum() == 2
    assert cluster_levels(LON[:0], LAT[:0], ClusterOptions())[0].count.size == 0
    with pytest.raises(ValueError, match="finite"):
        cluster_levels(np.array([np.nan]), np.array([1.0]), ClusterOptions())


def test_a_layer_carries_from_where_points_are_shown():
    layer = cluster_layer(
        LON, LAT, layer_id="i", title="I", options=ClusterOptions(points_from_zoom=15)
    )
    assert (layer.id, layer.points_from_zoom) == ("i", 15)


def test_a_choice_of_points_clusters_as_if_the_others_were_not_there():
    draw = np.random.default_rng(5)
    for options in (ClusterOptions(), ClusterOptions(max_cells=100), ClusterOptions(cell_bits=0)):
        lattice = Lattice(LON, LAT, options)
        for share in (0.0, 0.001, 0.3, 1.0):
            chosen = draw.random(len(LON)) < share
            for one, other in zip(
                lattice.levels(chosen), cluster_levels(LON[chosen], LAT[chosen], options),
                strict=True,
            ):  # fmt: skip
                assert one.zoom == other.zoom
                np.testing.assert_array_equal(one.count, other.count)
                np.testing.assert_allclose(one.lon, other.lon, atol=1e-12)
                np.testing.assert_allclose(one.lat, other.lat, atol=1e-12)


def test_points_without_coordinates_are_in_no_cluster():
    lon, lat = LON.copy(), LAT.copy()
    lon[:10] = np.nan
    levels = Lattice(lon, lat, ClusterOptions()).levels()
    assert {int(level.count.sum()) for level in levels} == {len(LON) - 10}
