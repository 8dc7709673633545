"""The page for a place without signal: whole in one file, nothing asked, numbers to call."""

import json
import re
from html.parser import HTMLParser

import pytest
import shapely

from dashboard.cli import main
from dashboard.printing.patrol_phone import PhonePage, patrol_phone
from dashboard.printing.patrol_sheet import BriefText, PhoneText, PlaceText
from dashboard.printing.sketch import Mark, Part
from dashboard.printing.svg_map import RoundMap, round_svg
from dashboard.viewmodels.patrol_phones import MOST_PHONES, duty_phones
from dashboard.viewmodels.town import load_town
from data.models import Place, Post
from data.viewer import LOCAL_STEWARD
from tests.dashboard import tiny_town

HOSTILE = '<script>window.hit=1</script>"><img src=http://evil.invalid/x.png>'
DAY = (94.9, 36.4)


def place(number, *, phones=()):
    lon, lat = DAY[0] + 0.002 * number, DAY[1] + 0.001 * number
    return PlaceText(
        number, f"光明路 {HOSTILE}", "3 起", ("一", HOSTILE), (0,) * 20 + (3, 1, 0, 0),
        frozenset({20, 21}), lon, lat, tuple(phones),
    )  # fmt: skip


def brief(*places, order=(2, 1)):
    squares = tuple(shapely.box(p.lon, p.lat, p.lon + 0.001, p.lat + 0.001) for p in places)
    units = (Part("一网格", shapely.box(94.89, 36.39, 94.92, 36.42)),)
    street = shapely.LineString([(94.89, 36.402), (94.92, 36.403)])
    return BriefText(
        "巡前简报", HOSTILE, ("说明",), "2 → 1", places, ("目标：1", "一中"), (), "", "时刻",
        order=order, units=units, streets=(Part("光明路", street),), cells=squares,
    )  # fmt: skip


HOW = PhonePage("zh", "示意图", "值班电话", "没有电话", "停留", "内部使用")


class Tags(HTMLParser):
    def __init__(self):
        super().__init__()
        self.found = []

    def handle_starttag(self, tag, attrs):
        self.found.append((tag, dict(attrs)))


def tags(page):
    reader = Tags()
    reader.feed(page)
    return reader.found


def test_the_page_is_whole_and_asks_for_nothing():
    page = patrol_phone(
        brief(place(1, phones=[PhoneText("警务室", "0979-8412 345")]), place(2)), HOW
    )
    assert len(page) < 300_000
    text = page.decode()
    found = tags(text)
    assert {tag for tag, _ in found} & {"script", "img", "iframe", "object", "audio"} == set()
    addresses = [
        value for _, had in found for name, value in had.items() if name in {"src", "href"}
    ]
    assert all(re.match(r"#p\d|tel:|data:,", address) for address in addresses)
    assert "tel:09798412345" in addresses
    assert "url(" not in text
    assert "@import" not in text
    assert "default-src 'none'" in text
    assert 'lang="zh-CN"' in text


def test_places_stand_in_the_order_of_the_walk_and_a_missing_number_is_said():
    text = patrol_phone(brief(place(1, phones=[PhoneText("窗口", "110")]), place(2)), HOW).decode()
    assert text.index('id="p2"') < text.index('id="p1"')
    assert text.count("没有电话") == 1
    every = patrol_phone(brief(place(1, phones=[PhoneText("窗口", "110")]), order=(1,)), HOW)
    assert "没有电话" not in every.decode()


def test_the_map_keeps_inside_its_window():
    far = Part("far", shapely.box(90, 30, 100, 40))
    marks = (Mark("1", 94.9, 36.4), Mark("2", 94.905, 36.404))
    drawn = round_svg(RoundMap((far,), (), (), marks), "map")
    assert drawn.count("<circle") == 2
    wide, high = map(float, re.search(r'viewBox="0 0 (\d+) (\d+)"', drawn).groups())
    rings = re.search(r'class="u" d="([^"]+)"', drawn)[1]
    numbers = [float(n) for n in re.findall(r"-?\d+\.\d", rings)]
    assert all(-1 <= x <= wide + 1 for x in numbers[::2])
    assert all(-1 <= y <= high + 1 for y in numbers[1::2])
    assert round_svg(RoundMap((far,), (), (), ()), "map") == ""


def test_the_longest_streets_are_named_once():
    lines = [
        Part("光明路", shapely.LineString([(94.899, 36.4005), (94.906, 36.4005)])),
        Part("光明路", shapely.LineString([(94.899, 36.4025), (94.901, 36.4025)])),
    ]
    marks = (Mark("1", 94.9, 36.399), Mark("2", 94.905, 36.404))
    assert round_svg(RoundMap((), tuple(lines), (), marks), "map").count("光明路") == 1


@pytest.fixture
def store(tmp_path):
    database = tiny_town.build(tmp_path)
    yield database
    database.dispose()


def test_duty_numbers_are_of_posts_and_offices_the_nearest_first(store):
    with store.write() as session:
        for post in session.query(Post):
            post.office_phone = {"beat_officer": "0979-8410001"}.get(post.position, "0979-8410002")
        for office in session.query(Place).filter(Place.level == "community"):
            office.office_phone = "0979-8410003"
    with store.read() as session:
        from data.repositories.places import today_here

        town = load_town(session, LOCAL_STEWARD, as_of=today_here())
        found = duty_phones(session, LOCAL_STEWARD, town, frozenset({"A1", "B2", "nowhere"}))
    assert set(found) == {"A1", "B2"}
    assert [line.office_phone for line in found["A1"]] == [
        "0979-8410002", "0979-8410001", "0979-8410003",
    ]  # fmt: skip
    assert [line.office_phone for line in found["B2"]] == ["0979-8410003"]
    assert all(len(lines) <= MOST_PHONES for lines in found.values())


def test_without_numbers_nothing_is_invented(store):
    with store.read() as session:
        from data.repositories.places import today_here

        town = load_town(session, LOCAL_STEWARD, as_of=today_here())
        assert duty_phones(session, LOCAL_STEWARD, town, frozenset({"A1"})) == {"A1": ()}


def test_the_command_writes_page_and_sheet_and_refuses_other_endings(store, tmp_path, capsys):
    asked = ("--store", str(store.path), "--day", "2026-03-11", "--shift", "8-20")

    def run(*more):
        with pytest.raises(SystemExit) as done:
            main(["patrol", *asked, *more])
        return done.value.code or 0, capsys.readouterr()

    status, told = run("--out", str(tmp_path / "p.html"), "--json")
    shown = json.loads(told.out)
    assert status == 0
    assert shown["bytes"] == (tmp_path / "p.html").stat().st_size < 300_000
    numbers = [place["number"] for place in shown["places"]]
    assert numbers == list(range(1, len(numbers) + 1))
    assert sorted(shown["order"]) == numbers
    assert run("--out", str(tmp_path / "p.pdf"))[0] == 0
    assert (tmp_path / "p.pdf").read_bytes().startswith(b"%PDF")
    for wrong in (("--out", "p.doc"), ("--shift", "25-2"), ("--unit", "nowhere")):
        status, told = run(*wrong)
        assert status == 2
        assert told.err.strip()
        assert "Traceback" not in told.err
