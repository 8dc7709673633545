"""Read the steps that were taken on hazards and disputes in a span of time.

Used by the hand-over of a shift. Knows nothing of shifts; what imported stamps tell is not here but
in `data.repositories.case_arrays`.
"""

from datetime import datetime

from sqlalchemy import select
from sqlalchemy.orm import Session

from data.models import CaseStep
from data.repositories.case_records import STORED_FIELDS, StepRecord
from data.repositories.cases import own_steps
from data.repositories.events import MODELS
from data.viewer import DisplayLevel, Viewer
from data.vocabulary import EventLayer


def steps_between(
    session: Session, viewer: Viewer, layer: EventLayer, since: datetime, until: datetime
) -> tuple[tuple[int, StepRecord], ...]:
    """Give (id of the row, step) of the steps of a half-open span, in the order they were taken.

    Rows of all areas: the caller keeps the ids that its placed events have.

    Raises
    ------
    AccessRefused
        `level_too_low`: single steps are for `INTERNAL` and above.
    """
    viewer.require_level(DisplayLevel.INTERNAL)
    model = MODELS[layer]
    query = (
        select(model.id, *(getattr(CaseStep, name) for name in STORED_FIELDS))
        .join(CaseStep, own_steps(layer))
        .where(CaseStep.at >= since, CaseStep.at < until)
        .order_by(CaseStep.at, CaseStep.id)
    )
    return tuple((int(row[0]), StepRecord(*row[1:])) for row in session.execute(query))
