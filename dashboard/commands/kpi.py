"""Give the figures of the KPI engine, and explain what each stands on.

Used by `dashboard.cli` (`gridbeat kpi`).
"""

from dataclasses import asdict, replace
from datetime import datetime
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
from dashboard.commands.grids_choice import grids_option, grids_told, plan_grids
from dashboard.text import LANGUAGES, Words
from dashboard.text.figures import by_number, figure_cells
from dashboard.text.measures import RowLabels, measure_about, measure_label
from data.grids_of import GridsOf
from data.viewer import LOCAL_STEWARD


@click.command(help=words("cli.kpi"))
@click.option("--from", "since", callback=parse_moment, help=words("cli.option_from"))
@click.option("--to", "until", callback=parse_moment, help=words("cli.option_to"))
@click.option("--unit", metavar="CODE", help=words("cli.option_unit"))
@grids_option
@click.option("--measure", "measures", multiple=True, help=words("kpi.option_measure"))
@click.option("--explain", "is_explained", is_flag=True, help=words("kpi.option_explain"))
@json_option
@store_option
def kpi(  # noqa: PLR0913 - one parameter for each option
    *,
    since: datetime | None,
    until: datetime | None,
    unit: str | None,
    grids_of: GridsOf | None,
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
        is_today = grids_of is not None and grids_of.as_of == "today"
        stands_on = today() if is_today else standing_day(session)
        question = Question(
            stands_on, in_zone(since, zone), in_zone(until, zone), unit, zone, measures=measures
        )
        question = _on_boundaries(question, grids_of)
        chosen = plan_grids(session, LOCAL_STEWARD, GridsOf(question.as_of), question.today)
        found = figures(session, LOCAL_STEWARD, question, chosen)
        rows = {} if as_json else plan_labels(session, LOCAL_STEWARD)
    if as_json:
        print_json({"kpi": [_figure_document(figure) for figure in found]})
        return
    if not found:
        say(words("kpi.none"))
        return
    say(words("kpi.stands_on", day=question.today.isoformat()))
    if chosen is not None:
        say(words("count.as_of", as_of=grids_told(chosen.of)))
    say(words("kpi.head"))
    for figure in sorted(found, key=by_number):
        say(figure_line(figure, words, rows))


def figure_line(figure: Any, words: Words, rows: RowLabels) -> str:  # noqa: ANN401 - Figure, imported late
    """Write one figure as a line of a table, its unit as people read it."""
    from data.kpi import definition_of

    definition = definition_of(figure.measure)
    unit = definition.unit if definition is not None else _unit_of(figure)
    return "\t".join(figure_cells(figure, unit, words, rows)).rstrip()


def _on_boundaries(question: Any, of: GridsOf | None) -> Any:  # noqa: ANN401 - Question, imported late
    """Take `--as-of`: a day moves the whole answer, `event` and a plan only the boundaries."""
    if of is None or of.as_of == "today":
        return question
    if of.is_event or of.plan_id is not None:
        return replace(question, as_of=of.as_of)
    return replace(question, today=of.day(question.today))


def _figure_document(figure: Any) -> dict[str, Any]:  # noqa: ANN401 - Figure, imported late
    """Give a figure; `is_estimated`: it stands on people that were shared out."""
    from data.kpi.figure import NOTE_ESTIMATED

    return asdict(figure) | {"is_estimated": NOTE_ESTIMATED in figure.note.split(",")}


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
