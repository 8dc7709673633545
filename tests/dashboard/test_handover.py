"""A shift hands over what happened in it, what waits at whom, and the grids that close least."""

from datetime import UTC, datetime, timedelta
from zoneinfo import ZoneInfo

import pytest
import shapely
from streamlit.testing.v1 import AppTest

from dashboard import cache
from dashboard.cache.cases import handover
from dashboard.components.handover_view import shift_text
from dashboard.text import Words
from dashboard.viewmodels.handover import GROUPS, ROTAS, Shift, shifts_before
from data.config import Config
from data.database import bump_revision
from data.lifecycle import CaseAction, Move
from data.models import Hazard
from data.repositories.case_records import CaseKey
from data.repositories.case_writes import move_case
from data.viewer import LOCAL_STEWARD
from data.vocabulary import EventLayer
from tests.dashboard import tiny_town

TZ = "Asia/Shanghai"
NOW = datetime.now(UTC).replace(second=0, microsecond=0)
SHIFT = Shift(NOW - timedelta(hours=8), NOW + timedelta(minutes=1))
HOUR = timedelta(hours=1)
IN_A1, IN_B1 = (94.9052, 36.4052), (94.9252, 36.4052)


def hazard(name, point=IN_A1, **more):
    """A hazard of ten days ago that is being handled."""
    start = NOW - timedelta(days=10)
    given = {
        "source": "f", "external_id": name, "kind": "H10", "channel": "patrol",
        "channel_group": "discovered", "time_precision": "minute", "content_hash": name,
        "status": "handling", "occurred_at": start, "reported_at": start, "accepted_at": start,
        "due_at": NOW + 100 * HOUR, "level": "grid", "geom": shapely.Point(point),
    }  # fmt: skip
    return Hazard(**(given | more))


def closed(name, point, *, late):
    end = NOW - timedelta(days=5)
    due = end - HOUR if late else end + HOUR
    return hazard(name, point, status="closed", closed_at=end, due_at=due)


@pytest.fixture(scope="module")
def store(tmp_path_factory):
    database = tiny_town.build(tmp_path_factory.mktemp("tiny"))
    with database.write() as session:
        session.add_all(
            [
                hazard("new", occurred_at=NOW - HOUR, reported_at=NOW - HOUR, accepted_at=None),
                hazard("day only", occurred_at=NOW - HOUR, reported_at=None, accepted_at=None,
                       time_precision="day"),
                hazard("filed", filed_at=NOW - 2 * HOUR),
                hazard("done", status="closed", handled_at=NOW - 3 * HOUR,
                       closed_at=NOW - 2 * HOUR),
                hazard("late", due_at=NOW - HOUR),
                hazard("late before", due_at=NOW - 9 * HOUR, level="community"),
                hazard("stepped", IN_B1),
                *(closed(f"a{k}", IN_A1, late=k < 4) for k in range(5)),
                *(closed(f"b{k}", IN_B1, late=k < 1) for k in range(6)),
            ]
        )  # fmt: skip
        session.flush()
        key = CaseKey(EventLayer.HAZARDS, "f", "stepped")
        move = Move(CaseAction.RETURN, "wrong unit")
        move_case(session, LOCAL_STEWARD, key, move, expected_version=1, now=NOW - HOUR / 2)
        bump_revision(session, "hazards")
    database.dispose()
    return database.path


@pytest.fixture(autouse=True)
def configured(store):
    cache.use_config(Config(store_url=str(store)))
    yield
    cache.use_config(None)


def names(shown, group):
    return [line.record.external_id for line in shown.groups[group]]


def test_every_case_of_a_shift_stands_in_its_group():
    shown = handover(SHIFT)
    assert {group: names(shown, group) for group in GROUPS} == {
        "opened": ["new"],
        "moved": ["stepped", "filed"],
        "closed": ["done"],
        "overdue": ["late"],
    }
    assert dict(shown.totals) == {"opened": 1, "moved": 2, "closed": 1, "overdue": 1}
    step = shown.groups["moved"][0].steps[0]
    assert (step.action, step.actor) == ("return", LOCAL_STEWARD.name)
    assert shown.groups["moved"][0].unit[0] == "B1"


def test_a_shift_of_another_day_holds_nothing_of_this_one():
    before = Shift(SHIFT.since - 8 * HOUR, SHIFT.since)
    shown = handover(before)
    assert dict(shown.totals) == {"opened": 0, "moved": 0, "closed": 0, "overdue": 1}
    assert names(shown, "overdue") == ["late before"]


def test_what_waits_is_laid_at_the_post_of_its_level():
    shown = handover(SHIFT)
    loads = {(load.level, load.code): load for load in shown.posts}
    grid, community = loads["grid", "A1"], loads["community", "W"]
    assert (community.position, community.waiting, community.red) == ("beat_officer", 1, 1)
    assert community.is_filled
    assert (grid.position, grid.red, grid.is_filled) == ("full_time_member", 1, True)
    assert grid.due_at == NOW + 100 * HOUR
    assert loads["grid", "B1"].position == ""
    assert sum(load.waiting for load in shown.posts) == shown.n_waiting
    assert sum(load.red for load in shown.posts) == shown.n_red == 2
    assert [load.red for load in shown.posts] == sorted(
        (load.red for load in shown.posts), reverse=True
    )


def test_the_weakest_grids_stand_with_their_base():
    worst = handover(SHIFT).worst
    assert [(grid.code, grid.on_time, grid.base, grid.open_late) for grid in worst] == [
        ("A1", 2, 8, 2),  # 5 + "done" closed, 2 open past the limit; 1 + "done" on time
        ("B1", 5, 6, 0),
    ]
    assert worst[0].share == pytest.approx(0.25)


@pytest.mark.parametrize(("rota", "hours"), [("three", 8), ("two", 12), ("day", 24)])
def test_shifts_follow_each_other_without_a_gap(rota, hours):
    shifts = shifts_before(NOW, TZ, 10, ROTAS[rota])
    assert len(shifts) == 10
    assert shifts[0].since < NOW <= shifts[0].until + timedelta(0)
    assert all(later.since == earlier.until for later, earlier in zip(shifts, shifts[1:]))  # noqa: B905, RUF007
    assert {shift.until - shift.since for shift in shifts} == {timedelta(hours=hours)}


def test_at_midnight_the_evening_shift_is_the_last():
    midnight = datetime(2023, 3, 3, tzinfo=ZoneInfo(TZ)).astimezone(UTC)
    last = shifts_before(midnight, TZ, 3)[0]
    assert shift_text(Words("en"), last, TZ, is_running=False) == "2023-03-02, 16:00–24:00"
    day = shifts_before(midnight, TZ, 3, ROTAS["day"])[1]
    assert shift_text(Words("zh"), day, TZ, is_running=False) == "2023-03-01，08:00–次日 08:00"


def page():
    from dashboard.screens import handover
    from dashboard.text import Words

    handover.render(Words("en"))


def test_the_page_shows_tiles_groups_posts_and_weakest_grids():
    at = AppTest.from_function(page, default_timeout=60).run()
    assert not at.exception
    assert not at.error
    assert [tile.label for tile in at.metric] == [
        "Opened", "Moved on", "Closed", "Fell overdue", "Waiting now",
    ]  # fmt: skip
    running = at.selectbox[0].options[0]
    assert "(running)" in running
    at.selectbox[0].select_index(0).run()
    assert not at.exception
    told = " ".join(text.value for text in at.markdown)
    assert "25\\.0%" in told
    assert "<script" not in told.replace("\\<script", "")
