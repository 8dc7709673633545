"""Write incidents, hazards and disputes in blocks of columns: insert, update, leave unchanged.

Used by `data.importers.events`. Rows go to the driver as ready tuples, to PostgreSQL through COPY:
the unit of work is thirty times slower. Triggers of the live store stay where they are.
"""

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, replace
from datetime import UTC, datetime
from itertools import compress
from typing import Any, Final, NamedTuple

import pyarrow as pa
from sqlalchemy import (
    ARRAY,
    Boolean,
    Integer,
    Table,
    Text,
    any_,
    bindparam,
    exists,
    or_,
    select,
    text,
)
from sqlalchemy.orm import Session

from data.dialects import SERVED, dialect_of
from data.geometry import Geom, point_hex, utc_text
from data.postgis import copy_binary, update_rows
from data.repositories.event_copy import copied_rows
from data.repositories.event_steps import (
    MOMENTS,
    StateChange,
    newest_moment,
    put_import_steps,
    screen_changes,
    start_stopped_clocks,
)
from data.repositories.events import MODELS
from data.served_rules import lay_index_aside, put_index_back
from data.vocabulary import EventLayer

_IDS_AT_A_TIME: Final = 900


@dataclass(frozen=True, slots=True)
class EventBlock:
    """Rows of one layer and source, by column; every column has one value for each row.

    Parameters
    ----------
    columns
        Column of the table → values as the driver stores them (`external_id` and `content_hash`
        among them; times as stored text, geometry as blobs).
    untold
        Columns that the file does not tell: an update leaves them as they are.
    copied
        All rows as PostgreSQL takes them, where `ready_to_copy` has made them.
    """

    layer: EventLayer
    source: str
    columns: Mapping[str, Sequence[Any]]
    untold: frozenset[str] = frozenset()
    copied: pa.Array | None = None


@dataclass(frozen=True, slots=True)
class WriteCounts:
    """What a block changed."""

    inserted: int
    updated: int
    unchanged: int
    stale: int = 0
    """Rows left out because the stored record was updated later."""
    undated: int = 0
    """Stale rows that tell of no moment at all, of records that somebody changed on a screen."""


def table_of(layer: EventLayer) -> Table:
    """Give the table of a layer."""
    table = MODELS[layer].__table__
    if not isinstance(table, Table):
        raise TypeError(layer)
    return table


def begin_load(session: Session, layer: EventLayer, rows: int) -> None:
    """Get the served store ready for so many rows; a transaction of its own, as short as may be.

    A large load lays the spatial index aside: readers then look at every row until `end_load`.
    """
    if dialect_of(session) == SERVED:
        lay_index_aside(session.connection(), table_of(layer), rows)


def end_load(session: Session, layer: EventLayer) -> None:
    """Bring back what `begin_load` laid aside, of this load or of one that was killed."""
    if dialect_of(session) == SERVED:
        put_index_back(session.connection(), table_of(layer))


def has_older_rows(session: Session, layer: EventLayer, source: str, batch_id: int) -> bool:
    """Whether rows of the source stand there that this batch did not write."""
    table = table_of(layer)
    other = or_(table.c.batch_id.is_(None), table.c.batch_id != batch_id)
    return bool(session.scalar(select(exists().where(table.c.source == source, other))))


def ready_to_copy(block: EventBlock) -> EventBlock:
    """Do what needs no session of the served store, so that it can be done while others write."""
    block = _without_nul(block)
    return replace(block, copied=copied_rows(table_of(block.layer), block.columns, _filled(block)))


