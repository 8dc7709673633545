"""Read who holds which post on a day, where somebody is missing, and how far posts are filled.

Used by frames, cards, coverage, KPI and the command line.
Knows nothing of files. A holder on leave without a substitute does not fill a post.
"""

from collections import defaultdict
from collections.abc import Collection, Mapping
from dataclasses import dataclass
from datetime import date
from typing import Any

from shapely.geometry.base import BaseGeometry
from sqlalchemy import Select, select
from sqlalchemy.orm import Session

from data.models import Post, RosterSlot, RosterTemplate
from data.repositories.duty_rows import DutyRecord, duties_on
from data.repositories.places import PlaceTree, place_tree
from data.viewer import Viewer
from data.vocabulary import GridKind, PlaceLevel

__all__ = [
    "Coverage",
    "DutyRecord",
    "PostRecord",
    "RosterState",
    "SlotState",
    "UnitGap",
    "coverage",
    "duty_roster",
    "list_posts",
    "roster_gaps",
]


@dataclass(frozen=True, slots=True)
class PostRecord:
    """A post, who fills it on a day, and its point (EPSG:4326; None where it has none)."""

    id: int
    place_id: int
    place_code: str
    place_name: str
    place_level: str
    position: str
    title: str
    planned_count: int
    office_phone: str | None
    point: BaseGeometry | None
    duties: tuple[DutyRecord, ...]

    @property
    def filled_count(self) -> int:
        """How many people do the work that day."""
        return sum(duty.is_filled for duty in self.duties)


@dataclass(frozen=True, slots=True)
class SlotState:
    """One slot of a staffing pattern at one place."""

    slot: str
    label_zh: str
    label_en: str
    needed: int
    present: int

    @property
    def missing(self) -> int:
        """How many are missing."""
        return max(0, self.needed - self.present)


@dataclass(frozen=True, slots=True)
class RosterState:
    """How one place fills the active staffing pattern of its level; labels are the pattern's."""

    place_id: int
    place_code: str
    place_name: str
    template: str
    slots: tuple[SlotState, ...]
    label_zh: str = ""
    label_en: str = ""

    @property
    def is_complete(self) -> bool:
        """Whether every slot has as many as it needs."""
        return all(slot.missing == 0 for slot in self.slots)


@dataclass(frozen=True, slots=True)
class UnitGap:
    """A unit where nobody fills the positions asked for, and who is on leave there."""

    code: str
    name: str
    on_leave: int


@dataclass(frozen=True, slots=True)
class Coverage:
    """Share of units with at least one filled post.

    Attributes
    ----------
    share
        covered / units; None where there are no units.
    """

    level: str
    positions: tuple[str, ...]
    as_of: date
    units: int
    covered: int
    share: float | None
    gaps: tuple[UnitGap, ...]

    def as_json(self) -> dict[str, Any]:
        """Give the document of `gridbeat coverage`."""
        return {
            "level": self.level,
            "positions": list(self.positions),
            "as_of": self.as_of.isoformat(),
            "units": self.units,
            "covered": self.covered,
            "share": self.share,
            "gaps": [
                {"code": gap.code, "name": gap.name, "on_leave": gap.on_leave} for gap in self.gaps
            ],
        }


def duty_roster(
    session: Session,
    viewer: Viewer,
    *,
    as_of: date | None = None,
    tree: PlaceTree | None = None,
    with_above: bool = False,
) -> tuple[DutyRecord, ...]:
    """List the appointments in force on a day, with leave and substitution resolved.

    A substitute's own row is not listed while the appointment it stands in for is in force: it
    shows as `substitute_title` when that holder is on leave. A substitute who is on leave too
    does not count.

    Parameters
    ----------
    as_of
        The day; None is today in Asia/Shanghai.
    tree
        The viewer's places of the day, where they were read already; `as_of` is then its day.
    with_above
        Also the places above the viewer's areas, for `roster_gaps`.

    Returns
    -------
    tuple of DutyRecord
        Sorted by place, position and title; only places of the viewer's areas.
    """
    here = tree or place_tree(session, viewer, as_of=as_of)
    return duties_on(session, viewer, here, own_only=not with_above)


def list_posts(
    session: Session, viewer: Viewer, *, as_of: date | None = None
) -> tuple[PostRecord, ...]:
    """List every post at a place that exists on a day, filled or not."""
    tree = place_tree(session, viewer, as_of=as_of)
    by_post: dict[int, list[DutyRecord]] = defaultdict(list)
    for duty in duties_on(session, viewer, tree):
        by_post[duty.post_id].append(duty)
    posts = [
        PostRecord(
            id=post.id,
            place_id=post.place_id,
            place_code=tree.records[post.place_id].code,
            place_name=tree.records[post.place_id].name,
            place_level=tree.records[post.place_id].level,
            position=post.position,
            title=post.title,
            planned_count=post.planned_count,
            office_phone=post.office_phone,
            point=post.geom,
            duties=tuple(by_post[post.id]),
        )
        for post in session.execute(_posts())
        if post.place_id in tree.own
    ]
    return tuple(sorted(posts, key=lambda p: (p.place_code, p.position, p.title)))


