"""Show hazards, disputes and incidents: one filter, a list and the live map beside it."""

from __future__ import annotations

from typing import TYPE_CHECKING, Final

import streamlit as st

from dashboard import cache
from dashboard import session as visitor
from dashboard.cache.cases import case_page, cases
from dashboard.components.case_filters import case_filters, light_choice
from dashboard.components.case_list import brief, case_table, paging
from dashboard.components.case_map import CaseSight, case_scene
from dashboard.components.case_moves import actor_name
from dashboard.components.case_report import report_form
from dashboard.components.case_words import stands_text
from dashboard.components.formats import moment
from dashboard.components.map_panel import last_event, map_panel
from dashboard.components.notices import guard
from dashboard.components.overview_map import basemap_of
from dashboard.viewmodels.cases import CaseLine
from data.repositories.case_records import CaseKey

if TYPE_CHECKING:
    from dashboard.maps.layers import Basemap
    from dashboard.text import Words
    from dashboard.viewmodels.cases import CaseList
    from dashboard.viewmodels.town import Town

MAP_KEY: Final = "cases_map"
MAP_PX: Final = 560
REPORT_MAP_PX: Final = 430
_WIDTHS: Final = (1.35, 1)


def render(words: Words) -> None:
    """Draw the page."""
    with guard(words):
        town = cache.town("today")
        if town.is_empty:
            st.info(words("cases.no_grids"))
            return
        if visitor.load().case_desk.is_reporting:
            _report(words, town)
            return
        case_filters(words, town)
        first = cases(visitor.load().cases, actor_name())
        light_choice(words, first.by_light)
        shown = cases(visitor.load().cases, actor_name())
        _list_and_map(words, town, shown)


def _list_and_map(words: Words, town: Town, shown: CaseList) -> None:
    basemap = basemap_of(cache.config())
    picked = last_event(MAP_KEY, basemap).picked
    tz = cache.facts().tz
    left, right = st.columns(_WIDTHS, gap="small")
    with left:
        chosen = case_table(words, shown, tz, picked)
        paging(words, shown)
        if stands := stands_text(words, cache.stands_on()):
            st.caption(stands)
    line = _line_of(shown, chosen)
    with right:
        _map(words, town, shown, line, basemap)
        if line is not None:
            brief(words, line, shown, tz)
        else:
            st.caption(words("cases.choose"))


def _line_of(shown: CaseList, chosen: str) -> CaseLine | None:
    """Find the chosen record: on this page, or wherever the map showed it."""
    line = shown.line(chosen)
    key = CaseKey.from_text(chosen)
    if line is not None or key is None or chosen not in shown.marks.keys:
        return line
    page = case_page(key)
    return CaseLine(page.record, page.light, page.unit, page.is_waiting)


def _map(
    words: Words, town: Town, shown: CaseList, line: CaseLine | None, basemap: Basemap
) -> None:
    key = line.record.key.as_text() if line else ""
    ring = None
    if line is not None and key in shown.marks.keys:
        at = shown.marks.keys.index(key)
        lon, lat = float(shown.marks.lon[at]), float(shown.marks.lat[at])
        ring = (lon, lat, line.record.external_id)
    scene = case_scene(words, town, shown.marks, CaseSight(_age(words), ring), basemap)
    map_panel(scene, key=MAP_KEY, height=MAP_PX if line is None else MAP_PX - 150)


def _age(words: Words) -> str:
    facts = cache.facts()
    return words("cases.as_of", imported=moment(facts.last_import_at, facts.tz))


def _report(words: Words, town: Town) -> None:
    basemap = basemap_of(cache.config())
    key = f"report_map_{visitor.load().case_desk.done}"
    event = last_event(key, basemap)
    # the map stands first: on a phone it is above the form
    left, right = st.columns((1.35, 1), gap="small")
    with right:
        ring = report_form(words, town, event)
    with left:
        sight = CaseSight(_age(words), ring, selected=event.selected, asks_place=True)
        map_panel(case_scene(words, town, None, sight, basemap), key=key, height=REPORT_MAP_PX)
