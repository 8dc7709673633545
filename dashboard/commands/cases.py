"""List, show and move hazards and disputes from the command line, by the rules of the screens."""

from datetime import UTC, date, datetime, time
from typing import Any

import click

from dashboard.commands.base import (
    area_key,
    in_zone,
    json_option,
    open_database,
    print_json,
    say,
    store_option,
    words,
)
from data.errors import DataError, RecordNotFound
from data.lifecycle import CaseAction, Light, Move
from data.repositories.case_records import CaseKey, CaseRecord
from data.viewer import LOCAL_STEWARD, Viewer
from data.vocabulary import CaseLevel, CaseStatus, EventLayer

SCOPES = ("open", "overdue", "all")
ACTIONS = tuple(action.value for action in CaseAction if action is not CaseAction.REPORT)
_END_OF_WORK = time(18)


@click.group(help=words("cli.case"))
def case() -> None:
    """Hold the commands of cases."""


@case.command("list", help=words("cli_case.list"))
@click.option("--scope", default="open", show_default=True, type=click.Choice(SCOPES),
              help=words("cli_case.scope"))  # fmt: skip
@click.option("--layer", "layers", multiple=True, type=click.Choice([str(o) for o in EventLayer]),
              help=words("cli_case.layer"))  # fmt: skip
@click.option("--state", "states", multiple=True, type=click.Choice([str(o) for o in CaseStatus]),
              help=words("cli_case.state"))  # fmt: skip
@click.option("--light", "lights", multiple=True, type=click.Choice([str(o) for o in Light]),
              help=words("cli_case.light"))  # fmt: skip
@click.option("--unit", metavar="CODE", help=words("cli.option_unit"))
@click.option("--limit", default=25, show_default=True, type=click.IntRange(1, 1000),
              help=words("cli_case.limit"))  # fmt: skip
