"""Places rank by the recommended method, its error is its own, and its past is told as it was."""

import itertools
import json
import math
from datetime import UTC, date, datetime, timedelta

import geopandas as gpd
import numpy as np
import pytest
import shapely

from dashboard.cli import main
from dashboard.components.patrol_words import left_out_text, near_text, proof_text, share_text
from dashboard.text import Words
from dashboard.viewmodels.patrol import build_brief
from dashboard.viewmodels.patrol_proof import PatrolProof, prove, prove_brief
from dashboard.viewmodels.patrol_ranking import (
    Ranking,
    ranked_cells,
    read_ranking,
    recent_near,
    score_error,
    squares_of,
)
from dashboard.viewmodels.patrol_rotation import turned
from dashboard.viewmodels.patrol_values import CELL_M, Ground, PatrolAsked
from dashboard.viewmodels.town import load_town
from data.counting import place_events
from data.models import Incident
from data.viewer import LOCAL_STEWARD
from data.vocabulary import EventLayer
from geo.cells import SquareCells
from geo.crs import STORED_CRS, crs_from, transform_xy, working_crs
from geo.hotspots import HotspotOptions, Method, find_hotspots, square_cells
from geo.proof import BacktestOptions, backtest
from tests.dashboard import tiny_town

CRS = working_crs(94.9, 36.4)
WEST, SOUTH = 2_000 * CELL_M, 26_800 * CELL_M


def ranking(xy, days=None, hours=None):
    """Incidents at metres from the corner of the ground, on days since 2022."""
    xy = np.asarray(xy, dtype=float) + np.array([WEST, SOUTH])
    cells = SquareCells(CRS, CELL_M)
    lonlat = transform_xy(xy, CRS, crs_from(STORED_CRS))
    days = np.zeros(len(xy)) if days is None else np.asarray(days)
    occurred = np.datetime64("2022-01-01", "ms") + (days * 86_400_000).astype("timedelta64[ms]")
    hour = np.full(len(xy), 21)
    return Ranking(
        cells=cells, lon=lonlat[:, 0], lat=lonlat[:, 1], xy=xy, occurred=occurred, hour=hour,
        kind=np.full(len(xy), "10", dtype=object),
        in_hours=np.ones(len(xy), bool) if hours is None else np.asarray(hours),
        cell=np.floor(xy / CELL_M).astype(np.int64),
    )  # fmt: skip


@pytest.fixture(scope="module")
def scattered():
    """Two years of incidents on 20 x 20 squares, thick around some middles."""
    dice = np.random.default_rng(11)
    middles = dice.uniform(300, 2700, (12, 2))
    near = middles[dice.integers(0, 12, 900)] + dice.normal(0, 120, (900, 2))
    xy = np.vstack([near, dice.uniform(0, 3000, (900, 2))])
    xy = xy[((xy > 0) & (xy < 3000)).all(axis=1)]
    return ranking(xy, dice.integers(0, 730, len(xy)))


def ground_of_squares():
    box = shapely.box(WEST, SOUTH, WEST + 20 * CELL_M, SOUTH + 20 * CELL_M)
    return square_cells(gpd.GeoDataFrame(geometry=[box], crs=CRS), CELL_M)


def frame_of(found):
    times = found.occurred.astype("datetime64[ns]")
    frame = gpd.GeoDataFrame(geometry=shapely.points(found.xy), crs=CRS)
    frame["occurred_at"] = times
    frame["occurred_at"] = frame["occurred_at"].dt.tz_localize("UTC")
    return frame


def test_scores_are_those_of_the_recommended_method(scattered):
    cells = ground_of_squares()
    assert len(cells) == 400
    frame = find_hotspots(frame_of(scattered), cells, Method.COUNT_KERNEL).frame
    wanted = {
        (column, row): score
        for column, row, score, n in zip(
            cells["column"], cells["row"], frame["score"], frame["n"], strict=True
        )
        if n
    }
    found = dict(ranked_cells(scattered))
    assert found.keys() == wanted.keys()
    assert all(found[cell] == pytest.approx(wanted[cell], abs=1e-6) for cell in found)
    scores = [score for _, score in ranked_cells(scattered)]
    assert scores == sorted(scores, reverse=True)


