"""Convert the datum of a table."""

from pathlib import Path

import click

from dashboard.commands.base import json_option, print_json, say, words
from data.config import Config

DATUMS = ("wgs84", "cgcs2000", "gcj02", "bd09")


@click.command(help=words("cli.convert"))
@click.argument("file", type=click.Path(path_type=Path))
@click.argument("out", type=click.Path(path_type=Path))
@click.option(
    "--from",
    "source",
    type=click.Choice(DATUMS),
    required=True,
    help=words("cli.option_from_datum"),
)
@click.option(
    "--to", "target", type=click.Choice(DATUMS), required=True, help=words("cli.option_to_datum")
)
@click.option("--lon", metavar="COL", required=True, help=words("cli.option_lon"))
@click.option("--lat", metavar="COL", required=True, help=words("cli.option_lat"))
@click.option("--encoding", metavar="E", help=words("cli.option_encoding"))
@click.option("--delimiter", metavar="C", help=words("cli.option_delimiter"))
@click.option(
    "--decimal", type=click.Choice([".", ","]), default=".", help=words("cli.option_decimal")
)
@click.option("--sheet", metavar="S", help=words("cli.option_sheet"))
@json_option
def convert(  # noqa: PLR0913 - one parameter for each option
    file: Path,
    out: Path,
    *,
    source: str,
    target: str,
    lon: str,
    lat: str,
    encoding: str | None,
    delimiter: str | None,
    decimal: str,
    sheet: str | None,
    as_json: bool,
) -> None:
    """Write the table with the two columns in another datum; everything else stays."""
    from data.importers.conversion import ConversionOptions, convert_table
    from data.importers.tables import TableOptions
    from geo.crs import Datum

    limit = Config.from_env().max_upload_bytes
    table = TableOptions(encoding, delimiter, decimal, sheet, max_bytes=limit)
    options = ConversionOptions(lon, lat, Datum(source), Datum(target), table)
    document = convert_table(file, out, options).as_json()
    if as_json:
        print_json(document)
    else:
        say(words("convert.done", file=out, **document))
