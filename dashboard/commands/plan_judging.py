"""Judge plans from the command line: faults, bands, posts to settle, figures, comparison, counts.

Used by `dashboard.commands.plans`. Every figure is one of the planner's screen.
"""

from dataclasses import asdict, replace
from datetime import datetime
from typing import Any

import click

from dashboard.commands.base import (
    events_options,
    in_zone,
    open_database,
    print_json,
    say,
    standing_day,
    words,
)
from dashboard.commands.plan_desk import (
    MOST_ROWS,
    day_told,
    plan_document,
    plan_line,
    plan_named,
    plan_opened,
    plan_options,
)
from dashboard.commands.plan_words import (
    balance_lines,
    balances_document,
    figures_document,
    rows_of,
)
from data.errors import DataError
from data.viewer import LOCAL_STEWARD
from data.vocabulary import EventLayer

_WEIGHTS = click.option(
    "--weights", multiple=True, metavar="NAME=MINUTES", help=words("plan_cli.option_weights")
)


def figures_of(session: Any, grids: Any, day: Any, asked: dict[str, Any]) -> Any:  # noqa: ANN401 - imported late
    """Work out the figures of a frame of grids.

    Parameters
    ----------
    asked
        `since`, `until`, `kinds` of the calls, `weights` as `name=minutes`.
    """
    from data.analysis.plan_counts import PlanCounts
    from data.analysis.plan_figures import plan_figures, read_ground
    from data.analysis.plan_points import PlanPeriod, PlanQuestion, read_points
    from data.repositories.figures import store_tz

    tz = store_tz(session)
    period = PlanPeriod("asked", in_zone(asked["since"], tz), in_zone(asked["until"], tz))
    question = PlanQuestion(day, (period,), asked["kinds"], tz=tz)
    ground = read_ground(session, LOCAL_STEWARD, grids, as_of=day)
    ground = replace(ground, weights=_weighted(ground.weights, asked["weights"]))
    counts = PlanCounts(grids, read_points(session, LOCAL_STEWARD, question))
    return plan_figures(grids, counts, ground)


def _weighted(weights: Any, pairs: tuple[str, ...]) -> Any:  # noqa: ANN401 - PlanWeights, imported late
    from geo.districting.balance import Workload

    known = list(asdict(weights.minutes))
    told: dict[str, float] = {}
    for pair in pairs:
        name, _, number = pair.partition("=")
        try:
            told[name] = float(number)
        except ValueError as error:
            raise click.BadParameter(words("plan_cli.bad_weight", value=pair)) from error
        if name not in known:
            shown = ", ".join(known)
            raise click.BadParameter(words("plan_cli.unknown_weight", name=name, known=shown))
    minutes = replace(weights.minutes, **told)
    Workload(minutes)
    return replace(weights, minutes=minutes)


@click.command(help=words("plan_cli.check"))
@plan_options()
def check(*, plan: str, as_json: bool, store: str | None) -> int:
    """List faults, grids outside the bands, and who is to be appointed anew."""
    from dashboard.printing.impact_words import check_text
    from dashboard.viewmodels.plan_impact import plan_grids
    from data.analysis.impact import impact_of
    from data.planning.publishing import check_plan, plan_warnings

    with open_database(store).read() as session:
        opened = plan_opened(session, plan)
        found = check_plan(session, LOCAL_STEWARD, opened)
        warnings = plan_warnings(session, LOCAL_STEWARD, opened, found)
        before, after = plan_grids(session, opened)
        day = standing_day(session)
        impact = impact_of(session, LOCAL_STEWARD, before, after, as_of=day)
        figures = figures_of(session, after, day, _ASKED_NOTHING)
    bands = _bands(figures)
    if as_json:
        print_json(
            {
                **plan_document(opened.plan),
                "valid_coverage": found.faults.is_valid_coverage,
                "publishable": found.is_publishable,
                "faults": found.faults.counts(),
                "new": _fault_rows(found.new),
                "warnings": [{"code": code, **fields} for code, fields in warnings],
                "bands": bands,
                "to_settle": [
                    {"code": c.code, "subject": c.subject, **c.fields} for c in impact.checks
                ],
            }
        )
        return 0 if found.is_publishable else 1
    say(words("plan_cli.publishable" if found.is_publishable else "plan_cli.not_publishable"))
    for row in _fault_rows(found.new)[:MOST_ROWS]:
        told = {"kind": words.label("fault", row["kind"]), "codes": ", ".join(row["codes"])}
        say("  " + words("plan_cli.fault", **told, area=f"{row['area_m2']:,.2f}"))
    for code, fields in warnings:
        say("  " + words.warning(code, fields))
    for row in bands[:MOST_ROWS]:
        told = {
            "measure": words.label("plan_balance", row["measure"]),
            "state": words.label("plan_band_state", row["state"]),
        }
        say(
            "  "
            + words("plan_cli.off_band", grid=row["grid"], value=f"{row['value']:,.0f}", **told)
        )
    for each in impact.checks[:MOST_ROWS]:
        say("  " + check_text(words, each))
    return 0 if found.is_publishable else 1


