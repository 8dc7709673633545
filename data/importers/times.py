"""Read columns of text as moments in UTC, vectorised, with how much of the moment is known.

Used by `data.importers.survey`. Decisions that a single row cannot settle (day or month first, ROC
calendar, month only) are taken over the whole column and reported. Minutes are never invented: a
band such as `16~18` stays a band with its beginning and end, an hour alone is the band of that
hour, a month runs to its end.
Knows nothing of files; patterns stand in `time_patterns`, `bands` and `serials`.
"""

from collections.abc import Mapping
from dataclasses import dataclass, field, replace
from typing import Final
from zoneinfo import ZoneInfo, ZoneInfoNotFoundError

import numpy as np
import numpy.typing as npt
import pandas as pd
import pyarrow as pa
import pyarrow.compute as pc

from data.errors import ImportRefused
from data.importers.bands import read_bands
from data.importers.numbers import BoolArray, is_empty, mask, parse_numbers, tidy
from data.importers.report import Caution
from data.importers.serials import EPOCH_DAYS, SYSTEMS, is_serial, serial_walls, system_of
from data.importers.time_patterns import (
    MONTH_FIRST_OR_DAY_FIRST,
    Fields,
    extract,
    instants,
    looks_roc,
    plain_times,
    read_clock,
    read_column,
)

IntArray = npt.NDArray[np.int64]
NO_TIME: Final = np.iinfo(np.int64).min
"""Stands for a missing moment among milliseconds."""
NONE, MINUTE, DAY, MONTH, BAND = 0, 1, 2, 3, 4
PRECISION_WORDS: Final = ("none", "minute", "day", "month", "band")
CALENDARS: Final = ("gregorian", "roc", *SYSTEMS)
_MIN_ROWS: Final = 30
_MIN_MONTHS: Final = 3
_DAY_MS: Final = 86_400_000
_HOUR_MS: Final = 3_600_000


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
        `gregorian`, `roc`, `excel` or `excel1904` (serial day numbers since 1900 or 1904); none
        finds ROC years by themselves.
    day_first
        Order of `1/2/2026` where the column does not tell.
    date_system
        `excel` or `excel1904` for a workbook, whose bare numbers may be days; set by the importer.
    latest_ms
        UTC milliseconds of now: day numbers of a text file are taken as 1900 numbers where as 1904
        numbers they would lie beyond it; set by the importer.
    """

    tz: str = "Asia/Shanghai"
    time_format: str | None = None
    calendar: str | None = None
    day_first: bool | None = None
    date_system: str = ""
    latest_ms: int | None = None

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
        UTC milliseconds since 1970; `NO_TIME` where there is none. A day stands at local midnight,
        a month at its first, a band at its beginning.
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
    until_ms
        UTC milliseconds at which a band or a month ends (the end is outside); `NO_TIME` for other
        rows.
    """

    ms: IntArray
    precision: npt.NDArray[np.int8]
    bad: BoolArray
    clock_text: pd.Series | None = None
    warnings: tuple[Caution, ...] = ()
    day_first: bool | None = None
    until_ms: IntArray = field(default_factory=lambda: np.zeros(0, dtype=np.int64))


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
    length_ms: IntArray | None = None  # of each band


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
    bands = read_bands(plain_times(tidy(clocks)))
    is_bare = local.good & (local.precision != MONTH)
    use = is_bare & is_clock
    banded = is_bare & ~is_clock & bands.found & mask(pc.equal(bands.rest, ""))
    midnight = local.wall_ms // _DAY_MS * _DAY_MS
    length = (bands.end_minute - bands.start_minute) * 60_000
    is_part = banded & (length < _DAY_MS)
    wall = np.where(use, midnight + clock_ms, np.where(banded, midnight, local.wall_ms))
    wall = np.where(is_part, wall + bands.start_minute * 60_000, wall)
    precision = np.where(use, MINUTE, np.where(banded, DAY, local.precision))
    precision = np.where(is_part, BAND, precision).astype(np.int8)
    if local.length_ms is not None:
        length = np.where(is_part, length, local.length_ms)
    text = clocks.where(pd.Series(~is_clock, index=clocks.index), "")
    joined = _Local(
        wall, local.offset_ms, local.has_offset, precision, local.good, local.warnings,
        local.day_first, length,
    )  # fmt: skip
    made = _to_utc(joined, filled, rules.tz)
    return replace(made, clock_text=text)


