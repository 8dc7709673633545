"""`gridbeat hotspots` and `gridbeat backtest`: keys, files, sentences, refusals in one sentence."""

import json
import shutil

import geopandas as gpd
import numpy as np
import pandas as pd
import pytest
import shapely

from dashboard.cli import main
from dashboard.commands import hotspot_words
from dashboard.text import Words
from data.database import Database
from data.models import AuditEntry

WEST, SOUTH, STEP = 101.70, 36.60, 0.004


def run(*words, capture=None):
    """Exit status and what was said, of one command, in this process."""
    with pytest.raises(SystemExit) as done:
        main([str(word) for word in words])
    return done.value.code or 0, capture.readouterr() if capture else None


@pytest.fixture(scope="module")
def files(tmp_path_factory):
    """A town of 6 x 6 grids and 300 events of 14 months; a third of them in one grid."""
    folder = tmp_path_factory.mktemp("files")
    rows, shapes = [], []
    for row in range(6):
        for column in range(6):
            x, y = WEST + STEP * column, SOUTH + STEP * row
            rows.append({"code": f"0{row}{column}", "people": 50})
            sides = (round(side, 6) for side in (x, y, x + STEP, y + STEP))
            shapes.append(shapely.box(*sides))
    grids = gpd.GeoDataFrame(rows, geometry=shapes, crs="EPSG:4326")
    grids.to_file(folder / "grids.geojson", driver="GeoJSON", engine="pyogrio")
    rng = np.random.default_rng(3)
    spots = rng.uniform(0, 6, (300, 2))
    spots[::3] = rng.uniform(2.05, 2.95, (100, 2))
    at = pd.Timestamp("2025-01-01") + pd.to_timedelta(rng.integers(0, 14 * 30 * 24, 300), unit="h")
    events = pd.DataFrame(
        {
            "id": range(300),
            "lon": WEST + STEP * spots[:, 0],
            "lat": SOUTH + STEP * spots[:, 1],
            "at": at.strftime("%Y-%m-%d %H:%M:%S"),
            "kind": np.where(np.arange(300) % 20 == 1, "聚众赌博", "盗窃"),
            "channel": np.where(np.arange(300) % 10 == 2, "巡逻", "110"),
        }
    )
    events.to_csv(folder / "events.csv", index=False)
    return folder


@pytest.fixture(scope="module")
def filled(files, tmp_path_factory):
    path = tmp_path_factory.mktemp("store") / "store.gpkg"
    told = ("import", "grids", files / "grids.geojson", "--code", "code", "--store", path,
            "--map", "residents=people")  # fmt: skip
    assert run(*told)[0] == 0
    told = ("import", "incidents", files / "events.csv", "--id", "id", "--lon", "lon", "--lat",
            "lat", "--time", "at", "--kind", "kind", "--map", "channel=channel", "--datum",
            "wgs84", "--tz", "Asia/Shanghai", "--store", path)  # fmt: skip
    assert run(*told)[0] == 0
    return path


@pytest.fixture
def store(filled, tmp_path):
    path = tmp_path / "store.gpkg"
    shutil.copy(filled, path)
    return path


def document(capsys, *words):
    status, told = run(*words, "--json", capture=capsys)
    assert told.err == ""
    return status, json.loads(told.out)


def test_hotspots_in_json(store, files, capsys):
    status, told = document(capsys, "hotspots", "--store", store)
    assert status == 0
    assert {"method", "options", "n_events", "cells", "report"} <= set(told)
    assert (told["method"], told["cells"], told["options"]["units"]) == (
        "count-kernel", 36, "grids",
    )  # fmt: skip
    events = pd.read_csv(files / "events.csv")
    counted = (events["kind"] == "盗窃") & (events["channel"] == "110")
    assert told["n_events"] == counted.sum()
    assert told["report"]["left_out"]["proactive"] == (events["kind"] == "聚众赌博").sum()
    assert told["top"][0]["cell_id"] == "022"
    assert told["hotspots"] >= 1
    status, every = document(capsys, "hotspots", "--channel", "all", "--with-proactive", "--store",
                             store)  # fmt: skip
    assert every["n_events"] == 300


