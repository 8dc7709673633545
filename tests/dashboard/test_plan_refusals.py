"""Every bad input to a plan: refused in one sentence with what to do, and what was drawn is kept.

One table over library, both stores and both languages.
"""

from collections.abc import Callable
from dataclasses import dataclass
from datetime import UTC, date, datetime, timedelta

import pytest
import shapely

from dashboard.components.plan_words import facts_of
from dashboard.text import Words
from data.config import DEFAULT_TZ
from data.database import Database, bump_revision
from data.errors import DataError
from data.planning.drawing import draw, take_up, undo
from data.planning.opening import Begin, FromDay, begin_plan, edit_options, open_plan
from data.planning.publishing import publish
from data.repositories.place_writes import PlaceChange, PlaceWriter
from data.repositories.places import find_place
from data.repositories.plan_writes import Turn, approve
from data.repositories.plans import PlanStatus, find_plan, list_asides, list_edits
from data.viewer import LOCAL_STEWARD, DisplayLevel, Role, Viewer
from geo.edits.applying import apply
from geo.edits.refusal import EditRefused
from geo.edits.values import (
    Merge,
    MoveVertices,
    RedrawBorder,
    Rename,
    Renumber,
    Split,
    Transfer,
    to_json,
)
from geo.errors import GeoError

AT = datetime(2026, 6, 1, 2, 0, tzinfo=UTC)
MONDAY = date(2026, 6, 8)
PLANNER = Viewer("planner-1", Role.PLANNER, DisplayLevel.INTERNAL)
OTHER = Viewer("planner-2", Role.PLANNER, DisplayLevel.INTERNAL)
CHIEF = Viewer("chief", Role.STEWARD, DisplayLevel.ADMIN)
SIDE = 0.01
LANGUAGES = ("zh", "en")


def at(x, y):
    """The place x grids east and y grids north of the corner of G00."""
    return (97 + x * SIDE, 33 + y * SIDE)


def line(*places):
    return tuple(at(*place) for place in places)


def box(x, y, width=1.0, height=1.0):
    return shapely.box(*at(x, y), *at(x + width, y + height))


