"""Hold which plan is open, how it is looked at, and where work on it stands.

Used by `dashboard.session`. Knows nothing of plans: numbers and known words only.
"""

from __future__ import annotations

import re
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any, Final

if TYPE_CHECKING:
    from collections.abc import Mapping

VIEWS: Final = ("edit", "figures", "proposals", "check", "compare", "impact", "history", "publish")
MEASURES: Final = (
    "load_minutes",
    "load_state",
    "households",
    "households_state",
    "residents",
    "incidents",
    "harm",
    "hazards_open",
    "disputes_open",
    "longest_m",
    "polsby_popper",
    "reock",
    "area_m2",
    "officers",
)
"""What the map of a plan can be coloured by; `incidents` are those of the period."""
_NUMBER: Final = re.compile(r"[1-9]\d{0,11}")


@dataclass(frozen=True)
class PlanChoice:
    """Which plan, and how it is shown.

    Parameters
    ----------
    plan
        Number of the open plan; 0: the list of plans.
    view
        One of `VIEWS`.
    measure
        One of `MEASURES`: what colours the map.
    other
        Number of the plan that it is compared with; 0: none.
    """

    plan: int = 0
    view: str = VIEWS[0]
    measure: str = MEASURES[0]
    other: int = 0

    def to_params(self) -> dict[str, str]:
        """Write as query parameters; what is as at the beginning is left out."""
        return {
            "plan": str(self.plan) if self.plan else "",
            "p_view": self.view if self.view != VIEWS[0] else "",
            "p_measure": self.measure if self.measure != MEASURES[0] else "",
            "p_other": str(self.other) if self.other else "",
        }


@dataclass(frozen=True)
class PlanDesk:
    """Where work on a plan stands; nothing of it is in the address, all that counts is stored.

    Attributes
    ----------
    actor
        Service number under which the visitor plans; empty: the account itself.
    seen
        Number and version of the plan as it was last shown: what a change is made against.
    answered
        Number of the last message of the map that was dealt with.
    refused
        Number of the message that was refused last, and the sentence that says why.
    told
        Sentence to show once after something was done.
    fault
        Sentence to show once after something was refused.
    conflict
        What came meanwhile, where somebody else was quicker; None: nothing.
    map_said
        Grid that the map reported last; a new report wins over the chosen one.
    done
        Counts what was done, so that no form outlives what it was filled in for.
    """

    actor: str = ""
    seen: tuple[int, int] = (0, 0)
    answered: int = 0
    refused: tuple[int, str] = (0, "")
    told: str = ""
    fault: str = ""
    conflict: Mapping[str, Any] | None = None
    map_said: str | None = None
    done: int = 0


def plan_choice_from(params: Mapping[str, str]) -> PlanChoice:
    """Read query parameters; whatever is no number and no known word is left out."""
    view, measure = params.get("p_view", ""), params.get("p_measure", "")
    return PlanChoice(
        plan=_number(params.get("plan", "")),
        view=view if view in VIEWS else VIEWS[0],
        measure=measure if measure in MEASURES else MEASURES[0],
        other=_number(params.get("p_other", "")),
    )


def _number(text: str) -> int:
    return int(text) if _NUMBER.fullmatch(text) else 0
