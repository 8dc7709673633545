"""Offer repairs where boundaries are: before an import, and for the grids of the store.

Used by the import screen, `dashboard.components.plan_from_file` and
`dashboard.components.fault_panel`. The store is never changed here.
"""

from __future__ import annotations

from dataclasses import replace
from typing import TYPE_CHECKING, Final

import streamlit as st

from dashboard import cache
from dashboard import session as visitor
from dashboard.actions import repairs
from dashboard.cache import repairs as kept
from dashboard.components.formats import whole
from dashboard.components.notices import guard
from dashboard.components.plain import plain
from dashboard.components.repair_panel import repair_panel

if TYPE_CHECKING:
    from collections.abc import Callable
    from datetime import date

    from dashboard.actions.imports import Plan
    from dashboard.actions.uploads import Upload
    from dashboard.session import Wizard
    from dashboard.text import Words
    from dashboard.viewmodels.repairs import RepairView
    from geo.repairs import RepairOutcome

_QUICK_BYTES: Final = 2 * 1024 * 1024
"""Files up to this are looked through without being asked to."""


def repair_step(words: Words, wizard: Wizard, upload: Upload, plan: Plan) -> None:
    """Lead through the repairs of an uploaded file, and let the import go on with the result."""

    def keep(fresh: Upload) -> None:
        visitor.update(wizard=replace(wizard, upload=fresh))

    upload_repairs(words, (upload, plan), f"repairs_{wizard.number}", keep)


def upload_repairs(
    words: Words, of: tuple[Upload, Plan], opened: str, keep: Callable[[Upload], None]
) -> None:
    """Lead through the repairs of an uploaded file.

    Parameters
    ----------
    of
        The file, and how it is read.
    opened
        Key of the switch that opens the repairs.
    keep
        Takes the repaired file in place of the uploaded one, or the uploaded one back.
    """
    upload, plan = of
    if not repairs.can_repair(upload.path, plan):
        return
    if upload.original is not None:
        _using(words, upload, keep)
        return
    with guard(words):
        if upload.size_bytes <= _QUICK_BYTES:
            n = len(kept.of_file(upload.path, plan).proposals)
            if not n:
                return
            st.warning(words("repairs.found", n=whole(n)))
        if st.toggle(
            words("repairs.open"), key=opened, help=words("repairs.open_help"),
            persist_state="session",
        ):  # fmt: skip
            _file_repairs(words, upload, plan, keep)


def _file_repairs(words: Words, upload: Upload, plan: Plan, keep: Callable[[Upload], None]) -> None:
    view = kept.of_file(upload.path, plan)
    if not view.proposals:
        st.success(words("repairs.none", n=whole(len(view.found.grids))))
        return
    outcome = repair_panel(words, f"file:{upload.path}", view)
    if outcome is None:
        return
    with st.container(horizontal=True, gap="small"):
        if st.button(words("repairs.use"), type="primary", key="repair_use"):
            keep(repairs.repaired_upload(upload, view.found, outcome))
            st.rerun()
        _download(words, view, outcome, is_stored=False)


def _using(words: Words, upload: Upload, keep: Callable[[Upload], None]) -> None:
    """Say that the repaired file is read, with the way back."""
    st.success(words("repairs.using", file=plain(upload.path.name)))
    if st.button(words("repairs.undo"), key="repair_undo"):
        keep(repairs.original_upload(upload))
        st.rerun()


def store_repairs(words: Words, day: date) -> None:
    """Lead through the repairs of the store's base grids; the result is a file."""
    if not st.toggle(words("repairs.open"), key="repairs_store", help=words("repairs.open_help")):
        return
    st.caption(words("repairs.store_note"))
    view = kept.of_store(day)
    if not view.proposals:
        st.success(words("repairs.none", n=whole(len(view.found.grids))))
        return
    outcome = repair_panel(words, f"store:{cache.store_key()}:{day.isoformat()}", view)
    if outcome is not None:
        _download(words, view, outcome, is_stored=True)


def _download(words: Words, view: RepairView, outcome: RepairOutcome, *, is_stored: bool) -> None:
    def content() -> bytes:
        made = repairs.file_of(view.found, outcome)
        if is_stored:
            repairs.log_export(cache.database(), cache.viewer(), view.found)
        return made

    st.download_button(
        words("repairs.download"),
        data=content,
        file_name=repairs.file_name(view.found),
        mime="application/octet-stream",
        on_click="ignore",
        icon=":material/download:",
        key="repair_download",
    )
