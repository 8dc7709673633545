"""Take the README's pictures from a real server in a real browser. Run: `make screenshots`.

Needs Chromium. The import picture uses files made here, so that it can be taken anywhere.
"""

import shutil
import subprocess
import sys
import tempfile
import time
import urllib.request
from pathlib import Path

from playwright.sync_api import Browser, Page, sync_playwright

ROOT = Path(__file__).resolve().parent.parent
PICTURES = ROOT / "docs" / "pictures"
PORT = 8599
URL = f"http://127.0.0.1:{PORT}"
FLAGS = [
    "--headless",
    "--no-sandbox",
    "--disable-gpu",
    "--disable-quic",
    "--no-first-run",
    "--disable-background-networking",
    "--disable-component-update",
    "--disable-sync",
]
CALLS = """警情编号,经度,纬度,报警时间,警情类别,所属社区,报警人电话,简要情况
A001,94.9031,36.4021,2023-02-27 08:15,群众求助,八一社区,13800138000,开锁求助
A002,94.8987,36.4055,2023-02-27 09:40,交通,站前社区,13800138001,轻微剐蹭
A003,,,2023-02-27 11:05,纠纷,盐湖社区,13800138002,噪声纠纷
A004,94.9102,36.3990,没有时间,治安,红柳社区,13800138003,损毁财物
"""


def open_page(browser: Browser, language: str, path: str = "/") -> Page:
    """Open one page of the dashboard at desk size and wait until Streamlit rests."""
    context = browser.new_context(locale=language, viewport={"width": 1440, "height": 900})
    page = context.new_page()
    page.goto(URL + path)
    page.wait_for_selector('[data-testid="stApp"]')
    return page


def rest(page: Page) -> None:
    """Wait until the script has run and the page stands still."""
    page.wait_for_timeout(1_000)
    page.wait_for_selector('[data-test-script-state="notRunning"]', timeout=60_000)
    page.wait_for_selector('[data-testid="stSpinner"]', state="detached", timeout=60_000)
    page.wait_for_timeout(1_500)


def take(browser: Browser, folder: Path) -> None:
    """Take every picture."""
    for language, name in (("en-GB", "en"), ("zh-CN", "zh")):
        page = open_page(browser, language)
        page.wait_for_selector('.gb-map[data-ready="true"]', timeout=60_000)
        rest(page)
        page.screenshot(path=PICTURES / f"overview_{name}.png")
        page = open_page(browser, language, "/quality")
        rest(page)
        page.screenshot(path=PICTURES / f"quality_{name}.png")
        page = open_page(browser, language, "/import")
        rest(page)
        table = folder / "calls.csv"
        table.write_text(CALLS, encoding="gb18030")
        kind = "警情" if name == "zh" else "Incidents"
        page.get_by_role("combobox").first.fill(kind)
        page.get_by_role("option", name=kind).first.click()
        rest(page)
        page.locator('input[type="file"]').set_input_files(table)
        rest(page)
        page.screenshot(path=PICTURES / f"import_{name}.png")
        page.context.close()


def take_screens(browser: Browser) -> None:
    """Take the screens of each user at the user's size."""
    for language, name in (("en-GB", "en"), ("zh-CN", "zh")):
        page = open_page(browser, language)
        page.wait_for_selector('.gb-map[data-ready="true"]', timeout=60_000)
        for path in ("patrol", "cases", "hotspots", "coverage", "people", "bulletin"):
            page.locator(f'a[href$="/{path}"]').first.click()
            rest(page)
            page.screenshot(path=PICTURES / f"{path}_{name}.png")
        page.goto(f"{URL}/plan?lang={name}&plan=1")
        page.wait_for_selector('.gb-map[data-ready="true"]', timeout=60_000)
        rest(page)
        page.screenshot(path=PICTURES / f"plan_{name}.png")
        page.context.close()
        size = {"width": 3840, "height": 2160}
        context = browser.new_context(locale=language, viewport=size)
        page = context.new_page()
        page.goto(f"{URL}/wall?lang={name}")
        page.wait_for_selector(".gb-map[data-ready=true]", timeout=60_000)
        page.wait_for_timeout(4_000)
        page.screenshot(path=PICTURES / f"wall_{name}.png")
        context.close()


