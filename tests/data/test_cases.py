"""Cases in the store: reports, moves, conflicts, steps, kin, audit; on both stores."""

from datetime import UTC, datetime, timedelta

import numpy as np
import pytest
import shapely
from sqlalchemy import select, text

from data.errors import AccessRefused, DataError, RecordNotFound, StaleRevision
from data.lifecycle import CaseAction, Light, Move, light
from data.models import AuditEntry, CaseStep, Dispute, Hazard, Incident
from data.repositories.audit import is_intact
from data.repositories.case_records import CaseKey
from data.repositories.case_writes import HERE, Report, move_case, report_case
from data.repositories.cases import (
    LIGHTS,
    LIMITS_KEY,
    case_records,
    case_steps,
    disputes_of,
    find_case,
    ids_named,
    ids_touched,
    near_cases,
    open_clocks,
    root_of,
    root_open_count,
    sensitive_ids,
)
from data.repositories.figures import save_setting
from data.viewer import LOCAL_STEWARD, DisplayLevel, Role, Viewer
from data.vocabulary import CaseStatus, EventLayer

NOW = datetime(2026, 3, 2, 4, 0, tzinfo=UTC)
HOUR = timedelta(hours=1)
P1 = Viewer("p1", Role.OFFICER, DisplayLevel.INTERNAL)
P2 = Viewer("p2", Role.GRID_MEMBER, DisplayLevel.INTERNAL)
LON, LAT = 94.905, 36.405


def told(**more):
    given = {"layer": EventLayer.HAZARDS, "kind": "H10", "severity": "general"}
    given |= {"channel": "grid_inspection", "lon": LON, "lat": LAT, "description": "楼道堆物"}
    return Report(**(given | more))


def reported(db, viewer=P1, now=NOW, **more):
    with db.write() as session:
        return report_case(session, viewer, told(**more), now=now)


def moved(db, record, action, *, viewer=P1, now=NOW, version=None, **more):
    move = Move(action, more.pop("note", "照片 12"), **more)
    with db.write() as session:
        return move_case(
            session, viewer, record.key, move, expected_version=version or record.version, now=now
        )


def row(model, external_id, **more):
    given = {"source": "file", "kind": "H10", "channel": "unknown", "channel_group": "unknown"}
    given |= {"time_precision": "minute", "content_hash": external_id, "occurred_at": NOW}
    return model(external_id=external_id, **(given | more))


def put(db, *rows):
    with db.write() as session:
        session.add_all(rows)


def key_of(external_id, layer=EventLayer.HAZARDS):
    return CaseKey(layer, "file", external_id)


def test_a_report_is_one_row_one_step_one_audit_line_and_a_revision(db):
    before = db.revisions().get("hazards", 0)
    made = reported(db, description="楼道堆物，找 13912345678")
    with db.read() as session:
        found = find_case(session, P1, made.key)
        steps = case_steps(session, found)
        audit = session.scalars(select(AuditEntry)).all()
        assert is_intact(session)
    assert found.description == "楼道堆物，找 [mobile]"
    assert (found.status, found.level, found.version, found.source) == ("reported", "grid", 1, HERE)
    assert found.due_at == NOW + 24 * HOUR
    assert (found.lon, found.lat) == (LON, LAT)
    assert [(s.action, s.actor, s.is_derived) for s in steps] == [("report", "p1", False)]
    assert [(e.action, e.subject, e.actor) for e in audit] == [("case_report", "hazards", "p1")]
    assert db.revisions()["hazards"] == before + 1


@pytest.mark.parametrize(
    ("wrong", "code"),
    [
        ({"kind": "H99"}, "case_bad_field"),
        ({"kind": "neighbour"}, "case_bad_field"),
        ({"severity": "red"}, "case_bad_field"),
        ({"channel": "pigeon"}, "case_bad_field"),
        ({"layer": EventLayer.INCIDENTS, "kind": "10"}, "case_bad_field"),
        ({"lon": None}, "case_no_place"),
        ({"lat": 91.0}, "case_place_off_earth"),
        ({"lon": float("nan")}, "case_place_off_earth"),
        ({"description": "x" * 1001}, "case_note_too_long"),
    ],
)
def test_a_bad_report_is_refused_and_nothing_is_written(db, wrong, code):
    with pytest.raises(DataError) as refused:
        reported(db, **wrong)
    assert refused.value.code == code
    with db.read() as session:
        assert session.scalars(select(Hazard)).all() == []
        assert session.scalars(select(AuditEntry)).all() == []


def test_roles_and_levels_are_asked(db):
    with pytest.raises(AccessRefused) as refused:
        reported(db, Viewer("a", Role.ANALYST, DisplayLevel.INTERNAL))
    assert refused.value.code == "case_role_refused"
    with pytest.raises(AccessRefused) as low:
        reported(db, Viewer("k", Role.OFFICER, DisplayLevel.WALL))
    assert low.value.code == "level_too_low"


