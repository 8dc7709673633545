"""What the wall says of single grids: changes, late closing, hand-over, fresh incidents, cover."""

import json
from dataclasses import replace
from datetime import UTC, date, datetime, timedelta

import pytest

from dashboard.cache import wall as wall_cache
from dashboard.components.wall_board import board_value, picture_value
from dashboard.components.wall_grid_rows import cover_text
from dashboard.components.wall_map import wall_scene
from dashboard.maps.layers import Basemap
from dashboard.maps.live import pack, unpack
from dashboard.session import from_address, to_address
from dashboard.text import LANGUAGES, Words
from dashboard.viewmodels.wall_grids import Cover
from data.database import bump_revision
from data.models import (
    Absence,
    Appointment,
    CaseStep,
    Hazard,
    Incident,
    OfficeHolder,
    ServicePoint,
)
from data.repositories.figures import save_setting
from data.vocabulary import EventLayer, IncidentKind

AS_OF = datetime(2026, 3, 11, 16, 0, tzinfo=UTC)
"""Midnight before 12 March 2026, local: the scenario's moment."""


@pytest.fixture
def store(standing_store):
    """A copy whose records end with the day before 12 March 2026."""
    return standing_store


def look(area=""):
    state = wall_cache.look(area)
    assert state.fault is None
    return state.content


def board(language="zh"):
    words = Words(language)
    return board_value(wall_cache.look(""), picture_value(look(), words), words, datetime.now(UTC))


def change(store, layer, edit):
    with store.write() as session:
        edit(session)
        bump_revision(session, layer)


def row_of(session, model, name):
    return session.query(model).filter_by(external_id=name).one()


def scene_panels(value, key):
    return next(one["panels"] for one in value["scenes"] if one["key"] == key)


@pytest.mark.usefixtures("store")
def test_each_grid_is_compared_with_the_same_days_a_year_before():
    changes = look().grids.changes
    assert changes.basis == "year"
    now = {unit.code: (unit.figure.numerator, unit.figure.denominator) for unit in changes.units}
    assert now == {"A1": (3, 1), "A2": (3, 0), "B1": (3, 0), "B2": (0, 0)}
    assert [unit.code for unit in changes.rises] == ["A2", "B1", "A1"]
    assert changes.falls == ()
    assert {unit.code for unit in look("community:E").grids.changes.units} == {"B1", "B2"}


@pytest.mark.parametrize(
    ("moved", "basis"),
    [(datetime(2026, 2, 20, tzinfo=UTC), "before"), (datetime(2026, 1, 20, tzinfo=UTC), "days"),
     (datetime(2020, 1, 1, tzinfo=UTC), None)],
)  # fmt: skip
def test_without_a_year_before_the_span_before_is_taken_and_said(store, moved, basis):
    def move(session):
        row_of(session, Incident, "i12").occurred_at = moved

    change(store, "incidents", move)
    changes = look().grids.changes
    assert (changes and changes.basis) == basis
    keys = [scene["key"] for scene in board()["scenes"]]
    assert ("change" in keys) == (basis is not None)
    if basis == "days":
        assert changes.since == AS_OF - timedelta(days=28)
        for language, said in (("zh", "比前28天"), ("en", "on 28 days before")):
            assert said in scene_panels(board(language), "change")[0]["note"]


def test_sensitive_kinds_change_no_grid(store):
    before = {unit.code: unit.difference for unit in look().grids.changes.units}

    def edit(session):
        row_of(session, Incident, "i06").kind_source = "强奸"
        row_of(session, Incident, "i07").kind = str(IncidentKind.CROWD)

    change(store, "incidents", edit)
    after = {unit.code: unit.difference for unit in look().grids.changes.units}
    assert after == before | {"B1": before["B1"] - 2}


