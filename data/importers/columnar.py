"""Read Parquet files, plain ones and GeoParquet, as text rows in row groups.

Used by `data.importers.tables`; `data.importers.boundaries` asks whether a file holds shapes.
The shapes stay in the file's own CRS (GeoParquet 1.1: no `crs` member means OGC:CRS84, `null` means
unknown); nothing is converted here.
"""

import json
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Final

import numpy as np
import numpy.typing as npt
import pandas as pd
import pyarrow as pa
import pyarrow.compute as pc
import pyarrow.parquet as pq
import pyproj
import shapely
from pyproj.exceptions import CRSError

from data.errors import ImportRefused
from data.importers.report import Caution
from data.importers.rows import Chunk, Table, TableOptions, unique_headers

PARQUET_ENDINGS: Final = (".parquet", ".geoparquet")
_GEO: Final = b"geo"
_CRS84: Final = "OGC:CRS84"
_EXACT: Final = 1e15


@dataclass(frozen=True, slots=True)
class _Opened:
    """A Parquet file: which column holds its shapes, and which ones are text."""

    path: Path
    names: tuple[str, ...]
    columns: tuple[str, ...]
    shape_column: str
    encoding: str


def holds_shapes(path: Path) -> bool:
    """Whether a Parquet file says that it is GeoParquet; false for a damaged one."""
    try:
        metadata = pq.read_schema(path).metadata or {}
    except (pa.ArrowException, OSError):
        return False
    return _GEO in metadata


def open_parquet(path: Path, options: TableOptions) -> Table:
    """Open a Parquet file; see `data.importers.tables.open_table` for the refusals."""
    del options  # a Parquet file states its own encoding and types
    try:
        file = pq.ParquetFile(path)
        schema, count = file.schema_arrow, file.metadata.num_rows
        file.close()
    except (pa.ArrowException, OSError) as error:
        raise ImportRefused("file_damaged", file=path.name) from error
    shape_column, encoding, crs = _shapes_of(schema, path.name)
    names = tuple(name for name in schema.names if name != shape_column)
    columns, repeated = unique_headers([str(name) for name in names])
    if count == 0:
        raise ImportRefused("header_only", file=path.name, columns=list(columns))
    warnings = (Caution("repeated_headers", {"columns": list(repeated)}),) if repeated else ()
    opened = _Opened(path, names, columns, shape_column, encoding)
    return Table(
        "features" if shape_column else "columns",
        columns,
        "",
        "",
        crs,
        count,
        warnings,
        lambda size, skip: _chunks(opened, size, skip),
    )


def _shapes_of(schema: pa.Schema, file: str) -> tuple[str, str, str | None]:
    """Give the column of shapes, its encoding and the CRS; empty and none for a plain file."""
    told = (schema.metadata or {}).get(_GEO)
    if told is None:
        return "", "", None
    try:
        document = json.loads(told)
        primary = str(document["primary_column"])
        described: Mapping[str, Any] = document["columns"][primary]
        crs = _crs_of(described)
    except (ValueError, KeyError, TypeError, CRSError) as error:
        raise ImportRefused("file_damaged", file=file) from error
    if primary not in schema.names:
        raise ImportRefused("file_damaged", file=file)
    return primary, str(described.get("encoding", "WKB")), crs


def _crs_of(described: Mapping[str, Any]) -> str | None:
    if "crs" not in described:
        return _CRS84
    if described["crs"] is None:
        return None
    crs = pyproj.CRS.from_user_input(described["crs"])
    code = crs.to_authority(min_confidence=100)
    return ":".join(code) if code else crs.to_wkt()


def _chunks(opened: _Opened, size: int, skip: int) -> Iterator[Chunk]:
    row = 0
    try:
        with pq.ParquetFile(opened.path) as file:
            for batch in file.iter_batches(batch_size=size):
                first, row = row, row + batch.num_rows
                if row <= skip:
                    continue
                start = max(skip - first, 0)
                yield _chunk(opened, batch.slice(start), first + start)
    except (pa.ArrowException, OSError) as error:
        raise ImportRefused("file_damaged", file=opened.path.name) from error


def _chunk(opened: _Opened, batch: pa.RecordBatch, first: int) -> Chunk:
    count = batch.num_rows
    frame = pd.DataFrame(
        {
            column: _texts(batch.column(batch.schema.get_field_index(name)))
            for name, column in zip(opened.names, opened.columns, strict=True)
        },
        index=pd.RangeIndex(count),
    )
    shapes = None
    if opened.shape_column:
        place = batch.schema.get_field_index(opened.shape_column)
        shapes = _shapes(batch.column(place), opened.encoding)
    line = np.arange(first + 1, first + count + 1, dtype=np.int64)
    return Chunk(frame, line, shapes, (), count)


def _shapes(column: pa.Array, encoding: str) -> npt.NDArray[Any]:
    """Read WKB, or the points of a native encoding; other native shapes are no points anyway."""
    if encoding.upper() == "WKB":
        blobs = np.array(column.to_pylist(), dtype=object)
        return np.asarray(shapely.from_wkb(blobs, on_invalid="ignore"), dtype=object)
    found = np.full(len(column), None, dtype=object)
    for place, told in enumerate(column.to_pylist()):
        if isinstance(told, dict):
            found[place] = shapely.Point(told["x"], told["y"])
        elif isinstance(told, list | tuple):
            found[place] = shapely.LineString() if encoding != "point" else shapely.Point(told[:2])
    return found


def _texts(column: pa.Array) -> pd.Series:
    """Write a column as text, as a person would type it; a missing value is ""."""
    kind = column.type
    if pa.types.is_dictionary(kind):
        return _texts(column.dictionary_decode())
    if pa.types.is_timestamp(kind):
        text = _moments(column)
    elif pa.types.is_floating(kind):
        text = _numbers(column)
    elif pa.types.is_nested(kind) or pa.types.is_duration(kind):
        told = [None if v is None else json.dumps(v, default=str) for v in column.to_pylist()]
        text = pa.array(told, pa.large_string())
    elif _is_binary(kind):
        text = pa.nulls(len(column), pa.large_string())
    else:
        text = pc.cast(column, pa.large_string())
    return pd.Series(pc.fill_null(text, "").to_pandas(), dtype="str")


def _is_binary(kind: pa.DataType) -> bool:
    is_plain = pa.types.is_binary(kind) or pa.types.is_large_binary(kind)
    return bool(is_plain or pa.types.is_fixed_size_binary(kind))


def _moments(column: pa.Array) -> pa.Array:
    """Write moments to the second; those with a zone in UTC with their sign."""
    zone = "Z" if column.type.tz else ""
    plain = pc.cast(column, pa.timestamp("s", tz="UTC" if zone else None), safe=False)
    return pc.cast(pc.strftime(plain, format=f"%Y-%m-%d %H:%M:%S{zone}"), pa.large_string())


def _numbers(column: pa.Array) -> pa.Array:
    """Write numbers; a column of whole ones without a decimal point (ids that were once empty)."""
    wide = pc.cast(column, pa.float64())
    wide = pc.if_else(pc.is_finite(wide), wide, pa.scalar(None, pa.float64()))
    values = wide.drop_null().to_numpy()
    if len(values) and not (values % 1).any() and float(np.abs(values).max()) < _EXACT:
        wide = pc.cast(wide, pa.int64())
    return pc.cast(wide, pa.large_string())
