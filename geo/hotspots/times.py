"""Count events by hour of the day and day of the week.

Used by the hour panel and the patrol brief.
Knows nothing of places.
"""

from dataclasses import dataclass
from typing import Final

import numpy as np
import pandas as pd

from geo.errors import FrameError
from geo.hotspots.checks import known_to, require_times
from geo.hotspots.result import Report

_COARSE: Final = ("date_only", "time_band", "month_only")
"""Flags of a column `time_flag` whose hour is not known."""


@dataclass(frozen=True, slots=True)
class HourWeekday:
    """Counts by weekday and hour.

    Attributes
    ----------
    counts
        7 rows (0 = Monday) by 24 columns (0-23), whole numbers.
    report
        `n_events`, `counted`, `without_hour`, `zone`.
    """

    counts: pd.DataFrame
    report: Report


def hour_weekday(events: pd.DataFrame) -> HourWeekday:
    """Count events in the 168 hours of a week, in the time zone of `occurred_at`.

    Parameters
    ----------
    events
        With `occurred_at` (with time zone; events are taken in that zone's local time). Rows whose
        `time_flag` says that the hour is not known are left out and counted.

    Raises
    ------
    FrameError
        ``no_events``, ``missing_columns``, ``times_without_zone``, ``times_missing``;
        ``times_too_coarse`` (fields `known`, `needed`, `n`) where no event has an hour: all are
        flagged, or at least two different days are all at local midnight.
    """
    if len(events) == 0:
        raise FrameError("no_events", frame="events")
    times = require_times(events)
    known = np.ones(len(times), dtype=np.bool_)
    if "time_flag" in events.columns:
        known = ~events["time_flag"].isin(_COARSE).to_numpy()
    used = times[known]
    fineness = known_to(used) if len(used) else "month"
    if fineness != "minute":
        raise FrameError("times_too_coarse", known=fineness, needed="hour", n=len(times))
    table = np.bincount(used.dt.day_of_week * 24 + used.dt.hour, minlength=168).reshape(7, 24)
    report: Report = {
        "n_events": len(times),
        "counted": len(used),
        "without_hour": int((~known).sum()),
        "zone": str(times.dt.tz),
    }
    return HourWeekday(pd.DataFrame(table, index=range(7), columns=range(24)), report)
