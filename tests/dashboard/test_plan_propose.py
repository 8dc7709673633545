"""Proposals on the planner's page: asked, worked out apart, cancelled, told, taken, taken back."""

import gc
import os
import signal
import time
from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest
import shapely
from sqlalchemy import select, update
from streamlit.testing.v1 import AppTest

from dashboard import cache
from dashboard.actions import plan_proposals as acts
from dashboard.actions.plan_search import Search
from dashboard.components.plan_propose_cards import honesty_of, rows_of, table_of
from dashboard.text import LANGUAGES, Words
from dashboard.viewmodels.plan_proposals import (
    BALANCED,
    Ask,
    SearchTask,
    check_ask,
    find_offers,
    key_of,
)
from data.analysis.plan_figures import read_ground
from data.analysis.plan_points import PlanPeriod, PlanQuestion, read_points
from data.analysis.plan_proposing import read_matter
from data.config import Config
from data.database import Database, bump_revision
from data.errors import DataError, PlanConflict
from data.models import AuditEntry, Building, Street
from data.planning.drawing import draw
from data.planning.opening import Begin, FromDay, begin_plan, edit_options, open_plan
from data.repositories.audit import is_intact
from data.repositories.plan_writes import Turn
from data.repositories.plans import list_edits
from geo.edits.values import Lock, Transfer
from tests.dashboard import plan_town, tiny_town

A_GRIDS = ("a1", "a2")
STAGES = ("cut", "search", "draw")


def add_streets(database):
    """Streets that cut each grid into eight pieces; nobody knows who lives in which building."""
    lines = [shapely.LineString([(94.8, 36.405), (95.0, 36.405)])]
    lines += [
        shapely.LineString([(94.9 + k / 400, 36.39), (94.9 + k / 400, 36.42)])
        for k in range(1, 16)
        if k % 4
    ]
    with database.write() as session:
        for k, line in enumerate(lines):
            made = Street(source="t", external_id=f"s{k}", geom=shapely.MultiLineString([line]))
            session.add(made)
        session.execute(update(Building).values(household_count=None))
        bump_revision(session, "streets")


def begin(database):
    """A draft in which a2 has taken half of a1: four grids, uneven."""
    plan = begin_plan(database, plan_town.PLANNER, FromDay(), Begin("one", plan_town.AT))
    turn = Turn(plan.id, plan.version, plan_town.AT)
    with database.read() as session:
        shape = open_plan(session, plan_town.PLANNER, plan.id).tiling.shape("a1")
    piece = shapely.intersection(shape, shapely.box(94.904, 36.39, 94.92, 36.43))
    draw(database, plan_town.PLANNER, turn, Transfer.of("a1", "a2", piece))
    return plan.id


def opened(database, number):
    with database.read() as session:
        return open_plan(session, plan_town.PLANNER, number)


def task_of(database, number, ask):
    plan = opened(database, number)
    day = plan_town.AT.date()
    question = PlanQuestion(day, (PlanPeriod("period"),), tz="Asia/Shanghai")
    with database.read() as session:
        ground = read_ground(session, plan_town.PLANNER, plan.tiling.frame(), as_of=day)
        points = read_points(session, plan_town.PLANNER, question)
        asked = (points, ground)
        matter = read_matter(session, plan_town.PLANNER, plan.tiling, ask.codes, asked)
        options = edit_options(session, plan_town.PLANNER)
    return SearchTask(number, plan.plan.version, ask, plan.tiling, matter, options, 60.0)


def found_for(database, number, ask):
    return find_offers(task_of(database, number, ask), lambda _stage, _share: True)


@pytest.fixture(scope="module")
def built(tmp_path_factory):
    """The hand-made town with streets and an uneven draft, built once; closed."""
    database = plan_town.build(tmp_path_factory.mktemp("propose"))
    add_streets(database)
    number = begin(database)
    database.dispose()
    return database.path, number


@pytest.fixture(scope="module")
def known(built):
    """The open town, only read, with its draft and what was found for its community A."""
    database = Database(str(built[0]))
    ask = Ask("balance", A_GRIDS, measure="households")
    yield database, built[1], found_for(database, built[1], ask)
    database.dispose()


@pytest.fixture(params=["embedded", "served"])
def town(request, built, tmp_path):
    """The same town in a store of one's own, of either kind; its database and the draft."""
    if request.param == "embedded":
        database, number = Database(str(tiny_town.copied(built[0], tmp_path))), built[1]
    else:
        database = plan_town.fill(Database(request.getfixturevalue("served_url")))
        add_streets(database)
        number = begin(database)
    yield database, number
    database.dispose()


