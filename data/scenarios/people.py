"""Write people in post with their leave and appointments: role titles, never names.

Used by the stories of the scenarios. Source: domain note 1.1, 1.5 and 2.4.
"""

from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import date, timedelta
from types import MappingProxyType

import numpy as np

from data.scenarios.incidents import Row
from data.scenarios.sites import room
from data.scenarios.town import Town, Unit
from data.vocabulary import HolderKind, Position

POLICE_ROOM = "社区警务室"
DEPUTY_SECRETARY = "社区党组织兼职副书记"
_LEAVE_OF = 5
_SUBSTITUTED, _SUBSTITUTE = 3, 2
_GRIDS_WITHOUT_LEADERS = (7, 19, 33)
_STEPS = {"reviewed_on": 36, "submitted_on": 27, "decided_on": 14, "filed_on": 4}
CRITERIA = 6
"""How many criteria an officer must meet (选育管用的 6 项标准)."""
_POST_FIELDS = ("place", "level", "position", "post_title", "planned_count", "lon", "lat")


@dataclass
class Staff:
    """Rows of the two files of people in post, filled step by step."""

    officers: list[Row] = field(default_factory=list)
    appointments: list[Row] = field(default_factory=list)

    def hire(self, key: str, kind: HolderKind, title: str, station: str | None = None) -> str:
        """Add an office-holder; give back the id."""
        is_police = kind is HolderKind.POLICE
        self.officers.append(
            {
                "id": key,
                "kind": kind.value,
                "title": title,
                "station": station,
                "is_party_member": "true" if is_police else None,
                "leave_since": None,
                "leave_until": None,
                "leave_reason": None,
            }
        )
        return key

    def appoint(self, holder: str, post: Row, since: date, **more: object) -> str:
        """Appoint a holder to a post (see `post_at`) from a day on; give back the id."""
        key = f"RZ{len(self.appointments) + 1:04d}"
        self.appointments.append(
            {
                "id": key,
                "officer": holder,
                **post,
                "since": since,
                "until": None,
                "substitutes": None,
                "is_part_time": None,
                "is_seat": None,
                "document_no": None,
                **dict.fromkeys(_STEPS),
                "criteria_met": None,
                **more,
            }
        )
        return key

    def send_on_leave(self, holder: str, since: date, until: date | None) -> None:
        """Note the leave of a holder in the row of that holder."""
        row = next(row for row in self.officers if row["id"] == holder)
        row.update(leave_since=since, leave_until=until, leave_reason="leave")


def post_at(place: Unit, position: Position, title: str, count: int = 1) -> Row:
    """Give the fields of a post; one with a point gets `lon` and `lat` from `_stand`."""
    return {
        "place": place.code,
        "level": place.level,
        "position": position.value,
        "post_title": title,
        "planned_count": count,
        "lon": None,
        "lat": None,
    }


def community_staff(
    town: Town,
    since: date,
    *,
    is_seat: bool,
    starts: Mapping[str, date] = MappingProxyType({}),
    chief: str = "",
) -> Staff:
    """Give each community one officer: beat officer and, beside that, deputy secretary.

    Parameters
    ----------
    town
        Communities with their stations.
    since
        First day of all appointments but those of `starts`.
    is_seat
        Whether the deputy secretary holds a seat outside the committee's number (seat system).
    starts
        Code of a community → first day of its officer's appointment.
    chief
        Code of the community whose officer is the chief of all.
    """
    staff = Staff()
    directors(staff, town, since)
    for number, community in enumerate(town.of("community"), 1):
        is_chief = community.code == chief
        title = f"社区警长 {number:02d}" if is_chief else f"社区民警 {number:02d}"
        position = Position.BEAT_CHIEF if is_chief else Position.BEAT_OFFICER
        first = starts.get(community.code, since)
        officer = staff.hire(f"MJ{number:02d}", HolderKind.POLICE, title, community.station)
        staff.appoint(officer, beat_post(town, community, position), first)
        seat_officer(staff, community, officer, first, number, is_seat=is_seat)
    return staff


def directors(staff: Staff, town: Town, since: date) -> None:
    """Give each station its director."""
    for number, station in enumerate(town.of("station"), 1):
        head = staff.hire(f"ZJ{number:02d}", HolderKind.POLICE, "派出所所长", station.code)
        post = post_at(station, Position.STATION_DIRECTOR, station.name)
        _stand(post, town, room(town, station))
        staff.appoint(head, post, since)


