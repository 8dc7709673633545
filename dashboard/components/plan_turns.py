"""Change the open plan: by what was drawn on the map, by a form, by undo and redo.

Used by the parts of the planner's page. Each change is made against the version that the visitor
saw; what is refused is said in one sentence, and the drawing waits in the store.
"""

from __future__ import annotations

from dataclasses import replace
from typing import TYPE_CHECKING, Final

import streamlit as st

from dashboard import cache
from dashboard import session as visitor
from dashboard.actions import plans as acts
from dashboard.actions.cases import acting_as
from dashboard.cache import planner as kept
from dashboard.cache.cases import desks
from dashboard.components.plain import plain
from dashboard.components.plan_map import last_drawn
from dashboard.components.plan_words import facts_of
from dashboard.maps.drawing import Ground, edit_of
from data.errors import DataError, PlanConflict
from data.repositories.plan_writes import Turn
from data.viewer import Role
from geo.errors import GeoError

if TYPE_CHECKING:
    from collections.abc import Callable

    from dashboard.maps.layers import Basemap
    from dashboard.text import Words
    from data.planning.opening import OpenPlan
    from data.viewer import Viewer
    from geo.edits.values import Edit

ACTOR_KEY: Final = "plan_actor"
ACROSS_KEY: Final = "plan_across"
_PIECES_MOST: Final = 3000


def acting(words: Words) -> None:
    """Ask under which service number the visitor plans; the account itself otherwise.

    Without accounts of their own all visitors of a store would be one person, and nobody could
    approve another's plan.
    """
    account, held = cache.viewer(), visitor.load().plan_desk.actor
    found = {desk.name: desk for desk in desks()}
    visitor.seed(ACTOR_KEY, held if held in found else "")
    name = st.selectbox(
        words("case.acting"),
        ["", *found],
        key=ACTOR_KEY,
        label_visibility="collapsed",
        width=260,
        help=words("planner.acting_help"),
        format_func=lambda code: (
            words("case.account", name=account.name, role=words.label("role", account.role.value))
            if code not in found
            else f"{found[code].title} · {code} · {found[code].place}"
        ),
    )
    if name != held:
        visitor.at_plan_desk(actor=str(name))


def planner() -> Viewer:
    """Say who plans: whoever acts under a service number does so as a planner."""
    account, actor = cache.viewer(), visitor.load().plan_desk.actor
    return acting_as(account, actor, Role.PLANNER) if actor else account


def turn_of(plan_id: int) -> Turn:
    """Give the turn: against the version that was shown last."""
    plan, version = visitor.load().plan_desk.seen
    seen = version if plan == plan_id else kept.version_of(plan_id)
    return Turn(plan_id, seen, cache.written_at())


def notice(now: OpenPlan) -> None:
    """Note what somebody else did since this visitor last saw the plan, to be shown."""
    plan, (seen_id, seen) = now.plan, visitor.load().plan_desk.seen
    if seen_id == plan.id and seen != plan.version:
        meanwhile = [
            {"number": e.number, "kind": e.kind, "grids": e.codes, "by": e.author, "at": e.at}
            for e in kept.edits_since(plan.id, seen)
        ]
        visitor.at_plan_desk(
            conflict={
                "by": plan.changed_by, "at": plan.changed_at, "action": plan.last_action,
                "yours": seen, "current": plan.version, "edits": meanwhile, "aside": None,
            }
        )  # fmt: skip
    saw(now)


def saw(now: OpenPlan) -> None:
    """Remember which version the visitor sees."""
    visitor.at_plan_desk(seen=(now.plan.id, now.plan.version))


def follow_drawing(words: Words, plan_id: int, key: str, basemap: Basemap) -> None:
    """Do what was just drawn on the map, before the page is drawn: so it shows what came of it."""
    drawn, desk = last_drawn(key), visitor.load().plan_desk
    if drawn is None or drawn.seq <= desk.answered:
        return
    visitor.at_plan_desk(answered=drawn.seq, refused=(0, ""))
    if drawn.op in {"undo", "redo"}:
        fault = step(words, plan_id, back=drawn.op == "undo")
    else:
        fault = draw(words, plan_id, lambda seen: edit_of(
            drawn, _ground(seen, basemap), acts.namer(seen.tiling)
        ))  # fmt: skip
    if fault:
        visitor.at_plan_desk(refused=(drawn.seq, fault))


def _ground(seen: OpenPlan, basemap: Basemap) -> Ground:
    found = kept.pieces()
    pieces = dict(zip(found["compound_id"].astype(str), found.geometry, strict=True))
    return Ground(kept.vertices(seen), basemap, pieces if len(pieces) <= _PIECES_MOST else {})


def draw(words: Words, plan_id: int, make: Callable[[OpenPlan], Edit | None]) -> str:
    """Make an edit of the plan as the visitor saw it, and log it; give why not, or nothing."""

    def change(turn: Turn) -> OpenPlan:
        seen = kept.opened_at(plan_id, turn.seen_version) or kept.opened(plan_id)
        edit = make(seen)
        if edit is None:
            return seen
        is_across = bool(visitor.value(ACROSS_KEY))
        how = replace(kept.options(), across_parents=is_across)
        return acts.draw(cache.database(), planner(), turn, edit, (how, seen))

    return attempt(words, plan_id, change)


def step(words: Words, plan_id: int, *, back: bool) -> str:
    """Undo or redo; give why not, or nothing."""
    return attempt(
        words, plan_id, lambda turn: acts.step(cache.database(), planner(), turn, back=back)
    )


def attempt(words: Words, plan_id: int, change: Callable[[Turn], OpenPlan]) -> str:
    """Change the plan; keep and show what came of it, or give the sentence that says why not."""
    desk = visitor.load().plan_desk
    try:
        with cache.one_reading():  # nothing that is cached is asked for after the change is made
            now = change(turn_of(plan_id))
    except PlanConflict as conflict:
        fields = conflict.fields
        seen = (plan_id, int(fields["current"]))
        visitor.at_plan_desk(conflict=dict(fields), done=desk.done + 1, seen=seen)
        return words.error(conflict.code, facts_of(words, fields, cache.facts().tz))
    except (DataError, GeoError) as fault:
        return words.error(fault.code, facts_of(words, fault.fields, cache.facts().tz))
    kept.keep(now)
    saw(now)
    visitor.at_plan_desk(done=desk.done + 1, conflict=None)
    return ""


def settle(words: Words, fault: str) -> None:
    """Note what came of a form, to be said in the run that follows."""
    visitor.at_plan_desk(fault=fault, told="" if fault else words("planner.done"))


def settled(words: Words, change: Callable[[], object]) -> None:
    """Write something that is no edit, and note what came of it."""
    try:
        change()
    except (DataError, GeoError) as fault:
        settle(words, words.error(fault.code, facts_of(words, fault.fields, cache.facts().tz)))
        return
    visitor.at_plan_desk(done=visitor.load().plan_desk.done + 1)
    settle(words, "")


def say_once() -> None:
    """Show what came of the last form, once."""
    desk = visitor.load().plan_desk
    if desk.fault:
        st.error(plain(desk.fault))
    elif desk.told:
        st.toast(plain(desk.told))
    if desk.fault or desk.told:
        visitor.at_plan_desk(fault="", told="")
