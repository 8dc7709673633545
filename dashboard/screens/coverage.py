"""Show how far the posts of a day reach, where the gaps are, and where posts should stand."""

from __future__ import annotations

from typing import TYPE_CHECKING, Final

import streamlit as st

from dashboard import cache
from dashboard import session as visitor
from dashboard.cache import coverage as kept
from dashboard.components.coverage_choice import ask_coverage
from dashboard.components.coverage_export import offer_files, sheets_of
from dashboard.components.coverage_how import how_lines, site_lines
from dashboard.components.coverage_map import coverage_scene
from dashboard.components.coverage_siting import ask_sites, show_proposal
from dashboard.components.coverage_tables import show_gaps, show_overlap, show_posts
from dashboard.components.coverage_tiles import coverage_tiles
from dashboard.components.filters import wanted_of
from dashboard.components.map_panel import map_panel
from dashboard.components.notices import guard
from dashboard.components.overview_map import basemap_of
from dashboard.components.plain import plain
from dashboard.viewmodels.coverage import question_of, site_question_of, with_sites
from dashboard.viewmodels.coverage_wanted import NETWORKS

if TYPE_CHECKING:
    from streamlit.navigation.page import StreamlitPage

    from dashboard.components.coverage_map import Proposal
    from dashboard.session import Session
    from dashboard.text import Words
    from dashboard.viewmodels.coverage import CoverageView
    from dashboard.viewmodels.town import Town
    from data.analysis.siting import SiteQuestion

MAP_KEY: Final = "coverage_map"
MAP_PX: Final = 560
SECTIONS: Final = ("gaps", "posts", "overlap", "sites")
_WIDTHS: Final = (1.4, 1)


def render(words: Words, import_page: StreamlitPage | None = None) -> None:
    """Draw the page; `import_page` is where a store without grids or posts sends the visitor."""
    with guard(words), cache.one_reading():
        today = kept.first_day()
        town = cache.town((visitor.load().coverage.day or today).isoformat())
        if town.is_empty and visitor.load().coverage.day is None:
            _next_step(words, "no_grids", import_page)
            return
        has_streets = not town.streets.empty
        session = ask_coverage(words, visitor.load(), today, has_streets=has_streets)
        day = session.coverage.day or today
        with st.spinner(words("cover.working")):
            shown = kept.coverage(
                question_of(
                    session.coverage,
                    day,
                    kept.span(wanted_of(session)),
                    session.kinds,
                    cache.facts().tz,
                )
            )
        if not shown.answer.posts.total:
            _next_step(words, "no_posts", import_page, day=day.isoformat())
            return
        _notices(words, shown, session)
        coverage_tiles(words, shown)
        _answer(words, cache.town(day.isoformat()), shown, session)


def _answer(words: Words, town: Town, shown: CoverageView, session: Session) -> None:
    left, right = st.columns(_WIDTHS, gap="small")
    with right:
        visitor.seed("coverage_section", "sites" if session.coverage.posts else SECTIONS[0])
        section = st.segmented_control(
            words("cover.section"),
            SECTIONS,
            required=True,
            format_func=lambda name: words(f"cover.tab_{name}"),
            key="coverage_section",
            label_visibility="collapsed",
        )
        if section == "sites":
            is_along = shown.answer.question.network != NETWORKS[0]
            session = ask_sites(words, session, along_streets=is_along)
        asked, proposal = _proposed(words, shown, session)
        with guard(words):
            _show(words, str(section), shown, session)
            if section == "sites" and asked is not None and proposal is not None:
                show_proposal(words, shown, asked, proposal)
    how = how_lines(words, shown)
    if asked is not None and proposal is not None:
        how += site_lines(words, asked, proposal[0])
    counts = session.coverage.counts
    scene = coverage_scene(town, shown, words, counts, basemap_of(cache.config()), proposal)
    with left:
        map_panel(scene, key=MAP_KEY, height=MAP_PX)
        sheets = sheets_of(words, town, shown, counts, proposal, how)
        offer_files(words, sheets, scene, words("page.coverage"))
        with st.expander(words("cover.how")):
            st.markdown("\n".join(f"- {plain(line)}" for line in how))


def _show(words: Words, section: str, shown: CoverageView, session: Session) -> None:
    if section == "gaps":
        show_gaps(words, shown, session.coverage.counts)
    elif section == "posts":
        show_posts(words, shown)
    elif section == "overlap":
        show_overlap(words, shown)


def _proposed(
    words: Words, shown: CoverageView, session: Session
) -> tuple[SiteQuestion | None, Proposal | None]:
    """Work the proposal out where one is asked for; a refusal is said and leaves the rest."""
    if not session.coverage.posts:
        return None, None
    asked = site_question_of(session.coverage, shown.answer.question)
    proposal: Proposal | None = None
    with guard(words), st.spinner(words("cover.solving", seconds=f"{asked.time_limit_s:g}")):
        found = kept.sites(asked)
        proposal = found, kept.coverage(with_sites(shown.answer.question, asked, found))
    return asked, proposal


def _notices(words: Words, shown: CoverageView, session: Session) -> None:
    """Say what stands in the way of an answer, each with the next step."""
    posts = shown.answer.posts
    if posts.at_work.empty:
        code = "no_shift" if posts.on_shift == 0 and posts.filled else "all_empty"
        st.warning(words(f"cover.{code}", n=posts.total))
    if not shown.answer.incidents.total:
        st.info(words("cover.no_incidents"))
    if not shown.answer.households.total and session.coverage.counts == "households":
        st.info(words("cover.no_households"))


def _next_step(words: Words, name: str, page: StreamlitPage | None, **facts: object) -> None:
    st.info(words(f"cover.{name}", **facts))
    if page is not None:
        st.page_link(page, label=words("empty.go_import"))
