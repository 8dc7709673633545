"""Turn the columns of a block of events into the rows of PostgreSQL's binary COPY.

Used by `data.repositories.event_writes`. No row becomes a Python object, and the server reads no
numbers, times or points from text. Written from PostgreSQL's manual, "COPY", "Binary Format".
"""

import struct
from collections.abc import Iterable, Mapping, Sequence
from typing import Any, Final, TypeAlias

import numpy as np
import numpy.typing as npt
import pyarrow as pa
import pyarrow.compute as pc
from sqlalchemy import BigInteger, Boolean, Double, Integer, Table

from data.geometry import POINT_BLOB_BYTES, Geom, Utc, point_hex
from data.models.base import JsonText

_BYTES: Final = pa.large_binary()
_LENGTH_BYTES: Final = 4
_MISSING: Final = struct.pack(">i", -1)
_POINT_BYTES: Final = 16
_JSONB_VERSION: Final = b"\x01"
_EPOCH_US: Final = 946_684_800_000_000
"""PostgreSQL counts microseconds from 2000 on, others from 1970."""

_Bytes = npt.NDArray[np.uint8]
_Piece: TypeAlias = pa.Array | bytes
"""Bytes of every row; or the same bytes for all of them."""


def copied_rows(
    table: Table, columns: Mapping[str, Sequence[Any]], names: Iterable[str]
) -> pa.LargeBinaryArray:
    """Give each row of the named columns as binary COPY takes it.

    A column of files that has gaps arrives as 1.0 and 0.0, which SQLite takes for whole numbers
    and for truths, and PostgreSQL for neither: each value is written as its column's own type.
    """
    listed = list(names)
    pieces: list[_Piece] = [struct.pack(">h", len(listed))]
    for name in listed:
        kind, values = table.c[name].type, columns[name]
        if _is_constant(values):
            pieces += [_bytes_of(piece) for piece in _pieces(kind, values[:1])]
        else:
            pieces += _pieces(kind, values)
    merged: list[_Piece] = []
    for piece in pieces:
        if merged and isinstance(piece, bytes) and isinstance(merged[-1], bytes):
            merged[-1] += piece
        else:
            merged.append(piece)
    arrays = [pa.scalar(each, _BYTES) if isinstance(each, bytes) else each for each in merged]
    if all(isinstance(each, bytes) for each in merged):  # as many rows, all of them the same
        arrays = [pa.array([merged[0]] * len(columns[listed[0]]), _BYTES)]
    return pc.binary_join_element_wise(*arrays, pa.scalar(b"", _BYTES))


def _pieces(kind: Any, values: Sequence[Any]) -> list[_Piece]:  # noqa: ANN401 - SQLAlchemy's column type
    """Give one column: the length of every value, -1 for a missing one, and its bytes."""
    if isinstance(kind, Geom):
        return [_fixed(*_points(values))]
    if isinstance(kind, Utc):
        told = pc.cast(pa.array(values, pa.large_string()), pa.timestamp("us", "UTC"))
        return [_numbers(pc.subtract(pc.cast(told, pa.int64()), _EPOCH_US), ">i8")]
    if isinstance(kind, Boolean):
        return [_numbers(pa.array([None if v is None else int(v) for v in values]), ">i1")]
    if isinstance(kind, Integer):
        width = ">i8" if isinstance(kind, BigInteger) else ">i4"
        return [_numbers(pa.array([None if v is None else int(v) for v in values]), width)]
    if isinstance(kind, Double):
        return [_numbers(pa.array(values, pa.float64()), ">f8")]
    return _texts(values, _JSONB_VERSION if isinstance(kind, JsonText) else b"")


def _is_constant(values: Sequence[Any]) -> bool:
    """Whether all are the same; only of lists, which are quick to ask."""
    is_likely = isinstance(values, list) and bool(values) and values[0] is values[-1]
    return is_likely and values.count(values[0]) == len(values)


def _bytes_of(piece: _Piece) -> bytes:
    return piece if isinstance(piece, bytes) else bytes(piece[0].as_py())


def _texts(values: Sequence[Any], head: bytes) -> list[_Piece]:
    texts = pc.cast(pa.array(values, pa.large_string()), _BYTES)
    lengths = pc.add(pc.cast(pc.binary_length(texts), pa.int32()), len(head))
    told = pc.fill_null(lengths, -1).to_numpy().astype(">i4").view(np.uint8)
    whole = np.ones(len(values), dtype=np.bool_)
    ahead = _varying(told.reshape(-1, _LENGTH_BYTES), whole)
    if head:
        present = pc.if_else(pc.is_valid(texts), pa.scalar(head, _BYTES), pa.scalar(b"", _BYTES))
        return [ahead, present, pc.fill_null(texts, b"")]
    return [ahead, pc.fill_null(texts, b"")]


def _numbers(values: pa.Array, width: str) -> pa.Array:
    """Write numbers most significant byte first."""
    is_there: npt.NDArray[np.bool_] = pc.is_valid(values).to_numpy(zero_copy_only=False)
    plain = pc.fill_null(values, 0).to_numpy(zero_copy_only=False).astype(width)
    return _fixed(plain.view(np.uint8).reshape(len(values), -1), is_there)


def _points(blobs: Sequence[bytes | None]) -> tuple[_Bytes, npt.NDArray[np.bool_]]:
    """Cut the coordinates out of fixed-width point blobs and write them as EWKB."""
    located: npt.NDArray[np.bool_] = np.array([blob is not None for blob in blobs], dtype=np.bool_)
    whole = np.frombuffer(b"".join(blob for blob in blobs if blob is not None), dtype=np.uint8)
    head = np.frombuffer(bytes.fromhex(str(point_hex(bytes(POINT_BLOB_BYTES)))), dtype=np.uint8)
    shown = np.zeros((len(blobs), len(head)), dtype=np.uint8)
    shown[:, :-_POINT_BYTES] = head[:-_POINT_BYTES]
    shown[located, -_POINT_BYTES:] = whole.reshape(-1, POINT_BLOB_BYTES)[:, -_POINT_BYTES:]
    return shown, located


def _fixed(values: _Bytes, is_there: npt.NDArray[np.bool_]) -> pa.Array:
    """Put the length ahead of values of one width; only -1 where there is none."""
    count, width = values.shape
    ahead = struct.pack(">i", width)
    rows = np.empty((count, _LENGTH_BYTES + width), dtype=np.uint8)
    rows[:, :_LENGTH_BYTES] = np.frombuffer(ahead, dtype=np.uint8)
    rows[:, _LENGTH_BYTES:] = values
    rows[~is_there, :_LENGTH_BYTES] = np.frombuffer(_MISSING, dtype=np.uint8)
    return _varying(rows, is_there)


def _varying(rows: _Bytes, is_whole: npt.NDArray[np.bool_]) -> pa.Array:
    """Make an array of the rows, of which those that are not whole end after their length."""
    count, width = rows.shape
    lengths = np.where(is_whole, width, _LENGTH_BYTES)
    ends = np.zeros(count + 1, dtype=np.int64)
    np.cumsum(lengths, out=ends[1:])
    if is_whole.all():
        flat = rows.reshape(-1)
    else:
        flat = rows[np.arange(width)[None, :] < lengths[:, None]]
    buffers = [None, pa.py_buffer(ends), pa.py_buffer(np.ascontiguousarray(flat))]
    return pa.Array.from_buffers(_BYTES, count, buffers)
