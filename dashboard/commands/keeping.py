"""Keep the store: quarantine, exports, backup, restore, migration."""

from datetime import UTC, datetime
from pathlib import Path

import click

from dashboard.commands.base import json_option, open_database, print_json, say, store_option, words
from data.viewer import LOCAL_STEWARD, DisplayLevel

LEVELS = {level.name.lower(): level for level in DisplayLevel}


@click.command(help=words("cli.rejected"))
@click.option("--batch", type=int, metavar="ID", help=words("cli.option_batch"))
@json_option
@store_option
def rejected(*, batch: int | None, as_json: bool, store: str | None) -> None:
    """List the quarantined rows."""
    from data.repositories.imports import list_rejected

    with open_database(store).read() as session:
        rows = list_rejected(session, LOCAL_STEWARD, batch_id=batch)
    if as_json:
        names = ("batch_id", "line", "column", "value", "reason")
        listed = [{name: getattr(row, name) for name in names} for row in rows]
        print_json({"rejected": [{"batch": row.pop("batch_id"), **row} for row in listed]})
        return
    for row in rows:
        reason = words.label("reason", row.reason)
        say(f"{row.batch_id}\t{row.line}\t{row.column or ''}\t{row.value or ''}\t{reason}")


@click.command(help=words("cli.export"))
@click.argument("layer")
@click.argument("out", type=click.Path(path_type=Path))
@click.option("--as-of", default="today", help=words("cli.option_as_of_day"))
@click.option("--level", default="admin", type=click.Choice(list(LEVELS)), show_default=True)
@json_option
@store_option
def export(
    layer: str, out: Path, *, as_of: str, level: str, as_json: bool, store: str | None
) -> None:
    """Write a layer to a file."""
    from data.exports import ExportOptions, export_layer

    with open_database(store).write() as session:
        options = ExportOptions(as_of=as_of, level=LEVELS[level])
        rows = export_layer(
            session, LOCAL_STEWARD, layer, out, options=options, now=datetime.now(UTC)
        )
    if as_json:
        print_json({"rows": rows})
    else:
        say(words("export.done", rows=rows, file=out))


@click.command(help=words("cli.backup"))
@click.argument("out", type=click.Path(path_type=Path))
@json_option
@store_option
def backup(out: Path, *, as_json: bool, store: str | None) -> int:
    """Copy the store while it is being written."""
    from data.backup import backup as copy

    report = copy(open_database(store), out)
    if as_json:
        print_json(vars(report))
    else:
        say(words("backup.done", file=out, bytes=report.bytes, integrity=report.integrity))
    return 0 if report.integrity == "ok" else 1


@click.command(help=words("cli.restore"))
@click.argument("file", type=click.Path(path_type=Path))
@json_option
@store_option
def restore(file: Path, *, as_json: bool, store: str | None) -> None:
    """Put a checked backup in the store's place."""
    from data.backup import restore as put_back
    from data.config import Config
    from data.database import Database

    database = Database(Config.from_env(store_url=store).store_url)
    report = put_back(database, file)
    if as_json:
        print_json(vars(report))
    else:
        say(words("restore.done", file=file, store=database.path))


@click.command(help=words("cli.migrate"))
@json_option
@store_option
def migrate(*, as_json: bool, store: str | None) -> None:
    """Bring the store to this version's schema."""
    from data.backup import integrity

    database = open_database(store)
    database.create_or_migrate()
    version = database.schema_version()
    if as_json:
        size = database.path.stat().st_size
        print_json({"version": version, "bytes": size, "integrity": integrity(database.path)})
    else:
        say(words("migrate.done", store=database.path, version=version))
