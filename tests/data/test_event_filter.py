"""Rows found by kind are the rows a look at every event finds, whatever else is asked."""

from datetime import UTC, datetime, timedelta

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from data.repositories.event_filter import EventFilter
from data.repositories.events import NO_TIME, Coded, EventArrays
from data.vocabulary import EventLayer

KINDS = ("10", "20", "30", "40")
START = datetime(2026, 1, 1, tzinfo=UTC)
DAYS = 40


def coded(dice, labels, n):
    return Coded(labels, dice.integers(-1, len(labels), n).astype(np.int32))


def events_of(seed, n, *, has_ends):
    """Make events of every sort: without kind, time or channel; known to a day or to a band."""
    dice = np.random.default_rng(seed)
    first = np.datetime64(START.replace(tzinfo=None), "ms")
    at = first + dice.integers(0, DAYS * 24, n).astype("timedelta64[h]")
    at[dice.random(n) < 0.1] = NO_TIME
    until = np.full(n, NO_TIME)
    precisions = ("minute", "none", "day", "month", "band") if has_ends else ("minute", "none")
    precision = Coded(precisions, dice.integers(0, len(precisions), n).astype(np.int32))
    if has_ends:
        is_band = precision.is_in(frozenset({"band"}))
        until[is_band] = at[is_band] + np.timedelta64(5, "h")
    return EventArrays(
        layer=EventLayer.INCIDENTS,
        ids=np.arange(n),
        lon=dice.random(n),
        lat=dice.random(n),
        occurred_at=at,
        closed_at=np.full(n, NO_TIME),
        due_at=np.full(n, NO_TIME),
        time_is_sound=np.ones(n, dtype=bool),
        kind=coded(dice, KINDS, n),
        channel_group=coded(dice, ("phone", "app"), n),
        status=coded(dice, ("closed", "received"), n),
        stated_unit=coded(dice, ("A",), n),
        precision=precision,
        severity=coded(dice, ("high",), n),
        occurred_until=until,
    )


moments = st.none() | st.integers(0, DAYS * 24).map(lambda h: START + timedelta(hours=h))
questions = st.builds(
    EventFilter,
    since=moments,
    until=moments,
    kinds=st.lists(st.sampled_from((*KINDS, "99")), unique=True, max_size=3).map(tuple),
    channel_groups=st.sampled_from(((), ("phone",), ("phone", "app"), ("other",))),
    is_open=st.booleans(),
    hours=st.sampled_from((None, (0, 24), (22, 6), (8, 12))),
)


@given(st.integers(0, 2**32), st.integers(0, 200), st.booleans(), questions)
def test_rows_are_where_the_mask_is_true(seed, n, has_ends, wanted):
    events = events_of(seed, n, has_ends=has_ends)
    assert wanted.rows(events).tolist() == np.flatnonzero(wanted.mask(events)).tolist()


@given(st.integers(0, 2**32), st.integers(0, 200), st.sets(st.sampled_from((*KINDS, "99"))))
def test_rows_of_kinds_are_all_of_them_in_order(seed, n, kinds):
    events = events_of(seed, n, has_ends=False)
    every = [row for row, at in enumerate(events.kind.codes) if at >= 0 and KINDS[at] in kinds]
    assert events.rows_of_kinds(frozenset(kinds)).tolist() == every


@given(st.integers(0, 2**32), st.integers(0, 50))
def test_the_newest_moment_is_the_greatest_there_is(seed, n):
    events = events_of(seed, n, has_ends=False)
    known = events.occurred_at[~np.isnat(events.occurred_at)]
    if len(known):
        assert events.newest_at == known.max()
    else:
        assert np.isnat(events.newest_at)


@pytest.mark.parametrize("wanted", [EventFilter(), EventFilter(kinds=("10",))])
def test_no_events_have_no_rows(wanted):
    assert wanted.rows(events_of(1, 0, has_ends=False)).tolist() == []
