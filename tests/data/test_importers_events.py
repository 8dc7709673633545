import json
from datetime import UTC, date, datetime

import geopandas as gpd
import pytest
from shapely import MultiPolygon, Point, box
from sqlalchemy import select

from data.errors import AccessRefused, ImportRefused
from data.importers.events import run
from data.importers.options import EventOptions
from data.importers.tables import TableOptions
from data.importers.times import TimeRules
from data.models import AuditEntry, Boundary, Dispute, Hazard, Incident, Place, RejectedRow
from data.repositories.imports import list_batches, list_rejected
from data.viewer import LOCAL_STEWARD, DisplayLevel, Role, Viewer
from data.vocabulary import EventLayer
from geo.crs import Datum
from geo.gcj02 import wgs84_to_gcj02

NOW = datetime(2026, 6, 1, tzinfo=UTC)
MAPPING = {
    "external_id": "编号", "lon": "经度", "lat": "纬度", "occurred_at": "发生时间",
    "kind": "警情类别", "stated_unit": "所属网格", "description": "简要案情",
}  # fmt: skip
HEADER = "编号,经度,纬度,发生时间,警情类别,所属网格,简要案情"


def write(path, lines, encoding="utf-8"):
    path.write_bytes("\n".join([HEADER, *lines, ""]).encode(encoding))
    return path


def options(**changes):
    told = {"layer": EventLayer.INCIDENTS, "mapping": MAPPING, "datum": Datum.CGCS2000}
    return EventOptions(**{**told, **changes})


def rows(db, model=Incident):
    with db.read() as session:
        return {row.external_id: row for row in session.scalars(select(model))}


def load(db, path, told=None, now=NOW):
    return run(db, path, told or options(), LOCAL_STEWARD, now=now)


@pytest.fixture
def town(db):
    """A store with nine base grids of 0.01 degrees beside Yushu, G11 in the south-west."""
    with db.write() as session:
        for row in range(3):
            for column in range(3):
                code = f"G{row + 1}{column + 1}"
                west, south = 97.0 + column * 0.01, 33.0 + row * 0.01
                place = Place(level="grid", kind="base", code=code, name=f"网格{code}", source="t")
                session.add(place)
                session.flush()
                shape = MultiPolygon([box(west, south, west + 0.01, south + 0.01)])
                session.add(Boundary(place_id=place.id, valid_from=date(2020, 1, 1), geom=shape))
    return db


def test_rows_arrive_whole_and_reconcile(town, tmp_path):
    path = write(
        tmp_path / "calls.csv",
        [
            "001,97.005,33.005,2026-03-05 08:30,盗窃,G11,楼道 <script>alert(1)</script>",
            "002,97.010,33.005,2026-03-05,火警,G12,在共同边界上",
            "003,98.5,33.005,2026年3月5日 9时05分,咨询,G11,格外",
            "004,,,2026/3/6 10:00,纠纷,G11,无坐标",
            "005,97.02x,33.0,2026-03-05,盗窃,G11,坐标坏",
            "006,97.005,33.005,下周,盗窃,G11,时间坏 13800138000",
            "007,0,0,2026-03-05,盗窃,G11,零岛",
            ",97.005,33.005,2026-03-05,盗窃,G11,无编号",
            "008,97.005,33.005,,盗窃,G11,无时间",
            "009,33.005,97.005,2026-03-05,盗窃,G11,颠倒",
            "010,97.005,33.005,1900-01-01,怪事,G11,太早",
            "011,97.005,33.005,2027-01-01,10,G11,将来",
            ",,,,,,",
        ],
    )
    report = load(town, path)
    assert report.reasons == {
        "empty_row": 1, "missing_id": 1, "missing_time": 1, "not_a_number": 1, "not_a_time": 1,
        "null_island": 1, "swapped_axes": 1,
    }  # fmt: skip
    assert (report.rows, report.inserted, report.rejected) == (13, 6, 7)
    assert (report.unlocated, report.outside, report.on_border) == (1, 1, 1)
    assert report.unlocated_by_stated_unit == {"G11": 1}
    assert report.time_flags == {"before_1990": 1, "in_future": 1, "date_only": 3}
    stored = rows(town)
    assert set(stored) == {"001", "002", "003", "004", "010", "011"}
    first = stored["001"]
    assert (first.kind, first.kind_source, first.channel_group) == ("10", "盗窃", "unknown")
    assert first.description == "楼道 <script>alert(1)</script>"
    assert first.occurred_at == datetime(2026, 3, 5, 0, 30, tzinfo=UTC)
    assert first.geom == Point(97.005, 33.005)
    assert (first.src_datum, first.src_x, first.line) == ("cgcs2000", None, 2)
    assert stored["004"].geom is None
    assert stored["010"].kind == "90"
    assert stored["010"].time_flags == "before_1990,date_only"
    assert stored["011"].kind_source is None
    told = {each.code: each.fields for each in report.warnings}
    assert told["unmapped_words"]["words"] == {"怪事": 1}
    rejected = {row.line: row for row in list_rejected_of(town)}
    assert (rejected[7].column, rejected[7].value, rejected[7].reason) == (
        "发生时间", "下周", "not_a_time",
    )  # fmt: skip
    assert rejected[7].raw["简要案情"] == "时间坏 [mobile]"
    assert json.loads(json.dumps(report.as_json()))["rows"] == 13


