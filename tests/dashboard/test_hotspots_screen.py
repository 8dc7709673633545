"""The hotspot page: what it asks, shades, says, proves and writes, on a small town."""

import sqlite3
from datetime import UTC, datetime
from io import BytesIO

import geopandas as gpd
import numpy as np
import pytest
import shapely
from PIL import Image
from sqlalchemy import select
from streamlit.testing.v1 import AppTest

from dashboard import cache
from dashboard.cache import hotspots as answers
from dashboard.components import hotspot_export
from dashboard.components.hotspot_bars import every_month, month_bars, rate_bar, week_table
from dashboard.components.hotspot_map import hotspot_scene, shades_of
from dashboard.components.hotspot_words import (
    cell_name,
    heading,
    p_text,
    report_lines,
    table_columns,
    table_rows,
    warning_lines,
)
from dashboard.maps.layers import NO_BASE, Basemap
from dashboard.printing.page import Imprint
from dashboard.printing.sketch import Box, Part, draw_sketch
from dashboard.screens import hotspots
from dashboard.session import Period, Session, from_address, to_address
from dashboard.text import Words
from dashboard.viewmodels.hotspots import HotspotView, question_of, records_span
from dashboard.viewmodels.hotspots_wanted import (
    METHODS,
    HotspotChoice,
    hotspot_choice_from,
)
from dashboard.viewmodels.hotspots_why import proved_method, proved_question
from dashboard.viewmodels.overview import Span
from data.analysis.hotspots import Units
from data.config import Config
from data.importers import events
from data.models import AuditEntry
from data.viewer import LOCAL_STEWARD
from data.vocabulary import EventLayer
from geo.hotspots import Method
from tests.dashboard import tiny_town


def town_of_hundreds(folder):
    """The tiny town with 300 more incidents over 2025: most in one corner of A1, in the evening."""
    database = tiny_town.build(folder)
    rng = np.random.default_rng(7)
    lines = ["编号,发生时间,类别,渠道,经度,纬度"]
    for k in range(300):
        near = k % 3 != 0
        lon = 94.9021 + rng.uniform(0, 0.0018) if near else 94.90 + rng.uniform(0, 0.04)
        lat = 36.4021 + rng.uniform(0, 0.0014) if near else 36.40 + rng.uniform(0, 0.01)
        hour = 20 if near else int(rng.integers(0, 24))
        day = f"2025-{k % 12 + 1:02d}-{k % 27 + 1:02d}"
        lines.append(f"x{k},{day} {hour:02d}:15,盗窃,110,{lon:.6f},{lat:.6f}")
    path = folder / "more.csv"
    path.write_text("\n".join(lines), encoding="utf-8")
    options = tiny_town.event_options(EventLayer.INCIDENTS, channel="渠道")
    events.run(database, path, options, LOCAL_STEWARD)
    return database


@pytest.fixture(scope="module")
def store(tmp_path_factory):
    database = town_of_hundreds(tmp_path_factory.mktemp("hotspots"))
    yield database
    database.dispose()


@pytest.fixture(autouse=True)
def _configured(store):
    cache.use_config(Config(store_url=str(store.path)))
    yield store
    cache.use_config(None)


def page():
    from dashboard.screens import hotspots
    from dashboard.text import Words

    hotspots.render(Words("en"))


@pytest.fixture
def shown():
    """The page over the whole history of the town."""
    at = AppTest.from_function(page, default_timeout=120)
    at.query_params["period"] = "all"
    return at.run()


def view(**choice):
    session = Session(period=Period("all"), hotspots=HotspotChoice(**choice))
    return answers.view(answers.question(session))


def told(at):
    return " ".join(text.value for text in (*at.markdown, *at.caption, *at.info))


# what is asked


def test_a_choice_goes_into_the_address_and_back():
    choice = HotspotChoice("gistar", "hexagons", 300, (20, 2), (4, 5), "all", "7_3", "proof")
    session = Session(hotspots=choice)
    params = to_address(session)
    assert params["h_hours"] == "20-2"
    assert params["h_days"] == "56"
    assert from_address(params, "zh").hotspots == choice
    assert HotspotChoice().to_params() == {}


