import pytest
import shapely

from geo.edits import EditOptions, EditRefused, MoveOuter, MoveVertices, apply
from tests.geo.edits.squares import (
    area,
    assert_sound,
    at,
    box,
    lattice,
    line,
    ring_and_middle,
    squares_of,
    tiling_of,
)


def refusal(tiling, edit, **options):
    with pytest.raises(EditRefused) as caught:
        apply(tiling, edit, EditOptions(**options))
    return caught.value


def test_every_grid_that_has_the_vertex_follows():
    start = lattice()
    done = apply(start, MoveVertices(((at(1, 1), at(1.2, 1.3)),)))
    assert done.report.touched == ("c00", "c01", "c10", "c11")
    for code in done.report.touched:
        assert shapely.intersects_xy(done.tiling.shape(code), *at(1.2, 1.3))
    given = sum(squares_of(m.geometry) for m in done.report.moved if m.taker == "c00")
    assert squares_of(done.tiling.shape("c00")) == pytest.approx(1.0 + given)
    assert_sound(start, done)


def test_an_edge_bends_for_both_neighbours():
    start = lattice()
    done = apply(start, MoveVertices((), ((at(1, 1), at(1, 0), at(1.4, 0.5)),)))
    assert squares_of(done.tiling.shape("c00")) == pytest.approx(1.2)
    assert squares_of(done.tiling.shape("c10")) == pytest.approx(0.8)
    assert_sound(start, done)


def test_the_outer_edge_moves_only_when_stated():
    start = lattice()
    junction, out = at(1, 0), at(1, -0.5)
    found = refusal(start, MoveVertices(((junction, out),)))
    assert found.code == "outer_edge"
    assert found.codes == ("c00", "c10")
    assert refusal(start, MoveVertices((), ((at(0, 0), at(1, 0), out),))).code == "outer_edge"
    done = apply(start, MoveVertices(((junction, out),), outer=True))
    assert done.report.outer_m2 == pytest.approx(0.5 * 341.6 * 444.1, rel=1e-3)
    assert {m.giver for m in done.report.moved} == {""}
    assert_sound(start, done)
    back = apply(done.tiling, done.inverse)
    assert back.report.outer_m2 == pytest.approx(-done.report.outer_m2)


@pytest.mark.parametrize(
    ("moves", "code"),
    [
        (((at(1, 1), at(3.5, 1.2)),), "rings_cross"),
        (((at(1, 1), at(-1, 1.2)),), "rings_cross"),
        (((at(0.5, 0.5), at(0.6, 0.6)),), "no_such_vertex"),
        (((at(1, 1), at(2, 1)),), "vertices_meet"),
        (((at(1, 1), at(1.1, 1.1)), (at(1, 1), at(1.2, 1.2))), "vertices_meet"),
        ((), "line_too_short"),
    ],
)
def test_drags_that_break_the_tiling(moves, code):
    found = refusal(lattice(), MoveVertices(moves))
    assert found.code == code


def test_a_drag_over_grids_that_do_not_have_the_vertex_overlaps():
    found = refusal(lattice(), MoveVertices(((at(0, 0), at(2.5, 1.5)),), outer=True))
    assert found.code == "grids_overlap"
    assert {"c00", "c01"} <= set(found.codes)


def test_a_drag_over_its_own_ring_crosses():
    arrow = area((0, 0), (2, 0), (2, 1), (1, 0.5), (0, 1))
    above = area((0, 1), (1, 0.5), (2, 1), (2, 2), (0, 2))
    start = tiling_of({"a": arrow, "b": above})
    assert refusal(start, MoveVertices(((at(1, 0.5), at(1, -0.5)),))).code in {
        "rings_cross",
        "grids_overlap",
    }
    assert_sound(start, apply(start, MoveVertices(((at(1, 0.5), at(1, 0.1)),))))


