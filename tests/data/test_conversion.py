"""A converted table differs from the old one in two columns and in nothing else."""

import csv
import io

import numpy as np
import pytest
from openpyxl import Workbook, load_workbook

from data.errors import ImportRefused
from data.importers.conversion import ConversionOptions, convert_table
from data.importers.tables import TableOptions
from geo.crs import Datum
from geo.gcj02 import wgs84_to_gcj02

ROWS = [
    ["001", "126.55", "43.85", '楼道 "杂物",堆放'],
    ["002", "", "", "无坐标"],
    ["003", "126.5x", "43.8", "坏"],
    ["004", "１２６.６", " 43.9 ", "全角"],
    ["005", "-0.1276", "51.5072", "London"],
]
EXPECTED = wgs84_to_gcj02(np.array([126.55, 126.6]), np.array([43.85, 43.9]))


def options(source=Datum.WGS84, target=Datum.GCJ02, **table):
    return ConversionOptions("经度", "纬度", source, target, TableOptions(**table))


def text_of(delimiter=",", line_end="\r\n"):
    stream = io.StringIO(newline="")
    writer = csv.writer(stream, delimiter=delimiter, lineterminator=line_end)
    writer.writerows([["编号", "经度", "纬度", "说明"], *ROWS])
    return stream.getvalue()


@pytest.mark.parametrize("encoding", ["utf-8", "utf-8-sig", "gb18030", "utf-16"])
@pytest.mark.parametrize(("delimiter", "line_end"), [(",", "\r\n"), ("\t", "\n"), ("|", "\n")])
def test_everything_else_stays_byte_for_byte(tmp_path, encoding, delimiter, line_end):
    path, out = tmp_path / "a.csv", tmp_path / "b.csv"
    path.write_bytes(text_of(delimiter, line_end).encode(encoding))
    done = convert_table(path, out, options())
    assert (done.rows, done.converted, done.unchanged) == (5, 3, 2)
    old = path.read_bytes().decode(encoding).split(line_end)
    new = out.read_bytes().decode(encoding).split(line_end)
    assert [old[k] for k in (0, 2, 3, 6)] == [new[k] for k in (0, 2, 3, 6)]
    assert out.read_bytes()[:3] == path.read_bytes()[:3]
    told = list(csv.reader(new, delimiter=delimiter))
    assert [row[3] for row in told[1:6]] == [row[3] for row in ROWS]
    assert float(told[1][1]) == pytest.approx(EXPECTED.lon[0], abs=6e-9)
    assert float(told[4][2]) == pytest.approx(EXPECTED.lat[1], abs=6e-9)
    assert (told[5][1], told[5][2]) == ("-0.12760000", "51.50720000")


def test_there_and_back_is_the_same_place(tmp_path):
    path, out, back = (tmp_path / f"{name}.csv" for name in "abc")
    path.write_text(text_of(), encoding="utf-8", newline="")
    convert_table(path, out, options(target=Datum.BD09))
    convert_table(out, back, options(Datum.BD09, Datum.WGS84))
    told = list(csv.reader(io.StringIO(back.read_text(encoding="utf-8"))))
    assert abs(float(told[1][1]) - 126.55) < 2e-8
    assert abs(float(told[1][2]) - 43.85) < 2e-8


def test_a_last_line_without_an_end_gets_none(tmp_path):
    path, out = tmp_path / "a.csv", tmp_path / "b.csv"
    path.write_bytes("编号,经度,纬度\n1,126.55,43.85\n2,126.6,43.9".encode())
    convert_table(path, out, options())
    assert out.read_bytes().count(b"\n") == 2
    assert not out.read_bytes().endswith(b"\n")


def test_decimal_commas_and_quotes_are_kept(tmp_path):
    path, out = tmp_path / "a.csv", tmp_path / "b.csv"
    path.write_text('编号;经度;纬度\n1;"126,55";43,85\n', encoding="utf-8")
    done = convert_table(path, out, options(delimiter=";", decimal=","))
    assert done.converted == 1
    (_, row) = out.read_text(encoding="utf-8").splitlines()
    assert row.startswith('1;"126,55')
    assert "." not in row


def test_rows_of_another_width_and_blank_lines_stay(tmp_path):
    path, out = tmp_path / "a.csv", tmp_path / "b.csv"
    path.write_text("编号,经度,纬度,注\n1,126.55\n\n2,126.55,43.85,x\n", encoding="utf-8")
    done = convert_table(path, out, options())
    assert (done.rows, done.converted) == (2, 1)
    assert out.read_text(encoding="utf-8").splitlines()[1:3] == ["1,126.55", ""]


def test_a_workbook_keeps_its_other_cells_sheets_and_formulas(tmp_path):
    path, out = tmp_path / "a.xlsx", tmp_path / "b.xlsx"
    book = Workbook()
    sheet = book.active
    sheet.append(["编号", "经度", "纬度", "和"])
    sheet.append(["007", 126.55, "43.85", "=1+1"])
    sheet.append(["008", None, None, "x"])
    sheet["A2"].number_format = "@"
    book.create_sheet("另表")["A1"] = "说明"
    book.save(path)
    done = convert_table(path, out, options())
    assert (done.rows, done.converted, done.unchanged) == (2, 1, 1)
    made = load_workbook(out)
    cells = [cell.value for cell in made.worksheets[0][2]]
    assert cells[0] == "007"
    assert cells[1] == pytest.approx(EXPECTED.lon[0], abs=6e-9)
    assert float(cells[2]) == pytest.approx(EXPECTED.lat[0], abs=6e-9)
    assert isinstance(cells[2], str)
    assert cells[3] == "=1+1"
    assert made["另表"]["A1"].value == "说明"


@pytest.mark.parametrize(
    ("name", "out", "changes", "code"),
    [
        ("a.csv", "a.csv", {}, "convert_same_file"),
        ("a.csv", "b.xlsx", {}, "convert_other_type"),
        ("a.geojson", "b.geojson", {}, "convert_not_a_table"),
        ("c.csv", "b.csv", {}, "unknown_column"),
        ("d.csv", "b.csv", {}, "convert_loose_quotes"),
    ],
)
def test_refusals_leave_nothing_behind(tmp_path, name, out, changes, code):
    (tmp_path / "a.csv").write_text(text_of(), encoding="utf-8", newline="")
    (tmp_path / "c.csv").write_text("编号,x\n1,2\n", encoding="utf-8")
    (tmp_path / "d.csv").write_text('编号,经度,纬度\n1 "a,1,2\n2,3,4\n', encoding="utf-8")
    (tmp_path / "a.geojson").write_text(
        '{"type":"FeatureCollection","features":[{"type":"Feature","properties":{"a":1},'
        '"geometry":{"type":"Point","coordinates":[1,2]}}]}'
    )
    before = sorted(each.name for each in tmp_path.iterdir())
    with pytest.raises(ImportRefused) as refusal:
        convert_table(tmp_path / name, tmp_path / out, options(**changes))
    assert refusal.value.code == code
    assert sorted(each.name for each in tmp_path.iterdir()) == before
