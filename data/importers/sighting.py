"""Read a whole file once and keep only what the survey needs: ids, times, coordinates.

Used by `data.importers.events`. The other columns are read again when the rows are written, so
that a file of a million rows is never held whole. Knows nothing of what rows mean.
"""

import hashlib
from collections.abc import Callable, Sequence
from dataclasses import dataclass, replace
from typing import Any, Final

import numpy as np
import numpy.typing as npt
import pandas as pd
import pyarrow as pa
import pyarrow.compute as pc

from data.importers.locate import points_of_geometry
from data.importers.numbers import BoolArray, arrow_text, is_empty
from data.importers.tables import Chunk, Table

Progress = Callable[[int, int], None]
"""Called with rows done and rows in all."""
Texts = npt.NDArray[np.object_]
_SAMPLE_ROWS: Final = 2000


@dataclass(frozen=True, slots=True)
class Sighting:
    """What one pass over a file left.

    Parameters
    ----------
    chunks
        The file's rows with the needed columns only.
    sample
        The first rows with all columns.
    is_blank
        Rows without any text (and without a shape column).
    content_ids
        Ids made of what stands in each row and its ordinal among equal rows; empty where the file
        has ids of its own.
    consumed
        Rows of the file, faults and blank lines included.
    fault_count
        Rows that cannot be read as rows.
    """

    chunks: Sequence[Chunk]
    sample: pd.DataFrame
    is_blank: BoolArray
    content_ids: Texts
    consumed: int
    fault_count: int

    @property
    def row_count(self) -> int:
        """Rows that could be read."""
        return len(self.is_blank)


def look_over(
    table: Table,
    needed: Sequence[str],
    *,
    size: int,
    makes_ids: bool,
    progress: Progress | None = None,
) -> Sighting:
    """Read the file once.

    Parameters
    ----------
    needed
        Columns to keep.
    makes_ids
        Whether ids have to be made of the rows' content.
    progress
        Called after each chunk, where the number of rows is known beforehand.

    Raises
    ------
    ImportRefused
        As `Table.chunks`.
    """
    kept: list[Chunk] = []
    blanks: list[BoolArray] = []
    digests: list[str] = []
    sample: pd.DataFrame | None = None
    consumed = faults = 0
    for chunk in table.chunks(size):
        consumed += chunk.consumed
        faults += len(chunk.faults)
        blanks.append(_blank_rows(chunk))
        if sample is None and len(chunk.frame):
            sample = chunk.frame.head(_SAMPLE_ROWS)
        if makes_ids:
            digests += _digests(chunk)
        frame = chunk.frame[list(needed)]
        kept.append(replace(chunk, frame=frame, faults=()))
        if progress is not None and table.row_count_hint:
            progress(consumed, max(consumed, table.row_count_hint))
    return Sighting(
        kept,
        pd.DataFrame() if sample is None else sample,
        np.concatenate(blanks) if blanks else np.zeros(0, dtype=np.bool_),
        _numbered(digests),
        consumed,
        faults,
    )


def _blank_rows(chunk: Chunk) -> BoolArray:
    if chunk.geometry is not None:
        return np.zeros(len(chunk.frame), dtype=np.bool_)
    blank = np.ones(len(chunk.frame), dtype=np.bool_)
    for name in chunk.frame.columns:
        if not blank.any():
            break
        blank &= is_empty(chunk.frame[name])
    return blank


def _digests(chunk: Chunk) -> list[str]:
    columns: list[Any] = [arrow_text(chunk.frame[name]) for name in chunk.frame.columns]
    if chunk.geometry is not None:
        points = points_of_geometry(chunk.geometry)
        columns += [pc.cast(pa.array(side), pa.large_string()) for side in (points.x, points.y)]
        columns = [pc.fill_null(column, "") for column in columns]
    joined = pc.binary_join_element_wise(*columns, pa.scalar("\x1f", pa.large_string()))
    return [
        hashlib.blake2b(text.encode(), digest_size=12).hexdigest() for text in joined.to_pylist()
    ]


def _numbered(digests: list[str]) -> Texts:
    if not digests:
        return np.zeros(0, dtype=object)
    found = pd.Series(digests)
    ordinal = found.groupby(found).cumcount() + 1
    made: Texts = ("c-" + found + "-" + ordinal.astype("str")).to_numpy(dtype=object)
    return made
