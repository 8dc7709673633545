"""Cells cover the real ground once, and each point lies in one of them."""

import geopandas as gpd
import numpy as np
import pytest
import shapely
from hypothesis import given, settings
from hypothesis import strategies as st

from geo.errors import CrsError, FrameError, GeoError
from geo.hotspots import grid_cells, hexagon_cells, square_cells
from geo.hotspots.layers import place, read_cells
from geo.hotspots.neighbours import neighbours_of
from geo.hotspots.options import Contiguity

AREA = gpd.GeoDataFrame(
    geometry=[
        shapely.Point(500_500, 4_000_300)
        .buffer(900)
        .difference(shapely.box(500_400, 4e6, 500_700, 4_000_500))
    ],
    crs=4547,
)


@pytest.mark.parametrize("lay", [square_cells, hexagon_cells])
def test_cells_cover_the_area_once(lay):
    cells = lay(AREA, 150.0)
    shapes = cells.geometry.to_numpy()
    assert shapely.area(shapes).sum() == pytest.approx(AREA.area.sum(), rel=1e-12)
    assert shapely.union_all(shapes).area == pytest.approx(AREA.area.sum(), rel=1e-9)
    assert cells["cell_id"].is_unique
    assert set(shapely.get_type_id(shapes)) <= {3, 6}
    whole = cells[cells["whole"]].area
    size = 150.0**2 if lay is square_cells else 150.0**2 * np.sqrt(3) / 2
    assert len(whole) > 20
    assert np.allclose(whole, size)


def test_whole_hexagons_share_their_corners_bit_for_bit():
    cells = hexagon_cells(AREA, 150.0)
    whole = cells[cells["whole"]].geometry.to_numpy()
    corners = shapely.get_coordinates(whole)
    rounded = np.unique(np.round(corners, 3), axis=0)
    assert len(np.unique(corners, axis=0)) == len(rounded)


@given(seed=st.integers(0, 10_000), size_m=st.sampled_from([0.1, 7.3, 150.0, 1 / 3]))
@settings(max_examples=30)
def test_every_point_lies_in_the_half_open_square_it_is_given(seed, size_m):
    corner = np.array([500_000.0, 4_000_000.0])
    area = gpd.GeoDataFrame(geometry=[shapely.box(*corner, *(corner + 12 * size_m))], crs=4547)
    cells = square_cells(area, size_m)
    layer = read_cells(cells)
    rng = np.random.default_rng(seed)
    lines = np.stack([layer.lattice.column, layer.lattice.row], axis=1) * size_m
    xy = np.concatenate([lines, corner + rng.uniform(0.5, 11.5, (50, 2)) * size_m])
    xy = np.concatenate([xy, np.nextafter(lines, np.inf), np.nextafter(lines, -np.inf)])
    row = place(xy, layer)
    inside = row >= 0
    column, line = layer.lattice.column[row[inside]], layer.lattice.row[row[inside]]
    whole = layer.lattice.whole[row[inside]]
    x, y = xy[inside].T
    fits = (column * size_m <= x) & (x < (column + 1) * size_m)
    fits &= (line * size_m <= y) & (y < (line + 1) * size_m)
    assert fits[whole].all()
    hit = shapely.STRtree(layer.shapes).query(shapely.points(xy), predicate="intersects")[0]
    assert inside[np.unique(hit)].all()


@pytest.mark.parametrize("lay", [square_cells, hexagon_cells])
@pytest.mark.parametrize("forget", [False, True])
def test_no_point_is_lost_doubled_or_put_where_it_does_not_touch(lay, forget):
    cells = lay(AREA, 150.0)
    if forget:  # as after a file: the lattice is unknown, the polygons decide
        cells = gpd.GeoDataFrame(cells[["cell_id"]], geometry=cells.geometry, crs=cells.crs)
        cells.attrs = {}
    layer = read_cells(cells)
    rng = np.random.default_rng(0)
    xy = np.concatenate(
        [
            np.array([499_400.0, 3_999_200.0]) + rng.uniform(0, 2200, (4000, 2)),
            shapely.get_coordinates(cells.geometry.to_numpy()),
        ]
    )
    row = place(xy, layer)
    point, cell = shapely.STRtree(layer.shapes).query(shapely.points(xy), predicate="intersects")
    touched = set(zip(point.tolist(), cell.tolist(), strict=True))
    assert set(np.flatnonzero(row >= 0).tolist()) == {p for p, _ in touched}
    assert {(int(p), int(row[p])) for p in np.flatnonzero(row >= 0)} <= touched


