"""Run one page: language, navigation, what store this is, and a number for whatever went wrong.

Started by `dashboard.server`. Only a change of page, language or store runs it; what is done on a
page runs that page alone (`dashboard.components.frame.page`).
"""

import streamlit as st

from dashboard import session as visitor
from dashboard.components import frame, pulse
from dashboard.components.notices import numbered, one_voice
from dashboard.navigation import pages_of
from dashboard.text import Words


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
            numbered(lambda: frame.header(words), words)
        if not said:
            page.run()
    pulse.watch(head, words, was_away=bool(said))
    visitor.share(visitor.load())


main()