def fill(database):
    """Two communities side by side with two by two grids each: G<row><column>."""
    with database.write() as session:
        writer = PlaceWriter(session, level="community", effective=None, source="t")
        for code in ("C0", "C1"):
            writer.write(PlaceChange(code, "community"))
        keys = [
            find_place(session, LOCAL_STEWARD, level="community", code=code).id
            for code in ("C0", "C1")
        ]
        writer = PlaceWriter(session, level="grid", effective=None, source="t")
        for row in range(2):
            for column in range(4):
                shape = box(column, row)
                writer.write(
                    PlaceChange(
                        f"G{row}{column}", "base", name=f"grid {row}{column}",
                        parent_id=keys[column // 2], household_count=100, geometry=shape,
                        area_m2=1.0,
                    )
                )  # fmt: skip
        bump_revision(session, "places")
    return database


@pytest.fixture(scope="module")
def stores(tmp_path_factory):
    """One embedded store for all cases: each begins plans of its own."""
    database = Database(str(tmp_path_factory.mktemp("refusals") / "town.gpkg"))
    database.create_or_migrate()
    yield fill(database)
    database.dispose()


@pytest.fixture(params=["embedded", "served"])
def town(request):
    """A town of one's own in each kind of store."""
    if request.param == "embedded":
        database = Database(str(request.getfixturevalue("tmp_path") / "town.gpkg"))
        database.create_or_migrate()
    else:
        database = Database(request.getfixturevalue("served_url"))
    yield fill(database)
    database.dispose()


def begin(database, name):
    return begin_plan(database, PLANNER, FromDay(), Begin(name, AT))


def turn(plan, minutes=0):
    return Turn(plan.id, plan.version, AT + timedelta(minutes=minutes))


def approved(database, plan):
    with database.write() as session:
        return approve(session, CHIEF, turn(plan))


def moved(database, name, code="G00", taker="G01", x=0.5, y=0):
    plan = begin(database, name)
    edit = Transfer.of(code, taker, box(x, y, 0.5, 1))
    return draw(database, PLANNER, turn(plan), edit).opened.plan


def said_by(fault, language):
    words = Words(language)
    return words.error(fault.code, facts_of(words, fault.fields, DEFAULT_TZ))


def assert_one_sentence(fault, language, step):
    """One sentence that names what is wrong and says the next step; nothing of the machine."""
    text = said_by(fault, language)
    ending, others = (
        ("。", ("{", "}", "None", "..")) if language == "zh" else (".", ("{", "}", "None"))
    )
    assert text.endswith(ending), text
    assert text.count(ending) == 1 or language == "en", text
    if language == "en":
        assert ". " not in text, text
    assert fault.code not in text
    assert not any(sign in text for sign in others), text
    assert step in text, text


# -- what is drawn


@dataclass(frozen=True)
class Drawn:
    """A drawing that must be refused: its code, and the words that say what to do."""

    name: str
    edit: object
    code: str
    zh: str
    en: str
    codes: tuple[str, ...] = ()


DRAWN = (
    Drawn("a line that misses", Split("G00", line((5, 5), (6, 6)), "N1", "n"),
          "line_misses", "请从边界画到边界", "draw it from border to border", ("G00",)),
    Drawn("a line that crosses itself",
          Split("G00", line((0.2, 0), (0.8, 1), (0.8, 0), (0.2, 1)), "N1", "n"),
          "line_crosses_itself", "请重画一条不自交的线", "draw one that does not", ("G00",)),
    Drawn("a line that touches a corner only",
          Split("G00", line((-1, 1), (0, 0), (1, -1)), "N1", "n"),
          "line_touches_only", "请让线穿过网格", "draw it through the grid", ("G00",)),
    Drawn("a line that cuts three grids", Split("G01", line((-0.1, 0.5), (2.9, 0.5)), "N1", "n"),
          "line_cuts_others", "只穿过要改的网格", "cuts only the grids to be changed", ("G01",)),
    Drawn("a new border that cuts a third grid",
          RedrawBorder("G00", "G01", line((0.5, 0), (0.5, 1), (1.5, 1.4), (1.5, 0))),
          "line_cuts_others", "只穿过要改的网格", "cuts only the grids to be changed"),
    Drawn("a transfer that cuts the giver in two", Transfer.of("G00", "G01", box(0.4, 0, 0.2, 1)),
          "giver_cut_in_two", "请改小范围", "take a smaller piece", ("G00",)),
    Drawn("a merge of strangers", Merge(("G00", "G02"), "G00"),
          "not_neighbours", "请选择相邻的网格", "choose grids that lie side by side",
          ("G00", "G02")),
    Drawn("a merge over a corner", Merge(("G00", "G11"), "G00"),
          "not_neighbours", "请选择相邻的网格", "choose grids that lie side by side",
          ("G00", "G11")),
    Drawn("a drag across two neighbours", MoveVertices(((at(1, 1), at(3.5, 1.2)),)),
          "rings_cross", "请拖得近一些", "drag it less far"),
    Drawn("a drag of the outer edge across two neighbours",
          MoveVertices(((at(0, 0), at(2.5, 1.5)),), outer=True),
          "grids_overlap", "不要越过相邻网格", "not across a neighbour"),
    Drawn("a swap of codes", Renumber((("G00", "G01"), ("G01", "G00"))),
          "plan_code_taken", "由系统给新号", "which gives fresh codes"),
)  # fmt: skip


@pytest.mark.parametrize(
    "case", [c for c in DRAWN if c.code != "plan_code_taken"], ids=lambda c: c.name
)
def test_the_library_refuses_and_names_grids_and_place(stores, case):
    with stores.read() as session:
        plan = begin_or_find(stores, "library")
        tiling = open_plan(session, PLANNER, plan.id).tiling
        options = edit_options(session, PLANNER)
    before = tiling.digest()
    with pytest.raises(EditRefused) as caught:
        apply(tiling, case.edit, options)
    assert caught.value.code == case.code
    assert set(case.codes) <= set(caught.value.codes)
    assert shapely.from_wkt(caught.value.place).is_valid or case.code == "not_neighbours"
    assert tiling.digest() == before


def begin_or_find(database, name):
    from data.repositories.plans import list_plans

    with database.read() as session:
        found = [p for p in list_plans(session, PLANNER) if p.name == name]
    return found[0] if found else begin(database, name)


@pytest.mark.parametrize("case", DRAWN, ids=lambda c: c.name)
def test_a_bad_drawing_is_refused_in_one_sentence_and_kept(stores, case):
    assert_drawing_is_kept(stores, case)


def test_the_whole_table_on_both_stores(town):
    for case in DRAWN:
        assert_drawing_is_kept(town, case)


def assert_drawing_is_kept(database, case):
    plan = begin(database, case.name)
    with database.read() as session:
        before = open_plan(session, PLANNER, plan.id).tiling.digest()
    with pytest.raises((EditRefused, DataError)) as caught:
        draw(database, PLANNER, turn(plan), case.edit)
    fault = caught.value
    assert fault.code == case.code
    for language in LANGUAGES:
        assert_one_sentence(fault, language, getattr(case, language))
    with database.read() as session:
        (aside,) = list_asides(session, PLANNER, plan.id)
        after = open_plan(session, PLANNER, plan.id)
    assert fault.fields["aside"] == aside.id
    assert (aside.state, aside.author, aside.reason) == ("open", PLANNER.name, case.code)
    assert aside.edit == to_json(case.edit)
    assert (after.plan.head, after.tiling.digest()) == (0, before)


# -- what happens between planners and with dates


@dataclass(frozen=True)
class Happening:
    """Something that must be refused: how it comes about, and the words that say what to do."""

    name: str
    act: Callable
    code: str
    zh: str
    en: str
    keeps: str
    """`aside`: the drawing waits; `log`, `draft`: the plan stands as it was, with its edits."""


def published_first(database):
    """Another plan was published while this one was approved."""
    first = approved(database, moved(database, "first"))
    second = approved(database, moved(database, "second", "G12", "G13", 2.5, 1))
    publish(database, CHIEF, turn(first), effective_on=MONDAY)
    return second, lambda: publish(database, CHIEF, turn(second), effective_on=MONDAY)


def grids_changed(database):
    """The plan was drawn on grids that changed since."""
    first = approved(database, moved(database, "first"))
    second = moved(database, "second", "G12", "G13", 2.5, 1)
    publish(database, CHIEF, turn(first), effective_on=MONDAY)
    return second, lambda: draw(database, PLANNER, turn(second), Rename("G12", "x"))


def dates_overlap(database):
    """The grids already change on a later day."""
    first = approved(database, moved(database, "first"))
    publish(database, CHIEF, turn(first), effective_on=MONDAY)
    plan = begin(database, "second")
    edit = Transfer.of("G00", "G10", box(0, 0.5, 0.5, 0.5))
    second = approved(database, draw(database, PLANNER, turn(plan), edit).opened.plan)
    earlier = MONDAY - timedelta(days=3)
    return second, lambda: publish(database, CHIEF, turn(second), effective_on=earlier)


def somebody_was_quicker(database):
    """Two planners draw on one plan."""
    plan = begin(database, "shared")
    seen = turn(plan)
    after = draw(database, OTHER, turn(plan), Rename("G00", "theirs")).opened.plan
    return after, lambda: draw(database, PLANNER, seen, Rename("G00", "mine"))


def past_without_a_reason(database):
    """A past day without a reason."""
    plan = approved(database, moved(database, "past"))
    day = date(2026, 3, 1)
    return plan, lambda: publish(database, CHIEF, turn(plan), effective_on=day)


def a_template(database):
    """A template is never approved: plans begin from it."""
    plan = begin_plan(database, PLANNER, FromDay(), Begin("template", AT, is_template=True))
    return plan, lambda: approved(database, plan)


HAPPENINGS = (
    Happening("approving a template", a_template, "plan_is_template",
              "请用它新建方案", "begin a plan from it", "draft"),
    Happening("publishing after another plan", published_first, "plan_base_changed",
              "请把方案换到现行网格", "put the plan on the latest grids", "log"),
    Happening("drawing on grids that changed", grids_changed, "plan_base_changed",
              "请把方案换到现行网格", "put the plan on the latest grids", "aside"),
    Happening("dates that overlap", dates_overlap, "plan_spans_overlap",
              "之后的日期", "choose a day after", "log"),
    Happening("somebody was quicker", somebody_was_quicker, "plan_changed",
              "再", "then apply or dismiss it", "aside"),
    Happening("a past day without a reason", past_without_a_reason, "plan_reason_required",
              "请填写理由", "give a reason", "log"),
)  # fmt: skip


@pytest.mark.parametrize("case", HAPPENINGS, ids=lambda c: c.name)
def test_what_comes_too_late_is_refused_in_one_sentence_and_kept(town, case):
    plan, act = case.act(town)
    with town.read() as session:
        log = list_edits(session, PLANNER, plan.id)
        before = open_plan(session, PLANNER, plan.id)
    with pytest.raises((DataError, GeoError)) as caught:
        act()
    fault = caught.value
    assert fault.code == case.code
    for language in LANGUAGES:
        assert_one_sentence(fault, language, getattr(case, language))
    with town.read() as session:
        asides = list_asides(session, PLANNER, plan.id)
        after = open_plan(session, PLANNER, plan.id)
        assert list_edits(session, PLANNER, plan.id) == log
    assert after.tiling.digest() == before.tiling.digest()
    assert after.plan.status is before.plan.status
    if case.keeps == "draft":
        assert (asides, after.plan.status) == ((), PlanStatus.DRAFT)
        return
    if case.keeps == "log":
        assert asides == ()
        assert log
        assert after.plan.status is PlanStatus.APPROVED
        return
    (aside,) = asides
    assert aside.id == fault.fields["aside"]
    assert (aside.state, aside.author) == ("open", PLANNER.name)


def test_what_was_kept_can_be_drawn_after_all(town):
    """The drawing of the second comer is applied to the plan as it is now."""
    plan, act = somebody_was_quicker(town)
    with pytest.raises(DataError) as caught:
        act()
    with town.read() as session:
        now = find_plan(session, PLANNER, plan.id)
    drawn = take_up(town, PLANNER, caught.value.fields["aside"], turn(now, 5))
    assert drawn.opened.tiling.names["G00"] == "mine"
    with town.read() as session:
        assert list_asides(session, PLANNER, plan.id) == ()
    back = undo(town, PLANNER, turn(drawn.opened.plan, 6))
    assert back.tiling.names["G00"] == "theirs"
