"""Say what a map shows, as values: grids with a measure, lines, points, clusters, labels.

Used by the view models and screens that build a map, and by both renderers (`dashboard.maps.live`,
`dashboard.maps.folium_map`).
Knows nothing of Streamlit, folium, files and the database.

Every coordinate is longitude and latitude in degrees, EPSG:4326 (CGCS2000 taken as equal). The
datum of a basemap is the basemap's: shapes are shifted to it by the renderers alone. Every text
arrives ready in the screen's language and is shown as text, never as markup.
"""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Literal

import numpy as np

from dashboard.maps.signs import (
    NO_BASE,
    Classes,
    Legend,
    LegendEntry,
    LineStyle,
    PointKind,
    WallLook,
)
from dashboard.theme import Shape

if TYPE_CHECKING:
    from collections.abc import Sequence

    from numpy.typing import NDArray
    from shapely import MultiLineString, MultiPolygon, Polygon
    from shapely.geometry import LineString

    from dashboard.maps.editing import Editor

    type_of_area = Polygon | MultiPolygon
    type_of_line = LineString | MultiLineString | Polygon | MultiPolygon

__all__ = [
    "LAYER_KINDS",
    "NO_BASE",
    "Basemap",
    "Classes",
    "ClusterLayer",
    "ClusterLevel",
    "GridLayer",
    "LabelLayer",
    "Layer",
    "Legend",
    "LegendEntry",
    "LineLayer",
    "LineStyle",
    "MapScene",
    "MapTexts",
    "MapView",
    "PointKind",
    "PointLayer",
    "Shape",
    "WallLook",
    "grid_legend",
    "point_legend",
]


@dataclass(frozen=True, slots=True, eq=False)
class GridLayer:
    """Shade areas (community grids, villages, precincts) by a measure.

    Attributes
    ----------
    id, title
        Key of the layer in its scene, and its name in the layer switch.
    codes, names
        Code (what a click answers) and name of each area.
    geometries
        Polygon or MultiPolygon of each area.
    values
        Measure of each area; NaN where it has no base. None: areas are outlined, not shaded.
    classes
        How the measure is divided; None together with `values`.
    tooltips
        Text shown over each area, lines parted by newlines; empty: the names.
    is_selectable
        Whether a click selects an area.
    texts
        What a wall writes in each area; empty: the marks of the classes.
    hatched
        Positions of classes that a wall draws as white slanted lines with a white outline (black
        would be invisible on it).
    """

    id: str
    title: str
    codes: tuple[str, ...]
    names: tuple[str, ...]
    geometries: Sequence[type_of_area]
    values: NDArray[np.float64] | None = None
    classes: Classes | None = None
    tooltips: tuple[str, ...] = ()
    is_selectable: bool = True
    texts: tuple[str, ...] = ()
    hatched: tuple[int, ...] = ()

    def __post_init__(self) -> None:
        n = len(self.codes)
        if (self.values is None) != (self.classes is None):
            raise ValueError("values and classes come together")
        _same_length(n, self.names, self.geometries, self.tooltips or self.names)
        _same_length(n, self.texts or self.names)
        if self.values is not None:
            _same_length(n, self.values)

    def class_index(self) -> NDArray[np.int8]:
        """Give the class of each area; all `NO_BASE` where nothing is measured."""
        if self.values is None or self.classes is None:
            return np.full(len(self.codes), NO_BASE, dtype=np.int8)
        return self.classes.index(np.asarray(self.values, dtype=np.float64))


@dataclass(frozen=True, slots=True, eq=False)
class LineLayer:
    """Draw streets, boundaries or any other lines; areas are drawn as their outlines."""

    id: str
    title: str
    geometries: Sequence[type_of_line]
    style: LineStyle = field(default_factory=LineStyle)
    tooltips: tuple[str, ...] = ()

    def __post_init__(self) -> None:
        if self.tooltips:
            _same_length(len(self.geometries), self.tooltips)


@dataclass(frozen=True, slots=True, eq=False)
class PointLayer:
    """Draw one mark for each record.

    Attributes
    ----------
    lon, lat
        Degrees; every one finite (rows without coordinates are kept apart by the caller).
    kind
        Position in `kinds` of each point.
    kinds
        Label, colour and shape of each kind.
    record_ids
        What a click answers; empty: points cannot be picked.
    tooltips
        Text over each point, lines parted by newlines; empty: the label of its kind.
    min_zoom
        Zoom from which the points are drawn.
    follows
        Id of the layer whose switch also turns this one (the clusters of the same points).
    radius_px
        Half the size of a mark.
    """

    id: str
    title: str
    lon: NDArray[np.float64]
    lat: NDArray[np.float64]
    kind: NDArray[np.uint8]
    kinds: tuple[PointKind, ...]
    record_ids: tuple[str, ...] = ()
    tooltips: tuple[str, ...] = ()
    min_zoom: float = 0.0
    follows: str = ""
    radius_px: float = 5.0

    def __post_init__(self) -> None:
        n = len(self.lon)
        _same_length(n, self.lat, self.kind)
        for texts in (self.record_ids, self.tooltips):
            if texts:
                _same_length(n, texts)
        if n and int(np.max(self.kind)) >= len(self.kinds):
            raise ValueError("a point is of a kind that is not listed")


@dataclass(frozen=True, slots=True, eq=False)
class ClusterLevel:
    """Hold the clusters of one zoom: centres in degrees and how many points each stands for."""

    zoom: int
    lon: NDArray[np.float64]
    lat: NDArray[np.float64]
    count: NDArray[np.int64]


