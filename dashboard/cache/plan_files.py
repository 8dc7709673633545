"""Keep what was read of an uploaded boundary file, by file and by how it is read.

Used by `dashboard.components.plan_from_file`.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

import streamlit as st

from dashboard import cache
from data.importers.place_columns import PlaceOptions
from data.importers.plan_files import FileAgainst, PlanFile, against, read_plan_file
from data.repositories.plan_bases import LATEST, full_sight, grids_on

if TYPE_CHECKING:
    from pathlib import Path

    from dashboard.actions.imports import Plan
    from data.viewer import Viewer


def plan_file(path: Path, plan: Plan) -> PlanFile:
    """Read the grids of an uploaded file.

    Raises
    ------
    ImportRefused
        Those of `read_plan_file`.
    """
    named = {"code", "name", "parent"}
    options = PlaceOptions(
        code=plan.mapping.get("code"),
        name=plan.mapping.get("name"),
        parent=plan.mapping.get("parent"),
        mapping={k: v for k, v in plan.mapping.items() if k not in named},
        crs=plan.crs,
        datum=plan.datum,
        table=plan.table,
    )
    table = plan.table
    asked = (sorted(options.columns().items()), plan.crs, plan.datum, table.layer, table.encoding)
    revisions = cache.some_revisions(("places",))
    return _plan_file(cache.store_key(), revisions, str(path), repr(asked), (path, options))


def beside(file: PlanFile, scope_code: str) -> FileAgainst:
    """Compare a file with the grids that it would replace.

    Raises
    ------
    RecordNotFound
        `plan_scope_unknown`.
    """
    held = _codes(cache.store_key(), cache.some_revisions(("places",)), scope_code, cache.viewer())
    return against(file, held)


@st.cache_resource(max_entries=4, show_spinner=False)
def _plan_file(
    store: str,
    revisions: cache.Revisions,
    path: str,
    asked: str,
    _told: tuple[Path, PlaceOptions],
) -> PlanFile:
    del store, revisions, path, asked  # part of the key
    with cache.database().read() as session:
        return read_plan_file(session, cache.viewer(), *_told)


@st.cache_resource(max_entries=4, show_spinner=False)
def _codes(
    store: str, revisions: cache.Revisions, scope_code: str, viewer: Viewer
) -> frozenset[str]:
    del store, revisions  # part of the key
    with cache.database().read() as session:
        now = grids_on(session, full_sight(viewer), as_of=LATEST, scope_code=scope_code or None)
    return frozenset(grid.code for grid in now)
