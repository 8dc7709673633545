"""Say on which grids the past is counted: today's, those valid then, a day's, or a plan's.

Used by counting, figures, exports, hotspots, commands and screens: they all take these values.
Knows nothing of how a plan becomes grids: `data.analysis.grids_of` does that, in one place.
"""

from collections.abc import Iterable
from dataclasses import dataclass
from datetime import date
from typing import TYPE_CHECKING, Final

from data.errors import ConfigError

if TYPE_CHECKING:
    import geopandas as gpd

AS_OF_TODAY: Final = "today"
AS_OF_EVENT: Final = "event"
PLAN_PREFIX: Final = "plan:"
"""Begins an `as_of` that names a plan by its number."""
_LONGEST_NUMBER: Final = 9


def plan_number(as_of: str) -> int | None:
    """Give the plan that an `as_of` names; None where it names no plan."""
    number = as_of.removeprefix(PLAN_PREFIX)
    is_number = number.isascii() and number.isdecimal() and len(number) <= _LONGEST_NUMBER
    return int(number) if as_of.startswith(PLAN_PREFIX) and is_number else None


@dataclass(frozen=True)
class GridsOf:
    """Which grids are asked for.

    Parameters
    ----------
    as_of
        ``today``, ``event`` (each event on those valid on its local day), an ISO date, or
        ``plan:<number>``.

    Raises
    ------
    ConfigError
        `bad_grids_of` (`value`).
    """

    as_of: str = AS_OF_TODAY

    def __post_init__(self) -> None:
        """Refuse what is none of the four."""
        if self.as_of in {AS_OF_TODAY, AS_OF_EVENT} or self.plan_id is not None:
            return
        try:
            date.fromisoformat(self.as_of)
        except ValueError as error:
            raise ConfigError("bad_grids_of", value=self.as_of) from error

    @property
    def plan_id(self) -> int | None:
        """Number of the plan; None for grids that hold or held."""
        return plan_number(self.as_of)

    @property
    def is_event(self) -> bool:
        """Whether each event stands on the grids of its own day: no single set of grids."""
        return self.as_of == AS_OF_EVENT

    def day(self, today: date) -> date:
        """Give the day of the places around the grids; `today` for all but an ISO date."""
        if self.as_of in {AS_OF_TODAY, AS_OF_EVENT} or self.plan_id is not None:
            return today
        return date.fromisoformat(self.as_of)


@dataclass(frozen=True, slots=True, eq=False)
class ChosenGrids:
    """One whole set of grids, ready to be counted on.

    Attributes
    ----------
    frame
        Code as index, sorted; `grid_code`, `name`, `kind`, `parent_code`, `households`,
        `residents` (Int64), `area_m2`, codes above, geometry in EPSG:4326. Of a plan also
        `estimated` (measures, divided by spaces, that were shared out and not counted) and
        `former_codes` (the grids that it replaces whose ground lies in each).
    plan_id, plan_name, plan_version
        Of the plan; None for grids that hold or held.
    """

    of: GridsOf
    frame: "gpd.GeoDataFrame"
    plan_id: int | None = None
    plan_name: str | None = None
    plan_version: int | None = None

    @property
    def as_of(self) -> str:
        """What results on these grids say: the words of the question."""
        return self.of.as_of

    @property
    def is_plan(self) -> bool:
        """Whether these are a plan's grids, which nobody is appointed to."""
        return self.plan_id is not None

    def estimated(self, *measures: str) -> frozenset[str]:
        """Codes of grids of which any of these counts of people (or any at all) is estimated."""
        return estimated_codes(self.frame, measures)


def estimated_codes(frame: "gpd.GeoDataFrame", measures: Iterable[str] = ()) -> frozenset[str]:
    """Codes of a frame's grids of which any of these counts of people is estimated.

    Parameters
    ----------
    measures
        `households`, `residents`; none given asks for any.
    """
    if "estimated" not in frame.columns:
        return frozenset()
    asked = set(measures)
    return frozenset(
        str(code)
        for code, told in zip(frame.index, frame["estimated"].astype(str), strict=True)
        if (set(told.split()) & asked if asked else told.strip())
    )