def test_a_vertex_of_a_locked_grid_stays():
    start = lattice(locked=frozenset({"c11"}))
    found = refusal(start, MoveVertices(((at(1, 1), at(1.1, 1.1)),)))
    assert found.code == "grid_locked"
    assert found.codes == ("c11",)


def test_the_ring_of_an_enclave_is_dragged():
    start = ring_and_middle()
    done = apply(start, MoveVertices(((at(2, 2), at(2.5, 2.5)),)))
    assert squares_of(done.tiling.shape("middle")) == pytest.approx(1.5)
    assert_sound(start, done)
    assert refusal(start, MoveVertices(((at(2, 2), at(3.5, 3.5)),))).code == "rings_cross"


def test_an_outer_edge_is_extended_and_a_bay_is_filled():
    start = lattice()
    done = apply(start, MoveOuter("c10", line((1.2, 0), (1.2, -1), (1.8, -1), (1.8, 0)), "extend"))
    assert squares_of(done.tiling.shape("c10")) == pytest.approx(1.6)
    assert done.report.outer_m2 > 0
    assert done.report.moved[0].giver == ""
    assert_sound(start, done)
    bay = tiling_of({"a": box(0, 0), "b": box(0, 1), "c": area((1, 1), (2, 1), (2, 2), (1, 2))})
    filled = apply(bay, MoveOuter("a", line((1, 0), (2, 0), (2, 1)), "extend"))
    assert squares_of(filled.tiling.shape("a")) == pytest.approx(2.0)
    assert_sound(bay, filled)


def test_a_lake_is_divided_by_a_line_and_the_smaller_side_is_won():
    start = tiling_of({"around": shapely.Polygon(
        line((0, 0), (3, 0), (3, 3), (0, 3)), [line((1, 1), (2, 1), (2, 2), (1, 2))])})  # fmt: skip
    done = apply(start, MoveOuter("around", line((1.3, 1), (1.3, 2)), "extend"))
    assert squares_of(done.tiling.shape("around")) == pytest.approx(8.3)
    assert_sound(start, done)


@pytest.mark.parametrize(
    ("code", "drawn", "word"),
    [
        ("c10", line((1.2, -1), (1.8, -1)), "line_misses"),
        ("c10", line((1.2, 0), (1.2, -1)), "line_touches_only"),
        ("c10", line((1.2, 0), (1.5, 0.5), (1.8, 0)), "line_cuts_others"),
        ("c10", line((0.2, 0), (0.2, -1), (0.8, -1), (0.8, 0)), "nothing_enclosed"),
        ("c10", line((1.2, 0), (1.8, -1), (1.2, -1), (1.8, 0)), "line_crosses_itself"),
        ("c10", line((1.2, 0), (1.2, 0)), "line_too_short"),
        ("zz", line((1.2, 0), (1.2, 0)), "grid_unknown"),
    ],
)
def test_lines_that_win_no_ground(code, drawn, word):
    assert refusal(lattice(), MoveOuter(code, drawn, "extend")).code == word


def test_ground_at_the_outer_edge_is_given_up():
    start = lattice()
    done = apply(start, MoveOuter("c10", line((1, 0.25), (2, 0.25)), "cut"))
    assert squares_of(done.tiling.shape("c10")) == pytest.approx(0.75)
    assert done.report.outer_m2 == pytest.approx(-0.25 * 341.6 * 444.1, rel=1e-3)
    assert_sound(start, done)
    inner = MoveOuter("c11", line((1, 1.25), (2, 1.25)), "cut")
    assert refusal(start, inner).code == "cut_leaves_hole"
    with pytest.raises(EditRefused, match="edit_not_understood"):
        MoveOuter("c11", line((1, 1.25), (2, 1.25)), "melt")


def test_what_an_extension_wins_must_lie_in_its_community():
    start = lattice(parents={"c10": "p"})
    edit = MoveOuter("c10", line((1.2, 0), (1.2, -1), (1.8, -1), (1.8, 0)), "extend")
    assert refusal(start, edit, parents={"p": box(0, 0, 3, 3)}).code == "outside_community"
