from datetime import date

import numpy as np
import pandas as pd
import pytest
from shapely import MultiPolygon, Point, box

from data.errors import ImportRefused
from data.importers.events import run
from data.importers.locate import REASONS, locate, points_of_columns
from data.importers.options import EventOptions
from data.importers.preview import preview
from data.models import Boundary, Place
from data.repositories.imports import list_batches
from data.viewer import LOCAL_STEWARD
from data.vocabulary import EventLayer
from geo.crs import Datum
from geo.gcj02 import wgs84_to_gcj02

MAPPING = {"external_id": "id", "lon": "x", "lat": "y", "occurred_at": "t", "stated_unit": "unit"}


@pytest.fixture
def town(db):
    with db.write() as session:
        for column in range(10):
            place = Place(level="grid", kind="base", code=f"G{column}", name="", source="t")
            session.add(place)
            session.flush()
            shape = MultiPolygon([box(97 + column / 500, 33, 97 + (column + 1) / 500, 33.02)])
            session.add(Boundary(place_id=place.id, valid_from=date(2020, 1, 1), geom=shape))
    return db


def inside(count=200):
    rng = np.random.default_rng(7)
    column = rng.integers(0, 10, count)
    x = 97 + (column + rng.random(count)) / 500
    return x, 33 + rng.random(count) * 0.02, [f"G{each}" for each in column]


def write(path, x, y, units):
    lines = [
        f"{i},{a!r},{b!r},2026-03-05,{unit}\n"
        for i, (a, b, unit) in enumerate(zip(x.tolist(), y.tolist(), units, strict=True))
    ]
    path.write_text("id,x,y,t,unit\n" + "".join(lines), encoding="utf-8")
    return path


def refusal_of(db, path, **changes):
    told = EventOptions(**{"layer": EventLayer.INCIDENTS, "mapping": MAPPING, **changes})
    with pytest.raises(ImportRefused) as refusal:
        run(db, path, told, LOCAL_STEWARD)
    with db.read() as session:
        assert list_batches(session, LOCAL_STEWARD) == ()
    return refusal.value


def test_an_undeclared_datum_is_refused_with_the_audit_s_recommendation(town, tmp_path):
    x, y, units = inside()
    path = write(tmp_path / "rows.csv", *wgs84_to_gcj02(x, y), units)
    refusal = refusal_of(town, path)
    assert refusal.code == "datum_required"
    assert refusal.fields["recommended"] == "gcj02"
    assert refusal.fields["is_by_stated_unit"] is True
    assert refusal.fields["share"] > 0.99


def test_without_places_there_is_no_recommendation(db, tmp_path):
    refusal = refusal_of(db, write(tmp_path / "rows.csv", *inside()))
    assert (refusal.code, refusal.fields["recommended"]) == ("datum_required", None)


def test_a_wrong_datum_is_refused_naming_both_sides(town, tmp_path):
    x, y, units = inside()
    path = write(tmp_path / "rows.csv", *wgs84_to_gcj02(x, y), units)
    refusal = refusal_of(town, path, datum=Datum.BD09)
    assert refusal.code == "wrong_datum"
    assert (refusal.fields["declared"], refusal.fields["recommended"]) == ("bd09", "gcj02")
    told = EventOptions(EventLayer.INCIDENTS, MAPPING, datum=Datum.BD09, trusts_datum=True)
    assert run(town, path, told, LOCAL_STEWARD).inserted == 200


def test_the_right_datum_passes_in_silence(town, tmp_path):
    x, y, units = inside()
    path = write(tmp_path / "rows.csv", *wgs84_to_gcj02(x, y), units)
    told = EventOptions(EventLayer.INCIDENTS, MAPPING, datum=Datum.GCJ02)
    report = run(town, path, told, LOCAL_STEWARD)
    assert (report.outside, report.datum) == (0, "gcj02")
    assert not report.warnings


