"""Ask what proposals are wanted: which grids, to what end, what leads, how much may change.

Used by the planner's proposals.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Final

import streamlit as st

from dashboard import cache
from dashboard import session as visitor
from dashboard.components.formats import percent, whole
from dashboard.viewmodels.plan_proposals import GOALS, LEADING, Ask

if TYPE_CHECKING:
    from dashboard.text import Words
    from dashboard.viewmodels.planner import PlanState

ALL: Final = "*"
SOME: Final = "?"
_LIMITS: Final = (0.0, 0.05, 0.1, 0.2, 0.3, 0.5)
"""Shares of households that may change grids; 0: any number."""
_MORE: Final = 12


def ask_form(words: Words, state: PlanState, former: Ask | None) -> Ask | None:
    """Ask; None where no grid is chosen.

    Parameters
    ----------
    former
        What was asked last: fields begin with it.
    """
    key = f"plan_propose_{state.plan.id}"
    with st.container(border=True, key="plan_propose_form"):
        top = st.columns((1.1, 2.2, 1, 1.1), gap="small")
        visitor.seed(f"{key}_goal", GOALS[0] if former is None else former.goal)
        with top[0]:
            goal = st.selectbox(
                words("proposal.goal"), GOALS, key=f"{key}_goal",
                format_func=lambda name: words(f"proposal.goal_{name}_short"),
            )  # fmt: skip
        into = 0
        with top[1]:
            if goal == "balance":
                codes = _area(words, state, key, former)
            else:
                codes, into = _some_into(words, state, key, former)
        with top[2]:
            measure = _measure(words, key, former)
        with top[3]:
            limit = _limit(words, key, former)
        locked = sum(code in state.opened.tiling.locked for code in codes)
        if locked:
            st.caption(words("proposal.locked_some", n=whole(locked)))
    if not codes:
        return None
    return Ask("regroup" if goal == "regroup" else "balance", codes, into, measure, limit or None)


def _area(words: Words, state: PlanState, key: str, former: Ask | None) -> tuple[str, ...]:
    """Ask which grids to balance: a community, all, or some."""
    tiling = state.opened.tiling
    below: dict[str, list[str]] = {}
    for code in tiling.codes:
        below.setdefault(tiling.parents.get(code, ""), []).append(code)
    named = cache.town("today").names
    names = {
        code: next((name for (_, other), name in named.items() if other == code), code)
        for code in below
    }
    places = [*sorted(code for code in below if code), ALL, SOME]

    def title(place: str) -> str:
        if place == ALL:
            return words("proposal.where_all", n=whole(len(tiling)))
        if place == SOME:
            return words("proposal.where_some")
        return words("proposal.where_community", name=names[place], n=whole(len(below[place])))

    visitor.seed(f"{key}_where", _place_of(state, former, below) or places[0])
    place = str(
        st.selectbox(words("proposal.where"), places, key=f"{key}_where", format_func=title)
    )
    if place == ALL:
        return tiling.codes
    return _chosen(words, state, key, former) if place == SOME else tuple(below[place])


def _place_of(state: PlanState, former: Ask | None, below: dict[str, list[str]]) -> str:
    """Say which place was asked about last; of a new form that of the grid chosen on the map."""
    if former is None or former.goal != "balance":
        return state.opened.tiling.parents.get(str(visitor.value("plan_grid") or ""), "")
    found = next((code for code, own in below.items() if tuple(own) == former.codes), "")
    return found or (ALL if former.codes == state.opened.tiling.codes else SOME)


def _chosen(words: Words, state: PlanState, key: str, former: Ask | None) -> tuple[str, ...]:
    names, tiling = state.names, state.opened.tiling
    held = [] if former is None else [code for code in former.codes if code in tiling]
    if former is None and str(visitor.value("plan_grid") or "") in state.row_of:
        held = [str(visitor.value("plan_grid"))]
    visitor.seed(f"{key}_codes", held if len(held) < len(tiling) else [])
    codes = st.multiselect(
        words("proposal.which"), tiling.codes, key=f"{key}_codes",
        format_func=lambda code: f"{names.get(code, code)} · {code}",
        placeholder=words("planner.choose_grids"),
    )  # fmt: skip
    return tuple(codes)


def _some_into(
    words: Words, state: PlanState, key: str, former: Ask | None
) -> tuple[tuple[str, ...], int]:
    """Ask for grids, and how many to make of them."""
    wide, narrow = st.columns((2.4, 1), gap="small")
    with wide:
        codes = _chosen(words, state, key, former)
    with narrow:
        is_same = former is not None and former.goal == "regroup" and former.codes == codes
        wished = former.into if is_same and former is not None else len(codes) + 1
        field = f"{key}_into_{len(codes)}"
        visitor.seed(field, max(1, wished))
        most = len(codes) + _MORE
        into = st.number_input(words("proposal.into"), 1, most, step=1, key=field)
    return codes, int(into)


def _measure(words: Words, key: str, former: Ask | None) -> str:
    visitor.seed(f"{key}_measure", LEADING[0] if former is None else former.measure)
    return str(
        st.selectbox(
            words("proposal.measure"), LEADING, key=f"{key}_measure",
            format_func=lambda name: words(f"plan_balance.{name}"),
            help=words("proposal.measure_help"),
        )
    )  # fmt: skip


def _limit(words: Words, key: str, former: Ask | None) -> float:
    held = 0.0 if former is None else former.most_moved or 0.0
    visitor.seed(f"{key}_limit", held if held in _LIMITS else 0.0)
    return float(
        st.selectbox(
            words("proposal.most_moved"), _LIMITS, key=f"{key}_limit",
            format_func=lambda share: _limit_text(words, share),
            help=words("proposal.most_moved_help"),
        )
    )  # fmt: skip


def _limit_text(words: Words, share: float) -> str:
    if not share:
        return words("proposal.most_moved_any")
    return words("proposal.most_moved_share", share=percent(share))
