"""Formulas, spans and calendars against arithmetic done by hand."""

from datetime import UTC, date, datetime, time
from zoneinfo import ZoneInfo

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from data.kpi import (
    WorkCalendar,
    change_figure,
    change_interval,
    gini,
    place_of,
    same_span_last_year,
    span_before,
    wilson,
    zero_rate_upper,
)
from data.kpi.calendar import to_local
from data.kpi.intervals import falls_at_the_end
from data.kpi.repeats import events_per_place
from data.kpi.spans import days_between, month_of, years_between

SHANGHAI = ZoneInfo("Asia/Shanghai")
TZ = "Asia/Shanghai"


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


def test_the_published_resolution_of_jilin():
    low, high = wilson(59_400, 61_700)
    assert round(100 * 59_400 / 61_700, 2) == 96.27
    assert (round(low, 4), round(high, 4)) == (0.9612, 0.9642)
    assert round(100 * 594 / 617, 2) == 96.27


def test_wilson_against_a_printed_example():
    # 4 of 10: score interval 0.168 to 0.687
    assert wilson(4, 10) == pytest.approx((0.1682, 0.6873), abs=5e-4)
    assert wilson(0, 0) is None
    assert wilson(11, 10) is None


@given(st.integers(0, 500), st.integers(1, 500))
def test_wilson_holds_the_share_and_stays_a_share(part, whole):
    part = min(part, whole)
    low, high = wilson(part, whole)
    assert 0 <= low <= part / whole <= high <= 1


def test_nothing_in_five_years_allows_0_6_a_year():
    assert zero_rate_upper(5) == pytest.approx(0.6)
    assert zero_rate_upper(0) is None


@pytest.mark.parametrize(
    ("counts", "run"),
    [
        ([90, 80, 70, 60, 50, 40, 30, 20, 10], 8),
        ([1, 90, 80, 80, 70], 1),
        ([5, 6], 0),
        ([6, 6], 0),
        ([4], 0),
        ([], 0),
    ],
)
def test_run_of_falls(counts, run):
    assert falls_at_the_end(counts) == run


def test_gini_by_hand():
    assert gini([5, 5, 5, 5]) == pytest.approx(0)
    assert gini([0, 0, 0, 8]) == pytest.approx(0.75)  # all in one of four: 1 - 1/n
    assert gini([1, 2, 3, 4]) == pytest.approx(0.25)
    assert gini([0, 0]) is None
    assert gini([]) is None


def test_leap_day_moves_to_march():
    since = datetime(2024, 2, 29, tzinfo=SHANGHAI)
    until = datetime(2024, 3, 31, tzinfo=SHANGHAI)
    before = same_span_last_year(since, until, TZ)
    assert before[0] == datetime(2023, 3, 1, tzinfo=SHANGHAI)
    assert before[1] == datetime(2023, 3, 31, tzinfo=SHANGHAI)


def test_the_local_calendar_decides_not_utc():
    since = datetime(2023, 12, 31, 16, tzinfo=UTC)  # local midnight of 1 January
    before = same_span_last_year(since, since, TZ)
    assert before[0] == datetime(2023, 1, 1, tzinfo=SHANGHAI)


def span(since, until, tz=SHANGHAI):
    return tuple(datetime.fromisoformat(text).replace(tzinfo=tz) for text in (since, until))


@pytest.mark.parametrize(
    ("asked", "before"),
    [
        (("2024-02-01", "2024-03-01"), ("2023-02-01", "2023-03-01")),
        (("2024-02-01", "2024-02-29"), ("2023-02-01", "2023-03-01")),  # 1 to 28 February
        (("2024-02-29", "2024-03-01"), ("2023-03-01", "2023-03-01")),  # no such day: empty
        (("2025-02-01", "2025-03-01"), ("2024-02-01", "2024-03-01")),  # the leap day is in
    ],
)
def test_a_year_back(asked, before):
    assert same_span_last_year(*span(*asked), TZ) == span(*before)


@pytest.mark.parametrize(
    ("asked", "before"),
    [
        (("2024-03-01", "2024-04-01"), ("2024-02-01", "2024-03-01")),
        (("2024-01-01", "2024-04-01"), ("2023-10-01", "2024-01-01")),
        (("2024-01-01", "2025-01-01"), ("2023-01-01", "2024-01-01")),
        (("2024-03-30", "2024-04-01"), ("2024-03-28", "2024-03-30")),
        (("2024-03-01T08:00", "2024-03-01T20:00"), ("2024-02-29T20:00", "2024-03-01T08:00")),
    ],
)
def test_the_period_before(asked, before):
    assert span_before(*span(*asked), TZ) == span(*before)


