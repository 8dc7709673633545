"""Draw on plans from the command line: apply edits of a file, undo, redo, drawings set aside.

Used by `dashboard.commands.plans`. A refused edit is said in one sentence and kept in the store.
"""

import json
import sys
from collections.abc import Mapping
from dataclasses import replace
from pathlib import Path
from typing import Any

import click
import shapely

from dashboard.commands.base import json_option, open_database, print_json, say, store_option, words
from dashboard.commands.plan_desk import (
    acting,
    author_option,
    clock_of,
    in_words,
    moment_now,
    plan_document,
    plan_named,
    plan_options,
    report_lines,
    sentence_of,
    tell_plan,
    turn_of,
    turn_on,
    version_option,
)
from data.errors import DataError, ImportRefused
from data.viewer import LOCAL_STEWARD
from geo.errors import GeoError

_REFUSED = frozenset({"plan_changed", "plan_base_changed", "plan_not_draft", "plan_code_taken"})
"""Reasons in the plan for which a drawing is refused and not the whole command."""


@click.command(help=words("plan_cli.apply"))
@plan_options(
    click.argument("file", metavar="EDIT.json"),
    author_option,
    version_option,
    click.option("--snap-m", type=click.FloatRange(0), help=words("plan_cli.option_snap")),
    click.option("--allow-parts", is_flag=True, help=words("plan_cli.option_parts")),
    click.option("--across-communities", is_flag=True, help=words("plan_cli.option_across")),
    click.option("--clip", is_flag=True, help=words("plan_cli.option_clip")),
    click.option("--along-streets", is_flag=True, help=words("plan_cli.option_streets")),
)
def apply(
    *,
    plan: str,
    file: str,
    author: str | None,
    version: int | None,
    as_json: bool,
    store: str | None,
    **how: Any,  # noqa: ANN401 - how edits are applied, by click
) -> int:
    """Apply one edit or a list, in order; stop at the first that is refused."""
    from data.planning.drawing import draw

    edits = read_edits(file)
    database, viewer = open_database(store), acting(author)
    with database.read() as session:
        seen = plan_named(session, plan)
        options = _options(session, viewer, how)
    clock = clock_of(database)
    done: list[dict[str, Any]] = []
    refused, opened = None, None
    for number, edit in enumerate(edits, start=1):
        turn = turn_of(opened.plan if opened else seen, None if opened else version, clock())
        try:
            drawn = draw(database, viewer, turn, edit, options=options, opened=opened)
        except (DataError, GeoError) as fault:
            refused = _refusal(fault, number, edit)
            break
        opened = drawn.opened
        done.append(_applied(number, edit, drawn.report))
    with database.read() as session:
        after = plan_named(session, str(seen.id))
    return _told(after, done, refused, len(edits), as_json=as_json)


def _options(session: Any, viewer: Any, how: Mapping[str, Any]) -> Any:  # noqa: ANN401 - imported late
    from data.frames import streets_frame
    from data.planning.opening import edit_options

    options = replace(
        edit_options(session, viewer),
        allow_parts=how["allow_parts"],
        across_parents=how["across_communities"],
        clip=how["clip"],
    )
    if how["snap_m"] is not None:
        options = replace(options, snap_m=how["snap_m"])
    if how["along_streets"]:
        lines = streets_frame(session, viewer).geometry
        kept = lines[lines.notna() & ~lines.is_empty]
        options = replace(options, streets=tuple(shapely.get_parts(list(kept))))
    return options


