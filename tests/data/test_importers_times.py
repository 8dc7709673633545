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
        ("2026年3月5日 8时", "2026-03-05T00:00:00.000Z", "band"),
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


def test_a_band_of_hours_beside_a_date_is_kept_as_a_band():
    made = read_date_and_clock(
        pd.Series(["20260305", "20260305", "20260305", ""], dtype="str"),
        pd.Series(["16~18", "08:15", "0830", "09:00"], dtype="str"),
        TimeRules(tz="UTC"),
        column="day",
    )
    assert [PRECISION_WORDS[level] for level in made.precision] == [
        "band",
        "minute",
        "minute",
        "none",
    ]
    assert utc_texts(made.ms)[0] == "2026-03-05T16:00:00.000Z"
    assert utc_texts(made.until_ms) == ["2026-03-05T18:00:00.000Z", None, None, None]
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


BAND = PRECISION_WORDS.index("band")


@pytest.mark.parametrize(
    ("text", "since", "until"),
    [
        ("2026-03-05 20:00-22:00", "2026-03-05T12:00", "2026-03-05T14:00"),
        ("2026年3月5日 20-22时", "2026-03-05T12:00", "2026-03-05T14:00"),
        ("2026-03-05 20时至22时", "2026-03-05T12:00", "2026-03-05T14:00"),
        ("2026-03-05 22:00~02:00", "2026-03-05T14:00", "2026-03-05T18:00"),
        ("2026-03-05 16~18", "2026-03-05T08:00", "2026-03-05T10:00"),
        ("2026-03-05 08:00-09:59", "2026-03-05T00:00", "2026-03-05T02:00"),
        ("2026年3月5日晚上", "2026-03-05T10:00", "2026-03-05T16:00"),
        ("2026-03-05 凌晨", "2026-03-04T16:00", "2026-03-04T22:00"),
        ("2026-03-05 夜间", "2026-03-05T10:00", "2026-03-05T22:00"),
        ("2026年3月5日下午2点-4点", "2026-03-05T06:00", "2026-03-05T08:00"),
        ("2026-03-05 晚上10点-2点", "2026-03-05T14:00", "2026-03-05T18:00"),
        ("2026-03-05 8:00 PM - 10:00 PM", "2026-03-05T12:00", "2026-03-05T14:00"),
        ("2026-03-05 11am-1pm", "2026-03-05T03:00", "2026-03-05T05:00"),
        ("2026年3月5日20时许", "2026-03-05T12:00", "2026-03-05T13:00"),
        ("2026-03-05 8 PM", "2026-03-05T12:00", "2026-03-05T13:00"),
    ],
)
def test_bands_keep_their_beginning_and_end(text, since, until):
    made = read([text])
    assert made.precision.tolist() == [BAND]
    assert utc_texts(made.ms) == [f"{since}:00.000Z"]
    assert utc_texts(made.until_ms) == [f"{until}:00.000Z"]


@pytest.mark.parametrize(
    "text", ["2026-03-05 00:00-24:00", "2026-03-05 0~24", "2026-03-05 00:00-23:59"]
)
def test_a_band_of_the_whole_day_is_a_day(text):
    made = read([text])
    assert PRECISION_WORDS[made.precision[0]] == "day"
    assert utc_texts(made.ms) == ["2026-03-04T16:00:00.000Z"]


@pytest.mark.parametrize(
    "text",
    ["2026-03-05 20:00-20:00", "20:00-22:00", "2026-03 20-22时", "2026-03-05 晚上2点-4点",
     "2026-03-05 晚上1:30", "2026-03-05 25-26时", "2026-03-05 9:75-10:00"],
)  # fmt: skip
def test_bands_that_are_none(text):
    assert read([text]).bad.tolist() == [True]


def test_one_end_beside_many_beginnings_is_a_zone():
    made = read(["2026-03-05 08:30-05:00", "2026-03-05 09:30-05:00"])
    assert utc_texts(made.ms) == ["2026-03-05T13:30:00.000Z", "2026-03-05T14:30:00.000Z"]
    assert set(made.precision.tolist()) == {PRECISION_WORDS.index("minute")}


