"""Read the whole force and the compounds as the KPI engine counts them.

Used by the KPI engine. Knows nothing of measures; who serves where stands in
`data.repositories.people`.
"""

from dataclasses import dataclass

from shapely.geometry.base import BaseGeometry
from sqlalchemy import select
from sqlalchemy.orm import Session, aliased

from data.models import Compound, OfficeHolder, Place
from data.viewer import Viewer


@dataclass(frozen=True, slots=True)
class HolderRecord:
    """An office-holder by service number, with the station it belongs to; no name, no title."""

    external_id: str
    kind: str
    station_code: str | None


@dataclass(frozen=True, slots=True)
class CompoundState:
    """What is known of a compound beside its size; `safe_stars` none: not rated."""

    is_old: bool | None
    is_unmanaged: bool | None
    safe_stars: int | None
    geometry: BaseGeometry | None


def force(session: Session, viewer: Viewer) -> tuple[HolderRecord, ...]:
    """List every office-holder; with areas, those whose station is one of them."""
    station = aliased(Place)
    query = select(OfficeHolder.external_id, OfficeHolder.kind, station.code).outerjoin(
        station, station.id == OfficeHolder.station_id
    )
    found = [HolderRecord(*row) for row in session.execute(query.order_by(OfficeHolder.id))]
    return tuple(
        holder for holder in found if viewer.sees_everything or holder.station_code in viewer.areas
    )


def compound_states(session: Session, viewer: Viewer) -> tuple[CompoundState, ...]:
    """List the compounds; areas do not limit them: they are the plain map and hold nobody."""
    del viewer  # taken, as every read takes one: part of the contract of reads
    query = select(Compound.is_old, Compound.is_unmanaged, Compound.safe_stars, Compound.geom)
    return tuple(CompoundState(*row) for row in session.execute(query.order_by(Compound.id)))
