"""Places as of a day: trees, areas of a viewer, codes through time, versions that never overlap."""

from datetime import date

import pytest
import shapely
from sqlalchemy.exc import IntegrityError

from data.errors import RecordNotFound
from data.models import Boundary, Place, PlaceCode
from data.repositories.place_writes import PlaceChange, PlaceWriter, Written
from data.repositories.places import (
    boundary_dates,
    code_history,
    find_place,
    list_places,
    place_tree,
    shapes_of,
)
from data.viewer import LOCAL_STEWARD, DisplayLevel, Role, Viewer

DAY = date(2024, 5, 1)


def write(session, level, *changes, effective=None, revives=False):
    writer = PlaceWriter(session, level=level, effective=effective, source="test", revives=revives)
    return [writer.write(change) for change in changes]


def key(session, level, code):
    return find_place(session, LOCAL_STEWARD, level=level, code=code).id


@pytest.fixture
def town(db):
    """One station; two communities with two grids each."""
    with db.write() as session:
        write(session, "station", PlaceChange("S1", "station"))
        station = key(session, "station", "S1")
        write(
            session,
            "community",
            PlaceChange("C1", "community", station_id=station),
            PlaceChange("C2", "community"),
        )
        for k in range(4):
            parent = key(session, "community", f"C{k // 2 + 1}")
            shape = shapely.box(97 + k, 33, 98 + k, 34)
            write(
                session,
                "grid",
                PlaceChange(f"G{k}", "base", parent_id=parent, geometry=shape, household_count=k),
            )
    return db


def viewer_of(*areas):
    return Viewer("somebody", Role.OFFICER, DisplayLevel.INTERNAL, areas)


def codes(records, level):
    return sorted(r.code for r in records if r.level == level)


def test_a_viewer_sees_the_own_area_what_is_below_and_what_is_above(town):
    with town.read() as session:
        seen = list_places(session, viewer_of("C1"))
        tree = place_tree(session, viewer_of("C1"))
    assert codes(seen, "grid") == ["G0", "G1"]
    assert codes(seen, "community") == ["C1"]
    assert codes(seen, "station") == ["S1"]
    assert {tree.records[k].code for k in tree.own} == {"C1", "G0", "G1"}


def test_a_station_sees_what_it_looks_after(town):
    with town.read() as session:
        seen = list_places(session, viewer_of("S1"))
    assert codes(seen, "grid") == ["G0", "G1"]


def test_a_viewer_of_nothing_known_sees_nothing(town):
    with town.read() as session:
        assert list_places(session, viewer_of("elsewhere")) == ()
        with pytest.raises(RecordNotFound):
            find_place(session, viewer_of("C2"), level="grid", code="G0")


def test_station_and_ancestors_come_from_above(town):
    with town.read() as session:
        tree = place_tree(session, LOCAL_STEWARD)
        grids = tree.by_code("grid")
    assert tree.station_code(grids["G0"].id) == "S1"
    assert tree.station_code(grids["G2"].id) is None
    assert tree.ancestors(grids["G2"].id)["community"].code == "C2"


def test_a_dated_change_makes_a_second_version_and_both_are_readable(town):
    with town.write() as session:
        done = write(session, "grid", PlaceChange("G0", "base", household_count=77), effective=DAY)
    assert done == [Written.UPDATED]
    with town.read() as session:
        before = find_place(
            session, LOCAL_STEWARD, level="grid", code="G0", as_of=date(2024, 4, 30)
        )
        after = find_place(session, LOCAL_STEWARD, level="grid", code="G0", as_of=DAY)
        days = (date(2024, 4, 30), DAY)
        shapes = [shapes_of(session, [after.id], as_of=day)[after.id] for day in days]
        assert boundary_dates(session, level="grid") == (DAY,)
        assert boundary_dates(session, level="community") == ()
    assert (before.household_count, before.valid_to) == (0, DAY)
    assert (after.household_count, after.valid_from, after.valid_to) == (77, DAY, None)
    assert shapes[0].equals(shapes[1])
    assert after.parent_code == "C1"


def test_a_version_between_two_others_keeps_the_later_one(town):
    with town.write() as session:
        write(session, "grid", PlaceChange("G0", "base", household_count=9), effective=DAY)
        early = date(2020, 1, 1)
        write(session, "grid", PlaceChange("G0", "base", household_count=5), effective=early)
    with town.read() as session:
        counts = [
            find_place(session, LOCAL_STEWARD, level="grid", code="G0", as_of=day).household_count
            for day in (date(2019, 1, 1), early, date(2024, 4, 30), DAY)
        ]
    assert counts == [0, 5, 5, 9]


def test_outcomes_that_write_nothing(town):
    with town.write() as session:
        write(session, "grid", PlaceChange("NEW", "base"), effective=date(2030, 1, 1))
        assert write(
            session, "grid", PlaceChange("NEW", "base", household_count=1), effective=DAY
        ) == [Written.LATER_VERSION]
        assert write(session, "grid", PlaceChange("G0", "micro")) == [Written.OTHER_KIND]
        assert write(session, "grid", PlaceChange("NEW", "base", household_count=3)) == [
            Written.HAS_HISTORY
        ]


def test_a_code_that_another_place_once_bore_is_never_given_again(town):
    with town.write() as session:
        place = session.get(Place, key(session, "grid", "G3"))
        old = next(row for row in session.query(PlaceCode) if row.code == "G3")
        old.valid_to = DAY
        place.code = "G33"
        session.add(PlaceCode(place_id=place.id, level="grid", code="G33", valid_from=DAY))
        session.flush()
        assert write(session, "grid", PlaceChange("G3", "base"), effective=DAY) == [
            Written.RETIRED_CODE
        ]
    with town.read() as session:
        assert [p.code for p in code_history(session, LOCAL_STEWARD, code="G33")] == ["G3", "G33"]
        before = list_places(session, LOCAL_STEWARD, level="grid", as_of=date(2024, 1, 1))
        after = list_places(session, LOCAL_STEWARD, level="grid", as_of=DAY)
    assert "G3" in [r.code for r in before]
    assert "G33" in [r.code for r in after]
    assert len(before) == len(after) == 4


def test_the_store_itself_refuses_two_versions_at_once(town):
    with pytest.raises(IntegrityError), town.write() as session:
        session.add(Boundary(place_id=key(session, "grid", "G0"), valid_from=DAY))


def test_end_covered_spares_what_keeps_most_of_its_ground(town):
    with town.write() as session:
        writer = PlaceWriter(session, level="grid", effective=DAY, source="test")
        area = shapely.box(97, 33, 98.4, 34)
        assert writer.end_covered("base", {"N"}, [area]) == ("G0",)
    with town.read() as session:
        left = list_places(session, LOCAL_STEWARD, level="grid", as_of=DAY)
    assert [r.code for r in left] == ["G1", "G2", "G3"]
