"""Name what a bulletin (治安通报) says: counts of a place and period, each with its base.

Used by `dashboard.viewmodels.bulletin`, which fills it, and by the PDF and the workbook.
Knows nothing of languages and of paper. Nothing here can hold a person or a free text.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Final

if TYPE_CHECKING:
    from datetime import date, datetime

    from data.kpi import Figure

WEEKDAYS: Final = 7
HOURS: Final = 24
BAND_HOURS: Final = 3
"""Length of the peak band in hours."""


@dataclass(frozen=True)
class KindChange:
    """Incidents of one kind: K5 of the kind (numerator now, denominator a year before)."""

    code: str
    change: Figure


@dataclass(frozen=True)
class Hours:
    """When incidents happened, by local weekday (0 is Monday) and hour.

    Attributes
    ----------
    counts
        Seven rows of 24 counts.
    timed, untimed
        Incidents of the period whose clock time is known, and those of which only the day or a
        band is: these are in no hour.
    peak_hour, peak_count
        First hour of the busiest band of three hours (over midnight too; the earliest of equals),
        and how many lie in it; None without any timed incident.
    peak_weekday, weekday_count
        Busiest weekday (the first of equals), and how many happened on it.
    """

    counts: tuple[tuple[int, ...], ...]
    timed: int
    untimed: int
    peak_hour: int | None
    peak_count: int
    peak_weekday: int | None
    weekday_count: int


@dataclass(frozen=True)
class CaseKind:
    """Cases of one kind: found in the period, closed in it, open at its end, and late then."""

    code: str
    found: int
    closed: int
    still_open: int
    overdue: int


@dataclass(frozen=True)
class CaseCounts:
    """Hazards or disputes of the place; the kinds add up to the totals.

    Attributes
    ----------
    major
        Open ones of severity major.
    with_limit
        Open ones that have a limit: the base of `overdue`.
    """

    kinds: tuple[CaseKind, ...]
    found: int
    closed: int
    still_open: int
    overdue: int
    with_limit: int
    major: int


@dataclass(frozen=True)
class Bulletin:
    """A bulletin.

    Attributes
    ----------
    level, code, name
        The place; all empty for the whole store.
    since_on, until_on
        Local days, half-open; the same span a year before is the base.
    as_of_at
        Moment for which open cases are counted: the end of the period, or now if that is earlier.
    made_at
        When it was made.
    incidents
        K5 of all incidents.
    per_thousand
        Incidents per 1,000 residents; its denominator is the residents.
    households
        None where unknown.
    unlocated
        Incidents of the period in the whole store that lie in no unit: in no place's bulletin.
    imprecise, imprecise_cases
        Incidents of the place (hazards and disputes) that are known only to a month, day or band
        which the edges of the period (for incidents also a year before) cut through: not counted.
    kinds
        Kinds with any incident now or a year before, most first.
    """

    level: str
    code: str
    name: str
    since_on: date
    until_on: date
    as_of_at: datetime
    made_at: datetime
    tz: str
    scenario: str
    printed_by: str
    incidents: Figure
    per_thousand: Figure
    households: int | None
    unlocated: int
    imprecise: int
    imprecise_cases: int
    kinds: tuple[KindChange, ...]
    hours: Hours
    hazards: CaseCounts
    disputes: CaseCounts
