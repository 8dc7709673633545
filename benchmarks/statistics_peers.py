"""Time the hotspot statistics beside KDEpy, esda, pointpats and libpysal, and compare the answers.

Run: `python benchmarks/statistics_peers.py [--quick] [--rounds N] [--only PART]`, PART one of kde,
gistar, knox, contiguity. Peers take turns; medians; CPU of the calling thread. What can be asked
with again is prepared before: weights for esda, and the index for contiguity where that is said.
"""

import argparse
import sys
import warnings
from pathlib import Path

HERE = Path(__file__).resolve().parent
sys.path[:0] = [str(HERE.parent), str(HERE)]

import geopandas as gpd  # noqa: E402 - the checkout, not an installed copy
import numpy as np  # noqa: E402 - as above
import shapely  # noqa: E402 - as above
from scipy import sparse  # noqa: E402 - as above
from tilings import clustered_points, ragged_tiling  # noqa: E402 - it stands beside this file
from timing import (  # noqa: E402 - as above
    interleaved,
    largest_difference,
    print_bar,
    print_table,
    print_versions,
)

from geo.hotspots import (  # noqa: E402 - the checkout
    HotspotOptions,
    Kernel,
    Knox,
    Raster,
    density_on_raster,
    knox_of_points,
)
from geo.hotspots.local_g import gi_star, permutation_p  # noqa: E402 - as above
from geo.index import build_index  # noqa: E402 - as above

SIDE_M = 20_000.0
BANDWIDTH_M = 400.0
PARTS = ("kde", "gistar", "knox", "contiguity")
OURS = "ours"


def main() -> None:
    """Measure what is asked for and print tables and bars."""
    asked = argparse.ArgumentParser(description=__doc__)
    asked.add_argument("--quick", action="store_true", help="small sizes, three rounds")
    asked.add_argument("--rounds", type=int)
    asked.add_argument("--only", choices=PARTS)
    given = asked.parse_args()
    rounds = given.rounds or (3 if given.quick else 5)
    wanted = PARTS if given.only is None else (given.only,)
    warnings.simplefilter("ignore")  # of the peers
    print_versions("numpy", "scipy", "kdepy", "esda", "libpysal", "pointpats", "numba", "geopandas")
    if "kde" in wanted:
        _kde(100_000 if given.quick else 1_000_000, 512, rounds)
    if "gistar" in wanted:
        _gistar(2_500 if given.quick else 10_000, rounds)
    if "knox" in wanted:
        _knox(500 if given.quick else 2_000, rounds)
    if "contiguity" in wanted:
        _contiguity(2_500 if given.quick else 10_000, rounds)


def _kde(n: int, size: int, rounds: int) -> None:
    from KDEpy import FFTKDE

    x, y = (values * SIDE_M for values in clustered_points(n))
    inside = (np.minimum(x, y) > 0.0) & (np.maximum(x, y) < SIDE_M)
    x, y = x[inside], y[inside]
    raster = Raster(0.0, 0.0, SIDE_M / size, size, size)
    axis = np.linspace(-1.0, SIDE_M + 1.0, size)
    grid = np.stack(np.meshgrid(axis, axis, indexing="ij"), axis=-1).reshape(-1, 2)
    xy = np.column_stack([x, y])

    def theirs() -> np.ndarray:
        return FFTKDE(kernel="gaussian", bw=BANDWIDTH_M).fit(xy).evaluate(grid) * len(xy)

    jobs = {f"{OURS}, {kernel.value}": (
        lambda kernel=kernel: density_on_raster(x, y, raster, BANDWIDTH_M, kernel)
    ) for kernel in (Kernel.GAUSSIAN, Kernel.QUARTIC)}  # fmt: skip
    jobs["KDEpy FFTKDE, gaussian"] = theirs
    rng = np.random.default_rng(0)
    chosen = rng.choice(size * size, 400, replace=False)
    row, column = np.divmod(chosen, size)
    nodes = (np.column_stack([column, row]) + 0.5) * raster.pixel_m
    errors = {}
    for kernel in (Kernel.GAUSSIAN, Kernel.QUARTIC):
        found = density_on_raster(x, y, raster, BANDWIDTH_M, kernel)
        exact = _direct(xy, nodes, kernel)
        difference = largest_difference(found.per_m2.reshape(-1)[chosen], exact)
        errors[f"{OURS}, {kernel.value}"] = difference / found.per_m2.max()
    said = theirs()
    difference = largest_difference(said[chosen], _direct(xy, grid[chosen], Kernel.GAUSSIAN))
    errors["KDEpy FFTKDE, gaussian"] = difference / said.max()
    taken = interleaved(jobs, rounds)
    notes = {name: f"error {share:.1e} of the maximum" for name, share in errors.items()}
    gaussian = f"{OURS}, gaussian"
    print_table(f"Density of {len(x):,} points on {size} x {size}, bandwidth {BANDWIDTH_M:g} m",
                taken, gaussian, notes)  # fmt: skip
    faster = taken["KDEpy FFTKDE, gaussian"].cpu_s / taken[gaussian].cpu_s
    print_bar("Gaussian, error against the direct sum", errors[gaussian], 1e-5, at_least=False)
    print_bar("quartic, error", errors[f"{OURS}, quartic"], 1e-3, at_least=False)
    print_bar("Gaussian, against KDEpy", faster, 1.0, at_least=True)


