"""Write the whole wall as one value that the browser draws: title, tiles, panels, feeds, faults.

Used by the wall screen.
Knows nothing of Streamlit and of single records; what it says is at display level WALL.
"""

from __future__ import annotations

import hashlib
import json
from datetime import UTC, datetime, timedelta
from typing import TYPE_CHECKING, Any, Final

from dashboard.components import wall_rows as rows
from dashboard.components.formats import moment
from dashboard.components.wall_grid_rows import (
    FOLLOW_SECONDS,
    FOLLOW_SETTING,
    arrival_values,
    grid_scenes,
)
from dashboard.components.wall_map import GRADES, HAZARDS
from dashboard.text.numbers import whole
from data.config import DEFAULT_TZ
from data.vocabulary import EventLayer, ProgrammeStatus

if TYPE_CHECKING:
    from collections.abc import Mapping

    from dashboard.cache.wall import Content, Fault, WallState
    from dashboard.text import Words

PROGRAMME: Final = "programme"
TARGETS: Final = "targets"
SCENE_SECONDS: Final = 15
LIMITS_SETTING: Final = "wall_limit_minutes"
FEED_LIMITS: Final = {
    "incidents": 30,
    "hazards": 60,
    "disputes": 120,
    "people": 1440,
    "imports": 1440,
}
"""Minutes after which a feed is too old, where the store's settings do not say otherwise."""
_MS: Final = 1000


def picture_value(content: Content, words: Words) -> dict[str, Any]:
    """Write everything that depends on the picture alone."""
    picture, held = content.picture, content.settings
    hazards = picture.cases[EventLayer.HAZARDS]
    span = words(
        "wall.span",
        since=moment(picture.moment.since, picture.moment.tz)[:10],
        until=moment(picture.moment.until - timedelta(microseconds=1), picture.moment.tz)[:10],
        n=whole(picture.change.numerator),
        change=rows.change_text(words, picture.change),
    )
    left = [
        rows.panel("kinds", words("wall.kinds"), rows.kind_rows(words, picture.kinds), note=span),
        rows.panel(
            "hours",
            words("wall.hours"),
            rows.hour_rows(words, picture.hours),
            form="curve",
            note=_hours_note(content, words),
        ),
    ]
    first = [
        rows.panel("funnel", words("wall.funnel"), rows.funnel_rows(words, hazards)),
        rows.panel("overdue", words("wall.overdue"), rows.overdue_rows(words, picture.units)),
        rows.panel("ranking", words("wall.ranking"), rows.ranking_rows(picture.units)),
    ]
    return {
        "title": _title(content, words),
        "subtitle": _subtitle(content, words),
        "notice": words("wall.synthetic") if held.get("scenario") else "",
        "tz": picture.moment.tz,
        "tiles": rows.tile_values(words, picture),
        "left": left,
        "scenes": [
            {"key": HAZARDS, "title": words("wall.scene_hazards"), "panels": first},
            *grid_scenes(content, words),
            *_programme(content, words),
            *_grades(content, words),
        ],
        "arrivals": arrival_values(content, words),
        "follow_seconds": 0 if held.get(FOLLOW_SETTING) is False else FOLLOW_SECONDS,
        "limits": _limits(held),
    }


def board_value(
    state: WallState, picture: Mapping[str, Any] | None, words: Words, now: datetime
) -> dict[str, Any]:
    """Add to a picture what belongs to this beat: the server's clock, the feeds, a fault.

    Parameters
    ----------
    picture
        Value of `picture_value`; None before the first one of this process.
    """
    empty = {
        "title": words("wall.title_plain"), "subtitle": "", "notice": "", "tz": DEFAULT_TZ,
        "tiles": [], "left": [], "scenes": [], "limits": FEED_LIMITS,
        "arrivals": [], "follow_seconds": 0,
    }  # fmt: skip
    made: dict[str, Any] = {**empty, **(picture or {})}
    limits = made.pop("limits")
    changed = {feed.name: feed.changed_at for feed in state.feeds}
    made |= {
        "language": words.language,
        "scene_seconds": SCENE_SECONDS,
        "feeds": [
            {
                "key": name,
                "label": words(f"wall.feed_{name}"),
                "at_ms": _milliseconds(changed.get(name)),
                "limit_minutes": limit,
            }
            for name, limit in limits.items()
        ],
        "words": {
            name: words(f"wall.{name}")
            for name in (
                "feeds", "ago_minutes", "ago_hours", "ago_days", "never", "over", "within", "lost",
            )
        },
        "fault": _fault(state.fault, words),
    }  # fmt: skip
    told = json.dumps(made, ensure_ascii=False, sort_keys=True).encode()
    return made | {
        "rev": hashlib.blake2b(told, digest_size=8).hexdigest(),
        "stamp_ms": _milliseconds(now),
        "picture_ms": _milliseconds(state.checked_at),
    }


