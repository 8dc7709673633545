"""A town over raster tiles from a local file: own origin only, credit as text, nothing fetched."""

import math
import sqlite3
import struct
import sys
import zlib

import pytest
from playwright.sync_api import expect

pytestmark = [pytest.mark.browser, pytest.mark.slow]
CENTRE = (94.903, 36.402)


def png(colour):
    def chunk(kind, content):
        crc = zlib.crc32(kind + content)
        return struct.pack(">I", len(content)) + kind + content + struct.pack(">I", crc)

    head = struct.pack(">IIBBBBB", 256, 256, 8, 2, 0, 0, 0)
    body = zlib.compress((b"\x00" + bytes(colour) * 256) * 256)
    return b"\x89PNG\r\n\x1a\n" + chunk(b"IHDR", head) + chunk(b"IDAT", body) + chunk(b"IEND", b"")


def tiles_around(lon, lat, zoom, reach=4):
    size = 1 << zoom
    column = int((lon + 180) / 360 * size)
    row = int((1 - math.asinh(math.tan(math.radians(lat))) / math.pi) / 2 * size)
    for x in range(column - reach, column + reach + 1):
        for y in range(row - reach, row + reach + 1):
            yield zoom, x, size - 1 - y


@pytest.fixture(scope="module")
def tile_file(tmp_path_factory):
    path = tmp_path_factory.mktemp("tiles") / "town.mbtiles"
    with sqlite3.connect(path) as file:
        file.execute("CREATE TABLE metadata (name text, value text)")
        file.execute(
            "CREATE TABLE tiles (zoom_level int, tile_column int, tile_row int, tile_data blob)"
        )
        facts = {"format": "png", "minzoom": "11", "maxzoom": "15"}
        facts["attribution"] = '<a href="https://elsewhere.invalid/">市测绘院</a>'
        file.executemany("INSERT INTO metadata VALUES (?,?)", facts.items())
        picture = png((226, 232, 214))
        rows = [
            (*address, picture) for zoom in range(11, 16) for address in tiles_around(*CENTRE, zoom)
        ]
        file.executemany("INSERT INTO tiles VALUES (?,?,?,?)", rows)
    file.close()
    return path


def test_tiles_of_a_local_file_lie_under_the_town(start_server, open_page, tile_file, tmp_path):
    command = [sys.executable, "-m", "dashboard.cli", "run", "--scenario", "golmud_hexi"]
    base_url = start_server(
        lambda port: [*command, "--port", str(port), "--store", str(tmp_path / "t.gpkg")],
        env={"GRIDBEAT_BASEMAP_FILE": str(tile_file)},
        path="/api/health",
    )
    page = open_page(base_url)
    page.wait_for_selector(".gb-map[data-ready=true]")
    page.wait_for_selector("img.leaflet-tile-loaded", state="attached")
    asked = [url for url in page.watch.requests if "/tiles/" in url]
    assert asked
    assert all(url.startswith(base_url) for url in asked)
    expect(page.get_by_text("市测绘院", exact=True)).to_have_count(1)
    assert page.locator(".gb-map a[href*=elsewhere]").count() == 0
