import pytest
import shapely

from geo.edits import (
    EditOptions,
    EditRefused,
    MoveVertices,
    RedrawBorder,
    Split,
    Transfer,
    apply,
)
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
    before = tiling.digest()
    with pytest.raises(EditRefused) as caught:
        apply(tiling, edit, EditOptions(**options))
    assert tiling.digest() == before
    return caught.value


def test_a_line_from_outline_to_outline_is_the_new_border():
    start = lattice()
    done = apply(start, RedrawBorder("c00", "c10", line((0.75, 0), (0.75, 1))))
    assert squares_of(done.tiling.shape("c00")) == pytest.approx(0.75)
    assert squares_of(done.tiling.shape("c10")) == pytest.approx(1.25)
    (moved,) = done.report.moved
    assert (moved.giver, moved.taker) == ("c00", "c10")
    assert moved.area_m2 == pytest.approx(0.25 * 341.6 * 444.1, rel=1e-3)
    assert done.report.outer_m2 == 0.0
    # c01 north of it got the new vertex, bit for bit
    places = set(map(tuple, shapely.get_coordinates(done.tiling.shape("c01")).tolist()))
    assert places & set(map(tuple, shapely.get_coordinates(done.tiling.shape("c00")).tolist()))
    assert "c01" in done.report.touched
    assert_sound(start, done)


def test_the_rest_of_the_old_border_stays_where_the_line_starts_and_ends_on_it():
    start = lattice()
    done = apply(start, RedrawBorder("c10", "c00", line((1, 0.25), (1.5, 0.5), (1, 0.75))))
    assert squares_of(done.tiling.shape("c10")) == pytest.approx(0.875)
    assert squares_of(done.tiling.shape("c00")) == pytest.approx(1.125)
    assert done.report.touched == ("c00", "c10")
    assert_sound(start, done)


def test_a_line_that_winds_about_the_old_border_gives_on_both_sides():
    start = lattice()
    wave = line((1, 0), (0.8, 0.25), (1.2, 0.75), (1, 1))
    done = apply(start, RedrawBorder("c00", "c10", wave))
    assert {(m.giver, m.taker) for m in done.report.moved} == {("c00", "c10"), ("c10", "c00")}
    assert squares_of(done.tiling.shape("c00")) == pytest.approx(1.0)
    assert_sound(start, done)


def test_a_line_across_both_turns_the_border():
    start = lattice()
    done = apply(start, RedrawBorder("c00", "c10", line((0, 0.4), (2, 0.6))))
    for code in ("c00", "c10"):
        assert shapely.get_num_geometries(done.tiling.shape(code)) == 1
        assert squares_of(done.tiling.shape(code)) == pytest.approx(1.0)
    assert_sound(start, done)


def test_overshoot_is_cut_off_and_near_misses_snap():
    start = lattice()
    over = line((0.5, -0.4), (0.5, 1.3))
    done = apply(start, RedrawBorder("c00", "c10", over))
    assert squares_of(done.tiling.shape("c00")) == pytest.approx(0.5)
    near = (at(0.5, 1e-3), at(0.5, 1 - 1e-3))  # half a metre short of the borders
    again = apply(start, RedrawBorder("c00", "c10", near))
    assert squares_of(again.tiling.shape("c00")) == pytest.approx(0.5)
    assert_sound(start, again)


def test_a_line_near_a_vertex_goes_through_it():
    start = lattice()
    done = apply(start, Split("c11", line((0.95, 0.951), (2.05, 2.049)), "new", "new"))
    for place in (at(1, 1), at(2, 2)):
        assert shapely.intersects_xy(shapely.boundary(done.tiling.shape("new")), *place)
    assert shapely.get_num_coordinates(done.tiling.shape("new")) == 4
    assert_sound(start, done)


def test_the_border_of_an_enclave_is_redrawn_by_a_line_and_by_a_ring():
    start = ring_and_middle()
    out = apply(start, RedrawBorder("around", "middle", line((2, 1.2), (2.5, 1.5), (2, 1.8))))
    assert squares_of(out.tiling.shape("middle")) == pytest.approx(1.15)
    assert_sound(start, out)
    wide = line((0.5, 0.5), (2.5, 0.5), (2.5, 2.5), (0.5, 2.5), (0.5, 0.5))
    whole = apply(start, RedrawBorder("around", "middle", wide))
    assert squares_of(whole.tiling.shape("middle")) == pytest.approx(4.0)
    assert_sound(start, whole)