def test_a_neighbourhood_decides_between_equal_counts():
    alone, joined, neighbour = (75, 75), (1575, 1575), (1725, 1575)
    found = ranked_cells(ranking([alone, alone, joined, joined, neighbour]))
    order = [tuple(np.array(cell) - (2_000, 26_800)) for cell, _ in found]
    assert order == [(10, 10), (0, 0), (11, 10)]
    plain = ranked_cells(ranking([alone, alone, joined, joined, neighbour]), light_share=0.0)
    assert sorted(score for _, score in plain) == [1.0, 2.0, 2.0]


def test_ties_go_to_the_later_last_incident_then_to_the_cell():
    spots = [(75, 75), (1575, 75), (3075, 75)]
    found = ranked_cells(ranking(spots, days=[1, 3, 1]))
    assert [cell[0] - 2_000 for cell, _ in found] == [10, 0, 20]


def test_only_what_was_known_before_counts(scattered):
    before = np.datetime64("2022-06-01", "ms")
    known = scattered.occurred < before
    part = ranking(scattered.xy[known] - (WEST, SOUTH))
    found, wanted = ranked_cells(scattered, before), ranked_cells(part)
    assert {cell: pytest.approx(score) for cell, score in wanted} == dict(found)
    assert ranked_cells(scattered, np.datetime64("2020-01-01", "ms")) == []
    assert ranked_cells(ranking(np.zeros((0, 2)))) == []


@pytest.mark.parametrize("most", [1, 5, 40, 399, 900])
def test_the_first_squares_are_those_of_the_whole_ranking(scattered, most):
    before = np.datetime64("2023-03-01", "ms")
    found, wanted = (
        ranked_cells(scattered, before, most=most),
        ranked_cells(scattered, before)[:most],
    )
    assert [cell for cell, _ in found] == [cell for cell, _ in wanted]
    assert [score for _, score in found] == pytest.approx([score for _, score in wanted])


def test_other_hours_do_not_rank_but_are_near():
    found = ranking([(75, 75), (1575, 75)], days=[0, 1], hours=[True, False])
    assert [cell[0] - 2_000 for cell, _ in ranked_cells(found)] == [0]
    near = recent_near(found, (2_010, 26_800), np.datetime64("2022-01-01", "ms"), 200.0)
    assert near.tolist() == [found.occurred[1].astype(object)]


def test_near_repeats_reach_from_the_edge_of_the_square_and_to_the_first_moment():
    xy = [(75, 75), (350, 75), (350.01, 75), (-200, -1), (291.42, 291.42), (291.43, 291.43)]
    found = ranking(xy, days=[10, 10, 10, 10, 10, 10])
    cell = (2_000, 26_800)
    at = np.datetime64("2022-01-11", "ms")
    near = recent_near(found, cell, at, 200.0)
    assert len(near) == 3
    assert len(recent_near(found, cell, at + np.timedelta64(1, "ms"), 200.0)) == 0


def test_the_error_of_a_score_is_the_spread_of_its_draws():
    dice = np.random.default_rng(3)
    middle = np.array([75.0, 75.0])
    ground = dice.uniform(-300, 450, (60, 2))
    weights = []
    for xy in ground:  # what each incident adds by itself
        score = dict(ranked_cells(ranking([xy, middle])))[2_000, 26_800]
        weights.append(score - dict(ranked_cells(ranking([middle])))[2_000, 26_800])
    wanted = math.sqrt(sum(weight**2 for weight in weights))
    assert score_error(ranking(ground), (2_000, 26_800)) == pytest.approx(wanted, rel=1e-6)
    drawn = [
        sum(w * k for w, k in zip(weights, dice.poisson(1.0, 60), strict=True))
        for _ in range(4_000)
    ]
    assert np.std(drawn) == pytest.approx(wanted, rel=0.05)


