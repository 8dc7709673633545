"""Show rows of the planner's views as tables with headings of their own; a row can be chosen.

Used by the planner's views. Knows nothing of what rows tell; cells are text and numbers, never
markup.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, Literal

import pandas as pd
import streamlit as st

if TYPE_CHECKING:
    from collections.abc import Sequence

_MOST_ROWS = 12
_HIGHEST_PX = 420


def listed(headings: Sequence[str], rows: Sequence[Sequence[Any]], *, key: str, about: str) -> None:
    """Show rows.

    Parameters
    ----------
    about
        What the table lists, read aloud.
    """
    st.dataframe(
        _frame(headings, rows), hide_index=True, width="stretch", height=_height(rows), key=key,
        alt=about,
    )  # fmt: skip


def picked(
    headings: Sequence[str], rows: Sequence[Sequence[Any]], *, key: str, about: str
) -> int | None:
    """Show rows and give the position of the chosen one; None without a choice."""
    told = st.dataframe(
        _frame(headings, rows), hide_index=True, width="stretch", height=_height(rows), key=key,
        on_select="rerun", selection_mode="single-row", alt=about,
    )  # fmt: skip
    chosen = [row for row in told["selection"]["rows"] if row < len(rows)]
    return chosen[0] if chosen else None


def _frame(headings: Sequence[str], rows: Sequence[Sequence[Any]]) -> pd.DataFrame:
    frame = pd.DataFrame([list(row) for row in rows]).reindex(columns=range(len(headings)))
    frame.columns = pd.Index(list(headings))
    return frame


def _height(rows: Sequence[Sequence[Any]]) -> int | Literal["content"]:
    return "content" if len(rows) <= _MOST_ROWS else _HIGHEST_PX
