"""A local tile file is read right, served from our own origin, and refused with a reason."""

import asyncio
import os
import sqlite3
import struct
import zlib
from concurrent.futures import ThreadPoolExecutor

import pytest
from pmtiles.tile import Compression, TileType, zxy_to_tileid
from pmtiles.writer import Writer
from starlette.applications import Starlette

from dashboard.components.overview_map import TILES_URL, basemap_of
from dashboard.maps.tile_file import facts_of, open_tiles
from dashboard.routes.tiles import tiles_route
from data.config import Config
from data.errors import ConfigError

# zoom, column, row from the north: one tile that differs when rows are counted from the wrong side
ADDRESS = (3, 6, 2)


def png(red, green, blue):
    """A 1 x 1 picture of one colour."""

    def chunk(kind, content):
        crc = zlib.crc32(kind + content)
        return struct.pack(">I", len(content)) + kind + content + struct.pack(">I", crc)

    head = struct.pack(">IIBBBBB", 1, 1, 8, 2, 0, 0, 0)
    body = zlib.compress(bytes([0, red, green, blue]))
    return b"\x89PNG\r\n\x1a\n" + chunk(b"IHDR", head) + chunk(b"IDAT", body) + chunk(b"IEND", b"")


def write_mbtiles(path, kind="png"):
    with sqlite3.connect(path) as file:
        file.execute("CREATE TABLE metadata (name text, value text)")
        file.execute(
            "CREATE TABLE tiles (zoom_level int, tile_column int, tile_row int, tile_data blob)"
        )
        facts = {"format": kind, "minzoom": "3", "maxzoom": "3", "attribution": "<b>市测绘院</b>"}
        file.executemany("INSERT INTO metadata VALUES (?,?)", facts.items())
        zoom, column, row = ADDRESS
        file.execute("INSERT INTO tiles VALUES (?,?,?,?)", (zoom, column, 7 - row, png(10, 20, 30)))
    file.close()


def write_pmtiles(path, kind=TileType.PNG):
    with path.open("wb") as stream:
        writer = Writer(stream)
        writer.write_tile(zxy_to_tileid(*ADDRESS), png(10, 20, 30))
        header = {
            "tile_type": kind,
            "tile_compression": Compression.NONE,
            "min_zoom": 3,
            "max_zoom": 3,
            "min_lon_e7": 0,
            "min_lat_e7": 0,
            "max_lon_e7": 10,
            "max_lat_e7": 10,
            "center_zoom": 3,
            "center_lon_e7": 5,
            "center_lat_e7": 5,
        }
        writer.finalize(header, {"attribution": "<b>市测绘院</b>"})


def get(app, path):
    """Ask an ASGI application for one path; give status, headers and body."""
    told = []

    async def receive():
        return {"type": "http.request", "body": b"", "more_body": False}

    async def send(message):
        told.append(message)

    scope = {
        "type": "http",
        "asgi": {"version": "3.0"},
        "http_version": "1.1",
        "method": "GET",
        "path": path,
        "raw_path": path.encode(),
        "query_string": b"",
        "root_path": "",
        "scheme": "http",
        "headers": [],
    }
    with ThreadPoolExecutor(
        1
    ) as apart:  # a browser test before may have left a loop in this thread
        apart.submit(lambda: asyncio.run(app(scope, receive, send))).result()
    body = b"".join(message.get("body", b"") for message in told[1:])
    return told[0]["status"], dict(told[0]["headers"]), body


@pytest.fixture(params=["mbtiles", "pmtiles"])
def tile_file(request, tmp_path):
    path = tmp_path / f"town.{request.param}"
    (write_mbtiles if request.param == "mbtiles" else write_pmtiles)(path)
    return path


def test_a_tile_is_found_counted_from_the_north(tile_file):
    tiles = open_tiles(tile_file)
    zoom, column, row = ADDRESS
    assert tiles.tile(zoom, column, row) == png(10, 20, 30)
    assert tiles.tile(zoom, column, 7 - row) is None
    assert tiles.facts.media_type == "image/png"
    assert (tiles.facts.min_zoom, tiles.facts.max_zoom) == (3, 3)


def test_the_route_answers_tile_nothing_and_nonsense(tile_file):
    app = Starlette(routes=[tiles_route(open_tiles(tile_file))])
    status, headers, body = get(app, "/tiles/3/6/2")
    assert (status, body) == (200, png(10, 20, 30))
    assert headers[b"content-type"] == b"image/png"
    assert get(app, "/tiles/3/6/3")[0] == 204
    for nonsense in ("/tiles/3/8/0", "/tiles/99/0/0", "/tiles/3/6/../../etc", "/tiles/3/6/-1"):
        assert get(app, nonsense)[0] == 404


def test_the_map_asks_our_own_origin_and_shows_the_credit_as_text(tile_file):
    basemap = basemap_of(Config(basemap_file=tile_file, basemap_url="https://elsewhere.invalid/"))
    assert basemap.url == TILES_URL
    assert basemap.attribution == "市测绘院"
    assert basemap.max_zoom == 3
    assert basemap_of(Config(basemap_file=tile_file, basemap_datum="gcj02")).datum == "gcj02"


def test_a_file_that_was_replaced_is_read_again(tmp_path):
    path = tmp_path / "town.mbtiles"
    write_mbtiles(path)
    assert facts_of(path).max_zoom == 3
    with sqlite3.connect(path) as file:
        file.execute("UPDATE metadata SET value='14' WHERE name='maxzoom'")
    file.close()
    stamp = path.stat().st_mtime_ns + 1_000_000_000
    os.utime(path, ns=(stamp, stamp))
    assert facts_of(path).max_zoom == 14


@pytest.mark.parametrize(
    ("name", "code"),
    [("absent", "tile_file_missing"), ("text", "tile_file_unknown"), ("cut", "tile_file_unknown")],
)
def test_what_is_no_tile_file_is_refused(tmp_path, name, code):
    path = tmp_path / name
    if name == "text":
        path.write_text("tiles, so to speak", encoding="utf-8")
    if name == "cut":
        write_pmtiles(tmp_path / "whole")
        path.write_bytes((tmp_path / "whole").read_bytes()[:60])
    with pytest.raises(ConfigError) as caught:
        open_tiles(path)
    assert caught.value.code == code


def test_vector_tiles_are_refused_by_name(tmp_path):
    write_mbtiles(tmp_path / "v.mbtiles", kind="pbf")
    write_pmtiles(tmp_path / "v.pmtiles", kind=TileType.MVT)
    for name in ("v.mbtiles", "v.pmtiles"):
        with pytest.raises(ConfigError) as caught:
            open_tiles(tmp_path / name)
        assert caught.value.code == "tile_file_not_raster"