def test_one_case_from_first_report_to_close_by_two_people(db):
    case = reported(db)
    for action in (CaseAction.ACCEPT, CaseAction.START, CaseAction.FINISH):
        case = moved(db, case, action)
    assert case.status == "handled"
    with pytest.raises(AccessRefused) as own:
        moved(db, case, CaseAction.VERIFY)
    assert own.value.code == "case_second_person"
    case = moved(db, case, CaseAction.VERIFY, viewer=P2)
    case = moved(db, case, CaseAction.CLOSE)
    assert (case.status, case.version, case.closed_at) == ("closed", 6, NOW)
    again = moved(db, case, CaseAction.REOPEN, viewer=P2, now=NOW + HOUR, note="又堆上了")
    assert (again.status, again.rework_count, again.closed_at) == ("rework", 1, None)
    with db.read() as session:
        rows = session.scalars(select(CaseStep).order_by(CaseStep.sequence)).all()
        log = session.scalars(select(AuditEntry)).all()
        assert is_intact(session)
    assert [r.sequence for r in rows] == list(range(1, 8))
    assert [r.action for r in rows][-3:] == ["verify", "close", "reopen"]
    assert len(log) == 7
    assert log[-1].detail["case"] == case.key.as_text()


def test_who_saves_second_is_told_and_nothing_of_it_is_written(db):
    case = moved(db, reported(db), CaseAction.ACCEPT)
    first = moved(db, case, CaseAction.START, viewer=P2, now=NOW + HOUR)
    with pytest.raises(StaleRevision) as stale:
        moved(db, case, CaseAction.FILE, now=NOW + 2 * HOUR)
    assert stale.value.code == "case_changed"
    fields = stale.value.fields
    assert (fields["yours"], fields["current"], fields["by"]) == (2, 3, "p2")
    assert fields["at"] == NOW + HOUR
    with db.read() as session:
        found = find_case(session, P1, case.key)
        assert (found.status, found.version) == (first.status, 3)
        assert len(session.scalars(select(CaseStep)).all()) == 3
        assert len(session.scalars(select(AuditEntry)).all()) == 3


def test_limits_come_from_the_setting(db):
    with db.write() as session:
        save_setting(session, LIMITS_KEY, {"general": 30, "grid": 60})
    case = reported(db)
    assert case.due_at == NOW + HOUR / 2
    assert moved(db, case, CaseAction.ACCEPT).due_at == NOW + HOUR


def test_notes_are_masked_before_they_are_written(db):
    case = moved(db, reported(db), CaseAction.DECLINE, note="重复，电话 0971-6123456")
    with db.read() as session:
        assert "6123456" not in case_steps(session, case)[-1].note


def test_an_imported_record_shows_the_steps_its_stamps_tell(db):
    put(
        db,
        row(Hazard, "h1", status="handling", accepted_at=NOW + HOUR, time_precision="day"),
        row(Hazard, "h2", occurred_at=None),
    )
    with db.read() as session:
        found = find_case(session, P1, key_of("h1"))
        steps = case_steps(session, found)
        bare = case_steps(session, find_case(session, P1, key_of("h2")))
        assert session.scalars(select(CaseStep)).all() == []
    assert [(s.action, s.actor, s.precision) for s in steps] == [
        ("report", "file", "day"),
        ("accept", "file", "minute"),
    ]
    assert bare == ()
    done = moved(db, found, CaseAction.FINISH, viewer=P2, now=NOW + 2 * HOUR)
    with db.read() as session:
        steps = case_steps(session, done)
    assert [(s.action, s.is_derived) for s in steps] == [
        ("report", True),
        ("accept", True),
        ("finish", False),
    ]
    assert moved(db, done, CaseAction.VERIFY, viewer=P1).status == "verified"


def test_incidents_are_read_only_and_missing_records_are_named(db):
    put(db, row(Incident, "i1", kind="10"))
    with pytest.raises(RecordNotFound) as fixed, db.write() as session:
        key = key_of("i1", EventLayer.INCIDENTS)
        move_case(session, P1, key, Move(CaseAction.ACCEPT), expected_version=1, now=NOW)
    assert fixed.value.code == "case_has_no_lifecycle"
    with pytest.raises(RecordNotFound) as missing, db.read() as session:
        find_case(session, P1, key_of("nobody"))
    assert missing.value.code == "no_such_case"


def test_what_is_near_in_place_time_and_kind_may_be_the_same(db):
    first = reported(db)
    near_by = 20 / 89_800  # degrees of longitude here
    point = {"geom": shapely.Point(LON + near_by, LAT)}
    put(
        db,
        row(Hazard, "near", **point, reported_at=NOW),
        row(Hazard, "old", **point, occurred_at=NOW - 25 * HOUR, occurred_until=None),
        row(Hazard, "other", **point, kind="H11"),
        row(Hazard, "far", geom=shapely.Point(LON + 2 * near_by, LAT)),
        row(Hazard, "nowhere"),
    )
    with db.read() as session:
        found = near_cases(session, P1, first, NOW)
    assert [other.external_id for other, _ in found] == ["near"]
    assert found[0][1] == pytest.approx(20, abs=0.5)


