"""Show the bulletin of a community or subdistrict for a period, to download with one click."""

from __future__ import annotations

from datetime import date, timedelta
from typing import TYPE_CHECKING
from zoneinfo import ZoneInfo

import streamlit as st

from dashboard import cache
from dashboard import session as visitor
from dashboard.cache.bulletin import bulletin, public_bulletin
from dashboard.components.bulletin_view import show_bulletin
from dashboard.components.fields import day_field
from dashboard.components.filters import wanted_of
from dashboard.components.formats import area_text
from dashboard.components.notices import guard
from dashboard.text import LANGUAGES, Words
from dashboard.viewmodels.public_bulletin import is_published
from data.counting import AS_OF_TODAY
from data.errors import RecordNotFound
from data.repositories.places import today_here

if TYPE_CHECKING:
    from dashboard.printing.public_bulletin import PublicBulletin
    from dashboard.viewmodels.town import Town

_DAY = timedelta(days=1)


def render(words: Words) -> None:
    """Draw the page."""
    with guard(words):
        town = cache.town(AS_OF_TODAY)
        latest_at = cache.overview(wanted_of(visitor.Session())).latest_at
        if latest_at is None:
            st.info(words("bulletin.no_records"))
            return
        last_on = latest_at.astimezone(ZoneInfo(cache.facts().tz)).date()
        span, said = _choices(words, town, last_on)
        facts = cache.facts()
        scenario = said.label("scenario", facts.scenario) if facts.scenario else ""
        asked = (visitor.load().area, span, scenario)
        show_bulletin(words, said, bulletin(*asked), _public(asked))


def _public(asked: tuple[str, tuple[date, date], str]) -> PublicBulletin | None:
    """Give the public version; none for other days than whole months, and without communities."""
    if not is_published(asked[1], today_here()):
        return None
    try:
        return public_bulletin(*asked)
    except RecordNotFound:
        return None


def _choices(words: Words, town: Town, last_on: date) -> tuple[tuple[date, date], Words]:
    """Ask for place, days (the last whole month first) and language."""
    boxes = st.columns((1.6, 0.9, 0.9, 1, 1.6), gap="small", vertical_alignment="bottom")
    names = {area.key: area_text(words, area) for area in town.areas}
    held = visitor.load()
    visitor.seed("bulletin_area", held.area if held.area in names else "")
    with boxes[0]:
        area = st.selectbox(
            words("bulletin.place"),
            ["", *names],
            format_func=lambda key: names.get(key, key or words("bulletin.whole_store")),
            key="bulletin_area",
        )
    visitor.update(area=area)
    with boxes[1]:
        first, end = whole_month(last_on)
        since_on = day_field(words("bulletin.since"), first, key="bulletin_since") or first
    with boxes[2]:
        last = day_field(words("bulletin.last"), end, key="bulletin_last") or end
    visitor.seed("bulletin_language", words.language)
    with boxes[3]:
        language = st.segmented_control(
            words("bulletin.language"),
            LANGUAGES,
            required=True,
            format_func=lambda code: words(f"cards.language_{code}"),
            key="bulletin_language",
        )
    said = next((Words(code) for code in LANGUAGES if code == language), words)
    return (since_on, last + _DAY), said


def whole_month(last_on: date) -> tuple[date, date]:
    """Give first and last day of the latest month that is over on `last_on`, that day included."""
    end_on = (last_on + _DAY).replace(day=1) - _DAY
    return end_on.replace(day=1), end_on