@pytest.mark.parametrize(
    "params",
    [
        {"h_method": "magic"},
        {"h_units": "<b>"},
        {"h_size": "-5"},
        {"h_hours": "25-3"},
        {"h_hours": "8-8"},
        {"h_days": "xyz"},
        {"h_channel": "secret"},
        {"h_cell": "<script>"},
        {"h_view": "other"},
    ],
)
def test_an_address_with_anything_else_asks_the_first_question(params):
    assert hotspot_choice_from(params) == HotspotChoice()


def test_a_width_out_of_bounds_is_brought_into_them():
    assert hotspot_choice_from({"h_size": "3"}).size_m == 50
    assert hotspot_choice_from({"h_size": "99999"}).size_m == 5000


def test_a_change_is_measured_against_as_many_days_before():
    since, until = datetime(2025, 6, 1, tzinfo=UTC), datetime(2025, 7, 1, tzinfo=UTC)
    asked = question_of(HotspotChoice("change"), ("", ()), Span(since, until), answers.ground())
    assert asked.options.split_at == since
    assert until - since == since - asked.since
    whole = question_of(HotspotChoice("change"), ("", ()), Span(), answers.ground())
    bounds = records_span(answers.ground())
    assert whole.options.split_at - bounds.since == bounds.until - whole.options.split_at


def test_a_rate_is_asked_of_places_with_residents():
    asked = question_of(HotspotChoice("rate", "squares", 250), ("", ()), Span(), answers.ground())
    assert asked.units is Units.GRIDS
    assert asked.cell_m is None


def test_slices_fit_the_period():
    short = Span(datetime(2025, 6, 1, tzinfo=UTC), datetime(2025, 7, 1, tzinfo=UTC))
    asked = question_of(HotspotChoice("emerging"), ("", ()), short, answers.ground())
    assert asked.options.slice_days == 2.0
    long = question_of(HotspotChoice("emerging"), ("", ()), Span(), answers.ground())
    assert long.options.slice_days == 28.0


# what is shown


@pytest.mark.parametrize("method", METHODS)
@pytest.mark.parametrize("language", ["zh", "en"])
def test_every_question_has_a_map_a_table_and_a_report(method, language):
    words = Words(language)
    found = view(method=method, size_m=300)
    scene = hotspot_scene(cache.town("today"), found, words, (Basemap(), "", "now"))
    cells = next(layer for layer in scene.layers if layer.id == "cells")
    assert len(cells.codes) == len(found.drawn)
    legend = scene.shown_legends()[0]
    assert legend.title
    assert all(entry.label for entry in legend.entries)
    rows = table_rows(words, found)
    assert [row["rank"] for row in rows] == list(range(1, len(rows) + 1))
    assert set(table_columns(found)) <= set(rows[0])
    lines = (*report_lines(words, found.answer.report), heading(words, found.answer))
    lines += warning_lines(words, found.answer.report["warnings"])
    assert not [line for line in lines if "{" in line or "prediction" in line or "预测" in line]
    assert len(lines) >= 8


def test_the_corner_with_two_hundred_ranks_first_and_is_darkest():
    found = view(size_m=300)
    top = found.order[0]
    assert found.n[top] > 100
    shades = shades_of(found, Words("en"))
    at = dict(zip(found.drawn.tolist(), shades.at.tolist(), strict=True))
    assert at[int(top)] == max(at.values())


def test_too_few_events_have_a_shade_of_their_own_with_its_limit():
    found = view(method="count", size_m=300)
    shades = shades_of(found, Words("en"))
    labels = shades.classes.labels
    few = labels.index("1–4 events: too few for a hotspot")
    for row, at in zip(found.drawn.tolist(), shades.at.tolist(), strict=True):
        assert (at == few) == (0 < found.n[row] < 5)
    assert not found.answer.frame["is_hotspot"][found.n < 5].any()


def test_a_place_without_residents_has_no_base():
    found = view(method="rate")
    shades = shades_of(found, Words("en"))
    index = dict(zip([found.ids[r] for r in found.drawn], shades.classes.index(shades.at),
                     strict=True))  # fmt: skip
    assert index["B2"] == NO_BASE
    assert index["A1"] != NO_BASE