@pytest.mark.parametrize(
    ("drawn", "code"),
    [
        (line((5, 5), (6, 6)), "line_misses"),
        (line((-0.1, 0.5), (0.5, -0.1)), None),  # a corner really cut: allowed
        (line((-1, 1), (0, 0), (1, -1)), "line_touches_only"),
        (line((0, 0), (0, 1)), "line_touches_only"),
        (line((0.2, 0), (0.8, 1), (0.8, 0), (0.2, 1)), "line_crosses_itself"),
        (line((0.5, 0), (0.5, 0.5)), "line_ends_inside"),
        (line((0.5, -0.2), (0.5, 2.5)), "line_cuts_others"),
        (line((0.5, 0.5), (0.5, 0.5)), "line_too_short"),
    ],
)
def test_lines_that_do_not_split(drawn, code):
    start = lattice()
    if code is None:
        assert_sound(start, apply(start, Split("c00", drawn, "new", "new")))
        return
    found = refusal(start, Split("c00", drawn, "new", "new"))
    assert found.code == code
    assert "c00" in found.codes
    if code != "line_too_short":
        assert shapely.from_wkt(found.place).is_valid


def test_a_redraw_of_strangers_or_into_a_third_grid_is_refused():
    start = lattice()
    assert refusal(start, RedrawBorder("c00", "c11", line((0, 0), (1, 1)))).code == "not_neighbours"
    found = refusal(start, RedrawBorder("c00", "c10", line((0.5, 0), (0.5, 1.5), (1.5, 1.5),
                                                            (1.5, 0))))  # fmt: skip
    assert found.code == "line_cuts_others"
    assert set(found.fields["others"]) == {"c01", "c11"}
    assert refusal(start, RedrawBorder("c00", "zz", line((0, 0), (1, 1)))).code == "grid_unknown"


def test_a_split_gives_the_smaller_part_the_new_code():
    start = lattice(parents={"c11": "p1"})
    done = apply(start, Split("c11", line((1.3, 0.9), (1.3, 2.1)), "n1", "new"))
    assert squares_of(done.tiling.shape("n1")) == pytest.approx(0.3)
    assert done.tiling.names["n1"] == "new"
    assert done.tiling.parents["n1"] == "p1"
    assert done.report.added == ("n1",)
    assert_sound(start, done)


def test_a_closed_line_splits_off_an_island():
    start = lattice()
    ring = line((1.3, 1.3), (1.7, 1.3), (1.7, 1.7), (1.3, 1.7), (1.3, 1.3))
    done = apply(start, Split("c11", ring, "n1", "new"))
    assert squares_of(done.tiling.shape("n1")) == pytest.approx(0.16)
    assert len(done.tiling.shape("c11").interiors) == 1
    assert_sound(start, done)


def test_a_line_from_the_outline_to_a_hole_does_not_divide():
    found = refusal(ring_and_middle(), Split("around", line((1.5, 0), (1.5, 1)), "n", "n"))
    assert found.code == "line_does_not_divide"
    through = refusal(ring_and_middle(), Split("around", line((1.5, 0), (1.5, 3)), "n", "n"))
    assert through.code == "line_cuts_others"


def test_a_split_that_leaves_parts_is_refused_unless_allowed():
    arms = area((0, 0), (3, 0), (3, 2), (2, 2), (2, 1), (1, 1), (1, 2), (0, 2))
    start = tiling_of({"u": arms, "inner": box(1, 1)})
    edit = Split("u", line((-0.1, 1.5), (1, 1.5), (1, 1), (2, 1), (2, 1.5), (3.1, 1.5)), "n", "n")
    assert refusal(start, edit).code == "detached_part"
    done = apply(start, edit, EditOptions(allow_parts=True))
    assert shapely.get_num_geometries(done.tiling.shape("n")) == 2
    assert_sound(start, done)


