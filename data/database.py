"""Open the store: engine, read and write sessions, revisions, migration to the newest schema.

Used by repositories' callers (command line, actions, cache). No module holds a `Database`: it is
handed over. One class for both stores: a GeoPackage (embedded) or PostgreSQL with PostGIS (served).
"""

import sqlite3
import time
from collections.abc import Callable, Iterator, Mapping
from contextlib import closing, contextmanager
from datetime import UTC, datetime
from pathlib import Path
from typing import Any, Final

from sqlalchemy import URL, Engine, create_engine, event, inspect, select, text
from sqlalchemy.exc import DatabaseError, DBAPIError, OperationalError
from sqlalchemy.orm import Session

from data import geopackage, postgis
from data.config import served_url, store_path
from data.dialects import insert_for
from data.errors import ConfigError, StoreUnavailable
from data.models import SCHEMA_VERSION, Revision

MIGRATIONS = Path(__file__).parent / "migrations"
_PRAGMAS = (
    "busy_timeout=30000",
    "journal_mode=WAL",
    "synchronous=NORMAL",
    "foreign_keys=ON",
    "cache_size=-65536",
)


_FILE_FAULTS: Final = {
    "SQLITE_BUSY": "store_busy",
    "SQLITE_CANTOPEN": "store_not_openable",
    "SQLITE_READONLY": "store_not_openable",
    "SQLITE_PERM": "store_not_openable",
    "SQLITE_FULL": "store_full",
    "SQLITE_IOERR": "store_full",
}
_GEOPACKAGE_TABLES: Final = ("gpkg_", "rtree_", "sqlite_")
_POLL_S: Final = 0.5
_RECYCLE_S: Final = 1800


