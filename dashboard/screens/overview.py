"""Show the town: filters, figures, the shaded live map, and the card of the selected unit."""

from __future__ import annotations

from dataclasses import replace
from typing import TYPE_CHECKING, Final

import streamlit as st

from dashboard import cache
from dashboard import session as visitor
from dashboard.components.figure_board import figure_board
from dashboard.components.filters import filters, foreseen, wanted_of
from dashboard.components.formats import span_text, whole
from dashboard.components.grids_choice import sound
from dashboard.components.map_panel import last_event, mount_packed
from dashboard.components.notices import guard
from dashboard.components.overview_map import basemap_of, unit_names
from dashboard.components.overview_notes import (
    grids_text,
    map_notes,
    nothing_yet,
    sum_text,
)
from dashboard.components.overview_picture import PICTURE_PX, overview_scene_of, picture
from dashboard.components.plain import plain
from dashboard.components.tiles import tiles
from dashboard.components.unit_card import show_card
from dashboard.maps.folium_map import render_html

if TYPE_CHECKING:
    from streamlit.navigation.page import StreamlitPage

    from dashboard.session import Session
    from dashboard.text import Words
    from dashboard.viewmodels.overview import Overview
    from dashboard.viewmodels.town import Town

MAP_KEY: Final = "overview_map"
CHOICE_KEY: Final = "unit_choice"
_WIDTHS: Final = (2.75, 1)


def render(words: Words, import_page: StreamlitPage) -> None:
    """Draw the page; `import_page` is where an empty store sends the visitor."""
    with guard(words), cache.one_reading():
        session = sound(words, visitor.load(), key="filter_as_of")
        town = cache.town(session.as_of)
        if town.is_empty and session.as_of == visitor.AS_OF_TODAY:
            nothing_yet(words, import_page)
            return
        soon = foreseen(session)
        latest_at = cache.overview(wanted_of(soon)).latest_at
        picture(words, soon, last_event(MAP_KEY, basemap_of(cache.config())).view)
        session = filters(words, town, session, latest_at)
        town = cache.town(session.as_of)
        shown = cache.overview(wanted_of(session))
        if len(shown.rows) == 0:
            st.info(words("overview.no_units_here"))
            return
        tiles(words, shown)
        _map_and_card(words, town, shown, session)


def _map_and_card(words: Words, town: Town, shown: Overview, session: Session) -> None:
    basemap = basemap_of(cache.config())
    event = last_event(MAP_KEY, basemap)
    if event.selected != session.map_said:
        session = visitor.update(selected=event.selected, map_said=event.selected)
        visitor.put(CHOICE_KEY, event.selected)
    left, right = st.columns(_WIDTHS, gap="small")
    with right:
        session = _choose_unit(words, town, shown, session)
    packed, left_out = picture(words, session, event.view)
    with left:
        mount_packed(packed, basemap, key=MAP_KEY)
        if left_out:
            st.caption(words("overview.cut_points", n=whole(left_out)))
        _below_map(words, shown, session)
    figure_board(words, shown)
    with right:
        _card(words, town, session)


def _choose_unit(words: Words, town: Town, shown: Overview, session: Session) -> Session:
    """Offer every unit by name: the way without a mouse."""
    names = dict(zip(*unit_names(town, shown), strict=True))
    options = [None, *names]
    visitor.seed(CHOICE_KEY, session.selected if session.selected in names else None)
    chosen = st.selectbox(
        words("filter.unit", level=_level_word(words, town)),
        options,
        format_func=lambda code: (
            words("filter.unit_none")
            if code is None
            else (names[code] if names[code] == code else f"{names[code]} · {code}")
        ),
        key=CHOICE_KEY,
        placeholder=words("filter.unit_none"),
    )
    is_hidden = session.selected is not None and session.selected not in names
    if chosen == session.selected or (is_hidden and chosen is None):
        return session
    return visitor.update(selected=chosen)


def _level_word(words: Words, town: Town) -> str:
    level = words.label("level", str(town.level))
    return level if words.language == "zh" else level.lower()


def _card(words: Words, town: Town, session: Session) -> None:
    if session.selected is None:  # no empty box of a screen's height on a phone
        with st.container(border=True):
            st.caption(words("card.none", level=_level_word(words, town)))
        return
    with st.container(border=True, height=PICTURE_PX - 72):
        card = cache.unit_card(wanted_of(session), session.selected)
        if card is None:
            st.info(words("card.gone", code=plain(session.selected)))
            return
        show_card(words, card, tz=cache.facts().tz)


def _below_map(words: Words, shown: Overview, session: Session) -> None:
    text, button = st.columns((3.2, 1), gap="small", vertical_alignment="top")
    with text:
        st.caption(" ".join((sum_text(words, shown), grids_text(words, shown, escaped=True))))
    with button:
        title = words(
            "overview.map_title",
            measure=words(f"measure.{shown.wanted.measure}"),
            span=span_text(words, shown.span),
        )
        notes = map_notes(words, shown, cache.facts())

        def page() -> str:
            scene, _ = overview_scene_of(words, replace(session, selected=None), None)
            return render_html(scene, title=title, notes=notes)

        st.download_button(
            words("overview.save_map"),
            data=page,
            file_name=words("overview.map_file"),
            mime="text/html",
            on_click="ignore",
            help=words("overview.save_map_help"),
            width="stretch",
        )
