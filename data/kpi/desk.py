"""Lay out what the measures of one question share; everything is read once, when first asked.

Used by every module of measures. Knows nothing of formulas.
"""

from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass, replace
from datetime import date, datetime, timedelta
from functools import cached_property
from typing import Any, Final, Protocol, TypeVar

import geopandas as gpd
import numpy as np
import numpy.typing as npt
from shapely.geometry.base import BaseGeometry
from sqlalchemy.orm import Session

from data.counting import (
    AS_OF_EVENT,
    AS_OF_TODAY,
    EventFilter,
    Placed,
    local_midnight,
    place_events,
)
from data.frames import grids_frame
from data.grids_of import ChosenGrids
from data.kpi.calendar import WorkCalendar
from data.kpi.catalogue import definition_of
from data.kpi.figure import NOTE_SMALL_BASE, SMALL_BASE, Figure, Question
from data.kpi.intervals import wilson
from data.kpi.registry import Definition
from data.repositories.case_arrays import CaseArrays, case_arrays
from data.repositories.events import EventArrays
from data.repositories.figures import settings
from data.repositories.force_rows import HolderRecord, force
from data.repositories.people import DutyRecord, duty_roster
from data.repositories.places import PlaceRecord, PlaceTree, place_tree
from data.repositories.registers import RegisterRecord, register_records
from data.viewer import DisplayLevel, Viewer
from data.vocabulary import EventLayer, GridKind, PlaceLevel, RegisterLayer
from geo.assign import assign_lonlat

BoolArray = npt.NDArray[np.bool_]
DAY: Final = timedelta(days=1)
Row = TypeVar("Row", bound=RegisterRecord)
_Asked = tuple[RegisterLayer, datetime | None, datetime | None]


class _Spot(Protocol):
    @property
    def geometry(self) -> BaseGeometry | None: ...


Spot = TypeVar("Spot", bound=_Spot)


