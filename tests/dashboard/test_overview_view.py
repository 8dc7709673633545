"""The overview's view model: every total reconciles, every measure stands on its base."""

from dataclasses import replace
from datetime import date

import numpy as np
import pytest

from dashboard import cache
from dashboard.components.overview_notes import sum_text
from dashboard.text import Words
from dashboard.viewmodels.overview import Wanted, build_overview, lattice_of, shaded_by
from dashboard.viewmodels.quality import build_quality, load_faults
from dashboard.viewmodels.unit_card import build_card
from data.config import DEFAULT_TZ, Config
from data.database import bump_revision
from data.repositories.events import Coded
from data.viewer import LOCAL_STEWARD
from data.vocabulary import EventLayer, PlaceLevel
from tests.dashboard import tiny_town


def overview(read, **asked):
    return build_overview(*read, Wanted(**asked))


def by_code(read, shown):
    return dict(zip(read[0].units.index[shown.rows], shown.values, strict=True))


def test_all_incidents_reconcile(read):
    shown = overview(read)
    assert by_code(read, shown) == {"A1": 4, "A2": 3, "B1": 3, "B2": 0}
    found = shown.reconciled
    assert (found.in_area, found.outside, found.unlocated, found.on_border) == (10, 1, 1, 1)
    assert found.total == 12 == len(read[1][EventLayer.INCIDENTS].events)


@pytest.mark.parametrize(("language", "said"), [("zh", "另有 1 条"), ("en", "Another 1 are")])
def test_what_a_period_cuts_through_is_said_beside_the_sum(read, language, said):
    town, placed = read
    incidents = placed[EventLayer.INCIDENTS]
    codes = incidents.events.precision.codes.copy()
    labels = (*incidents.events.precision.labels, "month")
    first = int(np.flatnonzero(~np.isnat(incidents.events.occurred_at))[0])
    codes[first] = len(labels) - 1
    ends = incidents.events.occurred_until.copy()
    ends[first] = incidents.events.occurred_at[first] + np.timedelta64(30, "D")
    events = replace(incidents.events, precision=Coded(labels, codes), occurred_until=ends)
    cut = {**placed, EventLayer.INCIDENTS: replace(incidents, events=events)}
    day = incidents.events.occurred_at[first].astype("datetime64[D]").astype(date)
    wanted = Wanted(period="custom", since_on=day, last_on=day)
    shown, before = (build_overview(town, layers, wanted) for layers in (cut, placed))
    assert (before.reconciled.imprecise, shown.reconciled.imprecise) == (0, 1)
    assert shown.reconciled.total == before.reconciled.total - 1
    assert said in sum_text(Words(language), shown)
    assert said not in sum_text(Words(language), before)


def test_an_area_and_the_rest_of_the_town_add_up(read):
    shown = overview(read, area="community:W")
    assert by_code(read, shown) == {"A1": 4, "A2": 3}
    found = shown.reconciled
    assert (found.in_area, found.elsewhere, found.outside, found.unlocated) == (7, 3, 1, 1)
    assert found.total == 12
    assert shown.incidents.numerator == 7
    assert len(shown.marks[EventLayer.INCIDENTS].lon) == 7


def test_a_period_is_compared_with_the_same_days_of_last_year(read):
    shown = overview(read, period="28", area="community:W")
    assert shown.span.until.date() == date(2026, 3, 11)
    assert (shown.span.until - shown.span.since).days == 28
    figure = shown.incidents
    assert (figure.id, figure.numerator, figure.denominator) == ("K5", 6, 1)
    assert figure.value == pytest.approx(5.0)
    assert figure.low < 5.0 < figure.high
    assert figure.note == "small_base"


def test_no_base_gives_no_change(read):
    shown = overview(read, period="7", area="community:E")
    assert shown.incidents.value is None
    assert shown.incidents.denominator == 0


def test_own_dates_include_the_last_day(read):
    shown = overview(read, period="custom", since_on=date(2026, 3, 1), last_on=date(2026, 3, 1))
    assert shown.reconciled.total == 1


def test_kind_and_channel_filters(read):
    assert overview(read, kinds=("40",)).reconciled.total == 1
    assert overview(read, channel_groups=("discovered",)).reconciled.total == 1
    both = overview(read, kinds=("40",), channel_groups=("reported",))
    assert both.reconciled.total == 0


def test_rates_have_no_value_without_residents(read):
    rates = by_code(read, overview(read, measure="incident_rate"))
    assert rates["A1"] == pytest.approx(1000 * 4 / 300)
    assert np.isnan(rates["B2"])


def test_open_cases_and_posts(read):
    shown = overview(read, period="7")
    assert (shown.hazards_open, shown.disputes_open) == (2, 1)
    assert (shown.posts_filled, shown.posts_planned) == (2, 2)
    assert by_code(read, overview(read, measure="hazards")) == {"A1": 1, "A2": 0, "B1": 1, "B2": 0}
    shares = by_code(read, overview(read, measure="posts"))
    assert shares["A1"] == 100
    assert np.isnan(shares["A2"])
    assert overview(read, area="community:E").posts_planned == 0


def test_households(read):
    assert set(overview(read, measure="households").values) == {100.0}


def test_counts_on_the_grids_of_the_day_still_reconcile(database, read):
    _, placed = tiny_town.read(database, as_of="event")
    shown = build_overview(read[0], placed, Wanted(as_of="event"))
    assert shown.reconciled.total == 12
    assert shown.reconciled.retired == 0


