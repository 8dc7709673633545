"""Imports of grids, communities and upper levels, on small files and on the real sets."""

import json
import zipfile
from datetime import UTC, date, datetime

import geopandas as gpd
import pyogrio
import pytest
import shapely
from sqlalchemy import func, select

from data.errors import AccessRefused, ImportRefused
from data.frames import grids_frame, places_frame
from data.importers.boundaries import ShapeOptions, read_shapes
from data.importers.place_preview import preview_places
from data.importers.places import PlaceOptions, check_file, check_store, run
from data.models import AuditEntry, Boundary, ImportBatch, RejectedRow
from data.repositories.places import boundary_dates, code_history, list_places
from data.viewer import LOCAL_STEWARD, DisplayLevel, Role, Viewer
from geo.crs import Datum
from geo.gcj02 import from_wgs84

NOW = datetime(2026, 3, 1, 8, 0, tzinfo=UTC)
LON, LAT, STEP = 97.0, 33.0, 0.01


def square(column, row, width=1, height=1):
    west, south = LON + column * STEP, LAT + row * STEP
    return shapely.box(west, south, west + width * STEP, south + height * STEP)


def write_geojson(path, rows, *, crs="EPSG:4326"):
    """One feature per (properties, shape); without crs the file states none."""
    document = {
        "type": "FeatureCollection",
        "features": [
            {
                "type": "Feature",
                "properties": properties,
                "geometry": None if shape is None else shapely.geometry.mapping(shape),
            }
            for properties, shape in rows
        ],
    }
    if crs is not None:
        document["crs"] = {"type": "name", "properties": {"name": crs}}
    path.write_text(json.dumps(document, ensure_ascii=False), encoding="utf-8")
    return path


