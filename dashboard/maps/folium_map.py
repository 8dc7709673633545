"""Draw a map scene as one stand-alone HTML page with everything inlined.

Used by the screens that save, print or mail a map, and by the command line.
Knows nothing of Streamlit and the live map. The only file that imports folium.

Meant for up to about 1,000 areas and some thousand points. Without tiles the page asks for
nothing at all, and a content security policy inside the page holds it to that. User texts reach
the page escaped in its HTML, or as JSON apart that a script puts into `textContent`.
"""

from __future__ import annotations

from dataclasses import asdict, dataclass, replace
from functools import cache
from html import escape
from pathlib import Path
from typing import TYPE_CHECKING, Any

import folium
import numpy as np
import shapely
from branca.element import Element, MacroElement
from folium.map import Layer as FoliumLayer
from folium.template import Template
from folium.utilities import JsCode

from dashboard.maps import page_parts
from dashboard.maps.layers import (
    NO_BASE,
    Basemap,
    ClusterLayer,
    GridLayer,
    LabelLayer,
    Layer,
    LineLayer,
    MapScene,
    PointLayer,
)
from dashboard.maps.window import Window, has_tiles
from dashboard.theme import BOUNDARY_COLOUR, INK, NO_BASE_COLOUR

if TYPE_CHECKING:
    from collections.abc import Callable

    from numpy.typing import NDArray

__all__ = ["drawers", "render_html"]

_DIST = Path(__file__).resolve().parent.parent / "livemap" / "dist"
_MAX_ZOOM = 19
# Letters lie above the areas (400) and below clusters and points (600), names above those.
_LETTERS, _MARKS, _NAMES = "gbLetters", "markerPane", "gbNames"
_MOST_MARKS = 300  # beyond, letters in areas would hide the areas
_DECIMALS = 6  # 0.1 m

_TOLD = JsCode(page_parts.TOLD_JS)
_SIGN = JsCode(page_parts.SIGN_JS)


class _PlainMap(folium.Map):
    """Be a folium map that asks for no script and no style: both stand in the page."""

    default_js: list[tuple[str, str]] = []  # noqa: RUF012 - folium's own form; never changed
    default_css: list[tuple[str, str]] = []  # noqa: RUF012 - folium's own form; never changed


class _Text(Element):
    """Put finished HTML into the page; braces in it are never read as a template."""

    _template = Template("{{ this.text }}")

    def __init__(self, text: str) -> None:
        super().__init__()
        self.text = text


class _Controls(MacroElement):
    """Add zoom buttons and scale bar in the scene's language."""

    _template = Template("""{% macro script(this, kwargs) %}
        L.control.zoom({{ this.titles|tojson }}).addTo({{ this._parent.get_name() }});
        L.control.scale({imperial: false}).addTo({{ this._parent.get_name() }});
    {% endmacro %}""")

    def __init__(self, zoom_in: str, zoom_out: str) -> None:
        super().__init__()  # type: ignore[no-untyped-call]
        self._name = "Controls"
        self.titles = {"zoomInTitle": zoom_in, "zoomOutTitle": zoom_out}


class _ZoomSwitch(MacroElement):
    """Put a layer into its group from a zoom on, and take it out below."""

    _template = Template("""{% macro script(this, kwargs) %}
        gbFromZoom({{ this.map_name }}, {{ this.group_name }}, {{ this.inner_name }},
                   {{ this.zoom|tojson }});
    {% endmacro %}""")

    def __init__(self, map_name: str, group_name: str, inner_name: str, zoom: float) -> None:
        super().__init__()  # type: ignore[no-untyped-call]
        self._name = "ZoomSwitch"
        self.map_name, self.group_name, self.inner_name = map_name, group_name, inner_name
        self.zoom = zoom


