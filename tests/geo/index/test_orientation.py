from fractions import Fraction

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from geo.index.orientation import exact_side, is_right_or_on

numbers = st.one_of(
    st.floats(-200, 200),
    st.sampled_from([0.0, 0.1, 0.2, 0.3, 1e-9, 3e-9, 1e-160, 1e-300, 5e-324, 1e100]),
)


def side_by_rationals(ends):
    ax, ay, bx, by, px, py = (Fraction(float(value)) for value in ends)
    turn = (bx - ax) * (py - ay) - (by - ay) * (px - ax)
    return (turn > 0) - (turn < 0)


def as_arrays(ends):
    return tuple(np.array([value]) for value in ends)


@given(st.tuples(*[numbers] * 6))
def test_side_is_exact(ends):
    expected = side_by_rationals(ends)
    assert exact_side(as_arrays(ends))[0] == expected
    assert is_right_or_on(as_arrays(ends))[0] == (expected <= 0)


@given(
    st.tuples(*[st.floats(90, 130)] * 4),
    st.floats(0, 1),
    st.integers(-3, 3),
)
def test_places_beside_a_line(ends, share, ulps):
    ax, ay, bx, by = ends
    px, py = ax + share * (bx - ax), ay + share * (by - ay) + ulps * np.spacing(ay)
    expected = side_by_rationals((*ends, px, py))
    assert exact_side(as_arrays((*ends, px, py)))[0] == expected
    assert is_right_or_on(as_arrays((*ends, px, py)))[0] == (expected <= 0)


@pytest.mark.parametrize("scale", [1.0, 2.0**-500, 2.0**400])
def test_any_size(scale):
    ends = np.array([0.0, 0.0, 3e-9, 1e-9, 0.3, 0.1]) * scale
    with np.errstate(over="ignore", under="ignore"):
        assert exact_side(as_arrays(ends))[0] == side_by_rationals(ends)
