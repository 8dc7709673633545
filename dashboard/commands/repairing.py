"""Repair the tiling of a file of grids into a new file, by rule or by decisions."""

from __future__ import annotations

import json
from pathlib import Path
from typing import TYPE_CHECKING, Any

import click

from dashboard.commands.base import json_option, print_json, say, words
from dashboard.commands.reports import warning_sentence
from dashboard.text.repairs import proposal_sentence

if TYPE_CHECKING:
    from data.importers.place_columns import PlaceOptions

MOST_ROWS = 200


@click.group(help=words("cli.repair"))
def repair() -> None:
    """Hold the repairs."""


@repair.command("grids", help=words("cli.repair_grids"))
@click.argument("file", type=click.Path(path_type=Path))
@click.argument("out", type=click.Path(path_type=Path), required=False)
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
@click.option(
    "--propose",
    type=click.Path(path_type=Path),
    metavar="JSON",
    help=words("repair_cli.propose"),
)
@click.option(
    "--decide", type=click.Path(path_type=Path), metavar="JSON", help=words("repair_cli.decide")
)
@json_option
def grids(  # noqa: PLR0913 - one parameter for each option
    file: Path,
    out: Path | None,
    *,
    propose: Path | None,
    decide: Path | None,
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
    if propose is not None and (decide is not None or out is not None):
        raise click.UsageError(words("repair_cli.propose_alone"))
    if propose is not None:
        _propose(file, propose, options, gap_width_m=gap_width_m, as_json=as_json)
        return
    if out is None:
        raise click.UsageError(words("repair_cli.out_needed"))
    if decide is None:
        document = repair_file(file, out, options, gap_width_m=gap_width_m).as_json()
    else:
        document = _decided(file, out, decide, options, gap_width_m=gap_width_m)
    if as_json:
        print_json(document)
        return
    say(words("repair.done", features=document["features"], file=out))
    _say_details(document)
    if decide is not None:
        _say_decided(document)


def _propose(
    file: Path, target: Path, options: PlaceOptions, *, gap_width_m: float, as_json: bool
) -> None:
    """Write the proposals for a person or a program to decide on; nothing is repaired."""
    from data.errors import ImportRefused
    from data.importers.place_decisions import propose_file

    found = propose_file(file, options, gap_width_m=gap_width_m)
    document = found.as_json()
    try:
        text = json.dumps(document, ensure_ascii=False, indent=1)
        target.write_text(text + "\n", encoding="utf-8")
    except OSError as error:
        raise ImportRefused("repair_not_written", file=target.name) from error
    if as_json:
        print_json(document)
        return
    say(words("repair_cli.proposed", n=len(found.proposals), file=target))
    for one in found.proposals[:MOST_ROWS]:
        say("  " + proposal_sentence(words, one))


def _decided(
    file: Path, out: Path, decide: Path, options: PlaceOptions, *, gap_width_m: float
) -> dict[str, Any]:
    from data.importers import place_decisions as places
    from data.importers.place_repair import require_target

    require_target(file, out)
    found = places.propose_file(file, options, gap_width_m=gap_width_m)
    outcome = places.decide(found, places.read_decisions(decide, found.proposals))
    places.write_decided(found, outcome, out)
    return places.outcome_json(found, outcome)


def _say_decided(document: dict[str, Any]) -> None:
    done = {name: len(document[name]) for name in ("applied", "refused", "failed")}
    say(words("repair_cli.decided", **done))
    for piece in document["pieces"][:MOST_ROWS]:
        giver = piece["giver"] or words("repairs.nobody")
        told = {"giver": giver, "taker": piece["taker"], "m2": f"{piece['area_m2']:,.2f}"}
        say("  " + words("repair_cli.piece", **told))
    left = {kind: n for kind, n in document["faults"].items() if n}
    for kind, n in left.items():
        say(words("repair_cli.left", kind=words.label("fault", kind), n=n))


def _say_details(document: dict[str, Any]) -> None:
    say(words("repair.change", m2=f"{document['area_change_m2']:,.2f}", n=len(document["moved"])))
    for row in document["moved"][:MOST_ROWS]:
        say("  " + words("report.moved", grid_code=row["code"], **row))
    if document["holes_left"]:
        areas = ", ".join(f"{hole['area_m2']:,.1f}" for hole in document["holes"][:MOST_ROWS])
        say(words("repair.holes", n=document["holes_left"], areas=areas))
    for warning in document["warnings"]:
        say(words("report.warning", text=warning_sentence(warning, words)))
