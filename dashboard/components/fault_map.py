"""Turn boundary faults into a map scene: outlines of the units, each fault with its own sign.

Used by the data-quality screen.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, Final

import numpy as np
import shapely

from dashboard.components.overview_map import map_texts
from dashboard.maps.layers import (
    Basemap,
    GridLayer,
    LineLayer,
    LineStyle,
    MapScene,
    PointKind,
    PointLayer,
)
from dashboard.theme import POINT_SIGNS, STATUS_SIGNS

if TYPE_CHECKING:
    from dashboard.text import Words
    from dashboard.viewmodels.quality import BoundaryFaults
    from dashboard.viewmodels.town import Town

_DRAWN: Final = frozenset({"Polygon", "MultiPolygon", "LineString", "MultiLineString"})
_FAULT_PX: Final = 3.0


def fault_scene(town: Town, found: BoundaryFaults, words: Words, basemap: Basemap) -> MapScene:
    """Build the scene; faults without a shape are in the table only."""
    frame = found.frame
    frame = frame[frame.geometry.notna() & ~frame.geometry.is_empty]
    shapes: list[Any] = [shape for shape in frame.geometry if shape.geom_type in _DRAWN]
    style = LineStyle(STATUS_SIGNS["bad"].colour, _FAULT_PX)
    return MapScene(
        layers=(
            GridLayer(
                id="units",
                title=words.label("level", str(town.level)),
                codes=tuple(map(str, town.units.index)),
                names=tuple(map(str, town.units["name"])),
                geometries=list(town.units.geometry.to_numpy()),
                is_selectable=False,
            ),
            *(
                [LineLayer("fault_shapes", words("quality.fault_shapes"), shapes, style)]
                if shapes
                else ()
            ),
            _signs(frame.geometry.to_numpy(), tuple(frame["kind"]), words),
        ),
        bounds=_bounds(town),
        texts=map_texts(words),
        language=words.language,
        as_of=words("quality.faults_of", day=town.as_of.isoformat()),
        basemap=basemap,
        fit_key=f"faults:{len(town.units)}",
    )


def _bounds(town: Town) -> tuple[float, float, float, float]:
    if town.is_empty:
        return 73.0, 18.0, 135.0, 54.0
    return town.bounds(None)


def _signs(shapes: np.ndarray[tuple[int], np.dtype[np.object_]], kinds: tuple[str, ...],
           words: Words) -> PointLayer:  # fmt: skip
    names = tuple(sorted(set(kinds)))
    at = shapely.get_coordinates(shapely.point_on_surface(shapes))
    signs = [POINT_SIGNS[place % len(POINT_SIGNS)] for place in range(len(names))]
    return PointLayer(
        id="faults",
        title=words("quality.tab_faults"),
        lon=at[:, 0],
        lat=at[:, 1],
        kind=np.array([names.index(kind) for kind in kinds], dtype=np.uint8),
        kinds=tuple(
            PointKind(words.label("fault", name), sign.colour, sign.shape)
            for name, sign in zip(names, signs, strict=True)
        ),
        radius_px=6.0,
    )
