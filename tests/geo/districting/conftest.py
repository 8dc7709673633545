"""Small towns of square blocks."""

import geopandas as gpd
import numpy as np
import pytest
import shapely

from geo.districting.atoms import atoms_of

STEP = 0.001


@pytest.fixture(scope="session")
def lattice():
    """Build atoms of a town: text rows, one character for each block's grid, north first."""

    def build(rows, load=None, households=None, parents=None):
        height, width = len(rows), len(rows[0])
        places = [(x, y) for y in range(height) for x in range(width)]
        shapes = [
            shapely.box(113 + x * STEP, 30 - (y + 1) * STEP, 113 + (x + 1) * STEP, 30 - y * STEP)
            for x, y in places
        ]
        columns = {
            "atom_code": [f"{y:02d}{x:02d}" for x, y in places],
            "grid_code": [rows[y][x] for x, y in places],
            "load": np.ones(len(places)) if load is None else np.asarray(load, dtype=float),
        }
        if households is not None:
            columns["households"] = households
        if parents is not None:
            columns["parent_code"] = [parents[y][x] for x, y in places]
        shared = shapely.coverage_clean(shapes)
        frame = gpd.GeoDataFrame(columns, geometry=list(shared), crs=4326)
        return atoms_of(frame, counts=("load", "households"))

    return build
