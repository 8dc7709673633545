"""List proposed repairs with what was decided, and decide all of a kind at once.

Used by `dashboard.components.repair_panel`. Knows nothing of the map.
"""

from __future__ import annotations

from collections import Counter
from dataclasses import replace
from typing import TYPE_CHECKING, Final

import pandas as pd
import streamlit as st

from dashboard import session as visitor
from dashboard.text.repairs import action_sentence, area_text, codes_text
from dashboard.viewmodels.repairs import all_of_kind, state_of
from geo.repairs import Verdict

if TYPE_CHECKING:
    from collections.abc import Mapping

    from dashboard.text import Words
    from dashboard.viewmodels.repairs import RepairView, Told

_COLUMNS: Final = ("n", "fault", "codes", "area_m2", "action", "state")
_MOST_ROWS: Final = 12
_HIGHEST_PX: Final = 420


def kind_buttons(words: Words, view: RepairView) -> None:
    """Offer to accept or refuse all faults of a kind."""
    kinds = Counter(one.kind.value for one in view.proposals)
    with st.container(horizontal=True, gap="medium"):
        for kind, n in kinds.items():
            with st.container(border=True, width="content"):
                label = words.label("fault", kind)
                st.markdown(f"**{words('repairs.kind_all', kind=label, n=n)}**")
                with st.container(horizontal=True, gap="small"):
                    for verdict in (Verdict.ACCEPT.value, Verdict.REFUSE.value):
                        st.button(
                            words(f"repairs.{verdict}_all"),
                            key=f"repair_all_{verdict}_{kind}",
                            on_click=_decide_all,
                            args=(view, kind, verdict),
                        )


def _decide_all(view: RepairView, kind: str, verdict: str) -> None:
    desk = visitor.load().repair
    told = all_of_kind(desk.decisions, view.proposals, kind, verdict)
    visitor.update(repair=replace(desk, decisions=told, picks=desk.picks + 1))


def proposal_table(words: Words, view: RepairView, told: Mapping[str, Told], chosen: str) -> None:
    """Show every proposal in a row; a chosen row becomes the one that is looked at."""
    frame = pd.DataFrame(
        [_cells(words, view, k, told) for k in range(len(view.proposals))],
        columns=[words(f"repair_column.{name}") for name in _COLUMNS],
    )
    ids = [one.id for one in view.proposals]
    # a new key wherever something else chose: a table must not keep another's selection
    key = f"repair_table_{words.language}_{visitor.load().repair.picks}"
    rows = [ids.index(chosen)] if chosen in ids else []
    st.dataframe(
        frame,
        hide_index=True,
        width="stretch",
        height="content" if len(ids) <= _MOST_ROWS else _HIGHEST_PX,
        key=key,
        on_select=lambda: _choose_row(key, ids),
        selection_mode="single-row",
        selection_default={"selection": {"rows": rows}},
        alt=words("repairs.list"),
    )


def _choose_row(key: str, ids: list[str]) -> None:
    held: object = visitor.value(key)
    rows = held["selection"]["rows"] if isinstance(held, dict) else []
    if rows and rows[0] < len(ids):
        visitor.update(repair=replace(visitor.load().repair, chosen=ids[rows[0]]))


def _cells(words: Words, view: RepairView, at: int, told: Mapping[str, Told]) -> list[object]:
    one = view.proposals[at]
    return [
        at + 1,
        words.label("fault", one.kind.value),
        codes_text(one.codes),
        area_text(one.area_m2) if one.area_m2 else "",
        action_sentence(words, one),
        state_text(words, told, one.id),
    ]


def state_text(words: Words, told: Mapping[str, Told], proposal_id: str) -> str:
    """Say what was decided about one proposal."""
    taker = told.get(proposal_id, ("", ""))[1]
    return words(f"repair_state.{state_of(told, proposal_id)}", code=taker)
