"""Show one place of a patrol brief: its number, hours, reasons, and the way to what is open there.

Used by the patrol screen. Knows nothing of the store.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

import streamlit as st

from dashboard.components.case_list import open_case
from dashboard.components.hour_bars import hour_bars
from dashboard.components.patrol_words import SHOWN_CASES
from dashboard.components.plain import plain

if TYPE_CHECKING:
    from streamlit.navigation.page import StreamlitPage

    from dashboard.printing.patrol_sheet import PlaceText
    from dashboard.text import Words
    from dashboard.viewmodels.patrol_values import PatrolPlace


def place_card(
    words: Words, place: PatrolPlace, text: PlaceText, cases_page: StreamlitPage | None
) -> None:
    """Show a place; with a page of cases, its nearest open records can be opened."""
    with st.container(border=True, gap="xsmall"):
        st.markdown(f"**{text.number}  {plain(text.name)}**")
        # coloured text and no badge: a badge does not wrap, and a phone cuts it
        st.markdown(f":violet[{plain(text.count)}] · {plain(words('patrol.stay'))}",
                    help=words("patrol.stay_help"))  # fmt: skip
        st.html(hour_bars(text.by_hour, text.hours, words("patrol.by_hour")))
        st.caption("  \n".join(plain(line) for line in text.lines))
        for phone in text.phones:
            st.caption(f"{plain(phone.label)}: **{plain(phone.number)}**")
        if cases_page is not None and place.cases:
            _open_buttons(words, place, text.number, cases_page)


def _open_buttons(words: Words, place: PatrolPlace, number: int, cases_page: StreamlitPage) -> None:
    with st.container(horizontal=True, gap="small"):
        for case in place.cases[:SHOWN_CASES]:
            label = f"{words('patrol.case_open')} {plain(case.external_id)}"
            if st.button(label, key=f"patrol_case_{number}_{case.key}"):
                open_case(case.key)
                st.switch_page(cases_page)
