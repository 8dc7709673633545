"""Hotspot questions to a store of either kind: what counts, what is left out, who sees what.

The town: 8 x 8 base grids of 0.004 degree, columns from the west; the western half is community W,
the eastern one E. Events are drawn with a fixed seed, most of them in one grid.
"""

from dataclasses import replace
from datetime import UTC, datetime, timedelta

import geopandas as gpd
import numpy as np
import pandas as pd
import pytest
import shapely

from data.analysis.hotspots import (
    HotspotQuestion,
    backtest_of,
    ground_of,
    hotspots_of,
    units_compared,
    why_cell,
)
from data.counting import place_events
from data.database import bump_revision
from data.errors import AccessRefused, ConfigError, DataError, RecordNotFound
from data.models import Boundary, Hazard, Incident, Place
from data.privacy import is_proactive
from data.viewer import LOCAL_STEWARD, DisplayLevel, Role, Viewer
from data.vocabulary import EventLayer
from geo.crs import to_working
from geo.errors import GeoError
from geo.hotspots import HotspotOptions, Method, find_hotspots, grid_cells
from geo.proof import BacktestOptions

NOW = datetime(2026, 6, 1, 4, tzinfo=UTC)
STEP, WEST, SOUTH = 0.004, 101.70, 36.60
TZ = "Asia/Shanghai"


def box_of(column, row):
    sides = [WEST + STEP * column, SOUTH + STEP * row]
    sides += [WEST + STEP * (column + 1), SOUTH + STEP * (row + 1)]
    return shapely.box(*(round(side, 6) for side in sides))


def stand_grids(session, residents=100):
    parents = {}
    for code in ("W", "E"):
        parent = Place(level="community", kind="community", code=code, name=f"<{code}>", source="t")
        session.add(parent)
        session.flush()
        session.add(Boundary(place_id=parent.id))
        parents[code] = parent.id
    for row in range(8):
        for column in range(8):
            code = f"g{row}{column}"
            grid = Place(level="grid", kind="base", code=code, name=f"<{code}>", source="t")
            session.add(grid)
            session.flush()
            shape = shapely.MultiPolygon([box_of(column, row)])
            parent = parents["W" if column < 4 else "E"]
            session.add(
                Boundary(place_id=grid.id, parent_id=parent, geom=shape, resident_count=residents)
            )
    bump_revision(session, "places")


def event(n, spot, at, group="reported", model=Incident, **more):
    more = {"kind": "10", "channel": "call_110", "time_precision": "minute"} | more
    return model(
        source="t", external_id=str(n), channel_group=group, occurred_at=at, content_hash="",
        geom=None if spot is None else shapely.Point(spot), **more,
    )  # fmt: skip


def drawn():
    """The events as a table: one cluster in g33, others anywhere, a year and a half of them."""
    rng = np.random.default_rng(7)
    start = datetime(2024, 12, 1, tzinfo=UTC)
    rows = []
    for n in range(400):
        near = n % 2 == 0
        low, width = (3.1, 0.8) if near else (0.0, 8.0)
        lon, lat = (WEST, SOUTH) + STEP * (low + width * rng.random(2))
        at = start + timedelta(minutes=int(rng.integers(0, 540 * 24 * 60)))
        group = ["reported", "reported", "reported", "sensed", "discovered"][int(rng.integers(5))]
        rows.append((n, lon, lat, at, group, "10" if n % 3 else "20"))
    return pd.DataFrame(rows, columns=["n", "lon", "lat", "at", "group", "kind"])


@pytest.fixture(scope="module")
def table():
    return drawn()


