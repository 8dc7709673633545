"""Test methods on the past: rank cells on what came before a month, count what the month hit.

Used by the proof page and the `backtest` command.
Knows nothing of how a method ranks.

Measures: hit rate with Wilson's interval; PAI = (hits/n)/(a/A) of Chainey, Tompson and Uhlig
(2008); PEI = hits / the most hits any ranking could have had on the same ground (Hunt 2016). All
hang on the size of the cells, which the report names.
"""

from collections.abc import Sequence
from dataclasses import dataclass, replace
from datetime import datetime
from itertools import pairwise
from typing import Any, Final

import geopandas as gpd
import numpy as np
import numpy.typing as npt
import pandas as pd

from geo.errors import FrameError, GeoError
from geo.hotspots.checks import require_times
from geo.hotspots.find import answer
from geo.hotspots.intervals import wilson_interval
from geo.hotspots.layers import CellLayer, EventLayer, read_cells, read_events
from geo.hotspots.options import RECOMMENDED, HotspotOptions, Method
from geo.hotspots.periods import DAY_S, require_seconds
from geo.hotspots.result import Report
from geo.proof.scoring import best_hits, hits_at, ranking

FloatArray = npt.NDArray[np.float64]

FEW_TEST_EVENTS: Final = 100
COUNT: Final = "count"
RANDOM: Final = "random"
_PER_CENT: Final = 100.0


@dataclass(frozen=True, slots=True)
class Contender:
    """A method on trial.

    Attributes
    ----------
    name
        Unique; what the rows of the answer are called.
    method, options
        As for `find_hotspots`; `until_at` is set to each test's start.
    """

    name: str
    method: Method
    options: HotspotOptions


@dataclass(frozen=True, slots=True, kw_only=True)
class BacktestOptions:
    """How the test is run.

    Attributes
    ----------
    tests
        Months tested: the last ones up to `until_at`.
    areas_pct
        Shares of the ground, per cent.
    train_from_at
        Events before it are not learnt from; None: all.
    train_days
        Learn from this many days before each month only; None: from all before.
    until_at
        End of the last month tested, rounded down to a month's start; None: the end of the month of
        the last event.
    confidence
        Of `low` and `high`.
    few_events
        Fewer test events than this bring the warning ``few_test_events``.
    """

    tests: int = 12
    areas_pct: tuple[float, ...] = (1.0, 5.0, 10.0, 20.0)
    train_from_at: datetime | None = None
    train_days: float | None = None
    until_at: datetime | None = None
    confidence: float = 0.95
    few_events: int = FEW_TEST_EVENTS


@dataclass(frozen=True, slots=True)
class Backtest:
    """How the methods did.

    Attributes
    ----------
    frame
        One row for each method and share of ground, all months together: `method`, `area_pct`,
        `hits` (need not be whole), `n` (test events in cells), `hit_rate`, `low`, `high`, `pai`,
        `pei`. Plain count and random are always there.
    report
        Months tested and left out, cells and their width, rules, `warnings`.
    """

    frame: pd.DataFrame
    report: Report


@dataclass(frozen=True, slots=True)
class _Month:
    """One test."""

    start_at: pd.Timestamp
    train: EventLayer
    n: FloatArray


def default_contenders(options: HotspotOptions | None = None) -> tuple[Contender, ...]:
    """List the methods a town should see side by side; the recommended one first."""
    asked = options or HotspotOptions()
    methods = (RECOMMENDED, Method.COUNT, Method.KDE, Method.GISTAR, Method.NEAR_REPEAT)
    return tuple(Contender(method.value, method, asked) for method in methods)


def backtest(
    events: gpd.GeoDataFrame,
    cells: gpd.GeoDataFrame,
    methods: Sequence[Contender | tuple[str, Method, HotspotOptions]] | None = None,
    options: BacktestOptions | None = None,
) -> Backtest:
    """Run rolling monthly tests.

    Parameters
    ----------
    events
        As `find_hotspots`, with `occurred_at`; months are those of its time zone.
    cells
        As `find_hotspots`.
    methods
        What is tried; `default_contenders()` where None. Plain count is added where none is called
        ``count``.
    options
        Choices.

    Raises
    ------
    FrameError
        As `find_hotspots`; ``no_test_months`` (fields `tests`, `without_history`,
        `without_events`); ``bad_areas``; ``repeated_method_names``.

    Notes
    -----
    Random is worked out, not drawn: a share of the ground holds that share of the events.
    A month without test events, or without any event before it, is left out and counted. A method
    that refuses one of the months is left out of all, with the warning ``method_left_out``.
    """
    asked = options or BacktestOptions()
    tried = _contenders(methods)
    shares = _shares(asked)
    layer = read_cells(cells)
    times = require_times(events)
    known = read_events(events, layer)
    months, left_out = _months(known, times, layer, asked)
    total = sum(month.n.sum() for month in months)
    report: Report = {
        "tests": len(months),
        "months": [month.start_at.strftime("%Y-%m") for month in months],
        **left_out,
        "n": int(total),
        "cells": len(layer),
        "cell_width_m": round(layer.width_m, 3),
        "area_m2": float(layer.area_m2.sum()),
        "train_days": asked.train_days,
        "last_cell": "partial",
        "ties": "cell_id",
        "random": "expected",
        "confidence": asked.confidence,
        "warnings": [],
    }
    if total < asked.few_events:
        few = {"code": "few_test_events", "n": int(total), "least": asked.few_events}
        report["warnings"].append(few)
    best = sum((best_hits(m.n, layer.area_m2, layer.rank, shares) for m in months), np.zeros(1))
    rows: list[pd.DataFrame] = []
    for contender in tried:
        hits = _hits(contender, months, (layer, shares), report)
        if hits is not None:
            rows.append(_rows(contender.name, (hits, best, total), shares, asked))
    rows.append(_rows(RANDOM, (shares * total, best, total), shares, asked))
    return Backtest(pd.concat(rows, ignore_index=True), report)


