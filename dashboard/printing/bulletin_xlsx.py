"""Write a bulletin as a workbook: numbers as numbers, texts as texts, never a formula.

Used by the bulletin screen and `gridbeat bulletin`; the public version writes its rows by it.
Knows nothing of the store.
"""

from __future__ import annotations

from io import BytesIO
from typing import TYPE_CHECKING, Any, Final

from openpyxl import Workbook
from openpyxl.cell import WriteOnlyCell
from openpyxl.styles import Font

from dashboard.printing.bulletin import HOURS
from dashboard.printing.bulletin_words import (
    basis_text,
    imprecise_text,
    peak_text,
    remark_text,
    span_text,
    title_text,
    unlocated_text,
)

if TYPE_CHECKING:
    from collections.abc import Sequence

    from dashboard.printing.bulletin import Bulletin, CaseCounts
    from dashboard.text import Words
    from data.kpi import Figure

Sheet = Any
Value = str | int | float | None
_SHARE: Final = "0.0%"
_WIDE: Final = 30
_NARROW: Final = 13


def bulletin_xlsx(bulletin: Bulletin, words: Words) -> bytes:
    """Write four sheets: figures, kinds, hours, cases; and one that says what they stand on."""
    book = Workbook(write_only=True)
    _figures(new_sheet(book, words("bulletin.sheet_figures")), bulletin, words)
    _kinds(new_sheet(book, words("bulletin.kinds")), bulletin, words)
    _hours(new_sheet(book, words("bulletin.hours")), bulletin, words)
    for name, cases in (("hazard", bulletin.hazards), ("dispute", bulletin.disputes)):
        _cases(new_sheet(book, words(f"bulletin.{name}s")), words, name, cases)
    _about(new_sheet(book, words("bulletin.sheet_about")), bulletin, words)
    target = BytesIO()
    book.save(target)
    return target.getvalue()


def new_sheet(book: Workbook, title: str) -> Sheet:
    """Add a sheet with a wide first column."""
    sheet = book.create_sheet(title[:31])
    sheet.column_dimensions["A"].width = _WIDE
    for letter in "BCDEFGH":
        sheet.column_dimensions[letter].width = _NARROW
    return sheet


def put_row(
    sheet: Sheet,
    values: Sequence[Value],
    *,
    bold: bool = False,
    shares: tuple[int, ...] = (),
) -> None:
    """Append a row; text is stored as text whatever it begins with."""
    cells = []
    for at, value in enumerate(values):
        cell = WriteOnlyCell(sheet, None if isinstance(value, str) else value)
        if isinstance(value, str):
            cell.value = value
            cell.data_type = "s"
        elif at in shares:
            cell.number_format = _SHARE
        if bold:
            cell.font = Font(bold=True)
        cells.append(cell)
    sheet.append(cells)


def _figures(sheet: Sheet, bulletin: Bulletin, words: Words) -> None:
    put_row(sheet, [title_text(words, bulletin)], bold=True)
    put_row(sheet, [span_text(words, bulletin)])
    names = ("figure", "value", "numerator", "denominator", "low", "high", "remark")
    put_row(sheet, [words(f"bulletin.col_{name}") for name in names], bold=True)
    every, rate = bulletin.incidents, bulletin.per_thousand
    put_row(sheet, [words("bulletin.tile_incidents"), _whole(every.numerator)])
    put_row(
        sheet,
        [words("bulletin.tile_change"), every.value, *_bases(every), remark_text(words, every)],
        shares=(1, 4, 5),
    )
    put_row(sheet, [words("bulletin.rate_label"), rate.value, *_bases(rate)])
    put_row(sheet, [words("bulletin.households_label"), bulletin.households])
    for name, cases in (("hazards", bulletin.hazards), ("disputes", bulletin.disputes)):
        put_row(sheet, [words(f"bulletin.tile_{name}"), cases.still_open])
        label = words("bulletin.overdue_of", name=words(f"bulletin.tile_{name}"))
        put_row(sheet, [label, cases.overdue, cases.overdue, cases.with_limit])


def _kinds(sheet: Sheet, bulletin: Bulletin, words: Words) -> None:
    names = ("kind", "now", "before", "change", "low", "high", "remark")
    put_row(sheet, [words(f"bulletin.col_{name}") for name in names], bold=True)
    listed = [(words.label("incident_kind", k.code or None), k.change) for k in bulletin.kinds]
    for label, figure in (*listed, (words("bulletin.total"), bulletin.incidents)):
        row = [label, _whole(figure.numerator), _whole(figure.denominator), figure.value]
        row += [figure.low, figure.high, remark_text(words, figure)]
        put_row(sheet, row, shares=(3, 4, 5))


def _hours(sheet: Sheet, bulletin: Bulletin, words: Words) -> None:
    put_row(sheet, [words("bulletin.col_weekday"), *range(HOURS)], bold=True)
    for day, row in enumerate(bulletin.hours.counts):
        put_row(sheet, [words(f"bulletin.weekday_{day}"), *row])
    put_row(sheet, [])
    put_row(sheet, [peak_text(words, bulletin)])


def _cases(sheet: Sheet, words: Words, name: str, cases: CaseCounts) -> None:
    names = ("kind", "found", "closed", "open", "overdue")
    put_row(sheet, [words(f"bulletin.col_{column}") for column in names], bold=True)
    for kind in cases.kinds:
        label = words.label(f"{name}_kind", kind.code or None)
        put_row(sheet, [label, kind.found, kind.closed, kind.still_open, kind.overdue])
    totals = [cases.found, cases.closed, cases.still_open, cases.overdue]
    put_row(sheet, [words("bulletin.total"), *totals], bold=True)


def _about(sheet: Sheet, bulletin: Bulletin, words: Words) -> None:
    told = [
        basis_text(words, bulletin),
        words("bulletin.how_counted"),
        unlocated_text(words, bulletin),
        imprecise_text(words, bulletin),
        words("bulletin.col_code") + " " + (bulletin.code or "*"),
        words("bulletin.printed_by", by=bulletin.printed_by),
    ]
    if bulletin.scenario:
        told.append(words("prints.synthetic", name=bulletin.scenario))
    for text in filter(None, told):
        put_row(sheet, [text])


def _bases(figure: Figure) -> list[Value]:
    return [_whole(figure.numerator), _whole(figure.denominator), figure.low, figure.high]


def _whole(value: float | None) -> int | None:
    return None if value is None else round(value)
