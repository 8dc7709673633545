"""The brief ranks by the hours asked, leaves out what must not rank, and fits one page."""

import re
from datetime import UTC, date, datetime
from itertools import pairwise
from pathlib import Path

import geopandas as gpd
import numpy as np
import pytest
import shapely
from streamlit.testing.v1 import AppTest

from dashboard import cache
from dashboard.components.hour_bars import hour_bars
from dashboard.components.patrol_map import patrol_scene
from dashboard.components.patrol_words import brief_text
from dashboard.maps.layers import Basemap
from dashboard.printing.page import Imprint
from dashboard.printing.patrol_sheet import patrol_sheet
from dashboard.session import PatrolChoice, Session, from_address, to_address
from dashboard.text import Words
from dashboard.viewmodels.patrol import build_brief
from dashboard.viewmodels.patrol_rotation import LONGER, turned, walk_of_day
from dashboard.viewmodels.patrol_values import Ground, OpenCase, PatrolAsked
from dashboard.viewmodels.town import Area, Town
from data.config import Config
from data.counting import Placed
from data.database import Database
from data.repositories.case_records import CaseKey
from data.repositories.events import Coded, EventArrays
from data.repositories.register_records import PatrolStopRecord, PatrolTargetRecord
from data.viewer import LOCAL_STEWARD
from data.vocabulary import EventLayer, PlaceLevel
from tests.dashboard import tiny_town

TZ = "Asia/Shanghai"
WEST, SOUTH = 94.9, 36.4
NIGHT = PatrolAsked(area="", start_hour=20, end_hour=2, day=date(2023, 3, 2))
# middles of two cells about 600 m apart
BUSY, QUIET = (94.9032, 36.4032), (94.9102, 36.4032)


def coded(values):
    labels = tuple(dict.fromkeys(v for v in values if v is not None))
    return Coded(labels, np.array([labels.index(v) if v else -1 for v in values], dtype=np.int32))


def events(layer, rows):
    """Rows are (lon, lat, UTC text, kind, group, precision)."""
    n = len(rows)
    columns = list(zip(*rows, strict=True)) if rows else [()] * 6
    known = {
        "layer": layer,
        "ids": np.arange(n, dtype=np.int64),
        "lon": np.array(columns[0], dtype=float),
        "lat": np.array(columns[1], dtype=float),
        "occurred_at": np.array(columns[2], dtype="datetime64[ms]"),
        "time_is_sound": np.ones(n, dtype=bool),
        "kind": coded(columns[3]),
        "channel_group": coded(columns[4]),
        "precision": coded(columns[5]),
    }
    nat = np.full(n, np.datetime64("NaT", "ms"))
    values = {}
    for name, field in EventArrays.__dataclass_fields__.items():
        if name in known:
            values[name] = known[name]
        else:
            values[name] = coded([None] * n) if "Coded" in str(field.type) else nat
    return EventArrays(**values)


def placed(layer, rows, units):
    found = events(layer, rows)
    position = np.array(
        [0 if shapely.Point(x, y).intersects(units.geometry.iloc[0]) else 1 for x, y, *_ in rows],
        dtype=np.int64,
    )
    position[~np.isfinite(found.lon)] = -2
    no = np.zeros(len(rows), dtype=bool)
    return Placed(found, units, position, no, no, "today")


@pytest.fixture
def town():
    west = shapely.box(WEST, SOUTH, 94.906, 36.41)
    east = shapely.box(94.906, SOUTH, 94.92, 36.41)
    codes = ["632801004001001", "632801004002001"]
    units = gpd.GeoDataFrame(
        {"name": ["一网格", "二网格"], "community_code": ["632801004001", "632801004002"]},
        geometry=[west, east], index=codes, crs="EPSG:4326",
    )  # fmt: skip
    streets = gpd.GeoDataFrame(
        {"name": ["光明路"]},
        geometry=[shapely.LineString([(94.902, 36.4034), (94.906, 36.4034)])],
        crs="EPSG:4326",
    )
    return Town(
        as_of=date(2023, 3, 2),
        level=PlaceLevel.GRID,
        units=units,
        outlines=units.iloc[:0],
        streets=streets,
        areas=(Area("community", "632801004002", "二社区"),),
        names={("grid", code): name for code, name in zip(codes, units["name"], strict=True)},
        posts=(),
        staffing={},
    )


