"""Share what every command needs: words, store, JSON, errors, progress.

Used by the other files of `dashboard/commands`.
"""

import json
import re
import sys
from collections.abc import Callable, Generator, Iterable, Mapping
from contextlib import contextmanager
from datetime import UTC, date, datetime
from math import isfinite
from typing import Any, ClassVar, TypeVar
from unicodedata import east_asian_width
from zoneinfo import ZoneInfo

import click

from dashboard.text import Words, language_of
from data.config import Config, language_from_env
from data.errors import DataError
from geo.errors import GeoError

words = Words(language_of(language_from_env()))
"""Sentences in the language of the locale (or GRIDBEAT_LANG)."""

PIECES = re.compile(r"(?:[!-~]+|.)[，。；：、！？）”》]*\s*")
"""A word or one Chinese sign, with the marks and the space behind it."""
Function = TypeVar("Function", bound=Callable[..., Any])


def shown_width(text: str) -> int:
    """Count the columns that a text takes on a screen."""
    return sum(1 + (east_asian_width(sign) in {"W", "F"}) for sign in text)


def wrapped(text: str, room: int) -> list[str]:
    """Break a text into lines of at most `room` columns: at spaces, and between Chinese signs.

    A word longer than a line stands on a line of its own; a line never begins with a mark such as
    a full stop.
    """
    lines, line = [], ""
    for piece in PIECES.findall(" ".join(text.split())):
        if line and shown_width(line + piece.rstrip()) > room:
            lines.append(line.rstrip())
            line = ""
        line += piece if line else piece.lstrip()
    return [*lines, line.rstrip()] if line.strip() else lines


class Formatter(click.HelpFormatter):
    """Say click's own words in the language of the locale."""

    _WORDS: ClassVar[Mapping[str, str]] = {
        "Options": "cli.options",
        "Commands": "cli.commands",
        "Show this message and exit.": "cli.show_help",
        "Show the version and exit.": "cli.show_version",
    }

    _USAGE: ClassVar[re.Pattern[str]] = re.compile(r"\b(OPTIONS(?=\])|ARGS(?=\])|COMMAND\b)")
    _VALUES: ClassVar[re.Pattern[str]] = re.compile(
        r"(?<= )(INTEGER RANGE|FLOAT RANGE|INTEGER|FLOAT|BOOLEAN|TEXT|PATH|FILE|DIRECTORY)(?=$| )"
    )
    """Kinds of values behind an option; the names of arguments stay as the texts name them."""

    def write_usage(self, prog: str, args: str = "", prefix: str | None = None) -> None:
        """Write the usage line."""
        told = self._USAGE.sub(_metavar, args)
        super().write_usage(prog, told, prefix if prefix is not None else words("cli.usage"))

    def write_heading(self, heading: str) -> None:
        """Write the heading of a section."""
        self.write(f"{'':>{self.current_indent}}{words('cli_help.heading', name=heading)}\n")

    @contextmanager
    def section(self, name: str) -> Generator[None]:
        """Open a section under its translated name."""
        with super().section(self._said(name)):
            yield

    def write_dl(
        self, rows: Iterable[tuple[str, str]], col_max: int = 30, col_spacing: int = 2
    ) -> None:
        """Write options and commands, in columns as wide as they show: Chinese is two wide."""
        said = [
            (self._VALUES.sub(_metavar, term) if term.startswith("-") else term, self._said(text))
            for term, text in rows
        ]
        first = min(max((shown_width(term) for term, _ in said), default=0), col_max) + col_spacing
        room = max(self.width - self.current_indent - first, 10)
        for term, text in said:
            gap = first - shown_width(term)
            lines = wrapped(text, room) or [""]
            begun = f"{'':>{self.current_indent}}{term}"
            if gap < col_spacing:
                self.write(f"{begun}\n")
                begun, gap = "", first + self.current_indent
            self.write(f"{begun}{'':>{gap}}{lines[0]}".rstrip() + "\n")
            for line in lines[1:]:
                self.write(f"{'':>{first + self.current_indent}}{line}\n")

    def _said(self, text: str) -> str:
        key = self._WORDS.get(text)
        if key:
            return words(key)
        text = text.replace("[default: ", "[" + words("cli.default"))
        return text.replace("[required]", f"[{words('cli.required')}]")


def _metavar(found: re.Match[str]) -> str:
    return words(f"cli_help.{found[0].replace(' ', '_')}")


click.Context.formatter_class = Formatter


def store_option(function: Function) -> Function:
    """Add `--store`."""
    option = click.option("--store", metavar="URL", help=words("cli.option_store"))
    return option(function)


def json_option(function: Function) -> Function:
    """Add `--json`."""
    option = click.option("--json", "as_json", is_flag=True, help=words("cli.option_json"))
    return option(function)


def network_option(function: Function) -> Function:
    """Add `--network`: straight lines, or along streets."""
    option = click.option(
        "--network",
        default="straight",
        type=click.Choice(["straight", "streets"]),
        show_default=True,
        help=words("reach.option_network"),
    )
    return option(function)