def choose(page: Page, label: str, option: str) -> None:
    """Choose an option of the select box with that label."""
    box = page.locator('[data-testid="stSelectbox"]').filter(has_text=label).first
    box.locator("input").click()
    box.locator("input").fill(option)  # a long list draws only what is in sight
    page.get_by_role("option", name=option, exact=True).click()


def take_memphis(browser: Browser, files: Path) -> None:
    """Walk Memphis through the wizard of an empty store; take the report and the map."""
    page = open_page(browser, "en-GB")
    page.get_by_role("link", name="Go to the import").click()
    page.get_by_text("Choose the content and a file").wait_for()
    page.locator("input[type=file]").set_input_files(files / "precincts.gpkg")
    page.get_by_text("9 rows, 1 columns").wait_for()
    choose(page, "Code *", "precinct")
    choose(page, "Name", "precinct")
    page.get_by_role("button", name="Import", exact=True).click()
    page.get_by_text("Grids: report on precincts.gpkg").wait_for()
    choose(page, "What the file holds", "Events · Incidents")
    page.locator("input[type=file]").set_input_files(files / "robberies_2019.csv")
    page.get_by_text("The audit recommends WGS-84").wait_for()
    choose(page, "Coordinates are", "WGS-84")
    page.get_by_role("button", name="Import", exact=True).click()
    page.get_by_text("Incidents: report on robberies_2019.csv").wait_for()
    rest(page)
    page.get_by_text("Incidents: report on robberies_2019.csv").scroll_into_view_if_needed()
    page.screenshot(path=PICTURES / "memphis_report.png")
    page.get_by_role("link", name="Overview").click()
    page.wait_for_selector('.gb-map[data-ready="true"]')
    rest(page)
    page.screenshot(path=PICTURES / "memphis_map.png")


def serve(store: Path, *options: str) -> subprocess.Popen[bytes]:
    """Start a server on a store and wait until it answers."""
    command = [sys.executable, "-m", "dashboard.cli", "run", "--port", str(PORT)]
    server = subprocess.Popen(
        [*command, "--store", str(store), *options], cwd=ROOT, stdout=subprocess.DEVNULL
    )
    for _ in range(1800):
        try:
            urllib.request.urlopen(f"{URL}/api/health", timeout=1)  # noqa: S310 - loopback
        except OSError:
            time.sleep(0.1)
        else:
            return server
    raise RuntimeError("the server did not start")


def begin_plan(store: Path) -> None:
    """Begin the first plan of the store, from the grids of today."""
    command = [sys.executable, "-m", "dashboard.cli", "plan", "new", "--name", "A · 甲"]
    author = ["--author", "steward", "--store", str(store)]
    subprocess.run([*command, *author], cwd=ROOT, check=True, stdout=subprocess.DEVNULL)


def main() -> None:
    """Take the pictures of the sample town and, where its files lie beside, of Memphis."""
    PICTURES.mkdir(exist_ok=True)
    memphis = ROOT.parent / "shared" / "data" / "memphis"
    with tempfile.TemporaryDirectory() as name, sync_playwright() as playwright:
        folder = Path(name)
        browser = playwright.chromium.launch(executable_path=shutil.which("chromium"), args=FLAGS)
        server = serve(folder / "town.gpkg", "--scenario", "golmud_hexi")
        try:
            begin_plan(folder / "town.gpkg")
            take(browser, folder)
            take_screens(browser)
        finally:
            server.terminate()
            server.wait(timeout=20)
        if memphis.is_dir():
            server = serve(folder / "memphis.gpkg")
            try:
                take_memphis(browser, memphis)
            finally:
                server.terminate()
                server.wait(timeout=20)
        browser.close()


if __name__ == "__main__":
    main()
