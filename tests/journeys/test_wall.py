"""Stand before the wall: big letters, news within three seconds, a dead server said and healed."""

import os
import shutil
import time
from datetime import UTC, date, datetime

import pytest
from playwright.sync_api import expect

from data.database import Database, bump_revision
from data.models import AreaGrade, Hazard, Incident, ProgrammeItem, Target
from data.repositories.figures import save_setting
from data.repositories.places import place_tree
from data.viewer import LOCAL_STEWARD
from tests.journeys.served import Served

pytestmark = [pytest.mark.browser, pytest.mark.slow]
UHD = (3840, 2160)
MIN_TEXT_PX, MIN_KEY_PX = 36, 120
READY = ".gb-wall[data-state=live] .gb-kiosk[data-ready=true]"
FONTS = """() => {
  const found = [];
  const walker = document.createTreeWalker(document.body, NodeFilter.SHOW_TEXT);
  for (let node = walker.nextNode(); node; node = walker.nextNode()) {
    const parent = node.parentElement;
    if (!node.data.trim() || ["STYLE", "SCRIPT", "NOSCRIPT"].includes(parent.tagName)) continue;
    const inWall = parent.closest(".gb-wall") !== null;
    if (!inWall && !parent.checkVisibility({visibilityProperty: true})) continue;
    const style = getComputedStyle(parent);
    found.push([node.data.trim(), parseFloat(style.fontSize), parent.className.toString?.() ?? "",
                inWall]);
  }
  return found;
}"""
CANVAS_TEXT = """
const told = [];
const draw = CanvasRenderingContext2D.prototype.fillText;
CanvasRenderingContext2D.prototype.fillText = function (text, ...rest) {
  told.push([text, this.font]);
  return draw.call(this, text, ...rest);
};
window.canvasTexts = told;
"""


def common(name):
    return {"source": "journey", "external_id": name, "content_hash": name}


def add_programme(database):
    with database.read() as session:
        tree = place_tree(session, LOCAL_STEWARD, as_of=date(2026, 1, 1))
        codes = [place.code for place in tree.records.values() if place.level == "community"]
    with database.write() as session:
        for n in range(8):
            item = {"label_zh": f"第{n}项工作机制", "label_en": f"Mechanism number {n}"}
            status = ("in_place", "in_build", "not_started")[n % 3]
            row = {**item, "programme": "eight", "sequence": n, "status": status}
            session.add(ProgrammeItem(**common(f"p{n}"), **row))
        plan = {"measure": "none", "planned": 7.0, "done": 4.0, "unit": "count"}
        span = {"since": date(2022, 3, 3), "until": date(2023, 9, 3)}
        session.add(Target(**common("t"), label_zh="目标", label_en="Goal", **plan, **span))
        for n, code in enumerate(codes):
            grade = ("green", "blue", "yellow", "red", "black")[n % 5]
            row = {"place_code": code, "month_on": date(2023, 2, 1), "grade": grade}
            session.add(AreaGrade(**common(f"g{n}"), **row))
        bump_revision(session, "programmes")


@pytest.fixture(scope="module")
def made(tmp_path_factory):
    """The built-in town with a programme board, made once."""
    from dashboard.commands.scenarios import load_scenario

    path = tmp_path_factory.mktemp("wall") / "made.gpkg"
    database = Database(str(path))
    database.create_or_migrate()
    load_scenario(database, "golmud_hexi")
    add_programme(database)
    database.dispose()
    return path


@pytest.fixture
def server(made, tmp_path):
    store = shutil.copy(made, tmp_path / "wall.gpkg")
    served = Served(store, tmp_path / "server.log")
    yield served
    if served.process.poll() is None:
        served.kill()


@pytest.fixture
def database(server):
    opened = Database(str(server.store))
    yield opened
    opened.dispose()


@pytest.fixture
def wall(chromium):
    """Open the wall; any request outside the origin and any script error fails the test."""
    contexts, faults = [], []

    def open_at(server, query, size=UHD):
        context = chromium.new_context(
            locale="zh-CN", viewport={"width": size[0], "height": size[1]}
        )
        context.set_default_timeout(60_000)
        contexts.append(context)
        page = context.new_page()
        page.add_init_script(CANVAS_TEXT)
        page.on("pageerror", lambda error: faults.append(str(error)))
        allowed = (server.url, server.url.replace("http", "ws"), "data:", "blob:")
        page.on("request", lambda asked: asked.url.startswith(allowed) or faults.append(asked.url))
        page.on(
            "websocket", lambda asked: asked.url.startswith(allowed) or faults.append(asked.url)
        )
        page.goto(f"{server.url}/wall{query}")
        page.wait_for_selector(READY)
        return page

    yield open_at
    for context in contexts:
        context.close()
    assert faults == []


