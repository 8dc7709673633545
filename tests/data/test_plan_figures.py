"""Figures of a division: what each grid and post carries, and that an edit counts only what moved.

Counts after an edit are held against placing every point anew, on random tilings with points on
corners and borders.
"""

from dataclasses import replace
from datetime import UTC, date, datetime

import geopandas as gpd
import numpy as np
import pytest
import shapely

from data.analysis.plan_counts import PlanCounts
from data.analysis.plan_figures import by_kind, plan_figures, read_ground
from data.analysis.plan_points import (
    DISPUTES,
    DUE,
    HAZARDS,
    INCIDENTS,
    OPEN,
    VISITS,
    Asked,
    PlanPeriod,
    PlanPoints,
    PlanQuestion,
    read_points,
)
from data.analysis.plan_weights import (
    WEIGHTS_KEY,
    PlanWeights,
    read_bands,
    read_weights,
    save_bands,
    save_weights,
)
from data.errors import AccessRefused, ConfigError, DataError
from data.frames import grids_frame
from data.models import Dispute, Hazard, Incident, PatrolTarget
from data.repositories.audit import latest
from data.repositories.figures import save_setting
from data.viewer import LOCAL_STEWARD, DisplayLevel, Role, Viewer
from geo.districting.balance import Bands, BandState, Weights
from geo.errors import GeoError
from geo.index.direct import code_order, locate_directly
from tests import kpi_town as town

DAY = date(2026, 7, 1)
YEAR = PlanPeriod("year", town.local("2025-07-01"), town.local("2026-07-01"))
NOW = datetime(2026, 7, 1, 4, tzinfo=UTC)


@pytest.fixture
def places(db):
    """Two calls and a hazard in a1, a call in a2, a dispute in b1, a call and a hazard nowhere."""
    with db.write() as session:
        keys = town.build(session)
        town.appoint(session, keys, "P1", "beat_officer", "A")
        town.appoint(session, keys, "M1", "full_time_member", "a1", kind="grid_member")
        town.event(session, Incident, "2026-06-01T12:00", kind="10")
        town.event(session, Incident, "2026-06-02T12:00", kind="50")
        town.event(session, Incident, "2026-06-03T12:00", kind="50", geom=town.spot("a2"))
        town.event(session, Incident, "2024-06-03T12:00", kind="50", geom=town.spot("a2"))
        town.event(session, Incident, "2026-06-03T12:00", geom=None)
        town.event(session, Incident, "2026-06-03T12:00", geom=shapely.Point(94.8, 36.405))
        town.event(session, Hazard, "2026-06-01T12:00", status="handling")
        town.event(session, Hazard, "2026-06-01T12:00", status="closed")
        town.event(session, Hazard, "2026-06-01T12:00", status="handling", geom=None)
        town.event(session, Dispute, "2026-06-01T12:00", status="filed", geom=town.spot("b1"))
        line = shapely.LineString([(94.905, 36.405), (94.919, 36.405)])  # its middle is in a2
        town.put(session, PatrolTarget, kind="must_line", due_per_week=7, geom=line)
        town.put(session, PatrolTarget, kind="must_point", due_per_week=2, geom=town.spot("b2"))
    return db


def read(db, viewer=LOCAL_STEWARD):
    with db.read() as session:
        grids = grids_frame(session, viewer, as_of=DAY)
        points = read_points(session, viewer, PlanQuestion(DAY, (YEAR, PlanPeriod("all"))))
        ground = read_ground(session, viewer, grids, as_of=DAY)
    return grids, PlanCounts(grids, points), ground


def with_border(grids, at):
    """The same grids with the border of a1 and a2 at another longitude."""
    shapes = grids.geometry.to_numpy().copy()
    codes = grids["grid_code"].tolist()
    shapes[codes.index("a1")] = shapely.box(94.9, 36.4, at, 36.41)
    shapes[codes.index("a2")] = shapely.box(at, 36.4, 94.92, 36.41)
    return grids.set_geometry(gpd.GeoSeries(shapes, index=grids.index, crs=grids.crs))


