"""Counts reconcile, on today's grids, on a past day's, and on those valid when it happened.

The town: nine squares of 0.01 degree, rows a b c from the south, columns 1 2 3 from the west;
community W holds columns 1 and 2, community E column 3. On 2026-01-01 grid b2 is split: its
eastern half becomes grid b9.
"""

from datetime import UTC, date, datetime

import pytest
import shapely

from data.counting import EventFilter, count, place_events
from data.database import bump_revision
from data.errors import RecordNotFound
from data.models import Boundary, Incident, Place
from data.repositories.events import event_arrays
from data.viewer import LOCAL_STEWARD, DisplayLevel, Role, Viewer
from data.vocabulary import EventLayer, PlaceLevel

TODAY = date(2026, 6, 1)
SPLIT = date(2026, 1, 1)
INCIDENTS = EventLayer.INCIDENTS


def square(column, row, width=0.01):
    x, y = 94.9 + 0.01 * column, 36.4 + 0.01 * row
    sides = (round(side, 3) for side in (x, y, x + width, y + 0.01))  # shared to the last bit
    return shapely.MultiPolygon([shapely.box(*sides)])


def place(session, level, code, kind=""):
    row = Place(level=level, kind=kind or level, code=code, name=f"<{code}>", source="t")
    session.add(row)
    session.flush()
    return row


@pytest.fixture
def town(db):
    with db.write() as session:
        communities = {code: place(session, "community", code) for code in ("W", "E")}
        for community in communities.values():
            session.add(Boundary(place_id=community.id))
        for row, letter in enumerate("abc"):
            for column in range(3):
                parent = communities["E" if column == 2 else "W"].id
                grid = place(session, "grid", f"{letter}{column + 1}", "base")
                is_split = (letter, column) == ("b", 1)
                session.add(
                    Boundary(
                        place_id=grid.id,
                        parent_id=parent,
                        geom=square(column, row),
                        valid_to=SPLIT if is_split else None,
                        resident_count=1000 if column else None,
                    )
                )
                if is_split:
                    half = square(column, row, width=0.005)
                    session.add(
                        Boundary(place_id=grid.id, parent_id=parent, geom=half, valid_from=SPLIT)
                    )
        new = place(session, "grid", "b9", "base")
        session.add(
            Boundary(
                place_id=new.id,
                parent_id=communities["W"].id,
                geom=shapely.MultiPolygon([shapely.box(94.915, 36.41, 94.92, 36.42)]),
                valid_from=SPLIT,
            )
        )
        bump_revision(session, "places")
    return db


def incident(n, lon=None, lat=None, at=datetime(2026, 3, 1, tzinfo=UTC), kind="10", **more):
    return Incident(
        source="t",
        external_id=str(n),
        kind=kind,
        channel="call_110",
        channel_group=more.pop("channel_group", "reported"),
        occurred_at=at,
        time_precision="minute",
        content_hash="",
        geom=None if lon is None else shapely.Point(lon, lat),
        **more,
    )


@pytest.fixture
def busy(town):
    old = datetime(2025, 7, 1, tzinfo=UTC)
    with town.write() as session:
        session.add_all(
            [
                incident(1, 94.905, 36.405),
                incident(2, 94.918, 36.415),  # east half of b2: b9 since the split
                incident(3, 94.918, 36.415, at=old),
                incident(4, 94.91, 36.405),  # exactly between a1 and a2: the eastern one
                incident(5, 94.905, 36.41, kind="20"),  # exactly between a1 and b1: the northern
                incident(6, 99.0, 36.4),  # outside
                incident(7, stated_unit="W"),  # unlocated
                incident(8, channel_group="discovered"),  # unlocated, no unit stated
                incident(9, 94.925, 36.425, at=None),
            ]
        )
    return town


def ask(store, level=PlaceLevel.GRID, as_of="today", viewer=LOCAL_STEWARD, **wanted):
    with store.read() as session:
        return count(
            session,
            viewer,
            INCIDENTS,
            level=level,
            wanted=EventFilter(**wanted),
            today=TODAY,
            as_of=as_of,
        )


def numbers(counts):
    return {unit.code: unit.n for unit in counts.units if unit.n}


def test_every_incident_is_counted_once(busy):
    counts = ask(busy)
    assert numbers(counts) == {"a1": 1, "a2": 1, "b1": 1, "b9": 2, "c3": 1}
    assert (counts.outside, counts.unlocated, counts.total) == (1, 2, 9)
    assert counts.on_border == 2
    assert len(counts.units) == 10
    assert counts.unlocated_by_stated_unit == {"W": 1, "": 1}


def test_a_past_day_counts_on_its_own_grids(busy):
    counts = ask(busy, as_of="2025-12-31")
    assert numbers(counts) == {"a1": 1, "a2": 1, "b1": 1, "b2": 2, "c3": 1}
    assert (len(counts.units), counts.total) == (9, 9)
    assert "b9" in numbers(ask(busy, as_of="2026-01-01"))


def test_each_incident_on_the_grids_of_its_own_day(busy):
    counts = ask(busy, as_of="event")
    assert numbers(counts) == {"a1": 1, "a2": 1, "b1": 1, "b2": 1, "b9": 1, "c3": 1}
    assert counts.total == 9
    assert counts.as_of == "event"


def test_upper_levels_add_up_their_grids(busy):
    counts = ask(busy, level=PlaceLevel.COMMUNITY)
    assert numbers(counts) == {"W": 5, "E": 1}
    assert counts.total == 9


