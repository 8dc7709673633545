"""Tell a watchdog whether the server can work: store reachable, schema current, revisions.

Used by `dashboard.server`. Guard: none, since the server listens on the loopback address and the
answer holds no record. Knows nothing of Streamlit.
"""

from collections.abc import Callable

from starlette.requests import Request
from starlette.responses import JSONResponse, Response
from starlette.routing import Route

from data.database import Database
from data.errors import DataError


def health_route(database: Database) -> Route:
    """Give the route `GET /api/health`: 200 when the store can be used, 503 when not."""
    return Route("/api/health", _answer(database), methods=["GET"], name="health")


def _answer(database: Database) -> Callable[[Request], Response]:
    def health(_request: Request) -> Response:
        found = state_of(database)
        return JSONResponse(found, status_code=200 if found["status"] == "ok" else 503)

    return health


def state_of(database: Database) -> dict[str, object]:
    """Look at the store.

    Returns
    -------
    dict
        `status` (`ok`, or the code of what is wrong), `store` (reachable), `schema_current`,
        `revisions` (set → number).
    """
    try:
        if not database.exists():
            return _bad("store_missing", is_reachable=database.is_present())
        if not database.is_current():
            return _bad("store_outdated", is_reachable=True)
        revisions = database.revisions()
    except DataError as error:
        return _bad(error.code, is_reachable=False)
    return {"status": "ok", "store": True, "schema_current": True, "revisions": revisions}


def _bad(code: str, *, is_reachable: bool) -> dict[str, object]:
    return {"status": code, "store": is_reachable, "schema_current": False, "revisions": {}}
