"""The people screen tells who does the work, who is missing, and what is owed."""

from dataclasses import replace
from datetime import date

import pytest
from streamlit.testing.v1 import AppTest

from dashboard import cache
from dashboard.viewmodels.contact import build_cards, without_phone
from dashboard.viewmodels.people import SeatState, build_people, state_of, steps_of, work_of
from dashboard.viewmodels.people_work import (
    DEFAULT_WEIGHTS,
    build_work,
    month_starts,
    weighted,
    weights_of,
)
from data.config import Config
from data.errors import AccessRefused, RecordNotFound
from data.repositories.appointments import AppointmentRecord
from data.repositories.people import DutyRecord, PostRecord
from data.viewer import LOCAL_STEWARD, DisplayLevel, Role, Viewer
from tests.dashboard import tiny_town

TODAY = tiny_town.TODAY
OFFICER = Viewer("o", Role.OFFICER, DisplayLevel.INTERNAL)


@pytest.fixture(scope="module")
def people(database):
    with database.read() as session:
        return build_people(session, LOCAL_STEWARD, as_of=TODAY)


def duty(*, on_leave=False, substitute=None):
    return DutyRecord(
        post_id=1, place_id=1, place_code="W", place_name="W", place_level="community",
        position="beat_officer", post_title="t", holder_title="H", holder_kind="police",
        holder_code="1", is_on_leave=on_leave, substitute_title=substitute,
        is_filled=not on_leave or substitute is not None, is_part_time=None, is_seat=None,
        document_no=None, since=None, until=None,
    )  # fmt: skip


def post(planned, *duties):
    return PostRecord(1, 1, "W", "W", "community", "beat_officer", "t", planned, None, None, duties)


@pytest.mark.parametrize(
    ("planned", "duties", "state"),
    [
        (1, [duty()], SeatState.FILLED),
        (1, [duty(on_leave=True, substitute="S")], SeatState.SUBSTITUTED),
        (2, [duty(), duty(on_leave=True)], SeatState.SHORT),
        (1, [duty(on_leave=True)], SeatState.ON_LEAVE),
        (1, [], SeatState.VACANT),
    ],
)
def test_a_post_is_in_one_state(planned, duties, state):
    assert state_of(post(planned, *duties)) is state


def test_the_work_is_done_by_who_is_there():
    away = duty(on_leave=True, substitute="S")
    assert work_of([duty(), away, duty(on_leave=True)]) == ("H", "S")


def test_steps_count_their_days():
    record = AppointmentRecord(
        1, 1, "H", "1", None, None, None, None,
        reviewed_on=date(2023, 1, 1), submitted_on=date(2023, 1, 4), decided_on=None,
        filed_on=date(2023, 2, 1), criteria_met=6, since=None, until=None,
    )  # fmt: skip
    assert [(step.code, step.days) for step in steps_of(record)] == [
        ("reviewed", None), ("submitted", 3), ("decided", None), ("filed", None),
    ]  # fmt: skip


def test_coverage_has_its_base_and_names_its_gaps(people):
    assert (people.filled, people.planned) == (2, 2)
    assert (people.police.covered, people.police.units) == (1, 2)
    assert people.police.gaps == ("东社区",)
    assert (people.members.covered, people.members.units) == (1, 4)
    assert people.missing == ()
    assert {holder.code for holder in people.holders} == {"p1", "p2"}


def test_an_area_holds_its_own_posts_and_bases(database):
    with database.read() as session:
        west = build_people(session, LOCAL_STEWARD, as_of=TODAY, area="community:W")
        east = build_people(session, LOCAL_STEWARD, as_of=TODAY, area="community:E")
    assert (west.planned, west.police.units, west.members.units) == (2, 1, 2)
    assert (east.planned, east.police.share, east.members.units) == (0, 0.0, 2)