def test_whole_days_stay_whole_over_a_change_of_clocks():
    zone = ZoneInfo("Europe/Berlin")
    asked = span("2024-04-01T00:00", "2024-04-03T00:00", zone)
    assert span_before(*asked, "Europe/Berlin")[0] == datetime(2024, 3, 30, tzinfo=zone)
    assert days_between(*span("2024-03-31", "2024-04-01", zone), "Europe/Berlin") == 1


@given(st.datetimes(datetime(1995, 1, 1), datetime(2035, 1, 1)), st.integers(1, 800))  # noqa: DTZ001
def test_a_year_back_keeps_the_order_and_roughly_the_length(start, days):
    since = start.replace(tzinfo=SHANGHAI)
    until = datetime.fromtimestamp(since.timestamp() + 86_400 * days, SHANGHAI)
    before = same_span_last_year(since, until, TZ)
    assert before[0] <= before[1]
    assert abs((before[1] - before[0]) - (until - since)).days <= 1


@pytest.mark.parametrize(
    ("asked", "years"),
    [
        (("2017-10-17", "2022-10-17"), 5),
        (("2024-02-29", "2025-03-01"), 1 + 1 / 366),
        (("2023-07-01", "2024-01-01"), 184 / 365),
        (("2024-01-01", "2025-07-02"), 1 + 183 / 366),  # of the year that ends on 2 July 2024
        (("2024-01-01", "2024-01-01"), 0),
    ],
)
def test_years(asked, years):
    assert years_between(*span(*asked), TZ) == pytest.approx(years)


def test_months():
    assert month_of(local("2023-12-31T23:59"), TZ) == (date(2023, 12, 1), date(2024, 1, 1))


def local(text):
    return datetime.fromisoformat(text).replace(tzinfo=SHANGHAI)


def moments(*texts):
    return np.array(
        [local(t).astimezone(UTC).replace(tzinfo=None) for t in texts], "datetime64[ms]"
    )


OFFICE = WorkCalendar(hours=((time(9), time(12)), (time(13, 30), time(17, 30))))


@pytest.mark.parametrize(
    ("since", "until", "minutes"),
    [
        ("2024-05-06T09:00", "2024-05-06T10:30", 90),  # a Monday
        ("2024-05-06T11:30", "2024-05-06T14:00", 60),  # over the noon break
        ("2024-05-06T20:00", "2024-05-07T08:00", 0),
        ("2024-05-10T17:00", "2024-05-13T09:15", 45),  # over a weekend
        ("2024-05-06T00:00", "2024-05-13T00:00", 5 * 420),
        ("2024-05-11T10:00", "2024-05-11T11:00", 0),  # a Saturday
    ],
)
def test_working_minutes(since, until, minutes):
    assert OFFICE.minutes_between(moments(since), moments(until)).tolist() == [minutes]


def test_holidays_and_make_up_days_are_settings():
    notice = {
        "work_hours": [["09:00", "17:00"]],
        "holidays": ["2024-05-01", "2024-05-02", "2024-05-03"],
        "makeup_days": ["2024-05-11"],
    }
    calendar = WorkCalendar.from_settings(notice, TZ)
    whole = calendar.minutes_between(moments("2024-04-29T00:00"), moments("2024-05-13T00:00"))
    assert whole.tolist() == [(2 + 5 + 1) * 480]
    assert WorkCalendar.from_settings({}, TZ) == WorkCalendar()


def test_many_spans_at_once_are_the_sum_of_their_parts():
    a, b, c = "2024-01-03T10:00", "2024-02-20T15:45", "2024-06-01T11:11"
    first, second, both = OFFICE.minutes_between(moments(a, b, a), moments(b, c, c))
    assert first + second == both


def test_local_time_knows_the_change_of_clocks():
    utc = np.array(["2024-03-31T00:30", "2024-03-31T01:30", "2024-07-01T12:00"], "datetime64[ms]")
    told = to_local(utc, "Europe/Berlin").astype("datetime64[m]").astype(str).tolist()
    assert told == ["2024-03-31T01:30", "2024-03-31T03:30", "2024-07-01T14:00"]


def test_one_place_is_one_point_or_within_25_metres():
    step = 20 / 111_320  # 20 m in degrees of latitude
    lat = np.array([36.4, 36.4, 36.4 + step, 36.4 + 2 * step, 36.4 + 100 * step])
    lon = np.full(5, 94.9)
    # the double point takes its neighbour 20 m off, not the one 40 m off: there are no chains
    assert events_per_place(lon, lat).tolist() == [3, 1, 1]
    assert len(set(place_of(lon, lat, 15.0).tolist())) == 4
    assert len(place_of(np.zeros(0), np.zeros(0))) == 0
