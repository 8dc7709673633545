"""Turn cases into a map scene: grids to click, lights as points, the chosen one ringed.

Used by the screens of cases. Knows nothing of the store.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Final

import numpy as np

from dashboard.components.case_words import LIGHT_SIGNS, kind_text
from dashboard.components.map_ground import outline_layers, street_layers
from dashboard.components.overview_map import map_texts
from dashboard.maps.layers import (
    GridLayer,
    Layer,
    MapScene,
    PointKind,
    PointLayer,
)
from dashboard.theme import SELECTED_COLOUR, Shape
from data.repositories.cases import LIGHTS

if TYPE_CHECKING:
    from numpy.typing import NDArray

    from dashboard.maps.layers import Basemap
    from dashboard.text import Words
    from dashboard.viewmodels.cases import Marks
    from dashboard.viewmodels.town import Town

_AROUND_DEG: Final = 0.004
_DONE_COLOUR: Final = "#8d949e"


@dataclass(frozen=True)
class CaseSight:
    """What is special about one map of cases.

    Attributes
    ----------
    as_of
        Sentence that says how old the records are.
    chosen
        Longitude and latitude of the ringed point, and its label.
    selected
        Code of the selected grid.
    asks_place
        Whether a click tells where it was.
    is_close
        Whether the map begins at the ringed point.
    """

    as_of: str
    chosen: tuple[float, float, str] | None = None
    selected: str | None = None
    asks_place: bool = False
    is_close: bool = False


def case_scene(
    words: Words, town: Town, marks: Marks | None, sight: CaseSight, basemap: Basemap
) -> MapScene:
    """Build the scene of a list of cases, of one case, or of a place that is asked for."""
    layers: list[Layer] = [
        *street_layers(town, words), _grids(words, town, sight), *outline_layers(town, words)
    ]  # fmt: skip
    if sight.chosen is not None:
        layers.append(_ring(words, sight.chosen))
    if marks is not None:
        layers.extend(_points(words, marks))
    west, south, east, north = town.bounds(None)
    fit = f"cases:{town.as_of}:{len(town.units)}"
    if sight.is_close and sight.chosen is not None:
        lon, lat, label = sight.chosen
        west, east = lon - _AROUND_DEG, lon + _AROUND_DEG
        south, north = lat - _AROUND_DEG, lat + _AROUND_DEG
        fit = f"case:{label}"
    return MapScene(
        layers=tuple(layers),
        bounds=(west, south, east, north),
        texts=map_texts(words),
        language=words.language,
        as_of=sight.as_of,
        basemap=basemap,
        selected=sight.selected,
        fit_key=fit,
        asks_place=sight.asks_place,
    )


def _grids(words: Words, town: Town, sight: CaseSight) -> GridLayer:
    return GridLayer(
        id="units",
        title=words.label("level", str(town.level)),
        codes=tuple(map(str, town.units.index)),
        names=tuple(map(str, town.units["name"])),
        geometries=list(town.units.geometry.to_numpy()),
        is_selectable=sight.asks_place,
    )


def _points(words: Words, marks: Marks) -> tuple[PointLayer, ...]:
    """Draw what is done small and grey, and above it what waits, the most urgent on top."""
    rows = np.arange(len(marks.sign))[::-1]
    done = (PointKind(words("cases.done"), _DONE_COLOUR, Shape.CIRCLE),)
    kinds = tuple(
        PointKind(words(f"case_light.{light.value}"), sign.colour, sign.shape)
        for light, sign in LIGHT_SIGNS.items()
    )
    places = {light: place for place, light in enumerate(LIGHT_SIGNS)}
    table = np.array([places[light] for light in LIGHTS], dtype=np.uint8)
    none = np.zeros(len(rows), dtype=np.uint8)
    return (
        _layer(words, marks, rows[~marks.waits[rows]],
               ("cases_done", words("cases.done"), none), done),
        _layer(words, marks, rows[marks.waits[rows]],
               ("cases", words("cases.map_title"), table[marks.sign]), kinds),
    )  # fmt: skip


def _layer(
    words: Words,
    marks: Marks,
    rows: NDArray[np.intp],
    named: tuple[str, str, NDArray[np.uint8]],
    kinds: tuple[PointKind, ...],
) -> PointLayer:
    name, title, kind = named
    return PointLayer(
        id=name,
        title=title,
        lon=marks.lon[rows],
        lat=marks.lat[rows],
        kind=kind[rows],
        kinds=kinds,
        record_ids=tuple(marks.keys[row] for row in rows),
        tooltips=tuple(_tooltip(words, marks, int(row)) for row in rows),
        radius_px=6.5 if len(kinds) > 1 else 4.0,
    )


def _tooltip(words: Words, marks: Marks, row: int) -> str:
    layer, kind, name = marks.named[row]
    text = f"{words.label('case_layer', layer)} · {kind_text(words, layer, kind)}\n{name}"
    if not marks.waits[row]:
        return text
    return f"{text}\n{words(f'case_light.{LIGHTS[marks.sign[row]].value}')}"


def _ring(words: Words, chosen: tuple[float, float, str]) -> PointLayer:
    lon, lat, label = chosen
    return PointLayer(
        id="chosen",
        title=words("cases.chosen"),
        lon=np.array([lon]),
        lat=np.array([lat]),
        kind=np.zeros(1, dtype=np.uint8),
        kinds=(PointKind(words("cases.chosen"), SELECTED_COLOUR, Shape.CIRCLE),),
        tooltips=(label,),
        radius_px=11.0,
    )
