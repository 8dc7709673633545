"""What cannot be worked out is refused with both sides named, or said in the report."""

import json
from datetime import UTC, datetime

import geopandas as gpd
import numpy as np
import pandas as pd
import pytest
import shapely

from dashboard.text import Words, sentences
from geo.errors import CrsError, FrameError, GeoError
from geo.hotspots import HotspotOptions, Method, find_hotspots, hour_weekday, knox, street_counts
from geo.hotspots.colocation import colocation

SPLIT = datetime(2024, 7, 1, tzinfo=UTC)
EVERY = HotspotOptions(split_at=SPLIT, permutations=19)


def code_of(call):
    with pytest.raises(GeoError) as caught:
        call()
    error = caught.value
    for language in ("zh", "en"):  # the sentence finds every fact it names
        assert "{" not in Words(language).error(error.code, error.fields), error
    return error.code


@pytest.fixture
def events(make_events):
    return make_events(300)


@pytest.fixture
def based(cells):
    return cells.assign(base=100.0)


@pytest.mark.parametrize("method", list(Method))
def test_every_method_answers_with_one_row_for_each_cell(method, events, based):
    found = find_hotspots(events, based, method, EVERY)
    assert found.frame["cell_id"].tolist() == based["cell_id"].tolist()
    assert found.frame.crs == based.crs
    assert {"n", "score", "class", "geometry"} <= set(found.frame.columns)
    assert found.report["inside"] + found.report["outside"] == len(events)
    json.dumps(found.report)
    words = {f"warning.{warning['code']}" for warning in found.report["warnings"]}
    assert words <= set(sentences())


@pytest.mark.parametrize("method", list(Method))
def test_empty_frames_are_refused(method, events, based):
    assert code_of(lambda: find_hotspots(events.iloc[:0], based, method, EVERY)) == "no_events"
    assert code_of(lambda: find_hotspots(events, based.iloc[:0], method, EVERY)) == "no_cells"


@pytest.mark.parametrize("method", [Method.COUNT, Method.KDE, Method.GISTAR, Method.MORAN])
def test_one_event_is_no_hotspot(method, events, cells):
    found = find_hotspots(events.iloc[:1], cells, method)
    codes = {warning["code"] for warning in found.report["warnings"]}
    assert "one_event" in codes
    assert not found.frame["class"].str.startswith(("hot", "high")).any()
    if method in {Method.GISTAR, Method.MORAN}:
        assert "too_few_events" in codes
    if method is Method.GISTAR:
        assert "few_events" in set(found.frame["class"])


def test_five_events_are_the_least_for_the_word(cells, make_events):
    one = make_events(1)
    for count, hot in ((4, False), (5, True)):
        found = find_hotspots(pd.concat([one] * count), cells, "gistar")
        assert found.frame["class"].str.startswith("hot").any() == hot
        codes = [warning["code"] for warning in found.report["warnings"]]
        assert "one_place" in codes
        assert "repeated_event_ids" in codes


def test_all_cells_alike_say_nothing(cells):
    centres = gpd.GeoDataFrame(geometry=cells.centroid, crs=cells.crs)
    for method in (Method.GISTAR, Method.GI, Method.MORAN):
        found = find_hotspots(centres, cells, method, HotspotOptions(permutations=9))
        assert found.frame["z"].isna().all()
        assert found.frame["p_bh"].isna().all()
        assert set(found.frame["class"]) == {"none"}
        assert "no_variation" in [warning["code"] for warning in found.report["warnings"]]


def test_crs_must_be_there_equal_and_in_metres(events, cells):
    bare = gpd.GeoDataFrame(geometry=events.geometry.to_numpy())
    assert code_of(lambda: find_hotspots(bare, cells, "count")) == "no_crs"
    degrees = events.to_crs(4326)
    assert code_of(lambda: find_hotspots(degrees, cells, "count")) == "not_in_metres"
    other = events.to_crs(32650)
    with pytest.raises(CrsError) as caught:
        find_hotspots(other, cells, "count")
    assert (caught.value.expected, caught.value.got) == ("EPSG:4547", "EPSG:32650")


