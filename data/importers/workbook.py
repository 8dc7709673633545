"""Read sheets of XLSX workbooks as text rows; resolve merged cells, report formula cells.

Used by `data.importers.tables`. Nothing in a workbook is calculated: a formula counts as the value
that the program which saved the file left beside it.
"""

import re
import zipfile
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from datetime import date, datetime, time
from pathlib import Path
from typing import Any, Final

import numpy as np

from data.errors import ImportRefused
from data.importers.report import Caution, Rejection
from data.importers.rows import Chunk, Table, TableOptions, text_frame, unique_headers

FORMULA = "formula_cell"
_MERGED: Final = re.compile(rb'<mergeCell\s+ref="([A-Z]+\d+:[A-Z]+\d+)"')
_FORMULA_TAG: Final = re.compile(rb"<f[ >/]")
_MOST_HEADER_ROWS: Final = 10
_EPOCH_1904: Final = 1904
Box = tuple[int, int, int, int]
"""First column, first row, last column, last row; 1-based, inclusive."""


@dataclass(frozen=True, slots=True)
class _Sheet:
    path: Path
    name: str
    columns: tuple[str, ...]
    places: tuple[int, ...]
    first_row: int
    has_formulas: bool
    merged: tuple[Box, ...]


_CLOCK_FORMAT: Final = re.compile(r"[hs]|\[m+\]|AM/PM", re.IGNORECASE)
"""What a number format that shows a time of day holds; colours and words are cut out first."""
_NOT_FORMAT: Final = re.compile(r'"[^"]*"|\[(?:[A-Z]|\$)[^\]]*\]|\\.', re.IGNORECASE)


@dataclass(frozen=True, slots=True)
class _Header:
    columns: tuple[str, ...]
    places: tuple[int, ...]
    first_row: int
    warnings: tuple[Caution, ...]


def open_workbook(path: Path, options: TableOptions) -> Table:
    """Open a sheet; see `data.importers.tables.open_table` for the refusals."""
    _check_package(path, options.max_bytes)
    book = _load(path, is_value=True)
    names = book.sheetnames
    name = options.sheet or names[0]
    if name not in names:
        raise ImportRefused("unknown_sheet", file=path.name, value=name, known=names)
    sheet = book[name]
    xml = _sheet_xml(path, getattr(sheet, "_worksheet_path", ""))
    merged = tuple(_box(found.decode()) for found in _MERGED.findall(xml))
    head = [
        [_text(cell) for cell in row]
        for row in sheet.iter_rows(max_row=_MOST_HEADER_ROWS, values_only=True)
    ]
    row_count = sheet.max_row
    is_1904 = book.epoch.year == _EPOCH_1904
    book.close()
    header = _header(path.name, head, merged)
    formulas = len(_FORMULA_TAG.findall(xml))
    warnings = list(header.warnings)
    if formulas:
        warnings.append(Caution("formula_cells", {"count": formulas}))
    body = tuple(box for box in merged if box[3] >= header.first_row and box[1] >= header.first_row)
    if body:
        warnings.append(Caution("merged_cells_filled", {"count": len(body)}))
    opened = _Sheet(
        path, name, header.columns, header.places, header.first_row, bool(formulas), body
    )
    if not any(any(row) for row in head[header.first_row - 1 :]) and (row_count or 0) <= len(head):
        raise ImportRefused("header_only", file=path.name, columns=list(header.columns))
    return Table(
        "workbook",
        header.columns,
        "",
        "",
        None,
        None if row_count is None else max(row_count - header.first_row + 1, 0),
        tuple(warnings),
        lambda size, skip: _chunks(opened, size, skip),
        "excel1904" if is_1904 else "excel",
    )


def _check_package(path: Path, max_bytes: int) -> None:
    try:
        with zipfile.ZipFile(path) as package:
            unpacked = sum(member.file_size for member in package.infolist())
    except (zipfile.BadZipFile, OSError) as error:
        raise ImportRefused("file_damaged", file=path.name) from error
    if unpacked > max_bytes:
        raise ImportRefused("file_too_large", file=path.name, bytes=unpacked, limit=max_bytes)


