"""Measure the grids of a plan in metres, and after an edit only those that it changed.

Used by the figures of plans. Knows nothing of counts and posts' holders.
"""

from dataclasses import dataclass
from typing import TYPE_CHECKING, Any, Final

import geopandas as gpd
import numpy as np
import numpy.typing as npt
import shapely
from shapely.geometry.base import BaseGeometry

from geo.crs import centre_of, to_working, working_crs
from geo.districting.graph import build_graph, parts_of
from geo.districting.shape import polsby_popper, reock

if TYPE_CHECKING:
    import pyproj

FloatArray = npt.NDArray[np.float64]
ObjectArray = npt.NDArray[np.object_]
IntArray = npt.NDArray[np.int64]
MEASURES: Final = ("area_m2", "polsby_popper", "reock", "parts")


@dataclass(frozen=True, slots=True, eq=False)
class _Known:
    """A shape in degrees, the same in metres, and its measures; equal only to itself."""

    shape: BaseGeometry | None
    metric: BaseGeometry
    measures: tuple[float, ...]


class ShapeMeter:
    """Measures of grids in one working CRS, kept for shapes that stay the same.

    Parameters
    ----------
    grids
        Grids or posts whose middle chooses the working CRS, EPSG:4326.
    """

    def __init__(self, grids: gpd.GeoDataFrame) -> None:
        has_shape = ~(grids.geometry.isna() | grids.geometry.is_empty)
        self._crs: pyproj.CRS | None = None
        if has_shape.any():
            middle = centre_of(grids[has_shape])
            self._crs = working_crs(middle.lon, middle.lat)
        self._known: dict[str, _Known] = {}
        self._parts: dict[tuple[str, ...], tuple[tuple[_Known, ...], int]] = {}

    def metric(self, frame: gpd.GeoDataFrame) -> ObjectArray:
        """Give a frame's shapes in the meter's CRS."""
        if self._crs is None or len(frame) == 0:
            return np.full(len(frame), shapely.Polygon(), dtype=object)
        shapes: ObjectArray = to_working(
            frame[[frame.geometry.name]], self._crs
        ).geometry.to_numpy()
        return np.asarray(shapes, dtype=object)

    def measure(self, grids: gpd.GeoDataFrame) -> tuple[ObjectArray, dict[str, npt.NDArray[Any]]]:
        """Give the shapes in metres, and `MEASURES` of each grid in the order of the frame."""
        codes = grids["grid_code"].astype(str).tolist()
        shapes = np.asarray(grids.geometry.to_numpy(), dtype=object)
        unknown = [
            row
            for row, (code, shape) in enumerate(zip(codes, shapes, strict=True))
            if code not in self._known or self._known[code].shape is not shape
        ]
        held = np.array([self._known[codes[r]].shape if codes[r] in self._known else None
                         for r in unknown], dtype=object)  # fmt: skip
        same = shapely.equals_identical(held, shapes[unknown]) if unknown else np.empty(0, bool)
        new = np.array(unknown, dtype=np.int64)[~same]
        metric = self.metric(grids.iloc[new])
        columns = (
            shapely.area(metric),
            polsby_popper(metric),
            reock(metric),
            shapely.get_num_geometries(metric).astype(np.float64),
        )
        for row, shape, *measures in zip(new.tolist(), metric, *columns, strict=True):
            self._known[codes[row]] = _Known(shapes[row], shape, tuple(map(float, measures)))
        inside = np.array([self._known[code].metric for code in codes], dtype=object)
        rows = np.array([self._known[code].measures for code in codes]).reshape(-1, len(MEASURES))
        table: dict[str, npt.NDArray[Any]] = dict(zip(MEASURES, rows.T.copy(), strict=True))
        table["parts"] = table["parts"].astype(np.int64)
        return inside, table

    def parts_of(self, codes: tuple[str, ...]) -> int:
        """Count the pieces that hang together along borders of grids that were measured."""
        held = tuple(self._known[code] for code in codes)
        if self._parts.get(codes, ((), 0))[0] != held:
            shapes = np.array([known.metric for known in held], dtype=object)
            pieces = np.array([part for shape in shapes for part in shapely.get_parts(shape)],
                              dtype=object)  # fmt: skip
            found = len(parts_of(build_graph(pieces).lists(), range(len(pieces))))
            self._parts[codes] = held, found
        return self._parts[codes][1]
