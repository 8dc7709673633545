"""Name the records that cases are handed around as: key, record, step.

Used by `data.repositories.cases` and `case_writes`, and by the view models.
"""

from dataclasses import dataclass, fields
from datetime import datetime
from typing import Any, Final
from urllib.parse import quote, unquote

from data.lifecycle import CaseState, status_of
from data.vocabulary import CaseLevel, EventLayer

CASE_LAYERS: Final = (EventLayer.HAZARDS, EventLayer.DISPUTES)
"""Layers with a lifecycle; incidents are read only."""


@dataclass(frozen=True, slots=True)
class CaseKey:
    """What names a record for good: its layer, and the source and id that the file knows too."""

    layer: EventLayer
    source: str
    external_id: str

    def as_text(self) -> str:
        """Write as `layer:source:id`, each part quoted for an address."""
        return ":".join((self.layer.value, quote(self.source, ""), quote(self.external_id, "")))

    @classmethod
    def from_text(cls, text: str) -> "CaseKey | None":
        """Read it back; None for anything else."""
        layer, _, rest = text.partition(":")
        source, _, external_id = rest.partition(":")
        if layer not in set(EventLayer) or not source or not external_id:
            return None
        return cls(EventLayer(layer), unquote(source), unquote(external_id))


@dataclass(frozen=True, slots=True)
class CaseRecord:
    """One hazard, dispute or incident; free text was masked before it was written.

    `lon`, `lat` are degrees, EPSG:4326, None where unlocated; what incidents do not have is None.
    """

    layer: EventLayer
    id: int
    source: str
    external_id: str
    kind: str
    kind_source: str | None
    channel: str
    occurred_at: datetime | None
    occurred_until: datetime | None
    time_precision: str
    time_flags: str | None
    reported_at: datetime | None
    accepted_at: datetime | None
    handled_at: datetime | None
    closed_at: datetime | None
    due_at: datetime | None
    status: str | None
    outcome: str | None
    stated_unit: str | None
    description: str | None
    line: int | None
    batch_id: int | None
    version: int
    lon: float | None = None
    lat: float | None = None
    severity: str | None = None
    level: str | None = None
    loop: str | None = None
    filed_at: datetime | None = None
    assigned_at: datetime | None = None
    verified_at: datetime | None = None
    suspended_at: datetime | None = None
    suspended_minutes: int | None = None
    limit_minutes: int | None = None
    rework_count: int | None = None
    dispatch_count: int | None = None
    is_major: bool | None = None
    root_hazard_ref: str | None = None

    @property
    def key(self) -> CaseKey:
        """What names it."""
        return CaseKey(self.layer, self.source, self.external_id)

    @property
    def has_lifecycle(self) -> bool:
        """Whether it can be moved: hazards and disputes."""
        return self.layer in CASE_LAYERS

    def state(self, workers: frozenset[str] = frozenset()) -> CaseState:
        """Give what the rules of the lifecycle need."""
        level = self.level if self.level in set(CaseLevel) else CaseLevel.GRID.value
        return CaseState(
            status=status_of(self.status),
            level=CaseLevel(level or CaseLevel.GRID),
            severity=self.severity,
            started_at=self.accepted_at or self.reported_at or self.occurred_at,
            due_at=self.due_at,
            suspended_at=self.suspended_at,
            suspended_minutes=self.suspended_minutes or 0,
            rework_count=self.rework_count or 0,
            dispatch_count=self.dispatch_count or 0,
            workers=workers,
        )


@dataclass(frozen=True, slots=True)
class StepRecord:
    """One step of a case's life.

    `is_derived` steps were read off the stamps of an imported row: their actor is the file, and
    `precision` says how much of `at` is known.
    """

    at: datetime
    actor: str
    role: str
    action: str
    status_before: str | None
    status_after: str
    level: str | None
    note: str | None
    is_derived: bool = False
    precision: str = "minute"


STORED_FIELDS: Final = tuple(
    field.name for field in fields(StepRecord) if field.name not in {"is_derived", "precision"}
)
"""Fields of a step that a row holds, in the order that `StepRecord` takes them."""


def record_of(layer: EventLayer, row: Any) -> CaseRecord:  # noqa: ANN401 - one of the three row classes
    """Turn a row into a record."""
    values: dict[str, Any] = {
        field.name: getattr(row, field.name, None)
        for field in fields(CaseRecord)
        if field.name not in {"layer", "lon", "lat"}
    }
    point = row.geom
    lon, lat = (float(point.x), float(point.y)) if point is not None else (None, None)
    return CaseRecord(layer=layer, lon=lon, lat=lat, **values)