_ASKED_NOTHING: dict[str, Any] = {"since": None, "until": None, "kinds": (), "weights": ()}


def _fault_rows(faults: Any) -> list[dict[str, Any]]:  # noqa: ANN401 - GeoDataFrame
    rows = []
    for row in faults.itertuples():
        place = None if row.geometry is None else row.geometry.representative_point()
        has_place = place is not None and not place.is_empty
        rows.append(
            {
                "kind": row.kind,
                "codes": list(row.codes),
                "area_m2": row.area_m2,
                "width_m": row.width_m,
                "detail": row.detail,
                "lon": place.x if has_place and place is not None else None,
                "lat": place.y if has_place and place is not None else None,
            }
        )
    return rows


def _bands(figures: Any) -> list[dict[str, Any]]:  # noqa: ANN401 - PlanFigures
    """List the grids outside the band of households or of load."""
    rows = []
    columns = {"households": "households", "load": "load_minutes"}
    for grid, row in figures.grids.iterrows():
        for measure, column in columns.items():
            state = str(row[f"{measure}_state"])
            if state in {"under", "over"}:
                rows.append(
                    {"grid": grid, "measure": measure, "state": state, "value": row[column]}
                )
    return rows


@click.command(help=words("plan_cli.figures"))
@plan_options(
    click.option("--by", type=click.Choice(["grid", "officer"]), default="grid",
                 show_default=True, help=words("plan_cli.option_figures_by")),
    _WEIGHTS,
    click.option("--before", is_flag=True, help=words("plan_cli.option_before")),
    events_options,
)  # fmt: skip
def figures(
    *,
    plan: str,
    by: str,
    before: bool,
    as_json: bool,
    store: str | None,
    **asked: Any,  # noqa: ANN401 - by click
) -> None:
    """Give the figures of each grid and each post, and the balances side by side."""
    from dashboard.viewmodels.plan_impact import plan_grids

    with open_database(store).read() as session:
        opened = plan_opened(session, plan)
        frames = plan_grids(session, opened)
        found = figures_of(session, frames[0 if before else 1], standing_day(session), asked)
    if as_json:
        print_json({**plan_document(opened.plan), "before": before, **figures_document(found)})
        return
    names = ("name", "households", "residents", "load_minutes", "harm", "longest_m")
    table = found.grids if by == "grid" else found.officers
    if by == "officer":
        table = table[table["grids"] > 0]
        names = ("title", "place_name", "grids", "households", "load_minutes", "longest_m")
    say("\t".join(["", *(words(f"plan_figure.{name}") for name in names)]))
    for row in rows_of(table)[:1000]:
        say("\t".join([str(row["key"]), *(_cell(row[name]) for name in names)]))
    for line in balance_lines(found.balances if by == "grid" else found.officer_balances):
        say(line)


def _cell(value: Any) -> str:  # noqa: ANN401 - a figure
    if value is None or value != value:  # noqa: PLR0124 - not NaN
        return "—"
    return f"{value:,.0f}" if isinstance(value, float) else str(value)