def test_months_and_weights():
    assert month_starts(date(2026, 3, 15), 3) == [
        date(2026, 1, 1), date(2026, 2, 1), date(2026, 3, 1),
    ]  # fmt: skip
    assert month_starts(date(2026, 12, 31), 1, later=1) == [date(2027, 1, 1)]
    assert weights_of({"duty": 3, "professional": 1}) == {"duty": 0.75, "professional": 0.25}
    for bad in (None, "x", {"duty": 1}, {"duty": -1, "professional": 1}, {"duty": 0,
                "professional": 0}):  # fmt: skip
        assert weights_of(bad) == DEFAULT_WEIGHTS
    assert weighted({"duty": 80.0, "professional": 90.0}, DEFAULT_WEIGHTS) == 85.0
    assert weighted({"duty": 80.0, "community": 90.0}, DEFAULT_WEIGHTS) is None


def test_work_counts_officers_in_post_and_hides_scores_from_others(database, people):
    with database.read() as session:
        work = build_work(session, LOCAL_STEWARD, people)
        seen = build_work(session, OFFICER, people)
    assert [month.in_post for month in work.months] == [1] * 12
    assert [month.share for month in work.months] == [0.0] * 12
    assert work.appraisals == ()
    assert seen.appraisals is None
    with database.read() as session, pytest.raises(AccessRefused, match="level_too_low"):
        build_work(session, replace(OFFICER, level=DisplayLevel.WALL), people)


def test_cards_take_communities_subdistricts_or_all(database):
    with database.read() as session:
        every = build_cards(session, LOCAL_STEWARD, as_of=TODAY)
        (west,) = build_cards(
            session, LOCAL_STEWARD, as_of=TODAY, codes=["W"], address="https://a.example/{code}"
        )
        with pytest.raises(RecordNotFound, match="unknown_unit"):
            build_cards(session, LOCAL_STEWARD, as_of=TODAY, codes=["nowhere"])
    assert [card.code for card in every] == ["E", "W"]
    assert without_phone(every) == ("东社区", "西社区")
    assert west.qr == "https://a.example/W"
    assert [line.code for line in west.lines] == ["beat_officer"]
    assert sorted(part.label for part in west.grids) == ["1", "2"]
    assert "社区民警一" not in str(west)  # the officer's title is not for everybody


def page():
    from dashboard.screens import people as screen
    from dashboard.text import Words

    screen.render(Words("en"))


@pytest.fixture
def at(tmp_path):
    """The page over a store of one's own, and that store."""
    database = tiny_town.build(tmp_path)
    cache.use_config(Config(store_url=str(database.path)))
    yield AppTest.from_function(page, default_timeout=60), database
    cache.use_config(None)
    database.dispose()


@pytest.mark.parametrize("section", ["cover", "time", "roster", "work", "change", "cards"])
def test_every_section_opens(at, section):
    shown, _ = at
    shown.session_state["people_section"] = section
    shown.session_state["people_day"] = TODAY
    shown.run()
    assert not shown.exception
    assert not shown.error
    assert {metric.label: metric.value for metric in shown.metric}["On duty / planned"] == "2 / 2"


def test_leave_is_recorded_and_a_second_one_is_refused(at):
    shown, database = at
    shown.session_state["people_section"] = "change"
    shown.session_state["people_day"] = TODAY
    shown.run()
    shown.button[0].click().run()
    assert not shown.exception
    assert [message.value for message in shown.success] == ["The leave is recorded."]
    assert {m.label: m.value for m in shown.metric}["On duty / planned"] == "1 / 2"
    assert database.revisions()["people"] >= 2
    shown.button[0].click().run()
    assert "already has leave" in shown.error[0].value


def test_an_empty_day_says_what_to_do(at):
    shown, _ = at
    shown.session_state["people_section"] = "cover"
    shown.session_state["people_area"] = "community:E"
    shown.session_state["people_day"] = TODAY
    shown.run()
    assert "no posts in this area" in shown.info[0].value