def test_a_dispute_knows_its_root_and_closes_before_it(db):
    put(
        db,
        row(Hazard, "h1", status="handling"),
        row(Dispute, "d1", kind="neighbour", status="verified", root_hazard_ref="h1"),
        row(Dispute, "d2", kind="neighbour", status="closed", root_hazard_ref="gone"),
    )
    with db.read() as session:
        dispute = find_case(session, P1, key_of("d1", EventLayer.DISPUTES))
        hazard = root_of(session, dispute)
        assert hazard is not None
        assert [d.external_id for d in disputes_of(session, hazard)] == ["d1"]
        assert root_open_count(session) == 1
    assert moved(db, dispute, CaseAction.CLOSE).status == "closed"
    case = moved(db, hazard, CaseAction.FINISH)
    moved(db, case, CaseAction.VERIFY, viewer=P2)
    with db.read() as session:
        assert root_open_count(session) == 0


def test_lights_of_arrays_are_the_lights_of_the_rules(db):
    limits = (None, -1, 5, 10)
    starts = (None, 0, 2)
    states = (*CaseStatus, None)
    put(
        db,
        *(
            row(
                Hazard, f"{state}-{limit}-{start}-{pause}", status=state, suspended_minutes=pause,
                due_at=None if limit is None else NOW + limit * HOUR,
                accepted_at=None if start is None else NOW + start * HOUR,
                suspended_at=NOW if state == CaseStatus.SUSPENDED else None,
            )
            for state in states for limit in limits for start in starts for pause in (None, 60)
        ),
    )  # fmt: skip
    with db.read() as session:
        clocks = open_clocks(session, P1, EventLayer.HAZARDS)
        records = case_records(session, P1, EventLayer.HAZARDS, clocks.ids)
        assert len(open_clocks(session, P1, EventLayer.INCIDENTS).ids) == 0
    seen = set()
    for hours in (0.0, 3.99, 4.0, 4.2, 5.0, 5.01, 8.0, 8.2, 10.0, 10.001):
        now = NOW + hours * HOUR
        found = [LIGHTS[code] for code in clocks.lights(now)]
        assert found == [light(records[int(i)].state(), now) for i in clocks.ids]
        seen |= set(found)
    assert seen == set(Light)


def test_search_by_id_and_by_who_took_a_step(db):
    case = reported(db)
    put(db, row(Hazard, "A_1%"), row(Hazard, "AB1"))
    with db.read() as session:
        assert len(ids_named(session, EventLayer.HAZARDS, "a_1%")) == 1
        assert len(ids_named(session, EventLayer.HAZARDS, "a")) >= 2
        assert ids_touched(session, EventLayer.HAZARDS, "p1").tolist() == [case.id]
        assert ids_touched(session, EventLayer.HAZARDS, "p2").tolist() == []


def test_sensitive_incidents_are_known_by_kind_and_by_the_files_words(db):
    words = {"i1": "入室盗窃", "i2": "家庭暴力", "i3": "Domestic violence", "i4": None}
    rows = [row(Incident, name, kind="10", kind_source=word) for name, word in words.items()]
    put(db, *rows, row(Incident, "i5", kind="70"))
    with db.read() as session:
        found = set(sensitive_ids(session).tolist())
        names = session.execute(select(Incident.id, Incident.external_id)).all()
    assert {name for number, name in names if number in found} == {"i2", "i3", "i5"}


def test_a_viewer_of_other_areas_is_refused(db):
    case = reported(db)
    stranger = Viewer("p9", Role.OFFICER, DisplayLevel.INTERNAL, ("elsewhere",))
    with pytest.raises(AccessRefused) as refused, db.read() as session:
        find_case(session, stranger, case.key)
    assert refused.value.code == "case_not_yours"


def test_keys_go_through_the_address():
    key = CaseKey(EventLayer.DISPUTES, "scenario:golmud", "a:b/ç 1")
    assert CaseKey.from_text(key.as_text()) == key
    for wrong in ("", "hazards", "hazards:x", "places:a:b", "hazards::"):
        assert CaseKey.from_text(wrong) is None


def test_a_reported_point_is_found_where_it_was_clicked(db):
    reported(db)
    with db.read() as session:
        point = session.scalars(select(Hazard.geom)).one()
        assert np.allclose([point.x, point.y], [LON, LAT], atol=0)
        assert session.scalar(text("SELECT count(*) FROM hazard")) == 1
    assert LOCAL_STEWARD.role is Role.STEWARD