def _hours_note(content: Content, words: Words) -> str:
    """Say over which days a typical day is counted, and how many incidents it has."""
    at, hours = content.picture.moment, content.picture.hours
    days = (at.until - at.since) / timedelta(days=1)
    if not sum(hours) or days <= 0:
        return words("wall.hours_none")
    return words(
        "wall.hours_note",
        since=moment(at.since, at.tz)[:10],
        until=moment(at.until - timedelta(microseconds=1), at.tz)[:10],
        mean=f"{sum(hours) / days:.1f}" if sum(hours) >= 0.1 * days else "<0.1",
    )


def _title(content: Content, words: Words) -> str:
    picture, held = content.picture, content.settings
    titles = held.get("scenario_title")
    if picture.area is not None:
        place = picture.area.name
    elif isinstance(titles, dict) and titles.get(words.language):
        place = str(titles[words.language])
    else:
        tops = [area.name for area in content.town.areas if area.level == "subdistrict"]
        place = tops[0] if len(tops) == 1 else ""
    if ":" in place:  # a title of its own
        return place
    return words("wall.title", place=place) if place else words("wall.title_plain")


def _subtitle(content: Content, words: Words) -> str:
    at = content.picture.moment
    if at.as_of_on is not None:
        return words("wall.as_of", at=moment(at.at, at.tz))
    return words("wall.live")


def _programme(content: Content, words: Words) -> list[dict[str, Any]]:
    programme = content.programme
    if programme.is_empty:
        return []
    chips = rows.programme_rows(words, programme)
    in_place = sum(tile.status == ProgrammeStatus.IN_PLACE for tile in programme.tiles)
    note = words("wall.in_place", n=in_place, total=len(programme.tiles))
    made = {
        PROGRAMME: [
            rows.panel("tiles", words("wall.programme"), chips, form="chips", note=note),
            rows.panel("standing", words("wall.standing"), rows.standing_rows(words, programme)),
        ],
        TARGETS: [
            rows.panel(
                "targets",
                words("wall.targets"),
                rows.target_rows(words, programme.targets),
                note=words("wall.targets_note"),
            )
        ],
    }
    kept = {key: [one for one in panels if one["rows"]] for key, panels in made.items()}
    return [
        {"key": key, "title": words(f"wall.scene_{key}"), "panels": panels}
        for key, panels in kept.items()
        if panels
    ]


def _grades(content: Content, words: Words) -> list[dict[str, Any]]:
    month = content.programme.grade_month
    if month is None:
        return []
    title = words("wall.grades", month=f"{month:%Y-%m}")
    chips = rows.grade_rows(words, content)
    panels = [rows.panel("grades", title, chips, form="chips")]
    return [{"key": GRADES, "title": words("wall.scene_grades"), "panels": panels}]


def _limits(held: Mapping[str, Any]) -> dict[str, int]:
    """Take the limits of the store's settings where they are whole positive minutes."""
    own = held.get(LIMITS_SETTING)
    wanted = own if isinstance(own, dict) else {}
    return {
        name: wanted[name] if isinstance(wanted.get(name), int) and wanted[name] > 0 else limit
        for name, limit in FEED_LIMITS.items()
    }


def _fault(fault: Fault | None, words: Words) -> str | None:
    if fault is None:
        return None
    return words("wall.fault", reason=words.error(fault.code, fault.fields))


def _milliseconds(at: datetime | None) -> int | None:
    return None if at is None else int(at.astimezone(UTC).timestamp() * _MS)
