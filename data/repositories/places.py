"""Read places as they were on a day: tree, boundaries, code history, streets, compounds.

Used by frames, counting, importers, cards and the command line.
Knows nothing of files and of drawing; writes stand in `data.repositories.place_writes`.
"""

from collections import defaultdict
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from datetime import date, datetime
from typing import Any, Final
from zoneinfo import ZoneInfo

from shapely.geometry.base import BaseGeometry
from sqlalchemy import ColumnElement, Select, and_, or_, select
from sqlalchemy.orm import Session, aliased

from data.config import DEFAULT_TZ
from data.errors import RecordNotFound
from data.models import Boundary, Compound, Place, PlaceCode, Street
from data.viewer import Viewer

FORMER_NAME: Final = "name"
"""Attribute of a version: the name that the place bore then, where it bears another since."""


@dataclass(frozen=True, slots=True)
class PlaceRecord:
    """A place as it was on one day.

    Attributes
    ----------
    id
        Key of the place (not of the version).
    level, kind
        Codes of `data.vocabulary`; `kind` is base, exclusive or micro for a grid.
    code
        The code it bore on that day: text, exactly as imported.
    parent_code, station_code
        Place above it, and the police station that looks after it, as stated for this place.
    household_count, resident_count, area_m2
        None where unknown.
    valid_from, valid_to
        Half-open span of this version; None is open.
    estimated
        Counts (`households`, `residents`) that were shared out when a plan cut the grid.
    """

    id: int
    level: str
    kind: str
    code: str
    name: str
    parent_code: str | None
    station_code: str | None
    household_count: int | None
    resident_count: int | None
    area_m2: float | None
    valid_from: date | None
    valid_to: date | None
    office_phone: str | None = None
    estimated: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True)
class PlaceTree:
    """All places of one day and who is above whom.

    Attributes
    ----------
    records
        By key; only what the viewer may see, with the places above it for drawing.
    own
        Keys of the places whose records the viewer may read.
    parent_of, station_of
        Key of the place above, key of the station stated for the place.
    """

    as_of: date
    records: Mapping[int, PlaceRecord]
    own: frozenset[int]
    parent_of: Mapping[int, int | None]
    station_of: Mapping[int, int | None]

    def ancestors(self, place_id: int) -> dict[str, PlaceRecord]:
        """Give the places above one place, by level, nearest first."""
        found: dict[str, PlaceRecord] = {}
        above = self.parent_of.get(place_id)
        while above is not None and above in self.records:
            record = self.records[above]
            if record.level in found:
                break
            found[record.level] = record
            above = self.parent_of.get(above)
        return found

    def station_code(self, place_id: int) -> str | None:
        """Give the code of the station stated for a place or for the nearest place above it."""
        at: int | None = place_id
        seen: set[int] = set()
        while at is not None and at not in seen:
            seen.add(at)
            station = self.station_of.get(at)
            if station is not None and station in self.records:
                return self.records[station].code
            at = self.parent_of.get(at)
        return None

    def by_code(self, level: str) -> dict[str, PlaceRecord]:
        """Index one level by code."""
        return {r.code: r for r in self.records.values() if r.level == level}


@dataclass(frozen=True, slots=True)
class CodePeriod:
    """One code that a place bore from `valid_from` to before `valid_to`."""

    level: str
    code: str
    place_id: int
    place_code: str
    valid_from: date | None
    valid_to: date | None


def today_here() -> date:
    """Return today's date in the time zone that stores are kept in (Asia/Shanghai)."""
    return datetime.now(ZoneInfo(DEFAULT_TZ)).date()


def is_valid_on(day: date) -> ColumnElement[bool]:
    """Condition: a `Boundary` row holds on a day (half-open span, open ends included)."""
    return and_(
        or_(Boundary.valid_from.is_(None), Boundary.valid_from <= day),
        or_(Boundary.valid_to.is_(None), Boundary.valid_to > day),
    )


