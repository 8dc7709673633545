"""Turn divisions into map scenes: grids by a measure, ground that changes hands hatched, findings.

Used by the planner's views. Knows nothing of the store.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Any, Final

import numpy as np
import shapely

from dashboard.components.formats import DASH
from dashboard.components.map_ground import outline_layers, street_layers
from dashboard.components.overview_map import map_texts
from dashboard.maps.classes import classes_for
from dashboard.maps.layers import (
    Basemap,
    Classes,
    GridLayer,
    LabelLayer,
    Layer,
    Legend,
    LegendEntry,
    LineLayer,
    LineStyle,
    MapScene,
    grid_legend,
)
from dashboard.theme import STATUS_SIGNS

if TYPE_CHECKING:
    from collections.abc import Sequence

    import geopandas as gpd
    from numpy.typing import NDArray
    from shapely.geometry.base import BaseGeometry

    from dashboard.text import Words
    from dashboard.viewmodels.plan_checks import Finding
    from dashboard.viewmodels.town import Town

MOVED: Final = "#c2410c"
"""Colour of the hatching over ground that comes to another grid."""
_PLACE_PX: Final = 4.0
_AROUND: Final = 0.6
_LEAST_DEG: Final = 0.0015
_LABELS_FROM: Final = 13.0
_WORLD: Final = (73.0, 18.0, 135.0, 54.0)


@dataclass(frozen=True, eq=False)
class Drawn:
    """One division as it is drawn.

    Attributes
    ----------
    values, classes
        Measure of each grid and how it is divided; None: grids are outlined only.
    told
        What each grid says of itself.
    title
        What the map shows, read below it.
    fit_key
        The view is set again whenever this changes.
    bounds
        What is shown first; None: all grids.
    """

    grids: gpd.GeoDataFrame
    told: tuple[str, ...]
    title: str
    fit_key: str
    values: NDArray[np.float64] | None = None
    classes: Classes | None = None
    bounds: tuple[float, float, float, float] | None = None


def division_scene(
    words: Words, town: Town, drawn: Drawn, over: Sequence[Layer], basemap: Basemap
) -> MapScene:
    """Build the scene of one division with what lies over it."""
    grids = drawn.grids
    codes = tuple(map(str, grids["grid_code"]))
    layer = GridLayer(
        id="grids",
        title=words("plan_view.grid_layer"),
        codes=codes,
        names=tuple(str(name) for name in grids["name"]),
        geometries=list(grids.geometry.to_numpy()),
        values=drawn.values,
        classes=drawn.classes,
        tooltips=drawn.told,
    )
    legends = [] if layer.classes is None else [grid_legend(layer, layer.classes)]
    shown = tuple(each for each in over if _has_shapes(each))
    legends += [_over_legend(each) for each in shown]
    return MapScene(
        layers=(
            *street_layers(town, words, named=False), layer, *outline_layers(town, words), *shown,
            _labels(words, codes, grids),
        ),
        bounds=drawn.bounds or bounds_of(grids),
        texts=map_texts(words),
        language=words.language,
        as_of=drawn.title,
        basemap=basemap,
        hidden=frozenset({"codes"}),
        legends=tuple(legends),
        fit_key=drawn.fit_key,
    )  # fmt: skip


def ground_layer(words: Words, ground: gpd.GeoDataFrame) -> GridLayer:
    """Hatch the ground that comes to another grid; its text says from which to which."""
    n = len(ground)
    pairs = tuple(
        words("plan_view.from_to", came_from=a or DASH, to=b or DASH)
        for a, b in zip(ground["from_grid"], ground["to_grid"], strict=True)
    )
    hatching = Classes(
        title=words("plan_view.moved"),
        breaks=(0.0, 1.0),
        colours=(MOVED,),
        labels=(words("plan_view.moved"),),
        marks=("",),
        has_zero=False,
        no_base_label=words("plan_view.moved"),
        no_base_colour=MOVED,
    )
    return GridLayer(
        id="ground",
        title=words("plan_view.moved"),
        codes=tuple(f"moved:{k}" for k in range(n)),
        names=pairs,
        geometries=list(ground.geometry.to_numpy()),
        values=np.full(n, np.nan),
        classes=hatching,
        is_selectable=False,
    )


def finding_layer(words: Words, findings: Sequence[Finding]) -> LineLayer:
    """Outline where findings are; points become a small ring."""
    shapes: list[Any] = [_ring(each.place) for each in findings if each.place is not None]
    style = LineStyle(STATUS_SIGNS["bad"].colour, _PLACE_PX)
    return LineLayer("findings", words("plan_check.places"), shapes, style)


def around(shape: BaseGeometry) -> tuple[float, float, float, float]:
    """Give the window around a place, with room beside it, in degrees."""
    west, south, east, north = shape.bounds
    wide = max((east - west) * _AROUND, _LEAST_DEG)
    high = max((north - south) * _AROUND, _LEAST_DEG)
    return west - wide, south - high, east + wide, north + high


def bounds_of(grids: gpd.GeoDataFrame) -> tuple[float, float, float, float]:
    """West, south, east, north of all grids in degrees; China without any."""
    shapes = grids.geometry.to_numpy()
    shapes = shapes[~(shapely.is_missing(shapes) | shapely.is_empty(shapes))]
    if not len(shapes):
        return _WORLD
    west, south, east, north = shapely.total_bounds(shapes).tolist()
    return west, south, east, north


def shared_classes(words: Words, values: NDArray[np.float64], title: str) -> Classes:
    """Divide a measure for two maps alike: from the values of both."""
    is_count = bool(np.all(values[np.isfinite(values)] % 1 == 0))
    return classes_for(
        values, title=title, no_base_label=words("map.no_base"), is_count=is_count
    )  # fmt: skip


def _ring(shape: BaseGeometry) -> BaseGeometry:
    if shape.geom_type in {"Polygon", "MultiPolygon", "LineString", "MultiLineString"}:
        return shape
    return shapely.buffer(shapely.point_on_surface(shape), _LEAST_DEG / 5)


def _has_shapes(layer: Layer) -> bool:
    return not isinstance(layer, GridLayer | LineLayer) or len(layer.geometries) > 0


def _over_legend(layer: Layer) -> Legend:
    if isinstance(layer, LineLayer):
        entry = LegendEntry(layer.title, layer.style.colour, "line")
        return Legend("", (entry,), layer.id)
    return Legend("", (LegendEntry(layer.title, MOVED, "hatch"),), layer.id)


def _labels(words: Words, codes: tuple[str, ...], grids: gpd.GeoDataFrame) -> LabelLayer:
    inside = shapely.point_on_surface(grids.geometry.to_numpy())
    known = ~(shapely.is_missing(inside) | shapely.is_empty(inside))
    return LabelLayer(
        id="codes",
        title=words("plan_view.codes"),
        texts=tuple(code for code, kept in zip(codes, known.tolist(), strict=True) if kept),
        lon=shapely.get_x(inside[known]),
        lat=shapely.get_y(inside[known]),
        min_zoom=_LABELS_FROM,
    )
