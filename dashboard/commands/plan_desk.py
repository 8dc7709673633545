"""Share what the commands of plans need: options, who acts, which plan, turns, documents, refusals.

Used by the other `plan_*` files of `dashboard/commands`. Knows nothing of single commands.
"""

from collections.abc import Callable, Generator, Mapping
from contextlib import contextmanager
from dataclasses import replace
from datetime import UTC, date, datetime
from typing import Any, TypeVar

import click

from dashboard.commands.base import (
    json_option,
    open_database,
    print_json,
    say,
    store_option,
    words,
)
from data.config import DEFAULT_TZ
from data.errors import DataError, RecordNotFound
from data.viewer import LOCAL_STEWARD, Viewer

Function = TypeVar("Function", bound=Callable[..., Any])
Option = Callable[[Any], Any]
"""What adds an option or an argument to a command."""
MOST_ROWS = 50
"""Rows that are said to people; a document holds all."""
_LONGEST_NAME = 80
_GROUPS = {"status": "plan_status", "state": "plan_aside", "action": "plan_action"}


def plan_options(*more: Option) -> Callable[[Function], Function]:
    """Add PLAN, then what `more` adds in its order, then `--json` and `--store`."""
    options = (click.argument("plan", metavar="PLAN"), *more, json_option, store_option)

    def add(function: Function) -> Function:
        for option in reversed(options):
            function = option(function)
        return function

    return add


def _named(_ctx: click.Context, _option: click.Parameter, text: str | None) -> str | None:
    if text is None:
        return None
    name = text.strip()
    if not name or len(name) > _LONGEST_NAME:
        raise click.BadParameter(words("plan_cli.bad_person", most=_LONGEST_NAME))
    return name


author_option: Option = click.option(
    "--author", metavar="NAME", callback=_named, help=words("plan_cli.option_author")
)
"""In whose name the command acts."""
by_option: Option = click.option(
    "--by", metavar="NAME", callback=_named, help=words("plan_cli.option_by")
)
"""Who approves, publishes or withdraws."""
version_option: Option = click.option(
    "--version", type=click.IntRange(1), metavar="N", help=words("plan_cli.option_version")
)
"""The version that the caller saw."""
name_option: Option = click.option("--name", help=words("plan_cli.option_name"))
note_option: Option = click.option("--note", default="", help=words("plan_cli.option_note"))
reason_option: Option = click.option("--reason", default="", help=words("plan_cli.option_reason"))


def acting(name: str | None) -> Viewer:
    """Give who acts: the local account, or the same rights under another name."""
    return LOCAL_STEWARD if name is None else replace(LOCAL_STEWARD, name=name)


def moment_now(database: Any) -> datetime:  # noqa: ANN401 - Database, imported late
    """Give the moment at which a command writes: now; in a scenario its day at this time of day."""
    return clock_of(database)()


def clock_of(database: Any) -> Callable[[], datetime]:  # noqa: ANN401 - Database, imported late
    """Give what tells the moments of a command that writes often; the store is asked once."""
    from dashboard.viewmodels.facts import load_facts
    from data.repositories.events import latest_incident

    with database.read() as session:
        facts = load_facts(session, LOCAL_STEWARD, store="")
        latest = latest_incident(session) if facts.scenario_on is not None else None
    return lambda: facts.written_at(latest, datetime.now(UTC))


def plan_named(session: Any, text: str) -> Any:  # noqa: ANN401 - Session and PlanRecord, imported late
    """Find a plan by its number, or by its name where only one bears it.

    Raises
    ------
    RecordNotFound
        `no_such_plan`; `plan_ambiguous` (fields `plan`, `numbers`).
    """
    from data.repositories.plans import find_plan, list_plans

    if text.isdecimal() and len(text) < 10:  # noqa: PLR2004 - digits of a key
        return find_plan(session, LOCAL_STEWARD, int(text))
    found = [plan for plan in list_plans(session, LOCAL_STEWARD) if plan.name == text]
    if not found:
        raise RecordNotFound("no_such_plan", plan=text)
    if len(found) > 1:
        numbers = sorted(plan.id for plan in found)
        raise RecordNotFound("plan_ambiguous", plan=text, numbers=numbers)
    return found[0]


def plan_opened(session: Any, text: str) -> Any:  # noqa: ANN401 - Session and OpenPlan, imported late
    """Open the plan that a command names; see `plan_named`."""
    from data.planning.opening import open_plan

    return open_plan(session, LOCAL_STEWARD, plan_named(session, text).id)