@pytest.fixture
def town(db, table):
    day = datetime(2026, 3, 1, 2, tzinfo=UTC)
    spot = (WEST + STEP * 1.5, SOUTH + STEP * 1.5)
    with db.write() as session:
        stand_grids(session)
        for row in table.itertuples():
            session.add(
                event(row.n, (row.lon, row.lat), row.at.to_pydatetime(), row.group, kind=row.kind)
            )
        for n in range(6):
            session.add(event(f"p{n}", spot, day, kind_source="聚众赌博"))
        for n in range(3):
            session.add(event(f"s{n}", spot, day, kind_source="家庭暴力"))
        for n in range(4):
            session.add(event(f"u{n}", None, day))
        for n in range(5):
            session.add(event(f"o{n}", (WEST - 0.1, SOUTH), day))
        for n in range(7):
            session.add(event(f"m{n}", spot, datetime(2026, 2, 28, 16, tzinfo=UTC),
                              time_precision="month",
                              occurred_until=datetime(2026, 3, 31, 16, tzinfo=UTC)))  # fmt: skip
        session.add(event("x0", spot, day, "unknown"))
        session.add(event("h0", spot, day, model=Hazard, kind="H10", status="reported"))
        session.add(event("h1", spot, day, model=Hazard, kind="H10", status="closed"))
        bump_revision(session, "incidents")
        bump_revision(session, "hazards")
    return db


@pytest.fixture
def ground(town):
    with town.read() as session:
        return ground_of(session, LOCAL_STEWARD, tz=TZ)


def ask(source, viewer=LOCAL_STEWARD, **asked):
    return hotspots_of(source, viewer, HotspotQuestion(**asked), now=NOW)


def in_box(table, code):
    row, column = int(code[1]), int(code[2])
    shape = box_of(column, row)
    return shapely.intersects_xy(shape, table["lon"], table["lat"])


def warned(report):
    return {told["code"] for told in report["warnings"]}


def test_defaults_count_reported_and_sensed_and_say_what_is_left_out(town, table):
    answer = ask(town)
    counted = table[table["group"].isin(["reported", "sensed"])]
    expected = {code: int(in_box(counted, code).sum()) for code in answer.frame["cell_id"]}
    expected["g11"] += 3 + 7  # sensitive and months-only ones count in a whole period
    assert dict(zip(answer.frame["cell_id"], answer.frame["n"], strict=True)) == expected
    found = table[table["group"] == "discovered"]
    of_g33 = answer.frame.set_index("cell_id").loc["g33", "n_discovered"]
    assert of_g33 == in_box(found, "g33").sum() > 0
    report = answer.report
    assert report["left_out"] == {"proactive": 6, "sensitive": 0, "imprecise": 0, "no_time": 0,
                                  "no_hour": 0, "unknown_channel": 1}  # fmt: skip
    assert report["channels"]["discovered"] == len(found)
    assert (report["outside"], report["unlocated"]) == (5, 4)
    assert report["inside"] + report["outside"] == report["n_events"]
    assert report["n_events"] + report["unlocated"] == report["selected"]
    assert answer.frame["n"].sum() == report["inside"]
    assert (report["method"], report["units"], report["units_choice"]) == (
        "count-kernel", "grids", "default",
    )  # fmt: skip
    assert answer.hot["cell_id"].tolist()[0] == "g33"


def test_a_ground_read_once_answers_as_the_store_does(town, ground):
    with town.read() as session:
        placed = place_events(session, LOCAL_STEWARD, EventLayer.INCIDENTS, today=NOW.date())
        again = ground_of(session, LOCAL_STEWARD, tz=TZ, placed=placed)
    assert again.placed is placed
    for units in ("grids", "communities", "squares", "hexagons"):
        asked = {"units": units, "method": "kde"}
        frames = [ask(source, **asked).frame for source in (town, ground, again)]
        for other in frames[1:]:
            pd.testing.assert_frame_equal(frames[0], other)


@pytest.mark.parametrize("method", ["count", "gistar", "moran", "kde", "emerging"])
def test_answers_are_those_of_the_library_on_the_same_points(ground, table, method):
    counted = table[table["group"].isin(["reported", "sensed"])]
    # one spot more for those of the town that are not in the table
    places = gpd.GeoDataFrame(
        {"occurred_at": counted["at"]},
        geometry=gpd.points_from_xy(counted["lon"], counted["lat"]), crs="EPSG:4326",
    )  # fmt: skip
    cells = grid_cells(to_working(ground.placed.grids, ground.crs))
    options = HotspotOptions(until_at=NOW)
    expected = find_hotspots(to_working(places, ground.crs), cells, method, options).frame
    quiet = replace_rows(ground, len(table))
    found = ask(quiet, method=method, units="grids", options=options).frame
    for column in {"n", "score", "kde", "z", "p_bh", "class"} & set(expected.columns):
        if column == "class":
            assert found[column].tolist() == expected[column].tolist()
        else:
            np.testing.assert_allclose(found[column], expected[column], rtol=1e-9, atol=1e-12)


