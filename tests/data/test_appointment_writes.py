"""Leave, substitution and the end of an appointment: written whole, refused with a reason."""

from datetime import UTC, date, datetime

import pytest
import shapely

from data.errors import AccessRefused, DataError, RecordNotFound, StaleRevision
from data.models import Appointment, OfficeHolder, Post
from data.repositories.appointment_writes import (
    Change,
    Span,
    appoint_substitute,
    end_appointment,
    record_leave,
)
from data.repositories.appointments import list_holders, post_histories
from data.repositories.audit import is_intact, latest
from data.repositories.people import duty_roster
from data.repositories.place_writes import PlaceChange, PlaceWriter
from data.repositories.places import find_place
from data.viewer import LOCAL_STEWARD, DisplayLevel, Role, Viewer

DAY = date(2026, 3, 1)
NOW = datetime(2026, 3, 1, 2, tzinfo=UTC)
WEEK = Span(date(2026, 3, 1), date(2026, 3, 8))
OFFICER = Viewer("o", Role.OFFICER, DisplayLevel.INTERNAL)


@pytest.fixture
def post(db):
    """One community with one officer in post since 2024, and a second officer free."""
    with db.write() as session:
        writer = PlaceWriter(session, level="community", effective=None, source="t")
        writer.write(PlaceChange("A", "community", geometry=shapely.box(97, 33, 98, 34)))
        place = find_place(session, LOCAL_STEWARD, level="community", code="A").id
        seat = Post(place_id=place, position="beat_officer", title="Room")
        holders = [
            OfficeHolder(source="t", external_id=f"M{n}", kind="police", title=f"Officer {n}")
            for n in (1, 2)
        ]
        session.add_all([seat, *holders])
        session.flush()
        own = Appointment(
            source="t", external_id="a1", office_holder_id=holders[0].id, post_id=seat.id,
            since=date(2024, 1, 1), reviewed_on=date(2023, 12, 1), filed_on=date(2023, 12, 20),
            criteria_met=6,
        )  # fmt: skip
        session.add(own)
        session.flush()
        return {"post": seat.id, "own": own.id, "second": holders[1].id, "first": holders[0].id}


def history(db, post):
    with db.read() as session:
        return post_histories(session, LOCAL_STEWARD, as_of=DAY)[post["post"]]


def change(db, post, token=None):
    return Change(post["own"], token or history(db, post).token, NOW)


def do(db, action, *told, viewer=LOCAL_STEWARD):
    with db.write() as session:
        action(session, viewer, *told)


def on_duty(db, day=DAY):
    with db.read() as session:
        (duty,) = duty_roster(session, LOCAL_STEWARD, as_of=day)
    return duty


def test_leave_and_a_substitute_change_who_does_the_work(db, post):
    before = db.revisions().get("people", 0)
    do(db, record_leave, change(db, post), WEEK, "sick")
    assert not on_duty(db).is_filled
    do(db, appoint_substitute, change(db, post), WEEK, post["second"])
    assert (on_duty(db).is_filled, on_duty(db).substitute_title) == (True, "Officer 2")
    back = on_duty(db, date(2026, 3, 8))
    assert (back.is_on_leave, back.substitute_title) == (False, None)
    assert db.revisions()["people"] == before + 2
    with db.read() as session:
        lines = latest(session, LOCAL_STEWARD)
        assert is_intact(session)
    assert [line.action for line in lines] == ["appoint_substitute", "record_leave"]
    assert lines[1].detail["place"] == "A"
    assert "Officer" not in str([line.detail for line in lines])


def test_history_tells_steps_and_spans(db, post):
    do(db, record_leave, change(db, post), Span(DAY, None), "leave")
    found = history(db, post)
    (own,) = found.appointments
    assert (own.reviewed_on, own.filed_on, own.criteria_met) == (
        date(2023, 12, 1), date(2023, 12, 20), 6,
    )  # fmt: skip
    assert [(a.since, a.until, a.reason) for a in found.absences] == [(DAY, None, "leave")]
    assert (own.holds_on(DAY), own.holds_on(date(2023, 12, 31))) == (True, False)


