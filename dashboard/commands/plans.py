"""List, begin and show boundary plans; holds the other commands of plans.

Used by the command line. Knows nothing of screens.
"""

from pathlib import Path
from typing import Any

import click

from dashboard.commands.base import json_option, open_database, print_json, say, store_option, words
from dashboard.commands.plan_deciding import (
    approve,
    publish,
    rebase,
    reopen,
    roll_back,
    withdraw,
)
from dashboard.commands.plan_desk import (
    MOST_ROWS,
    acting,
    author_option,
    day_told,
    in_words,
    moment_now,
    note_option,
    plan_document,
    plan_line,
    plan_named,
    plan_opened,
    plan_options,
)
from dashboard.commands.plan_drawing import apply, aside, redo, undo
from dashboard.commands.plan_handing import crosswalk, export, impact
from dashboard.commands.plan_judging import check, compare, count, figures
from dashboard.commands.plan_proposing import propose
from data.errors import ImportRefused, RecordNotFound
from data.viewer import LOCAL_STEWARD

STATUSES = ("draft", "approved", "published", "withdrawn")


class _InOrder(click.Group):
    """A group that lists its commands in the order of work, each with its whole sentence."""

    def list_commands(self, ctx: click.Context) -> list[str]:  # noqa: ARG002 - click's signature
        """Name the commands as they were added."""
        return list(self.commands)

    def format_commands(self, ctx: click.Context, formatter: click.HelpFormatter) -> None:  # noqa: ARG002 - click's signature
        """List the commands with what they do."""
        rows = [(name, command.help or "") for name, command in self.commands.items()]
        with formatter.section(words("cli.commands")):
            formatter.write_dl(rows)


@click.group(cls=_InOrder, help=words("cli.plan"))
def plan() -> None:
    """Hold the commands of plans."""


@plan.command("list", help=words("plan_cli.list"))
@click.option(
    "--status", "statuses", multiple=True, type=click.Choice(STATUSES),
    help=words("plan_cli.option_status"),
)  # fmt: skip
@click.option("--templates", is_flag=True, help=words("plan_cli.option_templates"))
@json_option
@store_option
def list_all(
    *, statuses: tuple[str, ...], templates: bool, as_json: bool, store: str | None
) -> None:
    """List the plans, changed last first."""
    from data.repositories.plans import list_plans

    with open_database(store).read() as session:
        found = list_plans(
            session,
            LOCAL_STEWARD,
            statuses=statuses or None,
            is_template=True if templates else None,
        )
    if as_json:
        print_json({"plans": [plan_document(each) for each in found]})
        return
    for each in found:
        say(plan_line(each))
    say(words("plan_cli.listed", n=len(found)))


@plan.command(help=words("plan_cli.new"))
@click.option("--name", required=True, help=words("plan_cli.option_name"))
@click.option(
    "--from", "start", default="today", show_default=True, metavar="today|DATE|FILE|PLAN",
    help=words("plan_cli.option_from"),
)  # fmt: skip
@click.option("--area", metavar="CODE", help=words("plan_cli.option_area"))
@author_option
@note_option
@click.option("--template", is_flag=True, help=words("plan_cli.option_template"))
@click.option("--code", metavar="COL", help=words("cli.option_code"))
@click.option("--map", "mapping", multiple=True, metavar="FIELD=COL",
              help=words("plan_cli.option_map"))  # fmt: skip
@click.option("--layer", metavar="L", help=words("cli.option_layer"))
@click.option("--crs", metavar="EPSG:n", help=words("cli.option_crs"))
@click.option("--datum", metavar="DATUM", help=words("cli.option_datum"))
@click.option("--skip-bad-rows", "skip_bad", is_flag=True,
              help=words("plan_files.option_skip"))  # fmt: skip
@json_option
@store_option
def new(  # noqa: PLR0913 - one parameter for each option
    *,
    name: str,
    start: str,
    area: str | None,
    author: str | None,
    note: str,
    template: bool,
    as_json: bool,
    store: str | None,
    **reading: Any,  # noqa: ANN401 - how a file is read, by click
) -> None:
    """Begin a draft."""
    from data.planning.opening import Begin, begin_plan, open_plan

    database, viewer = open_database(store), acting(author)
    begun = _start(database, start, area, reading)
    with in_words():
        made = begin_plan(
            database,
            viewer,
            begun,
            Begin(name, moment_now(database), note=note, is_template=template),
        )
        with database.read() as session:
            grids = len(open_plan(session, viewer, made.id).tiling)
    if as_json:
        print_json({**plan_document(made), "grids": grids})
        return
    say(words("plan_cli.begun", plan=made.id, name=made.name, grids=grids))