def beat_post(
    town: Town, community: Unit, position: Position = Position.BEAT_OFFICER, count: int = 1
) -> Row:
    """Give the post of a community's officers, in its police room."""
    beat = post_at(community, position, POLICE_ROOM, count)
    _stand(beat, town, room(town, community))
    return beat


def seat_officer(
    staff: Staff, community: Unit, officer: str, since: date, number: int, *, is_seat: bool
) -> None:
    """Appoint an officer as deputy secretary in four steps, with all six criteria met."""
    seat = post_at(community, Position.DEPUTY_SECRETARY, DEPUTY_SECRETARY)
    steps = {name: since - timedelta(days=days + number % 3) for name, days in _STEPS.items()}
    staff.appoint(
        officer,
        seat,
        since,
        is_part_time="true",
        is_seat="true" if is_seat else "false",
        document_no=f"示例聘〔{since.year}〕{number}号",
        criteria_met=CRITERIA,
        **steps,
    )


def grid_members(staff: Staff, town: Town, since: date) -> None:
    """Give each grid one full-time member."""
    for number, grid in enumerate(town.of("grid"), 1):
        member = staff.hire(f"WG{number:03d}", HolderKind.GRID_MEMBER, f"专职网格员 {number:03d}")
        staff.appoint(member, post_at(grid, Position.FULL_TIME_MEMBER, "专职网格员"), since)


def one_one_one_n(staff: Staff, town: Town, since: date, dice: np.random.Generator) -> None:
    """Fill the 1+1+1+N roster of each grid; three grids stay without a building leader."""
    grids = town.of("grid")
    companies = [
        staff.hire(f"WY{i:02d}", HolderKind.PARTNER, f"物业企业 {i:02d}")
        for i in range(1, len(grids) // 3 + 1)
    ]
    officer_of = {c.code: f"MJ{i:02d}" for i, c in enumerate(town.of("community"), 1)}
    for number, grid in enumerate(grids, 1):
        police = post_at(grid, Position.PART_TIME_MEMBER, "兼职网格员（社区民警）")
        staff.appoint(officer_of[str(grid.parent)], police, since, is_part_time="true")
        company = post_at(grid, Position.PROPERTY_COMPANY, "物业企业")
        staff.appoint(companies[(number - 1) // 3], company, since)
        owners = staff.hire(f"YW{number:03d}", HolderKind.PARTNER, f"业主委员会 {number:03d}")
        staff.appoint(owners, post_at(grid, Position.OWNERS_COMMITTEE, "业主委员会"), since)
        count = int(dice.integers(2, 5))
        leaders = post_at(grid, Position.BUILDING_LEADER, "楼栋长", count)
        for at in range(0 if number in _GRIDS_WITHOUT_LEADERS else count):
            title = f"楼栋长 {number:03d}-{at + 1}"
            key = staff.hire(f"LD{number:03d}{at + 1}", HolderKind.BUILDING_LEADER, title)
            staff.appoint(key, leaders, since)


def leave(staff: Staff, as_of: date) -> None:
    """Add one finished leave with a substitute and one open leave without.

    The open one keeps every appointment (coverage by appointment stays whole) and leaves one
    community without an officer on duty; the finished one shows how a substitution is recorded.
    """
    start, end = as_of - timedelta(days=242), as_of - timedelta(days=228)
    away, present = f"MJ{_SUBSTITUTED:02d}", f"MJ{_SUBSTITUTE:02d}"
    staff.send_on_leave(away, start, end)
    beat = next(
        row
        for row in staff.appointments
        if row["officer"] == away and row["position"] == Position.BEAT_OFFICER.value
    )
    post = {key: beat[key] for key in _POST_FIELDS}
    staff.appoint(present, post, start, until=end, substitutes=beat["id"])
    staff.send_on_leave(f"MJ{_LEAVE_OF:02d}", as_of - timedelta(days=11), None)


def _stand(post: Row, town: Town, at: tuple[float, float]) -> None:
    lon, lat = town.plane.to_lonlat(np.array([at]))[0]
    post.update(lon=round(float(lon), 6), lat=round(float(lat), 6))
