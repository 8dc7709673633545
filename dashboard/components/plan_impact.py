"""Show what a plan changes: the sentence, maps before and after, who takes what over, files.

Used by the planner's page.
"""

from __future__ import annotations

from dataclasses import replace
from datetime import UTC, datetime
from typing import TYPE_CHECKING, Final

import streamlit as st

from dashboard import cache
from dashboard.actions import plan_publishing as act
from dashboard.cache import plan_views
from dashboard.components.formats import whole
from dashboard.components.map_panel import map_panel
from dashboard.components.notices import guard
from dashboard.components.overview_map import basemap_of
from dashboard.components.plain import plain
from dashboard.components.plan_scenes import Drawn, division_scene, ground_layer
from dashboard.components.plan_tables import listed
from dashboard.printing.impact_sheet import impact_pdf
from dashboard.printing.impact_words import (
    COUNT_COLUMNS,
    GRID_COLUMNS,
    MOVE_COLUMNS,
    PEOPLE_COLUMNS,
    basis,
    check_text,
    counts_rows,
    crosswalk_cells,
    crosswalk_headings,
    grid_rows,
    handover_line,
    handover_title,
    move_rows,
    notes,
    people_rows,
    sentence,
)
from dashboard.printing.impact_xlsx import impact_workbook

if TYPE_CHECKING:
    from collections.abc import Callable

    from dashboard.printing.impact import PlanImpact
    from dashboard.text import Words

MAP_PX: Final = 420
PARTS: Final = ("handover", "things", "people", "grids", "crosswalk")
_XLSX: Final = "application/vnd.openxmlformats-officedocument.spreadsheetml.sheet"
_SHORT_MOVES: Final = (
    "thing", "external_id", "kind", "name", "due_at", "from_grid", "to_grid",
)  # fmt: skip
_MOST_ROWS: Final = 2_000
"""Rows shown on screen; the workbook has all."""


def render(words: Words, plan_id: int) -> None:
    """Show the impact sheet of a plan."""
    with guard(words), st.spinner(words("plan_view.working")):
        value = plan_views.impact(plan_id)
        st.markdown(f"### {sentence(words, value.impact)}")
        st.caption(basis(words, value))
        if value.impact.grids.empty:
            return
        _files(words, value)
        _settle(words, value)
        left, right = st.columns((1, 2), gap="medium")
        with left:
            _counts(words, value)
        with right:
            _maps(words, value)
        _part(words, value)


def _settle(words: Words, value: PlanImpact) -> None:
    """Show what would be left over; that nothing is, is said too."""
    checks = value.impact.checks
    if not checks:
        st.success(words("impact.all_settled"))
        return
    new = [check for check in checks if check.fields.get("is_new", True)]
    title = words("plan_view.to_settle", n=whole(len(new)), old=whole(len(checks) - len(new)))
    with st.expander(title, expanded=bool(new)):
        rows = [(check_text(words, check),) for check in (new or checks)]
        listed([words("impact.to_settle")], rows, key="plan_settle",
               about=words("impact.to_settle"))  # fmt: skip


def _counts(words: Words, value: PlanImpact) -> None:
    headings = [words(f"impact_column.{name}") for name in COUNT_COLUMNS]
    rows = [(name, *map(whole, counted)) for name, *counted in counts_rows(words, value.impact)]
    listed(headings, rows, key="plan_impact_counts", about=words("plan_view.counts"))
    for note in notes(words, value):
        st.caption(note)


def _maps(words: Words, value: PlanImpact) -> None:
    ground = ground_layer(words, value.ground)
    town, basemap = cache.town("today"), basemap_of(cache.config())
    boxes = st.columns(2, gap="small")
    for box, name in zip(boxes, ("before", "after"), strict=True):
        grids = value.before if name == "before" else value.after
        drawn = Drawn(
            grids=grids,
            told=tuple(f"{code}\n{told}" for code, told in
                       zip(grids["grid_code"], grids["name"], strict=True)),
            title=words(f"plan_view.map_{name}", n=whole(len(grids))),
            fit_key=f"impact:{value.plan_id}",
        )  # fmt: skip
        with box:
            scene = division_scene(words, town, drawn, (ground,), basemap)
            map_panel(scene, key=f"plan_impact_{name}", height=MAP_PX)


def _part(words: Words, value: PlanImpact) -> None:
    part = st.segmented_control(
        words("plan_view.part"),
        PARTS,
        default=PARTS[0],
        required=True,
        format_func=lambda name: words(f"plan_view.part_{name}"),
        key="plan_impact_part",
    )
    impact = value.impact
    if part == "handover":
        _handover(words, value)
    elif part == "things":
        rows = move_rows(words, value, impact.moves.head(_MOST_ROWS))
        _rows(words, "things", MOVE_COLUMNS, rows)
        _cut(words, len(impact.moves))
    elif part == "people":
        _rows(words, "people", PEOPLE_COLUMNS, people_rows(words, value, impact.people))
    elif part == "grids":
        _rows(words, "grids", GRID_COLUMNS, grid_rows(words, impact))
    else:
        _crosswalk(words, value)


