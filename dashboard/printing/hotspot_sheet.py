"""Print a hotspot answer on one A4 page: map as vectors, legend, first cells, method and report.

Used by the hotspot screen. Takes finished texts: knows nothing of the store and of languages.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Final

from fpdf.enums import WrapMode

from dashboard.printing.page import BRAND, INK, QUIET_INK, RULE, Column, PrintedPage
from dashboard.printing.sketch import Box, Part, draw_sketch

if TYPE_CHECKING:
    from collections.abc import Sequence

    from shapely.geometry.base import BaseGeometry

    from dashboard.printing.page import Colour, Imprint

MOST_ROWS: Final = 12
_MAP_MM: Final = 96.0
_LEGEND_MM: Final = 46.0
_LEAST_LETTER_PT: Final = 6.0
_REPORT_PT: Final = 7.2
_LINE_MM: Final = 25.4 / 72 * 1.45


@dataclass(frozen=True)
class CellMap:
    """What a map of cells shows, EPSG:4326.

    Parameters
    ----------
    cells
        Outline and colour of each shaded cell, drawn in this order.
    units
        Outlines below the cells.
    legend
        Label and colour of each class.
    legend_title
        What the cells are shaded by.
    """

    cells: tuple[tuple[BaseGeometry, Colour], ...]
    units: tuple[BaseGeometry, ...]
    legend: tuple[tuple[str, Colour], ...]
    legend_title: str


@dataclass(frozen=True)
class HotspotSheet:
    """A whole answer in words: `proof` says how the ranking did, `report` how it was made."""

    title: str
    heading: str
    line: str
    map: CellMap
    table_title: str
    headers: tuple[str, ...]
    rows: tuple[tuple[str, ...], ...]
    proof: tuple[str, ...]
    how: str
    report: tuple[str, ...]


def hotspot_sheet(sheet: HotspotSheet, imprint: Imprint) -> bytes:
    """Lay the page out and give the PDF.

    Raises
    ------
    ConfigError
        `print_font_missing`.
    """
    page = PrintedPage("A4", imprint, margin_mm=13.0)
    page.add_page()
    page.letters(17, bold=True, colour=BRAND)
    page.cell(0, 8, page.fitted(sheet.title, page.epw), new_x="LMARGIN", new_y="NEXT")
    page.letters(11, bold=True)
    page.cell(0, 6, page.fitted(sheet.heading, page.epw), new_x="LMARGIN", new_y="NEXT")
    page.paragraph(sheet.line, size_pt=8, colour=QUIET_INK)
    page.ln(1.5)
    _map(page, sheet.map)
    page.letters(9.5, bold=True, colour=BRAND)
    page.cell(0, 5.4, sheet.table_title, new_x="LMARGIN", new_y="NEXT")
    _rows(page, sheet)
    for line in sheet.proof:
        page.paragraph(line, size_pt=7.6)
    _report(page, sheet)
    return page.bytes


def _map(page: PrintedPage, shown: CellMap) -> None:
    top = page.get_y()
    width_mm = page.epw - _LEGEND_MM - 4
    box = Box(page.l_margin, top, width_mm, _MAP_MM)
    white = (255, 255, 255)
    parts = [Part("", shape, white) for shape in shown.units]
    parts += [Part("", shape, colour) for shape, colour in shown.cells]
    draw_sketch(page, box, None, parts)
    page.set_draw_color(*RULE)
    page.set_line_width(0.2)
    page.rect(box.x_mm, box.y_mm, box.width_mm, box.height_mm)
    _legend(page, shown, (page.l_margin + width_mm + 4, top))
    page.set_y(top + _MAP_MM + 2)


def _legend(page: PrintedPage, shown: CellMap, at: tuple[float, float]) -> None:
    x_mm, y_mm = at
    page.set_xy(x_mm, y_mm)
    page.letters(8.5, bold=True)
    page.multi_cell(_LEGEND_MM, 4.2, shown.legend_title, align="L", new_x="LEFT", new_y="NEXT")
    page.letters(7.6)
    for label, colour in shown.legend:
        y_mm = page.get_y() + 0.8
        page.set_fill_color(*colour)
        page.set_draw_color(*QUIET_INK)
        page.set_line_width(0.15)
        page.rect(x_mm, y_mm, 5, 3.4, style="DF")
        page.set_xy(x_mm + 6.5, y_mm - 0.3)
        page.multi_cell(_LEGEND_MM - 6.5, 3.8, label, align="L", new_x="LEFT", new_y="NEXT")
        page.set_x(x_mm)


def _rows(page: PrintedPage, sheet: HotspotSheet) -> None:
    widths = (0.6, 3.4, 0.9, *([1.1] * (len(sheet.headers) - 4)), 1.9)
    right = frozenset(range(2, len(sheet.headers) - 1)) | {0}
    columns = [
        Column(header, width, "R" if at in right else "L")
        for at, (header, width) in enumerate(zip(sheet.headers, widths, strict=True))
    ]
    page.rows(columns, sheet.rows[:MOST_ROWS])


def _report(page: PrintedPage, sheet: HotspotSheet) -> None:
    """Write the report as small as it takes to stay on the page; what does not fit is cut."""
    page.ln(1)
    page.letters(9, bold=True, colour=BRAND)
    page.cell(0, 5, sheet.how, new_x="LMARGIN", new_y="NEXT")
    size_pt = _REPORT_PT
    text = _running(sheet.report)
    while size_pt > _LEAST_LETTER_PT and not _fits(page, text, size_pt):
        size_pt -= 0.2
    while text and not _fits(page, text, size_pt):
        text = text[:-12].rstrip() + "…"
    page.letters(size_pt, colour=INK)
    page.multi_cell(0, size_pt * _LINE_MM, text, align="L", wrapmode=_wrap(page))


def _wrap(page: PrintedPage) -> WrapMode:
    """Chinese may end a line after any sign; the library would look for a space."""
    return WrapMode.CHAR if page.imprint.language == "zh" else WrapMode.WORD


def _fits(page: PrintedPage, text: str, size_pt: float) -> bool:
    page.letters(size_pt)
    line_mm = size_pt * _LINE_MM
    lines = page.multi_cell(
        0, line_mm, text, align="L", dry_run=True, output="LINES", wrapmode=_wrap(page)
    )
    room_mm = page.h - page.b_margin - page.get_y()
    return isinstance(lines, list) and len(lines) * line_mm <= room_mm


def _running(lines: Sequence[str]) -> str:
    """Join sentences into one paragraph; Chinese ones need no space between them."""
    return "".join(line if line.endswith("。") else f"{line} " for line in lines).strip()
