"""Read delimited text (CSV, TSV, gzipped too) in chunks of whole records.

Used by `data.importers.tables`. Records are cut at line ends outside quotes, so that line numbers
are true and a broken row costs only itself. GB18030 and Big5 never use the bytes of quote and line
end inside a character, so cutting before decoding is safe.
"""

import csv
import io
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Final

import numpy as np
import numpy.typing as npt
import pandas as pd
import pyarrow as pa
import pyarrow.csv as pa_csv

from data.errors import ImportRefused
from data.formulas import unguard_formulas
from data.importers.encodings import (
    UTF8,
    UTF16,
    detect_encoding,
    encoding_of_bom,
    stated_encoding,
)
from data.importers.records import (
    LONGEST_FIELD,
    blocks_of,
    head_of,
    open_bytes,
    record_groups,
    scan_file,
)
from data.importers.report import Caution, Rejection
from data.importers.rows import (
    Chunk,
    IntArray,
    Table,
    TableOptions,
    text_frame,
    unique_headers,
)

DELIMITERS: Final = (",", ";", "\t", "|")
WRONG_COLUMNS, UNDECODABLE = "wrong_number_of_columns", "undecodable"


@dataclass(frozen=True, slots=True)
class _Text:
    """An opened text table: where it is and how it is read."""

    path: Path
    encoding: str
    delimiter: str
    columns: tuple[str, ...]
    width: int
    has_loose_quotes: bool
    max_bytes: int


def open_delimited(path: Path, options: TableOptions) -> Table:
    """Open a text table; see `data.importers.tables.open_table` for the refusals."""
    encoding = stated_encoding(options.encoding) if options.encoding else None
    wide = (encoding or encoding_of_bom(head_of(path)) or "").startswith("utf-16")
    scan = scan_file(path, options.max_bytes, UTF16 if wide else None)
    if not scan.sample.strip():
        raise ImportRefused("file_empty", file=path.name)
    if wide:
        encoding, told = UTF16, UTF8
    else:
        encoding = encoding or encoding_of_bom(scan.sample) or detect_encoding(scan.foreign_lines)
        told = encoding
    text = scan.sample.decode(told, errors="replace").lstrip("\ufeff")
    if options.encoding and _is_garbled(scan.foreign_lines, told):
        raise ImportRefused(
            "wrong_encoding", stated=options.encoding, found=detect_encoding(scan.foreign_lines)
        )
    delimiter = _delimiter(text, options, path.name)
    columns, warnings, width = _header(text, delimiter, path.name)
    if scan.record_count < 2:  # noqa: PLR2004 - the header and one row
        raise ImportRefused("header_only", file=path.name, columns=list(columns))
    opened = _Text(
        path, encoding, delimiter, columns, width, scan.has_loose_quotes, options.max_bytes
    )
    read = _loose_chunks if scan.has_loose_quotes else _fast_chunks
    if scan.has_loose_quotes:
        warnings = (*warnings, Caution("loose_quotes"))
    return Table(
        "text",
        columns,
        encoding,
        delimiter,
        None,
        scan.record_count - 1,
        warnings,
        lambda size, skip: read(opened, size, skip),
    )


def _is_garbled(lines: list[bytes], encoding: str) -> bool:
    """Whether most lines above ASCII cannot be read in the stated encoding."""
    broken = sum("\ufffd" in line.decode(encoding, errors="replace") for line in lines)
    return bool(lines) and broken > len(lines) / 2


def _delimiter(text: str, options: TableOptions, name: str) -> str:
    counts = {sign: _width(text, sign) for sign in DELIMITERS}
    likely = max(DELIMITERS, key=lambda sign: counts[sign])
    if options.decimal == "," and counts[";"] > 1:
        likely = ";"
    if options.delimiter:
        stated = "\t" if options.delimiter.lower() == "tab" else options.delimiter
        if len(stated) != 1:
            raise ImportRefused("wrong_delimiter", stated=stated, found=_word(likely), file=name)
        if _width(text, stated) < 2 <= counts[likely]:  # noqa: PLR2004 - one column
            raise ImportRefused("wrong_delimiter", stated=stated, found=_word(likely), file=name)
        return stated
    if counts[likely] < 2:  # noqa: PLR2004 - one column
        raise ImportRefused("one_column", file=name, tried=[_word(sign) for sign in DELIMITERS])
    return likely


def _word(sign: str) -> str:
    return "tab" if sign == "\t" else sign


