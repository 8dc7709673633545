"""Run one page: language, navigation, what store this is, and a number for whatever went wrong.

Started by `dashboard.server`. The only place that catches what nobody expected.
"""

import logging
import secrets
from collections.abc import Callable

import streamlit as st

from dashboard import session as visitor
from dashboard.components import frame
from dashboard.components.notices import guard
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
    importing = st.Page(
        lambda: import_screen.render(words), title=words("page.import"), url_path="import",
    )  # fmt: skip
    on_the_wall = st.Page(lambda: wall.render(words), title=words("page.wall"), url_path="wall")
    pages = [
        st.Page(
            lambda: overview.render(words, importing), title=words("page.overview"),
            url_path="overview", default=True,
        ),
        st.Page(lambda: patrol.render(words), title=words("page.patrol"), url_path="patrol"),
        st.Page(lambda: _cases(words), title=words("page.cases"), url_path="cases"),
        st.Page(lambda: people.render(words), title=words("page.people"), url_path="people"),
        st.Page(lambda: bulletin.render(words), title=words("page.bulletin"), url_path="bulletin"),
        importing,
        st.Page(
            lambda: quality.render(words), title=words("page.quality"), url_path="quality",
        ),
        on_the_wall,
    ]  # fmt: skip
    page = st.navigation(pages, position="top")
    if page is not on_the_wall:  # a wall has no header
        frame.style()
        _guarded(lambda: frame.header(words), words)
    _guarded(page.run, words)
    visitor.share(visitor.load())


main()