class _Clusters(FoliumLayer):
    """Draw the clusters of the zoom at hand."""

    _template = Template("""{% macro script(this, kwargs) %}
        var {{ this.get_name() }} = L.featureGroup();
        gbClusters({{ this.map_name }}, {{ this.get_name() }}, {{ this.given|tojson }});
    {% endmacro %}""")

    def __init__(self, given: dict[str, Any], map_name: str, **options: Any) -> None:  # noqa: ANN401 - folium's own options
        super().__init__(**options)
        self._name = "Clusters"
        self.given = given
        self.map_name = map_name


def render_html(
    scene: MapScene, *, title: str, with_tiles: bool = False, notes: tuple[str, ...] = ()
) -> str:
    """Render a scene as a stand-alone page.

    Parameters
    ----------
    scene
        What to show. Clusters whose points are not all in the scene are shown at every zoom.
    title
        Heading of the page, and its name in the window.
    with_tiles
        Show the scene's XYZ basemap, which the page then asks its server for, and shift shapes to
        its datum. Else the page asks for nothing and shows the layers alone.
    notes
        Whole sentences in the scene's language, shown below the title as texts, in this order: what
        was filtered, how totals reconcile, that records are synthetic. Empty ones are left out.

    Raises
    ------
    FileNotFoundError
        When the bundle of the live map (and with it Leaflet) was not built.
    """
    shown = scene if with_tiles else replace(scene, basemap=Basemap())
    page = _Page(shown)
    page.add_base()
    for layer in shown.layers:
        drawers()[type(layer)](page, layer)
    control = folium.LayerControl(collapsed=False)
    page.map.add_child(control)
    figure: Any = page.map.get_root()
    figure.title = escape(title)
    leaflet_js, leaflet_css = _leaflet()
    figure.header.add_child(_Text(page_parts.content_policy(shown, with_tiles=with_tiles)))
    figure.header.add_child(_Text(f"<style>{leaflet_css}</style>"))
    figure.header.add_child(_Text(f"<script>{leaflet_js}</script>"))
    figure.header.add_child(_Text(page_parts.texts_block(page.texts)))
    figure.html.add_child(_Text(page_parts.heading(title, scene.as_of, notes)))
    figure.html.add_child(_Text(page_parts.hatch_svg(NO_BASE_COLOUR)))
    text = str(figure.render())
    # folium writes its own styles into the head while it renders: ours come after them
    parts = f"<style>{page_parts.STYLE}</style></head>"
    text = text.replace("</head>", parts, 1)
    legends = tuple(one for one in shown.shown_legends() if one.layer_id not in page.unseen)
    text = text.replace("</body>", f"{page_parts.legend_panel(scene, legends)}</body>", 1)
    return text.replace("<html>", f'<html lang="{escape(scene.language)}">', 1)


@dataclass(frozen=True, slots=True)
class _Look:
    """Say how a sign is drawn: colour, size in pixels, and the pane it lies in."""

    colour: str
    size: int
    pane: str


_LETTER = _Look("#3a4250", 11, _LETTERS)
_NAME = _Look(INK, 12, _NAMES)


