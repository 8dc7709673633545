"""Ask what changed at a post: leave, a substitute, the end of an appointment.

Used by the people screen, for the data steward. A form is sent with the state of the post that it
was drawn with: whoever comes second is told so and sees what stands now.
"""

from __future__ import annotations

from dataclasses import replace
from datetime import date, timedelta
from typing import TYPE_CHECKING, Final

import streamlit as st

from dashboard import cache
from dashboard import session as visitor
from dashboard.actions import people as act
from dashboard.components.formats import DASH
from dashboard.components.notices import guard
from dashboard.components.people_time import seat_text, span_text
from dashboard.components.tables import table
from dashboard.session import FIRST_DAY, LAST_DAY
from data.repositories.appointment_writes import LEAVE_REASONS, Span
from data.viewer import Role

if TYPE_CHECKING:
    from dashboard.text import Words
    from dashboard.viewmodels.people import People, Seat
    from data.repositories.appointments import AppointmentRecord

ACTIONS: Final = ("leave", "substitute", "end")
_DAY: Final = timedelta(days=1)
_COLUMNS: Final = ("what", "holder", "from_day", "to_day")


def show_forms(words: Words, shown: People) -> None:
    """Choose a post and what to record; show what stands for it now."""
    if cache.viewer().role is not Role.STEWARD:
        st.info(words("people_change.only_steward"))
        return
    desk = visitor.load().people
    if desk.told:
        st.success(words(desk.told))
        visitor.update(people=replace(desk, told=""))
    st.caption(words("people_change.text"))
    held = {seat.post.id: seat for seat in shown.seats if _current(seat, shown.as_of)}
    if not held:
        st.info(words("people_change.none"))
        return
    left, right = st.columns((1, 1), gap="medium")
    with left:
        key = st.selectbox(
            words("people_change.post"),
            list(held),
            format_func=lambda one: seat_text(words, held[one]),
            key="change_post",
        )
        seat = held[key]
        action = st.segmented_control(
            words("people_change.action"),
            ACTIONS,
            required=True,
            default=ACTIONS[0],
            format_func=lambda name: words(f"people_change.action_{name}"),
            key="change_action",
        )
        _form(words, shown, seat, str(action))
    with right:
        _history(words, seat)


def _current(seat: Seat, day: date) -> list[AppointmentRecord]:
    """Give the appointments in force that are not substitutions."""
    records = seat.history.appointments
    return [record for record in records if record.holds_on(day) and record.substitutes_id is None]


def _form(words: Words, shown: People, seat: Seat, action: str) -> None:
    number = f"{seat.post.id}_{action}_{visitor.load().people.done}"
    records = {record.id: record for record in _current(seat, shown.as_of)}
    with st.form(f"change_{number}", border=True):
        chosen = st.selectbox(
            words("people_change.appointment"),
            list(records),
            format_func=lambda key: (
                f"{records[key].holder_title} · "
                f"{span_text(words, records[key].since, records[key].until)}"
            ),
            key=f"change_appointment_{number}",
        )
        asked = _ASK[action](words, shown, number)
        is_sent = st.form_submit_button(
            words("people_change.save"),
            type="primary",
            on_click=visitor.note_token,
            args=(seat.history.token,),
        )
    if not is_sent:
        return
    target = act.Target(int(chosen), visitor.load().people.token)
    with guard(words):
        if _saved(words, action, target, asked):
            desk = visitor.load().people
            done = replace(desk, done=desk.done + 1, told=f"people_change.done_{action}")
            visitor.update(people=done)
            st.rerun()


Asked = tuple[date | None, date | None, str | int | None]


def _saved(words: Words, action: str, target: act.Target, asked: Asked) -> bool:
    """Do what was asked; False where something is still to be filled in."""
    since, last_on, what = asked
    database, viewer = cache.database(), cache.viewer()
    until = last_on + _DAY if last_on is not None else None
    if action == "end":
        if until is not None:
            act.end(database, viewer, target, until)
        return until is not None
    if since is None:
        return False
    span = Span(since, until)
    if action == "leave":
        act.leave(database, viewer, target, span, str(what))
        return True
    if not isinstance(what, int):
        st.warning(words("people_change.who_needed"))
        return False
    act.substitute(database, viewer, target, span, what)
    return True


def _ask_leave(words: Words, shown: People, number: str) -> Asked:
    reason = st.selectbox(
        words("people_change.reason"),
        LEAVE_REASONS,
        format_func=lambda code: words(f"people_change.reason_{code}"),
        key=f"change_reason_{number}",
    )
    since, last_on = _days(words, shown.as_of, number)
    return since, last_on, reason


def _ask_substitute(words: Words, shown: People, number: str) -> Asked:
    titles = {holder.id: f"{holder.title} · {holder.code}" for holder in shown.holders}
    who = st.selectbox(
        words("people_change.who"),
        list(titles),
        index=None,
        format_func=lambda key: titles[key],
        key=f"change_who_{number}",
    )
    since, last_on = _days(words, shown.as_of, number)
    return since, last_on, who


def _ask_end(words: Words, shown: People, number: str) -> Asked:
    return None, _day(words, "last_on", shown.as_of, number), None


def _days(words: Words, day: date, number: str) -> tuple[date | None, date | None]:
    left, right = st.columns(2, gap="small")
    with left:
        since = _day(words, "since", day, number)
    with right:
        return since, _day(words, "last", None, number)


def _day(words: Words, name: str, day: date | None, number: str) -> date | None:
    picked = st.date_input(
        words(f"people_change.{name}"),
        value=day,
        min_value=FIRST_DAY,
        max_value=LAST_DAY,
        format="YYYY-MM-DD",
        key=f"change_{name}_{number}",
    )
    return picked if isinstance(picked, date) else None


_ASK: Final = {"leave": _ask_leave, "substitute": _ask_substitute, "end": _ask_end}


def _history(words: Words, seat: Seat) -> None:
    """List what stands for the post now."""
    st.markdown(f"**{words('people_change.history')}**")
    titles = {record.holder_id: record.holder_title for record in seat.history.appointments}
    spans = [
        ("own" if a.substitutes_id is None else "substitute", a.holder_title, a.since, a.until)
        for a in seat.history.appointments
    ]
    spans += [("leave", titles[a.holder_id], a.since, a.until) for a in seat.history.absences]
    rows = [
        {
            "what": words(f"people_time.kind_{kind}"),
            "holder": holder,
            "from_day": since.isoformat() if since else DASH,
            "to_day": until.isoformat() if until else words("people_time.open"),
        }
        for kind, holder, since, until in sorted(spans, key=lambda one: one[2] or date.min)
    ]
    table(words, rows, _COLUMNS, key=f"change_history_{seat.post.id}")
