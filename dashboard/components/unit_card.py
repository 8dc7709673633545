"""Show the card of the selected unit beside the map.

Used by the overview. Names and texts come from files: they are shown as text only.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

import streamlit as st

from dashboard.components.formats import DASH, moment, span_text, square_km, whole
from dashboard.components.plain import plain
from dashboard.components.tables import table

if TYPE_CHECKING:
    from dashboard.text import Words
    from dashboard.viewmodels.posts import RosterLine
    from dashboard.viewmodels.unit_card import UnitCard


def show_card(words: Words, card: UnitCard, *, tz: str) -> None:
    """Show one unit."""
    st.subheader(plain(card.name), anchor=False)
    above = (
        ("community", card.community),
        ("subdistrict", card.subdistrict),
        ("station", card.station),
    )
    lines = [f"{words('column.code')} {plain(card.code)}"]
    lines += [f"{words(f'card.{level}')} {plain(place[1])}" for level, place in above if place]
    st.caption("  \n".join(lines))
    _sizes(words, card)
    _roster(words, card)
    _counts(words, card)
    _hazards(words, card, tz)
    if card.last_import is None:
        st.caption(words("card.never_imported"))
    else:
        file_name, at = card.last_import
        st.caption(words("card.last_import", file=plain(file_name), at=moment(at, tz)))


def _sizes(words: Words, card: UnitCard) -> None:
    boxes = st.columns(3, gap="small")
    sizes = (
        ("households", _people(words, card, "households", card.households)),
        ("residents", _people(words, card, "residents", card.residents)),
        ("area", square_km(card.area_m2)),
    )
    for box, (name, value) in zip(boxes, sizes, strict=True):
        box.caption(f"{words(f'card.{name}')}  \n**{value}**")


def _people(words: Words, card: UnitCard, name: str, n: int | None) -> str:
    """Write a count of people, marked where it was shared out from a grid that a plan cuts."""
    if name not in card.estimated:
        return whole(n)
    return words("grids_of.estimated_value", value=whole(n))


def _roster(words: Words, card: UnitCard) -> None:
    st.markdown(f"**{words('card.roster')}**")
    if not card.has_posts:
        st.caption(words("grids_of.no_posts"))
    if not card.has_posts and not card.roster:
        return
    if not card.roster and not card.missing:
        st.caption(words("card.no_roster"))
        return
    if card.missing:
        joint = words("joint.items")
        slots = [
            words("card.missing_slot", slot=plain(gap.label(words.language)), n=gap.missing)
            for gap in card.missing
        ]
        st.warning(words("card.missing", slots=joint.join(slots)))
    elif card.has_posts:
        st.caption(words("card.complete"))
    if card.roster:
        rows = [_roster_row(words, line) for line in card.roster]
        table(words, rows, ("position", "holder", "duty"), key=f"roster_{card.code}")


def _roster_row(words: Words, line: RosterLine) -> dict[str, object]:
    return {
        "position": words.label("position", line.position),
        "holder": line.holder or DASH,
        "duty": words(f"card.{line.duty}"),
    }


def _counts(words: Words, card: UnitCard) -> None:
    st.markdown(f"**{words('card.counts', span=span_text(words, card.span))}**")
    if not card.by_kind:
        st.caption(words("card.no_incidents"))
        return
    rows = [
        {"kind": words.label("incident_kind", kind or None), "n": n}
        for kind, n in card.by_kind.items()
    ]
    table(words, rows, ("kind", "n"), key=f"kinds_{card.code}")


def _hazards(words: Words, card: UnitCard, tz: str) -> None:
    st.markdown(f"**{words('card.hazards', n=whole(card.hazards_open))}**")
    if card.hazards:
        rows = [
            {
                "kind": words.label("hazard_kind", record.kind),
                "severity": words.label("severity", record.severity),
                "found": moment(record.occurred_at, tz),
                "text": record.description or "",
            }
            for record in card.hazards
        ]
        table(words, rows, ("kind", "severity", "found", "text"), key=f"hazards_{card.code}")
    else:
        st.caption(words("card.no_hazards"))
    st.caption(words("card.disputes", n=whole(card.disputes_open)))
