"""Mend and re-submit, or dismiss, one quarantined row from the command line."""

from typing import Any

import click

from dashboard.commands.base import print_json, say, words
from data.viewer import LOCAL_STEWARD


def settle_row(
    database: Any,  # noqa: ANN401 - Database, imported late
    chosen: tuple[int | None, int | None],
    values: tuple[str, ...],
    note: str,
    *,
    as_json: bool,
) -> int:
    """Settle the row to re-submit, else the one to dismiss; 1 while it stays in quarantine."""
    from data.importers.mending import dismiss, resubmit

    to_mend, to_close = chosen
    if to_mend is not None:
        told = resubmit(database, to_mend, _pairs(values), LOCAL_STEWARD)
    else:
        told = dismiss(database, int(to_close or 0), note, LOCAL_STEWARD)
    if as_json:
        print_json({"state": told.state, "reason": told.reason, "column": told.column})
    elif told.state == "open":
        reason = words.label("reason", told.reason)
        say(words("mend.still_bad", column=told.column or "—", reason=reason))
    else:
        say(words(f"mend.{told.state}"))
    return 1 if told.state == "open" else 0


def _pairs(values: tuple[str, ...]) -> dict[str, str]:
    found = {}
    for text in values:
        column, sign, value = text.partition("=")
        if not sign or not column:
            raise click.BadParameter(words("cli.bad_pair", value=text))
        found[column] = value
    return found
