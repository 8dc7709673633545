"""What the public and a wall may have of registers: counts by community, small ones withheld."""

from datetime import UTC, datetime, timedelta

import geopandas as gpd
import pandas as pd
import pytest
from openpyxl import load_workbook
from sqlalchemy import select

from data.errors import AccessRefused, RecordNotFound
from data.exports import ExportOptions, export_layer
from data.exports.counts import COUNTED, is_withheld
from data.exports.records import OF_PEOPLE
from data.importers.places import PlaceOptions
from data.importers.places import run as run_places
from data.importers.registers import RegisterOptions, run
from data.models import Place
from data.repositories.audit import latest
from data.repositories.place_writes import PlaceChange, PlaceWriter
from data.viewer import LOCAL_STEWARD, DisplayLevel
from data.vocabulary import RegisterLayer
from tests.dashboard import tiny_town

NOW = datetime(2026, 6, 1, tzinfo=UTC)
PUBLISHED = (DisplayLevel.PUBLIC, DisplayLevel.WALL)
SPOTS = {"W": (94.905, 36.405), "E": (94.935, 36.405), "": (95.5, 36.4)}


@pytest.fixture
def town(db, tmp_path):
    """Four grids in the communities W and E, which lie in the subdistrict S."""
    with db.write() as session:
        upper = PlaceWriter(session, level="subdistrict", effective=None, source="t")
        upper.write(PlaceChange("S", "subdistrict", name="街道S"))
        (above,) = session.scalars(select(Place.id))
        communities = PlaceWriter(session, level="community", effective=None, source="t")
        for code in ("W", "E"):
            communities.write(PlaceChange(code, "community", name=f"社区{code}", parent_id=above))
    grids = tmp_path / "grids.geojson"
    grids.write_text(tiny_town.grids_text(), encoding="utf-8")
    options = PlaceOptions(level="grid", code="网格编码", name="网格名称", parent="上级编码",
                           datum="wgs84")  # fmt: skip
    assert run_places(db, grids, options, LOCAL_STEWARD, now=NOW).inserted == 4
    return db


def load(db, folder, layer, rows, **options):
    path = folder / f"{layer}.csv"
    path.write_text("\n".join([*rows, ""]), encoding="utf-8")
    report = run(db, path, RegisterOptions(layer, **options), LOCAL_STEWARD, now=NOW)
    assert report.rejected == 0
    return report


def devices(db, folder, counts):
    """Load devices: (place, kind) → how many, lying there."""
    rows = ["设备编号,设备类型,经度,纬度"]
    for (place, kind), n in counts.items():
        rows += [f"{place}{kind}{k},{kind},{','.join(map(str, SPOTS[place]))}" for k in range(n)]
    load(db, folder, RegisterLayer.DEVICES, rows, datum="wgs84")


def exported(db, layer, target, level=DisplayLevel.PUBLIC):
    with db.write() as session:
        options = ExportOptions(level=level)
        export_layer(session, LOCAL_STEWARD, str(layer), target, options=options, now=NOW)
    return target


def told(db, layer, folder, level=DisplayLevel.PUBLIC):
    """The rows of an export as text: place, kind and month, count, note."""
    path = exported(db, layer, folder / "out.csv", level)
    table = pd.read_csv(path, encoding="utf-8-sig", dtype=str, keep_default_na=False)
    names = [name for name in table if name not in {"name", "level"}]
    return [tuple(row) for row in table[names].itertuples(index=False)]


@pytest.mark.parametrize("level", PUBLISHED)
def test_devices_are_counted_by_community_and_small_counts_are_withheld(town, tmp_path, level):
    counts = {("W", "烟感"): 5, ("W", "摄像头"): 4, ("E", "烟感"): 1, ("", "烟感"): 7}
    devices(town, tmp_path, counts)
    assert told(town, RegisterLayer.DEVICES, tmp_path, level) == [
        ("E", "smoke_alarm", "", "<5"),
        ("W", "camera", "", "<5"),
        ("W", "smoke_alarm", "5", ""),
    ]


def test_the_shape_is_that_of_the_community_never_of_the_thing(town, tmp_path):
    devices(town, tmp_path, {("W", "烟感"): 6, ("E", "烟感"): 2})
    frame = gpd.read_file(exported(town, RegisterLayer.DEVICES, tmp_path / "o.gpkg"))
    assert list(frame.columns) == ["place_code", "name", "level", "kind", "n", "note", "geometry"]
    assert set(frame.geom_type) <= {"Polygon", "MultiPolygon"}
    assert frame.set_index("place_code")["name"].to_dict() == {"W": "社区W", "E": "社区E"}
    assert frame.geometry.iloc[0].bounds == pytest.approx((94.92, 36.4, 94.94, 36.41))
    assert set(frame["level"]) == {"community"}  # no sum of subdistricts to subtract from