def read_parts(frame: pd.DataFrame, parts: Mapping[str, str], rules: TimeRules) -> Moments:
    """Read year, month, day, hour, minute from columns of their own (`parts`: part → column).

    A missing day leaves the month, a missing hour the day, a missing minute the band of the hour.
    """
    numbers = {part: parse_numbers(frame[column]) for part, column in parts.items()}
    blank = np.full(len(frame), np.nan)
    year, month = numbers.get("year", blank), numbers.get("month", blank)
    day, hour = numbers.get("day", blank), numbers.get("hour", blank)
    minute = numbers.get("minute", blank)
    if rules.calendar == "roc":
        year = year + 1911
    has_clock = np.isfinite(hour) & np.isfinite(minute) & np.isfinite(day)
    is_hour = np.isfinite(hour) & ~np.isfinite(minute) & np.isfinite(day)
    precision = np.where(has_clock, MINUTE, np.where(np.isfinite(day), DAY, MONTH))
    precision = np.where(is_hour, BAND, precision).astype(np.int8)
    told = Fields(
        year, month, np.where(np.isfinite(day), day, 1.0),
        np.where(has_clock | is_hour, hour, 0.0), np.where(has_clock, minute, 0.0),
        np.zeros(len(frame)),
    )  # fmt: skip
    wall, good = instants(told)
    filled = np.zeros(len(frame), dtype=np.bool_)
    for name in parts.values():
        filled |= ~is_empty(frame[name])
    nothing = np.zeros(len(frame), dtype=np.int64)
    length = np.full(len(frame), _HOUR_MS, dtype=np.int64)
    local = _Local(wall, nothing, nothing.astype(np.bool_), precision, good, [], None, length)
    return _to_utc(local, filled, rules.tz)


def _read_local(
    texts: pd.Series, rules: TimeRules, column: str, *, day_first: bool | None
) -> _Local:
    if rules.time_format is not None:
        return _by_format(texts, rules.time_format)
    if rules.calendar in SYSTEMS:
        return _by_serial(texts, rules.calendar)
    bands = read_bands(plain_times(tidy(texts)))
    told = bands.rest
    warnings: list[Caution] = []
    fallback = rules.day_first if day_first is None else day_first
    order = _order(told, column, fallback=fallback)
    is_roc = rules.calendar == "roc" or (rules.calendar is None and looks_roc(told))
    if is_roc and rules.calendar is None:
        warnings.append(Caution("roc_calendar", {"column": column}))
    read = read_column(told, day_first=bool(order), is_roc=is_roc)
    wall, good = instants(read.fields)
    if order is not None and bool(read.used_order.any()):
        warnings.append(Caution("day_order", {"column": column, "day_first": order}))
    wall, good, precision = wall + read.plus_ms, good & read.matched, read.precision
    length = None
    if bands.found.any():
        length = (bands.end_minute - bands.start_minute) * 60_000
        good &= ~bands.found | (precision == DAY)
        is_part = bands.found & good & (length < _DAY_MS)
        wall = np.where(is_part, wall + bands.start_minute * 60_000, wall)
        precision = np.where(is_part, BAND, precision).astype(np.int8)
    local = _Local(wall, read.offset_ms, read.has_offset, precision, good, warnings, order, length)
    return local if good.all() or rules.calendar else _with_serials(local, told, rules, column)