def turn_of(plan: Any, version: int | None, at: datetime) -> Any:  # noqa: ANN401 - imported late
    """Give the turn of a command: the stated version, else the plan's own."""
    from data.repositories.plan_writes import Turn

    return Turn(plan.id, plan.version if version is None else version, at)


def turn_on(store: str | None, text: str, version: int | None) -> tuple[Any, Any, Any]:
    """Open the store for a command that changes one plan once: database, plan, turn."""
    database = open_database(store)
    with database.read() as session:
        seen = plan_named(session, text)
    return database, seen, turn_of(seen, version, moment_now(database))


def tell_plan(plan: Any, *, as_json: bool, **more: object) -> None:  # noqa: ANN401 - PlanRecord
    """Say how a plan stands: a document with `more`, or a line."""
    if as_json:
        print_json({**plan_document(plan), **more})
    else:
        say(plan_line(plan))


def worded(fields: Mapping[str, object]) -> dict[str, object]:
    """Turn codes and moments of a refusal into words."""
    from zoneinfo import ZoneInfo

    told: dict[str, object] = {}
    for name, fact in fields.items():
        if isinstance(fact, datetime):
            told[name] = fact.astimezone(ZoneInfo(DEFAULT_TZ)).strftime("%Y-%m-%d %H:%M")
        elif name in _GROUPS and isinstance(fact, str):
            told[name] = words.label(_GROUPS[name], fact)
        elif name == "kinds" and isinstance(fact, list | tuple):
            told[name] = [words.label("fault", str(kind)) for kind in fact]
        elif name == "why" and isinstance(fact, str):
            told[name] = words.error(fact, {}) if words.has(f"error.{fact}") else fact
        else:
            told[name] = fact
    return told


@contextmanager
def in_words() -> Generator[None]:
    """Let a refusal leave with its fields in words."""
    try:
        yield
    except DataError as error:
        raise type(error)(error.code, **worded(error.fields)) from error


def sentence_of(error: Any) -> str:  # noqa: ANN401 - DataError or GeoError
    """Say in one sentence why something was refused."""
    return " ".join(words.error(error.code, worded(error.fields)).split())


def plan_document(plan: Any) -> dict[str, Any]:  # noqa: ANN401 - PlanRecord, imported late
    """Give a plan as every command's document does."""
    return {
        "plan": plan.id,
        "name": plan.name,
        "author": plan.author,
        "note": plan.note,
        "status": plan.status.value,
        "is_template": plan.is_template,
        "base": {
            "kind": plan.base_kind.value,
            "on": plan.base_on,
            "key": plan.base_key,
            "file": plan.file_name,
            "plan": plan.source_plan_id,
        },
        "area": plan.scope_code,
        "head": plan.head,
        "log_head": plan.log_head,
        "version": plan.version,
        "created_at": plan.created_at,
        "changed_at": plan.changed_at,
        "changed_by": plan.changed_by,
        "action": plan.last_action,
        "approved_by": plan.approved_by,
        "approved_at": plan.approved_at,
        "published_by": plan.published_by,
        "published_at": plan.published_at,
        "effective": plan.effective_on,
        "reason": plan.reason,
    }


def plan_line(plan: Any) -> str:  # noqa: ANN401 - PlanRecord, imported late
    """Give a plan as one line for people."""
    parts = [
        str(plan.id),
        plan.name,
        words.label("plan_status", plan.status.value),
        words("plan_cli.edits", head=plan.head, log_head=plan.log_head),
        words("plan_cli.version", version=plan.version),
        plan.author,
    ]
    if plan.is_template:
        parts.append(words("plan_cli.template"))
    if plan.effective_on is not None:
        parts.append(words("plan_cli.holds_from", effective=plan.effective_on))
    return "\t".join(parts)


def report_lines(report: Mapping[str, Any]) -> list[str]:
    """Give what an edit did as lines for people."""
    lines = []
    for moved in report["moved"][:MOST_ROWS]:
        counts = ", ".join(
            f"{words.label('plan_figure', measure)} {n}" for measure, n in moved["counts"].items()
        )
        told = words(
            "plan_cli.moved",
            giver=moved["giver"] or words("impact.no_grid"),
            taker=moved["taker"] or words("impact.no_grid"),
            area=f"{moved['area_m2']:,.1f}",
        )
        lines.append(f"{told} {counts}".rstrip())
    return lines + [
        words(f"plan_cli.{name}", codes=", ".join(report[name][:MOST_ROWS]))
        for name in ("added", "removed", "estimated")
        if report[name]
    ]


def day_told(text: str) -> date | None:
    """Read an ISO day; None where the text is none."""
    try:
        return date.fromisoformat(text)
    except ValueError:
        return None
