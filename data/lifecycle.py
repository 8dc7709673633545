"""Say how a hazard or dispute may move through its life: states, actions, roles, limits, light.

Used by `data.repositories.cases`, the screens and the figures. Pure: no rows, no clock of its own.
Knows nothing of sentences. Source: domain note 2.9 (states, limits) and 2.8 (light at 80 and 100 %
of the limit); decisions: `docs/adr/0012-lifecycle.md`. An imported state that is none of ours
counts as `reported`.
"""

from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from enum import StrEnum
from typing import Final
from zoneinfo import ZoneInfo

from data.errors import AccessRefused, DataError
from data.viewer import Role
from data.vocabulary import CLOSED_STATES, UNCOUNTED_STATES, CaseLevel, CaseStatus, Severity


class CaseAction(StrEnum):
    """What can be done to a case."""

    REPORT = "report"
    ACCEPT = "accept"
    DECLINE = "decline"
    FILE = "file"
    DISPATCH = "dispatch"
    START = "start"
    FINISH = "finish"
    VERIFY = "verify"
    REJECT = "reject"
    CLOSE = "close"
    REOPEN = "reopen"
    RETURN = "return"
    EXTEND = "extend"
    SUSPEND = "suspend"
    RESUME = "resume"
    ESCALATE = "escalate"
    SUPERVISE = "supervise"
    VOID = "void"


class Demand(StrEnum):
    """What an action asks to be told."""

    NOTE = "note"
    EVIDENCE = "evidence"
    DUE = "due"
    LEVEL = "level"


class Light(StrEnum):
    """Where the clock of a case stands; `none` without a limit, or when nothing waits."""

    GREEN = "green"
    YELLOW = "yellow"
    RED = "red"
    STOPPED = "stopped"
    NONE = "none"


_OFFICE: Final = frozenset({Role.STEWARD, Role.DEPUTY_SECRETARY, Role.OFFICER})
_FIELD: Final = _OFFICE | {Role.GRID_MEMBER}
_CHIEF: Final = frozenset({Role.STEWARD, Role.DEPUTY_SECRETARY})
_S, _A = CaseStatus, CaseAction

ROLES: Final[Mapping[CaseAction, frozenset[Role]]] = {
    **dict.fromkeys((_A.ACCEPT, _A.DECLINE, _A.FILE, _A.DISPATCH, _A.CLOSE, _A.RESUME), _OFFICE),
    **dict.fromkeys(
        (_A.REPORT, _A.START, _A.FINISH, _A.VERIFY, _A.REJECT, _A.REOPEN, _A.RETURN, _A.ESCALATE),
        _FIELD,
    ),
    **dict.fromkeys((_A.EXTEND, _A.SUSPEND, _A.SUPERVISE, _A.VOID), _CHIEF),
}
"""Who may do what, wherever the table of transitions has it."""

DEMANDS: Final[Mapping[CaseAction, tuple[Demand, ...]]] = {
    **dict.fromkeys((_A.FINISH, _A.VERIFY), (Demand.EVIDENCE,)),
    **dict.fromkeys(
        (_A.DECLINE, _A.REJECT, _A.REOPEN, _A.RETURN, _A.SUSPEND, _A.SUPERVISE, _A.VOID),
        (Demand.NOTE,),
    ),
    _A.EXTEND: (Demand.DUE, Demand.NOTE),
    _A.ESCALATE: (Demand.LEVEL, Demand.NOTE),
}
"""What must be told with an action; those not listed need nothing."""

