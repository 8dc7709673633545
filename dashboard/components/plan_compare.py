"""Show two divisions side by side: what differs hatched, balances, spread, who is affected.

Used by the planner's page. There is no total score: each balance stands by itself.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Final

import numpy as np
import streamlit as st

from dashboard import cache
from dashboard import session as visitor
from dashboard.cache import plan_views
from dashboard.components.formats import DASH, percent, whole
from dashboard.components.map_panel import map_panel
from dashboard.components.notices import guard
from dashboard.components.overview_map import basemap_of
from dashboard.components.plain import plain
from dashboard.components.plan_scenes import (
    Drawn,
    division_scene,
    ground_layer,
    shared_classes,
)
from dashboard.components.plan_tables import listed
from dashboard.printing.impact_words import COUNT_COLUMNS, counts_rows, sentence
from dashboard.viewmodels.plan_compare import MEASURES

if TYPE_CHECKING:
    from dashboard.text import Words
    from dashboard.viewmodels.plan_compare import Comparison, Side
    from geo.districting.balance import Balance

MAP_PX: Final = 460
_BALANCE: Final = ("mean", "max_deviation", "variation", "max_over_min", "share_within")
_SHARES: Final = frozenset({"max_deviation", "variation", "share_within"})
_FINE: Final = frozenset({"polsby_popper", "reock", "max_over_min"})


def render(words: Words, plan_id: int) -> None:
    """Show a plan beside today's grids or another plan."""
    with guard(words), st.spinner(words("plan_compare.working")):
        names = {plan_views.TODAY: words("plan_compare.today")}
        names |= {each.id: plain(each.name) for each in plan_views.plans() if each.id != plan_id}
        left, right = st.columns((1, 1), gap="medium")
        with left:
            other = _other(words, names)
        with right:
            measure = st.selectbox(
                words("plan_compare.measure"),
                MEASURES,
                format_func=lambda name: measure_name(words, name),
                key="plan_compare_measure",
            )
        found = plan_views.comparison(plan_id, other)
        st.markdown(f"**{sentence(words, found.impact)}**")
        _maps(words, found, str(measure))
        _balances(words, found)
        _spreads(words, found)
        _affected(words, found)


def _other(words: Words, names: dict[int, str]) -> int:
    held = visitor.load().plan.other
    options = list(names)
    told = st.selectbox(
        words("plan_compare.other"),
        options,
        index=options.index(held) if held in names else 0,
        format_func=lambda number: names[number],
        key="plan_compare_other",
    )
    if told != held:
        visitor.choose_plan(other=int(told))
    return int(told)


def measure_name(words: Words, measure: str) -> str:
    """Name a measure of the figures."""
    if measure == "incidents_year":
        return words("plan_figure.incidents", period=words("plan_period.year"))
    return words(f"plan_figure.{measure}")


def side_name(words: Words, side: Side) -> str:
    """Name one of both sides; not escaped."""
    return side.name or words("plan_compare.today")


def _maps(words: Words, found: Comparison, measure: str) -> None:
    values = [side.values(measure) for side in found.sides]
    classes = shared_classes(words, np.concatenate(values), measure_name(words, measure))
    ground = ground_layer(words, found.ground)
    town, basemap = cache.town("today"), basemap_of(cache.config())
    boxes = st.columns(2, gap="small")
    for at, (box, side) in enumerate(zip(boxes, found.sides, strict=True)):
        grids = side.grids.set_index("grid_code", drop=False).loc[list(side.figures.codes)]
        name = measure_name(words, measure)
        drawn = Drawn(
            grids=grids,
            told=tuple(
                f"{code}\n{name}: {value_text(measure, value)}"
                for code, value in zip(side.figures.codes, values[at].tolist(), strict=True)
            ),
            title=words("plan_compare.map", name=side_name(words, side), n=whole(len(grids))),
            fit_key=f"compare:{len(grids)}",
            values=values[at],
            classes=classes,
        )
        with box:
            st.markdown(f"**{plain(side_name(words, side))}**")
            scene = division_scene(words, town, drawn, (ground,), basemap)
            map_panel(scene, key=f"plan_compare_map_{at}", height=MAP_PX)
    st.caption(words("plan_compare.hatched"))


def value_text(measure: str, value: float | None) -> str:
    """Write a value of a measure; a dash where it is unknown."""
    if value is None or not np.isfinite(value):
        return DASH
    return f"{value:.3f}" if measure in _FINE else whole(value)


def _balances(words: Words, found: Comparison) -> None:
    """Show every balance of grids, and of officers' posts, for both sides."""
    st.subheader(words("plan_compare.balances"))
    rows = []
    for name in ("balances", "officer_balances"):
        both = [getattr(side.figures, name) for side in found.sides]
        for first, second in zip(*both, strict=True):
            row = [words(f"plan_compare.over_{name}"), words(f"plan_balance.{first.name}")]
            for part in _BALANCE:
                row += [_part_text(first, part), _part_text(second, part)]
            rows.append(row)
    band = percent(found.sides[1].figures.bands.load)
    headings = [words("plan_compare.over"), words("plan_compare.balance")]
    for part in _BALANCE:
        label = words(f"plan_balance.{part}", band=band)
        headings += [words("plan_compare.of_first", part=label),
                     words("plan_compare.of_second", part=label)]  # fmt: skip
    listed(headings, rows, key="plan_balances", about=words("plan_compare.balances"))
    first, second = (side_name(words, side) for side in found.sides)
    st.caption(words("plan_compare.sides", first=plain(first), second=plain(second)))


def _part_text(balance: Balance, part: str) -> str:
    value = getattr(balance, part)
    if value is None:
        return DASH
    return percent(value) if part in _SHARES else value_text(part, value)


def _spreads(words: Words, found: Comparison) -> None:
    """Show least, median, largest and mean of each measure, and who has no officer."""
    st.subheader(words("plan_compare.spread"))
    headings = [words("plan_compare.what")]
    for part in ("least", "median", "most", "mean"):
        label = words(f"plan_compare.{part}")
        headings += [words("plan_compare.of_first", part=label),
                     words("plan_compare.of_second", part=label)]  # fmt: skip
    rows = []
    for measure in MEASURES:
        row = [measure_name(words, measure)]
        both = [side.spread(measure) for side in found.sides]
        for part in ("least", "median", "most", "mean"):
            row += [value_text(measure, getattr(spread, part)) for spread in both]
        rows.append(row)
    listed(headings, rows, key="plan_spreads", about=words("plan_compare.spread"))
    for side in found.sides:
        figures = side.figures
        st.caption(
            words(
                "plan_compare.without",
                name=plain(side_name(words, side)),
                officer=whole(len(figures.without_officer)),
                member=whole(len(figures.without_member)),
                n=whole(len(figures.codes)),
            )
        )


def _affected(words: Words, found: Comparison) -> None:
    """Show what would change hands if the second took the place of the first."""
    st.subheader(words("plan_compare.affected"))
    headings = [words(f"impact_column.{name}") for name in COUNT_COLUMNS]
    rows = [(name, *map(whole, counted)) for name, *counted in counts_rows(words, found.impact)]
    listed(headings, rows, key="plan_affected", about=words("plan_compare.affected"))