def test_a_split_follows_a_street():
    start = lattice()
    street = shapely.LineString(line((-1, 0.52), (0.4, 0.48), (0.6, 0.5), (4, 0.5)))
    drawn = Split("c00", line((-0.05, 0.51), (1.05, 0.51)), "n", "n")
    done = apply(start, drawn, EditOptions(streets=(street,), street_m=25.0))
    assert done.report.followed_street
    bend = shapely.Point(at(0.4, 0.48))
    assert shapely.dwithin(shapely.boundary(done.tiling.shape("n")), bend, 1e-12)
    assert_sound(start, done)
    far = apply(start, drawn, EditOptions(streets=(shapely.transform(street, lambda c: c + 1.0),)))
    assert not far.report.followed_street


def test_a_lasso_over_the_border_gives_what_lies_in_the_giver():
    start = lattice()
    lasso = shapely.LineString(line((0.7, 0.3), (1.4, 0.3), (1.4, 0.7), (0.7, 0.7)))
    done = apply(start, Transfer.of("c00", "c10", lasso))
    assert squares_of(done.tiling.shape("c10")) == pytest.approx(1.12)
    assert squares_of(done.report.moved[0].geometry) == pytest.approx(0.12)
    assert_sound(start, done)


def test_compounds_side_by_side_move_as_one():
    start = lattice()
    compounds = [box(0.5, 0.0, 0.5, 0.5), box(0.5, 0.5, 0.5, 0.5)]
    done = apply(start, Transfer.of("c00", "c10", compounds))
    assert squares_of(done.tiling.shape("c10")) == pytest.approx(1.5)
    assert shapely.get_num_geometries(done.tiling.shape("c10")) == 1
    assert_sound(start, done)


@pytest.mark.parametrize(
    ("piece", "code"),
    [
        (box(0.4, -0.1, 0.2, 1.2), "piece_reaches_others"),
        (box(0.4, -0.1, 0.2, 1.1), "giver_cut_in_two"),
        (box(0.2, 0.2, 0.2, 0.2), "piece_not_at_taker"),
        (box(0, 0), "whole_grid"),
        (box(1.2, 0.2, 0.2, 0.2), "piece_misses"),
        (box(5, 5), "piece_misses"),
        (area((0, 0), (1, 1), (1, 0), (0, 1)), "line_crosses_itself"),
        (box(1 - 0.5 / 341, 0.2, 0.5, 0.5), "piece_misses"),  # half a metre: the border itself
    ],
)
def test_pieces_that_cannot_move(piece, code):
    found = refusal(lattice(), Transfer.of("c00", "c10", piece))
    assert found.code == code


def test_a_thin_strip_along_the_border_is_a_sliver():
    start = lattice()
    strip = box(1 - 2.0 / 341, 0, 2.0 / 341, 1)
    found = refusal(start, Transfer.of("c00", "c10", strip), sliver_m=5.0)
    assert found.code == "sliver"
    assert found.fields["width_m"] == pytest.approx(2.0, abs=0.1)
    assert_sound(start, apply(start, Transfer.of("c00", "c10", strip)))


def test_reach_into_others_is_clipped_only_when_asked():
    start = lattice()
    piece = box(0.8, 0.5, 0.4, 0.8)
    assert refusal(start, Transfer.of("c00", "c10", piece)).code == "piece_reaches_others"
    done = apply(start, Transfer.of("c00", "c10", piece), EditOptions(clip=True))
    assert squares_of(done.tiling.shape("c00")) == pytest.approx(0.9)
    assert squares_of(done.tiling.shape("c01")) == pytest.approx(1.0)
    assert_sound(start, done)


def test_an_exclave_may_change_hands_and_parts_that_were_there_stay():
    two = shapely.MultiPolygon([box(0, 0), box(2, 2)])
    start = tiling_of({"a": two, "b": area((1, 0), (3, 0), (3, 2), (2, 2), (1, 2), (1, 1)),
                       "c": area((0, 1), (1, 1), (1, 2), (2, 2), (2, 3), (0, 3))})  # fmt: skip
    assert shapely.coverage_is_valid(start.shapes)
    done = apply(start, Transfer.of("a", "b", box(2, 2)))
    assert shapely.get_num_geometries(done.tiling.shape("a")) == 1
    assert_sound(start, done)
    bitten = apply(start, Transfer.of("a", "b", box(0.5, 0, 0.5, 0.5)))
    assert shapely.get_num_geometries(bitten.tiling.shape("a")) == 2
    assert_sound(start, bitten)


