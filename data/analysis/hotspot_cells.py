"""Make the cells of a hotspot question and put the ground's events into them.

Used by the hotspot questions, the proof and the patrol ranking. Cells are kept with the ground, so
that the same question never lays them twice. Knows nothing of methods.
"""

from dataclasses import dataclass, replace
from math import ceil
from typing import Any, Final

import geopandas as gpd
import numpy as np
import numpy.typing as npt
import pandas as pd
import pyproj
import shapely

from data.analysis.hotspot_ground import FROM_EVENTS, HotspotGround
from data.analysis.hotspot_question import HotspotQuestion, Units, grids_in
from data.errors import AccessRefused, ConfigError, RecordNotFound
from data.viewer import DisplayLevel, Viewer
from geo.crs import to_stored, to_working
from geo.hotspots import Method, grid_cells, hexagon_cells, square_cells
from geo.hotspots.layers import CellLayer, EventLayer, place, read_cells

FloatArray = npt.NDArray[np.float64]
IntArray = npt.NDArray[np.int64]

DEFAULT_CELL_M: Final = 200.0
WALL_CELL_M: Final = 100.0
"""The finest cells that a wall may show (domain note 6.3)."""
_STEPS_M: Final = (200.0, 250.0, 300.0, 400.0, 500.0, 750.0, 1000.0, 1500.0, 2000.0, 3000.0,
                   5000.0, 10_000.0, 20_000.0, 50_000.0)  # fmt: skip
_CHOSEN_CELLS: Final = 40_000
_BASED: Final = {Method.RATE, Method.RISK}


@dataclass(frozen=True, eq=False)
class Cells:
    """The cells of a question.

    Attributes
    ----------
    layer
        As `geo.hotspots` reads them, in metres.
    names
        Name of each cell; empty for squares and hexagons.
    grid_cell
        Cell of each row of the placed grids, -1 for none; None where cells are no grids.
    facts
        What was chosen: `units, units_choice, cell_m, cell_choice, area_from`.
    """

    layer: CellLayer
    names: npt.NDArray[np.object_]
    grid_cell: IntArray | None
    facts: dict[str, Any]

    @property
    def crs(self) -> pyproj.CRS:
        """The CRS in metres."""
        return self.layer.crs

    def degrees(self, ground: HotspotGround) -> npt.NDArray[np.object_]:
        """Shapes of the cells in EPSG:4326; grids exactly as they are stored."""
        kept = self.layer.kept
        if "degrees" not in kept:
            grids = ground.placed.grids
            if self.facts["units"] == Units.GRIDS and self.grid_cell is not None:
                rows = np.flatnonzero(self.grid_cell >= 0)
                kept["degrees"] = grids.geometry.to_numpy()[rows]
            else:
                kept["degrees"] = to_stored(self.layer.frame[["geometry"]]).geometry.to_numpy()
        shapes: npt.NDArray[np.object_] = kept["degrees"]
        return shapes


def cells_of(ground: HotspotGround, viewer: Viewer, question: HotspotQuestion) -> Cells:
    """Lay the cells of a question, or give those that were laid before.

    Raises
    ------
    AccessRefused
        `cells_too_fine`: the viewer's level shows no ground as small as this.
    ConfigError
        `cell_m_without_cells`, `base_needs_places`, `unknown_area`.
    RecordNotFound
        `no_ground_for_hotspots`: neither grids nor located events; `no_units`.
    FrameError, GeoError, CrsError
        As `square_cells`, `hexagon_cells` and `read_cells`.
    """
    units = question.units or _units_of(ground, question)
    _refuse_fine(viewer, units, question.cell_m)
    if question.cell_m is not None and units not in {Units.SQUARES, Units.HEXAGONS}:
        raise ConfigError("cell_m_without_cells", units=units.value, cell_m=question.cell_m)
    if question.method in _BASED and units in {Units.SQUARES, Units.HEXAGONS}:
        raise ConfigError("base_needs_places", units=units.value, method=question.method.value)
    if question.cells is not None:
        return _given(question.cells)
    if not (ground.has_shape.any() or ground.events.is_located.any()):
        raise RecordNotFound("no_ground_for_hotspots", as_of=ground.as_of.isoformat())
    key = ("cells", units, question.cell_m, question.area)
    found: Cells | None = ground.kept.get(key)
    if found is None:
        if units in {Units.SQUARES, Units.HEXAGONS}:
            found = _lattice(ground, units, question.cell_m, question.area)
        else:
            found = _places(ground, units, question.area)
        ground.keep(key, found)
    choice = "default" if question.units is None else "stated"
    return replace(found, facts=found.facts | {"units_choice": choice})


def placed_in(
    ground: HotspotGround, cells: Cells, rows: IntArray, *, needs_metres: bool
) -> EventLayer:
    """Give events of a ground in their cells, as `geo.hotspots.find.answer` takes them.

    Parameters
    ----------
    needs_metres
        False where only counts by cell are asked for: places of grids are then known already and
        nothing is projected.
    """
    events = ground.events
    if cells.grid_cell is not None and not needs_metres:
        xy = np.column_stack([events.lon[rows], events.lat[rows]])
    else:
        xy = ground.metres(rows, cells.crs)
    if cells.grid_cell is not None:
        cell = ground.placed.of_grids(cells.grid_cell, -1, rows)
    else:
        cell = _placed_once(ground, cells, rows, xy)
    moments = events.occurred_at[rows]
    time_s = None
    if not np.isnat(moments).any():
        time_s = moments.astype("datetime64[ms]").astype(np.int64) / 1e3
    return EventLayer(xy, cell.astype(np.int64), time_s, None)