@pytest.mark.parametrize(
    ("method", "columns"),
    [
        ("count", {"low", "high"}),
        ("kde", {"kde"}),
        ("gistar", {"z", "p", "p_bh", "class"}),
        ("moran", {"z", "p", "p_bh", "class"}),
        ("emerging", {"class"}),
        ("change", {"change", "p", "p_bh", "class"}),
        ("near-repeat", {"score"}),
        ("risk", {"risk", "p_bh"}),
    ],
)
def test_every_method_writes_its_columns(method, columns, store, tmp_path, capsys):
    out = tmp_path / "deep" / "found.csv"
    split = ("--split", "2025-08-01") if method == "change" else ()
    status, told = document(
        capsys, "hotspots", "--method", method, *split, "--out", out, "--store", store
    )
    assert (status, told["rows"]) == (0, 36)
    frame = pd.read_csv(out, dtype={"cell_id": str})
    assert {"cell_id", "n", *columns} <= set(frame.columns)
    assert frame["cell_id"].iloc[0] == "000"  # leading zeros stay
    assert frame["n"].sum() == told["report"]["inside"] - told["report"].get("repeats_dropped", 0)
    with Database(str(store)).read() as session:
        audit = session.query(AuditEntry).order_by(AuditEntry.id).all()
    assert (audit[-1].action, audit[-1].subject, audit[-1].row_count) == ("export", "hotspots", 36)


def test_cells_of_ones_own_keep_their_id_and_order(store, files, tmp_path, capsys):
    cells = gpd.read_file(files / "grids.geojson", engine="pyogrio").to_crs("EPSG:32647")
    cells = cells.rename(columns={"code": "hex_no"})[["people", "hex_no", "geometry"]].iloc[::-1]
    cells.to_file(tmp_path / "cells.gpkg", driver="GPKG", engine="pyogrio")
    plain = document(capsys, "hotspots", "--method", "gistar", "--store", store)[1]
    for name in ("found.gpkg", "found.geojson", "found.csv"):
        told = document(
            capsys,
            "hotspots",
            "--method",
            "gistar",
            "--cells",
            tmp_path / "cells.gpkg",
            "--out",
            tmp_path / name,
            "--store",
            store,
        )[1]
        assert told["n_events"] == plain["n_events"]
        if name.endswith("csv"):
            frame = pd.read_csv(tmp_path / name, dtype={"hex_no": str})
        else:
            frame = gpd.read_file(tmp_path / name, engine="pyogrio")
            assert frame.crs.to_epsg() == (4326 if name.endswith("geojson") else 32647)
        assert frame["hex_no"].tolist() == cells["hex_no"].tolist()
        assert frame["n"].sum() == told["report"]["inside"]
    risk = document(capsys, "hotspots", "--method", "risk", "--cells", tmp_path / "cells.gpkg",
                    "--base", "people", "--id", "hex_no", "--store", store)[1]  # fmt: skip
    assert risk["top"][0]["base"] == 50


@pytest.mark.parametrize("language", ["zh", "en"])
def test_people_are_told_in_sentences(language, store, tmp_path, capsys, monkeypatch):
    monkeypatch.setattr(hotspot_words, "words", Words(language))
    told = []
    for asked in (
        ("hotspots",),
        ("hotspots", "--method", "gistar", "--cell-m", "300"),
        ("hotspots", "--channel", "all", "--out", tmp_path / "o.gpkg"),
        ("hotspots", "--level", "public"),
        ("backtest", "--tests", "monthly:3"),
    ):
        status, said = run(*asked, "--store", store, capture=capsys)
        assert (status, said.err) == (0, "")
        told.append(said.out)
    whole = "".join(told)
    assert not {"{", "predict", "预测", "nan"} & set(whole.split())
    assert not any(word in whole for word in ("{", "predict", "预测"))
    named = {"zh": ("热点", "没有计入", "注意："), "en": ("hotspot", "Left out", "Mind: ")}
    for word in named[language]:
        assert word in whole
    assert "<5" in told[3] or "withheld" in told[3] or "不给出" in told[3]
    assert ("核密度" if language == "zh" else "Kernel density") in told[4]


