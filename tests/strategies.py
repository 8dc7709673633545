"""Hypothesis strategies that several packages share: tilings, points on their borders."""

import geopandas as gpd
import numpy as np
import shapely
from hypothesis import strategies as st

ORIGINS = [(0.0, 0.0), (94.903, 36.402), (114.305, 30.593), (-90.05, 35.1), (-0.5, -0.5)]


def jittered_tiling(seed, columns, rows, *, origin=(94.9, 36.4), side=0.01, bends=2):
    """Build quadrilateral grids whose shared borders are one bent line each, bit for bit."""
    rng = np.random.default_rng(seed)
    base = np.stack(np.meshgrid(np.arange(columns + 1), np.arange(rows + 1), indexing="ij"), -1)
    corners = np.array(origin) + side * (base + rng.uniform(-0.15, 0.15, base.shape))

    def border(a, b):
        share = np.arange(1, bends + 1)[:, None] / (bends + 1)
        step = np.hypot(*(b - a)) / (bends + 1)  # small enough that no two borders can cross
        middle = a + (b - a) * share + rng.uniform(-0.1, 0.1, (bends, 2)) * step
        return np.vstack([a, middle, b])

    across = {
        (i, j): border(corners[i, j], corners[i + 1, j])
        for i in range(columns)
        for j in range(rows + 1)
    }
    upward = {
        (i, j): border(corners[i, j], corners[i, j + 1])
        for i in range(columns + 1)
        for j in range(rows)
    }
    return _tiling_of(across, upward, columns, rows)


def square_tiling(columns, rows, *, origin=(94.9, 36.4), side=0.01):
    """Build exact squares: vertical and horizontal borders, points on them are easy to name."""
    x = np.array([origin[0] + side * k for k in range(columns + 1)])
    y = np.array([origin[1] + side * k for k in range(rows + 1)])
    shapes = [
        shapely.box(x[i], y[j], x[i + 1], y[j + 1]) for i in range(columns) for j in range(rows)
    ]
    return _frame(shapes)


def _tiling_of(across, upward, columns, rows):
    shapes = []
    for i in range(columns):
        for j in range(rows):
            south, north = across[i, j], across[i, j + 1][::-1]
            east, west = upward[i + 1, j], upward[i, j][::-1]
            shapes.append(shapely.Polygon(np.vstack([south[:-1], east[:-1], north[:-1], west])))
    return _frame(shapes)


def _frame(shapes):
    codes = [f"G{k:04d}" for k in range(len(shapes))]
    return gpd.GeoDataFrame({"grid_code": codes}, geometry=shapes, crs="EPSG:4326")


@st.composite
def tilings(draw):
    """Draw a tiling of up to 5 x 5 grids, bent or square, somewhere on the globe."""
    columns, rows = draw(st.integers(1, 5)), draw(st.integers(1, 5))
    origin = draw(st.sampled_from(ORIGINS))
    if draw(st.booleans()):
        return square_tiling(columns, rows, origin=origin)
    seed, bends = draw(st.integers(0, 2**32 - 1)), draw(st.integers(0, 4))
    return jittered_tiling(seed, columns, rows, origin=origin, bends=bends)


def border_points(grids, seed, n=200):
    """Give vertices, points on edges and free points of a tiling, and all of them +-1 ulp."""
    rng = np.random.default_rng(seed)
    rings = shapely.get_rings(shapely.get_parts(grids.geometry.to_numpy()))
    xy, ring = shapely.get_coordinates(rings, return_index=True)
    steps = np.flatnonzero(ring[:-1] == ring[1:])
    chosen = rng.choice(steps, size=min(n, len(steps)), replace=False)
    a, b = xy[chosen], xy[chosen + 1]
    halves = a + (b - a) * rng.choice([0.25, 0.5, 0.75], len(chosen))[:, None]
    west, south, east, north = grids.total_bounds
    free = rng.uniform((west, south), (east, north), (n, 2))
    near = np.vstack([a, halves, free])
    moved = [near]
    for axis in (0, 1):
        for towards in (-np.inf, np.inf):
            step = near.copy()
            step[:, axis] = np.nextafter(near[:, axis], towards)
            moved.append(step)
    return np.vstack(moved)