def say(sentence: str, *, as_json: bool = False) -> None:
    """Write a sentence: standard output for people, standard error beside a JSON document."""
    click.echo(sentence, err=as_json)


def print_json(document: Mapping[str, Any]) -> None:
    """Write the one JSON document of a command; NaN and infinity, which JSON has not, as null."""
    click.echo(json.dumps(_plain(document), ensure_ascii=False, indent=2, allow_nan=False))


def open_database(store: str | None, *, must_exist: bool = True) -> Any:  # noqa: ANN401 - Database, imported late
    """Open the store named by option or environment, migrated.

    Raises
    ------
    StoreUnavailable
        `store_missing`: there is no such file and the command does not create it; for a served
        store what `Database.schema_version` raises.
    """
    from data.errors import StoreUnavailable

    database = named_database(store)
    if must_exist and not database.is_present():
        raise StoreUnavailable("store_missing", store=database.label)
    if not database.exists() or not database.is_current():
        database.create_or_migrate()
    return database


def named_database(store: str | None) -> Any:  # noqa: ANN401 - Database, imported late
    """Give the store named by option or environment as it is; closed when the command ends."""
    from data.database import Database

    database = Database(Config.from_env(store_url=store).store_url)
    context = click.get_current_context(silent=True)
    if context is not None:
        context.call_on_close(database.dispose)
    return database


def fail(error: DataError | GeoError) -> None:
    """Say in one sentence what is wrong and what to do."""
    click.echo(" ".join(words.error(error.code, error.fields).split()), err=True)


def today() -> date:
    """Give the local day on which the command runs."""
    return datetime.now(UTC).astimezone().date()


def standing_day(session: Any) -> date:  # noqa: ANN401 - Session, imported by the callers
    """Give the day on which the store stands: today, or a scenario's own day while it lasts."""
    from dashboard.viewmodels.facts import load_facts
    from data.repositories.events import latest_incident
    from data.viewer import LOCAL_STEWARD

    facts = load_facts(session, LOCAL_STEWARD, store="")
    return facts.stands_on(latest_incident(session)) or today()


def parse_day(_ctx: click.Context, _option: click.Parameter, text: str | None) -> date | None:
    """Read an ISO date option."""
    if text is None:
        return None
    try:
        return date.fromisoformat(text)
    except ValueError as error:
        raise click.BadParameter(words("cli.bad_date", value=text)) from error


def parse_moment(
    _ctx: click.Context, _option: click.Parameter, text: str | None
) -> datetime | None:
    """Read an ISO date or moment option; without a zone it is local time of `--tz`."""
    if text is None:
        return None
    try:
        return datetime.fromisoformat(text)
    except ValueError as error:
        raise click.BadParameter(words("cli.bad_date", value=text)) from error


def events_options(function: Function) -> Function:
    """Add `--kind`, `--from` and `--to`: which events a question is about."""
    options = (
        click.option("--kind", "kinds", multiple=True, help=words("cli.option_kind")),
        click.option("--from", "since", callback=parse_moment, help=words("cli.option_from")),
        click.option("--to", "until", callback=parse_moment, help=words("cli.option_to")),
    )
    for option in reversed(options):
        function = option(function)
    return function


def in_zone(moment: datetime | None, tz: str) -> datetime | None:
    """Give an aware moment: one without a zone is local time of `tz`."""
    if moment is None or moment.tzinfo is not None:
        return moment
    return moment.replace(tzinfo=ZoneInfo(tz))


def area_key(town: Any, code: str | None) -> str:  # noqa: ANN401 - Town, imported late
    """Give the key of the place above the grids with a code; empty where none is asked.

    Raises
    ------
    RecordNotFound
        `unknown_unit`.
    """
    from data.errors import RecordNotFound

    found = next((area.key for area in town.areas if area.code == code), "")
    if code is not None and not found:
        raise RecordNotFound("unknown_unit", unit=code)
    return found


class Progress:
    """A progress bar on standard error, only when that is a terminal."""

    def __init__(self, label: str) -> None:
        self._label = label
        self._bar: Any = None
        self._done = 0

    def __call__(self, done: int, total: int | None) -> None:
        """Show that `done` of `total` rows are through."""
        if not sys.stderr.isatty() or not total:
            return
        if self._bar is None:
            self._bar = click.progressbar(length=total, label=self._label, file=sys.stderr)
            self._bar.__enter__()
        self._bar.update(done - self._done)
        self._done = done
        if done >= total:
            self._bar.__exit__(None, None, None)


def _plain(value: Any) -> Any:  # noqa: ANN401 - any part of a document
    if isinstance(value, Mapping):
        return {str(key): _plain(part) for key, part in value.items()}
    if isinstance(value, list | tuple):
        return [_plain(part) for part in value]
    if isinstance(value, date | datetime):
        return value.isoformat()
    if hasattr(value, "item"):
        value = value.item()
    if isinstance(value, float):
        return value if isfinite(value) else None
    if value is None or isinstance(value, bool | int | str):
        return value
    return None if str(value) == "<NA>" else str(value)
