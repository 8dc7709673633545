"""List the gaps, the posts with what they are nearest to, and how many posts reach things.

Used by the coverage screen. Names come from files: they are shown as text only.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, Final

import streamlit as st

from dashboard.components.formats import DASH, percent, square_km, whole
from dashboard.components.tables import table
from dashboard.theme import STATUS_SIGNS
from dashboard.viewmodels.coverage import column_of
from dashboard.viewmodels.people import SeatState
from data.analysis.coverage_layers import SITE_PREFIX

if TYPE_CHECKING:
    from dashboard.text import Words
    from dashboard.viewmodels.coverage import CoverageView

_STATE_SIGNS: Final = {
    SeatState.FILLED: "good",
    SeatState.SUBSTITUTED: "note",
    SeatState.SHORT: "warn",
    SeatState.ON_LEAVE: "warn",
    SeatState.VACANT: "bad",
}
_TABLE_PX: Final = 420


def show_gaps(words: Words, shown: CoverageView, counts: str) -> None:
    """List the grids with something beyond reach, widest gap first."""
    gaps = shown.ranked(counts)
    if gaps.empty:
        st.success(words("cover.no_gaps"))
        return
    by = words(f"cover_counts.{counts}")
    st.markdown(f"**{words('cover.gaps', n=whole(len(gaps)), by=by)}**")
    columns = ["rank_n", "gap_grid", *(f"beyond_{name}" for name in shown.measured),
               "nearest_m", "nearest_post"]  # fmt: skip
    rows = [_gap(words, shown, row) for row in gaps.to_dict("records")]
    table(words, rows, columns, key="coverage_gaps", height_px=_height(len(rows)))
    st.caption(words("cover.gaps_help"))


def post_name(words: Words, place: str, position: str) -> str:
    """Name a post by its place and position; a proposed site by its own name."""
    return f"{place} {words.label('position', position)}" if position else place


def show_overlap(words: Words, shown: CoverageView) -> None:
    """Count incidents and grids by how many posts reach them, and list the posts."""
    st.markdown(f"**{words('cover.overlap')}**")
    table(words, overlap_rows(words, shown), ("reached_by", "incidents_n", "share", "grids_n"),
          key="coverage_overlap")  # fmt: skip
    st.caption(words("cover.overlap_help"))
    reached = shown.answer.grid_posts
    st.markdown(f"**{words('cover.overlap_grids')}**")
    rows: list[dict[str, object]] = [
        {"gap_grid": shown.names.get(code, code), "code": code, "reached_n": reached[code]}
        for code in sorted(reached, key=lambda code: (reached[code], code))
    ]
    table(words, rows, ("gap_grid", "code", "reached_n"), key="coverage_grids")


def show_posts(words: Words, shown: CoverageView) -> None:
    """Say how the posts stand, and list those at work with the incidents they are nearest to."""
    joint = words("cover.joint")
    told = [
        f"{STATUS_SIGNS[_STATE_SIGNS[state]].mark} {words(f'cover_post.{state}')} "
        f"{whole(shown.count(state))}"
        for state in SeatState
        if shown.count(state)
    ]
    st.markdown(f"**{words('cover.posts', n=whole(len(shown.spots)))}**")
    st.caption(joint.join(told))
    rows = [
        {
            "post": post_name(words, str(row["place_name"]), str(row["position"])),
            "nearest_n": int(row["incidents"]),
            "within_n": int(row["within"]),
            "mean_m": metres(row["mean_m"]),
            "farthest_m": metres(row["farthest_m"]),
        }
        for row in shown.answer.nearest.to_dict("records")
        if not str(row["post_code"]).startswith(SITE_PREFIX)
    ]
    columns = ("post", "nearest_n", "within_n", "mean_m", "farthest_m")
    table(words, rows, columns, key="coverage_posts", height_px=_height(len(rows)))
    missing = [
        {
            "post": post_name(words, spot.place_name, spot.position),
            "post_state": f"{STATUS_SIGNS[_STATE_SIGNS[spot.state]].mark} "
            f"{words(f'cover_post.{spot.state}')}",
        }
        for spot in shown.spots
        if spot.state is not SeatState.FILLED
    ]
    if missing:
        st.markdown(f"**{words('cover.not_usual', n=whole(len(missing)))}**")
        table(words, missing, ("post", "post_state"), key="coverage_missing")


def metres(value: object) -> str:
    """Write metres; a dash where there are none."""
    number = float(str(value)) if value is not None else float("nan")
    return DASH if number != number else f"{number:,.0f} m"  # noqa: PLR0124 - NaN


def overlap_rows(words: Words, shown: CoverageView) -> list[dict[str, object]]:
    """Give a row for no post, one, two, and three or more."""
    counts = shown.answer.overlap
    total, most = sum(counts), len(counts) - 1
    grids = [min(n, most) for n in shown.answer.grid_posts.values()]
    return [
        {
            "reached_by": words("cover.reached_most" if n == most else "cover.reached", n=n),
            "incidents_n": counts[n],
            "share": percent(counts[n] / total) if total else DASH,
            "grids_n": grids.count(n),
        }
        for n in range(len(counts))
    ]


def _gap(words: Words, shown: CoverageView, row: dict[Any, Any]) -> dict[str, object]:
    name, code = str(row["name"]), str(row["code"])
    found: dict[str, object] = {"rank_n": int(row["rank"]), "gap_grid": name or code}
    for counts in shown.measured:
        held = float(row[column_of(counts)])
        found[f"beyond_{counts}"] = square_km(held) if counts == "area" else round(held)
    nearest = shown.nearest.get(code)
    found["nearest_post"] = post_name(words, *nearest[:2]) if nearest else DASH
    found["nearest_m"] = metres(nearest[2] if nearest else None)
    return found


def _height(rows: int) -> int:
    return min(35 * (rows + 1) + 3, _TABLE_PX)
