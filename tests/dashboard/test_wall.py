"""The wall by itself: what it counts, what it says, and what it keeps to itself."""

import json
from dataclasses import replace
from datetime import UTC, date, datetime, timedelta
from html import escape

import pytest
from streamlit.testing.v1 import AppTest

from dashboard import cache
from dashboard.cache import wall as wall_cache
from dashboard.components.wall_board import FEED_LIMITS, board_value, picture_value
from dashboard.components.wall_map import wall_scene
from dashboard.components.wall_rows import standing_rows
from dashboard.maps.layers import Basemap, ClusterLayer, PointLayer
from dashboard.maps.live import pack, unpack
from dashboard.text import LANGUAGES, Words
from dashboard.viewmodels.wall import moment_of
from dashboard.viewmodels.wall_programme import PUBLISHED_FUNNEL, is_streak
from data.config import Config
from data.database import Database, bump_revision
from data.errors import StoreUnavailable
from data.kpi import Figure
from data.models import AreaGrade, Campaign, DutyShift, Incident, ProgrammeItem, Target
from data.repositories.figures import save_setting
from data.vocabulary import EventLayer, IncidentKind
from tests.dashboard import tiny_town

TIMEOUT_S = 60
CROWD = str(IncidentKind.CROWD)


def wall_page(language):
    from dashboard import session
    from dashboard.screens import wall
    from dashboard.text import Words

    session.update(language=language)
    wall.render(Words(language))


@pytest.fixture
def store(standing_store):
    """A copy whose records end with the day before 12 March 2026."""
    return standing_store


def common(name):
    return {"source": "t", "external_id": name, "content_hash": name}


def add_programme(database):
    with database.write() as session:
        for n, status in enumerate(("in_place", "in_build", "not_started")):
            item = {"label_zh": f"第{n}项", "label_en": f"Item {n}", "status": status}
            session.add(ProgrammeItem(**common(f"i{n}"), programme="p", sequence=n, **item))
        span = {"since": date(2026, 3, 2), "until": date(2026, 3, 22)}
        label = {"label_zh": "目标", "label_en": "Goal"}
        plan = {"measure": "none", "planned": 100.0, "done": 20.0, "unit": "count"}
        session.add(Target(**common("t"), **label, **plan, **span))
        hunt = {"since": date(2026, 2, 1), "until": date(2026, 2, 4)}
        session.add(Campaign(**common("c"), **label, layer="hazards", **hunt))
        for month, grade in ((date(2026, 1, 1), "green"), (date(2026, 2, 1), "black")):
            row = {"place_code": "W", "month_on": month, "grade": grade}
            session.add(AreaGrade(**common(f"g{month}"), **row))
        bump_revision(session, "programmes")


def board(language="zh", area=""):
    state = wall_cache.look(area)
    words = Words(language)
    return board_value(state, picture_value(state.content, words), words, datetime.now(UTC))


def panel(value, scene, key):
    panels = next(one["panels"] for one in value["scenes"] if one["key"] == scene)
    return next(one for one in panels if one["key"] == key)


@pytest.mark.usefixtures("store")
def test_the_picture_counts_what_is_in_the_store():
    picture = wall_cache.look("").content.picture
    hazards, disputes = (
        picture.cases[layer] for layer in (EventLayer.HAZARDS, EventLayer.DISPUTES)
    )
    assert (picture.incidents_day, picture.incidents_today, picture.incidents_week) == (0, 0, 7)
    assert (picture.change.numerator, picture.change.denominator) == (11, 1)
    assert (hazards.found, hazards.closed, hazards.is_open, disputes.is_open) == (3, 1, 2, 1)
    assert sum(picture.hours) == 11
    assert picture.hours[8] == 1
    by_code = dict(
        zip(wall_cache.look("").content.town.units.index, picture.unit_open, strict=True)
    )
    assert by_code == {"A1": 1, "A2": 0, "B1": 1, "B2": 0}
    assert {line.code: line.open_items for line in picture.units} == {"W": 2, "E": 1}


def test_crowds_and_sensitive_kinds_count_in_totals_only(store):
    at = datetime(2026, 3, 11, 12, 0, tzinfo=UTC)
    with store.write() as session:
        rows = session.query(Incident).order_by(Incident.id).limit(3).all()
        for row, kind, named in zip(
            rows, (CROWD, "10", "50"), ("聚集", "强奸", "求助"), strict=True
        ):
            row.kind, row.kind_source, row.occurred_at = kind, named, at
        bump_revision(session, "incidents")
    picture = wall_cache.look("").content.picture
    assert picture.incidents_day == 3
    assert picture.unit_recent.sum() == 1
    assert CROWD not in {figure.measure for figure in picture.kinds}


