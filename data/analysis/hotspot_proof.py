"""Test hotspot methods on the past of a store, and compare one ranking on several kinds of units.

Used by `gridbeat backtest`, the hotspot screen and the patrol brief. Knows nothing of sentences.
"""

from collections.abc import Sequence
from dataclasses import dataclass, field, replace
from datetime import UTC, datetime
from typing import Any, Final

import geopandas as gpd
import numpy as np
import pandas as pd
import shapely

from data.analysis.hotspot_answer import source_ground, spanned
from data.analysis.hotspot_cells import Cells, cells_of
from data.analysis.hotspot_ground import HotspotGround
from data.analysis.hotspot_question import HotspotQuestion, Selection, Units, select_events
from data.database import Database
from data.viewer import DisplayLevel, Viewer
from geo.crs import crs_label
from geo.errors import FrameError
from geo.hotspots import RECOMMENDED, HotspotOptions, Method
from geo.proof import BacktestOptions, Contender, backtest, compare_units

DEFAULT_METHODS: Final = (RECOMMENDED, Method.COUNT, Method.KDE, Method.GISTAR)
"""Tried side by side; plain count and random are always there."""
RANDOM: Final = "random"


@dataclass(frozen=True, eq=False)
class BacktestAnswer:
    """How the methods would have done.

    Attributes
    ----------
    frame
        One row for each method and share of ground: `method, area_pct, hits, n, hit_rate, low,
        high, pai, pei`. Random is always there.
    report
        Months, cells and their width, what was counted and left out, `recommended`, `winner` (the
        method with the most hits over all shares; ties by the frame's order), `warnings`.
    """

    question: HotspotQuestion
    frame: pd.DataFrame
    report: dict[str, Any]

    def hit_rate(self, method: str, area_pct: float) -> dict[str, float] | None:
        """Give the row of one method and share of ground as a dict; None where it is not there."""
        chosen = (self.frame["method"] == str(method)) & (self.frame["area_pct"] == area_pct)
        rows = self.frame[chosen].drop(columns="method").to_dict("records")
        return {str(key): float(value) for key, value in rows[0].items()} if rows else None


@dataclass(frozen=True, eq=False)
class UnitsAnswer:
    """What flips when the units change.

    Attributes
    ----------
    frame
        As `geo.proof.UnitComparison.frame`, with `name` (empty for hexagons).
    report
        As there, with what was counted and left out, and `cell_m` of the hexagons.
    """

    question: HotspotQuestion
    frame: pd.DataFrame
    report: dict[str, Any]
    cells: dict[str, Cells] = field(repr=False)


def backtest_of(
    source: Database | HotspotGround,
    viewer: Viewer,
    question: HotspotQuestion,
    options: BacktestOptions | None = None,
    *,
    methods: Sequence[Method | str] = DEFAULT_METHODS,
    now: datetime,
) -> BacktestAnswer:
    """Run rolling monthly tests on the events and cells of a question.

    Parameters
    ----------
    question
        Events, units and the methods' options; its own `method` is not used.
    options
        Months, shares of ground, training; `until_at` is the question's `until` where it is none.
    methods
        Which methods are tried.

    Raises
    ------
    FrameError, ConfigError, RecordNotFound, AccessRefused
        As `hotspots_of`; ``no_test_months``, ``bad_areas``.
    """
    asked = options or BacktestOptions()
    if asked.until_at is None and question.until is not None:
        asked = replace(asked, until_at=question.until)
    wanted = [Method(str(method)) for method in methods if str(method) != RANDOM]
    ground = source_ground(source, viewer, question, now=now)
    dated = replace(question, method=Method.COUNT)
    selection = select_events(ground, viewer, dated)
    cells = cells_of(ground, viewer, dated)
    events, coarse = _dated_events(ground, selection, cells)
    tried = [Contender(method.value, method, _plain(question)) for method in wanted]
    found = backtest(events, cells.layer.frame, tried, asked)
    report = found.report | selection.counts | _facts(cells, ground, question)
    report["left_out"] = report["left_out"] | {"too_coarse": coarse}
    report["warnings"] = [*selection.warnings, *found.report["warnings"]]
    report["recommended"] = RECOMMENDED.value
    report["winner"] = _winner(found.frame)
    return BacktestAnswer(question, found.frame, report)


