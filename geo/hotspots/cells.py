"""Lay square or hexagonal cells over an area, or take grids as cells, clipped to the real area.

Used by the hotspot questions and the back-test. A cell is a statistical unit, never a grid (网格).
Knows nothing of events.

Squares and hexagons stand on a lattice fixed to the origin of the CRS (squares: edges on multiples
of the size, as `geo.cells`): the same area gives the same cells whatever is counted. Two hexagons
that meet share their corners bit for bit.
"""

from math import ceil, floor, sqrt
from typing import Any, Final

import geopandas as gpd
import numpy as np
import numpy.typing as npt
import pandas as pd
import pyproj
import shapely

from geo.cells import SquareCells
from geo.errors import FrameError
from geo.hotspots.checks import require_metres

FloatArray = npt.NDArray[np.float64]
IntArray = npt.NDArray[np.int64]
ObjectArray = npt.NDArray[np.object_]

MAX_CELLS: Final = 1_000_000
LATTICE: Final = "gridbeat_lattice"
"""Key of a frame's `attrs`: shape and size of its lattice, for exact placing and neighbours."""

SQUARE: Final = "square"
HEXAGON: Final = "hexagon"
_BLOCK: Final = 24
_ROW_STEP: Final = 1.0 / (2.0 * sqrt(3.0))
_HEX_ROWS_A_SIZE: Final = 3.0 * _ROW_STEP


def square_cells(
    area: gpd.GeoDataFrame, size_m: float, *, limit: int = MAX_CELLS
) -> gpd.GeoDataFrame:
    """Cover an area with squares, clipped to it.

    Parameters
    ----------
    area
        Polygons in a projected CRS in metres; their union is covered.
    size_m
        Side of a square, metres.
    limit
        Most cells that may be asked for, counted over the area's bounding box.

    Returns
    -------
    geopandas.GeoDataFrame
        `cell_id` (text ``column_row``), `column`, `row` (lattice numbers), `geometry`, in rows from
        south to north and west to east. Cells that share no ground with the area are left out.

    Raises
    ------
    GeoError
        ``bad_cell_size``.
    FrameError
        ``no_area``, ``too_many_cells`` (fields `asked`, `limit`, `size_m`, `least_size_m`).
    CrsError
        ``no_crs``, ``not_in_metres``.
    """
    shape, crs = _ground(area)
    SquareCells(crs, size_m)
    west, south, east, north = shapely.bounds(shape).tolist()
    first = (floor(west / size_m), floor(south / size_m))
    counts = (ceil(east / size_m) - first[0], ceil(north / size_m) - first[1])
    _refuse_too_many(max(1, counts[0]), max(1, counts[1]), size_m, limit)
    row, column = np.mgrid[
        first[1] : first[1] + max(1, counts[1]), first[0] : first[0] + max(1, counts[0])
    ].reshape(2, -1)
    x, y = column * size_m, row * size_m
    boxes = shapely.box(x, y, (column + 1) * size_m, (row + 1) * size_m)
    return _clipped(boxes, column, row, shape, (SQUARE, size_m, crs))


def hexagon_cells(
    area: gpd.GeoDataFrame, size_m: float, *, limit: int = MAX_CELLS
) -> gpd.GeoDataFrame:
    """Cover an area with regular hexagons (corner to the north), clipped to it.

    Parameters
    ----------
    area, limit
        As `square_cells`.
    size_m
        Width between opposite sides, which is the distance between neighbouring centres, metres.
        A hexagon has sqrt(3)/2 x size_m^2 of ground.

    Returns
    -------
    geopandas.GeoDataFrame
        As `square_cells`; `column` counts half widths, `row` thirds of a row step.

    Raises
    ------
    GeoError, FrameError, CrsError
        As `square_cells`.
    """
    shape, crs = _ground(area)
    SquareCells(crs, size_m)
    west, south, east, north = shapely.bounds(shape).tolist()
    step_m = size_m * _HEX_ROWS_A_SIZE
    rows = np.arange(floor(south / step_m) - 1, ceil(north / step_m) + 2)
    columns = np.arange(floor(west / size_m) - 1, ceil(east / size_m) + 2)
    _refuse_too_many(len(columns), len(rows), size_m, limit)
    row, column = (part.ravel() for part in np.meshgrid(rows, columns, indexing="ij"))
    half, third = 2 * column + (row & 1), 3 * row
    corners = np.array([(0, 2), (-1, 1), (-1, -1), (0, -2), (1, -1), (1, 1), (0, 2)])
    x = (half[:, None] + corners[:, 0]) * (size_m / 2.0)
    y = (third[:, None] + corners[:, 1]) * (size_m * _ROW_STEP)
    hexagons = np.asarray(shapely.polygons(np.stack([x, y], axis=2)), dtype=object)
    return _clipped(hexagons, half, third, shape, (HEXAGON, size_m, crs))


