"""The repair step: decide one by one or all of a kind, import the result, download the store's."""

import json
import tempfile
from datetime import UTC, datetime

import geopandas as gpd
import pytest
import shapely
from shapely import Polygon, box
from streamlit.testing.v1 import AppTest

from dashboard import cache
from dashboard.actions.repairs import file_name, file_of
from dashboard.text import Words
from dashboard.text.repairs import proposal_sentence
from dashboard.viewmodels.repairs import STATES, all_of_kind, build_view, next_open, told_for
from data.config import Config
from data.database import Database
from data.frames import grids_frame
from data.importers.place_columns import PlaceOptions
from data.importers.place_decisions import decide, propose_file, propose_store
from data.importers.places import run
from data.repositories.audit import latest
from data.viewer import LOCAL_STEWARD
from geo.repairs import RepairAction, Verdict

TIMEOUT_S = 60
WEST, SOUTH, STEP = 94.90, 36.40, 0.01


def square(x, y, *, west=0.0, east=1.0):
    return box(WEST + (x + west) * STEP, SOUTH + y * STEP, WEST + (x + east) * STEP,
               SOUTH + (y + 1) * STEP)  # fmt: skip


def faulty():
    """G10 reaches into G00, a crack is left of G32, G11 is missing, the ring of G02 crosses."""
    shapes = {f"G{x}{y}": square(x, y) for x in range(4) for y in range(3)}
    del shapes["G11"]  # a hole of a square kilometre
    shapes["G10"] = square(1, 0, west=-0.1)
    shapes["G32"] = square(3, 2, west=0.0004)
    x, y = WEST, SOUTH + 2 * STEP
    shapes["G02"] = Polygon([(x, y), (x + STEP, y + STEP), (x + STEP, y), (x, y + STEP)])
    rows = {"code": list(shapes), "households": [100 + k for k in range(len(shapes))]}
    return gpd.GeoDataFrame(rows, geometry=list(shapes.values()), crs="EPSG:4326")


def content_of(frame):
    return json.dumps(json.loads(frame.to_json(drop_id=True, show_bbox=False)))


@pytest.fixture
def found(tmp_path):
    path = tmp_path / "网格.geojson"
    path.write_text(content_of(faulty()), encoding="utf-8")
    return propose_file(path, gap_width_m=5.0)


def page_of_import(language):
    from dashboard.screens import import_screen
    from dashboard.text import Words

    import_screen.render(Words(language))


def page_of_quality(language):
    from dashboard.screens import quality
    from dashboard.text import Words

    quality.render(Words(language))


@pytest.fixture
def store(tmp_path, monkeypatch):
    folder = tmp_path / "uploads"
    folder.mkdir()
    monkeypatch.setattr(tempfile, "tempdir", str(folder))
    cache.use_config(Config(store_url=str(tmp_path / "store.gpkg")))
    yield tmp_path / "store.gpkg"
    cache.use_config(None)


def opened(language="en"):
    page = AppTest.from_function(page_of_import, args=(language,), default_timeout=TIMEOUT_S).run()
    page.selectbox(key="import_kind").set_value("grids").run()
    text = content_of(faulty()).encode()
    page.file_uploader[0].set_value(("网格.geojson", text, "application/json")).run()
    datum = next(b for b in page.selectbox if b.key and b.key.endswith("_datum"))
    datum.set_value("wgs84").run()
    page.toggle(key="repairs_0").set_value(True).run()
    assert not page.exception
    return page


def kinds(page):
    return {b.key.removeprefix("repair_all_accept_") for b in page.button
            if b.key and b.key.startswith("repair_all_accept_")}  # fmt: skip


def texts(page):
    shown = (*page.caption, *page.success, *page.warning, *page.info, *page.markdown)
    return " ".join(str(one.value) for one in shown)


def click(page, key):
    page.button(key=key).click().run()
    assert not page.exception
    return page


def stored(path):
    database = Database(str(path))
    with database.read() as session:
        frame = grids_frame(session, LOCAL_STEWARD)
    database.dispose()
    return frame


@pytest.mark.parametrize("language", ["en", "zh"])
def test_every_fault_is_offered_with_reason_and_nothing_is_written(store, language):
    page = opened(language)
    words = Words(language)
    assert kinds(page) == {"invalid", "gap", "overlap", "sliver"}
    assert words("repairs.effect_none") in texts(page)
    assert page.button(key="repair_accept").label
    assert not [b for b in page.button if b.key == "repair_use"]
    assert "{" not in texts(page)
    assert not store.exists() or stored(store).empty


def test_decide_then_import_the_repaired_tiling(store):
    page = opened()
    for kind in sorted(kinds(page) - {"gap"}):
        click(page, f"repair_all_accept_{kind}")
    click(page, "repair_all_refuse_gap")
    told = texts(page)
    assert "to the last one" in told
    assert "Still there" in told
    click(page, "repair_use")
    assert "The repaired boundaries will be imported" in texts(page)
    next(b for b in page.button if b.label == "Import").click().run()
    assert not page.exception
    assert not page.error
    frame = stored(store)
    assert len(frame) == 11
    assert frame.geometry.is_valid.all()
    areas = shapely.intersection(frame.geometry["G00"], frame.geometry["G10"]).area
    assert areas == 0.0
    assert frame["households"].sum() == faulty()["households"].sum()


