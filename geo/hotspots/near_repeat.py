"""Test whether events close in space follow each other closely in time (Knox), and where they do.

Used by `find` and by the near-repeat panel.
Knows nothing of cells' classes.

Sources: Knox (1964) for the count of close pairs; Mantel (1967) and Ratcliffe (2009) for the test
by permuted times. Repeated records make pairs of their own at no distance and no delay, which alone
can make a test significant: they are counted first, and repeated ids dropped unless told otherwise.
"""

from dataclasses import dataclass, replace
from typing import Any, Final

import geopandas as gpd
import numpy as np
import numpy.typing as npt
import pandas as pd
import shapely
from scipy import special
from scipy.spatial import cKDTree

from geo.errors import FrameError
from geo.hotspots.checks import known_to, require_events, require_order, require_times
from geo.hotspots.close_pairs import ClosePairs, pairs_within, permuted_counts
from geo.hotspots.counting import unclassed
from geo.hotspots.layers import CellLayer, EventLayer, seconds_of
from geo.hotspots.options import HotspotOptions, Repeats
from geo.hotspots.periods import DAY_S, require_seconds, span_of
from geo.hotspots.result import Report, Working

BoolArray = npt.NDArray[np.bool_]
FloatArray = npt.NDArray[np.float64]
IntArray = npt.NDArray[np.int64]

_MOST_PAIRS: Final = 50_000_000


@dataclass(frozen=True, slots=True)
class Knox:
    """The bands of a Knox test.

    Attributes
    ----------
    bands
        One row for each pair of bands: `from_m`, `to_m`, `from_days`, `to_days`,
        `observed` (pairs), `expected` (mean of the permutations; of the margins where there are
        none), `ratio`, `p_sim` (share of permutations with at least as many pairs, the observed one
        counted in; NaN without permutations), `p_poisson` (at least as many pairs under a Poisson
        with the margins' mean). The first bands hold their lower bound 0, the others do not.
    report
        `n`, `pairs`, `close_in_space`, repeats found and dropped, permutations and seed.
    """

    bands: pd.DataFrame
    report: Report


@dataclass(frozen=True, slots=True)
class _Paired:
    """Events without the repeats that were dropped, and their pairs close in space."""

    events: EventLayer
    time_s: FloatArray
    pairs: ClosePairs
    report: Report


def knox(events: gpd.GeoDataFrame, options: HotspotOptions | None = None) -> Knox:
    """Count pairs by distance and time band, against permuted times.

    Parameters
    ----------
    events
        Points in metres with `occurred_at` (with time zone), and `event_id` where ids may repeat.
    options
        `near_m`, `near_days`: upper bounds, inclusive; `permutations` (99 where 0), `seed`,
        `repeats`.

    Raises
    ------
    FrameError
        ``no_events``, ``missing_columns``, ``times_without_zone``, ``times_missing``,
        ``bad_bands``, ``too_few_for_pairs`` (field `n`), ``too_many_pairs``; ``times_too_coarse``
        where only months are known.
    CrsError
        ``no_crs``, ``not_in_metres``.
    """
    asked = _asked(options)
    require_events(events)
    times = require_times(events)
    time_s, known = seconds_of(times), known_to(times)
    xy = shapely.get_coordinates(events.geometry.to_numpy())
    ids = events["event_id"].astype(str).to_numpy(object) if "event_id" in events.columns else None
    return knox_of(EventLayer(xy, np.zeros(len(xy), dtype=np.int64), time_s, ids, known), asked)


def _asked(options: HotspotOptions | None) -> HotspotOptions:
    asked = options or HotspotOptions()
    return replace(asked, permutations=99) if asked.permutations == 0 else asked


def knox_of(events: EventLayer, options: HotspotOptions) -> Knox:
    """Do as `knox` on events that were read before; without permutations where there are 0."""
    return _tested(_paired(events, options), options)


def _paired(events: EventLayer, options: HotspotOptions) -> _Paired:
    """Refuse what cannot be tested, drop repeats, and find the close pairs."""
    require_order("near_m", options.near_m)
    require_order("near_days", options.near_days)
    require_seconds(events)
    if events.known == "month":
        raise FrameError("times_too_coarse", known="month", needed="day", n=len(events))
    kept, report = _without_repeats(events, options.repeats)
    if len(kept) < 2:  # noqa: PLR2004 - a pair
        raise FrameError("too_few_for_pairs", n=len(kept), least=2)
    return _Paired(kept, require_seconds(kept), _pairs(kept.xy, options.near_m), report)


