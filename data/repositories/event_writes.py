"""Write incidents, hazards and disputes in blocks of columns: insert, update, leave unchanged.

Used by `data.importers.events`. Rows go to the driver as ready tuples: the unit of work is thirty
times slower. Triggers of the live store stay where they are.
"""

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from itertools import compress
from typing import Any, Final

from sqlalchemy import Table, exists, or_, select
from sqlalchemy.orm import Session

from data.geometry import utc_text
from data.repositories.events import MODELS
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
    """

    layer: EventLayer
    source: str
    columns: Mapping[str, Sequence[Any]]


@dataclass(frozen=True, slots=True)
class WriteCounts:
    """What a block changed."""

    inserted: int
    updated: int
    unchanged: int


def table_of(layer: EventLayer) -> Table:
    """Give the table of a layer."""
    table = MODELS[layer].__table__
    if not isinstance(table, Table):
        raise TypeError(layer)
    return table


def has_older_rows(session: Session, layer: EventLayer, source: str, batch_id: int) -> bool:
    """Whether rows of the source stand there that this batch did not write."""
    table = table_of(layer)
    other = or_(table.c.batch_id.is_(None), table.c.batch_id != batch_id)
    return bool(session.scalar(select(exists().where(table.c.source == source, other))))


def write_events(session: Session, block: EventBlock, *, may_exist: bool) -> WriteCounts:
    """Insert new rows and update changed ones; rows whose content is the same stay untouched.

    Parameters
    ----------
    may_exist
        False when no row of this source can be there yet, which saves the look-up.
    """
    ids = block.columns["external_id"]
    known = _hashes(session, block, ids) if may_exist else {}
    if not known:
        _insert(session, block, None)
        return WriteCounts(len(ids), 0, 0)
    hashes = block.columns["content_hash"]
    is_new = [external_id not in known for external_id in ids]
    is_changed = [
        external_id in known and known[external_id] != fresh
        for external_id, fresh in zip(ids, hashes, strict=True)
    ]
    inserted, updated = sum(is_new), sum(is_changed)
    if inserted:
        _insert(session, block, is_new)
    if updated:
        _update(session, block, is_changed)
    return WriteCounts(inserted, updated, len(ids) - inserted - updated)


def _hashes(session: Session, block: EventBlock, ids: Sequence[str]) -> dict[str, str]:
    table = table_of(block.layer)
    known: dict[str, str] = {}
    for start in range(0, len(ids), _IDS_AT_A_TIME):
        rows = session.execute(
            select(table.c.external_id, table.c.content_hash).where(
                table.c.source == block.source,
                table.c.external_id.in_(ids[start : start + _IDS_AT_A_TIME]),
            )
        )
        known.update((row.external_id, row.content_hash) for row in rows)
    return known


def _rows(
    block: EventBlock, names: Iterable[str], chosen: Sequence[bool] | None
) -> list[tuple[Any, ...]]:
    rows = zip(*(block.columns[name] for name in names), strict=True)
    return list(rows if chosen is None else compress(rows, chosen))


def _is_bare(values: Sequence[Any]) -> bool:
    """Whether a column holds nothing at all: left out, it saves a third of the insert's time."""
    return isinstance(values, list) and values.count(None) == len(values)


def _insert(session: Session, block: EventBlock, chosen: Sequence[bool] | None) -> None:
    names = [name for name, values in block.columns.items() if not _is_bare(values)]
    rows = _rows(block, names, chosen)
    if rows:
        listed = ", ".join(f'"{name}"' for name in names)
        marks = ", ".join("?" for _ in names)
        table = table_of(block.layer).name
        statement = f'INSERT INTO "{table}" ({listed}) VALUES ({marks})'  # noqa: S608 - the models' own names
        session.connection().exec_driver_sql(statement, rows)


def _update(session: Session, block: EventBlock, chosen: Sequence[bool]) -> None:
    keys = ("source", "external_id")
    names = [name for name in block.columns if name not in keys]
    rows = _rows(block, (*names, *keys), chosen)
    listed = ", ".join(f'"{name}" = ?' for name in names)
    table = table_of(block.layer).name
    statement = f'UPDATE "{table}" SET {listed} WHERE source = ? AND external_id = ?'  # noqa: S608 - the models' own names
    session.connection().exec_driver_sql(statement, rows)


def widen_extent(
    session: Session, layer: EventLayer, box: tuple[float, float, float, float], at: datetime
) -> None:
    """Note in the GeoPackage's contents that the layer reaches this box (lon/lat, west first)."""
    if session.get_bind().dialect.name != "sqlite":
        return
    west, south, east, north = box
    session.connection().exec_driver_sql(
        "UPDATE gpkg_contents SET min_x = min(coalesce(min_x, ?), ?), "
        "min_y = min(coalesce(min_y, ?), ?), max_x = max(coalesce(max_x, ?), ?), "
        "max_y = max(coalesce(max_y, ?), ?), last_change = ? WHERE table_name = ?",
        (west, west, south, south, east, east, north, north, utc_text(at), table_of(layer).name),
    )
