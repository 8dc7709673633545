"""Keep bulletins, by revision; each says when it was made.

Used by the bulletin screen.
"""

from __future__ import annotations

from datetime import UTC, date, datetime
from typing import TYPE_CHECKING

import streamlit as st

from dashboard import cache
from dashboard.viewmodels.bulletin import BulletinAsked, build_bulletin
from dashboard.viewmodels.public_bulletin import build_public_bulletin
from data.counting import AS_OF_TODAY
from data.repositories.places import today_here

if TYPE_CHECKING:
    from dashboard.printing.bulletin import Bulletin
    from dashboard.printing.public_bulletin import PublicBulletin
    from data.viewer import Viewer


def bulletin(area: str, span: tuple[date, date], scenario: str) -> Bulletin:
    """Give the bulletin of an area for local days, half-open.

    Parameters
    ----------
    scenario
        Name of the synthetic scenario in words; empty for one's own records.

    Raises
    ------
    DataError, RecordNotFound
        Those of `build_bulletin`.
    """
    asked = (area, *span, scenario)
    return _bulletin(cache.store_key(), cache.some_revisions(), today_here(), asked, cache.viewer())


def public_bulletin(area: str, span: tuple[date, date], scenario: str) -> PublicBulletin:
    """Give the public version of a bulletin; as `bulletin`.

    Raises
    ------
    DataError, RecordNotFound
        Those of `build_public_bulletin`.
    """
    asked = (area, *span, scenario)
    return _public(cache.store_key(), cache.some_revisions(), today_here(), asked, cache.viewer())


@st.cache_data(max_entries=16, ttl=600, show_spinner=False)
def _bulletin(
    path: str,
    revisions: cache.Revisions,
    today: date,
    asked: tuple[str, date, date, str],
    viewer: Viewer,
) -> Bulletin:
    del path, revisions  # part of the key
    placed = cache.placed_layers(AS_OF_TODAY, today, viewer)
    return build_bulletin(cache.town(AS_OF_TODAY), placed, _asked(asked, viewer))


@st.cache_data(max_entries=16, ttl=600, show_spinner=False)
def _public(
    path: str,
    revisions: cache.Revisions,
    today: date,
    asked: tuple[str, date, date, str],
    viewer: Viewer,
) -> PublicBulletin:
    del path, revisions  # part of the key
    placed = cache.placed_layers(AS_OF_TODAY, today, viewer)
    return build_public_bulletin(cache.town(AS_OF_TODAY), placed, _asked(asked, viewer))


def _asked(asked: tuple[str, date, date, str], viewer: Viewer) -> BulletinAsked:
    area, since_on, until_on, scenario = asked
    return BulletinAsked(
        area=area,
        since_on=since_on,
        until_on=until_on,
        now=datetime.now(UTC),
        tz=cache.facts().tz,
        printed_by=viewer.name,
        scenario=scenario,
    )
