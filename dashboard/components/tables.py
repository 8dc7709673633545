"""Show rows as tables with translated headers; cells are text, never markup.

Used by every screen with a list. Knows nothing of where rows come from.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

import pandas as pd
import streamlit as st

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

    from dashboard.text import Words

_MOST_ROWS = 12
_HIGHEST_PX = 420


def table(
    words: Words,
    rows: Sequence[Mapping[str, object]],
    columns: Sequence[str],
    *,
    key: str,
    height_px: int | None = None,
) -> None:
    """Show rows under the headers `column.<name>`.

    Parameters
    ----------
    rows
        One mapping for each row; what a column's name misses stays empty.
    columns
        Names of the columns, in order.
    height_px
        Fixed height; None: as high as the rows, up to twelve.
    """
    frame = pd.DataFrame([[row.get(name) for name in columns] for row in rows])
    frame = frame.reindex(columns=range(len(columns)))
    frame.columns = pd.Index([words(f"column.{name}") for name in columns])
    st.dataframe(
        frame,
        hide_index=True,
        width="stretch",
        height=height_px or ("content" if len(rows) <= _MOST_ROWS else _HIGHEST_PX),
        key=key,
        alt=", ".join(str(name) for name in frame.columns),
    )
