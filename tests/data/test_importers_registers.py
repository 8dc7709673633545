"""Files of every register: words, cells, shapes, refusals, quarantine, the books."""

from datetime import UTC, date, datetime, time
from zoneinfo import ZoneInfo

import geopandas as gpd
import openpyxl
import pytest
import shapely
from sqlalchemy import select

from data.errors import AccessRefused, ImportRefused
from data.exports import ExportOptions, export_layer
from data.importers.columns import normal_header
from data.importers.people import PeopleLayer, PeopleOptions
from data.importers.people import run as run_people
from data.importers.registers import RegisterOptions, run
from data.importers.registers.fields import FIELDS, LOCATED, Cell, suggest_columns
from data.importers.registers.words import VOCABULARIES
from data.importers.streets import LineLayer, StreetOptions
from data.importers.streets import run as run_lines
from data.importers.times import TimeRules
from data.models import Absence, Appointment, AuditEntry, Compound, ImportBatch, RejectedRow
from data.repositories.place_writes import PlaceChange, PlaceWriter
from data.repositories.registers import register_records
from data.viewer import LOCAL_STEWARD, DisplayLevel, Role, Viewer
from data.vocabulary import RegisterLayer

NOW = datetime(2026, 6, 1, tzinfo=UTC)
WGS84 = {"datum": "wgs84"}
GOOD = {
    RegisterLayer.BUILDINGS: (
        "楼栋编号,楼栋名称,用途,社区编码,单元数,层数,户数,三无楼栋,经度,纬度\n"
        "b1,1号楼,居民楼,W,3,6,36,是,94.95,36.45\n"
    ),
    RegisterLayer.DEVICES: (
        "设备编号,设备类型,设备状态,安装日期,最后在线,经度,纬度\n"
        "d1,独立式烟感,在线,2024年5月1日,2026-05-01 12:00,94.95,36.45\n"
    ),
    RegisterLayer.SERVICE_POINTS: (
        "服务点编号,名称,类型,警民联系牌,办公电话,经度,纬度\n"
        "s1,金峰社区警务室,警务室,已张贴,0979-8412345,94.95,36.45\n"
    ),
    RegisterLayer.PATROL_TARGETS: (
        "编号,名称,类型,频次,wkt\nt1,校门口,必到点,每天2次,POINT(94.9 36.4)\n"
    ),
    RegisterLayer.PATROL_STOPS: (
        "记录编号,队伍,必到点编号,到达时间,离开时间,民警带队,任务类型\n"
        "r1,第一巡组,t1,2026-05-01 08:00,2026-05-01 08:20,是,巡逻\n"
    ),
    RegisterLayer.DUTY_SHIFTS: (
        "班次编号,社区编码,岗位,警号,勤务类型,开始时间,结束时间,在社区分钟\n"
        "w1,W,社区民警,P1,隐患排查,2026-05-01 08:00,2026-05-01 16:00,300\n"
    ),
    RegisterLayer.MEETINGS: (
        "会议编号,社区编码,会议类型,召开日期,参会方,民警参会,议题\n"
        "m1,社区W,联席会议,2026-05-01,物业、业委会、派出所,是,楼道堆物\n"
    ),
    RegisterLayer.TALKS: "谈话编号,警号,谈话日期\nt1,P1,2026-05-01\n",
    RegisterLayer.DEBRIEFS: (
        "述职编号,警号,述职对象,周期,述职日期\nd1,P1,街道党工委,2026H1,2026-05-01\n"
    ),
    RegisterLayer.APPRAISALS: "考核编号,警号,考核类型,周期,得分\na1,P1,履职,2026H1,92.5分\n",
    RegisterLayer.AGREEMENTS: "协议编号,社区编码,共建单位,开始日期\na1,W,某学校,2026-01-01\n",
    RegisterLayer.TARGETS: (
        "目标编号,指标,名称,目标值,完成值,单位,开始日期,结束日期\n"
        "t1,closed,办结率,95%,0.5,比例,2026-01-01,2027-01-01\n"
    ),
    RegisterLayer.CAMPAIGNS: (
        "行动编号,名称,类型,开始日期,结束日期\nc1,百日走访,隐患排查,2026-05-01,2026-08-09\n"
    ),
    RegisterLayer.PROGRAMMES: "项目编号,工程,顺序,名称,状态\np1,八个一,1,一个机制,建设中\n",
    RegisterLayer.AREA_GRADES: (
        "评级编号,社区编码,月份,等级,指标明细\ng1,W,2026-05,黄,警情:12;隐患:3\n"
    ),
}
EXPECTED = {
    RegisterLayer.BUILDINGS: {"kind": "residential", "floor_count": 6, "is_unmanaged": True},
    RegisterLayer.DEVICES: {
        "kind": "smoke_alarm", "status": "online", "installed_on": date(2024, 5, 1),
        "last_seen_at": datetime(2026, 5, 1, 4, tzinfo=UTC),
    },
    RegisterLayer.SERVICE_POINTS: {
        "kind": "police_room", "has_contact_card": True, "office_phone": "0979-8412345",
    },
    RegisterLayer.PATROL_TARGETS: {"kind": "must_point", "due_per_week": 14, "length_m": None},
    RegisterLayer.PATROL_STOPS: {
        "kind": "patrol", "team": "第一巡组", "target_ref": "t1", "is_police_led": True,
        "left_at": datetime(2026, 5, 1, 0, 20, tzinfo=UTC),
    },
    RegisterLayer.DUTY_SHIFTS: {
        "kind": "hazard_survey", "position": "beat_officer", "holder_ref": "P1",
        "minutes_in_community": 300,
    },
    RegisterLayer.MEETINGS: {
        "kind": "joint", "place_code": "W", "is_police_present": True,
        "parties": ["property_company", "owners_committee", "police"], "planned_on": None,
    },
    RegisterLayer.TALKS: {"holder_ref": "P1", "held_on": date(2026, 5, 1)},
    RegisterLayer.DEBRIEFS: {"body": "subdistrict_committee", "period": "2026H1"},
    RegisterLayer.APPRAISALS: {"kind": "duty", "score": 92.5},
    RegisterLayer.AGREEMENTS: {"partner": "某学校", "until": None},
    RegisterLayer.TARGETS: {"planned": 0.95, "unit": "share", "label_en": "办结率"},
    RegisterLayer.CAMPAIGNS: {"layer": "hazards", "until": date(2026, 8, 9)},
    RegisterLayer.PROGRAMMES: {"status": "in_build", "sequence": 1},
    RegisterLayer.AREA_GRADES: {
        "month_on": date(2026, 5, 1), "grade": "yellow", "indicators": {"警情": 12.0, "隐患": 3.0},
    },
}  # fmt: skip


