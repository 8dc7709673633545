"""Street lines and blocks from files."""

import geopandas as gpd
import pyogrio
import pytest
import shapely

from data.errors import ImportRefused
from data.frames import compounds_frame, streets_frame
from data.importers.streets import LineLayer, StreetOptions, run
from data.viewer import LOCAL_STEWARD


def write(path, shapes, **columns):
    frame = gpd.GeoDataFrame(columns, geometry=shapes, crs="EPSG:4326")
    pyogrio.write_dataframe(frame, path, driver="GPKG")
    return path


def test_streets_get_their_length_and_the_same_file_changes_nothing(db, tmp_path):
    line = shapely.LineString([(97.0, 33.0), (97.01, 33.0)])
    path = write(
        tmp_path / "roads.gpkg",
        [line, line, shapely.Point(97, 33), None],
        道路名称=["<b>红卫路</b>", "红卫路", "x", "y"],
        highway=["primary", "residential", "a", "b"],
    )
    report = run(db, path, StreetOptions(LineLayer.STREETS), LOCAL_STEWARD)
    assert (report.rows, report.inserted, report.rejected) == (4, 2, 2)
    assert report.reasons == {"empty_geometry": 1, "not_a_line": 1}
    with db.read() as session:
        frame = streets_frame(session, LOCAL_STEWARD)
    assert frame["name"].tolist() == ["<b>红卫路</b>", "红卫路"]
    assert frame["length_m"].tolist() == pytest.approx([935.0, 935.0], rel=0.01)
    again = run(db, path, StreetOptions(LineLayer.STREETS), LOCAL_STEWARD)
    assert (again.inserted, again.updated, again.unchanged) == (0, 0, 2)


def test_blocks_carry_households_and_repeated_ids_are_reported(db, tmp_path):
    boxes = [shapely.box(97 + k, 33, 97.5 + k, 34) for k in range(3)]
    path = write(tmp_path / "blocks.gpkg", boxes, 小区编号=["b1", "b2", "b2"], 户数=[120, 300, 7])
    report = run(db, path, StreetOptions(LineLayer.BLOCKS), LOCAL_STEWARD)
    assert (report.inserted, report.duplicate_ids, report.reasons) == (2, 1, {"duplicate_id": 1})
    with db.read() as session:
        frame = compounds_frame(session, LOCAL_STEWARD)
    assert frame["households"].tolist() == [120, 300]


def test_unknown_columns_are_refused(db, tmp_path):
    path = write(tmp_path / "r.gpkg", [shapely.LineString([(0, 0), (1, 1)])], a=["1"])
    with pytest.raises(ImportRefused) as caught:
        run(db, path, StreetOptions(LineLayer.STREETS, mapping={"name": "b"}), LOCAL_STEWARD)
    assert caught.value.code == "unknown_column"
