"""The server listens on the loopback, sets its own options and tells whether it is well."""

import json

import pytest
from starlette.requests import Request
from starlette.routing import Match
from streamlit import config as streamlit_config

from dashboard import cache
from dashboard.routes.health import health_route, state_of
from dashboard.routes.probes import probes_route
from dashboard.server import OPTIONS, SCRIPT, build_app, set_options
from data.config import Config
from data.database import Database


@pytest.fixture
def config(tmp_path):
    store = tmp_path / "store.gpkg"
    Database(str(store)).create_or_migrate()
    kept = {name: streamlit_config.get_option(name) for name in OPTIONS}
    yield Config(store_url=str(store), max_upload_bytes=5 * 1024 * 1024)
    cache.use_config(None)
    for name, value in kept.items():
        streamlit_config.set_option(name, value)


def test_nothing_calls_home_and_uploads_are_limited(config):
    set_options(config, port=8765)
    told = streamlit_config.get_option
    assert told("browser.gatherUsageStats") is False
    assert told("browser.serverAddress") == "localhost"
    assert told("server.address") == "127.0.0.1"
    assert told("server.port") == 8765
    assert told("server.maxUploadSize") == 5


def test_health_of_a_good_store(config):
    app = build_app(config)
    assert app.script_path == SCRIPT
    assert cache.config() is config
    route = health_route(Database(config.store_url))
    answer = route.endpoint(None)
    assert answer.status_code == 200
    assert json.loads(answer.body) == {
        "status": "ok",
        "store": True,
        "schema_current": True,
        "revisions": {},
    }


def test_health_of_a_missing_and_a_damaged_store(tmp_path):
    missing = state_of(Database(str(tmp_path / "none.gpkg")))
    assert (missing["status"], missing["store"]) == ("store_missing", False)
    route = health_route(Database(str(tmp_path / "none.gpkg")))
    assert route.endpoint(None).status_code == 503
    damaged = tmp_path / "damaged.gpkg"
    damaged.write_bytes(b"not a database" * 100)
    assert state_of(Database(str(damaged)))["status"] == "store_damaged"


@pytest.mark.parametrize(
    ("probe", "status"), [("health", 300), ("host-config", 300), ("stream", 404)]
)
def test_a_page_opened_by_its_own_address_is_told_to_look_at_the_root(probe, status):
    # a success would move the whole application below /cases; an error stands red in the console
    path = f"/cases/_stcore/{probe}"
    match, found = probes_route().matches({"type": "http", "method": "GET", "path": path})
    assert match is Match.FULL
    answer = probes_route().endpoint(Request({"type": "http", "headers": [], **found}))
    assert answer.status_code == status
    assert "location" not in answer.headers
