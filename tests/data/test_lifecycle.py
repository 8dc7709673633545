"""States, actions, roles, limits, lights of a case; nobody closes what nobody else checked."""

from datetime import UTC, datetime, timedelta

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from data.errors import AccessRefused, DataError
from data.lifecycle import (
    DEMANDS,
    OWN_WORK,
    ROLES,
    TERMINAL_STATES,
    TRANSITIONS,
    WAITING_STATES,
    CaseAction,
    CaseState,
    Demand,
    Light,
    Limits,
    Move,
    Rules,
    allowed_actions,
    apply,
    is_root_open,
    light,
    status_of,
    used_share,
)
from data.viewer import Role
from data.vocabulary import CaseLevel, CaseStatus

NOW = datetime(2026, 3, 2, 4, 0, tzinfo=UTC)  # noon in Shanghai
HOUR = timedelta(hours=1)
RULES = Rules()
ACTORS = ("p1", "p2", "p3")


def state(status=CaseStatus.HANDLING, **more):
    return CaseState(status=status, started_at=NOW, due_at=NOW + 10 * HOUR, **more)


def done(before, action, *, actor="p1", role=Role.STEWARD, now=NOW, **told):
    move = Move(action, told.pop("note", "照片 12"), **told)
    return apply(before, move, actor=actor, role=role, now=now, rules=RULES)


def test_every_state_is_reached_and_every_action_used():
    reached, grown = {CaseStatus.REPORTED}, True
    while grown:
        more = {after for (before, _), after in TRANSITIONS.items() if before in reached}
        grown = not more <= reached
        reached |= more
    assert reached == set(CaseStatus)
    assert {action for _, action in TRANSITIONS} == set(CaseAction) - {CaseAction.REPORT}
    assert set(ROLES) == set(CaseAction)


def test_terminal_states_are_terminal_and_closed_only_comes_back():
    leaving = {before for before, _ in TRANSITIONS}
    assert set(CaseStatus) - leaving == TERMINAL_STATES
    ways = [action for before, action in TRANSITIONS if before is CaseStatus.CLOSED]
    assert ways == [CaseAction.REOPEN]
    assert TRANSITIONS[CaseStatus.CLOSED, CaseAction.REOPEN] is CaseStatus.REWORK


def test_lookers_on_do_nothing():
    for role in (Role.ANALYST, Role.PLANNER, Role.HR_REVIEWER, Role.KIOSK, Role.PUBLIC):
        assert all(allowed_actions(status, role) == () for status in CaseStatus)


@settings(max_examples=300, deadline=None)
@given(st.lists(st.tuples(st.sampled_from(list(CaseAction)), st.sampled_from(ACTORS)), max_size=40))
def test_no_path_closes_a_case_without_another_persons_check(steps):
    """Walk at random; whatever is refused changes nothing."""
    status, workers, checked_by = CaseStatus.REPORTED, {"p1"}, set()
    level = CaseLevel.GRID
    now = NOW
    for action, actor in steps:
        now += HOUR
        before = CaseState(
            status=status, level=level, started_at=NOW, due_at=now, workers=frozenset(workers)
        )
        told = Move(action, "x", now + 500 * HOUR, CaseLevel.COUNTY)
        try:
            after = apply(before, told, actor=actor, role=Role.STEWARD, now=now, rules=RULES)
        except (DataError, AccessRefused):
            continue
        assert TRANSITIONS[status, action] is after.status
        if action in OWN_WORK:
            workers.add(actor)
        if action is CaseAction.VERIFY:
            assert actor not in workers
            checked_by.add(actor)
        if after.status is CaseStatus.REWORK:
            checked_by.clear()
        status, level = after.status, after.level
        if status in {CaseStatus.VERIFIED, CaseStatus.CLOSED}:
            assert checked_by


def test_who_found_or_handled_it_may_not_verify_it():
    mine = state(CaseStatus.HANDLED, workers=frozenset({"p1"}))
    with pytest.raises(AccessRefused) as refused:
        done(mine, CaseAction.VERIFY)
    assert refused.value.code == "case_second_person"
    assert done(mine, CaseAction.VERIFY, actor="p2").status is CaseStatus.VERIFIED
    shown = allowed_actions(mine.status, Role.STEWARD, actor="p1", workers=frozenset({"p1"}))
    assert CaseAction.VERIFY not in shown
    assert CaseAction.REJECT in shown


@pytest.mark.parametrize("action", list(DEMANDS))
def test_what_is_demanded_must_be_told(action):
    before = next(status for status, what in TRANSITIONS if what is action)
    for demand in DEMANDS[action]:
        told = {"note": "x", "due_at": NOW + 99 * HOUR, "level": CaseLevel.COUNTY}
        name = {Demand.DUE: "due_at", Demand.LEVEL: "level"}.get(demand, "note")
        told[name] = "  " if name == "note" else None
        with pytest.raises(DataError) as refused:
            done(state(before), action, actor="p9", **told)
        assert (refused.value.code, refused.value.fields["demand"]) == ("case_needs", demand.value)


def test_a_step_that_is_not_in_the_table_or_not_the_roles_is_refused():
    with pytest.raises(DataError) as impossible:
        done(state(CaseStatus.REPORTED), CaseAction.CLOSE)
    assert impossible.value.code == "case_move_impossible"
    with pytest.raises(AccessRefused) as refused:
        done(state(), CaseAction.EXTEND, role=Role.GRID_MEMBER, due_at=NOW + 99 * HOUR)
    assert refused.value.code == "case_role_refused"


