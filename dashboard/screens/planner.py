"""Draw grids anew: the list of plans, the editor of one, and what it means."""

from __future__ import annotations

from importlib import import_module
from typing import TYPE_CHECKING, Final

import streamlit as st

from dashboard import cache
from dashboard import session as visitor
from dashboard.cache import planner as kept
from dashboard.components.notices import guard
from dashboard.components.plain import plain
from dashboard.components.plan_editor import MAP_KEY, map_basemap, show_editor
from dashboard.components.plan_list import open_plan, show_list
from dashboard.components.plan_name import name_form, stale_notice
from dashboard.components.plan_numbers import show_figures
from dashboard.components.plan_turns import acting, follow_drawing, notice, say_once
from dashboard.components.plan_words import base_of, heading_of

if TYPE_CHECKING:
    from collections.abc import Callable

    from dashboard.text import Words
    from dashboard.viewmodels.planner import PlanState

OWN: Final[dict[str, Callable[[Words, PlanState], None]]] = {
    "edit": show_editor,
    "figures": show_figures,
}
VIEWS: Final = {
    "proposals": "plan_propose",
    "check": "plan_check",
    "compare": "plan_compare",
    "impact": "plan_impact",
    "history": "plan_history",
    "publish": "plan_publish",
}
"""View → module of `dashboard.components` with `render(words, plan_id)`; read when it is opened."""


def _show(words: Words, state: PlanState, name: str) -> None:
    if name in VIEWS:
        module = import_module(f"dashboard.components.{VIEWS[name]}")
        module.render(words, state.plan.id)
        return
    OWN.get(name, show_editor)(words, state)


def render(words: Words) -> None:
    """Draw the page."""
    with guard(words):
        town = cache.town("today")
        if town.is_empty:
            st.info(words("planner.no_grids"))
            return
        plan_id = visitor.load().plan.plan
        if not plan_id:
            say_once()
            show_list(words, town)
            return
        with guard(words, {"no_such_plan": "planner.back_hint"}):
            follow_drawing(words, plan_id, MAP_KEY, map_basemap())
            with cache.one_reading():
                _plan(words, plan_id)
            return
        _back(words)


def _plan(words: Words, plan_id: int) -> None:
    state = kept.state(plan_id)
    notice(state.opened)
    view = _view()
    top, body = st.container(), st.container()
    with body:  # first: new figures do not wait for what stands above them
        say_once()
        _show(words, state, view)
    with top:
        _head(words, state)
        stale_notice(words, state.plan)


def _view() -> str:
    """Give the view to show: the one that was just chosen, else the one of before."""
    held = visitor.load().plan.view
    visitor.seed("plan_view", held)
    chosen = str(visitor.value("plan_view") or held)
    if chosen != held:
        visitor.choose_plan(view=chosen)
    return chosen


def _head(words: Words, state: PlanState) -> None:
    """Name the plan, say how it stands, and offer its views."""
    plan, tz = state.plan, cache.facts().tz
    row = st.container(horizontal=True, vertical_alignment="center")
    with row:
        _back(words)
        st.markdown(f"**{plain(plan.name)}**", width="content", help=plain(base_of(words, plan)))
        st.caption(plain(heading_of(words, plan, tz)), width="content")
        st.space("stretch")
        acting(words)
        with st.popover(words("planner.about"), key="plan_about"):
            name_form(words, plan)
    st.segmented_control(
        words("planner.view"),
        (*OWN, *VIEWS),
        required=True,
        key="plan_view",
        format_func=lambda name: words(f"planner.view_{name}"),
        label_visibility="collapsed",
    )


def _back(words: Words) -> None:
    st.button(words("planner.back"), key="plan_back", on_click=open_plan, args=(0,))