@pytest.fixture
def town(db, tmp_path):
    with db.write() as session:
        places = PlaceWriter(session, level="community", effective=None, source="t")
        places.write(PlaceChange("W", "community", name="社区W"))
    officers = table(tmp_path, "officers.csv", "警号,人员类别\nP1,民警\nP2,辅警\n")
    run_people(db, officers, PeopleOptions(PeopleLayer.OFFICERS), LOCAL_STEWARD, now=NOW)
    return db


def table(folder, name, text):
    path = folder / name
    path.write_text(text, encoding="utf-8")
    return path


def load(db, path, layer, **options):
    return run(db, path, RegisterOptions(layer, **options), LOCAL_STEWARD, now=NOW)


def records(db, layer):
    with db.read() as session:
        return register_records(session, LOCAL_STEWARD, layer)


def warned(report):
    return [warning.code for warning in report.warnings]


@pytest.mark.parametrize("layer", list(RegisterLayer))
def test_chinese_headers_and_words_of_every_register(town, tmp_path, layer):
    path = table(tmp_path, "rows.csv", GOOD[layer])
    report = load(town, path, layer, **WGS84)
    assert (report.rows, report.inserted, report.rejected) == (1, 1, 0)
    assert report.unmapped_columns == ()
    (record,) = records(town, layer)
    assert {name: getattr(record, name) for name in EXPECTED[layer]} == EXPECTED[layer]
    before = town.revisions()[layer.value]
    again = load(town, path, layer, **WGS84)
    assert (again.inserted, again.updated, again.unchanged) == (0, 0, 1)
    assert town.revisions()[layer.value] == before


@pytest.mark.parametrize("layer", list(RegisterLayer))
def test_an_export_reads_back_in_unchanged(town, tmp_path, layer):
    load(town, table(tmp_path, "rows.csv", GOOD[layer]), layer, **WGS84)
    out = tmp_path / "out.csv"
    with town.write() as session:
        written = export_layer(
            session, LOCAL_STEWARD, layer.value, out, options=ExportOptions(), now=NOW
        )
    assert written == 1
    report = load(town, out, layer, source="rows", **WGS84)
    assert (report.inserted, report.unchanged, report.rejected) == (0, 1, 0)


