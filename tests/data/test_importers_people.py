"""Officers, appointments and staffing patterns from tables in both languages."""

import json
from datetime import UTC, date, datetime

import openpyxl
import pytest
from sqlalchemy import select

from data.errors import ImportRefused
from data.importers.people import PeopleLayer, PeopleOptions, import_roster, run
from data.importers.people_columns import day_of, holder_kind_of, position_of
from data.models import Absence, Appointment, OfficeHolder, Post, RejectedRow
from data.repositories.people import duty_roster
from data.repositories.place_writes import PlaceChange, PlaceWriter
from data.viewer import LOCAL_STEWARD

NOW = datetime(2026, 3, 1, tzinfo=UTC)
OFFICERS = (
    "警号,姓名,人员类别,岗位,派出所编码,党员,休假开始,休假结束\n"
    "063001,某甲,民警,社区民警 01,S1,是,,\n"
    "063002,某乙,民警,社区民警 02,S1,否,2026-02-20,2026-03-10\n"
    "063003,某丙,辅警,,S1,,,\n"
)
APPOINTMENTS = (
    "聘书编号,警号,社区编码,岗位,任职日期,免职日期,兼职,席位制,代替\n"
    "西办〔2024〕1号,063001,632701001001,社区民警,2024-01-01,,否,否,\n"
    "西办〔2024〕1号,063001,632701001001,兼职副书记,2024/1/1,,是,否,\n"
    "西办〔2024〕2号,063002,632701001002,社区民警,2024年1月1日,,否,是,\n"
    "西办〔2026〕3号,063003,632701001002,社区民警,20260220,20260310,否,,063002\n"
)


@pytest.fixture
def town(db):
    with db.write() as session:
        PlaceWriter(session, level="station", effective=None, source="t").write(
            PlaceChange("S1", "station", name="示范派出所")
        )
        communities = PlaceWriter(session, level="community", effective=None, source="t")
        for k in (1, 2, 3):
            communities.write(PlaceChange(f"63270100100{k}", "community"))
    return db


def table(folder, name, text):
    path = folder / name
    path.write_text(text, encoding="utf-8")
    return path


def load(db, path, layer, **options):
    return run(db, path, PeopleOptions(PeopleLayer(layer), **options), LOCAL_STEWARD, now=NOW)


def load_both(db, folder):
    load(db, table(folder, "officers.csv", OFFICERS), "officers")
    return load(db, table(folder, "appointments.csv", APPOINTMENTS), "appointments")


def test_officers_come_in_without_their_names(town, tmp_path, everything_in):
    report = load(town, table(tmp_path, "officers.csv", OFFICERS), "officers")
    assert (report.rows, report.inserted, report.rejected) == (3, 3, 0)
    assert report.dropped_columns == ("姓名",)
    with town.read() as session:
        holders = {h.external_id: h for h in session.scalars(select(OfficeHolder))}
        leave = session.scalars(select(Absence)).one()
        place = holders["063001"].station_id
    assert holders["063001"].title == "社区民警 01"
    assert holders["063003"].title == "auxiliary 063003"
    assert holders["063003"].kind == "auxiliary"
    assert holders["063001"].is_party_member is True
    assert place is not None
    assert (leave.since, leave.until) == (date(2026, 2, 20), date(2026, 3, 10))
    assert "某甲".encode() not in everything_in(town)


def test_the_same_files_twice_change_nothing(town, tmp_path):
    first = load_both(town, tmp_path)
    revision = town.revisions()["people"]
    assert (first.inserted, first.rejected) == (4, 0)
    second = load(town, tmp_path / "appointments.csv", "appointments")
    officers = load(town, tmp_path / "officers.csv", "officers")
    assert (second.inserted, second.updated, second.unchanged) == (0, 0, 4)
    assert (officers.inserted, officers.updated, officers.unchanged) == (0, 0, 3)
    assert town.revisions()["people"] == revision


def test_appointments_make_posts_and_a_substitute_stands_in(town, tmp_path):
    load_both(town, tmp_path)
    with town.read() as session:
        posts = {(p.place_id, p.position) for p in session.scalars(select(Post))}
        away = duty_roster(session, LOCAL_STEWARD, as_of=date(2026, 3, 1))
        back = duty_roster(session, LOCAL_STEWARD, as_of=date(2026, 3, 10))
    assert len(posts) == 3
    second = next(d for d in away if d.place_code == "632701001002")
    assert (second.is_on_leave, second.is_filled) == (True, True)
    assert second.substitute_title == "auxiliary 063003"
    assert second.is_seat is True
    second = next(d for d in back if d.place_code == "632701001002")
    assert (second.is_on_leave, second.substitute_title) == (False, None)
    part_time = next(d for d in away if d.position == "deputy_secretary")
    assert (part_time.is_part_time, part_time.document_no) == (True, "西办〔2024〕1号")


def test_rows_that_cannot_be_taken_go_to_quarantine(town, tmp_path):
    load(town, table(tmp_path, "officers.csv", OFFICERS), "officers")
    text = (
        "officer_id,place_code,position,since,until,substitutes\n"
        "999,632701001001,beat_officer,2024-01-01,,\n"
        "063001,404,beat_officer,2024-01-01,,\n"
        "063001,632701001001,astronaut,2024-01-01,,\n"
        "063001,632701001001,beat_officer,yesterday,,\n"
        "063001,632701001001,beat_officer,2024-01-01,2023-01-01,\n"
        "063001,632701001001,beat_officer,2024-01-01,,\n"
        "063001,632701001001,beat_officer,2025-01-01,,\n"
        "063001,632701001001,beat_officer,2024-01-01,,\n"
        "063002,632701001003,beat_officer,2024-01-01,,063001\n"
    )
    report = load(town, table(tmp_path, "bad.csv", text), "appointments")
    assert report.reasons == {
        "bad_date": 1,
        "duplicate_id": 1,
        "overlapping_appointment": 1,
        "unknown_officer": 1,
        "unknown_place": 1,
        "unknown_position": 1,
        "unknown_principal": 1,
        "until_before_since": 1,
    }
    assert (report.rows, report.inserted, report.rejected) == (9, 1, 8)
    with town.read() as session:
        rows = {row.line: (row.column, row.reason) for row in session.scalars(select(RejectedRow))}
    assert rows[2] == ("officer_id", "unknown_officer")
    assert rows[5] == ("since", "bad_date")


