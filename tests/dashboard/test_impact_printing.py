"""Impact sheets say on paper and in cells what changes hands, from whom to whom."""

import re
import subprocess
from datetime import UTC, date, datetime
from io import BytesIO

import openpyxl
import pytest

from dashboard.printing.impact_sheet import impact_pdf
from dashboard.printing.impact_words import sentence
from dashboard.printing.impact_xlsx import impact_workbook
from dashboard.text import LANGUAGES, Words
from dashboard.viewmodels.facts import Facts
from dashboard.viewmodels.plan_impact import Occasion, build_impact, periods_of
from data.database import Database
from data.repositories.events import event_arrays
from data.viewer import DisplayLevel, Role, Viewer
from data.vocabulary import EventLayer
from tests.dashboard import plan_town

NOW = datetime(2026, 6, 1, 3, 0, tzinfo=UTC)
FACTS = Facts(store="store", scenario="", tz="Asia/Shanghai", last_import_at=None)
OCCASION = Occasion(date(2026, 6, 1), NOW, FACTS)


def text_of(pdf, folder):
    """What a reader of the file can mark and copy, page by page."""
    path = folder / "sheet.pdf"
    path.write_bytes(pdf)
    done = subprocess.run(
        ["pdftotext", "-layout", str(path), "-"], capture_output=True, check=True, timeout=60
    )
    return done.stdout.decode("utf-8")


def sheets_of(content):
    book = openpyxl.load_workbook(BytesIO(content))
    return {
        sheet.title: [[cell.value for cell in row] for row in sheet.iter_rows()] for sheet in book
    }


def value_of(database, number, viewer=plan_town.CHIEF):
    with database.read() as session:
        return build_impact(session, viewer, number, OCCASION)


@pytest.fixture(scope="module")
def value(tmp_path_factory):
    """The impact of a draft on the hand-made town."""
    database = plan_town.build(tmp_path_factory.mktemp("plan"))
    found = value_of(database, plan_town.draft(database))
    database.dispose()
    return found


@pytest.fixture(params=["embedded", "served"])
def town(request, tmp_path):
    """The town in a store of either kind."""
    if request.param == "embedded":
        database = plan_town.build(tmp_path)
    else:
        database = plan_town.fill(Database(request.getfixturevalue("served_url")))
    yield database
    database.dispose()


@pytest.mark.parametrize("language", LANGUAGES)
def test_the_sheet_says_the_sentence_and_each_hand_over(value, language, tmp_path):
    words = Words(language)
    told = text_of(impact_pdf(words, value), tmp_path)
    flat = re.sub(r"\s+", "", told)
    assert re.sub(r"\s+", "", sentence(words, value.impact)) in flat
    for key in ("impact.to_settle", "plan_view.counts", "plan_view.maps", "plan_view.given_by"):
        assert re.sub(r"\s+", "", words(key)) in flat
    assert told.count(words("plan_view.signed_on")) == len(value.impact.handovers()) == 3
    assert "Ma1" in flat
    assert "Mb2" in flat


@pytest.mark.parametrize("language", LANGUAGES)
def test_one_posts_list_stands_alone(value, language, tmp_path):
    words = Words(language)
    posts = value.impact.posts
    post = int(posts.index[posts["place_code"] == "b2"][0])
    told = text_of(impact_pdf(words, value, post_id=post), tmp_path)
    assert told.count(words("plan_view.signed_on")) == 1
    assert "…" not in told  # an id that is cut finds nothing
    flat = re.sub(r"\s+", "", told)
    assert "Mb2" in flat
    assert "400" in flat
    gives, takes = (words(f"impact.{name}") for name in ("gives", "takes"))
    assert words("plan_view.titled", title=gives, n=3) in told
    assert words("plan_view.titled", title=takes, n="").split("0")[0][:-2] not in told
    with pytest.raises(KeyError):
        impact_pdf(words, value, post_id=10**9)


