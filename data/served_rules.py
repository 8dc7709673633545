"""Keep in PostgreSQL what the models promise: validity, known batches, a log that only grows.

Used by `data.migrations` after every run, and by `data.repositories.event_writes` around a large
load. The served counterpart of the triggers in `data.geopackage`. Knows nothing of records.
"""

from typing import Any, Final

from sqlalchemy import Connection, ForeignKeyConstraint, Index, Table, func, inspect, select
from sqlalchemy.exc import DBAPIError
from sqlalchemy.schema import CreateIndex, DropIndex

from data.models import Base
from data.models.plans import KEPT_COLUMNS

EVENT_TABLES: Final = ("incident", "hazard", "dispute")
"""Tables whose `batch_id` is checked once for a statement, not once for every row."""
LARGE_LOAD: Final = 50_000
"""Rows from which a load may lay the spatial index aside."""
_OVERLAP: Final = "ex_boundary_overlapping_validity_period"
_NO_PRIVILEGE: Final = "42501"
_LOCK_NOT_AVAILABLE: Final = "55P03"

_FUNCTIONS: Final = (
    """CREATE OR REPLACE FUNCTION gridbeat_append_only() RETURNS trigger LANGUAGE plpgsql AS $$
      BEGIN
        RAISE EXCEPTION 'the audit log is append-only' USING ERRCODE = '23000';
      END $$""",
    """CREATE OR REPLACE FUNCTION gridbeat_keep_rows() RETURNS trigger LANGUAGE plpgsql AS $$
      BEGIN
        RAISE EXCEPTION USING ERRCODE = '23000', MESSAGE = TG_TABLE_NAME || ' is append-only';
      END $$""",
    """CREATE OR REPLACE FUNCTION gridbeat_tell_revision() RETURNS trigger LANGUAGE plpgsql AS $$
      BEGIN
        PERFORM pg_notify('gridbeat', NEW.name || ':' || NEW.number);
        RETURN NULL;
      END $$""",
    """CREATE OR REPLACE FUNCTION gridbeat_batch_is_known() RETURNS trigger LANGUAGE plpgsql
      SET search_path FROM CURRENT AS $$
      DECLARE unknown bigint;
      BEGIN
        PERFORM FROM import_batch b
          WHERE b.id IN (SELECT DISTINCT f.batch_id FROM fresh f) FOR KEY SHARE;
        SELECT told.batch_id INTO unknown
          FROM (SELECT DISTINCT f.batch_id FROM fresh f WHERE f.batch_id IS NOT NULL) told
          WHERE NOT EXISTS (SELECT FROM import_batch b WHERE b.id = told.batch_id) LIMIT 1;
        IF unknown IS NOT NULL THEN
          RAISE foreign_key_violation USING TABLE = TG_TABLE_NAME, COLUMN = 'batch_id',
            MESSAGE = TG_TABLE_NAME || ' refers to import batch ' || unknown || ', which is not';
        END IF;
        RETURN NULL;
      END $$""",
    """CREATE OR REPLACE FUNCTION gridbeat_batch_is_free() RETURNS trigger LANGUAGE plpgsql
      SET search_path FROM CURRENT AS $$
      DECLARE gone bigint[]; event_table text; is_used boolean;
      BEGIN
        IF TG_OP <> 'TRUNCATE' THEN
          SELECT array_agg(o.id) INTO gone FROM former o
            WHERE NOT EXISTS (SELECT FROM import_batch b WHERE b.id = o.id);
          IF gone IS NULL THEN RETURN NULL; END IF;
          IF current_setting('transaction_isolation') = 'repeatable read' THEN
            RAISE EXCEPTION 'import batches are deleted at read committed or serializable'
              USING ERRCODE = 'invalid_transaction_state';
          END IF;
        END IF;
        FOREACH event_table IN ARRAY TG_ARGV::text[] LOOP
          EXECUTE 'SELECT EXISTS (SELECT FROM ' || quote_ident(event_table) || ' WHERE batch_id '
            || '= ANY ($1) OR ($1 IS NULL AND batch_id IS NOT NULL))' INTO is_used USING gone;
          IF is_used THEN
            RAISE foreign_key_violation USING TABLE = TG_TABLE_NAME,
              MESSAGE = event_table || ' still refers to the import batch';
          END IF;
        END LOOP;
        RETURN NULL;
      END $$""",
)
_TRIGGERS: Final = (
    """audit_entry_no_update BEFORE UPDATE ON audit_entry
      FOR EACH ROW EXECUTE FUNCTION gridbeat_append_only()""",
    """audit_entry_no_delete BEFORE DELETE ON audit_entry
      FOR EACH ROW EXECUTE FUNCTION gridbeat_append_only()""",
    """audit_entry_no_truncate BEFORE TRUNCATE ON audit_entry
      FOR EACH STATEMENT EXECUTE FUNCTION gridbeat_append_only()""",
    """revision_tell AFTER INSERT OR UPDATE ON revision
      FOR EACH ROW EXECUTE FUNCTION gridbeat_tell_revision()""",
    *(
        f"""{table}_batch_on_{what.lower()} AFTER {what} ON {table} REFERENCING NEW TABLE AS fresh
      FOR EACH STATEMENT EXECUTE FUNCTION gridbeat_batch_is_known()"""
        for table in EVENT_TABLES
        for what in ("INSERT", "UPDATE")
    ),
    *(
        f"""import_batch_on_{what.lower()} {when} {what} ON import_batch {seen}
      FOR EACH STATEMENT EXECUTE FUNCTION gridbeat_batch_is_free({", ".join(EVENT_TABLES)})"""
        for what, when, seen in (
            ("DELETE", "AFTER", "REFERENCING OLD TABLE AS former"),
            ("UPDATE", "AFTER", "REFERENCING OLD TABLE AS former"),
            ("TRUNCATE", "BEFORE", ""),
        )
    ),
)
_KEPT: Final = tuple(
    (
        table,
        f"""{table}_no_{what.split()[0].lower()} BEFORE {what} ON {table}
      FOR EACH STATEMENT EXECUTE FUNCTION gridbeat_keep_rows()""",
    )
    for table, kept in KEPT_COLUMNS.items()
    for what in ("DELETE", "TRUNCATE", f"UPDATE OF {', '.join(kept)}" if kept else "UPDATE")
)


