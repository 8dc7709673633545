"""Measure from an edit of a plan to its new figures: a million incidents, 600 grids.

Run: `python benchmarks/plan_figures.py`. Knows nothing of stores: ragged grids of a town and
crowded points, one corner of a shared border moved at a time; at the end every point is placed anew
and compared.
"""

import sys
import time
from pathlib import Path

sys.path.insert(0, str(Path(__file__).resolve().parents[1]))

import geopandas as gpd
import numpy as np
import pandas as pd
import shapely
from tilings import clustered_points, ragged_tiling  # it stands beside this file
from timing import print_bar, print_versions

from data.analysis.plan_counts import PlanCounts
from data.analysis.plan_figures import PlanGround, plan_figures
from data.analysis.plan_points import (
    DISPUTES,
    DUE,
    HAZARDS,
    INCIDENTS,
    OPEN,
    VISITS,
    Asked,
    PlanPoints,
)
from data.analysis.plan_shapes import ShapeMeter
from data.analysis.plan_weights import PlanWeights
from geo.districting.balance import Bands

GRIDS, POINTS, EDITS = 600, 1_000_000, 200
SIDE_DEG, WEST, SOUTH = 0.25, 111.8, 32.8
BAR_MS = 100.0


def main() -> None:
    """Print times of opening, of an edit, and how many counts are wrong afterwards."""
    print_versions("numpy", "shapely", "geopandas")
    rng = np.random.default_rng(5)
    grids = _grids(ragged_tiling(GRIDS))
    points = _points(rng)
    began = time.process_time()
    counts = PlanCounts(grids, points)
    ground = PlanGround(_posts(grids), PlanWeights(), Bands(), ShapeMeter(grids))
    plan_figures(grids, counts, ground)
    print(f"\nplaced and first figures: {(time.process_time() - began) * 1e3:.0f} ms CPU")
    cpu = []
    for _ in range(EDITS):
        after = _moved(grids, rng)
        began = time.process_time()
        counts.update_to(after)
        plan_figures(after, counts, ground)
        cpu.append((time.process_time() - began) * 1e3)
        grids = after
    print(f"edit to figures, ms CPU: median {np.median(cpu):.1f}, largest {max(cpu):.1f}")
    print_bar("edit to figures p95, ms CPU", float(np.quantile(cpu, 0.95)), BAR_MS, at_least=False)
    again = PlanCounts(grids, points)
    codes = grids["grid_code"].to_numpy()
    wrong = sum(
        int((counts.table(INCIDENTS, p, codes) != again.table(INCIDENTS, p, codes)).sum())
        for p in counts.periods(INCIDENTS)
    )
    print_bar(f"wrong counts after {EDITS} edits", wrong, 0, at_least=False)


def _grids(shapes: np.ndarray) -> gpd.GeoDataFrame:
    laid = shapely.transform(shapes, lambda xy: xy * SIDE_DEG + (WEST, SOUTH))
    codes = [f"{k:04d}" for k in range(len(laid))]
    people = np.full(len(laid), 400)
    columns = {"grid_code": codes, "name": codes, "parent_code": [code[:3] for code in codes]}
    columns |= {"households": people, "residents": people * 3}
    return gpd.GeoDataFrame(columns, geometry=gpd.GeoSeries(laid, crs="EPSG:4326"))


def _points(rng: np.random.Generator) -> dict[str, PlanPoints]:
    x, y = clustered_points(POINTS)
    lon, lat = x * SIDE_DEG + WEST, y * SIDE_DEG + SOUTH
    kind = rng.integers(0, 9, len(lon)).astype(np.int16)
    year = np.where(rng.random(len(lon)) < 1 / 3, kind, np.int16(-1)).astype(np.int16)
    kinds = (*"123456789", "")
    periods = {"year": Asked(year, 0, weeks=52.0), "all": Asked(kind, 0, weeks=156.0)}
    few = slice(0, 5_000)
    some = {OPEN: Asked(kind[few], 0)}
    return {
        INCIDENTS: PlanPoints(lon, lat, kinds, periods),
        HAZARDS: PlanPoints(lon[few], lat[few], kinds, some),
        DISPUTES: PlanPoints(lon[few], lat[few], kinds, some),
        VISITS: PlanPoints(lon[few], lat[few], kinds, {DUE: Asked(kind[few], 0, weeks=1.0)}),
    }


def _posts(grids: gpd.GeoDataFrame) -> gpd.GeoDataFrame:
    """Give one officer for each community of ten grids, and a member for each grid."""
    middles = shapely.point_on_surface(grids.geometry.to_numpy())
    chiefs = grids["parent_code"].drop_duplicates()
    rows = [
        (int(k), code, "community", "officer", middles[row])
        for k, (row, code) in enumerate(chiefs.items())
    ]
    rows += [
        (1000 + k, code, "grid", "member", middles[k]) for k, code in enumerate(grids["grid_code"])
    ]
    names = ["post_id", "place_code", "place_level", "role", "geometry"]
    table = pd.DataFrame(rows, columns=names)
    table = table.assign(is_filled=True, position="", title="", place_name="", holders="")
    return gpd.GeoDataFrame(table, geometry="geometry", crs="EPSG:4326")


def _moved(grids: gpd.GeoDataFrame, rng: np.random.Generator) -> gpd.GeoDataFrame:
    """Move one corner that several grids may share; all that have it follow."""
    shapes = grids.geometry.to_numpy().copy()
    while True:
        row = int(rng.integers(len(shapes)))
        ring = shapely.get_coordinates(shapes[row])[:-1]
        corner = ring[rng.integers(len(ring))]
        shift = rng.normal(0, 1.5e-4, 2)
        having = [
            k
            for k in np.flatnonzero(shapely.dwithin(shapes, shapely.Point(corner), 1e-9))
            if (shapely.get_coordinates(shapes[k]) == corner).all(axis=1).any()
        ]
        new = np.array([_shifted(shape, corner, shift) for shape in shapes[having]], dtype=object)
        if shapely.is_valid(new).all():
            shapes[having] = new
            return grids.set_geometry(gpd.GeoSeries(shapes, index=grids.index, crs=grids.crs))


def _shifted(shape: shapely.Geometry, corner: np.ndarray, shift: np.ndarray) -> shapely.Geometry:
    def move(xy: np.ndarray) -> np.ndarray:
        is_it = (xy == corner).all(axis=1)
        return np.where(is_it[:, None], xy + shift, xy)

    return shapely.transform(shape, move)


if __name__ == "__main__":
    main()
