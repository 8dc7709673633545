"""Show the editor of a plan: the map with its tools, and beside it what the last edit did.

Used by the planner's screen.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Final

import streamlit as st

from dashboard import cache
from dashboard import session as visitor
from dashboard.cache import planner as kept
from dashboard.components.formats import moment
from dashboard.components.map_panel import last_event
from dashboard.components.overview_map import basemap_of
from dashboard.components.plan_forms import show_forms
from dashboard.components.plan_layers import Surround, plan_scene
from dashboard.components.plan_map import plan_map
from dashboard.components.plan_panel import balance_row, nobody, reconciled, touched_table
from dashboard.components.plan_turns import ACROSS_KEY, settle, step
from dashboard.components.plan_waiting import show_conflict, show_notes, show_waiting
from dashboard.components.plan_words import title_of
from dashboard.viewmodels.planner_wanted import MEASURES

if TYPE_CHECKING:
    from dashboard.maps.layers import Basemap
    from dashboard.text import Words
    from dashboard.viewmodels.overview import Span
    from dashboard.viewmodels.planner import PlanState
    from data.repositories.plans import AsideRecord

MAP_KEY: Final = "plan_map"
MAP_PX: Final = 500
GRID_KEY: Final = "plan_grid"
_WIDTHS: Final = (2.05, 1)


def map_basemap() -> Basemap:
    """Give what lies under the plan's map."""
    return basemap_of(cache.config())


def show_editor(words: Words, state: PlanState) -> None:
    """Show map, figures, forms, what waits and comments."""
    chosen, span = _follow_map(state), kept.span()
    left, right = st.columns(_WIDTHS, gap="small")
    with left:
        map_box, balance_box = st.container(), st.container()
    with right:
        choice_box, figures_box, rest_box = st.container(), st.container(), st.container()
    # in the order in which they are waited for: new figures, the map that is drawn on, the rest
    with figures_box:
        touched_table(words, state, span, chosen)
    with balance_box:
        balance_row(words, state)
        nobody(words, state)
        reconciled(words, state, span)
    asides = kept.asides(state.plan.id)
    with map_box:
        _map(words, state, asides, (span, chosen))
    with choice_box:
        show_conflict(words, state)
        _choose(words, state, chosen)
        _buttons(words, state)
    with rest_box:
        show_waiting(words, state, asides)
        show_forms(words, state, chosen)
        show_notes(words, state, chosen)


def _map(
    words: Words, state: PlanState, asides: tuple[AsideRecord, ...], looked: tuple[Span, str]
) -> None:
    span, chosen = looked
    measure = _measure(words, span)
    about, desk = cache.facts(), visitor.load().plan_desk
    around = Surround(
        town=cache.town("today"),
        points=kept.points(),
        followed=kept.sample(),
        vertices=kept.vertices(state.opened),
        pieces=kept.pieces(),
        asides=asides,
        basemap=map_basemap(),
        span=span,
        as_of=words("planner.as_of", imported=moment(about.last_import_at, about.tz)),
    )
    answer = (desk.answered, desk.refused)
    scene = plan_scene(words, state, around, (measure, chosen or None), answer)
    plan_map(scene, key=MAP_KEY, height=MAP_PX)


def _measure(words: Words, span: Span) -> str:
    """Ask what colours the map."""
    held = visitor.load().plan.measure
    visitor.seed("plan_measure", held)
    chosen = st.selectbox(
        words("planner.coloured_by"),
        MEASURES,
        key="plan_measure",
        format_func=lambda name: title_of(words, name, span),
        label_visibility="collapsed",
    )
    if chosen != held:
        visitor.choose_plan(measure=chosen)
    return str(chosen)


def _follow_map(state: PlanState) -> str:
    """Take over the grid that was clicked; a map that is not there says nothing."""
    told = last_event(MAP_KEY, map_basemap()).selected
    if visitor.value(MAP_KEY) is not None and told != visitor.load().plan_desk.map_said:
        visitor.at_plan_desk(map_said=told)
        visitor.put(GRID_KEY, told if told in state.row_of else "")
    held = str(visitor.value(GRID_KEY) or "")
    if held not in state.row_of:
        visitor.put(GRID_KEY, "")
        return ""
    return held


def _choose(words: Words, state: PlanState, chosen: str) -> None:
    """Offer the grids by name, the way without a mouse; `_follow_map` reads what was chosen."""
    visitor.seed(GRID_KEY, chosen)
    names = state.names
    st.selectbox(
        words("planner.grid"),
        ["", *state.opened.tiling.codes],
        key=GRID_KEY,
        format_func=lambda code: (
            f"{names.get(code, code)} · {code}" if code else words("planner.no_grid")
        ),
    )


def _buttons(words: Words, state: PlanState) -> None:
    plan = state.plan
    can_edit = plan.status.value == "draft"
    row = st.container(horizontal=True, vertical_alignment="center")
    for name, is_on in (("undo", plan.head > 0), ("redo", plan.head < plan.log_head)):
        row.button(
            words(f"planner.{name}"), key=f"plan_{name}", disabled=not (is_on and can_edit),
            on_click=_step, args=(words, plan.id, name == "undo"),
        )  # fmt: skip
    row.caption(words("planner.edits", head=plan.head, of=plan.log_head))
    if can_edit:
        row.checkbox(words("planner.across"), key=ACROSS_KEY, help=words("planner.across_help"))


def _step(words: Words, plan_id: int, back: bool) -> None:  # noqa: FBT001 - a callback's argument
    settle(words, step(words, plan_id, back=back))
