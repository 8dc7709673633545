"""Show who fills which post: coverage, gaps, time lines, rosters, work, cards, changes."""

from __future__ import annotations

from dataclasses import replace
from datetime import date
from typing import TYPE_CHECKING, Final

import streamlit as st

from dashboard import cache
from dashboard import session as visitor
from dashboard.cache import people as kept
from dashboard.components.formats import area_text, moment
from dashboard.components.map_panel import map_panel
from dashboard.components.notices import guard
from dashboard.components.overview_map import basemap_of
from dashboard.components.people_cards import show_cards
from dashboard.components.people_cover import show_cover, show_missing, show_rosters
from dashboard.components.people_forms import show_forms
from dashboard.components.people_map import people_scene
from dashboard.components.people_tiles import people_tiles
from dashboard.components.people_time import show_time
from dashboard.components.people_work import show_work
from dashboard.session import FIRST_DAY, LAST_DAY

if TYPE_CHECKING:
    from dashboard.text import Words
    from dashboard.viewmodels.people import People
    from dashboard.viewmodels.town import Town

SECTIONS: Final = ("cover", "time", "roster", "work", "change", "cards")
MAP_PX: Final = 430


def render(words: Words) -> None:
    """Draw the page."""
    with guard(words):
        day = visitor.load().people.day or kept.first_day()
        section = _choices(words, cache.town(day.isoformat()), day)
        desk = visitor.load()
        day = desk.people.day or day
        town = cache.town(day.isoformat())
        shown = kept.people(day, desk.area)
        if not shown.seats:
            st.info(words("people.none"))
            return
        people_tiles(words, shown)
        with guard(words):
            _show(words, section, town, shown)
        imported = moment(cache.facts().last_import_at, cache.facts().tz)
        st.caption(words("people.as_of", day=day.isoformat(), imported=imported))


def _choices(words: Words, town: Town, day: date) -> str:
    """Ask for section, area and day; the area is shared with the other screens."""
    boxes = st.columns((3.4, 1.3, 0.9), gap="small", vertical_alignment="bottom")
    visitor.seed("people_section", SECTIONS[0])
    with boxes[0]:
        section = st.segmented_control(
            words("people.section"),
            SECTIONS,
            required=True,
            format_func=lambda name: words(f"people.tab_{name}"),
            key="people_section",
            label_visibility="collapsed",
        )
    names = {area.key: area_text(words, area) for area in town.areas}
    held = visitor.load()
    visitor.seed("people_area", held.area if held.area in names else "")
    with boxes[1]:
        area = st.selectbox(
            words("filter.area"),
            ["", *names],
            format_func=lambda key: names.get(key, key or words("filter.all_areas")),
            key="people_area",
        )
    visitor.seed("people_day", day)
    with boxes[2]:
        picked = st.date_input(
            words("people.day"),
            min_value=FIRST_DAY,
            max_value=LAST_DAY,
            format="YYYY-MM-DD",
            help=words("people.day_help"),
            key="people_day",
        )
    chosen = picked if isinstance(picked, date) else day
    visitor.update(area=area, people=replace(held.people, day=chosen))
    return str(section)


def _show(words: Words, section: str, town: Town, shown: People) -> None:
    if section == "cover":
        _cover(words, town, shown)
    elif section == "time":
        show_time(words, shown)
    elif section == "roster":
        show_rosters(words, shown)
    elif section == "work":
        # the choice of the period is drawn inside: what it holds comes from the run before
        period = str(visitor.value("people_period") or "")
        show_work(words, kept.work(shown.as_of, visitor.load().area, period))
    elif section == "change":
        show_forms(words, shown)
    else:
        show_cards(words, shown.as_of)


def _cover(words: Words, town: Town, shown: People) -> None:
    left, right = st.columns((1.5, 1), gap="small")
    with left:
        area = town.area(visitor.load().area)
        scene = people_scene(town, shown.seats, words, area, basemap_of(cache.config()))
        map_panel(scene, key="people_map", height=MAP_PX)
    with right:
        show_missing(words, shown)
    show_cover(words, shown)
