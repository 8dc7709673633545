"""Turn the columns of a block of events into an Arrow table that PostgreSQL takes through COPY.

Used by `data.repositories.event_writes`. No row becomes a Python object: as rows, the same takes
four times the time.
"""

from collections.abc import Iterable, Mapping, Sequence
from typing import Any, Final

import numpy as np
import numpy.typing as npt
import pyarrow as pa
from sqlalchemy import Boolean, Double, Integer, Table

from data.geometry import POINT_BLOB_BYTES, Geom, point_hex

_POINT_BYTES: Final = 16
_HEX: Final = np.frombuffer(
    b"".join(b"%02x" % byte for byte in range(256)), dtype=np.uint8
).reshape(256, 2)


def arrow_columns(
    table: Table, columns: Mapping[str, Sequence[Any]], names: Iterable[str]
) -> pa.Table:
    """Give the named columns: points as EWKB in hexadecimal, numbers of the column's own type.

    A column of files that has gaps arrives as 1.0 and 0.0, which SQLite takes for whole numbers
    and for truths, and PostgreSQL for neither.
    """
    return pa.table({name: _column(table.c[name].type, columns[name]) for name in names})


def _column(kind: Any, values: Sequence[Any]) -> pa.Array:  # noqa: ANN401 - SQLAlchemy's column type
    if isinstance(kind, Geom):
        return point_texts(values)
    if isinstance(kind, Boolean):
        return pa.array([None if v is None else bool(v) for v in values], pa.bool_())
    if isinstance(kind, Integer):
        return pa.array([None if v is None else int(v) for v in values], pa.int64())
    return pa.array(values, pa.float64() if isinstance(kind, Double) else pa.large_string())


def point_texts(blobs: Sequence[bytes | None]) -> pa.Array:
    """Write fixed-width point blobs as the text that PostGIS reads; missing where there is none."""
    located: npt.NDArray[np.bool_] = np.array([blob is not None for blob in blobs], dtype=np.bool_)
    whole = np.frombuffer(b"".join(blob for blob in blobs if blob is not None), dtype=np.uint8)
    pairs = whole.reshape(-1, POINT_BLOB_BYTES)[:, -_POINT_BYTES:]
    head = np.frombuffer(_head().encode(), dtype=np.uint8)
    width = len(head) + 2 * _POINT_BYTES
    shown = np.zeros((len(blobs), width), dtype=np.uint8)
    shown[:, : len(head)] = head
    shown[located, len(head) :] = _HEX[pairs].reshape(-1, 2 * _POINT_BYTES)
    ends = np.arange(len(blobs) + 1, dtype=np.int64) * width
    bits = np.packbits(located, bitorder="little")
    buffers = [pa.py_buffer(bits), pa.py_buffer(ends), pa.py_buffer(shown)]
    return pa.Array.from_buffers(pa.large_string(), len(blobs), buffers)


def _head() -> str:
    """Give what every point's text begins with."""
    return str(point_hex(bytes(POINT_BLOB_BYTES)))[: -2 * _POINT_BYTES]
