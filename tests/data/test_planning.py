"""Plans of boundaries on both stores: begin, draw, undo, conflict, approve, publish, roll back."""

import hashlib
from datetime import UTC, date, datetime, timedelta

import geopandas as gpd
import pytest
import shapely
from sqlalchemy import select

from data.analysis.crosswalk import crosswalk as asked_crosswalk
from data.analysis.impact import impact_of
from data.database import bump_revision
from data.errors import AccessRefused, DataError, PlanConflict, RecordNotFound
from data.frames import grids_frame
from data.models import Appointment, Boundary, Building, OfficeHolder, Place, PlaceCode, Post
from data.planning import drawing
from data.planning.drawing import dismiss, draw, rebase, redo, take_up, undo
from data.planning.opening import (
    Begin,
    FromDay,
    FromFrame,
    FromPlan,
    begin_plan,
    open_plan,
    summary_of,
)
from data.planning.publishing import (
    check_plan,
    plan_crosswalk,
    plan_warnings,
    publish,
    roll_back,
)
from data.repositories.audit import is_intact, latest
from data.repositories.place_writes import PlaceChange, PlaceWriter
from data.repositories.places import code_history, find_place, list_places
from data.repositories.plan_notes import close_comment, comment
from data.repositories.plan_writes import Turn, approve, describe, reopen, withdraw
from data.repositories.plans import (
    PlanStatus,
    base_changes,
    crosswalk,
    find_plan,
    list_asides,
    list_edits,
    list_notes,
    list_plans,
    nearest_snapshot,
    published_changes,
)
from data.repositories.registers import buildings
from data.viewer import LOCAL_STEWARD, DisplayLevel, Role, Viewer
from data.vocabulary import BuildingKind
from geo.edits.refusal import EditRefused
from geo.edits.renumbering import reading_order, renumbering
from geo.edits.values import Lock, Merge, Rename, Renumber, Split, Transfer

AT = datetime(2026, 6, 1, 2, 0, tzinfo=UTC)
MONDAY = date(2026, 6, 8)
PLANNER = Viewer("planner-1", Role.PLANNER, DisplayLevel.INTERNAL)
OTHER = Viewer("planner-2", Role.PLANNER, DisplayLevel.INTERNAL)
CHIEF = Viewer("chief", Role.STEWARD, DisplayLevel.ADMIN)
SIDE = 0.01
HOUSEHOLDS = 2 * (100 + 101 + 102 + 103)


def corner(column, row):
    return 97 + column * SIDE, 33 + row * SIDE


def square(column, row, width=1):
    return shapely.box(*corner(column, row), *corner(column + width, row + 1))


def key(session, level, code):
    return find_place(session, LOCAL_STEWARD, level=level, code=code).id