def list_rejected_of(db):
    with db.read() as session:
        return list_rejected(session, LOCAL_STEWARD)


def test_the_same_file_twice_changes_nothing(db, tmp_path):
    path = write(tmp_path / "calls.csv", ["1,97,33,2026-03-05,盗窃,G,x", "2,97,33,x,盗窃,G,y"])
    first = load(db, path)
    before, revisions = dump(db), db.revisions()
    again = load(db, path, now=datetime(2026, 7, 1, tzinfo=UTC))
    assert again.was_already_done
    assert (again.inserted, again.updated, again.unchanged, again.rejected) == (0, 0, 1, 1)
    assert again.rows == first.rows
    assert again.batch_id == first.batch_id
    assert dump(db) == before
    assert db.revisions() == revisions


def dump(db):
    with db.read() as session:
        connection = session.connection()
        return {
            table: connection.exec_driver_sql(f"SELECT * FROM {table} ORDER BY id").fetchall()  # noqa: S608 - fixed names
            for table in ("incident", "import_batch", "rejected_row", "audit_entry")
        }


def test_a_corrected_file_updates_only_what_changed(db, tmp_path):
    lines = [f"{i},97.00{i},33,2026-03-05 08:00,盗窃,G,x" for i in range(1, 6)]
    load(db, write(tmp_path / "calls.csv", lines))
    lines[2] = lines[2].replace("盗窃", "诈骗")
    lines.append("6,97,33,2026-03-05,盗窃,G,new")
    report = load(db, write(tmp_path / "calls2.csv", lines), options(source="calls"))
    assert (report.inserted, report.updated, report.unchanged) == (1, 1, 4)
    stored = rows(db)
    assert stored["3"].kind == "11"
    assert stored["3"].batch_id != stored["1"].batch_id
    assert db.revisions()["incidents"] == 2


def test_an_update_can_empty_a_cell(db, tmp_path):
    load(db, write(tmp_path / "calls.csv", ["1,97,33,2026-03-05,盗窃,G,x"]))
    report = load(db, write(tmp_path / "b.csv", ["1,,,2026-03-05,盗窃,,"]), options(source="calls"))
    assert report.updated == 1
    assert (rows(db)["1"].geom, rows(db)["1"].description) == (None, None)


