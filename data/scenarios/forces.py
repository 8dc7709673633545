"""Fill the posts of the larger scenarios: four-way linkage, a county's force, 1+N teams.

Used by the stories of the scenarios. Role titles and numbers only. Source: domain note 1.2-1.4.
"""

from datetime import date

from data.scenarios.people import Staff, beat_post, directors, post_at, seat_officer
from data.scenarios.town import Town, Unit
from data.vocabulary import HolderKind, Position

_BODIES = (
    (Position.RESIDENTS_COMMITTEE, "居民委员会", "JW"),
    (Position.PARTY_BRANCH, "社区党支部", "DZ"),
    (Position.OWNERS_COMMITTEE, "业主委员会", "YW"),
    (Position.PROPERTY_COMPANY, "物业企业", "WY"),
)
_ON_COMMITTEE = "街道党工委委员"


def four_parties(staff: Staff, town: Town, since: date, without_owners: frozenset[str]) -> None:
    """Give each community its four bodies; some (by code) have no owners' committee yet."""
    for number, community in enumerate(town.of("community"), 1):
        for position, title, letters in _BODIES:
            if position is Position.OWNERS_COMMITTEE and community.code in without_owners:
                continue
            key = staff.hire(f"{letters}{number:02d}", HolderKind.PARTNER, f"{title} {number:02d}")
            staff.appoint(key, post_at(community, position, title), since)


def county_force(town: Town, since: date, sizes: tuple[int, int, int]) -> Staff:
    """Give a county its police: beat officers, the others of the stations, the county's own.

    Parameters
    ----------
    sizes
        Beat officers; all police of the stations; all police of the county.
    """
    beat, of_stations, of_county = sizes
    staff = Staff()
    stations, communities = town.of("station"), town.of("community")
    directors(staff, town, since)
    on_committees(staff, town, since)
    for number, community in enumerate(communities, 1):
        share = beat // len(communities) + (1 if number <= beat % len(communities) else 0)
        post = beat_post(town, community, count=share)
        for at in range(1, share + 1):
            title = f"社区民警 {number:02d}-{at}"
            key = staff.hire(f"MJ{number:02d}{at}", HolderKind.POLICE, title, community.station)
            staff.appoint(key, post, since)
            if at == 1:
                seat_officer(staff, community, key, since, number, is_seat=False)
    for number in range(of_stations - beat - len(stations)):
        station = stations[number % len(stations)].code
        staff.hire(
            f"PJ{number + 1:03d}", HolderKind.POLICE, f"派出所民警 {number + 1:03d}", station
        )
    for number in range(1, of_county - of_stations + 1):
        staff.hire(f"XJ{number:03d}", HolderKind.POLICE, f"县区局民警 {number:03d}")
    for number, grid in enumerate(town.of("grid"), 1):
        key = staff.hire(f"FJ{number:03d}", HolderKind.AUXILIARY, f"辅警 {number:03d}")
        post = post_at(grid, Position.PART_TIME_MEMBER, "兼职网格员（辅警）")
        staff.appoint(key, post, since, is_part_time="true")
    return staff


def on_committees(staff: Staff, town: Town, since: date) -> None:
    """Appoint each station's director to the committee of its subdistrict."""
    heads = {str(row["station"]): str(row["id"]) for row in staff.officers if row["station"]}
    for subdistrict in town.of("subdistrict"):
        station = next(
            s.code for s in town.of("station") if s.code.startswith(f"{subdistrict.code}-")
        )
        post = post_at(subdistrict, Position.STATION_DIRECTOR, _ON_COMMITTEE)
        staff.appoint(heads[station], post, since, is_part_time="true")


def large_community(town: Town, since: date, large: str, officers: int) -> Staff:
    """Give a large community several officers and its station's director as deputy secretary.

    Every other community has one officer; every grid a part-time member from the police.
    """
    staff = Staff()
    directors(staff, town, since)
    on_committees(staff, town, since)
    of_community: dict[str, list[str]] = {}
    for community in town.of("community"):
        count = officers if community.name == large else 1
        post = beat_post(town, community, count=count)
        for _ in range(count):
            number = sum(map(len, of_community.values())) + 1
            title = f"社区民警 {number:02d}"
            key = staff.hire(f"MJ{number:02d}", HolderKind.POLICE, title, community.station)
            staff.appoint(key, post, since)
            of_community.setdefault(community.code, []).append(key)
        head = of_community[community.code][0]
        if community.name == large:
            stations = [row for row in staff.officers if row["station"] == community.station]
            head = str(stations[0]["id"])
        seat_officer(staff, community, head, since, int(head[2:]), is_seat=False)
    for at, grid in enumerate(town.of("grid")):
        keys = of_community[str(grid.parent)]
        post = post_at(grid, Position.PART_TIME_MEMBER, "兼职网格员（社区民警）")
        staff.appoint(keys[at % len(keys)], post, since, is_part_time="true")
    return staff


def other_forces(staff: Staff, town: Town, since: date, *, leaders: int) -> None:
    """Give each grid a property company and some building leaders (the N of 1+N)."""
    for number, grid in enumerate(town.of("grid"), 1):
        key = staff.hire(f"WY{number:03d}", HolderKind.PARTNER, f"物业企业 {number:03d}")
        staff.appoint(key, post_at(grid, Position.PROPERTY_COMPANY, "物业企业"), since)
        _leaders(staff, grid, number, since, leaders)


def _leaders(staff: Staff, grid: Unit, number: int, since: date, leaders: int) -> None:
    post = post_at(grid, Position.BUILDING_LEADER, "楼栋长", leaders)
    for at in range(1, leaders + 1):
        title = f"楼栋长 {number:03d}-{at}"
        key = staff.hire(f"LD{number:03d}{at}", HolderKind.BUILDING_LEADER, title)
        staff.appoint(key, post, since)