def read_edits(file: str) -> list[Any]:
    """Read one edit or a list of a JSON file, or of standard input (`-`).

    Raises
    ------
    ImportRefused
        `file_missing`; `plan_edits_unreadable` (fields `file`, `why`), `plan_edits_empty`;
        `plan_edit_unreadable` (fields `file`, `number`, `got`): one edit is none.
    """
    from geo.edits.refusal import EditRefused
    from geo.edits.values import from_json

    name = "-" if file == "-" else Path(file).name
    try:
        text = sys.stdin.read() if file == "-" else Path(file).read_text(encoding="utf-8-sig")
        found = json.loads(text)
    except FileNotFoundError as error:
        raise ImportRefused("file_missing", file=name) from error
    except (OSError, ValueError) as error:
        raise ImportRefused("plan_edits_unreadable", file=name, why=str(error)) from error
    listed = found if isinstance(found, list) else [found]
    if not listed:
        raise ImportRefused("plan_edits_empty", file=name)
    edits = []
    for number, each in enumerate(listed, start=1):
        try:
            if not isinstance(each, Mapping):
                raise ImportRefused(
                    "plan_edit_unreadable", file=name, number=number, got=type(each).__name__
                )
            edits.append(from_json({"version": 1, **each}))
        except EditRefused as error:
            got = error.fields.get("got", error.code)
            raise ImportRefused(
                "plan_edit_unreadable", file=name, number=number, got=got
            ) from error
    return edits


def _applied(number: int, edit: Any, report: Any) -> dict[str, Any]:  # noqa: ANN401 - Edit, Report
    from data.planning.states import report_document
    from geo.edits.values import kind_of

    told = report_document(report)
    return {"number": number, "kind": kind_of(edit), "touched": list(report.touched), **told}


def _refusal(fault: DataError | GeoError, number: int, edit: Any) -> dict[str, Any]:  # noqa: ANN401 - Edit
    """Give why one drawing was refused; what stops the whole command is raised again."""
    from data.repositories.plan_notes import plain
    from geo.edits.values import kind_of

    if isinstance(fault, DataError) and fault.code not in _REFUSED:
        raise fault
    fields = {name: plain(value) for name, value in fault.fields.items()}
    return {
        "number": number,
        "kind": kind_of(edit),
        "code": fault.code,
        "sentence": sentence_of(fault),
        "aside": fields.pop("aside", None),
        "codes": fields.pop("codes", []),
        "place": fields.pop("place", ""),
        "fields": fields,
    }


def _told(
    plan: Any,  # noqa: ANN401 - PlanRecord, imported late
    done: list[dict[str, Any]],
    refused: dict[str, Any] | None,
    total: int,
    *,
    as_json: bool,
) -> int:
    """Tell what was applied and what was refused; give the command's exit code."""
    left = total - len(done) - (refused is not None)
    if as_json:
        print_json({**plan_document(plan), "applied": done, "refused": refused, "left": left})
    else:
        _say_applied(plan, done, refused, total)
    return 0 if refused is None else 1


def _say_applied(
    plan: Any,  # noqa: ANN401 - PlanRecord, imported late
    done: list[dict[str, Any]],
    refused: dict[str, Any] | None,
    total: int,
) -> None:
    for each in done:
        say(f"{each['number']}\t{words.label('plan_edit_kind', each['kind'])}")
        for line in report_lines(each):
            say(f"  {line}")
    say(words("plan_cli.applied", done=len(done), total=total, plan=plan.name, head=plan.head))
    if refused is None:
        return
    kept = "" if refused["aside"] is None else words("plan_cli.kept_aside", aside=refused["aside"])
    is_told = refused["code"] == "plan_changed"
    click.echo(
        refused["sentence"] if is_told else f"{refused['sentence']} {kept}".rstrip(), err=True
    )


_STEPS = click.option(
    "--steps", type=click.IntRange(1), default=1, show_default=True,
    help=words("plan_cli.option_steps"),
)  # fmt: skip


@click.command(help=words("plan_cli.undo"))
@plan_options(_STEPS, author_option, version_option)
def undo(**asked: Any) -> None:  # noqa: ANN401 - the options, by click
    """Take the last edits back."""
    from data.planning.drawing import undo as take_back

    _step(take_back, asked)


@click.command(help=words("plan_cli.redo"))
@plan_options(_STEPS, author_option, version_option)
def redo(**asked: Any) -> None:  # noqa: ANN401 - the options, by click
    """Bring edits back that were undone."""
    from data.planning.drawing import redo as bring_back

    _step(bring_back, asked)


