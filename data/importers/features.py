"""Read feature files (GeoJSON, GeoPackage, Shapefile, FlatGeobuf) as text rows with geometry.

Used by `data.importers.tables` and by the importers of places. The geometry stays in the file's
own CRS; nothing is converted here.
"""

import json
import warnings
import zipfile
from collections.abc import Iterator
from pathlib import Path
from typing import Any, Final

import numpy as np
import pandas as pd
import pyogrio
import shapely
from pyogrio.errors import DataLayerError, DataSourceError

from data.errors import ImportRefused
from data.importers.encodings import detect_encoding, stated_encoding
from data.importers.rows import Chunk, Table, TableOptions, unique_headers

_SAMPLE_BYTES: Final = 1024 * 1024
_BLOCK_ROWS: Final = 200_000
"""Features held at a time."""


def open_features(path: Path, options: TableOptions) -> Table:
    """Open a layer of features; see `data.importers.tables.open_table` for the refusals."""
    source, encoding = _source(path, options)
    layer = _layer(source, path.name, options.layer)
    try:
        info = pyogrio.read_info(source, layer=layer, force_feature_count=True)
    except (DataSourceError, DataLayerError) as error:
        raise ImportRefused("file_damaged", file=path.name) from error
    if info["features"] == 0:
        raise ImportRefused("file_empty", file=path.name)
    columns, _repeated = unique_headers([str(name) for name in info["fields"]])
    return Table(
        "features",
        columns,
        encoding or "",
        "",
        info["crs"] if _carries_crs(path) else None,
        int(info["features"]),
        (),
        lambda size, skip: _chunks(source, (layer, encoding), columns, (size, skip)),
    )


def _source(path: Path, options: TableOptions) -> tuple[str, str | None]:
    """Say what GDAL opens, and in which encoding a shapefile's table is."""
    name = path.name.lower()
    stated = stated_encoding(options.encoding) if options.encoding else None
    if name.endswith(".zip"):
        member, table = _shapefile_in(path, options.max_bytes)
        return f"/vsizip/{path.resolve()}/{member}", stated or _table_encoding(table)
    if name.endswith(".shp"):
        _require_parts(path)
        has_cpg = path.with_suffix(".cpg").is_file() or path.with_suffix(".CPG").is_file()
        with path.with_suffix(".dbf").open("rb") as stream:
            table = b"" if has_cpg else stream.read(_SAMPLE_BYTES)
        return str(path), stated or _table_encoding(table)
    if name.endswith(("json", ".geojson")):
        _require_json(path)
    return str(path), None


def _carries_crs(path: Path) -> bool:
    """GDAL takes GeoJSON without a `crs` member for WGS 84: that is no statement of the file's."""
    if not path.name.lower().endswith(("json", ".geojson")):
        return True
    return "crs" in json.loads(path.read_bytes())


def _require_parts(path: Path) -> None:
    missing = [end for end in (".shx", ".dbf") if not path.with_suffix(end).is_file()]
    if missing:
        raise ImportRefused("shapefile_parts_missing", file=path.name, missing=missing)


def _require_json(path: Path) -> None:
    try:
        told = json.loads(path.read_bytes())
    except (ValueError, RecursionError) as error:
        raise ImportRefused("file_damaged", file=path.name) from error
    kinds = ("FeatureCollection", "Feature")
    if not isinstance(told, dict) or told.get("type") not in kinds:
        raise ImportRefused("not_features", file=path.name)
    if told["type"] == "FeatureCollection" and not told.get("features"):
        raise ImportRefused("file_empty", file=path.name)