def _rows(words: Words, name: str, columns: tuple[str, ...], rows: list[dict[str, str]]) -> None:
    headings = [words(f"impact_column.{column}") for column in columns]
    cells = [[row[column] for column in columns] for row in rows]
    key = f"plan_view.part_{name}" if name in PARTS else f"impact.{name}"
    listed(headings, cells, key=f"plan_impact_{name}", about=words(key))


def _cut(words: Words, n: int) -> None:
    if n > _MOST_ROWS:
        st.caption(words("plan_view.cut", shown=whole(_MOST_ROWS), n=whole(n)))


def _handover(words: Words, value: PlanImpact) -> None:
    """Show one post's list; each can be printed by itself."""
    lists = {handed.post_id: handed for handed in value.impact.handovers()}
    if not lists:
        st.info(words("plan_view.no_handover"))
        return
    left, right = st.columns((3, 1), gap="medium", vertical_alignment="bottom")
    with left:
        post = st.selectbox(
            words("plan_view.post_choice", n=whole(len(lists))),
            list(lists),
            format_func=lambda key: handover_title(words, value.impact, key),
            key="plan_handover_post",
        )
    with right:
        st.download_button(
            words("plan_view.save_list"),
            data=lambda: pdf_of(words, value, post),
            file_name=f"{words('plan_view.file')}-{post}.pdf",
            mime="application/pdf",
            on_click="ignore",
            key="plan_list_pdf",
        )
    handed = lists[post]
    st.markdown(plain(handover_line(words, value.impact, handed)))
    role = str(value.impact.posts.loc[post]["role"])
    for name, table, other in (("gives", handed.gives, "to"), ("takes", handed.takes, "from")):
        if len(table):
            st.markdown(f"**{words(f'impact.{name}')}**")
            rows = move_rows(words, value, table.head(_MOST_ROWS))
            _rows(words, name, (*_SHORT_MOVES, f"{other}_{role}"), rows)
            _cut(words, len(table))
    sides = (("people_given", handed.people_given), ("people_taken", handed.people_taken))
    for name, table in sides:
        if len(table):
            st.markdown(f"**{words(f'impact.{name}')}**")
            _rows(words, name, PEOPLE_COLUMNS[:4], people_rows(words, value, table))


def _crosswalk(words: Words, value: PlanImpact) -> None:
    rows = value.crosswalk.rows
    is_kept = rows["relation"] != "same"
    cells = [crosswalk_cells(words, row) for row in rows[is_kept].to_dict("records")]
    listed(crosswalk_headings(words, rows.columns), cells, key="plan_crosswalk",
           about=words("plan_view.crosswalk"))  # fmt: skip
    st.caption(words("plan_view.crosswalk_same", n=whole(int((~is_kept).sum()))))
    st.caption(words("plan_view.crosswalk_note"))


def _files(words: Words, value: PlanImpact) -> None:
    """Show the buttons; a file is written, and logged, when its button is pressed."""
    file = words("plan_view.file")
    with st.container(horizontal=True):
        st.download_button(
            words("plan_view.save_pdf"),
            data=lambda: pdf_of(words, value),
            file_name=f"{file}-{value.plan_id}.pdf",
            mime="application/pdf",
            on_click="ignore",
            key="plan_impact_pdf",
        )
        st.download_button(
            words("plan_view.save_xlsx"),
            data=lambda: xlsx_of(words, value),
            file_name=f"{file}-{value.plan_id}.xlsx",
            mime=_XLSX,
            on_click="ignore",
            key="plan_impact_xlsx",
        )
        for ending, mime in (("csv", "text/csv"), ("xlsx", _XLSX)):
            st.download_button(
                words(f"plan_view.save_crosswalk_{ending}"),
                data=_crosswalk_maker(value, ending),
                file_name=f"{words('plan_view.crosswalk_file')}-{value.plan_id}.{ending}",
                mime=mime,
                on_click="ignore",
                key=f"plan_crosswalk_{ending}",
            )  # fmt: skip


def _crosswalk_maker(value: PlanImpact, ending: str) -> Callable[[], bytes]:
    return lambda: crosswalk_of(value, ending)


def pdf_of(words: Words, value: PlanImpact, post_id: int | None = None) -> bytes:
    """Print the sheet, or one post's list, as of now; log it."""
    now = datetime.now(UTC)
    made = impact_pdf(words, replace(value, made_at=now), post_id=post_id)
    act.note_sheet(_desk(), value.plan_id, len(value.impact.moves), "pdf", now)
    return made


def xlsx_of(words: Words, value: PlanImpact) -> bytes:
    """Write the workbook as of now; log it."""
    now = datetime.now(UTC)
    made = impact_workbook(words, replace(value, made_at=now))
    act.note_sheet(_desk(), value.plan_id, len(value.impact.moves), "xlsx", now)
    return made


def crosswalk_of(value: PlanImpact, ending: str) -> bytes:
    """Write the crosswalk under its codes, for other programs; log it."""
    effective = "" if value.effective_on is None else value.effective_on.isoformat()
    about = {"plan": str(value.plan_id), "plan_name": value.name, "status": value.status,
             "effective": effective}  # fmt: skip
    return act.crosswalk_file(_desk(), value.crosswalk.rows, about, ending, datetime.now(UTC))


def _desk() -> act.Desk:
    return act.Desk(cache.database(), cache.viewer())
