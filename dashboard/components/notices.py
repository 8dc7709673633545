"""Turn expected faults into one sentence with the next step; the only place that catches them.

Used by screens around everything that reads or writes. Anything else that goes wrong is a bug and
passes on to `dashboard.app`.
"""

from __future__ import annotations

from contextlib import contextmanager
from typing import TYPE_CHECKING

import streamlit as st

from dashboard.components.plain import plain_fields
from data.errors import DataError
from geo.errors import GeoError

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping

    from dashboard.text import Words


@contextmanager
def guard(words: Words) -> Iterator[None]:
    """Show an expected fault in place of what could not be shown."""
    try:
        yield
    except (DataError, GeoError) as error:
        for code, fields in _faults(error):
            st.error(words.error(code, plain_fields(fields)))


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
    facts = plain_fields(fields)
    key = f"warning.{code}"
    return words(key, **facts) if words.has(key) else words.error(code, facts)
