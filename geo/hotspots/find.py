"""Answer one hotspot question: events, cells, method, options; a frame and a report.

Used by data's analyses, by the back-test and by everyone who calls `geo.hotspots`.
Knows nothing of stores and screens.
"""

from collections.abc import Callable
from typing import Final

import geopandas as gpd
import numpy as np

from geo.hotspots import clustering, counting, emerging, near_repeat, periods
from geo.hotspots.layers import CellLayer, EventLayer, read_cells, read_events
from geo.hotspots.options import HotspotOptions, Method
from geo.hotspots.result import Hotspots, Working

_Answer = Callable[[EventLayer, CellLayer, HotspotOptions], Working]

_ANSWERS: Final[dict[Method, _Answer]] = {
    Method.COUNT: counting.count,
    Method.COUNT_KERNEL: counting.count_with_kernel,
    Method.RATE: counting.rate,
    Method.RISK: counting.risk,
    Method.KDE: counting.kde,
    Method.GISTAR: lambda e, c, o: clustering.getis_ord(e, c, o, Method.GISTAR),
    Method.GI: lambda e, c, o: clustering.getis_ord(e, c, o, Method.GI),
    Method.MORAN: clustering.moran,
    Method.CHANGE: periods.change,
    Method.EMERGING: emerging.emerging,
    Method.NEAR_REPEAT: near_repeat.near_repeats,
}


def find_hotspots(
    events: gpd.GeoDataFrame,
    cells: gpd.GeoDataFrame,
    method: Method | str,
    options: HotspotOptions | None = None,
) -> Hotspots:
    """Answer a hotspot question.

    Parameters
    ----------
    events
        Points in a projected CRS in metres. `occurred_at` (with time zone) for the methods that ask
        when; `event_id` where ids may repeat.
    cells
        Polygons in the same CRS with `cell_id`, unique; `base` for `rate` and `risk`. From
        `square_cells`, `hexagon_cells` or `grid_cells`, or any other.
    method
        One of `Method`.
    options
        Choices; the defaults are those of the field.

    Returns
    -------
    Hotspots
        One row for each cell, in the cells' order.

    Raises
    ------
    FrameError, CrsError
        What `checks`, `layers` and the method refuse; each names both sides.

    Notes
    -----
    Neither frame is changed. A point on a border goes to the cell just east of it (horizontal
    border: north), the lowest `cell_id` where there is none. The order of events and of cells
    changes nothing but the order of rows.
    """
    layer = read_cells(cells)
    return answer(read_events(events, layer), layer, Method(method), options or HotspotOptions())


def answer(
    events: EventLayer, cells: CellLayer, method: Method, options: HotspotOptions
) -> Hotspots:
    """Answer about events and cells that were read before (the back-test asks many times)."""
    work = _ANSWERS[method](events, cells, options)
    n = events.counts(len(cells))
    frame = gpd.GeoDataFrame(
        {"cell_id": cells.frame["cell_id"], "n": n.astype(np.int64), **work.columns},
        index=cells.frame.index,
        geometry=cells.shapes,
        crs=cells.crs,
    )
    outside = int((events.cell < 0).sum())
    _warn_about_events(events, outside, work)
    report = {
        "method": method.value,
        "n_events": len(events),
        "inside": len(events) - outside,
        "outside": outside,
        "cells": len(cells),
        "cell_width_m": round(cells.width_m, 3),
        "area_m2": float(cells.area_m2.sum()),
        **work.report,
        "warnings": work.warnings,
    }
    return Hotspots(frame, report)


def _warn_about_events(events: EventLayer, outside: int, work: Working) -> None:
    if outside:
        work.warn("events_outside_cells", count=outside, of=len(events))
    if len(events) == 1:
        work.warn("one_event", n=1)
    elif len(events) and bool((events.xy == events.xy[0]).all()):
        work.warn("one_place", n=len(events))
    if events.ids is not None:
        repeated = len(events.ids) - len(set(events.ids.tolist()))
        if repeated:
            work.warn("repeated_event_ids", count=repeated, of=len(events))
