"""Crosswalks add up to the last digit and incident; the past is the same on any grids."""

from datetime import UTC, date, datetime
from decimal import Decimal
from itertools import pairwise

import geopandas as gpd
import numpy as np
import openpyxl
import pandas as pd
import pytest
import shapely

from data.analysis.crosswalk import NO_GRID, crosswalk
from data.analysis.plan_history import HistoryQuestion, carry_people, restated, totals_of
from data.analysis.plan_points import PlanPeriod
from data.counting import EventFilter
from data.errors import AccessRefused, ImportRefused
from data.exports.crosswalk import crosswalk_book, export_crosswalk
from data.frames import grids_frame
from data.models import Boundary, Building, Incident, Place
from data.repositories.audit import latest
from data.repositories.events import event_arrays
from data.repositories.registers import buildings
from data.viewer import LOCAL_STEWARD, DisplayLevel, Role, Viewer
from data.vocabulary import EventLayer
from tests import kpi_town as town

DAY = date(2026, 7, 1)
NOW = datetime(2026, 7, 1, 4, tzinfo=UTC)
INCIDENTS = EventLayer.INCIDENTS
HALF = PlanPeriod("half", town.local("2026-01-01"), town.local("2026-07-01"))


def box(west, east):
    return shapely.box(west, 36.4, east, 36.41)


def frame(*rows, parent="A"):
    """Grids from (code, west, east, households)."""
    shapes = gpd.GeoSeries([box(row[1], row[2]) for row in rows], crs="EPSG:4326")
    columns = {
        "grid_code": [row[0] for row in rows],
        "name": [f"<{row[0]}>" for row in rows],
        "parent_code": [parent] * len(rows),
        "households": pd.array([row[3] for row in rows], dtype="Int64"),
        "residents": pd.array([None] * len(rows), dtype="Int64"),
    }
    return gpd.GeoDataFrame(columns, geometry=shapes)


OLD = frame(("a1", 94.90, 94.91, 401), ("a2", 94.91, 94.92, 400), ("b1", 94.92, 94.93, 7),
            ("b2", 94.93, 94.94, None))  # fmt: skip
NEW = frame(
    ("a1", 94.90, 94.903, None),
    ("a3", 94.903, 94.906, None),
    ("a4", 94.906, 94.909, None),
    ("a2", 94.909, 94.92, None),
    ("b9", 94.92, 94.93, None),
    ("b2", 94.93, 94.937, None),
    ("c1", 94.95, 94.96, None),
)
"""a1 in four, its last part to a2; b1 under another code; b2 loses ground; c1 on new ground."""


def shares(rows, column):
    """Sum of the printed digits of each old code."""
    told = rows[rows["old_code"] != NO_GRID].dropna(subset=[column])
    printed = [Decimal(str(share)) for share in told[column]]
    assert all(-each.as_tuple().exponent <= 6 for each in printed)
    return pd.Series(printed, dtype=object).groupby(told["old_code"].to_numpy()).sum().to_dict()


def test_shares_of_area_and_households_add_up_to_one_exactly():
    rows = crosswalk(OLD, NEW).rows
    assert shares(rows, "area_share") == dict.fromkeys(["a1", "a2", "b1", "b2"], Decimal(1))
    assert shares(rows, "household_share") == dict.fromkeys(["a1", "a2", "b1"], Decimal(1))
    at = rows.set_index(["old_code", "new_code"])
    assert at["relation"].to_dict() == {
        ("a1", "a1"): "cut",
        ("a1", "a3"): "cut",
        ("a1", "a4"): "cut",
        ("a1", "a2"): "cut",
        ("a2", "a2"): "joined",
        ("b1", "b9"): "renumbered",
        ("b2", "b2"): "cut",
        ("b2", NO_GRID): "left_out",
        (NO_GRID, "c1"): "brought_in",
    }
    assert at.loc[("a1", "a1"), "area_share"] == pytest.approx(0.3, abs=1e-6)
    cut = at.loc["a1"]["households"]
    assert cut.sum() == 401
    assert sorted(cut.tolist()) == [40, 120, 120, 121]
    assert at.loc[("a1", "a1"), "is_estimated"]
    assert not at.loc[("a2", "a2"), "is_estimated"]
    assert pd.isna(at.loc[("b2", "b2"), "households"])
    assert pd.isna(at.loc[(NO_GRID, "c1"), "area_share"])
    assert at.loc["b2"]["area_m2"].sum() == pytest.approx(at.loc["b1"]["area_m2"].sum(), rel=1e-3)


