"""Give the figures of the KPI engine, and explain what each stands on.

Used by `dashboard.cli` (`gridbeat kpi`).
"""

from dataclasses import asdict, replace
from datetime import date, datetime
from typing import Any

import click

from dashboard.commands.base import (
    in_zone,
    json_option,
    open_database,
    parse_moment,
    print_json,
    say,
    standing_day,
    store_option,
    today,
    words,
)
from dashboard.text import LANGUAGES, Words
from dashboard.text.measures import RowLabels, measure_about, measure_label, note_text
from data.viewer import LOCAL_STEWARD

DASH = "—"


@click.command(help=words("cli.kpi"))
@click.option("--from", "since", callback=parse_moment, help=words("cli.option_from"))
@click.option("--to", "until", callback=parse_moment, help=words("cli.option_to"))
@click.option("--unit", metavar="CODE", help=words("cli.option_unit"))
@click.option("--as-of", "day", default=None, help=words("cli.option_as_of"))
@click.option("--measure", "measures", multiple=True, help=words("kpi.option_measure"))
@click.option("--explain", "is_explained", is_flag=True, help=words("kpi.option_explain"))
@json_option
@store_option
def kpi(  # noqa: PLR0913 - one parameter for each option
    *,
    since: datetime | None,
    until: datetime | None,
    unit: str | None,
    day: str | None,
    measures: tuple[str, ...],
    is_explained: bool,
    as_json: bool,
    store: str | None,
) -> None:
    """Give every figure that the store can answer."""
    if is_explained:
        _explain(measures, as_json=as_json)
        return
    from data.kpi import Question, figures, plan_labels
    from data.repositories.figures import store_tz

    database = open_database(store)
    with database.read() as session:
        zone = store_tz(session)
        stands_on = today() if day == "today" else standing_day(session)
        question = Question(
            stands_on, in_zone(since, zone), in_zone(until, zone), unit, zone, measures=measures
        )
        question = _on_boundaries(question, day)
        found = figures(session, LOCAL_STEWARD, question)
        rows = {} if as_json else plan_labels(session, LOCAL_STEWARD)
    if as_json:
        print_json({"kpi": [asdict(figure) for figure in found]})
        return
    if not found:
        say(words("kpi.none"))
        return
    say(words("kpi.stands_on", day=question.today.isoformat()))
    say(words("kpi.head"))
    for figure in sorted(found, key=_by_number):
        say(figure_line(figure, words, rows))


def figure_line(figure: Any, words: Words, rows: RowLabels) -> str:  # noqa: ANN401 - Figure, imported late
    """Write one figure as a line of a table, its unit as people read it."""
    from data.kpi import definition_of

    definition = definition_of(figure.measure)
    unit = definition.unit if definition is not None else _unit_of(figure)
    base = DASH
    if figure.denominator is not None and figure.numerator is not None:
        base = f"{_number(figure.numerator)}/{_number(figure.denominator)}"
    elif figure.denominator is not None:
        base = f"n={_number(figure.denominator)}"
    span = DASH
    if figure.low is not None and figure.high is not None:
        span = f"[{_value(figure.low, unit)}, {_value(figure.high, unit)}]"
    cells = (
        figure.id or "-",
        measure_label(figure.measure, words, rows),
        words("kpi_measure.all") if figure.scope == "all" else figure.scope,
        _value(figure.value, unit),
        base,
        span,
        words(f"kpi.source_{figure.source}"),
        note_text(figure.note, words) if figure.note else "",
    )
    return "\t".join(cells).rstrip()


def _by_number(figure: Any) -> int:  # noqa: ANN401 - Figure, imported late
    """Put totals first, then K1 to K26."""
    return int(figure.id[1:]) if figure.id and figure.id[1:].isdigit() else 0


def _on_boundaries(question: Any, day: str | None) -> Any:  # noqa: ANN401 - Question, imported late
    """Take `--as-of`: a day moves the whole answer to it, `event` only the boundaries of events."""
    if day in {None, "today"}:
        return question
    if day == "event":
        return replace(question, as_of="event")
    try:
        return replace(question, today=date.fromisoformat(str(day)))
    except ValueError as error:
        raise click.BadParameter(words("cli.bad_as_of", value=day)) from error


def _explain(measures: tuple[str, ...], *, as_json: bool) -> None:
    """Say of every measure what it is: name, K-number, formula, source, sentence."""
    from data.kpi import REGISTRY

    chosen = [
        each
        for each in REGISTRY.definitions
        if not measures or each.key in measures or each.kpi in measures
    ]
    if as_json:
        print_json({"measures": [_document(each) for each in chosen]})
        return
    for each in chosen:
        say(f"{each.kpi or '-'}  {each.key}: {measure_label(each.key, words)}")
        say(f"    {measure_about(each.about, words)}")
        say(f"    {words('kpi.explain_formula')}: {each.formula}")
        interval = words(f"kpi_interval.{each.interval}")
        say(
            f"    {words('kpi.explain_source')}: {each.source}; "
            f"{words('kpi.explain_interval')}: {interval}; "
            f"{words('kpi.explain_version')}: {each.version}"
        )


def _document(definition: Any) -> dict[str, Any]:  # noqa: ANN401 - Definition, imported late
    both = {language: Words(language) for language in LANGUAGES}
    return asdict(definition) | {
        "label": {name: measure_label(definition.key, told) for name, told in both.items()},
        "sentence": {name: measure_about(definition.about, told) for name, told in both.items()},
    }


def _unit_of(figure: Any) -> str:  # noqa: ANN401 - Figure, imported late
    """Guess the unit of a figure that only its article knows: a quotient is a share."""
    return "count" if figure.denominator is None else "share"


def _value(value: float | None, unit: str) -> str:
    if value is None:
        return DASH
    if unit == "share":
        return f"{100 * value:.2f} %"
    if unit in {"days", "minutes"}:
        return words(f"kpi.{unit}", n=_number(round(value, 1)))
    return _number(value)


def _number(value: float) -> str:
    text = f"{value:,.2f}"
    return text.rstrip("0").rstrip(".") if "." in text else text
