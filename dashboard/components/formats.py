"""Write numbers, moments and spans the way both languages read them.

Used by screens and components.
"""

from __future__ import annotations

from datetime import datetime, timedelta
from typing import TYPE_CHECKING
from zoneinfo import ZoneInfo

from dashboard.components.plain import plain
from dashboard.text.numbers import DASH, percent, whole
from data.config import DEFAULT_TZ

if TYPE_CHECKING:
    from dashboard.text import Words
    from dashboard.viewmodels.overview import Span
    from dashboard.viewmodels.town import Area

__all__ = [
    "DASH",
    "area_text",
    "how_read",
    "moment",
    "percent",
    "span_text",
    "square_km",
    "whole",
]
_SQUARE_METRES_IN_SQUARE_KM = 1_000_000


def square_km(area_m2: float | None) -> str:
    """Write an area in square kilometres."""
    if area_m2 is None or area_m2 != area_m2:  # noqa: PLR0124 - NaN
        return DASH
    return f"{area_m2 / _SQUARE_METRES_IN_SQUARE_KM:.3f} km²"


def moment(at: datetime | None, tz: str = DEFAULT_TZ) -> str:
    """Write an aware moment in the store's local time, to the minute."""
    return DASH if at is None else at.astimezone(ZoneInfo(tz)).strftime("%Y-%m-%d %H:%M")


def span_text(words: Words, span: Span) -> str:
    """Write a span, whose moments stand in the store's local time, by its first and last day."""
    if span.since is None or span.until is None:
        return words("overview.all_time")
    first_on = span.since.date()
    last_on = (span.until - timedelta(microseconds=1)).date()
    return words("overview.span", since=first_on.isoformat(), until=last_on.isoformat())


def area_text(words: Words, area: Area) -> str:
    """Name an area with its level, as text (not escaped)."""
    return words("filter.area_name", level=words.label("level", area.level), name=area.name)


def how_read(words: Words, encoding: str, delimiter: str, datum: str = "") -> str:
    """Say how a file was read: encoding, delimiter, datum; empty where none has a meaning."""
    parts = [plain(encoding)] if encoding else []
    if delimiter:
        sign = words("import.tab") if delimiter == "\t" else f"“{plain(delimiter)}”"
        parts.append(f"{words('import.delimiter')} {sign}")
    if datum:
        parts.append(plain(words.label("datum", datum)))
    return " · ".join(parts)