def _step(move: Any, asked: dict[str, Any]) -> None:  # noqa: ANN401 - a function, imported late
    database, _, turn = turn_on(asked["store"], asked["plan"], asked["version"])
    with in_words():
        opened = move(database, acting(asked["author"]), turn, steps=asked["steps"])
    tell_plan(opened.plan, as_json=asked["as_json"], grids=len(opened.tiling))


@click.group(help=words("plan_cli.aside"))
def aside() -> None:
    """Hold the commands of drawings set aside."""


@aside.command("list", help=words("plan_cli.aside_list"))
@plan_options(click.option("--all", "with_closed", is_flag=True, help=words("plan_cli.option_all")))
def list_asides(*, plan: str, with_closed: bool, as_json: bool, store: str | None) -> None:
    """List the drawings of a plan that were refused and kept."""
    from data.repositories import plans

    with open_database(store).read() as session:
        found = plan_named(session, plan)
        state = None if with_closed else "open"
        asides = plans.list_asides(session, LOCAL_STEWARD, found.id, state=state)
    if as_json:
        print_json({"plan": found.id, "asides": [_aside_document(one) for one in asides]})
        return
    for one in asides:
        kind = words.label("plan_edit_kind", str(one.edit["kind"]))
        reason = words.error(one.reason, one.fields)
        say(f"{one.id}\t{kind}\t{words.label('plan_aside', one.state)}\t{one.author}\t{reason}")
    say(words("plan_cli.asides", n=len(asides)))


def _aside_document(one: Any) -> dict[str, Any]:  # noqa: ANN401 - AsideRecord, imported late
    return {
        "aside": one.id,
        "kind": one.edit["kind"],
        "edit": dict(one.edit),
        "reason": one.reason,
        "fields": dict(one.fields),
        "seen_version": one.seen_version,
        "current_version": one.current_version,
        "author": one.author,
        "at": one.at,
        "state": one.state,
    }


@aside.command(help=words("plan_cli.aside_take"))
@click.argument("number", metavar="ASIDE", type=click.IntRange(1))
@author_option
@json_option
@store_option
def take(*, number: int, author: str | None, as_json: bool, store: str | None) -> int:
    """Apply a drawing to the plan as it is now; it stays aside where it is refused again."""
    from data.planning.drawing import take_up
    from geo.edits.values import from_json

    database, kept, after = _kept_aside(store, number)
    edit, turn = from_json(kept.edit), turn_of(after, None, moment_now(database))
    done, refused = [], None
    with in_words():
        try:
            drawn = take_up(database, acting(author), number, turn)
            done, after = [_applied(1, edit, drawn.report)], drawn.opened.plan
        except (DataError, GeoError) as fault:
            refused = {**_refusal(fault, 1, edit), "aside": number}
    return _told(after, done, refused, 1, as_json=as_json)


@aside.command(help=words("plan_cli.aside_dismiss"))
@click.argument("number", metavar="ASIDE", type=click.IntRange(1))
@author_option
@json_option
@store_option
def dismiss(*, number: int, author: str | None, as_json: bool, store: str | None) -> None:
    """Give up a drawing that was set aside."""
    from data.planning.drawing import dismiss as give_up
    from data.repositories.plans import find_aside

    database, _, seen = _kept_aside(store, number)
    with in_words():
        give_up(database, acting(author), number, turn_of(seen, None, moment_now(database)))
    if not as_json:
        say(words("plan_cli.dismissed", aside=number))
        return
    with database.read() as session:
        after = find_aside(session, LOCAL_STEWARD, number)
    print_json({"plan": after.plan_id, **_aside_document(after)})


def _kept_aside(store: str | None, number: int) -> tuple[Any, Any, Any]:
    """Open the store for one drawing set aside: database, drawing, its plan."""
    from data.repositories.plans import find_aside, find_plan

    database = open_database(store)
    with database.read() as session:
        kept = find_aside(session, LOCAL_STEWARD, number)
        return database, kept, find_plan(session, LOCAL_STEWARD, kept.plan_id)
