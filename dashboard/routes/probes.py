"""Tell a page that was opened by its own address where the server's root is, without an error.

Used by `dashboard.server`. A browser that opens `/cases` asks `/cases/_stcore/health` first, to
learn whether the application lives below that path; an answer of 404 stands in red in its console
and in every watchdog's count. Guard: none, since the answer holds no record.
"""

from typing import Final

from starlette.requests import Request
from starlette.responses import Response
from starlette.routing import Route

PATH: Final = "/{page}/_stcore/{probe}"
_PROBES: Final = frozenset({"health", "host-config"})
_ELSEWHERE: Final = 300  # neither a success, which would move the application, nor an error


def probes_route() -> Route:
    """Give the route `GET /{page}/_stcore/health|host-config`: 300, look at the root instead."""
    return Route(PATH, _answer, methods=["GET"], name="probes")


def _answer(request: Request) -> Response:
    if request.path_params["probe"] not in _PROBES:
        return Response(status_code=404)
    return Response(status_code=_ELSEWHERE, headers={"Cache-Control": "no-store"})
