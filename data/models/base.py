"""Give every table the same base: constraint names, key type, JSON column.

Used by the other model files. Column types are GeoPackage's (TEXT, INTEGER, DOUBLE, DATETIME).
"""

import json
from typing import Annotated, Any

from sqlalchemy import BigInteger, Dialect, Integer, MetaData, Text, types
from sqlalchemy.dialects.postgresql import JSONB
from sqlalchemy.orm import DeclarativeBase, mapped_column

NAMING = {
    "ix": "ix_%(table_name)s_%(column_0_N_name)s",
    "uq": "uq_%(table_name)s_%(column_0_N_name)s",
    "ck": "ck_%(table_name)s_%(constraint_name)s",
    "fk": "fk_%(table_name)s_%(column_0_N_name)s",
    "pk": "pk_%(table_name)s",
}

SCHEMA_VERSION = "0001"
"""Newest step in `data/migrations/versions` (a test compares)."""

BIG_KEY = BigInteger().with_variant(Integer, "sqlite")

PrimaryKey = Annotated[int, mapped_column(BIG_KEY, primary_key=True)]


class JsonText(types.TypeDecorator[Any]):
    """A JSON value: JSONB in PostgreSQL, TEXT in a GeoPackage; keys sorted, so equal is equal."""

    impl = Text
    cache_ok = True

    def load_dialect_impl(self, dialect: Dialect) -> types.TypeEngine[Any]:
        """Pick the column type of the dialect."""
        return dialect.type_descriptor(JSONB() if dialect.name == "postgresql" else Text())

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
