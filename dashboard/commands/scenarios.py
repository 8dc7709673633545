"""List and load the built-in scenarios.

Used by the command line and by the first start. Knows nothing of how a scenario is drawn.
"""

from typing import Any

import click

from dashboard.commands.base import (
    Progress,
    json_option,
    open_database,
    print_json,
    say,
    store_option,
    words,
)
from dashboard.text import LANGUAGES, Words
from data.errors import DataError


def load_scenario(database: Any, name: str, **sizes: int) -> dict[str, int]:  # noqa: ANN401 - Database, imported late
    """Build a scenario's files and read them in through the importers.

    Parameters
    ----------
    sizes
        `grids`, `officers`, `incidents` and `seed` of the scenario `big`.
    """
    from data.scenarios import BigSize, load
    from data.viewer import LOCAL_STEWARD

    size = BigSize(**sizes) if sizes else None
    return dict(load(database, name, LOCAL_STEWARD, size=size, progress=Progress(name)))


@click.group(help=words("cli.scenario"))
def scenario() -> None:
    """Hold the scenario commands."""


@scenario.command("list", help=words("cli.scenario_list"))
@json_option
def list_command(*, as_json: bool) -> None:
    """Name the scenarios."""
    from data.scenarios import list_scenarios

    names = [str(name) for name in list_scenarios()]
    if as_json:
        titles = {
            name: {each: Words(each).label("scenario", name) for each in LANGUAGES}
            for name in names
        }
        print_json({"scenarios": names, "titles": titles})
        return
    for name in names:
        say(f"{name}  {words.label('scenario', name)}")


@scenario.command("load", help=words("cli.scenario_load"))
@click.argument("name")
@click.option("--grids", type=int, help=words("cli.option_grids"))
@click.option("--officers", type=int, help=words("cli.option_officers"))
@click.option("--incidents", type=int, help=words("cli.option_incidents"))
@click.option("--seed", type=int, help=words("cli.option_seed"))
@json_option
@store_option
def load_command(name: str, *, as_json: bool, store: str | None, **sizes: int | None) -> None:
    """Load one scenario into an empty store."""
    from data.scenarios import BIG

    given = {size: value for size, value in sizes.items() if value is not None}
    if given and name != BIG:
        raise DataError("size_only_for_big", name=name)
    counts = load_scenario(open_database(store, must_exist=False), name, **given)
    if as_json:
        print_json({"scenario": name, "counts": counts})
        return
    for table, n in counts.items():
        say(f"{table}\t{n}")
