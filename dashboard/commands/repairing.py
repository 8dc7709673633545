"""Repair the tiling of a file of grids into a new file."""

from pathlib import Path
from typing import Any

import click

from dashboard.commands.base import json_option, print_json, say, words
from dashboard.commands.reports import warning_sentence

MOST_ROWS = 200


@click.group(help=words("cli.repair"))
def repair() -> None:
    """Hold the repairs."""


@repair.command("grids", help=words("cli.repair_grids"))
@click.argument("file", type=click.Path(path_type=Path))
@click.argument("out", type=click.Path(path_type=Path))
@click.option(
    "--gap-width-m",
    type=click.FloatRange(min=0),
    default=1.0,
    show_default=True,
    metavar="W",
    help=words("cli.option_gap_width_m"),
)
@click.option("--code", metavar="COL", help=words("cli.option_code"))
@click.option("--layer", metavar="L", help=words("cli.option_layer"))
@click.option("--crs", metavar="EPSG:n", help=words("cli.option_crs"))
@json_option
def grids(  # noqa: PLR0913 - one parameter for each option
    file: Path,
    out: Path,
    *,
    gap_width_m: float,
    code: str | None,
    layer: str | None,
    crs: str | None,
    as_json: bool,
) -> None:
    """Write a valid tiling with the same features; report what moved and what was left open."""
    from data.importers.place_columns import PlaceOptions
    from data.importers.place_repair import repair_file
    from data.importers.tables import TableOptions

    options = PlaceOptions(code=code, crs=crs, table=TableOptions(layer=layer))
    document = repair_file(file, out, options, gap_width_m=gap_width_m).as_json()
    if as_json:
        print_json(document)
        return
    say(words("repair.done", features=document["features"], file=out))
    _say_details(document)


def _say_details(document: dict[str, Any]) -> None:
    say(words("repair.change", m2=f"{document['area_change_m2']:,.2f}", n=len(document["moved"])))
    for row in document["moved"][:MOST_ROWS]:
        say("  " + words("report.moved", grid_code=row["code"], **row))
    if document["holes_left"]:
        areas = ", ".join(f"{hole['area_m2']:,.1f}" for hole in document["holes"][:MOST_ROWS])
        say(words("repair.holes", n=document["holes_left"], areas=areas))
    for warning in document["warnings"]:
        say(words("report.warning", text=warning_sentence(warning, words)))
