"""Import files of every kind; the report is the same as the wizard's."""

from collections.abc import Callable, Mapping
from pathlib import Path
from typing import Any

import click

from dashboard.commands.base import (
    Progress,
    json_option,
    open_database,
    parse_day,
    print_json,
    say,
    store_option,
    words,
)
from dashboard.commands.registers import command_name, register_options, run_register
from dashboard.commands.reports import print_fields, print_report
from data.config import Config
from data.viewer import LOCAL_STEWARD
from data.vocabulary import EventLayer, GridKind, PlaceLevel, RegisterLayer

LEVELS = tuple(level.value for level in PlaceLevel if level is not PlaceLevel.GRID)
TIME_PARTS = ("year", "month", "day", "hour", "minute")


class MapCommand(click.Command):
    """A command whose `--map` and `--keep` may be followed by several values."""

    def parse_args(self, ctx: click.Context, args: list[str]) -> list[str]:
        """Write `--map a=b c=d` as `--map a=b --map c=d`."""
        expanded: list[str] = []
        is_mapping = False
        for word in args:
            if word.startswith("-"):
                is_mapping = word == "--map"
                expanded.append(word)
            elif is_mapping and word.partition("=")[0].isidentifier() and "=" in word:
                expanded += [word] if expanded[-1] == "--map" else ["--map", word]
            else:
                is_mapping = False
                expanded.append(word)
        return super().parse_args(ctx, expanded)


def _pairs(_ctx: click.Context, _option: click.Parameter, texts: tuple[str, ...]) -> dict[str, str]:
    found = {}
    for text in texts:
        name, sign, column = text.partition("=")
        if not sign or not name or not column:
            raise click.BadParameter(words("cli.bad_pair", value=text))
        found[name.strip()] = column
    return found


def _parts(_ctx: click.Context, _option: click.Parameter, text: str | None) -> dict[str, str]:
    return _pairs(_ctx, _option, tuple(text.split(","))) if text else {}


def _show_fields(ctx: click.Context, _option: click.Parameter, *, value: bool) -> None:
    if value:
        print_fields(str(ctx.info_name))
        ctx.exit()


def _shared(function: Any) -> Any:  # noqa: ANN401 - a decorator of commands
    """Add the options that every import has."""
    options = (
        click.argument("file", type=click.Path(path_type=Path)),
        click.option("--map", "mapping", multiple=True, callback=_pairs, metavar="FIELD=COL",
                     help=words("cli.option_map")),
        click.option("--keep", multiple=True, metavar="COL", help=words("cli.option_keep")),
        click.option("--source", metavar="NAME", help=words("cli.option_source")),
        click.option("--crs", metavar="EPSG:n", help=words("cli.option_crs")),
        click.option("--datum", type=click.Choice(["wgs84", "cgcs2000", "gcj02", "bd09"]),
                     help=words("cli.option_datum")),
        click.option("--layer", metavar="L", help=words("cli.option_layer")),
        click.option("--sheet", metavar="S", help=words("cli.option_sheet")),
        click.option("--encoding", metavar="E", help=words("cli.option_encoding")),
        click.option("--delimiter", metavar="C", help=words("cli.option_delimiter")),
        click.option("--decimal", type=click.Choice([".", ","]), default=".",
                     help=words("cli.option_decimal")),
        click.option("--fields", is_flag=True, is_eager=True, expose_value=False,
                     callback=lambda ctx, option, value: _show_fields(ctx, option, value=value),
                     help=words("cli.option_fields")),
        json_option,
        store_option,
    )  # fmt: skip
    for option in reversed(options):
        function = option(function)
    return function


def _table(given: Mapping[str, Any]) -> Any:  # noqa: ANN401 - TableOptions, imported late
    from data.importers.tables import TableOptions

    names = ("encoding", "delimiter", "decimal", "sheet", "layer")
    chosen = {name: given[name] for name in names}
    return TableOptions(**chosen, max_bytes=Config.from_env().max_upload_bytes)


def _finish(report: Any, *, as_json: bool, kind: str) -> int:  # noqa: ANN401 - any import's report
    document = report.as_json()
    if as_json:
        print_json(document)
    else:
        print_report(document, kind, say, words)
    faults = ("invalid", "gaps", "overlaps", "slivers", "outside_parent", "duplicate_codes")
    has_faults = any(document.get(name) for name in faults)
    return 1 if document.get("rejected") or has_faults else 0


