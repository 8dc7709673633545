"""Make the grids of a plan the grids of the store from a day on, and keep the crosswalk.

Used by `data.planning`, in its write transaction. Former boundaries are closed on that day and new
ones opened; codes that end are never given to another place; whoever sat at a grid that ended is
listed, not ended. Knows nothing of edits.
"""

from collections.abc import Mapping, Sequence
from typing import Any, Final, NamedTuple
from zoneinfo import ZoneInfo

import shapely
from sqlalchemy import func, or_, select
from sqlalchemy.orm import Session

from data.config import DEFAULT_TZ
from data.database import bump_revision
from data.errors import DataError
from data.models import Boundary, Crosswalk, Place, PlaceCode, Plan, PlanBase
from data.repositories.fingerprints import content_hash
from data.repositories.people import list_posts
from data.repositories.place_writes import as_multi, keep_name
from data.repositories.places import place_tree
from data.repositories.plan_bases import (
    base_grids,
    borne_codes,
    changes_since,
    full_sight,
)
from data.repositories.plan_records import (
    BaseKind,
    Orphan,
    PlannedGrid,
    PlanStatus,
    Publication,
    Published,
    masked,
)
from data.repositories.plan_writes import Turn, locked_plan, mark_changed, require_same_ground
from data.viewer import Viewer
from data.vocabulary import TREE_LEVELS, GridKind, PlaceLevel

_LISTED: Final = 20
_GRID: Final = PlaceLevel.GRID.value


class _Aim(NamedTuple):
    """A planned grid, the place it is (None: a new one) and the version that holds so far."""

    grid: PlannedGrid
    place_id: int | None
    current: Boundary | None


def publish_grids(
    session: Session, viewer: Viewer, turn: Turn, publication: Publication
) -> Published:
    """Publish an approved plan.

    Raises
    ------
    DataError
        `plan_not_approved`, `plan_is_template`, `plan_reason_required` (a past day),
        `plan_base_changed` (another plan was published, or grids were imported, meanwhile),
        `plan_counts_changed`, `plan_spans_overlap`, `plan_code_retired`, `plan_code_taken`,
        `plan_unknown_parent`, `plan_changes_nothing`.
    PlanConflict
        `plan_changed`.
    """
    plan = locked_plan(session, viewer, turn)
    _require_publishable(plan, turn, publication)
    require_same_ground(session, viewer, plan)
    run = _Run(session, viewer, plan, publication)
    orphans = run.orphans()
    run.write()
    _keep_crosswalk(session, plan, publication)
    plan.status, plan.reason = PlanStatus.PUBLISHED.value, masked(publication.reason)
    plan.effective_on = publication.effective_on
    plan.published_by, plan.published_at = viewer.name, turn.at
    detail = {
        "effective": publication.effective_on.isoformat(),
        "changed": len(run.changed),
        "added": [aim.grid.code for aim in run.added][:_LISTED],
        "retired": run.retired[:_LISTED],
        "orphans": len(orphans),
    }
    bump_revision(session, "places")
    record = mark_changed(session, viewer, plan, "publish", detail, turn.at)
    return Published(
        plan=record,
        changed=tuple(sorted(aim.grid.code for aim in run.changed)),
        added=tuple(sorted(aim.grid.code for aim in run.added)),
        retired=tuple(run.retired),
        renumbered=tuple(run.renumbered),
        orphans=orphans,
    )


def _require_publishable(plan: Plan, turn: Turn, publication: Publication) -> None:
    if plan.is_template:
        raise DataError("plan_is_template", plan=plan.name)
    if plan.status != PlanStatus.APPROVED.value:
        raise DataError("plan_not_approved", plan=plan.name, status=plan.status)
    today = turn.at.astimezone(ZoneInfo(DEFAULT_TZ)).date()
    if publication.effective_on < today and masked(publication.reason) is None:
        raise DataError(
            "plan_reason_required", plan=plan.name, effective=publication.effective_on, today=today
        )


def _keep_crosswalk(session: Session, plan: Plan, publication: Publication) -> None:
    session.add_all(
        Crosswalk(
            plan_id=plan.id,
            effective_on=publication.effective_on,
            old_code=row.old_code,
            new_code=row.new_code,
            area_m2=row.area_m2,
            area_share=row.area_share,
            household_share=row.household_share,
            is_estimated=row.is_estimated,
        )
        for row in publication.crosswalk
    )