def _width(text: str, delimiter: str) -> int:
    """Columns that the header has, where at least half of the first rows agree; else one."""
    rows = _first_rows(text, delimiter)
    if not rows:
        return 1
    width = len(rows[0])
    return width if sum(len(row) == width for row in rows) * 2 >= len(rows) else 1


def _first_rows(text: str, delimiter: str) -> list[list[str]]:
    rows = []
    try:
        for row in csv.reader(io.StringIO(text), delimiter=delimiter):
            if any(cell.strip() for cell in row):
                rows.append(row)
            if len(rows) == 50:  # noqa: PLR2004 - enough to see the shape
                break
    except csv.Error:
        return rows
    return rows


def _header(
    text: str, delimiter: str, name: str
) -> tuple[tuple[str, ...], tuple[Caution, ...], int]:
    rows = _first_rows(text, delimiter)
    names = [cell.strip() for cell in rows[0]]
    width = len(names)
    while len(names) > 1 and not names[-1] and not any(_cell(r, len(names) - 1) for r in rows[1:]):
        names.pop()
    blank = [place + 1 for place, cell in enumerate(names) if not cell]
    if blank:
        raise ImportRefused("merged_header", file=name, positions=blank, header=names)
    columns, repeated = unique_headers(names)
    warnings = (Caution("repeated_headers", {"columns": list(repeated)}),) if repeated else ()
    return columns, warnings, width


def _cell(row: list[str], place: int) -> str:
    return row[place].strip() if place < len(row) else ""


def _fast_chunks(opened: _Text, size: int, skip_rows: int) -> Iterator[Chunk]:
    line, to_skip, has_header = 1, skip_rows, False
    wide = UTF16 if opened.encoding == UTF16 else None
    for group, group_ends in record_groups(blocks_of(opened.path, opened.max_bytes, wide), size):
        piece, ends, drop = group, group_ends, 0
        if not has_header:
            drop = _after_header(piece, ends)
            has_header = drop > 0
            drop = drop or len(ends)
        skipped = min(to_skip, len(ends) - drop)
        to_skip, drop = to_skip - skipped, drop + skipped
        if drop:
            cut = int(ends[drop - 1]) + 1
            line += piece[:cut].count(b"\n")
            piece, ends = piece[cut:], ends[drop:] - cut
        if len(ends):
            yield _parse(opened, piece, ends, line)
            line += piece.count(b"\n")


def _after_header(piece: bytes, ends: IntArray) -> int:
    """Count the records up to the header, which is the first record with any text."""
    start = 0
    for place, end in enumerate(ends.tolist()):
        if piece[start:end].strip(b"\xef\xbb\xbf \r,;|\t"):
            return place + 1
        start = end + 1
    return 0


def _parse(opened: _Text, piece: bytes, ends: IntArray, first_line: int) -> Chunk:
    starts = np.concatenate(([0], ends[:-1] + 1))
    signs = np.frombuffer(piece, dtype=np.uint8)
    breaks = np.flatnonzero(signs == 10)  # noqa: PLR2004 - LF
    line = first_line + np.searchsorted(breaks, starts)
    faults: list[Rejection] = []
    count = len(ends)
    text, kept = _decoded(opened, piece, starts, ends)
    if kept is not None:
        for place in np.flatnonzero(~kept):
            shown = piece[starts[place] : ends[place]].decode(
                UTF8 if opened.encoding == UTF16 else opened.encoding, errors="replace"
            )
            faults.append(Rejection(int(line[place]), "", shown, UNDECODABLE, {"": shown}))
        line, starts, ends = line[kept], starts[kept], ends[kept]
    is_blank = (ends - starts) <= 1
    is_blank &= (ends == starts) | (signs[np.minimum(starts, len(signs) - 1)] == 13)  # noqa: PLR2004 - CR
    frame, ragged = _arrow(opened, text)
    if b"'" in text:
        frame = frame.apply(unguard_formulas)
    keep = np.ones(len(line), dtype=np.bool_)
    for at, shown in ragged:
        keep[at] = False
        if shown.strip():
            faults.append(Rejection(int(line[at]), "", shown, WRONG_COLUMNS, {"": shown}))
    line, is_blank = line[keep], is_blank[keep]
    if is_blank.any():
        frame, line = frame.loc[~is_blank].reset_index(drop=True), line[~is_blank]
    return Chunk(frame, line, None, tuple(faults), count)


