"""Show what a bulletin says before it is downloaded, and offer it as PDF and workbook.

Used by the bulletin screen.
"""

from __future__ import annotations

import re
from datetime import timedelta
from functools import partial
from typing import TYPE_CHECKING, Final

import altair as alt
import pandas as pd
import streamlit as st

from dashboard.components.formats import whole
from dashboard.components.plain import plain
from dashboard.printing.bulletin_pdf import bulletin_pdf
from dashboard.printing.bulletin_words import (
    basis_text,
    change_text,
    headline_text,
    imprecise_text,
    interval_text,
    peak_text,
    place_text,
    rate_text,
    remark_text,
    span_text,
    title_text,
    top_text,
    unlocated_text,
)
from dashboard.printing.bulletin_xlsx import bulletin_xlsx
from dashboard.printing.public_bulletin_pdf import public_bulletin_pdf
from dashboard.printing.public_bulletin_xlsx import public_bulletin_xlsx

if TYPE_CHECKING:
    from dashboard.printing.bulletin import Bulletin, CaseCounts
    from dashboard.printing.public_bulletin import PublicBulletin
    from dashboard.text import Words
    from data.kpi import Figure

_ROW_PX: Final = 22
_UNSAFE: Final = re.compile(r"[^\w\-]+")
XLSX: Final = "application/vnd.openxmlformats-officedocument.spreadsheetml.sheet"


def show_bulletin(
    words: Words, said: Words, bulletin: Bulletin, public: PublicBulletin | None
) -> None:
    """Show the bulletin; `said` is the language it is written in.

    Parameters
    ----------
    public
        Its public version; none where the days are not whole months that are over.
    """
    _downloads(words, said, bulletin)
    _public_downloads(words, said, bulletin, public)
    st.subheader(plain(title_text(said, bulletin)), anchor=False)
    st.markdown(f"**{plain(span_text(said, bulletin))}**")
    st.caption(plain(basis_text(said, bulletin)))
    _tiles(said, bulletin)
    st.write(plain(f"{headline_text(said, bulletin)} {rate_text(said, bulletin)}"))
    left, right = st.columns((1, 1), gap="medium")
    with left:
        st.markdown(f"**{said('bulletin.kinds')}**")
        st.caption(plain(top_text(said, bulletin)))
        _kinds(said, bulletin)
        st.markdown(f"**{said('bulletin.hours')}**")
        st.caption(plain(peak_text(said, bulletin)))
        if bulletin.hours.timed:
            st.altair_chart(_chart(said, bulletin), width="stretch")
    with right:
        _cases(said, "hazard", bulletin.hazards)
        _cases(said, "dispute", bulletin.disputes)
    notes = (said("bulletin.how_counted"), unlocated_text(said, bulletin),
             imprecise_text(said, bulletin))  # fmt: skip
    st.caption(plain(" ".join(filter(None, notes))))


def _downloads(words: Words, said: Words, bulletin: Bulletin) -> None:
    with st.container(horizontal=True, vertical_alignment="center"):
        st.download_button(
            words("bulletin.download_pdf"),
            data=lambda: bulletin_pdf(bulletin, said),
            file_name=_file_name(said, bulletin, "pdf"),
            mime="application/pdf",
            on_click="ignore",
            type="primary",
            key="bulletin_pdf",
        )
        st.download_button(
            words("bulletin.download_xlsx"),
            data=lambda: bulletin_xlsx(bulletin, said),
            file_name=_file_name(said, bulletin, "xlsx"),
            mime=XLSX,
            on_click="ignore",
            key="bulletin_xlsx",
        )
        st.caption(words("bulletin.one_click"))


def _public_downloads(
    words: Words, said: Words, bulletin: Bulletin, public: PublicBulletin | None
) -> None:
    if public is None:
        st.caption(words("bulletin.public_months"))
        return
    with st.container(horizontal=True, vertical_alignment="center"):
        for ending, write, mime in (
            ("pdf", public_bulletin_pdf, "application/pdf"),
            ("xlsx", public_bulletin_xlsx, XLSX),
        ):
            st.download_button(
                words(f"bulletin.download_public_{ending}"),
                data=partial(write, public, said),
                file_name=f"public_{_file_name(said, bulletin, ending)}",
                mime=mime,
                on_click="ignore",
                key=f"bulletin_public_{ending}",
            )
        st.caption(words("bulletin.public_about"))


