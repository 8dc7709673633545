"""A plan begun with an uploaded boundary file: columns, datum, repairs, rows left out."""

import json
import shutil
from datetime import UTC, datetime
from pathlib import Path

import geopandas as gpd
import pytest
import shapely
from shapely import affinity
from streamlit.testing.v1 import AppTest

from dashboard import cache
from dashboard.actions import plans as acts
from dashboard.cache import planner as kept
from dashboard.cli import main
from data.config import Config
from data.database import Database
from data.errors import ImportRefused
from data.frames import grids_frame
from data.importers.place_columns import PlaceOptions
from data.importers.plan_files import against, read_plan_file
from data.repositories.plans import find_plan, list_notes, list_plans
from data.viewer import LOCAL_STEWARD
from tests.dashboard import tiny_town

NOW = datetime(2026, 6, 1, 4, tzinfo=UTC)
OPTIONS = PlaceOptions(code="code", mapping={"households": "hh"})


@pytest.fixture(scope="module")
def built(tmp_path_factory):
    database = tiny_town.build(tmp_path_factory.mktemp("plan_files"))
    database.dispose()
    return database.path


@pytest.fixture
def store(built, tmp_path):
    database = Database(str(tiny_town.copied(Path(built), tmp_path)))
    cache.use_config(Config(store_url=str(database.path)))
    yield database
    cache.use_config(None)
    database.dispose()


def page(language="en"):
    from dashboard.screens import planner
    from dashboard.text import Words

    planner.render(Words(language))


def today(store):
    with store.read() as session:
        return grids_frame(session, LOCAL_STEWARD)


def written(folder, frame, name="drawn.geojson", **columns):
    """Write grids with a count, a column that no plan knows, and one that holds persons."""
    own = gpd.GeoDataFrame(
        {
            "code": frame["grid_code"],
            "hh": range(100, 100 + len(frame)),
            "colour": "red",
            "联系人": ["王小明"] * len(frame),
            **columns,
        },
        geometry=frame.geometry.to_numpy(),
        crs="EPSG:4326",
    )
    path = folder / name
    own.to_file(path)
    return path


def opened(path, language="en", start="file"):
    at = AppTest.from_function(page, args=(language,), default_timeout=90).run()
    box = next(one for one in at.selectbox if one.key.endswith("_start"))
    at = box.set_value(start).run()
    if path is not None:
        at.file_uploader[0].upload(path.name, path.read_bytes()).run()
    return at


def told(at):
    return " ".join(t.value for t in (*at.markdown, *at.caption, *at.warning, *at.error, *at.info))


def press(at, key):
    return next(button for button in at.button if button.key == key).click().run()


def named(at, name="From file"):
    return next(box for box in at.text_input if box.key.endswith("_name")).set_value(name).run()


def begun(at, name="From file"):
    return press(named(at, name), "plan_begin")


def test_a_sound_file_becomes_a_draft(store, tmp_path):
    frame = today(store)
    at = opened(written(tmp_path, frame))
    assert not at.exception
    said = told(at)
    total = sum(range(100, 100 + len(frame)))
    assert f"**{len(frame)}** grids" in said
    assert f"Households: {total}" in said or f"households: {total}" in said.lower()
    assert "colour" in said
    at = begun(at)
    assert not at.exception
    assert not at.error
    with store.read() as session:
        (made,) = list_plans(session, LOCAL_STEWARD)
    assert (made.file_name, made.base_kind.value) == ("drawn.geojson", "file")
    tiling = kept.opened(made.id).tiling
    assert sum(tiling.counts["households"].values()) == total
    assert list(tiling.codes) == sorted(frame["grid_code"])


@pytest.mark.parametrize("language", ["zh", "en"])
def test_rows_that_cannot_be_used_are_told_and_kept_with_the_plan(store, tmp_path, language):
    frame = today(store)
    path = written(tmp_path, frame)
    document = json.loads(path.read_text(encoding="utf-8"))
    document["features"][0]["properties"]["code"] = None
    document["features"][1]["geometry"] = {"type": "Point", "coordinates": [104, 30]}
    path.write_text(json.dumps(document), encoding="utf-8")
    at = opened(path, language)
    assert not at.exception
    assert {"en": "Rows that cannot be grids and are left out: 2", "zh": "2 行不能成为网格"}[
        language
    ] in told(at)
    at = begun(at)
    assert not at.error
    with store.read() as session:
        (made,) = list_plans(session, LOCAL_STEWARD)
        (note,) = list_notes(session, LOCAL_STEWARD, made.id)
    assert "drawn.geojson" in note.note
    assert {"en": "Row 1 (no code)", "zh": "第 1 行（无编码）"}[language] in note.note
    assert {"en": "polygons", "zh": "不是面"}[language] in note.note
    assert len(kept.opened(made.id).tiling) == len(frame) - 2


