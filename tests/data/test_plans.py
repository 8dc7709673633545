"""What the store keeps of plans: tables of 0004, append-only logs, copies, shares, estimates."""

from datetime import UTC, date, datetime
from itertools import pairwise

import numpy as np
import pytest
import shapely
from alembic import command
from alembic.config import Config as AlembicConfig
from sqlalchemy import inspect, select, text, update
from sqlalchemy.exc import IntegrityError

from data.analysis.crosswalk import crosswalk as asked_crosswalk
from data.database import MIGRATIONS, Database
from data.errors import PlanConflict
from data.models import (
    SCHEMA_VERSION,
    AuditEntry,
    Boundary,
    Crosswalk,
    Place,
    PlaceCode,
    Plan,
    PlanBase,
    PlanEdit,
    PlanGrid,
)
from data.planning.shares import crosswalk_of_grids, household_flows
from data.planning.states import frame_of_grids
from data.repositories.audit import is_intact
from data.repositories.place_writes import PlaceChange, PlaceWriter
from data.repositories.places import code_history, find_place, place_tree
from data.repositories.plan_bases import (
    BaseSource,
    base_grids,
    changes_between,
    content_key_of,
    key_of,
    save_base,
)
from data.repositories.plan_records import (
    BaseGrid,
    BaseKind,
    DrawnEdit,
    EditRecord,
    PlannedGrid,
)
from data.repositories.plan_writes import NewPlan, Turn, append_edit, create_plan, move_head
from data.repositories.plans import find_plan, list_edits
from data.transfer import copy_store
from data.viewer import LOCAL_STEWARD, DisplayLevel, Role, Viewer

AT = datetime(2026, 6, 1, 2, 0, tzinfo=UTC)
PLANNER = Viewer("planner-1", Role.PLANNER, DisplayLevel.INTERNAL)
TABLES = {
    "plan", "plan_base", "plan_grid", "plan_edit", "plan_snapshot", "plan_note", "plan_aside",
    "crosswalk",
}  # fmt: skip


def grid(code, west=0.0, east=1.0, households=10, **changes):
    shape = shapely.MultiPolygon([shapely.box(97 + west / 100, 33, 97 + east / 100, 33.01)])
    values = {
        "code": code, "name": code, "parent_code": None, "household_count": households,
        "resident_count": None, "estimated": (), "shape": shape,
    }  # fmt: skip
    return BaseGrid(**{**values, **changes})


def planned(base, origin="", **changes):
    values = {name: getattr(base, name) for name in BaseGrid.__dataclass_fields__}
    own = {"origin": origin or base.code, "neighbour": None, "area_m2": 1.0}
    return PlannedGrid(**{**values, **own, **changes})


def edit(number=1, **changes):
    values = {
        "kind": "rename", "codes": ("A",), "edit": {"n": number}, "inverse": {"x": 0.1 + 0.2},
        "outcome": {"lon": 97.30000000000001}, "report": None,
    }  # fmt: skip
    return DrawnEdit(**{**values, **changes})


@pytest.fixture
def plan(db):
    """A store with one plan on two grids."""
    with db.write() as session:
        writer = PlaceWriter(session, level="grid", effective=None, source="t")
        for one in (grid("A"), grid("B", 1, 2)):
            writer.write(PlaceChange(one.code, "base", household_count=10, geometry=one.shape))
        base = save_base(
            session,
            BaseSource(BaseKind.LATEST, date(2026, 6, 1)),
            (grid("A"), grid("B", 1, 2)),
            at=AT,
        )
        new = NewPlan("one", base.id, base.id)
        return create_plan(session, PLANNER, new, at=AT)


def append(database, record, number=1):
    with database.write() as session:
        return append_edit(session, PLANNER, Turn(record.id, record.version, AT), edit(number))


# -- schema


@pytest.fixture(params=["embedded", "served"])
def bare(request, tmp_path):
    """A store without a schema, of either kind."""
    if request.param == "embedded":
        database = Database(str(tmp_path / "old.gpkg"))
        yield database
        database.dispose()
        return
    server = request.getfixturevalue("served_server")
    name = server.fresh()
    database = Database(server.url(name))
    yield database
    database.dispose()
    server.drop(name)