def test_classes_carry_the_limit_of_their_adjusted_p():
    found = view(method="gistar", size_m=150)
    labels = " ".join(shades_of(found, Words("en")).classes.labels)
    assert "High (99 %): adjusted p ≤ 0.01" in labels
    hot = found.answer.frame["class"] == "hot_99"
    assert hot.any()
    assert (found.answer.frame["p_bh"][hot] <= 0.01).all()


def test_p_values_are_written_as_finely_as_is_of_use():
    assert p_text(0.0000001) == "<0.001"
    assert p_text(0.0421) == "0.042"
    assert p_text(float("nan")) == "—"


def test_the_page_shows_ranking_proof_and_no_card_before_a_choice(shown):
    assert not shown.exception
    assert not shown.error
    assert "How well it would have done" in told(shown)
    assert "Click a cell on the map" in told(shown)
    assert "prediction" not in told(shown).lower()
    assert "<script" not in told(shown).replace("\\<script", "")


def test_a_chosen_cell_says_what_stands_behind_it(shown):
    box = next(box for box in shown.selectbox if box.key == "hotspot_cell")
    options = [code for code in box.options if code]
    box.set_value(hotspots_first(shown)).run()
    assert not shown.exception
    assert options
    said = told(shown)
    assert "Why here" in said
    assert "By kind" in said
    assert "Near repeats" in said
    assert "Rank 1 of" in said


def hotspots_first(at):
    del at
    found = view()
    return found.ids[found.order[0]]


@pytest.mark.parametrize("part", ["hours", "proof", "units"])
def test_each_part_has_an_address(part):
    at = AppTest.from_function(page, default_timeout=120)
    at.query_params["period"] = "all"
    at.query_params["h_view"] = part
    at.run()
    assert not at.exception
    assert not at.error
    assert len(at.dataframe) == {"hours": 0, "proof": 1, "units": 2}[part]


def test_what_fits_nothing_is_said_in_a_sentence():
    at = AppTest.from_function(page, default_timeout=120)
    at.query_params["kinds"] = "60"
    at.run()
    assert not at.exception
    assert at.error[0].value.startswith("There is no event")


def test_counting_what_police_found_brings_a_warning():
    at = AppTest.from_function(page, default_timeout=120)
    at.query_params["period"] = "all"
    at.query_params["h_channel"] = "all"
    at.run()
    assert not at.exception
    assert any("draws them back" in text.value for text in at.warning)


def test_a_rerun_works_nothing_out_again(monkeypatch):
    session = Session(period=Period("all"), hotspots=HotspotChoice("kde", "squares", 200))
    first = answers.view(answers.question(session))

    def refuse(*_args, **_more):
        raise AssertionError("worked out twice")

    monkeypatch.setattr(answers, "hotspots_of", refuse)
    assert answers.view(answers.question(session)) is first


# what is tested


def test_a_question_without_a_ranking_says_what_was_tested_instead():
    at = AppTest.from_function(page, default_timeout=120)
    at.query_params["period"] = "all"
    at.query_params["h_method"] = "change"
    at.run()
    assert not at.exception
    assert "does not rank cells by the next month" in told(at)


def test_a_change_is_no_ranking_of_next_month():
    assert proved_method(Method.CHANGE) is Method.COUNT_KERNEL
    assert proved_method(Method.KDE) is Method.KDE


def test_the_back_test_learns_from_the_whole_history():
    since = datetime(2025, 11, 1, tzinfo=UTC)
    asked = question_of(
        HotspotChoice(size_m=300), ("", ()), Span(since, datetime(2026, 1, 1, tzinfo=UTC)),
        answers.ground(),
    )  # fmt: skip
    assert proved_question(asked).since is None
    proof = answers.proof(asked, ("count-kernel", "count"))
    assert proof.report["tests"] >= 10
    best, chance = proof.hit_rate("count-kernel", 20.0), proof.hit_rate("random", 20.0)
    assert best["hit_rate"] > 0.6
    assert chance["hit_rate"] == pytest.approx(0.2)


# drawings


