"""List the plans, and begin a new one.

Used by the planner's screen.
"""

from __future__ import annotations

from datetime import date
from typing import TYPE_CHECKING, Final

import streamlit as st

from dashboard import cache
from dashboard import session as visitor
from dashboard.actions import plans as acts
from dashboard.cache import planner as kept
from dashboard.components.fields import day_field
from dashboard.components.formats import area_text, moment
from dashboard.components.plain import plain
from dashboard.components.plan_from_file import drop, file_start
from dashboard.components.plan_turns import acting, planner, settled
from dashboard.components.plan_words import base_of
from dashboard.text.plan_files import remark_of
from data.repositories.places import today_here
from data.repositories.plan_records import LONGEST_NAME, LONGEST_NOTE

if TYPE_CHECKING:
    from dashboard.text import Words
    from dashboard.viewmodels.town import Town
    from data.importers.plan_files import PlanFile
    from data.repositories.plans import PlanRecord

_WIDTHS: Final = (1.7, 1)
_ROW: Final = (2.1, 0.75, 0.9, 1.5, 0.6, 1.6)
_MOST: Final = 40
LATEST: Final = "latest"
DAY: Final = "day"
FILE: Final = "file"


def show_list(words: Words, town: Town) -> None:
    """Show the plans and the form for a new one."""
    found = kept.plans()
    left, right = st.columns(_WIDTHS, gap="medium")
    with left:
        st.markdown(f"**{words('planner.plans')}**")
        _rows(words, found)
    with right, st.container(border=True):
        st.caption(words("case.acting"))
        acting(words)
        key, start = _new(words, town, found)
    if start == FILE:
        file = file_start(words, str(visitor.value(f"{key}_scope") or ""))
        is_named = bool(str(visitor.value(f"{key}_name") or "").strip())
        if file is not None and not is_named:
            st.caption(f":material/info: {words('plan_files.need_name')}")
        _begin_button(words, key, file, is_ready=file is not None and is_named)


def _rows(words: Words, found: tuple[PlanRecord, ...]) -> None:
    if not found:
        st.info(words("planner.none"))
        return
    heads = ("name", "status", "author", "changed", "edits", "base")
    for box, head in zip(st.columns(_ROW, gap="small"), heads, strict=True):
        box.caption(words(f"planner.col_{head}"))
    tz = cache.facts().tz
    for plan in found[:_MOST]:
        boxes = st.columns(_ROW, gap="small", vertical_alignment="center")
        with boxes[0]:
            st.button(
                plain(plan.name), key=f"plan_open_{plan.id}", on_click=open_plan, args=(plan.id,),
                help=plain(plan.note) if plan.note else None, width="stretch",
            )  # fmt: skip
        status = words.label("plan_status", plan.status.value)
        mark = f" · {words('planner.template')}" if plan.is_template else ""
        boxes[1].markdown(f"{status}{mark}")
        boxes[2].markdown(plain(plan.author))
        boxes[3].markdown(f"{plain(plan.changed_by)} · {moment(plan.changed_at, tz)}")
        boxes[4].markdown(str(plan.head))
        boxes[5].caption(plain(base_of(words, plan, "base_short")))
    if len(found) > _MOST:
        st.caption(words("planner.more", n=len(found) - _MOST))


def open_plan(plan_id: int) -> None:
    """Open a plan; 0 goes back to the list."""
    visitor.choose_plan(plan=plan_id, view="edit")
    visitor.at_plan_desk(seen=(0, 0), conflict=None, fault="", told="", map_said=None)
    visitor.put("plan_view", "edit")
    visitor.put("plan_grid", "")


def _new(words: Words, town: Town, found: tuple[PlanRecord, ...]) -> tuple[str, str]:
    """Ask for name, note and where to begin; give the form's key and the beginning."""
    st.markdown(f"**{words('planner.new')}**")
    key = f"plan_new_{visitor.load().plan_desk.done}"
    st.text_input(words("planner.name"), key=f"{key}_name", max_chars=LONGEST_NAME)
    st.text_area(
        words("planner.note"), key=f"{key}_note", max_chars=LONGEST_NOTE, height=80,
        help=words("planner.note_help"),
    )  # fmt: skip
    in_order = sorted(found, key=lambda plan: not plan.is_template)
    names = {str(plan.id): plan for plan in in_order}
    start = str(st.selectbox(
        words("planner.start"), [LATEST, DAY, FILE, *names], key=f"{key}_start",
        format_func=lambda code: _start_text(words, names, code),
    ))  # fmt: skip
    if start == DAY:
        day_field(words("planner.day"), today_here(), key=f"{key}_day")
    if start in {LATEST, DAY, FILE}:
        areas = {"": words("filter.all_areas")}
        areas |= {area.code: area_text(words, area) for area in town.areas}
        st.selectbox(
            words("planner.scope"), [*areas], key=f"{key}_scope",
            # a word of the other language is no choice: it must not look like "all"
            format_func=lambda code: areas.get(code, code),
        )  # fmt: skip
    st.checkbox(words("planner.as_template"), key=f"{key}_template")
    if start == FILE:
        st.caption(words("plan_files.below"))
    else:
        _begin_button(words, key, None, is_ready=True)
    return key, start


def _begin_button(words: Words, key: str, file: PlanFile | None, *, is_ready: bool) -> None:
    st.button(
        words("planner.begin"), type="primary", key="plan_begin", on_click=_begin,
        args=(words, key, file), width="stretch", disabled=not is_ready,
    )  # fmt: skip


def _start_text(words: Words, names: dict[str, PlanRecord], code: str) -> str:
    if code not in names:
        return words(f"planner.start_{code}")
    kind = "template" if names[code].is_template else "plan"
    return words(f"planner.start_{kind}", name=names[code].name)


def _begin(words: Words, key: str, file: PlanFile | None) -> None:
    start, day = str(visitor.value(f"{key}_start")), visitor.value(f"{key}_day")
    told = acts.NewPlan(
        name=str(visitor.value(f"{key}_name") or ""),
        note=str(visitor.value(f"{key}_note") or ""),
        is_template=bool(visitor.value(f"{key}_template")),
        plan=int(start) if start.isdigit() else None,
        day=day if start == DAY and isinstance(day, date) else None,
        scope=str(visitor.value(f"{key}_scope") or ""),
        file=file,
        remark=remark_of(words, file) if file is not None else "",
    )

    def begin() -> None:
        made = acts.begin(cache.database(), planner(), told, cache.written_at())
        drop()
        open_plan(made.id)

    settled(words, begin)
