"""Tell single cases step by step: a hazard with its time line, a dispute with its root.

Used by the stories of the scenarios. Columns are named as the fields of hazards, disputes and
steps. Steps follow `data.lifecycle`; notes speak of bodies, never of persons.
"""

from collections.abc import Sequence
from dataclasses import dataclass, field
from datetime import datetime, timedelta

from data.scenarios.incidents import Row, place_fields
from data.scenarios.spots import Spots
from data.scenarios.stages import flag
from data.scenarios.town import Unit
from data.vocabulary import (
    CaseLevel,
    CaseLoop,
    CaseStatus,
    DisputeKind,
    EventLayer,
    HazardKind,
    Severity,
)

_LIMIT_DAYS = 7
_AFTER = {
    "report": CaseStatus.REPORTED, "accept": CaseStatus.ACCEPTED, "file": CaseStatus.FILED,
    "dispatch": CaseStatus.DISPATCHED, "start": CaseStatus.HANDLING, "finish": CaseStatus.HANDLED,
    "verify": CaseStatus.VERIFIED, "close": CaseStatus.CLOSED,
}  # fmt: skip
_STAMP_OF = {
    "accept": "accepted_at", "file": "filed_at", "dispatch": "assigned_at",
    "finish": "handled_at", "verify": "verified_at", "close": "closed_at",
}  # fmt: skip
_ROLES = {"report": "officer", "accept": "deputy_secretary", "file": "deputy_secretary"}
_HOURS = {
    "accept": 2, "file": 26, "dispatch": 30, "start": 49, "finish": 98, "verify": 116,
    "close": 122,
}  # fmt: skip


@dataclass(frozen=True)
class Single:
    """One case: its id, when and where it was found, in which words; notes by action."""

    key: str
    found: datetime
    unit: Unit
    text: str
    notes: dict[str, str] = field(default_factory=dict)


def hazard_of(
    spots: Spots, single: Single, kind: HazardKind, actions: Sequence[str]
) -> tuple[Row, list[Row]]:
    """Give a hazard that has come as far as its last action, and its time line from the report.

    Parameters
    ----------
    actions
        What was done after the report, in order.
    """
    home = next(g for g in spots.grids if g.parent == single.unit.code).shape
    inner = home.representative_point()
    status = CaseStatus.REPORTED
    row: Row = {
        "id": single.key,
        "kind": kind.value,
        "severity": Severity.SERIOUS.value,
        "is_major": "false",
        "channel": "police_visit",
        "occurred_at": single.found,
        "reported_at": single.found,
        "due_at": single.found + timedelta(days=_LIMIT_DAYS),
        "level": CaseLevel.COMMUNITY.value,
        "loop": CaseLoop.JOINT.value,
        "limit_minutes": _LIMIT_DAYS * 24 * 60,
        "rework_count": 0,
        "dispatch_count": 1,
        "is_contacted": "true",
        "description": single.text,
        **place_fields(spots, inner.x, inner.y),
    }
    steps = [_step(single, 1, "report", None, single.found)]
    for number, action in enumerate(actions, 2):
        moment = single.found + timedelta(hours=_HOURS[action])
        steps.append(_step(single, number, action, status, moment))
        status = _AFTER[action]
        if action in _STAMP_OF:
            row[_STAMP_OF[action]] = moment
    is_closed = status is CaseStatus.CLOSED
    row |= {"status": status.value, "is_solved": flag(True) if is_closed else None}
    row["is_satisfied"] = row["is_solved"]
    return row, steps


def dispute_of(single: Single, root: Row, kind: DisputeKind, *, settled_after_days: int) -> Row:
    """Give a settled dispute that names the hazard at its root, whatever became of that."""
    accepted = single.found + timedelta(minutes=40)
    closed = single.found + timedelta(days=settled_after_days)
    return {
        "id": single.key,
        "kind": kind.value,
        "severity": Severity.GENERAL.value,
        "channel": "visit_or_phone",
        "occurred_at": single.found,
        "reported_at": single.found,
        "due_at": single.found + timedelta(days=15),
        "root_hazard_ref": root["id"],
        "description": single.text,
        "lon": root["lon"],
        "lat": root["lat"],
        "stated_unit": root["stated_unit"],
        "accepted_at": accepted,
        "filed_at": accepted + timedelta(minutes=30),
        "assigned_at": accepted + timedelta(hours=2),
        "handled_at": closed - timedelta(hours=5),
        "verified_at": closed - timedelta(hours=1),
        "closed_at": closed,
        "status": CaseStatus.CLOSED.value,
        "outcome": "resolved",
        "level": CaseLevel.COMMUNITY.value,
        "loop": CaseLoop.JOINT.value,
        "limit_minutes": 15 * 24 * 60,
        "rework_count": 0,
        "dispatch_count": 1,
        "is_contacted": "true",
        "is_solved": "true",
        "is_satisfied": "true",
    }


def _step(
    single: Single, number: int, action: str, before: CaseStatus | None, moment: datetime
) -> Row:
    return {
        "layer": EventLayer.HAZARDS.value,
        "external_id": single.key,
        "sequence": number,
        "at": moment,
        "role": _ROLES.get(action, "officer"),
        "action": action,
        "status_before": before.value if before else None,
        "status_after": _AFTER[action].value,
        "level": CaseLevel.COMMUNITY.value,
        "note": single.notes.get(action),
    }
