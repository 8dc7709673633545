"""Shape what every hotspot question answers: a frame of cells and a report.

Used by every method of hotspots and by their callers.
Knows nothing of how a number came about.
"""

from dataclasses import dataclass, field
from typing import Any

import geopandas as gpd
import numpy.typing as npt

Report = dict[str, Any]
"""Codes and plain values (numbers, texts, lists, dicts of these): fit for JSON.

Always there: `method`, `n_events`, `inside`, `outside`, `cells`, `warnings` (a list of dicts with
`code` and fields). The other keys are the automatic choices and figures of the method.
"""


@dataclass(frozen=True, slots=True)
class Hotspots:
    """The answer to a hotspot question.

    Attributes
    ----------
    frame
        One row for each cell, in the order and with the index of the cells asked about: `cell_id`,
        `n` (events in the cell), the method's columns, `score` (what cells are ranked by, higher
        first), `class` (a code of `options.CellClass`), `geometry`.
    report
        What was counted, left out, chosen and refused.
    """

    frame: gpd.GeoDataFrame
    report: Report


@dataclass(slots=True)
class Working:
    """What a method fills in: columns of the answer, and its part of the report."""

    columns: dict[str, npt.NDArray[Any]] = field(default_factory=dict)
    report: Report = field(default_factory=dict)
    warnings: list[dict[str, Any]] = field(default_factory=list)

    def warn(self, code: str, **fields: Any) -> None:  # noqa: ANN401 - fields differ per code
        """Note something the reader must know."""
        self.warnings.append({"code": code, **fields})