def _contenders(
    methods: Sequence[Contender | tuple[str, Method, HotspotOptions]] | None,
) -> list[Contender]:
    given = default_contenders() if methods is None else methods
    tried = [part if isinstance(part, Contender) else Contender(*part) for part in given]
    names = [contender.name for contender in tried]
    if len(set(names)) < len(names) or RANDOM in names:
        raise FrameError("repeated_method_names", names=names)
    if COUNT not in names:
        tried.append(Contender(COUNT, Method.COUNT, HotspotOptions()))
    return tried


def _shares(asked: BacktestOptions) -> FloatArray:
    shares = np.asarray(asked.areas_pct, dtype=np.float64) / _PER_CENT
    if len(shares) == 0 or not ((shares > 0) & (shares <= 1)).all():
        raise FrameError("bad_areas", areas=list(asked.areas_pct))
    return shares


def _months(
    known: EventLayer, times: pd.Series, layer: CellLayer, asked: BacktestOptions
) -> tuple[list[_Month], Report]:
    time_s = require_seconds(known)
    zone = times.dt.tz
    if asked.until_at is None:
        end = times.max().normalize().replace(day=1) + pd.DateOffset(months=1)
    else:
        end = pd.Timestamp(asked.until_at).tz_convert(zone).normalize().replace(day=1)
    starts = [end - pd.DateOffset(months=k) for k in range(asked.tests, -1, -1)]
    months: list[_Month] = []
    without_history, without_events = [], []
    for start, stop in pairwise(starts):
        since_s = -np.inf if asked.train_from_at is None else asked.train_from_at.timestamp()
        if asked.train_days is not None:
            since_s = max(since_s, start.timestamp() - asked.train_days * DAY_S)
        train = known.where((time_s >= since_s) & (time_s < start.timestamp()))
        test = known.where((time_s >= start.timestamp()) & (time_s < stop.timestamp()))
        n = test.counts(len(layer))
        if not (train.cell >= 0).any():
            without_history.append(start.strftime("%Y-%m"))
        elif n.sum() == 0:
            without_events.append(start.strftime("%Y-%m"))
        else:
            months.append(_Month(start, train, n))
    left_out = {
        "months_without_history": without_history,
        "months_without_events": without_events,
    }
    if not months:
        raise FrameError(
            "no_test_months",
            tests=asked.tests,
            without_history=len(without_history),
            without_events=len(without_events),
        )
    return months, left_out


def _hits(
    contender: Contender,
    months: list[_Month],
    ground: tuple[CellLayer, FloatArray],
    report: dict[str, Any],
) -> FloatArray | None:
    layer, shares = ground
    hits = np.zeros(len(shares))
    for month in months:
        options = replace(contender.options, until_at=month.start_at.to_pydatetime())
        try:
            found = answer(month.train, layer, contender.method, options)
        except GeoError as error:
            month_name = month.start_at.strftime("%Y-%m")
            report["warnings"].append(
                {
                    "code": "method_left_out",
                    "method": contender.name,
                    "month": month_name,
                    "cause": error.code,
                }
            )
            return None
        score = found.frame["score"].to_numpy(dtype=np.float64)
        hits += hits_at(ranking(score, layer.rank), month.n, layer.area_m2, shares)
    return hits


def _rows(
    name: str,
    found: tuple[FloatArray, FloatArray, float],
    shares: FloatArray,
    asked: BacktestOptions,
) -> pd.DataFrame:
    hits, best, total = found
    low, high = wilson_interval(hits, total, asked.confidence)
    rate = hits / total
    return pd.DataFrame(
        {
            "method": name,
            "area_pct": np.asarray(asked.areas_pct, dtype=np.float64),
            "hits": hits,
            "n": int(total),
            "hit_rate": rate,
            "low": low,
            "high": high,
            "pai": rate / shares,
            "pei": hits / best,
        }
    )
