"""Ask on which grids things are counted, and say on which they are: the same on every page.

Used by the overview and the hotspot screen. Names of plans come from people: whoever shows them as
Markdown escapes them.
"""

from __future__ import annotations

from datetime import date
from typing import TYPE_CHECKING, Final

import streamlit as st

from dashboard import cache
from dashboard import session as visitor
from dashboard.components.fields import DAY_PX, day_field
from dashboard.components.formats import whole
from dashboard.components.plain import plain
from dashboard.session import AS_OF_EVENT, AS_OF_TODAY
from data.grids_of import PLAN_PREFIX, plan_number
from data.repositories.places import today_here
from data.repositories.plan_records import PlanStatus

if TYPE_CHECKING:
    from dashboard.session import Session
    from dashboard.text import Words

DAY: Final = "date"
"""The choice of a day of one's own."""


def grids_field(words: Words, chosen: str, *, key: str) -> str:
    """Offer today's grids, those valid then, a day's and every plan's; give the choice."""
    plans = [f"{PLAN_PREFIX}{one.id}" for one in cache.plans() if _is_offered(one, chosen)]
    options = (AS_OF_TODAY, AS_OF_EVENT, DAY, *plans)
    visitor.seed(key, chosen if chosen in options else DAY)
    return st.selectbox(
        words("grids_of.choose"),
        options,
        format_func=lambda option: grids_name(words, option),
        key=key,
        help=words("grids_of.choose_help"),
    )


def grids_name(words: Words, as_of: str) -> str:
    """Name the grids of a choice in a few words; a day is its own name."""
    plan = next((one for one in cache.plans() if f"{PLAN_PREFIX}{one.id}" == as_of), None)
    if plan is not None:
        status = words.label("plan_status", plan.status.value)
        return words("grids_of.plan", name=plan.name, status=status)
    return words(f"filter.as_of_{as_of}") if as_of in (AS_OF_TODAY, AS_OF_EVENT, DAY) else as_of


def grids_day(words: Words, chosen: str, *, key: str) -> str:
    """Ask for the day, where a day of one's own was chosen."""
    try:
        day = date.fromisoformat(chosen)
    except ValueError:
        day = today_here()
    picked = day_field(words("filter.as_of_day"), day, key=key, width_px=DAY_PX)
    return picked.isoformat() if picked is not None else AS_OF_TODAY


def sound(words: Words, session: Session, *, key: str) -> Session:
    """Fall back to today's grids, and say so, where a plan of the address is not there."""
    number = plan_number(session.as_of)
    if number is None or any(plan.id == number for plan in cache.plans()):
        return session
    st.warning(words("grids_of.gone", plan=number))
    visitor.put(key, AS_OF_TODAY)
    return visitor.update(as_of=AS_OF_TODAY)


def grids_told(words: Words, as_of: str, *, with_people: bool = True, escaped: bool = False) -> str:
    """Say on which grids figures stand, and what is estimated there.

    Parameters
    ----------
    escaped
        For Markdown: the name of a plan is shown as text only.
    """
    chosen = cache.plan_grids(as_of)
    if chosen is None:
        if as_of in {AS_OF_TODAY, AS_OF_EVENT}:
            return words(f"overview.grids_{as_of}")
        return words("overview.grids_date", day=as_of)
    name = str(chosen.plan_name)
    told = words(
        "grids_of.stands_on", name=plain(name) if escaped else name, version=chosen.plan_version
    )
    marked = len(chosen.estimated()) if with_people else 0
    return f"{told} {words('grids_of.people', n=whole(marked))}" if marked else told


def _is_offered(plan: cache.ListedPlan, chosen: str) -> bool:
    """Whether anybody may want a plan's grids; the one that is chosen stays in the list."""
    if f"{PLAN_PREFIX}{plan.id}" == chosen:
        return True
    return plan.status is not PlanStatus.WITHDRAWN and not plan.is_template
