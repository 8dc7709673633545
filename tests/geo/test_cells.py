"""Cells stay where they are, meet without gaps, and put edges to the east and north."""

import numpy as np
import pytest

from geo.cells import SquareCells
from geo.crs import STORED_CRS, crs_from, transform_xy, working_crs
from geo.errors import GeoError

CENTRE = (94.903, 36.402)
CELLS = SquareCells(working_crs(*CENTRE), 150.0)


def degrees(x, y):
    pairs = transform_xy(np.array([[x, y]], dtype=float), CELLS.crs, crs_from(STORED_CRS))
    return pairs[:, 0], pairs[:, 1]


def test_every_point_lies_in_the_outline_of_its_cell():
    rng = np.random.default_rng(1)
    lon, lat = CENTRE[0] + rng.uniform(-0.03, 0.03, 300), CENTRE[1] + rng.uniform(-0.03, 0.03, 300)
    xy = CELLS.metres(lon, lat)
    for (column, row), (x, y) in zip(CELLS.index(lon, lat), xy, strict=True):
        assert column * 150.0 <= x < (column + 1) * 150.0
        assert row * 150.0 <= y < (row + 1) * 150.0


def test_an_outline_is_the_square_it_names():
    column, row = CELLS.index(np.array([CENTRE[0]]), np.array([CENTRE[1]]))[0]
    ring = np.array(CELLS.outline(column, row).exterior.coords)
    xy = CELLS.metres(ring[:, 0], ring[:, 1])
    assert np.ptp(xy[:, 0]) == pytest.approx(150.0, abs=1e-3)
    assert np.ptp(xy[:, 1]) == pytest.approx(150.0, abs=1e-3)


def test_neighbours_follow_each_other_to_the_east_and_north():
    column, row = CELLS.index(np.array([CENTRE[0]]), np.array([CENTRE[1]]))[0]
    x, y = column * 150.0, row * 150.0
    for dx, dy, expected in ((1, 1, (0, 0)), (-1, 1, (-1, 0)), (1, -1, (0, -1)), (151, 1, (1, 0))):
        lon, lat = degrees(x + dx, y + dy)
        assert tuple(CELLS.index(lon, lat)[0] - np.array([column, row])) == expected


@pytest.mark.parametrize("size_m", [0.0, -1.0, float("nan"), float("inf")])
def test_a_cell_needs_a_size(size_m):
    with pytest.raises(GeoError) as caught:
        SquareCells(CELLS.crs, size_m)
    assert caught.value.code == "bad_cell_size"