class Desk:
    """What the measures of one question share."""

    def __init__(
        self,
        session: Session,
        viewer: Viewer,
        question: Question,
        chosen: ChosenGrids | None = None,
    ) -> None:
        self.session, self.viewer, self.question = session, viewer, question
        self.chosen = chosen
        self.found: dict[tuple[str, str], Figure] = {}
        self._placed: dict[EventLayer, Placed] = {}
        self._stages: dict[EventLayer, CaseArrays] = {}
        self._registers: dict[_Asked, tuple[RegisterRecord, ...]] = {}

    # ---- when -----------------------------------------------------------------------------

    @property
    def period(self) -> EventFilter:
        """Events of the period."""
        return EventFilter(since=self.question.since, until=self.question.until)

    @property
    def span(self) -> tuple[datetime, datetime] | None:
        """The period; none when one side is open."""
        since, until = self.question.since, self.question.until
        return None if since is None or until is None else (since, until)

    @property
    def end(self) -> datetime:
        """End of the period, or the start of today."""
        return self.question.until or local_midnight(self.question.today, self.question.tz)

    @property
    def cut(self) -> datetime:
        """Moment up to which something may have fallen due: the period's end, today at most."""
        tonight = local_midnight(self.question.today + DAY, self.question.tz)
        return min(self.question.until or tonight, tonight)

    @property
    def boundary_day(self) -> date:
        """Day of the boundaries that rates stand on."""
        as_of = self.question.as_of
        is_word = as_of in {AS_OF_TODAY, AS_OF_EVENT} or self.chosen is not None
        return self.question.today if is_word else date.fromisoformat(as_of)

    @cached_property
    def settings(self) -> dict[str, Any]:
        """Settings of the store."""
        return settings(self.session)

    @cached_property
    def calendar(self) -> WorkCalendar:
        """Working hours of the store."""
        return WorkCalendar.from_settings(self.settings, self.question.tz)

    # ---- where ----------------------------------------------------------------------------

    @cached_property
    def tree(self) -> PlaceTree:
        """Places of the day of the answer."""
        return place_tree(self.session, self.viewer, as_of=self.question.today)

    @cached_property
    def grids(self) -> gpd.GeoDataFrame:
        """Base grids of the unit on the day of the boundaries."""
        return self._frame[_inside(self._frame, self.question.unit)]

    @cached_property
    def _frame(self) -> gpd.GeoDataFrame:
        return self.held_grids if self.chosen is None else self.chosen.frame

    @cached_property
    def held_grids(self) -> gpd.GeoDataFrame:
        """Every base grid that holds on the day of the boundaries."""
        return grids_frame(self.session, self.viewer, as_of=self.boundary_day)

    @cached_property
    def places(self) -> dict[int, PlaceRecord]:
        """Places of the unit by key: itself, what lies below it, what its station looks after."""
        own = {key: self.tree.records[key] for key in self.tree.own}
        unit = self.question.unit
        if unit is None:
            return own
        return {
            key: record
            for key, record in own.items()
            if record.code == unit
            or any(above.code == unit for above in self.tree.ancestors(key).values())
            or self.tree.station_code(key) == unit
        }

    @cached_property
    def codes(self) -> frozenset[str]:
        """Codes of `places`."""
        return frozenset(record.code for record in self.places.values())

    def units(self, level: PlaceLevel) -> dict[int, PlaceRecord]:
        """Places of one level in the unit; the communities of its grids are among them."""
        above = set(self.grids[f"{level}_code"].dropna()) if level is PlaceLevel.COMMUNITY else ()
        pool = self.tree.records if self.question.unit is not None else self.places
        return {
            key: record
            for key, record in pool.items()
            if record.level == level
            and (record.code in above or key in self.places)
            and (level is not PlaceLevel.GRID or record.kind == GridKind.BASE)
        }

    def knows_unit(self) -> bool:
        """Whether a place or a grid of the boundaries bears the unit's code; true without one."""
        unit = self.question.unit
        if unit is None or len(self.grids):
            return True
        if self.places:  # a grid of today that a plan lacks is none there
            levels = {record.level for record in self.places.values()}
            return self.chosen is None or levels != {PlaceLevel.GRID}
        return self.question.as_of == AS_OF_EVENT and any(
            bool(_inside(self._whole(layer).grids, unit).any()) for layer in EventLayer
        )

    # ---- what happened --------------------------------------------------------------------

    def placed(self, layer: EventLayer) -> Placed:
        """Give events of the unit, of all times, on the boundaries asked for."""
        whole = self._whole(layer)
        if self.question.unit is None:
            return whole
        own = np.array([*_inside(whole.grids, self.question.unit), False, False])
        return whole.take(own[whole.position])

    def events(self, layer: EventLayer, wanted: EventFilter | None = None) -> EventArrays:
        """Events of the period (or of `wanted`)."""
        events = self.placed(layer).events
        return events.take((wanted or self.period).mask(events))

    def stages(self, layer: EventLayer, events: EventArrays) -> CaseArrays:
        """Give the stages of these events, row by row."""
        if layer not in self._stages:
            self._stages[layer] = case_arrays(self.session, self.viewer, layer)
        stages = self._stages[layer]
        return stages.take(np.searchsorted(stages.ids, events.ids))

    def _whole(self, layer: EventLayer) -> Placed:
        if layer not in self._placed:
            question = self.question
            self._placed[layer] = place_events(
                self.session,
                self.viewer,
                layer,
                today=question.today,
                as_of=question.as_of,
                tz=question.tz,
                grids=None if question.as_of == AS_OF_EVENT else self._frame,
            )
        return self._placed[layer]

    # ---- who and what ---------------------------------------------------------------------

    @cached_property
    def duties(self) -> tuple[DutyRecord, ...]:
        """Appointments of the day at places of the unit, with service numbers.

        Holders are told apart by number at every display level: only counts leave the engine.
        """
        roster = tuple(d for d in self.all_duties if d.place_id in self.tree.own)
        if self.question.unit is None:
            return roster
        near = set(self.units(PlaceLevel.COMMUNITY))
        return tuple(d for d in roster if d.place_id in self.places or d.place_id in near)

    @cached_property
    def all_duties(self) -> tuple[DutyRecord, ...]:
        """Appointments of the day at all places of the tree, those above the viewer's included."""
        counter = replace(self.viewer, level=max(self.viewer.level, DisplayLevel.INTERNAL))
        return duty_roster(self.session, counter, tree=self.tree, with_above=True)

    @cached_property
    def force(self) -> tuple[HolderRecord, ...]:
        """Every office-holder; of a unit, those of its stations and those appointed in it."""
        holders = force(self.session, self.viewer)
        if self.question.unit is None:
            return holders
        here = {duty.holder_code for duty in self.duties}
        return tuple(h for h in holders if h.station_code in self.codes or h.external_id in here)

    def register(
        self, record: type[Row], layer: RegisterLayer, *, in_period: bool = False
    ) -> tuple[Row, ...]:
        """Rows of a register in the unit; with `in_period` those of the period."""
        since, until = (self.question.since, self.question.until) if in_period else (None, None)
        return self.register_between(record, layer, since, until)

    def register_between(
        self,
        record: type[Row],
        layer: RegisterLayer,
        since: datetime | None,
        until: datetime | None,
    ) -> tuple[Row, ...]:
        """Rows of a register in the unit and in a span; their free text is not read."""
        key = (layer, since, until)
        if key not in self._registers:
            reader = replace(self.viewer, level=min(self.viewer.level, DisplayLevel.WALL))
            rows = register_records(self.session, reader, layer, since=since, until=until)
            self._registers[key] = self._mine(rows)
        return tuple(row for row in self._registers[key] if isinstance(row, record))

    def has_register(self, record: type[Row], layer: RegisterLayer) -> bool:
        """Whether a register holds any row of the unit, of whatever time."""
        return bool(self.register(record, layer, in_period=True) or self.register(record, layer))

    def spots_inside(self, spots: Sequence[Spot]) -> BoolArray:
        """Say which things lie in the unit's grids; without a unit all do."""
        if self.question.unit is None:
            return np.ones(len(spots), dtype=bool)
        return self.grid_of(spots) >= 0

    def grid_of(self, spots: Sequence[Spot]) -> npt.NDArray[np.int64]:
        """Row of `grids` for each thing, by a point inside it; -1 where there is none."""
        found = np.full(len(spots), -1, dtype=np.int64)
        rows = [row for row, spot in enumerate(spots) if _has_shape(spot)]
        if rows and len(self.grids):
            points = [_point(spots[row]) for row in rows]
            lon, lat = ([p.x for p in points], [p.y for p in points])
            found[rows] = assign_lonlat(np.array(lon), np.array(lat), self.grids).grid
        return found

    def _mine(self, rows: Sequence[Any]) -> tuple[RegisterRecord, ...]:
        if self.question.unit is None or not rows:
            return tuple(rows)
        holders = {duty.holder_code for duty in self.duties}
        own = np.zeros(len(rows), dtype=bool)
        loose = []
        for k, row in enumerate(rows):
            code, holder = getattr(row, "place_code", None), getattr(row, "holder_ref", None)
            if code is not None:
                own[k] = code in self.codes
            elif holder is not None:
                own[k] = holder in holders
            elif getattr(row, "geometry", None) is not None:
                loose.append(k)
        if loose:
            own[loose] = self.spots_inside([rows[k] for k in loose])
        return tuple(row for row, is_own in zip(rows, own, strict=True) if is_own)

    # ---- answers --------------------------------------------------------------------------

    def figure(
        self,
        measure: str,
        numerator: float,
        denominator: float | None = None,
        *,
        per: float = 1.0,
        note: str = "",
        scope: str | None = None,
    ) -> Figure:
        """Give a total, or a rate that is none on a zero denominator, as the registry defines it.

        Raises
        ------
        LookupError
            The registry does not know the measure: a bug.
        """
        definition = _defined(measure)
        where = scope or self.question.scope
        kpi, version = definition.kpi, definition.version
        if denominator is None:
            return Figure(
                kpi, measure, where, float(numerator), numerator, note=note, version=version
            )
        value = per * numerator / denominator if denominator else None
        interval = None
        if definition.interval == "wilson":
            interval = wilson(numerator, denominator)
            if 0 < denominator < SMALL_BASE:
                note = note or NOTE_SMALL_BASE
        low, high = interval or (None, None)
        return Figure(
            kpi, measure, where, value, numerator, denominator, low, high, "rows", note, version
        )

    def valued(
        self,
        measure: str,
        value: float,
        *,
        numerator: float | None = None,
        denominator: float | None = None,
        interval: tuple[float, float] | None = None,
    ) -> Figure:
        """Give a figure whose value is more than a quotient, with what it stands on."""
        definition = _defined(measure)
        low, high = interval or (None, None)
        return Figure(
            definition.kpi, measure, self.question.scope, float(value), numerator, denominator,
            low, high, version=definition.version,
        )  # fmt: skip

    @staticmethod
    def versioned(figure: Figure) -> Figure:
        """Give a figure the version of its formula."""
        return replace(figure, version=_defined(figure.measure).version)


@dataclass(frozen=True)
class Measure:
    """A function that answers some measures, and which those are."""

    answers: Callable[[Desk], Iterable[Figure]]
    keys: tuple[str, ...]


def gives(*keys: str) -> Callable[[Callable[[Desk], Iterable[Figure]]], Measure]:
    """Name the measures that a function answers: what is missing when it fails."""
    return lambda answers: Measure(answers, keys)


def _defined(measure: str) -> Definition:
    definition = definition_of(measure)
    if definition is None:
        raise LookupError(measure)
    return definition


def _inside(frame: gpd.GeoDataFrame, unit: str | None) -> BoolArray:
    if unit is None:
        return np.ones(len(frame), dtype=bool)
    columns = [name for name in frame.columns if name.endswith("_code")]
    found = (frame[columns] == unit).to_numpy(dtype=bool, na_value=False).any(axis=1)
    return np.asarray(found | (frame.index == unit))


def _has_shape(spot: _Spot) -> bool:
    return spot.geometry is not None and not spot.geometry.is_empty


def _point(spot: _Spot) -> Any:  # noqa: ANN401 - a shapely point; `_has_shape` was asked
    shape = spot.geometry
    return shape if shape is None or shape.geom_type == "Point" else shape.representative_point()
