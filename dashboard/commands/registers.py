"""Import the registers: what their commands share, and how one is run.

Used by `dashboard.commands.imports`, which hangs one command for each register.
"""

from typing import Any

import click

from dashboard.commands.base import Progress, open_database, words
from data.viewer import LOCAL_STEWARD
from data.vocabulary import RegisterLayer


def command_name(layer: RegisterLayer) -> str:
    """Name the command of a register: words of a command are joined by a dash."""
    return layer.value.replace("_", "-")


def layer_of(command: str) -> RegisterLayer | None:
    """Give the register of a command; none for other commands."""
    return next((layer for layer in RegisterLayer if command_name(layer) == command), None)


def register_options(function: Any) -> Any:  # noqa: ANN401 - a decorator of commands
    """Add the options that registers have beside those of every import."""
    options = (
        click.option("--tz", default="Asia/Shanghai", show_default=True,
                     help=words("cli.option_tz")),
        click.option("--time-format", metavar="F", help=words("cli.option_time_format")),
        click.option("--calendar", type=click.Choice(["gregorian", "roc", "excel", "excel1904"]),
                     help=words("cli.option_calendar")),
        click.option("--trust-datum", is_flag=True, help=words("cli.option_trust_datum")),
    )  # fmt: skip
    for option in reversed(options):
        function = option(function)
    return function


def run_register(layer: RegisterLayer, given: dict[str, Any], table: Any) -> Any:  # noqa: ANN401 - TableOptions and ImportReport, imported late
    """Import one file of a register and give its report."""
    from data.importers.registers import RegisterOptions, run
    from data.importers.times import TimeRules

    options = RegisterOptions(
        layer=layer,
        mapping=given["mapping"],
        keep=given["keep"],
        source=given["source"],
        crs=given["crs"],
        datum=given["datum"],
        times=TimeRules(given["tz"], given["time_format"], given["calendar"]),
        table=table,
        trusts_datum=given["trust_datum"],
    )
    database = open_database(given["store"], must_exist=False)
    progress = Progress(given["file"].name)
    return run(database, given["file"], options, LOCAL_STEWARD, progress=progress)
