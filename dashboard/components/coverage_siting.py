"""Ask for sites and show the proposal: where, how sure, and what it changes.

Used by the coverage screen. Names come from files: they are shown as text only.
"""

from __future__ import annotations

from dataclasses import replace
from typing import TYPE_CHECKING, Final

import streamlit as st

from dashboard import session as visitor
from dashboard.components.coverage_choice import coded_field
from dashboard.components.coverage_tables import metres
from dashboard.components.coverage_tiles import THINGS, base_text
from dashboard.components.formats import DASH, percent, whole
from dashboard.components.plain import plain
from dashboard.components.tables import table
from dashboard.viewmodels.coverage import is_along_streets, site_rows
from dashboard.viewmodels.coverage_wanted import DEMANDS, FIRST_POSTS, GOALS, MOST_POSTS, SOLVERS

if TYPE_CHECKING:
    from dashboard.components.coverage_map import Proposal
    from dashboard.session import Session
    from dashboard.text import Words
    from dashboard.viewmodels.coverage import CoverageView
    from data.analysis.coverage import Share
    from data.analysis.siting import SiteAnswer, SiteQuestion

_WIDTHS: Final = (0.8, 1.6, 1.3)


def ask_sites(words: Words, session: Session, *, along_streets: bool) -> Session:
    """Ask how many sites, for what and whether posts stay; kept only when the button is pressed."""
    held = session.coverage
    visitor.seed("site_posts", held.posts or FIRST_POSTS)
    visitor.seed("site_kept", held.is_kept)
    with st.form("coverage_site", border=True):
        boxes = st.columns(_WIDTHS, gap="small", vertical_alignment="bottom")
        posts = boxes[0].number_input(words("cover.site_posts"), 1, MOST_POSTS, key="site_posts")
        with boxes[1]:
            goals = GOALS[:1] if along_streets else GOALS
            goal = coded_field(words, "goal", goals, held.goal, page="site")
        with boxes[2]:
            solver = coded_field(words, "solver", SOLVERS, held.solver, page="site")
        is_kept = st.toggle(words("cover.site_keep"), key="site_kept", disabled=along_streets)
        if along_streets:
            st.caption(words("cover.site_streets"))
        if held.counts not in DEMANDS:
            st.caption(words("cover.site_no_area"))
        is_asked = st.form_submit_button(words("cover.site_ask"), type="primary")
    if is_asked:
        held = replace(held, posts=int(posts), goal=goal, solver=solver, is_kept=bool(is_kept))
        session = visitor.update(coverage=held)
    if held.posts and st.button(words("cover.site_drop"), key="site_drop"):
        return visitor.update(coverage=replace(held, posts=0))
    return session


def show_proposal(
    words: Words, shown: CoverageView, asked: SiteQuestion, proposal: Proposal
) -> None:
    """Show how good the proposal is, what it changes, and the sites."""
    found, after = proposal
    said = st.success if found.siting.optimal else st.warning
    said(" ".join(plain(line) for line in result_lines(words, asked, found)))
    rows = change_rows(words, shown, after)
    table(words, rows, ("thing", "share_now", "share_then", "share_more"), key="coverage_change")
    near = site_rows(after)
    listed = []
    for number, site in enumerate(found.chosen, 1):
        row = near.get(site.code, {})
        listed.append(
            {
                "rank_n": number,
                "site_name": site.name,
                "site_source": words(f"site.source_{site.source}"),
                "nearest_n": row.get("incidents"),
                "within_n": row.get("within"),
                "mean_m": metres(row.get("mean_m")),
            }
        )
    columns = ("rank_n", "site_name", "site_source", "nearest_n", "within_n", "mean_m")
    table(words, listed, columns, key="coverage_sites")
    st.caption(words("cover.site_hint"))
    if is_along_streets(shown):
        st.caption(words("cover.site_streets"))


def result_lines(words: Words, asked: SiteQuestion, found: SiteAnswer) -> list[str]:
    """Say in sentences what was found and how good it is."""
    siting = found.siting
    share = DASH if siting.share is None else percent(siting.share)
    facts = {"n": whole(round(siting.covered)), "base": whole(round(siting.total)), "share": share}
    thing = words(f"cover_counts.{asked.demand}")
    lines = [
        words(
            "cover.site_kept" if asked.keep_posts else "cover.site_alone",
            posts=whole(len(found.chosen)),
            metres=f"{asked.within_m:,.0f}",
            thing=thing,
            **facts,
        )
    ]
    if siting.mean_distance_m is not None:
        lines.append(words("cover.site_mean", metres=f"{siting.mean_distance_m:,.0f}", thing=thing))
    if siting.method == "greedy":
        lines.append(words("cover.site_greedy"))
    elif siting.optimal:
        lines += [words("cover.site_optimal"), words(f"cover.site_ties_{siting.ties}")]
    else:
        gap = percent(siting.gap or 0.0)
        lines.append(words("cover.site_gap", gap=gap, seconds=f"{asked.time_limit_s:g}"))
    if siting.unlocated:
        lines.append(words("cover.site_unlocated", n=whole(round(siting.unlocated))))
    if found.demand_cell_m is not None:
        facts = {"metres": f"{found.demand_cell_m:g}", "rows": whole(found.demand_rows)}
        lines.append(words("cover.site_gathered", **facts))
    return lines


def change_rows(words: Words, shown: CoverageView, after: CoverageView) -> list[dict[str, object]]:
    """Give a row for each thing: share now, with the proposal, and the points between them."""
    names = [*THINGS, "area"]
    pairs = [(name, getattr(shown.answer, name), getattr(after.answer, name)) for name in names]
    return [
        {
            "thing": words(f"cover_counts.{name}"),
            "share_now": _share(words, now),
            "share_then": _share(words, then),
            "share_more": _points(words, now, then),
        }
        for name, now, then in pairs
        if now is not None and then is not None
    ]


def _share(words: Words, share: Share) -> str:
    if share.share is None:
        return DASH
    return words("cover.share_base", share=percent(share.share), base=base_text(words, share))


def _points(words: Words, now: Share, then: Share) -> str:
    if now.share is None or then.share is None:
        return DASH
    return words("cover.points", n=f"{100 * (then.share - now.share):+.1f}")
