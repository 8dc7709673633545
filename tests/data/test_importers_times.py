import pandas as pd
import pytest

from data.errors import ImportRefused
from data.importers.times import (
    PRECISION_WORDS,
    TimeRules,
    read_date_and_clock,
    read_moments,
    read_parts,
    utc_texts,
)


def read(texts, column="time", **rules):
    return read_moments(pd.Series(texts, dtype="str"), TimeRules(**rules), column=column)


@pytest.mark.parametrize(
    ("text", "utc", "precision"),
    [
        ("2026-03-05 08:30", "2026-03-05T00:30:00.000Z", "minute"),
        ("2026/3/5", "2026-03-04T16:00:00.000Z", "day"),
        ("2026.3.5 8:30:15", "2026-03-05T00:30:15.000Z", "minute"),
        ("2026年3月5日 8时30分", "2026-03-05T00:30:00.000Z", "minute"),
        ("2026年3月5日8时30分20秒", "2026-03-05T00:30:20.000Z", "minute"),
        ("2026年3月", "2026-02-28T16:00:00.000Z", "month"),
        ("２０２６年３月５日　下午３时０５分", "2026-03-05T07:05:00.000Z", "minute"),
        ("2026-03-05T08:30:00Z", "2026-03-05T08:30:00.000Z", "minute"),
        ("2026-03-05T08:30:00-05:00", "2026-03-05T13:30:00.000Z", "minute"),
        ("20260305", "2026-03-04T16:00:00.000Z", "day"),
        ("20260305083000", "2026-03-05T00:30:00.000Z", "minute"),
        ("2026-03-05 24:00", "2026-03-05T16:00:00.000Z", "minute"),
        ("2026-03-05 12:05 AM", "2026-03-04T16:05:00.000Z", "minute"),
        ("2026-03-05 12:05:59 PM", "2026-03-05T04:05:59.000Z", "minute"),
        ("2026年3月5日 8时", "2026-03-04T16:00:00.000Z", "day"),
    ],
)
def test_forms(text, utc, precision):
    made = read([text])
    assert utc_texts(made.ms) == [utc]
    assert PRECISION_WORDS[made.precision[0]] == precision
    assert not made.bad[0]


@pytest.mark.parametrize(
    "text",
    ["abc", "2026-02-30", "2026-13-01", "2026-03-05 25:00", "16~18", "0", "2026", "05/03/26"],
)
def test_what_is_no_time(text):
    made = read([text])
    assert made.bad[0]
    assert utc_texts(made.ms) == [None]


def test_an_empty_cell_is_not_bad():
    made = read(["", "2026-03-05"])
    assert made.bad.tolist() == [False, False]
    assert utc_texts(made.ms)[0] is None


def test_day_order_is_decided_over_the_column():
    assert utc_texts(read(["01/02/2026", "13/02/2026"], tz="UTC").ms)[0].startswith("2026-02-01")
    assert utc_texts(read(["01/02/2026", "02/13/2026"], tz="UTC").ms)[0].startswith("2026-01-02")


@pytest.mark.parametrize(
    ("texts", "is_mixed"), [(["01/02/2026"], False), (["13/02/2026", "02/13/2026"], True)]
)
def test_day_order_that_nothing_decides_is_refused(texts, is_mixed):
    with pytest.raises(ImportRefused) as refusal:
        read(texts)
    assert refusal.value.code == "time_format_needed"
    assert refusal.value.fields["is_mixed"] is is_mixed
    assert refusal.value.fields["column"] == "time"


def test_a_stated_format_decides():
    made = read(["01/02/2026", "x"], time_format="%d/%m/%Y", tz="UTC")
    assert utc_texts(made.ms) == ["2026-02-01T00:00:00.000Z", None]
    assert made.bad.tolist() == [False, True]
    assert PRECISION_WORDS[made.precision[0]] == "day"


@pytest.mark.parametrize(
    ("text", "day"),
    [("1040101", "2015-01-01"), ("104/01/01", "2015-01-01"), ("民國98年12月31日", "2009-12-31")],
)
def test_roc_years(text, day):
    made = read([text], tz="UTC")
    assert utc_texts(made.ms)[0].startswith(day)
    assert [each.code for each in made.warnings] == ["roc_calendar"]


def test_serial_days_only_when_declared():
    assert read(["45000.5"]).bad[0]
    assert utc_texts(read(["45000.5"], calendar="excel", tz="UTC").ms) == [
        "2023-03-15T12:00:00.000Z"
    ]


def test_clock_changes_are_settled_and_reported():
    made = read(["2019-03-10 02:30", "2019-11-03 01:30", "2019-06-01 00:01"], tz="America/New_York")
    assert utc_texts(made.ms)[:2] == ["2019-03-10T07:00:00.000Z", "2019-11-03T05:30:00.000Z"]
    assert {each.code: each.fields["count"] for each in made.warnings} == {"clock_change_times": 2}


def test_a_band_of_hours_leaves_the_day_and_is_kept():
    made = read_date_and_clock(
        pd.Series(["20260305", "20260305", "20260305", ""], dtype="str"),
        pd.Series(["16~18", "08:15", "0830", "09:00"], dtype="str"),
        TimeRules(tz="UTC"),
        column="day",
    )
    assert [PRECISION_WORDS[level] for level in made.precision] == [
        "day",
        "minute",
        "minute",
        "none",
    ]
    assert utc_texts(made.ms)[1:3] == ["2026-03-05T08:15:00.000Z", "2026-03-05T08:30:00.000Z"]
    assert made.clock_text.tolist() == ["16~18", "", "", ""]


def test_parts_say_only_what_they_hold():
    frame = pd.DataFrame(
        {"y": ["2026"] * 4, "m": ["3", "3", "3", "2"], "d": ["5", "5", "", "30"],
         "h": ["8", "", "8", "1"], "min": ["5", "", "5", "1"]},
        dtype="str",
    )  # fmt: skip
    parts = {"year": "y", "month": "m", "day": "d", "hour": "h", "minute": "min"}
    made = read_parts(frame, parts, TimeRules(tz="UTC"))
    assert [PRECISION_WORDS[level] for level in made.precision] == [
        "minute",
        "day",
        "month",
        "none",
    ]
    assert utc_texts(made.ms)[0] == "2026-03-05T08:05:00.000Z"
    assert made.bad.tolist() == [False, False, False, True]


def test_whole_columns_that_say_less_than_they_seem_to():
    firsts = [f"2026-{month:02d}-01" for month in range(1, 13)] * 3
    assert set(read(firsts).precision.tolist()) == {PRECISION_WORDS.index("month")}
    midnights = [f"2026-01-{day:02d} 00:00:00" for day in range(1, 31)]
    made = read(midnights)
    assert set(made.precision.tolist()) == {PRECISION_WORDS.index("day")}
    assert [each.code for each in made.warnings] == ["midnight_only"]
    assert set(read(firsts[:12]).precision.tolist()) == {PRECISION_WORDS.index("day")}


def test_rules_name_their_faults():
    assert TimeRules(tz="Mars/Base", calendar="maya").faults() == [
        "unknown_time_zone",
        "unknown_calendar",
    ]
