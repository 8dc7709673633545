"""Convert the datum of two columns of a table (CSV, TSV, XLSX) and leave everything else alone.

Used by the command line (`gridbeat convert`). Text tables are rewritten cell by cell in their own
bytes: encoding, delimiter, quotes, line ends, row order and every other column stay as they were.
Knows nothing of the store. The datum is declared, never guessed.
"""

import os
import tempfile
from collections.abc import Callable, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import IO, Any, Final

import numpy as np
import numpy.typing as npt
import pandas as pd

from data.errors import ImportRefused
from data.importers.encodings import UTF16
from data.importers.numbers import parse_numbers
from data.importers.records import blocks_of, record_groups
from data.importers.tables import (
    TEXT_ENDINGS,
    WORKBOOK_ENDINGS,
    Table,
    TableOptions,
    file_ending,
    open_table,
)
from geo.crs import Datum
from geo.gcj02 import from_wgs84, to_wgs84

DECIMALS: Final = 8
"""Decimals of a written degree: a millimetre."""
_GROUP_ROWS: Final = 20_000
_SAFE_SIGNS: Final = (",", ";", "\t")
"""Delimiters that are never the second byte of a GB18030 or Big5 character."""
_BLANKS: Final = "\ufeff\u00ef\u00bb\u00bf \r\n,;|\t"
"""What stands in a record without any text; the mark of UTF-8 also as single bytes."""
Span = tuple[int, int]
FloatArray = npt.NDArray[np.float64]
Convert = Callable[[Sequence[str], Sequence[str]], list[tuple[str, str] | None]]


@dataclass(frozen=True, slots=True)
class ConversionOptions:
    """What to convert.

    Parameters
    ----------
    lon, lat
        Columns of the longitudes and latitudes, in degrees.
    source, target
        Datum of the file, and the one wanted.
    """

    lon: str
    lat: str
    source: Datum
    target: Datum
    table: TableOptions = field(default_factory=TableOptions)


@dataclass(frozen=True, slots=True)
class Converted:
    """What was done; `rows = converted + unchanged`.

    Attributes
    ----------
    unchanged
        Rows whose coordinates are blank, no numbers or no degrees: kept as they were.
    """

    rows: int
    converted: int
    encoding: str

    @property
    def unchanged(self) -> int:
        """Rows kept as they were."""
        return self.rows - self.converted

    def as_json(self) -> dict[str, Any]:
        """Give one JSON document."""
        return {
            "rows": self.rows,
            "converted": self.converted,
            "unchanged": self.unchanged,
            "encoding": self.encoding,
        }


def convert_table(path: Path, out: Path, options: ConversionOptions) -> Converted:
    """Write the table with its coordinates in another datum; the new file appears whole or not.

    Parameters
    ----------
    out
        A file of the same type.

    Raises
    ------
    ImportRefused
        The codes of `open_table`; `unknown_column`, `convert_same_file`, `convert_other_type`,
        `convert_not_a_table`, `convert_loose_quotes`.
    """
    ending = file_ending(path)
    table = open_table(path, options.table)
    if ending not in {*TEXT_ENDINGS, *WORKBOOK_ENDINGS} or ending.endswith(".gz"):
        raise ImportRefused("convert_not_a_table", file=path.name)
    if out.exists() and out.samefile(path):
        raise ImportRefused("convert_same_file", file=path.name)
    is_workbook = ending in WORKBOOK_ENDINGS
    if (file_ending(out) in WORKBOOK_ENDINGS) != is_workbook:
        raise ImportRefused("convert_other_type", file=path.name, out=out.name)
    for column in (options.lon, options.lat):
        if column not in table.columns:
            raise ImportRefused("unknown_column", column=column, columns=list(table.columns))
    out.parent.mkdir(parents=True, exist_ok=True)
    with tempfile.TemporaryDirectory(dir=out.parent, prefix=".gridbeat-") as folder:
        made = Path(folder) / out.name
        write = _workbook if is_workbook else _text
        done = write(path, made, table, options)
        os.replace(made, out)  # noqa: PTH105 - Path.replace says the same
    return done


