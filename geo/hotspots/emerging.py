"""Class cells by how their heat came and went over time slices.

Used by `find`.
Knows nothing of what the slices count.

The words are those of Esri's Emerging Hot Spot Analysis. T slices of equal width end at `until`; a
cell is hot (cold) in a slice when its space-time Gi* is so after Benjamini-Hochberg over all cells
and slices at 90 %. The neighbourhood of a slice is the cell and its neighbours in that slice and in
the `slices_back` before it. The trend is that of Mann-Kendall on the cell's scores, two-sided at
`alpha`. The first rule that fits decides:

1. not hot in the last slice: `historical` when hot in at least 90 % of slices, else `none`;
2. hot in the last slice and in at least 90 %: `intensifying` with a rising trend, `diminishing`
   with a falling one, else `persistent`;
3. hot in the last slice only: `new`;
4. one unbroken run of at least two hot slices at the end, never hot before: `consecutive`;
5. ever cold before: `oscillating`;
6. else `sporadic`.
"""

from dataclasses import dataclass
from math import floor
from typing import Final

import numpy as np
import numpy.typing as npt

from geo.errors import FrameError
from geo.hotspots.clustering import chosen_neighbours, refuse_few
from geo.hotspots.layers import CellLayer, EventLayer
from geo.hotspots.neighbours import Weights
from geo.hotspots.options import CellClass, HotspotOptions
from geo.hotspots.periods import DAY_S, require_seconds, span_of
from geo.hotspots.result import Working
from geo.hotspots.significance import benjamini_hochberg, two_sided

BoolArray = npt.NDArray[np.bool_]
FloatArray = npt.NDArray[np.float64]
ObjectArray = npt.NDArray[np.object_]

_MOSTLY: Final = 0.9
_FDR: Final = 0.10


@dataclass(frozen=True, slots=True)
class Trend:
    """Mann-Kendall's test of each row.

    Attributes
    ----------
    s
        Pairs that rise less pairs that fall.
    z
        Standard score with continuity correction and ties; 0 where all values are equal.
    """

    s: FloatArray
    z: FloatArray


def emerging(events: EventLayer, cells: CellLayer, options: HotspotOptions) -> Working:
    """Class each cell; `z` is the last slice's score, `trend_z`, `trend_p` are Mann-Kendall's."""
    time_s = require_seconds(events)
    since_s, until_s = span_of(time_s, options)
    width_s = options.slice_days * DAY_S
    slices = floor((until_s - since_s) / width_s + 1e-9) if width_s > 0 else 0
    if slices < options.min_slices:
        raise FrameError(
            "too_few_slices",
            slices=slices,
            least=options.min_slices,
            days=round((until_s - since_s) / DAY_S, 1),
            slice_days=options.slice_days,
        )
    first_s = until_s - slices * width_s
    number = np.floor((time_s - first_s) / width_s).astype(np.int64)
    used = (time_s >= first_s) & (time_s < until_s) & (events.cell >= 0)
    at = events.cell[used] * slices + np.clip(number[used], 0, slices - 1)
    cube = np.bincount(at, minlength=len(cells) * slices).reshape(-1, slices).astype(np.float64)
    work = Working()
    neighbours = chosen_neighbours(cells, options, work)
    z = space_time_scores(cube, neighbours, options.slices_back)
    p = two_sided(z)
    p_bh = benjamini_hochberg(p.ravel()).reshape(z.shape)
    hot, cold = (p_bh <= _FDR) & (z > 0), (p_bh <= _FDR) & (z < 0)
    trend = mann_kendall(np.nan_to_num(z))
    trend_p = two_sided(trend.z)
    rising = np.where(trend_p <= options.alpha, np.sign(trend.s), 0.0)
    words = emerging_words(hot, cold, rising)
    around = cube.sum(axis=1)
    around = around + np.asarray(neighbours @ around)
    work.columns |= {"z": z[:, -1], "p": p[:, -1], "p_bh": p_bh[:, -1]}
    work.columns |= {"trend_z": trend.z, "trend_p": trend_p}
    work.columns["hot_slices"] = hot.sum(axis=1)
    work.columns["class"] = refuse_few(words, around, options, int(cube.sum()), work)
    work.columns["score"] = np.nan_to_num(z[:, -1])
    work.report |= {
        "slices": slices,
        "slice_days": options.slice_days,
        "slices_back": options.slices_back,
        "events_before_first_slice": int(((events.cell >= 0) & (time_s < first_s)).sum()),
        "alpha": options.alpha,
        "tests": int(np.isfinite(z).sum()),
    }
    return work