def replace_rows(ground, n):
    """The ground with the first n events only."""
    keep = np.arange(len(ground.events)) < n
    return replace(
        ground, placed=ground.placed.take(keep), proactive=ground.proactive[keep],
        sensitive=ground.sensitive[keep], kept=type(ground.kept)(),
    )  # fmt: skip


def test_squares_are_clipped_to_the_grids_and_count_every_event_once(ground):
    answer = ask(ground, cell_m=150.0)
    area = shapely.union_all(ground.plane.geometry.to_numpy())
    assert answer.frame.area.sum() == pytest.approx(area.area, rel=1e-9)
    assert answer.frame["n"].sum() == answer.report["inside"]
    assert answer.report["outside"] == 5
    assert answer.report["cell_choice"] == "stated"
    assert ask(ground, units="hexagons").report["cell_m"] == 200.0
    degrees = answer.degrees()
    assert degrees.crs.to_epsg() == 4326
    assert degrees.total_bounds == pytest.approx([WEST, SOUTH, WEST + 0.032, SOUTH + 0.032],
                                                 abs=1e-6)  # fmt: skip
    grids = ask(ground).degrees()
    assert grids.geometry.iloc[0].equals(ground.placed.grids.geometry.iloc[0])


def test_channels(ground, table):
    found = ask(ground, channel="discovered")
    assert found.report["n_events"] == (table["group"] == "discovered").sum()
    assert "discovered_only" in warned(found.report)
    every = ask(ground, channel="all")
    assert every.report["n_events"] == len(table) + 3 + 7 + 5 + 1
    assert "discovered_counted" in warned(every.report)
    taken_in = ask(ground, with_proactive=True)
    assert taken_in.report["n_events"] == ask(ground).report["n_events"] + 6


def test_a_file_without_channels_counts_as_reported_and_says_so(db):
    with db.write() as session:
        stand_grids(session)
        for n in range(6):
            spot = (WEST + STEP * 2.5, SOUTH + STEP * 2.5)
            session.add(event(n, spot, datetime(2026, 1, 1, n, tzinfo=UTC), "unknown"))
    answer = ask(db)
    assert answer.report["n_events"] == 6
    assert {"code": "channel_not_stated", "n": 6} in answer.report["warnings"]
    assert answer.hot["cell_id"].tolist() == ["g22"]


def test_under_five_events_nothing_is_called_a_hotspot(db):
    with db.write() as session:
        stand_grids(session)
        for n in range(4):
            spot = (WEST + STEP * 2.5, SOUTH + STEP * 2.5)
            session.add(event(n, spot, datetime(2026, 1, 1, n, tzinfo=UTC)))
    for method in ("count", "count-kernel", "kde", "gistar", "moran"):
        answer = ask(db, method=method)
        assert not answer.frame["is_hotspot"].any()
        assert "too_few_events" in warned(answer.report)


def test_a_cell_of_few_events_among_many_is_high_but_no_hotspot(ground):
    frame = ask(ground, method="gistar", cell_m=150.0).frame
    high = frame["class"].str.startswith("hot_")
    assert (high & (frame["n"] < 5)).any()
    assert frame.loc[frame["is_hotspot"], "n"].min() >= 5


def test_hours_and_weekdays_leave_coarse_times_out_and_count_them(ground, table):
    local = table["at"].dt.tz_convert(TZ)
    counted = table["group"].isin(["reported", "sensed"])
    late = ask(ground, hours=(22, 6))
    # the others of the town happened at ten in the morning
    assert (
        late.report["n_events"] == (counted & ((local.dt.hour >= 22) | (local.dt.hour < 6))).sum()
    )
    assert (late.report["left_out"]["no_hour"], late.report["left_out"]["imprecise"]) == (7, 7)
    sunday = ask(ground, weekdays=frozenset({6}))
    extra = 3 + 5  # sensitive and outside ones, on Sunday 1 March 2026
    assert sunday.report["n_events"] == (counted & (local.dt.day_of_week == 6)).sum() + extra
    assert sunday.report["left_out"]["imprecise"] == 7
    cut = ask(ground, since=datetime(2026, 3, 10, tzinfo=UTC))
    assert cut.report["left_out"]["imprecise"] == 7


