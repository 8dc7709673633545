"""Say what a bulletin says, in one language: sentences that PDF and workbook share.

Used by `bulletin_pdf`, `bulletin_xlsx` and the bulletin screen. Knows nothing of paper and cells.
"""

from __future__ import annotations

from datetime import timedelta
from typing import TYPE_CHECKING
from zoneinfo import ZoneInfo

from dashboard.printing.bulletin import BAND_HOURS, HOURS
from dashboard.text.numbers import DASH, percent, whole

if TYPE_CHECKING:
    from datetime import datetime

    from dashboard.printing.bulletin import Bulletin
    from dashboard.text import Words
    from data.kpi import Figure


def place_text(words: Words, bulletin: Bulletin) -> str:
    """Name the place."""
    return bulletin.name or words("bulletin.whole_store")


def title_text(words: Words, bulletin: Bulletin) -> str:
    """Give the title."""
    return words("bulletin.title", place=place_text(words, bulletin))


def span_text(words: Words, bulletin: Bulletin) -> str:
    """Write the period by its first and last day."""
    last_on = bulletin.until_on - timedelta(days=1)
    return words("bulletin.span", since=bulletin.since_on.isoformat(), last=last_on.isoformat())


def moment_text(at: datetime, tz: str) -> str:
    """Write an aware moment in local time, to the minute."""
    return at.astimezone(ZoneInfo(tz)).strftime("%Y-%m-%d %H:%M")


def basis_text(words: Words, bulletin: Bulletin) -> str:
    """Say on which days and grids the numbers stand."""
    return words(
        "bulletin.basis",
        as_of=moment_text(bulletin.as_of_at, bulletin.tz),
        made=moment_text(bulletin.made_at, bulletin.tz),
        tz=bulletin.tz,
    )


def change_text(words: Words, figure: Figure) -> str:
    """Write a change; without a base there is none."""
    if figure.value is None:
        return words("bulletin.no_base")
    return percent(figure.value, signed=True)


def interval_text(words: Words, figure: Figure) -> str:
    """Write the 95 % interval of a change; a dash where there is none."""
    if figure.low is None or figure.high is None:
        return DASH
    low, high = percent(figure.low, signed=True), percent(figure.high, signed=True)
    return words("bulletin.interval", low=low, high=high)


def remark_text(words: Words, figure: Figure) -> str:
    """Mark a change between small counts."""
    return words("bulletin.small_base") if "small_base" in figure.note.split(",") else ""


def headline_text(words: Words, bulletin: Bulletin) -> str:
    """Say the first figure as a sentence with its base, interval and mark."""
    figure = bulletin.incidents
    key = "bulletin.headline" if figure.value is not None else "bulletin.headline_no_base"
    told = words(
        key,
        now=whole(figure.numerator),
        before=whole(figure.denominator),
        change=change_text(words, figure),
        interval=interval_text(words, figure),
    )
    remark = remark_text(words, figure)
    return f"{told} {remark}".strip() if words.language == "en" else told + remark


def top_text(words: Words, bulletin: Bulletin, most: int = 3) -> str:
    """Name the commonest kinds with their counts and the base."""
    found = [kind for kind in bulletin.kinds if kind.change.numerator][:most]
    if not found:
        return words("bulletin.no_incidents")
    joint = words("joint.items")
    named = [
        words(
            "bulletin.kind_count",
            kind=words.label("incident_kind", kind.code or None),
            n=whole(kind.change.numerator),
        )
        for kind in found
    ]
    return words("bulletin.top", kinds=joint.join(named), n=whole(bulletin.incidents.numerator))


def peak_text(words: Words, bulletin: Bulletin) -> str:
    """Say when most happened, of how many whose time is known."""
    hours = bulletin.hours
    if hours.peak_hour is None or hours.peak_weekday is None:
        return words("bulletin.no_hours", untimed=whole(hours.untimed))
    end = (hours.peak_hour + BAND_HOURS) % HOURS or HOURS
    return words(
        "bulletin.peak",
        start=f"{hours.peak_hour:02d}:00",
        end=f"{end:02d}:00",
        n=whole(hours.peak_count),
        timed=whole(hours.timed),
        share=percent(hours.peak_count / hours.timed),
        weekday=words(f"bulletin.weekday_{hours.peak_weekday}"),
        m=whole(hours.weekday_count),
        untimed=whole(hours.untimed),
    )


def rate_text(words: Words, bulletin: Bulletin) -> str:
    """Write the rate with its base; a dash without residents."""
    figure = bulletin.per_thousand
    if figure.value is None:
        return words("bulletin.no_rate")
    residents = whole(figure.denominator)
    return words("bulletin.rate", value=f"{figure.value:.2f}", residents=residents)


def imprecise_text(words: Words, bulletin: Bulletin) -> str:
    """Say how many records are left out for a time known too coarsely; empty without any."""
    if not (bulletin.imprecise or bulletin.imprecise_cases):
        return ""
    counts = {"n": whole(bulletin.imprecise), "cases": whole(bulletin.imprecise_cases)}
    return words("bulletin.imprecise", **counts)


def unlocated_text(words: Words, bulletin: Bulletin) -> str:
    """Say how many incidents of the store lie in no unit and so are in no bulletin."""
    key = "bulletin.unlocated" if bulletin.code else "bulletin.unlocated_all"
    return words(key, n=whole(bulletin.unlocated))
