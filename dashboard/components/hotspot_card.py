"""Show why a cell ranks where it does: counts, dates, hours, near repeats, channels, what is open.

Used by the hotspot screen.
"""

from __future__ import annotations

import math
from typing import TYPE_CHECKING, Final

import streamlit as st

from dashboard.components.formats import percent, whole
from dashboard.components.hotspot_bars import month_bars
from dashboard.components.hotspot_words import cell_name, class_label, number_text, p_text
from dashboard.components.hour_bars import hour_bars
from dashboard.components.plain import plain
from data.vocabulary import ChannelGroup

if TYPE_CHECKING:
    from collections.abc import Sequence

    from dashboard.text import Words
    from dashboard.viewmodels.hotspots import HotspotView
    from dashboard.viewmodels.hotspots_why import CellCard

_MANY_FOUND: Final = 0.3
"""A share of discovered incidents from which the card says so by itself."""
_DAY_HOURS: Final = 24


def why_card(words: Words, view: HotspotView, card: CellCard) -> None:
    """Show one cell."""
    row = view.row_of[card.cell_id]
    title = words("hotspot_why.title", place=cell_name(words, view, row))
    st.markdown(f"**{plain(title)}**")
    st.caption("  \n".join(plain(line) for line in standing(words, view, row)))
    n = int(view.n[row])
    if 0 < n < view.least:
        is_called = view.is_classed and bool(view.answer.frame["is_hotspot"].iloc[row])
        key = "hotspot_why.few_around" if is_called else "hotspot_why.few"
        st.info(words(key, n=whole(n), least=view.least))
    why = card.why
    joint = words("joint.items")
    lines = []
    if why.by_kind:
        kinds = [_count(words, "incident_kind", code, n) for code, n in why.by_kind]
        lines.append(words("hotspot_why.kinds", kinds=joint.join(kinds)))
    lines += _channels(words, why.by_channel, joint)
    lines.append(_near(words, card))
    lines += _open(words, card, joint)
    st.caption("  \n".join(plain(line) for line in lines))
    if why.by_month:
        since, until = why.by_month[0][0], why.by_month[-1][0]
        caption = words("hotspot_why.by_month", since=since, until=until)
        st.html(month_bars([(name, n or 0) for name, n in why.by_month], caption))
    if why.by_hour:
        caption = words("hotspot_why.by_hour", unknown=whole(why.no_hour))
        st.html(hour_bars(why.by_hour, _hours(view), caption))
    if why.dates:
        with st.expander(words("hotspot_why.dates", n=len(why.dates), of=whole(why.n))):
            st.caption(plain(joint.join(why.dates)))


def standing(words: Words, view: HotspotView, row: int) -> list[str]:
    """Say rank, count, class, adjusted p and interval of a cell."""
    frame = view.answer.frame
    line = frame.iloc[row]
    rank, of = whole(int(line["rank"])), whole(len(frame))
    lines = [words("hotspot_why.rank", rank=rank, of=of, n=whole(int(line["n"])))]
    if view.is_classed:
        label = class_label(words, str(view.classes[row]))
        lines.append(words("hotspot_why.class", **{"class": label}))
    if "p_bh" in frame.columns and math.isfinite(float(line["p_bh"])):
        lines.append(words("hotspot_why.p", p=p_text(float(line["p_bh"]))))
    if "low" in frame.columns and math.isfinite(float(line["low"])):
        low, high = (number_text(float(line[name])) for name in ("low", "high"))
        lines.append(words("hotspot_why.interval", low=low, high=high))
    return lines


def _count(words: Words, group: str, code: str, n: int | None) -> str:
    return words("hotspot_why.kind", kind=words.label(group, code or None), n=whole(n))


def _channels(words: Words, by_channel: Sequence[tuple[str, int | None]], joint: str) -> list[str]:
    total = sum(n or 0 for _, n in by_channel)
    if not total:
        return []
    parts = [
        words(
            "hotspot_why.channel",
            channel=words.label("channel_group", code),
            n=whole(n),
            share=percent((n or 0) / total),
        )
        for code, n in by_channel
        if n
    ]
    lines = [words("hotspot_why.channels", channels=joint.join(parts))]
    found = (dict(by_channel).get(ChannelGroup.DISCOVERED.value) or 0) / total
    if found >= _MANY_FOUND:
        lines.append(words("hotspot_why.discovered_high", share=percent(found)))
    return lines


def _near(words: Words, card: CellCard) -> str:
    near = card.why.near_repeats
    if near is None or near.repeats is None:
        return words("hotspot_why.near_unknown")
    if near.repeats == 0:
        return words("hotspot_why.near_none")
    days, metres = f"{near.within_days:g}", f"{near.within_m:g}"
    return words("hotspot_why.near", n=whole(near.repeats), days=days, m=metres)


def _open(words: Words, card: CellCard, joint: str) -> list[str]:
    hazards, disputes = (sum(n or 0 for _, n in found) for found in (card.hazards, card.disputes))
    if not hazards + disputes:
        return [words("hotspot_why.open_none")]
    lines = [words("hotspot_why.open", hazards=whole(hazards), disputes=whole(disputes))]
    groups = (("hazard_kind", card.hazards), ("dispute_kind", card.disputes))
    parts = [_count(words, group, code, n) for group, found in groups for code, n in found]
    return [*lines, words("hotspot_why.open_kinds", kinds=joint.join(parts))]


def _hours(view: HotspotView) -> frozenset[int]:
    asked = view.answer.question.hours
    if asked is None:
        return frozenset()
    start, end = asked
    length = (end - start - 1) % _DAY_HOURS + 1
    return frozenset((start + k) % _DAY_HOURS for k in range(length))