def test_repairs_are_decided_before_the_plan_is_begun(store, tmp_path):
    """The eastern grid is drawn over its neighbour: accepted, the plan's grids fit again."""
    frame = today(store)
    shapes = list(frame.geometry)
    west, _, east, _ = shapes[0].bounds
    shapes[0] = affinity.scale(shapes[0], 1.0 + 4e-4 / (east - west), 1.0, origin="center")
    path = written(tmp_path, frame.set_geometry(gpd.GeoSeries(shapes, index=frame.index, crs=4326)))
    at = opened(path)
    assert not at.exception
    at = next(one for one in at.toggle if one.key.startswith("plan_repairs_")).set_value(True).run()
    assert not at.exception
    for button in [one.key for one in at.button if one.key.startswith("repair_all_accept_")]:
        at = press(at, button)
    at = press(at, "repair_use")
    assert not at.exception
    at = begun(at)
    assert not at.error
    with store.read() as session:
        (made,) = list_plans(session, LOCAL_STEWARD)
    tiling = kept.opened(made.id).tiling
    assert made.file_name == "drawn_repaired.geojson"
    assert shapely.coverage_is_valid(tiling.shapes)
    assert sum(tiling.counts["households"].values()) == sum(range(100, 100 + len(frame)))


def test_a_file_without_a_crs_asks_for_the_datum(store, tmp_path):
    frame = today(store)
    path = tmp_path / "bare.zip"
    folder = tmp_path / "bare"
    folder.mkdir()
    written(folder, frame, "bare.shp")
    (folder / "bare.prj").unlink()
    shutil.make_archive(str(path.with_suffix("")), "zip", folder)
    at = opened(path)
    assert not at.exception
    assert next(one for one in at.button if one.key == "plan_begin").disabled
    box = next(one for one in at.selectbox if one.key.endswith("_datum"))
    at = box.set_value("wgs84").run()
    assert not at.exception
    assert "name of the plan" in told(at)
    at = named(at)
    assert not next(one for one in at.button if one.key == "plan_begin").disabled


@pytest.mark.usefixtures("store")
def test_a_table_is_refused_in_a_sentence(tmp_path):
    path = tmp_path / "table.geojson"
    path.write_text("code,hh\n1,2\n", encoding="utf-8")
    at = opened(path)
    assert not at.exception
    assert len(at.error) == 1
    assert next(one for one in at.button if one.key == "plan_begin").disabled


def test_repeated_codes_are_refused_and_the_file_stays(store, tmp_path):
    frame = today(store)
    path = written(tmp_path, frame, code=["A1"] * len(frame))
    at = named(opened(path))
    assert at.error[0].value.startswith("Grid codes appear more than once")
    assert next(one for one in at.button if one.key == "plan_begin").disabled
    with store.read() as session:
        assert list_plans(session, LOCAL_STEWARD) == ()


def test_what_a_file_would_change_is_known(store, tmp_path):
    frame = today(store)
    path = written(tmp_path, frame.iloc[1:].reset_index(drop=True), "part.gpkg")
    with store.read() as session:
        file = read_plan_file(session, LOCAL_STEWARD, path, OPTIONS)
        with pytest.raises(ImportRefused, match="file_missing"):
            read_plan_file(session, LOCAL_STEWARD, tmp_path / "none.gpkg", OPTIONS)
        table = tmp_path / "t.csv"
        table.write_text("code\n1\n", encoding="utf-8")
        with pytest.raises(ImportRefused, match="plan_file_without_shapes"):
            read_plan_file(session, LOCAL_STEWARD, table, OPTIONS)
    told = against(file, frame["grid_code"])
    assert told.gone == (frame["grid_code"].iloc[0],)
    assert told.same == tuple(sorted(frame["grid_code"].iloc[1:]))
    assert told.new == ()
    assert file.left_out == ("colour",)
    assert file.persons == ("联系人",)


def run(capsys, *words):
    with pytest.raises(SystemExit) as done:
        main([str(word) for word in words])
    return done.value.code or 0, capsys.readouterr()


def test_the_command_leaves_bad_rows_out_only_when_told(store, tmp_path, capsys):
    frame = today(store)
    path = written(tmp_path, frame, "rows.gpkg", code=["A1", "A2", "B1", None])
    asked = ("plan", "new", "--name", "rows", "--from", path, "--code", "code",
             "--map", "households=hh", "--store", store.path, "--json")  # fmt: skip
    status, said = run(capsys, *asked)
    assert status != 0
    assert len(said.err.strip().splitlines()) == 1
    assert "--skip-bad-rows" in said.err
    status, said = run(capsys, *asked, "--skip-bad-rows")
    assert status == 0
    made = json.loads(said.out)
    assert made["grids"] == 3
    assert len(said.err.strip().splitlines()) == 1
    with store.read() as session:
        (note,) = list_notes(session, LOCAL_STEWARD, made["plan"])
    assert note.note.splitlines()[1] == said.err.strip()


# templates


@pytest.mark.parametrize("language", ["zh", "en"])
def test_a_template_is_offered_first_and_begins_a_plan(store, language):
    acts.begin(store, LOCAL_STEWARD, acts.NewPlan("Plain"), NOW)
    template = acts.begin(store, LOCAL_STEWARD, acts.NewPlan("Spring", is_template=True), NOW)
    at = opened(None, language, start="latest")
    box = next(one for one in at.selectbox if one.key.endswith("_start"))
    assert {"en": "Template: Spring", "zh": "模板：Spring"}[language] == box.options[3]
    at = box.set_value(str(template.id)).run()
    at = begun(at, "Of a template")
    assert not at.exception
    with store.read() as session:
        made = next(p for p in list_plans(session, LOCAL_STEWARD) if p.name == "Of a template")
        assert find_plan(session, LOCAL_STEWARD, template.id).is_template
    assert made.source_plan_id == template.id
    assert not made.is_template
