"""Hand a shift over: what was opened, moved, closed and fell due, what waits at whom."""

from __future__ import annotations

from typing import TYPE_CHECKING, Final

import streamlit as st

from dashboard import cache
from dashboard import session as visitor
from dashboard.cache.cases import handover as of_shift
from dashboard.components.case_list import open_case
from dashboard.components.case_words import stands_text
from dashboard.components.formats import whole
from dashboard.components.handover_view import group_table, post_table, shift_text, worst_list
from dashboard.components.notices import guard
from dashboard.viewmodels.handover import GROUPS, ROTAS, shifts_before

if TYPE_CHECKING:
    from streamlit.navigation.page import StreamlitPage

    from dashboard.text import Words
    from dashboard.viewmodels.handover import Handover, Shift

_SHIFTS: Final = 10
_WIDTHS: Final = (1.35, 1)


def render(words: Words, cases_page: StreamlitPage | None = None) -> None:
    """Draw the page; on `cases_page` a listed record can be opened."""
    with guard(words):
        if cache.town("today").is_empty:
            st.info(words("cases.no_grids"))
            return
        tz = cache.facts().tz
        shown = of_shift(_ask_shift(words, tz))
        _tiles(words, shown)
        if stands := stands_text(words, cache.stands_on()):
            st.caption(stands)
        left, right = st.columns(_WIDTHS, gap="medium")
        with left:
            _groups(words, shown, tz, cases_page)
        with right:
            st.markdown(f"**{words('handover.posts')}**")
            post_table(words, shown.posts, tz)
            st.markdown(f"**{words('handover.worst')}**")
            worst_list(words, shown.worst)


def _ask_shift(words: Words, tz: str) -> Shift:
    """Ask for the shift; at first the last one that is over."""
    now = cache.clock()
    left, right = st.columns((0.35, 2), gap="medium", vertical_alignment="bottom")
    rota = left.segmented_control(
        words("handover.rota"), list(ROTAS), default="three", required=True,
        format_func=lambda name: words(f"handover.rota_{name}"), key="handover_rota",
    )  # fmt: skip
    starts = ROTAS[str(rota or "three")]
    # in a scenario the clock stands at midnight, and what is done now is dated after it
    shifts = shifts_before(max(now, cache.written_at()), tz, _SHIFTS, starts)
    by_start = {shift.since.isoformat(): shift for shift in shifts}
    over = next(shift for shift in shifts if shift.until <= now)
    if visitor.value("handover_shift") not in by_start:
        visitor.put("handover_shift", over.since.isoformat())
    chosen = right.selectbox(
        words("handover.shift"),
        list(by_start),
        format_func=lambda start: shift_text(
            words, by_start[start], tz, is_running=by_start[start].until > now
        ),
        key="handover_shift",
        width=360,
    )
    return by_start.get(str(chosen), over)


def _tiles(words: Words, shown: Handover) -> None:
    boxes = st.columns(len(GROUPS) + 1, gap="small")
    for box, group in zip(boxes, GROUPS, strict=False):
        box.metric(words(f"handover.{group}"), whole(shown.totals[group]), border=True)
    boxes[-1].metric(
        words("handover.waiting"),
        words("handover.waiting_red", n=whole(shown.n_waiting), red=whole(shown.n_red)),
        border=True,
    )


def _groups(words: Words, shown: Handover, tz: str, cases_page: StreamlitPage | None) -> None:
    first = next((group for group in GROUPS if shown.totals[group]), GROUPS[0])
    chosen = st.segmented_control(
        words("handover.group"),
        GROUPS,
        default=first,
        required=True,
        format_func=lambda group: f"{words(f'handover.{group}')} {whole(shown.totals[group])}",
        key=f"handover_group_{shown.shift.since:%Y%m%d%H}",
        label_visibility="collapsed",
    )
    key = group_table(words, shown, str(chosen or first), tz)
    if cases_page is None:
        return
    if not key:
        st.caption(words("handover.choose"))
    elif st.button(words("cases.open"), key="handover_open", type="primary"):
        open_case(key)
        st.switch_page(cases_page)