def _start(database: Any, text: str, area: str | None, reading: dict[str, Any]) -> Any:  # noqa: ANN401 - imported late
    """Read `--from`: today, a day, a file that is there, else a plan."""
    from data.planning.opening import FromDay, FromPlan

    if text == "today":
        return FromDay(None, area)
    day, path = day_told(text), Path(text)
    if day is not None:
        return FromDay(day, area)
    if path.is_file() or (path.suffix and not text.isdecimal() and len(path.parts) > 1):
        return _file_start(database, path, area, reading)
    try:
        with database.read() as session:
            found = plan_named(session, text)
    except RecordNotFound as error:
        if path.suffix and error.code == "no_such_plan":
            raise ImportRefused("file_missing", file=path.name) from error
        raise
    if area is not None:
        raise click.UsageError(words("plan_cli.area_of_plan"))
    return FromPlan(found.id)


def _file_start(database: Any, path: Path, area: str | None, reading: dict[str, Any]) -> Any:  # noqa: ANN401 - imported late
    """Begin with the grids of a file; rows left out are told, and kept as a comment.

    Raises
    ------
    ImportRefused
        Those of `read_plan_file`; `plan_file_rows`: rows that cannot be a grid, unless these are
        to be left out (fields `lines`, `count`).
    """
    from dashboard.text.plan_files import remark_of, row_lines
    from data.importers.place_columns import PlaceOptions
    from data.importers.plan_files import read_plan_file
    from data.importers.tables import TableOptions
    from data.planning.opening import FromFrame

    options = PlaceOptions(
        code=reading["code"],
        mapping=_mapped(reading["mapping"]),
        crs=reading["crs"],
        datum=reading["datum"],
        table=TableOptions(layer=reading["layer"]),
    )
    with database.read() as session:
        found = read_plan_file(session, LOCAL_STEWARD, path, options)
    bad = found.rejections
    if bad and not reading["skip_bad"]:
        lines = [row.line for row in bad]
        raise ImportRefused("plan_file_rows", file=path.name, lines=lines[:20], count=len(lines))
    for line in row_lines(words, found.rejections):
        say(line, as_json=True)
    return FromFrame(found.frame, path.name, area, remark_of(words, found))


def _mapped(pairs: tuple[str, ...]) -> dict[str, str]:
    found = {}
    for pair in pairs:
        name, sign, column = pair.partition("=")
        if not sign or not name or not column:
            raise click.BadParameter(words("plan_cli.bad_pair", value=pair))
        found[name] = column
    return found


@plan.command(help=words("plan_cli.show"))
@plan_options()
def show(*, plan: str, as_json: bool, store: str | None) -> None:
    """Show one plan with its log, comments, drawings set aside and what changed under it."""
    from data.repositories.plans import base_changes, list_asides, list_edits, list_notes

    with open_database(store).read() as session:
        opened = plan_opened(session, plan)
        found = opened.plan
        edits = list_edits(session, LOCAL_STEWARD, found.id)
        notes = list_notes(session, LOCAL_STEWARD, found.id)
        asides = list_asides(session, LOCAL_STEWARD, found.id)
        changed = base_changes(session, LOCAL_STEWARD, found.id).ground
    tiling = opened.tiling
    if as_json:
        print_json(
            {
                **plan_document(found),
                "grids": len(tiling),
                "grids_before": len(opened.base),
                "locked": sorted(tiling.locked),
                "edits": [_edit_document(edit, found.head) for edit in edits],
                "notes": [
                    {"note": n.id, "grid": n.grid_code, "text": n.note, "author": n.author,
                     "at": n.at}
                    for n in notes
                ],
                "asides": [one.id for one in asides],
                "changed_since": list(changed),
            }
        )  # fmt: skip
        return
    say(plan_line(found))
    say(words("plan_cli.grids", before=len(opened.base), after=len(tiling)))
    for edit in edits[-MOST_ROWS:]:
        mark = "" if edit.position <= found.head else words("plan_cli.undone")
        kind = words.label("plan_edit_kind", edit.kind)
        say(f"{edit.position}\t{kind}\t{', '.join(edit.codes[:6])}\t{edit.author}\t{mark}".rstrip())
    for note in notes:
        say(words("plan_cli.note", grid=note.grid_code or "—", text=note.note, author=note.author))
    if asides:
        say(words("plan_cli.asides", n=len(asides)))
    if changed:
        say(words("plan_cli.ground_changed", n=len(changed), codes=", ".join(changed[:20])))


def _edit_document(edit: Any, head: int) -> dict[str, Any]:  # noqa: ANN401 - EditRecord, imported late
    return {
        "number": edit.number,
        "position": edit.position,
        "in_force": edit.position <= head,
        "kind": edit.kind,
        "codes": list(edit.codes),
        "author": edit.author,
        "at": edit.at,
        "report": dict(edit.report or {}),
    }


for command in (
    apply, undo, redo, aside, check, figures, compare, count, propose, impact, crosswalk, export,
    approve, publish, reopen, rebase, withdraw, roll_back,
):  # fmt: skip
    plan.add_command(command)
