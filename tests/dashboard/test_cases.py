"""Lists and pages of cases by themselves: filters, order, lights, the screens in both languages."""

from dataclasses import replace
from datetime import UTC, date, datetime, time, timedelta
from zoneinfo import ZoneInfo

import pytest
import shapely
from sqlalchemy import delete
from streamlit.testing.v1 import AppTest

from dashboard import cache
from dashboard.actions.cases import acting_as, set_root
from dashboard.cache.cases import case_page, cases, desks
from dashboard.components.case_list import sum_text
from dashboard.components.case_map import CaseSight, case_scene
from dashboard.components.case_words import LIGHT_SIGNS, span_words, when_text, worded
from dashboard.maps.layers import Basemap
from dashboard.maps.live import pack, unpack
from dashboard.screens import case as case_screen
from dashboard.screens import cases as cases_screen
from dashboard.session import Session, from_address, to_address
from dashboard.text import Words
from dashboard.viewmodels.cases import PAGE_ROWS, remaining
from dashboard.viewmodels.cases_wanted import CaseWanted, wanted_from
from dashboard.viewmodels.facts import Facts
from data.config import Config
from data.database import Database, bump_revision
from data.errors import AccessRefused, RecordNotFound, StaleRevision
from data.lifecycle import CaseAction, Light
from data.models import Dispute, Hazard, Incident
from data.repositories.audit import latest
from data.repositories.case_records import CaseKey
from data.repositories.figures import save_setting
from data.viewer import LOCAL_STEWARD, Role
from data.vocabulary import EventLayer
from tests.dashboard import tiny_town

TIMEOUT_S = 60
NOW = datetime.now(UTC).replace(microsecond=0)
HOUR = timedelta(hours=1)


def hazard(name, *, start=0.0, due=None, **more):
    """Make a hazard in grid A1 whose clock began `start` and ends `due` hours from now."""
    given = {
        "source": "f", "external_id": name, "kind": "H10", "channel": "patrol",
        "channel_group": "discovered", "time_precision": "minute", "content_hash": name,
        "status": "handling", "occurred_at": NOW + start * HOUR, "accepted_at": NOW + start * HOUR,
        "due_at": None if due is None else NOW + due * HOUR,
        "geom": shapely.Point(94.9052, 36.4052), "description": tiny_town.HOSTILE,
    }  # fmt: skip
    return Hazard(**(given | more))


@pytest.fixture(scope="module")
def store(tmp_path_factory):
    database = tiny_town.build(tmp_path_factory.mktemp("tiny"))
    crowd = {"kind": "70", "occurred_at": NOW, "geom": shapely.Point(94.905, 36.405)}
    with database.write() as session:
        session.add_all(
            [
                hazard("late", start=-10, due=-1),
                hazard("later", start=-10, due=-2),
                hazard("soon", start=-9, due=1),
                hazard("fresh", start=-1, due=9),
                hazard("paused", start=-1, due=9, status="suspended", suspended_at=NOW),
                hazard("void", start=-1, due=-9, status="void"),
                Incident(
                    source="f", external_id="crowd", channel="call_110", channel_group="reported",
                    time_precision="minute", content_hash="c", **crowd,
                ),
            ]
        )  # fmt: skip
        for layer in ("hazards", "incidents"):
            bump_revision(session, layer)
    database.dispose()
    return database.path


@pytest.fixture(autouse=True)
def configured(store):
    cache.use_config(Config(store_url=str(store)))
    yield
    cache.use_config(None)


def names(shown):
    return [line.record.external_id for line in shown.lines]


def test_what_waits_is_listed_by_urgency():
    shown = cases(CaseWanted(), "local")
    assert names(shown)[:4] == ["later", "late", "soon", "fresh"]
    assert names(shown)[-1] == "paused"
    assert set(names(shown)) == {"later", "late", "soon", "fresh", "paused", "h1", "h3", "d1"}
    assert shown.by_light == {"red": 2, "yellow": 1, "green": 1, "stopped": 1, "none": 3}
    assert shown.total == 8


@pytest.mark.parametrize(
    ("wanted", "expected"),
    [
        (CaseWanted(scope="overdue"), {"later", "late"}),
        (CaseWanted(lights=("yellow", "stopped")), {"soon", "paused"}),
        (CaseWanted(states=("suspended",)), {"paused"}),
        (CaseWanted(layers=("disputes",)), {"d1"}),
        (CaseWanted(kinds=("H20",)), {"h3"}),
        (CaseWanted(unit="grid:B1"), {"h3"}),
        (CaseWanted(unit="community:E"), {"h3"}),
        (CaseWanted(unit="grid:nowhere"), set()),
        (CaseWanted(text="ATE"), {"later", "late"}),
        (CaseWanted(scope="mine"), set()),
        (CaseWanted(channel_groups=("sensed",)), set()),
        (CaseWanted(period="7", layers=("hazards",)), {"later", "late", "soon", "fresh", "paused"}),
        (
            CaseWanted(period="custom", since_on=date(2026, 2, 1), last_on=date(2026, 2, 1)),
            {"h1", "d1"},
        ),
        (CaseWanted(scope="all", text="void"), {"void"}),
    ],
)  # fmt: skip
def test_each_filter_keeps_what_it_says(wanted, expected):
    shown = cases(wanted, "local")
    assert set(names(shown)) == expected
    assert shown.total == len(expected)