def ground(town, rows, hazards=(), stops=(), targets=()):
    layers = {
        EventLayer.INCIDENTS: placed(EventLayer.INCIDENTS, rows, town.units),
        EventLayer.HAZARDS: placed(EventLayer.HAZARDS, list(hazards), town.units),
        EventLayer.DISPUTES: placed(EventLayer.DISPUTES, [], town.units),
    }
    return Ground(town, layers, tuple(stops), tuple(targets))


def at(place, moment, kind="10", group="reported", precision="minute"):
    return (*place, moment, kind, group, precision)


@pytest.fixture
def session(tmp_path):
    database = Database(str(tmp_path / "p.gpkg"))
    database.create_or_migrate()
    with database.read() as opened:
        yield opened
    database.dispose()


def brief(session, found, asked=NIGHT):
    return build_brief(session, LOCAL_STEWARD, found, asked, tz=TZ)


# 13:00 UTC is 21:00 in Shanghai (in the night shift), 04:00 UTC is noon (outside of it)
NIGHTS = [at(BUSY, f"2023-01-{day:02d}T13:00") for day in range(1, 8)]
NOONS = [at(QUIET, f"2023-01-{day:02d}T04:00") for day in range(1, 20)]


def test_the_hours_of_the_shift_rank_not_the_day(session, town):
    found = brief(session, ground(town, [*NIGHTS, *NOONS, at(QUIET, "2023-02-01T17:30")]))
    assert [place.n_hours for place in found.places] == [7, 1]
    assert [place.n_all for place in found.places] == [7, 20]
    assert found.places[0].by_hour[21] == 7
    assert found.places[1].by_hour[1] == 1
    assert (found.places[0].is_few, found.places[1].is_few) == (False, True)
    assert (found.n_ranked, found.n_in_hours) == (27, 8)


def test_a_shift_over_midnight_holds_its_hours():
    assert NIGHT.hours == {20, 21, 22, 23, 0, 1}
    assert PatrolAsked("", 16, 24, NIGHT.day).hours == set(range(16, 24))
    assert PatrolAsked("", 8, 8, NIGHT.day).hours == set(range(24))


@pytest.mark.parametrize(
    ("row", "counted"),
    [
        (at(QUIET, "2023-02-01T13:00", group="discovered"), "n_discovered"),
        (at(QUIET, "2023-02-01T13:00", precision="day"), "n_unclocked"),
        (at((np.nan, np.nan), "2023-02-01T13:00"), "n_unlocated"),
    ],
)
def test_what_must_not_rank_is_counted_apart(session, town, row, counted):
    found = brief(session, ground(town, [*NIGHTS, row]))
    assert len(found.places) == 1
    assert {
        name: getattr(found, name) for name in ("n_discovered", "n_unclocked", "n_unlocated")
    } == {"n_discovered": 0, "n_unclocked": 0, "n_unlocated": 0, counted: 1}


def test_other_kinds_and_later_days_do_not_count(session, town):
    later = at(QUIET, "2023-03-02T13:00")
    other = at(QUIET, "2023-02-01T13:00", kind="90")
    assert len(brief(session, ground(town, [*NIGHTS, later, other])).places) == 1


def test_an_area_keeps_to_itself(session, town):
    rows = [*NIGHTS, at(QUIET, "2023-02-01T13:00")]
    asked = PatrolAsked("community:632801004002", 20, 2, NIGHT.day)
    found = brief(session, ground(town, rows), asked)
    assert [place.grid_code for place in found.places] == ["632801004002001"]
    assert found.area.name == "二社区"


def test_why_a_place_is_there(session, town):
    rows = [*NIGHTS, at(BUSY, "2023-02-20T15:00", kind="20")]
    place = brief(session, ground(town, rows)).places[0]
    assert place.kinds == (("10", 7), ("20", 1))
    assert (place.n_28_days, place.n_365_days) == (1, 8)
    assert (place.n_hours_28_days, place.n_hours_365_days) == (1, 8)
    assert place.near == (datetime(2023, 2, 20, 15, tzinfo=UTC),)
    assert place.last_at == datetime(2023, 2, 20, 15, tzinfo=UTC)
    assert place.street == "光明路"
    assert place.outline.contains(shapely.Point(place.lon, place.lat))


