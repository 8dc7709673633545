import pytest
import shapely
from hypothesis import given
from hypothesis import strategies as st

from geo.edits import (
    EditOptions,
    EditRefused,
    Lock,
    Merge,
    MoveOuter,
    MoveVertices,
    Rename,
    Renumber,
    Restore,
    Split,
    apply,
    next_code,
    reading_order,
    renumbering,
)
from tests.geo.edits.squares import (
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


def test_neighbours_merge_and_the_other_code_retires():
    start = lattice(counts={"households": {"c00": 10, "c10": 7, "c11": 1}})
    done = apply(start, Merge(("c00", "c10", "c11"), "c10"))
    assert squares_of(done.tiling.shape("c10")) == pytest.approx(3.0)
    assert done.tiling.counts["households"] == {"c10": 18}
    assert done.tiling.retired == {"c00", "c11"}
    assert done.report.removed == ("c00", "c11")
    assert done.tiling.estimated == frozenset()
    assert_sound(start, done)
    assert refusal(done.tiling, Split("c10", line((1, 0), (1, 1)), "c00", "n")).code == (
        "code_retired"
    )


def test_an_enclave_merges_into_what_is_around_it_under_a_new_code():
    start = ring_and_middle(counts={"households": {"around": 4}})
    done = apply(start, Merge(("middle", "around"), "whole", "all of it"))
    assert done.tiling.codes == ("whole",)
    assert done.tiling.names == {"whole": "all of it"}
    assert len(done.tiling.shape("whole").interiors) == 0
    assert done.tiling.estimated == {("households", "whole")}  # the middle's number is unknown
    assert_sound(start, done)


def test_merges_that_are_refused():
    start = lattice(parents={"c00": "p", "c10": "q", "c01": "p"})
    assert refusal(start, Merge(("c00", "c11"), "c00")).code == "not_neighbours"
    assert refusal(start, Merge(("c00", "c22"), "c00")).codes == ("c00", "c22")
    assert refusal(start, Merge(("c00", "c10"), "c00")).code == "across_communities"
    assert refusal(start, Merge(("c00", "c00"), "c00")).code == "same_grid"
    assert refusal(start, Merge(("c00",), "c00")).code == "same_grid"
    assert refusal(start, Merge(("c00", "c01"), "c22")).code == "code_taken"
    assert refusal(start, Merge(("c00", "zz"), "c00")).code == "grid_unknown"
    apply(start, Merge(("c00", "c10"), "c00"), EditOptions(across_parents=True))


def test_codes_are_swapped_and_counts_go_along():
    start = lattice(
        counts={"households": {"c00": 3, "c10": 5}},
        estimated=frozenset({("households", "c00")}),
        parents={"c00": "p"},
    )
    done = apply(start, Renumber({"c00": "c10", "c10": "x1"}))
    assert done.tiling.counts["households"] == {"c10": 3, "x1": 5}
    assert done.tiling.estimated == {("households", "c10")}
    assert done.tiling.parents == {"c10": "p"}
    assert done.tiling.retired == {"c00"}
    assert shapely.equals_exact(done.tiling.shape("c10"), start.shape("c00"))
    assert done.report.moved == ()
    assert_sound(start, done)
    assert apply(done.tiling, done.inverse).report.moved == ()


def test_renumberings_that_are_refused():
    start = lattice(retired=frozenset({"old"}))
    assert refusal(start, Renumber({"c00": "c10"})).code == "code_taken"
    assert refusal(start, Renumber({"c00": "x", "c10": "x"})).code == "code_taken"
    assert refusal(start, Renumber({"c00": "old"})).code == "code_retired"
    assert refusal(start, Renumber({"zz": "x"})).code == "grid_unknown"
    assert refusal(start, Renumber({"c00": ""})).code == "code_empty"


def test_a_name_is_given_and_a_grid_is_locked():
    start = lattice()
    named = apply(start, Rename("c00", " 北门 "))
    assert named.tiling.names["c00"] == "北门"
    assert_sound(start, named)
    assert refusal(start, Rename("c00", " ")).code == "name_empty"
    locked = apply(start, Lock(("c00",)))
    assert refusal(locked.tiling, Rename("c00", "x")).code == "grid_locked"
    assert refusal(locked.tiling, Merge(("c00", "c01"), "c00")).code == "grid_locked"
    opened = apply(locked.tiling, Lock(("c00",), on=False))
    assert opened.tiling.digest() == start.digest()
    assert_sound(start, locked)
    assert refusal(start, Lock(("zz",))).code == "grid_unknown"


def test_undo_out_of_turn_is_refused_and_redo_works():
    start = lattice()
    first = apply(start, MoveVertices(((at(1, 1), at(1.2, 1.2)),)))
    second = apply(first.tiling, MoveVertices(((at(2, 1), at(2.2, 1.2)),)))
    found = refusal(second.tiling, first.inverse)
    assert found.code == "undo_out_of_turn"
    assert set(found.codes) == {"c10", "c11"}
    undone = apply(second.tiling, second.inverse)
    redone = apply(undone.tiling, undone.inverse)
    assert redone.tiling.digest() == second.tiling.digest()
    assert sum(m.area_m2 for m in undone.report.moved) == pytest.approx(
        sum(m.area_m2 for m in second.report.moved)
    )
    broken = Restore(tuple(type(s)(s.code, s.name, s.parent, b"no") for s in first.inverse.grids),
                     seen=first.inverse.seen)  # fmt: skip
    assert refusal(first.tiling, broken).code == "edit_not_understood"


def test_an_undo_onto_ground_that_another_grid_took_is_refused():
    start = lattice(2, 1)
    cut = apply(start, MoveOuter("c00", line((0, 0.5), (1, 0.5)), "cut"))
    won = apply(
        cut.tiling, MoveOuter("c10", line((1, 0), (0.2, 0), (0.2, 0.4), (1, 0.4)), "extend")
    )
    assert refusal(won.tiling, cut.inverse).code == "undo_out_of_turn"


def test_numbers_run_west_to_east_from_the_north_and_pass_over_retired_ones():
    parents = dict.fromkeys((f"c{x}{y}" for x in range(3) for y in range(2)), "110101001001")
    start = lattice(3, 2, parents=parents, retired=frozenset({"110101001001002"}))
    assert reading_order(start, start.codes) == ("c01", "c11", "c21", "c00", "c10", "c20")
    edit = renumbering(start, "110101001001")
    done = apply(start, edit)
    assert [code[-3:] for code in done.tiling.codes] == ["001", "003", "004", "005", "006", "007"]
    assert shapely.equals_exact(done.tiling.shape("110101001001001"), start.shape("c01"))
    assert_sound(start, done)
    assert next_code(done.tiling, "110101001001") == "110101001001008"
    with pytest.raises(EditRefused, match="codes_used_up"):
        renumbering(start, "110101001001", digits=1, starts_at=7)
    with pytest.raises(EditRefused, match="community_unknown"):
        renumbering(start, "nowhere")


def test_a_numbering_leaves_what_is_right_and_what_is_locked():
    start = tiling_of(
        {"p001": box(0, 1), "p009": box(1, 1), "p002": box(0, 0)},
        parents=dict.fromkeys(("p001", "p002", "p009"), "p"),
        locked=frozenset({"p002"}),
    )
    assert renumbering(start, "p").codes == (("p009", "p003"),)


def test_a_numbering_never_swaps_codes_that_were_given_out():
    """A code belongs to one grid for ever: what is out of order gets a number never given."""
    parents = dict.fromkeys(("p001", "p002", "p003", "p004"), "p")
    shapes = {"p002": box(0, 0), "p001": box(1, 0), "p003": box(2, 0), "p004": box(3, 0)}
    start = tiling_of(shapes, parents=parents)
    swap = renumbering(start, "p")
    assert dict(swap.codes) == {"p002": "p001", "p001": "p002"}  # nothing was given out: a draft's
    edit = renumbering(start, "p", given=start.codes)
    done = apply(start, edit).tiling
    news = {new for _, new in edit.codes}
    assert news.isdisjoint(start.codes)
    assert len(edit.codes) == 3  # one stays, and no three fit in between
    order = reading_order(done, done.codes)
    assert list(order) == sorted(order)
    assert apply(done, renumbering(done, "p", given=start.codes)).tiling.codes == done.codes


def test_a_numbering_moves_as_few_given_codes_as_the_order_allows():
    names = ("p010", "p020", "p030", "p005", "p040")
    shapes = {code: box(column, 0) for column, code in enumerate(names)}
    start = tiling_of(shapes, parents=dict.fromkeys(names, "p"))
    assert renumbering(start, "p", given=names).codes == (("p005", "p031"),)
    with pytest.raises(EditRefused, match="codes_used_up"):
        renumbering(start, "p", digits=1, starts_at=6, given=names)


@given(st.permutations(range(1, 8)), st.sets(st.integers(1, 30), max_size=6))
def test_any_order_of_given_codes_is_numbered_upwards(numbers, retired):
    gone = frozenset(f"p{n:03}" for n in retired - set(numbers))
    names = [f"p{n:03}" for n in numbers]
    start = tiling_of(
        {code: box(column, 0) for column, code in enumerate(names)},
        parents=dict.fromkeys(names, "p"),
        retired=gone,
    )
    edit = renumbering(start, "p", given=names)
    done = apply(start, edit).tiling
    order = reading_order(done, done.codes)
    assert list(order) == sorted(order)
    assert {new for _, new in edit.codes}.isdisjoint({*names, *gone})
