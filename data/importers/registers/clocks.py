"""Put clocks onto the day that stands in another column of the same row, over midnight too.

Used by `data.importers.registers.cells`. Knows nothing of files and of the store. A whole moment in
such a cell counts as it stands; minutes are never invented.
"""

import re
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import UTC, date, datetime, time, timedelta
from typing import Final
from zoneinfo import ZoneInfo

import numpy as np
import pandas as pd

from data.importers.time_patterns import read_clock

_NEXT_DAY: Final = re.compile(
    r"^\s*(?:次日|翌日|第二天|隔日|明日|next\s+day|\+1)\s*(?=\S)", re.IGNORECASE
)
_END_OF_DAY: Final = re.compile(r"^\s*24[:：]?00(?:[:：]00)?\s*$")
_DAY: Final = timedelta(days=1)


@dataclass(frozen=True, slots=True)
class Clock:
    """A time of the day in local time, `days` after the day of its row."""

    at: time
    days: int = 0


def clocks_of(texts: pd.Series) -> list[Clock | None]:
    """Read cells that hold nothing but a clock; none for every other cell.

    `24:00` is midnight after the day, and 次日 (next day) before a clock moves it on by a day.
    """
    plain = texts.astype(str)
    is_next = plain.str.match(_NEXT_DAY)
    is_end = plain.str.match(_END_OF_DAY)
    bare = plain.str.replace(_NEXT_DAY, "", regex=True)
    ms, is_clock = read_clock(bare)
    found: list[Clock | None] = []
    for of_day_ms, has_clock, later, ends in zip(
        ms.tolist(), is_clock.tolist(), is_next.tolist(), is_end.tolist(), strict=True
    ):
        if ends:
            found.append(Clock(time(), 1))
        elif has_clock:
            days, minutes = divmod(of_day_ms // 60_000, 24 * 60)
            found.append(Clock(time(*divmod(minutes, 60)), days + int(later)))
        else:
            found.append(None)
    return found


def placed(clock: Clock, day: date, tz: str, *, after: datetime | None = None) -> datetime:
    """Give the moment (UTC) of a clock on a day in a zone.

    Parameters
    ----------
    after
        Moment that a clock without a day of its own must follow: one that lies before it is taken
        for the next day. At the very same clock nothing is moved, for a shift of 24 hours has to
        say so (次日).
    """
    zone = ZoneInfo(tz)
    at = datetime.combine(day + clock.days * _DAY, clock.at, zone).astimezone(UTC)
    if after is None or at >= after or clock.days:
        return at
    return datetime.combine(day + _DAY, clock.at, zone).astimezone(UTC)


def without_clocks(texts: pd.Series, clocks: Sequence[Clock | None]) -> pd.Series:
    """Blank the cells that are clocks, to read the others as moments."""
    left = texts.copy()
    left[np.array([clock is not None for clock in clocks], dtype=np.bool_)] = ""
    return left