def test_a_case_known_to_a_month_is_stated_where_the_period_cuts_through(store, tmp_path):
    database = Database(str(tiny_town.copied(store, tmp_path)))
    local = ZoneInfo("Asia/Shanghai")
    month = {
        "occurred_at": datetime(2026, 2, 1, tzinfo=local).astimezone(UTC),
        "occurred_until": datetime(2026, 3, 1, tzinfo=local).astimezone(UTC),
        "time_precision": "month",
    }
    with database.write() as session:
        session.add(hazard("month", **month))
        bump_revision(session, "hazards")
    database.dispose()
    cache.use_config(Config(store_url=str(database.path)))
    cut = CaseWanted(scope="all", period="custom", since_on=date(2026, 2, 1),
                     last_on=date(2026, 2, 9))  # fmt: skip
    shown = cases(cut, "local")
    assert (set(names(shown)), shown.imprecise) == ({"h1", "h2", "h3", "d1"}, 1)
    assert Words("zh")("count.imprecise", n="1") in sum_text(Words("zh"), shown)
    assert cases(replace(cut, unit="grid:B1"), "local").imprecise == 0
    assert cases(replace(cut, states=("closed",)), "local").imprecise == 0
    whole = cases(replace(cut, last_on=date(2026, 2, 28)), "local")
    assert ("month" in names(whole), whole.imprecise) == (True, 0)
    assert Words("zh")("count.imprecise", n="1") not in sum_text(Words("zh"), whole)


def test_incidents_are_listed_among_all_and_sensitive_ones_are_not_drawn():
    assert EventLayer.INCIDENTS not in CaseWanted().shown_layers()
    shown = cases(CaseWanted(scope="all", layers=("incidents",)), "local")
    assert shown.total == 13
    assert (shown.unlocated, shown.outside) == (1, 1)
    assert shown.marks.hidden == 1
    assert not any("crowd" in key for key in shown.marks.keys)
    page = case_page(CaseKey(EventLayer.INCIDENTS, "f", "crowd"))
    assert page.is_sensitive
    assert page.actions(LOCAL_STEWARD) == ()


