"""Turn a hotspot answer into a map scene: shaded cells, grids, streets, and a legend of limits.

Used by the hotspot screen and its printed sheet. Knows nothing of the store.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Final

import numpy as np

from dashboard.components.formats import DASH, whole
from dashboard.components.hotspot_words import cell_name, class_label, measure_label, value_text
from dashboard.components.map_ground import street_layers, unit_lines
from dashboard.components.overview_map import map_texts
from dashboard.maps.classes import classes_for
from dashboard.maps.layers import GridLayer, MapScene
from dashboard.maps.signs import Classes
from dashboard.theme import CELL_SIGNS
from geo.hotspots import CellClass

if TYPE_CHECKING:
    from numpy.typing import NDArray

    from dashboard.maps.layers import Basemap
    from dashboard.text import Words
    from dashboard.viewmodels.hotspots import HotspotView
    from dashboard.viewmodels.town import Town

CELLS: Final = "cells"
_ORDER: Final = (
    "hot_99", "hot_95", "hot_90", "cold_90", "cold_95", "cold_99", "high_high", "high_low",
    "low_high", "low_low", "up", "down", "new", "consecutive", "intensifying", "persistent",
    "diminishing", "sporadic", "oscillating", "historical", "none", "few_events", "no_neighbours",
)  # fmt: skip
_LEVELS: Final = {"99": "p_99", "95": "p_95", "90": "p_90"}
_ALPHA: Final = frozenset({"high_high", "high_low", "low_high", "low_low", "up", "down"})
_MANY_UNITS: Final = 200
"""Borders of more units than this start switched off: they would hide the cells."""


@dataclass(frozen=True)
class Shades:
    """How the drawn cells are shaded: the position of each in `classes`, NaN without a base."""

    classes: Classes
    at: NDArray[np.float64]


def hotspot_scene(
    town: Town, view: HotspotView, words: Words, about: tuple[Basemap, str, str]
) -> MapScene:
    """Build the scene.

    Parameters
    ----------
    about
        Basemap, the chosen cell (empty: none), and how old the records are.
    """
    basemap, chosen, as_of = about
    shades = shades_of(view, words)
    codes = tuple(view.ids[row] for row in view.drawn)
    names = tuple(cell_name(words, view, int(row)) for row in view.drawn)
    cells = GridLayer(
        id=CELLS,
        title=words("hotspot.cells"),
        codes=codes,
        names=names,
        geometries=view.shapes(view.drawn),
        values=shades.at,
        classes=shades.classes,
        tooltips=tuple(
            f"{name}\n{_tip(words, view, int(row))}"
            for name, row in zip(names, view.drawn, strict=True)
        ),
    )
    question = view.answer.question
    borders = () if town.is_empty or not view.unit_names else (unit_lines(town, words),)
    return MapScene(
        layers=(*street_layers(town, words), cells, *borders),
        bounds=town.bounds(town.area(question.area)),
        texts=map_texts(words),
        language=words.language,
        as_of=as_of,
        basemap=basemap,
        hidden=frozenset({"units"}) if len(town.units) > _MANY_UNITS else frozenset(),
        selected=chosen if chosen in view.row_of else None,
        fit_key=f"hotspots:{question.area}",
    )


def shades_of(view: HotspotView, words: Words) -> Shades:
    """Divide the drawn cells by class, or by what ranks them."""
    if view.is_classed:
        return _by_class(view, words)
    return _by_value(view, words)


def _by_class(view: HotspotView, words: Words) -> Shades:
    shown = view.classes[view.drawn].astype(str)
    present = [code for code in _ORDER if code in set(shown.tolist())] or ["none"]
    place = {code: at for at, code in enumerate(present)}
    at = np.array([place.get(code, np.nan) for code in shown.tolist()], dtype=np.float64)
    labels = tuple(_limit(words, view, code) for code in present)
    return Shades(_classes(words, view, present, labels), at)


def _by_value(view: HotspotView, words: Words) -> Shades:
    values, n = view.values[view.drawn], view.n[view.drawn]
    is_zero = n == 0 if view.few_apart else values <= 0
    is_few = view.few_apart & (n > 0) & (n < view.least)
    known = np.isfinite(values)
    shaded = values[known & ~is_zero & ~is_few]
    made = classes_for(shaded, title="", no_base_label="", is_count=view.is_whole)
    codes: list[str] = []
    labels: list[str] = []
    at = np.full(len(values), np.nan)
    for code, mask in (("zero", is_zero & known), ("few_events", is_few & known)):
        if mask.any():
            at[mask] = len(codes)
            codes.append(code)
            labels.append(_limit(words, view, code))
    first = len(codes)
    rest = known & ~is_zero & ~is_few
    at[rest] = first + made.index(values[rest]).astype(np.float64)
    colours = (*(CELL_SIGNS[code][0] for code in codes), *made.colours)
    marks = (*(CELL_SIGNS[code][1] for code in codes), *made.marks)
    return Shades(
        Classes(
            title=measure_label(words, view.answer),
            breaks=tuple(float(edge) for edge in range(len(colours) + 1)),
            colours=colours,
            labels=(*labels, *made.labels),
            marks=marks,
            has_zero=False,
            no_base_label=words("hotspot_class.no_base"),
        ),
        at,
    )


def _classes(words: Words, view: HotspotView, codes: list[str], labels: tuple[str, ...]) -> Classes:
    return Classes(
        title=measure_label(words, view.answer),
        breaks=tuple(float(edge) for edge in range(len(codes) + 1)),
        colours=tuple(CELL_SIGNS[code][0] for code in codes),
        labels=labels,
        marks=tuple(CELL_SIGNS[code][1] for code in codes),
        has_zero=False,
        no_base_label=words("hotspot_class.no_base"),
    )


def _limit(words: Words, view: HotspotView, code: str) -> str:
    """Name a class with its true limit."""
    if code == "zero":
        return words("hotspot_limits.zero") if view.few_apart else "0"
    if code == CellClass.FEW_EVENTS and view.few_apart:
        return words("hotspot_limits.few", most=view.least - 1)
    label = class_label(words, code)
    limit = ""
    if code == CellClass.FEW_EVENTS:
        limit = words("hotspot_limits.few_around", least=view.least)
    elif code.rpartition("_")[2] in _LEVELS:
        limit = words(f"hotspot_limits.{_LEVELS[code.rpartition('_')[2]]}")
    elif code in _ALPHA:
        limit = words("hotspot_limits.alpha", alpha=f"{view.answer.question.options.alpha:g}")
    if not limit:
        return label
    return f"{label}：{limit}" if words.language == "zh" else f"{label}: {limit}"


def _tip(words: Words, view: HotspotView, row: int) -> str:
    rank = whole(view.rank[row])
    n = whole(int(view.n[row]))
    if view.is_classed:
        label = class_label(words, str(view.classes[row]))
        return words("hotspot.tip_class", rank=rank, n=n, **{"class": label})
    value = value_text(view, row)
    if value == DASH:
        return words(
            "hotspot.tip_class", rank=rank, n=n, **{"class": class_label(words, "no_base")}
        )
    what = measure_label(words, view.answer)
    return words("hotspot.tip", rank=rank, n=n, what=what, value=value)
