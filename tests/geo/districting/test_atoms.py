"""Pieces that proposals move: they cover the grids exactly and lose no household."""

import geopandas as gpd
import numpy as np
import pytest
import shapely

from geo.districting.atoms import atoms_of, cut_atoms
from geo.districting.cutting import Cut
from geo.districting.graph import parts_of
from geo.errors import CrsError, FrameError, GeoError, TilingError

CRS = 4326


def grids(side=0.02, **columns):
    """Two grids, west and east, with a bent border."""
    bend = [(113.01, 30.0), (113.0113, 30.0071), (113.0092, 30.0133), (113.01, 30.02)]
    west = shapely.Polygon([(113, 30), *bend, (113, 30 + side)])
    east = shapely.Polygon([(113.02, 30), (113.02, 30.02), *reversed(bend)])
    table = {"grid_code": ["W", "E"], "households": [401, 300], **columns}
    return gpd.GeoDataFrame(table, geometry=[west, east], crs=CRS)


def streets(*lines):
    return gpd.GeoDataFrame(geometry=[shapely.LineString(line) for line in lines], crs=CRS)


CROSS = streets([(112.99, 30.0051), (113.03, 30.0057)], [(113.005, 29.9), (113.0053, 30.1)])


def test_streets_cut_and_nothing_is_lost():
    frame = grids()
    atoms = cut_atoms(frame, lines=CROSS)
    assert atoms.codes == ("W/001", "W/002", "W/003", "W/004", "E/001", "E/002")
    assert atoms.grids == ("W",) * 4 + ("E",) * 2
    assert shapely.coverage_is_valid(atoms.shapes)
    whole = float(frame.geometry.union_all().area)
    assert float(shapely.area(atoms.shapes).sum()) == pytest.approx(whole, rel=1e-13)
    for code, shape in zip(frame.grid_code, frame.geometry, strict=True):
        own = [k for k, grid in enumerate(atoms.grids) if grid == code]
        melted = shapely.coverage_union_all(atoms.shapes[own])
        assert shapely.symmetric_difference(melted, shape).area < 1e-15
        corners = {tuple(xy) for xy in shapely.get_coordinates(melted)}
        assert {tuple(xy) for xy in shapely.get_coordinates(shape)} <= corners
        assert int(atoms.counts["households"][own].sum()) == int(
            frame.households[frame.grid_code == code].iloc[0]
        )
    assert len(parts_of(atoms.graph.lists(), range(len(atoms)))) == 1
    assert atoms.estimated == {"households"}


def test_households_follow_the_buildings():
    buildings = gpd.GeoDataFrame(
        {"households": [30, 10]},
        geometry=shapely.points([(113.002, 30.018), (113.009, 30.001)]),
        crs=CRS,
    )
    atoms = cut_atoms(grids(), lines=CROSS, points=buildings)
    west = atoms.counts["households"][:4]
    assert sorted(west.tolist()) == [0, 0, 100, 301]
    assert atoms.count_points(buildings)[:4].tolist() == (west > 0).astype(int).tolist()


def test_a_compound_stays_whole():
    compound = shapely.box(113.003, 30.004, 113.007, 30.008)
    pieces = gpd.GeoDataFrame({"piece_code": ["HY"]}, geometry=[compound], crs=CRS)
    atoms = cut_atoms(grids(), lines=CROSS, pieces=pieces)
    assert "HY" in atoms.codes
    held = atoms.shapes[atoms.codes.index("HY")]
    assert shapely.symmetric_difference(held, compound).area < 1e-15
    assert shapely.coverage_is_valid(atoms.shapes)


def test_a_compound_on_a_border_is_two_atoms():
    compound = shapely.box(113.008, 30.002, 113.013, 30.004)
    pieces = gpd.GeoDataFrame({"piece_code": ["HY"]}, geometry=[compound], crs=CRS)
    atoms = cut_atoms(grids(), pieces=pieces)
    assert "HY" not in atoms.codes
    assert sorted(atoms.grids) == ["E", "E", "W", "W"]


