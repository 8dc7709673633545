"""Write the incidents of a scenario: clustered in space, patterned in time, exact in number.

Used by the stories of the scenarios. Kinds and their mix: domain note 2.5; channels: 2.10.
"""

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import date, datetime, timedelta

import numpy as np

from data.scenarios.clock import draw_moments, later
from data.scenarios.spec import XY
from data.scenarios.spots import Mix, Spots
from data.vocabulary import CaseStatus, IncidentKind

Row = dict[str, object]


@dataclass(frozen=True)
class Habit:
    """Where and when a kind of thing happens, and in which words it is noted."""

    profile: str
    mix: Mix
    texts: tuple[str, ...]


HABITS: dict[IncidentKind, Habit] = {
    IncidentKind.CRIMINAL: Habit(
        "night", Mix(0.5, 0.15, 0.25, 0.1), ("电动自行车被盗", "车内财物被盗", "入室盗窃", "扒窃")
    ),
    IncidentKind.FRAUD: Habit(
        "day", Mix(0.05, 0.0, 0.85, 0.1), ("刷单诈骗", "冒充客服诈骗", "虚假投资理财", "虚假贷款")
    ),
    IncidentKind.PUBLIC_ORDER: Habit(
        "night", Mix(0.6, 0.15, 0.15, 0.1), ("殴打他人", "寻衅滋事", "赌博", "损毁财物", "酒后滋事")
    ),
    IncidentKind.TRAFFIC: Habit(
        "rush", Mix(0.45, 0.55, 0.0, 0.0), ("两车刮擦", "违停堵路", "路口拥堵", "电动车碰撞")
    ),
    IncidentKind.DISPUTE_CALL: Habit(
        "home", Mix(0.2, 0.05, 0.6, 0.15), ("邻里噪声纠纷", "消费纠纷", "家庭纠纷", "停车纠纷")
    ),
    IncidentKind.HELP: Habit(
        "home", Mix(0.25, 0.1, 0.55, 0.1), ("开锁求助", "财物遗失", "老人走失", "迷路求助")
    ),
    IncidentKind.DISASTER: Habit(
        "day", Mix(0.2, 0.0, 0.7, 0.1), ("厨房起火", "燃气异味", "楼道冒烟", "管道破裂漏水")
    ),
    IncidentKind.TIP: Habit(
        "day", Mix(0.4, 0.2, 0.3, 0.1), ("举报聚众赌博", "举报违规经营", "举报占道经营")
    ),
    IncidentKind.OTHER: Habit(
        "day", Mix(0.3, 0.15, 0.5, 0.05), ("政策咨询", "误拨", "转热线办理", "重复来电")
    ),
}
CHANNELS = {
    "call_110": 0.7, "hotline_12345": 0.08, "visit_or_phone": 0.1, "scan": 0.03, "tip": 0.03,
    "patrol": 0.03, "police_visit": 0.02, "video": 0.01,
}  # fmt: skip
OUTCOMES = {
    IncidentKind.CRIMINAL: "case_filed",
    IncidentKind.FRAUD: "case_filed",
    IncidentKind.PUBLIC_ORDER: "case_closed",
    IncidentKind.OTHER: "no_police_matter",
}
_TOWARDS_REPORT = timedelta(minutes=9)
_TOWARDS_ARRIVAL = timedelta(minutes=8)
_TOWARDS_CLOSING = timedelta(hours=5)


_REPEATS = 0.12
_REPEAT_REACH = 6
_REPEAT_SIGMA_M = 22.0


@dataclass(frozen=True)
class Wave:
    """Incidents of one span: how many of each kind, and in which communities (none: in all)."""

    since: date
    until: date
    counts: Mapping[IncidentKind, int]
    inside: frozenset[str] | None = None


