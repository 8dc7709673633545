"""A quarantined row is mended under the rules of its import, dismissed, or kept with its fault."""

from datetime import UTC, datetime

import geopandas as gpd
import pytest
from shapely import LineString, Point
from sqlalchemy import select

from data.errors import AccessRefused, ImportRefused, RecordNotFound, StaleRevision
from data.importers.events import run
from data.importers.mending import dismiss, mend_form, resubmit
from data.importers.options import EventOptions
from data.importers.times import TimeRules
from data.models import AuditEntry, Dispute, Hazard, Incident, RejectedRow
from data.repositories.audit import is_intact
from data.viewer import LOCAL_STEWARD, DisplayLevel, Role, Viewer
from data.vocabulary import EventLayer
from geo.crs import Datum
from geo.gcj02 import wgs84_to_gcj02

NOW = datetime(2026, 6, 1, tzinfo=UTC)
MAPPING = {
    "external_id": "编号", "lon": "经度", "lat": "纬度", "occurred_at": "时间", "kind": "类别",
    "description": "案情", "updated_at": "更新",
}  # fmt: skip
HEADER = "编号,经度,纬度,时间,类别,案情,更新"
MODELS = {
    EventLayer.INCIDENTS: Incident,
    EventLayer.HAZARDS: Hazard,
    EventLayer.DISPUTES: Dispute,
}


def write(path, *lines, header=HEADER):
    path.write_text("\n".join([header, *lines, ""]), encoding="utf-8")
    return path


def load(db, path, layer=EventLayer.INCIDENTS, **changes):
    told = {"datum": Datum.WGS84, "source": "calls", "mapping": MAPPING, **changes}
    mapping = told.pop("mapping")
    return run(db, path, EventOptions(layer, mapping, **told), LOCAL_STEWARD, now=NOW)


def rejected(db, line=None):
    with db.read() as session:
        query = select(RejectedRow).order_by(RejectedRow.line)
        rows = [row for row in session.scalars(query) if line in {None, row.line}]
    return rows[0] if line is not None else rows


def stored(db, model=Incident):
    with db.read() as session:
        return {row.external_id: row for row in session.scalars(select(model))}


def form(db, row):
    with db.read() as session:
        return mend_form(session, LOCAL_STEWARD, row.id)


@pytest.mark.parametrize("layer", list(MODELS))
def test_a_mended_row_is_taken_as_the_import_would_have(db, tmp_path, layer):
    path = write(
        tmp_path / "a.csv",
        "1,97,33,2026-03-05 08:30,盗窃,x,",
        "2,126.55x,43.85,2026-03-05 09:00,盗窃,电话13800138000,",
    )
    report = load(db, path, layer, datum=Datum.GCJ02)
    row = rejected(db, 3)
    shown = form(db, row)
    assert shown.at_fault == "经度"
    assert shown.can_mend
    assert shown.values["案情"] == "电话[mobile]"
    before = db.revisions()
    told = resubmit(db, row.id, {"经度": "126.55"}, LOCAL_STEWARD, token=shown.held.token, now=NOW)
    assert (told.state, told.inserted) == ("mended", 1)
    record = stored(db, MODELS[layer])["2"]
    there = wgs84_to_gcj02(record.geom.x, record.geom.y)
    assert (float(there.lon), float(there.lat)) == pytest.approx((126.55, 43.85), abs=1e-9)
    assert (record.batch_id, record.line, record.source) == (report.batch_id, 3, "calls")
    assert record.description == "电话[mobile]"
    assert rejected(db, 3).state == "mended"
    after = db.revisions()
    assert after[layer.value] == before[layer.value] + 1
    assert after["imports"] == before["imports"] + 1
    with db.read() as session:
        entry = session.scalars(select(AuditEntry).order_by(AuditEntry.id.desc())).first()
        assert (entry.action, entry.subject, entry.row_count) == ("mend", layer.value, 1)
        assert entry.detail["columns"] == ["经度"]
        assert is_intact(session)


def test_a_row_that_is_still_bad_stays_with_its_new_reason(db, tmp_path):
    load(db, write(tmp_path / "a.csv", "1,97,33,,盗窃,x,", "2,97,33,2026-03-05,盗窃,x,"))
    row = rejected(db, 2)
    told = resubmit(db, row.id, {"时间": "下周"}, LOCAL_STEWARD, now=NOW)
    assert (told.state, told.reason, told.column) == ("open", "not_a_time", "时间")
    told = resubmit(db, row.id, {"时间": "2026-03-05", "经度": "33", "纬度": "97"}, LOCAL_STEWARD)
    assert (told.state, told.reason) == ("open", "swapped_axes")
    held = rejected(db, 2)
    assert (held.state, held.reason, held.raw["经度"]) == ("open", "swapped_axes", "33")
    assert "1" not in stored(db)
    told = resubmit(db, row.id, {"经度": "97", "纬度": "33"}, LOCAL_STEWARD, now=NOW)
    assert told.state == "mended"
    assert stored(db)["1"].time_precision == "day"