def grid_cells(grids: gpd.GeoDataFrame, area: gpd.GeoDataFrame | None = None) -> gpd.GeoDataFrame:
    """Take the grids themselves as cells.

    Parameters
    ----------
    grids
        Polygons in a projected CRS in metres with `grid_code` or `cell_id`, unique; a column `base`
        is kept.
    area
        Polygons in the same CRS; cells are clipped to their union. None: as they are.

    Returns
    -------
    geopandas.GeoDataFrame
        `cell_id`, `geometry`, and `base` where there was one.

    Raises
    ------
    FrameError
        ``missing_columns``, ``no_area``.
    CrsError
        ``no_crs``, ``not_in_metres``, ``crs_mismatch``.
    """
    crs = require_metres(grids, "cells")
    column = "cell_id" if "cell_id" in grids.columns else "grid_code"
    if column not in grids.columns:
        raise FrameError("missing_columns", frame="cells", missing=["cell_id"])
    cells = gpd.GeoDataFrame(
        {"cell_id": grids[column].to_numpy()}, geometry=grids.geometry.to_numpy(), crs=crs
    )
    if "base" in grids.columns:
        cells["base"] = grids["base"].to_numpy()
    if area is None:
        return cells
    shape, _ = _ground(area)
    pieces = _polygonal(shapely.intersection(cells.geometry.to_numpy(), shape))
    kept = shapely.area(pieces) > 0
    clipped = cells[kept].copy()
    clipped["geometry"] = pieces[kept]
    return clipped.reset_index(drop=True)


def _ground(area: gpd.GeoDataFrame) -> tuple[shapely.Geometry, pyproj.CRS]:
    crs = require_metres(area, "area")
    shapes = area.geometry.to_numpy()
    shape = shapely.union_all(shapes[~shapely.is_missing(shapes)])
    if shape.is_empty or shape.area == 0.0:
        raise FrameError("no_area", rows=len(area))
    return shape, crs


def _refuse_too_many(columns: int, rows: int, size_m: float, limit: int) -> None:
    asked = columns * rows
    if asked > limit:
        least_m = float(np.ceil(size_m * sqrt(asked / limit)))
        raise FrameError(
            "too_many_cells", asked=asked, limit=limit, size_m=size_m, least_size_m=least_m
        )


def _cut(shapes: ObjectArray, at: tuple[IntArray, IntArray], area: shapely.Geometry) -> ObjectArray:
    """Clip cells to the area, one block of cells after the other (the area is cut down first)."""
    block = np.floor_divide(np.column_stack(at), _BLOCK)
    order = np.lexsort(block.T)
    changes = np.flatnonzero((np.diff(block[order], axis=0) != 0).any(axis=1)) + 1
    for some in np.split(order, changes):
        if len(some):
            frame = shapely.box(*shapely.total_bounds(shapes[some]))
            shapes[some] = shapely.intersection(shapes[some], shapely.intersection(area, frame))
    return shapes


def _polygonal(shapes: ObjectArray) -> ObjectArray:
    """Keep the polygons of what a clip left (it may leave lines and points beside them)."""
    mixed = shapely.get_type_id(shapes) == int(shapely.GeometryType.GEOMETRYCOLLECTION)
    for k in np.flatnonzero(mixed):
        parts = shapely.get_parts(shapes[k])
        shapes[k] = shapely.union_all(parts[shapely.get_dimensions(parts) == 2])  # noqa: PLR2004
    return shapes


def _clipped(
    shapes: ObjectArray,
    column: IntArray,
    row: IntArray,
    area: shapely.Geometry,
    lattice: tuple[str, float, Any],
) -> gpd.GeoDataFrame:
    shapely.prepare(area)
    kept = np.flatnonzero(shapely.intersects(area, shapes))
    shapes, column, row = shapes[kept], column[kept], row[kept]
    whole: npt.NDArray[np.bool_] = np.asarray(shapely.covers(area, shapes))
    cut = np.flatnonzero(~whole)
    shapes[cut] = _polygonal(_cut(shapes[cut], (column[cut], row[cut]), area))
    some = shapely.area(shapes) > 0
    shapes, column, row, whole = shapes[some], column[some], row[some], whole[some]
    names = pd.Series(column).astype(str) + "_" + pd.Series(row).astype(str)
    frame = gpd.GeoDataFrame(
        {"cell_id": names, "column": column, "row": row, "whole": whole},
        geometry=shapes,
        crs=lattice[2],
    )
    frame.attrs[LATTICE] = {"shape": lattice[0], "size_m": float(lattice[1])}
    return frame
