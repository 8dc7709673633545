"""Give every table the same base: constraint names, key type, JSON column.

Used by the other model files. Column types are GeoPackage's (TEXT, INTEGER, DOUBLE, DATETIME).
"""

import json
from typing import Annotated, Any

from sqlalchemy import BigInteger, CheckConstraint, Dialect, Integer, MetaData, Text, types
from sqlalchemy.dialects.postgresql import JSONB
from sqlalchemy.orm import DeclarativeBase, mapped_column

NAMING = {
    "ix": "ix_%(table_name)s_%(column_0_N_name)s",
    "uq": "uq_%(table_name)s_%(column_0_N_name)s",
    "ck": "ck_%(table_name)s_%(constraint_name)s",
    "fk": "fk_%(table_name)s_%(column_0_N_name)s",
    "pk": "pk_%(table_name)s",
}

SCHEMA_VERSION = "0004"
"""Newest step in `data/migrations/versions` (a test compares)."""

BIG_KEY = BigInteger().with_variant(Integer, "sqlite")

PrimaryKey = Annotated[int, mapped_column(BIG_KEY, primary_key=True)]


def blob_check() -> CheckConstraint:
    """Refuse anything but a GeoPackage geometry in `geom` of a GeoPackage.

    A constraint, not a trigger: on 100,000 incidents a trigger costs a sixth of the import.
    """
    rule = CheckConstraint("geom IS NULL OR substr(geom, 1, 2) = X'4750'", "blob")
    return rule.ddl_if(dialect="sqlite")


class JsonText(types.TypeDecorator[Any]):
    """A JSON value: JSONB in PostgreSQL, TEXT in a GeoPackage; keys sorted, so equal is equal."""

    impl = Text
    cache_ok = True

    def load_dialect_impl(self, dialect: Dialect) -> types.TypeEngine[Any]:
        """Pick the column type of the dialect."""
        return dialect.type_descriptor(
            JSONB(none_as_null=True) if dialect.name == "postgresql" else Text()
        )

    def process_bind_param(self, value: Any, dialect: Dialect) -> Any:  # noqa: ANN401 - any JSON value
        """Write."""
        if value is None or dialect.name == "postgresql":
            return value
        return json.dumps(value, ensure_ascii=False, sort_keys=True)

    def process_result_value(self, value: Any, dialect: Dialect) -> Any:  # noqa: ANN401 - any JSON value
        """Read."""
        if value is None or dialect.name == "postgresql":
            return value
        return json.loads(value)


class Base(DeclarativeBase):
    """Base of all rows."""

    metadata = MetaData(naming_convention=NAMING)
