"""Read raster tiles from one local file (MBTiles or PMTiles), for networks without any map service.

Used by `dashboard.routes.tiles`, by `doctor` and by whoever builds a basemap. The file stays where
the operator put it and is only read. Sources: MBTiles 1.3, PMTiles 3. Knows nothing of HTTP.
"""

from __future__ import annotations

import sqlite3
from dataclasses import dataclass
from functools import lru_cache
from threading import local
from typing import TYPE_CHECKING, Any, Final, Protocol
from urllib.parse import quote

from pmtiles.reader import MmapSource, Reader
from pmtiles.tile import TileType

from data.errors import ConfigError

if TYPE_CHECKING:
    from pathlib import Path

MEDIA_TYPES: Final = {
    "png": "image/png",
    "jpg": "image/jpeg",
    "jpeg": "image/jpeg",
    "webp": "image/webp",
    "avif": "image/avif",
}
_PMTILES_FORMATS: Final = {
    TileType.PNG: "png",
    TileType.JPEG: "jpg",
    TileType.WEBP: "webp",
    TileType.AVIF: "avif",
}
_SQLITE_MAGIC: Final = b"SQLite format 3\x00"
_PMTILES_MAGIC: Final = b"PMTiles"
_DEEPEST: Final = 24


@dataclass(frozen=True, slots=True)
class TileFacts:
    """What a tile file says of itself.

    Attributes
    ----------
    media_type
        Of every tile.
    min_zoom, max_zoom
        Levels that are there.
    attribution
        Text that must be shown; HTML of the file is not trusted and stays text.
    """

    media_type: str
    min_zoom: int
    max_zoom: int
    attribution: str


class TileFile(Protocol):
    """A file of tiles."""

    facts: TileFacts

    def tile(self, zoom: int, column: int, row: int) -> bytes | None:
        """Give one tile; `row` counts from the north (XYZ); None where there is none."""


def open_tiles(path: Path) -> TileFile:
    """Open a tile file by what its first bytes say.

    Raises
    ------
    ConfigError
        `tile_file_missing`, `tile_file_unknown` (neither MBTiles nor PMTiles, or damaged),
        `tile_file_not_raster` (vector tiles; field `kind`).
    """
    try:
        with path.open("rb") as stream:
            head = stream.read(16)
    except OSError as error:
        raise ConfigError("tile_file_missing", path=str(path)) from error
    if head == _SQLITE_MAGIC:
        return MbTiles(path)
    if head.startswith(_PMTILES_MAGIC):
        return PmTiles(path)
    raise ConfigError("tile_file_unknown", path=str(path))


class MbTiles:
    """An MBTiles file: SQLite with rows counted from the south."""

    def __init__(self, path: Path) -> None:
        self._address = f"file:{quote(str(path.resolve()))}?mode=ro&immutable=1"
        self._own = local()
        try:
            rows = self._connection().execute("SELECT name, value FROM metadata").fetchall()
            self._connection().execute("SELECT 1 FROM tiles LIMIT 1").fetchone()
        except sqlite3.DatabaseError as error:
            raise ConfigError("tile_file_unknown", path=str(path)) from error
        said = {str(name): str(value) for name, value in rows}
        kind = said.get("format", "png").lower()
        if kind not in MEDIA_TYPES:
            raise ConfigError("tile_file_not_raster", path=str(path), kind=kind)
        low, high = self._zooms(said)
        self.facts = TileFacts(MEDIA_TYPES[kind], low, high, said.get("attribution", ""))

    def tile(self, zoom: int, column: int, row: int) -> bytes | None:
        """Give one tile."""
        found = self._connection().execute(
            "SELECT tile_data FROM tiles WHERE zoom_level=? AND tile_column=? AND tile_row=?",
            (zoom, column, (1 << zoom) - 1 - row),
        )
        first = found.fetchone()
        return None if first is None else bytes(first[0])

    def _connection(self) -> sqlite3.Connection:
        """One connection for each thread: requests come in many."""
        held: sqlite3.Connection | None = getattr(self._own, "connection", None)
        if held is None:
            held = self._own.connection = sqlite3.connect(self._address, uri=True)
        return held

    def _zooms(self, said: dict[str, str]) -> tuple[int, int]:
        if said.get("minzoom", "").isdigit() and said.get("maxzoom", "").isdigit():
            return int(said["minzoom"]), int(said["maxzoom"])
        query = "SELECT min(zoom_level), max(zoom_level) FROM tiles"
        low, high = self._connection().execute(query).fetchone()
        return int(low or 0), int(high or 0)


class PmTiles:
    """A PMTiles file (version 3), read through a memory map."""

    def __init__(self, path: Path) -> None:
        with path.open("rb") as stream:
            self._reader = Reader(MmapSource(stream))
        try:
            header: dict[str, Any] = self._reader.header()
            said: dict[str, Any] = self._reader.metadata()
        except (ValueError, KeyError, IndexError, EOFError, OSError) as error:
            raise ConfigError("tile_file_unknown", path=str(path)) from error
        kind = header["tile_type"]
        if kind not in _PMTILES_FORMATS:
            name = getattr(kind, "name", str(kind)).lower()
            raise ConfigError("tile_file_not_raster", path=str(path), kind=name)
        self.facts = TileFacts(
            MEDIA_TYPES[_PMTILES_FORMATS[kind]],
            int(header["min_zoom"]),
            int(header["max_zoom"]),
            str(said.get("attribution", "")),
        )

    def tile(self, zoom: int, column: int, row: int) -> bytes | None:
        """Give one tile."""
        found = self._reader.get(zoom, column, row)
        return None if found is None else bytes(found)


def is_address(zoom: int, column: int, row: int) -> bool:
    """Whether a tile can exist at this address at all."""
    return 0 <= zoom <= _DEEPEST and 0 <= column < 1 << zoom and 0 <= row < 1 << zoom


@lru_cache(maxsize=4)
def _facts(path: Path, _changed_ns: int) -> TileFacts:
    return open_tiles(path).facts


def facts_of(path: Path) -> TileFacts:
    """Give what a file says of itself, read again only when it was replaced.

    Raises
    ------
    ConfigError
        As `open_tiles`.
    """
    try:
        changed_ns = path.stat().st_mtime_ns
    except OSError as error:
        raise ConfigError("tile_file_missing", path=str(path)) from error
    return _facts(path, changed_ns)
