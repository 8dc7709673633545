"""Say where events cluster, and how well each method would have done on the past."""

from dataclasses import asdict, replace
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import click

from dashboard.commands.base import (
    Function,
    in_zone,
    json_option,
    open_database,
    parse_moment,
    print_json,
    standing_day,
    store_option,
    today,
    words,
)
from dashboard.commands.grids_choice import grids_option
from data.grids_of import GridsOf
from data.viewer import LOCAL_STEWARD, DisplayLevel, Viewer
from data.vocabulary import EventLayer

FILE = click.Path(path_type=Path)
METHODS = ("count-kernel", "count", "kde", "gistar", "gi", "moran", "change", "emerging",
           "near-repeat", "rate", "risk")  # fmt: skip
UNITS = ("grids", "communities", "squares", "hexagons")
TOP = 20
SLICE_DAYS = 28.0


def _hours(
    _ctx: click.Context, _option: click.Parameter, text: str | None
) -> tuple[int, int] | None:
    if text is None:
        return None
    first, dash, last = text.partition("-")
    if not (dash and first.strip().isdecimal() and last.strip().isdecimal()):
        raise click.BadParameter(words("hotspot_cli.bad_hours", value=text))
    return int(first), int(last)


def _weekdays(_ctx: click.Context, _option: click.Parameter, text: str | None) -> frozenset[int]:
    """Read days of the week, 1 = Monday to 7 = Sunday."""
    if not text:
        return frozenset()
    days = [part.strip() for part in text.split(",")]
    if not all(day.isdecimal() and 1 <= int(day) <= 7 for day in days):  # noqa: PLR2004 - Sunday
        raise click.BadParameter(words("hotspot_cli.bad_weekdays", value=text))
    return frozenset(int(day) - 1 for day in days)


def _months(_ctx: click.Context, _option: click.Parameter, text: str) -> int:
    kind, colon, number = text.partition(":")
    if kind != "monthly" or not (colon and number.isdecimal() and int(number) >= 1):
        raise click.BadParameter(words("backtest_cli.bad_tests", value=text))
    return int(number)


def _areas(_ctx: click.Context, _option: click.Parameter, text: str) -> tuple[float, ...]:
    try:
        return tuple(float(part) for part in text.split(","))
    except ValueError as error:
        raise click.BadParameter(words("backtest_cli.bad_areas", value=text)) from error


def _methods(_ctx: click.Context, _option: click.Parameter, text: str) -> tuple[str, ...]:
    named = tuple(dict.fromkeys(part.strip() for part in text.split(",") if part.strip()))
    strange = [name for name in named if name not in {*METHODS, "random"}]
    if strange or not named:
        listed = ", ".join((*METHODS, "random"))
        told = words("backtest_cli.bad_methods", value=", ".join(strange) or text, known=listed)
        raise click.BadParameter(told)
    return named


def _shared_options(function: Function) -> Function:
    """Add what both commands ask about events and cells."""
    options = (
        click.option("--layer", default="incidents",
                     type=click.Choice([layer.value for layer in EventLayer]),
                     show_default=True, help=words("cli.option_counted")),
        click.option("--cell-m", type=float, metavar="M", help=words("hotspot_cli.option_cell")),
        click.option("--units", type=click.Choice(UNITS), help=words("hotspot_cli.option_units")),
        click.option("--cells", type=FILE, metavar="FILE",
                     help=words("hotspot_cli.option_cells")),
        click.option("--id", "id_column", metavar="COL", help=words("hotspot_cli.option_id")),
        click.option("--bandwidth-m", type=float, metavar="B",
                     help=words("hotspot_cli.option_bandwidth")),
        click.option("--kernel", default="quartic",
                     type=click.Choice(["quartic", "gaussian"]), show_default=True,
                     help=words("hotspot_cli.option_kernel")),
        click.option("--neighbours-m", type=float, metavar="D",
                     help=words("hotspot_cli.option_neighbours")),
        click.option("--from", "since", callback=parse_moment, help=words("cli.option_from")),
        click.option("--to", "until", callback=parse_moment, help=words("cli.option_to")),
        click.option("--kind", "kinds", multiple=True, help=words("cli.option_kind")),
        click.option("--hours", callback=_hours, metavar="H-H",
                     help=words("hotspot_cli.option_hours")),
        click.option("--weekdays", callback=_weekdays, metavar="1,2,…",
                     help=words("hotspot_cli.option_weekdays")),
        click.option("--channel", default="reported",
                     type=click.Choice(["reported", "discovered", "all"]), show_default=True,
                     help=words("hotspot_cli.option_channel")),
        click.option("--with-proactive", is_flag=True,
                     help=words("hotspot_cli.option_proactive")),
        click.option("--area", default="", metavar="CODE",
                     help=words("hotspot_cli.option_area")),
        grids_option,
    )  # fmt: skip
    for option in reversed(options):
        function = option(function)
    return function