def _decoded(
    opened: _Text, piece: bytes, starts: IntArray, ends: IntArray
) -> tuple[bytes, npt.NDArray[np.bool_] | None]:
    """Give the piece as UTF-8, and which records survived where some could not be read."""
    encoding = UTF8 if opened.encoding == UTF16 else opened.encoding
    whole = _whole(piece, encoding)
    if whole is not None:
        return whole, None
    kept, parts = np.ones(len(ends), dtype=np.bool_), []
    for place, (start, end) in enumerate(zip(starts, ends, strict=True)):
        try:
            parts.append(piece[start : end + 1].decode(encoding).encode(UTF8))
        except UnicodeDecodeError:
            kept[place] = False
    return b"".join(parts), kept


def _whole(piece: bytes, encoding: str) -> bytes | None:
    """Give the piece as UTF-8; none where some of it cannot be read."""
    try:
        text = piece.decode(encoding)
    except UnicodeDecodeError:
        return None
    return piece if encoding == UTF8 else text.encode(UTF8)


def _arrow(opened: _Text, text: bytes) -> tuple[pd.DataFrame, list[tuple[int, str]]]:
    """Parse whole records; give the frame and the records of another width."""
    names = [*opened.columns, *(f"\x00{i}" for i in range(opened.width - len(opened.columns)))]
    ragged: list[tuple[int, str]] = []

    def note(row: pa_csv.InvalidRow) -> str:
        ragged.append((row.number - 1, row.text))
        return "skip"

    if not text:
        return text_frame(opened.columns, []), ragged
    rows = pa_csv.read_csv(
        pa.BufferReader(text),
        read_options=pa_csv.ReadOptions(
            column_names=names, use_threads=False, block_size=max(len(text) + 1, 1024)
        ),
        parse_options=pa_csv.ParseOptions(
            delimiter=opened.delimiter,
            newlines_in_values=b'"' in text,
            ignore_empty_lines=False,
            invalid_row_handler=note,
        ),
        convert_options=pa_csv.ConvertOptions(
            column_types=dict.fromkeys(names, pa.string()), strings_can_be_null=False
        ),
    )
    return rows.select(list(opened.columns)).to_pandas(), ragged


def _loose_chunks(opened: _Text, size: int, skip_rows: int) -> Iterator[Chunk]:
    """Read a file whose quotes follow no rule, record by record."""
    encoding = UTF16 if opened.encoding == UTF16 else opened.encoding
    csv.field_size_limit(LONGEST_FIELD)
    with open_bytes(opened.path) as stream:
        text = io.TextIOWrapper(stream, encoding=encoding, errors="replace", newline="")
        reader = csv.reader(text, delimiter=opened.delimiter)
        rows: list[list[str]] = []
        lines: list[int] = []
        faults: list[Rejection] = []
        consumed, seen = 0, -1
        last_line = 0
        try:
            for row in reader:
                line, last_line = last_line + 1, reader.line_num
                if seen < 0:
                    seen += int(any(cell.strip("\ufeff ") for cell in row))
                    continue
                seen += 1
                if seen <= skip_rows:
                    continue
                consumed += 1
                _sort_row(opened, row, line, (rows, lines, faults))
                if consumed == size:
                    yield _loose_chunk(opened, (rows, lines, faults), consumed)
                    rows, lines, faults, consumed = [], [], [], 0
        except csv.Error as error:
            raise ImportRefused(
                "unclosed_quote", file=opened.path.name, line=last_line + 1
            ) from error
        if consumed:
            yield _loose_chunk(opened, (rows, lines, faults), consumed)


_Parts = tuple[list[list[str]], list[int], list[Rejection]]


def _sort_row(opened: _Text, row: list[str], line: int, parts: _Parts) -> None:
    rows, lines, faults = parts
    shown = opened.delimiter.join(row)
    if not row:
        return
    if len(row) != opened.width:
        faults.append(Rejection(line, "", shown, WRONG_COLUMNS, {"": shown}))
    elif "\ufffd" in shown:
        faults.append(Rejection(line, "", shown, UNDECODABLE, {"": shown}))
    else:
        rows.append(row[: len(opened.columns)])
        lines.append(line)


def _loose_chunk(opened: _Text, parts: _Parts, consumed: int) -> Chunk:
    rows, lines, faults = parts
    frame = text_frame(opened.columns, rows)
    return Chunk(frame, np.array(lines, dtype=np.int64), None, tuple(faults), consumed)
