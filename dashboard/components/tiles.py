"""Show the figures above the map, each with its base.

Used by the overview.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

import streamlit as st

from dashboard.components.formats import DASH, percent, span_text, whole

if TYPE_CHECKING:
    from dashboard.text import Words
    from dashboard.viewmodels.overview import Overview
    from data.kpi import Figure

_WIDTHS = (2.1, 1, 1, 1, 1, 1)


def tiles(words: Words, shown: Overview) -> None:
    """Show incidents with their change, open hazards and disputes, posts, outside, unlocated."""
    boxes = st.columns(_WIDTHS, gap="small")
    with boxes[0], st.container(key="tile_incidents", height="stretch"):
        _incidents(words, shown)
    posts = f"{whole(shown.posts_filled)} / {whole(shown.posts_planned)}"
    figures = (
        ("hazards", whole(shown.hazards_open)),
        ("disputes", whole(shown.disputes_open)),
        ("posts", posts if shown.posts_planned else DASH),
        ("outside", whole(shown.reconciled.outside)),
        ("unlocated", whole(shown.reconciled.unlocated)),
    )
    for box, (name, value) in zip(boxes[1:], figures, strict=True):
        with box:
            st.metric(
                words(f"tile.{name}"),
                value,
                help=words(f"tile.{name}_help"),
                border=True,
                height="stretch",
            )


def change_text(words: Words, figure: Figure) -> tuple[str | None, str]:
    """Write the change and the base it stands on; no change on a base of zero."""
    if figure.denominator is None:
        return None, words("tile.no_comparison")
    if figure.value is None:
        return None, words("tile.no_base")
    base_key = "tile.base_small" if figure.note == "small_base" else "tile.base"
    base = words(base_key, n=whole(figure.denominator))
    value = percent(figure.value, signed=True)
    if figure.low is None or figure.high is None:
        return words("tile.change_plain", value=value), base
    low, high = percent(figure.low, signed=True), percent(figure.high, signed=True)
    return words("tile.change", value=value, low=low, high=high), base


def _incidents(words: Words, shown: Overview) -> None:
    change, base = change_text(words, shown.incidents)
    st.metric(
        words("tile.incidents"),
        whole(shown.incidents.numerator),
        delta=change or DASH,
        delta_color="off",
        delta_arrow="off",
        delta_description=base,
        help=words("tile.incidents_help", span=span_text(words, shown.span)),
        border=True,
        height="stretch",
    )
