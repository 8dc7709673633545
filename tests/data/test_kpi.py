"""Figures against arithmetic done by hand."""

from datetime import UTC, datetime
from zoneinfo import ZoneInfo

import pytest

from data.kpi import change_figure, change_interval, same_span_last_year

SHANGHAI = ZoneInfo("Asia/Shanghai")


def test_the_published_fall_of_yushu():
    figure = change_figure("K5", "incidents_yoy", "all", 79, 300)
    assert round(100 * figure.value, 2) == -73.67
    assert figure.low == pytest.approx(-0.7945, abs=5e-4)
    assert figure.high == pytest.approx(-0.6628, abs=5e-4)
    assert figure.note == ""


def test_ninety_percent_on_a_base_of_ten_says_little():
    low, high = change_interval(1, 10)
    assert (round(low, 2), round(high, 2)) == (-0.99, -0.22)


@pytest.mark.parametrize(("current", "previous"), [(0, 10), (10, 0), (0, 0)])
def test_no_interval_without_counts(current, previous):
    figure = change_figure("K5", "m", "all", current, previous)
    assert figure.low is None
    assert (figure.value is None) == (previous == 0)
    assert figure.note == "small_base"


def test_leap_day_moves_to_march():
    since = datetime(2024, 2, 29, tzinfo=SHANGHAI)
    until = datetime(2024, 3, 31, tzinfo=SHANGHAI)
    before = same_span_last_year(since, until, "Asia/Shanghai")
    assert before[0] == datetime(2023, 3, 1, tzinfo=SHANGHAI)
    assert before[1] == datetime(2023, 3, 31, tzinfo=SHANGHAI)


def test_the_local_calendar_decides_not_utc():
    since = datetime(2023, 12, 31, 16, tzinfo=UTC)  # local midnight of 1 January
    before = same_span_last_year(since, since, "Asia/Shanghai")
    assert before[0] == datetime(2023, 1, 1, tzinfo=SHANGHAI)
