"""How cases go, each rate by hand on a few rows."""

from datetime import timedelta

import pytest

from data.models import Dispute, Hazard, Incident
from data.repositories.figures import save_setting
from tests.kpi_town import ask, build, event, local, parts, spot

SINCE, UNTIL = "2026-06-01", "2026-07-01"


@pytest.fixture
def town(db):
    with db.write() as session:
        build(session)
    return db


def put(db, model, *rows):
    with db.write() as session:
        for at, columns in rows:
            told = {
                name: local(value) if name.endswith("_at") and isinstance(value, str) else value
                for name, value in columns.items()
            }
            event(session, model, at, **told)


def test_resolution_by_cohort_and_by_flow(town):
    put(
        town,
        Dispute,
        ("2026-06-02T09:00", {"status": "closed", "closed_at": "2026-06-05T09:00"}),
        ("2026-06-03T09:00", {"status": "closed", "closed_at": "2026-07-02T09:00"}),
        ("2026-06-04T09:00", {"status": "handling"}),
        ("2026-06-05T09:00", {"status": "void"}),
        ("2026-06-06T09:00", {"status": "not_accepted"}),
        ("2026-05-06T09:00", {"status": "closed", "closed_at": "2026-06-10T09:00"}),
    )
    found = ask(town, SINCE, UNTIL)
    rate = found["dispute_resolution_rate"]
    assert (rate.id, parts(rate), rate.note) == ("K3", (2, 3), "small_base")
    assert rate.low < rate.value < rate.high
    assert parts(found["dispute_resolution_flow"]) == (2, 3)
    assert (found["disputes_closed"].value, found["disputes_open"].value) == (2, 1)
    assert found["disputes"].value == 5


def test_the_published_resolution_comes_from_rows(town):
    closed = {"status": "closed", "closed_at": "2026-06-20T09:00"}
    put(
        town,
        Dispute,
        *[("2026-06-02T09:00", closed)] * 594,
        *[("2026-06-02T09:00", {"status": "handling"})] * 23,
    )
    rate = ask(town, SINCE, UNTIL)["dispute_resolution_rate"]
    assert (f"{100 * rate.value:.2f}", parts(rate)) == ("96.27", (594, 617))


def test_major_hazards_apart(town):
    put(
        town,
        Hazard,
        ("2026-06-02T09:00", {"status": "closed", "severity": "major"}),
        ("2026-06-02T09:00", {"status": "reported", "severity": "low", "is_major": True}),
        ("2026-06-02T09:00", {"status": "void", "severity": "major"}),
        ("2026-06-02T09:00", {"status": "closed", "severity": "low", "is_major": False}),
    )
    found = ask(town, SINCE, UNTIL)
    assert parts(found["hazard_rectification_rate"]) == (2, 3)
    assert parts(found["major_hazard_rectification_rate"]) == (1, 2)


def test_a_dispute_is_settled_twice_when_its_hazard_is_gone(town):
    put(town, Hazard, ("2026-06-01T09:00", {"status": "closed", "external_id": "H1"}))
    put(town, Hazard, ("2026-06-01T09:00", {"status": "handling", "external_id": "H2"}))
    closed = {"status": "closed", "closed_at": "2026-06-05T09:00"}
    put(
        town,
        Dispute,
        ("2026-06-02T09:00", closed | {"root_hazard_ref": "H1"}),
        ("2026-06-02T09:00", closed | {"root_hazard_ref": "H2"}),
        ("2026-06-02T09:00", closed | {"root_hazard_ref": "nowhere"}),
        ("2026-06-02T09:00", closed),
        ("2026-06-02T09:00", {"status": "handling", "root_hazard_ref": "H1"}),
    )
    assert parts(ask(town, SINCE, UNTIL)["disputes_root_fixed"]) == (1, 2)


