"""Say how much of each old grid went into which new one: area, households, incidents by period.

Used by exports, commands and the planner's screen. Knows nothing of plans: two frames of grids, and
events. What publishing keeps in the store is made by `data.planning.shares`, on the same overlay
(`geo.overlay`), with the households of the plan's log.

Shares are of the old grid and have six digits; the shares of an old code add up to 1 exactly, the
last digits given by the largest remainder. Incidents are counted, not shared out: each lies in one
old and one new grid by the border rule, so the rows add up to the last of them.
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any, Final

import geopandas as gpd
import numpy as np
import numpy.typing as npt
import pandas as pd

from data.analysis.plan_figures import people_of
from data.analysis.plan_pieces import building_weights, share_out
from data.counting import EventFilter, place_on_grids
from data.repositories.events import EventArrays
from data.repositories.register_records import BuildingRecord
from geo.apportion import apportion_groups
from geo.overlay import NOWHERE, Pieces, pieces_of

IntArray = npt.NDArray[np.int64]
FloatArray = npt.NDArray[np.float64]

DIGITS: Final = 6
"""Of a share."""
NO_GRID: Final = ""
"""Code of land and incidents in no grid."""
_WHOLE: Final = 10**DIGITS


@dataclass(frozen=True)
class CrosswalkTotal:
    """Incidents of one period: rows of the crosswalk + unlocated = total."""

    total: int
    inside_old: int
    inside_new: int
    unlocated: int


@dataclass(frozen=True, eq=False)
class Crosswalk:
    """Old grids against new ones.

    Attributes
    ----------
    rows
        By `old_code`, `new_code` (`NO_GRID` for none): `relation` (`same`, `renumbered`, `cut`,
        `joined`: whole into a larger grid, `left_out`, `brought_in`, `points_only`), `area_m2`,
        `area_share`, `households` (Int64), `household_share`, `is_estimated`, `basis`
        (``counted``, ``buildings``, ``area``), and for each period `incidents_<name>` and
        `incident_share_<name>`. Shares are <NA> where the old code has nothing to share.
    totals
        Period → where its incidents are.
    """

    rows: pd.DataFrame
    totals: Mapping[str, CrosswalkTotal]


def crosswalk(
    old: gpd.GeoDataFrame,
    new: gpd.GeoDataFrame,
    events: EventArrays | None = None,
    periods: Mapping[str, EventFilter] | None = None,
    buildings: Sequence[BuildingRecord] = (),
    pieces: Pieces | None = None,
) -> Crosswalk:
    """Compare two divisions.

    Parameters
    ----------
    old, new
        `grid_code`, `households`, geometry in EPSG:4326; each a tiling.
    events
        Incidents, cut to the viewer's areas.
    periods
        Name → which of them; None: all, as ``all``.
    buildings
        Share out the households of cut grids; without them, and in grids without any, area does.
    pieces
        As `pieces_of` gives them for these grids, where they are there already.
    """
    pieces = pieces or pieces_of(old, new)
    weights = building_weights(pieces, old, new, buildings) if buildings else None
    asked = periods if periods is not None else {"all": EventFilter()}
    found, totals = _incidents(old, new, events, asked) if events is not None else ({}, {})
    pairs = _pairs(pieces, found)
    piece_at = _positions(pieces, pairs)
    table = _rows(old, new, pieces, (pairs, piece_at), weights)
    for name, counted in found.items():
        n = np.array([counted.get(pair, 0) for pair in pairs], dtype=np.int64)
        table[f"incidents_{name}"] = n
        share = _printed(pairs, n.astype(np.float64), len(old))
        table[f"incident_share_{name}"] = share
    return Crosswalk(pd.DataFrame(table), totals)


def _incidents(
    old: gpd.GeoDataFrame,
    new: gpd.GeoDataFrame,
    events: EventArrays,
    periods: Mapping[str, EventFilter],
) -> tuple[dict[str, dict[tuple[int, int], int]], dict[str, CrosswalkTotal]]:
    """Count the incidents of each pair of rows."""
    at_old, at_new = (
        np.maximum(place_on_grids(events, frame, "").position, NOWHERE) for frame in (old, new)
    )
    key = (at_old + 1) * (len(new) + 1) + at_new + 1
    found, totals = {}, {}
    for name, wanted in periods.items():
        rows = wanted.rows(events)
        kept = rows[events.is_located[rows]]
        keys, counts = np.unique(key[kept], return_counts=True)
        pairs = zip((keys // (len(new) + 1) - 1).tolist(), (keys % (len(new) + 1) - 1).tolist(),
                    strict=True)  # fmt: skip
        found[name] = dict(zip(pairs, counts.tolist(), strict=True))
        totals[name] = CrosswalkTotal(
            total=len(rows),
            inside_old=int(np.count_nonzero(at_old[kept] >= 0)),
            inside_new=int(np.count_nonzero(at_new[kept] >= 0)),
            unlocated=len(rows) - len(kept),
        )
    return found, totals


def _pairs(
    pieces: Pieces, found: Mapping[str, Mapping[tuple[int, int], int]]
) -> list[tuple[int, int]]:
    """Give every pair that shares land or incidents; what is in no old grid comes last."""
    every = set(zip(pieces.old.tolist(), pieces.new.tolist(), strict=True))
    every |= {pair for counted in found.values() for pair in counted}
    return sorted(every, key=lambda pair: (pair[0] < 0, pair[0], pair[1] < 0, pair[1]))


def _positions(pieces: Pieces, pairs: list[tuple[int, int]]) -> IntArray:
    """Give the piece of each pair; -1 for pairs that share incidents on a border only."""
    at = {pair: k for k, pair in enumerate(zip(pieces.old.tolist(), pieces.new.tolist(),
                                               strict=True))}  # fmt: skip
    return np.array([at.get(pair, -1) for pair in pairs], dtype=np.int64)


def _rows(
    old: gpd.GeoDataFrame,
    new: gpd.GeoDataFrame,
    pieces: Pieces,
    at: tuple[list[tuple[int, int]], IntArray],
    weights: FloatArray | None,
) -> dict[str, Any]:
    pairs, piece = at
    shared = share_out(pieces, people_of(old, "households"), weights)
    has_piece = piece >= 0
    area = np.where(has_piece, np.append(pieces.area_m2, 0.0)[piece], 0.0)
    n = np.where(has_piece, np.append(shared.n, 0)[piece], 0)
    known = np.array([row >= 0 for row, _ in pairs], dtype=bool)
    known &= np.isfinite(np.append(people_of(old, "households"), np.nan))[[row for row, _ in pairs]]
    estimated = has_piece & np.append(shared.is_estimated, False)[piece]
    built = has_piece & np.append(shared.by_buildings, False)[piece]
    codes = [
        np.append(frame["grid_code"].astype(str).to_numpy(dtype=object), NO_GRID)
        for frame in (old, new)
    ]
    household_share = _printed(pairs, n.astype(np.float64), len(old))
    return {
        "old_code": codes[0][[row for row, _ in pairs]],
        "new_code": codes[1][[row for _, row in pairs]],
        "relation": _relations(codes, pairs, pieces, piece),
        "area_m2": area,
        "area_share": _printed(pairs, area, len(old)),
        "households": pd.arrays.IntegerArray(n.astype(np.int64), ~known),
        "household_share": household_share,
        "is_estimated": estimated & known,
        "basis": np.where(estimated, np.where(built, "buildings", "area"), "counted"),
    }


def _printed(
    pairs: list[tuple[int, int]], parts: FloatArray, count: int
) -> pd.arrays.FloatingArray:
    """Give shares of each old row as whole millionths that add up to 1; <NA> without a sum."""
    rows = np.array([row for row, _ in pairs], dtype=np.int64)
    is_in = rows >= 0
    sums = np.bincount(rows[is_in], parts[is_in], minlength=count)
    totals = np.where(sums > 0, _WHOLE, 0)
    given = apportion_groups(totals, rows, parts) / _WHOLE
    unknown = ~is_in | ~(np.append(sums, 0.0)[rows] > 0)
    return pd.arrays.FloatingArray(np.where(unknown, 0.0, given), unknown)


def _relations(
    codes: Sequence[npt.NDArray[np.object_]],
    pairs: list[tuple[int, int]],
    pieces: Pieces,
    piece: IntArray,
) -> list[str]:
    """Say of each pair what became of the old grid."""
    of_old = np.bincount(pieces.old[pieces.old >= 0], minlength=len(codes[0]))
    of_new = np.bincount(pieces.new[pieces.new >= 0], minlength=len(codes[1]))
    found = []
    for (row, into), at in zip(pairs, piece.tolist(), strict=True):
        if at < 0:
            found.append("points_only")
        elif row < 0:
            found.append("brought_in")
        elif into < 0:
            found.append("left_out")
        elif of_old[row] > 1:
            found.append("cut")
        elif of_new[into] > 1:
            found.append("joined")
        else:
            found.append("same" if codes[0][row] == codes[1][into] else "renumbered")
    return found
