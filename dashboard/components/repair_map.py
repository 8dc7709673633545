"""Turn grids, faults and decisions into a map scene; a mark for each fault answers a click.

Used by `dashboard.components.repair_panel`. Knows nothing of the store.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, Final

import numpy as np
import shapely

from dashboard.components.overview_map import map_texts
from dashboard.maps.layers import (
    Basemap,
    GridLayer,
    Layer,
    LineLayer,
    LineStyle,
    MapScene,
    PointKind,
    PointLayer,
)
from dashboard.text.repairs import action_sentence, fault_sentence
from dashboard.theme import SELECTED_COLOUR, STATUS_SIGNS, Shape
from dashboard.viewmodels.repairs import STATES, state_of

if TYPE_CHECKING:
    from collections.abc import Mapping

    from dashboard.text import Words
    from dashboard.viewmodels.repairs import RepairView, Told

_SIGNS: Final = {
    "open": (STATUS_SIGNS["bad"].colour, Shape.DIAMOND),
    "accept": (STATUS_SIGNS["good"].colour, Shape.CIRCLE),
    "change": (STATUS_SIGNS["note"].colour, Shape.SQUARE),
    "refuse": ("#6b7280", Shape.CROSS),
}
_STATE_KEYS: Final = {"change": "repair_state.change_any"}
_DRAWN: Final = frozenset({"Polygon", "MultiPolygon", "LineString", "MultiLineString"})
_FAULT_STYLE: Final = LineStyle(STATUS_SIGNS["bad"].colour, 2.0)
_CHOSEN_STYLE: Final = LineStyle(SELECTED_COLOUR, 5.0)


def repair_scene(
    words: Words, view: RepairView, told: Mapping[str, Told], chosen: str, basemap: Basemap,
    *, is_close: bool,
) -> MapScene:  # fmt: skip
    """Build the scene.

    Parameters
    ----------
    chosen
        Id of the proposal that is looked at.
    is_close
        Whether the map goes to it.
    """
    found = view.found
    at = [k for k, one in enumerate(view.proposals) if one.id == chosen]
    own = [view.faults[k] for k in at if _is_drawn(view.faults[k])]
    shapes = [shape for shape in view.faults if _is_drawn(shape)]
    layers: list[Layer] = [_grids(words, view)]
    if own:
        layers.append(LineLayer("chosen", words("repairs.chosen"), own, _CHOSEN_STYLE))
    if shapes:
        layers.append(LineLayer("fault_shapes", words("repairs.shapes"), shapes, _FAULT_STYLE))
    layers.append(_marks(words, view, told))
    return MapScene(
        layers=tuple(layers),
        bounds=view.around(chosen) if is_close else view.bounds,
        texts=map_texts(words),
        language=words.language,
        as_of=words("repairs.map_of", file=_name(words, view), n=len(view.proposals)),
        basemap=basemap,
        fit_key=f"repair:{found.name}:{chosen if is_close else ''}",
    )


def _name(words: Words, view: RepairView) -> str:
    """Name the file; stored grids have none."""
    return view.found.name if "." in view.found.name else words("repairs.grids")


def _is_drawn(shape: Any) -> bool:  # noqa: ANN401 - a shape or none
    return shape is not None and not shape.is_empty and shape.geom_type in _DRAWN


def _grids(words: Words, view: RepairView) -> GridLayer:
    at = [
        k for k, shape in enumerate(view.grids)
        if _is_drawn(shape) and shape.geom_type.endswith("Polygon")
    ]  # fmt: skip
    codes = view.found.grids["grid_code"].tolist()
    return GridLayer(
        id="grids",
        title=words("repairs.grids"),
        codes=tuple(f"{codes[k]}:{k}" for k in at),
        names=tuple(str(codes[k]) for k in at),
        geometries=[view.grids[k] for k in at],
        is_selectable=False,
    )


def _marks(words: Words, view: RepairView, told: Mapping[str, Told]) -> PointLayer:
    at = [k for k, shape in enumerate(view.faults) if shape is not None and not shape.is_empty]
    places = shapely.get_coordinates(shapely.point_on_surface(view.faults[at]))
    shown = [view.proposals[k] for k in at]
    return PointLayer(
        id="faults",
        title=words("repairs.title"),
        lon=places[:, 0] if at else np.zeros(0),
        lat=places[:, 1] if at else np.zeros(0),
        kind=np.array([STATES.index(state_of(told, one.id)) for one in shown], dtype=np.uint8),
        kinds=tuple(
            PointKind(words(_STATE_KEYS.get(state, f"repair_state.{state}")), *_SIGNS[state])
            for state in STATES
        ),
        record_ids=tuple(one.id for one in shown),
        tooltips=tuple(
            f"{fault_sentence(words, one)}\n{action_sentence(words, one)}" for one in shown
        ),
        radius_px=7.0,
    )