def test_locked_grids_stay_and_communities_hold():
    parents = {"c00": "p", "c10": "q"}
    start = lattice(parents=parents, locked=frozenset({"c01"}))
    assert refusal(start, Split("c01", line((0.5, 1), (0.5, 2)), "n", "n")).code == "grid_locked"
    edit = Transfer.of("c00", "c10", box(0.5, 0.2, 0.5, 0.5))
    assert refusal(start, edit).code == "across_communities"
    assert_sound(start, apply(start, edit, EditOptions(across_parents=True)))
    same = lattice(parents=dict.fromkeys(start.codes, "p"))
    small = {"p": box(0, 0, 3.0, 3.0).difference(box(0.7, 0.2, 0.1, 0.1))}
    assert refusal(same, edit, parents=small).code == "outside_community"
    assert_sound(same, apply(same, edit, EditOptions(parents={"p": box(0, 0, 3.0, 3.0)})))


def test_new_codes_must_be_new():
    start = lattice(retired=frozenset({"old"}))
    cut = line((0.5, 0), (0.5, 1))
    assert refusal(start, Split("c00", cut, "c11", "n")).code == "code_taken"
    assert refusal(start, Split("c00", cut, "old", "n")).code == "code_retired"
    assert refusal(start, Split("c00", cut, " ", "n")).code == "code_empty"


def test_a_vertex_put_into_a_border_does_not_move_it():
    start = lattice()
    done = apply(start, RedrawBorder("c00", "c10", line((0.3, 0), (0.3, 1))))
    assert squares_of(done.tiling.shape("c01")) == pytest.approx(
        squares_of(start.shape("c01")), abs=1e-12
    )
    ends = sorted(
        {tuple(xy) for xy in shapely.get_coordinates(done.tiling.shape("c00")).tolist()}
        & {tuple(xy) for xy in shapely.get_coordinates(done.tiling.shape("c10")).tolist()}
    )
    bend = MoveVertices((), ((*ends, at(0.4, 0.5)),))
    bent = apply(done.tiling, bend)
    assert squares_of(bent.tiling.shape("c00")) == pytest.approx(0.35)
    assert_sound(done.tiling, bent)


def faulty():
    """Three columns of squares; the middle of the east reaches into its southern neighbour."""
    shapes = {f"c{x}{y}": box(x, y) for x in range(3) for y in range(3)}
    shapes["c21"] = area((2, 1), (2.5, 0.9), (3, 1), (3, 2), (2, 2))
    return tiling_of(shapes)


def test_a_fault_of_before_forbids_no_edit_beside_it():
    """A plan that began with a faulty file can be drawn on; what is no worse holds."""
    tiling = faulty()
    for code, x in (("c10", 1.5), ("c20", 2.25), ("c21", 2.75)):
        y = int(code[2])
        done = apply(tiling, Split(code, line((x, y - 0.3), (x, y + 1.3)), "new", "new"))
        assert {"new", code} <= set(done.tiling.codes)
        assert sum(squares_of(done.tiling.shape(k)) for k in ("new", code)) == pytest.approx(
            squares_of(tiling.shape(code))
        )


def test_a_fault_is_not_made_worse():
    tiling = faulty()
    with pytest.raises(EditRefused) as found:
        apply(tiling, MoveVertices(((at(2.5, 0.9), at(2.5, 0.8)),), outer=True))
    assert found.value.code == "grids_overlap"
    assert {"c20", "c21"} <= set(found.value.codes)
    mended = apply(tiling, MoveVertices(((at(2.5, 0.9), at(2.5, 1.0)),), outer=True))
    assert shapely.coverage_is_valid(mended.tiling.shapes) or squares_of(
        mended.tiling.shape("c21")
    ) == pytest.approx(1.0)