def test_go_back_to_the_uploaded_file(store):
    page = opened()
    click(page, "repair_all_accept_overlap")
    click(page, "repair_use")
    click(page, "repair_undo")
    page.toggle(key="repairs_0").set_value(True).run()
    assert "overlap" in kinds(page)
    assert not store.exists() or stored(store).empty


def test_one_by_one_accept_change_refuse(store):
    page = opened()
    pick = page.selectbox(key="repair_pick")
    assert not page.session_state["gridbeat"].repair.decisions
    overlap = next(o for o in pick.options if "Overlap" in o)
    pick.select_index(pick.options.index(overlap)).run()
    taker = next(b for b in page.selectbox if b.key and b.key.startswith("repair_taker_overlap"))
    taker.select_index(1).run()
    assert page.button(key="repair_accept").label.startswith("Give it to")
    click(page, "repair_accept")
    click(page, "repair_refuse")
    told = page.session_state["gridbeat"].repair.decisions
    assert sorted(verdict for verdict, _ in told.values()) == ["change", "refuse"]
    assert "1 given to another grid" in texts(page)
    assert store is not None


def test_the_store_is_offered_as_a_file_and_not_changed(store, tmp_path):
    path = tmp_path / "a.geojson"
    path.write_text(content_of(faulty()), encoding="utf-8")
    database = Database(str(store))
    database.create_or_migrate()
    options = PlaceOptions(code="code", datum="wgs84", mapping={"households": "households"})
    run(database, path, options, LOCAL_STEWARD, now=datetime(2026, 1, 1, tzinfo=UTC))
    before = stored(store)
    page = AppTest.from_function(page_of_quality, args=("en",), default_timeout=TIMEOUT_S).run()
    page.session_state["quality_section"] = "faults"
    page.run()
    page.toggle(key="repairs_store").set_value(True).run()
    click(page, "repair_all_accept_overlap")
    assert "not changed here" in texts(page)
    assert stored(store).geometry.geom_equals_exact(before.geometry, 0).all()
    with database.read() as session:
        view = propose_store(session, LOCAL_STEWARD)
        assert "import_places" in {line.action for line in latest(session, LOCAL_STEWARD, limit=9)}
    database.dispose()
    told = all_of_kind({}, view.proposals, "overlap", Verdict.ACCEPT.value)
    outcome = decide(view, {name: _decision(v) for name, v in told.items()})
    made = tmp_path / file_name(view)
    made.write_bytes(file_of(view, outcome))
    frame = gpd.read_file(made)
    assert frame["grid_code"].tolist() == before["grid_code"].tolist()
    assert frame["households"].sum() == before["households"].sum() > 0


def test_both_stores_give_the_same_proposals(served_url, tmp_path):
    path = tmp_path / "a.geojson"
    path.write_text(content_of(faulty()), encoding="utf-8")
    told = []
    for url in (str(tmp_path / "store.gpkg"), served_url):
        database = Database(url)
        database.create_or_migrate()
        options = PlaceOptions(code="code", datum="wgs84", mapping={"households": "households"})
        run(database, path, options, LOCAL_STEWARD, now=datetime(2026, 1, 1, tzinfo=UTC))
        with database.read() as session:
            document = propose_store(session, LOCAL_STEWARD).as_json()
        told.append([(r["id"], r["action"], r["taker"]) for r in document["proposals"]])
        database.dispose()
    assert told[0] == told[1]
    assert len(told[0]) == 4


def _decision(told):
    from geo.repairs import Decision

    return Decision(Verdict(told[0]), told[1])


@pytest.mark.parametrize("language", ["en", "zh"])
def test_every_action_and_reason_has_words(found, language):
    words = Words(language)
    for one in found.proposals:
        line = proposal_sentence(words, one)
        assert "{" not in line
        assert "repair_why" not in line
    assert all(words.has(f"repair_action.{action.value}") for action in RepairAction)
    assert all(words.has(f"repair_state.{state}") for state in STATES)


def test_the_next_undecided_fault_comes_up(found):
    view = build_view(found)
    ids = [one.id for one in view.proposals]
    assert next_open({}, view, ids[0]) == ids[1]
    told = dict.fromkeys(ids[1:], (Verdict.ACCEPT.value, ""))
    assert next_open(told, view, ids[1]) == ids[0]
    assert next_open(dict.fromkeys(ids, ("refuse", "")), view, ids[2]) == ids[2]
    hole = next(one for one in view.proposals if one.why == "large_hole")
    assert told_for(hole, "") == ("accept", "")
    assert told_for(hole, hole.alternatives[0]) == ("change", hole.alternatives[0])
    west, south, east, north = view.around(hole.id)
    assert west < WEST + STEP < east
    assert south < SOUTH + STEP < north