@click.command(help=words("cli.hotspots"))
@click.option(
    "--method",
    default=METHODS[0],
    type=click.Choice(METHODS),
    show_default=True,
    help=words("hotspot_cli.option_method"),
)
@_shared_options
@click.option("--split", callback=parse_moment, help=words("hotspot_cli.option_split"))
@click.option("--slice-days", type=float, default=SLICE_DAYS, show_default=True,
              help=words("hotspot_cli.option_slice"))  # fmt: skip
@click.option("--base", metavar="COL", help=words("hotspot_cli.option_base"))
@click.option("--permutations", type=click.IntRange(0, 99_999), default=0, show_default=True,
              help=words("hotspot_cli.option_permutations"))  # fmt: skip
@click.option("--seed", type=int, default=0, show_default=True,
              help=words("hotspot_cli.option_seed"))  # fmt: skip
@click.option("--level", default="admin", show_default=True,
              type=click.Choice([level.name.lower() for level in DisplayLevel]),
              help=words("hotspot_cli.option_level"))  # fmt: skip
@click.option("--out", type=FILE, metavar="FILE", help=words("hotspot_cli.option_out"))
@json_option
@store_option
def hotspots(
    *,
    level: str,
    out: Path | None,
    as_json: bool,
    store: str | None,
    **asked: Any,  # noqa: ANN401 - the options of the question, by click
) -> None:
    """Say where events cluster; every automatic choice stands in the report."""
    from dashboard.commands.hotspot_words import say_hotspots
    from data.analysis.hotspots import hotspots_of
    from data.exports.writers import writer_of

    if out is not None:
        writer_of(out)
    viewer = replace(LOCAL_STEWARD, level=DisplayLevel[level.upper()])
    database = open_database(store)
    now = datetime.now(UTC)
    ground, question, id_column = _asked(database, viewer, asked)
    answer = hotspots_of(ground, viewer, question, now=now)
    rows = None
    if out is not None:
        rows = _written(database, viewer, answer, (out, id_column), now)
    if as_json:
        print_json(_document(answer, out, rows))
        return
    say_hotspots(answer, out, rows)


@click.command(help=words("cli.backtest"))
@click.option("--methods", default="count-kernel,count,kde,gistar", callback=_methods,
              metavar="M,M", show_default=True,
              help=words("backtest_cli.option_methods"))  # fmt: skip
@_shared_options
@click.option("--train-from", callback=parse_moment, help=words("backtest_cli.option_train"))
@click.option("--train-days", type=float, help=words("backtest_cli.option_train_days"))
@click.option("--tests", default="monthly:12", callback=_months, metavar="monthly:N",
              show_default=True, help=words("backtest_cli.option_tests"))  # fmt: skip
@click.option("--areas", default="1,5,10,20", callback=_areas, metavar="%,%",
              show_default=True, help=words("backtest_cli.option_areas"))  # fmt: skip
@json_option
@store_option
def backtest(  # noqa: PLR0913 - one parameter for each option
    *,
    methods: tuple[str, ...],
    train_from: datetime | None,
    train_days: float | None,
    tests: int,
    areas: tuple[float, ...],
    as_json: bool,
    store: str | None,
    **asked: Any,  # noqa: ANN401 - the options of the question, by click
) -> None:
    """Test methods on the past beside plain count and random."""
    from dashboard.commands.hotspot_words import say_backtest
    from data.analysis.hotspots import Units, backtest_of
    from geo.proof import BacktestOptions

    database = open_database(store)
    ground, question, _ = _asked(database, LOCAL_STEWARD, asked)
    if question.units is None:
        question = replace(question, units=Units.SQUARES)
    options = BacktestOptions(
        tests=tests,
        areas_pct=areas,
        train_from_at=in_zone(train_from, ground.tz),
        train_days=train_days,
    )
    found = backtest_of(
        ground, LOCAL_STEWARD, question, options, methods=methods, now=datetime.now(UTC)
    )
    if as_json:
        print_json(_proof_document(found, methods))
        return
    say_backtest(found)


