"""Turn the wall's picture into a map scene: open hazards per grid, fresh incidents, month grades.

Used by the wall screen.
Knows nothing of the store. Nothing finer than a grid leaves here: counts stand at a point inside
the grid, without kinds and without texts of records (display level WALL).
"""

from __future__ import annotations

from dataclasses import replace
from typing import TYPE_CHECKING, Final

import numpy as np

from dashboard.components.overview_map import map_texts
from dashboard.maps.classes import classes_for
from dashboard.maps.layers import (
    Basemap,
    ClusterLayer,
    ClusterLevel,
    GridLayer,
    LabelLayer,
    Layer,
    Legend,
    LegendEntry,
    LineLayer,
    LineStyle,
    MapScene,
    WallLook,
    grid_legend,
)
from dashboard.maps.signs import Classes
from dashboard.text import LANGUAGES, Words
from data.vocabulary import AreaGradeColour

if TYPE_CHECKING:
    from collections.abc import Mapping

    import geopandas as gpd
    from numpy.typing import NDArray

    from dashboard.cache.wall import Content

HAZARDS: Final = "hazards"
CHANGE: Final = "change"
GRADES: Final = "grades"
GRADE_COLOURS: Final = {
    AreaGradeColour.GREEN: "#1fa864",
    AreaGradeColour.BLUE: "#2f7fe0",
    AreaGradeColour.YELLOW: "#e6b800",
    AreaGradeColour.RED: "#d93040",
    AreaGradeColour.BLACK: "#05070a",
}
_DARK_RAMP: Final = ("#4a2a78", "#93367a", "#d6504f", "#f48b2c", "#fbdc55")
_DARK_ZERO: Final = "#12365f"
_CHANGE_RAMP: Final = ("#12a08c", "#1d6370", _DARK_ZERO, "#86503a", "#e2662a")
"""Many fewer, fewer, as many, more, many more."""
_NO_BASE: Final = "#33557d"
_STREET: Final = "#2b5f92"
_OUTLINE: Final = "#ffe2a3"
_DISC: Final = "#0aa0b8"
LOOK: Final = WallLook(
    ink="#ffffff",
    halo="#06162c",
    edge="#7fb2d9",
    text_px=46,
    edge_px=2,
    disc_px=36,
    fill_opacity=0.86,
)


def wall_scene(content: Content, words: Words, basemap: Basemap) -> MapScene:
    """Build the scene; the grades have a layer of their own, shown in their scene."""
    town, picture, grades = content.town, content.picture, content.programme.grades
    units = town.units.iloc[picture.rows]
    inside = units.geometry.representative_point()
    lon, lat = np.asarray(inside.x, np.float64), np.asarray(inside.y, np.float64)
    hazards = _hazards(units, picture.unit_open, words)
    shown: list[Layer] = [*_streets(content, words), hazards]
    legends = [grid_legend(hazards, hazards.classes)] if hazards.classes else []
    scenes: dict[str, tuple[str, ...]] = {HAZARDS: ("units", "recent", "names")}
    if grades:
        graded = _grades(units, grades, words)
        shown.append(graded)
        legends.append(_grade_legend(words))
        scenes[GRADES] = ("grades", "grade_names")
    if content.grids.changes is not None:
        change = _change(units, content.grids.changes.differences, words)
        shown.append(change)
        legends += [] if change.classes is None else [grid_legend(change, change.classes)]
        scenes[CHANGE] = ("change", "change_names")
    shown += _outlines(content, words)
    recent = picture.unit_recent
    if recent.any():
        shown.append(_recent(lon, lat, recent, words))
        label = words("wall.map_recent")
        legends.append(
            Legend(label, (LegendEntry(words("wall.map_recent_n"), _DISC, "circle"),), "recent")
        )
    names = _names(units, picture.unit_open + recent, (lon, lat), content)
    shown.append(names)
    if grades:
        shown.append(_grade_names(names, content, words))
    if content.grids.changes is not None:
        moved = np.abs(content.grids.changes.differences)
        shown.append(replace(_names(units, moved, (lon, lat), content), id="change_names"))
    return MapScene(
        layers=tuple(shown),
        bounds=town.bounds(picture.area),
        texts=map_texts(words),
        language=words.language,
        as_of="",
        basemap=basemap,
        hidden=frozenset({"grades", "grade_names", "change", "change_names"}),
        legends=tuple(legends),
        fit_key=f"{picture.area}:{len(units)}",
        look=replace(LOOK, scenes=scenes),
    )


