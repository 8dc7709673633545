"""Take a proposal into its plan or as a new draft, and take it back: one transaction each.

Used by the planner's proposals. Knows nothing of Streamlit and of sentences.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from dashboard.viewmodels.plan_proposals import key_of
from data.errors import DataError
from data.planning import drawing
from data.planning.opening import Begin, FromPlan, begin_plan, open_plan
from data.repositories.plan_writes import Turn

if TYPE_CHECKING:
    from dashboard.viewmodels.plan_proposals import Offer, Offers
    from data.database import Database
    from data.planning.opening import OpenPlan
    from data.viewer import Viewer


def take(
    database: Database, viewer: Viewer, turn: Turn, found: tuple[Offers, Offer], opened: OpenPlan
) -> OpenPlan:
    """Log a proposal's edits in the plan that it was worked out for.

    Parameters
    ----------
    opened
        The plan as it is now.

    Raises
    ------
    DataError
        `proposal_outdated` (fields `seen`, `current`): the grids are no longer those that it
        begins from; `proposal_not_drawn`; those of `data.planning.drawing.write_all`.
    PlanConflict, AccessRefused
        Those of `data.planning.drawing.write_all`.
    """
    offers, offer = found
    if offer.after is None:
        raise DataError("proposal_nothing")
    if opened.plan.id != offers.plan_id or key_of(opened.tiling) != offers.key:
        raise DataError("proposal_outdated", seen=offers.version, current=opened.plan.version)
    return drawing.write_all(database, viewer, turn, offer.drawn, offer.after, opened=opened)


def take_as_draft(
    database: Database, viewer: Viewer, turn: Turn, found: tuple[Offers, Offer], name: str
) -> OpenPlan:
    """Begin a copy of the plan and log the proposal's edits there; the plan stays as it is.

    Raises
    ------
    DataError, RecordNotFound, AccessRefused
        Those of `begin_plan` and of `take`.
    """
    offers, offer = found
    with database.read() as session:
        now = open_plan(session, viewer, turn.plan_id)
    if offer.after is None:
        raise DataError("proposal_nothing")
    if key_of(now.tiling) != offers.key:
        raise DataError("proposal_outdated", seen=offers.version, current=now.plan.version)
    made = begin_plan(database, viewer, FromPlan(turn.plan_id), Begin(name, turn.at))
    with database.read() as session:
        opened = open_plan(session, viewer, made.id)
    own = Turn(made.id, made.version, turn.at)
    return drawing.write_all(database, viewer, own, offer.drawn, offer.after, opened=opened)


def take_back(database: Database, viewer: Viewer, turn: Turn, edits: int) -> OpenPlan:
    """Undo the last edits of a plan together; they stay in the log.

    Raises
    ------
    PlanConflict, DataError
        Those of `data.planning.drawing.undo`.
    """
    return drawing.undo(database, viewer, turn, steps=edits)
