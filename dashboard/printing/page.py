"""Lay out printed pages: paper, bundled font, headings, tables, figures, a foot on every page.

Used by every printed document (contact card, bulletin, patrol sheet).
Knows nothing of what is printed. Lengths are in millimetres, sizes of letters in points.
"""

from __future__ import annotations

import re
from dataclasses import dataclass
from io import BytesIO
from typing import TYPE_CHECKING, Final, Literal, cast

from fpdf import FPDF
from fpdf.enums import MethodReturnValue
from fpdf.fonts import TTFFont

from dashboard.printing.fonts import FILES, daily_characters, daily_font, whole_font

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence
    from datetime import datetime
    from pathlib import Path

PaperName = Literal["A4", "A5"]
Align = Literal["L", "C", "R"]
Colour = tuple[int, int, int]

PAPERS: Final[dict[str, tuple[float, float]]] = {"A4": (210.0, 297.0), "A5": (148.0, 210.0)}
"""Width and height in millimetres, upright (ISO 216)."""
INK: Final[Colour] = (28, 32, 38)
QUIET_INK: Final[Colour] = (96, 103, 112)
RULE: Final[Colour] = (196, 201, 207)
SHADE: Final[Colour] = (241, 244, 246)
BRAND: Final[Colour] = (18, 62, 98)
FAMILY: Final = "noto"
NO_GLYPH: Final = "□"
"""Stands for a character that the bundled font does not have."""
_RARE: Final = "noto_whole"
_MM_OF_POINT: Final = 25.4 / 72
_LINE: Final = 1.45
_NEXT_LINE_MM: Final = 4.0
"""Height of each further line of a row."""
_CONTROL: Final = re.compile(
    r"[\x00-\x08\x0b-\x1f\x7f\u200b-\u200f\u2028-\u202e\u2060-\u206f\ufeff]"
)


@dataclass(frozen=True)
class Imprint:
    """What every page of a document says of itself.

    Parameters
    ----------
    title
        Title of the file, for readers and screen readers.
    language
        `zh` or `en`.
    foot
        Left part of the line below each page: source, level, who printed it.
    page_text
        Right part, with ``{page}`` and ``{pages}``; empty for a card of one page.
    made_at
        Aware moment, written into the file.
    """

    title: str
    language: str
    foot: str
    page_text: str
    made_at: datetime


@dataclass(frozen=True)
class Column:
    """One column of a table: its header, share of the width, and alignment."""

    header: str
    width: float
    align: Align = "L"