def test_months_only_are_refused_for_hours_and_days(db):
    with db.write() as session:
        stand_grids(session)
        for n in range(9):
            at = datetime(2025, 1 + n, 1, tzinfo=UTC)
            session.add(event(n, (WEST + 0.01, SOUTH + 0.01), at, time_precision="month",
                              occurred_until=at + timedelta(days=28)))  # fmt: skip
    assert ask(db).report["n_events"] == 9
    for asked, needed in ({"hours": (8, 20)}, "hour"), ({"method": "near-repeat"}, "day"):
        with pytest.raises(GeoError) as refused:
            ask(db, **asked)
        assert refused.value.code == "times_too_coarse"
        assert refused.value.fields == {"known": "month", "needed": needed, "n": 9}


def test_why_a_cell(ground, town, table):
    with town.read() as session:
        hazards = place_events(session, LOCAL_STEWARD, EventLayer.HAZARDS, today=NOW.date())
    answer = ask(ground)
    why = why_cell(answer, LOCAL_STEWARD, "g33", hazards=hazards)
    counted = table[table["group"].isin(["reported", "sensed"]) & in_box(table, "g33")]
    assert why.n == len(counted) == sum(why.by_hour) == sum(n for _, n in why.by_month)
    assert dict(why.by_kind) == counted["kind"].value_counts().to_dict()
    found = table[(table["group"] == "discovered") & in_box(table, "g33")]
    assert dict(why.by_channel)["discovered"] == len(found)
    assert why.discovered_share == pytest.approx(len(found) / (len(found) + len(counted)))
    newest = counted["at"].max().tz_convert(TZ)
    assert why.dates[0] == newest.strftime("%Y-%m-%d %H:%M")
    assert why.hazards == ()
    other = why_cell(answer, LOCAL_STEWARD, "g11", hazards=hazards)
    assert other.hazards == (("H10", 1),)
    assert other.no_hour == 7
    assert "2026-03" in other.dates  # a month is shown as a month
    assert other.undated >= 3  # sensitive kinds are never dated
    with pytest.raises(RecordNotFound) as gone:
        why_cell(answer, LOCAL_STEWARD, "nowhere")
    assert gone.value.code == "no_such_cell"


def test_near_repeats_of_a_cell_are_those_counted_one_by_one(ground):
    answer = ask(ground, cell_m=150.0)
    best = answer.frame.sort_values("rank")["cell_id"].iloc[0]
    told = why_cell(answer, LOCAL_STEWARD, best).near_repeats
    rows = answer.selection.rows
    xy, at = ground.xy[rows], ground.events.occurred_at[rows].astype("datetime64[s]")
    shape = answer.frame.set_index("cell_id").geometry[best]
    inside = shapely.intersects_xy(shape, xy[:, 0], xy[:, 1])
    gap = np.hypot(*(xy[:, None] - xy[None]).transpose(2, 0, 1))
    delay = (at[:, None] - at[None]).astype(float)
    follows = ((gap <= 100) & (delay > 0) & (delay <= 7 * 86400)).any(axis=1)
    assert told.repeats == (follows & inside).sum() > 0
    assert told.events == (shapely.distance(shape, shapely.points(xy)) <= 100).sum()