@pytest.mark.parametrize("layer", list(RegisterLayer))
def test_no_header_means_two_fields_and_every_list_is_known(layer):
    fields = FIELDS[layer]
    found = suggest_columns([field.name for field in fields], layer)
    assert {name: guess.column for name, guess in found.items()} == {f.name: f.name for f in fields}
    for field in fields:
        headers = [normal_header(header) for header in field.headers]
        assert len(headers) == len(set(headers)), field.name
        is_coded = field.cell in {Cell.CODE, Cell.CODES}
        assert (field.vocabulary in VOCABULARIES) == is_coded, field.name


@pytest.mark.parametrize("name", sorted(VOCABULARIES))
def test_every_code_is_its_own_word(name):
    vocabulary = VOCABULARIES[name]
    for code, words in vocabulary.words.items():
        for word in (code, code.upper(), code.replace("_", " "), *words):
            assert vocabulary.code_of(word) == code, word


BAD_ROWS = [
    (RegisterLayer.DEVICES, "设备编号,状态\nd1,奇怪\n", "unknown_device_status"),
    (RegisterLayer.DEVICES, "设备编号,状态,社区编码\nd1,在线,X\n", "unknown_place"),
    (RegisterLayer.DEVICES, "设备编号,状态\n,在线\n", "missing_id"),
    (RegisterLayer.DEVICES, "设备编号,状态\n6.3E+11,在线\n", "code_read_as_number"),
    (RegisterLayer.DEVICES, "设备编号,状态\n13912345678,在线\n", "id_is_person_number"),
    (RegisterLayer.DEVICES, "设备编号,安装日期\nd1,昨天\n", "bad_date"),
    (RegisterLayer.DEVICES, "设备编号,最后在线\nd1,昨天\n", "not_a_time"),
    (RegisterLayer.DEVICES, "设备编号,状态\n,\n", "empty_row"),
    (RegisterLayer.DEVICES, "设备编号,经度,纬度\nd1,94.9,\n", "half_a_coordinate"),
    (RegisterLayer.BUILDINGS, "编号,户数\nb1,几十\n", "bad_count"),
    (RegisterLayer.BUILDINGS, "编号,三无楼栋\nb1,也许\n", "not_yes_or_no"),
    (RegisterLayer.BUILDINGS, "编号,wkt\nb1,方形\n", "bad_wkt"),
    (RegisterLayer.BUILDINGS, 'i,wkt\nb1,"LINESTRING(0 0,1 1)"\n', "not_a_point_or_area"),
    (
        RegisterLayer.BUILDINGS,
        '编号,wkt\nb1,"POLYGON((0 0,1 1,1 0,0 1,0 0))"\n',
        "invalid_shape",
    ),
    (RegisterLayer.PATROL_TARGETS, "编号,频次\nt1,0\n", "bad_count"),
    (RegisterLayer.PATROL_TARGETS, "编号,频次\nt1,\n", "missing_value"),
    (RegisterLayer.PATROL_TARGETS, "编号,类型,频次\nt1,片区,1\n", "unknown_target_kind"),
    (
        RegisterLayer.PATROL_TARGETS,
        "编号,类型,频次,wkt\nt1,必巡线,1,POINT(94.9 36.4)\n",
        "shape_not_of_kind",
    ),
    (
        RegisterLayer.PATROL_STOPS,
        "编号,到达时间,离开时间\nr1,2026-05-01 09:00,2026-05-01 08:00\n",
        "until_before_since",
    ),
    (RegisterLayer.PATROL_STOPS, "编号,到达时间\nr1,\n", "missing_time"),
    (RegisterLayer.TALKS, "警号,谈话日期\nP9,2026-05-01\n", "unknown_holder"),
    (RegisterLayer.DEBRIEFS, "警号,述职对象,周期\nP1,全体居民,2026\n", "unknown_body"),
    (RegisterLayer.APPRAISALS, "警号,考核类型,周期,得分\nP1,履职,2026,101\n", "bad_score"),
    (RegisterLayer.MEETINGS, "社区编码,会议类型\nW,联席\n", "missing_time"),
    (
        RegisterLayer.AGREEMENTS,
        "社区编码,共建单位,开始日期,结束日期\nW,x,2026-05-01,2026-05-01\n",
        "until_before_since",
    ),
    (RegisterLayer.AREA_GRADES, "社区编码,月份,等级\nW,2026-05,橙\n", "unknown_grade"),
    (RegisterLayer.AREA_GRADES, "社区编码,月份,等级,指标明细\nW,2026-05,红,x\n", "bad_pairs"),
    (
        RegisterLayer.PROGRAMMES,
        "工程,顺序,名称,状态\n八个一,1,x,随缘\n",
        "unknown_programme_status",
    ),
]


