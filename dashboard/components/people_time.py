"""Draw appointments in time, and the four steps of one appointment.

Used by the people screen. Titles come from files: they are shown as text only.
"""

from __future__ import annotations

from datetime import date, timedelta
from typing import TYPE_CHECKING, Any, Final

import altair as alt
import pandas as pd
import streamlit as st

from dashboard.components.formats import whole
from dashboard.components.plain import plain
from dashboard.viewmodels.people import BEAT_POSITIONS, CRITERIA, steps_of

if TYPE_CHECKING:
    from dashboard.text import Words
    from dashboard.viewmodels.people import People, Seat
    from data.repositories.appointments import AppointmentRecord

DAYS_BEFORE: Final = 540
DAYS_AFTER: Final = 120
MOST_POSTS: Final = 40
_ROW_PX: Final = 23
_COLOURS: Final = {"own": "#0b6e99", "substitute": "#8a6d00", "leave": "#c2410c"}
_LABEL_PX: Final = 260


def show_time(words: Words, shown: People) -> None:
    """Draw a line for each post of the chosen positions, and one appointment's steps."""
    present = sorted({seat.post.position for seat in shown.seats})
    first = [code for code in BEAT_POSITIONS if code in present] or present
    chosen = st.multiselect(
        words("people_time.which"),
        present,
        default=first,
        format_func=lambda code: words.label("position", code),
        key="people_positions",
    )
    seats = [
        seat for seat in shown.seats if seat.post.position in chosen and seat.history.appointments
    ]
    if not seats:
        st.info(words("people_time.none"))
        return
    if len(seats) > MOST_POSTS:
        st.caption(words("people_time.cut", shown=MOST_POSTS, n=whole(len(seats))))
    st.altair_chart(_chart(words, seats[:MOST_POSTS], shown.as_of), width="stretch")
    st.caption(words("people_time.line", day=shown.as_of.isoformat()))
    _steps(words, seats)


def seat_text(words: Words, seat: Seat) -> str:
    """Name a post: its place and position."""
    position = words.label("position", seat.post.position)
    return f"{seat.post.place_name} · {position}"


def span_text(words: Words, since: date | None, until: date | None) -> str:
    """Write a half-open span of days."""
    start = since.isoformat() if since else words("people_time.always")
    if until is None:
        return words("people_time.span_open", since=start)
    return words("people_time.span", since=start, until=until.isoformat())


def _chart(words: Words, seats: list[Seat], day: date) -> alt.LayerChart:
    first_on, last_on = day - timedelta(days=DAYS_BEFORE), day + timedelta(days=DAYS_AFTER)
    names = [seat_text(words, seat) for seat in seats]
    rows = [row for seat in seats for row in _bars(words, seat, (first_on, last_on))]
    kinds = [words(f"people_time.kind_{kind}") for kind in _COLOURS]
    frame = pd.DataFrame(
        rows, columns=["post", "holder", "kind", "start", "end", "span", "rank", "label"]
    )
    base = alt.Chart(frame).encode(
        y=alt.Y("post:N", sort=names, title=None, axis=alt.Axis(labelLimit=_LABEL_PX)),
        x=alt.X("start:T", title=None, axis=alt.Axis(format="%Y-%m", orient="top", grid=True)),
        x2="end:T",
        tooltip=[
            alt.Tooltip("post:N", title=words("people_time.post")),
            alt.Tooltip("holder:N", title=words("people_time.holder")),
            alt.Tooltip("kind:N", title=words("people_time.kind")),
            alt.Tooltip("span:N", title=words("people_time.days")),
        ],
    )
    bars = base.mark_bar(cornerRadius=2, stroke="white", strokeWidth=1).encode(
        color=alt.Color(
            "kind:N",
            scale=alt.Scale(domain=kinds, range=list(_COLOURS.values())),
            legend=alt.Legend(title=None, orient="bottom"),
        ),
        size=alt.Size(
            "rank:O",
            scale=alt.Scale(domain=[0, 1], range=[_ROW_PX * 0.72, _ROW_PX * 0.32]),
            legend=None,
        ),
        order="rank:O",
    )
    texts = base.transform_filter("datum.rank == 0").mark_text(
        align="left", dx=4, color="white", fontSize=11
    ).encode(text="label:N")  # fmt: skip
    line = alt.Chart(pd.DataFrame({"day": [day.isoformat()]})).mark_rule(
        color="#1b1e23", strokeWidth=1.5
    ).encode(x="day:T")  # fmt: skip
    layered: Any = (bars + texts + line).properties(height=_ROW_PX * len(set(names)) + 30)
    chart: alt.LayerChart = layered
    return chart


def _bars(words: Words, seat: Seat, window: tuple[date, date]) -> list[list[object]]:
    """Cut every span of a post to the window drawn; leave lies thinner over its appointment."""
    titles = {record.holder_id: record.holder_title for record in seat.history.appointments}
    spans: list[tuple[str, str, date | None, date | None, int]] = [
        (
            "own" if record.substitutes_id is None else "substitute",
            record.holder_title,
            record.since,
            record.until,
            0,
        )
        for record in seat.history.appointments
    ]
    spans += [
        ("leave", titles[absence.holder_id], absence.since, absence.until, 1)
        for absence in seat.history.absences
    ]
    rows: list[list[object]] = []
    for kind, holder, since, until, rank in spans:
        start, end = max(since or window[0], window[0]), min(until or window[1], window[1])
        if start < end:
            told = span_text(words, since, until)
            name = words(f"people_time.kind_{kind}")
            row = [seat_text(words, seat), holder, name, start.isoformat(), end.isoformat()]
            rows.append([*row, told, rank, holder if kind == "own" else ""])
    return rows


def _steps(words: Words, seats: list[Seat]) -> None:
    st.markdown(f"**{words('people_time.steps')}**", help=words("people_time.steps_help"))
    records = {
        record.id: (seat, record)
        for seat in seats
        for record in seat.history.appointments
        if record.substitutes_id is None
    }
    if not records:
        st.caption(words("people_time.none"))
        return
    chosen = st.selectbox(
        words("people_time.appointment"),
        list(records),
        format_func=lambda key: _record_text(words, *records[key]),
        key="people_appointment",
        width=620,
    )
    _stepper(words, records[chosen][1])


def _record_text(words: Words, seat: Seat, record: AppointmentRecord) -> str:
    span = span_text(words, record.since, record.until)
    return f"{seat_text(words, seat)} · {record.holder_title} · {span}"


def _stepper(words: Words, record: AppointmentRecord) -> None:
    """Show the four days with what each took, criteria, document, and the rule of the seat."""
    steps = steps_of(record)
    for box, step in zip(st.columns(len(steps), gap="small"), steps, strict=True):
        took = words("people_time.step_after", n=whole(step.days)) if step.days is not None else ""
        box.metric(
            words(f"people_time.step_{step.code}"),
            f"✓ {step.on.isoformat()}" if step.on else "—",
            delta=took or (None if step.on else words("people_time.step_unknown")),
            delta_color="off",
            delta_arrow="off",
            border=True,
            height="stretch",
        )
    notes = []
    if record.reviewed_on and record.filed_on:
        total = (record.filed_on - record.reviewed_on).days
        notes.append(words("people_time.steps_total", n=whole(total)))
    if record.criteria_met is None:
        notes.append(words("people_time.criteria_none"))
    else:
        notes.append(words("people_time.criteria", n=whole(record.criteria_met), base=CRITERIA))
    if record.document_no:
        notes.append(words("people_time.document", no=plain(record.document_no)))
    if record.is_seat:
        notes.append(words("people_time.seat"))
    st.caption(" ".join(notes))
