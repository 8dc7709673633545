"""Keep the written forms of dates and clock times and read them by regular expression.

Used by `data.importers.times`. Patterns are RE2 (Arrow's), one per form, over whole columns.
"""

from dataclasses import dataclass
from typing import Final

import numpy as np
import numpy.typing as npt
import pandas as pd
import pyarrow as pa
import pyarrow.compute as pc

from data.importers.numbers import BoolArray, FloatArray, mask, tidy

IntArray = npt.NDArray[np.int64]
MINUTE, DAY, MONTH = 1, 2, 3
_DAY_MS: Final = 86_400_000
_WIDEST_OFFSET_MS: Final = 14 * 3_600_000
_AM: Final = ("am", "a.m.", "上午", "早上", "早晨", "清晨", "凌晨")
_PM: Final = ("pm", "p.m.", "下午", "傍晚")
_NOON: Final = ("中午",)
_EVENING: Final = ("晚上", "晚间", "夜间", "夜里", "深夜", "半夜")
_HALF: Final = r"(?i:am|pm|a\.m\.|p\.m\.)|" + "|".join(
    w for w in (*_AM, *_PM, *_NOON, *_EVENING) if w > "z"
)
_CLOCK: Final = (
    rf"(?:(?P<half_before>{_HALF})\s*)?(?P<hour>\d{{1,2}}):(?P<minute>\d{{1,2}})"
    rf"(?::(?P<second>\d{{1,2}})(?:[.,]\d+)?)?(?:\s*(?P<half_after>{_HALF}))?"
)
_ZONE: Final = r"(?:\s*(?P<zone>Z|z|UTC|[+-]\d{2}:?\d{2}))?"
_TAIL: Final = rf"(?:[T ,]+{_CLOCK}{_ZONE})?$"
_YEAR_FIRST: Final = (
    rf"^(?P<year>\d{{4}})[-/.](?P<month>\d{{1,2}})(?:[-/.](?P<day>\d{{1,2}}))?{_TAIL}"
)
_ROC: Final = (
    r"^(?:民國|民国)?\s*(?P<year>\d{2,3})[-/.](?P<month>\d{1,2})[-/.](?P<day>\d{1,2})" + _TAIL
)
_ROC_COMPACT: Final = r"^(?P<year>\d{2,3})(?P<month>\d{2})(?P<day>\d{2})$"
_COMPACT: Final = (
    r"^(?P<year>\d{4})(?P<month>\d{2})(?P<day>\d{2})"
    r"(?:[T ]?(?P<hour>\d{2}):?(?P<minute>\d{2})(?::?(?P<second>\d{2}))?)?" + _ZONE + "$"
)
_COMPACT_MONTH: Final = r"^(?P<year>(?:19|20)\d{2})(?P<month>\d{2})$"
MONTH_FIRST_OR_DAY_FIRST: Final = (
    rf"^(?P<left>\d{{1,2}})[-/.](?P<right>\d{{1,2}})[-/.](?P<year>\d{{4}}){_TAIL}"
)
CLOCK_ONLY: Final = rf"^{_CLOCK}$"
CLOCK_COMPACT: Final = r"^(?P<hour>\d{1,2})(?P<minute>\d{2})$"


@dataclass(frozen=True, slots=True)
class Fields:
    """Parts of local wall times as numbers; NaN where a row has none."""

    year: FloatArray
    month: FloatArray
    day: FloatArray
    hour: FloatArray
    minute: FloatArray
    second: FloatArray


@dataclass(frozen=True, slots=True)
class Read:
    """What the patterns found in a column."""

    fields: Fields
    matched: BoolArray
    precision: npt.NDArray[np.int8]
    offset_ms: IntArray
    has_offset: BoolArray
    used_order: BoolArray
    plus_ms: IntArray


def plain_times(column: pa.Array) -> pa.Array:
    """Write Chinese forms with plain signs: `2026年3月5日 8时30分` → `2026-3-5 8:30`."""
    if pc.all(pc.string_is_ascii(column), min_count=0).as_py():
        return column
    for pattern, plain in (
        (r"星期[一二三四五六日天]|周[一二三四五六日天]", " "),
        (r"\s*年\s*", "-"),
        (r"(\d)\s*月\s*(\d)", r"\1-\2"),
        (r"\s*月\s*$", ""),
        (r"\s*[日号號]\s*", " "),
        (r"(\d)\s*[时時点點]\s*(\d)", r"\1:\2"),
        (r"(\d)\s*[时時点點]\s*半", r"\1:30"),
        (r"(\d)\s*[时時点點]\s*[整正]", r"\1:00"),
        (r"(\d)\s*分\s*(\d)", r"\1:\2"),
        (r"(:\d{1,2})\s*[分秒]", r"\1"),
        (r"\s+", " "),
    ):
        column = pc.replace_substring_regex(column, pattern=pattern, replacement=plain)
    return pc.utf8_trim_whitespace(column)


