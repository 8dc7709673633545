import gzip
import json
import zipfile
from pathlib import Path

import geopandas as gpd
import openpyxl
import pytest
from shapely import Point, box

from data.errors import ImportRefused
from data.importers.tables import TableOptions, open_table


def rows_of(table, size=2, skip=0):
    found, faults = [], []
    for chunk in table.chunks(size, skip):
        found += list(zip(chunk.line.tolist(), chunk.frame.to_dict("records"), strict=True))
        faults += chunk.faults
    return found, faults


def write(path, content):
    path.write_bytes(content if isinstance(content, bytes) else content.encode())
    return path


def refusal_of(path, **options):
    with pytest.raises(ImportRefused) as refusal:
        for _chunk in open_table(path, TableOptions(**options)).chunks():
            pass
    return refusal.value


@pytest.mark.parametrize("encoding", ["utf-8", "utf-8-sig", "gb18030", "utf-16"])
@pytest.mark.parametrize("delimiter", [",", ";", "\t", "|"])
def test_encoding_and_delimiter_are_found(tmp_path, encoding, delimiter):
    text = "编号,所属社区,描述\n007,胜利路社区,楼道堆物影响通行\n008,民主路社区,飞线充电\n"
    path = write(tmp_path / "rows.csv", text.replace(",", delimiter).encode(encoding))
    table = open_table(path)
    assert table.columns == ("编号", "所属社区", "描述")
    assert table.delimiter == delimiter
    assert table.row_count_hint == 2
    found, faults = rows_of(table)
    assert [row["编号"] for _line, row in found] == ["007", "008"]
    assert [line for line, _row in found] == [2, 3]
    assert not faults


def test_quotes_breaks_and_blank_lines_keep_line_numbers_true(tmp_path):
    text = 'id,text\r\n1,"two\r\nlines, and ""quotes"""\r\n\r\n2,plain\r\n3\r\n4,last'
    table = open_table(write(tmp_path / "rows.csv", text))
    found, faults = rows_of(table, size=3)
    assert [(line, row["id"]) for line, row in found] == [(2, "1"), (5, "2"), (7, "4")]
    assert found[0][1]["text"] == 'two\r\nlines, and "quotes"'
    assert [(fault.line, fault.reason) for fault in faults] == [(6, "wrong_number_of_columns")]


def test_chunks_go_on_where_they_stopped(tmp_path):
    lines = "".join(f"{i},x\n" if i % 7 else f"{i}\n" for i in range(1, 100))
    table = open_table(write(tmp_path / "rows.csv", f"id,t\n{lines}"))
    whole, faults = rows_of(table, size=10)
    for skip in (0, 1, 9, 10, 55, 99):
        rest, more = rows_of(table, size=8, skip=skip)
        assert rest == [row for row in whole if row[0] > skip + 1]
        assert [fault.line for fault in more] == [f.line for f in faults if f.line > skip + 1]


def test_stray_quotes_do_not_swallow_the_file(tmp_path):
    text = 'id,text\n1,5" pipe\n2,plain\n3,x,y\n'
    table = open_table(write(tmp_path / "rows.csv", text))
    found, faults = rows_of(table)
    assert [(line, row["text"]) for line, row in found] == [(2, '5" pipe'), (3, "plain")]
    assert [fault.line for fault in faults] == [4]
    assert [warning.code for warning in table.warnings] == ["loose_quotes"]


def test_a_broken_row_costs_only_itself(tmp_path):
    good = "".join(f"{i},社区{i}\n" for i in range(20)).encode()
    path = write(tmp_path / "rows.csv", b"id,unit\n" + good + b"99,\xff\xfe\xfd\n" + b"100,ok\n")
    found, faults = rows_of(open_table(path), size=50)
    assert len(found) == 21
    assert [(fault.line, fault.reason) for fault in faults] == [(22, "undecodable")]
    assert found[-1] == (23, {"id": "100", "unit": "ok"})


def test_gzip_is_read_as_it_is(tmp_path):
    path = write(tmp_path / "rows.tsv.gz", gzip.compress(b"a\tb\n1\t2\n"))
    assert rows_of(open_table(path))[0] == [(2, {"a": "1", "b": "2"})]


