"""Where posts should stand: against brute force, and against spopt on random towns."""

from itertools import combinations

import geopandas as gpd
import numpy as np
import pytest
import shapely
from scipy.spatial.distance import cdist

from geo.coverage.siting import site_posts
from geo.errors import CrsError, FrameError, GeoError

CRS = "EPSG:4547"


def frame(xy, **columns):
    return gpd.GeoDataFrame(columns, geometry=shapely.points(np.asarray(xy, dtype=float)), crs=CRS)


def town(seed, demands=40, sites=12):
    draw = np.random.default_rng(seed)
    homes, places = draw.uniform(0, 5000, (demands, 2)), draw.uniform(0, 5000, (sites, 2))
    weight = draw.integers(1, 30, demands).astype(float)
    codes = [f"S{k:02d}" for k in draw.permutation(sites)]
    return frame(homes, weight=weight), frame(places, site_code=codes)


def matrix(demand, sites):
    return cdist(shapely.get_coordinates(demand.geometry), shapely.get_coordinates(sites.geometry))


def value(ways, weight, chosen, within, objective):
    near = ways[:, list(chosen)].min(axis=1)
    return weight[near <= within].sum() if objective == "cover" else -(near * weight).sum()


@pytest.mark.parametrize("seed", range(6))
@pytest.mark.parametrize("objective", ["cover", "nearest"])
@pytest.mark.parametrize("count", [1, 3])
def test_exact_is_the_best_of_all_choices_with_the_lowest_codes(seed, objective, count):
    demand, sites = town(seed, sites=9)
    ways, weight = matrix(demand, sites), demand["weight"].to_numpy()
    rank = sites["site_code"].rank().to_numpy()
    every = {c: value(ways, weight, c, 900.0, objective) for c in combinations(range(9), count)}
    best = max(every.values())
    equal = [c for c, v in every.items() if v >= best - 1e-6]
    told = site_posts(demand, sites, count, 900.0, objective=objective)
    chosen = tuple(np.flatnonzero(sites["site_code"].isin(told.chosen)))
    assert value(ways, weight, chosen, 900.0, objective) == pytest.approx(best)
    assert (told.method, told.optimal, told.gap, told.ties) == ("exact", True, 0.0, "lowest_codes")
    assert rank[list(chosen)].sum() == min(rank[list(c)].sum() for c in equal)
    near = ways[:, list(chosen)].min(axis=1)
    assert told.covered == weight[near <= 900.0].sum()
    assert told.total == weight.sum()
    assert told.mean_distance_m == pytest.approx((near * weight).sum() / weight.sum())


@pytest.mark.slow
@pytest.mark.filterwarnings("ignore")  # of the peer and its solver
@pytest.mark.parametrize("seed", range(3))
def test_exact_is_what_spopt_finds(seed):
    import pulp
    from spopt.locate import MCLP, PMedian

    demand, sites = town(seed, 150, 25)
    ways, weight = matrix(demand, sites), demand["weight"].to_numpy()
    solver = pulp.PULP_CBC_CMD(msg=False)
    cover = MCLP.from_cost_matrix(ways, weight, 700.0, p_facilities=4).solve(solver)
    told = site_posts(demand, sites, 4, 700.0)
    assert told.covered == pytest.approx(cover.problem.objective.value())
    median = PMedian.from_cost_matrix(ways, weight, p_facilities=4).solve(solver)
    told = site_posts(demand, sites, 4, 700.0, objective="nearest")
    assert told.mean_distance_m * told.total == pytest.approx(median.problem.objective.value())


@pytest.mark.parametrize("objective", ["cover", "nearest"])
def test_greedy_only_when_told_and_never_better(objective):
    worse = 0
    for seed in range(8):
        demand, sites = town(seed, 60, 14)
        exact = site_posts(demand, sites, 3, 1500.0, objective=objective)
        quick = site_posts(demand, sites, 3, 1500.0, objective=objective, solver="greedy")
        assert (exact.method, quick.method) == ("exact", "greedy")
        assert (quick.optimal, quick.gap, quick.ties) == (False, None, "greedy")
        if objective == "cover":
            assert quick.covered <= exact.covered
            worse += quick.covered < exact.covered
        else:
            assert quick.mean_distance_m >= exact.mean_distance_m - 1e-9
            worse += quick.mean_distance_m > exact.mean_distance_m + 1e-9
    assert worse > 0


def test_the_order_of_rows_changes_nothing():
    demand, sites = town(3)
    twisted = sites.sample(frac=1.0, random_state=1), demand.sample(frac=1.0, random_state=2)
    for objective in ("cover", "nearest"):
        first = site_posts(demand, sites, 3, 900.0, objective=objective)
        assert site_posts(twisted[1], twisted[0], 3, 900.0, objective=objective).chosen == (
            first.chosen
        )


