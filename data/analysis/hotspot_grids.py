"""Read the ground of hotspot questions on the grids that are asked for.

Used by the hotspot questions and commands. Knows nothing of cells and methods.
"""

from datetime import date, datetime

from sqlalchemy.orm import Session

from data.analysis.grids_of import chosen_grids, grids_valid_in, place_on
from data.analysis.hotspot_ground import HotspotGround, ground_of
from data.grids_of import GridsOf
from data.viewer import Viewer
from data.vocabulary import EventLayer

Bounds = tuple[datetime | None, datetime | None]


def ground_on(  # noqa: PLR0913 - the parts of a question, by name
    session: Session,
    viewer: Viewer,
    layer: EventLayer,
    of: GridsOf,
    *,
    span: Bounds,
    today: date,
    tz: str,
) -> HotspotGround:
    """Read a layer on one set of grids.

    Parameters
    ----------
    span
        Period of the question: those valid when each event happened must be one set all through.

    Raises
    ------
    ConfigError
        `grids_changed_within`.
    RecordNotFound, AccessRefused
        As `data.analysis.grids_of.chosen_grids`.
    """
    if of.is_event:
        of = grids_valid_in(session, span, today=today, tz=tz)
    day, placed = of.day(today), None
    if of.plan_id is not None:
        chosen = chosen_grids(session, viewer, of, today=today)
        placed = place_on(session, viewer, layer, chosen, today=today, tz=tz)
    return ground_of(session, viewer, layer, as_of=day, tz=tz, placed=placed)
