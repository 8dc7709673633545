"""Show the past on a plan's grids: this year and the one before, like for like, adding up.

Used by the planner's page.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Final

import pandas as pd
import streamlit as st

from dashboard import session as visitor
from dashboard.cache import plan_views
from dashboard.cache.plan_views import Asked
from dashboard.components.formats import DASH, percent, whole
from dashboard.components.notices import guard
from dashboard.components.plan_tables import listed
from data.grids_of import PLAN_PREFIX
from data.vocabulary import IncidentKind

if TYPE_CHECKING:
    from dashboard.text import Words
    from data.analysis.plan_history import Restated
    from data.counting import Counts

BASES: Final = ("plan", "today", "event")
SPANS: Final = (28, 91, 365)


def render(words: Words, plan_id: int) -> None:
    """Show the past on the grids that are chosen."""
    with guard(words), st.spinner(words("plan_past.working")):
        asked = _asked(words)
        found = plan_views.history(plan_id, asked)
        _use_elsewhere(words, plan_id)
        _table(words, found, asked)
        _sums(words, plan_id, asked)


def _asked(words: Words) -> Asked:
    left, middle, right = st.columns(3, gap="medium")
    with left:
        on = st.selectbox(
            words("plan_past.on"), BASES, format_func=lambda name: words(f"plan_history.{name}"),
            key="plan_past_on",
        )  # fmt: skip
    with middle:
        days = st.selectbox(
            words("plan_past.span"), SPANS, index=len(SPANS) - 1,
            format_func=lambda n: words("plan_past.days", n=n), key="plan_past_days",
        )  # fmt: skip
    with right:
        kinds = st.multiselect(
            words("plan_past.kinds"), [kind.value for kind in IncidentKind],
            format_func=lambda kind: words.label("incident_kind", kind),
            placeholder=words("plan_past.every_kind"), key="plan_past_kinds",
        )  # fmt: skip
    return Asked(str(on), int(days), tuple(kinds))


def _use_elsewhere(words: Words, plan_id: int) -> None:
    """Let the overview and the hotspot page stand on this plan's grids too."""
    as_of = f"{PLAN_PREFIX}{plan_id}"
    if visitor.load().as_of == as_of:
        st.caption(words("grids_of.used"))
    elif st.button(words("grids_of.use"), key="plan_past_use"):
        visitor.update(as_of=as_of)
        st.rerun()


def _table(words: Words, found: Restated, asked: Asked) -> None:
    """Show each grid: this span, the year before, the change, per 1,000 residents."""
    names = ("n", "before", "change", "rate")
    headings = [words("plan_past.grid"), words("plan_figure.name"),
                *(words(f"plan_history.{name}") for name in names)]  # fmt: skip
    rows = []
    for row in found.table().to_dict("records"):
        rate = DASH if pd.isna(row["rate"]) else f"{row['rate']:.2f}"
        if row["is_estimated"] and rate != DASH:
            rate = words("plan_view.estimated_mark", n=rate)
        change = DASH if pd.isna(row["change"]) else percent(float(row["change"]), signed=True)
        rows.append(
            (row["grid_code"], row["name"], whole(row["n"]), whole(row["before"]), change, rate)
        )
    listed(headings, rows, key=f"plan_past_{asked.on}", about=words("plan_past.title"))
    like = "like_for_like" if found.is_like_for_like else "not_like_for_like"
    (st.caption if found.is_like_for_like else st.warning)(words(f"plan_history.{like}"))
    if found.estimated:
        st.caption(words("plan_past.estimated", n=whole(len(found.estimated))))


def _sums(words: Words, plan_id: int, asked: Asked) -> None:
    """Show that on every set of grids the parts add up to the same total, to the last incident."""
    rows = []
    for on in BASES:
        found = plan_views.history(plan_id, Asked(on, asked.days, asked.kinds))
        for name, counted in (("now", found.now), ("year_before", found.year_before)):
            if counted is not None:
                rows.append((words(f"plan_history.{on}"), words(f"plan_past.{name}"),
                             *sums_of(counted)))  # fmt: skip
    names = ("on", "which", "inside", "outside", "unlocated", "total")
    headings = [words(f"plan_past.{name}") for name in names]
    st.markdown(f"**{words('plan_past.sums')}**")
    listed(headings, rows, key="plan_past_sums", about=words("plan_past.sums"))
    st.caption(words("plan_past.sums_text"))


def sums_of(counted: Counts) -> tuple[str, str, str, str]:
    """Write what lies in grids, outside, nowhere, and the total that they add up to."""
    inside = sum(unit.n for unit in counted.units)
    return whole(inside), whole(counted.outside), whole(counted.unlocated), whole(counted.total)