def units_compared(
    source: Database | HotspotGround,
    viewer: Viewer,
    question: HotspotQuestion,
    *,
    area_pct: float = 10.0,
    now: datetime,
) -> UnitsAnswer:
    """Rank the same events on grids, communities and hexagons, and list what does not stay on top.

    Parameters
    ----------
    question
        Its `units` are not used; `cell_m` is the hexagons' width (None chooses).

    Raises
    ------
    FrameError, ConfigError, RecordNotFound, AccessRefused
        As `hotspots_of`; ``too_few_systems``.
    """
    ground = source_ground(source, viewer, question, now=now)
    plain = replace(question, cells=None, units=Units.GRIDS, cell_m=None)
    selection = select_events(ground, viewer, plain)
    systems: dict[str, Cells] = {}
    if ground.has_shape.any():
        systems["grids"] = cells_of(ground, viewer, plain)
        if ground.placed.grids["community_code"].notna().any():
            places = replace(plain, units=Units.COMMUNITIES)
            systems["communities"] = cells_of(ground, viewer, places)
    if viewer.level > DisplayLevel.PUBLIC:
        lattice = replace(plain, units=Units.HEXAGONS, cell_m=question.cell_m)
        systems["hexagons"] = cells_of(ground, viewer, lattice)
    events = _frame(ground, selection.rows, next(iter(systems.values())))
    frames = {name: cells.layer.frame for name, cells in systems.items()}
    found = compare_units(events, frames, question.method, spanned(question), area_pct=area_pct)
    names = {
        (system, code): name
        for system, cells in systems.items()
        for code, name in zip(cells.layer.frame["cell_id"], cells.names, strict=True)
    }
    frame = found.frame.copy()
    pairs = zip(frame["system"], frame["cell_id"], strict=True)
    frame.insert(2, "name", [names[pair] for pair in pairs])
    report = found.report | selection.counts | {"warnings": list(selection.warnings)}
    report["cell_m"] = systems["hexagons"].facts["cell_m"] if "hexagons" in systems else None
    return UnitsAnswer(question, frame, report, systems)


def _plain(question: HotspotQuestion) -> HotspotOptions:
    return replace(question.options, since_at=None, until_at=None, split_at=None)


def _dated_events(
    ground: HotspotGround, selection: Selection, cells: Cells
) -> tuple[gpd.GeoDataFrame, int]:
    """Give the events that have a month; months-only ones have, events without a time do not."""
    moments = ground.events.occurred_at[selection.rows]
    rows = selection.rows[~np.isnat(moments)]
    if len(rows) == 0:
        raise FrameError("times_needed", n=len(selection.rows), column="occurred_at")
    return _frame(ground, rows, cells), len(selection.rows) - len(rows)


def _frame(ground: HotspotGround, rows: Any, cells: Cells) -> gpd.GeoDataFrame:  # noqa: ANN401 - an array
    xy = ground.metres(rows, cells.crs)
    times = pd.DatetimeIndex(ground.events.occurred_at[rows]).tz_localize(UTC)
    frame = {"occurred_at": times.tz_convert(ground.tz)}
    return gpd.GeoDataFrame(frame, geometry=shapely.points(xy), crs=cells.crs)


def _facts(cells: Cells, ground: HotspotGround, question: HotspotQuestion) -> dict[str, Any]:
    return {
        **cells.facts,
        "units": cells.facts["units"].value,
        "layer": question.layer.value,
        "kinds": list(question.kinds),
        "hours": None if question.hours is None else list(question.hours),
        "weekdays": sorted(question.weekdays),
        "area": question.area,
        "crs": crs_label(cells.crs),
        "tz": ground.tz,
    }


def _winner(frame: pd.DataFrame) -> str:
    hits = frame.groupby("method", sort=False)["hits"].sum()
    return str(hits.index[int(np.argmax(hits.to_numpy()))])