def test_public_files_withhold_small_counts(store, tmp_path, capsys):
    out = tmp_path / "public.csv"
    status, told = document(capsys, "hotspots", "--level", "public", "--out", out, "--store", store)
    assert (status, told["n_events"]) == (0, None)
    frame = pd.read_csv(out, dtype={"cell_id": str})
    assert set(frame.columns) == {"cell_id", "name", "n", "class", "is_hotspot", "note"}
    assert (frame["note"] == "<5").sum() > 0
    assert frame.loc[frame["note"] == "<5", "n"].isna().all()
    status, said = run("hotspots", "--level", "public", "--cell-m", "200", "--store", store,
                       capture=capsys)  # fmt: skip
    assert status == 2
    assert len(said.err.strip().splitlines()) == 1


def test_backtest_in_json(store, capsys):
    status, told = document(
        capsys,
        "backtest",
        "--tests",
        "monthly:6",
        "--areas",
        "5,20",
        "--methods",
        "kde,gistar",
        "--cell-m",
        "300",
        "--store",
        store,
    )
    assert status == 0
    assert {(row["method"], row["area_pct"]) for row in told["results"]} == {
        (method, area) for method in ("kde", "gistar", "count", "random") for area in (5.0, 20.0)
    }
    for row in told["results"]:
        assert set(row) >= {"method", "area_pct", "hits", "n", "hit_rate", "low", "high"}
        assert row["low"] <= row["hit_rate"] <= row["high"]
    assert told["tests"] == len(told["report"]["months"]) == 6
    few = document(capsys, "backtest", "--tests", "monthly:1", "--store", store)[1]
    assert "few_test_events" in {one["code"] for one in few["report"]["warnings"]}
    since = document(capsys, "backtest", "--tests", "monthly:3", "--train-from", "2025-09-01",
                     "--units", "grids", "--hours", "6-18", "--store", store)[1]  # fmt: skip
    assert since["cells"] == 36


@pytest.mark.parametrize(
    "asked",
    [
        ("hotspots", "--cell-m", "0"),
        ("hotspots", "--cell-m", "0.01"),
        ("hotspots", "--cell-m", "100", "--units", "grids"),
        ("hotspots", "--cells", "nowhere.gpkg"),
        ("hotspots", "--cells", "CELLS", "--cell-m", "100"),
        ("hotspots", "--cells", "CELLS", "--id", "nothing"),
        ("hotspots", "--cells", "EVENTS"),
        ("hotspots", "--cells", "POINTS"),
        ("hotspots", "--method", "change"),
        ("hotspots", "--method", "change", "--split", "2035-01-01"),
        ("hotspots", "--method", "kde", "--bandwidth-m", "10"),
        ("hotspots", "--method", "predict"),
        ("hotspots", "--hours", "late"),
        ("hotspots", "--hours", "8-30"),
        ("hotspots", "--weekdays", "8"),
        ("hotspots", "--kind", "99"),
        ("hotspots", "--from", "2030-01-01"),
        ("hotspots", "--from", "2026-01-01", "--to", "2025-01-01"),
        ("hotspots", "--from", "yesterday"),
        ("hotspots", "--area", "nowhere"),
        ("hotspots", "--out", "found.doc"),
        ("backtest", "--tests", "weekly:3"),
        ("backtest", "--areas", "0,5"),
        ("backtest", "--areas", "some"),
        ("backtest", "--methods", "crystal"),
        ("backtest", "--train-from", "2026-02-20", "--tests", "monthly:2"),
    ],
)
def test_bad_questions_are_refused_in_one_sentence(asked, files, store, tmp_path, capsys):
    points = gpd.GeoDataFrame({"id": [1]}, geometry=[shapely.Point(1, 1)], crs="EPSG:4326")
    points.to_file(tmp_path / "points.gpkg", driver="GPKG", engine="pyogrio")
    made = {"CELLS": files / "grids.geojson", "EVENTS": files / "events.csv",
            "POINTS": tmp_path / "points.gpkg"}  # fmt: skip
    words = [str(made.get(word, word)) for word in asked]
    status, said = run(*words, "--store", store, capture=capsys)
    assert (status, said.out) == (2, "")
    assert len(said.err.strip().splitlines()) == 1
    assert "{" not in said.err
    assert "Traceback" not in said.err
