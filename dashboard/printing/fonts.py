"""Keep the bundled Chinese font ready for printing, cut down to the characters of daily use.

Used by `dashboard.printing.page`. The font's file holds 30,000 glyphs and takes about a second to
read for each document and weight. So the first document of a process makes a smaller file (the
6,763 characters of GB/T 2312, Latin, signs), which takes about a second once; every later document
reads that one. A rarer character brings in the whole font for the document that needs it.
Knows nothing of pages.
"""

from __future__ import annotations

import tempfile
from functools import cache
from pathlib import Path
from threading import Lock
from typing import TYPE_CHECKING, Final

from data.errors import ConfigError

if TYPE_CHECKING:
    from collections.abc import Iterator

FONTS: Final = Path(__file__).resolve().parent.parent / "livemap" / "dist"
FILES: Final = {"": "NotoSansSC-Regular.ttf", "B": "NotoSansSC-Bold.ttf"}
"""Weight as the PDF library names it → file."""
_RANGES: Final = (
    (0x0020, 0x007F),  # Latin
    (0x00A0, 0x0180),
    (0x2000, 0x2070),  # dashes, quotes
    (0x2190, 0x2300),  # arrows, signs of arithmetic
    (0x2460, 0x2500),  # numbers in circles
    (0x25A0, 0x2700),  # shapes, marks
    (0x3000, 0x3040),  # Chinese punctuation
    (0xFF00, 0xFF66),  # full width
)
_SHAPING_TABLES: Final = ("GSUB", "GPOS", "GDEF", "BASE", "VORG", "vhea", "vmtx")
_HANZI_ROWS: Final = range(0xB0, 0xF8)
_HANZI_CELLS: Final = range(0xA1, 0xFF)
_LOCK: Final = Lock()


@cache
def daily_characters() -> frozenset[int]:
    """Give the code points that the small font holds, as far as the full one has them."""
    signs = {code for start, end in _RANGES for code in range(start, end)}
    return frozenset(signs | set(_hanzi()))


def whole_font(weight: str) -> Path:
    """Give the bundled file of a weight (empty: regular, ``B``: bold).

    Raises
    ------
    ConfigError
        `print_font_missing`: the file was not installed.
    """
    path = FONTS / FILES[weight]
    if not path.is_file():
        raise ConfigError("print_font_missing", file=str(path))
    return path


def daily_font(weight: str) -> Path:
    """Give the small font of a weight; the first call of a process makes it (about a second).

    Raises
    ------
    ConfigError
        `print_font_missing`.
    """
    with _LOCK:
        return _made(weight)


@cache
def _made(weight: str) -> Path:
    from fontTools.subset import Options, Subsetter  # type: ignore[import-untyped]
    from fontTools.ttLib import TTFont  # type: ignore[import-untyped]

    target = Path(_folder().name) / FILES[weight]
    with TTFont(whole_font(weight), lazy=True, recalcTimestamp=False, recalcBBoxes=False) as font:
        for table in _SHAPING_TABLES:
            if table in font:
                del font[table]
        options = Options(layout_features=[], notdef_outline=True, recalc_bounds=False)
        chosen = Subsetter(options)
        chosen.populate(unicodes=daily_characters())
        chosen.subset(font)
        font.save(target, reorderTables=False)
    return target


@cache
def _folder() -> tempfile.TemporaryDirectory[str]:
    """Hold a folder that goes with the process."""
    return tempfile.TemporaryDirectory(prefix="gridbeat-font-")


def _hanzi() -> Iterator[int]:
    for row in _HANZI_ROWS:
        for cell in _HANZI_CELLS:
            character = bytes([row, cell]).decode("gb2312", errors="ignore")
            if character:
                yield ord(character)