def test_officers_on_shift_come_from_the_shifts_where_there_are_any(store):
    assert wall_cache.look("").content.picture.on_shift is None
    starts = datetime(2026, 3, 11, 1, 0, tzinfo=UTC)
    with store.write() as session:
        for n, (holder, days) in enumerate((("o1", 0), ("o1", 0), ("o2", 0), ("o3", 3))):
            begin = starts - timedelta(days=days)
            span = {"starts_at": begin, "ends_at": begin + timedelta(hours=8)}
            row = {"place_code": "W", "kind": "patrol", "holder_ref": holder}
            session.add(DutyShift(**common(f"s{n}"), **row, **span))
        bump_revision(session, "people")
    assert wall_cache.look("").content.picture.on_shift == 2
    assert wall_cache.look("community:E").content.picture.on_shift == 0
    tile = next(tile for tile in board("en")["tiles"] if tile["key"] == "officers")
    assert (tile["label"].removeprefix("◆ "), tile["value"]) == ("On shift, last 24 h", "2")


@pytest.mark.usefixtures("store")
def test_a_published_funnel_and_long_falls_are_told():
    found, closed = (
        Figure(None, name, "22", value, value)
        for name, value in zip(PUBLISHED_FUNNEL, (61_700.0, 59_400.0), strict=True)
    )
    falls = [Figure("K7", "incidents_criminal_fall_years", "all", years) for years in (8.0, 1.0)]
    assert [is_streak(fall) for fall in falls] == [True, False]
    content = wall_cache.look("").content
    programme = replace(
        content.programme, coverage=(), campaigns=(), published=(found, closed), streaks=falls[:1]
    )
    funnel, fall = standing_rows(Words("en"), programme)
    assert (funnel["value"], funnel["note"]) == ("59,400/61,700", "96.27% settled")
    assert fall["value"] == "8 yr"


@pytest.mark.usefixtures("store")
def test_an_area_limits_every_number():
    picture = wall_cache.look("community:E").content.picture
    assert picture.change.numerator == 3
    assert [line.code for line in picture.units] == ["E"]
    assert len(picture.rows) == 2
    assert wall_cache.look("community:nowhere").content.picture.area is None


def test_a_case_is_late_from_its_limit_on(store):
    with store.write() as session:
        from data.models import Hazard

        row = session.query(Hazard).filter_by(external_id="h1").one()
        row.due_at = datetime(2026, 3, 11, 15, 59, tzinfo=UTC)  # 23:59 of the last day
        bump_revision(session, "hazards")
    state = wall_cache.look("").content.picture.cases[EventLayer.HAZARDS]
    assert (state.overdue, state.due_soon) == (1, 0)
    with store.write() as session:
        row = session.query(Hazard).filter_by(external_id="h1").one()
        row.due_at = datetime(2026, 3, 11, 16, 0, tzinfo=UTC)  # the very moment
        bump_revision(session, "hazards")
    state = wall_cache.look("").content.picture.cases[EventLayer.HAZARDS]
    assert (state.overdue, state.due_soon) == (0, 1)


def test_the_moment_is_the_scenarios_end_until_the_store_lives():
    held = {"scenario_as_of": "2023-03-03", "period_since": "2022-03-03", "tz": "Asia/Shanghai"}
    now = datetime(2026, 11, 22, 6, 0, tzinfo=UTC)
    end = datetime(2023, 3, 2, 16, 0, tzinfo=UTC)
    found = moment_of(held, end - timedelta(days=4), now)
    assert (found.at, found.as_of_on) == (end, date(2023, 3, 3))
    assert found.day_start == end - timedelta(days=1)
    alive = moment_of(held, end + timedelta(days=1), now)
    assert (alive.at, alive.as_of_on) == (now, None)
    assert alive.until - alive.since == timedelta(days=28)
    assert moment_of({"scenario_as_of": "soon"}, None, now).as_of_on is None


@pytest.mark.parametrize("language", LANGUAGES)
def test_the_board_says_everything_in_its_language(store, language):
    add_programme(store)
    value = board(language)
    assert [tile["key"] for tile in value["tiles"]] == [
        "incidents", "hazards", "overdue", "disputes", "officers", "closing",
    ]  # fmt: skip
    assert [scene["key"] for scene in value["scenes"]] == [
        "hazards", "change", "handover", "programme", "targets", "grades",
    ]  # fmt: skip
    chips = panel(value, "programme", "tiles")["rows"]
    assert [chip["state"] for chip in chips] == ["good", "warn", "off"]
    assert len({chip["sign"] for chip in chips}) == 3
    goal = panel(value, "targets", "targets")["rows"][0]
    assert (goal["value"], goal["share"], goal["expected"]) == ("20 / 100", 0.2, 0.5)
    assert goal["state"] == "warn"
    campaign = panel(value, "programme", "standing")["rows"]
    assert any(row["value"] == "1/3" for row in campaign)
    assert Words(language)("wall.synthetic") == value["notice"]
    assert "2026-03-12 00:00" in value["subtitle"]