def test_every_grid_has_its_figures_and_every_minute_its_weight(places):
    grids, counts, ground = read(places)
    weights = Weights(calls=40, open_hazards=30, disputes=60, households=0.5, visits=10)
    ground = replace(ground, weights=PlanWeights(weights, call_kinds={"10": 100.0}))
    found = plan_figures(grids, counts, ground)
    table = found.grids
    assert table["incidents_year"].to_dict() == {"a1": 2, "a2": 1, "b1": 0, "b2": 0}
    assert table["incidents_all"].to_dict() == {"a1": 2, "a2": 2, "b1": 0, "b2": 0}
    assert table["hazards_open"].tolist() == [1, 0, 0, 0]
    assert table["disputes_open"].tolist() == [0, 0, 1, 0]
    assert table["visits_week"].tolist() == [0, 7, 0, 2]
    weeks = 365 / 7
    assert found.weeks == pytest.approx(weeks)
    assert table.loc["a1", "load_minutes"] == pytest.approx(100 + 40 + 30 + 200)
    assert table.loc["a2", "load_minutes"] == pytest.approx(40 + 200 + 7 * weeks * 10)
    assert table.loc["b1", "load_minutes"] == pytest.approx(60 + 200)
    parts = table.filter(like="minutes_").sum(axis=1)
    assert parts.tolist() == pytest.approx(table["load_minutes"].tolist())
    assert table["harm"].tolist() == [10 + 1, 1, 0, 0]
    assert table["parts"].tolist() == [1, 1, 1, 1]
    assert (table["area_m2"] > 900_000).all()
    assert table["polsby_popper"].between(0.6, 0.79).all()
    assert table["households_state"].tolist() == [BandState.WITHIN] * 4
    narrow = plan_figures(grids, counts, replace(ground, bands=Bands((410.0, 500.0), 0.1)))
    assert narrow.grids["households_off"].tolist() == [-10.0] * 4
    assert table["households_off"].tolist() == [0.0] * 4
    told = found.totals[INCIDENTS, "year"]
    assert (told.inside, told.outside, told.unlocated, told.total) == (3, 1, 1, 5)
    hazards = found.totals[HAZARDS, OPEN]
    assert (hazards.inside, hazards.unlocated, hazards.total) == (1, 1, 2)
    assert by_kind(grids, counts, INCIDENTS, "year").loc["a1"].to_dict() == {"10": 1, "50": 1}


def test_posts_add_up_their_grids_and_empty_grids_are_named(places):
    found = plan_figures(*read(places))
    by_role = {row["role"]: row for _, row in found.officers.iterrows()}
    officer, member = by_role["officer"], by_role["member"]
    assert (officer["grids"], officer["parts"], officer["households"]) == (2, 1, 800)
    assert officer["incidents_year"] == 3
    assert officer["load_minutes"] == pytest.approx(found.grids["load_minutes"][:2].sum())
    assert (member["grids"], member["hazards_open"]) == (1, 1)
    assert found.without_officer == ("b1", "b2")
    assert found.without_member == ("a2", "b1", "b2")
    assert np.isnan(found.grids.loc["b1", "longest_m"])
    # the officer's post has no point of its own: it stands inside the community
    assert 700 < found.grids.loc["a1", "longest_m"] < 1500
    assert [each.name for each in found.balances] == [
        "load", "harm", "distance", "residents", "households",
    ]  # fmt: skip
    assert found.balances[3].max_deviation == 0.0


def test_a_moved_border_moves_points_people_stay_as_the_frame_says(places):
    grids, counts, ground = read(places)
    before = plan_figures(grids, counts, ground)
    moved = with_border(grids, 94.904)
    told = counts.update_to(moved)
    assert told.codes == ("a1", "a2")
    assert told.moved == 2 + 1  # the calls of the year, and the hazard
    after = plan_figures(moved, counts, ground)
    assert after.grids["incidents_all"].tolist() == [0, 4, 0, 0]
    assert after.grids["hazards_open"].tolist() == [0, 1, 0, 0]
    assert after.grids.loc["a1", "area_m2"] < before.grids.loc["a1", "area_m2"] / 2
    assert after.grids.loc["b1", "area_m2"] == before.grids.loc["b1", "area_m2"]
    assert after.totals == before.totals
    counts.update_to(grids)
    again = plan_figures(grids, counts, ground)
    assert again.grids.equals(before.grids)
    assert again.officers.equals(before.officers)


def test_a_viewer_of_one_community_counts_only_there(places):
    viewer = Viewer("a", Role.OFFICER, DisplayLevel.INTERNAL, areas=("A",))
    grids, counts, ground = read(places, viewer=viewer)
    found = plan_figures(grids, counts, ground)
    assert found.codes.tolist() == ["a1", "a2"]
    assert found.totals[INCIDENTS, "all"].total == 4
    assert found.totals[DISPUTES, OPEN].total == 0