@pytest.mark.parametrize(("rule", "kind"), [("last", "30"), ("first", "10")])
def test_repeated_ids_are_decided_by_the_rule(db, tmp_path, rule, kind):
    lines = [
        "1,97,33,2026-03-05,盗窃,G,a", "2,97,33,2026-03-05,盗窃,G,b",
        "1,97,33,2026-03-05,交通,G,c", "1,97,33,nonsense,火灾,G,d",
    ]  # fmt: skip
    report = load(db, write(tmp_path / "calls.csv", lines), options(duplicate_rule=rule))
    assert (report.inserted, report.duplicate_ids) == (2, 1)
    assert report.reasons == {"duplicate_id": 1, "not_a_time": 1}
    assert rows(db)["1"].kind == kind
    loser = next(row for row in list_rejected_of(db) if row.reason == "duplicate_id")
    assert loser.line == (2 if rule == "last" else 4)
    assert loser.raw["简要案情"] == ("a" if rule == "last" else "c")


def test_without_ids_equal_rows_are_told_apart_by_their_ordinal(db, tmp_path):
    mapping = {name: column for name, column in MAPPING.items() if name != "external_id"}
    line = "x,97,33,2026-03-05,盗窃,G,same"
    path = write(tmp_path / "a.csv", [line, "y,97,33,2026-03-05,盗窃,G,other", line])
    report = load(db, path, options(mapping=mapping))
    assert report.inserted == 3
    more = write(tmp_path / "b.csv", [line, line, line])
    report = load(db, more, options(mapping=mapping, source="a"))
    assert (report.inserted, report.unchanged) == (1, 2)
    assert "ids_made_from_content" in [each.code for each in report.warnings]


def test_persons_stop_at_the_door(db, tmp_path):
    path = tmp_path / "calls.csv"
    path.write_text(
        "编号,报警人,联系电话,发生时间,简要案情,备注,现场\n"
        "632721199003074518,甲乙丙,13800138000,2026-03-05,打13900139000回访,青A12345,东门\n"
        "A2,丁戊,13800138001,坏时间,身份证632721199003074518,无,西门\n",
        encoding="utf-8",
    )
    mapping = {"external_id": "编号", "occurred_at": "发生时间", "description": "简要案情"}
    report = load(db, path, options(mapping=mapping, keep=("备注", "联系电话"), datum=None))
    assert list(report.dropped_columns) == ["报警人", "联系电话"]
    assert list(report.kept_columns) == ["备注"]
    assert list(report.unmapped_columns) == ["现场"]
    assert report.masked_values == {"mobile": 1, "plate": 1}
    codes = [each.code for each in report.warnings]
    assert {"person_columns_not_kept", "ids_pseudonymised"} <= set(codes)
    (stored,) = rows(db).values()
    assert stored.external_id.startswith("p-")
    assert stored.description == "打[mobile]回访"
    assert stored.attributes == {"备注": "[plate]"}
    (rejected,) = list_rejected_of(db)
    assert rejected.raw == {
        "编号": "A2", "发生时间": "坏时间", "简要案情": "身份证[id]", "备注": "无", "现场": "西门",
    }  # fmt: skip
    db.dispose()
    for part in tmp_path.glob("store.gpkg*"):
        content = part.read_bytes()
        for secret in ("13800138000", "13900139000", "632721199003074518", "青A12345", "甲乙丙"):
            assert secret.encode() not in content


def test_a_person_column_cannot_be_mapped(db, tmp_path):
    path = tmp_path / "calls.csv"
    path.write_text("编号,发生时间,报警人\n1,2026-03-05,甲\n", encoding="utf-8")
    mapping = {"external_id": "编号", "occurred_at": "发生时间", "description": "报警人"}
    with pytest.raises(ImportRefused) as refusal:
        load(db, path, options(mapping=mapping))
    assert refusal.value.code == "person_column_mapped"
    assert refusal.value.fields["fields"] == {"description": "报警人"}


def test_gbk_with_chinese_headers_and_decimal_commas(db, tmp_path):
    path = tmp_path / "calls.csv"
    text = "编号;经度;纬度;发生时间\n007;97,0051;33,0052;２０２６年３月５日\n"
    path.write_bytes(text.encode("gb18030"))
    mapping = {"external_id": "编号", "lon": "经度", "lat": "纬度", "occurred_at": "发生时间"}
    with pytest.raises(ImportRefused) as refusal:
        load(db, path, options(mapping=mapping))
    assert refusal.value.code == "decimal_comma"
    report = load(db, path, options(mapping=mapping, table=TableOptions(decimal=",")))
    assert (report.encoding, report.delimiter, report.inserted) == ("gb18030", ";", 1)
    assert rows(db)["007"].geom == Point(97.0051, 33.0052)


