"""List one page of cases, and show the chosen one in short.

Used by the screen of cases. Knows nothing of the store and of the map.
"""

from __future__ import annotations

from dataclasses import replace
from typing import TYPE_CHECKING, Final

import pandas as pd
import streamlit as st

from dashboard import session as visitor
from dashboard.components.case_words import (
    kind_text,
    light_text,
    remaining_text,
    state_text,
    title_text,
    when_text,
)
from dashboard.components.formats import DASH, whole
from dashboard.components.plain import plain
from dashboard.viewmodels.cases import PAGE_ROWS, remaining

if TYPE_CHECKING:
    from datetime import datetime

    from dashboard.text import Words
    from dashboard.viewmodels.cases import CaseLine, CaseList
    from data.repositories.case_records import CaseRecord

TABLE_PX: Final = 520
COLUMNS: Final = ("light", "what", "status", "remaining", "unit", "id", "found")


def case_table(words: Words, shown: CaseList, tz: str, picked: str | None) -> str:
    """Show the page as a table; give the key of the chosen record (empty: none).

    A record picked on the map is marked in the table; a row chosen there wins from then on.
    """
    desk = visitor.load().case_desk
    if picked and picked != desk.chosen:
        desk = replace(desk, chosen=picked, picks=desk.picks + 1)
        visitor.update(case_desk=desk)
    keys = [line.record.key.as_text() for line in shown.lines]
    if not keys:
        st.info(words("cases.none"))
        return desk.chosen
    rows = [keys.index(desk.chosen)] if desk.chosen in keys else []
    frame = pd.DataFrame([_cells(words, line, shown.now, tz) for line in shown.lines])
    frame.columns = pd.Index([words(f"case_column.{name}") for name in COLUMNS])
    # a new key wherever rows change or the map chose: a table must not keep another's selection
    key = f"case_table_{abs(hash((tuple(keys), words.language)))}_{desk.picks}"
    told = st.dataframe(
        frame,
        hide_index=True,
        width="stretch",
        height=TABLE_PX if len(keys) > 12 else "content",  # noqa: PLR2004 - rows that fit
        key=key,
        on_select="rerun",
        selection_mode="single-row",
        selection_default={"selection": {"rows": rows}},
        alt=words("cases.table"),
    )
    chosen = [keys[row] for row in told["selection"]["rows"] if row < len(keys)]
    if chosen and chosen[0] != desk.chosen:
        visitor.update(case_desk=replace(desk, chosen=chosen[0]))
        return chosen[0]
    return desk.chosen


def paging(words: Words, shown: CaseList) -> None:
    """Offer the other pages, and say how many cases there are."""
    with st.container(horizontal=True, vertical_alignment="center"):
        st.caption(sum_text(words, shown), width="stretch")
        if shown.pages > 1:
            visitor.put("c_page", min(shown.wanted.page, shown.pages))
            st.pagination(shown.pages, key="c_page", on_change=_turn, max_visible_pages=5)


def _turn() -> None:
    held = visitor.load().cases
    visitor.update(cases=replace(held, page=int(str(visitor.value("c_page") or 1))))


def brief(words: Words, line: CaseLine, shown: CaseList, tz: str) -> None:
    """Show the chosen record in short, with the way to its page."""
    record = line.record
    with st.container(border=True):
        st.markdown(f"**{plain(title_text(words, record))}**")
        facts = [
            light_text(words, line.light),
            state_text(words, record.status),
            remaining_text(words, remaining(record, shown.now)),
            unit_text(words, line.unit, record),
            when_text(record.occurred_at, record.time_precision, tz),
        ]
        st.caption(" · ".join(plain(fact) for fact in facts if fact != DASH))
        if record.description:
            st.text(record.description)
        st.button(
            words("cases.open"), key="case_open", type="primary", on_click=open_case,
            args=(record.key.as_text(),),
        )  # fmt: skip


def open_case(key: str) -> None:
    """Go to a record's page; back to the list with an empty key."""
    session = visitor.load()
    visitor.update(
        cases=replace(session.cases, opened=key),
        case_desk=replace(session.case_desk, chosen=key or session.case_desk.chosen, seen=("", 0)),
    )


def unit_text(words: Words, unit: tuple[str, str] | None, record: CaseRecord) -> str:
    """Name the grid of a record; say so where it lies in none, or has no point."""
    if unit is not None:
        return unit[1] if unit[1] == unit[0] else f"{unit[1]} · {unit[0]}"
    if record.lon is None:
        stated = record.stated_unit
        return words("case.unlocated_in", unit=stated) if stated else words("case.unlocated")
    return words("case.outside")


def _cells(words: Words, line: CaseLine, now: datetime, tz: str) -> list[str]:
    record, layer = line.record, line.record.layer.value
    waits = line.is_waiting or record.has_lifecycle
    return [
        light_text(words, line.light) if line.is_waiting else DASH,
        f"{words.label('case_layer', layer)} · {kind_text(words, layer, record.kind)}",
        state_text(words, record.status) if waits else DASH,
        remaining_text(words, remaining(record, now)),
        unit_text(words, line.unit, record),
        record.external_id,
        when_text(record.occurred_at, record.time_precision, tz),
    ]


def sum_text(words: Words, shown: CaseList) -> str:
    """Say how many cases there are, which of them are shown, and which are nowhere on the map."""
    first = (min(shown.wanted.page, shown.pages) - 1) * PAGE_ROWS
    parts = [
        words("cases.sum", n=whole(shown.total), first=min(first + 1, shown.total),
              last=first + len(shown.lines))
    ]  # fmt: skip
    if shown.unlocated or shown.outside:
        parts.append(
            words(
                "cases.not_on_map", unlocated=whole(shown.unlocated), outside=whole(shown.outside)
            )
        )
    if shown.imprecise:
        parts.append(words("count.imprecise", n=whole(shown.imprecise)))
    if shown.marks.left_out:
        parts.append(words("cases.left_out", n=whole(shown.marks.left_out)))
    if shown.marks.hidden:
        parts.append(words("cases.hidden", n=whole(shown.marks.hidden)))
    if shown.root_open:
        parts.append(words("cases.root_open", n=whole(shown.root_open)))
    return " ".join(parts)
