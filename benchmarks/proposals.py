"""Measure how long proposals take and how good they are, on one core.

Run: `python benchmarks/proposals.py [--grids 60 600] [--communities]`. Bars: 60 grids in 10 s,
600 in 2 minutes. The town: ragged grids with 200-700 households each, cut by streets into about
twenty pieces; minutes of work are households and a few busy places.
"""

import argparse
import platform
import time
from math import sqrt

import geopandas as gpd
import numpy as np
import shapely
from tilings import ragged_tiling

from geo.districting import (
    Atoms,
    Proposal,
    ProposalOptions,
    Rebalance,
    Regroup,
    cut_atoms,
    propose,
)

_SIDE_DEG = 0.002
_BARS_S = {60: 10.0, 600: 120.0}
_PER_COMMUNITY = 9


def town(count: int, *, has_communities: bool, seed: int = 0) -> Atoms:
    """Cut a town of so many grids into pieces with households and minutes of work."""
    rng = np.random.default_rng(seed)
    side = sqrt(count) * _SIDE_DEG
    corner = np.array([113.0, 30.0])
    tiling = ragged_tiling(count, seed=seed, dense_share=0.0)
    shapes = shapely.transform(tiling, lambda xy: xy * side + corner)
    middle = (shapely.get_coordinates(shapely.centroid(shapes)) - corner) / side
    blocks = max(1, round(sqrt(count / _PER_COMMUNITY))) if has_communities else 1
    block = np.minimum((middle * blocks).astype(int), blocks - 1)
    grids = gpd.GeoDataFrame(
        {
            "grid_code": [f"G{k:04d}" for k in range(count)],
            "parent_code": [f"C{x}-{y}" for x, y in block.tolist()],
            "households": rng.integers(200, 700, count),
        },
        geometry=shapes,
        crs=4326,
    )
    steps = np.linspace(0.0, side, round(sqrt(count) * 4))[1:-1] + 1e-5
    lines = [shapely.LineString([(113 + t, 29.9), (113 + t, 31)]) for t in steps]
    lines += [shapely.LineString([(112.9, 30 + t), (114, 30 + t)]) for t in steps]
    atoms = cut_atoms(grids, lines=gpd.GeoDataFrame(geometry=lines, crs=4326))
    busy = rng.gamma(0.5, 120.0, len(atoms))
    return atoms.with_counts("load", atoms.counts["households"] * 2.0 + busy)


def told(found: tuple[Proposal, ...]) -> None:
    """Print what the proposals look like."""
    print("| | largest deviation | inside band | moved | Polsby-Popper | least | gap by |")
    print("|---|---|---|---|---|---|---|")
    for name, plan, gap in [
        ("today", found[0].before, "-"),
        *((e.aim, e.after, f"{_shown(e.merit.gap)} {e.merit.bound_by}") for e in found),
    ]:
        print(
            f"| {name} | {plan.max_deviation:.1%} | {plan.within_load_band:.0%} "
            f"| {plan.moved_households} | {plan.mean_polsby_popper:.2f} "
            f"| {plan.least_polsby_popper:.2f} | {gap} |"
        )


def _shown(gap: float | None) -> str:
    return "-" if gap is None else f"{gap:.1%}"


def main() -> None:
    """Measure one question for each size, and one regrouping of two grids into three."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--grids", type=int, nargs="+", default=[60, 600])
    parser.add_argument("--communities", action="store_true")
    chosen = parser.parse_args()
    print(f"{platform.python_implementation()} {platform.python_version()}")
    for count in chosen.grids:
        began = time.perf_counter()
        atoms = town(count, has_communities=chosen.communities)
        cut_s = time.perf_counter() - began
        wall, cpu = time.perf_counter(), time.process_time()
        found = propose(atoms, atoms.grids, Rebalance(), ProposalOptions())
        wall_s, cpu_s = time.perf_counter() - wall, time.process_time() - cpu
        bar = _BARS_S.get(count)
        print(
            f"\n### {count} grids, {len(atoms)} pieces: cut in {cut_s:.1f} s; proposed in "
            f"{wall_s:.1f} s ({cpu_s:.1f} s of CPU){f', bar {bar:g} s' if bar else ''}\n"
        )
        told(found)
    regroup(atoms)


def regroup(atoms: Atoms) -> None:
    """Make three grids out of two neighbours."""
    a, b, _ = atoms.graph.pairs()
    pair = next(
        (atoms.grids[i], atoms.grids[j])
        for i, j in zip(a.tolist(), b.tolist(), strict=True)
        if atoms.grids[i] != atoms.grids[j] and atoms.parents[i] == atoms.parents[j]
    )
    began = time.perf_counter()
    found = propose(atoms, atoms.grids, Regroup(pair, 3), ProposalOptions())
    print(f"\n### Two grids into three: {time.perf_counter() - began:.1f} s\n")
    told(found)


if __name__ == "__main__":
    main()
