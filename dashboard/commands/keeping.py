"""Keep the store: quarantine, exports, backup, restore, copying, migration."""

from datetime import UTC, datetime
from pathlib import Path

import click

from dashboard.commands.base import (
    Progress,
    json_option,
    named_database,
    open_database,
    print_json,
    say,
    store_option,
    words,
)
from dashboard.commands.grids_choice import grids_option, plan_grids
from data.grids_of import GridsOf
from data.viewer import LOCAL_STEWARD, DisplayLevel

LEVELS = {level.name.lower(): level for level in DisplayLevel}


@click.command(help=words("cli.rejected"))
@click.option("--batch", type=int, metavar="ID", help=words("cli.option_batch"))
@click.option("--resubmit", type=int, metavar="ID", help=words("cli.option_resubmit"))
@click.option("--set", "values", multiple=True, metavar="COL=VALUE", help=words("cli.option_set"))
@click.option("--dismiss", type=int, metavar="ID", help=words("cli.option_dismiss"))
@click.option("--note", default="", help=words("cli.option_note"))
@json_option
@store_option
def rejected(  # noqa: PLR0913 - one parameter for each option
    *,
    batch: int | None,
    resubmit: int | None,
    values: tuple[str, ...],
    dismiss: int | None,
    note: str,
    as_json: bool,
    store: str | None,
) -> int:
    """List the rows that wait in quarantine, or mend or dismiss one of them."""
    from data.repositories.imports import list_rejected

    if resubmit is not None and dismiss is not None:
        raise click.UsageError(words("cli.resubmit_or_dismiss"))
    if resubmit is not None or dismiss is not None:
        from dashboard.commands.mending import settle_row

        return settle_row(open_database(store), (resubmit, dismiss), values, note, as_json=as_json)
    with open_database(store).read() as session:
        every = list_rejected(session, LOCAL_STEWARD, batch_id=batch)
    rows = [row for row in every if row.state == "open"]
    if as_json:
        names = ("id", "batch_id", "line", "column", "value", "reason")
        listed = [{name: getattr(row, name) for name in names} for row in rows]
        print_json({"rejected": [{"batch": row.pop("batch_id"), **row} for row in listed]})
        return 0
    for row in rows:
        reason = words.label("reason", row.reason)
        told = f"{row.batch_id}\t{row.line}\t{row.column or ''}\t{row.value or ''}\t{reason}"
        say(f"{told}\t#{row.id}")
    return 0


@click.command(help=words("cli.export"))
@click.argument("layer")
@click.argument("out", type=click.Path(path_type=Path))
@grids_option
@click.option(
    "--level",
    default="admin",
    type=click.Choice(list(LEVELS)),
    show_default=True,
    help=words("cli.option_shown_level"),
)
@json_option
@store_option
def export(
    layer: str,
    out: Path,
    *,
    grids_of: GridsOf | None,
    level: str,
    as_json: bool,
    store: str | None,
) -> None:
    """Write a layer to a file."""
    from data.exports import ExportOptions, export_layer

    now, of = datetime.now(UTC), grids_of or GridsOf()
    with open_database(store).write() as session:
        chosen = plan_grids(session, LOCAL_STEWARD, of, now.date())
        options = ExportOptions(as_of=of.as_of, level=LEVELS[level], chosen=chosen)
        rows = export_layer(session, LOCAL_STEWARD, layer, out, options=options, now=now)
    if as_json:
        document: dict[str, object] = {"rows": rows}
        if chosen is not None:
            document |= {"as_of": of.as_of, "estimated_grids": len(chosen.estimated())}
        print_json(document)
    else:
        say(words("export.done", rows=rows, file=out))


@click.command(help=words("cli.backup"))
@click.argument("out", type=click.Path(path_type=Path))
@json_option
@store_option
def backup(out: Path, *, as_json: bool, store: str | None) -> int:
    """Copy the store while it is being written; a served one into a GeoPackage."""
    from data.backup import backup as copy_file
    from data.transfer import copy_to_file

    database = open_database(store)
    report = (copy_to_file if database.is_served else copy_file)(database, out)
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
    """Put a checked backup in the store's place; a served store has to be empty."""
    from data.backup import restore as put_back
    from data.transfer import copy_from_file

    database = named_database(store)
    report = (copy_from_file if database.is_served else put_back)(database, file)
    if as_json:
        print_json(vars(report))
    else:
        say(words("restore.done", file=file, store=database.label))


@click.command(help=words("cli.copy"))
@click.argument("source", metavar="FROM")
@click.argument("target", metavar="TO")
@json_option
def copy(source: str, target: str, *, as_json: bool) -> None:
    """Copy a whole store into an empty one, of either kind."""
    from data.transfer import copy_store

    giving, taking = open_database(source), open_database(target, must_exist=False)
    report = copy_store(giving, taking, progress=Progress(words("cli.progress_copying")))
    if as_json:
        print_json(report.as_json())
        return
    for proof in report.tables:
        say(words("copy.table", table=proof.table, rows=proof.rows, digest=proof.digest[:16]))
    facts = {"rows": report.rows, "tables": len(report.tables)}
    say(words("copy.done", source=report.source, target=report.target, **facts))


@click.command(help=words("cli.migrate"))
@json_option
@store_option
def migrate(*, as_json: bool, store: str | None) -> None:
    """Bring the store to this version's schema."""
    from data.backup import integrity, size_bytes

    database = open_database(store)
    database.create_or_migrate()
    version = database.schema_version()
    if as_json:
        verdict = "ok" if database.is_served else integrity(database.path)
        print_json({"version": version, "bytes": size_bytes(database), "integrity": verdict})
    else:
        say(words("migrate.done", store=database.label, version=version))
