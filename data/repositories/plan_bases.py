"""Read the grids that plans stand on, take them down once, and tell what changed since.

Used by the other repositories of plans and by `data.planning`.
Knows nothing of edits. Only base grids with a shape are planned.
"""

import hashlib
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from datetime import date, datetime
from typing import Any, Final

import shapely
from sqlalchemy import insert, select
from sqlalchemy.orm import Session

from data.errors import AccessRefused, RecordNotFound
from data.models import Place, PlaceCode, PlanBase, PlanGrid, Revision
from data.repositories.place_writes import as_multi
from data.repositories.places import PlaceRecord, PlaceTree, place_tree, shapes_of
from data.repositories.plan_records import BaseGrid, BaseKind
from data.viewer import Viewer
from data.vocabulary import GridKind, PlaceLevel

LATEST: Final = date(9999, 12, 30)
"""A day after every change that is known: the grids that hold until further."""


@dataclass(frozen=True, slots=True)
class BaseChanges:
    """What became of the grids of a base: codes, sorted.

    Attributes
    ----------
    gone, added
        Are no more; came.
    shape, parent
        Have another boundary; lie in another community.
    content
        Only name or counts differ.
    """

    gone: tuple[str, ...] = ()
    added: tuple[str, ...] = ()
    shape: tuple[str, ...] = ()
    parent: tuple[str, ...] = ()
    content: tuple[str, ...] = ()

    @property
    def ground(self) -> tuple[str, ...]:
        """Codes whose ground is not what the plan was drawn on."""
        return tuple(sorted({*self.gone, *self.added, *self.shape, *self.parent}))


def grids_on(
    session: Session, viewer: Viewer, *, as_of: date, scope_code: str | None = None
) -> tuple[BaseGrid, ...]:
    """Give the base grids of one day that have a shape, by code.

    Parameters
    ----------
    viewer
        Grids of the viewer's areas only.
    scope_code
        Code of a place: only the grids below it.

    Raises
    ------
    RecordNotFound
        `plan_scope_unknown`: no place of that code on that day.
    """
    tree = place_tree(session, viewer, as_of=as_of)
    chosen = chosen_grids(tree, scope_code)
    shapes = shapes_of(session, (r.id for r in chosen), as_of=as_of)
    return tuple(
        BaseGrid(
            code=r.code,
            name=r.name,
            parent_code=r.parent_code,
            household_count=r.household_count,
            resident_count=r.resident_count,
            estimated=r.estimated,
            shape=shapes[r.id],
        )
        for r in chosen
        if r.id in shapes and not shapes[r.id].is_empty
    )


def chosen_grids(tree: PlaceTree, scope_code: str | None) -> tuple[PlaceRecord, ...]:
    """Give the base grids of a tree below one place, by code (see `grids_on`)."""
    grids = [
        tree.records[key]
        for key in tree.own
        if tree.records[key].level == PlaceLevel.GRID.value
        and tree.records[key].kind == GridKind.BASE.value
    ]
    if scope_code is not None:
        known = {r.code for r in tree.records.values() if r.level != PlaceLevel.GRID.value}
        if scope_code not in known:
            raise RecordNotFound("plan_scope_unknown", scope=scope_code)
        grids = [r for r in grids if scope_code in _codes_above(tree, r.id)]
    return tuple(sorted(grids, key=lambda r: r.code))


def _codes_above(tree: PlaceTree, place_id: int) -> set[str]:
    return {r.code for r in tree.ancestors(place_id).values()} | {tree.station_code(place_id) or ""}


def key_of(grids: Iterable[BaseGrid]) -> str:
    """Return the hash of codes, parents and shapes, in the order of the codes."""
    return _digest(grids, with_content=False)


def content_key_of(grids: Iterable[BaseGrid]) -> str:
    """Return the hash of everything that a base keeps."""
    return _digest(grids, with_content=True)


def _digest(grids: Iterable[BaseGrid], *, with_content: bool) -> str:
    taken = hashlib.sha256()
    for grid in sorted(grids, key=lambda g: g.code):
        words: tuple[Any, ...] = (grid.code, grid.parent_code)
        if with_content:
            words += _content(grid)
        taken.update(repr(words).encode())
        taken.update(shapely.to_wkb(as_multi(grid.shape), include_srid=False))
    return taken.hexdigest()


def _content(grid: BaseGrid) -> tuple[Any, ...]:
    return (grid.name, grid.household_count, grid.resident_count, tuple(grid.estimated))


