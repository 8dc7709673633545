"""Make one SQLite file a valid OGC GeoPackage, and keep its triggers complete.

Used by `data.database` after each migration. Source: OGC 12-128r19 (GeoPackage 1.4), clauses 1.1,
2.1 and extension F.3 (R-tree). The 1.4 trigger set (`update2`, `4`, `5`, `6`, `7`) is upsert-safe;
readers of 1.3 only note the absence of `update1` and `update3`.
"""

import sqlite3
from collections.abc import Callable
from typing import Any

import shapely
from sqlalchemy import Connection, Table, inspect

from data.geometry import Geom, wkb_of_blob
from data.models import Base
from data.models.plans import KEPT_COLUMNS

APPLICATION_ID = 0x47504B47
USER_VERSION = 10400
UNINDEXED = frozenset({"incident", "plan_grid"})
"""Feature tables without an R-tree: they are read column-wise, or a whole base at a time."""

_WGS84_WKT = (
    'GEOGCS["WGS 84",DATUM["WGS_1984",SPHEROID["WGS 84",6378137,298.257223563,'
    'AUTHORITY["EPSG","7030"]],AUTHORITY["EPSG","6326"]],PRIMEM["Greenwich",0,'
    'AUTHORITY["EPSG","8901"]],UNIT["degree",0.0174532925199433,AUTHORITY["EPSG","9122"]],'
    'AXIS["Latitude",NORTH],AXIS["Longitude",EAST],AUTHORITY["EPSG","4326"]]'
)
_TABLES = (
    """CREATE TABLE IF NOT EXISTS gpkg_spatial_ref_sys (
      srs_name TEXT NOT NULL, srs_id INTEGER PRIMARY KEY, organization TEXT NOT NULL,
      organization_coordsys_id INTEGER NOT NULL, definition TEXT NOT NULL, description TEXT)""",
    """CREATE TABLE IF NOT EXISTS gpkg_contents (
      table_name TEXT NOT NULL PRIMARY KEY, data_type TEXT NOT NULL, identifier TEXT UNIQUE,
      description TEXT DEFAULT '', last_change DATETIME NOT NULL
        DEFAULT (strftime('%Y-%m-%dT%H:%M:%fZ','now')),
      min_x DOUBLE, min_y DOUBLE, max_x DOUBLE, max_y DOUBLE, srs_id INTEGER,
      CONSTRAINT fk_gc_r_srs_id FOREIGN KEY (srs_id) REFERENCES gpkg_spatial_ref_sys(srs_id))""",
    """CREATE TABLE IF NOT EXISTS gpkg_geometry_columns (
      table_name TEXT NOT NULL, column_name TEXT NOT NULL, geometry_type_name TEXT NOT NULL,
      srs_id INTEGER NOT NULL, z TINYINT NOT NULL, m TINYINT NOT NULL,
      CONSTRAINT pk_geom_cols PRIMARY KEY (table_name, column_name),
      CONSTRAINT uk_gc_table_name UNIQUE (table_name),
      CONSTRAINT fk_gc_tn FOREIGN KEY (table_name) REFERENCES gpkg_contents(table_name),
      CONSTRAINT fk_gc_srs FOREIGN KEY (srs_id) REFERENCES gpkg_spatial_ref_sys (srs_id))""",
    """CREATE TABLE IF NOT EXISTS gpkg_extensions (
      table_name TEXT, column_name TEXT, extension_name TEXT NOT NULL, definition TEXT NOT NULL,
      scope TEXT NOT NULL,
      CONSTRAINT ge_tce UNIQUE (table_name, column_name, extension_name))""",
)
_SRS = (
    ("Undefined Cartesian SRS", -1, "NONE", -1, "undefined"),
    ("Undefined geographic SRS", 0, "NONE", 0, "undefined"),
    ("WGS 84 geodetic", 4326, "EPSG", 4326, _WGS84_WKT),
)
_RTREE_SPEC = "http://www.geopackage.org/spec120/#extension_rtree"


def register_functions(connection: sqlite3.Connection) -> None:
    """Give a raw connection the ST_ functions that the R-tree triggers call."""

    def side(index: int) -> Callable[[bytes | None], float | None]:
        def read(blob: bytes | None) -> float | None:
            if blob is None:
                return None
            geometry = shapely.from_wkb(wkb_of_blob(blob))
            return None if geometry.is_empty else float(geometry.bounds[index])

        return read

    def is_empty(blob: bytes | None) -> int | None:
        return None if blob is None else int(blob[3] >> 4 & 1)

    for name, index in (("ST_MinX", 0), ("ST_MinY", 1), ("ST_MaxX", 2), ("ST_MaxY", 3)):
        connection.create_function(name, 1, side(index), deterministic=True)
    connection.create_function("ST_IsEmpty", 1, is_empty, deterministic=True)


def geometry_column(table: Table) -> tuple[str, str] | None:
    """Name and OGC kind of the table's geometry column; none for a plain table."""
    for column in table.columns:
        if isinstance(column.type, Geom):
            return column.name, column.type.kind
    return None


def sync(connection: Connection) -> None:
    """Bring the GeoPackage tables, R-trees and every trigger up to the models; safe to repeat."""
    run = connection.exec_driver_sql
    run(f"PRAGMA application_id={APPLICATION_ID}")
    run(f"PRAGMA user_version={USER_VERSION}")
    for statement in _TABLES:
        run(statement)
    for row in _SRS:
        run(
            "INSERT OR IGNORE INTO gpkg_spatial_ref_sys (srs_name, srs_id, organization, "
            "organization_coordsys_id, definition) VALUES (?,?,?,?,?)",
            row,
        )
    present = set(inspect(connection).get_table_names())
    tables = [table for table in Base.metadata.sorted_tables if table.name in present]
    for table in tables:
        _register(run, table)
    if tables:
        _sync_app_triggers(run)
        _sync_kept_rows(run, present)


