"""Write places and their dated versions: insert, replace, close and reopen, never overlap.

Used by the importers of places and by boundary edits; every call runs in the caller's write
transaction.
Knows nothing of files and of tilings.
"""

from collections import defaultdict
from collections.abc import Collection, Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from datetime import date
from enum import StrEnum
from typing import Any

import shapely
from shapely.geometry.base import BaseGeometry
from sqlalchemy import select
from sqlalchemy.orm import Session

from data.models import Boundary, Place, PlaceCode
from data.repositories.fingerprints import content_hash
from data.repositories.places import FORMER_NAME

_SHARE_COVERED = 0.5


class Written(StrEnum):
    """What became of one place."""

    INSERTED = "inserted"
    UPDATED = "updated"
    UNCHANGED = "unchanged"
    RETIRED_CODE = "retired_code"
    OTHER_KIND = "code_of_other_kind"
    LATER_VERSION = "later_version_exists"
    HAS_HISTORY = "boundary_has_history"


REFUSED = frozenset(
    {Written.RETIRED_CODE, Written.OTHER_KIND, Written.LATER_VERSION, Written.HAS_HISTORY}
)
"""Outcomes that wrote nothing."""


@dataclass(frozen=True, slots=True)
class PlaceChange:
    """What a place is to be; None leaves what is stored (for a new place: unknown).

    Parameters
    ----------
    geometry
        Polygon or MultiPolygon in EPSG:4326.
    area_m2
        Measured area, stored beside the shape.
    """

    code: str
    kind: str
    name: str | None = None
    parent_id: int | None = None
    station_id: int | None = None
    household_count: int | None = None
    resident_count: int | None = None
    office_phone: str | None = None
    attributes: Mapping[str, Any] | None = None
    geometry: BaseGeometry | None = None
    area_m2: float | None = None


def keep_name(versions: Iterable[Boundary], name: str) -> None:
    """Write on versions that say no name which one the place bore then, before it gets another."""
    for version in versions:
        version.attributes = {FORMER_NAME: name, **(version.attributes or {})}


