"""Answer who is where: totals of places and posts, coverage (K1), shares of the force (K2).

Used by the engine. Knows nothing of events.
"""

from collections.abc import Collection, Iterable
from typing import Final

from data.kpi.desk import Desk, Measure, gives
from data.kpi.figure import Figure
from data.repositories.people import roster_gaps
from data.vocabulary import HolderKind, PlaceLevel, Position

BEAT_POSITIONS: Final = (Position.BEAT_OFFICER, Position.BEAT_CHIEF, Position.DEPUTY_SECRETARY)
MEMBER_POSITIONS: Final = (
    Position.GRID_LEADER,
    Position.FULL_TIME_MEMBER,
    Position.PART_TIME_MEMBER,
)
ON_THE_BEAT: Final = (Position.BEAT_OFFICER, Position.BEAT_CHIEF)
HELPERS: Final = (*MEMBER_POSITIONS, Position.BUILDING_LEADER, Position.VOLUNTEER)


@gives("grids", "community_total", "subdistrict_total")
def _places(desk: Desk) -> Iterable[Figure]:
    yield desk.figure("grids", len(desk.grids))
    for name in ("community", "subdistrict"):
        yield desk.figure(f"{name}_total", desk.grids[f"{name}_code"].dropna().nunique())


@gives("station_total")
def _stations(desk: Desk) -> Iterable[Figure]:
    yield desk.figure("station_total", len(_station_codes(desk)))


@gives("households", "residents")
def _people(desk: Desk) -> Iterable[Figure]:
    for name in ("households", "residents"):
        if desk.grids[name].notna().any():
            yield desk.figure(name, int(desk.grids[name].sum()))


@gives(*(f"appointments_{position}" for position in Position))
def _appointments(desk: Desk) -> Iterable[Figure]:
    for position in sorted({duty.position for duty in desk.duties}):
        if position in frozenset(Position):
            yield desk.figure(f"appointments_{position}", len(_holders(desk, (position,))))


@gives(
    "community_police_coverage",
    "community_police_on_duty",
    "grid_member_coverage",
    "grid_member_on_duty",
)
def _coverage(desk: Desk) -> Iterable[Figure]:
    asked = (
        ("community_police", PlaceLevel.COMMUNITY, BEAT_POSITIONS),
        ("grid_member", PlaceLevel.GRID, MEMBER_POSITIONS),
    )
    for name, level, positions in asked:
        units = set(desk.units(level))
        held = [d for d in desk.duties if d.position in positions and d.place_id in units]
        appointed, on_duty = {d.place_id for d in held}, {d.place_id for d in held if d.is_filled}
        yield desk.figure(f"{name}_coverage", len(appointed), len(units))
        yield desk.figure(f"{name}_on_duty", len(on_duty), len(units))


@gives("deputy_secretary_coverage", "grid_full_time_coverage")
def _posts_of_a_kind(desk: Desk) -> Iterable[Figure]:
    asked = (
        ("deputy_secretary_coverage", PlaceLevel.COMMUNITY, Position.DEPUTY_SECRETARY),
        ("grid_full_time_coverage", PlaceLevel.GRID, Position.FULL_TIME_MEMBER),
    )
    for measure, level, position in asked:
        units = set(desk.units(level))
        held = {d.place_id for d in desk.duties if d.position == position and d.place_id in units}
        if any(d.position == position for d in desk.duties):
            yield desk.figure(measure, len(held), len(units))


@gives("roster_complete")
def _rosters(desk: Desk) -> Iterable[Figure]:
    rosters = roster_gaps(desk.session, desk.viewer, tree=desk.tree, duties=desk.all_duties)
    own = [roster for roster in rosters if roster.place_id in desk.places]
    if own:
        complete = sum(roster.is_complete for roster in own)
        yield desk.figure("roster_complete", complete, len(own))


@gives("director_integration", "beat_integration", "auxiliary_integration")
def _integration(desk: Desk) -> Iterable[Figure]:
    """How far the police sit on the bodies of the place: three rates of S2."""
    stations = len(_station_codes(desk))
    directors = _holders(desk, (Position.STATION_DIRECTOR,), level=PlaceLevel.SUBDISTRICT)
    if directors and stations:
        yield desk.figure("director_integration", min(len(directors), stations), stations)
    beat, seats = _holders(desk, ON_THE_BEAT), _holders(desk, (Position.DEPUTY_SECRETARY,))
    if beat and seats:
        yield desk.figure("beat_integration", len(beat & seats), len(beat))
    auxiliaries = {h.external_id for h in desk.force if h.kind == HolderKind.AUXILIARY}
    part_time = _holders(desk, (Position.PART_TIME_MEMBER,), level=PlaceLevel.GRID)
    if auxiliaries:
        yield desk.figure("auxiliary_integration", len(auxiliaries & part_time), len(auxiliaries))


@gives("beat_share_of_station", "station_share_of_county")
def _shares(desk: Desk) -> Iterable[Figure]:
    """Beat officers of the stations' police, and that of the whole county's (K2)."""
    police = {h.external_id for h in desk.force if h.kind == HolderKind.POLICE}
    of_stations = {
        h.external_id for h in desk.force if h.kind == HolderKind.POLICE and h.station_code
    }
    if not of_stations:
        return
    beat = _holders(desk, BEAT_POSITIONS) & of_stations
    yield desk.figure("beat_share_of_station", len(beat), len(of_stations))
    if desk.question.unit is None or _is_county_or_above(desk):
        yield desk.figure("station_share_of_county", len(of_stations), len(police))


@gives("force_per_1000", "households_per_member")
def _density(desk: Desk) -> Iterable[Figure]:
    helpers, full_time = _holders(desk, HELPERS), _holders(desk, (Position.FULL_TIME_MEMBER,))
    residents, households = desk.grids["residents"], desk.grids["households"]
    if helpers and len(residents) and residents.notna().all():
        yield desk.figure("force_per_1000", len(helpers), int(residents.sum()), per=1_000)
    if full_time and len(households) and households.notna().all():
        yield desk.figure("households_per_member", int(households.sum()), len(full_time))


def full_time_members(desk: Desk) -> int:
    """Count who works in the unit's grids full time."""
    return len(_holders(desk, (Position.FULL_TIME_MEMBER,)))


def officers_of_talks(desk: Desk) -> frozenset[str]:
    """Service numbers of the officers whom talks and debriefs are owed: deputies, else the beat."""
    deputies = _holders(desk, (Position.DEPUTY_SECRETARY,))
    return deputies or _holders(desk, ON_THE_BEAT)


def _holders(
    desk: Desk, positions: Collection[str], *, level: PlaceLevel | None = None
) -> frozenset[str]:
    return frozenset(
        str(duty.holder_code)
        for duty in desk.duties
        if duty.position in positions and (level is None or duty.place_level == level)
    )


def _station_codes(desk: Desk) -> set[str]:
    """Police stations of the unit: those recorded as places and those its grids name."""
    named = {str(code) for code in desk.grids["station_code"].dropna()}
    own = {r.code for r in desk.places.values() if r.level == PlaceLevel.STATION}
    return named | own


def _is_county_or_above(desk: Desk) -> bool:
    upper = (PlaceLevel.COUNTY, PlaceLevel.CITY, PlaceLevel.PROVINCE)
    return any(r.code == desk.question.unit and r.level in upper for r in desk.places.values())


MEASURES: Final[tuple[Measure, ...]] = (
    _places,
    _stations,
    _people,
    _appointments,
    _coverage,
    _posts_of_a_kind,
    _rosters,
    _integration,
    _shares,
    _density,
)