def roster_gaps(
    session: Session,
    viewer: Viewer,
    *,
    as_of: date | None = None,
    tree: PlaceTree | None = None,
    duties: Collection[DutyRecord] | None = None,
) -> tuple[RosterState, ...]:
    """Compare every place with the active staffing pattern of its level.

    A slot counts the filled appointments of its positions at the place itself and at the places
    above it: a beat officer appointed to a community serves each of its grids. Grid patterns
    speak of base grids.

    Parameters
    ----------
    tree, duties
        The places of the day and the duties at all of them (`duty_roster` with `with_above`),
        where they were read already.

    Returns
    -------
    tuple of RosterState
        Every place of a level that has an active pattern, complete or not, by template and code.
    """
    tree = tree or place_tree(session, viewer, as_of=as_of)
    if duties is None:
        duties = duties_on(session, viewer, tree, own_only=False)
    filled = _filled_by_place(duties)
    states = []
    for template, slots in _templates(session):
        for place_id in tree.own:
            record = tree.records[place_id]
            is_base = record.level != PlaceLevel.GRID.value or record.kind == GridKind.BASE.value
            if record.level != template.level or not is_base:
                continue
            near = [place_id, *(above.id for above in tree.ancestors(place_id).values())]
            shown = tuple(_slot_state(slot, near, filled) for slot in slots)
            named = (template.key, shown, template.label_zh, template.label_en)
            states.append(RosterState(place_id, record.code, record.name, *named))
    return tuple(sorted(states, key=lambda state: (state.template, state.place_code)))


def coverage(
    session: Session,
    viewer: Viewer,
    *,
    level: str,
    positions: Collection[str],
    as_of: date | None = None,
) -> Coverage:
    """Say in how many units of a level at least one of the positions is filled on a day.

    Only appointments to the unit itself count. Of grids, base grids are asked.

    Parameters
    ----------
    positions
        Codes of `data.vocabulary.Position`; empty asks for any position.
    """
    tree = place_tree(session, viewer, as_of=as_of)
    wanted = tuple(sorted(positions))
    covered: set[int] = set()
    on_leave: dict[int, int] = defaultdict(int)
    for duty in duties_on(session, viewer, tree):
        if wanted and duty.position not in wanted:
            continue
        if duty.is_filled:
            covered.add(duty.place_id)
        elif duty.is_on_leave:
            on_leave[duty.place_id] += 1
    units = [
        tree.records[key]
        for key in tree.own
        if tree.records[key].level == level
        and (level != PlaceLevel.GRID.value or tree.records[key].kind == GridKind.BASE.value)
    ]
    bare = sorted((u for u in units if u.id not in covered), key=lambda u: u.code)
    count = len(units) - len(bare)
    return Coverage(
        level=level,
        positions=wanted,
        as_of=tree.as_of,
        units=len(units),
        covered=count,
        share=count / len(units) if units else None,
        gaps=tuple(UnitGap(u.code, u.name, on_leave[u.id]) for u in bare),
    )


def _posts() -> Select[*tuple[Any, ...]]:
    return select(
        Post.id,
        Post.place_id,
        Post.position,
        Post.title,
        Post.planned_count,
        Post.office_phone,
        Post.geom,
    )


def _templates(session: Session) -> list[tuple[RosterTemplate, list[RosterSlot]]]:
    found = []
    for template in session.scalars(select(RosterTemplate).where(RosterTemplate.is_active)):
        slots = session.scalars(
            select(RosterSlot)
            .where(RosterSlot.template_id == template.id)
            .order_by(RosterSlot.sequence)
        )
        found.append((template, list(slots)))
    return found


def _filled_by_place(duties: Collection[DutyRecord]) -> dict[tuple[int, str], int]:
    filled: dict[tuple[int, str], int] = defaultdict(int)
    for duty in duties:
        filled[duty.place_id, duty.position] += duty.is_filled
    return filled


def _slot_state(
    slot: RosterSlot, near: Collection[int], filled: Mapping[tuple[int, str], int]
) -> SlotState:
    present = sum(filled.get((place, position), 0) for place in near for position in slot.positions)
    return SlotState(slot.slot, slot.label_zh, slot.label_en, slot.min_count, present)
