"""The registry is whole, labelled in both languages, and one failure stays one failure."""

import logging
from dataclasses import replace

import pytest

from dashboard.text import LANGUAGES, Words
from dashboard.text.measures import measure_about, measure_label, note_text
from data.errors import DataError, RecordNotFound, StoreUnavailable
from data.kpi import K_NUMBERS, NOTES, REGISTRY, definition_of
from data.kpi import engine as kpi_engine
from data.kpi.desk import Measure
from data.models import Incident
from tests.kpi_town import ask, build, event


@pytest.fixture
def town(db):
    with db.write() as session:
        build(session)
        event(session, Incident, "2026-06-02T10:00")
    return db


def test_every_number_is_defined_and_every_measure_once():
    assert len(K_NUMBERS) == 26
    assert [number for number in K_NUMBERS if not REGISTRY.of_kpi(number)] == []
    keys = [definition.key for definition in REGISTRY.definitions]
    assert len(keys) == len(set(keys)) > 200


@pytest.mark.parametrize("language", LANGUAGES)
def test_every_measure_has_a_name_and_a_sentence(language):
    words = Words(language)
    labels = {d.key: measure_label(d.key, words) for d in REGISTRY.definitions}
    assert len(set(labels.values())) == len(labels)  # no two are called the same
    assert [key for key, label in labels.items() if "_" in label or "{" in label] == []
    if language == "zh":
        bare = [key for key, label in labels.items() if label.isascii()]
        assert bare == []
    assert all(measure_about(d.about, words) for d in REGISTRY.definitions)
    assert all(note_text(note, words) != note for note in NOTES)


def test_no_sentence_is_left_over():
    from dashboard.text import sentences

    used = {definition.about for definition in REGISTRY.definitions}
    written = {
        key.removeprefix("kpi_about.") for key in sentences() if key.startswith("kpi_about.")
    }
    assert written == used


def test_definitions_say_what_they_stand_on():
    for definition in REGISTRY.definitions:
        assert definition.formula, definition.key
        assert definition.source, definition.key
        assert definition.numerator, definition.key
        assert definition.needs, definition.key
        is_total = definition.kind == "total" or definition.key.startswith("days_since")
        if not is_total and definition.key != "incidents_gini":
            assert definition.denominator, definition.key


def test_names_from_rows_find_their_pattern():
    assert definition_of("target_old_compounds_expected").key == "target_*_expected"
    assert definition_of("target_old_compounds").key == "target_*"
    assert definition_of("campaign_v100_rate").kpi == "K3"
    assert definition_of("officers_redeployed") is None
    rows = {"target_x": {"zh": "目标甲", "en": "plan A"}}
    assert measure_label("target_x_expected", Words("zh"), rows) == "目标应达进度：目标甲"
    assert measure_label("target_x", Words("en"), rows) == "target, done of plan: plan A"


def test_every_answer_is_defined_and_carries_its_version(town):
    for figure in ask(town, "2026-06-01", "2026-07-01").values():
        definition = definition_of(figure.measure)
        assert definition is not None, figure.measure
        assert (figure.id, figure.version) == (definition.kpi, definition.version)
        assert figure.note != "failed"
        if figure.low is not None:
            assert definition.interval != "none"


def test_every_measure_that_can_fail_says_which_it_gives():
    named = {key for measure in kpi_engine.MEASURES for key in measure.keys}
    defined = {definition.key for definition in REGISTRY.definitions}
    assert named == defined


def broken(error):
    def answers(desk):
        yield desk.figure("dispute_resolution_flow", 1, 2)
        raise error

    return Measure(answers, ("dispute_resolution_flow", "hazard_rectification_flow"))


@pytest.mark.parametrize(
    ("error", "code"),
    [(DataError("torn", n=1), "torn"), (ZeroDivisionError(), "ZeroDivisionError")],
)
def test_a_failing_measure_blanks_no_other(town, monkeypatch, caplog, error, code):
    whole = ask(town, "2026-06-01", "2026-07-01")
    measures = [
        broken(error) if "hazard_rectification_flow" in measure.keys else measure
        for measure in kpi_engine.MEASURES
    ]
    monkeypatch.setattr(kpi_engine, "MEASURES", tuple(measures))
    with caplog.at_level(logging.ERROR):
        torn = ask(town, "2026-06-01", "2026-07-01")
    failed = [figure for figure in torn.values() if figure.note == "failed"]
    assert [(f.measure, f.id, f.value) for f in failed] == [
        ("hazard_rectification_flow", "K4", None)
    ]
    assert torn["dispute_resolution_flow"].value == 0.5  # what came before the fault stays
    same = set(whole) - {"hazard_rectification_flow", "dispute_resolution_flow"}
    assert {name: whole[name] for name in same} == {name: torn[name] for name in same}
    assert f"code={code}" in caplog.text


def test_a_fault_of_the_store_within_one_measure_spares_the_rest(town, monkeypatch):
    from sqlalchemy import text

    def answers(desk):
        desk.session.execute(text("SELECT nothing FROM nowhere"))
        yield desk.figure("grids_visited", 0, 1)

    asks_nowhere = Measure(answers, ("grids_visited",))
    monkeypatch.setattr(kpi_engine, "MEASURES", (asks_nowhere, *kpi_engine.MEASURES))
    found = ask(town, "2026-06-01", "2026-07-01")
    assert found["grids_visited"].note == "failed"
    assert found["incidents"].value == 1


def test_a_store_that_is_gone_is_said_so(town, monkeypatch):
    def answers(_desk):
        raise StoreUnavailable("store_gone")

    gone = Measure(answers, ("grids",))
    monkeypatch.setattr(kpi_engine, "MEASURES", (gone,))
    with pytest.raises(StoreUnavailable):
        ask(town)


def test_only_what_is_asked(town):
    one = ask(town, "2026-06-01", "2026-07-01", measures=("K5",))
    assert {figure.id for figure in one.values()} == {"K5"}
    some = ask(town, "2026-06-01", "2026-07-01", measures=("incidents_y*", "residents"))
    assert set(some) == {"incidents_yoy", "residents"}


def test_an_unknown_unit_is_refused_and_every_level_is_known(town):
    with pytest.raises(RecordNotFound) as refusal:
        ask(town, unit="nowhere")
    assert refusal.value.code == "unknown_unit"
    for unit, grids in {"C": 4, "S": 4, "P": 4, "A": 2, "b2": 1}.items():
        assert ask(town, unit=unit)["grids"].value == grids


def test_notes_are_added_once():
    from data.kpi import Figure

    figure = Figure("K1", "m", "all", 1.0).noted("small_base").noted("differs_from_declared")
    assert figure.noted("small_base").note == "small_base,differs_from_declared"
    assert replace(figure, note="").noted("failed").note == "failed"