def space_time_scores(cube: FloatArray, neighbours: Weights, slices_back: int) -> FloatArray:
    """Work out Gi* over cells and slices at once.

    Parameters
    ----------
    cube
        Counts, shape (cells, slices).
    neighbours
        Of the cells, without themselves.
    slices_back
        How many earlier slices belong to a slice's neighbourhood (fewer at the start).

    Returns
    -------
    numpy.ndarray
        Scores of the cube's shape; mean and spread are the whole cube's. NaN where it is flat.
    """
    n_cells, slices = cube.shape
    n = cube.size
    spread = float(cube.std())
    if np.ptp(cube) == 0.0:
        return np.full(cube.shape, np.nan)
    around = np.asarray(neighbours @ cube) + cube
    total = around.copy()
    for back in range(1, min(slices_back, slices - 1) + 1):
        total[:, back:] += around[:, :-back]
    members = np.diff(neighbours.indptr)[:, None] + 1.0
    sums = members * np.minimum(np.arange(slices) + 1.0, slices_back + 1.0)
    bottom = spread * np.sqrt(np.maximum(0.0, (n * sums - sums * sums) / (n - 1)))
    top = total - sums * cube.mean()
    empty = np.full((n_cells, slices), np.nan)
    return np.asarray(np.divide(top, bottom, out=empty, where=bottom > 0), dtype=np.float64)


def mann_kendall(values: FloatArray) -> Trend:
    """Test each row for a monotone trend (Mann 1945, Kendall 1975).

    Parameters
    ----------
    values
        Shape (rows, times), finite.
    """
    times = values.shape[1]
    s = np.zeros(len(values))
    for lag in range(1, times):
        s += np.sign(values[:, lag:] - values[:, :-lag]).sum(axis=1)
    ordered = np.sort(values, axis=1)
    starts = np.ones(values.shape, dtype=np.bool_)
    starts[:, 1:] = np.diff(ordered, axis=1) != 0
    group = np.cumsum(starts, axis=1) - 1 + np.arange(len(values))[:, None] * times
    size = np.bincount(group.ravel(), minlength=values.size).reshape(values.shape).astype(float)
    ties = (size * (size - 1) * (2 * size + 5)).sum(axis=1)
    variance = (times * (times - 1) * (2 * times + 5) - ties) / 18.0
    shifted = s - np.sign(s)
    z = np.divide(shifted, np.sqrt(variance), out=np.zeros(len(s)), where=variance > 0)
    return Trend(s, z)


def emerging_words(hot: BoolArray, cold: BoolArray, rising: FloatArray) -> ObjectArray:
    """Apply the rules of this module.

    Parameters
    ----------
    hot, cold
        Shape (cells, slices).
    rising
        1, 0, -1 for a significant rise, none, a significant fall.
    """
    slices = hot.shape[1]
    share = hot.sum(axis=1) / slices
    last = hot[:, -1]
    mostly = share >= _MOSTLY - 1e-12
    run = np.cumprod(hot[:, ::-1], axis=1).sum(axis=1)
    once = run == hot.sum(axis=1)
    was_cold = cold[:, :-1].any(axis=1)
    return np.select(
        [
            ~last & mostly,
            ~last,
            mostly & (rising > 0),
            mostly & (rising < 0),
            mostly,
            once & (run == 1),
            once,
            was_cold,
        ],
        [
            CellClass.HISTORICAL.value,
            CellClass.NONE.value,
            CellClass.INTENSIFYING.value,
            CellClass.DIMINISHING.value,
            CellClass.PERSISTENT.value,
            CellClass.NEW.value,
            CellClass.CONSECUTIVE.value,
            CellClass.OSCILLATING.value,
        ],
        default=CellClass.SPORADIC.value,
    ).astype(object)
