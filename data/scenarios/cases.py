"""Write the hazards and disputes of a scenario, with limits, states and some left overdue.

Used by the stories of the scenarios. Kinds: domain note 2.6 and 2.7; limits: 2.9.
"""

from dataclasses import dataclass
from datetime import date, datetime, timedelta
from typing import TypeVar

import numpy as np

from data.scenarios.clock import draw_moments, later
from data.scenarios.incidents import Habit, Row, place_fields
from data.scenarios.spots import Mix, Spots
from data.scenarios.stages import flag, reported_at, stages
from data.vocabulary import CaseStatus, DisputeKind, HazardKind, Severity
from geo.apportion import apportion

_K = TypeVar("_K")
_AT_HOME = Mix(0.1, 0.05, 0.8, 0.05)
_IN_STREET = Mix(0.3, 0.6, 0.1, 0.0)
_IN_PUBLIC = Mix(0.3, 0.1, 0.2, 0.4)

HAZARDS: dict[HazardKind, tuple[float, Habit]] = {
    HazardKind.FIRE: (0.24, Habit("work", _AT_HOME, ("消防通道占用", "楼道堆物", "灭火器过期"))),
    HazardKind.EBIKE: (0.18, Habit("home", _AT_HOME, ("飞线充电", "电动车进楼入户", "违规停放"))),
    HazardKind.ELECTRICITY: (0.1, Habit("work", _AT_HOME, ("线路老化", "私拉乱接", "配电箱敞开"))),
    HazardKind.GAS: (0.07, Habit("work", _AT_HOME, ("燃气软管老化", "未装报警器", "瓶装气违规"))),
    HazardKind.BUILDING: (0.11, Habit("day", _AT_HOME, ("外墙脱落", "空调架松动", "井盖破损"))),
    HazardKind.ROAD: (0.12, Habit("rush", _IN_STREET, ("路面坑槽", "转弯盲区", "路灯不亮"))),
    HazardKind.NATURAL: (0.03, Habit("day", _IN_STREET, ("易积水点", "坡面落石", "路面结冰"))),
    HazardKind.SECURITY: (0.09, Habit("night", _IN_PUBLIC, ("监控盲区", "照明不足", "门禁损坏"))),
    HazardKind.FACILITY: (0.04, Habit("day", _IN_PUBLIC, ("健身器材损坏", "电梯异响", "枯树"))),
    HazardKind.OTHER: (0.02, Habit("day", _IN_PUBLIC, ("杂物堆放", "围挡倾斜"))),
}
DISPUTES: dict[DisputeKind, tuple[float, Habit]] = {
    DisputeKind.NEIGHBOUR: (0.28, Habit("home", _AT_HOME, ("邻里噪声纠纷", "漏水纠纷"))),
    DisputeKind.FAMILY: (0.14, Habit("home", _AT_HOME, ("家庭琐事纠纷", "赡养纠纷"))),
    DisputeKind.PROPERTY: (0.14, Habit("day", _AT_HOME, ("物业费纠纷", "停车位纠纷"))),
    DisputeKind.CONTRACT: (0.1, Habit("work", _IN_PUBLIC, ("租房合同纠纷", "借款纠纷"))),
    DisputeKind.LABOUR: (0.1, Habit("work", _IN_PUBLIC, ("工资拖欠纠纷", "用工纠纷"))),
    DisputeKind.CONSUMER: (0.08, Habit("day", _IN_PUBLIC, ("购物退换纠纷", "餐饮消费纠纷"))),
    DisputeKind.DAMAGE: (0.07, Habit("day", _IN_STREET, ("财物损坏赔偿纠纷",))),
    DisputeKind.TRAFFIC: (0.04, Habit("rush", _IN_STREET, ("轻微事故赔偿纠纷",))),
    DisputeKind.PUBLIC_SPACE: (0.03, Habit("home", _IN_PUBLIC, ("广场活动扰民纠纷",))),
    DisputeKind.OTHER: (0.02, Habit("day", _AT_HOME, ("其他纠纷",))),
}
_FOUND_BY = {
    "grid_inspection": 0.5, "police_visit": 0.15, "special_survey": 0.14, "scan": 0.05,
    "hotline_12345": 0.06, "smoke_alarm": 0.05, "superior": 0.05,
}  # fmt: skip
_HEARD_BY = {
    "grid_inspection": 0.3, "police_visit": 0.2, "visit_or_phone": 0.25, "hotline_12345": 0.15,
    "call_110": 0.1,
}  # fmt: skip
_GRADES = {
    Severity.MAJOR: 0.07, Severity.SERIOUS: 0.2, Severity.GENERAL: 0.5, Severity.LOW: 0.23,
}  # fmt: skip
_LIMIT_DAYS = {Severity.MAJOR: 15, Severity.SERIOUS: 7, Severity.GENERAL: 3, Severity.LOW: 1}
_STUCK = (CaseStatus.SUSPENDED, CaseStatus.HANDLING, CaseStatus.DISPATCHED, CaseStatus.EXTENDED)
_STUCK_SHARE = 0.12
_DISPUTE_LIMIT_DAYS = 15
_ROOT_KINDS = frozenset({"H10", "H11", "H40", "H80"})
_MEDIATION = timedelta(days=4)