def test_points_outside_are_counted_and_all_outside_is_an_error(events, cells):
    moved = events.copy()
    moved.loc[:9, "geometry"] = moved.geometry[:10].translate(50_000)
    found = find_hotspots(moved, cells, "count")
    assert found.report["outside"] == 10
    assert found.frame["n"].sum() == len(events) - 10
    assert {"code": "events_outside_cells", "count": 10, "of": 300} in found.report["warnings"]
    gone = events.set_geometry(events.translate(50_000))
    assert code_of(lambda: find_hotspots(gone, cells, "count")) == "events_miss_cells"


def test_points_need_coordinates(events, cells):
    lost = events.copy()
    lost.loc[3, "geometry"] = shapely.Point()
    assert code_of(lambda: find_hotspots(lost, cells, "count")) == "points_without_coordinates"


def test_a_stated_bandwidth_below_the_cell_is_refused_and_none_is_widened(events, cells, town):
    narrow = HotspotOptions(bandwidth_m=150.0)
    assert code_of(lambda: find_hotspots(events, cells, "kde", narrow)) == "bandwidth_below_cell"
    from geo.hotspots import square_cells

    wide = square_cells(town, 500.0)
    report = find_hotspots(events, wide, "kde").report
    assert (report["bandwidth_m"], report["bandwidth_choice"]) == (500.0, "cell_width")
    assert find_hotspots(events, cells, "kde").report["bandwidth_choice"] == "default"


def test_no_base_is_said_not_divided_by(events, cells):
    assert code_of(lambda: find_hotspots(events, cells, "rate")) == "missing_columns"
    none = cells.assign(base=0.0)
    for method in ("rate", "risk"):
        assert code_of(lambda m=method: find_hotspots(events, none, m)) == "no_base_anywhere"
    negative = cells.assign(base=-1.0)
    assert code_of(lambda: find_hotspots(events, negative, "rate")) == "negative_base"
    some = cells.assign(base=np.where(np.arange(len(cells)) % 3 == 0, np.nan, 50.0))
    for method in ("rate", "risk"):
        found = find_hotspots(events, some, method).frame
        bare = some["base"].isna().to_numpy()
        assert (found["class"][bare] == "no_base").all()
        assert found[["low", "high"]][bare].isna().all().all()
        assert not np.isinf(found[["low", "high"]].to_numpy()).any()
        assert (found["class"][~bare] != "no_base").all()


def test_cell_ids_are_needed_once(events, cells):
    twice = cells.assign(cell_id=["same"] * 2 + cells["cell_id"].tolist()[2:])
    assert code_of(lambda: find_hotspots(events, twice, "count")) == "repeated_cell_ids"
    nameless = cells.drop(columns="cell_id")
    assert code_of(lambda: find_hotspots(events, nameless, "count")) == "missing_columns"
    hollow = cells.copy()
    hollow.loc[0, "geometry"] = None
    assert code_of(lambda: find_hotspots(events, hollow, "count")) == "cells_without_shape"


def test_questions_of_time_need_times(events, cells):
    timeless = events.drop(columns="occurred_at")
    for method in ("change", "emerging", "near-repeat"):
        assert code_of(lambda m=method: find_hotspots(timeless, cells, m, EVERY)) == "times_needed"
    assert code_of(lambda: find_hotspots(events, cells, "change")) == "split_missing"
    late = HotspotOptions(split_at=datetime(2030, 1, 1, tzinfo=UTC))
    assert code_of(lambda: find_hotspots(events, cells, "change", late)) == "split_outside"
    back = HotspotOptions(since_at=SPLIT, until_at=SPLIT)
    assert code_of(lambda: find_hotspots(events, cells, "emerging", back)) == "empty_period"
    short = HotspotOptions(slice_days=90)
    assert code_of(lambda: find_hotspots(events, cells, "emerging", short)) == "too_few_slices"


