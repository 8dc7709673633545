"""Each page draws from a real small store, in both languages, and hides nothing that went wrong."""

import json

import pytest
from streamlit.testing.v1 import AppTest

from dashboard import cache
from dashboard.server import SCRIPT
from data.config import Config
from data.database import Database
from tests.dashboard import tiny_town

TIMEOUT_S = 60


@pytest.fixture(scope="module")
def store(tmp_path_factory):
    database = tiny_town.build(tmp_path_factory.mktemp("tiny"))
    database.dispose()
    return database.path


@pytest.fixture
def use_store():
    def use(path):
        cache.use_config(Config(store_url=str(path)))

    yield use
    cache.use_config(None)


def start(language="zh", **params):
    page = AppTest.from_file(str(SCRIPT), default_timeout=TIMEOUT_S)
    page.query_params["lang"] = language
    for name, value in params.items():
        page.query_params[name] = value
    return page


def metrics(page):
    return {metric.label: metric.value for metric in page.metric}


def scene(page):
    shown = next(one for one in page.get("bidi_component") if not one.key.endswith("_ground"))
    sent = bytes(shown.proto.bytes)
    size = int.from_bytes(sent[4:8], "little")
    return json.loads(sent[8 : 8 + size])


def test_the_overview_in_chinese(store, use_store):
    use_store(store)
    page = start(period="all").run()
    assert not page.exception
    assert not page.error
    shown = metrics(page)
    assert shown["警情"] == "12"
    assert (shown["未办结隐患"], shown["未化解纠纷"]) == ("2", "1")
    assert (shown["在岗 / 应配"], shown["网格外"], shown["未定位"]) == ("2 / 2", "1", "1")
    told = " ".join(caption.value for caption in page.caption)
    assert "网格内 10 + 网格外 1 + 未定位 1 = 共 12 条警情" in told


def test_the_overview_in_english(store, use_store):
    use_store(store)
    page = start("en", period="28").run()
    assert not page.exception
    assert metrics(page)["Incidents"] == "11"
    told = " ".join(caption.value for caption in page.caption)
    assert "9 in the grids + 1 outside + 1 unlocated = 11 incidents" in told


def test_the_map_gets_every_grid_and_names_as_text(store, use_store):
    use_store(store)
    page = start(period="all").run()
    head = scene(page)
    layers = {layer["id"]: layer for layer in head["layers"]}
    assert {"units", "outlines", "incidents", "incident_points", "hazards", "posts"} <= set(layers)
    assert head["language"] == "zh"


def test_a_filter_changes_figures_and_the_address(store, use_store):
    use_store(store)
    page = start(period="all").run()
    page.multiselect(key="filter_kinds").set_value(["40"]).run()
    assert metrics(page)["警情"] == "1"
    page.selectbox(key="filter_area").set_value("community:E").run()
    assert metrics(page)["警情"] == "0"
    page.selectbox(key="filter_measure").set_value("households").run()
    assert page.query_params["area"] == "community:E"
    assert page.query_params["measure"] == "households"
    assert not page.exception


def test_own_dates_and_grids_of_a_day(store, use_store):
    use_store(store)
    page = start(period="2026-03-01..2026-03-02", asof="2026-01-01").run()
    assert not page.exception
    assert metrics(page)["警情"] == "2"
    assert "按 2026-01-01 的网格计数" in " ".join(c.value for c in page.caption)


@pytest.mark.parametrize(
    "params", [{"asof": "1800-01-01"}, {"period": "1850-01-01..1851-01-01"}, {"asof": "2500-01-01"}]
)
def test_a_day_that_nobody_can_choose_is_left_out(store, use_store, params):
    use_store(store)
    page = start(**params).run()
    assert not page.exception
    assert not page.error
    assert page.selectbox(key="filter_as_of").value == "today"
    assert page.selectbox(key="filter_period").value == "365"


def test_the_first_and_last_day_can_be_chosen(store, use_store):
    use_store(store)
    page = start(asof="1900-01-01", period="1900-01-01..2100-12-31").run()
    assert not page.exception
    assert [str(day.value) for day in page.date_input] == ["1900-01-01", "2100-12-31", "1900-01-01"]


def test_kinds_and_channels_come_from_the_address_and_stay_there(store, use_store):
    use_store(store)
    page = start(period="all", kinds="10,zz", channels="reported").run()
    assert not page.exception
    assert page.multiselect(key="filter_kinds").value == ["10"]
    assert page.multiselect(key="filter_channels").value == ["reported"]
    page.multiselect(key="filter_kinds").set_value(["10", "40"]).run()
    assert page.query_params["kinds"] in ("10,40", ["10,40"])