def test_a_store_of_0003_moves_up_with_its_boundaries(bare):
    settings = AlembicConfig()
    settings.set_main_option("script_location", str(MIGRATIONS))
    settings.attributes["database"] = bare
    command.upgrade(settings, "0003")
    assert (bare.schema_version(), bare.is_current()) == ("0003", False)
    with bare.write() as session:
        session.execute(
            text(
                "INSERT INTO place (id, level, kind, code, name, source) "
                "VALUES (1, 'grid', 'base', '001', 'x', 't')"
            )
        )
        session.execute(
            text("INSERT INTO boundary (id, place_id, household_count) VALUES (1, 1, 5)")
        )
    bare.create_or_migrate()
    assert (bare.schema_version(), bare.is_current()) == (SCHEMA_VERSION, True)
    command.check(settings)
    with bare.read() as session:
        assert set(inspect(session.connection()).get_table_names()) >= TABLES
        (row,) = session.scalars(select(Boundary))
        assert (row.household_count, row.attributes) == (5, None)
    with pytest.raises(IntegrityError, match="append-only"), bare.write() as session:
        add_rows(session)
        session.flush()
        session.execute(text("DELETE FROM crosswalk"))


def add_rows(session):
    base = PlanBase(kind="latest", key="k", content_key="k", created_at=AT)
    session.add(base)
    session.flush()
    row = Plan(
        name="p", author="a", status="draft", base_id=base.id, former_id=base.id, created_at=AT,
        changed_at=AT, changed_by="a", last_action="create",
    )  # fmt: skip
    session.add(row)
    session.flush()
    session.add(
        Crosswalk(
            plan_id=row.id, effective_on=date(2026, 6, 8), old_code="A", new_code="B",
            area_share=0.1 + 0.2, is_estimated=True,
        )
    )  # fmt: skip
    return row


@pytest.mark.parametrize(
    "statement",
    [
        "UPDATE crosswalk SET area_share = 0.5",
        "UPDATE plan_edit SET author = 'x'",
        "UPDATE plan_edit SET outcome = edit",
        "DELETE FROM plan_edit",
    ],
)
def test_what_was_drawn_and_published_takes_no_change(db, plan, statement):
    append(db, plan)
    with db.write() as session:
        add_rows(session)
    with pytest.raises(IntegrityError, match="append-only"), db.write() as session:
        session.execute(text(statement))
    with db.write() as session:
        session.execute(update(PlanEdit).values(is_left=True))  # this alone may change


@pytest.mark.parametrize(
    "changes",
    [
        {"status": "lost"},
        {"head": 2},
        {"approved_by": "planner-1"},
        {"status": "published"},
    ],
)
def test_the_store_itself_refuses_an_impossible_plan(db, plan, changes):
    with pytest.raises(IntegrityError), db.write() as session:
        session.execute(update(Plan).where(Plan.id == plan.id).values(**changes))


def test_two_edits_never_stand_at_one_place_of_the_branch(db, plan):
    append(db, plan)
    values = {
        "plan_id": plan.id, "position": 1, "version": 2, "kind": "rename", "codes": [],
        "edit": {}, "inverse": {}, "outcome": {}, "author": "a", "at": AT,
    }  # fmt: skip
    with pytest.raises(IntegrityError), db.write() as session:
        session.add(PlanEdit(number=2, is_left=False, **values))
    with db.write() as session:
        session.add(PlanEdit(number=2, is_left=True, **values))


# -- the log


def test_an_edit_comes_out_as_it_went_in_and_is_audited(db, plan):
    after = append(db, plan)
    assert (after.version, after.head, after.log_head) == (2, 1, 1)
    with db.read() as session:
        (row,) = list_edits(session, PLANNER, plan.id)
        said = session.scalars(select(AuditEntry.action).order_by(AuditEntry.id)).all()
        assert is_intact(session)
    assert (row.edit, row.inverse) == ({"n": 1}, {"x": 0.1 + 0.2})
    assert row.outcome == {"lon": 97.30000000000001}
    assert (row.codes, row.author, row.at) == (("A",), "planner-1", AT)
    assert said == ["plan_create", "plan_edit"]
    assert db.revisions()["plans"] == 2


def test_a_stale_version_is_refused_and_writes_nothing(db, plan):
    append(db, plan)
    with pytest.raises(PlanConflict) as refusal:
        append(db, plan, 2)
    told = refusal.value.fields
    assert (told["yours"], told["current"], told["by"]) == (1, 2, "planner-1")
    assert [each["number"] for each in told["edits"]] == [1]
    with pytest.raises(PlanConflict), db.write() as session:
        move_head(session, PLANNER, Turn(plan.id, 1, AT), -1)
    with db.read() as session:
        assert find_plan(session, PLANNER, plan.id).version == 2
        assert len(list_edits(session, PLANNER, plan.id)) == 1