def told(page):
    return page.eval_on_selector(".gb-wall", "root => ({...root.dataset})")


def add_hazard(database, name):
    with database.write() as session:
        row = {"kind": "H10", "channel": "patrol", "channel_group": "discovered"}
        when = {"occurred_at": datetime.now(UTC), "time_precision": "minute"}
        session.add(Hazard(**common(name), **row, **when, status="handling"))
        bump_revision(session, "hazards")


def add_incident(database, name):
    """A call of this moment at a place that another one had: the store lives from now on."""
    with database.write() as session:
        where = session.query(Incident).filter(Incident.geom.is_not(None)).first().geom
        row = {"kind": "50", "kind_source": "求助", "channel": "110", "channel_group": "reported"}
        when = {"occurred_at": datetime.now(UTC), "time_precision": "minute"}
        session.add(Incident(**common(name), **row, **when, geom=where))
        bump_revision(session, "incidents")


@pytest.mark.parametrize("language", ["zh", "en"])
def test_every_text_is_big_enough_on_a_4k_wall(server, wall, language):
    page = wall(server, f"?lang={language}")
    found = page.evaluate(FONTS)
    assert [text for text, _, _, inside in found if not inside] == []
    small = [(text, px) for text, px, _, _ in found if px < MIN_TEXT_PX]
    assert small == []
    keys = [px for _, px, name, _ in found if "gb-tile-value" in name]
    assert len(keys) >= 6
    assert min(keys) > MIN_KEY_PX
    assert any(text.endswith("未办结隐患") for text, *_ in found) == (language == "zh")
    page.wait_for_function("window.canvasTexts.length > 0")  # the map draws after the tiles
    on_canvas = page.evaluate("window.canvasTexts")
    sizes = [float(font.split("px")[0].split()[-1]) for text, font in on_canvas if text]
    assert min(sizes) >= MIN_TEXT_PX
    assert page.locator(".gb-kiosk .leaflet-control").count() == 0
    assert page.locator("button:visible, input:visible, a:visible").count() == 0


@pytest.mark.parametrize(
    ("size", "scale", "is_wide"),
    [((3840, 2160), 1.0, False), ((1920, 1080), 0.5, False), ((3840, 1080), 0.5, True),
     ((1280, 1024), 1280 / 3840, False)],
)  # fmt: skip
def test_the_canvas_fits_its_window(server, wall, size, scale, is_wide):
    page = wall(server, "?lang=zh", size)
    assert float(told(page)["scale"]) == pytest.approx(scale)
    box = page.locator(".gb-canvas").bounding_box()
    assert box["width"] <= size[0] + 1
    assert box["height"] <= size[1] + 1
    assert box["x"] == pytest.approx((size[0] - box["width"]) / 2, abs=1)
    expect(page.locator(".gb-wall.is-wide")).to_have_count(int(is_wide))
    cut = page.evaluate(
        """() => [...document.querySelectorAll(".gb-scene.is-on .gb-box-body, .gb-tile-value")]
        .filter(box => box.getClientRects().length && box.scrollHeight > box.clientHeight + 4)
        .map(box => box.textContent)"""
    )
    assert cut == []


def test_news_is_shown_within_three_seconds_and_the_map_stays(server, wall, database):
    page = wall(server, "?lang=zh")
    value = page.locator('.gb-tile[data-key="hazards"] .gb-tile-value')
    before = int(value.inner_text())
    page.evaluate("document.querySelector('.gb-kiosk').held = true")
    bounds = page.eval_on_selector(".gb-kiosk", "map => map.dataset.bounds")
    page.evaluate(
        """() => { window.blank = 0; const look = () => {
          if (!document.querySelector('.gb-kiosk canvas') ||
              !document.querySelector('.gb-tile-value')?.textContent) window.blank += 1;
          requestAnimationFrame(look); }; look(); }"""
    )
    add_hazard(database, "warm")
    page.wait_for_function(
        "n => document.querySelector('[data-key=hazards] .gb-tile-value').textContent == n",
        arg=str(before + 1),
    )
    start = time.monotonic()
    add_hazard(database, "timed")
    page.wait_for_function(
        "n => document.querySelector('[data-key=hazards] .gb-tile-value').textContent == n",
        arg=str(before + 2),
        polling=50,
    )
    assert time.monotonic() - start < 3.0 * float(os.environ.get("GRIDBEAT_SLOW_FACTOR", "1"))
    assert page.evaluate("document.querySelector('.gb-kiosk').held") is True
    assert page.eval_on_selector(".gb-kiosk", "map => map.dataset.bounds") == bounds
    assert page.evaluate("window.blank") == 0


