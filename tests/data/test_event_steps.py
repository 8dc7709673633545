"""Files against screens: a later file never undoes in silence what was done on a screen."""

from datetime import UTC, datetime, timedelta

import pytest
from sqlalchemy import select

from data.errors import StaleRevision
from data.importers.events import run
from data.importers.options import EventOptions
from data.importers.stage import Tally
from data.lifecycle import CaseAction, Move
from data.models import Hazard
from data.repositories.case_records import CaseKey
from data.repositories.case_writes import move_case
from data.repositories.cases import case_steps, find_case
from data.repositories.event_steps import newest_moment
from data.viewer import LOCAL_STEWARD, DisplayLevel, Role, Viewer
from data.vocabulary import EventLayer

NOW = datetime(2026, 3, 2, 4, 0, tzinfo=UTC)
CLERK = Viewer("p7", Role.OFFICER, DisplayLevel.INTERNAL)
KEY = CaseKey(EventLayer.HAZARDS, "city", "h1")
COLUMNS = {
    "external_id": "编号",
    "occurred_at": "发现时间",
    "status": "状态",
    "description": "描述",
}


def brought(db, folder, rows, *, columns=None, layer=EventLayer.HAZARDS, **more):
    """Import rows (header → value) of one source."""
    names = list(rows[0])
    lines = [",".join(names), *(",".join(row.values()) for row in rows)]
    path = folder / f"f{len(list(folder.iterdir()))}.csv"
    path.write_text("\n".join(lines), encoding="utf-8")
    mapping = columns or {name: column for name, column in COLUMNS.items() if column in names}
    options = EventOptions(layer=layer, mapping=mapping, source="city", checks_grids=False, **more)
    return run(db, path, options, LOCAL_STEWARD, now=NOW + timedelta(days=30))


def hazard(status="待处理", description="楼道堆物", **more):
    row = {"编号": "h1", "发现时间": "2026-03-01 09:00", "状态": status, "描述": description}
    return row | more


def stored(db, key=KEY):
    with db.read() as session:
        found = find_case(session, LOCAL_STEWARD, key)
        return found, [step for step in case_steps(session, found) if not step.is_derived]


def accepted(db, record, at=NOW):
    with db.write() as session:
        return move_case(
            session, CLERK, KEY, Move(CaseAction.ACCEPT), expected_version=record.version, now=at
        )


def undated(report):
    """Counts of the warning that rows without a moment met what a screen had changed."""
    return [w.fields["count"] for w in report.warnings if w.code == "undated_rows_left"]


@pytest.fixture
def folder(tmp_path):
    made = tmp_path / "files"
    made.mkdir()
    return made


def test_a_file_raises_the_version_and_writes_its_own_step(db, folder):
    brought(db, folder, [hazard()])
    before, steps = stored(db)
    assert (before.version, steps) == (1, [])
    assert brought(db, folder, [hazard(description="消防通道堵塞")]).updated == 1
    same_state, steps = stored(db)
    assert (same_state.version, steps) == (2, [])
    assert brought(db, folder, [hazard("已办结")]).updated == 1
    found, (step,) = stored(db)
    assert (found.status, found.version) == ("closed", 3)
    assert (step.action, step.actor, step.role) == ("import", "city", "")
    assert (step.status_before, step.status_after) == (before.status, "closed")
    with pytest.raises(StaleRevision) as refused:
        accepted(db, before)
    assert refused.value.fields["by"] == "city"


def test_a_file_that_tells_no_time_does_not_undo_a_screen(db, folder):
    brought(db, folder, [hazard("已上报")])
    accepted(db, stored(db)[0])
    report = brought(db, folder, [hazard("已上报", "又来了")])
    assert (report.updated, report.stale, report.rows) == (0, 1, 1)
    assert undated(report) == [1]
    found, steps = stored(db)
    assert (found.status, found.description) == ("accepted", "楼道堆物")
    assert [step.action for step in steps] == ["accept"]


@pytest.mark.parametrize(("later", "status"), [(-1, "accepted"), (0, "closed"), (1, "closed")])
def test_the_newer_of_screen_and_file_wins(db, folder, later, status):
    columns = COLUMNS | {"updated_at": "更新时间"}
    brought(db, folder, [hazard("已上报", 更新时间="2026-03-01 10:00")], columns=columns)
    accepted(db, stored(db)[0])
    told = (NOW + timedelta(minutes=later, hours=8)).strftime("%Y-%m-%d %H:%M")
    report = brought(db, folder, [hazard("已办结", 更新时间=told)], columns=columns)
    assert (report.updated, report.stale) == ((0, 1) if later < 0 else (1, 0))
    assert undated(report) == []  # an older moment is a moment: the count of stale rows says it
    found, steps = stored(db)
    assert found.status == status
    assert [step.action for step in steps] == ["accept", "import"][: 1 if later < 0 else 2]
    with db.read() as session:
        (updated_at,) = session.scalars(select(Hazard.updated_at))
    assert updated_at == NOW + timedelta(minutes=max(later, 0))