class Database:
    """One store and its two kinds of session.

    Parameters
    ----------
    url
        Path of a GeoPackage (see `data.config.store_path`) or `postgresql+psycopg://…`.

    Attributes
    ----------
    is_served
        Whether a server keeps the store; otherwise it is one file.
    label
        How the store is shown: its path, or its address without a password.
    """

    def __init__(self, url: str) -> None:
        self.url = url
        served = served_url(url)
        self.is_served = served is not None
        self._path = None if served else store_path(url)
        self.label = postgis.label_of(served) if served else str(self._path)
        if served is not None:
            self.url = served
            self._read = _served_engine(served, isolation_level="REPEATABLE READ")
            self._write = _served_engine(served, isolation_level="READ COMMITTED")
            postgis.hold_write_lock(self._write)
        else:
            self._read, self._write = _engine(self.path), _engine(self.path)
            event.listen(self._write, "begin", _begin_immediate)
            event.listen(self._read, "begin", _begin)

    @property
    def path(self) -> Path:
        """File of an embedded store.

        Raises
        ------
        ConfigError
            `store_is_served`: there is no file.
        """
        if self._path is None:
            raise ConfigError("store_is_served", store=self.label)
        return self._path

    @property
    def identity(self) -> str:
        """Key of the store within this process: absolute path, or address without a password."""
        return self.label if self._path is None else str(self._path.resolve())

    @property
    def name(self) -> str:
        """Short name: the file's, or the database's."""
        if self._path is not None:
            return self._path.name
        return self._write.url.database or self.label

    @property
    def write_engine(self) -> Engine:
        """Engine whose transactions take the write lock at once."""
        return self._write

    def is_present(self) -> bool:
        """Whether there is something to open: the file, or (always) a server to ask."""
        return self._path is None or self._path.is_file()

    def exists(self) -> bool:
        """Whether the store is there and holds a schema.

        Raises
        ------
        StoreUnavailable
            See `schema_version`.
        """
        return self.is_present() and self.schema_version() is not None

    def create_or_migrate(self) -> None:
        """Bring the store to this version's schema, creating file or extensions when missing.

        Raises
        ------
        StoreUnavailable
            `store_newer`: a later version of the program wrote it; `store_damaged`: not a database;
            `store_not_openable`, `store_full`: no folder, no permission, no room;
            `store_extension_missing`, `store_extension_absent`: the server needs an administrator;
            and the codes of `schema_version`.
        """
        # Alembic is imported only here: it would double the start of every command.
        from alembic import command
        from alembic.config import Config as AlembicConfig
        from alembic.script import ScriptDirectory

        if self._path is not None:
            self._make_folder(self._path.parent)
        settings = AlembicConfig()
        settings.set_main_option("script_location", str(MIGRATIONS))
        settings.attributes["database"] = self
        current = self.schema_version()
        steps = ScriptDirectory.from_config(settings).walk_revisions()
        if current is not None and current not in {step.revision for step in steps}:
            raise StoreUnavailable("store_newer", store=self.label, version=current)
        with self._told():
            command.upgrade(settings, "head")

    def _make_folder(self, folder: Path) -> None:
        try:
            folder.mkdir(parents=True, exist_ok=True)
        except OSError as error:
            raise StoreUnavailable("store_not_openable", store=self.label) from error

    def _is_foreign(self) -> bool:
        """Whether the file holds tables of somebody else: nothing of ours is written into it.

        Looked at without our own settings, which would already change the file.
        """
        if self._path is None or not self._path.is_file():
            return False
        address = f"{self._path.resolve().as_uri()}?mode=ro"
        try:
            with closing(sqlite3.connect(address, uri=True)) as connection:
                found = connection.execute("SELECT name FROM sqlite_master WHERE type = 'table'")
                names = {str(name) for (name,) in found}
        except sqlite3.Error:  # whatever is wrong with it is said when it is opened
            return False
        theirs = {name for name in names if not name.startswith(_GEOPACKAGE_TABLES)}
        return bool(theirs) and "alembic_version" not in theirs

    def schema_version(self) -> str | None:
        """Alembic revision of the store; none for an empty one.

        Raises
        ------
        StoreUnavailable
            `store_damaged`: the file is not a database; `store_foreign`: it is one of something
            else; `store_unreachable`, `store_refused`, `store_no_database`: the server does not
            answer, or not to us.
        """
        if not self.is_present():
            return None
        if self._is_foreign():
            raise StoreUnavailable("store_foreign", store=self.label)
        try:
            with self._told(), self._read.connect() as connection:
                if not inspect(connection).has_table("alembic_version"):
                    return None
                found = connection.scalar(text("SELECT version_num FROM alembic_version"))
                return None if found is None else str(found)
        except DatabaseError as error:
            raise StoreUnavailable("store_damaged", store=self.label) from error

    def is_current(self) -> bool:
        """Whether the schema is the newest this version knows."""
        return self.schema_version() == SCHEMA_VERSION

    @contextmanager
    def read(self) -> Iterator[Session]:
        """Give a session whose reads all see one state of the store.

        Raises
        ------
        StoreUnavailable
            `store_unreachable`, `store_refused`, `store_no_database`, `store_busy`.
        """
        with self._told(), Session(self._read) as session:
            yield session

    @contextmanager
    def write(self) -> Iterator[Session]:
        """Give a session that holds the write lock; commit at the end, roll back on an error.

        Raises
        ------
        StoreUnavailable
            As `read`; `store_busy` when another writer kept the lock too long.
        """
        with (
            self._told(),
            Session(self._write, expire_on_commit=False) as session,
            session.begin(),
        ):
            if self.is_served:
                session.connection()  # takes the lock now, as BEGIN IMMEDIATE does
            yield session

    def revisions(self) -> dict[str, int]:
        """Revision number of every set that was ever written."""
        with self.read() as session:
            rows = session.execute(select(Revision.name, Revision.number))
            return {row.name: row.number for row in rows}

    def server_versions(self) -> tuple[str, str]:
        """Give the versions of PostgreSQL and PostGIS; PostGIS is empty where it is not there."""
        with self.read() as session:
            return postgis.server_versions(session)

    def wait_for_change(self, seen: Mapping[str, int], timeout_s: float) -> dict[str, int]:
        """Give the revisions as soon as they differ from `seen`, or when the time is over.

        The served store is listened to (a notice comes within milliseconds of the commit); the
        embedded one is asked twice a second.

        Parameters
        ----------
        seen
            What `revisions` or an earlier call gave.
        """
        end = time.monotonic() + timeout_s
        with self._notices() as wait:
            current = self.revisions()
            while current == seen and (left_s := end - time.monotonic()) > 0:
                wait(left_s)
                current = self.revisions()
        return current

    @contextmanager
    def _notices(self) -> Iterator[Callable[[float], object]]:
        if not self.is_served:
            yield lambda left_s: time.sleep(min(left_s, _POLL_S))
            return
        import psycopg

        try:
            with postgis.listening(self.url) as wait:
                yield wait
        except psycopg.OperationalError as error:
            told = OperationalError(None, None, error)
            raise postgis.fault_of(told, self.label) or told from error

    @contextmanager
    def _told(self) -> Iterator[None]:
        """Say in codes that the server is away, whenever the driver says so."""
        try:
            yield
        except DBAPIError as error:
            fault = (
                postgis.fault_of(error, self.label)
                if self.is_served
                else _fault_of_file(error, self.label)
            )
            if fault is None:
                raise
            raise fault from error

    def close_file(self) -> None:
        """Bring an embedded store into its one file, without a journal beside it."""
        self.dispose()
        with closing(sqlite3.connect(self.path)) as connection:
            connection.execute("PRAGMA journal_mode=DELETE")

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


def _served_engine(url: str, *, isolation_level: Any) -> Engine:  # noqa: ANN401 - one of SQLAlchemy's literals
    engine = create_engine(
        postgis.parsed(url),
        isolation_level=isolation_level,
        json_serializer=postgis.json_text,
        pool_pre_ping=True,  # a connection that died with the server is replaced, not used
        pool_recycle=_RECYCLE_S,
    )
    postgis.leave_nul_out(engine)
    return engine


def _fault_of_file(error: DBAPIError, label: str) -> StoreUnavailable | None:
    name = getattr(error.orig, "sqlite_errorname", "") or ""
    for head, code in _FILE_FAULTS.items():
        if name.startswith(head):
            return StoreUnavailable(code, store=label)
    return None


def _engine(path: Path) -> Engine:
    address = URL.create("sqlite", database=str(path))  # a `?` in a name belongs to the name
    engine = create_engine(address, connect_args={"timeout": 30})
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
