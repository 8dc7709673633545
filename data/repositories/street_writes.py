"""Write street lines and compounds by (source, id).

Used by their importer; every call runs in the caller's write transaction.
Knows nothing of files.
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

import shapely
from shapely.geometry.base import BaseGeometry
from sqlalchemy import select
from sqlalchemy.orm import Session

from data.models import Compound, Street
from data.repositories.fingerprints import content_hash


@dataclass(frozen=True, slots=True)
class PlainChange:
    """What a street or a compound is to be: values by column, shape in EPSG:4326."""

    key: str
    values: Mapping[str, Any]
    shape: BaseGeometry


def put_streets(
    session: Session,
    changes: Sequence[PlainChange],
    lengths_m: Sequence[float],
    *,
    source: str,
    batch_id: int,
) -> dict[str, int]:
    """Insert or update street lines; count ``inserted``, ``updated``, ``unchanged``."""
    stored = {
        s.external_id: s for s in session.scalars(select(Street).where(Street.source == source))
    }
    counts = {"inserted": 0, "updated": 0, "unchanged": 0}
    for change, length_m in zip(changes, lengths_m, strict=True):
        street = stored.get(change.key)
        digest = content_hash(change.values, shapely.to_wkb(change.shape))
        counts[_outcome(street, digest)] += 1
        if street is not None and street.content_hash == digest:
            continue
        if street is None:
            street = Street(source=source, external_id=change.key)
            session.add(street)
        _fill(street, change, digest, batch_id)
        street.length_m = length_m
    session.flush()
    return counts


def put_compounds(
    session: Session, changes: Sequence[PlainChange], *, source: str, batch_id: int
) -> dict[str, int]:
    """Insert or update compounds; count ``inserted``, ``updated``, ``unchanged``."""
    stored = {
        c.external_id: c for c in session.scalars(select(Compound).where(Compound.source == source))
    }
    counts = {"inserted": 0, "updated": 0, "unchanged": 0}
    for change in changes:
        compound = stored.get(change.key)
        digest = content_hash(change.values, shapely.to_wkb(change.shape))
        counts[_outcome(compound, digest)] += 1
        if compound is not None and compound.content_hash == digest:
            continue
        if compound is None:
            compound = Compound(source=source, external_id=change.key)
            session.add(compound)
        _fill(compound, change, digest, batch_id)
    session.flush()
    return counts


def _outcome(record: Street | Compound | None, digest: str) -> str:
    if record is None:
        return "inserted"
    return "unchanged" if record.content_hash == digest else "updated"


def _fill(record: Street | Compound, change: PlainChange, digest: str, batch_id: int) -> None:
    for name, value in change.values.items():
        setattr(record, name, value)
    record.geom, record.content_hash, record.batch_id = change.shape, digest, batch_id
