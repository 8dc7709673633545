"""Answer with clusters of cells: Gi*, Gi and local Moran, with p, adjusted p and class.

Used by `find`.
Knows nothing of how the scores are worked out.
"""

import numpy as np
import numpy.typing as npt

from geo.errors import FrameError
from geo.hotspots.layers import CellLayer, EventLayer
from geo.hotspots.local_g import gi, gi_star, permutation_p
from geo.hotspots.local_moran import local_moran
from geo.hotspots.neighbours import Weights, neighbours_of
from geo.hotspots.options import CellClass, Contiguity, HotspotOptions, Method
from geo.hotspots.result import Working
from geo.hotspots.significance import (
    benjamini_hochberg,
    bonferroni,
    hot_and_cold,
    is_hot_word,
    two_sided,
)

FloatArray = npt.NDArray[np.float64]
ObjectArray = npt.NDArray[np.object_]


def getis_ord(
    events: EventLayer, cells: CellLayer, options: HotspotOptions, method: Method
) -> Working:
    """Score each neighbourhood's count by Gi* (with the cell) or Gi (without it)."""
    n = events.counts(len(cells))
    work = Working()
    neighbours = chosen_neighbours(cells, options, work)
    score = gi_star if method is Method.GISTAR else gi
    found = score(n, neighbours)
    _significance(work, n, neighbours, (cells, options, found.z))
    words = hot_and_cold(np.nan_to_num(found.z), work.columns["p_bh"])
    degree = np.diff(neighbours.indptr)
    if method is Method.GI:
        words[degree == 0] = CellClass.NO_NEIGHBOURS.value
    own = n if method is Method.GISTAR else 0.0
    around = np.asarray(neighbours @ n) + own
    work.columns["class"] = refuse_few(words, around, options, int(n.sum()), work)
    work.columns["score"] = np.where(np.isfinite(found.z), found.z, 0.0)
    return work


def moran(events: EventLayer, cells: CellLayer, options: HotspotOptions) -> Working:
    """Find cells whose count is like (or unlike) their neighbours', by local Moran.

    `score` is the z of cells above the mean, with the sign turned for cells below it, so that high
    among high ranks first and low among low last.
    """
    n = events.counts(len(cells))
    work = Working()
    neighbours = chosen_neighbours(cells, options, work)
    found = local_moran(n, neighbours)
    work.columns["moran"] = found.moran
    _significance(work, n, neighbours, (cells, options, found.z))
    passed = work.columns["p_bh"] <= options.alpha
    words = np.where(passed, found.quadrant, CellClass.NONE.value).astype(object)
    words[np.diff(neighbours.indptr) == 0] = CellClass.NO_NEIGHBOURS.value
    around = np.asarray(neighbours @ n) + n
    work.columns["class"] = refuse_few(words, around, options, int(n.sum()), work)
    sign = np.where(np.isin(found.quadrant.astype(str), ["high_high", "high_low"]), 1.0, -1.0)
    work.columns["score"] = np.nan_to_num(sign * found.z)
    work.report["alpha"] = options.alpha
    return work


def chosen_neighbours(cells: CellLayer, options: HotspotOptions, work: Working) -> Weights:
    """Build the neighbours that the options ask for, and say so in the report.

    Raises
    ------
    FrameError
        ``neighbours_need_distance``: by distance without one; ``too_few_cells`` (fields `cells`,
        `least`).
    """
    least = 3
    if len(cells) < least:
        raise FrameError("too_few_cells", cells=len(cells), least=least)
    contiguity = options.contiguity
    if options.neighbours_m is not None:
        contiguity = Contiguity.DISTANCE
        if not options.neighbours_m > 0:
            raise FrameError("neighbours_need_distance", neighbours_m=options.neighbours_m)
    elif contiguity is Contiguity.DISTANCE:
        raise FrameError("neighbours_need_distance", neighbours_m="")
    neighbours = neighbours_of(cells, contiguity, options.neighbours_m)
    degree = np.diff(neighbours.indptr)
    alone = int((degree == 0).sum())
    work.report |= {
        "contiguity": contiguity.value,
        "neighbours_m": options.neighbours_m,
        "mean_neighbours": round(float(degree.mean()), 3),
        "cells_without_neighbours": alone,
    }
    if alone:
        work.warn("cells_without_neighbours", count=alone, of=len(cells))
    return neighbours


def refuse_few(
    words: ObjectArray, evidence: FloatArray, options: HotspotOptions, total: int, work: Working
) -> ObjectArray:
    """Take every word that calls a cell hot from cells that too few events stand behind.

    Parameters
    ----------
    words
        Classes, changed in place.
    evidence
        Events behind each cell's word.
    options
        `min_events` decides.
    total
        Events in all cells: with too few of them no cell is called hot.
    work
        Gets the figures and the warning ``too_few_events``.
    """
    short = (evidence < options.min_events) | (total < options.min_events)
    words[is_hot_word(words) & short] = CellClass.FEW_EVENTS.value
    few = int((words == CellClass.FEW_EVENTS.value).sum())
    work.report |= {"cells_with_few_events": few, "min_events": options.min_events}
    if total < options.min_events:
        work.warn("too_few_events", n=total, least=options.min_events)
    return words


def _significance(
    work: Working,
    n: FloatArray,
    neighbours: Weights,
    about: tuple[CellLayer, HotspotOptions, FloatArray],
) -> None:
    cells, options, z = about
    p = two_sided(z)
    work.columns |= {"z": z, "p": p}
    if options.permutations > 0:
        work.columns["p_sim"] = permutation_p(
            n, neighbours, cells.rank, options.permutations, options.seed
        )
    work.columns |= {"p_bh": benjamini_hochberg(p), "p_bonferroni": bonferroni(p)}
    work.report |= {
        "tests": int(np.isfinite(p).sum()),
        "classed_by": "p_bh",
        "sides": 2,
        "permutations": options.permutations,
        "seed": options.seed,
    }
    if not np.isfinite(z).any():
        work.warn("no_variation", cells=len(cells), value=float(n[0]))