def test_the_cut_of_the_rotation_follows_the_error_it_is_given():
    scores = [9.0, 6.2, 4.0, 3.9, 3.5, 2.2]
    narrow = turned(scores, 3, "", 1, error=0.3)
    wide = turned(scores, 3, "", 1, error=2.5)
    assert (narrow.kept, narrow.pool) == (2, 2)
    assert (wide.kept, wide.pool) == (2, 2)
    assert turned(scores, 4, "", 1, error=0.5).pool == 3
    assert turned(scores, 4, "", 1, error=0.2).pool == 0
    assert turned(scores, 3, "", 1) == turned(scores, 3, "", 1, error=2.0)


@pytest.mark.parametrize("places", [4, 20])
def test_the_proof_is_the_back_test_at_the_ground_of_the_places(scattered, places):
    cells = ground_of_squares()
    starts = [np.datetime64(f"2023-{month:02d}-01", "ms") for month in range(1, 13)]
    starts.append(np.datetime64("2024-01-01", "ms"))
    area_m2 = 400 * CELL_M**2
    found = prove(scattered, starts, places, area_m2)
    asked = BacktestOptions(
        areas_pct=(100.0 * places / 400,), until_at=datetime(2024, 1, 1, tzinfo=UTC)
    )
    tried = [("light", Method.COUNT_KERNEL, HotspotOptions())]
    wanted = backtest(frame_of(scattered), cells, tried, asked).frame.set_index("method")
    row = wanted.loc["light"]
    assert (found.hits, found.n) == (pytest.approx(row["hits"]), row["n"])
    assert (found.low, found.high) == (pytest.approx(row["low"]), pytest.approx(row["high"]))
    assert found.rate > 2 * found.area_share
    assert found.area_share == pytest.approx(places / 400)
    assert found.months == 12
    assert found.is_few == (found.n < 100)


def test_without_history_nothing_is_proved(scattered):
    late = [np.datetime64("2030-01-01", "ms"), np.datetime64("2030-02-01", "ms")]
    assert prove(scattered, late, 5, 1e6) is None
    early = [np.datetime64("2021-12-01", "ms"), np.datetime64("2022-01-01", "ms")]
    assert prove(scattered, early, 5, 1e6) is None
    assert prove(scattered, late, 0, 1e6) is None
    few = prove(
        scattered, [np.datetime64("2022-06-01", "ms"), np.datetime64("2022-06-03", "ms")], 5, 9e6
    )
    assert few.is_few


PROOF = PatrolProof(5, 0.0137, 11, 54, 3, 2, 0.019, 0.151)


@pytest.mark.parametrize("language", ["zh", "en"])
def test_the_proof_is_told_with_its_base_its_interval_and_its_rivals(language):
    words = Words(language)
    told = proof_text(words, PROOF)
    for part in ("11", "1.4%", "5.6%", "54", "1.9", "15%", "3.7%", "100"):
        assert part in told
    many = PatrolProof(5, 0.0137, 12, 540, 30, 20, 0.04, 0.08)
    assert "100" not in proof_text(words, many)
    assert proof_text(words, None) == words("patrol.proof_none")


@pytest.mark.parametrize(
    ("share", "told"),
    [
        (0.0, "0.0"),
        (0.000_043, "0.0043"),
        (0.0123, "1.2"),
        (0.0996, "10.0"),
        (0.5, "50"),
        (1, "100"),
    ],
)
def test_shares_keep_two_digits_that_mean_something(share, told):
    assert share_text(share) == told


@pytest.fixture
def store(tmp_path):
    database = tiny_town.build(tmp_path)
    yield database
    database.dispose()


DAY = date(2026, 3, 11)


def asked_of(session, day=DAY):
    town = load_town(session, LOCAL_STEWARD, as_of=day)
    layers = {
        layer: place_events(session, LOCAL_STEWARD, layer, today=day, as_of=day.isoformat())
        for layer in EventLayer
    }
    return Ground(town, layers), PatrolAsked("", 0, 24, day)


