"""Say which events of a layer pass a question of time, kind and state, row by row.

Used by `data.counting`, which hands it on, and so by KPI engine, exports and view models. Where no
row's time is a span, as in most files, nothing is asked twice. Knows nothing of places.
"""

from dataclasses import dataclass
from datetime import datetime
from zoneinfo import ZoneInfo

import numpy as np
import numpy.typing as npt

from data.repositories.events import EventArrays

_OUTSIDE, _UNTOLD, _INSIDE, _HOUR_MS, _DAY_MS = 0, 1, 2, 3_600_000, 86_400_000


@dataclass(frozen=True)
class EventFilter:
    """Which events to count.

    Parameters
    ----------
    since, until
        Aware moments, half-open; none leaves that side open. Rows without a time pass only when
        both sides are open.
    kinds, channel_groups
        Codes; empty means all.
    is_open: only what waits to be closed (hazards, disputes).
    hours
        Local hours of the day, half-open, 0 to 24; `(22, 6)` runs over midnight. None for all.
    tz
        Zone of those hours.

    Notes
    -----
    A record known to a month, day or band passes only when all of its span lies inside the asked
    span (and hours); one that is cut through is `imprecise`, counted apart. Days count as 23 hours
    long. Months and days have no hour.
    """

    since: datetime | None = None
    until: datetime | None = None
    kinds: tuple[str, ...] = ()
    channel_groups: tuple[str, ...] = ()
    is_open: bool = False
    hours: tuple[int, int] | None = None
    tz: str = "Asia/Shanghai"

    def mask(self, events: EventArrays) -> npt.NDArray[np.bool_]:
        """Rows that pass for certain."""
        plain = self._plain(events)
        if self._is_timeless:
            return plain
        if self._leaves_untold(events):
            plain &= self._in_time(events) == _INSIDE
            return plain
        if self.since is not None:
            plain &= events.occurred_at >= moment64(self.since)
        if self.until is not None:
            plain &= events.occurred_at < moment64(self.until)
        if self._picks_hours and self.hours is not None:
            plain &= self._in_hours(events, self.hours) == _INSIDE
        plain &= ~np.isnat(events.occurred_at)
        return plain

    def rows(self, events: EventArrays) -> npt.NDArray[np.integer]:
        """Numbers of the rows that pass for certain, rising: where `mask` is true.

        With kinds, only rows of these kinds are looked at.
        """
        if not self.kinds:
            return np.flatnonzero(self.mask(events))
        rows = events.rows_of_kinds(frozenset(self.kinds))
        if self.channel_groups:
            rows = rows[events.channel_group.is_in(frozenset(self.channel_groups), rows)]
        if self.is_open:
            rows = rows[events.is_open[rows]]
        if self._is_timeless:
            return rows
        if self._picks_hours or self._leaves_untold(events):
            wanted = EventFilter(self.since, self.until, hours=self.hours, tz=self.tz)
            return rows[wanted.mask(events.take(rows))]
        occurred_at = events.occurred_at[rows]
        keep = ~np.isnat(occurred_at)
        if self.since is not None:
            keep &= occurred_at >= moment64(self.since)
        if self.until is not None:
            keep &= occurred_at < moment64(self.until)
        return rows[keep]

    @property
    def _is_timeless(self) -> bool:
        return self.since is None and self.until is None and self.hours is None

    @property
    def _picks_hours(self) -> bool:
        return self.hours is not None and self.hours != (0, 24)

    def _leaves_untold(self, events: EventArrays) -> bool:
        """Whether any row's time can be too coarse for what is asked; most files have none."""
        if self._is_timeless:
            return False
        return events.has_ends or (self._picks_hours and bool(events.is_hourless.any()))

    def imprecise(self, events: EventArrays) -> npt.NDArray[np.bool_]:
        """Rows that might pass: their time is not known finely enough."""
        if not self._leaves_untold(events):
            return np.zeros(len(events), dtype=bool)
        apart: npt.NDArray[np.bool_] = self._plain(events) & (self._in_time(events) == _UNTOLD)
        return apart

    def _in_time(self, events: EventArrays) -> npt.NDArray[np.int8]:
        """Say of each row: outside, inside or untold."""
        told = np.full(len(events), _INSIDE, dtype=np.int8)
        if self._is_timeless:
            return told
        start, last = events.occurred_at, events.last_at
        if self.since is not None:
            since = moment64(self.since)
            told[start < since] = _UNTOLD
            told[last < since] = _OUTSIDE
        if self.until is not None:
            until = moment64(self.until)
            told[(last >= until) & (told == _INSIDE)] = _UNTOLD
            told[start >= until] = _OUTSIDE
        if self._picks_hours and self.hours is not None:
            told = np.minimum(told, self._in_hours(events, self.hours))
        told[np.isnat(start)] = _OUTSIDE
        return told

    def _in_hours(self, events: EventArrays, hours: tuple[int, int]) -> npt.NDArray[np.int8]:
        opening = hours[0] * _HOUR_MS
        length = ((hours[1] - hours[0] - 1) % 24 + 1) * _HOUR_MS
        after = (events.local_ms(self.tz) - opening) % _DAY_MS
        told = np.where(after < length, _INSIDE, _OUTSIDE).astype(np.int8)
        if events.has_ends:
            ends = after + events.band_ms
            told[(after < length) & (ends > length)] = _UNTOLD
            told[(after >= length) & (ends > _DAY_MS)] = _UNTOLD
        told[events.is_hourless] = _UNTOLD
        return told

    def _plain(self, events: EventArrays) -> npt.NDArray[np.bool_]:
        """Rows that pass everything but the time."""
        keep = np.ones(len(events), dtype=bool)
        if self.kinds:
            keep &= events.kind.is_in(frozenset(self.kinds))
        if self.channel_groups:
            keep &= events.channel_group.is_in(frozenset(self.channel_groups))
        if self.is_open:
            keep &= events.is_open
        return keep


def moment64(moment: datetime) -> np.datetime64:
    """Turn an aware moment into NumPy's UTC milliseconds."""
    utc = moment.astimezone(ZoneInfo("UTC")).replace(tzinfo=None)
    return np.datetime64(utc, "ms")