def test_overlapping_leave_is_refused_with_both_spans(db, post):
    do(db, record_leave, change(db, post), WEEK, "leave")
    with pytest.raises(DataError, match="leave_overlaps") as refused:
        do(db, record_leave, change(db, post), Span(date(2026, 3, 7), None), "leave")
    assert refused.value.fields["until"] == "2026-03-08"
    do(db, record_leave, change(db, post), Span(date(2026, 3, 8), None), "leave")
    assert len(history(db, post).absences) == 2


def test_who_comes_second_is_told_and_nothing_of_it_is_written(db, post):
    drawn = history(db, post).token
    do(db, record_leave, change(db, post, drawn), WEEK, "leave")
    with pytest.raises(StaleRevision, match="post_changed") as told:
        do(db, end_appointment, change(db, post, drawn), date(2026, 6, 1))
    assert told.value.fields["post"] == "Room"
    assert history(db, post).appointments[0].until is None
    with db.read() as session:
        assert len(latest(session, LOCAL_STEWARD)) == 1


@pytest.mark.parametrize(
    ("code", "span", "who"),
    [
        ("substitute_is_holder", WEEK, "first"),
        ("outside_appointment", Span(date(2023, 12, 31), date(2024, 2, 1)), "second"),
        ("span_upside_down", Span(DAY, DAY), "second"),
    ],
)
def test_a_substitute_is_refused(db, post, code, span, who):
    with pytest.raises(DataError, match=code):
        do(db, appoint_substitute, change(db, post), span, post[who])
    assert len(history(db, post).appointments) == 1


def test_a_second_substitute_may_not_overlap_and_an_unknown_one_is_not_found(db, post):
    do(db, appoint_substitute, change(db, post), WEEK, post["second"])
    with pytest.raises(DataError, match="substitute_overlaps"):
        do(db, appoint_substitute, change(db, post), WEEK, post["second"])
    with pytest.raises(RecordNotFound, match="no_such_holder"):
        do(db, appoint_substitute, change(db, post), WEEK, 999_999)
    with pytest.raises(RecordNotFound, match="no_such_appointment"):
        do(db, record_leave, Change(999_999, "", NOW), WEEK, "leave")


def test_a_substitute_on_leave_is_refused(db, post):
    do(db, appoint_substitute, change(db, post), WEEK, post["second"])
    stand_in = history(db, post).appointments[1]
    told = Change(stand_in.id, history(db, post).token, NOW)
    do(db, record_leave, told, Span(date(2026, 5, 1), date(2026, 5, 5)), "training")
    with pytest.raises(DataError, match="substitute_on_leave"):
        later = Span(date(2026, 5, 4), date(2026, 5, 9))
        do(db, appoint_substitute, change(db, post), later, post["second"])


def test_an_end_takes_substitutes_with_it(db, post):
    do(db, appoint_substitute, change(db, post), Span(DAY, None), post["second"])
    do(db, end_appointment, change(db, post), date(2026, 4, 1))
    assert {a.until for a in history(db, post).appointments} == {date(2026, 4, 1)}
    with pytest.raises(DataError, match="ended_already"):
        do(db, end_appointment, change(db, post), date(2026, 5, 1))
    with pytest.raises(DataError, match="ends_before_start"):
        do(db, end_appointment, change(db, post), date(2024, 1, 1))
    with pytest.raises(DataError, match="substitute_begins_later"):
        do(db, end_appointment, change(db, post), DAY)


def test_only_a_steward_writes_and_only_known_reasons(db, post):
    with pytest.raises(AccessRefused, match="role_may_not_write"):
        do(db, record_leave, change(db, post), WEEK, "leave", viewer=OFFICER)
    with pytest.raises(DataError, match="unknown_leave_reason"):
        do(db, record_leave, change(db, post), WEEK, "asked for by phone 13912345678")


@pytest.mark.usefixtures("post")
def test_service_numbers_are_not_for_walls(db):
    wall = Viewer("w", Role.KIOSK, DisplayLevel.WALL)
    with db.read() as session:
        assert [holder.code for holder in list_holders(session, LOCAL_STEWARD)] == ["M1", "M2"]
        for read in (post_histories, list_holders):
            with pytest.raises(AccessRefused, match="level_too_low"):
                read(session, wall)
