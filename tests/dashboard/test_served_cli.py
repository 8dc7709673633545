"""The command line and the health route on a served store: same words, same keys, same figures."""

import json
import os
import subprocess
import sys
from pathlib import Path

import pytest
import shapely
from click.testing import CliRunner

from dashboard.cli import gridbeat, main
from dashboard.routes.health import state_of
from dashboard.text import sentences
from data.database import Database
from data.errors import StoreUnavailable
from data.models import Boundary, Place

ROOT = Path(__file__).resolve().parents[2]


@pytest.fixture
def town(tmp_path):
    """An embedded store with two grids."""
    path = tmp_path / "town.gpkg"
    database = Database(str(path))
    database.create_or_migrate()
    with database.write() as session:
        for n in range(2):
            place = Place(level="grid", kind="base", code=f"0{n}", name=f"格 {n}", source="t")
            session.add(place)
            session.flush()
            square = shapely.MultiPolygon([shapely.box(94 + n / 100, 36, 94.01 + n / 100, 36.01)])
            session.add(Boundary(place_id=place.id, geom=square, resident_count=100))
    database.dispose()
    return path


def answer(*words):
    """Exit status and JSON document of one command."""
    told = CliRunner().invoke(gridbeat, [str(word) for word in words], standalone_mode=False)
    assert told.exception is None, told.exception
    return told.return_value or 0, json.loads(told.stdout)


def test_a_store_is_copied_and_counts_the_same(town, served_url, tmp_path):
    status, report = answer("copy", town, served_url, "--json")
    assert (status, report["equal"]) == (0, True)
    assert {row["table"]: row["rows"] for row in report["tables"]}["boundary"] == 2
    assert answer("count", "--json", "--store", town) == answer(
        "count", "--json", "--store", served_url
    )
    status, checks = answer("doctor", "--json", "--store", served_url)
    found = {check["name"]: check for check in checks["checks"]}
    assert all(found[name]["ok"] for name in ("store", "migrated", "tiling", "audit", "disk"))
    assert "PostGIS" in found["store"]["detail"]
    out = tmp_path / "kept.gpkg"
    status, kept = answer("backup", out, "--json", "--store", served_url)
    assert (status, kept) == (0, {"bytes": out.stat().st_size, "integrity": "ok"})
    status, migrated = answer("migrate", "--json", "--store", served_url)
    assert migrated["integrity"] == "ok"
    assert migrated["bytes"] > 1_000_000


def test_an_import_and_its_rejected_rows_on_a_served_store(town, served_url, tmp_path):
    answer("copy", town, served_url, "--json")
    calls = tmp_path / "calls.csv"
    calls.write_text("id,lon,lat,day\n1,94.005,36.005,2026-03-05\n2,94.005,99,2026-03-05\n")
    columns = ("--id", "id", "--lon", "lon", "--lat", "lat", "--time", "day", "--datum", "wgs84")
    status, report = answer("import", "incidents", calls, *columns, "--json", "--store", served_url)
    assert (status, report["inserted"], report["rejected"]) == (1, 1, 1)
    _, listed = answer("rejected", "--json", "--store", served_url)
    assert [row["line"] for row in listed["rejected"]] == [3]
    _, counted = answer("count", "--json", "--store", served_url)
    assert [unit["n"] for unit in counted["units"]] == [1, 0]


def test_a_filled_target_is_refused_in_one_sentence(town, served_url, capsys):
    answer("copy", town, served_url, "--json")
    with pytest.raises(SystemExit) as done:
        main(["copy", str(town), served_url])
    assert done.value.code == 2
    (sentence,) = capsys.readouterr().err.splitlines()
    assert "place" in sentence


def test_a_server_that_is_away_is_one_sentence_and_status_two(served_server):
    url = f"postgresql+psycopg://app:s3cret@/nowhere?host={served_server.folder}&port=5999"
    for words in (["count"], ["run", "--port", "8599"], ["migrate"]):
        told = subprocess.run(
            [sys.executable, "-m", "dashboard.cli", *words, "--store", url],
            cwd=ROOT,
            env={**os.environ, "GRIDBEAT_LANG": "en"},
            capture_output=True,
            text=True,
            timeout=60,
            check=False,
        )
        assert told.returncode == 2
        assert told.stdout == ""
        (sentence,) = told.stderr.splitlines()
        assert sentence.startswith("The database server postgresql+psycopg://app@/nowhere")
        assert "s3cret" not in sentence


def test_health_follows_the_server(served_url, served_server):
    database = Database(served_url)
    assert state_of(database)["status"] == "ok"
    served_server.stop()
    try:
        assert state_of(database)["status"] == "store_unreachable"
        with pytest.raises(StoreUnavailable):
            database.revisions()
    finally:
        served_server.start()
    assert state_of(database)["status"] == "ok"
    database.dispose()


def test_every_word_of_the_served_store_names_its_store():
    for code in ("unreachable", "refused", "no_database", "busy", "extension_missing"):
        entry = sentences()[f"error.store_{code}"]
        assert all("{store}" in text for text in entry.values()), code