def _with_serials(local: _Local, told: pa.Array, rules: TimeRules, column: str) -> _Local:
    """Read day numbers where the file is a workbook, or where a text column can be nothing else."""
    numbers = is_serial(told) & ~local.good
    if not numbers.any():
        return local
    system = rules.date_system or system_of(told, numbers, rules.latest_ms, column)
    if not system:
        return local
    wall, is_whole, possible = serial_walls(told, EPOCH_DAYS[system])
    taken = numbers & possible
    level = np.where(is_whole, DAY, MINUTE)
    caution = Caution(
        "serial_days", {"column": column, "count": int(taken.sum()), "system": system}
    )
    return replace(
        local,
        wall_ms=np.where(taken, wall, local.wall_ms),
        precision=np.where(taken, level, local.precision).astype(np.int8),
        good=local.good | taken,
        warnings=[*local.warnings, caution],
    )


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


def _by_serial(texts: pd.Series, system: str) -> _Local:
    """Read a column of declared day numbers."""
    wall, is_whole, good = serial_walls(tidy(texts), EPOCH_DAYS[system])
    precision = np.where(is_whole, DAY, MINUTE).astype(np.int8)
    nothing = np.zeros(len(wall), dtype=np.int64)
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
    return replace(local, precision=precision, warnings=warnings)


def _to_utc(local: _Local, filled: BoolArray, tz: str) -> Moments:
    warnings = list(local.warnings)
    utc, odd = _zoned(np.where(local.good, local.wall_ms, 0), tz)
    odd &= local.good & ~local.has_offset
    if odd.any():
        warnings.append(Caution("clock_change_times", {"count": int(odd.sum()), "tz": tz}))
    ms = np.where(local.has_offset, local.wall_ms - local.offset_ms, utc)
    ms = np.where(local.good, ms, NO_TIME)
    precision = np.where(local.good, local.precision, NONE).astype(np.int8)
    until = _until(local, precision, tz)
    bad = filled & ~local.good
    return Moments(ms, precision, bad, None, tuple(warnings), local.day_first, until)


def _zoned(wall_ms: IntArray, tz: str) -> tuple[IntArray, BoolArray]:
    """Turn local wall times into UTC; tell which ones a change of the clocks doubles or skips."""
    wall = pd.DatetimeIndex(wall_ms.astype("datetime64[ms]"))
    sharp = wall.tz_localize(tz, ambiguous="NaT", nonexistent="NaT")
    utc = sharp.tz_convert("UTC").tz_localize(None).to_numpy().astype("datetime64[ms]")
    odd = np.asarray(np.isnat(utc))
    if odd.any():
        first = np.ones(len(wall), dtype=np.bool_)
        shifted = wall.tz_localize(tz, ambiguous=first, nonexistent="shift_forward")
        utc = shifted.tz_convert("UTC").tz_localize(None).to_numpy().astype("datetime64[ms]")
    return utc.astype(np.int64), odd


def _until(local: _Local, precision: npt.NDArray[np.int8], tz: str) -> IntArray:
    """Say when each band and each month ends."""
    until = np.full(len(precision), NO_TIME, dtype=np.int64)
    months = np.flatnonzero(precision == MONTH)
    if len(months):
        starts = local.wall_ms[months].astype("datetime64[ms]").astype("datetime64[M]")
        ends = (starts + np.timedelta64(1, "M")).astype("datetime64[ms]").astype(np.int64)
        until[months] = _zoned(ends, tz)[0]
    rows = np.flatnonzero(precision == BAND)
    if len(rows) and local.length_ms is not None:
        until[rows] = _zoned(local.wall_ms[rows] + local.length_ms[rows], tz)[0]
    return until


def utc_texts(ms: IntArray) -> list[str | None]:
    """Write UTC milliseconds as the store does, `YYYY-MM-DDTHH:MM:SS.sssZ`; none for `NO_TIME`."""
    missing = ms == NO_TIME
    text = np.datetime_as_string(np.where(missing, 0, ms).astype("datetime64[ms]"), unit="ms")
    made: list[str | None] = np.char.add(text, "Z").tolist()
    for place in np.flatnonzero(missing).tolist():
        made[place] = None
    return made
