"""Print the public version of a bulletin on A4: incidents, and hazards and disputes, by community.

Used by the bulletin screen and `gridbeat bulletin --level public`. Knows nothing of the store.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from dashboard.printing.page import BRAND, QUIET_INK, Column, Imprint, PrintedPage
from dashboard.printing.public_bulletin_words import (
    CASE_COLUMNS,
    INCIDENT_COLUMNS,
    case_texts,
    incident_texts,
    public_notes,
    public_span,
    public_title,
)

if TYPE_CHECKING:
    from dashboard.printing.public_bulletin import PublicBulletin
    from dashboard.text import Words

_INCIDENT_WIDTHS = (3.4, 1.2, 1.5, 1.3, 2.6, 1.8)
_CASE_WIDTHS = (3.4, 1.7, 1.9, 1.7, 1.9)


def public_bulletin_pdf(told: PublicBulletin, words: Words) -> bytes:
    """Print the public version in one language."""
    title, pages = public_title(words, told), words("prints.page_of")
    foot = words("public_bulletin.foot")
    page = PrintedPage("A4", Imprint(title, words.language, foot, pages, told.made_at))
    page.add_page()
    page.letters(18, bold=True, colour=BRAND)
    page.multi_cell(0, 8.5, title, align="L", new_x="LMARGIN", new_y="NEXT")
    page.paragraph(public_span(words, told), size_pt=11, bold=True)
    if told.scenario:
        note = words("prints.synthetic", name=told.scenario)
        page.paragraph(note, size_pt=8, bold=True, colour=(161, 92, 0))
    page.heading(words("public_bulletin.incidents"))
    incidents = [incident_texts(words, row) for row in told.rows]
    page.rows(_columns(words, INCIDENT_COLUMNS, _INCIDENT_WIDTHS), incidents)
    page.heading(words("public_bulletin.cases"))
    cases = [case_texts(row) for row in told.rows]
    page.rows(_columns(words, CASE_COLUMNS, _CASE_WIDTHS), cases)
    page.ln(1)
    for note in public_notes(words, told):
        page.paragraph(note, size_pt=8, colour=QUIET_INK)
    return page.bytes


def _columns(words: Words, names: tuple[str, ...], widths: tuple[float, ...]) -> list[Column]:
    return [
        Column(words(f"public_bulletin.col_{name}"), width, "L" if name == "place" else "R")
        for name, width in zip(names, widths, strict=True)
    ]