def test_weights_and_bands_are_kept_with_an_audit_line(db):
    with db.read() as session:
        assert read_weights(session) == PlanWeights()
        assert read_bands(session) == Bands()
    asked = PlanWeights(Weights(calls=25.0), call_kinds={"30": 60.0}, harm={"10": 4.0})
    with db.write() as session:
        save_weights(session, LOCAL_STEWARD, asked, NOW)
        save_bands(session, LOCAL_STEWARD, Bands((250.0, 450.0), 0.2), NOW)
    with db.read() as session:
        assert read_weights(session) == asked
        assert read_bands(session) == Bands((250.0, 450.0), 0.2)
        line = latest(session, LOCAL_STEWARD)[1]
    assert (line.action, line.subject) == ("set", WEIGHTS_KEY)
    assert line.detail["before"]["minutes"]["calls"] == Weights().calls
    assert line.detail["after"]["call_kinds"] == {"30": 60.0}


def test_weights_of_others_and_impossible_ones_are_refused(db):
    officer = Viewer("o", Role.OFFICER, DisplayLevel.INTERNAL)
    with db.write() as session:
        with pytest.raises(AccessRefused) as refused:
            save_weights(session, officer, PlanWeights(), NOW)
        assert refused.value.code == "role_may_not_plan"
        with pytest.raises(ConfigError) as bad:
            save_weights(session, LOCAL_STEWARD, PlanWeights(harm={"10": -1.0}), NOW)
        assert (bad.value.code, bad.value.fields["name"]) == ("plan_weight_bad", "harm.10")
        with pytest.raises(GeoError):
            save_weights(session, LOCAL_STEWARD, PlanWeights(Weights(calls=-1.0)), NOW)
        save_setting(session, WEIGHTS_KEY, {"minutes": {"calls": "many", "visits": 12}})
        save_setting(session, "planning_bands", {"households": [500, 300], "load": 0.1})
    with db.read() as session:
        assert read_weights(session).minutes == Weights(visits=12.0)
        assert read_bands(session) == Bands()


# ------------------------------------------------------------------------------------- exactness

SIDE = 7


def random_tiling(rng):
    """SIDE x SIDE cells whose inner corners are shaken; corners are shared bit for bit."""
    x, y = np.meshgrid(np.arange(SIDE + 1.0), np.arange(SIDE + 1.0))
    inner = np.zeros_like(x, dtype=bool)
    inner[1:-1, 1:-1] = True
    x[inner] += rng.uniform(-0.3, 0.3, inner.sum())
    y[inner] += rng.uniform(-0.3, 0.3, inner.sum())
    return 110 + x / 100, 30 + y / 100


def cells(x, y):
    made = {}
    for row in range(SIDE):
        for column in range(SIDE):
            corners = [(row, column), (row, column + 1), (row + 1, column + 1), (row + 1, column)]
            ring = [(x[at], y[at]) for at in corners]
            made[f"g{row}{column}"] = shapely.Polygon(ring)
    return made


def frame_of(shapes):
    geometry = gpd.GeoSeries(list(shapes.values()), crs="EPSG:4326")
    return gpd.GeoDataFrame({"grid_code": list(shapes)}, geometry=geometry)


def points_on(rng, x, y, n):
    """Points all over, and on corners and in the middles of horizontal borders."""
    lon = np.concatenate([rng.uniform(109.99, 110.08, n), x.ravel(), x[:, :-1].ravel()])
    lat = np.concatenate([rng.uniform(29.99, 30.08, n), y.ravel(), y[:, :-1].ravel()])
    kind = rng.integers(-1, 2, len(lon)).astype(np.int16)
    other = np.where(rng.random(len(lon)) < 0.5, kind, -1).astype(np.int16)
    weight = rng.integers(1, 9, len(lon))
    return {
        INCIDENTS: PlanPoints(lon, lat, ("x", ""), {"a": Asked(kind, 0), "b": Asked(other, 3)}),
        VISITS: PlanPoints(lon, lat, ("x", ""), {DUE: Asked(kind, 0)}, weight),
    }