@dataclass(frozen=True, slots=True, eq=False)
class ClusterLayer:
    """Draw many points as counted clusters, one set for each zoom.

    Built by `dashboard.maps.clusters.cluster_layer`. Shown below `points_from_zoom`; from there on
    a `PointLayer` that `follows` this layer shows the points themselves (None: clusters only).
    """

    id: str
    title: str
    levels: tuple[ClusterLevel, ...]
    colour: str = "#3b4a6b"
    points_from_zoom: float | None = None


@dataclass(frozen=True, slots=True, eq=False)
class LabelLayer:
    """Write texts at places, from a zoom on; an empty title keeps it out of the layer switch."""

    id: str
    title: str
    texts: tuple[str, ...]
    lon: NDArray[np.float64]
    lat: NDArray[np.float64]
    min_zoom: float = 0.0

    def __post_init__(self) -> None:
        _same_length(len(self.texts), self.lon, self.lat)


Layer = GridLayer | LineLayer | PointLayer | ClusterLayer | LabelLayer
LAYER_KINDS: dict[type, str] = {
    GridLayer: "grid",
    LineLayer: "line",
    PointLayer: "point",
    ClusterLayer: "cluster",
    LabelLayer: "label",
}


@dataclass(frozen=True, slots=True)
class Basemap:
    """Name what lies under the layers.

    A plain basemap asks for nothing: the scene's own line layers are the map. An XYZ basemap is
    the operator's: `url` with {z}, {x}, {y}. With `datum` "gcj02" the renderers shift all shapes
    to GCJ-02 at the window, and nowhere else.
    """

    kind: Literal["plain", "xyz"] = "plain"
    url: str = ""
    datum: Literal["wgs84", "gcj02"] = "wgs84"
    attribution: str = ""
    max_zoom: int = 19

    def __post_init__(self) -> None:
        if self.kind == "xyz" and not self.url:
            raise ValueError("an xyz basemap needs a url")


@dataclass(frozen=True, slots=True)
class MapTexts:
    """Hold the map's own words, in the screen's language."""

    map_name: str  # read aloud: "Map of grids and incidents"
    layers: str  # heading of the layer switch
    legend: str  # heading of the legend
    zoom_in: str
    zoom_out: str
    all_of_it: str  # button that shows the whole area again
    points_in_cluster: str  # "{n} records"; {n} is put in by the renderer


@dataclass(frozen=True, slots=True)
class MapView:
    """Name the part of the world a window shows, in degrees, and its zoom."""

    west: float
    south: float
    east: float
    north: float
    zoom: float


@dataclass(frozen=True, slots=True, eq=False)
class MapScene:
    """Hold all that one map shows.

    Attributes
    ----------
    layers
        Drawn in this order, the last on top. Ids are unique.
    bounds
        West, south, east, north in degrees: what is shown first.
    texts, language
        The map's own words, and their language tag ("zh", "en").
    as_of
        The whole sentence that says how old the shown records are.
    basemap
        What lies below.
    hidden
        Ids of layers that start switched off.
    legends
        Explanations; None: made from grids with classes and from points.
    selected
        Code to show as selected. It wins over the user's own click only when it changes.
    fit_key
        The view is set to `bounds` at first and whenever this changes, and else left alone.
    asks_place
        Whether a click on the live map also tells where it was (`MapEvent.place`).
    look
        How a wall draws it; None on a desk, with controls.
    editor
        What the edit mode works on; None: the map is only looked at.
    """

    layers: tuple[Layer, ...]
    bounds: tuple[float, float, float, float]
    texts: MapTexts
    language: str
    as_of: str
    basemap: Basemap = field(default_factory=Basemap)
    hidden: frozenset[str] = frozenset()
    legends: tuple[Legend, ...] | None = None
    selected: str | None = None
    fit_key: str = ""
    asks_place: bool = False
    look: WallLook | None = None
    editor: Editor | None = None

    def __post_init__(self) -> None:
        ids = [layer.id for layer in self.layers]
        if len(set(ids)) != len(ids):
            raise ValueError("two layers of a map have the same id")

    def shown_legends(self) -> tuple[Legend, ...]:
        """Give the legends of the scene, made from its layers unless it names its own."""
        if self.legends is not None:
            return self.legends
        made: list[Legend] = []
        for layer in self.layers:
            if isinstance(layer, GridLayer) and layer.classes is not None:
                made.append(grid_legend(layer, layer.classes))
            elif isinstance(layer, PointLayer) and layer.kinds:
                made.append(point_legend(layer))
        return tuple(made)


def grid_legend(layer: GridLayer, classes: Classes) -> Legend:
    """Explain the classes of a grid layer; "no base" only where such an area exists."""
    signs = zip(classes.labels, classes.colours, classes.marks, strict=True)
    entries = [LegendEntry(label, colour, "fill", mark) for label, colour, mark in signs]
    if bool(np.any(layer.class_index() == NO_BASE)):
        entries.append(LegendEntry(classes.no_base_label, classes.no_base_colour, "hatch"))
    return Legend(classes.title, tuple(entries), layer.id)


def point_legend(layer: PointLayer) -> Legend:
    """Explain the kinds of a point layer."""
    entries = tuple(LegendEntry(kind.label, kind.colour, kind.shape) for kind in layer.kinds)
    return Legend(layer.title, entries, layer.id)


def _same_length(n: int, *columns: Sequence[object] | NDArray[np.generic]) -> None:
    if any(len(column) != n for column in columns):
        raise ValueError("columns of a layer differ in length")