def test_the_card_of_a_grid_in_the_address(store, use_store):
    use_store(store)
    page = start(unit="A1", period="all").run()
    assert not page.exception
    assert "网格A1" in page.subheader[0].value
    assert "<script>" not in page.subheader[0].value
    told = " ".join(caption.value for caption in page.caption)
    assert "西社区" in told
    hazards = next(t.value for t in page.dataframe if "描述（已脱敏）" in t.value.columns)
    assert "13912345678" not in hazards.to_string()


def test_choosing_a_grid_without_a_mouse(store, use_store):
    use_store(store)
    page = start(period="all").run()
    assert not page.subheader
    page.selectbox(key="unit_choice").set_value("B1").run()
    assert "网格B1" in page.subheader[0].value
    assert page.query_params["unit"] == "B1"


def test_the_language_can_be_switched(store, use_store):
    use_store(store)
    page = start(period="all").run()
    page.button_group(key="language").set_value("en").run()
    assert "Incidents" in metrics(page)
    assert page.query_params["lang"] == "en"


def test_an_empty_store_says_what_to_do(tmp_path, use_store):
    use_store(tmp_path / "empty.gpkg")
    page = start("en").run()
    assert not page.exception
    assert page.header[0].value == "There are no grids yet"
    assert "gridbeat run --scenario golmud_hexi" in page.code[0].value


def test_a_damaged_store_is_a_sentence(tmp_path, use_store):
    path = tmp_path / "damaged.gpkg"
    path.write_bytes(b"nonsense" * 200)
    use_store(path)
    page = start("en").run()
    assert not page.exception
    assert "is not a usable store" in page.error[0].value


def test_a_bug_gets_a_number_and_the_log(store, use_store, monkeypatch, caplog):
    use_store(store)

    def broken(_wanted):
        raise RuntimeError("a secret of the inside")

    monkeypatch.setattr(cache, "overview", broken)
    page = start("en").run()
    assert not page.exception
    number = page.error[0].value.split("number ")[1][:8]
    assert "secret" not in page.error[0].value
    assert number in caplog.text
    assert "a secret of the inside" in caplog.text


def test_synthetic_records_are_marked(store, use_store, tmp_path):
    path = tiny_town.copied(store, tmp_path)
    from data.database import bump_revision
    from data.repositories.figures import save_setting

    database = Database(str(path))
    with database.write() as session:
        save_setting(session, "scenario", "golmud_hexi")
        bump_revision(session, "settings")
    database.dispose()
    use_store(path)
    page = start("en").run()
    badges = " ".join(element.value for element in page.markdown)
    assert "Demo data" in badges
    use_store(store)
    assert "Demo data" not in " ".join(e.value for e in start("en").run().markdown)


def quality_page(language):
    from dashboard.screens import quality
    from dashboard.text import Words

    quality.render(Words(language))


@pytest.mark.parametrize("language", ["zh", "en"])
def test_the_quality_screen(store, use_store, language):
    use_store(store)
    page = AppTest.from_function(quality_page, args=(language,), default_timeout=TIMEOUT_S).run()
    assert not page.exception
    assert not page.error
    assert [metric.value for metric in page.metric] == ["1", "0", "1", "1", "1", "0"]
    assert any("i09" in frame.value.to_string() for frame in page.dataframe)
    shown = {"rejected": "14", "imports": "incidents.csv", "audit": "local"}
    for section, told in shown.items():
        page.button_group(key="quality_section").set_value(section).run()
        assert not page.exception
        assert told in page.dataframe[0].value.to_string()
    assert len(page.success) == 1
    page.button_group(key="quality_section").set_value("faults").run()
    assert "4" in page.success[0].value


def test_faults_are_drawn_and_listed(tmp_path, use_store):
    from dashboard.actions.imports import ImportKind, Plan
    from dashboard.actions.imports import run as run_import
    from data.viewer import LOCAL_STEWARD

    torn = tiny_town.features(
        [({"code": "A"}, tiny_town.box(0)), ({"code": "B"}, tiny_town.box(0.5))]
    )
    (tmp_path / "torn.geojson").write_text(torn)
    use_store(tmp_path / "torn.gpkg")
    plan = Plan(ImportKind.GRIDS, mapping={"code": "code"}, datum="wgs84")
    run_import(cache.database(), LOCAL_STEWARD, tmp_path / "torn.geojson", plan, lambda *_: None)
    page = AppTest.from_function(quality_page, args=("en",), default_timeout=TIMEOUT_S).run()
    page.button_group(key="quality_section").set_value("faults").run()
    assert not page.exception
    listed = page.dataframe[0].value
    assert listed["Codes"].tolist() == ["A, B"]
    assert listed["Fault"].tolist() == ["Overlap"]
    assert {layer["id"] for layer in scene(page)["layers"]} == {"units", "fault_shapes", "faults"}
