"""Write what the wall says of single grids: changes, late closing, the hand-over, fresh incidents.

Used by `dashboard.components.wall_board`.
Knows nothing of the store. A post is named by its position, never by who holds it.
"""

from __future__ import annotations

from datetime import timedelta
from typing import TYPE_CHECKING, Any, Final
from zoneinfo import ZoneInfo

from dashboard.components import wall_rows as rows
from dashboard.components.formats import moment
from dashboard.components.wall_map import CHANGE
from dashboard.text.numbers import percent, whole
from data.vocabulary import EventLayer

if TYPE_CHECKING:
    from collections.abc import Sequence

    from dashboard.cache.wall import Content
    from dashboard.text import Words
    from dashboard.viewmodels.wall_grids import Cover, Handover, LateUnit, UnitChange

HANDOVER: Final = "handover"
FOLLOW_SETTING: Final = "wall_follow"
"""Setting of a store: false keeps its walls' maps still when an incident arrives."""
FOLLOW_SECONDS: Final = 12
_MOST_CHANGES: Final = 4
_MOST_LATE: Final = 3
_MOST_DUE: Final = 2
_LAYERS: Final = (EventLayer.INCIDENTS, EventLayer.HAZARDS, EventLayer.DISPUTES)


def grid_scenes(content: Content, words: Words) -> list[dict[str, Any]]:
    """Give the scenes of changes (where there is anything to compare with) and of the hand-over."""
    made = [{"key": HANDOVER, "panels": _handover_panels(content, words)}]
    if content.grids.changes is not None:
        made.insert(0, {"key": CHANGE, "panels": _change_panels(content, words)})
    return [{**scene, "title": words(f"wall.scene_{scene['key']}")} for scene in made]


def arrival_values(content: Content, words: Words) -> list[dict[str, Any]]:
    """Give the newest incidents: a rising number, the grid's code and one line to say."""
    zone = ZoneInfo(content.picture.moment.tz)
    return [
        {
            "n": one.number,
            "code": one.code,
            "text": words(
                "wall.arrival",
                unit=one.name,
                at=f"{one.at.astimezone(zone):%H:%M}",
                cover=cover_text(words, one.cover),
            ),
        }
        for one in content.grids.arrivals
    ]


def cover_text(words: Words, cover: Cover | None) -> str:
    """Name who answers for a unit by position, with the office phone where one is known."""
    if cover is None:
        return words("wall.cover_none")
    told = words(f"wall.cover_{cover.state}", position=words.label("position", cover.position))
    if cover.office_phone is None:
        return told
    return words("wall.cover_phone", cover=told, phone=cover.office_phone)


def _change_panels(content: Content, words: Words) -> list[rows.Value]:
    changes, tz = content.grids.changes, content.picture.moment.tz
    if changes is None:
        return []
    last = changes.until - timedelta(microseconds=1)
    span = {"since": moment(changes.since, tz)[:10], "until": moment(last, tz)[:10]}
    note = words(f"wall.basis_{changes.basis}", **span)
    up = _change_rows(words, changes.rises, "warn") or [_none(words, "wall.change_none_up")]
    down = _change_rows(words, changes.falls, "good") or [_none(words, "wall.change_none_down")]
    return [
        rows.panel("change_up", words("wall.change_up"), up, note=note),
        rows.panel("change_down", words("wall.change_down"), down),
    ]


def _change_rows(words: Words, units: Sequence[UnitChange], state: str) -> list[rows.Value]:
    sign = "↑" if state == "warn" else "↓"
    return [
        rows.row(
            unit.code,
            unit.name,
            f"{unit.difference:+,}".replace("-", "−"),
            note=_pair(words, unit),
            state=state,
            sign=sign,
        )
        for unit in units[:_MOST_CHANGES]
    ]


def _pair(words: Words, unit: UnitChange) -> str:
    figure = unit.figure
    pair = {"before": whole(figure.denominator), "now": whole(figure.numerator)}
    if figure.value is None:
        return words("wall.change_pair_new", **pair)
    if "small_base" in figure.note:
        return words("wall.change_pair", **pair, change=words("wall.small_base"))
    return words("wall.change_pair", **pair, change=percent(figure.value, signed=True))


def _handover_panels(content: Content, words: Words) -> list[rows.Value]:
    since = moment(content.picture.moment.since, content.picture.moment.tz)[:10]
    late = content.grids.late
    return [
        rows.panel(
            "handover", words("wall.handover_next"), _handover_rows(words, content.grids.handover)
        ),
        rows.panel(
            "late",
            words("wall.late"),
            _late_rows(words, late) or [_none(words, "wall.late_none")],
            note=words("wall.late_note", since=since) if late else "",
        ),
    ]


def _handover_rows(words: Words, told: Handover) -> list[rows.Value]:
    made = [
        rows.row(str(layer), words(f"wall.handover_{layer}"), whole(told.fresh[layer]))
        for layer in _LAYERS
    ]
    made.append(rows.row("closed", words("wall.handover_closed"), whole(told.closed)))
    bad = {"escalated": told.escalated, "breached": told.breached, "due": told.due}
    where = " · ".join(
        words("wall.handover_where", name=name, n=n) for name, n in told.due_units[:_MOST_DUE]
    )
    for key, n in bad.items():
        state = "warn" if n else ""
        made.append(
            rows.row(
                key,
                words(f"wall.handover_{key}"),
                whole(n),
                note=where if key == "due" else "",
                state=state,
                sign=rows.SIGNS[state] if state else "",
            )
        )
    return made


def _late_rows(words: Words, units: Sequence[LateUnit]) -> list[rows.Value]:
    return [
        rows.row(
            unit.code,
            unit.name,
            rows.rate(unit.on_time / unit.due),
            note=words(
                "wall.late_cover",
                on_time=unit.on_time,
                due=unit.due,
                cover=cover_text(words, unit.cover),
            ),
            state="warn",
            sign=rows.SIGNS["warn"],
        )
        for unit in units[:_MOST_LATE]
    ]


def _none(words: Words, key: str) -> rows.Value:
    return rows.row("none", words(key), "", state="good", sign=rows.SIGNS["good"])