def add(database, *, n, kind_source=None, group="reported", at=datetime(2026, 3, 1, 4, tzinfo=UTC)):
    with database.write() as session:
        ground, _ = asked_of(session)
        middle = ground.town.units.geometry.iloc[0].representative_point()
        for k in range(n):
            session.add(
                Incident(
                    source="added", external_id=f"{kind_source}-{group}-{k}", kind="20",
                    channel="call_110", channel_group=group, occurred_at=at + timedelta(hours=k),
                    time_precision="minute", content_hash="", kind_source=kind_source, geom=middle,
                )
            )  # fmt: skip


def read(database):
    with database.read() as session:
        ground, asked = asked_of(session)
        squares = squares_of(ground.town, None)
        found = read_ranking(session, ground, asked, squares, "Asia/Shanghai")
        brief = build_brief(session, LOCAL_STEWARD, ground, asked, tz="Asia/Shanghai")
        return found, brief


def test_what_is_found_by_looking_never_ranks(store):
    before, _ = read(store)
    add(store, n=7, kind_source="赌博")
    found, brief = read(store)
    assert len(found.xy) == len(before.xy)
    assert brief.n_proactive == 7
    assert "7" in left_out_text(Words("zh"), brief)
    assert "赌" in left_out_text(Words("zh"), brief)


def test_a_channel_that_is_not_stated_is_left_out_unless_none_is(store):
    add(store, n=3, group="unknown")
    found, brief = read(store)
    assert (brief.n_unknown, brief.n_discovered, brief.is_stated) == (3, 1, True)
    with store.write() as session:
        for incident in session.query(Incident):
            incident.channel_group = "unknown"
    every, brief = read(store)
    assert len(every.xy) == len(found.xy) + 4
    assert (brief.n_unknown, brief.is_stated) == (0, False)


def test_a_place_tells_its_long_and_its_late_counts_and_its_near_repeats(store):
    add(store, n=6, at=datetime(2024, 6, 1, 4, tzinfo=UTC))
    add(store, n=2, kind_source="殴打", at=datetime(2026, 3, 9, 4, tzinfo=UTC))
    _, brief = read(store)
    place = brief.places[0]
    assert place.n_hours >= 8
    assert place.n_hours_365_days <= place.n_hours - 6
    assert 2 <= place.n_hours_28_days <= place.n_hours_365_days
    assert place.score > place.n_hours
    assert len(place.near) >= 2
    told = near_text(Words("en"), place, "Asia/Shanghai")
    assert told.startswith(f"Near repeats: {len(place.near)} in 14 days within 200 m")
    assert sum(n for _, n in place.peaks(frozenset(range(24)))) <= place.n_hours


def test_the_command_gives_the_same_whys(store, capsys):
    add(store, n=6, at=datetime(2025, 6, 1, 4, tzinfo=UTC))
    add(store, n=6, kind_source="殴打", at=datetime(2026, 2, 9, 4, tzinfo=UTC))
    asked = ("--store", str(store.path), "--day", "2026-03-11", "--shift", "0-24")
    with pytest.raises(SystemExit) as done:
        main(["patrol", *asked, "--json"])
    assert not done.value.code
    told = json.loads(capsys.readouterr().out)
    assert told["ranked_by"]["method"] == "count-kernel"
    scores = [place["score"] for place in told["places"]]
    assert scores == sorted(scores, reverse=True)
    place = told["places"][0]
    assert place["n_hours"] >= place["n_hours_365_days"] >= place["n_hours_28_days"]
    assert len(place["why"]) == 3
    assert {"n", "days", "within_m", "last_at"} == place["near_repeats"].keys()
    with store.read() as session:
        ground, question = asked_of(session)
        proof = prove_brief(session, ground, question, len(scores), tz="Asia/Shanghai")
    assert told["backtest"]["hits"] == proof.hits
    assert told["backtest"]["n"] == proof.n
    assert told["backtest"]["few_test_events"] is True
    assert all(a["rank"] < b["rank"] for a, b in itertools.pairwise(told["places"]))