@pytest.mark.parametrize(
    ("name", "content", "options", "code"),
    [
        ("empty.csv", b"", {}, "file_empty"),
        ("blank.csv", b"\n \n", {}, "file_empty"),
        ("header.csv", b"a,b\n", {}, "header_only"),
        ("one.csv", b"a\n1\n2\n", {}, "one_column"),
        ("semicolon.csv", b"a;b\n1;2\n", {"delimiter": ","}, "wrong_delimiter"),
        ("merged.csv", "位置,,类别\n97.1,33.2,火\n".encode(), {}, "merged_header"),
        ("big.csv", b"a,b\n1,2\n", {"max_bytes": 5}, "file_too_large"),
        ("bomb.csv.gz", gzip.compress(b"a,b\n" + b"1,2\n" * 9999), {"max_bytes": 500},
         "file_too_large"),
        ("cut.csv.gz", gzip.compress(b"a,b\n1,2\n" * 999)[:-20], {}, "file_damaged"),
        ("old.xls", b"\xd0\xcf\x11\xe0", {}, "old_workbook"),
        ("words.docx", b"PK", {}, "unknown_file_type"),
        ("not.xlsx", b"PK\x03\x04 broken", {}, "file_damaged"),
        ("broken.geojson", b'{"type": "FeatureColl', {}, "file_damaged"),
        ("other.json", b'{"a": 1}', {}, "not_features"),
        ("none.geojson", b'{"type": "FeatureCollection", "features": []}', {}, "file_empty"),
        ("broken.zip", b"PK\x03\x04 broken", {}, "damaged_zip"),
        ("x.csv", b"a,b\n1,2\n", {"encoding": "klingon"}, "unknown_encoding"),
        ("gbk.csv", "编号,描述\n1,楼道堆物\n".encode("gb18030"), {"encoding": "utf-8"},
         "wrong_encoding"),
    ],
)  # fmt: skip
def test_unusable_files_are_refused_with_a_code(tmp_path, name, content, options, code):
    refusal = refusal_of(write(tmp_path / name, content), **options)
    assert refusal.code == code
    assert str(tmp_path) not in str(refusal)


def test_a_missing_file_is_refused(tmp_path):
    assert refusal_of(tmp_path / "nowhere.csv").code == "file_missing"


def sheet(tmp_path, rows, merged=()):
    book = openpyxl.Workbook()
    for row in rows:
        book.active.append(row)
    for reference in merged:
        book.active.merge_cells(reference)
    path = tmp_path / "rows.xlsx"
    book.save(path)
    return path


def test_a_workbook_with_title_and_two_storey_header(tmp_path):
    rows = [
        ["隐患台账", None, None, None],
        ["编号", "位置", None, "类别"],
        [None, "经度", "纬度", None],
        ["001", 97.01, 33.0, "消防"],
        ["002", 97.02, 33.1, None],
    ]
    path = sheet(tmp_path, rows, ("A1:D1", "A2:A3", "B2:C2", "D2:D3", "D4:D5"))
    table = open_table(path)
    assert table.columns == ("编号", "经度", "纬度", "类别")
    codes = [warning.code for warning in table.warnings]
    assert codes == ["title_row_skipped", "merged_header_resolved", "merged_cells_filled"]
    found, _faults = rows_of(table)
    assert found == [
        (4, {"编号": "001", "经度": "97.01", "纬度": "33", "类别": "消防"}),
        (5, {"编号": "002", "经度": "97.02", "纬度": "33.1", "类别": "消防"}),
    ]


def test_formula_cells_without_a_value_go_to_quarantine(tmp_path):
    path = sheet(tmp_path, [["id", "t"], ["1", "a"], ["2", '=HYPERLINK("http://x")'], ["3", "b"]])
    table = open_table(path)
    found, faults = rows_of(table)
    assert [line for line, _row in found] == [2, 4]
    assert [(f.line, f.column, f.reason) for f in faults] == [(3, "t", "formula_cell")]
    assert ("formula_cells", 1) in [(w.code, w.fields.get("count")) for w in table.warnings]