def _asked(database: Any, viewer: Viewer, asked: dict[str, Any]) -> tuple[Any, Any, str]:  # noqa: ANN401 - imported late
    """Read the ground and put the question; give the id column of the cells as well."""
    from dashboard.commands.hotspot_files import read_cells_file
    from data.analysis.hotspots import HotspotQuestion
    from data.repositories.figures import store_tz
    from geo.hotspots import HotspotOptions

    if asked["cells"] is not None and (asked["units"] or asked["cell_m"] is not None):
        raise click.UsageError(words("hotspot_cli.one_kind_of_cells"))
    layer = EventLayer(asked["layer"])
    cells = None
    if asked["cells"] is not None:
        cells = read_cells_file(asked["cells"], asked["id_column"], asked.get("base"))
    with database.read() as session:
        tz = store_tz(session)
        ground = _ground(session, viewer, layer, asked, tz)
    question = HotspotQuestion(
        layer=layer,
        since=in_zone(asked["since"], tz),
        until=in_zone(asked["until"], tz),
        kinds=asked["kinds"],
        hours=asked["hours"],
        weekdays=asked["weekdays"],
        channel=asked["channel"],
        **({"method": asked["method"]} if "method" in asked else {}),
        units=asked["units"],
        cells=None if cells is None else cells.frame,
        cell_m=asked["cell_m"],
        options=HotspotOptions(
            bandwidth_m=asked["bandwidth_m"],
            kernel=asked["kernel"],
            neighbours_m=asked["neighbours_m"],
            split_at=in_zone(asked.get("split"), tz),
            slice_days=asked.get("slice_days", SLICE_DAYS),
            permutations=asked.get("permutations", 0),
            seed=asked.get("seed", 0),
        ),
        area=asked["area"],
        with_proactive=asked["with_proactive"],
        grids_of=ground.grids_of,
    )
    return ground, question, "cell_id" if cells is None else cells.id_column


def _ground(
    session: Any,  # noqa: ANN401 - Session, imported late
    viewer: Viewer,
    layer: EventLayer,
    asked: dict[str, Any],
    tz: str,
) -> Any:  # noqa: ANN401 - HotspotGround, imported late
    """Read the ground on the grids asked for."""
    from data.analysis.hotspot_grids import ground_on

    of = asked["grids_of"] or GridsOf()
    is_today = asked["grids_of"] is not None and of.as_of == "today"
    stands_on = today() if is_today else standing_day(session)
    span = (in_zone(asked["since"], tz), in_zone(asked["until"], tz))
    return ground_on(session, viewer, layer, of, span=span, today=stands_on, tz=tz)


def _written(
    database: Any,  # noqa: ANN401 - Database, imported late
    viewer: Viewer,
    answer: Any,  # noqa: ANN401 - HotspotAnswer, imported late
    into: tuple[Path, str],
    now: datetime,
) -> int:
    from dashboard.commands.hotspot_files import write_answer
    from data.repositories.audit import append_audit

    out, id_column = into
    rows = write_answer(answer, out, id_column)
    about = {"method": answer.report["method"], "level": viewer.level.name.lower()}
    with database.write() as session:
        append_audit(session, viewer, "export", "hotspots", rows, about, now)
    return rows


def _document(answer: Any, out: Path | None, rows: int | None) -> dict[str, Any]:  # noqa: ANN401 - HotspotAnswer
    """Give the document of `gridbeat hotspots --json`."""
    report = answer.report
    frame = answer.frame.drop(columns="geometry")
    if "rank" in frame:
        frame = frame.sort_values("rank")
    options = asdict(answer.question.options) | {
        name: report[name] for name in ("units", "cell_m", "channel", "since", "until")
        if name in report
    }  # fmt: skip
    return {
        "method": report["method"],
        "options": options,
        "n_events": report["n_events"],
        "cells": report["cells"],
        "hotspots": int(frame["is_hotspot"].sum()),
        "top": frame.head(TOP).to_dict("records"),
        "report": report,
        "out": None if out is None else str(out),
        "rows": rows,
    }


def _proof_document(found: Any, methods: tuple[str, ...]) -> dict[str, Any]:  # noqa: ANN401 - BacktestAnswer
    """Give the document of `gridbeat backtest --json`."""
    report = found.report
    return {
        "methods": list(methods),
        "tests": report["tests"],
        "n_events": report["selected"] - report["unlocated"],
        "n": report["n"],
        "cells": report["cells"],
        "cell_width_m": report["cell_width_m"],
        "winner": report["winner"],
        "recommended": report["recommended"],
        "results": found.frame.to_dict("records"),
        "report": report,
    }
