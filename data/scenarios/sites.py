"""Place devices, service points and patrol targets in a town, as rows of the registers' files.

Used by the stories of the scenarios. Columns are named as the fields of the registers.
"""

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from datetime import date, datetime, time, timedelta

import numpy as np
import shapely
from shapely.geometry.base import BaseGeometry
from shapely.ops import substring

from data.scenarios.houses import CompoundState, House
from data.scenarios.incidents import Row
from data.scenarios.spec import XY
from data.scenarios.stages import flag
from data.scenarios.town import Compound, Town, Unit
from data.vocabulary import (
    BuildingKind,
    DeviceKind,
    DeviceStatus,
    PatrolTargetKind,
    ServicePointKind,
)

_POINT = ServicePointKind
_ROOM_NAMES = {
    _POINT.POLICE_ROOM: "警务室",
    _POINT.MEDIATION_STATION: "矛盾纠纷调解室",
    _POINT.COMMUNITY_OFFICE: "党群服务中心",
}
_CARD_KINDS = {"school": _POINT.SCHOOL, "market": _POINT.MALL}
_LINE_STEP_M = 1_400.0


@dataclass(frozen=True)
class DeviceOrder:
    """How many devices of a kind, in which communities (none: in all), and how they answer."""

    kind: DeviceKind
    count: int
    inside: frozenset[str] | None = None
    status: DeviceStatus = DeviceStatus.ONLINE
    faulty: int = 0
    installed_on: date | None = None


def building_rows(
    town: Town, houses: Sequence[House], states: dict[str, CompoundState]
) -> list[Row]:
    """Give the houses as rows with their outline in WKT."""
    return [
        {
            "external_id": house.key,
            "name": house.name,
            "kind": house.kind.value,
            "place_code": house.compound.grid_code,
            "compound_ref": house.compound.key,
            "stairwell_count": house.stairwells,
            "floor_count": house.floors,
            "household_count": house.households,
            "resident_count": house.residents,
            "is_unmanaged": flag(_state(states, house.compound).is_unmanaged),
            "wkt": wkt_of(town, house.shape),
        }
        for house in houses
    ]


def device_rows(
    town: Town,
    houses: Sequence[House],
    orders: Iterable[DeviceOrder],
    as_of: date,
    dice: np.random.Generator,
) -> list[Row]:
    """Hang devices at houses, dwellings first; the last `faulty` of an order do not answer."""
    rows: list[Row] = []
    morning = datetime.combine(as_of, time(0)) - timedelta(hours=1)
    for order in orders:
        homes = [
            house
            for house in houses
            if house.kind is BuildingKind.RESIDENTIAL
            and (order.inside is None or house.compound.grid_code[:12] in order.inside)
        ]
        chosen = [homes[i % len(homes)] for i in dice.permutation(max(order.count, len(homes)))]
        for number, house in enumerate(chosen[: order.count], 1):
            is_faulty = number > order.count - order.faulty
            status = DeviceStatus.FAULTY if is_faulty else order.status
            quiet = timedelta(minutes=int(dice.integers(1, 40)))
            if status is not DeviceStatus.ONLINE:
                quiet = timedelta(days=int(dice.integers(2, 20)))
            x, y = _within(house.shape, dice)
            installed = order.installed_on or as_of - timedelta(days=int(dice.integers(90, 700)))
            rows.append(
                {
                    "external_id": f"{order.kind.value.upper()}-{len(rows) + 1:04d}",
                    "name": house.name,
                    "kind": order.kind.value,
                    "status": status.value,
                    "place_code": house.compound.grid_code,
                    "installed_on": installed,
                    "checked_on": as_of - timedelta(days=int(dice.integers(1, 30))),
                    "last_seen_at": morning - quiet,
                    **lonlat(town, x, y),
                }
            )
    return rows


