"""A fresh migrated store for each test, cloned from one that is migrated once; of both kinds."""

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
def embedded(empty_store, tmp_path):
    """A GeoPackage of one's own."""
    path = tmp_path / "store.gpkg"
    shutil.copy(empty_store, path)
    database = Database(str(path))
    yield database
    database.dispose()


@pytest.fixture
def served(served_url):
    """A PostgreSQL database of one's own."""
    database = Database(served_url)
    yield database
    database.dispose()


@pytest.fixture(params=["embedded", "served"])
def db(request):
    """A store of one's own: every test that asks for it runs on both kinds."""
    return request.getfixturevalue(request.param)


@pytest.fixture
def everything_in():
    """All that a store holds, as bytes: `everything_in(db)`."""

    def read(database):
        if not database.is_served:
            return database.path.read_bytes()
        from sqlalchemy import inspect, text

        with database.read() as session:
            names = inspect(session.connection()).get_table_names()
            rows = [
                row
                for name in names
                if name != "spatial_ref_sys"
                for row in session.scalars(text(f'SELECT t::text FROM "{name}" t'))  # noqa: S608
            ]
        assert rows
        return "\n".join(rows).encode()

    return read


@pytest.fixture(scope="session")
def scenario_files(tmp_path_factory):
    """The files of a scenario, written once: `scenario_files(name)` gives name → path."""
    from data.scenarios import write_files

    made = {}

    def written(name):
        if name not in made:
            made[name] = write_files(name, tmp_path_factory.mktemp(name))
        return made[name]

    return written
