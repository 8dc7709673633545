"""Show talks by month, debriefs, appraisals, agreements to renew, and meetings.

Used by the people screen, a restricted page. Titles and partners come from files: text only.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Final

import altair as alt
import pandas as pd
import streamlit as st

from dashboard.components.formats import DASH, percent, whole
from dashboard.components.tables import table
from dashboard.theme import STATUS_SIGNS
from dashboard.viewmodels.people_work import DUE_DAYS
from data.vocabulary import AppraisalKind, DebriefBody

if TYPE_CHECKING:
    from collections.abc import Sequence

    from dashboard.text import Words
    from dashboard.viewmodels.people_work import Due, Work

_ROW_PX: Final = 20
_EDGES: Final = (0.0, 0.5, 0.75, 1.0)
_RAMP: Final = ("#f3d7d2", "#f6ecc8", "#cfe6dd", "#1b7f5c")


def show_work(words: Words, work: Work) -> None:
    """Show everything, talks first."""
    st.caption(words("people_work.restricted"))
    left, right = st.columns((1.15, 1), gap="medium")
    with left:
        _talks(words, work)
        _meetings(words, work)
    with right:
        _debriefs(words, work)
        _appraisals(words, work)
        _agreements(words, work)


def _talks(words: Words, work: Work) -> None:
    st.markdown(f"**{words('people_work.talks')}**")
    if not any(n for row in work.talks for n in row.counts):
        since, until = work.since_on.isoformat(), work.until_on.isoformat()
        st.caption(words("people_work.talks_none", since=since, until=until))
        return
    last = next((month for month in reversed(work.months) if month.talked), work.months[-1])
    st.caption(
        words(
            "people_work.talks_text",
            month=f"{last.first_on:%Y-%m}",
            n=whole(last.talked),
            base=whole(last.in_post),
            share=percent(last.share),
        )
    )
    st.altair_chart(_strip(words, work), width="stretch")


def _strip(words: Words, work: Work) -> alt.LayerChart:
    """Draw officers by months, a line of shares above; each cell says its number."""
    every = words("people_work.talks_share")
    rows: list[list[object]] = []
    for at, month in enumerate(work.months):
        name = f"{month.first_on:%Y-%m}"
        told = f"{whole(month.talked)}/{whole(month.in_post)}"
        rows.append([every, name, month.share, told])
        for row in work.talks:
            n = row.counts[at]
            share = None if n is None else float(n > 0)
            shown = words("people_work.not_in_post") if n is None else whole(n)
            rows.append([_officer(row.officer.title, row.officer.community), name, share, shown])
    names = list(dict.fromkeys(str(row[0]) for row in rows))
    frame = pd.DataFrame(rows, columns=["officer", "month", "share", "told"])
    base = alt.Chart(frame).encode(
        x=alt.X("month:O", title=None, axis=alt.Axis(orient="top", labelAngle=-40)),
        y=alt.Y("officer:N", sort=names, title=None, axis=alt.Axis(labelLimit=230)),
        tooltip=[
            alt.Tooltip("officer:N", title=words("people_work.officer")),
            alt.Tooltip("month:O", title=words("people_work.month")),
            alt.Tooltip("told:N", title=words("people_work.talks_count")),
        ],
    )
    cells = base.mark_rect(stroke="white").encode(
        color=alt.Color(
            "share:Q",
            scale=alt.Scale(domain=list(_EDGES), range=list(_RAMP), clamp=True),
            legend=None,
        )
    )
    texts = base.transform_filter("isValid(datum.share)").mark_text(fontSize=10).encode(
        text="told:N",
        color=alt.condition("datum.share >= 1", alt.value("white"), alt.value("#1b1e23")),
    )  # fmt: skip
    chart: alt.LayerChart = (cells + texts).properties(height=_ROW_PX * len(names) + 60)
    return chart


def _officer(title: str, community: str) -> str:
    return f"{community} · {title}"


def _debriefs(words: Words, work: Work) -> None:
    if not work.periods:
        st.markdown(f"**{words('people_work.period')}**")
        st.caption(words("people_work.debriefs_none"))
        return
    st.selectbox(words("people_work.period"), work.periods, key="people_period", width=240)
    done = sum(row.done for row in work.debriefs)
    base = len(DebriefBody) * len(work.debriefs)
    heading = words("people_work.debriefs", period=work.period, n=whole(done), base=whole(base))
    st.markdown(f"**{heading}**")
    columns = [words("column.community_name"), words("column.officer_title")]
    columns += [words.label("debrief_body", body.value) for body in DebriefBody]
    rows = [
        [
            row.officer.community,
            row.officer.title,
            *(_day_mark(words, row.held_on[body.value]) for body in DebriefBody),
        ]
        for row in work.debriefs
    ]
    _grid(rows, columns, "people_debriefs")


def _day_mark(words: Words, day: object) -> str:
    if day is None:
        return f"{STATUS_SIGNS['bad'].mark} {words('people_work.owed')}"
    return f"{STATUS_SIGNS['good'].mark} {day}"


def _appraisals(words: Words, work: Work) -> None:
    weights = work.weights
    heading = words(
        "people_work.appraisals",
        period=work.period or DASH,
        duty=f"{weights[AppraisalKind.DUTY.value]:g}",
        professional=f"{weights[AppraisalKind.PROFESSIONAL.value]:g}",
    )
    st.markdown(f"**{heading}**")
    if work.appraisals is None:
        st.caption(words("people_work.appraisals_refused"))
        return
    if not work.appraisals:
        st.caption(words("people_work.appraisals_none"))
        return
    columns = [words("column.community_name"), words("column.officer_title")]
    columns += [words.label("appraisal_kind", kind.value) for kind in AppraisalKind]
    rows = [
        [
            row.officer.community,
            row.officer.title,
            *(row.scores.get(kind.value) for kind in AppraisalKind),
            row.weighted,
        ]
        for row in work.appraisals
    ]
    _grid(rows, [*columns, words("column.weighted")], "people_appraisals")


def _agreements(words: Words, work: Work) -> None:
    heading = words(
        "people_work.agreements",
        n=whole(work.agreements_in_force),
        days=DUE_DAYS,
        due=whole(len(work.due)),
    )
    st.markdown(f"**{heading}**")
    if not work.due:
        st.caption(words("people_work.agreements_none"))
        return
    columns = ("community_name", "partner", "ends_on", "due")
    table(words, [_due_row(words, due) for due in work.due], columns, key="people_agreements")


def _due_row(words: Words, due: Due) -> dict[str, object]:
    key = "people_work.due_in" if due.days_left > 0 else "people_work.due_over"
    return {
        "community_name": due.place_name,
        "partner": due.record.partner,
        "ends_on": due.record.until,
        "due": words(key, n=whole(abs(due.days_left))),
    }


def _meetings(words: Words, work: Work) -> None:
    since, until = work.since_on.isoformat(), work.until_on.isoformat()
    st.markdown(f"**{words('people_work.meetings', since=since, until=until)}**")
    if not work.meetings:
        st.caption(words("people_work.meetings_none"))
        return
    rows = [
        {
            "meeting_kind": words.label("meeting_kind", row.kind),
            "planned_n": row.planned,
            "held_n": row.held,
            "police_n": row.with_police,
        }
        for row in work.meetings
    ]
    columns = ("meeting_kind", "planned_n", "held_n", "police_n")
    table(words, rows, columns, key="people_meetings")


def _grid(rows: Sequence[Sequence[object]], columns: list[str], key: str) -> None:
    st.dataframe(
        pd.DataFrame(rows, columns=columns),
        hide_index=True,
        width="stretch",
        height="content" if len(rows) <= 8 else 300,  # noqa: PLR2004 - two tables stand beside a map
        key=key,
    )
