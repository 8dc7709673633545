"""Copy the store while it is being written, and put a checked copy back.

Used by the command line. `VACUUM INTO` reads one state of the store; writers go on meanwhile.
"""

import sqlite3
from contextlib import closing
from dataclasses import dataclass
from pathlib import Path

from data import postgis
from data.database import Database, raise_revision
from data.errors import StoreUnavailable
from data.geopackage import APPLICATION_ID


@dataclass(frozen=True)
class BackupReport:
    """Size of the copy and what SQLite's integrity check said of it (`ok`)."""

    bytes: int
    integrity: str


def backup(database: Database, target: Path) -> BackupReport:
    """Write a consistent one-file copy.

    Raises
    ------
    StoreUnavailable
        `backup_exists`: the target file is there already; `store_missing`: nothing to copy.
    """
    if target.exists():
        raise StoreUnavailable("backup_exists", file=str(target))
    if not database.exists():
        raise StoreUnavailable("store_missing", store=database.label)
    target.parent.mkdir(parents=True, exist_ok=True)
    partial = target.with_name(target.name + ".part")
    partial.unlink(missing_ok=True)
    with closing(sqlite3.connect(database.path)) as source:
        source.execute("VACUUM INTO ?", (str(partial),))
    verdict = integrity(partial)
    partial.replace(target)
    return BackupReport(target.stat().st_size, verdict)


def restore(database: Database, source: Path) -> BackupReport:
    """Put a backup in the store's place, also while readers are connected.

    Every revision is counted on, so that no reader takes a cached figure for a fresh one.

    Raises
    ------
    StoreUnavailable
        `backup_missing`, `backup_damaged` (field `integrity`), `store_newer`.
    """
    if not source.is_file():
        raise StoreUnavailable("backup_missing", file=str(source))
    verdict = integrity(source)
    if verdict != "ok":
        raise StoreUnavailable("backup_damaged", file=str(source), integrity=verdict)
    before = database.revisions() if database.exists() else {}
    database.path.parent.mkdir(parents=True, exist_ok=True)
    read_only = f"file:{source.resolve()}?mode=ro"
    with (
        closing(sqlite3.connect(read_only, uri=True)) as copy,
        closing(sqlite3.connect(database.path, timeout=30)) as store,
    ):
        copy.backup(store)
    database.dispose()
    database.create_or_migrate()
    _count_revisions_on(database, before)
    return BackupReport(source.stat().st_size, verdict)


def integrity(path: Path) -> str:
    """Say what is wrong with a store file; `ok` when nothing is."""
    try:
        with closing(sqlite3.connect(f"file:{path.resolve()}?mode=ro", uri=True)) as connection:
            (verdict,) = connection.execute("PRAGMA integrity_check(1)").fetchone()
            (application,) = connection.execute("PRAGMA application_id").fetchone()
            tables = connection.execute(
                "SELECT count(*) FROM sqlite_master WHERE name IN ('alembic_version', 'place')"
            ).fetchone()[0]
    except sqlite3.DatabaseError as error:
        return str(error)
    if application != APPLICATION_ID or tables != 2:  # noqa: PLR2004 - the two tables named above
        return "not a Gridbeat store"
    return str(verdict)


def size_bytes(database: Database) -> int:
    """Give the size of a store: of the file, or of the whole database on the server."""
    if not database.is_served:
        return database.path.stat().st_size
    with database.read() as session:
        return postgis.size_bytes(session)


def _count_revisions_on(database: Database, before: dict[str, int]) -> None:
    restored = database.revisions()
    with database.write() as session:
        for name in {*before, *restored}:
            raise_revision(session, name, above=max(before.get(name, 0), restored.get(name, 0)))