@click.group(name="import", help=words("cli.import"))
def import_group() -> None:
    """Hold the imports."""


def _place_options(function: Any) -> Any:  # noqa: ANN401 - a decorator of commands
    options = (
        click.option("--code", metavar="COL", required=True, help=words("cli.option_code")),
        click.option("--name", metavar="COL", help=words("cli.option_name")),
        click.option("--parent", metavar="COL", help=words("cli.option_parent")),
        click.option("--station", metavar="COL", help=words("cli.option_station")),
        click.option("--effective", callback=parse_day, metavar="DATE",
                     help=words("cli.option_effective")),
        click.option("--repair", is_flag=True, help=words("cli.option_repair")),
        click.option("--gap-width-m", type=float, default=1.0, help=words("cli.option_gap_width")),
        click.option("--revive", is_flag=True, help=words("cli.option_revive")),
    )  # fmt: skip
    for option in reversed(options):
        function = option(function)
    return function


def _run_places(level: str, grid_kind: str, given: dict[str, Any]) -> int:
    from data.importers.places import PlaceOptions, run

    options = PlaceOptions(
        level=level,
        grid_kind=grid_kind,
        code=given["code"],
        name=given["name"],
        parent=given["parent"],
        station=given["station"],
        mapping=given["mapping"],
        keep=given["keep"],
        crs=given["crs"],
        datum=given["datum"],
        effective=given["effective"],
        repair=given["repair"],
        gap_width_m=given["gap_width_m"],
        revives=given["revive"],
        source=given["source"],
        table=_table(given),
    )
    database = open_database(given["store"], must_exist=False)
    progress = Progress(given["file"].name)
    report = run(database, given["file"], options, LOCAL_STEWARD, progress=progress)
    return _finish(report, as_json=given["as_json"], kind="places")


@import_group.command("grids", cls=MapCommand, help=words("cli.import_grids"))
@click.option("--grid-kind", default="base", type=click.Choice([kind.value for kind in GridKind]),
              help=words("cli.option_grid_kind"))  # fmt: skip
@_place_options
@_shared
def grids(grid_kind: str, **given: Any) -> int:  # noqa: ANN401 - click's options
    """Import grids of one kind."""
    return _run_places(PlaceLevel.GRID.value, grid_kind, given)


@import_group.command("places", cls=MapCommand, help=words("cli.import_places"))
@click.option("--level", required=True, type=click.Choice(LEVELS), help=words("cli.option_level"))
@_place_options
@_shared
def places(level: str, **given: Any) -> int:  # noqa: ANN401 - click's options
    """Import places of one level."""
    return _run_places(level, GridKind.BASE.value, given)


def _event_options(function: Any) -> Any:  # noqa: ANN401 - a decorator of commands
    options = (
        click.option("--id", "external_id", metavar="COL", help=words("cli.option_id")),
        click.option("--lon", metavar="COL", help=words("cli.option_lon")),
        click.option("--lat", metavar="COL", help=words("cli.option_lat")),
        click.option("--stated-unit", metavar="COL", help=words("cli.option_stated_unit")),
        click.option("--time", "occurred_at", metavar="COL", help=words("cli.option_time")),
        click.option("--date", metavar="COL", help=words("cli.option_date")),
        click.option("--clock", metavar="COL", help=words("cli.option_clock")),
        click.option("--time-parts", callback=_parts, metavar="year=COL,month=COL,…",
                     help=words("cli.option_time_parts")),
        click.option("--kind", metavar="COL", help=words("cli.option_kind_column")),
        click.option("--tz", default="Asia/Shanghai", show_default=True,
                     help=words("cli.option_tz")),
        click.option("--time-format", metavar="F", help=words("cli.option_time_format")),
        click.option("--calendar", type=click.Choice(["gregorian", "roc", "excel", "excel1904"]),
                     help=words("cli.option_calendar")),
        click.option("--duplicates", type=click.Choice(["last", "first"]), default="last",
                     show_default=True, help=words("cli.option_duplicates")),
        click.option("--trust-datum", is_flag=True, help=words("cli.option_trust_datum")),
    )  # fmt: skip
    for option in reversed(options):
        function = option(function)
    return function