def _shapefile_in(path: Path, max_bytes: int) -> tuple[str, bytes]:
    """Find the shapefile in an archive; give its name and the start of its table."""
    try:
        with zipfile.ZipFile(path) as archive:
            members = archive.infolist()
            if sum(member.file_size for member in members) > max_bytes:
                raise ImportRefused(
                    "file_too_large",
                    file=path.name,
                    bytes=sum(member.file_size for member in members),
                    limit=max_bytes,
                )
            if archive.testzip() is not None:
                raise ImportRefused("damaged_zip", file=path.name)
            names = [member.filename for member in members]
            shapes = [n for n in names if n.lower().endswith(".shp") and "__MACOSX" not in n]
            if not shapes:
                raise ImportRefused("zip_without_shapefile", file=path.name, found=names[:10])
            stem = shapes[0][:-4]
            lower = {name.lower(): name for name in names}
            missing = [end for end in (".shx", ".dbf") if f"{stem}{end}".lower() not in lower]
            if missing:
                raise ImportRefused("shapefile_parts_missing", file=path.name, missing=missing)
            if f"{stem}.cpg".lower() in lower:
                return shapes[0], b""
            with archive.open(lower[f"{stem}.dbf".lower()]) as table:
                return shapes[0], table.read(_SAMPLE_BYTES)
    except (zipfile.BadZipFile, EOFError, OSError, NotImplementedError, RuntimeError) as error:
        raise ImportRefused("damaged_zip", file=path.name) from error


def _table_encoding(table: bytes) -> str | None:
    """Tell the encoding of a DBF that states none; none where it is plain ASCII or stated."""
    if not table or table.isascii():
        return None
    head = int.from_bytes(table[8:10], "little")
    words = [word for word in table[head:].split(b"  ") if not word.isascii()]
    return detect_encoding(words) if words else None


def _layer(source: str, name: str, wanted: str | None) -> str:
    try:
        known = [str(row[0]) for row in pyogrio.list_layers(source)]
    except (DataSourceError, DataLayerError) as error:
        raise ImportRefused("file_damaged", file=name) from error
    if not known:
        raise ImportRefused("file_empty", file=name)
    if wanted is not None and wanted not in known:
        raise ImportRefused("unknown_layer", file=name, layer=wanted, known=known)
    return wanted or known[0]


def _chunks(
    source: str, how: tuple[str, str | None], columns: tuple[str, ...], window: tuple[int, int]
) -> Iterator[Chunk]:
    size, skip = window
    block = max(_BLOCK_ROWS // size, 1) * size
    while True:
        frame, geometry = _block(source, how, columns, (skip, block))
        count = len(frame)
        for start in range(0, count, size):
            stop = min(start + size, count)
            yield Chunk(
                frame.iloc[start:stop].reset_index(drop=True),
                np.arange(skip + start + 1, skip + stop + 1, dtype=np.int64),
                None if geometry is None else geometry[start:stop],
                (),
                stop - start,
            )
        if count < block:
            return
        skip += block


def _block(
    source: str, how: tuple[str, str | None], columns: tuple[str, ...], span: tuple[int, int]
) -> tuple[pd.DataFrame, Any]:
    """Read some features: `span` is how many to skip and the most to read."""
    layer, encoding = how
    with warnings.catch_warnings():
        warnings.simplefilter("ignore", RuntimeWarning)  # GDAL's own words about bad shapes
        meta, _fids, blobs, values = pyogrio.raw.read(
            source,
            layer=layer,
            encoding=encoding,
            datetime_as_string=True,
            skip_features=span[0],
            max_features=span[1],
        )
    count = len(values[0]) if len(values) else len(blobs) if blobs is not None else 0
    geometry = shapely.from_wkb(blobs, on_invalid="ignore") if blobs is not None else None
    del meta
    frame = pd.DataFrame(
        {name: _texts(told) for name, told in zip(columns, values, strict=True)},
        index=pd.RangeIndex(count),
    )
    return frame, geometry


def _texts(told: Any) -> pd.Series:  # noqa: ANN401 - any array GDAL gives
    column = pd.Series(told)
    if pd.api.types.is_float_dtype(column):
        whole = column.dropna()
        if len(whole) and (whole % 1 == 0).all() and (whole.abs() < 1e15).all():  # noqa: PLR2004 - exact in a double
            column = column.astype("Int64")
    if column.dtype == object:
        return pd.Series(["" if v is None or v != v else str(v) for v in told], dtype="str")  # noqa: PLR0124 - NaN is not itself
    return column.astype("str").where(column.notna(), "")
