"""Turn the overview into a map scene: shaded units, outlines, streets, posts, hazards, incidents.

Used by the overview screen, for the live map and for the stand-alone one.
Knows nothing of the store.
"""

from __future__ import annotations

import math
import re
from dataclasses import dataclass
from typing import TYPE_CHECKING, Final, Literal

import numpy as np

from dashboard.components.formats import DASH, percent, whole
from dashboard.components.map_ground import outline_layers, street_layers, unit_labels
from dashboard.maps.classes import classes_for
from dashboard.maps.clusters import layer_of
from dashboard.maps.layers import (
    Basemap,
    GridLayer,
    Layer,
    MapScene,
    MapTexts,
    MapView,
    PointKind,
    PointLayer,
)
from dashboard.maps.tile_file import facts_of
from dashboard.theme import POINT_SIGNS, POST_SIGNS
from dashboard.viewmodels.overview import CLUSTERS, POINTS_FROM_ZOOM
from data.vocabulary import EventLayer

if TYPE_CHECKING:
    from numpy.typing import NDArray

    from dashboard.text import Words
    from dashboard.viewmodels.overview import Marks, Overview
    from dashboard.viewmodels.town import Town
    from data.config import Config

MOST_POINTS: Final = 3000
COUNT_MEASURES: Final = frozenset({"incidents", "hazards", "disputes", "households"})
SHARE_MEASURES: Final = frozenset({"posts"})  # in percent
TILES_URL: Final = "/tiles/{z}/{x}/{y}"
"""Our own route (`dashboard.routes.tiles`): nothing is asked of another origin."""
_MARGIN: Final = 0.1
_TAG: Final = re.compile(r"<[^>]*>")


@dataclass(frozen=True)
class Sight:
    """What the window shows, what is selected, and how old the records are."""

    view: MapView | None
    selected: str | None
    as_of: str


def basemap_of(config: Config) -> Basemap:
    """Give the local tile file, the configured tile source, or the plain basemap.

    Raises
    ------
    ConfigError
        Those of `open_tiles`, where the file went away while the server runs.
    """
    datum: Literal["wgs84", "gcj02"] = "gcj02" if config.basemap_datum == "gcj02" else "wgs84"
    if config.basemap_file is not None:
        facts = facts_of(config.basemap_file)
        credit = _TAG.sub("", facts.attribution)
        return Basemap("xyz", TILES_URL, datum, attribution=credit, max_zoom=facts.max_zoom)
    return Basemap("xyz", config.basemap_url, datum) if config.basemap_url else Basemap()


def overview_scene(
    town: Town, shown: Overview, words: Words, sight: Sight, basemap: Basemap
) -> tuple[MapScene, int]:
    """Build the scene, and say how many incidents of the view were left out.

    Incidents are clusters below zoom 16; from there on the points of the view, at most 3,000.
    """
    points, left_out = _incident_points(shown.marks[EventLayer.INCIDENTS], words, sight.view)
    scene = MapScene(
        layers=(
            *street_layers(town, words),
            _units(town, shown, words),
            *outline_layers(town, words),
            _clusters(shown, words),
            points,
            _hazards(shown.marks[EventLayer.HAZARDS], words),
            *_posts(town, words),
            unit_labels(words, unit_names(town, shown)[1], _shapes(town, shown)),
        ),
        bounds=town.bounds(shown.area),
        texts=map_texts(words),
        language=words.language,
        as_of=sight.as_of,
        basemap=basemap,
        hidden=frozenset({"labels", "hazards"}),
        selected=sight.selected,
        fit_key=f"{town.as_of}:{shown.wanted.area}:{len(town.units)}",
    )
    return scene, left_out


def map_texts(words: Words) -> MapTexts:
    """Give the map its own words."""
    return MapTexts(
        map_name=words("map.name"),
        layers=words("map.layers"),
        legend=words("map.legend"),
        zoom_in=words("map.zoom_in"),
        zoom_out=words("map.zoom_out"),
        all_of_it=words("map.all_of_it"),
        points_in_cluster=words("map.points_in_cluster"),
    )


def unit_names(town: Town, shown: Overview) -> tuple[tuple[str, ...], tuple[str, ...]]:
    """Give codes and names of the shown units."""
    codes = town.units.index.to_numpy()[shown.rows]
    names = town.units["name"].to_numpy()[shown.rows]
    return tuple(map(str, codes)), tuple(map(str, names))


def _shapes(town: Town, shown: Overview) -> NDArray[np.object_]:
    return np.asarray(town.units.geometry.to_numpy())[shown.rows]


def measure_text(value: float, measure: str) -> str:
    """Write one unit's value; a dash without a base."""
    if math.isnan(value):
        return DASH
    if measure in COUNT_MEASURES:
        return whole(value)
    return percent(value / 100) if measure in SHARE_MEASURES else f"{value:,.1f}"