def _run_events(layer: EventLayer, given: dict[str, Any]) -> int:
    from data.importers.events import run
    from data.importers.options import EventOptions
    from data.importers.times import TimeRules
    from geo.crs import Datum

    named = ("external_id", "lon", "lat", "stated_unit", "occurred_at", "date", "clock", "kind")
    mapping = {name: given[name] for name in named if given[name]}
    options = EventOptions(
        layer=layer,
        mapping=mapping | given["time_parts"] | given["mapping"],
        keep=given["keep"],
        crs=given["crs"],
        datum=Datum(given["datum"]) if given["datum"] else None,
        times=TimeRules(given["tz"], given["time_format"], given["calendar"]),
        source=given["source"],
        table=_table(given),
        duplicate_rule=given["duplicates"],
        trusts_datum=given["trust_datum"],
    )
    database = open_database(given["store"], must_exist=False)
    progress = Progress(given["file"].name)
    checking = Progress(words("cli.progress_checking", file=given["file"].name))
    report = run(
        database, given["file"], options, LOCAL_STEWARD, progress=progress, checking=checking
    )
    return _finish(report, as_json=given["as_json"], kind="events")


def _add_event_command(layer: EventLayer) -> None:
    @import_group.command(layer.value, cls=MapCommand, help=words(f"cli.import_{layer.value}"))
    @_event_options
    @_shared
    def command(**given: Any) -> int:  # noqa: ANN401 - click's options
        """Import events of one layer."""
        return _run_events(layer, given)

    del command  # it hangs in the group now


for _layer in EventLayer:
    _add_event_command(_layer)


def _run_people(layer_name: str, given: dict[str, Any]) -> int:
    from data.importers.people import PeopleLayer, PeopleOptions, run

    options = PeopleOptions(
        layer=PeopleLayer(layer_name),
        mapping=given["mapping"],
        source=given["source"],
        datum=given["datum"],
        table=_table(given),
    )
    database = open_database(given["store"], must_exist=False)
    report = run(database, given["file"], options, LOCAL_STEWARD)
    return _finish(report, as_json=given["as_json"], kind="people")


def _run_lines(layer_name: str, given: dict[str, Any]) -> int:
    from data.importers.streets import LineLayer, StreetOptions, run

    options = StreetOptions(
        layer=LineLayer(layer_name),
        mapping=given["mapping"],
        source=given["source"],
        crs=given["crs"],
        datum=given["datum"],
        file_layer=given["layer"],
        encoding=given["encoding"],
        max_bytes=Config.from_env().max_upload_bytes,
    )
    database = open_database(given["store"], must_exist=False)
    report = run(database, given["file"], options, LOCAL_STEWARD)
    return _finish(report, as_json=given["as_json"], kind="lines")


def _add_plain_command(name: str, runner: Callable[[str, dict[str, Any]], int], layer: str) -> None:
    @import_group.command(name, cls=MapCommand, help=words(f"cli.import_{name}"))
    @_shared
    def command(**given: Any) -> int:  # noqa: ANN401 - click's options
        """Import one layer whose columns are found by their headers or named with --map."""
        return runner(layer, given)

    del command  # it hangs in the group now


_add_plain_command("officers", _run_people, "officers")
_add_plain_command("appointments", _run_people, "appointments")
_add_plain_command("absences", _run_people, "absences")
_add_plain_command("streets", _run_lines, "streets")
_add_plain_command("blocks", _run_lines, "blocks")


def _add_register_command(layer: RegisterLayer) -> None:
    name, text = command_name(layer), words("cli.import_register", register=_named(layer))

    @import_group.command(name, cls=MapCommand, help=text)
    @register_options
    @_shared
    def command(**given: Any) -> int:  # noqa: ANN401 - click's options
        """Import one register."""
        report = run_register(layer, given, _table(given))
        return _finish(report, as_json=given["as_json"], kind="registers")

    del command  # it hangs in the group now


def _named(layer: RegisterLayer) -> str:
    return words.label("register", layer.value).lower()


for _register in RegisterLayer:
    _add_register_command(_register)