@pytest.mark.parametrize(("layer", "text", "reason"), BAD_ROWS)
def test_a_bad_row_is_kept_with_its_reason(town, tmp_path, layer, text, reason):
    path = table(tmp_path, "rows.csv", text.replace("i,wkt", "编号,wkt"))
    report = load(town, path, layer, **WGS84)
    assert (report.rejected, report.reasons) == (1, {reason: 1})
    assert records(town, layer) == ()
    with town.read() as session:
        (row,) = session.scalars(select(RejectedRow)).all()
    assert (row.line, row.reason) == (2, reason)


def test_a_wrong_row_does_not_hold_the_others_back_and_the_books_are_kept(town, tmp_path):
    text = "设备编号,设备类型,状态\nd1,球机,在线\nd2,烟感,奇怪\nd3,烟感,故障\n"
    report = load(town, table(tmp_path, "devices.csv", text), RegisterLayer.DEVICES)
    assert (report.inserted, report.rejected, report.unlocated) == (2, 1, 2)
    told = {warning.code: warning.fields for warning in report.warnings}
    assert told["unmapped_words"] == {"field": "kind", "count": 1, "words": {"球机": 1}}
    assert [record.kind for record in records(town, RegisterLayer.DEVICES)] == [
        "other", "smoke_alarm",
    ]  # fmt: skip
    with town.read() as session:
        batch = session.scalar(select(ImportBatch).where(ImportBatch.layer == "devices"))
        audit = session.scalar(select(AuditEntry).where(AuditEntry.action == "import_devices"))
    assert (batch.state, batch.row_offset, batch.counts["inserted"]) == ("done", 3, 2)
    assert (audit.subject, audit.detail["inserted"]) == ("devices.csv", 2)


def test_unknown_bodies_are_left_out_of_a_list_and_told(town, tmp_path):
    text = "社区编码,召开日期,参会方\nW,2026-05-01,物业；神秘组织\n"
    report = load(town, table(tmp_path, "m.csv", text), RegisterLayer.MEETINGS)
    told = {warning.code: warning.fields for warning in report.warnings}
    assert told["words_left_out"]["words"] == {"神秘组织": 1}
    (record,) = records(town, RegisterLayer.MEETINGS)
    assert record.parties == ["property_company"]


def test_without_ids_equal_rows_are_told_apart_and_stay_the_same(town, tmp_path):
    text = "警号,谈话日期\nP1,2026-05-01\nP1,2026-05-01\nP2,2026-05-01\n"
    path = table(tmp_path, "talks.csv", text)
    report = load(town, path, RegisterLayer.TALKS)
    assert (report.inserted, "ids_made" in warned(report)) == (3, True)
    assert load(town, path, RegisterLayer.TALKS).unchanged == 3


def test_of_repeated_ids_the_latest_change_wins_in_the_file_and_against_the_store(town, tmp_path):
    head = "设备编号,状态,更新时间\n"
    text = head + "d1,在线,2026-05-02 08:00\nd1,故障,2026-05-01 08:00\nd2,在线,\nd2,离线,\n"
    report = load(town, table(tmp_path, "a.csv", text), RegisterLayer.DEVICES, source="s")
    assert (report.inserted, report.duplicate_ids) == (2, 2)
    assert report.reasons == {"duplicate_id": 2}
    found = {record.external_id: record.status for record in records(town, RegisterLayer.DEVICES)}
    assert found == {"d1": "online", "d2": "offline"}
    old = table(tmp_path, "b.csv", head + "d1,故障,2026-04-01 08:00\n")
    report = load(town, old, RegisterLayer.DEVICES, source="s")
    assert (report.unchanged, "older_rows_left" in warned(report)) == (1, True)


def test_coordinates_need_a_datum_and_gcj02_is_moved(town, tmp_path):
    path = table(tmp_path, "devices.csv", "设备编号,经度,纬度\nd1,94.95,36.45\n")
    with pytest.raises(ImportRefused) as caught:
        load(town, path, RegisterLayer.DEVICES)
    assert caught.value.code == "datum_required"
    assert records(town, RegisterLayer.DEVICES) == ()
    report = load(town, path, RegisterLayer.DEVICES, datum="gcj02")
    (record,) = records(town, RegisterLayer.DEVICES)
    assert report.datum == "gcj02"
    assert 50 < 111_000 * record.geometry.distance(shapely.Point(94.95, 36.45)) < 700
    with pytest.raises(ImportRefused) as caught:
        load(town, path, RegisterLayer.DEVICES, datum="mars")
    assert caught.value.code == "unknown_datum"


