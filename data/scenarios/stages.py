"""Tell the stages of a case between its acceptance and its end, and what the asker said of it.

Used by the writers of hazards and disputes. Limits by level: domain note 2.9; asked, solved and
satisfied: 1.7 (K19).
"""

from datetime import datetime, timedelta

import numpy as np

from data.scenarios.incidents import Row
from data.vocabulary import CaseLevel, CaseLoop, CaseStatus

_LEVELS = (
    (1, CaseLevel.GRID), (3, CaseLevel.COMMUNITY), (7, CaseLevel.SUBDISTRICT),
    (15, CaseLevel.COUNTY),
)  # fmt: skip
_POLICE_CHANNELS = frozenset({"police_visit", "call_110", "patrol"})
_MINUTES_A_DAY = 24 * 60
_SHARES = {
    "joint": 0.25, "rework": 0.06, "redispatch": 0.07, "suspended": 0.06, "contacted": 0.96,
    "surveyed": 0.7, "solved": 0.9, "satisfied": 0.88,
}  # fmt: skip
_STARTED = frozenset({CaseStatus.REPORTED.value})


def flag(value: bool | None) -> str | None:  # noqa: FBT001 - the value that is written
    """Write yes or no as the files do; nothing where it is not known."""
    return None if value is None else "true" if value else "false"


def reported_at(found: datetime, accepted: object) -> datetime:
    """Give when a case was reported: a third of the way from finding to acceptance, to a minute."""
    if not isinstance(accepted, datetime):
        return found
    return found + timedelta(minutes=int((accepted - found).total_seconds() / 60 / 3))


def stages(course: Row, limit_days: int, channel: str, dice: np.random.Generator) -> Row:
    """Give the columns of a case's stages from where it stands.

    Parameters
    ----------
    course
        `accepted_at`, `closed_at` and `status` of the case.
    limit_days
        Limit in calendar days; the level at which the case lies follows from it.
    channel
        How it came to be known; what the police found stays mostly in their own loop.
    dice
        Source of chance; the same number of draws for every case.
    """
    draws = dict(zip(_SHARES, dice.random(len(_SHARES)).tolist(), strict=True))
    hits = {name: draws[name] < share for name, share in _SHARES.items()}
    parts = dice.uniform((0.02, 0.08, 0.62, 0.85), (0.06, 0.2, 0.8, 0.97)).tolist()
    waited = int(dice.integers(240, 2_880))
    accepted, closed = course["accepted_at"], course["closed_at"]
    level = next((name for days, name in _LEVELS if limit_days <= days), CaseLevel.COUNTY)
    in_police = channel in _POLICE_CHANNELS and not hits["joint"]
    told: Row = dict.fromkeys(("filed_at", "assigned_at", "handled_at", "verified_at"))
    told |= {
        "level": level.value,
        "loop": (CaseLoop.POLICE if in_police else CaseLoop.JOINT).value,
        "limit_minutes": limit_days * _MINUTES_A_DAY,
        "suspended_minutes": None,
        "rework_count": None,
        "dispatch_count": None,
        "is_contacted": None,
        "is_solved": None,
        "is_satisfied": None,
    }
    if not isinstance(accepted, datetime) or course["status"] in _STARTED:
        return told
    told["is_contacted"] = flag(hits["contacted"])
    told["dispatch_count"] = 2 if hits["redispatch"] else 1
    if not isinstance(closed, datetime):
        told["filed_at"] = accepted + timedelta(minutes=20)
        told["assigned_at"] = accepted + timedelta(minutes=55)
        return told
    span = closed - accepted
    for name, part in zip(
        ("filed_at", "assigned_at", "handled_at", "verified_at"), parts, strict=True
    ):
        told[name] = accepted + timedelta(minutes=int(span.total_seconds() / 60 * part))
    told["rework_count"] = 1 if hits["rework"] else 0
    if hits["suspended"] and span > timedelta(minutes=2 * waited):
        told["suspended_minutes"] = waited
    if hits["surveyed"]:
        told["is_solved"] = flag(hits["solved"])
        told["is_satisfied"] = flag(hits["solved"] and hits["satisfied"])
    return told
