"""Parquet, GeoParquet and FlatGeobuf carry the same rows as a CSV, under the same rules of CRS."""

from datetime import UTC, datetime

import geopandas as gpd
import numpy as np
import pandas as pd
import pyarrow as pa
import pyarrow.parquet as pq
import pytest
from shapely import Point, box
from sqlalchemy import select

from data.errors import ImportRefused
from data.importers.boundaries import ShapeOptions, has_shapes, read_shapes
from data.importers.events import run
from data.importers.options import EventOptions
from data.importers.places import PlaceOptions, check_file
from data.importers.streets import LineLayer, StreetOptions
from data.importers.streets import run as run_lines
from data.importers.tables import open_table
from data.models import Hazard, Incident
from data.viewer import LOCAL_STEWARD
from data.vocabulary import EventLayer
from geo.crs import Datum

NOW = datetime(2026, 6, 1, tzinfo=UTC)
MAPPING = {"external_id": "id", "occurred_at": "at", "kind": "kind"}
XY = {"lon": "lon", "lat": "lat"}
FRAME = pd.DataFrame(
    {
        "id": ["007", "008", "009"],
        "lon": [97.005, np.nan, 97.02],
        "lat": [33.005, np.nan, 33.01],
        "at": pd.to_datetime(["2026-03-05 08:30", "2026-03-05 09:00", None]),
        "kind": pd.Categorical(["盗窃", "火警", "纠纷"]),
        "n": pd.array([1, None, 3], dtype="Int64"),
    }
)


def load(db, path, mapping=None, **changes):
    told = {"datum": Datum.WGS84, "keep": ("n",), **changes}
    layer = told.pop("layer", EventLayer.INCIDENTS)
    options = EventOptions(layer, mapping or {**MAPPING, **XY}, **told)
    return run(db, path, options, LOCAL_STEWARD, now=NOW)


def stored(db, model=Incident):
    with db.read() as session:
        return {row.external_id: row for row in session.scalars(select(model))}


@pytest.mark.parametrize("layer", [EventLayer.INCIDENTS, EventLayer.HAZARDS])
def test_plain_parquet_with_columns_of_degrees(db, tmp_path, layer):
    path = tmp_path / "calls.parquet"
    FRAME.to_parquet(path, row_group_size=2)
    report = load(db, path, layer=layer, chunk_rows=2)
    assert (report.rows, report.inserted, report.unlocated) == (3, 2, 1)
    assert report.reasons == {"missing_time": 1}
    row = stored(db, Hazard if layer is EventLayer.HAZARDS else Incident)["007"]
    assert row.occurred_at == datetime(2026, 3, 5, 0, 30, tzinfo=UTC)
    assert (row.geom, row.attributes) == (Point(97.005, 33.005), {"n": "1"})
    assert load(db, path, layer=layer).was_already_done


def test_plain_parquet_needs_a_datum(db, tmp_path):
    path = tmp_path / "calls.parquet"
    FRAME.to_parquet(path)
    with pytest.raises(ImportRefused) as refusal:
        load(db, path, datum=None)
    assert refusal.value.code == "datum_required"


def geo_frame(crs):
    points = gpd.GeoSeries([Point(97.005, 33.005), None, Point(97.02, 33.01)], crs="EPSG:4326")
    frame = gpd.GeoDataFrame(FRAME[["id", "at", "kind"]].astype(str), geometry=points)
    frame["at"] = "2026-03-05 08:30"
    return frame.to_crs(crs) if crs else frame.set_crs(None, allow_override=True)


@pytest.mark.parametrize("ending", [".parquet", ".fgb"])
@pytest.mark.parametrize("crs", ["EPSG:4326", "EPSG:4547", "EPSG:4490"])
def test_the_crs_of_the_file_counts(db, tmp_path, ending, crs):
    path = tmp_path / f"calls{ending}"
    frame = geo_frame(crs)
    frame.to_parquet(path) if ending == ".parquet" else frame.to_file(path, SPATIAL_INDEX="NO")
    report = load(db, path, MAPPING, datum=None, keep=())
    assert (report.rows, report.inserted, report.unlocated) == (3, 3, 1)
    found = stored(db)["007"].geom
    assert found.distance(Point(97.005, 33.005)) < 1e-8
    assert report.datum == crs