@dataclass(frozen=True)
class CaseOrder:
    """How many cases, in which half-open span; the files were written on `until`.

    `unsettled` is the number of disputes not resolved; about `rooted` disputes name the hazard at
    their root. `first` is the number of the first case.
    """

    count: int
    since: date
    until: date
    unsettled: int = 1
    rooted: int = 1
    first: int = 1


def hazard_rows(spots: Spots, order: CaseOrder, dice: np.random.Generator) -> list[Row]:
    """Draw hazards, numbered in order of time; about one in eight stays unmended past its limit."""
    drawn: list[tuple[datetime, Row]] = []
    last = datetime.combine(order.until, datetime.min.time())
    kinds = _kinds({kind: share for kind, (share, _) in HAZARDS.items()}, order.count)
    for kind, count in kinds.items():
        habit = HAZARDS[kind][1]
        for moment in draw_moments(dice, habit.profile, count, order.since, order.until):
            grade = list(_GRADES)[int(dice.choice(len(_GRADES), p=list(_GRADES.values())))]
            channel = str(dice.choice(list(_FOUND_BY), p=list(_FOUND_BY.values())))
            x, y = spots.draw(habit.mix)
            course = _course(moment, _LIMIT_DAYS[grade], last, dice)
            row: Row = {
                "kind": kind.value,
                "severity": grade.value,
                "is_major": flag(grade is Severity.MAJOR),
                "channel": channel,
                "occurred_at": moment,
                "reported_at": reported_at(moment, course["accepted_at"]),
                "due_at": moment + timedelta(days=_LIMIT_DAYS[grade]),
                **course,
                **stages(course, _LIMIT_DAYS[grade], channel, dice),
                "description": str(dice.choice(habit.texts)),
                **place_fields(spots, x, y),
            }
            drawn.append((moment, row))
    drawn.sort(key=lambda item: (item[0], str(item[1])))
    return [{"id": f"YH{at:05d}", **row} for at, (_, row) in enumerate(drawn, order.first)]


def _course(moment: datetime, limit_days: int, last: datetime, dice: np.random.Generator) -> Row:
    """Say how far a hazard has come by the last day."""
    closed = later(dice, moment, timedelta(days=limit_days * 0.55), 0.7)
    stuck = dice.random() < _STUCK_SHARE
    status = _STUCK[int(dice.integers(len(_STUCK)))]
    accepted = later(dice, moment, timedelta(minutes=40))
    if accepted >= last:
        return {"accepted_at": None, "closed_at": None, "status": CaseStatus.REPORTED.value}
    if stuck or closed >= last:
        state = status if stuck else CaseStatus.HANDLING
        return {"accepted_at": accepted, "closed_at": None, "status": state.value}
    closed = max(closed, accepted + timedelta(minutes=5))
    return {"accepted_at": accepted, "closed_at": closed, "status": CaseStatus.CLOSED.value}