class PlaceWriter:
    """Write places of one level as of one day.

    A name that a dated import changes holds from its day on; before, the former one stands.

    Parameters
    ----------
    session
        A write session.
    level
        Level of all places written.
    effective
        Day from which what is written holds; None: since ever, which replaces a version that is
        itself since ever and is refused where a place has dated ones.
    source, batch_id
        Where the places come from.
    revives
        A code whose place has ended may come back as a later version of the same place.
    """

    def __init__(
        self,
        session: Session,
        *,
        level: str,
        effective: date | None,
        source: str,
        batch_id: int | None = None,
        revives: bool = False,
    ) -> None:
        self._session = session
        self._level = level
        self._effective = effective
        self._source = source
        self._batch_id = batch_id
        self._revives = revives
        self._fresh: dict[str, Place] = {}
        places = session.scalars(select(Place).where(Place.level == level)).all()
        self._places = {place.code: place for place in places}
        codes = session.scalars(select(PlaceCode).where(PlaceCode.level == level)).all()
        self._codes = {row.code: row for row in codes}
        self._versions: dict[int, list[Boundary]] = defaultdict(list)
        for row in session.scalars(
            select(Boundary).join(Place, Place.id == Boundary.place_id).where(Place.level == level)
        ):
            self._versions[row.place_id].append(row)

    def write_all(self, changes: Sequence[PlaceChange]) -> Iterator[Written]:
        """Write many places, new ones in one statement; codes must differ from each other."""
        new = [c for c in changes if c.code not in self._places and c.code not in self._codes]
        self._fresh = {change.code: self._new(change) for change in new}
        self._session.add_all(self._fresh.values())
        self._session.flush()
        for change in changes:
            yield self.write(change)

    def write(self, change: PlaceChange) -> Written:
        """Bring one place to what it is to be from the effective day on."""
        place = self._places.get(change.code)
        if place is None:
            if change.code in self._codes:
                return Written.RETIRED_CODE
            return self._insert(change)
        if place.kind != change.kind and self._level == "grid":
            return Written.OTHER_KIND
        versions = sorted(self._versions[place.id], key=lambda v: v.valid_from or date.min)
        current = self._current(versions)
        if current is None:
            return self._reopen(place, versions, change)
        return self._revise(place, current, change, has_dated=len(versions) > 1)

    def _revise(
        self, place: Place, current: Boundary, change: PlaceChange, *, has_dated: bool
    ) -> Written:
        values = _merged(change, current)
        is_same = values == _values(current) and _same_shape(change.geometry, current)
        is_renamed = self._rename(place, current, change)
        has_new_label = self._label(place, change) or is_renamed
        if is_same and not (is_renamed and current.valid_from != self._effective):
            return Written.UPDATED if has_new_label else Written.UNCHANGED
        if self._effective is None and (has_dated or not _is_since_ever(current)):
            return Written.HAS_HISTORY
        if current.valid_from == self._effective:
            self._fill(current, change, values)
        else:
            self._succeed(current, change, values)
        return Written.UPDATED

    def _rename(self, place: Place, current: Boundary, change: PlaceChange) -> bool:
        """Keep the former name for the days before; tell whether the change is a dated one."""
        name = change.name
        if name is None or self._effective is None or name == _name_of(place, current):
            return False
        if current.valid_to is not None:
            return False  # a later version stands: the name is that of the place since
        day = self._effective
        versions = self._versions[place.id]
        keep_name([v for v in versions if v.valid_from is None or v.valid_from < day], place.name)
        return True

    def end_covered(
        self, kind: str | None, codes: Collection[str], areas: Sequence[BaseGeometry]
    ) -> tuple[str, ...]:
        """End places whose ground the new areas take (at least half of it) on the effective day.

        Parameters
        ----------
        kind
            End only places of this kind; None ends any kind.
        codes
            Codes that are in the file: these go on.
        areas
            What the file covers, EPSG:4326.

        Returns
        -------
        tuple
            Codes that ended. Those that began on that very day are left alone.
        """
        if self._effective is None or not areas:
            return ()
        tree = shapely.STRtree(list(areas))
        ended = []
        for code, place in sorted(self._places.items()):
            current = self._current(self._versions[place.id])
            if code in codes or kind not in (None, place.kind):
                continue
            if current is None or current.geom is None or current.valid_from == self._effective:
                continue
            if _covered_share(current.geom, areas, tree) >= _SHARE_COVERED:
                self.end(code)
                ended.append(code)
        return tuple(ended)

    def end(self, code: str) -> None:
        """End a place on the effective day: its version and its code are closed."""
        place = self._places[code]
        current = self._current(self._versions[place.id])
        if current is not None:
            current.valid_to = self._effective
        if code in self._codes:
            self._codes[code].valid_to = self._effective
        self._session.flush()

    def _current(self, versions: Sequence[Boundary]) -> Boundary | None:
        if self._effective is None:
            return next((v for v in versions if v.valid_to is None), None)
        day = self._effective
        return next(
            (
                v
                for v in versions
                if (v.valid_from is None or v.valid_from <= day)
                and (v.valid_to is None or v.valid_to > day)
            ),
            None,
        )

    def _insert(self, change: PlaceChange) -> Written:
        place = self._fresh.pop(change.code, None)
        if place is None:
            place = self._new(change)
            self._session.add(place)
            self._session.flush()
        self._places[change.code] = place
        code = PlaceCode(
            place_id=place.id, level=self._level, code=change.code, valid_from=self._effective
        )
        self._session.add(code)
        self._codes[change.code] = code
        self._open(place, change, _merged(change, None), until=None)
        return Written.INSERTED

    def _new(self, change: PlaceChange) -> Place:
        return Place(
            level=self._level,
            kind=change.kind,
            code=change.code,
            name=change.name or change.code,
            source=self._source,
            office_phone=change.office_phone,
            attributes=dict(change.attributes) if change.attributes else None,
        )

    def _reopen(self, place: Place, versions: Sequence[Boundary], change: PlaceChange) -> Written:
        day = self._effective
        if day is None:
            return Written.HAS_HISTORY if versions else self._first(place, change)
        if any(v.valid_from is not None and v.valid_from > day for v in versions):
            return Written.LATER_VERSION
        if not self._revives:
            return Written.RETIRED_CODE
        last = versions[-1] if versions else None
        self._label(place, change)
        self._open(place, change, _merged(change, last), until=None, before=last)
        self._codes[change.code].valid_to = None
        return Written.UPDATED

    def _first(self, place: Place, change: PlaceChange) -> Written:
        self._label(place, change)
        self._open(place, change, _merged(change, None), until=None)
        return Written.UPDATED

    def _succeed(self, current: Boundary, change: PlaceChange, values: dict[str, Any]) -> None:
        until = current.valid_to
        current.valid_to = self._effective
        self._session.flush()  # the trigger refuses two versions at once, even for a moment
        place = self._places[change.code]
        self._open(place, change, values, until=until, before=current)

    def _open(
        self,
        place: Place,
        change: PlaceChange,
        values: dict[str, Any],
        *,
        until: date | None,
        before: Boundary | None = None,
    ) -> None:
        version = Boundary(place_id=place.id, valid_from=self._effective, valid_to=until)
        if before is not None:
            version.geom, version.area_m2 = before.geom, before.area_m2
            version.attributes = _without_name(before.attributes)
        self._fill(version, change, values)
        self._session.add(version)
        self._versions[place.id].append(version)

    def _fill(self, version: Boundary, change: PlaceChange, values: dict[str, Any]) -> None:
        for name, value in values.items():
            setattr(version, name, value)
        if change.geometry is not None:
            version.geom = as_multi(change.geometry)
            version.area_m2 = change.area_m2
        if change.household_count is not None or change.resident_count is not None:
            # counted, no longer an estimate of a plan
            version.attributes = _name_alone(version.attributes)
        version.batch_id = self._batch_id
        shape = shapely.to_wkb(version.geom) if version.geom is not None else b""
        version.content_hash = content_hash(values, shape)

    def _label(self, place: Place, change: PlaceChange) -> bool:
        """Bring what is not dated up to the file; tell whether anything changed."""
        wanted = {
            "name": change.name,
            "kind": change.kind,
            "office_phone": change.office_phone,
            "attributes": dict(change.attributes) if change.attributes else None,
        }
        changed = {
            name: value
            for name, value in wanted.items()
            if value is not None and getattr(place, name) != value
        }
        for name, value in changed.items():
            setattr(place, name, value)
        return bool(changed)


