"""The hand-made town of four grids with posts, things and a plan: a1 is split, b2 goes into b1."""

from datetime import UTC, date, datetime

import shapely

from data.database import Database, bump_revision
from data.models import Dispute, Hazard, Incident
from data.planning.drawing import draw
from data.planning.opening import Begin, FromDay, begin_plan
from data.planning.publishing import publish
from data.repositories.plan_writes import Turn, approve
from data.viewer import DisplayLevel, Role, Viewer
from geo.edits.values import Merge, Split
from tests import kpi_town as town

AT = datetime(2026, 6, 1, 2, 0, tzinfo=UTC)
MONDAY = date(2026, 6, 8)
PLANNER = Viewer("planner-1", Role.PLANNER, DisplayLevel.INTERNAL)
CHIEF = Viewer("chief", Role.STEWARD, DisplayLevel.ADMIN)
HOSTILE = '=HYPERLINK("http://evil.invalid") <b>:red[x]'


def fill(database):
    """Two communities of two grids, posts, things on both sides of the new borders, two years."""
    with database.write() as session:
        town.staff(session)
        east, west = town.furnish(session, camera=HOSTILE)
        for model, spot, more in (
            (Hazard, east, {"status": "handling", "severity": "major"}),
            (Hazard, west, {"status": "handling"}),
            (Hazard, None, {"status": "handling", "stated_unit": "b2"}),
            (Dispute, town.spot("b2"), {"status": "filed"}),
        ):
            town.event(session, model, "2026-05-01T12:00", geom=spot, **more)
        for day, spots in (
            ("2026-05-02T09:00", (east, east, west, town.spot("a2"), town.spot("b2"))),
            ("2025-05-01T09:00", (east, west, west, town.spot("b1"))),
            ("2026-04-02T09:00", (shapely.Point(95.5, 36.405), None)),
        ):
            for spot in spots:
                town.event(session, Incident, day, geom=spot)
        for name in ("places", "people", "incidents", "hazards", "disputes"):
            bump_revision(session, name)
    return database


def draft(database, name="plan one", viewer=PLANNER):
    """Split a1 in its middle and put b2 into b1; give the plan's number."""
    plan = begin_plan(database, viewer, FromDay(), Begin(name, AT))
    line = ((94.906, 36.39), (94.906, 36.42))
    drawn = draw(database, viewer, Turn(plan.id, plan.version, AT), Split("a1", line, "a5", "new"))
    merge = Merge(("b1", "b2"), "b1")
    draw(database, viewer, Turn(plan.id, drawn.opened.plan.version, AT), merge)
    return plan.id


def published(database, effective_on=MONDAY):
    """The same, approved by another person and published."""
    from data.repositories.plans import find_plan

    number = draft(database)
    with database.write() as session:
        seen = find_plan(session, CHIEF, number)
        approved = approve(session, CHIEF, Turn(number, seen.version, AT))
    publish(database, CHIEF, Turn(number, approved.version, AT), effective_on=effective_on)
    return number


def build(folder, name="plan_town.gpkg"):
    """A new store of one's own."""
    database = Database(str(folder / name))
    database.create_or_migrate()
    return fill(database)
