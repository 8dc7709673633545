"""Say what the public version of a bulletin says, in one language.

Used by its PDF, its workbook and the bulletin screen. Knows nothing of paper and cells.
"""

from __future__ import annotations

from datetime import timedelta
from typing import TYPE_CHECKING, Final

from dashboard.printing.bulletin_words import change_text, interval_text, moment_text
from dashboard.text.numbers import DASH, whole
from data.exports.counts import SMALLEST_PUBLISHED, WITHHELD

if TYPE_CHECKING:
    from dashboard.printing.public_bulletin import PublicBulletin, PublicRow
    from dashboard.text import Words

INCIDENT_COLUMNS: Final = ("place", "now", "before", "change", "interval", "rate")
CASE_COLUMNS: Final = (
    "place", "hazards_found", "hazards_closed", "disputes_found", "disputes_closed",
)  # fmt: skip


def public_title(words: Words, told: PublicBulletin) -> str:
    """Give the title."""
    return words("bulletin.title", place=told.name or words("bulletin.whole_store"))


def public_span(words: Words, told: PublicBulletin) -> str:
    """Write the period by its first and last day."""
    last_on = told.until_on - timedelta(days=1)
    return words("bulletin.span", since=told.since_on.isoformat(), last=last_on.isoformat())


def public_notes(words: Words, told: PublicBulletin) -> list[str]:
    """Say what is counted and what is withheld."""
    notes = [
        words("public_bulletin.withheld", least=whole(SMALLEST_PUBLISHED), sign=WITHHELD),
        words("public_bulletin.counted"),
    ]
    if told.imprecise != 0:
        notes.append(words("public_bulletin.imprecise", n=count_text(told.imprecise)))
    made = moment_text(told.made_at, told.tz)
    return [*notes, words("public_bulletin.made", at=made, tz=told.tz)]


def count_text(n: int | None) -> str:
    """Write a count, or the sign of a withheld one."""
    return WITHHELD if n is None else whole(n)


def incident_texts(words: Words, row: PublicRow) -> tuple[str, ...]:
    """Write a community's incidents; a dash where a figure cannot be given."""
    return (
        row.name or row.code,
        count_text(row.now),
        count_text(row.before),
        DASH if row.change is None else change_text(words, row.change),
        DASH if row.change is None else interval_text(words, row.change),
        DASH if row.per_thousand is None else f"{row.per_thousand:.2f}",
    )


def case_texts(row: PublicRow) -> tuple[str, ...]:
    """Write a community's hazards and disputes."""
    counts = (row.hazards_found, row.hazards_closed, row.disputes_found, row.disputes_closed)
    return (row.name or row.code, *map(count_text, counts))
