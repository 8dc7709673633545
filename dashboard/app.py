"""Run one page: language, navigation, what store this is, and a number for whatever went wrong.

Started by `dashboard.server`. The only place that catches what nobody expected.
"""

import logging
import secrets
from collections.abc import Callable

import streamlit as st

from dashboard import session as visitor
from dashboard.components import frame, pulse
from dashboard.components.notices import guard, one_voice
from dashboard.navigation import pages_of
from dashboard.text import Words

_LOG = logging.getLogger("gridbeat")


def _guarded(show: Callable[[], None], words: Words) -> None:
    try:
        with guard(words):
            show()
    except Exception:  # noqa: BLE001 - the last resort: whatever it is gets a number and the log
        number = secrets.token_hex(4)
        _LOG.exception("unexpected, number %s", number)
        st.error(words("app.failed", number=number))


def main() -> None:
    """Draw the page that was asked for."""
    session = visitor.load()
    words = Words(session.language)
    # no icons for the page or its tabs: Streamlit fetches the favicon of a named icon from outside
    st.set_page_config(page_title=words("app.title"), layout="wide")
    pages = pages_of(words)
    page = st.navigation(pages.tabs, position="top")
    with one_voice() as said:
        head = None
        if page is not pages.wall:
            frame.style()
            frame.phone_tabs(pages.tabs)
            head = st.container()
            _guarded(lambda: frame.header(words), words)
        if not said:
            _guarded(page.run, words)
    pulse.watch(head, words, was_away=bool(said))
    visitor.share(visitor.load())


main()