def test_closing_with_both_denominators(town):
    put(
        town,
        Hazard,
        # on time, late, without a limit, open and due, open and not due
        ("2026-06-02T09:00", {"status": "closed", "closed_at": "2026-06-04T09:00",
                              "due_at": "2026-06-05T09:00"}),
        ("2026-06-02T09:00", {"status": "closed", "closed_at": "2026-06-06T09:00",
                              "due_at": "2026-06-05T09:00"}),
        ("2026-06-02T09:00", {"status": "verified", "closed_at": "2026-06-06T09:00"}),
        ("2026-06-02T09:00", {"status": "handling", "due_at": "2026-06-05T09:00"}),
        ("2026-06-02T09:00", {"status": "handling", "due_at": "2026-07-05T09:00"}),
        ("2026-06-02T09:00", {"status": "void", "due_at": "2026-06-05T09:00"}),
    )  # fmt: skip
    found = ask(town, SINCE, UNTIL)
    assert parts(found["hazards_closing_rate"]) == (3, 4)
    assert parts(found["hazards_on_time_rate"]) == (1, 3)
    assert parts(found["hazards_on_time_of_closed"]) == (1, 2)
    assert found["hazards_overdue"].value == 1
    assert (found["hazards_closing_rate"].id, found["hazards_on_time_rate"].id) == ("K11", "K12")


def test_what_falls_due_after_the_day_is_not_due_yet(town):
    put(town, Hazard, ("2026-06-02T09:00", {"status": "handling", "due_at": "2026-07-05T09:00"}))
    assert ask(town, SINCE, "2026-08-01")["hazards_overdue"].value == 0  # today is 1 July
    later = ask(town, SINCE, "2026-08-01", today=local("2026-07-06").date())
    assert later["hazards_overdue"].value == 1


def test_disposal_rework_and_filing(town):
    put(
        town,
        Hazard,
        ("2026-06-02T09:00", {
            "status": "closed", "accepted_at": "2026-06-02T10:00", "filed_at": "2026-06-02T11:00",
            "handled_at": "2026-06-03T09:00", "due_at": "2026-06-04T09:00", "rework_count": 0,
            "channel": "grid_inspection", "channel_group": "discovered",
        }),
        ("2026-06-02T09:00", {
            "status": "handled", "accepted_at": "2026-06-02T10:00", "filed_at": "2026-06-02T11:00",
            "handled_at": "2026-06-05T09:00", "due_at": "2026-06-04T09:00", "rework_count": 2,
        }),
        ("2026-06-02T09:00", {"status": "filed", "filed_at": "2026-06-02T11:00",
                              "due_at": "2026-06-04T09:00"}),
        ("2026-06-02T09:00", {"status": "reported"}),
        ("2026-06-02T09:00", {"status": "void", "channel": "grid_inspection",
                              "channel_group": "discovered"}),
    )  # fmt: skip
    found = ask(town, SINCE, UNTIL)
    assert parts(found["hazards_disposal_rate"]) == (2, 3)
    assert parts(found["hazards_on_time_disposal"]) == (1, 3)
    assert parts(found["hazards_rework_rate"]) == (1, 2)
    assert parts(found["hazards_filing_rate"]) == (3, 5)
    assert parts(found["hazards_missed_report_rate"]) == (2, 3)
    assert parts(found["hazards_valid_report_rate"]) == (1, 2)
    ids = [found[f"hazards_{end}"].id for end in
           ("disposal_rate", "rework_rate", "filing_rate", "missed_report_rate")]  # fmt: skip
    assert ids == ["K13", "K14", "K15", "K16"]


def test_checks_have_their_hours_from_settings(town):
    put(
        town,
        Hazard,
        ("2026-06-02T09:00", {
            "status": "closed", "reported_at": "2026-06-02T09:00",
            "accepted_at": "2026-06-02T10:00", "handled_at": "2026-06-03T09:00",
            "verified_at": "2026-06-03T20:00",
        }),
        ("2026-06-02T09:00", {
            "status": "handled", "reported_at": "2026-06-02T09:00",
            "accepted_at": "2026-06-02T12:00", "handled_at": "2026-06-03T09:00",
        }),
    )  # fmt: skip
    found = ask(town, SINCE, UNTIL)
    assert parts(found["hazards_on_time_verification"]) == (1, 2)
    assert parts(found["hazards_on_time_recheck"]) == (1, 2)  # one is owed since 4 June
    with town.write() as session:
        save_setting(session, "verification_hours", 4)
        save_setting(session, "recheck_hours", 8)
    found = ask(town, SINCE, UNTIL)
    assert parts(found["hazards_on_time_verification"]) == (2, 2)
    assert parts(found["hazards_on_time_recheck"]) == (0, 2)


