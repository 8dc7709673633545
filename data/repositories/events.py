"""Read incidents, hazards and disputes, column-wise for counting and one by one for cards.

Used by counting, exports and view models. Rows are read with a plain cursor into arrays, block by
block: the ORM is 30 times slower for this (performance note, section 6).
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, fields
from datetime import datetime
from functools import cached_property
from typing import Any

import numpy as np
import numpy.typing as npt
import pandas as pd
import pyarrow as pa
import pyarrow.compute as pc
from sqlalchemy import func, select
from sqlalchemy.orm import Session

from data.dialects import SERVED, dialect_of
from data.geometry import points_of_blobs
from data.models import Dispute, Hazard, Incident
from data.postgis import read_columns
from data.viewer import DisplayLevel, Viewer
from data.vocabulary import CLOSED_STATES, UNCOUNTED_STATES, EventLayer

MODELS: Mapping[EventLayer, type[Incident] | type[Hazard] | type[Dispute]] = {
    EventLayer.INCIDENTS: Incident,
    EventLayer.HAZARDS: Hazard,
    EventLayer.DISPUTES: Dispute,
}
NO_TIME = np.datetime64("NaT", "ms")
_TICK = np.timedelta64(1, "ms")
_LENGTHS: Mapping[str, np.timedelta64] = {
    "day": np.timedelta64(23, "h"),
    "month": np.timedelta64(28, "D"),
}
"""Shortest day and month: what a change of the clocks and February leave."""
_HOURLESS = frozenset({"day", "month", "none"})
_ROWS_AT_A_TIME = 1 << 15
"""Rows of the embedded store that are Python objects at one moment."""
_MOMENTS = ("occurred_at", "closed_at", "due_at", "occurred_until")
_WORD_COLUMNS = ("kind", "channel_group", "status", "stated_unit", "precision", "severity")
_SERVED_TYPES: Mapping[str, pa.DataType] = {
    "id": pa.int64(),
    "lon": pa.float64(),
    "lat": pa.float64(),
    "occurred_at": pa.timestamp("us"),
    "closed_at": pa.timestamp("us"),
    "due_at": pa.timestamp("us"),
    "time_is_sound": pa.bool_(),
    **dict.fromkeys(_WORD_COLUMNS, pa.dictionary(pa.int32(), pa.string())),
    "occurred_until": pa.timestamp("us"),
}
"""Columns of the served store's bulk read, in the query's order."""


@dataclass(frozen=True)
class Coded:
    """A text column as small numbers: `labels[codes[i]]` is row i; -1 where it is empty."""

    labels: tuple[str, ...]
    codes: npt.NDArray[np.int32]

    def is_in(
        self, wanted: frozenset[str], rows: npt.NDArray[np.integer] | None = None
    ) -> npt.NDArray[np.bool_]:
        """Whether the value of each row (or of each of `rows`) is one of `wanted`."""
        table = np.array([value in wanted for value in self.labels] + [False])
        return np.asarray(table[self.codes if rows is None else self.codes[rows]])

    def take(self, mask: npt.NDArray[np.bool_] | npt.NDArray[np.integer]) -> "Coded":
        """Keep the masked rows, or the rows of these numbers."""
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
    occurred_until
        End of a band or month (outside it), UTC; NaT for other rows.
    time_is_sound
        Whether the row's times may enter durations.

    Notes
    -----
    What follows from the rows alone is worked out once for each object, and kept with it; the
    arrays are not to be written to.
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
    occurred_until: npt.NDArray[np.datetime64]

    def __len__(self) -> int:
        """Rows."""
        return len(self.ids)

    @cached_property
    def is_located(self) -> npt.NDArray[np.bool_]:
        """Rows with a point."""
        return np.asarray(np.isfinite(self.lon) & np.isfinite(self.lat))

    @cached_property
    def newest_at(self) -> np.datetime64:
        """Latest time of any row, UTC; NaT where no row has one."""
        newest: np.datetime64 = np.fmax.reduce(self.occurred_at, initial=NO_TIME)
        return newest

    @cached_property
    def _kind_order(self) -> tuple[npt.NDArray[np.int32], npt.NDArray[np.int64]]:
        """Rows by kind, and where each kind's begin; those without a kind come first."""
        is_small = len(self.kind.labels) <= np.iinfo(np.int16).max  # these are sorted eightfold
        codes = self.kind.codes.astype(np.int16) if is_small else self.kind.codes
        order = np.argsort(codes, kind="stable").astype(np.int32)
        sizes = np.bincount(self.kind.codes + 1, minlength=len(self.kind.labels) + 1)
        return order, np.concatenate(([0], np.cumsum(sizes)))

    def rows_of_kinds(self, kinds: frozenset[str]) -> npt.NDArray[np.int32]:
        """Rows of these kinds, rising; found without a look at the others."""
        order, starts = self._kind_order
        parts = [
            order[starts[at + 1] : starts[at + 2]]
            for at, label in enumerate(self.kind.labels)
            if label in kinds
        ]
        if len(parts) == 1:
            return parts[0]
        return np.sort(np.concatenate(parts), kind="stable") if parts else order[:0]

    @cached_property
    def is_open(self) -> npt.NDArray[np.bool_]:
        """Rows that still wait to be closed (hazards and disputes)."""
        done = frozenset(str(state) for state in CLOSED_STATES | UNCOUNTED_STATES)
        return ~self.status.is_in(done)

    @cached_property
    def has_ends(self) -> bool:
        """Whether any row's time is a span: a day, a month or a band."""
        has_until = not bool(np.isnat(self.occurred_until).all())
        return has_until or bool(self.precision.is_in(frozenset(_LENGTHS)).any())

    @cached_property
    def is_hourless(self) -> npt.NDArray[np.bool_]:
        """Rows whose hour nobody knows: days, months and rows without a time."""
        return self.precision.is_in(_HOURLESS)

    @cached_property
    def last_at(self) -> npt.NDArray[np.datetime64]:
        """Last moment at which each event may have happened; a day counts as 23 hours long."""
        if not self.has_ends:
            return self.occurred_at
        last = self.occurred_at.copy()
        for word, length in _LENGTHS.items():
            rows = self.precision.is_in(frozenset({word}))
            last[rows] = self.occurred_at[rows] + length - _TICK
        ended = ~np.isnat(self.occurred_until)
        last[ended] = self.occurred_until[ended] - _TICK
        return last

    @cached_property
    def band_ms(self) -> npt.NDArray[np.int64]:
        """Length of each band of hours in milliseconds; 0 for other rows."""
        is_band = self.precision.is_in(frozenset({"band"})) & ~np.isnat(self.occurred_until)
        span = np.zeros(len(self), dtype=np.int64)
        length = self.occurred_until[is_band] - self.occurred_at[is_band]
        span[is_band] = length.astype("timedelta64[ms]").astype(np.int64)
        return span

    @cached_property
    def _walls(self) -> dict[str, npt.NDArray[np.int64]]:
        return {}

    def local_ms(self, tz: str) -> npt.NDArray[np.int64]:
        """Wall clock of each event as milliseconds; meaningless where there is no time."""
        if tz not in self._walls:
            local = pd.DatetimeIndex(self.occurred_at).tz_localize("UTC").tz_convert(tz)
            wall = local.tz_localize(None).to_numpy().astype("datetime64[ms]")
            self._walls[tz] = np.asarray(wall.astype(np.int64))
        return self._walls[tz]

    def take(self, mask: npt.NDArray[np.bool_] | npt.NDArray[np.integer]) -> "EventArrays":
        """Keep the masked rows, or the rows of these numbers."""
        names = [field.name for field in fields(self) if field.name != "layer"]
        return EventArrays(self.layer, **{name: _take(getattr(self, name), mask) for name in names})

    def __getstate__(self) -> dict[str, Any]:
        """Leave what is worked out of a copy or a stored form."""
        return {field.name: getattr(self, field.name) for field in fields(self)}


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
    if dialect_of(session) == SERVED:
        return _served_arrays(session, layer)
    name = MODELS[layer].__tablename__
    names = (
        "id, geom, occurred_at, closed_at, due_at, time_flags, kind, channel_group, status, "
        "stated_unit, time_precision"
    ) + (", NULL" if layer is EventLayer.INCIDENTS else ", severity")
    names += ", occurred_until"
    statement = f"SELECT {names} FROM {name} ORDER BY id"  # noqa: S608 - the models' own name
    rows = session.connection().exec_driver_sql(statement).cursor
    blocks: list[_Block] = []
    while rows is not None and (block := rows.fetchmany(_ROWS_AT_A_TIME)):
        blocks.append(_block(tuple(zip(*block, strict=True))))
    return _joined(layer, blocks or [_block(((),) * 13)])


