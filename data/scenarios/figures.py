"""State the figures that the articles published and those that stay declared for now.

Used by the list of scenarios' files; a test compares each with the engine's answer.
Shares and changes are fractions: -73.67 % is -0.7367.
"""

import math
from dataclasses import asdict, dataclass, replace
from datetime import date

from data.scenarios.spec import ScenarioSpec

_Z_95 = 1.959963984540054
_PERCENT_TWO_DECIMALS = 0.00005


@dataclass(frozen=True)
class Published:
    """One published figure.

    `id` is the K-number of the domain note; `since` and `until` are a half-open span of local
    days (none: on the day `as_of`); `tolerance` is half a unit of the last printed digit.
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


def change(current: int, previous: int) -> tuple[float, float, float]:
    """Give (C - P) / P and its 95 % interval from the log ratio (K5)."""
    centre = math.log(current / previous)
    half = _Z_95 * math.sqrt(1 / current + 1 / previous)
    return current / previous - 1, math.exp(centre - half) - 1, math.exp(centre + half) - 1


def golmud_figures(spec: ScenarioSpec) -> list[Published]:
    """Figures of S0: seven appointments, one officer for each community."""
    day = spec.spans.as_of.isoformat()
    quote = "hired a total of 7 civilian police officers"
    return [
        Published(None, "appointments_deputy_secretary", "all", 7, 0, "rows", "S0", quote, day, 7),
        Published(
            "K1", "community_police_coverage", "all", 1.0, 0, "rows", "S0",
            "one community and one police", day, 7, 7,
        ),
    ]  # fmt: skip


def yushu_figures(spec: ScenarioSpec) -> list[Published]:
    """Figures of S4: 18 of 18, 29 cases, 77 disputes, -73.67 %, and three still declared."""
    spans = spec.spans
    day = spans.as_of.isoformat()
    value, low, high = change(79, 300)
    on_the_day = [
        Published(
            None, "appointments_deputy_secretary", "all", 18, 0, "rows", "S4",
            "选拔任命18名…党员民警", day, 18,
        ),
        Published(
            "K1", "community_police_coverage", "all", 1.0, 0, "rows", "S4",
            "实现18个社区全覆盖选派", day, 18, 18,
        ),
    ]  # fmt: skip
    in_the_span = [
        Published(
            None, "incidents_public_order", "all", 29, 0, "rows", "S4", "查处治安案件29起", day, 29
        ),
        Published(
            None, "disputes_closed", "all", 77, 0, "rows", "S4", "化解各类纠纷77起", day, 77
        ),
        Published(
            "K5", "incidents_yoy", "all", value, _PERCENT_TWO_DECIMALS, "rows", "S4",
            "警情接报次数较去年同期下降73.67%", day, 79, 300, low, high,
        ),
    ]  # fmt: skip
    in_the_span = [_in(figure, spans.since, spans.as_of) for figure in in_the_span]
    return on_the_day + in_the_span + _declared_yushu(spec)


def _declared_yushu(spec: ScenarioSpec) -> list[Published]:
    """Figures whose rows (talks, debriefs, difficulties) the store does not hold."""
    spans, scope = spec.spans, spec.units.county[0]
    day = spans.as_of.isoformat()
    talks = Published(
        "K1",
        "monthly_talks",
        scope,
        1.0,
        0,
        "declared",
        "S4",
        "每月至少进行1次谈心谈话",
        day,
        18,
        18,
    )
    debriefs = Published(
        "K1", "debriefs_done", scope, 1.0, 0, "declared", "S4", "双述职、双考核", day, 36, 36
    )
    difficulties = Published(
        None,
        "difficulties_solved",
        scope,
        100,
        5,
        "declared",
        "S4",
        "解决实际困难近100件",
        day,
        100,
    )
    return [
        _in(talks, date(2023, 5, 1), date(2023, 6, 1)),
        _in(debriefs, spans.since, spans.as_of),
        _in(difficulties, spans.since, spans.as_of),
    ]


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
            "source": f"{figure.seed}: {article}",
            "quote": figure.quote,
        }
        for figure in published
        if figure.source == "declared"
    ]


def as_rows(published: list[Published]) -> list[dict[str, object]]:
    """Give the published figures as plain documents."""
    return [asdict(figure) for figure in published]


def _in(figure: Published, since: date, until: date) -> Published:
    return replace(figure, since=since.isoformat(), until=until.isoformat())
