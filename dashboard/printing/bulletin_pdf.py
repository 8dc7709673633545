"""Print a bulletin on A4: figures with their bases, kinds, hours, open hazards, disputes, measures.

Used by the bulletin screen and `gridbeat bulletin`. What to do about it is left to the officer: a
ruled box. Knows nothing of the store.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Final

from dashboard.printing.bulletin import HOURS, WEEKDAYS
from dashboard.printing.bulletin_words import (
    basis_text,
    change_text,
    headline_text,
    imprecise_text,
    interval_text,
    moment_text,
    peak_text,
    rate_text,
    remark_text,
    span_text,
    title_text,
    top_text,
    unlocated_text,
)
from dashboard.printing.page import (
    BRAND,
    INK,
    QUIET_INK,
    SHADE,
    Column,
    Imprint,
    PrintedPage,
)
from dashboard.text.numbers import DASH, whole

if TYPE_CHECKING:
    from dashboard.printing.bulletin import Bulletin, CaseCounts
    from dashboard.text import Words

_TILE_MM: Final = 21.0
_GAP_MM: Final = 3.0
_CELL_HIGH_MM: Final = 4.6
_LABEL_MM: Final = 16.0
_DARK: Final = (8, 74, 110)
_BOX_MM: Final = 45.0


def bulletin_pdf(bulletin: Bulletin, words: Words) -> bytes:
    """Print a bulletin in one language."""
    foot = words(
        "bulletin.foot",
        by=bulletin.printed_by,
        at=moment_text(bulletin.made_at, bulletin.tz),
    )
    title = title_text(words, bulletin)
    pages = words("prints.page_of")
    page = PrintedPage("A4", Imprint(title, words.language, foot, pages, bulletin.made_at))
    page.add_page()
    _head(page, bulletin, words)
    _tiles(page, bulletin, words)
    page.paragraph(headline_text(words, bulletin), size_pt=9.5)
    page.paragraph(rate_text(words, bulletin), size_pt=9.5)
    _kinds(page, bulletin, words)
    _hours(page, bulletin, words)
    _cases(page, words, "hazard", bulletin.hazards)
    _cases(page, words, "dispute", bulletin.disputes)
    page.keep(_BOX_MM + 16)
    page.heading(words("bulletin.measures"))
    page.paragraph(words("bulletin.measures_note"), size_pt=8, colour=QUIET_INK)
    page.ln(1)
    page.blank_box(_BOX_MM)
    page.paragraph(words("bulletin.how_counted"), size_pt=7.5, colour=QUIET_INK)
    for note in (unlocated_text(words, bulletin), imprecise_text(words, bulletin)):
        if note:
            page.paragraph(note, size_pt=7.5, colour=QUIET_INK)
    return page.bytes


def _head(page: PrintedPage, bulletin: Bulletin, words: Words) -> None:
    page.letters(18, bold=True, colour=BRAND)
    page.multi_cell(0, 8.5, title_text(words, bulletin), align="L", new_x="LMARGIN", new_y="NEXT")
    page.paragraph(span_text(words, bulletin), size_pt=11, bold=True)
    page.paragraph(basis_text(words, bulletin), size_pt=8, colour=QUIET_INK)
    if bulletin.scenario:
        note = words("prints.synthetic", name=bulletin.scenario)
        page.paragraph(note, size_pt=8, bold=True, colour=(161, 92, 0))
    page.ln(2)


def _tiles(page: PrintedPage, bulletin: Bulletin, words: Words) -> None:
    """Write the four first numbers, each with what it stands on."""
    hazards, disputes = bulletin.hazards, bulletin.disputes
    tiles = (
        ("incidents", whole(bulletin.incidents.numerator),
         words("bulletin.tile_base", n=whole(bulletin.incidents.denominator))),
        ("change", change_text(words, bulletin.incidents) if bulletin.incidents.denominator
         else DASH, interval_text(words, bulletin.incidents)),
        ("hazards", whole(hazards.still_open), _late(words, hazards)),
        ("disputes", whole(disputes.still_open), _late(words, disputes)),
    )  # fmt: skip
    top = page.get_y()
    width = (page.epw - _GAP_MM * (len(tiles) - 1)) / len(tiles)
    for at, (name, value, base) in enumerate(tiles):
        left = page.l_margin + at * (width + _GAP_MM)
        page.set_fill_color(*SHADE)
        page.rect(left, top, width, _TILE_MM, style="F")
        for y_mm, size, bold, colour, text in (
            (4.8, 8, False, QUIET_INK, words(f"bulletin.tile_{name}")),
            (12.8, 18, True, INK, value),
            (18.4, 7.5, False, QUIET_INK, base),
        ):
            page.letters(size, bold=bold, colour=colour)
            page.text(left + 2.5, top + y_mm, page.fitted(text, width - 4))
    page.set_y(top + _TILE_MM + 2.5)


def _late(words: Words, cases: CaseCounts) -> str:
    return words("bulletin.tile_overdue", n=whole(cases.overdue), base=whole(cases.with_limit))


def _kinds(page: PrintedPage, bulletin: Bulletin, words: Words) -> None:
    page.heading(words("bulletin.kinds"))
    page.paragraph(top_text(words, bulletin), size_pt=9)
    if not bulletin.kinds:
        return
    page.ln(1)
    columns = (
        Column(words("bulletin.col_kind"), 3.1),
        Column(words("bulletin.col_now"), 1.1, "R"),
        Column(words("bulletin.col_before"), 1.3, "R"),
        Column(words("bulletin.col_change"), 1.5, "R"),
        Column(words("bulletin.col_interval"), 2.6, "R"),
        Column(words("bulletin.col_remark"), 1.7),
    )
    rows = [
        (
            words.label("incident_kind", kind.code or None),
            whole(kind.change.numerator),
            whole(kind.change.denominator),
            change_text(words, kind.change),
            interval_text(words, kind.change),
            remark_text(words, kind.change),
        )
        for kind in bulletin.kinds
    ]
    every = bulletin.incidents
    rows.append(
        (
            words("bulletin.total"),
            whole(every.numerator),
            whole(every.denominator),
            change_text(words, every),
            interval_text(words, every),
            remark_text(words, every),
        )
    )
    page.rows(columns, rows, bold_last=True)


def _hours(page: PrintedPage, bulletin: Bulletin, words: Words) -> None:
    """Draw 24 hours by 7 days, darker for more; each count stands in its cell."""
    page.keep(WEEKDAYS * _CELL_HIGH_MM + 34)
    page.heading(words("bulletin.hours"))
    page.paragraph(peak_text(words, bulletin), size_pt=9)
    hours = bulletin.hours
    if not hours.timed:
        return
    page.ln(1)
    width = (page.epw - _LABEL_MM) / HOURS
    most = max(max(row) for row in hours.counts)
    top = page.get_y() + 4
    page.letters(6.5, colour=QUIET_INK)
    for hour in range(0, HOURS, 3):
        page.text(page.l_margin + _LABEL_MM + hour * width + 0.4, top - 1, f"{hour:02d}")
    page.set_draw_color(255, 255, 255)
    page.set_line_width(0.3)
    for day, row in enumerate(hours.counts):
        y_mm = top + day * _CELL_HIGH_MM
        page.letters(7.5, colour=INK)
        label = page.fitted(words(f"bulletin.weekday_{day}"), _LABEL_MM - 1)
        page.text(page.l_margin, y_mm + _CELL_HIGH_MM - 1.3, label)
        for hour, n in enumerate(row):
            left = page.l_margin + _LABEL_MM + hour * width
            _cell(page, (left, y_mm, width), n, n / most)
    page.set_y(top + WEEKDAYS * _CELL_HIGH_MM + 1.5)
    page.paragraph(words("bulletin.hours_note", most=whole(most)), size_pt=7.5, colour=QUIET_INK)


def _cell(page: PrintedPage, at: tuple[float, float, float], n: int, share: float) -> None:
    left, top, width = at
    red, green, blue = (
        round(light + (dark - light) * share) for light, dark in zip(SHADE, _DARK, strict=True)
    )
    page.set_fill_color(red, green, blue)
    page.rect(left, top, width, _CELL_HIGH_MM, style="DF")
    if n:
        page.letters(6.5, colour=(255, 255, 255) if share > 0.5 else INK)  # noqa: PLR2004 - half
        text = whole(n)
        page.text(left + (width - page.get_string_width(text)) / 2, top + 3.2, text)


def _cases(page: PrintedPage, words: Words, name: str, cases: CaseCounts) -> None:
    """Write hazards or disputes by kind; the last line is their sum."""
    page.heading(words(f"bulletin.{name}s"))
    page.paragraph(
        words(
            f"bulletin.{name}s_text",
            found=whole(cases.found),
            closed=whole(cases.closed),
            still_open=whole(cases.still_open),
            overdue=whole(cases.overdue),
            base=whole(cases.with_limit),
            major=whole(cases.major),
        ),
        size_pt=9,
    )
    if not cases.kinds:
        return
    page.ln(1)
    columns = (
        Column(words("bulletin.col_kind"), 3.4),
        Column(words("bulletin.col_found"), 1.4, "R"),
        Column(words("bulletin.col_closed"), 1.4, "R"),
        Column(words("bulletin.col_open"), 1.4, "R"),
        Column(words("bulletin.col_overdue"), 1.4, "R"),
    )
    rows = [
        (
            words.label(f"{name}_kind", kind.code or None),
            *(whole(n) for n in (kind.found, kind.closed, kind.still_open, kind.overdue)),
        )
        for kind in cases.kinds
    ]
    totals = (cases.found, cases.closed, cases.still_open, cases.overdue)
    rows.append((words("bulletin.total"), *(whole(n) for n in totals)))
    page.rows(columns, rows, bold_last=True)
