"""Show where events cluster, why, and how well that ranking would have done."""

from __future__ import annotations

from typing import TYPE_CHECKING, Final
from zoneinfo import ZoneInfo

import streamlit as st

from dashboard import cache
from dashboard import session as visitor
from dashboard.cache import hotspots as answers
from dashboard.components.formats import moment, whole
from dashboard.components.grids_choice import grids_told, sound
from dashboard.components.hotspot_card import why_card
from dashboard.components.hotspot_choice import GRIDS_KEY, ask_question
from dashboard.components.hotspot_export import export_buttons
from dashboard.components.hotspot_map import hotspot_scene
from dashboard.components.hotspot_pick import (
    cell_names,
    choose_cell,
    choose_view,
    follow_map,
    not_drawn,
)
from dashboard.components.hotspot_proof import proof_figure, proof_page, units_page
from dashboard.components.hotspot_week import week_page
from dashboard.components.hotspot_words import (
    heading,
    left_apart,
    report_lines,
    table_columns,
    table_rows,
    warning_lines,
)
from dashboard.components.map_panel import mount_packed
from dashboard.components.notices import guard
from dashboard.components.overview_map import basemap_of
from dashboard.components.plain import plain
from dashboard.components.tables import table
from dashboard.maps.live import pack_apart
from dashboard.viewmodels.hotspots_why import proved_method
from geo.proof.backtest import COUNT

if TYPE_CHECKING:
    from dashboard.text import Words
    from dashboard.viewmodels.hotspots import HotspotView
    from dashboard.viewmodels.town import Town
    from data.analysis.hotspots import HotspotQuestion

MAP_KEY: Final = "hotspot_map"
MAP_PX: Final = 600
ALL_METHODS: Final = ("count-kernel", "count", "kde", "gistar", "near-repeat")
_WIDTHS: Final = (2.1, 1)


def render(words: Words) -> None:
    """Draw the page."""
    with guard(words), cache.one_reading():
        session = sound(words, visitor.load(), key=GRIDS_KEY)
        town = cache.town(session.as_of)
        if town.is_empty and answers.latest_at() is None:
            st.info(words("hotspot.no_units"))
            return
        latest, tz = answers.latest_at(), cache.facts().tz
        latest_on = latest.astimezone(ZoneInfo(tz)).date() if latest else None
        session = ask_question(words, town, session, latest_on)
        town = cache.town(session.as_of)
        session = choose_view(words, session)
        asked = answers.question(session)
        if session.hotspots.view == "proof":
            with st.spinner(words("hotspot_proof.wait")):
                proof_page(words, answers.proof(asked, ALL_METHODS))
        elif session.hotspots.view == "units":
            with st.spinner(words("hotspot.slow")):
                units_page(words, answers.units(asked))
        elif session.hotspots.view == "hours":
            week_page(words, answers.week(asked))
        else:
            _ranking(words, town, asked)


def _ranking(words: Words, town: Town, asked: HotspotQuestion) -> None:
    view = answers.view(asked)
    names = cell_names(words, view, follow_map(MAP_KEY).hotspots.cell)
    chosen = visitor.load().hotspots.cell
    head = st.container(horizontal=True, vertical_alignment="center")
    warnings = st.container()
    left, right = st.columns(_WIDTHS, gap="small")
    with left:  # first of all: the browser draws it with the questions above
        _map(words, town, view, chosen)
    with head:
        st.markdown(f"**{plain(heading(words, view.answer))}**", width="content")
        st.space("stretch")
        export_buttons(words, town, view)
    if asked.grids_of != "today":
        warnings.caption(grids_told(words, asked.grids_of, with_people=False, escaped=True))
    for line in warning_lines(words, view.answer.report["warnings"]):
        warnings.warning(plain(line))
    with right:
        choose_cell(words, names)
        with st.container(border=True):
            _card(words, view, asked, chosen)
        figure = st.container(border=True)
    with left:
        _below(words, view)
    with figure, guard(words), st.spinner(words("hotspot_proof.wait")):
        method = proved_method(asked.method).value
        proof = answers.proof(asked, tuple(dict.fromkeys((method, COUNT))))
        proof_figure(words, proof, method, is_other=method != asked.method.value)


def _map(words: Words, town: Town, view: HotspotView, chosen: str) -> None:
    about = cache.facts()
    age = words(
        "hotspot.as_of",
        latest=moment(answers.latest_at(), about.tz),
        imported=moment(about.last_import_at, about.tz),
    )
    basemap = basemap_of(cache.config())
    packed = cache.drawn(
        ("hotspots", view.answer.question, words.language, basemap, chosen, age),
        lambda: pack_apart(
            hotspot_scene(town, view, words, (basemap, chosen, age)), height_px=MAP_PX
        ),
    )
    mount_packed(packed, basemap, key=MAP_KEY)


def _below(words: Words, view: HotspotView) -> None:
    st.caption(plain(" ".join((words("hotspot.description"), left_apart(words, view.answer)))))
    not_drawn(words, view)
    rows = table_rows(words, view)
    n, of = whole(len(rows)), whole(len(view.order))
    st.markdown(f"**{words('hotspot.ranking', n=n, of=of)}**")
    table(words, rows, table_columns(view), key="hotspot_table")
    with st.expander(words("hotspot.how")):
        lines = report_lines(words, view.answer.report)
        st.markdown("\n".join(f"- {plain(line)}" for line in lines))


def _card(words: Words, view: HotspotView, asked: HotspotQuestion, chosen: str) -> None:
    if not chosen:
        st.caption(words("hotspot_why.choose"))
        return
    with guard(words):
        why_card(words, view, answers.card(asked, chosen))