def write_events(session: Session, block: EventBlock, *, may_exist: bool) -> WriteCounts:
    """Insert new rows and update changed ones; rows whose content is the same stay untouched.

    A row whose `updated_at` is older than the stored one's is stale and changes nothing; where
    either has none, or both are equal, the row that comes later is taken. A record that somebody
    changed on a screen is kept from every row that does not tell of a later moment. An update
    raises `version`, and writes a step where it changes the state.

    Parameters
    ----------
    may_exist
        False when no row of this source can be there yet, which saves the look-up.
    """
    block = block if block.copied is not None else _without_nul(block)
    ids = block.columns["external_id"]
    known = _hashes(session, block, ids) if may_exist else {}
    if not known:
        _insert(session, block, None)
        return WriteCounts(len(ids), 0, 0)
    hashes = block.columns["content_hash"]
    is_new = [external_id not in known for external_id in ids]
    is_changed = [
        external_id in known and known[external_id][0] != fresh
        for external_id, fresh in zip(ids, hashes, strict=True)
    ]
    stale, undated = _leave_stale(session, block, known, is_changed)
    inserted, updated = sum(is_new), sum(is_changed)
    if inserted:
        _insert(session, block, is_new)
    if updated:
        _update(session, block, is_changed)
        _note_states(session, block, known, is_changed)
    return WriteCounts(inserted, updated, len(ids) - inserted - updated - stale, stale, undated)


class _Stored(NamedTuple):
    """What decides about a row that is there already."""

    content_hash: str
    updated_at: datetime | None
    status: str | None


_Known = dict[str, _Stored]


def _hashes(session: Session, block: EventBlock, ids: Sequence[str]) -> _Known:
    table = table_of(block.layer)
    query = select(
        table.c.external_id, table.c.content_hash, table.c.updated_at, table.c.status
    ).where(table.c.source == block.source)
    known: _Known = {}
    if dialect_of(session) == SERVED:
        listed = bindparam("ids", list(ids), ARRAY(Text))
        rows = session.execute(query.where(table.c.external_id == any_(listed)))
        return {row[0]: _Stored(*row[1:]) for row in rows}
    for start in range(0, len(ids), _IDS_AT_A_TIME):
        chosen = ids[start : start + _IDS_AT_A_TIME]
        rows = session.execute(query.where(table.c.external_id.in_(chosen)))
        known.update((row[0], _Stored(*row[1:])) for row in rows)
    return known


def _leave_stale(
    session: Session, block: EventBlock, known: _Known, is_changed: list[bool]
) -> tuple[int, int]:
    """Take the stale rows out of those to change; give how many, and how many tell no moment."""
    ids, columns = block.columns["external_id"], block.columns
    chosen = list(compress(range(len(ids)), is_changed))
    touched = screen_changes(session, block.layer, block.source, [ids[row] for row in chosen])
    nothing: Sequence[Any] = [None] * len(ids)
    updated = columns.get("updated_at", nothing)
    stale = undated = 0
    for row in chosen:
        told = datetime.fromisoformat(updated[row]) if updated[row] else None
        stored_at, screen_at = known[ids[row]].updated_at, touched.get(ids[row])
        is_stale = told is not None and stored_at is not None and told < stored_at
        if screen_at is not None and not is_stale:
            moments = {name: columns.get(name, nothing)[row] for name in MOMENTS}
            newest = newest_moment(moments)
            is_stale = newest is None or newest < screen_at
            undated += newest is None
        if is_stale:
            is_changed[row] = False
            stale += 1
    return stale, undated


def _note_states(
    session: Session, block: EventBlock, known: _Known, is_changed: Sequence[bool]
) -> None:
    """Write a step for every record whose state the rows have changed."""
    states = block.columns.get("status")
    if states is None or "status" in block.untold:
        return
    ids, levels = block.columns["external_id"], block.columns.get("level")
    changes = [
        StateChange(ids[row], before, states[row], levels[row] if levels else None)
        for row in compress(range(len(ids)), is_changed)
        if states[row] != (before := known[ids[row]].status)
    ]
    put_import_steps(session, block.layer, block.source, changes, at=datetime.now(UTC))
    if changes and block.layer is not EventLayer.INCIDENTS:
        start_stopped_clocks(session, table_of(block.layer), block.source)


def _rows(
    block: EventBlock, names: Iterable[str], chosen: Sequence[bool] | None
) -> list[tuple[Any, ...]]:
    rows = zip(*(block.columns[name] for name in names), strict=True)
    return list(rows if chosen is None else compress(rows, chosen))