def test_successive_appointments_in_one_post_are_no_overlap(town, tmp_path):
    load(town, table(tmp_path, "officers.csv", OFFICERS), "officers")
    text = (
        "officer_id,place_code,position,since,until\n"
        "063001,632701001001,beat_officer,2025-01-01,\n"
        "063001,632701001001,beat_officer,2024-01-01,2025-01-01\n"
    )
    assert load(town, table(tmp_path, "a.csv", text), "appointments").inserted == 2


def test_an_id_that_is_a_persons_number_is_refused(town, tmp_path):
    text = "警号,岗位\n13912345678,社区民警 09\n,社区民警 10\n063009,社区民警 11\n063009,再来\n"
    report = load(town, table(tmp_path, "o.csv", text), "officers")
    assert report.reasons == {"duplicate_id": 1, "id_is_person_number": 1, "missing_id": 1}
    assert report.duplicate_ids == 1
    with town.read() as session:
        assert session.scalars(select(OfficeHolder)).one().title == "社区民警 11"
        values = [row.value for row in session.scalars(select(RejectedRow))]
    assert all("13912345678" not in (value or "") for value in values)


def test_a_workbook_with_posts_and_points_is_read(town, tmp_path):
    load(town, table(tmp_path, "officers.csv", OFFICERS), "officers")
    book = openpyxl.Workbook()
    sheet = book.active
    sheet.append(["警号", "社区编码", "岗位", "任职日期", "经度", "纬度", "编制数"])
    sheet.append(["063001", "632701001001", "片警", datetime(2024, 1, 1), 97.01, 33.0, 2])  # noqa: DTZ001 - Excel has no zones
    path = tmp_path / "posts.xlsx"
    book.save(path)
    with pytest.raises(ImportRefused) as caught:
        load(town, path, "appointments")
    assert caught.value.code == "datum_required"
    report = load(town, path, "appointments", datum="wgs84")
    assert (report.inserted, report.rejected) == (1, 0)
    with town.read() as session:
        post = session.scalars(select(Post)).one()
        appointment = session.scalars(select(Appointment)).one()
    assert (post.geom.x, post.geom.y, post.planned_count) == (97.01, 33.0, 2)
    assert appointment.since == date(2024, 1, 1)


def test_a_table_without_its_columns_is_refused_by_name(town, tmp_path):
    with pytest.raises(ImportRefused) as caught:
        load(town, table(tmp_path, "x.csv", "a,b\n1,2\n"), "officers")
    assert (caught.value.code, caught.value.fields["field"]) == ("column_required", "external_id")
    with pytest.raises(ImportRefused) as caught:
        load(town, tmp_path / "x.csv", "officers", mapping={"external_id": "c"})
    assert caught.value.code == "unknown_column"


def test_rosters_are_replaced_by_key(town, tmp_path):
    slot = {"slot": "beat", "min_count": 1, "positions": ["beat_officer"]}
    slot |= {"label_zh": "社区民警", "label_en": "Beat officer"}
    template = {"key": "1+1+1+N", "level": "grid", "label_zh": "1+1+1+N", "label_en": "1+1+1+N"}
    path = tmp_path / "roster.json"
    path.write_text(json.dumps(template | {"slots": [slot]}), encoding="utf-8")
    assert import_roster(town, path, LOCAL_STEWARD, now=NOW).inserted == 1
    assert import_roster(town, path, LOCAL_STEWARD, now=NOW).unchanged == 1
    path.write_text(json.dumps(template | {"slots": [slot | {"min_count": 2}]}), encoding="utf-8")
    assert import_roster(town, path, LOCAL_STEWARD, now=NOW).updated == 1
    path.write_text(json.dumps(template | {"slots": [slot | {"positions": ["chef"]}]}))
    with pytest.raises(ImportRefused) as caught:
        import_roster(town, path, LOCAL_STEWARD, now=NOW)
    assert caught.value.fields == {"key": "1+1+1+N", "problem": "chef"}


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("2024-03-01", (date(2024, 3, 1), False)),
        ("2024年3月1日", (date(2024, 3, 1), False)),
        ("2024.3.1", (date(2024, 3, 1), False)),
        ("20240301", (date(2024, 3, 1), False)),
        ("2024-03-01 00:00:00", (date(2024, 3, 1), False)),
        ("", (None, False)),
        ("2024-02-30", (None, True)),
        ("01/02/2024", (None, True)),
    ],
)
def test_days_are_read_or_called_bad(text, expected):
    assert day_of(text) == expected


def test_words_of_both_languages_meet():
    assert position_of("社区兼职副书记") == "deputy_secretary"
    assert position_of("兼职网格员") == "part_time_member"
    assert position_of("Beat Officer") == "beat_officer"
    assert position_of("astronaut") is None
    assert holder_kind_of("") == "police"
    assert holder_kind_of("辅警") == "auxiliary"
    assert holder_kind_of("?") is None
