"""Turn a patrol brief into a map scene: cells, the round, numbered places.

Used by the patrol screen. Knows nothing of the store.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Final

import numpy as np
from shapely import LineString

from dashboard.components.map_ground import street_layers, unit_lines
from dashboard.components.overview_map import map_texts
from dashboard.maps.layers import (
    LabelLayer,
    Layer,
    LineLayer,
    LineStyle,
    MapScene,
    PointKind,
    PointLayer,
)
from dashboard.theme import Shape

if TYPE_CHECKING:
    from dashboard.maps.layers import Basemap
    from dashboard.printing.patrol_sheet import PlaceText
    from dashboard.text import Words
    from dashboard.viewmodels.patrol_values import Brief
    from dashboard.viewmodels.town import Town

_CELL: Final = LineStyle("#c2410c", 2.5)
_ROUND: Final = LineStyle("#7b2d8e", 2.5, (7.0, 4.0))
_PLACE: Final = "#7b2d8e"
_MARGIN_DEG: Final = 0.0015


def patrol_scene(
    town: Town, brief: Brief, texts: tuple[PlaceText, ...], words: Words, basemap: Basemap
) -> MapScene:
    """Build the scene of one brief."""
    return MapScene(
        layers=(
            *street_layers(town, words),
            unit_lines(town, words),
            *_cells(brief, texts, words),
            *_round(brief, words),
            *_places(brief, texts, words),
        ),
        bounds=_bounds(town, brief),
        texts=map_texts(words),
        language=words.language,
        as_of=words("patrol.map_places"),
        basemap=basemap,
        fit_key=f"patrol:{brief.asked.area}:{brief.asked.day}:{brief.asked.start_hour}",
    )


def _bounds(town: Town, brief: Brief) -> tuple[float, float, float, float]:
    if not brief.places:
        return town.bounds(brief.area)
    lon, lat = [place.lon for place in brief.places], [place.lat for place in brief.places]
    return (
        min(lon) - _MARGIN_DEG, min(lat) - _MARGIN_DEG,
        max(lon) + _MARGIN_DEG, max(lat) + _MARGIN_DEG,
    )  # fmt: skip


def _cells(brief: Brief, texts: tuple[PlaceText, ...], words: Words) -> tuple[Layer, ...]:
    shapes = [place.outline for place in brief.places]
    names = tuple(f"{text.number}  {text.name}\n{text.count}" for text in texts)
    return (LineLayer("cells", words("patrol.map_cells"), shapes, _CELL, names),)


def _round(brief: Brief, words: Words) -> tuple[Layer, ...]:
    if len(brief.order) < 2:  # noqa: PLR2004 - a line has two ends
        return ()
    stops = [(brief.places[row].lon, brief.places[row].lat) for row in brief.order]
    return (LineLayer("round", words("patrol.map_round"), [LineString(stops)], _ROUND),)


def _places(brief: Brief, texts: tuple[PlaceText, ...], words: Words) -> tuple[Layer, ...]:
    if not brief.places:
        return ()
    lon = np.array([place.lon for place in brief.places])
    lat = np.array([place.lat for place in brief.places])
    marks = PointLayer(
        id="places",
        title=words("patrol.map_places"),
        lon=lon,
        lat=lat,
        kind=np.zeros(len(lon), dtype=np.uint8),
        kinds=(PointKind(words("patrol.map_places"), _PLACE, Shape.CIRCLE),),
        tooltips=tuple(f"{text.number}  {text.name}\n{text.count}" for text in texts),
        radius_px=6.0,
    )
    numbers = LabelLayer("numbers", "", tuple(str(text.number) for text in texts), lon, lat)
    return (marks, numbers)
