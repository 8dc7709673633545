"""Move periods about on the local calendar: last year, the period before, whole months and days.

Used by the measures and by view models that compare periods.
Knows nothing of rows. All spans are half-open; days begin at local midnight.

Rules. A year back is the same day of the month; 29 February becomes 1 March, so the end of a
span that closes with 28 February stays its end, and the single day 29 February has no day to be
compared with (previous count 0, no value). The period before a whole number of calendar months is
the same number of months; before a whole number of local days the same number of days; before
anything else an equal stretch of time.
"""

from datetime import date, datetime, time, timedelta
from typing import Final
from zoneinfo import ZoneInfo

from data.counting import local_midnight

MONTHS: Final = 12
_MIDNIGHT: Final = time(0)


def same_span_last_year(since: datetime, until: datetime, tz: str) -> tuple[datetime, datetime]:
    """Move a span one year back on the local calendar; 29 February becomes 1 March."""
    return _year_back(since, tz), _year_back(until, tz)


def span_before(since: datetime, until: datetime, tz: str) -> tuple[datetime, datetime]:
    """Give the period right before a span (K6): whole months by months, whole days by days."""
    first, last = _local(since, tz), _local(until, tz)
    if first.time() != _MIDNIGHT or last.time() != _MIDNIGHT:
        return since - (until - since), since
    if first.day == 1 and last.day == 1 and last > first:
        months = MONTHS * (last.year - first.year) + last.month - first.month
        return local_midnight(_months_back(first.date(), months), tz), since
    days = (last.date() - first.date()).days
    return local_midnight(first.date() - timedelta(days=days), tz), since


def month_of(moment: datetime, tz: str) -> tuple[date, date]:
    """Give the first day of the local month of a moment, and of the month after it."""
    first = _local(moment, tz).date().replace(day=1)
    return first, _months_back(first, -1)


def days_between(since: datetime, until: datetime, tz: str) -> float:
    """Length of a span in local days; parts of a day count as parts."""
    first, last = _local(since, tz), _local(until, tz)
    return (last.replace(tzinfo=None) - first.replace(tzinfo=None)) / timedelta(days=1)


def years_between(since: datetime, until: datetime, tz: str) -> float:
    """Length of a span in local years: whole ones, and the rest as a part of the year it is in."""
    years = max(0, _local(until, tz).year - _local(since, tz).year)
    while years and _year_back(until, tz, years) < since:
        years -= 1
    end = _year_back(until, tz, years)
    rest = days_between(since, end, tz)
    return years + rest / days_between(_year_back(end, tz), end, tz)


def _local(moment: datetime, tz: str) -> datetime:
    return moment.astimezone(ZoneInfo(tz))


def _months_back(day: date, months: int) -> date:
    index = MONTHS * day.year + day.month - 1 - months
    return date(index // MONTHS, index % MONTHS + 1, 1)


def _year_back(moment: datetime, tz: str, years: int = 1) -> datetime:
    local = _local(moment, tz)
    try:
        return local.replace(year=local.year - years)
    except ValueError:
        return local.replace(year=local.year - years, month=3, day=1)
