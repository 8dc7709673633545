"""Read `--as-of`: today's grids, those valid then, a day's, or a plan's; the same in every command.

Used by the commands that count. Knows nothing of files.
"""

from typing import TYPE_CHECKING

import click

from dashboard.commands.base import Function, words
from data.errors import ConfigError
from data.grids_of import GridsOf

if TYPE_CHECKING:
    from datetime import date

    from sqlalchemy.orm import Session

    from data.grids_of import ChosenGrids
    from data.viewer import Viewer


def grids_option(function: Function) -> Function:
    """Add `--as-of`; what it gives is a `GridsOf`, or None where it was left out."""
    return click.option(
        "--as-of", "grids_of", default=None, callback=_read, metavar="today|event|DATE|plan:N",
        help=words("cli.option_as_of_plan"),
    )(function)  # fmt: skip


def plan_grids(
    session: "Session", viewer: "Viewer", grids_of: GridsOf, today: "date"
) -> "ChosenGrids | None":
    """Give a plan's grids; None where grids that hold or held are asked for."""
    from data.analysis.grids_of import chosen_grids

    if grids_of.plan_id is None:
        return None
    return chosen_grids(session, viewer, grids_of, today=today)


def grids_told(grids_of: GridsOf) -> str:
    """Say on which grids the figures stand."""
    if grids_of.plan_id is not None:
        return words("count.as_of_plan", plan=grids_of.plan_id)
    if grids_of.as_of in {"today", "event"}:
        return words(f"count.as_of_{grids_of.as_of}")
    return grids_of.as_of


def _read(_ctx: click.Context, _option: click.Parameter, text: str | None) -> GridsOf | None:
    if text is None:
        return None
    try:
        return GridsOf(text)
    except ConfigError as error:
        raise click.BadParameter(words("cli.bad_as_of", value=text)) from error