def test_existing_posts_stay_and_what_they_cover_is_covered():
    demand = frame([[0, 0], [10, 0], [5000, 0], [9000, 0]], weight=[50.0, 50.0, 10.0, 5.0])
    sites = frame([[0, 0], [5000, 0], [9000, 0]], site_code=["a", "b", "c"])
    assert site_posts(demand, sites, 1, 100.0).chosen == ("a",)
    held = site_posts(demand, sites, 1, 100.0, existing=frame([[5, 0]]))
    assert (held.chosen, held.covered) == (("b",), 110.0)
    near = site_posts(demand, sites, 1, 100.0, objective="nearest", existing=frame([[5, 0]]))
    assert near.chosen == ("b",)
    assert near.mean_distance_m == pytest.approx((50 * 5 * 2 + 4000 * 5) / 115)


def test_a_matrix_takes_the_place_of_points():
    demand = gpd.GeoDataFrame({"weight": [1.0, 2.0, 4.0]}, geometry=[None] * 3)
    sites = gpd.GeoDataFrame({"site_code": ["b", "a"]}, geometry=[None] * 2)
    ways = np.array([[10.0, 900.0], [900.0, 10.0], [np.nan, 10.0]])
    told = site_posts(demand, sites, 1, 100.0, distances=ways)
    assert (told.chosen, told.covered, told.total) == (("a",), 6.0, 7.0)
    assert told.mean_distance_m == pytest.approx(960.0 / 7.0)
    with pytest.raises(GeoError, match="unreachable_demand"):
        site_posts(demand, sites, 1, 100.0, objective="nearest", distances=ways)
    for bad in (ways[:2], ways[:, :1], -ways):
        with pytest.raises(FrameError, match="bad_matrix"):
            site_posts(demand, sites, 1, 100.0, distances=bad)


def test_what_lies_nowhere_is_left_out_and_counted():
    demand = frame([[0, 0], [0, 0]], weight=[1.0, 2.0])
    demand.geometry = [shapely.Point(0, 0), None]
    sites = frame([[0, 0], [0, 0]], site_code=["b", "a"])
    told = site_posts(demand, sites, 1, 10.0)
    assert (told.chosen, told.covered, told.total, told.unlocated) == (("a",), 1.0, 1.0, 2.0)


def test_nothing_can_be_covered_and_it_says_so():
    told = site_posts(*town(1), 2, 0.001)
    assert (told.covered, told.share, told.optimal) == (0.0, 0.0, True)
    assert told.chosen == ("S00", "S01")


def test_no_time_is_said_honestly():
    draw = np.random.default_rng(2)
    demand = frame(draw.uniform(0, 9000, (1500, 2)))
    sites = frame(draw.uniform(0, 9000, (300, 2)), site_code=[f"{k:03d}" for k in range(300)])
    told = site_posts(demand, sites, 25, 500.0, time_limit_s=0.2)
    assert len(told.chosen) == 25
    assert told.optimal or told.gap > 0
    with pytest.raises(GeoError, match="siting_out_of_time"):
        site_posts(demand, sites, 25, 500.0, time_limit_s=1e-9)


def test_questions_that_make_no_sense_are_refused():
    demand, sites = town(1)
    for count in (0, -1, 13):
        with pytest.raises(GeoError, match="too_many_posts"):
            site_posts(demand, sites, count, 900.0)
    with pytest.raises(GeoError, match="bad_reach"):
        site_posts(demand, sites, 1, 0.0)
    with pytest.raises(FrameError, match="no_demand"):
        site_posts(demand.iloc[:0], sites, 1, 900.0)
    with pytest.raises(FrameError, match="no_demand"):
        site_posts(demand.assign(weight=0.0), sites, 1, 900.0)
    with pytest.raises(FrameError, match="no_sites"):
        site_posts(demand, sites.iloc[:0], 1, 900.0)
    with pytest.raises(FrameError, match="duplicate_codes"):
        site_posts(demand, sites.assign(site_code="x"), 1, 900.0)
    with pytest.raises(GeoError, match="bad_weights"):
        site_posts(demand.assign(weight=-1.0), sites, 1, 900.0)
    with pytest.raises(CrsError, match="needs_metres"):
        site_posts(demand.set_crs(4326, allow_override=True), sites, 1, 900.0)
    big = frame(np.random.default_rng(1).uniform(0, 9, (600_000, 2)))
    with pytest.raises(GeoError, match="siting_too_large"):
        site_posts(big, sites, 1, 900.0, objective="nearest")
