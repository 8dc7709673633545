"""Who is on duty, which slots are open, how far posts are filled, and where posts stand."""

from datetime import date

import pytest
import shapely

from data.frames import POST_COLUMNS, posts_frame
from data.models import Absence, Appointment, OfficeHolder, Post, RosterSlot, RosterTemplate
from data.repositories.people import coverage, duty_roster, list_posts, roster_gaps
from data.repositories.place_writes import PlaceChange, PlaceWriter
from data.repositories.places import find_place
from data.viewer import LOCAL_STEWARD, DisplayLevel, Role, Viewer

DAY = date(2026, 3, 1)


def place_key(session, level, code):
    return find_place(session, LOCAL_STEWARD, level=level, code=code).id


def appoint(session, number, place_id, position, *, stands_in_for=None):
    """One holder in one post; the post is shared by place and position."""
    holder = OfficeHolder(source="t", external_id=number, kind="police", title=f"T{number}")
    post = next(
        (p for p in session.query(Post) if (p.place_id, p.position) == (place_id, position)), None
    ) or Post(place_id=place_id, position=position, title=position)
    session.add_all([holder, post])
    session.flush()
    made = Appointment(
        source="t",
        external_id=number,
        office_holder_id=holder.id,
        post_id=post.id,
        since=date(2024, 1, 1),
        document_no="D",
        substitutes_id=stands_in_for.id if stands_in_for else None,
    )
    session.add(made)
    session.flush()
    return made


def absent(session, appointment, until=None):
    session.add(
        Absence(
            office_holder_id=appointment.office_holder_id,
            reason="leave",
            since=date(2026, 2, 1),
            until=until,
        )
    )


@pytest.fixture
def town(db):
    """Communities A (filled), B (on leave), C (on leave, substituted), D (nobody)."""
    with db.write() as session:
        communities = PlaceWriter(session, level="community", effective=None, source="t")
        for k, code in enumerate("ABCD"):
            communities.write(
                PlaceChange(code, "community", geometry=shapely.box(97 + k, 33, 98 + k, 34))
            )
        keys = {code: place_key(session, "community", code) for code in "ABCD"}
        grids = PlaceWriter(session, level="grid", effective=None, source="t")
        grids.write(PlaceChange("A1", "base", parent_id=keys["A"]))
        grids.write(PlaceChange("D1", "base", parent_id=keys["D"]))
        grids.write(PlaceChange("D1m", "micro", parent_id=keys["D"]))
        appoint(session, "1", keys["A"], "beat_officer")
        second = appoint(session, "2", keys["B"], "beat_officer")
        third = appoint(session, "3", keys["C"], "beat_officer")
        appoint(session, "4", keys["C"], "beat_officer", stands_in_for=third)
        appoint(session, "5", place_key(session, "grid", "A1"), "full_time_member")
        absent(session, second)
        absent(session, third, until=date(2026, 4, 1))
    return db


def test_coverage_counts_holders_at_work_and_substitutes(town):
    with town.read() as session:
        found = coverage(
            session, LOCAL_STEWARD, level="community", positions=["beat_officer"], as_of=DAY
        )
        before = coverage(
            session,
            LOCAL_STEWARD,
            level="community",
            positions=["beat_officer"],
            as_of=date(2025, 1, 1),
        )
        nobody = coverage(session, LOCAL_STEWARD, level="province", positions=[], as_of=DAY)
    assert (found.units, found.covered, found.share) == (4, 2, 0.5)
    assert [(gap.code, gap.on_leave) for gap in found.gaps] == [("B", 1), ("D", 0)]
    assert before.share == 0.75
    assert nobody.as_json()["share"] is None


def test_the_duty_roster_hides_who_stands_in_until_it_is_needed(town):
    with town.read() as session:
        now = {d.place_code: d for d in duty_roster(session, LOCAL_STEWARD, as_of=DAY)}
        later = duty_roster(session, LOCAL_STEWARD, as_of=date(2026, 5, 1))
    assert set(now) == {"A", "B", "C", "A1"}
    assert (now["B"].is_on_leave, now["B"].is_filled) == (True, False)
    assert (now["C"].substitute_title, now["C"].is_filled) == ("T4", True)
    back = [d for d in later if d.place_code == "C"]
    assert [(d.holder_title, d.is_on_leave) for d in back] == [("T3", False)]


def test_a_substitute_on_leave_fills_nothing(town):
    with town.write() as session:
        four = next(a for a in session.query(Appointment) if a.external_id == "4")
        absent(session, four)
    with town.read() as session:
        found = coverage(
            session, LOCAL_STEWARD, level="community", positions=["beat_officer"], as_of=DAY
        )
    assert found.covered == 1


def test_below_internal_level_nobody_is_recognisable(town):
    wall = Viewer("wall", Role.KIOSK, DisplayLevel.WALL)
    with town.read() as session:
        seen = duty_roster(session, wall, as_of=DAY)
    assert {d.holder_title for d in seen} == {"beat_officer", "full_time_member"}
    assert {d.holder_code for d in seen} == {d.document_no for d in seen} == {None}


def test_areas_limit_the_roster(town):
    viewer = Viewer("x", Role.OFFICER, DisplayLevel.INTERNAL, ("A",))
    with town.read() as session:
        assert {d.place_code for d in duty_roster(session, viewer, as_of=DAY)} == {"A", "A1"}
        assert coverage(session, viewer, level="community", positions=[], as_of=DAY).units == 1


def test_roster_gaps_count_the_beat_officer_of_the_community(town):
    with town.write() as session:
        template = RosterTemplate(key="k", level="grid", label_zh="一", label_en="one")
        session.add(template)
        session.flush()
        for order, position in enumerate(("beat_officer", "full_time_member")):
            session.add(
                RosterSlot(
                    template_id=template.id,
                    slot=position,
                    sequence=order,
                    min_count=1,
                    positions=[position],
                    label_zh="岗",
                    label_en="slot",
                )
            )
    with town.read() as session:
        states = {s.place_code: s for s in roster_gaps(session, LOCAL_STEWARD, as_of=DAY)}
    assert set(states) == {"A1", "D1"}
    assert states["A1"].is_complete
    assert [(s.slot, s.missing) for s in states["D1"].slots] == [
        ("beat_officer", 1),
        ("full_time_member", 1),
    ]


def test_posts_stand_at_their_point_or_inside_their_place(town):
    with town.write() as session:
        post = next(p for p in session.query(Post) if p.position == "full_time_member")
        post.geom = shapely.Point(97.25, 33.25)
    with town.read() as session:
        frame = posts_frame(session, LOCAL_STEWARD, as_of=DAY).set_index("place_code")
        posts = list_posts(session, LOCAL_STEWARD, as_of=DAY)
    assert set(frame.columns) == (set(POST_COLUMNS) | {"geometry"}) - {"place_code"}
    assert frame.geometry["A1"].equals(shapely.Point(97.25, 33.25))
    assert frame["is_derived"].to_dict() == {"A": True, "A1": False, "B": True, "C": True}
    assert shapely.box(97, 33, 98, 34).contains(frame.geometry["A"])
    assert frame["filled_count"].to_dict() == {"A": 1, "A1": 1, "B": 0, "C": 1}
    assert frame["holders"]["C"] == ("T4",)
    assert len(posts) == 4
