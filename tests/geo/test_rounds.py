"""The round is the shortest of all: compared with every order."""

from itertools import pairwise, permutations

import numpy as np
import pytest

from geo.errors import GeoError
from geo.rounds import MOST_PLACES, visiting_order


def length_of(xy, order, start):
    stops = [*([np.array(start)] if start else []), *(xy[i] for i in order)]
    return sum(float(np.hypot(*(b - a))) for a, b in pairwise(stops))


@pytest.mark.parametrize("seed", range(12))
@pytest.mark.parametrize("start", [None, (0.0, 0.0)])
def test_no_other_order_is_shorter(seed, start):
    rng = np.random.default_rng(seed)
    xy = rng.uniform(-1000, 1000, (2 + seed % 6, 2))
    order, length_m = visiting_order(xy, start)
    assert sorted(order) == list(range(len(xy)))
    assert length_m == pytest.approx(length_of(xy, order, start))
    assert length_m == pytest.approx(
        min(length_of(xy, other, start) for other in permutations(range(len(xy))))
    )


def test_nothing_and_one_place():
    assert visiting_order(np.empty((0, 2))) == ((), 0.0)
    assert visiting_order(np.array([[3.0, 4.0]])) == ((0,), 0.0)
    assert visiting_order(np.array([[3.0, 4.0]]), (0.0, 0.0)) == ((0,), 5.0)


def test_equal_walks_are_decided_by_order():
    square = np.array([[0.0, 0.0], [0.0, 1.0], [1.0, 1.0], [1.0, 0.0]])
    assert visiting_order(square)[0] == (0, 1, 2, 3)


def test_too_many_places_are_refused():
    with pytest.raises(GeoError) as caught:
        visiting_order(np.zeros((MOST_PLACES + 1, 2)))
    assert caught.value.code == "too_many_places"
