"""Frame every page: which store this is, the mark of synthetic records, the language, the space.

Used by `dashboard.app`.
"""

from __future__ import annotations

from functools import partial
from typing import TYPE_CHECKING, Final

import streamlit as st

from dashboard import cache
from dashboard import session as visitor
from dashboard.components.notices import is_within_run, numbered, one_voice
from dashboard.components.plain import plain
from dashboard.text import LANGUAGES

if TYPE_CHECKING:
    from collections.abc import Callable, Sequence

    from streamlit.navigation.page import StreamlitPage

    from dashboard.text import Words

STYLE: Final = """<style>
.stMainBlockContainer {padding: 4.2rem 1.6rem 1.5rem 1.6rem}
[data-testid="stMetric"], [data-testid="stMetric"] > div {padding: .2rem .4rem}
[data-testid="stMetricValue"] {font-size: 1.65rem; line-height: 1.3}
[data-testid="stVerticalBlock"] {gap: .65rem}
.st-key-phone_tabs, [data-testid="stLayoutWrapper"]:has(> .st-key-phone_tabs),
[data-testid="stLayoutWrapper"]:has(> .st-key-phone_filters),
[data-testid="stLayoutWrapper"]:has(> [class*="st-key-map_ground_"])
{display: none !important}
@media (max-width: 640px) {
.stMainBlockContainer {padding: .6rem .9rem 1rem .9rem}
[data-testid="stHeader"] {display: none}
[data-testid="stHorizontalBlock"]:has(> [data-testid="stColumn"]:nth-child(4))
> [data-testid="stColumn"] {min-width: calc(50% - .5rem); flex: 1 1 calc(50% - .5rem)}
[data-testid="stColumn"]:has(.st-key-tile_incidents) {min-width: 100% !important}
[data-testid="stExpandSidebarButton"], [data-testid="stSidebar"] {display: none !important}
.st-key-phone_tabs, [data-testid="stLayoutWrapper"]:has(> .st-key-phone_tabs)
{display: flex !important; gap: .1rem .3rem}
.st-key-phone_tabs a {padding: .3rem .5rem; min-height: 2.4rem}
[data-testid="stLayoutWrapper"]:has(> .st-key-phone_filters) {display: flex !important}
[data-testid="stLayoutWrapper"]:has(> .st-key-phone_filters):not(:has(input:checked))
+ [data-testid="stLayoutWrapper"]:has(> .st-key-filters) {display: none}
[data-testid="stMetric"] [data-testid="stMetricLabel"] * , [data-testid="stMetricDelta"] *
{white-space: normal; overflow: visible; text-overflow: clip}
[data-testid="stMetricDelta"] {max-width: 100%; height: auto; white-space: normal}
}
</style>"""
"""Streamlit leaves six lines free above a page: they go to the map.

On a phone Streamlit hides the tabs in a drawer that stays open over the page: they stand in rows of
their own there. Rows of four and more boxes stand two abreast. Where a page puts a switch
`phone_filters` right before a container `filters`, a phone shows the filters only when it is on.
"""


def page(
    words: Words, name: str, show: Callable[[], None], *, default: bool = False
) -> StreamlitPage:
    """Name a page of the navigation; its address is the name.

    What is done on a page draws that page alone anew, not the frame around it.
    """
    body = partial(_body, words, show)
    return st.Page(body, title=words(f"page.{name}"), url_path=name, default=default)


@st.fragment
def _body(words: Words, show: Callable[[], None]) -> None:
    if is_within_run():
        numbered(show, words)
        return
    with one_voice() as said:
        numbered(show, words)
    visitor.share(visitor.load())
    if said:
        st.rerun()  # the whole page asks now and then whether the store is back


def style() -> None:
    """Apply the page's own spacing."""
    st.html(STYLE)


def phone_tabs(pages: Sequence[StreamlitPage]) -> None:
    """Offer every page in plain sight where the tabs have no room."""
    with st.container(horizontal=True, key="phone_tabs"):
        for one in pages:
            st.page_link(one, width="content")


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
