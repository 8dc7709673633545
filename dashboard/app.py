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
from dashboard.screens import import_screen, overview, quality
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
    importing = st.Page(
        lambda: import_screen.render(words), title=words("page.import"), url_path="import",
    )  # fmt: skip
    pages = [
        st.Page(
            lambda: overview.render(words, importing), title=words("page.overview"),
            url_path="overview", default=True,
        ),
        importing,
        st.Page(
            lambda: quality.render(words), title=words("page.quality"), url_path="quality",
        ),
    ]  # fmt: skip
    page = st.navigation(pages, position="top")
    frame.style()
    _guarded(lambda: frame.header(words), words)
    _guarded(page.run, words)
    visitor.share(visitor.load())


main()