def _direct(xy: np.ndarray, nodes: np.ndarray, kernel: Kernel) -> np.ndarray:
    """Sum every event's kernel at every node."""
    total = np.empty(len(nodes))
    for k, node in enumerate(nodes):
        square = ((xy - node) ** 2).sum(axis=1) / BANDWIDTH_M**2
        if kernel is Kernel.GAUSSIAN:
            total[k] = np.exp(-square / 2.0).sum() / (2.0 * np.pi * BANDWIDTH_M**2)
        else:
            near = square[square < 1.0]
            total[k] = 3.0 / (np.pi * BANDWIDTH_M**2) * ((1.0 - near) ** 2).sum()
    return total


def _gistar(n: int, rounds: int) -> None:
    import esda
    import libpysal

    polygons = ragged_tiling(n, halvings=2)
    borders = build_index(polygons, _codes(n)).borders()
    ends = (np.append(borders.a, borders.b), np.append(borders.b, borders.a))
    neighbours = sparse.csr_array((np.ones(len(ends[0])), ends), shape=(n, n))
    weights = libpysal.weights.WSP(sparse.csr_matrix(neighbours)).to_W()
    values = np.random.default_rng(3).poisson(6.0, n).astype(np.float64)

    def theirs(permutations: int) -> esda.G_Local:
        return esda.G_Local(values, weights, star=True, transform="b", permutations=permutations,
                            n_jobs=1)  # fmt: skip

    jobs = {OURS: lambda: gi_star(values, neighbours), "esda G_Local": lambda: theirs(0)}
    apart = largest_difference(gi_star(values, neighbours).z, theirs(0).Zs)
    taken = interleaved(jobs, rounds)
    print_table(f"Gi* of {n:,} cells, by formula", taken, OURS, {OURS: f"apart {apart:.1e}"})
    print_bar("Gi*, against esda", taken["esda G_Local"].cpu_s / taken[OURS].cpu_s, 150.0,
              at_least=True)  # fmt: skip
    print_bar("Gi*, largest difference from esda", apart, 1e-9, at_least=False)
    rank = np.arange(n)
    jobs = {OURS: lambda: permutation_p(values, neighbours, rank, 999, 1),
            "esda G_Local": lambda: theirs(999)}  # fmt: skip
    taken = interleaved(jobs, min(rounds, 3))
    print_table(f"Gi* of {n:,} cells, 999 permutations", taken, OURS, {})
    print_bar("999 permutations, against esda", taken["esda G_Local"].cpu_s / taken[OURS].cpu_s,
              10.0, at_least=True)  # fmt: skip


def _knox(n: int, rounds: int) -> None:
    import pointpats

    x, y = (values * SIDE_M for values in clustered_points(n))
    minutes = np.random.default_rng(5).integers(0, 365 * 1440, n)
    seconds = minutes * 60.0
    options = HotspotOptions(near_m=(200.0,), near_days=(14.0,), permutations=99)
    xy, days = np.column_stack([x, y]), (minutes / 1440.0)[:, None]

    def theirs() -> pointpats.Knox:
        return pointpats.Knox(xy, days, 200.0, 14.0, permutations=99)

    def own() -> Knox:
        return knox_of_points(x, y, seconds, options)

    ours = int(own().bands.iloc[0]["observed"])
    taken = interleaved({OURS: own, "pointpats Knox": theirs}, rounds)
    notes = {OURS: f"statistic {ours}", "pointpats Knox": f"statistic {theirs().statistic_}"}
    print_table(f"Knox, {n:,} events, 200 m and 14 days, 99 permutations", taken, OURS, notes)
    print_bar("Knox, against pointpats", taken["pointpats Knox"].cpu_s / taken[OURS].cpu_s, 100.0,
              at_least=True)  # fmt: skip


def _contiguity(n: int, rounds: int) -> None:
    from libpysal.graph import Graph

    polygons = ragged_tiling(n)
    polygons = polygons[shapely.is_valid(polygons)]  # crossing rings have no borders
    grids = gpd.GeoDataFrame({"g": np.arange(len(polygons))}, geometry=polygons)
    codes = _codes(len(polygons))
    index = build_index(polygons, codes)
    jobs = {
        "ours, from the index": index.borders,
        "ours, index built too": lambda: build_index(polygons, codes).borders(),
        "libpysal Graph, rook": lambda: Graph.build_contiguity(grids, rook=True),
    }
    pairs = Graph.build_contiguity(grids, rook=True).adjacency.index.to_frame().to_numpy()
    theirs = {(a, b) for a, b in pairs.tolist() if a < b}
    borders = index.borders()
    same = theirs == set(zip(borders.a.tolist(), borders.b.tolist(), strict=True))
    taken = interleaved(jobs, rounds)
    peer = "libpysal Graph, rook"
    print_table(f"Contiguity of {n:,} cells", taken, "ours, from the index",
                {peer: "same pairs" if same else "OTHER pairs"})  # fmt: skip
    print_bar("contiguity with the index built, against libpysal",
              taken[peer].cpu_s / taken["ours, index built too"].cpu_s, 10.0,
              at_least=True)  # fmt: skip


def _codes(n: int) -> np.ndarray:
    return np.array([f"{k:06d}" for k in range(n)], dtype=object)


if __name__ == "__main__":
    main()
