"""Approve, publish, withdraw and roll back a plan; what will happen is said before it is done.

Used by the planner's page. A form is sent with the version of the plan that it was drawn with:
whoever comes second is told so, and nothing is done.
"""

from __future__ import annotations

from datetime import timedelta
from typing import TYPE_CHECKING, Final

import streamlit as st

from dashboard import cache
from dashboard import session as visitor
from dashboard.actions import plan_publishing as act
from dashboard.cache import plan_views
from dashboard.components.formats import moment, whole
from dashboard.components.notices import guard, warning_text
from dashboard.components.plain import plain
from dashboard.printing.impact_words import check_text, codes_text, joined, sentence
from dashboard.session import FIRST_DAY, LAST_DAY
from data.repositories.plan_records import PlanStatus
from data.repositories.plan_writes import Turn

if TYPE_CHECKING:
    from collections.abc import Callable
    from datetime import date

    from dashboard.printing.impact import PlanImpact
    from dashboard.text import Words
    from data.repositories.plan_records import PlanRecord

_WEEK_DAYS: Final = 7
_MOST_CHECKS: Final = 8
_LONGEST: Final = 200


def render(words: Words, plan_id: int) -> None:
    """Show how far a plan has come, and the next steps."""
    with guard(words), st.spinner(words("plan_publish.working")):
        plan = plan_views.plan(plan_id)
        _standing(words, plan)
        if plan.is_template:
            st.info(words("plan_publish.template"))
            return
        _STEPS[plan.status](words, plan)


def _standing(words: Words, plan: PlanRecord) -> None:
    """Say who made, approved and published it."""
    tz = cache.facts().tz
    told = [
        words(
            "plan_publish.made",
            status=words(f"plan_status.{plan.status.value}"),
            author=plain(plan.author),
            at=moment(plan.created_at, tz),
        )
    ]
    if plan.approved_by is not None:
        told.append(words("plan_publish.approved_by", by=plain(plan.approved_by),
                          at=moment(plan.approved_at, tz)))  # fmt: skip
    if plan.published_by is not None and plan.effective_on is not None:
        told.append(words("plan_publish.published_by", by=plain(plan.published_by),
                          at=moment(plan.published_at, tz),
                          effective=plan.effective_on.isoformat()))  # fmt: skip
    if plan.reason:
        told.append(words("plan_publish.with_reason", reason=plain(plan.reason)))
    st.markdown(joined(words, told))


def what_happens(words: Words, value: PlanImpact, warnings: tuple[str, ...] = ()) -> list[str]:
    """Say what publishing would do, sentence by sentence; not escaped."""
    impact = value.impact
    grids = impact.grids
    said = [sentence(words, impact)]
    retired = grids.loc[grids["change"] == "retired", "old_code"].astype(str).tolist()
    added = grids.loc[grids["change"] == "added", "new_code"].astype(str).tolist()
    if retired:
        said.append(words("plan_publish.retired", codes=codes_text(words, retired)))
    if added:
        said.append(words("plan_publish.added", codes=codes_text(words, added)))
    counts = impact.counts.set_index("thing")
    said.append(
        words(
            "plan_publish.hands",
            things=whole(int(counts["grids"].sum())),
            officers=whole(int(counts["officers"].sum())),
            members=whole(int(counts["members"].sum())),
        )
    )
    said.append(words("plan_publish.kept"))
    return [*said, *warnings]


def _tell(words: Words, plan: PlanRecord) -> bool:
    """Show what will happen and what is to be settled; say whether it may be published."""
    value = plan_views.impact(plan.id)
    found = plan_views.findings(plan.id)
    st.subheader(words("plan_publish.what"))
    for line in what_happens(words, value):
        st.markdown(f"- {plain(line)}")
    for code, fields in found.warnings:
        st.warning(warning_text(words, code, fields))
    checks = [check for check in value.impact.checks if check.fields.get("is_new", True)]
    if checks:
        lines = [f"- {plain(check_text(words, check))}" for check in checks[:_MOST_CHECKS]]
        left = len(checks) - len(lines)
        more = [words("plan_publish.more_checks", n=whole(left))] if left else []
        st.warning("\n".join([words("impact.to_settle"), "", *lines, *more]))
    if not found.is_publishable:
        refused = sum(each.is_refused for each in found.findings)
        st.error(words("plan_check.refused", n=whole(refused)))
    if value.impact.grids.empty:
        st.info(words("plan_publish.nothing"))
    return found.is_publishable and not value.impact.grids.empty


def _draft(words: Words, plan: PlanRecord) -> None:
    is_sound = _tell(words, plan)
    st.subheader(words("plan_publish.approve"))
    st.caption(words("plan_publish.approve_text", author=plain(plan.author)))
    with st.form(f"plan_approve_{plan.id}_{_done()}", border=True):
        person = _person(words, "approve")
        is_sent = _send(words, "approve", plan, is_sound=is_sound)
    if is_sent:
        _do(words, plan, lambda turn: act.approve(_desk(person), turn))
    _withdrawal(words, plan)