def sync(connection: Connection) -> None:
    """Bring constraint, triggers and spatial indexes up to the models; safe to repeat.

    `batch_id` of events is checked by a trigger for each statement instead of a foreign key, which
    looks every row up: a third of what the server spent on an import.
    """
    run = connection.exec_driver_sql
    known = f"SELECT 1 FROM pg_constraint WHERE conname = '{_OVERLAP}'"  # noqa: S608 - our own name
    if run(known).first() is None:
        # an empty end of a daterange is open: never ended, or since ever
        run(
            f"ALTER TABLE boundary ADD CONSTRAINT {_OVERLAP} EXCLUDE USING gist "
            "(place_id WITH =, daterange(valid_from, valid_to) WITH &&)"
        )
    for statement in _FUNCTIONS:
        run(statement)
    present = set(inspect(connection).get_table_names())  # a store may stop on its way up
    kept = [statement for table, statement in _KEPT if table in present]
    for statement in (*_TRIGGERS, *kept):
        run(f"CREATE OR REPLACE TRIGGER {statement}")
    for name in EVENT_TABLES:
        put_index_back(connection, Base.metadata.tables[name])


def is_kept_by_trigger(constraint: Any) -> bool:  # noqa: ANN401 - any object of a schema
    """Whether a foreign key of the models is a trigger in PostgreSQL."""
    return (
        isinstance(constraint, ForeignKeyConstraint)
        and constraint.table.name in EVENT_TABLES
        and constraint.column_keys == ["batch_id"]
    )


def lay_index_aside(connection: Connection, table: Table, rows: int) -> bool:
    """Drop the spatial index of a table that is about to at least double; true when it is gone.

    Building it anew afterwards (`put_index_back`) costs a third of keeping it up row by row. Where
    somebody reads for longer than a second, or this role does not own the table, it stays.
    A transaction of its own, please: the lock shuts readers out until it ends.

    Parameters
    ----------
    rows
        Rows that are to be written.
    """
    if rows < LARGE_LOAD:
        return False
    some = select(table.c.id).limit(rows + 1).subquery()
    if int(connection.scalar(select(func.count()).select_from(some)) or 0) > rows:
        return False
    try:
        with connection.begin_nested():
            connection.exec_driver_sql("SET LOCAL lock_timeout = '1s'")
            for index in _spatial_indexes(table):
                connection.execute(DropIndex(index, if_exists=True))
    except DBAPIError as error:
        if getattr(error.orig, "sqlstate", None) in {_NO_PRIVILEGE, _LOCK_NOT_AVAILABLE}:
            return False
        raise
    return True


def put_index_back(connection: Connection, table: Table) -> None:
    """Build the spatial index of a table where it is missing, be it since a load was killed.

    Readers go on meanwhile. Left for the next import, or the table's owner, when the role may not.
    """
    for index in _spatial_indexes(table):
        if connection.scalar(select(func.to_regclass(index.name).is_not(None))):
            continue
        try:
            with connection.begin_nested():
                connection.execute(CreateIndex(index))
        except DBAPIError as error:
            if getattr(error.orig, "sqlstate", None) != _NO_PRIVILEGE:
                raise


def _spatial_indexes(table: Table) -> list[Index]:
    return [each for each in table.indexes if each.dialect_kwargs.get("postgresql_using") == "gist"]
