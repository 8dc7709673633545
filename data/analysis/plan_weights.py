"""Keep what a planner weighs by: minutes of work, harm of kinds, and the bands to keep within.

Used by the figures of plans, by proposals and the planner's screen. Knows nothing of grids.

The field gives few of these numbers: visits of 10 to 20 minutes had effect (domain note 4.3), and
grids of 300 to 500 households are a standard in use (2.3). No published rule for the load was
found; ten per cent, and every other default, is our own proposal. All are settings of the store,
shown beside each figure that they make.
"""

from collections.abc import Mapping
from dataclasses import asdict, dataclass, field, fields
from datetime import datetime
from math import isfinite
from typing import Any, Final

from sqlalchemy.orm import Session

from data.database import bump_revision
from data.errors import AccessRefused, ConfigError
from data.repositories.audit import append_audit
from data.repositories.figures import save_setting, settings
from data.viewer import Role, Viewer
from data.vocabulary import IncidentKind
from geo.districting.balance import Bands, Weights, Workload
from geo.errors import GeoError

WEIGHTS_KEY: Final = "workload_weights"
BANDS_KEY: Final = "planning_bands"
PLANNERS: Final = frozenset({Role.PLANNER, Role.STEWARD})
"""Roles that may change weights and bands."""
HARM: Final[Mapping[str, float]] = {
    IncidentKind.CRIMINAL.value: 10.0,
    IncidentKind.FRAUD.value: 8.0,
    IncidentKind.PUBLIC_ORDER.value: 5.0,
    IncidentKind.TRAFFIC.value: 3.0,
    IncidentKind.DISPUTE_CALL.value: 3.0,
    IncidentKind.HELP.value: 1.0,
    IncidentKind.DISASTER.value: 8.0,
    IncidentKind.CROWD.value: 5.0,
    IncidentKind.TIP.value: 1.0,
    IncidentKind.OTHER.value: 1.0,
}
"""Harm of one incident of a kind: an order of ours, no published index; other kinds are 1."""


@dataclass(frozen=True, slots=True)
class PlanWeights:
    """What one thing weighs.

    Attributes
    ----------
    minutes
        Of work in the period, for each call, open hazard, open dispute, household and visit due.
    call_kinds
        Code of a kind of incident → minutes in the stead of `minutes.calls`.
    harm
        Code of a kind → harm of one incident; a kind that is missing counts 1.
    """

    minutes: Weights = field(default_factory=Weights)
    call_kinds: Mapping[str, float] = field(default_factory=dict)
    harm: Mapping[str, float] = field(default_factory=lambda: dict(HARM))

    @classmethod
    def from_setting(cls, value: object) -> "PlanWeights":
        """Read a setting; what is missing or no number of 0 and above keeps its default."""
        told = value if isinstance(value, Mapping) else {}
        plain = _numbers(told.get("minutes"))
        known = {each.name: plain[each.name] for each in fields(Weights) if each.name in plain}
        harm = told.get("harm")
        return cls(
            minutes=Weights(**known),
            call_kinds=_numbers(told.get("call_kinds")),
            harm=_numbers(harm) if isinstance(harm, Mapping) else dict(HARM),
        )


def read_weights(session: Session) -> PlanWeights:
    """Give the store's weights; the defaults where none were set."""
    return PlanWeights.from_setting(settings(session).get(WEIGHTS_KEY))


def read_bands(session: Session) -> Bands:
    """Give the store's bands; the defaults where none, or impossible ones, were set."""
    told = settings(session).get(BANDS_KEY)
    if not isinstance(told, Mapping):
        return Bands()
    try:
        low, high = told["households"]
        return Bands((float(low), float(high)), float(told["load"]))
    except (GeoError, KeyError, TypeError, ValueError):
        return Bands()


def save_weights(session: Session, viewer: Viewer, weights: PlanWeights, at: datetime) -> None:
    """Set the weights, with an audit line that holds what stood before; in a write session.

    Raises
    ------
    AccessRefused
        `role_may_not_plan`.
    GeoError
        ``bad_workload_weight``: minutes that are negative or no number.
    ConfigError
        `plan_weight_bad`: so is the weight of a kind (fields `name`, `got`).
    """
    Workload(weights.minutes)
    for group in ("call_kinds", "harm"):
        for code, got in getattr(weights, group).items():
            if not _is_weight(got):
                raise ConfigError("plan_weight_bad", name=f"{group}.{code}", got=got)
    _save(session, viewer, WEIGHTS_KEY, (_weights_json(read_weights(session)), weights), at)


def save_bands(session: Session, viewer: Viewer, bands: Bands, at: datetime) -> None:
    """Set the bands, with an audit line that holds what stood before; in a write session.

    Raises
    ------
    AccessRefused
        `role_may_not_plan`.
    """
    _save(session, viewer, BANDS_KEY, (_bands_json(read_bands(session)), bands), at)


def _save(
    session: Session,
    viewer: Viewer,
    key: str,
    both: tuple[dict[str, Any], PlanWeights | Bands],
    at: datetime,
) -> None:
    if viewer.role not in PLANNERS:
        raise AccessRefused("role_may_not_plan", role=viewer.role.value)
    before, asked = both
    after = _bands_json(asked) if isinstance(asked, Bands) else _weights_json(asked)
    save_setting(session, key, after)
    append_audit(session, viewer, "set", key, 1, {"before": before, "after": after}, at)
    bump_revision(session, "settings")


def _weights_json(weights: PlanWeights) -> dict[str, Any]:
    return {
        "minutes": asdict(weights.minutes),
        "call_kinds": dict(weights.call_kinds),
        "harm": dict(weights.harm),
    }


def _bands_json(bands: Bands) -> dict[str, Any]:
    return {"households": list(bands.households), "load": bands.load}


def _numbers(value: object) -> dict[str, float]:
    if not isinstance(value, Mapping):
        return {}
    return {str(name): float(n) for name, n in value.items() if _is_weight(n)}


def _is_weight(value: object) -> bool:
    if isinstance(value, bool) or not isinstance(value, int | float):
        return False
    return isfinite(value) and value >= 0
