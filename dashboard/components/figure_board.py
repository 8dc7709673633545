"""Show every figure of the KPI engine on the grids that are chosen, when it is asked for.

Used by the overview. Knows nothing of formulas.
"""

from __future__ import annotations

import csv
from io import StringIO
from typing import TYPE_CHECKING

import pandas as pd
import streamlit as st

from dashboard.cache import figures as kept
from dashboard.components.grids_choice import grids_told
from dashboard.components.notices import guard
from dashboard.components.plain import plain
from dashboard.components.tables import table
from dashboard.text.figures import CELLS, by_number, figure_cells
from data.formulas import guard_formulas
from data.kpi import definition_of

if TYPE_CHECKING:
    from collections.abc import Sequence

    from dashboard.text import Words
    from dashboard.viewmodels.overview import Overview
    from data.kpi import Figure

_LEFT_OUT = frozenset({"scope", "source"})


def figure_board(words: Words, shown: Overview) -> None:
    """Offer the board; nothing is worked out before it is opened."""
    is_open = st.toggle(
        words("grids_of.board"), key="figure_board", help=words("grids_of.board_help")
    )
    if not is_open:
        return
    unit = None if shown.area is None else shown.area.code
    asked = kept.Asked(shown.span.since, shown.span.until, unit, shown.wanted.as_of)
    with guard(words), st.spinner(words("grids_of.board_wait")):
        cells = board_cells(words, kept.board(asked))
        rows = [
            {f"kpi_{name}": text for name, text in zip(CELLS, line, strict=True)} for line in cells
        ]
        columns = tuple(f"kpi_{name}" for name in CELLS if name not in _LEFT_OUT)
        table(words, rows, columns, key="figure_board_table")
        told = grids_told(words, asked.as_of)
        st.caption(plain(f"{words('kpi.stands_on', day=kept.stands_on().isoformat())} {told}"))
        st.download_button(
            words("grids_of.board_save"),
            data=lambda: board_csv(words, cells, told),
            file_name=f"{words('grids_of.board')}.csv",
            mime="text/csv",
            on_click="ignore",
            key="figure_board_csv",
        )


def board_cells(words: Words, found: Sequence[Figure]) -> list[tuple[str, ...]]:
    """Write the figures, totals first, then by number."""
    labels = kept.row_labels()
    cells = []
    for figure in sorted(found, key=by_number):
        definition = definition_of(figure.measure)
        guess = "count" if figure.denominator is None else "share"
        unit = guess if definition is None else definition.unit
        cells.append(figure_cells(figure, unit, words, labels))
    return cells


def board_csv(words: Words, cells: Sequence[tuple[str, ...]], told: str) -> bytes:
    """Write the board as a file: text is never a formula, the grids stand in a column."""
    target = StringIO()
    writer = csv.writer(target)
    writer.writerow([*(words(f"column.kpi_{name}") for name in CELLS), words("grids_of.choose")])
    for line in cells:
        writer.writerow(guard_formulas(pd.Series([*line, told], dtype=object)).tolist())
    return target.getvalue().encode("utf-8-sig")
