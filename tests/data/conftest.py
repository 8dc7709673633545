"""A fresh migrated store for each test, cloned from one that is migrated once."""

import shutil

import pytest

from data.database import Database


@pytest.fixture(scope="session")
def empty_store(tmp_path_factory):
    """A migrated, empty store file without a journal beside it."""
    path = tmp_path_factory.mktemp("store") / "empty.gpkg"
    database = Database(str(path))
    database.create_or_migrate()
    with database.write_engine.connect() as connection:
        connection.exec_driver_sql("COMMIT")
        connection.exec_driver_sql("PRAGMA wal_checkpoint(TRUNCATE)")
        connection.exec_driver_sql("BEGIN")
    database.dispose()
    return path


@pytest.fixture
def db(empty_store, tmp_path):
    """A store of one's own."""
    path = tmp_path / "store.gpkg"
    shutil.copy(empty_store, path)
    database = Database(str(path))
    yield database
    database.dispose()