@pytest.mark.parametrize(
    ("percent", "expected"),
    [
        (0, Light.GREEN),
        (79.9, Light.GREEN),
        (80, Light.YELLOW),
        (100, Light.YELLOW),
        (100.1, Light.RED),
        (400, Light.RED),
    ],
)
def test_the_light_changes_at_80_and_above_100_percent(percent, expected):
    at = NOW + percent / 100 * 10 * HOUR
    assert light(state(), at) is expected
    paused = state(suspended_minutes=300)  # 5 of 10 hours were paused: the limit is 5 hours
    assert light(paused, NOW + 5 * HOUR + percent / 100 * 5 * HOUR) is expected


def test_lights_of_what_stands_still_is_done_or_has_no_limit():
    assert light(state(CaseStatus.SUSPENDED), NOW + 99 * HOUR) is Light.STOPPED
    for status in set(CaseStatus) - WAITING_STATES:
        assert light(state(status), NOW + 99 * HOUR) is Light.NONE
    assert light(CaseState(status=CaseStatus.HANDLING, started_at=NOW), NOW) is Light.NONE
    late = CaseState(status=CaseStatus.HANDLING, started_at=NOW, due_at=NOW - HOUR)
    assert light(late, NOW) is Light.RED
    assert light(late, NOW - 2 * HOUR) is Light.YELLOW
    assert used_share(CaseState(), NOW) is None


def test_the_clock_stops_while_suspended():
    stopped = done(state(), CaseAction.SUSPEND, now=NOW + 4 * HOUR)
    assert stopped.changes["suspended_at"] == NOW + 4 * HOUR
    waiting = state(CaseStatus.SUSPENDED, suspended_at=NOW + 4 * HOUR)
    assert used_share(waiting, NOW + 99 * HOUR) == pytest.approx(0.4)
    going = done(waiting, CaseAction.RESUME, now=NOW + 28 * HOUR).changes
    assert going["suspended_minutes"] == 24 * 60
    assert going["due_at"] == NOW + 34 * HOUR
    again = state(suspended_minutes=24 * 60)
    later = CaseState(
        **{**{n: getattr(again, n) for n in again.__slots__}, "due_at": going["due_at"]}
    )
    assert used_share(later, NOW + 28 * HOUR) == pytest.approx(0.4)


def test_limits_by_level():
    limits = Limits()
    for level, days in (("community", 3), ("subdistrict", 7), ("county", 15)):
        due = limits.close_by(CaseLevel(level), NOW, "Asia/Shanghai")
        assert due == NOW + timedelta(days=days)
    same_day = limits.close_by(CaseLevel.GRID, NOW, "Asia/Shanghai")
    assert same_day == datetime(2026, 3, 2, 16, 0, tzinfo=UTC)  # midnight in Shanghai
    late = datetime(2026, 3, 2, 15, 50, tzinfo=UTC)
    assert limits.close_by(CaseLevel.GRID, late, "Asia/Shanghai") == late + 2 * HOUR
    assert limits.accept_by("major", NOW) == NOW + 2 * HOUR
    assert limits.accept_by("low", NOW) == NOW + 24 * HOUR


def test_limits_are_editable_and_nonsense_keeps_the_default():
    assert Limits.from_setting({"community": 60, "urgent": 30}).community == 60
    told = {"community": -5, "county": "15", "grid": True, "subdistrict": 0, "extra": 1}
    assert Limits.from_setting(told) == Limits()
    assert Limits.from_setting(None) == Limits()


def test_escalation_goes_up_and_never_shortens_the_limit():
    up = done(state(), CaseAction.ESCALATE, level=CaseLevel.SUBDISTRICT)
    assert (up.status, up.level) == (CaseStatus.DISPATCHED, CaseLevel.SUBDISTRICT)
    assert up.changes["due_at"] == NOW + timedelta(days=7)
    high = state(level=CaseLevel.COUNTY)
    with pytest.raises(DataError) as refused:
        done(high, CaseAction.ESCALATE, level=CaseLevel.COMMUNITY)
    assert refused.value.code == "case_level_not_higher"
    with pytest.raises(DataError) as early:
        done(state(), CaseAction.EXTEND, due_at=NOW + 10 * HOUR)
    assert early.value.code == "case_due_not_later"


def test_a_relapse_begins_a_new_clock_and_is_counted():
    closed = state(CaseStatus.CLOSED, rework_count=1)
    back = done(closed, CaseAction.REOPEN, now=NOW + 90 * HOUR)
    assert back.status is CaseStatus.REWORK
    assert back.changes["rework_count"] == 2
    assert back.changes["closed_at"] is None
    assert back.changes["accepted_at"] == NOW + 90 * HOUR


def test_a_dispute_may_be_closed_while_its_root_waits_and_is_counted():
    assert is_root_open(CaseStatus.CLOSED, CaseStatus.HANDLING)
    assert not is_root_open(CaseStatus.CLOSED, CaseStatus.CLOSED)
    assert not is_root_open(CaseStatus.HANDLING, CaseStatus.HANDLING)


def test_a_foreign_state_counts_as_reported():
    assert status_of(None) is status_of("banana") is CaseStatus.REPORTED
    assert status_of("rework") is CaseStatus.REWORK