def _streets(content: Content, words: Words) -> tuple[Layer, ...]:
    streets = content.town.streets
    if streets.empty:
        return ()
    lines = list(streets.geometry.to_numpy())
    return (LineLayer("streets", words("map.streets"), lines, LineStyle(_STREET, 3.0)),)


def _outlines(content: Content, words: Words) -> tuple[Layer, ...]:
    outlines = content.town.outlines
    if outlines.empty:
        return ()
    shapes = list(outlines.geometry.to_numpy())
    return (LineLayer("outlines", words("map.outlines"), shapes, LineStyle(_OUTLINE, 5.0)),)


def _hazards(units: gpd.GeoDataFrame, counts: NDArray[np.int64], words: Words) -> GridLayer:
    values = counts.astype(np.float64)
    made = classes_for(
        values,
        title=words("wall.map_hazards"),
        no_base_label=words("map.no_base"),
        is_count=True,
        n=len(_DARK_RAMP),
    )
    shaded = len(made.colours) - int(made.has_zero)
    steps = np.linspace(0, len(_DARK_RAMP) - 1, shaded).round().astype(int) if shaded > 1 else [3]
    colours = tuple(_DARK_RAMP[int(step)] for step in steps)[:shaded]
    zero = (_DARK_ZERO,) if made.has_zero else ()
    classes = replace(
        made, colours=(*zero, *colours), marks=("",) * len(made.colours), no_base_colour=_NO_BASE
    )
    return GridLayer(
        id="units",
        title=words("wall.map_hazards"),
        codes=tuple(map(str, units.index)),
        names=tuple(map(str, units["name"])),
        geometries=list(units.geometry.to_numpy()),
        values=values,
        classes=classes,
        is_selectable=False,
        texts=tuple(str(n) if n else "" for n in counts),
    )


def _change(units: gpd.GeoDataFrame, differences: NDArray[np.int64], words: Words) -> GridLayer:
    """Shade each unit by how many more or fewer incidents it has: five classes around none.

    The outer ones hold about a quarter of the units that changed.
    """
    moved = np.abs(differences[differences != 0])
    step = max(2, int(np.ceil(np.percentile(moved, 75)))) if moved.size else 2
    edge, far = step - 0.5, max(int(moved.max(initial=0)), step) + 1.0
    more, fewer = ("+1", "−1") if step == 2 else (f"+1…+{step - 1}", f"−{step - 1}…−1")  # noqa: PLR2004
    classes = Classes(
        title=words("wall.map_change"),
        breaks=(-far, -edge, -0.5, 0.5, edge, far),
        colours=_CHANGE_RAMP,
        labels=(f"≤ −{step}", fewer, "0", more, f"≥ +{step}"),
        marks=("",) * len(_CHANGE_RAMP),
        has_zero=False,
        no_base_label=words("map.no_base"),
        no_base_colour=_NO_BASE,
    )
    return GridLayer(
        id="change",
        title=words("wall.map_change"),
        codes=tuple(map(str, units.index)),
        names=tuple(map(str, units["name"])),
        geometries=list(units.geometry.to_numpy()),
        values=differences.astype(np.float64),
        classes=classes,
        is_selectable=False,
        texts=tuple(f"{n:+d}".replace("-", "−") if n else "" for n in differences),
    )


