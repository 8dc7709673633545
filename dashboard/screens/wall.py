"""Show the wall: full screen, no controls, asked for news every second by itself."""

from __future__ import annotations

from datetime import UTC, datetime
from typing import TYPE_CHECKING, Final

import streamlit as st

from dashboard import cache
from dashboard import session as visitor
from dashboard.cache import wall as wall_cache
from dashboard.components.overview_map import basemap_of
from dashboard.components.wall_board import board_value, picture_value
from dashboard.components.wall_map import wall_scene
from dashboard.components.wall_mount import mount_board, mount_map, packed, strip_page
from data.errors import ConfigError

if TYPE_CHECKING:
    from dashboard.cache.wall import Content
    from dashboard.maps.layers import Basemap
    from dashboard.maps.live import Packed
    from dashboard.text import Words

BEAT_S: Final = 1.0
"""Seconds between two questions; each asks for revision numbers only."""


def render(words: Words) -> None:
    """Draw the page once; it goes on by itself."""
    strip_page()
    held = visitor.load()
    _beat(words.language, held.area, follow=held.follow)


@st.fragment(run_every=BEAT_S)
def _beat(language: str, area: str, *, follow: bool) -> None:
    from dashboard.text import Words, language_of

    words = Words(language_of(language))
    state = wall_cache.look(area)
    now = datetime.now(UTC)
    content = state.content
    if content is None:
        mount_board(board_value(state, None, words, now))
        return
    key = (*state.key, language)
    picture = wall_cache.board_part(("board", *key), lambda: picture_value(content, words))
    still = {} if follow else {"follow_seconds": 0}
    mount_board(board_value(state, {**picture, **still}, words, now))
    if len(content.picture.rows):
        mount_map(wall_cache.board_part(("map", *key), lambda: _map(content, words)))


def _map(content: Content, words: Words) -> Packed:
    return packed(wall_scene(content, words, _basemap()))


def _basemap() -> Basemap:
    """Give the configured basemap; the plain one where its file went away."""
    from dashboard.maps.layers import Basemap

    try:
        return basemap_of(cache.config())
    except ConfigError:
        return Basemap()
