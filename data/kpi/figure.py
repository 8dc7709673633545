"""Say what a figure is and what is asked: the two shapes that the whole engine speaks in.

Used by every module of `data.kpi` and by those who show figures.
Knows nothing of rows and of formulas.
"""

from dataclasses import dataclass, replace
from datetime import date, datetime
from typing import Final, Literal

Source = Literal["rows", "declared"]
SMALL_BASE: Final = 5
"""Counts under this are marked (domain note, K5)."""
NOTE_SMALL_BASE: Final = "small_base"
NOTE_FAILED: Final = "failed"
NOTE_DIFFERS: Final = "differs_from_declared"
NOTE_NONE_IN_PERIOD: Final = "none_in_period"
NOTE_ESTIMATED: Final = "estimated"
NOTE_NOT_ON_PLAN: Final = "not_on_plan"
NOTES: Final = (
    NOTE_SMALL_BASE, NOTE_FAILED, NOTE_DIFFERS, NOTE_NONE_IN_PERIOD, NOTE_ESTIMATED,
    NOTE_NOT_ON_PLAN,
)  # fmt: skip
"""Codes that `Figure.note` may hold, several joined by a comma; declared figures name a source."""


@dataclass(frozen=True)
class Figure:
    """One number and what it stands on.

    Parameters
    ----------
    id
        K-number of the domain note; none for a plain total.
    measure, scope
        What is measured (a key of the registry), and where (`all` or a place code); unique
        together.
    value
        None where the denominator is zero or the measure failed. Shares are fractions.
    low, high
        95 % interval, same unit as `value`.
    note
        Codes of `NOTES` joined by commas; for a declared figure its source.
    version
        Version of the formula, from the registry.
    """

    id: str | None
    measure: str
    scope: str
    value: float | None
    numerator: float | None = None
    denominator: float | None = None
    low: float | None = None
    high: float | None = None
    source: Source = "rows"
    note: str = ""
    version: int = 1

    def noted(self, note: str) -> "Figure":
        """Add the code of a remark; one that is there already is not repeated."""
        notes = [code for code in self.note.split(",") if code]
        return self if note in notes else replace(self, note=",".join([*notes, note]))


@dataclass(frozen=True)
class Question:
    """Which period, which place, which day.

    Parameters
    ----------
    today
        Day of the answer: who is appointed, what is due, whose grids hold.
    since, until
        Aware moments, half-open; none is open.
    unit
        Code of the place to stay inside; none for the whole store.
    as_of
        Boundaries that events are counted on: `today`, `event` (those of the day on which each
        happened), an ISO date or, with a plan's grids handed to `figures`, `plan:<number>`. Both
        sides of a comparison always stand on the same ones.
    measures
        Only these measures or K-numbers; empty asks for all.
    """

    today: date
    since: datetime | None = None
    until: datetime | None = None
    unit: str | None = None
    tz: str = "Asia/Shanghai"
    as_of: str = "today"
    measures: tuple[str, ...] = ()

    @property
    def scope(self) -> str:
        """Name of the scope in figures."""
        return self.unit or "all"
