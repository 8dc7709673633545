"""Answer how counts changed between two periods.

Used by `find`.
Knows nothing of neighbours.
"""

from datetime import UTC, datetime
from typing import Final

import numpy as np

from geo.errors import FrameError
from geo.hotspots.clustering import refuse_few
from geo.hotspots.counting import unclassed
from geo.hotspots.intervals import difference_interval, ratio_interval, ratio_p
from geo.hotspots.layers import CellLayer, EventLayer, FloatArray
from geo.hotspots.options import CellClass, HotspotOptions
from geo.hotspots.result import Working
from geo.hotspots.significance import benjamini_hochberg, bonferroni

DAY_S: Final = 86_400.0


def change(events: EventLayer, cells: CellLayer, options: HotspotOptions) -> Working:
    """Compare [split, until) with [since, split): difference and ratio, each with an interval.

    `change` is the ratio of the two rates (events per day), `low` and `high` its exact conditional
    interval; NaN ratio and the class "no base" where the first period has no event. `difference` is
    `n_after` less `n_before` scaled to the second period's length. p is exact and conditional,
    adjusted over all cells that have any event.
    """
    time_s = require_seconds(events)
    if options.split_at is None:
        raise FrameError("split_missing", option="split_at")
    since_s, until_s = span_of(time_s, options)
    split_s = options.split_at.timestamp()
    if not since_s < split_s < until_s:
        raise FrameError(
            "split_outside", split_at=options.split_at.isoformat(), **_words(since_s, until_s)
        )
    before = events.where((time_s >= since_s) & (time_s < split_s)).counts(len(cells))
    after = events.where((time_s >= split_s) & (time_s < until_s)).counts(len(cells))
    exposure = (until_s - split_s) / (split_s - since_s)
    with np.errstate(divide="ignore", invalid="ignore"):
        ratio = np.where(before > 0, after / before / exposure, np.nan)
    low, high = ratio_interval(before, after, exposure, options.confidence)
    less, more = difference_interval(before, after, exposure, options.confidence)
    p = ratio_p(before, after, exposure)
    p_bh = benjamini_hochberg(p)
    difference = after - before * exposure
    work = Working(
        {"n_before": before, "n_after": after, "change": ratio, "low": low, "high": high}
    )
    work.columns |= {"difference": difference, "difference_low": less, "difference_high": more}
    work.columns |= {"p": p, "p_bh": p_bh, "p_bonferroni": bonferroni(p)}
    words = unclassed(len(cells))
    words[before == 0] = CellClass.NO_BASE.value
    words[(p_bh <= options.alpha) & (difference > 0)] = CellClass.UP.value
    words[(p_bh <= options.alpha) & (difference < 0)] = CellClass.DOWN.value
    total = int(before.sum() + after.sum())
    work.columns["class"] = refuse_few(words, before + after, options, total, work)
    work.columns["score"] = difference
    work.report |= {
        **_words(since_s, until_s),
        "split_at": options.split_at.isoformat(),
        "days_before": (split_s - since_s) / DAY_S,
        "days_after": (until_s - split_s) / DAY_S,
        "n_before": int(before.sum()),
        "n_after": int(after.sum()),
        "alpha": options.alpha,
        "interval": "conditional_binomial",
    }
    return work


def require_seconds(events: EventLayer) -> FloatArray:
    """Return the events' times, or refuse events without them.

    Raises
    ------
    FrameError
        ``times_needed`` (field `n`).
    """
    if events.time_s is None:
        raise FrameError("times_needed", n=len(events), column="occurred_at")
    return events.time_s


def span_of(time_s: FloatArray, options: HotspotOptions) -> tuple[float, float]:
    """Give the span asked about in seconds, half-open: stated, or first to just past the last."""
    since = options.since_at
    until = options.until_at
    since_s = float(time_s.min()) if since is None else since.timestamp()
    until_s = float(time_s.max()) + 1.0 if until is None else until.timestamp()
    if not since_s < until_s:
        raise FrameError("empty_period", **_words(since_s, until_s))
    return since_s, until_s


def _words(since_s: float, until_s: float) -> dict[str, str]:
    return {
        "since_at": datetime.fromtimestamp(since_s, UTC).isoformat(),
        "until_at": datetime.fromtimestamp(until_s, UTC).isoformat(),
    }
