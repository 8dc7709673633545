"""Read the environment once into a frozen `Config`.

Used by the command line and the server; the only place that looks at `os.environ`.
"""

import os
from dataclasses import dataclass
from pathlib import Path

from data.errors import ConfigError

SERVED_SCHEMES = ("postgresql+psycopg://", "postgresql://", "postgres://")
"""How the address of a served store may begin; the first is the one that is documented."""
DEFAULT_STORE = "var/gridbeat.gpkg"
DEFAULT_TZ = "Asia/Shanghai"


@dataclass(frozen=True)
class Config:
    """What this process was told.

    Parameters
    ----------
    store_url
        Path of a GeoPackage (embedded store) or `postgresql+psycopg://…` (served store).
    language
        `zh` or `en`; empty when the environment does not say.
    basemap_url, basemap_datum
        XYZ template of a tile source inside the network, and the datum its tiles are drawn in;
        empty for the plain basemap.
    basemap_file
        Local raster tile file (MBTiles or PMTiles) that this server hands out itself; it wins over
        `basemap_url`, and `basemap_datum` is its datum too. None: there is none.
    max_upload_bytes
        Largest file an importer accepts.
    """

    store_url: str = DEFAULT_STORE
    language: str = ""
    basemap_url: str = ""
    basemap_datum: str = "wgs84"
    basemap_file: Path | None = None
    max_upload_bytes: int = 512 * 1024 * 1024

    @classmethod
    def from_env(cls, *, store_url: str | None = None) -> "Config":
        """Build from `GRIDBEAT_*` variables; `store_url` (a command-line option) wins.

        Raises
        ------
        ConfigError
            `not_a_number`: GRIDBEAT_MAX_UPLOAD_MB is not a whole number.
        """
        limit = os.environ.get("GRIDBEAT_MAX_UPLOAD_MB", "512")
        if not limit.isdigit():
            raise ConfigError("not_a_number", name="GRIDBEAT_MAX_UPLOAD_MB", value=limit)
        return cls(
            store_url=store_url or os.environ.get("GRIDBEAT_STORE") or DEFAULT_STORE,
            language=language_from_env(),
            basemap_url=os.environ.get("GRIDBEAT_BASEMAP_URL", ""),
            basemap_datum=os.environ.get("GRIDBEAT_BASEMAP_DATUM", "wgs84"),
            basemap_file=_path_or_none(os.environ.get("GRIDBEAT_BASEMAP_FILE", "")),
            max_upload_bytes=int(limit) * 1024 * 1024,
        )


def _path_or_none(text: str) -> Path | None:
    return Path(text) if text else None


def wants_accelerator() -> bool:
    """Tell whether the environment leaves machine code on: all but `GRIDBEAT_ACCELERATOR=off`."""
    return os.environ.get("GRIDBEAT_ACCELERATOR", "").strip().lower() != "off"


def language_from_env() -> str:
    """Say which language the environment asks for; empty when it does not say."""
    if os.environ.get("GRIDBEAT_LANG"):
        return os.environ["GRIDBEAT_LANG"]
    for name in ("LC_ALL", "LC_MESSAGES", "LANG"):
        value = os.environ.get(name, "")
        if value:
            return "zh" if value.lower().startswith("zh") else "en"
    return ""


def served_url(store_url: str) -> str | None:
    """Give the address of a served store with the driver named; None for an embedded one."""
    for scheme in SERVED_SCHEMES:
        if store_url.startswith(scheme):
            return SERVED_SCHEMES[0] + store_url.removeprefix(scheme)
    return None


def store_path(store_url: str) -> Path:
    """Say where the embedded store of `store_url` lies (`sqlite:///x`, `gpkg:x` or a path).

    Raises
    ------
    ConfigError
        `unknown_store`: the address names another kind of store.
    """
    for prefix in ("sqlite:///", "gpkg:///", "gpkg:"):
        if store_url.startswith(prefix):
            return Path(store_url.removeprefix(prefix))
    if "://" in store_url:
        raise ConfigError("unknown_store", value=store_url.split("://", 1)[0])
    return Path(store_url)
