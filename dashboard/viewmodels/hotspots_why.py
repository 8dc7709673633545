"""Gather what stands behind one cell, behind the ranking as such, and behind the hours of the week.

Used by `dashboard.cache.hotspots` and the hotspot screen. Knows nothing of languages.
"""

from __future__ import annotations

from dataclasses import dataclass, replace
from typing import TYPE_CHECKING, Final

import numpy as np
import pandas as pd

from data.analysis.hotspots import CellWhy, open_in_cell, why_cell
from geo.hotspots import RECOMMENDED, HourWeekday, Method, hour_weekday

if TYPE_CHECKING:
    from collections.abc import Mapping

    from data.analysis.hotspots import HotspotAnswer, HotspotQuestion
    from data.counting import Placed
    from data.viewer import Viewer
    from data.vocabulary import EventLayer

UNRANKING: Final = frozenset({Method.CHANGE, Method.EMERGING, Method.RATE, Method.RISK})
"""Questions whose ranking says nothing of where most will be: the recommended method is tested."""
_COARSE: Final = {"day": "date_only", "month": "month_only", "band": "time_band"}


@dataclass(frozen=True)
class CellCard:
    """What stands behind one cell, with what is open there: (kind, count), most first."""

    cell_id: str
    why: CellWhy
    hazards: tuple[tuple[str, int], ...]
    disputes: tuple[tuple[str, int], ...]


def card_of(
    answer: HotspotAnswer, viewer: Viewer, cell_id: str, layers: Mapping[EventLayer, Placed]
) -> CellCard:
    """Gather one cell.

    Raises
    ------
    RecordNotFound
        `no_such_cell`.
    """
    by_name = {layer.value: placed for layer, placed in layers.items()}
    hazards, disputes = (
        open_in_cell(answer, cell_id, by_name[name]) for name in ("hazards", "disputes")
    )
    return CellCard(cell_id, why_cell(answer, viewer, cell_id), hazards, disputes)


def proved_method(method: Method) -> Method:
    """Give the method whose back-test stands beside an answer."""
    return RECOMMENDED if method in UNRANKING else method


def proved_question(asked: HotspotQuestion) -> HotspotQuestion:
    """Give the question that is tested: same events and cells, the whole history before its end."""
    method = proved_method(asked.method)
    options = replace(asked.options, split_at=None, since_at=None, until_at=None)
    return replace(asked, since=None, method=method, options=options)


def week_of(answer: HotspotAnswer) -> HourWeekday:
    """Count the answer's events in the 168 hours of a week.

    Raises
    ------
    FrameError
        Those of `geo.hotspots.hour_weekday`.
    """
    events = answer.ground.events.take(answer.selection.rows)
    timed = ~np.isnat(events.occurred_at)
    labels = np.array([*(_COARSE.get(code, "") for code in events.precision.labels), ""], object)
    flags = labels[events.precision.codes[timed]]
    times = pd.DatetimeIndex(events.occurred_at[timed]).tz_localize("UTC")
    local = times.tz_convert(answer.ground.tz)
    frame = pd.DataFrame({"occurred_at": local, "time_flag": flags})
    found = hour_weekday(frame)
    without = found.report["without_hour"] + int((~timed).sum())
    return HourWeekday(found.counts, found.report | {"without_hour": without})
