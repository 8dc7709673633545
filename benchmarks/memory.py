"""Measure what a join of points takes in memory over its inputs, each way in a fresh Python.

Used by `join.py`; run by itself as `python benchmarks/memory.py WAY GRIDS POINTS`.
Knows nothing of times. The peak of the resident set is reset before the join (Linux only).
"""

import gc
import subprocess
import sys
from pathlib import Path

HERE = Path(__file__).resolve().parent
sys.path[:0] = [str(HERE.parent), str(HERE)]

WAYS = ("ours, NumPy", "ours, compiled", "geopandas.sjoin intersects", "geopandas.sjoin within")
_LIMIT_BYTES = 8.0


def print_memory(n_grids: int, n_points: int) -> None:
    """Print a table of bytes a point."""
    from timing import print_bar

    if not Path("/proc/self/clear_refs").exists():
        print("\n(memory of the join: not measured here, /proc is missing)")
        return
    print(f"\n### Memory of a join of {n_points:,} points x {n_grids:,} grids over its inputs")
    print("| what | bytes a point |\n|---|---|")
    for way in WAYS:
        command = [sys.executable, __file__, way, str(n_grids), str(n_points)]
        said = subprocess.run(command, check=True, capture_output=True, text=True).stdout
        taken = float(said) / n_points
        print(f"| {way} | {taken:.1f} |")
        if way.startswith("ours"):
            print_bar(f"memory, {way}", taken, _LIMIT_BYTES, at_least=False)


def _measured(way: str, n_grids: int, n_points: int) -> int:
    """Give the bytes that one join takes at its peak."""
    import geopandas as gpd
    import numpy as np
    import shapely
    from tilings import clustered_points, ragged_tiling

    from geo.index import build_index

    polygons = ragged_tiling(n_grids)
    x, y = clustered_points(n_points)
    if way.startswith("ours"):
        codes = np.array([f"{k:06d}" for k in range(n_grids)], dtype=object)
        index = build_index(polygons, codes, use_compiled="compiled" in way)
        index.locate(x[:25_000], y[:25_000])  # compiles, imports

        def join() -> object:
            return index.locate(x, y)
    else:
        grids = gpd.GeoDataFrame({"g": np.arange(n_grids)}, geometry=polygons)
        places = gpd.GeoDataFrame(geometry=shapely.points(x, y))
        gpd.sjoin(places[:1000], grids)

        def join() -> object:
            return gpd.sjoin(places, grids, predicate=way.rsplit(" ", 1)[-1])

    gc.collect()
    Path("/proc/self/clear_refs").write_text("5", encoding="ascii")
    before = _status("VmRSS")
    kept = join()
    taken = _status("VmHWM") - before
    del kept
    return taken


def _status(name: str) -> int:
    lines = Path("/proc/self/status").read_text(encoding="ascii").splitlines()
    return next(int(line.split()[1]) * 1024 for line in lines if line.startswith(name))


if __name__ == "__main__":
    print(_measured(sys.argv[1], int(sys.argv[2]), int(sys.argv[3])))
