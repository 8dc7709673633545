"""Read columns of text as moments in UTC, vectorised, with how much of the moment is known.

Used by `data.importers.survey`. Decisions that a single row cannot settle (day or month first, ROC
calendar, month only) are taken over the whole column and reported. Minutes are never invented: a
band such as `16~18` leaves the day, and the band is handed back as text.
Knows nothing of files; the patterns stand in `data.importers.time_patterns`.
"""

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Final
from zoneinfo import ZoneInfo, ZoneInfoNotFoundError

import numpy as np
import numpy.typing as npt
import pandas as pd
import pyarrow as pa
import pyarrow.compute as pc

from data.errors import ImportRefused
from data.importers.numbers import BoolArray, is_empty, parse_numbers, tidy
from data.importers.report import Caution
from data.importers.time_patterns import (
    MONTH_FIRST_OR_DAY_FIRST,
    Fields,
    extract,
    instants,
    plain_times,
    read_clock,
    read_column,
)

IntArray = npt.NDArray[np.int64]
NO_TIME: Final = np.iinfo(np.int64).min
"""Stands for a missing moment among milliseconds."""
NONE, MINUTE, DAY, MONTH = 0, 1, 2, 3
PRECISION_WORDS: Final = ("none", "minute", "day", "month")
CALENDARS: Final = ("gregorian", "roc", "excel")
_MIN_ROWS: Final = 30
_MIN_MONTHS: Final = 3
_DAY_MS: Final = 86_400_000


@dataclass(frozen=True, slots=True)
class TimeRules:
    """How to read times; none means: find out over the column.

    Parameters
    ----------
    tz
        IANA zone of times that state none.
    time_format
        `strptime` format; wins over everything else.
    calendar
        `gregorian`, `roc` or `excel` (serial day numbers); none finds ROC years by themselves.
    """

    tz: str = "Asia/Shanghai"
    time_format: str | None = None
    calendar: str | None = None

    def faults(self) -> list[str]:
        """List what is impossible, as codes."""
        found = []
        try:
            ZoneInfo(self.tz)
        except (ZoneInfoNotFoundError, ValueError, OSError):
            found.append("unknown_time_zone")
        if self.calendar is not None and self.calendar not in CALENDARS:
            found.append("unknown_calendar")
        return found


@dataclass(frozen=True, slots=True)
class Moments:
    """A column of moments.

    Parameters
    ----------
    ms
        UTC milliseconds since 1970; `NO_TIME` where there is none. Day precision stands at local
        midnight, month precision at the first of the month.
    precision
        Index into `PRECISION_WORDS`.
    bad
        Filled cells that are no time.
    clock_text
        What stood in the clock column where it was no clock time; none without such a column.
    warnings
        Decisions taken over the column.
    day_first
        The order found for `1/2/2026`; none where the column did not tell.
    """

    ms: IntArray
    precision: npt.NDArray[np.int8]
    bad: BoolArray
    clock_text: pd.Series | None = None
    warnings: tuple[Caution, ...] = ()
    day_first: bool | None = None


@dataclass(frozen=True, slots=True)
class _Local:
    """Local wall time, before the zone."""

    wall_ms: IntArray
    offset_ms: IntArray
    has_offset: BoolArray
    precision: npt.NDArray[np.int8]
    good: BoolArray
    warnings: list[Caution] = field(default_factory=list)
    day_first: bool | None = None


def read_moments(
    texts: pd.Series, rules: TimeRules, *, column: str, day_first: bool | None = None
) -> Moments:
    """Read one column that holds date and time, or only a date.

    Parameters
    ----------
    column
        Its header: a header that says month makes the precision `month`.
    day_first
        Order of `1/2/2026` where the column itself does not tell.

    Raises
    ------
    ImportRefused
        `time_format_needed`: day and month cannot be told apart over the whole column, or both
        orders occur.
    """
    filled = ~is_empty(texts)
    local = _read_local(texts, rules, column, day_first=day_first)
    local = _coarser(local, column)
    return _to_utc(local, filled, rules.tz)


