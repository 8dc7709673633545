"""Show one hazard, dispute or incident: its life, its clock, who covers the place, what is next."""

from __future__ import annotations

from dataclasses import replace
from typing import TYPE_CHECKING, Final

import streamlit as st

from dashboard import cache
from dashboard import session as visitor
from dashboard.cache.cases import case_page
from dashboard.components.case_list import open_case
from dashboard.components.case_map import CaseSight, case_scene
from dashboard.components.case_moves import move_panel
from dashboard.components.case_record import covered_by, facts, head, kin, time_line
from dashboard.components.case_root import root_form
from dashboard.components.case_words import stands_text
from dashboard.components.formats import moment
from dashboard.components.map_panel import map_panel
from dashboard.components.notices import guard
from dashboard.components.overview_map import basemap_of
from dashboard.components.plain import plain
from dashboard.viewmodels.cases import one_mark
from data.repositories.case_records import CaseKey

if TYPE_CHECKING:
    from dashboard.text import Words
    from dashboard.viewmodels.cases_page import CasePage

MAP_PX: Final = 380
_WIDTHS: Final = (1.25, 1)


def render(words: Words) -> None:
    """Draw the page of the record that is open."""
    st.button(words("case.back"), key="case_back", on_click=open_case, args=("",))
    with guard(words):
        opened = visitor.load().cases.opened
        key = CaseKey.from_text(opened)
        if key is None:
            st.error(words("case.bad_link", link=plain(opened)))
            return
        page = case_page(key)
        tz = cache.facts().tz
        _tell(words)
        head(words, page, tz)
        if page.is_waiting and (stands := stands_text(words, cache.stands_on())):
            st.caption(stands)
        left, right = st.columns(_WIDTHS, gap="medium")
        with left:
            if page.record.has_lifecycle:
                with st.container(border=True):
                    viewer = move_panel(words, page, tz)
                root_form(words, page, viewer)
            time_line(words, page, tz)
        with right:
            _map(words, page)
            facts(words, page, tz)
            kin(words, page)
            covered_by(words, page)


def _tell(words: Words) -> None:
    """Say once what was just saved."""
    desk = visitor.load().case_desk
    if desk.told[0]:
        st.success(words(desk.told[0], what=plain(desk.told[1])))
        visitor.update(case_desk=replace(desk, told=("", "")))


def _map(words: Words, page: CasePage) -> None:
    record = page.record
    if page.is_sensitive:
        st.info(words("case.sensitive"))
        return
    if record.lon is None or record.lat is None:
        st.info(words("case.no_point"))
        return
    about = cache.facts()
    sight = CaseSight(
        words("cases.as_of", imported=moment(about.last_import_at, about.tz)),
        (record.lon, record.lat, record.external_id),
        selected=page.unit[0] if page.unit else None,
        is_close=True,
    )
    mark = one_mark(record, page.light, waits=page.is_waiting)
    scene = case_scene(words, cache.town("today"), mark, sight, basemap_of(cache.config()))
    map_panel(scene, key=f"case_map_{record.key.as_text()}", height=MAP_PX)