def dispute_rows(
    spots: Spots, order: CaseOrder, hazards: list[Row], dice: np.random.Generator
) -> list[Row]:
    """Draw disputes, numbered in order of time; some stand beside the hazard they name.

    A dispute whose root hazard is still open stays open.
    """
    drawn: list[tuple[datetime, str, Habit]] = []
    kinds = _kinds({kind: share for kind, (share, _) in DISPUTES.items()}, order.count)
    last = datetime.combine(order.until, datetime.min.time())
    for kind, count in kinds.items():
        habit = DISPUTES[kind][1]
        days = (order.since, order.until - timedelta(days=3))
        drawn += [(m, kind.value, habit) for m in draw_moments(dice, habit.profile, count, *days)]
    drawn.sort(key=lambda item: (item[0], item[1]))
    latest = np.arange(order.count)[-3 * order.unsettled :]
    still_open = set(dice.choice(latest, size=order.unsettled, replace=False).tolist())
    every = order.count // order.rooted
    roots = [h for h in hazards if h["kind"] in _ROOT_KINDS and _is_past(h, last)]
    rows: list[Row] = []
    for at, (moment, key, habit) in enumerate(drawn):
        row = _dispute(key, moment, habit, spots, dice)
        root = _root_of(roots, moment, at in still_open) if at % every == every // 2 else None
        row.update(_mediation(moment, dice, last, is_open=at in still_open))
        if root is not None:
            row.update({key: root[key] for key in ("lon", "lat", "stated_unit")})
            row["root_hazard_ref"] = root["id"]
            row["closed_at"] = _after(row["closed_at"], root["closed_at"])
        row["reported_at"] = reported_at(moment, row["accepted_at"])
        row.update(stages(row, _DISPUTE_LIMIT_DAYS, str(row["channel"]), dice))
        rows.append({"id": f"JF{at + order.first:05d}", **row})
    return rows


def _dispute(
    kind: str, moment: datetime, habit: Habit, spots: Spots, dice: np.random.Generator
) -> Row:
    x, y = spots.draw(habit.mix)
    grade = Severity.SERIOUS if dice.random() < 0.15 else Severity.GENERAL  # noqa: PLR2004 - share
    return {
        "kind": kind,
        "severity": grade.value,
        "channel": str(dice.choice(list(_HEARD_BY), p=list(_HEARD_BY.values()))),
        "occurred_at": moment,
        "due_at": moment + timedelta(days=_DISPUTE_LIMIT_DAYS),
        "root_hazard_ref": None,
        "description": str(dice.choice(habit.texts)),
        **place_fields(spots, x, y),
    }


def _mediation(
    moment: datetime, dice: np.random.Generator, last: datetime, *, is_open: bool
) -> Row:
    accepted = later(dice, moment, timedelta(minutes=90))
    closed = min(later(dice, accepted, _MEDIATION), last - timedelta(hours=9))
    state = CaseStatus.HANDLING if is_open else CaseStatus.CLOSED
    return {
        "accepted_at": accepted,
        "closed_at": None if is_open else max(closed, accepted + timedelta(minutes=20)),
        "status": state.value,
        "outcome": "mediating" if is_open else "resolved",
    }


def _is_past(hazard: Row, last: datetime) -> bool:
    closed = hazard["closed_at"]
    return not isinstance(closed, datetime) or closed < last - timedelta(days=1)


def _root_of(roots: list[Row], moment: datetime, is_open: bool) -> Row | None:  # noqa: FBT001 - the state of the dispute
    """Give the latest hazard found before a dispute and mended, or not, as the dispute is."""
    found = [
        hazard
        for hazard in roots
        if isinstance(hazard["occurred_at"], datetime)
        and hazard["occurred_at"] < moment
        and (hazard["closed_at"] is None) == is_open
    ]
    return found[-1] if found else None


def _after(closed: object, mended: object) -> object:
    """Close a dispute no earlier than half an hour after its root hazard is gone."""
    if isinstance(closed, datetime) and isinstance(mended, datetime):
        return max(closed, mended + timedelta(minutes=30))
    return closed


def _kinds(shares: dict[_K, float], total: int) -> dict[_K, int]:
    """Divide a total by shares; of equal remainders the first name's first."""
    kinds = sorted(shares, key=str)
    counts = apportion(total, [shares[kind] for kind in kinds]).tolist()
    found = dict(zip(kinds, counts, strict=True))
    return {kind: found[kind] for kind in shares}
