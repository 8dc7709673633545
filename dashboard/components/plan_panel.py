"""Show what a plan does: the touched grids first, balances side by side, who has no officer.

Used by the planner's editor and its page of figures.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Final

import streamlit as st

from dashboard.components.formats import DASH, percent, whole
from dashboard.components.plain import plain
from dashboard.components.plan_words import change_text, codes_text, title_of, value_text
from dashboard.viewmodels.planner import PERIOD, TOLD, column_of
from data.analysis.plan_points import INCIDENTS

if TYPE_CHECKING:
    from dashboard.text import Words
    from dashboard.viewmodels.overview import Span
    from dashboard.viewmodels.planner import PlanState
    from geo.districting.balance import Balance

_MOST: Final = 3
_SHOWN: Final = ("load", "harm", "distance", "residents", "households")
_PARTS: Final = ("calls", "open_hazards", "disputes", "households", "visits")


def touched_table(words: Words, state: PlanState, span: Span, chosen: str) -> None:
    """Show the figures of the chosen grid and of those the last edit touched, with the change."""
    codes = [code for code in dict.fromkeys((chosen, *state.touched)) if code in state.row_of]
    if not codes:
        st.caption(words("planner.no_touched"))
        return
    # a neighbour that only gained a corner of the border comes after those whose ground changed
    codes.sort(key=lambda code: (code != chosen, not _has_other_ground(words, state, code)))
    shown = codes[:_MOST]
    heads = [plain(state.names.get(code) or code) for code in shown]
    lines = [f"| | {' | '.join(heads)} |",
             "|---|" + "---:|" * len(shown)]  # fmt: skip
    for name in TOLD:
        cells = [_cell(words, state, name, code) for code in shown]
        lines.append(f"| {plain(title_of(words, name, span))} | {' | '.join(cells)} |")
        if name == "load_minutes":
            lines += _parts(words, state, shown)
    with st.container(border=True, key="plan_touched"):
        st.markdown(f"**{words('planner.touched')}**", help=words("planner.touched_help"))
        st.markdown("\n".join(lines))
        if len(codes) > len(shown):
            rest = codes_text(codes[_MOST:])
            st.caption(words("planner.touched_more", n=len(codes) - _MOST, codes=plain(rest)))


def _has_other_ground(words: Words, state: PlanState, code: str) -> bool:
    is_new = code not in state.start_row_of
    return is_new or bool(change_text(words, "area_m2", state.change("area_m2", code)))


def _cell(words: Words, state: PlanState, name: str, code: str) -> str:
    row = state.row_of[code]
    value = state.figures.columns[column_of(name)][row]
    text = value_text(words, name, value)
    mark = "≈" if (name, code) in state.opened.tiling.estimated and text != DASH else ""
    change = change_text(words, name, state.change(name, code))
    if code not in state.start_row_of:
        change = words("planner.new_grid") if name == TOLD[0] else ""
    return plain(f"{mark}{text}") + (f" *({plain(change)})*" if change else "")


def _parts(words: Words, state: PlanState, codes: list[str]) -> list[str]:
    """Show of which minutes the load consists."""
    lines = []
    for part in _PARTS:
        name = f"minutes_{part}"
        values = [state.figures.columns[name][state.row_of[code]] for code in codes]
        cells = [whole(float(value)) for value in values]
        lines.append(f"| ⋅ {plain(words(f'plan_figure.{name}'))} | {' | '.join(cells)} |")
    return lines


def balance_row(words: Words, state: PlanState) -> None:
    """Put the balances side by side, each with that of the beginning; no score sums them up."""
    pairs = zip(state.figures.balances, state.start.balances, strict=True)
    with st.container(key="plan_balances"):
        st.caption(words("planner.balances", band=percent(state.figures.bands.load)))
        for box, (now, start) in zip(st.columns(len(_SHOWN), gap="small"), pairs, strict=True):
            change = _change(words, now, start)
            box.metric(
                words(f"plan_balance.{now.name}"),
                DASH if now.max_deviation is None else f"±{percent(now.max_deviation)}",
                delta=change or None,
                delta_color="inverse",
                help=balance_text(words, now),
            )


def _change(words: Words, now: Balance, start: Balance) -> str:
    if now.max_deviation is None or start.max_deviation is None:
        return ""
    change = change_text(words, "load_deviation", now.max_deviation - start.max_deviation)
    return change.replace("−", "-")


def balance_text(words: Words, found: Balance) -> str:
    """Say how even one measure is, in a line."""
    ratio = DASH if found.max_over_min is None else f"{found.max_over_min:.1f}"
    return words(
        "planner.balance",
        mean=DASH if found.mean is None else whole(found.mean),
        cv=DASH if found.variation is None else f"{found.variation:.2f}",
        ratio=ratio,
        within=DASH if found.share_within is None else percent(found.share_within),
    )


def nobody(words: Words, state: PlanState) -> None:
    """Say which grids no officer looks after."""
    lost = state.figures.without_officer
    if lost:
        st.warning(words("planner.without_officer", n=len(lost), codes=plain(codes_text(lost, 8))))
    else:
        st.caption(words("planner.all_have_officer"))


def reconciled(words: Words, state: PlanState, span: Span) -> None:
    """Say where every incident of the period is, and what the load is made of."""
    told = state.figures.totals[INCIDENTS, PERIOD]
    total = words(
        "plan_figure_help.totals",
        inside=whole(told.inside),
        outside=whole(told.outside),
        unlocated=whole(told.unlocated),
        total=whole(told.total),
    )
    name = title_of(words, "incidents", span)
    st.caption(plain(f"{name}: {total}. {weights_text(words, state)}"))


def weights_text(words: Words, state: PlanState) -> str:
    """Say what one of each weighs, and the bands: never hidden."""
    minutes, bands = state.figures.weights.minutes, state.figures.bands
    low, high = bands.households
    return words(
        "planner.weights",
        calls=f"{minutes.calls:g}",
        hazards=f"{minutes.open_hazards:g}",
        disputes=f"{minutes.disputes:g}",
        households=f"{minutes.households:g}",
        visits=f"{minutes.visits:g}",
        low=f"{low:g}",
        high=f"{high:g}",
        band=percent(bands.load),
    )
