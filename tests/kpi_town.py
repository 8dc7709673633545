"""A hand-made town for figures: two communities of two grids, and rows put in one by one.

Grids a1 a2 (community A) and b1 b2 (community B) lie side by side, 0.01 degree each, from 94.90 E
and 36.40 N on; 400 households, 1,000 residents and one square kilometre each. One subdistrict S,
one county C, one station P.
"""

from datetime import UTC, date, datetime
from zoneinfo import ZoneInfo

import shapely

from data.kpi import Question, figures
from data.models import (
    Appointment,
    Boundary,
    Building,
    Device,
    Dispute,
    Hazard,
    Incident,
    OfficeHolder,
    PatrolTarget,
    Place,
    Post,
    ServicePoint,
)
from data.viewer import LOCAL_STEWARD

SHANGHAI = ZoneInfo("Asia/Shanghai")
TODAY = date(2026, 7, 1)
GRIDS = ("a1", "a2", "b1", "b2")
_SERIAL = iter(range(1, 10**9))


def local(text):
    """A local wall time as an aware moment."""
    return datetime.fromisoformat(text).replace(tzinfo=SHANGHAI)


def spot(grid, dx=0.0, dy=0.0):
    """A point in a grid: its middle, shifted by degrees."""
    return shapely.Point(94.905 + 0.01 * GRIDS.index(grid) + dx, 36.405 + dy)


def build(session):
    """Write the places; give the key of each by code."""
    keys = {}

    def place(level, code, kind, above=None, **columns):
        row = Place(level=level, kind=kind, code=code, name=f"<{code}>", source="t")
        session.add(row)
        session.flush()
        keys[code] = row.id
        session.add(
            Boundary(
                place_id=row.id,
                parent_id=keys.get(above),
                station_id=keys["P"] if level == "subdistrict" else None,
                **columns,
            )
        )

    place("station", "P", "station")
    place("county", "C", "county")
    place("subdistrict", "S", "subdistrict", "C")
    for code in "AB":
        place("community", code, "community", "S")
    for k, code in enumerate(GRIDS):
        west = round(94.9 + 0.01 * k, 3)
        place(
            "grid", code, "base", code[0].upper(),
            household_count=400, resident_count=1000, area_m2=1_000_000.0,
            geom=shapely.MultiPolygon([shapely.box(west, 36.4, round(west + 0.01, 3), 36.41)]),
        )  # fmt: skip
    return keys


def put(session, model, **columns):
    """Write one row of a register."""
    number = next(_SERIAL)
    session.add(model(**{"source": "t", "external_id": f"R{number}"} | columns))


def event(session, model, at, **columns):
    """Write one incident, hazard or dispute that happened at a local time."""
    number = next(_SERIAL)
    moment = local(at) if isinstance(at, str) else at
    kinds = {Incident: "20", Hazard: "H10", Dispute: "neighbour"}
    row = {
        "source": "t",
        "external_id": f"E{number}",
        "kind": kinds[model],
        "channel": "call_110",
        "channel_group": "reported",
        "occurred_at": moment.astimezone(UTC),
        "time_precision": "minute",
        "content_hash": str(number),
        "geom": spot("a1"),
    }
    session.add(model(**row | columns))


def appoint(session, keys, code, position, place, kind="police", *, in_station=True):
    """Appoint one more holder; the post is made when it is new."""
    holder = session.query(OfficeHolder).filter_by(external_id=code).one_or_none()
    if holder is None:
        station = keys["P"] if in_station else None
        holder = OfficeHolder(
            source="t", external_id=code, kind=kind, title=f"T{code}", station_id=station
        )
        session.add(holder)
    post = Post(place_id=keys[place], position=position, title=f"{position} {code}")
    session.add(post)
    session.flush()
    session.add(
        Appointment(
            source="t",
            external_id=f"{code} {place} {position}",
            office_holder_id=holder.id,
            post_id=post.id,
            since=date(2020, 1, 1),
        )
    )


def staff(session):
    """The places, a beat officer for each community and a member in every grid."""
    keys = build(session)
    for code, place in (("P1", "A"), ("P2", "B")):
        appoint(session, keys, code, "beat_officer", place)
    for grid in GRIDS:
        appoint(session, keys, f"M{grid}", "full_time_member", grid, kind="grid_member")


def furnish(session, *, camera=None):
    """Things on both sides of the middle of a1, in b1 and in b2; give two places, east and west.

    A camera, a school and 25 households stand in the east, 75 in the west.
    """
    east, west = spot("a1", dx=0.003), spot("a1", dx=-0.003)
    put(session, Device, kind="camera", status="online", name=camera, geom=east)
    put(session, ServicePoint, kind="police_room", name="R", geom=spot("b2"))
    put(session, PatrolTarget, kind="must_point", due_per_week=3, geom=spot("b1"))
    put(session, Building, kind="school", name="S", geom=east)
    put(session, Building, kind="residential", household_count=75, geom=west)
    put(session, Building, kind="residential", household_count=25, geom=east)
    return east, west


def ask(db, since=None, until=None, *, viewer=LOCAL_STEWARD, **more):
    """Answer a question of local days, by measure; scopes other than the question's by pair."""
    question = Question(
        **{"today": TODAY} | more,
        since=local(since) if since else None,
        until=local(until) if until else None,
    )
    with db.read() as session:
        found = figures(session, viewer, question)
    pairs = [(figure.measure, figure.scope) for figure in found]
    assert len(pairs) == len(set(pairs))
    return {
        figure.measure if figure.scope == question.scope else pair: figure
        for figure, pair in zip(found, pairs, strict=True)
    }


def parts(figure):
    """Numerator and denominator."""
    return figure.numerator, figure.denominator
