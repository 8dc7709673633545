"""Mend, re-submit or dismiss a quarantined row for a screen: one write transaction each.

Used by the data-quality screen. Knows nothing of Streamlit and of sentences.
"""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Final

from data.importers.mending import MendForm, MendResult, mend_form
from data.importers.mending import dismiss as close_row
from data.importers.mending import resubmit as take_row

if TYPE_CHECKING:
    from collections.abc import Mapping

    from data.database import Database
    from data.viewer import Viewer

RESUBMIT: Final = "resubmit"
DISMISS: Final = "dismiss"


@dataclass(frozen=True)
class Mend:
    """What was asked for one row.

    Attributes
    ----------
    token
        Fingerprint of the row as it was drawn.
    values
        Column → text as typed.
    """

    row: int
    token: str
    action: str = RESUBMIT
    values: Mapping[str, str] = field(default_factory=dict)
    note: str = ""


def look(database: Database, viewer: Viewer, row: int) -> MendForm:
    """Give what the form shows.

    Raises
    ------
    RecordNotFound, AccessRefused
        As `data.importers.mending.mend_form`.
    """
    with database.read() as session:
        return mend_form(session, viewer, row)


def settle(database: Database, viewer: Viewer, asked: Mend) -> MendResult:
    """Re-submit or dismiss.

    Raises
    ------
    StaleRevision, ImportRefused, RecordNotFound, AccessRefused
        As `data.importers.mending.resubmit` and `dismiss`.
    """
    if asked.action == DISMISS:
        return close_row(database, asked.row, asked.note, viewer, token=asked.token)
    return take_row(database, asked.row, asked.values, viewer, token=asked.token)
