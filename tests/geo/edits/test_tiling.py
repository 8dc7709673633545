import geopandas as gpd
import numpy as np
import pytest
import shapely

from geo.edits import Split, apply, check_tiling, is_sound, open_tiling
from geo.edits.keeping import Kept, kept
from geo.errors import CrsError, TilingError
from tests.geo.edits.squares import SIDE, SOUTH, WEST, area, box, lattice, line, tiling_of


def frame_of(shapes, **columns):
    codes = list(shapes)
    return gpd.GeoDataFrame(
        {"grid_code": codes, **columns}, geometry=list(shapes.values()), crs="EPSG:4326"
    )


def test_a_frame_goes_in_and_comes_out():
    frame = frame_of(
        {"b": box(1, 0), "a": box(0, 0)},
        name=["bee", None],
        parent_code=["p", None],
        households=[3.0, np.nan],
        estimated=["households", ""],
        locked=[True, False],
    )
    tiling = open_tiling(frame)
    assert tiling.codes == ("a", "b")
    assert tiling.names == {"a": "a", "b": "bee"}
    assert tiling.parents == {"b": "p"}
    assert tiling.counts == {"households": {"b": 3}}
    assert tiling.estimated == {("households", "b")}
    assert tiling.locked == {"b"}
    assert open_tiling(tiling.frame()).digest() == tiling.digest()
    assert shapely.to_wkb(tiling.shape("b")) == shapely.to_wkb(frame.geometry.iloc[0])
    assert "a" in tiling
    assert "c" not in tiling
    with pytest.raises(KeyError):
        tiling.shape("c")
    with pytest.raises(ValueError, match="read-only"):
        tiling.shapes[0] = None


def test_frames_that_are_no_tiling_are_refused():
    overlapping = frame_of({"a": box(0, 0), "b": box(0.5, 0)})
    with pytest.raises(TilingError) as caught:
        open_tiling(overlapping)
    assert caught.value.code == "plan_not_a_tiling"
    assert caught.value.fields["codes"] == ("a", "b")
    assert not is_sound(open_tiling(overlapping, check=False))
    with pytest.raises(TilingError, match="plan_not_a_tiling"):
        open_tiling(frame_of({"a": area((0, 0), (1, 1), (1, 0), (0, 1))}))
    twice = frame_of({"a": box(0, 0), "b": box(1, 0)})
    twice["grid_code"] = "a"
    with pytest.raises(TilingError, match="duplicate_codes"):
        open_tiling(twice)
    with pytest.raises(CrsError):
        open_tiling(frame_of({"a": box(0, 0)}).set_crs("EPSG:4547", allow_override=True))


def test_a_vertex_that_only_one_neighbour_has_is_no_tiling():
    loose = frame_of({"a": box(0, 0), "b": area((1, 0), (2, 0), (2, 1), (1, 1), (1, 0.5))})
    with pytest.raises(TilingError, match="plan_not_a_tiling"):
        open_tiling(loose)


def test_rows_are_found_by_box_after_grids_came_and_went():
    start = lattice()
    done = apply(start, Split("c11", line((1.5, 1), (1.5, 2)), "a0", "new"))
    tiling = done.tiling
    west, south = WEST + 1.2 * SIDE, SOUTH + 1.2 * SIDE
    found = [tiling.codes[k] for k in tiling.find((west, south, west + 1e-4, south + 1e-4))]
    assert len(found) == 1
    assert np.array_equal(tiling.bounds, shapely.bounds(tiling.shapes))
    assert list(tiling.codes) == sorted(tiling.codes)
    assert start.codes == lattice().codes


def test_the_whole_is_checked_with_communities():
    tiling = tiling_of(
        {"a": box(0, 0), "b": area((1.1, 0), (2, 0), (2, 1), (1.1, 1))}, parents={"a": "p"}
    )
    faults = check_tiling(tiling, {"p": box(0, 0, 0.5, 1)}, sliver_width_m=1.0)
    assert set(faults.frame["kind"]) == {"outside_parent"}
    assert set(faults.frame["grid_code"]) == {"a", "b"}
    assert check_tiling(lattice()).is_valid_coverage
    assert is_sound(lattice())


def test_kept_values_read_like_a_dict_and_never_change():
    start = kept({"a": 1, "b": 2})
    later = start.changed({"c": 3, "a": 9}, gone=["b", "x"])
    assert start == {"a": 1, "b": 2}
    assert later == {"a": 9, "c": 3}
    assert len(later) == 2
    assert "b" not in later
    assert 7 not in later
    with pytest.raises(KeyError):
        later["b"]
    assert kept(later) is later
    assert later.changed({}) is later
    many = later.changed({f"n{k}": k for k in range(1000)}, gone=["a"])
    assert len(many) == 1001
    assert many["n999"] == 999
    assert isinstance(many, Kept)
