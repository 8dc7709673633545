"""Brief a patrol: which places in these hours, why, what is open there, who was last there."""

from __future__ import annotations

from datetime import UTC, datetime, time
from typing import TYPE_CHECKING, Final
from zoneinfo import ZoneInfo

import streamlit as st

from dashboard import cache
from dashboard import session as visitor
from dashboard.cache import patrol as briefs
from dashboard.components.formats import moment
from dashboard.components.map_panel import map_panel
from dashboard.components.overview_map import basemap_of
from dashboard.components.patrol_cards import place_card
from dashboard.components.patrol_choice import ask_shift
from dashboard.components.patrol_map import patrol_scene
from dashboard.components.patrol_words import brief_text, phone_page, proof_text, with_proof
from dashboard.components.plain import plain
from dashboard.printing.page import Imprint
from dashboard.printing.patrol_phone import patrol_phone
from dashboard.printing.patrol_sheet import patrol_sheet
from dashboard.viewmodels.patrol_values import DEFAULT_KINDS, PatrolAsked

if TYPE_CHECKING:
    from streamlit.navigation.page import StreamlitPage

    from dashboard.printing.patrol_sheet import BriefText
    from dashboard.session import Session
    from dashboard.text import Words
    from dashboard.viewmodels.patrol_values import Brief

MAP_KEY: Final = "patrol_map"
MAP_PX: Final = 560
_WIDTHS: Final = (1.25, 1)


def render(words: Words, cases_page: StreamlitPage | None = None) -> None:
    """Draw the page; on `cases_page` the records of what waits at a place can be opened."""
    today = briefs.shift_day()
    session = visitor.load()
    town = cache.town((session.patrol.day or today).isoformat())
    if town.is_empty:
        st.info(words("patrol.no_units"))
        return
    with st.expander(words("patrol.change")):
        session = ask_shift(words, town, session, today)
    asked = asked_of(session)
    brief, tz = briefs.brief(asked), cache.facts().tz
    town = cache.town(asked.day.isoformat())
    now = datetime.combine(asked.day, time(asked.start_hour), ZoneInfo(tz)).astimezone(UTC)
    codes = frozenset(place.grid_code for place in brief.places)
    phones = briefs.phones(codes, asked.day.isoformat())
    text = brief_text(words, brief, town, now=now, tz=tz, phones=phones)
    _head(words, brief, text)
    if not brief.places:
        st.info(words("patrol.none"))
        return
    st.caption(plain(text.round))
    left, right = st.columns(_WIDTHS, gap="medium")
    with left:
        for place, written in zip(brief.places, text.places, strict=True):
            place_card(words, place, written, cases_page)
        _targets(words, text)
    with right:
        map_panel(patrol_scene(town, brief, text.places, words, basemap_of(cache.config())),
                  key=MAP_KEY, height=MAP_PX)  # fmt: skip
        tested = st.empty()
        tested.caption(plain(words("patrol.proof_waits")))
        for note in text.notes:
            st.caption(plain(note))
    # last of all: the places are on the screen while the months are gone through
    tested.caption(plain(proof_text(words, briefs.proof(brief.asked, len(brief.places)))))


def asked_of(session: Session) -> PatrolAsked:
    """Turn the visitor's choices into the question that the view model answers."""
    choice = session.patrol
    return PatrolAsked(
        area=session.area,
        start_hour=choice.start_hour,
        end_hour=choice.end_hour,
        day=choice.day or briefs.shift_day(),
        kinds=choice.kinds or DEFAULT_KINDS,
    )


def _head(words: Words, brief: Brief, text: BriefText) -> None:
    with st.container(horizontal=True, vertical_alignment="center"):
        st.markdown(f"#### {plain(text.heading)}", width="content")
        st.space("stretch")
        if brief.places:
            imprint, about = _imprint(words, text), cache.facts()

            def whole() -> BriefText:
                return with_proof(words, text, briefs.proof(brief.asked, len(brief.places)))

            page = phone_page(words, about.store, moment(datetime.now(UTC), about.tz))
            st.download_button(
                words("patrol_phone.download"),
                data=lambda: patrol_phone(whole(), page),
                file_name=words("patrol_phone.file"),
                mime="text/html",
                on_click="ignore",
                key="patrol_phone",
            )
            st.download_button(
                words("patrol.print"),
                data=lambda: patrol_sheet(whole(), imprint),
                file_name=words("patrol.file"),
                mime="application/pdf",
                on_click="ignore",
                key="patrol_print",
            )


def _imprint(words: Words, text: BriefText) -> Imprint:
    return Imprint(
        title=f"{text.title} {text.heading}",
        language=words.language,
        foot=words("patrol.foot", store=cache.facts().store),
        page_text=words("patrol.page_of", page="{page}", pages="{pages}"),
        made_at=datetime.now(UTC),
    )


def _targets(words: Words, text: BriefText) -> None:
    if not text.targets:
        st.caption(words("patrol.targets_none"))
        return
    with st.expander(plain(text.targets[0])):
        st.caption("  \n".join(plain(line) for line in text.targets[1:]))