_WORK: Final[Mapping[CaseAction, CaseStatus]] = {
    _A.FINISH: _S.HANDLED, _A.EXTEND: _S.EXTENDED, _A.SUSPEND: _S.SUSPENDED,
    _A.ESCALATE: _S.DISPATCHED, _A.RETURN: _S.RETURNED, _A.VOID: _S.VOID,
}  # fmt: skip
_OUT: Final = {_A.DISPATCH: _S.DISPATCHED, _A.ESCALATE: _S.DISPATCHED, _A.VOID: _S.VOID}
_START: Final = {_A.START: _S.HANDLING}
_TABLE: Final[Mapping[CaseStatus, Mapping[CaseAction, CaseStatus]]] = {
    _S.REPORTED: {_A.ACCEPT: _S.ACCEPTED, _A.DECLINE: _S.NOT_ACCEPTED, _A.VOID: _S.VOID},
    _S.ACCEPTED: {_A.FILE: _S.FILED, **_START, **_OUT},
    _S.FILED: {**_START, **_OUT, _A.SUSPEND: _S.SUSPENDED},
    _S.DISPATCHED: {**_START, **{k: v for k, v in _WORK.items() if k is not _A.FINISH}},
    _S.HANDLING: _WORK,
    _S.EXTENDED: {**_START, **_WORK},
    _S.REWORK: {**_START, **_WORK},
    _S.RETURNED: {**_OUT, _A.DECLINE: _S.NOT_ACCEPTED},
    _S.SUSPENDED: {_A.RESUME: _S.HANDLING, _A.VOID: _S.VOID},
    _S.HANDLED: {_A.VERIFY: _S.VERIFIED, _A.REJECT: _S.REWORK},
    _S.VERIFIED: {_A.CLOSE: _S.CLOSED, _A.REJECT: _S.REWORK},
    _S.CLOSED: {_A.REOPEN: _S.REWORK},
}
WAITING_STATES: Final = frozenset(set(_S) - CLOSED_STATES - UNCOUNTED_STATES)
"""States in which somebody still has to do something."""
_SUPERVISED: Final = sorted(WAITING_STATES - {_S.REPORTED, _S.SUSPENDED})

TRANSITIONS: Final[Mapping[tuple[CaseStatus, CaseAction], CaseStatus]] = {
    (status, action): after for status, row in _TABLE.items() for action, after in row.items()
} | {(status, _A.SUPERVISE): status for status in _SUPERVISED}
"""State and action → state after it; `supervise` leaves the state as it is."""

TERMINAL_STATES: Final = frozenset({_S.NOT_ACCEPTED, _S.VOID})
"""Nothing leads out of these; `closed` is left only when the thing comes back (`reopen`)."""
OWN_WORK: Final = frozenset({_A.REPORT, _A.START, _A.FINISH})
"""Whoever did one of these to a case may not verify it: the second person's check."""
LEVELS: Final = tuple(CaseLevel)
YELLOW_FROM: Final = 0.8
RED_ABOVE: Final = 1.0
SAME_DAY: Final = 0
_MINUTE: Final = timedelta(minutes=1)


@dataclass(frozen=True, slots=True)
class Limits:
    """Default limits in minutes, editable as setting `case_limits`.

    Attributes
    ----------
    grid, community, subdistrict, county
        From acceptance until the case must be closed at that level; `SAME_DAY` (0) is the end of
        the local day, though never less than `urgent`.
    urgent, general
        From the report until somebody must have accepted it: major severity, and all others.
    """

    grid: int = SAME_DAY
    community: int = 3 * 1440
    subdistrict: int = 7 * 1440
    county: int = 15 * 1440
    urgent: int = 120
    general: int = 1440

    @classmethod
    def from_setting(cls, value: object) -> "Limits":
        """Read a setting; what is missing or no whole number of minutes keeps its default."""
        if not isinstance(value, Mapping):
            return cls()
        known = {
            name: minutes
            for name, minutes in value.items()
            if name in cls.__dataclass_fields__
            and isinstance(minutes, int)
            and not isinstance(minutes, bool)
            and minutes >= (0 if name == "grid" else 1)
        }
        return cls(**known)

    def accept_by(self, severity: str | None, reported_at: datetime) -> datetime:
        """Until when a report must be accepted or declined."""
        minutes = self.urgent if severity == Severity.MAJOR else self.general
        return reported_at + minutes * _MINUTE

    def close_by(self, level: CaseLevel, accepted_at: datetime, tz: str) -> datetime:
        """Until when an accepted case must be closed at a level; `tz` says when the day ends."""
        minutes = int(getattr(self, level.value))
        if minutes != SAME_DAY:
            return accepted_at + minutes * _MINUTE
        local = accepted_at.astimezone(ZoneInfo(tz))
        midnight = (local + timedelta(days=1)).replace(hour=0, minute=0, second=0, microsecond=0)
        return max(midnight, accepted_at + self.urgent * _MINUTE)