def test_months_have_no_hours(events):
    assert code_of(lambda: hour_weekday(events.iloc[:0])) == "no_events"
    naive = events.assign(occurred_at=events["occurred_at"].dt.tz_localize(None))
    assert code_of(lambda: hour_weekday(naive)) == "times_without_zone"
    days = events.assign(occurred_at=events["occurred_at"].dt.normalize())
    months = events.assign(
        occurred_at=days["occurred_at"]
        .dt.tz_localize(None)
        .dt.to_period("M")
        .dt.to_timestamp()
        .dt.tz_localize("Asia/Shanghai")
    )
    for frame, known in ((days, "day"), (months, "month")):
        with pytest.raises(FrameError) as caught:
            hour_weekday(frame)
        assert caught.value.fields["known"] == known
    assert code_of(lambda: knox(months)) == "times_too_coarse"
    assert knox(days).report["n"] == len(events)
    flagged = events.assign(time_flag=["month_only"] * 299 + [None])
    found = hour_weekday(flagged)
    assert found.report["without_hour"] == 299
    assert found.counts.to_numpy().sum() == 1


def test_hours_are_those_of_the_zone_of_the_column(events):
    found = hour_weekday(events).counts
    assert found.shape == (7, 24)
    local = events["occurred_at"]
    assert found.loc[2, 13] == int(((local.dt.day_of_week == 2) & (local.dt.hour == 13)).sum())


def test_pairs_need_two_events_and_rising_bands(events):
    assert code_of(lambda: knox(events.iloc[:1])) == "too_few_for_pairs"
    falling = HotspotOptions(near_m=(200.0, 100.0))
    assert code_of(lambda: knox(events, falling)) == "bad_bands"
    gap = events.copy()
    gap.loc[0, "occurred_at"] = pd.NaT
    assert code_of(lambda: knox(gap)) == "times_missing"
    assert code_of(lambda: colocation(events, events, permutations=0)) == "permutations_needed"


def test_neighbours_by_distance_need_one(events, cells):
    far = HotspotOptions(contiguity="distance")
    assert (
        code_of(lambda: find_hotspots(events, cells, "gistar", far)) == "neighbours_need_distance"
    )
    near = HotspotOptions(neighbours_m=10.0)
    found = find_hotspots(events, cells, "gi", near)
    assert set(found.frame["class"]) == {"no_neighbours"}
    two = cells.iloc[:2]
    inside = events[events.intersects(two.union_all())]
    if len(inside):
        assert code_of(lambda: find_hotspots(inside, two, "gistar")) == "too_few_cells"


def test_streets_get_the_events_within_reach_and_ties_go_to_the_lowest_id():
    lines = [
        shapely.LineString([(5e5, 4_000_000 + y), (502_000, 4_000_000 + y)]) for y in (600, 800)
    ]
    streets = gpd.GeoDataFrame({"street_id": ["b", "a"]}, geometry=lines, crs=4547)
    points = shapely.points([(500_100, 4_000_700), (500_100, 4_000_790), (500_100, 4_001_900)])
    few = gpd.GeoDataFrame(geometry=points, crs=4547)
    found = street_counts(few, streets, 100.0)
    assert found.frame.set_index("street_id")["n"].to_dict() == {"a": 2, "b": 0}
    assert found.frame["per_km"].tolist() == [0.0, 1.0]
    assert found.report["beyond_reach"] == 1
    assert found.report["ties"] == 1
    assert code_of(lambda: street_counts(few, streets, 0.0)) == "bad_street_reach"
    assert code_of(lambda: street_counts(few, streets.iloc[:0], 9.0)) == "no_streets_to_count"
    twice = streets.assign(street_id="a")
    assert code_of(lambda: street_counts(few, twice, 9.0)) == "repeated_street_ids"