def test_a_datum_that_the_rows_own_places_contradict_is_refused(db, tmp_path):
    step, rows = 0.001, []
    with db.write() as session:
        places = PlaceWriter(session, level="grid", effective=None, source="t")
        for k in range(16):
            west, south = 94.9 + step * (k % 4), 36.4 + step * (k // 4)
            box = shapely.MultiPolygon([shapely.box(west, south, west + step, south + step)])
            places.write(PlaceChange(f"G{k:02}", "base", geometry=box))
            rows += [
                f"d{k}-{n},G{k:02},{west + step * n / 5},{south + step / 2}" for n in range(1, 5)
            ]
    text = "\n".join(["设备编号,网格编码,经度,纬度", *rows, ""])
    path = table(tmp_path, "devices.csv", text)
    with pytest.raises(ImportRefused) as caught:
        load(db, path, RegisterLayer.DEVICES)
    assert (caught.value.code, caught.value.fields["recommended"]) == ("datum_required", "wgs84")
    with pytest.raises(ImportRefused) as caught:
        load(db, path, RegisterLayer.DEVICES, datum="gcj02")
    assert (caught.value.code, caught.value.fields["recommended"]) == ("wrong_datum", "wgs84")
    report = load(db, path, RegisterLayer.DEVICES, datum="gcj02", trusts_datum=True)
    assert report.inserted == 64
    report = load(db, path, RegisterLayer.DEVICES, **WGS84)
    assert (report.updated, report.outside, report.on_border) == (64, 0, 0)


def test_projected_columns_and_wkt_come_by_their_crs(town, tmp_path):
    line = gpd.GeoSeries([shapely.LineString([(94.9, 36.4), (94.91, 36.4)])], crs="EPSG:4326")
    flat = line.to_crs("EPSG:4544")[0]
    text = f'编号,频次,wkt\nt1,每周2次,"{flat.wkt}"\n'
    report = load(
        town, table(tmp_path, "lines.csv", text), RegisterLayer.PATROL_TARGETS, crs="EPSG:4544"
    )
    (record,) = records(town, RegisterLayer.PATROL_TARGETS)
    assert (report.datum, record.kind, record.due_per_week) == ("EPSG:4544", "must_line", 2)
    assert record.length_m == pytest.approx(896.9, abs=0.5)
    assert shapely.hausdorff_distance(record.geometry, line[0]) < 1e-7


@pytest.mark.parametrize("ending", ["gpkg", "geojson", "fgb", "parquet", "shp"])
def test_shape_files_bring_their_own_crs(town, tmp_path, ending):
    shapes = [shapely.box(94.9, 36.4, 94.901, 36.401), shapely.box(94.91, 36.4, 94.911, 36.401)]
    frame = gpd.GeoDataFrame({"id": ["b1", "b2"], "floors": [6, 18]}, geometry=shapes, crs=4326)
    path = tmp_path / f"buildings.{ending}"
    if ending == "parquet":
        frame.to_parquet(path)
    else:
        frame.to_crs(32646 if ending == "gpkg" else 4326).to_file(path, engine="pyogrio")
    if ending == "geojson":
        with pytest.raises(ImportRefused):
            bare = path.read_text(encoding="utf-8").replace('"crs"', '"x"')
            load(town, table(tmp_path, "bare.geojson", bare), RegisterLayer.BUILDINGS)
    report = load(town, path, RegisterLayer.BUILDINGS)
    assert (report.inserted, report.rejected, report.unlocated) == (2, 0, 0)
    found = {record.external_id: record for record in records(town, RegisterLayer.BUILDINGS)}
    assert {key: record.floor_count for key, record in found.items()} == {"b1": 6, "b2": 18}
    assert shapely.hausdorff_distance(found["b2"].geometry, shapes[1]) < 1e-7


def test_a_workbook_with_dates_and_whole_numbers(town, tmp_path):
    book = openpyxl.Workbook()
    sheet = book.active
    sheet.append(["班次编号", "社区编码", "勤务类型", "开始时间", "结束时间", "在社区分钟"])
    sheet.append([7, "W", "治安巡逻", datetime(2026, 5, 1, 8), datetime(2026, 5, 1, 16, 30), 300])  # noqa: DTZ001 - as workbooks hold them
    book.save(tmp_path / "shifts.xlsx")
    report = load(town, tmp_path / "shifts.xlsx", RegisterLayer.DUTY_SHIFTS)
    assert (report.inserted, report.rejected) == (1, 0)
    (record,) = records(town, RegisterLayer.DUTY_SHIFTS)
    assert (record.external_id, record.minutes_in_community) == ("7", 300)
    assert record.ends_at == datetime(2026, 5, 1, 8, 30, tzinfo=UTC)


SHIFTS = (
    "班次编号,社区编码,日期,开始时间,结束时间\n"
    "a,W,2026-05-01,08:00,18:00\n"
    "b,W,2026年5月1日,20:00,6:30\n"
    "c,W,2026-05-01,20:00,24:00\n"
    "d,W,2026-05-01,08:00,次日08:00\n"
    "e,W,2026-05-01,次日 00:30,02:00\n"
    "f,W,,2026-05-02 08:00,2026-05-02 09:00\n"
    "g,W,2026-05-01,晚上10:00,2026-05-02 01:00\n"
)


def shifts(db):
    found = records(db, RegisterLayer.DUTY_SHIFTS)
    local = ZoneInfo("Asia/Shanghai")
    return {
        each.external_id: tuple(
            at.astimezone(local).strftime("%d %H:%M") for at in (each.starts_at, each.ends_at)
        )
        for each in found
    }


def test_shifts_with_a_date_and_two_clocks_go_over_midnight(town, tmp_path):
    layer, path = RegisterLayer.DUTY_SHIFTS, table(tmp_path, "shifts.csv", SHIFTS)
    assert load(town, path, layer).inserted == 7
    assert shifts(town) == {
        "a": ("01 08:00", "01 18:00"),
        "b": ("01 20:00", "02 06:30"),
        "c": ("01 20:00", "02 00:00"),
        "d": ("01 08:00", "02 08:00"),
        "e": ("02 00:30", "02 02:00"),
        "f": ("02 08:00", "02 09:00"),
        "g": ("01 22:00", "02 01:00"),
    }
    again = load(town, path, layer)
    assert (again.unchanged, again.updated) == (7, 0)


def test_a_workbook_of_shifts_holds_days_and_clocks_of_its_own(town, tmp_path):
    book = openpyxl.Workbook()
    book.active.append(["班次编号", "社区编码", "日期", "上岗时刻", "下岗时刻"])
    book.active.append(["a", "W", date(2026, 5, 1), time(20, 0), time(6, 30)])
    book.save(tmp_path / "shifts.xlsx")
    assert load(town, tmp_path / "shifts.xlsx", RegisterLayer.DUTY_SHIFTS).inserted == 1
    assert shifts(town) == {"a": ("01 20:00", "02 06:30")}


@pytest.mark.parametrize(
    ("row", "reason"),
    [
        (",08:00,18:00", "clock_without_date"),
        ("2026-05-01,08:00,08:00", "until_before_since"),  # a shift of 24 hours has to say so
        ("2026-05-01,白天,18:00", "not_a_time"),
        ("2026-05-01,,18:00", "missing_time"),
        ("昨天,08:00,18:00", "bad_date"),
        ("2026-05-01,25:00,26:00", "not_a_time"),
    ],
)
def test_a_shift_whose_clocks_tell_no_span_is_kept_with_its_reason(town, tmp_path, row, reason):
    path = table(tmp_path, "s.csv", f"社区编码,日期,开始时间,结束时间\nW,{row}\n")
    report = load(town, path, RegisterLayer.DUTY_SHIFTS)
    assert (report.rejected, report.reasons) == (1, {reason: 1})


def test_clocks_stand_in_the_zone_of_the_file_also_when_it_changes_its_clocks(town, tmp_path):
    path = table(tmp_path, "s.csv", "社区编码,日期,开始时间,结束时间\nW,2026-03-28,22:00,6:00\n")
    load(town, path, RegisterLayer.DUTY_SHIFTS, times=TimeRules("Europe/Berlin"))
    (shift,) = records(town, RegisterLayer.DUTY_SHIFTS)
    assert shift.starts_at == datetime(2026, 3, 28, 21, tzinfo=UTC)
    assert shift.ends_at == datetime(2026, 3, 29, 4, tzinfo=UTC)


def test_day_numbers_of_a_workbook_are_days(town, tmp_path):
    book = openpyxl.Workbook()
    book.active.append(["警号", "谈话日期"])
    book.active.append(["P1", 46143])
    book.save(tmp_path / "talks.xlsx")
    assert load(town, tmp_path / "talks.xlsx", RegisterLayer.TALKS).inserted == 1
    assert records(town, RegisterLayer.TALKS)[0].held_on == date(2026, 5, 1)


def test_persons_stop_at_the_door(town, tmp_path):
    text = (
        "会议编号,社区编码,召开日期,议题,主持人姓名,联系电话,备注,经办\n"
        "m1,W,2026-05-01,住户 13912345678 反映,某甲,13912345678,身份证 632801199001011234,x\n"
        "m2,W,改天,联系 13912345678,某乙,13912345678,y,x\n"
    )
    report = load(
        town, table(tmp_path, "m.csv", text), RegisterLayer.MEETINGS, keep=("备注", "联系电话")
    )
    assert set(report.dropped_columns) == {"主持人姓名", "联系电话"}
    assert (report.kept_columns, report.unmapped_columns) == (("备注",), ("经办",))
    assert "person_columns_not_kept" in warned(report)
    (record,) = records(town, RegisterLayer.MEETINGS)
    assert record.subject == "住户 [mobile] 反映"
    assert "1990" not in record.attributes["备注"]
    with town.read() as session:
        (row,) = session.scalars(select(RejectedRow)).all()
    assert "某乙" not in str(row.raw)
    assert "13912345678" not in str(row.raw)
    with pytest.raises(ImportRefused) as caught:
        load(town, tmp_path / "m.csv", RegisterLayer.MEETINGS, mapping={"subject": "主持人姓名"})
    assert caught.value.code == "person_column_mapped"


def test_a_holder_that_is_a_persons_number_is_masked_in_quarantine(town, tmp_path):
    text = "警号,谈话日期\n632801199001011234,2026-05-01\n"
    load(town, table(tmp_path, "t.csv", text), RegisterLayer.TALKS)
    with town.read() as session:
        (row,) = session.scalars(select(RejectedRow)).all()
    assert (row.reason, row.value, row.raw["警号"]) == ("unknown_holder", "[id]", "[id]")


def test_scores_are_kept_out_of_the_quarantine_and_from_other_readers(town, tmp_path):
    text = "警号,考核类型,周期,得分\nP9,履职,2026,88.8\nP1,履职,2026,877\n"
    load(town, table(tmp_path, "a.csv", text), RegisterLayer.APPRAISALS)
    with town.read() as session:
        rows = session.scalars(select(RejectedRow).order_by(RejectedRow.line)).all()
    assert [row.reason for row in rows] == ["unknown_holder", "bad_score"]
    assert "88.8" not in str([(row.raw, row.value) for row in rows])
    assert "877" not in str([(row.raw, row.value) for row in rows])
    steward = Viewer("s", Role.STEWARD, DisplayLevel.INTERNAL)
    with pytest.raises(AccessRefused) as caught:
        run(town, tmp_path / "a.csv", RegisterOptions(RegisterLayer.APPRAISALS), steward)
    assert caught.value.code == "role_may_not_read"


def test_only_a_steward_imports(town, tmp_path):
    analyst = Viewer("a", Role.ANALYST, DisplayLevel.ADMIN)
    path = table(tmp_path, "t.csv", GOOD[RegisterLayer.TALKS])
    with pytest.raises(AccessRefused) as caught:
        run(town, path, RegisterOptions(RegisterLayer.TALKS), analyst)
    assert caught.value.code == "role_may_not_write"


@pytest.mark.parametrize(
    ("options", "code"),
    [
        ({"mapping": {"nonsense": "警号"}}, "unknown_field"),
        ({"mapping": {"held_on": "没有"}}, "unknown_column"),
        ({"keep": ("没有",)}, "unknown_column"),
    ],
)
def test_options_are_checked_against_the_file(town, tmp_path, options, code):
    path = table(tmp_path, "t.csv", GOOD[RegisterLayer.TALKS])
    with pytest.raises(ImportRefused) as caught:
        load(town, path, RegisterLayer.TALKS, **options)
    assert caught.value.code == "bad_options"
    assert [fault["code"] for fault in caught.value.fields["faults"]] == [code]


def test_a_needed_column_has_to_be_there(town, tmp_path):
    path = table(tmp_path, "t.csv", "编号,日期\n1,2026-05-01\n")
    with pytest.raises(ImportRefused) as caught:
        load(town, path, RegisterLayer.TALKS)
    assert (caught.value.code, caught.value.fields["field"]) == ("column_required", "holder_ref")
    with pytest.raises(ImportRefused) as caught:
        load(town, table(tmp_path, "d.csv", GOOD[RegisterLayer.TALKS]), RegisterLayer.TALKS,
             guesses_columns=False)  # fmt: skip
    assert caught.value.code == "column_required"


@pytest.mark.parametrize("level", [DisplayLevel.PUBLIC, DisplayLevel.WALL, DisplayLevel.INTERNAL])
def test_registers_leave_the_house_at_their_level_only(town, tmp_path, level):
    load(town, table(tmp_path, "a.csv", GOOD[RegisterLayer.APPRAISALS]), RegisterLayer.APPRAISALS)
    load(town, table(tmp_path, "t.csv", GOOD[RegisterLayer.TALKS]), RegisterLayer.TALKS)
    options = ExportOptions(level=level)

    def export(layer):
        with town.write() as session:
            return export_layer(
                session, LOCAL_STEWARD, layer, tmp_path / "o.csv", options=options, now=NOW
            )

    with pytest.raises(AccessRefused) as caught:
        export("appraisals")
    assert caught.value.code == "register_of_people"
    if level is DisplayLevel.INTERNAL:
        assert export("talks") == 1
        assert "batch_id" not in (tmp_path / "o.csv").read_text(encoding="utf-8-sig")
    else:
        with pytest.raises(AccessRefused):
            export("talks")


def test_located_registers_are_those_with_a_place_of_their_own():
    assert {layer.value for layer in LOCATED} == {
        "buildings", "devices", "service_points", "patrol_targets", "patrol_stops",
    }  # fmt: skip


def test_leave_from_a_table_of_its_own(town, tmp_path):
    text = (
        "警号,开始日期,结束日期,事由\nP1,2026-05-01,2026-05-08,年休假\nP2,2026-05-01,,学习\n"
        "P9,2026-05-01,,x\nP1,2026-06-01,2026-05-01,x\nP1,,,x\nP1,2026-05-01,,又一次\n"
    )
    path = table(tmp_path, "leave.csv", text)

    def load_leave():
        options = PeopleOptions(PeopleLayer.ABSENCES)
        return run_people(town, path, options, LOCAL_STEWARD, now=NOW)

    report = load_leave()
    assert (report.inserted, report.rejected) == (2, 4)
    assert report.reasons == {
        "duplicate_id": 1, "missing_time": 1, "unknown_officer": 1, "until_before_since": 1,
    }  # fmt: skip
    assert (load_leave().unchanged, load_leave().inserted) == (2, 0)
    with town.read() as session:
        found = {row.reason: row.until for row in session.scalars(select(Absence))}
    assert found == {"年休假": date(2026, 5, 8), "学习": None}


def test_an_appointment_keeps_the_days_of_its_making(town, tmp_path):
    text = (
        "聘书编号,警号,社区编码,岗位,审查日期,报批日期,研究日期,备案日期,符合条件数\n"
        "a1,P1,W,兼职副书记,2026-01-05,2026-01-12,2026-02-01,2026-02-10,6\n"
        "a2,P2,W,兼职副书记,1月5日,,,,\n"
        "a3,P2,W,兼职副书记,,,,,不少\n"
    )
    path = table(tmp_path, "appointments.csv", text)
    options = PeopleOptions(PeopleLayer.APPOINTMENTS)
    report = run_people(town, path, options, LOCAL_STEWARD, now=NOW)
    assert (report.inserted, report.reasons) == (1, {"bad_count": 1, "bad_date": 1})
    with town.read() as session:
        (row,) = session.scalars(select(Appointment)).all()
    days = (row.reviewed_on, row.submitted_on, row.decided_on, row.filed_on)
    assert days == (date(2026, 1, 5), date(2026, 1, 12), date(2026, 2, 1), date(2026, 2, 10))
    assert row.criteria_met == 6


def test_compounds_know_their_age_their_manager_and_their_stars(db, tmp_path):
    boxes = [shapely.box(97 + k, 33, 97.5 + k, 34) for k in range(3)]
    frame = gpd.GeoDataFrame(
        {"小区编号": ["a", "b", "c"], "老旧小区": ["是", "否", ""], "三无小区": ["否", "是", ""],
         "平安星级": ["4星", "★★★", "优"]},
        geometry=boxes, crs=4326,
    )  # fmt: skip
    frame.to_file(tmp_path / "blocks.gpkg", engine="pyogrio")
    run_lines(db, tmp_path / "blocks.gpkg", StreetOptions(LineLayer.BLOCKS), LOCAL_STEWARD)
    with db.read() as session:
        rows = session.scalars(select(Compound).order_by(Compound.external_id)).all()
    assert [(row.is_old, row.is_unmanaged, row.safe_stars) for row in rows] == [
        (True, False, 4), (False, True, 3), (None, None, None),
    ]  # fmt: skip
