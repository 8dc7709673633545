"""Lead through the proposed repairs of a set of boundaries: map, card, list, what they do.

Used by the import step and the quality page. Nothing is written here: the outcome is handed back.
"""

from __future__ import annotations

from dataclasses import replace
from typing import TYPE_CHECKING, Any, Final

import pandas as pd
import streamlit as st

from dashboard import cache
from dashboard import session as visitor
from dashboard.cache import repairs as kept
from dashboard.components.formats import whole
from dashboard.components.map_panel import last_event, map_panel
from dashboard.components.overview_map import basemap_of
from dashboard.components.plain import plain
from dashboard.components.repair_card import proposal_card
from dashboard.components.repair_list import kind_buttons, proposal_table
from dashboard.components.repair_map import repair_scene
from dashboard.session import RepairDesk
from dashboard.text.repairs import area_text, codes_text, fault_sentence
from dashboard.viewmodels.repairs import acts, counted

if TYPE_CHECKING:
    from dashboard.text import Words
    from dashboard.viewmodels.repairs import RepairView
    from geo.repairs import RepairOutcome

MAP_PX: Final = 460
_MAP_KEY: Final = "repair_map"
_PICK_KEY: Final = "repair_pick"


def repair_panel(words: Words, source: str, view: RepairView) -> RepairOutcome | None:
    """Show faults and proposals, take decisions, and say what they do.

    Parameters
    ----------
    source
        Names what `view` is of; decisions for another source are forgotten.

    Returns
    -------
    RepairOutcome or None
        What the decisions make of the grids, in memory; None while nothing is to be changed.
    """
    desk = _desk(source, view)
    states = counted(desk.decisions, view.proposals)
    st.caption(words("repairs.decided", n=len(view.proposals), **states))
    kind_buttons(words, view)
    basemap = basemap_of(cache.config())
    left, right = st.columns((1.2, 1), gap="medium")
    with right:
        chosen = _choice(words, view, desk.chosen)
        one = next(one for one in view.proposals if one.id == chosen)
        proposal_card(words, view, one, desk.decisions)
    with left:
        visitor.seed("repair_zoom", value=True)
        is_close = st.toggle(words("repairs.zoom"), key="repair_zoom")
        scene = repair_scene(words, view, desk.decisions, chosen, basemap, is_close=is_close)
        map_panel(scene, key=_MAP_KEY, height=MAP_PX)
    proposal_table(words, view, desk.decisions, chosen)
    if not acts(desk.decisions, view):
        st.info(words("repairs.effect_none"))
        return None
    outcome = kept.outcome_of(source, view, dict(desk.decisions))
    _effect(words, view, outcome)
    return outcome


def _desk(source: str, view: RepairView) -> RepairDesk:
    """Give the decisions for this source, after what was clicked on the map."""
    desk = visitor.load().repair
    ids = {one.id for one in view.proposals}
    if desk.source != source or desk.chosen not in ids:
        told = {k: v for k, v in desk.decisions.items() if desk.source == source and k in ids}
        first = view.proposals[0].id
        desk = RepairDesk(source=source, decisions=told, chosen=first, picks=desk.picks + 1)
    picked = last_event(_MAP_KEY, basemap_of(cache.config())).picked
    if picked in ids and picked != desk.chosen:
        desk = replace(desk, chosen=str(picked), picks=desk.picks + 1)
    visitor.update(repair=desk)
    return desk


def _choice(words: Words, view: RepairView, chosen: str) -> str:
    """Let a fault be chosen by name; what map, table or a decision chose stands here too."""
    lines = {
        one.id: words("repairs.option", n=k + 1, fault=fault_sentence(words, one))
        for k, one in enumerate(view.proposals)
    }
    visitor.put(_PICK_KEY, chosen)
    st.selectbox(
        words("repairs.pick"),
        list(lines),
        format_func=lambda name: lines.get(name, name),
        key=_PICK_KEY,
        on_change=_picked,
    )
    return chosen


def _picked() -> None:
    desk = visitor.load().repair
    chosen = str(visitor.value(_PICK_KEY) or "")
    visitor.update(repair=replace(desk, chosen=chosen, picks=desk.picks + 1))


def _effect(words: Words, view: RepairView, outcome: RepairOutcome) -> None:
    """Say what the decisions do to areas and counts, and what stays."""
    st.markdown(f"**{words('repairs.effect')}**")
    moved_m2 = sum(piece.area_m2 for piece in outcome.moved)
    st.caption(
        words("repairs.effect_sum", applied=len(outcome.applied), m2=area_text(moved_m2),
              grids=len(outcome.changed), left=len(outcome.faults.frame))
    )  # fmt: skip
    for name, (before, after) in outcome.sums.items():
        if not before:
            continue  # unknown everywhere
        count = words(f"repair_column.{name}")
        st.caption(words("repairs.sums", count=count, before=whole(before), after=whole(after)))
    if not outcome.changed.empty:
        _changed_table(words, outcome)
    _remarks(words, view, outcome)


def _changed_table(words: Words, outcome: RepairOutcome) -> None:
    rows = []
    for row in outcome.changed.to_dict("records"):
        cells: dict[str, Any] = {words("repair_column.code"): row["grid_code"]}
        for name in ("area_before_m2", "area_after_m2"):
            cells[words(f"repair_column.{name}")] = f"{row[name]:,.2f}"
        for name in outcome.sums:
            pair = (row[f"{name}_before"], row[f"{name}_after"])
            cells[words(f"repair_column.{name}")] = _pair_text(*pair)
        rows.append(cells)
    st.dataframe(pd.DataFrame(rows), hide_index=True, width="stretch", key="repair_effect",
                 alt=words("repairs.effect"))  # fmt: skip


def _pair_text(before: object, after: object) -> str:
    told = ["" if value is None or value is pd.NA else str(value) for value in (before, after)]
    return told[0] if told[0] == told[1] else f"{told[0]} → {told[1]}"


def _remarks(words: Words, view: RepairView, outcome: RepairOutcome) -> None:
    """Say what was not possible, which rows lost their ground, and which faults stay."""
    by_id = {one.id: one for one in view.proposals}
    joint = words("repairs.joint")
    if outcome.failed:
        listed = joint.join(
            words(
                "repairs.failed_item",
                fault=fault_sentence(words, by_id[name], plain),
                why=words(f"repair_failed.{why}"),
            )
            for name, why in outcome.failed.items()
        )
        st.warning(words("repairs.failed", n=len(outcome.failed), list=listed))
    if outcome.dropped:
        st.warning(words("repairs.dropped", codes=plain(codes_text(outcome.dropped))))
    left = {kind: n for kind, n in outcome.faults.counts().items() if n}
    if left:
        items = [
            words("repairs.left_item", kind=words.label("fault", k), n=n) for k, n in left.items()
        ]
        st.caption(words("repairs.left", list=joint.join(items)))
