"""Compare nearest posts, area within reach and siting with the tools users have.

Run: `.venv/bin/python benchmarks/reach.py [--quick] [--rounds 5]
[--points 1000000] [--posts 2000] [--without-siting]`.
Peers: `geopandas.sjoin_nearest`, shapely `buffer` + `union_all` (16 segments a quarter, its
default, and the area clipped), `spopt` MCLP and PMedian with its own solver. Everything runs in one
process and one thread, interleaved; CPU is that of the thread (of the process and its children for
siting, whose solvers have their own), medians. Answers are compared before anything is printed.
"""

import argparse
import sys
import warnings
from pathlib import Path

import geopandas as gpd
import numpy as np
import shapely
from scipy.spatial.distance import cdist

HERE = Path(__file__).resolve().parent
sys.path[:0] = [str(HERE.parent), str(HERE)]

from timing import (  # noqa: E402 - it stands beside this file
    Job,
    interleaved,
    largest_difference,
    print_bar,
    print_table,
    print_versions,
)

from geo.coverage import area_within, nearest_post  # noqa: E402 - the checkout, not an installed copy
from geo.coverage.siting import site_posts  # noqa: E402 - as above

CRS = "EPSG:4547"
SIDE_M = 60_000.0
WITHIN_M = 800.0
LIMIT = 1e-5


def race(title: str, works: dict[str, Job], rounds: int, limit: float | None = None) -> None:
    """Time ours and the peer in turns and print them; without a bar solvers of their own count."""
    ours, peer = works
    taken = interleaved(works, rounds, threaded=tuple(works) if limit is None else ())
    print_table(title, taken, ours, {})
    if limit is not None:
        print_bar(f"{ours}, against {peer}", taken[peer].cpu_s / taken[ours].cpu_s, limit,
                  at_least=True)  # fmt: skip


def town(points: int, posts: int) -> tuple[gpd.GeoDataFrame, gpd.GeoDataFrame]:
    """Draw points, four fifths of them in clusters of very different size, and posts."""
    draw = np.random.default_rng(7)
    centres = draw.uniform(0, SIDE_M, (400, 2))
    share = draw.pareto(1.2, 400) + 0.1
    many = int(points * 0.8)
    near = centres[draw.choice(400, many, p=share / share.sum())] + draw.normal(0, 600, (many, 2))
    xy = np.vstack([near, draw.uniform(0, SIDE_M, (points - many, 2))])
    draw.shuffle(xy)
    places = draw.uniform(0, SIDE_M, (posts, 2))
    codes = [f"P{k:06d}" for k in draw.permutation(posts)]
    return (
        gpd.GeoDataFrame(geometry=shapely.points(xy), crs=CRS),
        gpd.GeoDataFrame({"post_code": codes}, geometry=shapely.points(places), crs=CRS),
    )


def compare_nearest(points: gpd.GeoDataFrame, posts: gpd.GeoDataFrame, rounds: int) -> None:
    """Race the nearest post of every point."""
    ours = nearest_post(points, posts)
    peer = gpd.sjoin_nearest(points, posts, distance_col="m")
    peer = peer[~peer.index.duplicated()].sort_index()
    same = float((peer["post_code"].to_numpy() == ours.codes()).mean())
    off = largest_difference(peer["m"].to_numpy(), ours.distance_m)
    works = {
        "nearest_post": lambda: nearest_post(points, posts),
        "geopandas.sjoin_nearest": lambda: gpd.sjoin_nearest(points, posts, distance_col="m"),
    }
    title = f"nearest, {len(points):,} x {len(posts):,}; same post {same:.6f}, most off {off:.1e} m"
    race(title, works, rounds, 5.0)


def compare_area(posts: gpd.GeoDataFrame, shape: shapely.Polygon, what: str, rounds: int) -> None:
    """Race the area within reach, and measure both against a circle of 2,048 segments."""
    area = gpd.GeoDataFrame(geometry=[shape], crs=CRS)
    places = posts.geometry.to_numpy()

    def drawn(segments: int) -> float:
        discs = shapely.union_all(shapely.buffer(places, WITHIN_M, quad_segs=segments))
        return float(shapely.area(shapely.intersection(discs, shape)))

    ours = area_within(posts, WITHIN_M, area)
    turn = 2.0 * np.pi / (4 * 512)
    fine = drawn(512) * turn / np.sin(turn)  # a polygon in a circle, blown up to its area
    works = {
        "area_within": lambda: area_within(posts, WITHIN_M, area),
        "shapely buffer + union_all": lambda: drawn(16),
    }
    off, peer_off = ours.within_m2 / fine - 1.0, drawn(16) / fine - 1.0
    if abs(off) > LIMIT:
        raise SystemExit(f"area is off by {off}")
    title = f"area within {WITHIN_M:g} m of {len(posts):,} posts, {what}"
    race(title, works, rounds, 15.0)
    print(f"off the fine polygons: ours {off:.1e}, peer {peer_off:.1e}; own bound "
          f"{ours.error_m2 / ours.within_m2:.1e}")  # fmt: skip


