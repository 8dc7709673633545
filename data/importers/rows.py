"""Hold a table of text rows, opened: its columns, and its rows in chunks.

Used by the readers of each file type and by everything that imports. Knows nothing of files.
"""

from collections.abc import Callable, Iterator
from dataclasses import dataclass
from typing import Any, Final

import numpy as np
import numpy.typing as npt
import pandas as pd

from data.importers.report import Caution, Rejection

DEFAULT_MAX_BYTES: Final = 512 * 1024 * 1024

FloatArray = npt.NDArray[np.float64]
IntArray = npt.NDArray[np.int64]


@dataclass(frozen=True, slots=True)
class TableOptions:
    """How to read a file; none means: find out.

    Parameters
    ----------
    encoding
        Python codec name (`utf-8`, `gb18030`, `cp950`, …); a stated one wins.
    delimiter
        One character, or the word `tab`.
    decimal
        `.` or `,`.
    sheet, layer
        Sheet of a workbook, layer of a GeoPackage; the first one when left out.
    max_bytes
        Largest file (unpacked) that is read.
    """

    encoding: str | None = None
    delimiter: str | None = None
    decimal: str = "."
    sheet: str | None = None
    layer: str | None = None
    max_bytes: int = DEFAULT_MAX_BYTES


@dataclass(frozen=True, slots=True)
class Chunk:
    """Some rows of a table.

    Parameters
    ----------
    frame
        Text columns (dtype `str`), an empty cell is "", codes keep leading zeros; 0-based index.
    line
        Line of each row in the file (the header is line 1; workbook: row; features: 1-based).
    geometry
        Shapely geometry of each row in the table's CRS, none where the row has no geometry;
        none for a file without geometry.
    faults
        Rows that could not be read as rows at all; not part of `frame`.
    consumed
        Rows of the file that this chunk used up (frame, faults and blank lines); the sum over
        chunks is what `skip_rows` counts.
    """

    frame: pd.DataFrame
    line: IntArray
    geometry: npt.NDArray[Any] | None
    faults: tuple[Rejection, ...]
    consumed: int


@dataclass(frozen=True, slots=True)
class Table:
    """A file of rows, opened.

    Parameters
    ----------
    kind
        `text`, `workbook` or `features`.
    columns
        Headers as the file spells them, made unique.
    encoding, delimiter
        As found or stated; empty where they have no meaning.
    crs
        `EPSG:n` or WKT when the file carries one.
    row_count_hint
        Rows in the file as far as known without reading it; for progress bars.
    warnings
        What the reader had to decide.
    date_system
        `excel` or `excel1904` for a workbook, by its own setting; empty elsewhere.
    """

    kind: str
    columns: tuple[str, ...]
    encoding: str
    delimiter: str
    crs: str | None
    row_count_hint: int | None
    warnings: tuple[Caution, ...]
    reader: Callable[[int, int], Iterator[Chunk]]
    date_system: str = ""

    def chunks(self, size: int = 20_000, skip_rows: int = 0) -> Iterator[Chunk]:
        """Read from row `skip_rows` on, at most `size` rows at a time.

        Raises
        ------
        ImportRefused
            `file_damaged`, `file_too_large` when that only shows while reading.
        """
        return self.reader(size, skip_rows)


def unique_headers(names: list[str]) -> tuple[tuple[str, ...], tuple[str, ...]]:
    """Make headers unique by `_2`, `_3`; give them and those that were repeated."""
    seen: dict[str, int] = {}
    made: list[str] = []
    for name in names:
        seen[name] = seen.get(name, 0) + 1
        candidate = name if seen[name] == 1 else f"{name}_{seen[name]}"
        while candidate in made:
            seen[name] += 1
            candidate = f"{name}_{seen[name]}"
        made.append(candidate)
    return tuple(made), tuple(name for name, count in seen.items() if count > 1)


def text_frame(columns: tuple[str, ...], rows: list[list[str]]) -> pd.DataFrame:
    """Build a frame of text columns from rows of equal length."""
    turned = list(zip(*rows, strict=True)) if rows else [() for _ in columns]
    return pd.DataFrame(
        {
            name: pd.Series(list(values), dtype="str")
            for name, values in zip(columns, turned, strict=True)
        }
    )
