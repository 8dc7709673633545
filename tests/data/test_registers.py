"""Reading and writing registers: spans, areas, who may read, what is older."""

from datetime import UTC, date, datetime, timedelta

import pytest
import shapely

from data.errors import AccessRefused
from data.models import Appraisal
from data.repositories.people_writes import (
    AppointmentChange,
    AppointmentWriter,
    HolderChange,
    HolderWriter,
)
from data.repositories.place_writes import PlaceChange, PlaceWriter
from data.repositories.register_writes import (
    RegisterChange,
    known_holders,
    known_places,
    put_records,
)
from data.repositories.registers import (
    AreaGradeRecord,
    agreements,
    appraisals,
    campaigns,
    debriefs,
    devices,
    meetings,
    patrol_stops,
    record_columns,
    register_records,
)
from data.viewer import LOCAL_STEWARD, DisplayLevel, Role, Viewer
from data.vocabulary import RegisterLayer

WEST_OFFICER = Viewer("w", Role.OFFICER, DisplayLevel.INTERNAL, ("W",))
WALL = Viewer("wall", Role.KIOSK, DisplayLevel.WALL)


@pytest.fixture
def town(db):
    """Communities W and E side by side, an officer in each."""
    with db.write() as session:
        places = PlaceWriter(session, level="community", effective=None, source="t")
        for k, code in enumerate("WE"):
            box = shapely.MultiPolygon([shapely.box(94.9 + k / 10, 36.4, 95.0 + k / 10, 36.5)])
            places.write(PlaceChange(code, "community", name=f"社区{code}", geometry=box))
        holders = HolderWriter(session, source="t", batch_id=batch(session))
        for code in ("P1", "P2"):
            holders.put(code, HolderChange("police", code, None, None, None), None)
    with db.write() as session:
        seats = AppointmentWriter(session, source="t", batch_id=batch(session))
        for holder, place in (("P1", "W"), ("P2", "E")):
            change = AppointmentChange(
                holder_id=seats.holder(holder)[0],
                place_id=seats.place(place, "community"),
                position="beat_officer",
                post_title="beat_officer",
                since=None,
                until=None,
                substitutes="",
                is_part_time=None,
                is_seat=None,
                document_no=None,
                planned_count=None,
                point=None,
            )
            seats.put(holder, change)
    return db


def batch(session):
    from pathlib import Path

    from data.repositories.imports import begin_batch

    return begin_batch(
        session, LOCAL_STEWARD, Path(__file__), layer="devices", options={},
        now=datetime(2026, 6, 1, tzinfo=UTC),
    )  # fmt: skip


def put(db, layer, *rows, source="t"):
    """Write rows `(id, cells)` or `(id, cells, shape)` or `(id, cells, shape, updated_at)`."""
    changes = [
        RegisterChange(
            row[0],
            k + 2,
            row[1],
            row[2] if len(row) > 2 else None,
            row[3] if len(row) > 3 else None,
        )
        for k, row in enumerate(rows)
    ]
    with db.write() as session:
        return put_records(session, layer, changes, source=source, batch_id=batch(session))


def device(place=None, name="d"):
    return {"kind": "camera", "status": "online", "name": name, "place_code": place}


def ids(records):
    return [record.external_id for record in records]


@pytest.mark.parametrize("layer", list(RegisterLayer))
def test_every_register_can_be_read_with_and_without_a_span(db, layer):
    with db.read() as session:
        assert register_records(session, LOCAL_STEWARD, layer) == ()
        span = {"since": date(2026, 1, 1), "until": datetime(2027, 1, 1, tzinfo=UTC)}
        assert register_records(session, LOCAL_STEWARD, layer, **span) == ()


