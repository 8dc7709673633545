"""Say when each set of rows last changed, and how often.

Used by the wall, which shows the age of every feed.
Knows nothing of what the sets hold.
"""

from dataclasses import dataclass
from datetime import datetime

from sqlalchemy import select
from sqlalchemy.orm import Session

from data.models import Revision


@dataclass(frozen=True, slots=True)
class FeedState:
    """One set of rows: its revision number, and the aware moment of its last change."""

    name: str
    number: int
    changed_at: datetime


def feed_states(session: Session) -> tuple[FeedState, ...]:
    """Give every set that was ever written, by name."""
    rows = session.execute(
        select(Revision.name, Revision.number, Revision.changed_at).order_by(Revision.name)
    )
    return tuple(FeedState(row.name, row.number, row.changed_at) for row in rows)
