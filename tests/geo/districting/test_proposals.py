"""Proposals: against brute force, and what holds for every one of them."""

from dataclasses import replace
from itertools import product

import numpy as np
import pytest
import shapely

from geo.districting.balance import Bands
from geo.districting.goals import AIM_NAMES, ProposalOptions, Rebalance, Regroup
from geo.districting.graph import parts_of
from geo.districting.proposals import propose, proposed_shapes
from geo.errors import FrameError, GeoError

QUICK = ProposalOptions(sweeps=15, exact_atoms=0)


def members(grids):
    found = {}
    for row, code in enumerate(grids):
        found.setdefault(code, []).append(row)
    return found


def hang_together(atoms, grids):
    near = atoms.graph.lists()
    return all(len(parts_of(near, rows)) == 1 for rows in members(grids).values())


def deviation(load, grids, count):
    sums = [load[rows].sum() for rows in members(grids).values()]
    mean = load.sum() / count
    return max(abs(each / mean - 1) for each in sums)


def every_division(atoms, count):
    """List all labellings with contiguous, non-empty grids."""
    for labels in product(range(count), repeat=len(atoms)):
        if len(set(labels)) == count and hang_together(atoms, labels):
            yield labels


TOWN = ["AAB", "AAB", "ABB"]


def best_of(found, name):
    return next(each for each in found if each.aim == name)


@pytest.mark.parametrize("seed", range(3))
def test_the_programme_agrees_with_brute_force(lattice, seed):
    draw = np.random.default_rng(seed)
    load, households = draw.integers(1, 30, 9), draw.integers(5, 60, 9)
    atoms = lattice(TOWN, load, households)
    found = propose(
        atoms, atoms.grids, Rebalance(),
        ProposalOptions(bands=Bands((1, 10_000), 0.05), exact_s=20.0, sweeps=30),
    )  # fmt: skip
    weights = atoms.counts["load"]
    rows = [tuple("AB"[k] for k in labels) for labels in every_division(atoms, 2)]
    away = {grids: deviation(weights, grids, 2) for grids in rows}
    even = best_of(found, "best_balance")
    assert even.is_optimal
    assert even.merit.gap == pytest.approx(0, abs=1e-6)
    assert even.after.max_deviation == pytest.approx(min(away.values()), abs=1e-9)
    few = best_of(found, "fewest_changes")
    limit = max(0.05, few.after.max_deviation) + 1e-9
    cost = {
        grids: sum(p for p, a, b in zip(households, grids, atoms.grids, strict=True) if a != b)
        for grids in rows
        if away[grids] <= limit
    }
    assert few.merit.bound == pytest.approx(min(cost.values()), abs=1e-4)
    assert few.merit.value == few.after.moved_households >= min(cost.values())
    plain = best_of(found, "most_compact")
    near = atoms.graph.pairs()
    limit = max(0.05, plain.after.max_deviation) + 1e-9
    length = min(
        sum(m for a, b, m in zip(*near, strict=True) if grids[a] != grids[b])
        for grids in rows
        if away[grids] <= limit
    )
    assert plain.merit.bound == pytest.approx(length, rel=1e-6)
    assert plain.after.border_m >= length * (1 - 1e-9)


def test_three_grids_out_of_nine_blocks(lattice):
    load = np.random.default_rng(100).integers(1, 9, 9)
    atoms = lattice(["AAA", "BBB", "CCC"], load)
    found = propose(atoms, atoms.grids, Rebalance(), ProposalOptions(exact_s=20.0))
    even = best_of(found, "best_balance")
    best = min(deviation(atoms.counts["load"], labels, 3) for labels in every_division(atoms, 3))
    assert even.after.max_deviation == pytest.approx(best, abs=1e-9)
    assert even.is_optimal