def looks_roc(told: pa.Array) -> bool:
    """Whether (nearly) every filled text is a date with a year of the Republic of China."""
    filled = int(pc.sum(pc.not_equal(told, "")).as_py() or 0)
    marked = pc.match_substring_regex(told, pattern=r"^(民國|民国)")
    compact = pc.match_substring_regex(told, pattern=r"^[01]\d{2}(0[1-9]|1[0-2])([0-2]\d|3[01])$")
    dotted = pc.match_substring_regex(told, pattern=r"^1\d{2}[-/.]\d{1,2}[-/.]\d{1,2}( |$)")
    hits = int(pc.sum(pc.or_(pc.or_(marked, compact), dotted)).as_py() or 0)
    return filled > 0 and hits >= filled * 0.95


def extract(column: pa.Array, pattern: str) -> tuple[BoolArray, dict[str, FloatArray]]:
    """Match a pattern; give the rows that match and its number groups (NaN where absent)."""
    struct = pc.extract_regex(column, pattern=pattern)
    found = ~np.asarray(struct.is_null().to_numpy(zero_copy_only=False), dtype=np.bool_)
    parts = {}
    for part in struct.type:
        if not part.name.startswith(("half", "zone")):
            parts[part.name] = _numbers(struct.field(part.name))
    return found, parts


def _numbers(texts: pa.Array) -> FloatArray:
    filled = pc.if_else(pc.equal(texts, ""), pa.scalar(None, texts.type), texts)
    return np.asarray(
        pc.fill_null(pc.cast(filled, pa.float64()), np.nan).to_numpy(zero_copy_only=False)
    )


def _halves(struct: pa.StructArray, words: tuple[str, ...]) -> BoolArray:
    """Rows that name one of these parts of the day."""
    names = {part.name for part in struct.type}
    found = np.zeros(len(struct), dtype=np.bool_)
    for name in ("half_before", "half_after"):
        if name in names:
            word = pc.utf8_lower(struct.field(name))
            found = found | mask(pc.is_in(word, pa.array(words, word.type)))
    return found


def _offsets(struct: pa.StructArray) -> tuple[IntArray, BoolArray]:
    count = len(struct)
    if "zone" not in {part.name for part in struct.type}:
        return np.zeros(count, dtype=np.int64), np.zeros(count, dtype=np.bool_)
    zone = pc.fill_null(struct.field("zone"), "")
    stated = mask(pc.not_equal(zone, ""))
    if not stated.any():
        return np.zeros(count, dtype=np.int64), stated
    found, parts = extract(zone, r"^[+-](?P<hours>\d{2}):?(?P<minutes>\d{2})$")
    minutes = np.where(found, parts["hours"] * 60 + parts["minutes"], 0.0)
    is_west = mask(pc.starts_with(zone, "-"))
    return (np.where(is_west, -minutes, minutes) * 60_000).astype(np.int64), stated


def _twelve(hour: FloatArray, struct: pa.StructArray) -> tuple[FloatArray, IntArray]:
    """Turn a 12-hour clock into 24; an hour above 12 beside a half of the day stays as it is.

    The evening's twelve is the midnight that ends the day: hour 0 and a day more. One to four in
    the evening may belong to either day: such hours become NaN. Gives hours and milliseconds to
    add.
    """
    twelve = hour == 12  # noqa: PLR2004 - the twelve-hour clock
    is_evening = _halves(struct, _EVENING)
    late = _halves(struct, _PM) & (hour < 12)  # noqa: PLR2004 - as above
    late |= is_evening & (hour > 4) & (hour < 12)  # noqa: PLR2004 - small hours
    late |= _halves(struct, _NOON) & (hour < 10)  # noqa: PLR2004 - ten is before noon
    unclear = is_evening & (hour >= 1) & (hour <= 4)  # noqa: PLR2004 - small hours
    midnight = (_halves(struct, _AM) | is_evening) & twelve
    made = np.where(midnight, 0.0, np.where(late, hour + 12, hour))
    plus_ms = np.where(is_evening & twelve, _DAY_MS, 0).astype(np.int64)
    return np.where(unclear, np.nan, made), plus_ms


def read_column(column: pa.Array, *, day_first: bool, is_roc: bool) -> Read:
    """Read every form; the first that matches a row wins."""
    count = len(column)
    made = Read(
        Fields(*(np.full(count, np.nan) for _ in range(6))),
        np.zeros(count, dtype=np.bool_),
        np.zeros(count, dtype=np.int8),
        np.zeros(count, dtype=np.int64),
        np.zeros(count, dtype=np.bool_),
        np.zeros(count, dtype=np.bool_),
        np.zeros(count, dtype=np.int64),
    )
    forms = [(_ROC, 1911), (_ROC_COMPACT, 1911)] if is_roc else []
    forms += [
        (_YEAR_FIRST, 0),
        (MONTH_FIRST_OR_DAY_FIRST, 0),
        (_COMPACT, 0),
        (_COMPACT_MONTH, 0),
    ]
    for pattern, years in forms:
        if made.matched.all():
            break
        _take(made, column, (pattern, years), day_first=day_first)
    return made


