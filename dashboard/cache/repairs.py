"""Keep proposed repairs, by file and plan or by revision and day, and what decisions would do.

Used by the repair components.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

import streamlit as st

from dashboard import cache
from dashboard.actions import repairs
from dashboard.viewmodels.repairs import Told, build_view, decisions_of
from data.importers.place_decisions import decide, propose_store

if TYPE_CHECKING:
    from datetime import date
    from pathlib import Path

    from dashboard.actions.imports import Plan
    from dashboard.viewmodels.repairs import RepairView
    from data.viewer import Viewer
    from geo.repairs import RepairOutcome


def of_file(path: Path, plan: Plan) -> RepairView:
    """Propose repairs of an uploaded file.

    Raises
    ------
    ImportRefused
        Those of reading the file.
    """
    counts = {k: v for k, v in plan.mapping.items() if k in {"code", "households", "residents"}}
    table = plan.table
    asked = (plan.crs, plan.datum, table.layer, table.encoding, table.max_bytes)
    return _of_file(str(path), repr((sorted(counts.items()), asked)), (path, plan))


def of_store(day: date) -> RepairView:
    """Propose repairs of the base grids that hold on a day."""
    return _of_store(cache.store_key(), cache.some_revisions(("places",)), day, cache.viewer())


def outcome_of(source: str, view: RepairView, told: dict[str, Told]) -> RepairOutcome:
    """Carry out decisions, in memory only.

    Parameters
    ----------
    source
        Names what `view` is of, as part of the key.
    """
    return _outcome(source, len(view.found.grids), tuple(sorted(told.items())), view)


@st.cache_resource(max_entries=4, show_spinner=False)
def _of_file(path: str, asked: str, _told: tuple[Path, Plan]) -> RepairView:
    del path, asked  # part of the key
    return build_view(repairs.propose(*_told))


@st.cache_resource(max_entries=2, show_spinner=False)
def _of_store(store: str, revisions: cache.Revisions, day: date, viewer: Viewer) -> RepairView:
    del store, revisions  # part of the key
    with cache.database().read() as session:
        return build_view(propose_store(session, viewer, as_of=day))


@st.cache_resource(max_entries=8, show_spinner=False)
def _outcome(
    source: str, rows: int, told: tuple[tuple[str, Told], ...], _view: RepairView
) -> RepairOutcome:
    del source, rows  # part of the key
    return decide(_view.found, decisions_of(dict(told)))