def test_slivers_join_their_own_grid():
    beside = [(113.01002, 29.9), (113.01002, 30.0), (113.0113, 30.00712), (113.0092, 30.1)]
    atoms = cut_atoms(grids(), lines=streets(beside))
    assert sorted(set(atoms.grids)) == ["E", "W"]
    smallest = float(shapely.area(atoms.shapes_m).min())
    assert smallest >= Cut().least_m2
    fine = cut_atoms(grids(), lines=streets(beside), cut=Cut(0.0, 0.0))
    assert len(fine) > len(atoms)
    assert shapely.coverage_is_valid(fine.shapes)


def test_dead_ends_cut_nothing():
    assert len(cut_atoms(grids(), lines=streets([(112.9, 30.01), (113.004, 30.01)]))) == 2


def test_neighbours_without_common_vertices_are_noded():
    shapes = [shapely.box(113, 30, 113.01, 30.02), *(
        shapely.box(113.01, 30 + k * 0.01, 113.02, 30.01 + k * 0.01) for k in range(2)
    )]  # fmt: skip
    frame = gpd.GeoDataFrame({"grid_code": list("ABC")}, geometry=shapes, crs=CRS)
    atoms = cut_atoms(frame)
    assert shapely.coverage_is_valid(atoms.shapes)
    assert len(atoms.graph.pairs()[0]) == 3
    ready = frame.rename(columns={"grid_code": "atom_code"}).assign(grid_code="G")
    with pytest.raises(TilingError) as refused:
        atoms_of(ready)
    assert refused.value.code == "atoms_not_a_coverage"


@pytest.mark.parametrize("seed", range(12))
def test_random_streets_cut_exactly(seed):
    draw = np.random.default_rng(seed)
    ends = draw.uniform(-0.002, 0.022, (7, 2, 2)) + np.array([113.0, 30.0])
    frame = grids(residents=[1201, 777])
    atoms = cut_atoms(frame, lines=streets(*ends.tolist()))
    assert shapely.coverage_is_valid(atoms.shapes)
    area = float(shapely.area(atoms.shapes).sum())
    assert area == pytest.approx(float(shapely.area(frame.geometry.to_numpy()).sum()), rel=1e-12)
    for name, total in (("households", 701), ("residents", 1978)):
        assert atoms.counts[name].sum() == total
        assert (atoms.counts[name] == np.rint(atoms.counts[name])).all()
    for code in ("W", "E"):
        own = [k for k, grid in enumerate(atoms.grids) if grid == code]
        assert len(parts_of(atoms.graph.lists(), own)) == 1


def test_bad_input_is_refused():
    with pytest.raises(FrameError) as refused:
        cut_atoms(grids().iloc[:0])
    assert refused.value.code == "no_atoms"
    with pytest.raises(GeoError) as refused:
        cut_atoms(grids(households=[-3, 1]))
    assert refused.value.code == "bad_counts"
    with pytest.raises(CrsError):
        cut_atoms(grids(), lines=CROSS.to_crs(4547))
    twice = grids()
    twice["grid_code"] = "W"
    with pytest.raises(FrameError) as refused:
        cut_atoms(twice)
    assert refused.value.code == "duplicate_codes"
    wide = grids()
    wide.loc[1, "geometry"] = shapely.box(113.005, 30, 113.02, 30.02)
    with pytest.raises(TilingError) as refused:
        cut_atoms(wide)
    assert (refused.value.code, refused.value.fields["codes"]) == ("atoms_overlap", "E, W")


def test_counts_are_one_for_each_atom(lattice):
    atoms = lattice(["AB"])
    with pytest.raises(FrameError) as refused:
        atoms.with_counts("load", [1.0])
    assert refused.value.code == "atoms_length"
    with pytest.raises(GeoError) as refused:
        atoms.with_counts("load", [1.0, -1.0])
    assert refused.value.code == "bad_counts"
    assert atoms.with_counts("calls", [3, 4], is_estimated=True).estimated == {"calls"}
