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
from dashboard.screens import (
    bulletin,
    case,
    cases,
    import_screen,
    overview,
    patrol,
    people,
    quality,
    wall,
)
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


def _cases(words: Words) -> None:
    """Show the list of cases, or the record that is open."""
    (case if visitor.load().cases.opened else cases).render(words)


def main() -> None:
    """Draw the page that was asked for."""
    session = visitor.load()
    words = Words(session.language)
    # no icons for the page or its tabs: Streamlit fetches the favicon of a named icon from outside
    st.set_page_config(page_title=words("app.title"), layout="wide")
    importing = frame.page(words, "import", lambda: import_screen.render(words))
    on_cases = frame.page(words, "cases", lambda: _cases(words))
    on_the_wall = frame.page(words, "wall", lambda: wall.render(words))
    pages = [
        frame.page(words, "overview", lambda: overview.render(words, importing), default=True),
        frame.page(words, "patrol", lambda: patrol.render(words, on_cases)),
        on_cases,
        frame.page(words, "people", lambda: people.render(words)),
        frame.page(words, "bulletin", lambda: bulletin.render(words)),
        importing,
        frame.page(words, "quality", lambda: quality.render(words)),
        on_the_wall,
    ]
    page = st.navigation(pages, position="top")
    with one_voice() as said:
        head = None
        if page is not on_the_wall:  # a wall has no header, and asks the store by itself
            frame.style()
            frame.phone_tabs(pages)
            head = st.container()
            _guarded(lambda: frame.header(words), words)
        if not said:
            _guarded(page.run, words)
    pulse.watch(head, words, was_away=bool(said))
    visitor.share(visitor.load())


main()