def test_persons_typed_into_a_form_are_masked(db, tmp_path):
    load(db, write(tmp_path / "a.csv", "1,97,33,,盗窃,x,", "2,97,33,2026-03-05,盗窃,x,"))
    row = rejected(db, 2)
    resubmit(db, row.id, {"案情": "找13800138000", "时间": "下周"}, LOCAL_STEWARD, now=NOW)
    assert rejected(db, 2).raw["案情"] == "找[mobile]"
    resubmit(db, row.id, {"案情": "找13800138000", "时间": "2026-03-06"}, LOCAL_STEWARD, now=NOW)
    assert stored(db)["1"].description == "找[mobile]"


def test_the_second_steward_is_told(db, tmp_path):
    load(db, write(tmp_path / "a.csv", "1,97,33,,盗窃,x,", "2,97,33,2026-03-05,盗窃,x,"))
    row = rejected(db, 2)
    seen = form(db, row).held.token
    resubmit(db, row.id, {"时间": "下周"}, LOCAL_STEWARD, token=seen, now=NOW)
    with pytest.raises(StaleRevision) as stale:
        resubmit(db, row.id, {"时间": "2026-03-05"}, LOCAL_STEWARD, token=seen, now=NOW)
    assert stale.value.code == "row_mended_elsewhere"
    seen = form(db, row).held.token
    dismiss(db, row.id, "重复报警", LOCAL_STEWARD, token=seen, now=NOW)
    with pytest.raises(StaleRevision):
        resubmit(db, row.id, {"时间": "2026-03-05"}, LOCAL_STEWARD, now=NOW)
    assert "1" not in stored(db)


def test_a_dismissal_says_why(db, tmp_path):
    load(db, write(tmp_path / "a.csv", "1,97,33,,盗窃,x,", "2,97,33,2026-03-05,盗窃,x,"))
    row = rejected(db, 2)
    with pytest.raises(ImportRefused) as refusal:
        dismiss(db, row.id, "  ", LOCAL_STEWARD)
    assert refusal.value.code == "note_required"
    assert dismiss(db, row.id, "本人13800138000撤回", LOCAL_STEWARD, now=NOW).state == "dismissed"
    assert rejected(db, 2).state == "dismissed"
    with db.read() as session:
        entry = session.scalars(select(AuditEntry).order_by(AuditEntry.id.desc())).first()
    assert (entry.action, entry.detail["note"]) == ("dismiss", "本人[mobile]撤回")


def test_a_repeated_id_needs_another_one(db, tmp_path):
    path = write(tmp_path / "a.csv", "1,97,33,2026-03-05,盗窃,one,", "1,97,33,2026-03-06,盗窃,two,")
    load(db, path)
    row = rejected(db, 2)
    assert resubmit(db, row.id, {"案情": "1b"}, LOCAL_STEWARD, now=NOW).reason == "duplicate_id"
    assert stored(db)["1"].description == "two"
    assert resubmit(db, row.id, {"编号": "1b"}, LOCAL_STEWARD, now=NOW).state == "mended"
    assert set(stored(db)) == {"1", "1b"}


def test_what_a_later_file_brought_is_not_overwritten(db, tmp_path):
    load(db, write(tmp_path / "a.csv", "1,97,33,,盗窃,old,", "2,97,33,2026-03-05,盗窃,x,"))
    load(db, write(tmp_path / "b.csv", "1,97,33,2026-03-07,盗窃,new,"))
    told = resubmit(db, rejected(db, 2).id, {"时间": "2026-03-05"}, LOCAL_STEWARD, now=NOW)
    assert (told.state, told.reason) == ("open", "newer_in_store")
    assert stored(db)["1"].description == "new"


def test_an_older_record_is_updated_unless_it_was_updated_later(db, tmp_path):
    load(db, write(tmp_path / "a.csv", "1,97,33,2026-03-05,盗窃,first,2026-03-06 10:00"))
    load(
        db,
        write(
            tmp_path / "b.csv",
            "1,97,33,,盗窃,second,2026-03-05 10:00",
            "2,97,33,2026-03-05,盗窃,x,",
        ),
    )
    row = rejected(db, 2)
    told = resubmit(db, row.id, {"时间": "2026-03-05"}, LOCAL_STEWARD, now=NOW)
    assert told.reason == "newer_in_store"
    told = resubmit(db, row.id, {"更新": "2026-03-07 10:00"}, LOCAL_STEWARD, now=NOW)
    assert (told.state, told.updated) == ("mended", 1)
    assert stored(db)["1"].description == "second"