def compare_siting(demands: int, sites: int, count: int, rounds: int) -> None:
    """Race maximal covering and the p-median, matrix included for both."""
    import pulp
    from spopt.locate import MCLP, PMedian

    draw = np.random.default_rng(11)
    homes, places = draw.uniform(0, 9000, (demands, 2)), draw.uniform(0, 9000, (sites, 2))
    weight = draw.integers(1, 90, demands).astype(float)
    codes = [f"S{k:04d}" for k in range(sites)]
    demand = gpd.GeoDataFrame({"weight": weight}, geometry=shapely.points(homes), crs=CRS)
    spots = gpd.GeoDataFrame({"site_code": codes}, geometry=shapely.points(places), crs=CRS)
    solver = pulp.PULP_CBC_CMD(msg=False)
    kept: dict[str, float] = {}

    def keep(name: str, value: float) -> None:
        kept[name] = value

    def cover() -> None:
        keep("cover", site_posts(demand, spots, count, WITHIN_M).covered)

    def peer_cover() -> None:
        model = MCLP.from_cost_matrix(cdist(homes, places), weight, WITHIN_M, p_facilities=count)
        keep("peer cover", model.solve(solver).problem.objective.value())

    def median() -> None:
        found = site_posts(demand, spots, count, WITHIN_M, objective="nearest")
        keep("median", (found.mean_distance_m or 0.0) * found.total)

    def peer_median() -> None:
        model = PMedian.from_cost_matrix(cdist(homes, places), weight, p_facilities=count)
        keep("peer median", model.solve(solver).problem.objective.value())

    size = f"{demands:,} x {sites:,}, {count} posts"
    race(f"maximal covering, {size}", {"site_posts": cover, "spopt MCLP": peer_cover}, rounds)
    race(f"p-median, {size}", {"site_posts": median, "spopt PMedian": peer_median}, rounds)
    for name in ("cover", "median"):
        if not np.isclose(kept[name], kept[f"peer {name}"], rtol=1e-7):
            raise SystemExit(f"{name}: {kept[name]} against {kept[f'peer {name}']}")
    print(f"same optima: covered {kept['cover']:g}, weighted metres {kept['median']:g}")


def main() -> None:
    """Run the three races and print their tables."""
    asked = argparse.ArgumentParser(description=__doc__)
    asked.add_argument("--quick", action="store_true", help="fewer points, three rounds")
    asked.add_argument("--rounds", type=int)
    asked.add_argument("--points", type=int)
    asked.add_argument("--posts", type=int, default=2_000)
    asked.add_argument("--without-siting", action="store_true")
    given = asked.parse_args()
    rounds = given.rounds or (3 if given.quick else 5)
    warnings.simplefilter("ignore")
    print_versions("numpy", "scipy", "shapely", "geopandas", "spopt", "pulp")
    points, posts = town(given.points or (200_000 if given.quick else 1_000_000), given.posts)
    compare_nearest(points, posts, rounds)
    whole = shapely.box(0, 0, SIDE_M, SIDE_M)
    compare_area(posts, whole, "a square", rounds)
    angle = np.linspace(0, 2 * np.pi, 4_000, endpoint=False)
    away = 25_000 + 3_000 * np.sin(9 * angle) + np.random.default_rng(1).normal(0, 20, 4_000)
    ring = SIDE_M / 2 + away[:, None] * np.column_stack([np.cos(angle), np.sin(angle)])
    edge = shapely.Polygon(ring).difference(shapely.box(20_000, 20_000, 25_000, 32_000))
    compare_area(posts, edge, "an outline of 4,000 vertices with a hole", rounds)
    if not given.without_siting:
        compare_siting(800, 40, 6, rounds)


if __name__ == "__main__":
    main()