def fill(database, columns=4, rows=2):
    """Two communities side by side, `columns * rows` square grids, a post at G00."""
    with database.write() as session:
        writer = PlaceWriter(session, level="station", effective=None, source="t")
        writer.write(PlaceChange("S1", "station"))
        station = key(session, "station", "S1")
        writer = PlaceWriter(session, level="community", effective=None, source="t")
        for code in ("C0", "C1"):
            writer.write(PlaceChange(code, "community", station_id=station))
        parents = [key(session, "community", code) for code in ("C0", "C1")]
        writer = PlaceWriter(session, level="grid", effective=None, source="t")
        changes = [
            PlaceChange(
                f"G{row}{column}" if columns < 10 else f"G{row:02}{column:02}",
                "base",
                name=f"grid {row}{column}",
                parent_id=parents[column * 2 // columns],
                station_id=station,
                household_count=100 + column,
                resident_count=300,
                geometry=square(column, row),
                area_m2=1.0,
            )
            for row in range(rows)
            for column in range(columns)
        ]
        assert {str(written) for written in writer.write_all(changes)} == {"inserted"}
        seat = key(session, "grid", changes[0].code)
        post = Post(place_id=seat, position="beat_officer", title="beat 1")
        holder = OfficeHolder(source="t", external_id="1", kind="police", title="Officer 01")
        session.add_all([post, holder])
        session.flush()
        session.add(
            Appointment(
                source="t", external_id="a", office_holder_id=holder.id, post_id=post.id,
                since=date(2020, 1, 1),
            )
        )  # fmt: skip
        bump_revision(session, "places")
    return database


@pytest.fixture
def town(db):
    return fill(db)


def begin(database, start=None, name="draft one", viewer=PLANNER, **changes):
    return begin_plan(database, viewer, start or FromDay(), Begin(name, AT, **changes))


def turn(plan, minutes=0, version=None):
    return Turn(plan.id, version or plan.version, AT + timedelta(minutes=minutes))


def half(column, row):
    """The eastern half of a grid."""
    return shapely.box(*corner(column + 0.5, row), *corner(column + 1, row + 1))


def cut(column, row, share=0.25):
    """A line from south to north through a grid."""
    x = 97 + (column + share) * SIDE
    return ((x, 33 + (row - 0.1) * SIDE), (x, 33 + (row + 1.1) * SIDE))


def opened(database, plan, viewer=PLANNER):
    with database.read() as session:
        return open_plan(session, viewer, plan.id)


def approved(database, plan, viewer=CHIEF):
    with database.write() as session:
        return approve(session, viewer, turn(plan))


def frame_digest(database, day):
    with database.read() as session:
        frame = grids_frame(session, LOCAL_STEWARD, as_of=day)
    taken = hashlib.sha256()
    for row in frame.itertuples():
        words = (row.grid_code, row.name, row.parent_code, row.households, row.residents)
        taken.update(repr(words).encode() + shapely.to_wkb(row.geometry))
    return taken.hexdigest()


# -- drawing, undo, redo


def test_edits_are_logged_and_undone_bit_for_bit(town):
    plan = begin(town, note="first try")
    start = opened(town, plan).tiling.digest()
    first = draw(town, PLANNER, turn(plan), Transfer.of("G00", "G01", half(0, 0)))
    assert {moved.giver for moved in first.report.moved} == {"G00"}
    second = draw(
        town, PLANNER, turn(first.opened.plan, 1), Split("G10", cut(1 - 1, 1), "N1", "new one"),
        opened=first.opened,
    )  # fmt: skip
    third = draw(town, PLANNER, turn(second.opened.plan, 2), Rename("N1", "north"))
    again = opened(town, plan)
    assert again.plan.head == 3
    assert again.tiling.digest() == third.opened.tiling.digest()
    assert sum(again.tiling.counts["households"].values()) == HOUSEHOLDS
    assert again.tiling.names["N1"] == "north"
    back = undo(town, PLANNER, turn(again.plan, 3), steps=2)
    assert back.tiling.digest() == first.opened.tiling.digest()
    with pytest.raises(DataError, match="plan_nothing_to_undo"):
        undo(town, PLANNER, turn(back.plan), steps=2)
    ahead = redo(town, PLANNER, turn(back.plan, 4))
    assert ahead.tiling.digest() == second.opened.tiling.digest()
    begun = undo(town, PLANNER, turn(ahead.plan, 5), steps=2)
    assert begun.tiling.digest() == start
    with pytest.raises(DataError, match="plan_nothing_to_redo"):
        redo(town, PLANNER, turn(begun.plan), steps=4)


def test_an_edit_after_an_undo_leaves_the_branch_in_the_log(town):
    plan = begin(town)
    for name in ("a", "b", "c"):
        plan = draw(town, PLANNER, turn(plan), Rename("G00", name)).opened.plan
    plan = undo(town, PLANNER, turn(plan), steps=2).plan
    plan = draw(town, OTHER, turn(plan, 9), Rename("G00", "d")).opened.plan
    with town.read() as session:
        every = list_edits(session, PLANNER, plan.id, with_left=True)
        summary = summary_of(session, PLANNER, plan.id)
    told = [(e.number, e.position, e.is_left, e.edit["name"]) for e in every]
    assert told == [(1, 1, False, "a"), (2, 2, True, "b"), (3, 3, True, "c"), (4, 2, False, "d")]
    assert (plan.head, plan.log_head) == (2, 2)
    assert summary.kinds == {"rename": 2}
    assert summary.authors == ("planner-1", "planner-2")
    with pytest.raises(DataError, match="plan_nothing_to_redo"):
        redo(town, PLANNER, turn(plan))


def test_a_long_log_opens_from_a_snapshot_to_the_same_grids(town, monkeypatch):
    monkeypatch.setattr(drawing, "SNAPSHOT_EVERY", 5)
    plan, last = begin(town), None
    for number in range(8):
        edit = Rename("G00", f"name {number}") if number else Transfer.of("G00", "G01", half(0, 0))
        last = draw(town, PLANNER, turn(plan), edit, opened=last).opened
        plan = last.plan
    with town.read() as session:
        assert nearest_snapshot(session, plan.id, 8)[0] == 5
        assert nearest_snapshot(session, plan.id, 4) is None
    assert opened(town, plan).tiling.digest() == last.tiling.digest()
    earlier = undo(town, PLANNER, turn(plan), steps=4)
    assert earlier.tiling.names["G00"] == "name 3"
    plan = draw(town, PLANNER, turn(earlier.plan), Rename("G00", "other")).opened.plan
    assert opened(town, plan).tiling.names["G00"] == "other"  # the snapshot left is not used


# -- two planners at once


def test_who_saves_second_is_told_and_keeps_the_drawing(town):
    plan = begin(town)
    mine = opened(town, plan)
    draw(town, OTHER, turn(plan, 1), Rename("G01", "theirs"))
    edit = Transfer.of("G00", "G01", half(0, 0))
    with pytest.raises(PlanConflict) as refusal:
        draw(town, PLANNER, turn(plan, 2), edit, opened=mine)
    told = refusal.value.fields
    assert (refusal.value.code, told["yours"], told["current"]) == ("plan_changed", 1, 2)
    assert (told["by"], told["at"], told["action"]) == (
        "planner-2",
        AT + timedelta(minutes=1),
        "edit",
    )
    assert [(e["kind"], e["grids"], e["by"]) for e in told["edits"]] == [
        ("rename", ("G01",), "planner-2")
    ]
    with town.read() as session:
        (aside,) = list_asides(session, OTHER, plan.id)
    assert (aside.id, aside.author, aside.reason) == (told["aside"], "planner-1", "plan_changed")
    now = opened(town, plan)
    assert now.tiling.names["G01"] == "theirs"
    drawn = take_up(town, PLANNER, aside.id, turn(now.plan, 3))
    assert drawn.report.moved[0].taker == "G01"
    with pytest.raises(DataError, match="aside_is_closed"):
        take_up(town, PLANNER, aside.id, turn(drawn.opened.plan, 4))
    with town.read() as session:
        assert list_asides(session, PLANNER, plan.id) == ()
        assert [a.state for a in list_asides(session, PLANNER, plan.id, state=None)] == ["applied"]


def test_a_refused_drawing_is_kept_until_it_is_dismissed(town):
    plan = begin(town)
    with pytest.raises(EditRefused) as refusal:
        draw(town, PLANNER, turn(plan), Merge(("G00", "G13"), "G00"))
    with town.read() as session:
        (aside,) = list_asides(session, PLANNER, plan.id)
    assert aside.id == refusal.value.fields["aside"]
    assert aside.reason == refusal.value.code
    assert aside.edit["kind"] == "merge"
    with pytest.raises(EditRefused):
        draw(town, PLANNER, turn(plan), Merge(("G00", "G12"), "G00"))
    with town.read() as session:
        (aside,) = list_asides(session, PLANNER, plan.id)  # only the last of one's own attempts
    assert aside.edit["codes"] == ["G00", "G12"]
    dismiss(town, PLANNER, aside.id, turn(plan))
    with pytest.raises(DataError, match="aside_is_closed"):
        dismiss(town, PLANNER, aside.id, turn(plan))
    assert opened(town, plan).plan.version == plan.version
    with town.read() as session, pytest.raises(RecordNotFound, match="no_such_aside"):
        take_up(town, PLANNER, 99, turn(plan))


# -- where plans begin


def test_plans_begin_from_a_day_a_file_a_plan_and_within_a_place(town):
    frame = gpd.GeoDataFrame(
        {"grid_code": ["G00", "X1"], "households": [7, None]},
        geometry=[square(0, 0, 2), square(2, 0, 2)],
        crs="EPSG:4326",
    )
    from_file = begin(town, FromFrame(frame, "new.geojson", "C0"), "from a file")
    base = opened(town, from_file)
    assert base.tiling.codes == ("G00", "X1")
    assert base.tiling.counts["households"] == {"G00": 7}
    assert base.tiling.parents == {"G00": "C0"}  # X1 lies in another place than the scope
    assert (from_file.base_kind, from_file.file_name) == ("file", "new.geojson")
    scoped = begin(town, FromDay(scope_code="C1"), "one community")
    assert opened(town, scoped).tiling.codes == ("G02", "G03", "G12", "G13")
    drawn = draw(town, PLANNER, turn(scoped), Lock(("G02",)))
    copy = begin(town, FromPlan(scoped.id), "copy", is_template=True)
    assert copy.is_template
    assert copy.source_plan_id == scoped.id
    assert copy.head == 1
    assert opened(town, copy).tiling.digest() == drawn.opened.tiling.digest()
    earlier = begin(town, FromDay(date(2020, 1, 1)), "then")
    assert (earlier.base_kind, earlier.base_on) == ("day", date(2020, 1, 1))
    with town.read() as session:
        names = [p.name for p in list_plans(session, PLANNER)]
        templates = [p.name for p in list_plans(session, PLANNER, is_template=True)]
        near = Viewer("x", Role.PLANNER, DisplayLevel.INTERNAL, ("C1",))
        assert [p.name for p in list_plans(session, near)] == ["copy", "one community"]
        with pytest.raises(RecordNotFound, match="no_such_plan"):
            find_plan(session, near, earlier.id)
    assert sorted(names) == ["copy", "from a file", "one community", "then"]
    assert templates == ["copy"]


def test_what_cannot_begin_is_said(town):
    with pytest.raises(DataError, match="plan_without_name"):
        begin(town, name="  ")
    with pytest.raises(RecordNotFound, match="plan_scope_unknown"):
        begin(town, FromDay(scope_code="C9"))
    with pytest.raises(AccessRefused, match="plan_role_refused"):
        begin(town, viewer=Viewer("o", Role.OFFICER, DisplayLevel.INTERNAL))
    with pytest.raises(AccessRefused, match="plan_scope_refused"):
        begin(town, viewer=Viewer("o", Role.PLANNER, DisplayLevel.INTERNAL, ("C0",)))
    empty = gpd.GeoDataFrame({"grid_code": ["a"]}, geometry=[shapely.Point(1, 1)], crs="EPSG:4326")
    with pytest.raises(DataError, match="plan_file_not_areas"):
        begin(town, FromFrame(empty, "x"))
    twice = gpd.GeoDataFrame(
        {"grid_code": ["a", "a"]}, geometry=[square(0, 0), square(1, 0)], crs="EPSG:4326"
    )
    with pytest.raises(DataError, match="plan_file_repeats_codes"):
        begin(town, FromFrame(twice, "x"))
    plan = begin(town, name="call 13800138000", note="ID 110101199003074514")
    assert "13800138000" not in plan.name
    assert "110101199003074514" not in plan.note


def test_comments_locks_and_names(town):
    plan = begin(town)
    with town.write() as session:
        first = comment(session, PLANNER, plan.id, text="why so small?", grid_code="G01", at=AT)
        comment(session, OTHER, plan.id, text="fine", grid_code=None, at=AT)
        close_comment(session, OTHER, first, at=AT)
        with pytest.raises(DataError, match="plan_note_empty"):
            comment(session, OTHER, plan.id, text=" ", grid_code=None, at=AT)
        with pytest.raises(RecordNotFound, match="no_such_note"):
            close_comment(session, OTHER, 99, at=AT)
        plan = describe(session, PLANNER, turn(plan), name="b", note="", is_template=False)
    with town.read() as session:
        assert [n.note for n in list_notes(session, PLANNER, plan.id)] == ["fine"]
        assert len(list_notes(session, PLANNER, plan.id, with_closed=True)) == 2
    locked = draw(town, PLANNER, turn(plan), Lock(("G00",)))
    with pytest.raises(EditRefused, match="grid_locked"):
        draw(town, PLANNER, turn(locked.opened.plan), Transfer.of("G00", "G01", half(0, 0)))


# -- approving


def test_a_second_person_approves(town):
    plan = begin(town)
    plan = draw(town, PLANNER, turn(plan), Rename("G00", "a")).opened.plan
    with town.write() as session:
        with pytest.raises(AccessRefused, match="plan_own_approval"):
            approve(session, PLANNER, turn(plan))
        with pytest.raises(PlanConflict, match="plan_changed"):
            approve(session, CHIEF, turn(plan, version=1))
    plan = approved(town, plan)
    assert (plan.status, plan.approved_by) == (PlanStatus.APPROVED, "chief")
    with pytest.raises(DataError, match="plan_not_draft"):
        draw(town, PLANNER, turn(plan), Rename("G00", "b"))
    with town.write() as session:
        plan = reopen(session, PLANNER, turn(plan))
        assert plan.approved_by is None
        plan = withdraw(session, PLANNER, turn(plan), reason="not needed")
    assert plan.status is PlanStatus.WITHDRAWN
    with pytest.raises(DataError, match="plan_not_approved"):
        publish(town, CHIEF, turn(plan), effective_on=MONDAY)


# -- publishing


def redraw(database, plan):
    """Move half of G00 to G01, split G12, merge G02 and G03 into G02."""
    for edit in (
        Transfer.of("G00", "G01", half(0, 0)),
        Split("G12", cut(2, 1), "N1", "new one"),
        Merge(("G02", "G03"), "G02"),
    ):
        plan = draw(database, PLANNER, turn(plan), edit).opened.plan
    return plan


def test_publishing_changes_the_grids_from_the_day_on_and_keeps_the_past(town):
    before = frame_digest(town, MONDAY)
    plan = approved(town, redraw(town, begin(town)))
    wanted = opened(town, plan).tiling
    revisions = town.revisions()
    done = publish(town, CHIEF, turn(plan), effective_on=MONDAY)
    # the half's corner is a new vertex of G10's straight edge too
    assert done.changed == ("G00", "G01", "G02", "G10", "G12")
    assert (done.added, done.retired) == (("N1",), ("G03",))
    assert done.orphans == ()
    assert town.revisions()["places"] == revisions["places"] + 1
    assert town.revisions()["plans"] == revisions["plans"] + 1
    assert frame_digest(town, MONDAY - timedelta(days=1)) == before
    with town.read() as session:
        frame = grids_frame(session, LOCAL_STEWARD, as_of=MONDAY)
        places = {
            p.code: p for p in list_places(session, LOCAL_STEWARD, as_of=MONDAY, level="grid")
        }
        history = {p.code: (p.valid_from, p.valid_to) for p in code_history(session, LOCAL_STEWARD)}
        walk = {(r.old_code, r.new_code): r for r in crosswalk(session, PLANNER, plan.id)}
        assert is_intact(session)
        assert latest(session, CHIEF, limit=1)[0].action == "plan_publish"
        (change,) = published_changes(session, PLANNER)
    assert tuple(frame["grid_code"]) == wanted.codes
    for row in frame.itertuples():
        assert shapely.to_wkb(row.geometry) == shapely.to_wkb(
            shapely.multipolygons([wanted.shape(row.grid_code)])
            if wanted.shape(row.grid_code).geom_type == "Polygon"
            else wanted.shape(row.grid_code)
        )
    assert places["N1"].station_code == "S1"
    assert places["N1"].parent_code == "C1"
    assert places["G00"].estimated == ("households", "residents")
    assert places["G10"].estimated == ()
    assert int(frame["households"].sum()) == HOUSEHOLDS
    assert history["G03"] == (None, MONDAY)
    assert history["N1"] == (MONDAY, None)
    assert walk["G00", "G01"].area_share == pytest.approx(0.5, abs=1e-6)
    assert walk["G00", "G01"].household_share == pytest.approx(0.5, abs=1e-6)
    assert walk["G00", "G01"].is_estimated
    assert (walk["G03", "G02"].area_share, walk["G03", "G02"].household_share) == (1.0, 1.0)
    assert not walk["G03", "G02"].is_estimated
    assert walk["G10", "G10"].area_share == 1.0
    assert ("G11", "G11") not in walk
    totals = {}
    for (old, _), row in walk.items():
        totals[old] = totals.get(old, 0.0) + row.area_share
    assert totals == {old: pytest.approx(1.0, abs=1e-12) for old in totals}
    assert (change.plan_id, change.effective_on) == (plan.id, MONDAY)
    with pytest.raises(DataError, match="plan_is_published"), town.write() as session:
        withdraw(session, PLANNER, turn(done.plan))


def test_publishing_the_former_grids_rolls_a_plan_back(town):
    before = frame_digest(town, MONDAY)
    plan = approved(town, redraw(town, begin(town)))
    with pytest.raises(DataError, match="plan_not_published"):
        roll_back(town, PLANNER, plan.id, Begin("back", AT))
    publish(town, CHIEF, turn(plan), effective_on=MONDAY)
    back = roll_back(town, PLANNER, plan.id, Begin("back", AT))
    assert back.source_plan_id == plan.id
    back = approved(town, back)
    later = MONDAY + timedelta(days=7)
    with pytest.raises(DataError, match="plan_spans_overlap"):
        publish(town, CHIEF, turn(back), effective_on=MONDAY)
    done = publish(town, CHIEF, turn(back), effective_on=later)
    assert "N1" in done.retired
    assert "G03" in done.changed
    assert frame_digest(town, later) == before
    assert frame_digest(town, MONDAY) != before
    again = begin(town, name="again")
    assert "N1" in opened(town, again).tiling.retired
    with pytest.raises(EditRefused, match="code_retired"):
        draw(town, PLANNER, turn(again), Split("G12", cut(2, 1), "N1", "x"))


def test_a_vanished_grids_post_is_listed_and_not_ended(town):
    plan = draw(town, PLANNER, turn(begin(town)), Merge(("G00", "G01"), "G01")).opened.plan
    done = publish(town, CHIEF, turn(approved(town, plan)), effective_on=MONDAY)
    (orphan,) = done.orphans
    assert (orphan.kind, orphan.grid_code, orphan.title) == ("post", "G00", "beat 1")
    assert orphan.holders == ("Officer 01",)
    with town.read() as session:
        assert session.scalars(select(Appointment.until)).all() == [None]


def test_new_numbers_keep_the_place_and_its_post(town):
    edit = Renumber((("G00", "K1"), ("G10", "K2")))
    drawn = draw(town, PLANNER, turn(begin(town)), edit)
    with town.read() as session:
        was = key(session, "grid", "G00")
        rows = plan_crosswalk(session, PLANNER, drawn.opened)
    assert [(r.old_code, r.new_code, r.area_share, r.household_share) for r in rows] == [
        ("G00", "K1", 1.0, 1.0),
        ("G10", "K2", 1.0, 1.0),
    ]
    done = publish(town, CHIEF, turn(approved(town, drawn.opened.plan)), effective_on=MONDAY)
    assert done.renumbered == (("G00", "K1"), ("G10", "K2"))
    assert (done.added, done.orphans) == ((), ())
    with town.read() as session:
        place = find_place(session, LOCAL_STEWARD, level="grid", code="K1", as_of=MONDAY)
        earlier = find_place(
            session, LOCAL_STEWARD, level="grid", code="G00", as_of=MONDAY - timedelta(days=1)
        )
        rows = session.execute(
            select(PlaceCode.code, PlaceCode.valid_from, PlaceCode.valid_to)
            .where(PlaceCode.place_id == was)
            .order_by(PlaceCode.id)
        ).all()
    assert place.id == earlier.id == was
    assert [tuple(row) for row in rows] == [("G00", None, MONDAY), ("K1", MONDAY, None)]
    back = roll_back(town, PLANNER, done.plan.id, Begin("back", AT))
    later = MONDAY + timedelta(days=7)
    publish(town, CHIEF, turn(approved(town, back)), effective_on=later)
    with town.read() as session:
        for day, code in ((MONDAY, "K1"), (later, "G00"), (date(2020, 1, 1), "G00")):
            place = find_place(session, LOCAL_STEWARD, level="grid", code=code, as_of=day)
            assert place.id == was


def test_a_code_is_never_given_to_another_grid(town):
    with pytest.raises(DataError, match="plan_code_taken"):
        draw(town, PLANNER, turn(begin(town)), Renumber((("G00", "G01"), ("G01", "G00"))))
    swapped = begin(town)
    swapped = draw(town, PLANNER, turn(swapped), Renumber((("G00", "Z"),))).opened.plan
    back = draw(town, PLANNER, turn(swapped), Rename("Z", "other")).opened
    assert back.tiling.names["Z"] == "other"


def test_past_days_need_a_reason(town):
    plan = approved(town, redraw(town, begin(town)))
    past = date(2026, 3, 1)
    with pytest.raises(DataError, match="plan_reason_required"):
        publish(town, CHIEF, turn(plan), effective_on=past)
    done = publish(town, CHIEF, turn(plan), effective_on=past, reason="decided in March")
    assert (done.plan.effective_on, done.plan.reason) == (past, "decided in March")
    with town.read() as session:
        found = session.scalars(select(Boundary.valid_to).where(Boundary.valid_to.is_not(None)))
        assert set(found) == {past}


def test_a_plan_on_grids_that_changed_is_refused_and_can_be_rebased(db):
    town = fill(db, rows=4)
    first = approved(town, redraw(town, begin(town, name="first")))
    second = begin(town, name="second")
    second = draw(town, PLANNER, turn(second), Transfer.of("G30", "G31", half(0, 3))).opened.plan
    third = begin(town, name="third")
    third = draw(town, PLANNER, turn(third), Rename("G00", "mine")).opened.plan
    publish(town, CHIEF, turn(first), effective_on=MONDAY)
    with pytest.raises(DataError) as refusal:
        draw(town, PLANNER, turn(second), Rename("G30", "x"))
    told = refusal.value.fields
    assert refusal.value.code == "plan_base_changed"
    assert told["gone"] == ("G03",)
    assert told["added"] == ("N1",)
    assert told["shape"] == ("G00", "G01", "G02", "G10", "G12", "G22")
    assert told["others"] == ("first",)
    assert told["aside"] > 0
    with town.write() as session, pytest.raises(DataError, match="plan_base_changed"):
        approve(session, CHIEF, turn(second))
    with pytest.raises(DataError) as refusal:
        rebase(town, PLANNER, turn(third))
    assert (refusal.value.code, refusal.value.fields["codes"]) == ("plan_rebase_blocked", ["G00"])
    moved = rebase(town, PLANNER, turn(second, 9))
    assert "N1" in moved.tiling
    assert moved.plan.head == 1
    with town.read() as session:
        assert base_changes(session, PLANNER, second.id).ground == ()
        log = list_edits(session, PLANNER, second.id, with_left=True)
    assert [(e.number, e.is_left, e.at) for e in log] == [(1, True, AT), (2, False, AT)]
    done = publish(
        town, CHIEF, turn(approved(town, moved.plan)), effective_on=MONDAY + timedelta(days=1)
    )
    assert done.changed == ("G20", "G30", "G31")


def test_a_plan_that_was_approved_before_another_was_published_is_refused(town):
    first = approved(town, redraw(town, begin(town, name="first")))
    drawn = draw(town, PLANNER, turn(begin(town)), Transfer.of("G10", "G11", half(0, 1)))
    second = approved(town, drawn.opened.plan)
    publish(town, CHIEF, turn(first), effective_on=MONDAY)
    with pytest.raises(DataError, match="plan_base_changed"):
        publish(town, CHIEF, turn(second), effective_on=MONDAY)
    with town.read() as session:
        assert find_plan(session, PLANNER, second.id).status is PlanStatus.APPROVED


def test_new_counts_of_a_touched_grid_are_told_and_taken_over(town):
    plan = draw(town, PLANNER, turn(begin(town)), Transfer.of("G00", "G01", half(0, 0))).opened.plan
    with town.write() as session:
        writer = PlaceWriter(session, level="grid", effective=None, source="t")
        writer.write(PlaceChange("G00", "base", household_count=500))
        bump_revision(session, "places")
    plan = approved(town, plan)
    with pytest.raises(DataError) as refusal:
        publish(town, CHIEF, turn(plan), effective_on=MONDAY)
    assert (refusal.value.code, refusal.value.fields["codes"]) == ("plan_counts_changed", ("G00",))
    with town.write() as session:
        plan = reopen(session, PLANNER, turn(plan))
    moved = rebase(town, PLANNER, turn(plan))
    assert moved.tiling.counts["households"]["G00"] == 250
    publish(town, CHIEF, turn(approved(town, moved.plan)), effective_on=MONDAY)


def test_new_faults_are_refused_and_old_ones_are_not(town):
    frame = gpd.GeoDataFrame(
        {"grid_code": ["G00", "G01", "G10", "G11"]},
        geometry=[square(0, 0), square(1, 0, 1.5), square(0, 1), square(1, 1)],
        crs="EPSG:4326",
    )
    plan = begin(town, FromFrame(frame, "bad.geojson", "C0"))
    with town.read() as session:
        check = check_plan(session, PLANNER, open_plan(session, PLANNER, plan.id))
        told = plan_warnings(session, PLANNER, open_plan(session, PLANNER, plan.id), check)
    assert check.faults.counts()["overlap"] == 1  # over G02, which is beyond the scope
    assert told == (("plan_base_not_latest", {"day": "bad.geojson", "count": 1}),)
    with pytest.raises(DataError) as refusal:
        publish(town, CHIEF, turn(approved(town, plan)), effective_on=MONDAY)
    assert refusal.value.code == "plan_new_faults"
    assert refusal.value.fields["codes"] == ["G01", "G02"]
    frame.geometry = [square(0, 0), square(1, 0), square(0, 1), square(1, 1)]
    same = begin(town, FromFrame(frame, "same.geojson", "C0"))
    with pytest.raises(DataError, match="plan_changes_nothing"):
        publish(town, CHIEF, turn(approved(town, same)), effective_on=MONDAY)


def test_a_file_replaces_the_grids_of_its_place(town):
    frame = gpd.GeoDataFrame(
        {"grid_code": ["G00", "X1"], "name": ["one", "two"]},
        geometry=[
            shapely.unary_union([square(0, 0), square(0, 1)]),
            shapely.unary_union([square(1, 0), square(1, 1)]),
        ],
        crs="EPSG:4326",
    )
    plan = approved(town, begin(town, FromFrame(frame, "new.geojson", "C0")))
    done = publish(town, CHIEF, turn(plan), effective_on=MONDAY)
    assert (done.changed, done.added) == (("G00",), ("X1",))
    assert done.retired == ("G01", "G10", "G11")
    with town.read() as session:
        grids = list_places(session, LOCAL_STEWARD, as_of=MONDAY, level="grid")
        walk = crosswalk(session, PLANNER, plan.id)
    assert [g.code for g in grids] == ["G00", "G02", "G03", "G12", "G13", "X1"]
    assert {g.code: g.parent_code for g in grids}["X1"] == "C0"
    assert {(r.old_code, r.new_code): r.area_share for r in walk} == {
        ("G00", "G00"): 1.0, ("G10", "G00"): 1.0, ("G01", "X1"): 1.0, ("G11", "X1"): 1.0,
    }  # fmt: skip


def test_people_of_a_cut_grid_go_with_their_buildings(town):
    """The edit, the impact and the crosswalk share people out by the same houses."""
    with town.write() as session:
        for number, (share, households, residents) in enumerate([(0.2, 30, 60), (0.9, 10, 60)]):
            session.add(
                Building(
                    source="t", external_id=f"b{number}", kind=BuildingKind.RESIDENTIAL.value,
                    household_count=households, resident_count=residents,
                    geom=shapely.Point(97 + share * SIDE, 33 + 0.5 * SIDE),
                )
            )  # fmt: skip
        bump_revision(session, "places")
    plan = begin(town)
    with town.read() as session:
        before = grids_frame(session, PLANNER, as_of=MONDAY)
        houses = buildings(session, PLANNER)
    done = draw(town, PLANNER, turn(plan), Split("G00", cut(0, 0, 0.5), "N1", "new"))
    (moved,) = done.report.moved
    assert (moved.giver, moved.taker) == ("G00", "N1")
    assert moved.counts == {"households": 75, "residents": 150}  # of 100 and 300, the west
    after = done.opened.tiling.frame()
    with town.read() as session:
        people = impact_of(session, PLANNER, before, after, as_of=MONDAY).people
    row = people.set_index("to_grid").loc["N1"]
    assert (row["households"], row["residents"]) == (75, 150)
    rows = asked_crosswalk(before, after, buildings=houses).rows.set_index(["old_code", "new_code"])
    assert rows.loc[("G00", "N1"), "households"] == 75
    assert rows.loc[("G00", "N1"), "basis"] == "buildings"


# -- names are dated


def names_on(database, day):
    with database.read() as session:
        found = list_places(session, LOCAL_STEWARD, as_of=day, level="grid")
    return {place.code: place.name for place in found}


def renamed(database, name, day, code="G00"):
    plan = begin(database, name=f"names {day}")
    plan = draw(database, PLANNER, turn(plan), Rename(code, name)).opened.plan
    return publish(database, CHIEF, turn(approved(database, plan)), effective_on=day)


def test_a_name_holds_from_its_day_and_earlier_days_show_the_former(town):
    sunday, later = MONDAY - timedelta(days=1), MONDAY + timedelta(days=7)
    done = renamed(town, "harbour", MONDAY)
    assert (done.changed, done.added, done.retired) == ((), (), ())
    assert names_on(town, sunday)["G00"] == "grid 00"
    assert names_on(town, MONDAY)["G00"] == "harbour"
    renamed(town, "old harbour", later)
    shown = [names_on(town, day)["G00"] for day in (sunday, MONDAY, later)]
    assert shown == ["grid 00", "harbour", "old harbour"]
    with town.read() as session:
        frame = grids_frame(session, LOCAL_STEWARD, as_of=sunday)
    assert frame.set_index("grid_code")["name"]["G00"] == "grid 00"
    back = roll_back(town, PLANNER, done.plan.id, Begin("back", AT))
    last = later + timedelta(days=7)
    publish(town, CHIEF, turn(approved(town, back)), effective_on=last)
    shown = [names_on(town, day)["G00"] for day in (sunday, MONDAY, later, last)]
    assert shown == ["grid 00", "harbour", "old harbour", "grid 00"]
    assert names_on(town, last)["G01"] == names_on(town, sunday)["G01"] == "grid 01"


def test_a_new_name_does_not_reach_behind_a_later_border(town):
    renamed(town, "harbour", MONDAY)
    plan = begin(town, name="same day")
    plan = draw(town, PLANNER, turn(plan), Rename("G00", "too early")).opened.plan
    with pytest.raises(DataError) as caught:
        publish(town, CHIEF, turn(approved(town, plan)), effective_on=MONDAY)
    assert (caught.value.code, caught.value.fields["codes"]) == ("plan_spans_overlap", ["G00"])


def test_a_dated_import_dates_the_name_and_one_since_ever_does_not(town):
    def brought(name, effective, **more):
        with town.write() as session:
            writer = PlaceWriter(session, level="grid", effective=effective, source="t")
            return str(writer.write(PlaceChange("G00", "base", name=name, **more)))

    assert brought("spelt right", None) == "updated"
    assert names_on(town, date(2020, 1, 1))["G00"] == "spelt right"
    assert brought("harbour", MONDAY) == "updated"
    assert brought("harbour", MONDAY) == "unchanged"
    later = MONDAY + timedelta(days=7)
    assert brought("quay", later, household_count=7) == "updated"
    days = (MONDAY - timedelta(days=1), MONDAY, later)
    assert [names_on(town, day)["G00"] for day in days] == ["spelt right", "harbour", "quay"]


# -- numbers


def test_a_numbering_that_would_swap_gives_fresh_codes_and_can_be_published(town):
    with town.write() as session:
        for row, code in enumerate(("G10", "G00")):
            place = session.scalars(select(Place).where(Place.code == code)).one()
            own = session.scalars(select(PlaceCode).where(PlaceCode.code == code)).one()
            place.code = own.code = f"C0{2 - row:03}"
        bump_revision(session, "places")
    plan = begin(town)
    seen = opened(town, plan)
    with pytest.raises(DataError, match="plan_code_taken"):
        swap = renumbering(seen.tiling, "C0")
        draw(town, PLANNER, turn(plan), swap)
    edit = renumbering(seen.tiling, "C0", given=seen.base.codes)
    assert {new for _, new in edit.codes}.isdisjoint(seen.base.codes)
    drawn = draw(town, PLANNER, turn(plan), edit)
    own = [c for c in drawn.opened.tiling.codes if drawn.opened.tiling.parents[c] == "C0"]
    assert list(reading_order(drawn.opened.tiling, tuple(own))) == sorted(own)
    done = publish(town, CHIEF, turn(approved(town, drawn.opened.plan)), effective_on=MONDAY)
    assert dict(done.renumbered) == dict(edit.codes)
    assert set(done.retired) == {was for was, _ in edit.codes}
    before = set(names_on(town, MONDAY - timedelta(days=1)))
    assert before.isdisjoint(new for _, new in edit.codes)