@pytest.mark.parametrize(
    ("text", "utc"),
    [
        ("2026-03-05 上午8:30", "2026-03-05T00:30"),
        ("2026-03-05 下午3:05", "2026-03-05T07:05"),
        ("2026年3月5日 中午12点10分", "2026-03-05T04:10"),
        ("2026年3月5日 中午1:10", "2026-03-05T05:10"),
        ("2026-03-05 凌晨12:30", "2026-03-04T16:30"),
        ("2026-03-05 晚上8:30", "2026-03-05T12:30"),
        ("2026-03-05 晚上12:30", "2026-03-05T16:30"),
        ("2026-02-28 深夜12:00", "2026-02-28T16:00"),
        ("2026年3月5日 下午3点半", "2026-03-05T07:30"),
        ("2026年3月5日 8点整", "2026-03-05T00:00"),
        ("3/25/2026 9:05 p.m.", "2026-03-25T13:05"),
    ],
)
def test_the_twelve_hour_clock(text, utc):
    made = read([text])
    assert utc_texts(made.ms) == [f"{utc}:00.000Z"]
    assert PRECISION_WORDS[made.precision[0]] == "minute"


def test_a_month_runs_to_its_end():
    made = read(["2021-07", "2021年12月", "2024-02"], tz="UTC")
    assert {PRECISION_WORDS[level] for level in made.precision} == {"month"}
    ends = ["2021-08-01", "2022-01-01", "2024-03-01"]
    assert utc_texts(made.until_ms) == [f"{day}T00:00:00.000Z" for day in ends]


def test_an_hour_without_minutes_is_the_band_of_that_hour():
    frame = pd.DataFrame({"y": ["2026"], "m": ["3"], "d": ["5"], "h": ["8"]}, dtype="str")
    parts = {"year": "y", "month": "m", "day": "d", "hour": "h"}
    made = read_parts(frame, parts, TimeRules(tz="UTC"))
    assert made.precision.tolist() == [BAND]
    assert utc_texts(made.until_ms) == ["2026-03-05T09:00:00.000Z"]


def test_words_beside_a_date_are_bands():
    made = read_date_and_clock(
        pd.Series(["2026-03-05", "2026-03-05", "2026-03", "x"], dtype="str"),
        pd.Series(["晚上", "不详", "晚上", "晚上"], dtype="str"),
        TimeRules(tz="UTC"),
        column="day",
    )
    assert [PRECISION_WORDS[level] for level in made.precision] == ["band", "day", "month", "none"]


LATE_2025 = 1_767_225_599_000


@pytest.mark.parametrize(
    ("system", "value", "utc"),
    [
        ("excel", "45000.5", "2023-03-15T12:00:00.000Z"),
        ("excel1904", "43538.5", "2023-03-15T12:00:00.000Z"),
        ("excel", "45000", "2023-03-15T00:00:00.000Z"),
        ("excel", "61", "1900-03-01T00:00:00.000Z"),
        ("excel1904", "0", "1904-01-01T00:00:00.000Z"),
    ],
)
def test_declared_day_numbers_of_both_systems(system, value, utc):
    assert utc_texts(read([value], calendar=system, tz="UTC").ms) == [utc]


def test_the_workbook_says_which_system_its_numbers_are_in():
    made = read(["45000.5", "2026-03-05"], date_system="excel1904", tz="UTC")
    assert utc_texts(made.ms)[0] == "2027-03-16T12:00:00.000Z"
    assert made.warnings[0].fields == {"column": "time", "count": 1, "system": "excel1904"}
    assert read(["12", "450000"], date_system="excel").bad.all()


def test_numbers_of_a_text_are_days_only_where_nothing_else_is_possible():
    recent = ["45700.25", "45800", "45900"]
    made = read(recent, latest_ms=LATE_2025, tz="UTC")
    assert utc_texts(made.ms)[0] == "2025-02-12T06:00:00.000Z"
    assert made.warnings[0].fields["system"] == "excel"
    with pytest.raises(ImportRefused) as refusal:
        read(["40000", "40001", "40002"], latest_ms=LATE_2025)
    assert refusal.value.code == "serial_days_undeclared"
    assert read([*recent, "soon"], latest_ms=LATE_2025).bad.all()
    assert read(["60000", "60001", "60002"], latest_ms=LATE_2025).bad.all()