# what is found


def test_every_proposal_is_more_even_than_its_start_and_loses_nobody(known):
    _, _, offers = known
    assert [offer.aim for offer in offers.offers] == [
        "fewest_changes", "best_balance", "most_compact",
    ]  # fmt: skip
    assert [each.name for each in offers.start] == list(BALANCED)
    for offer in offers.offers:
        assert offer.proposal.after.max_deviation < offer.proposal.before.max_deviation
        for was, now in zip(offers.start, offer.balances, strict=True):
            if was.name != "distance":
                assert np.nansum(now.values) == pytest.approx(np.nansum(was.values))
    assert offers.households == 800
    assert offers.pieces > 10
    best = offers.offers[1]
    assert max(best.balances[4].values) == best.proposal.after.largest
    assert best.moved_m2 > 0
    assert shapely.area(best.grids.geometry.to_numpy()).sum() == pytest.approx(2 * 0.01 * 0.01)


def test_the_figures_of_the_start_are_those_of_the_page(known):
    database, number, offers = known
    plan, day = opened(database, number), plan_town.AT.date()
    from data.analysis.plan_counts import PlanCounts
    from data.analysis.plan_figures import plan_figures

    with database.read() as session:
        ground = read_ground(session, plan_town.PLANNER, plan.tiling.frame(), as_of=day)
        points = read_points(
            session, plan_town.PLANNER,
            PlanQuestion(day, (PlanPeriod("period"),), tz="Asia/Shanghai"),
        )  # fmt: skip
    frame = plan.tiling.frame()
    told = plan_figures(frame, PlanCounts(frame, points), ground).grids
    columns = ("load_minutes", "harm", "longest_m", "residents", "households")
    for found, column in zip(offers.start, columns, strict=True):
        expected = told.loc[list(A_GRIDS), column].to_numpy(dtype=float)
        assert found.values == pytest.approx(expected, nan_ok=True), column


def test_two_grids_become_three_and_none_is_heavier(known):
    database, number, _ = known
    offers = found_for(database, number, Ask("regroup", A_GRIDS, 3, "households"))
    taken = [offer for offer in offers.offers if offer.can_be_taken]
    assert taken
    for offer in taken:
        assert len(offer.grids) == 3
        assert offer.proposal.after.largest <= offer.proposal.before.largest
        assert len(offer.after) == 5


def test_a_locked_grid_stays_and_the_limit_is_kept(town):
    database, number = town
    plan = opened(database, number)
    turn = Turn(number, plan.plan.version, plan_town.AT)
    draw(database, plan_town.PLANNER, turn, Lock(("b1",), on=True))
    codes = ("a1", "a2", "b1", "b2")
    offers = found_for(database, number, Ask("balance", codes, 0, "households", 0.05))
    now = opened(database, number).tiling
    for offer in offers.offers:
        shapes = dict(zip(offer.grids["grid_code"], offer.grids.geometry, strict=True))
        assert shapely.equals(shapes["b1"], now.shape("b1"))
        assert offer.moved_share(offers.households) <= 0.05
        assert not offers.is_over_limit(offer)
        assert offer.proposal.after.max_deviation <= offer.proposal.before.max_deviation


def test_grids_that_nothing_divides_are_refused(tmp_path):
    database = plan_town.build(tmp_path)
    number = plan_town.draft(database)
    with pytest.raises(DataError) as fault:
        found_for(database, number, Ask("balance", ("a1", "a2", "a5")))
    assert (fault.value.code, fault.value.fields["grids"]) == ("proposal_no_pieces", 3)
    database.dispose()


@pytest.mark.parametrize(
    ("ask", "code"),
    [
        (Ask("balance", ()), "proposal_no_grids"),
        (Ask("balance", ("a1",)), "proposal_one_grid"),
        (Ask("balance", ("a1", "b1")), "proposal_locked"),
        (Ask("balance", A_GRIDS, measure="residents"), "proposal_uncounted"),
        (Ask("regroup", ("a1",), 2), None),
    ],
)
def test_what_no_search_could_answer_is_refused_at_once(known, ask, code):
    database, number, _ = known
    tiling = opened(database, number).tiling
    counts = {**tiling.counts, "residents": {"a1": 3}}
    tiling = replace(tiling, locked=frozenset({"b1"}), counts=counts)
    if code is None:
        check_ask(tiling, ask)
        return
    with pytest.raises(DataError) as fault:
        check_ask(tiling, ask)
    assert fault.value.code == code
    for language in LANGUAGES:
        said = Words(language).error(code, fault.value.fields)
        assert "{" not in said
        assert code not in said