def test_an_arrival_takes_the_map_there_and_back(server, wall, database):
    page = wall(server, "?lang=zh")
    whole = page.eval_on_selector(".gb-kiosk", "map => map.dataset.bounds")
    page.evaluate(
        """() => { document.querySelector('.gb-kiosk').held = true; window.blank = 0;
          const look = () => {
            if (!document.querySelector('.gb-kiosk canvas')) window.blank += 1;
            requestAnimationFrame(look); }; look(); }"""
    )
    expect(page.locator(".gb-arrival")).to_be_hidden()
    add_incident(database, "now")
    page.wait_for_selector(".gb-kiosk[data-visited=true]")
    said = page.locator(".gb-arrival")
    expect(said).to_be_visible()
    expect(said).to_contain_text("新警情 · ")
    expect(page.locator(".gb-pulse")).to_have_count(1)
    size = said.evaluate("line => parseFloat(getComputedStyle(line).fontSize)")
    assert size >= MIN_TEXT_PX
    page.wait_for_function(
        "was => document.querySelector('.gb-kiosk').dataset.bounds !== was", arg=whole
    )
    expect(page.locator(".gb-wall")).to_have_attribute("data-scene", "hazards")
    page.wait_for_selector(".gb-kiosk[data-visited=false]")
    expect(page.locator(".gb-kiosk")).to_have_attribute("data-bounds", whole)
    expect(said).to_be_hidden()
    assert page.evaluate("document.querySelector('.gb-kiosk').held") is True
    assert page.evaluate("window.blank") == 0


def test_a_setting_keeps_the_map_still(server, wall, database):
    with database.write() as session:
        save_setting(session, "wall_follow", value=False)
        bump_revision(session, "settings")
    page = wall(server, "?lang=en")
    add_incident(database, "now")
    expect(page.locator(".gb-wall-sub")).to_have_text("As of now")  # the picture with it is here
    page.wait_for_timeout(3000)  # three beats of the wall's clock
    expect(page.locator(".gb-kiosk")).to_have_attribute("data-visited", "false")
    expect(page.locator(".gb-arrival")).to_be_hidden()


def test_a_killed_server_is_said_and_the_wall_comes_back_alone(server, wall, database):
    page = wall(server, "?lang=en")
    assert page.locator(".gb-banner:visible").count() == 0
    server.kill()
    start = time.monotonic()
    page.wait_for_selector(".gb-wall[data-state=lost] .gb-banner:visible", timeout=15_000)
    assert time.monotonic() - start < 10.5
    expect(page.locator(".gb-banner")).to_contain_text("Connection lost: picture from")
    clock = page.locator(".gb-wall-time").inner_text()
    page.wait_for_function(
        "was => document.querySelector('.gb-wall-time').textContent !== was", arg=clock
    )
    add_hazard(database, "while down")
    wanted = int(page.locator('.gb-tile[data-key="hazards"] .gb-tile-value').inner_text()) + 1
    server.start()
    page.wait_for_selector(READY)
    page.wait_for_function(
        "n => document.querySelector('[data-key=hazards] .gb-tile-value')?.textContent == n",
        arg=str(wanted),
    )
    assert page.locator(".gb-banner:visible").count() == 0
    assert "lang=en" in page.url


def test_a_feed_over_its_limit_is_loud(server, wall, database):
    with database.write() as session:
        from sqlalchemy import update

        from data.models import Revision

        old = datetime(2026, 1, 1, tzinfo=UTC)
        session.execute(update(Revision).where(Revision.name == "disputes").values(changed_at=old))
        bump_revision(session, "hazards")
    page = wall(server, "?lang=zh")
    page.wait_for_selector('.gb-feed.is-over[data-key="disputes"]')
    loud = page.locator('.gb-feed[data-key="disputes"]')
    assert loud.inner_text().startswith("▲")
    expect(loud).to_contain_text("超过 2 小时")
    assert page.locator('.gb-feed.is-over[data-key="hazards"]').count() == 0


def test_the_scenes_take_turns_and_the_map_follows(server, wall):
    page = wall(server, "?lang=zh")
    page.wait_for_selector(".gb-wall[data-scene=grades]", timeout=130_000)
    shown = page.locator(".gb-scene:visible")
    expect(shown).to_have_count(1)
    assert shown.get_attribute("data-key") == "grades"
    page.wait_for_function(
        "JSON.parse(document.querySelector('.gb-kiosk').dataset.layers).grades.on"
    )
    expect(page.locator(".gb-chip.is-black")).not_to_have_count(0)
