"""Serve raster tiles from the operator's local file, from our own origin.

Used by `dashboard.server`. Guard: none, since a basemap holds no record; the path of the file is
the operator's and never part of a request.
"""

from collections.abc import Callable
from typing import Final

from starlette.requests import Request
from starlette.responses import Response
from starlette.routing import Route

from dashboard.maps.tile_file import TileFile, is_address

PATH: Final = "/tiles/{z:int}/{x:int}/{y:int}"
_KEEP: Final = {"Cache-Control": "private, max-age=86400"}


def tiles_route(tiles: TileFile) -> Route:
    """Give the route `GET /tiles/{z}/{x}/{y}`: 200 a tile, 204 none there, 404 no such address."""
    return Route(PATH, _answer(tiles), methods=["GET"], name="tiles")


def _answer(tiles: TileFile) -> Callable[[Request], Response]:
    def tile(request: Request) -> Response:
        zoom, column, row = (int(request.path_params[name]) for name in ("z", "x", "y"))
        if not is_address(zoom, column, row):
            return Response(status_code=404)
        found = tiles.tile(zoom, column, row)
        if found is None:
            return Response(status_code=204, headers=_KEEP)
        return Response(found, media_type=tiles.facts.media_type, headers=_KEEP)

    return tile