def test_gcj02_is_converted_and_the_file_s_numbers_are_kept(db, tmp_path):
    x, y = wgs84_to_gcj02(97.005, 33.005)
    path = write(tmp_path / "calls.csv", [f"1,{float(x)!r},{float(y)!r},2026-03-05,盗窃,G,x"])
    load(db, path, options(datum=Datum.GCJ02))
    stored = rows(db)["1"]
    assert stored.geom.distance(Point(97.005, 33.005)) < 1e-9
    assert (stored.src_x, stored.src_y, stored.src_datum) == (float(x), float(y), "gcj02")


def test_hazards_and_disputes_have_their_own_fields(db, tmp_path):
    path = tmp_path / "hazards.csv"
    path.write_text(
        "编号,发现时间,办结时间,隐患类别,等级,是否重大,状态,发现渠道\n"
        "H1,2026-03-05 10:00,2026-03-04 10:00,飞线充电,较大,是,已整改,网格员巡查\n"
        "H2,2026-03-05 10:00,迟些,井盖缺失,蓝,否,整改中,12345热线\n",
        encoding="utf-8",
    )
    mapping = {
        "external_id": "编号", "occurred_at": "发现时间", "closed_at": "办结时间",
        "kind": "隐患类别", "severity": "等级", "is_major": "是否重大", "status": "状态",
        "channel": "发现渠道",
    }  # fmt: skip
    report = load(db, path, options(layer=EventLayer.HAZARDS, mapping=mapping))
    assert report.time_flags == {"closed_before_created": 1}
    assert {each.code for each in report.warnings} == {"unread_times", "no_grids"}
    stored = rows(db, Hazard)
    first, second = stored["H1"], stored["H2"]
    assert (first.kind, first.severity, first.is_major, first.status) == (
        "H11", "serious", True, "closed",
    )  # fmt: skip
    assert (first.channel, first.channel_group) == ("grid_inspection", "discovered")
    assert (second.kind, second.severity, second.is_major) == ("H40", "low", False)
    assert (second.channel_group, second.attributes) == ("reported", {"closed_at_text": "迟些"})
    path = tmp_path / "disputes.csv"
    path.write_text("编号,日期,类型,根源\nD1,2026-03-05,邻里纠纷,H1\n", encoding="utf-8")
    mapping = {
        "external_id": "编号",
        "occurred_at": "日期",
        "kind": "类型",
        "root_hazard_ref": "根源",
    }
    load(db, path, options(layer=EventLayer.DISPUTES, mapping=mapping))
    assert rows(db, Dispute)["D1"].root_hazard_ref == "H1"
    assert rows(db, Dispute)["D1"].kind == "neighbour"


def test_points_of_a_file_with_crs_need_no_datum(db, tmp_path):
    frame = gpd.GeoDataFrame(
        {"id": ["1", "2", "3"], "t": ["2026-03-05"] * 3},
        geometry=[Point(500000, 3653000), None, box(0, 0, 1, 1)],
        crs="EPSG:4543",
    )
    frame.to_file(tmp_path / "calls.gpkg")
    told = options(mapping={"external_id": "id", "occurred_at": "t"}, datum=None)
    report = load(db, tmp_path / "calls.gpkg", told)
    assert (report.inserted, report.unlocated, report.datum) == (2, 1, "EPSG:4543")
    assert report.reasons == {"not_a_point": 1}
    stored = rows(db)
    assert stored["1"].geom.x == pytest.approx(102.0, abs=1e-9)
    assert (stored["1"].src_x, stored["1"].src_y) == (500000.0, 3653000.0)