def test_pages_follow_each_other_without_a_gap():
    whole = cases(CaseWanted(scope="all"), "local")
    assert whole.pages == -(-whole.total // PAGE_ROWS)
    every = [
        name
        for page in range(1, whole.pages + 1)
        for name in names(cases(CaseWanted(scope="all", page=page), "local"))
    ]
    assert len(every) == len(set(every)) == whole.total
    assert (
        names(cases(CaseWanted(scope="all", page=99), "local")) == every[-len(every) % -PAGE_ROWS :]
    )


def test_a_page_says_who_covers_the_place_and_what_may_be_done():
    page = case_page(CaseKey(EventLayer.HAZARDS, "f", "late"))
    assert page.unit is not None
    assert page.unit[0] == "A1"
    assert {duty.position for duty in page.duties} >= {"full_time_member"}
    assert page.light is Light.RED
    assert CaseAction.FINISH in page.actions(LOCAL_STEWARD)
    assert [round(metres) for _, metres in page.near] == [0] * 5
    assert {desk.role for desk in desks()} <= {
        Role.OFFICER,
        Role.GRID_MEMBER,
        Role.DEPUTY_SECRETARY,
    }


def test_the_map_shows_what_waits_above_what_is_done():
    shown = cases(CaseWanted(scope="all"), "local")
    sight = CaseSight("now", (94.905, 36.405, "x"), asks_place=True)
    scene = case_scene(Words("en"), cache.town("today"), shown.marks, sight, Basemap())
    header, _ = unpack(pack(scene))
    assert header["asks_place"] is True
    ids = [layer["id"] for layer in header["layers"]]
    assert ids[-3:] == ["chosen", "cases_done", "cases"]
    points = scene.layers[-1]
    assert points.record_ids[-1].endswith("later")
    assert [kind.label for kind in points.kinds] == [
        Words("en")(f"case_light.{light.value}") for light in LIGHT_SIGNS
    ]
    assert len({(kind.colour, kind.shape) for kind in points.kinds}) == len(Light)


def test_choices_go_through_the_address_and_nonsense_is_left_out():
    wanted = CaseWanted(
        scope="mine", layers=("hazards",), kinds=("H10", "family"), states=("rework",),
        lights=("red",), channel_groups=("reported",), unit="grid:A1", period="custom",
        since_on=date(2026, 1, 1), last_on=date(2026, 1, 31), text="YH", page=3,
        opened="hazards:f:a%3Ab",
    )  # fmt: skip
    params = to_address(Session(cases=wanted))
    assert from_address(params, "zh").cases == wanted
    assert to_address(Session(language="zh")) == {"lang": "zh"}
    wrong = {
        "c_scope": "x", "c_layers": "places", "c_kinds": "<b>", "c_states": "open", "c_page": "0",
        "c_lights": "purple", "c_unit": "<x>", "c_period": "2026-02-02..2026-02-01", "c_id": "\x00",
        "case": "<script>",
    }  # fmt: skip
    assert wanted_from(wrong) == CaseWanted()
    assert wanted_from({"c_period": "2026-02-30..2026-03-01"}) == CaseWanted()


def test_spans_and_moments_are_written_as_they_are_known():
    words = Words("en")
    assert span_words(words, timedelta(minutes=59)) == "59 min"
    assert span_words(words, timedelta(minutes=61)) == "1 h 1 min"
    assert span_words(words, -timedelta(days=2, hours=3)) == "2 d 3 h"
    at = datetime(2026, 3, 1, 16, 30, tzinfo=UTC)
    told = [when_text(at, how, "Asia/Shanghai") for how in ("minute", "day", "month")]
    assert told == ["2026-03-02 00:30", "2026-03-02", "2026-03"]
    said = worded(words, {"action": "finish", "demand": "note", "asked": "grid"}, "UTC")
    assert said == {"action": "Work done", "demand": "Note (needed)", "asked": "Grid"}


def cases_page(language, opened):
    from dataclasses import replace

    from dashboard import session as visitor
    from dashboard.screens import case, cases
    from dashboard.text import Words

    words = Words(language)
    session = visitor.load()
    if opened and not session.cases.opened:
        visitor.update(cases=replace(session.cases, opened=opened))
    (case if visitor.load().cases.opened else cases).render(words)


@pytest.mark.parametrize("language", ["zh", "en"])
def test_the_list_draws_and_opens_the_form(language):
    assert cases_screen.MAP_KEY == "cases_map"
    page = AppTest.from_function(cases_page, args=(language, ""), default_timeout=TIMEOUT_S).run()
    assert not page.exception
    assert not page.error
    assert len(page.dataframe[0].value) == 8
    page.button(key="report_new").click().run()
    assert not page.exception
    page.button(key="r_save").click().run()
    assert [message.value for message in page.error] == [Words(language).error("case_no_place", {})]


@pytest.mark.parametrize("language", ["zh", "en"])
def test_a_record_draws_demands_its_evidence_and_keeps_hostile_text_as_text(language):
    assert case_screen.MAP_PX > 0
    page = AppTest.from_function(
        cases_page, args=(language, "hazards:f:late"), default_timeout=TIMEOUT_S
    ).run()
    assert not page.exception
    assert any("<script>" in text.value for text in page.text)
    assert not any("<script>" in text.value for text in page.markdown)
    page.button_group[0].set_value("finish").run()
    page.button(key="case_save").click().run()
    assert len(page.error) == 1
    assert Words(language)("case_action.finish") in page.error[0].value


@pytest.mark.parametrize("opened", ["nonsense", "hazards:f:nobody"])
def test_a_link_to_nothing_says_so(opened):
    page = AppTest.from_function(cases_page, args=("en", opened), default_timeout=TIMEOUT_S).run()
    assert not page.exception
    assert len(page.error) == 1


def test_two_change_one_record_and_the_second_keeps_what_was_typed(store, tmp_path):
    database = Database(str(tiny_town.copied(store, tmp_path)))
    cache.use_config(Config(store_url=str(database.path)))
    page = AppTest.from_function(
        cases_page, args=("en", "hazards:f:late"), default_timeout=TIMEOUT_S
    ).run()
    page.button_group[0].set_value("finish").run()
    page.text_area[0].set_value("photo 12").run()
    from dashboard.actions.cases import move
    from data.lifecycle import Move

    other = acting_as(LOCAL_STEWARD, "p1", Role.OFFICER)
    key = CaseKey(EventLayer.HAZARDS, "f", "late")
    move(database, other, key, Move(CaseAction.RETURN, "not ours"), expected_version=1)
    page.button(key="case_save").click().run()
    assert "You saw version 1" in page.warning[0].value
    assert "version 2" in page.warning[0].value
    assert page.text_area[0].value == "photo 12"
    assert case_page(key).record.version == 2
    page.button(key="case_go_on").click().run()
    assert not page.warning
    assert page.text_area[0].value == "photo 12"
    page.button_group[0].set_value("dispatch").run()
    page.button(key="case_save").click().run()
    assert not page.error
    found = case_page(key)
    assert found.record.version == 3
    assert found.stages[-1].step.note == "photo 12"
    database.dispose()


def test_a_scenario_stands_on_its_day_and_new_steps_are_dated_on_it(store, tmp_path):
    database = Database(str(tiny_town.copied(store, tmp_path)))
    day = (NOW - timedelta(days=200)).astimezone(ZoneInfo("Asia/Shanghai")).date()
    with database.write() as session:
        session.execute(delete(Incident))
        save_setting(session, "scenario_as_of", day.isoformat())
        for name in ("incidents", "settings"):
            bump_revision(session, name)
    cache.use_config(Config(store_url=str(database.path)))
    start = datetime.combine(day, time(), ZoneInfo("Asia/Shanghai"))
    assert cache.clock() == start
    assert cases(CaseWanted(scope="open"), "").by_light["red"] == 0  # due months after that day
    page = AppTest.from_function(cases_page, args=("en", ""), default_timeout=TIMEOUT_S).run()
    assert any(f"stands on {day}" in text.value for text in page.caption)
    page = AppTest.from_function(
        cases_page, args=("en", "hazards:f:late"), default_timeout=TIMEOUT_S
    ).run()
    page.button_group[0].set_value("finish").run()
    page.text_area[0].set_value("photo 12").run()
    page.button(key="case_save").click().run()
    assert not page.error
    found = case_page(CaseKey(EventLayer.HAZARDS, "f", "late"))
    step = found.stages[-1].step
    assert start <= step.at < start + timedelta(days=1)
    assert (found.now, found.last_at) == (start, step.at)
    assert found.stages[-1].lasted == timedelta(0)
    with database.read() as session:
        assert latest(session, LOCAL_STEWARD, limit=1)[0].at >= NOW  # the log keeps real time
    database.dispose()


def test_a_later_incident_sets_the_clock_of_a_scenario_going():
    about = Facts("s", "golmud_hexi", "Asia/Shanghai", None, date(2023, 3, 3))
    noon = datetime(2026, 3, 2, 4, 30, tzinfo=UTC)
    stands = datetime(2023, 3, 2, 16, tzinfo=UTC)
    assert about.clock(None, noon) == stands
    assert about.clock(datetime(2023, 3, 3, 15, 59, tzinfo=UTC), noon) == stands
    assert about.written_at(None, noon) == datetime(2023, 3, 3, 4, 30, tzinfo=UTC)
    assert about.clock(datetime(2023, 3, 3, 16, tzinfo=UTC), noon) == noon
    assert replace(about, scenario_on=None).written_at(None, noon) == noon


def test_a_dispute_can_be_told_its_root_and_keeps_it(store, tmp_path):
    database = Database(str(tiny_town.copied(store, tmp_path)))
    with database.write() as session:
        given = vars(hazard("quarrel", start=-2, due=5))
        columns = {k: v for k, v in given.items() if not k.startswith("_")}
        session.add(Dispute(**columns | {"kind": "neighbour"}))
        bump_revision(session, "disputes")
    cache.use_config(Config(store_url=str(database.path)))
    key = CaseKey(EventLayer.DISPUTES, "f", "quarrel")
    page = AppTest.from_function(
        cases_page, args=("en", key.as_text()), default_timeout=TIMEOUT_S
    ).run()
    choice = next(box for box in page.selectbox if str(box.key).startswith("case_root_"))
    assert choice.value == ""
    assert page.button(key="case_root_save").disabled
    choice.set_value("soon").run()
    page.button(key="case_root_save").click().run()
    assert not page.exception
    assert not page.error
    found = case_page(key)
    assert found.root is not None
    assert (found.root.external_id, found.record.version) == ("soon", 2)
    assert (found.stages[-1].step.action, found.record.status) == ("root", "handling")
    late = acting_as(LOCAL_STEWARD, "p1", Role.OFFICER)
    with pytest.raises(StaleRevision):
        set_root(database, late, key, None, expected_version=1, now=NOW)
    with pytest.raises(RecordNotFound):
        set_root(database, late, key, "nothing", expected_version=2, now=NOW)
    reader = acting_as(LOCAL_STEWARD, "r1", Role.KIOSK)
    with pytest.raises(AccessRefused):
        set_root(database, reader, key, None, expected_version=2, now=NOW)
    database.dispose()


def test_no_time_is_said_to_be_left_where_nobody_knows_when_the_clock_stopped():
    record = case_page(CaseKey(EventLayer.HAZARDS, "f", "paused")).record
    assert remaining(record, NOW + 99 * HOUR) == 9 * HOUR
    assert remaining(replace(record, suspended_at=None), NOW + 99 * HOUR) is None