@pytest.mark.parametrize("ending", [".parquet", ".fgb"])
def test_shapes_without_a_crs_are_refused_until_declared(db, tmp_path, ending):
    path = tmp_path / f"calls{ending}"
    frame = geo_frame(None)
    if ending == ".parquet":
        frame.to_parquet(path)
    else:
        with pytest.warns(UserWarning, match="crs"):
            frame.to_file(path, SPATIAL_INDEX="NO")
    with pytest.raises(ImportRefused) as refusal:
        load(db, path, MAPPING, datum=None, keep=())
    assert refusal.value.code == "datum_required"
    assert load(db, path, MAPPING, datum=Datum.GCJ02, keep=()).datum == "gcj02"


def test_geoparquet_that_names_no_crs_is_crs84(tmp_path):
    path = tmp_path / "calls.parquet"
    geo_frame("EPSG:4326").to_parquet(path)
    table = pq.read_table(path)
    told = table.schema.metadata[b"geo"].replace(b'"crs":', b'"was":')
    pq.write_table(table.replace_schema_metadata({b"geo": told}), path)
    assert open_table(path).crs == "OGC:CRS84"


def test_types_become_the_text_a_person_would_type(tmp_path):
    path = tmp_path / "types.parquet"
    table = pa.table(
        {
            "whole": pa.array([1.0, None, 3.0]),
            "part": pa.array([1.5, 2.0, float("nan")]),
            "day": pa.array([20000, None, 0], pa.date32()),
            "zoned": pa.array([0, 1, None], pa.timestamp("us", tz="Asia/Shanghai")),
            "flag": pa.array([True, False, None]),
            "words": pa.array([["a"], [], None], pa.list_(pa.string())),
        }
    )
    pq.write_table(table, path)
    (chunk,) = open_table(path).chunks()
    assert chunk.frame.to_dict("list") == {
        "whole": ["1", "", "3"],
        "part": ["1.5", "2", ""],
        "day": ["2024-10-04", "", "1970-01-01"],
        "zoned": ["1970-01-01 00:00:00Z", "1970-01-01 00:00:00Z", ""],
        "flag": ["true", "false", ""],
        "words": ['["a"]', "[]", ""],
    }
    (rest,) = open_table(path).chunks(10, 2)
    assert rest.line.tolist() == [3]


@pytest.mark.parametrize("content", [b"PAR1 this is none", b"PAR1"])
def test_a_damaged_file_is_said_to_be(tmp_path, content):
    path = tmp_path / "calls.parquet"
    path.write_bytes(content)
    with pytest.raises(ImportRefused) as refusal:
        open_table(path)
    assert refusal.value.code == "file_damaged"
    with pytest.raises(ImportRefused):
        read_shapes(path, ShapeOptions())


def test_an_empty_parquet_is_a_header_only(tmp_path):
    path = tmp_path / "calls.parquet"
    FRAME.head(0).to_parquet(path)
    with pytest.raises(ImportRefused) as refusal:
        open_table(path)
    assert refusal.value.code == "header_only"


@pytest.mark.parametrize("ending", [".parquet", ".fgb"])
def test_boundaries_come_in_either_format(tmp_path, ending):
    path = tmp_path / f"grids{ending}"
    squares = [box(97 + k / 100, 33, 97.01 + k / 100, 33.01) for k in range(3)]
    frame = gpd.GeoDataFrame({"code": ["a", "b", "c"]}, geometry=squares, crs="EPSG:4326")
    frame.to_parquet(path) if ending == ".parquet" else frame.to_file(path)
    assert has_shapes(path)
    result = check_file(path, PlaceOptions(code="code"))
    assert result.as_json()["valid_coverage"]
    assert result.as_json()["features"] == 3


@pytest.mark.parametrize("ending", [".parquet", ".fgb"])
def test_streets_come_in_either_format(db, tmp_path, ending):
    from shapely import LineString

    path = tmp_path / f"streets{ending}"
    lines = [LineString([(97, 33), (97.01, 33)]), LineString([(97, 33), (97, 33.01)])]
    frame = gpd.GeoDataFrame({"id": ["1", "2"], "name": ["东路", "西路"]}, geometry=lines, crs=4326)
    frame.to_parquet(path) if ending == ".parquet" else frame.to_file(path)
    report = run_lines(db, path, StreetOptions(layer=LineLayer.STREETS), LOCAL_STEWARD)
    assert (report.rows, report.inserted) == (2, 2)


def test_a_plain_parquet_is_no_file_of_shapes(tmp_path):
    path = tmp_path / "table.parquet"
    FRAME.to_parquet(path)
    assert not has_shapes(path)
    with pytest.raises(ImportRefused) as refusal:
        read_shapes(path, ShapeOptions())
    assert refusal.value.code == "no_shapes"
