"""Make a PostgreSQL database a store: addresses, extensions, faults, bulk reading and writing.

Used by `data.database` and `data.repositories`, the served counterpart of `data.geopackage`.
Knows nothing of records. PostgreSQL 15 and PostGIS 3.3 are the oldest tried.
"""

import io
import json
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from typing import Any, Final

import numpy as np
import pyarrow as pa
import pyarrow.csv
from sqlalchemy import URL, Connection, Table, event, make_url
from sqlalchemy.engine import Engine
from sqlalchemy.exc import DBAPIError, OperationalError
from sqlalchemy.orm import Session
from sqlalchemy.sql import quoted_name

from data.config import SERVED_SCHEMES
from data.errors import StoreUnavailable
from data.models import Base

CHANNEL: Final = "gridbeat"
"""Channel on which every change of a revision is told, as `name:number`."""
WRITE_LOCK: Final = 0x67726964
"""Advisory lock that every write session holds until it ends (BEGIN IMMEDIATE's counterpart)."""
EXTENSIONS: Final = ("postgis", "btree_gist")
_COPY_HEAD: Final = b"PGCOPY\n\xff\r\n\x00" + bytes(8)
_COPY_END: Final = b"\xff\xff"
_COPY_BYTES: Final = 1 << 17
_CONNECT_S: Final = 10
_LOCK_WAIT_MS: Final = 60_000
_SETTINGS: Final = f"-c timezone=UTC -c lock_timeout={_LOCK_WAIT_MS}"
_SECRETS: Final = ("password", "passfile", "sslpassword", "sslkey")
_NO_PRIVILEGE: Final = "42501"
_NOT_INSTALLED: Final = frozenset({"0A000", "58P01"})
_LOCK_NOT_AVAILABLE: Final = "55P03"
_GONE: Final = frozenset({"57P01", "57P02", "57P03", "57P05", "53300", "25006"})
_SIGNS: Final = (
    (
        ("permission denied", "authentication failed", "pg_hba", "no password", 'role "'),
        "store_refused",
    ),
    (('database "',), "store_no_database"),
)
"""What the server says when it is there and does not let us in."""


def parsed(url: str) -> URL:
    """Read an address whose driver is named, adding what every connection of ours wants."""
    address = make_url(url)
    asked = dict(address.query)
    told = str(asked.pop("options", ""))
    defaults = {"connect_timeout": str(_CONNECT_S), "application_name": "gridbeat"}
    return address.set(query={**defaults, **asked, "options": f"{_SETTINGS} {told}".strip()})


def label_of(url: str) -> str:
    """Give the address without a password, to be shown and logged."""
    address = make_url(url)
    shown = {k: v for k, v in address.query.items() if k not in {*_SECRETS, "options"}}
    bare = URL.create(SERVED_SCHEMES[0].removesuffix("://"), address.username, None, address.host,
                      address.port, address.database, shown)  # fmt: skip
    return bare.render_as_string(hide_password=True)


def hold_write_lock(engine: Engine) -> None:
    """Let every transaction of an engine begin by waiting for the store's one write lock."""

    @event.listens_for(engine, "begin")
    def _take(connection: Connection) -> None:
        connection.exec_driver_sql(f"SELECT pg_advisory_xact_lock({WRITE_LOCK})")


def leave_nul_out(engine: Engine) -> None:
    """Let texts of every statement pass without NUL characters, which PostgreSQL does not keep."""

    @event.listens_for(engine, "before_cursor_execute", retval=True)
    def _clean(
        _connection: Connection,
        _cursor: Any,  # noqa: ANN401 - the driver's
        statement: str,
        parameters: Any,  # noqa: ANN401 - one set of values, or a list of them
        _context: Any,  # noqa: ANN401 - SQLAlchemy's
        _executemany: bool,  # noqa: FBT001 - SQLAlchemy's signature
    ) -> tuple[str, Any]:
        if isinstance(parameters, list):
            return statement, [_without_nul(each) for each in parameters]
        return statement, _without_nul(parameters)


def json_text(value: Any) -> str:  # noqa: ANN401 - any JSON value
    """Write JSON as PostgreSQL takes it: without NUL characters."""
    text = json.dumps(value, ensure_ascii=False, sort_keys=True)
    if "\\u0000" not in text:
        return text
    return json.dumps(_plain_json(value), ensure_ascii=False, sort_keys=True)