def random_edit(rng, shapes, xy):
    """Move a corner, merge, split, drop an outer grid or rename one; gives the next shapes."""
    x, y = xy
    after = dict(shapes)
    codes = sorted(shapes)
    code = codes[rng.integers(len(codes))]
    what = rng.integers(5)
    if what == 0:
        row, column = rng.integers(1, SIDE, 2)
        x[row, column] += rng.uniform(-0.001, 0.001)
        y[row, column] += rng.uniform(-0.001, 0.001)
        after |= {c: s for c, s in cells(x, y).items() if c in shapes and c[0] == "g"}
    elif what == 1:
        near = [c for c in codes if c != code and shapes[c].intersects(shapes[code])]
        if near:
            after[code] = shapely.union(shapes[code], after.pop(near[0]))
    elif what == 2:
        west, south, east, north = shapes[code].bounds
        half = shapely.box(west, south, (west + east) / 2, north)
        first, rest = shapes[code].intersection(half), shapes[code].difference(half)
        if not first.is_empty and not rest.is_empty:
            after[code], after[f"s{len(codes)}{code}"] = first, rest
    elif what == 3:
        after.pop(code)
    else:
        after[f"n{code}"] = after.pop(code)
    sound = {"Polygon", "MultiPolygon"}
    return after if all(s.geom_type in sound and s.is_valid for s in after.values()) else shapes


@pytest.mark.parametrize("seed", range(6))
def test_counts_after_edits_are_those_of_placing_every_point_anew(seed):
    rng = np.random.default_rng(seed)
    xy = random_tiling(rng)
    shapes = cells(*xy)
    points = points_on(rng, *xy, 3000)
    counts = PlanCounts(frame_of(shapes), points)
    past = [shapes]
    for _ in range(25):
        shapes = random_edit(rng, shapes, xy)
        past.append(shapes)
        counts.update_to(frame_of(shapes))
        check(counts, shapes, points)
    assert counts.update_to(frame_of(past[0])).moved > 0
    check(counts, past[0], points)


def check(counts, shapes, points):
    """Against the slow way, pair by pair, in another order of grids."""
    codes = np.array(sorted(shapes, reverse=True), dtype=object)
    polygons = np.array([shapes[code] for code in codes], dtype=object)
    for layer, held in points.items():
        xy = np.column_stack([held.lon, held.lat])
        row = locate_directly(xy, polygons, code_order(codes)).row
        for period, asked in held.periods.items():
            is_in = (asked.kind >= 0) & (row >= 0)
            weight = np.ones(len(row), np.int64) if held.weight is None else held.weight
            wanted = np.zeros((len(codes), 2), dtype=np.int64)
            np.add.at(wanted, (row[is_in], asked.kind[is_in]), weight[is_in])
            assert (counts.table(layer, period, codes) == wanted).all()
            outside = (asked.kind >= 0) & (row < 0)
            assert counts.outside(layer, period) == weight[outside].sum()
    assert counts.codes == tuple(sorted(shapes))


def test_a_copy_goes_its_own_way():
    rng = np.random.default_rng(3)
    xy = random_tiling(rng)
    shapes, points = cells(*xy), points_on(rng, *xy, 500)
    counts = PlanCounts(frame_of(shapes), points)
    twin = counts.copy()
    merged = dict(shapes)
    merged["g00"] = shapely.union(merged["g00"], merged.pop("g01"))
    twin.update_to(frame_of(merged))
    check(counts, shapes, points)
    check(twin, merged, points)


def test_an_edit_of_other_grids_than_are_held_is_refused_and_changes_nothing():
    rng = np.random.default_rng(4)
    xy = random_tiling(rng)
    shapes, points = cells(*xy), points_on(rng, *xy, 200)
    counts = PlanCounts(frame_of(shapes), points)
    with pytest.raises(DataError) as refused:
        counts.update({"g00": (shapes["g00"], None), "g01": (shapes["g02"], shapes["g01"])})
    assert (refused.value.code, refused.value.fields["grid"]) == ("plan_counts_stale", "g01")
    check(counts, shapes, points)


def test_grids_without_shape_and_no_grids_at_all_hold_nothing():
    rng = np.random.default_rng(5)
    xy = random_tiling(rng)
    points = points_on(rng, *xy, 100)
    counts = PlanCounts(frame_of({"g00": None}), points)
    assert counts.table(INCIDENTS, "a", ["g00"]).sum() == 0
    counts.update_to(frame_of(cells(*xy)))
    check(counts, cells(*xy), points)
    empty = PlanCounts(frame_of(cells(*xy)).iloc[:0], points)
    assert empty.outside(INCIDENTS, "a") == empty.total(INCIDENTS, "a") > 0
    empty.update_to(frame_of(cells(*xy)))
    check(empty, cells(*xy), points)
