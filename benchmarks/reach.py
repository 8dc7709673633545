"""Compare nearest posts, area within reach and siting with the tools users have.

Run: `.venv/bin/python benchmarks/reach.py [--rounds 5] [--points 1000000] [--posts 2000]`.
Peers: `geopandas.sjoin_nearest`, shapely `buffer` + `union_all` (16 segments a quarter, its
default, and the area clipped), `spopt` MCLP and PMedian with its own solver. Everything runs in one
process and one thread, interleaved; CPU is that of the thread (of the process and its children for
siting, whose solvers have their own), medians. Answers are compared before anything is printed.
"""

import argparse
import os
import statistics
import sys
import time
import warnings
from collections.abc import Callable
from importlib.metadata import version
from pathlib import Path

import geopandas as gpd
import numpy as np
import shapely
from scipy.spatial.distance import cdist

ROOT = Path(__file__).resolve().parent.parent
sys.path.insert(0, str(ROOT))

from geo.coverage import area_within, nearest_post  # noqa: E402 - the checkout, not an installed copy
from geo.coverage.siting import site_posts  # noqa: E402

CRS = "EPSG:4547"
SIDE_M = 60_000.0
WITHIN_M = 800.0
VERSIONS = ("numpy", "scipy", "shapely", "geopandas", "spopt", "pulp")
LIMIT = 1e-5


def thread_s() -> float:
    """Give CPU seconds of this thread."""
    return time.thread_time()


def family_s() -> float:
    """Give CPU seconds of this process and of children that ended."""
    used = os.times()
    return used.user + used.system + used.children_user + used.children_system


def race(
    works: dict[str, Callable[[], object]], rounds: int, cpu: Callable[[], float] = thread_s
) -> dict[str, tuple[float, float]]:
    """Run all works in turn, `rounds` times after one for warmth; medians of wall and CPU."""
    walls: dict[str, list[float]] = {name: [] for name in works}
    cpus: dict[str, list[float]] = {name: [] for name in works}
    for turn in range(rounds + 1):
        for name, work in works.items():
            start, used = time.perf_counter(), cpu()
            work()
            if turn:
                walls[name].append(time.perf_counter() - start)
                cpus[name].append(cpu() - used)
    return {n: (statistics.median(walls[n]), statistics.median(cpus[n])) for n in works}


def told(title: str, found: dict[str, tuple[float, float]], bar: str) -> None:
    """Print one table; the first row is ours."""
    first = next(iter(found.values()))
    print(f"\n{title} (bar {bar})")
    print(f"{'':34}{'wall ms':>10}{'CPU ms':>10}{'wall x':>9}{'CPU x':>9}")
    for name, (wall, cpu) in found.items():
        ratios = f"{wall / first[0]:>9.1f}{cpu / max(first[1], 1e-9):>9.1f}"
        print(f"{name:34}{1000 * wall:>10.1f}{1000 * cpu:>10.1f}{ratios}")


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
    off = float(np.abs(peer["m"].to_numpy() - ours.distance_m).max())
    works = {
        "nearest_post": lambda: nearest_post(points, posts),
        "geopandas.sjoin_nearest": lambda: gpd.sjoin_nearest(points, posts, distance_col="m"),
    }
    title = f"nearest, {len(points):,} x {len(posts):,}; same post {same:.6f}, most off {off:.1e} m"
    told(title, race(works, rounds), ">= 5 x")


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
    told(title, race(works, rounds), ">= 15 x")
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
    found = race({"site_posts": cover, "spopt MCLP": peer_cover}, rounds, family_s)
    told(f"maximal covering, {size}", found, "same optimum")
    found = race({"site_posts": median, "spopt PMedian": peer_median}, rounds, family_s)
    told(f"p-median, {size}", found, "same optimum")
    for name in ("cover", "median"):
        if not np.isclose(kept[name], kept[f"peer {name}"], rtol=1e-7):
            raise SystemExit(f"{name}: {kept[name]} against {kept[f'peer {name}']}")
    print(f"same optima: covered {kept['cover']:g}, weighted metres {kept['median']:g}")


def main() -> None:
    """Run the three races and print their tables."""
    asked = argparse.ArgumentParser(description=__doc__)
    asked.add_argument("--rounds", type=int, default=5)
    asked.add_argument("--points", type=int, default=1_000_000)
    asked.add_argument("--posts", type=int, default=2_000)
    asked.add_argument("--without-siting", action="store_true")
    given = asked.parse_args()
    warnings.simplefilter("ignore")
    print(", ".join(f"{name} {version(name)}" for name in VERSIONS))
    points, posts = town(given.points, given.posts)
    compare_nearest(points, posts, given.rounds)
    whole = shapely.box(0, 0, SIDE_M, SIDE_M)
    compare_area(posts, whole, "a square", given.rounds)
    angle = np.linspace(0, 2 * np.pi, 4_000, endpoint=False)
    away = 25_000 + 3_000 * np.sin(9 * angle) + np.random.default_rng(1).normal(0, 20, 4_000)
    ring = SIDE_M / 2 + away[:, None] * np.column_stack([np.cos(angle), np.sin(angle)])
    edge = shapely.Polygon(ring).difference(shapely.box(20_000, 20_000, 25_000, 32_000))
    compare_area(posts, edge, "an outline of 4,000 vertices with a hole", given.rounds)
    if not given.without_siting:
        compare_siting(800, 40, 6, given.rounds)


if __name__ == "__main__":
    main()