@pytest.mark.parametrize("is_up", [True, False])
def test_plans_move_to_the_other_store_with_everything(embedded, served, is_up):
    giving, taking = (embedded, served) if is_up else (served, embedded)
    with giving.write() as session:
        base = save_base(session, BaseSource(BaseKind.LATEST), (grid("A"),), at=AT)
        new = NewPlan("one", base.id, base.id)
        first = create_plan(session, PLANNER, new, at=AT)
        again = NewPlan("two", base.id, base.id, source_plan_id=first.id)
        create_plan(session, PLANNER, again, at=AT)
        add_rows(session)
    append(giving, first)
    report = copy_store(giving, taking)
    rows = {proof.table: proof.rows for proof in report.tables if proof.table in TABLES}
    assert rows == {
        "plan": 3, "plan_base": 2, "plan_grid": 1, "plan_edit": 1, "crosswalk": 1,
        "plan_aside": 0, "plan_note": 0, "plan_snapshot": 0,
    }  # fmt: skip
    with taking.read() as session:
        assert base_grids(session, base.id) == (grid("A"),)
        assert is_intact(session)
    append(taking, find_in(taking, first.id), 2)


def find_in(database, plan_id):
    with database.read() as session:
        return find_plan(session, PLANNER, plan_id)


# -- bases


def test_bases_are_shared_while_they_are_the_same(db):
    grids = (grid("A"), grid("B", 1, 2))
    source = BaseSource(BaseKind.LATEST, date(2026, 6, 1))
    with db.write() as session:
        first = save_base(session, source, grids, at=AT)
        assert save_base(session, source, grids[::-1], at=AT).id == first.id
        counted = (grid("A", households=11), grids[1])
        second = save_base(session, source, counted, at=AT)
        assert second.id != first.id
        assert (second.key, second.content_key) != (first.key, first.content_key)
        assert second.key == first.key == key_of(grids)
        assert second.content_key == content_key_of(counted)
        assert base_grids(session, second.id) == counted
        assert len(session.scalars(select(PlanGrid)).all()) == 4


def test_what_changed_since_is_told_by_kind():
    before = (grid("A"), grid("B", 1, 2), grid("C", 2, 3), grid("D", 3, 4))
    after = (
        grid("A", households=None), grid("B", 1, 1.5), grid("C", 2, 3, parent_code="X"), grid("E"),
    )  # fmt: skip
    changes = changes_between(before, after)
    assert (changes.gone, changes.added) == (("D",), ("E",))
    assert (changes.shape, changes.parent, changes.content) == (("B",), ("C",), ("A",))
    assert changes.ground == ("B", "C", "D", "E")


# -- shares


def moved(giver, taker, households):
    counts = {"households": households}
    return {"giver": giver, "taker": taker, "area_m2": 1.0, "counts": counts}


def logged(kind, report=None, codes=()):
    return EditRecord(
        1, 1, False, 1, kind, (), {"codes": codes}, {}, {}, report, "a", AT
    )  # fmt: skip


def test_shares_of_a_cut_grid_add_up_and_say_that_they_are_estimated():
    former = (grid("A"), grid("B", 1, 2), grid("C", 2, 3))
    after = (
        planned(grid("A", 0, 0.7, 7)), planned(grid("B", 0.7, 2, 13)), planned(grid("C", 2, 3)),
    )  # fmt: skip
    rows = {(r.old_code, r.new_code): r for r in crosswalk_of_grids(former, after)}
    assert set(rows) == {("A", "A"), ("A", "B"), ("B", "B")}
    assert rows["A", "B"].area_share == pytest.approx(0.3, rel=1e-5)
    assert rows["A", "A"].area_share + rows["A", "B"].area_share == 1.0
    assert rows["A", "A"].is_estimated
    assert (rows["B", "B"].area_share, rows["B", "B"].is_estimated) == (1.0, False)
    assert rows["A", "B"].area_m2 == pytest.approx(0.003 * 0.01 * 111_000 * 93_400, rel=0.01)


def test_ground_that_leaves_the_tiling_is_in_no_share():
    rows = crosswalk_of_grids((grid("A"),), (planned(grid("A", 0, 0.6)),))
    assert [row.area_share for row in rows] == [pytest.approx(0.6, rel=1e-5)]
    assert crosswalk_of_grids((grid("A"),), (planned(grid("A")),)) == ()


def test_unknown_households_have_no_share():
    rows = crosswalk_of_grids(
        (grid("A", households=None),), (planned(grid("Z", households=None), "A"),)
    )
    assert [(r.old_code, r.new_code, r.area_share, r.household_share) for r in rows] == [
        ("A", "Z", 1.0, None)
    ]


