"""Show all figures of a plan: balances, every grid, every post, and the weights that make them.

Used by the planner's screen.
"""

from __future__ import annotations

from dataclasses import fields, replace
from typing import TYPE_CHECKING, Final, Literal

import numpy as np
import pandas as pd
import streamlit as st

from dashboard import cache
from dashboard import session as visitor
from dashboard.actions import plans as acts
from dashboard.cache import planner as kept
from dashboard.components.fields import period_days
from dashboard.components.formats import DASH, percent, whole
from dashboard.components.plan_panel import balance_row, nobody, reconciled
from dashboard.components.plan_turns import planner, settled
from dashboard.components.plan_words import STATES, title_of
from dashboard.session import PERIODS
from dashboard.viewmodels.planner import column_of
from data.analysis.plan_posts import OFFICER
from data.repositories.places import today_here
from data.vocabulary import IncidentKind
from geo.districting.balance import Bands, Weights

if TYPE_CHECKING:
    from dashboard.text import Words
    from dashboard.viewmodels.planner import PlanState
    from data.analysis.plan_weights import PlanWeights
    from geo.districting.balance import Balance

_GRID_COLUMNS: Final = (
    "name", "parent_code", "households", "households_state", "residents", "area_m2", "incidents",
    "hazards_open", "disputes_open", "visits_week", "load_minutes", "minutes_calls",
    "minutes_open_hazards", "minutes_disputes", "minutes_households", "minutes_visits",
    "load_deviation", "load_state", "harm", "polsby_popper", "reock", "parts", "longest_m",
    "officers", "members",
)  # fmt: skip
_POST_COLUMNS: Final = (
    "title", "position", "place_name", "is_filled", "grids", "households", "residents",
    "incidents", "hazards_open", "disputes_open", "load_minutes", "harm", "longest_m", "parts",
    "sharing",
)  # fmt: skip
_TABLE_PX: Final = 420


def show_figures(words: Words, state: PlanState) -> None:
    """Show the figures of grids and posts, and the form of weights and bands."""
    _period(words)
    balance_row(words, state)
    nobody(words, state)
    reconciled(words, state, kept.span())
    left, right = st.columns((2.3, 1), gap="medium")
    with left:
        st.markdown(f"**{words('planner.all_grids', n=len(state.figures.codes))}**")
        _frame(grid_table(words, state), "plan_grid_table")
        st.caption(words("planner.compactness"))
        st.markdown(f"**{words('planner.all_posts')}**")
        _frame(post_table(words, state), "plan_post_table")
        st.markdown(f"**{words('planner.all_balances')}**")
        _frame(balance_table(words, state), "plan_balance_table")
    with right, st.container(border=True):
        _weights(words, state)


def _frame(table: pd.DataFrame, key: str) -> None:
    is_short = len(table) < 10  # noqa: PLR2004 - rows in sight
    height: Literal["content"] | int = "content" if is_short else _TABLE_PX
    st.dataframe(table, key=key, hide_index=True, width="stretch", height=height)


def _period(words: Words) -> None:
    """Ask for the period whose incidents make the load; it is that of the other pages."""
    held = visitor.load().period
    visitor.seed("plan_period", held.key)
    row = st.container(horizontal=True, vertical_alignment="bottom")
    with row:
        kind = st.selectbox(
            words("filter.period"), PERIODS, key="plan_period", width=220,
            format_func=lambda name: words(f"period.{name}"),
        )  # fmt: skip
        period = period_days(words, str(kind), held, today_here(), page="plan_period")
    if period != held:
        visitor.update(period=period)
        st.rerun()


def grid_table(words: Words, state: PlanState) -> pd.DataFrame:
    """Give every grid with its figures, under headers in the page's language."""
    span, figures = kept.span(), state.figures
    made: dict[str, object] = {words("planner.code"): figures.codes}
    for name in _GRID_COLUMNS:
        values = figures.columns[column_of(name)]
        if name in STATES:
            values = np.array([words(f"plan_band_state.{value}") for value in values])
        elif values.dtype.kind == "f":
            values = np.round(values, 3 if name in {"polsby_popper", "reock"} else 1)
            values = np.round(100 * values, 1) if name == "load_deviation" else values
        title = title_of(words, name, span)
        made[f"{title} %" if name == "load_deviation" else title] = values
    return pd.DataFrame(made)


