"""Find when a team was last at a place, or at least in its grid, before a shift.

Used by `dashboard.viewmodels.patrol`. Knows nothing of languages.

A stop is one point of a team, a must-patrol line has its stop noted at one point of the line, and
an inspection at one point of the grid. Being "here" therefore means: inside the place's square,
within `STOP_REACH_M` of the middle of its incidents, or on a line that passes through the square.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Final

import numpy as np
import shapely

if TYPE_CHECKING:
    from collections.abc import Sequence
    from datetime import datetime

    from numpy.typing import NDArray
    from shapely.geometry.base import BaseGeometry

    from data.repositories.registers import PatrolStopRecord, PatrolTargetRecord
    from geo.cells import SquareCells

STOP_REACH_M: Final = 150.0
"""The geofence of the London stops (Williams & Coupe 2017)."""
_LINES: Final = frozenset({"LineString", "MultiLineString"})


class StopsBefore:
    """The stops before a moment, ready to be asked for a place.

    Parameters
    ----------
    before
        Aware moment; later stops do not count. Of equally late stops the higher id wins.
    """

    def __init__(
        self,
        stops: Sequence[PatrolStopRecord],
        targets: Sequence[PatrolTargetRecord],
        cells: SquareCells,
        before: datetime,
    ) -> None:
        known = [stop for stop in stops if stop.arrived_at < before]
        self.since_at = min((stop.arrived_at for stop in known), default=None)
        self._stops = sorted(
            (stop for stop in known if stop.geometry is not None),
            key=lambda stop: (stop.arrived_at, stop.id),
        )
        points = [stop.geometry.centroid for stop in self._stops if stop.geometry is not None]
        self._points = np.array(points, dtype=object)
        lon, lat = shapely.get_x(self._points), shapely.get_y(self._points)
        self._xy_m = cells.metres(lon, lat) if points else np.zeros((0, 2))
        self._refs = np.array([stop.target_ref or "" for stop in self._stops], dtype=object)
        self._cells = cells
        self._lines = {
            target.external_id: target.geometry
            for target in targets
            if target.geometry is not None and target.geometry.geom_type in _LINES
        }

    def here(
        self, outline: shapely.Polygon, middle: tuple[float, float]
    ) -> tuple[PatrolStopRecord, float] | None:
        """Give the latest stop at a place and its metres from the middle; 0 on a passing line."""
        gaps_m = self._gaps_m(middle)
        passing = {ref for ref, line in self._lines.items() if outline.intersects(line)}
        walked = np.isin(self._refs, sorted(passing)) if passing else np.zeros(len(gaps_m), bool)
        inside = shapely.intersects(outline, self._points) if len(gaps_m) else walked
        return self._latest(walked | inside | (gaps_m <= STOP_REACH_M), np.where(walked, 0, gaps_m))

    def inside(
        self, grid: BaseGeometry | None, middle: tuple[float, float]
    ) -> tuple[PatrolStopRecord, float] | None:
        """Give the latest stop anywhere in a place's grid and its metres from the middle."""
        if grid is None or not self._stops:
            return None
        return self._latest(shapely.intersects(grid, self._points), self._gaps_m(middle))

    def _gaps_m(self, middle: tuple[float, float]) -> NDArray[np.float64]:
        here = self._cells.metres(np.array([middle[0]]), np.array([middle[1]]))[0]
        return np.asarray(np.hypot(*(self._xy_m - here).T), dtype=np.float64)

    def _latest(
        self, chosen: NDArray[np.bool_], gaps_m: NDArray[np.float64]
    ) -> tuple[PatrolStopRecord, float] | None:
        rows = np.flatnonzero(chosen)
        if len(rows) == 0:
            return None
        return self._stops[int(rows[-1])], float(gaps_m[rows[-1]])