@pytest.mark.usefixtures("store")
def test_the_map_shades_rises_and_falls_with_signed_numbers():
    content = look()
    differences = content.grids.changes.differences.copy()
    differences[:] = (3, 0, -1, -4)
    changes = replace(content.grids.changes, differences=differences)
    content = replace(content, grids=replace(content.grids, changes=changes))
    header, arrays = unpack(pack(wall_scene(content, Words("zh"), Basemap())))
    layer = next(one for one in header["layers"] if one["id"] == "change")
    assert arrays["change", "classes"].tolist() == [3, 2, 1, 0]  # three quarters are below 4
    assert layer["texts"] == ["+3", "", "−1", "−4"]
    legend = next(one for one in header["legends"] if one["layer_id"] == "change")
    labels = [entry["label"] for entry in legend["entries"]]
    assert labels == ["≤ −4", "−3…−1", "0", "+1…+3", "≥ +4"]
    assert "change" in header["hidden"]


def add_hazards(session, place, lot):
    lon = {"A1": 94.905, "B1": 94.925}[place]
    for at, (due_at, closed_at) in enumerate(lot):
        made = row_of(session, Hazard, "h1")
        row = {
            column.name: getattr(made, column.name)
            for column in Hazard.__table__.columns
            if column.name not in {"id", "external_id", "geom", "lon", "lat"}
        }
        where = type(made.geom)(lon, 36.405)
        closed = {"closed_at": closed_at, "status": "closed"} if closed_at else {}
        session.add(
            Hazard(**row | closed | {"due_at": due_at}, external_id=f"{place}{at}", geom=where)
        )


def test_the_worst_closing_on_time_names_grid_and_post(store):
    due = AS_OF - timedelta(days=2)
    good, bad = (due, due - timedelta(hours=1)), (due, due + timedelta(hours=1))

    def edit(session):
        add_hazards(session, "A1", [good, good, good, bad, (due, None)])
        add_hazards(session, "B1", [bad, bad, bad, bad])  # fewer than five: not ranked

    change(store, "hazards", edit)
    [late] = look().grids.late
    assert (late.code, late.on_time, late.due) == ("A1", 3, 5)
    assert late.cover.position == "beat_officer"
    told = {"zh": "按期 3/5 · 社区民警", "en": "3/5 on time · Community officer"}
    for language, said in told.items():
        panel = scene_panels(board(language), "handover")[1]
        assert panel["rows"][0]["value"] == "60%"
        assert panel["rows"][0]["note"].lower() == said.lower()


def test_the_hand_over_counts_the_half_day_and_looks_ahead(store):
    def edit(session):
        add_hazards(
            session,
            "A1",
            [
                (AS_OF + timedelta(hours=4), None),  # the very end: not any more
                (AS_OF + timedelta(hours=3), None),
                (AS_OF, None),
                (AS_OF - timedelta(hours=1), None),
                (AS_OF - timedelta(hours=13), None),
                (AS_OF, AS_OF - timedelta(hours=2)),
            ],
        )
        row_of(session, Hazard, "h3").occurred_at = AS_OF - timedelta(hours=12)
        for sequence, (name, hours) in enumerate((("h1", 2), ("h3", 30)), 1):
            session.add(
                CaseStep(
                    layer="hazards", source=row_of(session, Hazard, name).source, external_id=name,
                    sequence=sequence, at=AS_OF - timedelta(hours=hours), actor="s", role="officer",
                    action="escalate", status_before="handling", status_after="handling",
                )
            )  # fmt: skip

    change(store, "hazards", edit)
    told = look().grids.handover
    assert told.fresh[EventLayer.HAZARDS] == 1
    assert (told.closed, told.escalated, told.breached, told.due) == (1, 1, 1, 2)
    assert told.due_units == ((look().town.name("grid", "A1"), 2),)
    rows = {one["key"]: one for one in scene_panels(board("en"), "handover")[0]["rows"]}
    assert (rows["due"]["value"], rows["due"]["state"]) == ("2", "warn")
    assert rows["incidents"]["state"] == ""


def arrive(session, name, at, **more):
    row = row_of(session, Incident, name)
    row.occurred_at = at
    for key, value in more.items():
        setattr(row, key, value)