# taken into the log


def test_a_proposal_taken_is_ordinary_edits_and_is_taken_back_whole(town):
    database, number = town
    before = opened(database, number)
    offers = found_for(database, number, Ask("balance", A_GRIDS, measure="households"))
    offer = next(each for each in offers.offers if each.can_be_taken)
    turn = Turn(number, before.plan.version, plan_town.AT)
    now = acts.take(database, plan_town.PLANNER, turn, (offers, offer), before)
    assert now.plan.head == before.plan.head + len(offer.drawn)
    again = opened(database, number)
    assert again.tiling.codes == offer.after.codes
    assert np.all(shapely.equals_identical(again.tiling.shapes, offer.after.shapes))
    held = again.tiling.counts["households"]
    assert max(held[code] for code in A_GRIDS) == offer.proposal.after.largest
    with database.read() as session:
        edits = list_edits(session, plan_town.PLANNER, number, after=before.plan.head)
        assert {edit.author for edit in edits} == {plan_town.PLANNER.name}
        assert {edit.version for edit in edits} == {now.plan.version}
        told = session.scalars(select(AuditEntry.action)).all()
        assert told[-1] == "plan_propose"
        assert is_intact(session)
    stale = Turn(number, before.plan.version, plan_town.AT)
    with pytest.raises(DataError, match="proposal_outdated"):
        acts.take(database, plan_town.PLANNER, stale, (offers, offer), again)
    turn = Turn(number, now.plan.version, plan_town.AT)
    back = acts.take_back(database, plan_town.PLANNER, turn, len(offer.drawn))
    assert key_of(back.tiling) == key_of(before.tiling) == offers.key
    with pytest.raises(PlanConflict):
        acts.take(database, plan_town.PLANNER, stale, (offers, offer), back)
    assert opened(database, number).plan.head == before.plan.head


def test_a_proposal_becomes_a_draft_of_its_own(town):
    database, number = town
    before = opened(database, number)
    offers = found_for(database, number, Ask("regroup", A_GRIDS, 3, "households"))
    offer = next(each for each in offers.offers if each.can_be_taken)
    turn = Turn(number, before.plan.version, plan_town.AT)
    made = acts.take_as_draft(database, plan_town.PLANNER, turn, (offers, offer), "two")
    assert (made.plan.name, len(opened(database, made.plan.id).tiling)) == ("two", 5)
    assert key_of(opened(database, number).tiling) == offers.key
    same = replace(offer, after=None)
    with pytest.raises(DataError, match="proposal_nothing"):
        acts.take_as_draft(database, plan_town.PLANNER, turn, (offers, same), "three")


# in a process of its own


def gone(pid, within_s=3.0):
    """Whether a process ends within some seconds; whoever started it has asked after it."""
    end = time.monotonic() + within_s
    while time.monotonic() < end:
        try:
            os.kill(pid, 0)
        except ProcessLookupError:
            return True
        time.sleep(0.02)
    return False


def test_a_search_tells_how_far_it_is_and_what_it_found(known):
    database, number, offers = known
    search = Search(task_of(database, number, offers.ask))
    stages = set()
    while not search.wait(0.01):
        stages.add(search.stage)
    assert search.fault is None
    assert (search.offers.key, search.share) == (offers.key, 1.0)
    same = [offer.proposal.grids for offer in offers.offers]
    assert [offer.proposal.grids for offer in search.offers.offers] == same
    assert stages & set(STAGES)
    assert gone(search.process_id)


def test_a_refusal_comes_back_with_its_code(known):
    database, number, _ = known
    search = Search(task_of(database, number, Ask("regroup", ("a1", "b2"), 2)))
    assert search.wait(60)
    assert search.offers is None
    assert search.fault[0] in {"regroup_across_communities", "regroup_apart"}


def test_cancelled_dropped_or_killed_it_computes_no_longer(known):
    database, number, offers = known
    task = task_of(database, number, offers.ask)
    search = Search(task)
    search.cancel()
    assert search.is_over
    assert gone(search.process_id, 2.0)
    assert (search.offers, search.fault) == (None, None)
    search = Search(task)
    pid = search.process_id
    del search
    gc.collect()
    assert gone(pid, 2.0)
    search = Search(task)
    os.kill(search.process_id, signal.SIGKILL)
    assert search.wait(5)
    assert search.fault == ("proposal_ended", {})