def test_what_publishing_keeps_agrees_with_what_is_asked():
    rng = np.random.default_rng(3)
    for _ in range(20):
        edges = [
            [0.0, *sorted({round(float(x), 4) for x in rng.random(rng.integers(1, 6))}), 1.0]
            for _ in range(2)
        ]
        # the last new grid may end before the last old one: ground leaves the tiling
        edges[1][-1] = float(rng.choice([1.0, 0.99995]))
        former = [grid(f"o{k}", *ends) for k, ends in enumerate(pairwise(edges[0]))]
        after = [planned(grid(f"n{k}", *ends)) for k, ends in enumerate(pairwise(edges[1]))]
        kept = {(r.old_code, r.new_code): r for r in crosswalk_of_grids(former, after)}
        asked = asked_crosswalk(frame_of_grids(former), frame_of_grids(after)).rows
        both = asked[(asked["old_code"] != "") & (asked["new_code"] != "")]
        assert set(kept) == set(zip(both["old_code"], both["new_code"], strict=True))
        for row in both.itertuples():
            own = kept[row.old_code, row.new_code]
            assert own.area_share == pytest.approx(row.area_share, abs=2e-6)
            assert own.area_m2 == pytest.approx(row.area_m2, rel=1e-9)


def test_households_follow_the_log_through_moves_merges_and_numbers():
    former = (grid("A"), grid("B", 1, 2, 30), grid("C", 2, 3, 5))
    log = [
        logged("transfer", {"moved": [moved("A", "B", 4)]}),
        logged("merge", {"moved": [moved("C", "B", 5)]}),
        logged("renumber", {"moved": []}, [["B", "N"]]),
        logged("split", {"moved": [moved("N", "M", 13)]}),
        logged("rename", None),
    ]
    flows = household_flows(former, log)
    assert sum(flows["M"].values()) == pytest.approx(13)
    assert sum(flows["N"].values()) == pytest.approx(26)
    assert flows["A"]["A"] == pytest.approx(6)
    assert flows["M"]["A"] == pytest.approx(4 / 3)
    after = (
        planned(grid("A", 0, 0.5, 6)),
        planned(grid("N", 0.5, 2, 26), "B", estimated=("households",)),
        planned(grid("M", 2, 3, 13), estimated=("households",)),
    )
    rows = {(r.old_code, r.new_code): r for r in crosswalk_of_grids(former, after, flows)}
    assert rows["A", "A"].household_share == pytest.approx(0.6)
    assert rows["A", "N"].household_share == pytest.approx(4 * 2 / 3 / 10)
    # counted by compounds or by area: a flow that does not add up is not believed
    wrong = (planned(grid("A", 0, 0.5, 9)), *after[1:])
    rows = {(r.old_code, r.new_code): r for r in crosswalk_of_grids(former, wrong, flows)}
    assert rows["A", "A"].household_share == pytest.approx(0.5, rel=1e-5)
    assert rows["A", "A"].is_estimated


# -- what the rest of the store makes of it


@pytest.mark.usefixtures("plan")
def test_estimates_last_until_somebody_counts(db):
    with db.write() as session:
        row = session.scalars(select(Boundary).order_by(Boundary.id)).first()
        row.attributes = {"estimated": ["households"], "plan": 1}
    with db.write() as session:
        writer = PlaceWriter(session, level="grid", effective=date(2026, 7, 1), source="t")
        writer.write(PlaceChange("A", "base", geometry=shapely.box(97, 33, 97.01, 33.02)))
    with db.write() as session:
        writer = PlaceWriter(session, level="grid", effective=date(2026, 8, 1), source="t")
        writer.write(PlaceChange("A", "base", household_count=12))
    with db.read() as session:
        told = [
            find_place(session, LOCAL_STEWARD, level="grid", code="A", as_of=day).estimated
            for day in (date(2026, 6, 1), date(2026, 7, 1), date(2026, 8, 1))
        ]
    assert told == [("households",), ("households",), ()]


@pytest.mark.usefixtures("plan")
def test_a_code_taken_up_again_does_not_hide_the_one_in_between(db):
    with db.write() as session:
        place = session.scalars(select(Place).where(Place.code == "A")).one()
        session.add(
            PlaceCode(
                place_id=place.id, level="grid", code="K", valid_from=date(2026, 7, 1),
                valid_to=date(2026, 8, 1),
            )
        )  # fmt: skip
    with db.read() as session:
        for day, code in (
            (date(2026, 6, 1), "A"),
            (date(2026, 7, 5), "K"),
            (date(2026, 8, 1), "A"),
        ):
            tree = place_tree(session, LOCAL_STEWARD, as_of=day)
            assert tree.records[place.id].code == code
        assert len(code_history(session, LOCAL_STEWARD, code="A")) == 2
