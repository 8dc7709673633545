"""List the faults of grid boundaries, of files or of the store."""

from pathlib import Path
from typing import Any

import click

from dashboard.commands.base import json_option, open_database, print_json, say, store_option, words
from dashboard.commands.reports import fault_sentences
from data.viewer import LOCAL_STEWARD


@click.group(help=words("cli.check"))
def check() -> None:
    """Hold the checks."""


@check.command("grids", help=words("cli.check_grids"))
@click.argument("files", nargs=-1, type=click.Path(path_type=Path))
@click.option("--code", metavar="COL", help=words("cli.option_code"))
@click.option("--layer", metavar="L", help=words("cli.option_layer"))
@click.option("--crs", metavar="EPSG:n", help=words("cli.option_crs"))
@click.option("--datum", metavar="DATUM", help=words("cli.option_datum"))
@json_option
@store_option
def grids(  # noqa: PLR0913 - one parameter for each option
    files: tuple[Path, ...],
    *,
    code: str | None,
    layer: str | None,
    crs: str | None,
    datum: str | None,
    as_json: bool,
    store: str | None,
) -> int:
    """Check files, or the stored base grids when no file is named."""
    from data.importers.places import PlaceOptions, check_file, check_store
    from data.importers.tables import TableOptions

    if files:
        options = PlaceOptions(code=code, crs=crs, datum=datum, table=TableOptions(layer=layer))
        found = {str(path): check_file(path, options).as_json() for path in files}
    else:
        with open_database(store).read() as session:
            found = {"": check_store(session, LOCAL_STEWARD).as_json()}
    if as_json:
        documents = [{"file": name, **document} for name, document in found.items()]
        print_json(documents[0] if len(documents) == 1 else {"files": documents})
    else:
        for name, document in found.items():
            _print_faults(name, document)
    return 0 if all(document["valid_coverage"] for document in found.values()) else 1


def _print_faults(name: str, document: dict[str, Any]) -> None:
    verdict = words("check.valid" if document["valid_coverage"] else "check.faulty")
    where = name or words("check.store")
    say(words("check.head", where=where, features=document["features"], verdict=verdict))
    for sentence in fault_sentences(document, words):
        say(f"  {sentence}")
