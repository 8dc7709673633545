"""Say at which post what waits lies, and which grids close least on time.

Used by `dashboard.viewmodels.handover`. Knows nothing of languages.

Responsible is the post of the level at which a case lies: the grid's own member, the community's
beat officer, else the place above by its name. On-time closing is K12 of the figures, for a grid:
closed by the limit, of all that were closed with a limit or are open past it.
"""

from __future__ import annotations

from collections import defaultdict
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from typing import TYPE_CHECKING, Final

import numpy as np

from data.counting import moment64
from data.lifecycle import Light
from data.repositories.case_arrays import case_arrays
from data.repositories.cases import LIGHTS
from data.repositories.people import list_posts
from data.repositories.places import list_places
from data.vocabulary import (
    CLOSED_STATES,
    UNCOUNTED_STATES,
    CaseLevel,
    Position,
)

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

    from numpy.typing import NDArray
    from sqlalchemy.orm import Session

    from dashboard.viewmodels.town import Town
    from data.counting import Placed
    from data.repositories.people import PostRecord
    from data.viewer import Viewer
    from data.vocabulary import EventLayer

WORST: Final = 3
LEAST_BASE: Final = 5
"""Grids with fewer cases to judge by are not ranked."""
WORST_DAYS: Final = 365
_CLOSED: Final = frozenset(state.value for state in CLOSED_STATES)
_UNCOUNTED: Final = frozenset(state.value for state in UNCOUNTED_STATES)
_POSITIONS: Final = (
    Position.FULL_TIME_MEMBER, Position.GRID_LEADER, Position.PART_TIME_MEMBER,
    Position.BEAT_CHIEF, Position.BEAT_OFFICER, Position.DEPUTY_SECRETARY,
)  # fmt: skip


@dataclass(frozen=True)
class PostLoad:
    """What waits at one post.

    Attributes
    ----------
    level, code, place
        Where the post is; an empty code: cases that lie in no grid.
    position
        Of the post; empty where the place has none.
    is_filled
        Whether somebody does its work today.
    due_at
        When the next of them is due that is not late yet; None without one.
    """

    level: str
    code: str
    place: str
    position: str
    is_filled: bool
    waiting: int
    red: int
    yellow: int
    due_at: datetime | None


@dataclass(frozen=True)
class WorstGrid:
    """A grid's share of cases closed on time, with what it is made of.

    Attributes
    ----------
    on_time, base
        Closed by the limit; closed with a limit or open past it.
    open_late
        Of the base: open past the limit.
    """

    code: str
    name: str
    on_time: int
    base: int
    open_late: int

    @property
    def share(self) -> float:
        """Share closed on time."""
        return self.on_time / self.base


def worst_grids(layers: Sequence[Placed], now: datetime) -> tuple[WorstGrid, ...]:
    """Give the grids with the lowest share of cases closed on time.

    Counted are cases found in the last 365 days before `now`, void and declined ones left out.
    Grids with a base under `LEAST_BASE` are not ranked; ties go to the larger base, then the code.
    """
    until, since = moment64(now), moment64(now - timedelta(days=WORST_DAYS))
    counts: dict[str, list[int]] = defaultdict(lambda: [0, 0, 0])
    names: dict[str, str] = {}
    for placed in layers:
        events = placed.events
        asked = (events.occurred_at >= since) & (events.occurred_at < until)
        asked &= ~events.status.is_in(_UNCOUNTED) & ~np.isnat(events.due_at)
        asked &= placed.position >= 0
        is_closed = events.status.is_in(_CLOSED)
        limited = asked & is_closed & events.time_is_sound
        late = asked & ~is_closed & (events.due_at <= until)
        on_time = limited & (events.closed_at <= events.due_at)
        size = len(placed.grids)
        for slot, mask in enumerate((on_time, limited | late, late)):
            for row, n in enumerate(np.bincount(placed.position[mask], minlength=size).tolist()):
                counts[str(placed.grids.index[row])][slot] += n
        for code, name in zip(placed.grids.index, placed.grids["name"], strict=True):
            names[str(code)] = str(name or code)
    ranked = [
        WorstGrid(code, names[code], *found)
        for code, found in counts.items()
        if found[1] >= LEAST_BASE
    ]
    return tuple(sorted(ranked, key=lambda grid: (grid.share, -grid.base, grid.code))[:WORST])


def post_loads(
    session: Session,
    viewer: Viewer,
    held: tuple[Town, Mapping[EventLayer, Placed]],
    waiting: Mapping[EventLayer, tuple[NDArray[np.int64], NDArray[np.int8]]],
) -> tuple[PostLoad, ...]:
    """Count what waits by responsible post: the most late first, then the most waiting.

    Parameters
    ----------
    waiting
        Layer → rows of its placed events that wait, and their lights.
    """
    town, placed = held
    found: dict[tuple[str, str], list[tuple[int, int]]] = defaultdict(list)
    for layer, (rows, lights) in waiting.items():
        stages = case_arrays(session, viewer, layer)
        stands = np.array([*stages.level.labels, None], dtype=object)[stages.level.codes]
        levels = dict(zip(stages.ids.tolist(), stands.tolist(), strict=True))
        due = placed[layer].events.due_at
        for row, light in zip(rows.tolist(), lights.tolist(), strict=True):
            number = int(placed[layer].events.ids[row])
            key = _responsible(town, placed[layer], row, levels.get(number))
            ms = -1 if np.isnat(due[row]) else int(due[row].astype("datetime64[ms]").astype(int))
            found[key].append((light, ms))
    posts: dict[tuple[str, str], list[PostRecord]] = defaultdict(list)
    for post in list_posts(session, viewer, as_of=town.as_of):
        posts[post.place_level, post.place_code].append(post)
    names = {
        (place.level, place.code): place.name
        for place in list_places(session, viewer, as_of=town.as_of)
    }
    loads = [
        _load(key, cases, posts[key], names.get(key) or town.name(*key) or key[1])
        for key, cases in found.items()
    ]
    return tuple(sorted(loads, key=lambda load: (-load.red, -load.waiting, load.level, load.code)))


def _responsible(town: Town, placed: Placed, row: int, level: str | None) -> tuple[str, str]:
    """Level and code of the place that has to act; an empty code in no grid."""
    at = level or CaseLevel.GRID.value
    position = int(placed.position[row])
    if position < 0:
        return at, ""
    code = str(placed.grids.index[position])
    if at == CaseLevel.GRID.value:
        return str(town.level), code
    column = f"{at}_code"
    if column not in town.units.columns or code not in town.units.index:
        return at, ""
    return at, str(town.units[column][code] or "")


def _load(
    key: tuple[str, str], cases: Sequence[tuple[int, int]], posts: Sequence[PostRecord], name: str
) -> PostLoad:
    level, code = key
    red, yellow = LIGHTS.index(Light.RED), LIGHTS.index(Light.YELLOW)
    due = [ms for light, ms in cases if ms >= 0 and light != red]
    post = next((p for place in _POSITIONS for p in posts if p.position == place.value), None)
    return PostLoad(
        level=level,
        code=code,
        place=name,
        position=post.position if post else "",
        is_filled=post is not None and post.filled_count > 0,
        waiting=len(cases),
        red=sum(light == red for light, _ in cases),
        yellow=sum(light == yellow for light, _ in cases),
        due_at=datetime.fromtimestamp(min(due) / 1000, UTC) if due else None,
    )
