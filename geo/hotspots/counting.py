"""Answer with counts, rates, risks and densities of cells.

Used by `find`.
Knows nothing of neighbours and periods.
"""

import numpy as np
import numpy.typing as npt

from geo.errors import FrameError
from geo.hotspots.cells import SQUARE
from geo.hotspots.clustering import refuse_few
from geo.hotspots.density import Density, Raster, density_at, density_on_raster
from geo.hotspots.intervals import poisson_interval, poisson_p
from geo.hotspots.layers import CellLayer, EventLayer
from geo.hotspots.options import (
    DEFAULT_BANDWIDTH_M,
    LIGHT_BANDWIDTH_M,
    CellClass,
    HotspotOptions,
    Kernel,
)
from geo.hotspots.result import Working
from geo.hotspots.significance import benjamini_hochberg, bonferroni, hot_and_cold

FloatArray = npt.NDArray[np.float64]

_MOST_PIXELS = 4_000_000


def count(events: EventLayer, cells: CellLayer, options: HotspotOptions) -> Working:
    """Count the events of each cell, with Garwood's interval of the mean behind the count."""
    n = events.counts(len(cells))
    low, high = poisson_interval(n, options.confidence)
    work = Working({"low": low, "high": high, "score": n, "class": unclassed(len(n))})
    work.report["interval"] = "garwood"
    return work


def count_with_kernel(events: EventLayer, cells: CellLayer, options: HotspotOptions) -> Working:
    """Rank cells by their count, ties broken by a light kernel: n + share x kernel's events."""
    n = events.counts(len(cells))
    work = Working({"class": unclassed(len(n))})
    fallback_m = max(LIGHT_BANDWIDTH_M, cells.width_m)
    _density(events, cells, options, (fallback_m, work))
    work.columns["score"] = n + options.light_share * work.columns["kde_events"]
    work.report["light_share"] = options.light_share
    return work


def kde(events: EventLayer, cells: CellLayer, options: HotspotOptions) -> Working:
    """Estimate the density at the cells' centres, per m2 and as events of the cell."""
    work = Working({"class": unclassed(len(cells))})
    fallback_m = max(DEFAULT_BANDWIDTH_M, cells.width_m)
    _density(events, cells, options, (fallback_m, work))
    work.columns["score"] = work.columns["kde"]
    work.report["mass_in_cells"] = float(work.columns["kde_events"].sum())
    return work


def rate(events: EventLayer, cells: CellLayer, options: HotspotOptions) -> Working:
    """Divide counts by the base, with Garwood's interval; "no base" where there is none."""
    n, base = events.counts(len(cells)), _base(cells)
    based = np.isfinite(base) & (base > 0)
    low, high = poisson_interval(n, options.confidence)
    work = Working()
    scale = options.rate_per / np.where(based, base, np.nan)
    work.columns |= {"base": base, "rate": n * scale, "low": low * scale, "high": high * scale}
    work.columns["score"] = np.where(based, n * scale, -np.inf)
    work.columns["class"] = unclassed(len(n))
    work.columns["class"][~based] = CellClass.NO_BASE.value
    work.report |= {"rate_per": options.rate_per, "interval": "garwood"}
    _warn_unbased(work, n, based)
    return work


def risk(events: EventLayer, cells: CellLayer, options: HotspotOptions) -> Working:
    """Compare counts with what the base would expect: observed over expected, exact interval.

    Expected: the events of all cells with a base, shared out by base. p is exact Poisson,
    two-sided, adjusted over all cells with a base.
    """
    n, base = events.counts(len(cells)), _base(cells)
    based = np.isfinite(base) & (base > 0)
    share = np.where(based, base, np.nan) / base[based].sum()
    expected = share * n[based].sum()
    none = expected.copy()
    none[~(expected > 0)] = np.nan
    low, high = poisson_interval(n, options.confidence)
    ratio, p = n / none, poisson_p(n, none)
    work = Working({"base": base, "expected": expected, "risk": ratio})
    work.columns |= {"low": low / none, "high": high / none, "p": p}
    work.columns |= {"p_bh": benjamini_hochberg(p), "p_bonferroni": bonferroni(p)}
    words = hot_and_cold(np.nan_to_num(ratio - 1.0), work.columns["p_bh"])
    words[~based] = CellClass.NO_BASE.value
    work.columns["class"] = refuse_few(words, n, options, int(n.sum()), work)
    work.columns["score"] = np.where(np.isfinite(ratio), ratio, -np.inf)
    work.report["interval"] = "garwood"
    _warn_unbased(work, n, based)
    return work


def unclassed(n: int) -> npt.NDArray[np.object_]:
    """Give every cell the word for "no class"."""
    return np.full(n, CellClass.NONE.value, dtype=object)


def _density(
    events: EventLayer,
    cells: CellLayer,
    options: HotspotOptions,
    told: tuple[float, Working],
) -> None:
    """Put the density at the cells' centres into the columns, and the choices into the report."""
    fallback_m, work = told
    bandwidth_m = options.bandwidth_m
    chosen = "stated"
    if bandwidth_m is None:
        bandwidth_m = fallback_m
        chosen = "cell_width" if fallback_m == cells.width_m else "default"
    elif bandwidth_m < cells.width_m:
        raise FrameError(
            "bandwidth_below_cell",
            bandwidth_m=round(bandwidth_m, 1),
            cell_m=round(cells.width_m, 1),
        )
    density = _at_centres(events, cells, bandwidth_m, options.kernel)
    work.columns["kde"] = density.per_m2
    work.columns["kde_events"] = density.per_m2 * cells.area_m2
    work.report |= {
        "kernel": options.kernel.value,
        "bandwidth_m": bandwidth_m,
        "bandwidth_choice": chosen,
        "density_way": density.way,
        "density_error_share": density.error_share,
        "density_at": "lattice_centre" if cells.lattice is not None else "centroid",
        "border": "clipped",
    }


def _at_centres(
    events: EventLayer, cells: CellLayer, bandwidth_m: float, kernel: Kernel
) -> Density:
    lattice = cells.lattice
    if lattice is None or lattice.shape != SQUARE:
        return density_at(events.xy, cells.centres, bandwidth_m, kernel)
    west, south = int(lattice.column.min()), int(lattice.row.min())
    columns, rows = int(lattice.column.max()) - west + 1, int(lattice.row.max()) - south + 1
    if columns * rows > _MOST_PIXELS:
        return density_at(events.xy, cells.centres, bandwidth_m, kernel)
    size = lattice.size_m
    raster = Raster(west * size, south * size, size, columns, rows)
    surface = density_on_raster(events.xy[:, 0], events.xy[:, 1], raster, bandwidth_m, kernel)
    values = surface.per_m2[lattice.row - south, lattice.column - west]
    return Density(values, surface.way, surface.error_share)


def _base(cells: CellLayer) -> FloatArray:
    if cells.base is None:
        raise FrameError("missing_columns", frame="cells", missing=["base"])
    if not (np.isfinite(cells.base) & (cells.base > 0)).any():
        raise FrameError("no_base_anywhere", cells=len(cells))
    return cells.base


def _warn_unbased(work: Working, n: FloatArray, based: npt.NDArray[np.bool_]) -> None:
    work.report["cells_without_base"] = int((~based).sum())
    work.report["events_without_base"] = int(n[~based].sum())
    if not based.all():
        work.warn("no_base", cells=int((~based).sum()), events=int(n[~based].sum()))
