"""Write the registers by (source, id), in bulk, and say what rows may refer to.

Used by the importer of registers; every call runs in the caller's transaction.
Knows nothing of files and of headers.
"""

from collections import Counter
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any, Final

import shapely
from shapely.geometry.base import BaseGeometry
from sqlalchemy import select
from sqlalchemy.orm import Session

from data.dialects import insert_for
from data.models import OfficeHolder, Place, PlaceCode
from data.repositories.fingerprints import content_hash
from data.repositories.registers import model_of
from data.vocabulary import RegisterLayer

_ROWS_AT_A_TIME: Final = 2_000


@dataclass(frozen=True, slots=True)
class RegisterChange:
    """What one record is to be.

    Parameters
    ----------
    cells
        Column → value; the columns of the register without its key and its books.
    shape
        EPSG:4326; None where the row lies nowhere, and for registers without places.
    updated_at
        When the source says that the record changed last.
    """

    key: str
    line: int
    cells: Mapping[str, Any]
    shape: BaseGeometry | None
    updated_at: datetime | None

    @property
    def digest(self) -> str:
        """Fingerprint of what the record says."""
        wkb = b"" if self.shape is None else shapely.to_wkb(self.shape)
        return content_hash({**self.cells, "updated_at": self.updated_at}, wkb)


@dataclass(frozen=True, slots=True)
class RegisterCounts:
    """What a write changed; `older` counts rows left alone because the stored one is newer."""

    inserted: int
    updated: int
    unchanged: int
    older: int


def put_records(
    session: Session,
    layer: RegisterLayer,
    changes: Sequence[RegisterChange],
    *,
    source: str,
    batch_id: int,
) -> RegisterCounts:
    """Insert new records and update changed ones.

    A record whose content is the same stays untouched, and so does one that the store knows with
    a later `updated_at`; both count as unchanged.
    """
    model = model_of(layer)
    stored = {
        row.external_id: (row.content_hash, row.updated_at)
        for row in session.execute(
            select(model.external_id, model.content_hash, model.updated_at).where(
                model.source == source
            )
        )
    }
    inserted = updated = older = 0
    rows: list[dict[str, Any]] = []
    for change in changes:
        digest = change.digest
        known = stored.get(change.key)
        if known is not None and known[0] == digest:
            continue
        if known is not None and _is_older(change.updated_at, known[1]):
            older += 1
            continue
        inserted, updated = inserted + (known is None), updated + (known is not None)
        rows.append(_row(change, digest, source, batch_id))
        if "geom" in model.__table__.c:
            rows[-1]["geom"] = change.shape
    _upsert(session, model, rows)
    return RegisterCounts(inserted, updated, len(changes) - inserted - updated, older)


def known_places(session: Session) -> dict[str, str]:
    """Give what a row may call a place by: any code that a place ever bore, or a name of its own.

    Returns
    -------
    dict
        Word → code as it stands in the file (a code stays itself), or the place's code for a name
        that only one place bears. Codes win over names.
    """
    places = session.execute(select(Place.code, Place.name)).all()
    names = Counter(row.name for row in places)
    known = {row.name: row.code for row in places if row.name and names[row.name] == 1}
    known |= {row.code: row.code for row in places}
    return known | {code: code for code in session.scalars(select(PlaceCode.code))}


def known_holders(session: Session) -> frozenset[str]:
    """Give the service numbers of all office-holders."""
    return frozenset(session.scalars(select(OfficeHolder.external_id)))


def _is_older(fresh: datetime | None, stored: datetime | None) -> bool:
    return fresh is not None and stored is not None and fresh < stored


def _row(change: RegisterChange, digest: str, source: str, batch_id: int) -> dict[str, Any]:
    return {
        **change.cells,
        "source": source,
        "external_id": change.key,
        "updated_at": change.updated_at,
        "line": change.line,
        "content_hash": digest,
        "batch_id": batch_id,
    }


def _upsert(session: Session, model: Any, rows: Sequence[Mapping[str, Any]]) -> None:  # noqa: ANN401 - a row class
    if not rows:
        return
    statement = insert_for(session, model.__table__)
    fresh = {
        name: statement.excluded[name] for name in rows[0] if name not in {"source", "external_id"}
    }
    statement = statement.on_conflict_do_update(
        index_elements=["source", "external_id"], set_=fresh
    )
    for start in range(0, len(rows), _ROWS_AT_A_TIME):
        session.connection().execute(statement, list(rows[start : start + _ROWS_AT_A_TIME]))
