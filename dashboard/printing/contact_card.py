"""Print contact cards: whom a community calls, where to go, a sketch of its grids, a QR code.

Used by the people screen and `gridbeat contact-card`. One page for each community, upright A5 or
A4, in one language or both. Role titles only: a station that wants a name writes it by hand
(ADR 10). Knows nothing of the store.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Final

from dashboard.printing.page import BRAND, INK, PAPERS, QUIET_INK, RULE, Imprint, PrintedPage
from dashboard.printing.qr import draw_qr
from dashboard.printing.sketch import Box, Mark, Part, draw_sketch

if TYPE_CHECKING:
    from collections.abc import Sequence
    from datetime import date, datetime

    from shapely.geometry.base import BaseGeometry

    from dashboard.printing.page import Colour, PaperName
    from dashboard.text import Words

WHITE: Final[Colour] = (255, 255, 255)
MOST_LINES: Final = 5
_BASE_WIDTH_MM: Final = PAPERS["A5"][0]
_EDGE: Final = 10.0


@dataclass(frozen=True)
class ContactLine:
    """One number to call.

    Attributes
    ----------
    group, code
        Group and code of a label in the catalogue (`position`, `service_point_kind`, `level`).
    title
        What the post or the service point is called; may be empty.
    office_phone
        None where none is stored: the card leaves a line to write it on.
    """

    group: str
    code: str
    title: str
    office_phone: str | None


@dataclass(frozen=True)
class ContactCard:
    """What one community's card says.

    Attributes
    ----------
    lines
        Officers first, then service points, then the station.
    outline, grids
        EPSG:4326; None and empty where the store has no shape.
    qr
        What the code says; empty: no code is printed.
    """

    code: str
    name: str
    subdistrict: str
    station: str
    lines: tuple[ContactLine, ...]
    outline: BaseGeometry | None
    grids: tuple[Part, ...]
    marks: tuple[Mark, ...]
    qr: str


@dataclass(frozen=True)
class CardPrint:
    """How cards are printed.

    Parameters
    ----------
    words
        One language, or two: the second one stands smaller beneath the first.
    scenario
        Name of the synthetic scenario, in words; empty for one's own records.
    """

    words: Sequence[Words]
    as_of: date
    made_at: datetime
    paper: PaperName = "A5"
    scenario: str = ""


def contact_cards_pdf(cards: Sequence[ContactCard], how: CardPrint) -> bytes:
    """Print one page for each card, in the order given."""
    words = how.words[0]
    title = words("prints.card_title")
    imprint = Imprint(title, words.language, "", "", how.made_at)
    page = PrintedPage(how.paper, imprint, margin_mm=0)
    page.set_auto_page_break(auto=False)
    for card in cards:
        page.add_page()
        _Card(page, card, how).draw()
    return page.bytes


class _Card:
    """One page; `k` turns lengths of the A5 layout into those of the paper."""

    def __init__(self, page: PrintedPage, card: ContactCard, how: CardPrint) -> None:
        self.page, self.card, self.how = page, card, how
        self.k = page.w / _BASE_WIDTH_MM

    def draw(self) -> None:
        self._band()
        below = self._lines(47.0)
        top = max(below + 4, 100.0)
        self._sketch(Box(_EDGE, top, 82.0, 194.0 - top))
        self._code(98.0, top)
        self._foot()

    def said(self, key: str, **fields: object) -> tuple[str, str]:
        """Say a sentence in the first language and, where there is one, in the second."""
        told = [words(key, **fields) for words in self.how.words]
        return told[0], told[1] if len(told) > 1 else ""

    def labelled(self, group: str, code: str) -> tuple[str, str]:
        """Label a code in the first language and, where there is one, in the second."""
        told = [words.label(group, code) for words in self.how.words]
        return told[0], told[1] if len(told) > 1 else ""

    def put(  # noqa: PLR0913 - the look of one line, by name
        self,
        at: tuple[float, float],
        text: str,
        size: float,
        *,
        bold: bool = False,
        colour: Colour = INK,
        width: float = 0.0,
        right: bool = False,
    ) -> None:
        """Write one line at (x, baseline) of the A5 layout, cut to `width` where one is given."""
        page, k = self.page, self.k
        page.letters(size * k, bold=bold, colour=colour)
        told = page.fitted(text, width * k) if width else text
        x_mm = at[0] * k - (page.get_string_width(told) if right else 0.0)
        page.text(x_mm, at[1] * k, page.normalize_text(told))

    def _band(self) -> None:
        page, k, card = self.page, self.k, self.card
        page.set_fill_color(*BRAND)
        page.rect(0, 0, page.w, 40 * k, style="F")
        title, second = self.said("prints.card_title")
        self.put((_EDGE, 14), title, 17, bold=True, colour=WHITE, width=128)
        if second:
            self.put((_EDGE, 19.5), second, 8.5, colour=(205, 220, 232), width=128)
        self.put((_EDGE, 33), card.name, 20, bold=True, colour=WHITE, width=86)
        above = [text for text in (card.subdistrict, card.station) if text]
        for at, text in enumerate(above):
            self.put((138, 28.5 + 5 * at), text, 9, colour=(225, 234, 241), width=50, right=True)

    def _lines(self, top: float) -> float:
        """Write whom to call; give where the block ends."""
        page, k = self.page, self.k
        shown = self.card.lines[:MOST_LINES]
        step = min(15.0, 72.0 / max(len(shown), 1))
        for at, line in enumerate(shown):
            y = top + at * step
            label, second = self.labelled(line.group, line.code)
            self.put((_EDGE, y + 4.5), label, 11.5, bold=True, width=70)
            beside = " · ".join(text for text in (second, line.title) if text)
            self.put((_EDGE, y + 9), beside, 7.5, colour=QUIET_INK, width=70)
            if line.office_phone:
                self.put((138, y + 6.5), line.office_phone, 16, bold=True, colour=BRAND,
                         right=True)  # fmt: skip
            else:
                page.set_draw_color(*QUIET_INK)
                page.set_line_width(0.25 * k)
                page.line(92 * k, (y + 7) * k, 138 * k, (y + 7) * k)
            page.set_draw_color(*RULE)
            page.set_line_width(0.15 * k)
            page.line(_EDGE * k, (y + step - 2.2) * k, 138 * k, (y + step - 2.2) * k)
        return top + len(shown) * step

    def _sketch(self, box: Box) -> None:
        page, k = self.page, self.k
        scaled = Box(box.x_mm * k, box.y_mm * k, box.width_mm * k, box.height_mm * k, k)
        is_drawn = draw_sketch(page, scaled, self.card.outline, self.card.grids, self.card.marks)
        if is_drawn:
            page.set_draw_color(*RULE)
            page.set_line_width(0.2)
            page.rect(scaled.x_mm, scaled.y_mm, scaled.width_mm, scaled.height_mm)
            return
        self.put((box.x_mm, box.y_mm + 6), self.said("prints.card_no_outline")[0], 8,
                 colour=QUIET_INK, width=box.width_mm)  # fmt: skip

    def _code(self, left: float, top: float) -> None:
        """Draw the QR code, what it does, and the emergency number."""
        page, k = self.page, self.k
        if self.card.qr:
            draw_qr(page, self.card.qr, x_mm=left * k, y_mm=top * k, side_mm=40 * k)
            is_phone = self.card.qr.startswith("tel:")
            key = "prints.card_scan_phone" if is_phone else "prints.card_scan_page"
            for at, text in enumerate(filter(None, self.said(key))):
                self.put((left, top + 44 + 4 * at), text, 7.5, colour=QUIET_INK, width=40)
        bottom = 194.0
        page.set_fill_color(166, 30, 47)
        page.rect(left * k, (bottom - 17) * k, 40 * k, 17 * k, style="F", round_corners=True,
                  corner_radius=1.5 * k)  # fmt: skip
        self.put((left + 3, bottom - 4.6), "110", 24, bold=True, colour=WHITE)
        told = [text for text in self.said("prints.card_emergency") if text]
        first = bottom - 5.4 - 2.1 * len(told)
        for at, text in enumerate(told):
            self.put((left + 22, first + 4.2 * at), text, 7.5, colour=WHITE, width=17)

    def _foot(self) -> None:
        told = self.said("prints.card_foot", day=self.how.as_of.isoformat(), code=self.card.code)
        self.put((_EDGE, 201), told[0], 6.5, colour=QUIET_INK, width=128)
        if self.how.scenario:
            note = self.how.words[0]("prints.synthetic", name=self.how.scenario)
            self.put((_EDGE, 205), note, 6.5, bold=True, colour=(161, 92, 0), width=128)
        elif told[1]:
            self.put((_EDGE, 205), told[1], 6, colour=QUIET_INK, width=128)
