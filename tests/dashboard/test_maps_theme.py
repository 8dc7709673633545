import itertools

import numpy as np
import pytest

from dashboard.maps.classes import classes_for
from dashboard.maps.page_parts import SHAPE_SIGNS
from dashboard.theme import (
    MAX_CLASSES,
    POINT_SIGNS,
    POST_SIGNS,
    STATUS_SIGNS,
    Shape,
    class_colours,
    class_edges,
)

RNG = np.random.default_rng(3)
COUNTS = RNG.poisson(6, 300).astype(float)
RATES = RNG.lognormal(1, 1, 300)


def luminance(colour):
    parts = np.array([int(colour[at : at + 2], 16) for at in (1, 3, 5)]) / 255
    linear = np.where(parts <= 0.04045, parts / 12.92, ((parts + 0.055) / 1.055) ** 2.4)
    return float(linear @ [0.2126, 0.7152, 0.0722])


@pytest.mark.parametrize("n", range(2, MAX_CLASSES + 1))
def test_each_class_is_clearly_darker_than_the_one_before(n):
    steps = [luminance(colour) + 0.05 for colour in class_colours(n)]
    ratios = [light / dark for light, dark in itertools.pairwise(steps)]
    assert min(ratios) > 1.25


def test_kinds_and_states_differ_in_shape_or_mark_as_well():
    assert len({sign.shape for sign in POINT_SIGNS}) == len(POINT_SIGNS)
    assert len({sign.mark for sign in STATUS_SIGNS.values()}) == len(STATUS_SIGNS)


def test_posts_have_shapes_that_no_kind_of_record_has():
    assert not {sign.shape for sign in POST_SIGNS} & {sign.shape for sign in POINT_SIGNS}
    assert len({sign.shape for sign in POST_SIGNS}) == len(POST_SIGNS)
    assert len(set(SHAPE_SIGNS.values())) == len(SHAPE_SIGNS) == len(Shape)


@pytest.mark.parametrize("method", ["quantile", "equal", "natural"])
@pytest.mark.parametrize(
    ("values", "is_count"), [(COUNTS, True), (RATES, False), (RATES * 1e-4, False)]
)
def test_every_value_lies_within_rising_edges(method, values, is_count):
    made = class_edges(values, method=method, n=5, is_count=is_count)
    assert list(made.edges) == sorted(set(made.edges))
    assert made.edges[0] <= values.min()
    assert made.edges[-1] >= values.max()
    if is_count:
        assert all(edge == int(edge) for edge in made.edges)


def test_quantiles_share_shapes_about_evenly():
    made = class_edges(RATES, method="quantile", n=5)
    inside, _ = np.histogram(RATES, made.edges)
    assert inside.min() >= 59


def test_natural_breaks_part_what_stands_apart():
    values = np.array([1, 2, 3, 50, 51, 52, 200, 201.0])
    made = class_edges(values, method="natural", n=3, is_count=True)
    assert made.edges == (1.0, 50.0, 200.0, 202.0)


def test_natural_breaks_have_the_least_spread_of_all_divisions():
    values = np.sort(RNG.uniform(0, 100, 12))

    def spread(first, second):
        parts = np.split(values, [first, second])
        return sum(((part - part.mean()) ** 2).sum() for part in parts)

    best = min(spread(i, j) for i in range(1, 11) for j in range(i + 1, 12))
    made = class_edges(values, method="natural", n=3)
    at = np.searchsorted(made.edges, values, side="right")
    found = sum(((values[at == k] - values[at == k].mean()) ** 2).sum() for k in np.unique(at))
    assert found == pytest.approx(best)


def test_zeros_stand_apart_and_missing_values_are_no_zeros():
    values = np.array([0, 0, 0.2, 4, 9, np.nan])
    classes = classes_for(values, title="t", no_base_label="none", n=3)
    assert classes.has_zero
    assert classes.index(values)[[0, 1, 5]].tolist() == [0, 0, -1]
    assert classes.index(values)[2] == 1
    assert classes.index(np.array([0.001]))[0] == 1
    assert (classes.labels[0], classes.marks[0]) == ("0", "0")