@pytest.mark.parametrize(
    ("wanted", "total"),
    [
        ({"kinds": ("20",)}, 1),
        ({"channel_groups": ("discovered",)}, 1),
        ({"since": datetime(2026, 1, 1, tzinfo=UTC)}, 7),
        ({"until": datetime(2026, 1, 1, tzinfo=UTC)}, 1),
        ({"since": datetime(2026, 3, 1, tzinfo=UTC), "until": datetime(2026, 3, 1, tzinfo=UTC)}, 0),
    ],
)
def test_filters_are_half_open_and_totals_follow(busy, wanted, total):
    assert ask(busy, **wanted).total == total


def test_rates_have_a_base_or_none(busy):
    units = {unit.code: unit for unit in ask(busy).units}
    assert units["a2"].rate == pytest.approx(1.0)
    assert units["a1"].rate is None


def test_a_viewer_of_one_community_sees_that_community(busy):
    viewer = Viewer("east", Role.OFFICER, DisplayLevel.INTERNAL, areas=("E",))
    counts = ask(busy, viewer=viewer)
    assert {unit.code for unit in counts.units} == {"a3", "b3", "c3"}
    assert (counts.total, counts.outside, counts.unlocated) == (1, 0, 0)
    west = Viewer("west", Role.OFFICER, DisplayLevel.INTERNAL, areas=("W",))
    assert ask(busy, viewer=west).unlocated == 1


def test_asking_for_units_that_are_not_there_is_refused(busy):
    with pytest.raises(RecordNotFound) as refusal:
        ask(busy, level=PlaceLevel.STATION)
    assert refusal.value.code == "no_units"


def test_a_store_without_grids_counts_on_the_units_own_shapes(db):
    with db.write() as session:
        for column, code in enumerate(("P", "Q")):
            ward = place(session, "community", code)
            session.add(Boundary(place_id=ward.id, geom=square(column, 0)))
        session.add(incident(1, 94.915, 36.405))
        session.add(incident(2, 94.91, 36.405))
        bump_revision(session, "places")
    counts = ask(db, level=PlaceLevel.COMMUNITY)
    assert numbers(counts) == {"Q": 2}


def test_arrays_read_back_what_was_written(busy):
    with busy.read() as session:
        events = event_arrays(session, LOCAL_STEWARD, INCIDENTS)
        placed = place_events(session, LOCAL_STEWARD, INCIDENTS, today=TODAY)
    assert len(events) == 9
    assert events.is_located.sum() == 7
    assert str(events.occurred_at[0]) == "2026-03-01T00:00:00.000"
    assert [events.kind.labels[code] for code in events.kind.codes[:2]] == ["10", "10"]
    assert (placed.position == -2).sum() == 2


def happened(session, number, at, precision="minute", until=None):
    session.add(
        Incident(
            source="t", external_id=f"p{number}", kind="10", channel="unknown",
            channel_group="unknown", occurred_at=at, occurred_until=until,
            time_precision=precision, content_hash="x",
        )
    )  # fmt: skip


def utc(day, hour=0, month=3):
    return datetime(2026, month, day, hour, tzinfo=UTC)


@pytest.fixture
def hours(db):
    with db.write() as session:
        happened(session, 0, utc(5, 21))
        happened(session, 1, utc(5, 20), "band", utc(5, 22))
        happened(session, 2, utc(5, 23), "band", utc(6, 2))
        happened(session, 3, utc(5), "day")
        happened(session, 4, utc(1), "month", utc(1, month=4))
    with db.read() as session:
        return event_arrays(session, LOCAL_STEWARD, INCIDENTS)


def told(events, wanted):
    return (
        [int(k) for k in wanted.mask(events).nonzero()[0]],
        [int(k) for k in wanted.imprecise(events).nonzero()[0]],
    )


@pytest.mark.parametrize(
    ("since", "until", "counted", "apart"),
    [
        (None, None, [0, 1, 2, 3, 4], []),
        (utc(1), utc(1, month=4), [0, 1, 2, 3, 4], []),
        (utc(5), utc(6), [0, 1, 3], [2, 4]),
        (utc(5, 21), utc(5, 22), [0], [1, 3, 4]),
        (utc(6), None, [], [2, 4]),
        (None, utc(5, 12), [], [3, 4]),
        (utc(1, month=4), None, [], []),
    ],
)
def test_a_period_that_cuts_through_what_is_known_counts_apart(hours, since, until, counted, apart):
    assert told(hours, EventFilter(since, until)) == (counted, apart)


@pytest.mark.parametrize(
    ("asked", "counted", "apart"),
    [
        ((20, 22), [0, 1], [3, 4]),
        ((21, 23), [0], [1, 3, 4]),
        ((22, 6), [2], [3, 4]),
        ((0, 3), [], [2, 3, 4]),
        ((0, 24), [0, 1, 2, 3, 4], []),
    ],
)
def test_a_band_has_an_hour_only_where_all_of_it_lies_inside(hours, asked, counted, apart):
    assert told(hours, EventFilter(hours=asked, tz="UTC")) == (counted, apart)


def test_local_hours_and_days_of_a_clock_change(db):
    with db.write() as session:
        happened(session, 0, datetime(2026, 3, 29, tzinfo=UTC), "day")
    with db.read() as session:
        events = event_arrays(session, LOCAL_STEWARD, INCIDENTS)
    since, until = datetime(2026, 3, 29, tzinfo=UTC), datetime(2026, 3, 29, 23, tzinfo=UTC)
    assert told(events, EventFilter(since, until)) == ([0], [])


def test_counts_say_how_many_were_left_apart(town):
    with town.write() as session:
        happened(session, 9, utc(1), "month", utc(1, month=4))
    with town.read() as session:
        found = count(
            session, LOCAL_STEWARD, INCIDENTS, level=PlaceLevel.GRID, today=TODAY,
            wanted=EventFilter(since=utc(5), until=utc(6)),
        )  # fmt: skip
    assert found.imprecise == 1
    assert found.unlocated == 0
