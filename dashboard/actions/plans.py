"""Begin, draw and change plans for the planner's page: one write transaction each.

Used by the components of the planner. Knows nothing of Streamlit and of sentences.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

from data.analysis.plan_weights import save_bands, save_weights
from data.planning import drawing
from data.planning.opening import Begin, FromDay, FromFrame, FromPlan, begin_plan
from data.repositories.plan_notes import close_comment, comment
from data.repositories.plan_writes import Turn, describe
from geo.edits.renumbering import next_code

if TYPE_CHECKING:
    from collections.abc import Callable
    from datetime import date, datetime

    from data.analysis.plan_weights import PlanWeights
    from data.database import Database
    from data.importers.plan_files import PlanFile
    from data.planning.opening import OpenPlan, PlanStart
    from data.repositories.plans import PlanRecord
    from data.viewer import Viewer
    from geo.districting.balance import Bands
    from geo.edits.report import EditOptions
    from geo.edits.tiling import EditTiling
    from geo.edits.values import Edit


@dataclass(frozen=True)
class NewPlan:
    """What a form for a new plan says.

    Parameters
    ----------
    plan
        Number of the plan or template to start from; None: from grids of the store.
    day
        Day of the grids; None: the latest.
    scope
        Code of the place that is planned; empty: the whole store.
    file
        Grids of an uploaded file to start from, instead of those of the store.
    remark
        What of the file was left out, kept as a comment.
    """

    name: str
    note: str = ""
    is_template: bool = False
    plan: int | None = None
    day: date | None = None
    scope: str = ""
    file: PlanFile | None = None
    remark: str = ""


def begin(database: Database, viewer: Viewer, told: NewPlan, at: datetime) -> PlanRecord:
    """Make a draft.

    Raises
    ------
    AccessRefused, RecordNotFound, DataError
        Those of `begin_plan`.
    """
    start: PlanStart = FromDay(told.day, told.scope or None)
    if told.file is not None:
        file = told.file
        start = FromFrame(file.frame, file.file_name, told.scope or None, told.remark)
    elif told.plan:
        start = FromPlan(told.plan)
    about = Begin(told.name, at, note=told.note, is_template=told.is_template)
    return begin_plan(database, viewer, start, about)


def draw(
    database: Database,
    viewer: Viewer,
    turn: Turn,
    edit: Edit,
    how: tuple[EditOptions, OpenPlan | None],
) -> OpenPlan:
    """Apply an edit to the plan as it was seen, and log it.

    Raises
    ------
    PlanConflict, EditRefused, DataError, AccessRefused
        Those of `data.planning.drawing.draw`; the drawing is kept.
    """
    options, opened = how
    return drawing.draw(database, viewer, turn, edit, options=options, opened=opened).opened


def step(database: Database, viewer: Viewer, turn: Turn, *, back: bool) -> OpenPlan:
    """Undo the last edit, or redo the next.

    Raises
    ------
    PlanConflict, DataError
        Those of `data.planning.drawing.undo`.
    """
    return (drawing.undo if back else drawing.redo)(database, viewer, turn)


def take_up(
    database: Database, viewer: Viewer, aside: int, turn: Turn, options: EditOptions
) -> OpenPlan:
    """Apply a drawing that was set aside to the plan as it is now.

    Raises
    ------
    RecordNotFound, DataError, EditRefused, PlanConflict
        Those of `data.planning.drawing.take_up`; the drawing stays aside.
    """
    return drawing.take_up(database, viewer, aside, turn, options=options).opened


def dismiss(database: Database, viewer: Viewer, aside: int, turn: Turn) -> None:
    """Give up a drawing that was set aside.

    Raises
    ------
    RecordNotFound, DataError
        Those of `data.planning.drawing.dismiss`.
    """
    drawing.dismiss(database, viewer, aside, turn)


def rebase(database: Database, viewer: Viewer, turn: Turn, options: EditOptions) -> OpenPlan:
    """Put a plan on the latest grids.

    Raises
    ------
    PlanConflict, DataError
        Those of `data.planning.drawing.rebase`.
    """
    return drawing.rebase(database, viewer, turn, options=options)


def rename(
    database: Database, viewer: Viewer, turn: Turn, told: tuple[str, str, bool]
) -> PlanRecord:
    """Change name, note and whether a plan is a template.

    Raises
    ------
    PlanConflict, DataError
        Those of `data.repositories.plan_writes.describe`.
    """
    name, note, is_template = told
    with database.write() as session:
        return describe(session, viewer, turn, name=name, note=note, is_template=is_template)


def add_note(
    database: Database, viewer: Viewer, turn: Turn, text: str, grid_code: str | None
) -> None:
    """Comment on a grid, or on the whole plan.

    Raises
    ------
    AccessRefused, DataError
        Those of `data.repositories.plan_notes.comment`.
    """
    with database.write() as session:
        comment(session, viewer, turn.plan_id, text=text, grid_code=grid_code, at=turn.at)


def close_note(database: Database, viewer: Viewer, note: int, at: datetime) -> None:
    """Mark a comment as dealt with.

    Raises
    ------
    RecordNotFound, AccessRefused
        Those of `data.repositories.plan_notes.close_comment`.
    """
    with database.write() as session:
        close_comment(session, viewer, note, at=at)


def weigh(
    database: Database, viewer: Viewer, told: tuple[PlanWeights, Bands], at: datetime
) -> None:
    """Set weights and bands; what stood before goes to the audit log.

    Raises
    ------
    AccessRefused, ConfigError, GeoError
        Those of `save_weights` and `save_bands`.
    """
    weights, bands = told
    with database.write() as session:
        save_weights(session, viewer, weights, at)
        save_bands(session, viewer, bands, at)


def namer(tiling: EditTiling) -> Callable[[str], tuple[str, str]]:
    """Give what names the grid that a split makes: the next code of its community, a name."""

    def name(code: str) -> tuple[str, str]:
        parent = tiling.parents.get(code) or code
        new = next_code(tiling, parent)
        return new, f"{tiling.names.get(code, code)}-{new[-3:]}"

    return name