def test_walls_and_the_public_see_less(ground):
    wall = Viewer("wall", Role.KIOSK, DisplayLevel.WALL)
    public = Viewer("web", Role.PUBLIC, DisplayLevel.PUBLIC)
    seen = ask(ground, wall)
    assert seen.report["left_out"]["sensitive"] == 3
    why = why_cell(seen, wall, "g33")
    assert {date[-2:] for date in why.dates} <= {"00", "15", "30", "45"}
    shown = ask(ground, public)
    assert set(shown.frame.columns) == {
        "cell_id", "name", "n", "note", "class", "is_hotspot", "geometry",
    }  # fmt: skip
    small = shown.frame["note"] == "<5"
    assert small.any()
    assert shown.frame.loc[small, "n"].isna().all()
    assert (shown.frame["n"].dropna().isin([1, 2, 3, 4])).sum() == 0
    assert shown.report["n_events"] is None
    assert not {"inside", "outside", "channels", "left_out"} & set(shown.report)
    hidden = why_cell(shown, public, shown.frame.loc[small, "cell_id"].iloc[0])
    assert (hidden.n, hidden.dates, hidden.by_hour, hidden.near_repeats) == (None, (), (), None)
    for viewer, asked in ((public, {"units": "squares"}), (wall, {"cell_m": 50.0})):
        with pytest.raises(AccessRefused) as refused:
            ask(ground, viewer, **asked)
        assert refused.value.code == "cells_too_fine"


def test_a_viewer_of_one_area_sees_its_cells_and_events_only(town, table):
    viewer = Viewer("w", Role.OFFICER, DisplayLevel.INTERNAL, areas=("W",))
    answer = ask(town, viewer)
    assert len(answer.frame) == 32
    assert answer.report["outside"] == 0
    west = table[table["group"].isin(["reported", "sensed"]) & (table["lon"] < WEST + 4 * STEP)]
    assert answer.report["n_events"] == len(west) + 3 + 7
    limited = ask(town, area="E")
    assert set(limited.frame["cell_id"].str[2].astype(int)) == {4, 5, 6, 7}
    assert ask(town, area="community:E").report["n_events"] == limited.report["n_events"]
    with pytest.raises(ConfigError) as refused:
        ask(town, area="nowhere")
    assert refused.value.code == "unknown_area"


def test_a_backtest_beside_plain_count_and_random(ground):
    question = HotspotQuestion(units="grids")
    found = backtest_of(ground, LOCAL_STEWARD, question, now=NOW)
    assert list(dict.fromkeys(found.frame["method"])) == [
        "count-kernel", "count", "kde", "gistar", "random",
    ]  # fmt: skip
    best = found.hit_rate("count", 5.0)
    assert best["hit_rate"] > 3 * found.hit_rate("random", 5.0)["hit_rate"]
    assert found.report["winner"] in {"count", "count-kernel", "kde"}
    assert found.report["left_out"]["proactive"] == 6
    assert found.hit_rate("nothing", 5.0) is None
    why = why_cell(ask(ground), LOCAL_STEWARD, "g33", proof=found)
    assert [rate["area_pct"] for rate in why.hit_rates] == [1.0, 5.0, 10.0, 20.0]
    few = backtest_of(ground, LOCAL_STEWARD, question, BacktestOptions(tests=1), now=NOW)
    assert "few_test_events" in warned(few.report)


def test_units_compared_say_what_flips(ground):
    found = units_compared(ground, LOCAL_STEWARD, HotspotQuestion(), now=NOW)
    assert set(found.report["tops"]) == {"grids", "communities", "hexagons"}
    assert set(found.frame["system"]) == {"grids", "communities", "hexagons"}
    assert found.frame.loc[found.frame["system"] == "grids", "name"].str.startswith("<g").all()
    assert found.report["flips"]["communities>grids"] == 1  # a community is no hotspot as a whole


SQUARE = gpd.GeoDataFrame({"cell_id": ["a", "b"]}, geometry=[box_of(0, 0), box_of(1, 0)],
                          crs="EPSG:4326")  # fmt: skip


