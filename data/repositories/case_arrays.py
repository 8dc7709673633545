"""Read the stages of incidents, hazards and disputes column-wise, for rates and handling times.

Used by the KPI engine, beside `data.repositories.events` whose arrays carry points and kinds.
Knows nothing of measures. Rows come in the order of their ids, the same as the event arrays'.
"""

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime
from typing import Any

import numpy as np
import numpy.typing as npt
from sqlalchemy import Text, and_, select, type_coerce
from sqlalchemy.orm import Session

from data.models import Dispute, Hazard, Incident
from data.repositories.events import MODELS, Coded
from data.viewer import Viewer
from data.vocabulary import EventLayer

Flags = npt.NDArray[np.float64]
"""1 yes, 0 no, NaN unknown; also small counts."""


@dataclass(frozen=True)
class CaseArrays:
    """Stages of hazards or disputes, a column at a time.

    Attributes
    ----------
    reported_at … verified_at
        UTC, milliseconds; NaT where the stage was not reached or is not known.
    suspended_minutes, rework_count, dispatch_count
        NaN where unknown.
    is_contacted, is_solved, is_satisfied, is_major
        1, 0, or NaN where nobody asked.
    """

    ids: npt.NDArray[np.int64]
    reported_at: npt.NDArray[np.datetime64]
    accepted_at: npt.NDArray[np.datetime64]
    filed_at: npt.NDArray[np.datetime64]
    assigned_at: npt.NDArray[np.datetime64]
    handled_at: npt.NDArray[np.datetime64]
    verified_at: npt.NDArray[np.datetime64]
    suspended_minutes: Flags
    rework_count: Flags
    dispatch_count: Flags
    is_contacted: Flags
    is_solved: Flags
    is_satisfied: Flags
    is_major: Flags
    channel: Coded
    level: Coded
    loop: Coded

    def take(self, rows: npt.NDArray[np.int64]) -> "CaseArrays":
        """Keep rows by position."""
        columns: dict[str, Any] = {
            name: Coded(value.labels, value.codes[rows])
            if isinstance(value, Coded)
            else value[rows]
            for name, value in vars(self).items()
        }
        return CaseArrays(**columns)


_MOMENTS = ("reported_at", "accepted_at", "filed_at", "assigned_at", "handled_at", "verified_at")
_NUMBERS = (
    "suspended_minutes",
    "rework_count",
    "dispatch_count",
    "is_contacted",
    "is_solved",
    "is_satisfied",
    "is_major",
)
_CODES = ("channel", "level", "loop")


def case_arrays(session: Session, viewer: Viewer, layer: EventLayer) -> CaseArrays:
    """Read the stages of all hazards or disputes.

    A viewer's areas are geometry: the caller keeps the rows whose ids its placed events have.
    """
    del viewer  # the areas are applied by the one caller, see above
    model = MODELS[layer]
    names = [name for name in (*_MOMENTS, *_NUMBERS, *_CODES) if hasattr(model, name)]
    asked = [
        type_coerce(getattr(model, name), Text).label(name)
        if name in _MOMENTS
        else getattr(model, name)
        for name in names
    ]
    rows = session.execute(select(model.id, *asked).order_by(model.id)).all()
    columns = dict(zip(["id", *names], zip(*rows, strict=True), strict=True)) if rows else {}
    missing: tuple[None, ...] = (None,) * len(rows)
    moments = {name: moments_of(columns.get(name, missing)) for name in _MOMENTS}
    numbers = {name: _numbers(columns.get(name, missing)) for name in _NUMBERS}
    codes = {name: _coded(columns.get(name, missing)) for name in _CODES}
    found: dict[str, Any] = {**moments, **numbers, **codes}
    return CaseArrays(ids=np.array(columns.get("id", ()), dtype=np.int64), **found)


def handled_incidents(
    session: Session, viewer: Viewer
) -> tuple[npt.NDArray[np.int64], npt.NDArray[np.datetime64], npt.NDArray[np.datetime64]]:
    """Give ids, acceptance and closing of incidents that have both, times sound; UTC, by id."""
    del viewer  # as above
    at = (type_coerce(Incident.accepted_at, Text), type_coerce(Incident.closed_at, Text))
    query = select(Incident.id, *at).where(
        Incident.accepted_at.is_not(None),
        Incident.closed_at.is_not(None),
        Incident.time_flags.is_(None),
    )
    rows = session.execute(query.order_by(Incident.id)).all()
    ids, accepted, closed = zip(*rows, strict=True) if rows else ((), (), ())
    return np.array(ids, dtype=np.int64), moments_of(accepted), moments_of(closed)


def root_hazard_states(session: Session, viewer: Viewer) -> dict[int, str | None]:
    """Give, for each dispute that names a known hazard at its root, that hazard's state.

    A hazard is known by its number within the dispute's own source. Keys are ids of disputes; the
    caller keeps those that its placed events have.
    """
    del viewer  # as above
    query = select(Dispute.id, Hazard.status).join(
        Hazard,
        and_(
            Hazard.external_id == Dispute.root_hazard_ref,
            Hazard.source == Dispute.source,
        ),
    )
    return {int(row[0]): row[1] for row in session.execute(query)}


def moments_of(values: Sequence[Any]) -> npt.NDArray[np.datetime64]:
    """Turn stored moments (text of the embedded store, datetimes of the served one) into arrays."""
    return np.array([_plain(value) for value in values], dtype="datetime64[ms]")


def _plain(value: Any) -> Any:  # noqa: ANN401 - a driver's value
    if value is None:
        return "NaT"
    if isinstance(value, datetime):
        return value.astimezone(UTC).replace(tzinfo=None)
    return value[:-1]


def _numbers(values: Iterable[Any]) -> Flags:
    return np.array([np.nan if value is None else float(value) for value in values], dtype=float)


def _coded(values: Iterable[str | None]) -> Coded:
    places: dict[str | None, int] = {None: -1}
    codes = [places.setdefault(value, len(places) - 1) for value in values]
    labels = tuple(value for value in places if value is not None)
    return Coded(labels, np.array(codes, dtype=np.int32))