def _register(run: Callable[..., Any], table: Table) -> None:
    found = geometry_column(table)
    run(
        "INSERT OR IGNORE INTO gpkg_contents (table_name, data_type, identifier, srs_id) "
        "VALUES (?,?,?,?)",
        (table.name, "features" if found else "attributes", table.name, 4326 if found else None),
    )
    if found is None:
        return
    column, kind = found
    run(
        "INSERT OR IGNORE INTO gpkg_geometry_columns VALUES (?,?,?,?,0,0)",
        (table.name, column, kind, 4326),
    )
    if table.name not in UNINDEXED:
        run(
            "INSERT OR IGNORE INTO gpkg_extensions VALUES (?,?,'gpkg_rtree_index',?,'write-only')",
            (table.name, column, _RTREE_SPEC),
        )
        _sync_rtree(run, table.name, column)


def _sync_rtree(run: Callable[..., Any], table: str, column: str) -> None:
    # Every name below comes from the models, never from a user: hence the S608 exemptions.
    index = f"rtree_{table}_{column}"
    box = ",".join(f'ST_{side}(NEW."{column}")' for side in ("MinX", "MaxX", "MinY", "MaxY"))
    full = f'NEW."{column}" NOT NULL AND NOT ST_IsEmpty(NEW."{column}")'
    bare = f'(NEW."{column}" IS NULL OR ST_IsEmpty(NEW."{column}"))'
    was = f'(OLD."{column}" NOT NULL AND NOT ST_IsEmpty(OLD."{column}"))'
    was_bare = f'(OLD."{column}" IS NULL OR ST_IsEmpty(OLD."{column}"))'
    put = f'INSERT OR REPLACE INTO "{index}" VALUES (NEW.id,{box});'
    drop = f'DELETE FROM "{index}" WHERE id=OLD.id;'
    run(f'CREATE VIRTUAL TABLE IF NOT EXISTS "{index}" USING rtree(id, minx, maxx, miny, maxy)')
    same, other = "OLD.id = NEW.id", "OLD.id != NEW.id"
    of = f'UPDATE OF "{column}" ON'
    bodies = {
        "insert": f'AFTER INSERT ON "{table}" WHEN ({full}) BEGIN {put} END',
        "update6": f'AFTER {of} "{table}" WHEN {same} AND ({full}) AND {was} '
        f'BEGIN UPDATE "{index}" SET minx=ST_MinX(NEW."{column}"), maxx=ST_MaxX(NEW."{column}"), '
        f'miny=ST_MinY(NEW."{column}"), maxy=ST_MaxY(NEW."{column}") WHERE id=NEW.id; END',
        "update7": f'AFTER {of} "{table}" WHEN {same} AND ({full}) AND {was_bare} BEGIN {put} END',
        "update2": f'AFTER {of} "{table}" WHEN {same} AND {bare} BEGIN {drop} END',
        "update5": f'AFTER UPDATE ON "{table}" WHEN {other} AND ({full}) BEGIN {drop} {put} END',
        "update4": f'AFTER UPDATE ON "{table}" WHEN {other} AND {bare} '
        f'BEGIN DELETE FROM "{index}" WHERE id IN (OLD.id, NEW.id); END',
        "delete": f'AFTER DELETE ON "{table}" WHEN OLD."{column}" NOT NULL BEGIN {drop} END',
    }
    for name, body in bodies.items():
        run(f'CREATE TRIGGER IF NOT EXISTS "{index}_{name}" {body}')


def _sync_app_triggers(run: Callable[..., Any]) -> None:
    clash = (
        "SELECT RAISE(ABORT, 'overlapping validity period') WHERE EXISTS (SELECT 1 FROM boundary b "
        "WHERE b.place_id = NEW.place_id AND b.id != NEW.id "
        "AND coalesce(b.valid_from, '0000') < coalesce(NEW.valid_to, '9999') "
        "AND coalesce(NEW.valid_from, '0000') < coalesce(b.valid_to, '9999'));"
    )
    # AFTER, so that the new row's id is known; the abort undoes the statement all the same.
    for event in ("INSERT ON", "UPDATE OF place_id, valid_from, valid_to ON"):
        name = "boundary_overlap_" + event.split()[0].lower()
        run(f"CREATE TRIGGER IF NOT EXISTS {name} AFTER {event} boundary BEGIN {clash} END")
    for event in ("UPDATE", "DELETE"):
        run(
            f"CREATE TRIGGER IF NOT EXISTS audit_entry_no_{event.lower()} BEFORE {event} "
            "ON audit_entry BEGIN SELECT RAISE(ABORT, 'the audit log is append-only'); END"
        )


def _sync_kept_rows(run: Callable[..., Any], present: set[str]) -> None:
    for table, kept in KEPT_COLUMNS.items():
        if table not in present:  # a store that stops on its way up
            continue
        for event in ("DELETE", f"UPDATE OF {', '.join(kept)}" if kept else "UPDATE"):
            run(
                f"CREATE TRIGGER IF NOT EXISTS {table}_no_{event.split()[0].lower()} "
                f"BEFORE {event} ON {table} "
                f"BEGIN SELECT RAISE(ABORT, '{table} is append-only'); END"
            )