def _approved(words: Words, plan: PlanRecord) -> None:
    is_sound = _tell(words, plan)
    st.subheader(words("plan_publish.publish"))
    today = plan_views.first_day()
    with st.form(f"plan_publish_{plan.id}_{_done()}", border=True):
        left, right = st.columns((1, 2), gap="medium")
        with left:
            day = st.date_input(
                words("plan_publish.effective"),
                _next_monday(today),
                min_value=FIRST_DAY,
                max_value=LAST_DAY,
                help=words("plan_publish.effective_help"),
                key="plan_effective",
            )
        with right:
            reason = st.text_input(
                words("plan_publish.reason"), max_chars=_LONGEST,
                help=words("plan_publish.reason_help"), key="plan_reason",
            )  # fmt: skip
        person = _person(words, "publish")
        is_sent = _send(words, "publish", plan, is_sound=is_sound)
    if is_sent and day is not None:
        _do(words, plan, lambda turn: act.publish(_desk(person), turn, day, reason or ""))
    _reopening(words, plan)
    _withdrawal(words, plan)


def _published(words: Words, plan: PlanRecord) -> None:
    value = plan_views.impact(plan.id)
    st.success(sentence(words, value.impact))
    for check in value.impact.checks[:_MOST_CHECKS]:
        if check.fields.get("is_new", True):
            st.markdown(f"- {plain(check_text(words, check))}")
    st.subheader(words("plan_publish.roll_back"))
    st.caption(words("plan_publish.roll_back_text"))
    with st.form(f"plan_roll_back_{plan.id}_{_done()}", border=True):
        name = st.text_input(
            words("plan_publish.new_name"),
            words("plan_publish.roll_back_name", name=plan.name),
            max_chars=_LONGEST,
            key="plan_roll_back_name",
        )
        person = _person(words, "roll_back")
        is_sent = st.form_submit_button(words("plan_publish.do_roll_back"))
    if not is_sent:
        return
    with guard(words):
        made = act.roll_back(_desk(person), plan.id, name or "", cache.written_at())
        visitor.choose_plan(plan=made.id, view="publish")
        visitor.at_plan_desk(told=words("plan_publish.rolled_back", name=plain(made.name)))
        st.rerun()


def _withdrawn(words: Words, plan: PlanRecord) -> None:
    st.info(words("plan_publish.withdrawn"))
    _reopening(words, plan)


_STEPS: Final[dict[PlanStatus, Callable[[Words, PlanRecord], None]]] = {
    PlanStatus.DRAFT: _draft,
    PlanStatus.APPROVED: _approved,
    PlanStatus.PUBLISHED: _published,
    PlanStatus.WITHDRAWN: _withdrawn,
}


def _reopening(words: Words, plan: PlanRecord) -> None:
    st.caption(words("plan_publish.reopen_text"))
    with st.form(f"plan_reopen_{plan.id}_{_done()}", border=False):
        is_sent = _send(words, "reopen", plan)
    if is_sent:
        _do(words, plan, lambda turn: act.reopen(_desk(""), turn))


def _withdrawal(words: Words, plan: PlanRecord) -> None:
    with (
        st.expander(words("plan_publish.withdraw")),
        st.form(f"plan_withdraw_{plan.id}_{_done()}", border=False),
    ):
        st.caption(words("plan_publish.withdraw_text"))
        reason = st.text_input(
            words("plan_publish.withdraw_reason"), max_chars=_LONGEST, key="plan_withdraw_reason"
        )
        is_sent = _send(words, "withdraw", plan)
    if is_sent:
        _do(words, plan, lambda turn: act.withdraw(_desk(""), turn, reason or ""))


def _person(words: Words, step: str) -> str:
    """Ask who does it; until accounts exist, everybody says so himself."""
    return st.text_input(
        words(f"plan_publish.person_{step}"),
        visitor.load().plan_desk.actor if step != "approve" else "",
        max_chars=_LONGEST,
        placeholder=visitor.load().plan_desk.actor or cache.viewer().name,
        help=words("plan_publish.person_help"),
        key=f"plan_person_{step}",
    )


def _send(words: Words, step: str, plan: PlanRecord, *, is_sound: bool = True) -> bool:
    return st.form_submit_button(
        words(f"plan_publish.do_{step}"),
        type="primary" if step in {"approve", "publish"} else "secondary",
        disabled=not is_sound,
        on_click=visitor.note_token,
        args=(f"{plan.id}:{plan.version}",),
    )


def _desk(person: str) -> act.Desk:
    held = person.strip() or visitor.load().plan_desk.actor
    return act.Desk(cache.database(), cache.viewer(), held)


def _do(words: Words, plan: PlanRecord, change: Callable[[Turn], object]) -> None:
    """Make a change against the version that the form was drawn with; then draw anew."""
    with guard(words):
        number, _, version = visitor.load().people.token.partition(":")
        seen = int(version) if number == str(plan.id) else plan.version
        change(Turn(plan.id, seen, cache.written_at()))
        visitor.at_plan_desk(done=_done() + 1)
        st.rerun()


def _done() -> int:
    return visitor.load().plan_desk.done


def _next_monday(today: date) -> date:
    """Give the Monday after a day: borders change with the week."""
    return today + timedelta(days=_WEEK_DAYS - today.weekday())
