"""The house keeps its own rules: floors, sizes, names, words."""

import ast
import subprocess
import sys
import tomllib
from pathlib import Path

import pytest

ROOT = Path(__file__).resolve().parent.parent
PACKAGES = ("geo", "data", "dashboard")
SOURCES = sorted(
    path
    for package in PACKAGES
    for path in (ROOT / package).rglob("*.py")
    if "node_modules" not in path.parts and "versions" not in path.parts
)
MAX_FILE, MAX_SCREEN, MAX_APP, MAX_FUNCTION = 400, 150, 80, 50
FORBIDDEN_FILES = {"utils", "helpers", "common", "manager", "misc", "core", "shared"}
FORBIDDEN_IN_DASHBOARD = {"data", "geo", "dashboard", "pages", "streamlit"}
FORBIDDEN_NAMES = {"data", "geo", "df", "tmp", "data2"}
CRS_FILES = {"geo/crs.py"}


def _name(path):
    return str(path.relative_to(ROOT))


def test_every_arrow_goes_down():
    told = subprocess.run(
        [Path(sys.executable).with_name("lint-imports")],
        cwd=ROOT,
        capture_output=True,
        text=True,
        check=False,
    )
    assert told.returncode == 0, told.stdout[-3000:]


@pytest.mark.parametrize("path", SOURCES, ids=_name)
def test_files_and_functions_stay_short(path):
    limit = MAX_FILE
    if "screens" in path.parts:
        limit = MAX_SCREEN
    if _name(path) == "dashboard/app.py":
        limit = MAX_APP
    text = path.read_text(encoding="utf-8")
    assert len(text.splitlines()) <= limit
    long = [
        f"{node.name} ({node.end_lineno - node.lineno + 1})"
        for node in ast.walk(ast.parse(text))
        if isinstance(node, ast.FunctionDef | ast.AsyncFunctionDef)
        and _body_lines(node) > MAX_FUNCTION
    ]
    assert long == []


def _body_lines(node):
    """Lines from the first statement after the docstring to the end."""
    body = node.body
    if ast.get_docstring(node) is not None and len(body) > 1:
        body = body[1:]
    return node.end_lineno - body[0].lineno + 1


@pytest.mark.parametrize("path", SOURCES, ids=_name)
def test_names_are_the_houses_names(path):
    assert path.stem not in FORBIDDEN_FILES
    if path.parts[-2] == "dashboard":
        assert path.stem not in FORBIDDEN_IN_DASHBOARD
    for node in ast.walk(ast.parse(path.read_text(encoding="utf-8"))):
        if isinstance(node, ast.arg):
            assert node.arg not in FORBIDDEN_NAMES - {"data"} or "livemap" in path.parts
            assert node.arg != "data"
        if isinstance(node, ast.Name) and isinstance(node.ctx, ast.Store):
            assert node.id not in FORBIDDEN_NAMES


@pytest.mark.parametrize("path", SOURCES, ids=_name)
def test_one_file_changes_crs_and_nothing_repairs_in_passing(path):
    text = path.read_text(encoding="utf-8")
    assert "buffer(0)" not in text
    if _name(path) not in CRS_FILES:
        assert ".to_crs(" not in text
        assert ".set_crs(" not in text


@pytest.mark.parametrize("path", SOURCES, ids=_name)
def test_no_markup_from_text_and_no_swallowed_error(path):
    text = path.read_text(encoding="utf-8")
    assert "unsafe_allow_html" not in text
    for node in ast.walk(ast.parse(text)):
        if isinstance(node, ast.ExceptHandler):
            assert node.type is not None, "a bare except"
            only_pass = len(node.body) == 1 and isinstance(node.body[0], ast.Pass)
            assert not only_pass, "an error is swallowed"


def test_the_packages_are_ours():
    import dashboard
    import data
    import geo

    for package in (dashboard, data, geo):
        assert Path(package.__file__).is_relative_to(ROOT)


def test_every_screen_has_a_test():
    screens = [path.stem for path in (ROOT / "dashboard/screens").glob("[a-z]*.py")]
    assert screens
    tests = " ".join(path.read_text() for path in (ROOT / "tests").rglob("test_*.py"))
    for screen in screens:
        assert f"screens.{screen}" in tests or f"screens import {screen}" in tests, screen


def test_every_glossary_word_stands_in_the_code():
    rows = [
        line.split("|")[1].strip().strip("`")
        for line in (ROOT / "docs/glossary.md").read_text(encoding="utf-8").splitlines()
        if line.startswith("| `")
    ]
    assert len(rows) > 30
    code = "\n".join(path.read_text(encoding="utf-8") for path in SOURCES)
    assert [word for word in rows if word not in code] == []


def test_every_field_of_every_import_is_documented():
    from dashboard.commands.registers import command_name
    from dashboard.commands.reports import field_names
    from data.vocabulary import RegisterLayer

    text = (ROOT / "docs/data-formats.md").read_text(encoding="utf-8")
    kinds = ("grids", "places", "streets", "blocks", "officers", "appointments", "absences")
    kinds += tuple(command_name(layer) for layer in RegisterLayer)
    for kind in (*kinds, "incidents", "hazards", "disputes"):
        section = text.split(f"### {kind}\n")[1].split("\n### ")[0]
        assert [name for name in field_names(kind) if f"`{name}`" not in section] == []


def test_every_command_is_documented():
    from dashboard.cli import COMMANDS

    text = (ROOT / "docs/command-line.md").read_text(encoding="utf-8")
    assert [name for name in COMMANDS if f"gridbeat {name}" not in text] == []


def test_no_registry_and_no_machine_path_is_committed():
    tracked = subprocess.run(
        ["git", "ls-files"], cwd=ROOT, capture_output=True, text=True, check=True
    ).stdout.split()
    hosts = ("registry.npm" + "js.org", "pypi" + ".org", "files.python" + "hosted", "/ro" + "ot/")
    for name in tracked:
        path = ROOT / name
        if path.suffix in {".png", ".gpkg", ".xlsx", ".zip"} or not path.is_file():
            continue
        text = path.read_text(encoding="utf-8", errors="replace")
        assert not [host for host in hosts if host in text], name


def test_the_lock_covers_every_dependency_within_its_bounds():
    from packaging.requirements import Requirement

    project = tomllib.loads((ROOT / "pyproject.toml").read_text())["project"]
    wanted = project["dependencies"] + project["optional-dependencies"]["dev"]
    locked = {}
    for line in (ROOT / "requirements.lock").read_text().splitlines():
        if line[:1].isalnum():
            requirement = Requirement(line.rstrip("\\ ").split(" \\")[0])
            locked.setdefault(requirement.name, []).append(requirement)
    for text in wanted:
        requirement = Requirement(text)
        assert requirement.name in locked, requirement.name
        for found in locked[requirement.name]:
            version = next(iter(found.specifier)).version
            assert requirement.specifier.contains(version, prereleases=True), text