def test_months_without_events_are_drawn():
    filled = every_month([("2025-01", 3), ("2025-04", 1)])
    assert filled == [("2025-01", 3), ("2025-02", 0), ("2025-03", 0), ("2025-04", 1)]
    assert every_month([]) == []
    assert month_bars(filled, "<b>").count("title=") == 4
    assert "<b>" not in month_bars(filled, "<b>")


def test_a_rate_is_drawn_with_its_interval():
    drawn = rate_bar("<i>", (0.5, 0.25, 0.75), "50 %", "#000000")
    assert "width:50.0%" in drawn
    assert "left:25.0%" in drawn
    assert "<i>" not in drawn


def test_a_week_has_168_boxes():
    counts = np.zeros((7, 24), dtype=np.int64)
    counts[4, 20] = 9
    drawn = week_table(counts, ["d"] * 7, ("all", lambda d, h, n: f"{d} {h} {n}"))
    assert drawn.count('class="gb-hour"') == 168
    assert 'title="4 20 9"' in drawn


def test_a_part_of_a_sketch_keeps_its_fill():
    from dashboard.printing.page import PrintedPage

    written = []
    page = PrintedPage("A4", Imprint("t", "en", "", "", datetime(2026, 1, 1, tzinfo=UTC)))
    page.add_page()
    page.set_fill_color = lambda *colour: written.append(colour)
    draw_sketch(page, Box(10, 10, 50, 50), None, [Part("", shapely.box(0, 0, 1, 1), (1, 2, 3))])
    assert (1, 2, 3) in written


# files


def test_the_geopackage_holds_every_cell_and_how_it_was_made_and_is_logged(tmp_path, store):
    found = view(method="gistar", units="grids")
    path = tmp_path / "hotspots.gpkg"
    path.write_bytes(hotspot_export.gpkg_of(found))
    frame = gpd.read_file(path, layer="hotspots")
    assert sorted(frame["cell_id"]) == ["A1", "A2", "B1", "B2"]
    assert frame.crs.to_epsg() == 4326
    assert {"n", "z", "p", "p_bh", "class"} <= set(frame.columns)
    assert int(frame["n"].sum()) == found.answer.report["inside"]
    with sqlite3.connect(path) as held:
        told_in_file = dict(held.execute("select key, value from report"))
    held.close()
    assert told_in_file["method"] == '"gistar"'
    assert {"store", "level", "made_at", "left_out"} <= set(told_in_file)
    with store.read() as session:
        *_, last = session.scalars(select(AuditEntry).order_by(AuditEntry.id))
    assert (last.action, last.subject, last.row_count) == ("export", "hotspots", 4)


@pytest.mark.parametrize("language", ["zh", "en"])
@pytest.mark.parametrize("method", ["count-kernel", "gistar", "change"])
def test_one_page_holds_map_table_and_report(language, method):
    found = view(method=method, size_m=100)
    written = hotspot_export.pdf_of(Words(language), cache.town("today"), found)
    assert written.startswith(b"%PDF")
    assert written.count(b"/Type /Page\n") == 1
    assert b"NotoSansSC" in written
    assert b"/Subtype /Image" not in written  # the map is vectors


@pytest.mark.parametrize("language", ["zh", "en"])
def test_the_picture_shows_cells_in_their_colours(language):
    found = view(size_m=100)
    written = hotspot_export.png_of(Words(language), cache.town("today"), found)
    image = Image.open(BytesIO(written))
    assert image.size == (1600, 1100)
    darkest = hotspot_export.cell_map(Words(language), cache.town("today"), found).cells[-1][1]
    colours = {colour for _, colour in image.getcolors(maxcolors=1 << 24)}
    assert darkest in colours


def test_a_cell_is_named_by_its_place():
    grids = view(units="grids")
    assert cell_name(Words("zh"), grids, grids.row_of["A2"]) == "网格A2"
    squares = view(size_m=300)
    assert isinstance(squares, HotspotView)
    name = cell_name(Words("en"), squares, int(squares.order[0]))
    assert name.startswith("Square ")
    assert "网格A1" in name


def test_the_screen_is_the_one_of_the_tab():
    assert hotspots.MAP_KEY == "hotspot_map"
