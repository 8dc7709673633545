"""Counts, changes, falls, quiet days, rates and concentration on a hand-made town."""

from datetime import date

import pytest
import shapely
from sqlalchemy import select

from data.kpi import yearly_counts
from data.models import Boundary, Hazard, Incident, Place
from data.repositories.events import event_arrays
from data.repositories.figures import DeclaredRecord, save_declared
from data.viewer import LOCAL_STEWARD
from data.vocabulary import EventLayer
from tests.kpi_town import ask, build, event, local, parts, spot


@pytest.fixture
def town(db):
    with db.write() as session:
        build(session)
    return db


def incidents(db, *rows):
    with db.write() as session:
        for at, columns in rows:
            event(session, Incident, at, **columns)


def test_periods_are_half_open_in_local_time(town):
    incidents(
        town,
        ("2026-05-31T23:59", {}),
        ("2026-06-01T00:00", {}),
        ("2026-06-30T23:59", {}),
        ("2026-07-01T00:00", {}),
    )
    found = ask(town, "2026-06-01", "2026-07-01")
    assert found["incidents"].value == 2
    assert parts(found["incidents_pop"]) == (2, 1)  # June against May


def test_changes_stand_on_the_same_calendar_days(town):
    incidents(
        town,
        *[(f"2026-06-{day:02d}T10:00", {"kind": "10"}) for day in range(1, 7)],
        *[(f"2025-06-{day:02d}T10:00", {"kind": "20"}) for day in range(1, 11)],
        ("2025-07-01T00:00", {"kind": "20"}),
    )
    found = ask(town, "2026-06-01", "2026-07-01")
    change = found["incidents_yoy"]
    assert (change.id, change.value, parts(change)) == ("K5", pytest.approx(-0.4), (6, 10))
    assert change.low < -0.4 < change.high
    assert change.note == ""
    both = found["incidents_criminal_public_order_yoy"]
    assert parts(both) == (6, 10)
    assert found["incidents_criminal_yoy"].value is None  # nothing to divide by
    assert found["incidents_criminal_yoy"].note == "small_base"
    assert found["incidents_public_order_yoy"].value == -1


def test_like_for_like_on_any_boundaries(town):
    """Grid a1 grew by half of a2 on 2026-01-01: both years count on the borders asked for."""
    day = date(2026, 1, 1)
    with town.write() as session:
        for code, west, east in (("a1", 94.9, 94.915), ("a2", 94.915, 94.92)):
            row = session.scalars(
                select(Boundary)
                .join(Place, Place.id == Boundary.place_id)
                .where(Place.code == code)
            ).one()
            row.valid_to = day
            session.flush()
            area = shapely.MultiPolygon([shapely.box(west, 36.4, east, 36.41)])
            session.add(
                Boundary(place_id=row.place_id, parent_id=row.parent_id, valid_from=day, geom=area)
            )
    incidents(
        town,
        *[(f"2026-06-{day:02d}T10:00", {"geom": spot("a2", dx=-0.004)}) for day in range(1, 4)],
        *[(f"2025-06-{day:02d}T10:00", {"geom": spot("a2", dx=-0.004)}) for day in range(1, 6)],
    )
    answers = {}
    for as_of in ("today", "2025-06-30", "event"):
        for unit in ("a1", "a2"):
            found = ask(town, "2026-06-01", "2026-07-01", unit=unit, as_of=as_of)
            answers[as_of, unit] = parts(found["incidents_yoy"])
    assert answers == {
        ("today", "a1"): (3, 5),  # all in the grown grid, both years
        ("today", "a2"): (0, 0),
        ("2025-06-30", "a1"): (0, 0),
        ("2025-06-30", "a2"): (3, 5),
        ("event", "a1"): (3, 0),  # each year on its own borders: what `today` avoids
        ("event", "a2"): (0, 5),
    }


def test_eight_falls_in_a_row(town):
    rows = [(f"{2017 + k}-03-01T10:00", {"kind": "10"}) for k in range(9) for _ in range(10 - k)]
    incidents(town, *rows, ("2016-12-31T23:00", {"kind": "20"}), ("2026-02-01T10:00", {}))
    found = ask(town)
    run = found["incidents_criminal_fall_years"]
    assert (run.id, run.value, run.denominator) == ("K7", 8, 9)  # 2016 had none: not a fall
    with town.read() as session:
        arrays = event_arrays(session, LOCAL_STEWARD, EventLayer.INCIDENTS)
    counts = yearly_counts(arrays, local("2026-07-01"), "Asia/Shanghai", ("10",))
    assert list(counts.items()) == [(2016, 0)] + [(2017 + k, 10 - k) for k in range(9)]


def test_five_years_without_a_fraud(town):
    incidents(town, ("2026-05-01T10:00", {"kind": "20"}))
    found = ask(town, "2021-07-01", "2026-07-01")
    streak, rate = found["days_since_fraud"], found["fraud_per_year"]
    assert (streak.value, streak.note, streak.version) == (1826, "none_in_period", 2)
    assert rate.value == 0
    assert (rate.low, rate.high) == (0, pytest.approx(0.6))
    assert found["criminal_per_year"].value == 0


