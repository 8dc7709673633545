"""Answer hotspot questions to a store: where events cluster, and what the answer stands on.

Used by the rest of the hotspot analyses, which `data.analysis.hotspots` gathers. What is found
describes the past. Knows nothing of sentences.
"""

from dataclasses import dataclass, field, replace
from datetime import datetime
from typing import Any, Final

import geopandas as gpd
import numpy as np

from data.analysis.hotspot_cells import Cells, cells_of, placed_in
from data.analysis.hotspot_grids import ground_on
from data.analysis.hotspot_ground import FROM_EVENTS, HotspotGround
from data.analysis.hotspot_question import (
    HotspotQuestion,
    Selection,
    select_events,
)
from data.database import Database
from data.grids_of import GridsOf
from data.privacy import withheld
from data.repositories.figures import store_tz
from data.viewer import DisplayLevel, Viewer
from geo.crs import STORED_CRS, crs_label
from geo.errors import FrameError
from geo.hotspots import CellClass, HotspotOptions, Method
from geo.hotspots.find import answer
from geo.proof.scoring import ranking

TOP_AREA_PCT: Final = 5.0
"""Methods that rank and do not test: the first cells of this share of the ground."""
HOT: Final = frozenset({
    CellClass.HOT_99, CellClass.HOT_95, CellClass.HOT_90, CellClass.HIGH_HIGH, CellClass.UP,
    CellClass.NEW, CellClass.CONSECUTIVE, CellClass.INTENSIFYING, CellClass.PERSISTENT,
})  # fmt: skip
_RANKED: Final = {
    Method.COUNT, Method.COUNT_KERNEL, Method.KDE, Method.RATE, Method.NEAR_REPEAT,
}  # fmt: skip
_ON_PEOPLE: Final = {Method.RATE, Method.RISK}
_METRIC: Final = {Method.COUNT_KERNEL, Method.KDE, Method.NEAR_REPEAT}
FILE_COLUMNS: Final = (
    "n", "n_discovered", "n_before", "n_after", "base", "expected", "rate", "risk", "kde",
    "kde_events", "z", "p", "p_sim", "p_bh", "p_bonferroni", "class", "change", "low", "high",
    "near_repeats", "score", "rank", "is_hotspot", "is_estimated",
)  # fmt: skip
"""What a file of an answer holds of the columns that its method gives, in this order."""


@dataclass(frozen=True, eq=False)
class HotspotAnswer:
    """Where events cluster.

    Attributes
    ----------
    frame
        One row for each cell, in metres: `cell_id, name, n, n_discovered`, the method's columns
        (see `geo.hotspots`), `score, class, rank` (1 is first; ties by `cell_id`), `is_hotspot`.
        At level PUBLIC only `cell_id, name, n` (none where withheld), `note`, `class`,
        `is_hotspot`.
    report
        Everything counted, left out and chosen, codes and plain values, with `warnings`.
    """

    question: HotspotQuestion
    frame: gpd.GeoDataFrame
    report: dict[str, Any]
    cells: Cells = field(repr=False)
    selection: Selection = field(repr=False)
    ground: HotspotGround = field(repr=False)

    @property
    def crs(self) -> str:
        """The working CRS, such as ``EPSG:4539``."""
        return crs_label(self.frame.crs)

    @property
    def hot(self) -> gpd.GeoDataFrame:
        """Cells that may be called hotspots, first ranked first."""
        named = self.frame[self.frame["is_hotspot"]]
        return named.sort_values("rank") if "rank" in named else named

    def degrees(self) -> gpd.GeoDataFrame:
        """Give the frame in EPSG:4326; grids keep exactly their stored boundary."""
        frame = self.frame.drop(columns="geometry")
        shapes = self.cells.degrees(self.ground)
        return gpd.GeoDataFrame(frame, geometry=shapes, crs=STORED_CRS)


def hotspots_of(
    source: Database | HotspotGround,
    viewer: Viewer,
    question: HotspotQuestion,
    *,
    now: datetime,
) -> HotspotAnswer:
    """Answer a hotspot question.

    Parameters
    ----------
    source
        A store, or a ground that was read before (`ground_of`), which answers many questions
        without reading again.
    viewer
        Who reads: areas and level apply.
    question
        What is asked.
    now
        Aware; names the moment of the answer in the report and, for a store, the day of the grids.

    Raises
    ------
    ConfigError, RecordNotFound, AccessRefused
        As `select_events` and `cells_of`.
    FrameError, CrsError
        As `geo.hotspots.find_hotspots`.
    """
    ground = source_ground(source, viewer, question, now=now)
    selection = select_events(ground, viewer, question)
    cells = cells_of(ground, viewer, question)
    metric = question.method in _METRIC
    events = placed_in(ground, cells, selection.rows, needs_metres=metric)
    if not (events.cell >= 0).any():
        _refuse_apart(ground, cells, selection)
    found = answer(events, cells.layer, question.method, spanned(question))
    frame = found.frame
    frame.insert(1, "name", cells.names)
    others = placed_in(ground, cells, selection.others, needs_metres=False)
    frame.insert(3, "n_discovered", others.counts(len(frame)).astype(np.int64))
    _rank(frame, cells, question)
    report = _report(found.report, (ground, cells, selection), question, now)
    if question.method in _ON_PEOPLE:
        _mark_estimated(frame, report, (ground, cells))
    if viewer.level is DisplayLevel.PUBLIC:
        frame, report = _published(frame, report)
    return HotspotAnswer(question, frame, report, cells, selection, ground)


