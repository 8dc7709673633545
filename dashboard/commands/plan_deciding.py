"""Decide on plans from the command line: approve, publish, withdraw, reopen, rebase, roll back.

Used by `dashboard.commands.plans`. Who decides is named with `--by`; the rules are the screen's.
"""

from datetime import date
from typing import Any

import click

from dashboard.commands.base import parse_day, print_json, say, words
from dashboard.commands.plan_desk import (
    MOST_ROWS,
    acting,
    author_option,
    by_option,
    in_words,
    name_option,
    note_option,
    plan_document,
    plan_options,
    reason_option,
    sentence_of,
    tell_plan,
    turn_on,
    version_option,
)
from data.errors import DataError

_EFFECTIVE = click.option(
    "--effective", required=True, metavar="DATE", callback=parse_day,
    help=words("plan_cli.option_effective"),
)  # fmt: skip


@click.command(help=words("plan_cli.approve"))
@plan_options(by_option, version_option)
def approve(**asked: Any) -> None:  # noqa: ANN401 - the options, by click
    """Approve a draft: by another person than its author."""
    from data.repositories import plan_writes

    _decide(plan_writes.approve, asked)


@click.command(help=words("plan_cli.reopen"))
@plan_options(by_option, version_option)
def reopen(**asked: Any) -> None:  # noqa: ANN401 - the options, by click
    """Make a draft of an approved or withdrawn plan again."""
    from data.repositories import plan_writes

    _decide(plan_writes.reopen, asked)


@click.command(help=words("plan_cli.withdraw"))
@plan_options(by_option, reason_option, version_option)
def withdraw(*, reason: str, **asked: Any) -> None:  # noqa: ANN401 - the options, by click
    """Give a plan up; it is kept."""
    from data.repositories import plan_writes

    _decide(plan_writes.withdraw, asked, reason=reason)


def _decide(decision: Any, asked: dict[str, Any], **more: Any) -> None:  # noqa: ANN401 - imported late
    """Take a decision in one transaction and tell how the plan stands."""
    database, _, turn = turn_on(asked["store"], asked["plan"], asked["version"])
    with in_words(), database.write() as session:
        after = decision(session, acting(asked["by"]), turn, **more)
    tell_plan(after, as_json=asked["as_json"])


@click.command(help=words("plan_cli.rebase"))
@plan_options(author_option, version_option)
def rebase(
    *, plan: str, author: str | None, version: int | None, as_json: bool, store: str | None
) -> None:
    """Put a plan on the latest grids."""
    from data.planning import drawing

    database, _, turn = turn_on(store, plan, version)
    with in_words():
        opened = drawing.rebase(database, acting(author), turn)
    tell_plan(opened.plan, as_json=as_json, grids=len(opened.tiling))


@click.command("roll-back", help=words("plan_cli.roll_back"))
@plan_options(name_option, author_option, note_option)
def roll_back(
    *,
    plan: str,
    name: str | None,
    author: str | None,
    note: str,
    as_json: bool,
    store: str | None,
) -> None:
    """Begin a draft of the grids that a published plan replaced."""
    from data.planning import publishing
    from data.planning.opening import Begin

    database, seen, turn = turn_on(store, plan, None)
    called = name or words("plan_cli.roll_back_name", name=seen.name)
    with in_words():
        made = publishing.roll_back(database, acting(author), seen.id, Begin(called, turn.at, note))
    tell_plan(made, as_json=as_json)


@click.command(help=words("plan_cli.publish"))
@plan_options(_EFFECTIVE, reason_option, by_option, version_option)
def publish(  # noqa: PLR0913 - one parameter for each option
    *,
    plan: str,
    effective: date,
    reason: str,
    by: str | None,
    version: int | None,
    as_json: bool,
    store: str | None,
) -> int:
    """Make an approved plan's grids those of the store from a day on."""
    from data.planning import publishing

    database, seen, turn = turn_on(store, plan, version)
    try:
        with in_words():
            done = publishing.publish(
                database, acting(by), turn, effective_on=effective, reason=reason
            )
    except DataError as error:
        if error.code != "plan_new_faults":
            raise
        click.echo(sentence_of(error), err=True)
        if as_json:
            print_json({**plan_document(seen), **_nothing()})
        return 1
    if as_json:
        print_json({**plan_document(done.plan), **_published(done)})
        return 0
    say(words("plan_cli.published", plan=done.plan.name, effective=effective))
    say(
        words(
            "plan_cli.published_grids",
            changed=len(done.changed), added=len(done.added), retired=len(done.retired),
            renumbered=len(done.renumbered),
        )
    )  # fmt: skip
    for orphan in done.orphans[:MOST_ROWS]:
        say(
            words(
                "plan_cli.orphan",
                kind=words.label("plan_orphan", orphan.kind), grid=orphan.grid_code,
                title=orphan.title, n=len(orphan.holders),
            )
        )  # fmt: skip
    return 0


def _published(done: Any) -> dict[str, Any]:  # noqa: ANN401 - Published, imported late
    return {
        "published": True,
        "changed": list(done.changed),
        "added": list(done.added),
        "retired": list(done.retired),
        "renumbered": [list(pair) for pair in done.renumbered],
        "orphans": [
            {"kind": o.kind, "grid": o.grid_code, "code": o.code, "title": o.title,
             "holders": list(o.holders)}
            for o in done.orphans
        ],
    }  # fmt: skip


def _nothing() -> dict[str, Any]:
    return {
        "published": False, "changed": [], "added": [], "retired": [], "renumbered": [],
        "orphans": [],
    }  # fmt: skip