def test_quiet_days_are_local_days(town):
    incidents(
        town,
        ("2026-06-20T23:30", {"kind": "11"}),
        ("2026-06-29T00:10", {"kind": "10"}),
    )
    found = ask(town)
    assert found["days_since_fraud"].value == 11
    assert found["days_since_criminal"].value == 2
    assert ask(town, until="2026-06-22")["days_since_fraud"].value == 2
    assert "fraud_per_year" not in found  # a rate needs a period


def test_per_resident_and_a_year(town):
    incidents(town, *[("2026-06-02T10:00", {})] * 6)
    found = ask(town, "2026-06-01", "2026-07-01")
    assert found["incidents_per_10000"].value == 15  # 6 of 4,000
    assert found["incidents_per_10000_year"].value == pytest.approx(15 * 365 / 30)
    inside = ask(town, "2026-06-01", "2026-07-01", unit="A")
    assert inside["incidents_per_10000"].value == 30
    assert ask(town, "2026-06-01", "2026-07-01", unit="B")["incidents_per_10000"].value == 0


def test_repeats_and_concentration(town):
    near, far = 20 / 111_320, 200 / 111_320
    incidents(
        town,
        ("2026-06-10T10:00", {"geom": spot("a1")}),
        ("2026-06-20T10:00", {"geom": spot("a1", dy=near)}),
        ("2026-06-20T10:00", {"geom": spot("a1", dy=far)}),
        ("2026-05-20T10:00", {"geom": spot("b1")}),
        ("2026-05-21T10:00", {"geom": spot("b1")}),
        ("2026-06-20T10:00", {"geom": None}),
    )
    found = ask(town, "2026-05-01", "2026-07-01")
    assert parts(found["repeat_places"]) == (1, 2)  # b1 struck twice, but not within the 30 days
    assert parts(found["top_5_percent_share"]) == (3, 6)
    assert found["incidents_gini"].value == pytest.approx(0.55)  # 0 0 2 3
    assert parts(found["communities_without_fraud"]) == (2, 2)


def test_imprecise_times_are_counted_apart(town):
    incidents(
        town,
        ("2026-06-01T00:00", {"time_precision": "month", "time_flags": "month_only"}),
        ("2026-06-10T10:00", {}),
    )
    found = ask(town, "2026-06-10", "2026-06-20")
    assert found["incidents"].value == 1
    assert found["incidents_imprecise"].value == 1
    assert ask(town, "2026-06-01", "2026-07-01")["incidents"].value == 2


def test_rows_win_over_declared_figures_and_differences_are_told(town):
    incidents(town, *[("2026-06-02T10:00", {})] * 3)
    with town.write() as session:
        event(session, Hazard, "2026-06-02T10:00", status="closed")
        told = [
            DeclaredRecord("incidents", "all", 4, "S9"),
            DeclaredRecord("hazards", "all", 1, "S9"),
            DeclaredRecord("hazard_rectification_rate", "all", 0.99996, "S9", "K4"),
            DeclaredRecord("difficulties_solved", "all", 100, "S9"),
        ]
        save_declared(session, told)
    found = ask(town)
    assert (found["incidents"].value, found["incidents"].note) == (3, "differs_from_declared")
    assert (found["hazards"].source, found["hazards"].note) == ("rows", "")
    rate = found["hazard_rectification_rate"]
    assert (rate.value, rate.note) == (1, "small_base")  # 99.996 % prints as 100.00 %
    declared = found["difficulties_solved"]
    assert (declared.source, declared.note, declared.value) == ("declared", "S9", 100)


def test_another_base_is_a_difference_too(town):
    with town.write() as session:
        event(session, Hazard, "2026-06-02T10:00", status="closed")
        told = DeclaredRecord("hazard_rectification_rate", "all", 1.0, "S9", "K4", 964, 964)
        save_declared(session, [told])
    rate = ask(town)["hazard_rectification_rate"]
    assert (parts(rate), rate.note) == ((1, 1), "small_base,differs_from_declared")


def test_a_unit_that_only_an_article_knows_gets_what_it_says(town):
    with town.write() as session:
        save_declared(session, [DeclaredRecord("difficulties_solved", "far", 7, "S9")])
    assert set(ask(town, unit="far")) == {"difficulties_solved"}  # no zeros for what nobody holds


def test_an_empty_store_answers_without_numbers(db):
    found = ask(db, "2026-06-01", "2026-07-01")
    assert found["incidents"].value == 0
    assert found["community_police_coverage"].value is None
    assert found["dispute_resolution_rate"].value is None
    assert "incidents_per_10000" not in found


def test_older_than_any_clock(town):
    incidents(town, ("1890-01-01T10:00", {}), ("2026-06-01T10:00", {}))
    assert ask(town)["incidents_fall_years"].denominator == 2025 - 1890