@pytest.mark.parametrize("language", LANGUAGES)
def test_the_workbook_has_numbers_as_numbers_and_no_formula(value, language):
    words = Words(language)
    sheets = sheets_of(impact_workbook(words, value))
    assert list(sheets) == [
        words(key)
        for key in (
            "plan_view.sum", "plan_view.grids", "plan_view.things", "plan_view.people",
            "plan_view.posts", "plan_view.handovers", "plan_view.settle", "plan_view.crosswalk",
            "plan_view.about",
        )
    ]  # fmt: skip
    people = sheets[words("plan_view.people")]
    assert sum(row[2] for row in people[1:]) == 500
    things = sheets[words("plan_view.things")]
    assert len(things) == 1 + len(value.impact.moves)
    assert plan_town.HOSTILE in {cell for row in things for cell in row}
    assert sheets[words("plan_view.sum")][1] == [sentence(words, value.impact), *[None] * 3]
    changed = {(row[1], row[2]) for row in sheets[words("plan_view.grids")][1:]}
    assert ("a1", "a1") in changed
    assert any(new == "a5" for _, new in changed)


def test_the_hostile_name_is_text_in_the_file(value):
    content = impact_workbook(Words("en"), value)
    book = openpyxl.load_workbook(BytesIO(content))
    cells = [cell for sheet in book for row in sheet.iter_rows() for cell in row]
    found = [cell for cell in cells if cell.value == plan_town.HOSTILE]
    assert found
    assert {cell.data_type for cell in found} == {"s"}
    assert not [cell for cell in cells if cell.data_type == "f"]


def test_what_is_handed_over_is_taken_over(value):
    rows = sheets_of(impact_workbook(Words("en"), value))["Hand-over lists"][1:]
    given = [row for row in rows if row[1] == "Hands over"]
    taken = [row for row in rows if row[1] == "Takes over"]
    assert {row[0] for row in given} == {
        "<a1> · full_time_member Ma1 (Ma1)", "<b2> · full_time_member Mb2 (Mb2)",
    }  # fmt: skip
    assert sum(row[11] or 0 for row in given) == 500
    assert sum(row[11] or 0 for row in taken) == 400
    assert {row[10] for row in given} == {"nobody", "<b1> · full_time_member Mb1 (Mb1)"}


def test_the_crosswalk_adds_up_to_the_last_incident(town):
    found = value_of(town, plan_town.draft(town))
    rows, totals = found.crosswalk.rows, found.crosswalk.totals
    assert {name: total.total for name, total in totals.items()} == {
        "all": 11, "year": 7, "year_before": 4,
    }  # fmt: skip
    assert rows["incidents_year"].sum() + totals["year"].unlocated == 7
    pairs = rows.set_index(["old_code", "new_code"])["incidents_year"].to_dict()
    assert (pairs["a1", "a1"], pairs["a1", "a5"], pairs["b2", "b1"]) == (1, 2, 1)
    assert sorted(zip(found.ground["from_grid"], found.ground["to_grid"], strict=True)) == [
        ("a1", "a5"), ("b2", "b1"),
    ]  # fmt: skip


def test_a_published_plan_keeps_the_posts_of_before(town):
    number = plan_town.published(town)
    later = Occasion(date(2026, 7, 1), NOW, FACTS)
    with town.read() as session:
        found = build_impact(session, plan_town.CHIEF, number, later)
    assert found.as_of == date(2026, 6, 7)
    assert found.effective_on == plan_town.MONDAY
    assert "b2" in set(found.impact.posts["place_code"])
    assert (found.impact.summary.before, found.impact.summary.after) == (4, 4)


def test_a_store_without_incidents_has_one_period(tmp_path):
    database = Database(str(tmp_path / "bare.gpkg"))
    database.create_or_migrate()
    viewer = Viewer("x", Role.STEWARD, DisplayLevel.ADMIN)
    with database.read() as session:
        events = event_arrays(session, viewer, EventLayer.INCIDENTS)
    assert list(periods_of(events, "Asia/Shanghai")) == ["all"]
    database.dispose()