def _file_name(said: Words, bulletin: Bulletin, ending: str) -> str:
    return said(
        "bulletin.file",
        place=_UNSAFE.sub("_", place_text(said, bulletin)),
        since=bulletin.since_on.isoformat(),
        last=(bulletin.until_on - timedelta(days=1)).isoformat(),
        ending=ending,
    )


def _tiles(said: Words, bulletin: Bulletin) -> None:
    every, hazards, disputes = bulletin.incidents, bulletin.hazards, bulletin.disputes
    tiles = (
        ("incidents", whole(every.numerator), said("bulletin.tile_base",
                                                   n=whole(every.denominator))),
        ("change", change_text(said, every), interval_text(said, every)),
        ("hazards", whole(hazards.still_open), _late(said, hazards)),
        ("disputes", whole(disputes.still_open), _late(said, disputes)),
    )  # fmt: skip
    for box, (name, number, base) in zip(st.columns(len(tiles)), tiles, strict=True):
        box.metric(said(f"bulletin.tile_{name}"), number, delta=base, delta_color="off",
                   delta_arrow="off", border=True)  # fmt: skip


def _late(said: Words, cases: CaseCounts) -> str:
    return said("bulletin.tile_overdue", n=whole(cases.overdue), base=whole(cases.with_limit))


def _kinds(said: Words, bulletin: Bulletin) -> None:
    names = ("kind", "now", "before", "change", "interval", "remark")
    listed = [(said.label("incident_kind", k.code or None), k.change) for k in bulletin.kinds]
    rows = [_kind_row(said, label, figure) for label, figure in listed]
    rows.append(_kind_row(said, said("bulletin.total"), bulletin.incidents))
    _grid(rows, [said(f"bulletin.col_{name}") for name in names], "bulletin_kinds")


def _kind_row(said: Words, label: str, figure: Figure) -> list[str]:
    return [
        label,
        whole(figure.numerator),
        whole(figure.denominator),
        change_text(said, figure),
        interval_text(said, figure),
        remark_text(said, figure),
    ]


def _cases(said: Words, name: str, cases: CaseCounts) -> None:
    st.markdown(f"**{said(f'bulletin.{name}s')}**")
    st.caption(
        said(
            f"bulletin.{name}s_text",
            found=whole(cases.found),
            closed=whole(cases.closed),
            still_open=whole(cases.still_open),
            overdue=whole(cases.overdue),
            base=whole(cases.with_limit),
            major=whole(cases.major),
        )
    )
    if not cases.kinds:
        return
    names = ("kind", "found", "closed", "open", "overdue")
    rows: list[list[str]] = [
        [
            said.label(f"{name}_kind", kind.code or None),
            *map(whole, (kind.found, kind.closed, kind.still_open, kind.overdue)),
        ]
        for kind in cases.kinds
    ]
    _grid(rows, [said(f"bulletin.col_{column}") for column in names], f"bulletin_{name}s")


def _chart(said: Words, bulletin: Bulletin) -> alt.Chart:
    days = [said(f"bulletin.weekday_{day}") for day in range(len(bulletin.hours.counts))]
    rows = [
        [days[day], hour, n]
        for day, row in enumerate(bulletin.hours.counts)
        for hour, n in enumerate(row)
    ]
    frame = pd.DataFrame(rows, columns=["day", "hour", "n"])
    chart: alt.Chart = (
        alt.Chart(frame)
        .mark_rect(stroke="white")
        .encode(
            x=alt.X("hour:O", title=said("bulletin.hour_axis"), axis=alt.Axis(labelAngle=0)),
            y=alt.Y("day:N", sort=days, title=None, axis=alt.Axis(labelOverlap=False)),
            color=alt.Color(
                "n:Q",
                scale=alt.Scale(range=["#f1f4f6", "#084a6e"]),
                legend=None,
            ),
            tooltip=[
                alt.Tooltip("day:N", title=said("bulletin.col_weekday")),
                alt.Tooltip("hour:O", title=said("bulletin.hour_axis")),
                alt.Tooltip("n:Q", title=said("bulletin.count_axis")),
            ],
        )
        .properties(height=_ROW_PX * len(days) + 40)
    )
    return chart


def _grid(rows: list[list[str]], columns: list[str], key: str) -> None:
    st.dataframe(
        pd.DataFrame(rows, columns=columns),
        hide_index=True,
        width="stretch",
        height="content",
        key=key,
    )