@pytest.mark.parametrize("seed", range(4))
def test_the_heuristic_alone_finds_the_best_of_a_small_town(lattice, seed):
    load = np.random.default_rng(seed).integers(1, 30, 9)
    atoms = lattice(TOWN, load)
    even = best_of(
        propose(atoms, atoms.grids, Rebalance(), ProposalOptions(exact_atoms=0)), "best_balance"
    )
    best = min(deviation(atoms.counts["load"], labels, 2) for labels in every_division(atoms, 2))
    assert even.method in {"recom_swap", "start"}
    assert even.after.max_deviation == pytest.approx(best, abs=1e-9)
    assert even.merit.bound_by == "sums"
    assert even.merit.bound <= even.merit.value


def random_town(lattice, seed, side=10, grids=7):
    """Grow contiguous grids from random blocks, each within its half of the town."""
    draw = np.random.default_rng(seed)
    label = np.full((side, side), -1)
    seeds = draw.permutation(side * side)[:grids]
    label[np.unravel_index(seeds, label.shape)] = np.arange(grids)
    label[0, 0], label[0, side - 1] = grids, grids + 1
    while (label < 0).any():
        y, x = draw.integers(0, side, 2)
        step = ((0, 1), (1, 0), (0, -1), (-1, 0))[draw.integers(4)]
        other = (y + step[0], x + step[1])
        inside = 0 <= other[0] < side and 0 <= other[1] < side
        if (
            label[y, x] >= 0
            and inside
            and label[other] < 0
            and (x < side // 2) == (other[1] < side // 2)
        ):
            label[other] = label[y, x]
    rows = ["".join(chr(65 + k) for k in row) for row in label]
    parents = ["W" * (side // 2) + "E" * (side - side // 2)] * side
    load = draw.gamma(1.0, 30.0, side * side) + 1
    return lattice(rows, load, draw.integers(0, 60, side * side), parents)


@pytest.mark.parametrize("seed", range(12))
def test_what_holds_for_every_proposal(lattice, seed):
    atoms = random_town(lattice, seed)
    codes = sorted(set(atoms.grids))
    locked = frozenset(codes[seed % 3 : seed % 3 + 2])
    options = ProposalOptions(
        sweeps=15, locked=locked, seed=seed, bands=Bands((50, 500), 0.1), exact_atoms=0
    )
    told = []
    found = propose(atoms, atoms.grids, Rebalance(), options, told.append)
    assert tuple(each.aim for each in found) == AIM_NAMES
    assert told == sorted(told)
    assert told[-1] == 1.0
    for each in found:
        assert each.is_finished
        assert sorted(set(each.grids)) == codes
        assert hang_together(atoms, each.grids)
        for now, then, parent in zip(each.grids, atoms.grids, atoms.parents, strict=True):
            if then in locked or now in locked:
                assert now == then
            homes = {p for g, p in zip(atoms.grids, atoms.parents, strict=True) if g == now}
            assert homes == {parent}
        assert each.after.max_deviation <= each.before.max_deviation + 1e-9
        assert each.after.variation <= each.before.variation + 1e-9
        moved = sum(len(rows) for rows in each.transfers(atoms.grids).values())
        assert moved == each.after.moved_atoms
        assert each.merit.bound is None or 0 <= each.merit.bound <= each.merit.value
    few, even, plain = found
    assert even.after.variation <= min(few.after.variation, plain.after.variation) + 1e-9
    assert few.after.moved_households <= 1.1 * even.after.moved_households


@pytest.mark.parametrize("seed", range(6))
def test_two_into_three(lattice, seed):
    draw = np.random.default_rng(seed)
    atoms = lattice(["AAAABBBBC"] * 6, draw.gamma(1.0, 30.0, 54) + 1, draw.integers(0, 60, 54))
    options = ProposalOptions(sweeps=25, exact_atoms=0, bands=Bands((300, 700), 0.1))
    found = propose(atoms, atoms.grids, Regroup(("A", "B"), 3, ("N",)), options)
    outside = [k for k, code in enumerate(atoms.grids) if code == "C"]
    before = {code: atoms.counts["load"][rows].sum() for code, rows in members(atoms.grids).items()}
    for each in found:
        assert set(each.grids) == {"A", "B", "C", "N"}
        assert all(each.grids[k] == "C" for k in outside)
        assert hang_together(atoms, each.grids)
        assert (each.before.grids, each.after.grids) == (2, 3)
        assert each.after.largest <= max(before["A"], before["B"]) + 1e-9
        assert each.after.max_deviation <= max(0.1, each.before.max_deviation) + 1e-9
    assert best_of(found, "best_balance").after.max_deviation < 0.1


def test_three_into_two_and_four_into_one(lattice):
    atoms = lattice(["AABB", "AABB", "CCDD", "CCDD"], np.arange(16) + 1)
    found = propose(atoms, atoms.grids, Regroup(("A", "B", "C"), 2), QUICK)
    for each in found:
        assert len(set(each.grids)) == 3
        assert set(each.grids) < set("ABCD")
        assert hang_together(atoms, each.grids)
    (one, *_) = propose(atoms, atoms.grids, Regroup(tuple("ABCD"), 1), QUICK)
    assert len(set(one.grids)) == 1


def test_new_grids_get_free_codes(lattice):
    atoms = lattice(["AAB", "AAB"])
    (few, *_) = propose(atoms, atoms.grids, Regroup(("A", "B"), 4, ("A", "X")), QUICK)
    assert set(few.grids) == {"A", "B", "X", "new-1"}


def test_as_many_grids_as_atoms(lattice):
    atoms = lattice(["AAB"])
    for each in propose(atoms, atoms.grids, Regroup(("A", "B"), 3)):
        assert len(set(each.grids)) == 3


def test_the_same_seed_gives_the_same_proposals(lattice):
    atoms = random_town(lattice, 3)
    one, other = (
        [each.grids for each in propose(atoms, atoms.grids, Rebalance(), QUICK)] for _ in range(2)
    )
    assert one == other


def test_an_even_town_stays_as_it_is(lattice):
    atoms = lattice(["AABB", "AABB"])
    found = propose(atoms, atoms.grids, Rebalance())
    assert [each.after.max_deviation for each in found] == [0, 0, 0]
    few = found[0]
    assert (few.method, few.is_optimal, few.merit.gap) == ("start", True, 0.0)
    assert few.transfers(atoms.grids) == {}
    assert [each.same_as for each in found] == ["", "fewest_changes", "fewest_changes"]


def test_only_the_grids_asked_about_change(lattice):
    atoms = lattice(["AAABCC", "AAABCC"], np.arange(12) + 1)
    for each in propose(atoms, atoms.grids, Rebalance(("A", "B")), QUICK):
        assert [code for code in each.grids if code == "C"] == ["C"] * 4
        assert each.grids[4:6] == ("C", "C")
        assert each.after.grids == 2


def test_one_free_grid_changes_nothing(lattice):
    atoms = lattice(["AAB"], [1, 2, 3])
    options = ProposalOptions(locked=frozenset("B"))
    for each in propose(atoms, atoms.grids, Rebalance(), options):
        assert (each.method, each.grids) == ("start", atoms.grids)


def test_stopping_gives_the_best_so_far(lattice):
    atoms = random_town(lattice, 5)
    told = []

    def stop_soon(share):
        told.append(share)
        return len(told) < 4

    found = propose(atoms, atoms.grids, Rebalance(), QUICK, stop_soon)
    assert len(told) == 4
    for each in found:
        assert not each.is_finished
        assert hang_together(atoms, each.grids)
        assert each.after.max_deviation <= each.before.max_deviation + 1e-9
    late = ProposalOptions(time_limit_s=0.0)
    assert not propose(atoms, atoms.grids, Rebalance(), late)[0].is_finished


def test_posts_decide_the_longest_way(lattice):
    atoms = lattice(["AABB"])
    corner = tuple(shapely.get_coordinates(atoms.shapes_m[0])[0])
    options = ProposalOptions(sweeps=1, posts={"B": corner})
    (few, *_) = propose(atoms, atoms.grids, Rebalance(), options)
    assert few.before.longest_m == pytest.approx(310, rel=0.01)
    (bare, *_) = propose(atoms, atoms.grids, Rebalance(), ProposalOptions(sweeps=1))
    assert bare.before.longest_m == pytest.approx(111, rel=0.01)


def test_shapes_of_a_proposal_tile_the_same_ground(lattice):
    atoms = random_town(lattice, 8)
    (few, *_) = propose(atoms, atoms.grids, Rebalance(), QUICK)
    shapes = proposed_shapes(atoms, few.grids)
    polygons = np.array(list(shapes.values()), dtype=object)
    assert list(shapes) == sorted(set(few.grids))
    assert shapely.coverage_is_valid(polygons)
    assert (shapely.get_type_id(polygons) == 3).all()
    assert shapely.area(polygons).sum() == pytest.approx(shapely.area(atoms.shapes).sum())
    with pytest.raises(FrameError):
        proposed_shapes(atoms, few.grids[1:])


@pytest.mark.parametrize(
    ("code", "rows", "goal", "options", "more"),
    [
        ("unknown_grids", ["AB"], Rebalance(("A", "X")), {}, {}),
        ("unknown_grids", ["AB"], Rebalance(), {"locked": frozenset("Z")}, {}),
        ("all_grids_locked", ["AB"], Rebalance(), {"locked": frozenset("AB")}, {}),
        ("grids_in_parts", ["ABA"], Rebalance(), {}, {}),
        ("grids_across_communities", ["AAB"], Rebalance(), {}, {"parents": ["XYY"]}),
        ("missing_measure", ["AB"], Rebalance(), {"measure": "harm"}, {}),
        ("nothing_to_balance", ["AB"], Rebalance(), {}, {"load": [0, 0]}),
        ("bad_regroup", ["AB"], Regroup(("A",), 0), {}, {}),
        ("bad_regroup", ["AB"], Regroup((), 2), {}, {}),
        ("more_grids_than_atoms", ["AB"], Regroup(("A", "B"), 3), {}, {}),
        ("regroup_locked", ["AB"], Regroup(("A", "B"), 1), {"locked": frozenset("B")}, {}),
        ("regroup_across_communities", ["AB"], Regroup(("A", "B"), 1), {}, {"parents": ["XY"]}),
        ("regroup_apart", ["ACB"], Regroup(("A", "B"), 2), {}, {}),
    ],
)
def test_bad_questions_are_refused(lattice, code, rows, goal, options, more):
    atoms = lattice(rows, **more)
    with pytest.raises(GeoError) as refused:
        propose(atoms, atoms.grids, goal, ProposalOptions(**options))
    assert refused.value.code == code


def test_bad_atoms_are_refused(lattice):
    atoms = lattice(["AB"])
    with pytest.raises(FrameError) as refused:
        propose(atoms, ("A",), Rebalance())
    assert refused.value.code == "atoms_length"
    with pytest.raises(GeoError) as refused:
        lattice(["AB"], [-1, 2])
    assert refused.value.code == "bad_counts"


def test_a_torn_grid_may_stay_locked(lattice):
    atoms = lattice(["ABBA", "CBCC"], [1, 9, 2, 1, 4, 1, 3, 2])
    with pytest.raises(GeoError):
        propose(atoms, atoms.grids, Rebalance())
    both = lattice(["ABBCA", "ABCCA"], np.arange(10) + 1)
    for each in propose(both, both.grids, Rebalance(), ProposalOptions(locked=frozenset("A"))):
        assert members(each.grids)["A"] == members(both.grids)["A"]


@pytest.mark.parametrize("share", [0.0, 0.15, 0.4])
def test_no_more_households_change_grids_than_may(lattice, share):
    draw = np.random.default_rng(4)
    load, households = draw.integers(1, 30, 9), draw.integers(5, 60, 9)
    atoms = lattice(TOWN, load, households)
    how = ProposalOptions(bands=Bands((1, 10_000), 0.05), sweeps=30, most_moved=share)
    free = propose(atoms, atoms.grids, Rebalance(), replace(how, most_moved=1.0))
    found = propose(atoms, atoms.grids, Rebalance(), how)
    for each in found:
        assert each.after.moved_households <= share * households.sum()
        assert each.after.max_deviation <= each.before.max_deviation
    best, freely = best_of(found, "best_balance"), best_of(free, "best_balance")
    assert freely.after.max_deviation <= best.after.max_deviation