@json_option
@store_option
def list_cases(  # noqa: PLR0913 - the options of the command, by name
    *,
    scope: str,
    layers: tuple[str, ...],
    states: tuple[str, ...],
    lights: tuple[str, ...],
    unit: str | None,
    limit: int,
    as_json: bool,
    store: str | None,
) -> None:
    """List cases, the most urgent first."""
    from dashboard.components.case_words import light_text, remaining_text, state_text, title_text
    from dashboard.viewmodels.cases import PAGE_ROWS, remaining
    from dashboard.viewmodels.cases_wanted import CaseWanted

    asked = CaseWanted(scope=scope, layers=layers, states=states, lights=lights)
    shown, lines = None, []
    with open_database(store).read() as session:
        desk = _Desk(session)
        for page in range(1, -(-limit // PAGE_ROWS) + 1):
            shown = desk.page(asked, unit, page)
            lines += shown.lines
            if page >= shown.pages:
                break
    listed = lines[:limit]
    if as_json:
        print_json(
            {
                "as_of": desk.now,
                "total": shown.total if shown else 0,
                "by_light": dict(shown.by_light) if shown else {},
                "cases": [
                    _document(line.record, line.light, line.unit[0] if line.unit else None)
                    for line in listed
                ],
            }
        )
        return
    for line in listed:
        record = line.record
        told = [
            title_text(words, record),
            state_text(words, record.status),
            light_text(words, line.light) if line.is_waiting else "",
            remaining_text(words, remaining(record, desk.now)) if line.is_waiting else "",
            line.unit[0] if line.unit else "",
        ]
        say(" · ".join(part for part in told if part))
    say(words("cli_case.sum", shown=len(listed), total=shown.total if shown else 0))


@case.command(help=words("cli_case.show"))
@click.argument("key", metavar="CASE")
@json_option
@store_option
def show(*, key: str, as_json: bool, store: str | None) -> None:
    """Show one case with its steps and what may come next."""
    with open_database(store).read() as session:
        desk = _Desk(session)
        page = desk.case_page(desk.find(key))
    _tell(page, desk.tz, as_json=as_json)


@case.command(help=words("cli_case.move"))
@click.argument("key", metavar="CASE")
@click.argument("action", metavar="ACTION", type=click.Choice(ACTIONS))
@click.option("--as", "actor", metavar="CODE", help=words("cli_case.actor"))
@click.option("--note", default="", help=words("cli_case.note"))
@click.option("--due", metavar="DATE", help=words("cli_case.due"))
@click.option("--level", type=click.Choice([str(one) for one in CaseLevel]),
              help=words("cli_case.level"))  # fmt: skip
@click.option("--version", type=int, metavar="N", help=words("cli_case.version"))
@json_option
@store_option
def move(  # noqa: PLR0913 - the options of the command, by name
    *,
    key: str,
    action: str,
    actor: str | None,
    note: str,
    due: str | None,
    level: str | None,
    version: int | None,
    as_json: bool,
    store: str | None,
) -> None:
    """Take one step."""
    from dashboard.actions.cases import move as take
    from dashboard.components.case_words import worded

    database = open_database(store)
    with database.read() as session:
        desk = _Desk(session)
        viewer = desk.acting(actor)
        page = desk.case_page(desk.find(key))
    wanted = Move(CaseAction(action), note, _due(due, desk.tz), CaseLevel(level) if level else None)
    try:
        take(
            database,
            viewer,
            page.record.key,
            wanted,
            expected_version=page.record.version if version is None else version,
            now=max(desk.written_at, page.last_at),
        )
    except DataError as error:
        raise type(error)(error.code, **worded(words, error.fields, desk.tz)) from error
    with database.read() as session:
        desk = _Desk(session)
        changed = desk.case_page(page.record.key)
    _tell(changed, desk.tz, as_json=as_json)


class _Desk:
    """What all three commands read first: places, clock, zone."""

    def __init__(self, session: Any) -> None:  # noqa: ANN401 - Session, imported late
        from dashboard.viewmodels.facts import load_facts
        from dashboard.viewmodels.town import load_town
        from data.repositories.events import latest_incident
        from data.repositories.places import today_here

        self._session = session
        facts, latest, now = load_facts(session, LOCAL_STEWARD, store=""), None, datetime.now(UTC)
        if facts.scenario_on is not None:
            latest = latest_incident(session)
        self.tz = facts.tz
        self.now = facts.clock(latest, now)
        self.written_at = facts.written_at(latest, now)
        self.town = load_town(session, LOCAL_STEWARD, as_of=today_here())
        self._held: Any = None

    def page(self, asked: Any, unit: str | None, page: int) -> Any:  # noqa: ANN401 - view models, imported late
        """Give one page of the list."""
        from dataclasses import replace

        from dashboard.viewmodels.cases import build_cases, load_clocks
        from data.counting import place_layers

        if self._held is None:
            placed = place_layers(self._session, LOCAL_STEWARD, self.town.as_of, tz=self.tz)
            self._held = (self.town, placed, load_clocks(self._session, LOCAL_STEWARD))
        wanted = replace(asked, unit=self._unit(unit) if unit else "", page=page)
        at = (self.now, self.tz)
        return build_cases(self._session, LOCAL_STEWARD, self._held, wanted, at, LOCAL_STEWARD.name)

    def case_page(self, key: CaseKey) -> Any:  # noqa: ANN401 - CasePage, imported late
        """Read one case as it is now."""
        from dashboard.viewmodels.cases_page import build_case_page

        return build_case_page(self._session, LOCAL_STEWARD, self.town, key, self.now)

    def find(self, text: str) -> CaseKey:
        """Read a key, or find the one record with that id.

        Raises
        ------
        RecordNotFound
            `unknown_case`; `case_ambiguous`: several layers or sources have that id.
        """
        from data.repositories.cases import case_names, ids_named

        key = CaseKey.from_text(text)
        if key is not None:
            return key
        found = [
            named
            for layer in EventLayer
            for named, _ in case_names(
                self._session, LOCAL_STEWARD, layer, ids_named(self._session, layer, text).tolist()
            ).values()
            if named.external_id == text
        ]
        if not found:
            raise RecordNotFound("unknown_case", case=text)
        if len(found) > 1:
            raise RecordNotFound("case_ambiguous", case=text, keys=[k.as_text() for k in found])
        return found[0]

    def acting(self, code: str | None) -> Viewer:
        """Give who acts: the local account, or somebody on duty by service number.

        Raises
        ------
        RecordNotFound
            `unknown_desk`.
        """
        from dashboard.actions.cases import acting_as
        from dashboard.viewmodels.cases_page import desks_of

        if code is None:
            return LOCAL_STEWARD
        for desk in desks_of(self._session, LOCAL_STEWARD, self.town):
            if desk.name == code:
                return acting_as(LOCAL_STEWARD, desk.name, desk.role)
        raise RecordNotFound("unknown_desk", desk=code)

    def _unit(self, code: str) -> str:
        if code in self.town.units.index:
            return f"{self.town.level}:{code}"
        return area_key(self.town, code)


def _due(text: str | None, tz: str) -> datetime | None:
    """Read a day (its 18:00) or a moment, local time without a zone."""
    if text is None:
        return None
    try:
        day = date.fromisoformat(text) if len(text) == len("2026-01-01") else None
        at = datetime.combine(day, _END_OF_WORK) if day else datetime.fromisoformat(text)
    except ValueError as error:
        raise click.BadParameter(words("cli.bad_date", value=text)) from error
    return in_zone(at, tz)


def _document(record: CaseRecord, light: Light, unit: str | None) -> dict[str, Any]:
    return {
        "case": record.key.as_text(),
        "layer": record.layer.value,
        "source": record.source,
        "id": record.external_id,
        "kind": record.kind,
        "status": record.status,
        "level": record.level,
        "severity": record.severity,
        "unit": unit,
        "found_at": record.occurred_at,
        "due_at": record.due_at,
        "closed_at": record.closed_at,
        "light": light.value,
        "version": record.version,
    }


def _tell(page: Any, tz: str, *, as_json: bool) -> None:  # noqa: ANN401 - CasePage, imported late
    """Print one case: the document, or sentences."""
    from dashboard.components.case_words import actor_text, light_text, state_text, title_text
    from dashboard.components.formats import moment

    record, steps = page.record, [stage.step for stage in page.stages]
    actions = [action.value for action in page.actions(LOCAL_STEWARD)]
    if as_json:
        document = _document(record, page.light, page.unit[0] if page.unit else None)
        document["description"] = record.description
        document["steps"] = [
            {
                "at": step.at,
                "actor": step.actor,
                "role": step.role,
                "action": step.action,
                "before": step.status_before,
                "after": step.status_after,
                "level": step.level,
                "note": step.note,
                "is_derived": step.is_derived,
            }
            for step in steps
        ]
        document["actions"] = actions
        print_json(document)
        return
    say(title_text(words, record))
    facts = [state_text(words, record.status), light_text(words, page.light)]
    facts += [page.unit[0]] if page.unit else []
    facts += [moment(record.due_at, tz)] if record.due_at else []
    say(" · ".join(facts))
    if record.description:
        say(record.description)
    for step in steps:
        action = words.label("case_action", step.action)
        say(
            f"{moment(step.at, tz)}  {action}  {actor_text(words, step)}  {step.note or ''}".strip()
        )
    if actions:
        say(words("cli_case.next", actions=", ".join(actions)))