def _load(path: Path, *, is_value: bool) -> Any:  # noqa: ANN401 - openpyxl's read-only workbook
    from openpyxl import load_workbook
    from openpyxl.utils.exceptions import InvalidFileException

    try:
        return load_workbook(path, read_only=True, data_only=is_value)
    except (InvalidFileException, zipfile.BadZipFile, KeyError, ValueError, OSError) as error:
        raise ImportRefused("file_damaged", file=path.name) from error


def _sheet_xml(path: Path, member: str) -> bytes:
    with zipfile.ZipFile(path) as package:
        wanted = member.lstrip("/")
        return package.read(wanted) if wanted in package.namelist() else b""


def _box(reference: str) -> Box:
    from openpyxl.utils.cell import range_boundaries

    left, top, right, bottom = range_boundaries(reference)
    return int(left or 1), int(top or 1), int(right or 1), int(bottom or 1)


def _text(value: Any) -> str:  # noqa: ANN401 - whatever a cell holds
    if value is None:
        return ""
    if isinstance(value, bool):
        return "true" if value else "false"
    if isinstance(value, datetime):
        return value.isoformat(sep=" ", timespec="seconds")
    if isinstance(value, date | time):
        return value.isoformat()
    if isinstance(value, float) and value.is_integer() and abs(value) < 1e15:  # noqa: PLR2004 - exact in a double
        return str(int(value))
    return str(value)


def _cell_text(cell: Any) -> str:  # noqa: ANN401 - openpyxl's cell, full or empty
    """Write a cell; a day without a time of day stays a day."""
    value = cell.value
    if isinstance(value, datetime) and value.time() == time():
        shown = _NOT_FORMAT.sub("", str(cell.number_format))
        if not _CLOCK_FORMAT.search(shown):
            return value.date().isoformat()
    return _text(value)


def _header(name: str, head: Sequence[Sequence[str]], merged: Sequence[Box]) -> _Header:
    """Find the header row or rows: titles over all columns are skipped, two-storey names joined."""
    warnings: list[Caution] = []
    top = next((place for place, row in enumerate(head) if any(row)), None)
    if top is None:
        raise ImportRefused("file_empty", file=name)
    width = max(len(row) for row in head)
    while _is_title(head, top, merged, width):
        warnings.append(Caution("title_row_skipped", {"line": top + 1}))
        top += 1
        if top >= len(head):
            raise ImportRefused(
                "merged_header", file=name, positions=[], header=list(head[top - 1])
            )
    touching = [box for box in merged if box[1] == top + 1]
    depth = max((box[3] - box[1] + 1 for box in touching), default=1)
    if any(box[2] > box[0] and box[3] == box[1] for box in touching):
        depth = max(depth, 2)
    rows = [_filled(head, row, merged, width) for row in range(top, min(top + depth, len(head)))]
    names = _joined(rows)
    if depth > 1:
        warnings.append(Caution("merged_header_resolved", {"columns": [*names]}))
    below = head[top + depth :]
    places = [
        place
        for place in range(width)
        if names[place] or any(place < len(row) and row[place] for row in below)
    ]
    blank = [place + 1 for place in places if not names[place]]
    if blank or not places:
        raise ImportRefused("merged_header", file=name, positions=blank, header=names)
    if len(places) < 2:  # noqa: PLR2004 - a lone column is no table
        raise ImportRefused("one_column", file=name, tried=[])
    columns, repeated = unique_headers([names[place] for place in places])
    if repeated:
        warnings.append(Caution("repeated_headers", {"columns": list(repeated)}))
    return _Header(columns, tuple(places), top + depth + 1, tuple(warnings))


def _is_title(head: Sequence[Sequence[str]], top: int, merged: Sequence[Box], width: int) -> bool:
    """Whether the row is one merged (or lone) text above a wider table."""
    filled = [place for place, cell in enumerate(head[top]) if cell]
    wide_merge = any(box[1] == top + 1 and box[2] - box[0] + 1 >= width > 1 for box in merged)
    below = head[top + 1] if top + 1 < len(head) else ()
    return wide_merge or (len(filled) == 1 and sum(1 for cell in below if cell) > 2)  # noqa: PLR2004 - a real header below


