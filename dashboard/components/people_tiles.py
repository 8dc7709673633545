"""Show the people screen's figures, each with what it stands on.

Used by the people screen.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

import streamlit as st

from dashboard.components.formats import DASH, percent, whole
from dashboard.viewmodels.people import SeatState

if TYPE_CHECKING:
    from dashboard.text import Words
    from dashboard.viewmodels.people import People


def people_tiles(words: Words, shown: People) -> None:
    """Show posts, coverage of communities and grids, gaps, substitutions, rosters."""
    complete = sum(roster.is_complete for roster in shown.rosters)
    day = shown.as_of.isoformat()
    missing = {
        "vacant": whole(shown.count(SeatState.VACANT)),
        "on_leave": whole(shown.count(SeatState.ON_LEAVE)),
        "short": whole(shown.count(SeatState.SHORT)),
        "posts": whole(len(shown.seats)),
    }
    figures: tuple[tuple[str, int, int | None, dict[str, str]], ...] = (
        ("posts", shown.filled, shown.planned, {"day": day}),
        ("police", shown.police.covered, shown.police.units, {"day": day}),
        ("members", shown.members.covered, shown.members.units, {"day": day}),
        ("missing", len(shown.missing), None, missing),
        ("substituted", shown.count(SeatState.SUBSTITUTED), None, {}),
        ("rosters", complete, len(shown.rosters), {}),
    )
    for box, (name, n, base, facts) in zip(
        st.columns(len(figures), gap="small"), figures, strict=True
    ):
        box.metric(
            words(f"people.tile_{name}"),
            value_text(words, n, base),
            delta=percent(n / base) if base else None,
            delta_color="off",
            delta_arrow="off",
            help=words(f"people.tile_{name}_help", **facts),
            border=True,
            height="stretch",
        )


def value_text(words: Words, n: int, base: int | None) -> str:
    """Write a count of a base; a dash where the base is nothing."""
    if base is None:
        return whole(n)
    return words("people.share_of", n=whole(n), base=whole(base)) if base else DASH