def test_batches_audit_and_revisions_are_written(db, tmp_path):
    seen, checked = [], []
    path = write(tmp_path / "calls.csv", [f"{i},97,33,2026-03-05,盗窃,G,x" for i in range(25)])
    report = run(
        db, path, options(chunk_rows=10), LOCAL_STEWARD,
        progress=lambda done, total: seen.append((done, total)),
        checking=lambda done, total: checked.append((done, total, len(seen))),
    )  # fmt: skip
    assert seen == [(10, 25), (20, 25), (25, 25)]
    assert checked == [(10, 25, 0), (20, 25, 0), (25, 25, 0)]
    with db.read() as session:
        (batch,) = list_batches(session, LOCAL_STEWARD)
        (entry,) = session.scalars(select(AuditEntry))
    assert (batch.state, batch.row_offset, batch.counts["inserted"]) == ("done", 25, 25)
    assert (entry.action, entry.subject, entry.row_count) == ("import", "incidents", 25)
    assert report.batch_id == batch.id
    assert db.revisions()["imports"] == 1


def test_only_a_steward_imports(db, tmp_path):
    path = write(tmp_path / "calls.csv", ["1,97,33,2026-03-05,盗窃,G,x"])
    officer = Viewer("o", Role.OFFICER, DisplayLevel.INTERNAL)
    with pytest.raises(AccessRefused):
        run(db, path, options(), officer)
    with db.read() as session, pytest.raises(AccessRefused):
        list_rejected(session, Viewer("w", Role.KIOSK, DisplayLevel.WALL))


def test_every_fault_of_the_options_is_named_at_once(db, tmp_path):
    path = write(tmp_path / "calls.csv", ["1,97,33,2026-03-05,盗窃,G,x"])
    told = options(
        mapping={"lon": "经度", "speed": "x", "kind": "nowhere", "clock": "发生时间"},
        times=TimeRules(tz="Mars/Base"), duplicate_rule="dice", default_kind="99", crs="EPSG:0",
        keep=("nothing",), table=TableOptions(decimal=":"),
    )  # fmt: skip
    with pytest.raises(ImportRefused) as refusal:
        load(db, path, told)
    assert refusal.value.code == "bad_options"
    assert sorted(each["code"] for each in refusal.value.fields["faults"]) == [
        "clock_without_date", "lon_without_lat", "time_required", "unknown_column",
        "unknown_column", "unknown_column", "unknown_crs", "unknown_decimal", "unknown_field",
        "unknown_kind", "unknown_rule", "unknown_time_zone",
    ]  # fmt: skip
    with db.read() as session:
        assert session.scalars(select(RejectedRow)).first() is None
        assert list_batches(session, LOCAL_STEWARD) == ()


UPDATED = {"external_id": "id", "lon": "lon", "lat": "lat", "occurred_at": "at", "updated_at": "up",
           "description": "text"}  # fmt: skip


def deliver(db, path, *lines, **changes):
    path.write_text("\n".join(["id,lon,lat,at,up,text", *lines, ""]), encoding="utf-8")
    return load(db, path, options(mapping=UPDATED, source="calls", **changes))


def test_the_later_update_wins_whatever_the_order_of_the_deliveries(db, tmp_path):
    new, old = "1,97,33,2026-03-05,2026-03-09 10:00,new", "1,97,33,2026-03-05,2026-03-08 10:00,old"
    assert deliver(db, tmp_path / "a.csv", old).inserted == 1
    assert deliver(db, tmp_path / "b.csv", new).updated == 1
    again = deliver(db, tmp_path / "c.csv", old, "2,97,33,2026-03-05,,x")
    assert (again.rows, again.stale, again.updated, again.inserted) == (2, 1, 0, 1)
    assert again.accepted == 2
    assert again.as_json()["stale"] == 1
    assert rows(db)["1"].description == "new"
    assert deliver(db, tmp_path / "c.csv", old, "2,97,33,2026-03-05,,x").as_json()["stale"] == 1


