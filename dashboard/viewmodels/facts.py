"""Gather what every page says of the store: its name, scenario, and how old its records are.

Used by `dashboard.cache` and `dashboard.app`. Knows nothing of screens.
"""

from __future__ import annotations

from dataclasses import dataclass
from datetime import date, datetime, time, timedelta
from typing import TYPE_CHECKING
from zoneinfo import ZoneInfo

from data.config import DEFAULT_TZ
from data.counting import local_midnight
from data.repositories.figures import settings
from data.repositories.imports import list_batches

if TYPE_CHECKING:
    from sqlalchemy.orm import Session

    from data.viewer import Viewer


@dataclass(frozen=True)
class Facts:
    """What is known of the store as a whole.

    Attributes
    ----------
    scenario
        Name of the built-in scenario that was loaded; empty for a store of one's own. All of a
        scenario's records are synthetic.
    tz
        Zone whose days bound periods.
    last_import_at
        When the latest import ended.
    scenario_on
        The day on which a scenario stands; None for a store of one's own.
    """

    store: str
    scenario: str
    tz: str
    last_import_at: datetime | None
    scenario_on: date | None = None

    def stands_on(self, latest_at: datetime | None) -> date | None:
        """Say on which day a scenario's clock stands still; None where the clock runs.

        Parameters
        ----------
        latest_at
            When the latest incident happened: one after the scenario's day sets the clock going.
        """
        day = self.scenario_on
        if day is None:
            return None
        is_past = latest_at is None or latest_at < local_midnight(day + _DAY, self.tz)
        return day if is_past else None

    def clock(self, latest_at: datetime | None, now: datetime) -> datetime:
        """Give the aware moment that lights and ages are measured at.

        That is now; in a scenario the beginning of its day, as on the wall and in its figures.
        """
        day = self.stands_on(latest_at)
        return now if day is None else local_midnight(day, self.tz)

    def written_at(self, latest_at: datetime | None, now: datetime) -> datetime:
        """Give the aware moment of a change: now; in a scenario its day at this time of day."""
        day = self.stands_on(latest_at)
        if day is None:
            return now
        local: time = now.astimezone(ZoneInfo(self.tz)).time()
        return datetime.combine(day, local, ZoneInfo(self.tz)).astimezone(now.tzinfo)


_DAY = timedelta(days=1)


def load_facts(session: Session, viewer: Viewer, *, store: str) -> Facts:
    """Read them."""
    held = settings(session)
    ended = [batch.finished_at for batch in list_batches(session, viewer) if batch.finished_at]
    return Facts(
        store=store,
        scenario=str(held.get("scenario") or ""),
        tz=str(held.get("tz") or DEFAULT_TZ),
        last_import_at=max(ended, default=None),
        scenario_on=_day(held.get("scenario_as_of")),
    )


def _day(value: object) -> date | None:
    return date.fromisoformat(value) if isinstance(value, str) else None
