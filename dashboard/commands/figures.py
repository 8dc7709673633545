"""Count per unit, with what each figure stands on."""

from datetime import datetime
from typing import Any

import click

from dashboard.commands.base import (
    events_options,
    in_zone,
    json_option,
    open_database,
    print_json,
    say,
    store_option,
    today,
    words,
)
from data.viewer import LOCAL_STEWARD
from data.vocabulary import EventLayer, PlaceLevel

COUNTED_LEVELS = (
    PlaceLevel.GRID,
    PlaceLevel.COMMUNITY,
    PlaceLevel.SUBDISTRICT,
    PlaceLevel.COUNTY,
    PlaceLevel.STATION,
)


@click.command(help=words("cli.count"))
@click.option(
    "--by",
    default="grid",
    type=click.Choice([x.value for x in COUNTED_LEVELS]),
    show_default=True,
    help=words("cli.option_by"),
)
@click.option(
    "--layer",
    default="incidents",
    type=click.Choice([x.value for x in EventLayer]),
    show_default=True,
    help=words("cli.option_counted"),
)
@events_options
@click.option("--as-of", default="today", help=words("cli.option_as_of_plan"))
@click.option("--tz", default=None, help=words("cli.option_tz"))
@click.option("--per-1000", "per_1000", is_flag=True, help=words("cli.option_per_1000"))
@json_option
@store_option
def count(  # noqa: PLR0913 - one parameter for each option
    *,
    by: str,
    layer: str,
    kinds: tuple[str, ...],
    since: datetime | None,
    until: datetime | None,
    as_of: str,
    tz: str | None,
    per_1000: bool,
    as_json: bool,
    store: str | None,
) -> None:
    """Count per unit, zeros included; units + outside + unlocated = total."""
    from data.analysis.plan_counting import count_on_plan, plan_number
    from data.counting import EventFilter
    from data.counting import count as count_units
    from data.repositories.figures import store_tz

    database = open_database(store)
    plan = plan_number(as_of)
    if plan is None:
        _check_as_of(as_of)
    with database.read() as session:
        zone = tz or store_tz(session)
        wanted = EventFilter(in_zone(since, zone), in_zone(until, zone), kinds)
        asked: dict[str, Any] = {
            "level": PlaceLevel(by),
            "wanted": wanted,
            "today": today(),
            "tz": zone,
        }
        counted = EventLayer(layer)
        found = (
            count_units(session, LOCAL_STEWARD, counted, as_of=as_of, **asked)
            if plan is None
            else count_on_plan(session, LOCAL_STEWARD, counted, plan, **asked)
        )
    if as_json:
        print_json(_count_document(found, layer))
        return
    for unit in found.units:
        rate = f"\t{unit.rate:.2f}" if unit.rate is not None else "\t—"
        say(f"{unit.code}\t{unit.name}\t{unit.n}" + (rate if per_1000 else ""))
    say(f"{words('count.outside')}\t{found.outside}")
    say(f"{words('count.unlocated')}\t{found.unlocated}")
    say(f"{words('count.total')}\t{found.total}")
    if found.imprecise:
        say(words("count.imprecise", n=found.imprecise))
    say(words("count.as_of", as_of=_as_of_label(as_of, plan)))


def _check_as_of(as_of: str) -> None:
    if as_of in {"today", "event"}:
        return
    try:
        datetime.fromisoformat(as_of)
    except ValueError as error:
        raise click.BadParameter(words("cli.bad_as_of", value=as_of)) from error


def _as_of_label(as_of: str, plan: int | None) -> str:
    if plan is not None:
        return words("count.as_of_plan", plan=plan)
    return words(f"count.as_of_{as_of}") if as_of in {"today", "event"} else as_of


def _count_document(found: Any, layer: str) -> dict[str, Any]:  # noqa: ANN401 - Counts, imported late
    return {
        "layer": layer,
        "by": found.level.value,
        "as_of": found.as_of,
        "units": [
            {"code": u.code, "name": u.name, "n": u.n, "rate": u.rate, "base": u.base}
            for u in found.units
        ],
        "outside": found.outside,
        "unlocated": found.unlocated,
        "unlocated_by_stated_unit": dict(found.unlocated_by_stated_unit),
        "on_border": found.on_border,
        "total": found.total,
        "imprecise": found.imprecise,
    }