@dataclass(frozen=True, slots=True)
class _Block:
    """Some rows of the embedded store, by column; moments in milliseconds since 1970, UTC."""

    numbers: Mapping[str, npt.NDArray[Any]]
    words: Mapping[str, pa.Array]


def _block(columns: Sequence[Sequence[Any]]) -> _Block:
    lon, lat = points_of_blobs(columns[1])
    moments = (columns[2], columns[3], columns[4], columns[12])
    numbers = {
        "ids": np.array(columns[0], dtype=np.int64),
        "lon": lon,
        "lat": lat,
        **{name: _moments(texts) for name, texts in zip(_MOMENTS, moments, strict=True)},
        "time_is_sound": np.array([not flags for flags in columns[5]], dtype=bool),
    }
    words = {
        name: pa.array(texts, pa.string()).dictionary_encode()
        for name, texts in zip(_WORD_COLUMNS, columns[6:12], strict=True)
    }
    return _Block(numbers, words)


def _joined(layer: EventLayer, blocks: list[_Block]) -> EventArrays:
    columns: dict[str, Any] = {
        name: np.concatenate([block.numbers[name] for block in blocks])
        for name in blocks[0].numbers
    }
    for name in _WORD_COLUMNS:
        columns[name] = _dictionary(pa.chunked_array([block.words[name] for block in blocks]))
    return EventArrays(layer=layer, **columns)


