"""Find the duty telephones of who covers a place: of posts and offices, never of a person.

Used by `dashboard.cache.patrol` and `gridbeat patrol`. Knows nothing of languages.
"""

from __future__ import annotations

from collections import defaultdict
from typing import TYPE_CHECKING, Final

from dashboard.printing.contact_card import ContactLine
from dashboard.viewmodels.contact import build_cards
from data.repositories.people import list_posts
from data.repositories.places import list_places
from data.vocabulary import PlaceLevel

if TYPE_CHECKING:
    from collections.abc import Mapping

    from sqlalchemy.orm import Session

    from dashboard.viewmodels.town import Town
    from data.viewer import Viewer

MOST_PHONES: Final = 3


def duty_phones(
    session: Session, viewer: Viewer, town: Town, codes: frozenset[str]
) -> Mapping[str, tuple[ContactLine, ...]]:
    """Give the numbers of units, the nearest first, each number once.

    In order: posts of the unit, the unit's office, then what the community's contact card says
    (its officers, its office, its service points, the police station).

    Parameters
    ----------
    codes
        Codes of `town.units`; those not among them are left out.

    Returns
    -------
    mapping
        Code → at most `MOST_PHONES` lines, all of which have a number; none: an empty tuple.
    """
    level, as_of = str(town.level), town.as_of
    known = sorted(code for code in codes if code in town.units.index)
    above = {code: _community(town, code) for code in known}
    lines: dict[tuple[str, str], list[ContactLine]] = defaultdict(list)
    for post in list_posts(session, viewer, as_of=as_of):
        if post.place_level == level and post.place_code in above:
            line = ContactLine("position", post.position, post.title, post.office_phone)
            lines[level, post.place_code].append(line)
    for place in list_places(session, viewer, as_of=as_of):
        if place.level in {level, PlaceLevel.COMMUNITY.value}:
            line = ContactLine("level", place.level, place.name, place.office_phone)
            lines[place.level, place.code].append(line)
    communities = sorted({code for code in above.values() if code})
    cards = (
        build_cards(session, viewer, as_of=as_of, codes=communities, address="")
        if communities
        else ()
    )
    of_community = {card.code: card.lines for card in cards}
    community = PlaceLevel.COMMUNITY.value
    found = {}
    for code, name in above.items():
        every = [*lines[level, code], *of_community.get(name, ()), *lines[community, name]]
        once = {line.office_phone: line for line in reversed(every) if line.office_phone}
        kept = [line for line in every if once.get(line.office_phone or "") is line]
        found[code] = tuple(kept[:MOST_PHONES])
    return found


def _community(town: Town, code: str) -> str:
    """Code of the community of a unit; empty where the store has none."""
    if town.level is PlaceLevel.COMMUNITY:
        return code
    if "community_code" not in town.units.columns:
        return ""
    above = str(town.units["community_code"][code] or "")
    return above if town.name(PlaceLevel.COMMUNITY.value, above) else ""