def test_the_latest_grade_is_drawn_so_that_black_is_seen(store):
    add_programme(store)
    value = board()
    [grade] = panel(value, "grades", "grades")["rows"]
    assert (grade["key"], grade["state"], grade["sign"]) == ("W", "black", "黑")
    scene = wall_scene(wall_cache.look("").content, Words("zh"), Basemap())
    header, arrays = unpack(pack(scene))
    graded = next(layer for layer in header["layers"] if layer["id"] == "grades")
    assert arrays["grades", "classes"].tolist() == [4, 4, -1, -1]
    assert graded["hatched"] == [4]
    assert header["kiosk"]["scenes"]["grades"] == ["grades", "grade_names"]
    assert header["kiosk"]["scenes"]["change"] == ["change", "change_names"]
    labels = next(layer for layer in header["layers"] if layer["id"] == "grade_names")
    assert labels["texts"] == ["西 黑", "东"]


def test_nothing_finer_than_a_grid_leaves_and_no_text_of_a_record(store):
    with store.write() as session:
        row = session.query(Incident).filter_by(external_id="i06").one()
        row.occurred_at = datetime(2026, 3, 11, 12, 0, tzinfo=UTC)
        bump_revision(session, "incidents")
    content = wall_cache.look("").content
    scene = wall_scene(content, Words("zh"), Basemap())
    assert not [layer for layer in scene.layers if isinstance(layer, PointLayer)]
    [recent] = [layer for layer in scene.layers if isinstance(layer, ClusterLayer)]
    assert recent.levels[0].count.tolist() == [1]
    inside = content.town.units.geometry.loc["B1"].representative_point()
    assert (recent.levels[0].lon[0], recent.levels[0].lat[0]) == (inside.x, inside.y)
    told = json.dumps(board(), ensure_ascii=False)
    for secret in (tiny_town.HOSTILE, escape(tiny_town.HOSTILE), "13912345678", "p1", "h1"):
        assert secret not in told.replace(f"网格A1{tiny_town.HOSTILE}", "")


def test_feeds_carry_their_change_and_their_own_limit(store):
    before = {feed["key"]: feed for feed in board()["feeds"]}
    assert {name: feed["limit_minutes"] for name, feed in before.items()} == FEED_LIMITS
    with store.write() as session:
        save_setting(session, "wall_limit_minutes", {"incidents": 5, "people": "soon", "other": 1})
        bump_revision(session, "settings")
        bump_revision(session, "hazards")
    after = {feed["key"]: feed for feed in board()["feeds"]}
    assert after["hazards"]["at_ms"] > before["hazards"]["at_ms"]
    assert after["disputes"]["at_ms"] == before["disputes"]["at_ms"]
    limits = {name: feed["limit_minutes"] for name, feed in after.items()}
    assert limits == FEED_LIMITS | {"incidents": 5}


def test_a_change_makes_a_new_picture_and_nothing_else_does(store):
    first = wall_cache.look("")
    assert wall_cache.look("").content is first.content
    with store.write() as session:
        bump_revision(session, "disputes")
    assert wall_cache.look("").content is not first.content


@pytest.mark.parametrize(
    ("fault", "code"),
    [
        (StoreUnavailable("store_damaged", store="x"), "store_damaged"),
        (RuntimeError("a bug"), "wall_failed"),
    ],
)
@pytest.mark.usefixtures("store")
def test_a_fault_is_told_over_the_last_picture_and_heals(monkeypatch, fault, code):
    good = wall_cache.look("")

    def fail(_database):
        raise fault

    with monkeypatch.context() as broken:
        broken.setattr(Database, "read", fail)
        state = wall_cache.look("")
    assert (state.content, state.checked_at) == (good.content, good.checked_at)
    assert state.fault is not None
    assert state.fault.code == code
    value = board_value(state, None, Words("en"), datetime.now(UTC))
    assert Words("en").error(code, state.fault.fields) in value["fault"]
    assert value["picture_ms"] == int(good.checked_at.timestamp() * 1000)
    assert wall_cache.look("").fault is None


@pytest.mark.parametrize("language", LANGUAGES)
@pytest.mark.usefixtures("store")
def test_the_page_mounts_board_map_and_its_shapes(language):
    page = AppTest.from_function(wall_page, args=(language,), default_timeout=TIMEOUT_S).run()
    assert not page.exception
    mounts = [one.key for one in page.get("bidi_component")]
    assert mounts == ["wall_board", "wall_map_ground", "wall_map"]


def test_an_empty_store_has_a_wall(tmp_path):
    database = Database(str(tmp_path / "empty.gpkg"))
    database.create_or_migrate()
    database.dispose()
    cache.use_config(Config(store_url=str(database.path)))
    value = board("en")
    cache.use_config(None)
    assert value["tiles"][0]["value"] == "0"
    assert value["fault"] is None
    assert {feed["at_ms"] for feed in value["feeds"]} == {None}