def _filled(
    head: Sequence[Sequence[str]], row: int, merged: Sequence[Box], width: int
) -> list[str]:
    cells = [head[row][place].strip() if place < len(head[row]) else "" for place in range(width)]
    for left, top, right, bottom in merged:
        if top <= row + 1 <= bottom and top - 1 < len(head):
            source = head[top - 1]
            shown = source[left - 1].strip() if left - 1 < len(source) else ""
            for place in range(left - 1, min(right, width)):
                cells[place] = shown
    return cells


def _joined(rows: Sequence[Sequence[str]]) -> list[str]:
    """Name each column by its lowest own word, with the word above where that is not enough."""
    lowest = [
        next((r[place] for r in reversed(rows) if r[place]), "") for place in range(len(rows[0]))
    ]
    names = []
    for place, word in enumerate(lowest):
        above = next((row[place] for row in rows if row[place]), "")
        needs_more = lowest.count(word) > 1 and above != word
        names.append(f"{above} {word}" if needs_more else word)
    return names


def _chunks(opened: _Sheet, size: int, skip_rows: int) -> Iterator[Chunk]:
    fill = dict.fromkeys(opened.merged, "")
    rows: list[list[str]] = []
    lines: list[int] = []
    faults: list[Rejection] = []
    consumed = seen = 0
    for line, cells, lost in _rows(opened):
        filled = _fill_merged(cells, line, fill)
        seen += 1
        if seen <= skip_rows:
            continue
        consumed += 1
        shown = [filled[place] if place < len(filled) else "" for place in opened.places]
        bad = next((place for place in opened.places if place in lost), None)
        if bad is not None:
            column = opened.columns[opened.places.index(bad)]
            raw = dict(zip(opened.columns, shown, strict=True))
            faults.append(Rejection(line, column, lost[bad], FORMULA, raw | {column: lost[bad]}))
        elif any(shown):
            rows.append(shown)
            lines.append(line)
        if consumed == size:
            yield _chunk(opened, rows, lines, faults)
            rows, lines, faults, consumed = [], [], [], 0
    if consumed:
        yield _chunk(opened, rows, lines, faults, consumed)


def _chunk(
    opened: _Sheet,
    rows: list[list[str]],
    lines: list[int],
    faults: list[Rejection],
    consumed: int | None = None,
) -> Chunk:
    frame = text_frame(opened.columns, rows)
    return Chunk(frame, np.array(lines, dtype=np.int64), None, tuple(faults), consumed or 0)


def _rows(opened: _Sheet) -> Iterator[tuple[int, list[str], dict[int, str]]]:
    """Give each row: its number, its texts, and the formulas whose value is missing."""
    values = _load(opened.path, is_value=True)
    formulas = _load(opened.path, is_value=False) if opened.has_formulas else None
    try:
        told = values[opened.name].iter_rows(min_row=opened.first_row)
        if formulas is None:
            for line, row in enumerate(told, start=opened.first_row):
                yield line, [_cell_text(cell) for cell in row], {}
            return
        written = formulas[opened.name].iter_rows(min_row=opened.first_row)
        for line, (row, cells) in enumerate(zip(told, written, strict=True), opened.first_row):
            lost = {
                place: str(cell.value)
                for place, cell in enumerate(cells)
                if getattr(cell, "data_type", "") == "f" and row[place].value is None
            }
            yield line, [_cell_text(cell) for cell in row], lost
    finally:
        values.close()
        if formulas is not None:
            formulas.close()


def _fill_merged(cells: list[str], line: int, fill: dict[Box, str]) -> list[str]:
    """Give every cell of a merged box the text of its first one."""
    made = list(cells)
    for box, known in fill.items():
        left, top, right, bottom = box
        if not top <= line <= bottom:
            continue
        text = cells[left - 1] if line == top and left - 1 < len(cells) else known
        fill[box] = text
        made += [""] * (right - len(made))
        made[left - 1 : right] = [text] * (right - left + 1)
    return made
