"""Draw the overview's map once for a question, and keep it packed.

Used by the overview screen, which asks for it before it shows anything: so filters, figures and map
reach the browser in one go.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Final

from dashboard import cache
from dashboard.components.filters import wanted_of
from dashboard.components.formats import moment
from dashboard.components.overview_map import Sight, basemap_of, overview_scene
from dashboard.maps.live import pack_apart

if TYPE_CHECKING:
    from dashboard.maps.layers import MapScene, MapView
    from dashboard.maps.live import Packed
    from dashboard.session import Session
    from dashboard.text import Words

PICTURE_PX: Final = 590


def picture(words: Words, session: Session, view: MapView | None) -> tuple[Packed, int]:
    """Give the packed map, and how many incidents of the view it leaves out."""

    def draw() -> tuple[Packed, int]:
        scene, left_out = overview_scene_of(words, session, view)
        return pack_apart(scene, height_px=PICTURE_PX), left_out

    basemap = basemap_of(cache.config())
    how = ("overview", wanted_of(session), words.language, view, session.selected, basemap)
    return cache.drawn(how, draw)


def overview_scene_of(words: Words, session: Session, view: MapView | None) -> tuple[MapScene, int]:
    """Build the scene under a visitor's choices, and say how many incidents it leaves out."""
    town, shown = cache.town(session.as_of), cache.overview(wanted_of(session))
    facts = cache.facts()
    age = words(
        "overview.as_of_records",
        latest=moment(shown.latest_at, facts.tz),
        imported=moment(facts.last_import_at, facts.tz),
    )
    sight = Sight(view, session.selected, age)
    return overview_scene(town, shown, words, sight, basemap_of(cache.config()))