class _Run:
    """One publication: who is who, what changes, and the writing of it."""

    def __init__(
        self, session: Session, viewer: Viewer, plan: Plan, publication: Publication
    ) -> None:
        self.session, self.viewer, self.plan = session, viewer, plan
        self.day = publication.effective_on
        self.borne = borne_codes(session)
        self.former = {
            self.borne[grid.code]: grid.code for grid in base_grids(session, plan.former_id)
        }
        self.is_file = session.get_one(PlanBase, plan.base_id).kind == BaseKind.FILE.value
        self.places = self._places(publication.grids)
        self.current = self._current()
        aims = [self._aim(grid) for grid in publication.grids]
        self.parents = self._parents(aims)
        self.kept = {aim.place_id for aim in aims if aim.place_id is not None}
        self.gone = {key: code for key, code in self.former.items() if key not in self.kept}
        self.added = [aim for aim in aims if aim.place_id is None]
        self.recoded = [
            (aim.place_id, aim.grid.code)
            for aim in aims
            if aim.place_id is not None and self.places[aim.place_id].code != aim.grid.code
        ]
        self.renumbered = sorted(
            (self.former[key], code) for key, code in self.recoded if key in self.former
        )
        self.changed = [aim for aim in aims if aim.place_id is not None and self._differs(aim)]
        self.renamed = [
            aim
            for aim in aims
            if aim.place_id is not None and self.places[aim.place_id].name != aim.grid.name
        ]
        ground = {aim.place_id for aim in self.changed}
        self.succeeded = [*self.changed, *(a for a in self.renamed if a.place_id not in ground)]
        self.retired = sorted({*self.gone.values(), *(old for old, _ in self.renumbered)})
        if not (self.added or self.changed or self.gone or self.renamed or self.renumbered):
            raise DataError("plan_changes_nothing", plan=plan.name)
        self._require_open_spans()
        self._require_known_counts()

    def _places(self, grids: Sequence[PlannedGrid]) -> dict[int, Place]:
        origins = {self.borne.get(grid.origin) for grid in grids if grid.origin is not None}
        wanted = {key for key in origins if key is not None} | set(self.former)
        rows = self.session.scalars(select(Place).where(Place.level == _GRID))
        return {place.id: place for place in rows if place.id in wanted}

    def _current(self) -> dict[int, Boundary]:
        rows = self.session.scalars(
            select(Boundary)
            .join(Place, Place.id == Boundary.place_id)
            .where(Place.level == _GRID, Boundary.valid_to.is_(None))
        )
        return {row.place_id: row for row in rows if row.place_id in self.places}

    def _aim(self, grid: PlannedGrid) -> _Aim:
        place_id = self.borne.get(grid.origin) if grid.origin is not None else None
        if self.is_file and place_id not in self.former:
            place_id = None
        bearer = self.borne.get(grid.code)
        if bearer is not None and bearer != place_id:
            code = "plan_code_taken" if bearer in self.former else "plan_code_retired"
            raise DataError(code, plan=self.plan.name, grid=grid.code)
        return _Aim(grid, place_id, self.current.get(place_id) if place_id is not None else None)

    def _parents(self, aims: Sequence[_Aim]) -> dict[str, int]:
        tree = place_tree(self.session, full_sight(self.viewer), as_of=self.day)
        order = {level.value: rank for rank, level in enumerate(TREE_LEVELS)}
        above = [r for r in tree.records.values() if r.level in order and r.level != _GRID]
        found = {r.code: r.id for r in sorted(above, key=lambda r: order[r.level])}
        wanted = {aim.grid.parent_code for aim in aims if aim.grid.parent_code is not None}
        unknown = sorted(wanted - found.keys())
        if unknown:
            raise DataError("plan_unknown_parent", parents=unknown[:_LISTED], day=self.day)
        return found

    def _differs(self, aim: _Aim) -> bool:
        now = aim.current
        if now is None or now.geom is None:
            return True
        same = shapely.to_wkb(now.geom) == shapely.to_wkb(as_multi(aim.grid.shape))
        return not same or now.parent_id != self._parent_of(aim.grid)

    def _parent_of(self, grid: PlannedGrid) -> int | None:
        return None if grid.parent_code is None else self.parents[grid.parent_code]

    def _touched(self) -> set[int]:
        renumbered = {self.borne[old] for old, _ in self.renumbered if old in self.borne}
        changed = {aim.place_id for aim in self.succeeded if aim.place_id is not None}
        return changed | set(self.gone) | renumbered

    def _require_open_spans(self) -> None:
        """Refuse where a touched grid changes on that day already, or later."""
        rows = self.session.execute(
            select(Boundary.place_id, func.max(Boundary.valid_from), func.max(Boundary.valid_to))
            .where(or_(Boundary.valid_from >= self.day, Boundary.valid_to > self.day))
            .group_by(Boundary.place_id)
        ).all()
        touched = self._touched()
        clashing = [row for row in rows if row[0] in touched]
        if clashing:
            days = [day for row in clashing for day in row[1:] if day is not None]
            codes = sorted(self.places[row[0]].code for row in clashing)
            raise DataError(
                "plan_spans_overlap",
                plan=self.plan.name,
                codes=codes[:_LISTED],
                count=len(codes),
                effective=self.day,
                later=max(days),
            )

    def _require_known_counts(self) -> None:
        changes = changes_since(self.session, self.viewer, self.plan.former_id)
        touched = self._touched()
        codes = [code for code in changes.content if self.borne.get(code) in touched]
        if codes:
            raise DataError(
                "plan_counts_changed",
                plan=self.plan.name,
                codes=tuple(codes[:_LISTED]),
                count=len(codes),
            )

    def orphans(self) -> tuple[Orphan, ...]:
        """List the posts and the smaller grids of grids that end."""
        if not self.gone:
            return ()
        posts = list_posts(self.session, full_sight(self.viewer), as_of=self.day)
        found = [
            Orphan(
                "post",
                self.gone[post.place_id],
                post.position,
                post.title,
                tuple(duty.holder_title for duty in post.duties),
            )
            for post in posts
            if post.place_id in self.gone
        ]
        below = self.session.execute(
            select(Place.code, Place.name, Boundary.parent_id)
            .join(Place, Place.id == Boundary.place_id)
            .where(
                Boundary.valid_to.is_(None),
                Place.level == _GRID,
                Place.kind != GridKind.BASE.value,
            )
        )
        found += [
            Orphan("grid", self.gone[row.parent_id], row.code, row.name, ())
            for row in below
            if row.parent_id in self.gone
        ]
        return tuple(sorted(found, key=lambda o: (o.grid_code, o.kind, o.code, o.title)))

    def write(self) -> None:
        """Close, then open: two versions of a place never hold at once, not even for a moment."""
        self._close()
        for key, code in self.recoded:
            self._bear(self.places[key], code)
        self._rename()
        self._add_places()
        self.session.flush()

    def _rename(self) -> None:
        """Give the new names; the versions before keep the name that they had."""
        names = {a.place_id: a.grid.name for a in self.renamed if a.place_id is not None}
        if not names:
            return
        versions = self.session.scalars(
            select(Boundary).join(Place, Place.id == Boundary.place_id).where(Place.level == _GRID)
        )
        before: dict[int, list[Boundary]] = {}
        for version in versions:
            before.setdefault(version.place_id, []).append(version)
        for key, name in names.items():
            keep_name(before.get(key, ()), self.places[key].name)
            self.places[key].name = name

    def _close(self) -> None:
        for key in {*self.gone, *(a.place_id for a in self.succeeded if a.place_id is not None)}:
            if key in self.current:
                self.current[key].valid_to = self.day
        codes = self._code_rows([*self.gone.values(), *(old for old, _ in self.renumbered)])
        for row in codes.values():
            row.valid_to = self.day
        self.session.flush()

    def _code_rows(self, codes: Sequence[str]) -> dict[str, PlaceCode]:
        rows = self.session.scalars(select(PlaceCode).where(PlaceCode.level == _GRID))
        wanted = set(codes)
        return {row.code: row for row in rows if row.code in wanted}

    def _bear(self, place: Place, code: str) -> None:
        """Give a place a code of its own: a new one, or one that it bore before."""
        known = self._code_rows([code]).get(code)
        if known is None:
            self.session.add(
                PlaceCode(place_id=place.id, level=_GRID, code=code, valid_from=self.day)
            )
        else:
            known.valid_to = None
        place.code = code

    def _add_places(self) -> None:
        made = {
            aim.grid.code: Place(
                level=_GRID,
                kind=GridKind.BASE.value,
                code=aim.grid.code,
                name=aim.grid.name,
                source=f"plan:{self.plan.id}",
            )
            for aim in self.added
        }
        self.session.add_all(made.values())
        self.session.flush()
        stations = {code: self._station(key) for key, code in self.former.items()}
        for aim in self.added:
            self._bear(made[aim.grid.code], aim.grid.code)
            self._open(made[aim.grid.code].id, aim, stations)
        revived = [aim.grid.code for aim in self.succeeded if aim.current is None]
        for row in self._code_rows(revived).values():
            row.valid_to = None
        for aim in self.succeeded:
            if aim.place_id is not None:
                self._open(aim.place_id, aim, stations)

    def _station(self, place_id: int) -> int | None:
        current = self.current.get(place_id)
        return None if current is None else current.station_id

    def _open(self, place_id: int, aim: _Aim, stations: Mapping[str, int | None]) -> None:
        grid = aim.grid
        values: dict[str, Any] = {
            "parent_id": self._parent_of(grid),
            "station_id": aim.current.station_id
            if aim.current is not None
            else stations.get(grid.neighbour or ""),
            "household_count": grid.household_count,
            "resident_count": grid.resident_count,
        }
        shape = as_multi(grid.shape)
        marks: dict[str, Any] = {"plan": self.plan.id}
        if grid.estimated:
            marks["estimated"] = sorted(grid.estimated)
        self.session.add(
            Boundary(
                place_id=place_id,
                valid_from=self.day,
                area_m2=grid.area_m2,
                geom=shape,
                content_hash=content_hash(values, shapely.to_wkb(shape)),
                attributes=marks,
                **values,
            )
        )
