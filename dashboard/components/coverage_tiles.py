"""Show what lies within reach: each share with what is counted and of how much.

Used by the coverage screen.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Final

import streamlit as st

from dashboard.components.formats import DASH, percent, square_km, whole

if TYPE_CHECKING:
    from dashboard.text import Words
    from dashboard.viewmodels.coverage import CoverageView
    from data.analysis.coverage import Share

THINGS: Final = ("incidents", "hazards", "households")
_METRES_IN_KM: Final = 1_000.0


def coverage_tiles(words: Words, shown: CoverageView) -> None:
    """Show incidents, hazards, households, area (or streets) within reach, and the posts."""
    answer = shown.answer
    figures = [(name, *share_texts(words, getattr(answer, name))) for name in THINGS]
    if answer.area is not None:
        figures.append(("area", *share_texts(words, answer.area)))
    elif answer.streets is not None:
        figures.append(("streets", *_street_texts(words, answer.streets)))
    posts = answer.posts
    at_work = posts.filled if posts.on_shift is None else posts.on_shift
    told = words("cover.of_base", n=whole(at_work), base=whole(posts.total))
    figures.append(("posts", whole(len(posts.at_work)), told))
    for box, (name, value, base) in zip(
        st.columns(len(figures), gap="small"), figures, strict=True
    ):
        box.metric(
            words(f"cover.tile_{name}"),
            value,
            delta=base,
            delta_color="off",
            delta_arrow="off",
            help=words(f"cover.tile_{name}_help"),
            border=True,
            height="stretch",
        )


def share_texts(words: Words, share: Share) -> tuple[str, str]:
    """Write a share and what it stands on; a dash where there is nothing."""
    if share.share is None:
        return DASH, words("cover.no_base")
    return percent(share.share), base_text(words, share)


def base_text(words: Words, share: Share) -> str:
    """Write how much of how much."""
    if share.basis == "area":
        return words("cover.of_base", n=square_km(share.within), base=square_km(share.total))
    return words("cover.of_base", n=whole(round(share.within)), base=whole(round(share.total)))


def _street_texts(words: Words, streets: dict[str, float]) -> tuple[str, str]:
    within, total = streets["within_m"] / _METRES_IN_KM, streets["total_m"] / _METRES_IN_KM
    if not total:
        return DASH, words("cover.no_base")
    told = words("cover.of_base", n=f"{within:,.1f} km", base=f"{total:,.1f} km")
    return percent(within / total), told
