"""Lay the grids to be repaired on a plane, and answer who borders on what and how far.

Used by `geo.repairs.proposing` and `geo.repairs.applying`.
Knows nothing of proposals and decisions.
"""

from collections import defaultdict
from collections.abc import Sequence
from dataclasses import dataclass

import geopandas as gpd
import numpy as np
import numpy.typing as npt
import pyproj
import shapely

from geo.crs import require_crs
from geo.measure import area_m2
from geo.plane import Plane, plane_of
from geo.schema import CODED, require
from geo.surfaces import TOUCH_M, ObjectArray, areal_only, is_areal, polygonal, sound


@dataclass(frozen=True)
class Ground:
    """Grids on the plane, made sound; `raw` holds them as they came, in their own CRS."""

    codes: tuple[str, ...]
    raw: ObjectArray
    areas: ObjectArray
    plane: Plane
    crs: pyproj.CRS
    rows: dict[str, list[int]]

    def area_m2(self, shapes: Sequence[shapely.Geometry] | ObjectArray) -> npt.NDArray[np.float64]:
        """Measure shapes that lie on the plane: degrees by the working CRS, metres as they are."""
        if len(shapes) == 0:
            return np.zeros(0)
        laid = np.asarray(shapes, dtype=object)
        if self.crs.is_projected:
            return np.asarray(shapely.area(laid), dtype=np.float64)
        frame = gpd.GeoDataFrame(geometry=self.lift(laid), crs=self.crs)
        return area_m2(frame).fillna(0.0).to_numpy(dtype=np.float64)

    def lift(self, shapes: ObjectArray) -> ObjectArray:
        """Take shapes back to the CRS of the grids; their own vertices return bit for bit."""
        return self.plane.lift(shapes, self.raw[is_areal(self.raw)])

    def lay(self, shape: shapely.Geometry | None) -> shapely.Geometry:
        """Take one shape to the plane; an empty polygon for none."""
        laid: shapely.Geometry = self.plane.lay(np.array([polygonal(shape)], dtype=object))[0]
        return laid


def ground_of(frame: gpd.GeoDataFrame) -> Ground:
    """Lay grids out.

    Raises
    ------
    CrsError
        ``no_crs``.
    FrameError
        Those of `schema.require` for coded frames.
    """
    require(frame, CODED)
    crs = require_crs(frame)
    raw = np.asarray(shapely.force_2d(frame.geometry.to_numpy()), dtype=object)
    usable = areal_only(raw)
    plane = plane_of(usable, crs)
    rows: dict[str, list[int]] = defaultdict(list)
    codes = tuple(frame["grid_code"].tolist())
    for row, code in enumerate(codes):
        rows[code].append(row)
    return Ground(codes, raw, sound(plane.lay(usable)), plane, crs, dict(rows))


def common_border_m(piece: shapely.Geometry, areas: ObjectArray) -> npt.NDArray[np.float64]:
    """Give the length of the border that each area shares with a piece, metres."""
    reach = shapely.buffer(piece, TOUCH_M)
    return np.asarray(shapely.length(shapely.intersection(shapely.boundary(areas), reach)))


def parts(shape: shapely.Geometry) -> int:
    """Count the parts of an area; crumbs below a square millimetre do not count."""
    return int(np.count_nonzero(shapely.area(shapely.get_parts(shape)) > 1e-6))  # noqa: PLR2004