def place_tree(session: Session, viewer: Viewer, *, as_of: date | None = None) -> PlaceTree:
    """Read every place of one day, without shapes.

    Parameters
    ----------
    viewer
        With areas, only those places, all below them, what their stations look after, and the
        places above them (for drawing) come back.
    as_of
        The day; None is today in Asia/Shanghai.
    """
    day = as_of or today_here()
    rows = session.execute(_versions().where(is_valid_on(day))).all()
    codes = _codes_on(session, day)
    parent_of = {row.place_id: row.parent_id for row in rows}
    station_of = {row.place_id: row.station_id for row in rows}
    code_of = {row.place_id: codes.get(row.place_id, row.code) for row in rows}
    own = _own_places(viewer, code_of, parent_of, station_of)
    shown = own | _above(own, parent_of, station_of)
    records = {row.place_id: _record(row, code_of) for row in rows if row.place_id in shown}
    return PlaceTree(day, records, frozenset(own), parent_of, station_of)


def list_places(
    session: Session,
    viewer: Viewer,
    *,
    as_of: date | None = None,
    level: str | None = None,
    kind: str | None = None,
) -> tuple[PlaceRecord, ...]:
    """List places of one day by level and code.

    Parameters
    ----------
    as_of
        The day; None is today in Asia/Shanghai.
    level, kind
        Keep only these; None keeps all.
    """
    tree = place_tree(session, viewer, as_of=as_of)
    chosen = (
        r
        for r in tree.records.values()
        if (level is None or r.level == level) and (kind is None or r.kind == kind)
    )
    return tuple(sorted(chosen, key=lambda r: (r.level, r.code)))


def find_place(
    session: Session, viewer: Viewer, *, level: str, code: str, as_of: date | None = None
) -> PlaceRecord:
    """Give one place of one day.

    Raises
    ------
    RecordNotFound
        ``no_such_place``: no place of that level and code that this viewer may see on that day.
    """
    found = place_tree(session, viewer, as_of=as_of).by_code(level).get(code)
    if found is None:
        raise RecordNotFound("no_such_place", level=level, place=code)
    return found


def shapes_of(
    session: Session, place_ids: Iterable[int], *, as_of: date
) -> dict[int, BaseGeometry]:
    """Give the shapes (EPSG:4326) of places on one day, by key; those without one are left out."""
    wanted = set(place_ids)
    rows = session.execute(
        select(Boundary.place_id, Boundary.geom)
        .join(Place, Place.id == Boundary.place_id)
        .where(is_valid_on(as_of), Boundary.geom.is_not(None))
        .where(Place.level.in_(_levels_of(session, wanted)))
    )
    return {row.place_id: row.geom for row in rows if row.place_id in wanted}


def _levels_of(session: Session, place_ids: set[int]) -> set[str]:
    rows = session.execute(select(Place.id, Place.level))
    return {row.level for row in rows if row.id in place_ids}


def boundary_dates(session: Session, *, level: str | None = None) -> tuple[date, ...]:
    """List every day on which a boundary begins or ends, oldest first.

    Between two of them nothing changes: counting on the grids of the time of each event needs one
    set of grids for each span.
    """
    found: set[date] = set()
    for column in (Boundary.valid_from, Boundary.valid_to):
        query = select(column).where(column.is_not(None)).distinct()
        if level is not None:
            query = query.join(Place, Place.id == Boundary.place_id).where(Place.level == level)
        found.update(day for day in session.scalars(query) if day is not None)
    return tuple(sorted(found))


def code_history(
    session: Session, viewer: Viewer, *, code: str | None = None
) -> tuple[CodePeriod, ...]:
    """List which place bore which code when; with `code`, of the places that ever bore it."""
    query = select(PlaceCode, Place.code).join(Place, Place.id == PlaceCode.place_id)
    if code is not None:
        other = aliased(PlaceCode)
        query = query.where(
            PlaceCode.place_id.in_(select(other.place_id).where(other.code == code))
        )
    own = _limits(session, viewer)
    periods = [
        CodePeriod(row.level, row.code, row.place_id, current, row.valid_from, row.valid_to)
        for row, current in session.execute(query)
        if own is None or row.place_id in own
    ]
    return tuple(sorted(periods, key=lambda p: (p.level, p.valid_from or date.min, p.code)))


