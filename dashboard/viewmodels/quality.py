"""Gather what is doubtful in the store: quarantine, outside, on border, unlocated, times, books.

Used by `dashboard.cache` and the data-quality screen.
Knows nothing of languages: reasons, flags and faults are codes.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Any, Final

import numpy as np

from data.counting import OUTSIDE, EventFilter, count_by
from data.importers.places import check_store
from data.repositories.audit import AuditRecord, is_intact, latest
from data.repositories.events import EventRecord, event_records
from data.repositories.imports import list_batches, list_rejected
from data.repositories.mends import DISMISSED, MENDED, OPEN
from data.vocabulary import EventLayer

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence
    from datetime import date

    import geopandas as gpd
    from sqlalchemy.orm import Session

    from dashboard.viewmodels.town import Town
    from data.counting import Placed
    from data.viewer import Viewer

MOST_RECORDS: Final = 200
AUDIT_LINES: Final = 50
REPEATED_IDS: Final = "duplicate_id"


@dataclass(frozen=True)
class LayerQuality:
    """One layer; `in_units + outside + unlocated = total`.

    Attributes
    ----------
    unsound_times
        Records whose times are kept out of durations.
    stated
        Stated unit → unlocated records ("" where none is stated).
    """

    layer: EventLayer
    total: int
    in_units: int
    outside: int
    unlocated: int
    on_border: int
    unsound_times: int
    stated: Mapping[str, int]
    outside_records: tuple[EventRecord, ...]
    border_records: tuple[EventRecord, ...]


@dataclass(frozen=True)
class Quality:
    """What the data-quality screen shows.

    Attributes
    ----------
    batches
        Import batches, newest first (records of `data.repositories.imports`).
    rejected
        Rows in quarantine that wait to be mended, of all batches; `mended` and `dismissed` count
        the others.
    repeated_ids
        Rows in quarantine because their id stood in the file more than once.
    audit
        The newest lines; `audit_intact` whether the whole chain of hashes holds.
    """

    layers: tuple[LayerQuality, ...]
    batches: Sequence[Any]
    rejected: Sequence[Any]
    repeated_ids: int
    mended: int
    dismissed: int
    audit: tuple[AuditRecord, ...]
    audit_intact: bool


@dataclass(frozen=True)
class BoundaryFaults:
    """Faults of the base grids of one day: `frame` has kind, codes, area_m2, detail, geometry."""

    features: int
    frame: gpd.GeoDataFrame


def build_quality(
    session: Session, viewer: Viewer, town: tuple[Town, Mapping[EventLayer, Placed]]
) -> Quality:
    """Look through the store."""
    places, placed = town
    every = list_rejected(session, viewer)
    rejected = [row for row in every if row.state == OPEN]
    return Quality(
        layers=tuple(_layer(session, viewer, places, placed[layer]) for layer in EventLayer),
        batches=list_batches(session, viewer),
        rejected=rejected,
        repeated_ids=sum(row.reason == REPEATED_IDS for row in rejected),
        mended=sum(row.state == MENDED for row in every),
        dismissed=sum(row.state == DISMISSED for row in every),
        audit=latest(session, viewer, limit=AUDIT_LINES),
        audit_intact=is_intact(session),
    )


def load_faults(session: Session, viewer: Viewer, *, as_of: date) -> BoundaryFaults:
    """List the faults of the base grids that hold on one day."""
    found = check_store(session, viewer, as_of=as_of)
    return BoundaryFaults(found.features, found.faults.frame)


def _layer(session: Session, viewer: Viewer, town: Town, placed: Placed) -> LayerQuality:
    counts = count_by(placed, town.level, town.units, EventFilter())
    layer = placed.events.layer
    outside = placed.events.ids[placed.position == OUTSIDE]
    on_border = placed.events.ids[placed.on_border]
    return LayerQuality(
        layer=layer,
        total=counts.total,
        in_units=sum(unit.n for unit in counts.units),
        outside=counts.outside,
        unlocated=counts.unlocated,
        on_border=counts.on_border,
        unsound_times=int(np.count_nonzero(~placed.events.time_is_sound)),
        stated=dict(
            sorted(counts.unlocated_by_stated_unit.items(), key=lambda pair: (-pair[1], pair[0]))
        ),
        outside_records=event_records(session, viewer, layer, outside[-MOST_RECORDS:]),
        border_records=event_records(session, viewer, layer, on_border[-MOST_RECORDS:]),
    )
