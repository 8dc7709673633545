"""Serve the screens and our own routes from one process on the loopback address.

Used by the command line (`gridbeat run`) and by tests. All of Streamlit's settings are made here,
in code, since an installed wheel has no `.streamlit/config.toml` beside it. Prints nothing.
"""

import gc
from pathlib import Path
from typing import Final

import streamlit as st
import uvicorn
from streamlit import config as streamlit_config

import dashboard.navigation  # noqa: F401 - all screens are there before `_settle`
from dashboard import cache
from dashboard.maps.tile_file import open_tiles
from dashboard.routes.health import health_route
from dashboard.routes.probes import probes_route
from dashboard.routes.tiles import tiles_route
from data.config import Config
from data.database import Database

LOOPBACK: Final = "127.0.0.1"
SCRIPT: Final = Path(__file__).resolve().parent / "app.py"
_MEGABYTE: Final = 1024 * 1024
_PING_S: Final = 30
OPTIONS: Final[dict[str, object]] = {
    "browser.gatherUsageStats": False,
    "browser.serverAddress": "localhost",
    "server.headless": True,
    "server.fileWatcherType": "none",
    "server.enableStaticServing": False,
    "runner.magicEnabled": False,
    "runner.postScriptGC": False,  # holds every screen up for a quarter of a second: `_settle`
    # a change of language puts every choice again, also those that were drawn with a first value
    "global.disableWidgetStateDuplicationWarning": True,
    "client.toolbarMode": "minimal",
    "client.showErrorDetails": "none",
    "client.disableDataExport": True,  # exports are audited and guarded: `gridbeat export`
    "theme.base": "light",
    "theme.primaryColor": "#1f5f8b",
    "theme.backgroundColor": "#ffffff",
    "theme.secondaryBackgroundColor": "#f1f4f7",
    "theme.textColor": "#1c2430",
    "theme.borderColor": "#d5dbe3",
    "theme.baseRadius": "0.35rem",
    "theme.baseFontSize": 14,
    "theme.headingFontSizes": ["1.6rem", "1.25rem", "1.05rem"],
    "theme.showWidgetBorder": True,
}
"""Streamlit's settings, the same as in `.streamlit/config.toml`: no call leaves the machine."""


def set_options(config: Config, *, host: str = LOOPBACK, port: int | None = None) -> None:
    """Set Streamlit's options for this process."""
    megabytes = max(1, -(-config.max_upload_bytes // _MEGABYTE))
    options = OPTIONS | {"server.address": host, "server.maxUploadSize": megabytes}
    if port is not None:
        options |= {"server.port": port, "browser.serverPort": port}
    for name, value in options.items():
        streamlit_config.set_option(name, value)


def build_app(config: Config) -> st.App:
    """Build the ASGI application: the screens and our own routes beside them.

    Parameters
    ----------
    config
        Which store is shown; the screens of this process read the same value.

    Raises
    ------
    ConfigError
        Those of `open_tiles`, for a configured tile file.
    """
    set_options(config)
    cache.use_config(config)
    routes = [health_route(Database(config.store_url)), probes_route()]
    if config.basemap_file is not None:
        routes.append(tiles_route(open_tiles(config.basemap_file)))
    return st.App(SCRIPT, routes=routes)


def serve(config: Config, port: int, host: str = LOOPBACK) -> None:
    """Serve until the process is told to stop.

    One worker: sessions, uploads and caches live in this process. Until accounts exist the
    caller gives no other host than the loopback address.

    Parameters
    ----------
    config
        Which store is shown, and the size limit of uploads.
    port, host
        Where to listen.
    """
    set_options(config, host=host, port=port)
    app = build_app(config)
    _settle()
    uvicorn.run(
        app,
        host=host,
        port=port,
        workers=1,
        log_level="warning",
        access_log=False,
        ws_ping_interval=_PING_S,
        ws_ping_timeout=_PING_S,
        ws_max_size=streamlit_config.get_option("server.maxMessageSize") * _MEGABYTE,
    )


def _settle() -> None:
    """Set what was imported apart from what Python looks through for garbage.

    Libraries hold some 200,000 objects that never go: walking them takes 0.15 to 0.35 s during
    which nothing is sent to any screen.
    """
    gc.collect()
    gc.freeze()
