"""Show proposals for a plan: what is asked for, how far the search is, what it found.

Used by the planner's screen.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Final

import streamlit as st

from dashboard import cache
from dashboard import session as visitor
from dashboard.cache import plan_proposals as jobs
from dashboard.cache import planner as kept
from dashboard.components.formats import whole
from dashboard.components.notices import guard
from dashboard.components.plain import plain
from dashboard.components.plan_panel import weights_text
from dashboard.components.plan_propose_cards import Standing, show_cards, taken_back
from dashboard.components.plan_propose_form import ask_form
from dashboard.components.plan_turns import settle
from dashboard.components.plan_words import facts_of
from dashboard.viewmodels.plan_proposals import key_of
from data.errors import DataError
from geo.errors import GeoError

if TYPE_CHECKING:
    from collections.abc import Mapping
    from typing import Any

    from dashboard.cache.plan_proposals import Held
    from dashboard.text import Words
    from dashboard.viewmodels.plan_proposals import Ask, Offers
    from dashboard.viewmodels.planner import PlanState

LOOK_S: Final = 1.0
"""Seconds between two looks at a search that runs."""


def render(words: Words, plan_id: int) -> None:
    """Show the proposals of a plan."""
    with guard(words):
        state = kept.state(plan_id)
        found = jobs.held(plan_id)
        if state.plan.status.value != "draft":
            st.info(words("planner.not_draft"))
            return
        is_running = found is not None and not found.search.is_over
        st.caption(words("proposal.intro"))
        ask = ask_form(words, state, None if found is None else found.search.ask)
        _weights(words, state)
        with st.container(horizontal=True, vertical_alignment="center"):
            st.button(
                words("proposal.start_search"), type="primary", key="plan_propose_start",
                disabled=is_running or ask is None, on_click=_start, args=(words, state, ask),
            )  # fmt: skip
        if found is None:
            return
        if is_running:
            _watch(words, found)
        else:
            _came_of(words, state, found)


def _weights(words: Words, state: PlanState) -> None:
    """Show what one of each weighs, and the way to where it is edited."""
    with st.container(horizontal=True, vertical_alignment="center"):
        st.caption(weights_text(words, state), width="stretch")
        st.button(
            words("proposal.edit_weights"), key="plan_propose_weights", type="tertiary",
            on_click=_open, args=("figures",),
        )  # fmt: skip


def _open(view: str) -> None:
    visitor.choose_plan(view=view)
    visitor.put("plan_view", view)


def _start(words: Words, state: PlanState, ask: Ask | None) -> None:
    if ask is None:
        return
    try:
        jobs.start(state, ask)
    except (DataError, GeoError) as fault:
        settle(words, _sentence(words, fault.code, fault.fields))


def _sentence(words: Words, code: str, fields: Mapping[str, Any]) -> str:
    """Say why there are no proposals; measures by their names."""
    told = facts_of(words, fields, cache.facts().tz)
    measure = told.get("measure")
    if isinstance(measure, str) and words.has(f"plan_balance.{measure}"):
        told["measure"] = words(f"plan_balance.{measure}")
    return words.error(code, told)


@st.fragment(run_every=LOOK_S)
def _watch(words: Words, found: Held) -> None:
    """Say how far the search is; draw the page again when it is over."""
    search = found.search
    if search.is_over:
        st.rerun()
    stage = words(f"proposal.stage.{search.stage}")
    said = words("proposal.elapsed", stage=stage, seconds=whole(search.elapsed_s))
    with st.container(border=True, key="plan_propose_progress"):
        st.progress(search.share, text=words("proposal.stopping") if search.is_stopping else said)
        with st.container(horizontal=True, vertical_alignment="center"):
            st.button(words("proposal.call_off"), key="plan_propose_cancel", on_click=search.cancel)
            st.button(
                words("proposal.cancel"), key="plan_propose_stop", on_click=search.stop,
                disabled=search.is_stopping or search.stage != "search",
            )  # fmt: skip
            st.caption(words("proposal.leave_free"), width="content")


def _came_of(words: Words, state: PlanState, found: Held) -> None:
    search = found.search
    if search.is_cancelled:
        st.info(words("proposal.called_off"))
    elif search.fault is not None:
        st.error(plain(_sentence(words, *search.fault)))
    elif search.offers is not None:
        _offers(words, state, found, search.offers)


def _offers(words: Words, state: PlanState, found: Held, offers: Offers) -> None:
    ask, plan = offers.ask, state.plan
    edits, version = found.taken
    is_taken = edits > 0 and version == plan.version
    is_other = key_of(state.opened.tiling) != offers.key
    is_reweighed = (found.weights, found.bands) != (state.ground.weights, state.ground.bands)
    if is_taken:
        st.success(words("proposal.took", n=whole(edits)))
        st.button(
            words("proposal.take_back", n=whole(edits)), key="plan_propose_back",
            on_click=taken_back, args=(words, plan.id, edits),
        )  # fmt: skip
    elif is_other:
        st.warning(words("proposal.outdated", seen=offers.version, current=plan.version))
    if is_reweighed:
        st.warning(words("proposal.other_weights"))
    if is_other or is_reweighed:
        st.button(
            words("proposal.again"), key="plan_propose_again", on_click=_start,
            args=(words, state, ask),
        )  # fmt: skip
    st.markdown(
        "**"
        + plain(
            words(
                f"proposal.result_{ask.goal}",
                grids=whole(len(ask.codes)),
                into=whole(ask.into),
                measure=words(f"plan_balance.{ask.measure}"),
                pieces=whole(offers.pieces),
                seconds=whole(found.search.elapsed_s),
            )
        )
        + "**"
    )
    if not all(offer.proposal.is_finished for offer in offers.offers):
        st.warning(words("proposal.stopped"))
    can_take = not (is_other or is_reweighed)
    show_cards(words, state, found, Standing(offers, can_take=can_take))
    st.caption(words("proposal.legend"))
    if offers.estimated:
        st.caption(words("proposal.estimated"))