def _placed_once(ground: HotspotGround, cells: Cells, rows: IntArray, xy: FloatArray) -> IntArray:
    """Put events into cells; where it is a good part of all, all of them, once and for all."""
    kept = cells.layer.kept
    of_all = kept.get("all")
    if of_all is not None and of_all[0] is ground.events:
        return np.asarray(of_all[1][rows])
    if 4 * len(rows) < len(ground.events) or not cells.crs.equals(ground.crs):
        return place(xy, cells.layer)
    cell = np.full(len(ground.events), -1, dtype=np.int64)
    located = np.flatnonzero(ground.events.is_located)
    cell[located] = place(ground.xy[located], cells.layer)
    kept["all"] = (ground.events, cell)
    return cell[rows]


def _units_of(ground: HotspotGround, question: HotspotQuestion) -> Units:
    if question.cell_m is not None or not ground.has_shape.any():
        return Units.SQUARES
    return Units.GRIDS


def _refuse_fine(viewer: Viewer, units: Units, cell_m: float | None) -> None:
    """Show the public places only, and walls nothing under 100 m (domain note 6.3)."""
    if viewer.level >= DisplayLevel.INTERNAL:
        return
    is_place = units in {Units.GRIDS, Units.COMMUNITIES}
    wide_enough = units is not Units.GIVEN and (cell_m is None or cell_m >= WALL_CELL_M)
    if is_place or (viewer.level is DisplayLevel.WALL and wide_enough):
        return
    raise AccessRefused("cells_too_fine", yours=viewer.level.name, units=units.value)


def _given(frame: gpd.GeoDataFrame) -> Cells:
    """Take a file's cells as they are, in their own CRS where that is in metres."""
    crs = frame.crs
    in_metres = (
        crs is not None
        and crs.is_projected
        and abs(crs.axis_info[0].unit_conversion_factor - 1.0) < 1e-12  # noqa: PLR2004 - one metre
    )
    cells = frame if in_metres or crs is None else to_working(frame)
    layer = read_cells(cells.reset_index(drop=True))
    names = frame["name"] if "name" in frame.columns else pd.Series([""] * len(frame))
    facts = {"units": Units.GIVEN, "cell_m": None, "cell_choice": "stated", "area_from": "cells"}
    facts |= {"units_choice": "stated"}
    return Cells(layer, names.fillna("").astype(str).to_numpy(dtype=object), None, facts)


def _lattice(ground: HotspotGround, units: Units, cell_m: float | None, area: str) -> Cells:
    whole, source = ground.area
    if area and source != FROM_EVENTS:
        chosen = ground.plane[grids_in(ground, area)[ground.plane["row"]]]
        whole = gpd.GeoDataFrame(
            geometry=[shapely.union_all(chosen.geometry.to_numpy())], crs=ground.crs
        )
    facts: dict[str, Any] = {"units": units, "area_from": source, "cell_choice": "stated"}
    if cell_m is None:
        cell_m = _chosen_m(whole)
        facts["cell_choice"] = "default" if cell_m == DEFAULT_CELL_M else "widened"
    if source == FROM_EVENTS:
        whole = gpd.GeoDataFrame(geometry=whole.buffer(cell_m), crs=whole.crs)
    lay = square_cells if units is Units.SQUARES else hexagon_cells
    layer = read_cells(lay(whole, cell_m))
    facts["cell_m"] = cell_m
    return Cells(layer, np.full(len(layer), "", dtype=object), None, facts)


def _chosen_m(area: gpd.GeoDataFrame) -> float:
    """Choose 200 m, or the next width that makes no more than 40,000 cells of the bounding box."""
    west, south, east, north = area.total_bounds.tolist()
    for step_m in _STEPS_M:
        if ceil((east - west) / step_m + 1) * ceil((north - south) / step_m + 1) <= _CHOSEN_CELLS:
            return step_m
    return _STEPS_M[-1]


def _places(ground: HotspotGround, units: Units, area: str) -> Cells:
    plane = ground.plane[grids_in(ground, area)[ground.plane["row"]]]
    level = "grid" if units is Units.GRIDS else "community"
    if plane.empty:
        raise RecordNotFound("no_units", level=level, as_of=ground.as_of.isoformat())
    grid_cell = np.full(len(ground.placed.grids), -1, dtype=np.int64)
    if units is Units.GRIDS:
        codes = plane["grid_code"].astype(str).to_numpy(dtype=object)
        shapes, base = plane.geometry.to_numpy(), _residents(plane)
        grid_cell[plane["row"].to_numpy()] = np.arange(len(plane))
    else:
        owned = plane[plane["community_code"].notna()]
        if owned.empty:
            raise RecordNotFound("no_units", level=level, as_of=ground.as_of.isoformat())
        codes, cell = np.unique(owned["community_code"].astype(str), return_inverse=True)
        grid_cell[owned["row"].to_numpy()] = cell
        parts = owned.geometry.to_numpy()
        shapes = np.array([shapely.union_all(parts[cell == k]) for k in range(len(codes))])
        sums = np.bincount(cell, weights=_residents(owned), minlength=len(codes))
        base = sums.astype(np.float64, copy=False)
    frame = gpd.GeoDataFrame({"cell_id": codes, "base": base}, geometry=shapes, crs=ground.crs)
    layer = read_cells(grid_cells(frame))
    names = [ground.names.get((level, str(code)), "") for code in codes]
    facts = {"units": units, "cell_m": None, "cell_choice": "stated", "area_from": ground.area[1]}
    return Cells(layer, np.array(names, dtype=object), grid_cell, facts)


def _residents(grids: gpd.GeoDataFrame) -> FloatArray:
    """Residents of each grid; NaN where they are not stated."""
    return np.asarray(grids["residents"].to_numpy(dtype=np.float64, na_value=np.nan))
