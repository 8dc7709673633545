"""Write the stops of patrols, inspections and visits of the last weeks: teams, never persons.

Used by the stories of the scenarios. Columns are named as the fields of the register.
"""

from datetime import date, datetime, time, timedelta

import numpy as np
import shapely

from data.scenarios.incidents import Row
from data.scenarios.sites import lonlat
from data.scenarios.stages import flag
from data.scenarios.town import Town, Unit
from data.vocabulary import StopKind

_NIGHT_SHARE = 0.62
_KEPT = 0.93
_LED = 0.7
_WEEK = 7


def stop_rows(
    town: Town, targets: list[Row], as_of: date, days: int, dice: np.random.Generator
) -> list[Row]:
    """Draw the stops of the last days in order of time.

    Most targets are reached as often as due, evenings more than mornings; on working days each
    community is also visited from door to door and inspected, grid after grid.

    Parameters
    ----------
    targets
        Rows of the patrol targets.
    days
        How many days before `as_of` the stops begin.
    """
    teams = {unit.code: f"{_station_name(town, unit)}巡组" for unit in town.of("community")}
    drawn: list[tuple[datetime, Row]] = []
    for offset in range(days, 0, -1):
        day = as_of - timedelta(days=offset)
        for target in targets:
            drawn += _patrols(target, day, teams, dice)
        if day.weekday() < _WEEK - 2:
            for community in town.of("community"):
                drawn += _rounds(town, community, day, offset, dice)
    drawn.sort(key=lambda pair: (pair[0], str(pair[1])))
    return [{"external_id": f"XL{at:05d}", **row} for at, (_, row) in enumerate(drawn, 1)]


def _patrols(
    target: Row, day: date, teams: dict[str, str], dice: np.random.Generator
) -> list[tuple[datetime, Row]]:
    place, shape = str(target["place_code"]), shapely.from_wkt(str(target["wkt"]))
    is_line = shape.geom_type == "LineString"
    at = shape.interpolate(0.5, normalized=True) if is_line else shape
    x, y = (float(side) for side in shapely.get_coordinates(at)[0])
    made = []
    for _ in range(int(str(target["due_per_week"])) // _WEEK):
        if dice.random() > _KEPT:
            continue
        evening = dice.random() < _NIGHT_SHARE
        hour = int(dice.integers(19, 24) if evening else dice.integers(8, 18))
        moment = datetime.combine(day, time(hour, int(dice.integers(0, 60))))
        stay = int(str(target["stay_minutes"] or 35)) + int(dice.integers(0, 8))
        off = dice.normal(0.0, 4e-5, 2)
        row: Row = {
            "kind": StopKind.PATROL.value,
            "name": target["name"],
            "place_code": place,
            "team": teams[place[:12]],
            "target_ref": target["external_id"],
            "arrived_at": moment,
            "left_at": moment + timedelta(minutes=stay),
            "is_police_led": flag(bool(dice.random() < _LED)),
            "household_count": None,
            "lon": round(x + float(off[0]), 6),
            "lat": round(y + float(off[1]), 6),
        }
        made.append((moment, row))
    return made


def _rounds(
    town: Town, community: Unit, day: date, offset: int, dice: np.random.Generator
) -> list[tuple[datetime, Row]]:
    """Visit one grid and inspect the next, in turn."""
    grids = [grid for grid in town.of("grid") if grid.parent == community.code]
    made = []
    for turn, kind in enumerate((StopKind.VISIT, StopKind.INSPECTION)):
        grid = grids[(offset + turn) % len(grids)]
        hour = int(dice.integers(17, 20) if kind is StopKind.VISIT else dice.integers(9, 17))
        moment = datetime.combine(day, time(hour, int(dice.integers(0, 60))))
        is_visit = kind is StopKind.VISIT
        inner = grid.shape.representative_point()
        row: Row = {
            "kind": kind.value,
            "name": grid.name,
            "place_code": grid.code,
            "team": f"{community.name}网格组",
            "target_ref": None,
            "arrived_at": moment,
            "left_at": moment + timedelta(minutes=int(dice.integers(35, 110))),
            "is_police_led": flag(is_visit and bool(dice.random() < _LED)),
            "household_count": int(dice.integers(4, 13)) if is_visit else None,
            **lonlat(town, inner.x, inner.y),
        }
        made.append((moment, row))
    return made


def _station_name(town: Town, community: Unit) -> str:
    return next(s.name for s in town.of("station") if s.code == community.station)
