"""Keep what the first rows of an uploaded file look like, by file, kind and how it is read.

Used by the import page and by plans that begin from a file.
"""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING

import streamlit as st

from dashboard import cache
from dashboard.actions.imports import ImportKind, Look, look

if TYPE_CHECKING:
    from collections.abc import Mapping

    from data.importers.tables import TableOptions
    from data.viewer import Viewer


def looked_at(
    path: Path, kind: ImportKind, table: TableOptions, mapping: Mapping[str, str] | None
) -> Look:
    """Look at the first rows of an uploaded file.

    Raises
    ------
    ImportRefused
        The file cannot be read.
    """
    pairs = None if mapping is None else tuple(sorted(mapping.items()))
    return _looked_at(
        cache.store_key(),
        cache.some_revisions(("places",)),
        (str(path), kind, table),
        pairs,
        cache.viewer(),
    )


@st.cache_data(max_entries=8, show_spinner=False)
def _looked_at(
    path: str,
    revisions: cache.Revisions,
    asked: tuple[str, ImportKind, TableOptions],
    mapping: tuple[tuple[str, str], ...] | None,
    viewer: Viewer,
) -> Look:
    del path, revisions  # part of the key
    file, kind, table = asked
    chosen = None if mapping is None else dict(mapping)
    return look(cache.database(), viewer, Path(file), kind, table, chosen)
