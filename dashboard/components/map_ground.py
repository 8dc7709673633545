"""Draw what lies below and around the units of every map: streets, outlines, names.

Used by the maps of all pages but the wall, whose colours are its own. Knows nothing of the store.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Final

import shapely

from dashboard.maps.layers import LabelLayer, LineLayer, LineStyle
from dashboard.theme import BOUNDARY_COLOUR, STREET_COLOUR

if TYPE_CHECKING:
    from collections.abc import Iterable

    import numpy as np
    from numpy.typing import NDArray

    from dashboard.text import Words
    from dashboard.viewmodels.town import Town

LABELS_FROM_ZOOM: Final = 14.0
STREET_STYLE: Final = LineStyle(STREET_COLOUR, 2.0)
OUTLINE_STYLE: Final = LineStyle(BOUNDARY_COLOUR, 1.8, (6.0, 3.0))
UNIT_STYLE: Final = LineStyle(BOUNDARY_COLOUR, 1.0, (4.0, 3.0))


def street_layers(town: Town, words: Words, *, named: bool = True) -> tuple[LineLayer, ...]:
    """Give the streets; none where the store has none.

    Parameters
    ----------
    named
        Whether a street tells its name; False where it would hide what a unit tells.
    """
    if town.streets.empty:
        return ()
    names = tuple(str(name or "") for name in town.streets["name"]) if named else ()
    lines = list(town.streets.geometry.to_numpy())
    return (LineLayer("streets", words("map.streets"), lines, STREET_STYLE, names),)


def outline_layers(town: Town, words: Words) -> tuple[LineLayer, ...]:
    """Give the outlines of the places above the units; none where there are none."""
    if town.outlines.empty:
        return ()
    shapes = list(town.outlines.geometry.to_numpy())
    return (LineLayer("outlines", words("map.outlines"), shapes, OUTLINE_STYLE),)


def unit_lines(town: Town, words: Words) -> LineLayer:
    """Give the borders of the units as lines, for maps that shade something else."""
    shapes = list(town.units.geometry.to_numpy())
    return LineLayer("units", words.label("level", str(town.level)), shapes, UNIT_STYLE)


def unit_labels(words: Words, names: Iterable[object], shapes: NDArray[np.object_]) -> LabelLayer:
    """Write the names of units inside them, from zoom 14 on.

    Parameters
    ----------
    shapes
        Outlines of the units, EPSG:4326.
    """
    inside = shapely.point_on_surface(shapes)
    return LabelLayer(
        id="labels",
        title=words("map.labels"),
        texts=tuple(map(str, names)),
        lon=shapely.get_x(inside),
        lat=shapely.get_y(inside),
        min_zoom=LABELS_FROM_ZOOM,
    )
