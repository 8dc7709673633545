"""Gather what every page says of the store: its name, scenario, and how old its records are.

Used by `dashboard.cache` and `dashboard.app`.
"""

from __future__ import annotations

from dataclasses import dataclass
from datetime import date
from typing import TYPE_CHECKING

from data.config import DEFAULT_TZ
from data.repositories.figures import settings
from data.repositories.imports import list_batches

if TYPE_CHECKING:
    from datetime import datetime

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
