"""Show how well a ranking of places would have done, and how far it hangs on the units chosen.

Used by data's analyses and the proof page. Knows nothing of stores, screens and languages.
"""

from geo.proof.backtest import Backtest, BacktestOptions, Contender, backtest, default_contenders
from geo.proof.units import UnitComparison, compare_units

__all__ = [
    "Backtest",
    "BacktestOptions",
    "Contender",
    "UnitComparison",
    "backtest",
    "compare_units",
    "default_contenders",
]
