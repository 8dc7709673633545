"""Measure a division of atoms into grids.

Used by `geo.districting.proposals`, before and after. Knows nothing of how it came about.
"""

from collections.abc import Sequence
from math import pi

import numpy as np
import numpy.typing as npt
import shapely

from geo.districting.balance import BandState, balance_of
from geo.districting.goals import DivisionFigures
from geo.districting.task import Task

FloatArray = npt.NDArray[np.float64]
IntArray = npt.NDArray[np.int64]


def division_figures(task: Task, grids: Sequence[str]) -> DivisionFigures:
    """Measure the grids asked about under an assignment of all atoms."""
    rows = np.flatnonzero(task.labels >= 0)
    codes = sorted({grids[k] for k in rows.tolist()})
    number = {code: k for k, code in enumerate(codes)}
    label = np.array([number[grids[k]] for k in rows.tolist()], dtype=np.int64)
    count = len(codes)
    load = balance_of("load", _sums(task.load[rows], label, count), task.options.bands.load)
    moved = np.array([grids[k] != task.start[k] for k in rows.tolist()])
    giving = rows[moved].tolist()
    touched = {grids[k] for k in giving} | {task.start[k] for k in giving}
    within = moved_households = None
    if task.households is not None:
        people = _sums(task.households[rows], label, count)
        states = task.options.bands.household_states(people)
        within = float((states == BandState.WITHIN).mean())
        moved_households = round(float(task.households[rows][moved].sum()))
    compact, border_m = _outlines(task, rows, label, count)
    return DivisionFigures(
        grids=count,
        max_deviation=load.max_deviation or 0.0,
        variation=load.variation or 0.0,
        max_over_min=load.max_over_min,
        largest=float(load.values.max()),
        within_load_band=load.share_within or 0.0,
        within_household_band=within,
        moved_atoms=int(moved.sum()),
        moved_households=moved_households,
        changed_grids=len(touched),
        mean_polsby_popper=float(compact.mean()),
        least_polsby_popper=float(compact.min()),
        border_m=border_m,
        longest_m=_longest_m(task, rows, label, codes),
    )


def _sums(values: FloatArray, label: IntArray, count: int) -> FloatArray:
    return np.bincount(label, weights=values, minlength=count).astype(np.float64)


def _outlines(task: Task, rows: IntArray, label: IntArray, count: int) -> tuple[FloatArray, float]:
    """Give Polsby-Popper of each grid from its atoms' outlines, and the borders between grids."""
    graph = task.atoms.graph
    own = np.full(len(graph), -1, dtype=np.int64)
    own[rows] = label
    a, b, border_m = graph.pairs()
    is_inner = (own[a] >= 0) & (own[a] == own[b])
    is_cut = (own[a] >= 0) & (own[b] >= 0) & ~is_inner
    outline = _sums(graph.outline_m[rows], label, count)
    outline -= 2.0 * _sums(border_m[is_inner], own[a][is_inner], count)
    area = _sums(np.asarray(shapely.area(task.atoms.shapes_m[rows])), label, count)
    return 4.0 * pi * area / outline**2, float(border_m[is_cut].sum())


def _longest_m(task: Task, rows: IntArray, label: IntArray, codes: list[str]) -> float:
    """Give the longest straight line from a grid's post, or centre of area, to its corners."""
    shapes = task.atoms.shapes_m[rows]
    area = np.asarray(shapely.area(shapes), dtype=np.float64)
    weight = _sums(area, label, len(codes))
    middle = shapely.get_coordinates(shapely.centroid(shapes))
    centre = np.column_stack(
        [_sums(area * middle[:, axis], label, len(codes)) / weight for axis in (0, 1)]
    )
    for k, code in enumerate(codes):
        centre[k] = task.options.posts.get(code, tuple(centre[k]))
    corners, atom = shapely.get_coordinates(shapes, return_index=True)
    return float(np.hypot(*(corners - centre[label[atom]]).T).max())
