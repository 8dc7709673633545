"""Change what a plan is called, its note, and whether it is a template; put it on today's grids.

Used by the planner's screen.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

import streamlit as st

from dashboard import cache
from dashboard import session as visitor
from dashboard.actions import plans as acts
from dashboard.cache import planner as kept
from dashboard.components.plain import plain
from dashboard.components.plan_turns import attempt, planner, settle
from dashboard.components.plan_words import base_of, codes_text
from data.repositories.plan_records import LONGEST_NAME, LONGEST_NOTE, PlanStatus

if TYPE_CHECKING:
    from dashboard.text import Words
    from data.planning.opening import OpenPlan
    from data.repositories.plan_writes import Turn
    from data.repositories.plans import PlanRecord


def name_form(words: Words, plan: PlanRecord) -> None:
    """Show name, note and base of a plan, to be changed."""
    st.caption(plain(base_of(words, plan)))
    key = f"plan_name_{plan.id}_{plan.version}"
    visitor.seed(f"{key}_name", plan.name)
    visitor.seed(f"{key}_note", plan.note or "")
    visitor.seed(f"{key}_template", plan.is_template)
    st.text_input(words("planner.name"), key=f"{key}_name", max_chars=LONGEST_NAME)
    st.text_area(
        words("planner.note"), key=f"{key}_note", max_chars=LONGEST_NOTE, height=90,
        help=words("planner.note_help"),
    )  # fmt: skip
    st.checkbox(words("planner.as_template"), key=f"{key}_template")
    st.button(
        words("planner.save"), key="plan_name_save", type="primary", on_click=_save,
        args=(words, plan.id, key),
    )  # fmt: skip
    st.button(
        words("planner.rebase"), key="plan_rebase", help=words("planner.rebase_help"),
        on_click=_rebase, args=(words, plan.id),
    )  # fmt: skip


def stale_notice(words: Words, plan: PlanRecord) -> None:
    """Say that the grids under a plan have changed, with what helps."""
    codes = kept.stale_codes(plan)
    if not codes:
        return
    draft = plan.status is PlanStatus.DRAFT
    told = "planner.stale_draft" if draft else "planner.stale_approved"
    st.warning(plain(words(told, n=len(codes), codes=codes_text(codes))))
    if draft:
        st.button(
            words("planner.rebase"), key="plan_rebase_now", help=words("planner.rebase_help"),
            on_click=_rebase, args=(words, plan.id),
        )  # fmt: skip


def _save(words: Words, plan_id: int, key: str) -> None:
    name, note = (str(visitor.value(f"{key}_{part}") or "") for part in ("name", "note"))
    told = (name, note, bool(visitor.value(f"{key}_template")))

    def change(turn: Turn) -> OpenPlan:
        acts.rename(cache.database(), planner(), turn, told)
        return kept.opened(plan_id)

    settle(words, attempt(words, plan_id, change))


def _rebase(words: Words, plan_id: int) -> None:
    settle(
        words,
        attempt(
            words,
            plan_id,
            lambda turn: acts.rebase(cache.database(), planner(), turn, kept.options()),
        ),
    )
