"""Take the pictures of docs/planner.md: the walk of the ten tasks that is also a test.

Run: `.venv/bin/python docs/take_planner_pictures.py`. Needs Chromium and Poppler's tools.
"""

import io
import shutil
import tempfile
from collections.abc import Callable
from pathlib import Path

from PIL import Image
from playwright.sync_api import Browser, Page, expect, sync_playwright
from take_screenshots import FLAGS, PICTURES, URL, rest, serve

from dashboard.text import Words
from tests.journeys.planner_steps import PlanStore
from tests.journeys.planner_walk import Walk, ten_tasks

FOLDER = PICTURES / "planner"
LOCALES = {"en": "en-GB", "zh": "zh-CN"}
WIDTH_PX, COLOURS, MOST_BYTES = 1200, 96, 150_000


def save(page: Page, path: Path) -> None:
    """Take what is in sight; few colours and less width keep the file small."""
    rest(page)
    seen = Image.open(io.BytesIO(page.screenshot())).convert("RGB")
    size = (WIDTH_PX, round(seen.height * WIDTH_PX / seen.width))
    small = seen.resize(size, Image.Resampling.LANCZOS)
    small.quantize(COLOURS, dither=Image.Dither.NONE).save(path, optimize=True)
    if path.stat().st_size > MOST_BYTES:
        raise RuntimeError(f"{path.name} is too large: {path.stat().st_size} bytes")


def shooter(page: Page, language: str) -> Callable[[str], None]:
    """Give what the walk calls where there is something to see."""
    return lambda name: save(page, FOLDER / f"{name}_{language}.png")


def walk(browser: Browser, language: str, folder: Path) -> None:
    """Walk the ten tasks in one language, on a town of its own."""
    store = folder / f"{language}.gpkg"
    server = serve(store, "--scenario", "golmud_hexi")
    reads = PlanStore(store)
    size = {"width": 1440, "height": 900}
    contexts = [browser.new_context(locale=LOCALES[language], viewport=size) for _ in range(2)]
    try:
        page, colleague = (context.new_page() for context in contexts)
        planner = Walk(page, URL, reads, str(store), Words(language), shooter(page, language))
        ten_tasks(planner, colleague)
    finally:
        for context in contexts:
            context.close()
        reads.close()
        server.terminate()
        server.wait(timeout=20)


def main() -> None:
    """Take the pictures of both languages."""
    FOLDER.mkdir(exist_ok=True)
    expect.set_options(timeout=60_000)
    with tempfile.TemporaryDirectory() as name, sync_playwright() as playwright:
        browser = playwright.chromium.launch(executable_path=shutil.which("chromium"), args=FLAGS)
        for language in LOCALES:
            walk(browser, language, Path(name))
        browser.close()


if __name__ == "__main__":
    main()
