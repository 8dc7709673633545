"""Turn a plan into a map scene to edit: grids by a measure, streets, posts, hazards, drawings.

Used by the planner's editor. Knows nothing of the store.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Final

import numpy as np
import shapely

from dashboard.components.map_ground import street_layers, unit_labels
from dashboard.components.overview_map import map_texts
from dashboard.components.plan_map import editor_words
from dashboard.components.plan_words import STATES, title_of, value_text
from dashboard.maps.classes import classes_for
from dashboard.maps.editing import Counted, Editor, Measure, Refusal
from dashboard.maps.layers import (
    GridLayer,
    Layer,
    LineLayer,
    LineStyle,
    MapScene,
    PointKind,
    PointLayer,
)
from dashboard.maps.signs import Classes
from dashboard.theme import POINT_SIGNS, POST_SIGNS
from dashboard.viewmodels.planner import FOLLOWED, sketch_of
from data.analysis.plan_points import HAZARDS, OPEN

if TYPE_CHECKING:
    from collections.abc import Sequence

    import geopandas as gpd
    from numpy.typing import NDArray

    from dashboard.maps.editing import SharedVertices
    from dashboard.maps.layers import Basemap
    from dashboard.text import Words
    from dashboard.viewmodels.overview import Span
    from dashboard.viewmodels.planner import Followed, PlanState
    from dashboard.viewmodels.town import Town
    from data.analysis.plan_points import PlanPoints
    from data.repositories.plans import AsideRecord

GRIDS: Final = "plan_grids"
PIECES: Final = "plan_pieces"
WAITING: Final = "plan_waiting"
_COUNTED: Final = frozenset(
    {"households", "residents", "incidents", "hazards_open", "disputes_open", "officers"}
)
_STATES: Final = (("under", "#7fb3d5", "−"), ("in", "#f4f1e6", "="), ("over", "#e08a4a", "+"))
_WAITING_STYLE: Final = LineStyle("#a61e2f", 3.0, (8.0, 5.0))
_MOST_PIECES: Final = 3000


@dataclass(frozen=True, eq=False)
class Surround:
    """What lies around a plan's grids on its map.

    Attributes
    ----------
    vertices
        Those that the plan's grids share.
    pieces
        Compounds that can be picked for a transfer: `compound_id`, `name`, geometry.
    asides
        Drawings that wait.
    as_of
        How old the records are.
    """

    town: Town
    points: dict[str, PlanPoints]
    followed: Followed
    vertices: SharedVertices
    pieces: gpd.GeoDataFrame
    asides: tuple[AsideRecord, ...]
    basemap: Basemap
    span: Span
    as_of: str


def plan_scene(
    words: Words,
    state: PlanState,
    around: Surround,
    looked: tuple[str, str | None],
    answer: tuple[int, tuple[int, str]],
) -> MapScene:
    """Build the scene.

    Parameters
    ----------
    looked
        Measure that colours the grids, and the chosen grid.
    answer
        Number of the last message that was dealt with; number and sentence of one that was
        refused (0: none was).
    """
    measure, chosen = looked
    tiling = state.opened.tiling
    shapes = list(tiling.shapes)
    names = tuple(tiling.names.get(code, code) for code in tiling.codes)
    can_edit = state.plan.status.value == "draft"
    return MapScene(
        layers=(
            *street_layers(around.town, words, named=False),
            *_pieces(words, around.pieces),
            _grids(words, state, around.span, measure, names),
            *_hazards(words, around.points),
            *_posts(words, state),
            *_waiting(words, around.asides),
            unit_labels(words, names, tiling.shapes),
        ),
        bounds=state.bounds,
        texts=map_texts(words),
        language=words.language,
        as_of=around.as_of,
        basemap=around.basemap,
        hidden=frozenset({"labels", "plan_hazards"}),
        selected=chosen if chosen in state.row_of else None,
        fit_key=f"plan:{state.plan.id}",
        editor=_editor(words, state, around, answer) if can_edit and shapes else None,
    )


def _editor(
    words: Words, state: PlanState, around: Surround, answer: tuple[int, tuple[int, str]]
) -> Editor:
    answered, (refused_seq, refused_text) = answer
    tiling = state.opened.tiling
    held = around.followed
    measures = tuple(
        Measure(name, title_of(words, name, around.span), np.nan_to_num(state.values(name)))
        for name in FOLLOWED
    )
    return Editor(
        vertices=around.vertices,
        layer_id=GRIDS,
        words=editor_words(words),
        locked=tiling.locked,
        answered=answered,
        refused=Refusal(refused_seq, refused_text) if refused_text else None,
        measures=measures,
        counted=Counted(held.lon, held.lat, held.weights),
        piece_layer=PIECES if 0 < len(around.pieces) <= _MOST_PIECES else None,
    )


def _grids(
    words: Words, state: PlanState, span: Span, measure: str, names: tuple[str, ...]
) -> GridLayer:
    title = title_of(words, measure, span)
    values, classes = _shades(words, state, measure, title)
    tiling = state.opened.tiling
    shown = state.figures.columns[measure] if measure in STATES else state.values(measure)
    joint = "：" if words.language == "zh" else ": "
    locked = words("planner.locked")
    return GridLayer(
        id=GRIDS,
        title=words.label("level", "grid"),
        codes=tiling.codes,
        names=names,
        geometries=list(tiling.shapes),
        values=values,
        classes=classes,
        tooltips=tuple(
            f"{name} {code}{f' · {locked}' if code in tiling.locked else ''}\n"
            f"{title}{joint}{value_text(words, measure, value)}"
            for name, code, value in zip(names, tiling.codes, shown, strict=True)
        ),
    )


def _shades(
    words: Words, state: PlanState, measure: str, title: str
) -> tuple[NDArray[np.float64], Classes]:
    if measure in STATES:
        place = {code: float(at) for at, (code, _, _) in enumerate(_STATES)}
        states = state.figures.columns[measure]
        values = np.array([place.get(str(code), np.nan) for code in states], dtype=np.float64)
        return values, Classes(
            title=title,
            breaks=tuple(float(edge) for edge in range(len(_STATES) + 1)),
            colours=tuple(colour for _, colour, _ in _STATES),
            labels=tuple(words(f"plan_band_state.{code}") for code, _, _ in _STATES),
            marks=tuple(mark for _, _, mark in _STATES),
            has_zero=False,
            no_base_label=words("map.no_base"),
        )
    values = state.values(measure)
    is_count = measure in _COUNTED
    if not is_count and np.nanmax(np.abs(values), initial=0.0) > 100:  # noqa: PLR2004 - whole numbers say enough
        values = np.round(values)
    made = classes_for(values, title=title, no_base_label=words("map.no_base"), is_count=is_count)
    return values, made


def _pieces(words: Words, found: gpd.GeoDataFrame) -> tuple[Layer, ...]:
    if not 0 < len(found) <= _MOST_PIECES:
        return ()
    return (
        GridLayer(
            id=PIECES,
            title=words("planner.pieces"),
            codes=tuple(found["compound_id"].astype(str)),
            names=tuple(str(name or "") for name in found["name"]),
            geometries=list(found.geometry.to_numpy()),
            is_selectable=False,
        ),
    )


def _hazards(words: Words, points: dict[str, PlanPoints]) -> tuple[Layer, ...]:
    held = points[HAZARDS]
    rows = np.flatnonzero(held.periods[OPEN].kind >= 0)
    if not len(rows):
        return ()
    sign = POINT_SIGNS[1]
    return (
        PointLayer(
            id="plan_hazards",
            title=words("map.open_hazards"),
            lon=held.lon[rows],
            lat=held.lat[rows],
            kind=np.zeros(len(rows), dtype=np.uint8),
            kinds=(PointKind(words("map.open_hazards"), sign.colour, sign.shape),),
            radius_px=4.0,
        ),
    )


def _posts(words: Words, state: PlanState) -> tuple[Layer, ...]:
    posts = state.ground.posts
    placed = posts[posts.geometry.notna() & ~posts.geometry.is_empty]
    if placed.empty:
        return ()
    filled, vacant = POST_SIGNS
    middles = shapely.point_on_surface(placed.geometry.to_numpy())
    return (
        PointLayer(
            id="posts",
            title=words("map.posts"),
            lon=shapely.get_x(middles),
            lat=shapely.get_y(middles),
            kind=(~placed["is_filled"].to_numpy(dtype=bool)).astype(np.uint8),
            kinds=(
                PointKind(words("map.post_filled"), filled.colour, filled.shape),
                PointKind(words("map.post_vacant"), vacant.colour, vacant.shape),
            ),
            tooltips=tuple(
                f"{title}\n{words.label('position', position)}"
                for title, position in zip(placed["title"], placed["position"], strict=True)
            ),
            radius_px=7.0,
        ),
    )


def _waiting(words: Words, asides: Sequence[AsideRecord]) -> tuple[Layer, ...]:
    """Draw the drawings that wait, so that both versions are seen on one map."""
    sketches = [(aside, line) for aside in asides for line in sketch_of(aside).lines]
    if not sketches:
        return ()
    tips = tuple(
        words("planner.aside_tip", number=aside.id, author=aside.author) for aside, _ in sketches
    )
    lines = [line for _, line in sketches]
    return (LineLayer(WAITING, words("planner.waiting"), lines, _WAITING_STYLE, tips),)