@dataclass(frozen=True, slots=True)
class Rules:
    """Limits, and the zone whose days `same day` means."""

    limits: Limits = field(default_factory=Limits)
    tz: str = "Asia/Shanghai"


@dataclass(frozen=True, slots=True)
class CaseState:
    """What the rules need to know of a case.

    Attributes
    ----------
    started_at
        When its clock began: accepted, else reported, else found.
    suspended_minutes
        Pauses that have ended; `due_at` already lies later by them.
    workers
        Actors who reported, started or finished it (`OWN_WORK`).
    """

    status: CaseStatus = CaseStatus.REPORTED
    level: CaseLevel = CaseLevel.GRID
    severity: str | None = None
    started_at: datetime | None = None
    due_at: datetime | None = None
    suspended_at: datetime | None = None
    suspended_minutes: int = 0
    rework_count: int = 0
    dispatch_count: int = 0
    workers: frozenset[str] = field(default_factory=frozenset)


@dataclass(frozen=True, slots=True)
class Move:
    """One action with what was told: `note` also carries the evidence. Moments are aware."""

    action: CaseAction
    note: str = ""
    due_at: datetime | None = None
    level: CaseLevel | None = None


@dataclass(frozen=True, slots=True)
class Outcome:
    """What a move makes of a case: the new state, and the columns that change with it."""

    status: CaseStatus
    level: CaseLevel
    changes: Mapping[str, object]


def status_of(code: str | None) -> CaseStatus:
    """Read a stored state; an unknown or missing one counts as `reported`."""
    return CaseStatus(code) if code in set(CaseStatus) else CaseStatus.REPORTED


def allowed_actions(
    status: CaseStatus, role: Role, *, actor: str = "", workers: frozenset[str] = frozenset()
) -> tuple[CaseAction, ...]:
    """List what a role may do in a state, in the order of the table.

    Parameters
    ----------
    actor, workers
        Who asks, and who worked on the case: nobody verifies what is their own.
    """
    return tuple(
        action
        for (before, action) in TRANSITIONS
        if before is status
        and role in ROLES[action]
        and not (action is CaseAction.VERIFY and actor in workers)
    )


def apply(
    state: CaseState, move: Move, *, actor: str, role: Role, now: datetime, rules: Rules
) -> Outcome:
    """Work out what a move makes of a case.

    Parameters
    ----------
    now
        Aware moment of the move.
    rules
        Limits and the zone whose days they are counted in.

    Raises
    ------
    DataError
        `case_move_impossible`: the state has no such action; `case_needs`: something demanded is
        missing; `case_due_not_later`, `case_level_not_higher`.
    AccessRefused
        `case_role_refused`, `case_second_person`.
    """
    after = TRANSITIONS.get((state.status, move.action))
    if after is None:
        raise DataError("case_move_impossible", action=move.action.value, state=state.status.value)
    if role not in ROLES[move.action]:
        raise AccessRefused("case_role_refused", role=role.value, action=move.action.value)
    if move.action is CaseAction.VERIFY and actor in state.workers:
        raise AccessRefused("case_second_person", actor=actor)
    _check_demands(state, move, now)
    level = move.level if move.action is CaseAction.ESCALATE and move.level else state.level
    changes: dict[str, object] = {"status": after.value, "level": level.value}
    changes |= _stamps(state, move, now)
    changes |= _clock(state, move, now, rules)
    return Outcome(after, level, changes)


def light(state: CaseState, now: datetime) -> Light:
    """Give the light: green below 80 % of the limit, red above 100 %, yellow between (both ends).

    Suspended cases stand still (`stopped`); closed, void and declined ones, and those without a
    limit, have none. A limit that ended before the clock began is red once it has passed.
    """
    if state.status not in WAITING_STATES:
        return Light.NONE
    if state.status is CaseStatus.SUSPENDED or state.suspended_at is not None:
        return Light.STOPPED
    share = used_share(state, now)
    if share is None:
        return Light.NONE
    if share > RED_ABOVE:
        return Light.RED
    return Light.YELLOW if share >= YELLOW_FROM else Light.GREEN


