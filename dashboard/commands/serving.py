"""Start the dashboard (`run`) and look whether all is well (`doctor`)."""

import importlib.metadata
import platform
import shutil
import sqlite3
import sys
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import click

from dashboard.commands.base import (
    json_option,
    named_database,
    open_database,
    print_json,
    say,
    store_option,
    words,
)
from data.config import Config, served_url
from data.errors import DataError

MIN_FREE_BYTES = 1024**3
PORT = 8501
PACKAGES = ("streamlit", "geopandas", "shapely", "folium", "sqlalchemy", "pyogrio", "numpy")


@click.command(help=words("cli.run"))
@click.option("--port", default=PORT, show_default=True, help=words("cli.option_port"))
@click.option("--scenario", metavar="NAME", help=words("cli.option_scenario"))
@store_option
def run(port: int, scenario: str | None, store: str | None) -> None:
    """Create the store when missing, migrate it, start the dashboard."""
    from dashboard.commands.scenarios import load_scenario

    config = Config.from_env(store_url=store)
    database = open_database(store, must_exist=False)
    if scenario is not None and _is_empty(database):
        say(words("cli.loading_scenario", name=words.label("scenario", scenario)))
        load_scenario(database, scenario)
    database.dispose()
    from dashboard.server import serve

    say(words("cli.running", address=f"http://127.0.0.1:{port}", store=database.label))
    serve(config, port=port)


def _is_empty(database: Any) -> bool:  # noqa: ANN401 - Database, imported late
    """Whether nothing was ever written to the store."""
    return not database.revisions()


@dataclass(frozen=True)
class Check:
    """One thing that doctor looked at."""

    name: str
    ok: bool
    detail: str


@click.command(help=words("cli.doctor"))
@json_option
@store_option
def doctor(*, as_json: bool, store: str | None) -> int:
    """Look at versions, store, tiling, assets, fonts and disk."""
    checks = [_versions(), _accelerator(), *_store_checks(store), _assets(), _fonts(), _disk(store)]
    if as_json:
        print_json({"checks": [vars(check) for check in checks]})
    else:
        for check in checks:
            mark = words("cli.ok") if check.ok else words("cli.not_ok")
            say(f"{mark}  {words('doctor.' + check.name)}: {check.detail}")
    return 0 if all(check.ok for check in checks) else 1


def _versions() -> Check:
    found = [f"{name} {importlib.metadata.version(name)}" for name in PACKAGES]
    python = f"Python {platform.python_version()}, SQLite {sqlite3.sqlite_version}"
    return Check("versions", sys.version_info >= (3, 11), ", ".join([python, *found]))


def _accelerator() -> Check:
    """Say whether machine code helps the index of grids; it is never needed."""
    from data.config import wants_accelerator
    from geo.index import has_accelerator

    if not has_accelerator():
        return Check("accelerator", ok=True, detail=words("doctor.accelerator_missing"))
    if not wants_accelerator():
        return Check("accelerator", ok=True, detail=words("doctor.accelerator_off"))
    version = importlib.metadata.version("numba")
    return Check("accelerator", ok=True, detail=words("doctor.accelerator_on", version=version))


def _store_checks(store: str | None) -> list[Check]:
    database = named_database(store)
    if not database.is_present():
        return [Check("store", ok=False, detail=words("doctor.no_store", store=database.label))]
    checks: list[Check] = []
    try:
        checks.append(_store(database))
        if not checks[0].ok:
            return checks
        current = database.is_current()
    except DataError as error:
        name = "migrated" if checks else "store"
        return [*checks, Check(name, ok=False, detail=words.error(error.code, error.fields))]
    detail = words("doctor.migrated_yes" if current else "doctor.migrated_no")
    checks.append(Check("migrated", current, detail))
    return [*checks, _tiling(database), _audit(database)] if current else checks


def _store(database: Any) -> Check:  # noqa: ANN401 - Database, imported late
    from data.backup import integrity

    if not database.is_served:
        verdict = integrity(database.path)
        return Check("store", verdict == "ok", f"{database.label}: {verdict}")
    postgresql, postgis = database.server_versions()
    facts = {"store": database.label, "postgresql": postgresql, "postgis": postgis}
    return Check("store", ok=True, detail=words("served.versions", **facts))


def _tiling(database: Any) -> Check:  # noqa: ANN401 - Database, imported late
    from data.importers.places import check_store
    from data.viewer import LOCAL_STEWARD

    with database.read() as session:
        found = check_store(session, LOCAL_STEWARD).as_json()
    detail = words("doctor.tiling_detail", features=found["features"], faults=_fault_count(found))
    return Check("tiling", bool(found["valid_coverage"]) or not found["features"], detail)


def _fault_count(found: Any) -> int:  # noqa: ANN401 - the report's document
    return sum(len(value) for value in found.values() if isinstance(value, list))


def _audit(database: Any) -> Check:  # noqa: ANN401 - Database, imported late
    from data.repositories.audit import is_intact

    with database.read() as session:
        intact = is_intact(session)
    return Check("audit", intact, words("doctor.audit_yes" if intact else "doctor.audit_no"))


def _assets() -> Check:
    bundle = Path(__file__).parent.parent / "livemap" / "dist"
    scripts = sorted(path.name for path in bundle.glob("*.js"))
    detail = ", ".join(scripts) if scripts else words("doctor.no_assets")
    return Check("assets", bool(scripts), detail)


def _fonts() -> Check:
    """Chinese glyphs are drawn by the browser's machine; here we can only look at this one."""
    folders = (Path("/usr/share/fonts"), Path.home() / ".fonts", Path("/System/Library/Fonts"))
    patterns = ("*CJK*", "*Noto*SC*", "*wqy*", "*msyh*", "*PingFang*", "*simsun*")
    has = any(next(d.rglob(p), None) for d in folders if d.is_dir() for p in patterns)
    return Check("fonts", has, words("doctor.fonts_yes" if has else "doctor.fonts_no"))


def _disk(store: str | None) -> Check:
    url = Config.from_env(store_url=store).store_url
    path = (Path.cwd() / "x" if served_url(url) else Path(url).resolve()).parent
    while not path.exists():
        path = path.parent
    free = shutil.disk_usage(path).free
    return Check("disk", free > MIN_FREE_BYTES, words("doctor.free", gib=f"{free / 1024**3:.1f}"))
