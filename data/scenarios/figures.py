"""State the figures that articles published, so that a test can ask the engine for each.

Used by the stories of the scenarios. Shares and changes are fractions: -73.67 % is -0.7367.
"""

import math
from dataclasses import asdict, dataclass, replace
from datetime import date

_Z_95 = 1.959963984540054
_INVENTED = "示例数据 demo data"
PERCENT_TWO_DECIMALS = 0.00005
PERCENT_ONE_DECIMAL = 0.0005


@dataclass(frozen=True)
class Published:
    """One published figure.

    `id` is the K-number of the domain note; `since` and `until` are a half-open span of local
    days (none: on the day `as_of`); `tolerance` is half a unit of the last printed digit. `bound`
    is `at_least` where the article gives a floor, `planned` where it gives what is to be reached
    (the denominator of the engine's figure), else `equal`. `is_sample` marks a figure that the
    sample's own rows give beside the published one: the article does not have it.
    """

    id: str | None
    measure: str
    scope: str
    value: float
    tolerance: float
    source: str
    seed: str
    quote: str
    as_of: str
    numerator: float | None = None
    denominator: float | None = None
    low: float | None = None
    high: float | None = None
    since: str | None = None
    until: str | None = None
    bound: str = "equal"
    is_sample: bool = False


@dataclass(frozen=True)
class Article:
    """Where figures come from: seed article, day and, for declared ones, the place."""

    seed: str
    day: date

    def total(self, measure: str, value: float, quote: str, kpi: str | None = None) -> Published:
        """Give a plain number that the store's rows have."""
        day = self.day.isoformat()
        return Published(kpi, measure, "all", value, 0, "rows", self.seed, quote, day, value)

    def share(self, kpi: str, measure: str, part: float, whole: float, quote: str) -> Published:
        """Give a part of a whole that the store's rows have."""
        figure = self.total(measure, part / whole, quote, kpi)
        return replace(figure, numerator=part, denominator=whole)

    def change(self, measure: str, current: int, previous: int, quote: str) -> Published:
        """Give a relative change with its interval (K5)."""
        value, low, high = change(current, previous)
        figure = self.share("K5", measure, current, previous, quote)
        return replace(figure, value=value, tolerance=PERCENT_TWO_DECIMALS, low=low, high=high)


def change(current: int, previous: int) -> tuple[float, float, float]:
    """Give (C - P) / P and its 95 % interval from the log ratio (K5)."""
    centre = math.log(current / previous)
    half = _Z_95 * math.sqrt(1 / current + 1 / previous)
    return current / previous - 1, math.exp(centre - half) - 1, math.exp(centre + half) - 1


def within(figure: Published, since: date, until: date) -> Published:
    """Ask for a figure in a half-open span of local days."""
    return replace(figure, since=since.isoformat(), until=until.isoformat())


def at(figure: Published, scope: str) -> Published:
    """Ask for a figure of one place."""
    return replace(figure, scope=scope)


def stated(figure: Published, scope: str, tolerance: float = 0.0) -> Published:
    """Turn a figure into one that is declared for a place whose rows the store does not hold."""
    return replace(figure, scope=scope, tolerance=tolerance, source="declared")


def declared_of(published: list[Published], article: str) -> list[dict[str, object]]:
    """Give those published figures that are imported as declared, with their source."""
    return [
        {
            "kpi": figure.id,
            "measure": figure.measure,
            "scope": figure.scope,
            "value": figure.value,
            "numerator": figure.numerator,
            "denominator": figure.denominator,
            "since": figure.since,
            "until": figure.until,
            "source": _INVENTED if figure.is_sample else f"{figure.seed}: {article}",
            "quote": None if figure.is_sample else figure.quote,
        }
        for figure in published
        if figure.source == "declared"
    ]


def as_rows(published: list[Published]) -> list[dict[str, object]]:
    """Give the published figures as plain documents."""
    return [asdict(figure) for figure in published]