def incident_rows(
    spots: Spots, waves: tuple[Wave, ...], as_of: date, dice: np.random.Generator
) -> list[Row]:
    """Draw the incidents of some spans, numbered in order of time.

    Parameters
    ----------
    spots
        Where things happen in the town.
    waves
        Spans with exact counts of each kind.
    as_of
        The day the files were written: nothing is later, what is unfinished then stays open.
    dice
        Source of chance.
    """
    drawn: list[tuple[datetime, str, Row]] = []
    for wave in waves:
        for kind, count in wave.counts.items():
            moments = draw_moments(dice, HABITS[kind].profile, count, wave.since, wave.until)
            points = _points(spots, HABITS[kind].mix, len(moments), wave.inside, dice)
            drawn += [
                (moment, kind.value, _row(spots, kind, moment, point, as_of, dice))
                for moment, point in zip(moments, points, strict=True)
            ]
    drawn.sort(key=lambda item: (item[0], item[1], str(item[2])))
    return [{"id": f"JQ{at:05d}", **row} for at, (_, _, row) in enumerate(drawn, 1)]


def _points(
    spots: Spots, mix: Mix, count: int, inside: frozenset[str] | None, dice: np.random.Generator
) -> list[XY]:
    """Draw places in order of time; about one in eight lies beside one of the few before it."""
    points: list[XY] = []
    for _ in range(count):
        if points and dice.random() < _REPEATS:
            x, y = points[-int(dice.integers(1, min(len(points), _REPEAT_REACH) + 1))]
            points.append(spots.beside(x, y, _REPEAT_SIGMA_M))
        else:
            points.append(spots.draw(mix, inside))
    return points


def _row(
    spots: Spots,
    kind: IncidentKind,
    moment: datetime,
    point: XY,
    as_of: date,
    dice: np.random.Generator,
) -> Row:
    habit, (x, y) = HABITS[kind], point
    reported = later(dice, moment, _TOWARDS_REPORT)
    handled = later(dice, reported, _TOWARDS_ARRIVAL)
    closed = later(dice, handled, _TOWARDS_CLOSING, 1.1)
    last = datetime.combine(as_of, datetime.min.time())
    is_closed = closed < last
    channel = str(dice.choice(list(CHANNELS), p=list(CHANNELS.values())))
    return {
        "kind": kind.value,
        "channel": channel,
        "occurred_at": moment,
        "reported_at": min(reported, last - timedelta(minutes=1)),
        "handled_at": handled if handled < last else None,
        "closed_at": closed if is_closed else None,
        "status": (CaseStatus.CLOSED if is_closed else CaseStatus.HANDLING).value,
        "outcome": OUTCOMES.get(kind, "settled_on_site") if is_closed else None,
        "description": str(dice.choice(habit.texts)),
        **place_fields(spots, x, y),
    }


def place_fields(spots: Spots, x: float, y: float) -> Row:
    """Give longitude, latitude (six decimals, about 0.1 m) and the community stated in the file."""
    lon, lat = spots.town.plane.to_lonlat(np.array([[x, y]]))[0]
    grid = spots.grid_at(x, y)
    return {
        "lon": round(float(lon), 6),
        "lat": round(float(lat), 6),
        "stated_unit": grid.parent if grid else None,
    }


def without_place(rows: list[Row], unlocated: int, outside: list[tuple[float, float]]) -> None:
    """Take coordinates off some rows and move some out of town, in place; counts stay.

    Parameters
    ----------
    rows
        Incidents by number.
    unlocated
        How many lose their coordinates; they keep the stated community.
    outside
        Longitudes and latitudes outside every grid, one for each row that is moved there.
    """
    step = len(rows) // (unlocated + len(outside) + 1)
    chosen = [rows[step * (i + 1)] for i in range(unlocated + len(outside))]
    for row in chosen[:unlocated]:
        row["lon"] = row["lat"] = None
    for row, (lon, lat) in zip(chosen[unlocated:], outside, strict=True):
        row.update(lon=lon, lat=lat, stated_unit=None)
