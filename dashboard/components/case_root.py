"""Ask which hazard a dispute grew from, and save it.

Used by the screen of a case. Knows nothing of the store.
"""

from __future__ import annotations

from dataclasses import replace
from typing import TYPE_CHECKING

import streamlit as st

from dashboard import cache
from dashboard import session as visitor
from dashboard.actions import cases as acts
from dashboard.cache.cases import root_choices
from dashboard.components.case_words import kind_text, state_text
from dashboard.components.notices import guard
from dashboard.components.plain import plain
from data.vocabulary import EventLayer

if TYPE_CHECKING:
    from dashboard.text import Words
    from dashboard.viewmodels.cases_page import CasePage
    from data.viewer import Viewer


def root_form(words: Words, page: CasePage, viewer: Viewer) -> None:
    """Offer the hazards around a dispute as its root; nothing for other records."""
    record = page.record
    if record.layer is not EventLayer.DISPUTES:
        return
    near = root_choices(record)
    names = {
        hazard.external_id: words(
            "case_root.choice",
            id=hazard.external_id,
            kind=kind_text(words, hazard.layer.value, hazard.kind),
            state=state_text(words, hazard.status),
            n=round(metres),
        )
        for hazard, metres in near
    }
    held = record.root_hazard_ref or ""
    if held:
        names.setdefault(held, held)
    with st.expander(words("case_root.title")):
        if not names:
            st.caption(words("case_root.none"))
            return
        chosen = st.selectbox(
            words("case_root.label"),
            ["", *names],
            index=["", *names].index(held),
            format_func=lambda ref: names.get(ref, words("case_root.unknown")),
            key=f"case_root_{record.key.as_text()}_{visitor.load().case_desk.done}",
        )
        if st.button(words("case_root.save"), key="case_root_save", disabled=chosen == held):
            _save(words, page, viewer, chosen)


def _save(words: Words, page: CasePage, viewer: Viewer, ref: str) -> None:
    record, desk = page.record, visitor.load().case_desk
    with guard(words):
        changed = acts.set_root(
            cache.database(), viewer, record.key, ref or None,
            expected_version=record.version, now=max(cache.written_at(), page.last_at),
        )  # fmt: skip
        visitor.update(
            case_desk=replace(
                desk,
                seen=(record.key.as_text(), changed.version),
                done=desk.done + 1,
                told=("case_root.saved", plain(ref) or words("case_root.unknown")),
            )
        )
        st.rerun()