@pytest.mark.parametrize(
    ("values", "labels"),
    [
        ([5, 5], ("5",)),
        ([1, 2, 2, 7], ("1", "2–7")),
        ([0, 0], ("0",)),
        ([np.nan], ()),
        ([0, 3], ("0", "3")),
    ],
)
def test_labels_of_small_counts(values, labels):
    made = classes_for(np.array(values, float), title="", no_base_label="", n=2, is_count=True)
    assert made.labels == labels
    assert len(made.colours) == len(labels)


def test_labels_say_which_class_holds_its_upper_edge():
    made = classes_for(np.array([1, 2, 3, 4.0]), title="", no_base_label="", n=2, method="equal")
    assert made.labels == ("1–<2", "2–4")
    assert made.index(np.array([2, 4.0])).tolist() == [1, 1]


def test_too_many_classes_are_refused():
    with pytest.raises(ValueError, match="between"):
        class_edges(COUNTS, n=MAX_CLASSES)
    with pytest.raises(ValueError, match="between"):
        class_colours(MAX_CLASSES + 1)


def test_coverage_has_fixed_classes_with_all_of_it_alone():
    values = np.array([0, 49.9, 50, 74.9, 75, 89.9, 90, 99.9, 100, np.nan])
    made = classes_for(values, title="", no_base_label="", method="coverage")
    assert made.labels == ("<50", "50–<75", "75–<90", "90–<100", "100")
    assert made.index(values).tolist() == [0, 0, 1, 1, 2, 2, 3, 3, 4, -1]
    assert made.marks == ("A", "B", "C", "D", "E")


@pytest.mark.parametrize("share", [0.0, 80.0, 100.0])
def test_coverage_classes_do_not_depend_on_the_values(share):
    made = classes_for(np.array([share]), title="", no_base_label="", method="coverage")
    assert made.breaks == (0, 50, 75, 90, 100, 101)


def test_coverage_above_the_plan_is_said_and_no_coverage_has_no_class():
    over = classes_for(np.array([50, 150.0]), title="", no_base_label="", method="coverage")
    assert over.labels[-1] == "≥100"
    assert over.index(np.array([150.0]))[0] == 4
    none = classes_for(np.array([np.nan]), title="", no_base_label="", method="coverage")
    assert none.labels == ()


@pytest.mark.parametrize("method", ["quantile", "equal", "natural"])
def test_few_distinct_counts_have_a_class_each(method):
    values = np.array([0] * 50 + [1] * 40 + [2, 3, 9, 20], float)
    made = classes_for(values, title="", no_base_label="", method=method, is_count=True)
    assert made.labels == ("0", "1", "2", "3", "9", "20")
    assert sorted(set(made.index(values).tolist())) == [0, 1, 2, 3, 4, 5]


@pytest.mark.parametrize("method", ["quantile", "equal", "natural"])
@pytest.mark.parametrize("is_count", [True, False])
@pytest.mark.parametrize(
    "values",
    [
        [1] * 95 + [2, 3, 4, 5, 6, 7, 8],
        [7] * 95 + [1, 2, 3, 4, 5, 6],
        [50, 50, 100],
        [50] + [100] * 50,
        [100] + [50] * 50,
        [4] * 60 + [5] * 60 + [6, 7, 8, 9, 10],
    ],
)
def test_tied_values_never_collapse_into_one_class(method, is_count, values):
    values = np.array(values, float)
    made = classes_for(values, title="", no_base_label="", method=method, is_count=is_count)
    assert len(set(made.index(values).tolist())) >= 2


def test_a_lowest_value_that_fills_quantiles_stands_alone():
    values = np.array([1] * 95 + [2, 3, 4, 5, 6, 7, 8, 9], float)
    made = classes_for(values, title="", no_base_label="", is_count=True)
    assert made.labels == ("1", "2–3", "4–5", "6–7", "8–9")