def _take(made: Read, column: pa.Array, form: tuple[str, int], *, day_first: bool) -> None:
    pattern, years = form
    rest = np.flatnonzero(~made.matched)
    texts = column if len(rest) == len(column) else column.take(pa.array(rest))
    struct = pc.extract_regex(texts, pattern=pattern)
    hit = ~np.asarray(struct.is_null().to_numpy(zero_copy_only=False), dtype=np.bool_)
    if not hit.any():
        return
    struct, rows = struct.filter(pa.array(hit)), rest[hit]
    names = [part.name for part in struct.type if not part.name.startswith(("half", "zone"))]
    part = {name: _numbers(struct.field(name)) for name in names}
    if "left" in part:
        part["day"], part["month"] = (
            (part["left"], part["right"]) if day_first else (part["right"], part["left"])
        )
        made.used_order[rows] = True
    blank = np.full(len(rows), np.nan)
    hour, minute = part.get("hour", blank), part.get("minute", blank)
    has_clock = np.isfinite(hour)
    hour, made.plus_ms[rows] = _twelve(hour, struct)
    day = part.get("day", blank)
    made.fields.year[rows] = part["year"] + years
    made.fields.month[rows] = part["month"]
    made.fields.day[rows] = np.where(np.isfinite(day), day, 1.0)
    made.fields.hour[rows] = np.where(has_clock, hour, 0.0)
    made.fields.minute[rows] = np.where(has_clock, minute, 0.0)
    made.fields.second[rows] = np.nan_to_num(part.get("second", blank))
    made.precision[rows] = np.where(has_clock, MINUTE, np.where(np.isfinite(day), DAY, MONTH))
    offset, stated = _offsets(struct)
    made.fields.hour[rows[np.abs(offset) > _WIDEST_OFFSET_MS]] = np.nan
    made.offset_ms[rows], made.has_offset[rows] = offset, stated
    made.matched[rows] = True


def instants(told: Fields) -> tuple[IntArray, BoolArray]:
    """Turn parts into wall-clock milliseconds; tell which rows are possible dates and times.

    `24:00` is the midnight that ends the day.
    """
    good = np.isfinite(told.year) & np.isfinite(told.month) & np.isfinite(told.day)
    good &= (told.year >= 1) & (told.year <= 9998)  # noqa: PLR2004 - four digits
    good &= (told.month >= 1) & (told.month <= 12) & (told.day >= 1)  # noqa: PLR2004 - months of a year
    for part in (told.year, told.month, told.day, told.hour, told.minute):
        good &= np.where(np.isfinite(part), part % 1 == 0, False)
    is_end = (told.hour == 24) & (told.minute == 0) & (told.second == 0)  # noqa: PLR2004 - end of the day
    good &= ((told.hour >= 0) & (told.hour < 24)) | is_end  # noqa: PLR2004 - hours of a day
    good &= (told.minute >= 0) & (told.minute < 60) & (told.second >= 0) & (told.second < 61)  # noqa: PLR2004 - and a leap second
    year, month = np.where(good, told.year, 1970), np.where(good, told.month, 1)
    months = ((year - 1970) * 12 + month - 1).astype(np.int64).astype("datetime64[M]")
    start = months.astype("datetime64[D]").astype(np.int64)
    length = (months + np.timedelta64(1, "M")).astype("datetime64[D]").astype(np.int64) - start
    day = np.where(good, told.day, 1).astype(np.int64)
    good &= day <= length
    seconds = told.hour * 3600 + told.minute * 60 + np.minimum(told.second, 59)
    wall = (start + day - 1) * _DAY_MS + np.where(good, seconds, 0).astype(np.int64) * 1000
    return np.where(good, wall, 0), good


def read_clock(texts: pd.Series) -> tuple[IntArray, BoolArray]:
    """Read clock times (`8:30`, `0830`) as milliseconds of the day; tell which rows are some."""
    column = plain_times(tidy(texts))
    wall = np.zeros(len(column), dtype=np.int64)
    read = np.zeros(len(column), dtype=np.bool_)
    for pattern in (CLOCK_ONLY, CLOCK_COMPACT):
        struct = pc.extract_regex(column, pattern=pattern)
        hit = ~np.asarray(struct.is_null().to_numpy(zero_copy_only=False), dtype=np.bool_) & ~read
        rows = np.flatnonzero(hit)
        if not len(rows):
            continue
        kept = struct.filter(pa.array(hit))
        hour, plus_ms = _twelve(_numbers(kept.field("hour")), kept)
        minute = _numbers(kept.field("minute"))
        good = (hour < 24) & (minute < 60)  # noqa: PLR2004 - a day
        rows = rows[good]
        wall[rows] = ((hour * 60 + minute)[good] * 60_000).astype(np.int64) + plus_ms[good]
        read[rows] = True
    return wall, read
