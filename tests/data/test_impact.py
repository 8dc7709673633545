"""What changes hands when grids are drawn anew: to whom, how much, and that nothing is orphaned."""

from datetime import date

import geopandas as gpd
import pandas as pd
import pytest
import shapely

from data.analysis.impact import CHECKS, impact_of
from data.errors import AccessRefused
from data.frames import grids_frame
from data.models import (
    Absence,
    Dispute,
    Hazard,
    OfficeHolder,
    Post,
)
from data.viewer import LOCAL_STEWARD, DisplayLevel, Role, Viewer
from tests import kpi_town as town

DAY = date(2026, 7, 1)


def new_grids(*rows):
    """Grids from (code, west, east, community)."""
    shapes = [shapely.box(west, 36.4, east, 36.41) for _, west, east, _ in rows]
    columns = {
        "grid_code": [row[0] for row in rows],
        "name": [f"<{row[0]}>" for row in rows],
        "parent_code": [row[3] for row in rows],
    }
    return gpd.GeoDataFrame(columns, geometry=gpd.GeoSeries(shapes, crs="EPSG:4326"))


PLAN = new_grids(
    ("a1", 94.9, 94.906, "A"),
    ("a5", 94.906, 94.91, "A"),
    ("a9", 94.91, 94.92, "A"),
    ("b1", 94.92, 94.94, "B"),
)
"""a1 is split, a2 is renumbered a9, b2 goes into b1."""


@pytest.fixture
def places(db):
    """Beat officers of A and B, members in every grid; things on both sides of the new borders."""
    with db.write() as session:
        town.staff(session)
        east, west = town.furnish(session)
        for model, spot, more in (
            (Hazard, east, {"status": "handling", "severity": "major"}),
            (Hazard, west, {"status": "handling"}),
            (Hazard, east, {"status": "closed"}),
            (Hazard, town.spot("a2"), {"status": "handling"}),
            (Hazard, None, {"status": "handling", "stated_unit": "b2"}),
            (Dispute, town.spot("b2"), {"status": "filed"}),
        ):
            town.event(session, model, "2026-06-01T12:00", geom=spot, **more)
    return db


def ask(db, new=PLAN, viewer=LOCAL_STEWARD):
    with db.read() as session:
        old = grids_frame(session, viewer, as_of=DAY)
        return impact_of(session, viewer, old, new, as_of=DAY)


def post_of(found, position, place):
    at = found.posts
    return int(at.index[(at["position"] == position) & (at["place_code"] == place)][0])


def test_the_one_sentence_has_its_figures(places):
    found = ask(places)
    told = found.summary
    assert (told.adjusted, told.added, told.retired, told.renumbered) == (2, 1, 1, 1)
    assert (told.before, told.after, told.renamed) == (4, 4, 1)
    rows = found.grids[["change", "old_code", "new_code"]].to_numpy().tolist()
    assert rows == [
        ["adjusted", "a1", "a1"],
        ["adjusted", "b1", "b1"],
        ["added", "", "a5"],
        ["retired", "b2", ""],
        ["renumbered", "a2", "a9"],
        ["renamed", "a2", "a9"],
    ]


def test_things_go_from_one_grid_and_post_to_another(places):
    found = ask(places)
    moves = found.moves.set_index(["thing", "from_grid", "to_grid"])
    assert sorted(moves.index) == [
        ("device", "a1", "a5"),
        ("dispute", "b2", "b1"),
        ("hazard", "a1", "a5"),
        ("hazard", "b2", "b1"),
        ("key_place", "a1", "a5"),
        ("service_point", "b2", "b1"),
    ]
    hazard = moves.loc[("hazard", "a1", "a5")]
    assert hazard["severity"] == "major"
    assert hazard["external_id"].startswith("E")
    officer_a, member_a1 = (
        post_of(found, "beat_officer", "A"),
        post_of(found, "full_time_member", "a1"),
    )
    assert (hazard["from_officer"], hazard["to_officer"]) == (officer_a, officer_a)
    assert hazard["from_member"] == member_a1
    assert pd.isna(hazard["to_member"])
    assert not hazard["is_stated"]
    assert moves.loc[("hazard", "b2", "b1"), "is_stated"]
    counts = found.counts.set_index("thing")
    assert counts.loc["hazard"].tolist() == [2, 0, 2]
    assert counts.loc["device"].tolist() == [1, 0, 1]
    assert counts.loc["patrol_target"].tolist() == [0, 0, 0]


def test_people_follow_the_ground_and_add_up(places):
    found = ask(places)
    people = found.people.set_index(["from_grid", "to_grid"])
    assert people["households"].to_dict() == {("a1", "a5"): 100, ("b2", "b1"): 400}
    assert people["residents"].to_dict() == {("a1", "a5"): 250, ("b2", "b1"): 1000}
    assert people["is_estimated"].to_dict() == {("a1", "a5"): True, ("b2", "b1"): False}


