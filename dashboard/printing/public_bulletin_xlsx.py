"""Write the public version of a bulletin as a workbook: numbers as numbers, never a formula.

Used by the bulletin screen and `gridbeat bulletin --level public`. Knows nothing of the store.
"""

from __future__ import annotations

from io import BytesIO
from typing import TYPE_CHECKING

from openpyxl import Workbook

from dashboard.printing.bulletin_xlsx import new_sheet, put_row
from dashboard.printing.public_bulletin_words import (
    CASE_COLUMNS,
    public_notes,
    public_span,
    public_title,
)
from data.exports.counts import WITHHELD

if TYPE_CHECKING:
    from dashboard.printing.public_bulletin import PublicBulletin
    from dashboard.text import Words

_COLUMNS = ("code", "place", "now", "before", "change", "low", "high", "rate")


def public_bulletin_xlsx(told: PublicBulletin, words: Words) -> bytes:
    """Write three sheets: incidents, cases, and what they stand on."""
    book = Workbook(write_only=True)
    sheet = new_sheet(book, words("public_bulletin.incidents"))
    put_row(sheet, [words(f"public_bulletin.col_{name}") for name in _COLUMNS], bold=True)
    for row in told.rows:
        change = row.change
        parts = (None,) * 3 if change is None else (change.value, change.low, change.high)
        counts = [_count(row.now), _count(row.before)]
        cells = [row.code, row.name, *counts, *parts, row.per_thousand]
        put_row(sheet, cells, shares=(4, 5, 6))
    sheet = new_sheet(book, words("public_bulletin.cases"))
    heads = ("code", *CASE_COLUMNS)
    put_row(sheet, [words(f"public_bulletin.col_{name}") for name in heads], bold=True)
    for row in told.rows:
        found = (row.hazards_found, row.hazards_closed, row.disputes_found, row.disputes_closed)
        put_row(sheet, [row.code, row.name, *map(_count, found)])
    sheet = new_sheet(book, words("bulletin.sheet_about"))
    notes = [public_title(words, told), public_span(words, told), *public_notes(words, told)]
    if told.scenario:
        notes.append(words("prints.synthetic", name=told.scenario))
    for note in notes:
        put_row(sheet, [note])
    target = BytesIO()
    book.save(target)
    return target.getvalue()


def _count(n: int | None) -> int | str:
    return WITHHELD if n is None else n