def test_a_fresh_incident_tells_its_grid_and_quarter_and_no_more(store):
    assert look().grids.arrivals == ()
    at = datetime(2026, 3, 11, 4, 22, 33, tzinfo=UTC)

    def edit(session):
        arrive(session, "i06", at)
        arrive(session, "i07", at, kind_source="强奸")
        arrive(session, "i08", at, kind=str(IncidentKind.CROWD))
        arrive(session, "i09", at)  # outside every grid
        arrive(session, "i10", at)  # without a place

    change(store, "incidents", edit)
    [arrival] = look().grids.arrivals
    assert (arrival.code, arrival.at) == ("B1", datetime(2026, 3, 11, 4, 15, tzinfo=UTC))
    [told] = board("en")["arrivals"]
    assert set(told) == {"n", "code", "text"}
    assert told["text"] == "New incident · 网格B1 · 12:15 · nobody covers it"
    assert "12:22" not in json.dumps(board("en"), ensure_ascii=False)


def test_the_newest_three_are_told_newest_first(store):
    names = ("i01", "i02", "i03", "i04")

    def edit(session):
        for name in names:
            arrive(session, name, AS_OF - timedelta(hours=1))

    change(store, "incidents", edit)
    numbers = [one.number for one in look().grids.arrivals]
    assert len(numbers) == 3
    assert numbers == sorted(numbers, reverse=True)
    assert [one.code for one in look().grids.arrivals] == ["A2", "A1", "A1"]
    assert look("community:E").grids.arrivals == ()


def test_a_setting_keeps_the_map_still(store):
    assert board()["follow_seconds"] > 0
    change(store, "settings", lambda session: save_setting(session, "wall_follow", value=False))
    assert board()["follow_seconds"] == 0


def test_the_address_keeps_one_wall_still():
    held = from_address({"follow": "off", "lang": "zh"}, "zh")
    assert not held.follow
    assert to_address(held) == {"follow": "off", "lang": "zh"}
    assert from_address({"follow": "on"}, "zh").follow


def test_posts_are_those_of_the_scenarios_own_day(store):
    assert look().picture.officers_on_duty == 1

    def leave(session):
        session.query(Appointment).filter_by(external_id="a1").one().until = date(2026, 6, 1)

    change(store, "people", leave)
    assert look().picture.officers_on_duty == 1  # ended since, but not on 12 March

    def away(session):
        holder = session.query(OfficeHolder).order_by(OfficeHolder.id).first()
        spell = {"since": date(2026, 3, 10), "until": date(2026, 3, 14)}
        session.add(Absence(office_holder_id=holder.id, reason="leave", **spell))

    change(store, "people", away)
    assert look().picture.officers_on_duty == 0


def test_who_covers_a_grid_comes_with_an_office_phone(store):
    content = look()
    arrival = datetime(2026, 3, 11, 4, 0, tzinfo=UTC)

    def edit(session):
        arrive(session, "i01", arrival)
        where = {"place_code": "W", "kind": "police_room", "name": "警务室"}
        key = {"source": "t", "external_id": "s", "content_hash": "s"}
        session.add(ServicePoint(**key, **where, office_phone="0979-8400000"))
        bump_revision(session, "service_points")

    change(store, "incidents", edit)
    assert wall_cache.look("").content is not content
    [told] = board("zh")["arrivals"]
    assert told["text"].endswith("社区民警 0979-8400000")


@pytest.mark.parametrize("language", LANGUAGES)
def test_cover_is_told_by_position(language):
    words = Words(language)
    said = {
        cover_text(words, Cover("beat_officer", state, None))
        for state in ("on_duty", "substitute", "vacant")
    } | {cover_text(words, None)}
    assert len(said) == 4


@pytest.mark.parametrize(
    ("language", "title", "note"),
    [
        ("zh", "典型一天", "2026-03-01 至 2026-03-11，日均 1.0 起"),
        ("en", "A typical day", "2026-03-01 to 2026-03-11, 1.0 a day"),
    ],
)
def test_the_curve_of_a_day_says_over_which_days(store, language, title, note):
    panel = next(one for one in board(language)["left"] if one["key"] == "hours")
    assert panel["title"].startswith(title)
    assert panel["note"] == note
    assert panel["rows"][8]["value"].endswith("9.1%")

    def clear(session):
        session.query(Incident).delete()

    change(store, "incidents", clear)
    panel = next(one for one in board(language)["left"] if one["key"] == "hours")
    assert panel["note"] == Words(language)("wall.hours_none")
