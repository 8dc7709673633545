"""Run migrations on the database that the caller hands over (Alembic's entry point)."""

from functools import partial
from typing import Any, Literal

from alembic import context
from alembic.ddl.impl import _impls
from sqlalchemy import Column, MetaData, PrimaryKeyConstraint, Table, Text
from sqlalchemy.dialects.sqlite import base as sqlite_base

from data import geopackage
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
    """Leave GiST indexes out on SQLite: Alembic does not know `ddl_if`."""
    is_gist = kind == "index" and "gist" in str(item.dialect_kwargs.get("postgresql_using", ""))
    return not (is_gist and context.get_context().dialect.name == "sqlite")


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


def _geometry(kind: str, *_arguments: object) -> Geom:
    return Geom(kind)


def _version_table(_impl: object, **options: Any) -> Table:  # noqa: ANN401 - Alembic's signature
    """TEXT instead of VARCHAR(32), which is no GeoPackage type."""
    table = Table(options["version_table"], MetaData(), Column("version_num", Text, nullable=False))
    table.append_constraint(PrimaryKeyConstraint("version_num", name="alembic_version_pkc"))
    return table


def run() -> None:
    """Migrate, then bring GeoPackage tables and triggers up to the models."""
    for kind in GEOMETRY_KINDS:
        sqlite_base.ischema_names[kind] = partial(_geometry, kind)  # type: ignore[assignment]
    _impls["sqlite"].version_table_impl = _version_table  # type: ignore[method-assign,assignment]
    engine = context.config.attributes["database"].write_engine
    with engine.connect() as connection:
        connection.exec_driver_sql("COMMIT")
        connection.exec_driver_sql("PRAGMA foreign_keys=OFF")
        connection.exec_driver_sql("BEGIN IMMEDIATE")
        context.configure(
            connection=connection,
            target_metadata=Base.metadata,
            render_as_batch=True,
            include_name=_include_name,
            include_object=_include_object,
            render_item=_render_item,
            transaction_per_migration=False,
        )
        with context.begin_transaction():
            context.run_migrations()
        geopackage.sync(connection)
        connection.commit()
        connection.exec_driver_sql("COMMIT")
        connection.exec_driver_sql("PRAGMA foreign_keys=ON")
        connection.exec_driver_sql("BEGIN")
        connection.commit()


run()
