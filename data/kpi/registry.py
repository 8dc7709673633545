"""Name every measure of the engine: its formula, what it stands on, and who says so.

Used by the engine, `gridbeat kpi --explain` and those who label figures.
Knows nothing of rows; labels and sentences stand in `dashboard/text/catalogue/kpi.toml`.
Measures whose keys come from rows (targets, campaigns, programmes) are patterns with a `*`.
"""

from collections.abc import Iterable
from dataclasses import dataclass
from fnmatch import fnmatchcase
from typing import Final, Literal

Kind = Literal["total", "coverage", "rate", "change", "streak", "progress", "spread", "duration"]
Interval = Literal["none", "log_ratio", "wilson", "poisson_upper"]
Unit = Literal["count", "share", "rate", "days", "minutes"]
K_NUMBERS: Final = tuple(f"K{number}" for number in range(1, 27))
K_TABLE: Final = "K1-K26 of the domain note, 1.7"
CITY_PLATFORM: Final = "GB/T 30428 family; a public city-management platform's counts"


@dataclass(frozen=True, slots=True)
class Definition:
    """What one measure is.

    Parameters
    ----------
    key
        The measure; `*` stands for a key of rows.
    kpi
        K-number; none for a plain total.
    formula
        Expression without language, of numerator and denominator terms.
    source
        Article (S0-S4), standard or practice that uses it.
    numerator, denominator
        Terms of the formula; an empty denominator is a total.
    needs
        Sets of rows that must be there; without them the measure is not answered.
    more_is_better
        None where neither is.
    about
        Key of the sentence that explains it, shared by the measures of one family.
    """

    key: str
    kpi: str | None
    kind: Kind
    unit: Unit
    formula: str
    source: str
    numerator: str
    denominator: str
    needs: tuple[str, ...]
    about: str
    interval: Interval = "none"
    more_is_better: bool | None = None
    version: int = 1

    @property
    def is_pattern(self) -> bool:
        """Whether the key is filled in from rows."""
        return "*" in self.key


def quotient(part: str, whole: str) -> str:
    """Write a formula of two terms, sums in brackets."""
    return " / ".join(f"({term})" if " + " in term or " - " in term else term
                      for term in (part, whole))  # fmt: skip


class Registry:
    """All definitions, found by the measure of a figure."""

    def __init__(self, definitions: Iterable[Definition]) -> None:
        self.definitions = tuple(definitions)
        self._exact = {each.key: each for each in self.definitions if not each.is_pattern}
        longest_first = sorted(self.definitions, key=lambda each: -len(each.key))
        self._patterns = [each for each in longest_first if each.is_pattern]

    def find(self, measure: str) -> Definition | None:
        """Give the definition of a measure; of several patterns the longest wins."""
        if measure in self._exact:
            return self._exact[measure]
        fitting = (each for each in self._patterns if fnmatchcase(measure, each.key))
        return next(fitting, None)

    def of_kpi(self, kpi: str) -> tuple[Definition, ...]:
        """Give the definitions of one K-number."""
        return tuple(each for each in self.definitions if each.kpi == kpi)
