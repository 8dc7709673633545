"""Show one fault with its proposed repair, and take the decision about it.

Used by `dashboard.components.repair_panel`. Knows nothing of the map and of the other faults.
"""

from __future__ import annotations

from dataclasses import replace
from typing import TYPE_CHECKING

import streamlit as st

from dashboard import session as visitor
from dashboard.components.plain import plain
from dashboard.components.repair_list import state_text
from dashboard.text.repairs import action_sentence, fault_sentence
from dashboard.viewmodels.repairs import next_open, told_for
from geo.repairs import RepairAction, Verdict

if TYPE_CHECKING:
    from collections.abc import Mapping

    from dashboard.text import Words
    from dashboard.viewmodels.repairs import RepairView, Told
    from geo.repairs import RepairProposal


def proposal_card(
    words: Words, view: RepairView, one: RepairProposal, told: Mapping[str, Told]
) -> None:
    """Show what is proposed and why, the grids that could get the ground, and the buttons."""
    with st.container(border=True):
        st.markdown(f"**{fault_sentence(words, one, plain)}**")
        st.markdown(words("repairs.proposal", action=action_sentence(words, one, plain)))
        st.caption(words(f"repair_why.{one.why}"))
        taker = _taker(words, one)
        with st.container(horizontal=True, gap="small"):
            st.button(
                _accept_label(words, one, taker),
                type="primary",
                key="repair_accept",
                on_click=_decide,
                args=(view, one, taker),
            )
            st.button(
                words("repairs.refuse"),
                key="repair_refuse",
                on_click=_say,
                args=(view, one.id, (Verdict.REFUSE.value, "")),
            )
        st.caption(
            state_text(words, {k: (v, plain(code)) for k, (v, code) in told.items()}, one.id)
        )


def _taker(words: Words, one: RepairProposal) -> str:
    """Ask which grid gets the ground; the proposed one first, nobody where leaving is proposed."""
    if not one.alternatives:
        return one.taker
    choices = one.takers if one.taker else ("", *one.alternatives)
    return str(
        st.selectbox(
            words("repairs.taker"),
            choices,
            format_func=lambda code: code or words("repairs.to_nobody"),
            key=f"repair_taker_{one.id}",
        )
    )


def _accept_label(words: Words, one: RepairProposal, taker: str) -> str:
    if taker != one.taker:
        return words("repairs.give_to", code=plain(taker))
    is_left = one.action is RepairAction.LEAVE
    return words("repairs.accept_leave" if is_left else "repairs.accept")


def _decide(view: RepairView, one: RepairProposal, taker: str) -> None:
    _say(view, one.id, told_for(one, taker))


def _say(view: RepairView, proposal_id: str, verdict: Told) -> None:
    """Keep the decision and go on to the next fault that nobody decided."""
    desk = visitor.load().repair
    told = {**desk.decisions, proposal_id: verdict}
    chosen = next_open(told, view, proposal_id)
    visitor.update(repair=replace(desk, decisions=told, chosen=chosen, picks=desk.picks + 1))