def test_dispatch_and_survey(town):
    put(
        town,
        Dispute,
        ("2026-06-02T09:00", {"status": "closed", "dispatch_count": 1, "is_contacted": True,
                              "is_solved": True, "is_satisfied": False}),
        ("2026-06-02T09:00", {"status": "closed", "dispatch_count": 2, "is_contacted": False,
                              "is_solved": False, "is_satisfied": None}),
        ("2026-06-02T09:00", {"status": "closed", "is_contacted": True}),
    )  # fmt: skip
    found = ask(town, SINCE, UNTIL)
    assert parts(found["disputes_dispatch_accuracy"]) == (1, 2)
    assert parts(found["disputes_response_rate"]) == (2, 3)
    assert parts(found["disputes_solved_rate"]) == (1, 2)
    assert parts(found["disputes_satisfaction_rate"]) == (0, 1)
    assert "hazards_solved_rate" not in found


def test_levels_and_loops(town):
    put(
        town,
        Hazard,
        ("2026-06-02T09:00", {"status": "closed", "level": "grid", "loop": "police"}),
        ("2026-06-02T09:00", {"status": "closed", "level": "community", "loop": "joint"}),
        ("2026-06-02T09:00", {"status": "handling", "level": "grid", "loop": "joint"}),
    )
    found = ask(town, SINCE, UNTIL)
    assert parts(found["hazards_closed_at_grid"]) == (1, 2)
    assert parts(found["hazards_closing_police"]) == (1, 1)
    assert parts(found["hazards_closing_joint"]) == (1, 2)


def test_handling_times_in_working_minutes(town):
    def case(accepted, closed, **more):
        stages = {"accepted_at": accepted, "closed_at": closed, "status": "closed"}
        return ("2026-06-02T08:00", stages | more)

    put(
        town,
        Hazard,
        case("2026-06-08T09:00", "2026-06-08T11:00"),  # a Monday: 120
        case("2026-06-05T16:00", "2026-06-08T10:00"),  # over the weekend: 60 + 60
        case("2026-06-08T10:00", "2026-06-08T14:00", suspended_minutes=60),  # 240 less a quarter
        case("2026-06-06T10:00", "2026-06-06T20:00", loop="police"),  # a Saturday, 600
        case("2026-06-08T10:00", "2026-06-08T09:00", time_flags="closed_before_created"),
    )
    found = ask(town, SINCE, UNTIL)
    median, p90 = found["hazards_minutes_median"], found["hazards_minutes_p90"]
    assert (median.id, median.value, median.denominator) == ("K26", 150, 4)
    assert p90.value == pytest.approx(180 + 0.7 * (600 - 180))


def test_incidents_run_around_the_clock(town):
    put(
        town,
        Incident,
        ("2026-06-06T01:00", {"accepted_at": "2026-06-06T01:00", "closed_at": "2026-06-06T03:00"}),
        ("2026-06-06T01:00", {"accepted_at": "2026-06-06T01:00"}),
        ("2026-06-06T01:00", {"accepted_at": "2026-06-06T01:00", "closed_at": "2026-06-06T02:00",
                              "geom": spot("b1")}),
    )  # fmt: skip
    assert ask(town, SINCE, UNTIL)["incidents_minutes_median"].value == 90
    assert ask(town, SINCE, UNTIL, unit="A")["incidents_minutes_median"].value == 120


def test_every_rate_of_a_share_stays_between_nothing_and_all(town):
    """Rows in every state and with gaps everywhere: no rate leaves 0 to 1 but the flows."""
    states = ("reported", "accepted", "filed", "handled", "verified", "closed", "void", "rework")
    rows = []
    for k, status in enumerate(states * 3):
        start = local("2026-06-02T09:00") + timedelta(hours=k)
        stages = {
            name: start + timedelta(hours=5 * step)
            for step, name in enumerate(
                ("reported_at", "accepted_at", "filed_at", "handled_at", "verified_at", "closed_at")
            )
            if (k + step) % 3
        }
        limit = {"due_at": start + timedelta(hours=20)} if k % 2 else {}
        rows.append((start, {"status": status, "rework_count": k % 3 or None} | stages | limit))
    put(town, Hazard, *rows)
    found = ask(town, SINCE, UNTIL)
    rates = [f for name, f in found.items() if name.startswith("hazards_") and f.low is not None]
    assert len(rates) >= 9
    assert all(0 <= f.low <= f.value <= f.high <= 1 for f in rates)