def _served_arrays(session: Session, layer: EventLayer) -> EventArrays:
    """Read the same from PostgreSQL, through COPY into arrays: no row becomes a Python object."""
    severity = "NULL" if layer is EventLayer.INCIDENTS else "severity"
    query = (
        "SELECT id, ST_X(geom), ST_Y(geom), occurred_at AT TIME ZONE 'UTC', "  # noqa: S608 - the models' own name
        "closed_at AT TIME ZONE 'UTC', due_at AT TIME ZONE 'UTC', coalesce(time_flags, '') = '', "
        f"kind, channel_group, status, stated_unit, time_precision, {severity}, "
        "occurred_until AT TIME ZONE 'UTC' "
        f"FROM {MODELS[layer].__tablename__} ORDER BY id"
    )
    found = read_columns(session, query, _SERVED_TYPES)
    return EventArrays(
        layer=layer,
        ids=found["id"].to_numpy().astype(np.int64),
        lon=found["lon"].to_numpy(),
        lat=found["lat"].to_numpy(),
        occurred_at=found["occurred_at"].to_numpy().astype("datetime64[ms]"),
        closed_at=found["closed_at"].to_numpy().astype("datetime64[ms]"),
        due_at=found["due_at"].to_numpy().astype("datetime64[ms]"),
        time_is_sound=found["time_is_sound"].to_numpy().astype(bool),
        kind=_dictionary(found["kind"]),
        channel_group=_dictionary(found["channel_group"]),
        status=_dictionary(found["status"]),
        stated_unit=_dictionary(found["stated_unit"]),
        precision=_dictionary(found["precision"]),
        severity=_dictionary(found["severity"]),
        occurred_until=found["occurred_until"].to_numpy().astype("datetime64[ms]"),
    )


def _dictionary(column: pa.ChunkedArray) -> Coded:
    whole = column.unify_dictionaries().combine_chunks()
    if isinstance(whole, pa.ChunkedArray):  # no rows, no chunk
        return Coded((), np.empty(0, dtype=np.int32))
    codes = whole.indices.fill_null(-1).to_numpy(zero_copy_only=False)
    return Coded(tuple(whole.dictionary.to_pylist()), codes.astype(np.int32))


def latest_incident(session: Session) -> datetime | None:
    """Say when the latest incident happened (aware, UTC); None without any."""
    found: datetime | None = session.scalar(select(func.max(Incident.occurred_at)))
    return found


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


def _take(value: Any, rows: npt.NDArray[Any]) -> Any:  # noqa: ANN401 - an array or a Coded
    return value.take(rows) if isinstance(value, Coded) else value[rows]


def _moments(texts: Sequence[str | None]) -> npt.NDArray[np.datetime64]:
    """Read stored moments, `YYYY-MM-DDTHH:MM:SS.sssZ`."""
    if texts.count(None) == len(texts):
        return np.full(len(texts), NO_TIME, dtype="datetime64[ms]")
    read = pc.cast(pa.array(texts, pa.string()), pa.timestamp("ms", tz="UTC"))
    return np.asarray(read.to_numpy(zero_copy_only=False)).astype("datetime64[ms]")
