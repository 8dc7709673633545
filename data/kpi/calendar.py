"""Count working minutes between two moments: hours, days off and make-up days as settings.

Used by the measures of handling times (K26). Knows nothing of rows.
Police events run around the clock; everything else waits for the office to open.
"""

from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import UTC, date, datetime, time, timedelta
from functools import lru_cache
from typing import Any, Final
from zoneinfo import ZoneInfo

import numpy as np
import numpy.typing as npt

Moments = npt.NDArray[np.datetime64]
Minutes = npt.NDArray[np.float64]
DEFAULT_HOURS: Final = ((time(9), time(17)),)
DEFAULT_WEEKDAYS: Final = (0, 1, 2, 3, 4)
_MINUTE: Final = np.timedelta64(1, "m")
_DAY: Final = np.timedelta64(1, "D")


@dataclass(frozen=True)
class WorkCalendar:
    """When a desk is open.

    Parameters
    ----------
    hours
        Spans of the local day, in order; settings `work_hours`, such as
        `[["09:00", "12:00"], ["13:30", "17:30"]]`.
    weekdays
        0 is Monday; setting `work_days`.
    holidays, makeup_days
        Days off, and days worked that would be off; settings of the same names, ISO days. The
        yearly notice of holidays is typed in by an operator: it cannot be computed.
    """

    tz: str = "Asia/Shanghai"
    hours: tuple[tuple[time, time], ...] = DEFAULT_HOURS
    weekdays: tuple[int, ...] = DEFAULT_WEEKDAYS
    holidays: frozenset[date] = field(default_factory=frozenset)
    makeup_days: frozenset[date] = field(default_factory=frozenset)

    @classmethod
    def from_settings(cls, settings: Mapping[str, Any], tz: str) -> "WorkCalendar":
        """Read the store's settings; what is not set keeps its default."""
        hours = settings.get("work_hours")
        days = settings.get("work_days")
        return cls(
            tz=tz,
            hours=tuple((time.fromisoformat(a), time.fromisoformat(b)) for a, b in hours)
            if hours
            else DEFAULT_HOURS,
            weekdays=tuple(int(day) for day in days) if days else DEFAULT_WEEKDAYS,
            holidays=frozenset(map(date.fromisoformat, settings.get("holidays") or ())),
            makeup_days=frozenset(map(date.fromisoformat, settings.get("makeup_days") or ())),
        )

    def is_worked(self, day: date) -> bool:
        """Whether the desk opens on a day."""
        if day in self.makeup_days:
            return True
        return day.weekday() in self.weekdays and day not in self.holidays

    def minutes_between(self, since: Moments, until: Moments) -> Minutes:
        """Give the working minutes of each span; UTC milliseconds in, none may be NaT."""
        if len(since) == 0:
            return np.zeros(0)
        return self._worked_until(until, since) - self._worked_until(since, since)

    def _worked_until(self, moments: Moments, origin: Moments) -> Minutes:
        """Count working minutes from the first day of `origin` to each moment."""
        local, first = to_local(moments, self.tz), to_local(origin, self.tz).min()
        days = local.astype("datetime64[D]")
        start = min(first.astype("datetime64[D]"), days.min())
        count = int((days.max() - start) / _DAY) + 1
        every: list[date] = [start.astype(date) + timedelta(days=k) for k in range(count)]
        worked = np.array([self.is_worked(day) for day in every])
        full = sum(_minute_of(end) - _minute_of(begin) for begin, end in self.hours)
        before = np.concatenate([[0.0], np.cumsum(worked * full)[:-1]])
        row = ((days - start) / _DAY).astype(np.int64)
        minute = (local - days) / _MINUTE
        today = np.zeros(len(local))
        for begin, end in self.hours:
            a, b = _minute_of(begin), _minute_of(end)
            today += np.clip(minute - a, 0, b - a)
        return np.asarray(before[row] + today * worked[row])


def clock_minutes(since: Moments, until: Moments) -> Minutes:
    """Give the minutes of each span around the clock."""
    return np.asarray((until - since) / _MINUTE, dtype=np.float64)


def to_local(moments: Moments, tz: str) -> Moments:
    """Turn UTC milliseconds into local wall time; none may be NaT.

    The offset is looked up once for each UTC day, and for each hour of a day that changes it.
    """
    days, row = np.unique(moments.astype("datetime64[D]"), return_inverse=True)
    starts = [_offset(day, tz) for day in _naive(days)]
    ends = [_offset(day, tz) for day in _naive(days + _DAY)]
    shift = np.array(starts, dtype="timedelta64[s]")[row]
    for k in np.flatnonzero(np.array(starts) != np.array(ends)):
        here = np.flatnonzero(row == k)
        hours = moments[here].astype("datetime64[h]")
        shift[here] = [_offset(hour, tz) for hour in _naive(hours)]
    return np.asarray(moments + shift)


@lru_cache(maxsize=65_536)
def _offset(moment: datetime, tz: str) -> int:
    """Seconds between UTC and local time at a moment without a zone, in UTC."""
    local = moment.replace(tzinfo=UTC).astimezone(ZoneInfo(tz))
    return round((local.utcoffset() or timedelta()).total_seconds())


def _naive(moments: npt.NDArray[Any]) -> list[datetime]:
    naive: list[datetime] = moments.astype("datetime64[s]").tolist()
    return naive


def _minute_of(moment: time) -> int:
    return 60 * moment.hour + moment.minute