def test_random_cuts_lose_no_household_and_no_digit():
    rng = np.random.default_rng(1)
    for _ in range(30):
        edges = np.unique(np.round(np.concatenate([[0, 1], rng.random(rng.integers(1, 9))]), 6))
        old = frame(*((f"o{k}", 94 + a, 94 + b, int(rng.integers(0, 999)))
                      for k, (a, b) in enumerate(pairwise(edges))))  # fmt: skip
        edges = np.unique(np.round(np.concatenate([[0, 1], rng.random(rng.integers(1, 9))]), 6))
        new = frame(*((f"n{k}", 94 + a, 94 + b, None)
                      for k, (a, b) in enumerate(pairwise(edges))))  # fmt: skip
        rows = crosswalk(old, new).rows
        assert set(shares(rows, "area_share").values()) == {Decimal(1)}
        assert rows.groupby("old_code")["households"].sum().to_dict() == dict(
            zip(old["grid_code"], old["households"], strict=True)
        )
        assert carry_people(old, new)["households"].sum() == old["households"].sum()


@pytest.fixture
def places(db):
    """Calls in a1 at 94.901 and 94.9085, on the old border, outside and nowhere, old and new."""
    with db.write() as session:
        town.build(session)
        for day in ("2026-03-01T12:00", "2025-03-01T12:00"):
            for lon in (94.901, 94.9085, 94.91, 94.953, 94.99):
                town.event(session, Incident, day, geom=shapely.Point(lon, 36.405))
            town.event(session, Incident, day, geom=None)
        town.event(session, Incident, "2026-04-01T12:00", geom=shapely.Point(94.91, 36.405))
    return db


def test_incidents_reconcile_to_the_last_one(places):
    with places.read() as session:
        old = grids_frame(session, LOCAL_STEWARD, as_of=DAY)
        events = event_arrays(session, LOCAL_STEWARD, INCIDENTS)
    periods = {"half": EventFilter(HALF.since, HALF.until), "all": EventFilter()}
    found = crosswalk(old, NEW, events, periods)
    at = found.rows.set_index(["old_code", "new_code"])
    assert at["incidents_half"][at["incidents_half"] > 0].to_dict() == {
        ("a1", "a1"): 1,
        ("a1", "a4"): 1,
        ("a2", "a2"): 2,
        (NO_GRID, "c1"): 1,
        (NO_GRID, NO_GRID): 1,
    }
    assert at.loc[("a1", "a1"), "incident_share_half"] == 0.5
    assert pd.isna(at.loc[("b1", "b9"), "incident_share_half"])
    for name, total in (("half", 7), ("all", 13)):
        told = found.totals[name]
        assert told.total == total == int(found.rows[f"incidents_{name}"].sum()) + told.unlocated
    assert shares(found.rows, "incident_share_half") == {"a1": Decimal(1), "a2": Decimal(1)}


def test_buildings_share_out_households_where_they_are(places):
    with places.write() as session:
        for lon, n in ((94.901, 30), (94.9085, 10), (94.9995, 99)):
            town.put(session, Building, kind="residential", household_count=n,
                     geom=shapely.Point(lon, 36.405))  # fmt: skip
    with places.read() as session:
        homes = buildings(session, LOCAL_STEWARD)
    at = crosswalk(OLD, NEW, buildings=homes).rows.set_index(["old_code", "new_code"])
    assert at.loc["a1"]["households"].to_dict() == {"a1": 301, "a3": 0, "a4": 100, "a2": 0}
    assert at.loc[("a1", "a1"), "basis"] == "buildings"
    assert at.loc[("b2", "b2"), "basis"] == "area"
    assert at.loc[("a2", "a2"), "basis"] == "counted"


