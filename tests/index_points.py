"""Points that try an index: on vertices, edges and cell lines, and one ulp beside all of them."""

import numpy as np


def hard_points(index, seed, n):
    """Give about 25 n points: vertices, places on edges, cell corners, crossings of lines."""
    rng = np.random.default_rng(seed)
    edges = index.edges
    x0, y0, sx, sy, nx, ny = index.table.frame.tolist()
    chosen = rng.integers(0, len(edges.ax), n)
    a = np.column_stack([edges.ax, edges.ay])[chosen]
    b = np.column_stack([edges.bx, edges.by])[chosen]
    share = rng.choice([0.25, 0.5, 0.75, rng.random()], n)[:, None]
    corners = np.column_stack([x0 + rng.integers(0, nx, n) / sx, y0 + rng.integers(0, ny, n) / sy])
    on_column = np.column_stack([x0 + np.floor((a[:, 0] - x0) * sx) / sx, a[:, 1]])
    on_line = np.column_stack([a[:, 0], y0 + np.floor((a[:, 1] - y0) * sy) / sy])
    near = np.vstack([a, a + (b - a) * share, corners, on_column, on_line])
    near = near[(np.abs(near) > 1e-15).all(axis=1)]  # GEOS loses signs beside zero
    moved = [near]
    for axis in (0, 1):
        for towards in (-np.inf, np.inf):
            step = near.copy()
            step[:, axis] = np.nextafter(near[:, axis], towards)
            moved.append(step)
    return np.vstack(moved)
