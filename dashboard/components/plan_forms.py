"""Change grids by form, without a mouse: split in half, merge, transfer, lock, rename, renumber.

Used by the planner's editor. Lines are drawn on the map; here grids and compounds are chosen.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Final

import streamlit as st

from dashboard import session as visitor
from dashboard.actions import plans as acts
from dashboard.cache import planner as kept
from dashboard.components.plan_turns import draw, settle
from dashboard.viewmodels.planner import halving_line
from geo.edits.refusal import refused
from geo.edits.renumbering import renumbering
from geo.edits.values import Lock, Merge, Rename, Renumber, Split, Transfer

if TYPE_CHECKING:
    from collections.abc import Callable

    from dashboard.text import Words
    from dashboard.viewmodels.planner import PlanState
    from data.planning.opening import OpenPlan
    from geo.edits.values import Edit

KINDS: Final = ("merge", "split", "transfer", "lock", "rename", "renumber", "code")
_NAMED_MOST: Final = 2000


def show_forms(words: Words, state: PlanState, chosen: str) -> None:
    """Show the form of the kind that is chosen, and a button that does it."""
    if state.plan.status.value != "draft":
        st.info(words("planner.not_draft"))
        return
    # a closed expander would bring its lists of grids to the browser with every edit
    if not st.toggle(words("planner.by_form"), key="plan_forms_on"):
        return
    with st.container(border=True, key="plan_forms"):
        visitor.seed("plan_kind", KINDS[0])
        kind = st.selectbox(
            words("planner.kind"), KINDS, key="plan_kind",
            format_func=lambda name: words(f"planner.kind_{name}"), label_visibility="collapsed",
        )  # fmt: skip
        key = f"plan_form_{kind}_{state.plan.id}_{visitor.load().plan_desk.done}"
        make = _FORMS[str(kind)](words, state, chosen, key)
        st.button(
            words("planner.do"), type="primary", key="plan_do", disabled=make is None,
            on_click=_do, args=(words, state.plan.id, make), width="stretch",
        )  # fmt: skip


def _do(words: Words, plan_id: int, make: Callable[[OpenPlan], Edit | None]) -> None:
    settle(words, draw(words, plan_id, make))


def _grids(words: Words, state: PlanState, label: str, held: str, key: str) -> list[str]:
    """Ask for several grids."""
    names = state.names
    visitor.seed(key, [held] if held else [])
    return st.multiselect(
        words(label), state.opened.tiling.codes, key=key,
        format_func=lambda code: f"{names.get(code, code)} · {code}",
        placeholder=words("planner.choose_grids"),
    )  # fmt: skip


def _grid(words: Words, state: PlanState, label: str, held: str, key: str) -> str:
    """Ask for one grid."""
    names = state.names
    visitor.seed(key, held)
    return st.selectbox(
        words(label), ["", *state.opened.tiling.codes], key=key,
        format_func=lambda code: f"{names.get(code, code)} · {code}" if code else "—",
    )  # fmt: skip


def _merge(
    words: Words, state: PlanState, chosen: str, key: str
) -> Callable[[OpenPlan], Edit] | None:
    codes = _grids(words, state, "planner.merge_grids", chosen, f"{key}_codes")
    if len(codes) < 2:  # noqa: PLR2004 - a merge takes two
        return None
    into = st.selectbox(words("planner.merge_into"), codes, key=f"{key}_into_{codes[0]}")
    return lambda _: Merge(tuple(codes), str(into or codes[0]))


def _split(
    words: Words, state: PlanState, chosen: str, key: str
) -> Callable[[OpenPlan], Edit] | None:
    code = _grid(words, state, "planner.split_grid", chosen, f"{key}_{chosen}_code")
    way = st.radio(
        words("planner.split_way"), ("upright", "level"), key=f"{key}_way", horizontal=True,
        format_func=lambda name: words(f"planner.split_{name}"),
    )  # fmt: skip
    if not code:
        return None

    def make(seen: OpenPlan) -> Edit:
        if code not in seen.tiling:
            raise refused("grid_unknown", (code,))
        line = halving_line(seen.tiling.shape(code), is_upright=way == "upright")
        return Split(code, line, *acts.namer(seen.tiling)(code))

    return make


def _transfer(
    words: Words, state: PlanState, chosen: str, key: str
) -> Callable[[OpenPlan], Edit] | None:
    giver = _grid(words, state, "planner.giver", chosen, f"{key}_{chosen}_giver")
    taker = _grid(words, state, "planner.taker", "", f"{key}_taker")
    found = kept.pieces()
    if found.empty:
        st.caption(words("planner.no_pieces"))
        return None
    shapes = dict(zip(found["compound_id"].astype(str), found.geometry, strict=True))
    names = dict(zip(shapes, found["name"], strict=True))
    near = list(shapes)
    if giver:
        outline = state.opened.tiling.shape(giver)
        meeting = found.geometry.intersects(outline).to_numpy()
        near = [code for code, is_in in zip(shapes, meeting, strict=True) if is_in]
    picked = st.multiselect(
        words("planner.pieces_of"), near[:_NAMED_MOST], key=f"{key}_pieces_{giver}",
        format_func=lambda code: str(names.get(code) or code),
        placeholder=words("planner.choose_pieces"),
    )  # fmt: skip
    if not (giver and taker and picked):
        return None
    return lambda _: Transfer.of(giver, taker, [shapes[code] for code in picked])


def _lock(
    words: Words, state: PlanState, chosen: str, key: str
) -> Callable[[OpenPlan], Edit] | None:
    codes = _grids(words, state, "planner.lock_grids", chosen, f"{key}_{chosen}_codes")
    on = st.radio(
        words("planner.lock"), (True, False), key=f"{key}_on", horizontal=True,
        format_func=lambda is_on: words("planner.lock_on" if is_on else "planner.lock_off"),
        label_visibility="collapsed",
    )  # fmt: skip
    return (lambda _: Lock(tuple(codes), bool(on))) if codes else None


def _rename(
    words: Words, state: PlanState, chosen: str, key: str
) -> Callable[[OpenPlan], Edit] | None:
    code = _grid(words, state, "planner.grid", chosen, f"{key}_{chosen}_code")
    name = st.text_input(words("planner.new_name"), key=f"{key}_name", max_chars=80)
    return (lambda _: Rename(code, name.strip())) if code and name.strip() else None


def _renumber(
    words: Words, state: PlanState, chosen: str, key: str
) -> Callable[[OpenPlan], Edit] | None:
    parents = state.opened.tiling.parents
    codes = sorted(set(parents.values()))
    if not codes:
        st.caption(words("planner.no_parents"))
        return None
    visitor.seed(f"{key}_{chosen}_parent", parents.get(chosen, codes[0]))
    parent = st.selectbox(words("planner.community"), codes, key=f"{key}_{chosen}_parent")
    st.caption(words("planner.renumber_help"))
    return lambda seen: renumbering(seen.tiling, str(parent), given=seen.base.codes)


def _code(
    words: Words, state: PlanState, chosen: str, key: str
) -> Callable[[OpenPlan], Edit] | None:
    code = _grid(words, state, "planner.grid", chosen, f"{key}_{chosen}_code")
    new = st.text_input(words("planner.new_code"), key=f"{key}_new", max_chars=40)
    return (lambda _: Renumber(((code, new.strip()),))) if code and new.strip() else None


_FORMS: Final = {
    "merge": _merge,
    "split": _split,
    "transfer": _transfer,
    "lock": _lock,
    "rename": _rename,
    "renumber": _renumber,
    "code": _code,
}