def changes_between(before: Sequence[BaseGrid], after: Sequence[BaseGrid]) -> BaseChanges:
    """Tell what differs between two sets of grids."""
    old, new = {g.code: g for g in before}, {g.code: g for g in after}
    both = sorted(old.keys() & new.keys())
    shape = [
        c
        for c in both
        if shapely.to_wkb(as_multi(old[c].shape)) != shapely.to_wkb(as_multi(new[c].shape))
    ]
    return BaseChanges(
        gone=tuple(sorted(old.keys() - new.keys())),
        added=tuple(sorted(new.keys() - old.keys())),
        shape=tuple(shape),
        parent=tuple(c for c in both if old[c].parent_code != new[c].parent_code),
        content=tuple(c for c in both if _content(old[c]) != _content(new[c])),
    )


@dataclass(frozen=True, slots=True)
class BaseSource:
    """Where the grids of a base come from."""

    kind: BaseKind
    base_on: date | None = None
    scope_code: str | None = None
    file_name: str | None = None


def save_base(
    session: Session, source: BaseSource, grids: Sequence[BaseGrid], *, at: datetime
) -> PlanBase:
    """Take grids down, or give the base that already holds the same."""
    key, content_key = key_of(grids), content_key_of(grids)
    known = session.scalars(
        select(PlanBase).where(
            PlanBase.key == key,
            PlanBase.content_key == content_key,
            PlanBase.kind == source.kind.value,
            PlanBase.base_on == source.base_on,
            PlanBase.scope_code == source.scope_code,
        )
    ).first()
    if known is not None:
        return known
    base = PlanBase(
        kind=source.kind.value,
        base_on=source.base_on,
        scope_code=source.scope_code,
        key=key,
        content_key=content_key,
        file_name=source.file_name,
        created_at=at,
        seen_revision=places_revision(session) if source.kind is BaseKind.LATEST else None,
    )
    session.add(base)
    session.flush()
    rows = [
        {
            "base_id": base.id,
            "code": grid.code,
            "name": grid.name,
            "parent_code": grid.parent_code,
            "household_count": grid.household_count,
            "resident_count": grid.resident_count,
            "estimated": list(grid.estimated) or None,
            "geom": as_multi(grid.shape),
        }
        for grid in grids
    ]
    if rows:
        session.execute(insert(PlanGrid), rows)
    return base


def base_grids(session: Session, base_id: int) -> tuple[BaseGrid, ...]:
    """Give the grids of a base, by code."""
    table = PlanGrid.__table__.c
    rows = session.execute(
        select(
            table.code,
            table.name,
            table.parent_code,
            table.household_count,
            table.resident_count,
            table.estimated,
            table.geom,
        ).where(table.base_id == base_id)
    )
    found = (BaseGrid(r[0], r[1], r[2], r[3], r[4], tuple(r[5] or ()), r[6]) for r in rows)
    return tuple(sorted(found, key=lambda grid: grid.code))


def places_revision(session: Session) -> int:
    """Give the revision of the set `places`; 0 before the first change."""
    found = session.scalar(select(Revision.number).where(Revision.name == "places"))
    return int(found or 0)


def changes_since(
    session: Session, viewer: Viewer, base_id: int, *, remember: bool = False
) -> BaseChanges:
    """Tell how the latest grids of the store differ from a base that was taken of them.

    Nothing is read while the revision of `places` is what it was when both were last the same.

    Parameters
    ----------
    remember
        Write down that both are the same (in a write session).
    """
    base = session.get_one(PlanBase, base_id)
    revision = places_revision(session)
    if base.seen_revision == revision:
        return BaseChanges()
    try:
        now = grids_on(session, full_sight(viewer), as_of=LATEST, scope_code=base.scope_code)
    except RecordNotFound:  # the place that was planned has ended with all its grids
        now = ()
    if content_key_of(now) == base.content_key:
        if remember:
            base.seen_revision = revision
        return BaseChanges()
    return changes_between(base_grids(session, base_id), now)


def full_sight(viewer: Viewer) -> Viewer:
    """Give the same person without limits of area: a plan is seen whole, its scope is the limit."""
    return Viewer(viewer.name, viewer.role, viewer.level)


def require_scope(session: Session, viewer: Viewer, scope_code: str | None) -> None:
    """Refuse a plan beyond the viewer's areas.

    Raises
    ------
    AccessRefused
        `plan_scope_refused`.
    """
    if viewer.sees_everything:
        return
    tree = place_tree(session, viewer, as_of=LATEST)
    if scope_code is None or scope_code not in {tree.records[k].code for k in tree.own}:
        raise AccessRefused("plan_scope_refused", scope=scope_code or "", areas=viewer.areas)


def borne_codes(session: Session) -> Mapping[str, int]:
    """Give every code that a grid ever bore, with the key of its place."""
    level = PlaceLevel.GRID.value
    own = session.execute(select(Place.code, Place.id).where(Place.level == level))
    former = session.execute(
        select(PlaceCode.code, PlaceCode.place_id).where(PlaceCode.level == level)
    )
    return {code: key for rows in (own, former) for code, key in rows}