def _grades(units: gpd.GeoDataFrame, known: Mapping[str, str], words: Words) -> GridLayer:
    """Shade each unit by its own grade, or by that of the nearest place above it that has one."""
    order = [str(colour) for colour in AreaGradeColour]
    above = [
        units[name] if name in units.columns else [None] * len(units)
        for name in ("community_code", "subdistrict_code", "station_code")
    ]
    owners = zip(units.index, *above, strict=True)
    found = [
        next((known[str(code)] for code in codes if str(code) in known), None) for codes in owners
    ]
    values = np.array([np.nan if grade is None else order.index(grade) for grade in found])
    classes = Classes(
        title=words("wall.map_grades"),
        breaks=tuple(float(edge) - 0.5 for edge in range(len(order) + 1)),
        colours=tuple(GRADE_COLOURS[colour] for colour in AreaGradeColour),
        labels=tuple(words.label("area_grade", grade) for grade in order),
        marks=("",) * len(order),
        has_zero=False,
        no_base_label=words("wall.map_no_grade"),
        no_base_colour=_NO_BASE,
    )
    return GridLayer(
        id="grades",
        title=words("wall.map_grades"),
        codes=tuple(map(str, units.index)),
        names=tuple(map(str, units["name"])),
        geometries=list(units.geometry.to_numpy()),
        values=values,
        classes=classes,
        is_selectable=False,
        texts=tuple(
            words(f"wall.grade_{known[code]}") if code in known else ""
            for code in map(str, units.index)
        ),
        hatched=(order.index(str(AreaGradeColour.BLACK)),),
    )


def _grade_legend(words: Words) -> Legend:
    entries = tuple(
        LegendEntry(
            words.label("area_grade", str(colour)),
            GRADE_COLOURS[colour],
            "hatch_white" if colour is AreaGradeColour.BLACK else "fill",
            _mark(words, str(colour)),
        )
        for colour in AreaGradeColour
    )
    return Legend(words("wall.map_grades"), entries, "grades")


def _mark(words: Words, grade: str) -> str:
    """Give the letter of a grade, unless its label shows it already."""
    mark = words(f"wall.grade_{grade}")
    return "" if mark in words.label("area_grade", grade) else mark


def _short(name: str) -> str:
    """Leave out what every community's name ends with: names stand close on a map."""
    for language in LANGUAGES:
        name = name.removesuffix(Words(language)("wall.name_suffix")) or name
    return name


def _grade_names(names: LabelLayer, content: Content, words: Words) -> LabelLayer:
    """Write each community's grade beside its name: a grade is never told by colour alone."""
    grades = content.programme.grades
    known = {_short(content.town.name("community", code)): one for code, one in grades.items()}
    texts = tuple(
        f"{name} {words('wall.grade_' + known[name])}" if name in known else name
        for name in names.texts
    )
    return replace(names, id="grade_names", texts=texts)


def _recent(
    lon: NDArray[np.float64], lat: NDArray[np.float64], counts: NDArray[np.int64], words: Words
) -> ClusterLayer:
    keep = counts > 0
    level = ClusterLevel(0, lon[keep], lat[keep], counts[keep])
    return ClusterLayer("recent", words("wall.map_recent"), (level,), _DISC)


def _names(
    units: gpd.GeoDataFrame,
    taken: NDArray[np.int64],
    places: tuple[NDArray[np.float64], NDArray[np.float64]],
    content: Content,
) -> LabelLayer:
    """Write each community's name in a grid without a number, as near to its middle as can be."""
    lon, lat = places
    texts: list[str] = []
    rows: list[int] = []
    owner = units["community_code"].to_numpy() if "community_code" in units.columns else None
    for code in dict.fromkeys(owner) if owner is not None else ():
        own = np.flatnonzero(owner == code)
        middle = lon[own].mean(), lat[own].mean()
        reach = np.hypot(lon[own] - middle[0], lat[own] - middle[1])
        free = own[taken[own] == 0]
        best = own[np.argmin(reach)] if len(free) == 0 else free[np.argmin(reach[taken[own] == 0])]
        name = _short(content.town.name("community", code))
        if name:
            texts.append(name)
            rows.append(int(best))
    return LabelLayer("names", "", tuple(texts), lon[rows], lat[rows])