def test_each_post_has_its_list(places):
    found = ask(places)
    given = found.handover(post_of(found, "full_time_member", "a1"))
    assert given.gives["thing"].tolist() == ["hazard", "device", "key_place"]
    assert (len(given.takes), given.people_given["households"].sum()) == (0, 100)
    assert (given.grids_before, given.grids_after) == (("a1",), ("a1",))
    taken = found.handover(post_of(found, "full_time_member", "b1"))
    assert taken.takes["thing"].tolist() == ["hazard", "dispute", "service_point"]
    assert taken.people_taken["households"].sum() == 400
    officer = found.handover(post_of(found, "beat_officer", "A"))
    assert len(officer.gives) + len(officer.takes) + len(officer.people_given) == 0
    assert officer.grids_after == ("a1", "a5", "a9")
    assert {each.post_id for each in found.handovers()} == {
        post_of(found, "full_time_member", grid) for grid in ("a1", "b1", "b2")
    }
    change = found.posts.set_index("place_code")["change"].to_dict()
    assert change == {"A": "changed", "B": "changed", "a1": "adjusted", "a2": "kept",
                      "b1": "adjusted", "b2": "gone"}  # fmt: skip
    assert found.posts.set_index("place_code").loc["a2", "grids_after"] == ("a9",)
    assert found.posts.set_index("place_code").loc["b2", "service_numbers"] == ("Mb2",)


def test_nothing_is_orphaned_in_silence(places):
    found = ask(places)
    told = [(check.code, check.subject, dict(check.fields)) for check in found.checks]
    assert told == [
        ("grid_without_member", "a5", {"is_new": True}),
        (
            "post_without_grid",
            str(post_of(found, "full_time_member", "b2")),
            {
                "place_code": "b2",
                "position": "full_time_member",
                "title": "full_time_member Mb2",
                "heir": "b1",
                "n": 1,
            },
        ),
    ]


def test_what_ends_up_nowhere_is_told(places):
    only_a = PLAN[PLAN["parent_code"] == "A"].reset_index(drop=True)
    found = ask(places, only_a)
    codes = [check.code for check in found.checks]
    assert set(codes) < set(CHECKS)
    assert codes.count("post_without_grid") == 2
    assert codes.count("community_without_grid") == 1
    lost = {c.subject: c.fields["n"] for c in found.checks if c.code == "thing_without_grid"}
    assert lost == {"dispute": 1, "hazard": 1, "service_point": 1, "patrol_target": 1}
    assert found.people[found.people["to_grid"] == ""]["households"].sum() == 800


def test_a_grid_that_comes_to_another_community_changes_officers_not_members(places):
    with places.read() as session:
        old = grids_frame(session, LOCAL_STEWARD, as_of=DAY)
    new = old.copy()
    new.loc["a2", "parent_code"] = "B"
    found = ask(places, new)
    assert found.summary.adjusted == 0
    assert found.moves[["thing", "from_grid", "to_grid"]].to_numpy().tolist() == [
        ["hazard", "a2", "a2"]
    ]
    taken = found.handover(post_of(found, "beat_officer", "B"))
    assert (len(taken.takes), taken.people_taken["households"].sum()) == (1, 400)
    assert taken.grids_after == ("a2", "b1", "b2")
    assert found.counts.set_index("thing").loc["hazard"].tolist() == [1, 1, 0]


def test_the_same_grids_change_nothing(places):
    with places.read() as session:
        old = grids_frame(session, LOCAL_STEWARD, as_of=DAY)
    found = ask(places, old)
    assert len(found.grids) + len(found.moves) + len(found.people) + len(found.checks) == 0
    assert found.handovers() == ()
    assert (found.summary.before, found.summary.after) == (4, 4)


def test_a_holder_on_leave_leaves_the_grid_without_anybody(places):
    with places.write() as session:
        holder = session.query(OfficeHolder).filter_by(external_id="Ma1").one()
        session.add(Absence(office_holder_id=holder.id, reason="x", since=date(2026, 6, 1)))
        key = session.query(Post).filter_by(title="full_time_member Ma1").one().id
    found = ask(places)
    bare = {c.subject: c.fields["is_new"] for c in found.checks if c.code == "grid_without_member"}
    assert bare == {"a1": False, "a5": True}
    assert found.moves.set_index("thing").loc["device", "from_member"] == key


def test_a_wall_is_refused_and_a_viewer_of_one_community_sees_its_own(places):
    with pytest.raises(AccessRefused) as refused:
        ask(places, viewer=Viewer("w", Role.KIOSK, DisplayLevel.WALL))
    assert refused.value.code == "level_too_low"
    viewer = Viewer("o", Role.PLANNER, DisplayLevel.INTERNAL, areas=("A",))
    found = ask(places, PLAN[PLAN["parent_code"] == "A"].reset_index(drop=True), viewer)
    assert set(found.posts["place_code"]) == {"A", "a1", "a2"}
    assert set(found.moves["from_grid"]) == {"a1"}
