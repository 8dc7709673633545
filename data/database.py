"""Open the store: engine, read and write sessions, revisions, migration to the newest schema.

Used by repositories' callers (command line, actions, cache). No module holds a `Database`: it is
handed over.
"""

import sqlite3
from collections.abc import Iterator
from contextlib import contextmanager
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

from sqlalchemy import Engine, create_engine, event, inspect, select, text
from sqlalchemy.exc import DatabaseError
from sqlalchemy.orm import Session

from data import geopackage
from data.config import store_path
from data.dialects import insert_for
from data.errors import StoreUnavailable
from data.models import SCHEMA_VERSION, Revision

MIGRATIONS = Path(__file__).parent / "migrations"
_PRAGMAS = (
    "busy_timeout=30000",
    "journal_mode=WAL",
    "synchronous=NORMAL",
    "foreign_keys=ON",
    "cache_size=-65536",
)


class Database:
    """One store and its two kinds of session.

    Parameters
    ----------
    url
        Path of the GeoPackage (see `data.config.store_path`).
    """

    def __init__(self, url: str) -> None:
        self.url = url
        self.path = store_path(url)
        self._read = _engine(self.path)
        self._write = _engine(self.path)
        event.listen(self._write, "begin", _begin_immediate)
        event.listen(self._read, "begin", _begin)

    @property
    def write_engine(self) -> Engine:
        """Engine whose transactions take the write lock at once."""
        return self._write

    def exists(self) -> bool:
        """Whether the file is there and holds a schema."""
        return self.path.is_file() and self.schema_version() is not None

    def create_or_migrate(self) -> None:
        """Bring the store to this version's schema, creating the file when it is missing.

        Raises
        ------
        StoreUnavailable
            `store_newer`: a later version of the program wrote it; `store_damaged`: not a database.
        """
        # Alembic is imported only here: it would double the start of every command.
        from alembic import command
        from alembic.config import Config as AlembicConfig
        from alembic.script import ScriptDirectory

        self.path.parent.mkdir(parents=True, exist_ok=True)
        settings = AlembicConfig()
        settings.set_main_option("script_location", str(MIGRATIONS))
        settings.attributes["database"] = self
        current = self.schema_version()
        steps = ScriptDirectory.from_config(settings).walk_revisions()
        if current is not None and current not in {step.revision for step in steps}:
            raise StoreUnavailable("store_newer", store=str(self.path), version=current)
        command.upgrade(settings, "head")

    def schema_version(self) -> str | None:
        """Alembic revision of the file; none for an empty one.

        Raises
        ------
        StoreUnavailable
            `store_damaged`: the file is not a database.
        """
        if not self.path.is_file():
            return None
        try:
            with self._read.connect() as connection:
                if not inspect(connection).has_table("alembic_version"):
                    return None
                found = connection.scalar(text("SELECT version_num FROM alembic_version"))
                return None if found is None else str(found)
        except DatabaseError as error:
            raise StoreUnavailable("store_damaged", store=str(self.path)) from error

    def is_current(self) -> bool:
        """Whether the schema is the newest this version knows."""
        return self.schema_version() == SCHEMA_VERSION

    @contextmanager
    def read(self) -> Iterator[Session]:
        """Give a session whose reads all see one state of the store."""
        with Session(self._read) as session:
            yield session

    @contextmanager
    def write(self) -> Iterator[Session]:
        """Give a session that holds the write lock; commit at the end, roll back on an error."""
        with Session(self._write, expire_on_commit=False) as session, session.begin():
            yield session

    def revisions(self) -> dict[str, int]:
        """Revision number of every set that was ever written."""
        with self.read() as session:
            rows = session.execute(select(Revision.name, Revision.number))
            return {row.name: row.number for row in rows}

    def dispose(self) -> None:
        """Close every connection."""
        self._read.dispose()
        self._write.dispose()


def bump_revision(session: Session, name: str) -> int:
    """Count one change of the set `name` within this transaction; return the new number."""
    now = datetime.now(UTC)
    statement = insert_for(session, Revision).values(name=name, number=1, changed_at=now)
    statement = statement.on_conflict_do_update(
        index_elements=["name"], set_={"number": Revision.number + 1, "changed_at": now}
    )
    return int(session.execute(statement.returning(Revision.number)).scalar_one())


def raise_revision(session: Session, name: str, *, above: int) -> None:
    """Set a counter beyond `above`, so that nothing cached under an older number is reused."""
    now = datetime.now(UTC)
    statement = insert_for(session, Revision).values(name=name, number=above + 1, changed_at=now)
    session.execute(
        statement.on_conflict_do_update(
            index_elements=["name"], set_={"number": above + 1, "changed_at": now}
        )
    )


def _engine(path: Path) -> Engine:
    engine = create_engine(f"sqlite:///{path}", connect_args={"timeout": 30})
    event.listen(engine, "connect", _prepare)
    return engine


def _prepare(connection: sqlite3.Connection, _record: Any) -> None:  # noqa: ANN401 - pool internals
    connection.isolation_level = None  # we say BEGIN ourselves: pysqlite must not
    for pragma in _PRAGMAS:
        connection.execute(f"PRAGMA {pragma}")
    geopackage.register_functions(connection)


def _begin_immediate(connection: Any) -> None:  # noqa: ANN401 - event signature
    connection.exec_driver_sql("BEGIN IMMEDIATE")


def _begin(connection: Any) -> None:  # noqa: ANN401 - event signature
    connection.exec_driver_sql("BEGIN")
