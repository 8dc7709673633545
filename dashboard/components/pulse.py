"""Ask now and then whether the store answers: say when it went away, draw again when it is back.

Used by `dashboard.app` on every page; the wall asks by itself. Knows nothing of what a page shows.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Final

import streamlit as st

from dashboard import cache
from dashboard.components.notices import guard
from data.config import served_url
from data.errors import StoreUnavailable

if TYPE_CHECKING:
    from streamlit.delta_generator import DeltaGenerator

    from dashboard.text import Words

PULSE_S: Final = 5.0
"""Seconds between two questions; each asks for revision numbers only."""


def watch(head: DeltaGenerator | None, words: Words, *, was_away: bool) -> None:
    """Go on asking, where a server keeps the store or the page could not be drawn.

    Parameters
    ----------
    head
        Where on the page it is said; None where the page asks by itself.
    was_away
        Whether the page has just said that the store is away: it is drawn again once it is back.
    """
    if head is None or not (was_away or served_url(cache.config().store_url)):
        return
    with head:
        _beat(words, was_away=was_away)


@st.fragment(run_every=PULSE_S)
def _beat(words: Words, *, was_away: bool) -> None:
    if not was_away:
        with guard(words):  # says it at the head of the page, and takes it back by itself
            cache.revisions()
        return
    try:
        cache.revisions()
    except StoreUnavailable:
        return
    st.rerun()