def test_placing_does_not_hang_on_the_order_of_cells_or_points():
    cells = grid_cells(hexagon_cells(AREA, 150.0))
    xy = shapely.get_coordinates(cells.geometry.to_numpy())
    names = cells["cell_id"].to_numpy()
    first = names[place(xy, read_cells(cells))]
    rng = np.random.default_rng(1)
    turned, order = cells.iloc[rng.permutation(len(cells))], rng.permutation(len(xy))
    again = turned["cell_id"].to_numpy()[place(xy[order], read_cells(turned))]
    assert again.tolist() == first[order].tolist()


@pytest.mark.parametrize(
    ("lay", "contiguity", "most"),
    [
        (square_cells, Contiguity.QUEEN, 8),
        (square_cells, Contiguity.ROOK, 4),
        (hexagon_cells, Contiguity.QUEEN, 6),
        (hexagon_cells, Contiguity.ROOK, 6),
    ],
)
def test_lattice_neighbours_are_the_touching_cells(lay, contiguity, most):
    area = gpd.GeoDataFrame(geometry=[shapely.box(5e5, 4e6, 501_500, 4_001_500)], crs=4547)
    cells = lay(area, 150.0)
    on_lattice = neighbours_of(read_cells(cells), contiguity, None)
    bare = gpd.GeoDataFrame(cells[["cell_id"]], geometry=cells.geometry, crs=cells.crs)
    bare.attrs = {}
    by_touch = neighbours_of(read_cells(bare), contiguity, None)
    assert np.diff(on_lattice.indptr).max() == most
    assert (on_lattice < by_touch).nnz == 0  # clipping may cut a common side away, never add one
    whole = np.flatnonzero(cells["whole"])
    assert (on_lattice[whole][:, whole] != by_touch[whole][:, whole]).nnz == 0
    assert (on_lattice != on_lattice.T).nnz == 0


def test_grids_keep_their_code_and_base_and_are_clipped():
    boxes = shapely.box([5e5, 500_100], 4e6, [500_100, 500_200], 4_000_100)
    grids = gpd.GeoDataFrame({"grid_code": ["A", "B"], "base": [10, 0]}, geometry=boxes, crs=4547)
    half = gpd.GeoDataFrame(geometry=[shapely.box(5e5, 4e6, 500_150, 4_000_100)], crs=4547)
    cells = grid_cells(grids, half)
    assert cells["cell_id"].tolist() == ["A", "B"]
    assert cells["base"].tolist() == [10, 0]
    assert cells.area.tolist() == [10_000.0, 5_000.0]


@pytest.mark.parametrize("lay", [square_cells, hexagon_cells])
def test_a_hundred_million_cells_are_refused_with_a_size_that_fits(lay):
    area = gpd.GeoDataFrame(geometry=[shapely.box(0, 0, 1e5, 1e5)], crs=4547)
    with pytest.raises(FrameError) as caught:
        lay(area, 10.0)
    assert caught.value.code == "too_many_cells"
    assert caught.value.fields["asked"] >= 1e8
    lay(area.geometry.buffer(-49_000).to_frame("geometry"), caught.value.fields["least_size_m"])


def test_cells_need_ground_in_metres():
    with pytest.raises(CrsError, match="not_in_metres"):
        square_cells(AREA.to_crs(4326), 100.0)
    with pytest.raises(CrsError, match="not_in_metres"):
        square_cells(AREA.to_crs(2263), 100.0)  # feet
    bare = gpd.GeoDataFrame(geometry=AREA.geometry.to_numpy())
    with pytest.raises(CrsError, match="no_crs"):
        square_cells(bare, 100.0)
    with pytest.raises(GeoError, match="bad_cell_size"):
        square_cells(AREA, -1.0)
    line = gpd.GeoDataFrame(geometry=[shapely.LineString([(0, 0), (1, 1)])], crs=4547)
    with pytest.raises(FrameError, match="no_area"):
        hexagon_cells(line, 1.0)
