"""The catalogue is complete in both languages, and every code has its sentence."""

import ast
import re
from pathlib import Path

import pytest

from dashboard.text import LANGUAGES, Words, fields_of, language_of, sentences
from data import vocabulary
from data.viewer import Role

ROOT = Path(__file__).resolve().parents[2]
SOURCES = [
    path
    for package in ("geo", "data", "dashboard")
    for path in (ROOT / package).rglob("*.py")
    if "node_modules" not in path.parts
]
ERRORS = {
    "DataError",
    "ConfigError",
    "ImportRefused",
    "RecordNotFound",
    "StaleRevision",
    "PlanConflict",
    "AccessRefused",
    "StoreUnavailable",
    "GeoError",
    "CrsError",
    "FrameError",
    "TilingError",
    "DatumError",
}
CHINESE = re.compile(r"[\u4e00-\u9fff]")
CHINESE_ALLOWED = ("dashboard/text/", "data/importers/", "data/scenarios/", "data/privacy.py")


@pytest.mark.parametrize("key", sorted(sentences()))
def test_both_languages_say_it_with_the_same_facts(key):
    entry = sentences()[key]
    assert set(entry) == set(LANGUAGES), key
    assert all(entry.values()), key
    assert fields_of(entry["zh"]) == fields_of(entry["en"]), key


def _raised_codes():
    for path in SOURCES:
        for node in ast.walk(ast.parse(path.read_text(encoding="utf-8"))):
            if (
                isinstance(node, ast.Call)
                and isinstance(node.func, ast.Name)
                and node.func.id in ERRORS
                and node.args
                and isinstance(node.args[0], ast.Constant)
            ):
                yield node.args[0].value


def test_every_error_code_has_a_sentence():
    codes = set(_raised_codes())
    assert len(codes) > 20
    assert sorted(code for code in codes if f"error.{code}" not in sentences()) == []


@pytest.mark.parametrize(
    ("group", "members"),
    [
        ("level", vocabulary.PlaceLevel),
        ("grid_kind", vocabulary.GridKind),
        ("layer", vocabulary.EventLayer),
        ("incident_kind", vocabulary.IncidentKind),
        ("hazard_kind", vocabulary.HazardKind),
        ("dispute_kind", vocabulary.DisputeKind),
        ("severity", vocabulary.Severity),
        ("channel_group", vocabulary.ChannelGroup),
        ("channel", vocabulary.CHANNEL_GROUPS),
        ("status", vocabulary.CaseStatus),
        ("holder_kind", vocabulary.HolderKind),
        ("position", vocabulary.Position),
        ("time_flag", vocabulary.TimeFlag),
        ("case_level", vocabulary.CaseLevel),
        ("case_loop", vocabulary.CaseLoop),
        ("building_kind", vocabulary.BuildingKind),
        ("device_kind", vocabulary.DeviceKind),
        ("device_status", vocabulary.DeviceStatus),
        ("service_point_kind", vocabulary.ServicePointKind),
        ("patrol_target_kind", vocabulary.PatrolTargetKind),
        ("stop_kind", vocabulary.StopKind),
        ("duty_kind", vocabulary.DutyKind),
        ("meeting_kind", vocabulary.MeetingKind),
        ("meeting_party", vocabulary.MeetingParty),
        ("debrief_body", vocabulary.DebriefBody),
        ("appraisal_kind", vocabulary.AppraisalKind),
        ("programme_status", vocabulary.ProgrammeStatus),
        ("area_grade", vocabulary.AreaGradeColour),
        ("target_unit", vocabulary.TargetUnit),
        ("register", vocabulary.RegisterLayer),
        ("role", Role),
    ],
)
def test_every_vocabulary_code_has_a_label(group, members):
    assert [code for code in members if f"{group}.{code}" not in sentences()] == []


def test_keys_used_in_code_exist():
    used = set()
    for path in (ROOT / "dashboard").rglob("*.py"):
        if "node_modules" in path.parts:
            continue
        for node in ast.walk(ast.parse(path.read_text(encoding="utf-8"))):
            if (
                isinstance(node, ast.Call)
                and isinstance(node.func, ast.Name)
                and node.func.id == "words"
                and node.args
                and isinstance(node.args[0], ast.Constant)
            ):
                used.add(node.args[0].value)
    assert len(used) > 50
    assert sorted(key for key in used if key not in sentences()) == []


def test_chinese_stands_in_the_catalogue_only():
    strays = [
        str(path.relative_to(ROOT))
        for path in SOURCES
        if not any(part in str(path.relative_to(ROOT)) for part in CHINESE_ALLOWED)
        and _has_chinese_literal(path)
    ]
    assert strays == []


def _has_chinese_literal(path):
    tree = ast.parse(path.read_text(encoding="utf-8"))
    docstrings = {
        id(node.body[0].value)
        for node in ast.walk(tree)
        if isinstance(node, ast.Module | ast.ClassDef | ast.FunctionDef)
        and node.body
        and isinstance(node.body[0], ast.Expr)
    }
    return any(
        isinstance(node, ast.Constant)
        and isinstance(node.value, str)
        and CHINESE.search(node.value)
        and id(node) not in docstrings
        and not _is_attribute_docstring(tree, node)
        for node in ast.walk(tree)
    )


def _is_attribute_docstring(tree, constant):
    return any(isinstance(node, ast.Expr) and node.value is constant for node in ast.walk(tree))


@pytest.mark.parametrize(
    ("tag", "language"),
    [(None, "zh"), ("zh-CN", "zh"), ("zh_TW.UTF-8", "zh"), ("en-GB", "en"), ("de", "en")],
)
def test_the_language_follows_the_browser(tag, language):
    assert language_of(tag) == language


def test_an_unknown_code_shows_its_facts_and_an_unfilled_place_stays_visible():
    words = Words("en")
    assert words.error("never_heard_of", {"a": 1}) == "never_heard_of: a=1"
    assert "{store}" in words("error.store_missing")
