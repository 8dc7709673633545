"""The store is a valid GeoPackage that GDAL reads, layer by layer."""

import json
import subprocess
from pathlib import Path

import pytest
import shapely

from data.geometry import point_blobs, points_of_blobs, to_blob, wkb_of_blob
from data.models import Boundary, Hazard, Incident, Place, Post, Street

pytestmark = pytest.mark.gdal
SYSTEM_PYTHON = "/usr/bin/python3"  # GDAL's validator comes with Debian's own Python


def _event(model, n):
    return model(
        source="t",
        external_id=str(n),
        kind="10",
        channel="unknown",
        channel_group="unknown",
        time_precision="minute",
        content_hash="",
        geom=shapely.Point(94.9 + n / 1000, 36.4) if n else None,
    )


@pytest.fixture
def filled(embedded):
    with embedded.write() as session:
        place = Place(level="grid", kind="base", code="1", name="网格一", source="t")
        session.add(place)
        session.flush()
        square = shapely.MultiPolygon([shapely.box(94, 36, 94.1, 36.1)])
        session.add(Boundary(place_id=place.id, geom=square))
        line = shapely.MultiLineString([[(94, 36), (94.1, 36.1)]])
        session.add(Street(source="t", external_id="1", name="路", geom=line))
        session.add(Post(place_id=place.id, position="beat_officer", title="01", geom=None))
        session.add_all(_event(model, n) for model in (Incident, Hazard) for n in range(4))
    embedded.dispose()
    return embedded


def _gdal(*command):
    return subprocess.run(
        [str(word) for word in command], capture_output=True, text=True, check=True
    ).stdout


def test_gdal_reads_every_layer(filled, tmp_path):
    listed = _gdal("ogrinfo", "-ro", "-so", "-al", filled.path)
    features = {"boundary", "incident", "hazard", "dispute", "street", "post", "compound"}
    tables = {"place", "place_code", "audit_entry", "appointment", "import_batch", "setting"}
    for name in features | tables:
        assert f"Layer name: {name}\n" in listed
    out = tmp_path / "hazard.geojson"
    _gdal("ogr2ogr", "-f", "GeoJSON", out, filled.path, "hazard")
    geometries = [item["geometry"] for item in json.loads(out.read_text())["features"]]
    assert geometries[0] is None
    assert geometries[1]["coordinates"] == [94.901, 36.4]
    assert len(geometries) == 4


def test_gdals_validator_has_only_the_trigger_names_to_say(filled):
    told = subprocess.run(
        [SYSTEM_PYTHON, "-m", "osgeo_utils.samples.validate_gpkg", "-k", str(filled.path)],
        capture_output=True,
        text=True,
        check=False,
    )
    lines = [line for line in (told.stdout + told.stderr).splitlines() if line.strip()]
    complaints = [
        line
        for line in lines
        if "Req" in line and not ("Req 75" in line and ("update1" in line or "update3" in line))
    ]
    assert complaints == []
    assert any("Req 75" in line for line in lines), "the validator did not run to its end"


def test_pyogrio_reads_points_and_times(filled):
    import geopandas as gpd

    frame = gpd.read_file(filled.path, layer="incident")
    assert frame.crs.to_epsg() == 4326
    assert frame.geometry.isna().sum() == 1


def test_blobs_and_arrays_are_each_others_inverse():
    import numpy as np

    lon, lat = np.array([94.9, np.nan, 114.3]), np.array([36.4, np.nan, 30.6])
    blobs = point_blobs(lon, lat)
    assert blobs[0] == to_blob(shapely.Point(94.9, 36.4))
    assert blobs[1] is None
    back = points_of_blobs(blobs)
    np.testing.assert_array_equal(back[0], lon)
    np.testing.assert_array_equal(back[1], lat)
    polygon = shapely.box(1, 2, 3, 4)
    assert shapely.from_wkb(wkb_of_blob(to_blob(polygon))).equals(polygon)
    empty = shapely.Polygon()
    assert shapely.from_wkb(wkb_of_blob(to_blob(empty))).is_empty


def test_the_file_says_what_it_is(filled):
    head = Path(filled.path).read_bytes()[:100]
    assert head[:15] == b"SQLite format 3"
    assert head[68:72] == b"GPKG"