def _plain_json(value: Any) -> Any:  # noqa: ANN401 - any JSON value
    if isinstance(value, dict):
        return {str(k).replace("\x00", ""): _plain_json(v) for k, v in value.items()}
    if isinstance(value, list | tuple):
        return [_plain_json(item) for item in value]
    return value.replace("\x00", "") if isinstance(value, str) else value


def _without_nul(values: Any) -> Any:  # noqa: ANN401 - a mapping or a sequence of values
    if not isinstance(values, dict):
        return values
    if not any(isinstance(v, str) and "\x00" in v for v in values.values()):
        return values
    return {k: v.replace("\x00", "") if isinstance(v, str) else v for k, v in values.items()}


def prepare(connection: Connection, label: str) -> None:
    """Create the extensions that are missing.

    Raises
    ------
    StoreUnavailable
        `store_extension_missing`: this role may not create it, field `sql` is what an
        administrator has to run; `store_extension_absent`: the server lacks the package.
    """
    present = set(connection.exec_driver_sql("SELECT extname FROM pg_extension").scalars())
    for name in EXTENSIONS:
        if name in present:
            continue
        statement = f"CREATE EXTENSION {name}"
        try:
            connection.exec_driver_sql(statement)
        except DBAPIError as error:
            state = _state_of(error)
            if state == _NO_PRIVILEGE:
                raise StoreUnavailable(
                    "store_extension_missing", store=label, extension=name, sql=f"{statement};"
                ) from error
            if state in _NOT_INSTALLED:
                raise StoreUnavailable(
                    "store_extension_absent", store=label, extension=name
                ) from error
            raise


def fault_of(error: DBAPIError, label: str) -> StoreUnavailable | None:
    """Say what is wrong with the server in our words; None when the error is of another kind.

    Raises nothing: gives `store_unreachable`, `store_refused` (password, role, access rule),
    `store_no_database` or `store_busy`, each with the store's address and what the server said.
    """
    state = _state_of(error)
    if state == _LOCK_NOT_AVAILABLE:
        return StoreUnavailable("store_busy", store=label)
    if state is None:
        is_gone = isinstance(error, OperationalError)  # the driver's own word of a lost connection
    else:
        is_gone = state in _GONE or state.startswith("08")
    if not (error.connection_invalidated or is_gone):
        return None
    told = [line.strip() for line in str(error.orig).splitlines() if line.strip()]
    reason = told[0] if told else ""
    lowered = " ".join(told).lower()
    code = next((code for signs, code in _SIGNS if any(sign in lowered for sign in signs)), "")
    if code:
        return StoreUnavailable(code, store=label, reason=reason)
    return StoreUnavailable("store_unreachable", store=label, reason=reason)


@contextmanager
def listening(url: str) -> Iterator[Callable[[float], bool]]:
    """Listen on a connection of its own; gives `wait(timeout_s)`, true when a revision changed.

    Not through a pooler that shares connections between transactions: notices get lost there.
    """
    import psycopg

    address = parsed(url)
    words, named = address.get_dialect()().create_connect_args(address)
    with psycopg.connect(*words, **{**named, "autocommit": True}) as listener:
        listener.execute(f"LISTEN {CHANNEL}")

        def wait(timeout_s: float) -> bool:
            notices = listener.notifies(timeout=timeout_s, stop_after=1)
            return next(iter(notices), None) is not None

        yield wait


def copy_rows(
    session: Session, table: str, names: Sequence[str], rows: Iterable[Sequence[Any]]
) -> None:
    """Write rows through COPY; values as the driver adapts them, geometry as EWKB hexadecimal."""
    listed = ", ".join(_quoted(name) for name in names)
    statement = f"COPY {_quoted(table)} ({listed}) FROM STDIN"
    with _copying(session, statement) as copy:
        for row in rows:
            copy.write_row(row)


def copy_binary(session: Session, table: str, names: Sequence[str], rows: pa.Array) -> None:
    """Write rows through binary COPY.

    Parameters
    ----------
    rows
        Large binary: each row with the count of its fields, and of each field length and bytes.
    """
    rows = pa.concat_arrays([rows])
    offsets = np.frombuffer(rows.buffers()[1], dtype=np.int64)[rows.offset :][: len(rows) + 1]
    listed = ", ".join(_quoted(name) for name in names)
    whole = memoryview(rows.buffers()[2] or b"")[int(offsets[0]) : int(offsets[-1])]
    with _copying(session, f"COPY {_quoted(table)} ({listed}) FROM STDIN (FORMAT binary)") as copy:
        copy.write(_COPY_HEAD)
        for start in range(0, len(whole), _COPY_BYTES):
            copy.write(whole[start : start + _COPY_BYTES])
        copy.write(_COPY_END)


