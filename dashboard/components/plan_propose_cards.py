"""Put the proposals side by side, each with its map, its trade-offs and how good it is; take one.

Used by the planner's proposals. There is no total score: each balance stands by itself.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

import streamlit as st

from dashboard import cache
from dashboard import session as visitor
from dashboard.actions import plan_proposals as acts
from dashboard.cache import plan_proposals as jobs
from dashboard.cache import planner as kept
from dashboard.components.formats import DASH, percent, square_km, whole
from dashboard.components.plain import plain
from dashboard.components.plan_propose_map import offer_map
from dashboard.components.plan_turns import attempt, planner, settle, turn_of
from dashboard.components.plan_words import facts_of
from data.errors import DataError
from geo.errors import GeoError

if TYPE_CHECKING:
    from dashboard.cache.plan_proposals import Held
    from dashboard.text import Words
    from dashboard.viewmodels.plan_proposals import Offer, Offers
    from dashboard.viewmodels.planner import PlanState
    from data.planning.opening import OpenPlan
    from data.repositories.plan_writes import Turn
    from geo.districting.goals import Merit

Row = tuple[str, str, str]


@dataclass(frozen=True, eq=False)
class Standing:
    """What was found, and whether it may be taken now."""

    offers: Offers
    can_take: bool


def show_cards(words: Words, state: PlanState, found: Held, standing: Standing) -> None:
    """Show the three proposals side by side."""
    boxes = st.columns(3, gap="small")
    for box, offer in zip(boxes, standing.offers.offers, strict=True):
        with box, st.container(border=True, key=f"plan_propose_card_{offer.aim}"):
            st.markdown(f"**{words.label('proposal.aim', offer.aim)}**")
            st.caption(words.label("proposal.aim_says", offer.aim))
            if offer.proposal.same_as:
                other = words.label("proposal.aim", offer.proposal.same_as)
                st.info(words("proposal.same_as", other=other))
                continue
            offer_map(words, standing.offers, offer)
            st.markdown(table_of(words, standing.offers, offer))
            st.caption(plain(honesty_of(words, offer)))
            _taking(words, state, found, standing, offer)


def table_of(words: Words, offers: Offers, offer: Offer) -> str:
    """Write the trade-offs against the start as a table in Markdown; what leads is in bold."""
    leading = _deviation_of(words, offers.ask.measure)
    lines = [f"| | {words('proposal.now')} | {words('proposal.then')} |", "|---|---:|---:|"]
    for row in rows_of(words, offers, offer):
        mark = "**" if row[0] == leading else ""
        lines.append("| " + " | ".join(f"{mark}{plain(cell)}{mark}" for cell in row) + " |")
    return "\n".join(lines)


def _deviation_of(words: Words, measure: str) -> str:
    return words("proposal.figure_name", name=words(f"plan_balance.{measure}"))


def rows_of(words: Words, offers: Offers, offer: Offer) -> list[Row]:
    """Give name, value of the start and value of the proposal, as text; not escaped."""
    rows = [
        (
            _deviation_of(words, was.name),
            _spread(was.max_deviation),
            _spread(now.max_deviation),
        )
        for was, now in zip(offers.start, offer.balances, strict=True)
    ]
    return rows + _bands(words, offer) + _moved(words, offers, offer) + _shapes(words, offer)


def _spread(deviation: float | None) -> str:
    return DASH if deviation is None else f"±{percent(deviation)}"


def _bands(words: Words, offer: Offer) -> list[Row]:
    before, after = offer.proposal.before, offer.proposal.after
    rows = [(words("proposal.figure.grids"), whole(before.grids), whole(after.grids))]
    for name in ("within_load_band", "within_household_band"):
        sides = []
        for side in (before, after):
            share = getattr(side, name)
            told = words("proposal.of_grids", n=whole(round((share or 0) * side.grids)),
                         of=whole(side.grids))  # fmt: skip
            sides.append(DASH if share is None else told)
        rows.append((words(f"proposal.figure.{name}"), sides[0], sides[1]))
    return rows


def _moved(words: Words, offers: Offers, offer: Offer) -> list[Row]:
    after = offer.proposal.after
    share = offer.moved_share(offers.households)
    households = DASH if after.moved_households is None else whole(after.moved_households)
    if share is not None:
        households = words("proposal.with_share", n=households, share=percent(share))
    residents = DASH if offer.moved_residents is None else whole(offer.moved_residents)
    return [
        (words("proposal.figure.moved_households"), DASH, households),
        (words("proposal.figure.moved_residents"), DASH, residents),
        (words("proposal.figure.moved_area"), DASH, square_km(offer.moved_m2)),
        (words("proposal.figure.changed_grids"), DASH, whole(after.changed_grids)),
    ]


def _shapes(words: Words, offer: Offer) -> list[Row]:
    sides = (offer.proposal.before, offer.proposal.after)
    rows = []
    for name, digits in (("mean_polsby_popper", 2), ("least_polsby_popper", 2), ("border_m", 0)):
        first, second = (f"{getattr(side, name):,.{digits}f}" for side in sides)
        rows.append((words(f"proposal.figure.{name}"), first, second))
    return rows


def honesty_of(words: Words, offer: Offer) -> str:
    """Say how a proposal was found and how far from the best it may be; not escaped."""
    said = [words.label("proposal.method", offer.proposal.method)]
    if offer.proposal.method == "start":
        said = [words("proposal.unchanged")]
    said.append(_bound(words, offer.proposal.merit, is_optimal=offer.proposal.is_optimal))
    return ("。" if words.language == "zh" else ". ").join(
        sentence.rstrip("。.") for sentence in said
    ) + ("。" if words.language == "zh" else ".")


def _bound(words: Words, merit: Merit, *, is_optimal: bool) -> str:
    if is_optimal:
        return words("proposal.bound.optimal")
    if merit.bound is None or merit.gap is None:
        return words("proposal.bound.none")
    is_share = merit.name == "max_deviation"
    bound = percent(merit.bound) if is_share else whole(merit.bound)
    value = percent(merit.value) if is_share else whole(merit.value)
    name = words(f"proposal.merit.{merit.name}", value=value)
    told = words(f"proposal.bound.{merit.bound_by}", bound=bound, gap=percent(merit.gap))
    return f"{name}{'；' if words.language == 'zh' else '; '}{told}"


def _taking(words: Words, state: PlanState, found: Held, standing: Standing, offer: Offer) -> None:
    """Offer to take it, or say why it cannot be taken."""
    offers = standing.offers
    if offer.fault is not None:
        code, fields = offer.fault
        st.warning(plain(words.error(code, facts_of(words, fields, cache.facts().tz))))
        return
    if not offer.can_be_taken:
        return
    if offers.is_over_limit(offer):
        share = percent(offer.moved_share(offers.households) or 0.0)
        limit = percent(offers.ask.most_moved or 0.0)
        st.warning(words("proposal.over_limit", share=share, limit=limit))
    is_off = not standing.can_take or offers.is_over_limit(offer)
    with st.container(horizontal=True):
        st.button(
            words("proposal.take"), type="primary", key=f"plan_propose_take_{offer.aim}",
            disabled=is_off, help=words("proposal.take_help", n=whole(len(offer.drawn))),
            on_click=_take, args=(words, state.plan.id, found, offer),
        )  # fmt: skip
        st.button(
            words("proposal.take_new"), key=f"plan_propose_draft_{offer.aim}", disabled=is_off,
            on_click=_take_new, args=(words, state, found, offer),
        )  # fmt: skip


def _take(words: Words, plan_id: int, found: Held, offer: Offer) -> None:
    """Write a proposal into the plan."""
    offers, n = found.search.offers, len(offer.drawn)
    if offers is None:
        return

    def change(turn: Turn) -> OpenPlan:
        now = acts.take(cache.database(), planner(), turn, (offers, offer), kept.opened(plan_id))
        jobs.note_taken(found, n, now.plan.version)
        return now

    fault = attempt(words, plan_id, change)
    settle(words, fault)
    if not fault:
        visitor.at_plan_desk(told=words("proposal.taken", n=whole(n)))


def _take_new(words: Words, state: PlanState, found: Held, offer: Offer) -> None:
    """Make a new draft of a proposal, and open it."""
    offers = found.search.offers
    if offers is None:
        return
    aim = words.label("proposal.aim", offer.aim)
    name = words("proposal.draft_name", name=state.plan.name, aim=aim)
    try:
        turn = turn_of(state.plan.id)
        now = acts.take_as_draft(cache.database(), planner(), turn, (offers, offer), name)
    except (DataError, GeoError) as fault:
        settle(words, words.error(fault.code, facts_of(words, fault.fields, cache.facts().tz)))
        return
    kept.keep(now)
    visitor.choose_plan(plan=now.plan.id, view="edit")
    visitor.put("plan_view", "edit")
    visitor.at_plan_desk(told=words("proposal.see_draft", name=name), fault="", conflict=None)


def taken_back(words: Words, plan_id: int, edits: int) -> None:
    """Undo the edits of a proposal together."""
    fault = attempt(
        words, plan_id, lambda turn: acts.take_back(cache.database(), planner(), turn, edits)
    )
    settle(words, fault)
    if not fault:
        visitor.at_plan_desk(told=words("proposal.taken_back", n=whole(edits)))