def test_asked_to_stop_it_gives_the_best_so_far(known):
    database, number, _ = known
    task = task_of(database, number, Ask("balance", ("a1", "a2", "b1", "b2")))
    search = Search(task)
    search.stop()
    assert search.wait(60)
    assert not all(offer.proposal.is_finished for offer in search.offers.offers)
    for offer in search.offers.offers:
        assert offer.proposal.after.max_deviation <= offer.proposal.before.max_deviation


# what is said


@pytest.mark.parametrize("language", LANGUAGES)
def test_the_trade_offs_are_told_against_the_start(known, language):
    words, offers = Words(language), known[2]
    for offer in offers.offers:
        rows = rows_of(words, offers, offer)
        assert len(rows) == len({name for name, _, _ in rows}) == 15
        assert rows[4][1] != rows[4][2]
        text = table_of(words, offers, offer) + honesty_of(words, offer)
        assert "{" not in text
        assert "proposal." not in text
    bold = [line for line in table_of(words, offers, offers.offers[0]).splitlines() if "**" in line]
    assert len(bold) == 1
    assert words("plan_balance.households") in bold[0]


# the page


def page():
    from dashboard.screens import planner
    from dashboard.text import Words

    planner.render(Words("en"))


@pytest.fixture
def shown(built, tmp_path):
    """The page of a copy of the town: `(page, database, number)`."""
    database = Database(str(tiny_town.copied(Path(built[0]), tmp_path)))
    cache.use_config(Config(store_url=str(database.path)))
    at = AppTest.from_function(page, default_timeout=60)
    at.query_params["period"] = "all"
    at.query_params["plan"] = str(built[1])
    at.query_params["p_view"] = "proposals"
    yield at.run(), database, built[1]
    cache.use_config(None)
    database.dispose()


def click(at, key):
    return next(button for button in at.button if button.key == key).click().run()


def field(at, key):
    return next(box for box in (*at.selectbox, *at.multiselect) if str(box.key).endswith(key))


def until_over(at):
    end = time.monotonic() + 60
    while any(button.key == "plan_propose_cancel" for button in at.button):
        assert time.monotonic() < end
        time.sleep(0.2)
        at.run()
    return at


def everything(at):
    return " ".join(
        each.value for each in (*at.markdown, *at.caption, *at.info, *at.warning, *at.error,
                                *at.success)
    )  # fmt: skip


def test_the_page_asks_shows_takes_and_takes_back(shown):
    at, database, number = shown
    before = opened(database, number)
    field(at, "_measure").set_value("households").run()
    click(at, "plan_propose_start")
    assert any(button.key == "plan_propose_cancel" for button in at.button)
    until_over(at)
    assert not at.exception
    assert "2 grids balanced" in everything(at)
    take = next(b.key for b in at.button if str(b.key).startswith("plan_propose_take_"))
    click(at, take)
    taken = opened(database, number)
    assert taken.plan.head > before.plan.head
    assert "A proposal was taken" in everything(at)
    buttons = {button.key: button for button in at.button}
    assert buttons[take].disabled
    click(at, "plan_propose_back")
    assert key_of(opened(database, number).tiling) == key_of(before.tiling)
    assert not {button.key: button for button in at.button}[take].disabled
    turn = Turn(number, opened(database, number).plan.version, plan_town.AT)
    draw(database, plan_town.CHIEF, turn, Lock(("a1",), on=True))
    at.run()
    assert "cannot be taken" in everything(at)
    assert {button.key: button for button in at.button}[take].disabled


def test_the_page_cancels_and_begins_again(shown):
    at, _, _ = shown
    click(at, "plan_propose_start")
    click(at, "plan_propose_cancel")
    at.run()
    assert "Cancelled; the plan is unchanged" in everything(at)
    click(at, "plan_propose_start")
    until_over(at)
    assert "2 grids balanced" in everything(at)


def test_the_page_says_in_a_sentence_what_cannot_be(shown):
    at, database, number = shown
    field(at, "_where").set_value("?").run()
    assert {button.key: button for button in at.button}["plan_propose_start"].disabled
    field(at, "_codes").set_value(["a1"]).run()
    click(at, "plan_propose_start")
    assert "There is one grid only" in everything(at)
    plan = opened(database, number)
    from data.repositories.plan_writes import withdraw

    with database.write() as session:
        withdraw(session, plan_town.CHIEF, Turn(number, plan.plan.version, plan_town.AT))
    at.run()
    assert "no draft" in everything(at)
    assert not [button for button in at.button if button.key == "plan_propose_start"]


def test_the_way_to_the_weights_opens_the_figures(shown):
    at, _, _ = shown
    click(at, "plan_propose_weights")
    assert any(button.key == "plan_save_weights" for button in at.button)
