"""Show who does the work of each post on a day and who is missing, and how rosters are filled.

Used by the people screen. Titles come from files: they are shown as text only.
"""

from __future__ import annotations

from collections import defaultdict
from typing import TYPE_CHECKING, Final

import pandas as pd
import streamlit as st

from dashboard.components.formats import DASH, percent, whole
from dashboard.components.plain import plain
from dashboard.components.tables import table
from dashboard.theme import STATUS_SIGNS
from dashboard.viewmodels.people import SeatState

if TYPE_CHECKING:
    from dashboard.text import Words
    from dashboard.viewmodels.people import People, Seat
    from data.repositories.people import RosterState

STATE_SIGNS: Final = {
    SeatState.FILLED: "good",
    SeatState.SUBSTITUTED: "note",
    SeatState.SHORT: "warn",
    SeatState.ON_LEAVE: "warn",
    SeatState.VACANT: "bad",
}
_MISSING: Final = ("community_name", "position", "holder", "post_state", "filled_of")
_COVER: Final = (
    "place", "position", "holder", "post_state", "substitute", "in_post_since", "filled_of",
)  # fmt: skip
_ROSTER_PX: Final = 460


def state_text(words: Words, state: SeatState) -> str:
    """Write a state with its mark: never by colour alone."""
    return f"{STATUS_SIGNS[STATE_SIGNS[state]].mark} {words(f'people.state_{state.value}')}"


def show_missing(words: Words, shown: People) -> None:
    """List the posts where somebody is missing, worst first."""
    missing = shown.missing
    if not missing:
        st.success(words("people.missing_none"))
        return
    st.markdown(f"**{words('people.missing', n=whole(len(missing)))}**")
    rows = [_missing_row(words, seat) for seat in missing]
    table(words, rows, _MISSING, key="people_missing", height_px=min(35 * (len(rows) + 1) + 3, 385))


def show_cover(words: Words, shown: People) -> None:
    """List every post and who does its work."""
    st.markdown(f"**{words('people.covering', n=whole(len(shown.seats)))}**")
    rows = [row for seat in shown.seats for row in _cover_rows(words, seat)]
    table(words, rows, _COVER, key="people_cover")


def show_rosters(words: Words, shown: People) -> None:
    """Show each unit's staffing pattern slot by slot, one table for each pattern."""
    if not shown.rosters:
        st.info(words("people_roster.none"))
        return
    by_template: dict[str, list[RosterState]] = defaultdict(list)
    for roster in shown.rosters:
        by_template[roster.template].append(roster)
    is_short = st.toggle(words("people_roster.only_missing"), key="roster_only_missing")
    for name, rosters in by_template.items():
        complete = sum(roster.is_complete for roster in rosters)
        st.markdown(
            words(
                "people_roster.complete",
                template=plain(_template(words, rosters[0])),
                n=whole(complete),
                base=whole(len(rosters)),
                share=percent(complete / len(rosters)),
            )
        )
        listed = [roster for roster in rosters if not (is_short and roster.is_complete)]
        if listed:
            _roster_table(words, name, listed)
    st.caption(words("people_roster.slot_help"))


def _missing_row(words: Words, seat: Seat) -> dict[str, object]:
    return {
        "community_name": _place(seat),
        "position": words.label("position", seat.post.position),
        "holder": words("joint.items").join(
            duty.holder_title for duty in seat.post.duties if not duty.is_filled
        )
        or DASH,
        "post_state": state_text(words, seat.state),
        "filled_of": _filled(words, seat),
    }


def _cover_rows(words: Words, seat: Seat) -> list[dict[str, object]]:
    """One row for each holder; one for a post without any."""
    base: dict[str, object] = {
        "place": _place(seat),
        "position": words.label("position", seat.post.position),
        "filled_of": _filled(words, seat),
    }
    if not seat.post.duties:
        return [base | {"holder": DASH, "post_state": state_text(words, seat.state)}]
    rows: list[dict[str, object]] = []
    for duty in seat.post.duties:
        state = SeatState.FILLED
        if duty.is_on_leave:
            state = SeatState.SUBSTITUTED if duty.substitute_title else SeatState.ON_LEAVE
        rows.append(
            base
            | {
                "holder": duty.holder_title,
                "post_state": state_text(words, state),
                "substitute": duty.substitute_title or "",
                "in_post_since": duty.since.isoformat() if duty.since else DASH,
            }
        )
    return rows


def _place(seat: Seat) -> str:
    own = seat.post.place_name
    return own if own == seat.community or seat.community in own else f"{seat.community} {own}"


def _filled(words: Words, seat: Seat) -> str:
    n, base = whole(seat.post.filled_count), whole(seat.post.planned_count)
    return words("people.share_of", n=n, base=base)


def _roster_table(words: Words, name: str, rosters: list[RosterState]) -> None:
    slots = rosters[0].slots
    labels = [slot.label_zh if words.language == "zh" else slot.label_en for slot in slots]
    rows = [
        [
            roster.place_name,
            roster.place_code,
            *(
                words("people_roster.slot", present=slot.present, needed=slot.needed)
                for slot in roster.slots
            ),
            _lacks(words, roster),
        ]
        for roster in rosters
    ]
    headers = [words("column.unit_name"), words("column.code"), *labels]
    st.dataframe(
        pd.DataFrame(rows, columns=[*headers, words("column.roster_state")]),
        hide_index=True,
        width="stretch",
        height="content" if len(rows) <= 12 else _ROSTER_PX,  # noqa: PLR2004 - as in tables
        key=f"roster_table_{name}",
    )


def _template(words: Words, roster: RosterState) -> str:
    label = roster.label_zh if words.language == "zh" else roster.label_en
    return label or roster.template


def _lacks(words: Words, roster: RosterState) -> str:
    """Say what is missing."""
    if roster.is_complete:
        return f"{STATUS_SIGNS['good'].mark} {words('people_roster.is_complete')}"
    named = [
        words(
            "people_roster.slot_n",
            slot=slot.label_zh if words.language == "zh" else slot.label_en,
            n=whole(slot.missing),
        )
        for slot in roster.slots
        if slot.missing
    ]
    told = words("people_roster.lacks", slots=words("joint.items").join(named))
    return f"{STATUS_SIGNS['bad'].mark} {told}"