def _units(town: Town, shown: Overview, words: Words) -> GridLayer:
    codes, names = unit_names(town, shown)
    measure = shown.wanted.measure
    title = words(f"measure.{measure}")
    classes = classes_for(
        shown.values,
        title=title,
        no_base_label=words("map.no_base"),
        method="coverage" if measure in SHARE_MEASURES else "quantile",
        is_count=measure in COUNT_MEASURES,
    )
    marked = _estimated(town, measure)
    lines = [
        (code, name, measure_text(value, measure) if code not in marked else words(
            "grids_of.estimated_value", value=measure_text(value, measure)))
        for code, name, value in zip(codes, names, shown.values.tolist(), strict=True)
    ]  # fmt: skip
    return GridLayer(
        id="units",
        title=words.label("level", str(town.level)),
        codes=codes,
        names=names,
        geometries=list(_shapes(town, shown)),
        values=shown.values,
        classes=classes,
        tooltips=tuple(
            f"{name}（{code}）\n{title}：{value}"
            if words.language == "zh"
            else f"{name} ({code})\n{title}: {value}"
            for code, name, value in lines
        ),
    )


def _estimated(town: Town, measure: str) -> frozenset[str]:
    """Codes of units whose value stands on people that were shared out."""
    base = {"households": "households", "incident_rate": "residents"}.get(measure)
    return town.estimated[base] if base else frozenset()


def _clusters(shown: Overview, words: Words) -> Layer:
    title = words.label("layer", "incidents")
    return layer_of(shown.clusters, layer_id="incidents", title=title, options=CLUSTERS)


def _incident_points(marks: Marks, words: Words, view: MapView | None) -> tuple[PointLayer, int]:
    seen = np.zeros(0, dtype=np.int64)
    if view is not None and view.zoom >= POINTS_FROM_ZOOM:
        wide = _MARGIN * (view.east - view.west)
        high = _MARGIN * (view.north - view.south)
        inside = (marks.lon >= view.west - wide) & (marks.lon <= view.east + wide)
        inside &= (marks.lat >= view.south - high) & (marks.lat <= view.north + high)
        seen = np.flatnonzero(inside)
    shown = seen[-MOST_POINTS:]
    layer = _points(marks, shown, words, "incident_points", EventLayer.INCIDENTS)
    return layer, len(seen) - len(shown)


def _hazards(marks: Marks, words: Words) -> PointLayer:
    shown = np.arange(len(marks.lon))[-MOST_POINTS:]
    return _points(marks, shown, words, "hazards", EventLayer.HAZARDS)


def _points(
    marks: Marks, shown: np.ndarray[tuple[int], np.dtype[np.int64]], words: Words, layer_id: str,
    layer: EventLayer,
) -> PointLayer:  # fmt: skip
    """Draw records with one sign for each of the commonest kinds and one for all others."""
    codes = marks.code_at[shown]
    counted = marks.totals  # over all records: signs stay when the map moves
    order = np.argsort(-counted, kind="stable")
    frequent = [int(code) for code in order[: len(POINT_SIGNS) - 1] if counted[code] and len(shown)]
    group = "incident_kind" if layer is EventLayer.INCIDENTS else "hazard_kind"
    kinds = [
        PointKind(words.label(group, marks.code[code]), sign.colour, sign.shape)
        for code, sign in zip(frequent, POINT_SIGNS, strict=False)
    ]
    table = np.full(len(marks.code) + 1, len(frequent), dtype=np.uint8)
    table[frequent] = np.arange(len(frequent), dtype=np.uint8)
    kind_at = table[codes]
    if (kind_at == len(frequent)).any():
        last = POINT_SIGNS[-1]
        kinds.append(PointKind(words("map.other_kinds"), last.colour, last.shape))
    is_incident = layer is EventLayer.INCIDENTS
    return PointLayer(
        id=layer_id,
        title=words.label("layer", "incidents") if is_incident else words("map.open_hazards"),
        lon=marks.lon[shown],
        lat=marks.lat[shown],
        kind=kind_at,
        kinds=tuple(kinds),
        min_zoom=POINTS_FROM_ZOOM if is_incident else 0.0,
        follows="incidents" if is_incident else "",
        radius_px=5.0,
    )


def _posts(town: Town, words: Words) -> tuple[Layer, ...]:
    posts = [post for post in town.posts if post.lon is not None and post.lat is not None]
    if not posts:
        return ()
    filled, vacant = POST_SIGNS
    kinds = (
        PointKind(words("map.post_filled"), filled.colour, filled.shape),
        PointKind(words("map.post_vacant"), vacant.colour, vacant.shape),
    )
    marks = PointLayer(
        id="posts",
        title=words("map.posts"),
        lon=np.array([post.lon for post in posts], dtype=np.float64),
        lat=np.array([post.lat for post in posts], dtype=np.float64),
        kind=np.array([0 if post.is_filled else 1 for post in posts], dtype=np.uint8),
        kinds=kinds,
        tooltips=tuple(f"{post.title}\n{words.label('position', post.position)}" for post in posts),
        radius_px=7.0,
    )
    return (marks,)