def source_ground(
    source: Database | HotspotGround, viewer: Viewer, question: HotspotQuestion, *, now: datetime
) -> HotspotGround:
    """Give the ground of a question: as it came, or read from the store on the day of `now`."""
    if isinstance(source, HotspotGround):
        return source
    with source.read() as session:
        return ground_on(
            session, viewer, question.layer, GridsOf(question.grids_of),
            span=(question.since, question.until), today=now.date(), tz=store_tz(session),
        )  # fmt: skip


def spanned(question: HotspotQuestion) -> HotspotOptions:
    """Give the options with the question's period where they name none."""
    options = question.options
    return replace(
        options,
        since_at=options.since_at or question.since,
        until_at=options.until_at or question.until,
    )


def _refuse_apart(ground: HotspotGround, cells: Cells, selection: Selection) -> None:
    bounds = [round(float(v), 1) for v in cells.layer.frame.total_bounds]
    lon, lat = ground.events.lon[selection.rows], ground.events.lat[selection.rows]
    spot = [round(float(v), 5) for v in (lon.min(), lat.min(), lon.max(), lat.max())]
    raise FrameError("events_miss_cells", count=len(lon), events=spot, cells=bounds)


def _rank(frame: gpd.GeoDataFrame, cells: Cells, question: HotspotQuestion) -> None:
    """Add `rank` and `is_hotspot`: never under the least number of events."""
    score = frame["score"].to_numpy(dtype=np.float64)
    order = ranking(score, cells.layer.rank)
    rank = np.empty(len(order), dtype=np.int64)
    rank[order] = np.arange(1, len(order) + 1)
    frame["rank"] = rank
    n, least = frame["n"].to_numpy(), question.options.min_events
    if question.method in _RANKED:
        ground = np.cumsum(cells.layer.area_m2[order])
        share = ground - cells.layer.area_m2[order] < ground[-1] * TOP_AREA_PCT / 100.0
        on_top = np.zeros(len(order), dtype=bool)
        on_top[order[share]] = True
        frame["is_hotspot"] = on_top & (n >= least) & (score > 0)
    else:
        frame["is_hotspot"] = frame["class"].isin(HOT).to_numpy() & (n >= least)


def _mark_estimated(
    frame: gpd.GeoDataFrame, report: dict[str, Any], about: tuple[HotspotGround, Cells]
) -> None:
    """Add `is_estimated`: cells whose people, and so whose rate, were shared out; warn of them."""
    ground, cells = about
    if cells.grid_cell is None or not ground.estimated.any():
        return
    marked = np.zeros(len(frame), dtype=bool)
    rows = cells.grid_cell[ground.estimated]
    marked[rows[rows >= 0]] = True
    frame["is_estimated"] = marked
    n = int(marked.sum())
    report["estimated"] = n
    if n:
        report["warnings"].append({"code": "people_estimated", "n": n})


def _report(
    found: dict[str, Any],
    about: tuple[HotspotGround, Cells, Selection],
    question: HotspotQuestion,
    now: datetime,
) -> dict[str, Any]:
    ground, cells, selection = about
    facts = cells.facts | {"units": cells.facts["units"].value}
    is_ranked = question.method in _RANKED
    warnings = [*selection.warnings, *found["warnings"]]
    if cells.facts["area_from"] == FROM_EVENTS:
        warnings.append({"code": "area_from_events", "n": len(selection.rows)})
    if found["n_events"] < question.options.min_events and not any(
        told["code"] == "too_few_events" for told in warnings
    ):
        least = question.options.min_events
        warnings.append({"code": "too_few_events", "n": found["n_events"], "least": least})
    return {
        **found,
        **selection.counts,
        **facts,
        "layer": question.layer.value,
        "since": None if question.since is None else question.since.isoformat(),
        "until": None if question.until is None else question.until.isoformat(),
        "kinds": list(question.kinds),
        "hours": None if question.hours is None else list(question.hours),
        "weekdays": sorted(question.weekdays),
        "area": question.area,
        "crs": crs_label(cells.crs),
        "tz": ground.tz,
        "as_of": ground.grids_of,
        "min_events": question.options.min_events,
        "hot_rule": "top_ground" if is_ranked else "class",
        "hot_area_pct": TOP_AREA_PCT if is_ranked else None,
        "answered_at": now.isoformat(timespec="seconds"),
        "warnings": warnings,
    }


def _published(
    frame: gpd.GeoDataFrame, report: dict[str, Any]
) -> tuple[gpd.GeoDataFrame, dict[str, Any]]:
    """Withhold counts of 1 to 4, and all from which they could be worked out."""
    shown = frame[["cell_id", "name", "class", "is_hotspot", "geometry"]].copy()
    for at, (name, values) in enumerate(withheld(frame["n"]).items(), 2):
        shown.insert(at, name, values)
    hidden = int(shown["n"].isna().sum())
    told = {key: value for key, value in report.items() if key not in _TOTALS}
    told["warnings"] = [{"code": "counts_withheld", "cells": hidden}] if hidden else []
    return shown, told | {"n_events": None}


_TOTALS: Final = frozenset({
    "inside", "outside", "selected", "unlocated", "channels", "left_out", "bands", "n_before",
    "n_after", "mass_in_cells", "events_without_base", "n", "pairs",
})  # fmt: skip