def test_what_the_column_decided_holds_for_the_mended_row(db, tmp_path):
    lines = [f"{k},97,33,{k % 28 + 1:02d}/03/2026,盗窃,x," for k in range(1, 40)]
    load(db, write(tmp_path / "a.csv", *lines, "99,97,33,05/04/26,盗窃,x,"))
    resubmit(db, rejected(db, 41).id, {"时间": "05/04/2026"}, LOCAL_STEWARD, now=NOW)
    assert stored(db)["99"].occurred_at == datetime(2026, 4, 4, 16, tzinfo=UTC)


def test_a_row_of_midnights_stays_a_day(db, tmp_path):
    lines = [f"{k},97,33,2026-03-{k % 28 + 1:02d} 00:00:00,盗窃,x," for k in range(1, 40)]
    load(db, write(tmp_path / "a.csv", *lines, "99,97,33,soon,盗窃,x,"))
    resubmit(db, rejected(db, 41).id, {"时间": "2026-03-05 00:00"}, LOCAL_STEWARD, now=NOW)
    assert stored(db)["99"].time_precision == "day"


def test_a_row_that_was_no_row_is_typed_in_anew(db, tmp_path):
    load(db, write(tmp_path / "a.csv", "1,97,33,2026-03-05,盗窃,x,", "2,97,33"))
    row = rejected(db, 3)
    shown = form(db, row)
    assert (shown.whole_text, shown.at_fault) == ("2,97,33", "")
    assert set(shown.values) == set(HEADER.split(","))
    told = resubmit(
        db, row.id, {"编号": "2", "经度": "97", "纬度": "33", "时间": "2026-03-05"}, LOCAL_STEWARD
    )
    assert told.state == "mended"


def test_a_shape_of_the_file_is_kept(db, tmp_path):
    path = tmp_path / "a.gpkg"
    points = gpd.GeoSeries([Point(97, 33), Point(97.1, 33.1)], crs="EPSG:4326").to_crs(4547)
    frame = gpd.GeoDataFrame({"编号": ["1", "2"], "时间": ["2026-03-05", "soon"]}, geometry=points)
    frame.to_file(path)
    load(db, path, mapping={"external_id": "编号", "occurred_at": "时间"}, datum=None)
    row = rejected(db, 2)
    assert "geometry" not in form(db, row).values
    assert resubmit(db, row.id, {"时间": "2026-03-06"}, LOCAL_STEWARD, now=NOW).state == "mended"
    assert stored(db)["2"].geom.distance(Point(97.1, 33.1)) < 1e-8


def test_who_may_not_and_what_cannot(db, tmp_path):
    load(db, write(tmp_path / "a.csv", "1,97,33,,盗窃,x,", "2,97,33,2026-03-05,盗窃,x,"))
    row = rejected(db, 2)
    analyst = Viewer("a", Role.ANALYST, DisplayLevel.INTERNAL)
    with pytest.raises(AccessRefused):
        resubmit(db, row.id, {}, analyst)
    with pytest.raises(AccessRefused):
        dismiss(db, row.id, "x", analyst)
    with pytest.raises(RecordNotFound):
        resubmit(db, row.id + 99, {}, LOCAL_STEWARD)
    with pytest.raises(ImportRefused) as refusal:
        resubmit(db, row.id, {"姓名": "x"}, LOCAL_STEWARD)
    assert refusal.value.code == "unknown_column"


def test_other_registers_are_mended_in_the_file(db, tmp_path):
    from data.importers.streets import LineLayer, StreetOptions
    from data.importers.streets import run as run_lines

    shapes = [LineString([(97, 33), (97.01, 33)]), Point(97, 33)]
    gpd.GeoDataFrame({"id": ["1", "2"]}, geometry=shapes, crs=4326).to_file(tmp_path / "s.gpkg")
    run_lines(db, tmp_path / "s.gpkg", StreetOptions(layer=LineLayer.STREETS), LOCAL_STEWARD)
    (row,) = rejected(db)
    assert not form(db, row).can_mend
    with pytest.raises(ImportRefused) as refusal:
        resubmit(db, row.id, {}, LOCAL_STEWARD)
    assert refusal.value.code == "mend_in_file"
    assert dismiss(db, row.id, "不是道路", LOCAL_STEWARD).state == "dismissed"


def test_roc_years_hold_for_a_mended_row(db, tmp_path):
    lines = [f"{k},97,33,11503{k:02d},盗窃,x," for k in range(1, 29)]
    load(
        db,
        write(tmp_path / "a.csv", *lines, "99,97,33,??,盗窃,x,"),
        times=TimeRules(tz="Asia/Taipei"),
    )
    resubmit(db, rejected(db, 30).id, {"时间": "1150305"}, LOCAL_STEWARD, now=NOW)
    assert stored(db)["99"].occurred_at == datetime(2026, 3, 4, 16, tzinfo=UTC)