def record(cls, **values):
    base = dict.fromkeys(cls.__dataclass_fields__) | {"id": 1, "source": "t", "external_id": "1"}
    return cls(**base | values)


def test_the_last_stop_before_the_shift_is_named(session, town):
    def stop(moment, place, ident):
        return record(
            PatrolStopRecord, id=ident, kind="patrol", team="二组", arrived_at=moment,
            geometry=shapely.Point(place),
        )  # fmt: skip

    stops = [
        stop(datetime(2023, 3, 1, 10, tzinfo=UTC), BUSY, 1),
        stop(datetime(2023, 2, 1, 10, tzinfo=UTC), BUSY, 2),
        stop(datetime(2023, 3, 1, 11, tzinfo=UTC), QUIET, 3),
        stop(datetime(2023, 3, 5, 10, tzinfo=UTC), BUSY, 4),
    ]
    assert brief(session, ground(town, NIGHTS, stops=stops)).places[0].last_stop.id == 1


def test_targets_short_of_their_stops_are_listed(session, town):
    def target(ref, due):
        return record(
            PatrolTargetRecord, external_id=ref, kind="must_point", due_per_week=due,
            geometry=shapely.Point(BUSY), name=ref,
        )  # fmt: skip

    stops = [
        record(
            PatrolStopRecord, id=k, kind="patrol", target_ref="a", geometry=shapely.Point(BUSY),
            arrived_at=datetime(2023, 2, 20 + k, tzinfo=UTC),
        )
        for k in range(1, 8)
    ]  # fmt: skip
    found = brief(
        session, ground(town, NIGHTS, stops=stops, targets=[target("a", 7), target("b", 1)])
    )
    assert [(t.external_id, done) for t, done in found.targets_due] == [("a", 5), ("b", 0)]


def test_the_round_is_walked_the_other_way_on_the_next_day(session, town):
    rows = [*NIGHTS, at(QUIET, "2023-02-01T13:00")]
    today = brief(session, ground(town, rows))
    tomorrow = brief(session, ground(town, rows), PatrolAsked("", 20, 2, date(2023, 3, 3)))
    assert today.order == tuple(reversed(tomorrow.order))
    assert today.walk_m == pytest.approx(627, abs=10)


def test_nothing_to_rank_gives_no_place(session, town):
    found = brief(session, ground(town, NOONS))
    assert found.places == ()
    assert found.order == ()


@pytest.mark.parametrize("language", ["zh", "en"])
def test_one_page_holds_five_full_places(session, town, language):
    spots = [(94.9032 + 0.003 * k, 36.4032) for k in range(5)]
    rows = [at(spot, f"2023-01-{day:02d}T13:00") for spot in spots for day in range(1, 9)]
    found = brief(session, ground(town, rows))
    words = Words(language)
    now = datetime(2023, 3, 2, 12, tzinfo=UTC)
    text = brief_text(words, found, town, now=now, tz=TZ)
    assert len(text.places) == 5
    imprint = Imprint(text.title, language, "t", "{page}/{pages}", now)
    sheet = patrol_sheet(text, imprint)
    assert sheet.startswith(b"%PDF")
    assert len(re.findall(rb"/Type /Page\b", sheet)) == 1
    assert b"NotoSansSC" in sheet
    scene = patrol_scene(town, found, text.places, words, Basemap())
    assert {layer.id for layer in scene.layers} >= {"cells", "round", "places", "numbers"}


def page():
    from dashboard.screens import patrol
    from dashboard.text import Words

    patrol.render(Words("en"))


@pytest.fixture
def shown(tmp_path):
    """The page over a small town, asked for the evening of 11 March 2026."""
    database = tiny_town.build(tmp_path)
    cache.use_config(Config(store_url=str(database.path)))
    at = AppTest.from_function(page, default_timeout=60)
    at.query_params["shift"] = "8-20@2026-03-11"
    yield at.run()
    cache.use_config(None)
    database.dispose()


def test_the_page_names_places_and_escapes_what_came_from_files(shown):
    assert not shown.exception
    assert not shown.error
    assert shown.markdown[0].value.startswith("#### ")
    assert any("8" in text.value and "2026" in text.value for text in shown.markdown)
    assert sum("in these hours" in text.value for text in shown.markdown) >= 3
    told = " ".join(text.value for text in (*shown.markdown, *shown.caption))
    assert re.search(r"(?<!\\)<script", told) is None