def _name_of(place: Place, version: Boundary) -> str:
    return str((version.attributes or {}).get(FORMER_NAME, place.name))


def _without_name(marks: Mapping[str, Any] | None) -> dict[str, Any] | None:
    return {k: v for k, v in (marks or {}).items() if k != FORMER_NAME} or None


def _name_alone(marks: Mapping[str, Any] | None) -> dict[str, Any] | None:
    return {k: v for k, v in (marks or {}).items() if k == FORMER_NAME} or None


def as_multi(geometry: BaseGeometry) -> BaseGeometry:
    """Give a polygon as a multipolygon, as the store wants it; rings are not touched."""
    flat = shapely.force_2d(geometry)
    return shapely.MultiPolygon([flat]) if isinstance(flat, shapely.Polygon) else flat


def _values(version: Boundary) -> dict[str, Any]:
    return {
        "parent_id": version.parent_id,
        "station_id": version.station_id,
        "household_count": version.household_count,
        "resident_count": version.resident_count,
    }


def _merged(change: PlaceChange, stored: Boundary | None) -> dict[str, Any]:
    wanted = {
        "parent_id": change.parent_id,
        "station_id": change.station_id,
        "household_count": change.household_count,
        "resident_count": change.resident_count,
    }
    before = _values(stored) if stored is not None else {}
    return {
        name: value if value is not None else before.get(name) for name, value in wanted.items()
    }


def _same_shape(geometry: BaseGeometry | None, stored: Boundary) -> bool:
    if geometry is None:
        return True
    if stored.geom is None:
        return False
    return bool(shapely.to_wkb(as_multi(geometry)) == shapely.to_wkb(stored.geom))


def _is_since_ever(version: Boundary) -> bool:
    return version.valid_from is None and version.valid_to is None


def _covered_share(
    shape: BaseGeometry, areas: Sequence[BaseGeometry], tree: shapely.STRtree
) -> float:
    whole = shapely.make_valid(shape, method="structure", keep_collapsed=False)
    near = tree.query(whole, predicate="intersects")
    if len(near) == 0 or whole.area == 0.0:
        return 0.0
    cover = shapely.union_all(
        shapely.make_valid([areas[k] for k in near], method="structure", keep_collapsed=False)
    )
    return float(shapely.area(shapely.intersection(whole, cover)) / whole.area)