def used_share(state: CaseState, now: datetime) -> float | None:
    """Give the share of the limit that is used (1 = 100 %); None without a limit or a start."""
    if state.due_at is None:
        return None
    start = state.started_at or state.due_at
    paused = state.suspended_minutes * _MINUTE
    at = state.suspended_at or now
    whole = (state.due_at - start - paused).total_seconds()
    if whole <= 0:
        return 2.0 if at > state.due_at else RED_ABOVE
    return (at - start - paused).total_seconds() / whole


def is_root_open(dispute: CaseStatus, hazard: CaseStatus) -> bool:
    """Whether a dispute is closed while the hazard at its root still waits.

    The dispute may be closed all the same (two-stage closure); it is counted as `root_open`.
    """
    return dispute in CLOSED_STATES and hazard in WAITING_STATES


def _check_demands(state: CaseState, move: Move, now: datetime) -> None:
    for demand in DEMANDS.get(move.action, ()):
        told: object = move.note.strip()
        if demand is Demand.DUE:
            told = move.due_at
        elif demand is Demand.LEVEL:
            told = move.level
        if not told:
            raise DataError("case_needs", action=move.action.value, demand=demand.value)
    if move.action is CaseAction.EXTEND and move.due_at is not None:
        earliest = max(state.due_at or now, now)
        if move.due_at <= earliest:
            raise DataError("case_due_not_later", asked=move.due_at, current=earliest)
    is_up = move.action is CaseAction.ESCALATE and move.level is not None
    if is_up and LEVELS.index(move.level or state.level) <= LEVELS.index(state.level):
        raise DataError("case_level_not_higher", asked=str(move.level), current=state.level.value)


_STAMPS: Final[Mapping[CaseAction, str]] = {
    _A.ACCEPT: "accepted_at", _A.FILE: "filed_at", _A.DISPATCH: "assigned_at",
    _A.ESCALATE: "assigned_at", _A.FINISH: "handled_at", _A.VERIFY: "verified_at",
    _A.CLOSE: "closed_at",
}  # fmt: skip


def _stamps(state: CaseState, move: Move, now: datetime) -> dict[str, object]:
    """Say which stamps and counters a move sets, and which it takes back."""
    changes: dict[str, object] = {}
    if move.action in _STAMPS:
        changes[_STAMPS[move.action]] = now
    if move.action in {CaseAction.REJECT, CaseAction.REOPEN}:
        changes |= {"handled_at": None, "verified_at": None, "closed_at": None}
        changes |= {"rework_count": state.rework_count + 1, "is_solved": False}
    if move.action in {CaseAction.DISPATCH, CaseAction.ESCALATE}:
        changes["dispatch_count"] = state.dispatch_count + 1
    if move.action is CaseAction.CLOSE:
        changes["is_solved"] = True
    return changes


def _clock(state: CaseState, move: Move, now: datetime, rules: Rules) -> dict[str, object]:
    """Say when the case is due after a move; pauses move the limit by their length."""
    start, close_by = state.started_at or now, rules.limits.close_by
    if move.action is CaseAction.ACCEPT:
        return _limited(close_by(state.level, now, rules.tz), now)
    if move.action is CaseAction.ESCALATE and move.level is not None:
        limit = close_by(move.level, start, rules.tz) + state.suspended_minutes * _MINUTE
        return _limited(max(limit, state.due_at or limit), start)
    if move.action is CaseAction.EXTEND and move.due_at is not None:
        return _limited(move.due_at, start)
    if move.action is CaseAction.REOPEN:  # the thing came back: a new clock, from now
        clock = _limited(close_by(state.level, now, rules.tz), now)
        return clock | {"accepted_at": now, "suspended_minutes": 0}
    if move.action is CaseAction.SUSPEND:
        return {"suspended_at": now}
    return _resumed(state, state.suspended_at, now) if state.suspended_at else {}


def _resumed(state: CaseState, suspended_at: datetime, now: datetime) -> dict[str, object]:
    pause = round((now - suspended_at) / _MINUTE)
    return {
        "suspended_at": None,
        "suspended_minutes": state.suspended_minutes + pause,
        "due_at": state.due_at + pause * _MINUTE if state.due_at else None,
    }


def _limited(due_at: datetime, start: datetime) -> dict[str, object]:
    return {"due_at": due_at, "limit_minutes": round((due_at - start) / _MINUTE)}