def test_hours_without_incidents_say_so(shown):
    shown.session_state["patrol_shift"] = "late"
    shown.run()
    assert not shown.exception
    assert shown.info[0].value.startswith("No incident")


def test_bars_carry_text_as_text():
    drawn = hour_bars([0, 3] + [1] * 22, {1}, "<b>hours</b>")
    assert "<b>" not in drawn
    assert drawn.count("title=") == 24


def test_a_shift_survives_the_address():
    session = Session(patrol=PatrolChoice(20, 2, date(2023, 3, 1)))
    assert from_address(to_address(session), "zh").patrol == session.patrol
    for nonsense in ("25-2", "8-0", "8", "8-16@2023-13-40", "<b>"):
        assert from_address({"shift": nonsense}, "zh").patrol.day is None


def test_the_catalogue_speaks_of_past_counts_and_of_no_prediction():
    text = Path("dashboard/text/catalogue/patrol.toml").read_text(encoding="utf-8")
    assert "预测" not in text
    assert "predict" not in text.lower()
    assert "历史次数" in text
    assert "past counts" in text.lower()


def test_an_open_case_knows_the_address_of_its_record():
    case = OpenCase(EventLayer.DISPUTES, "a:b", "d/1", "neighbour", "handling", None, 12.0)
    assert CaseKey.from_text(case.key) == CaseKey(EventLayer.DISPUTES, "a:b", "d/1")


def opening():
    import streamlit as st

    from dashboard import session as visitor
    from dashboard.screens import patrol
    from dashboard.text import Words

    records = st.Page(
        lambda: st.text(visitor.load().cases.opened), title="records", url_path="records"
    )
    start = st.Page(
        lambda: patrol.render(Words("en"), records), title="start", url_path="start", default=True
    )
    st.navigation([start, records]).run()


def test_what_is_open_at_a_place_leads_to_its_record(tmp_path):
    database = tiny_town.build(tmp_path)
    cache.use_config(Config(store_url=str(database.path)))
    page = AppTest.from_function(opening, default_timeout=60)
    page.query_params["shift"] = "8-20@2026-03-11"
    page.run()
    assert not page.exception
    buttons = [button for button in page.button if str(button.key).startswith("patrol_case_")]
    assert buttons
    key = str(buttons[0].key).split("_", 3)[3]
    buttons[0].click().run()
    assert not page.exception
    assert [text.value for text in page.text] == [key]
    cache.use_config(None)
    database.dispose()


def stop_at(moment, point, ident, **more):
    return record(
        PatrolStopRecord, id=ident, kind="patrol", team="二组", arrived_at=moment,
        geometry=shapely.Point(point), **more,
    )  # fmt: skip


def said(session, town, **more):
    found = brief(session, ground(town, NIGHTS, **more))
    now = datetime(2023, 3, 2, 12, tzinfo=UTC)
    return found.places[0], brief_text(Words("zh"), found, town, now=now, tz=TZ).places[0].lines[3]


def test_a_stop_within_the_reach_counts_though_it_lies_beside_the_square(session, town):
    beside = (BUSY[0] + 0.00145, BUSY[1])  # 130 m to the east
    stops = [stop_at(datetime(2023, 2, 1, 10, tzinfo=UTC), beside, 1)]
    place, line = said(session, town, stops=stops)
    assert not place.outline.contains(shapely.Point(beside))
    assert place.last_stop.id == 1
    assert place.stop_gap_m == pytest.approx(130, abs=3)
    assert "130 米外" in line


def test_a_walked_line_counts_where_it_passes(session, town):
    far = (BUSY[0] + 0.006, BUSY[1])
    line = record(
        PatrolTargetRecord, external_id="BX1", kind="must_line", due_per_week=7, name="线",
        geometry=shapely.LineString([(94.901, BUSY[1]), (94.915, BUSY[1])]),
    )  # fmt: skip
    stop = stop_at(datetime(2023, 2, 1, 10, tzinfo=UTC), far, 1, target_ref="BX1")
    place, told = said(session, town, stops=[stop], targets=[line])
    assert (place.last_stop.id, place.stop_gap_m) == (1, 0)
    assert "2023-02-01 18:00" in told


