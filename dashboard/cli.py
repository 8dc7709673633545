"""Start the command line `gridbeat`: one group, each command read in only when it is called.

Used by operators, scheduled jobs and acceptance checks; the public interface is written in
`docs/command-line.md`.
"""

import importlib
import sys
from collections.abc import Sequence

import click

from dashboard.commands.base import fail, words

COMMANDS = {
    "run": "dashboard.commands.serving:run",
    "doctor": "dashboard.commands.serving:doctor",
    "scenario": "dashboard.commands.scenarios:scenario",
    "import": "dashboard.commands.imports:import_group",
    "rejected": "dashboard.commands.keeping:rejected",
    "check": "dashboard.commands.checking:check",
    "repair": "dashboard.commands.repairing:repair",
    "convert": "dashboard.commands.converting:convert",
    "count": "dashboard.commands.figures:count",
    "hotspots": "dashboard.commands.hotspots:hotspots",
    "backtest": "dashboard.commands.hotspots:backtest",
    "coverage": "dashboard.commands.reaching:coverage",
    "site": "dashboard.commands.siting:site",
    "kpi": "dashboard.commands.kpi:kpi",
    "bulletin": "dashboard.commands.printing:bulletin",
    "contact-card": "dashboard.commands.printing:contact_card",
    "case": "dashboard.commands.cases:case",
    "patrol": "dashboard.commands.patrol:patrol",
    "plan": "dashboard.commands.plans:plan",
    "export": "dashboard.commands.keeping:export",
    "backup": "dashboard.commands.keeping:backup",
    "restore": "dashboard.commands.keeping:restore",
    "copy": "dashboard.commands.keeping:copy",
    "migrate": "dashboard.commands.keeping:migrate",
}


class LazyGroup(click.Group):
    """A group that imports a command's module when the command is named."""

    def list_commands(self, ctx: click.Context) -> list[str]:  # noqa: ARG002 - click's signature
        """Name the commands in the order of a working day."""
        return list(COMMANDS)

    def get_command(self, ctx: click.Context, cmd_name: str) -> click.Command | None:  # noqa: ARG002 - click's signature
        """Import and give one command."""
        if cmd_name not in COMMANDS:
            return None
        module, name = COMMANDS[cmd_name].split(":")
        command: click.Command = getattr(importlib.import_module(module), name)
        return command

    def format_commands(self, ctx: click.Context, formatter: click.HelpFormatter) -> None:  # noqa: ARG002 - click's signature
        """List the commands without importing them all."""
        rows = [(name, words(f"cli.{name}")) for name in COMMANDS]
        with formatter.section(words("cli.commands")):
            formatter.write_dl(rows)


@click.group(cls=LazyGroup, help=words("cli.gridbeat"))
@click.version_option(package_name="gridbeat")
def gridbeat() -> None:
    """Hold the commands."""


def main(arguments: Sequence[str] | None = None) -> None:
    """Run the command line and end the process with its exit status.

    0 done; 1 done, but something was rejected or a check failed; 2 wrong usage or unreadable
    input, with one sentence on standard error.
    """
    from data.errors import DataError
    from geo.errors import GeoError

    try:
        status = gridbeat.main(
            args=list(arguments) if arguments is not None else None,
            prog_name="gridbeat",
            standalone_mode=False,
        )
    except click.exceptions.NoArgsIsHelpError as error:
        click.echo(error.ctx.get_help() if error.ctx else "", err=True)
        sys.exit(2)
    except click.UsageError as error:
        click.echo(words("cli.usage_error", problem=error.format_message()), err=True)
        sys.exit(2)
    except click.exceptions.Exit as done:
        sys.exit(done.exit_code)
    except (click.Abort, KeyboardInterrupt):
        sys.exit(130)
    except click.ClickException as error:
        error.show()
        sys.exit(2)
    except (DataError, GeoError) as error:
        fail(error)
        sys.exit(2)
    sys.exit(status if isinstance(status, int) else 0)


if __name__ == "__main__":
    main()