def _is_bare(values: Sequence[Any]) -> bool:
    """Whether a column holds nothing at all: left out, it saves a third of the insert's time."""
    return isinstance(values, list) and values.count(None) == len(values)


def _filled(block: EventBlock) -> list[str]:
    return [name for name, values in block.columns.items() if not _is_bare(values)]


def _insert(session: Session, block: EventBlock, chosen: Sequence[bool] | None) -> None:
    names, table = _filled(block), table_of(block.layer).name
    if dialect_of(session) == SERVED:
        rows = block.copied
        if rows is None:
            rows = copied_rows(table_of(block.layer), block.columns, names)
        copy_binary(
            session, table, names, rows if chosen is None else rows.filter(pa.array(chosen))
        )
        return
    ready = _rows(block, names, chosen)
    if ready:
        listed = ", ".join(f'"{name}"' for name in names)
        marks = ", ".join("?" for _ in names)
        statement = f'INSERT INTO "{table}" ({listed}) VALUES ({marks})'  # noqa: S608 - the models' own names
        session.connection().exec_driver_sql(statement, ready)


def _update(session: Session, block: EventBlock, chosen: Sequence[bool]) -> None:
    keys = ("source", "external_id")
    names = [name for name in block.columns if name not in {*keys, *block.untold}]
    table = table_of(block.layer)
    if dialect_of(session) == SERVED:
        listed_names = (*names, *keys)
        rows = _rows(_for_postgis(block), listed_names, chosen)
        update_rows(session, table, listed_names, rows)
        return
    rows = _rows(block, (*names, *keys), chosen)
    listed = ", ".join([*(f'"{name}" = ?' for name in names), '"version" = "version" + 1'])
    statement = f'UPDATE "{table.name}" SET {listed} WHERE source = ? AND external_id = ?'  # noqa: S608 - the models' own names
    session.connection().exec_driver_sql(statement, rows)


def _without_nul(block: EventBlock) -> EventBlock:
    """Leave NUL characters out of texts: PostgreSQL keeps none, and both stores hold the same."""
    cleaned = {
        name: [v.replace("\x00", "") if isinstance(v, str) else v for v in values]
        for name, values in block.columns.items()
        if _has_nul(values)
    }
    return replace(block, columns={**block.columns, **cleaned}) if cleaned else block


def _has_nul(values: Sequence[Any]) -> bool:
    try:
        return "\x00" in "".join(filter(None, values))
    except TypeError:  # numbers or blobs
        return False


def _for_postgis(block: EventBlock) -> EventBlock:
    """Give the block as COPY takes it: points as EWKB, and numbers of the column's own type.

    A column of files that has gaps arrives as 1.0 and 0.0, which SQLite takes for whole numbers
    and for truths, and PostgreSQL for neither.
    """
    table = table_of(block.layer)
    columns = dict(block.columns)
    for name, values in block.columns.items():
        kind = table.c[name].type
        if isinstance(kind, Geom):
            columns[name] = [point_hex(blob) for blob in values]
        elif isinstance(kind, Boolean | Integer) and not _is_bare(values):
            make = bool if isinstance(kind, Boolean) else int
            columns[name] = [None if value is None else make(value) for value in values]
    return replace(block, columns=columns)


def widen_extent(
    session: Session, layer: EventLayer, box: tuple[float, float, float, float], at: datetime
) -> None:
    """Note in the GeoPackage's contents that the layer reaches this box (lon/lat, west first)."""
    if dialect_of(session) == SERVED:
        return
    west, south, east, north = box
    session.execute(
        text(
            "UPDATE gpkg_contents SET min_x = min(coalesce(min_x, :west), :west), "
            "min_y = min(coalesce(min_y, :south), :south), "
            "max_x = max(coalesce(max_x, :east), :east), "
            "max_y = max(coalesce(max_y, :north), :north), last_change = :at "
            "WHERE table_name = :name"
        ),
        {
            "west": west, "south": south, "east": east, "north": north,
            "at": utc_text(at), "name": table_of(layer).name,
        },
    )  # fmt: skip