@pytest.mark.parametrize(
    ("asked", "code"),
    [
        ({"hours": (8, 25)}, "bad_hours"),
        ({"weekdays": frozenset({7})}, "bad_weekdays"),
        ({"units": "given"}, "cells_missing"),
        ({"units": "grids", "cells": SQUARE}, "cells_missing"),
        ({"since": NOW, "until": NOW}, "empty_question_period"),
        ({"units": "grids", "cell_m": 100.0}, "cell_m_without_cells"),
        ({"units": "squares", "method": "rate"}, "base_needs_places"),
        ({"since": NOW}, "no_events"),
        ({"kinds": ("99",)}, "no_events"),
        ({"cell_m": -1.0}, "bad_cell_size"),
        ({"cell_m": 0.05}, "too_many_cells"),
        ({"method": "kde", "options": HotspotOptions(bandwidth_m=50.0)}, "bandwidth_below_cell"),
        ({"method": "change"}, "split_missing"),
        ({"cells": SQUARE.set_geometry(SQUARE.translate(30.0))}, "events_miss_cells"),
        ({"cells": SQUARE.set_crs(None, allow_override=True)}, "no_crs"),
        ({"cells": SQUARE.assign(cell_id="a")}, "repeated_cell_ids"),
        ({"cells": SQUARE.iloc[:0].to_crs("EPSG:32647")}, "no_cells"),
    ],
)
def test_bad_questions_are_refused_by_name(ground, asked, code):
    with pytest.raises((DataError, GeoError)) as refused:
        ask(ground, **asked)
    assert refused.value.code == code
    assert refused.value.fields


def test_populations_of_zero_get_no_rate(db):
    with db.write() as session:
        stand_grids(session, residents=0)
        session.add(event(1, (WEST + 0.01, SOUTH + 0.01), datetime(2026, 1, 1, tzinfo=UTC)))
    with pytest.raises(GeoError) as refused:
        ask(db, method="rate")
    assert refused.value.code == "no_base_anywhere"
    one = ask(db, method="kde")
    assert {"one_event", "too_few_events"} <= warned(one.report)


def test_without_grids_the_events_hull_is_the_ground_and_an_empty_store_is_refused(db):
    with pytest.raises((DataError, GeoError)) as refused:
        ask(db)
    assert refused.value.code == "no_events"
    with db.write() as session:
        for n in range(12):
            spot = (WEST + 0.001 * n, SOUTH + 0.002 * (n % 3))
            session.add(event(n, spot, datetime(2026, 1, 1, n, tzinfo=UTC)))
    answer = ask(db)
    assert (answer.report["units"], answer.report["area_from"]) == ("squares", "events")
    assert answer.report["inside"] == 12
    assert "area_from_events" in warned(answer.report)
    kept = ask(db, cells=SQUARE)
    assert kept.frame["cell_id"].tolist() == ["a", "b"]
    with pytest.raises(RecordNotFound):
        ask(db, units="grids")


@pytest.mark.parametrize(
    ("word", "expected"),
    [
        ("聚众赌博", True), ("吸食毒品", True), ("卖淫嫖娼", True), ("酒驾", True),
        ("illegal gambling", True), ("Narcotics", True), ("traffic stop", True),
        ("盗窃", False), ("交通事故", False), ("theft from vehicle", False), ("service", False),
    ],
)  # fmt: skip
def test_kinds_found_by_looking_for_them(word, expected):
    assert is_proactive(word) is expected


def imported(db, path, mapping, **options):
    from data.importers.events import run
    from data.importers.options import EventOptions
    from data.importers.times import TimeRules

    tz = options.pop("tz")
    told = EventOptions(EventLayer.INCIDENTS, mapping, times=TimeRules(tz=tz), **options)
    run(db, path, told, LOCAL_STEWARD, now=NOW)


@pytest.mark.shared
def test_san_francisco_as_the_reference_gives_it(db, shared_data):
    from geo.crs import Datum

    folder = shared_data / "sf_robbery_reference"
    mapping = {"external_id": "uid", "lon": "longitude", "lat": "latitude",
               "occurred_at": "date_time", "kind": "offense_type"}  # fmt: skip
    imported(db, folder / "robberies_2019.csv", mapping, datum=Datum.WGS84,
             tz="America/Los_Angeles")  # fmt: skip
    cells = gpd.read_file(folder / "sfhotspot_grid.gpkg")
    expected = pd.read_csv(folder / "sfhotspot_gistar_kde.csv").set_index("cell_id")
    near = HotspotOptions(neighbours_m=500 * np.sqrt(2) + 1)
    gistar = ask(db, cells=cells, method="gistar", options=near).frame.set_index("cell_id")
    expected = expected.loc[gistar.index]
    assert gistar["n"].tolist() == expected["n"].tolist()
    np.testing.assert_allclose(gistar["z"], expected["gistar"], atol=1e-6)
    np.testing.assert_allclose(gistar["p"], expected["pvalue"], atol=1e-6)
    wide = HotspotOptions(bandwidth_m=1500.0)
    kde = ask(db, cells=cells, method="kde", options=wide).frame
    unscaled = kde["kde"] * np.pi * 1500.0**2 / 3
    np.testing.assert_allclose(unscaled, expected["kde"], atol=1e-6)