class _Page:
    """Hold the folium map that layers are drawn on."""

    def __init__(self, scene: MapScene) -> None:
        self.scene = scene
        self.window = Window(scene.basemap)
        self.map = _PlainMap(tiles=None, zoom_control=False)
        self.map.options.update(
            max_zoom=_MAX_ZOOM, attribution_control=False, zoom_snap=0.5, fade_animation=False
        )
        self.texts: list[str] = []
        self.unseen: set[str] = set(scene.hidden)
        self.groups: dict[str, FoliumLayer] = {}
        self._names: set[str] = set()

    def add_base(self) -> None:
        west, south, east, north = self.window.bounds(self.scene.bounds)
        self.map.fit_bounds([[south, west], [north, east]])
        basemap = self.scene.basemap
        if has_tiles(basemap):
            tiles = folium.TileLayer(
                basemap.url,
                attr=page_parts.escape_all(basemap.attribution) or " ",
                control=False,
                max_zoom=_MAX_ZOOM,
            )
            tiles.options["max_native_zoom"] = basemap.max_zoom
            self.map.options["attribution_control"] = True
            self.map.add_child(tiles)
        for pane, height in ((_LETTERS, 450), (_NAMES, 620)):
            self.map.add_child(folium.map.CustomPane(pane, z_index=height, pointer_events=False))
        texts = self.scene.texts
        self.map.add_child(_Controls(texts.zoom_in, texts.zoom_out))

    def options(self, layer: Layer) -> dict[str, Any]:
        """Give name, switch and first state of a layer; names are escaped, and told apart."""
        title = page_parts.escape_all(layer.title)
        name, n = title, 1
        while name in self._names:
            n += 1
            name = f"{title} ({n})"
        if layer.title:
            self._names.add(name)
        shown = layer.id not in self.scene.hidden
        return {"name": name or layer.id, "control": bool(layer.title), "show": shown}

    def text(self, text: str) -> int:
        """Keep a text for the page's scripts and give its number.

        folium reads what it has rendered as a template once more: a user's text in a layer would
        run as one. So layers hold numbers, and the texts stand apart in the page.
        """
        self.texts.append(text)
        return len(self.texts) - 1

    def sign(self, place: list[float], sign: str, look: _Look, *, tip: str = "") -> dict[str, Any]:
        """Make a point feature drawn as a character or a text."""
        told = {"sign": self.text(sign), **asdict(look), "isStill": not tip}
        if tip:
            told["tip"] = self.text(tip)
        return _feature({"type": "Point", "coordinates": place}, told)

    def add_group(self, layer: Layer) -> FoliumLayer:
        group = folium.FeatureGroup(**self.options(layer))
        self.map.add_child(group)
        self.groups[layer.id] = group
        return group

    def add_signs(self, group: FoliumLayer, features: list[dict[str, Any]], zoom: float) -> None:
        """Add point features, drawn as characters, to a group; from a zoom on when it is not 0."""
        if not features:
            return
        signs = _geojson(features, point_to_layer=_SIGN, show=zoom <= 0)
        group.add_child(signs)
        if zoom > 0:
            switch = _ZoomSwitch(self.map.get_name(), group.get_name(), signs.get_name(), zoom)
            group.add_child(switch)

    def places(self, lon: NDArray[np.float64], lat: NDArray[np.float64]) -> list[list[float]]:
        pairs = np.column_stack(self.window.points(lon, lat))
        return [[float(x), float(y)] for x, y in np.round(pairs, _DECIMALS)]


def drawers() -> dict[type, Callable[[_Page, Any], None]]:
    """Give the function that draws each kind of layer."""
    return {
        GridLayer: _grid,
        LineLayer: _line,
        PointLayer: _point,
        ClusterLayer: _cluster,
        LabelLayer: _label,
    }


def _grid(page: _Page, layer: GridLayer) -> None:
    group = page.add_group(layer)
    shapes = page.window.shapes(layer.geometries)
    told = layer.tooltips or layer.names
    classes, index = layer.classes, layer.class_index()
    features, signs = [], []
    for position, shape in enumerate(shapes):
        at = int(index[position])
        style: dict[str, Any] = {"color": BOUNDARY_COLOUR, "weight": 1, "fillOpacity": 0.85}
        if classes is None:
            style["fillOpacity"] = 0.0
        elif at == NO_BASE:
            style["fillColor"] = f"url(#{page_parts.HATCH_ID})"
        else:
            style["fillColor"] = classes.colours[at]
        tip = page.text(told[position])
        features.append(_feature(_geometry(shape), {"style": style, "tip": tip}))
        if classes is not None and at != NO_BASE and not shape.is_empty:
            inside = shapely.point_on_surface(shape)
            signs.append(page.sign([inside.x, inside.y], classes.marks[at], _LETTER))
    if features:
        group.add_child(_geojson(features))
    if len(signs) <= _MOST_MARKS:
        page.add_signs(group, signs, 0)


