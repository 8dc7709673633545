"""Keep declared figures and settings: small facts set by a scenario or an operator.

Used by the KPI engine, scenarios and view models.
"""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import date
from typing import Any

from sqlalchemy import select
from sqlalchemy.orm import Session

from data.config import DEFAULT_TZ
from data.dialects import insert_for
from data.models import DeclaredFigure, Setting
from data.viewer import Viewer


@dataclass(frozen=True)
class DeclaredRecord:
    """A published number and where it was published."""

    measure: str
    scope: str
    value: float | None
    source: str
    kpi: str | None = None
    numerator: float | None = None
    denominator: float | None = None
    since: date | None = None
    until: date | None = None
    quote: str | None = None


def declared_figures(session: Session, viewer: Viewer) -> tuple[DeclaredRecord, ...]:
    """Give the declared figures by measure and scope; those of other areas are left out."""
    rows = session.scalars(
        select(DeclaredFigure).order_by(DeclaredFigure.measure, DeclaredFigure.scope)
    )
    names = DeclaredRecord.__dataclass_fields__
    return tuple(
        DeclaredRecord(**{name: getattr(row, name) for name in names})
        for row in rows
        if viewer.sees_everything or row.scope in viewer.areas
    )


def save_declared(session: Session, records: Sequence[DeclaredRecord]) -> int:
    """Insert or replace by (measure, scope); return how many were given."""
    for record in records:
        values = dict(vars(record))
        statement = insert_for(session, DeclaredFigure).values(**values)
        session.execute(
            statement.on_conflict_do_update(index_elements=["measure", "scope"], set_=values)
        )
    return len(records)


def settings(session: Session) -> dict[str, Any]:
    """Give all settings: facts about the store itself, of no area and no person."""
    return {row.key: row.value for row in session.scalars(select(Setting))}


def store_tz(session: Session) -> str:
    """Give the time zone of the store: its setting, else the one that stores are kept in."""
    return str(settings(session).get("tz") or DEFAULT_TZ)


def save_setting(session: Session, key: str, value: Any) -> None:  # noqa: ANN401 - any JSON value
    """Set one setting."""
    statement = insert_for(session, Setting).values(key=key, value=value)
    session.execute(
        statement.on_conflict_do_update(
            index_elements=["key"], set_={"value": statement.excluded.value}
        )
    )