def test_dates_of_a_workbook_are_iso_text(tmp_path):
    from datetime import datetime

    moment = datetime(2026, 3, 5, 8, 30)  # noqa: DTZ001 - a workbook's cell has no zone
    found, _faults = rows_of(open_table(sheet(tmp_path, [["id", "t"], [7, moment]])))
    assert found[0][1] == {"id": "7", "t": "2026-03-05 08:30:00"}


def test_features_carry_geometry_and_crs(tmp_path):
    frame = gpd.GeoDataFrame(
        {"code": ["007", "008"], "n": [1.0, None]}, geometry=[Point(97, 33), None], crs=4326
    )
    for name in ("rows.gpkg", "rows.geojson"):
        frame.to_file(tmp_path / name)
        table = open_table(tmp_path / name)
        assert table.crs == "EPSG:4326"
        chunk = next(table.chunks())
        assert chunk.frame["code"].tolist() == ["007", "008"]
        assert chunk.frame["n"].tolist() == ["1", ""]
        assert chunk.geometry[0] == Point(97, 33)
        assert chunk.geometry[1] is None


def zipped_shapefile(tmp_path, encoding):
    frame = gpd.GeoDataFrame({"name": ["胜利路社区居委会"]}, geometry=[box(0, 0, 1, 1)], crs=4326)
    frame.to_file(tmp_path / "areas.shp", encoding=encoding)
    with zipfile.ZipFile(tmp_path / "areas.zip", "w") as archive:
        for part in ("shp", "shx", "dbf", "prj"):
            archive.write(tmp_path / f"areas.{part}", f"inner/areas.{part}")
    return tmp_path / "areas.zip"


def test_a_zipped_shapefile_in_gbk_without_cpg(tmp_path):
    path = zipped_shapefile(tmp_path, "gb18030")
    chunk = next(open_table(path).chunks())
    assert chunk.frame["name"].tolist() == ["胜利路社区居委会"]


def test_a_truncated_zip_is_refused(tmp_path):
    path = zipped_shapefile(tmp_path, "utf-8")
    content = path.read_bytes()
    write(path, content[: len(content) // 2])
    assert refusal_of(path).code == "damaged_zip"


def test_a_shapefile_without_its_parts_is_refused(tmp_path):
    zipped_shapefile(tmp_path, "utf-8")
    Path(tmp_path / "areas.dbf").unlink()
    refusal = refusal_of(tmp_path / "areas.shp")
    assert refusal.code == "shapefile_parts_missing"
    assert refusal.fields["missing"] == [".dbf"]


def test_a_zip_without_shapefile_is_refused(tmp_path):
    with zipfile.ZipFile(tmp_path / "x.zip", "w") as archive:
        archive.writestr("a.csv", json.dumps({}))
    assert refusal_of(tmp_path / "x.zip").code == "zip_without_shapefile"


def test_an_unknown_layer_or_sheet_is_refused(tmp_path):
    frame = gpd.GeoDataFrame({"a": [1]}, geometry=[Point(0, 0)], crs=4326)
    frame.to_file(tmp_path / "rows.gpkg", layer="one")
    refusal = refusal_of(tmp_path / "rows.gpkg", layer="two")
    assert (refusal.code, refusal.fields["known"]) == ("unknown_layer", ["one"])
    refusal = refusal_of(sheet(tmp_path, [["a", "b"], [1, 2]]), sheet="none")
    assert (refusal.code, refusal.fields["known"]) == ("unknown_sheet", ["Sheet"])


@pytest.mark.shared
@pytest.mark.parametrize(("name", "rows"), [("bicycle", 3856), ("car", 3342), ("motorcycle", 2580)])
def test_taipei_is_recognised_as_big5(shared_data, name, rows):
    table = open_table(shared_data / "taipei_theft" / f"{name}.csv")
    assert table.encoding == "cp950"
    assert table.columns == ("編號", "案類", "發生日期", "發生時段", "發生地點")
    assert table.row_count_hint == rows
