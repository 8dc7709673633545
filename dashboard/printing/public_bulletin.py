"""Name what the public version of a bulletin says: counts by community, small ones withheld.

Used by `dashboard.viewmodels.public_bulletin`, which fills it, and by its PDF and workbook.
Knows nothing of languages and of paper. Nothing here can hold a person, a free text, a point, an
open case or a count of 1 to 4; nor a total from which a withheld count could be worked out.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Final

if TYPE_CHECKING:
    from datetime import date, datetime

    from data.kpi import Figure

FEWEST_RESIDENTS: Final = 300
"""Residents from which a rate is published."""


@dataclass(frozen=True)
class PublicRow:
    """What is published of one community; None stands for a withheld count.

    Attributes
    ----------
    now, before
        Incidents of the period and of the same days a year before.
    change
        K5 of both; none where either is withheld.
    per_thousand
        Incidents per 1,000 residents; none below 300 residents and where `now` is withheld.
    hazards_found, hazards_closed, disputes_found, disputes_closed
        What was found and closed within the period.
    """

    code: str
    name: str
    now: int | None
    before: int | None
    change: Figure | None
    per_thousand: float | None
    hazards_found: int | None
    hazards_closed: int | None
    disputes_found: int | None
    disputes_closed: int | None


@dataclass(frozen=True)
class PublicBulletin:
    """The public version of a bulletin.

    Attributes
    ----------
    name
        The place; empty for the whole store.
    since_on, until_on
        First days of months, half-open: with whole months only, no two versions can be subtracted
        to learn of a single day.
    rows
        Communities in the order of their codes; subdistricts where grids name no community.
    imprecise
        Incidents that are known only to a month, day or band which the period's edges cut through
        (now or a year before), and so are not counted; none where it is withheld.
    """

    code: str
    name: str
    since_on: date
    until_on: date
    made_at: datetime
    tz: str
    scenario: str
    rows: tuple[PublicRow, ...]
    imprecise: int | None

    @property
    def withheld(self) -> int:
        """How many counts are withheld."""
        return sum(
            value is None
            for row in self.rows
            for value in (
                row.now,
                row.before,
                row.hazards_found,
                row.hazards_closed,
                row.disputes_found,
                row.disputes_closed,
            )
        )