def converter(options: ConversionOptions) -> Convert:
    """Give the function that converts texts of degrees; none for a pair that is left alone."""

    def convert(lon: Sequence[str], lat: Sequence[str]) -> list[tuple[str, str] | None]:
        decimal = options.table.decimal
        x, y = (
            parse_numbers(pd.Series(list(texts), dtype="str"), decimal=decimal)
            for texts in (lon, lat)
        )
        with np.errstate(invalid="ignore"):
            good = (np.abs(x) <= 180) & (np.abs(y) <= 90)  # noqa: PLR2004 - degrees
        made: list[tuple[str, str] | None] = [None] * len(x)
        if good.any():
            plain = to_wgs84(x[good], y[good], options.source)
            moved = from_wgs84(plain.lon, plain.lat, options.target)
            for row, east, north in zip(np.flatnonzero(good), moved.lon, moved.lat, strict=True):
                made[row] = (_degrees(east, decimal), _degrees(north, decimal))
        return made

    return convert


def _degrees(value: float, decimal: str) -> str:
    return f"{value:.{DECIMALS}f}".replace(".", decimal)


@dataclass(slots=True)
class _TextTable:
    """A text table on its way through: how its bytes are cut and read."""

    delimiter: str
    width: int
    places: tuple[int, ...]
    inner: str
    cell: str
    rows: int = 0
    converted: int = 0
    has_header: bool = False

    def changed(self, records: list[str], convert: Convert) -> str:
        """Convert a group of records; what comes up to the header stays."""
        start = 0
        if not self.has_header:
            start = next((k + 1 for k, text in enumerate(records) if text.strip(_BLANKS)), 0)
            self.has_header = start > 0
            start = start or len(records)
        body = records[start:]
        spans = [_spans(text, self.delimiter, self.places, self.width) for text in body]
        codecs = (self.inner, self.cell)
        told = [_cells(text, span, codecs) for text, span in zip(body, spans, strict=True)]
        fresh = convert([lon for lon, _lat in told], [lat for _lon, lat in told])
        self.rows += sum(1 for text in body if text.strip("\r\n"))
        self.converted += sum(pair is not None for pair in fresh)
        made = [
            _replaced(text, span, pair) for text, span, pair in zip(body, spans, fresh, strict=True)
        ]
        return "".join([*records[:start], *made])


def _text(path: Path, out: Path, table: Table, options: ConversionOptions) -> Converted:
    if any(warning.code == "loose_quotes" for warning in table.warnings):
        raise ImportRefused("convert_loose_quotes", file=path.name)
    is_wide = table.encoding == UTF16
    is_safe = table.delimiter in _SAFE_SIGNS
    going = _TextTable(
        table.delimiter,
        len(table.columns),
        tuple(table.columns.index(name) for name in (options.lon, options.lat)),
        "utf-8" if is_wide else "latin-1" if is_safe else table.encoding,
        "utf-8" if is_wide else table.encoding,
    )
    convert = converter(options)
    encode = _wide_encoder(path) if is_wide else None
    blocks = blocks_of(path, options.table.max_bytes, UTF16 if is_wide else None)
    with out.open("wb") as stream:
        for piece, ends in record_groups(blocks, _GROUP_ROWS):
            text = going.changed(_records(piece, ends.tolist(), going.inner), convert)
            stream.write(encode(text) if encode else text.encode(going.inner, "surrogateescape"))
        _trim_last(stream, path, is_wide=is_wide)
    return Converted(going.rows, going.converted, table.encoding)


def _trim_last(stream: IO[bytes], path: Path, *, is_wide: bool) -> None:
    """Take away the line end that reading put after a last line without one."""
    size = path.stat().st_size
    with path.open("rb") as source:
        source.seek(max(size - 2, 0))
        tail = source.read()
    has_end = tail in {b"\n\x00", b"\x00\n"} if is_wide else tail.endswith((b"\n", b"\r"))
    if not has_end:
        stream.seek(-2 if is_wide else -1, os.SEEK_END)
        stream.truncate()


def _wide_encoder(path: Path) -> Callable[[str], bytes]:
    """Encode as the file was: the same order of bytes, its mark at the start."""
    with path.open("rb") as source:
        mark = source.read(2)
    codec = "utf-16-be" if mark == b"\xfe\xff" else "utf-16-le"
    state = {"is_first": mark in {b"\xfe\xff", b"\xff\xfe"}}

    def encode(text: str) -> bytes:
        head = mark if state["is_first"] else b""
        state["is_first"] = False
        return head + text.encode(codec)

    return encode