def test_a_record_comes_back_as_it_was_written(db):
    cells = {"place_code": "W", "month_on": date(2026, 5, 1), "grade": "red", "score": 61.5,
             "indicators": {"警情": 3.0}, "attributes": {"备注": "x"}}  # fmt: skip
    put(db, RegisterLayer.AREA_GRADES, ("g1", cells))
    with db.read() as session:
        (record,) = register_records(session, LOCAL_STEWARD, RegisterLayer.AREA_GRADES)
    assert isinstance(record, AreaGradeRecord)
    assert {name: getattr(record, name) for name in cells} == cells
    assert (record.source, record.external_id, record.line) == ("t", "g1", 2)
    assert record_columns(RegisterLayer.AREA_GRADES)[0] == "id"


def test_same_content_stays_untouched_and_a_later_change_wins(db):
    early, late = datetime(2026, 5, 1, tzinfo=UTC), datetime(2026, 5, 2, tzinfo=UTC)
    point = shapely.Point(94.95, 36.45)
    row = ("d1", device(name="second"), point, late)
    counts = put(db, RegisterLayer.DEVICES, row)
    assert (counts.inserted, counts.updated, counts.unchanged, counts.older) == (1, 0, 0, 0)
    counts = put(db, RegisterLayer.DEVICES, row)
    assert (counts.inserted, counts.updated, counts.unchanged, counts.older) == (0, 0, 1, 0)
    counts = put(db, RegisterLayer.DEVICES, ("d1", device(name="first"), point, early))
    assert (counts.updated, counts.unchanged, counts.older) == (0, 1, 1)
    with db.read() as session:
        (stored,) = devices(session, LOCAL_STEWARD)
    assert (stored.name, stored.updated_at) == ("second", late)
    assert shapely.equals(stored.geometry, point)
    counts = put(db, RegisterLayer.DEVICES, ("d1", device(name="third"), None, None))
    assert counts.updated == 1
    counts = put(db, RegisterLayer.DEVICES, ("d1", device()), source="other system")
    assert counts.inserted == 1


def test_moments_are_half_open_and_plain_days_begin_in_local_time(db):
    midnight = datetime(2026, 5, 1, tzinfo=UTC) - timedelta(hours=8)
    stop = {"kind": "patrol", "left_at": None, "name": None, "place_code": None}
    put(
        db,
        RegisterLayer.PATROL_STOPS,
        ("before", stop | {"arrived_at": midnight - timedelta(minutes=1)}),
        ("at", stop | {"arrived_at": midnight}),
        ("next", stop | {"arrived_at": midnight + timedelta(days=1)}),
    )
    with db.read() as session:
        day = {"since": date(2026, 5, 1), "until": date(2026, 5, 2)}
        assert ids(patrol_stops(session, LOCAL_STEWARD, **day)) == ["at"]
        moments = {"since": midnight, "until": midnight + timedelta(days=1)}
        assert ids(patrol_stops(session, LOCAL_STEWARD, **moments)) == ["at"]
        assert ids(patrol_stops(session, LOCAL_STEWARD, until=midnight)) == ["before"]


def test_days_spans_and_rows_without_a_day(db):
    may, june, july = date(2026, 5, 1), date(2026, 6, 1), date(2026, 7, 1)
    meeting = {"place_code": "W", "kind": "joint"}
    put(
        db,
        RegisterLayer.MEETINGS,
        ("planned", meeting | {"planned_on": may, "held_on": None}),
        ("late", meeting | {"planned_on": may, "held_on": july}),
        ("june", meeting | {"planned_on": None, "held_on": june}),
    )
    put(
        db,
        RegisterLayer.AGREEMENTS,
        ("ended", {"place_code": "W", "partner": "x", "since": may, "until": june}),
        ("open", {"place_code": "W", "partner": "y", "since": june, "until": None}),
    )
    owed = {"holder_ref": "P1", "body": "city_police", "period": "2026"}
    put(db, RegisterLayer.DEBRIEFS, ("owed", owed | {"held_on": None}))
    with db.read() as session:
        found = meetings(session, LOCAL_STEWARD, since=may, until=june)
        assert ids(found) == ["planned", "late"]
        found = meetings(session, LOCAL_STEWARD, since=july)
        assert ids(found) == ["late"]
        assert ids(agreements(session, LOCAL_STEWARD, until=june)) == ["ended"]
        assert ids(agreements(session, LOCAL_STEWARD, since=june)) == ["open"]
        assert ids(debriefs(session, LOCAL_STEWARD)) == ["owed"]
        assert debriefs(session, LOCAL_STEWARD, since=may) == ()


