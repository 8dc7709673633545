"""Store geometry as GeoPackage blobs in SQLite and as geometry in PostGIS, with one column type.

Used by models and repositories. One TypeDecorator serves both dialects; nothing native is loaded.
Source of the blob layout: OGC 12-128r19 (GeoPackage 1.4), clause 2.1.3.
"""

import struct
from collections.abc import Sequence
from datetime import UTC, datetime
from typing import Any

import numpy as np
import numpy.typing as npt
import shapely
from shapely.geometry.base import BaseGeometry
from sqlalchemy import Dialect, LargeBinary, Text, bindparam, types
from sqlalchemy.dialects.postgresql import TIMESTAMP
from sqlalchemy.ext.compiler import compiles
from sqlalchemy.sql.elements import BindParameter, ColumnElement

SRID = 4326
_HEADER = struct.Struct("<2sBBi")
_HEADER_BOX = struct.Struct("<2sBBi4d")
_ENVELOPE_BYTES = (0, 32, 48, 48, 64)
_EMPTY_FLAGS, _PLAIN_FLAGS, _BOXED_FLAGS = 0x11, 0x01, 0x03
_EWKB_POINT = "0101000020E6100000"  # little-endian, point with SRID, 4326
POINT_BLOB_BYTES = 29
"""A GeoPackage point: 8 bytes of header, 1 of byte order, 4 of type, 16 of coordinates."""


def to_blob(geometry: BaseGeometry) -> bytes:
    """Write a geometry (lon/lat) as a GeoPackage blob; bounds in the header unless a point."""
    if geometry.is_empty:
        return _HEADER.pack(b"GP", 0, _EMPTY_FLAGS, SRID) + bytes(geometry.wkb)
    if geometry.geom_type == "Point":
        return _HEADER.pack(b"GP", 0, _PLAIN_FLAGS, SRID) + bytes(geometry.wkb)
    min_x, min_y, max_x, max_y = geometry.bounds
    head = _HEADER_BOX.pack(b"GP", 0, _BOXED_FLAGS, SRID, min_x, max_x, min_y, max_y)
    return head + bytes(geometry.wkb)


def wkb_of_blob(blob: bytes) -> bytes:
    """Cut the GeoPackage header off."""
    return bytes(blob)[8 + _ENVELOPE_BYTES[(blob[3] >> 1) & 7] :]


def point_blobs(lon: npt.NDArray[np.float64], lat: npt.NDArray[np.float64]) -> list[bytes | None]:
    """Write many points at once; `None` where a coordinate is NaN."""
    count = len(lon)
    buffer = np.zeros((count, POINT_BLOB_BYTES), dtype=np.uint8)
    head = _HEADER.pack(b"GP", 0, _PLAIN_FLAGS, SRID) + struct.pack("<BI", 1, 1)
    buffer[:, :13] = np.frombuffer(head, dtype=np.uint8)
    buffer[:, 13:21] = np.ascontiguousarray(lon, dtype="<f8").view(np.uint8).reshape(count, 8)
    buffer[:, 21:29] = np.ascontiguousarray(lat, dtype="<f8").view(np.uint8).reshape(count, 8)
    whole = buffer.tobytes()
    located = (np.isfinite(lon) & np.isfinite(lat)).tolist()
    return [
        whole[i * POINT_BLOB_BYTES : (i + 1) * POINT_BLOB_BYTES] if located[i] else None
        for i in range(count)
    ]


def point_hex(blob: bytes | None) -> str | None:
    """Turn a fixed-width point blob into the text that PostGIS reads (EWKB in hexadecimal)."""
    return None if blob is None else _EWKB_POINT + blob[13:POINT_BLOB_BYTES].hex()


def points_of_blobs(blobs: Sequence[bytes | None]) -> tuple[npt.NDArray[Any], npt.NDArray[Any]]:
    """Read lon and lat (NaN where there is no point) from fixed-width point blobs."""
    lon, lat = np.full(len(blobs), np.nan), np.full(len(blobs), np.nan)
    usable = [
        i for i, blob in enumerate(blobs) if blob is not None and len(blob) >= POINT_BLOB_BYTES
    ]
    if usable:
        whole = b"".join(bytes(blobs[i] or b"")[-16:] for i in usable)
        pairs = np.frombuffer(whole, dtype="<f8").reshape(-1, 2)
        lon[usable], lat[usable] = pairs[:, 0], pairs[:, 1]
    return lon, lat


class _PostgisType(types.UserDefinedType[Any]):
    cache_ok = True

    def __init__(self, kind: str, srid: int) -> None:
        self.kind, self.srid = kind, srid

    def get_col_spec(self, **_kw: Any) -> str:  # noqa: ANN401 - SQLAlchemy's signature
        return f"geometry({self.kind},{self.srid})"


class _GeopackageType(types.UserDefinedType[Any]):
    cache_ok = True

    def __init__(self, kind: str) -> None:
        self.kind = kind

    def get_col_spec(self, **_kw: Any) -> str:  # noqa: ANN401 - SQLAlchemy's signature
        return self.kind


