"""Read incidents, hazards and disputes, column-wise for counting and one by one for cards.

Used by counting, exports and view models. Rows are read with a plain cursor into arrays: the ORM
is 30 times slower for this (performance note, section 6).
"""

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime
from typing import Any

import numpy as np
import numpy.typing as npt
from sqlalchemy import select
from sqlalchemy.orm import Session

from data.geometry import points_of_blobs
from data.models import Dispute, Hazard, Incident
from data.viewer import DisplayLevel, Viewer
from data.vocabulary import CLOSED_STATES, UNCOUNTED_STATES, EventLayer

MODELS: Mapping[EventLayer, type[Incident] | type[Hazard] | type[Dispute]] = {
    EventLayer.INCIDENTS: Incident,
    EventLayer.HAZARDS: Hazard,
    EventLayer.DISPUTES: Dispute,
}
NO_TIME = np.datetime64("NaT", "ms")


@dataclass(frozen=True)
class Coded:
    """A text column as small numbers: `labels[codes[i]]` is row i; -1 where it is empty."""

    labels: tuple[str, ...]
    codes: npt.NDArray[np.int32]

    def is_in(self, wanted: frozenset[str]) -> npt.NDArray[np.bool_]:
        """Rows whose value is one of `wanted`."""
        table = np.array([value in wanted for value in self.labels] + [False])
        return np.asarray(table[self.codes])

    def take(self, mask: npt.NDArray[np.bool_]) -> "Coded":
        """Keep the masked rows."""
        return Coded(self.labels, self.codes[mask])


@dataclass(frozen=True)
class EventArrays:
    """All rows of one layer, a column at a time; rows without a point have NaN lon and lat.

    Attributes
    ----------
    lon, lat
        Degrees, EPSG:4326.
    occurred_at
        UTC, milliseconds; NaT where the file had none.
    time_is_sound
        Whether the row's times may enter durations.
    """

    layer: EventLayer
    ids: npt.NDArray[np.int64]
    lon: npt.NDArray[np.float64]
    lat: npt.NDArray[np.float64]
    occurred_at: npt.NDArray[np.datetime64]
    closed_at: npt.NDArray[np.datetime64]
    due_at: npt.NDArray[np.datetime64]
    time_is_sound: npt.NDArray[np.bool_]
    kind: Coded
    channel_group: Coded
    status: Coded
    stated_unit: Coded
    precision: Coded
    severity: Coded

    def __len__(self) -> int:
        """Rows."""
        return len(self.ids)

    @property
    def is_located(self) -> npt.NDArray[np.bool_]:
        """Rows with a point."""
        return np.asarray(np.isfinite(self.lon) & np.isfinite(self.lat))

    @property
    def is_open(self) -> npt.NDArray[np.bool_]:
        """Rows that still wait to be closed (hazards and disputes)."""
        done = frozenset(str(state) for state in CLOSED_STATES | UNCOUNTED_STATES)
        return ~self.status.is_in(done)

    def take(self, mask: npt.NDArray[np.bool_]) -> "EventArrays":
        """Keep the masked rows."""
        columns = {
            name: value if name == "layer" else _take(value, mask)
            for name, value in vars(self).items()
        }
        return EventArrays(**columns)


@dataclass(frozen=True)
class EventRecord:
    """One record for a card or a table, persons already masked at import."""

    id: int
    external_id: str
    source: str
    kind: str
    kind_source: str | None
    channel: str
    occurred_at: datetime | None
    closed_at: datetime | None
    due_at: datetime | None
    status: str | None
    severity: str | None
    stated_unit: str | None
    description: str | None
    time_flags: str | None
    line: int | None
    batch_id: int | None


def event_arrays(session: Session, viewer: Viewer, layer: EventLayer) -> EventArrays:
    """Read a whole layer into arrays, in the order of its ids.

    A viewer's areas are geometry: `data.counting.place_events` cuts the arrays to them before
    anything else sees them. Arrays hold no text and no ids of the source.
    """
    del viewer  # the areas are applied by the one caller, see above
    name = MODELS[layer].__tablename__
    names = (
        "id, geom, occurred_at, closed_at, due_at, time_flags, kind, channel_group, status, "
        "stated_unit, time_precision"
    ) + (", NULL" if layer is EventLayer.INCIDENTS else ", severity")
    statement = f"SELECT {names} FROM {name} ORDER BY id"  # noqa: S608 - the models' own name
    rows = session.connection().exec_driver_sql(statement).cursor
    columns = list(zip(*(rows.fetchall() if rows is not None else []), strict=True))
    if not columns:
        columns = [()] * 12
    lon, lat = points_of_blobs(columns[1])
    return EventArrays(
        layer=layer,
        ids=np.array(columns[0], dtype=np.int64),
        lon=lon,
        lat=lat,
        occurred_at=_moments(columns[2]),
        closed_at=_moments(columns[3]),
        due_at=_moments(columns[4]),
        time_is_sound=np.array([not flags for flags in columns[5]], dtype=bool),
        kind=_coded(columns[6]),
        channel_group=_coded(columns[7]),
        status=_coded(columns[8]),
        stated_unit=_coded(columns[9]),
        precision=_coded(columns[10]),
        severity=_coded(columns[11]),
    )


def event_records(
    session: Session, viewer: Viewer, layer: EventLayer, ids: npt.NDArray[np.int64]
) -> tuple[EventRecord, ...]:
    """Read single records, newest first; ids come from `place_events`, cut to the viewer's areas.

    Raises
    ------
    AccessRefused
        `level_too_low`: exact records are for `INTERNAL` and above.
    """
    viewer.require_level(DisplayLevel.INTERNAL)
    model = MODELS[layer]
    wanted = [int(i) for i in ids]
    rows = session.scalars(
        select(model).where(model.id.in_(wanted)).order_by(model.occurred_at.desc(), model.id)
    )
    return tuple(_record(row) for row in rows)


def _record(row: Any) -> EventRecord:  # noqa: ANN401 - one of the three row classes
    return EventRecord(
        id=row.id,
        external_id=row.external_id,
        source=row.source,
        kind=row.kind,
        kind_source=row.kind_source,
        channel=row.channel,
        occurred_at=row.occurred_at,
        closed_at=row.closed_at,
        due_at=row.due_at,
        status=row.status,
        severity=getattr(row, "severity", None),
        stated_unit=row.stated_unit,
        description=row.description,
        time_flags=row.time_flags,
        line=row.line,
        batch_id=row.batch_id,
    )


def _take(value: Any, mask: npt.NDArray[np.bool_]) -> Any:  # noqa: ANN401 - an array or a Coded
    return value.take(mask) if isinstance(value, Coded) else value[mask]


def _moments(texts: tuple[str | None, ...]) -> npt.NDArray[np.datetime64]:
    plain = [text[:-1] if text else "NaT" for text in texts]
    return np.array(plain, dtype="datetime64[ms]")


def _coded(texts: tuple[str | None, ...]) -> Coded:
    places: dict[str | None, int] = {None: -1}
    codes = np.empty(len(texts), dtype=np.int32)
    for row, text in enumerate(texts):
        code = places.get(text)
        if code is None:
            code = places[text] = len(places) - 1
        codes[row] = code
    labels = tuple(text for text in places if text is not None)
    return Coded(labels, codes)