def test_a_viewer_reads_his_areas_by_code_by_point_and_by_holder(town):
    put(
        town,
        RegisterLayer.DEVICES,
        ("w", device("W")),
        ("e", device("E")),
        ("in w", device(), shapely.Point(94.95, 36.45)),
        ("in e", device(), shapely.Point(95.05, 36.45)),
        ("nowhere", device()),
    )
    held = {"body": "city_police", "period": "2026", "held_on": None}
    put(town, RegisterLayer.DEBRIEFS, ("p1", held | {"holder_ref": "P1"}),
        ("p2", held | {"holder_ref": "P2"}))  # fmt: skip
    span = {"label_zh": "百日走访", "label_en": "x", "layer": "hazards",
            "since": date(2026, 5, 1), "until": date(2026, 8, 9)}  # fmt: skip
    put(town, RegisterLayer.CAMPAIGNS, ("all", span | {"place_code": None}),
        ("east", span | {"place_code": "E"}))  # fmt: skip
    with town.read() as session:
        assert ids(devices(session, WEST_OFFICER)) == ["w", "in w"]
        assert ids(debriefs(session, WEST_OFFICER)) == ["p1"]
        assert ids(campaigns(session, WEST_OFFICER)) == ["all"]
        assert len(devices(session, LOCAL_STEWARD)) == 5


def test_free_text_stays_inside_the_house(db):
    cells = {"place_code": "W", "kind": "joint", "subject": "楼道堆物"}
    cells |= {"held_on": date(2026, 5, 1), "attributes": {"备注": "x"}}
    put(db, RegisterLayer.MEETINGS, ("m", cells))
    with db.read() as session:
        (shown,) = meetings(session, WALL)
        (inside,) = meetings(session, LOCAL_STEWARD)
    assert (shown.subject, shown.attributes, shown.kind) == (None, None, "joint")
    assert (inside.subject, inside.attributes) == ("楼道堆物", {"备注": "x"})


@pytest.mark.parametrize(
    ("role", "level", "may"),
    [
        (Role.STEWARD, DisplayLevel.ADMIN, True),
        (Role.HR_REVIEWER, DisplayLevel.ADMIN, True),
        (Role.HR_REVIEWER, DisplayLevel.INTERNAL, False),
        (Role.ANALYST, DisplayLevel.ADMIN, False),
        (Role.KIOSK, DisplayLevel.WALL, False),
    ],
)
def test_appraisals_are_for_the_reviewing_roles_only(db, role, level, may):
    score = {"holder_ref": "P1", "kind": "duty", "period": "2026", "score": 90.0}
    put(db, RegisterLayer.APPRAISALS, ("a", score))
    viewer = Viewer("v", role, level)
    with db.read() as session:
        assert session.query(Appraisal).count() == 1
        if may:
            assert [record.score for record in appraisals(session, viewer)] == [90.0]
            return
        with pytest.raises(AccessRefused) as caught:
            appraisals(session, viewer)
    assert caught.value.code == "role_may_not_read"


def test_rows_may_call_a_place_by_any_code_or_by_a_name_of_its_own(town):
    with town.write() as session:
        places = PlaceWriter(session, level="grid", effective=None, source="t")
        for code in ("G1", "G2"):
            places.write(PlaceChange(code, "base", name="同名网格"))
    with town.read() as session:
        known = known_places(session)
        assert known_holders(session) == {"P1", "P2"}
    assert (known["W"], known["社区E"], known["G1"]) == ("W", "E", "G1")
    assert "同名网格" not in known