def town(path, **options):
    """Four grids, 2 x 2."""
    rows = [
        ({"code": f"63270100100100{k}", "name": f"第{k}网格", "hu": 100 + k}, square(k % 2, k // 2))
        for k in range(4)
    ]
    return write_geojson(path, rows, **options)


def load(db, path, **options):
    options.setdefault("code", "code")
    return run(db, path, PlaceOptions(**options), LOCAL_STEWARD, now=NOW)


def read_grids(db, **options):
    with db.read() as session:
        return grids_frame(session, LOCAL_STEWARD, **options)


def test_a_town_is_imported_with_its_counts_and_areas(db, tmp_path):
    path = town(tmp_path / "town.geojson")
    report = load(db, path, name="name", mapping={"households": "hu"})
    frame = read_grids(db)
    assert (report.features, report.valid, report.inserted, report.rejected) == (4, 4, 4, 0)
    assert list(frame.index) == [f"63270100100100{k}" for k in range(4)]
    assert frame["households"].tolist() == [100, 101, 102, 103]
    assert frame["name"].iloc[3] == "第3网格"
    assert frame["area_m2"].between(1.0e6, 1.1e6).all()
    assert report.faults["valid_coverage"] is True


def test_the_same_file_twice_changes_nothing(db, tmp_path):
    path = town(tmp_path / "town.geojson")
    load(db, path)
    before = db.revisions()["places"]
    again = load(db, path)
    assert (again.inserted, again.updated, again.unchanged) == (0, 0, 4)
    assert db.revisions()["places"] == before
    with db.read() as session:
        assert session.scalar(select(func.count()).select_from(ImportBatch)) == 1
        assert session.scalar(select(func.count()).select_from(Boundary)) == 4
        assert session.scalar(select(func.count()).select_from(AuditEntry)) == 2


def test_rows_that_cannot_stand_are_quarantined_and_the_rest_stays(db, tmp_path):
    rows = [
        ({"code": "A"}, square(0, 0)),
        ({"code": "A"}, square(1, 0)),
        ({"code": None}, square(2, 0)),
        ({"code": "D"}, None),
        ({"code": "E"}, shapely.LineString([(97, 33), (97.1, 33)])),
        ({"code": "6.3270100100E+11"}, square(3, 0)),
        ({"code": "G"}, square(1, 0)),
    ]
    report = load(db, write_geojson(tmp_path / "bad.geojson", rows))
    assert report.reasons == {
        "code_read_as_number": 1,
        "duplicate_code": 1,
        "empty_geometry": 1,
        "missing_code": 1,
        "not_an_area": 1,
    }
    assert (report.features, report.inserted, report.rejected) == (7, 2, 5)
    assert report.counts["duplicate_code"] == 1
    with db.read() as session:
        kept = {row.line: row.reason for row in session.scalars(select(RejectedRow))}
    assert kept == {
        2: "duplicate_code",
        3: "missing_code",
        4: "empty_geometry",
        5: "not_an_area",
        6: "code_read_as_number",
    }


def test_codes_that_a_program_made_floats_are_refused_row_by_row(db, tmp_path):
    rows = [({"code": 632701001001.5}, square(0, 0)), ({"code": 6.32701001001e16}, square(1, 0))]
    report = load(db, write_geojson(tmp_path / "float.geojson", rows))
    assert report.reasons == {"code_read_as_number": 2}
    assert report.inserted == 0


def test_whole_number_codes_become_text_with_a_warning(db, tmp_path):
    rows = [({"code": 632701001001001}, square(0, 0))]
    report = load(db, write_geojson(tmp_path / "number.geojson", rows))
    assert read_grids(db)["grid_code"].tolist() == ["632701001001001"]
    assert "code_column_is_number" in [w.code for w in report.warnings]


def test_leading_zeros_and_markup_in_names_stay_text(db, tmp_path):
    name = "<script>alert(1)</script>=1+1"
    rows = [({"code": "000120", "name": name}, square(0, 0))]
    load(db, write_geojson(tmp_path / "zero.geojson", rows), name="name")
    frame = read_grids(db)
    assert frame["grid_code"].tolist() == ["000120"]
    assert frame["name"].tolist() == [name]


def test_a_crossing_ring_is_stored_as_it_is_and_listed(db, tmp_path):
    bowtie = shapely.Polygon([(97, 33), (97.01, 33.01), (97.01, 33), (97, 33.01)])
    path = write_geojson(tmp_path / "bowtie.geojson", [({"code": "X"}, bowtie)])
    report = load(db, path)
    assert (report.inserted, report.valid, report.counts["invalid"]) == (1, 0, 1)
    assert report.faults["invalid"][0]["reason"] == "self_intersection"
    assert not read_grids(db).geometry.iloc[0].is_valid


def test_repair_is_only_done_when_asked_and_says_what_moved(db, tmp_path):
    rows = [
        ({"code": "A"}, square(0, 0)),
        ({"code": "B"}, square(0.9, 0)),
        ({"code": "C"}, square(5, 5)),
    ]
    path = write_geojson(tmp_path / "overlap.geojson", rows)
    plain = load(db, path)
    assert (plain.counts["overlap"], plain.repaired, plain.moved) == (1, 0, ())
    before = read_grids(db)
    repaired = load(db, path, repair=True)
    after = read_grids(db)
    assert repaired.repaired >= 1
    assert {row["grid_code"] for row in repaired.moved} <= {"A", "B"}
    assert (repaired.updated, repaired.unchanged) == (2, 1)
    assert before.geometry["C"].equals(after.geometry["C"])
    with db.read() as session:
        assert check_store(session, LOCAL_STEWARD).as_json()["overlaps"] == []


def test_a_grid_that_the_repair_leaves_nothing_of_is_quarantined(db, tmp_path):
    rows = [({"code": "A"}, square(0, 0)), ({"code": "B"}, square(0, 0))]
    path = write_geojson(tmp_path / "twins.geojson", rows)
    report = load(db, path, repair=True)
    assert report.reasons == {"swallowed_by_repair": 1}
    assert (report.features, report.inserted, report.rejected) == (2, 1, 1)
    assert len(read_grids(db)) == 1


def test_redivision_dates_versions_ends_old_grids_and_keeps_history(db, tmp_path):
    load(db, town(tmp_path / "old.geojson"))
    rows = [
        ({"code": "632701001001000"}, square(0, 0)),
        ({"code": "632701001001001"}, square(1, 0, height=2)),
        ({"code": "632701001001010"}, square(0, 1)),
    ]
    day = date(2024, 5, 1)
    path = write_geojson(tmp_path / "new.geojson", rows)
    report = load(db, path, effective=day)
    assert (report.inserted, report.updated, report.unchanged) == (1, 1, 1)
    assert report.ended == ("632701001001002", "632701001001003")
    before, after = read_grids(db, as_of=date(2024, 4, 30)), read_grids(db, as_of=day)
    assert sorted(before.index) == [f"63270100100100{k}" for k in range(4)]
    assert sorted(after.index) == ["632701001001000", "632701001001001", "632701001001010"]
    assert after["area_m2"]["632701001001001"] == pytest.approx(
        2 * before["area_m2"]["632701001001001"], rel=1e-3
    )
    with db.read() as session:
        assert boundary_dates(session) == (day,)
        ended = code_history(session, LOCAL_STEWARD, code="632701001001003")[0]
        assert (ended.valid_from, ended.valid_to) == (None, day)
        assert code_history(session, LOCAL_STEWARD, code="632701001001010")[0].valid_from == day
    again = load(db, path, effective=day)
    assert (again.inserted, again.updated, again.unchanged, again.ended) == (0, 0, 3, ())


def test_a_retired_code_comes_back_only_when_asked(db, tmp_path):
    load(db, town(tmp_path / "old.geojson"))
    one = write_geojson(tmp_path / "one.geojson", [({"code": "Z"}, square(0, 0, 2, 2))])
    load(db, one, effective=date(2024, 1, 1))
    back = write_geojson(tmp_path / "back.geojson", [({"code": "632701001001000"}, square(0, 0))])
    refused = load(db, back, effective=date(2025, 1, 1))
    assert refused.reasons == {"retired_code": 1}
    taken = load(db, back, effective=date(2025, 1, 1), revives=True)
    assert taken.updated == 1
    assert "632701001001000" in read_grids(db, as_of=date(2025, 1, 1)).index
    assert "632701001001000" not in read_grids(db, as_of=date(2024, 6, 1)).index


def test_since_ever_is_refused_where_dated_versions_stand(db, tmp_path):
    path = town(tmp_path / "old.geojson")
    load(db, path)
    moved = write_geojson(tmp_path / "m.geojson", [({"code": "632701001001000"}, square(7, 7))])
    load(db, moved, effective=date(2024, 1, 1))
    other = write_geojson(tmp_path / "o.geojson", [({"code": "632701001001000"}, square(9, 9))])
    with pytest.raises(ImportRefused) as caught:
        load(db, other)
    assert caught.value.code == "boundary_has_history"
    assert caught.value.fields["places"] == ["632701001001000"]
    assert read_grids(db, as_of=date(2024, 1, 2))["area_m2"].notna().all()


def test_a_correction_since_ever_replaces_the_shape(db, tmp_path):
    load(db, town(tmp_path / "old.geojson"))
    moved = write_geojson(tmp_path / "m.geojson", [({"code": "632701001001000"}, square(7, 7))])
    assert load(db, moved).updated == 1
    assert read_grids(db).geometry["632701001001000"].centroid.x > LON + 7 * STEP
    assert len(read_grids(db, as_of=date(1949, 1, 1))) == 4


def test_parents_come_from_column_prefix_or_overlap(db, tmp_path):
    communities = [
        ({"code": "632701001001"}, square(0, 0, 2, 2)),
        ({"code": "632701001002"}, square(2, 0, 2, 2)),
    ]
    load(db, write_geojson(tmp_path / "c.geojson", communities), level="community")
    rows = [
        ({"code": "632701001001001", "up": None}, square(0, 0)),
        ({"code": "X-1", "up": None}, square(2, 0)),
        ({"code": "632701001001003", "up": "632701001002"}, square(3, 0)),
        ({"code": "Y-1", "up": "404"}, square(1, 1)),
    ]
    report = load(db, write_geojson(tmp_path / "g.geojson", rows), parent="up")
    assert report.parents == {"column": 1, "prefix": 1, "overlap": 1, "none": 1}
    found = read_grids(db)["community_code"].to_dict()
    assert found["632701001001001"] == "632701001001"
    assert found["X-1"] == found["632701001001003"] == "632701001002"
    codes = [warning.code for warning in report.warnings]
    assert "unknown_parent" in codes
    assert "code_not_under_parent" in codes


def test_a_grid_that_leaves_its_parent_is_listed(db, tmp_path):
    community = write_geojson(tmp_path / "c.geojson", [({"code": "632701001001"}, square(0, 0, 2))])
    load(db, community, level="community")
    path = write_geojson(tmp_path / "g.geojson", [({"code": "632701001001001"}, square(1, 0, 2))])
    report = load(db, path)
    assert report.counts["outside_parent"] == 1
    assert report.faults["outside_parent"][0]["parent"] == "632701001001"
    with db.read() as session:
        checked = check_store(session, LOCAL_STEWARD).as_json()
    assert [row["code"] for row in checked["outside_parent"]] == ["632701001001001"]


def test_micro_grids_lie_in_one_base_grid(db, tmp_path):
    load(db, town(tmp_path / "base.geojson"))
    rows = [({"code": "m1"}, square(0.2, 0.2, 0.5, 0.5)), ({"code": "m2"}, square(0.5, 0, 1, 0.5))]
    report = load(db, write_geojson(tmp_path / "micro.geojson", rows), grid_kind="micro")
    assert [stray["code"] for stray in report.faults["strays"]] == ["m2"]
    assert report.counts["gap"] == 0
    micro = read_grids(db, kind="micro")
    assert micro["parent_code"]["m1"] == "632701001001000"
    assert len(read_grids(db)) == 4


def test_a_file_without_crs_is_refused_and_a_declared_datum_is_converted(db, tmp_path):
    path = town(tmp_path / "none.geojson", crs=None)
    with pytest.raises(ImportRefused) as caught:
        load(db, path)
    assert caught.value.code == "datum_required"
    assert load(db, path, datum="gcj02").inserted == 4
    corner = shapely.get_coordinates(read_grids(db).geometry["632701001001000"])
    shown = from_wgs84(corner[:, 0], corner[:, 1], Datum.GCJ02)
    assert shown.lon.min() == pytest.approx(LON, abs=1e-9)
    assert shown.lat.min() == pytest.approx(LAT, abs=1e-9)
    assert abs(corner[:, 0].min() - LON) > 3e-4


@pytest.mark.parametrize(
    ("options", "code"),
    [
        ({"crs": "EPSG:27700"}, "crs_conflict"),
        ({"crs": "EPSG:999999"}, "unknown_crs"),
        ({"datum": "pulkovo"}, "unknown_datum"),
        ({"code": "nowhere"}, "unknown_column"),
        ({"code": None}, "column_required"),
        ({"mapping": {"mood": "hu"}}, "unknown_field"),
    ],
)
def test_impossible_options_are_refused_by_name(db, tmp_path, options, code):
    with pytest.raises(ImportRefused) as caught:
        load(db, town(tmp_path / "town.geojson"), **options)
    assert caught.value.code == code


def test_damaged_files_are_refused_by_name(db, tmp_path):
    empty = tmp_path / "empty.geojson"
    empty.write_bytes(b"")
    text = tmp_path / "text.geojson"
    text.write_text("this is no GeoJSON")
    truncated = tmp_path / "cut.zip"
    with zipfile.ZipFile(truncated, "w", zipfile.ZIP_DEFLATED) as archive:
        archive.writestr("town.geojson", town(tmp_path / "t.geojson").read_bytes())
    truncated.write_bytes(truncated.read_bytes()[:200])
    bare = tmp_path / "bare.zip"
    with zipfile.ZipFile(bare, "w") as archive:
        archive.writestr("readme.txt", "nothing")
    for path, code in (
        (empty, "file_empty"),
        (text, "file_damaged"),
        (truncated, "damaged_zip"),
        (bare, "zip_without_shapes"),
        (tmp_path / "absent.gpkg", "file_missing"),
    ):
        with pytest.raises(ImportRefused) as caught:
            load(db, path)
        assert caught.value.code == code
    assert len(read_grids(db)) == 0


def test_a_zipped_gbk_shapefile_without_cpg_is_read(db, tmp_path):
    frame = gpd.GeoDataFrame(
        {"code": ["632701001001001"], "name": ["结古街道第一网格"]},
        geometry=[square(0, 0)],
        crs="EPSG:4326",
    ).to_crs("EPSG:4541")
    pyogrio.write_dataframe(frame, tmp_path / "town.shp", encoding="GBK")
    with zipfile.ZipFile(tmp_path / "town.zip", "w") as archive:
        for suffix in (".shp", ".shx", ".dbf", ".prj"):
            archive.write(tmp_path / f"town{suffix}", f"资料/town{suffix}")
    report = load(db, tmp_path / "town.zip", name="name")
    frame = read_grids(db)
    assert frame["name"].tolist() == ["结古街道第一网格"]
    assert report.datum == "EPSG:4541"
    assert frame.geometry.iloc[0].bounds == pytest.approx(square(0, 0).bounds, abs=2e-7)


def test_person_columns_are_dropped_and_never_kept(db, tmp_path):
    rows = [({"code": "A", "负责人姓名": "某人", "note": "x"}, square(0, 0))]
    path = write_geojson(tmp_path / "p.geojson", rows)
    report = load(db, path)
    assert report.dropped_columns == ("负责人姓名",)
    assert report.unmapped_columns == ("note",)
    with pytest.raises(ImportRefused) as caught:
        load(db, path, keep=("负责人姓名",))
    assert caught.value.code == "column_holds_persons"


def test_only_a_steward_may_import(db, tmp_path):
    viewer = Viewer("guest", Role.OFFICER, DisplayLevel.INTERNAL)
    with pytest.raises(AccessRefused):
        run(db, town(tmp_path / "t.geojson"), PlaceOptions(code="code"), viewer)


def test_check_file_needs_no_store(tmp_path):
    rows = [({"code": "A"}, square(0, 0)), ({"code": "A"}, square(0.5, 0)), ({"code": "B"}, None)]
    found = check_file(write_geojson(tmp_path / "c.geojson", rows)).as_json()
    assert found["features"] == 3
    assert found["duplicate_codes"] == [{"code": "A", "n": 2}]
    assert len(found["overlaps"]) == 1
    assert found["empty"] == ["B"]
    assert found["valid_coverage"] is False


@pytest.mark.shared
def test_memphis_precincts_keep_their_bad_ring(db, shared_data):
    path = shared_data / "memphis" / "precincts.gpkg"
    report = run(db, path, PlaceOptions(code="precinct"), LOCAL_STEWARD, now=NOW)
    assert (report.features, report.inserted, report.valid) == (9, 9, 8)
    assert [fault["code"] for fault in report.faults["invalid"]] == ["Appling Farms"]


@pytest.mark.shared
def test_nottingham_wards_from_the_national_grid_move_less_than_a_centimetre(
    db, shared_data, tmp_path
):
    wards = gpd.read_file(shared_data / "nottingham_burglary" / "wards.gpkg")
    metric = tmp_path / "wards_27700.gpkg"
    pyogrio.write_dataframe(wards.to_crs("EPSG:27700"), metric)
    report = run(
        db, metric, PlaceOptions(code="ward_code", name="ward_name"), LOCAL_STEWARD, now=NOW
    )
    assert (report.inserted, report.datum) == (20, "EPSG:27700")
    assert report.vertices_added > 0
    assert 0.0 < report.max_shift_m <= 0.01
    frame = read_grids(db)
    degrees = wards.set_index("ward_code").geometry
    away = shapely.hausdorff_distance(
        frame.geometry.to_numpy(), degrees.reindex(frame.index).to_numpy()
    )
    assert away.max() < 1e-6


@pytest.mark.shared
def test_the_audit_recommends_gcj02_for_the_counties_and_both_files_agree(db, shared_data):
    folder = shared_data / "china_counties"
    options = {"code": "adcode", "name": "name", "level": "county"}
    first = load(db, folder / "counties_cgcs2000.geojson", **options)
    assert (first.inserted, first.datum) == (5, "EPSG:4490")
    with pytest.raises(ImportRefused) as caught:
        load(db, folder / "counties_gcj02.geojson", **options)
    assert caught.value.code == "datum_required"
    assert caught.value.fields["recommended"] == "gcj02"
    reference = read_shapes(folder / "counties_cgcs2000.geojson", ShapeOptions()).frame
    shares = {}
    for datum in ("gcj02", "wgs84", "bd09"):
        taken = read_shapes(folder / "counties_gcj02.geojson", ShapeOptions(datum=datum)).frame
        pairs = zip(
            taken.sort_values("adcode").geometry,
            reference.sort_values("adcode").geometry,
            strict=True,
        )
        shares[datum] = [a.intersection(b).area / a.union(b).area for a, b in pairs]
    for right, raw, wrong in zip(shares["gcj02"], shares["wgs84"], shares["bd09"], strict=True):
        assert right > raw > wrong
        assert right > 0.9  # the two sources differ in age and detail
    second = load(db, folder / "counties_gcj02.geojson", datum="gcj02", **options)
    assert second.updated == 5


@pytest.mark.shared
def test_twelve_digit_codes_build_the_tree_from_tables(db, shared_data):
    folder = shared_data / "china_counties"
    load(db, folder / "counties_cgcs2000.geojson", code="adcode", name="name", level="county")
    streets = load(db, folder / "streets_2023.csv", name="name", level="subdistrict")
    villages = load(
        db, folder / "villages_2023.csv", name="name", parent="streetCode", level="community"
    )
    assert (streets.inserted, streets.parents["prefix"]) == (46, 46)
    assert (villages.inserted, villages.parents["column"]) == (315, 315)
    with db.read() as session:
        communities = list_places(session, LOCAL_STEWARD, level="community")
        frame = places_frame(session, LOCAL_STEWARD, level="community")
    assert {len(place.code) for place in communities} == {12}
    assert {place.code[:9] for place in communities} == {place.parent_code for place in communities}
    assert set(frame["county_code"]) == {"632701", "630102", "630103", "630104", "630105"}
    assert {"community", "village"} == {place.kind for place in communities}


@pytest.mark.shared
@pytest.mark.parametrize(
    ("name", "key", "count"),
    [
        ("ex6.json", "overlaps", 1),
        ("ex3.json", "overlaps", 3),
        ("ex4.json", "gaps", 1),
        ("ex10_bowtie.json", "invalid", 1),
        ("ex16_ogc.json", "gaps", 1),
        ("ex21_crossed_lines.json", "invalid", 2),
        ("ex7_britain.json", "overlaps", 0),
    ],
)
def test_messy_files_are_listed_right(shared_data, name, key, count):
    folder = shared_data / "messy_coverage" / "mapshaper_clean"
    found = check_file(folder / name).as_json()
    assert len(found[key]) == count
    assert "crs_assumed" in [warning["code"] for warning in found["warnings"]]


def test_a_preview_shows_rows_and_masks_persons(db, tmp_path):
    rows = [({"网格编码": "A", "网格长姓名": "某人", "户数": 12}, square(0, 0))]
    path = write_geojson(tmp_path / "p.geojson", rows, crs=None)
    seen = preview_places(db, path, PlaceOptions(), LOCAL_STEWARD)
    assert seen.suggested["code"].column == "网格编码"
    assert seen.suggested["households"].column == "户数"
    assert seen.person_columns == ("网格长姓名",)
    assert seen.rows[0]["网格长姓名"] == "[person]"
    assert (seen.row_count, seen.needs_datum, seen.crs) == (1, True, "")
    assert seen.datum_advice["recommended"] == ""


@pytest.mark.shared
def test_a_preview_recommends_the_datum(db, shared_data):
    folder = shared_data / "china_counties"
    load(db, folder / "counties_cgcs2000.geojson", code="adcode", name="name", level="county")
    options = PlaceOptions(level="county")
    seen = preview_places(db, folder / "counties_gcj02.geojson", options, LOCAL_STEWARD)
    assert seen.datum_advice["recommended"] == "gcj02"
    stated = preview_places(db, folder / "counties_cgcs2000.geojson", options, LOCAL_STEWARD)
    assert (stated.crs, stated.needs_datum) == ("EPSG:4490", False)