def test_a_later_stage_tells_that_a_row_is_newer(db, folder):
    columns = COLUMNS | {"closed_at": "办结时间"}
    brought(db, folder, [hazard("已上报")])
    first = accepted(db, stored(db)[0])
    told = hazard("已办结", 办结时间="2026-03-05 10:00")
    assert brought(db, folder, [told], columns=columns).updated == 1
    found, steps = stored(db)
    assert (found.status, found.level, found.due_at) == ("closed", first.level, first.due_at)
    assert found.accepted_at == NOW
    assert [(step.actor, step.status_after) for step in steps] == [
        ("p7", "accepted"), ("city", "closed"),
    ]  # fmt: skip


def test_a_file_without_states_leaves_the_state_alone(db, folder):
    brought(db, folder, [hazard("已受理")])
    columns = {name: column for name, column in COLUMNS.items() if name != "status"}
    assert brought(db, folder, [hazard("", "新的描述")], columns=columns).updated == 1
    found, steps = stored(db)
    assert (found.status, found.description, steps) == ("accepted", "新的描述", [])


def test_a_suspended_clock_runs_again_when_a_file_says_so(db, folder):
    brought(db, folder, [hazard("处置中")])
    chief = Viewer("c1", Role.STEWARD, DisplayLevel.INTERNAL)
    with db.write() as session:
        move = Move(CaseAction.SUSPEND, "等部门")
        move_case(session, chief, KEY, move, expected_version=1, now=NOW)
    assert stored(db)[0].suspended_at == NOW
    columns = COLUMNS | {"handled_at": "处置时间"}
    told = hazard("已核查", 处置时间="2026-03-06 10:00")
    assert brought(db, folder, [told], columns=columns).updated == 1
    assert (stored(db)[0].status, stored(db)[0].suspended_at) == ("verified", None)


def test_incidents_have_the_same_version_and_steps(db, folder):
    layer, key = EventLayer.INCIDENTS, CaseKey(EventLayer.INCIDENTS, "city", "h1")
    brought(db, folder, [hazard("处置中")], layer=layer)
    brought(db, folder, [hazard("已办结")], layer=layer)
    found, (step,) = stored(db, key)
    assert (found.version, step.status_after) == (2, "closed")


@pytest.mark.parametrize(
    ("told", "newest"),
    [
        ({}, None),
        ({"closed_at": "2026-03-05T02:00:00.000Z", "reported_at": "2026-03-01T02:00:00.000Z"},
         datetime(2026, 3, 5, 2, tzinfo=UTC)),
        ({"closed_at": "2026-03-05T02:00:00.000Z", "updated_at": "2026-03-02T02:00:00.000Z"},
         datetime(2026, 3, 2, 2, tzinfo=UTC)),
    ],
)  # fmt: skip
def test_the_newest_moment_of_a_row(told, newest):
    assert newest_moment(told) == newest


def test_rows_without_a_moment_are_counted_over_chunks_and_resumed_imports(db, folder):
    names = [f"h{n}" for n in range(1, 4)]
    brought(db, folder, [hazard("已上报", 编号=name) for name in names])
    for name in names[:2]:
        with db.write() as session:
            key = CaseKey(EventLayer.HAZARDS, "city", name)
            move_case(session, CLERK, key, Move(CaseAction.ACCEPT), expected_version=1, now=NOW)
    again = [hazard("已上报", "又来了", 编号=name) for name in names]
    report = brought(db, folder, again, chunk_rows=1)
    assert (report.updated, report.stale, undated(report)) == (1, 2, [2])
    first, second = Tally(stale=1, undated=1), Tally(stale=4, undated=2)
    first.add(second)
    held = Tally.from_json(first.as_json())
    assert (held.stale, held.undated) == (5, 3)
    assert [caution.as_json() for caution in held.cautions()] == [
        {"code": "undated_rows_left", "count": 3}
    ]
    assert Tally.from_json({"stale": 5}).cautions() == []  # a batch of before the count