def test_the_past_has_the_same_totals_on_any_grids(places):
    with places.write() as session:  # from 2026-01-01 on, b1 holds all of b2's ground too
        keys = {place.code: place.id for place in session.query(Place)}
        for row in session.query(Boundary).filter(Boundary.place_id.in_([keys["b1"], keys["b2"]])):
            row.valid_to = date(2026, 1, 1)
        wide = shapely.MultiPolygon([box(94.92, 94.94)])
        session.add(Boundary(place_id=keys["b1"], parent_id=keys["B"], geom=wide,
                             resident_count=2001, valid_from=date(2026, 1, 1)))  # fmt: skip
        for day in ("2025-03-01T12:00", "2026-03-01T12:00"):
            town.event(session, Incident, day, geom=town.spot("b2"))
    question = HistoryQuestion(DAY, periods=(HALF, PlanPeriod("all")))
    with places.read() as session:
        by = {
            name: restated(session, LOCAL_STEWARD, question, on)
            for name, on in (
                ("event", "event"), ("today", "today"), ("past", "2025-06-01"), ("plan", NEW),
            )
        }  # fmt: skip
    assert {name: totals_of(found) for name, found in by.items()} == {
        name: {"half": 8, "all": 15} for name in by
    }
    half = {name: found[0] for name, found in by.items()}
    counted = {
        name: {unit.code: unit.n for unit in each.now.units if unit.n}
        for name, each in half.items()
    }
    assert counted["event"] == {"a1": 2, "a2": 2, "b1": 1}
    assert counted["today"] == {"a1": 2, "a2": 2, "b1": 1}
    assert counted["past"] == {"a1": 2, "a2": 2, "b2": 1}
    assert counted["plan"] == {"a1": 1, "a4": 1, "a2": 2, "b2": 1, "c1": 1}
    before = {name: {u.code: u.n for u in each.year_before.units if u.n}
              for name, each in half.items()}  # fmt: skip
    assert before["event"] == {"a1": 2, "a2": 1, "b2": 1}
    assert before["today"] == {"a1": 2, "a2": 1, "b1": 1}
    assert {name: each.is_like_for_like for name, each in half.items()} == {
        "event": False, "today": True, "past": True, "plan": True,
    }  # fmt: skip
    for each in half.values():
        assert each.now.total == sum(u.n for u in each.now.units) + each.now.outside + 1
    assert by["plan"][1].year_before is None


def test_rates_on_a_plan_stand_on_residents_shared_out_and_marked(places):
    with places.read() as session:
        old = grids_frame(session, LOCAL_STEWARD, as_of=DAY)
        (found,) = restated(session, LOCAL_STEWARD, HistoryQuestion(DAY, periods=(HALF,)), NEW)
    carried = carry_people(old, NEW)
    assert carried["residents"].sum() == 4000 - 300
    assert found.estimated == {"a1", "a3", "a4", "a2", "b2"}
    table = found.table().set_index("grid_code")
    assert table.loc["a1", "residents"] == 300
    assert table.loc["a1", "rate"] == pytest.approx(1000 / 300)
    assert pd.isna(table.loc["c1", "rate"])
    assert table.loc["a2", ["n", "before", "change"]].tolist() == [2, 1, 1.0]
    assert bool(table.loc["a1", "is_estimated"])
    assert not bool(table.loc["b9", "is_estimated"])


@pytest.mark.parametrize("ending", ["csv", "xlsx"])
def test_a_crosswalk_is_written_logged_and_never_a_formula(places, tmp_path, ending):
    rows = crosswalk(OLD.assign(grid_code=["=a1", "a2", "b1", "b2"]), NEW).rows
    target = tmp_path / f"crosswalk.{ending}"
    about = {"plan": "7", "effective_on": "2026-08-01"}
    with places.write() as session:
        n = export_crosswalk(session, LOCAL_STEWARD, rows, target, about=about, now=NOW)
    assert n == len(rows)
    if ending == "csv":
        text = target.read_text(encoding="utf-8-sig")
        assert text.splitlines()[0].startswith("old_code,new_code,relation,area_m2,area_share")
        assert "\n'=a1" in text
        back = pd.read_csv(target)
        assert back["area_share"].sum() == pytest.approx(4.0)
    else:
        book = openpyxl.load_workbook(target)
        assert [cell.value for cell in book["crosswalk"][1]][:2] == ["old_code", "new_code"]
        assert book["crosswalk"]["A2"].data_type == "s"
        assert {row[0].value for row in book["about"].rows} >= {"plan", "exported_by"}
    with places.read() as session:
        line = latest(session, LOCAL_STEWARD)[0]
    assert (line.action, line.subject, line.row_count) == ("export", "crosswalk", n)
    assert line.detail["plan"] == "7"


def test_walls_and_other_files_are_refused(places, tmp_path):
    rows = crosswalk(OLD, NEW).rows
    wall = Viewer("w", Role.KIOSK, DisplayLevel.WALL)
    with places.write() as session:
        with pytest.raises(AccessRefused):
            export_crosswalk(session, wall, rows, tmp_path / "x.csv", about={}, now=NOW)
        with pytest.raises(ImportRefused) as refused:
            export_crosswalk(session, LOCAL_STEWARD, rows, tmp_path / "x.gpkg", about={}, now=NOW)
        assert refused.value.code == "unknown_file_type"
    assert not (tmp_path / "x.csv").exists()
    book = crosswalk_book(rows, {"plan": "7"}, title="shares", about_title="about")
    (tmp_path / "x.xlsx").write_bytes(book)
    assert openpyxl.load_workbook(tmp_path / "x.xlsx").sheetnames == ["shares", "about"]
