"""Counts on a plan's grids add up to those of today, also where the plan has a scope."""

from datetime import date

import pytest

from data.analysis.grids_of import count_on
from data.analysis.plan_counting import whole_grids
from data.counting import EventFilter, count
from data.errors import RecordNotFound
from data.grids_of import GridsOf, plan_number
from data.planning.drawing import draw
from data.planning.opening import Begin, FromDay, begin_plan
from data.repositories.plan_writes import Turn
from data.viewer import LOCAL_STEWARD
from data.vocabulary import EventLayer, PlaceLevel
from geo.edits.values import Merge
from tests.dashboard import plan_town

DAY = date(2026, 6, 1)


@pytest.fixture
def town(db):
    return plan_town.fill(db)


def counted(database, number, level=PlaceLevel.GRID, layer=EventLayer.INCIDENTS):
    with database.read() as session:
        return count_on(
            session, LOCAL_STEWARD, layer, GridsOf(f"plan:{number}"), level=level,
            wanted=EventFilter(), today=DAY,
        )[0]  # fmt: skip


@pytest.mark.parametrize(
    ("text", "number"),
    [("plan:3", 3), ("plan:", None), ("plan:x", None), ("today", None), ("plan:-1", None)],
)
def test_a_plan_is_named_by_its_number(text, number):
    assert plan_number(text) == number


@pytest.mark.parametrize("layer", [EventLayer.INCIDENTS, EventLayer.HAZARDS])
def test_the_total_is_that_of_today_to_the_last_record(town, layer):
    number = plan_town.draft(town)
    found = counted(town, number, layer=layer)
    with town.read() as session:
        today = count(
            session, LOCAL_STEWARD, layer, level=PlaceLevel.GRID, wanted=EventFilter(), today=DAY
        )
    assert sum(unit.n for unit in found.units) + found.outside + found.unlocated == found.total
    assert (found.total, found.outside, found.unlocated) == (
        today.total, today.outside, today.unlocated,
    )  # fmt: skip
    assert [unit.code for unit in found.units] == ["a1", "a2", "a5", "b1"]
    assert sum(unit.base for unit in found.units) == 4000
    assert found.as_of == f"plan:{number}"


def test_communities_add_up_their_new_grids(town):
    found = counted(town, plan_town.draft(town), PlaceLevel.COMMUNITY)
    assert {unit.code: (unit.n, unit.base) for unit in found.units} == {
        "A": (7, 2000), "B": (2, 2000),
    }  # fmt: skip


def test_a_plan_of_one_community_leaves_the_others_as_they_are(town):
    plan = begin_plan(town, plan_town.CHIEF, FromDay(scope_code="B"), Begin("B only", plan_town.AT))
    turn = Turn(plan.id, plan.version, plan_town.AT)
    draw(town, plan_town.CHIEF, turn, Merge(("b1", "b2"), "b1"))
    with town.read() as session:
        grids = whole_grids(session, LOCAL_STEWARD, plan.id, as_of=DAY)
    assert list(grids.index) == ["a1", "a2", "b1"]
    assert grids["community_code"].tolist() == ["A", "A", "B"]
    assert grids["station_code"].tolist() == ["P", "P", "P"]
    assert {unit.code: unit.n for unit in counted(town, plan.id).units} == {
        "a1": 6, "a2": 1, "b1": 2,
    }  # fmt: skip


def test_a_plan_that_is_not_there_is_refused(town):
    with pytest.raises(RecordNotFound, match="no_such_plan"):
        counted(town, 99)