def test_swapped_axes_are_refused(town, tmp_path):
    x, y, units = inside()
    path = write(tmp_path / "rows.csv", y, x, units)
    assert refusal_of(town, path, datum=Datum.CGCS2000).code == "swapped_axes"
    refusal = refusal_of(town, path, datum=Datum.WGS84)
    assert refusal.code == "swapped_axes"
    assert refusal.fields["declared"] == "wgs84"


def test_metres_declared_as_degrees_are_refused_and_recommended(town, tmp_path):
    x, y, units = inside()
    frame = pd.DataFrame({"x": x, "y": y})
    import geopandas as gpd

    metres = gpd.GeoSeries(gpd.points_from_xy(frame["x"], frame["y"]), crs=4326).to_crs(4543)
    path = write(tmp_path / "rows.csv", metres.x.to_numpy(), metres.y.to_numpy(), units)
    refusal = refusal_of(town, path, datum=Datum.WGS84)
    assert (refusal.code, refusal.fields["of"]) == ("metres_not_degrees", 200)
    refusal = refusal_of(town, path)
    assert refusal.fields["recommended_crs"] == "EPSG:4543"
    told = EventOptions(EventLayer.INCIDENTS, MAPPING, crs="EPSG:4543")
    assert run(town, path, told, LOCAL_STEWARD).outside == 0


def test_degrees_declared_as_metres_are_refused(db, tmp_path):
    path = write(tmp_path / "rows.csv", *inside())
    told = refusal_of(db, path, crs="EPSG:4543", datum=Datum.GCJ02)
    assert told.code == "datum_with_projected_crs"


def reasons(lon, lat, **how):
    points = points_of_columns(
        pd.Series(lon, dtype="str", name="x"), pd.Series(lat, dtype="str", name="y"), decimal="."
    )
    located = locate(points, **{"crs": None, "datum": Datum.WGS84, **how})
    return [REASONS[code] for code in located.reason], located


def test_reasons_of_single_rows():
    lon = ["97", "97", "", "abc", "0", "200", "39", "500000", "-0.0", "９７．５"]
    lat = ["33", "", "", "33", "0", "33", "116", "3653000", "33", "３３"]
    found, located = reasons(lon, lat)
    assert found == [
        "", "half_a_coordinate", "", "not_a_number", "null_island", "out_of_range", "swapped_axes",
        "metres_not_degrees", "", "",
    ]  # fmt: skip
    assert np.isfinite(located.lon).tolist() == [
        True, False, False, False, False, False, False, False, True, True,
    ]  # fmt: skip
    assert (located.lon[9], located.lat[9]) == (97.5, 33.0)


def test_the_preview_masks_suggests_and_advises(town, tmp_path):
    x, y, units = inside()
    path = write(tmp_path / "rows.csv", *wgs84_to_gcj02(x, y), units)
    content = path.read_text(encoding="utf-8").splitlines()
    content = [
        f"{line},{'caller_phone' if n == 0 else '13800138000'},{'notes' if n == 0 else '3栋502'}"
        for n, line in enumerate(content)
    ]
    path.write_text("\n".join(content), encoding="utf-8")
    shown = preview(town, path, EventLayer.INCIDENTS)
    assert shown.suggested["lon"].column == "x"
    assert shown.suggested["stated_unit"].column == "unit"
    assert [each.column for each in shown.person_columns] == ["caller_phone"]
    assert shown.rows[0]["caller_phone"] == "[person]"
    assert shown.rows[0]["notes"] == "3栋[room]"
    assert shown.lines[:2] == (2, 3)
    assert shown.needs_datum
    assert shown.datum_advice["recommended"] == "gcj02"


def test_the_preview_of_points_with_a_crs_needs_no_datum(db, tmp_path):
    import geopandas as gpd

    frame = gpd.GeoDataFrame({"a": ["1"]}, geometry=[Point(97, 33)], crs=4326)
    frame.to_file(tmp_path / "rows.gpkg")
    shown = preview(db, tmp_path / "rows.gpkg", EventLayer.HAZARDS)
    assert (shown.needs_datum, shown.crs) == (False, "EPSG:4326")
