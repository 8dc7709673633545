"""Choose when things happen: by hour of the day, day of the week and season.

Used by the event writers. Times are local and have no zone; the files state the zone.
"""

from datetime import date, datetime, time, timedelta

import numpy as np

_DAY = (1, 1, 1, 1, 1, 2, 4, 8, 10, 11, 11, 10, 8, 7, 9, 10, 10, 10, 9, 8, 6, 4, 3, 2)
_RUSH = (1, 1, 1, 1, 1, 2, 5, 11, 12, 8, 7, 8, 9, 7, 7, 8, 9, 12, 13, 9, 6, 4, 3, 2)
_NIGHT = (8, 6, 4, 2, 1, 1, 1, 2, 3, 4, 4, 5, 6, 5, 4, 5, 6, 7, 8, 10, 12, 13, 12, 10)
_HOME = (3, 2, 1, 1, 1, 2, 4, 6, 6, 6, 6, 7, 9, 7, 5, 5, 6, 8, 10, 12, 12, 10, 7, 5)
_WORK = (0, 0, 0, 0, 0, 0, 0, 1, 6, 12, 13, 8, 2, 3, 10, 12, 11, 7, 2, 1, 0, 0, 0, 0)
_EVEN_WEEK = (1.0, 1.0, 1.0, 1.0, 1.1, 1.1, 1.0)
_WEEKEND = (0.8, 0.8, 0.8, 0.9, 1.3, 1.6, 1.4)
_WORK_WEEK = (1.2, 1.2, 1.1, 1.1, 1.1, 0.4, 0.3)
SEASON = (0.9, 0.8, 0.9, 1.0, 1.0, 1.1, 1.2, 1.2, 1.1, 1.0, 0.9, 0.9)

PROFILES = {
    "day": (_DAY, _EVEN_WEEK),
    "rush": (_RUSH, _WORK_WEEK),
    "night": (_NIGHT, _WEEKEND),
    "home": (_HOME, _WEEKEND),
    "work": (_WORK, _WORK_WEEK),
}
"""Name → weights by hour of the day and by day of the week (Monday first)."""


def draw_moments(
    dice: np.random.Generator, profile: str, count: int, since: date, until: date
) -> list[datetime]:
    """Draw moments in a half-open span of days, in order of time.

    Parameters
    ----------
    dice
        Source of chance.
    profile
        Key of `PROFILES`.
    count
        Number of moments.
    since, until
        First day, and the day after the last.
    """
    hours, week = PROFILES[profile]
    days = [since + timedelta(days=i) for i in range((until - since).days)]
    weights = np.array([week[day.weekday()] * SEASON[day.month - 1] for day in days])
    chosen = dice.choice(len(days), size=count, p=weights / weights.sum())
    hour_shares = np.array(hours) / sum(hours)
    hour = dice.choice(24, size=count, p=hour_shares)
    minute = dice.integers(0, 60, size=count)
    return sorted(
        datetime.combine(days[int(d)], time(int(h), int(m)))
        for d, h, m in zip(chosen, hour, minute, strict=True)
    )


def later(
    dice: np.random.Generator, moment: datetime, median: timedelta, spread: float = 0.6
) -> datetime:
    """Give a moment after another one, by a log-normal delay, to the minute."""
    minutes = median.total_seconds() / 60 * float(np.exp(dice.normal(0.0, spread)))
    return moment + timedelta(minutes=max(1, round(minutes)))