def _limits(session: Session, viewer: Viewer) -> frozenset[int] | None:
    """Keys of the places that the viewer may read; none when all."""
    return None if viewer.sees_everything else place_tree(session, viewer).own


def street_rows(session: Session) -> list[Any]:
    """Give (external_id, name, street_class, length_m, geom) of every street line."""
    query = select(
        Street.external_id, Street.name, Street.street_class, Street.length_m, Street.geom
    )
    return list(session.execute(query.order_by(Street.id)).all())


def compound_rows(session: Session) -> list[Any]:
    """Give (external_id, name, kind, household_count, resident_count, geom) of every compound."""
    query = select(
        Compound.external_id,
        Compound.name,
        Compound.kind,
        Compound.household_count,
        Compound.resident_count,
        Compound.geom,
    )
    return list(session.execute(query.order_by(Compound.id)).all())


def _versions() -> Select[*tuple[Any, ...]]:
    query = select(
        Place.id.label("place_id"),
        Place.level,
        Place.kind,
        Place.code,
        Place.name,
        Place.office_phone,
        Boundary.id.label("boundary_id"),
        Boundary.parent_id,
        Boundary.station_id,
        Boundary.household_count,
        Boundary.resident_count,
        Boundary.area_m2,
        Boundary.valid_from,
        Boundary.valid_to,
        Boundary.attributes,
    )
    return query.join(Boundary, Boundary.place_id == Place.id)


def _record(row: Any, code_of: Mapping[int, str]) -> PlaceRecord:  # noqa: ANN401 - a result row
    return PlaceRecord(
        id=row.place_id,
        level=row.level,
        kind=row.kind,
        code=code_of.get(row.place_id, row.code),
        name=(row.attributes or {}).get(FORMER_NAME, row.name),
        parent_code=code_of.get(row.parent_id) if row.parent_id is not None else None,
        station_code=code_of.get(row.station_id) if row.station_id is not None else None,
        household_count=row.household_count,
        resident_count=row.resident_count,
        area_m2=row.area_m2,
        valid_from=row.valid_from,
        valid_to=row.valid_to,
        office_phone=row.office_phone,
        estimated=tuple((row.attributes or {}).get("estimated", ())),
    )


def _codes_on(session: Session, day: date) -> dict[int, str]:
    rows = session.execute(
        select(PlaceCode.place_id, PlaceCode.code, PlaceCode.valid_from).where(
            or_(PlaceCode.valid_from.is_(None), PlaceCode.valid_from <= day),
            or_(PlaceCode.valid_to.is_(None), PlaceCode.valid_to > day),
        )
    ).all()
    # a code that a place took up again holds from its first day: what it bore in between wins
    in_order = sorted(rows, key=lambda row: row.valid_from or date.min)
    return {row.place_id: row.code for row in in_order}


def _own_places(
    viewer: Viewer,
    code_of: Mapping[int, str],
    parent_of: Mapping[int, int | None],
    station_of: Mapping[int, int | None],
) -> set[int]:
    if viewer.sees_everything:
        return set(code_of)
    below: dict[int, list[int]] = defaultdict(list)
    for above_of in (parent_of, station_of):
        for place_id, above in above_of.items():
            if above is not None:
                below[above].append(place_id)
    areas = set(viewer.areas)
    waiting = [place_id for place_id, code in code_of.items() if code in areas]
    own: set[int] = set()
    while waiting:
        place_id = waiting.pop()
        if place_id not in own:
            own.add(place_id)
            waiting.extend(below[place_id])
    return own


def _above(
    own: set[int], parent_of: Mapping[int, int | None], station_of: Mapping[int, int | None]
) -> set[int]:
    found: set[int] = set()
    waiting = list(own)
    while waiting:
        place_id = waiting.pop()
        for above in (parent_of.get(place_id), station_of.get(place_id)):
            if above is not None and above not in found:
                found.add(above)
                waiting.append(above)
    return found
