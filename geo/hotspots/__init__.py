"""Find where events cluster, by one verb: `find_hotspots`, and say how sure that is.

Used by data's analyses and the back-test. Knows nothing of stores, screens and languages; what was
found is a description of the past.
"""

from geo.hotspots.cells import grid_cells, hexagon_cells, square_cells
from geo.hotspots.colocation import Colocation, colocation
from geo.hotspots.density import Density, Raster, density_at, density_on_raster
from geo.hotspots.find import find_hotspots
from geo.hotspots.near_repeat import Knox, knox, knox_of_points
from geo.hotspots.options import (
    RECOMMENDED,
    CellClass,
    Contiguity,
    HotspotOptions,
    Kernel,
    Method,
    Repeats,
)
from geo.hotspots.result import Hotspots, Report
from geo.hotspots.streets import StreetCounts, street_counts
from geo.hotspots.times import HourWeekday, hour_weekday

__all__ = [
    "RECOMMENDED",
    "CellClass",
    "Colocation",
    "Contiguity",
    "Density",
    "HotspotOptions",
    "Hotspots",
    "HourWeekday",
    "Kernel",
    "Knox",
    "Method",
    "Raster",
    "Repeats",
    "Report",
    "StreetCounts",
    "colocation",
    "density_at",
    "density_on_raster",
    "find_hotspots",
    "grid_cells",
    "hexagon_cells",
    "hour_weekday",
    "knox",
    "knox_of_points",
    "square_cells",
    "street_counts",
]
