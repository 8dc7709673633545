"""Turn the posts of a day into a map scene: units by share filled, outlines, posts and gaps.

Used by the people screen, on the live map. Knows nothing of the store.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np

from dashboard.components.formats import DASH, percent
from dashboard.components.map_ground import outline_layers, street_layers, unit_labels
from dashboard.components.overview_map import map_texts
from dashboard.maps.classes import classes_for
from dashboard.maps.layers import (
    GridLayer,
    Layer,
    MapScene,
    PointKind,
    PointLayer,
)
from dashboard.theme import POST_SIGNS

if TYPE_CHECKING:
    from collections.abc import Sequence

    from dashboard.maps.layers import Basemap
    from dashboard.text import Words
    from dashboard.viewmodels.people import Seat
    from dashboard.viewmodels.town import Area, Town


def people_scene(
    town: Town, seats: Sequence[Seat], words: Words, area: Area | None, basemap: Basemap
) -> MapScene:
    """Build the scene of an area (None: all)."""
    units = town.units[town.in_area(area)]
    return MapScene(
        layers=(
            *street_layers(town, words, named=False),
            _units(town, words, area),
            *outline_layers(town, words),
            *_posts(seats, words),
            unit_labels(words, units["name"], units.geometry.to_numpy()),
        ),
        bounds=town.bounds(area),
        texts=map_texts(words),
        language=words.language,
        as_of=town.as_of.isoformat(),
        basemap=basemap,
        hidden=frozenset({"labels"}),
        fit_key=f"{town.as_of}:{area.key if area else ''}:{len(town.units)}",
    )


def _units(town: Town, words: Words, area: Area | None) -> GridLayer:
    units = town.units[town.in_area(area)]
    shares = [town.staffing[code].share if code in town.staffing else None for code in units.index]
    values = np.array([np.nan if share is None else 100 * share for share in shares])
    title = words("people.map_measure")
    joint = "：" if words.language == "zh" else ": "
    return GridLayer(
        id="units",
        title=words.label("level", str(town.level)),
        codes=tuple(map(str, units.index)),
        names=tuple(map(str, units["name"])),
        geometries=list(units.geometry.to_numpy()),
        values=values,
        classes=classes_for(
            values,
            title=title,
            no_base_label=words("map.no_base"),
            method="coverage",
            is_count=False,
        ),
        tooltips=tuple(
            f"{name}\n{title}{joint}{DASH if share is None else percent(share)}"
            for name, share in zip(units["name"], shares, strict=True)
        ),
    )


def _posts(seats: Sequence[Seat], words: Words) -> tuple[Layer, ...]:
    """Draw the posts that have a place: those filled, and the gaps."""
    points = [
        (seat, seat.post.point.representative_point())
        for seat in seats
        if seat.post.point is not None
    ]
    if not points:
        return ()
    filled, vacant = POST_SIGNS
    kinds = (
        PointKind(words("map.post_filled"), filled.colour, filled.shape),
        PointKind(words("map.post_vacant"), vacant.colour, vacant.shape),
    )
    points.sort(key=lambda one: one[0].is_missing)  # gaps are drawn last, on top
    layer = PointLayer(
        id="posts",
        title=words("map.posts"),
        lon=np.array([at.x for _, at in points], dtype=np.float64),
        lat=np.array([at.y for _, at in points], dtype=np.float64),
        kind=np.array([int(seat.is_missing) for seat, _ in points], dtype=np.uint8),
        kinds=kinds,
        tooltips=tuple(
            f"{seat.community} {words.label('position', seat.post.position)}\n"
            f"{words(f'people.state_{seat.state.value}')}"
            for seat, _ in points
        ),
        radius_px=8.0,
    )
    return (layer,)