def _line(page: _Page, layer: LineLayer) -> None:
    group = page.add_group(layer)
    style = layer.style
    drawn: dict[str, Any] = {
        "color": style.colour,
        "weight": style.width_px,
        "opacity": style.opacity,
        "fill": False,
    }
    if style.dash_px:
        drawn["dashArray"] = " ".join(f"{length:g}" for length in style.dash_px)
    told = layer.tooltips or ("",) * len(layer.geometries)
    features = [
        _feature(_geometry(shape), {"style": drawn, "tip": page.text(tip)})
        for shape, tip in zip(page.window.shapes(layer.geometries), told, strict=True)
    ]
    if features:
        group.add_child(_geojson(features, interactive=bool(layer.tooltips)))


def _point(page: _Page, layer: PointLayer) -> None:
    leader = page.groups.get(layer.follows)
    if layer.follows and (leader is None or not _is_whole(page.scene, layer)):
        page.unseen.add(layer.id)
        return
    group = leader or page.add_group(layer)
    told = layer.tooltips or tuple(layer.kinds[kind].label for kind in layer.kind)
    size = round(3 * layer.radius_px)
    features = []
    for position, place in enumerate(page.places(layer.lon, layer.lat)):
        kind = layer.kinds[layer.kind[position]]
        sign = page_parts.SHAPE_SIGNS[kind.shape]
        look = _Look(kind.colour, size, _MARKS)
        features.append(page.sign(place, sign, look, tip=told[position]))
    page.add_signs(group, features, layer.min_zoom)


def _is_whole(scene: MapScene, points: PointLayer) -> bool:
    """Tell whether a layer holds all points of the clusters it follows, not those of a view."""
    for layer in scene.layers:
        if isinstance(layer, ClusterLayer) and layer.id == points.follows and layer.levels:
            return int(layer.levels[0].count.sum()) == len(points.lon)
    return False


def _cluster(page: _Page, layer: ClusterLayer) -> None:
    has_points = any(
        isinstance(one, PointLayer) and one.follows == layer.id and _is_whole(page.scene, one)
        for one in page.scene.layers
    )
    levels = []
    for level in layer.levels:
        places = page.places(level.lon, level.lat)
        cells = [[y, x, int(n)] for (x, y), n in zip(places, level.count, strict=True)]
        levels.append({"zoom": level.zoom, "cells": cells})
    given = {
        "levels": levels,
        "colour": layer.colour,
        "until": layer.points_from_zoom if has_points else None,
        "told": page.text(page.scene.texts.points_in_cluster),
    }
    options = page.options(layer)
    group = folium.FeatureGroup(**options)
    page.map.add_child(group)
    group.add_child(_Clusters(given, page.map.get_name(), control=False))
    page.groups[layer.id] = group


def _label(page: _Page, layer: LabelLayer) -> None:
    group = page.add_group(layer)
    places = page.places(layer.lon, layer.lat)
    signs = [page.sign(at, text, _NAME) for at, text in zip(places, layer.texts, strict=True)]
    page.add_signs(group, signs, layer.min_zoom)


def _feature(geometry: dict[str, Any], properties: dict[str, Any]) -> dict[str, Any]:
    return {"type": "Feature", "geometry": geometry, "properties": properties}


def _geometry(shape: Any) -> dict[str, Any]:  # noqa: ANN401 - any geometry, read through its public interface
    rounded = shapely.transform(shape, lambda pairs: np.round(pairs, _DECIMALS))
    return dict(shapely.geometry.mapping(rounded))


def _geojson(features: list[dict[str, Any]], **options: Any) -> folium.GeoJson:  # noqa: ANN401 - folium's own options
    collection = {"type": "FeatureCollection", "features": features}
    return folium.GeoJson(
        collection, control=False, on_each_feature=_TOLD, smooth_factor=0.3, **options
    )


@cache
def _leaflet() -> tuple[str, str]:
    """Read the bundled Leaflet: script and style."""
    script = (_DIST / "leaflet.js").read_text(encoding="utf-8")
    return script, (_DIST / "leaflet.css").read_text(encoding="utf-8")