def _records(piece: bytes, ends: Sequence[int], inner: str) -> list[str]:
    made, start = [], 0
    for end in ends:
        made.append(piece[start : end + 1].decode(inner, "surrogateescape"))
        start = end + 1
    return made


def _spans(
    text: str, delimiter: str, places: tuple[int, ...], width: int
) -> tuple[Span, ...] | None:
    """Find where the wanted fields stand in a record; none for a record of another width."""
    bare = text.rstrip("\r\n")
    cuts = _cuts(bare, delimiter)
    if len(cuts) + 1 < width:
        return None
    starts, stops = [0, *(cut + 1 for cut in cuts)], [*cuts, len(bare)]
    return tuple((starts[place], stops[place]) for place in places)


def _cuts(bare: str, delimiter: str) -> list[int]:
    """Positions of the delimiters outside quotes."""
    cuts, at, is_quoted = [], 0, False
    if '"' not in bare:
        while (at := bare.find(delimiter, at)) >= 0:
            cuts.append(at)
            at += 1
        return cuts
    for at, sign in enumerate(bare):
        if sign == '"':
            is_quoted = not is_quoted
        elif sign == delimiter and not is_quoted:
            cuts.append(at)
    return cuts


def _cells(text: str, spans: tuple[Span, ...] | None, codecs: tuple[str, str]) -> tuple[str, str]:
    if spans is None:
        return "", ""
    inner, cell = codecs
    lon, lat = (_plain(text[start:stop]) for start, stop in spans)
    if inner == "latin-1" and not (lon.isascii() and lat.isascii()):
        return lon.encode(inner).decode(cell, "replace"), lat.encode(inner).decode(cell, "replace")
    return lon, lat


def _plain(field: str) -> str:
    return field.strip().strip('"').lstrip("'")


def _replaced(text: str, spans: tuple[Span, ...] | None, pair: tuple[str, str] | None) -> str:
    if spans is None or pair is None:
        return text
    for (start, stop), fresh in sorted(zip(spans, pair, strict=True), reverse=True):
        is_quoted = text[start:stop].strip().startswith('"')
        needs = is_quoted or "," in fresh
        text = text[:start] + (f'"{fresh}"' if needs else fresh) + text[stop:]
    return text


def _workbook(path: Path, out: Path, table: Table, options: ConversionOptions) -> Converted:
    """Change two columns of one sheet; formulas, formats and the other sheets stay."""
    from openpyxl import load_workbook

    lines = sorted(
        int(line)
        for chunk in table.chunks()
        for line in (*chunk.line, *(fault.line for fault in chunk.faults))
    )
    book = load_workbook(path, keep_vba=path.suffix.lower() == ".xlsm")
    sheet = book[options.table.sheet or book.sheetnames[0]]
    header = _header_row(sheet, (options.lon, options.lat), lines[0] if lines else 1)
    pairs = [tuple(sheet.cell(line, place) for place in header) for line in lines]
    told = [tuple("" if cell.value is None else str(cell.value) for cell in pair) for pair in pairs]
    fresh = converter(options)([lon for lon, _lat in told], [lat for _lon, lat in told])
    for cells, pair in zip(pairs, fresh, strict=True):
        if pair is not None:
            for cell, text in zip(cells, pair, strict=True):
                cell.value = text if isinstance(cell.value, str) else float(text.replace(",", "."))
    book.save(out)
    return Converted(len(lines), sum(pair is not None for pair in fresh), "")


def _header_row(sheet: Any, names: tuple[str, str], first: int) -> tuple[int, int]:  # noqa: ANN401 - openpyxl's sheet
    """Find the columns by their headers, in the lowest row above the first row of the table."""
    for line in range(first - 1, 0, -1):
        words = [str(cell.value).strip() if cell.value is not None else "" for cell in sheet[line]]
        if all(name in words for name in names):
            return words.index(names[0]) + 1, words.index(names[1]) + 1
    raise ImportRefused("merged_header", file="", positions=[], header=list(names))
