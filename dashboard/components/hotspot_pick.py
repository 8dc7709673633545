"""Choose a part of the hotspot page, and a cell of an answer: on the map or by name.

Used by the hotspot screen. Knows nothing of records; choices go to `dashboard.session`.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Final

import streamlit as st

from dashboard import cache
from dashboard import session as visitor
from dashboard.components.formats import whole
from dashboard.components.hotspot_words import cell_name
from dashboard.components.map_panel import last_event
from dashboard.components.overview_map import basemap_of
from dashboard.viewmodels.hotspots_wanted import VIEWS

if TYPE_CHECKING:
    from collections.abc import Mapping

    from dashboard.session import Session
    from dashboard.text import Words
    from dashboard.viewmodels.hotspots import HotspotView

CELL_KEY: Final = "hotspot_cell"
_OFFERED: Final = 100
"""So many cells can be chosen from the list; every drawn one on the map."""


def choose_view(words: Words, session: Session) -> Session:
    """Offer the parts of the page, and say in a line what the question answers."""
    visitor.seed("hotspot_view", session.hotspots.view)
    row = st.container(horizontal=True, vertical_alignment="center")
    chosen = row.segmented_control(
        words("hotspot.view"),
        VIEWS,
        required=True,
        format_func=lambda name: words(f"hotspot_view.{name}"),
        key="hotspot_view",
        label_visibility="collapsed",
        width="content",
    )
    row.caption(words(f"hotspot_method_line.{session.hotspots.method}"))
    return visitor.choose_hotspots(view=str(chosen))


def follow_map(map_key: str) -> Session:
    """Take over the cell that was clicked; a map that is not there says nothing."""
    session = visitor.load()
    told = last_event(map_key, basemap_of(cache.config())).selected
    if visitor.value(map_key) is not None and told != session.hotspot_said:
        visitor.put(CELL_KEY, told or "")
        visitor.update(hotspot_said=told)
        return visitor.choose_hotspots(cell=told or "")
    return session


def cell_names(words: Words, view: HotspotView, chosen: str) -> dict[str, str]:
    """Name the cells that can be chosen, and settle which one is: before the list is drawn."""
    rows = [int(row) for row in view.order[:_OFFERED]]
    if chosen in view.row_of and view.row_of[chosen] not in rows:
        rows.append(view.row_of[chosen])
    names = {view.ids[row]: cell_name(words, view, row) for row in rows}
    visitor.seed(CELL_KEY, chosen if chosen in names else "")
    if visitor.value(CELL_KEY) not in names:
        visitor.put(CELL_KEY, "")
    visitor.choose_hotspots(cell=str(visitor.value(CELL_KEY)))
    return names


def choose_cell(words: Words, names: Mapping[str, str]) -> None:
    """Offer the cells that rank highest by name: the way without a mouse."""
    st.selectbox(
        words("hotspot.choose_cell"),
        ["", *names],
        format_func=lambda code: names.get(code, words("hotspot.no_cell")),
        key=CELL_KEY,
    )


def not_drawn(words: Words, view: HotspotView) -> None:
    """Say which cells the map leaves out."""
    if view.left_low:
        drawn, left = whole(len(view.drawn)), whole(view.left_low)
        st.caption(words("hotspot.drawn", drawn=drawn, left=left))
    if view.left_empty:
        st.caption(words("hotspot.empty_cells", left=whole(view.left_empty)))
