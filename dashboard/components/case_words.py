"""Write what is said of cases: lights with sign and word, time left, kinds, who did a step.

Used by the other components of cases. Knows nothing of the store. Texts come back unescaped; the
caller escapes what it hands to Markdown.
"""

from __future__ import annotations

from datetime import datetime
from typing import TYPE_CHECKING, Final

from dashboard.components.formats import DASH, moment
from dashboard.theme import STATUS_SIGNS, Shape, Sign
from data.lifecycle import Light
from data.vocabulary import EventLayer

if TYPE_CHECKING:
    from collections.abc import Mapping
    from datetime import date, timedelta

    from dashboard.text import Words
    from data.repositories.case_records import CaseRecord, StepRecord

LIGHT_SIGNS: Final[Mapping[Light, Sign]] = {
    Light.GREEN: STATUS_SIGNS["good"],
    Light.YELLOW: STATUS_SIGNS["warn"],
    Light.RED: STATUS_SIGNS["bad"],
    Light.STOPPED: Sign("#5d6675", Shape.SQUARE, "Ⅱ"),
    Light.NONE: Sign("#0b6e99", Shape.CROSS, "–"),
}
"""Colour, shape and mark of each light: never colour alone."""
KIND_GROUPS: Final[Mapping[str, str]] = {
    EventLayer.HAZARDS.value: "hazard_kind",
    EventLayer.DISPUTES.value: "dispute_kind",
    EventLayer.INCIDENTS.value: "incident_kind",
}
_MINUTES_OF_DAY: Final = 1440


def light_text(words: Words, light: Light) -> str:
    """Say a light: its mark and its word."""
    return f"{LIGHT_SIGNS[light].mark} {words(f'case_light.{light.value}')}"


def stands_text(words: Words, day: date | None) -> str:
    """Say that a scenario's clock stands on its day; empty where the clock runs."""
    return words("cases.stands_on", day=day.isoformat()) if day else ""


def kind_text(words: Words, layer: str, kind: str) -> str:
    """Say what kind of thing a record is."""
    return words.label(KIND_GROUPS[layer], kind)


def title_text(words: Words, record: CaseRecord) -> str:
    """Name a record: layer, kind and id."""
    kind = kind_text(words, record.layer.value, record.kind)
    return f"{words.label('case_layer', record.layer.value)} · {kind} · {record.external_id}"


def state_text(words: Words, code: str | None) -> str:
    """Say a state; a dash where the file had none."""
    return words.label("status", code) if code else DASH


def span_words(words: Words, span: timedelta | None) -> str:
    """Write a length of time in its two largest units; a dash for none."""
    if span is None:
        return DASH
    minutes = abs(round(span.total_seconds() / 60))
    if minutes < 60:  # noqa: PLR2004 - minutes of an hour
        return words("case.minutes", n=minutes)
    days, rest = divmod(minutes, _MINUTES_OF_DAY)
    hours, over = divmod(rest, 60)
    if days:
        return words("case.days_hours", days=days, hours=hours)
    return words("case.hours_minutes", hours=hours, minutes=over)


def remaining_text(words: Words, left: timedelta | None) -> str:
    """Say how much time is left, or how late a case is."""
    if left is None:
        return DASH
    key = "case.left" if left.total_seconds() >= 0 else "case.late"
    return words(key, span=span_words(words, left))


def actor_text(words: Words, step: StepRecord) -> str:
    """Say who took a step: service number and role, or the file that told it."""
    if step.is_derived:
        return words("case.from_file", source=step.actor)
    return words("case.by", actor=step.actor, role=words.label("role", step.role))


def when_text(at: datetime | None, precision: str, tz: str) -> str:
    """Write a moment as finely as it is known: to the minute, the day or the month."""
    whole = moment(at, tz)
    if at is None or precision in {"minute", "band"}:
        return whole
    return whole[:10] if precision == "day" else whole[:7]


def worded(words: Words, fields: Mapping[str, object], tz: str) -> dict[str, object]:
    """Turn the codes and moments of a refusal into words."""
    groups = {"action": "case_action", "state": "status", "role": "role", "demand": "case_demand"}
    told: dict[str, object] = {}
    for name, fact in fields.items():
        if isinstance(fact, datetime):
            told[name] = moment(fact, tz)
        elif name in groups:
            told[name] = words.label(groups[name], str(fact))
        elif words.has(f"case_level.{fact}"):
            told[name] = words.label("case_level", str(fact))
        else:
            told[name] = words.label("layer", str(fact)) if name == "layer" else fact
    return told