def test_stops_and_meetings_are_counted_by_local_month_and_by_the_stated_place(town, tmp_path):
    first = datetime(2026, 4, 30, 15, 30, tzinfo=UTC)  # 23:30 in April
    rows = ["记录编号,社区编码,任务类型,到达时间"]
    for k in range(12):
        at = first + timedelta(minutes=k * 5)  # six before local midnight, six after
        rows.append(f"r{k},{'A1' if k % 2 else 'W'},巡逻,{at + timedelta(hours=8):%Y-%m-%d %H:%M}")
    load(town, tmp_path, RegisterLayer.PATROL_STOPS, rows)
    assert told(town, RegisterLayer.PATROL_STOPS, tmp_path) == [
        ("W", "patrol", "2026-04", "6", ""),
        ("W", "patrol", "2026-05", "6", ""),
    ]
    rows = ["会议编号,社区编码,会议类型,计划日期,召开日期"]
    rows += [f"m{k},E,联席,2026-05-0{k},2026-05-0{k}" for k in range(1, 6)]
    rows += ["p1,E,联席,2026-05-20,", "q1,W,联席,2026-05-20,2026-05-21"]
    load(town, tmp_path, RegisterLayer.MEETINGS, rows)
    assert told(town, RegisterLayer.MEETINGS, tmp_path) == [
        ("E", "joint", "2026-05", "5", ""),
        ("W", "joint", "2026-05", "", "<5"),
    ]


def test_agreements_count_while_they_are_in_force(town, tmp_path):
    rows = ["协议编号,社区编码,共建单位,开始日期,结束日期"]
    rows += [f"a{k},W,某学校,2026-01-01,{'' if k < 5 else '2026-06-01'}" for k in range(9)]
    load(town, tmp_path, RegisterLayer.AGREEMENTS, rows)
    assert told(town, RegisterLayer.AGREEMENTS, tmp_path) == [("W", "5", "")]
    text = (tmp_path / "out.csv").read_text(encoding="utf-8-sig")
    assert "某学校" not in text


@pytest.mark.parametrize("level", PUBLISHED)
def test_every_register_is_counted_or_refused_with_its_own_code(town, tmp_path, level):
    for layer in COUNTED:
        assert told(town, layer, tmp_path, level) == []
    for layer in set(RegisterLayer) - COUNTED:
        with pytest.raises(AccessRefused) as caught:
            exported(town, layer, tmp_path / "o.csv", level)
        code = "register_of_people" if layer in OF_PEOPLE else "register_not_public"
        assert (caught.value.code, caught.value.fields["layer"]) == (code, layer.value)
        assert caught.value.fields["level"] == level.name.lower()
        assert not (tmp_path / "o.csv").exists()


def test_counts_stand_in_the_books_with_their_level(town, tmp_path):
    devices(town, tmp_path, {("W", "烟感"): 6})
    exported(town, RegisterLayer.DEVICES, tmp_path / "o.xlsx", DisplayLevel.WALL)
    with town.read() as session:
        entry = next(e for e in latest(session, LOCAL_STEWARD) if e.action == "export")
    assert (entry.subject, entry.row_count, entry.detail["level"]) == ("devices", 1, "wall")


def test_without_communities_subdistricts_are_counted_and_without_places_nothing(db, tmp_path):
    with pytest.raises(RecordNotFound, match="no_units"):
        exported(db, RegisterLayer.DEVICES, tmp_path / "o.csv")
    with db.write() as session:
        PlaceWriter(session, level="subdistrict", effective=None, source="t").write(
            PlaceChange("S", "subdistrict", name="街道S")
        )
    rows = ["设备编号,设备类型,社区编码", *(f"d{k},烟感,S" for k in range(5))]
    load(db, tmp_path, RegisterLayer.DEVICES, rows)
    assert told(db, RegisterLayer.DEVICES, tmp_path) == [("S", "smoke_alarm", "5", "")]


def test_a_withheld_count_is_blank_in_every_kind_of_file(town, tmp_path):
    devices(town, tmp_path, {("W", "烟感"): 6, ("E", "烟感"): 2})
    sheet = load_workbook(exported(town, RegisterLayer.DEVICES, tmp_path / "o.xlsx"))["devices"]
    cells = [[cell.value for cell in row] for row in sheet.iter_rows(min_row=2, min_col=5)]
    assert cells == [[None, "<5"], [6, None]]
    for ending in ("parquet", "geojson"):
        path = exported(town, RegisterLayer.DEVICES, tmp_path / f"o.{ending}")
        frame = gpd.read_parquet(path) if ending == "parquet" else gpd.read_file(path)
        counts = frame.set_index("place_code")["n"]
        assert (pd.isna(counts["E"]), counts["W"]) == (True, 6)


def test_only_one_to_four_are_withheld():
    assert [n for n in range(8) if is_withheld(n)] == [1, 2, 3, 4]
