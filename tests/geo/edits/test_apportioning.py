import numpy as np
import pytest
import shapely

from geo.apportion import apportion
from geo.edits import Atoms, EditOptions, MoveVertices, Split, Transfer, apply
from tests.geo.edits.squares import assert_sound, at, box, lattice, line


@pytest.mark.parametrize(
    ("number", "weights", "shares"),
    [
        (10, [1.0, 1.0, 1.0], [4, 3, 3]),
        (1, [0.5, 0.5], [1, 0]),
        (7, [0.0, 0.0], [7, 0]),
        (0, [2.0, 1.0], [0, 0]),
        (100, [2.0, 1.0], [67, 33]),
    ],
)
def test_shares_are_whole_and_keep_the_sum(number, weights, shares):
    assert apportion(number, weights, idle_to_first=True).tolist() == shares


def test_a_moved_piece_takes_a_share_by_area_and_both_are_estimates():
    counts = {"households": {"c00": 100, "c10": 50}, "residents": {"c10": 9}}
    start = lattice(counts=counts)
    done = apply(start, Transfer.of("c00", "c10", box(0.75, 0, 0.25, 1)))
    assert done.tiling.counts["households"] == {"c00": 75, "c10": 75}
    assert done.tiling.counts["residents"] == {"c10": 9}
    assert done.report.moved[0].counts == {"households": 25}
    assert done.tiling.estimated == {("households", "c00"), ("households", "c10")}
    assert done.report.estimated == ("c00", "c10")
    assert_sound(start, done)


def test_compounds_with_counts_of_their_own_decide_and_are_exact():
    atoms = Atoms(
        np.array([box(0.1, 0.1, 0.2, 0.2), box(0.8, 0.4, 0.1, 0.2), shapely.Point(at(0.9, 0.9))],
                 dtype=object),
        {"households": np.array([70, 20, 10])},
    )  # fmt: skip
    start = lattice(counts={"households": {"c00": 100, "c10": 50}})
    exact = apply(start, Transfer.of("c00", "c10", box(0.75, 0, 0.25, 1)), EditOptions(atoms=atoms))
    assert exact.tiling.counts["households"] == {"c00": 70, "c10": 80}
    assert exact.tiling.estimated == frozenset()
    cut = apply(start, Transfer.of("c00", "c10", box(0.85, 0, 0.15, 1)), EditOptions(atoms=atoms))
    assert cut.tiling.counts["households"] == {"c00": 80, "c10": 70}
    assert cut.tiling.estimated == {("households", "c00"), ("households", "c10")}
    assert_sound(start, cut)


def test_a_dragged_vertex_and_a_split_keep_the_sum():
    start = lattice(counts={"households": {f"c{x}{y}": 101 for x in range(3) for y in range(3)}})
    dragged = apply(start, MoveVertices(((at(1, 1), at(1.37, 1.21)),)))
    assert dragged.tiling.counts["households"]["c00"] > 101
    assert_sound(start, dragged)
    halved = apply(start, Split("c00", line((0.5, 0), (0.5, 1)), "n", "n"))
    assert sorted(halved.tiling.counts["households"][c] for c in ("c00", "n")) == [50, 51]
    assert_sound(start, halved)


def test_an_empty_grid_gives_no_estimate():
    start = lattice(counts={"households": {"c00": 0, "c10": 5}})
    done = apply(start, Transfer.of("c00", "c10", box(0.75, 0, 0.25, 1)))
    assert done.tiling.estimated == frozenset()
    assert done.tiling.counts["households"] == {"c00": 0, "c10": 5}
