"""Say how far posts reach: nearest post, share within a distance, gaps, overlap, siting.

Used by the coverage analysis of `data`. Knows nothing of stores; coordinates are metres of one
projected CRS, refused otherwise.
"""

from geo.coverage.area import AreaWithin, area_within
from geo.coverage.nearest import Nearest, nearest_post
from geo.coverage.streets import StreetNetwork, StreetReach, build_network, street_reach
from geo.coverage.within import Reach, beyond_by_unit, gaps, overlap, reach, within_minutes

__all__ = [
    "AreaWithin",
    "Nearest",
    "Reach",
    "StreetNetwork",
    "StreetReach",
    "area_within",
    "beyond_by_unit",
    "build_network",
    "gaps",
    "nearest_post",
    "overlap",
    "reach",
    "street_reach",
    "within_minutes",
]
