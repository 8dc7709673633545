"""Show in which of the 168 hours of a week events fell.

Used by the hotspot screen.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Final

import numpy as np
import streamlit as st

from dashboard.components.formats import whole
from dashboard.components.hotspot_bars import week_table
from dashboard.components.plain import plain

if TYPE_CHECKING:
    from dashboard.text import Words
    from geo.hotspots import HourWeekday

_PEAKS: Final = 3
_DAY_HOURS: Final = 24


def week_page(words: Words, found: HourWeekday) -> None:
    """Show the table, its peaks, and what has no hour."""
    counts = found.counts.to_numpy(dtype=np.int64)
    days = [words(f"hotspot_weekday.{day}") for day in range(7)]
    joint = words("joint.items")
    order = np.argsort(-counts.ravel(), kind="stable")[:_PEAKS]
    peaks = [
        words(
            "hotspot_hours_page.peak_one",
            day=days[int(at) // _DAY_HOURS],
            hour=int(at) % _DAY_HOURS,
            n=whole(int(counts.ravel()[at])),
        )
        for at in order
        if counts.ravel()[at]
    ]
    told = words("hotspot_hours_page.peak", list=joint.join(peaks))
    st.markdown(f"#### {words('hotspot_hours_page.title')}")
    aria = words("hotspot_hours_page.aria", peak=told)
    st.html(week_table(counts, days, (aria, lambda d, h, n: words(
        "hotspot_hours_page.cell", day=days[d], hour=f"{h:02d}", n=whole(n)))))  # fmt: skip
    st.markdown(plain(told))
    report = found.report
    st.caption(
        plain(
            words(
                "hotspot_hours_page.counted",
                counted=whole(report["counted"]),
                without=whole(report["without_hour"]),
                zone=report["zone"],
            )
        )
    )