def post_table(words: Words, state: PlanState) -> pd.DataFrame:
    """Give every officer's post that looks after grids, with sums over them."""
    span, columns = kept.span(), state.figures.officer_columns
    rows = np.flatnonzero((columns["role"] == OFFICER) & (columns["grids"] > 0))
    made: dict[str, object] = {}
    for name in _POST_COLUMNS:
        values = columns[column_of(name)][rows]
        if name == "position":
            values = np.array([words.label("position", str(value)) for value in values])
        elif name == "is_filled":
            values = np.array([words("planner.yes" if value else "planner.no") for value in values])
        elif values.dtype.kind == "f":
            values = np.round(values)
        made[title_of(words, name, span)] = values
    return pd.DataFrame(made)


def balance_table(words: Words, state: PlanState) -> pd.DataFrame:
    """Put the balances over grids and over officers side by side, with those of the beginning."""
    rows = [
        _balance_line(words, found, where)
        for where, listed in (
            ("grids", state.figures.balances),
            ("start", state.start.balances),
            ("officers", state.figures.officer_balances),
        )
        for found in listed
    ]
    return pd.DataFrame(rows)


def _balance_line(words: Words, found: Balance, where: str) -> dict[str, str]:
    def shared(value: float | None) -> str:
        return DASH if value is None else percent(value)

    return {
        words("planner.over"): words(f"planner.over_{where}"),
        words("planner.measure"): words(f"plan_balance.{found.name}"),
        words("plan_balance.mean"): DASH if found.mean is None else whole(found.mean),
        words("plan_balance.max_deviation"): shared(found.max_deviation),
        words("plan_balance.variation"): (
            DASH if found.variation is None else f"{found.variation:.2f}"
        ),
        words("plan_balance.max_over_min"): (
            DASH if found.max_over_min is None else f"{found.max_over_min:.2f}"
        ),
        words("planner.within"): shared(found.share_within),
    }


def _weights(words: Words, state: PlanState) -> None:
    """Show weights and bands in fields, and save them."""
    held, bands = state.figures.weights, state.figures.bands
    key = f"plan_weight_{visitor.load().plan_desk.done}"
    st.markdown(f"**{words('planner.weights_title')}**")
    st.caption(words("plan_weight.source"))
    for each in fields(Weights):
        _number(words(f"plan_weight.{each.name}"), getattr(held.minutes, each.name),
                f"{key}_{each.name}")  # fmt: skip
    low, high = st.columns(2)
    with low:
        _number(words("planner.band_low"), bands.households[0], f"{key}_low")
    with high:
        _number(words("planner.band_high"), bands.households[1], f"{key}_high")
    _number(words("planner.band_load"), 100 * bands.load, f"{key}_load")
    with st.expander(words("plan_weight.harm")):
        for kind in IncidentKind:
            _number(words.label("incident_kind", kind.value), held.harm.get(kind.value, 1.0),
                    f"{key}_harm_{kind.value}")  # fmt: skip
    st.button(
        words("planner.save_weights"), type="primary", key="plan_save_weights", width="stretch",
        on_click=_save, args=(words, key, held),
    )  # fmt: skip


def _number(label: str, value: float, key: str) -> None:
    visitor.seed(key, float(value))
    st.number_input(label, min_value=0.0, step=1.0, key=key, format="%g")


def _save(words: Words, key: str, held: PlanWeights) -> None:
    def number(name: str) -> float:
        value = visitor.value(f"{key}_{name}")
        return float(value) if isinstance(value, int | float) else 0.0

    def save() -> None:
        minutes = Weights(**{each.name: number(each.name) for each in fields(Weights)})
        harm = dict(held.harm) | {kind.value: number(f"harm_{kind.value}") for kind in IncidentKind}
        bands = Bands((number("low"), number("high")), number("load") / 100)
        told = (replace(held, minutes=minutes, harm=harm), bands)
        acts.weigh(cache.database(), planner(), told, cache.written_at())

    settled(words, save)