def card(database, read, code, wanted=None):
    with database.read() as session:
        return build_card(session, LOCAL_STEWARD, read, wanted or Wanted(), code, tz=DEFAULT_TZ)


def test_a_card_tells_all_of_one_grid(database, read):
    found = card(database, read, "A1")
    assert found.community == ("W", "西社区")
    assert (found.households, found.residents) == (100, 300)
    assert found.area_m2 == pytest.approx(0.01 * 111_000 * 0.01 * 89_600, rel=0.02)
    assert dict(found.by_kind) == {"10": 3, "40": 1}
    assert (found.hazards_open, found.disputes_open) == (1, 1)
    assert "13912345678" not in found.hazards[0].description
    assert {line.duty for line in found.roster} == {"on_duty"}
    assert len(found.roster) == 2
    assert found.last_import[0] == "disputes.csv"


def test_a_card_of_an_unknown_code_is_none(database, read):
    assert card(database, read, "nowhere") is None


def test_a_card_follows_the_filters(database, read):
    found = card(database, read, "A1", replace(Wanted(), period="custom",
                 since_on=date(2026, 3, 3), last_on=date(2026, 3, 3)))  # fmt: skip
    assert dict(found.by_kind) == {"40": 1}


def test_quality_reconciles(database, read):
    with database.read() as session:
        found = build_quality(session, LOCAL_STEWARD, read)
        faults = load_faults(session, LOCAL_STEWARD, as_of=tiny_town.TODAY)
    layers = {layer.layer: layer for layer in found.layers}
    incidents = layers[EventLayer.INCIDENTS]
    assert incidents.in_units + incidents.outside + incidents.unlocated == incidents.total == 12
    assert dict(incidents.stated) == {"E": 1}
    assert [record.external_id for record in incidents.outside_records] == ["i09"]
    assert [record.external_id for record in incidents.border_records] == ["i11"]
    assert [row.line for row in found.rejected] == [14]
    assert found.audit_intact
    assert faults.features == 4
    assert faults.frame.empty


def test_a_store_without_grids_shows_its_communities(tmp_path):
    files = tiny_town.write_files(tmp_path)
    database = tiny_town.Database(str(tmp_path / "upper.gpkg"))
    database.create_or_migrate()
    options = tiny_town.PlaceOptions(level="community", code="code", name="name", datum="wgs84")
    tiny_town.places.run(database, files["communities"], options, LOCAL_STEWARD)
    stated = tiny_town.event_options(EventLayer.INCIDENTS)
    tiny_town.events.run(database, files["incidents"], stated, LOCAL_STEWARD)
    town, placed = tiny_town.read(database)
    shown = build_overview(town, placed, Wanted())
    database.dispose()
    assert town.level is PlaceLevel.COMMUNITY
    assert by_code((town,), shown) == {"E": 3, "W": 7}
    assert shown.reconciled.total == 12


@pytest.mark.parametrize(
    "measure", ["incidents", "incident_rate", "hazards", "disputes", "posts", "households"]
)
def test_another_measure_of_the_same_answer_is_that_of_a_new_one(read, measure):
    asked = {"period": "all", "kinds": ("10", "20")}
    held = overview(read, **asked)
    again, anew = shaded_by(read[0], held, measure), overview(read, **asked, measure=measure)
    assert again.wanted == anew.wanted
    np.testing.assert_array_equal(again.values, anew.values)
    assert again.reconciled == anew.reconciled


@pytest.mark.parametrize("area", [False, True])
def test_each_kind_is_counted_and_marked_as_one_by_one(read, area):
    town, placed = read
    events = placed[EventLayer.INCIDENTS]
    chosen = town.areas[0] if area else None
    for label in events.events.kind.labels:
        shown = overview(read, period="all", kinds=(label,), area=chosen.key if chosen else "")
        rows = [
            row
            for row, at in enumerate(events.events.kind.codes)
            if at >= 0 and events.events.kind.labels[at] == label
        ]
        inside = town.in_area(chosen)
        here = [events.position[row] for row in rows]
        expected = [here.count(unit) for unit in np.flatnonzero(inside)]
        assert shown.counts[EventLayer.INCIDENTS].tolist() == expected
        wanted_here = [
            row
            for row in rows
            if events.events.is_located[row]
            and (chosen is None or (events.position[row] >= 0 and inside[events.position[row]]))
        ]
        marks = shown.marks[EventLayer.INCIDENTS]
        assert marks.rows.tolist() == wanted_here
        assert marks.totals.sum() == len(wanted_here)
        mask = np.isin(np.arange(len(events.events)), wanted_here)
        for one, other in zip(shown.clusters, lattice_of(events).levels(mask), strict=True):
            assert one.count.tolist() == other.count.tolist()


def test_the_bounds_of_a_town_are_those_of_its_units(read):
    town = read[0]
    assert town.bounds(None) == tuple(town.units.total_bounds)
    area = town.areas[0]
    assert town.bounds(area) == tuple(town.units[town.in_area(area)].total_bounds)


def test_one_reading_stands_on_the_revisions_of_its_beginning(database):
    cache.use_config(Config(store_url=str(database.path)))
    try:
        before = cache.revisions()
        with cache.one_reading():
            with database.write() as session:
                bump_revision(session, "incidents")
            assert cache.revisions() == before
        assert cache.revisions()["incidents"] == before["incidents"] + 1
    finally:
        cache.use_config(None)
