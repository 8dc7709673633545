"""Join a million points to grids beside every peer, and drag a border over ten million.

Run: `python benchmarks/join.py [--quick] [--points N] [--grids N N] [--many N] [--rounds N]
[--only joins|stream|build|memory|drag]`. Grids of about 48 vertices, neighbours sharing ragged
borders; 80 % of the points in clusters. Peers take turns, everything prepared before (trees,
tables, prepared polygons); medians. CPU is of the calling thread, and of the process for peers with
threads of their own. A point on no border falls the same for all: `other pairs` counts the rest.
Building ends with the faults known; the key is worked out when it is asked for.
"""

import argparse
import sys
from importlib.util import find_spec
from pathlib import Path

HERE = Path(__file__).resolve().parent
sys.path[:0] = [str(HERE.parent), str(HERE)]

import numpy as np  # noqa: E402 - the checkout, not an installed copy
from drag import drag  # noqa: E402 - it stands beside this file
from join_peers import THREADED, differences, peers  # noqa: E402 - as above
from memory import print_memory  # noqa: E402 - as above
from tilings import clustered_points, morton_sorted, ragged_tiling  # noqa: E402 - as above
from timing import interleaved, print_bar, print_table, print_versions  # noqa: E402 - as above

from geo.index import TilingIndex, build_index  # noqa: E402 - the checkout

NUMPY, COMPILED = "ours, NumPy", "ours, compiled"
SJOIN = "geopandas.sjoin intersects"
HAS_NUMBA = find_spec("numba") is not None
PARTS = ("joins", "stream", "build", "memory", "drag")


def main() -> None:
    """Measure what is asked for and print tables and bars."""
    given = _arguments()
    wanted = PARTS if given.only is None else (given.only,)
    print_versions(
        "numpy", "numba", "shapely", "geopandas", "sedonadb", "duckdb", "duckdb-extension-spatial"
    )
    for n_grids in given.grids:
        if "joins" in wanted:
            _joins(n_grids, given.points, given.rounds)
    most = max(given.grids)
    polygons = ragged_tiling(most)
    if "build" in wanted:
        _build(polygons, given.points, given.rounds)
    if "memory" in wanted:
        print_memory(min(given.grids), given.points)
    if not {"stream", "drag"} & set(wanted):
        return
    indexes = _indexes(polygons)
    x, y = morton_sorted(*clustered_points(given.many, seed=1))
    if "stream" in wanted:
        _stream(indexes, (x, y), given.rounds)
    if "drag" in wanted:
        for name, index in indexes.items():
            limit = 5.0 if name == COMPILED else 20.0
            drag(name, polygons, index, (x, y), limit)


def _arguments() -> argparse.Namespace:
    asked = argparse.ArgumentParser(description=__doc__)
    asked.add_argument("--quick", action="store_true", help="small sizes, three rounds")
    asked.add_argument("--points", type=int)
    asked.add_argument("--grids", type=int, nargs="+")
    asked.add_argument("--many", type=int, help="points of the stream and of the drag")
    asked.add_argument("--rounds", type=int)
    asked.add_argument("--only", choices=PARTS)
    given = asked.parse_args()
    small = given.quick
    given.points = given.points or (200_000 if small else 1_000_000)
    given.grids = given.grids or ([2_700, 10_000] if small else [2_700, 60_000])
    given.many = given.many or (2_000_000 if small else 10_000_000)
    given.rounds = given.rounds or (3 if small else 5)
    return given


def _codes(n: int) -> np.ndarray:
    return np.array([f"{k:06d}" for k in range(n)], dtype=object)


def _indexes(polygons: np.ndarray) -> dict[str, TilingIndex]:
    codes = _codes(len(polygons))
    found = {NUMPY: build_index(polygons, codes)}
    if HAS_NUMBA:
        found[COMPILED] = build_index(polygons, codes, use_compiled=True)
    return found


def _joins(n_grids: int, n_points: int, rounds: int) -> None:
    polygons = ragged_tiling(n_grids)
    x, y = clustered_points(n_points)
    indexes = _indexes(polygons)
    jobs = {name: (lambda own=own: own.locate(x, y)) for name, own in indexes.items()}
    others = peers(polygons, x, y)
    rows = indexes[NUMPY].locate(x, y)
    notes = {name: f"{differences(job(), rows)} other pairs" for name, job in others.items()}
    for name, own in indexes.items():
        notes[name] = f"{int((own.locate(x, y) != rows).sum())} other rows"
    taken = interleaved({**jobs, **others}, rounds, threaded=THREADED)
    title = f"{n_points:,} points x {n_grids:,} grids, medians of {rounds}"
    print_table(title, taken, NUMPY, notes)
    best = min(others, key=lambda name: taken[name].cpu_s)
    for name, of_sjoin, of_best in ((NUMPY, 35, 13), (COMPILED, 50, 25)):
        if name in taken:
            own_s = taken[name].cpu_s
            print_bar(f"{name}, against {SJOIN}", taken[SJOIN].cpu_s / own_s, of_sjoin,
                      at_least=True)  # fmt: skip
            print_bar(f"{name}, against the best peer ({best})", taken[best].cpu_s / own_s,
                      of_best, at_least=True)  # fmt: skip


def _build(polygons: np.ndarray, n_points: int, rounds: int) -> None:
    import geopandas as gpd
    import shapely

    codes = _codes(len(polygons))
    grids = gpd.GeoDataFrame({"g": np.arange(len(polygons))}, geometry=polygons)
    places = gpd.GeoDataFrame(geometry=shapely.points(*clustered_points(n_points)))
    jobs = {SJOIN: lambda: gpd.sjoin(places, grids, predicate="intersects"),
            NUMPY: lambda: build_index(polygons, codes).faults}  # fmt: skip
    if HAS_NUMBA:
        jobs[COMPILED] = lambda: build_index(polygons, codes, use_compiled=True).faults
    taken = interleaved(jobs, min(rounds, 3))
    print_table(f"building the index of {len(polygons):,} grids beside one join of "
                f"{n_points:,} points", taken, SJOIN, {})  # fmt: skip
    for name, limit in ((NUMPY, 1.0), (COMPILED, 0.4)):
        if name in taken:
            share = taken[name].cpu_s / taken[SJOIN].cpu_s
            print_bar(f"building, {name}, against one sjoin", share, limit, at_least=False)


def _stream(
    indexes: dict[str, TilingIndex], xy: tuple[np.ndarray, np.ndarray], rounds: int
) -> None:
    x, y = xy
    jobs = {"sum of the coordinates": lambda: x.sum() + y.sum()}
    jobs |= {name: (lambda own=own: own.locate(x, y)) for name, own in indexes.items()}
    taken = interleaved(jobs, rounds)
    print_table(f"{len(x):,} Morton-sorted points x {len(indexes[NUMPY]):,} grids", taken,
                "sum of the coordinates", {})  # fmt: skip
    base = taken["sum of the coordinates"].cpu_s
    for name, limit in ((NUMPY, 45.0), (COMPILED, 15.0)):
        if name in taken:
            print_bar(f"{name}, against streaming", taken[name].cpu_s / base, limit,
                      at_least=False)  # fmt: skip


if __name__ == "__main__":
    main()
