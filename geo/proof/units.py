"""Rank the same events on several systems of units and list the places that do not stay on top.

Used by the proof page (the modifiable areal unit problem: Openshaw 1984).
Knows nothing of what the units are called.
"""

from collections.abc import Mapping
from dataclasses import dataclass
from itertools import combinations, permutations
from typing import Final

import geopandas as gpd
import numpy as np
import numpy.typing as npt
import pandas as pd
import shapely

from geo.errors import FrameError
from geo.hotspots.find import answer
from geo.hotspots.layers import CellLayer, read_cells, read_events
from geo.hotspots.options import HotspotOptions, Method
from geo.hotspots.result import Report
from geo.proof.scoring import ranking

FloatArray = npt.NDArray[np.float64]
IntArray = npt.NDArray[np.int64]

_PER_GROUND: Final = {Method.COUNT, Method.COUNT_KERNEL, Method.CHANGE, Method.NEAR_REPEAT}
_HALF: Final = 0.5
_LEAST_SYSTEMS: Final = 2


@dataclass(frozen=True, slots=True)
class UnitComparison:
    """Which places stay on top when the units change.

    Attributes
    ----------
    frame
        One row for each top place and other system: `system`, `cell_id`, `rank` (1 is first), `n`,
        `score`, `other`, `share_on_top` (share of the place's ground that is on top in the other
        system as well), `flips` (less than half).
    report
        `area_pct`, `tops` (places on top by system), `flips` (by pair), `agreement` (common top
        ground over joint top ground, by pair), `per_ground`.
    """

    frame: pd.DataFrame
    report: Report


@dataclass(frozen=True, slots=True)
class _Top:
    """The places on top of one system."""

    layer: CellLayer
    rows: IntArray
    n: IntArray
    score: FloatArray
    ground: shapely.Geometry


def compare_units(
    events: gpd.GeoDataFrame,
    systems: Mapping[str, gpd.GeoDataFrame],
    method: Method | str = Method.COUNT,
    options: HotspotOptions | None = None,
    *,
    area_pct: float = 10.0,
) -> UnitComparison:
    """Rank cells in each system and compare the ground on top.

    Parameters
    ----------
    events
        As `find_hotspots`.
    systems
        Cells by name of the system, such as grids, communities, hexagons; at least two, same CRS.
    method, options
        As `find_hotspots`. Scores that grow with a cell's ground (counts, differences) are divided
        by it before ranking, as units differ in size.
    area_pct
        Top places are those taken in order while they fit this share of the system's ground; the
        first always is one. Ties by `cell_id`.

    Raises
    ------
    FrameError, CrsError
        As `find_hotspots`; ``too_few_systems`` (field `systems`); ``bad_areas``.
    """
    if len(systems) < _LEAST_SYSTEMS:
        raise FrameError("too_few_systems", systems=list(systems), least=_LEAST_SYSTEMS)
    if not 0 < area_pct <= 100:  # noqa: PLR2004 - per cent
        raise FrameError("bad_areas", areas=[area_pct])
    asked, kind = options or HotspotOptions(), Method(method)
    tops = {
        name: _top(events, read_cells(cells), (kind, asked), area_pct)
        for name, cells in systems.items()
    }
    tables = [
        _table(name, other, tops[name], tops[other].ground) for name, other in permutations(tops, 2)
    ]
    frame = pd.concat(tables, ignore_index=True)
    flips = {
        f"{table['system'].iloc[0]}>{table['other'].iloc[0]}": int(table["flips"].sum())
        for table in tables
    }
    report: Report = {
        "method": kind.value,
        "area_pct": area_pct,
        "per_ground": kind in _PER_GROUND,
        "tops": {name: len(top.rows) for name, top in tops.items()},
        "flips": flips,
        "agreement": _agreement(tops),
    }
    return UnitComparison(frame, report)


def _top(
    events: gpd.GeoDataFrame,
    layer: CellLayer,
    question: tuple[Method, HotspotOptions],
    area_pct: float,
) -> _Top:
    found = answer(read_events(events, layer), layer, *question).frame
    score = found["score"].to_numpy(dtype=np.float64)
    if question[0] in _PER_GROUND:
        score = score / layer.area_m2
    order = ranking(score, layer.rank)
    ground = np.cumsum(layer.area_m2[order])
    fitting = int(np.searchsorted(ground, ground[-1] * area_pct / 100.0 * (1 + 1e-12), "right"))
    rows = order[: max(1, fitting)]
    n = found["n"].to_numpy(dtype=np.int64)
    return _Top(layer, rows, n[rows], score[rows], shapely.union_all(layer.shapes[rows]))


def _table(name: str, other: str, top: _Top, ground: shapely.Geometry) -> pd.DataFrame:
    shapes = top.layer.shapes[top.rows]
    common = shapely.area(shapely.intersection(shapes, ground))
    share = np.clip(common / top.layer.area_m2[top.rows], 0.0, 1.0)
    return pd.DataFrame(
        {
            "system": name,
            "cell_id": top.layer.frame["cell_id"].to_numpy()[top.rows],
            "rank": np.arange(1, len(top.rows) + 1),
            "n": top.n,
            "score": top.score,
            "other": other,
            "share_on_top": share,
            "flips": share < _HALF,
        }
    )


def _agreement(tops: Mapping[str, _Top]) -> dict[str, float]:
    result = {}
    for name, other in combinations(tops, 2):
        a, b = tops[name].ground, tops[other].ground
        joint = shapely.area(shapely.union(a, b))
        common = shapely.area(shapely.intersection(a, b))
        result[f"{name}+{other}"] = float(common / joint)
    return result
