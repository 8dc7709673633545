"""Say which question of coverage a visitor asks, and write it into an address and back.

Used by `dashboard.session` and the coverage screen. Knows nothing of records. Every parameter
begins with `c_`; period and kinds are those of the other pages.
"""

from __future__ import annotations

import re
from dataclasses import dataclass
from datetime import date
from typing import TYPE_CHECKING, Final

if TYPE_CHECKING:
    from collections.abc import Mapping

UNITS: Final = ("m", "min")
SPEEDS_KMH: Final[dict[str, float]] = {"walk": 4.0, "ride": 12.0, "drive": 20.0}
NETWORKS: Final = ("straight", "streets")
WHO: Final = ("beat", "members", "all")
COUNTS: Final = ("incidents", "hazards", "households", "area")
DEMANDS: Final = COUNTS[:3]
"""What a proposal can cover; an area is no place to stand near."""
CHANNELS: Final = ("reported", "all")
GOALS: Final = ("cover", "nearest")
SOLVERS: Final = ("exact", "greedy")
METRES: Final = (50, 20_000)
MINUTES: Final = (1, 120)
MOST_POSTS: Final = 50
FIRST_POSTS: Final = 2
_HOURS: Final = 24
_FAR: Final = re.compile(r"(\d{1,5})(m|min)")
_YEARS: Final = (1900, 2100)


@dataclass(frozen=True)
class CoverageChoice:
    """Which question is asked.

    Parameters
    ----------
    unit, within_m, minutes
        Metres (`m`) or minutes (`min`), and how many of either.
    speed
        A key of `SPEEDS_KMH`, for minutes.
    day
        Whose posts and boundaries; None: today, or the day on which a scenario stands.
    who
        Which posts: community police (`beat`), grid members, or `all`.
    counts
        By what gaps are ranked and coloured, and what a proposal covers.
    hour
        Local hour at which a shift must run; None: every filled post counts.
    posts
        Sites proposed; 0: none asked for.
    goal, solver, is_kept
        Of the proposal: cover most or be nearest, exact or greedy, existing posts kept.
    """

    unit: str = UNITS[0]
    within_m: int = 500
    minutes: int = 10
    speed: str = "walk"
    network: str = NETWORKS[0]
    day: date | None = None
    who: str = WHO[0]
    counts: str = COUNTS[0]
    channel: str = CHANNELS[0]
    hour: int | None = None
    posts: int = 0
    goal: str = GOALS[0]
    solver: str = SOLVERS[0]
    is_kept: bool = True

    def to_params(self) -> dict[str, str]:
        """Write as query parameters; what is as at the beginning is left out."""
        start = CoverageChoice()
        is_first = (self.unit, self.far) == (start.unit, start.far)
        pairs = {
            "c_within": "" if is_first else f"{self.far}{self.unit}",
            "c_day": self.day.isoformat() if self.day else "",
            "c_hour": "" if self.hour is None else str(self.hour),
            "c_posts": str(self.posts) if self.posts else "",
            "c_keep": "" if self.is_kept else "no",
        }
        coded = {"speed": "speed", "net": "network", "who": "who", "by": "counts",
                 "channel": "channel", "goal": "goal", "solver": "solver"}  # fmt: skip
        for short, name in coded.items():
            held = getattr(self, name)
            pairs[f"c_{short}"] = held if held != getattr(start, name) else ""
        return {name: value for name, value in pairs.items() if value}

    @property
    def far(self) -> int:
        """The number that goes with the unit."""
        return self.within_m if self.unit == UNITS[0] else self.minutes


def coverage_choice_from(params: Mapping[str, str]) -> CoverageChoice:
    """Read query parameters; whatever is not a known code or a number in bounds is left out."""
    start = CoverageChoice()
    unit, within_m, minutes = start.unit, start.within_m, start.minutes
    far = _FAR.fullmatch(params.get("c_within", ""))
    if far is not None:
        unit = far[2]
        if unit == "m":
            within_m = _bounded(int(far[1]), METRES)
        else:
            minutes = _bounded(int(far[1]), MINUTES)
    return CoverageChoice(
        unit=unit,
        within_m=within_m,
        minutes=minutes,
        speed=_known(params.get("c_speed", ""), tuple(SPEEDS_KMH)),
        network=_known(params.get("c_net", ""), NETWORKS),
        day=_day(params.get("c_day", "")),
        who=_known(params.get("c_who", ""), WHO),
        counts=_known(params.get("c_by", ""), COUNTS),
        channel=_known(params.get("c_channel", ""), CHANNELS),
        hour=_number(params.get("c_hour", ""), _HOURS - 1),
        posts=_number(params.get("c_posts", ""), MOST_POSTS) or 0,
        goal=_known(params.get("c_goal", ""), GOALS),
        solver=_known(params.get("c_solver", ""), SOLVERS),
        is_kept=params.get("c_keep") != "no",
    )


def _known(text: str, options: tuple[str, ...]) -> str:
    return text if text in options else options[0]


def _bounded(number: int, bounds: tuple[int, int]) -> int:
    return min(max(number, bounds[0]), bounds[1])


def _number(text: str, most: int) -> int | None:
    if re.fullmatch(r"[0-9]{1,2}", text) is None:
        return None
    return int(text) if int(text) <= most else None


def _day(text: str) -> date | None:
    try:
        day = date.fromisoformat(text)
    except ValueError:
        return None
    return day if _YEARS[0] <= day.year <= _YEARS[1] else None