def read_date_and_clock(
    dates: pd.Series, clocks: pd.Series, rules: TimeRules, *, column: str
) -> Moments:
    """Read a date column and a clock column; a band of hours leaves the day and is kept as text.

    Raises
    ------
    ImportRefused
        As `read_moments`.
    """
    filled = ~is_empty(dates)
    local = _read_local(dates, rules, column, day_first=None)
    clock_ms, is_clock = read_clock(clocks)
    use = local.good & is_clock
    wall = np.where(use, local.wall_ms // _DAY_MS * _DAY_MS + clock_ms, local.wall_ms)
    precision = np.where(use, MINUTE, local.precision).astype(np.int8)
    text = clocks.where(pd.Series(~is_clock, index=clocks.index), "")
    joined = _Local(wall, local.offset_ms, local.has_offset, precision, local.good, local.warnings)
    made = _to_utc(joined, filled, rules.tz)
    return Moments(made.ms, made.precision, made.bad, text, made.warnings)


def read_parts(frame: pd.DataFrame, parts: Mapping[str, str], rules: TimeRules) -> Moments:
    """Read year, month, day, hour, minute from columns of their own (`parts`: part → column).

    A missing day leaves the month, a missing hour or minute leaves the day.
    """
    numbers = {part: parse_numbers(frame[column]) for part, column in parts.items()}
    blank = np.full(len(frame), np.nan)
    year, month = numbers.get("year", blank), numbers.get("month", blank)
    day, hour = numbers.get("day", blank), numbers.get("hour", blank)
    minute = numbers.get("minute", blank)
    if rules.calendar == "roc":
        year = year + 1911
    has_clock = np.isfinite(hour) & np.isfinite(minute) & np.isfinite(day)
    precision = np.where(has_clock, MINUTE, np.where(np.isfinite(day), DAY, MONTH)).astype(np.int8)
    told = Fields(
        year, month, np.where(np.isfinite(day), day, 1.0),
        np.where(has_clock, hour, 0.0), np.where(has_clock, minute, 0.0), np.zeros(len(frame)),
    )  # fmt: skip
    wall, good = instants(told)
    filled = np.zeros(len(frame), dtype=np.bool_)
    for name in parts.values():
        filled |= ~is_empty(frame[name])
    nothing = np.zeros(len(frame), dtype=np.int64)
    local = _Local(wall, nothing, nothing.astype(np.bool_), precision, good)
    return _to_utc(local, filled, rules.tz)


def _read_local(
    texts: pd.Series, rules: TimeRules, column: str, *, day_first: bool | None
) -> _Local:
    if rules.time_format is not None:
        return _by_format(texts, rules.time_format)
    if rules.calendar == "excel":
        return _by_serial(texts)
    told = plain_times(tidy(texts))
    warnings: list[Caution] = []
    order = _order(told, column, fallback=day_first)
    is_roc = rules.calendar == "roc" or (rules.calendar is None and _looks_roc(told))
    if is_roc and rules.calendar is None:
        warnings.append(Caution("roc_calendar", {"column": column}))
    fields = read_column(told, day_first=bool(order), is_roc=is_roc)
    wall, good = instants(fields.fields)
    if order is not None and bool(fields.used_order.any()):
        warnings.append(Caution("day_order", {"column": column, "day_first": order}))
    return _Local(
        wall, fields.offset_ms, fields.has_offset, fields.precision, good & fields.matched,
        warnings, order,
    )  # fmt: skip


def _order(told: pa.Array, column: str, *, fallback: bool | None) -> bool | None:
    """Tell whether the day stands first in `1/2/2026`; none where no such text is there."""
    found, parts = extract(told, MONTH_FIRST_OR_DAY_FIRST)
    if not found.any():
        return None
    first, second = parts["left"][found], parts["right"][found]
    is_day_first, is_month_first = bool((first > 12).any()), bool((second > 12).any())  # noqa: PLR2004 - months of a year
    if is_day_first != is_month_first:
        return is_day_first
    if not is_day_first and fallback is not None:
        return fallback
    place = int(np.flatnonzero(found)[0])
    raise ImportRefused(
        "time_format_needed",
        column=column,
        value=told[place].as_py(),
        is_mixed=is_day_first,
        rows=int(found.sum()),
    )


def _looks_roc(told: pa.Array) -> bool:
    """Whether (nearly) every filled text is a date with a year of the Republic of China."""
    filled = int(pc.sum(pc.not_equal(told, "")).as_py() or 0)
    marked = pc.match_substring_regex(told, pattern=r"^(民國|民国)")
    compact = pc.match_substring_regex(told, pattern=r"^[01]\d{2}(0[1-9]|1[0-2])([0-2]\d|3[01])$")
    dotted = pc.match_substring_regex(told, pattern=r"^1\d{2}[-/.]\d{1,2}[-/.]\d{1,2}( |$)")
    hits = int(pc.sum(pc.or_(pc.or_(marked, compact), dotted)).as_py() or 0)
    return filled > 0 and hits >= filled * 0.95


def _by_format(texts: pd.Series, time_format: str) -> _Local:
    column = pd.Series(tidy(texts).to_pandas(), dtype="str")
    try:
        moments = pd.to_datetime(column, format=time_format, errors="coerce")
    except ValueError as error:
        raise ImportRefused("bad_time_format", value=time_format) from error
    has_offset = np.zeros(len(column), dtype=np.bool_)
    if getattr(moments.dtype, "tz", None) is not None:
        moments = moments.dt.tz_convert("UTC").dt.tz_localize(None)
        has_offset[:] = True
    good = moments.notna().to_numpy()
    wall = moments.to_numpy(dtype="datetime64[ms]").astype(np.int64)
    clock = "%H" in time_format or "%I" in time_format or "%c" in time_format
    is_day = any(sign in time_format for sign in ("%d", "%j", "%x", "%D"))
    precision = np.full(len(column), MINUTE if clock else DAY if is_day else MONTH, dtype=np.int8)
    return _Local(
        np.where(good, wall, 0), np.zeros(len(column), np.int64), has_offset, precision, good
    )


def _by_serial(texts: pd.Series) -> _Local:
    """Read serial day numbers of a workbook (1900 system; day 60 is the false 29 February)."""
    days = parse_numbers(texts)
    good = np.isfinite(days) & (days >= 61) & (days < 2_958_466)  # noqa: PLR2004 - March 1900 to the year 9999
    safe = np.where(good, days, 25_569.0)
    wall = np.round((safe - 25_569.0) * 1440.0).astype(np.int64) * 60_000
    precision = np.where(safe % 1 == 0, DAY, MINUTE).astype(np.int8)
    nothing = np.zeros(len(days), dtype=np.int64)
    return _Local(wall, nothing, nothing.astype(np.bool_), precision, good)


def _coarser(local: _Local, column: str) -> _Local:
    """Lower the precision where a whole column says less than it seems to."""
    good = local.good
    precision, warnings = local.precision.copy(), list(local.warnings)
    moments = local.wall_ms[good]
    is_minute = precision[good] == MINUTE
    if len(moments) >= _MIN_ROWS and is_minute.all() and not (moments % _DAY_MS).any():
        precision[good] = DAY
        warnings.append(Caution("midnight_only", {"column": column}))
    days = moments.astype("datetime64[ms]")
    months = np.unique(days.astype("datetime64[M]"))
    all_first = bool(len(moments)) and bool(
        (days.astype("datetime64[D]") == days.astype("datetime64[M]").astype("datetime64[D]")).all()
    )
    says_month = column.strip().lower() in {"month", "月", "月份", "年月"}
    is_month = says_month or (len(moments) >= _MIN_ROWS and len(months) >= _MIN_MONTHS)
    if all_first and is_month and (precision[good] == DAY).all():
        precision[good] = MONTH
        warnings.append(Caution("month_only_dates", {"column": column}))
    return _Local(
        local.wall_ms, local.offset_ms, local.has_offset, precision, good, warnings,
        local.day_first,
    )  # fmt: skip


def _to_utc(local: _Local, filled: BoolArray, tz: str) -> Moments:
    warnings = list(local.warnings)
    wall = pd.DatetimeIndex(np.where(local.good, local.wall_ms, 0).astype("datetime64[ms]"))
    sharp = wall.tz_localize(tz, ambiguous="NaT", nonexistent="NaT")
    utc = sharp.tz_convert("UTC").tz_localize(None).to_numpy().astype("datetime64[ms]")
    odd = np.isnat(utc) & local.good & ~local.has_offset
    if odd.any() or np.isnat(utc).any():
        first = np.ones(len(wall), dtype=np.bool_)
        shifted = wall.tz_localize(tz, ambiguous=first, nonexistent="shift_forward")
        utc = shifted.tz_convert("UTC").tz_localize(None).to_numpy().astype("datetime64[ms]")
    if odd.any():
        warnings.append(Caution("clock_change_times", {"count": int(odd.sum()), "tz": tz}))
    ms = utc.astype(np.int64)
    ms = np.where(local.has_offset, local.wall_ms - local.offset_ms, ms)
    ms = np.where(local.good, ms, NO_TIME)
    precision = np.where(local.good, local.precision, NONE).astype(np.int8)
    return Moments(ms, precision, filled & ~local.good, None, tuple(warnings), local.day_first)


def utc_texts(ms: IntArray) -> list[str | None]:
    """Write UTC milliseconds as the store does, `YYYY-MM-DDTHH:MM:SS.sssZ`; none for `NO_TIME`."""
    missing = ms == NO_TIME
    text = np.datetime_as_string(np.where(missing, 0, ms).astype("datetime64[ms]"), unit="ms")
    made: list[str | None] = np.char.add(text, "Z").tolist()
    for place in np.flatnonzero(missing).tolist():
        made[place] = None
    return made