class PrintedPage(FPDF):
    """A document with the bundled font.

    Parameters
    ----------
    paper
        ``A4`` or ``A5``, upright.
    imprint
        What stands in the file's properties and at the foot.
    margin_mm
        Left, right and top.
    """

    def __init__(self, paper: PaperName, imprint: Imprint, *, margin_mm: float = 15.0) -> None:
        super().__init__(orientation="portrait", unit="mm", format=PAPERS[paper])
        self.imprint = imprint
        self._has_rare = False
        for weight in FILES:
            self._take_font(FAMILY, weight, daily_font(weight))
        self.set_title(imprint.title)
        self.set_lang("zh-CN" if imprint.language == "zh" else "en")
        self.set_creator("Gridbeat")
        self.set_creation_date(imprint.made_at)
        self.set_margin(margin_mm)
        self.set_auto_page_break(auto=True, margin=14.0)
        self.alias_nb_pages("{pages}")
        self.letters(10)

    @property
    def bytes(self) -> bytes:
        """The finished document."""
        return bytes(self.output())

    def letters(self, size_pt: float, *, bold: bool = False, colour: Colour = INK) -> None:
        """Choose size, weight and colour of what is written next."""
        self.set_font(FAMILY, "B" if bold else "", size_pt)
        self.set_text_color(*colour)

    def normalize_text(self, text: str) -> str:
        """Drop signs that steer and are not seen; bring in the whole font for a rare character."""
        clean = _CONTROL.sub(" ", text)
        if not self._has_rare and any(
            ord(character) not in daily_characters() and character != "\n" for character in clean
        ):
            self._has_rare = True
            for weight in FILES:
                self._take_font(_RARE, weight, whole_font(weight))
            self.set_fallback_fonts([_RARE], exact_match=False)
        if self._has_rare:
            clean = "".join(sign if self._is_drawable(sign) else NO_GLYPH for sign in clean)
        return str(super().normalize_text(clean))

    def footer(self) -> None:
        """Write the foot; called by the library at the end of each page."""
        if not self.imprint.foot and not self.imprint.page_text:
            return
        self.set_y(-11)
        self.letters(7, colour=QUIET_INK)
        told = self.imprint.page_text.replace("{page}", str(self.page_no()))
        # the number of pages is filled in at the end: its place is kept for one digit
        right_mm = self.get_string_width(told.replace("{pages}", "0")) + 2 * self.c_margin
        self.cell(self.epw - right_mm, 4, self.fitted(self.imprint.foot, self.epw - right_mm))
        self.cell(right_mm, 4, told)

    def heading(self, text: str) -> None:
        """Write the heading of a section, kept together with what follows."""
        self.keep(24)
        self.ln(2.2)
        self.letters(11.5, bold=True, colour=BRAND)
        self.cell(0, 6.4, text, new_x="LMARGIN", new_y="NEXT")
        self.set_draw_color(*BRAND)
        self.set_line_width(0.3)
        self.line(self.l_margin, self.get_y(), self.l_margin + self.epw, self.get_y())
        self.ln(1.4)

    def paragraph(
        self, text: str, *, size_pt: float = 9, bold: bool = False, colour: Colour = INK
    ) -> None:
        """Write a paragraph over the whole width."""
        self.letters(size_pt, bold=bold, colour=colour)
        height = size_pt * _MM_OF_POINT * _LINE
        self.multi_cell(0, height, text, align="L", new_x="LMARGIN", new_y="NEXT")

    def rows(
        self,
        columns: Sequence[Column],
        rows: Sequence[Sequence[str]],
        *,
        bold_last: bool = False,
        is_whole: bool = False,
    ) -> None:
        """Write a table; a text too long for its column is cut with an ellipsis.

        The header is said again where a page ends inside the table.

        Parameters
        ----------
        is_whole
            Nothing is cut: such a text goes on in lines below.
        """
        total = sum(column.width for column in columns)
        widths = [self.epw * column.width / total for column in columns]
        self._header(columns, widths)
        for at, row in enumerate(rows):
            self.letters(8.5, bold=bold_last and at == len(rows) - 1)
            cells = [
                self._lines(text, width) if is_whole else [self.fitted(text, width - 2)]
                for width, text in zip(widths, row, strict=True)
            ]
            most = max(map(len, cells))
            if self.will_page_break(5.6 + (most - 1) * _NEXT_LINE_MM):
                self.add_page()
                self._header(columns, widths)
                self.letters(8.5, bold=bold_last and at == len(rows) - 1)
            for number in range(most):
                height = 5.6 if number == 0 else _NEXT_LINE_MM
                for column, width, lines in zip(columns, widths, cells, strict=True):
                    told = lines[number] if number < len(lines) else ""
                    border = "B" if number == most - 1 else ""
                    self.cell(width, height, told, border=border, align=column.align)
                self.ln(height)
        self.ln(1.2)

    def _lines(self, text: str, width_mm: float) -> list[str]:
        """Break a text into the lines that a column has room for."""
        found = self.multi_cell(width_mm, text=text, dry_run=True, output=MethodReturnValue.LINES)
        return [str(line) for line in cast("list[str]", found)] or [""]

    def fitted(self, text: str, width_mm: float) -> str:
        """Cut a text to a width with an ellipsis, in the letters chosen now."""
        text = self.normalize_text(text)
        if self.get_string_width(text) <= width_mm:
            return text
        while text and self.get_string_width(text + "…") > width_mm:
            text = text[:-1]
        return text.rstrip() + "…"

    def blank_box(self, height_mm: float) -> None:
        """Leave a ruled box to be filled in by hand."""
        self.keep(height_mm + 2)
        self.set_draw_color(*RULE)
        self.set_line_width(0.3)
        top = self.get_y()
        self.rect(self.l_margin, top, self.epw, height_mm)
        lines = int(height_mm // 9)
        for at in range(1, lines):
            y_mm = top + at * height_mm / lines
            self.line(self.l_margin + 3, y_mm, self.l_margin + self.epw - 3, y_mm)
        self.set_y(top + height_mm + 2)

    def keep(self, height_mm: float) -> None:
        """Begin a new page unless so much room is left."""
        if self.will_page_break(height_mm):
            self.add_page()

    def _take_font(self, family: str, weight: str, path: Path) -> None:
        """Add a font and let go of its file, which the library would keep open."""
        self.add_font(family, weight, path)
        font = self.fonts[family + weight]
        if isinstance(font, TTFFont):
            reader = font.ttfont.reader
            reader.file.close()
            reader.file = BytesIO(path.read_bytes())

    def _is_drawable(self, sign: str) -> bool:
        return sign == "\n" or ord(sign) in self._whole_map()

    def _whole_map(self) -> Mapping[int, str]:
        font = self.fonts[_RARE]
        return font.cmap if isinstance(font, TTFFont) else {}

    def _header(self, columns: Sequence[Column], widths: Sequence[float]) -> None:
        self.letters(8, bold=True, colour=QUIET_INK)
        self.set_fill_color(*SHADE)
        self.set_draw_color(*RULE)
        self.set_line_width(0.2)
        for column, width in zip(columns, widths, strict=True):
            text = self.fitted(column.header, width - 2)
            self.cell(width, 6, text, border="B", align=column.align, fill=True)
        self.ln(6)
