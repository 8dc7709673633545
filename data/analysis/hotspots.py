"""Answer hotspot questions to a store: where events cluster, why, and how well that held before.

Used by `gridbeat hotspots`, `gridbeat backtest` and the hotspot screen: the one address of what
the other hotspot files of this package do. Knows nothing of sentences.

A screen reads a ground once for each revision (`ground_of`, with the placed events that it keeps
anyway) and asks it many questions; the command line gives the database itself.
"""

from data.analysis.hotspot_answer import FILE_COLUMNS, HotspotAnswer, hotspots_of, source_ground
from data.analysis.hotspot_ground import HotspotGround, ground_of
from data.analysis.hotspot_proof import (
    DEFAULT_METHODS,
    BacktestAnswer,
    UnitsAnswer,
    backtest_of,
    units_compared,
)
from data.analysis.hotspot_question import Channel, HotspotQuestion, Units
from data.analysis.hotspot_why import CellWhy, NearRepeats, open_in_cell, why_cell

__all__ = [
    "DEFAULT_METHODS",
    "FILE_COLUMNS",
    "BacktestAnswer",
    "CellWhy",
    "Channel",
    "HotspotAnswer",
    "HotspotGround",
    "HotspotQuestion",
    "NearRepeats",
    "Units",
    "UnitsAnswer",
    "backtest_of",
    "ground_of",
    "hotspots_of",
    "open_in_cell",
    "source_ground",
    "units_compared",
    "why_cell",
]