class Geom(types.TypeDecorator[BaseGeometry]):
    """A geometry column in EPSG:4326; Python side shapely.

    Parameters
    ----------
    kind
        OGC name: POINT, LINESTRING, MULTILINESTRING, POLYGON, MULTIPOLYGON.
    """

    impl = LargeBinary
    cache_ok = True

    def __init__(self, kind: str = "GEOMETRY", srid: int = SRID) -> None:
        super().__init__()
        self.kind, self.srid = kind, srid

    def load_dialect_impl(self, dialect: Dialect) -> types.TypeEngine[Any]:
        """Pick the column type of the dialect."""
        if dialect.name == "postgresql":
            return dialect.type_descriptor(_PostgisType(self.kind, self.srid))
        return dialect.type_descriptor(_GeopackageType(self.kind))

    def process_bind_param(self, value: Any, dialect: Dialect) -> Any:  # noqa: ANN401 - driver value
        """Turn shapely (or a ready blob) into what the driver stores."""
        if value is None:
            return None
        if dialect.name == "postgresql":
            shape = shapely.from_wkb(wkb_of_blob(value)) if isinstance(value, bytes) else value
            return shapely.to_wkb(shapely.set_srid(shape, self.srid), hex=True, include_srid=True)
        return value if isinstance(value, bytes) else to_blob(value)

    def process_result_value(self, value: Any, dialect: Dialect) -> BaseGeometry | None:  # noqa: ANN401 - driver value
        """Turn what the driver read into shapely."""
        if value is None:
            return None
        if dialect.name == "postgresql":
            shape: BaseGeometry = shapely.set_srid(shapely.from_wkb(value), 0)  # as from a blob
            return shape
        return shapely.from_wkb(wkb_of_blob(value))


class Utc(types.TypeDecorator[datetime]):
    """An aware moment, stored in UTC with milliseconds, as GeoPackage's DATETIME wants."""

    impl = Text
    cache_ok = True

    def load_dialect_impl(self, dialect: Dialect) -> types.TypeEngine[Any]:
        """Pick the column type of the dialect."""
        if dialect.name == "postgresql":
            return dialect.type_descriptor(TIMESTAMP(timezone=True))
        return dialect.type_descriptor(_GeopackageType("DATETIME"))

    def process_bind_param(self, value: Any, dialect: Dialect) -> Any:  # noqa: ANN401 - driver value
        """Write in UTC to the millisecond; text that is already in the stored form passes."""
        if value is None:
            return None
        text = value if isinstance(value, str) else utc_text(value)
        return datetime.fromisoformat(text) if dialect.name == "postgresql" else text

    def process_result_value(self, value: Any, _dialect: Dialect) -> datetime | None:  # noqa: ANN401 - driver value
        """Read as an aware moment in UTC."""
        if value is None:
            return None
        moment = value if isinstance(value, datetime) else datetime.fromisoformat(value)
        return moment.astimezone(UTC)


def utc_text(moment: datetime) -> str:
    """Write an aware moment as `YYYY-MM-DDTHH:MM:SS.sssZ`.

    Raises
    ------
    ValueError
        The moment has no zone.
    """
    if moment.tzinfo is None:
        raise ValueError("naive time")
    return (
        moment.astimezone(UTC).strftime("%Y-%m-%dT%H:%M:%S.") + f"{moment.microsecond // 1000:03d}Z"
    )


class InBox(ColumnElement[Any]):
    """Rows whose geometry's bounds meet a box (lon/lat); refine with shapely afterwards.

    Typed as nothing on purpose: a Boolean would be written `(…) = 1` on SQLite, which scans the
    whole table instead of the R-tree.
    """

    inherit_cache = False
    type = types.NullType()

    def __init__(self, column: Any, min_x: float, min_y: float, max_x: float, max_y: float) -> None:  # noqa: ANN401 - an ORM attribute; a box has four sides
        self.column = column
        self.box: list[BindParameter[float]] = [
            bindparam(None, float(side), types.Float(), unique=True)
            for side in (min_x, min_y, max_x, max_y)
        ]

    @property
    def _from_objects(self) -> Any:  # noqa: ANN401 - SQLAlchemy internal
        return self.column._from_objects  # noqa: SLF001 - SQLAlchemy's protocol for elements

    def get_children(self, **_kw: Any) -> list[Any]:  # noqa: ANN401 - SQLAlchemy's signature
        """Give the parameters to the compiler."""
        return list(self.box)


@compiles(InBox, "postgresql")
def _in_box_postgresql(element: InBox, compiler: Any, **kw: Any) -> str:  # noqa: ANN401 - compiler protocol
    sides = ",".join(compiler.process(side, **kw) for side in element.box)
    return f"{compiler.process(element.column, **kw)} && ST_MakeEnvelope({sides},{SRID})"


@compiles(InBox, "sqlite")
def _in_box_sqlite(element: InBox, compiler: Any, **kw: Any) -> str:  # noqa: ANN401 - compiler protocol
    min_x, min_y, max_x, max_y = (compiler.process(side, **kw) for side in element.box)
    column = element.column
    table = column.property.columns[0].table if hasattr(column, "property") else column.table
    key = compiler.process(next(iter(table.primary_key)), **kw)
    return (
        f'{key} IN (SELECT id FROM "rtree_{table.name}_{column.name}" '  # noqa: S608 - names come from the models
        f"WHERE maxx>={min_x} AND maxy>={min_y} AND minx<={max_x} AND miny<={max_y})"
    )