def test_equal_or_missing_updates_follow_the_order_of_the_deliveries(db, tmp_path):
    deliver(db, tmp_path / "a.csv", "1,97,33,2026-03-05,2026-03-09 10:00,first")
    told = deliver(db, tmp_path / "b.csv", "1,97,33,2026-03-05,2026-03-09 10:00,second")
    assert (told.updated, told.stale) == (1, 0)
    told = deliver(db, tmp_path / "c.csv", "1,97,33,2026-03-05,,third")
    assert (told.updated, told.stale) == (1, 0)
    assert rows(db)["1"].description == "third"


@pytest.mark.parametrize("rule", ["last", "first"])
def test_within_a_file_the_later_update_wins_before_the_rule(db, tmp_path, rule):
    report = deliver(
        db,
        tmp_path / "a.csv",
        "1,97,33,2026-03-05,2026-03-07,old",
        "1,97,33,2026-03-05,2026-03-09,new",
        "1,97,33,2026-03-05,2026-03-08,between",
        "2,97,33,2026-03-05,2026-03-08,one",
        "2,97,33,2026-03-05,2026-03-08,two",
        duplicate_rule=rule,
    )
    assert (report.inserted, report.duplicate_ids) == (2, 2)
    found = rows(db)
    assert found["1"].description == "new"
    assert found["2"].description == {"last": "two", "first": "one"}[rule]


def test_bands_and_months_are_stored_with_their_ends(db, tmp_path):
    path = write(
        tmp_path / "calls.csv",
        [
            "1,97,33,2026-03-05 20:00-22:00,盗窃,G,x",
            "2,97,33,2026年3月,盗窃,G,y",
            "3,97,33,2026-03-05 08:30,盗窃,G,z",
        ],
    )
    report = load(db, path)
    assert report.time_flags == {"month_only": 1, "time_band": 1}
    found = rows(db)
    assert found["1"].time_precision == "band"
    assert found["1"].occurred_until == datetime(2026, 3, 5, 14, tzinfo=UTC)
    assert found["2"].occurred_until == datetime(2026, 3, 31, 16, tzinfo=UTC)
    assert found["3"].occurred_until is None


def test_dates_of_a_workbook_are_days_and_numbers_follow_its_system(db, tmp_path):
    from openpyxl import Workbook
    from openpyxl.utils.datetime import CALENDAR_MAC_1904

    for name, epoch in (("a", None), ("b", CALENDAR_MAC_1904)):
        book = Workbook()
        if epoch is not None:
            book.epoch = epoch
        sheet = book.active
        sheet.append(["id", "at", "x"])
        sheet.append([f"{name}1", datetime(2026, 3, 5), "1"])  # noqa: DTZ001 - a cell has no zone
        sheet["B2"].number_format = "yyyy/m/d"
        sheet.append([f"{name}2", 46086.5 if epoch is None else 44624.5, "2"])
        sheet.append([f"{name}3", datetime(2026, 3, 5), "1"])  # noqa: DTZ001 - as above
        sheet["B4"].number_format = 'yyyy"年"m"月"d"日" h:mm'
        path = tmp_path / f"{name}.xlsx"
        book.save(path)
        told = options(mapping={"external_id": "id", "occurred_at": "at"}, datum=None)
        assert load(db, path, told).rejected == 0
        found = rows(db)
        assert found[f"{name}1"].time_precision == "day"
        assert found[f"{name}2"].occurred_at == datetime(2026, 3, 5, 4, tzinfo=UTC)
        assert found[f"{name}3"].time_precision == "minute"


def test_a_file_that_changes_under_the_import_is_refused(db, tmp_path):
    path = write(tmp_path / "a.csv", [f"{k},97,33,2026-03-05,盗窃,G,x" for k in range(6)])

    def meddle(done, _total):
        if done == 2:
            path.write_text("编号\n", encoding="utf-8")

    with pytest.raises(ImportRefused) as refusal:
        run(db, path, options(chunk_rows=2), LOCAL_STEWARD, now=NOW, progress=meddle)
    assert refusal.value.code == "file_changed"
    assert len(rows(db)) == 2
