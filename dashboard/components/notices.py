"""Turn expected faults into one sentence with the next step; the only place that catches them.

Used by screens around everything that reads or writes. Anything else that goes wrong is a bug: it
gets a number and stands in the log (`numbered`, around every page).
"""

from __future__ import annotations

import logging
import re
import secrets
from contextlib import contextmanager
from contextvars import ContextVar
from typing import TYPE_CHECKING, Final

import streamlit as st

from dashboard.components.plain import plain_fields
from data.errors import DataError, StoreUnavailable
from geo.errors import GeoError

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator, Mapping

    from dashboard.text import Words

_CODED: Final = ("rule", "recommended", "declared")
_CODE: Final = re.compile(r"[a-z][a-z0-9_]*")


_LOG: Final = logging.getLogger("gridbeat")
_SAID: Final[ContextVar[list[str] | None]] = ContextVar("said", default=None)


@contextmanager
def one_voice() -> Iterator[list[str]]:
    """Say within one run of a page only once that the store is away; gives the codes said so.

    A part of a page that runs again by itself stands outside and says it in its own place.
    """
    said: list[str] = []
    token = _SAID.set(said)
    try:
        yield said
    finally:
        _SAID.reset(token)


def is_within_run() -> bool:
    """Whether the whole page is being drawn, not a part of it that runs again by itself."""
    return _SAID.get() is not None


def numbered(show: Callable[[], None], words: Words) -> None:
    """Draw; whatever nobody expected gets a number, on screen and in the log."""
    try:
        with guard(words):
            show()
    except Exception:  # noqa: BLE001 - the last resort: whatever it is gets a number and the log
        number = secrets.token_hex(4)
        _LOG.exception("unexpected, number %s", number)
        st.error(words("app.failed", number=number))


@contextmanager
def guard(words: Words, hints: Mapping[str, str] | None = None) -> Iterator[None]:
    """Show an expected fault in place of what could not be shown.

    Parameters
    ----------
    hints
        Error code → key of a sentence that says what to do about it on this page.
    """
    try:
        yield
    except (DataError, GeoError) as error:
        if isinstance(error, StoreUnavailable) and _was_said(error.code):
            return
        for code, fields in _faults(error):
            hint = words(hints[code]) if hints and code in hints else ""
            st.error(f"{words.error(code, _facts(fields))} {hint}".strip())


def _was_said(code: str) -> bool:
    """Note that this run says it; whether it had said so before."""
    said = _SAID.get()
    if said is None:
        return False
    said.append(code)
    return len(said) > 1


def _faults(error: DataError | GeoError) -> list[tuple[str, Mapping[str, object]]]:
    """Take a refusal that names several faults at once apart."""
    listed = error.fields.get("faults")
    if error.code != "bad_options" or not isinstance(listed, list):
        return [(error.code, error.fields)]
    return [
        (str(fault["code"]), {name: fact for name, fact in fault.items() if name != "code"})
        for fault in listed
    ]


def warning_text(words: Words, code: str, fields: Mapping[str, object]) -> str:
    """Give the sentence `warning.<code>`, or that of the error of the same code."""
    return words.warning(code, _facts(fields))


def _facts(fields: Mapping[str, object]) -> dict[str, object]:
    """Escape what came from files; our own codes stay whole, for they are turned into words."""
    coded = {
        name: fields[name]
        for name in _CODED
        if isinstance(fields.get(name), str) and _CODE.fullmatch(str(fields[name]))
    }
    return plain_fields(fields) | coded
