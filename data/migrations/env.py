"""Run migrations on the database that the caller hands over (Alembic's entry point).

Used by `data.database`. The same steps run on both stores; the store's own tables, constraints and
triggers are brought up afterwards.
"""

from functools import partial
from typing import Any, Literal

from alembic import context
from alembic.ddl.impl import _impls
from sqlalchemy import Column, Connection, MetaData, PrimaryKeyConstraint, Table, Text
from sqlalchemy.dialects.postgresql import base as postgresql_base
from sqlalchemy.dialects.sqlite import base as sqlite_base

from data import geopackage, postgis, served_rules
from data.geometry import Geom, Utc
from data.models import Base

GEOMETRY_KINDS = (
    "GEOMETRY",
    "POINT",
    "LINESTRING",
    "POLYGON",
    "MULTIPOINT",
    "MULTILINESTRING",
    "MULTIPOLYGON",
)


def _include_name(name: str | None, kind: str, _parents: object) -> bool:
    return not (kind == "table" and (name or "").startswith(("gpkg_", "rtree_", "spatial_ref_sys")))


def _include_object(
    item: Any,  # noqa: ANN401 - Alembic's signature
    _name: str | None,
    kind: str,
    _reflected: bool,  # noqa: FBT001 - Alembic's signature
    _other: object,
) -> bool:
    """Leave out what one store has not: Alembic does not know `ddl_if`.

    GiST indexes on SQLite; in PostgreSQL the foreign keys that triggers stand for.
    """
    if context.get_context().dialect.name == "sqlite":
        is_gist = kind == "index" and "gist" in str(item.dialect_kwargs.get("postgresql_using", ""))
        return not is_gist
    return not served_rules.is_kept_by_trigger(item)


def _render_item(kind: str, item: object, autogen: Any) -> str | Literal[False]:  # noqa: ANN401 - Alembic's signature
    if kind == "type" and isinstance(item, Geom):
        autogen.imports.add("from data.geometry import Geom")
        return f"Geom({item.kind!r})"
    if kind == "type" and isinstance(item, Utc):
        autogen.imports.add("from data.geometry import Utc")
        return "Utc()"
    if kind == "type" and type(item).__name__ == "JsonText":
        autogen.imports.add("from data.models.base import JsonText")
        return "JsonText()"
    return False


def _postgis_geometry(kind: str = "GEOMETRY", srid: str = "4326", **_options: object) -> Geom:
    return Geom(kind.upper(), int(srid))


def _geometry(kind: str, *_arguments: object) -> Geom:
    return Geom(kind)


def _version_table(_impl: object, **options: Any) -> Table:  # noqa: ANN401 - Alembic's signature
    """TEXT instead of VARCHAR(32), which is no GeoPackage type."""
    table = Table(options["version_table"], MetaData(), Column("version_num", Text, nullable=False))
    table.append_constraint(PrimaryKeyConstraint("version_num", name="alembic_version_pkc"))
    return table


def _configure(connection: Connection) -> None:
    context.configure(
        connection=connection,
        target_metadata=Base.metadata,
        render_as_batch=True,
        include_name=_include_name,
        include_object=_include_object,
        render_item=_render_item,
        transaction_per_migration=False,
    )


def run() -> None:
    """Migrate, then bring what is the store's own up to the models."""
    for kind in GEOMETRY_KINDS:
        sqlite_base.ischema_names[kind] = partial(_geometry, kind)  # type: ignore[assignment]
    postgresql_base.ischema_names["geometry"] = _postgis_geometry  # type: ignore[assignment]
    _impls["sqlite"].version_table_impl = _version_table  # type: ignore[method-assign,assignment]
    database = context.config.attributes["database"]
    if database.is_served:
        _run_served(database)
    else:
        _run_embedded(database)


def _run_served(database: Any) -> None:  # noqa: ANN401 - Database, which imports this file's folder
    """One transaction under the write lock: of two starts at once the second finds it done."""
    with database.write_engine.begin() as connection:
        postgis.prepare(connection, database.label)
        _configure(connection)
        with context.begin_transaction():
            context.run_migrations()
        served_rules.sync(connection)


def _run_embedded(database: Any) -> None:  # noqa: ANN401 - as above
    with database.write_engine.connect() as connection:
        connection.exec_driver_sql("COMMIT")
        connection.exec_driver_sql("PRAGMA foreign_keys=OFF")
        connection.exec_driver_sql("BEGIN IMMEDIATE")
        _configure(connection)
        with context.begin_transaction():
            context.run_migrations()
        geopackage.sync(connection)
        connection.commit()
        connection.exec_driver_sql("COMMIT")
        connection.exec_driver_sql("PRAGMA foreign_keys=ON")
        connection.exec_driver_sql("BEGIN")
        connection.commit()


run()