def test_without_a_stop_here_the_last_one_in_the_grid_is_told(session, town):
    stops = [
        stop_at(datetime(2023, 2, 1, 10, tzinfo=UTC), (94.9012, 36.4082), 1),
        stop_at(datetime(2023, 2, 2, 10, tzinfo=UTC), QUIET, 2),
    ]
    place, told = said(session, town, stops=stops)
    assert place.last_stop is None
    assert place.near_stop.id == 1
    assert "本网格最近：2023-02-01 18:00" in told
    assert "自 2023-02-01" in told


def test_nothing_is_claimed_of_a_time_without_records(session, town):
    assert said(session, town)[1] == "库里还没有到点记录"
    far = [stop_at(datetime(2023, 2, 1, 10, tzinfo=UTC), QUIET, 1)]
    assert said(session, town, stops=far)[1] == "150 米内自 2023-02-01 有记录以来没有到点"


def test_a_stop_of_the_same_day_before_the_shift_counts(session, town):
    stops = [
        stop_at(datetime(2023, 3, 2, 11, 59, tzinfo=UTC), BUSY, 1),
        stop_at(datetime(2023, 3, 2, 12, 0, tzinfo=UTC), BUSY, 2),
    ]  # the shift begins at 20:00, which is 12:00 UTC
    assert brief(session, ground(town, NIGHTS, stops=stops)).places[0].last_stop.id == 1


def test_the_best_places_are_on_every_day_and_near_equal_ones_take_turns():
    scores = [9.0, 4.0, 3.0, 3.0, 2.0, 2.0, 2.0, 2.0, 0.1]
    rounds = [turned(scores, 5, "a|16-24", day) for day in range(738_000, 738_060)]
    assert all(found.ranks[:3] == (0, 1, 2) for found in rounds)
    assert all(len(found.ranks) == 5 for found in rounds)
    assert {rank for found in rounds for rank in found.ranks} == {0, 1, 2, 3, 4, 5, 6}
    for first, second in zip(rounds[::2], rounds[1::2], strict=True):
        assert set(first.ranks[3:]) | set(second.ranks[3:]) == {3, 4, 5, 6}
    assert rounds == [turned(scores, 5, "a|16-24", day) for day in range(738_000, 738_060)]
    assert rounds != [turned(scores, 5, "a|8-16", day) for day in range(738_000, 738_060)]


def test_a_place_that_stands_out_is_never_turned_away():
    found = turned([30.0, 28.0, 27.0, 26.0, 4.0, 4.0, 4.0], 5, "", 738_001)
    assert found.ranks[:4] == (0, 1, 2, 3)
    assert (found.kept, found.slots, found.pool) == (4, 1, 2)
    assert turned([30.0, 28.0, 27.0, 26.0, 25.0, 4.0], 5, "", 1).pool == 0
    assert turned([3.0, 2.0], 5, "", 1).ranks == (0, 1)
    assert turned([], 5, "", 1).ranks == ()


def test_two_days_running_never_walk_alike_and_never_much_further():
    dice = np.random.default_rng(7)
    for _ in range(5):
        xy_m = dice.uniform(0, 1500, (5, 2))
        walks = [walk_of_day(xy_m, "x", day) for day in range(738_000, 738_010)]
        assert all(one[0] != other[0] for one, other in pairwise(walks))
        assert all(length_m <= LONGER * shortest_m + 1e-6 for _, length_m, shortest_m in walks)
        assert all(sorted(order) == [0, 1, 2, 3, 4] for order, _, _ in walks)
    assert walk_of_day(np.zeros((0, 2)), "x", 1)[0] == ()


def test_the_page_says_how_the_round_is_turned(session, town):
    spots = [(94.9032 + 0.003 * k, 36.4032) for k in range(5)]
    rows = [at(spot, f"2023-01-{day:02d}T13:00") for spot in spots for day in range(1, 4)]
    asked = PatrolAsked("", 20, 2, NIGHT.day, places=3)
    found = brief(session, ground(town, rows), asked)
    assert (found.rotation.kept, found.rotation.pool) == (2, 2)
    now = datetime(2023, 3, 2, 12, tzinfo=UTC)
    text = brief_text(Words("en"), found, town, now=now, tz=TZ)
    assert "The first 2 places are on every day" in text.notes[-1]
    assert "its turn today" in text.places[2].count
    assert text.order == tuple(row + 1 for row in found.order)