def service_point_rows(town: Town, as_of: date, dice: np.random.Generator) -> list[Row]:
    """Give each station a window, each community its rooms, and schools and malls their card."""
    rows: list[Row] = []

    def add(kind: ServicePointKind, name: str, place: str, at: XY, card: bool | None) -> None:  # noqa: FBT001 - a column
        opened = as_of - timedelta(days=int(dice.integers(200, 1_500)))
        rows.append(
            {
                "external_id": f"FW{len(rows) + 1:04d}",
                "name": name,
                "kind": kind.value,
                "place_code": place,
                "has_contact_card": flag(card),
                "opened_on": opened,
                "office_phone": None,
                **lonlat(town, *at),
            }
        )

    for station in town.of("station"):
        add(
            _POINT.SERVICE_WINDOW,
            f"{station.name}综合服务窗口",
            station.code,
            room(town, station),
            True,
        )
    for community in town.of("community"):
        x, y = room(town, community)
        for number, (kind, name) in enumerate(_ROOM_NAMES.items()):
            has_card = True if kind is _POINT.COMMUNITY_OFFICE else None
            add(kind, f"{community.name}{name}", community.code, (x + 4.0 * number, y), has_card)
    for compound in town.compounds:
        kind_there = _CARD_KINDS.get(compound.kind)
        if kind_there is not None:
            inner = compound.shape.representative_point()
            has_card = bool(dice.random() < 0.9)  # noqa: PLR2004 - share
            name = compound.name or "便民点"
            add(kind_there, name, compound.grid_code[:12], (inner.x, inner.y), has_card)
        elif compound.kind == "hospital":
            inner = compound.shape.representative_point()
            name = f"{compound.name or '医院'}警务室"
            add(_POINT.HOSPITAL_OFFICE, name, compound.grid_code[:12], (inner.x, inner.y), None)
    return rows


def target_rows(town: Town, dice: np.random.Generator) -> list[Row]:
    """Give must-reach points at public places and one must-patrol line in each community."""
    rows: list[Row] = []
    for community in town.of("community"):
        own = [c for c in town.compounds if c.grid_code.startswith(community.code)]
        public = [c for c in own if c.kind in {"market", "school", "hospital", "park"}]
        busy = sorted(public, key=lambda c: c.key)[:3] or sorted(own, key=_by_households)[:2]
        for compound in busy:
            inner = compound.shape.representative_point()
            rows.append(
                {
                    "external_id": f"BD{len(rows) + 1:04d}",
                    "name": compound.name or f"{community.name}必到点",
                    "kind": PatrolTargetKind.MUST_POINT.value,
                    "place_code": compound.grid_code,
                    "due_per_week": int(dice.choice((7, 7, 14))),
                    "stay_minutes": int(dice.choice((5, 10, 15))),
                    "wkt": wkt_of(town, inner),
                }
            )
        line = _round_walk(town, community)
        if line is not None:
            rows.append(
                {
                    "external_id": f"BX{len(rows) + 1:04d}",
                    "name": f"{community.name}必巡线",
                    "kind": PatrolTargetKind.MUST_LINE.value,
                    "place_code": community.code,
                    "due_per_week": 7,
                    "stay_minutes": None,
                    "wkt": wkt_of(town, line),
                }
            )
    return rows


def room(town: Town, place: Unit) -> XY:
    """Give an office compound of the place, else a point well inside it."""
    offices = [
        c.shape.centroid
        for c in town.compounds
        if c.kind == "office" and place.shape.contains(c.shape.centroid)
    ]
    inner = offices[0] if offices else place.shape.representative_point()
    return inner.x, inner.y


def lonlat(town: Town, x: float, y: float) -> Row:
    """Give the columns of a point."""
    lon, lat = town.plane.to_lonlat(np.array([[x, y]]))[0]
    return {"lon": round(float(lon), 6), "lat": round(float(lat), 6)}


def wkt_of(town: Town, shape: BaseGeometry) -> str:
    """Write a shape of the plane as WKT in lon/lat, seven decimals."""
    moved = shapely.transform(shape, town.plane.to_lonlat)
    return str(shapely.to_wkt(moved, rounding_precision=7, trim=True))


def _round_walk(town: Town, community: Unit) -> BaseGeometry | None:
    """Give the longest stretch of street inside a community, at most a fair walk."""
    streets = [line.shape for line in town.lines if line.street_class in {"main", "secondary"}]
    inside = [s.intersection(community.shape) for s in streets if s.intersects(community.shape)]
    parts = [
        part
        for each in inside
        for part in shapely.get_parts(each)
        if part.geom_type == "LineString"
    ]
    if not parts:
        return None
    longest = max(parts, key=lambda part: (part.length, part.wkt))
    return substring(longest, 0.0, _LINE_STEP_M)


def _within(shape: BaseGeometry, dice: np.random.Generator) -> XY:
    centre = shape.centroid
    off = dice.uniform(-3.0, 3.0, 2)
    return float(centre.x + off[0]), float(centre.y + off[1])


def _by_households(compound: Compound) -> tuple[int, str]:
    return -compound.households, compound.key


def _state(states: dict[str, CompoundState], compound: Compound) -> CompoundState:
    return states.get(
        compound.key, CompoundState(is_old=False, is_unmanaged=False, safe_stars=None)
    )
