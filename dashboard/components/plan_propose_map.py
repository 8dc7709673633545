"""Draw a proposal small: its grids, and hatched what comes to another grid.

Used by the planner's proposals. Knows nothing of the store beyond the page's caches.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Final

from dashboard import cache
from dashboard.components.formats import whole
from dashboard.components.map_panel import mount_packed
from dashboard.components.overview_map import basemap_of
from dashboard.components.plan_scenes import Drawn, division_scene, ground_layer
from dashboard.maps.live import pack_apart

if TYPE_CHECKING:
    from dashboard.maps.live import Packed
    from dashboard.text import Words
    from dashboard.viewmodels.plan_proposals import Offer, Offers

MAP_PX: Final = 300


def offer_map(words: Words, offers: Offers, offer: Offer) -> None:
    """Show the map of one proposal."""
    basemap = basemap_of(cache.config())

    def draw() -> Packed:
        grids = offer.grids
        drawn = Drawn(
            grids=grids,
            told=tuple(
                f"{name} · {code}" if name != code else str(code)
                for name, code in zip(grids["name"], grids["grid_code"], strict=True)
            ),
            title=words(
                "proposal.map",
                aim=words.label("proposal.aim", offer.aim),
                n=whole(len(grids)),
            ),
            fit_key=f"proposal:{offers.key}:{offers.ask.codes}",
        )
        over = (ground_layer(words, offer.ground),)
        scene = division_scene(words, cache.town("today"), drawn, over, basemap)
        return pack_apart(scene, height_px=MAP_PX)

    how = ("proposal", offers.key, repr(offers.ask), offer.aim, offer.proposal.grids,
           words.language, basemap)  # fmt: skip
    mount_packed(cache.drawn(how, draw), basemap, key=f"plan_propose_map_{offer.aim}")
