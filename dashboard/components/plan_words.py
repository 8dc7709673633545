"""Write what the planner's page says: figures with their units, refusals, what came meanwhile.

Used by the parts of the planner's page. Knows nothing of the store.
"""

from __future__ import annotations

import math
from datetime import datetime
from typing import TYPE_CHECKING, Final

import numpy as np

from dashboard.components.formats import DASH, moment, percent, span_text, whole

if TYPE_CHECKING:
    from collections.abc import Iterable, Mapping

    from dashboard.text import Words
    from dashboard.viewmodels.overview import Span
    from data.repositories.plans import PlanRecord

STATES: Final = frozenset({"load_state", "households_state"})
_INDICES: Final = frozenset({"polsby_popper", "reock"})
_SHARES: Final = frozenset({"load_deviation"})
_SIGNED: Final = frozenset({"households_off", "load_deviation"})
_NUMBERS: Final = (int, float, np.integer, np.floating)


def title_of(words: Words, name: str, span: Span) -> str:
    """Name a figure; incidents with their period."""
    if name == "incidents":
        return words("plan_figure.incidents", period=span_text(words, span))
    return words(f"plan_figure.{name}")


def value_text(words: Words, name: str, value: object) -> str:
    """Write one figure of a grid; a dash where it is unknown."""
    if name in STATES:
        return words(f"plan_band_state.{value}")
    number = float(value) if isinstance(value, _NUMBERS) else math.nan
    if math.isnan(number):
        return DASH
    sign = "+" if name in _SIGNED and number > 0 else ""
    if name in _SHARES:
        return f"{sign}{percent(number)}".replace("-", "−")
    text = f"{number:.2f}" if name in _INDICES else f"{sign}{whole(number)}"
    return text.replace("-", "−")


def change_text(words: Words, name: str, change: float) -> str:
    """Write by how much a figure changed, shares in points; empty where it did not."""
    if math.isnan(change):
        return ""
    sign = "+" if change > 0 else "−"
    size = abs(change)
    if name in _SHARES:
        points = words("plan_figure.points", n=f"{sign}{100 * size:.1f}")
        return "" if size < 0.0005 else points  # noqa: PLR2004 - a rounded tenth
    if name in _INDICES:
        return "" if size < 0.005 else f"{sign}{size:.2f}"  # noqa: PLR2004 - a rounded hundredth
    return "" if round(size) == 0 else f"{sign}{whole(size)}"


def facts_of(words: Words, fields: Mapping[str, object], tz: str) -> dict[str, object]:
    """Turn moments and codes of a refusal into words."""
    told: dict[str, object] = {}
    for name, fact in fields.items():
        if isinstance(fact, datetime):
            told[name] = moment(fact, tz)
        elif name == "status":
            told[name] = words.label("plan_status", str(fact))
        elif name == "role":
            told[name] = words.label("role", str(fact))
        elif name == "why":
            told[name] = words.error(str(fact), {})
        elif name == "action":
            told[name] = words.label("plan_action", str(fact))
        else:
            told[name] = fact
    return told


def codes_text(codes: Iterable[str], most: int = 4) -> str:
    """List some grids, and how many more there are."""
    listed = list(codes)
    more = f" +{len(listed) - most}" if len(listed) > most else ""
    return ", ".join(listed[:most]) + more


def heading_of(words: Words, plan: PlanRecord, tz: str) -> str:
    """Say how far a plan is and who changed it last, as text."""
    return words(
        "planner.stands",
        status=words.label("plan_status", plan.status.value),
        version=plan.version,
        author=plan.author,
        by=plan.changed_by,
        at=moment(plan.changed_at, tz),
        action=words.label("plan_action", plan.last_action),
    )


def base_of(words: Words, plan: PlanRecord, said: str = "base") -> str:
    """Say which grids a plan began with, as text."""
    kind = words.label("plan_base", plan.base_kind.value)
    about = plan.file_name or (plan.base_on.isoformat() if plan.base_on else "")
    scope = plan.scope_code or words("filter.all_areas")
    return words(f"planner.{said}", kind=f"{kind} {about}".strip(), scope=scope)
