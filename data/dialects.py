"""Pick the insert of the store's dialect, so that an upsert is written once for both stores.

Used by `data.database` and the repositories. SQLite and PostgreSQL spell `ON CONFLICT` alike, but
SQLAlchemy gives each its own `Insert`.
"""

from typing import Any

from sqlalchemy.dialects import postgresql, sqlite
from sqlalchemy.orm import Session

EMBEDDED = "sqlite"
SERVED = "postgresql"


def dialect_of(session: Session) -> str:
    """Name the dialect of a session's store: `sqlite` or `postgresql`."""
    return session.get_bind().dialect.name


def insert_for(session: Session, model: Any) -> Any:  # noqa: ANN401 - a mapped class or a table; either dialect's Insert
    """Begin an insert that knows `on_conflict_do_update` and `on_conflict_do_nothing`."""
    module = postgresql if dialect_of(session) == SERVED else sqlite
    return module.insert(model)
