"""List and load the built-in scenarios."""

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


def load_scenario(database: Any, name: str) -> dict[str, int]:  # noqa: ANN401 - Database, imported late
    """Build a scenario's files and read them in through the importers."""
    from data.scenarios import load
    from data.viewer import LOCAL_STEWARD

    return dict(load(database, name, LOCAL_STEWARD, progress=Progress(name)))


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
        print_json({"scenarios": names})
        return
    for name in names:
        say(f"{name}  {words.label('scenario', name)}")


@scenario.command("load", help=words("cli.scenario_load"))
@click.argument("name")
@json_option
@store_option
def load_command(name: str, *, as_json: bool, store: str | None) -> None:
    """Load one scenario into an empty store."""
    counts = load_scenario(open_database(store, must_exist=False), name)
    if as_json:
        print_json({"scenario": name, "counts": counts})
        return
    for table, n in counts.items():
        say(f"{table}\t{n}")