@click.command(help=words("plan_cli.compare"))
@plan_options(click.argument("other", metavar="[OTHER]", required=False), _WEIGHTS, events_options)
def compare(
    *,
    plan: str,
    other: str | None,
    as_json: bool,
    store: str | None,
    **asked: Any,  # noqa: ANN401 - by click
) -> None:
    """Hold two plans side by side, or a plan against the grids that it replaces."""
    from dashboard.printing.impact_words import sentence
    from dashboard.viewmodels.plan_impact import plan_grids
    from data.analysis.impact import impact_of

    with open_database(store).read() as session:
        day = standing_day(session)
        first = plan_opened(session, plan)
        frames = plan_grids(session, first)
        second = None
        if other is not None:
            second = plan_opened(session, other)
            _require_same_area(first.plan, second.plan)
            frames = (frames[1], second.tiling.frame())
        impact = impact_of(session, LOCAL_STEWARD, *frames, as_of=day)
        both = [figures_of(session, frame, day, asked) for frame in frames]
    plans = [first.plan] if second is None else [first.plan, second.plan]
    if as_json:
        print_json(
            {
                "plans": [plan_document(each) for each in plans],
                "summary": asdict(impact.summary),
                "grids": rows_of(impact.grids, key=None),
                "balances": {
                    "from": balances_document(both[0].balances),
                    "to": balances_document(both[1].balances),
                },
                "officer_balances": {
                    "from": balances_document(both[0].officer_balances),
                    "to": balances_document(both[1].officer_balances),
                },
                "people": {
                    name: int(impact.people[name].sum()) for name in ("households", "residents")
                },
                "moves": rows_of(impact.counts, key=None),
            }
        )
        return
    for each in plans:
        say(plan_line(each))
    say(sentence(words, impact))
    for found in both:
        for line in balance_lines(found.balances):
            say(line)
        say("")
    people = {name: f"{impact.people[name].sum():,}" for name in ("households", "residents")}
    say(words("plan_cli.people_moved", **people))


def _require_same_area(plan: Any, other: Any) -> None:  # noqa: ANN401 - PlanRecord
    if plan.scope_code != other.scope_code:
        raise DataError(
            "plan_areas_differ", plan=plan.name, other=other.name,
            area=plan.scope_code or "*", other_area=other.scope_code or "*",
        )  # fmt: skip


@click.command(help=words("plan_cli.count"))
@plan_options(
    click.option("--on", default="plan", show_default=True, metavar="plan|today|event|DATE",
                 help=words("plan_cli.option_on")),
    click.option("--layer", default="incidents", show_default=True,
                 type=click.Choice([layer.value for layer in EventLayer]),
                 help=words("cli.option_counted")),
    events_options,
)  # fmt: skip
def count(  # noqa: PLR0913 - one parameter for each option
    *,
    plan: str,
    on: str,
    layer: str,
    kinds: tuple[str, ...],
    since: datetime | None,
    until: datetime | None,
    as_json: bool,
    store: str | None,
) -> None:
    """Count the past on a plan's grids; units + outside + unlocated = total on any grids."""
    from dashboard.commands.base import today
    from data.analysis.plan_counting import whole_grids
    from data.analysis.plan_history import HistoryQuestion, restated
    from data.analysis.plan_points import PlanPeriod
    from data.repositories.figures import store_tz

    if on not in {"plan", "today", "event"} and day_told(on) is None:
        raise click.BadParameter(words("plan_cli.bad_on", value=on))
    with open_database(store).read() as session:
        tz = store_tz(session)
        seen, day = plan_named(session, plan), today()
        period = PlanPeriod("asked", in_zone(since, tz), in_zone(until, tz))
        question = HistoryQuestion(day, EventLayer(layer), (period,), kinds, tz=tz)
        grids = whole_grids(session, LOCAL_STEWARD, seen.id, as_of=day) if on == "plan" else on
        (found,) = restated(session, LOCAL_STEWARD, question, grids)
    table = found.table()
    now = found.now
    if as_json:
        print_json(
            {
                **plan_document(seen),
                "layer": layer,
                "on": on,
                "units": rows_of(table.rename(columns={"grid_code": "code"}), key=None),
                "outside": now.outside,
                "unlocated": now.unlocated,
                "total": now.total,
                "imprecise": now.imprecise,
                "total_year_before": found.year_before.total if found.year_before else None,
                "like_for_like": found.is_like_for_like,
            }
        )
        return
    for row in rows_of(table, key=None):
        before = "" if "before" not in row else f"\t{row['before']}"
        say(f"{row['grid_code']}\t{row['name']}\t{row['n']}{before}")
    say(f"{words('count.outside')}\t{now.outside}")
    say(f"{words('count.unlocated')}\t{now.unlocated}")
    say(f"{words('count.total')}\t{now.total}")
    if found.year_before is not None:
        is_same = found.is_like_for_like
        say(words("plan_history.like_for_like" if is_same else "plan_history.not_like_for_like"))
