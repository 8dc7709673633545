"""Say which posts are filled on a day: marks on the map, shares per unit, the roster of one unit.

Used by the town and the unit card.
Knows nothing of languages; a slot carries its own label in both, as the operator wrote it.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

from data.repositories.people import list_posts, roster_gaps

if TYPE_CHECKING:
    from collections.abc import Collection, Mapping
    from datetime import date

    from sqlalchemy.orm import Session

    from data.repositories.people import DutyRecord, PostRecord
    from data.viewer import Viewer


@dataclass(frozen=True)
class PostMark:
    """One post: where it belongs, where its holder sits (degrees, EPSG:4326), how it is filled."""

    place_code: str
    place_level: str
    position: str
    title: str
    lon: float | None
    lat: float | None
    planned: int
    filled: int

    @property
    def is_filled(self) -> bool:
        """Whether as many do the work as are planned."""
        return self.filled >= self.planned


@dataclass(frozen=True)
class Staffing:
    """Slots of a unit's staffing pattern (or its posts, without a pattern): filled of planned."""

    filled: int
    planned: int

    @property
    def share(self) -> float | None:
        """Filled of planned; none where nothing is planned."""
        return self.filled / self.planned if self.planned else None


@dataclass(frozen=True)
class RosterLine:
    """One post of a unit and who does the work; `duty` is a code of the card's texts."""

    position: str
    title: str
    holder: str
    duty: str


@dataclass(frozen=True)
class SlotGap:
    """A slot of the staffing pattern and how many are missing."""

    label_zh: str
    label_en: str
    missing: int

    def label(self, language: str) -> str:
        """Label in one language."""
        return self.label_zh if language == "zh" else self.label_en


def posts_of(session: Session, viewer: Viewer, *, as_of: date) -> tuple[PostMark, ...]:
    """List every post of the day."""
    return tuple(_mark(post) for post in list_posts(session, viewer, as_of=as_of))


def staffing_of(
    session: Session, viewer: Viewer, *, codes: Collection[str], as_of: date
) -> Mapping[str, Staffing]:
    """Give filled and planned for each unit that has a pattern or posts of its own."""
    found: dict[str, Staffing] = {}
    for post in list_posts(session, viewer, as_of=as_of):
        if post.place_code in codes:
            held = found.get(post.place_code, Staffing(0, 0))
            filled = min(post.filled_count, post.planned_count)
            found[post.place_code] = Staffing(
                held.filled + filled, held.planned + post.planned_count
            )
    for state in roster_gaps(session, viewer, as_of=as_of):
        if state.place_code in codes:
            planned = sum(slot.needed for slot in state.slots)
            filled = sum(min(slot.present, slot.needed) for slot in state.slots)
            found[state.place_code] = Staffing(filled, planned)
    return found


def roster_of(
    session: Session, viewer: Viewer, *, places: Collection[tuple[str, str]], as_of: date
) -> tuple[tuple[RosterLine, ...], tuple[SlotGap, ...]]:
    """Give the roster of a unit.

    Parameters
    ----------
    places
        (level, code) of the unit, first, and of the community it belongs to, whose officers
        serve it as well.
    """
    posts = [
        post
        for post in list_posts(session, viewer, as_of=as_of)
        if (post.place_level, post.place_code) in places
    ]
    lines = [line for post in posts for line in _lines(post)]
    own = next(iter(places), ("", ""))[1]
    gaps = [
        SlotGap(slot.label_zh, slot.label_en, slot.missing)
        for state in roster_gaps(session, viewer, as_of=as_of)
        if state.place_code == own
        for slot in state.slots
        if slot.missing
    ]
    return tuple(lines), tuple(gaps)


def _mark(post: PostRecord) -> PostMark:
    at = None if post.point is None or post.point.is_empty else post.point.representative_point()
    return PostMark(
        place_code=post.place_code,
        place_level=post.place_level,
        position=post.position,
        title=post.title,
        lon=None if at is None else float(at.x),
        lat=None if at is None else float(at.y),
        planned=post.planned_count,
        filled=min(post.filled_count, post.planned_count),
    )


def _lines(post: PostRecord) -> list[RosterLine]:
    lines = [_line(post, duty) for duty in post.duties]
    empty = max(0, post.planned_count - len(post.duties))
    return lines + [RosterLine(post.position, post.title, "", "vacant")] * empty


def _line(post: PostRecord, duty: DutyRecord) -> RosterLine:
    if duty.substitute_title is not None:
        return RosterLine(post.position, post.title, duty.substitute_title, "substitute")
    state = "on_leave" if duty.is_on_leave else "on_duty"
    return RosterLine(post.position, post.title, duty.holder_title, state)
