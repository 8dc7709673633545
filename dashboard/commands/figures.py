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
from dashboard.commands.grids_choice import grids_option, grids_told
from data.grids_of import GridsOf
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
@grids_option
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
    grids_of: GridsOf | None,
    tz: str | None,
    per_1000: bool,
    as_json: bool,
    store: str | None,
) -> None:
    """Count per unit, zeros included; units + outside + unlocated = total."""
    from data.analysis.grids_of import count_on
    from data.counting import EventFilter
    from data.repositories.figures import store_tz

    database = open_database(store)
    of = grids_of or GridsOf()
    with database.read() as session:
        zone = tz or store_tz(session)
        wanted = EventFilter(in_zone(since, zone), in_zone(until, zone), kinds)
        asked: dict[str, Any] = {
            "level": PlaceLevel(by),
            "wanted": wanted,
            "today": today(),
            "tz": zone,
        }
        found, marked = count_on(session, LOCAL_STEWARD, EventLayer(layer), of, **asked)
    if as_json:
        print_json(_count_document(found, layer, marked))
        return
    for unit in found.units:
        rate = f"\t{unit.rate:.2f}" if unit.rate is not None else "\t—"
        if unit.code in marked:
            rate += f"\t{words('grids_of.estimated')}"
        say(f"{unit.code}\t{unit.name}\t{unit.n}" + (rate if per_1000 else ""))
    say(f"{words('count.outside')}\t{found.outside}")
    say(f"{words('count.unlocated')}\t{found.unlocated}")
    say(f"{words('count.total')}\t{found.total}")
    if found.imprecise:
        say(words("count.imprecise", n=found.imprecise))
    say(words("count.as_of", as_of=grids_told(of)))


def _count_document(
    found: Any,  # noqa: ANN401 - Counts, imported late
    layer: str,
    marked: frozenset[str],
) -> dict[str, Any]:
    """Give the document; `is_estimated`: residents, and so the rate, were shared out."""
    return {
        "layer": layer,
        "by": found.level.value,
        "as_of": found.as_of,
        "units": [
            {
                "code": u.code,
                "name": u.name,
                "n": u.n,
                "rate": u.rate,
                "base": u.base,
                "is_estimated": u.code in marked,
            }
            for u in found.units
        ],
        "outside": found.outside,
        "unlocated": found.unlocated,
        "unlocated_by_stated_unit": dict(found.unlocated_by_stated_unit),
        "on_border": found.on_border,
        "total": found.total,
        "imprecise": found.imprecise,
    }
