"""Approve, publish, withdraw, reopen and roll back plans, and write their sheets to files.

Used by the planner's publishing and impact views. Every change is made as the person who is named:
until accounts exist, whoever sits at the screen says who it is, and the books keep that name.
"""

from __future__ import annotations

from dataclasses import dataclass, replace
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import TYPE_CHECKING, Final

from data.exports.crosswalk import export_crosswalk
from data.planning import publishing
from data.planning.opening import Begin
from data.repositories import plan_writes
from data.repositories.audit import append_audit
from data.viewer import DisplayLevel

if TYPE_CHECKING:
    from collections.abc import Mapping
    from datetime import date, datetime

    import pandas as pd

    from data.database import Database
    from data.repositories.plan_records import PlanRecord, Published
    from data.repositories.plan_writes import Turn
    from data.viewer import Viewer

SHEET: Final = "plan_impact"


@dataclass(frozen=True)
class Desk:
    """Where a change is made: the store, and who makes it.

    Parameters
    ----------
    person
        Service number or account under which the books keep it; empty: the viewer's own.
    """

    database: Database
    viewer: Viewer
    person: str = ""

    @property
    def acting(self) -> Viewer:
        """The viewer under the name of the person."""
        name = self.person.strip()
        return replace(self.viewer, name=name) if name else self.viewer


def approve(desk: Desk, turn: Turn) -> PlanRecord:
    """Approve a draft; raises as `data.repositories.plan_writes.approve`."""
    with desk.database.write() as session:
        return plan_writes.approve(session, desk.acting, turn)


def reopen(desk: Desk, turn: Turn) -> PlanRecord:
    """Make a plan a draft again; raises as `data.repositories.plan_writes.reopen`."""
    with desk.database.write() as session:
        return plan_writes.reopen(session, desk.acting, turn)


def withdraw(desk: Desk, turn: Turn, reason: str) -> PlanRecord:
    """Give a plan up; raises as `data.repositories.plan_writes.withdraw`."""
    with desk.database.write() as session:
        return plan_writes.withdraw(session, desk.acting, turn, reason=reason)


def publish(desk: Desk, turn: Turn, effective_on: date, reason: str) -> Published:
    """Publish an approved plan; raises as `data.planning.publishing.publish`."""
    return publishing.publish(
        desk.database, desk.acting, turn, effective_on=effective_on, reason=reason
    )


def roll_back(desk: Desk, plan_id: int, name: str, at: datetime) -> PlanRecord:
    """Begin a draft of the former grids; raises as `data.planning.publishing.roll_back`."""
    return publishing.roll_back(desk.database, desk.acting, plan_id, Begin(name, at))


def note_sheet(desk: Desk, plan_id: int, rows: int, ending: str, now: datetime) -> None:
    """Log that an impact sheet left the house.

    Raises
    ------
    AccessRefused
        `level_too_low`.
    """
    desk.viewer.require_level(DisplayLevel.INTERNAL)
    about = {"layer": SHEET, "plan": plan_id, "type": ending,
             "level": desk.viewer.level.name.lower()}  # fmt: skip
    with desk.database.write() as session:
        append_audit(session, desk.viewer, "export", SHEET, rows, about, now)


def crosswalk_file(
    desk: Desk, rows: pd.DataFrame, about: Mapping[str, str], ending: str, now: datetime
) -> bytes:
    """Write a crosswalk as ``csv`` or ``xlsx``, log it and give its bytes.

    Raises
    ------
    AccessRefused
        `level_too_low`.
    """
    with TemporaryDirectory(prefix="gridbeat-crosswalk-") as folder:
        path = Path(folder) / f"crosswalk.{ending}"
        with desk.database.write() as session:
            export_crosswalk(session, desk.viewer, rows, path, about=about, now=now)
        return path.read_bytes()