@pytest.mark.shared
def test_vancouver_by_neighbourhood_as_geopandas_joins_it(embedded, shared_data):
    folder = shared_data / "vancouver_thefts"
    parts = {part: part.upper() for part in ("year", "month", "day", "hour", "minute")}
    mapping = {**parts, "lon": "X", "lat": "Y", "kind": "TYPE", "stated_unit": "NEIGHBOURHOOD"}
    imported(embedded, folder / "thefts_2020.csv", mapping, crs="EPSG:32610",
             tz="America/Vancouver")  # fmt: skip
    cells = gpd.read_file(folder / "vancouver_neighbourhoods.geojson")
    cells = cells.rename(columns={"name": "cell_id"})[["cell_id", "geometry"]]
    answer = ask(embedded, cells=cells, method="count")
    thefts = pd.read_csv(folder / "thefts_2020.csv")
    points = gpd.GeoDataFrame(geometry=gpd.points_from_xy(thefts["X"], thefts["Y"]),
                              crs="EPSG:32610")  # fmt: skip
    joined = gpd.sjoin(points, cells.to_crs("EPSG:32610"), predicate="within")
    once = joined["cell_id"].groupby(level=0).min()  # the join doubles points in overlaps
    expected = once.value_counts()
    counted = answer.frame.set_index("cell_id")["n"]
    assert counted.to_dict() == expected.reindex(counted.index).to_dict()
    told = thefts["NEIGHBOURHOOD"].value_counts()
    assert abs(counted["West End"] - told["West End"]) / told["West End"] < 0.04
    assert answer.report["n_events"] == 21918


@pytest.mark.shared
def test_nottingham_knows_months_only(embedded, shared_data):
    from geo.crs import Datum

    folder = shared_data / "nottingham_burglary"
    mapping = {"lon": "longitude", "lat": "latitude", "date": "month"}
    imported(embedded, folder / "burglary_2022.csv", mapping, datum=Datum.WGS84,
             tz="Europe/London")  # fmt: skip
    wards = gpd.read_file(folder / "wards.gpkg").rename(columns={"ward_code": "cell_id"})
    wards = wards[["cell_id", "geometry"]].to_crs("EPSG:27700")
    answer = ask(embedded, cells=wards, method="gistar")
    assert answer.crs == "EPSG:27700"
    assert answer.report["n_events"] == len(pd.read_csv(folder / "burglary_2022.csv"))
    with pytest.raises(GeoError) as refused:
        ask(embedded, cells=wards, hours=(20, 24))
    assert refused.value.code == "times_too_coarse"
    assert refused.value.fields["known"] == "month"


@pytest.mark.shared
def test_memphis_back_test_beats_random(embedded, shared_data):
    from geo.crs import Datum

    folder = shared_data / "memphis"
    mapping = {"external_id": "uid", "lon": "longitude", "lat": "latitude", "occurred_at": "date",
               "kind": "offense_type"}  # fmt: skip
    imported(embedded, folder / "robberies_2019.csv", mapping, datum=Datum.WGS84,
             tz="America/Chicago")  # fmt: skip
    question = HotspotQuestion(units="squares", cell_m=500.0)
    found = backtest_of(
        embedded, LOCAL_STEWARD, question, BacktestOptions(tests=6), now=NOW,
        methods=(Method.COUNT_KERNEL, Method.COUNT),
    )  # fmt: skip
    assert found.report["n"] > 900
    for method in ("count-kernel", "count"):
        assert found.hit_rate(method, 5.0)["low"] > found.hit_rate("random", 5.0)["high"]
