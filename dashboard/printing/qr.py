"""Draw QR codes as vectors on a printed page.

Used by the contact card. Knows nothing of what the code says.
"""

from __future__ import annotations

import re
from typing import TYPE_CHECKING, Final

import segno

from data.errors import ConfigError

if TYPE_CHECKING:
    from dashboard.printing.page import PrintedPage

QUIET_MODULES: Final = 4
"""White modules around a code (ISO/IEC 18004)."""
LONGEST_CONTENT: Final = 300
_PHONE: Final = re.compile(r"[+0-9][0-9\- ()（）]{2,30}")
_ADDRESS: Final = re.compile(r"https?://[^\s<>\"]+")


def phone_content(office_phone: str | None) -> str:
    """Write an office phone as a link that dials; empty for what is no number."""
    if office_phone is None or not _PHONE.fullmatch(office_phone.strip()):
        return ""
    return "tel:" + re.sub(r"[^0-9+]", "", office_phone)


def address_content(template: str, code: str) -> str:
    """Fill the place's code into a configured address (``{code}``).

    Raises
    ------
    ConfigError
        `bad_qr_address`: not an http(s) address, or too long to scan from paper.
    """
    told = template.strip().replace("{code}", code)
    if not _ADDRESS.fullmatch(told) or len(told) > LONGEST_CONTENT:
        raise ConfigError("bad_qr_address", value=template, most=LONGEST_CONTENT)
    return told


def modules(content: str) -> tuple[tuple[bool, ...], ...]:
    """Give the dark modules of a code, error level M (15 % may be dirty), without quiet zone."""
    code = segno.make(content, error="m", micro=False)
    return tuple(tuple(bool(cell) for cell in row) for row in code.matrix)


def draw_qr(page: PrintedPage, content: str, *, x_mm: float, y_mm: float, side_mm: float) -> None:
    """Draw a code with its quiet zone into a square; rows of modules are joined to bars."""
    rows = modules(content)
    cell = side_mm / (len(rows) + 2 * QUIET_MODULES)
    page.set_fill_color(255, 255, 255)
    page.rect(x_mm, y_mm, side_mm, side_mm, style="F")
    page.set_fill_color(0, 0, 0)
    for at, row in enumerate(rows):
        top = y_mm + (QUIET_MODULES + at) * cell
        for start, length in _runs(row):
            left = x_mm + (QUIET_MODULES + start) * cell
            page.rect(left, top, length * cell, cell, style="F")


def _runs(row: tuple[bool, ...]) -> list[tuple[int, int]]:
    """Find the stretches of dark modules: start and length."""
    found: list[tuple[int, int]] = []
    start: int | None = None
    for at, is_dark in enumerate((*row, False)):
        if is_dark and start is None:
            start = at
        elif not is_dark and start is not None:
            found.append((start, at - start))
            start = None
    return found