def update_rows(
    session: Session, table: Table, names: Sequence[str], rows: Iterable[Sequence[Any]]
) -> None:
    """Update rows by (`source`, `external_id`), both among `names`, and raise their `version`.

    The rows go through a passing table.
    """
    keys = ("source", "external_id")
    passing = f"passing_{table.name}"
    listed = ", ".join(_quoted(name) for name in names)
    run = session.connection().exec_driver_sql
    run(f"CREATE TEMP TABLE {passing} AS SELECT {listed} FROM {table.name} WITH NO DATA")  # noqa: S608 - the models' own names
    copy_rows(session, passing, names, rows)
    run(f"ANALYZE {passing}")
    values = ", ".join(f"{_quoted(n)} = p.{_quoted(n)}" for n in names if n not in keys)
    run(
        f"UPDATE {table.name} t SET {values}, version = t.version + 1 FROM {passing} p "  # noqa: S608 - the models' own names
        "WHERE t.source = p.source AND t.external_id = p.external_id"
    )
    run(f"DROP TABLE {passing}")


def read_columns(session: Session, query: str, types: Mapping[str, pa.DataType]) -> pa.Table:
    """Read a query's result column by column, through COPY; an empty text is not a missing one.

    Parameters
    ----------
    types
        Column → type; every column of the query must be named.
    """
    held = io.BytesIO()
    statement = f"COPY ({query}) TO STDOUT (FORMAT csv)"
    with _copying(session, statement) as copy:
        for block in copy:
            held.write(block)
    if not held.tell():
        return pa.table({name: pa.array([], kind) for name, kind in types.items()})
    return pyarrow.csv.read_csv(
        pa.py_buffer(held.getbuffer()),
        read_options=pyarrow.csv.ReadOptions(column_names=list(types), block_size=1 << 24),
        parse_options=pyarrow.csv.ParseOptions(newlines_in_values=True),
        convert_options=pyarrow.csv.ConvertOptions(
            column_types=dict(types),
            null_values=[""],
            true_values=["t"],
            false_values=["f"],
            strings_can_be_null=True,
            quoted_strings_can_be_null=False,
        ),
    )


def reset_sequences(connection: Connection) -> None:
    """Let the next key of every table follow its greatest one."""
    for table in Base.metadata.sorted_tables:
        if "id" in table.c:
            name = table.name
            connection.exec_driver_sql(
                f"SELECT setval(pg_get_serial_sequence('{name}', 'id'), "  # noqa: S608 - the models' own names
                f"coalesce((SELECT max(id) FROM {_quoted(name)}), 1), "
                f"EXISTS (SELECT 1 FROM {_quoted(name)}))"
            )


def server_versions(session: Session) -> tuple[str, str]:
    """Give the versions of PostgreSQL and PostGIS; the latter empty where it is not there yet."""
    run = session.connection().exec_driver_sql
    postgis = run("SELECT extversion FROM pg_extension WHERE extname = 'postgis'").scalar()
    return str(run("SHOW server_version").scalar()), str(postgis or "")


def size_bytes(session: Session) -> int:
    """Give the size of the whole database in bytes."""
    found = session.connection().exec_driver_sql("SELECT pg_database_size(current_database())")
    return int(found.scalar_one())


@contextmanager
def _copying(session: Session, statement: str) -> Iterator[Any]:
    """Open a COPY on the session's connection; the driver's errors come out as SQLAlchemy's."""
    import psycopg

    connection = session.connection()
    driver: Any = connection.connection.driver_connection
    try:
        with driver.cursor() as cursor, cursor.copy(statement) as copy:
            yield copy
    except psycopg.Error as error:
        raise DBAPIError.instance(
            statement, None, error, psycopg.Error, dialect=connection.dialect
        ) from error


def _quoted(name: str) -> str:
    return '"' + quoted_name(name, quote=True).replace('"', '""') + '"'


def _state_of(error: DBAPIError) -> str | None:
    state = getattr(error.orig, "sqlstate", None)
    return None if state is None else str(state)