def _tested(paired: _Paired, options: HotspotOptions) -> Knox:
    """Count the pairs of each band, and say how many chance would bring."""
    time_s, pairs, n = paired.time_s, paired.pairs, len(paired.events)
    limits_s = np.asarray(options.near_days) * DAY_S
    observed = _observed(time_s, pairs, limits_s)
    expected = _margins(pairs, time_s, limits_s, n)
    p_poisson = np.where(observed > 0, special.pdtrc(observed - 1.0, expected), 1.0)
    p_sim = np.full(observed.shape, np.nan)
    if options.permutations > 0:
        expected, p_sim = _simulated(time_s, pairs, limits_s, (observed, options))
    found = {
        "observed": observed,
        "expected": expected,
        "ratio": observed / np.where(expected > 0, expected, np.nan),
        "p_sim": p_sim,
        "p_poisson": p_poisson,
    }
    bands = _bands(options, {name: values.ravel() for name, values in found.items()})
    report = {"n": n, "pairs": n * (n - 1) // 2, "close_in_space": len(pairs.a)}
    report |= {"permutations": options.permutations, "seed": options.seed}
    return Knox(bands, paired.report | report)


def knox_of_points(
    x: FloatArray, y: FloatArray, time_s: FloatArray, options: HotspotOptions | None = None
) -> Knox:
    """Do as `knox` on plain arrays; repeated ids are not known.

    Parameters
    ----------
    x, y
        Metres, finite.
    time_s
        Seconds from any moment, finite.
    options
        As `knox`.

    Raises
    ------
    FrameError
        ``points_without_coordinates`` (fields `count`, `rows`), ``times_missing`` (fields
        `count`, `of`), ``no_events``, ``bad_bands``, ``too_few_for_pairs``, ``too_many_pairs``.
    """
    asked = _asked(options)
    xy = np.column_stack([x, y]).astype(np.float64, copy=False)
    moments = np.asarray(time_s, dtype=np.float64)
    if len(xy) == 0:
        raise FrameError("no_events", frame="events")
    lost = np.flatnonzero(~np.isfinite(xy).all(axis=1))
    if len(lost):
        raise FrameError("points_without_coordinates", count=len(lost), rows=lost[:10].tolist())
    missing = int((~np.isfinite(moments)).sum())
    if missing:
        raise FrameError("times_missing", count=missing, of=len(moments))
    return knox_of(EventLayer(xy, np.zeros(len(xy), dtype=np.int64), moments, None), asked)


def near_repeats(events: EventLayer, cells: CellLayer, options: HotspotOptions) -> Working:
    """Count near repeats of each cell, and rank cells by recent events nearby.

    `near_repeats`: events in the cell that follow another within the first bands; of two at one
    time the more eastern one follows (on one meridian: the more northern one). `score`: events
    of the last `near_days[0]` days before `until_at` (or the last event) no further than
    `near_m[0]` from the cell's ground. The report holds the Knox bands of all events.
    """
    paired = _paired(events, options)
    kept, time_s, pairs = paired.events, paired.time_s, paired.pairs
    found = _tested(paired, options)
    since_s, until_s = span_of(time_s, options)
    a, b = pairs.a[: pairs.edges[1]], pairs.b[: pairs.edges[1]]
    close = np.abs(time_s[a] - time_s[b]) <= options.near_days[0] * DAY_S
    order = np.lexsort((kept.xy[:, 1], kept.xy[:, 0], time_s))
    rank = np.argsort(order)
    follows = np.zeros(len(kept), dtype=np.bool_)
    follows[order[np.maximum(rank[a[close]], rank[b[close]])]] = True
    work = Working({"near_repeats": kept.where(follows).counts(len(cells))})
    start_s = max(since_s, until_s - options.near_days[0] * DAY_S)
    recent = kept.where((time_s >= start_s) & (time_s < until_s))
    hits = shapely.STRtree(cells.shapes).query(
        shapely.points(recent.xy), predicate="dwithin", distance=options.near_m[0]
    )[1]
    work.columns["score"] = np.bincount(hits, minlength=len(cells)).astype(np.float64)
    work.columns["class"] = unclassed(len(cells))
    bands = found.bands.astype(object).where(found.bands.notna(), None)
    work.report |= found.report | {"bands": bands.to_dict("records"), "recent": len(recent)}
    return work


def _without_repeats(events: EventLayer, repeats: Repeats) -> tuple[EventLayer, Report]:
    """Count repeats; keep the earliest of each id, of equal times the most south-western."""
    time_s = require_seconds(events)
    x, y = events.xy[:, 0], events.xy[:, 1]
    order = np.lexsort((y, x, time_s))
    steps = np.stack([part[order] for part in (time_s, x, y)])
    same_place = np.zeros(len(events), dtype=np.bool_)
    same_place[order[1:]] = (np.diff(steps, axis=1) == 0).all(axis=0)
    same_id = np.zeros(len(events), dtype=np.bool_)
    if events.ids is not None:
        same_id[order] = pd.Series(events.ids[order]).duplicated().to_numpy()
    drop = np.zeros(len(events), dtype=np.bool_)
    if repeats is not Repeats.KEEP:
        drop |= same_id
    if repeats is Repeats.DROP_ALL:
        drop |= same_place
    report: dict[str, Any] = {
        "repeated_ids": int(same_id.sum()),
        "repeated_place_and_time": int(same_place.sum()),
        "repeats": repeats.value,
        "repeats_dropped": int(drop.sum()),
    }
    return events.where(~drop), report


def _pairs(xy: FloatArray, near_m: tuple[float, ...]) -> ClosePairs:
    if len(xy) * (len(xy) - 1) // 2 > _MOST_PAIRS:
        tree = cKDTree(xy)
        within = (int(tree.count_neighbors(tree, near_m[-1])) - len(xy)) // 2
        if within > _MOST_PAIRS:
            raise FrameError("too_many_pairs", pairs=within, limit=_MOST_PAIRS, near_m=near_m[-1])
    a, b, squared = pairs_within(xy, near_m[-1])
    if len(near_m) == 1:
        return ClosePairs(a, b, np.array([0, len(a)], dtype=np.int64))
    limits = np.asarray(near_m[:-1])
    band = np.searchsorted(limits * limits, squared, side="left")
    order = np.argsort(band, kind="stable")
    edges = np.searchsorted(band[order], np.arange(len(near_m) + 1))
    return ClosePairs(a[order], b[order], edges.astype(np.int64))


def _observed(time_s: FloatArray, pairs: ClosePairs, limits_s: FloatArray) -> IntArray:
    """Count the pairs of each distance band (rows) and time band (columns)."""
    gap = np.abs(time_s[pairs.a] - time_s[pairs.b])
    band = np.searchsorted(limits_s, gap, side="left")
    counts = [
        np.bincount(band[low:high], minlength=len(limits_s) + 1)[: len(limits_s)]
        for low, high in zip(pairs.edges[:-1], pairs.edges[1:], strict=True)
    ]
    return np.asarray(counts, dtype=np.int64)


def _differences(within: npt.NDArray[np.int64]) -> IntArray:
    """Turn counts within each limit into counts of the time bands (axis 1)."""
    return np.diff(within, axis=1, prepend=0)


def _margins(pairs: ClosePairs, time_s: FloatArray, limits_s: FloatArray, n: int) -> FloatArray:
    """Give the pairs each band would have were place and time unrelated."""
    ordered = np.sort(time_s)
    within = [
        float((np.searchsorted(ordered, ordered + limit, side="right") - np.arange(n) - 1).sum())
        for limit in limits_s
    ]
    in_time = np.diff(np.asarray(within), prepend=0.0)
    in_space = np.diff(pairs.edges).astype(np.float64)
    return np.asarray(in_space[:, None] * in_time / (n * (n - 1) / 2.0), dtype=np.float64)


def _simulated(
    time_s: FloatArray,
    pairs: ClosePairs,
    limits_s: FloatArray,
    about: tuple[IntArray, HotspotOptions],
) -> tuple[FloatArray, FloatArray]:
    """Permute the times over the fixed pairs: mean counts and p of each band."""
    observed, options = about
    within = permuted_counts(time_s, pairs, limits_s, options.permutations, options.seed)
    drawn = _differences(within)
    reached = (drawn >= observed[:, :, None]).sum(axis=2)
    p = (1.0 + reached) / (1.0 + options.permutations)
    return drawn.mean(axis=2), p


def _bands(options: HotspotOptions, found: dict[str, npt.NDArray[Any]]) -> pd.DataFrame:
    metres, days = np.asarray(options.near_m), np.asarray(options.near_days)
    table: dict[str, npt.NDArray[Any]] = {
        "from_m": np.repeat(np.append(0.0, metres[:-1]), len(days)),
        "to_m": np.repeat(metres, len(days)),
        "from_days": np.tile(np.append(0.0, days[:-1]), len(metres)),
        "to_days": np.tile(days, len(metres)),
    }
    return pd.DataFrame(table | found)
