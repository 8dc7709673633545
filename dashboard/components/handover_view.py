"""Show the parts of a hand-over: cases of a group, what waits at each post, the weakest grids.

Used by the screen of the hand-over. Knows nothing of the store.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Final

import pandas as pd
import streamlit as st

from dashboard.components.case_list import unit_text
from dashboard.components.case_words import kind_text, state_text
from dashboard.components.formats import DASH, moment, percent, whole
from dashboard.components.plain import plain
from dashboard.viewmodels.handover_posts import LEAST_BASE, WORST_DAYS

if TYPE_CHECKING:
    from collections.abc import Sequence

    from dashboard.text import Words
    from dashboard.viewmodels.handover import Handover, HandoverLine, Shift
    from dashboard.viewmodels.handover_posts import PostLoad, WorstGrid
    from data.repositories.case_records import StepRecord

_HIGH_PX: Final = 455
_POSTS_PX: Final = 350
_FEW_ROWS: Final = 11
_POST_ROWS: Final = 9


def shift_text(words: Words, shift: Shift, tz: str, *, is_running: bool) -> str:
    """Name a shift by its day and hours."""
    since, until = moment(shift.since, tz), moment(shift.until, tz)
    last = until[11:]
    if until[:10] != since[:10]:
        last = "24:00" if last == "00:00" else words("handover.next_day", time=last)
    key = "handover.shift_running" if is_running else "handover.shift_of"
    return words(key, day=since[:10], since=since[11:], until=last)


def group_table(words: Words, handover: Handover, group: str, tz: str) -> str:
    """Show the cases of one group; give the key of the chosen record (empty: none)."""
    lines = handover.groups[group]
    if not lines:
        st.info(words(f"handover.none_{group}"))
        return ""
    names = ("what", "unit", "status", "at", "steps", "id")
    frame = pd.DataFrame([_cells(words, line, tz) for line in lines])
    frame.columns = pd.Index([words(f"handover_column.{name}") for name in names])
    told = st.dataframe(
        frame,
        hide_index=True,
        width="stretch",
        height=_HIGH_PX if len(lines) > _FEW_ROWS else "content",
        key=f"handover_{group}_{handover.shift.since:%Y%m%d%H}_{words.language}",
        on_select="rerun",
        selection_mode="single-row",
        alt=words(f"handover.{group}"),
    )
    if len(lines) < handover.totals[group]:
        st.caption(words("handover.latest", n=len(lines), total=whole(handover.totals[group])))
    rows = [row for row in told["selection"]["rows"] if row < len(lines)]
    return lines[rows[0]].record.key.as_text() if rows else ""


def post_table(words: Words, posts: Sequence[PostLoad], tz: str) -> None:
    """Show what waits at each responsible post."""
    if not posts:
        st.info(words("handover.none_waiting"))
        return
    rows = [
        [
            _post_text(words, load),
            load.waiting,
            load.red,
            load.yellow,
            moment(load.due_at, tz)[5:] if load.due_at else DASH,
        ]
        for load in posts
    ]
    frame = pd.DataFrame(rows)
    names = ("post", "waiting", "red", "yellow", "next_due")
    frame.columns = pd.Index([words(f"handover_column.{name}") for name in names])
    st.dataframe(
        frame, hide_index=True, width="stretch", alt=words("handover.posts"),
        height=_POSTS_PX if len(rows) > _POST_ROWS else "content",
        key=f"handover_posts_{words.language}",
    )  # fmt: skip


def worst_list(words: Words, grids: Sequence[WorstGrid]) -> None:
    """Show the three grids that close least on time, with what the share is made of."""
    if not grids:
        st.caption(words("handover.worst_none", least=LEAST_BASE))
        return
    for place, grid in enumerate(grids, start=1):
        name = grid.name if grid.name == grid.code else f"{grid.name} · {grid.code}"
        st.markdown(
            plain(
                words(
                    "handover.worst_grid",
                    place=place,
                    name=name,
                    share=percent(grid.share),
                    on_time=whole(grid.on_time),
                    base=whole(grid.base),
                    late=whole(grid.open_late),
                )
            )
        )
    st.caption(words("handover.worst_note", least=LEAST_BASE, days=WORST_DAYS))


def _cells(words: Words, line: HandoverLine, tz: str) -> list[str]:
    record, layer = line.record, line.record.layer.value
    return [
        f"{words.label('case_layer', layer)} · {kind_text(words, layer, record.kind)}",
        unit_text(words, line.unit, record).split(" · ")[0],
        state_text(words, record.status),
        moment(line.at, tz)[5:],
        steps_text(words, line.steps) or DASH,
        record.external_id,
    ]


def steps_text(words: Words, steps: Sequence[StepRecord]) -> str:
    """Say who took which steps, in order."""
    return words("joint.parts").join(
        words(
            "handover.step", actor=step.actor, action=words.label("case_action", step.action)
        )
        for step in steps
    )  # fmt: skip


def _post_text(words: Words, load: PostLoad) -> str:
    if not load.code:
        return words("handover.no_grid", level=words.label("case_level", load.level))
    if not load.position:
        return words("handover.no_post", place=load.place)
    title = words.label("position", load.position)
    key = "handover.post" if load.is_filled else "handover.post_empty"
    return words(key, title=title, place=load.place)
