"""Answer where points fall in a tiling: exactly, in any order, without a test per polygon.

Used by `geo.assign` and by everything that joins many points to grids.
Knows nothing of grid kinds, dates and files.
"""

from geo.index.borders import Borders
from geo.index.direct import Located
from geo.index.faults import TilingFaults
from geo.index.tiling_index import (
    CELLS_PER_GRID,
    TilingIndex,
    build_index,
    has_accelerator,
    index_key,
)

__all__ = [
    "CELLS_PER_GRID",
    "Borders",
    "Located",
    "TilingFaults",
    "TilingIndex",
    "build_index",
    "has_accelerator",
    "index_key",
]
