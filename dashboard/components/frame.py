"""Frame every page: which store this is, the mark of synthetic records, the language, the space.

Used by `dashboard.app`.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Final

import streamlit as st

from dashboard import cache
from dashboard import session as visitor
from dashboard.components.plain import plain
from dashboard.text import LANGUAGES

if TYPE_CHECKING:
    from dashboard.text import Words

STYLE: Final = """<style>
.stMainBlockContainer {padding: 4.2rem 1.6rem 1.5rem 1.6rem}
[data-testid="stMetric"], [data-testid="stMetric"] > div {padding: .2rem .4rem}
[data-testid="stMetricValue"] {font-size: 1.65rem; line-height: 1.3}
[data-testid="stVerticalBlock"] {gap: .65rem}
</style>"""
"""Streamlit leaves six lines free above a page: they go to the map."""


def style() -> None:
    """Apply the page's own spacing."""
    st.html(STYLE)


def header(words: Words) -> None:
    """Say which store is shown, mark synthetic records, and offer the other language."""
    facts = cache.facts()
    with st.container(horizontal=True, vertical_alignment="center"):
        st.caption(words("app.store", store=plain(facts.store)), width="content")
        if facts.scenario:
            name = words.label("scenario", facts.scenario)
            st.badge(
                words("app.synthetic", name=plain(name)),
                icon=":material/science:",
                color="orange",
                help=words("app.synthetic_help"),
            )
        st.space("stretch")
        visitor.seed("language", words.language)
        st.segmented_control(
            words("app.language"),
            LANGUAGES,
            required=True,
            format_func=lambda language: words(f"app.language_{language}"),
            key="language",
            on_change=visitor.change_language,
            label_visibility="collapsed",
        )
